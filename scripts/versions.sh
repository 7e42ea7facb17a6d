#!/usr/bin/env bash
#
# The matrix of FFmpeg's versions: checks that the shim compiles with the headers of each, builds the library with each,
# runs all tests on it, and prints a table. The first row is the system's libavformat (5.1 on Debian 12), the others
# have their FFmpeg inside. Takes a quarter of an hour on two cores, some minutes less if FFmpeg is in the cache.
#
#   scripts/versions.sh              everything
#   scripts/versions.sh --headers    only the headers: half a minute
#
# Ends with an error if anything failed; the output of what failed is shown.

set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

HEADERS=(5.1.9 7.1.5 9.0.2)
BUILDS=(--system --ffmpeg=7.1.5 --ffmpeg=9.0.2)

failed=no

# passes NAME COMMAND...: runs the command with its output in a log, which is shown if it fails. Unavailable sources are no
# failure (Debian's unstable does not keep old versions).
passes() {
  local code=0
  log=$work/$1.log
  shift
  NO_COLOR=1 "$@" >"$log" 2>&1 || code=$?
  if [ $code = 0 ]; then return; fi
  if [ $code = 3 ]; then
    printf 'versions: not done: %s: %s\n' "$*" "$(sed -n 's/^build_shim: error: //p' "$log")"
    return 1
  fi
  failed=yes
  printf 'versions: %s failed:\n' "$*" >&2
  # Of tests, only what follows the list of those that passed.
  awk '/^ ERRORS/ { errors = 1 } { lines = lines $0 "\n" } errors { part = part $0 "\n" } END { printf "%s", part ? part : lines }' "$log" >&2
  return 1
}

check_headers() {
  local version
  for version in "${HEADERS[@]}"; do
    if passes "headers-$version" scripts/build_shim.sh --headers --ffmpeg="$version"; then
      echo "headers of FFmpeg $version: the shim compiles"
    fi
  done
}

# Describes a library: FFmpeg, libavformat, number of input and output formats.
describe() {
  # shellcheck disable=SC2016 # JavaScript
  AVIO_SHIM_PATH=$1 deno eval --quiet '
    import { inputFormats, outputFormats, versions } from "./mod.ts";
    const { build, ffmpeg, libavformat } = versions();
    const formats = `${inputFormats().length}/${outputFormats().length}`;
    console.log(`${build}\t${ffmpeg.split("-")[0]}\t${libavformat}\t${formats}`);'
}

# One row of the table.
run_build() {
  local option=$1 name=${1#--} library result started=$SECONDS
  name=${name#*=} library=$work/libavio-${name#*=}.so
  passes "build-$name" scripts/build_shim.sh "$option" --output "$library" || return 0
  passes "tests-$name" scripts/test.sh --library="$library" || true
  result=$(sed -n 's/.*| \([0-9]* passed.*\) (.*/\1/p' "$log")
  printf '%s\t%s\t%s\t%s\n' "$(describe "$library")" "$(($(wc -c <"$library") / 1024)) KiB" \
    "${result:-no result}" "$((SECONDS - started)) s" >>"$work/table"
}

print_table() {
  awk -F '\t' -v line='%-9s %-7s %-12s %-8s %-9s %-42s %s\n' '
    BEGIN { printf line, "build", "FFmpeg", "libavformat", "in/out", "size", "tests", "time" }
    { printf line, $1, $2, $3, $4, $5, $6, $7 }' "$work/table"
}

main() {
  local option
  work=$(mktemp -d "${TMPDIR:-/tmp}/avio-versions.XXXXXX")
  trap 'rm -rf "$work"' EXIT
  check_headers
  if [ "${1:-}" != --headers ]; then
    for option in "${BUILDS[@]}"; do run_build "$option"; done
    if [ -f "$work/table" ]; then print_table; fi
  fi
  [ $failed = no ]
}

main "$@"
