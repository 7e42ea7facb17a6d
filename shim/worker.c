/*
 * worker.c - the async engine: a session's own thread, which runs the operations that JavaScript starts. When one wants
 * something of JavaScript, the thread puts an event into the isolate's queue and waits for the answer; nothing here
 * calls into JavaScript.
 */
#if defined(__linux__)
#include <malloc.h>
#include <sys/prctl.h>
#endif

#include "internal.h"

/* Threads wait most of the time, and decode at most the header of a key frame. */
enum { STACK = 1024 * 1024 };

/* What is below belongs to whoever holds the isolate's lock. */
struct worker {
  pthread_t thread;
  pthread_cond_t wake;
  uint32_t operation; /* to run or running, 0: none */
  double slot[AVS_SLOT_SIZE];
  double handle; /* of the session, for its events */
  bool closing;
};

static _Thread_local struct session *worked_on;

bool on_worker(const struct session *session) { return worked_on == session; }

void worker_lock(struct session *session) {
  if (session->worker) pthread_mutex_lock(&session->isolate->lock);
}

void worker_unlock(struct session *session) {
  if (session->worker) pthread_mutex_unlock(&session->isolate->lock);
}

void worker_wake(struct session *session) {
  if (session->worker) pthread_cond_signal(&session->worker->wake);
}

bool worker_is_out(const struct session *session) { return session->worker && session->worker->operation; }

static bool is_over(const struct session *session) { return session->canceled || session->isolate->dead; }

bool worker_wait(struct session *session) {
  if (!is_over(session)) pthread_cond_wait(&session->worker->wake, &session->isolate->lock);
  return !is_over(session);
}

void worker_tell(struct session *session, double io, double kind, double a, double b, double c) {
  struct event event = {{session->worker->handle, io, kind, a, b, c}};
  /* Without memory for an event the session can only end. */
  if (!is_over(session) && !isolate_push(session->isolate, event)) session->canceled = true;
}

static void run_operation(struct session *session) {
  struct worker *worker = session->worker;
  uint32_t operation = worker->operation;
  pthread_mutex_unlock(&session->isolate->lock);
  session_execute(session, operation, worker->slot, NULL, 0);
  pthread_mutex_lock(&session->isolate->lock);
  worker->operation = 0;
  struct event done = {{worker->handle, 0, AVS_EVENT_DONE, 0, 0, 0}}; /* canceled or not */
  if (worker->closing) isolate_release(session->isolate);
  else isolate_push_reserved(session->isolate, done);
}

/* glibc keeps what a crowd of threads has freed, 90 MB of a thousand: it is given back when the last one goes. */
static void count_worker(int change) {
  enum { CROWD = 64 };
  static atomic_int live, most;
  int now = atomic_fetch_add(&live, change) + change;
  if (now > most) most = now;
#if defined(__GLIBC__)
  if (now == 0 && most >= CROWD) {
    most = 0;
    malloc_trim(0);
  }
#endif
}

/* What `top -H` and debuggers show. */
static void name_thread(void) {
#if defined(__linux__)
  prctl(PR_SET_NAME, "avio");
#elif defined(__APPLE__)
  pthread_setname_np("avio");
#endif
}

static void *work(void *opaque) {
  struct session *session = opaque;
  struct isolate *isolate = session->isolate;
  struct worker *worker = session->worker;
  worked_on = session;
  name_thread();
  count_worker(1);
  pthread_mutex_lock(&isolate->lock);
  while (!worker->closing) {
    if (worker->operation) run_operation(session);
    else pthread_cond_wait(&worker->wake, &isolate->lock);
  }
  if (worker->operation) isolate_release(isolate); /* closed before it began */
  pthread_mutex_unlock(&isolate->lock);
  pthread_cond_destroy(&worker->wake);
  session_destroy(session);
  free(worker);
  count_worker(-1);
  return NULL;
}

static struct worker *worker_new(struct session *session) {
  struct worker *worker = calloc(1, sizeof(*worker));
  if (!worker) return NULL;
  worker->handle = session->object.handle;
  pthread_cond_init(&worker->wake, NULL);
  session->worker = worker;
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setstacksize(&attributes, STACK);
  pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
  int error = pthread_create(&worker->thread, &attributes, work, session);
  pthread_attr_destroy(&attributes);
  if (!error) return worker;
  session->worker = NULL;
  pthread_cond_destroy(&worker->wake);
  free(worker);
  return NULL;
}

void worker_close(struct session *session) {
  struct isolate *isolate = session->isolate;
  struct worker *worker = session->worker;
  pthread_mutex_lock(&isolate->lock);
  session->canceled = true;
  worker->closing = true;
  pthread_cond_signal(&worker->wake);
  pthread_mutex_unlock(&isolate->lock);
}

int32_t avs_start(double handle, uint32_t operation, const double *slot) {
  struct session *session = find_session(handle);
  if (!session) return AVERROR(EBADF);
  if (session->running) return AVERROR(EBUSY);
  if (!operation) return AVERROR(EINVAL);
  struct worker *worker = session->worker ? session->worker : worker_new(session);
  if (!worker) return AVERROR(EAGAIN); /* no more threads */
  pthread_mutex_lock(&session->isolate->lock);
  session->running = isolate_reserve(session->isolate);
  if (session->running) {
    memcpy(worker->slot, slot, sizeof(worker->slot));
    worker->operation = operation;
    session->batches.stopping = false;
    pthread_cond_signal(&worker->wake);
  }
  pthread_mutex_unlock(&session->isolate->lock);
  return session->running ? 0 : AVERROR(ENOMEM);
}

int32_t avs_finish(double handle, double *slot) {
  struct session *session = find_session(handle);
  if (!session || !session->worker) return AVERROR(EBADF);
  if (!session->running || session->called) return AVERROR(EINVAL);
  pthread_mutex_lock(&session->isolate->lock);
  bool over = !session->worker->operation;
  if (over) memcpy(slot, session->worker->slot, sizeof(session->worker->slot));
  pthread_mutex_unlock(&session->isolate->lock);
  if (!over) return AVERROR(EBUSY);
  session->running = false;
  return 0;
}

int32_t avs_cancel(double handle) {
  struct session *session = find_session(handle);
  if (!session) return AVERROR(EBADF);
  worker_lock(session);
  session->canceled = true;
  worker_wake(session);
  worker_unlock(session);
  return 0;
}

int32_t avs_stop(double handle) {
  struct session *session = find_session(handle);
  if (!session) return AVERROR(EBADF);
  worker_lock(session);
  session->batches.stopping = true;
  worker_wake(session);
  worker_unlock(session);
  return 0;
}
