/* floor 1 */
/*
 * sealed.c - what the embedded FFmpeg gets in the place of the C library's functions that open, make, rename, delete or look
 * for files: errors. scripts/build_shim.sh links them in by --wrap, so the library does not even import the others; what
 * contain.c refuses by name could do nothing if it were not refused. Nothing is printed, and no variable of the environment is
 * looked at. Random numbers come without /dev/urandom.
 */
#ifdef AVIO_SEALED
#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

#include <libavutil/error.h>

#include "escape.h"

#define SEALED(name)            \
  int __wrap_##name(void);      \
  int __wrap_##name(void) {     \
    errno = EACCES;             \
    return -1;                  \
  }

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

/* Assertions of FFmpeg's that fail. */
_Noreturn void __real_abort(void);
_Noreturn void __wrap_abort(void);
_Noreturn void __wrap_abort(void) {
  escape();
  __real_abort();
}

/* Those of the C library's assert(). */
_Noreturn void __real___assert_fail(const char *assertion, const char *file, unsigned line, const char *function);
_Noreturn void __wrap___assert_fail(const char *assertion, const char *file, unsigned line, const char *function);
_Noreturn void __wrap___assert_fail(const char *assertion, const char *file, unsigned line, const char *function) {
  escape();
  __real___assert_fail(assertion, file, line, function);
}

#define SEALED_POINTER(name)    \
  void *__wrap_##name(void);    \
  void *__wrap_##name(void) {   \
    errno = EACCES;             \
    return NULL;                \
  }

SEALED_POINTER(fopen)
SEALED_POINTER(fopen64)
SEALED_POINTER(getenv)

/* Nothing: no bytes are written, no terminal is there. */
size_t __wrap_fwrite(void);
size_t __wrap_fwrite(void) { return 0; }
int __wrap_isatty(void);
int __wrap_isatty(void) { return 0; }

void __wrap_globfree(void);
void __wrap_globfree(void) {}
void __wrap_globfree64(void);
void __wrap_globfree64(void) {}

int __wrap_av_random_bytes(uint8_t *bytes, size_t size);
int __wrap_av_random_bytes(uint8_t *bytes, size_t size) {
  for (size_t at = 0; at < size; at += 256) /* the most that getentropy() gives */
    if (getentropy(bytes + at, size - at < 256 ? size - at : 256)) return AVERROR(errno);
  return 0;
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
