#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Measures how soon a revoked device is gone, under load: script/bench revoke.

  run_revoke.py [--connections N] [--revocations N] [--seconds N] [--in-flight N] [--threads N] [--build DIR] [--json FILE]

One edge and one lake on this machine, with one connection for each device, all of them publishing QoS 1.  The load runs twice for as
long: alone, and while further devices, each connected and publishing, are revoked one after the other.  Medians are printed: from the
start of `sealane device revoke` to its return, and to the end of the device's connection as the device sees it; and what the others'
acknowledgements took in both runs.
"""
import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys
import threading
import time

sys.dont_write_bytecode = True
ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests/e2e"))
sys.path.insert(0, str(ROOT / "bench"))

from harness import Pipeline
from mqtt_client import Device, Refused, context_of
from run_mqtt import conditions

PAUSE_S = 0.01


class Victim(threading.Thread):
    """Publishes until its connection ends, and notes when that was."""

    def __init__(self, state, port, name):
        super().__init__(daemon=True)
        self.name_of_thing = name
        self.device = Device(context_of(state, name), port, name)
        self.ended_at = None

    def run(self):
        try:
            while True:
                self.device.publish(f"devices/{self.name_of_thing}/data")
                time.sleep(PAUSE_S)
        except Refused:
            self.ended_at = time.monotonic()


def load(args, pipeline, port):
    command = [args.build / "bench/mqtt_load", "--port", port, "--ca", f"{pipeline.state}/trust/ca.pem",
               "--cert", pipeline.state + "/devices/{name}/cert.pem", "--key", pipeline.state + "/devices/{name}/key.pem",
               "--topic", "devices/{name}/data", "--connections", args.connections, "--in-flight", args.in_flight, "--bytes", 100,
               "--seconds", args.seconds, "--warmup", 2, "--threads", args.threads]
    return subprocess.Popen([str(word) for word in command], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def finish(process):
    output, errors = process.communicate()
    if process.returncode != 0:
        sys.exit(f"error: a connection that was not revoked failed: {errors.strip()}")
    return json.loads(output)


def wait_for_connections(edge, count):
    while len(edge.events("connection-open")) < count:
        if edge.process.poll() is not None:
            sys.exit(f"error: the edge ended:\n{edge.text()}")
        time.sleep(0.2)


def revoke(pipeline, victim):
    victim.start()
    while victim.device.acknowledged < 5:
        time.sleep(PAUSE_S)
    start = time.monotonic()
    answer = pipeline.run_json("device", "revoke", "--pipeline", pipeline.file, victim.name_of_thing)
    returned = time.monotonic()
    victim.join(60)
    if victim.ended_at is None or len(answer["confirmed"]) != 1:
        sys.exit(f"error: {victim.name_of_thing} was not revoked: {answer}")
    return {"returned_ms": (returned - start) * 1e3, "closed_ms": (victim.ended_at - start) * 1e3,
            "confirmed_ms": answer["confirmed"][0]["milliseconds"]}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--connections", type=int, default=1000)
    parser.add_argument("--revocations", type=int, default=15)
    parser.add_argument("--seconds", type=int, default=15)
    parser.add_argument("--in-flight", type=int, default=1)
    parser.add_argument("--threads", type=int, default=1, help="of the load generator")
    parser.add_argument("--build", type=pathlib.Path, default=ROOT / "build/release", help="folder with the programs")
    parser.add_argument("--json", help="write what was measured to this file")
    args = parser.parse_args()

    before = conditions()
    pipeline = Pipeline(args.build / "sealane")
    try:
        victims = [f"victim-{i + 1}" for i in range(args.revocations)]
        pipeline.add_things([f"load-{i + 1}" for i in range(args.connections)] + victims)
        lake = pipeline.lake()
        edge = pipeline.edge(lake.port())
        port = edge.port()
        alone = finish(load(args, pipeline, port))
        opened = len(edge.events("connection-open"))
        running = load(args, pipeline, port)
        wait_for_connections(edge, opened + args.connections)
        time.sleep(2)
        began = time.monotonic()
        rounds = [revoke(pipeline, Victim(pipeline.state, port, name)) for name in victims]
        took = time.monotonic() - began
        disturbed = finish(running)
        if took > args.seconds:
            print(f"warning: the revocations took {took:.0f} s, longer than the load", file=sys.stderr)
    finally:
        pipeline.close()

    print(f"{args.connections} connections, {args.in_flight} in flight each, 100 B; {args.revocations} revocations in {took:.1f} s\n")
    print("| from the start of `device revoke` to | median ms | most ms |\n|---|---|---|")
    for key, text in (("closed_ms", "the end of the device's connection"), ("returned_ms", "the command's return"),
                      ("confirmed_ms", "the edge's answer, within it")):
        values = [one[key] for one in rounds]
        print(f"| {text} | {statistics.median(values):.0f} | {max(values):.0f} |")
    print("\n| the others | messages/s | ack p50 ms | p99 ms | p99.9 ms |\n|---|---|---|---|---|")
    for name, result in (("no revocation", alone), ("while devices are revoked", disturbed)):
        ack = result["ack_us"]
        print(f"| {name} | {result['messages_per_second']:,.0f} | {ack['p50'] / 1e3:.0f} | {ack['p99'] / 1e3:.0f} | {ack['p99.9'] / 1e3:.0f} |")
    print("\n" + "; ".join(f"{k} {v}" for k, v in before.items()) + f" before, {os.getloadavg()[0]:.2f} after")
    if args.json:
        pathlib.Path(args.json).write_text(json.dumps({"conditions": before, "rounds": rounds, "alone": alone, "disturbed": disturbed}, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
