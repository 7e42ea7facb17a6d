/*
 * contract.c - calls the shim as TypeScript does, and as it never should: clean runs, a request that fails at
 * every index, short reads and writes, stale handles, double closes, garbage. It prints failures; errors in memory are
 * found by sanitizers and valgrind (scripts/shim_test.sh).
 *
 *   contract FIXTURES [MAX]      MAX: maximum of faults per run, spread over it; default: all
 */
#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../../shim/avs.h"
#include "check.h"
#include "own_client.h"
#include "streams.h"

enum { SEEK_TO_END = 2, SEEK_FOR_SIZE = 0x10000, BUFFER = 1000, NEVER = -1 };

/* ---------------------------------------------------------------------------------------- devices */

struct bytes {
  uint8_t *data;
  size_t size, capacity, position;
};

/* The devices that answer requests: one source, one sink; and the fault to inject. */
static struct {
  double source_io, sink_io;
  struct bytes source, sink;
  size_t max;    /* max bytes of a read */
  size_t beyond; /* bytes that a read returns beyond the request */
  int calls, fail_at, late;
  int error; /* how the request is answered that fails; 0: not at all */
  int refuse; /* number of seeks to refuse */
  bool failed;
  bool any; /* requests come from other I/O contexts than the two, too */
  void (*inside)(double session); /* called in every request */
} world;

static void put(struct bytes *bytes, const uint8_t *data, size_t size) {
  size_t end = bytes->position + size;
  if (end > bytes->capacity) {
    bytes->capacity = end * 2;
    bytes->data = realloc(bytes->data, bytes->capacity);
    if (!bytes->data) abort();
  }
  if (bytes->position > bytes->size) memset(bytes->data + bytes->size, 0, bytes->position - bytes->size);
  if (size) memcpy(bytes->data + bytes->position, data, size);
  bytes->position = end;
  if (end > bytes->size) bytes->size = end;
}

static double move(struct bytes *bytes, double offset, int whence) {
  if (whence == SEEK_FOR_SIZE) return (double)bytes->size;
  double target = whence == SEEK_TO_END ? (double)bytes->size + offset : offset;
  if (target < 0 || target > 1e9) return -EINVAL;
  bytes->position = (size_t)target;
  return target;
}

static void answer_read(double io, double wanted) {
  struct bytes *source = &world.source;
  size_t left = source->position < source->size ? source->size - source->position : 0;
  size_t size = (size_t)wanted < world.max ? (size_t)wanted : world.max;
  size += world.beyond;
  if (size > left) size = left;
  CHECK(avs_reply(io, wanted) < 0, "read without bytes");
  CHECK(avs_reply(io, NAN) < 0, "answered with NaN");
  CHECK(avs_take_write(io, NULL, 0) < 0, "a read is no write");
  CHECK(avs_reply_read(io, source->data + source->position, (uint32_t)size) == 0, "read refused");
  CHECK(avs_reply_read(io, source->data + source->position, (uint32_t)size) < 0, "answered twice");
  source->position += size;
}

static void answer_write(double io, double size) {
  uint8_t *chunk = malloc((size_t)size + 1);
  CHECK(avs_take_write(io, chunk, (uint32_t)size + 1) < 0, "took more than was written");
  CHECK(avs_take_write(io, chunk, (uint32_t)size) == 0, "written bytes refused");
  put(&world.sink, chunk, (size_t)size);
  free(chunk);
  (void)avs_request_time(io);
  CHECK(avs_reply(io, size) == 0, "write refused");
}

static void answer(double session, double io, uint32_t kind, double a, double b, double c) {
  (void)c;
  if (world.failed) world.late++;
  if (world.inside) world.inside(session);
  if (world.calls++ == world.fail_at) {
    world.failed = true; /* without an answer it is as if JavaScript had thrown */
    if (world.error) avs_reply(io, world.error);
    return;
  }
  CHECK(world.any || io == world.source_io || io == world.sink_io, "request of an unknown I/O context");
  if (kind == AVS_REQUEST_READ && b >= 0) world.source.position = (size_t)b; /* a late seek */
  if (kind == AVS_REQUEST_READ) answer_read(io, a);
  else if (kind == AVS_REQUEST_WRITE) answer_write(io, a);
  else if ((int)b != SEEK_FOR_SIZE && world.refuse > 0) world.refuse--, avs_reply(io, -ESPIPE);
  else avs_reply(io, move(io == world.source_io ? &world.source : &world.sink, a, (int)b));
}

static double new_source(double session) {
  return avs_io_new(session, AVS_IO_CALLBACKS, AVS_IO_READ | AVS_IO_SEEK, BUFFER);
}

/* `kind`: memory or callbacks. */
static double new_sink(double session, uint32_t kind, uint32_t flags) {
  return avs_io_new(session, kind, AVS_IO_WRITE | AVS_IO_SEEK | flags, BUFFER);
}

static void reset(int fail_at, size_t max) {
  world.source.position = world.sink.position = world.sink.size = 0;
  world.source_io = world.sink_io = 0;
  world.calls = world.late = world.refuse = 0;
  world.failed = world.any = false;
  world.fail_at = fail_at;
  world.max = max;
  world.beyond = 0;
  world.inside = NULL;
}

static void load(const char *folder, const char *name) {
  char path[4096];
  snprintf(path, sizeof(path), "%s/%s", folder, name);
  FILE *file = fopen(path, "rb");
  if (!file) {
    perror(path);
    exit(2);
  }
  world.source.position = world.source.size = 0;
  uint8_t chunk[4096];
  for (size_t n; (n = fread(chunk, 1, sizeof(chunk), file)) > 0;) put(&world.source, chunk, n);
  fclose(file);
}

/* ---------------------------------------------------------------------------------------- operations */

static double run(double session, uint32_t operation, double *slot) {
  avs_run(session, operation, slot, NULL, 0, NULL, 0);
  return slot[0];
}

static void set(double session, uint32_t what, const char *name, const char *value) {
  char text[256];
  size_t name_size = strlen(name) + 1, value_size = strlen(value) + 1;
  memcpy(text, name, name_size);
  memcpy(text + name_size, value, value_size);
  CHECK(avs_set(session, what, 0, text, (uint32_t)(name_size + value_size)) >= 0, "set %s", name);
}

static void drop_log(double session) {
  char text[65536];
  (void)avs_take_log(session, text, sizeof(text));
}

static double open_input(double session, double io) {
  double slot[AVS_SLOT_SIZE] = {0, io, 1};
  double result = run(session, AVS_OP_OPEN_INPUT, slot);
  drop_log(session);
  return result;
}

/* Reads to the end or to an error; returns the number of packets. */
static int read_all(double session, double *result) {
  double slot[AVS_SLOT_SIZE], row[64 * AVS_ROW_LENGTH];
  int packets = 0;
  do {
    slot[1] = 64;
    slot[2] = 100000;
    *result = run(session, AVS_OP_READ, slot);
    double bytes = 0;
    int ready = avs_ready_packets(session, &bytes);
    uint32_t size = (uint32_t)bytes;
    uint8_t *data = malloc(size + 1);
    int taken = avs_take_packets(session, row, 64, data, size);
    free(data);
    CHECK(taken >= 0, "take packets: %d", taken);
    packets += taken > 0 ? taken : 0;
    CHECK(taken == ready, "ready %d, taken %d", ready, taken);
    if (taken <= 0 && *result >= 0) break;
  } while (*result >= 0);
  drop_log(session);
  return packets;
}

static double seek(double session, double stream, double target) {
  double slot[AVS_SLOT_SIZE] = {0, stream, target, -INFINITY, target, 1};
  double result = run(session, AVS_OP_SEEK, slot);
  drop_log(session);
  return result;
}

/* ---------------------------------------------------------------------------------------- runs */

struct outcome {
  int packets, calls;
  bool failed;
};

static struct outcome finish(double session, int packets, double result) {
  CHECK(world.late == 0, "%d requests after the one that failed", world.late);
  if (world.failed) CHECK(result < 0, "the operation succeeded though a request failed");
  CHECK(avs_session_close(session) == 0, "close");
  CHECK(avs_session_close(session) < 0, "closed twice");
  return (struct outcome){packets, world.calls, world.failed};
}

static struct outcome demux(int fail_at, size_t max) {
  reset(fail_at, max);
  double session = avs_session_new(own_client());
  world.source_io = new_source(session);
  int packets = 0;
  double result = open_input(session, world.source_io);
  if (!world.failed) {
    CHECK(result >= 0, "open: %g", result);
    packets = read_all(session, &result);
  }
  if (!world.failed) {
    result = seek(session, -1, 1);
    double ended;
    if (!world.failed) read_all(session, &ended);
    if (world.failed) result = -1;
  }
  return finish(session, packets, result);
}

static const char *muxer_of(const char *name) {
  const char *extension = strrchr(name, '.') + 1;
  if (!strcmp(extension, "ts")) return "mpegts";
  return strcmp(extension, "mkv") ? extension : "matroska";
}

/* Adds streams as addStreamLike() does, with the fields that a muxer needs. */
static bool describe_into(double session) {
  static char json[1 << 20];
  int32_t size = avs_describe(session, AVS_INPUT, json, sizeof(json));
  CHECK(size > 0 && size < (int32_t)sizeof(json), "describe: %d", size);
  if (size <= 0) return false;
  const uint8_t *bytes = described_bytes(json);
  static char text[1 << 16];
  int index = 0;
  for (char *at = NULL; (at = next_stream(json, at)); index++) {
    int stream = avs_add_stream(session, text, (uint32_t)fields_of_stream(at, text, sizeof(text)));
    CHECK(stream == index, "add stream: %d", stream);
    CHECK(set_extradata(session, stream, at, &bytes) == 0, "set extradata");
    CHECK(avs_map_stream(session, index, stream) == 0, "map stream");
  }
  drop_log(session);
  return index > 0;
}

/* `kind`: of the sink. */
static struct outcome remux(const char *format, uint32_t kind, uint32_t flags, int fail_at, size_t max) {
  reset(fail_at, max);
  double session = avs_session_new(own_client());
  world.source_io = new_source(session);
  world.sink_io = new_sink(session, kind, flags);
  double slot[AVS_SLOT_SIZE] = {0};
  double result = open_input(session, world.source_io);
  if (result >= 0) {
    set(session, AVS_SET_OUTPUT, "format", format);
    result = run(session, AVS_OP_OPEN_OUTPUT, slot);
    CHECK(result >= 0, "open output: %g", result);
    CHECK(avs_add_chapter(session, 1, 0, 1) >= 0, "add chapter");
    describe_into(session);
    avs_set_range(session, NAN, NAN);
    slot[1] = world.sink_io;
    result = run(session, AVS_OP_HEADER, slot);
  }
  int packets = 0;
  if (result >= 0) {
    slot[1] = INFINITY;
    slot[2] = 0;
    slot[3] = NAN;
    slot[5] = 0;
    result = run(session, AVS_OP_REMUX, slot);
    packets = (int)slot[2];
  }
  if (result >= 0) result = run(session, AVS_OP_TRAILER, slot);
  drop_log(session);
  if (!world.failed) {
    CHECK(result >= 0, "remux to %s: %g", format, result);
    double size = kind == AVS_IO_MEMORY_OUTPUT ? avs_memory_size(world.sink_io) : (double)world.sink.size;
    CHECK(size > 0 && size == slot[AVS_SLOT_WRITTEN], "%g bytes, said to be %g", size, slot[AVS_SLOT_WRITTEN]);
  }
  return finish(session, packets, result);
}

static int step_for(int calls, int max) { return max <= 0 || calls <= max ? 1 : (calls + max - 1) / max; }

/* EAGAIN is no answer: libavformat and its callers would make the same request again, for ever. */
static void test_again(const char *folder, const char *name) {
  enum { POINTS = 12 };
  load(folder, name);
  int calls = demux(NEVER, SIZE_MAX).calls, more = remux(muxer_of(name), AVS_IO_CALLBACKS, 0, NEVER, SIZE_MAX).calls;
  world.error = -EAGAIN;
  alarm(120);
  for (int at = 0; at < calls; at += step_for(calls, POINTS)) CHECK(demux(at, SIZE_MAX).failed, "%s: request %d", name, at);
  for (int at = 0; at < more; at += step_for(more, POINTS))
    CHECK(remux(muxer_of(name), AVS_IO_CALLBACKS, 0, at, SIZE_MAX).failed, "%s: request %d", name, at);
  alarm(0);
  world.error = 0;
}

static void test_file(const char *folder, const char *name, int max) {
  load(folder, name);
  struct outcome whole = demux(NEVER, SIZE_MAX);
  CHECK(whole.packets > 0, "%s: no packets", name);
  struct outcome parts = demux(NEVER, 97);
  CHECK(parts.packets == whole.packets, "%s: %d packets, in short reads %d", name, whole.packets, parts.packets);
  for (int at = 0; at < whole.calls; at += step_for(whole.calls, max))
    CHECK(demux(at, SIZE_MAX).failed, "%s: fault %d was not reached", name, at);

  const char *format = muxer_of(name);
  struct outcome memory = remux(format, AVS_IO_MEMORY_OUTPUT, 0, NEVER, SIZE_MAX);
  struct outcome written = remux(format, AVS_IO_CALLBACKS, 0, NEVER, SIZE_MAX);
  CHECK(memory.packets == written.packets, "%s: %d packets, to memory %d", name, written.packets, memory.packets);
  CHECK(written.packets > 0, "%s: none remuxed", name);
  for (int at = 0; at < written.calls; at += step_for(written.calls, max))
    CHECK(remux(format, AVS_IO_CALLBACKS, at % 2 ? AVS_IO_DIRECT : 0, at, SIZE_MAX).failed || at % 2,
          "%s: fault %d was not reached", name, at);
  printf("%s: %d packets, %d and %d requests\n", name, whole.packets, whole.calls, written.calls);
  fflush(stdout);
}

/* ---------------------------------------------------------------------------------------- misuse */

static const double handles[] = {0,          1,          2,        3,   0xfffff,  0x100000, 0x100001,  0x7fffffff,
                                0x80000000, 0xffffffff, 1048576.5, -1, -1048576, NAN,      INFINITY,  -INFINITY,
                                1e15,       4503599627370496.0, 9007199254740992.0, 1e300};
enum { HANDLES = sizeof(handles) / sizeof(*handles) };

/* Calls every function that takes a handle with an invalid one. */
static void call_all(double handle) {
  char text[64];
  uint8_t bytes[64] = {0};
  double row[AVS_ROW_LENGTH] = {0}, slot[AVS_SLOT_SIZE];
  for (uint32_t operation = 0; operation < 20; operation++) {
    for (int i = 0; i < AVS_SLOT_SIZE; i++) slot[i] = 1;
    avs_run(handle, operation, slot, bytes, sizeof(bytes), bytes, sizeof(bytes));
    CHECK(slot[0] < 0, "operation %u on handle %g: %g", operation, handle, slot[0]);
  }
  CHECK(avs_reply(handle, 1) < 0, "reply");
  CHECK(avs_reply_read(handle, bytes, 1) < 0, "reply read");
  CHECK(avs_take_write(handle, bytes, 1) < 0, "take write");
  CHECK(isnan(avs_request_time(handle)), "request time");
  CHECK(avs_take_log(handle, text, sizeof(text)) < 0, "take log");
  CHECK(avs_refused_url(handle, text, sizeof(text)) < 0, "refused url");
  CHECK(avs_unused_options(handle, text, sizeof(text)) < 0, "unused options");
  CHECK(avs_describe(handle, AVS_INPUT, text, sizeof(text)) < 0, "describe");
  CHECK(avs_describe(handle, AVS_OUTPUT, text, sizeof(text)) < 0, "describe");
  CHECK(avs_set(handle, AVS_SET_INPUT, 0, "url\0x", 6) < 0, "set");
  CHECK(avs_add_stream(handle, "", 0) < 0, "add stream");
  CHECK(avs_add_chapter(handle, 1, 0, 1) < 0, "add chapter");
  CHECK(avs_can_hold(handle, 0) < 0, "can hold");
  CHECK(avs_map_stream(handle, 0, 0) < 0, "map stream");
  CHECK(avs_swap_routes(handle, 0, 0) < 0, "swap routes");
  CHECK(avs_set_range(handle, 0, 1) < 0, "set range");
  CHECK(avs_set_discard(handle, 0, 1) < 0, "set discard");
  CHECK(avs_ready_packets(handle, row) < 0, "ready packets");
  CHECK(avs_take_packets(handle, row, 1, bytes, sizeof(bytes)) < 0, "take packets");
  CHECK(avs_start(handle, AVS_OP_READ, slot) < 0, "start");
  CHECK(avs_finish(handle, slot) < 0, "finish");
  CHECK(avs_cancel(handle) < 0, "cancel");
  CHECK(avs_stop(handle) < 0, "stop");
  CHECK(avs_put_packet(handle, row, bytes, 1, bytes, 0) < 0, "put packet");
  CHECK(avs_io_new(handle, AVS_IO_CALLBACKS, AVS_IO_READ, 100) == 0, "io new");
  CHECK(avs_io_save(handle, row, bytes, sizeof(bytes)) < 0, "io save");
  CHECK(avs_io_restore(handle, 1, bytes, 1) < 0, "io restore");
  CHECK(avs_io_begin(handle, 1, bytes, 1) < 0, "io begin");
  CHECK(avs_io_new(handle, AVS_IO_CALLBACKS, AVS_IO_READ, 10) == 0, "io new");
  CHECK(avs_io_new_copy(handle, bytes, 1, 10) == 0, "io new copy");
  CHECK(avs_start(handle, AVS_OP_READ, slot) < 0 && avs_cancel(handle) < 0 && avs_stop(handle) < 0, "start");
  CHECK(avs_io_close(handle) < 0, "io close");
  CHECK(avs_route(handle, 0, row) < 0, "route");
  CHECK(avs_set_range(handle, 0, 1) < 0, "set range");
  CHECK(avs_set_shift(handle, 0, 1) < 0, "set shift");
  CHECK(avs_keep_times(handle, 1) < 0, "keep times");
  CHECK(avs_set_delay(handle, 0, 1) < 0, "set delay");
  CHECK(avs_select_input(handle, 0) < 0, "select input");
  CHECK(avs_index(handle, 0, 0, row, 1) < 0, "index");
  CHECK(avs_cover(handle, 0, bytes, 1) < 0, "cover");
  CHECK(avs_memory_size(handle) < 0, "memory size");
  CHECK(avs_memory_read(handle, 0, bytes, 1) < 0, "memory read");
  CHECK(avs_session_close(handle) < 0, "close");
}

static void test_handles(void) {
  double session = avs_session_new(own_client()), io = new_source(session);
  for (int i = 0; i < HANDLES; i++)
    if (handles[i] != session && handles[i] != io) call_all(handles[i]);
  double stale = avs_session_new(own_client()), stale_io = new_source(stale);
  CHECK(avs_session_close(stale) == 0, "close");
  call_all(stale);
  call_all(stale_io);
  /* The slots are reused: the old handles must not find the new objects. */
  double again = avs_session_new(own_client());
  call_all(stale);
  call_all(stale_io);
  CHECK(avs_session_close(io) < 0, "closed an I/O context as a session");
  CHECK(avs_memory_size(session) < 0, "a session is no memory");
  CHECK(avs_session_close(again) == 0, "close");
  CHECK(avs_session_close(session) == 0, "close");
  /* A slot is reused many times, and no handle is repeated. */
  for (int i = 0; i < 100000; i++) {
    again = avs_session_new(own_client());
    CHECK(again != stale && avs_session_close(stale) == -EBADF, "a stale handle is valid again after %d sessions", i);
    CHECK(avs_session_close(again) == 0, "close %d", i);
  }
  for (int i = 0; i < 200; i++) (void)avs_io_new(avs_session_new(own_client()), i % 3, AVS_IO_READ, 10); /* freed at the thread's end */
}

static const double numbers[] = {0,     1,      -1,    2,     0.5,   1e9,     -1e9,      4294967295.0, 9007199254740993.0,
                                 1e300, -1e300, 65536, NAN,   INFINITY, -INFINITY, -9223372036854775808.0};
enum { NUMBERS = sizeof(numbers) / sizeof(*numbers) };

/* Every operation with every number at every index of the slot, on a session with an open input and an open output. */
static void test_slots(const char *folder) {
  load(folder, "audio.ogg");
  reset(NEVER, SIZE_MAX);
  double session = avs_session_new(own_client());
  world.source_io = new_source(session);
  world.sink_io = new_sink(session, AVS_IO_MEMORY_OUTPUT, 0);
  open_input(session, world.source_io);
  set(session, AVS_SET_OUTPUT, "format", "ogg");
  double slot[AVS_SLOT_SIZE] = {0};
  run(session, AVS_OP_OPEN_OUTPUT, slot);
  describe_into(session);
  uint8_t bytes[256] = {0};
  for (uint32_t operation = 0; operation < 20; operation++) {
    if (operation == AVS_OP_HEADER || operation == AVS_OP_TRAILER || operation == AVS_OP_CLOSE_INPUT) continue;
    for (int place = 1; place < 6; place++) {
      for (int i = 0; i < NUMBERS; i++) {
        memset(slot, 0, sizeof(slot));
        slot[place] = numbers[i];
        avs_run(session, operation, slot, bytes, sizeof(bytes), NULL, 0);
        slot[1] = operation == AVS_OP_IO_WRITE ? world.sink_io : world.source_io; /* an existing one */
        if (place > 1 && operation >= AVS_OP_IO_READ) {
          slot[place] = numbers[i];
          avs_run(session, operation, slot, bytes, sizeof(bytes), NULL, 0);
        }
      }
    }
    drop_log(session);
  }
  for (int i = 0; i < NUMBERS; i++) {
    for (int j = 0; j < AVS_ROW_LENGTH; j++) {
      double row[AVS_ROW_LENGTH] = {0, 1, 1, 1, 1, 0, 1, 0, 1, 1000};
      row[j] = numbers[i];
      avs_put_packet(session, row, bytes, 5, bytes, 0);
      avs_put_packet(session, row, bytes, 5, bytes, (uint32_t)(i * 7 + j)); /* invalid side data */
    }
    avs_add_stream(session, "type\0\xff", 6);
    avs_add_stream(session, "no end", 6);
    avs_add_chapter(session, numbers[i], numbers[i], numbers[i]);
    avs_set_range(session, numbers[i], numbers[i]);
    avs_set_shift(session, numbers[i], numbers[NUMBERS - 1 - i]);
    avs_memory_read(world.sink_io, numbers[i], bytes, 10);
    avs_reply(world.source_io, numbers[i]);
    int32_t index = isfinite(numbers[i]) && fabs(numbers[i]) < 2e9 ? (int32_t)numbers[i] : -7;
    for (uint32_t what = 0; what < 12; what++) {
      avs_set(session, what, index, "title\0x", 8);
      avs_set(session, what, index, "no end", 6);
      avs_set(session, what, index, "type\0\xff\xfe\0codec\0nonsense", 21);
      avs_set(session, what, index, "", 0);
    }
    if (index == 0) continue;
    CHECK(avs_map_stream(session, index, 0) < 0 && avs_map_stream(session, 0, index) < 0, "map %d", index);
    CHECK(avs_swap_routes(session, index, 0) < 0 && avs_swap_routes(session, 0, index) < 0, "swap %d", index);
    CHECK(avs_can_hold(session, index) < 0, "can hold %d", index);
    CHECK(avs_route(session, index, slot) < 0, "route %d", index);
    CHECK(avs_cover(session, index, (uint8_t *)slot, 1) < 0, "cover %d", index);
    CHECK(avs_index(session, index, 0, slot, 1) < 0, "index %d", index);
    CHECK(avs_set_discard(session, index, 1) < 0, "discard %d", index);
  }
  double result;
  read_all(session, &result);
  drop_log(session);
  CHECK(avs_session_close(session) == 0, "close");
}

/* Inside a request: calls that would free or change what is in use are refused. */
static void misuse_inside(double session) {
  double slot[AVS_SLOT_SIZE] = {0, world.source_io};
  CHECK(avs_session_close(session) == -EBUSY, "closed while running");
  CHECK(run(session, AVS_OP_READ, slot) == -EBUSY, "ran inside itself");
  double other = avs_session_new(own_client());
  double state[AVS_SAVED_LENGTH];
  CHECK(avs_io_save(world.source_io, state, NULL, 0) == -EBUSY, "saved while running");
  CHECK(avs_io_restore(world.source_io, 0, NULL, 0) == -EBUSY, "restored while running");
  CHECK(avs_io_begin(world.source_io, 0, NULL, 0) == -EBUSY, "begun while running");
  CHECK(avs_io_locate(world.source_io, "x", 1) == -EBUSY, "located while running");
  CHECK(avs_add_stream(session, "", 0) < 0, "stream added while running");
  CHECK(avs_io_close(world.source_io) == -EBUSY, "I/O context closed while running");
  CHECK(avs_set_shift(session, 0, 0) == -EBUSY, "shifted while running");
  CHECK(avs_swap_routes(session, 0, 1) == -EBUSY, "swapped while running");
  CHECK(avs_keep_times(session, 1) == -EBUSY, "kept while running");
  CHECK(avs_set_delay(session, 0, 1) == -EBUSY, "delayed while running");
  CHECK(avs_select_input(session, 0) == -EBUSY, "selected while running");
  CHECK(avs_route(session, 0, slot) == -EBUSY, "counted while running");
  CHECK(avs_io_new(session, AVS_IO_CALLBACKS, AVS_IO_READ, 10) == 0, "I/O context made while running");
  char text[16];
  CHECK(avs_take_log(session, text, sizeof(text)) == -EBUSY, "log taken while running");
  CHECK(avs_start(session, AVS_OP_READ, slot) == -EBUSY, "started inside itself");
  CHECK(avs_finish(session, slot) < 0, "finished what was not started");
  CHECK(avs_session_close(other) == 0, "close");
}

static void test_inside(const char *folder) {
  load(folder, "audio.mp3");
  reset(NEVER, SIZE_MAX);
  double session = avs_session_new(own_client());
  world.source_io = new_source(session);
  world.inside = misuse_inside;
  double result = open_input(session, world.source_io);
  CHECK(result >= 0, "open: %g", result);
  CHECK(read_all(session, &result) > 100, "packets are missing");
  CHECK(avs_session_close(session) == 0, "close");
  /* The same while it is read directly. */
  session = avs_session_new(own_client());
  world.source_io = new_source(session);
  uint8_t bytes[100];
  double slot[AVS_SLOT_SIZE] = {0, world.source_io};
  avs_run(session, AVS_OP_IO_READ, slot, bytes, sizeof(bytes), NULL, 0);
  CHECK(slot[0] >= 0, "read: %g", slot[0]);
  CHECK(avs_session_close(session) == 0, "close");
}

static const char *fixtures;
static double one_stream(double session, uint32_t input_stream);
static bool operate(double session, uint32_t operation);

static double seek_io(double session, double io, double position) {
  double slot[AVS_SLOT_SIZE] = {0, io, position, 0};
  return run(session, AVS_OP_IO_SEEK, slot) < 0 ? -1 : slot[1];
}

/* Moves to an I/O context of another session over the same device, at the same position; the old one is closed. */
static double take_over(double io, double session) {
  uint8_t bytes[1 << 16];
  double state[AVS_SAVED_LENGTH];
  int32_t size = avs_io_save(io, state, bytes, sizeof(bytes));
  CHECK(size >= 0 && size <= (int32_t)sizeof(bytes), "save: %d", size);
  CHECK(avs_io_close(io) == 0, "close I/O context");
  double next = new_source(session);
  CHECK(avs_io_restore(next, state[AVS_SAVED_POSITION], bytes, (uint32_t)size) == 0, "restore");
  return next;
}

/* Another session continues at the position of an I/O context, with its buffered bytes. */
static void test_moving(const char *folder) {
  load(folder, "audio.mp3");
  reset(NEVER, SIZE_MAX);
  double first = avs_session_new(own_client()), second = avs_session_new(own_client());
  world.source_io = new_source(first);
  uint8_t bytes[100];
  double slot[AVS_SLOT_SIZE] = {0, world.source_io};
  avs_run(first, AVS_OP_IO_READ, slot, bytes, sizeof(bytes), NULL, 0);
  CHECK(slot[1] == 100, "%g bytes read", slot[1]);
  world.source_io = take_over(world.source_io, second);
  CHECK(avs_session_close(first) == 0, "close");
  slot[1] = world.source_io;
  avs_run(second, AVS_OP_IO_READ, slot, bytes, sizeof(bytes), NULL, 0);
  CHECK(slot[1] == 100 && !memcmp(bytes, world.source.data + 100, 100), "not the next bytes");
  CHECK(avs_io_restore(world.source_io, 0, NULL, 0) == -EINVAL, "restored after its first use");
  CHECK(avs_session_close(second) == 0, "close");
}

/* Reads continue, in any mix of buffered bytes, bytes beyond a request, and new requests. */
static void test_saving_reads(const char *folder) {
  static const size_t beyond[] = {0, 1, 700, 5000}, reads[] = {1, 100, 999, 1000, 1001, 2500};
  load(folder, "audio.mp3");
  for (size_t i = 0; i < 4; i++) {
    reset(NEVER, SIZE_MAX);
    world.beyond = beyond[i];
    double session = avs_session_new(own_client());
    world.source_io = new_source(session);
    size_t at = 0;
    for (size_t j = 0; j < sizeof(reads) / sizeof(*reads); j++) {
      uint8_t bytes[2500];
      double slot[AVS_SLOT_SIZE] = {0, world.source_io}, state[AVS_SAVED_LENGTH];
      avs_run(session, AVS_OP_IO_READ, slot, bytes, (uint32_t)reads[j], NULL, 0);
      CHECK(slot[1] == (double)reads[j] && !memcmp(bytes, world.source.data + at, reads[j]), "the bytes at %zu", at);
      at += reads[j];
      int32_t size = avs_io_save(world.source_io, state, NULL, 0);
      CHECK(state[AVS_SAVED_POSITION] == (double)at, "at %zu, saved %g", at, state[AVS_SAVED_POSITION]);
      CHECK(state[AVS_SAVED_DEVICE] == (double)world.source.position, "device %g", state[AVS_SAVED_DEVICE]);
      CHECK(size == (int32_t)(world.source.position - at), "%d bytes buffered", size);
      double next = avs_session_new(own_client());
      world.source_io = take_over(world.source_io, next);
      CHECK(avs_session_close(session) == 0, "close");
      session = next;
    }
    CHECK(seek_io(session, world.source_io, 5) == 5 && seek_io(session, world.source_io, 4000) == 4000, "seek");
    CHECK(avs_session_close(session) == 0, "close");
  }
}

/* A demuxer begins in the middle of a device; what is saved afterwards has positions of the device. */
static void test_saving_demuxed(const char *folder) {
  enum { AT = 700 };
  load(folder, "audio.wav");
  size_t size = world.source.size;
  uint8_t *shifted = calloc(1, size + AT);
  memcpy(shifted + AT, world.source.data, size);
  world.source.position = world.source.size = 0;
  put(&world.source, shifted, size + AT);
  free(shifted);
  reset(NEVER, SIZE_MAX);
  double session = avs_session_new(own_client()), state[AVS_SAVED_LENGTH], result;
  world.source_io = new_source(session);
  world.source.position = AT + 300;
  CHECK(avs_io_restore(world.source_io, AT, world.source.data + AT, 300) == 0, "restore");
  CHECK(open_input(session, world.source_io) >= 0, "open");
  CHECK(read_all(session, &result) > 0, "no packets");
  CHECK(avs_io_save(world.source_io, state, NULL, 0) == 0, "nothing is left");
  CHECK(state[AVS_SAVED_POSITION] == (double)(size + AT), "ends at %g", state[AVS_SAVED_POSITION]);
  CHECK(avs_session_close(session) == 0, "close");
}

/* Bytes that were written and not flushed continue in another I/O context, up to a full buffer. */
static void test_saving_writes(uint32_t flags) {
  reset(NEVER, SIZE_MAX);
  double session = avs_session_new(own_client()), state[AVS_SAVED_LENGTH], slot[AVS_SLOT_SIZE];
  world.any = true;
  world.sink_io = new_sink(session, AVS_IO_CALLBACKS, flags);
  uint8_t written[20 * BUFFER], all[BUFFER];
  size_t at = 0;
  for (size_t i = 0; i < sizeof(written); i++) written[i] = (uint8_t)(i * 7 + i / 256);
  static const size_t writes[] = {1, 998, 1, 5, 995, 1500, 3000, 0, 1000, 17};
  for (size_t i = 0; i < sizeof(writes) / sizeof(*writes); i++) {
    memset(slot, 0, sizeof(slot));
    slot[1] = world.sink_io;
    avs_run(session, AVS_OP_IO_WRITE, slot, written + at, (uint32_t)writes[i], NULL, 0);
    CHECK(slot[0] == 0, "write: %g", slot[0]);
    at += writes[i];
    int32_t size = avs_io_save(world.sink_io, state, all, sizeof(all));
    CHECK(state[AVS_SAVED_POSITION] == (double)at, "at %zu, saved %g", at, state[AVS_SAVED_POSITION]);
    CHECK(state[AVS_SAVED_DEVICE] == (double)world.sink.size, "device %g", state[AVS_SAVED_DEVICE]);
    CHECK(size == (int32_t)(at - world.sink.size), "%d bytes buffered", size);
    CHECK(!memcmp(all, written + world.sink.size, (size_t)size), "other bytes");
    double next = avs_session_new(own_client());
    double io = new_sink(next, AVS_IO_CALLBACKS, flags);
    CHECK(avs_io_restore(io, state[AVS_SAVED_DEVICE], written, 21 * BUFFER) < 0, "more than its buffer");
    CHECK(avs_io_restore(io, state[AVS_SAVED_DEVICE], all, (uint32_t)size) == 0, "restore");
    CHECK(avs_session_close(session) == 0, "close");
    session = next;
    world.sink_io = io;
  }
  double io = new_sink(session, AVS_IO_CALLBACKS, flags); /* full to the last byte */
  CHECK(avs_io_restore(io, (double)at, written + at, BUFFER) == 0, "restore a full buffer");
  slot[1] = world.sink_io;
  CHECK(run(session, AVS_OP_IO_FLUSH, slot) == 0, "flush");
  world.sink.position = at;
  slot[1] = io;
  avs_run(session, AVS_OP_IO_WRITE, slot, written + at + BUFFER, 3, NULL, 0);
  CHECK(run(session, AVS_OP_IO_FLUSH, slot) == 0, "flush");
  CHECK(world.sink.size == at + BUFFER + 3 && !memcmp(world.sink.data, written, world.sink.size), "other bytes");
  CHECK(avs_session_close(session) == 0, "close");
}

static void test_saving_memory(void) {
  reset(NEVER, SIZE_MAX);
  double session = avs_session_new(own_client()), state[AVS_SAVED_LENGTH], slot[AVS_SLOT_SIZE] = {0};
  uint8_t bytes[BUFFER * 3], all[BUFFER];
  for (size_t i = 0; i < sizeof(bytes); i++) bytes[i] = (uint8_t)(i * 3);
  double sink = new_sink(session, AVS_IO_MEMORY_OUTPUT, 0);
  slot[1] = sink;
  avs_run(session, AVS_OP_IO_WRITE, slot, bytes, 1500, NULL, 0);
  int32_t size = avs_io_save(sink, state, all, sizeof(all));
  CHECK(size == 500 && state[AVS_SAVED_DEVICE] == 1000 && !memcmp(all, bytes + 1000, 500), "%d bytes of memory", size);
  double source = avs_io_new(session, AVS_IO_MEMORY_INPUT, AVS_IO_READ | AVS_IO_SEEK, BUFFER);
  CHECK(avs_io_restore(source, 100, NULL, 0) == 0, "restore");
  slot[1] = source;
  avs_run(session, AVS_OP_IO_READ, slot, all, 10, bytes, sizeof(bytes));
  CHECK(slot[1] == 10 && !memcmp(all, bytes + 100, 10), "not the bytes at 100");
  CHECK(avs_io_save(source, state, NULL, 0) >= 0 && state[AVS_SAVED_POSITION] == 110, "saved %g", state[AVS_SAVED_POSITION]);
  CHECK(avs_session_close(session) == 0, "close");
}

/* A copy of bytes: both engines can read it, and later changes of the original have no effect. */
static void test_copy(const char *folder) {
  load(folder, "video.mp4");
  struct outcome whole = demux(NEVER, SIZE_MAX);
  uint8_t *bytes = malloc(world.source.size);
  memcpy(bytes, world.source.data, world.source.size);
  double session = avs_session_new(own_client()), io = avs_io_new_copy(session, bytes, (uint32_t)world.source.size, BUFFER), result;
  memset(bytes, 0xff, world.source.size);
  free(bytes);
  reset(0, SIZE_MAX); /* a request would fail */
  CHECK(open_input(session, io) >= 0, "open");
  CHECK(read_all(session, &result) == whole.packets - 0, "packets are missing");
  CHECK(seek(session, -1, 1) >= 0 && read_all(session, &result) > 0, "no packets after a seek");
  CHECK(world.calls == 0, "%d requests", world.calls);
  CHECK(avs_session_close(session) == 0, "close");
}

static double new_late_source(double session) {
  return avs_io_new(session, AVS_IO_CALLBACKS, AVS_IO_READ | AVS_IO_SEEK | AVS_IO_LATE_SEEK, BUFFER);
}

/* What is known of a source before it is opened is not requested then, and all packets are the same. */
static void test_begin(const char *folder, const char *name) {
  load(folder, name);
  struct outcome whole = demux(NEVER, SIZE_MAX);
  for (size_t head = 0; head <= world.source.size; head = head * 3 + 1) {
    reset(NEVER, SIZE_MAX);
    double session = avs_session_new(own_client()), result;
    world.source_io = new_late_source(session);
    CHECK(avs_io_begin(world.source_io, (double)world.source.size, world.source.data, (uint32_t)head) == 0, "begin");
    CHECK(open_input(session, world.source_io) >= 0, "open");
    CHECK(read_all(session, &result) == whole.packets, "%s: packets are missing, %zu bytes known", name, head);
    CHECK(seek(session, -1, 0) >= 0 && read_all(session, &result) > 0, "no packets after a seek");
    CHECK(avs_session_close(session) == 0, "close");
  }
  reset(0, SIZE_MAX); /* a request would fail */
  double session = avs_session_new(own_client());
  world.source_io = new_late_source(session);
  CHECK(avs_io_begin(world.source_io, (double)world.source.size, world.source.data, (uint32_t)world.source.size) == 0, "begin");
  CHECK(open_input(session, world.source_io) >= 0 && world.calls == 0, "%s: opened with %d requests", name, world.calls);
  CHECK(avs_io_begin(world.source_io, 1, NULL, 0) == -EBUSY, "begun in use");
  CHECK(avs_io_begin(new_source(session), 1, world.source.data, 1) == -EINVAL, "bytes without late seeks");
  CHECK(avs_io_begin(new_sink(session, AVS_IO_CALLBACKS, 0), 1, NULL, 0) < 0, "an output");
  CHECK(avs_session_close(session) == 0, "close");
}

/* The position of a source that is used for reading bytes first is the one after them. */
static void test_begin_and_move(const char *folder) {
  load(folder, "audio.mp3");
  reset(NEVER, SIZE_MAX);
  double session = avs_session_new(own_client()), state[AVS_SAVED_LENGTH], slot[AVS_SLOT_SIZE] = {0};
  uint8_t bytes[3000];
  world.source_io = new_late_source(session);
  CHECK(avs_io_begin(world.source_io, NAN, world.source.data, 1500) == 0, "begin");
  for (int at = 0; at < 3000; at += 100) {
    slot[1] = world.source_io;
    avs_run(session, AVS_OP_IO_READ, slot, bytes, 100, NULL, 0);
    CHECK(slot[1] == 100 && !memcmp(bytes, world.source.data + at, 100), "not the bytes at %d", at);
    int32_t size = avs_io_save(world.source_io, state, bytes, sizeof(bytes));
    CHECK(size >= 0 && state[AVS_SAVED_POSITION] == at + 100, "saved %g at %d", state[AVS_SAVED_POSITION], at + 100);
    CHECK(!memcmp(bytes, world.source.data + at + 100, (size_t)size), "not the bytes behind %d", at + 100);
  }
  CHECK(avs_session_close(session) == 0, "close");
}

/* A source that returns more than requested: all of it is read, and seeks may land in it. */
static void test_beyond(const char *folder, const char *name) {
  load(folder, name);
  struct outcome whole = demux(NEVER, SIZE_MAX);
  static const size_t sizes[] = {1, 999, 5000, 1 << 20};
  for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
    reset(NEVER, SIZE_MAX);
    world.beyond = sizes[i];
    double session = avs_session_new(own_client());
    world.source_io = new_source(session);
    double result = open_input(session, world.source_io);
    CHECK(result >= 0, "open: %g", result);
    CHECK(read_all(session, &result) == whole.packets, "%s: packets are missing, %zu bytes beyond", name, sizes[i]);
    CHECK(seek(session, -1, 0) >= 0, "seek");
    CHECK(read_all(session, &result) > 0, "no packets after a seek");
    CHECK(avs_session_close(session) == 0, "close");
  }
}

static bool reads_on(double session, size_t at) {
  uint8_t bytes[100];
  double slot[AVS_SLOT_SIZE] = {0, world.source_io};
  avs_run(session, AVS_OP_IO_READ, slot, bytes, sizeof(bytes), NULL, 0);
  return slot[0] >= 0 && slot[1] == 100 && !memcmp(bytes, world.source.data + at, 100);
}

/* Bytes beyond a request are still there after a refused seek, and dropped after a successful one. */
static void test_seeking_beyond(const char *folder) {
  load(folder, "audio.wav");
  reset(NEVER, SIZE_MAX);
  world.beyond = 10000;
  double session = avs_session_new(own_client());
  world.source_io = new_source(session);
  CHECK(reads_on(session, 0), "the first bytes");
  double slot[AVS_SLOT_SIZE] = {0, world.source_io, 1e12, 0};
  CHECK(run(session, AVS_OP_IO_SEEK, slot) < 0, "a seek too far");
  for (size_t at = 100; at < 3000; at += 100) CHECK(reads_on(session, at), "the bytes at %zu", at);
  static const double targets[] = {5000, 200, 30000, 9000, 0};
  for (size_t i = 0; i < sizeof(targets) / sizeof(*targets); i++) {
    slot[1] = world.source_io, slot[2] = targets[i], slot[3] = 0;
    CHECK(run(session, AVS_OP_IO_SEEK, slot) == 0 && slot[1] == targets[i], "seek to %g", targets[i]);
    CHECK(reads_on(session, (size_t)targets[i]), "the bytes at %g", targets[i]);
  }
  CHECK(avs_session_close(session) == 0, "close");
}

/* ---------------------------------------------------------------------------------------- nested I/O contexts */

/* The answer for each file that a playlist opens. */
enum gift { NOTHING, A_SOURCE, THE_OPENER, THE_TRANSFORMER, THE_INPUT, A_SINK, A_STRANGER, AN_OLD_ONE, TWICE, GIFTS };

static struct {
  enum gift gift;
  double opener, transformer, other, last;
  int opened, direction;
} nesting;

static void answer_nested(double session, double io, uint32_t kind, double a, double b, double c) {
  if ((kind == AVS_REQUEST_CLOSE || kind == AVS_REQUEST_OPEN) && world.calls++ == world.fail_at) {
    world.failed = true;
    return;
  }
  if (kind == AVS_REQUEST_CLOSE) {
    avs_reply(io, 0);
    return;
  }
  if (kind != AVS_REQUEST_OPEN) {
    answer(session, io, kind, a, b, c);
    return;
  }
  double source = nesting.gift == NOTHING ? -EPERM : avs_io_new(session, AVS_IO_CALLBACKS, AVS_IO_READ | AVS_IO_SEEK, BUFFER);
  double other = nesting.gift == A_STRANGER ? new_source(nesting.other) : 0;
  double sink = nesting.gift == A_SINK ? new_sink(session, AVS_IO_CALLBACKS, 0) : 0;
  const double gifts[GIFTS] = {-EPERM,        source, nesting.opener, nesting.transformer, world.source_io, sink,
                               other,         world.sink_io, nesting.last ? nesting.last : source};
  nesting.opened++;
  nesting.direction = (int)c;
  /* With a sink nothing is read from the source: the input that is being remuxed continues where it is. */
  bool reads = ((int)b == AVS_OPEN_READ || (int)b == AVS_OPEN_PART) && nesting.gift != A_SINK;
  if (reads) world.source.position = 0;
  CHECK(avs_reply(io, gifts[nesting.gift]) == 0, "answer an open");
  if (nesting.gift == TWICE) nesting.last = source;
}

/* Resets the world; its source is that text. */
static void begin_nesting(const char *text) {
  reset(NEVER, SIZE_MAX);
  memset(&nesting, 0, sizeof(nesting));
  world.any = true;
  world.source.size = 0;
  put(&world.source, (const uint8_t *)text, strlen(text));
  world.source.position = 0;
}

/* A playlist that refers to itself: only an I/O context created for the request is accepted. */
static void test_gifts(void) {
  static const char playlist[] = "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\na.ts\n#EXTINF:1,\nb.ts\n#EXT-X-ENDLIST\n";
  avs_client(own_client(), answer_nested);
  for (int gift = 0; gift < GIFTS; gift++) {
    begin_nesting(playlist);
    nesting.gift = (enum gift)gift;
    nesting.other = avs_session_new(own_client());
    double session = avs_session_new(own_client());
    world.source_io = new_source(session);
    world.sink_io = new_source(session); /* created before the request */
    nesting.opener = avs_io_new(session, AVS_IO_OPENER, 0, 1);
    nesting.transformer = avs_io_new(session, AVS_IO_TRANSFORMER, 0, 1);
    double slot[AVS_SLOT_SIZE] = {0, world.source_io, 1};
    alarm(20);
    double result = run(session, AVS_OP_OPEN_INPUT, slot);
    alarm(0);
    CHECK(result < 0, "gift %d: opened", gift); /* the segments are not media */
    CHECK(nesting.opened > 0 && nesting.direction == AVS_INPUT, "gift %d: %d opened", gift, nesting.opened);
    char url[100] = "";
    avs_refused_url(session, url, sizeof(url));
    bool given = gift == A_SOURCE || gift == TWICE; /* the first time */
    if (!given) CHECK(!strncmp(url, "a.ts", 4) && result == -EPERM, "gift %d: refused '%s', %g", gift, url, result);
    drop_log(session);
    /* No state is left for the next source. */
    load(fixtures, "video.ts");
    world.source.position = 0;
    CHECK(avs_io_close(world.source_io) == 0, "close I/O context");
    world.source_io = new_source(session);
    CHECK(open_input(session, world.source_io) >= 0, "gift %d: another source", gift);
    CHECK(read_all(session, &result) > 200 && result == -541478725, "gift %d: read to %g", gift, result);
    CHECK(avs_session_close(session) == 0 && avs_session_close(nesting.other) == 0, "close");
  }
  avs_client(own_client(), answer);
}

/* After a muxer was refused, another one can be opened. */
static void test_refused_muxer(void) {
  double session = avs_session_new(own_client()), slot[AVS_SLOT_SIZE] = {0};
  static const char *const names[] = {"tee", "fifo", "no such format", "rtsp"};
  for (int i = 0; i < 4; i++) {
    set(session, AVS_SET_OUTPUT, "format", names[i]);
    CHECK(run(session, AVS_OP_OPEN_OUTPUT, slot) < 0, "opened %s", names[i]);
    CHECK(avs_add_stream(session, "type\0audio", 11) == -EBADF, "%s is still there", names[i]);
  }
  drop_log(session);
  CHECK(one_stream(session, 0) > 0 && operate(session, AVS_OP_TRAILER), "another muxer");
  CHECK(avs_session_close(session) == 0, "close");
}

/* ---------------------------------------------------------------------------------------- seeks that fail */

/* Packets in the order of reading: a number for each. */
struct packets {
  uint64_t list[4096];
  int count;
};

static uint64_t number_of(const double *row, const uint8_t *data) {
  uint64_t number = 14695981039346656037u;
  for (int i = 0; i < (int)row[AVS_ROW_SIZE]; i++) number = (number ^ data[i]) * 1099511628211u;
  return number * 31 + (uint64_t)row[AVS_ROW_STREAM];
}

/* Reads `count` more packets, or to the end, a few at a time; returns the last result. */
static double read_some(double session, struct packets *packets, int count) {
  double slot[AVS_SLOT_SIZE] = {0}, row[8 * AVS_ROW_LENGTH], bytes;
  int end = packets->count + count;
  while (packets->count < end && slot[0] >= 0) {
    int left = end - packets->count;
    slot[1] = left < 8 ? left : 8, slot[2] = 1e9;
    run(session, AVS_OP_READ, slot);
    int ready = avs_ready_packets(session, &bytes);
    uint8_t *data = malloc((size_t)bytes + 1), *at = data;
    CHECK(avs_take_packets(session, row, 8, data, (uint32_t)bytes) == ready, "take packets");
    for (int i = 0; i < ready && packets->count < 4096; i++) {
      const double *one = row + i * AVS_ROW_LENGTH;
      packets->list[packets->count++] = number_of(one, at);
      at += (size_t)one[AVS_ROW_SIZE] + (size_t)one[AVS_ROW_SIDE_SIZE];
    }
    free(data);
  }
  return slot[0];
}

static int compare_numbers(const void *a, const void *b) {
  uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
  return x < y ? -1 : x > y;
}

/* Whether they are the same, in the same order or, `sorted`, in any: mp4 may interleave differently after a seek. */
static bool are_same(struct packets *a, struct packets *b, bool sorted) {
  if (sorted) qsort(a->list, (size_t)a->count, sizeof(*a->list), compare_numbers);
  if (sorted) qsort(b->list, (size_t)b->count, sizeof(*b->list), compare_numbers);
  return a->count == b->count && !memcmp(a->list, b->list, (size_t)a->count * sizeof(*a->list));
}

/* A seek that fails: beyond the end, or because the source refuses the first seek of the demuxer. */
static bool fail_to_seek(double session, bool refused) {
  double slot[AVS_SLOT_SIZE] = {0, -1, 1e6, 1e6, INFINITY, 0};
  world.refuse = refused;
  if (refused) slot[2] = 1.5, slot[3] = -INFINITY;
  double result = run(session, AVS_OP_SEEK, slot);
  bool reached = !world.refuse;
  world.refuse = 0;
  if (refused) CHECK(!reached || result == -ESPIPE, "a seek that was refused: %g", result);
  return result < 0;
}

/* Reads from a position on, with a failing seek after so many packets, twice: the packets must be the same as without. */
static bool try_failed_seek(const char *name, double from, int after, bool refused) {
  static struct packets without, with;
  for (int fails = 0; fails < 2; fails++) {
    struct packets *packets = fails ? &with : &without;
    packets->count = 0;
    reset(NEVER, SIZE_MAX);
    double session = avs_session_new(own_client());
    world.source_io = new_source(session);
    CHECK(open_input(session, world.source_io) >= 0, "open %s", name);
    if (from > 0) CHECK(seek(session, -1, from) >= 0, "seek to %g", from);
    double result = read_some(session, packets, after);
    bool failed = fails && fail_to_seek(session, refused);
    failed = failed && fail_to_seek(session, refused); /* the second time it may need no request */
    if (!fails || failed) result = read_some(session, packets, 4096);
    CHECK(result == -541478725 || (fails && !failed), "%s from %g after %d: %g", name, from, after, result);
    drop_log(session);
    CHECK(avs_session_close(session) == 0, "close");
    if (fails && !failed) return false;
  }
  int counts[2] = {without.count, with.count};
  CHECK(are_same(&without, &with, !strcmp(name, "video.mp4") || !strcmp(name, "fragmented.mp4")),
        "%s from %g after %d: %d packets, %d without a failed seek", name, from, after, counts[1], counts[0]);
  return true;
}

static void test_failed_seeks(const char *folder) {
  static const struct {
    const char *name;
    bool lands_at_end; /* also for targets beyond it */
  } files[] = {{"video.mp4", false}, {"fragmented.mp4", false}, {"video.mkv", false}, {"video.ts", true},
               {"audio.mp3", true},  {"video.flv", false},      {"video.avi", false}, {"audio.ogg", true},
               {"audio.wav", false},  {"audio.flac", true}};
  static const int places[] = {0, 1, 2, 7, 40, 100, 4000};
  for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++) {
    load(folder, files[i].name);
    int beyond = 0, refused = 0;
    for (size_t j = 0; j < sizeof(places) / sizeof(*places); j++) {
      for (double from = 0; from < 3; from++) {
        beyond += try_failed_seek(files[i].name, from, places[j], false);
        refused += try_failed_seek(files[i].name, from, places[j], true);
      }
    }
    CHECK(files[i].lands_at_end ? refused > 0 : beyond == 21, "%s: %d and %d failed", files[i].name, beyond, refused);
  }
}

/* A source that can't seek gets no request, and packets already read stay. */
static void test_refused_seek(const char *folder) {
  static const char *const names[] = {"video.flv", "video.mkv", "audio.mp3"};
  for (int i = 0; i < 3; i++) {
    load(folder, names[i]);


    reset(NEVER, SIZE_MAX);
    double session = avs_session_new(own_client()), bytes;
    world.source_io = avs_io_new(session, AVS_IO_CALLBACKS, AVS_IO_READ, BUFFER);
    CHECK(open_input(session, world.source_io) >= 0, "open");
    double slot[AVS_SLOT_SIZE] = {0, 5, 1e9};
    CHECK(run(session, AVS_OP_READ, slot) >= 0, "read");
    int ready = avs_ready_packets(session, &bytes), calls = world.calls;
    double seek_slot[AVS_SLOT_SIZE] = {0, -1, 0, -INFINITY, 0, 1};
    CHECK(run(session, AVS_OP_SEEK, seek_slot) == -ESPIPE && seek_slot[AVS_SLOT_SEEK_TARGET] == -1, "sought: %g", seek_slot[0]);
    CHECK((int)seek_slot[AVS_SLOT_FLAGS] & AVS_FLAG_SOURCE_SEEK, "flags %g", seek_slot[AVS_SLOT_FLAGS]);
    CHECK(avs_ready_packets(session, &bytes) == ready && ready > 0 && world.calls == calls, "packets are gone");
    double result;
    CHECK(read_all(session, &result) > 50 && result == -541478725, "%s: read on to %g", names[i], result);
    CHECK(avs_session_close(session) == 0, "close");
  }
}

/* The fields that can be set, and the values that they accept. */
static void test_fields(void) {
  static char json[1 << 16];
  int32_t size = avs_stream_fields(json, sizeof(json) - 1);
  CHECK(size > 0 && size < (int32_t)sizeof(json), "fields: %d", size);
  json[size > 0 ? size : 0] = 0;
  static const char begin[] = "[{\"name\":\"type\",\"kind\":\"name\"},{\"name\":\"codec\",";
  CHECK(!strncmp(json, begin, sizeof(begin) - 1), "begins with %.60s", json);
  CHECK(strstr(json, "{\"name\":\"width\",\"kind\":\"integer\",\"min\":0,\"max\":2147483647}"), "width");
  CHECK(strstr(json, "{\"name\":\"bitRate\",\"kind\":\"integer\",\"min\":0,\"max\":9007199254740991}"), "bitRate");
  CHECK(strstr(json, "{\"name\":\"timeBase\",\"kind\":\"rational\"}"), "timeBase");
  CHECK(!strstr(json, "extradata"), "extradata");
  CHECK(strstr(json, "{\"name\":\"disposition\",\"kind\":\"names\"}"), "disposition");
  CHECK(!strstr(json, "profileName") && !strstr(json, "frames\"") && !strstr(json, "startPts"), "what can't be set");
  double session = avs_session_new(own_client()), slot[AVS_SLOT_SIZE] = {0};
  set(session, AVS_SET_OUTPUT, "format", "matroska");
  CHECK(run(session, AVS_OP_OPEN_OUTPUT, slot) >= 0, "open output");
  CHECK(avs_add_stream(session, "type\0video\0width\0-1", 21) < 0, "a width below zero");
  CHECK(avs_add_stream(session, "type\0video\0videoDelay\0" "17", 25) < 0, "too long a delay");
  CHECK(avs_add_stream(session, "type\0video\0frames\0" "1", 20) < 0, "frames were set");
  CHECK(avs_session_close(session) == 0, "close");
}

/* Calls of the ABI without TypeScript: what FFmpeg reads as a C structure is refused here, too. */
static void test_structures(void) {
  double session = avs_session_new(own_client()), slot[AVS_SLOT_SIZE] = {0};
  set(session, AVS_SET_OUTPUT, "format", "yuv4mpegpipe");
  CHECK(run(session, AVS_OP_OPEN_OUTPUT, slot) >= 0, "open output");
  static const char frames[] = "type\0video\0codec\0wrapped_avframe", raw[] = "type\0video\0codec\0rawvideo";
  static const char codec[] = "codec\0wrapped_avframe", zero[] = "Mastering display metadata";
  CHECK(avs_add_stream(session, frames, sizeof(frames)) == -EPERM, "a stream of frames");
  CHECK(avs_add_stream(session, raw, sizeof(raw)) == 0, "add stream");
  CHECK(avs_set(session, AVS_SET_STREAM, 0, codec, sizeof(codec)) == -EPERM, "made a stream of frames");
  static const uint8_t matrix[36] = {0};
  CHECK(avs_set_bytes(session, 0, zero, sizeof(zero) - 1, matrix, 1) == -EINVAL, "side data of a byte");
  CHECK(avs_set_bytes(session, 0, "nope", 4, matrix, 1) == -EINVAL, "unknown side data");
  CHECK(avs_set_bytes(session, 0, NULL, 0, NULL, 0) == -EINVAL, "side data without a name");
  CHECK(avs_set_bytes(session, 1, "extradata", 9, matrix, 1) == -EINVAL, "extradata of no stream");
  CHECK(avs_set_bytes(session, 0, "extradata", 9, matrix, UINT32_MAX) == -EINVAL, "extradata of 4 GB");
  CHECK(avs_set_bytes(session, 0, "Display Matrix", 14, matrix, sizeof(matrix)) == 0, "a matrix");
  CHECK(avs_set_bytes(session, 0, "extradata", 9, matrix, sizeof(matrix)) == 0, "extradata");
  CHECK(avs_set_bytes(session, 0, "extradata", 9, NULL, 0) == 0, "no extradata");
  static const char time_base[] = "timeBase\0" "1/1000";
  CHECK(avs_set(session, AVS_SET_STREAM, 0, time_base, sizeof(time_base)) == 0, "time base");
  drop_log(session);
  double row[AVS_ROW_LENGTH] = {0, 1, 1, 1, 1, 0, 1, 0, 1, 1000};
  CHECK(avs_put_packet(session, row, (const uint8_t *)"", 1, (const uint8_t *)"", 0) == 0, "put packet");
  static const uint8_t byte = 0, side[] = "Mastering display metadata\0\1\0\0\0";
  static const uint8_t hdr[] = "HDR10+ Dynamic Metadata (SMPTE 2094-40)\0\0\100\0\0";
  static uint8_t zeros[sizeof(hdr) + 16384];
  memcpy(zeros, hdr, sizeof(hdr) - 1);
  CHECK(avs_put_packet(session, row, &byte, 1, side, sizeof(side)) == -EINVAL, "side data of a byte in a packet");
  CHECK(avs_put_packet(session, row, &byte, 1, zeros, sizeof(hdr) - 1 + 16384) == -EINVAL, "HDR10+ of zeros");
  char text[2048];
  for (uint32_t size = 0; size < 40; size++)
    CHECK((avs_side_data_fault("Display Matrix", 14, zeros, size, text, sizeof(text)) > 0) == (size != 36), "matrix of %u bytes", size);
  CHECK(avs_side_data_fault("Display", 7, zeros, 36, text, 2) > 2, "unknown side data");
  /* With any alignment. */
  for (uint32_t at = 0; at < 8; at++) avs_side_data_fault("CPB properties", 14, zeros + at, 40, text, sizeof(text));
  CHECK(avs_session_close(session) == 0, "close");
}

/* Calls of the async engine on a session that has never started an operation. */
static void test_idle(void) {
  double session = avs_session_new(own_client());
  double slot[AVS_SLOT_SIZE] = {0}, bytes = -1;
  CHECK(avs_finish(session, slot) < 0, "finished what was not started");
  CHECK(avs_stop(session) == 0, "stop");
  CHECK(avs_ready_packets(session, &bytes) == 0 && bytes == 0, "ready packets");
  CHECK(avs_take_packets(session, NULL, 0, NULL, 0) == 0, "take packets");
  avs_wake_events(own_client());
  CHECK(avs_wait_events(own_client(), 0) == 0, "no events");
  CHECK(avs_take_events(own_client(), slot, 1, 10) == 0, "take events");
  CHECK(avs_cancel(session) == 0, "cancel");
  CHECK(run(session, AVS_OP_READ, slot) < 0, "ran after it was canceled");
  CHECK(avs_session_close(session) == 0, "close");
}

static int asked_other;
static void answer_other(double session, double io, uint32_t kind, double a, double b, double c) {
  asked_other++;
  answer(session, io, kind, a, b, c);
}

static double open_as(uint32_t client) {
  world.source.position = 0;
  double session = avs_session_new(client);
  world.source_io = new_source(session);
  CHECK(open_input(session, world.source_io) >= 0, "open");
  return session;
}

static void start_closing(double session) {
  double slot[AVS_SLOT_SIZE] = {0};
  CHECK(avs_start(session, AVS_OP_CLOSE_INPUT, slot) == 0, "start");
}

/* Two copies of avio on one thread: neither gets requests or events of the other. */
static void test_clients(const char *folder) {
  load(folder, "video.mp4");
  reset(NEVER, SIZE_MAX);
  uint32_t other = avs_client(0, answer_other);
  CHECK(other && other != own_client(), "another client");
  CHECK(avs_session_new(0) == 0 && avs_session_new(other + 1) == 0, "a session of nobody");
  double event[AVS_EVENT_LENGTH];
  CHECK(avs_take_events(other + 1, event, 1, 0) < 0 && avs_wait_events(other + 1, 0) < 0, "events of nobody");
  CHECK(avs_client(other + 1, answer) == 0 && avs_wake_events(other + 1) < 0, "nobody");
  double mine = open_as(own_client());
  CHECK(asked_other == 0, "the other one got a request");
  double theirs = open_as(other);
  CHECK(asked_other > 0, "the other one got no request");
  start_closing(theirs);
  while (avs_wait_events(other, AVS_WAIT_MS) == 0) continue;
  CHECK(avs_wait_events(own_client(), 1) == 0 && avs_take_events(own_client(), event, 1, 100) == 0, "it is not for this one");
  CHECK(avs_take_events(other, event, 1, 0) == 1 && event[AVS_EVENT_SESSION] == theirs, "its own event");
  start_closing(mine);
  while (avs_wait_events(own_client(), AVS_WAIT_MS) == 0) continue;
  CHECK(avs_take_events(other, event, 1, 100) == 0, "it is not for the other one");
  CHECK(avs_take_events(own_client(), event, 1, 0) == 1 && event[AVS_EVENT_SESSION] == mine, "this one's event");
  CHECK(avs_session_close(mine) == 0 && avs_session_close(theirs) == 0, "close");
}

/* An option that the shim sets, too. */
static void test_whitelist(const char *folder) {
  load(folder, "video.mp4");
  reset(NEVER, SIZE_MAX);
  double session = avs_session_new(own_client());
  world.source_io = new_source(session);
  set(session, AVS_SET_OPTIONS, "codec_whitelist", "h264");
  CHECK(open_input(session, world.source_io) >= 0, "open");
  CHECK(avs_session_close(session) == 0, "close");
}

/* In these cases libavformat itself would loop for ever. */
static void test_direction(void) {
  reset(NEVER, SIZE_MAX);
  double session = avs_session_new(own_client());
  world.source_io = new_source(session);
  world.sink_io = new_sink(session, AVS_IO_CALLBACKS, 0);
  uint8_t bytes[100] = {0};
  double slot[AVS_SLOT_SIZE] = {0, world.sink_io};
  avs_run(session, AVS_OP_IO_READ, slot, bytes, sizeof(bytes), NULL, 0);
  CHECK(slot[0] < 0, "read from a sink");
  slot[1] = world.source_io;
  alarm(10);
  avs_run(session, AVS_OP_IO_WRITE, slot, bytes, sizeof(bytes), NULL, 0);
  alarm(0);
  CHECK(slot[0] < 0, "wrote to a source");
  CHECK(avs_session_close(session) == 0, "close");
}

/* Saving an I/O context that a demuxer uses changes nothing. */
static void test_saving_in_use(const char *folder) {
  load(folder, "audio.mp3");
  reset(NEVER, SIZE_MAX);
  double session = avs_session_new(own_client());
  world.source_io = new_source(session);
  CHECK(open_input(session, world.source_io) >= 0, "open");
  double state[AVS_SAVED_LENGTH];
  CHECK(avs_io_save(world.source_io, state, NULL, 0) >= 0, "save");
  CHECK(avs_io_restore(world.source_io, 0, NULL, 0) == -EINVAL, "restored in use");
  double result;
  read_all(session, &result);
  CHECK(avs_session_close(session) == 0, "close");
}

/* An mp3 without its encoder's tag: the demuxer begins a checksum, and never ends it. */
static void load_untagged(const char *folder) {
  load(folder, "audio.mp3");
  for (size_t i = 0; i + 4 <= world.source.size; i++)
    if (!memcmp(world.source.data + i, "Info", 4) || !memcmp(world.source.data + i, "Xing", 4))
      memcpy(world.source.data + i, "None", 4);
}

/* An input that is opened again must not continue the checksum of the previous demuxer, whose buffer was freed. */
static void test_reopening(const char *folder, const char *other) {
  load_untagged(folder);
  reset(NEVER, SIZE_MAX);
  double session = avs_session_new(own_client()), result;
  world.source_io = new_source(session);
  CHECK(open_input(session, world.source_io) >= 0, "open");
  int packets = read_all(session, &result);
  CHECK(seek(session, -1, 0) >= 0, "back to the beginning");
  int again = read_all(session, &result);
  CHECK(again == packets, "%d packets, and again: %d", packets, again);
  load(folder, other);
  (void)seek(session, -1, 0);
  read_all(session, &result);
  (void)seek(session, -1, 0);
  read_all(session, &result);
  CHECK(avs_session_close(session) == 0, "close");
}

/* Damaged files: any result but a crash. */
static void test_damage(const char *folder, const char *name) {
  load(folder, name);
  uint32_t seed = 1;
  for (int round = 0; round < 3; round++) {
    for (int i = 0; i < 50; i++) {
      seed = seed * 1664525 + 1013904223;
      world.source.data[seed % world.source.size] = (uint8_t)(seed >> 24);
    }
    reset(NEVER, SIZE_MAX);
    double session = avs_session_new(own_client());
    world.source_io = new_source(session);
    double result;
    if (open_input(session, world.source_io) >= 0) {
      for (int i = 0; i < 20 && (read_all(session, &result), result) != -541478725; i++);
      seek(session, -1, 1);
      read_all(session, &result);
    }
    CHECK(avs_session_close(session) == 0, "close");
  }
}

/* ---------------------------------------------------------------------------------------- several in one session */

static void open_output(double session, const char *format, double sink) {
  double slot[AVS_SLOT_SIZE] = {0};
  set(session, AVS_SET_OUTPUT, "format", format);
  CHECK(run(session, AVS_OP_OPEN_OUTPUT, slot) >= 0, "open output: %g", slot[0]);
  describe_into(session);
  slot[1] = sink;
  double result = run(session, AVS_OP_HEADER, slot);
  CHECK(world.failed || result >= 0, "header: %g", result);
  drop_log(session);
}

/* Returns the state of AVS_OP_REMUX, AVS_REMUX_*; below zero: an error. */
static int remux_until(double session, double until, double *slot) {
  slot[1] = INFINITY, slot[2] = 0, slot[3] = until, slot[5] = 0;
  double result = run(session, AVS_OP_REMUX, slot);
  drop_log(session);
  return result < 0 ? -1 : (int)slot[1];
}

static double packets_on(double session, int stream) {
  double route[AVS_ROUTE_LENGTH] = {0};
  CHECK(avs_route(session, stream, route) == 0, "route %d", stream);
  CHECK(isnan(route[AVS_ROUTE_FIRST]) || route[AVS_ROUTE_FIRST] <= route[AVS_ROUTE_LAST], "a route that goes back");
  return route[AVS_ROUTE_PACKETS];
}

static bool operate(double session, uint32_t operation) {
  double slot[AVS_SLOT_SIZE] = {0};
  run(session, operation, slot);
  drop_log(session);
  return slot[0] >= 0;
}

/* An hls output: its options, how it ends, and the request that fails. */
struct playlist {
  const char *type, *flags, *context_flags;
  bool remuxes, ends;
  int fail_at;
  int begins; /* out: the first request after the header */
};

/* True if a request has failed. */
static bool write_playlist(struct playlist *playlist) {
  reset(playlist->fail_at, SIZE_MAX);
  memset(&nesting, 0, sizeof(nesting));
  world.any = true;
  nesting.gift = A_SINK;
  double session = avs_session_new(own_client()), slot[AVS_SLOT_SIZE] = {0};
  avs_io_new(session, AVS_IO_OPENER, 0, 1);
  world.source_io = new_source(session);
  world.sink_io = new_sink(session, playlist->ends ? AVS_IO_CALLBACKS : AVS_IO_MEMORY_OUTPUT, 0);
  CHECK(open_input(session, world.source_io) >= 0, "open");
  set(session, AVS_SET_OUTPUT, "url", "i.m3u8");
  set(session, AVS_SET_OUTPUT, "format", "hls");
  CHECK(run(session, AVS_OP_OPEN_OUTPUT, slot) >= 0 && describe_into(session), "open output");
  set(session, AVS_SET_OPTIONS, "hls_time", "0.5");
  set(session, AVS_SET_OPTIONS, "hls_segment_type", playlist->type);
  if (*playlist->flags) set(session, AVS_SET_OPTIONS, "hls_flags", playlist->flags);
  if (*playlist->context_flags) set(session, AVS_SET_OPTIONS, "fflags", playlist->context_flags);
  slot[1] = world.sink_io;
  CHECK(run(session, AVS_OP_HEADER, slot) == -EINVAL, "a header into an unwanted sink: %g", slot[0]);
  CHECK(avs_io_close(world.sink_io) == 0, "close a sink");
  slot[1] = 0;
  bool good = run(session, AVS_OP_HEADER, slot) >= 0;
  playlist->begins = world.calls;
  if (playlist->remuxes) good = good && remux_until(session, NAN, slot) >= 0;
  if (playlist->ends) good = good && operate(session, AVS_OP_TRAILER);
  CHECK(good != world.failed, "hls %s %s: %d", playlist->type, playlist->flags, good);
  drop_log(session);
  CHECK(avs_session_close(session) == 0, "close");
  return world.failed;
}

/*
 * Whenever it ends, each I/O context of a muxer of many files is freed once. (A header that fails leaks in libavformat.)
 * "+nobuffer", because "nobuffer" would remove the bitstream filter of MPEG-TS: FFmpeg 9 passes the flags to its segments.
 */
static void test_playlists(const char *folder, int max) {
  static const char *const types[] = {"mpegts", "fmp4"}, *const flags[] = {"", "single_file", "append_list", "delete_segments"};
  load(folder, "video.mp4");
  avs_client(own_client(), answer_nested);
  for (int kind = 0; kind < 32; kind++) {
    struct playlist playlist = {types[kind % 2], flags[kind / 2 % 4], kind % 3 ? "" : "+nobuffer", kind / 8 % 2, kind / 16 % 2, NEVER, 0};
    write_playlist(&playlist);
    int last = world.calls, step = max > 0 && last > max ? last / max : 1;
    for (playlist.fail_at = playlist.begins; playlist.fail_at < last; playlist.fail_at += step)
      CHECK(write_playlist(&playlist), "no request %d", playlist.fail_at);
  }
  avs_client(own_client(), answer);
}

/* An error that does not fit into an int becomes one that does. */
static void answer_beyond(double session, double io, uint32_t kind, double a, double b, double c) {
  if (kind != AVS_REQUEST_OPEN) {
    answer(session, io, kind, a, b, c);
    return;
  }
  nesting.opened++;
  CHECK(avs_reply(io, -4294967296.0) == 0, "answer an open");
}

static void test_beyond_int(void) {
  static const char playlist[] = "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\na.ts\n#EXT-X-ENDLIST\n";
  begin_nesting(playlist);
  avs_client(own_client(), answer_beyond);
  double session = avs_session_new(own_client());
  world.source_io = new_source(session);
  avs_io_new(session, AVS_IO_OPENER, 0, 1);
  CHECK(open_input(session, world.source_io) < 0 && nesting.opened == 1, "opened: %d", nesting.opened);
  CHECK(avs_session_close(session) == 0, "close");
  avs_client(own_client(), answer);
}

/* Closes the input and its I/O context, and opens the same source again. */
static bool next_source(double session) {
  CHECK(avs_io_close(world.source_io) == -EBUSY, "closed while an input reads through it");
  if (!operate(session, AVS_OP_CLOSE_INPUT)) return false;
  CHECK(!operate(session, AVS_OP_CLOSE_INPUT), "closed twice");
  CHECK(avs_io_close(world.source_io) == 0, "close I/O context");
  CHECK(avs_io_close(world.source_io) == -EBADF, "closed twice");
  world.source.position = 0;
  world.source_io = new_source(session);
  return open_input(session, world.source_io) >= 0;
}

static bool next_sink(double session) {
  CHECK(avs_io_close(world.sink_io) == -EBUSY, "closed while an output writes through it");
  if (!operate(session, AVS_OP_CLOSE_OUTPUT)) return false;
  CHECK(!operate(session, AVS_OP_CLOSE_OUTPUT), "closed twice");
  CHECK(avs_io_close(world.sink_io) == 0, "close I/O context");
  world.sink.position = world.sink.size = 0;
  world.sink_io = new_sink(session, AVS_IO_CALLBACKS, 0);
  return true;
}

/* Appends the source to itself. */
static struct outcome join(const char *format, int fail_at) {
  reset(fail_at, SIZE_MAX);
  double session = avs_session_new(own_client());
  world.source_io = new_source(session);
  world.sink_io = new_sink(session, AVS_IO_CALLBACKS, 0);
  double slot[AVS_SLOT_SIZE] = {0}, packets = 0;
  bool good = open_input(session, world.source_io) >= 0;
  if (good) open_output(session, format, world.sink_io);
  good = good && !world.failed && remux_until(session, NAN, slot) == AVS_REMUX_END;
  if (good) packets = slot[2];
  good = good && next_source(session);
  CHECK(avs_set_range(session, NAN, NAN) == 0 && avs_set_shift(session, -100, -200) == 0, "range and shift");
  good = good && remux_until(session, NAN, slot) == AVS_REMUX_END;
  if (good) CHECK(slot[2] == 2 * packets, "%g packets, and again: %g", packets, slot[2]);
  good = good && operate(session, AVS_OP_TRAILER);
  CHECK(good != world.failed, "joining: %d", good);
  return finish(session, (int)slot[2], good ? 0 : -1);
}

/* Outputs of at least a second each. */
static struct outcome divide(const char *format, int fail_at) {
  reset(fail_at, SIZE_MAX);
  double session = avs_session_new(own_client());
  world.source_io = new_source(session);
  world.sink_io = new_sink(session, AVS_IO_CALLBACKS, 0);
  double slot[AVS_SLOT_SIZE] = {0}, packets = 0;
  int state = open_input(session, world.source_io) >= 0 ? AVS_REMUX_BREAK : -1;
  for (double part = 1; state == AVS_REMUX_BREAK; part++) {
    open_output(session, format, world.sink_io);
    state = world.failed ? -1 : remux_until(session, part, slot);
    if (state == AVS_REMUX_BREAK) CHECK(slot[5] >= part, "part %g: a break at %g", part, slot[5]);
    if (state >= 0) packets += packets_on(session, 0) + packets_on(session, 1);
    if (state >= 0) CHECK(packets == slot[2], "%g packets, in parts %g", slot[2], packets);
    if (state >= 0 && !operate(session, AVS_OP_TRAILER)) state = -1;
    if (state >= 0) CHECK(remux_until(session, NAN, slot) < 0, "remuxed after the trailer");
    if (state >= 0 && !next_sink(session)) state = -1;
  }
  CHECK((state == AVS_REMUX_END) != world.failed, "splitting: %d", state);
  return finish(session, (int)packets, state);
}

static void test_several(const char *folder, const char *name, int max) {
  load(folder, name);
  const char *format = muxer_of(name);
  int packets = demux(NEVER, SIZE_MAX).packets;
  struct outcome joined = join(format, NEVER), divided = divide(format, NEVER);
  CHECK(joined.packets == divided.packets * 2, "%s: %d packets joined, %d apart", name, joined.packets, divided.packets);
  CHECK(divided.packets > 100 && divided.packets <= packets, "%s: %d packets apart", name, divided.packets);
  for (int at = 0; at < joined.calls; at += step_for(joined.calls, max))
    CHECK(join(format, at).failed, "%s: fault %d was not reached", name, at);
  for (int at = 0; at < divided.calls; at += step_for(divided.calls, max))
    CHECK(divide(format, at).failed, "%s: fault %d was not reached", name, at);
}

/* A session that holds the key frame with which the next output begins. */
static double holding(const char *folder) {
  load(folder, "video.mp4");
  reset(NEVER, SIZE_MAX);
  world.any = true;
  double session = avs_session_new(own_client());
  world.source_io = new_source(session);
  world.sink_io = new_sink(session, AVS_IO_MEMORY_OUTPUT, 0);
  open_input(session, world.source_io);
  open_output(session, "matroska", world.sink_io);
  double slot[AVS_SLOT_SIZE];
  CHECK(remux_until(session, 1, slot) == AVS_REMUX_BREAK, "no break");
  return session;
}

static double one_stream(double session, uint32_t input_stream) {
  static const char fields[] = "type\0audio\0codec\0mp3\0sampleRate\0" "44100\0channels\0" "1";
  double sink = new_sink(session, AVS_IO_MEMORY_OUTPUT, 0);
  double slot[AVS_SLOT_SIZE] = {0};
  set(session, AVS_SET_OUTPUT, "format", "matroska");
  CHECK(run(session, AVS_OP_OPEN_OUTPUT, slot) >= 0, "open output: %g", slot[0]);
  CHECK(avs_add_stream(session, fields, sizeof(fields)) == 0, "add stream");
  if (input_stream) CHECK(avs_map_stream(session, (int32_t)input_stream, 0) == 0, "map stream");
  slot[1] = sink;
  CHECK(run(session, AVS_OP_HEADER, slot) >= 0, "header: %g", slot[0]);
  return sink;
}

/* With an unknown option the header is not written, and nothing after it. */
static void test_unknown_option(void) {
  static const char fields[] = "type\0audio\0codec\0mp3\0sampleRate\0" "44100\0channels\0" "1";
  double session = avs_session_new(own_client());
  double sink = new_sink(session, AVS_IO_MEMORY_OUTPUT, 0);
  double slot[AVS_SLOT_SIZE] = {0};
  set(session, AVS_SET_OUTPUT, "format", "matroska");
  CHECK(run(session, AVS_OP_OPEN_OUTPUT, slot) >= 0, "open output: %g", slot[0]);
  CHECK(avs_add_stream(session, fields, sizeof(fields)) == 0, "add stream");
  set(session, AVS_SET_OPTIONS, "nope", "1");
  slot[1] = sink;
  CHECK(run(session, AVS_OP_HEADER, slot) >= 0, "header: %g", slot[0]);
  CHECK(avs_memory_size(sink) == 0, "%g bytes", avs_memory_size(sink));
  CHECK(!operate(session, AVS_OP_FLUSH) && !operate(session, AVS_OP_TRAILER), "written after it");
  CHECK(avs_session_close(session) == 0, "close");
}

/* What one input or output has left is not used for the next one, which has fewer streams. */
static void test_leftovers(const char *folder) {
  double slot[AVS_SLOT_SIZE] = {0};
  double session = holding(folder); /* a packet of a closed input */
  CHECK(operate(session, AVS_OP_CLOSE_INPUT), "close input");
  load(folder, "audio.mp3");
  world.source.position = 0;
  CHECK(open_input(session, new_source(session)) >= 0, "open another");
  CHECK(remux_until(session, NAN, slot) == AVS_REMUX_END && operate(session, AVS_OP_TRAILER), "remux it");
  CHECK(avs_session_close(session) == 0, "close");

  session = holding(folder); /* a held packet, and packets of a closed output; the next output has one of its streams */
  uint8_t byte = 0;
  double row[AVS_ROW_LENGTH] = {1, 1, 1, 1, 1, 0, 1, 0, 1, 1000};
  CHECK(operate(session, AVS_OP_TRAILER), "trailer");
  CHECK(avs_put_packet(session, row, &byte, 1, &byte, 0) == 0, "put packet");
  CHECK(!operate(session, AVS_OP_WRITE), "written after the trailer");
  CHECK(operate(session, AVS_OP_CLOSE_OUTPUT), "close output");
  one_stream(session, 0);
  CHECK(remux_until(session, NAN, slot) == AVS_REMUX_END, "remux to nothing");
  CHECK(packets_on(session, 0) + packets_on(session, 1) <= slot[2] && operate(session, AVS_OP_TRAILER), "trailer");
  CHECK(avs_session_close(session) == 0, "close");

  session = holding(folder); /* only the other stream */
  CHECK(operate(session, AVS_OP_TRAILER) && operate(session, AVS_OP_CLOSE_OUTPUT), "close output");
  one_stream(session, 1);
  CHECK(remux_until(session, NAN, slot) == AVS_REMUX_END && packets_on(session, 1) > 0, "remux the other stream");
  CHECK(operate(session, AVS_OP_TRAILER), "trailer");
  CHECK(avs_session_close(session) == 0, "close");

  CHECK(avs_session_close(holding(folder)) == 0, "close with a packet held");

  session = holding(folder); /* packets that were read and not taken */
  slot[1] = 10, slot[2] = 1e6;
  CHECK(run(session, AVS_OP_READ, slot) >= 0 && operate(session, AVS_OP_CLOSE_INPUT), "read and close");
  CHECK(avs_ready_packets(session, slot) == 0, "packets of no input");
  CHECK(avs_set_discard(session, 0, 1) < 0 && avs_index(session, 0, 0, slot, 0) < 0, "a stream of no input");
  CHECK(avs_session_close(session) == 0, "close");
}

/* An input of the session over a copy of the loaded file, which two inputs can read. */
static void open_copy(double session) {
  double io = avs_io_new_copy(session, world.source.data, (uint32_t)world.source.size, BUFFER);
  CHECK(io && open_input(session, io) >= 0, "open a copy");
  avs_set_range(session, NAN, NAN);
}

/* The streams of all inputs are no longer mapped to an output that was closed: the next one has one stream. */
static void test_merged_leftovers(const char *folder) {
  double slot[AVS_SLOT_SIZE] = {0};
  load(folder, "video.mp4");
  reset(NEVER, SIZE_MAX);
  world.any = true;
  double session = avs_session_new(own_client());
  CHECK(avs_select_input(session, 0) == 0, "select input");
  open_copy(session);
  set(session, AVS_SET_OUTPUT, "format", "matroska");
  CHECK(run(session, AVS_OP_OPEN_OUTPUT, slot) >= 0 && describe_into(session), "open output");
  CHECK(avs_select_input(session, 1) == 0, "select input");
  open_copy(session);
  for (int i = 0; i < 2; i++) CHECK(avs_map_stream(session, i, i) == 0, "map stream %d", i);
  slot[1] = new_sink(session, AVS_IO_MEMORY_OUTPUT, 0);
  CHECK(run(session, AVS_OP_HEADER, slot) >= 0, "header: %g", slot[0]);
  CHECK(operate(session, AVS_OP_TRAILER) && avs_select_input(session, 0) == 0 && operate(session, AVS_OP_CLOSE_OUTPUT), "close output");
  one_stream(session, 0);
  CHECK(remux_until(session, NAN, slot) == AVS_REMUX_END && slot[2] == 0, "%g packets", slot[2]);
  CHECK(operate(session, AVS_OP_TRAILER) && avs_session_close(session) == 0, "close");
}

/* Muxers count chapters in their header. nut would read past its list at the end, and write what it finds there. */
static void test_late_chapters(const char *format, bool can) {
  static const char fields[] = "type\0audio\0codec\0mp3\0sampleRate\0" "44100\0channels\0" "1";
  double session = avs_session_new(own_client());
  double slot[AVS_SLOT_SIZE] = {0};
  set(session, AVS_SET_OUTPUT, "format", format);
  CHECK(run(session, AVS_OP_OPEN_OUTPUT, slot) >= 0, "open output: %g", slot[0]);
  CHECK(avs_add_stream(session, fields, sizeof(fields)) == 0, "add stream");
  CHECK(avs_add_chapter(session, 1, 0, 1) == 0, "add chapter");
  slot[1] = new_sink(session, AVS_IO_MEMORY_OUTPUT, 0);
  CHECK(run(session, AVS_OP_HEADER, slot) >= 0, "header: %g", slot[0]);
  for (int i = 1; i < 100; i++) CHECK(avs_add_chapter(session, i, i, i) == (can ? i : -EINVAL), "%s: chapter %d", format, i);
  CHECK(operate(session, AVS_OP_TRAILER) && avs_session_close(session) == 0, "close");
}

/* The name of the next output may be set while one is open, which finds itself by the name that it has. */
static void test_next_name(void) {
  static const char fields[] = "type\0audio\0codec\0mp3\0sampleRate\0" "44100\0channels\0" "1";
  const double row[AVS_ROW_LENGTH] = {0, 0, 0, 1152, 1, NAN, 417, 0, 1, 44100};
  const uint8_t packet[417] = {0xff, 0xfb, 0x90, 0xc0};
  double session = avs_session_new(own_client()), slot[AVS_SLOT_SIZE] = {0};
  set(session, AVS_SET_OUTPUT, "url", "first.mp4");
  set(session, AVS_SET_OUTPUT, "format", "mp4");
  CHECK(run(session, AVS_OP_OPEN_OUTPUT, slot) >= 0, "open output: %g", slot[0]);
  CHECK(avs_add_stream(session, fields, sizeof(fields)) == 0, "add stream");
  set(session, AVS_SET_OUTPUT, "url", "the next one.mp4");
  set(session, AVS_SET_OPTIONS, "movflags", "faststart"); /* its output is read again */
  slot[1] = new_sink(session, AVS_IO_MEMORY_OUTPUT, 0);
  CHECK(run(session, AVS_OP_HEADER, slot) >= 0, "header: %g", slot[0]);
  CHECK(avs_put_packet(session, row, packet, sizeof(packet), NULL, 0) == 0, "put packet");
  CHECK(operate(session, AVS_OP_TRAILER) && avs_session_close(session) == 0, "trailer");
}

/* A size that is no number of bytes: nothing is lent. */
static void test_impossible_sizes(const char *folder) {
  static const double sizes[] = {NAN, -1, -INFINITY, INFINITY, 1e300};
  load(folder, "audio.mp3");
  for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
    double session = avs_session_new(own_client());
    double io = avs_io_new(session, AVS_IO_MEMORY_INPUT, AVS_IO_READ | AVS_IO_SEEK, BUFFER), slot[AVS_SLOT_SIZE] = {0, io, 1};
    avs_run(session, AVS_OP_OPEN_INPUT, slot, NULL, 0, world.source.data, sizes[i]);
    CHECK(slot[0] < 0, "opened %g bytes", sizes[i]);
    CHECK(avs_session_close(session) == 0, "close");
  }
}

/* Whatever the limits of a batch are, it has a packet. */
static void test_empty_batches(const char *folder) {
  static const double limits[][2] = {{0, 0}, {-1, 1e9}, {NAN, 0}, {1e9, -INFINITY}};
  load(folder, "audio.mp3");
  for (int i = 0; i < 4; i++) {
    reset(NEVER, SIZE_MAX);
    double session = avs_session_new(own_client()), slot[AVS_SLOT_SIZE] = {0, limits[i][0], limits[i][1]}, bytes = 0;
    world.source_io = new_source(session);
    CHECK(open_input(session, world.source_io) >= 0, "open");
    double result = run(session, AVS_OP_READ, slot);
    CHECK(result == 0 && avs_ready_packets(session, &bytes) == 1, "limits of %g packets, %g bytes: %g", limits[i][0], limits[i][1], result);
    CHECK(avs_session_close(session) == 0, "close");
  }
}

/* An opener or transformer can't be used by an input or output, nor closed; directions are checked. */
static void test_closing_io(const char *folder) {
  double session = holding(folder), other = avs_session_new(own_client());
  double opener = avs_io_new(session, AVS_IO_OPENER, 0, 1), transformer = avs_io_new(session, AVS_IO_TRANSFORMER, 0, 1);
  CHECK(avs_io_close(opener) == -EBUSY && avs_io_close(transformer) == -EBUSY, "closed opener or transformer");
  CHECK(avs_io_close(session) == -EBADF, "a session is no I/O context");
  double free_source = new_source(other), free_sink = new_sink(other, AVS_IO_CALLBACKS, 0);
  CHECK(open_input(other, free_sink) < 0, "read from a sink");
  CHECK(open_input(other, world.source_io) < 0, "read through another session's");
  double slot[AVS_SLOT_SIZE] = {0};
  set(other, AVS_SET_OUTPUT, "format", "wav");
  CHECK(run(other, AVS_OP_OPEN_OUTPUT, slot) >= 0, "open output");
  alarm(10);
  static const char fields[] = "type\0audio\0codec\0pcm_s16le\0sampleRate\0" "8000\0channels\0" "1";
  CHECK(avs_add_stream(other, fields, sizeof(fields)) == 0, "add stream");
  slot[1] = free_source;
  CHECK(run(other, AVS_OP_HEADER, slot) < 0, "wrote to a source");
  slot[1] = world.sink_io;
  CHECK(run(other, AVS_OP_HEADER, slot) < 0, "wrote through another session's");
  alarm(0);
  slot[1] = free_sink;
  CHECK(run(other, AVS_OP_HEADER, slot) >= 0, "header");
  CHECK(avs_set(other, AVS_SET_STREAM, 0, "codec\0h264", 11) < 0, "another codec after the header");
  CHECK(avs_set(other, AVS_SET_STREAM, 0, "bitstreamFilter\0null", 21) < 0, "a filter after the header");
  CHECK(avs_io_close(free_source) == 0, "close an unused one");
  CHECK(avs_io_close(free_sink) == -EBUSY, "closed while it is written");
  CHECK(avs_session_close(other) == 0 && avs_session_close(session) == 0, "close");
}

static double places_sought(double session, double position, double flags) {
  double slot[AVS_SLOT_SIZE] = {0, -1, position, NAN, INFINITY, flags};
  double result = run(session, AVS_OP_SEEK, slot);
  drop_log(session);
  return result;
}

/* Seeks by bytes, which mpegts and mp3 support and Matroska does not: to any number, then reads packets. */
static void test_byte_seeks(const char *folder, const char *name, bool can) {
  enum { BYTE = 2, ALL = 15 }; /* AVSEEK_FLAG_* */
  load(folder, name);
  reset(NEVER, SIZE_MAX);
  double session = avs_session_new(own_client());
  world.source_io = new_source(session);
  CHECK(places_sought(session, 0, BYTE) < 0, "without an input");
  CHECK(open_input(session, world.source_io) >= 0, "open %s", name);
  double result;
  for (int i = 0; i < NUMBERS; i++) {
    places_sought(session, numbers[i], BYTE);
    places_sought(session, numbers[i], ALL);
    if (i % 4 == 0) read_all(session, &result);
  }
  result = places_sought(session, (double)(world.source.size / 2), BYTE);
  CHECK((result >= 0) == can, "%s: sought by bytes: %g", name, result);
  if (can) CHECK(read_all(session, &result) > 0, "%s: no packets from its middle on", name);
  CHECK(operate(session, AVS_OP_CLOSE_INPUT) && places_sought(session, 0, BYTE) < 0, "of a closed input");
  CHECK(avs_session_close(session) == 0, "close");
}

/* ---------------------------------------------------------------------------------------- in any order */

static uint32_t state_of_walk;
static uint32_t below(uint32_t end) {
  state_of_walk = state_of_walk * 1664525 + 1013904223;
  return (state_of_walk >> 8) % end;
}

struct walk {
  double sessions[2], ios[16];
};

/* Mostly one that may exist, sometimes one that is stale or of another session. */
static double some_io(const struct walk *walk) { return below(10) ? walk->ios[below(8)] : walk->ios[below(16)]; }

static void step_saving(double from, double to) {
  double state[AVS_SAVED_LENGTH];
  uint8_t bytes[2 * BUFFER];
  int32_t size = avs_io_save(from, state, bytes, sizeof(bytes));
  if (size < 0 || size > (int32_t)sizeof(bytes)) return;
  CHECK(state[AVS_SAVED_POSITION] >= 0 && state[AVS_SAVED_DEVICE] >= 0, "saved %g, %g", state[0], state[1]);
  avs_io_restore(to, state[below(2)], bytes, (uint32_t)size);
}

static void step_setting(struct walk *walk, double session) {
  double some[AVS_ROW_LENGTH];
  switch (below(9)) {
  case 0: avs_map_stream(session, (int32_t)below(3), (int32_t)below(3)); break;
  case 1: avs_set_range(session, below(2) ? below(3) : NAN, below(2) ? 1 + below(3) : NAN); break;
  case 2:
    avs_set_shift(session, numbers[below(NUMBERS)], numbers[below(NUMBERS)]);
    avs_keep_times(session, (int32_t)below(2));
    avs_set_delay(session, (int32_t)below(3), numbers[below(NUMBERS)]);
    avs_select_input(session, (uint32_t)below(4));
    break;
  case 3: avs_route(session, (int32_t)below(3), some); break;
  case 4: avs_set_discard(session, (int32_t)below(3), (int32_t)below(2)); break;
  case 5: avs_io_close(some_io(walk)); break;
  case 6: avs_set(session, AVS_SET_STREAM, (int32_t)below(2), "bitstreamFilter\0null", 21); break;
  case 7: avs_can_hold(session, (int32_t)below(3)); break;
  case 8: step_saving(some_io(walk), some_io(walk)); break;
  }
  drop_log(session);
}

static void step_operation(struct walk *walk, double session) {
  static const char formats[][16] = {"format\0matroska", "format\0mp4", "format\0mpegts", "format\0avi"};
  static const uint32_t usual[] = {AVS_OP_READ,  AVS_OP_SEEK,  AVS_OP_WRITE, AVS_OP_FLUSH,      AVS_OP_TRAILER,
                                   AVS_OP_REMUX, AVS_OP_REMUX, AVS_OP_CUT,   AVS_OP_STARTS,      AVS_OP_CLOSE_INPUT, AVS_OP_CLOSE_OUTPUT};
  double slot[AVS_SLOT_SIZE] = {0, 1 + below(300), 0, below(2) ? below(4) : NAN, 1, below(16)};
  uint8_t byte = 0;
  double row[AVS_ROW_LENGTH] = {below(3), below(1000), below(1000), 1, 1, 0, 1, 0, 1, 1000};
  switch (below(6)) {
  case 0: open_input(session, some_io(walk)); break;
  case 1:
    avs_set(session, AVS_SET_OUTPUT, 0, formats[below(4)], sizeof(*formats));
    if (run(session, AVS_OP_OPEN_OUTPUT, slot) >= 0 && avs_describe(session, AVS_INPUT, NULL, 0) > 0) describe_into(session);
    slot[1] = some_io(walk);
    run(session, AVS_OP_HEADER, slot);
    break;
  case 2: avs_put_packet(session, row, &byte, 1, &byte, 0); break;
  default:
    if (below(3) == 0) slot[2] = below(100000), slot[1] = -1;
    run(session, usual[below(sizeof(usual) / sizeof(*usual))], slot);
  }
  drop_log(session);
}

static void walk(uint32_t seed) {
  struct walk walk;
  state_of_walk = seed;
  reset(NEVER, SIZE_MAX);
  world.any = true;
  for (int i = 0; i < 2; i++) walk.sessions[i] = avs_session_new(own_client());
  for (int i = 0; i < 16; i++) {
    double session = walk.sessions[i / 8];
    walk.ios[i] = i % 2 ? new_source(session) : new_sink(session, i % 4 ? AVS_IO_CALLBACKS : AVS_IO_MEMORY_OUTPUT, 0);
  }
  for (int step = 0; step < 60; step++) {
    double session = walk.sessions[below(8) == 0];
    if (below(2)) step_setting(&walk, session);
    else step_operation(&walk, session);
    if (below(200) == 0) avs_session_close(walk.sessions[1]);
  }
  avs_session_close(walk.sessions[1]);
  CHECK(avs_session_close(walk.sessions[0]) == 0, "close");
}

static void test_any_order(const char *folder, const char *name, int max) {
  load(folder, name);
  int rounds = max > 0 ? max * 20 : 2000;
  for (int round = 0; round < rounds; round++) {
    alarm(60);
    walk((uint32_t)round);
  }
  alarm(0);
}

int main(int argc, char **argv) {
  static const char *const files[] = {"video.mp4", "fragmented.mp4", "video.mkv", "video.ts",  "video.flv", "video.avi",
                                      "audio.ogg", "audio.mp3",      "audio.wav", "audio.flac", "video.webm"};
  if (argc < 2) return 2;
  int max = argc > 2 ? atoi(argv[2]) : 0;
  fixtures = argv[1];
  avs_client(own_client(), answer);
  test_handles();
  test_slots(argv[1]);
  test_inside(argv[1]);
  test_moving(argv[1]);
  test_saving_reads(argv[1]);
  test_saving_demuxed(argv[1]);
  test_saving_writes(0);
  test_saving_writes(AVS_IO_DIRECT);
  test_saving_memory();
  test_copy(argv[1]);
  test_begin(argv[1], "video.mp4");
  test_begin(argv[1], "fragmented.mp4");
  test_begin(argv[1], "audio.mp3");
  test_begin_and_move(argv[1]);
  test_failed_seeks(argv[1]);
  test_refused_seek(argv[1]);
  test_fields();
  test_structures();
  test_gifts();
  test_playlists(argv[1], max);
  test_beyond_int();
  test_refused_muxer();
  for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++) {
    test_file(argv[1], files[i], max);
    test_damage(argv[1], files[i]);
  }
  test_again(argv[1], "video.ts");
  test_again(argv[1], "video.flv");
  test_again(argv[1], "audio.ogg");
  test_saving_in_use(argv[1]);
  test_reopening(argv[1], "image.jpeg");
  test_reopening(argv[1], "cover.mp3");
  test_direction();
  test_beyond(argv[1], "video.mp4");
  test_beyond(argv[1], "video.mkv");
  test_beyond(argv[1], "video.ts");
  test_seeking_beyond(argv[1]);
  test_several(argv[1], "video.mp4", max);
  test_several(argv[1], "video.mkv", max);
  test_several(argv[1], "video.ts", max);
  test_unknown_option();
  test_leftovers(argv[1]);
  test_merged_leftovers(argv[1]);
  test_late_chapters("nut", false);
  test_late_chapters("matroska", true);
  test_next_name();
  test_impossible_sizes(argv[1]);
  test_empty_batches(argv[1]);
  test_closing_io(argv[1]);
  test_byte_seeks(argv[1], "video.ts", true);
  test_byte_seeks(argv[1], "audio.mp3", true);
  test_byte_seeks(argv[1], "video.mkv", false);
  test_any_order(argv[1], "video.mp4", max);
  test_any_order(argv[1], "video.ts", max);
  test_idle();
  test_clients(argv[1]);
  test_whitelist(argv[1]);
  reset(NEVER, SIZE_MAX);
  free(world.source.data);
  free(world.sink.data);
  usleep(500000); /* idle threads have ended by then; valgrind would report their memory as lost */
  printf("%d failures\n", failures);
  return failures ? 1 : 0;
}
