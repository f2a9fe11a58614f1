# SPDX-License-Identifier: Apache-2.0
"""Python's ssl and the openssl program resume TLS 1.3 sessions with a listener: `reused N/N`."""
import json
import socket
import ssl
import subprocess
import time

ROUNDS = 20
CONNACK = b"\x20\x02\x00\x00"


def connect_packet(client_id):
    name = client_id.encode()
    body = b"\x00\x04MQTT\x04\x02\x00\x3c" + len(name).to_bytes(2, "big") + name
    return bytes([0x10, len(body)]) + body


def python_context(server, station):
    identity = server.identity(station)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.check_hostname = False  # nodes have URIs, and the CA is the pipeline's own
    context.load_verify_locations(identity["ca"])
    context.load_cert_chain(identity["cert"], identity["key"])
    return context


def python_connection(server, station, context, session, farewell):
    """(whether the session was reused, the session that the server then gave)"""
    with socket.create_connection(("127.0.0.1", server.port), 10) as wire:
        tls = context.wrap_socket(wire, session=session)
        tls.sendall(connect_packet(station))
        answer = tls.recv(4)
        if answer != CONNACK:
            raise AssertionError(f"the listener answered {answer!r}")
        result = tls.session_reused, tls.session
        if farewell:
            tls.sendall(b"\xe0\x00")  # DISCONNECT
            tls.unwrap()
        tls.close()  # without a farewell: the transport just ends
        return result


def python_reuses(server, station, newest, farewell):
    """How many of ROUNDS connections resumed, each with the newest session or all with the first one."""
    context = python_context(server, station)
    reused, session = python_connection(server, station, context, None, farewell)
    if reused:
        raise AssertionError("the first connection resumed something")
    count = 0
    for _ in range(ROUNDS):
        reused, given = python_connection(server, station, context, session, farewell)
        count += reused
        session = given if newest else session
    return count


def openssl_connection(server, station, folder, options):
    """What `openssl s_client` printed of one connection that lasts until the listener answered."""
    identity = server.identity(station)
    process = subprocess.Popen(
        ["openssl", "s_client", "-connect", f"127.0.0.1:{server.port}", "-tls1_3", "-CAfile", identity["ca"],
         "-cert", identity["cert"], "-key", identity["key"], *options],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, cwd=folder)
    try:
        process.stdin.write(connect_packet(station))
        process.stdin.flush()
        said, end = b"", time.monotonic() + 15
        while CONNACK not in said and time.monotonic() < end:
            piece = process.stdout.read1(65536)
            if not piece:
                break
            said += piece
        if CONNACK not in said:
            raise AssertionError(f"no CONNACK: {said[-800:]!r}")
        process.stdin.write(b"\xe0\x00")
        process.stdin.close()
        said += process.stdout.read()
        process.wait(15)
        return said.decode("latin-1")
    finally:
        process.kill()
        process.wait()


def openssl_reuses(server, station, folder):
    """How many of ROUNDS runs with -sess_in resumed; the first wrote the session with -sess_out."""
    first = openssl_connection(server, station, folder, ["-sess_out", "session.pem"])
    if "New, TLSv1.3" not in first:
        raise AssertionError("the first run of openssl resumed something")
    count = 0
    for _ in range(ROUNDS):
        said = openssl_connection(server, station, folder, ["-sess_in", "session.pem", "-sess_out", "session.pem"])
        count += "Reused, TLSv1.3" in said
    return count


def resumed_in_log(server):
    """How many connections the listener itself calls resumed."""
    count = 0
    for line in server.log.read_text().splitlines():
        try:
            event = json.loads(line)
        except ValueError:
            continue
        count += event.get("event") == "connection-open" and event.get("resumed") is True
    return count
