#include "channel.h"

#include <libavutil/error.h>

#include "io.h"

static _Thread_local struct channel *current; /* this thread works for it */
static _Thread_local struct channel *own;     /* this thread belongs to it */

/* ---------------------------------------------------------------------------------------- life */

bool channel_init(struct channel *channel, struct client *client) {
  channel->isolate = this_isolate();
  channel->client = client;
  channel->acting = &channel->plain;
  channel->account = account_new();
  bool made = client && channel->account;
  if (!made || !handle_new(&channel->isolate->handles, &channel->object, KIND_SESSION)) {
    account_free(channel->account);
    return false;
  }
  client_ref(client);
  mutex_init(&channel->lock);
  condition_init(&channel->wake);
  return true;
}

static void free_ios(struct io **list) {
  while (*list) {
    struct io *io = *list;
    *list = io->next;
    io_free(io);
  }
}

void channel_free(struct channel *channel) {
  free_ios(&channel->stand_ins);
  free_ios(&channel->ios);
  text_free(&channel->log.text);
  warnings_free(&channel->log.warnings);
  endpoint_free(&channel->plain);
  condition_free(&channel->wake);
  mutex_free(&channel->lock);
  account_free(channel->account);
  client_unref(channel->client);
}

struct channel *find_channel(double handle) {
  struct isolate *isolate = this_isolate();
  return isolate ? (struct channel *)handle_find(&isolate->handles, handle, KIND_SESSION) : NULL;
}

void channel_free_handles(struct channel *channel) {
  struct handles *handles = &channel->isolate->handles;
  channel_lock(channel);
  for (struct io *io = channel->ios; io; io = io->next) handle_free(handles, &io->object);
  handle_free(handles, &channel->object);
  channel_unlock(channel);
}

struct channel *channel_enter(struct channel *channel) {
  struct channel *before = current;
  current = channel;
  log_to(channel ? &channel->log : NULL);
  account_enter(channel ? channel->account : NULL);
  return before;
}

struct channel *channel_current(void) { return current; }

/* ---------------------------------------------------------------------------------------- endpoints */

static void use(struct endpoint *endpoint, bool used) {
  if (endpoint->io) endpoint->io->used = used;
}

void channel_attach(struct channel *channel, struct endpoint *endpoint) {
  use(endpoint, true);
  channel->endpoints[endpoint->direction] = channel->acting = endpoint;
}

int64_t endpoint_bytes(const struct endpoint *endpoint) {
  const struct io *io = endpoint->io;
  return endpoint->nested_bytes + (!io ? 0 : endpoint->direction == AVS_INPUT ? io->transferred : io->end);
}

void channel_detach(struct channel *channel, struct endpoint *endpoint) {
  use(endpoint, false);
  channel->bytes_before[endpoint->direction] += endpoint_bytes(endpoint);
  channel->endpoints[endpoint->direction] = NULL;
  channel->acting = &channel->plain;
}

int64_t channel_bytes(const struct channel *channel, uint32_t direction) {
  const struct endpoint *endpoint = channel->endpoints[direction];
  return channel->bytes_before[direction] + (endpoint ? endpoint_bytes(endpoint) : 0);
}

bool has_pending_request(const struct channel *channel) {
  for (const struct io *io = channel->ios; io; io = io->next)
    if (is_pending(io)) return true;
  return false;
}

/* ---------------------------------------------------------------------------------------- between two threads */

void channel_adopt(struct channel *channel) { own = channel; }

bool is_own_thread(const struct channel *channel) { return own == channel; }

void channel_lock(struct channel *channel) {
  if (channel->threaded) mutex_lock(&channel->lock);
}

void channel_unlock(struct channel *channel) {
  if (channel->threaded) mutex_unlock(&channel->lock);
}

void channel_wake(struct channel *channel) {
  if (channel->threaded) condition_signal(&channel->wake);
}

bool channel_wait(struct channel *channel) {
  if (!channel->canceled) condition_wait(&channel->wake, &channel->lock);
  return !channel->canceled;
}

void channel_post(struct channel *channel, double io, double kind, double a, double b, double c) {
  struct event event = {{channel->object.handle, io, kind, a, b, c}};
  if (channel->canceled || client_push(channel->client, event)) return;
  channel_fail(channel, AVERROR(ENOMEM)); /* without the event, the session can only end */
  channel->canceled = true;
}

void channel_post_packets(struct channel *channel) {
  if (!channel->packets.wanted || !channel->packets.ready) return;
  channel_post(channel, 0, AVS_EVENT_READY, 0, 0, 0);
  channel->packets.wanted = channel->packets.ready = false;
}

/* A demuxer sleeps for 100 ms at a time. A much longer pause is a wait for something else, or the thread was not scheduled. */
#define MIN_SLEEP 50000000
#define MAX_SLEEP 500000000

/* The fuzzer's build sleeps for a hundredth of the time, and counts all of it. */
#ifdef AVIO_FUZZER
#include <time.h>
#undef MAX_SLEEP
#define MAX_SLEEP INT64_MAX
enum { SHORTENED = 100 };

int __wrap_av_usleep(unsigned microseconds);
int __wrap_av_usleep(unsigned microseconds) {
  const long nanoseconds = (long)microseconds * 1000 / SHORTENED;
  return nanosleep(&(struct timespec){nanoseconds / 1000000000, nanoseconds % 1000000000}, NULL);
}
#else
enum { SHORTENED = 1 };
#endif

void channel_note_sleep(struct channel *channel) {
  channel_lock(channel);
  channel_post_packets(channel);
  channel_unlock(channel);
  struct sleeping *sleeping = &channel->sleeping;
  int64_t now = time_now(), passed = (now - sleeping->seen) * SHORTENED;
  if (sleeping->requests != channel->requests) {
    sleeping->duration = 0;
  } else if (passed < MIN_SLEEP) {
    return; /* most calls: it does not sleep, or not yet */
  } else if (passed < MAX_SLEEP && time_worked() - sleeping->worked < passed / 4) {
    sleeping->duration += passed;
    sleeping->total += passed;
  }
  sleeping->seen = now;
  sleeping->worked = time_worked();
  sleeping->requests = channel->requests;
}

bool channel_stops_program(const struct channel *channel) { return channel->called; }

int32_t avs_slept(double handle) {
  struct channel *channel = find_channel(handle);
  if (!channel) return AVERROR(EBADF);
  int64_t milliseconds = channel->sleeping.duration / 1000000;
  return milliseconds < INT32_MAX ? (int32_t)milliseconds : INT32_MAX;
}

bool is_over(const struct channel *channel) {
  return channel->failed || channel->canceled || is_exceeded(channel->account);
}

int over_error(const struct channel *channel) {
  if (!is_over(channel)) return 0;
  return channel->failed ? (int)channel->failed : AVERROR_EXIT;
}

void channel_cancel(struct channel *channel) {
  account_end(channel->account);
  channel_lock(channel);
  channel->canceled = true;
  channel_wake(channel);
  channel_unlock(channel);
}

void channel_fail(struct channel *channel, int64_t error) {
  long long none = 0;
  atomic_compare_exchange_strong(&channel->failed, &none, error);
}

int32_t avs_cancel(double handle) {
  struct channel *channel = find_channel(handle);
  if (!channel) return AVERROR(EBADF);
  channel_cancel(channel);
  return 0;
}

int32_t avs_stop(double handle) {
  struct channel *channel = find_channel(handle);
  if (!channel) return AVERROR(EBADF);
  channel_lock(channel);
  channel->stopping = true;
  channel_wake(channel);
  channel_unlock(channel);
  return 0;
}

/* ---------------------------------------------------------------------------------------- log */

int32_t avs_take_log(double handle, char *out, uint32_t capacity) {
  struct channel *channel = find_channel(handle);
  if (!channel) return AVERROR(EBADF);
  if (channel->running) return AVERROR(EBUSY);
  struct text *text = &channel->log.text;
  if (text->size > capacity) return (int32_t)text->size;
  return text_deliver(text, out, capacity);
}

int32_t avs_warnings(double handle, char *out, uint32_t capacity) {
  struct channel *channel = find_channel(handle);
  if (!channel) return AVERROR(EBADF);
  if (channel->running) return AVERROR(EBUSY);
  struct text text = {0};
  warnings_json(&channel->log.warnings, &text);
  return text_deliver(&text, out, capacity);
}
