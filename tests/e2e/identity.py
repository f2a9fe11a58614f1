# SPDX-License-Identifier: Apache-2.0
"""Certificates and revocation lists, with the openssl program on the other side.

Claims: a certificate issued for a request of openssl's is good for clients and for nothing else, by openssl's own
verification; a revoked one fails with our list and another does not; a batch is one change of the registry; what a CA
of somebody else issued is registered when its chain, dates, purpose, key and list allow it, and refused by name
otherwise, and connects as the thing that the registry says; a list that is missing, expired or somebody else's is
said by `check`.
"""

import json
import os
import socket
import ssl
import subprocess

from harness import Pipeline, WAIT_S, claim, main

CONFIG = """
[ca]
default_ca = d
[d]
database = index.txt
serial = serial
crlnumber = crlnumber
new_certs_dir = .
default_md = sha256
default_days = 30
default_crl_days = 30
policy = any
unique_subject = no
copy_extensions = none
[any]
commonName = supplied
[client]
extendedKeyUsage = clientAuth
[server]
extendedKeyUsage = serverAuth
[nothing]
keyUsage = digitalSignature
[ours]
extendedKeyUsage = clientAuth
subjectAltName = URI:spiffe://pipeline/node/edge
[posing]
extendedKeyUsage = clientAuth
subjectAltName = URI:spiffe://pipeline/device/device-1
[authority]
basicConstraints = critical,CA:TRUE
extendedKeyUsage = clientAuth
"""


def openssl(*words, folder, code=0):
    done = subprocess.run(["openssl", *words], cwd=folder, capture_output=True, text=True, timeout=WAIT_S,
                          stdin=subprocess.DEVNULL, check=False)
    claim(code is None or done.returncode == code, f"openssl {' '.join(words)}:\n{done.stdout}{done.stderr}")
    return done.stdout + done.stderr


class OpensslCa:
    """A CA of the openssl program in a folder of its own."""

    def __init__(self, folder, name):
        self.folder = os.path.join(folder, name)
        os.mkdir(self.folder)
        for file, text in (("config", CONFIG), ("index.txt", ""), ("serial", "1000"), ("crlnumber", "01")):
            with open(os.path.join(self.folder, file), "w", encoding="utf-8") as out:
                out.write(text)
        self.run("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "ca.key", "-out", "ca.pem", "-days", "365",
                 "-subj", f"/O=Acme/CN={name}", "-addext", "keyUsage=critical,keyCertSign,cRLSign")

    def run(self, *words, code=0):
        return openssl(*words, folder=self.folder, code=code)

    def path(self, file):
        return os.path.join(self.folder, file)

    def issue(self, name, extensions="client", key=("rsa:2048",), dates=()):
        self.run("req", "-new", "-newkey", *key, "-nodes", "-keyout", f"{name}.key", "-out", f"{name}.csr", "-subj", f"/CN={name}")
        self.run("ca", "-batch", "-config", "config", "-cert", "ca.pem", "-keyfile", "ca.key", "-in", f"{name}.csr",
                 "-out", f"{name}.pem", "-notext", "-extensions", extensions, *dates)
        return self.path(f"{name}.pem")

    def revoke(self, name):
        self.run("ca", "-config", "config", "-cert", "ca.pem", "-keyfile", "ca.key", "-revoke", f"{name}.pem", "-crl_reason",
                 "keyCompromise")

    def crl(self, *dates):
        self.run("ca", "-gencrl", "-config", "config", "-cert", "ca.pem", "-keyfile", "ca.key", "-out", "ca.crl", *dates)
        return self.path("ca.crl")


def own_ca(pipeline, at):
    ca = os.path.join(pipeline.state, "trust", "ca.pem")
    openssl("req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", "d.key", "-out",
            "d.csr", "-subj", "/CN=whatever", "-addext", "subjectAltName=DNS:evil.example", folder=pipeline.folder)
    csr = os.path.join(pipeline.folder, "d.csr")
    one = pipeline.run_json("device", "add", *at, "device-1", "--csr", csr)
    claim(one["key"] is None, f"{one}")
    first = os.path.join(pipeline.folder, "first.pem")
    os.rename(one["certificate"], first)
    verify = ["verify", "-x509_strict", "-CAfile", ca]
    claim("OK" in openssl(*verify, "-purpose", "sslclient", first, folder="."), "not good for clients")
    claim("unsuitable" in openssl(*verify, "-purpose", "sslserver", first, folder=".", code=2), "good for servers")
    text = openssl("x509", "-in", first, "-noout", "-text", folder=".")
    claim("evil.example" not in text and "URI:spiffe://" in text and "/device/device-1" in text, text)
    # The same key, renewed: both are good, until the device is revoked; a later identity is not.
    second = pipeline.run_json("device", "renew", *at, "device-1", "--csr", csr)["certificate"]
    states = [d["state"] for d in pipeline.run_json("device", "list", *at)["devices"]]
    claim(states == ["active", "active"], f"{states}")
    pipeline.add_things(["seattle"])
    crl = pipeline.run_json("ca", "crl", *at)["file"]
    with_crl = [*verify, "-crl_check", "-CRLfile", crl]
    for certificate in (first, second):
        openssl(*with_crl, certificate, folder=".")
    revoked = pipeline.run_json("device", "revoke", *at, "device-1", "--reason", "key-compromise")
    claim(revoked["crl"]["number"] == 2 and revoked["crl"]["entries"] == 2, f"{revoked}")
    for certificate in (first, second):
        claim("certificate revoked" in openssl(*with_crl, certificate, folder=".", code=2), certificate)
    openssl(*with_crl, os.path.join(pipeline.state, "devices", "seattle", "cert.pem"), folder=".")
    claim("Key Compromise" in openssl("crl", "-in", crl, "-noout", "-text", folder="."), "no reason")
    # A node: renewed with its names, then the earlier certificate is not the one that is revoked.
    lake = os.path.join(pipeline.state, "nodes", "lake", "cert.pem")
    names = openssl("x509", "-in", lake, "-noout", "-ext", "subjectAltName", folder=".")
    pipeline.run("ca", "renew", *at, "--node", "lake")
    claim(openssl("x509", "-in", lake, "-noout", "-ext", "subjectAltName", folder=".") == names, "other names")
    openssl(*with_crl, lake, folder=".")
    pipeline.run("ca", "revoke", *at, "--node", "lake")
    claim("certificate revoked" in openssl(*with_crl, lake, folder=".", code=2), "lake")
    # Without the CA's key the device is revoked all the same, and the list is said to be as before.
    os.rename(os.path.join(pipeline.state, "ca", "unlock.key"), os.path.join(pipeline.folder, "away"))
    revoked = pipeline.run_json("device", "revoke", *at, "seattle")
    claim(revoked["crl"] is None and "as before" in revoked["crl_note"], f"{revoked}")
    os.rename(os.path.join(pipeline.folder, "away"), os.path.join(pipeline.state, "ca", "unlock.key"))


def batch(pipeline, at):
    names = [f"buoy-{i}" for i in range(20)]
    with open(os.path.join(pipeline.home, "devices.csv"), "a", encoding="utf-8") as things:
        things.writelines(f"{name},sea\n" for name in names)
    fleet = os.path.join(pipeline.folder, "fleet.csv")
    with open(fleet, "w", encoding="utf-8") as out:
        out.write("name,owner\n" + "".join(f"{name},acme\n" for name in names))
    before = pipeline.run_json("device", "set", *at, "seattle", "--type", "station")["generation"]
    added = pipeline.run_json("device", "add", *at, "--from", fleet, "--generate", "--group", "fleet")["devices"]
    claim([d["thing"] for d in added] == names, f"{added}")
    after = pipeline.run_json("device", "set", *at, "seattle", "--type", "buoy")["generation"]
    claim(after == before + 2, f"generations {before}, {after}: not one change")
    listed = [d for d in pipeline.run_json("device", "list", *at)["devices"] if d["thing"].startswith("buoy-")]
    claim(len(listed) == 20 and all(d["attributes"] == {"site": "sea", "owner": "acme"} and d["groups"] == ["fleet"]
                                    for d in listed), f"{listed[0]}")


def declare(pipeline, text):
    with open(pipeline.file, encoding="utf-8") as file:
        lines = [line for line in file if not line.startswith("trust:")]
    with open(pipeline.file, "w", encoding="utf-8") as file:
        file.writelines(lines)
        file.write(text + "\n")


def notes(pipeline):
    hops = pipeline.run_json("check", pipeline.file)["hops"]
    return " ".join(hops[0]["notes"]), " ".join(hops[1]["notes"])


def connack(pipeline, port, certificate, thing):
    """The answer to an MQTT CONNECT with this certificate; empty when the edge refuses the connection."""
    context = ssl.create_default_context(cafile=os.path.join(pipeline.state, "trust", "ca.pem"))
    context.load_cert_chain(certificate, certificate.replace(".pem", ".key"))
    name = thing.encode()
    body = b"\x00\x04MQTT\x04\x02\x00\x3c" + len(name).to_bytes(2, "big") + name
    with socket.create_connection(("127.0.0.1", port), WAIT_S) as raw:
        try:
            with context.wrap_socket(raw, server_hostname="localhost") as connection:
                connection.sendall(b"\x10" + bytes([len(body)]) + body)
                return connection.recv(4)
        except (ssl.SSLError, ConnectionError):
            return b""


def connections(pipeline, acme, good, unregistered):
    """What the registry has may in, as the thing that it says; the rest is refused, and the log says why."""
    lake = pipeline.lake()
    lake_port = lake.port()
    edge = pipeline.edge(lake_port)
    port = edge.port()
    # Nobody but our own CA says who a node is.
    claim(connack(pipeline, lake_port, acme.path("ours.pem"), "edge") == b"", "another CA's edge may in at the lake")
    lake.wait_for("connection-refused", lambda event: event["reason"] == "untrusted-issuer")
    claim(connack(pipeline, port, good, "seattle") == b"\x20\x02\x00\x00", edge.text())
    claim(connack(pipeline, port, good, "device-1") != b"\x20\x02\x00\x00", "it may call itself device-1")
    for certificate, reason in ((unregistered, "unregistered"), (acme.path("ours.pem"), "wrong-role"),
                                (acme.issue("posing", "posing"), "unregistered"), (acme.path("stolen.pem"), "revoked"),
                                (acme.path("expired.pem"), "expired"), (acme.path("server.pem"), "wrong-role")):
        claim(connack(pipeline, port, certificate, "seattle") == b"", f"{certificate} may in")
        edge.wait_for("connection-refused", lambda event, reason=reason: event["reason"] == reason)
    edge.stop()
    lake.stop()


def external_ca(pipeline, at):
    acme, stranger = OpensslCa(pipeline.home, "acme"), OpensslCa(pipeline.home, "stranger")
    good = acme.issue("good")
    bad = {
        "RSA-1024": acme.issue("weak", key=("rsa:1024",)),
        "clientAuth": acme.issue("server", "server"),
        "lacks clientAuth": acme.issue("nothing", "nothing"),
        "expired": acme.issue("expired", dates=("-startdate", "20200101000000Z", "-enddate", "20210101000000Z")),
        "not yet valid": acme.issue("early", dates=("-startdate", "20400101000000Z", "-enddate", "20410101000000Z")),
        "name of this pipeline": acme.issue("ours", "ours"),
        "that of a CA": acme.issue("authority", "authority"),
        "no trusted authority": stranger.issue("other"),
        "revoked by": acme.issue("stolen"),
    }
    acme.revoke("stolen")

    def refused(certificate, part):
        error = pipeline.run_json("device", "add", *at, "seattle", "--certificate", certificate, code=2)["error"]
        claim(part in error["message"] and error["kind"] == "invalid", f"{part}: {error}")

    refused(good, "no trusted authority")
    declare(pipeline, "trust: { authorities: [ { ca: acme/ca.pem } ] }")
    claim("without a revocation list" in notes(pipeline)[0] and "acme" not in notes(pipeline)[1], f"{notes(pipeline)}")
    declare(pipeline, "trust: { authorities: [ { ca: acme/ca.pem, crl: acme/ca.crl } ] }")
    diagnostics = pipeline.run_json("check", pipeline.file, code=2)["diagnostics"]
    claim("acme/ca.crl" in diagnostics[0]["message"] and diagnostics[0]["line"] > 1, f"{diagnostics}")
    acme.crl()
    claim("acme" not in notes(pipeline)[0], f"{notes(pipeline)}")
    for part, certificate in bad.items():
        refused(certificate, part)
    added = pipeline.run_json("device", "add", *at, "seattle", "--certificate", good)
    claim(added["key"] is None and added["certificate"] == good, f"{added}")
    ec = acme.issue("ec", key=("ec", "-pkeyopt", "ec_paramgen_curve:P-256"))
    pipeline.run("device", "add", *at, "seattle", "--certificate", ec)
    error = pipeline.run_json("device", "add", *at, "seattle", "--certificate", good, code=2)["error"]
    claim(error["kind"] == "conflict", f"{error}")
    issuers = {d["issuer"] for d in pipeline.run_json("device", "list", *at)["devices"] if d["thing"] == "seattle"}
    claim(issuers == {"own", "external"}, f"{issuers}")
    connections(pipeline, acme, good, acme.issue("unregistered", key=("ec", "-pkeyopt", "ec_paramgen_curve:P-256")))
    # Revoking somebody else's certificate is the registry's, and nothing for our list.
    entries = pipeline.run_json("ca", "crl", *at)["entries"]
    revoked = pipeline.run_json("device", "revoke", *at, "seattle")
    claim(revoked["crl"]["entries"] == entries, f"{revoked}")
    acme.crl("-crl_lastupdate", "20250101000000Z", "-crl_nextupdate", "20250201000000Z")
    claim("are refused" in notes(pipeline)[0], f"{notes(pipeline)}")
    refused(acme.issue("late"), "held from")
    with open(acme.path("ca.crl"), "w", encoding="utf-8") as out, open(stranger.crl(), encoding="utf-8") as other:
        out.write(other.read())
    diagnostics = pipeline.run_json("check", pipeline.file, code=2)["diagnostics"]
    claim("not that of this CA" in diagnostics[0]["message"], json.dumps(diagnostics))


def test(sealane, tools):
    del tools
    pipeline = Pipeline(sealane)
    try:
        at = ["--pipeline", pipeline.file]
        own_ca(pipeline, at)
        batch(pipeline, at)
        external_ca(pipeline, at)
    finally:
        pipeline.close()


if __name__ == "__main__":
    main(test)
