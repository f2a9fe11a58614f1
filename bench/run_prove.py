#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Claims about generated policies, and one cvc5 process for each question beside it (script/bench prove).

  run_prove.py [--policies N] [--seed N] [--questions N]

Prints the tables of bench/README.md.  The peer answers the claim's question alone, as it was before
texts became classes, with the start of its process: no second solver, no evaluator, no readable
request, no carriers, no vacuous statements.
"""
import argparse
import os
import pathlib
import subprocess
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
PEERS = {
    "cvc5": ["/usr/bin/cvc5", "--lang=smt2", "--incremental", "--strings-exp", "--produce-models",
             "--produce-unsat-assumptions", "--seed=1", "-q"],
    "z3": ["/usr/bin/z3", "-smt2"],
}
TIMEOUT_S = 20
BUDGET_S = 90  # for each peer


def quantile(values, share):
    values = sorted(values)
    return values[min(int(share * len(values)), len(values) - 1)]


def measure(peer, scripts):
    """Milliseconds for each question, and how many had no answer."""
    times, without = [], 0
    begin = time.monotonic()
    for script in scripts:
        if time.monotonic() - begin > BUDGET_S:
            break
        at = time.monotonic()
        try:
            said = subprocess.run(PEERS[peer] + [str(script)], capture_output=True, text=True, timeout=TIMEOUT_S).stdout
        except subprocess.TimeoutExpired:
            said = ""
        times.append((time.monotonic() - at) * 1e3)
        without += not said.startswith(("sat", "unsat"))
    return times, without


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--policies", type=int, default=600)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--questions", type=int, default=150, help="how many of the questions the peers get")
    arguments = parser.parse_args()
    print(f"load {os.getloadavg()[0]:.1f} before", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([ROOT / "build/release/bench/prove_rate", "--policies", str(arguments.policies), "--seed",
                        str(arguments.seed), "--scripts", folder], check=True, timeout=240)
        scripts = sorted(pathlib.Path(folder).glob("*.smt2"), key=lambda path: int(path.stem))[:arguments.questions]
        print("\n| one process for each question | questions | p50 ms | p90 ms | p99 ms | most ms | no answer in 20 s |\n"
              "|---|--:|--:|--:|--:|--:|--:|")
        for peer in PEERS:
            times, without = measure(peer, scripts)
            shares = " | ".join(f"{quantile(times, share):.1f}" for share in (0.5, 0.9, 0.99, 1.0))
            print(f"| {peer} | {len(times)} | {shares} | {without} |", flush=True)
    print(f"\nload {os.getloadavg()[0]:.1f} after")


if __name__ == "__main__":
    main()
