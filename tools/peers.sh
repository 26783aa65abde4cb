#!/bin/sh
# peers.sh - other people's servers for the tests: unpacked into the build, never installed.
#
#   tools/peers.sh unpack NAME...              fetch and unpack (does nothing the second time)
#   tools/peers.sh run NAME DIR [KEY=VALUE...] start in the foreground; what it keeps lies in DIR
#   tools/peers.sh owner COMMAND...            run it as one who may read and remove a peer's files
#   tools/peers.sh list                        the names, and the keys that each understands
#
# Installed, they would take ports and replace the machine's mail server, and Debian's mail servers
# exclude each other. A peer ends with the process that `run` became, children and all.
set -eu
cd "$(dirname "$0")/.."
root=$PWD
. tools/setup.sh
. tools/peers_run.sh

peers=${PEERS:-$root/build/peers}

# The Debian packages that make a peer.
packages_for() {
    case "$1" in
    nsd)       echo nsd ;;
    knot)      echo knot ;;
    postfix)   echo postfix ;;
    dovecot)   echo dovecot-core dovecot-imapd dovecot-pop3d dovecot-lmtpd ;;
    exim)      echo exim4-daemon-light ;;
    opensmtpd) echo opensmtpd ;;
    fetchmail) echo fetchmail ;;
    *)         die "peers.sh: no such peer: $1" ;;
    esac
}

# The packages named and those they depend on that this machine lacks. What apt would install is
# exactly that closure; of the rest of its plan (removals, upgrades) nothing happens.
closure() {
    {
        printf '%s\n' "$@"
        apt-get -s -o Debug::NoLocking=true install --no-install-recommends "$@" 2>/dev/null \
            | awk '$1 == "Inst" { print $2 }'
    } | sort -u
}

# apt's lists must know the packages; a fresh machine has no lists.
lists() {
    [ -n "$(apt-cache policy "$1" 2>/dev/null)" ] && return 0
    lists_update
}

lists_update() {
    can_be_root || die "apt's lists are missing or stale. Run as root: apt-get update"
    as_root apt-get -qq update >&2
}

download() {
    (cd "$1" && shift && apt-get -qq -o APT::Sandbox::User="$(id -un)" download "$@")
}

# Unpack one peer into $peers/NAME. The folder appears whole or not at all.
unpack() {
    name=$1
    [ -e "$peers/$name/.complete" ] && return 0
    packages=$(packages_for "$name")
    lists "${packages%% *}"
    say "Unpacking $name into ${peers#"$root"/}/$name"
    new=$peers/$name.new.$$
    mkdir -p "$new/debs"
    download "$new/debs" $(closure $packages) \
        || { lists_update; download "$new/debs" $(closure $packages); } \
        || die "peers.sh: could not fetch $name"
    for deb in "$new"/debs/*.deb; do
        dpkg -x "$deb" "$new"
    done
    rm -rf "$new/debs"
    touch "$new/.complete"
    rm -rf "${peers:?}/$name"
    mv "$new" "$peers/$name"
}

case "${1:-}" in
unpack)
    shift
    mkdir -p "$peers"
    # Two test programs may ask at once; apt and the folder stand only one.
    exec 9>"$peers/.lock"
    flock 9
    for name in "$@"; do unpack "$name"; done
    ;;
run)
    [ $# -ge 3 ] || die "usage: tools/peers.sh run NAME DIR [KEY=VALUE...]"
    name=$2
    mkdir -p "$3"
    dir=$(cd "$3" && pwd)
    shift 3
    "$0" unpack "$name"
    run "$name" "$dir" "$@"
    ;;
owner)
    shift
    # Without root, only a namespace like the peer's may touch what its users own.
    [ "$(id -u)" = 0 ] || exec unshare --user --map-auto --map-root-user "$@"
    exec "$@"
    ;;
list)
    sed -n 's/^# peer //p' tools/peers_run.sh
    ;;
*)
    sed -n '2,/^set/s/^# \{0,1\}//p' "$0"
    exit 2
    ;;
esac
