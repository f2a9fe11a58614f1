#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Recounts what `sealane demo` claims, from the folder that `--keep` left and without Sealane's code.

  demo_recount.py KEPT DEMO.JSON

From the captures: bytes per hop, and markers in every form that would give one away.  From the lake: the
manifest's signatures and chain, and every record, opened by the AWS Encryption SDK with the raw key alone.
"""
import base64
import hashlib
import io
import json
import pathlib
import struct
import sys
import tarfile
import urllib.parse

import aws_encryption_sdk
from aws_encryption_sdk.identifiers import EncryptionKeyType, WrappingAlgorithm
from aws_encryption_sdk.internal.crypto.wrapping_keys import WrappingKey
from aws_encryption_sdk.key_providers.raw import RawMasterKeyProvider
from cryptography.hazmat.primitives.serialization import load_pem_public_key

# --- where things are in the kept folder; all knowledge of it is here ------------------------------

DATASET = "training"
CAPTURES = {("stations", "edge"): "captures/stations-edge.pcap", ("edge", "lake"): "captures/edge-lake.pcap",
            ("lake", "trainer"): "captures/lake-trainer.pcap"}
CONTROL_CAPTURE = "captures/control.pcap"  # the one hop that is plaintext on purpose
MARKERS = "markers/*.csv"                  # lines `<marker as hex>,<date>,<location>`
SIMULATED = "simulated-"                   # locations that are load, not data
LAKE = "lake"
BUNDLES = f"{DATASET}/bundles/"            # in names of objects
MANIFEST = f"{DATASET}/manifest/"
RAW_KEY = f"{DATASET}.key"                 # 32 bytes
MANIFEST_KEY = "public/manifest.pub"
# Files that may hold markers: the list of markers itself, and the control hop.
MAY_HOLD_MARKERS = ("markers/", CONTROL_CAPTURE)



def objects(lake):
    """{name: path} of the lake's objects: one file each, its name percent-encoded; dot folders are bookkeeping."""
    found = {}
    for path in lake.rglob("*"):
        parts = path.relative_to(lake).parts
        if path.is_file() and not any(part.startswith(".") for part in parts):
            found[urllib.parse.unquote("/".join(parts))] = path
    return dict(sorted(found.items()))


SIGNED_PREFIX = b"sealane manifest v2\n"
problems = []


def expect(condition, message):
    if not condition:
        problems.append(message)


# --- markers ---------------------------------------------------------------------------------------

WINDOW = 10


def base64_forms(data):
    """The characters of base64 that depend on `data` alone, at each of the three alignments."""
    for before in range(3):
        text = base64.b64encode(b"\0" * before + data)
        start, end = -(-8 * before // 6), 8 * (before + len(data)) // 6
        yield text[start:end]
        yield text[start:end].translate(bytes.maketrans(b"+/", b"-_"))


def forms(marker):
    for data in (marker, base64.b64encode(marker).rstrip(b"=")):
        yield data
        yield data.hex().encode()
        yield data.hex().upper().encode()
        yield from base64_forms(data)
        yield "".join(f"\\u{byte:04x}" for byte in data).encode()
        yield "".join(f"\\u{byte:04X}" for byte in data).encode()


class MarkerIndex:
    def __init__(self, markers):
        self.by_front = {}
        for marker in markers:
            for form in forms(marker):
                self.by_front.setdefault(form[:WINDOW], []).append((form, marker))

    def found_in(self, data):
        found = set()
        by_front = self.by_front
        for at in range(len(data) - WINDOW + 1):
            front = data[at:at + WINDOW]
            if front in by_front:
                found |= {marker for form, marker in by_front[front] if data.startswith(form, at)}
        return found


# --- captures --------------------------------------------------------------------------------------

def payloads(capture):
    """The TCP payload of each direction of each connection, by sequence number.  pcap 2.4, Ethernet, IPv4."""
    magic, link = struct.unpack_from("<I16xI", capture)
    if magic != 0xA1B2C3D4 or link != 1:
        raise ValueError("not a capture of this kind")
    streams, current, at = [], {}, 24
    while at < len(capture):
        length = struct.unpack_from("<I", capture, at + 8)[0]
        packet = capture[at + 16:at + 16 + length]
        at += 16 + length
        ip = packet[14:]
        tcp = ip[4 * (ip[0] & 15):struct.unpack_from(">H", ip, 2)[0]]
        ports, sequence = tcp[:4], struct.unpack_from(">I", tcp, 4)[0]
        key = ip[12:20] + ports
        if tcp[13] & 2 or key not in current:  # SYN: the bytes begin one later
            current[key] = {"next": (sequence + (tcp[13] >> 1 & 1)) & 0xFFFFFFFF, "parts": {}}
            streams.append(current[key])
        data = tcp[4 * (tcp[12] >> 4):]
        if data:
            current[key]["parts"][(sequence - current[key]["next"]) & 0xFFFFFFFF] = data
    for stream in streams:
        whole = b"".join(data for _, data in sorted(stream["parts"].items()))
        if sum(map(len, stream["parts"].values())) != max((o + len(d) for o, d in stream["parts"].items()), default=0):
            raise ValueError("bytes of a stream are missing")
        yield whole


# --- the lake --------------------------------------------------------------------------------------

def wrapping_key_names(message):
    """(key namespace, key name) of the first encrypted data key of a message of version 2."""
    at = 1 + 2 + 32
    at += 2 + struct.unpack_from(">H", message, at)[0]  # encryption context
    at += 2                                             # number of data keys
    fields = []
    for _ in range(2):
        length = struct.unpack_from(">H", message, at)[0]
        fields.append(message[at + 2:at + 2 + length])
        at += 2 + length
    return fields[0].decode(), fields[1][:-20]  # after the name: tag length, IV length, IV


def make_provider(namespace, name, key):
    kind = type("Provider", (RawMasterKeyProvider,), {
        "provider_id": namespace,
        "_get_raw_key": lambda self, key_id: WrappingKey(
            wrapping_algorithm=WrappingAlgorithm.AES_256_GCM_IV12_TAG16_NO_PADDING, wrapping_key=key,
            wrapping_key_type=EncryptionKeyType.SYMMETRIC)})
    provider = kind()
    provider.add_master_key(name)
    return provider


def records_of(bundle, key):
    """[(facts, payload)] of a sealed bundle."""
    client = aws_encryption_sdk.EncryptionSDKClient()  # key commitment is required by default
    plain, _ = client.decrypt(source=bundle, key_provider=make_provider(*wrapping_key_names(bundle), key))
    members = {}
    with tarfile.open(fileobj=io.BytesIO(plain)) as tar:
        for member in tar:
            members[member.name] = tar.extractfile(member).read()
    stems = sorted({name.rpartition(".")[0] for name in members})
    return [(json.loads(members[s + ".json"]), members[s + ".bin"]) for s in stems]


def check_manifest(kept, stored):
    """Every entry signed, chained to the one before, and its bundle of the named size."""
    public = load_pem_public_key((kept / MANIFEST_KEY).read_bytes())
    previous, names = "0" * 64, []
    for index, path in enumerate(p for name, p in stored.items() if name.startswith(MANIFEST)):
        content = path.read_bytes()
        line, _, signature = content.partition(b"\n")
        public.verify(base64.b64decode(signature), SIGNED_PREFIX + line)
        entry = json.loads(line)
        expect(entry["index"] == index, f"manifest entry {path.name} says index {entry['index']}")
        expect(entry["previous"] == previous, f"manifest entry {index} does not follow the one before")
        previous = hashlib.sha256(content).hexdigest()
        bundle = stored.get(entry["name"])
        expect(bundle is not None and bundle.stat().st_size == entry["size"] and
               hashlib.sha256(bundle.read_bytes()).hexdigest() == entry["sha256"], f"bundle {entry['name']} is not as listed")
        names.append(entry["name"])
    return names


# --- the comparison --------------------------------------------------------------------------------

def main():
    kept, report = pathlib.Path(sys.argv[1]), json.loads(pathlib.Path(sys.argv[2]).read_text())
    lines = [l.split(",", 2) for f in sorted(kept.glob(MARKERS)) for l in f.read_text().splitlines()]
    markers = {bytes.fromhex(m): location for m, _, location in lines}
    expect(len(markers) == len(lines) and markers, f"{len(lines)} markers, {len(markers)} of them distinct")
    index = MarkerIndex(markers)

    leaked, searched = set(), 0
    for path in sorted(p for p in kept.rglob("*") if p.is_file()):
        name = path.relative_to(kept).as_posix()
        data = path.read_bytes()
        streams = list(payloads(data)) if name.endswith(".pcap") else []
        if not name.startswith(MAY_HOLD_MARKERS):
            found = index.found_in(data).union(*(index.found_in(s) for s in streams))
            expect(not found, f"{name} holds {len(found)} markers")
            leaked |= found
            searched += len(data)
        hop = next((h for h, file in CAPTURES.items() if file == name), None)
        if hop:
            claimed = [h["bytes"] for h in report["hops"] if (h["from"], h["to"]) == hop]
            expect(claimed == [sum(map(len, streams))], f"{hop}: the report says {claimed} bytes, the capture {sum(map(len, streams))}")
    missing = [f for f in CAPTURES.values() if not (kept / f).is_file()]
    expect(not missing, f"no captures {missing}")
    expect(len(leaked) == report["markers_found"], f"{len(leaked)} markers found, the report says {report['markers_found']}")

    control = set().union(*(index.found_in(s) for s in payloads((kept / CONTROL_CAPTURE).read_bytes())))
    expect(len(control) >= report["control_markers_found"] > 0, f"control: {len(control)} markers, the report says {report['control_markers_found']}")

    stored, key = objects(kept / LAKE), (kept / RAW_KEY).read_bytes()
    listed = check_manifest(kept, stored)
    bundles = [path for name, path in stored.items() if name.startswith(BUNDLES)]
    expect(len(bundles) == len(listed) >= 8, f"{len(bundles)} bundles, {len(listed)} manifest entries")
    records = [r for b in bundles for r in records_of(b.read_bytes(), key)]
    sequence = [int(facts["seq"]) for facts, _ in records]
    expect(len(set(sequence)) == len(sequence), "a sequence number is in two records")
    held = [marker for _, payload in records for marker in index.found_in(payload)]
    expect(len(held) == len(set(held)) and set(held) == set(markers),
           f"{len(set(held))} of {len(markers)} markers are in the lake's {len(records)} records, {len(held)} times")
    real = sum(not location.startswith(SIMULATED) for location in markers.values())
    expect(report["records_in"] in (real, len(markers)), f"{real} real records of {len(markers)}; the report says {report['records_in']} in")
    expect(report["records_out"] in (real, len(records)), f"{len(records)} records in the lake; the report says {report['records_out']} out")

    if problems:
        sys.exit("\n".join(problems))
    print(f"{len(records)} records in {len(bundles)} bundles, {len(markers)} markers, none in {searched} bytes searched")


if __name__ == "__main__":
    main()
