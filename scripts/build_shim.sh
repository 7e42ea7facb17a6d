#!/usr/bin/env bash
#
# Builds avio's shared library from the C files of shim/: one file that exports avs_* and nothing else.
#
#   --embedded  FFmpeg's demuxers, muxers, parsers and bitstream filters are linked in statically. FFmpeg is built
#               from its sources first (about two minutes on two cores) and kept in a cache, so later builds take
#               seconds. Sources are taken from FFMPEG_SOURCE, the cache, ffmpeg.org, or Debian's signed archive.
#   --system    linked to the libavformat that pkg-config finds (FFmpeg 5.0 and newer).
#   --headers   makes nothing: only sees whether the shim compiles with the headers of a version of FFmpeg.
#
# Nothing is written outside lib/, the cache folder and a temporary folder. See usage() for options and variables.
#
# It keeps to what bash 3.2 knows, because that is what macOS has.
# shellcheck disable=SC2054,SC2207 # -Wl,a,b is one word; some lists of words are meant to be split

set -euo pipefail
export LC_ALL=C # the order of files, for one thing: the same inputs give the same bytes

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
DEFAULT_FFMPEG_VERSION=7.1.5
# For DASH manifests. Debian's tarball, as its archive has it.
LIBXML2_VERSION=2.15.4+dfsg LIBXML2_SUITE=sid
LIBXML2_HASH=5868d20db42ee21e4881bc53050c7fa226286a277cb3d0543f76b81f7571e934

# Decoders to build in, comma-separated. Nothing is ever decoded for the user; avformat_find_stream_info decodes a
# frame to learn what a container doesn't say: dts of H.264 and HEVC in Matroska, sample rate and channels of AAC in
# MPEG-TS, the size of pictures. They cost 1.7 MB, h264 (0.57), aac (0.42) and hevc (0.35) nearly all of it; what
# vp9 (0.66), opus (0.35), vorbis, ac3 and vp8 would tell is in shim/parameters.c for nothing.
DECODERS='h264,hevc,mpeg1video,mpeg2video,mpeg4,av1,mjpeg,png,aac,aac_latm,mp3float,flac'

usage() {
  cat <<EOF
Usage: scripts/build_shim.sh [options]

  --embedded            FFmpeg inside the library, no dependencies (default)
  --system              link to the machine's libavformat (59 to 63), found by pkg-config
  --headers             only compile the shim, as for --system, with FFmpeg's headers; any warning is an error
  --ffmpeg=VERSION      FFmpeg for --embedded and --headers (default $DEFAULT_FFMPEG_VERSION; known: $(known_versions))
  --output FILE         default: lib/<os>-<arch>/libavio.so, libavio-system.so (.dylib on macOS); with another
                        FFmpeg than the default libavio-9.0.so and the like, for AVIO_SHIM_PATH to choose
  --debug               -O0 -g, not stripped
  --sanitize=LIST       address,undefined or thread; the default output becomes libavio-asan.so, -tsan.so, ...
  --sanitize=fuzzer     address,undefined with what libFuzzer needs, FFmpeg too (libavio-fuzzer.so); wants CC=clang
  --force               build even when nothing has changed
  --help

Environment:
  FFMPEG_SOURCE         an FFmpeg tarball or source folder to use instead of a download
  AVIO_CACHE_DIR        where FFmpeg builds are kept (default \${XDG_CACHE_HOME:-~/.cache}/avio)
  AVIO_SHIM_DIR         the folder of the C files (default shim/)
  CC, CFLAGS, LDFLAGS   compiler and additional flags for the shim
  JOBS                  parallel compilations (default: number of processors)
EOF
}

say() { printf '%s\n' "build_shim: $*"; }
warn() { printf '%s\n' "build_shim: warning: $*" >&2; }
die() {
  printf '%s\n' "build_shim: error: $1" >&2
  shift
  if [ $# -gt 0 ]; then printf '  %s\n' "$@" >&2; fi
  exit "${exit_code:-1}"
}

# ---------------------------------------------------------------- options and platform

parse_options() {
  build=embedded version=$DEFAULT_FFMPEG_VERSION output='' debug=no sanitize='' force=no
  while [ $# -gt 0 ]; do
    case $1 in
      --embedded | --system | --headers) build=${1#--} ;;
      --ffmpeg=?*) version=${1#*=} ;;
      --output)
        [ -n "${2:-}" ] || die "--output needs a file name"
        output=$2 && shift
        ;;
      --output=*) output=${1#*=} ;;
      --debug) debug=yes ;;
      --sanitize=?*) sanitize=${1#*=} ;;
      --force) force=yes ;;
      -h | --help) usage && exit 0 ;;
      *) die "unknown option $1" "Try scripts/build_shim.sh --help" ;;
    esac
    shift
  done
  case $sanitize in
    '' | address | undefined | thread | address,undefined | undefined,address | fuzzer) ;;
    *) die "--sanitize takes address, undefined, address,undefined, thread or fuzzer" ;;
  esac
}

detect_platform() {
  case $(uname -s) in
    Linux) os=linux suffix=so ;;
    Darwin) os=darwin suffix=dylib ;;
    *) die "no build for $(uname -s) yet; Linux and macOS are supported" ;;
  esac
  case $(uname -m) in
    x86_64 | amd64) arch=x86_64 ;;
    aarch64 | arm64) arch=aarch64 ;;
    *) arch=$(uname -m) ;;
  esac
  jobs=${JOBS:-$(getconf _NPROCESSORS_ONLN 2>/dev/null || echo 2)}
  read -ra cc <<<"${CC:-cc}" # CC may hold a launcher too: "ccache gcc"
}

default_output() {
  local name=libavio
  if [ "$build" = system ]; then name=$name-system; fi
  if [ "$build" = embedded ] && [ "$version" != $DEFAULT_FFMPEG_VERSION ]; then name=$name-${version%.*}; fi
  case $sanitize in
    '') ;;
    *address*) name=$name-asan ;;
    fuzzer) name=$name-fuzzer ;;
    thread) name=$name-tsan ;;
    *) name=$name-ubsan ;;
  esac
  echo "$ROOT/lib/$os-$arch/$name.$suffix"
}

# ---------------------------------------------------------------- tools

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
Fedora:          dnf install gcc make tar xz diffutils zlib-devel zlib-static
Alpine:          apk add build-base bash tar xz zlib-dev zlib-static linux-headers
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
  if [ "$build" = system ]; then
    has pkg-config || die_missing "pkg-config is missing"
    pkg-config --exists libavformat libavcodec libavutil || die_missing "pkg-config finds no libavformat"
  else
    for tool in make tar xz; do has "$tool" || die_missing "$tool is missing"; done
  fi
}

has() { command -v "$1" >/dev/null 2>&1; }

sha256() {
  if has sha256sum; then sha256sum "$@"; else shasum -a 256 "$@"; fi | cut -d ' ' -f 1
}

# sed reads to the end: head would break the pipe, which pipefail takes for a failure.
compiler_version() { "${cc[@]}" --version | sed -n 1p && "${cc[@]}" -dumpmachine; }

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

# ---------------------------------------------------------------- folders

make_folders() {
  work=$(mktemp -d "${TMPDIR:-/tmp}/avio-build.XXXXXX")
  stage=$work log=$work/log new_output=''
  trap 'rm -rf "$work" "$stage" ${new_output:+"$new_output"}' EXIT
  trap 'exit 130' INT
  trap 'exit 143' TERM
}

# Sets $cache, and $stage: a new FFmpeg build is renamed into the cache, so it is made on the same file system.
make_cache() {
  if [ -n "${cache+set}" ]; then return; fi
  cache=${AVIO_CACHE_DIR:-${XDG_CACHE_HOME:-${HOME:-/dev/null}/.cache}/avio}
  if mkdir -p "$cache" 2>/dev/null && stage=$(mktemp -d "$cache/build.XXXXXX" 2>/dev/null); then return; fi
  warn "cannot write to $cache: FFmpeg will be built again the next time"
  cache='' stage=$work
}

# ---------------------------------------------------------------- FFmpeg: sources

# The versions that are pinned: the SHA-256 of the tarball, and the Debian suite that carries it. The tarball of Debian's
# source package is upstream's own, byte for byte. All are configured alike.
KNOWN_VERSIONS='
5.1.9  bookworm  d9b593bb2ba93d4b50f74177e0cdcd41747e708596367deed0c30348a71dd176
7.1.5  trixie    de668509caf9e35e3cd162473441fdb29538c6d96ed080292b3cf9e6fc5d558f
8.1.2  sid       464beb5e7bf0c311e68b45ae2f04e9cc2af88851abb4082231742a74d97b524c
9.0.2  sid       8c3850283eb25fa026482078a04051e0be17347b09ef81a0849bec15a96e002e'

known_versions() { awk 'NF { printf "%s%s", separator, $1; separator = ", " }' <<<"$KNOWN_VERSIONS"; }

# Sets $suite and $pinned_hash, which is empty for a version that is not in the table.
look_up_version() {
  read -r suite pinned_hash < <(awk -v version="$version" '$1 == version { print $2, $3 }' <<<"$KNOWN_VERSIONS") && return
  pinned_hash=''
  case $version in
    5.*) suite=bookworm ;;
    6.* | 7.*) suite=trixie ;;
    *) suite=sid ;;
  esac
}

choose_version() {
  local source=${FFMPEG_SOURCE:-}
  source_id=$version
  if [ -n "$source" ] && [ -d "$source" ]; then
    [ -f "$source/RELEASE" ] || die "FFMPEG_SOURCE=$source is no FFmpeg source folder"
    version=$(cat "$source/RELEASE")
    # shellcheck disable=SC2012
    source_id=$(cd "$source" && ls -lR . | sha256) # names, sizes, times: an edited file is another source
  elif [ -n "$source" ]; then
    [ -f "$source" ] || die "FFMPEG_SOURCE=$source does not exist"
    source_id=$(sha256 "$source")
  fi
  look_up_version
}

check_tarball() { # check_tarball FILE: right by its pinned hash, or not pinned
  [ -z "$pinned_hash" ] || [ "$(sha256 "$1")" = "$pinned_hash" ]
}

# Sets $source_folder.
get_source() {
  local name=ffmpeg-$version.tar.xz tarball
  if [ -n "${FFMPEG_SOURCE:-}" ]; then
    if [ -d "$FFMPEG_SOURCE" ]; then
      source_folder=$(cd "$FFMPEG_SOURCE" && pwd)
      return
    fi
    check_tarball "$FFMPEG_SOURCE" ||
      die "$FFMPEG_SOURCE is not FFmpeg $version: its SHA-256 is not $pinned_hash" "--ffmpeg says which version it is."
    tarball=$FFMPEG_SOURCE
  elif [ -n "$cache" ] && [ -f "$cache/$name" ] && check_tarball "$cache/$name"; then
    tarball=$cache/$name
  else
    tarball=$stage/$name
    download "$tarball"
    if [ -n "$cache" ]; then mv "$tarball" "$cache/$name" && tarball=$cache/$name; fi
  fi
  mkdir "$stage/source"
  logged "unpacking $tarball" tar -xf "$tarball" -C "$stage/source" --strip-components 1
  source_folder=$stage/source
  mend_source
}

# dash divides by what a manifest says. Its timescale is 1 where it says none, or nothing that can be; a segment may be
# shorter than a second (FFmpeg before 9.0). Sources that the user gives are taken as they are.
mend_source() {
  local file=$source_folder/libavformat/dashdec.c
  sed -e 's/if (rep->fragment_duration > 0 && !rep->fragment_timescale)/if (!rep->fragment_timescale)/' \
    -e 's/num = *c->period_duration \/ length_of_each_segment;/if (length_of_each_segment > 0) &/' "$file" >"$file.new"
  if [ "$(cmp -l "$file" "$file.new" | wc -l)" = 0 ]; then die "dashdec.c of FFmpeg $version is not the one that is known"; fi
  mv "$file.new" "$file"
}

download() {
  # An unpinned version has nothing but apt's signature to vouch for it, so it comes from Debian only.
  if [ -n "$pinned_hash" ] && fetch "https://ffmpeg.org/releases/ffmpeg-$version.tar.xz" "$1"; then
    check_tarball "$1" && return
    warn "ffmpeg.org's tarball does not have the pinned SHA-256, not used"
  fi
  if fetch_from_debian ffmpeg "$version" "$suite" "$1"; then
    check_tarball "$1" || die "Debian's tarball of FFmpeg $version does not have the SHA-256 $pinned_hash"
    return
  fi
  exit_code=3 # for versions.sh
  die "cannot get the sources of FFmpeg $version: neither from ffmpeg.org nor from Debian's archive" \
    "Download ffmpeg-$version.tar.xz by hand and set FFMPEG_SOURCE to its path," \
    "or use the machine's FFmpeg: scripts/build_shim.sh --system"
}

fetch() {
  say "fetching $1"
  if has curl; then
    curl -fsL --connect-timeout 10 --max-time 600 -o "$2" "$1"
  elif has wget; then
    wget -q -T 10 -t 1 -O "$2" "$1"
  else
    return 1
  fi
}

# The archive this machine already installs from: the first enabled entry for a Debian release's main component.
# (apt-get indextargets would say it too, but only after an apt-get update.)
debian_mirror() {
  local etc=/etc/apt
  cat "$etc"/sources.list "$etc"/sources.list.d/*.list 2>/dev/null | awk '
    $1 == "deb" || $1 == "deb-src" {
      sub(/\[[^]]*\]/, "")
      print $2, $3, $0
    }'
  for file in "$etc"/sources.list.d/*.sources; do
    [ -f "$file" ] || continue
    awk '
      function entry() { if (uri != "" && enabled != "no") print uri, suite, components; uri = enabled = "" }
      tolower($1) == "uris:" { uri = $2 }
      tolower($1) == "suites:" { suite = $2 }
      tolower($1) == "components:" { components = $0 }
      tolower($1) == "enabled:" { enabled = tolower($2) }
      /^[ \t]*$/ { entry() }
      END { entry() }' "$file"
  done
}

# fetch_from_debian PACKAGE VERSION SUITE FILE: the upstream tarball of a source package
fetch_from_debian() {
  local package=$1 version=$2 suite=$3 keyring mirror exact
  has apt-get && has apt-cache || return 1
  for keyring in /usr/share/keyrings/debian-archive-keyring.{pgp,gpg}; do
    if [ -f "$keyring" ]; then break; fi
  done
  mirror=$(debian_mirror | awk '
    $2 ~ /^(oldstable|stable|testing|unstable|sid|bookworm|trixie|forky|duke)$/ && / main( |$)/ && !found { print $1; found = 1 }')
  [ -f "$keyring" ] && [ -n "$mirror" ] || return 1
  say "fetching $package $version from Debian's $suite"

  # A package index of our own: the machine's is neither used nor changed.
  local apt=$work/apt
  mkdir -p "$apt/lists/partial" "$apt/cache/archives/partial"
  echo "deb-src [signed-by=$keyring] $mirror $suite main" >"$apt/sources.list"
  local options=(-qq -o Dir::Etc::sourcelist="$apt/sources.list" -o Dir::Etc::sourceparts=-
    -o Dir::State::Lists="$apt/lists" -o Dir::Cache="$apt/cache" -o APT::Sandbox::User=root)
  if ! apt-get "${options[@]}" update >"$apt/log" 2>&1; then
    warn "apt-get update: $(tail -n 2 "$apt/log")"
    return 1
  fi
  exact=$(apt-cache "${options[@]}" showsrc "$package" | awk -v v="$version" '
    $1 == "Version:" { u = $2; sub(/^[0-9]+:/, "", u); sub(/-[^-]*$/, "", u); if (u == v) exact = $2 }
    END { print exact }')
  if [ -z "$exact" ]; then
    warn "Debian's $suite has no $package $version"
    return 1
  fi
  if ! (cd "$apt" && apt-get "${options[@]}" source --download-only --tar-only "$package=$exact") >"$apt/log" 2>&1; then
    warn "apt-get source: $(tail -n 2 "$apt/log")"
    return 1
  fi
  mv "$apt/${package}_$version.orig.tar.xz" "$4"
}

# ---------------------------------------------------------------- libxml2

# Sets $libxml2, the folder of its headers and its static library; empty where it can't be had: then FFmpeg is built
# without the demuxers that need it.
get_libxml2() {
  local key tarball
  libxml2='' key=$(echo "$LIBXML2_HASH $sanitize $(compiler_version)" | sha256 | cut -c 1-16)
  make_cache
  local folder=${cache:-$stage}/libxml2-$LIBXML2_VERSION-$key
  if [ ! -f "$folder/lib/libxml2.a" ]; then
    tarball=${cache:-$stage}/libxml2-$LIBXML2_VERSION.tar.xz
    if ! { has_libxml2_tarball "$tarball" || download_libxml2 "$tarball"; } || ! build_libxml2 "$tarball" "$folder"; then
      warn "no libxml2: DASH manifests can't be read"
      return
    fi
  fi
  libxml2=$folder
}

has_libxml2_tarball() { [ -f "$1" ] && [ "$(sha256 "$1")" = "$LIBXML2_HASH" ]; }

download_libxml2() {
  fetch_from_debian libxml2 "$LIBXML2_VERSION" "$LIBXML2_SUITE" "$stage/libxml2.tar.xz" || return 1
  has_libxml2_tarball "$stage/libxml2.tar.xz" && mv "$stage/libxml2.tar.xz" "$1"
}

# The parser and the tree, nothing else; in a folder that is moved into its place when it is whole.
build_libxml2() {
  local source=$stage/libxml2-source tree=$stage/libxml2-tree
  local options=(--disable-shared --enable-static --with-pic --with-minimum --with-threads --with-output
    --without-iconv --disable-dependency-tracking --prefix=/libxml2)
  mkdir -p "$source" "$tree/lib" "$tree/include"
  tar -xf "$1" -C "$source" --strip-components 1 || return 1
  (cd "$source" && CC="${cc[*]}" CFLAGS="-O2 -ffunction-sections -fdata-sections" ./configure --quiet "${options[@]}" &&
    make -j "$jobs" libxml2.la) >>"$log" 2>&1 || return 1
  cp "$source/.libs/libxml2.a" "$tree/lib/" && cp -r "$source/include/libxml" "$tree/include/" && cp "$source/Copyright" "$tree/"
  rm -rf "$source"
  [ -d "$2" ] || mv "$tree" "$2"
}

# FFmpeg's configure asks pkg-config for it, which may not be there and doesn't know ours.
fake_pkg_config() {
  mkdir -p "$work/bin"
  cat >"$work/bin/pkg-config" <<EOF
#!/bin/sh
case "\$*" in
  --version) echo 1.0 ;;
  *--cflags*libxml-2.0*) echo "-I$libxml2/include" ;;
  *--libs*libxml-2.0*) echo "-L$libxml2/lib -lxml2 -lm -lpthread" ;;
  *--modversion*libxml-2.0*) echo "${LIBXML2_VERSION%+*}" ;;
  *libxml-2.0*) ;;
  *) exit 1 ;;
esac
EOF
  chmod 755 "$work/bin/pkg-config"
}

# ---------------------------------------------------------------- FFmpeg: build

# Everything that reads or writes a container, nothing that opens a file or a socket, decodes or encodes.
# Autodetection is off so that the machine's libraries can't change the result.
choose_configuration() {
  configuration=(
    --disable-autodetect --disable-programs --disable-doc --disable-debug
    --disable-network --disable-protocols
    --disable-muxer=fifo,hds,smoothstreaming,tee # they make folders, threads and files by themselves
    --disable-avdevice --disable-avfilter --disable-swscale --disable-swresample
    --disable-encoders --disable-decoders --disable-hwaccels
    --disable-x86asm # without decoders it makes nothing faster, so nasm isn't needed
    --enable-static --disable-shared --enable-pic --optflags=-O2
  )
  # A fuzzer is guided by the branches of FFmpeg too. Not -fsanitize=undefined: FFmpeg has a good deal of that, and
  # it is not ours to mend.
  if [ "$sanitize" = fuzzer ]; then
    configuration+=(--optflags=-O1 --extra-cflags=-gline-tables-only --extra-cflags=-fno-omit-frame-pointer
      --extra-cflags=-fsanitize=fuzzer-no-link,address --extra-ldflags=-fsanitize=fuzzer-no-link,address)
  fi
  # With a section for every function the linker can drop more: 0.4 MB of 4.2.
  if [ "$os" = linux ]; then configuration+=(--extra-cflags=-ffunction-sections --extra-cflags=-fdata-sections); fi
  get_libxml2
  if [ -n "$libxml2" ]; then configuration+=(--enable-libxml2); fi
  if [ -n "$DECODERS" ]; then configuration+=(--enable-decoder="$DECODERS"); fi
  case ,$DECODERS, in *,opus,*) configuration+=(--enable-swresample) ;; esac
  libz=''
  if compiles '#include <zlib.h>
    const char *try(void) { return zlibVersion(); }' -lz; then
    configuration+=(--enable-zlib)
    libz=$(static_libz)
  else
    warn "zlib.h is missing: no compressed headers in mov and mkv (apt-get install zlib1g-dev)"
    configuration+=(--disable-zlib)
  fi
}

# libz.a where it can be linked into a shared library, else -lz. Debian's is built with -fPIE: good enough,
# but only with -Bsymbolic.
static_libz() {
  local archive
  archive=$("${cc[@]}" -print-file-name=libz.a)
  if [ "$os" = linux ] && [ -f "$archive" ] && compiles '#include <zlib.h>
    int try(z_stream *s) { return inflate(s, 0) + deflate(s, 0); }' "$archive" -Wl,--exclude-libs,ALL -Wl,-Bsymbolic -Wl,-z,text; then
    echo "$archive"
  else
    echo -lz
  fi
}

# Sets $ffmpeg, the folder of the headers and static libraries.
get_ffmpeg() {
  local key
  make_cache
  key=$(echo "$source_id ${configuration[*]} ${libxml2:+$LIBXML2_HASH} $(compiler_version) $(sha256 "$protocols") $(declare -f build_ffmpeg mend_source)" |
    sha256 | cut -c 1-16)
  ffmpeg=${cache:-$stage}/ffmpeg-$version-$key
  if [ -f "$ffmpeg/lib/libavformat.a" ]; then return; fi
  get_source
  say "building FFmpeg $version ..."
  build_ffmpeg "$stage/result"
  if [ ! -d "$ffmpeg" ]; then mv "$stage/result" "$ffmpeg"; fi
  # Another build finished in the same instant: then mv put ours inside its folder.
  rm -rf "$ffmpeg/result" "$stage/source"
}

build_ffmpeg() {
  local objects=$stage/objects tree=$stage/tree
  mkdir "$objects" "$tree"
  # The path of the sources ends up in the binary (in assertions), and so does --prefix (avformat_configuration): they
  # aren't paths of this machine. A folder that is called src is what configure does not make an absolute path of.
  ln -s "$source_folder" "$objects/src"
  if [ -n "$libxml2" ]; then fake_pkg_config; fi
  (cd "$objects" && PATH=$work/bin:$PATH logged "configuring FFmpeg" src/configure --cc="${cc[*]}" --prefix=/ffmpeg "${configuration[@]}")
  cp "$protocols" "$objects/libavformat/protocol_list.c"
  (cd "$objects" && logged "compiling FFmpeg" make -j "$jobs")
  (cd "$objects" && logged "installing FFmpeg" make DESTDIR="$tree" install-libs install-headers)
  cp "$source_folder"/LICENSE.md "$source_folder"/COPYING.LGPLv2.1 "$tree/ffmpeg/"
  if [ -n "$libxml2" ]; then cp "$libxml2/lib/libxml2.a" "$tree/ffmpeg/lib/"; fi # with what it needs
  echo "${configuration[*]}" >"$tree/ffmpeg/configuration"
  rm -rf "$objects"
  mv "$tree/ffmpeg" "$1"
}

# ---------------------------------------------------------------- FFmpeg: headers

# What FFmpeg's configure would add to the headers of its sources.
generate_headers() {
  mkdir -p "$work/include/libavutil"
  printf '#define AV_HAVE_BIGENDIAN 0\n#define AV_HAVE_FAST_UNALIGNED 1\n' >"$work/include/libavutil/avconfig.h"
}

check_headers() {
  make_cache
  get_source
  generate_headers
  compile_flags+=(-Werror -isystem "$work/include" -isystem "$source_folder")
  compile_shim
  say "the shim compiles with the headers of FFmpeg $version"
}

# ---------------------------------------------------------------- shim

# Sets $compile_flags and $link_flags, $inputs (what the result depends on beside the shim's files).
choose_flags() {
  compile_flags=(-std=c11 -fPIC -fvisibility=hidden -Wall -Wextra -pthread -ffunction-sections -fdata-sections)
  link_flags=(-pthread)
  if [ "$os" = linux ]; then compile_flags+=(-D_GNU_SOURCE); fi
  if [ "$debug" = yes ]; then
    compile_flags+=(-O0 -g)
  elif [ -n "$sanitize" ]; then
    compile_flags+=(-O1 -g)
  else
    compile_flags+=(-O2)
    if [ "$os" = linux ]; then link_flags+=(-Wl,-s); fi
  fi
  if [ -n "$sanitize" ]; then
    local list=$sanitize
    if [ "$list" = fuzzer ]; then list=fuzzer-no-link,address,undefined,float-cast-overflow; fi
    compile_flags+=(-fsanitize="$list" -fno-omit-frame-pointer)
    link_flags+=(-fsanitize="$list")
  fi
  "choose_flags_$os"
  "choose_flags_$build"
  # shellcheck disable=SC2206 # these are lists of words
  compile_flags+=(${CFLAGS:-})
  # shellcheck disable=SC2206
  link_flags+=(${LDFLAGS:-})
}

choose_flags_linux() {
  # nodelete: threads and thread-local destructors of the library may outlive a dlclose.
  # text: no relocations in code, they would be unshared memory and forbidden under SELinux.
  link_flags+=(-shared -Wl,-soname,"libavio.so" -Wl,--version-script,"$work/exports" -Wl,--exclude-libs,ALL
    -Wl,--as-needed -Wl,-Bsymbolic -Wl,-z,nodelete -Wl,-z,text -Wl,--gc-sections)
  # Clang leaves a sanitizer's symbols to the program that loads the library.
  if [ -z "$sanitize" ]; then link_flags+=(-Wl,-z,defs); fi
  echo '{ global: avs_*; local: *; };' >"$work/exports"
}

choose_flags_darwin() {
  link_flags+=(-dynamiclib -install_name @rpath/libavio.dylib -Wl,-exported_symbol,'_avs_*' -Wl,-dead_strip)
}

choose_flags_embedded() {
  choose_version
  choose_configuration
  description=${configuration[*]} title="FFmpeg $version"
  compile_flags+=(-DAVS_BUILD='"embedded"' -DAVS_CONFIGURATION="\"$description\"")
  if [ "$os" = linux ]; then seal; fi
  inputs="FFmpeg $version $source_id $libz ${libxml2:+libxml2 $LIBXML2_HASH}"
}

choose_flags_headers() {
  choose_version
  compile_flags+=(-DAVS_BUILD='"system"')
}

# What is left in FFmpeg that could touch files gets shim/sealed.c instead; then the rest of it is dropped.
seal() {
  local name
  compile_flags+=(-DAVIO_SEALED)
  for name in abort __assert_fail fopen{,64} glob{,64} globfree{,64} mkdir open{,64} rename rmdir {,__x}stat{,64} unlink av_random_bytes av_get_random_seed; do
    link_flags+=(-Wl,--wrap="$name")
  done
}

choose_flags_system() {
  local modules=(libavformat libavcodec libavutil) found
  found=$(pkg-config --modversion libavformat)
  if [ "${found%%.*}" -lt 59 ] || [ "${found%%.*}" -gt 63 ]; then
    die "libavformat $found is installed; 59 to 63 (FFmpeg 5.0 to 9) are supported" \
      "The embedded build brings its own: scripts/build_shim.sh --embedded"
  fi
  description="system libavformat $found" title=$description
  compile_flags+=(-DAVS_BUILD='"system"')
  compile_flags+=($(pkg-config --cflags "${modules[@]}"))
  libraries=($(pkg-config --libs "${modules[@]}"))
  inputs="FFmpeg $(pkg-config --modversion "${modules[@]}" | tr '\n' ' ')"
}

link_embedded_libraries() {
  local name word extra
  compile_flags+=(-I"$ffmpeg/include")
  libraries=()
  for name in avformat avcodec swresample avutil; do
    if [ -f "$ffmpeg/lib/lib$name.a" ]; then libraries+=("$ffmpeg/lib/lib$name.a"); fi
  done
  # What these need themselves (-lm, -lz, -latomic, on macOS frameworks) is in the .pc files, under Libs.
  extra=$(sed -n 's/^Libs[.a-z]*: *//p' "$ffmpeg"/lib/pkgconfig/lib{avformat,avcodec,avutil}.pc)
  for word in $extra; do
    case $word in
      -L* | -lav* | -lsw*) ;;
      -lxml2) libraries+=("$ffmpeg/lib/libxml2.a") ;;
      -lz) libraries+=("$libz") ;;
      *) libraries+=("$word") ;;
    esac
  done
}

compile_shim() {
  local file object failed=no pids=() pid
  for file in "${sources[@]}"; do
    object=${file#"$shim"/} object=${object#"$work"/} object=$work/$(echo "${object%.c}" | tr / -).o
    "${cc[@]}" "${compile_flags[@]}" -c -o "$object" "$file" 2>"$object.log" &
    pids+=($!)
    if [ ${#pids[@]} -ge "$jobs" ]; then
      wait "${pids[0]}" || failed=yes
      pids=("${pids[@]:1}")
    fi
  done
  for pid in ${pids[@]+"${pids[@]}"}; do wait "$pid" || failed=yes; done
  cat "$work"/*.o.log >&2
  [ $failed = no ] || die "the shim does not compile"
}

link_shim() {
  mkdir -p "$(dirname "$output")"
  new_output=$(mktemp "$output.XXXXXX")
  if ! "${cc[@]}" "${link_flags[@]}" -o "$new_output" "$work"/*.o "${libraries[@]}" -lm 2>"$work/link.log"; then
    tail -n 20 "$work/link.log" >&2
    die "the shim does not link"
  fi
  if [ "$os" = darwin ] && [ "$debug$sanitize" = no ]; then strip -x "$new_output"; fi
  chmod 755 "$new_output"
}

check_result() {
  local foreign needed
  if [ "$os" = darwin ]; then
    foreign=$(nm -gU "$new_output" | awk '$NF !~ /^_avs_/ { print $NF }')
  else
    foreign=$(nm -D --defined-only "$new_output" | awk '$NF !~ /^avs_/ { print $NF }')
  fi
  [ -z "$foreign" ] || die "the library exports more than avs_*:" "$(echo "$foreign" | sed -n 1,10p)"
  [ "$os" = linux ] && has readelf || return 0
  if readelf -d "$new_output" | grep -q TEXTREL; then die "the library has text relocations"; fi
  [ "$build" = embedded ] || return 0
  needed=$(readelf -d "$new_output" | sed -n 's/.*(NEEDED).*\[\(.*\)\].*/\1/p' |
    grep -Ev '^(libc|libm|libpthread|ld-linux[^/]*|libc\.musl-[a-z0-9_]*|lib(a|t|ub)san)\.so' || true)
  check_imports
  case $needed in
    '') ;;
    libz.so*) warn "no usable libz.a: the library needs $needed on the machine it runs on" ;;
    *) die "the embedded library needs other libraries:" "$needed" ;;
  esac
}

# Nothing that opens, makes, renames, deletes or looks for files, no sockets, no programs.
check_imports() {
  local names='f?open|freopen|openat|creat|mkstemp|mkdir|mkdirat|rename|renameat|unlink|unlinkat|remove|rmdir|l?stat|fstatat|statx'
  names="$names|access|glob|opendir|readlink|symlink|link|socket|connect|bind|listen|accept|sendto|getaddrinfo|gethostbyname"
  names="$names|system|popen|exec[a-z]*|posix_spawnp?|v?fork|dlopen"
  names=$(nm -D --undefined-only "$new_output" | awk '{ sub(/@.*/, "", $NF); print $NF }' | grep -Ex "(__x)?($names)(64)?" || true)
  if [ -n "$names" ] && [ -z "$sanitize" ]; then die "the embedded library could touch files or the network:" "$names"; fi
}

# ---------------------------------------------------------------- main

# A hash over all that goes into the library, and one over the library itself: whoever replaces it, replaces both.
# The LGPL wants its text to go with the library: it goes inside, for avs_license_text().
libxml2_license() {
  [ -z "$libxml2" ] || { printf '\n\nlibxml2, which reads DASH manifests:\n\n' && cat "$libxml2/Copyright"; }
}

add_license() {
  {
    echo 'extern const char avs_license[];'
    echo 'const char avs_license[] = {'
    { cat "$ffmpeg/COPYING.LGPLv2.1" && libxml2_license; } | od -An -v -tu1 | sed 's/[0-9][0-9]*/&,/g'
    echo '0};'
  } >"$work/license.c"
  sources+=("$work/license.c")
  compile_flags+=(-DAVS_HAS_LICENSE)
}

inputs_hash() {
  {
    echo "$inputs ${compile_flags[*]} ${link_flags[*]} $(compiler_version)" | sed "s|$work||g"
    cat "${BASH_SOURCE[0]}" "$shim"/*.[ch] "$shim"/{input,output,remux}/*.[ch] "$protocols"
  } | sha256
}

up_to_date() {
  [ $force = no ] && [ -f "$output" ] && [ -f "$output.stamp" ] &&
    [ "$(cat "$output.stamp")" = "$hash $(sha256 "$output")" ]
}

main() {
  parse_options "$@"
  detect_platform
  output=${output:-$(default_output)}
  shim=${AVIO_SHIM_DIR:-$ROOT/shim}
  sources=("$shim"/*.c "$shim"/{input,output,remux}/*.c)
  protocols=$shim/ffmpeg/protocol_list.c
  [ -f "${sources[0]}" ] || die "no C files in $shim"
  check_tools
  make_folders
  choose_flags
  if [ "$build" = headers ]; then
    check_headers
    return
  fi
  hash=$(inputs_hash)
  if up_to_date; then
    say "$output is up to date"
    return
  fi
  if [ "$build" = embedded ]; then
    get_ffmpeg
    link_embedded_libraries
    add_license
  fi
  compile_shim
  link_shim
  check_result
  # Renamed into place: writing over a library that a process has loaded crashes that process.
  mv -f "$new_output" "$output"
  echo "$hash $(sha256 "$output")" >"$output.stamp"
  say "$output ($(($(wc -c <"$output") / 1024)) KiB, $title)"
}

main "$@"
