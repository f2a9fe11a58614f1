# SPDX-License-Identifier: Apache-2.0
"""What was revoked, has expired or is no longer allowed is not served, and everybody else is.

Claims, in this order and none by time: when `device revoke` has returned, the device's connection is at its
end, and neither a handshake, a resumed handshake, CONNECT nor publish of it is served, while the others'
publishes are acknowledged without an exception; a gateway that does not answer makes the command fail with exit
code 3 and its name, with the revocation in the registry, and acts on it when it goes on; a certificate that ends
ends its connection; a policy that no longer allows iot:Connect ends the connection when `reload` has returned;
none of the three can resume; `device why` says why.
"""

import datetime
import hashlib
import os
import signal
import sqlite3
import ssl
import subprocess
import threading

from harness import WAIT_S, Pipeline, claim, main
from mqtt_client import Device, Refused, context_of, is_refused

OTHERS = 4


class Publisher(threading.Thread):
    """A device that publishes until it is told to stop, or fails."""

    def __init__(self, device):
        super().__init__()
        self.device = device
        self.stopping = threading.Event()
        self.failure = None

    def run(self):
        try:
            while not self.stopping.is_set():
                self.device.publish(f"devices/{self.device.thing}/data")
        except Refused as refused:
            self.failure = str(refused)

    def wait_for(self, acknowledged):
        for _ in range(int(WAIT_S * 1000)):
            if self.failure or self.device.acknowledged >= acknowledged:
                return
            self.stopping.wait(0.001)
        claim(False, f"{self.device.thing} got no {acknowledged} acknowledgements")

    def stop(self):
        self.stopping.set()
        self.join(WAIT_S)


def add(pipeline, things):
    """Registers them; running nodes know them when it returns."""
    pipeline.add_things(things)
    pipeline.run_json("reload", pipeline.file)


def topic(thing):
    return f"devices/{thing}/data"


def session_of(context, port, thing):
    """A session that resumes now."""
    first = Device(context, port, thing)
    first.publish(topic(thing))
    session = first.session()
    first.close()
    again = Device(context, port, thing, session)
    claim(again.resumed, f"{thing} did not resume")
    again.publish(topic(thing))
    session = again.session()
    again.close()
    return session


def refused_everywhere(context, port, thing, session):
    claim(is_refused(context, port, thing), f"{thing} connects again")
    claim(is_refused(context, port, thing, session), f"{thing} resumes")


def reasons(pipeline, thing):
    return [one["reason"] for one in pipeline.run_json("device", "why", "--pipeline", pipeline.file, thing)["refusals"]]


def revoked_under_load(pipeline, edge, port):
    names = [f"other-{i + 1}" for i in range(OTHERS)]
    add(pipeline, ["victim", *names])
    context = context_of(pipeline.state, "victim")
    session = session_of(context, port, "victim")
    others = [Publisher(Device(context_of(pipeline.state, name), port, name)) for name in names]
    victim = Device(context, port, "victim")
    busy = Publisher(victim)
    for publisher in [*others, busy]:
        publisher.start()
    for publisher in [*others, busy]:
        publisher.wait_for(20)
    answer = pipeline.run_json("device", "revoke", "--pipeline", pipeline.file, "victim")
    at_return = [publisher.device.acknowledged for publisher in others]
    refused_everywhere(context, port, "victim", session)
    busy.join(WAIT_S)
    claim(busy.failure is not None, "the victim's publishes go on")
    claim([node["node"] for node in answer["confirmed"]] == ["edge"] and answer["not_running"] == [], f"{answer}")
    # Its connection and the sessions that began it.
    claim(answer["confirmed"][0]["connections_closed"] == 1, f"{answer}")
    claim(answer["confirmed"][0]["sessions_erased"] >= 1, f"{answer}")
    closed = edge.wait_for("connection-closed", lambda e: e["reason"].startswith("revoked"))
    claim(closed["identity"].endswith("/device/victim"), f"{closed}")
    for publisher, before in zip(others, at_return):
        publisher.wait_for(before + 20)
        publisher.stop()
        claim(publisher.failure is None, f"{publisher.device.thing}: {publisher.failure}")
        publisher.device.close()
    claim("revoked" in reasons(pipeline, "victim"), f"{reasons(pipeline, 'victim')}")
    print(f"revoked in {answer['confirmed'][0]['milliseconds']} ms")


def silent_gateway(pipeline, edge, port):
    add(pipeline, ["quiet"])
    context = context_of(pipeline.state, "quiet")
    device = Device(context, port, "quiet")
    device.publish(topic("quiet"))
    edge.process.send_signal(signal.SIGSTOP)
    try:
        error = pipeline.run_json("device", "revoke", "--pipeline", pipeline.file, "quiet", "--wait", "0.5", code=3)["error"]
    finally:
        edge.process.send_signal(signal.SIGCONT)
    claim("`edge`" in error["message"] and error["kind"] == "timeout", f"{error}")
    listed = pipeline.run_json("device", "list", "--pipeline", pipeline.file)["devices"]
    claim([d["state"] for d in listed if d["thing"] == "quiet"] == ["revoked"], f"{listed}")
    device.wait_for_end()
    # The same again: nothing to close any more, and everybody confirms.
    again = pipeline.run_json("device", "revoke", "--pipeline", pipeline.file, "quiet")
    claim([one["connections_closed"] for one in again["confirmed"]] == [0], f"{again}\n{edge.text()}")
    claim(is_refused(context, port, "quiet"), "quiet connects again")


def issue_short(pipeline, thing, seconds):
    """A certificate of the pipeline's CA that ends soon, registered; its folder."""
    folder = os.path.join(pipeline.folder, thing)
    os.mkdir(folder)
    ca = os.path.join(pipeline.state, "ca")

    def openssl(*words):
        done = subprocess.run(["openssl", *words], capture_output=True, text=True, timeout=WAIT_S, cwd=folder, check=False)
        claim(done.returncode == 0, f"openssl {words[0]}: {done.stderr}")

    openssl("req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", "key.pem",
            "-out", "csr.pem", "-subj", f"/CN={thing}")
    with open(os.path.join(folder, "ca.cnf"), "w", encoding="utf-8") as config:
        config.write("[ca]\ndefault_ca=x\n[x]\ndatabase=index\nnew_certs_dir=.\nrand_serial=yes\ndefault_md=sha256\npolicy=any\n"
                     "x509_extensions=leaf\nunique_subject=no\n[any]\ncommonName=supplied\n[leaf]\nbasicConstraints=critical,CA:FALSE\n"
                     "keyUsage=critical,digitalSignature\nextendedKeyUsage=clientAuth\nauthorityKeyIdentifier=keyid\n"
                     f"subjectAltName=URI:spiffe://pipeline/device/{thing}\n")
    with open(os.path.join(folder, "index"), "w", encoding="utf-8"):
        pass
    now = datetime.datetime.now(datetime.timezone.utc)
    form = "%Y%m%d%H%M%SZ"
    openssl("ca", "-batch", "-config", "ca.cnf", "-cert", f"{ca}/ca.pem", "-keyfile", f"{ca}/ca.key", "-passin",
            f"file:{ca}/unlock.key", "-in", "csr.pem", "-out", "cert.pem", "-notext",
            "-startdate", (now - datetime.timedelta(minutes=5)).strftime(form),
            "-enddate", (now + datetime.timedelta(seconds=seconds)).strftime(form))
    with open(os.path.join(folder, "cert.pem"), encoding="utf-8") as pem:
        der = ssl.PEM_cert_to_DER_cert(pem.read())
    sha256 = hashlib.sha256(der).hexdigest()
    # A certificate that `device add` issues lives longer: this one takes the place of its entry.
    pipeline.add_things([thing])
    with sqlite3.connect(os.path.join(pipeline.state, "registry.db")) as registry:
        changed = registry.execute("UPDATE certificate SET sha256 = ? WHERE thing = ?", (sha256, thing)).rowcount
        registry.execute("UPDATE registry SET generation = generation + 1")
    claim(changed == 1, "the short certificate was not registered")
    return folder


def expires(pipeline, edge, port):
    folder = issue_short(pipeline, "short", 15)
    pipeline.run_json("reload", pipeline.file)
    context = context_of(pipeline.state, "short", folder)
    session = session_of(context, port, "short")
    device = Device(context, port, "short", session)
    device.publish(topic("short"))
    device.wait_for_end()
    closed = edge.wait_for("connection-closed", lambda e: "short" in e["identity"] and "expired" in e["reason"])
    claim(closed["time"], f"{closed}")
    refused_everywhere(context, port, "short", session)
    claim("expired" in reasons(pipeline, "short"), f"{reasons(pipeline, 'short')}")


def policy_changes(pipeline, edge, port):
    add(pipeline, ["left", "right"])
    context = context_of(pipeline.state, "left")
    session = session_of(context, port, "left")
    left = Device(context, port, "left")
    right = Device(context_of(pipeline.state, "right"), port, "right")
    policy = os.path.join(pipeline.home, "policies", "device.json")
    with open(policy, encoding="utf-8") as file:
        text = file.read()
    deny = '"Statement": [ { "Sid": "NotLeft", "Effect": "Deny", "Action": "iot:Connect", "Resource": "arn:aws:iot:*:*:client/left" },'
    with open(policy + ".new", "w", encoding="utf-8") as file:
        file.write(text.replace('"Statement": [', deny, 1))
    os.chmod(policy + ".new", 0o644)
    os.replace(policy + ".new", policy)
    answer = pipeline.run_json("reload", pipeline.file, "--node", "edge")
    # The watch may have been first; then the request finds nothing new, and waits for it all the same.
    claim(answer["confirmed"][0]["generation"] > 1, f"{answer}")
    claim(left.ended_already(), "left is still connected")
    refused_everywhere(context, port, "left", session)
    right.publish(topic("right"))
    right.close()
    edge.wait_for("connection-closed", lambda e: e["identity"].endswith("/left") and e["reason"].startswith("policy"))
    why = pipeline.run_json("device", "why", "--pipeline", pipeline.file, "left", "--last", "1")["refusals"]
    claim(why[0]["action"] == "iot:Connect" and why[0]["statement"] == {"document": 0, "statement": 0}, f"{why}")
    with open(policy + ".new", "w", encoding="utf-8") as file:
        file.write(text)
    os.chmod(policy + ".new", 0o644)
    os.replace(policy + ".new", policy)
    pipeline.run_json("reload", pipeline.file, "--node", "edge")
    Device(context, port, "left").close()


def not_running(pipeline):
    pipeline.add_things(["late"])
    answer = pipeline.run_json("device", "revoke", "--pipeline", pipeline.file, "late")
    claim(answer["confirmed"] == [] and answer["not_running"] == ["edge"], f"{answer}")


def test(sealane, tools):
    del tools
    pipeline = Pipeline(sealane)
    try:
        lake = pipeline.lake()
        lake_port = lake.port()
        edge = pipeline.edge(lake_port)
        port = edge.port()
        revoked_under_load(pipeline, edge, port)
        silent_gateway(pipeline, edge, port)
        expires(pipeline, edge, port)
        policy_changes(pipeline, edge, port)
        claim(edge.stop() == 0, "the edge did not end well")
        not_running(pipeline)
        # A gateway that is killed leaves its socket behind, and is not taken for a running one.
        edge = pipeline.edge(lake_port)
        edge.port()
        edge.kill()
        pipeline.add_things(["later"])
        answer = pipeline.run_json("device", "revoke", "--pipeline", pipeline.file, "later")
        claim(answer["not_running"] == ["edge"], f"{answer}")
        claim(lake.stop() == 0, "the lake did not end well")
    finally:
        pipeline.close()


if __name__ == "__main__":
    main(test)
