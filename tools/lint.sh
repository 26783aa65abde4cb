#!/bin/sh
# lint.sh - everything that is checked without running the program.
#
#   tools/lint.sh [CHECK...]    all, or those named: see the table
#
# Prints a line a check, what is wrong under it, and "N passed, N failed" at the end.
set -eu
cd "$(dirname "$0")/.."
. tools/setup.sh

checks="gcc clang layers banned text rules format cppcheck tidy length"

c_files()  { git ls-files -co --exclude-standard -- 'src/*.c' 'tests/*.c' 'bench/*.c' | existing; }
existing() { while read -r file; do [ ! -e "$file" ] || echo "$file"; done; }

lint_gcc()      { build build; }
lint_clang()    { CC=clang-14 build build-clang; }
lint_layers()   { tools/lint_layers.py; }
lint_banned()   { tools/lint_banned.py; }
lint_text()     { tools/lint_text.py; }
lint_rules()    { tools/lint_rules.py; }
lint_format() {
    # Headers are set by hand: their declarations read as tables.
    unlike=$(c_files | xargs -r -n 1 -P "$(jobs)" sh -c 'clang-format-14 "$0" | cmp -s - "$0" || echo "$0"')
    [ -z "$unlike" ] || { echo "clang-format-14 -i" $unlike; false; }
}
lint_cppcheck() {
    configure build
    mkdir -p build/cppcheck
    # Style is ours to judge; a test that fails may leave null pointers behind it.
    cppcheck -q -j "$(jobs)" --project=build/compile_commands.json --cppcheck-build-dir=build/cppcheck \
        --enable=warning,performance,portability --std=c11 --inline-suppr --file-filter="src/*" --error-exitcode=1 \
        --suppressions-list=tools/cppcheck.txt --template='{file}:{line}: {message} [{id}]'
}
# The analyser explores so many states of a function and no more: a tenth of the time, nearly all findings.
tidy_effort="--extra-arg=-Xclang --extra-arg=-analyzer-config --extra-arg=-Xclang --extra-arg=max-nodes=40000"
lint_tidy() {
    # clang's own commands: clang-tidy knows no gcc options.
    CC=clang-14 configure build-clang
    c_files | grep '^src/' | grep -v '_\(test\|fuzz\)\.c$' \
        | xargs -r -n 4 -P "$(jobs)" clang-tidy-14 --quiet -p build-clang $tidy_effort \
            >build-clang/tidy.log 2>/dev/null || true
    grep -E '(error|warning):' build-clang/tidy.log | sed -E "s|^(.*/)?build-clang/\\.\\./||; s|^\\.\\./||; s|^$PWD/||" \
        | sort -u
    ! grep -qE '(error|warning):' build-clang/tidy.log
}
lint_length() { tools/report_length.py; }

shown=40
passed=0
failed=0
for check in ${@:-$checks}; do
    mkdir -p build-lint # not in build: a check may set that up anew
    began=$(date +%s)
    log=build-lint/$check.log
    if ("lint_$check") >"$log" 2>&1; then
        verdict=ok passed=$((passed + 1))
    else
        verdict=FAILED failed=$((failed + 1))
    fi
    printf '%-10s %-8s %4d s\n' "$check" "$verdict" $(($(date +%s) - began))
    head -n "$shown" "$log" | sed 's/^/    /'
    [ "$(wc -l <"$log")" -le "$shown" ] || echo "    ... the rest is in $log"
done
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
