#!/usr/bin/env bash
#
# Builds avio's shared library from the C files of shim/: one file that exports only avs_*, and the entry point of Node-API.
#
#   --embedded  FFmpeg's demuxers, muxers, parsers and bitstream filters are linked in statically. FFmpeg is built
#               from its sources first (about two minutes on two cores) and kept in a cache, so later builds take
#               seconds. Sources are taken from FFMPEG_SOURCE, the cache, ffmpeg.org, or Debian's signed archive.
#   --system    linked to the libavformat that pkg-config finds (FFmpeg 5.0 and newer).
#   --headers   builds nothing: only checks that the shim compiles with the headers of a version of FFmpeg.
#
# Nothing is written outside lib/, the cache folder and a temporary folder. See usage() for options and variables.
#
# It uses only features of bash 3.2, which is the version of macOS.
# shellcheck disable=SC2054,SC2207 # -Wl,a,b is one word; some lists of words are meant to be split

set -euo pipefail
export LC_ALL=C # for example the order of files: the same inputs give the same bytes

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
DEFAULT_FFMPEG_VERSION=9.0.2 FALLBACK_FFMPEG_VERSION=7.1.5

# Decoders to build in, comma-separated. Nothing is ever decoded for the user; avformat_find_stream_info decodes a
# frame to find what a container doesn't have: dts of H.264 and HEVC in Matroska, sample rate and channels of AAC in
# MPEG-TS, the size of pictures. They take 1.7 MB, nearly all of it h264 (0.57), aac (0.42) and hevc (0.35); the fields
# that vp9 (0.66), opus (0.35), vorbis, ac3 and vp8 would find are read by shim/headers/.
DECODERS='h264,hevc,mpeg1video,mpeg2video,mpeg4,av1,mjpeg,png,aac,aac_latm,mp3float,flac'

usage() {
  cat <<EOF
Usage: scripts/build_shim.sh [options]

  --embedded            FFmpeg inside the library, no dependencies (default)
  --system              link to the machine's libavformat (59 to 63), found by pkg-config
  --headers             only compile the shim, as for --system, with FFmpeg's headers; any warning is an error
  --target=TRIPLE       for another platform, by zig cc: $(known_targets)
  --ffmpeg=VERSION      FFmpeg for --embedded and --headers (default $DEFAULT_FFMPEG_VERSION; known: $(known_versions))
  --formats=LIST        a lean library: these demuxers and muxers alone, by the names of FFmpeg's configure (mov,mp4,matroska,...);
                        --formats=upload: what people upload (libavio-lean.so)
  --output FILE         default: lib/<os>-<arch>/libavio.so, libavio-system.so (.dylib on macOS); with another
                        FFmpeg than the default libavio-9.0.so and the like, for AVIO_SHIM_PATH to choose
  --debug               -O0 -g, not stripped
  --sanitize=LIST       address,undefined or thread; the default output becomes libavio-asan.so, -tsan.so, ...
  --sanitize=fuzzer     address,undefined with what libFuzzer needs, FFmpeg too (libavio-fuzzer.so); wants CC=clang
  --sanitize=memory     MemorySanitizer with what libFuzzer needs, FFmpeg, libxml2 and zlib too (libavio-msan.so); the same
  --sanitize=unfilled   the same, and what only avio sets to zero counts as not written (libavio-unfilled.so)
  --force               build even when nothing has changed
  --no-fallback         an error where FFmpeg $DEFAULT_FFMPEG_VERSION can't be had, instead of $FALLBACK_FFMPEG_VERSION with a warning
  --help

Environment:
  FFMPEG_SOURCE         an FFmpeg tarball or source folder to use instead of a download
  AVIO_SOURCES_DIR      a folder of tarballs that are looked for there first (ffmpeg-$DEFAULT_FFMPEG_VERSION.tar.xz, ...)
  AVIO_CACHE_DIR        where FFmpeg builds are kept (default \${XDG_CACHE_HOME:-~/.cache}/avio)
  AVIO_SHIM_DIR         the folder of the C files (default shim/)
  ZIG                   the zig of --target (default: that of PATH, or of Python's package)
  CC, CFLAGS, LDFLAGS   compiler and additional flags for the shim
  JOBS                  parallel compilations (default: number of processors)
EOF
}

say() { printf '%s\n' "build_shim: $*"; }
warn() {
  printf '%s\n' "build_shim: warning: $1" >&2
  shift
  if [ $# -gt 0 ]; then printf '  %s\n' "$@" >&2; fi
}
die() {
  printf '%s\n' "build_shim: error: $1" >&2
  shift
  if [ $# -gt 0 ]; then printf '  %s\n' "$@" >&2; fi
  exit "${exit_code:-1}"
}

# shellcheck source=/dev/null # each has its header
for part in "$ROOT"/scripts/build/*.sh; do . "$part"; done

# ---------------------------------------------------------------- options

parse_options() {
  build=embedded target='' version='' formats='' output='' debug=no sanitize='' memory='' force=no fallback=yes
  while [ $# -gt 0 ]; do
    case $1 in
      --embedded | --system | --headers) build=${1#--} ;;
      --target=?*) target=${1#*=} ;;
      --ffmpeg=?*) version=${1#*=} ;;
      --formats=?*) formats=${1#*=} ;;
      --output)
        [ -n "${2:-}" ] || die "--output needs a file name"
        output=$2 && shift
        ;;
      --output=*) output=${1#*=} ;;
      --debug) debug=yes ;;
      --sanitize=?*) sanitize=${1#*=} ;;
      --force) force=yes ;;
      --no-fallback) fallback=no ;;
      -h | --help) usage && exit 0 ;;
      *) die "unknown option $1" "Try scripts/build_shim.sh --help" ;;
    esac
    shift
  done
  case $sanitize in
    '' | address | undefined | thread | address,undefined | undefined,address | fuzzer) ;;
    memory | unfilled)
      # What other code writes would count as not written: it is for FFmpeg, libxml2 and zlib, too.
      memory='-fsanitize=memory -fsanitize-memory-track-origins -fsanitize-recover=memory'
      [ "$build" = embedded ] || die "--sanitize=$sanitize is for --embedded"
      ;;
    *) die "--sanitize takes address, undefined, address,undefined, thread, fuzzer, memory or unfilled" ;;
  esac
}

default_output() {
  local name=libavio
  if [ "$build" = system ]; then name=$name-system; fi
  if [ "$build" = embedded ] && [ "${version:-$DEFAULT_FFMPEG_VERSION}" != $DEFAULT_FFMPEG_VERSION ]; then name=$name-${version%.*}; fi
  if [ -n "$formats" ]; then name=$name-lean; fi
  case $sanitize in
    '') ;;
    *address*) name=$name-asan ;;
    fuzzer) name=$name-fuzzer ;;
    memory) name=$name-msan ;;
    unfilled) name=$name-unfilled ;;
    thread) name=$name-tsan ;;
    *) name=$name-ubsan ;;
  esac
  echo "$ROOT/lib/$platform/$name.$suffix"
}

# ---------------------------------------------------------------- main

# A hash of all inputs of the library, and one of the library itself, which shows whether it was replaced.
inputs_hash() {
  {
    echo "$inputs ${compile_flags[*]} ${link_flags[*]} $(compiler_version)" | sed "s|$work||g"
    cat "${BASH_SOURCE[0]}" "$ROOT"/scripts/build/*.sh "$shim"/*.[ch] "$shim"/{headers,input,output,remux}/*.[ch] "$protocols"
  } | sha256
}

up_to_date() {
  [ $force = no ] && [ -f "$output" ] && [ -f "$output.stamp" ] &&
    [ "$(cat "$output.stamp")" = "$hash $(sha256 "$output")" ]
}

main() {
  parse_options "$@"
  choose_target
  output=${output:-$(default_output)}
  shim=${AVIO_SHIM_DIR:-$ROOT/shim}
  sources=("$shim"/*.c "$shim"/{headers,input,output,remux}/*.c)
  protocols=$shim/ffmpeg/protocol_list.c
  [ -f "${sources[0]}" ] || die "no C files in $shim"
  make_folders
  make_target_tools
  check_tools
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
  # Renamed into place: overwriting a library that a process has loaded crashes that process.
  mv -f "$new_output" "$output"
  echo "$hash $(sha256 "$output")" >"$output.stamp"
  say "$output ($(($(wc -c <"$output") / 1024)) KiB, $title)"
}

main "$@"
