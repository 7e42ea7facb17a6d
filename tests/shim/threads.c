/*
 * threads.c - uses the async engine of the shim as Deno does: one thread is the isolate, a second one waits for
 * events. Runs to the end, cancels, stops and closes at every point, ends with sessions waiting, answers late, out of
 * order and with errors; files that are named by others, too. It prints failures; races and leaks are found by a sanitizer or valgrind
 * (scripts/shim_test.sh).
 *
 *   threads FILE [MAX]      FILE: video.mp4, with video.ts beside it; MAX: maximum of points at which a run is ended;
 *                           default: all
 */
#include <errno.h>
#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "../../shim/avs.h"
#include "check.h"
#include "own_client.h"

enum { SEEK_FOR_SIZE = 0x10000, BUFFER = 4096, EVENTS = 16, NEVER = 1 << 30, HANG = 120, END_OF_FILE = -541478725 };

static uint8_t *file;
static size_t file_size;


/* ---------------------------------------------------------------------------------------- the waiting thread */

/* Like a nonblocking call in Deno: another thread waits, and the isolate's thread is notified when it returns. */
struct waiter {
  pthread_t thread;
  pthread_mutex_t lock;
  pthread_cond_t change;
  uint32_t client, milliseconds;
  bool asked, answered, over;
  int32_t result;
};

static void *wait_for_events(void *opaque) {
  struct waiter *waiter = opaque;
  pthread_mutex_lock(&waiter->lock);
  while (!waiter->over) {
    if (!waiter->asked) {
      pthread_cond_wait(&waiter->change, &waiter->lock);
      continue;
    }
    uint32_t milliseconds = waiter->milliseconds;
    pthread_mutex_unlock(&waiter->lock);
    int32_t result = avs_wait_events(waiter->client, milliseconds);
    pthread_mutex_lock(&waiter->lock);
    waiter->result = result;
    waiter->asked = false;
    waiter->answered = true;
    pthread_cond_broadcast(&waiter->change);
  }
  pthread_mutex_unlock(&waiter->lock);
  return NULL;
}

static void waiter_start(struct waiter *waiter) {
  memset(waiter, 0, sizeof(*waiter));
  pthread_mutex_init(&waiter->lock, NULL);
  pthread_cond_init(&waiter->change, NULL);
  waiter->client = own_client();
  pthread_create(&waiter->thread, NULL, wait_for_events, waiter);
}

static void waiter_ask(struct waiter *waiter, uint32_t milliseconds) {
  pthread_mutex_lock(&waiter->lock);
  waiter->milliseconds = milliseconds;
  waiter->asked = true;
  waiter->answered = false;
  pthread_cond_broadcast(&waiter->change);
  pthread_mutex_unlock(&waiter->lock);
}

static int32_t waiter_answer(struct waiter *waiter) {
  pthread_mutex_lock(&waiter->lock);
  while (!waiter->answered) pthread_cond_wait(&waiter->change, &waiter->lock);
  int32_t result = waiter->result;
  pthread_mutex_unlock(&waiter->lock);
  return result;
}

static void waiter_end(struct waiter *waiter) {
  pthread_mutex_lock(&waiter->lock);
  waiter->over = true;
  pthread_cond_broadcast(&waiter->change);
  pthread_mutex_unlock(&waiter->lock);
  pthread_join(waiter->thread, NULL);
  pthread_cond_destroy(&waiter->change);
  pthread_mutex_destroy(&waiter->lock);
}

/* ---------------------------------------------------------------------------------------- one session */

/* What to do at the chosen event instead of answering it. */
enum ending {
  RUN,
  STOP,             /* avs_stop() while an answer is pending, then continue */
  FAIL,             /* answer with an error */
  CANCEL,
  CANCEL_THEN_ANSWER,
  CANCEL_THEN_FINISH, /* avs_finish() does not wait */
  CLOSE,
  CLOSE_THEN_ANSWER,
  LEAVE,            /* the isolate's thread ends */
};

struct user {
  double session, source, sink;
  uint32_t sink_flags;
  size_t position;
  int events, taken, end_at;
  int outputs, inputs; /* opened before */
  enum ending ending;
  bool late;   /* writes are answered many events later, or when no other event comes */
  bool pester; /* everything is called also at the wrong time */
  bool exact;  /* reads return no more than requested */
  bool hoard;  /* packets are not taken */
  double transformer;
  int transforms, abort_at; /* 1: inside the first of them; 0: never */
  bool done, closed, left, failed;
  int operation;
  double held[AVS_EVENT_LENGTH]; /* the write that is not answered yet */
  int held_for;                  /* events since then; 0: no such write */
};

static int32_t answer_read(struct user *user, const double *event) {
  size_t left = file_size - user->position, size = (size_t)event[AVS_EVENT_A];
  if (user->events % 3 == 0 && !user->exact) size *= 4; /* more than requested */
  if (size > left) size = left;
  int32_t result = avs_reply_read(event[AVS_EVENT_IO], file + user->position, (uint32_t)size);
  user->position += size;
  return result;
}

static int32_t answer_seek(struct user *user, const double *event) {
  double io = event[AVS_EVENT_IO];
  double to = event[AVS_EVENT_A];
  if ((int)event[AVS_EVENT_B] == SEEK_FOR_SIZE) to = (double)file_size;
  else if (io == user->source) user->position = (size_t)to;
  return avs_reply(io, to);
}

static int32_t answer_write(const double *event) {
  double io = event[AVS_EVENT_IO];
  uint32_t size = (uint32_t)event[AVS_EVENT_A];
  uint8_t *bytes = malloc(size + 1);
  int32_t result = avs_take_write(io, bytes, size);
  unsigned sum = 0;
  for (uint32_t i = 0; result >= 0 && i < size; i++) sum += bytes[i]; /* all bytes must be initialized */
  CHECK(sum != UINT32_MAX, "never");
  free(bytes);
  avs_request_time(io);
  return result < 0 ? result : avs_reply(io, size);
}

/* Puts the packets unchanged. If it is to abort, it cancels half way, and continues regardless. */
static int32_t answer_transform(struct user *user, const double *event) {
  double bytes = 0;
  int32_t count = avs_ready_packets(user->session, &bytes);
  CHECK(count > 0, "nothing to transform");
  double *rows = malloc((size_t)count * AVS_ROW_LENGTH * sizeof(double) + 1);
  uint8_t *data = malloc((size_t)bytes + 1), *at = data;
  CHECK(avs_take_packets(user->session, rows, (uint32_t)count, data, (uint32_t)bytes) == count, "take packets");
  bool aborts = ++user->transforms == user->abort_at;
  for (int32_t i = 0; i < count; i++) {
    double *row = rows + i * AVS_ROW_LENGTH;
    uint32_t size = (uint32_t)row[AVS_ROW_SIZE], side = (uint32_t)row[AVS_ROW_SIDE_SIZE];
    int32_t result = avs_put_packet(user->session, row, at, size, at + size, side);
    CHECK(aborts && i > count / 2 ? result == -EBUSY : result == 0, "put packet: %d", result);
    if (aborts && i == count / 2) CHECK(avs_cancel(user->session) == 0, "cancel");
    at += size + side;
  }
  free(rows);
  free(data);
  int32_t result = avs_reply(event[AVS_EVENT_IO], 0);
  return aborts ? 0 : result;
}

static void answer(struct user *user, const double *event, bool open) {
  int kind = (int)event[AVS_EVENT_KIND];
  if (kind == AVS_REQUEST_TRANSFORM) {
    CHECK(answer_transform(user, event) == 0, "transform");
    return;
  }
  int32_t result = kind == AVS_REQUEST_READ   ? answer_read(user, event)
                   : kind == AVS_REQUEST_SEEK ? answer_seek(user, event)
                                              : answer_write(event);
  CHECK(!open || result >= 0, "request %d was not to be answered: %d", kind, result);
}

static void release(struct user *user, bool open) {
  if (!user->held_for) return;
  user->held_for = 0;
  answer(user, user->held, open);
}

/* Answers now or later. */
static void take_event(struct user *user, const double *event) {
  enum { LATE = 12 };
  bool open = user->end_at == NEVER;
  if (user->late && event[AVS_EVENT_KIND] == AVS_REQUEST_WRITE) {
    CHECK(!user->held_for, "two writes are open");
    memcpy(user->held, event, sizeof(user->held));
    user->held_for = 1;
  } else {
    answer(user, event, open);
    if (user->held_for && user->held_for++ == LATE) release(user, open);
  }
}

/* Takes the packets that are ready; returns their number. */
static int32_t take_ready(double session) {
  double bytes = 0;
  int32_t count = avs_ready_packets(session, &bytes);
  CHECK(count >= 0, "ready: %d", count);
  if (count <= 0) return 0;
  double *rows = malloc((size_t)count * AVS_ROW_LENGTH * sizeof(double));
  uint8_t *data = malloc((size_t)bytes + 1);
  CHECK(avs_take_packets(session, rows, (uint32_t)count, data, (uint32_t)bytes) == count, "take packets");
  double sizes = 0;
  for (int32_t i = 0; i < count; i++)
    sizes += rows[i * AVS_ROW_LENGTH + AVS_ROW_SIZE] + rows[i * AVS_ROW_LENGTH + AVS_ROW_SIDE_SIZE];
  CHECK(sizes == bytes, "rows of %g bytes, %g in all", sizes, bytes);
  free(rows);
  free(data);
  return count;
}

/* Takes packets until there are none: only then an event announces new ones. */
static void take_packets(double session) {
  while (take_ready(session) > 0) continue;
}

/* Calls everything that must not, or need not, be called while an operation runs. */
static void pester(struct user *user) {
  static const char FIELDS[] = "type\0audio\0codec\0mp3";
  double session = user->session;
  char text[256];
  uint8_t byte = 0;
  double slot[AVS_SLOT_SIZE], row[AVS_ROW_LENGTH] = {0, 0, 0, 1, 1, 0, 1, 0, 1, 1000};
  avs_take_log(session, text, sizeof(text));
  avs_refused_url(session, text, sizeof(text));
  avs_unused_options(session, text, sizeof(text));
  CHECK(avs_describe(session, AVS_INPUT, text, sizeof(text)) < 0, "describe");
  CHECK(avs_describe(session, AVS_OUTPUT, text, sizeof(text)) < 0, "describe");
  CHECK(avs_set(session, AVS_SET_OPTIONS, 0, "a\0b", 4) < 0, "set");
  CHECK(avs_add_stream(session, FIELDS, sizeof(FIELDS)) < 0, "add stream");
  CHECK(avs_add_chapter(session, 1, 0, 1) < 0, "add chapter");
  CHECK(avs_can_hold(session, 0) < 0, "can hold");
  CHECK(avs_map_stream(session, 0, 0) < 0, "map stream");
  CHECK(avs_swap_routes(session, 0, 0) < 0, "swap routes");
  CHECK(avs_set_range(session, 0, 1) < 0, "set range");
  CHECK(avs_set_shift(session, 0, 1) < 0, "set shift");
  CHECK(avs_keep_times(session, 1) < 0, "keep times");
  CHECK(avs_set_delay(session, 0, 1) < 0, "set delay");
  CHECK(avs_select_input(session, 0) < 0, "select input");
  CHECK(avs_route(session, 0, row) < 0, "route");
  CHECK(avs_index(session, 0, 0, row, 1) < 0, "index");
  CHECK(avs_io_close(user->sink) < 0 && avs_io_close(user->source) < 0, "close I/O context");
  CHECK(avs_put_packet(session, row, &byte, 1, &byte, 0) < 0, "put packet");
  CHECK(avs_memory_size(user->sink) < 0, "memory size");
  CHECK(avs_memory_read(user->sink, 0, &byte, 1) < 0, "memory read");
  double state[AVS_SAVED_LENGTH];
  CHECK(avs_io_save(user->sink, state, NULL, 0) == -EBUSY, "save");
  CHECK(avs_io_save(user->source, state, NULL, 0) == -EBUSY, "save");
  CHECK(avs_io_restore(user->source, 0, NULL, 0) == -EBUSY, "restore");
  CHECK(avs_io_new_copy(session, &byte, 1, 10) == 0, "a copy while an operation runs");
  CHECK(avs_io_new(session, AVS_IO_CALLBACKS, AVS_IO_READ, 10) == 0, "an I/O context while an operation runs");
  avs_run(session, AVS_OP_READ, slot, NULL, 0, NULL, 0);
  CHECK(slot[0] == -EBUSY, "ran while running");
  avs_set_discard(session, 0, 0);
  avs_take_packets(session, NULL, 0, NULL, 0);
}

static void close_user(struct user *user) {
  if (user->closed) return;
  CHECK(avs_session_close(user->session) == 0, "close");
  user->closed = user->done = true;
}

static void cancel_and_finish(struct user *user) {
  double slot[AVS_SLOT_SIZE] = {0}, state[AVS_SAVED_LENGTH] = {0};
  uint8_t bytes[1 << 16];
  CHECK(avs_cancel(user->session) == 0, "cancel");
  int32_t result = avs_finish(user->session, slot); /* it never waits */
  CHECK(result == 0 || result == -EBUSY, "finish: %d", result);
  CHECK(slot[0] <= 0, "canceled: %d", (int)slot[0]);
  double ios[2] = {user->source, user->sink};
  for (int i = 0; i < 2; i++) {
    int32_t size = avs_io_save(ios[i], state, bytes, sizeof(bytes));
    CHECK(size >= 0 && state[AVS_SAVED_POSITION] >= 0 && state[AVS_SAVED_DEVICE] >= 0, "save: %d", size);
    if (i == 0 && size >= 0 && size <= (int32_t)sizeof(bytes))
      CHECK(state[AVS_SAVED_DEVICE] - size == state[AVS_SAVED_POSITION] &&
                !memcmp(bytes, file + (size_t)state[AVS_SAVED_POSITION], (size_t)size), "other bytes");
  }
  close_user(user);
}

static void end(struct user *user, const double *event) {
  switch (user->ending) {
  case STOP:
    CHECK(avs_stop(user->session) == 0, "stop");
    take_event(user, event);
    break;
  case FAIL:
    user->failed = true;
    avs_reply(event[AVS_EVENT_IO], -EIO);
    break;
  case CANCEL: avs_cancel(user->session); break;
  case CANCEL_THEN_ANSWER:
    avs_cancel(user->session);
    for (int i = 0; i < 20; i++) answer(user, event, false);
    release(user, false);
    break;
  case CANCEL_THEN_FINISH: cancel_and_finish(user); break;
  case CLOSE: close_user(user); break;
  case CLOSE_THEN_ANSWER:
    close_user(user);
    answer(user, event, false);
    break;
  case LEAVE: user->left = user->done = true; break;
  case RUN: break;
  }
}

static void on_event(struct user *user, const double *event) {
  if (event[AVS_EVENT_KIND] == AVS_EVENT_DONE) {
    user->done = true;
  } else if (event[AVS_EVENT_KIND] == AVS_EVENT_READY) {
    if (user->hoard) return;
    take_packets(user->session);
    avs_set_discard(user->session, 0, user->taken % 2);
    if (user->taken++ == 2) CHECK(avs_stop(user->session) == 0, "stop");
    take_packets(user->session);
  } else if (user->events++ < user->end_at) {
    take_event(user, event);
    if (user->pester && !user->done) pester(user);
  } else {
    end(user, event);
  }
}

static int dispatch(struct user *users, int count, uint32_t patience) {
  double events[EVENTS * AVS_EVENT_LENGTH];
  int32_t ready = avs_take_events(own_client(), events, EVENTS, patience);
  for (int i = 0; i < ready; i++) {
    const double *event = events + i * AVS_EVENT_LENGTH;
    for (int j = 0; j < count; j++)
      if (event[AVS_EVENT_SESSION] == users[j].session && !users[j].closed && !users[j].left)
        on_event(&users[j], event);
  }
  return ready;
}

/* Handles events until all users are done. */
static void pump(struct waiter *waiter, struct user *users, int count) {
  for (int turn = 0;; turn++) {
    bool pending = false, holds = false;
    for (int i = 0; i < count; i++) pending |= !users[i].done, holds |= users[i].held_for > 0;
    if (!pending) return;
    if (turn % 4 && dispatch(users, count, 100)) continue; /* like the isolate's thread, which waits itself */
    waiter_ask(waiter, holds ? 1 : AVS_WAIT_MS);
    CHECK(waiter_answer(waiter) >= 0, "the isolate is not dead");
    if (dispatch(users, count, 0)) continue;
    for (int i = 0; i < count; i++) /* no further events */
      if (!users[i].done) release(&users[i], users[i].end_at == NEVER);
  }
}

/* Reads, seeks and remuxes a source: a part of it to one output, the rest and another source to the next output. */
static const int program[] = {AVS_OP_OPEN_INPUT,   AVS_OP_READ,   AVS_OP_SEEK,    AVS_OP_READ,  AVS_OP_OPEN_OUTPUT,
                              AVS_OP_HEADER,       AVS_OP_SEEK,   AVS_OP_REMUX,   AVS_OP_FLUSH, AVS_OP_TRAILER,
                              AVS_OP_CLOSE_OUTPUT, AVS_OP_OPEN_OUTPUT, AVS_OP_HEADER, AVS_OP_REMUX, AVS_OP_CLOSE_INPUT,
                              AVS_OP_OPEN_INPUT,   AVS_OP_REMUX,  AVS_OP_TRAILER, AVS_OP_CLOSE_OUTPUT};
enum { STEPS = sizeof(program) / sizeof(*program), MANY = 8 };

static void set(double session, uint32_t what, const char *text, uint32_t size) {
  CHECK(avs_set(session, what, 0, text, size) >= 0, "set");
}

static const char VIDEO[] = "type\0video\0codec\0mpeg4\0width\0" "64\0height\0" "64";
static const char AUDIO[] = "type\0audio\0codec\0mp3\0sampleRate\0" "44100\0channels\0" "1";

static void add_streams(struct user *user) {
  for (int i = 0; i < 2; i++) {
    int32_t index = i ? avs_add_stream(user->session, AUDIO, sizeof(AUDIO)) : avs_add_stream(user->session, VIDEO, sizeof(VIDEO));
    CHECK(index == i, "add stream: %d", index);
    avs_map_stream(user->session, i, i);
  }
}

static double new_source(struct user *user) {
  return avs_io_new(user->session, AVS_IO_CALLBACKS, AVS_IO_READ | AVS_IO_SEEK, BUFFER);
}

static double new_sink(struct user *user) {
  return avs_io_new(user->session, AVS_IO_CALLBACKS, AVS_IO_WRITE | AVS_IO_SEEK | user->sink_flags, BUFFER);
}

/* Closes the I/O context of the previous source, and opens a new one. */
static void replace_source(struct user *user) {
  CHECK(avs_io_close(user->source) == 0, "close source");
  CHECK(avs_io_close(user->source) < 0, "closed twice");
  user->source = new_source(user);
  user->position = 0;
  CHECK(avs_set_shift(user->session, -10, NAN) == 0, "set shift");
}

static void replace_sink(struct user *user) {
  CHECK(avs_io_close(user->sink) == 0, "close sink");
  user->sink = new_sink(user);
}

static void prepare(struct user *user, int operation, double *slot) {
  memset(slot, 0, AVS_SLOT_SIZE * sizeof(*slot));
  switch (operation) {
  case AVS_OP_OPEN_INPUT:
    if (user->inputs++) replace_source(user);
    slot[1] = user->source, slot[2] = 1;
    break;
  case AVS_OP_READ: slot[1] = 20, slot[2] = 1 << 16; break;
  case AVS_OP_SEEK: slot[1] = -1, slot[2] = 0, slot[3] = -INFINITY, slot[4] = 0, slot[5] = 1; break;
  case AVS_OP_CLOSE_INPUT: CHECK(avs_io_close(user->source) == -EBUSY, "closed while an input reads through it"); break;
  case AVS_OP_CLOSE_OUTPUT: CHECK(avs_io_close(user->sink) == -EBUSY, "closed while an output writes through it"); break;
  case AVS_OP_OPEN_OUTPUT:
    if (user->outputs++) replace_sink(user);
    set(user->session, AVS_SET_OUTPUT, "format\0matroska", 16);
    break;
  case AVS_OP_HEADER:
    add_streams(user);
    slot[1] = user->sink;
    break;
  case AVS_OP_REMUX:
    for (int i = 0; i < 2; i++) avs_set_discard(user->session, i, 0);
    slot[1] = INFINITY;
    slot[3] = user->inputs == 1 && user->outputs == 1 ? 1 : NAN;
    slot[5] = 0;
    break;
  default: break;
  }
}

static void user_start(struct user *user, enum ending ending, int end_at, int number) {
  static const uint32_t kinds[] = {0, AVS_IO_BULK, AVS_IO_DIRECT};
  memset(user, 0, sizeof(*user));
  user->session = avs_session_new(own_client());
  user->sink_flags = kinds[number % 3];
  user->source = new_source(user);
  user->sink = new_sink(user);
  CHECK(user->session && user->source && user->sink, "new");
  user->ending = ending;
  user->end_at = end_at;
  user->late = number / 3 % 2;
}

static void start(struct user *user, int operation, double *slot) {
  user->done = false;
  user->operation = operation;
  int32_t result = avs_start(user->session, (uint32_t)operation, slot);
  CHECK(result == 0, "start %d: %d", operation, result);
  CHECK(avs_start(user->session, (uint32_t)operation, slot) == -EBUSY, "started twice");
}

static void finish(struct user *user, double *slot) {
  double again[AVS_SLOT_SIZE];
  CHECK(avs_finish(user->session, slot) == 0, "finish");
  CHECK(avs_finish(user->session, again) < 0, "finished twice");
  CHECK(avs_stop(user->session) == 0, "stop after it was done");
  bool good = slot[0] >= 0 || (user->operation == AVS_OP_READ && slot[0] == END_OF_FILE);
  if (user->ending == RUN || user->ending == STOP) CHECK(good, "operation %d: %d", user->operation, (int)slot[0]);
  if (user->failed && user->operation == AVS_OP_TRAILER) CHECK(slot[0] < 0, "a failed request is no success");
}

/* Sessions that run the program side by side; returns the number of events of the first. */
static int run(struct waiter *waiter, struct user *users, int count) {
  double slots[MANY][AVS_SLOT_SIZE];
  for (int step = 0; step < STEPS; step++) {
    for (int i = 0; i < count; i++) {
      struct user *user = &users[i];
      if (user->closed || user->left) continue;
      prepare(user, program[step], slots[i]);
      start(user, program[step], slots[i]);
      if (program[step] == AVS_OP_READ) take_packets(user->session);
    }
    pump(waiter, users, count);
    for (int i = 0; i < count; i++) {
      struct user *user = &users[i];
      if (user->closed || user->left) continue;
      finish(user, slots[i]);
      int state = user->outputs == 1 ? AVS_REMUX_BREAK : AVS_REMUX_END;
      if (program[step] == AVS_OP_REMUX && user->ending == RUN) CHECK(slots[i][1] == state, "remuxed to %g", slots[i][1]);
      if (slots[i][0] < 0 && slots[i][0] != END_OF_FILE) close_user(user);
      if (program[step] == AVS_OP_READ && !user->closed) take_packets(user->session);
    }
  }
  for (int i = 0; i < count; i++)
    if (!users[i].left) close_user(&users[i]);
  return users[0].events;
}

/* ---------------------------------------------------------------------------------------- runs */

static int with_isolate(enum ending ending, int end_at, int count, int number) {
  struct waiter waiter;
  struct user users[MANY];
  waiter_start(&waiter);
  for (int i = 0; i < count; i++) user_start(&users[i], ending, end_at, number + i);
  int events = run(&waiter, users, count);
  waiter_end(&waiter);
  return events;
}

static void *clean_isolate(void *opaque) {
  (void)opaque;
  return (void *)(intptr_t)with_isolate(RUN, NEVER, 6, 0);
}

struct point {
  enum ending ending;
  int at;
};

static void *ending_isolate(void *opaque) {
  const struct point *point = opaque;
  with_isolate(point->ending, point->at, 2, point->at);
  return NULL;
}

/* The isolate's thread ends while another thread waits for its events, and sessions wait for answers. */
static void *abandoning_isolate(void *opaque) {
  struct waiter *waiter = opaque;
  struct user users[3];
  waiter_start(waiter);
  for (int i = 0; i < 3; i++) user_start(&users[i], LEAVE, i, i);
  run(waiter, users, 3);
  waiter_ask(waiter, AVS_WAIT_MS);
  return NULL;
}

static void *pestered_isolate(void *opaque) {
  struct waiter waiter;
  struct user users[2];
  (void)opaque;
  waiter_start(&waiter);
  for (int i = 0; i < 2; i++) {
    user_start(&users[i], RUN, NEVER, i);
    users[i].pester = true;
  }
  run(&waiter, users, 2);
  waiter_end(&waiter);
  return NULL;
}

/* ---------------------------------------------------------------------------------------- single states */

/* A session whose thread is in a certain state, and what is done with it then. */
struct scene {
  struct waiter waiter;
  struct user user;
  double slot[AVS_SLOT_SIZE];
};

static void scene_start(struct scene *scene, int number) {
  waiter_start(&scene->waiter);
  user_start(&scene->user, RUN, NEVER, number);
}

static void scene_end(struct scene *scene) {
  if (!scene->user.left) close_user(&scene->user);
  waiter_end(&scene->waiter);
}

static void operate(struct scene *scene, int operation) {
  prepare(&scene->user, operation, scene->slot);
  start(&scene->user, operation, scene->slot);
  pump(&scene->waiter, &scene->user, 1);
  finish(&scene->user, scene->slot);
}

/* Answers reads and seeks, but no writes, until it is done, or no event comes for `max` times 10 ms. */
static void pump_without_writes(struct scene *scene, int max) {
  struct user *user = &scene->user;
  user->late = true;
  for (int quiet = 0; quiet < max && !user->done;) {
    waiter_ask(&scene->waiter, 10);
    CHECK(waiter_answer(&scene->waiter) >= 0, "the isolate is not dead");
    quiet = dispatch(user, 1, 0) ? 0 : quiet + 1;
    if (user->held_for > 1) user->held_for = 1; /* it is never answered */
  }
}

static void pump_until_stuck(struct scene *scene) {
  pump_without_writes(scene, 8);
}

/* For slow machines, too, for example emulated ones. */
static void pump_until_done(struct scene *scene) {
  pump_without_writes(scene, 3000);
}

/* Leaves a scene in one of the possible ways. */
static void leave_scene(struct scene *scene, enum ending way) {
  struct user *user = &scene->user;
  double event[AVS_EVENT_LENGTH];
  memcpy(event, user->held, sizeof(event));
  bool held = user->held_for > 0;
  if (way != RUN) user->held_for = 0;
  switch (way) {
  case CANCEL_THEN_FINISH: cancel_and_finish(user); break;
  case CANCEL_THEN_ANSWER:
    CHECK(avs_cancel(user->session) == 0, "cancel");
    if (held) answer_write(event);
    cancel_and_finish(user);
    break;
  case CLOSE: close_user(user); break;
  case CLOSE_THEN_ANSWER:
    close_user(user);
    if (held) CHECK(answer_write(event) < 0, "answered after its end");
    break;
  case LEAVE: user->left = true; break;
  case FAIL:
    if (held) CHECK(avs_reply(user->sink, -EIO) == 0, "reply");
    else CHECK(avs_stop(user->session) == 0, "stop");
    pump(&scene->waiter, user, 1);
    CHECK(avs_finish(user->session, scene->slot) == 0, "finish");
    if (held) CHECK(scene->slot[0] == -EIO, "failed: %d", (int)scene->slot[0]);
    break;
  default:
    user->late = false;
    if (!held) avs_stop(user->session);
    release(user, true);
    pump(&scene->waiter, user, 1);
    finish(user, scene->slot);
  }
}

static const enum ending ways[] = {RUN, FAIL, CANCEL_THEN_FINISH, CANCEL_THEN_ANSWER, CLOSE, CLOSE_THEN_ANSWER, LEAVE};
enum { WAYS = sizeof(ways) / sizeof(*ways), ROUNDS = 3 * WAYS };

/* The batch is full of packets that are not taken. */
static void *paused_isolate(void *opaque) {
  int round = *(const int *)opaque;
  struct scene scene;
  scene_start(&scene, round);
  operate(&scene, AVS_OP_OPEN_INPUT);
  prepare(&scene.user, AVS_OP_READ, scene.slot);
  scene.slot[1] = 1 + round / WAYS; /* packets */
  start(&scene.user, AVS_OP_READ, scene.slot);
  for (int i = 0; i < 3; i++) { /* the first packets, one after the other */
    while (take_ready(scene.user.session) == 0 && !scene.user.done) dispatch(&scene.user, 1, 100);
    avs_set_discard(scene.user.session, i % 2, i / 2);
  }
  pump_until_stuck(&scene);
  scene.user.late = false;
  leave_scene(&scene, ways[round % WAYS]);
  scene_end(&scene);
  return NULL;
}

/* Pending writes: after a remux has finished, and while the trailer waits for them. */
static void *writing_isolate(void *opaque) {
  int round = *(const int *)opaque;
  struct scene scene;
  scene_start(&scene, round % 2); /* not AVS_IO_DIRECT */
  for (int i = 0; i < STEPS && program[i] != AVS_OP_REMUX; i++)
    if (program[i] != AVS_OP_READ && program[i] != AVS_OP_SEEK) operate(&scene, program[i]);
  prepare(&scene.user, AVS_OP_REMUX, scene.slot);
  scene.slot[3] = NAN;
  start(&scene.user, AVS_OP_REMUX, scene.slot);
  pump_until_done(&scene);
  CHECK(scene.user.done && scene.user.held_for, "done, with pending writes");
  finish(&scene.user, scene.slot);
  double state[AVS_SAVED_LENGTH];
  CHECK(avs_io_save(scene.user.sink, state, NULL, 0) == -EBUSY, "saved with writes that wait");
  if (round >= WAYS || ways[round % WAYS] != CLOSE) {
    prepare(&scene.user, AVS_OP_TRAILER, scene.slot);
    start(&scene.user, AVS_OP_TRAILER, scene.slot);
    pump_until_stuck(&scene);
    CHECK(!scene.user.done, "done, with pending writes");
  }
  leave_scene(&scene, ways[round % WAYS]);
  scene_end(&scene);
  return NULL;
}

/* JavaScript transforms packets, and may abort while it puts them. */
static void *transforming_isolate(void *opaque) {
  int round = *(const int *)opaque;
  struct scene scene;
  scene_start(&scene, round / 3 % 3);
  struct user *user = &scene.user;
  user->transformer = avs_io_new(user->session, AVS_IO_TRANSFORMER, 0, 1);
  user->abort_at = round % 3;
  for (int i = 0; i < STEPS && program[i] != AVS_OP_REMUX; i++)
    if (program[i] != AVS_OP_READ && program[i] != AVS_OP_SEEK) operate(&scene, program[i]);
  prepare(user, AVS_OP_REMUX, scene.slot);
  scene.slot[3] = NAN;
  start(user, AVS_OP_REMUX, scene.slot);
  pump(&scene.waiter, user, 1);
  CHECK(user->transforms > 1 || user->abort_at, "%d transforms", user->transforms);
  CHECK(avs_finish(user->session, scene.slot) == 0, "finish");
  CHECK(user->abort_at ? scene.slot[0] < 0 : scene.slot[0] == 0, "remuxed: %g", scene.slot[0]);
  scene_end(&scene);
  return NULL;
}

/* More is written than can be pending. */
static void *flooding_isolate(void *opaque) {
  enum { SIZE = 150000, COUNT = 12 };
  int round = *(const int *)opaque;
  struct scene scene;
  scene_start(&scene, round % 3);
  operate(&scene, AVS_OP_OPEN_OUTPUT);
  operate(&scene, AVS_OP_HEADER);
  uint8_t *data = calloc(1, SIZE);
  for (int i = 0; i < COUNT; i++) {
    double row[AVS_ROW_LENGTH] = {0, i, i, 1, 1, 0, SIZE, 0, 1, 25};
    CHECK(avs_put_packet(scene.user.session, row, data, SIZE, data, 0) == 0, "put packet");
  }
  free(data);
  prepare(&scene.user, AVS_OP_FLUSH, scene.slot);
  start(&scene.user, AVS_OP_FLUSH, scene.slot);
  pump_until_stuck(&scene);
  CHECK(!scene.user.done && scene.user.held_for, "all of it was written");
  leave_scene(&scene, ways[round % WAYS]);
  scene_end(&scene);
  return NULL;
}

/* Handles events one by one, taking packets, until the third read after a seek: two have returned all that was requested. */
static bool read_to_prefetch(struct scene *scene, double *held, int *packets) {
  struct user *user = &scene->user;
  for (int reads = 0, turn = 0; turn < 2000; turn++) {
    double event[AVS_EVENT_LENGTH];
    *packets += take_ready(user->session);
    if (avs_take_events(own_client(), event, 1, 1000) == 0) continue;
    int kind = (int)event[AVS_EVENT_KIND];
    if (kind == AVS_EVENT_DONE) return false;
    if (kind == AVS_EVENT_READY) continue;
    reads = kind == AVS_REQUEST_SEEK && event[AVS_EVENT_B] != SEEK_FOR_SIZE ? 0 : reads + (kind == AVS_REQUEST_READ);
    if (reads == 3) return memcpy(held, event, sizeof(event)), true;
    answer(user, event, true);
  }
  return false;
}

/* Reads to the end; returns the result. */
static double read_rest(struct scene *scene, int *packets) {
  struct user *user = &scene->user;
  prepare(user, AVS_OP_READ, scene->slot);
  start(user, AVS_OP_READ, scene->slot);
  while (!user->done) {
    *packets += take_ready(user->session);
    dispatch(user, 1, 1000);
  }
  *packets += take_ready(user->session);
  CHECK(avs_finish(user->session, scene->slot) == 0, "finish");
  return scene->slot[0];
}

static void seek_to(struct scene *scene, double seconds) {
  prepare(&scene->user, AVS_OP_SEEK, scene->slot);
  scene->slot[2] = scene->slot[4] = seconds;
  start(&scene->user, AVS_OP_SEEK, scene->slot);
}

/* A prefetched read: its answer, the end of an operation before the answer, a seek before the answer. */
static void *prefetching_isolate(void *opaque) {
  enum { ALL = 206 };
  int way = *(const int *)opaque % 8, packets = 0;
  struct scene scene;
  struct user *user = &scene.user;
  double held[AVS_EVENT_LENGTH], state[AVS_SAVED_LENGTH];
  scene_start(&scene, 0);
  user->exact = user->hoard = true;
  operate(&scene, AVS_OP_OPEN_INPUT);
  seek_to(&scene, 0);
  pump(&scene.waiter, user, 1);
  CHECK(avs_finish(user->session, scene.slot) == 0 && scene.slot[0] == 0, "seek: %g", scene.slot[0]);
  prepare(user, AVS_OP_READ, scene.slot);
  scene.slot[1] = 1;
  start(user, AVS_OP_READ, scene.slot);
  CHECK(read_to_prefetch(&scene, held, &packets), "nothing was prefetched, %d packets", packets);
  if (way == 1 || way == 2) CHECK(avs_reply(held[AVS_EVENT_IO], -EIO) == 0, "reply");
  if (way == 3) CHECK(avs_reply_read(held[AVS_EVENT_IO], file, 0) == 0, "reply");
  if (way < 6) {
    CHECK(avs_stop(user->session) == 0, "stop"); /* the thread has a packet, and does not wait for the read */
    pump(&scene.waiter, user, 1);
    CHECK(avs_finish(user->session, scene.slot) == 0 && scene.slot[0] == 0, "stopped: %g", scene.slot[0]);
    packets += take_ready(user->session);
  }
  if (way == 0 || way == 4) {
    CHECK(avs_io_save(user->source, state, NULL, 0) == -EBUSY, "saved while a read is open");
    avs_run(user->session, AVS_OP_READ, scene.slot, NULL, 0, NULL, 0);
    CHECK(scene.slot[0] == -EBUSY, "ran while a read is open");
    CHECK(answer_read(user, held) == 0, "answer");
    int32_t size = avs_io_save(user->source, state, NULL, 0);
    CHECK(size >= BUFFER && state[AVS_SAVED_DEVICE] - size == state[AVS_SAVED_POSITION], "saved %d", size);
    CHECK(state[AVS_SAVED_DEVICE] == (double)user->position, "device at %g", state[AVS_SAVED_DEVICE]);
  }
  double seconds = way == 4 ? 1 : 0;
  switch (way) {
  case 0: CHECK(read_rest(&scene, &packets) == END_OF_FILE && packets == ALL, "%d packets", packets); break;
  case 1: CHECK(read_rest(&scene, &packets) == -EIO && packets < ALL, "%d packets, %g", packets, scene.slot[0]); break;
  case 3: CHECK(read_rest(&scene, &packets) < 0 && packets < ALL, "%d packets", packets); break;
  case 2: case 4: case 5:
    seek_to(&scene, seconds);
    if (way == 5) pump_until_stuck(&scene);
    if (way == 5) CHECK(!user->done, "sought before the read was answered");
    user->late = false;
    if (way == 5) CHECK(answer_read(user, held) == 0, "answer");
    pump(&scene.waiter, user, 1);
    CHECK(avs_finish(user->session, scene.slot) == 0 && scene.slot[0] == 0, "sought: %g", scene.slot[0]);
    packets = 0;
    CHECK(read_rest(&scene, &packets) == END_OF_FILE && (packets == ALL || seconds), "%d packets", packets);
    break;
  case 6: cancel_and_finish(user); break;
  case 7: user->left = true; break;
  }
  scene_end(&scene);
  return NULL;
}

/* Packets are taken while the session's thread drops them. */
static void *seeking_isolate(void *opaque) {
  (void)opaque;
  struct scene scene;
  scene_start(&scene, 0);
  scene.user.hoard = true;
  operate(&scene, AVS_OP_OPEN_INPUT);
  for (int round = 0; round < 20; round++) {
    double bytes, rows[64 * AVS_ROW_LENGTH];
    static _Thread_local uint8_t data[1 << 18];
    prepare(&scene.user, AVS_OP_READ, scene.slot);
    start(&scene.user, AVS_OP_READ, scene.slot);
    while (avs_ready_packets(scene.user.session, &bytes) == 0 && !scene.user.done) dispatch(&scene.user, 1, 100);
    CHECK(bytes > 0, "round %d: no packets", round);
    avs_stop(scene.user.session);
    pump(&scene.waiter, &scene.user, 1);
    finish(&scene.user, scene.slot);
    prepare(&scene.user, AVS_OP_SEEK, scene.slot);
    start(&scene.user, AVS_OP_SEEK, scene.slot);
    if (round % 2) usleep(50);
    CHECK(avs_take_packets(scene.user.session, rows, 64, data, sizeof(data)) >= 0, "take packets");
    pump(&scene.waiter, &scene.user, 1);
    finish(&scene.user, scene.slot);
    take_packets(scene.user.session);
  }
  scene_end(&scene);
  return NULL;
}

static double seconds(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

/* Operations in an invalid order: each is refused, and its event comes. */
static void *muddled_isolate(void *opaque) {
  static const int operations[] = {AVS_OP_CLOSE_INPUT, AVS_OP_CLOSE_OUTPUT, AVS_OP_REMUX, AVS_OP_CUT, AVS_OP_TRAILER,
                                   AVS_OP_SEEK,        AVS_OP_READ,         AVS_OP_HEADER, AVS_OP_FLUSH, 99};
  enum { OPERATIONS = sizeof(operations) / sizeof(*operations) };
  (void)opaque;
  struct scene scene;
  scene_start(&scene, 0);
  scene.user.ending = FAIL; /* they must fail */
  for (int round = 0; round < OPERATIONS * 2; round++) {
    int operation = operations[round % OPERATIONS];
    memset(scene.slot, 0, sizeof(scene.slot));
    start(&scene.user, operation, scene.slot);
    pump(&scene.waiter, &scene.user, 1);
    finish(&scene.user, scene.slot);
    if (operation != AVS_OP_FLUSH) CHECK(scene.slot[0] < 0, "operation %d of nothing: %g", operation, scene.slot[0]);
  }
  scene_end(&scene);
  return NULL;
}

/* A call that only looks for events must not take the wake-up from the thread that waits for them. */
static void *glance_at_events(void *opaque) {
  struct waiter *waiter = opaque;
  for (int i = 0; i < 200; i++) avs_wait_events(waiter->client, 0);
  return NULL;
}

static void *nudging_isolate(void *opaque) {
  enum { TIMES = 30 };
  (void)opaque;
  struct waiter waiter;
  waiter_start(&waiter);
  int slow = 0;
  for (int i = 0; i < TIMES; i++) {
    pthread_t other;
    double began = seconds();
    waiter_ask(&waiter, AVS_WAIT_MS);
    if (i % 3) usleep(200); /* the other thread waits already, or not yet */
    pthread_create(&other, NULL, glance_at_events, &waiter);
    avs_wake_events(own_client());
    CHECK(waiter_answer(&waiter) == 0, "there are no events");
    slow += seconds() - began > 0.2;
    pthread_join(other, NULL);
  }
  CHECK(slow <= 1, "%d of %d nudges were lost", slow, TIMES);
  waiter_end(&waiter);
  return NULL;
}

/* Limits that let no packet into a batch: each has one all the same, and the thread waits only until that is taken. */
static void *limited_isolate(void *opaque) {
  static const double limits[][2] = {{0, 0}, {-1, 1e9}, {NAN, 0}, {1e9, -INFINITY}};
  const double *limit = limits[*(const int *)opaque % 4];
  enum { ALL = 206 };
  struct scene scene;
  struct user *user = &scene.user;
  int packets = 0;
  scene_start(&scene, 0);
  user->exact = user->hoard = true;
  operate(&scene, AVS_OP_OPEN_INPUT);
  prepare(user, AVS_OP_READ, scene.slot);
  scene.slot[1] = limit[0];
  scene.slot[2] = limit[1];
  start(user, AVS_OP_READ, scene.slot);
  while (!user->done) {
    packets += take_ready(user->session);
    dispatch(user, 1, 1000);
  }
  packets += take_ready(user->session);
  CHECK(avs_finish(user->session, scene.slot) == 0 && scene.slot[0] == END_OF_FILE, "read to %g", scene.slot[0]);
  CHECK(packets == ALL, "%d packets", packets);
  scene_end(&scene);
  return NULL;
}

static void in_thread(void *(*work)(void *), void *opaque) {
  pthread_t thread;
  pthread_create(&thread, NULL, work, opaque);
  pthread_join(thread, NULL);
}

/* ---------------------------------------------------------------------------------------- nested files */

/* A playlist whose segments are the file, read and then written as another playlist: where each nested I/O context is. */
struct tree {
  struct scene scene;
  struct {
    double io;
    size_t position;
  } files[64];
  int count, opened;
  double open_io; /* the latest that was created for a request */
};

static const char PLAYLIST[] = "#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\na.ts\n#EXTINF:2,\nb.ts\n#EXT-X-ENDLIST\n";

static size_t *place_in(struct tree *tree, double io) {
  for (int i = 0; i < tree->count; i++)
    if (tree->files[i].io == io) return &tree->files[i].position;
  int at = tree->count < 64 ? tree->count++ : 0;
  tree->files[at].io = io;
  tree->files[at].position = 0;
  return &tree->files[at].position;
}

/* Files of callbacks and of memory, known and unknown, at their beginning and read before. */
static double open_file(struct tree *tree, int mode, const char *url, uint32_t size) {
  double session = tree->scene.user.session, io;
  int way = tree->opened++;
  if (mode == AVS_OPEN_WRITE)
    return avs_io_new(session, way % 2 ? AVS_IO_MEMORY_OUTPUT : AVS_IO_CALLBACKS, AVS_IO_WRITE | AVS_IO_SEEK, BUFFER);
  if (way % 4 == 0) return avs_io_new_copy(session, file, (uint32_t)file_size, BUFFER);
  io = avs_io_new(session, AVS_IO_CALLBACKS, AVS_IO_READ | AVS_IO_SEEK | (way % 4 == 1 ? AVS_IO_LATE_SEEK : 0), BUFFER);
  if (way % 4 == 1) avs_io_begin(io, (double)file_size, file, 1000);
  if (way % 4 == 2) avs_io_restore(io, 0, file, 500), *place_in(tree, io) = 500;
  avs_io_locate(io, url, size);
  return io;
}

static void close_file(double io) {
  double state[AVS_SAVED_LENGTH];
  uint8_t bytes[256];
  double size = avs_memory_size(io);
  if (size > 0) avs_memory_read(io, 0, bytes, size < 256 ? (uint32_t)size : 256);
  avs_io_save(io, state, bytes, sizeof(bytes));
  avs_reply(io, 0);
}

static void answer_nested(struct tree *tree, const double *event) {
  double io = event[AVS_EVENT_IO], a = event[AVS_EVENT_A], b = event[AVS_EVENT_B];
  char url[256];
  switch ((int)event[AVS_EVENT_KIND]) {
  case AVS_REQUEST_OPEN:
    if (a < sizeof(url) && avs_take_write(io, (uint8_t *)url, (uint32_t)a) == 0)
      avs_reply(io, tree->open_io = open_file(tree, (int)b, url, (uint32_t)a));
    break;
  case AVS_REQUEST_CLOSE: close_file(io); break;
  case AVS_REQUEST_WRITE: answer_write(event); break;
  case AVS_REQUEST_SEEK:
    if ((int)b != SEEK_FOR_SIZE) *place_in(tree, io) = (size_t)a;
    avs_reply(io, (int)b == SEEK_FOR_SIZE ? (double)file_size : a);
    break;
  case AVS_REQUEST_READ: {
    size_t *position = place_in(tree, io);
    if (b >= 0) *position = (size_t)b;
    size_t left = *position < file_size ? file_size - *position : 0, size = a < (double)left ? (size_t)a : left;
    if (avs_reply_read(io, file + *position, (uint32_t)size) == 0) *position += size;
  }
  }
}

/* Ends the session in one of the ways at that event, in which it may be opening or closing a file. */
static void end_nested(struct tree *tree, const double *event, enum ending way) {
  struct user *user = &tree->scene.user;
  double state[AVS_SAVED_LENGTH];
  uint8_t bytes[1 << 16];
  if (way == FAIL) avs_reply(event[AVS_EVENT_IO], -EIO);
  if (way == CANCEL || way == CANCEL_THEN_ANSWER) avs_cancel(user->session);
  if (way == CANCEL_THEN_FINISH) {
    avs_cancel(user->session);
    avs_io_save(event[AVS_EVENT_IO], state, bytes, sizeof(bytes));
    avs_io_save(tree->open_io, state, bytes, sizeof(bytes));
    (void)avs_memory_size(tree->open_io);
    avs_finish(user->session, tree->scene.slot);
  }
  if (way == CLOSE || way == CLOSE_THEN_ANSWER || way == CANCEL_THEN_FINISH) close_user(user);
  if (way == CANCEL_THEN_ANSWER || way == CLOSE_THEN_ANSWER) answer_nested(tree, event);
  if (way == LEAVE) user->left = user->done = true;
}

/* False if it has ended. */
static bool operate_nested(struct tree *tree, int operation, double *slot, enum ending way, int end_at) {
  struct user *user = &tree->scene.user;
  start(user, operation, slot);
  while (!user->done) {
    double event[AVS_EVENT_LENGTH];
    take_packets(user->session);
    if (avs_take_events(own_client(), event, 1, 1000) == 0) continue;
    int kind = (int)event[AVS_EVENT_KIND];
    if (event[AVS_EVENT_SESSION] != user->session || kind == AVS_EVENT_READY) continue;
    if (kind == AVS_EVENT_DONE) user->done = true;
    else if (user->events++ == end_at) end_nested(tree, event, way);
    else answer_nested(tree, event);
  }
  if (user->closed || user->left) return false;
  take_packets(user->session);
  CHECK(avs_finish(user->session, slot) == 0, "finish");
  if (end_at == NEVER) CHECK(slot[0] >= 0 || slot[0] == END_OF_FILE, "operation %d: %g", operation, slot[0]);
  return slot[0] >= 0 || slot[0] == END_OF_FILE;
}

/* Returns the number of its events. */
static int run_nested(enum ending way, int end_at) {
  struct tree tree = {.count = 0};
  struct user *user = &tree.scene.user;
  double session, *slot = tree.scene.slot;
  memset(user, 0, sizeof(*user));
  session = user->session = avs_session_new(own_client());
  avs_io_new(session, AVS_IO_OPENER, 0, 1);
  user->source = avs_io_new_copy(session, (const uint8_t *)PLAYLIST, sizeof(PLAYLIST) - 1, BUFFER);
  set(session, AVS_SET_INPUT, "url\0list.m3u8", 14);
  slot[1] = user->source, slot[2] = 1;
  bool good = operate_nested(&tree, AVS_OP_OPEN_INPUT, slot, way, end_at);
  slot[1] = 20, slot[2] = 1 << 16;
  good = good && operate_nested(&tree, AVS_OP_READ, slot, way, end_at);
  slot[1] = -1, slot[2] = 0, slot[3] = -INFINITY, slot[4] = 0, slot[5] = 1;
  good = good && operate_nested(&tree, AVS_OP_SEEK, slot, way, end_at);
  if (good) set(session, AVS_SET_OUTPUT, "url\0out.m3u8\0format\0hls", 24);
  good = good && operate_nested(&tree, AVS_OP_OPEN_OUTPUT, slot, way, end_at);
  if (good) add_streams(user);
  slot[1] = 0;
  good = good && operate_nested(&tree, AVS_OP_HEADER, slot, way, end_at);
  slot[1] = INFINITY, slot[2] = 0, slot[3] = NAN, slot[5] = 0;
  good = good && operate_nested(&tree, AVS_OP_REMUX, slot, way, end_at);
  if (good) operate_nested(&tree, AVS_OP_TRAILER, slot, way, end_at);
  if (!user->left) close_user(user);
  return user->events;
}

static void *nesting_isolate(void *opaque) {
  const struct point *point = opaque;
  return (void *)(intptr_t)run_nested(point ? point->ending : RUN, point ? point->at : NEVER);
}

/* With a file of MPEG-TS: ends it in every way at some of its events. */
static void try_nesting(int max) {
  static const enum ending endings[] = {FAIL, CANCEL, CANCEL_THEN_ANSWER, CANCEL_THEN_FINISH, CLOSE, CLOSE_THEN_ANSWER, LEAVE};
  int events = run_nested(RUN, NEVER), step = max && events > max ? (events + max - 1) / max : 1;
  CHECK(events > 20, "%d events", events);
  for (int way = 0; way < 7; way++)
    for (int at = way % step; at < events; at += step) {
      struct point point = {endings[way], at};
      alarm(HANG);
      in_thread(nesting_isolate, &point);
    }
}

static int thread_count(void) {
  char line[256];
  int count = 0;
  FILE *status = fopen("/proc/self/status", "r");
  while (status && fgets(line, sizeof(line), status)) sscanf(line, "Threads: %d", &count);
  if (status) fclose(status);
  return count;
}

static bool threads_back_to(int count) {
  for (int i = 0; i < 500 && thread_count() > count; i++) usleep(10000);
  return thread_count() <= count;
}

static void read_file(const char *path) {
  FILE *input = fopen(path, "rb");
  if (!input) exit(2);
  fseek(input, 0, SEEK_END);
  file_size = (size_t)ftell(input);
  rewind(input);
  file = malloc(file_size);
  if (fread(file, 1, file_size, input) != file_size) exit(2);
  fclose(input);
}

/* Tries every ending at `max` of the points, spread over them; returns the number of runs. */
static int try_endings(int events, int max) {
  int step = max && events > max ? (events + max - 1) / max : 1, runs = 0;
  for (int ending = STOP; ending <= LEAVE; ending++)
    for (int at = 0; at < events; at += step, runs++) {
      struct point point = {(enum ending)ending, at};
      in_thread(ending_isolate, &point);
    }
  return runs;
}

static void try_scenes(void) {
  in_thread(pestered_isolate, NULL);
  in_thread(seeking_isolate, NULL);
  in_thread(nudging_isolate, NULL);
  in_thread(muddled_isolate, NULL);
  for (int round = 0; round < ROUNDS; round++) {
    alarm(HANG); /* for each run: an emulator is slow */
    in_thread(paused_isolate, &round);
    in_thread(writing_isolate, &round);
    in_thread(flooding_isolate, &round);
    in_thread(transforming_isolate, &round);
    in_thread(limited_isolate, &round);
  }
}

static void note_alive(const char *where);

/* With a file that is read from its beginning to its end, also as a segment. */
static void try_stream(const char *path, int max) {
  uint8_t *kept = file;
  size_t kept_size = file_size;
  read_file(path);
  for (int round = 0; round < 16; round++) in_thread(prefetching_isolate, &round);
  note_alive("nested files");
  try_nesting(max);
  free(file);
  file = kept;
  file_size = kept_size;
}

static void try_abandoning(void) {
  for (int i = 0; i < 10; i++) {
    struct waiter waiter;
    in_thread(abandoning_isolate, &waiter);
    int32_t result = waiter_answer(&waiter);
    CHECK(result < 0, "waiting for events of a dead isolate: %d", result);
    waiter_end(&waiter);
  }
}

static void try_side_by_side(void) {
  pthread_t threads[4];
  for (int i = 0; i < 4; i++) pthread_create(&threads[i], NULL, clean_isolate, NULL);
  for (int i = 0; i < 4; i++) pthread_join(threads[i], NULL);
}

/* A hang is a failure, too: the alarm prints where it was. */
static void note_alive(const char *where) {
  alarm(HANG);
  printf("threads: %s\n", where);
  fflush(stdout);
}

int main(int count, char **arguments) {
  if (count < 2) return 2;
  read_file(arguments[1]);
  int max = count > 2 ? atoi(arguments[2]) : 0;
  note_alive("side by side");
  in_thread(clean_isolate, NULL); /* from here on sanitizers have their own threads */
  usleep(500000);                 /* and idle threads have ended */
  int before = thread_count();
  try_side_by_side();
  note_alive("scenes");
  try_scenes();
  try_abandoning();
  char stream[4096];
  snprintf(stream, sizeof(stream), "%.*sts", (int)strlen(arguments[1]) - 3, arguments[1]);
  try_stream(stream, max);
  note_alive("endings");
  int events = with_isolate(RUN, NEVER, 1, 0);
  alarm(0);
  int runs = try_endings(events, max);
  CHECK(threads_back_to(before), "%d threads are left", thread_count() - before);
  free(file);
  int found = failures;
  printf("threads: %d events, %d endings, %d failures\n", events, runs, found);
  return found != 0;
}
