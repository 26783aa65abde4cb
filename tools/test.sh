#!/bin/sh
# test.sh - build what the tests need and run them, suite by suite.
#
#   tools/test.sh [SUITE...]    all, or those named
#   tools/test.sh --list        their names
#
# The last line is "N passed, N failed"; the exit status is 1 when anything failed. A suite's output is
# shown when it fails, and kept in build*/test-logs.
set -eu
cd "$(dirname "$0")/.."
. tools/setup.sh

# name        what it runs
suites="
unit          every x_test.c, as built by gcc
asan          the same under AddressSanitizer and UBSan
ucontext      the run layer with the portable fiber switch
tsan          fibers, loop and threads under ThreadSanitizer
valgrind      fibers under Valgrind
aarch64       the aarch64 fiber switch, under qemu
transcripts   each protocol, line by line: whole, and one byte at a time, under ASan
integration   whole servers, under ASan
crash         kill -9 and full disks
simulate      worlds of servers, people and mishaps from seeds, and the bugs planted for them
many          a thousand idle connections, a crowd that means harm, a short soak
clients       unmodified mail programs
rules         the rules of docs/security.md on whole servers: each names its number
attacks       what strangers send: as built, where memory is judged, and under ASan
sandbox       what a server that was broken into can still do, and who starts it again
journey       ./do demo, and each ./do demo --break
peers         other servers start, and answer
corpora       every input the fuzzers have kept
fuzz          each fuzzer for 3 seconds
"
names=$(echo "$suites" | awk 'NF { print $1 }')

# The parts of the run layer that switch stacks or cross threads.
threaded='^(run/(switch|fiber|loop|work|conn|tls|seam|process)|store/embedded/(memtable|engine|body))'

tests() { tools/run_tests.py --tally "$tally" "$@" || true; }

run_unit()     { build build; tests build --suite unit; }
run_asan()     { build_asan; tests build-asan --suite unit --label asan --slow 3; }
run_ucontext() { configure build-ucontext -Ducontext=true
                 tests build-ucontext --suite unit --label ucontext --only '^run/' --compile; }
run_tsan()     { configure build-tsan -Db_sanitize=thread -Db_lundef=false -Dwerror=false
                 tests build-tsan --suite unit --label tsan --only "$threaded" --compile --slow 5; }
run_valgrind() { build build
                 tests build --suite unit --label valgrind --only '^run/(switch|fiber)' --slow 10 \
                     --wrap 'valgrind -q --error-exitcode=99 --leak-check=full --errors-for-leak-kinds=definite'; }
run_aarch64()     { check aarch64 tools/test_aarch64.sh; }
run_transcripts() { build_asan; tests build-asan --suite transcripts --slow 3; }
run_integration() { build_asan; tests build-asan --suite integration --slow 3; }
run_crash()       { build build; tests build --suite crash; }
run_simulate()    { build build; tests build --suite simulate; }
run_many()        { build build; tests build --suite many; }
run_clients()     { build build; tests build --suite clients; }
run_attacks()     { build build; tests build --suite attacks
                    build_asan; tests build-asan --suite attacks --label attacks-asan --slow 3; }
run_sandbox()     { build build; tests build --suite sandbox; }
run_rules()       { build build; tests build --suite rules; }
run_journey()     { build build; tests build --suite journey; }
run_peers()       { check peers tools/test_peers.py; }
run_corpora()     { check corpora tools/fuzz.sh --replay; }
run_fuzz()        { check fuzz tools/fuzz.sh 3; }

# gcc's sanitizers bring warnings of their own, about code that has none without them.
build_asan() { build build-asan -Db_sanitize=address,undefined -Db_lundef=false -Dwerror=false; }

# Run a script that prints "ok WHAT", "not ok WHAT" or "skip WHAT" lines; each is a check.
check() {
    suite=$1
    shift
    mkdir -p build/test-logs
    log=build/test-logs/$suite.log
    began=$(date +%s)
    status=0
    "$@" >"$log" 2>&1 </dev/null || status=$?
    passed=$(grep -c '^ok ' "$log" || true)
    failed=$(grep -c '^not ok ' "$log" || true)
    [ "$status" = 0 ] || [ "$failed" -gt 0 ] || failed=1
    [ "$failed" = 0 ] || { echo "--- $suite"; grep -v '^ok ' "$log" | tail -n 60; echo "---"; }
    grep '^skip ' "$log" || true
    printf '%-22s %12s %5d passed %3d failed %6d s\n' \
        "$suite" "" "$passed" "$failed" $(($(date +%s) - began))
    echo "$suite $passed $failed" >>"$tally"
}

[ "${1:-}" != --list ] || { echo "$suites" | sed '/^$/d'; exit 0; }
for suite in "$@"; do
    echo "$names" | grep -qx "$suite" || die "./do test: no such suite: $suite (try --list)"
done

# A failure must never be answered by waiting for what nobody sends.
export ASAN_OPTIONS="abort_on_error=0:detect_stack_use_after_return=0:${ASAN_OPTIONS:-}"
export UBSAN_OPTIONS="halt_on_error=1:print_stacktrace=1:${UBSAN_OPTIONS:-}"
export TSAN_OPTIONS="halt_on_error=1:${TSAN_OPTIONS:-}"

tally=$(mktemp)
trap 'rm -f "$tally"' EXIT
trap 'exit 130' INT TERM
# A suite that Meson has and the table above has not would never run.
suites_are_named() {
    meson introspect --tests build | python3 -c '
import json, sys
for suite in {s.split(":")[-1] for t in json.load(sys.stdin) for s in t["suite"]} - set(sys.argv[1:]):
    print("tools/test.sh does not know the suite", suite)
    sys.exit(1)' $names
}

for suite in ${@:-$names}; do
    # A folder that does not build is a failure of its suite, and the others still run.
    ("run_$suite") || { echo "$suite 0 1" >>"$tally"; echo "$suite did not run"; }
done
[ $# -gt 0 ] || suites_are_named || echo "table 0 1" >>"$tally"
awk '{ p += $2; f += $3 } END { printf "%d passed, %d failed\n", p, f; exit f != 0 }' "$tally"
