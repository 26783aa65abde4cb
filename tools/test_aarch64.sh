#!/bin/sh
# test_aarch64.sh - build the aarch64 fiber switch with Debian's cross compiler and run it under qemu.
#
# switch_test.c needs neither cmocka nor another part of the program, so three files are all.
set -u
cd "$(dirname "$0")/.." || exit 1
mkdir -p build/aarch64
for level in -O0 -O2 -O3; do
    program=build/aarch64/switch_test$level
    if aarch64-linux-gnu-gcc -std=gnu11 -D_GNU_SOURCE $level -static -Wall -Wextra -Werror -I src -o "$program" \
            src/run/fiber_switch.c src/run/fiber_switch_aarch64.S src/run/switch_test.c \
        && timeout 60 qemu-aarch64 "$program"; then
        echo "ok aarch64 switch, built with $level"
    else
        echo "not ok aarch64 switch, built with $level"
    fi
done
