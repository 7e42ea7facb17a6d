#!/usr/bin/env bash
# Runs the tests on Node and Bun: each file in a process of its own, by tests/support/standin/run.ts. The runtimes are
# those that `scripts/setup.sh --tests` has installed; missing ones are left out.
#
#   scripts/runtimes.sh [--only node24|node26|bun] [--jobs N] [--core | tests/x_test.ts ...]      default: all of tests/
#
# The files of all runtimes are one queue, so that no core is idle before the last of them. Node caches compiled modules: tests
# start hundreds of programs, which otherwise spend most of their time compiling the same modules.
#
# --core: a quick run of the files that use every part of the binding and everything that differs between runtimes: calls,
# callbacks, events, ends, garbage collection, files, streams, http.
set -euo pipefail
cd "$(dirname "$0")/.."

folder=${AVIO_RUNTIMES_DIR:-${AVIO_CACHE_DIR:-$HOME/.cache/avio}/runtimes}
wanted='node24 node26 bun' jobs=$(getconf _NPROCESSORS_ONLN)
while [ $# -gt 0 ]; do
  case $1 in
  --only) wanted=$2 && shift 2 ;;
  --jobs) jobs=$2 && shift 2 ;;
  --core)
    shift
    for file in async_context async_end bun_calls bun_files callbacks copies demuxer errors file http injection io_context \
      node_stream packet_memory remux resource_scope round_trip session source states; do
      set -- "$@" "tests/${file}_test.ts"
    done
    break
    ;;
  *) break ;;
  esac
done
[ $# -gt 0 ] || set -- tests/*_test.ts
standin=tests/support/standin
log=$(mktemp -d "${TMPDIR:-/tmp}/avio-runtimes.XXXXXX")
trap 'rm -rf "$log"' EXIT

# run_file RUNTIME PROGRAM FILE: its output, and a failure of the process itself, go to one file of the log.
run_file() {
  local flags=(--no-warnings --expose-gc --import "./$standin/preload.ts")
  [ "$1" != bun ] || flags=(--tsconfig-override="$standin/tsconfig.json" --preload "./$standin/preload.ts")
  local output code=0
  output=$log/$1.$(basename "$3")
  AVIO_RUNTIME=$2 NODE_COMPILE_CACHE=$log/compiled \
    timeout --kill-after=5 900 "$2" "${flags[@]}" "$standin/run.ts" "$3" >"$output" 2>&1 || code=$?
  [ "$code" -le 1 ] || echo "FAILED $(basename "$3"): the process ended with $code" >>"$output"
}
export -f run_file
export log standin

names=() programs=()
for name in $wanted; do
  program=$(find "$folder/$name/node_modules" -type f \( -path '*/bin/node' -o -path '*/bin/bun' \) 2>/dev/null | head -n 1)
  if [ -n "$program" ]; then
    names+=("$name") programs+=("$program")
  else
    echo "runtimes: $name is not installed: not tested" >&2
  fi
done

for file in "$@"; do
  for i in "${!names[@]}"; do printf '%s\0' "${names[$i]}" "${programs[$i]}" "$file"; done
done | xargs -0 -P "$jobs" -n 3 bash -c 'run_file "$@"' _

failed=0
for name in "${names[@]}"; do
  if grep -h -A 12 '^FAILED ' "$log/$name".*; then failed=1; fi
  awk -v name="$name" '
    / passed, .* for Deno only$/ { passed += $2; failed += $4; ignored += $6; deno += $8; files++ }
    /: for Deno only$/ { whole++ }
    END { printf "runtimes: %s: %d passed, %d failed, %d ignored, %d for Deno only, in %d files; %d whole files for Deno only\n",
      name, passed, failed, ignored, deno, files, whole }' "$log/$name".*
done
echo "runtimes: $SECONDS s"
exit "$failed"
