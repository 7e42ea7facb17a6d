/*
 * check.h - CHECK() of the C programs that test the shim: counts and prints failures, on any thread.
 */
#ifndef CHECK_H
#define CHECK_H

#include <stdatomic.h>
#include <stdio.h>

#ifdef _WIN32
#define alarm(seconds) ((void)(seconds)) /* Windows has none: the script that runs these has its own limit */
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
