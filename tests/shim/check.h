/*
 * check.h - what the C programs that drive the shim count and print when something is wrong. From any thread.
 */
#ifndef CHECK_H
#define CHECK_H

#include <stdatomic.h>
#include <stdio.h>

#ifdef _WIN32
#define alarm(seconds) ((void)(seconds)) /* there is none: what runs these has a limit of its own */
#endif

static atomic_int failures;

#define CHECK(condition, ...)                                         \
  do {                                                                \
    if (!(condition)) {                                               \
      failures++;                                                     \
      fprintf(stderr, "%s:%d: %s: ", __FILE__, __LINE__, #condition); \
      fprintf(stderr, __VA_ARGS__);                                   \
      fputc('\n', stderr);                                            \
    }                                                                 \
  } while (0)

#endif
