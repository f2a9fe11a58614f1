# SPDX-License-Identifier: Apache-2.0
"""`sealane policy` on the examples, on every kind of document, and on broken and huge input.

Claims: each example is decided as its `expected.json` says, for the reason and with the findings that stand there;
each kind's option takes its part in the decision; a document that cannot be evaluated is denied with its place; an
input of 10 MB ends in bounded time; the SARIF log has the shape of 2.1.0 and each result hits its rule.
"""

import json
import os
import subprocess
import tempfile
import time

from harness import WAIT_S, claim, main

EXAMPLES = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "examples")
HUGE_S = 20.0


class Bench:
    """A folder of documents and the program."""

    def __init__(self, sealane, folder):
        self.sealane, self.folder = os.path.abspath(sealane), folder

    def write(self, name, content):
        with open(os.path.join(self.folder, name), "w", encoding="utf-8") as file:
            file.write(content if isinstance(content, str) else json.dumps(content))
        return name

    def run(self, *words, code):
        done = subprocess.run([self.sealane, "policy", *words], cwd=self.folder, capture_output=True, text=True,
                              timeout=WAIT_S, stdin=subprocess.DEVNULL, check=False)
        claim(done.returncode == code, f"policy {' '.join(words)} ended with {done.returncode}, not {code}:\n"
                                       f"{done.stdout[-2000:]}{done.stderr[-2000:]}")
        return done.stdout

    def eval(self, *words, code):
        return json.loads(self.run("eval", *words, "--format", "json", code=code))


def examples(sealane):
    found = [entry.path for entry in os.scandir(EXAMPLES) if os.path.isfile(os.path.join(entry.path, "expected.json"))]
    claim(found, "there is no example of a policy")
    for folder in found:
        bench = Bench(sealane, folder)
        with open(os.path.join(folder, "expected.json"), encoding="utf-8") as file:
            rows = json.load(file)
        for row in rows:
            allowed = row["decision"] == "allow"
            got = bench.eval("--policy", row["policy"], "--request", row["request"], code=0 if allowed else 1)
            claim(got["decision"] == row["decision"], f"{row}: {got['decision']}")
            claim(row["why"] in got["statements"][-1]["why"], f"{row}: {got['statements']}")
            claim(sorted(w["rule"] for w in got["warnings"]) == sorted(row["rules"]), f"{row}: {got['warnings']}")


ACCOUNT = "123456789012"


def document(*statements):
    return {"Version": "2012-10-17", "Statement": list(statements)}


def statement(effect="Allow", action="s3:GetObject", **more):
    return {"Effect": effect, "Action": action, "Resource": "*", **more}


def kinds(bench):
    request = bench.write("r.json", {"principal": f"arn:aws:iam::{ACCOUNT}:role/edge", "action": "s3:GetObject",
                                     "resource": "arn:aws:s3:::b/k", "resource_account": ACCOUNT,
                                     "context": {"aws:SecureTransport": True}})
    allow = bench.write("allow.json", document(statement()))
    other = bench.write("other.json", document(statement(action="sqs:SendMessage")))
    bucket = bench.write("bucket.json", document(statement(Principal="*", Resource="arn:aws:s3:::b/*")))
    guard = bench.write("guard.json", document(statement("Deny", Principal="*")))

    def decided(decision, gate, *words):
        got = bench.eval("--request", request, *words, code=0 if decision == "allow" else 1)
        claim((got["decision"], got["gate"]) == (decision, gate), f"{words}: {got['decision']} at {got['gate']}")
        return got

    decided("allow", None, "--identity", allow)
    decided("allow", None, "--policy", bucket)
    got = decided("implicit-deny", "scp", "--identity", allow, "--scp", allow, other)
    claim([d["kind"] for d in got["documents"]] == ["identity", "scp", "scp"], f"{got['documents']}")
    decided("allow", None, "--identity", allow, "--scp", f"0={allow}", "--scp", f"0={other}")
    decided("implicit-deny", "boundary", "--identity", allow, "--boundary", other)
    decided("implicit-deny", "session", "--identity", allow, "--session", other)
    decided("explicit-deny", None, "--identity", allow, "--rcp", guard)
    decided("explicit-deny", None, "--identity", allow, "--vpc-endpoint", guard)
    decided("implicit-deny", "identity", "--identity", other)

    now = bench.write("now.json", {"principal": f"arn:aws:iam::{ACCOUNT}:user/u", "action": "s3:GetObject",
                                   "resource": "arn:aws:s3:::b/k", "now": "2027-01-01T00:00:00Z"})
    until = bench.write("until.json", document(
        statement(Condition={"DateLessThan": {"aws:CurrentTime": "2027-06-30T00:00:00Z"}})))
    got = bench.eval("--policy", until, "--request", now, code=0)
    claim(got["changes_at"] == "2027-06-30T00:00:00.000000Z" and got["keys_read"] == ["aws:CurrentTime"], f"{got}")

    # A policy of IoT actions that nobody gave a kind is an IAM principal's when one asks.
    iot = bench.write("iot.json", document(statement(action="iot:*")))
    role = bench.write("role.json", {"principal": f"arn:aws:iam::{ACCOUNT}:role/edge", "action": "iot:Publish",
                                     "resource": f"arn:aws:iot:eu-central-1:{ACCOUNT}:topic/a"})
    got = bench.eval("--policy", iot, "--request", role, code=0)
    claim(got["documents"][0]["kind"] == "identity" and got["warnings"], f"{got}")


def refused(bench):
    request = bench.write("r.json", {"action": "s3:GetObject"})
    broken = {"syntax": "{\n \"Version\": ", "duplicate-member": "{\"Version\": \"2012-10-17\",\n \"Version\": 1}",
              "foreign-character": "{\"Version\": \"\0\"}", "limit": "[" * 200,
              "unknown-operator": json.dumps(document(statement(Condition={"StringEqual": {"a:b": "c"}})))}
    for rule, text in broken.items():
        name = bench.write("broken.json", text)
        got = bench.eval("--policy", name, "--request", request, code=2)
        claim(got["decision"] == "not-evaluable" and not got["documents"][0]["evaluable"], f"{rule}: {got}")
        errors = [w for w in got["warnings"] if w["severity"] == "error"]
        claim(errors and errors[0]["rule"] == rule and errors[0]["line"] >= 1, f"{rule}: {got['warnings']}")
        bench.run("lint", name, code=2)
    # A value that cannot be read is no reason to allow.
    name = bench.write("number.json", document(statement(Condition={"NumericLessThan": {"s3:TlsVersion": "2"}})))
    odd = bench.write("odd.json", {"action": "s3:GetObject", "context": {"s3:TlsVersion": "new"}})
    got = bench.eval("--policy", name, "--request", odd, code=1)
    claim(got["decision"] == "not-evaluable" and got["statements"][0]["matched"] is None, f"{got}")
    mistaken = bench.write("mistaken.json", "{\n \"acton\": \"a:b\"}")
    got = bench.eval("--policy", name, "--request", mistaken, code=2)
    claim(got["diagnostics"][0]["line"] == 2 and "action" in got["diagnostics"][0]["hint"], f"{got}")
    got = bench.eval("--request", request, code=2)
    claim(got["error"]["kind"] == "invalid", f"{got}")


def huge(bench):
    one = statement("Deny", ["s3:*", "*", "sqs:Send*"], Condition={"StringLike": {"aws:PrincipalTgs/a": "x*"}})
    many = bench.write("many.json", document(*[one] * 10_000))
    long = bench.write("long.json", document(statement(Sid="x" * (10 << 20))))
    request = bench.write("r.json", {"action": "s3:GetObject"})
    for name in (many, long):
        start = time.monotonic()
        subprocess.run([bench.sealane, "policy", "lint", name], cwd=bench.folder, capture_output=True, timeout=WAIT_S, check=False)
        subprocess.run([bench.sealane, "policy", "eval", "--policy", name, "--request", request], cwd=bench.folder,
                       capture_output=True, timeout=WAIT_S, check=False)
        claim(time.monotonic() - start < HUGE_S, f"{name} took {time.monotonic() - start:.1f} s")


def sarif(bench):
    name = bench.write("s p.json", document(statement(Sid="\u00e4\u00f6", action="s3:GetObjekt", Principal="*")))
    log = json.loads(bench.run("lint", name, "--kind", "resource", "--format", "sarif", code=0))
    claim(log["version"] == "2.1.0" and len(log["runs"]) == 1, f"{log}")
    run = log["runs"][0]
    rules = run["tool"]["driver"]["rules"]
    claim(run["results"] and run["columnKind"] == "unicodeCodePoints", f"{run}")
    for result in run["results"]:
        claim(rules[result["ruleIndex"]]["id"] == result["ruleId"], f"{result}")
        claim(result["level"] in ("error", "warning", "note") and result["message"]["text"], f"{result}")
        place = result["locations"][0]["physicalLocation"]
        claim(place["artifactLocation"]["uri"] == "s%20p.json", f"{place}")
        claim(place["region"]["startLine"] >= 1 and place["region"]["startColumn"] >= 1, f"{place}")


def test(sealane, tools):
    del tools
    examples(sealane)
    with tempfile.TemporaryDirectory(prefix="sealane-policy-") as folder:
        bench = Bench(sealane, folder)
        kinds(bench)
        refused(bench)
        huge(bench)
        sarif(bench)


if __name__ == "__main__":
    main(test)
