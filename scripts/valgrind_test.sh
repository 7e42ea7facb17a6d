#!/usr/bin/env bash
#
# Runs tests/shim/contract.c against a debug build of the shim: once at full speed with a fault at every index, once
# under valgrind with a few of them. Any invalid access, any use of what was never written, any leak is a failure.
# The build is the one with the system's libavformat, whose own code valgrind looks at too.
#
# Needs valgrind and what scripts/build_shim.sh --system needs. About a minute.
#
#   scripts/valgrind_test.sh [FAULTS]      faults per run under valgrind (default 20)

set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
faults=${1:-20}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

"$root/scripts/build_shim.sh" --system --debug --output "$work/libavio.so"
read -ra cc <<<"${CC:-cc}"
"${cc[@]}" -std=c11 -D_GNU_SOURCE -Wall -Wextra -O0 -g -o "$work/contract" "$root/tests/shim/contract.c" \
  "$work/libavio.so" -Wl,-rpath,"$work" -lm

echo "valgrind_test: every fault"
"$work/contract" "$root/fixtures"
echo "valgrind_test: $faults faults per run, under valgrind"
valgrind --quiet --leak-check=full --errors-for-leak-kinds=definite,indirect,possible --error-exitcode=1 \
  --num-callers=20 "$work/contract" "$root/fixtures" "$faults"
