#!/bin/sh
# demo.sh - unpack the name server that answers for the demo's two domains, and start the demo.
#
# Called by ./do demo, which has built; the words go to the demo itself: --stay, --break NAME.
set -eu
cd "$(dirname "$0")/.."
. tools/setup.sh

tools/peers.sh unpack nsd
exec build/tests/demo "$@"
