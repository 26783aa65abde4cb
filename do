#!/bin/sh
# do - the one way in: build, run, test, check and install Posthorn.
#
# Every command does its own set-up: it installs the Debian packages it needs (tools/packages.txt),
# configures and builds. A fresh Debian 12 with git and a shell is enough.
set -eu
cd "$(dirname "$0")"
. tools/setup.sh

help() {
    cat <<'END'
usage: ./do COMMAND

  demo [--stay] [--break NAME]    two servers, one letter, the whole journey
  serve [OPTION...]               build and run one server
  test [SUITE...]                 all tests, or the suites named (./do test --list)
  lint                            warnings, layers, banned calls, layout, static analysis
  fuzz [TARGET...] [SECONDS|1h]   each fuzzer for so long (60), or all of them; --merge keeps new inputs
  crash [FORM [N [SEED]]]         a machine that fails, N times: kill, relay, full, fsync, readonly,
                                  machine, states, faults; without a FORM all of them (a night)
  simulate [--seeds N | --seed S | --planted]
                                  worlds of servers, people and mishaps, each from its seed (1000)
  soak [MINUTES]                  mixed clients for so long (30): nothing grows, slows down or is lost
  bench [NAME [OPTION...]]        measurements against peers and physical limits
  install [PREFIX]                into /usr/local or PREFIX, with man pages and systemd unit

./do COMMAND --help says more. The first run installs what it needs from Debian, as root or through
sudo, and says what.
END
}

# What a command says of itself is the comment at the head of its script; nothing is built for that.
case "${2:-}" in
-h|--help)
    if [ "$1" != serve ] && [ -f "tools/$1.sh" ]; then
        sed -n '2,/^[^#]/ s/^# \{0,1\}//p' "tools/$1.sh"
        exit
    fi ;;
esac

case "${1:-help}" in
demo)    shift; need build; program tests/demo; exec tools/demo.sh "$@" ;;
serve)   shift; need build; program; exec build/src/posthorn/posthorn serve "$@" ;;
test)    shift; need build test; exec tools/test.sh "$@" ;;
lint)    shift; need build lint; exec tools/lint.sh "$@" ;;
fuzz)    shift; need build test; exec tools/fuzz.sh "$@" ;;
crash)   shift; need build test; exec tools/crash.sh "$@" ;;
simulate) shift; need build test; exec tools/simulate.sh "$@" ;;
soak)    shift; need build test; exec tools/soak.sh "$@" ;;
bench)   shift; need build test; exec tools/bench.sh "$@" ;;
install) shift; need build; exec tools/install.sh "$@" ;;
help|-h|--help) help ;;
*)       echo "./do: no such command: $1" >&2; help >&2; exit 2 ;;
esac
