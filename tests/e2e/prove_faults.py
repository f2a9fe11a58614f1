# SPDX-License-Identifier: Apache-2.0
"""`sealane prove` with solvers that fail and with files that are no policies.

Claims: a solver that is missing, killed, out of memory, slow, talkative or lying never makes a claim hold, and the reason is told; one
alone is `single-solver`, under --strict unknown; a solver that invents a request is exit code 4 with the scripts on disk.  A file that is
broken, has a member twice, a NUL byte, 10 MB, 10,000 statements or 200,000 brackets is told with its place and a hint, exit code 2, soon.
"""

import json
import os
import resource
import subprocess
import tempfile
import time

from harness import claim, main

SOON_S = 90  # on a busy machine, with sanitizers
DENY = {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Condition": {"Bool": {"aws:SecureTransport": "false"}}}
HOLDS = [{**DENY, "Resource": "arn:aws:s3:::b"}, {**DENY, "Resource": "arn:aws:s3:::b/*"}]  # not by the text alone
FAILS = [{**DENY, "Resource": "arn:aws:s3:::b/*"}]
ANSWERS = """#!/bin/sh
while read -r line; do
  case $line in
    *check-sat*) echo '%s' ;;
    *get-unsat-assumptions*|*get-value*) echo '()' ;;
    *echo*) echo "$line" | sed 's/.*"\\(.*\\)".*/\\1/' ;;
  esac
done
"""
FAKES = {
    "killed": "#!/bin/sh\nkill -9 $$\n",
    "out-of-memory": '#!/bin/sh\nulimit -v 20000\nexec /usr/bin/cvc5 "$@"\n',
    "slow": "#!/bin/sh\nexec sleep 600\n",
    "talkative": "#!/bin/sh\nexec yes sat\n",
    "undecided": ANSWERS % "unknown",
    "says-sat": ANSWERS % "sat",
    "says-unsat": ANSWERS % "unsat",
    "babbles": ANSWERS % "perhaps",
    # Leaves out what the request has to be like, so that it finds one.
    "invents": "#!/bin/sh\nsed -u 's/^(assert (and.*(= transport 0) (not.*/(assert (= transport 0))/' | /usr/bin/cvc5 \"$@\"\n",
}


def policy(statements):
    return json.dumps({"Version": "2012-10-17", "Statement": statements})


def written(folder, name, content, mode=0o644):
    path = os.path.join(folder, name)
    with open(path, "wb") as file:
        file.write(content if isinstance(content, bytes) else content.encode())
    os.chmod(path, mode)
    return path


def run(sealane, *words):
    begin = time.monotonic()
    done = subprocess.run([sealane, "prove", *words], capture_output=True, text=True, timeout=10 * SOON_S, check=False)
    claim(time.monotonic() - begin < SOON_S, f"{words}: it took {time.monotonic() - begin:.0f} s")
    return done


def asked(sealane, file, *words):
    done = run(sealane, file, "--resource", "arn:aws:s3:::b", "--format", "json", *words)
    return done, json.loads(done.stdout)["policies"][0]


def solvers_that_fail(sealane, folder):
    holds, fails = written(folder, "holds.json", policy(HOLDS)), written(folder, "fails.json", policy(FAILS))
    fake = {name: written(folder, name, text, 0o755) for name, text in FAKES.items()}
    reasons = {"killed": "killed", "out-of-memory": "killed", "slow": "timeout", "talkative": "output-limit", "undecided": "solver-gave-up",
               "says-sat": "malformed", "babbles": "malformed"}
    for name, reason in reasons.items():
        for file in (holds, fails):
            done, one = asked(sealane, file, "--cvc5", fake[name], "--z3", fake[name], "--timeout", "2")
            claim(done.returncode == 3 and one["result"] == "unknown" and one["verdict"] == "unknown", f"{name}: {done.stdout}")
            claim(one["reason"].startswith("no-answer") and reason in one["reason"], f"{name}: {one['reason']}")
        done, one = asked(sealane, holds, "--cvc5", fake[name], "--timeout", "30")
        claim(done.returncode == 0 and "single-solver" in [a["name"] for a in one["assumptions"]], f"{name}, one alone: {done.stdout}")
        done, one = asked(sealane, holds, "--cvc5", fake[name], "--timeout", "30", "--strict")
        claim(done.returncode == 3 and one["reason"].startswith("single-solver"), f"{name}, strict: {one['reason']}")
    done, one = asked(sealane, fails, "--z3", fake["says-unsat"], "--scripts", os.path.join(folder, "lies"))
    claim(one["result"] != "holds" and done.returncode in (1, 4), f"a lie made it hold: {done.stdout}")
    kept = os.path.join(folder, "kept")
    done, one = asked(sealane, holds, "--cvc5", fake["invents"], "--scripts", kept)
    claim(done.returncode == 4 and one["reason"].startswith("internal-disagreement"), f"exit {done.returncode}: {one['reason']}")
    claim(len(os.listdir(kept)) == 3, f"scripts: {os.listdir(kept)}")
    as_asked = [name for name in os.listdir(kept) if name.endswith("-as-asked.smt2")]
    claim(len(as_asked) == 1, f"scripts: {os.listdir(kept)}")
    with open(os.path.join(kept, as_asked[0]), encoding="utf-8") as file:
        text = file.read()
    claim("(check-sat" in text and " String)" not in text, f"not what was asked: {text[:500]}")


def files_that_are_no_policies(sealane, folder):
    good = policy(HOLDS)
    many = [{**DENY, "Resource": f"arn:aws:s3:::b/{i}/*"} for i in range(10_001)]
    bad = {
        "broken": good[:100],
        "twice": good.replace('"Effect": "Deny"', '"Effect": "Deny", "Effect": "Deny"', 1),
        "nul": good.replace("s3:*", "s3:\0*", 1),
        "large": good[:-1] + " " * (10 << 20) + "}",
        "many": policy(many),
        "deep": "[" * 200_000,
        "empty": "",
        "not-utf8": good.encode().replace(b"s3:*", b"s3:\xff*", 1),
    }
    for name, content in bad.items():
        file = written(folder, f"{name}.json", content)
        done = run(sealane, file, "--resource", "arn:aws:s3:::b")
        claim(done.returncode == 2, f"{name}: exit {done.returncode}\n{done.stdout[:500]}{done.stderr[:500]}")
        claim(f"{name}.json:1:" in done.stderr, f"{name}: no place\n{done.stderr[:500]}")
        claim("hint:" in done.stderr, f"{name}: no hint\n{done.stderr[:500]}")
    # As many statements as there may be, hard to tell apart or all alike: an answer or none, and soon.
    for statements in (many[:10_000], [{**DENY, "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/*"}] * 10_000):
        file = written(folder, "most.json", policy(statements))
        done, one = asked(sealane, file, "--timeout", "2")
        claim(done.returncode in (1, 3) and one["result"] != "holds", f"10,000 statements: exit {done.returncode}")
    used = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    claim(used < 4 << 20, f"{used} KiB of memory")


def test(sealane, _tools):
    with tempfile.TemporaryDirectory(prefix="sealane-faults-") as folder:
        solvers_that_fail(sealane, folder)
        files_that_are_no_policies(sealane, folder)


if __name__ == "__main__":
    main(test)
