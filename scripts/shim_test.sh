#!/usr/bin/env bash
#
# Runs the shim's own C programs, tests/shim/contract.c (the sync part, faults, misuse), tests/shim/threads.c (the
# async engine) and tests/shim/memory.c (allocations that fail), against builds of the shim with the system's libavformat,
# or with FFmpeg inside (--embedded):
#
#   plain      every fault at every index; with FFmpeg inside, 250 of the allocations of each run
#   address    AddressSanitizer, LeakSanitizer and UndefinedBehaviorSanitizer; some of the faults
#   thread     ThreadSanitizer: threads.c; some of the endings
#   valgrind   memcheck, which checks libavformat too; few of the faults
#
# Before these it checks the floors of the shim's files: includes go down only.
# Any report is a failure: an invalid access, a use of uninitialised memory, a leak, a race, undefined behaviour.
# Needs valgrind, a compiler with sanitizers, and what scripts/build_shim.sh --system needs. Two run at a time.
#
#   scripts/shim_test.sh [--embedded] [plain|address|thread|valgrind ...]      default: all of them
#   FAULTS=N scripts/shim_test.sh ...                   number of points at which each run is failed or ended; 0: all
#
# --embedded plain uses the library as it is released. The other kinds need an FFmpeg without hardening, which is built once.
# For other platforms scripts/platforms.sh runs the same programs.

set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
read -ra cc <<<"${CC:-cc}"
all_kinds=(valgrind address thread plain) # the slowest first

say() { printf 'shim_test: %s\n' "$*"; }

# floor_of FILE: the floor in its header (/* floor N */), or in the file itself if it has no header.
floor_of() {
  local header=${1%.c}.h
  if [ ! -f "$header" ]; then header=$1; fi
  sed -n '1s|^/\* floor \([0-5]\) \*/$|\1|p' "$header"
}

# The files of the shim are layered in floors: a file includes only headers of its own floor or below.
check_floors() {
  local file floor name other bad=no
  for file in "$root"/shim/*.[ch] "$root"/shim/{headers,input,output,remux}/*.[ch]; do
    if [ "$file" = "$root/shim/avs.h" ]; then continue; fi # it has no floor, and is for all files
    floor=$(floor_of "$file")
    if [ -z "$floor" ]; then say "${file#"$root"/}: no floor" && bad=yes && continue; fi
    for name in $(sed -n 's/^#include "\(.*\)"$/\1/p' "$file"); do
      if [ "$(basename "$name")" = avs.h ]; then continue; fi
      other=$(floor_of "$(dirname "$file")/$name")
      if [ -n "$other" ] && [ "$other" -le "$floor" ]; then continue; fi
      say "${file#"$root"/} (floor $floor) includes $name (floor ${other:-?})" && bad=yes
    done
  done
  [ $bad = no ]
}

# build KIND [FLAG...]: builds the library and the programs in $work/KIND.
build() {
  local folder=$work/$1 program options=("$library" "${build_option:?}")
  if [ "$library $1" = "--embedded plain" ]; then options=(--embedded); fi
  shift
  mkdir "$folder"
  "$root/scripts/build_shim.sh" "${options[@]}" --output "$folder/libavio.so"
  for program in contract threads memory; do
    "${cc[@]}" -std=c11 -D_GNU_SOURCE -Wall -Wextra -pthread -g "$@" -o "$folder/$program" \
      "$root/tests/shim/$program.c" "$folder/libavio.so" -Wl,-rpath,"$folder" -lm
  done
}

# programs KIND FAULTS ENDINGS [COMMAND...]: runs the first two programs through the command; 0: all faults, all endings.
programs() {
  local folder=$work/$1 faults=${FAULTS:-$2} endings=${FAULTS:-$3}
  shift 3
  "$@" "$folder/threads" "$root/fixtures/video.mp4" "$endings"
  "$@" "$folder/contract" "$root/fixtures" "$faults"
}

# allocations KIND FAULTS [COMMAND...]: the same of the third, whose malloc() valgrind would replace.
allocations() {
  local folder=$work/$1 faults=${FAULTS:-$2}
  shift 2
  "$@" "$folder/memory" "$root/fixtures" "$faults"
}

run_plain() {
  local faults=0
  if [ "$library" = --embedded ]; then faults=250; fi
  build_option=--debug build plain -O0
  allocations plain "$faults" env
  programs plain 0 0 env
}

run_address() {
  local undefined=(-fno-sanitize-recover=all -fsanitize=float-cast-overflow)
  build_option=--sanitize=address,undefined CFLAGS="${undefined[*]}" LDFLAGS="${undefined[*]}" \
    build address -O1 -fsanitize=address,undefined "${undefined[@]}"
  local checks=(env ASAN_OPTIONS=detect_leaks=1:detect_stack_use_after_return=1 UBSAN_OPTIONS=print_stacktrace=1)
  # With FFmpeg inside, its own allocations fail, too, and it leaks where it does not expect that.
  local leaks=()
  if [ "$library" = --embedded ]; then leaks=(ASAN_OPTIONS=detect_leaks=0); fi
  allocations address 30 "${checks[@]}" ${leaks[@]+"${leaks[@]}"}
  programs address 30 20 "${checks[@]}"
}

run_thread() {
  build_option=--sanitize=thread build thread -O1 -fsanitize=thread
  TSAN_OPTIONS=halt_on_error=1:second_deadlock_stack=1:history_size=4 \
    "$work/thread/threads" "$root/fixtures/video.mp4" "${FAULTS:-20}"
}

run_valgrind() {
  build_option=--debug build valgrind -O0
  programs valgrind 5 5 valgrind --quiet --leak-check=full --errors-for-leak-kinds=definite,indirect,possible \
    --error-exitcode=1 --num-callers=20 --fair-sched=try
}

# Runs two at a time; prints the output of each when it has finished.
run_kinds() {
  local kind running=()
  for kind in "$@"; do
    if [ ${#running[@]} -ge 2 ]; then
      finish "${running[0]}"
      running=("${running[@]:1}")
    fi
    (set -e; "run_$kind") >"$work/$kind.log" 2>&1 &
    pids[$kind]=$!
    running+=("$kind")
  done
  for kind in "${running[@]}"; do finish "$kind"; done
}

finish() {
  local result=passed
  wait "${pids[$1]}" || result=FAILED failed=yes
  sed "s/^/$1: /" "$work/$1.log"
  say "$1 $result, after $SECONDS s"
}

main() {
  local kinds kind
  library=--system
  if [ "${1:-}" = --embedded ]; then library=$1 && shift; fi
  kinds=("$@")
  if [ $# = 0 ]; then kinds=("${all_kinds[@]}"); fi
  for kind in "${kinds[@]}"; do
    case $kind in
      plain | address | thread | valgrind) ;;
      *) say "unknown kind $kind" >&2 && exit 2 ;;
    esac
  done
  check_floors || exit 1
  work=$(mktemp -d)
  trap 'kill $(jobs -p) 2>/dev/null || true; rm -rf "$work"' EXIT
  failed=no
  declare -gA pids=()
  run_kinds "${kinds[@]}"
  [ $failed = no ]
}

main "$@"
