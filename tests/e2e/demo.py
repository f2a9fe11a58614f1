# SPDX-License-Identifier: Apache-2.0
"""`sealane demo` shows what it promises, with the example's records and with somebody's own.

Claims: every record comes out as it went in; no marker is found where none may be, and every one on the
plaintext control hop; all fifteen attempts are refused in their order, and succeed when repaired; every hop
is enforced; the model beats persistence; `--keep` leaves what a recount needs and refuses a folder in use;
an input that is none is refused with its line; an interrupted run leaves nothing behind.
"""

import json
import os
import signal
import subprocess
import tempfile

from harness import claim, main
from shapes import differences, documented

ATTEMPTS = [
    ("plaintext client", "plaintext"),
    ("no certificate", "no-certificate"),
    ("self-signed certificate", "untrusted-issuer"),
    ("revoked device", "revoked"),
    ("publishing as another station", "iot:Publish"),
    ("TLS 1.2 client under the 1.3 floor", "tls-version"),
    ("bit flipped in a stored bundle", "does not authenticate"),
    ("truncated bundle", "is truncated"),
    ("deleted bundle", "missing from the lake"),
    ("two bundles with swapped names", "is swapped: it is bundle"),
    ("an old bundle put back", "is swapped: it is bundle"),
    ("the whole lake rolled back with its manifest", "rolled back"),
    ("a station reading from the lake", "wrong-role"),
    ("the trainer writing to the lake", "s3:PutObject"),
    ("a device certificate posing as the edge", "wrong-role"),
]
KEPT = ["captures/stations-edge.pcap", "captures/edge-lake.pcap", "captures/lake-trainer.pcap", "captures/control.pcap",
        "public/manifest.pub", "public/ca.pem", "training.key", "markers/seattle.csv", "result.json"]
LIMIT_S = 300


def demo(sealane, *words):
    done = subprocess.run([sealane, "demo", "--format", "json", *words], capture_output=True, text=True, timeout=LIMIT_S)
    return done.returncode, json.loads(done.stdout) if done.stdout else {}, done.stderr


def check_run(code, report, progress, records):
    claim(code == 0 and report["failures"] == [], f"exit code {code}, failures {report.get('failures')}: {progress[-500:]}")
    claim(not differences(documented()["demo"], report), f"{differences(documented()['demo'], report)}")
    claim(report["records_in"] == report["records_out"] == records, f"{report['records_in']} in, {report['records_out']} out")
    claim(report["markers_found"] == 0, f"{report['markers_found']} markers found")
    claim(report["control_markers_found"] >= records, f"control: {report['control_markers_found']} markers")
    claim(report["bundles"] >= 8, f"{report['bundles']} bundles")
    claim([a["attempt"] for a in report["attempts"]] == [name for name, _ in ATTEMPTS], "other attempts, or another order")
    for attempt, (_, reason) in zip(report["attempts"], ATTEMPTS):
        claim(attempt["refused"] and reason in attempt["reason"] and attempt["proof"], f"not refused as it must be: {attempt}")
        claim(attempt["repaired_succeeds"], f"repaired and refused: {attempt}")
    claim([(h["from"], h["to"]) for h in report["hops"]] == [("stations", "edge"), ("edge", "lake"), ("lake", "trainer")],
          f"hops {report['hops']}")
    for hop in report["hops"]:
        claim(hop["verdict"] == "enforced" and hop["tls"] == "1.3" and hop["bytes"] > 0, f"hop {hop}")
        claim("observed" in [e["class"] for e in hop["evidence"]], f"no connection was observed: {hop}")


def example(sealane, folder):
    kept = os.path.join(folder, "kept")
    code, report, progress = demo(sealane, "--keep", kept)
    check_run(code, report, progress, 2922)
    claim(report["model"]["mae"] < report["model"]["persistence_mae"], f"model {report['model']}")
    for name in KEPT:
        claim(os.path.getsize(os.path.join(kept, name)) > 0, f"`{name}` was not kept")
    claim(os.path.getsize(os.path.join(kept, "training.key")) == 32, "the raw key is not 32 bytes")
    with open(os.path.join(kept, "result.json"), encoding="utf-8") as file:
        claim(json.load(file) == report, "the kept result is not the printed one")
    code, report, _ = demo(sealane, "--keep", kept)
    claim(code == 2 and report["error"]["kind"] == "conflict", f"a folder in use: exit code {code}, {report}")


def own_input(sealane, folder):
    path = os.path.join(folder, "own.csv")
    with open(path, "w", encoding="utf-8") as file:
        file.write("location,date,level,note\n")
        for day in range(1, 29):
            for place in ("Köln", "Bonn am Rhein", "Worms"):
                file.write(f'{place},2026-02-{day:02},{day / 4},"high, ""rising"""\n')
    code, report, progress = demo(sealane, "--input", path)
    check_run(code, report, progress, 84)
    claim(report["stations"] == 3, f"{report['stations']} stations")
    claim(report["model"] is None and "temp_max" in report["no_model"], "a model of columns that are not there")
    with open(path, "a", encoding="utf-8") as file:
        file.write("Worms,2026-02-30,1,x\n")
    code, report, _ = demo(sealane, "--input", path)
    claim(code == 2 and "own.csv:86: `2026-02-30` is no date" in report["error"]["message"], f"exit code {code}, {report}")


def interrupted(sealane, folder):
    """SIGTERM in the middle leaves no process and no scratch folder."""
    os.chmod(folder, 0o711)  # the nodes' own user passes through
    with subprocess.Popen([sealane, "demo"], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
                          env={**os.environ, "TMPDIR": folder}) as process:
        for line in process.stderr:
            if line.startswith("attempt: no certificate"):
                process.send_signal(signal.SIGTERM)
        claim(process.wait(LIMIT_S) == 3, f"ended with {process.returncode}")
    claim(not os.listdir(folder), f"left behind: {os.listdir(folder)}")
    for number in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{number}/cmdline", "rb") as file:
                claim(folder.encode() not in file.read(), f"process {number} still runs")
        except OSError:
            continue  # it ended while we looked


def test(sealane, _tools):
    with tempfile.TemporaryDirectory(prefix="sealane-demo-test-") as folder:
        interrupted(sealane, folder)
        own_input(sealane, folder)
        example(sealane, folder)


if __name__ == "__main__":
    main(test)
