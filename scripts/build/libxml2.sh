# shellcheck shell=bash
#
# libxml2's parser, for DASH manifests: its sources and its static library.

# The versions in Debian's archive, without non-free parts. The second, of its stable release, is used if the first is not
# available.
LIBXML2_VERSIONS='
2.15.4+dfsg                   sid     5868d20db42ee21e4881bc53050c7fa226286a277cb3d0543f76b81f7571e934
2.12.7+dfsg+really2.9.14      trixie  4fe913dec8b1ab89d13b489b419a8203176ea39e931eaa0d25b17eafb9c279e9'

# Sets $libxml2, the folder of its headers and its static library, and $libxml2_version. They are empty if none is available:
# then FFmpeg is built without the demuxers that need it.
get_libxml2() {
  local suite sum tarball folder
  make_cache
  libxml2=''
  while read -r libxml2_version suite sum; do
    if [ -z "$sum" ]; then continue; fi
    folder=${cache:-$stage}/libxml2-$libxml2_version-$(libxml2_key "$sum")
    if [ -f "$folder/lib/libxml2.a" ] ||
      { find_tarball libxml2 "$libxml2_version" "$suite" "$sum" </dev/null && build_libxml2 "$tarball" "$folder" </dev/null; }; then
      libxml2=$folder
      return
    fi
    if [ "$fallback" = no ]; then die "cannot get the sources of libxml2 $libxml2_version, or build them"; fi
    warn "libxml2 $libxml2_version is not available, or can't be built"
  done <<<"$LIBXML2_VERSIONS"
  warn "no libxml2: DASH manifests can't be read"
}

libxml2_key() { echo "$1 $sanitize ${hardening[*]} $(compiler_version) $(declare -f build_libxml2)" | sha256 | cut -c 1-16; }

# Builds only the parser and the tree, in a folder that is moved into its place when it is complete.
build_libxml2() {
  local source=$stage/libxml2-source tree=$stage/libxml2-tree
  local options=(--disable-shared --enable-static --with-pic --with-minimum --with-threads --with-output
    --without-iconv --disable-dependency-tracking --prefix=/libxml2)
  mkdir -p "$source" "$tree/lib" "$tree/include/libxml2"
  if [ -n "$target" ]; then export AR=avio-ar RANLIB=avio-ranlib NM=$nm; fi
  tar -xf "$1" -C "$source" --strip-components 1 || return 1
  (cd "$source" && CC="${cc[*]}" CFLAGS="-O2 $(libxml2_flags) -ffunction-sections -fdata-sections ${hardening[*]}" ./configure --quiet "${options[@]}" ${cross_host[@]+"${cross_host[@]}"} &&
    make -j "$jobs" libxml2.la) >>"$log" 2>&1 || return 1
  cp "$source/.libs/libxml2.a" "$tree/lib/" && cp -r "$source/include/libxml" "$tree/include/libxml2/" && cp "$source/Copyright" "$tree/"
  rm -rf "$source"
  [ -d "$2" ] || mv "$tree" "$2"
}

# Flags for code that includes its headers, and for libxml2 itself.
libxml2_flags() { if [ "$os" = windows ]; then echo -DLIBXML_STATIC; fi; }

# FFmpeg's configure finds it by pkg-config, which may be missing and doesn't know this copy. configure includes
# libxml2/libxml/..., the demuxers include libxml/...
fake_pkg_config() {
  mkdir -p "$work/bin"
  cat >"$work/bin/pkg-config" <<EOF
#!/bin/sh
case "\$*" in
  --version) echo 1.0 ;;
  *--cflags*libxml-2.0*) echo "-I$libxml2/include -I$libxml2/include/libxml2 $(libxml2_flags)" ;;
  *--libs*libxml-2.0*) echo "-L$libxml2/lib -lxml2 $(libxml2_needs)" ;;
  *--modversion*libxml-2.0*) echo "${libxml2_version%%+*}" ;;
  *libxml-2.0*) ;;
  *) exit 1 ;;
esac
EOF
  chmod 755 "$work/bin/pkg-config"
}

libxml2_needs() { if [ "$os" = windows ]; then echo -lbcrypt; else echo -lm -lpthread; fi; }

libxml2_license() {
  [ -z "$libxml2" ] || { printf '\n\nlibxml2, which reads DASH manifests:\n\n' && cat "$libxml2/Copyright"; }
}
