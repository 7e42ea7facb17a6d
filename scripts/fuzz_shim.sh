#!/usr/bin/env bash
#
# Fuzzes the shim, and the FFmpeg inside it, guided by coverage: fuzz/shim.c under libFuzzer, with AddressSanitizer, and
# UndefinedBehaviorSanitizer for the shim. FFmpeg is built for it once (three minutes on two cores) and kept in the cache
# of scripts/build_shim.sh. It starts again after a finding; at the end each finding is repeated separately, and those that
# fuzz/known.txt lists as FFmpeg's own are left out. Exit code 1: something new was found.
#
#   scripts/fuzz_shim.sh [SECONDS] [--seed N] [--keep DIR] [--memory | --unfilled | --system]      default: 60 seconds
#   scripts/fuzz_shim.sh --minimise --keep DIR                             minimises its corpus, with the same coverage
#   scripts/fuzz_shim.sh --repeat FILE                                     one input again, with the whole report
#
# --keep DIR  a folder for the found inputs and the corpus, which is reused (default: a temporary folder)
# --memory    with MemorySanitizer instead; for --repeat, too. MSAN_OPTIONS=halt_on_error=0 shows all that one input does
# --unfilled  the same, and what only avio sets to zero counts as not written: where FFmpeg relies on it
# --system    with the system's libavformat, which has neither coverage nor sanitizers
#
# Needs clang with its runtime (Debian: apt-get install clang libclang-rt-dev) and Deno; ffmpeg for more kinds of files.

set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
known=$root/fuzz/known.txt

seconds=60 seed=1 keep='' build=embedded sanitize=fuzzer repeat='' minimise=no
while [ $# -gt 0 ]; do
  case $1 in
    --seed) seed=$2 && shift ;;
    --seed=*) seed=${1#*=} ;;
    --keep) keep=$2 && shift ;;
    --keep=*) keep=${1#*=} ;;
    --minimise) minimise=yes ;;
    --repeat) repeat=$2 && shift ;;
    --repeat=*) repeat=${1#*=} ;;
    --memory | --unfilled) sanitize=${1#--} ;;
    --system) build=system ;;
    [0-9]*) seconds=$1 ;;
    *) sed -n '3,19s/^# \{0,1\}//p' "${BASH_SOURCE[0]}" && exit 2 ;;
  esac
  shift
done
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
keep=${keep:-$work/keep}
mkdir -p "$keep/corpus" "$keep/found"

# ---------------------------------------------------------------- build

build_fuzzer() {
  local library=$work/libavio.so flags=(-fsanitize=fuzzer,address,undefined) # the name is its soname
  if [ $sanitize != fuzzer ]; then flags=(-fsanitize=fuzzer,memory -fsanitize-memory-track-origins); fi
  CC=${CC:-clang} "$root/scripts/build_shim.sh" "--$build" --sanitize=$sanitize --output "$library"
  "${CC:-clang}" -std=c11 -D_GNU_SOURCE -Wall -Wextra -g -O1 -fno-omit-frame-pointer "${flags[@]}" \
    -o "$work/fuzzer" "$root"/fuzz/{shim,structure}.c "$library" -Wl,-rpath,"$work" -lm
}

limits=(-timeout=20 -rss_limit_mb=2560 -malloc_limit_mb=0)

# Known leaks are suppressed by LeakSanitizer itself.
set_up_sanitizers() {
  { [ ! -f "$known" ] || sed -n 's/^leak \([^ ]*\).*/leak:\1/p' "$known"; } >"$work/leaks"
  # Too large allocations fail, as on a machine without memory: FFmpeg must handle that.
  export ASAN_OPTIONS=allocator_may_return_null=1:max_allocation_size_mb=512:detect_stack_use_after_return=0
  # Freed memory of some inputs is kept: with the default, 256 MB, an eighth more time is spent on new pages (measured).
  ASAN_OPTIONS=$ASAN_OPTIONS:quarantine_size_mb=32
  # The system's libraries have no frame pointers, so stacks are cut off, and FFmpeg's own leaks can't be distinguished from avio's.
  export MSAN_OPTIONS=allocator_may_return_null=1:max_allocation_size_mb=512:${MSAN_OPTIONS:-halt_on_error=1}
  if [ "$build" = system ]; then ASAN_OPTIONS=$ASAN_OPTIONS:detect_leaks=0 && limits+=(-detect_leaks=0); fi
  export UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1
  export LSAN_OPTIONS=suppressions=$work/leaks:print_suppressions=0
}

# ---------------------------------------------------------------- findings

# Runs an input and prints the kind of the finding, as in known.txt; writes the functions on the stack to $work/stack.
kind_of() {
  "$work/fuzzer" "${limits[@]}" "$1" >"$work/report" 2>&1 && echo gone && return
  sed -n 's/^ *#[0-9]* 0x[0-9a-f]* in \([^ (]*\).*/\1/p' "$work/report" >"$work/stack"
  # The system's library names few functions. It reads within reading in hls and dash only.
  if [ "$build" = system ] && [ "$(grep -c '^av_read_frame$' "$work/stack")" -gt 1 ]; then echo system_nested_read >>"$work/stack"; fi
  case $(grep -m 1 -E '^SUMMARY|broken promise' "$work/report") in
    *'broken promise'*) echo promise ;;
    *UndefinedBehavior*) echo undefined ;;
    *'byte(s) leaked'*) echo leak ;;
    *'libFuzzer: timeout'*) echo timeout ;;
    *libFuzzer:\ out-of-memory*) echo memory ;;
    *AddressSanitizer:* | *MemorySanitizer:*) sed -n 's/^SUMMARY: [A-Za-z]*Sanitizer: \([^ ]*\).*/\1/p' "$work/report" | sed -n 1p ;;
    *) echo crash ;;
  esac
}

is_known() { # is_known KIND: a line of known.txt has the kind, and a function of the stack
  [ -f "$known" ] || return 1
  awk -v kind="$1" 'FNR == NR { if ($1 == kind) want[$2] = 1; next } $1 in want { found = 1 } END { exit !found }' \
    "$known" "$work/stack"
}

report_findings() {
  local input kind new=0 seen=0
  for input in "$keep"/found/*; do
    [ -f "$input" ] || continue
    kind=$(kind_of "$input")
    if [ "$kind" = gone ] || is_known "$kind"; then
      seen=$((seen + 1))
      continue
    fi
    new=$((new + 1))
    echo "fuzz_shim: $kind: $input"
    grep -m 1 -E '^SUMMARY|broken promise' "$work/report" | sed 's/^/  /' || true
    grep -m 12 -E '^ *#[0-9]+ ' "$work/report" | sed "s|$work/||; s|/[^ ]*/objects/src/||; s|$root/||; s|0x[0-9a-f]* in ||; s/^/  /" || true
  done
  echo "fuzz_shim: $new new findings, $seen known or not repeatable, $leaks processes that leaked"
  [ "$new" = 0 ] && [ "$leaks" = 0 ]
}

# ---------------------------------------------------------------- the corpus

minimise_corpus() {
  local before after
  before=$(find "$keep/corpus" -type f | wc -l)
  mkdir "$work/least"
  "$work/fuzzer" -merge=1 "${limits[@]}" "$work/least" "$keep/corpus" >"$work/log" 2>&1 || { tail -n 20 "$work/log" && exit 1; }
  after=$(find "$work/least" -type f | wc -l)
  rm -r "$keep/corpus" && mv "$work/least" "$keep/corpus"
  echo "fuzz_shim: $after of $before inputs have the same coverage as all"
}

# ---------------------------------------------------------------- running

# One process, until a finding or the end of the time; libFuzzer's fork mode starts one after the other, each of which reads a
# part of the corpus again. With -entropic=1, its default, four fifths of the time are spent choosing the next input (measured).
fuzz_for() { # fuzz_for SECONDS NUMBER: false after a finding
  "$work/fuzzer" -entropic=0 -print_funcs=0 -print_final_stats=1 -max_total_time="$1" -seed=$((seed + $2)) \
    "${limits[@]}" -detect_leaks=0 -report_slow_units=600 -max_len=16384 -len_control=0 -artifact_prefix="$keep/found/" "$keep/corpus" "$work/seeds" >"$work/log" 2>&1
}

# libFuzzer looks for leaks after most inputs, since the shim keeps threads and their memory, and a look takes five times as long as
# an input (measured: 28 inputs a second instead of 189). So a process looks once, at its end; if it has leaked, the corpus is
# run again, with a look after each input.
find_leak() {
  grep -q 'LeakSanitizer: detected' "$work/log" || return 0
  echo "fuzz_shim: a leak, perhaps of an input that the corpus has:"
  grep -m 12 -E '^ *#[0-9]+ ' "$work/log" | sed 's/0x[0-9a-f]* in //'
  leaks=$((leaks + 1))
  find "$keep/found" -size 0 -delete # what libFuzzer keeps of a process that fails at its end
  "$work/fuzzer" "${limits[@]}" -runs=0 -artifact_prefix="$keep/found/" "$keep/corpus" "$work/seeds" >"$work/log.leak" 2>&1 || true
}

# As libFuzzer names the inputs of a corpus, and those of findings.
name_by_content() {
  local input
  for input in "$1"/*; do mv "$input" "$1/$(sha1sum "$input" | cut -c 1-40)"; done
}

# A first input that is itself a finding would be found again by each process.
leave_out_found() {
  local found name
  for found in "$keep"/found/*-*; do
    name=${found##*-}
    rm -f "$keep/corpus/$name" "$work/seeds/$name"
  done
}

statistic() { sed -n "s/^stat::$1: *//p" "$work/log" | tail -n 1; }

fuzz() {
  local end=$((SECONDS + seconds)) process=0 inputs=0 left
  leaks=0
  while left=$((end - SECONDS)) && [ "$left" -gt 0 ]; do
    fuzz_for "$left" "$process" || { find_leak && leave_out_found; }
    if [ -z "$(statistic number_of_executed_units)" ]; then tail -n 20 "$work/log" && exit 1; fi
    inputs=$((inputs + $(statistic number_of_executed_units)))
    process=$((process + 1))
  done
  echo "fuzz_shim: $inputs inputs by $process processes; $(find "$keep/corpus" -type f | wc -l) inputs in the corpus"
}

# ---------------------------------------------------------------- main

build_fuzzer
set_up_sanitizers
if [ "$minimise" = yes ]; then minimise_corpus && exit; fi
if [ -n "$repeat" ]; then exec "$work/fuzzer" "${limits[@]}" "$repeat"; fi
deno run -A "$root/fuzz/samples.ts" "$work/samples" "$work/seeds"
# The system's libavformat has no limits for these small files (SECURITY.md, Limits).
if [ "$build" = system ]; then rm -f "$work"/seeds/bomb-*; fi
name_by_content "$work/seeds"
fuzz
if [ "$keep" = "$work/keep" ]; then
  report_findings || { keep=$(mktemp -d) && mv "$work/keep/found" "$keep/" && echo "fuzz_shim: the inputs are in $keep/found" && exit 1; }
else
  report_findings
fi
