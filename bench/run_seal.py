#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Sealing and opening beside `openssl speed` and the official AWS Encryption SDKs (script/bench seal).

  run_seal.py [--folder FOLDER]

Prints the table of bench/README.md: rates by CPU-second, which is the rate of one core that does
nothing else; medians of what each program says several times.  FOLDER needs 3 GiB.
"""
import argparse
import json
import os
import pathlib
import re
import statistics
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.dont_write_bytecode = True
sys.path.insert(0, str(ROOT / "tests/interop"))
import clients  # noqa: E402
import run  # noqa: E402


CACHED, UNCACHED = 64 << 10, 64 << 20


def measurements(command, environment=None):
    done = subprocess.run(list(map(str, command)), stdout=subprocess.PIPE, text=True, check=True,
                          env={**os.environ, **(environment or {})})
    out = {}
    for line in done.stdout.splitlines():
        each = json.loads(line)
        out.setdefault(each["what"], []).append(each["per_cpu_second"])
    return {what: statistics.median(rates) for what, rates in out.items()}


def openssl_rate(size):
    """Bytes per CPU-second of AES-256-GCM by the library that Sealane links, `size` bytes in place."""
    said = subprocess.run(["openssl", "speed", "-evp", "aes-256-gcm", "-bytes", str(size), "-seconds", "2"],
                          capture_output=True, text=True, check=True).stdout
    return float(re.search(r"^AES-256-GCM\s+([0-9.]+)k", said, re.M).group(1)) * 1000


def shown(rate, what):
    if rate is None:
        return "–"
    return f"{rate / 1e9:.2f} GB/s" if what.endswith("bytes") else f"{rate:,.0f}"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--folder", help="where the 1 GiB files go; default a temporary folder")
    arguments = parser.parse_args()
    run.install_tools()
    before, far_before = openssl_rate(CACHED), openssl_rate(UNCACHED)
    with tempfile.TemporaryDirectory(dir=arguments.folder) as folder:
        ours = measurements([ROOT / "build/release/bench/seal_rate", folder])
    library = statistics.mean([before, openssl_rate(CACHED)])
    far = statistics.mean([far_before, openssl_rate(UNCACHED)])
    python = measurements([clients.PYTHON, ROOT / "bench/seal_sdk.py"])
    javascript = measurements(["node", ROOT / "bench/seal_sdk.js"], {"NODE_PATH": str(clients.TOOLS / "node/node_modules")})
    print(f"openssl speed, aes-256-gcm: {library / 1e9:.2f} GB/s in cache (64 KiB), {far / 1e9:.2f} GB/s out of it (64 MiB); "
          f"load {os.getloadavg()[0]:.1f}\n")
    print("| per CPU-second | Sealane | of the library in, out of cache | SDK for Python | SDK for JavaScript |\n|---|---|---|---|---|")
    for what, rate in ours.items():
        ratio = f"{rate / library:.0%}, {rate / far:.0%}" if what.endswith("bytes") else ""
        print(f"| {what} | {shown(rate, what)} | {ratio} | {shown(python.get(what), what)} | {shown(javascript.get(what), what)} |")


if __name__ == "__main__":
    main()
