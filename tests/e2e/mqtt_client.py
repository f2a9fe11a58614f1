# SPDX-License-Identifier: Apache-2.0
"""A device over real TLS, standard library only: MQTT 3.1.1 with QoS 1, full and resumed handshakes."""

import select
import socket
import ssl
import struct

from harness import WAIT_S, claim

CONNACK, PUBACK = 0x20, 0x40


class Refused(Exception):
    """The handshake, CONNECT or a publish was refused, or the connection ended."""


def context_of(state, thing, folder=None):
    """Keep it: a session is resumed under the context that it began in."""
    folder = folder or f"{state}/devices/{thing}"
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.check_hostname = True
    context.load_verify_locations(f"{state}/trust/ca.pem")
    context.load_cert_chain(f"{folder}/cert.pem", f"{folder}/key.pem")
    return context


def _length(size):
    out = b""
    while True:
        size, low = divmod(size, 128)
        out += bytes([low | (0x80 if size else 0)])
        if not size:
            return out


def _text(text):
    data = text.encode()
    return struct.pack(">H", len(data)) + data


class Device:
    def __init__(self, context, port, thing, session=None):
        self.thing = thing
        self.packet_id = 0
        self.acknowledged = 0
        self.pending = b""
        plain = socket.create_connection(("127.0.0.1", port), timeout=WAIT_S)
        try:
            self.tls = context.wrap_socket(plain, server_hostname="localhost", session=session)
            self.resumed = self.tls.session_reused
            body = _text("MQTT") + b"\x04\x02\x00\x00" + _text(thing)
            self.tls.sendall(b"\x10" + _length(len(body)) + body)
            kind, answer = self.packet()
        except (OSError, ssl.SSLError) as error:
            plain.close()
            raise Refused(str(error)) from error
        if kind != CONNACK or answer[1] != 0:
            self.close()
            raise Refused(f"CONNECT: {kind:#x} {answer.hex()}")

    def session(self):
        return self.tls.session

    def packet(self):
        while True:
            if len(self.pending) >= 2 and len(self.pending) >= 2 + self.pending[1]:
                size = 2 + self.pending[1]
                packet, self.pending = self.pending[:size], self.pending[size:]
                return packet[0] & 0xF0, packet[2:]
            try:
                data = self.tls.recv(65536)
            except (OSError, ssl.SSLError) as error:
                raise Refused(str(error)) from error
            if not data:
                raise Refused("the connection ended")
            self.pending += data

    def publish(self, topic, payload=b"x"):
        """Returns when it is acknowledged."""
        self.packet_id = self.packet_id % 65535 + 1
        body = _text(topic) + struct.pack(">H", self.packet_id) + payload
        try:
            self.tls.sendall(b"\x32" + _length(len(body)) + body)
        except (OSError, ssl.SSLError) as error:
            raise Refused(str(error)) from error
        kind, answer = self.packet()
        claim(kind == PUBACK and answer == struct.pack(">H", self.packet_id), f"{kind:#x} {answer.hex()} is no PUBACK")
        self.acknowledged += 1

    def ended_already(self):
        """Whether the peer's end is here now, without waiting."""
        while True:
            ready, _, _ = select.select([self.tls], [], [], 0)
            if not ready and not self.tls.pending():
                return False
            try:
                if not self.tls.recv(65536):
                    return True
            except (OSError, ssl.SSLError):
                return True

    def wait_for_end(self):
        """Returns when the peer has ended the connection."""
        try:
            while self.tls.recv(65536):
                pass
        except TimeoutError:
            claim(False, f"the connection of {self.thing} did not end")
        except (OSError, ssl.SSLError):
            pass

    def close(self):
        self.tls.close()


def is_refused(context, port, thing, session=None):
    """Whether nobody is served: neither handshake nor CONNECT."""
    try:
        device = Device(context, port, thing, session)
    except Refused:
        return True
    device.close()
    return False
