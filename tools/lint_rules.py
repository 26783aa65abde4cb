#!/usr/bin/env python3
"""lint_rules.py - each of the twenty-five rules of docs/security.md has a test that bears its number and is
part of the run, and the document names nothing that is not there.
"""

import os
import re
import sys

import csource

DOCUMENT = "docs/security.md"
LIST = "tests/rules/rules.h"
RULES = range(1, 26)
PLACES = ("src/", "tests/", "tools/", "packaging/")


def named(text):
    """number -> test, of every rule_NN_name in it"""
    return {int(name[5:7]): name for name in re.findall(r"\brule_\d\d_\w+", text)}


def main():
    wrong = []
    document = csource.read(DOCUMENT)
    listed = named(csource.read(LIST))
    sources = "".join(csource.read(os.path.join("tests/rules", f))
                      for f in sorted(os.listdir("tests/rules")) if f.endswith(".c"))
    rows = {int(n): row for n, row in re.findall(r"^\| (\d+)\. (.*)$", document, re.M)}
    for n in RULES:
        test = listed.get(n)
        if not test:
            wrong.append("%s: rule %d has no test" % (LIST, n))
        elif not re.search(r"^void %s\(void \*\*state\)\n\{" % test, sources, re.M):
            wrong.append("%s: %s is written nowhere" % (LIST, test))
        if named(rows.get(n, "")).get(n) != test:
            wrong.append("%s: the row of rule %d does not name its test" % (DOCUMENT, n))
    for place in re.findall(r"`([^`\s]+)`", document):
        if place.startswith(PLACES) and not os.path.exists(place):
            wrong.append("%s: there is no %s" % (DOCUMENT, place))
    print("\n".join(wrong), end="\n" if wrong else "")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
