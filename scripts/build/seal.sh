# shellcheck shell=bash
#
# The functions by which FFmpeg, libxml2 and zlib could access files are replaced by shim/sealed.c; code that becomes unused is
# dropped, and the library does not import the real functions. GNU's linker does that itself (--wrap); for other platforms
# symbols are renamed in copies of the archives. check.sh checks the result.

# Functions that access files, terminals, the environment or end the process: of POSIX, Darwin and Windows. sealed.c defines each.
SEALED='abort __assert_fail fopen fopen64 glob glob64 globfree globfree64 open open64 stat stat64 __xstat __xstat64 mkdir rename
rmdir unlink read close dup isatty getenv fprintf vfprintf __fprintf_chk __vfprintf_chk fputs fputc fwrite
av_random_bytes av_get_random_seed'
SEALED_DARWIN='__assert_rtn fdopen fclose ferror fflush fread lstat write lseek fstat'
# Suffixes that Darwin's headers add to function names, mainly on x86_64: stat$INODE64.
DARWIN_VARIANTS='INODE64 DARWIN_EXTSN UNIX2003 NOCANCEL'
SEALED_WINDOWS='_wassert _assert _open _wopen _sopen _wsopen _wfopen _fdopen _stat64 _wstat64 _fstat64 _mkdir _wmkdir _rmdir _wrmdir
_unlink _wunlink _wrename _read _write _close _dup _isatty _lseeki64'

sealed_names() {
  echo "$SEALED"
  case $os in
    darwin) echo "$SEALED_DARWIN" ;;
    windows) echo "$SEALED_WINDOWS" ;;
  esac
}

# Chooses the method: by the linker, by renaming, or not at all (with sanitizers, and with macOS's own tools, which can't).
choose_seal() {
  local name
  if [ -n "$target" ]; then
    compile_flags+=(-DAVIO_SEALED -DAVIO_RENAMED)
  elif [ "$os" = linux ]; then
    compile_flags+=(-DAVIO_SEALED)
    for name in $(sealed_names); do link_flags+=(-Wl,--wrap="$name"); done
  else
    warn "the library is not sealed: that needs Linux's linker or --target"
  fi
}

# Renames symbols in copies of the linked archives: fopen becomes __wrap_fopen, as --wrap does.
seal_archives() {
  local name variant prefix='' index copies=()
  [ -n "$target" ] || return 0
  if [ "$os" = darwin ]; then prefix=_; fi
  for name in $(sealed_names); do
    echo "$prefix$name ${prefix}__wrap_$name"
    if [ "$os" = darwin ]; then
      for variant in $DARWIN_VARIANTS; do echo "_$name\$$variant ___wrap_$name"; done
    fi
    # Functions that Windows headers declare as imported are called through a pointer of this name.
    if [ "$os" = windows ]; then echo "__imp_$name __imp___wrap_$name"; fi
  done >"$work/renames"
  for index in "${!libraries[@]}"; do
    name=${libraries[index]}
    case $name in
      *.a)
        logged "sealing ${name##*/}" llvm-objcopy --redefine-syms="$work/renames" "$name" "$work/${name##*/}"
        if [ "$os" = darwin ]; then align_archive "${name##*/}"; fi
        copies+=("$work/${name##*/}")
        ;;
      *) copies+=("$name") ;;
    esac
  done
  libraries=("${copies[@]}")
}

# zig's linker for macOS requires the members of an archive at multiples of 8 bytes, which llvm-objcopy does not keep.
align_archive() {
  (cd "$work" && printf 'create aligned.a\naddlib %s\nsave\nend\n' "$1" | avio-ar -M && mv aligned.a "$1")
}
