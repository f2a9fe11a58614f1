# SPDX-License-Identifier: Apache-2.0
"""What `sealane prove` shows is a request that `sealane policy eval` reads and does not find denied.

Claims: every counterexample of the tables of claims and of sets replays, none is denied explicitly, one against a grant is
allowed, of two sets that are compared one allows it and the other does not; a solver that lies gives exit 4, after the batch, with the scripts of both on disk.
"""

import json
import os
import subprocess
import tempfile

from harness import WAIT_S, claim, main

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
TABLE = os.path.join(ROOT, "src", "prove", "testdata", "claims.tsv")
SETS = os.path.join(ROOT, "src", "prove", "testdata", "sets.tsv")
COLUMNS = ("name", "type", "resource", "claim", "min_tls", "without", "expected", "policy")
SET_COLUMNS = ("name", "type", "resource", "account", "claim", "expected", "documents", "reference")
# The option of `policy eval` and `prove` for each kind of documents, and the kind that a type's policies are.
OPTIONS = {"resource": "--resource-policy", "kms": "--key-policy"}
KINDS = {"identity": "identity", "vpc-endpoint": "vpc-endpoint", "scp": "scp", "rcp": "rcp", "kms-key": "kms"}
GRANTS = {"identity", "resource", "kms"}
# Of sets that only limit it is taken for granted that others grant everything.
EVERYTHING = {
    "identity": {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}},
    "resource": {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}},
}
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


def rows(wanted, path=TABLE, columns=COLUMNS):
    with open(path, encoding="utf-8") as table:
        for line in table:
            row = dict(zip(columns, line.rstrip("\n").split("\t")))
            if not line.startswith("#") and row["expected"] == wanted:
                yield row


def option(kind):
    return OPTIONS.get(kind, "--" + kind)


def written(folder, name, text):
    path = os.path.join(folder, name)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text if isinstance(text, str) else json.dumps(text))
    return path


def run(sealane, *words):
    return subprocess.run([sealane, *words], capture_output=True, text=True, timeout=WAIT_S, check=False)


def proved(sealane, row, policy, *more):
    words = ["--resource-type", row["type"], "--timeout", "60", "--format", "json", *more]
    if row["resource"]:
        words += ["--resource", row["resource"]]
    done = run(sealane, "prove", policy, *words)
    claim(done.returncode == 1, f"{row['name']}: exit {done.returncode}\n{done.stdout}{done.stderr}")
    return json.loads(done.stdout)["policies"][0]["counterexample"]


def evaluated(sealane, folder, row, found, words):
    request = written(folder, "request.json", found["request"])
    done = run(sealane, "policy", "eval", *words, "--request", request, "--format", "json")
    claim(done.returncode in (0, 1), f"{row['name']}: {found['request']}\n{done.stdout}{done.stderr}")
    return json.loads(done.stdout)


def replays(sealane, folder, row):
    policy = written(folder, "policy.json", row["policy"])
    without = ["--without", row["without"]] if row["without"] else []
    found = proved(sealane, row, policy, "--claim", row["claim"], "--min-tls", row["min_tls"], *without)
    kind = KINDS.get(row["type"], "resource")
    answer = evaluated(sealane, folder, row, found, [option(kind), policy])
    is_grant = row["claim"] == "grant"
    expected = ("allow",) if is_grant and kind == "resource" else ("allow", "implicit-deny")
    claim(answer["decision"] in expected, f"{row['name']}: {answer['decision']} for {found['request']}")
    applies = [one for one in answer["statements"] if one["effect"] == "Allow" and one["matched"]]
    claim(applies or not is_grant, f"{row['name']}: no Allow applies to {found['request']}")


def files_of(folder, prefix, documents):
    """(kind, file) of each document, in the order of `documents`; SCPs and RCPs have lists by level."""
    out = []
    for kind, listed in documents.items():
        for one in listed:
            for text in one if isinstance(one, list) else [one]:
                out.append((kind, written(folder, f"{prefix}{len(out)}.json", text)))
    return out


def set_replays(sealane, folder, row):
    given = files_of(folder, "given", json.loads(row["documents"]))
    main = next((one for one in given if one[0] == KINDS.get(row["type"], "resource")), None)
    if main is None:
        return False  # about a kind that is no policy of its own, a boundary
    more = [word for one in given if one is not main for word in (option(one[0]), one[1])]
    if row["account"]:
        more += ["--resource-account", row["account"]]
    asked, reference = row["claim"], []
    if row["reference"]:
        reference = files_of(folder, "reference", json.loads(row["reference"]))
        asked += "=" + reference[0][1]
    found = proved(sealane, row, main[1], "--claim", asked, *more)

    def decision(files):
        if reference and not any(kind in GRANTS for kind, _ in files):
            files = files + files_of(folder, "granted", {kind: [document] for kind, document in EVERYTHING.items()})
        words = [word for kind, file in files for word in (option(kind), file)]
        return evaluated(sealane, folder, row, found, words)["decision"]

    if not reference:
        expected = ("allow",) if row["claim"] == "grant-closed" else ("allow", "implicit-deny")
        claim(decision(given) in expected, f"{row['name']}: {decision(given)} for {found['request']}")
        return True
    allowed = {"policy": decision(given) == "allow", "reference": decision(reference) == "allow"}
    other = "policy" if found["allowed_by"] == "reference" else "reference"
    claim(allowed[found["allowed_by"]] and not allowed[other], f"{row['name']}: {allowed} for {found['request']}")
    return True


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
            claim([name.rsplit("-", 1)[1] for name in kept] == ["asked.smt2", "cvc5.smt2", "z3.smt2"] and all(os.path.join(scripts, name) in done.stderr for name in kept), f"{kept}\n{done.stderr}")
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
        sets = sum(set_replays(sealane, folder, row) for row in rows("fails", SETS, SET_COLUMNS))
        claim(sets >= 10, f"{sets} sets that fail")
        contradicts(sealane, folder)


if __name__ == "__main__":
    main(test)
