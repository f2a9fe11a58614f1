# SPDX-License-Identifier: Apache-2.0
"""A running gateway takes over what becomes of a key, without a restart.

Claims: when the journal's key is disabled, publishes are refused soon after and the log names the key; whoever
connects then is not acknowledged; after `enable` publishes are acknowledged again; a rotation is no interruption and
bundles go to the lake; a key that is disabled keeps a gateway from starting.
"""

import time

from harness import WAIT_S, Pipeline, claim, main
from mqtt_client import Device, Refused, context_of

THING = "station"
TOPIC = f"devices/{THING}/data"


def publish_once(context, port):
    """Whether it is acknowledged."""
    try:
        device = Device(context, port, THING)
    except Refused:
        return False
    try:
        device.publish(TOPIC)
        return True
    except Refused:
        return False
    finally:
        device.close()


def publish_until(context, port, acknowledged):
    end = time.monotonic() + WAIT_S
    while publish_once(context, port) != acknowledged:
        claim(time.monotonic() < end, f"publishes are {'not ' if acknowledged else ''}acknowledged for {WAIT_S} s")


def state_of(pipeline, name):
    (key,) = [key for key in pipeline.run_json("key", "list", "--pipeline", pipeline.file)["keys"] if key["name"] == name]
    return key


def test(sealane, _):
    pipeline = Pipeline(sealane)
    at = ["--pipeline", pipeline.file]
    try:
        pipeline.add_things([THING])
        lake = pipeline.lake()
        edge = pipeline.edge(lake.port())
        port = edge.port()
        context = context_of(pipeline.state, THING)
        claim(publish_once(context, port), "the first publish is not acknowledged")

        pipeline.run("key", "disable", *at, "journal")
        publish_until(context, port, False)
        event = edge.wait_for("journal-refuses")
        claim("`journal` is disabled" in event["detail"], f"{event}")
        claim(not publish_once(context, port), "acknowledged under a disabled key")
        claim(state_of(pipeline, "journal")["state"] == "disabled", f"{state_of(pipeline, 'journal')}")

        pipeline.run("key", "enable", *at, "journal")
        publish_until(context, port, True)

        pipeline.run("key", "rotate", *at, "training")
        claim([e["state"] for e in state_of(pipeline, "training")["epochs"]] == ["read-only", "active"], "not rotated")
        claim(publish_once(context, port), "not acknowledged after a rotation")
        edge.wait_for("bundle-stored")

        claim(edge.stop() == 0, f"the edge ended with {edge.process.returncode}")
        pipeline.run("key", "disable", *at, "journal")
        refused = pipeline.run("run", pipeline.file, "--node", "edge", "--listen", "mqtt=0", code=1)
        claim(refused == "", refused)
    finally:
        pipeline.close()


if __name__ == "__main__":
    main(test)
