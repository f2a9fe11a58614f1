#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Plants one upward include in a copy of src/ and expects lint.py to name it and fail."""
import pathlib
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
PLANTED = "src/base/planted.cc"


def lint(root):
    done = subprocess.run([sys.executable, str(ROOT / "tools/lint.py"), "--no-warnings", "--root", str(root)],
                          capture_output=True, text=True)
    return done.returncode, [line for line in done.stdout.splitlines() if line.endswith("[layers]")]


def main():
    with tempfile.TemporaryDirectory(prefix="sealane-layers-") as folder:
        root = pathlib.Path(folder)
        for part in ("src", "tools"):
            shutil.copytree(ROOT / part, root / part, ignore=shutil.ignore_patterns("__pycache__"))
        shutil.copy(ROOT / "ARCHITECTURE.md", root)
        _, before = lint(root)
        (root / PLANTED).write_text('// SPDX-License-Identifier: Apache-2.0\n#include "cli/commands.h"\n')
        status, after = lint(root)
    if before:
        print("layers_test: the tree itself breaks the layers:\n" + "\n".join(before))
        return 1
    if status == 0 or len(after) != 1 or not after[0].startswith(f"{PLANTED}:2:"):
        print(f"layers_test: the planted include in {PLANTED} was not caught; lint said {status}: {after}")
        return 1
    print(f"layers_test: caught {after[0]}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
