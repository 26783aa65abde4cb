#!/bin/sh
# bench.sh - build with full optimisation and run the measurements in bench/, all or those named.
set -eu
cd "$(dirname "$0")/.."
. tools/setup.sh

build build-bench --buildtype=release
names=${*:-$(cd bench && ls *.c 2>/dev/null | sed 's/\.c$//')}
[ -n "$names" ] || die "there is nothing in bench/ yet"
for name in $names; do
    [ -x "build-bench/bench/$name" ] || die "./do bench: no such measurement: $name"
    echo "--- $name"
    "build-bench/bench/$name"
done
