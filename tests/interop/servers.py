# SPDX-License-Identifier: Apache-2.0
"""Brokers to test and measure against: Mosquitto, and the edge of Sealane.

Both are started by one function each that returns a Server; everything lives in a folder that the caller removes.
"""
import contextlib
import dataclasses
import json
import os
import pathlib
import signal
import socket
import subprocess
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
SEALANE = ROOT / "build/release/sealane"
START_SECONDS = 15
PIPELINE = "interop"

# Each station publishes on its own topic; `<station>-watch`, a thing of its own, reads it.  (With the
# station's certificate and another client id a connection would not be attached to the thing.)
WATCH = "-watch"
ARN = "arn:aws:iot:local:000000000000"
OWN_TOPIC = "stations/${iot:Connection.Thing.ThingName}/observations"
WATCHED_TOPIC = "stations/${iot:Connection.Thing.Attributes[watches]}/observations"
STATION_POLICY = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Action": "iot:Connect", "Resource": f"{ARN}:client/${{iot:Connection.Thing.ThingName}}"},
        {"Effect": "Allow", "Action": "iot:Publish", "Resource": f"{ARN}:topic/{OWN_TOPIC}"},
        {"Effect": "Allow", "Action": "iot:Receive", "Resource": f"{ARN}:topic/{WATCHED_TOPIC}"},
        {"Effect": "Allow", "Action": "iot:Subscribe", "Resource": f"{ARN}:topicfilter/{WATCHED_TOPIC}"},
    ],
}


def mosquitto_acl(stations):
    """The same for Mosquitto, whose user names are the certificates' common names."""
    watchers = [s for s in stations if s.endswith(WATCH)]
    return "pattern write stations/%u/observations\n" + "".join(
        f"user {s}\ntopic read stations/{s.removesuffix(WATCH)}/observations\n" for s in watchers)


PIPELINE_YAML = """version: 1
pipeline: {pipeline}
transit:
  min_tls: "1.3"
  client_identity: required
  post_quantum: prefer
keys:
  journal:  {{ provider: local }}
  training: {{ provider: local, rotate: 90d }}
nodes:
  stations: {{ kind: device, things: stations.csv }}
  edge:     {{ kind: gateway, listen: [ {{ mqtt: 8883 }} ], journal: {{ seal: journal }} }}
  lake:     {{ kind: store, on: local, listen: [ {{ https: 9443 }} ], bundle: webdataset }}
  trainer:  {{ kind: consumer }}
hops:
  - {{ from: stations, to: edge, over: mqtt, policy: station.json, key: "${{thing}}", ack: durable }}
  - {{ from: edge, to: lake, over: s3, seal: training }}
  - {{ from: lake, to: trainer, over: s3 }}
"""


class CannotStart(Exception):
    pass


@dataclasses.dataclass
class Server:
    """A broker that listens.  `cert` and `key` hold {name} where the station's name goes."""
    name: str
    port: int
    ca: str
    cert: str
    key: str
    process: subprocess.Popen
    log: pathlib.Path
    pipeline: pathlib.Path | None = None  # of the edge

    def identity(self, station):
        return {"ca": self.ca, "cert": self.cert.format(name=station), "key": self.key.format(name=station)}

    def cpu_seconds(self):
        """User and system time of the process so far."""
        fields = pathlib.Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def run(*command, **options):
    done = subprocess.run([str(c) for c in command], capture_output=True, text=True, **options)
    if done.returncode != 0:
        raise CannotStart(f"{' '.join(map(str, command))}: exit {done.returncode}: {done.stderr.strip()[-800:]}")
    return done.stdout


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextlib.contextmanager
def scratch(prefix="sealane-interop-"):
    """A folder on the checkout's own disk, so that a measurement meets a real one; removed afterwards."""
    base = ROOT / "build"
    base.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=prefix, dir=base) as folder:
        os.chmod(folder, 0o755)  # a server that was started as root becomes somebody else
        yield pathlib.Path(folder)


def stop(process):
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


# --- Mosquitto ----------------------------------------------------------------------------------

def make_certificates(folder, names):
    """A CA, a server certificate and one client certificate per name, by the openssl program; P-256."""
    new_key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
    run("openssl", "req", "-x509", *new_key, "-keyout", "ca.key", "-out", "ca.pem", "-subj", "/CN=interop CA",
        "-days", "2", cwd=folder)
    (folder / "server.ext").write_text("subjectAltName=DNS:localhost,IP:127.0.0.1\nextendedKeyUsage=serverAuth\n")
    (folder / "client.ext").write_text("extendedKeyUsage=clientAuth\n")
    for name, kind in [("server", "server"), *[(n, "client") for n in names]]:
        run("openssl", "req", *new_key, "-keyout", f"{name}.key", "-out", f"{name}.csr", "-subj", f"/CN={name}", cwd=folder)
        run("openssl", "x509", "-req", "-in", f"{name}.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial",
            "-days", "2", "-extfile", f"{kind}.ext", "-out", f"{name}.pem", cwd=folder)


@contextlib.contextmanager
def start_mosquitto(folder, stations):
    folder.mkdir(parents=True, exist_ok=True)
    make_certificates(folder, stations)
    port = free_port()
    (folder / "acl").write_text(mosquitto_acl(stations))
    lines = [
        f"listener {port} 127.0.0.1", f"cafile {folder}/ca.pem", f"certfile {folder}/server.pem",
        f"keyfile {folder}/server.key", "require_certificate true", "use_identity_as_username true",
        "tls_version tlsv1.3", f"acl_file {folder}/acl", "set_tcp_nodelay true", "persistence false",
        "max_inflight_messages 0", "max_queued_messages 0", "log_type error", "log_type warning"]
    if os.geteuid() == 0:
        lines.append("user root")  # it could not read its key otherwise
    (folder / "mosquitto.conf").write_text("\n".join(lines) + "\n")
    log = folder / "mosquitto.log"
    with open(log, "wb") as out:
        process = subprocess.Popen(["mosquitto", "-c", str(folder / "mosquitto.conf")], stdout=out, stderr=out)
    try:
        wait_for_port(process, port, log)
        yield Server("mosquitto", port, f"{folder}/ca.pem", f"{folder}/{{name}}.pem", f"{folder}/{{name}}.key", process, log)
    finally:
        stop(process)


def wait_for_port(process, port, log):
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end:
        if process.poll() is not None:
            break
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.02)
    raise CannotStart(f"nothing listens on port {port}: {log.read_text()[-800:]}")


# --- the edge -------------------------------------------------------------------------------------

def has_command(name, option):
    """Whether the built program has a command with an option; an unknown command prints the general help."""
    return SEALANE.exists() and option in subprocess.run([SEALANE, name, "--help"], capture_output=True, text=True).stdout


def edge_available():
    return has_command("run", "--node")


@contextlib.contextmanager
def start_edge(folder, stations):
    """`sealane run` of the lake and of the edge, with one generated certificate per station."""
    folder.mkdir(parents=True, exist_ok=True)
    pipeline = folder / "pipeline.yaml"
    pipeline.write_text(PIPELINE_YAML.format(pipeline=PIPELINE))
    (folder / "station.json").write_text(json.dumps(STATION_POLICY))
    (folder / "stations.csv").write_text(
        "name,watches\n" + "".join(f"{s},{s.removesuffix(WATCH)}\n" for s in stations))
    run(SEALANE, "ca", "init", "--pipeline", pipeline)
    for station in stations:
        run(SEALANE, "device", "add", "--pipeline", pipeline, station, "--generate")
    state = folder / ".sealane"
    with contextlib.ExitStack() as stack:
        _, lake_port, _ = start_node(stack, pipeline, "lake", "--listen", "https=0")
        edge, edge_port, log = start_node(stack, pipeline, "edge", "--listen", "mqtt=0", "--peer",
                                          f"lake=127.0.0.1:{lake_port}")
        yield Server("edge", edge_port, f"{state}/trust/ca.pem", f"{state}/devices/{{name}}/cert.pem",
                     f"{state}/devices/{{name}}/key.pem", edge, log, pipeline)


def start_node(stack, pipeline, node, *arguments):
    log = pipeline.parent / f"{node}.log"
    with open(log, "wb") as out:
        process = subprocess.Popen([SEALANE, "run", pipeline, "--node", node, "--log-format", "json", *arguments],
                                   stdout=subprocess.DEVNULL, stderr=out)
    stack.callback(stop, process)
    return process, listening_port(process, log), log


def listening_port(process, log):
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end and process.poll() is None:
        for line in log.read_text().splitlines():
            with contextlib.suppress(ValueError):
                event = json.loads(line)
                if event.get("event") == "listening":
                    return int(event["port"])
        time.sleep(0.02)
    raise CannotStart(f"no `listening` line: {log.read_text()[-800:]}")


SERVERS = {"mosquitto": start_mosquitto, "edge": start_edge}
