# shellcheck shell=bash
#
# What the library that was built may export and import; anything else is an error.

check_result() {
  local foreign needed
  if [ "$os" = darwin ]; then
    foreign=$(nm -gU "$new_output" | awk '$NF !~ /^_(avs_|napi_register_module_v1$)/ { print $NF }')
  else
    foreign=$(nm -D --defined-only "$new_output" | awk '$NF !~ /^(avs_|napi_register_module_v1$)/ { print $NF }')
  fi
  [ -z "$foreign" ] || die "the library exports more than avs_* and the entry of Node-API:" "$(echo "$foreign" | sed -n 1,10p)"
  [ "$os" = linux ] && has readelf || return 0
  if readelf -d "$new_output" | grep -q TEXTREL; then die "the library has text relocations"; fi
  [ "$build" = embedded ] || return 0
  needed=$(readelf -d "$new_output" | sed -n 's/.*(NEEDED).*\[\(.*\)\].*/\1/p' |
    grep -Ev '^(libc|libm|libpthread|ld-linux[^/]*|libc\.musl-[a-z0-9_]*|lib(a|t|ub)san)\.so' || true)
  if [ -z "$sanitize" ]; then check_imports; fi
  case $needed in
    '') ;;
    libz.so*) warn "no usable libz.a: the library needs $needed on the machine it runs on" ;;
    *) die "the embedded library needs other libraries:" "$needed" ;;
  esac
}

# The functions of the C library that the embedded build may use on Linux: none that opens, makes, renames, deletes or
# looks for files, no sockets, no programs, no libraries. Old and large-file names and checked ones count as the plain one.
IMPORTS='
__assert_fail __ctype_toupper_loc __errno_location __sched_cpucount __stack_chk_fail __tls_get_addr
__xpg_strerror_r _setjmp abort acos aligned_alloc asin atan atan2 atan2f atanf calloc cbrt cbrtf ceil
clock_gettime cos cosh exp exp2 fabs floor fmax fmin fmod free frexp getentropy gettimeofday gmtime_r hypot
localtime_r log log10 log2f longjmp lround madvise malloc malloc_trim malloc_usable_size memchr memcmp memcpy memmove memset
mktime nanosleep posix_memalign pow powf prctl pthread_attr_destroy pthread_attr_init
pthread_attr_setdetachstate pthread_attr_setstacksize pthread_cond_broadcast pthread_cond_destroy
pthread_cond_init pthread_cond_signal pthread_cond_timedwait pthread_cond_wait pthread_condattr_destroy
pthread_condattr_init pthread_condattr_setclock pthread_create pthread_getspecific pthread_join
pthread_key_create pthread_key_delete pthread_mutex_destroy pthread_mutex_init pthread_mutex_lock
pthread_mutex_unlock pthread_once pthread_setspecific qsort realloc round scalbn sched_getaffinity sin sincos
sincosf sinf sinh snprintf sscanf stderr strchr strcmp strcpy strcspn strdup strerror strftime strlen strncmp
strncpy strrchr strspn strstr strtod strtol strtoll strtoul strtoull sysconf tan tanh time trunc vsnprintf'

check_imports() {
  local names
  names=$(nm -D --undefined-only "$new_output" | awk '$1 != "w" { sub(/@.*/, "", $NF); print $NF }' | plain_name | sort -u |
    grep -Fxv "$(tr ' ' '\n' <<<"$IMPORTS")" || true)
  [ -z "$names" ] || die "the embedded library imports functions that it may not (scripts/build/check.sh):" "$names"
}

# __memcpy_chk, __isoc99_sscanf, mmap64: memcpy, sscanf, mmap
plain_name() { sed -E -e 's/^__(.*)_chk$/\1/' -e 's/^__isoc(99|23)_//' -e 's/64$//'; }
