# peers_run.sh - how each test peer is configured and started; sourced by peers.sh.
#
# Keys are KEY=VALUE words; every key has a default here. `listen` is always a loopback address.

# peer nsd        listen=127.0.0.1 port=5300; serves every DIR/zones/NAME.zone, SIGHUP re-reads them
run_nsd() {
    mkdir -p "$dir/zones"
    cat >"$dir/nsd.conf" <<END
server:
    ip-address: ${listen:-127.0.0.1}@${port:-5300}
    username: "$(id -un)"
    chroot: ""
    zonesdir: "$dir/zones"
    database: ""
    pidfile: "$dir/nsd.pid"
    xfrdfile: "$dir/xfrd.state"
    zonelistfile: "$dir/zone.list"
    xfrdir: "$dir"
    server-count: 1
    zonefiles-check: yes
    minimal-responses: yes
remote-control:
    control-enable: no
END
    for file in "$dir"/zones/*.zone; do
        [ -e "$file" ] || continue
        zone=$(basename "$file" .zone)
        printf 'zone:\n    name: "%s"\n    zonefile: "%s"\n' "$zone" "$file" >>"$dir/nsd.conf"
    done
    exec env LD_LIBRARY_PATH="$(libraries "$peers/nsd")" "$peers/nsd/usr/sbin/nsd" -d -c "$dir/nsd.conf"
}

# The folders with shared libraries in an unpacked peer, as LD_LIBRARY_PATH wants them.
libraries() {
    triplet=$(gcc -print-multiarch 2>/dev/null || dpkg-architecture -q DEB_HOST_MULTIARCH)
    echo "$1/usr/lib/$triplet:$1/lib/$triplet:$1/usr/lib:$1/lib"
}

# What must be done once to a freshly unpacked peer.
prepare() {
    :
}

run() {
    name=$1
    dir=$2
    shift 2
    for word in "$@"; do
        case "$word" in
        [a-z]*=*) eval "${word%%=*}=\${word#*=}" ;;
        *) die "peers.sh: not KEY=VALUE: $word" ;;
        esac
    done
    "run_$name"
}
