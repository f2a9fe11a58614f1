# SPDX-License-Identifier: Apache-2.0
"""Runs command-line scripts: python3 run.py SEALANE SCRIPT.txt...

A script is a list of lines, then files.  `-- NAME --` begins a file that stands in the scratch folder
in which the commands run.

  sealane WORDS        must exit 0
  ! CODE sealane WORDS must exit with CODE
  stdout REGEX         the last command's standard output has a match
  stderr REGEX         likewise
  ! stdout REGEX       no match
  empty stdout|stderr  nothing was written
  exists PATH | absent PATH
  json PATH VALUE      the last standard output is JSON and the value at a.b.0 is VALUE (JSON)
"""

import json
import os
import re
import shlex
import subprocess
import sys
import tempfile


class Mismatch(Exception):
    pass


def split(text):
    lines, files, name = [], {}, None
    for line in text.splitlines(keepends=True):
        begins = re.fullmatch(r"-- (\S+) --\n?", line)
        if begins:
            name = begins.group(1)
            files[name] = ""
        elif name is None:
            lines.append(line.strip())
        else:
            files[name] += line
    return lines, files


def look_up(value, path):
    for part in filter(None, path.split(".")):
        value = value[int(part)] if isinstance(value, list) else value[part]
    return value


class Script:
    def __init__(self, sealane, folder):
        self.sealane, self.folder, self.last = sealane, folder, None

    def command(self, words, code):
        self.last = subprocess.run([self.sealane, *words[1:]], cwd=self.folder, capture_output=True, text=True,
                                   timeout=120, stdin=subprocess.DEVNULL, check=False)
        if self.last.returncode != code:
            raise Mismatch(f"exit code {self.last.returncode}, not {code}\n{self.last.stdout}{self.last.stderr}")

    def check(self, line):
        negated = line.startswith("! ")
        verb, _, rest = line.removeprefix("! ").partition(" ")
        if verb in ("stdout", "stderr"):
            text = getattr(self.last, verb)
            if bool(re.search(rest, text, re.M)) == negated:
                raise Mismatch(f"{verb} is\n{text}")
        elif verb == "empty":
            if getattr(self.last, rest):
                raise Mismatch(f"{rest} is\n{getattr(self.last, rest)}")
        elif verb in ("exists", "absent"):
            if os.path.lexists(os.path.join(self.folder, rest)) != (verb == "exists"):
                raise Mismatch(f"`{rest}` is not {verb}")
        elif verb == "json":
            path, _, wanted = rest.partition(" ")
            found = look_up(json.loads(self.last.stdout), path)
            if found != json.loads(wanted):
                raise Mismatch(f"{path} is {json.dumps(found)}")
        else:
            raise Mismatch("no such verb")

    def run(self, line):
        with_code = re.match(r"! (\d+) sealane\b", line)
        if with_code:
            self.command(shlex.split(line.split(" ", 2)[2]), int(with_code.group(1)))
        elif line.startswith("sealane"):
            self.command(shlex.split(line), 0)
        else:
            self.check(line)


def run_script(sealane, path):
    with open(path, encoding="utf-8") as text:
        lines, files = split(text.read())
    with tempfile.TemporaryDirectory(prefix="sealane-cli-") as folder:
        for name, content in files.items():
            os.makedirs(os.path.dirname(os.path.join(folder, name)) or folder, exist_ok=True)
            with open(os.path.join(folder, name), "w", encoding="utf-8") as out:
                out.write(content)
        script = Script(os.path.abspath(sealane), folder)
        for number, line in enumerate(lines, 1):
            if not line or line.startswith("#"):
                continue
            try:
                script.run(line)
            except (Mismatch, KeyError, IndexError, ValueError, AttributeError) as error:
                return f"{path}:{number}: {line}\n{type(error).__name__}: {error}"
    return None


def main():
    failed = [message for message in (run_script(sys.argv[1], path) for path in sys.argv[2:]) if message]
    print("\n".join(failed) if failed else f"{len(sys.argv) - 2} scripts passed")
    sys.exit(1 if failed or len(sys.argv) < 3 else 0)


if __name__ == "__main__":
    main()
