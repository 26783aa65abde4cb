# setup.sh - functions for ./do and tools/*.sh: install what is missing, configure, build.
#
# Sourced with the repository's root as working directory.

say() { printf '%s\n' "$*" >&2; }
die() { say "$*"; exit 1; }

# The packages that tools/packages.txt names for the given groups (build, test, lint).
packages_of() {
    for group in "$@"; do
        awk -v group="$group" '!/^#/ && $2 == group { print $1 }' tools/packages.txt
    done | sort -u
}

# Of the packages named, those that are not installed. What another package provides is there: Node of
# other makers brings its own npm.
packages_missing() {
    provided=$(dpkg-query -W -f '${db:Status-Status} ${Provides}\n' | sed -n 's/ *([^)]*)//g; s/,//g; s/^installed //p')
    for package in "$@"; do
        case "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" in
        installed) ;;
        *) echo " $provided " | tr '\n' ' ' | grep -qF " $package " || printf '%s ' "$package" ;;
        esac
    done
}

# Run a command as root: directly, through sudo, or not at all.
as_root() {
    if [ "$(id -u)" = 0 ]; then
        "$@"
    else
        sudo "$@"
    fi
}

can_be_root() { [ "$(id -u)" = 0 ] || command -v sudo >/dev/null; }

# Install what is missing for the given groups; without a way to become root, say what to run.
need() {
    command -v dpkg-query >/dev/null || die "Posthorn builds on Debian 12; there is no dpkg here."
    missing=$(packages_missing $(packages_of "$@"))
    [ -n "$missing" ] || return 0
    install="env DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends"
    if ! can_be_root; then
        say "Some Debian packages are missing. Run this as root, then ./do again:"
        say ""
        say "    apt-get update && apt-get install -y --no-install-recommends $missing"
        exit 1
    fi
    say "Installing from Debian$([ "$(id -u)" = 0 ] || echo ' (with sudo)'): $missing"
    log=$(mktemp)
    as_root apt-get -qq update >"$log" 2>&1 || say "apt-get update failed; trying with the lists at hand"
    as_root $install -o DPkg::Lock::Timeout=300 $missing >>"$log" 2>&1 </dev/null \
        || { tail -n 40 "$log" >&2; rm -f "$log"; die "apt-get could not install them."; }
    rm -f "$log"
}

# Packages of Node that a folder's lock file names, unpacked into the build as it pins them; says where.
# node_packages FOLDER. No script of a package runs; where they come from is npm's own setting.
node_packages() {
    command -v npm >/dev/null || die "npm is missing: Debian's package npm"
    at=$PWD/build/$1
    mkdir -p "$at"
    exec 8>"$at/.lock"
    flock 8
    if ! cmp -s "$1/package-lock.json" "$at/.complete"; then
        cp "$1/package.json" "$1/package-lock.json" "$at/"
        (cd "$at" && npm ci --ignore-scripts --no-audit --no-fund --fetch-retries=1 >npm.log 2>&1) \
            || { tail -n 5 "$at/npm.log" >&2; die "npm could not fetch the packages of $1: is its registry reachable?"; }
        cp "$1/package-lock.json" "$at/.complete"
    fi
    echo "$at"
}

# How many compilers to run at once; JOBS overrides.
jobs() { echo "${JOBS:-$(nproc)}"; }

# Configure a build folder, again when its options have changed.  configure DIR [MESON OPTION...]
configure() {
    dir=$1
    shift
    options="CC=${CC:-gcc} $*"
    [ -f "$dir/build.ninja" ] && [ "$(cat "$dir/.options" 2>/dev/null)" = "$options" ] && return 0
    wipe=
    [ -f "$dir/meson-private/coredata.dat" ] && wipe=--wipe
    mkdir -p "$dir"
    CC=${CC:-gcc} meson setup $wipe "$dir" "$@" >"$dir.log" 2>&1 \
        || { cat "$dir.log" >&2; rm -f "$dir.log"; die "meson could not configure $dir"; }
    rm -f "$dir.log"
    printf '%s' "$options" >"$dir/.options"
}

# Bring a configured folder up to date.  compile DIR [TARGET...]
# On a terminal ninja shows its progress; elsewhere it is heard only when it fails.
compile() {
    dir=$1
    shift
    if [ -t 2 ]; then
        ninja -C "$dir" -j "$(jobs)" "$@" >&2 || die "building in $dir failed"
    else
        ninja -C "$dir" -j "$(jobs)" -k 0 "$@" >"$dir/compile.log" 2>&1 \
            || { sed -n '/^FAILED:/,$p' "$dir/compile.log" | grep -v '^\[[0-9]*/[0-9]*\] \|^[a-z0-9-]* -I' | head -n 60 >&2; die "building in $dir failed"; }
    fi
}

# Configure and compile.  build DIR [MESON OPTION...]
build() {
    configure "$@"
    compile "$1"
}

# The program, and what else is named, without the tests.  program [TARGET...]
program() {
    configure build
    compile build src/posthorn/posthorn "$@"
}
