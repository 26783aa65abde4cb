#!/usr/bin/env python3
"""lint_text.py - every file says in its first line what it is for; docs/rfc.tsv covers what src cites,
and docs/budgets.md every budget."""

import os
import re
import sys

import csource

STATUS = {"done", "partial", "planned"}
RFCS = "docs/rfc.tsv"
BUDGETS, BUDGETS_TOLD = "src/base/budget.c", "docs/budgets.md"


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


def budgets():
    """Each row of the code's table has one in the page: | `name` | default | `bound` | told | lifts |"""
    told = {}
    for number, line in enumerate(csource.read(BUDGETS_TOLD).split("\n"), 1):
        cells = [cell.strip() for cell in line.strip("| ").split("|")]
        name = cells[0].strip("`")
        if line.startswith("|") and len(cells) != 5:
            yield "%s:%d: not five cells" % (BUDGETS_TOLD, number)
        if line.startswith("| `") and name in told:
            yield "%s:%d: %s a second time" % (BUDGETS_TOLD, number, name)
        told[name] = cells[2] if len(cells) == 5 else ""
    rows = re.findall(r'\[BUDGET_\w+\]\s*= \{ "([^"]+)",\s*"([^"]+)"', csource.read(BUDGETS))
    if not rows:
        yield "%s: no rows of budgets found" % BUDGETS
    for name, bound in rows:
        if name not in told:
            yield "%s: no row for %s, which %s has" % (BUDGETS_TOLD, name, BUDGETS)
        elif "`%s`" % bound != told[name]:
            yield "%s: the row of %s does not say `%s`" % (BUDGETS_TOLD, name, bound)
    for name in sorted(told):
        if re.match(r"[a-z0-9]+\.[a-z_]+$", name) and name not in dict(rows):
            yield "%s: %s is no budget of %s" % (BUDGETS_TOLD, name, BUDGETS)


def main():
    paths = csource.files("*.[chS]", "*.py", "*.sh", "*.md", "tools/*.txt", "do", ".ci/run")
    found = [*first_lines(paths), *rfcs(csource.files("src/*.[ch]")), *budgets()]
    print(*found, sep="\n", end="\n" if found else "")
    return bool(found)


sys.exit(main())
