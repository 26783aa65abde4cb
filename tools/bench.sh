#!/bin/sh
# bench.sh - build with full optimisation and run one of the measurements in bench/ with its
# options, or all of them: each folder there is one.
set -eu
cd "$(dirname "$0")/.."
. tools/setup.sh

build build-bench --buildtype=release
run() {
    name=$1
    shift
    [ -x "build-bench/bench/$name" ] || die "./do bench: no such measurement: $name"
    echo "--- $name"
    "build-bench/bench/$name" "$@"
}

case "${1-}" in
'') for name in $(cd bench && ls -d */ | tr -d /); do run "$name"; done ;;
*)  run "$@" ;;
esac
