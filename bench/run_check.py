#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""`sealane check` on plans and templates of check_inputs.py, beside Checkov (script/bench check).

  run_check.py [--megabytes N,N] [--rounds N] [--seed N] [--peer none|default|LIST] [--peer-minutes N] [--peer-gigabytes N] [--folder FOLDER]

Prints the tables of bench/README.md: medians of the clock, of CPU time and of peak memory of whole processes, and whether the goals are met.
--peer says what Checkov reads as well: `default` is the plan of 1 MB and 100 templates, LIST are inputs of the first column such as
`plan-10,json-1000`. All its runs together have --peer-minutes; one that takes longer, or more than --peer-gigabytes, is ended and counts as `>`.
Both report in JSON to a file; Checkov without the network and with all the checks that it has for the framework.
"""
import argparse
import os
import pathlib
import platform
import resource
import signal
import statistics
import subprocess
import sys
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.dont_write_bytecode = True
sys.path.insert(0, str(ROOT / "bench"))
import check_inputs  # noqa: E402

SEALANE = ROOT / "build/release/sealane"
VENV = ROOT / "build/checkov"
TINY = {"Resources": {"Queue": {"Type": "AWS::SQS::Queue"}}}
# Seconds of the clock, MB.
GOALS = {"plan-100": (2.0, 500), "json-1000": (1.0, None), "yaml-1000": (2.0, None), "tiny": (0.020, None)}
PEER_DEFAULT = ["plan-1", "json-100", "yaml-100"]


class Run:
    """One process: seconds by the clock and of CPU, peak MB; why it was ended, if it was."""

    def __init__(self, command, out, seconds, gigabytes, environment=None):
        def bound():
            resource.setrlimit(resource.RLIMIT_AS, (int(gigabytes * 2**30),) * 2)
        with open(out, "wb") as file, open(f"{out}.stderr", "wb") as errors:
            begin = time.monotonic()
            child = subprocess.Popen(list(map(str, command)), stdin=subprocess.DEVNULL, stdout=file, stderr=errors, preexec_fn=bound,
                                     start_new_session=True, env={**os.environ, **(environment or {})})
            self.ended = None

            def end():
                self.ended = "time"
                os.killpg(child.pid, signal.SIGKILL)
            timer = threading.Timer(seconds, end)
            timer.start()
            _, status, used = os.wait4(child.pid, 0)
            self.wall = time.monotonic() - begin
            timer.cancel()
        child.returncode = os.waitstatus_to_exitcode(status)
        self.code = child.returncode
        self.cpu = used.ru_utime + used.ru_stime
        self.megabytes = used.ru_maxrss / 1000
        if self.ended is None and b"MemoryError" in pathlib.Path(f"{out}.stderr").read_bytes()[-2000:]:
            self.ended = "memory"


class Medians:
    def __init__(self, runs):
        self.wall = statistics.median(run.wall for run in runs)
        self.least, self.most = min(run.wall for run in runs), max(run.wall for run in runs)
        self.cpu = statistics.median(run.cpu for run in runs)
        self.megabytes = max(run.megabytes for run in runs)
        self.ended = next((run.ended for run in runs if run.ended), None)


def shown(seconds):
    return f"{seconds * 1e3:.1f} ms" if seconds < 1 else f"{seconds:.2f} s"


def make_inputs(folder, megabytes, count, seed, peer):
    """Path of each input by its name."""
    inputs = {}
    folder.mkdir(parents=True, exist_ok=True)
    tiny = folder / "tiny.json"
    tiny.write_text(check_inputs.json.dumps(TINY))
    inputs["tiny"] = tiny
    for size in megabytes:
        path = folder / f"plan-{size}-{seed}.json"
        inputs[f"plan-{size}"] = path
        check_inputs.write_plan(path, size, seed)
    for dialect in ("json", "yaml"):
        counts = {count} | {int(name.split("-")[1]) for name in peer if name.startswith(dialect)}
        for each in sorted(counts):
            path = folder / f"{dialect}-{each}-{seed}"
            inputs[f"{dialect}-{each}"] = path
            check_inputs.write_templates(path, each, dialect == "yaml", seed)
    return inputs


def size_of(path):
    files = [path] if path.is_file() else path.iterdir()
    return sum(file.stat().st_size for file in files) / 1e6


def measure(name, path, folder, rounds):
    runs = []
    for _ in range(rounds * 4 if name == "tiny" else rounds):
        run = Run([SEALANE, "check", path, "--format", "json"], folder / "ours.json", 120, 16)
        if run.code not in (0, 1, 3) or run.ended:
            sys.exit(f"error: sealane check {path}: exit code {run.code}; see {folder}/ours.json.stderr")
        runs.append(run)
    return Medians(runs)


def checkov():
    """The program, and its version; installed when it is not there."""
    program = VENV / "bin/checkov"
    if not program.exists():
        subprocess.run([sys.executable, "-m", "venv", VENV], check=True)
        subprocess.run([VENV / "bin/pip", "install", "--quiet", "checkov"], check=True, timeout=300)
    said = subprocess.run([program, "--version"], capture_output=True, text=True, check=True, timeout=120)
    return program, said.stdout.split()[-1]


def measure_peer(program, path, folder, seconds, gigabytes):
    where = ["-f", path] if path.is_file() else ["-d", path]
    framework = "terraform_plan" if path.name.startswith("plan") else "cloudformation"
    return Run([program, *where, "--framework", framework, "-o", "json", "--quiet", "--compact", "--skip-download"], folder / "peer.json", seconds, gigabytes,
               {"CHECKOV_RUN_SCA_PACKAGE_SCAN_V2": "false", "LOG_LEVEL": "ERROR", "BC_API_KEY": ""})


def goals_of(ours):
    for name, (wall, megabytes) in GOALS.items():
        if name not in ours:
            continue
        found = ours[name]
        met = "met" if found.wall < wall else "NOT met by the clock" + (", met in CPU time" if found.cpu < wall else "")
        line = f"- {name}: {shown(found.wall)}, goal {shown(wall)}: {met}"
        if megabytes:
            line += f"; {found.megabytes:.0f} MB, goal {megabytes} MB: {'met' if found.megabytes < megabytes else 'NOT met'}"
        print(line)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--megabytes", default="1,10,100", help="sizes of plans")
    parser.add_argument("--templates", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--peer", default="default", help="none, default, or inputs such as plan-10,json-1000")
    parser.add_argument("--peer-minutes", type=float, default=4, help="for all of its runs together")
    parser.add_argument("--peer-gigabytes", type=float, default=16)
    parser.add_argument("--folder", type=pathlib.Path, default=ROOT / "build/check")
    arguments = parser.parse_args()
    peer = {"none": [], "default": PEER_DEFAULT}.get(arguments.peer, arguments.peer.split(","))
    sizes = [int(size) for size in arguments.megabytes.split(",")]
    sizes += [int(name.split("-")[1]) for name in peer if name.startswith("plan-") and int(name.split("-")[1]) not in sizes]
    inputs = make_inputs(arguments.folder, sizes, arguments.templates, arguments.seed, peer)

    print(f"{time.strftime('%Y-%m-%d', time.gmtime())}, {os.cpu_count()} cores, Linux {platform.release()}, seed {arguments.seed}, medians of {arguments.rounds}; "
          f"load {os.getloadavg()[0]:.1f} before\n")
    print("| input | MB | by the clock, median | least to most | CPU | peak MB |\n|---|--:|--:|--:|--:|--:|")
    ours = {}
    for name, path in inputs.items():
        found = ours[name] = measure(name, path, arguments.folder, arguments.rounds)
        print(f"| {name} | {size_of(path):.1f} | {shown(found.wall)} | {shown(found.least)} to {shown(found.most)} | {shown(found.cpu)} | {found.megabytes:.0f} |", flush=True)
    print()
    goals_of(ours)
    if peer:
        program, version = checkov()
        print(f"\n| Checkov {version} | by the clock | CPU | peak MB | by the clock, of ours | CPU, of ours | memory, of ours |\n|---|--:|--:|--:|--:|--:|--:|")
        left = arguments.peer_minutes * 60
        for name in ["tiny", *peer]:
            if left < 5:
                print(f"| {name} | not run: the time is used up | | | | | |")
                continue
            found = measure_peer(program, inputs[name], arguments.folder, left, arguments.peer_gigabytes)
            left -= found.wall
            more, own = ("> " if found.ended else ""), ours[name]
            if found.ended is None and found.code not in (0, 1):
                print(f"| {name} | failed: exit code {found.code} | | | | | |", flush=True)
                continue
            print(f"| {name} | {more}{shown(found.wall)} | {more}{shown(found.cpu)} | {more}{found.megabytes:.0f} | {more}{found.wall / own.wall:,.0f}× | "
                  f"{more}{found.cpu / own.cpu:,.0f}× | {more}{found.megabytes / own.megabytes:.1f}× |", flush=True)
    print(f"\nload {os.getloadavg()[0]:.1f} after")


if __name__ == "__main__":
    main()
