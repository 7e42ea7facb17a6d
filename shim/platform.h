/* floor 0 */
/*
 * platform.h - what the operating system gives: threads, locks, conditions with relative waits, time, pages of memory.
 * platform.c has it from POSIX, platform_windows.c from Win32; nobody else knows their names, beside sealed.c.
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
/* SRWLOCK, CONDITION_VARIABLE and INIT_ONCE: windows.h would bring its thousands of names to everybody. */
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
/* Wakes one of those who wait. */
void condition_signal(condition *condition);
void condition_broadcast(condition *condition);
/* With the lock held, which is let go of meanwhile. It may return for no reason. */
void condition_wait(condition *condition, mutex *mutex);
/* The same, until a time of time_now() at most; false when that is reached. */
bool condition_wait_until(condition *condition, mutex *mutex, int64_t time);

/* Calls `initialize` the first time. */
void run_once(once *once, void (*initialize)(void));

/* ---------------------------------------------------------------------------------------- threads */

/* A thread that nobody waits for. False: there are too many. */
bool thread_start(void (*run)(void *), void *opaque);
/* Of the calling thread: what `top -H` and debuggers show. */
void thread_name(const char *name);
/*
 * Calls `end` with `opaque` when the calling thread ends; not when the process does. One such pair for a thread, and one
 * `end` for all.
 */
void thread_at_end(void (*end)(void *), void *opaque);
/* The library stays loaded whatever the program does: its threads, and what runs at the end of others, are in it. */
void pin_library(void);

/* ---------------------------------------------------------------------------------------- the rest */

/* Nanoseconds of a clock that nobody sets. */
int64_t time_now(void);
/* The same, that this thread was at work for. */
int64_t time_worked(void);
int processor_count(void);
/* Inside a loop that waits for another thread without sleeping. */
void pause_processor(void);
/* For free(): `size` bytes, in large pages where there are any; a multiple of 2 MiB. NULL without memory. */
void *large_pages(size_t size);
/* For free() and realloc(): `size` bytes at a multiple of `align`, a power of two. NULL without memory. */
void *aligned_block(size_t align, size_t size);
/* Bytes that malloc() and its kin have really given for a block: all of them may be used. */
size_t block_size(void *block);
/* Gives back what allocators keep for later. */
void trim_memory(void);
/* Bytes that nobody can guess; false where the system has none. */
bool random_bytes(void *bytes, size_t size);

#endif
