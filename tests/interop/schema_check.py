# SPDX-License-Identifier: Apache-2.0
"""schema_check.py SCHEMA PIPELINE: jsonschema, which knows nothing of Sealane, accepts the file, and refuses it
with a key that the schema does not know."""
import json
import re
import sys

import jsonschema
import yaml



class Yaml12(yaml.SafeLoader):
    """The core schema of YAML 1.2, where `on` and `off` are text and dates are text; PyYAML reads 1.1."""


Yaml12.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if not tag.endswith((":bool", ":timestamp"))]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()}
Yaml12.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile("^(?:true|True|TRUE|false|False|FALSE)$"), list("tTfF"))

schema = json.load(open(sys.argv[1], encoding="utf-8"))
pipeline = yaml.load(open(sys.argv[2], encoding="utf-8"), Loader=Yaml12)
kind = jsonschema.validators.validator_for(schema)
kind.check_schema(schema)
problems = [f"{'/'.join(map(str, e.absolute_path))}: {e.message}" for e in kind(schema).iter_errors(pipeline)]
if problems:
    sys.exit(f"{sys.argv[2]} does not validate:\n" + "\n".join(problems))
if kind(schema).is_valid({**pipeline, "unknown_key": 1}):
    sys.exit(f"{sys.argv[1]} accepts an unknown key")
