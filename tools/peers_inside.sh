#!/bin/sh
# peers_inside.sh - the inside of a peer's mount namespace: make it look installed, then start it.
#
#   peers_inside.sh PEER DIR "FOLDER..." COMMAND...
#
# Called by peers.sh through unshare. PEER is the unpacked peer; DIR appears as /mnt and DIR/etc on top
# of /etc; each FOLDER is a path below /var that the peer writes to, kept in DIR. Nothing of this is
# seen outside of the namespace, and everything that runs in it ends with it.
set -eu
peer=$1
dir=$2
folders=$3
shift 3

mount --make-rprivate /
mount --bind "$dir" /mnt
for below in usr/bin usr/sbin usr/lib usr/libexec usr/share etc var/lib var/spool; do
    layers=
    [ "$below" = etc ] && layers="/mnt/etc:"
    [ -d "$peer/$below" ] && layers="$layers$peer/$below:"
    [ -z "$layers" ] || mount -t overlay overlay -o "ro,lowerdir=$layers/$below" "/$below"
done
for folder in $folders; do
    mount --bind "/mnt/kept$folder" "$folder"
done
mount --bind /mnt/run /run
mount -t proc proc /proc 2>/dev/null || true
cd /mnt
# This shell stays, as the namespace's first process: a daemon that changes its user would lose the
# kernel's promise to end it with its parent.
"$@" &
wait $!
