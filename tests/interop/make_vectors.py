#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes src/envelope/testdata/own_vectors.json with the official AWS Encryption SDK for Python.

  make_vectors.py OUT

Needs the PyPI packages `aws-encryption-sdk` and `cryptography`.  Every algorithm suite, framed and
not framed, and every way to wrap a data key that the SDK has: small messages that the hermetic tests
open.  Keys and plaintext are fixed but for one RSA key; messages differ from run to run.
"""
import base64
import hashlib
import json
import sys

import aws_encryption_sdk
from aws_encryption_sdk.identifiers import Algorithm, CommitmentPolicy, EncryptionKeyType, WrappingAlgorithm
from aws_encryption_sdk.internal.crypto.wrapping_keys import WrappingKey
from aws_encryption_sdk.key_providers.raw import RawMasterKeyProvider
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives import serialization

NAMESPACE = "sealane-vectors"
FRAME = 128  # this SDK writes multiples of it alone
PLAINTEXT = b"".join(b"Sealane test line %02d\n" % i for i in range(14))[:2 * FRAME + 37]
CONTEXT = {"dataset": "d1", "shard": "0"}
AES_BYTES = {"aes-128": 16, "aes-192": 24, "aes-256": 32}
AES_WRAPS = {"aes-128": WrappingAlgorithm.AES_128_GCM_IV12_TAG16_NO_PADDING,
             "aes-192": WrappingAlgorithm.AES_192_GCM_IV12_TAG16_NO_PADDING,
             "aes-256": WrappingAlgorithm.AES_256_GCM_IV12_TAG16_NO_PADDING}
RSA_WRAPS = {"pkcs1": WrappingAlgorithm.RSA_PKCS1,
             "oaep-sha1": WrappingAlgorithm.RSA_OAEP_SHA1_MGF1,
             "oaep-sha256": WrappingAlgorithm.RSA_OAEP_SHA256_MGF1,
             "oaep-sha384": WrappingAlgorithm.RSA_OAEP_SHA384_MGF1,
             "oaep-sha512": WrappingAlgorithm.RSA_OAEP_SHA512_MGF1}


def material(name):
    """A fixed key for each name."""
    return hashlib.sha256(name.encode()).digest()[:AES_BYTES[name]]


class Keys(RawMasterKeyProvider):
    """The wrapping keys of the vectors by name: `aes-256`, `rsa-oaep-sha1`."""

    provider_id = NAMESPACE

    pem = b""

    def _get_raw_key(self, key_id):
        name = key_id.decode() if isinstance(key_id, bytes) else key_id
        if name in AES_BYTES:
            return WrappingKey(AES_WRAPS[name], material(name), EncryptionKeyType.SYMMETRIC)
        return WrappingKey(RSA_WRAPS[name.removeprefix("rsa-")], self.pem, EncryptionKeyType.PRIVATE)


def seal(suite, pem, names, frame_length, context, plaintext):
    committing = suite.algorithm_id in (0x0478, 0x0578)
    client = aws_encryption_sdk.EncryptionSDKClient(
        commitment_policy=CommitmentPolicy.REQUIRE_ENCRYPT_REQUIRE_DECRYPT if committing
        else CommitmentPolicy.FORBID_ENCRYPT_ALLOW_DECRYPT)
    provider = Keys()
    provider.pem = pem
    for name in names:
        provider.add_master_key(name)
    message, _ = client.encrypt(source=plaintext, key_provider=provider, encryption_context=context,
                                frame_length=frame_length, algorithm=suite)
    return message


def main():
    pem = rsa.generate_private_key(65537, 2048).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    messages = []

    def add(suite, names, frame_length=FRAME, context=CONTEXT, plaintext=PLAINTEXT):
        messages.append({
            "suite": f"0x{suite.algorithm_id:04x}", "keys": names, "frame_length": frame_length, "context": context,
            "plaintext": plaintext.decode(),
            "message": base64.b64encode(seal(suite, pem, names, frame_length, context, plaintext)).decode()})

    for suite in sorted(Algorithm, key=lambda each: each.algorithm_id):
        add(suite, ["aes-256"])
        add(suite, ["aes-256"], frame_length=0)
    default = Algorithm.AES_256_GCM_HKDF_SHA512_COMMIT_KEY
    for name in ("aes-128", "aes-192"):
        add(default, [name])
    for padding in RSA_WRAPS:
        add(default, [f"rsa-{padding}"])
    add(default, ["aes-256", "rsa-oaep-sha256"])
    for plaintext in (b"", PLAINTEXT[:FRAME], PLAINTEXT[:2 * FRAME]):
        add(default, ["aes-256"], context={}, plaintext=plaintext)

    document = {
        "about": "written by tests/interop/make_vectors.py with the AWS Encryption SDK for Python "
                 + aws_encryption_sdk.__version__ + "; the keys protect nothing",
        "namespace": NAMESPACE,
        "aes": {name: base64.b64encode(material(name)).decode() for name in AES_BYTES},
        "rsa": pem.decode(),
        "messages": messages}
    with open(sys.argv[1], "w", encoding="utf-8") as file:
        json.dump(document, file, indent=1)
        file.write("\n")


if __name__ == "__main__":
    main()
