#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Does what whoever can open a bundle can do to it: rewrites its first frame, so that every frame authenticates.

  rewrite_frame.py --key-file RAW --name photos/1 BUNDLE

The header, the size and the last frame stay as they are.  Needs the PyPI package `aws-encryption-sdk`.
"""
import argparse
import io
import logging
import struct
import sys

from aws_encryption_sdk.internal.crypto.data_keys import derive_data_encryption_key
from aws_encryption_sdk.internal.formatting.deserialize import deserialize_header
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

import esdk_python


def main():
    logging.disable(logging.CRITICAL)
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--key-file", required=True)
    parser.add_argument("--namespace", default="sealane")
    parser.add_argument("--name", required=True)
    parser.add_argument("bundle")
    arguments = parser.parse_args()
    with open(arguments.bundle, "rb") as file:
        message = bytearray(file.read())
    stream = io.BytesIO(message)
    header, _ = deserialize_header(stream)
    data_key = esdk_python.master_key(arguments).decrypt_data_key_from_list(
        header.encrypted_data_keys, header.algorithm, header.encryption_context)
    key = AESGCM(derive_data_encryption_key(data_key.data_key, header.algorithm, header.message_id))
    at = stream.tell() + 16  # the header's tag
    length = header.frame_length
    sequence, iv = struct.unpack(">I", message[at:at + 4])[0], bytes(message[at + 4:at + 16])
    if sequence != 1:
        sys.exit("the bundle has one frame")
    bound = header.message_id + b"AWSKMSEncryptionClient Frame" + struct.pack(">IQ", 1, length)
    begins = at + 16
    plain = bytearray(key.decrypt(iv, bytes(message[begins:begins + length + 16]), bound))
    plain[-1] ^= 1  # inside a file's content
    message[begins:begins + length + 16] = key.encrypt(iv, bytes(plain), bound)
    with open(arguments.bundle, "wb") as file:
        file.write(message)


if __name__ == "__main__":
    main()
