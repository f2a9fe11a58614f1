#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Checks the house rules that a compiler does not.

  lint.py                 prints what breaks a rule; exit 1 when something does
  lint.py --write-layers  writes tools/layers.txt from the table in ARCHITECTURE.md
  lint.py --rules         lists the rules

The rules are data in lint_rules.py; lint_test.py shows each of them something that it must catch.
"""
import argparse
import dataclasses
import functools
import pathlib
import re
import subprocess
import sys

sys.dont_write_bytecode = True

SKIPPED_FOLDERS = {".git", "build", "node_modules", ".venv", ".cache", "__pycache__"}


@dataclasses.dataclass(frozen=True)
class Finding:
    path: str
    line: int  # 0: the file as a whole
    message: str

    def text(self, rule):
        place = f"{self.path}:{self.line}" if self.line else self.path
        return f"{place}: {self.message} [{rule}]"


class Tree:
    """The files of a checkout, by path from its root, with `/`."""

    def __init__(self, root):
        self.root = pathlib.Path(root)
        self.files = sorted(self._list())
        self.folders = {str(parent) for file in self.files for parent in pathlib.PurePosixPath(file).parents}

    def _list(self):
        listed = subprocess.run(["git", "-C", str(self.root), "ls-files", "-z", "-co", "--exclude-standard"],
                                capture_output=True, check=False)
        if listed.returncode == 0:
            names = listed.stdout.decode().split("\0")
            return [n for n in names if n and (self.root / n).is_file()]
        found = []
        for path in self.root.rglob("*"):
            relative = path.relative_to(self.root)
            if path.is_file() and not SKIPPED_FOLDERS & set(relative.parts):
                found.append(relative.as_posix())
        return found

    def exists(self, path):
        path = path.rstrip("/")
        return path in self.folders or path in self._file_set()

    @functools.cache
    def _file_set(self):
        return set(self.files)

    @functools.cache
    def text(self, path):
        return (self.root / path).read_text(encoding="utf-8", errors="replace")

    @functools.cache
    def without_comments(self, path):
        return blank(self.text(path), strings=False)

    @functools.cache
    def code(self, path):
        """C++ with the insides of comments and literals blanked; lines stay where they were."""
        return blank(self.text(path), strings=True)

    def under(self, folder, *suffixes):
        return [f for f in self.files if f.startswith(folder) and (not suffixes or f.endswith(suffixes))]

    def cpp(self):
        return [f for f in self.files if f.endswith((".cc", ".h"))]


LITERAL = re.compile(
    r'//[^\n]*|/\*.*?\*/'
    r'|R"(?P<delimiter>[^(\s]{0,16})\(.*?\)(?P=delimiter)"'
    r'|"(?:\\.|[^"\\\n])*"'
    r"|(?<![0-9A-Za-z_])'(?:\\.|[^'\\\n])*'", re.DOTALL)
INCLUDE_LINE = re.compile(r'^\s*#\s*include\b')


def blank(text, strings):
    def replace(match):
        found = match.group()
        if not found.startswith("/") and (not strings or on_include_line(match.start())):
            return found
        return re.sub(r"[^\n]", " ", found)

    def on_include_line(position):
        start = text.rfind("\n", 0, position) + 1
        return INCLUDE_LINE.match(text, start) is not None

    return LITERAL.sub(replace, text)


def parse_layers(architecture):
    """{component: components it may include}, in table order, from the table in ARCHITECTURE.md."""
    layers = {}
    for line in architecture.splitlines():
        cells = [c.strip() for c in line.strip().strip("|").split("|")]
        name = re.fullmatch(r"`([a-z]+)`", cells[0])
        if not line.startswith("|") or len(cells) != 3 or not name:
            if layers and not line.startswith("|"):
                break
            continue
        allowed, words = [], cells[2]
        for borrowed in re.findall(r"what (\w+) may", words):
            allowed += layers[borrowed]
        words = re.sub(r"what \w+ may|and|,|–", " ", words)
        allowed += list(layers) if "everything" in words else words.split()
        layers[name.group(1)] = allowed
    return layers


def layers_text(layers):
    return "".join(f"{name}:{''.join(' ' + a for a in allowed)}\n" for name, allowed in layers.items())


def read_layers(tree):
    layers = {}
    for line in tree.text("tools/layers.txt").splitlines():
        name, _, allowed = line.partition(":")
        layers[name] = allowed.split()
    return layers


def closure(layers, name):
    """Everything at or below a component."""
    seen, open_names = set(), [name]
    while open_names:
        current = open_names.pop()
        if current not in seen:
            seen.add(current)
            open_names += layers.get(current, [])
    return seen


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--root", default=pathlib.Path(__file__).resolve().parent.parent)
    parser.add_argument("--write-layers", action="store_true")
    parser.add_argument("--rules", action="store_true")
    parser.add_argument("--no-warnings", action="store_true", help="leave out size warnings")
    args = parser.parse_args()
    tree = Tree(args.root)
    if args.write_layers:
        (tree.root / "tools/layers.txt").write_text(layers_text(parse_layers(tree.text("ARCHITECTURE.md"))))
        return 0

    import lint_rules
    if args.rules:
        for rule in lint_rules.RULES:
            print(f"{rule.name:22} {rule.says}")
        return 0
    broken = warned = 0
    for rule in lint_rules.RULES:
        if rule.warning and args.no_warnings:
            continue
        for finding in rule.check(tree):
            print(("warning: " if rule.warning else "") + finding.text(rule.name))
            broken += not rule.warning
            warned += rule.warning
    print(f"lint: {len(tree.files)} files, {len(lint_rules.RULES)} rules, {broken} broken, {warned} warnings")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
