#!/usr/bin/env python3
"""report_length.py - the files over 600 lines and the functions over 60: to think again, not to fail."""

import csource

FILE_LINES = 600
FUNCTION_LINES = 60


def functions(lines):
    """(line, name, length) of each function; the layout that clang-format gives puts its braces first."""
    start = None
    for number, line in enumerate(lines, 1):
        if line == "{":
            start = number
        elif line == "}" and start:
            head = " ".join(lines[max(0, start - 4):start - 1]).split("(")[0].split()
            yield start, head[-1].lstrip("*") if head else "?", number - start - 1
            start = None


for path in csource.files("src/*.[ch]", "tests/*.[ch]", "bench/*.[ch]"):
    text = csource.read(path).split("\n")
    if len(text) > FILE_LINES:
        print("%s: %d lines" % (path, len(text)))
    for line, name, length in functions(text):
        if length > FUNCTION_LINES:
            print("%s:%d: %s() has %d lines" % (path, line, name, length))
