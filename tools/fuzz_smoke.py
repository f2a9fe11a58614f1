#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Smoke-runs one fuzz target and proves that it can find something.

  fuzz_smoke.py FUZZER PLANTED SEEDS CRASHES

1. replays the crash corpus (CRASHES, may be absent), input by input
2. replays the seeds (SEEDS, must hold at least one file)
3. runs FUZZER for 5 s from a copy of the seeds
4. replays the seeds through PLANTED, the same target with a defect in it: none may crash by itself
5. runs PLANTED from the same seeds for at most 5 s of its own CPU time, so that a busy machine changes nothing: it must crash

Exits 0 when all of it holds, 1 with one line that says what does not.
"""
import argparse
import os
import pathlib
import resource
import shutil
import subprocess
import sys
import tempfile

SECONDS = 5
LIMITS = ["-rss_limit_mb=2048", "-timeout=5"]
# Above the smoke's own seconds: start-up under AddressSanitizer and reading the seeds.
GRACE_SECONDS = 30


class Failure(Exception):
    pass


def inputs(folder):
    return sorted(p for p in pathlib.Path(folder).iterdir() if p.is_file() and p.name != ".gitkeep")


def run(program, arguments, scratch, seconds):
    """Runs a fuzzer; (exit status, last lines of its output).  A status of None is a hang."""
    command = [str(program), *LIMITS, f"-artifact_prefix={scratch}/", *map(str, arguments)]
    try:
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              timeout=seconds, cwd=scratch)
    except subprocess.TimeoutExpired as late:
        return None, tail(late.stdout or b"")
    return done.returncode, tail(done.stdout)


def tail(output, lines=25):
    return "\n".join(output.decode(errors="replace").splitlines()[-lines:])


def replay(program, files, scratch, what):
    """Every input in one process; input by input only to name the one that crashes."""
    if not files:
        return
    status, _ = run(program, files, scratch, GRACE_SECONDS + len(files))
    if status == 0:
        return
    for file in files:
        status, output = run(program, [file], scratch, GRACE_SECONDS)
        if status != 0:
            raise Failure(f"{what} `{file}` crashes {pathlib.Path(program).name}\n{output}")
    raise Failure(f"{what}: {pathlib.Path(program).name} crashes on {len(files)} inputs in one process, on none alone")


def fuzz(program, corpus, scratch):
    return run(program, [f"-max_total_time={SECONDS}", corpus], scratch, SECONDS + GRACE_SECONDS)


def cpu_seconds():
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def fuzz_to_crash(program, corpus, scratch):
    """Goes on from the corpus until the fuzzer ends with a finding or has had its CPU time."""
    begin = cpu_seconds()
    while True:
        status, output = fuzz(program, corpus, scratch)
        if status != 0 or cpu_seconds() - begin >= SECONDS:
            return status, output


def copy_of(seeds, folder):
    folder.mkdir()
    for seed in seeds:
        shutil.copy(seed, folder / seed.name)
    return folder


def smoke(fuzzer, planted, seed_folder, crash_folder, scratch):
    name = pathlib.Path(fuzzer).name
    if not pathlib.Path(seed_folder).is_dir() or not inputs(seed_folder):
        raise Failure(f"{name} has no seeds: put at least one valid input into {seed_folder}")
    seeds = [p.resolve() for p in inputs(seed_folder)]
    if pathlib.Path(crash_folder).is_dir():
        replay(fuzzer, [p.resolve() for p in inputs(crash_folder)], scratch, "known crash")
    replay(fuzzer, seeds, scratch, "seed")

    status, output = fuzz(fuzzer, copy_of(seeds, scratch / "corpus"), scratch)
    if status != 0:
        kept = keep_artifacts(scratch, name)
        raise Failure(f"{name} fails within {SECONDS} s{kept}\n{output}")

    replay(planted, seeds, scratch, "the planted defect must not show on a seed alone:")
    status, output = fuzz_to_crash(planted, copy_of(seeds, scratch / "planted"), scratch)
    if status == 0:
        raise Failure(f"{name} does not find its planted defect within {SECONDS} s of CPU time\n{output}")
    if status is None:
        raise Failure(f"{pathlib.Path(planted).name} hangs instead of crashing\n{output}")


def keep_artifacts(scratch, name):
    """Moves what libFuzzer wrote beside the target, so that it outlives the scratch folder."""
    found = [p for p in scratch.iterdir() if p.is_file()]
    if not found:
        return ""
    kept = pathlib.Path.cwd() / f"{name}-artifacts"
    kept.mkdir(exist_ok=True)
    for path in found:
        shutil.copy(path, kept / path.name)
    return f"; input kept in {kept}"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for argument in ("fuzzer", "planted", "seeds", "crashes"):
        parser.add_argument(argument)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="sealane-fuzz-") as scratch:
        try:
            smoke(os.path.abspath(args.fuzzer), os.path.abspath(args.planted), args.seeds, args.crashes,
                  pathlib.Path(scratch))
        except Failure as failure:
            print(f"fuzz_smoke: {failure}", file=sys.stderr)
            return 1
    print(f"{pathlib.Path(args.fuzzer).name}: clean for {SECONDS} s, planted defect found")
    return 0


if __name__ == "__main__":
    sys.exit(main())
