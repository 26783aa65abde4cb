#!/bin/sh
# man_page.sh - fill the settings into posthorn.conf(5):  man_page.sh TEMPLATE PROGRAM
set -eu
sed '/^@SETTINGS@$/,$d' "$1"
"$2" serve --print-man
sed '1,/^@SETTINGS@$/d' "$1"
