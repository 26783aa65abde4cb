#!/usr/bin/env python3
"""run_tests.py - run the tests that Meson knows of one suite, and count every case in them.

A program that prints TAP (cmocka does, when asked) counts a case a line; any other counts as one. A case
that was planned and never reported, one that was skipped, a program that should print TAP and does not, a
crash and a timeout count as failed. Prints the output of what failed and one line at the end, and adds
"SUITE PASSED FAILED" to the tally file.
"""

import argparse
import concurrent.futures
import json
import os
import re
import signal
import subprocess
import sys
import time

CASE = re.compile(r"(not ok|ok) \d+ (?:- )?(.*?)( ?# SKIP.*)?$")
PLAN = re.compile(r"^1\.\.(\d+)", re.M)
SHOWN_LINES = 60


def arguments():
    p = argparse.ArgumentParser()
    p.add_argument("build", help="a configured and compiled build folder")
    p.add_argument("--suite", required=True, help="Meson's name of the suite")
    p.add_argument("--label", help="what to call it in the report (default: the suite)")
    p.add_argument("--only", default="", help="regular expression on the tests' names")
    p.add_argument("--compile", action="store_true", help="compile just these programs first")
    p.add_argument("--wrap", default="", help="command put before each program, such as valgrind")
    p.add_argument("--slow", type=float, default=1, help="multiply each test's timeout")
    p.add_argument("--jobs", type=int, default=os.cpu_count())
    p.add_argument("--tally", required=True, help="file that the counts are added to")
    return p.parse_args()


def tests_of(a):
    listing = subprocess.run(["meson", "introspect", "--tests", a.build], check=True, stdout=subprocess.PIPE)
    for t in json.loads(listing.stdout):
        # Meson writes a suite as "project:suite".
        suites = [s.split(":")[-1] for s in t["suite"]]
        if a.suite in suites and re.search(a.only, t["name"]):
            yield t


def ninja(a, targets):
    done = subprocess.run(["ninja", "-C", a.build, "-j%d" % a.jobs] + targets,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode:
        sys.exit(done.stdout[-8000:] + "\nbuilding in %s failed" % a.build)


def compile_programs(a, tests):
    """Bring only the programs of these tests up to date; the rest of the folder may stay unbuilt."""
    inside = os.path.realpath(a.build) + os.sep
    programs = [word[len(inside):] for t in tests for word in t["cmd"] if word.startswith(inside)]
    if programs:
        ninja(a, programs)


def run(t, a, logs):
    """Run one program; return (name, passed, problems, output, seconds)."""
    env = dict(os.environ, CMOCKA_MESSAGE_OUTPUT="TAP", **t["env"])
    began = time.monotonic()
    child = subprocess.Popen(a.wrap.split() + t["cmd"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                             stderr=subprocess.STDOUT, env=env, cwd=t["workdir"] or a.build,
                             start_new_session=True)
    problems = []
    try:
        out, _ = child.communicate(timeout=t["timeout"] * a.slow)
    except subprocess.TimeoutExpired:
        os.killpg(child.pid, signal.SIGKILL)
        out, _ = child.communicate()
        problems.append("timed out after %g s" % (t["timeout"] * a.slow))
    out = out.decode("utf-8", "replace")
    with open(os.path.join(logs, t["name"].replace("/", "_") + ".log"), "w") as log:
        log.write(out)
    passed = judge(out, child.returncode, problems, t["protocol"] == "tap")
    return t["name"], passed, problems, out, time.monotonic() - began


def judge(out, status, problems, tap=False):
    """Count the cases in the output of a program; what is wrong is added to problems."""
    cases = [m for m in map(CASE.search, out.splitlines()) if m]
    planned = sum(map(int, PLAN.findall(out)))
    passed = sum(m[1] == "ok" and not m[3] for m in cases)
    problems += [m[2] + m[3] if m[3] else m[2] for m in cases if m[3] or m[1] == "not ok"]
    if planned > len(cases):
        problems += ["planned, never reported"] * (planned - len(cases))
    if status != 0 and not problems:
        problems.append("signal %d" % -status if status < 0 else "exit status %d" % status)
    if not cases and not planned and not problems:
        if tap:
            problems.append("no TAP line")
        else:
            passed = 1
    return passed


def report(name, problems, out):
    print("\n--- %s: %s" % (name, "; ".join(problems[:5])))
    lines = [line for line in out.splitlines() if not re.match(r"ok \d+ - ", line)]
    if len(lines) > SHOWN_LINES:
        print("    (%d lines before these are in the log)" % (len(lines) - SHOWN_LINES))
    print("\n".join(lines[-SHOWN_LINES:]))
    print("---\n", flush=True)


def main():
    a = arguments()
    label = a.label or a.suite
    logs = os.path.join(a.build, "test-logs", label.replace(" ", "-"))
    os.makedirs(logs, exist_ok=True)
    began = time.monotonic()
    passed = failed = programs = 0
    slowest = ("", 0)
    # Heavy ones (is_parallel false) run alone, after the others.
    if a.compile:
        ninja(a, ["build.ninja"])
    tests = sorted(tests_of(a), key=lambda t: -t["priority"])
    if a.compile:
        compile_programs(a, tests)
        began = time.monotonic()
    for parallel in (True, False):
        chosen = [t for t in tests if t["is_parallel"] == parallel]
        with concurrent.futures.ThreadPoolExecutor(a.jobs if parallel else 1) as pool:
            for done in concurrent.futures.as_completed([pool.submit(run, t, a, logs) for t in chosen]):
                name, good, problems, out, seconds = done.result()
                programs += 1
                passed += good
                failed += len(problems)
                if problems:
                    report(name, problems, out)
                slowest = max(slowest, (name, seconds), key=lambda x: x[1])
    if not programs:
        failed = 1
        print("%s: no test at all" % label)
    note = "  slowest %s %.1f s" % slowest if slowest[1] > 5 else ""
    print("%-22s %3d programs %5d passed %3d failed %6.1f s%s"
          % (label, programs, passed, failed, time.monotonic() - began, note), flush=True)
    with open(a.tally, "a") as tally:
        tally.write("%s %d %d\n" % (label.replace(" ", "-"), passed, failed))
    return failed != 0


sys.exit(main())
