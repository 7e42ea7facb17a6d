# shellcheck shell=bash
#
# The shim itself: flags, compiling, linking with FFmpeg, licences.

# Hardening flags, also for FFmpeg and libxml2, which parse hostile files; those that the compiler supports.
choose_hardening() {
  local flag
  hardening=()
  if [ "$debug" = yes ] || [ -n "$sanitize" ]; then return; fi
  for flag in -fstack-protector-strong -fstack-clash-protection -fcf-protection=full -mbranch-protection=standard; do
    if compiles 'int x;' -Werror "$flag"; then hardening+=("$flag"); fi
  done
  hardening+=(-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2)
}

# Sets $compile_flags, $link_flags and $inputs (what the result depends on, beside the shim's files).
choose_flags() {
  choose_hardening
  compile_flags=(-std=c11 -fPIC -fvisibility=hidden -Wall -Wextra -Werror=implicit-function-declaration -ffunction-sections -fdata-sections)
  link_flags=()
  if [ "$os" != windows ]; then compile_flags+=(-pthread) link_flags+=(-pthread); fi
  if [ "$os" != darwin ]; then compile_flags+=(-D_GNU_SOURCE); fi
  if [ "$debug" = yes ]; then
    compile_flags+=(-O0 -g)
  elif [ -n "$sanitize" ]; then
    compile_flags+=(-O1 -g)
  else
    compile_flags+=(-O2)
    if [ "$os" != darwin ] || [ -n "$target" ]; then link_flags+=(-Wl,-s); fi
  fi
  if [ -n "$sanitize" ]; then
    local list=$sanitize
    case $list in
      fuzzer) list=fuzzer-no-link,address,undefined,float-cast-overflow ;;
      memory) list=fuzzer-no-link ;; # beside $memory
      unfilled) list=fuzzer-no-link && compile_flags+=(-DAVIO_UNFILLED) ;;
    esac
    case $list in fuzzer-no-link*) compile_flags+=(-DAVIO_FUZZER) link_flags+=(-Wl,--wrap=av_usleep) ;; esac
    compile_flags+=(-fsanitize="$list" -fno-omit-frame-pointer)
    link_flags+=(-fsanitize="$list")
  fi
  if [ -n "$target" ]; then compile_flags+=(-Wno-missing-field-initializers); fi # Clang warns about them where GCC doesn't
  compile_flags+=(${hardening[@]+"${hardening[@]}"})
  "choose_flags_$os"
  "choose_flags_$build"
  # shellcheck disable=SC2206 # they are lists of words
  compile_flags+=(${CFLAGS:-})
  # shellcheck disable=SC2206
  link_flags+=(${LDFLAGS:-})
}

choose_flags_linux() {
  # nodelete: threads and thread-local destructors of the library may outlive a dlclose.
  # text: no relocations in code, they would be unshared memory and forbidden under SELinux.
  link_flags+=(-shared -Wl,-soname,"libavio.so" -Wl,--version-script,"$work/exports" -Wl,--as-needed -Wl,-Bsymbolic
    -Wl,-z,nodelete -Wl,-z,relro -Wl,-z,now -Wl,-z,noexecstack -Wl,--gc-sections)
  if [ -z "$target" ]; then link_flags+=(-Wl,--exclude-libs,ALL -Wl,-z,text); fi # zig's linker has neither option, and does both
  # With Clang, a sanitizer's symbols are in the program that loads the library.
  if [ -z "$sanitize" ]; then link_flags+=(-Wl,-z,defs); fi
  echo '{ global: avs_*; napi_register_module_v1; local: *; };' >"$work/exports"
}

choose_flags_darwin() {
  local name
  link_flags+=(-dynamiclib -install_name @rpath/libavio.dylib -Wl,-dead_strip)
  # zig's linker has no list of exports (so all of FFmpeg is built with hidden symbols), nor one of symbols that may be missing.
  if [ -n "$target" ]; then link_flags+=(-Wl,-undefined,dynamic_lookup) && return; fi
  link_flags+=(-Wl,-exported_symbol,'_avs_*' -Wl,-exported_symbol,_napi_register_module_v1)
  # Node-API is in the program that loads the library, or missing.
  for name in $(grep -o '^  X(napi_[a-z0-9_]*' "$shim/node_api.c" | cut -c 5-); do link_flags+=(-Wl,-U,_"$name"); done
}

choose_flags_windows() {
  link_flags+=(-shared -Wl,--gc-sections -Wl,-Brepro) # a hash instead of the build time
}

choose_flags_embedded() {
  choose_formats
  libxml2=''
  if need_libxml2; then get_libxml2; fi
  choose_configuration
  choose_version_that_is_there
  description=${configuration[*]} title="FFmpeg $version"
  compile_flags+=(-DAVS_BUILD='"embedded"' -DAVS_CONFIGURATION="\"$description\"")
  if [ -n "$libxml2" ]; then compile_flags+=(-DAVIO_LIBXML2); fi
  choose_seal
  inputs="$ffmpeg $libz"
}

choose_flags_headers() {
  choose_version
  compile_flags+=(-DAVS_BUILD='"system"')
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
  # Their own dependencies (-lm, -lz, -latomic, on macOS frameworks) are in the .pc files, under Libs.
  extra=$(sed -n 's/^Libs[.a-z]*: *//p' "$ffmpeg"/lib/pkgconfig/lib{avformat,avcodec,avutil}.pc)
  for word in $extra; do
    case $word in
      -L* | -lav* | -lsw*) ;;
      -lxml2) libraries+=("$ffmpeg/lib/libxml2.a") ;;
      -lz) libraries+=("$libz") ;;
      *) libraries+=("$word") ;;
    esac
  done
  seal_archives
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
  # Linked under its own name, which a Windows library contains.
  local linked=$work/linked/libavio.$suffix
  mkdir "$work/linked"
  if ! "${cc[@]}" "${link_flags[@]}" -o "$linked" "$work"/*.o "${libraries[@]}" -lm 2>"$work/link.log"; then
    tail -n 20 "$work/link.log" >&2
    die "the shim does not link"
  fi
  cp "$linked" "$new_output"
  if [ "$os" = darwin ] && [ -z "$target" ] && [ "$debug$sanitize" = no ]; then strip -x "$new_output"; fi
  chmod 755 "$new_output"
}

# The LGPL requires that its text accompanies the library: it is built in, for avs_license_text().
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
