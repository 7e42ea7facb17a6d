/* floor 1 */
/*
 * sealed.c - replaces, in the embedded FFmpeg, the C library's functions that open, create, rename, delete or search for files:
 * they return errors. scripts/build/seal.sh has the list and links them, so that the library does not import the real ones; even
 * without contain.c, the formats that it refuses could not open anything. Nothing is printed, and no environment variable is
 * read. Random numbers do not need /dev/urandom.
 */
#ifdef AVIO_SEALED
#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <libavutil/error.h>

#include "escape.h"
#include "platform.h"

/* Windows headers declare most functions as imported from another library: those are called through a pointer. */
#if defined(_WIN32)
#define POINTER_TO(name) \
  extern void *const __imp___wrap_##name; \
  void *const __imp___wrap_##name = (void *)__wrap_##name;
#else
#define POINTER_TO(name)
#endif

#define SEALED(name)            \
  int __wrap_##name(void);      \
  int __wrap_##name(void) {     \
    errno = EACCES;             \
    return -1;                  \
  }                             \
  POINTER_TO(name)

SEALED(glob)
SEALED(glob64)
SEALED(mkdir)
SEALED(open)
SEALED(open64)
SEALED(rename)
SEALED(rmdir)
SEALED(stat)
SEALED(stat64)
SEALED(__xstat)
SEALED(__xstat64)
SEALED(unlink)
SEALED(read)
SEALED(close)
SEALED(dup)
SEALED(fprintf)
SEALED(__fprintf_chk)
SEALED(vfprintf)
SEALED(__vfprintf_chk)
SEALED(fputs)
SEALED(fputc)

#if defined(__APPLE__)
SEALED(fclose)
SEALED(ferror)
SEALED(fflush)
SEALED(fstat)
SEALED(lseek)
SEALED(lstat)
SEALED(write)
#endif
#if defined(_WIN32)
SEALED(_close)
SEALED(_dup)
SEALED(_fstat64)
SEALED(_lseeki64)
SEALED(_mkdir)
SEALED(_open)
SEALED(_read)
SEALED(_rmdir)
SEALED(_sopen)
SEALED(_stat64)
SEALED(_unlink)
SEALED(_wmkdir)
SEALED(_wopen)
SEALED(_wrename)
SEALED(_wrmdir)
SEALED(_write)
SEALED(_wsopen)
SEALED(_wstat64)
SEALED(_wunlink)
#endif

/* If symbols are renamed instead of wrapped by the linker, the real function keeps its name. */
#if defined(AVIO_RENAMED)
#define __real_abort abort
#define __real___assert_fail(...) abort()
#else
_Noreturn void __real_abort(void);
_Noreturn void __real___assert_fail(const char *assertion, const char *file, unsigned line, const char *function);
#endif

/* FFmpeg's failed assertions. */
_Noreturn void __wrap_abort(void);
_Noreturn void __wrap_abort(void) {
  escape();
  __real_abort();
}
POINTER_TO(abort)

/* Failed assert()s of the C library. */
_Noreturn void __wrap___assert_fail(const char *assertion, const char *file, unsigned line, const char *function);
_Noreturn void __wrap___assert_fail(const char *assertion, const char *file, unsigned line, const char *function) {
  (void)assertion, (void)file, (void)line, (void)function;
  escape();
  __real___assert_fail(assertion, file, line, function);
}

#define SEALED_ASSERTION(name)                                 \
  _Noreturn void __wrap_##name(void);                          \
  _Noreturn void __wrap_##name(void) { __wrap_abort(); }       \
  POINTER_TO(name)

#if defined(__APPLE__)
SEALED_ASSERTION(__assert_rtn)
#elif defined(_WIN32)
SEALED_ASSERTION(_assert)
SEALED_ASSERTION(_wassert)
#endif

#define SEALED_POINTER(name)    \
  void *__wrap_##name(void);    \
  void *__wrap_##name(void) {   \
    errno = EACCES;             \
    return NULL;                \
  }                             \
  POINTER_TO(name)

SEALED_POINTER(fopen)
SEALED_POINTER(fopen64)
SEALED_POINTER(getenv)
#if defined(__APPLE__)
SEALED_POINTER(fdopen)
#elif defined(_WIN32)
SEALED_POINTER(_fdopen)
SEALED_POINTER(_wfopen)
#endif

#define SEALED_NOTHING(result, name, body) \
  result __wrap_##name(void);              \
  result __wrap_##name(void) body          \
  POINTER_TO(name)

/* These do nothing: no bytes are written, nothing is a terminal. */
SEALED_NOTHING(size_t, fwrite, { return 0; })
#if defined(__APPLE__)
SEALED_NOTHING(size_t, fread, { return 0; })
#endif
SEALED_NOTHING(int, isatty, { return 0; })
#if defined(_WIN32)
SEALED_NOTHING(int, _isatty, { return 0; })
#endif
SEALED_NOTHING(void, globfree, {})
SEALED_NOTHING(void, globfree64, {})

int __wrap_av_random_bytes(uint8_t *bytes, size_t size);
int __wrap_av_random_bytes(uint8_t *bytes, size_t size) {
  return random_bytes(bytes, size) ? 0 : AVERROR(EIO);
}

uint32_t __wrap_av_get_random_seed(void);
uint32_t __wrap_av_get_random_seed(void) {
  uint32_t seed = 0;
  __wrap_av_random_bytes((uint8_t *)&seed, sizeof(seed));
  return seed;
}
#else
typedef int nothing_is_sealed;
#endif
