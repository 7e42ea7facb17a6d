/*
 * shim.c - the coverage-guided fuzzer of the shim (libFuzzer; built and run by scripts/fuzz_shim.sh). The first
 * CONTROL bytes of an input select what is done and how callbacks answer, the rest is the file, and after each PART_MARK
 * a file that it names: it is opened, read, seeked, and its packets are remuxed, merged, joined, split or written one by
 * one by any muxer, with its tags or others; or operations come in any order, with I/O contexts that are in use, stale or
 * of another session. Findings are crashes, leaks, undefined behaviour, hangs, and results that violate avs.h.
 */
#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../shim/avs.h"
#include "../tests/shim/own_client.h"
#include "../tests/shim/streams.h"
#include "structure.h"

#if __has_feature(memory_sanitizer)
#include <sanitizer/msan_interface.h>
#define __lsan_disable() ((void)0)
#define __lsan_enable() ((void)0)
#else
#include <sanitizer/lsan_interface.h>
#define __msan_check_mem_is_initialized(bytes, size) ((void)(bytes), (void)(size))
#endif

enum {
  SEEK_TO_END = 2,
  SEEK_FOR_SIZE = 0x10000,
  MAX_REQUESTS = 1000,   /* afterwards all answers are errors, to keep cases short */
  MAX_OF_THREADS = 200,  /* the same of the async engine, where each takes as long as 20 others */
  MAX_WRITTEN = 1 << 20, /* bytes of an output */
  MAX_PACKETS = 400,
  MAX_OUTPUTS = 8, /* of a split */
  MAX_FILES = 8,   /* in an input */
  MAX_MEMORY = 16 << 20, /* of a session: small files that need much memory should fail soon */
  MEMORY_UNIT = 128,
  ROWS = 64,
  DEVICES = 32,
  OWN_MUXER = 255,
};

/* Divides an input into the file and those that it names, by numbers. To a playlist it is a comment. */
#define PART_MARK "\n#PART\n"

/* Offsets in the input. */
enum {
  CONTROL_DEMUXER,     /* 2 bytes; 0: by probing */
  CONTROL_MUXER = 2,   /* 0: none; OWN_MUXER: of the input's format */
  CONTROL_FLAGS,       /* FLAG_* */
  CONTROL_WORK,        /* WORK_* */
  CONTROL_PIECE,       /* max bytes returned by one read, times 16; 0: as many as requested */
  CONTROL_FAULT,       /* what one of the answers does wrong */
  CONTROL_FAULT_AT,    /* which answer; 2 bytes */
  CONTROL_SEEK = 9,    /* target; 2 bytes, signed, quarters of a second */
  CONTROL_SEEK_HOW = 11,
  CONTROL_BUFFER,      /* size of the I/O buffers */
  CONTROL_FIELD,       /* a field of the output's streams to be set to a wrong value; 0: none */
  CONTROL_VALUE,       /* which value */
  CONTROL_OPTION,      /* AVOptions of the muxer */
  CONTROL_EXTRA,       /* EXTRA_* */
  CONTROL_FILTER,      /* bitstream filter of the output's streams; 0: none */
  CONTROL_MEMORY,      /* max memory of the session, times MEMORY_UNIT; 2 bytes; 0: MAX_MEMORY */
  CONTROL_STEPS = 20,  /* of WORK_STEPS: the operation, in the low 4 bits, and its argument */
  STEPS = 8,
  CONTROL = CONTROL_STEPS + STEPS
};

enum {
  FLAG_SOURCE_SEEKS = 1,
  FLAG_NO_STREAM_INFO = 2,
  FLAG_SINK_IS_MEMORY = 4,
  FLAG_SINK_SEEKS = 8,
  FLAG_SINK_IS_DIRECT = 16,
  FLAG_SOURCE_IS_MEMORY = 32,
  FLAG_RANGE = 64, /* a range is remuxed */
  FLAG_DISCARD = 128,
};

enum {
  WORK_READ = 1,
  WORK_SEEK = 2,
  WORK_REMUX = 4,
  WORK_PACKETS = 8, /* as a Muxer writes them, also wrong ones */
  WORK_JOIN = 16,   /* the source is appended to itself */
  WORK_SPLIT = 32,  /* about every second has an output of its own */
  WORK_STEPS = 64,  /* operations in any order */
  WORK_ASK = 128,   /* with an opener and a transformer */
};

enum {
  EXTRA_TAGS = 1,      /* the input's tags and side data are set for the output, as a rewrite does */
  EXTRA_ODD_TAGS = 2,  /* so are bytes of the file */
  EXTRA_MERGE = 4,     /* the last of the files is a second input */
  EXTRA_COPY = 8,      /* sources are copies in native memory */
  EXTRA_LIMITS = 16,   /* with small limits, and the formats to try named */
  EXTRA_LEARN = 32,    /* the output's streams learn from data; the remux is the last one, and ends after some bytes */
  EXTRA_PLAIN = 64,    /* the I/O contexts are first used directly */
  EXTRA_ASYNC = 128,   /* operations run on the session's thread */
};

enum fault {
  NONE,
  NO_ANSWER, /* as if JavaScript had thrown */
  AN_ERROR,
  TOO_MUCH, /* more than requested, which is allowed */
  NOTHING,
  HUGE_NUMBER,
  NEGATIVE,
  WRONG_KIND, /* the answer to another kind of request */
  MISUSE,     /* calls that must be refused here */
  LIAR,       /* all sizes and positions are wrong, from there on */
  FAULTS
};

/* ---------------------------------------------------------------------------------------- devices */

struct file {
  const uint8_t *data;
  size_t size;
};

/* The device behind an I/O context. */
struct device {
  double io;
  bool reads;
  struct file file;
  size_t position, size;
};

static struct {
  const uint8_t *control;
  struct file files[MAX_FILES];
  size_t file_count, written, reloads;
  struct device devices[DEVICES];
  int device_count;
  double session, source, sink;
  double other, strange_source, strange_sink; /* a session that runs nothing, with I/O contexts */
  double opener, transformer;
  int requests;
  bool failed; /* a request got no answer, or an error */
  bool lying;
} world;

static unsigned word(int place) { return world.control[place] | (unsigned)world.control[place + 1] << 8; }
static bool flag(int flag) { return world.control[CONTROL_FLAGS] & flag; }
static bool has_work(int work) { return world.control[CONTROL_WORK] & work; }
static bool has_extra(int extra) { return world.control[CONTROL_EXTRA] & extra; }

#define MUST(condition)                                                            \
  do {                                                                             \
    if (!(condition)) {                                                            \
      fprintf(stderr, "%s:%d: broken promise: %s\n", __FILE__, __LINE__, #condition); \
      abort();                                                                     \
    }                                                                              \
  } while (0)

/* Bytes that the shim delivers: MemorySanitizer reports those that nothing has written. */
static void look_at(const void *bytes, size_t size) { __msan_check_mem_is_initialized(bytes, size); }

/* The same of up to `capacity` bytes, by what a function has returned: the size of all, or an error. */
static void look_at_some(const void *bytes, int32_t size, size_t capacity) {
  if (size > 0) look_at(bytes, (size_t)size < capacity ? (size_t)size : capacity);
}

static bool is_async(void) { return has_extra(EXTRA_ASYNC); }

/* What holds unless the operation's thread has gone on meanwhile, or was canceled. */
#define MUST_IN_SYNC(condition)                        \
  do {                                                 \
    bool holds = condition;                            \
    MUST(holds || is_async());                         \
  } while (0)

/* As if JavaScript had thrown. The sync engine takes no answer for an error; a thread waits for one. */
static void fail(double io) {
  enum { EXTERNAL = -542398533 }; /* AVERROR_EXTERNAL */
  world.failed = true;
  if (is_async()) (void)avs_reply(io, EXTERNAL);
}

static struct device *device_of(double io) {
  for (int i = world.device_count; i-- > 0;) /* from the last: a handle may be reused */
    if (world.devices[i].io == io) return &world.devices[i];
  return NULL;
}

static uint32_t buffer_size(void) {
  static const uint32_t sizes[] = {65536, 1, 7, 100, 1000, 4096, 32768, 1 << 20};
  return sizes[world.control[CONTROL_BUFFER] % (sizeof(sizes) / sizeof(*sizes))];
}

/* Half of the sources that can seek do it with the next read, and half of these say what they begin with. */
static uint32_t late_seek(void) {
  return flag(FLAG_SOURCE_SEEKS) && world.control[CONTROL_PIECE] & 1 ? AVS_IO_LATE_SEEK : 0;
}

static void begin(double io, struct file file) {
  if (!late_seek() || !(world.control[CONTROL_PIECE] & 2)) return;
  size_t head = (size_t)world.control[CONTROL_PIECE] * 32;
  int32_t result = avs_io_begin(io, (double)file.size, file.data, (uint32_t)(head < file.size ? head : file.size));
  MUST(result == 0 || has_extra(EXTRA_ASYNC) || world.control[CONTROL_MEMORY]);
}

/* An I/O context over this file, or a new one; 0 if there are too many. */
static double new_device(double session, bool reads, size_t number) {
  if (world.device_count == DEVICES) return 0;
  struct file file = world.files[number];
  uint32_t flags = AVS_IO_READ | late_seek() | (flag(FLAG_SOURCE_SEEKS) || flag(FLAG_SOURCE_IS_MEMORY) ? AVS_IO_SEEK : 0);
  if (!reads) flags = AVS_IO_WRITE | (flag(FLAG_SINK_SEEKS) ? AVS_IO_SEEK : 0) | (flag(FLAG_SINK_IS_DIRECT) ? AVS_IO_DIRECT : 0);
  uint32_t kind = AVS_IO_CALLBACKS;
  if (flag(reads ? FLAG_SOURCE_IS_MEMORY : FLAG_SINK_IS_MEMORY)) kind = reads ? AVS_IO_MEMORY_INPUT : AVS_IO_MEMORY_OUTPUT;
  bool can_be_lent = number == 0 && !is_async();
  bool is_copy = reads && (has_extra(EXTRA_COPY) || (kind == AVS_IO_MEMORY_INPUT && !can_be_lent));
  double io = is_copy ? avs_io_new_copy(session, file.data, (uint32_t)file.size, buffer_size())
                      : avs_io_new(session, kind, flags, buffer_size());
  size_t size = reads ? file.size : 0;
  if (io) world.devices[world.device_count++] = (struct device){.io = io, .reads = reads, .file = file, .size = size};
  if (io && reads && kind == AVS_IO_CALLBACKS && !is_copy) begin(io, file);
  return io;
}

/* Divides the input at each PART_MARK. */
static void find_files(const uint8_t *data, size_t size) {
  static const char mark[] = PART_MARK;
  enum { MARK = sizeof(mark) - 1 };
  while (world.file_count < MAX_FILES - 1) {
    const uint8_t *end = memmem(data, size, mark, MARK);
    if (!end) break;
    world.files[world.file_count++] = (struct file){data, (size_t)(end - data)};
    size -= (size_t)(end - data) + MARK;
    data = end + MARK;
  }
  world.files[world.file_count++] = (struct file){data, size};
}

/* The file that a URL names, by its last digit; after an "r" it is another one each time, as of a live playlist. */
static size_t file_named(const char *url, size_t size) {
  while (size > 0 && (url[size - 1] < '0' || url[size - 1] > '9')) size--;
  if (!size) return world.file_count - 1;
  size_t number = (size_t)(url[size - 1] - '0');
  if (size > 1 && url[size - 2] == 'r') number += world.reloads++;
  return number % world.file_count;
}

static void answer_read(double io, double wanted, bool too_much) {
  struct device *source = device_of(io);
  struct file file = source->file;
  size_t left = source->position < file.size ? file.size - source->position : 0;
  size_t size = left < (size_t)wanted ? left : (size_t)wanted;
  size_t max = world.control[CONTROL_PIECE] * (size_t)16;
  if (max && size > max) size = max;
  if (too_much) size = left;
  MUST_IN_SYNC(avs_reply_read(io, left ? file.data + source->position : file.data, (uint32_t)size) == 0);
  if (!is_async()) MUST(avs_reply_read(io, file.data, 0) < 0); /* a thread may have asked again */
  source->position += size;
}

static void answer_write(double io, double size) {
  uint8_t *chunk = malloc((size_t)size + 1);
  if (!chunk) return fail(io);
  MUST(avs_take_write(io, chunk, (uint32_t)size + 1) < 0);
  bool taken = avs_take_write(io, chunk, (uint32_t)size) == 0;
  MUST_IN_SYNC(taken);
  if (taken) look_at(chunk, (size_t)size);
  free(chunk);
  (void)avs_request_time(io);
  struct device *sink = device_of(io);
  sink->position += (size_t)size;
  if (sink->position > sink->size) sink->size = sink->position;
  world.written += (size_t)size;
  if (world.written > MAX_WRITTEN) return fail(io);
  MUST_IN_SYNC(avs_reply(io, size) == 0);
}

static void answer_seek(double io, double offset, int whence) {
  struct device *device = device_of(io);
  double result = whence == SEEK_TO_END ? (double)device->size + offset : offset;
  if (whence == SEEK_FOR_SIZE) result = (double)device->size;
  else if (result >= 0 && result < 1e15) device->position = (size_t)result;
  if (world.lying) result = result * 3 - 1000;
  avs_reply(io, result < 0 ? -EINVAL : result);
}

/* A playlist's files are the other files of the input, or the playlist itself; a muxer's files are like its sink. */
static void answer_open(double session, double size, int mode) {
  char url[1000];
  bool fits = size < sizeof(url);
  fits = fits && avs_take_write(world.opener, (uint8_t *)url, (uint32_t)size) == 0;
  MUST_IN_SYNC(fits || size >= sizeof(url));
  if (fits) look_at(url, (size_t)size);
  if (mode == AVS_OPEN_CHECK || mode == AVS_OPEN_DELETE) return (void)avs_reply(world.opener, 0);
  double io = new_device(session, mode != AVS_OPEN_WRITE, fits ? file_named(url, (size_t)size) : 0);
  if (io && fits && has_extra(EXTRA_LEARN)) (void)avs_io_locate(io, url, (uint32_t)size / 2);
  MUST_IN_SYNC(avs_reply(world.opener, io ? io : -EPERM) == 0);
}

static void transform_packets(void);

static void answer_asked(double session, double io, uint32_t kind, double a, int mode) {
  if (kind == AVS_REQUEST_OPEN) return answer_open(session, a, mode);
  if (kind == AVS_REQUEST_TRANSFORM) transform_packets();
  MUST_IN_SYNC(avs_reply(io, 0) == 0);
}

/* All of these calls must be refused, or do nothing; a thread is canceled instead. */
static void misuse(double session, double io, uint32_t kind) {
  if (is_async()) return (void)avs_cancel(session);
  double slot[AVS_SLOT_SIZE] = {0, io};
  MUST(avs_session_close(session) < 0);
  MUST(avs_io_begin(io, 1, world.files[0].data, 0) < 0);
  avs_run(session, AVS_OP_READ, slot, NULL, 0, NULL, 0);
  MUST(slot[0] < 0);
  double other = avs_session_new(own_client());
  if (kind != AVS_REQUEST_CLOSE) MUST(avs_io_save(io, slot, NULL, 0) < 0);
  MUST(avs_io_restore(io, 0, NULL, 0) < 0);
  MUST(avs_io_close(io) < 0);
  MUST(avs_set_shift(session, 1, 1) < 0);
  MUST(avs_keep_times(session, 1) < 0);
  MUST(avs_set_delay(session, 0, 1) < 0);
  MUST(avs_select_input(session, 0) < 0);
  MUST(avs_route(session, 0, slot) < 0);
  MUST(avs_session_close(other) == 0);
  MUST(avs_add_stream(session, "", 0) < 0);
  MUST(avs_reply(io, NAN) < 0);
  if (kind == AVS_REQUEST_OPEN) return; /* its URL can be taken */
  if (kind != AVS_REQUEST_READ) MUST(avs_reply_read(io, world.files[0].data, 1) < 0);
  if (kind != AVS_REQUEST_WRITE) MUST(avs_take_write(io, (uint8_t[1]){0}, 1) < 0);
}

/* Answers with a fault; true if the request needs no other answer. */
static bool answer_wrongly(enum fault fault, double session, double io, uint32_t kind, double a) {
  switch (fault) {
  case NO_ANSWER: fail(io); return true;
  case AN_ERROR:
    avs_reply(io, -EIO);
    if (kind != AVS_REQUEST_SEEK && kind != AVS_REQUEST_OPEN) fail(io);
    return true;
  case TOO_MUCH:
    if (kind == AVS_REQUEST_READ) answer_read(io, a, true);
    return kind == AVS_REQUEST_READ;
  case NOTHING: return avs_reply(io, 0) == 0;
  case HUGE_NUMBER: return kind == AVS_REQUEST_SEEK && avs_reply(io, INFINITY) == 0;
  case NEGATIVE: return kind == AVS_REQUEST_SEEK && avs_reply(io, -INFINITY) == 0;
  case WRONG_KIND:
    if (kind != AVS_REQUEST_READ) return avs_reply_read(io, world.files[0].data, 0) == 0;
    return false;
  case MISUSE: misuse(session, io, kind); return false;
  case LIAR: world.lying = true; return false;
  default: return false;
  }
}

static void answer(double session, double io, uint32_t kind, double a, double b, double c) {
  (void)c;
  MUST_IN_SYNC(!world.failed); /* no request after the first failure */
  bool is_known = device_of(io) || io == world.opener || io == world.transformer;
  MUST(session == world.session && is_known);
  bool is_asked = kind >= AVS_REQUEST_OPEN;
  MUST(is_asked || kind == AVS_REQUEST_SEEK || (a > 0 && a <= INT32_MAX));
  if (++world.requests > (is_async() ? MAX_OF_THREADS : MAX_REQUESTS)) return fail(io);
  if (kind == AVS_REQUEST_READ && b >= 0) device_of(io)->position = (size_t)b;
  enum fault fault = world.control[CONTROL_FAULT] % FAULTS;
  if (fault && world.requests == (int)word(CONTROL_FAULT_AT) + 1 && answer_wrongly(fault, session, io, kind, a)) return;
  if (is_asked) answer_asked(session, io, kind, a, (int)b);
  else if (kind == AVS_REQUEST_READ) answer_read(io, a, false);
  else if (kind == AVS_REQUEST_WRITE) answer_write(io, a);
  else answer_seek(io, a, (int)b);
}

/* ---------------------------------------------------------------------------------------- formats */

struct names {
  char *list[512];
  int count;
};

static struct names demuxers, muxers;
static char text[1 << 22];

/* Formats that hold nearly any codec, or are common: half of all cases use them. */
static const char *const favourites[] = {"matroska", "nut",  "mov",  "mp4", "mpegts", "avi", "asf",    "flv",
                                         "ogg",      "wav",  "webm", "mpeg", "mxf",   "caf", "adts",   "mp3",
                                         "flac",     "srt",  "webvtt", "ass", "hls",  "dash"};
enum { FAVOURITES = sizeof(favourites) / sizeof(*favourites) };

static void describe(uint32_t direction) {
  look_at_some(text, avs_describe(world.session, direction, text, sizeof(text)), sizeof(text));
}

/* The name of the input's format, "mp4" for all of its family. */
static const char *own_format(void) {
  static char name[64];
  static const char start[] = "{\"format\":{\"name\":\"";
  int32_t size = avs_describe(world.session, AVS_INPUT, text, sizeof(text) - 1);
  enum { START = sizeof(start) - 1 };
  if (size < START || size >= (int32_t)sizeof(text) || memcmp(text, start, START)) return "nut";
  text[size] = 0;
  const char *at = text + START;
  snprintf(name, sizeof(name), "%.*s", (int)strcspn(at, ",\""), at);
  return strcmp(name, "mov") ? name : "mp4";
}

static const char *muxer_name(void) {
  if (world.control[CONTROL_MUXER] == OWN_MUXER) return own_format();
  unsigned number = world.control[CONTROL_MUXER] - 1u;
  if (number < 128) return favourites[number % FAVOURITES];
  return muxers.list[(number + word(CONTROL_SEEK)) % (unsigned)muxers.count];
}

/* Names from avs_formats(), the first of several. */
static void load_names(uint32_t direction, struct names *names) {
  int32_t size = avs_formats(direction, text, sizeof(text) - 1);
  MUST(size > 0 && size < (int32_t)sizeof(text));
  look_at(text, (size_t)size);
  text[size] = 0;
  for (char *at = text; (at = strstr(at, "{\"name\":\"")) && names->count < 512;) {
    at += strlen("{\"name\":\"");
    names->list[names->count++] = strndup(at, strcspn(at, ",\""));
  }
}

/* ---------------------------------------------------------------------------------------- operations */

static void run_here(uint32_t operation, double *slot) {
  static uint8_t own[1 << 16];
  bool lend = flag(FLAG_SOURCE_IS_MEMORY);
  struct file file = world.files[0];
  avs_run(world.session, operation, slot, own, sizeof(own), lend ? file.data : NULL, lend ? (double)file.size : 0);
}

/* Answers requests; returns whether the operation is done. */
static bool take_events(void) {
  enum { EVENTS = 16, MILLISECONDS = 2 };
  double events[EVENTS * AVS_EVENT_LENGTH];
  MUST(avs_wait_events(own_client(), MILLISECONDS) >= 0);
  int count = avs_take_events(own_client(), events, EVENTS, 0);
  bool done = false;
  MUST(count >= 0);
  for (const double *event = events; count > 0; count--, event += AVS_EVENT_LENGTH) {
    uint32_t kind = (uint32_t)event[AVS_EVENT_KIND];
    if (event[AVS_EVENT_SESSION] != world.session || kind == AVS_EVENT_READY) continue; /* of an earlier case */
    if (kind == AVS_EVENT_DONE) done = true;
    else if (device_of(event[AVS_EVENT_IO]) || kind >= AVS_REQUEST_OPEN)
      answer(world.session, event[AVS_EVENT_IO], kind, event[AVS_EVENT_A], event[AVS_EVENT_B], event[AVS_EVENT_C]);
  }
  return done;
}

/*
 * A batch that is full waits until its packets are taken, or until it is stopped. A demuxer that waits for a live playlist is
 * canceled, as by the timeout of a program.
 */
static void run_there(uint32_t operation, double *slot) {
  enum { TIMEOUT = 1000 }; /* milliseconds */
  slot[0] = avs_start(world.session, operation, slot);
  if (slot[0] < 0) return;
  while (!take_events()) {
    if (operation == AVS_OP_READ) (void)avs_stop(world.session);
    if (avs_slept(world.session) > TIMEOUT) (void)avs_cancel(world.session);
  }
  MUST(avs_finish(world.session, slot) == 0);
}

static double run(uint32_t operation, double *slot) {
  if (is_async()) run_there(operation, slot);
  else run_here(operation, slot);
  look_at(slot, AVS_SLOT_SIZE * sizeof(*slot));
  look_at_some(text, avs_take_log(world.session, text, sizeof(text)), sizeof(text));
  look_at_some(text, avs_unused_options(world.session, text, sizeof(text)), sizeof(text));
  if (world.failed) MUST_IN_SYNC(slot[0] < 0);
  return slot[0];
}

static void set(uint32_t what, int32_t index, const char *name, const char *value) {
  char pair[256];
  int size = snprintf(pair, sizeof(pair), "%s%c%s", name, 0, value);
  (void)avs_set(world.session, what, index, pair, (uint32_t)size + 1);
}

/* Units of memory; 0: enough. */
static unsigned little_memory(void) { return is_async() ? 0 : word(CONTROL_MEMORY); }

static void set_memory(uint32_t what) {
  char number[16];
  unsigned units = little_memory();
  snprintf(number, sizeof(number), "%u", units ? units * MEMORY_UNIT : MAX_MEMORY);
  set(what, 0, "maxMemory", number);
}

static void set_limits(void) {
  set(AVS_SET_INPUT, 0, "maxPacketSize", "2000");
  set(AVS_SET_INPUT, 0, "maxOpenSize", "5000");
  set(AVS_SET_INPUT, 0, "formats", "mov,mpegts,matroska,hls,mp3,aac,avi,ogg,flac,wav,dash,mpeg,h264,hevc,loas");
}

/* Opens an input over that I/O context. */
static bool open_input(double source) {
  unsigned format = word(CONTROL_DEMUXER);
  set_memory(AVS_SET_INPUT);
  if (format) set(AVS_SET_INPUT, 0, "format", demuxers.list[(format - 1) % (unsigned)demuxers.count]);
  if (has_extra(EXTRA_LIMITS)) set_limits();
  double slot[AVS_SLOT_SIZE] = {0, source, !flag(FLAG_NO_STREAM_INFO), has_extra(EXTRA_LIMITS)};
  return run(AVS_OP_OPEN_INPUT, slot) >= 0;
}

static const double odd[] = {NAN,   INFINITY,     -INFINITY,     0,    -1,                1e18,
                             -1e18, 2147483647.0, -2147483648.0, 1e-9, 9007199254740991.0};
enum { ODD = sizeof(odd) / sizeof(*odd) };

/* Writes packets of the input to the output, some of them changed according to the control bytes. */
static void put(double *row, const uint8_t *data, unsigned nth) {
  uint32_t size = (uint32_t)row[AVS_ROW_SIZE], side = (uint32_t)row[AVS_ROW_SIDE_SIZE];
  unsigned how = world.control[CONTROL_VALUE] + nth;
  if (how % 5 == 1) row[how / 5 % AVS_ROW_LENGTH] = odd[how / 7 % ODD];
  if (how % 11 == 1) size /= 2;
  (void)avs_put_packet(world.session, row, data, size, data + size, side);
}

/* Returns them to the remux, changed in the same way. */
static void transform_packets(void) {
  double bytes = 0;
  int ready = avs_ready_packets(world.session, &bytes);
  MUST_IN_SYNC(ready > 0);
  if (ready <= 0) return;
  double *rows = malloc((size_t)ready * AVS_ROW_LENGTH * sizeof(*rows));
  uint8_t *data = malloc((size_t)bytes + 1);
  MUST(rows && data);
  int taken = avs_take_packets(world.session, rows, (uint32_t)ready, data, (uint32_t)bytes);
  MUST_IN_SYNC(taken == ready);
  MUST(taken == ready || !taken); /* a thread that is canceled meanwhile drops them */
  if (!taken) bytes = 0;
  ready = taken;
  look_at(rows, (size_t)ready * AVS_ROW_LENGTH * sizeof(*rows));
  look_at(data, (size_t)bytes);
  size_t at = 0;
  for (int i = 0; i < ready; i++) {
    double *row = rows + i * AVS_ROW_LENGTH;
    size_t size = (size_t)row[AVS_ROW_SIZE] + (size_t)row[AVS_ROW_SIDE_SIZE];
    put(row, data + at, (unsigned)i);
    at += size;
  }
  free(rows);
  free(data);
}

static double write_queued(void) {
  double slot[AVS_SLOT_SIZE] = {0};
  return run(AVS_OP_WRITE, slot);
}

/* Reads all packets, up to a limit; writes them if there is an output. */
static void read_packets(bool write) {
  double row[ROWS * AVS_ROW_LENGTH], slot[AVS_SLOT_SIZE] = {0};
  unsigned packets = 0;
  for (int errors = 0; packets < MAX_PACKETS && errors < 20;) {
    slot[1] = ROWS;
    slot[2] = 100000;
    double result = run(AVS_OP_READ, slot), bytes = 0;
    errors += result < 0;
    int ready = avs_ready_packets(world.session, &bytes);
    MUST(ready >= 0 && ready <= ROWS && bytes >= 0);
    uint8_t *data = malloc((size_t)bytes + 1);
    if (!data) return;
    MUST(avs_take_packets(world.session, row, ROWS, data, (uint32_t)bytes) == ready);
    look_at(row, (size_t)ready * AVS_ROW_LENGTH * sizeof(*row));
    look_at(data, (size_t)bytes);
    size_t at = 0;
    for (int i = 0; i < ready; i++) {
      double *one = row + i * AVS_ROW_LENGTH;
      MUST(one[AVS_ROW_STREAM] >= 0 && one[AVS_ROW_STREAM] < slot[1]);
      size_t size = (size_t)one[AVS_ROW_SIZE] + (size_t)one[AVS_ROW_SIDE_SIZE];
      MUST(at + size <= (size_t)bytes);
      if (write) put(one, data + at, packets + (unsigned)i);
      at += size;
    }
    MUST(at == (size_t)bytes);
    free(data);
    packets += (unsigned)ready;
    if (write && write_queued() < 0) return;
    if (result == -541478725 || world.failed) return; /* AVERROR_EOF */
  }
}

static void seek(void) {
  uint8_t how = world.control[CONTROL_SEEK_HOW];
  double target = (int16_t)word(CONTROL_SEEK) / 4.0;
  if (how & 16) target = odd[how % ODD];
  bool backward = how & 1;
  double slot[AVS_SLOT_SIZE] = {0, (how >> 5) - 1, target, backward ? -INFINITY : target, backward ? target : INFINITY,
                                how & 15};
  run(AVS_OP_SEEK, slot);
}

/* ---------------------------------------------------------------------------------------- the output */

static const char *const fields[] = {"type",         "codec",         "tag",        "bitRate",    "profile",
                                     "level",        "width",         "height",     "pixelFormat",
                                     "colorSpace",   "colorRange",    "fieldOrder", "videoDelay", "sampleRate",
                                     "sampleFormat", "channelLayout", "channels",   "frameSize",  "blockAlign",
                                     "id",           "bitsPerCodedSample",          "timeBase",   "averageFrameRate",
                                     "disposition",  "initialPadding", "seekPreroll",             "sampleAspectRatio",
                                     "frameRate",    "colorPrimaries", "colorTransfer",           "chromaLocation",
                                     "bitsPerRawSample",              "trailingPadding"};
enum { FIELDS = sizeof(fields) / sizeof(*fields) };
static const char *const values[] = {"-1",   "0",    "1",        "2147483647", "1/0",  "0/1",      "1/2147483647",
                                     "AAAA", "////", "video",    "h264",       "aac",  "vorbis",   "mov_text",
                                     "none", "",     "7.1",      "\xff\xfe",   "av1",  "hevc"};
enum { VALUES = sizeof(values) / sizeof(*values) };

/* Copies the text of a field in `json`, the description of one stream; returns its length, -1 if there is none. */
static int field_text(const char *json, const char *field, char *out, size_t capacity) {
  char key[64];
  snprintf(key, sizeof(key), "\"%s\":", field);
  const char *value = strstr(json, key);
  if (!value || !strncmp(value += strlen(key), "null", 4)) return -1;
  int num, den;
  if (sscanf(value, "{\"num\":%d,\"den\":%d}", &num, &den) == 2) return snprintf(out, capacity, "%d/%d", num, den);
  size_t length = *value == '"' ? strcspn(++value, "\"") : strcspn(value, ",}");
  if (*value == '[' || length >= capacity) return -1;
  memcpy(out, value, length);
  out[length] = 0;
  return (int)length;
}

/*
 * Writes the first tags in a description as names and values, each ended by a NUL; returns their size. Escaped characters
 * stay as they are, without the backslash.
 */
static size_t read_tags(const char *json, char *out, size_t capacity) {
  static const char start[] = "\"metadata\":{";
  const char *at = strstr(json, start);
  size_t size = 0;
  if (!at) return 0;
  for (at += sizeof(start) - 1; *(at += strcspn(at, "\"}")) == '"'; at++) {
    while (*++at && *at != '"' && size + 1 < capacity) out[size++] = *at == '\\' && at[1] ? *++at : *at;
    if (*at != '"' || size + 1 >= capacity) return 0;
    out[size++] = 0;
  }
  return size;
}

/* Sets the tags that follow in `json`, and some from bytes of the file. */
static void set_tags(uint32_t what, int32_t index, const char *json) {
  static char tags[1 << 16];
  struct file file = world.files[0];
  size_t size = has_extra(EXTRA_TAGS) ? read_tags(json, tags, sizeof(tags)) : 0;
  if (size) (void)avs_set(world.session, what, index, tags, (uint32_t)size);
  uint32_t some = file.size < 500 ? (uint32_t)file.size : 500;
  if (has_extra(EXTRA_ODD_TAGS)) (void)avs_set(world.session, what, index, (const char *)file.data, some);
}

/* Sets the side data of a stream's description, as it is or cut off. */
static void set_side_data(int32_t index, const char *json, const uint8_t *bytes) {
  for (const char *at = strstr(json, "\"sideData\":["); at && (at = strstr(at, "{\"type\":")); at++) {
    char type[100];
    int length = field_text(at, "type", type, sizeof(type));
    const char *number = next_size(at, "\"data\":", NULL);
    uint32_t size = number ? (uint32_t)strtoul(number, NULL, 10) : 0;
    if (length > 0)
      (void)avs_set_bytes(world.session, index, type, (uint32_t)length, bytes, has_extra(EXTRA_ODD_TAGS) ? size / 2 : size);
    bytes += size;
  }
}

/* Sets the extradata of a stream's description, or some bytes of the file. */
static void set_extradata_or_other(int32_t index, const uint8_t *bytes, uint32_t size) {
  struct file file = world.files[0];
  unsigned wrong = world.control[CONTROL_FIELD];
  if (wrong && (wrong - 1) % (FIELDS + 1) == FIELDS) {
    bytes = file.data;
    size = (uint32_t)file.size < 200 ? (uint32_t)file.size : 200;
  }
  (void)avs_set_bytes(world.session, index, "extradata", 9, bytes, size);
}

static const char *const filters[] = {
  "aac_adtstoasc", "ahx_to_mp2", "apv_metadata", "av1_frame_merge", "av1_frame_split", "av1_metadata=td=insert",
  "chomp", "dca_core", "dovi_rpu", "dovi_split", "dts2pts", "dump_extra", "dv_error_marker", "eac3_core",
  "eia608_to_smpte436m", "evc_frame_merge", "extract_extradata", "filter_units=pass_types=1-5",
  "h264_metadata=aud=insert:level=auto:crop_left=2", "h264_mp4toannexb", "h264_redundant_pps", "hapqa_extract",
  "hevc_metadata=aud=insert:level=auto", "hevc_mp4toannexb", "imxdump", "lcevc_metadata", "media100_to_mjpegb",
  "mjpeg2jpeg", "mjpegadump", "mov2textsub", "mpeg2_metadata=frame_rate=25", "mpeg4_unpack_bframes",
  "noise=amount=100", "null", "opus_metadata=gain=1", "pcm_rechunk=n=7", "pgs_frame_merge",
  "prores_metadata=color_trc=1", "remove_extra", "setts=pts=PTS+1", "showinfo", "smpte436m_to_eia608", "text2movsub",
  "trace_headers", "truehd_core", "vp9_metadata", "vp9_raw_reorder", "vp9_superframe", "vp9_superframe_split",
  "vvc_metadata=aud=insert", "vvc_mp4toannexb"};
enum { FILTERS = sizeof(filters) / sizeof(*filters) };

/* Adds a stream as addStreamLike() in muxer.ts does, perhaps with one wrong field; returns its index. */
static int add_stream(const char *json, const uint8_t **bytes) {
  static char pairs[1 << 20];
  size_t size = 0;
  unsigned wrong = world.control[CONTROL_FIELD];
  for (unsigned i = 0; i < FIELDS; i++) {
    size_t name = strlen(fields[i]) + 1;
    if (size + name + 64 > sizeof(pairs)) break;
    memcpy(pairs + size, fields[i], name);
    char *value = pairs + size + name;
    int length = field_text(json, fields[i], value, sizeof(pairs) - size - name - 1);
    if (wrong && (wrong - 1) % (FIELDS + 1) == i)
      length = snprintf(value, 64, "%s", values[world.control[CONTROL_VALUE] % VALUES]);
    if (length >= 0) size += name + (size_t)length + 1;
  }
  int32_t index = avs_add_stream(world.session, pairs, (uint32_t)size);
  const uint8_t *extradata = *bytes;
  uint32_t extradata_size = next_extradata(json, bytes);
  if (index < 0) return index;
  set_extradata_or_other(index, extradata, extradata_size);
  unsigned filter = world.control[CONTROL_FILTER];
  if (filter) set(AVS_SET_STREAM, index, "bitstreamFilter", filters[(filter - 1) % FILTERS]);
  set_tags(AVS_SET_STREAM_METADATA, index, json);
  if (has_extra(EXTRA_TAGS)) set_side_data(index, json, extradata + extradata_size);
  struct file file = world.files[0];
  if (has_extra(EXTRA_LEARN)) (void)avs_learn_stream(world.session, index, file.data, (uint32_t)file.size / 2);
  return index;
}

/* Adds the streams of the selected input that the format can hold, and sets the file's tags to some of the input. */
static void add_streams(void) {
  static char json[1 << 22];
  int32_t size = avs_describe(world.session, AVS_INPUT, json, sizeof(json) - 1);
  MUST(size > 0 || has_work(WORK_STEPS) || little_memory());
  look_at_some(json, size, sizeof(json) - 1);
  if (size < 0 || size >= (int32_t)sizeof(json)) return; /* none */
  const uint8_t *bytes = described_bytes(json);
  double delay = (int8_t)world.control[CONTROL_SEEK_HOW] / 8.0;
  int index = 0;
  for (char *at = json; index < 32 && (at = strstr(at, "{\"index\":")); at++, index++) {
    char *end = strstr(at + 1, "{\"index\":"), kept = end ? *end : 0;
    if (end) *end = 0;
    if (avs_can_hold(world.session, index) > 0) {
      int stream = add_stream(at, &bytes);
      char tag[64] = "";
      field_text(at, "tag", tag, sizeof(tag));
      if (stream >= 0) set(AVS_SET_STREAM, stream, "sourceTag", tag);
      if (stream >= 0) avs_map_stream(world.session, index, stream);
      if (stream >= 0 && has_extra(EXTRA_MERGE)) (void)avs_set_delay(world.session, index, delay);
    } else {
      (void)next_extradata(at, &bytes);
    }
    if (end) *end = kept;
  }
  set_tags(AVS_SET_METADATA, 0, json);
}

/* Opens the last of the files as the input with the number 1. */
static void open_second(void) {
  if (avs_select_input(world.session, 1) < 0) return;
  double second = new_device(world.session, true, world.file_count - 1);
  if (second) open_input(second);
  MUST(avs_select_input(world.session, 0) == 0);
}

static void add_second(void) {
  if (avs_select_input(world.session, 1) < 0) return;
  add_streams();
  MUST(avs_select_input(world.session, 0) == 0);
}

static const char *const options[] = {"", /* none; then names and values */
                                      "movflags", "frag_keyframe+empty_moov", "movflags", "faststart", "movflags", "dash",
                                      "live", "1", "muxrate", "100000", "flush_packets", "1",
                                      "avoid_negative_ts", "make_zero", "max_interleave_delta", "1",
                                      "fflags", "shortest+bitexact"};
enum { OPTIONS = sizeof(options) / sizeof(*options) / 2 };

/* Opens an output over that I/O context. */
static bool open_output(double sink) {
  double slot[AVS_SLOT_SIZE] = {0};
  const char *format = muxer_name();
  set(AVS_SET_OUTPUT, 0, "format", format);
  set(AVS_SET_OUTPUT, 0, "url", "out");
  if (run(AVS_OP_OPEN_OUTPUT, slot) < 0) return false;
  bool opens_files = slot[1];
  add_streams();
  if (has_extra(EXTRA_MERGE)) add_second();
  int32_t chapter = avs_add_chapter(world.session, 1, 0, 1);
  if (chapter >= 0) set_tags(AVS_SET_CHAPTER_METADATA, chapter, "\"metadata\":{\"title\":\"One\"}");
  unsigned option = world.control[CONTROL_OPTION] % (OPTIONS + 1);
  if (option) set(AVS_SET_OPTIONS, 0, options[option * 2 - 1], options[option * 2]);
  /* Writing its index may fail an assertion, after which everything leaks. */
  if (!strcmp(format, "nut")) set(AVS_SET_OPTIONS, 0, "write_index", "0");
  describe(AVS_OUTPUT);
  slot[1] = opens_files && has_work(WORK_ASK) ? 0 : sink;
  return run(AVS_OP_HEADER, slot) >= 0;
}

static bool operate(uint32_t operation) {
  double slot[AVS_SLOT_SIZE] = {0};
  return run(operation, slot) >= 0;
}

/* Returns AVS_REMUX_*; below zero: an error. */
static int remux_until(double until) {
  bool is_last = has_extra(EXTRA_LEARN);
  double slot[AVS_SLOT_SIZE] = {0, MAX_PACKETS, 0, until, is_last, is_last ? word(CONTROL_SEEK) : 0};
  if (run(AVS_OP_REMUX, slot) < 0) return -1;
  MUST(slot[1] != AVS_REMUX_BREAK || is_last || slot[5] >= until);
  return (int)slot[1];
}

static void cut(void) {
  double start = (int16_t)word(CONTROL_SEEK) / 4.0;
  avs_set_range(world.session, start, start + world.control[CONTROL_SEEK_HOW] / 16.0);
  operate(AVS_OP_CUT);
}

/* Finishes each part but the last, and opens the next one. */
static bool split(void) {
  double every = world.control[CONTROL_SEEK_HOW] / 16.0;
  for (int part = 1; part < MAX_OUTPUTS && remux_until(part * every) == AVS_REMUX_BREAK; part++) {
    if (!operate(AVS_OP_TRAILER) || !operate(AVS_OP_CLOSE_OUTPUT)) return false;
    MUST(avs_io_close(world.sink) == 0);
    world.sink = new_device(world.session, false, 0);
    if (!world.sink || !open_output(world.sink)) return false;
  }
  return true;
}

static void join(void) {
  MUST(avs_io_close(world.source) < 0);
  if (!operate(AVS_OP_CLOSE_INPUT)) return;
  MUST(avs_io_close(world.source) == 0);
  world.source = new_device(world.session, true, 0);
  if (!world.source || !open_input(world.source)) return;
  avs_set_range(world.session, NAN, NAN);
  avs_set_shift(world.session, odd[word(CONTROL_SEEK) % ODD], odd[world.control[CONTROL_SEEK_HOW] % ODD]);
  remux_until(NAN);
}

static void look_at_memory(double sink) {
  double size = avs_memory_size(sink);
  MUST(size >= 0);
  if (size > 0) MUST(avs_memory_read(sink, size - 1, (uint8_t *)text, 1) == 0);
  uint32_t some = size < (double)sizeof(text) ? (uint32_t)size : sizeof(text);
  MUST(avs_memory_read(sink, 0, (uint8_t *)text, some) == 0);
  look_at(text, some);
  MUST(avs_memory_read(sink, size, (uint8_t *)text, 1) < 0);
  MUST(avs_memory_read(sink, -1, (uint8_t *)text, 1) < 0);
}

static void write_output(uint8_t work) {
  if (!open_output(world.sink)) return;
  if (flag(FLAG_RANGE)) cut();
  if (work & WORK_SPLIT && !split()) return;
  if (work & WORK_REMUX) remux_until(NAN);
  if (work & WORK_JOIN) join();
  if (work & WORK_PACKETS) read_packets(true);
  if (work & WORK_SEEK) operate(AVS_OP_FLUSH);
  operate(AVS_OP_TRAILER);
  if (world.sink && flag(FLAG_SINK_IS_MEMORY)) look_at_memory(world.sink);
}

/* ---------------------------------------------------------------------------------------- I/O contexts alone */

static double operate_io(uint32_t operation, double io, double a, double b) {
  double slot[AVS_SLOT_SIZE] = {0, io, a, b};
  run(operation, slot);
  return slot[0] < 0 ? slot[0] : slot[1];
}

static void use_directly(double io) {
  unsigned how = word(CONTROL_SEEK);
  operate_io(AVS_OP_IO_SIZE, io, 0, 0);
  operate_io(how & 1 ? AVS_OP_IO_READ : AVS_OP_IO_WRITE, io, 0, 0);
  operate_io(AVS_OP_IO_SEEK, io, how & 2 ? odd[how / 4 % ODD] : how, how / 64 % 4);
  operate_io(how & 1 ? AVS_OP_IO_READ : AVS_OP_IO_WRITE, io, 0, 0);
  operate_io(AVS_OP_IO_FLUSH, io, 0, 0);
}

/* ---------------------------------------------------------------------------------------- in any order */

/* An I/O context that may be valid, or is not. */
static double some_io(unsigned number) {
  const double handles[] = {world.source,        world.sink,        world.source, world.sink,
                              world.strange_source, world.strange_sink, world.opener, world.transformer,
                              0,                   world.session,     world.other,  world.source + (1 << 20), world.source + 0.5};
  enum { HANDLES = sizeof(handles) / sizeof(*handles) };
  return number < HANDLES ? handles[number] : world.devices[number % (unsigned)world.device_count].io;
}

static void look_everywhere(void) {
  enum { INDEX = AVS_INDEX_LENGTH * sizeof(double) };
  double numbers[ROWS * AVS_INDEX_LENGTH];
  for (int32_t stream = -1; stream < 3; stream++) {
    if (avs_route(world.session, stream, numbers) == 0) look_at(numbers, AVS_ROUTE_LENGTH * sizeof(*numbers));
    int32_t rows = avs_index(world.session, stream, 0, numbers, ROWS);
    look_at_some(numbers, rows < ROWS ? rows * INDEX : ROWS * INDEX, sizeof(numbers));
    (void)avs_can_hold(world.session, stream);
    int32_t cover = avs_cover(world.session, stream, (uint8_t *)text, sizeof(text));
    look_at_some(text, cover, sizeof(text));
    (void)avs_set_discard(world.session, stream, 0);
  }
  describe(AVS_INPUT);
  describe(AVS_OUTPUT);
  (void)avs_keep_times(world.session, world.control[CONTROL_FILTER] & 1);
  (void)avs_set_delay(world.session, 0, odd[world.control[CONTROL_FILTER] % ODD]);
}

/* Restores one I/O context from another, which mostly must be refused. */
static void hand_over(double from, double to) {
  static uint8_t bytes[1 << 16];
  double state[AVS_SAVED_LENGTH];
  int32_t size = avs_io_save(from, state, bytes, sizeof(bytes));
  if (size < 0 || size > (int32_t)sizeof(bytes)) return;
  look_at(state, sizeof(state));
  look_at(bytes, (size_t)size);
  MUST(state[AVS_SAVED_POSITION] >= 0 || world.lying);
  (void)avs_io_restore(to, state[AVS_SAVED_POSITION], bytes, (uint32_t)size);
}

static void take_step(unsigned what, unsigned with) {
  double row[AVS_ROW_LENGTH] = {with & 3, with, with, 1, 1, 0, 4, 0, 1, 1000};
  switch (what) {
  case 0: read_packets(with & 1); break;
  case 1: seek(); break;
  case 2: remux_until(with == 15 ? NAN : with / 4.0); break;
  case 3: operate(AVS_OP_TRAILER); break;
  case 4: operate(AVS_OP_CLOSE_INPUT); break;
  case 5: operate(AVS_OP_CLOSE_OUTPUT); break;
  case 6: (void)avs_io_close(some_io(with)); break;
  case 7: open_input(some_io(with)); break;
  case 8: open_output(some_io(with)); break;
  case 9: cut(); break;
  case 10: (void)avs_set_shift(world.session, odd[with % ODD], odd[(with + 3) % ODD]); break;
  case 11:
    if (with & 128) (void)avs_swap_routes(world.session, with & 3, with >> 2 & 3);
    else (void)avs_map_stream(world.session, with & 3, with >> 2);
    break;
  case 12:
    if (with & 8) use_directly(some_io(with & 7));
    else operate(with & 1 ? AVS_OP_WRITE : AVS_OP_FLUSH);
    break;
  case 13: *(with & 1 ? &world.source : &world.sink) = new_device(world.session, with & 1, 0); break;
  case 14:
    if (with & 8) (void)avs_put_packet(world.session, row, world.control, 4, world.control, with);
    else hand_over(some_io(with & 1 ? with : with + 8), some_io(with >> 1));
    break;
  default: look_everywhere();
  }
}

/* ---------------------------------------------------------------------------------------- one case */

static void new_devices(void) {
  world.source = new_device(world.session, true, 0);
  world.sink = new_device(world.session, false, 0);
  world.strange_source = new_device(world.other, true, 0);
  world.strange_sink = new_device(world.other, false, 0);
  if (!has_work(WORK_ASK)) return;
  world.opener = avs_io_new(world.session, AVS_IO_OPENER, 0, 1);
  world.transformer = avs_io_new(world.session, AVS_IO_TRANSFORMER, 0, 1);
}

static void work(void) {
  uint8_t work = world.control[CONTROL_WORK];
  if (has_extra(EXTRA_PLAIN)) use_directly(word(CONTROL_SEEK) & 1 ? world.source : world.sink);
  if (!open_input(world.source)) return;
  describe(AVS_INPUT);
  if (has_extra(EXTRA_MERGE)) open_second();
  if (flag(FLAG_DISCARD)) avs_set_discard(world.session, 0, 1);
  if (work & WORK_READ) read_packets(false);
  if (work & WORK_SEEK) {
    seek();
    read_packets(false);
    seek();
  }
  int writes = WORK_REMUX | WORK_PACKETS | WORK_JOIN | WORK_SPLIT;
  if (world.control[CONTROL_MUXER] && work & writes) write_output(work);
}

static void work_in_steps(void) {
  for (int i = 0; i < STEPS; i++) take_step(world.control[CONTROL_STEPS + i] & 15, world.control[CONTROL_STEPS + i] >> 4);
}

int LLVMFuzzerInitialize(int *argc, char ***argv) {
  (void)argc, (void)argv;
  load_names(AVS_INPUT, &demuxers);
  load_names(AVS_OUTPUT, &muxers);
  avs_client(own_client(), answer);
  return 0;
}

/* libFuzzer's own mutator would seldom change the few control bytes, and would mostly make files that no demuxer reads. */
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned seed) {
  if (size <= CONTROL || max <= CONTROL) return LLVMFuzzerMutate(data, size, max);
  for (int n = 0; n < 4 && seed % 4 == 0; n++, seed /= 4) data[seed / 4 % CONTROL] = (uint8_t)(seed / 64);
  if (seed % 8 == 1) return size;
  if (seed % 8 > 4) {
    size_t changed = change_structure(data + CONTROL, size - CONTROL, max - CONTROL, seed);
    if (changed) return CONTROL + changed;
  }
  return CONTROL + LLVMFuzzerMutate(data + CONTROL, size - CONTROL, max - CONTROL);
}

static void run_case(void) {
  world.session = avs_session_new(own_client());
  world.other = avs_session_new(own_client());
  MUST(world.session && world.other);
  new_devices();
  if (world.source && world.sink) work();
  if (world.source && world.sink && has_work(WORK_STEPS)) work_in_steps();
  look_everywhere();
  look_at_some(text, avs_warnings(world.session, text, sizeof(text)), sizeof(text));
  look_at_some(text, avs_refused_url(world.session, text, sizeof(text)), sizeof(text));
  MUST(avs_session_close(world.session) == 0);
  MUST(avs_session_close(world.session) < 0);
  MUST(avs_session_close(world.other) == 0);
}

/* Where an allocation fails, FFmpeg often leaks others, which is no finding. */
int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size) {
  if (size < CONTROL) return 0;
  memset(&world, 0, sizeof(world));
  world.control = input;
  find_files(input + CONTROL, size - CONTROL);
  bool may_leak = little_memory();
  if (may_leak) __lsan_disable();
  run_case();
  if (may_leak) __lsan_enable();
  return 0;
}
