#!/bin/sh
# crash.sh - the long form of the crash tests: for a night, or after a change to the store.
#
#   tools/crash.sh [STATES] [SEED]    states of each workload (10000); the seed (the day)
set -eu
cd "$(dirname "$0")/.."
. tools/setup.sh
states=${1:-10000}
seed=${2:-$(date +%Y%m%d)}
build build
build/tests/crash/crash_states --states "$states" --seed "$seed"
build/tests/crash/crash_faults --every 1
build/tests/crash/kill --rounds 200 --seed "$seed"
