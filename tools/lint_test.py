#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Shows every rule of lint.py something that it must catch, and something that it must let pass.

  lint_test.py           all rules
  lint_test.py RULE...   these alone
"""
import pathlib
import sys
import tempfile

sys.dont_write_bytecode = True

from lint import Tree, layers_text, parse_layers
from lint_rules import REGISTRY_HOSTS, RULES

TABLE = """
| component | what it is | may include |
|---|---|---|
| `base` | ground | – |
| `crypto` | hash | base |
| `db` | SQLite | base |
| `mqtt` | packets | base |
| `net` | sockets | base crypto |
| `fronts` | receives | base mqtt net |
| `gateway` | runs | what fronts may, and fronts |
| `cli` | commands | everything |
"""
ONE_PATH = "/ro" + "ot/x"


def cpp(path, *lines):
    return {path: "// SPDX-License-Identifier: Apache-2.0\n" + "\n".join(lines) + "\n"}


def header(path, *lines):
    return cpp(path, "#pragma once", *lines)


BASE_H = header("src/base/bytes.h", "namespace sealane {", "}")

# rule: (trees that it must catch, trees that it must let pass)
CASES = {
    "layer-table": (
        [{"ARCHITECTURE.md": TABLE.replace("| base mqtt net |", "| base mqtt gateway |")},
         {"tools/layers.txt": "base:\n"}, {"ARCHITECTURE.md": "no table\n"}, cpp("src/util/x.cc")],
        [cpp("src/base/x.cc")]),
    "layers": (
        [cpp("src/mqtt/x.cc", '#include "net/a.h"'), cpp("src/base/x.cc", '#include "mqtt/a.h"'),
         cpp("src/fronts/x.cc", '#include "crypto/a.h"'), cpp("src/mqtt/x_test.cc", '#include "db/a.h"'),
         cpp("src/net/x.cc", '#include "base/testing/fake_clock.h"'),
         cpp("src/net/x.cc", '#include "crypto/a_internal.h"')],
        [cpp("src/fronts/x.cc", '#include "mqtt/a.h"', '// #include "gateway/a.h"'),
         cpp("src/fronts/x_test.cc", '#include "crypto/a.h"', '#include "base/testing/fake_clock.h"'),
         cpp("src/crypto/x.cc", '#include "crypto/a_internal.h"'), cpp("src/cli/x.cc", '#include "gateway/a.h"')]),
    "layer-links": (
        [{"src/mqtt/CMakeLists.txt": "component(mqtt\n  SOURCES x.cc\n  DEPS base net\n  TESTS x_test.cc)\n"}],
        [{"src/net/CMakeLists.txt": "component(net SOURCES x.cc DEPS base crypto LIBS OpenSSL::SSL)\n"},
         {"src/cli/CMakeLists.txt": "component(cli SOURCES x.cc DEPS base demo)\n",
          "src/cli/demo/CMakeLists.txt": "component(demo SOURCES x.cc DEPS net)\n"}]),
    "include-paths": (
        [cpp("src/base/x.cc", '#include "bytes.h"') | BASE_H, cpp("src/net/x.cc", '#include "../base/bytes.h"') | BASE_H],
        [cpp("src/net/x.cc", '#include "base/bytes.h"') | BASE_H]),
    "own-header-first": (
        [cpp("src/base/bytes.cc", "#include <vector>", '#include "base/bytes.h"') | BASE_H,
         cpp("src/base/bytes.cc", "int x;") | BASE_H],
        [cpp("src/base/bytes.cc", '#include "base/bytes.h"', "#include <vector>") | BASE_H]),
    "quarantine": (
        [cpp("src/net/x.cc", "#include <openssl/ssl.h>"), header("src/crypto/x.h", "#include <openssl/evp.h>"),
         cpp("src/net/x.cc", "#include <sqlite3.h>"), cpp("src/net/x.cc", "#include <yaml.h>"),
         cpp("src/net/x.cc", "#include <simdjson.h>"), cpp("src/mqtt/x.cc", "#include <boost/asio/ip/tcp.hpp>"),
         cpp("src/mqtt/x.cc", "#include <boost/beast/http.hpp>"), cpp("src/net/x.cc", "#include <CLI/CLI.hpp>"),
         cpp("src/net/x.cc", "#include <seccomp.h>"), cpp("src/net/x.cc", "#include <spdlog/spdlog.h>")],
        [cpp("src/crypto/x.cc", "#include <openssl/evp.h>"), header("src/crypto/x_internal.h", "#include <openssl/evp.h>"),
         header("src/net/x.h", "#include <boost/asio/ip/tcp.hpp>"), cpp("src/net/x.cc", "// #include <openssl/ssl.h>")]),
    "headers": (
        [cpp("src/base/x.h", "namespace sealane {", "}"), header("src/net/x.h", "namespace sealane {", "}")],
        [header("src/net/x.h", "namespace sealane::net {", "}"), header("src/base/x.h", "namespace sealane {", "}")]),
    "spdx": (
        [{"src/base/x.cc": "int x;\n"}, {"script/x": "#!/usr/bin/env bash\necho\n"}],
        [cpp("src/base/x.cc"), {"script/x": "#!/usr/bin/env bash\n# SPDX-License-Identifier: Apache-2.0\n"}]),
    "words": (
        [{"x.md": f"from https://{host}/a\n"} for host in REGISTRY_HOSTS] + [{"x.md": f"see {ONE_PATH}\n"}],
        [{"x.md": "at $HOME/x, src/workload, " + "~" + ONE_PATH + ", net/root.h\n"}]),
    "commented-out": (
        [{"CMakeLists.txt": "# add_subdirectory(src/base)\n"}, cpp("src/base/x_test.cc", "// TEST(A, B) {"),
         cpp("src/base/x.cc", '// #include "base/bytes.h"')],
        [{"cmake/x.cmake": "# component(mqtt SOURCES ... DEPS base)\n"}, cpp("src/base/x.cc", "// Returns the sum.")]),
    "dead-testdata": (
        [{"src/base/testdata/old.json": "{}"} | cpp("src/base/x_test.cc"),
         {"src/base/testdata/fuzz/gone_fuzz/1": ""} | cpp("src/base/x_fuzz.cc")],
        [{"src/base/testdata/case/a.json": "{}"} | cpp("src/base/x_test.cc", 'auto p = "testdata/case";'),
         {"src/base/testdata/fuzz/x_fuzz/1": ""} | cpp("src/base/x_fuzz.cc")]),
    "documents": (
        [{"README.md": "| `src/gone/` | x |\n"}, {"docs/a.md": "see [it](gone.md)\n"}],
        [{"README.md": "| `src/base/` | x |\n[b](src/base/x.cc#L3) [c](https://example.org/x)\n"} | cpp("src/base/x.cc"),
         {"docs/a.md": "see [it](../README.md)\n", "README.md": ""}]),
    "component-readme": (
        [{"src/base/CMakeLists.txt": ""}], [{"src/base/CMakeLists.txt": "", "src/base/README.md": ""}]),
    "sizes": (
        [cpp("src/base/x.cc", *["int x;"] * 600), cpp("src/base/x.cc", "int f() {", *["  x();"] * 80, "}"),
         header("src/base/x.h", *["int x;"] * 300)],
        [cpp("src/base/x.cc", "int f() {", *["  x();"] * 30, "}")]),
}

# Banned calls: (file, line that must be caught, file, line that must pass)
BANNED_CASES = {
    "co-await-binding": ("src/net/x.cc", "auto [a, b] = co_await x();", "src/net/x.cc", "auto [a, b] = y;"),
    "memcpy": ("src/net/x.cc", "std::memcpy(a, b, 3);", "src/base/bytes.h", "std::memmove(a, b, 3);"),
    "reinterpret-cast": ("src/net/x_test.cc", "reinterpret_cast<char*>(x)", "src/base/bytes.h", "reinterpret_cast<char*>(x)"),
    "c-strings": ("src/net/x.cc", "strcpy(a, b);", "src/net/x.cc", 'text = "strcpy(a, b)";'),
    "ato": ("src/net/x.cc", "int n = atoi(text);", "src/net/x.cc", "std::from_chars(a, b, n);"),
    "stdout": ("src/net/x.cc", "std::cout << 1;", "src/cli/x.cc", "std::cout << 1;"),
    "wall-clock": ("src/net/x.cc", "std::chrono::system_clock::now()", "src/base/clock.cc", "std::chrono::system_clock::now()"),
    "randomness": ("src/net/x.cc", "std::random_device device;", "src/net/x.cc", "crypto::random(bytes);"),
    "random-tests": ("src/net/x_test.cc", "std::random_device device;", "src/net/x_test.cc", "std::mt19937_64 rng(7);"),
    "throw": ("src/net/x.cc", "throw 1;", "src/net/x.cc", "// never throw"),
    "assert": ("src/net/x.cc", "assert(x);", "src/net/x.cc", "static_assert(sizeof(x) == 1);"),
    "shell": ("src/cli/x.cc", 'system("ls");', "src/cli/x.cc", "std::system_error e;"),
    "getenv": ("src/net/x.cc", 'std::getenv("X");', "src/cli/x.cc", 'std::getenv("X");'),
    "detached": ("src/fronts/x.cc", "co_spawn(c, f(), asio::detached);", "src/fronts/x.cc", "net::spawn(n, f());"),
    "sleep": ("src/net/x_test.cc", "std::this_thread::sleep_for(1ms);", "src/net/x_test.cc", "co_await net::sleep_for(1ms);"),
    "skipped-test": ("src/net/x_test.cc", "TEST(A, DISABLED_B) {", "src/net/x_test.cc", "TEST(A, B) {"),
    "pure-clock": ("src/mqtt/x.cc", "std::chrono::steady_clock::now()", "src/net/x.cc", "std::chrono::steady_clock::now()"),
    "pure-files": ("src/mqtt/x.cc", "std::ifstream file(name);", "src/mqtt/x_test.cc", "std::ifstream file(name);"),
    "pure-randomness": ("src/mqtt/x.cc", "crypto::random(out);", "src/net/x.cc", "crypto::random(out);"),
    "pure-sockets": ("src/mqtt/x.cc", "#include <sys/socket.h>", "src/net/x.cc", "#include <sys/socket.h>"),
}
for name, (bad_file, bad, good_file, good) in BANNED_CASES.items():
    CASES[name] = ([cpp(bad_file, bad)], [cpp(good_file, good)])


def found(rule, files):
    with tempfile.TemporaryDirectory(prefix="sealane-lint-") as root:
        layers = layers_text(parse_layers(TABLE))
        for name, text in ({"ARCHITECTURE.md": TABLE, "tools/layers.txt": layers} | files).items():
            path = pathlib.Path(root, name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return [finding.text(rule.name) for finding in rule.check(Tree(root))]


def main():
    wanted, failures, shown = set(sys.argv[1:]), [], 0
    for rule in RULES:
        if wanted and rule.name not in wanted:
            continue
        bad, good = CASES.pop(rule.name, ([], []))
        if not bad or not good:
            failures.append(f"{rule.name}: has no case here")
        failures += [f"{rule.name}: does not catch {sorted(t.items())}" for t in bad if not found(rule, t)]
        failures += [f"{rule.name}: false alarm {f}" for t in good for f in found(rule, t)]
        shown += len(bad) + len(good)
    if not wanted:
        failures += [f"{name}: a case for no rule" for name in CASES]
    print("\n".join(failures + [f"lint_test: {shown} cases, {len(failures)} failed"]))
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
