#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What bench/seal_rate.cc measures, with the official AWS Encryption SDK for Python (bench/run_seal.py)."""
import io
import json
import logging
import os
import time

import aws_encryption_sdk
from aws_encryption_sdk.identifiers import Algorithm, CommitmentPolicy, EncryptionKeyType, WrappingAlgorithm
from aws_encryption_sdk.internal.crypto.wrapping_keys import WrappingKey
from aws_encryption_sdk.key_providers.raw import RawMasterKey

STREAM = 128 << 20
MESSAGES = 2000
OPTIONS = {"frame_length": 65536, "algorithm": Algorithm.AES_256_GCM_HKDF_SHA512_COMMIT_KEY,
           "encryption_context": {"dataset": "d1", "shard": "0"}}


def report(what, units, cpu, wall):
    print(json.dumps({"what": what, "per_cpu_second": round(units / cpu), "per_wall_second": round(units / wall)}), flush=True)


def timed(what, units, work):
    cpu, wall = time.process_time(), time.monotonic()
    out = work()
    report(what, units, time.process_time() - cpu, time.monotonic() - wall)
    return out


def drain(stream):
    total = 0
    with stream:
        for piece in stream:
            total += len(piece)
    return total


def main():
    logging.disable(logging.CRITICAL)
    client = aws_encryption_sdk.EncryptionSDKClient(commitment_policy=CommitmentPolicy.REQUIRE_ENCRYPT_REQUIRE_DECRYPT)
    key = RawMasterKey(provider_id="sealane", key_id="training/1", wrapping_key=WrappingKey(
        WrappingAlgorithm.AES_256_GCM_IV12_TAG16_NO_PADDING, os.urandom(32), EncryptionKeyType.SYMMETRIC))
    manager = aws_encryption_sdk.CachingCryptoMaterialsManager(
        master_key_provider=key, cache=aws_encryption_sdk.LocalCryptoMaterialsCache(100), max_age=600.0)
    plain = os.urandom(1024)
    client.encrypt(source=plain, materials_manager=manager, **OPTIONS)  # fills the cache
    sealed = timed("seal 1 KiB with a cached data key, messages", MESSAGES, lambda: [
        client.encrypt(source=plain, materials_manager=manager, **OPTIONS)[0] for _ in range(MESSAGES)])
    timed("open 1 KiB with a cached data key, messages", MESSAGES, lambda: [
        client.decrypt(source=message, materials_manager=manager) for message in sealed])
    source = os.urandom(STREAM)
    timed("seal 1 GiB, bytes", STREAM, lambda: drain(
        client.stream(mode="e", source=io.BytesIO(source), key_provider=key, **OPTIONS)))
    message, _ = client.encrypt(source=source, key_provider=key, **OPTIONS)
    timed("open 1 GiB, bytes", STREAM, lambda: drain(client.stream(mode="d", source=io.BytesIO(message), key_provider=key)))


if __name__ == "__main__":
    main()
