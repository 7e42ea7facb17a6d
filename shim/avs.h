/*
 * avs.h - the whole interface of the avio shim: what TypeScript sees of libavformat.
 *
 * The two laws of this boundary:
 *   1. No native memory is visible to JavaScript, and no JavaScript buffer is kept here. Bytes cross inside
 *      one call, by one memcpy, through a pointer that is valid for that call only.
 *   2. Native objects are numbers to JavaScript. A handle names a slot (20 bits) and its generation (32 bits), exact
 *      in a double and never 0; a stale or foreign one is AVERROR(EBADF), never a crash. Handles belong to the thread
 *      (isolate) that made them.
 *
 * Conventions:
 *   - Results below zero are AVERROR codes. Without memory it is AVERROR(ENOMEM), also where libavformat would go on with less.
 *   - 64-bit values cross as double: exact to 2^53. Sizes of single pieces are 32 bits. An unknown timestamp (AV_NOPTS_VALUE) is NaN.
 *   - A function that returns text writes at most `capacity` bytes of UTF-8 (no terminator) to `out` and
 *     returns the length of the whole text; call it again with more room if that was too little.
 *   - Only avs_run() can call back into JavaScript, so it alone must return void (see symbols.ts).
 */
#ifndef AVS_H
#define AVS_H

#include <stddef.h>
#include <stdint.h>

#define AVS_ABI_VERSION 14

#if defined(_WIN32)
#define AVS_API __declspec(dllexport)
#elif defined(__GNUC__)
#define AVS_API __attribute__((visibility("default")))
#else
#define AVS_API
#endif

/* ------------------------------------------------------------------------------------------ library */

AVS_API uint32_t avs_abi_version(void);

/* JSON: versions of avio's parts, licence, configuration and build. */
AVS_API int32_t avs_library_info(char *out, uint32_t capacity);

/* Text of the licence of the FFmpeg inside. */
AVS_API int32_t avs_license_text(char *out, uint32_t capacity);

/* JSON array of the input (AVS_INPUT) or output (AVS_OUTPUT) formats. */
AVS_API int32_t avs_formats(uint32_t direction, char *out, uint32_t capacity);
enum { AVS_INPUT, AVS_OUTPUT };

/* JSON array of the options (AVOption) of an input or output format: its own and the generic ones. */
AVS_API int32_t avs_format_options(uint32_t direction, const char *name, uint32_t size, char *out, uint32_t capacity);

/* JSON array of all codecs that have a name. */
AVS_API int32_t avs_codecs(char *out, uint32_t capacity);

/* libavutil's description of an error code. */
AVS_API int32_t avs_error_text(int32_t code, char *out, uint32_t capacity);

/* "EPERM -1\n": the names of errno and their AVERROR codes, which systems number differently. */
AVS_API int32_t avs_error_codes(char *out, uint32_t capacity);

/* Least important level (AV_LOG_*) that is recorded for avs_take_log(); errors always are. */
AVS_API void avs_set_log_level(int32_t level);

/*
 * Clients: the copies of avio's modules that use the library in this isolate. Each has its own sessions, their events, and the
 * one function that answers their requests of the sync engine. That is called on the isolate's own thread, inside avs_run(),
 * and answers through avs_reply*() before it returns. If it does not, the request fails: a JavaScript exception can't be
 * mistaken for success.
 */
typedef void (*avs_callback)(double session, double io, uint32_t kind, double a, double b, double c);
/*
 * Sets the callback of the client with this number, unless it is NULL; with 0 it makes a new client. Returns the client's
 * number; 0 if there is no such client, or no memory.
 */
AVS_API uint32_t avs_client(uint32_t client, avs_callback callback);

/* Kinds of requests, with their arguments. */
enum {
  AVS_REQUEST_READ = 1,  /* a: bytes requested, b: with AVS_IO_LATE_SEEK the position to go to first, else -1. Answer: avs_reply_read() */
  AVS_REQUEST_WRITE = 2, /* a: bytes, b: position, c: AVIODataMarkerType. avs_take_write(); answer: avs_reply() */
  AVS_REQUEST_SEEK = 3,  /* a: offset, b: whence. Answer: avs_reply() with the new position or the size */
  AVS_REQUEST_OPEN = 5,  /* of an opener. a: bytes of the URL, for avs_take_write(), b: AVS_OPEN_*, c: the direction that
                            opens it (AVS_INPUT or AVS_OUTPUT) plus twice the number of the input.
                            Answer: avs_reply() with an I/O context of the session */
  AVS_REQUEST_CLOSE = 6, /* of an I/O context opened in this way. Answer: avs_reply() with 0, which frees it */
  AVS_REQUEST_TRANSFORM = 7, /* of a transformer: take avs_ready_packets(), avs_put_packet() those that replace them. Answer: avs_reply() with 0 */
};
/*
 * What it is to be opened for: to be read, to be written, only to check whether it exists (any number is the answer), or to be
 * deleted (the same). PART: to be read as a part of something that continues without it; AVERROR(ENOENT): it is missing.
 */
enum avs_open_mode { AVS_OPEN_READ, AVS_OPEN_WRITE, AVS_OPEN_CHECK, AVS_OPEN_DELETE, AVS_OPEN_PART };

/* ------------------------------------------------------------------------------------------ sessions */

/*
 * A session is one line of execution: it runs one operation at a time, has at most one request open for each I/O context, and
 * owns the format contexts and the I/O contexts attached to it. 0: no such client, or out of memory.
 */
AVS_API double avs_session_new(uint32_t client);
/*
 * Bytes that FFmpeg may allocate for a session, unless "maxMemory" sets it (avs_set()), and the minimum that it can be set to.
 * If it is set twice, for an input and an output, the smaller one counts. Only the embedded build counts them.
 */
enum { AVS_MEMORY_DEFAULT = 1073741824, AVS_MEMORY_MIN = 4194304 };

/*
 * Frees everything the session owns. If an operation of the async engine runs, the handles are freed at once and the
 * rest by the session's thread, when the operation returns. AVERROR(EBUSY) while one of the sync engine runs.
 */
AVS_API int32_t avs_session_close(double session);

/* Operations for avs_run(). `slot` is AVS_SLOT_SIZE doubles, in and out; slot[0] is always the result. */
enum {
  AVS_OP_OPEN_INPUT = 1,  /* in: 1 io, 0 for a format that opens its files itself, 2 find stream info, 3 warn if the source ends
                             before data that its index refers to. out: 1 streams, 2 bytes of the source or -1.
                             AVS_SET_INPUT, _OPTIONS first */
  AVS_OP_READ = 2,        /* in: 1 max packets, 2 max bytes. out: 1 streams. The packets: avs_ready_packets(). The result is what follows them */
  AVS_OP_SEEK = 3,        /* in: 1 stream or -1 (seconds), 2 target, 3 min, 4 max, 5 AVSEEK_FLAG_*; by bytes, 2 alone counts.
                             A failed seek changes nothing: packets already read stay, and reading continues where it was */
  AVS_OP_OPEN_OUTPUT = 4, /* AVS_SET_OUTPUT first, then add streams. No I/O yet. out: 1 whether the format opens its files itself */
  AVS_OP_HEADER = 5,      /* in: 1 io, 0 for a format that opens its files itself. out: 1 streams. AVS_SET_OPTIONS first */
  AVS_OP_WRITE = 6,       /* writes the packets put by avs_put_packet() */
  AVS_OP_FLUSH = 7,
  AVS_OP_TRAILER = 8,
  AVS_OP_REMUX = 9,       /* in: 1 max packets, 2 max milliseconds, 3 seconds of the input: the first key frame from there on ends this
                             output, NaN: none, 4 whether this is the last input: then it is an error if neither audio nor video was
                             written, 5 bytes of packets after which a key frame ends the output, too, 0: none.
                             out: 1 AVS_REMUX_*, 2 packets, 3 seconds, 4 bytes read, 5 seconds of that key frame */
  AVS_OP_IO_READ = 10,    /* in: 1 io. Into `data`. out: 1 bytes, 0 at the end */
  AVS_OP_IO_WRITE = 11,   /* in: 1 io. From `data` */
  AVS_OP_IO_SEEK = 12,    /* in: 1 io, 2 offset, 3 whence. out: 1 position */
  AVS_OP_IO_SIZE = 13,    /* in: 1 io. out: 1 bytes */
  AVS_OP_IO_FLUSH = 14,   /* in: 1 io */
  AVS_OP_CUT = 15,        /* remuxing: finds the key frame at which the range of avs_set_range() begins. out: 1 its seconds, 2 whether the range is empty */
  AVS_OP_CLOSE_INPUT = 16,  /* then another one can be opened. Its I/O context stays, until avs_io_close(); packets not taken are dropped */
  AVS_OP_CLOSE_OUTPUT = 17, /* the same, after the trailer. Its streams are no longer mapped */
  AVS_OP_STARTS = 18,       /* remuxing: finds when the pictures of an input that was just opened begin, for avs_route() */
};
/* Why AVS_OP_REMUX returned. At a break the key frame is kept for the next output. */
enum { AVS_REMUX_GOES_ON, AVS_REMUX_END, AVS_REMUX_BREAK };

/* Set by every operation, after its own results. */
enum {
  AVS_SLOT_SEEK_TARGET = 6, /* of the seek that was refused */
  AVS_SLOT_FLAGS = 7,
  AVS_SLOT_LOG_BYTES = 8,   /* waiting for avs_take_log() */
  AVS_SLOT_UNUSED_BYTES = 9, /* waiting for avs_unused_options() */
  AVS_SLOT_WRITTEN = 10,     /* bytes of all outputs so far */
  AVS_SLOT_WARNINGS = 11,    /* rows of avs_warnings() */
  AVS_SLOT_SIZE = 12
};

/* Flags in slot[AVS_SLOT_FLAGS]: what the result alone doesn't show. */
enum {
  AVS_FLAG_FAILED = 1,       /* a request was answered with an error: the caller has the exception */
  AVS_FLAG_SOURCE_SEEK = 2,  /* libavformat wanted a seek that the source can't do */
  AVS_FLAG_SINK_SEEK = 4,    /* the same of the sink */
  AVS_FLAG_REFUSED = 8,      /* a nested open was refused: avs_refused_url() */
  AVS_FLAG_MEMORY = 16,      /* more memory than "maxMemory", or FFmpeg got none: the session is over */
};

/*
 * Runs an operation on the calling thread. `data` is the operation's own bytes; `source` is lent to a memory
 * input (AVS_IO_MEMORY_INPUT) of the session until this call returns.
 */
AVS_API void avs_run(double session, uint32_t operation, double *slot, uint8_t *data, uint32_t data_size,
                     const uint8_t *source, double source_size);

/*
 * Answers to the open request of an I/O context. Late or stray ones are AVERROR(EINVAL) and change nothing. An error that is no
 * int, or AVERROR(EAGAIN), is taken for AVERROR_EXTERNAL.
 */
AVS_API int32_t avs_reply(double io, double result);
/* What exceeds the request is kept, and read before there is another request. */
AVS_API int32_t avs_reply_read(double io, const uint8_t *chunk, uint32_t size);
/* The bytes of the open write request, from its start; or the URL of one to open. */
AVS_API int32_t avs_take_write(double io, uint8_t *out, uint32_t size);
/* Seconds that belong to the marker of the open write request; NaN: unknown. */
AVS_API double avs_request_time(double io);

/*
 * The async engine: the operation runs on the session's own thread, its requests and its end come as events. The slot
 * goes in with avs_start() and comes out with avs_finish(), after the event that it is done. Requests are answered in the
 * same way. Up to a bound, the thread does not wait for the answer to each write, except of an AVS_IO_DIRECT context; at the
 * end of an operation all are answered, except of AVS_OP_REMUX. While AVS_OP_READ or AVS_OP_REMUX runs, the next read of a
 * source that returned all that was requested is prefetched; that request may still be open when the operation is over.
 * AVS_OP_READ reads on, up to its limits, while packets are taken; it ends at the end of the input, at new streams, or when
 * stopped.
 */
AVS_API int32_t avs_start(double session, uint32_t operation, const double *slot);
/* AVERROR(EBUSY) before that event: it never waits, not even for a canceled session, which can be closed at once. */
AVS_API int32_t avs_finish(double session, double *slot);
/* Every request that the session waits for gets AVERROR_EXIT now, and so do all later ones. */
AVS_API int32_t avs_cancel(double session);
/* Ends AVS_OP_READ after the packet that it is at. */
AVS_API int32_t avs_stop(double session);
/* Milliseconds for which libavformat has slept since the session's last request, before it reloads a playlist. */
AVS_API int32_t avs_slept(double session);

/*
 * Waits, on any thread, until the client has events; returns their number. 0 after so many milliseconds without one, AVS_WAIT_MS
 * at most, so that a terminated worker can end; AVERROR_EXIT when it has ended.
 */
AVS_API int32_t avs_wait_events(uint32_t client, uint32_t milliseconds);
/* Ends that wait for this client's events. */
AVS_API int32_t avs_wake_events(uint32_t client);
/*
 * Moves up to `max` events of this client to `out`; returns their number. If there is none, it waits `patience` microseconds.
 */
AVS_API int32_t avs_take_events(uint32_t client, double *out, uint32_t max, uint32_t patience);
enum { AVS_WAIT_MS = 250 };

/*
 * An event is a row of doubles: session, I/O context, then the kind of request and its arguments, or
 * that an operation is done.
 */
enum { AVS_EVENT_SESSION, AVS_EVENT_IO, AVS_EVENT_KIND, AVS_EVENT_A, AVS_EVENT_B, AVS_EVENT_C, AVS_EVENT_LENGTH };
enum {
  AVS_EVENT_DONE = 0,
  AVS_EVENT_READY = 4, /* avs_ready_packets() had none, and now there are */
};

/* Lines logged since the last call: level, tab, message, newline. */
AVS_API int32_t avs_take_log(double session, char *out, uint32_t capacity);
AVS_API int32_t avs_refused_url(double session, char *out, uint32_t capacity);

/*
 * Losses and changes that did not stop the session: JSON array of {"kind", "source": number of the input, in the order of
 * opening, "stream": of that input, or -1, "count", "words", "log": a line of the log or null}. Rows keep their index; their
 * counts grow.
 */
AVS_API int32_t avs_warnings(double session, char *out, uint32_t capacity);
enum {
  AVS_WARNING_DAMAGED,   /* the input has an error in it */
  AVS_WARNING_TRUNCATED, /* the input ends too early */
  AVS_WARNING_MISSING,   /* a part that the input refers to does not exist */
  AVS_WARNING_DROPPED,   /* packets, tags or side data that are left out */
  AVS_WARNING_CORRECTED, /* times that differ from those in the input */
  AVS_WARNING_SKIPPED,   /* a stream that is left out */
};

/* ------------------------------------------------------------------------------------------ I/O contexts */

enum {
  AVS_IO_CALLBACKS,
  AVS_IO_MEMORY_INPUT,
  AVS_IO_MEMORY_OUTPUT,
  AVS_IO_OPENER,      /* no I/O context: its requests open nested ones */
  AVS_IO_TRANSFORMER, /* no I/O context: its requests replace packets on their way through AVS_OP_REMUX */
};
enum {
  AVS_IO_READ = 1,
  AVS_IO_WRITE = 2,
  AVS_IO_SEEK = 4,
  AVS_IO_DIRECT = 8, /* no coalescing of writes */
  AVS_IO_BULK = 16,  /* pending writes are joined into large ones */
  AVS_IO_LATE_SEEK = 32 /* of an input that can go to any position: that is requested with the next read */
};

/*
 * avio_alloc_context. The I/O context belongs to `session`, and is freed with it. 0: out of memory, a wrong argument, or an
 * operation runs and does not request a file to be opened.
 */
AVS_API double avs_io_new(double session, uint32_t kind, uint32_t flags, uint32_t buffer_size);
/* A seekable input over a copy of these bytes, in native memory: both engines read it without a request. 0: as avs_io_new(). */
AVS_API double avs_io_new_copy(double session, const uint8_t *bytes, uint32_t size, uint32_t buffer_size);
/*
 * What is known of an input of callbacks before its first operation, which then does not request it: the size, NAN if unknown, and
 * the first bytes, which are copied; only an input with AVS_IO_LATE_SEEK can have them.
 */
AVS_API int32_t avs_io_begin(double io, double size, const uint8_t *bytes, uint32_t count);
/*
 * The position of an I/O context, and a copy of what it has buffered, so that another one over the same device can continue
 * there (avs_io_restore()). Returns the number of buffered bytes; they are copied if `capacity` is enough. Bytes read lie
 * between AVS_SAVED_POSITION and AVS_SAVED_DEVICE; bytes to be written begin at AVS_SAVED_DEVICE. AVERROR(EBUSY) while an
 * operation runs, except of an I/O context that is to be closed (AVS_REQUEST_CLOSE); if the session was canceled and its
 * thread has not returned yet, the result leaves out that thread's own buffer.
 */
AVS_API int32_t avs_io_save(double io, double *state, uint8_t *out, uint32_t capacity);
enum {
  AVS_SAVED_POSITION, /* of the caller (avio_tell), as a position of the device */
  AVS_SAVED_DEVICE,   /* of the next byte that a READ request returns or a WRITE request is for */
  AVS_SAVED_LENGTH
};
/*
 * Before the first use of a new I/O context: sets its position. `data` is what is read before the first request to the device,
 * or what was written and is still buffered; AVERROR(EINVAL) if it doesn't fit into the buffer of one that is written.
 */
AVS_API int32_t avs_io_restore(double io, double position, const uint8_t *data, uint32_t size);
/*
 * Of an I/O context that answers an open request: its real URL, to which the names in it are relative (the option "location"
 * of FFmpeg's http).
 */
AVS_API int32_t avs_io_locate(double io, const char *url, uint32_t size);
/*
 * Frees an I/O context; AVERROR(EBUSY) while an operation runs, while an input or output uses it or has writes pending, or if it
 * is the session's opener or transformer.
 */
AVS_API int32_t avs_io_close(double io);
/*
 * The contents of a memory output: its size in bytes, and a copy of a part of it. AVERROR(EBUSY) while it is written, unless
 * the session was canceled: then what has been written so far.
 */
AVS_API double avs_memory_size(double io);
AVS_API int32_t avs_memory_read(double io, double offset, uint8_t *out, uint32_t size);

/* ------------------------------------------------------------------------------------------ containers */

/*
 * JSON of the input (AVS_INPUT) or the output (AVS_OUTPUT) of a session: format, streams with their codecParameters, chapters,
 * programs, metadata. `direction >> 8` is the first stream that is described: of those that are added one by one, each once.
 * Of extradata and side data, which may have hundreds of megabytes, it has the sizes. After it come a NUL and all their bytes.
 */
AVS_API int32_t avs_describe(double session, uint32_t direction, char *out, uint32_t capacity);

/* What avs_set() sets. `index` is that of the stream or the chapter, if there is one. */
enum {
  AVS_SET_INPUT = 1,            /* of the input to open: "url", "format", "formats" (names, separated by commas), "maxPacketSize", "maxOpenSize", "maxMemory" */
  AVS_SET_OUTPUT = 2,           /* of the output to open: "url", "format", "maxMemory"; "bitstreamFilter" only checks whether such a filter exists */
  AVS_SET_OPTIONS = 3,          /* AVOptions for the next open input or header */
  AVS_SET_METADATA = 4,         /* of the output */
  AVS_SET_STREAM = 5,           /* fields of an output's stream, named as in avs_describe(); "bitstreamFilter" */
  AVS_SET_STREAM_METADATA = 6,
  AVS_SET_CHAPTER_METADATA = 7,
};
/*
 * Sets from text: a sequence of name NUL value NUL. An invalid name or value is AVERROR(EINVAL) and a line in the log; so are
 * streams' fields after the header.
 */
AVS_API int32_t avs_set(double session, uint32_t what, int32_t index, const char *text, uint32_t size);
/* Sets what is bytes, of a stream of the output before its header: "extradata", or side data by the name of its type. Copies. */
AVS_API int32_t avs_set_bytes(double session, int32_t index, const char *name, uint32_t name_size, const uint8_t *data,
                              uint32_t size);

/* Names of the options that were not used, separated by commas. */
AVS_API int32_t avs_unused_options(double session, char *out, uint32_t capacity);

/*
 * JSON array of the fields of a stream that can be set, in the order in which they are to be set: {"name", "kind"}, where kind
 * is "integer" (then "min" and "max" follow), "rational", "name", "bytes" (base64) or "names" (separated by commas).
 */
AVS_API int32_t avs_stream_fields(char *out, uint32_t capacity);
/* Adds a stream to the output, with the fields in `text` (as for avs_set()); returns its index. */
AVS_API int32_t avs_add_stream(double session, const char *text, uint32_t size);
/*
 * Before the header: takes from the first packet of an output's stream what the header needs: extradata of a stream
 * that has none, a cover that Matroska stores as an attachment. Returns 1 if that is not known yet; without data it only checks.
 */
AVS_API int32_t avs_learn_stream(double session, int32_t stream, const uint8_t *data, uint32_t size);
/* Adds a chapter (seconds) to the output; returns its index. */
AVS_API int32_t avs_add_chapter(double session, double id, double start, double end);
/* Whether the output's format can hold the input's stream, AVS_HOLDS_*: no, yes, or only if more of the stream were known. */
AVS_API int32_t avs_can_hold(double session, int32_t input_stream);
/*
 * Whether the output's muxer accepts a header with these streams of the input: for each, a byte that is not 0. NULL: with the
 * streams of the output.
 */
AVS_API int32_t avs_can_hold_all(double session, const uint8_t *wanted, uint32_t count);
enum { AVS_HOLDS_NOT, AVS_HOLDS_IT, AVS_HOLDS_DESCRIBED };
/* Remuxing: packets of an input stream go to this stream of the output. */
AVS_API int32_t avs_map_stream(double session, int32_t input_stream, int32_t output_stream);
/* Remuxing: two streams of an input that was just opened have each other's place, compared with the input before. */
AVS_API int32_t avs_swap_routes(double session, int32_t input_stream, int32_t other);
/*
 * What was written of that input stream so far: AVS_ROUTE_LENGTH numbers; seconds of the output, NaN before the first packet;
 * and what AVS_OP_STARTS has found, in seconds of the input, or NaN.
 */
AVS_API int32_t avs_route(double session, int32_t input_stream, double *out);
enum { AVS_ROUTE_PACKETS, AVS_ROUTE_BYTES, AVS_ROUTE_FIRST, AVS_ROUTE_LAST, AVS_ROUTE_START, AVS_ROUTE_LENGTH };
/* Remuxing: the range in seconds of an input that was just opened; NaN: from the start, to the end. */
AVS_API int32_t avs_set_range(double session, double start, double end);
/* Remuxing: seconds that are subtracted from the input's times; what is presented before `min` is left out, NaN: nothing. */
AVS_API int32_t avs_set_shift(double session, double shift, double min);
/* Remuxing: delays the packets of a mapped input stream by so many seconds. */
AVS_API int32_t avs_set_delay(double session, int32_t input_stream, double seconds);
/*
 * Several inputs for one output: selects the input with this number, with all that was set for remuxing it; the first number
 * that does not exist yet adds an input, which can then be opened. AVS_OP_REMUX takes packets of all of them, always from
 * the one with the earliest time.
 */
AVS_API int32_t avs_select_input(double session, uint32_t index);
/* Remuxing: whether jumps in the input's times are kept, or removed; they are removed by default. */
AVS_API int32_t avs_keep_times(double session, int32_t keep);
/* Discards packets of a stream, or delivers them again, from the next packet read on. */
AVS_API int32_t avs_set_discard(double session, int32_t stream, int32_t discard);

/* Copies at most `capacity` bytes of the cover that a stream of the input is; returns their number, 0 if it is no cover. */
AVS_API int32_t avs_cover(double session, int32_t stream, uint8_t *out, uint32_t capacity);

/*
 * The container's index of an input's stream: copies at most `max` rows of AVS_INDEX_*, from the one numbered `first` on;
 * returns the number of all rows.
 */
AVS_API int32_t avs_index(double session, int32_t stream, uint32_t first, double *out, uint32_t max);
enum { AVS_INDEX_TIMESTAMP, AVS_INDEX_POS, AVS_INDEX_SIZE, AVS_INDEX_IS_KEY, AVS_INDEX_LENGTH };

/* ------------------------------------------------------------------------------------------ packets */

/* A packet is a row of doubles and a sequence of bytes: its data, then its side data. */
enum {
  AVS_ROW_STREAM,
  AVS_ROW_PTS,
  AVS_ROW_DTS,
  AVS_ROW_DURATION,
  AVS_ROW_FLAGS,     /* AV_PKT_FLAG_* */
  AVS_ROW_POS,       /* NaN: unknown */
  AVS_ROW_SIZE,      /* bytes of data */
  AVS_ROW_SIDE_SIZE, /* bytes of side data: for each, name NUL, size in 4 bytes (little endian), data */
  AVS_ROW_TB_NUM,
  AVS_ROW_TB_DEN,
  AVS_ROW_LENGTH
};
/* The number of packets that AVS_OP_READ has ready, and their bytes; they are set aside for avs_take_packets(). */
AVS_API int32_t avs_ready_packets(double session, double *bytes);
/* Moves the packets that were set aside into new arrays, which must have room for all; returns their number. */
AVS_API int32_t avs_take_packets(double session, double *row, uint32_t rows, uint8_t *out, uint32_t capacity);
/*
 * What is wrong with side data of a packet or a stream, as "type: ..." or "data: ..."; empty if it can be passed to FFmpeg.
 * Everything that takes side data rejects what has a fault.
 */
AVS_API int32_t avs_side_data_fault(const char *type, uint32_t type_size, const uint8_t *data, uint32_t size, char *out,
                                    uint32_t capacity);
/* Puts a packet into the queue of AVS_OP_WRITE; for a transformer, one of a stream of the input. */
AVS_API int32_t avs_put_packet(double session, const double *row, const uint8_t *data, uint32_t data_size,
                               const uint8_t *side, uint32_t side_size);

#endif
