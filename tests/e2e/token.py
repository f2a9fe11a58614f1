# SPDX-License-Identifier: Apache-2.0
"""A data set key under a PKCS#11 token (SoftHSM), from the pipeline file to the lake.

Claims: a wrong PIN is said and nothing is made; with the right one the token's key is made and wraps the data set key;
the gateway seals bundles under it as the user that it becomes; a rotation reaches a running gateway through the token;
without the token nothing can be rotated, a gateway starts, takes records and says what its delivery waits for, and
delivers when the token is back; a pipeline file that names another provider is refused; no file and no log line has
the PIN; a keyring of its own works with a PIN from the environment or a credential.
"""

import os
import shutil
import subprocess

from harness import WAIT_S, Pipeline, claim, main
from mqtt_client import Device, context_of

MODULE = "/usr/lib/softhsm/libsofthsm2.so"
PIN = "pin-3141592653"
THING = "station"


class Tokens:
    """A folder with one SoftHSM token, which the user that a gateway becomes may use."""

    def __init__(self, folder):
        self.folder = os.path.join(folder, "tokens")
        os.mkdir(self.folder)
        config = os.path.join(folder, "softhsm2.conf")
        with open(config, "w", encoding="utf-8") as out:
            out.write(f"directories.tokendir = {self.folder}\nobjectstore.backend = file\nlog.level = ERROR\n")
        os.environ["SOFTHSM2_CONF"] = config
        subprocess.run(["softhsm2-util", "--init-token", "--free", "--label", "hall", "--so-pin", "officer-5678", "--pin", PIN],
                       check=True, capture_output=True, timeout=WAIT_S)
        self.give()

    def give(self):
        """What root's commands wrote belongs to whom the gateway becomes."""
        if os.geteuid() == 0:
            for folder, _, files in os.walk(self.folder):
                for path in [folder, *(os.path.join(folder, name) for name in files)]:
                    shutil.chown(path, "nobody")

    def go(self):
        os.rename(self.folder, self.folder + ".away")
        os.mkdir(self.folder)
        self.give()

    def come(self):
        os.rmdir(self.folder)
        os.rename(self.folder + ".away", self.folder)


def put_under_token(pipeline, pin_file):
    with open(pipeline.file, encoding="utf-8") as file:
        text = file.read()
    key = f"  vault: {{ provider: pkcs11, module: {MODULE}, token: hall, label: wrapping, pin: {{ file: {pin_file} }} }}\n"
    claim("\nkeys:\n" in text and "seal: training" in text, "the example pipeline has another shape")
    text = text.replace("\nkeys:\n", "\nkeys:\n" + key, 1).replace("seal: training", "seal: vault")
    with open(pipeline.file, "w", encoding="utf-8") as file:
        file.write(text)
    return text


def failed(pipeline, *words, code):
    done = subprocess.run([pipeline.sealane, *words], capture_output=True, text=True, timeout=WAIT_S,
                          stdin=subprocess.DEVNULL, check=False)
    claim(done.returncode == code, f"{words} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
    return done.stderr


def publish(pipeline, edge):
    device = Device(context_of(pipeline.state, THING), edge.port(), THING)
    device.publish(f"devices/{THING}/data")
    device.close()


def stored_after(edge, count):
    edge.wait_for("bundle-stored", lambda _: len(edge.events("bundle-stored")) > count)


def keyring_of_its_own(pipeline):
    folder = os.path.join(pipeline.folder, "keys")
    token = ["--provider", "pkcs11", "--module", MODULE, "--token", "hall", "--label", "photos"]
    plain = os.path.join(pipeline.folder, "plain")
    with open(plain, "w", encoding="utf-8") as out:
        out.write("some bytes")
    at = ["--keyring", folder]
    error = failed(pipeline, "key", "create", "photos", *at, *token, "--pin", PIN, code=2)
    claim("where the PIN is" in error and PIN not in error, error)
    error = failed(pipeline, "key", "create", "photos", *at, *token, "--pin", "env:SEALANE_TEST_PIN", code=2)
    claim("`SEALANE_TEST_PIN` is not set" in error, error)
    os.environ["SEALANE_TEST_PIN"] = PIN
    error = failed(pipeline, "key", "create", "photos", *at, *token, "--pin", "env:SEALANE_TEST_PIN", code=2)
    claim("no secret key `photos`" in error, error)
    made = pipeline.run_json("key", "create", "photos", *at, *token, "--pin", "env:SEALANE_TEST_PIN", "--make-key")
    claim(made["provider"] == "pkcs11", f"{made}")
    pipeline.run("seal", *at, "--key", "photos", plain, plain + ".sealed")
    pipeline.run("key", "rotate", *at, "photos")
    pipeline.run("unseal", *at, plain + ".sealed", plain + ".again")
    del os.environ["SEALANE_TEST_PIN"]
    error = failed(pipeline, "unseal", *at, plain + ".sealed", plain + ".more", code=3)
    claim("`SEALANE_TEST_PIN` is not set" in error, error)
    credentials = os.path.join(pipeline.folder, "credentials")
    os.mkdir(credentials)
    with open(os.path.join(credentials, "hall-pin"), "w", encoding="utf-8") as out:
        out.write(PIN + "\n")
    os.environ["CREDENTIALS_DIRECTORY"] = credentials
    pipeline.run("key", "create", "films", *at, *token, "--pin", "credential:hall-pin")
    pipeline.run("seal", *at, "--key", "films", plain, plain + ".films")
    del os.environ["CREDENTIALS_DIRECTORY"]
    shutil.rmtree(credentials)


def pin_is_nowhere(pipeline, but):
    for folder, _, files in os.walk(pipeline.folder):
        for name in files:
            path = os.path.join(folder, name)
            if path in but or not os.path.isfile(path):
                continue
            with open(path, "rb") as file:
                claim(PIN.encode() not in file.read(), f"the PIN is in {path}")


def test(sealane, _):
    pipeline = Pipeline(sealane)
    at = ["--pipeline", pipeline.file]
    try:
        tokens = Tokens(pipeline.folder)
        pin_file = os.path.join(pipeline.home, "hall.pin")
        text = put_under_token(pipeline, "hall.pin")
        with open(pin_file, "w", encoding="utf-8") as out:
            out.write("wrong-999\n")
        error = failed(pipeline, "ca", "init", *at, code=1)
        claim("refuses the PIN" in error and "wrong-999" not in error, error)
        with open(pin_file, "w", encoding="utf-8") as out:
            out.write(PIN + "\n")
        os.chmod(pin_file, 0o600)
        claim("AES-256 key `wrapping` in token `hall`" in pipeline.run("ca", "init", *at), "the token's key is not made")
        tokens.give()
        pipeline.add_things([THING])

        lake = pipeline.lake()
        edge = pipeline.edge(lake.port())
        publish(pipeline, edge)
        stored_after(edge, 0)
        pipeline.run("key", "rotate", *at, "vault")
        publish(pipeline, edge)
        stored_after(edge, 1)
        keys = pipeline.run_json("key", "list", *at)["keys"]
        (vault,) = [key for key in keys if key["name"] == "vault"]
        claim(vault["provider"] == "pkcs11" and len(vault["epochs"]) == 2, f"{vault}")
        claim(vault["epochs"][1]["wraps_reserved"] > 0, f"the gateway does not seal under the new epoch: {vault}")
        claim(edge.stop() == 0, f"the edge ended with {edge.process.returncode}")

        tokens.go()
        error = failed(pipeline, "key", "rotate", *at, "vault", code=2)
        claim("no token `hall`" in error, error)
        edge = pipeline.edge(lake.port())
        publish(pipeline, edge)
        event = edge.wait_for("delivery-failed")
        claim("no token `hall`" in str(event), f"{event}")
        claim(not edge.events("bundle-stored"), "a bundle is sealed without its token")
        tokens.come()
        stored_after(edge, 0)
        claim(edge.stop() == 0, f"the edge ended with {edge.process.returncode}")

        keyring_of_its_own(pipeline)
        pin_is_nowhere(pipeline, {pin_file})

        other = text.replace("vault: { provider: pkcs11, module: " + MODULE +
                             ", token: hall, label: wrapping, pin: { file: hall.pin } }", "vault: { provider: local }")
        claim(other != text, "the pipeline file is not changed")
        with open(pipeline.file, "w", encoding="utf-8") as file:
            file.write(other)
        error = failed(pipeline, "run", pipeline.file, "--node", "edge", "--listen", "mqtt=0", code=2)
        claim("by `pkcs11` in the keyring, by `local` in the pipeline file" in error, error)
    finally:
        pipeline.close()


if __name__ == "__main__":
    main(test)
