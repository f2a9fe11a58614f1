# SPDX-License-Identifier: Apache-2.0
"""Every command with `--format json` writes what docs/json.md says, and shows examples in its help.

Claims: the table has exactly the commands that the program has; what each writes has the documented keys at
every depth and no others; words that are wrong and files that are missing give `{"error": …}`; a pipeline file
with mistakes gives `{"diagnostics": …}`.  (`demo` is held against the table by its own test.)
"""

import base64
import json
import os
import re
import subprocess

from harness import Pipeline, WAIT_S, claim, main
from shapes import differences, documented

EXAMPLES = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "examples")
VECTORS = os.path.join(EXAMPLES, "..", "src", "envelope", "testdata", "own_vectors.json")
# Carries data until it is stopped: it has log lines and no document.
WITHOUT_DOCUMENT = {"run"}
HELD_ELSEWHERE = {"demo"}
# Objects alone, and a Deny that denies nothing.
OPEN_BUCKET = """{"Version": "2012-10-17", "Statement": [
  {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "arn:aws:s3:::b/*",
   "Condition": {"Bool": {"aws:SecureTransport": "false"}, "NumericLessThan": {"s3:TlsVersion": "1.2"}}}]}"""
STACK = """{"Resources": {"Events": {"Type": "AWS::Kinesis::Stream"}, "Jobs": {"Type": "AWS::MSK::Cluster", "Properties": {"ClusterName": "c"}}}}"""
ERROR = {"error": ({"kind": (None, False), "message": (None, False), "hint": (None, False)}, False)}


def commands_of(sealane, path=()):
    text = subprocess.run([sealane, *path, "--help"], capture_output=True, text=True, check=True, timeout=WAIT_S).stdout
    if path:
        claim("Examples:" in text and f"sealane {' '.join(path)}" in text, f"`{' '.join(path)} --help` has no example")
    listed = re.search(r"^Subcommands:\n((?:  .*\n)+)", text, re.M)
    if not listed:
        claim(path == ("run",) or "--format" in text, f"`{' '.join(path)}` takes no --format")
        return {" ".join(path)}
    names = re.findall(r"^  ([a-z]\S*)", listed.group(1), re.M)
    return set().union(*(commands_of(sealane, (*path, name)) for name in names))


def hold(table, command, document):
    found = differences(table[command], document)
    claim(not found, f"`{command}`: {'; '.join(found)}\n{json.dumps(document)[:2000]}")


def access_keys(run, pipeline, at):
    run("access-key create", *at, "--node", "trainer")
    key = pipeline.run_json("access-key", "create", *at, "--thing", "seattle")["id"]
    run("access-key list", *at)
    run("access-key deactivate", *at, key)
    run("access-key activate", *at, key)
    run("access-key delete", *at, key)


def wrong_words(pipeline):
    for words in (["check", "--no-such"], ["device", "add"], ["run"], ["nonsense"], ["check", "none.yaml"],
                  ["device", "revoke", "nobody", "--pipeline", pipeline.file], ["key", "export", "none", "--out", "x", "--pipeline", pipeline.file]):
        document = pipeline.run_json(*words, code=2)
        claim(not differences(ERROR, document), f"{words}: {document}")
        claim(document["error"]["message"] and document["error"]["kind"] in ("invalid", "not-found"), f"{words}: {document}")
    mistaken = os.path.join(pipeline.folder, "mistaken.yaml")
    with open(mistaken, "w", encoding="utf-8") as file:
        file.write("version: 2\nnodes: []\ncolour: red\n")
    document = pipeline.run_json("check", mistaken, code=2)
    claim(len(document["diagnostics"]) >= 4, f"{document}")
    for one in document["diagnostics"]:
        claim(set(one) == {"severity", "file", "line", "column", "message", "hint"} and one["line"] > 0, f"{one}")


def test(sealane, tools):
    del tools
    table = documented()
    claim(commands_of(sealane) - WITHOUT_DOCUMENT == {c for c in table if c == c.lower()}, f"documented {sorted(table)}, there are {sorted(commands_of(sealane))}")
    done = set()

    def run(command, *words):
        # `seal FOLDER` is the document that `seal` writes of a folder.
        hold(table, command, pipeline.run_json(*[word for word in command.split() if word == word.lower()], *words))
        done.add(command)

    pipeline = Pipeline(sealane)
    try:
        at = ["--pipeline", pipeline.file]
        run("init", os.path.join(pipeline.folder, "another"))
        run("ca init", *at)
        run("ca issue", *at, "--node", "edge", "--dns", "edge.example")
        run("check", pipeline.file)
        infrastructure = os.path.join(pipeline.folder, "stack.json")
        with open(infrastructure, "w", encoding="utf-8") as stack:
            stack.write(STACK)
        run("check INPUT", infrastructure)
        with open(os.path.join(pipeline.home, "devices.csv"), "a", encoding="utf-8") as things:
            things.write("seattle,\n")
        run("device add", *at, "device-1", "--generate")
        run("device add", *at, "seattle", "--generate")
        run("device renew", *at, "seattle", "--generate")
        run("device set", *at, "seattle", "--type", "station", "--group", "roof", "--attribute", "site=north")
        run("device list", *at)
        run("ca crl", *at)
        run("ca renew", *at, "--node", "lake")
        access_keys(run, pipeline, at)
        run("key list", *at)
        run("key export", *at, "training", "--out", os.path.join(pipeline.folder, "training.key"))
        run("key create", *at, "photos", "--rotate", "90d")
        for verb in ("rotate", "disable", "enable"):
            run(f"key {verb}", *at, "photos")
        public = os.path.join(pipeline.folder, "recovery.pem")
        subprocess.run(["openssl", "genrsa", "-out", f"{public}.key", "2048"], check=True, capture_output=True, timeout=WAIT_S)
        subprocess.run(["openssl", "pkey", "-in", f"{public}.key", "-pubout", "-out", public], check=True, timeout=WAIT_S)
        run("key export-recovery", *at, "photos", "--public-key", public)
        run("key destroy", *at, "photos")
        run("key cancel-destroy", *at, "photos")
        run("key restore", *at)
        sealed = os.path.join(pipeline.folder, "sealed")
        run("seal", "--rsa-public-key", public, "--context", "n=1", pipeline.file, sealed)
        run("inspect", sealed)
        run("unseal", "--rsa-private-key", f"{public}.key", sealed, os.path.join(pipeline.folder, "opened"))
        edge_ring = ["--keyring", os.path.join(pipeline.state, "nodes", "edge")]
        folder = os.path.join(pipeline.folder, "folder.sealed")
        run("seal FOLDER", *edge_ring, "--key", "training", os.path.join(pipeline.folder, "another"), folder)
        run("inspect FOLDER", folder)
        run("unseal FOLDER", *edge_ring, folder, os.path.join(pipeline.folder, "folder"))
        run("key manifest", *at, "--out", os.path.join(pipeline.folder, "manifest.pub"))
        lake = pipeline.lake()
        edge = pipeline.edge(lake.port())
        edge.port()
        run("dataset read", *at, "--as", "trainer", "--peer", f"lake=127.0.0.1:{lake.port()}")
        run("status", pipeline.file)
        run("reload", pipeline.file)
        run("device why", *at, "seattle")
        edge.stop()
        lake.stop()
        run("stream export", *at, "--out", os.path.join(pipeline.folder, "entries"))
        sealed = os.path.join(pipeline.folder, "sealed.esdk")
        with open(VECTORS, encoding="utf-8") as vectors, open(sealed, "wb") as message:
            message.write(base64.b64decode(json.load(vectors)["messages"][-1]["message"]))
        run("inspect", sealed)
        run("stream repair", *at)
        run("device revoke", *at, "seattle")
        example = os.path.join(EXAMPLES, "aws-iot-policy")
        run("policy eval", "--policy", os.path.join(example, "policy.json"), "--request", os.path.join(example, "over-tls.json"))
        run("policy lint", os.path.join(example, "policy.json"))
        run("ca revoke", *at, "--node", "trainer")
        mistaken = os.path.join(pipeline.folder, "bucket.json")
        with open(mistaken, "w", encoding="utf-8") as policy:
            policy.write(OPEN_BUCKET)
        hold(table, "prove", pipeline.run_json("prove", mistaken, code=1))
        done.add("prove")
        for command in ("completion", "man", "version"):
            run(command)
        wrong_words(pipeline)
    finally:
        pipeline.close()
    claim(done == set(table) - HELD_ELSEWHERE, f"not run: {set(table) - HELD_ELSEWHERE - done}")


if __name__ == "__main__":
    main(test)
