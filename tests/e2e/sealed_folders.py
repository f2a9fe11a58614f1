# SPDX-License-Identifier: Apache-2.0
"""Folders and pipes: sealed, opened, inspected, damaged.

Claims: a folder comes back with its names, contents, modes and times; what is no file is refused with its place;
a missing, swapped, truncated, too long, foreign or damaged bundle and a manifest that is rolled back, cut, of
another key or of another history are each named, by `unseal` before anything is written and by `inspect` without a
key; a failure and an interruption leave nothing; memory does not grow with what goes through; a pipe is given what
has authenticated and is told when that is a beginning; each of several recipients opens; after the keyring is lost
the recovery key opens, and a keyring put back from a copy goes on under new epochs.
"""

import base64
import json
import os
import shutil
import signal
import subprocess
import tempfile
import time

from harness import WAIT_S, claim, main

HERE = os.path.dirname(os.path.abspath(__file__))
VECTORS = os.path.join(HERE, "..", "..", "src", "envelope", "testdata", "own_vectors.json")
FRAME = 65536


class Box:
    """A scratch folder in which commands run."""

    def __init__(self, sealane):
        self.sealane = os.path.abspath(sealane)
        self.folder = tempfile.mkdtemp(prefix="sealane-folders-")

    def path(self, *names):
        return os.path.join(self.folder, *names)

    def run(self, *words, code=0, stdin=b""):
        """(standard output, standard error), both bytes."""
        done = subprocess.run([self.sealane, *words], cwd=self.folder, input=stdin, capture_output=True, timeout=WAIT_S,
                              check=False)
        claim(done.returncode == code,
              f"sealane {' '.join(words)} ended with {done.returncode}, not {code}: {done.stdout[-500:]}{done.stderr[-1500:]}")
        return done.stdout, done.stderr

    def run_json(self, *words, code=0):
        return json.loads(self.run(*words, "--format", "json", code=code)[0])

    def put(self, name, content, mode=0o644):
        os.makedirs(os.path.dirname(self.path(name)), exist_ok=True)
        with open(self.path(name), "wb") as file:
            file.write(content)
        os.chmod(self.path(name), mode)

    def refused(self, words, *told, out="out"):
        """Ends with 4 or 1, says each of `told`, and leaves neither `out` nor anything half-written."""
        before = sorted(os.listdir(self.folder))
        done = subprocess.run([self.sealane, *words, out], cwd=self.folder, capture_output=True, timeout=WAIT_S, check=False)
        text = done.stderr.decode()
        claim(done.returncode in (1, 4), f"{words} ended with {done.returncode}: {text}")
        for part in told:
            claim(part in text, f"{words}: `{part}` is not in: {text}")
        claim(sorted(os.listdir(self.folder)) == before, f"{words} left {set(os.listdir(self.folder)) - set(before)}")

    def close(self):
        subprocess.run(["chmod", "-R", "u+rwx", self.folder], check=False)
        shutil.rmtree(self.folder, ignore_errors=True)


def facts(root):
    """{relative name: (mode, mtime, content)} of everything below."""
    found = {}
    for folder, names, files in os.walk(root):
        for name in [".", *files] if folder != root else files + names:
            path = os.path.normpath(os.path.join(folder, name))
            status = os.lstat(path)
            content = None if os.path.isdir(path) else open(path, "rb").read()
            found[os.path.relpath(path, root)] = (status.st_mode, int(status.st_mtime), content)
    return found


def fill(box, name="photos"):
    box.put(f"{name}/a/x.txt", b"hi")
    box.put(f"{name}/a/b/big", os.urandom(3_000_000), 0o640)
    box.put(f"{name}/a/b/{'n' * 180}", b"long")
    box.put(f"{name}/zero", b"", 0o400)
    box.put(f"{name}/{'ü' * 20} name with spaces", b"x" * FRAME, 0o755)
    os.makedirs(box.path(name, "empty"))
    os.chmod(box.path(name, "empty"), 0o555)
    os.utime(box.path(name, "a", "x.txt"), (1_000_000_000, 1_000_000_000))
    os.utime(box.path(name, "a"), (1_100_000_000, 1_100_000_000))


def bundles(folder, dataset="photos"):
    place = os.path.join(folder, dataset, "bundles")
    return [os.path.join(place, name) for name in sorted(os.listdir(place))]


def entries(folder, dataset="photos"):
    place = os.path.join(folder, dataset, "manifest")
    return [os.path.join(place, name) for name in sorted(os.listdir(place))]


RING = ["--keyring", "keys"]


def there_and_back(box):
    fill(box)
    box.run("key", "create", "p", *RING)
    sealed = box.run_json("seal", *RING, "--key", "p", "--bundle-size", "1", "--context", "camera=7", "photos", "photos.sealed")
    claim(sealed["bundles"] == len(bundles(box.path("photos.sealed"))) >= 3 and sealed["files"] == 5, f"{sealed}")
    opened = box.run_json("unseal", *RING, "--require-context", "camera=7", "photos.sealed", "out")
    claim(facts(box.path("out")) == facts(box.path("photos")), "what came back is not what was sealed")
    claim(opened["head"] == sealed["head"] and opened["freshness"] == "at-least-as-new-as-head", f"{opened}")
    seen = box.run_json("inspect", "photos.sealed")
    claim(seen["problems"] == [] and not any(b["problems"] for b in seen["bundles"]), f"{seen}")
    claim({b["recipients"][0]["name"] for b in seen["bundles"]} == {"p/1"}, f"{seen}")
    box.refused(["unseal", *RING, "--require-context", "camera=8", "photos.sealed"], "camera", out="out2")
    # A folder that is there is neither replaced nor mixed with; sealing the same again gives the same members.
    box.run("unseal", *RING, "photos.sealed", "out", code=2)
    box.run("seal", *RING, "--key", "p", "photos", "photos.sealed", code=2)
    box.run("seal", *RING, "--key", "p", "--bundle-size", "1", "photos", "again.sealed")
    claim([os.path.basename(b) for b in bundles(box.path("again.sealed"))] ==
          [os.path.basename(b) for b in bundles(box.path("photos.sealed"))], "another order")
    shutil.rmtree(box.path("again.sealed"))
    subprocess.run(["chmod", "-R", "u+rwx", box.path("out")], check=True)
    shutil.rmtree(box.path("out"))


def what_is_no_file(box):
    box.put("odd/a/file", b"x")
    os.symlink("/etc/passwd", box.path("odd/a/link"))
    before = sorted(os.listdir(box.folder))
    for make, remove, told in ((None, "odd/a/link", b"odd/a/link` is a symbolic link"), ("odd/pipe", "odd/pipe", b"odd/pipe` is a pipe")):
        if make:
            os.mkfifo(box.path(make))
        _, error = box.run("seal", *RING, "--key", "p", "odd", "odd.sealed", code=2)
        claim(told in error, f"{error}")
        os.remove(box.path(remove))
    claim(sorted(os.listdir(box.folder)) == before, f"left {os.listdir(box.folder)}")
    _, error = box.run("seal", *RING, "--key", "p", "odd", "odd/inside", code=2)
    claim(b"lies in the folder" in error, f"{error}")


def damaged(box, change, *told, inspected=True):
    """A copy of the sealed folder, changed, is refused and says why; `inspect` sees it without a key."""
    copy = box.path("copy")
    shutil.copytree(box.path("photos.sealed"), copy)
    change(copy)
    box.refused(["unseal", *RING, "copy"], *told)
    if inspected:
        text, _ = box.run("inspect", "copy", code=1)
        claim(b"looks wrong" in text, f"`inspect` saw nothing of {told}: {text.decode()}")
    shutil.rmtree(copy)


def rewrite(path, edit):
    with open(path, "rb") as file:
        content = bytearray(file.read())
    edited = edit(content)
    with open(path, "wb") as file:
        file.write(content if edited is None else edited)


def flip(at):
    def edit(content):
        content[at] ^= 1
    return edit


def swap(a, b):
    os.rename(a, a + ".t")
    os.rename(b, a)
    os.rename(a + ".t", b)


def wrong_bundles(box):
    # The same data sealed by somebody who has another keyring, under the same names.
    box.run("key", "create", "p", "--keyring", "strangers")
    box.run("seal", "--keyring", "strangers", "--key", "p", "--bundle-size", "1", "photos", "foreign", "--dataset", "photos")
    foreign = box.path("foreign")
    name = os.path.basename
    damaged(box, lambda f: os.remove(bundles(f)[1]), name(bundles(foreign)[1]), "is missing")
    damaged(box, lambda f: swap(bundles(f)[0], bundles(f)[2]), "is swapped: it is bundle")
    damaged(box, lambda f: rewrite(bundles(f)[1], lambda c: c[:-7]), "is truncated")
    damaged(box, lambda f: rewrite(bundles(f)[1], lambda c: c + b"x"), "is too long")
    damaged(box, lambda f: shutil.copy(bundles(foreign)[1], bundles(f)[1]), name(bundles(foreign)[1]), "is foreign")
    damaged(box, lambda f: shutil.copy(bundles(foreign)[1], bundles(f)[1] + ".more"), "is foreign: no entry")
    damaged(box, lambda f: rewrite(bundles(f)[1], flip(100_000)), "is damaged", inspected=False)
    # Each by its own reason, at once.
    def several(folder):
        os.remove(bundles(folder)[0])
        rewrite(bundles(folder)[0], lambda c: c[:-7])
    damaged(box, several, "is missing", "is truncated")
    # The manifest.
    damaged(box, lambda f: os.remove(entries(f)[1]), "manifest entry 1: is missing: entry 2 stands in its place")
    damaged(box, lambda f: swap(entries(f)[0], entries(f)[1]), "manifest entry 0: is missing: entry 1 stands in its place")
    damaged(box, lambda f: shutil.copy(entries(foreign)[0], entries(f)[0]), "manifest entry 0", "is foreign: the signature is not by")
    damaged(box, lambda f: rewrite(entries(f)[1], flip(40)), "is foreign: the signature is not by")
    damaged(box, lambda f: [os.remove(e) for e in entries(f)], "the manifest is missing")
    # All of it by somebody else: bundles, manifest, everything fits but the key.
    box.refused(["unseal", *RING, "foreign"], "is foreign: the signature is not by")
    text, _ = box.run("inspect", "foreign")
    claim(b"without a key nothing was authenticated" in text, f"{text}")
    box.run("key", "manifest", *RING, "--out", "manifest.pub")
    claim(box.run_json("inspect", "photos.sealed", "--manifest-key", "manifest.pub")["signatures_checked"] is True, "not checked")
    text, _ = box.run("inspect", "foreign", "--manifest-key", "manifest.pub", code=1)
    claim(b"is foreign" in text, f"{text}")


def adding_and_going_back(box):
    shutil.copytree(box.path("photos.sealed"), box.path("before"))
    old = box.run_json("unseal", *RING, "photos.sealed", "first")["head"]
    box.put("more/zero", b"no longer empty")
    box.put("more/a/new", b"new")
    added = box.run_json("seal", *RING, "--key", "p", "--append", "more", "photos.sealed")
    claim(added["bundles"] == 1 and added["head"] != old, f"{added}")
    # Whoever sealed knows the newest head: the folder as it was is refused, before and after it was opened here.
    box.refused(["unseal", *RING, "before"], "rolled back or truncated")
    box.run("unseal", *RING, "photos.sealed", "second")
    second = facts(box.path("second"))
    claim(second["zero"][2] == b"no longer empty" and second["a/new"][2] == b"new" and second["a/x.txt"][2] == b"hi", "not added")
    box.refused(["unseal", *RING, "before"], "rolled back or truncated")
    damaged(box, lambda f: (os.remove(entries(f)[-1]), os.remove(bundles(f)[-1])), "rolled back or truncated", inspected=False)
    # A reader without a keyring: what it knows is what it is told, and a file keeps it.
    box.run("key", "export", *RING, "p", "--out", "p.key")
    reader = ["unseal", "--key-file", "p/1=p.key", "--manifest-key", "manifest.pub"]
    claim(box.run_json(*reader, "before", "third")["freshness"] == "unknown", "freshness of a first read")
    box.refused([*reader, "--expect-head", added["head"], "before"], "rolled back or truncated")
    box.refused([*reader, "--expect-head", "0:" + "0" * 64, "before"], "rolled back or replaced")
    claim(box.run_json(*reader, "--expect-head", old, "photos.sealed", "fourth")["freshness"] == "at-least-as-new-as-head", "")
    box.run(*reader, "--head-file", "head", "photos.sealed", "fifth")
    box.refused([*reader, "--head-file", "head", "before"], "rolled back or truncated")
    box.run(*reader[:3], "photos.sealed", "sixth", code=2)
    # What an interrupted `--append` may leave stops the next one.
    shutil.copy(bundles(box.path("photos.sealed"))[0], bundles(box.path("photos.sealed"))[0] + ".left")
    box.run("seal", *RING, "--key", "p", "--append", "more", "photos.sealed", code=2)
    os.remove(bundles(box.path("photos.sealed"))[0] + ".left")


def pipes(box):
    plain = os.urandom(5 * FRAME + 100)
    sealed, _ = box.run("seal", *RING, "--key", "p", "-", "-", stdin=plain)
    claim(box.run("unseal", *RING, "-", "-", stdin=sealed)[0] == plain, "what came back through pipes")
    text, _ = box.run("inspect", "-", stdin=sealed)
    claim(b"6 frames of 65536 bytes, 100 in the final one" in text, f"{text}")
    text, _ = box.run("inspect", "-", stdin=sealed[:-1], code=1)
    claim(b"looks wrong: cut short" in text, f"{text}")
    box.run("inspect", "-", stdin=b"nothing sealed", code=2)
    header = len(sealed) - len(plain) - 6 * 32 - 8 + 4
    for change, frames in ((lambda c: c[:-1], 5), (lambda c: c + b"x", 6), (flip(len(sealed) - 1), 5), (flip(header + 2 * (FRAME + 32) + 50), 2),
                           (flip(20), 0)):
        content = bytearray(sealed)
        content = change(content) or content
        got, error = box.run("unseal", *RING, "-", "-", stdin=bytes(content), code=4)
        claim(got == plain[:min(frames * FRAME, len(plain))], f"{frames}: {len(got)} bytes left through the pipe")
        claim(not got or f"{len(got)} bytes that authenticated have been written".encode() in error, f"{error}")
        claim(not got or b"not the whole" in error, f"{error}")
    # Nothing but plaintext on standard output, also with --format json.
    got, error = box.run("unseal", *RING, "--format", "json", "-", "-", stdin=bytes(sealed[:-1]), code=4)
    claim(plain.startswith(got) and b"error:" in error, "a document among the plaintext")
    box.run("seal", *RING, "--key", "p", "photos", "-", code=2)
    box.run("unseal", *RING, "photos.sealed", "-", code=2)
    # A signed message: the last frame waits for the signature.
    signed, _ = box.run("seal", *RING, "--key", "p", "--suite", "0x0578", "-", "-", stdin=plain)
    got, _ = box.run("unseal", *RING, "-", "-", stdin=signed[:-1], code=4)
    claim(got == plain[:5 * FRAME], "the last frame left before the signature")


def peak_kib(box, words, feed):
    """Most memory that the command had, given `feed` bytes on standard input."""
    with open(box.path("fed"), "wb") as file:
        file.truncate(feed)
    with open(box.path("fed"), "rb") as file, open(box.path("given"), "wb") as out:
        child = subprocess.Popen([box.sealane, *words], cwd=box.folder, stdin=file, stdout=out)
        _, status, used = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
    claim(child.returncode == 0, f"{words} ended with {child.returncode}")
    return used.ru_maxrss


def constant_memory(box):
    large, small = 192 << 20, 32 << 20
    grown = {}
    for size in (small, large):
        grown[size] = [peak_kib(box, ["seal", *RING, "--key", "p", "-", "-"], size)]
        os.rename(box.path("given"), box.path("message"))
        for words in (["unseal", *RING, "message", "opened"], ["inspect", "message"]):
            grown[size].append(peak_kib(box, words, 0))
        os.makedirs(box.path("large"), exist_ok=True)
        with open(box.path("large/file"), "wb") as file:
            file.truncate(size)
        for words in (["seal", *RING, "--key", "p", "large", f"large.{size}"], ["unseal", *RING, f"large.{size}", f"large-opened.{size}"]):
            grown[size].append(peak_kib(box, words, 0))
        claim(os.path.getsize(box.path(f"large-opened.{size}/file")) == size, "not the whole file")
        for name in (f"large.{size}", f"large-opened.{size}"):
            shutil.rmtree(box.path(name))
    for name in ("fed", "message", "opened", "given"):
        os.remove(box.path(name))
    for little, much in zip(grown[small], grown[large]):
        claim(much - little < 48 << 10, f"memory grew from {little} KiB to {much} KiB: {grown}")


def interruption(box):
    before = sorted(os.listdir(box.folder))
    for words, signal_ in ((["seal", *RING, "--key", "p", "-", "cut"], signal.SIGINT), (["unseal", *RING, "-", "cut"], signal.SIGTERM)):
        child = subprocess.Popen([box.sealane, *words], cwd=box.folder, stdin=subprocess.PIPE, stderr=subprocess.PIPE)
        end = time.monotonic() + WAIT_S
        while sorted(os.listdir(box.folder)) == before and time.monotonic() < end:
            time.sleep(0.02)
        claim(sorted(os.listdir(box.folder)) != before, "it has not begun")
        # Again if the first one came in the moment before it waits for input.
        while child.poll() is None and time.monotonic() < end:
            child.send_signal(signal_)
            time.sleep(0.1)
        _, error = child.communicate(timeout=WAIT_S)
        claim(child.returncode == 3 and b"interrupted" in error, f"{words}: {child.returncode} {error}")
        claim(sorted(os.listdir(box.folder)) == before, f"left {set(os.listdir(box.folder)) - set(before)}")


def openssl(box, *words):
    subprocess.run(["openssl", *words], cwd=box.folder, check=True, capture_output=True, timeout=WAIT_S)


def recipients(box):
    box.run("key", "create", "q", *RING)
    box.run("key", "create", "other", *RING)
    for name in ("office", "home", "nobody"):
        openssl(box, "genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048", "-out", f"{name}.key")
        openssl(box, "pkey", "-in", f"{name}.key", "-pubout", "-out", f"{name}.pem")
    box.put("letter", b"for several")
    sealed = box.run_json("seal", *RING, "--key", "p", "--key", "q", "--rsa-public-key", "office.pem", "--rsa-public-key", "home.pem",
                          "--context", "case=12", "--bring-context", "desk=3", "letter", "letter.esdk")
    claim(sealed["recipients"] == 4, f"{sealed}")
    seen = box.run_json("inspect", "letter.esdk")
    claim([r["kind"] for r in seen["recipients"]] == ["raw-aes", "raw-aes", "raw-rsa", "raw-rsa"], f"{seen}")
    claim(seen["context"] == [{"key": "case", "value": "12"}], "a pair that is not stored was stored")
    brought = ["--bring-context", "desk=3"]
    for name in ("p", "q", "other"):
        box.run("key", "export", *RING, name, "--out", f"raw-{name}")
    for keys in (["--key-file", "p/1=raw-p"], ["--key-file", "q/1=raw-q"], ["--rsa-private-key", "office.key"], ["--rsa-private-key", "home.key"], RING):
        got, _ = box.run("unseal", *keys, *brought, "--require-context", "case=12", "letter.esdk", "-")
        claim(got == b"for several", f"{keys} opened {got}")
    for keys in (["--rsa-private-key", "nobody.key"], ["--key-file", "other/1=raw-other"], ["--key-file", "q/1=raw-p"]):
        box.refused(["unseal", *keys, *brought, "letter.esdk"])
    box.refused(["unseal", *RING, "letter.esdk"])
    box.refused(["unseal", *RING, "--bring-context", "desk=4", "letter.esdk"])
    box.refused(["unseal", *RING, *brought, "--require-context", "case=13", "letter.esdk"], "case")
    # A public key alone seals files; a folder needs somebody who signs.
    box.run("seal", "--rsa-public-key", "office.pem", "letter", "alone.esdk")
    claim(box.run("unseal", "--rsa-private-key", "office.key", "alone.esdk", "-")[0] == b"for several", "a public key alone")
    _, error = box.run("seal", "--rsa-public-key", "office.pem", "photos", "alone.sealed", code=2)
    claim(b"which a keyring's key signs" in error, f"{error}")


def any_suite(box):
    """Messages of the official SDK for Python, of all suites and wraps."""
    with open(VECTORS, encoding="utf-8") as file:
        vectors = json.load(file)
    box.put("theirs.key", vectors["rsa"].encode())
    opened, refused = set(), set()
    for message in vectors["messages"]:
        box.put("theirs.esdk", base64.b64decode(message["message"]))
        key = message["keys"][0]
        if key.startswith("aes"):
            seen = box.run_json("inspect", "theirs.esdk", code=1 if message["frame_length"] == 0 or message["suite"] < "0x0478" else 0)
            box.put("theirs.raw", base64.b64decode(vectors["aes"][key]))
            name = next(r["name"] for r in seen["recipients"] if r["kind"] == "raw-aes")
            words = ["--key-file", f"{vectors['namespace']}:{name}=theirs.raw"]
        else:
            words = ["--rsa-private-key", "theirs.key", "--rsa-padding", key.removeprefix("rsa-")]
        if message["suite"] < "0x0478":
            _, error = box.run("unseal", *words, "theirs.esdk", "-", code=5)
            claim(message["suite"].encode() in error, f"{error}")
            refused.add(message["suite"])
        got, _ = box.run("unseal", *words, "--any-suite", "theirs.esdk", "-")
        claim(got.decode() == message["plaintext"], f"{message['suite']} {key} opened something else")
        opened.add((message["suite"], key))
    claim(len(refused) == 9 and len({suite for suite, _ in opened}) == 11, f"{sorted(opened)}")
    claim({key for _, key in opened} >= {"rsa-pkcs1", "rsa-oaep-sha1", "rsa-oaep-sha256", "rsa-oaep-sha384", "rsa-oaep-sha512"}, "")


def lost_keyring(box):
    """Everything of the keyring is gone; a copy from before is found."""
    openssl(box, "genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048", "-out", "recovery.key")
    openssl(box, "pkey", "-in", "recovery.key", "-pubout", "-out", "recovery.pem")
    ring = ["--keyring", "office"]
    box.run("key", "create", "deeds", *ring)
    box.run("key", "manifest", *ring, "--out", "office.pub")
    box.run("key", "export-recovery", "deeds", *ring, "--public-key", "recovery.pem")
    shutil.copytree(box.path("office"), box.path("backup"))
    box.run("key", "rotate", "deeds", *ring)
    box.put("deed", b"a deed")
    box.run("seal", *ring, "--key", "deeds", "deed", "deed.esdk")
    box.run("seal", *ring, "--key", "deeds", "more", "deeds.sealed")
    # The file alone is put back: its anchor says that there was a newer one.
    shutil.copy(box.path("backup/keyring.db"), box.path("office/keyring.db"))
    box.refused(["unseal", *ring, "deed.esdk"], "older")
    box.run("key", "restore", *ring)
    (key,) = box.run_json("key", "list", *ring)["keys"]
    claim(key["epochs"][-1]["epoch"] >= 3, f"an epoch's number was used again: {key}")
    box.refused(["unseal", *ring, "deed.esdk"])
    # All of it is lost.
    shutil.rmtree(box.path("office"))
    claim(box.run("unseal", "--rsa-private-key", "recovery.key", "deed.esdk", "-")[0] == b"a deed", "the recovery key does not open")
    box.run("unseal", "--rsa-private-key", "recovery.key", "--manifest-key", "office.pub", "deeds.sealed", "deeds")
    claim(facts(box.path("deeds")) == facts(box.path("more")), "the recovery key opened another folder")
    # The copy goes on: it seals under an epoch of its own and opens what it sealed.
    shutil.copytree(box.path("backup"), box.path("office"))
    box.run("key", "restore", *ring)
    box.run("seal", *ring, "--key", "deeds", "deed", "deed2.esdk")
    claim(box.run("unseal", *ring, "deed2.esdk", "-")[0] == b"a deed", "")
    claim(box.run("unseal", "--rsa-private-key", "recovery.key", "deed2.esdk", "-")[0] == b"a deed", "")


def test(sealane, _):
    box = Box(sealane)
    try:
        for part in (there_and_back, what_is_no_file, wrong_bundles, adding_and_going_back, pipes, recipients, any_suite, lost_keyring,
                     interruption, constant_memory):
            began = time.monotonic()
            part(box)
            print(f"{part.__name__}: {time.monotonic() - began:.1f} s", flush=True)
    finally:
        box.close()


if __name__ == "__main__":
    main(test)
