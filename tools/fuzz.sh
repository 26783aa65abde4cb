#!/bin/sh
# fuzz.sh - run the fuzzers under clang's ASan and UBSan, and say what they found.
#
#   tools/fuzz.sh [TARGET...] [SECONDS]   each for so long (60 s); a target is imap_parse, imap/parse or parse
#   tools/fuzz.sh --replay [TARGET...]    only every input that is kept in fuzz/corpus
#   tools/fuzz.sh --merge [TARGET...]     keep in fuzz/corpus what the last runs found that reaches new code
#
# A line a target: "ok TARGET ..." or "not ok TARGET ...". New inputs gather in build-fuzz/corpus, what
# crashed lies in build-fuzz/found, and the exit status is 1 when there was anything.
set -eu
cd "$(dirname "$0")/.."
root=$PWD
. tools/setup.sh

default_seconds=60
# Past these an input is a finding: slower or hungrier than any letter may make us.
input_s_max=10
memory_mb_max=2048

# What every run of a target is given; the kept inputs are read, new ones go to the first folder.
libfuzzer() {
    target=$1
    shift
    dict=fuzz/dict/$target.dict
    [ ! -e "$dict" ] || set -- "-dict=$root/$dict" "$@"
    ASAN_OPTIONS=abort_on_error=0 UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1 \
        "build-fuzz/src/${target}_fuzz" -timeout=$input_s_max -rss_limit_mb=$memory_mb_max \
        -artifact_prefix="build-fuzz/found/$target-" "$@"
}

# One target, one line, and the report under it when there is a finding.
one() {
    target=$1
    mode=$2
    log=build-fuzz/logs/$target.log
    mkdir -p "build-fuzz/corpus/$target" build-fuzz/found build-fuzz/logs "fuzz/corpus/$target"
    status=0
    case "$mode" in
    replay) libfuzzer "$target" -runs=0 "fuzz/corpus/$target" >"$log" 2>&1 || status=$? ;;
    merge)  libfuzzer "$target" -merge=1 "fuzz/corpus/$target" "build-fuzz/corpus/$target" >"$log" 2>&1 \
                || status=$? ;;
    *)      libfuzzer "$target" -max_total_time="$mode" -print_final_stats=1 \
                "build-fuzz/corpus/$target" "fuzz/corpus/$target" >"$log" 2>&1 || status=$? ;;
    esac
    runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
    cov=$(sed -n 's/.* cov: \([0-9]*\) .*/\1/p' "$log" | tail -n 1)
    kept=$(ls "fuzz/corpus/$target" | wc -l)
    new=$(ls "build-fuzz/corpus/$target" | wc -l)
    verdict=ok
    [ $status = 0 ] || verdict="not ok"
    report=$(printf '%s %-24s %9s runs %6s edges %5d kept %5d found' \
        "$verdict" "$target" "${runs:--}" "${cov:--}" "$kept" "$new")
    [ $status = 0 ] || report="$report
$(grep -E 'ERROR|runtime error|SUMMARY|^ *#[0-9] |Test unit written|ALARM' "$log" | head -n 30)
again: build-fuzz/src/${target}_fuzz FILE; the whole log is $log"
    echo "$report"
    return $status
}

# The fuzzers that Meson knows.
known() {
    meson introspect --targets build-fuzz \
        | python3 -c 'import json, sys
for t in json.load(sys.stdin):
    if t["name"].endswith("_fuzz"): print(t["name"][:-5])'
}

# The targets that a word names.
chosen() {
    word=$(echo "$1" | tr / _)
    known | grep -E "^(.*_)?$word\$" || die "./do fuzz: no such fuzzer: $1. There are: $(known | xargs)"
}

mode=$default_seconds
targets=
[ "${1:-}" != --one ] || { one "$2" "$3"; exit; }

CC=clang-14 configure build-fuzz -Dfuzz=true -Db_sanitize=address,undefined -Db_lundef=false
ninja -C build-fuzz build.ninja >/dev/null || die "meson could not configure build-fuzz"
for word in "$@"; do
    case "$word" in
    --replay) mode=replay ;;
    --merge)  mode=merge ;;
    [0-9]*)   mode=$word ;;
    *)        targets="$targets $(chosen "$word")" ;;
    esac
done
[ -n "$targets" ] || targets=$(known)
[ -n "$targets" ] || { say "there are no fuzzers yet"; exit 0; }
compile build-fuzz $(for target in $targets; do echo "src/${target}_fuzz"; done)
printf '%s\n' $targets | xargs -n 1 -P "$(jobs)" sh -c '"$0" --one "$2" "$1" || exit 1' "$0" "$mode"
