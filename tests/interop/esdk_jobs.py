#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Does the jobs of tests/interop/esdk_driver.cc with the official AWS Encryption SDK for Python.

  esdk_jobs.py JOBS

Needs the PyPI package `aws-encryption-sdk` and nothing of Sealane.  Exit 1 when a job failed.
"""
import logging
import sys

import aws_encryption_sdk
from aws_encryption_sdk.identifiers import Algorithm, CommitmentPolicy, EncryptionKeyType, WrappingAlgorithm
from aws_encryption_sdk.internal.crypto.wrapping_keys import WrappingKey
from aws_encryption_sdk.key_providers.raw import RawMasterKey

WRAPS = {"aes": WrappingAlgorithm.AES_256_GCM_IV12_TAG16_NO_PADDING,
         "rsa-pkcs1": WrappingAlgorithm.RSA_PKCS1,
         "rsa-oaep-sha1": WrappingAlgorithm.RSA_OAEP_SHA1_MGF1,
         "rsa-oaep-sha256": WrappingAlgorithm.RSA_OAEP_SHA256_MGF1,
         "rsa-oaep-sha384": WrappingAlgorithm.RSA_OAEP_SHA384_MGF1,
         "rsa-oaep-sha512": WrappingAlgorithm.RSA_OAEP_SHA512_MGF1}


def master_key(wrap, namespace, name, key_file, seals):
    with open(key_file, "rb") as file:
        material = file.read()
    kind = EncryptionKeyType.SYMMETRIC
    if wrap != "aes":
        kind = EncryptionKeyType.PUBLIC if seals else EncryptionKeyType.PRIVATE
    return RawMasterKey(provider_id=namespace, key_id=name, wrapping_key=WrappingKey(WRAPS[wrap], material, kind))


def work(line):
    do, source, target, suite, frame_length, context, wrap, namespace, name, key_file = line.split("\t")
    client = aws_encryption_sdk.EncryptionSDKClient(
        commitment_policy=CommitmentPolicy.REQUIRE_ENCRYPT_REQUIRE_DECRYPT)
    key = master_key(wrap, namespace, name, key_file, do == "seal")
    pairs = {} if context == "-" else dict(pair.split("=", 1) for pair in context.split(","))
    algorithm = next(each for each in Algorithm if each.algorithm_id == int(suite, 16))
    with open(source, "rb") as file, open(target, "wb") as out:
        if do == "seal":
            stream = client.stream(mode="e", source=file, key_provider=key, encryption_context=pairs,
                                   frame_length=int(frame_length), algorithm=algorithm)
        else:
            stream = client.stream(mode="d", source=file, key_provider=key)
        with stream:
            for piece in stream:
                out.write(piece)
            header = stream.header
        if file.read(1):
            raise ValueError("bytes follow the message")
    if header.algorithm.algorithm_id != int(suite, 16) or not pairs.items() <= header.encryption_context.items():
        raise ValueError("another suite or context")


def main():
    logging.disable(logging.CRITICAL)  # the SDK logs what it raises
    failed = 0
    with open(sys.argv[1], encoding="utf-8") as jobs:
        for line in jobs.read().splitlines():
            try:
                work(line)
            except Exception as error:  # whatever the SDK raises is the answer
                print(f"{line}: {type(error).__name__}: {error}", file=sys.stderr)
                failed += 1
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
