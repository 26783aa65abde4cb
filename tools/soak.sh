#!/bin/sh
# soak.sh - the long form of the soak: a thousand who idle and mixed clients, a row a minute, a verdict.
#
#   tools/soak.sh [MINUTES]    30
set -eu
cd "$(dirname "$0")/.."
. tools/setup.sh
minutes=${1:-30}
build build
exec build/tests/soak/soak --seconds $((minutes * 60)) --idlers 1000
