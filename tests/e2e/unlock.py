# SPDX-License-Identifier: Apache-2.0
"""What opens a gateway's keyring: its key file, a passphrase, a systemd credential; and nothing else does.

Claims: with `unlock.key` gone a gateway does not start and says what is missing; the same key as the credential
`sealane-unlock-key` opens it, for `run` and for commands; a wrong one does not; a keyring under a passphrase opens with
`--passphrase-file` and with the credential `sealane-passphrase`, and has no key file; a file in the node's folder goes
before a credential.
"""

import os
import shutil
import subprocess

from harness import WAIT_S, Node, Pipeline, claim, main


def run_edge_fails(pipeline, says):
    done = subprocess.run([pipeline.sealane, "run", pipeline.file, "--node", "edge", "--listen", "mqtt=0"], capture_output=True,
                          text=True, timeout=WAIT_S, stdin=subprocess.DEVNULL, check=False)
    claim(done.returncode in (1, 2) and says in done.stderr, f"ended with {done.returncode}, does not say {says}:\n{done.stderr}")


def edge_starts(pipeline, lake_port):
    edge = pipeline.edge(lake_port)
    edge.port()
    claim(edge.stop() == 0, f"the edge ended with {edge.process.returncode}:\n{edge.text()}")


class Credentials:
    """The folder that systemd would hand over."""

    def __init__(self, pipeline):
        self.folder = os.path.join(pipeline.folder, "credentials")
        os.mkdir(self.folder, mode=0o500 if os.geteuid() == 0 else 0o700)

    def put(self, name, data):
        path = os.path.join(self.folder, name)
        if os.path.exists(path):
            os.remove(path)
        with open(os.open(path, os.O_WRONLY | os.O_CREAT, 0o400), "wb") as out:
            out.write(data)

    def __enter__(self):
        os.environ["CREDENTIALS_DIRECTORY"] = self.folder
        return self

    def __exit__(self, *_):
        del os.environ["CREDENTIALS_DIRECTORY"]


def by_key(sealane):
    pipeline = Pipeline(sealane)
    at = ["--pipeline", pipeline.file]
    try:
        lake_port = pipeline.lake().port()
        edge_starts(pipeline, lake_port)
        key_file = os.path.join(pipeline.state, "nodes", "edge", "unlock.key")
        with open(key_file, "rb") as file:
            key = file.read()
        os.remove(key_file)
        run_edge_fails(pipeline, "unlock.key")
        credentials = Credentials(pipeline)
        with credentials:
            run_edge_fails(pipeline, "unlock.key")
            credentials.put("sealane-unlock-key", bytes(32))
            run_edge_fails(pipeline, "wrong passphrase or unlock key")
            credentials.put("sealane-unlock-key", key[:31])
            run_edge_fails(pipeline, "32 bytes")
            credentials.put("sealane-unlock-key", key)
            edge_starts(pipeline, lake_port)
            claim(len(pipeline.run_json("key", "list", *at)["keys"]) == 2, "the keyring does not list")
            # The node's own file goes first.
            with open(key_file, "wb") as file:
                file.write(bytes(32))
            run_edge_fails(pipeline, "wrong passphrase or unlock key")
            os.remove(key_file)
        run_edge_fails(pipeline, "unlock.key")
    finally:
        pipeline.close()


def by_passphrase(sealane):
    pipeline = Pipeline(sealane)
    at = ["--pipeline", pipeline.file]
    phrase = b"correct horse battery staple\n"
    try:
        lake_port = pipeline.lake().port()
        shutil.rmtree(os.path.join(pipeline.state, "nodes", "edge"))
        shutil.rmtree(os.path.join(pipeline.state, "nodes", "trainer"))
        file = os.path.join(pipeline.folder, "phrase")
        with open(file, "wb") as out:
            out.write(phrase)
        pipeline.run("ca", "init", *at, "--passphrase-file", file)
        claim(not os.path.exists(os.path.join(pipeline.state, "nodes", "edge", "unlock.key")), "there is an unlock.key")
        run_edge_fails(pipeline, "unlock.key")
        edge = Node(pipeline, "edge", {"mqtt": 0}, [f"lake=127.0.0.1:{lake_port}"], ["--passphrase-file", file])
        edge.port()
        claim(edge.stop() == 0, f"the edge ended with {edge.process.returncode}:\n{edge.text()}")
        credentials = Credentials(pipeline)
        with credentials:
            credentials.put("sealane-passphrase", b"incorrect horse\n")
            run_edge_fails(pipeline, "wrong passphrase or unlock key")
            credentials.put("sealane-passphrase", b"\n")
            run_edge_fails(pipeline, "no passphrase in its first line")
            credentials.put("sealane-passphrase", phrase)
            edge_starts(pipeline, lake_port)
            claim(len(pipeline.run_json("key", "list", *at)["keys"]) == 2, "the keyring does not list")
    finally:
        pipeline.close()


def test(sealane, _):
    by_key(sealane)
    by_passphrase(sealane)


if __name__ == "__main__":
    main(test)
