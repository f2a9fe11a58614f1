# SPDX-License-Identifier: Apache-2.0
"""The shapes of docs/json.md, read from its table, and held against what a command wrote.

A shape is `{name, name: SHAPE, name?}`, `[SHAPE]` or `[]` for values without keys.
"""

import os
import re

DOCUMENT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "docs", "json.md")


def parse(text):
    tokens = re.findall(r"[{}\[\]:,?]|\w+", text)

    def shape():
        opening = tokens.pop(0)
        if opening == "[":
            item = None if tokens[0] == "]" else shape()
            tokens.pop(0)
            return [item]
        members = {}
        while tokens[0] != "}":
            name, optional, inner = tokens.pop(0), False, None
            if tokens[0] == "?":
                optional = bool(tokens.pop(0))
            if tokens[0] == ":":
                tokens.pop(0)
                inner = shape()
            if tokens[0] == ",":
                tokens.pop(0)
            members[name] = (inner, optional)
        tokens.pop(0)
        return members

    return shape()


def documented():
    """Command to shape."""
    with open(DOCUMENT, encoding="utf-8") as file:
        rows = re.findall(r"^\| `([^`]+)` \| `(\{[^`]+\})` \|$", file.read(), re.M)
    return {command: parse(text) for command, text in rows}


def differences(shape, value, path=""):
    """What `value` has and the shape has not, and the other way round."""
    if shape is None or value is None:
        return []
    if isinstance(shape, list):
        if not isinstance(value, list):
            return [f"{path} is no list"]
        return [found for i, item in enumerate(value) for found in differences(shape[0], item, f"{path}[{i}]")]
    if not isinstance(value, dict):
        return [f"{path} is no object"]
    out = [f"{path}.{name} is not documented" for name in value if name not in shape]
    for name, (inner, optional) in shape.items():
        if name in value:
            out += differences(inner, value[name], f"{path}.{name}")
        elif not optional:
            out.append(f"{path}.{name} is missing")
    return out
