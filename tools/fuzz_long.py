#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Fuzzes some targets for a number of CPU-minutes and keeps what was found (script/fuzz).

  fuzz_long.py --minutes N [--corpus DIR] [--slice SECONDS] [--build DIR] TARGET[=WEIGHT]...
  fuzz_long.py --report [--corpus DIR]

One process at a time, at `nice -n 19`, in slices by turns: each target gets its weight's share of the minutes.
DIR/TARGET is its corpus, which the next run goes on from; DIR/log.jsonl has a line for each slice; DIR/TARGET.log
the fuzzer's own last output.  A finding ends the run with exit code 1 and stays in DIR/findings.

The minutes are of CPU time, so that a loaded machine does not fuzz less.
"""
import argparse
import datetime
import json
import os
import pathlib
import re
import resource
import shutil
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
OPTIONS = ["-rss_limit_mb=2048", "-timeout=10", "-print_final_stats=1"]
GRACE_S = 300  # a slice on a loaded machine, above its own seconds


def child_cpu():
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def seeds_of(target):
    found = sorted(ROOT.glob(f"src/*/testdata/fuzz/{target}"))
    if not found:
        sys.exit(f"fuzz_long: no target `{target}` has seeds in src/*/testdata/fuzz")
    return found[0]


def program_of(target, build):
    return build / "src" / seeds_of(target).parts[-4] / target


def last_number(pattern, text):
    found = re.findall(pattern, text)
    return int(found[-1]) if found else 0


def run_slice(target, program, folder, seconds):
    """One run of a fuzzer; its line for the log."""
    corpus, findings = folder / target, folder / "findings"
    corpus.mkdir(exist_ok=True)
    findings.mkdir(exist_ok=True)
    begun, cpu = datetime.datetime.now(datetime.timezone.utc), child_cpu()
    command = ["nice", "-n", "19", str(program), *OPTIONS, f"-max_total_time={seconds}",
               f"-artifact_prefix={findings}/{target}-", str(corpus), str(seeds_of(target))]
    with open(folder / f"{target}.log", "wb") as log:
        try:
            status = subprocess.run(command, stdout=log, stderr=subprocess.STDOUT, timeout=seconds + GRACE_S,
                                    cwd=folder, check=False).returncode
        except subprocess.TimeoutExpired:
            status = -1
    said = (folder / f"{target}.log").read_text(errors="replace")
    return {"target": target, "begun": begun.isoformat(timespec="seconds"), "cpu_seconds": round(child_cpu() - cpu, 1),
            "executions": last_number(r"stat::number_of_executed_units:\s*(\d+)", said),
            "coverage": last_number(r"\bcov: (\d+)", said), "features": last_number(r"\bft: (\d+)", said),
            "corpus": sum(1 for _ in corpus.iterdir()), "exit": status}


def read_log(folder):
    path = folder / "log.jsonl"
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def report(folder):
    totals = {}
    for line in read_log(folder):
        each = totals.setdefault(line["target"], {"cpu_seconds": 0.0, "executions": 0, "findings": 0})
        each["cpu_seconds"] += line["cpu_seconds"]
        each["executions"] += line["executions"]
        each["findings"] += line["exit"] != 0
        each.update({key: line[key] for key in ("coverage", "features", "corpus")})
    print(f"{'target':<28}{'CPU s':>8}{'executions':>14}{'edges':>8}{'features':>10}{'corpus':>8}  findings")
    for target, each in sorted(totals.items()):
        print(f"{target:<28}{each['cpu_seconds']:>8.0f}{each['executions']:>14,}{each['coverage']:>8}"
              f"{each['features']:>10}{each['corpus']:>8}  {each['findings']}")
    minutes = sum(each["cpu_seconds"] for each in totals.values()) / 60
    print(f"{minutes:.1f} CPU-minutes in all")


def parse_targets(words):
    out = {}
    for word in words:
        name, _, weight = word.partition("=")
        out[name] = float(weight or 1)
        if out[name] <= 0:
            sys.exit(f"fuzz_long: `{word}`: a weight is more than 0")
    return out


def fuzz(targets, arguments, folder):
    budget = {name: arguments.minutes * 60 * weight / sum(targets.values()) for name, weight in targets.items()}
    while budget:
        for target in list(budget):
            seconds = max(1, min(arguments.slice, round(budget[target])))
            line = run_slice(target, program_of(target, arguments.build), folder, seconds)
            with open(folder / "log.jsonl", "a", encoding="utf-8") as log:
                log.write(json.dumps(line) + "\n")
            print(json.dumps(line), flush=True)
            if line["exit"] != 0:
                print(f"fuzz_long: {target} found something: {folder}/findings, {folder}/{target}.log", file=sys.stderr)
                return 1
            budget[target] -= max(line["cpu_seconds"], 0.1)
            if budget[target] < 1:
                del budget[target]
    return 0


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=10, help="CPU-minutes in all (default 10)")
    parser.add_argument("--corpus", type=pathlib.Path, default=ROOT / "build/corpus", help="default build/corpus")
    parser.add_argument("--slice", type=int, default=60, help="seconds of one turn (default 60)")
    parser.add_argument("--build", type=pathlib.Path, default=ROOT / "build/fuzz")
    parser.add_argument("--report", action="store_true", help="what the log says of all runs so far")
    parser.add_argument("targets", nargs="*", metavar="TARGET[=WEIGHT]")
    arguments = parser.parse_args()
    folder = arguments.corpus.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    status = 0
    if not arguments.report:
        targets = parse_targets(arguments.targets)
        if not targets:
            parser.error("name at least one target")
        for target in targets:
            if not shutil.which(str(program_of(target, arguments.build.resolve()))):
                sys.exit(f"fuzz_long: {target} is not built: cmake --preset fuzz && cmake --build --preset fuzz --target {target}")
        status = fuzz(targets, arguments, folder)
    report(folder)
    return status


if __name__ == "__main__":
    os.environ.setdefault("ASAN_OPTIONS", "detect_leaks=0")
    sys.exit(main())
