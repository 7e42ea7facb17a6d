#include "platform.h"

#if !defined(_WIN32)
#include <errno.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#if defined(__APPLE__)
#include <dlfcn.h>
#include <sys/random.h>
#else
#include <malloc.h>
#endif
#if defined(__linux__)
#include <sys/mman.h>
#include <sys/prctl.h>
#endif

/* ---------------------------------------------------------------------------------------- locks and conditions */

void mutex_init(mutex *mutex) { pthread_mutex_init(mutex, NULL); }
void mutex_free(mutex *mutex) { pthread_mutex_destroy(mutex); }

/* All locks are held for a microsecond or so; to sleep and be woken takes fifty. */
void mutex_lock(mutex *mutex) {
  enum { TRIES = 200 };
  for (int i = 0; i < TRIES; i++) {
    if (pthread_mutex_trylock(mutex) == 0) return;
    pause_processor();
  }
  pthread_mutex_lock(mutex);
}

void mutex_unlock(mutex *mutex) { pthread_mutex_unlock(mutex); }

void condition_init(condition *condition) {
  pthread_condattr_t attributes;
  pthread_condattr_init(&attributes);
#if !defined(__APPLE__) /* no pthread_condattr_setclock(), but a function for relative times */
  pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
#endif
  pthread_cond_init(condition, &attributes);
  pthread_condattr_destroy(&attributes);
}

void condition_free(condition *condition) { pthread_cond_destroy(condition); }
void condition_signal(condition *condition) { pthread_cond_signal(condition); }
void condition_broadcast(condition *condition) { pthread_cond_broadcast(condition); }
void condition_wait(condition *condition, mutex *mutex) { pthread_cond_wait(condition, mutex); }

static struct timespec to_timespec(int64_t nanoseconds) {
  return (struct timespec){nanoseconds / 1000000000, nanoseconds % 1000000000};
}

bool condition_wait_until(condition *condition, mutex *mutex, int64_t time) {
#if defined(__APPLE__)
  int64_t left = time - time_now();
  if (left <= 0) return false;
  struct timespec relative = to_timespec(left);
  return pthread_cond_timedwait_relative_np(condition, mutex, &relative) != ETIMEDOUT;
#else
  struct timespec until = to_timespec(time);
  return pthread_cond_timedwait(condition, mutex, &until) != ETIMEDOUT;
#endif
}

void run_once(once *once, void (*initialize)(void)) { pthread_once(once, initialize); }

/* ---------------------------------------------------------------------------------------- threads */

/* Threads wait most of the time, and decode at most the header of a key frame. */
enum { STACK = 1024 * 1024 };

struct start {
  void (*run)(void *);
  void *opaque;
};

void thread_name(const char *name) {
#if defined(__linux__)
  prctl(PR_SET_NAME, name);
#elif defined(__APPLE__)
  pthread_setname_np(name);
#else
  (void)name;
#endif
}

static void *begin(void *opaque) {
  struct start start = *(struct start *)opaque;
  free(opaque);
  start.run(start.opaque);
  return NULL;
}

bool thread_start(void (*run)(void *), void *opaque) {
  struct start *start = malloc(sizeof(*start));
  if (!start) return false;
  *start = (struct start){run, opaque};
  pthread_t thread;
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setstacksize(&attributes, STACK);
  pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
  int error = pthread_create(&thread, &attributes, begin, start);
  pthread_attr_destroy(&attributes);
  if (error) free(start);
  return !error;
}

static pthread_key_t end_key;
static bool has_end_key;
static void (*end_function)(void *);
static void make_end_key(void) { has_end_key = !pthread_key_create(&end_key, end_function); }

bool thread_at_end(void (*end)(void *), void *opaque) {
  static mutex lock = MUTEX_INITIALIZER;
  static once made = ONCE_INITIALIZER;
  mutex_lock(&lock);
  end_function = end;
  run_once(&made, make_end_key);
  mutex_unlock(&lock);
  return has_end_key && !pthread_setspecific(end_key, opaque);
}

#if defined(__APPLE__)
/* RTLD_NOLOAD: the library is loaded already. On Linux the linker sets the flag (-z nodelete). */
void pin_library(void) {
  Dl_info info;
  if (dladdr((void *)pin_library, &info)) dlopen(info.dli_fname, RTLD_LAZY | RTLD_NOLOAD | RTLD_NODELETE);
}
#else
void pin_library(void) {}
#endif

/* ---------------------------------------------------------------------------------------- the rest */

static int64_t time_of(clockid_t clock) {
  struct timespec time;
  clock_gettime(clock, &time);
  return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

int64_t time_now(void) { return time_of(CLOCK_MONOTONIC); }

int64_t time_worked(void) { return time_of(CLOCK_THREAD_CPUTIME_ID); }

int processor_count(void) { return (int)sysconf(_SC_NPROCESSORS_ONLN); }

void pause_processor(void) {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ volatile("yield");
#endif
}

void *large_pages(size_t size) {
  enum { LARGE_PAGE = 2 * 1024 * 1024 };
  void *pages = aligned_alloc(LARGE_PAGE, size);
#if defined(__linux__) && defined(MADV_HUGEPAGE)
  if (pages) madvise(pages, size, MADV_HUGEPAGE);
#endif
  return pages;
}

void trim_memory(void) {
#if defined(__GLIBC__)
  malloc_trim(0);
#endif
}

#if defined(__GLIBC__)
/* Since glibc 2.25; weak, so that a library linked against an older glibc uses it if the running one has it. */
extern int getentropy(void *bytes, size_t size) __attribute__((weak));
static bool has_entropy(void) { return getentropy != NULL; }
#else
static bool has_entropy(void) { return true; }
#endif

bool random_bytes(void *bytes, size_t size) {
  enum { MAX = 256 }; /* bytes per call of getentropy() */
  if (!has_entropy()) return false;
  for (size_t at = 0; at < size; at += MAX)
    if (getentropy((unsigned char *)bytes + at, size - at < MAX ? size - at : MAX)) return false;
  return true;
}
#else
typedef int windows_has_its_own;
#endif
