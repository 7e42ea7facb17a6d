# shellcheck shell=bash
#
# The build's environment: tools and their features, temporary folders, the cache.

install_help() {
  if [ "$build" = system ]; then
    cat <<'EOF'
Debian, Ubuntu:  apt-get install build-essential pkg-config libavformat-dev libavcodec-dev libavutil-dev
Fedora:          dnf install gcc make pkgconf-pkg-config ffmpeg-free-devel
Alpine:          apk add build-base pkgconf ffmpeg-dev
macOS:           xcode-select --install && brew install pkg-config ffmpeg
EOF
  else
    cat <<'EOF'
Debian, Ubuntu:  apt-get install build-essential xz-utils zlib1g-dev
Fedora:          dnf install gcc make patch tar xz diffutils zlib-devel zlib-static
Alpine:          apk add build-base bash patch tar xz zlib-dev zlib-static linux-headers
macOS:           xcode-select --install
EOF
  fi
}

die_missing() {
  local line lines=()
  while IFS= read -r line; do lines+=("$line"); done < <(install_help)
  die "$1" "Install it:" "${lines[@]}"
}

check_tools() {
  local tool
  has "${cc[0]}" || die_missing "no C compiler (${cc[0]})"
  if [ -n "$target" ]; then
    for tool in llvm-nm llvm-objcopy llvm-readobj; do has "$tool" || die "$tool is missing" "Install it:" "apt-get install llvm"; done
  fi
  if [ "$build" = system ]; then
    has pkg-config || die_missing "pkg-config is missing"
    pkg-config --exists libavformat libavcodec libavutil || die_missing "pkg-config finds no libavformat"
  else
    for tool in make patch tar xz; do has "$tool" || die_missing "$tool is missing"; done
  fi
}

has() { command -v "$1" >/dev/null 2>&1; }

sha256() {
  if has sha256sum; then sha256sum "$@"; else shasum -a 256 "$@"; fi | cut -d ' ' -f 1
}

# sed reads to the end: head would close the pipe early, which pipefail treats as a failure.
compiler_version() {
  if [ -n "$target" ]; then echo "zig $zig_version $zig_target" && return; fi
  "${cc[@]}" --version | sed -n 1p && "${cc[@]}" -dumpmachine
  if [ -n "$memory" ]; then echo "$memory"; fi
}

compiles() { # compiles CODE [FLAG...]: can it be linked into a shared library?
  local code=$1
  shift
  printf '%s\n' "$code" >"$work/try.c"
  "${cc[@]}" -fPIC -shared -o "$work/try.so" "$work/try.c" "$@" >/dev/null 2>&1
}

# Runs a command with its output in $log; on failure the log is kept and its last lines are shown.
logged() {
  local what=$1 kept=${cache:-${TMPDIR:-/tmp}}/build_shim.$$.log
  shift
  if "$@" >>"$log" 2>&1 </dev/null; then return; fi
  cp "$log" "$kept"
  tail -n 20 "$log" >&2
  die "$what failed; the whole log is $kept"
}

make_folders() {
  work=$(mktemp -d "${TMPDIR:-/tmp}/avio-build.XXXXXX")
  stage=$work log=$work/log new_output=''
  trap 'rm -rf "$work" "$stage" ${new_output:+"$new_output"}' EXIT
  trap 'exit 130' INT
  trap 'exit 143' TERM
}

cache_folder() { echo "${AVIO_CACHE_DIR:-${XDG_CACHE_HOME:-${HOME:-/dev/null}/.cache}/avio}"; }

# Sets $cache, and $stage: a new FFmpeg build is renamed into the cache, so it is made on the same file system.
make_cache() {
  if [ -n "${cache+set}" ]; then return; fi
  cache=$(cache_folder)
  if mkdir -p "$cache" 2>/dev/null && stage=$(mktemp -d "$cache/build.XXXXXX" 2>/dev/null); then return; fi
  warn "cannot write to $cache: FFmpeg will be built again the next time"
  cache='' stage=$work
}
