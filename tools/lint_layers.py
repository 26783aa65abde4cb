#!/usr/bin/env python3
"""lint_layers.py - a directory includes only what its row in src/meson.build names.

Also: a private header (x_int.h) stays in its directory, and a library's headers are included only by
the directories that may know the library.
"""

import ast
import re
import sys

import csource

# Which directories may include a library's or the system's headers. A folder stands for all below it.
LIBRARIES = {
    r"openssl/":                      "run auth policy store/embedded",
    r"unbound\.h":                    "dns",
    r"lmdb\.h":                       "store/embedded",
    r"zstd\.h":                       "store/embedded search",
    r"xxhash\.h":                     "store base search",
    r"(argon2|crypt)\.h":             "auth",
    r"idn2\.h":                       "mail dns",
    r"uni(?!std)[a-z]*\.h":          "base mail search",
    r"iconv\.h":                      "mail",
    r"curl/":                         "web",
    r"sys/(socket|epoll|eventfd|un|signalfd|timerfd)\.h|netinet/|arpa/|netdb\.h|ifaddrs\.h": "run",
    r"pthread\.h|threads\.h|ucontext\.h": "run",
    r"sys/mman\.h":                   "base run",
    r"sanitizer/|valgrind/":          "base run",
}
INCLUDE = re.compile(r'^\s*#\s*include\s+([<"])([^>"]+)[>"]', re.M)


def layers():
    table = re.search(r"^layers = (\{.*?^\})", csource.read("src/meson.build"), re.M | re.S)
    rows = {name: set(row) | {name, "base"} for name, row in ast.literal_eval(table[1]).items()}
    rows["posthorn"] = set(rows) | {"posthorn"}
    return rows


def problems(path, rows):
    directory = path.split("/")[1]
    text = csource.read(path)
    for match in INCLUDE.finditer(text):
        line = text.count("\n", 0, match.start(2)) + 1
        why = ours(path, directory, match[2], rows) if match[1] == '"' else theirs(path, match[2])
        if why:
            yield "%s:%d: %s" % (path, line, why)


def ours(path, directory, header, rows):
    if "/" not in header:
        return 'write #include "%s/%s"' % (directory, header)
    if not csource.exists("src/" + header):
        return "no such header: " + header
    if header.split("/")[0] not in rows[directory]:
        return "%s may not include %s (src/meson.build: layers)" % (directory, header)
    folder = "src/" + header.rsplit("/", 1)[0] + "/"  # and those below it (store/embedded)
    if header.endswith("_int.h") and not path.startswith(folder):
        return header + " is private to its directory"
    return None


def theirs(path, header):
    for pattern, allowed in LIBRARIES.items():
        if re.match(pattern, header) and not path.endswith(("_test.c", "_fuzz.c", "_fixture.h")):
            if not any(path.startswith("src/%s/" % directory) for directory in allowed.split()):
                return "<%s> belongs to: %s" % (header, allowed)
    return None


def main():
    rows = layers()
    found = []
    for path in csource.files("src/*.c", "src/*.h", "src/*.S"):
        if path.split("/")[1] not in rows:
            found.append("%s: its directory has no row in src/meson.build" % path)
        else:
            found += problems(path, rows)
    print(*found, sep="\n", end="\n" if found else "")
    return bool(found)


sys.exit(main())
