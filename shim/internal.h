/*
 * internal.h - what the shim's own files share: the isolate, sessions, I/O contexts, requests. Nothing here
 * is visible outside the library; its interface is avs.h.
 */
#ifndef AVS_INTERNAL_H
#define AVS_INTERNAL_H

#include <math.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdatomic.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>

#include "avs.h"
#include "compat.h"

/* ---------------------------------------------------------------------------------------- text (text.c) */

/* Text that grows. `failed` once memory ran out; what is appended after that is dropped. */
struct text {
  char *data;
  size_t size, capacity;
  bool failed;
};

void text_append(struct text *text, const char *data, size_t size);
void text_format(struct text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));
void text_free(struct text *text);
/* Copies out as avs.h promises, and frees. */
int32_t text_deliver(struct text *text, char *out, size_t capacity);

/* JSON: json_key() writes the comma that is due and the name; values follow it. */
void json_string(struct text *text, const char *value);
void json_key(struct text *text, const char *name);
void json_item(struct text *text);
void json_number(struct text *text, double value);
void json_base64(struct text *text, const uint8_t *data, size_t size);

/* ---------------------------------------------------------------------------- handles (handles.c) */

enum kind { KIND_SESSION = 1, KIND_IO };

/* First member of everything that has a handle. */
struct object {
  enum kind kind;
  double handle;
};

/* Gives `object` a handle in this isolate's table. */
bool handle_new(struct object *object, enum kind kind);
void handle_free(struct object *object);
struct session *find_session(double handle);
struct io *find_io(double handle);

/* ---------------------------------------------------------------------------- isolates (isolate.c) */

struct slot {
  struct object *object;
  uint32_t generation;
  uint32_t next_free;
};

enum { NO_SLOT = UINT32_MAX };

struct event {
  double values[AVS_EVENT_LENGTH];
};

/* A thread that JavaScript runs on. What is below `lock` belongs to whoever holds it. */
struct isolate {
  uint32_t id;
  struct slot *slots;
  uint32_t slot_count, slot_capacity;
  uint32_t first_free, last_free; /* slots that are free, in the order in which they became so */
  avs_callback callback;

  pthread_mutex_t lock;
  pthread_cond_t arrived;
  struct event *events;
  atomic_size_t event_count;
  size_t event_capacity, events_reserved; /* of those, for the ends of operations that run */
  bool nudged; /* whoever waits for events is to stop waiting */
  int references; /* the thread's, its sessions', and of those who wait for events */
  bool dead;      /* the thread has ended: nobody will answer */
};

/* This thread's; NULL without memory. */
struct isolate *this_isolate(void);
void isolate_ref(struct isolate *isolate);
void isolate_unref(struct isolate *isolate);
/* Busy for some microseconds, until `arrived` says so: to sleep and to be woken takes longer than most answers. */
void spin(bool (*arrived)(const void *), const void *opaque);
/* With the lock held. An event that finds no memory is lost, and false. */
bool isolate_push(struct isolate *isolate, struct event event);
/* Sets room aside for one event that must not be lost: isolate_push_reserved() uses it, isolate_release() gives it back. */
bool isolate_reserve(struct isolate *isolate);
void isolate_push_reserved(struct isolate *isolate, struct event event);
void isolate_release(struct isolate *isolate);

/* ---------------------------------------------------------------------------- requests (request.c) */

struct request {
  uint32_t kind; /* 0: none open */
  atomic_bool answered;
  uint8_t *read_into;
  const uint8_t *written;
  int64_t size;
  int64_t time; /* of a write, AV_TIME_BASE units */
  int whence;   /* of a seek */
  bool taken;   /* JavaScript has the bytes of this write */
  int64_t result;
};

/* Asks JavaScript and waits for its answer. Once an answer was an error, all later ones are that error. */
int64_t request(struct io *io, struct request request, double a, double b, double c);
/* The first failure is kept: of an answer, or of memory. */
void session_fail(struct session *session, int64_t error);

/* ---------------------------------------------------------------------------- writing behind (write_behind.c) */

/* What was written and not taken yet. All of it belongs to whoever holds the isolate's lock. */
struct write_behind {
  struct piece *first, *last; /* the first one is the I/O context's open request */
  struct piece *spare;
  size_t bytes, count;
};

/* On the session's own thread: leaves a write to be taken, and goes on where there is room. As request(). */
int64_t write_behind(struct io *io, const uint8_t *data, size_t size, int marker, int64_t time);
/* With the lock held: the first piece was answered. */
void write_behind_answered(struct io *io);
/* On the session's own thread: waits until all is taken. */
void write_behind_drain(struct io *io);
/* With the lock held: what was not taken, into `out` where that is not NULL; how many bytes. */
size_t write_behind_copy(const struct io *io, uint8_t *out);
void write_behind_free(struct io *io);

/* ---------------------------------------------------------------------------- reading ahead (read_ahead.c) */

/* What a source gave beyond what it was asked for. It belongs to whoever holds the isolate's lock. */
struct ahead {
  uint8_t *data;
  size_t start, size, capacity;
};

size_t ahead_left(const struct ahead *ahead);
bool ahead_keep(struct ahead *ahead, const uint8_t *data, size_t size);
/* At most `size` bytes; 0 where there are none. */
size_t ahead_take(struct ahead *ahead, uint8_t *out, size_t size);
/* Moves by `distance`, where that is inside. */
bool ahead_move(struct ahead *ahead, int64_t distance);
void ahead_forget(struct ahead *ahead);

/* ---------------------------------------------------------------------------- memory outputs (memory.c) */

struct memory {
  uint8_t **chunks;
  size_t chunk_count, first_capacity, size;
};

void memory_free(struct memory *memory);
/* False without memory. */
bool memory_store(struct memory *memory, size_t position, const uint8_t *data, size_t size);
/* At most `size` bytes from `position` on; how many. */
size_t memory_fetch(const struct memory *memory, size_t position, uint8_t *out, size_t size);

/* ---------------------------------------------------------------------------- I/O contexts (io.c) */

struct io {
  struct object object;
  bool nested; /* opened by libavformat, by way of JavaScript */
  char *url;               /* of a memory output that is nested */
  const struct io *copied; /* by a stand-in */
  struct decipher *decipher;
  struct io *next; /* in its session */
  struct session *session;
  AVIOContext *context;
  uint32_t kind, flags;
  struct request request;
  struct ahead ahead;
  struct write_behind behind;
  int64_t position; /* of what is read or written next */
  int64_t device;   /* of what the device is asked for next, or gets next; under the lock */
  int64_t base;     /* where libavformat's position 0 is */
  int64_t transferred; /* bytes read */
  int64_t end;         /* of what was written */
  struct memory memory; /* of a memory output */
};

void io_free(struct io *io);
/* Takes it from its session's list. */
void unlink_io(struct io *io);
/* Without JavaScript: reads what a memory output has been given so far; nothing where it is NULL. NULL without memory. */
struct io *io_stand_in(struct session *session, const struct io *output);
/* Forgets with it what is written. */
struct io *io_discard(struct session *session);
/* What its AVIOContext calls, but for the cipher. */
int io_read(struct io *io, uint8_t *buffer, int size);
int64_t io_seek(struct io *io, int64_t offset, int whence);
/* Makes `base`, a position of the device, position 0. */
void io_rebase(struct io *io, int64_t base);
int io_op_read(struct session *session, double *slot, uint8_t *data, size_t size);
int io_op_write(struct session *session, double *slot, uint8_t *data, size_t size);
int io_op_seek(struct session *session, double *slot, uint8_t *data, size_t size);
int io_op_size(struct session *session, double *slot, uint8_t *data, size_t size);
int io_op_flush(struct session *session, double *slot, uint8_t *data, size_t size);
/* The I/O context in slot[1], where it is one of this session. */
struct io *io_of_slot(struct session *session, const double *slot);
/* Opening an input has read, or asked for, what is allowed to that; from then on nothing is read. */
bool opening_exceeds(struct session *session, int64_t bytes, int opens);

/* ---------------------------------------------------------------------------- nested I/O (nested.c, decipher.c) */

/* What libavformat's names of outputs begin with, so that no muxer takes them for files of the machine's. */
#define AVIO_PREFIX "avio:/"

int nested_io_open(AVFormatContext *context, AVIOContext **pb, const char *url, int flags, AVDictionary **options);
int nested_io_close(AVFormatContext *context, AVIOContext *pb);
int close_nested(struct io *io);

/* NULL without memory, or where key or vector are none: 32 hexadecimal digits each. */
struct decipher *decipher_new(const char *key, const char *vector);
int decipher_read(struct decipher *decipher, struct io *io, uint8_t *out, int size);
void decipher_free(struct decipher *decipher);

/* ---------------------------------------------------------------------------- containment (contain.c) */

#ifndef AVS_BUILD
#define AVS_BUILD "system"
#endif
/* Its protocols are ours. */
#define EMBEDDED (AVS_BUILD[0] == 'e')

/* What a format context gets so that it opens nothing by itself. */
void contain(struct session *session, AVFormatContext *context);
/* Below zero where the format has ways around it. */
int contain_input_format(struct session *session, const AVInputFormat *format);
int contain_output_format(struct session *session, const AVOutputFormat *format);

struct added_options {
  const char *names[8];
  int count;
};

/* Sets what options must be in session->options; below zero where the caller's are others. */
int contain_input_options(struct session *session, bool is_sequence, struct added_options *added);
int contain_output_options(struct session *session, const AVOutputFormat *format);
/* Those that the format did not want. */
void drop_added_options(struct session *session, const struct added_options *added);

/* ---------------------------------------------------------------------------- sessions (session.c) */

/* A queue of packets: a ring that grows. */
struct packets {
  AVPacket **ring;
  size_t capacity, first, count;
};

/* Packets that were read ahead, laid out as they cross. */
struct batch {
  double *rows;
  size_t count, row_capacity;
  uint8_t *bytes;
  size_t size, capacity;
};

/* What the session's own thread adds to while JavaScript takes. */
struct batches {
  pthread_mutex_t lock;
  struct batch ready;
  struct batch taken; /* what avs_take_packets() is about to copy; the isolate's thread's */
  bool wanted;        /* JavaScript waits for packets */
  atomic_bool full;   /* the session's thread waits for JavaScript to take some */
  atomic_bool stopping;
};

/* What streams are to be discarded, for whichever thread reads. */
struct discards {
  atomic_bool changed;
  uint8_t *wanted; /* by stream: 0 no matter, else 1 + whether it is discarded; under the lock of the batches */
  size_t count;
};

/* How far a stream has been given out, for whoever must get back there. Times are its own. */
struct place {
  bool given, passed;       /* there was a packet; going back has come to what was not given out yet */
  int64_t first, time, end; /* dts, else pts: of the first packet and the last; where that one ends */
  int64_t pos;              /* byte of the last one */
};

/* A seek as avformat_seek_file() takes it; by bytes, `target` alone counts. */
struct seek {
  int stream, flags;
  int64_t min, target, max;
};

struct places {
  struct place *list;
  unsigned count;
  struct seek origin; /* where reading began: a seek back to it brings again what was given out, from the first packet on */
  bool has_origin;    /* else it is the beginning */
  bool going_back;    /* packets that were given out already are passed over */
  bool from_origin;   /* from where reading began */
  int anchor;         /* the last packet of this stream must come again. -1: none must */
  bool lost;          /* the way back was not found */
};

/* What the packets of a stream of the output go through; its times are in the output's time base. */
struct filter {
  struct AVBSFContext *context; /* NULL: none */
  bool begun;       /* there has been a packet */
  int64_t last_dts; /* of what the muxer has had */
  int64_t next;     /* when the packet after the last one is due, where that is known */
};

struct filters {
  struct filter *list;
  unsigned count;
};

struct session {
  struct object object;
  jmp_buf escape; /* out of an operation that libavformat gives up (sealed.c) */
  struct isolate *isolate;
  struct io *ios;
  struct io *opener;      /* one of them; NULL: nothing is opened */
  struct io *transformer; /* the same; NULL: packets go on as they are */
  int nested_open;
  bool discarding; /* what is opened now is of no use to anyone */
  uint32_t acting; /* AVS_INPUT or AVS_OUTPUT: for whom libavformat is at work */
  bool output_refused; /* some muxers go on without what they could not open */
  int64_t read_before, written_before; /* by nested ones that are closed */
  bool running; /* an operation; known to the isolate's thread only */
  bool called;  /* and it is on the stack of that thread */
  struct worker *worker;
  atomic_bool canceled; /* whatever waits is over, and nothing is asked any more */
  int64_t requests; /* made so far */
  atomic_llong failed; /* the first error that a request was answered with */
  bool source_seek_refused; /* in this operation */
  bool sink_seek_refused;   /* ever: the output is not what the muxer meant it to be */
  int64_t seek_target;
  char *refused_url;

  const uint8_t *source; /* lent to memory inputs while an operation runs */
  size_t source_size;

  struct text log, unused;
  AVDictionary *options;
  char *input_url, *input_format, *output_url, *output_format;

  AVFormatContext *input;
  struct io *input_io;
  struct batches batches;
  struct discards discards;
  int64_t most_packet_bytes; /* with side data; 0: any */
  struct {
    bool running, exceeded;
    bool too_many_streams;
    int64_t bytes, most_bytes; /* read so far, and allowed; 0: any */
    int opens;
  } opening; /* of the input */
  atomic_uint stream_count; /* at the end of the last operation */
  AVPacket *scratch; /* for one packet on its way */
  AVPacket *outgoing; /* the same, from JavaScript or from filters, while the other is held */
  bool held; /* in `scratch`: the packet that came with streams which JavaScript does not know yet */
  struct places places;

  AVFormatContext *output;
  struct io *output_io;
  struct packets queued;
  struct filters filters;
  bool header_tried, header_written, trailer_written;

  struct remux *remux;
};

/* Runs an operation on the calling thread, whichever that is. */
void session_execute(struct session *session, uint32_t operation, double *slot, uint8_t *data, size_t size);
/* Frees all but the handles, which belong to the isolate's thread. */
void session_destroy(struct session *session);

/* Waits for all writes of the session's own thread. */
void drain_writes(struct session *session);
/* libavformat has found that it is wrong, and would end the process: ends the operation instead. False where none runs. */
bool session_escape(void);
/* Leftovers of an options dictionary become session->unused. */
void note_unused(struct session *session, AVDictionary **options);

AVPacket *packets_push(struct packets *packets, AVPacket *packet);
AVPacket *packets_first(struct packets *packets);
void packets_drop_first(struct packets *packets);
void packets_clear(struct packets *packets);
void packets_free(struct packets *packets);

/* ---------------------------------------------------------------------------- the async engine (worker.c) */

/* A session's own thread. It lives from the first operation that is started to the session's end. */
bool on_worker(const struct session *session);
/* Ends it, and with it the session, now or when its operation is over. */
void worker_close(struct session *session);
/* The isolate's lock, where there is such a thread. */
void worker_lock(struct session *session);
void worker_unlock(struct session *session);

/* With the lock held. An operation runs on that thread, or is about to. */
bool worker_is_out(const struct session *session);
void worker_wake(struct session *session);
/* Waits to be woken, on that thread; false where the session is over. */
bool worker_wait(struct session *session);
/* Puts an event into the isolate's queue. */
void worker_tell(struct session *session, double io, double kind, double a, double b, double c);

/* ---------------------------------------------------------------------------- operations */

typedef int operation(struct session *session, double *slot, uint8_t *data, size_t size);
operation input_op_open, input_op_read, input_op_seek, input_op_close;
operation output_op_open, output_op_header, output_op_write, output_op_flush, output_op_trailer, output_op_close;
operation remux_op, remux_op_cut;

/* avformat_find_stream_info(), with few decoders (parameters.c). */
int find_stream_info(AVFormatContext *input);
void batches_free(struct batches *batches);
/* What was read and not taken is of no use any more; nor is what is held. */
void batches_clear(struct batches *batches);
void forget_held(struct session *session);
/* Adds the packet, of the input, to those that JavaScript can take. */
bool batches_add(struct session *session, const AVPacket *packet);
bool batches_are_full(const struct batches *batches, double most, double most_bytes);
/* JavaScript is asked what becomes of packets, and has not answered yet. */
bool is_transforming(const struct session *session);
/* Reads one packet for whoever wants it; AVERROR_EOF is the true end of the input. */
int input_read_packet(struct session *session, AVPacket *packet);
/* For who reads: the packet is given out now. */
void note_given(struct session *session, const AVPacket *packet);
/* After a seek that failed: the packet was given out before. It is dropped. */
bool is_passed_over(struct session *session, AVPacket *packet);
/* At the end of the input, on the way back: where what was to come has not come, another way is tried, and true. */
bool is_anchor_missing(struct session *session);
bool has_lost_picture(struct session *session, AVPacket *packet);
/* What was given out so far is of no meaning any more: another input, or another place (NULL: the beginning). */
void forget_places(struct session *session, const struct seek *origin);
bool opens_files(const AVFormatContext *input);
void apply_discards(struct session *session);
/* avformat_seek_file(), mended. */
int input_seek(AVFormatContext *input, int stream, int64_t least, int64_t target, int64_t most, int flags);
bool can_seek_input(const struct session *session);
int output_write_packet(struct session *session, AVPacket *packet);
/* Does it begin with an index that nothing is added to later: an mp4 in fragments? By its options, before the header. */
bool is_index_first(const struct session *session);
/* Is the codec of another type than the stream? */
bool is_misnamed(const AVCodecParameters *parameters);
void remux_free(struct session *session);
/* It is closed: what was kept of it does not go with the next one. */
void remux_forget_input(struct session *session);
void remux_forget_output(struct session *session);

/* ---------------------------------------------------------------------------------------- bitstream filters (filter.c) */

/* Packets of the stream go through these: "a=option=value,b". With no stream there (-1) only looks whether there are such. */
int filter_set(struct session *session, int stream, const char *description);
/* Before the header: the streams become what comes out of them. */
int filters_open(struct session *session);
/* Writes the packet, by way of its stream's filters. Takes its reference. */
int filter_write(struct session *session, AVPacket *packet);
/* What they hold back, at the end. */
int filters_drain(struct session *session);
void filters_free(struct filters *filters);

/* ---------------------------------------------------------------------------------------- framing (framing.c) */

/* Whether a stream's first packet is framed as its extradata says; `filter`: what it goes through next, or NULL. */
int check_framing(struct session *session, const AVStream *stream, const struct AVBSFContext *filter,
                  const AVPacket *packet);
/* A copy, with the padding that FFmpeg wants behind it. */
int set_extradata(AVCodecParameters *parameters, const uint8_t *data, size_t size);
/* Takes extradata away that comes with a packet and is the stream's already. */
void drop_known_extradata(const AVCodecParameters *parameters, AVPacket *packet);
/* Whether it has no extradata and the output's header wants to say what its packets alone tell. */
bool lacks_extradata(const AVFormatContext *output, const AVStream *stream);

/* ---------------------------------------------------------------------------------------- cover art (cover.c) */

bool is_cover_to_attach(const AVFormatContext *output, const AVStream *stream);
/* Before the header: the stream becomes an attachment of this picture. */
int attach_cover(AVStream *stream, const uint8_t *data, uint32_t size);

void json_input_format(struct text *text, const AVInputFormat *format);
void json_output_format(struct text *text, const AVOutputFormat *format);
const char *side_data_name(enum AVPacketSideDataType type);
enum AVPacketSideDataType side_data_type(const char *name);

/* ---------------------------------------------------------------------------- logs (log.c) */

/* From now on, lines that FFmpeg logs on this thread go to `session`; the one before is answered. */
struct session *log_to(struct session *session);
/* Whose operation runs on this thread. */
struct session *log_session(void);
void log_line(struct session *session, int level, const char *format, ...) __attribute__((format(printf, 3, 4)));
void log_install(void);

/* ---------------------------------------------------------------------------- small things */

static inline double from_timestamp(int64_t timestamp) {
  return timestamp == AV_NOPTS_VALUE ? NAN : (double)timestamp;
}

/* The nearest; NaN is 0. */
static inline int to_int(double value) {
  if (isnan(value)) return 0;
  return value >= INT32_MAX ? INT32_MAX : value <= INT32_MIN ? INT32_MIN : (int)value;
}

static inline int64_t to_timestamp(double value) {
  if (isnan(value)) return AV_NOPTS_VALUE;
  if (value >= 9007199254740992.0) return INT64_C(9007199254740992);
  if (value <= -9007199254740992.0) return -INT64_C(9007199254740992);
  return (int64_t)value;
}

#endif
