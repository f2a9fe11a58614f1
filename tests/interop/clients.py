# SPDX-License-Identifier: Apache-2.0
"""Other people's MQTT clients, each a child process: publish(...) and subscribe(...)."""
import contextlib
import os
import pathlib
import queue
import subprocess
import threading

from servers import ROOT, WATCH, stop

HERE = pathlib.Path(__file__).resolve().parent
TOOLS = ROOT / "build/interop"
PYTHON = TOOLS / "venv/bin/python"
NODE_MODULES = TOOLS / "node/node_modules"
HOST = "127.0.0.1"
WAIT_SECONDS = 15


def publish_command(client, server, station, topic, qos, payload):
    tls = server.identity(station)
    if client == "mosquitto":
        return ["mosquitto_pub", *mosquitto_options(server, tls, station, topic, qos), "-m", payload]
    return [*script(client, "pub"), *script_options(server, tls, station, topic, qos), payload]


def subscribe_command(client, server, station, topic, qos):
    watcher = station + WATCH
    tls = server.identity(watcher)
    if client == "mosquitto":
        # -d says when the subscription stands.
        return ["stdbuf", "-oL", "mosquitto_sub", "-d", *mosquitto_options(server, tls, watcher, topic, qos)]
    return [*script(client, "sub"), *script_options(server, tls, watcher, topic, qos)]


def mosquitto_options(server, tls, client_id, topic, qos):
    return ["-h", HOST, "-p", str(server.port), "-i", client_id, "-t", topic, "-q", str(qos), "-V", "mqttv311",
            "--tls-version", "tlsv1.3", "--cafile", tls["ca"], "--cert", tls["cert"], "--key", tls["key"]]


def script(client, action):
    program = [str(PYTHON), HERE / "paho_client.py"] if client == "paho" else ["node", HERE / "mqttjs_client.js"]
    return [*map(str, program), action]


def script_options(server, tls, client_id, topic, qos):
    return [HOST, str(server.port), client_id, topic, str(qos), tls["ca"], tls["cert"], tls["key"]]


def environment():
    return {**os.environ, "NODE_PATH": str(NODE_MODULES)}


def publish(client, server, station, topic, qos, payload):
    """Publishes once; whether the client saw no refusal."""
    done = subprocess.run(publish_command(client, server, station, topic, qos, payload), capture_output=True,
                          text=True, timeout=WAIT_SECONDS, env=environment())
    return done.returncode == 0 and "REFUSED" not in done.stdout


class Subscriber:
    def __init__(self, process):
        self.process = process
        self.lines = queue.Queue()
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()

    def read(self):
        for line in self.process.stdout:
            self.lines.put(line.rstrip("\n"))
        self.lines.put(None)

    def next(self, seconds=WAIT_SECONDS):
        """The next payload, or None when the subscription has ended or nothing came in time."""
        while True:
            try:
                line = self.lines.get(timeout=seconds)
            except queue.Empty:
                return None
            if line is None or line.startswith("REFUSED"):
                return None
            # What mosquitto_sub -d says besides payloads.
            if not line.startswith(("Client ", "Subscribed ")):
                return line

    def wait_ready(self):
        while True:
            line = self.lines.get(timeout=WAIT_SECONDS)
            if line is None or line.startswith("REFUSED") or line.startswith("Subscribed") and line.endswith("128"):
                return False
            if line == "READY" or line.startswith("Subscribed"):
                return True


@contextlib.contextmanager
def subscribe(client, server, station, topic, qos):
    """Yields a Subscriber whose subscription stands, or None when it was refused."""
    process = subprocess.Popen(subscribe_command(client, server, station, topic, qos), stdout=subprocess.PIPE,
                               stderr=subprocess.DEVNULL, text=True, env=environment())
    try:
        subscriber = Subscriber(process)
        yield subscriber if subscriber.wait_ready() else None
    finally:
        stop(process)


CLIENTS = ["mosquitto", "paho", "mqttjs"]
