#!/bin/sh
# simulate.sh - worlds in one process, each from its seed; or the bugs that are planted for them to find.
#
#   tools/simulate.sh [--seeds N] [--from SEED] [--jobs N]    so many seeds (1000), a job a processor
#   tools/simulate.sh --seed S                                one, telling what happens
#   tools/simulate.sh --twice N                               are N seeds the same history twice?
#   tools/simulate.sh --planted [NAME]                        is each bug found within 1000 seeds?
set -eu
cd "$(dirname "$0")/.."
. tools/setup.sh
build build

planted() {
    missed=0
    for program in build/tests/simulate/simulate_${1:-*}; do
        [ -x "$program" ] && [ -f "$program" ] || continue
        name=${program##*/simulate_}
        if out=$("$program" --find 1000); then
            printf '%-20s %s\n' "$name" "$(echo "$out" | grep '^found')"
        else
            missed=1
            printf '%-20s NOT FOUND within 1000 seeds\n' "$name"
            echo "$out" | tail -n 5
        fi
        any=1
    done
    [ -n "${any:-}" ] || die "./do simulate: no such bug is planted: $1"
    return $missed
}

[ "${1:-}" != --planted ] || { planted "${2:-}"; exit; }
exec build/tests/simulate/simulate "$@"
