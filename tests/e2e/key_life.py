# SPDX-License-Identifier: Apache-2.0
"""A running gateway takes over what becomes of a key, without a restart.

Claims: when the journal's key is disabled, publishes are refused soon after and the log names the key; whoever
connects then is not acknowledged; after `enable` publishes are acknowledged again; a rotation is no interruption and
bundles go to the lake; a data set key that waits for its destruction seals nothing, the log says until when, and it can
be called back; when its time is over the running gateway wipes it and says so, while records are still taken; a key
that is disabled keeps a gateway from starting.
"""

import sqlite3
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


def wrapped_bytes(pipeline, name):
    """How many bytes of wrapped keys the gateway's keyring holds; the file is only read."""
    with sqlite3.connect(f"file:{pipeline.state}/nodes/edge/keyring.db?mode=ro", uri=True, timeout=WAIT_S) as database:
        ((count,),) = database.execute("SELECT sum(length(wrapped)) FROM epochs WHERE name = ?", (name,))
    return count


def delivered_after(edge, count):
    edge.wait_for("bundle-stored", lambda _: len(edge.events("bundle-stored")) > count)


def delivery_says(edge, text):
    edge.wait_for("delivery-failed", lambda event: text in str(event))


def destroy_under_a_running_edge(pipeline, edge, context, port):
    """In its waiting time the data set's key neither seals nor opens and can be called back; then it is gone."""
    at = ["--pipeline", pipeline.file]
    before = len(edge.events("bundle-stored"))
    pipeline.run("key", "destroy", *at, "training")
    claim(publish_once(context, port), "records are not taken while their bundle waits")
    delivery_says(edge, "`training` is going to be destroyed at")
    claim(len(edge.events("bundle-stored")) == before, "a bundle was sealed with a key that waits for destruction")
    pipeline.run("key", "cancel-destroy", *at, "training")
    delivery_says(edge, "`training` is disabled")
    pipeline.run("key", "enable", *at, "training")
    delivered_after(edge, before)

    before = len(edge.events("bundle-stored"))
    claim(wrapped_bytes(pipeline, "training") > 0, "there is no wrapped key to destroy")
    pipeline.run("key", "destroy", *at, "training", "--wait", "1s", "--confirm", "training")
    claim(publish_once(context, port), "records are not taken while their bundle waits")
    # The edge itself wipes it: nobody else has the keyring open.
    delivery_says(edge, "`training` was destroyed")
    claim(wrapped_bytes(pipeline, "training") == 0, "a wrapped key is left")
    claim(len(edge.events("bundle-stored")) == before, "a bundle was sealed with a destroyed key")
    claim(publish_once(context, port), "the journal stops with the data set")
    claim(state_of(pipeline, "training")["state"] == "destroyed", f"{state_of(pipeline, 'training')}")
    pipeline.run("key", "enable", *at, "training", code=2)


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

        destroy_under_a_running_edge(pipeline, edge, context, port)

        claim(edge.stop() == 0, f"the edge ended with {edge.process.returncode}")
        pipeline.run("key", "disable", *at, "journal")
        refused = pipeline.run("run", pipeline.file, "--node", "edge", "--listen", "mqtt=0", code=1)
        claim(refused == "", refused)
    finally:
        pipeline.close()


if __name__ == "__main__":
    main(test)
