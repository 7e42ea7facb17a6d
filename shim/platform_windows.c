/* floor 0 */
/*
 * platform_windows.c - platform.h for Windows 10 and newer.
 */
#include "platform.h"

#if defined(_WIN32)
#define WIN32_LEAN_AND_MEAN
#include <windows.h>
/* after it */
#include <bcrypt.h>
#include <malloc.h>
#include <process.h>
#include <stdlib.h>

/* ---------------------------------------------------------------------------------------- locks and conditions */

_Static_assert(sizeof(mutex) == sizeof(SRWLOCK), "a mutex is an SRWLOCK");
_Static_assert(sizeof(condition) == sizeof(CONDITION_VARIABLE), "a condition is a CONDITION_VARIABLE");
_Static_assert(sizeof(once) == sizeof(INIT_ONCE), "a once is an INIT_ONCE");

void mutex_init(mutex *mutex) { mutex->pointer = NULL; }
void mutex_free(mutex *mutex) { (void)mutex; }
void mutex_lock(mutex *mutex) { AcquireSRWLockExclusive((SRWLOCK *)mutex); }
void mutex_unlock(mutex *mutex) { ReleaseSRWLockExclusive((SRWLOCK *)mutex); }

void condition_init(condition *condition) { condition->pointer = NULL; }
void condition_free(condition *condition) { (void)condition; }
void condition_signal(condition *condition) { WakeConditionVariable((CONDITION_VARIABLE *)condition); }
void condition_broadcast(condition *condition) { WakeAllConditionVariable((CONDITION_VARIABLE *)condition); }

void condition_wait(condition *condition, mutex *mutex) {
  SleepConditionVariableSRW((CONDITION_VARIABLE *)condition, (SRWLOCK *)mutex, INFINITE, 0);
}

bool condition_wait_until(condition *condition, mutex *mutex, int64_t time) {
  enum { MILLISECOND = 1000000, LONGEST = 24 * 3600 * 1000 };
  int64_t left = time - time_now();
  if (left <= 0) return false;
  int64_t milliseconds = (left + MILLISECOND - 1) / MILLISECOND;
  DWORD wait = (DWORD)(milliseconds < LONGEST ? milliseconds : LONGEST);
  if (SleepConditionVariableSRW((CONDITION_VARIABLE *)condition, (SRWLOCK *)mutex, wait, 0)) return true;
  return time_now() < time;
}

static BOOL CALLBACK initialize_once(INIT_ONCE *once, void *initialize, void **context) {
  (void)once;
  (void)context;
  (*(void (**)(void))initialize)();
  return TRUE;
}

void run_once(once *once, void (*initialize)(void)) {
  InitOnceExecuteOnce((INIT_ONCE *)once, initialize_once, &initialize, NULL);
}

/* ---------------------------------------------------------------------------------------- threads */

/* Threads wait most of the time, and decode at most the header of a key frame. */
enum { STACK = 1024 * 1024 };

struct start {
  void (*run)(void *);
  void *opaque;
};

/* Not needed: names of threads are for debuggers only, which also show addresses. */
void thread_name(const char *name) { (void)name; }

static unsigned __stdcall begin(void *opaque) {
  struct start start = *(struct start *)opaque;
  free(opaque);
  start.run(start.opaque);
  return 0;
}

bool thread_start(void (*run)(void *), void *opaque) {
  struct start *start = malloc(sizeof(*start));
  if (!start) return false;
  *start = (struct start){run, opaque};
  uintptr_t thread = _beginthreadex(NULL, STACK, begin, start, STACK_SIZE_PARAM_IS_A_RESERVATION, NULL);
  if (!thread) {
    free(start);
    return false;
  }
  CloseHandle((HANDLE)thread);
  return true;
}

static DWORD end_index = FLS_OUT_OF_INDEXES;
static void (*end_function)(void *);

BOOLEAN NTAPI RtlDllShutdownInProgress(void);

/* This is also called when the process ends; then other threads have been killed, perhaps with locks held. */
static void CALLBACK on_thread_end(void *opaque) {
  if (opaque && !RtlDllShutdownInProgress()) end_function(opaque);
}

static void make_end_index(void) { end_index = FlsAlloc(on_thread_end); }

bool thread_at_end(void (*end)(void *), void *opaque) {
  static mutex lock = MUTEX_INITIALIZER;
  static once made = ONCE_INITIALIZER;
  mutex_lock(&lock);
  end_function = end;
  run_once(&made, make_end_index);
  mutex_unlock(&lock);
  return end_index != FLS_OUT_OF_INDEXES && FlsSetValue(end_index, opaque);
}

void pin_library(void) {
  HMODULE module;
  GetModuleHandleExW(GET_MODULE_HANDLE_EX_FLAG_PIN | GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS, (LPCWSTR)(void *)pin_library,
                     &module);
}

/* ---------------------------------------------------------------------------------------- the rest */

int64_t time_now(void) {
  LARGE_INTEGER count, frequency;
  QueryPerformanceCounter(&count);
  QueryPerformanceFrequency(&frequency);
  int64_t seconds = count.QuadPart / frequency.QuadPart, rest = count.QuadPart % frequency.QuadPart;
  return seconds * 1000000000 + rest * 1000000000 / frequency.QuadPart;
}

static int64_t hundreds(FILETIME time) { return (int64_t)time.dwHighDateTime << 32 | time.dwLowDateTime; }

int64_t time_worked(void) {
  FILETIME made, ended, kernel, user;
  if (!GetThreadTimes(GetCurrentThread(), &made, &ended, &kernel, &user)) return 0;
  return (hundreds(kernel) + hundreds(user)) * 100;
}

int processor_count(void) {
  SYSTEM_INFO info;
  GetSystemInfo(&info);
  return (int)info.dwNumberOfProcessors;
}

void pause_processor(void) { YieldProcessor(); }

/* Large pages need a privilege that processes usually don't have. */
void *large_pages(size_t size) { return malloc(size); }

void trim_memory(void) {}

bool random_bytes(void *bytes, size_t size) {
  return BCryptGenRandom(NULL, bytes, (ULONG)size, BCRYPT_USE_SYSTEM_PREFERRED_RNG) == 0;
}
#else
typedef int posix_has_its_own;
#endif
