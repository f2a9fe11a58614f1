# SPDX-License-Identifier: Apache-2.0
"""Every example is a folder with a `pipeline.yaml` that is checked and runs, or one of policies with their
`expected.json` (held by the test `policy`).

Claims: `check` finds every hop enforced; identities are made; the store and the gateway listen, a device of the
example's own things file is registered, and both nodes stop in order.
"""

import os
import shutil
import tempfile

from harness import Pipeline, claim, main

EXAMPLES = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "examples")


class Example(Pipeline):
    def __init__(self, sealane, source):  # pylint: disable=super-init-not-called
        self.sealane, self.nodes = os.path.abspath(sealane), []
        self.folder = tempfile.mkdtemp(prefix="sealane-e2e-")
        os.chmod(self.folder, 0o711)
        self.home = os.path.join(self.folder, "pipeline")
        shutil.copytree(source, self.home, ignore=shutil.ignore_patterns(".sealane"))
        self.file = os.path.join(self.home, "pipeline.yaml")


def run_example(sealane, source):
    pipeline = Example(sealane, source)
    try:
        pipeline.run("ca", "init", "--pipeline", pipeline.file)
        table = pipeline.run_json("check", pipeline.file)
        claim(table["hops"] and all(hop["verdict"] == "enforced" for hop in table["hops"]), f"{source}: {table}")
        with open(os.path.join(pipeline.home, "stations.csv"), encoding="utf-8") as things:
            thing = things.read().splitlines()[1].split(",")[0]
        added = pipeline.run_json("device", "add", "--pipeline", pipeline.file, thing, "--generate")
        claim(added["thing"] == thing, f"{source}: {added}")
        lake = pipeline.lake()
        edge = pipeline.edge(lake.port())
        edge.port()
        for node in (edge, lake):
            claim(node.stop() == 0, f"{source}: {node.name} ended with {node.process.returncode}:\n{node.text()}")
    finally:
        pipeline.close()


def test(sealane, tools):
    del tools
    folders = sorted(entry.path for entry in os.scandir(EXAMPLES) if entry.is_dir())
    claim(folders, "there is no example")
    for folder in folders:
        if os.path.isfile(os.path.join(folder, "expected.json")):
            continue
        claim(os.path.isfile(os.path.join(folder, "pipeline.yaml")), f"{folder} has no pipeline.yaml")
        run_example(sealane, folder)


if __name__ == "__main__":
    main(test)
