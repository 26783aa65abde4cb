#!/usr/bin/env python3
"""lint_text.py - every file says in its first line what it is for; docs/rfc.tsv covers what src cites."""

import os
import re
import sys

import csource

STATUS = {"done", "partial", "planned"}
RFCS = "docs/rfc.tsv"


def opening(path):
    """What the first line (after #! and the like) must look like."""
    name = re.escape(os.path.basename(path))
    if path.endswith((".c", ".h", ".S")):
        return r"/\* %s - \S.{7,}" % name
    if path.endswith(".py"):
        return r'"""%s - \S.{7,}' % name
    if path.endswith((".sh", ".txt")) or path in ("do", ".ci/run"):
        return r"# %s - \S.{7,}" % name
    if path.endswith(".md"):
        return r"# \S"
    return None


def first_lines(paths):
    for path in paths:
        wanted = opening(path)
        lines = [line for line in csource.read(path).split("\n")[:2] if not line.startswith("#!")]
        if wanted and not re.match(wanted, lines[0]):
            yield '%s:1: the first line says what the file is for ("NAME - ...")' % path


def rfcs(sources):
    if not csource.exists(RFCS):
        return
    known = set()
    for number, line in enumerate(csource.read(RFCS).split("\n"), 1):
        if not line or line.startswith("#"):
            continue
        cells = line.split("\t")
        known |= set(re.findall(r"\d+", cells[0]))
        if not STATUS & set(cells):
            yield "%s:%d: a row says one of: %s" % (RFCS, number, " ".join(sorted(STATUS)))
    for path in sources:
        for number, line in enumerate(csource.read(path).split("\n"), 1):
            for rfc in re.findall(r"\bRFC (\d+)", line):
                if rfc not in known:
                    yield "%s:%d: RFC %s has no row in %s" % (path, number, rfc, RFCS)


def main():
    paths = csource.files("*.[chS]", "*.py", "*.sh", "*.md", "tools/*.txt", "do", ".ci/run")
    found = [*first_lines(paths), *rfcs(csource.files("src/*.[ch]"))]
    print(*found, sep="\n", end="\n" if found else "")
    return bool(found)


sys.exit(main())
