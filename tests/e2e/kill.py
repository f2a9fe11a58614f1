# SPDX-License-Identifier: Apache-2.0
"""kill -9 at ten random moments loses nothing that was acknowledged, and doubles nothing in the lake.

Claims: every id that the load client saw acknowledged is in the lake; the lake's sequence numbers are
1, 2, 3, ... without a gap or a repetition; per device the first copies of its ids are in the order in
which it sent them.
"""

import base64
import json
import os
import random
import subprocess
import sys
import time

from harness import WAIT_S, Pipeline, claim, main

KILLS = 10
CONNECTIONS = 4
# Few in flight, so that the pace is the disk's and the load outlives the kills.
PUBLISHES = 40000


def check_lake(pipeline, lake_port, acknowledged):
    out = os.path.join(pipeline.folder, "records.ndjson")
    pipeline.run("dataset", "read", "--pipeline", pipeline.file, "--as", "trainer", "--peer", f"lake=127.0.0.1:{lake_port}", "--out", out)
    seen = set()
    order = {}
    expected = 1
    with open(out, encoding="utf-8") as records:
        for line in records:
            record = json.loads(line)
            claim(record["sequence"] == expected, f"sequence {record['sequence']} where {expected} was expected")
            expected += 1
            mark = base64.b64decode(record["payload_base64"]).split(b" ")[0].decode()
            if mark not in seen:
                seen.add(mark)
                order.setdefault(record["thing"], []).append(int(mark.rsplit(".", 1)[1]))
    missing = [mark for mark in acknowledged if mark not in seen]
    claim(not missing, f"{len(missing)} acknowledged ids are not in the lake, the first is {missing[:1]}")
    for thing, numbers in order.items():
        claim(numbers == sorted(numbers), f"the records of {thing} are not in the order sent")
    return expected - 1


def test(sealane, tools):
    seed = random.SystemRandom().randrange(2**32)
    print(f"seed {seed}")
    moments = random.Random(seed)
    pipeline = Pipeline(sealane)
    try:
        names = [f"load-{i + 1}" for i in range(CONNECTIONS)]
        pipeline.add_things(names)
        lake = pipeline.lake()
        lake_port = lake.port()
        edge = pipeline.edge(lake_port)
        port = edge.port()
        marks = os.path.join(pipeline.folder, "acknowledged")
        load = subprocess.Popen(
            [os.path.join(tools, "mqtt_load"), "--port", str(port), "--ca", f"{pipeline.state}/trust/ca.pem",
             "--cert", pipeline.state + "/devices/{name}/cert.pem", "--key", pipeline.state + "/devices/{name}/key.pem",
             "--connections", str(CONNECTIONS), "--in-flight", "4", "--topic", "devices/{name}/data", "--bytes", "100", "--count", str(PUBLISHES),
             "--mark-ids", marks, "--reconnect", "--give-up", str(int(WAIT_S))],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        kills = 0
        try:
            while kills < KILLS:
                time.sleep(moments.uniform(0.02, 0.4))
                claim(load.poll() is None, f"the load was over before kill {kills + 1}: nothing was in flight")
                edge.kill()
                kills += 1
                edge = pipeline.edge(lake_port, port)
                edge.wait_for("listening")
            output, errors = load.communicate(timeout=4 * WAIT_S)
        finally:
            if load.poll() is None:
                load.kill()
                load.wait()
        claim(load.returncode == 0, f"the load client ended with {load.returncode}:\n{output}{errors}")
        with open(marks, encoding="utf-8") as lines:
            acknowledged = lines.read().split()
        claim(len(acknowledged) == len(set(acknowledged)) >= PUBLISHES, f"only {len(acknowledged)} ids were acknowledged")
        # A start says how far the journal goes; the lake must come as far.
        claim(edge.stop() == 0, "the edge did not end well")
        edge = pipeline.edge(lake_port, port)
        last = edge.wait_for("journal-recovered")["last"]
        edge.wait_for("bundle-stored", lambda bundle: bundle["last"] == last)
        claim(edge.stop() == 0, "the edge did not end well")
        records = check_lake(pipeline, lake_port, acknowledged)
        claim(lake.stop() == 0, "the lake did not end well")
        print(f"{kills} kills, {len(acknowledged)} ids acknowledged, {records} records in the lake")
    finally:
        pipeline.close()


if __name__ == "__main__":
    sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
    main(test)
