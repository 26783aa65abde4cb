#!/bin/sh
# fuzz.sh - run the fuzzers under clang's ASan and UBSan, and say what they found.
#
#   tools/fuzz.sh [TARGET...] [SECONDS]   each for so long (60 s); a target is imap_parse, imap/parse or parse
#   tools/fuzz.sh [TARGET...] 1h | 30m    so long in all, shared: whole sessions get the most
#   tools/fuzz.sh --anew ...              forget what earlier runs counted, first
#   tools/fuzz.sh --replay [TARGET...]    only every input that is kept in fuzz/corpus
#   tools/fuzz.sh --merge [TARGET...]     keep in fuzz/corpus what the last runs found that reaches new code
#   tools/fuzz.sh --coverage [TARGET...]  which lines of its module each target's inputs reach
#   tools/fuzz.sh --report                the table of all that, from all runs since --anew
#
# A line a target: "ok TARGET ..." or "not ok TARGET ..."; at the end the table, which lies in
# build-fuzz/report.txt as well. New inputs gather in build-fuzz/corpus, what crashed lies in
# build-fuzz/found, and the exit status is 1 when there was anything.
set -eu
cd "$(dirname "$0")/.."
root=$PWD
. tools/setup.sh

default_seconds=60
# Past these an input is a finding: slower or hungrier than any letter may make us.
input_s_max=10
memory_mb_max=2048
# A whole session is longer than a line of a parser's, and costs more for each byte.
whole_bytes_max=8192

# What every run of a target is given; the kept inputs are read, new ones go to the first folder.
libfuzzer() {
    target=$1
    shift
    dict=fuzz/dict/$target.dict
    [ ! -e "$dict" ] || set -- "-dict=$root/$dict" "$@"
    # Whole servers: they look for leaks themselves, and libFuzzer's arithmetic would cost more than they do.
    case "$target" in whole_*) set -- -max_len=$whole_bytes_max -entropic=0 -detect_leaks=0 "$@" ;; esac
    FUZZ_HISTORY="build-fuzz/found/$target-history" \
    ASAN_OPTIONS=abort_on_error=0 UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1 \
        "$(folder "$target")/${target}_fuzz" -timeout=$input_s_max -rss_limit_mb=$memory_mb_max \
        -artifact_prefix="build-fuzz/found/$target-" "$@"
}

folder() {
    case "$1" in whole_*) echo "${BUILD:-build-fuzz}/tests/fuzz" ;; *) echo "${BUILD:-build-fuzz}/src" ;; esac
}

# Of whole sessions only as many are kept as reach every edge: each replay costs milliseconds.
cover_only() {
    case "$1" in whole_*) echo -set_cover_merge=1 -use_counters=0 ;; esac
}

# How much of a shared time a target gets.
weight() {
    case "$1" in whole_imap) echo 20 ;; whole_*) echo 10 ;; *_session | pop3_pop3) echo 4 ;; *) echo 1 ;; esac
}

# One target, one line, and the report under it when there is a finding.
one() {
    target=$1
    mode=$2
    log=build-fuzz/logs/$target.log
    mkdir -p "build-fuzz/corpus/$target" build-fuzz/found build-fuzz/logs build-fuzz/tally "fuzz/corpus/$target"
    status=0
    began=$(date +%s)
    case "$mode" in
    replay) libfuzzer "$target" -runs=0 "fuzz/corpus/$target" >"$log" 2>&1 || status=$? ;;
    merge)  libfuzzer "$target" -merge=1 $(cover_only "$target") "fuzz/corpus/$target" "build-fuzz/corpus/$target" >"$log" 2>&1 \
                || status=$? ;;
    *)      libfuzzer "$target" -max_total_time="$mode" -print_final_stats=1 \
                "build-fuzz/corpus/$target" "fuzz/corpus/$target" >"$log" 2>&1 || status=$? ;;
    esac
    seconds=$(($(date +%s) - began))
    runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log" | tail -n 1)
    cov=$(sed -n 's/.* cov: \([0-9]*\) .*/\1/p' "$log" | tail -n 1)
    kept=$(ls "fuzz/corpus/$target" | wc -l)
    new=$(ls "build-fuzz/corpus/$target" | wc -l)
    case "$mode" in [0-9]*) echo "${runs:-0} $seconds ${cov:-0} $status" >>"build-fuzz/tally/$target" ;; esac
    verdict=ok
    [ $status = 0 ] || verdict="not ok"
    report=$(printf '%s %-24s %9s runs %6s/s %6s edges %5d kept %5d found %5d s' "$verdict" "$target" "${runs:--}" \
        "$((${runs:-0} / (seconds + !seconds)))" "${cov:--}" "$kept" "$new" "$seconds")
    [ $status = 0 ] || report="$report
$(grep -E 'ERROR|not so:|runtime error|SUMMARY|^ *#[0-9] |Test unit written|ALARM|^[0-9]* plays' "$log" | head -n 30)
again: $(folder "$target")/${target}_fuzz FILE; the whole log is $log"
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

# "TARGET SECONDS" for each, the longest first: so many seconds in all, by weight.
shares() {
    total=$1
    shift
    for target in "$@"; do echo "$(weight "$target") $target"; done | sort -rn | awk -v total="$total" '
        { weight[NR] = $1; name[NR] = $2; all += $1 }
        END { for (i = 1; i <= NR; i++) printf "%s %d\n", name[i], (total * weight[i] + all - 1) / all }'
}

# "1h", "30m", "90s" in seconds.
seconds_of() {
    case "$1" in
    *h) echo $((${1%h} * 3600)) ;;
    *m) echo $((${1%m} * 60)) ;;
    *s) echo "${1%s}" ;;
    esac
}

# The sources that a target is for: those of its own name, or else its whole directory.
module() {
    case "$1" in
    whole_submission) echo src/smtp ;;
    whole_control) echo src/admin ;;
    whole_damage)  echo src/store ;;
    whole_*) echo "src/${1#whole_}" ;;
    *_session | pop3_pop3) echo "src/${1%%_*}" ;;
    *)  sources=$(ls "src/${1%%_*}/${1#*_}".c "src/${1%%_*}/${1#*_}"_*.c 2>/dev/null | grep -v '_\(test\|fuzz\)\.c$' || true)
        echo "${sources:-src/${1%%_*}}" ;;
    esac
}

# How much of its module a target's inputs reach, by clang's own counters: "1200 of 1500".
cover() {
    target=$1
    mkdir -p build-fuzz/cover "build-fuzz/corpus/$target"
    LLVM_PROFILE_FILE=build-fuzz/cover/$target.raw BUILD=build-cover libfuzzer "$target" -runs=0 \
        "fuzz/corpus/$target" "build-fuzz/corpus/$target" >"build-fuzz/cover/$target.log" 2>&1 || return 1
    llvm-profdata-14 merge -sparse "build-fuzz/cover/$target.raw" -o "build-fuzz/cover/$target.prof"
    rm -f "build-fuzz/cover/$target.raw"
    BUILD=build-cover
    llvm-cov-14 export -summary-only "$(folder "$target")/${target}_fuzz" \
        -instr-profile="build-fuzz/cover/$target.prof" 2>/dev/null \
        | python3 -c 'import json, os, sys
within = tuple(os.path.realpath(p) for p in sys.argv[1:])
lines = [f["summary"]["lines"] for f in json.load(sys.stdin)["data"][0]["files"]
         if os.path.realpath(f["filename"]).startswith(within)]
print("%d of %d" % (sum(l["covered"] for l in lines), sum(l["count"] for l in lines)))' $(module "$target") \
            >"build-fuzz/cover/$target.lines"
    echo "ok $target: $(cat "build-fuzz/cover/$target.lines") lines of" $(module "$target")
}

# A row a target, from the tallies of all runs, as docs/security.md takes them.
report() {
    echo "| target | executions | a second | edges | lines of its module | kept inputs | seconds | findings |"
    echo "|---|---|---|---|---|---|---|---|"
    for target in $(known); do
        [ -e "build-fuzz/tally/$target" ] || continue
        lines=$(cat "build-fuzz/cover/$target.lines" 2>/dev/null || echo "-")
        awk -v name="$target" -v lines="$lines" -v kept="$(ls "fuzz/corpus/$target" | wc -l)" '
            function commas(n,  s, out) {
                s = sprintf("%d", n)
                for (out = ""; length(s) > 3; s = substr(s, 1, length(s) - 3)) out = "," substr(s, length(s) - 2) out
                return s out
            }
            { runs += $1; seconds += $2; findings += $4 != 0; if ($3 > edges) edges = $3 }
            END { printf "| %s | %s | %s | %s | %s | %d | %d | %d |\n", name, commas(runs),
                  commas(runs / (seconds + !seconds)), commas(edges), lines, kept, seconds, findings }' "build-fuzz/tally/$target"
    done
    cat build-fuzz/tally/* | awk '{ runs += $1; seconds += $2; findings += $4 != 0 }
        END { printf "\n%d executions in %d seconds of fuzzing, %d findings.\n", runs, seconds, findings }'
}

tell() {
    report >build-fuzz/report.txt
    column -t -s '|' build-fuzz/report.txt 2>/dev/null || cat build-fuzz/report.txt
}

[ "${1:-}" != --one ] || { one "$2" "$3"; exit; }
[ "${1:-}" != --cover ] || { cover "$2"; exit; }

mode=$default_seconds
total=
targets=
CC=clang-14 configure build-fuzz -Dfuzz=true -Db_sanitize=address,undefined -Db_lundef=false
ninja -C build-fuzz build.ninja >/dev/null || die "meson could not configure build-fuzz"
for word in "$@"; do
    case "$word" in
    --replay)   mode=replay ;;
    --merge)    mode=merge ;;
    --coverage) mode=coverage ;;
    --report)   tell; exit ;;
    --anew)     rm -rf build-fuzz/tally ;;
    [0-9]*[hms]) total=$(seconds_of "$word") ;;
    [0-9]*)     mode=$word ;;
    *)          targets="$targets $(chosen "$word")" ;;
    esac
done
[ -n "$targets" ] || targets=$(known)
programs() { for target in $targets; do echo "$(BUILD=. folder "$target" | sed 's|^\./||')/${target}_fuzz"; done; }
status=0
if [ "$mode" = coverage ]; then
    CC=clang-14 configure build-cover -Dfuzz=true -Db_sanitize=address,undefined -Db_lundef=false \
        -Dc_args='-fprofile-instr-generate -fcoverage-mapping' -Dc_link_args=-fprofile-instr-generate
    compile build-cover $(programs)
    printf '%s\n' $targets | xargs -n 1 -P "$(jobs)" "$0" --cover || status=1
    exit $status
fi
compile build-fuzz $(programs)
if [ -n "$total" ]; then
    shares "$total" $targets
else
    for target in $targets; do echo "$target $mode"; done
fi | xargs -n 2 -P "$(jobs)" sh -c '"$0" --one "$@" || exit 1' "$0" || status=1
case "$mode" in [0-9]*) tell ;; esac
exit $status
