#!/bin/sh
# crash.sh - the long form of the crash tests: for a night, or after a change to the store.
#
#   tools/crash.sh FORM [N] [SEED]    one form, so many times; the seed (the day)
#   tools/crash.sh [--all]            every form, as often as its line says
#
# Each form prints a line with its counts; the exit status is 1 when one has failed.
set -eu
cd "$(dirname "$0")/.."
. tools/setup.sh

# form     times  what goes wrong
forms="
kill        200   kill -9 of the server, or of its parent, while everybody works
relay        40   kill -9 of both servers while mail is on its way
full         20   the disk fills up
fsync        20   syncs fail, and lose what they were to write
readonly     20   the data folder becomes read-only
machine       1   SIGTERM, no descriptors, no threads, a clock that jumps
states    10000   crash states of the store, of each workload
faults        1   each call of the store fails once
"

run() {
    t=build/tests/crash
    case $1 in
    kill)     $t/kill --rounds "$2" --seed "$3" ;;
    relay)    $t/relay --rounds "$2" --seed "$3" ;;
    full)     $t/full_disk --rounds "$2" --seed "$3" ;;
    fsync)    $t/fsync --rounds "$2" --seed "$3" ;;
    readonly) $t/readonly --rounds "$2" --seed "$3" ;;
    machine)  $t/stop && $t/scarce && $t/clock ;;
    states)   $t/crash_states --states "$2" --seed "$3" ;;
    faults)   $t/crash_faults --every 1 ;;
    esac
}

times_of() { echo "$forms" | awk -v form="$1" '$1 == form { print $2 }'; }

build build
seed=${3:-$(date +%Y%m%d)}
if [ "${1:---all}" != --all ]; then
    [ -n "$(times_of "$1")" ] || { echo "./do crash: no such form: $1; there are:$forms" >&2; exit 2; }
    run "$1" "${2:-$(times_of "$1")}" "$seed"
    exit
fi
failed=
for form in $(echo "$forms" | awk 'NF { print $1 }'); do
    run "$form" "$(times_of "$form")" "$seed" || failed="$failed $form"
done
[ -z "$failed" ] || die "failed:$failed"
