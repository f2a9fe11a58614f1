# SPDX-License-Identifier: Apache-2.0
"""What the trainer is told of a lake that somebody changed, and what the trainer's key is good for.

Claims: a bundle that is missing, swapped, truncated, damaged or made by somebody without the manifest's key, and a
manifest that is rolled back, cut or signed by somebody else, are each named by `dataset read`, and no record is
written; a bundle that no entry names is named and not read; the key of the lake opens no block of the journal.
"""

import glob
import os
import shutil
import time
import urllib.parse

from harness import WAIT_S, Pipeline, claim, main
from mqtt_client import Device, context_of

THING = "station"
TOPIC = f"devices/{THING}/data"


class Lake:
    """The files of the lake's objects."""

    def __init__(self, pipeline, node):
        self.pipeline = pipeline
        self.port = node.port()
        self.root = os.path.join(pipeline.state, "nodes", "lake", "objects")
        self.spare = os.path.join(pipeline.folder, "spare")

    def files(self, part):
        found = glob.glob(os.path.join(self.root, "**", "training%2f" + part + "%2f*"), recursive=True)
        return sorted(f for f in found if "/." not in f[len(self.root):])

    def bundles(self):
        return self.files("bundles")

    def entries(self):
        return self.files("manifest")

    def read(self, code=0, *words):
        return self.pipeline.run_json("dataset", "read", "--pipeline", self.pipeline.file, "--as", "trainer", "--peer",
                                      f"lake=127.0.0.1:{self.port}", "--out", os.path.join(self.pipeline.folder, "records"), *words, code=code)

    def refused(self, change, *told):
        shutil.copytree(self.root, self.spare)
        change()
        # What was known of the objects is made anew.
        for known in glob.glob(os.path.join(self.root, "**", ".meta"), recursive=True) + glob.glob(os.path.join(self.root, ".meta")):
            shutil.rmtree(known, ignore_errors=True)
            os.makedirs(known, exist_ok=True)
            status = os.stat(self.root)
            os.chown(known, status.st_uid, status.st_gid)
        error = self.read(4)["error"]
        for part in told:
            claim(part in error["message"], f"`{part}` is not in: {error}")
        claim(not os.path.exists(os.path.join(self.pipeline.folder, "records")), "records were written")
        for entry in os.listdir(self.root):
            path = os.path.join(self.root, entry)
            shutil.rmtree(path) if os.path.isdir(path) else os.remove(path)
        shutil.copytree(self.spare, self.root, dirs_exist_ok=True)
        for folder, _, files in os.walk(self.root):
            for path in [folder, *(os.path.join(folder, f) for f in files)]:
                status = os.stat(os.path.dirname(self.root))
                os.chown(path, status.st_uid, status.st_gid)
        shutil.rmtree(self.spare)


def swap(a, b):
    os.rename(a, a + ".t")
    os.rename(b, a)
    os.rename(a + ".t", b)


def rewrite(path, edit):
    with open(path, "rb") as file:
        content = edit(file.read())
    with open(path, "wb") as file:
        file.write(content)


def put(source, path):
    with open(source, "rb") as file:
        rewrite(path, lambda _, content=file.read(): content)


def fill(pipeline, lake):
    edge = pipeline.edge(lake.port())
    context = context_of(pipeline.state, THING)
    for count in range(1, 4):
        device = Device(context, edge.port(), THING)
        device.publish(TOPIC)
        device.close()
        end = time.monotonic() + WAIT_S
        while len(edge.events("bundle-stored")) < count:
            claim(time.monotonic() < end, f"bundle {count} was not stored")
            time.sleep(0.05)
    claim(edge.stop() == 0, f"the edge ended with {edge.process.returncode}:\n{edge.text()}")


def lakes_key_and_journal(pipeline):
    entries = os.path.join(pipeline.folder, "entries")
    pipeline.run("stream", "export", "--pipeline", pipeline.file, "--out", entries)
    key = os.path.join(pipeline.state, "nodes", "trainer", "training-1.key")
    (one, *_) = sorted(os.listdir(entries))
    message, out = os.path.join(entries, one), os.path.join(pipeline.folder, "opened")
    pipeline.run("unseal", "--keyring", os.path.join(pipeline.state, "nodes", "edge"), message, out)
    os.remove(out)
    pipeline.run("unseal", "--key-file", f"training/1={key}", message, out, code=1)
    pipeline.run("unseal", "--key-file", f"journal/1={key}", message, out, code=4)
    claim(not os.path.exists(out), "a block was opened")


def test(sealane, _):
    pipeline = Pipeline(sealane)
    try:
        pipeline.add_things([THING])
        node = pipeline.lake()
        lake = Lake(pipeline, node)
        fill(pipeline, node)
        whole = lake.read()
        claim(whole["bundles"] >= 3 and whole["unlisted"] == [], f"{whole}")
        os.remove(os.path.join(pipeline.folder, "records"))

        # Somebody with a keyring of their own makes the same names.
        strangers = os.path.join(pipeline.folder, "strangers")
        pipeline.run("key", "create", "training", "--keyring", strangers)
        foreign = os.path.join(pipeline.folder, "foreign.sealed")
        pipeline.run("seal", "--keyring", strangers, "--key", "training", "--dataset", "training", pipeline.home + "/policies", foreign)
        (foreign_bundle,) = glob.glob(foreign + "/training/bundles/*")
        (foreign_entry,) = glob.glob(foreign + "/training/manifest/*")
        bundle = lake.bundles()[1]
        name = urllib.parse.unquote(os.path.basename(bundle))

        lake.refused(lambda: os.remove(bundle), name, "is missing")
        lake.refused(lambda: swap(*lake.bundles()[1:3]), name, "is swapped: it is bundle")
        lake.refused(lambda: rewrite(bundle, lambda c: c[:-9]), name, "is truncated")
        lake.refused(lambda: rewrite(bundle, lambda c: c[:-300] + bytes([c[-300] ^ 1]) + c[-299:]), name, "is damaged")
        lake.refused(lambda: put(foreign_bundle, bundle), name, "is foreign")
        lake.refused(lambda: put(foreign_entry, lake.entries()[0]), "manifest entry 0", "is foreign: the signature is not by")
        lake.refused(lambda: os.remove(lake.entries()[1]), "manifest entry 1: is missing")
        lake.refused(lambda: [os.remove(f) for f in (lake.entries()[-1], lake.bundles()[-1])], "rolled back or truncated")
        again = lake.read()
        claim(again["records"] == whole["records"], f"put right, {again}")

        # One more, which no entry names.
        extra = os.path.join(os.path.dirname(bundle), os.path.basename(bundle).replace("0" * 19 + "1-", "0" * 19 + "0-").replace(
            "0" * 19 + "2-", "0" * 19 + "0-"))
        shutil.copy(foreign_bundle, extra)
        status = os.stat(bundle)
        os.chown(extra, status.st_uid, status.st_gid)
        seen = lake.read()
        claim(seen["unlisted"] == [urllib.parse.unquote(os.path.basename(extra))] and seen["records"] == whole["records"], f"{seen}")
        lakes_key_and_journal(pipeline)
    finally:
        pipeline.close()


if __name__ == "__main__":
    main(test)
