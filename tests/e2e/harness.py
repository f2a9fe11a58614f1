# SPDX-License-Identifier: Apache-2.0
"""Real processes over real sockets: a pipeline in a scratch folder, its lake and its edge.

Standard library only.  Every wait has a limit; every process ends with the test.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time

WAIT_S = 60.0


class Failure(Exception):
    """A claim that does not hold."""


def claim(holds, text):
    if not holds:
        raise Failure(text)


class Node:
    """One `sealane run` process and its log lines."""

    def __init__(self, pipeline, name, listen, peers=(), more=()):
        self.name = name
        self.log_path = os.path.join(pipeline.folder, f"{name}-{time.monotonic_ns()}.log")
        words = [pipeline.sealane, "run", pipeline.file, "--node", name, "--log-format", "json", *more]
        for listener, port in listen.items():
            words += ["--listen", f"{listener}={port}"]
        for peer in peers:
            words += ["--peer", peer]
        self.log = open(self.log_path, "wb")
        self.process = subprocess.Popen(words, stderr=self.log, stdout=self.log, stdin=subprocess.DEVNULL)
        pipeline.nodes.append(self)

    def events(self, name=None):
        out = []
        with open(self.log_path, "rb") as log:
            for line in log:
                try:
                    event = json.loads(line)
                except ValueError:
                    continue
                if name is None or event.get("event") == name:
                    out.append(event)
        return out

    def wait_for(self, name, accept=lambda event: True, limit_s=WAIT_S):
        end = time.monotonic() + limit_s
        while time.monotonic() < end:
            for event in self.events(name):
                if accept(event):
                    return event
            if self.process.poll() is not None:
                raise Failure(f"{self.name} ended with {self.process.returncode}:\n{self.text()}")
            time.sleep(0.02)
        raise Failure(f"{self.name} did not log {name} within {limit_s} s:\n{self.text()}")

    def text(self):
        with open(self.log_path, "rb") as log:
            return log.read()[-6000:].decode(errors="replace")

    def port(self):
        return self.wait_for("listening")["port"]

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(WAIT_S)
            except subprocess.TimeoutExpired:
                self.kill()
                raise Failure(f"{self.name} did not stop:\n{self.text()}") from None
        return self.process.returncode


class Pipeline:
    """A pipeline made by `sealane init` in a scratch folder."""

    def __init__(self, sealane):
        self.sealane = os.path.abspath(sealane)
        self.folder = tempfile.mkdtemp(prefix="sealane-e2e-")
        os.chmod(self.folder, 0o711)
        self.nodes = []
        self.home = os.path.join(self.folder, "pipeline")
        self.run("init", self.home)
        self.file = os.path.join(self.home, "pipeline.yaml")
        self.state = os.path.join(self.home, ".sealane")

    def run(self, *words, code=0):
        done = subprocess.run([self.sealane, *words], capture_output=True, text=True, timeout=WAIT_S,
                              stdin=subprocess.DEVNULL, check=False)
        claim(done.returncode == code,
              f"sealane {' '.join(words)} ended with {done.returncode}, not {code}:\n{done.stdout}{done.stderr}")
        return done.stdout

    def run_json(self, *words, code=0):
        return json.loads(self.run(*words, "--format", "json", code=code))

    def add_things(self, names):
        with open(os.path.join(self.home, "devices.csv"), encoding="utf-8") as things:
            columns = things.readline().count(",")
        with open(os.path.join(self.home, "devices.csv"), "a", encoding="utf-8") as things:
            for name in names:
                things.write(name + "," * columns + "\n")
        self.run("device", "add", "--pipeline", self.file, *names, "--generate")

    def lake(self, port=0):
        return Node(self, "lake", {"https": port})

    def edge(self, lake_port, port=0):
        return Node(self, "edge", {"mqtt": port}, [f"lake=127.0.0.1:{lake_port}"])

    def close(self):
        for node in self.nodes:
            if node.process.poll() is None:
                node.kill()
            node.log.close()
        shutil.rmtree(self.folder, ignore_errors=True)


def main(test):
    """Runs `test(sealane, tools)`: the program under test and the folder with the build's tools."""
    try:
        test(sys.argv[1], sys.argv[2])
    except Failure as failure:
        print(f"FAILED: {failure}")
        sys.exit(1)
    print("passed")
