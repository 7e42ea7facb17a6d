/* floor 0 */
/*
 * platform.h - functions of the operating system: threads, locks, conditions with relative waits, time, pages of memory.
 * platform.c implements them by POSIX, platform_windows.c by Win32; other files call neither, except sealed.c.
 */
#ifndef AVS_PLATFORM_H
#define AVS_PLATFORM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#if !defined(_WIN32)
#include <pthread.h>
#endif

/* ---------------------------------------------------------------------------------------- locks and conditions */

#if defined(_WIN32)
/* Layouts of SRWLOCK, CONDITION_VARIABLE and INIT_ONCE: windows.h would add thousands of names to every file. */
typedef struct {
  void *pointer;
} mutex, condition, once;
#define MUTEX_INITIALIZER {0}
#define ONCE_INITIALIZER {0}
#else
typedef pthread_mutex_t mutex;
typedef pthread_cond_t condition;
typedef pthread_once_t once;
#define MUTEX_INITIALIZER PTHREAD_MUTEX_INITIALIZER
#define ONCE_INITIALIZER PTHREAD_ONCE_INIT
#endif

void mutex_init(mutex *mutex);
void mutex_free(mutex *mutex);
void mutex_lock(mutex *mutex);
void mutex_unlock(mutex *mutex);

void condition_init(condition *condition);
void condition_free(condition *condition);
/* Wakes one waiting thread. */
void condition_signal(condition *condition);
void condition_broadcast(condition *condition);
/* With the lock held, which is released meanwhile. Spurious wakeups are possible. */
void condition_wait(condition *condition, mutex *mutex);
/* The same, at most until a time of time_now(); false when that is reached. */
bool condition_wait_until(condition *condition, mutex *mutex, int64_t time);

/* Calls `initialize` once. */
void run_once(once *once, void (*initialize)(void));

/* ---------------------------------------------------------------------------------------- threads */

/* Starts a detached thread. False: there are too many threads. */
bool thread_start(void (*run)(void *), void *opaque);
/* Names the calling thread, for `top -H` and debuggers. */
void thread_name(const char *name);
/*
 * Calls `end` with `opaque` when the calling thread ends, but not when the process ends. One `opaque` per thread, and one `end`
 * for all threads. False if there is no memory for it.
 */
bool thread_at_end(void (*end)(void *), void *opaque);
/* Keeps the library loaded until the process ends: its threads, and the functions for the ends of others, need it. */
void pin_library(void);

/* ---------------------------------------------------------------------------------------- the rest */

/* Nanoseconds of a monotonic clock. */
int64_t time_now(void);
/* Processor time of this thread, in nanoseconds. */
int64_t time_worked(void);
int processor_count(void);
/* For the inside of a spin loop. */
void pause_processor(void);
/* For free(): `size` bytes, a multiple of 2 MiB, in large pages if the system has them. NULL if there is no memory. */
void *large_pages(size_t size);
/* Returns free memory of the allocator to the system. */
void trim_memory(void);
/* Cryptographically secure random bytes; false if the system has none. */
bool random_bytes(void *bytes, size_t size);

#endif
