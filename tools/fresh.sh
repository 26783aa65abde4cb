#!/bin/sh
# fresh.sh - prove that ./do needs nothing but git and a shell: run it on a machine made for it.
#
#   tools/fresh.sh COMMAND...          ./do COMMAND... as root, on a minimal Debian 12 with git
#   tools/fresh.sh --user COMMAND...   as a user without sudo: ./do names the one command to run as root,
#                                      which is run, and then ./do again
#
# Needs root, debootstrap and overlayfs. The machine is a folder that pivot_root enters (user namespaces
# are refused inside a chroot); it takes this machine's package sources (Debian's, npm's) and shares its network. The
# minimal Debian is kept in /var/tmp; what a run changes lies over it, and is thrown away.
# The repository is cloned as it is committed.
set -eu
cd "$(dirname "$0")/.."
repository=$PWD
. tools/setup.sh

kept=${FRESH:-/var/tmp/posthorn-fresh}
base=$kept/debian-12

# A minimal Debian 12 with git, and with this machine's apt sources and network settings of apt.
make_base() {
    [ ! -e "$base/.complete" ] || return 0
    rm -rf "$base"
    mkdir -p "$base"
    mirror=$(apt-cache policy | awk '$2 ~ /^http/ && / bookworm\/main / { print $2; exit }')
    say "Making a minimal Debian 12 in $base"
    debootstrap --variant=minbase --include=git bookworm "$base" ${mirror:+"$mirror"} >"$kept/debootstrap.log" 2>&1 \
        || { tail -n 20 "$kept/debootstrap.log"; die "debootstrap failed"; }
    rm -rf "$base/etc/apt/sources.list" "$base/etc/apt/sources.list.d"
    cp -a /etc/apt/sources.list /etc/apt/sources.list.d /etc/apt/auth.conf.d /etc/apt/trusted.gpg.d \
        /etc/apt/keyrings "$base/etc/apt/" 2>/dev/null || true
    apt-config dump | grep '^Acquire::http\|^Acquire::Check' >"$base/etc/apt/apt.conf.d/99host" || true
    touch "$base/.complete"
}

# Inside the new mount namespace: the folder becomes the machine.
enter() {
    new=$kept/run
    mount --make-rprivate /
    mkdir -p "$new"
    # A file system of its own: what lies over the minimal Debian goes away with the namespace.
    mount --bind "$kept/scratch" "$new"
    mkdir -p "$new/upper" "$new/work" "$new/root"
    mount -t overlay overlay -o "lowerdir=$base,upperdir=$new/upper,workdir=$new/work" "$new/root"
    cd "$new/root"
    mkdir -p .old mnt/repository
    mount -t proc proc proc
    mount --rbind /dev dev
    mount --bind "$kept/repository" mnt/repository
    cat /etc/resolv.conf >etc/resolv.conf
    cat /etc/hosts >etc/hosts
    cat /etc/ssl/certs/ca-certificates.crt >etc/authorities.pem # whom npm's registry is certified by here
    pivot_root . .old
    umount -l .old
    exec env -i HOME=/root PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
        ${CI:+CI="$CI"} NODE_EXTRA_CA_CERTS=/etc/authorities.pem ${npm_config_registry:+npm_config_registry="$npm_config_registry"} sh /mnt/repository/tools/fresh.sh --inside "$@"
}

# On the fresh machine, as root.
inside() {
    cd /root
    if [ "$1" = --user ]; then
        shift
        useradd --create-home someone
        as_someone "git clone -q /mnt/repository posthorn"
        echo "--- as someone: ./do $*"
        as_someone "cd posthorn && ./do $*" >told 2>&1 && die "./do needed nothing; is this machine fresh?"
        cat told
        command=$(sed -n 's/^    apt-get/apt-get/p' told)
        echo "--- as root: $command"
        sh -c "$command" >/dev/null 2>&1
        echo "--- as someone, again: ./do $*"
        as_someone "cd posthorn && ./do $*"
    else
        git clone -q /mnt/repository posthorn
        cd posthorn
        echo "--- as root: ./do $*"
        ./do "$@"
    fi
}

as_someone() { su someone -s /bin/sh -c "git config --global --add safe.directory '*'; cd; $1"; }

case "${1:-}" in
--inside) shift; inside "$@" ;;
--enter)  shift; enter "$@" ;;
"")       sed -n '2,/^set/s/^# \{0,1\}//p' "$0"; exit 2 ;;
*)
    [ "$(id -u)" = 0 ] || die "tools/fresh.sh needs root"
    make_base
    rm -rf "$kept/scratch" "$kept/repository"
    mkdir -p "$kept/scratch"
    git clone -q "$repository" "$kept/repository"
    npm_config_registry=$(npm config get registry 2>/dev/null || true)
    export npm_config_registry
    status=0
    unshare --mount --pid --fork --kill-child=KILL "$0" --enter "$@" || status=$?
    rm -rf "$kept/scratch" "$kept/repository"
    exit $status
    ;;
esac
