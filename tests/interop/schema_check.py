# SPDX-License-Identifier: Apache-2.0
"""schema_check.py SCHEMA PIPELINE: jsonschema, which knows nothing of Sealane, accepts the file, and refuses it
with a key that the schema does not know."""
import json
import sys

import jsonschema
import yaml

schema = json.load(open(sys.argv[1], encoding="utf-8"))
pipeline = yaml.safe_load(open(sys.argv[2], encoding="utf-8"))
kind = jsonschema.validators.validator_for(schema)
kind.check_schema(schema)
problems = [f"{'/'.join(map(str, e.absolute_path))}: {e.message}" for e in kind(schema).iter_errors(pipeline)]
if problems:
    sys.exit(f"{sys.argv[2]} does not validate:\n" + "\n".join(problems))
if kind(schema).is_valid({**pipeline, "unknown_key": 1}):
    sys.exit(f"{sys.argv[1]} accepts an unknown key")
