# SPDX-License-Identifier: Apache-2.0
"""What a running node reads is renewed while it runs, whole or not at all, and nobody notices.

Claims: while devices publish without a pause, the certificates of edge and lake, an additional CA, its revocation
list, the policies and the things file are renewed, by the watch, by SIGHUP and by `reload`, and not one
publish fails; handshakes after `reload` has returned see the new certificate; a file that is broken changes
nothing: `reload` fails and names it, `reload-failed` is logged, the generation stays, and the load goes on; a
revocation list of our own CA that is past its nextUpdate keeps new connections out and leaves the open ones; one that
lists a device ends its connection.
"""

import datetime
import hashlib
import os
import signal
import subprocess

from harness import WAIT_S, Failure, Pipeline, claim, main
from mqtt_client import Device, context_of, is_refused

CONNECTIONS = 8


def openssl(*words, cwd):
    done = subprocess.run(["openssl", *words], capture_output=True, text=True, timeout=WAIT_S, cwd=cwd, check=False)
    claim(done.returncode == 0, f"openssl {words[0]}: {done.stderr}")


class Authority:
    """A CA's files, and the lists that it signs."""

    def __init__(self, folder, cert, key, password=()):
        self.folder, self.cert, self.key, self.password = folder, cert, key, list(password)
        os.makedirs(folder, exist_ok=True)
        with open(os.path.join(folder, "crl.cnf"), "w", encoding="utf-8") as config:
            config.write("[ca]\ndefault_ca=x\n[x]\ndatabase=index\ncrlnumber=number\ndefault_md=sha256\ncrl_extensions=e\n"
                         "unique_subject=no\n[e]\nauthorityKeyIdentifier=keyid\n")
        with open(os.path.join(folder, "number"), "w", encoding="utf-8") as number:
            number.write("01\n")
        with open(os.path.join(folder, "index"), "w", encoding="utf-8"):
            pass

    @staticmethod
    def make(folder, name):
        os.makedirs(folder)
        openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", "ca.key", "-out", "ca.pem",
                "-subj", f"/CN={name}", "-days", "30", "-addext", "keyUsage=critical,keyCertSign,cRLSign", cwd=folder)
        return Authority(folder, os.path.join(folder, "ca.pem"), os.path.join(folder, "ca.key"))

    def revoke(self, certificate):
        openssl("ca", "-config", "crl.cnf", "-cert", self.cert, "-keyfile", self.key, *self.password, "-revoke", certificate, cwd=self.folder)

    def crl(self, begins, ends):
        now = datetime.datetime.now(datetime.timezone.utc)
        form = "%Y%m%d%H%M%SZ"
        out = os.path.join(self.folder, "list.pem")
        openssl("ca", "-gencrl", "-config", "crl.cnf", "-cert", self.cert, "-keyfile", self.key, *self.password, "-out", out,
                "-crl_lastupdate", (now + datetime.timedelta(minutes=begins)).strftime(form),
                "-crl_nextupdate", (now + datetime.timedelta(minutes=ends)).strftime(form), cwd=self.folder)
        with open(out, "rb") as file:
            return file.read()


def replace(path, data):
    with open(path + ".new", "wb") as file:
        file.write(data)
    os.chmod(path + ".new", 0o644)
    os.replace(path + ".new", path)


def read(path):
    with open(path, "rb") as file:
        return file.read()


class Load:
    """Publishes without a pause; ends with an error at the first connection that ends."""

    def __init__(self, tools, pipeline, port):
        self.process = subprocess.Popen(
            [os.path.join(tools, "mqtt_load"), "--port", str(port), "--ca", f"{pipeline.state}/trust/ca.pem",
             "--cert", pipeline.state + "/devices/{name}/cert.pem", "--key", pipeline.state + "/devices/{name}/key.pem",
             "--connections", str(CONNECTIONS), "--in-flight", "2", "--topic", "devices/{name}/data", "--bytes", "100",
             "--seconds", "600", "--warmup", "0", "--give-up", str(int(WAIT_S))],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def goes_on(self, when):
        if self.process.poll() is not None:
            raise Failure(f"the load ended {when}:\n{self.process.stderr.read()}")

    def stop(self):
        self.process.kill()
        self.process.communicate()


def status(pipeline, node):
    found = [one for one in pipeline.run_json("status", pipeline.file, "--node", node)["nodes"] if one["state"] == "running"]
    claim(len(found) == 1, f"{node} does not run")
    return found[0]["status"]


def renew(pipeline, node, changed, by, edge, load):
    """Reloads and returns when the new generation is in use on every thread."""
    before = by.events("reloaded")
    if edge is None:
        pipeline.run_json("reload", pipeline.file, "--node", node)
    elif edge == "SIGHUP":
        by.process.send_signal(signal.SIGHUP)
    by.wait_for("reloaded", lambda event: event not in before and changed in event["changed"].split(","))
    load.goes_on(f"when {changed} of {node} was renewed")


def renewals(pipeline, edge, lake, load, other, port):
    policy = os.path.join(pipeline.home, "policies", "device.json")
    first = status(pipeline, "edge")["generation"]
    pipeline.run("ca", "issue", "--pipeline", pipeline.file, "--node", "edge")
    renew(pipeline, "edge", "certificate", edge, None, load)
    context = context_of(pipeline.state, "load-1-watch")
    device = Device(context, port, "load-1-watch")
    seen = hashlib.sha256(device.tls.getpeercert(binary_form=True)).hexdigest()
    claim(seen == status(pipeline, "edge")["certificate"]["sha256"], "the handshake saw another certificate")
    device.close()
    pipeline.run("ca", "issue", "--pipeline", pipeline.file, "--node", "lake")
    renew(pipeline, "lake", "certificate", lake, "SIGHUP", load)
    replace(policy, read(policy) + b"\n")
    renew(pipeline, "edge", "policies", edge, "watch", load)
    with open(os.path.join(pipeline.home, "devices.csv"), "a", encoding="utf-8") as things:
        things.write("one-more,\n")
    renew(pipeline, "edge", "things", edge, "SIGHUP", load)
    replace(os.path.join(pipeline.home, "other.crl"), other.crl(-2, 60))
    renew(pipeline, "edge", "revocation-lists", edge, "watch", load)
    second = Authority.make(os.path.join(pipeline.folder, "second"), "Second CA")
    # Either file alone does not fit the other: both are read when they have settled, or on request.
    replace(os.path.join(pipeline.home, "other.crl"), second.crl(-1, 60))
    replace(os.path.join(pipeline.home, "other.pem"), read(second.cert))
    renew(pipeline, "edge", "trust", edge, "SIGHUP", load)
    claim(status(pipeline, "edge")["generation"] >= first + 5, f"{status(pipeline, 'edge')}")
    stored = len(edge.events("bundle-stored"))
    edge.wait_for("bundle-stored", lambda event: event not in edge.events("bundle-stored")[:stored])
    load.goes_on("in the renewals")


def broken(pipeline, edge, load):
    home, state = pipeline.home, pipeline.state
    wrong = {
        os.path.join(home, "policies", "device.json"): b'{ "Version": "2012-10-17", "Statement": [ { "Effect": "Alow" } ] }',
        os.path.join(home, "devices.csv"): b"thing\nx\n",
        os.path.join(home, "other.pem"): b"nothing\n",
        os.path.join(home, "other.crl"): read(os.path.join(home, "other.crl"))[:200],
        os.path.join(state, "trust", "ca.pem"): read(os.path.join(home, "other.pem")),
        os.path.join(state, "nodes", "edge", "cert.pem"): read(os.path.join(state, "nodes", "lake", "cert.pem")),
    }
    before = status(pipeline, "edge")["generation"]
    for path, data in wrong.items():
        good = read(path)
        failures = len(edge.events("reload-failed"))
        replace(path, data)
        error = pipeline.run_json("reload", pipeline.file, "--node", "edge", code=3)["error"]
        name = os.path.basename(path)
        # The certificate of the node must fit the CA: whichever of the two is named.
        claim(name in error["message"] or name == "ca.pem", f"{path}: {error}")
        claim(len(edge.events("reload-failed")) > failures, "no reload-failed was logged")
        claim(status(pipeline, "edge")["generation"] == before, f"{path} changed the generation")
        claim(status(pipeline, "edge")["reload_failure"] is not None, f"{path}: the status does not say so")
        load.goes_on(f"with a broken {path}")
        replace(path, good)
        pipeline.run_json("reload", pipeline.file, "--node", "edge")
    claim(status(pipeline, "edge")["generation"] == before, "the good files were not the same")
    claim(status(pipeline, "edge")["reload_failure"] is None, "the failure stays")


def own_list(pipeline, edge, load, port):
    own = Authority(os.path.join(pipeline.folder, "own"), os.path.join(pipeline.state, "ca", "ca.pem"),
                    os.path.join(pipeline.state, "ca", "ca.key"), ["-passin", f"file:{pipeline.state}/ca/unlock.key"])
    path = os.path.join(pipeline.state, "trust", "ca.crl")
    pipeline.add_things(["listed"])
    pipeline.run_json("reload", pipeline.file)
    context = context_of(pipeline.state, "listed")
    device = Device(context, port, "listed")
    replace(path, own.crl(-60, -1))
    pipeline.run_json("reload", pipeline.file)
    claim(is_refused(context, port, "listed"), "a stale list lets new connections in")
    device.publish("devices/listed/data")
    load.goes_on("with a stale list")
    edge.wait_for("revocation-list-expired")
    lists = [a["revocation_list"]["state"] for a in status(pipeline, "edge")["authorities"] if a["own"]]
    claim(lists == ["expired"], f"{lists}")
    replace(path, own.crl(-60, 30))
    pipeline.run_json("reload", pipeline.file)
    edge.wait_for("revocation-list-due")
    Device(context, port, "listed").close()
    device = Device(context, port, "listed")
    own.revoke(f"{pipeline.state}/devices/listed/cert.pem")
    replace(path, own.crl(-1, 60))
    pipeline.run_json("reload", pipeline.file)
    claim(device.ended_already(), "a listed device is still connected")
    claim(is_refused(context, port, "listed"), "a listed device connects")
    why = pipeline.run_json("device", "why", "--pipeline", pipeline.file, "listed")["refusals"]
    claim({"stale-crl", "revoked"} <= {one["reason"] for one in why}, f"{why}")
    load.goes_on("with a list")


def test(sealane, tools):
    pipeline = Pipeline(sealane)
    load = None
    try:
        other = Authority.make(os.path.join(pipeline.folder, "first"), "First CA")
        replace(os.path.join(pipeline.home, "other.pem"), read(other.cert))
        replace(os.path.join(pipeline.home, "other.crl"), other.crl(-1, 60))
        with open(pipeline.file, "a", encoding="utf-8") as file:
            file.write("\ntrust: { authorities: [ { ca: other.pem, crl: other.crl } ] }\n")
        pipeline.add_things([f"load-{i + 1}" for i in range(CONNECTIONS)] + ["load-1-watch"])
        lake = pipeline.lake()
        edge = pipeline.edge(lake.port())
        port = edge.port()
        load = Load(tools, pipeline, port)
        edge.wait_for("connection-open", lambda event: event["identity"].endswith(f"/load-{CONNECTIONS}"))
        renewals(pipeline, edge, lake, load, other, port)
        broken(pipeline, edge, load)
        own_list(pipeline, edge, load, port)
        claim(not [e for e in edge.events("connection-closed") if "/load-" in e["identity"] and "watch" not in e["identity"]],
              "a connection of the load ended")
        load.goes_on("at the end")
        load.stop()
        claim(edge.stop() == 0, "the edge did not end well")
        claim(lake.stop() == 0, "the lake did not end well")
        print(f"{len(edge.events('reloaded'))} reloads, {len(edge.events('reload-failed'))} refused")
    finally:
        if load is not None:
            load.stop()
        pipeline.close()


if __name__ == "__main__":
    main(test)
