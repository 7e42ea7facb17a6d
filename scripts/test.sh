#!/usr/bin/env bash
# The README's second command: sets everything up, then runs all tests, including those in the docs. The build of the
# library is --embedded (default), --system, or --library=FILE. Further arguments are passed to `deno test`.
set -euo pipefail
cd "$(dirname "$0")/.."
build=embedded library=''
case "${1:-}" in
--embedded | --system) build="${1#--}" && shift ;;
--library=?*) library="${1#*=}" && shift ;;
esac
scripts/setup.sh --tests
name=libavio.so
[ "$(uname)" != Darwin ] || name=libavio.dylib
[ "$build" = embedded ] || name="${name/libavio/libavio-system}"
os="$(uname | tr '[:upper:]' '[:lower:]')"
arch="$(uname -m | sed 's/arm64/aarch64/')"
AVIO_SHIM_PATH="${library:-$PWD/lib/$os-$arch/$name}" exec deno test --allow-all --doc --parallel --quiet --sanitize-ops --sanitize-resources --preload tests/support/preload.ts "$@"
