#!/usr/bin/env bash
# Sets up a machine for avio: Deno, the tools that build the shared library, and the library itself. Installs what is
# missing if it can (root, Debian's packages, npm); otherwise it prints the exact line to run.
# With --fuzz: only what scripts/fuzz_shim.sh needs. With --pack: only what scripts/pack_npm.sh needs.
# With --tests also what the tests use: the ffmpeg command and libavformat's headers (for the system build), valgrind;
# and, outside of the checkout, Chromium with its driver. Without these tests/browser_test.ts is ignored.
set -euo pipefail
cd "$(dirname "$0")/.."

DENO_VERSION=2.9.6
PLAYWRIGHT_VERSION=1.65.1
HLS_VERSION=1.7.4
ESBUILD_VERSION=0.28.2

fail() {
  printf 'setup: %s\n' "$@" >&2
  exit 1
}

has() { command -v "$1" >/dev/null 2>&1; }

install_packages() {
  local missing=()
  for package in "$@"; do
    dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing+=("$package")
  done
  [ ${#missing[@]} -gt 0 ] || return 0
  if [ "$(id -u)" != 0 ]; then
    fail "Missing packages. Run this, then try again:" "  sudo apt-get install -y ${missing[*]}"
  fi
  echo "setup: installing ${missing[*]}" >&2
  # Package lists may be old, or missing on a new machine.
  apt-get update -qq >/dev/null || true
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null ||
    fail "apt-get could not install: ${missing[*]}"
}

install_tools() {
  local tools=(gcc libc6-dev make patch xz-utils tar zlib1g-dev ca-certificates)
  [ "$1" = 0 ] || tools+=(ffmpeg git pkg-config libavformat-dev libavcodec-dev libavutil-dev valgrind binutils)
  if has apt-get; then
    install_packages "${tools[@]}"
  elif ! has cc || ! has make; then
    fail "A C compiler and make are needed, for example:" \
      "  Fedora: sudo dnf install gcc make patch xz zlib-devel zlib-static" \
      "  Alpine: sudo apk add build-base patch bash xz zlib-dev zlib-static" \
      "  macOS:  xcode-select --install"
  fi
}

install_deno() {
  ! has deno || return 0
  has npm || fail "Deno is needed: https://docs.deno.com/runtime/getting_started/installation/"
  echo "setup: installing Deno $DENO_VERSION from npm" >&2
  npm install --global --loglevel error --no-fund --no-audit "deno@$DENO_VERSION" >/dev/null ||
    fail "Deno could not be installed. Run this, then try again:" "  sudo npm install --global deno@$DENO_VERSION"
}

# For tests/browser_test.ts; if it can't be installed, the other tests still run.
install_browser() {
  local folder="${XDG_CACHE_HOME:-$HOME/.cache}/avio/browser" wanted="playwright-core@$PLAYWRIGHT_VERSION hls.js@$HLS_VERSION"
  if ! has chromium && has apt-get; then
    (install_packages chromium) || echo "setup: no chromium: tests/browser_test.ts is ignored" >&2
  fi
  [ "$(cat "$folder/installed" 2>/dev/null)" != "$wanted" ] || return 0
  mkdir -p "$folder"
  # shellcheck disable=SC2086 # two words
  if has npm && (cd "$folder" && npm install --no-save --prefix . --loglevel error --no-fund --no-audit $wanted) >/dev/null; then
    echo "$wanted" >"$folder/installed"
  else
    echo "setup: no playwright-core and hls.js from npm: tests/browser_test.ts is ignored" >&2
  fi
}

# The other runtimes, package managers, and packages to check TypeScript for them, from npm: each in a folder of its own, for the tests.
install_runtimes() {
  local folder=${AVIO_CACHE_DIR:-$HOME/.cache/avio}/runtimes arch=x64 bun=x64
  [ "$(uname -sm)" = "Linux x86_64" ] || [ "$(uname -sm)" = "Linux aarch64" ] || return 0
  [ "$(uname -m)" = x86_64 ] || { arch=arm64 bun=aarch64; }
  has npm || return 0
  install_from_npm "$folder/node24" "node-linux-$arch@24"
  install_from_npm "$folder/node26" "node-linux-$arch@26"
  install_from_npm "$folder/bun" "@oven/bun-linux-$bun@1.4"
  install_from_npm "$folder/types" typescript@5.9 @types/node@24
  install_from_npm "$folder/managers" pnpm@10 yarn@1 @yarnpkg/cli-dist@4
}

# For the npm package. It has no install script to run: its program is a package of its own for each platform.
install_esbuild() {
  local folder=${AVIO_CACHE_DIR:-$HOME/.cache/avio}/esbuild
  install_from_npm "$folder" "esbuild@$ESBUILD_VERSION"
  [ -d "$folder" ] || fail "esbuild is needed. Run this, then try again:" \
    "  npm install --prefix '$folder' --ignore-scripts esbuild@$ESBUILD_VERSION"
}

# install_from_npm FOLDER PACKAGE ...: does nothing if the folder exists.
install_from_npm() {
  local folder=$1
  [ ! -d "$folder" ] || return 0
  shift
  echo "setup: installing $* from npm" >&2
  npm install --prefix "$folder.new" --ignore-scripts --loglevel error --no-fund --no-audit "$@" >/dev/null &&
    mv "$folder.new" "$folder" || echo "setup: $* could not be installed: their tests are left out" >&2
}

tests=0
case "${1:-}" in
--tests) tests=1 ;;
--fuzz) # what scripts/fuzz_shim.sh needs beside what the tests do
  install_packages clang libclang-rt-dev
  exit
  ;;
--pack)
  install_esbuild
  exit
  ;;
esac
install_tools "$tests"
install_deno
[ "$tests" = 0 ] || install_browser
scripts/build_shim.sh --embedded
[ "$tests" = 0 ] || install_runtimes
[ "$tests" = 0 ] || install_esbuild
[ "$tests" = 0 ] || scripts/build_shim.sh --system
