# shellcheck shell=bash
#
# zlib, for compressed headers in mov and mkv: the system's, or for another platform, and for MemorySanitizer,
# one built from its sources.

# The version in Debian's archive, without non-free parts of the documentation.
ZLIB_VERSION=1.3.dfsg+really1.3.1 ZLIB_SUITE=trixie
ZLIB_SUM=60dd315c07f616887caa029408308a018ace66e3d142726a97db164b3b8f69fb

# Without the functions that read and write files.
ZLIB_FILES='adler32 compress crc32 deflate inffast inflate inftrees trees uncompr zutil'

# Sets $libz, the argument of the linker; empty if there is none.
get_zlib() {
  libz=''
  if [ -n "$target" ] || [ -n "$memory" ]; then
    get_own_zlib
  elif compiles '#include <zlib.h>
    const char *try(void) { return zlibVersion(); }' -lz; then
    libz=$(static_libz)
  else
    warn "zlib.h is missing: no compressed headers in mov and mkv (apt-get install zlib1g-dev)"
  fi
}

# libz.a if it can be linked into a shared library, otherwise -lz. Debian's is built with -fPIE, which works only
# with -Bsymbolic.
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

get_own_zlib() {
  local key folder
  make_cache
  key=$(echo "$ZLIB_SUM ${hardening[*]} $(compiler_version) $(declare -f build_zlib)" | sha256 | cut -c 1-16)
  folder=${cache:-$stage}/zlib-$ZLIB_VERSION-$key
  if [ ! -f "$folder/lib/libz.a" ]; then
    find_tarball zlib "$ZLIB_VERSION" "$ZLIB_SUITE" "$ZLIB_SUM" ||
      die "cannot get the sources of zlib $ZLIB_VERSION from Debian's archive" \
        "Put zlib-$ZLIB_VERSION.tar.xz (or .gz under that name) into AVIO_SOURCES_DIR"
    build_zlib "$tarball" "$folder"
  fi
  libz=$folder/lib/libz.a
  # Not as options of configure, which avformat_configuration() would contain.
  if [ -n "$target" ]; then
    export AVIO_CC_FLAGS="-I$folder/include -L$folder/lib"
  else
    export CPATH=$folder/include LIBRARY_PATH=$folder/lib # variables of Clang
  fi
}

# In a folder that is moved into its place when it is complete.
build_zlib() {
  local source=$stage/zlib-source tree=$stage/zlib-tree file
  unpack "$1" "$source"
  mkdir -p "$tree/lib" "$tree/include"
  for file in $ZLIB_FILES; do
    (cd "$source" && logged "compiling zlib" "${cc[@]}" -O2 -fPIC -fvisibility=hidden -ffunction-sections -fdata-sections \
      ${hardening[@]+"${hardening[@]}"} -c -o "$file.o" "$file.c")
  done
  (cd "$source" && logged "archiving zlib" "$ar" rcD "$tree/lib/libz.a" ./*.o)
  cp "$source/zlib.h" "$source/zconf.h" "$tree/include/" && cp "$source/LICENSE" "$tree/"
  rm -rf "$source"
  [ -d "$2" ] || mv "$tree" "$2"
}
