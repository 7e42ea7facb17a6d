# shellcheck shell=bash
#
# Checks which symbols the built library exports and imports, and which other libraries it needs; anything else is an error.
# imports.sh lists the functions that it may import.

check_result() {
  local foreign
  foreign=$(exported_names | grep -Ev '^(avs_[a-z0-9_]*|napi_register_module_v1)$' || true)
  [ -z "$foreign" ] || die "the library exports more than avs_* and the entry of Node-API:" "$(sed -n 1,10p <<<"$foreign")"
  if [ "$os" = linux ] && readelf_of -d "$new_output" 2>/dev/null | grep -q TEXTREL; then die "the library has text relocations"; fi
  [ "$build" = embedded ] && [ -z "$sanitize" ] || return 0
  check_libraries
  if [ "$os" = linux ] || [ -n "$target" ]; then check_imports; fi # other builds are not sealed
  if [ -n "$target" ]; then check_systems; fi
}

# zig's name of the target contains the oldest supported version of the system.
check_systems() {
  local commands newest
  case $zig_target in
    *-gnu.*)
      newest=$(readelf_of -V "$new_output" | grep -o 'GLIBC_[0-9.]*' | cut -d _ -f 2 | sort -uV | tail -n 1)
      [ "$(printf '%s\n' "$newest" "${zig_target##*-gnu.}" | sort -V | tail -n 1)" = "${zig_target##*-gnu.}" ] ||
        die "the library needs glibc $newest; it must run with ${zig_target##*-gnu.}"
      ;;
    *-macos.*)
      commands=$(llvm-objdump --macho --private-headers "$new_output")
      newest=$(awk '$1 == "minos" { print $2 }' <<<"$commands")
      [ "$newest" = "${zig_target##*-macos.}" ] || die "the library is for macOS ${newest:-?} instead of ${zig_target##*-macos.}"
      # zig's linker adds one. The file must not be changed afterwards.
      [ "$arch" != aarch64 ] || grep -q LC_CODE_SIGNATURE <<<"$commands" || die "the library has no signature"
      ;;
  esac
}

readelf_of() { if has readelf; then readelf "$@"; else llvm-readelf "$@"; fi; }

# Names without the leading underscore of Darwin, whose linker also exports the start of the library by two names.
exported_names() {
  case $os in
    darwin) "$nm" -gU "$new_output" | awk '{ sub(/^_/, "", $NF); print $NF }' | grep -Ev '^_(_dso_handle|mh_dylib_header)$' ;;
    windows) llvm-readobj --coff-exports "$new_output" | awk '$1 == "Name:" && $2 != "" { print $2 }' ;;
    *) "$nm" -D --defined-only "$new_output" | awk '{ print $NF }' ;;
  esac
}

# Weak references are left out: those functions may be missing.
imported_names() {
  case $os in
    darwin) "$nm" -u "$new_output" | awk '{ sub(/^_/, "", $NF); sub(/\$.*/, "", $NF); print $NF }' ;;
    windows) llvm-readobj --coff-imports "$new_output" | awk '$1 == "Symbol:" { print $2 }' ;;
    *) "$nm" -D --undefined-only "$new_output" | awk '$1 != "w" { sub(/@.*/, "", $NF); print $NF }' ;;
  esac
}

needed_libraries() {
  case $os in
    darwin) llvm-objdump --macho --dylibs-used "$new_output" | sed -n 's/^[[:space:]]\([^ ]*\) (.*/\1/p' | grep -v '^@rpath/libavio' ;;
    windows) llvm-readobj --coff-imports "$new_output" | awk '$1 == "Name:" { print tolower($2) }' ;;
    *) readelf_of -d "$new_output" | sed -n 's/.*(NEEDED).*\[\(.*\)\].*/\1/p' ;;
  esac
}

check_libraries() {
  local needed
  if [ "$os" = darwin ] && [ -z "$target" ]; then return; fi
  needed=$(needed_libraries | grep -Ev "$(allowed_libraries)" || true)
  case $needed in
    '') ;;
    libz.so*) warn "no usable libz.a: the library needs $needed on the machine it runs on" ;;
    *) die "the embedded library needs other libraries:" "$needed" ;;
  esac
}

check_imports() {
  local names
  names=$(imported_names | plain_name | sort -u | grep -Fxv "$(allowed_imports)" || true)
  [ -z "$names" ] || die "the embedded library imports functions that are not allowed (scripts/build/imports.sh):" "$names"
}

# __memcpy_chk, __isoc99_sscanf, mmap64: memcpy, sscanf, mmap
plain_name() { sed -E -e 's/^__(.*)_chk$/\1/' -e 's/^__isoc(99|23)_//' -e 's/64$//'; }
