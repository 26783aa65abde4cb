#!/bin/sh
# install.sh - install the program, its man pages and its systemd unit into /usr/local or a given prefix.
#
# DESTDIR is honoured. Nothing is started or enabled; the last lines say what to do next.
set -eu
cd "$(dirname "$0")/.."
. tools/setup.sh

prefix=${1:-/usr/local}
case "$prefix" in
/*) ;;
*)  die "usage: ./do install [PREFIX]: an absolute path, not $prefix" ;;
esac
configure build-install --buildtype=release -Db_ndebug=false --prefix="$prefix"
compile build-install src/posthorn/posthorn packaging/posthorn.conf.5
if [ -w "$(dirname "$prefix")" ] || [ -n "${DESTDIR:-}" ]; then
    meson install -C build-install --no-rebuild
else
    as_root meson install -C build-install --no-rebuild
fi
say "
Installed into $prefix. Next, as root (README.md, \"Run it\"):
    mkdir -p /etc/posthorn
    $prefix/bin/posthorn serve --print-config > /etc/posthorn/posthorn.conf    then set hostname, certificate, key
    systemd-sysusers && systemctl daemon-reload && systemctl enable --now posthorn"
