/*
 * threads.c - drives the async engine of the shim as Deno does: one thread is the isolate, a second one waits for
 * events. Runs to the end, cancels and closes at every point, ends with sessions waiting. What it finds wrong it
 * prints; races and leaks are for a sanitizer or valgrind to find:
 *
 *   scripts/build_shim.sh --system --sanitize=thread --output /tmp/tsan/libavio.so
 *   cc -std=c11 -D_GNU_SOURCE -g -fsanitize=thread -pthread -o /tmp/tsan/threads tests/shim/threads.c \
 *     /tmp/tsan/libavio.so -Wl,-rpath,/tmp/tsan -lm && /tmp/tsan/threads fixtures/video.mp4
 *
 *   threads FILE [MOST]      MOST: points at most that a run is ended at; all of them by default
 */
#include <errno.h>
#include <math.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../../shim/avs.h"

enum { SEEK_FOR_SIZE = 0x10000, BUFFER = 4096, EVENTS = 16, NEVER = 1 << 30 };

static int failures;
static uint8_t *file;
static size_t file_size;

#define CHECK(condition, ...)                                         \
  do {                                                                \
    if (!(condition)) {                                               \
      failures++;                                                     \
      fprintf(stderr, "%s:%d: %s: ", __FILE__, __LINE__, #condition); \
      fprintf(stderr, __VA_ARGS__);                                   \
      fputc('\n', stderr);                                            \
    }                                                                 \
  } while (0)

/* ---------------------------------------------------------------------------------------- the waiting thread */

/* As a nonblocking call of Deno's: another thread waits, the isolate's is told when it is back. */
struct waiter {
  pthread_t thread;
  pthread_mutex_t lock;
  pthread_cond_t change;
  uint32_t isolate;
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
    pthread_mutex_unlock(&waiter->lock);
    int32_t result = avs_wait_events(waiter->isolate, AVS_WAIT_MS);
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
  waiter->isolate = avs_isolate();
  pthread_create(&waiter->thread, NULL, wait_for_events, waiter);
}

static void waiter_ask(struct waiter *waiter) {
  pthread_mutex_lock(&waiter->lock);
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

/* What is done at the chosen event instead of answering it. */
enum ending { RUN, CANCEL, CANCEL_THEN_ANSWER, CLOSE, CLOSE_THEN_ANSWER, LEAVE };

struct user {
  uint32_t session, source, sink;
  size_t position;
  int events, taken, end_at;
  enum ending ending;
  bool done, closed, left;
};

static void answer(struct user *user, const double *event, bool open) {
  int kind = (int)event[AVS_EVENT_KIND];
  uint32_t io = (uint32_t)event[AVS_EVENT_IO];
  int32_t result = -1;
  if (kind == AVS_REQUEST_READ) {
    size_t left = file_size - user->position, size = (size_t)event[AVS_EVENT_A];
    if (user->events % 3 == 0) size *= 4; /* more than asked for */
    if (size > left) size = left;
    result = avs_reply_read(io, file + user->position, (uint32_t)size);
    user->position += size;
  } else if (kind == AVS_REQUEST_SEEK) {
    bool is_source = io == user->source;
    double to = event[AVS_EVENT_A];
    if ((int)event[AVS_EVENT_B] == SEEK_FOR_SIZE) to = (double)file_size;
    else if (is_source) user->position = (size_t)to;
    result = avs_reply(io, to);
  } else {
    uint32_t size = (uint32_t)event[AVS_EVENT_A];
    uint8_t *bytes = malloc(size + 1);
    result = avs_take_write(io, bytes, size);
    free(bytes);
    avs_request_time(io);
    if (result >= 0) result = avs_reply(io, size);
  }
  CHECK(!open || result >= 0, "request %d was not to be answered: %d", kind, result);
}

/* What is ready; asks to be told where there is nothing. */
static void take_packets(uint32_t session) {
  double bytes = 0;
  int32_t count = avs_ready_packets(session, &bytes);
  CHECK(count >= 0, "ready: %d", count);
  double *rows = malloc(((size_t)count + 1) * AVS_ROW_LENGTH * sizeof(double));
  uint8_t *data = malloc((size_t)bytes + 1);
  if (count) CHECK(avs_take_packets(session, rows, (uint32_t)count, data, (uint32_t)bytes) == count, "take packets");
  free(rows);
  free(data);
}

static void on_event(struct user *user, const double *event) {
  if (event[AVS_EVENT_KIND] == AVS_EVENT_DONE) {
    user->done = true;
    return;
  }
  if (event[AVS_EVENT_KIND] == AVS_EVENT_READY) {
    take_packets(user->session);
    avs_set_discard(user->session, 0, user->taken % 2);
    if (user->taken++ == 2) CHECK(avs_stop(user->session) == 0, "stop");
    take_packets(user->session);
    return;
  }
  if (user->events++ < user->end_at) {
    answer(user, event, user->end_at == NEVER);
    return;
  }
  switch (user->ending) {
  case CANCEL: avs_cancel(user->session); break;
  case CANCEL_THEN_ANSWER:
    avs_cancel(user->session);
    for (int i = 0; i < 20; i++) answer(user, event, false);
    break;
  case CLOSE:
  case CLOSE_THEN_ANSWER:
    if (user->closed) break;
    CHECK(avs_session_close(user->session) == 0, "close while running");
    user->closed = user->done = true;
    if (user->ending == CLOSE_THEN_ANSWER) answer(user, event, false);
    break;
  case LEAVE: user->left = user->done = true; break;
  case RUN: break;
  }
}

/* Until all of them are done. */
static void pump(struct waiter *waiter, struct user *users, int count) {
  double events[EVENTS * AVS_EVENT_LENGTH];
  for (;;) {
    bool pending = false;
    for (int i = 0; i < count; i++) pending = pending || !users[i].done;
    if (!pending) return;
    waiter_ask(waiter);
    CHECK(waiter_answer(waiter) >= 0, "the isolate is not dead");
    int32_t ready = avs_take_events(events, EVENTS, 0);
    for (int i = 0; i < ready; i++) {
      const double *event = events + i * AVS_EVENT_LENGTH;
      for (int j = 0; j < count; j++)
        if ((uint32_t)event[AVS_EVENT_SESSION] == users[j].session && !users[j].closed) on_event(&users[j], event);
    }
  }
}

static const int program[] = {AVS_OP_OPEN_INPUT, AVS_OP_READ, AVS_OP_SEEK, AVS_OP_READ, AVS_OP_OPEN_OUTPUT,
                              AVS_OP_HEADER, AVS_OP_REMUX, AVS_OP_TRAILER};

static void set(uint32_t session, uint32_t what, const char *text, uint32_t size) {
  CHECK(avs_set(session, what, 0, text, size) >= 0, "set");
}

static const char VIDEO[] = "type\0video\0codec\0mpeg4\0width\0" "64\0height\0" "64";
static const char AUDIO[] = "type\0audio\0codec\0mp3\0sampleRate\0" "44100\0channels\0" "1";

static void prepare(struct user *user, int operation, double *slot) {
  memset(slot, 0, AVS_SLOT_SIZE * sizeof(*slot));
  switch (operation) {
  case AVS_OP_OPEN_INPUT:
    slot[1] = user->source, slot[2] = 1;
    break;
  case AVS_OP_READ: slot[1] = 20, slot[2] = 1 << 16; break;
  case AVS_OP_SEEK: slot[1] = -1, slot[2] = 0, slot[3] = -INFINITY, slot[4] = 0, slot[5] = 1; break;
  case AVS_OP_OPEN_OUTPUT: set(user->session, AVS_SET_OUTPUT, "format\0matroska", 16); break;
  case AVS_OP_HEADER:
    for (int i = 0; i < 2; i++) {
      int32_t index = i ? avs_add_stream(user->session, AUDIO, sizeof(AUDIO)) : avs_add_stream(user->session, VIDEO, sizeof(VIDEO));
      CHECK(index == i, "add stream: %d", index);
      avs_map_stream(user->session, i, i);
    }
    slot[1] = user->sink;
    break;
  case AVS_OP_REMUX: slot[1] = INFINITY; break;
  default: break;
  }
}

static void user_start(struct user *user, enum ending ending, int end_at) {
  memset(user, 0, sizeof(*user));
  user->session = avs_session_new();
  user->source = avs_io_new(user->session, AVS_IO_CALLBACKS, AVS_IO_READ | AVS_IO_SEEK, BUFFER);
  user->sink = avs_io_new(user->session, AVS_IO_CALLBACKS,
                          AVS_IO_WRITE | AVS_IO_SEEK | (end_at % 2 ? AVS_IO_BULK : 0), BUFFER);
  CHECK(user->session && user->source && user->sink, "new");
  user->ending = ending;
  user->end_at = end_at;
}

/* Sessions that go through the program side by side; how many events the first had. */
static int run(struct waiter *waiter, struct user *users, int count) {
  double slots[8][AVS_SLOT_SIZE];
  for (size_t step = 0; step < sizeof(program) / sizeof(*program); step++) {
    for (int i = 0; i < count; i++) {
      struct user *user = &users[i];
      if (user->closed || user->left) continue;
      prepare(user, program[step], slots[i]);
      user->done = false;
      int32_t result = avs_start(user->session, (uint32_t)program[step], slots[i]);
      CHECK(result == 0, "start %d: %d", program[step], result);
      CHECK(avs_start(user->session, (uint32_t)program[step], slots[i]) == -EBUSY, "started twice");
      if (program[step] == AVS_OP_READ) take_packets(user->session);
    }
    pump(waiter, users, count);
    for (int i = 0; i < count; i++) {
      struct user *user = &users[i];
      if (user->closed || user->left) continue;
      CHECK(avs_finish(user->session, slots[i]) == 0, "finish");
      if (user->end_at == NEVER) CHECK(slots[i][0] >= 0, "operation %d: %d", program[step], (int)slots[i][0]);
      else if (slots[i][0] < 0) avs_session_close(user->session), user->closed = true;
      if (program[step] == AVS_OP_READ && !user->closed) take_packets(user->session);
    }
  }
  for (int i = 0; i < count; i++)
    if (!users[i].closed && !users[i].left) CHECK(avs_session_close(users[i].session) == 0, "close");
  return users[0].events;
}

/* ---------------------------------------------------------------------------------------- runs */

static int with_isolate(enum ending ending, int end_at, int count) {
  struct waiter waiter;
  struct user users[8];
  waiter_start(&waiter);
  for (int i = 0; i < count; i++) user_start(&users[i], ending, end_at);
  int events = run(&waiter, users, count);
  waiter_end(&waiter);
  return events;
}

static void *clean_isolate(void *opaque) {
  (void)opaque;
  return (void *)(intptr_t)with_isolate(RUN, NEVER, 3);
}

struct point {
  enum ending ending;
  int at;
};

static void *ending_isolate(void *opaque) {
  const struct point *point = opaque;
  with_isolate(point->ending, point->at, 2);
  return NULL;
}

/* The isolate's thread ends while another one waits for its events, and sessions wait for answers. */
static void *abandoning_isolate(void *opaque) {
  struct waiter *waiter = opaque;
  struct user users[3];
  waiter_start(waiter);
  for (int i = 0; i < 3; i++) user_start(&users[i], LEAVE, i);
  run(waiter, users, 3);
  waiter_ask(waiter);
  return NULL;
}

static void in_thread(void *(*work)(void *), void *opaque) {
  pthread_t thread;
  pthread_create(&thread, NULL, work, opaque);
  pthread_join(thread, NULL);
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

int main(int count, char **arguments) {
  if (count < 2) return 2;
  read_file(arguments[1]);
  in_thread(clean_isolate, NULL); /* sanitizers have threads of their own from here on */
  int most = count > 2 ? atoi(arguments[2]) : NEVER, before = thread_count();
  int events = with_isolate(RUN, NEVER, 1);

  int step = events > most ? events / most : 1, runs = 0;
  for (int ending = CANCEL; ending <= LEAVE; ending++)
    for (int at = 0; at < events; at += step, runs++) {
      struct point point = {(enum ending)ending, at};
      in_thread(ending_isolate, &point);
    }
  for (int i = 0; i < 10; i++) {
    struct waiter waiter;
    in_thread(abandoning_isolate, &waiter);
    int32_t result = waiter_answer(&waiter);
    CHECK(result < 0, "waiting for events of a dead isolate: %d", result);
    waiter_end(&waiter);
  }
  /* Isolates side by side. */
  pthread_t threads[4];
  for (int i = 0; i < 4; i++) pthread_create(&threads[i], NULL, clean_isolate, NULL);
  for (int i = 0; i < 4; i++) pthread_join(threads[i], NULL);
  CHECK(threads_back_to(before), "%d threads are left", thread_count() - before);
  free(file);
  printf("threads: %d events, %d endings, %d failures\n", events, runs, failures);
  return failures != 0;
}
