# SPDX-License-Identifier: Apache-2.0
"""A range of a sealed object is read over HTTPS from its frames alone, and a server that lies is refused.

Claims: `unseal --range` of an object in a running lake writes the range's bytes at every frame border, and over the
wire come the message's beginning, its last frame and the frames of the range, and nothing else (counted by a relay in
between); the whole object comes without `--range`; a range beyond the end, an object that is not there and a
server with another identity are refused.  A server under the lake's own certificate that answers the whole, another
range, a short body, another size or entity tag, or the object of another message is refused with its reason, and
nothing is written.
"""

import hashlib
import http.client
import http.server
import json
import os
import random
import re
import socket
import ssl
import subprocess
import threading

from harness import WAIT_S, Pipeline, claim, main

FRAME = 65536
SIZE = 24 * FRAME + 1000
FRONT = 4096
HEAD, FINAL = 32, 40  # what a frame has besides its content
# Handshake, certificates, HTTP heads and records' own bytes of at most three answers.
WIRE_OVERHEAD = 12 << 10


class Relay:
    """Counts what a server sends to the one client that is connected at a time."""

    def __init__(self, port):
        self.to, self.received = port, 0
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            server = socket.create_connection(("127.0.0.1", self.to))
            threading.Thread(target=self.copy, args=(client, server, False), daemon=True).start()
            threading.Thread(target=self.copy, args=(server, client, True), daemon=True).start()

    def copy(self, source, to, counts):
        try:
            while piece := source.recv(65536):
                if counts:
                    self.received += len(piece)
                to.sendall(piece)
            to.shutdown(socket.SHUT_WR)
        except OSError:
            pass


def context_as(pipeline, node, purpose):
    folder = os.path.join(pipeline.state, "nodes", node)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT if purpose == "client" else ssl.PROTOCOL_TLS_SERVER)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_verify_locations(os.path.join(pipeline.state, "trust", "ca.pem"))
    context.load_cert_chain(os.path.join(folder, "cert.pem"), os.path.join(folder, "key.pem"))
    return context


def put(pipeline, port, key, body):
    connection = http.client.HTTPSConnection("127.0.0.1", port, context=context_as(pipeline, "edge", "client"), timeout=WAIT_S)
    connection.request("PUT", f"/pipeline/{key}", body, {"If-None-Match": "*"})
    answer = connection.getresponse()
    claim(answer.status == 200, f"PUT {key}: {answer.status} {answer.read()}")
    connection.close()


class Liar(http.server.ThreadingHTTPServer):
    """Answers ranges of `message` as the lake does, but for what `lie` does to every answer after the first."""

    daemon_threads = True

    def __init__(self, pipeline, node, message, lie):
        super().__init__(("127.0.0.1", 0), LyingHandler)
        self.message, self.lie, self.answers = message, lie, 0
        self.socket = context_as(pipeline, node, "server").wrap_socket(self.socket, server_side=True)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def handle_error(self, *_):
        pass  # the client went


class LyingHandler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def do_GET(self):
        message = self.server.message
        first, last = map(int, re.fullmatch(r"bytes=(\d+)-(\d+)", self.headers["Range"]).groups())
        last = min(last, len(message) - 1)
        answer = {"status": 206, "etag": '"one"', "range": f"bytes {first}-{last}/{len(message)}", "body": message[first:last + 1]}
        answer["length"] = len(answer["body"])
        self.server.answers += 1
        if self.server.answers > 1 and self.server.lie:
            self.server.lie(answer, first, last)
        self.send_response(answer["status"])
        self.send_header("ETag", answer["etag"])
        if answer["range"]:
            self.send_header("Content-Range", answer["range"])
        self.send_header("Content-Length", str(answer["length"]))
        self.end_headers()
        self.wfile.write(answer["body"])
        if len(answer["body"]) != answer["length"]:
            self.close_connection = True


def whole(message):
    def lie(answer, *_):
        answer.update(status=200, range=None, body=message, length=len(message))
    return lie


def changes(**what):
    return lambda answer, *_: answer.update(what)


def another_range(answer, first, last):
    answer["range"] = f"bytes {first}-{last - 1}/{answer['range'].split('/')[1]}"


def shorter(answer, first, last):
    answer.update(body=answer["body"][:-1], length=answer["length"] - 1)


def breaks_off(answer, first, last):
    answer.update(body=answer["body"][:100])


def another_size(answer, first, last):
    answer["range"] = f"bytes {first}-{last}/{int(answer['range'].split('/')[1]) + 1}"


def of_another(message):
    def lie(answer, first, last):
        answer["body"] = message[first:last + 1]
    return lie


def flipped(answer, first, last):
    body = bytearray(answer["body"])
    body[len(body) // 2] ^= 1
    answer["body"] = bytes(body)


class Reader:
    def __init__(self, pipeline):
        self.pipeline = pipeline
        self.out = os.path.join(pipeline.folder, "out")

    def run(self, url, *words):
        """Exit code, what was written (None: nothing), what was printed, what was said."""
        if os.path.exists(self.out):
            os.remove(self.out)
        done = subprocess.run([self.pipeline.sealane, "unseal", "--pipeline", self.pipeline.file, *words, url, self.out, "--format", "json"],
                              capture_output=True, text=True, timeout=WAIT_S, stdin=subprocess.DEVNULL, check=False)
        left = [name for name in os.listdir(self.pipeline.folder) if name.startswith("out.")]
        claim(not left, f"left behind: {left}")
        data = None
        if os.path.exists(self.out):
            with open(self.out, "rb") as file:
                data = file.read()
        return done.returncode, data, json.loads(done.stdout) if done.stdout else {}, done.stdout + done.stderr


def ranges_of_the_lake(reader, relay, plain):
    url = f"https://127.0.0.1:{relay.port}/pipeline/training/big.esdk"
    last = (SIZE - 1) // FRAME * FRAME
    tail = SIZE - last
    for first, end in ((0, 0), (0, 4095), (FRAME - 1, FRAME - 1), (FRAME - 1, FRAME), (FRAME, 2 * FRAME - 1), (5 * FRAME + 7, 8 * FRAME + 6),
                       (last - 1, last), (last, SIZE - 1), (SIZE - 1, SIZE - 1)):
        relay.received = 0
        code, data, said, text = reader.run(url, "--range", f"{first}-{end}")
        claim(code == 0 and data == plain[first:end + 1], f"{first}-{end}: exit code {code}, {text}")
        # The last frame is open already, and comes again only behind others.
        frames = 0 if first >= last else end // FRAME - first // FRAME + 1
        expected = FRONT + tail + FINAL + frames * (FRAME + HEAD) - (FRAME + HEAD - tail - FINAL if frames and end >= last else 0)
        claim(said["bytes_read"] == expected and said["requests"] == 2 + (1 if frames else 0), f"{first}-{end}: {said}, not {expected}")
        claim(expected < relay.received < expected + WIRE_OVERHEAD, f"{first}-{end}: {relay.received} bytes over the wire for {expected}")
    for beyond in (f"{SIZE}-{SIZE}", f"0-{SIZE}", f"{1 << 40}-{1 << 41}"):
        relay.received = 0
        code, data, _, text = reader.run(url, "--range", beyond)
        claim(code == 1 or code == 2, f"{beyond}: exit code {code}")
        claim(data is None and f"the message has {SIZE} bytes of plaintext" in text, f"{beyond}: {text}")
        claim(relay.received < FRONT + tail + FINAL + WIRE_OVERHEAD, f"{beyond}: {relay.received} bytes over the wire")
    code, data, said, text = reader.run(url)
    claim(code == 0 and data == plain, f"the whole: exit code {code}, {text}")
    code, data, _, text = reader.run(url.replace("127.0.0.1", "lake"), "--range", "0-9")
    claim(code == 0 and data == plain[:10], f"by the store's name: exit code {code}, {text}")
    code, data, _, text = reader.run(url.replace("big", "none"), "--range", "0-9")
    claim(code != 0 and data is None and "the server answers 404" in text, f"an object that is not there: {text}")
    code, data, _, text = reader.run("https://127.0.0.1/bucket-alone", "--range", "0-9")
    claim(code == 2 and "write https://HOST/BUCKET/KEY" in text, f"no object's name: {text}")


def ranges_of_a_signed_object(reader, relay, plain):
    """The signature at the end is looked at for its length; it is of the whole and no part of a range."""
    url = f"https://127.0.0.1:{relay.port}/pipeline/training/signed.esdk"
    relay.received = 0
    code, data, said, text = reader.run(url, "--range", f"{3 * FRAME}-{3 * FRAME + 9}")
    claim(code == 0 and data == plain[3 * FRAME:3 * FRAME + 10], f"signed: exit code {code}, {text}")
    most = FRONT + 110 + SIZE % FRAME + FINAL + FRAME + HEAD
    claim(said["requests"] == 4 and said["bytes_read"] <= most, f"signed: {said}")
    claim(relay.received < most + WIRE_OVERHEAD, f"signed: {relay.received} bytes over the wire")


def lies(reader, pipeline, message, other, plain):
    another_message = of_another(other)
    cases = [
        (None, None),
        (whole(message), "the server sends the whole where a range was asked for"),
        (changes(etag='"two"'), "the object changed while it was read"),
        (changes(status=412, body=b"", length=0), "the object changed while it was read"),
        (changes(status=416, body=b"", length=0), "the object changed while it was read"),
        (another_size, "the object changed while it was read"),
        (another_range, "the server sends another range than was asked for"),
        (changes(range=None), "the server does not say which range it sends"),
        (changes(range="bytes */5"), "the Content-Range is not one of bytes"),
        (shorter, "bytes and calls them"),
        (breaks_off, "the transport ended without close_notify"),
        (another_message, "does not authenticate"),
        (flipped, "does not authenticate"),
        (changes(status=503, body=b"", length=0), "the server answers 503"),
    ]
    for lie, reason in cases:
        server = Liar(pipeline, "lake", message, lie)
        url = f"https://127.0.0.1:{server.server_address[1]}/pipeline/training/big.esdk"
        # Another message in its whole is one that opens; in a part it is not.
        for words in (("--range", "100000-100999"), ()) if lie is not another_message else (("--range", "100000-100999"),):
            server.answers = 0
            code, data, _, text = reader.run(url, *words)
            if reason is None:
                claim(code == 0 and data == (plain[100000:101000] if words else plain), f"an honest server: {text}")
            else:
                claim(code != 0 and data is None, f"{reason}: exit code {code}")
                claim(reason in text, f"{reason}: {text}")
        server.shutdown()
    imposter = Liar(pipeline, "edge", message, None)
    url = f"https://127.0.0.1:{imposter.server_address[1]}/pipeline/training/big.esdk"
    code, data, _, text = reader.run(url, "--range", "0-9")
    claim(code != 0 and data is None and imposter.answers == 0, f"another identity: {text}")
    imposter.shutdown()


def test(sealane, _tools):
    pipeline = Pipeline(sealane)
    try:
        plain = random.Random(4).randbytes(SIZE)
        path = os.path.join(pipeline.folder, "plain")
        with open(path, "wb") as file:
            file.write(plain)
        messages = []
        for name, suite in (("one", "0x0478"), ("two", "0x0478"), ("signed", "0x0578")):
            sealed = os.path.join(pipeline.folder, name)
            pipeline.run("seal", "--suite", suite, "--keyring", os.path.join(pipeline.state, "nodes", "edge"), "--key", "training", path, sealed)
            with open(sealed, "rb") as file:
                messages.append(file.read())
        claim(hashlib.sha256(messages[0]).digest() != hashlib.sha256(messages[1]).digest(), "one message twice")
        lake = pipeline.lake()
        put(pipeline, lake.port(), "training/big.esdk", messages[0])
        put(pipeline, lake.port(), "training/signed.esdk", messages[2])
        reader = Reader(pipeline)
        relay = Relay(lake.port())
        ranges_of_the_lake(reader, relay, plain)
        ranges_of_a_signed_object(reader, relay, plain)
        claim(lake.stop() == 0, f"the lake ended with {lake.process.returncode}: {lake.text()}")
        lies(reader, pipeline, messages[0], messages[1], plain)
    finally:
        pipeline.close()


if __name__ == "__main__":
    main(test)
