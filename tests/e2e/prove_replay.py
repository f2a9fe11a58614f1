# SPDX-License-Identifier: Apache-2.0
"""What `sealane prove` shows is a request that `sealane policy eval` reads and does not find denied.

Claims: every counterexample of the table of claims replays, none is denied explicitly, one against a grant is
allowed; a solver that lies gives exit 4, after the batch, with the scripts of both on disk.
"""

import json
import os
import subprocess
import tempfile

from harness import WAIT_S, claim, main

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
TABLE = os.path.join(ROOT, "src", "prove", "testdata", "claims.tsv")
# Says that there is no such request, whatever it is asked.
LIAR = """#!/bin/sh
while read -r line; do
  case $line in
    *check-sat*) echo unsat ;;
    *get-unsat-assumptions*) echo '()' ;;
    *get-value*) echo '()' ;;
    *echo*) echo "$line" | sed 's/.*"\\(.*\\)".*/\\1/' ;;
  esac
done
"""


def rows(wanted):
    with open(TABLE, encoding="utf-8") as table:
        for line in table:
            fields = line.rstrip("\n").split("\t")
            if not line.startswith("#") and fields[6] == wanted:
                yield dict(zip(("name", "type", "resource", "claim", "min_tls", "without", "expected", "policy"), fields))


def run(sealane, *words):
    return subprocess.run([sealane, *words], capture_output=True, text=True, timeout=WAIT_S, check=False)


def replays(sealane, folder, row):
    policy, request = os.path.join(folder, "policy.json"), os.path.join(folder, "request.json")
    with open(policy, "w", encoding="utf-8") as file:
        file.write(row["policy"])
    words = ["--resource-type", row["type"], "--resource", row["resource"], "--claim", row["claim"], "--min-tls", row["min_tls"]]
    without = ["--without", row["without"]] if row["without"] else []
    done = run(sealane, "prove", policy, *words, *without, "--timeout", "60", "--format", "json")
    claim(done.returncode == 1, f"{row['name']}: exit {done.returncode}\n{done.stdout}{done.stderr}")
    found = json.loads(done.stdout)["policies"][0]["counterexample"]
    with open(request, "w", encoding="utf-8") as file:
        json.dump(found["request"], file)
    done = run(sealane, "policy", "eval", "--resource-policy", policy, "--request", request, "--format", "json")
    claim(done.returncode in (0, 1), f"{row['name']}: {found['request']}\n{done.stdout}{done.stderr}")
    decision = json.loads(done.stdout)["decision"]
    expected = ("allow",) if row["claim"] == "grant" else ("allow", "implicit-deny")
    claim(decision in expected, f"{row['name']}: {decision} for {found['request']}")


def contradicts(sealane, folder):
    objects = os.path.join(folder, "objects.json")
    with open(objects, "w", encoding="utf-8") as file:
        file.write(next(row["policy"] for row in rows("fails") if row["name"] == "objects-only"))
    liar = os.path.join(folder, "liar")
    with open(liar, "w", encoding="utf-8") as file:
        file.write(LIAR)
    os.chmod(liar, 0o755)
    scripts = os.path.join(folder, "scripts")
    for _ in range(20):
        done = run(sealane, "prove", objects, "--cvc5", liar, "--scripts", scripts, "--format", "json")
        claim(done.returncode in (1, 4), f"exit {done.returncode}: {done.stdout}{done.stderr}")
        one = json.loads(done.stdout)["policies"][0]
        claim(one["result"] != "holds", f"a liar is believed: {one}")
        if done.returncode == 4:
            claim(one["reason"].startswith("internal-disagreement") and one["counterexample"] is None, f"{one}")
            kept = sorted(os.listdir(scripts))
            claim(len(kept) == 2 and all(os.path.join(scripts, name) in done.stderr for name in kept), f"{kept}\n{done.stderr}")
            return
    claim(False, "the liar was never heard before the other solver")


def test(sealane, tools):
    del tools
    with tempfile.TemporaryDirectory() as folder:
        count = 0
        for row in rows("fails"):
            replays(sealane, folder, row)
            count += 1
        claim(count >= 30, f"{count} rows that fail")
        contradicts(sealane, folder)


if __name__ == "__main__":
    main(test)
