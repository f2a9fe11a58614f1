#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Sealing and opening beside `openssl speed` and the official AWS Encryption SDKs (script/bench seal).

  run_seal.py [--folder FOLDER] [--out FILE]

Prints the table of bench/README.md, and its conditions: rates by CPU-second, which is the rate of one core that does
nothing else, with the spread of the rounds; how much of the library's own rate that is, in cache and over the same
bytes from the same source; what two threads make of it by the clock; and whether the goals are met.  FOLDER needs
3 GiB.
"""
import argparse
import datetime
import json
import os
import pathlib
import platform
import re
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.dont_write_bytecode = True
sys.path.insert(0, str(ROOT / "tests/interop"))
import clients  # noqa: E402
import run  # noqa: E402

LIBRARY = "the library in cache, bytes"
# What the library alone does with the same bytes.
SAME_SOURCE = {
    "seal 64 MiB of memory 16 times, bytes": "the library over memory, bytes",
    "seal 64 MiB of memory 16 times on two threads, bytes": "the library over memory, bytes",
    "seal 1 GiB, bytes": "the library over a mapped file, bytes",
    "seal 1 GiB on two threads, bytes": "the library over a mapped file, bytes",
    "open 1 GiB, bytes": "the library over a mapped file, bytes",
    "open 1 GiB on two threads, bytes": "the library over a mapped file, bytes",
    "seal 1 GiB file to file, bytes": "the library, file to file, bytes",
    "seal 1 GiB file to file on two threads, bytes": "the library, file to file, bytes",
}
ONE_THREAD = {what: what.replace(" on two threads", "") for what in SAME_SOURCE if " on two threads" in what}
GOALS = {
    "seal 1 KiB with a cached data key, messages": 150e3,
    "seal records of 100 B in blocks of 512, records": 2e6,
    "random 4 KiB reads, 64 KiB frames, mapped, reads": 50e3,
}
OF_THE_LIBRARY = 0.85


class Rates:
    """Of each measurement its rounds, by CPU-second and by the clock."""

    def __init__(self, command, environment=None):
        done = subprocess.run(list(map(str, command)), stdout=subprocess.PIPE, text=True, check=True,
                              env={**os.environ, **(environment or {})})
        self.cpu, self.wall = {}, {}
        for line in done.stdout.splitlines():
            each = json.loads(line)
            self.cpu.setdefault(each["what"], []).append(each["per_cpu_second"])
            self.wall.setdefault(each["what"], []).append(each["per_wall_second"])

    def median(self, what):
        return statistics.median(self.cpu[what]) if what in self.cpu else None

    def median_wall(self, what):
        return statistics.median(self.wall[what])


def openssl_rate(size):
    """Bytes per CPU-second of AES-256-GCM by the library that Sealane links, `size` bytes in place."""
    said = subprocess.run(["openssl", "speed", "-evp", "aes-256-gcm", "-bytes", str(size), "-seconds", "2"],
                          capture_output=True, text=True, check=True).stdout
    return float(re.search(r"^AES-256-GCM\s+([0-9.]+)k", said, re.M).group(1)) * 1000


def shown(rate, what):
    if rate is None:
        return "–"
    return f"{rate / 1e9:.2f} GB/s" if what.endswith("bytes") else f"{rate:,.0f}"


def spread(rates, what):
    least, most = shown(min(rates), what), shown(max(rates), what)
    return f"{least.removesuffix(' GB/s')} to {most.removesuffix(' GB/s')}"


def processor():
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        return re.search(r"model name\s*: (.*)", file.read()).group(1)


def text_of(command):
    return subprocess.run(list(map(str, command)), capture_output=True, text=True, check=False).stdout.strip()


def versions():
    python = text_of([clients.PYTHON, "-c", "import importlib.metadata as m; print(m.version('aws-encryption-sdk'))"])
    package = clients.NODE_MODULES / "@aws-crypto/client-node/package.json"
    with open(package, encoding="utf-8") as file:
        return python, json.load(file)["version"]


def table(ours, python, javascript):
    lines = ["| per CPU-second | Sealane, median | least to most | of the library in cache | of it over the same bytes "
             "| by the clock, against one thread | SDK for Python | SDK for JavaScript |", "|---|--:|--:|--:|--:|--:|--:|--:|"]
    for what, rates in ours.cpu.items():
        rate = statistics.median(rates)
        of_cache = f"{rate / ours.median(LIBRARY):.0%}" if what.endswith("bytes") else ""
        of_same = f"{rate / ours.median(SAME_SOURCE[what]):.0%}" if what in SAME_SOURCE else ""
        scale = f"× {ours.median_wall(what) / ours.median_wall(ONE_THREAD[what]):.2f}" if what in ONE_THREAD else ""
        lines.append(f"| {what.removesuffix(', bytes')} | {shown(rate, what)} | {spread(rates, what)} | {of_cache} | {of_same} | {scale} "
                     f"| {shown(python.median(what), what)} | {shown(javascript.median(what), what)} |")
    return lines


def goals(ours):
    out = []
    for what, goal in GOALS.items():
        rate = ours.median(what)
        out.append(f"- {what}: {rate:,.0f}, goal {goal:,.0f}: {'met' if rate >= goal else 'NOT met'}")
    for what in ("seal 1 GiB, bytes", "open 1 GiB, bytes"):
        for base in (LIBRARY, SAME_SOURCE[what]):
            part = ours.median(what) / ours.median(base)
            out.append(f"- {what.removesuffix(', bytes')}, of {base.removesuffix(', bytes')}: {part:.0%}, goal {OF_THE_LIBRARY:.0%}: "
                       f"{'met' if part >= OF_THE_LIBRARY else 'NOT met'}")
    return out


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--folder", help="where the 1 GiB files go; default a temporary folder")
    parser.add_argument("--out", help="a file for what is printed, besides")
    arguments = parser.parse_args()
    run.install_tools()
    begun, load = time.monotonic(), os.getloadavg()[0]
    with tempfile.TemporaryDirectory(dir=arguments.folder) as folder:
        cached = [openssl_rate(64 << 10)]
        far = openssl_rate(64 << 20)
        ours = Rates([ROOT / "build/release/bench/seal_rate", folder])
        cached.append(openssl_rate(64 << 10))
    python = Rates([clients.PYTHON, ROOT / "bench/seal_sdk.py"])
    javascript = Rates(["node", ROOT / "bench/seal_sdk.js"], {"NODE_PATH": str(clients.NODE_MODULES)})
    sdk_python, sdk_javascript = versions()
    lines = [
        f"{datetime.date.today()}, {os.cpu_count()} × {processor()}, Linux {platform.release()}, {text_of(['openssl', 'version'])}; "
        f"SDK for Python {sdk_python}, for JavaScript {sdk_javascript}; load {load:.1f} before, {os.getloadavg()[0]:.1f} after; "
        f"{time.monotonic() - begun:.0f} s.",
        f"`openssl speed` in the same run: {statistics.mean(cached) / 1e9:.2f} GB/s over 64 KiB in cache, {far / 1e9:.2f} GB/s over 64 MiB.",
        "", *table(ours, python, javascript), "", *goals(ours)]
    text = "\n".join(lines)
    print(text)
    if arguments.out:
        pathlib.Path(arguments.out).write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
