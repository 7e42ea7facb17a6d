# shellcheck shell=bash
#
# The system's functions that the embedded library may use: none that opens, creates, renames, deletes or searches for files,
# no sockets, no programs, no other libraries. Versioned, large-file and checked names count as the plain one (check.sh).

# Those of every C library.
IMPORTS='
_setjmp abort acos aligned_alloc asin atan atan2 atan2f atanf bcmp calloc cbrt cbrtf ceil
clock_gettime cos cosh exp exp2 exp2f fabs floor fmax fmin fmod free frexp getentropy gettimeofday gmtime_r hypot
localtime_r log log10 log2f longjmp lround malloc memchr memcmp memcpy memmove memset
mktime nanosleep posix_memalign pow powf pthread_attr_destroy pthread_attr_init
pthread_attr_setdetachstate pthread_attr_setstacksize pthread_cond_broadcast pthread_cond_destroy
pthread_cond_init pthread_cond_signal pthread_cond_timedwait pthread_cond_wait pthread_condattr_destroy
pthread_condattr_init pthread_condattr_setclock pthread_create pthread_getspecific pthread_join
pthread_key_create pthread_key_delete pthread_mutex_destroy pthread_mutex_init pthread_mutex_lock
pthread_mutex_trylock
pthread_mutex_unlock pthread_once pthread_setspecific qsort realloc rint round scalbn sin sincos
sincosf sinf sinh snprintf sscanf strchr strcmp strcpy strcspn strdup strerror strftime strlen strncmp
strncpy strrchr strspn strstr strtod strtol strtoll strtoul strtoull sysconf tan tanh time trunc vsnprintf wcslen'

IMPORTS_LINUX='
__assert_fail __ctype_toupper_loc __errno_location __sched_cpucount __stack_chk_fail __tls_get_addr
__xpg_strerror_r madvise malloc_trim malloc_usable_size prctl sched_getaffinity stderr'

IMPORTS_MUSL='__fpclassify atof atoi bsearch cosf setjmp strerror_r toupper'

# dlopen, dladdr: they load the library's own file once more, to pin it (platform.c). Code that uses the streams is never called.
IMPORTS_DARWIN='
__bzero __cxa_atexit __error __exp10 __exp10f __fpclassifyd __sincos_stret __sincosf_stret __stack_chk_fail __stack_chk_guard
__stderrp __stdinp __stdoutp __toupper _tlv_bootstrap atof atoi bsearch bzero dladdr dlopen dyld_stub_binder
malloc_size memset_pattern16 pthread_cond_timedwait_relative_np pthread_equal pthread_self pthread_setname_np setjmp
strcat strerror_r'

# GetProcAddress: for Node-API's functions, in the program itself. The console's functions and getc belong to code that is never
# called: FFmpeg's default log callback, and scanf of files.
IMPORTS_WINDOWS='
AcquireSRWLockExclusive BCryptGenRandom CloseHandle CreateEventA CreateSemaphoreA DeleteCriticalSection DuplicateHandle
EnterCriticalSection FlsAlloc FlsSetValue GetConsoleMode GetConsoleScreenBufferInfo GetCurrentProcess GetCurrentThread
GetCurrentThreadId GetFullPathNameW GetLastError GetModuleHandleA GetModuleHandleExW GetModuleHandleW GetProcAddress
GetProcessAffinityMask GetProcessTimes GetStdHandle GetSystemInfo GetSystemTimeAsFileTime GetThreadPriority
GetThreadTimes GetTickCount GetTimeZoneInformation InitOnceBeginInitialize InitOnceComplete InitOnceExecuteOnce
InitializeConditionVariable InitializeCriticalSection InitializeSRWLock LeaveCriticalSection MultiByteToWideChar
OutputDebugStringA QueryPerformanceCounter QueryPerformanceFrequency RegisterWaitForSingleObject ReleaseSRWLockExclusive
ReleaseSemaphore ResetEvent RtlDllShutdownInProgress SetConsoleTextAttribute SetEvent Sleep SleepConditionVariableSRW
TlsAlloc TlsGetValue TlsSetValue UnregisterWait VirtualProtect VirtualQuery WaitForMultipleObjects WaitForSingleObject
WaitForSingleObjectEx WakeAllConditionVariable WakeConditionVariable WriteConsoleW __acrt_iob_func __intrinsic_setjmpex
__stdio_common_vfprintf __stdio_common_vsprintf _beginthreadex _endthreadex _errno _execute_onexit_table _exit
_gmtime64_s _initialize_onexit_table _initterm _initterm_e _localtime64_s _lock_file _mktime _msize
_register_onexit_function _strdup _time _unlock_file atof atoi bsearch fputc fwrite getc isspace isxdigit localeconv
mbrlen mbrtowc tolower toupper ungetc wcrtomb wcscat wcscpy'

allowed_imports() {
  case $os in
    linux)
      tr ' ' '\n' <<<"$IMPORTS $IMPORTS_LINUX"
      case $target in *-musl) tr ' ' '\n' <<<"$IMPORTS_MUSL" ;; esac
      ;;
    darwin) tr ' ' '\n' <<<"$IMPORTS $IMPORTS_DARWIN" && grep -o '^  X(napi_[a-z0-9_]*' "$shim/node_api.c" | cut -c 5- ;;
    windows) tr ' ' '\n' <<<"$IMPORTS $IMPORTS_WINDOWS" ;;
  esac
}

# A pattern of library names.
allowed_libraries() {
  case $os in
    linux) echo '^(libc|libm|libpthread|ld-linux[^/]*|libc\.musl-[a-z0-9_]*)\.so' ;;
    darwin) echo '^/usr/lib/libSystem\.B\.dylib$' ;;
    windows) echo '^(kernel32|ntdll|bcrypt|api-ms-win-crt-[a-z0-9-]*)\.dll$' ;;
  esac
}
