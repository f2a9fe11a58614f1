#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Records Terraform plans with a real engine: cases/<case>/*.tf becomes src/iac/testdata/recorded/<case>/plan.json.

    tools/record_plans/record.py             every case
    tools/record_plans/record.py policies    one of them

Needs Go. The engine is OpenTofu (engine/go.mod says which), the provider is provider/: the plug-in SDK that the AWS
provider is built with, and the part of that provider's schema that the cases use. It plans and cannot create anything.
Tests read what was recorded and need neither.
"""
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
TARGET = HERE.parent.parent / "src/iac/testdata/recorded"
ADDRESS = "example.com/hashicorp/aws"
REQUIRED = 'terraform {\n  required_providers {\n    aws = { source = "%s" }\n  }\n}\n' % ADDRESS


def build(folder, package, output):
    """Builds a program of the Go module in `folder`; its go.sum is made anew and not kept."""
    with tempfile.TemporaryDirectory() as copy:
        copy = pathlib.Path(copy) / folder.name
        shutil.copytree(folder, copy)
        subprocess.run(["go", "mod", "tidy"], cwd=copy, check=True)
        subprocess.run(["go", "build", "-o", output, package], cwd=copy, check=True)


def record(case, tofu, environment):
    with tempfile.TemporaryDirectory() as work:
        work = pathlib.Path(work) / case.name
        shutil.copytree(case, work)
        for folder in {file.parent for file in work.rglob("*.tf")}:
            (folder / "required_providers.tf").write_text(REQUIRED)

        def run(*words):
            return subprocess.run([tofu, *words], cwd=work, env=environment, check=True, capture_output=True).stdout

        run("get", "-no-color")
        run("plan", "-no-color", "-input=false", "-out=plan.bin")
        plan = json.loads(run("show", "-json", "plan.bin"))
    plan["timestamp"] = "2026-01-01T00:00:00Z"
    target = TARGET / case.name
    target.mkdir(parents=True, exist_ok=True)
    (target / "plan.json").write_text(json.dumps(plan, indent=1, ensure_ascii=False) + "\n")
    print(f"{case.name}: {len(plan.get('resource_changes', []))} resources")


def main():
    names = sys.argv[1:] or sorted(path.name for path in (HERE / "cases").iterdir())
    with tempfile.TemporaryDirectory() as tools:
        tools = pathlib.Path(tools)
        build(HERE / "engine", "github.com/opentofu/opentofu/cmd/tofu", tools / "tofu")
        build(HERE, "./provider", tools / "terraform-provider-aws")
        (tools / "settings.hcl").write_text(
            'provider_installation {\n  dev_overrides { "%s" = "%s" }\n  direct {}\n}\n' % (ADDRESS, tools))
        environment = dict(os.environ, TF_CLI_CONFIG_FILE=str(tools / "settings.hcl"), CHECKPOINT_DISABLE="1")
        for name in names:
            record(HERE / "cases" / name, tools / "tofu", environment)


if __name__ == "__main__":
    main()
