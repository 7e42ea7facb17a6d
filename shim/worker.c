#include "worker.h"

#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include <libavutil/error.h>

#include "session.h"

/* With the lock held, which is released while the operation runs. */
static void run_operation(struct session *session) {
  struct channel *channel = &session->channel;
  uint32_t operation = session->operation;
  channel->prefetches = operation == AVS_OP_READ || operation == AVS_OP_REMUX;
  channel_unlock(channel);
  session_execute(session, operation, session->slot, NULL, 0);
  channel_lock(channel);
  channel->prefetches = channel->out = false;
  struct event done = {{channel->object.handle, 0, AVS_EVENT_DONE, 0, 0, 0}}; /* sent also if the session was canceled */
  if (session->closing) client_release(channel->client);
  else client_push_reserved(channel->client, done);
}

/* A new name for each session, since threads are reused. */
static void name_thread(void) {
  static atomic_uint sessions;
  char name[16];
  snprintf(name, sizeof(name), "avio %u", atomic_fetch_add(&sessions, 1) % 1000000000);
  thread_name(name);
}

static void work_for(struct session *session) {
  struct channel *channel = &session->channel;
  name_thread();
  channel_adopt(channel);
  channel_lock(channel);
  while (!session->closing) {
    if (channel->out) run_operation(session);
    else condition_wait(&channel->wake, &channel->lock);
  }
  if (channel->out) client_release(channel->client); /* closed before the operation began */
  channel_unlock(channel);
  channel_adopt(NULL);
  session_destroy(session);
}

/* glibc keeps memory that many threads have freed, 90 MB after a thousand: it is returned when the last one ends. */
static void count_worker(int change) {
  enum { CROWD = 64 };
  static atomic_int live, max;
  int now = atomic_fetch_add(&live, change) + change;
  if (now > max) max = now;
  if (now > 0 || max < CROWD) return;
  max = 0;
  trim_memory();
}

/* ---------------------------------------------------------------------------------------- threads */

/*
 * An idle thread waits a while for another session: for a probe, malloc's arena of a new thread costs more page faults than the
 * work itself. `idle` threads wait, plus one for each session in the queue.
 */
static struct {
  mutex lock;
  condition arrived;
  struct session *first, *last; /* queue of sessions, each for one idle thread */
  int idle;
} pool = {.lock = MUTEX_INITIALIZER};

static once pool_made = ONCE_INITIALIZER;
static void make_pool(void) { condition_init(&pool.arrived); }

/* Hands the session to an idle thread; false if there is none. */
static bool hand_over(struct session *session) {
  run_once(&pool_made, make_pool);
  mutex_lock(&pool.lock);
  bool can = pool.idle > 0;
  if (can) {
    pool.idle--;
    if (pool.first) pool.last->next = session;
    else pool.first = session;
    pool.last = session;
    condition_signal(&pool.arrived);
  }
  mutex_unlock(&pool.lock);
  return can;
}

/* Waits for a session; NULL if none comes for a while, or if enough other threads wait. */
static struct session *next_session(void) {
  enum { MAX_IDLE = 4, NANOSECONDS = 200 * 1000 * 1000 };
  int64_t end = time_now() + NANOSECONDS;
  thread_name("avio idle");
  mutex_lock(&pool.lock);
  bool waits = pool.idle < MAX_IDLE;
  if (waits) pool.idle++;
  while (waits && !pool.first && condition_wait_until(&pool.arrived, &pool.lock, end)) continue;
  struct session *session = waits ? pool.first : NULL;
  if (session) pool.first = session->next;
  else if (waits) pool.idle--;
  mutex_unlock(&pool.lock);
  return session;
}

static void work(void *opaque) {
  count_worker(1);
  for (struct session *session = opaque; session; session = next_session()) work_for(session);
  count_worker(-1);
}

void worker_close(struct session *session) {
  struct channel *channel = &session->channel;
  channel_lock(channel);
  session->closing = true;
  channel_wake(channel);
  channel_unlock(channel);
}

/* `threaded` is set first: no other thread can hold the lock yet. */
static bool start_thread(struct session *session) {
  struct channel *channel = &session->channel;
  channel->threaded = true;
  bool started = hand_over(session) || thread_start(work, session);
  if (!started) channel->threaded = false;
  return started;
}

int32_t avs_start(double handle, uint32_t operation, const double *slot) {
  struct session *session = find_session(handle);
  if (!session) return AVERROR(EBADF);
  struct channel *channel = &session->channel;
  if (channel->running) return AVERROR(EBUSY);
  if (!client_reserve(channel->client)) return AVERROR(ENOMEM);
  if (!channel->threaded && !start_thread(session)) {
    client_release(channel->client);
    return AVERROR(EAGAIN); /* no more threads */
  }
  channel->running = true;
  channel_lock(channel);
  memcpy(session->slot, slot, sizeof(session->slot));
  session->operation = operation;
  channel->out = true;
  channel->stopping = false;
  channel_wake(channel);
  channel_unlock(channel);
  return 0;
}

int32_t avs_finish(double handle, double *slot) {
  struct session *session = find_session(handle);
  if (!session || !session->channel.threaded) return AVERROR(EBADF);
  struct channel *channel = &session->channel;
  if (!channel->running || channel->called) return AVERROR(EINVAL);
  channel_lock(channel);
  bool out = channel->out;
  if (!out) memcpy(slot, session->slot, sizeof(session->slot));
  channel_unlock(channel);
  if (out) return AVERROR(EBUSY);
  channel->running = false;
  return 0;
}
