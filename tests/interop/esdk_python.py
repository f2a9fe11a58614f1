#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Opens sealed messages with the official AWS Encryption SDK for Python, or writes one for us.

Needs the PyPI package `aws-encryption-sdk` and nothing of Sealane: a raw data set key, as
`sealane key export` gives it, its name `<key>/<epoch>`, and the messages.

  esdk_python.py --key-file RAW --name training/1 bundle.tar.esdk ...
  esdk_python.py --key-file RAW --name training/1 --output-folder OUT bundle.tar.esdk ...
  esdk_python.py --key-file RAW --name training/1 --encrypt theirs.esdk --context dataset=training plain

Prints one JSON document: {"messages": [{"file", "ok", "bytes", "sha256", "context", "suite",
"frame_length", "error"}]}.  Exit 0 when every message opened, 1 when one did not.
"""
import argparse
import hashlib
import json
import logging
import os
import sys

import aws_encryption_sdk
from aws_encryption_sdk.identifiers import (
    Algorithm, CommitmentPolicy, EncryptionKeyType, WrappingAlgorithm)
from aws_encryption_sdk.internal.crypto.wrapping_keys import WrappingKey
from aws_encryption_sdk.key_providers.raw import RawMasterKey


def client():
    return aws_encryption_sdk.EncryptionSDKClient(
        commitment_policy=CommitmentPolicy.REQUIRE_ENCRYPT_REQUIRE_DECRYPT,
        max_encrypted_data_keys=8)


def master_key(arguments):
    with open(arguments.key_file, "rb") as file:
        raw = file.read()
    if len(raw) != 32:
        sys.exit(f"{arguments.key_file}: not a raw key of 32 bytes")
    wrapping_key = WrappingKey(
        wrapping_algorithm=WrappingAlgorithm.AES_256_GCM_IV12_TAG16_NO_PADDING,
        wrapping_key=raw, wrapping_key_type=EncryptionKeyType.SYMMETRIC)
    return RawMasterKey(provider_id=arguments.namespace, key_id=arguments.name,
                        wrapping_key=wrapping_key)


def decrypt(arguments, path):
    out = {"file": path, "ok": False}
    try:
        with open(path, "rb") as file:
            message = file.read()
        # decrypt() of a stream would leave bytes after the message unread; the sizes must agree.
        with client().stream(mode="d", source=message, key_provider=master_key(arguments)) as opened:
            plaintext = opened.read()
            header = opened.header
            if opened.source_stream.read(1):
                raise ValueError("bytes follow the message")
        out.update(ok=True, bytes=len(plaintext), sha256=hashlib.sha256(plaintext).hexdigest(),
                   context=dict(header.encryption_context), suite=f"{header.algorithm.algorithm_id:04x}",
                   frame_length=header.frame_length)
        if arguments.output_folder:
            name = os.path.basename(path).removesuffix(".esdk")
            with open(os.path.join(arguments.output_folder, name), "wb") as file:
                file.write(plaintext)
    except Exception as error:  # whatever the SDK raises is the answer
        out["error"] = f"{type(error).__name__}: {error}"
    return out


def encrypt(arguments, path):
    with open(path, "rb") as file:
        plaintext = file.read()
    context = dict(pair.split("=", 1) for pair in arguments.context)
    message, header = client().encrypt(
        source=plaintext, key_provider=master_key(arguments), encryption_context=context,
        frame_length=arguments.frame_length,
        algorithm=Algorithm.AES_256_GCM_HKDF_SHA512_COMMIT_KEY)
    with open(arguments.encrypt, "wb") as file:
        file.write(message)
    return {"file": arguments.encrypt, "ok": True, "bytes": len(plaintext),
            "sha256": hashlib.sha256(plaintext).hexdigest(),
            "context": dict(header.encryption_context), "suite": f"{header.algorithm.algorithm_id:04x}",
            "frame_length": header.frame_length}


def main():
    logging.disable(logging.CRITICAL)  # the SDK logs what it raises
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--key-file", required=True, help="32 raw bytes")
    parser.add_argument("--namespace", default="sealane")
    parser.add_argument("--name", required=True, help="<key>/<epoch>")
    parser.add_argument("--output-folder", help="write plaintexts there, without `.esdk`")
    parser.add_argument("--encrypt", metavar="OUT", help="seal the one FILE into OUT instead")
    parser.add_argument("--context", action="append", default=[], metavar="KEY=VALUE")
    parser.add_argument("--frame-length", type=int, default=65536)
    parser.add_argument("files", nargs="+", metavar="FILE")
    arguments = parser.parse_args()
    if arguments.encrypt and len(arguments.files) != 1:
        parser.error("--encrypt takes one FILE")
    work = encrypt if arguments.encrypt else decrypt
    messages = [work(arguments, path) for path in arguments.files]
    print(json.dumps({"messages": messages}, indent=2))
    return 0 if all(message["ok"] for message in messages) else 1


if __name__ == "__main__":
    sys.exit(main())
