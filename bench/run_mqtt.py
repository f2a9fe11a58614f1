#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Measures the edge beside Mosquitto with the same load: script/bench mqtt.

  run_mqtt.py [--rounds N] [--seconds N] [--servers a,b] [--bytes 100,1024] [--connections 100,10] [--json FILE]

Both servers run with mutual TLS 1.3, one certificate per connection, on this machine.  The edge decides
every publish by policy, seals it and syncs it before the acknowledgement; Mosquitto has an ACL and keeps
nothing.  Rounds alternate between the servers; medians are printed.  One server runs at a time.
"""
import argparse
import json
import os
import pathlib
import platform
import statistics
import subprocess
import sys
import time

sys.dont_write_bytecode = True
ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests/interop"))

import servers

BUILD = ROOT / "build/release/bench"
STATION = "load-{}"
IN_FLIGHT = 100
SETTLED_SECONDS, SETTLE_SECONDS_MAX = 1, 120


def numbers(text):
    return [int(part) for part in text.split(",")]


def measure(name, connections, payload, args):
    """One round on a fresh server: what the generator and the server's own clock say."""
    stations = [STATION.format(i + 1) for i in range(connections)]
    with servers.scratch("sealane-bench-") as folder, servers.SERVERS[name](folder / name, stations) as server:
        command = [BUILD / "mqtt_load", "--port", server.port, "--ca", server.ca, "--cert", server.cert, "--key", server.key,
                   "--name", STATION, "--connections", connections, "--in-flight", IN_FLIGHT, "--bytes", payload,
                   "--seconds", args.seconds, "--warmup", args.warmup, "--threads", args.threads]
        before = server.cpu_seconds()
        done = subprocess.run([str(c) for c in command], capture_output=True, text=True,
                              timeout=60 + 4 * (args.seconds + args.warmup))
        started_at_end = time.monotonic()
        cpu = settled(server) - before
        settling = time.monotonic() - started_at_end - SETTLED_SECONDS
        if done.returncode != 0:
            sys.exit(f"error: {name}, {connections} connections, {payload} B: {done.stderr.strip()}\n"
                     f"{server.log.read_text()[-800:]}")
    result = json.loads(done.stdout)
    result["settle_seconds"] = settling
    # The server worked for all that was sent, also outside the window that was counted.
    result["cpu_seconds_per_million"] = cpu / result["messages_total"] * 1e6
    return result


def settled(server):
    """The server's CPU time once it has nothing more to do: the edge delivers after it has acknowledged."""
    before, end = server.cpu_seconds(), time.monotonic() + SETTLE_SECONDS_MAX
    while time.monotonic() < end:
        time.sleep(SETTLED_SECONDS)
        now = server.cpu_seconds()
        if now - before < 0.1 * SETTLED_SECONDS:
            return now
        before = now
    return before


def disk_rate(folder):
    return json.loads(subprocess.run([BUILD / "disk_rate", folder], capture_output=True, text=True, check=True).stdout)


def median(rounds, *path):
    def value(result):
        for key in path:
            result = result[key]
        return result
    return statistics.median(value(r) for r in rounds)


def conditions():
    model = [line.partition(":")[2].strip() for line in open("/proc/cpuinfo", encoding="utf-8") if line.startswith("model name")]
    mosquitto = subprocess.run(["mosquitto", "-h"], capture_output=True, text=True).stdout.splitlines()[0]
    openssl = subprocess.run(["openssl", "version"], capture_output=True, text=True).stdout.strip()
    commit = subprocess.run(["git", "-C", ROOT, "rev-parse", "--short", "HEAD"], capture_output=True, text=True).stdout.strip()
    return {"cpu": f"{len(model)} x {model[0] if model else platform.machine()}", "kernel": platform.release(),
            "mosquitto": mosquitto.removeprefix("mosquitto version "), "openssl": openssl.split("(")[0].strip(), "commit": commit, "load_average": os.getloadavg()[0]}


def row(name, rounds):
    return (f"| {name} | {median(rounds, 'messages_per_second'):,.0f} | {median(rounds, 'cpu_seconds_per_million'):.2f} "
            f"| {median(rounds, 'ack_us', 'p50') / 1000:.1f} | {median(rounds, 'ack_us', 'p99') / 1000:.1f} "
            f"| {median(rounds, 'ack_us', 'p99.9') / 1000:.1f} | {median(rounds, 'settle_seconds'):.0f} |")


def print_case(case, by_server):
    connections, payload = case
    print(f"\n### {connections} connections × {IN_FLIGHT} in flight, {payload} B\n")
    print("| server | messages/s | CPU-seconds per million | ack p50 ms | p99 ms | p99.9 ms | still busy s |\n|---|---|---|---|---|---|---|")
    for name, rounds in by_server.items():
        print(row(name, rounds))
    if {"edge", "mosquitto"} <= by_server.keys():
        rate = [median(by_server[n], "messages_per_second") for n in ("edge", "mosquitto")]
        cpu = [median(by_server[n], "cpu_seconds_per_million") for n in ("edge", "mosquitto")]
        print(f"| edge / mosquitto | {rate[0] / rate[1]:.2f}× | {cpu[0] / cpu[1]:.2f}× | | | | |")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=4)
    parser.add_argument("--warmup", type=int, default=1)
    parser.add_argument("--threads", type=int, default=1, help="of the load generator")
    parser.add_argument("--servers", default="mosquitto,edge")
    parser.add_argument("--bytes", type=numbers, default=[100, 1024])
    parser.add_argument("--connections", type=numbers, default=[100, 10])
    parser.add_argument("--json", help="write every round to this file")
    args = parser.parse_args()
    names = args.servers.split(",")
    if "edge" in names and not servers.edge_available():
        sys.exit(f"error: {servers.SEALANE} has no command `run`\nhint: script/build, or --servers mosquitto")

    before, rounds = conditions(), {}
    with servers.scratch("sealane-bench-") as folder:
        disk = disk_rate(folder)
    for connections in args.connections:
        for payload in args.bytes:
            by_server = rounds[connections, payload] = {name: [] for name in names}
            for turn in range(args.rounds):
                for name in names:
                    by_server[name].append(measure(name, connections, payload, args))
                    print(f"{connections} x {IN_FLIGHT}, {payload} B, round {turn + 1}, {name}: "
                          f"{by_server[name][-1]['messages_per_second']:,} messages/s", file=sys.stderr, flush=True)
            print_case((connections, payload), by_server)
    print(f"\ndisk: {disk['mib_per_second']:.0f} MiB/s in 1 MiB appends with fdatasync each, {disk['mib_per_second_8mib']:.0f} MiB/s in 8 MiB appends, "
          f"{disk['syncs_per_second_4kib']:.0f} syncs/s of 4 KiB")
    print("; ".join(f"{k} {v}" for k, v in before.items()) + f" before, {os.getloadavg()[0]:.2f} after; medians of {args.rounds}")
    if args.json:
        pathlib.Path(args.json).write_text(json.dumps(
            {"conditions": before, "disk": disk, "rounds": [{"connections": c, "bytes": b, **r} for (c, b), r in rounds.items()]},
            indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
