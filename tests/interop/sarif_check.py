# SPDX-License-Identifier: Apache-2.0
"""sarif_check.py SCHEMA LOG: jsonschema, which knows nothing of Sealane, accepts the log and refuses it when it
breaks the schema."""
import copy
import json
import sys

import jsonschema

schema = json.load(open(sys.argv[1], encoding="utf-8"))
log = json.load(open(sys.argv[2], encoding="utf-8"))
validator = jsonschema.Draft4Validator(schema)
validator.check_schema(schema)
problems = [f"{'/'.join(map(str, e.absolute_path))}: {e.message}" for e in validator.iter_errors(log)]
if problems:
    sys.exit(f"{sys.argv[2]} does not validate:\n" + "\n".join(problems[:20]))
if not log["runs"][0]["results"]:
    sys.exit(f"{sys.argv[2]} has no results")


def broken(change):
    copied = copy.deepcopy(log)
    change(copied)
    return copied


for change in (lambda d: d.pop("version"), lambda d: d["runs"][0].pop("tool"), lambda d: d["runs"][0].update(unknown=1),
               lambda d: d["runs"][0]["results"][0].update(level="high")):
    if validator.is_valid(broken(change)):
        sys.exit(f"{sys.argv[1]} accepts a broken log")
