# SPDX-License-Identifier: Apache-2.0
"""`sealane prove --claim confined`: what it shows can be replayed, and what the example's README shows is what it prints.

Claims: every step of every counterexample of the table is allowed by `policy eval`; the README of examples/aws-iot-policy has the
program's own output; its repair, written by `--fix`, holds.
"""

import json
import os
import re
import shutil
import subprocess
import tempfile

from harness import WAIT_S, claim, main

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
TABLE = os.path.join(ROOT, "src", "prove", "testdata", "confined.tsv")
EXAMPLE = os.path.join(ROOT, "examples", "aws-iot-policy")
COLUMNS = ("name", "profile", "own", "without", "expected", "reached", "naive", "policy", "why")


def run(sealane, folder, *words):
    return subprocess.run([os.path.abspath(sealane), *words], cwd=folder, capture_output=True, text=True, timeout=WAIT_S, check=False)


def write(folder, name, text):
    with open(os.path.join(folder, name), "w", encoding="utf-8") as file:
        file.write(text)


def replays(sealane, folder, row):
    write(folder, "policy.json", row["policy"])
    words = ["--profile", row["profile"], *(word for own in row["own"].split() for word in ("--own", own))]
    words += ["--without", row["without"]] if row["without"] else []
    done = run(sealane, folder, "prove", "policy.json", "--claim", "confined", *words, "--format", "json")
    claim(done.returncode == 1, f"{row['name']}: exit {done.returncode}\n{done.stdout}{done.stderr}")
    found = json.loads(done.stdout)["policies"][0]
    claim(found["verdict"] == "inherent" and found["counterexample"]["steps"], f"{row['name']}: {found}")
    for step in found["counterexample"]["steps"]:
        write(folder, "request.json", json.dumps(step))
        done = run(sealane, folder, "policy", "eval", "--policy", "policy.json", "--request", "request.json", "--format", "json")
        claim(done.returncode == 0, f"{row['name']}: {step}\n{done.stdout}{done.stderr}")


def shown(sealane, folder):
    with open(os.path.join(EXAMPLE, "README.md"), encoding="utf-8") as file:
        blocks = re.findall(r"^```console\n\$ sealane (.*)\n((?:.*\n)*?)```$", file.read(), re.M)
    claim(blocks, "the README shows no output")
    for words, wanted in blocks:
        got = run(sealane, folder, *words.split()).stdout
        claim(got == wanted, f"`sealane {words}` is not what the README shows:\n{got}")


def test(sealane, tools):
    del tools
    with tempfile.TemporaryDirectory() as folder:
        count = 0
        with open(TABLE, encoding="utf-8") as table:
            for line in table:
                row = dict(zip(COLUMNS, line.rstrip("\n").split("\t")))
                if not line.startswith("#") and row["expected"] == "fails":
                    replays(sealane, folder, row)
                    count += 1
        claim(count >= 40, f"{count} rows that fail")
        example = os.path.join(folder, "example")
        shutil.copytree(EXAMPLE, example)
        shown(sealane, example)
        done = run(sealane, example, "prove", "policy.json", "--fix")
        claim(done.returncode == 1, f"{done.stdout}{done.stderr}")
        done = run(sealane, example, "prove", "policy.json", "--format", "json")
        fixed = json.loads(done.stdout)["policies"][0]
        claim(done.returncode == 0 and fixed["result"] == "holds" and fixed["verdict"] == "inherent", f"{fixed}")


if __name__ == "__main__":
    main(test)
