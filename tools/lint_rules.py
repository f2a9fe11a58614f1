# SPDX-License-Identifier: Apache-2.0
"""The rules of lint.py, as data.  lint_test.py holds a snippet that each must catch."""
import dataclasses
import pathlib
import re
from typing import Callable

from lint import Finding, closure, layers_text, parse_layers, read_layers

# --- what is where ----------------------------------------------------------------------------

PURE = {"policy", "pipeline", "prove", "iac", "synth", "mqtt", "http", "envelope"}


def component_of(path):
    parts = path.split("/")
    return parts[1] if parts[0] == "src" and len(parts) > 2 else None


def is_test(path):
    """Tests, fuzz targets, benchmarks and test twins: nothing of them reaches a program."""
    return path.endswith(("_test.cc", "_fuzz.cc", "_bench.cc")) or "/testing/" in path or "/testdata/" in path


def in_product(path):
    return component_of(path) is not None and not is_test(path)


def in_src(path):
    return path.startswith("src/")


def in_pure(path):
    return component_of(path) in PURE and not is_test(path)


def product_outside(*homes):
    return lambda path: in_product(path) and component_of(path) not in homes and path not in homes


def src_outside(*homes):
    return lambda path: in_src(path) and component_of(path) not in homes and path not in homes


def gtest_file(path):
    return in_src(path) and path.endswith("_test.cc")


# --- banned calls: pattern, where it is banned, what to write instead ---------------------------

@dataclasses.dataclass(frozen=True)
class Banned:
    name: str
    pattern: str
    where: Callable[[str], bool]
    instead: str


BANNED = [
    Banned("co-await-binding", r"\bauto\s*&{0,2}\s*\[[^\]]*\]\s*=\s*co_await\b", in_src,
           "bind the result to a name, then destructure it"),
    Banned("memcpy", r"\bmem(?:cpy|move)\s*\(", src_outside("src/base/bytes.h"), "copy_bytes (base/bytes.h)"),
    Banned("reinterpret-cast", r"\breinterpret_cast\b", src_outside("src/base/bytes.h"),
           "as_bytes, as_text, as_uchar (base/bytes.h) or std::as_bytes"),
    Banned("c-strings", r"\b(?:strcpy|strcat|strncpy|strncat|sprintf|vsprintf|strtok|gets|alloca)\s*\(", in_src,
           "std::string, std::string_view or fmt"),
    Banned("ato", r"\b(?:ato[ifl]+|strto[a-z]+|std::sto[a-z]+)\s*\(", in_src, "std::from_chars"),
    Banned("stdout", r"\bstd::c(?:out|err|log)\b|<iostream>|\b(?:printf|puts|putchar)\s*\(", product_outside("cli"),
           "return a value, or log::write (base/log.h)"),
    Banned("wall-clock", r"\bsystem_clock::now\b|\btime\s*\(\s*(?:nullptr|NULL|0)\s*\)|\bgettimeofday\s*\(",
           product_outside("base"), "a Time handed in, or Clock (base/clock.h)"),
    Banned("randomness",
           r"(?<![:\w.])(?:s?rand|s?random|drand48|getrandom|arc4random)\s*\(|\brandom_device\b|\bmt19937|<random>",
           product_outside("crypto"), "crypto::random (crypto/random.h)"),
    Banned("random-tests", r"\brandom_device\b|\bs?rand\s*\(", lambda p: in_src(p) and is_test(p),
           "a generator with a fixed seed that a failure prints"),
    Banned("throw", r"\bthrow\b", in_product, "return Result"),
    Banned("assert", r"(?<![_\w])assert\s*\(", in_product, "SEALANE_CHECK or SEALANE_DCHECK (base/check.h)"),
    Banned("shell", r"\b(?:system|popen)\s*\(", in_src, "the Process seam"),
    Banned("getenv", r"\b(?:secure_)?getenv\s*\(", product_outside("cli"), "a value handed in by cli"),
    Banned("detached", r"\bdetached\b", product_outside("net"), "net's spawn, which logs what escapes"),
    Banned("sleep", r"\bthis_thread::sleep_\w+|(?<![\w.])(?:usleep|nanosleep|sleep)\s*\(",
           src_outside("src/base/process.cc"), "a deadline, a timer, or FakeClock in tests"),
    Banned("skipped-test", r"\bTEST(?:_[FP])?\s*\(\s*\w+\s*,\s*DISABLED_", gtest_file,
           "a test that runs, or none"),
    Banned("pure-clock", r"\b(?:system|steady|high_resolution)_clock::now\b|\bSystemClock\b", in_pure,
           "a Time handed in"),
    Banned("pure-files", r"\bPosixEnv\b|\bstd::(?:if|of|f)stream\b|\bfopen\s*\(|<filesystem>|<fstream>|\"base/env\.h\"",
           in_pure, "bytes handed in"),
    Banned("pure-randomness", r"\bcrypto::random\w*\b|\"crypto/random\.h\"", in_pure, "random bytes handed in"),
    Banned("pure-sockets", r"<sys/socket\.h>|<netinet/|<arpa/inet\.h>", in_pure, "bytes handed in"),
]

# --- third-party headers: each has a home --------------------------------------------------------

@dataclasses.dataclass(frozen=True)
class Quarantined:
    header: str               # start of the name between < and >
    homes: tuple              # components that may include it
    in_headers: bool = False  # whether a home's public headers may


QUARANTINE = [
    Quarantined("openssl/", ("crypto", "tls")),
    Quarantined("sqlite3", ("db",)),
    Quarantined("yaml.h", ("base", "iac")),
    Quarantined("simdjson", ("base",)),
    Quarantined("boost/beast", ("net", "http"), in_headers=True),
    Quarantined("boost/asio", ("net", "sinks", "fronts", "probe", "gateway", "cli"), in_headers=True),
    Quarantined("CLI/", ("cli",), in_headers=True),
    Quarantined("seccomp.h", ("base",)),
    Quarantined("p11-kit/", ("keys",)),
    Quarantined("spdlog/", ()),
    Quarantined("nlohmann/", ()),
]

# --- words that no file may hold ------------------------------------------------------------------

REGISTRY_HOSTS = [".".join(parts) for parts in [
    ("pypi", "org"), ("pythonhosted", "org"), ("npmjs", "org"), ("npmjs", "com"), ("deb", "debian", "org"),
    ("security", "debian", "org"), ("snapshot", "debian", "org"), ("golang", "org"), ("crates", "io"),
    ("rubygems", "org"), ("maven", "org"), ("ghcr", "io"), ("docker", "io"), ("quay", "io"), ("yarnpkg", "com"),
]]
WORDS = [
    ("registry-host", "|".join(re.escape(h) for h in REGISTRY_HOSTS), "a package registry's host name"),
    ("machine-path", r"(?<![\w.}*$)/~])/(?:work|root|home)(?![\w.-])", "a path of one machine"),
]
# Licences and data of other people are kept byte for byte.
FOREIGN = re.compile(r"^(?:LICENSE|NOTICE)$|/testdata/|^examples/.*\.csv$")

SPDX = "SPDX-License-Identifier: Apache-2.0"
SPDX_SUFFIXES = (".cc", ".h", ".cmake", ".py", ".sh", "CMakeLists.txt", ".js")

# --- the checks -----------------------------------------------------------------------------------

QUOTED = re.compile(r'^[ \t]*#[ \t]*include[ \t]+"([^"]+)"', re.MULTILINE)
ANGLED = re.compile(r'^[ \t]*#[ \t]*include[ \t]+<([^>]+)>', re.MULTILINE)
ANY_INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]+(["<][^">]+[">])', re.MULTILINE)


def line_of(text, position):
    return text.count("\n", 0, position) + 1


def matches(tree, path, pattern, text):
    for match in re.finditer(pattern, text, re.MULTILINE):
        yield match, line_of(text, match.start())


def banned_check(banned):
    def check(tree):
        for path in tree.cpp():
            if banned.where(path):
                for match, line in matches(tree, path, banned.pattern, tree.code(path)):
                    yield Finding(path, line, f"`{match.group().strip()}` is banned here; use {banned.instead}")
    return check


def check_layer_table(tree):
    layers = parse_layers(tree.text("ARCHITECTURE.md"))
    if not layers:
        yield Finding("ARCHITECTURE.md", 0, "has no layer table")
    known = set()
    for name, allowed in layers.items():
        for other in allowed:
            if other not in known:
                yield Finding("ARCHITECTURE.md", 0, f"`{name}` may include `{other}`, which is no row above it")
        known.add(name)
    if tree.text("tools/layers.txt") != layers_text(layers):
        yield Finding("tools/layers.txt", 0, "differs from ARCHITECTURE.md; run tools/lint.py --write-layers")
    for path in tree.under("src/"):
        component = component_of(path)
        if component and component not in layers:
            yield Finding(path, 0, f"`{component}` is not in the layer table of ARCHITECTURE.md")


def check_layers(tree):
    layers = read_layers(tree)
    for path in tree.cpp():
        component = component_of(path)
        if component is None or component not in layers:
            continue
        allowed = closure(layers, component) if is_test(path) else {component, *layers[component]}
        text = tree.without_comments(path)
        for match in QUOTED.finditer(text):
            target, line = match.group(1), line_of(text, match.start())
            other = target.split("/")[0]
            if other not in layers:
                continue
            if other not in allowed:
                yield Finding(path, line, f"`{component}` may not include `{other}` (layer table in ARCHITECTURE.md)")
            if "/testing/" in target and not is_test(path):
                yield Finding(path, line, f"`{target}` is a test twin; only tests may include it")
            if target.endswith("_internal.h") and other != component:
                yield Finding(path, line, f"`{target}` is private to `{other}`")


def component_calls(tree, path):
    """(name, body, line) of each component() in a build list."""
    text = tree.text(path)
    for call in re.finditer(r"\bcomponent\s*\(\s*(\w+)([^)]*)\)", text):
        yield call.group(1), call.group(2), line_of(text, call.start())


def check_cmake_deps(tree):
    """A library in a folder of a component (src/cli/demo) has that component's row."""
    layers = read_layers(tree)
    for path in tree.under("src/", "CMakeLists.txt"):
        owner = component_of(path)
        lists = tree.under(f"src/{owner}/", "CMakeLists.txt")
        parts = {name for other in lists for name, _, _ in component_calls(tree, other)}
        for name, body, line in component_calls(tree, path):
            deps = re.search(r"\bDEPS\b((?:\s+[a-z_]+)*)", body)
            for other in deps.group(1).split() if deps else []:
                if other not in layers.get(owner, []) and other not in parts:
                    yield Finding(path, line, f"`{name}` may not link `{other}` (layer table in ARCHITECTURE.md)")


def check_include_paths(tree):
    for path in tree.cpp():
        text = tree.without_comments(path)
        for match in QUOTED.finditer(text):
            target = match.group(1)
            known = f"src/{target}" in tree.files or (not in_src(path) and target in tree.files)
            if not known:
                yield Finding(path, line_of(text, match.start()), f"`{target}` is not a header's full path from src/")


def check_own_header_first(tree):
    for path in tree.under("src/", ".cc"):
        own = re.sub(r"\.cc$", ".h", path)
        if own not in tree.files:
            continue
        text = tree.without_comments(path)
        first = ANY_INCLUDE.search(text)
        wanted = f'"{own.removeprefix("src/")}"'
        if first is None or first.group(1) != wanted:
            yield Finding(path, line_of(text, first.start()) if first else 1, f"{wanted} must be the first include")


def check_quarantine(tree):
    for path in tree.under("src/", ".cc", ".h"):
        text = tree.without_comments(path)
        public_header = path.endswith(".h") and not path.endswith("_internal.h") and not is_test(path)
        for match in ANGLED.finditer(text):
            for rule in QUARANTINE:
                if not match.group(1).startswith(rule.header):
                    continue
                homes = " and ".join(f"`{h}`" for h in rule.homes) or "nowhere"
                if component_of(path) not in rule.homes:
                    yield Finding(path, line_of(text, match.start()), f"<{match.group(1)}> is at home in {homes}")
                elif public_header and not rule.in_headers:
                    yield Finding(path, line_of(text, match.start()),
                                  f"<{match.group(1)}> belongs in a .cc or _internal.h of {homes}")


def check_headers(tree):
    for path in tree.under("src/", ".h"):
        text = tree.without_comments(path)
        if not re.search(r"^#pragma once$", text, re.MULTILINE):
            yield Finding(path, 1, "a header needs #pragma once")
        component = component_of(path)
        wanted = "sealane" if component == "base" else f"sealane::{component}"
        if component and "namespace" in text and not re.search(rf"\bnamespace {wanted}\b", text):
            yield Finding(path, 1, f"its namespace must be `{wanted}`, like its folder")


def check_spdx(tree):
    for path in tree.files:
        script = path.startswith(("script/", ".ci/"))
        build_list = re.fullmatch(r"src/\w+/CMakeLists\.txt", path)
        if not (path.endswith(SPDX_SUFFIXES) or script) or build_list or "/testdata/" in path:
            continue
        head = tree.text(path).splitlines()[:2]
        head = head[1:] if head and head[0].startswith("#!") else head[:1]
        if not head or SPDX not in head[0]:
            yield Finding(path, 1, f"must start with the line `{SPDX}`")


def check_words(tree):
    for path in tree.files:
        if FOREIGN.search(path):
            continue
        for name, pattern, what in WORDS:
            for match, line in matches(tree, path, pattern, tree.text(path)):
                yield Finding(path, line, f"`{match.group()}` is {what}")


def check_commented_out(tree):
    cmake = r"^[ \t]*#\s*(?:add_\w+|component|target_\w+|find_\w+|set|option|include|list)\s*\((?!.*\.\.\.)"
    cpp = r"^[ \t]*//[ \t]*(?:TEST(?:_[FP])?\s*\(|#\s*include\b|return\b[^.]*;\s*$|if \(.*\) \{\s*$)"
    for path in tree.files:
        if path.endswith((".cmake", "CMakeLists.txt")):
            pattern = cmake
        elif path.endswith((".cc", ".h")):
            pattern = cpp
        else:
            continue
        for match, line in matches(tree, path, pattern, tree.text(path)):
            yield Finding(path, line, f"`{match.group().strip()}` is commented out; delete it")


def check_dead_testdata(tree):
    """A file of a testdata folder must be named by a source of the component: itself or its folder."""
    for path in tree.files:
        before, found, rest = path.partition("/testdata/")
        if not found:
            continue
        parts = rest.split("/")
        sources = [f for f in tree.under(before + "/") if "/testdata/" not in f]
        if parts[0] in ("fuzz", "crashes"):
            if len(parts) < 3 or f"{before}/{parts[1]}.cc" not in sources:
                yield Finding(path, 0, f"is not for a fuzz target of this folder ({before}/*_fuzz.cc)")
            continue
        text = "".join(tree.text(f) for f in sources)
        whole_folder = re.search(r'testdata/?"', text)
        if parts[0] not in text and pathlib.PurePosixPath(parts[0]).stem not in text and not whole_folder:
            yield Finding(path, 0, "no test names it or its folder; delete it or test with it")


def check_documents(tree):
    """Links and table cells of documents must name what exists."""
    for path in tree.files:
        if not path.endswith(".md") or "/testdata/" in path:
            continue
        folder = str(pathlib.PurePosixPath(path).parent)
        for number, line in enumerate(tree.text(path).splitlines(), 1):
            named = [t.split("#")[0] for t in re.findall(r"\]\(([^)\s]+)\)", line) if "://" not in t]
            if line.startswith("|"):
                named += re.findall(r"^\|\s*`([\w.-]+/[\w./-]*)`", line)
            for target in filter(None, named):
                here = (pathlib.PurePosixPath(folder) / target).as_posix()
                parts = []
                for part in here.split("/"):
                    parts = parts[:-1] if part == ".." else parts + ([part] if part != "." else [])
                if not tree.exists("/".join(parts)) and not tree.exists(target):
                    yield Finding(path, number, f"`{target}` does not exist")


def check_component_readme(tree):
    for component in sorted({component_of(p) for p in tree.under("src/", "CMakeLists.txt")} - {None}):
        if f"src/{component}/README.md" not in tree.files:
            yield Finding(f"src/{component}", 0, "has no README.md")


LINES_MAX = {".cc": 500, ".h": 200}
FUNCTION_LINES_MAX = 70


def check_sizes(tree):
    for path in tree.cpp():
        lines = tree.code(path).splitlines()
        limit = LINES_MAX[pathlib.PurePosixPath(path).suffix]
        if len(lines) > limit and not is_test(path):
            yield Finding(path, 0, f"{len(lines)} lines; aim at {limit}")
        start = None
        for number, line in enumerate(lines, 1):
            opens = re.match(r"^(\s*)\S.*\)[^;(]*\{\s*$", line)
            if start is None and opens and not re.match(r"\s*(?:if|for|while|switch|else|\}|namespace)", line):
                start, indent = number, len(opens.group(1))
            elif start is not None and re.match(rf"^ {{0,{indent}}}\}}", line):
                if number - start > FUNCTION_LINES_MAX and "/testdata/" not in path:
                    yield Finding(path, start, f"function of {number - start} lines; aim at {FUNCTION_LINES_MAX}")
                start = None


# --- the list -------------------------------------------------------------------------------------

@dataclasses.dataclass(frozen=True)
class Rule:
    name: str
    says: str
    check: Callable
    warning: bool = False


RULES = [
    Rule("layer-table", "tools/layers.txt is ARCHITECTURE.md's table; rows only name rows above", check_layer_table),
    Rule("layers", "a component includes only what the layer table allows", check_layers),
    Rule("layer-links", "a component links only what the layer table allows", check_cmake_deps),
    Rule("include-paths", "headers are included by full path from src/", check_include_paths),
    Rule("own-header-first", "x.cc includes x.h before anything else", check_own_header_first),
    Rule("quarantine", "third-party headers stay at home", check_quarantine),
    Rule("headers", "#pragma once, and the namespace of the folder", check_headers),
    Rule("spdx", "one line names the licence", check_spdx),
    Rule("words", "no registry's host name, no path of one machine", check_words),
    Rule("commented-out", "no commented-out code, tests or build entries", check_commented_out),
    Rule("dead-testdata", "every golden file is used by a test", check_dead_testdata),
    Rule("documents", "links and tables name what exists", check_documents),
    Rule("component-readme", "every component says what it is for", check_component_readme),
    *[Rule(b.name, f"use {b.instead}", banned_check(b)) for b in BANNED],
    Rule("sizes", "files and functions stay readable", check_sizes, warning=True),
]
