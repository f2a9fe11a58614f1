#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs Sealane against other people's programs (script/test --interop).

  run.py [--server NAME] [--java] [--list] [PART_OF_A_TEST'S_NAME]...

Clients are downloaded into build/interop once.  Mosquitto is tested the same way as the edge: what
fails there fails because of the harness, not because of the edge.  The last line counts.
"""
import argparse
import base64
import contextlib
import json
import os
import pathlib
import re
import socket
import ssl
import subprocess
import sys
import time
import traceback
import xml.etree.ElementTree

sys.dont_write_bytecode = True

import clients
import esdk_matrix
import resumption
import servers
from clients import CLIENTS, TOOLS, publish, subscribe
from servers import ROOT, SEALANE

HERE = pathlib.Path(__file__).resolve().parent
PYTHON_PACKAGES = ["paho-mqtt==2.*", "aws-encryption-sdk==4.*", "jsonschema==4.*", "PyYAML==6.*", "cryptography"]
NODE_PACKAGES = ["mqtt@5", "@aws-crypto/client-node@5"]
STATIONS = ["alpha", "beta", "alpha" + servers.WATCH, "beta" + servers.WATCH]


# --- tools ----------------------------------------------------------------------------------------

def install_tools():
    TOOLS.mkdir(parents=True, exist_ok=True)
    stamp, wanted = TOOLS / "installed", "\n".join(PYTHON_PACKAGES + NODE_PACKAGES)
    if stamp.exists() and stamp.read_text() == wanted:
        return
    print("installing clients into build/interop", flush=True)
    # The system's Python, so that a different one first in PATH does not decide what is tested.
    subprocess.run(["/usr/bin/python3", "-m", "venv", "--clear", TOOLS / "venv"], check=True)
    subprocess.run([clients.PYTHON, "-m", "pip", "install", "--quiet", *PYTHON_PACKAGES], check=True)
    subprocess.run(["npm", "install", "--silent", "--no-fund", "--no-audit", "--no-package-lock", "--prefix",
                    TOOLS / "node", *NODE_PACKAGES], check=True)
    stamp.write_text(wanted)


def check(condition, message):
    if not condition:
        raise AssertionError(message)


def topic_of(station):
    return f"stations/{station}/observations"


# --- tests of a broker: each takes a running Server -------------------------------------------------

def one_message(server, publisher, subscriber, qos):
    """A station sees on its own topic what it published itself, once, through another connection."""
    with subscribe(subscriber, server, "alpha", topic_of("alpha"), qos) as inbox:
        check(inbox is not None, "the subscription was refused")
        payload = f"{publisher} to {subscriber} at QoS {qos}"
        check(publish(publisher, server, "alpha", topic_of("alpha"), qos, payload), "the publish was refused")
        got = inbox.next()
        check(got == payload, f"sent `{payload}`, got `{got}`")


def wrong_topic(server, publisher, qos):
    """What alpha publishes to beta's topic never reaches beta; what beta publishes then does."""
    with subscribe("paho", server, "beta", topic_of("beta"), 1) as inbox:
        check(inbox is not None, "the subscription was refused")
        with contextlib.suppress(subprocess.TimeoutExpired):
            publish(publisher, server, "alpha", topic_of("beta"), qos, "forged")
        check(publish("paho", server, "beta", topic_of("beta"), 1, "real"), "the honest publish was refused")
        got = inbox.next()
        check(got == "real", f"wanted `real`, got `{got}`")


def wrong_subscription(server, client):
    """alpha gets nothing that is published on beta's topic."""
    with subscribe(client, server, "alpha", topic_of("beta"), 1) as inbox:
        check(publish("paho", server, "beta", topic_of("beta"), 1, "secret"), "the honest publish was refused")
        if inbox is None:
            return
        got = inbox.next(seconds=0.5)
        check(got is None, f"alpha read `{got}`")


def connack(server, version=ssl.TLSVersion.TLSv1_3, certificate=True, encrypted=True):
    """Whether a CONNECT of alpha over such a connection is accepted.  Python's own TLS, bytes by hand."""
    tls = server.identity("alpha")
    context = ssl.create_default_context(cafile=tls["ca"])
    context.minimum_version = context.maximum_version = version
    if certificate:
        context.load_cert_chain(tls["cert"], tls["key"])
    body = b"\x00\x04MQTT\x04\x02\x00\x3c\x00\x05alpha"
    try:
        with socket.create_connection((clients.HOST, server.port), 10) as raw:
            with (context.wrap_socket(raw, server_hostname="localhost") if encrypted else raw) as wire:
                wire.sendall(bytes([0x10, len(body)]) + body)
                return wire.recv(4) == b"\x20\x02\x00\x00"
    except OSError:  # ssl.SSLError is one
        return False


def transport(server):
    """Plaintext, no certificate and TLS 1.2 are refused; the same client with the one defect repaired is not."""
    check(not connack(server, encrypted=False), "plaintext was accepted")
    check(not connack(server, certificate=False), "no certificate was accepted")
    check(not connack(server, version=ssl.TLSVersion.TLSv1_2), "TLS 1.2 was accepted")
    check(connack(server), "the repaired client was refused")


def resumes(server, reuses):
    """Every connection that offers a session resumes it, and the listener's log says so."""
    before = resumption.resumed_in_log(server)
    count = reuses()
    check(count == resumption.ROUNDS, f"reused {count}/{resumption.ROUNDS}")
    logged = resumption.resumed_in_log(server) - before
    check(logged == count, f"the log has {logged} resumed connections of {count}")


def openssl_resumes(server):
    with servers.scratch() as folder:
        resumes(server, lambda: resumption.openssl_reuses(server, "alpha", folder))


def resumption_tests(server):
    for newest in (True, False):
        for farewell in (True, False):
            yield (f"Python's ssl resumes with the {'newest' if newest else 'first'} session, "
                   f"{'after a farewell' if farewell else 'after the transport just ended'}",
                   lambda n=newest, f=farewell: resumes(server, lambda: resumption.python_reuses(server, "alpha", n, f)))
    yield "openssl s_client resumes with -sess_in", lambda: openssl_resumes(server)


def broker_tests(server):
    for publisher in CLIENTS:
        for subscriber in CLIENTS:
            for qos in (0, 1):
                yield (f"{publisher} publishes, {subscriber} subscribes, QoS {qos}",
                       lambda p=publisher, s=subscriber, q=qos: one_message(server, p, s, q))
        for qos in (0, 1):
            yield f"{publisher} on another station's topic, QoS {qos}", lambda p=publisher, q=qos: wrong_topic(server, p, q)
        yield f"{publisher} subscribes to another station's topic", lambda p=publisher: wrong_subscription(server, p)
    yield "plaintext, no certificate and TLS 1.2 are refused", lambda: transport(server)
    if server.name == "edge":
        yield from resumption_tests(server)


# --- tests without a broker -------------------------------------------------------------------------

def python_says(*arguments):
    """(exit status, what it printed) of a script under the interop tests' own Python."""
    done = subprocess.run([str(clients.PYTHON), *map(str, arguments)], capture_output=True, text=True, timeout=600)
    return done.returncode, (done.stdout + done.stderr).strip()[-1500:]


def python(*arguments):
    status, said = python_says(*arguments)
    check(status == 0, said)


def sdk_opens():
    """Given the raw key alone, the SDK opens every bundle in the lake and every exported journal entry."""
    with servers.scratch() as folder:
        with servers.start_edge(folder / "edge", STATIONS) as server:
            for number in range(5):
                check(publish("mosquitto", server, "alpha", topic_of("alpha"), 1, f"record {number}"), "a publish was refused")
            bundles = wait_for_files(server.pipeline.parent / ".sealane/nodes/lake/objects", "*.tar.esdk")
        # The journal is exported after the edge has stopped: it belongs to one process.
        servers.run(SEALANE, "stream", "export", "--pipeline", server.pipeline, "--out", folder / "entries")
        entries = sorted((folder / "entries").iterdir())
        check(entries, "no journal entry was exported")
        for key, files in (("training", bundles), ("journal", entries)):
            exported = json.loads(servers.run(SEALANE, "key", "export", "--pipeline", server.pipeline, key, "--out", folder / f"{key}.key",
                                              "--format", "json"))
            python(HERE / "esdk_python.py", "--key-file", exported["file"], "--name", exported["name"], *files)


def sdk_opens_folder():
    """Given the raw key alone, the SDK opens the bundles of a sealed folder, and tar restores what was in it."""
    with servers.scratch() as folder:
        (folder / "in/deep").mkdir(parents=True)
        (folder / "in/deep" / ("n" * 150)).write_bytes(os.urandom(70_000))
        (folder / "in/empty").touch()
        (folder / "in/large").write_bytes(os.urandom(3 << 20))
        (folder / "in/z").write_text("last")
        os.utime(folder / "in/z", (1_000_000_000, 1_000_000_000))
        (folder / "in/z").chmod(0o640)
        ring = ("--keyring", folder / "keys")
        servers.run(SEALANE, "key", "create", "photos", *ring)
        servers.run(SEALANE, "seal", *ring, "--key", "photos", "--bundle-size", "1", folder / "in", folder / "sealed")
        exported = json.loads(servers.run(SEALANE, "key", "export", "photos", *ring, "--out", folder / "raw", "--format", "json"))
        bundles = sorted((folder / "sealed").glob("*/bundles/*"))
        check(len(bundles) >= 3, f"{len(bundles)} bundles")
        (folder / "opened").mkdir()
        (folder / "out").mkdir()
        python(HERE / "esdk_python.py", "--key-file", exported["file"], "--name", exported["name"], "--output-folder", folder / "opened", *bundles)
        for bundle in bundles:
            subprocess.run(["tar", "-x", "-p", "-f", folder / "opened" / bundle.name.removesuffix(".esdk"), "-C", folder / "out"], check=True)
        subprocess.run(["diff", "-r", folder / "in", folder / "out"], check=True)
        restored = (folder / "out/z").stat()
        check((restored.st_mode & 0o777, restored.st_mtime) == (0o640, 1_000_000_000), f"{restored}")
        # Whoever has that key rewrites a frame: the SDK sees nothing wrong, the manifest names it.
        key = ("--key-file", exported["file"], "--name", exported["name"])
        python(HERE / "rewrite_frame.py", *key, bundles[1])
        python(HERE / "esdk_python.py", *key, bundles[1])
        done = subprocess.run([SEALANE, "unseal", *ring, folder / "sealed", folder / "forged"], capture_output=True, text=True, timeout=60)
        check(done.returncode == 4 and bundles[1].name in done.stderr and "is foreign: it opens under the data set key" in done.stderr,
              f"exit {done.returncode}: {done.stderr}")
        check(not (folder / "forged").exists(), "a forged folder was written")


def wait_for_files(folder, pattern):
    end = time.monotonic() + 60
    while time.monotonic() < end:
        if found := sorted(folder.glob(pattern)):
            return found
        time.sleep(0.2)
    raise AssertionError(f"no file {pattern} came")


def first_use():
    """The README's block for a pipeline of one's own, as it stands there but for the two ports."""
    block = re.search(r"^## Your own pipeline\n+```sh\n(.*?)^```$", (ROOT / "README.md").read_text(), re.M | re.S)
    check(block, "the README has no block for a pipeline of one's own")
    ports = {"8883": str(servers.free_port()), "9443": str(servers.free_port())}
    lines = []
    for line in block.group(1).splitlines():
        lines.append(line.replace("8883", ports["8883"]))
        if line.startswith("sealane init"):
            lines.append("sed -i '" + ";".join(f"s/{a}/{b}/" for a, b in ports.items()) + "' pipeline.yaml")
    # Whatever was started in the background ends with the shell.
    script = "set -e\ntrap 'kill $(jobs -p); wait' EXIT\n" + "\n".join(lines)
    with servers.scratch("sealane-readme-") as folder:
        (folder / "build").symlink_to(ROOT / "build")
        done = subprocess.run(["bash", "-c", script], cwd=folder, capture_output=True, text=True, timeout=120)
        check(done.returncode == 0, f"exit {done.returncode}: {done.stdout[-600:]}{done.stderr[-1200:]}")
        records = [json.loads(line) for line in done.stdout.splitlines() if line.startswith('{"sequence"')]
        check([base64.b64decode(r["payload_base64"]) for r in records] == [b'{"celsius": 21.5}'], f"read {records}")
        check(records[0]["thing"] == "device-1", f"read {records}")


def demo_recount():
    with servers.scratch("sealane-kept-") as folder:
        kept, report = folder / "kept", folder / "demo.json"
        done = subprocess.run([SEALANE, "demo", "--format", "json", "--keep", kept], capture_output=True, text=True, timeout=300)
        check(done.returncode == 0, f"sealane demo: exit {done.returncode}: {done.stderr[-800:]}")
        report.write_text(done.stdout)
        python(HERE / "demo_recount.py", kept, report)
        # The recount must be able to fail: one marker in one more file.
        first = next(iter(sorted(kept.glob("markers/*.csv")))).read_text()[:32]
        (kept / "planted").write_text(f"id={base64.b64encode(b'?' + bytes.fromhex(first)).decode()}")
        status, said = python_says(HERE / "demo_recount.py", kept, report)
        check(status == 1 and "planted holds 1 markers" in said, f"a planted marker was not found: {said}")


def sarif_validates():
    shared = pathlib.Path(os.environ.get("SEALANE_SHARED", ROOT.parent / "shared"))
    schema = shared / "schemas/sarif-2.1.0/sarif-schema-2.1.0.json"
    with servers.scratch("sealane-sarif-") as folder:
        log = folder / "log.sarif"
        policies = sorted(ROOT.glob("examples/aws-iot-policy/*.json"))
        done = subprocess.run([SEALANE, "policy", "lint", *policies, "--format", "sarif"], capture_output=True, text=True, timeout=60)
        check(done.returncode in (0, 1, 2), f"exit {done.returncode}: {done.stderr[-800:]}")
        log.write_text(done.stdout)
        python(HERE / "sarif_check.py", schema, log)


def prove_validates():
    shared = pathlib.Path(os.environ.get("SEALANE_SHARED", ROOT.parent / "shared"))
    schema = shared / "schemas/sarif-2.1.0/sarif-schema-2.1.0.json"
    deny = {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Condition": {"Bool": {"aws:SecureTransport": "false"}}}
    policy = lambda resources: json.dumps({"Version": "2012-10-17", "Statement": [{**deny, "Resource": resources}]}, indent=1)
    with servers.scratch("sealane-prove-") as folder:
        log = folder / "log.sarif"
        (folder / "holds.json").write_text(policy(["arn:aws:s3:::b", "arn:aws:s3:::b/*"]))
        (folder / "list.json").write_text(f"[\n{policy(['arn:aws:s3:::b'])},\n{policy(['arn:aws:s3:::b/*'])}\n]")
        (folder / "broken.json").write_text("{")
        done = subprocess.run([SEALANE, "prove", folder, "--format", "sarif"], capture_output=True, text=True, timeout=120)
        check(done.returncode == 2, f"exit {done.returncode}: {done.stderr[-800:]}")
        log.write_text(done.stdout)
        python(HERE / "sarif_check.py", schema, log)
        found = [(one["ruleId"], pathlib.Path(at["artifactLocation"]["uri"]).name, at["region"]["startLine"])
                 for one in json.loads(done.stdout)["runs"][0]["results"] for at in [one["locations"][0]["physicalLocation"]]]
        wanted = [("bad-policy", "broken.json", 1), ("claim-holds", "holds.json", 4),
                  ("plaintext-not-denied", "list.json", 5), ("plaintext-not-denied", "list.json", 23)]
        check(sorted(found) == sorted(wanted), f"SARIF has {found}")


def check_validates():
    shared = pathlib.Path(os.environ.get("SEALANE_SHARED", ROOT.parent / "shared"))
    schema = shared / "schemas/sarif-2.1.0/sarif-schema-2.1.0.json"
    inputs = sorted(ROOT.glob("src/check/testdata/*/template.json"))
    with servers.scratch("sealane-check-") as folder:
        log, junit = folder / "log.sarif", folder / "junit.xml"
        done = subprocess.run([SEALANE, "check", *inputs, "--output", f"sarif={log}", "--output", f"junit={junit}", "--format", "json"],
                              capture_output=True, text=True, timeout=300)
        check(done.returncode == 1, f"exit {done.returncode}: {done.stderr[-800:]}")
        python(HERE / "sarif_check.py", schema, log)
        suite = xml.etree.ElementTree.parse(junit).getroot().find("testsuite")
        cases = suite.findall("testcase")
        counts = {kind: len(suite.findall(f"testcase/{kind}")) for kind in ("failure", "error", "skipped")}
        hops = json.loads(done.stdout)
        check(len(cases) == len(hops["hops"]) == int(suite.get("tests")), "JUnit has not a case for each hop")
        check(counts == {"failure": hops["summary"]["open"], "error": hops["summary"]["unknown"], "skipped": hops["summary"]["not_applicable"]},
              f"JUnit counts {counts}, JSON {hops['summary']}")


def other_tests(with_java):
    yield from esdk_matrix.tests(with_java)
    schema = ROOT / "schema/pipeline.schema.json"
    for pipeline in sorted(ROOT.glob("examples/*/pipeline.yaml")) if schema.exists() else []:
        yield (f"jsonschema accepts {pipeline.relative_to(ROOT)}",
               lambda p=pipeline: python(HERE / "schema_check.py", schema, p))
    yield "the AWS Encryption SDK for Python and tar open a sealed folder", sdk_opens_folder
    if servers.edge_available():
        yield "the AWS Encryption SDK for Python opens bundles and journal entries", sdk_opens
        yield "the README's first use works as it is written", first_use
    if (pathlib.Path(os.environ.get("SEALANE_SHARED", ROOT.parent / "shared")) / "schemas").is_dir() or os.environ.get("CI"):
        yield "jsonschema accepts the SARIF log of policy lint", sarif_validates
        yield "jsonschema accepts the SARIF log of prove, and its places are right", prove_validates
        yield "jsonschema accepts the SARIF log of check, and its JUnit counts are right", check_validates
    if servers.has_command("demo", "--keep"):
        yield "the demo's own count is right", demo_recount


# --- runner -----------------------------------------------------------------------------------------

class Runner:
    def __init__(self, words, only_list):
        self.words, self.only_list, self.passed, self.failed = words, only_list, 0, 0

    def wants(self, name):
        return not self.words or any(word in name for word in self.words)

    def run(self, name, test):
        if not self.wants(name):
            return
        if self.only_list:
            print(name)
            return
        start = time.monotonic()
        try:
            test()
        except AssertionError as problem:
            self.fail(name, problem)
        except Exception:  # a harness that breaks is a failed test, and the others still run
            self.fail(name, traceback.format_exc(limit=4))
        else:
            self.passed += 1
            print(f"ok      {name} ({time.monotonic() - start:.1f} s)", flush=True)

    def fail(self, name, why):
        self.failed += 1
        print(f"FAILED  {name}: {why}", flush=True)


def run_broker(runner, name):
    try:
        with servers.scratch() as folder, servers.SERVERS[name](folder / name, STATIONS) as server:
            for title, test in broker_tests(server):
                runner.run(f"{name}: {title}", test)
    except servers.CannotStart as problem:
        runner.fail(f"{name}: starts", problem)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("words", nargs="*")
    parser.add_argument("--server", choices=sorted(servers.SERVERS), action="append")
    parser.add_argument("--java", action="store_true", help="sealed messages also with the SDK for Java; needs a JDK and mvn")
    parser.add_argument("--list", action="store_true")
    args = parser.parse_args()
    if not args.list:
        install_tools()
        if args.java:
            esdk_matrix.install_java()
    runner = Runner(args.words, args.list)
    for name in args.server or ["mosquitto", "edge"]:
        if name == "edge" and not servers.edge_available():
            runner.fail("edge: starts", f"{SEALANE} has no command `run`; build it with script/build")
            continue
        run_broker(runner, name)
    if not args.server:
        for title, test in other_tests(args.java):
            runner.run(title, test)
    print(f"{runner.passed} passed, {runner.failed} failed")
    return 1 if runner.failed else 0


if __name__ == "__main__":
    sys.exit(main())
