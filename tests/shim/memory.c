/*
 * memory.c - fails each allocation of a run in turn: the run must report a lack of memory, or end as if nothing had happened;
 * an error that is lost on the way shows as another outcome. What is freed twice or never is found by AddressSanitizer
 * (scripts/shim_test.sh).
 *
 *   memory FIXTURES [MAX]      MAX: maximum of faults per run, spread over it; default: all
 *
 * With the system's libavformat only allocations fail that the shim makes itself, or by functions of libavutil and libavcodec
 * that it calls. With FFmpeg inside, whose allocator notes a lack of memory (shim/account.c), all of them do, and then also
 * with all that follow.
 */
#include <dlfcn.h>
#include <errno.h>
#include <execinfo.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/lsan_interface.h>
#else
#define __lsan_disable() ((void)0)
#define __lsan_enable() ((void)0)
#endif

#include "../../shim/avs.h"
#include "check.h"
#include "own_client.h"
#include "streams.h"

/* ---------------------------------------------------------------------------------------- allocations */

/* Not compiled with checks: it runs before AddressSanitizer has begun. */
#define UNCHECKED __attribute__((no_sanitize("address", "undefined")))

static struct {
  bool armed;         /* the library runs, on this thread */
  int count, fail_at; /* -1: none */
  bool and_on;        /* all that follow fail, too */
  bool looks;         /* note whose they are */
  uint8_t *own;       /* for each: whether the shim makes it */
  int own_capacity;
} allocations;

/* Whether the call comes from the shim, or from a function of libavutil or libavcodec that the shim has called. */
static bool is_own(void) {
  enum { DEPTH = 24 };
  void *frames[DEPTH];
  int depth = backtrace(frames, DEPTH);
  Dl_info info;
  for (int i = 0; i < depth; i++) {
    const char *name = dladdr(frames[i], &info) && info.dli_fname ? strrchr(info.dli_fname, '/') : NULL;
    if (name && !strncmp(name, "/libavio", 8)) return true;
    bool breaks = info.dli_sname && !strcmp(info.dli_sname, "av_bsf_list_parse_str"); /* bsf-list-token.patch */
    if (breaks || (name && !strncmp(name, "/libavformat", 12))) return false;
  }
  return false;
}

/* The first call loads a library, which the sanitizer would take for a leak. */
static void prepare_backtrace(void) {
  void *frame;
  __lsan_disable();
  backtrace(&frame, 1);
  __lsan_enable();
}

static void note_owner(int index) {
  if (index >= allocations.own_capacity) {
    allocations.own_capacity = index * 2 + 1024;
    allocations.own = realloc(allocations.own, (size_t)allocations.own_capacity);
    if (!allocations.own) abort();
  }
  allocations.own[index] = is_own();
}

UNCHECKED static bool fails(void) {
  if (!allocations.armed) return false;
  int index = allocations.count++;
  allocations.armed = false;
  if (allocations.looks) note_owner(index);
  allocations.armed = true;
  if (allocations.fail_at < 0 || index < allocations.fail_at) return false;
  return index == allocations.fail_at || allocations.and_on;
}

/* Before dlsym() has an answer, which it may allocate for. */
UNCHECKED static void *early(size_t size) {
  static _Alignas(16) char bytes[65536];
  static size_t used;
  void *block = bytes + used;
  used += (size + 15) & ~(size_t)15;
  return used <= sizeof(bytes) ? block : NULL;
}

static _Thread_local bool resolving;

typedef void *malloc_function(size_t size);
typedef void *calloc_function(size_t count, size_t size);
typedef void *realloc_function(void *block, size_t size);
typedef int memalign_function(void **block, size_t align, size_t size);
typedef void *aligned_function(size_t align, size_t size);

#define RESOLVE(name, type)                                       \
  static type *next;                                              \
  if (!next) {                                                    \
    resolving = true;                                             \
    next = (type *)dlsym(RTLD_NEXT, name);                        \
    resolving = false;                                            \
  }

UNCHECKED void *malloc(size_t size) {
  if (resolving) return early(size);
  RESOLVE("malloc", malloc_function)
  return fails() ? NULL : next(size);
}

UNCHECKED void *calloc(size_t count, size_t size) {
  if (resolving) return early(count * size);
  RESOLVE("calloc", calloc_function)
  return fails() ? NULL : next(count, size);
}

UNCHECKED void *realloc(void *block, size_t size) {
  RESOLVE("realloc", realloc_function)
  return fails() ? NULL : next(block, size);
}

UNCHECKED int posix_memalign(void **block, size_t align, size_t size) {
  RESOLVE("posix_memalign", memalign_function)
  return fails() ? ENOMEM : next(block, align, size);
}

UNCHECKED void *aligned_alloc(size_t align, size_t size) {
  RESOLVE("aligned_alloc", aligned_function)
  return fails() ? NULL : next(align, size);
}

/* Calls the library, with faults. */
#define LIBRARY(call)              \
  __extension__({                  \
    allocations.armed = true;      \
    __typeof__(call) got = (call); \
    allocations.armed = false;     \
    got;                           \
  })

/* ---------------------------------------------------------------------------------------- devices */

struct bytes {
  uint8_t *data;
  size_t size, capacity;
};

static void put(struct bytes *bytes, const void *data, size_t size) {
  if (bytes->size + size > bytes->capacity) {
    bytes->capacity = (bytes->size + size) * 2;
    bytes->data = realloc(bytes->data, bytes->capacity);
    if (!bytes->data) abort();
  }
  if (size) memcpy(bytes->data + bytes->size, data, size);
  bytes->size += size;
}

/* A file that a source, or what it names, is read from. */
struct file {
  const char *name;
  struct bytes bytes;
};

static struct file files[32];
static int file_count;
static const char *fixtures;

static void add_file(const char *name, const void *data, size_t size) {
  struct file *file = &files[file_count++];
  file->name = name;
  put(&file->bytes, data, size);
}

static void load(const char *name) {
  char path[4096];
  static uint8_t data[1 << 20];
  snprintf(path, sizeof(path), "%s/%s", fixtures, name);
  FILE *file = fopen(path, "rb");
  if (!file) {
    perror(path);
    exit(2);
  }
  add_file(name, data, fread(data, 1, sizeof(data), file));
  fclose(file);
}

static struct file *find_file(const char *name) {
  for (int i = 0; i < file_count; i++)
    if (!strcmp(files[i].name, name)) return &files[i];
  return NULL;
}

/* ---------------------------------------------------------------------------------------- one run */

static struct {
  double session, source, sink; /* the latter two are I/O contexts */
  struct file *file;            /* behind the source */
  size_t position;
  struct bytes outcome;
  double error; /* of the first call that has failed, or a lack of memory afterwards; 0: none */
} run;

static void note(const char *what, const void *data, size_t size) {
  put(&run.outcome, what, strlen(what) + 1);
  put(&run.outcome, data, size);
}

/* Notes the result of a call; whether the run goes on. */
static bool went(const char *what, double result) {
  char text[64];
  snprintf(text, sizeof(text), "%g\n", result);
  note(what, text, strlen(text));
  if (result < 0 && (!run.error || result == -ENOMEM)) run.error = result;
  return !run.error;
}

/* The same of a new handle, which is 0 if there is no memory. */
static bool got(const char *what, double handle) { return went(what, handle ? 0 : -ENOMEM); }

typedef int32_t text_function(double session, char *out, uint32_t capacity);

static bool note_text(const char *what, text_function *function) {
  static char text[1 << 20];
  int32_t size = LIBRARY(function(run.session, text, sizeof(text) - 1));
  if (!went(what, size < 0 ? size : 0)) return false;
  note(what, text, (size_t)size);
  return true;
}

static bool describe(uint32_t direction, char *json, size_t capacity) {
  int32_t size = LIBRARY(avs_describe(run.session, direction, json, (uint32_t)capacity - 1));
  if (!went("describe", size < 0 ? size : 0)) return false;
  note("described", json, (size_t)size);
  return true;
}

static bool operate(const char *what, uint32_t operation, double *slot, uint8_t *data, uint32_t size) {
  (void)LIBRARY((avs_run(run.session, operation, slot, data, size, NULL, 0), 0));
  bool good = went(what, slot[0]);
  double flags = slot[AVS_SLOT_FLAGS];
  went("flags", flags);
  if ((int)flags & AVS_FLAG_REFUSED) note_text("refused", avs_refused_url);
  if (slot[AVS_SLOT_UNUSED_BYTES]) note_text("unused", avs_unused_options);
  return good;
}

static bool set(uint32_t what, int index, const char *name, const char *value) {
  char text[1024];
  size_t name_size = strlen(name) + 1, value_size = strlen(value) + 1;
  memcpy(text, name, name_size);
  memcpy(text + name_size, value, value_size);
  return went(name, LIBRARY(avs_set(run.session, what, index, text, (uint32_t)(name_size + value_size))));
}

/* ---------------------------------------------------------------------------------------- requests */

enum { BUFFER = 4000 };

static void answer_read(double io, double wanted) {
  size_t left = run.file->bytes.size - run.position, size = wanted < (double)left ? (size_t)wanted : left;
  if (LIBRARY(avs_reply_read(io, run.file->bytes.data + run.position, (uint32_t)size)) >= 0) run.position += size;
}

static void answer_open(double opener, double size, int mode) {
  char url[4096] = "";
  if (size < sizeof(url)) avs_take_write(opener, (uint8_t *)url, (uint32_t)size);
  url[(size_t)size] = 0;
  note("opens", url, (size_t)size);
  const struct file *file = find_file(url);
  double io = -EPERM;
  if (mode == AVS_OPEN_CHECK || mode == AVS_OPEN_DELETE) io = 0;
  else if (mode == AVS_OPEN_WRITE) io = LIBRARY(avs_io_new(run.session, AVS_IO_MEMORY_OUTPUT, AVS_IO_WRITE | AVS_IO_SEEK, BUFFER));
  else if (file) io = LIBRARY(avs_io_new_copy(run.session, file->bytes.data, (uint32_t)file->bytes.size, BUFFER));
  else if (!strncmp(url, "missing", 7)) io = -ENOENT;
  if (io && file) LIBRARY(avs_io_locate(io, url, (uint32_t)size));
  bool opens = mode != AVS_OPEN_CHECK && mode != AVS_OPEN_DELETE;
  if (io || !opens) LIBRARY(avs_reply(opener, io));
  else got("opened", io); /* JavaScript throws */
}

static void note_memory(double io) {
  double size = avs_memory_size(io);
  uint8_t *bytes = size > 0 ? malloc((size_t)size) : NULL;
  if (bytes && avs_memory_read(io, 0, bytes, (uint32_t)size) >= 0) note("memory", bytes, (size_t)size);
  free(bytes);
}

static void answer(double session, double io, uint32_t kind, double a, double b, double c) {
  (void)session, (void)c;
  allocations.armed = false;
  if (kind == AVS_REQUEST_READ) answer_read(io, a);
  else if (kind == AVS_REQUEST_OPEN) answer_open(io, a, (int)b);
  else if (kind == AVS_REQUEST_CLOSE) note_memory(io), avs_reply(io, 0);
  else if (kind == AVS_REQUEST_SEEK && (int)b == 0x10000) avs_reply(io, (double)run.file->bytes.size);
  else if (kind == AVS_REQUEST_SEEK) avs_reply(io, (double)(run.position = (size_t)a));
  allocations.armed = true;
}

/* ---------------------------------------------------------------------------------------- parts of runs */

static bool begin(void) { return got("session", run.session = LIBRARY(avs_session_new(own_client()))); }

static bool open_source(const char *name, uint32_t flags) {
  run.file = find_file(name);
  run.position = 0;
  double slot[AVS_SLOT_SIZE] = {0};
  if (!got("source", slot[1] = run.source = LIBRARY(avs_io_new(run.session, AVS_IO_CALLBACKS, AVS_IO_READ | flags, BUFFER)))) return false;
  slot[2] = slot[3] = 1;
  static char json[1 << 20];
  return operate("open", AVS_OP_OPEN_INPUT, slot, NULL, 0) && describe(AVS_INPUT, json, sizeof(json));
}

static bool read_all(void) {
  static double rows[64 * AVS_ROW_LENGTH];
  static uint8_t data[4 << 20];
  for (;;) {
    double slot[AVS_SLOT_SIZE] = {0, 64, 100000}, bytes = 0;
    (void)LIBRARY((avs_run(run.session, AVS_OP_READ, slot, NULL, 0, NULL, 0), 0));
    int ready = LIBRARY(avs_ready_packets(run.session, &bytes));
    int taken = LIBRARY(avs_take_packets(run.session, rows, 64, data, sizeof(data)));
    CHECK(ready == taken, "%d packets ready, %d taken", ready, taken);
    for (int i = 0; i < taken; i++) note("row", &rows[i * AVS_ROW_LENGTH], AVS_ROW_LENGTH * sizeof(double));
    note("data", data, (size_t)bytes);
    enum { END = -('E' | 'O' << 8 | 'F' << 16 | ' ' << 24) };
    if (slot[0] == END) return true;
    if (!went("read", slot[0])) return went("flags", slot[AVS_SLOT_FLAGS]);
  }
}

static bool seek(double target) {
  double slot[AVS_SLOT_SIZE] = {0, -1, target, -INFINITY, target, 1};
  return operate("seek", AVS_OP_SEEK, slot, NULL, 0);
}

static bool note_warnings(void) { return note_text("warnings", avs_warnings); }

/* Opens an output like the input, with every second of its streams left out if `half`. */
static bool open_output(const char *format, bool holds) {
  double slot[AVS_SLOT_SIZE] = {0};
  static char json[1 << 20], text[1 << 16];
  if (!set(AVS_SET_OUTPUT, 0, "format", format) || !operate("open output", AVS_OP_OPEN_OUTPUT, slot, NULL, 0)) return false;
  if (!describe(AVS_INPUT, json, sizeof(json))) return false;
  const uint8_t *bytes = described_bytes(json);
  uint8_t wanted[64] = {0};
  int added = 0, index = 0;
  for (char *at = NULL; (at = next_stream(json, at)); index++) {
    int can = holds ? LIBRARY(avs_can_hold(run.session, index)) : 1;
    if (!went("can hold", can)) return false;
    if (!can) {
      (void)next_extradata(at, &bytes);
      continue;
    }
    int stream = LIBRARY(avs_add_stream(run.session, text, (uint32_t)fields_of_stream(at, text, sizeof(text))));
    if (!went("stream", stream) || !went("extradata", LIBRARY(set_extradata(run.session, stream, at, &bytes)))) return false;
    if (!went("map", LIBRARY(avs_map_stream(run.session, index, stream)))) return false;
    wanted[index] = 1;
    added++;
  }
  return added && (!holds || went("hold all", LIBRARY(avs_can_hold_all(run.session, wanted, (uint32_t)index))));
}

static bool write_header(uint32_t kind) {
  double slot[AVS_SLOT_SIZE] = {0};
  if (kind == AVS_IO_MEMORY_OUTPUT) {
    run.sink = LIBRARY(avs_io_new(run.session, kind, AVS_IO_WRITE | AVS_IO_SEEK, BUFFER));
    if (!got("sink", run.sink)) return false;
  }
  slot[1] = run.sink;
  if (!set(AVS_SET_OPTIONS, 0, "fflags", "+bitexact")) return false; /* without random numbers */
  return operate("header", AVS_OP_HEADER, slot, NULL, 0) && !slot[AVS_SLOT_UNUSED_BYTES];
}

static bool remux_rest(void) {
  double slot[AVS_SLOT_SIZE] = {0, INFINITY, 0, NAN, 1};
  bool good = operate("remux", AVS_OP_REMUX, slot, NULL, 0) && went("state", slot[1]) && went("packets", slot[2]);
  good = good && operate("trailer", AVS_OP_TRAILER, slot, NULL, 0);
  if (good && run.sink) note_memory(run.sink);
  return good && note_warnings();
}

/* ---------------------------------------------------------------------------------------- runs */

static const char *name; /* of the file of a run */
static const char *format;

static void demux(void) {
  if (begin() && open_source(name, AVS_IO_SEEK) && read_all() && seek(1) && read_all() && seek(0)) read_all();
  if (run.session) note_warnings();
}

/* A source that can't seek, whose end may be needed first. */
static void stream(void) {
  if (begin() && open_source(name, 0)) read_all();
  if (run.session) note_warnings();
}

static void remux(void) {
  if (begin() && open_source(name, AVS_IO_SEEK) && open_output(format, false) && write_header(AVS_IO_MEMORY_OUTPUT)) remux_rest();
}

/* Everything that is set for an output. */
static void rewrite(void) {
  bool good = begin() && open_source(name, AVS_IO_SEEK) && set(AVS_SET_OUTPUT, 0, "url", "out.file") && open_output(format, true) &&
              set(AVS_SET_METADATA, 0, "title", "a title") && set(AVS_SET_STREAM_METADATA, 0, "language", "deu") &&
              went("chapter", LIBRARY(avs_add_chapter(run.session, 1, 0, 1))) &&
              set(AVS_SET_CHAPTER_METADATA, 0, "title", "a chapter") && set(AVS_SET_STREAM, 0, "disposition", "default") &&
              write_header(AVS_IO_MEMORY_OUTPUT);
  if (good) remux_rest();
}

static void unknown_option(void) {
  if (begin() && open_source("video.mp4", AVS_IO_SEEK) && open_output("mp4", false) &&
      set(AVS_SET_OPTIONS, 0, "no_such_option", "1"))
    write_header(AVS_IO_MEMORY_OUTPUT);
}

static void unknown_input_option(void) {
  if (begin() && set(AVS_SET_OPTIONS, 0, "no_such_option", "1")) open_source("video.mp4", AVS_IO_SEEK);
}

static bool add_opener(void) { return got("opener", LIBRARY(avs_io_new(run.session, AVS_IO_OPENER, 0, 1))); }

static void playlist(void) {
  if (begin() && add_opener() && set(AVS_SET_INPUT, 0, "url", name) && open_source(name, AVS_IO_SEEK)) read_all();
  if (run.session) note_warnings();
}

static void write_playlist(void) {
  if (begin() && add_opener() && open_source("video.mp4", AVS_IO_SEEK) && set(AVS_SET_OUTPUT, 0, "url", "i.m3u8") &&
      open_output("hls", false) && set(AVS_SET_OPTIONS, 0, "hls_time", "0.5") &&
      set(AVS_SET_OPTIONS, 0, "hls_segment_type", name) && write_header(AVS_IO_OPENER))
    remux_rest();
}

/*
 * An output of several files, or by a muxer with parts of its own. The URL "o" is one file; options are names and values, each
 * ended by a NUL.
 */
static const struct output {
  const char *name, *format, *url, *options;
} *output;

static bool set_all(const char *options) {
  for (const char *value; *options; options = value + strlen(value) + 1) {
    value = options + strlen(options) + 1;
    if (!set(AVS_SET_OPTIONS, 0, options, value)) return false;
  }
  return true;
}

static void write_files(void) {
  if (begin() && add_opener() && open_source(output->name, AVS_IO_SEEK) && set(AVS_SET_OUTPUT, 0, "url", output->url) &&
      open_output(output->format, true) && set_all(output->options) &&
      write_header(strcmp(output->url, "o") ? AVS_IO_OPENER : AVS_IO_MEMORY_OUTPUT))
    remux_rest();
}

/* Packets one by one, with side data and a bitstream filter. */
static void mux(void) {
  static const uint8_t adts[] = {0xff, 0xf1, 0x50, 0x80, 0x02, 0x1f, 0xfc, 0, 1, 2, 3, 4, 5, 6, 7, 8};
  static const char aac[] = "type\0audio\0codec\0aac\0sampleRate\00044100\0channels\0002";
  static const uint8_t side[] = "Skip Samples\0\12\0\0\0\0\0\0\0\0\0\0\0\0\0";
  double slot[AVS_SLOT_SIZE] = {0};
  bool good = begin() && set(AVS_SET_OUTPUT, 0, "format", format) && operate("open output", AVS_OP_OPEN_OUTPUT, slot, NULL, 0) &&
              went("stream", LIBRARY(avs_add_stream(run.session, aac, sizeof(aac)))) &&
              went("learn", LIBRARY(avs_learn_stream(run.session, 0, adts, sizeof(adts)))) && write_header(AVS_IO_MEMORY_OUTPUT);
  for (int i = 0; i < 80 && good; i++) {
    double row[AVS_ROW_LENGTH] = {0, i * 1024, i * 1024, 1024, 1, 0, sizeof(adts), sizeof(side) - 1, 1, 44100};
    good = went("put", LIBRARY(avs_put_packet(run.session, row, adts, sizeof(adts), side, sizeof(side) - 1))) &&
           (i % 40 || operate("write", AVS_OP_WRITE, slot, NULL, 0));
  }
  if (good && operate("write", AVS_OP_WRITE, slot, NULL, 0) && operate("flush", AVS_OP_FLUSH, slot, NULL, 0) &&
      operate("trailer", AVS_OP_TRAILER, slot, NULL, 0))
    note_memory(run.sink);
}

static void merge(void) {
  bool good = begin() && went("input", LIBRARY(avs_select_input(run.session, 0))) && open_source("audio.mp3", AVS_IO_SEEK) &&
              open_output("matroska", false) && went("input", LIBRARY(avs_select_input(run.session, 1)));
  double slot[AVS_SLOT_SIZE] = {0, 0, 1};
  const struct file *file = find_file("audio.ogg");
  good = good && got("source", slot[1] = LIBRARY(avs_io_new_copy(run.session, file->bytes.data, (uint32_t)file->bytes.size, BUFFER))) &&
         operate("open", AVS_OP_OPEN_INPUT, slot, NULL, 0);
  static char json[1 << 20], text[1 << 16];
  if (!good || !describe(AVS_INPUT, json, sizeof(json))) return;
  int added = LIBRARY(avs_add_stream(run.session, text, (uint32_t)fields_of_stream(next_stream(json, NULL), text, sizeof(text))));
  const uint8_t *bytes = described_bytes(json);
  if (went("stream", added) && went("extradata", LIBRARY(set_extradata(run.session, added, next_stream(json, NULL), &bytes))) && went("map", LIBRARY(avs_map_stream(run.session, 0, added))) && write_header(AVS_IO_MEMORY_OUTPUT))
    remux_rest();
}

static void plain_io(void) {
  uint8_t bytes[5000] = {0};
  double slot[AVS_SLOT_SIZE] = {0};
  if (!begin() || !got("sink", run.sink = LIBRARY(avs_io_new(run.session, AVS_IO_MEMORY_OUTPUT, AVS_IO_WRITE | AVS_IO_SEEK, BUFFER)))) return;
  slot[1] = run.sink;
  if (!operate("write", AVS_OP_IO_WRITE, slot, bytes, sizeof(bytes))) return;
  slot[1] = run.sink;
  if (operate("flush", AVS_OP_IO_FLUSH, slot, NULL, 0)) note_memory(run.sink);
}

static int32_t input_formats(double session, char *out, uint32_t capacity) { return (void)session, avs_formats(AVS_INPUT, out, capacity); }
static int32_t codecs(double session, char *out, uint32_t capacity) { return (void)session, avs_codecs(out, capacity); }
static int32_t info(double session, char *out, uint32_t capacity) { return (void)session, avs_library_info(out, capacity); }
static int32_t fields(double session, char *out, uint32_t capacity) { return (void)session, avs_stream_fields(out, capacity); }
static int32_t options(double session, char *out, uint32_t capacity) {
  return (void)session, avs_format_options(AVS_OUTPUT, "mp4", 3, out, capacity);
}

static void catalog(void) {
  if (note_text("formats", input_formats) && note_text("codecs", codecs) && note_text("info", info) && note_text("fields", fields))
    note_text("options", options);
}

/* ---------------------------------------------------------------------------------------- faults */

static void go(void (*scenario)(void), int fail_at, bool and_on) {
  memset(&run, 0, sizeof(run));
  allocations.count = 0;
  allocations.fail_at = fail_at;
  allocations.and_on = and_on;
  scenario();
  if (run.session) CHECK(LIBRARY(avs_session_close(run.session)) == 0, "close");
}

static bool is_same(const struct bytes *one, const struct bytes *other) {
  return one->size == other->size && !memcmp(one->data, other->data, one->size);
}

static bool is_whole_library; /* FFmpeg is in it */

/* What differs, for the message. */
static const char *difference(const struct bytes *clean, const struct bytes *bytes) {
  size_t at = 0, start = 0;
  while (at < clean->size && at < bytes->size && clean->data[at] == bytes->data[at]) at++;
  for (start = at > 60 ? at - 60 : 0; start < at && !clean->data[start]; start++) continue;
  static char text[200];
  size_t length = 0;
  for (size_t i = start; i < bytes->size && length < sizeof(text) - 1 && i < at + 60; i++)
    text[length++] = bytes->data[i] >= 0x20 && bytes->data[i] < 0x7f ? (char)bytes->data[i] : '.';
  text[length] = 0;
  return text;
}

static void test(const char *what, void (*scenario)(void), int max) {
  go(scenario, -1, false); /* what is made once */
  free(run.outcome.data);
  allocations.looks = true;
  go(scenario, -1, false);
  allocations.looks = false;
  struct bytes clean = run.outcome;
  int count = allocations.count, faults = 0, errors = 0, step = max > 0 && count > max ? (count + max - 1) / max : 1;
  for (int at = 0; at < count; at++) {
    if (is_whole_library ? at % step : !allocations.own[at]) continue;
    for (int and_on = 0; and_on < (is_whole_library ? 2 : 1); and_on++) {
      alarm(60);
      if (getenv("VERBOSE")) fprintf(stderr, "%s %s %s %d %d\n", what, name, format, at, and_on);
      go(scenario, at, and_on);
      bool same = is_same(&clean, &run.outcome), shows_clock = !strcmp(format, "dash");
      CHECK(same || shows_clock || run.error == -ENOMEM, "%s %s %s: allocation %d of %d fails%s: %g: %s", what, name, format, at, count,
            and_on ? ", and all that follow" : "", run.error, difference(&clean, &run.outcome));
      errors += !same;
      faults++;
      free(run.outcome.data);
    }
  }
  alarm(0);
  free(clean.data);
  printf("%s %s %s: %d allocations, %d faults, %d errors\n", what, name, format, count, faults, errors);
  fflush(stdout);
}

static void test_files(const char *what, void (*scenario)(void), const char *const *names, int max) {
  for (; *names; names++) name = *names, test(what, scenario, max);
  name = "";
}

/* ---------------------------------------------------------------------------------------- files */

/* One grey picture of H.265. */
static const uint8_t hevc[] = {
    0, 0, 0, 1, 0x40, 0x01, 0x0c, 0x01, 0xff, 0xff, 0x04, 0x08, 0, 0, 3, 0, 0x9f, 0xa8, 0, 0, 3, 0, 0, 0x1e, 0xba, 0x02, 0x40,
    0, 0, 0, 1, 0x42, 0x01, 0x01, 0x04, 0x08, 0, 0, 3, 0, 0x9f, 0xa8, 0, 0, 3, 0, 0, 0x1e, 0xa0, 0x20, 0x83, 0x16, 0x5b, 0xab,
    0x93, 0x2b, 0xc0, 0x5a, 0x02, 0, 0, 3, 0, 2, 0, 0, 3, 0, 0x14, 0x10, 0, 0, 0, 1, 0x44, 0x01, 0xc1, 0x73, 0xc0, 0x89,
    0, 0, 1, 0x28, 0x01, 0xaf, 0x78, 0xf8, 0x5d, 0xf7, 0xfc, 0xfa, 0xfb, 0x35, 0x66, 0x76, 0xbc};

#define PLAYLIST "#EXTM3U\n#EXT-X-TARGETDURATION:3\n"
#define SEGMENT "#EXTINF:3,\n"

/* A segment, one that is missing, one inside the playlist. */
static const char parts[] = PLAYLIST SEGMENT "video.ts\n" SEGMENT "missing.ts\n" SEGMENT "data:text/plain;base64,AAAA\n#EXT-X-ENDLIST\n";
static const char refused[] = PLAYLIST SEGMENT "video.ts\n" SEGMENT "refused.ts\n#EXT-X-ENDLIST\n";
static const char encrypted[] = PLAYLIST "#EXT-X-KEY:METHOD=AES-128,URI=\"key\"\n" SEGMENT "video.ts\n#EXT-X-ENDLIST\n";

/* Its parts are opened through FFmpeg's own protocol, and closed again. */
static const char script[] = "ffconcat version 1.0\nfile video.mp4\nfile audio.mp3\n";
static const char manifest[] =
    "<MPD xmlns=\"urn:mpeg:dash:schema:mpd:2011\" profiles=\"urn:mpeg:dash:profile:isoff-live:2011\" type=\"static\" "
    "mediaPresentationDuration=\"PT1S\"><BaseURL>./</BaseURL><Period duration=\"PT1S\"><AdaptationSet mimeType=\"video/mp4\">"
    "<Representation id=\"1\" bandwidth=\"1000\" codecs=\"avc1\" dependencyId=\"0\"><BaseURL>fragmented.mp4</BaseURL>"
    "<SegmentBase indexRange=\"0-99\"/></Representation></AdaptationSet></Period></MPD>";

static void make_files(void) {
  static const char *const names[] = {"video.mp4", "video.mkv", "video.ts",  "video.avi", "cover.mp3", "audio.mp3",
                                      "audio.ogg", "audio.wav", "cut.mp4", "subtitles.mkv", "image.png", "fragmented.mp4", "audio.flac", NULL};
  for (int i = 0; names[i]; i++) load(names[i]);
  add_file("picture.hevc", hevc, sizeof(hevc));
  add_file("parts.m3u8", parts, sizeof(parts) - 1);
  add_file("refused.m3u8", refused, sizeof(refused) - 1);
  add_file("encrypted.m3u8", encrypted, sizeof(encrypted) - 1);
  add_file("key", "0123456789abcdef", 16);
  add_file("list.ffconcat", script, sizeof(script) - 1);
  add_file("list.mpd", manifest, sizeof(manifest) - 1);
  struct file damaged = {0}, *source = find_file("video.ts");
  put(&damaged.bytes, source->bytes.data, source->bytes.size);
  memset(damaged.bytes.data + damaged.bytes.size / 2, 0x55, 3000);
  add_file("damaged.ts", damaged.bytes.data, damaged.bytes.size * 3 / 4 + 50);
  free(damaged.bytes.data);
}

/* H.265 whose pixel format only its decoder can say. */
static void make_hevc(void) {
  name = "picture.hevc", format = "matroska";
  memset(&run, 0, sizeof(run));
  allocations.fail_at = -1;
  remux();
  double size = avs_memory_size(run.sink);
  uint8_t *bytes = malloc((size_t)size);
  avs_memory_read(run.sink, 0, bytes, (uint32_t)size);
  add_file("hevc.mkv", bytes, (size_t)size);
  free(bytes);
  avs_session_close(run.session);
  free(run.outcome.data);
  name = format = "";
}

int main(int argc, char **argv) {
  static const char *const read[] = {"video.mp4", "video.ts", "video.avi", "cover.mp3", "hevc.mkv", "damaged.ts", "cut.mp4", NULL};
  static const char *const streamed[] = {"cover.mp3", "audio.wav", "video.ts", "video.mkv", "fragmented.mp4", NULL};
  static const char *const playlists[] = {"parts.m3u8", "refused.m3u8", "encrypted.m3u8", NULL};
  static const char *const segments[] = {"mpegts", "fmp4", NULL};
  static const char *const nested[] = {"list.ffconcat", "list.mpd", NULL};
  static const char *const sounds[] = {"audio.flac", "audio.ogg", NULL};
#define KEY "0123456789abcdef0123456789abcdef"
  static const struct output outputs[] = {
      {"cover.mp3", "segment", "o%d.ts", "segment_time\0" "0.5\0segment_list\0l.ffconcat\0segment_list_size\0" "9\0"},
      {"cover.mp3", "segment", "o%d.mkv", "segment_time\0" "0.5\0segment_list\0l.csv\0"},
      {"video.mp4", "dash", "i.mpd", "seg_duration\0" "0.5\0streaming\0" "1\0"},
      {"subtitles.mkv", "hls", "i.m3u8", "hls_time\0" "0.5\0hls_segment_type\0" "fmp4\0master_pl_name\0m.m3u8\0"},
      {"cover.mp3", "ismv", "o", ""},
      {"video.mp4", "mov", "o", "movflags\0rtphint\0"},
      {"video.mp4", "mp4", "o", "encryption_scheme\0" "cenc-aes-ctr\0encryption_key\0" KEY "\0encryption_kid\0" KEY "\0"},
  };
  static const char *const formats[] = {"mp4", "matroska", "mpegts", "avi", "ogg", "mxf", NULL};
  if (argc < 2) return 2;
  int max = argc > 2 ? atoi(argv[2]) : 0;
  fixtures = argv[1];
  name = format = "";
  avs_client(own_client(), answer);
  prepare_backtrace();
  Dl_info info;
  is_whole_library = dladdr((void *)avs_client, &info) && !dlsym(RTLD_DEFAULT, "avformat_version");
  make_files();
  make_hevc();
  test("catalog", catalog, max);
  test("plain I/O", plain_io, max);
  test("unknown option", unknown_option, max);
  test("unknown input option", unknown_input_option, max);
  test("merge", merge, max);
  test_files("demux", demux, read, max);
  test_files("stream", stream, streamed, max);
  test_files("playlist", playlist, playlists, max);
#ifdef __SANITIZE_ADDRESS__
  if (is_whole_library) /* without hls-abandoned.patch, a header that fails leaks */
#endif
    test_files("write playlist", write_playlist, segments, max);
  if (is_whole_library) { /* FFmpeg's own defects, each at one allocation or a few */
    test_files("demux", demux, sounds, max * 8);
    test_files("nested", playlist, nested, max * 8);
    for (size_t i = 0; i < sizeof(outputs) / sizeof(*outputs); i++)
      output = &outputs[i], name = output->url, format = output->format, test("write files", write_files, max * 8);
    name = "";
  }
  for (int i = 0; formats[i]; i++) format = formats[i], name = "video.mp4", test("rewrite", rewrite, max);
  format = "matroska", name = "cover.mp3", test("remux", remux, max);
  name = "";
  format = "mp4", test("mux", mux, max);
  format = "matroska", test("mux", mux, max);
  for (int i = 0; i < file_count; i++) free(files[i].bytes.data);
  free(allocations.own);
  printf("%d failures\n", failures);
  return failures ? 1 : 0;
}
