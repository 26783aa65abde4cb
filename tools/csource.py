"""csource.py - what the lints share: the list of sources, and C without its comments and strings."""

import re
import subprocess

TOKEN = re.compile(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.S)


def files(*patterns):
    """The files of the repository that match, tracked or new, but not what git ignores."""
    listing = subprocess.run(["git", "ls-files", "-co", "--exclude-standard", "--", *patterns], check=True,
                             stdout=subprocess.PIPE, text=True)
    return sorted(set(filter(exists, listing.stdout.split())))


def exists(path):
    try:
        open(path).close()
        return True
    except FileNotFoundError:
        return False


def read(path):
    with open(path, encoding="utf-8") as f:
        return f.read()


def blank(match):
    """White space of the same shape, so that line numbers stay right; strings keep their quotes."""
    text = match[0]
    inner = re.sub(r"[^\n]", " ", text)
    return inner if text[0] == "/" else text[0] + inner[1:-1] + text[0]


def code_lines(path):
    """(number, line) of a C file without comments, strings and what #include names."""
    for number, line in enumerate(TOKEN.sub(blank, read(path)).split("\n"), 1):
        if not line.lstrip().startswith("#include"):
            yield number, line
