#!/usr/bin/env bash
# The README's second command: sets everything up, then runs all tests, those in the docs too. Which build of the
# library they run on: --embedded (default), --system, or --library=FILE. What follows is passed on to `deno test`.
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
