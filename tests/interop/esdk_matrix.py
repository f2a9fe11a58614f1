# SPDX-License-Identifier: Apache-2.0
"""Sealed messages between Sealane and the official AWS Encryption SDKs, both directions.

Sizes 0, 1, frame-1, frame, frame+1, ten frames and 100 MB; with and without context; 0x0478 and
0x0578; raw AES and raw RSA under every padding.  One process of each side does all of its jobs.
"""
import hashlib
import os
import subprocess

import clients
import servers
from clients import TOOLS
from servers import ROOT

HERE = ROOT / "tests/interop"
DRIVER = ROOT / "build/release/tests/esdk_driver"
FRAME = 4096
SIZES = (0, 1, FRAME - 1, FRAME, FRAME + 1, 10 * FRAME)
LARGE, LARGE_FRAME = 100_000_000, 65536
SUITES = ("0x0478", "0x0578")
CONTEXTS = ("-", "dataset=d1,place=Zürich")
PADDINGS = ("rsa-pkcs1", "rsa-oaep-sha1", "rsa-oaep-sha256", "rsa-oaep-sha384", "rsa-oaep-sha512")
JARS = TOOLS / "jars"


def python(jobs):
    return [clients.PYTHON, HERE / "esdk_jobs.py", jobs]


def javascript(jobs):
    return ["env", f"NODE_PATH={TOOLS / 'node/node_modules'}", "node", HERE / "esdk_jobs.js", jobs]


def java(jobs):
    return ["java", "-Xmx2g", "-cp", f"{JARS}/*", HERE / "EsdkJobs.java", jobs]


def sealane(jobs):
    return [DRIVER, jobs]


def install_java():
    if not JARS.exists():
        subprocess.run(["mvn", "-q", "-f", HERE / "esdk_pom.xml", "dependency:copy-dependencies",
                        f"-DoutputDirectory={JARS}.part"], check=True, stdout=subprocess.DEVNULL)
        os.rename(f"{JARS}.part", JARS)


def cases():
    """(size, suite, frame length, context, wrap) of every message."""
    for size in SIZES:
        for suite in SUITES:
            for context in CONTEXTS:
                for wrap in ("aes", "rsa-oaep-sha256"):
                    yield size, suite, FRAME, context, wrap
    for wrap in PADDINGS:
        yield 100, "0x0478", FRAME, CONTEXTS[1], wrap
    yield LARGE, "0x0478", LARGE_FRAME, CONTEXTS[1], "aes"
    yield LARGE, "0x0578", LARGE_FRAME, "-", "rsa-oaep-sha256"


def write_inputs(folder):
    (folder / "aes.key").write_bytes(os.urandom(32))
    subprocess.run(["openssl", "genpkey", "-quiet", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:3072",
                    "-out", folder / "rsa.pem"], check=True, stderr=subprocess.DEVNULL)
    subprocess.run(["openssl", "pkey", "-in", folder / "rsa.pem", "-pubout", "-out", folder / "rsa.pub"], check=True)
    for size in {case[0] for case in cases()}:
        (folder / f"plain.{size}").write_bytes(os.urandom(size))


def job(do, folder, number, case):
    size, suite, frame, context, wrap = case
    source, target = ((f"plain.{size}", f"sealed.{number}") if do == "seal" else (f"sealed.{number}", f"opened.{number}"))
    key = "aes.key" if wrap == "aes" else "rsa.pub" if do == "seal" else "rsa.pem"
    return "\t".join([do, str(folder / source), str(folder / target), suite, str(frame), context, wrap,
                      "sealane", f"{wrap}/1", str(folder / key)])


def can(side, do, case):
    # Node refuses RSA with PKCS#1 padding under a private key since CVE-2023-46809.
    return not (side is javascript and do == "open" and case[4] == "rsa-pkcs1")


def run_jobs(side, do, folder):
    jobs = folder / f"{do}.jobs"
    jobs.write_text("".join(job(do, folder, number, case) + "\n" for number, case in enumerate(cases())
                            if can(side, do, case)))
    done = subprocess.run(list(map(str, side(jobs))), capture_output=True, text=True, timeout=300)
    if done.returncode != 0:
        raise AssertionError(f"{side.__name__} cannot {do}: {(done.stdout + done.stderr)[-1500:]}")


def digest(path):
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def direction(writer, reader):
    """What the writer seals, the reader opens to the same bytes."""
    with servers.scratch("sealane-esdk-") as folder:
        write_inputs(folder)
        run_jobs(writer, "seal", folder)
        run_jobs(reader, "open", folder)
        for number, case in enumerate(cases()):
            if can(reader, "open", case) and digest(folder / f"plain.{case[0]}") != digest(folder / f"opened.{number}"):
                raise AssertionError(f"another plaintext: {case}")


def tests(with_java):
    sides = {"Python": python, "JavaScript": javascript}
    if with_java:
        sides["Java"] = java
    for name, side in sides.items():
        theirs = sum(can(side, "open", case) for case in cases())
        ours = len(list(cases()))
        yield f"the AWS Encryption SDK for {name} opens {theirs} messages of Sealane's", lambda s=side: direction(sealane, s)
        yield f"Sealane opens {ours} messages of the AWS Encryption SDK for {name}", lambda s=side: direction(s, sealane)
