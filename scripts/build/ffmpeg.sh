# shellcheck shell=bash
#
# FFmpeg's static libraries: how they are configured and built; for --headers, only its headers.

# Everything that reads or writes a container; nothing that opens a file or a socket, decodes or encodes.
# Autodetection is off so that the system's libraries can't change the result.
choose_configuration() {
  configuration=(
    --disable-autodetect --disable-iconv --disable-programs --disable-doc --disable-debug
    --disable-network --disable-protocols
    --disable-muxer=fifo,hds,smoothstreaming,tee # they create folders, threads and files by themselves
    --disable-avdevice --disable-avfilter --disable-swscale --disable-swresample
    --disable-encoders --disable-decoders --disable-hwaccels
    --disable-x86asm # without decoders it has no effect on speed, so nasm isn't needed
    --enable-static --disable-shared --enable-pic --optflags=-O2
  )
  # libavutil allocates by shim/account.c (configure's own option would search for it in a library). Without AVX, which the C
  # code does not use, allocations are aligned to 16 bytes; aligning to 64 takes longer.
  configuration+=(--extra-cflags=-DMALLOC_PREFIX=avio_ --disable-avx)
  # A fuzzer is guided by the branches of FFmpeg, too. Without -fsanitize=undefined: FFmpeg has much undefined behaviour,
  # which avio can't fix. Without tracing comparisons, which takes a third of the time (measured).
  local list=''
  case $sanitize in
    fuzzer) list=fuzzer-no-link,address ;;
    memory | unfilled) list=fuzzer-no-link configuration+=(--disable-asm) ;; # it would not be seen what assembly writes
  esac
  if [ -n "$list" ]; then
    configuration+=(--optflags=-O1 --extra-cflags=-gline-tables-only --extra-cflags=-fno-omit-frame-pointer
      --extra-cflags=-fsanitize=$list --extra-ldflags=-fsanitize=$list --extra-cflags=-fno-sanitize-coverage=trace-cmp)
  fi
  # With a section for every function the linker drops more: 0.4 MB of 4.2.
  if [ "$os" != darwin ] || [ -n "$target" ]; then configuration+=(--extra-cflags=-ffunction-sections --extra-cflags=-fdata-sections); fi
  configuration+=(${cross_options[@]+"${cross_options[@]}"})
  # shellcheck disable=SC2207 # a list of words
  configuration+=($(format_options))
  local flag
  for flag in ${hardening[@]+"${hardening[@]}"}; do configuration+=(--extra-cflags="$flag"); done
  if [ -n "$libxml2" ]; then configuration+=(--enable-libxml2); fi
  if [ -n "$DECODERS" ]; then configuration+=(--enable-decoder="$DECODERS"); fi
  case ,$DECODERS, in *,opus,*) configuration+=(--enable-swresample) ;; esac
  get_zlib
  if [ -n "$libz" ]; then configuration+=(--enable-zlib); else configuration+=(--disable-zlib); fi
}

# Sets $ffmpeg, the folder of the headers and static libraries; true if they exist.
has_ffmpeg() {
  local key
  make_cache
  key=$({
    echo "$source_id ${configuration[*]} ${libxml2##*/} $(compiler_version) $(declare -f build_ffmpeg configure_ffmpeg)"
    # shellcheck disable=SC2046 # a list of files
    cat "$protocols" $(patches)
  } | sha256 | cut -c 1-16)
  ffmpeg=${cache:-$stage}/ffmpeg-$version-$key
  [ -f "$ffmpeg/lib/libavformat.a" ]
}

get_ffmpeg() {
  if has_ffmpeg; then return; fi
  get_source
  check_formats
  apply_patches
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
  # must not be paths of this machine. configure does not make a folder called src an absolute path.
  ln -s "$source_folder" "$objects/src"
  if [ -n "$libxml2" ]; then fake_pkg_config; fi
  (cd "$objects" && PATH=$work/bin:$PATH logged "configuring FFmpeg" configure_ffmpeg)
  if [ -n "$target" ]; then correct_configuration "$objects"; fi
  cp "$protocols" "$objects/libavformat/protocol_list.c"
  (cd "$objects" && logged "compiling FFmpeg" make -j "$jobs")
  (cd "$objects" && logged "installing FFmpeg" make DESTDIR="$tree" install-libs install-headers)
  cp "$source_folder"/LICENSE.md "$source_folder"/COPYING.LGPLv2.1 "$tree/ffmpeg/"
  if [ -n "$libxml2" ]; then cp "$libxml2/lib/libxml2.a" "$tree/ffmpeg/lib/"; fi # the libraries need it
  echo "${configuration[*]}" >"$tree/ffmpeg/configuration"
  rm -rf "$objects"
  mv "$tree/ffmpeg" "$1"
}

configure_ffmpeg() {
  src/configure --cc="${cc[*]}" --prefix=/ffmpeg "${configuration[@]}" && return
  tail -n 30 ffbuild/config.log # it has the reason
  return 1
}

# Corrects errors of configure about other platforms: it finds sysctl in zig's glibc, which has no header for it; and for
# Windows it would choose another allocator than shim/account.c.
correct_configuration() {
  local file=$1/config.h
  sed -E -e 's/^(#define HAVE_SYSCTL) 1$/\1 0/' -e 's/^(#define HAVE_ALIGNED_MALLOC) 1$/\1 0/' \
    -e 's/^(#define HAVE_POSIX_MEMALIGN) 0$/\1 1/' "$file" >"$file.new"
  mv "$file.new" "$file"
}

# Generates the headers that FFmpeg's configure would add to its sources.
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
