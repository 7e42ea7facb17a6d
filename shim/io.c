#include "io.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "compat.h"
#include "decipher.h"
#include "numbers.h"

enum { MEMORY_COPY = 100 }; /* a kind of I/O context that JavaScript can't create */

/* ---------------------------------------------------------------------------------------- callbacks */

/*
 * Reads from the bytes that were read ahead, and waits for a pending prefetch. 0: a request is needed;
 * below zero: AVERROR_EOF or an error.
 */
static int64_t take_ahead(struct io *io, uint8_t *buffer, int size) {
  struct channel *channel = io->channel;
  channel_lock(channel);
  if (!ahead_left(&io->ahead) && io->request.ahead) {
    channel->requests++;
    request_wait(io);
  }
  int64_t result = (int64_t)ahead_take(&io->ahead, buffer, (size_t)size);
  if (!result && io->is_over) {
    io->is_over = false;
    result = io->over_result ? io->over_result : AVERROR_EOF;
    if (io->over_result) channel_fail(channel, result);
  }
  channel_unlock(channel);
  return result;
}

/* Reads from the first bytes of the source, without a request; 0: they are not there. */
static int64_t head_read(struct io *io, uint8_t *buffer, int size) {
  struct channel *channel = io->channel;
  if (io->head.operation != channel->operations) {
    memory_free(&io->head.bytes);
    io->head.bytes = (struct memory){0};
  }
  if (io->go_to < 0) return 0;
  int64_t result = (int64_t)memory_fetch(&io->head.bytes, (size_t)io->go_to, buffer, (size_t)size);
  channel_lock(channel);
  io->go_to += result;
  io->device += result;
  channel_unlock(channel);
  return result;
}

static int64_t request_read(struct io *io, uint8_t *buffer, int size) {
  struct request read = {.kind = AVS_REQUEST_READ, .read_into = buffer, .size = size};
  int64_t position = io->go_to;
  io->go_to = -1;
  return request(io, read, size, (double)position, 0);
}

/* Some demuxers read at the end thousands of times: only the next operation makes a request again, as the file may grow. */
static bool has_ended(const struct io *io) {
  return io->ended.operation == io->channel->operations && io->position >= io->ended.position;
}

/*
 * A damaged file may send libavformat to any position. JavaScript has no exact number for these, and no source is as long: the
 * program is not asked for them.
 */
static bool is_beyond_numbers(int64_t position) { return position >= EXACT_DOUBLE; }

/* ---------------------------------------------------------------------------------------- keeping a short source */

void io_keep_nothing(struct io *io) {
  memory_free(&io->kept.memory);
  bool was_whole = io->kept.whole;
  io->kept = (struct kept){0};
  if (!was_whole) return;
  io->context->seekable = 0;
  io->context->buf_ptr = io->context->buf_end; /* the source is at its end */
}

void io_keep(struct io *io) {
  bool is_fresh = io->context->buf_ptr == io->context->buf_end;
  io->kept.open = io->kind == AVS_IO_CALLBACKS && !(io->flags & AVS_IO_SEEK) && !io->decipher && is_fresh;
}

static void keep(struct io *io, const uint8_t *bytes, int size) {
  if (!io->kept.open) return;
  struct memory *memory = &io->kept.memory;
  bool fits = memory->size + (size_t)size <= MAX_KEPT, stored = fits && memory_store(memory, memory->size, bytes, (size_t)size);
  if (!stored) io_keep_nothing(io);
  if (fits && !stored) channel_fail(io->channel, AVERROR(ENOMEM)); /* it might be described with less than it has */
}

static int kept_read(struct io *io, uint8_t *buffer, int size) {
  int64_t offset = io->position - io->base;
  size_t read = offset < 0 ? 0 : memory_fetch(&io->kept.memory, (size_t)offset, buffer, (size_t)size);
  io->position += (int64_t)read;
  return read ? (int)read : AVERROR_EOF;
}

/* 0 after the last of the kept bytes. */
static int read_again(struct io *io, uint8_t *buffer, int size) {
  int result = kept_read(io, buffer, size);
  if (result > 0) return result;
  io_keep_nothing(io);
  return 0;
}

static int64_t kept_seek(struct io *io, int64_t offset, int whence) {
  int64_t size = (int64_t)io->kept.memory.size;
  if (whence == AVSEEK_SIZE) return io->base + size;
  int64_t target = whence == SEEK_END ? av_sat_add64(io->base + size, offset) : offset;
  return target < io->base ? AVERROR(EINVAL) : (io->position = target);
}

bool io_has_kept_all(struct io *io) {
  io->kept.whole |= io->kept.open && has_ended(io);
  return io->kept.whole;
}

bool io_keep_rest(struct io *io) {
  uint8_t bytes[4096];
  int64_t position = io->position;
  while (io->kept.open && !io->kept.whole && io->kept.memory.size + sizeof(bytes) <= MAX_KEPT) {
    int result = io_read(io, bytes, sizeof(bytes));
    if (result < 0 && result != AVERROR_EOF) return false;
    io->kept.whole = result < 0 && io->kept.open;
  }
  if (io->kept.whole || !io->kept.open) return io->kept.whole;
  io->kept.open = false;
  io->kept.again = true;
  io->position = position;
  return false;
}

void io_restart(struct io *io) {
  io->context->seekable = AVIO_SEEKABLE_NORMAL;
  io->context->buf_ptr = io->context->buf_end = io->context->buffer;
  io->context->pos = 0;
  io->context->eof_reached = io->context->error = 0;
  io->position = io->base;
}

/* ---------------------------------------------------------------------------------------- reading */

static int callbacks_read(struct io *io, uint8_t *buffer, int size) {
  struct channel *channel = io->channel;
  if (has_ended(io) || is_beyond_numbers(io->position)) return AVERROR_EOF;
  int64_t result = head_read(io, buffer, size);
  if (result == 0) result = take_ahead(io, buffer, size);
  if (result == 0) result = request_read(io, buffer, size);
  /* 0 must not reach libavformat: mkv, flv, avi and wav would read again for ever. */
  if (result == 0 || result == AVERROR_EOF) {
    io->ended.position = io->position;
    io->ended.operation = channel->operations;
    return AVERROR_EOF;
  }
  if (result < 0) return (int)result;
  keep(io, buffer, (int)result);
  io->position += result;
  io->transferred += result;
  if (opening_exceeds(channel->acting, result, 0)) return AVERROR(EMSGSIZE);
  channel_lock(channel);
  request_ahead(io, size);
  channel_unlock(channel);
  return (int)result;
}

static void note_written(struct io *io, int size) {
  io->position += size;
  if (io->position > io->end) io->end = io->position;
}

static int callbacks_write(void *opaque, avs_write_bytes *buffer, int size, enum AVIODataMarkerType type,
                           int64_t time) {
  struct io *io = opaque;
  struct request write = {.kind = AVS_REQUEST_WRITE, .written = buffer, .size = size, .time = time};
  bool waits = io->flags & AVS_IO_DIRECT || !is_own_thread(io->channel);
  int64_t result = waits ? request(io, write, size, (double)io->position, type)
                         : behind_write(io, buffer, (size_t)size, type, time);
  if (result < 0) return (int)result;
  note_written(io, size);
  return size;
}

/* ---------------------------------------------------------------------------------------- memory */

static void note_read(struct io *io, int size) {
  channel_lock(io->channel); /* for avs_io_save() */
  io->position += size;
  io->transferred += size;
  channel_unlock(io->channel);
}

/* Reads what a muxer has written, for muxers that read their output again; or an input's copy of bytes. */
static int copy_read(struct io *io, uint8_t *buffer, int size) {
  if (io->copied) size = (int)memory_fetch(&io->copied->memory, (size_t)io->position, buffer, (size_t)size);
  else size = 0;
  if (!size) return AVERROR_EOF;
  note_read(io, size);
  return opening_exceeds(io->channel->acting, size, 0) ? AVERROR(EMSGSIZE) : size;
}

static int memory_read(struct io *io, uint8_t *buffer, int size) {
  enum { MAX = 64 * 1024 }; /* libavformat may request 16 MB in advance, and mostly does not need them */
  const struct channel *channel = io->channel;
  if (size > MAX) size = MAX;
  if (io->position >= (int64_t)channel->source_size) return AVERROR_EOF;
  int64_t left = (int64_t)channel->source_size - io->position;
  if (size > left) size = (int)left;
  memcpy(buffer, channel->source + io->position, (size_t)size);
  note_read(io, size);
  return opening_exceeds(io->channel->acting, size, 0) ? AVERROR(EMSGSIZE) : size;
}

int io_read(struct io *io, uint8_t *buffer, int size) {
  int over = over_error(io->channel);
  if (over < 0) return over;
  if (io->kept.whole) return kept_read(io, buffer, size);
  int again = io->kept.again ? read_again(io, buffer, size) : 0;
  if (again) return again;
  if (io->kind == AVS_IO_CALLBACKS) return callbacks_read(io, buffer, size);
  return io->kind == MEMORY_COPY ? copy_read(io, buffer, size) : memory_read(io, buffer, size);
}

static int context_read(void *opaque, uint8_t *buffer, int size) {
  struct io *io = opaque;
  return io->decipher ? decipher_read(io->decipher, io, buffer, size) : io_read(io, buffer, size);
}

void io_fill(struct io *io, size_t size) {
  AVIOContext *context = io->context;
  for (;;) {
    size_t held = (size_t)(context->buf_end - context->buf_ptr), room = (size_t)(context->buffer + context->buffer_size - context->buf_end);
    if (!held || held >= size || !room) return;
    int result = context_read(io, context->buf_end, (int)FFMIN(size - held, room));
    if (result <= 0) return;
    context->buf_end += result;
    context->pos += result;
  }
}

static int memory_write(void *opaque, avs_write_bytes *buffer, int size) {
  struct io *io = opaque;
  int over = over_error(io->channel); /* a muxer may go on, but its output does not grow */
  if (over < 0) return over;
  channel_lock(io->channel); /* after a cancellation, other threads may read it */
  bool stored = memory_store(&io->memory, (size_t)io->position, buffer, (size_t)size);
  if (stored) note_written(io, size);
  channel_unlock(io->channel);
  if (stored) return size;
  channel_fail(io->channel, AVERROR(ENOMEM));
  return AVERROR(ENOMEM);
}

/* ---------------------------------------------------------------------------------------- seeking */

static int64_t memory_total(const struct io *io) {
  if (io->kind == MEMORY_COPY) return io->copied ? (int64_t)io->copied->memory.size : 0;
  return (int64_t)(io->kind == AVS_IO_MEMORY_INPUT ? io->channel->source_size : io->memory.size);
}

static int64_t memory_seek(struct io *io, int64_t offset, int whence) {
  if (whence == AVSEEK_SIZE) return memory_total(io);
  int64_t target = whence == SEEK_END ? av_sat_add64(memory_total(io), offset) : offset;
  if (target < 0) return AVERROR(EINVAL);
  channel_lock(io->channel);
  io->position = target;
  channel_unlock(io->channel);
  return target;
}

/* Moves within the bytes read ahead, or those of a pending prefetch; false if the target is outside. */
static bool seek_ahead(struct io *io, int64_t distance) {
  channel_lock(io->channel);
  int64_t left = (int64_t)ahead_left(&io->ahead);
  if (io->request.ahead && distance > left && distance <= left + io->request.size) request_wait(io);
  bool inside = ahead_move(&io->ahead, distance);
  channel_unlock(io->channel);
  return inside;
}

/* While an input is opened, libavformat needs the size again and again: the callback is called once. */
static int64_t callbacks_size(struct io *io) {
  const struct channel *channel = io->channel;
  bool is_opening = channel->acting->opening.running && !(io->flags & AVS_IO_WRITE);
  if (is_opening && io->size.operation == channel->operations) return io->size.result;
  struct request seek = {.kind = AVS_REQUEST_SEEK, .whence = AVSEEK_SIZE};
  int64_t result = request(io, seek, 0, AVSEEK_SIZE, 0);
  io->size.result = result;
  io->size.operation = channel->operations;
  return result; /* the bytes read ahead stay valid */
}

/* The next read goes there. */
static int64_t seek_late(struct io *io, int64_t offset) {
  struct channel *channel = io->channel;
  if (channel->failed) return channel->failed;
  if (offset < 0) return AVERROR(EINVAL);
  channel_lock(channel);
  if (io->request.ahead) request_wait(io);
  request_forget_ahead(io, offset);
  channel_unlock(channel);
  return io->position = io->go_to = offset;
}

static int64_t callbacks_seek(struct io *io, int64_t offset, int whence) {
  if (whence == AVSEEK_SIZE) return callbacks_size(io);
  struct request seek = {.kind = AVS_REQUEST_SEEK, .whence = whence};
  if (whence == SEEK_SET && is_beyond_numbers(offset)) return io->position = offset;
  if (whence == SEEK_SET && seek_ahead(io, av_sat_sub64(offset, io->position))) return io->position = offset;
  if (whence == SEEK_SET && io->flags & AVS_IO_LATE_SEEK) return seek_late(io, offset);
  io->go_to = -1;
  int64_t result = request(io, seek, (double)offset, whence, 0);
  return result < 0 ? result : (io->position = result);
}

/* A refused seek of a muxer that reads its own output does not count for the output. */
static struct endpoint *who_seeks(struct io *io) {
  struct channel *channel = io->channel;
  uint32_t direction = io->context->write_flag ? AVS_OUTPUT : AVS_INPUT;
  if (channel->acting->direction == direction) return channel->acting;
  channel->plain.direction = direction;
  return &channel->plain;
}

/*
 * Always set, whether `seekable` is set or not: libavformat calls it to go back to what is no longer in the buffer, and most
 * muxers ignore its error. So a refused seek is recorded, and the operation fails.
 */
int64_t io_seek(struct io *io, int64_t offset, int whence) {
  whence &= ~AVSEEK_FORCE;
  if (whence == SEEK_CUR) return AVERROR(EINVAL); /* libavformat never passes it */
  if (whence == SEEK_SET) offset = av_sat_add64(offset, io->base); /* a file may contain any number */
  int64_t result = AVERROR(ESPIPE);
  if (io->kept.whole) result = kept_seek(io, offset, whence);
  else if (io->kind != AVS_IO_CALLBACKS) result = memory_seek(io, offset, whence);
  else if (io->flags & AVS_IO_SEEK) result = callbacks_seek(io, offset, whence);
  if (result < 0 && whence == SEEK_SET) refuse_seek(who_seeks(io), offset);
  return result < 0 ? result : result - io->base;
}

/* Decrypted data can only be read from its beginning to its end. */
static int64_t seek(void *opaque, int64_t offset, int whence) {
  struct io *io = opaque;
  return io->decipher ? AVERROR(ESPIPE) : io_seek(io, offset, whence);
}

/*
 * libavformat takes the position where it begins to read for byte 0 of the media. So if an I/O context was read from before,
 * its positions are shifted while an input uses it.
 */
void io_rebase(struct io *io, int64_t base) {
  io->context->pos -= base - io->base;
  io->base = base;
}

/* ---------------------------------------------------------------------------------------- life */

static AVIOContext *new_context(struct io *io, uint32_t buffer_size) {
  uint8_t *buffer = av_malloc(buffer_size);
  if (!buffer) return NULL;
  bool memory = io->kind != AVS_IO_CALLBACKS;
  int writable = (io->flags & AVS_IO_WRITE) != 0;
  AVIOContext *context = avio_alloc_context(buffer, (int)buffer_size, writable, io,
                                            context_read, memory ? memory_write : NULL, seek);
  if (!context) {
    av_free(buffer);
    return NULL;
  }
  if (!memory && writable) context->write_data_type = callbacks_write;
  /* Otherwise each boundary point would flush: flv has one per packet. */
  context->ignore_boundary_point = !(io->flags & AVS_IO_DIRECT);
  context->seekable = io->flags & AVS_IO_SEEK ? AVIO_SEEKABLE_NORMAL : 0;
  /* The flush points that muxers set after each packet are ignored until the buffer has so many bytes. */
  context->min_packet_size = io->flags & AVS_IO_DIRECT ? 0 : (int)buffer_size;
  return context;
}

static struct io *stand_in(struct channel *channel, const struct io *output, uint32_t flags) {
  enum { BUFFER_SIZE = 64 * 1024 };
  struct io *io = calloc(1, sizeof(*io));
  if (!io) return NULL;
  io->channel = channel;
  io->kind = MEMORY_COPY;
  io->copied = output;
  io->flags = flags;
  io->context = new_context(io, BUFFER_SIZE);
  if (!io->context) {
    io_free(io);
    return NULL;
  }
  io->stands_in = true;
  io->next = channel->stand_ins;
  channel->stand_ins = io;
  return io;
}

struct io *io_stand_in(struct channel *channel, const struct io *output) {
  return stand_in(channel, output, AVS_IO_READ | AVS_IO_SEEK);
}

struct io *io_over_bytes(struct channel *channel, const uint8_t *bytes, size_t size) {
  struct io *io = stand_in(channel, NULL, AVS_IO_READ | AVS_IO_SEEK);
  if (!io) return NULL;
  io->copied = io;
  if (memory_store(&io->memory, 0, bytes, size)) return io;
  io_free(io);
  return NULL;
}

struct io *io_discard(struct channel *channel) { return stand_in(channel, NULL, AVS_IO_WRITE | AVS_IO_SEEK); }

/* With the lock held: whether libavformat waits for something to be opened. */
static bool is_opening(const struct channel *channel) {
  const struct io *opener = channel->opener;
  return opener && is_pending(opener) && opener->request.kind == AVS_REQUEST_OPEN && !channel->canceled;
}

/* Whether no operation uses I/O contexts now: none runs, or it waits for something to be opened. */
static bool is_quiet(struct channel *channel) {
  channel_lock(channel);
  bool quiet = !channel->running || is_opening(channel);
  channel_unlock(channel);
  return quiet;
}

/* While an operation runs, I/O contexts can be added only to answer an open request. */
static bool add(struct channel *channel, struct io *io) {
  channel_lock(channel);
  io->offered = is_opening(channel);
  bool can = (!channel->running || io->offered) && handle_new(&channel->isolate->handles, &io->object, KIND_IO);
  if (can) {
    io->next = channel->ios;
    channel->ios = io;
    if (io->kind == AVS_IO_OPENER) channel->opener = io;
    if (io->kind == AVS_IO_TRANSFORMER) channel->transformer = io;
  }
  channel_unlock(channel);
  return can;
}

static struct io *new_io(double session, uint32_t kind, uint32_t flags, uint32_t buffer_size) {
  struct channel *channel = find_channel(session);
  if (!channel || buffer_size < 1 || buffer_size > INT32_MAX) return NULL;
  struct io *io = calloc(1, sizeof(*io));
  if (!io) return NULL;
  io->channel = channel;
  io->kind = kind;
  io->flags = flags;
  io->go_to = -1;
  bool has_no_context = kind == AVS_IO_OPENER || kind == AVS_IO_TRANSFORMER;
  if (has_no_context || (io->context = new_context(io, buffer_size))) return io;
  free(io);
  return NULL;
}

/* Returns its handle; 0 if it can't be added. */
static double add_or_free(struct io *io) {
  if (add(io->channel, io)) return io->object.handle;
  io_free(io);
  return 0;
}

double avs_io_new(double session, uint32_t kind, uint32_t flags, uint32_t buffer_size) {
  struct io *io = kind <= AVS_IO_TRANSFORMER ? new_io(session, kind, flags, buffer_size) : NULL;
  return io ? add_or_free(io) : 0;
}

double avs_io_new_copy(double session, const uint8_t *bytes, uint32_t size, uint32_t buffer_size) {
  struct io *io = new_io(session, MEMORY_COPY, AVS_IO_READ | AVS_IO_SEEK, buffer_size);
  if (!io) return 0;
  io->copied = io;
  if (memory_store(&io->memory, 0, bytes, size)) return add_or_free(io);
  io_free(io);
  return 0;
}

struct io *find_io(double handle) {
  struct isolate *isolate = this_isolate();
  return isolate ? (struct io *)handle_find(&isolate->handles, handle, KIND_IO) : NULL;
}

struct io *io_of(struct channel *channel, double handle) {
  channel_lock(channel);
  struct io *io = channel->ios;
  while (io && io->object.handle != handle) io = io->next;
  channel_unlock(channel);
  return io && io->context ? io : NULL;
}

static void unlink_from(struct io **list, const struct io *io) {
  while (*list && *list != io) list = &(*list)->next;
  if (*list) *list = io->next;
}

void io_unlink(struct io *io) { unlink_from(&io->channel->ios, io); }

/* Stand-ins that read from this I/O context have nothing more to read. */
static void forget_copied(const struct io *io) {
  for (struct io *reader = io->channel->stand_ins; reader; reader = reader->next)
    if (reader->copied == io) reader->copied = NULL;
}

/* libavformat may have replaced the buffer; avio_context_free() does not free it. */
void io_free(struct io *io) {
  if (io->stands_in) unlink_from(&io->channel->stand_ins, io);
  forget_copied(io);
  if (io->context) av_freep(&io->context->buffer);
  avio_context_free(&io->context);
  decipher_free(io->decipher);
  av_free(io->url);
  location_free(&io->location);
  memory_free(&io->memory);
  memory_free(&io->kept.memory);
  memory_free(&io->head.bytes);
  behind_free(io);
  ahead_free(&io->ahead);
  free(io);
}

/* Whether an input or output reads or writes through it. */
static bool is_used(const struct io *io) { return io->used || io->nested || !io->context; }

static void *location_below(void *context, void *before) {
  struct io *io = ((AVIOContext *)context)->opaque;
  return before ? NULL : &io->location;
}

static const AVClass located_class = {.class_name = "AVIOContext",
                                      .item_name = av_default_item_name,
                                      .child_next = location_below,
                                      .version = LIBAVUTIL_VERSION_INT};

int32_t avs_io_locate(double handle, const char *url, uint32_t size) {
  struct io *io = find_io(handle);
  if (!io || !io->context) return AVERROR(EBADF);
  if (!is_quiet(io->channel) || is_used(io)) return AVERROR(EBUSY);
  int result = location_set(&io->location, url, size);
  if (result >= 0) io->context->av_class = &located_class;
  return result;
}

int32_t avs_io_close(double handle) {
  struct io *io = find_io(handle);
  if (!io) return AVERROR(EBADF);
  struct channel *channel = io->channel;
  if (channel->running) return AVERROR(EBUSY); /* checked first: the session's thread changes the rest */
  if (is_used(io) || (io->behind.first && !channel->canceled)) return AVERROR(EBUSY);
  channel_lock(channel);
  io_unlink(io);
  handle_free(&channel->isolate->handles, &io->object);
  channel_unlock(channel);
  io_free(io);
  return 0;
}

void drain_writes(struct channel *channel) {
  for (struct io *io = channel->ios; io; io = io->next) behind_drain(io);
}

/* ---------------------------------------------------------------------------------------- saving and restoring */

static size_t copy_piece(uint8_t *out, size_t at, const uint8_t *data, size_t size) {
  if (out && size) memcpy(out + at, data, size);
  return at + size;
}

/*
 * Copies what is buffered, in the order of positions, unless `out` is NULL; returns the number of bytes. `is_out`: the session's
 * thread is running, and the AVIOContext and its buffer belong to that thread.
 */
static size_t copy_buffered(const struct io *io, bool is_out, uint8_t *out) {
  const AVIOContext *context = io->context;
  const uint8_t *end = context->buf_ptr > context->buf_ptr_max ? context->buf_ptr : context->buf_ptr_max;
  size_t size = 0;
  if (io->flags & AVS_IO_WRITE) {
    size = behind_copy(io, out);
    return is_out ? size : copy_piece(out, size, context->buffer, (size_t)(end - context->buffer));
  }
  if (!is_out) size = copy_piece(out, 0, context->buf_ptr, (size_t)(context->buf_end - context->buf_ptr));
  size_t left = ahead_left(&io->ahead);
  return left ? copy_piece(out, size, io->ahead.data + io->ahead.start, left) : size;
}

/* Whether libavformat has finished with it, and waits for JavaScript to close it. */
static bool is_closing(const struct io *io) { return is_pending(io) && io->request.kind == AVS_REQUEST_CLOSE; }

static bool can_be_saved(const struct io *io) {
  const struct channel *channel = io->channel;
  if (is_closing(io)) return true;
  return !channel->called && !io->nested && ((!channel->running && !is_pending(io)) || channel->canceled);
}

static int32_t save(const struct io *io, double *state, uint8_t *out, uint32_t capacity) {
  bool is_out = io->channel->out && !is_closing(io);
  size_t size = copy_buffered(io, is_out, NULL);
  if (size > INT32_MAX) return AVERROR(ENOMEM);
  if (size <= capacity) copy_buffered(io, is_out, out);
  int64_t device = io->kind == AVS_IO_CALLBACKS ? io->device : io->position;
  int64_t position = device + (int64_t)size;
  if (!(io->flags & AVS_IO_WRITE)) position = device - (int64_t)size;
  else if (!is_out) position = avio_tell(io->context); /* it may be inside the buffer */
  state[AVS_SAVED_POSITION] = (double)position;
  state[AVS_SAVED_DEVICE] = (double)device;
  return (int32_t)size;
}

int32_t avs_io_save(double handle, double *state, uint8_t *out, uint32_t capacity) {
  struct io *io = find_io(handle);
  if (!io || !io->context) return AVERROR(EBADF);
  struct channel *channel = io->channel;
  channel_lock(channel);
  int32_t result = can_be_saved(io) ? save(io, state, out, capacity) : AVERROR(EBUSY);
  channel_unlock(channel);
  return result;
}

/* If the data fills the buffer, it gets one byte more: it is flushed only when a byte is added. */
static int restore_written(struct io *io, const uint8_t *data, uint32_t size) {
  AVIOContext *context = io->context;
  if (size > (uint32_t)context->buffer_size) return AVERROR(EINVAL);
  if (size == (uint32_t)context->buffer_size) {
    uint8_t *buffer = av_realloc(context->buffer, (size_t)size + 1);
    if (!buffer) return AVERROR(ENOMEM);
    context->buffer = context->buf_ptr = context->buf_ptr_max = buffer;
    context->buffer_size++;
    context->buf_end = buffer + context->buffer_size;
  }
  if (size) memcpy(context->buffer, data, size);
  context->buf_ptr += size;
  return 0;
}

static bool was_used(const struct io *io) {
  const AVIOContext *context = io->context;
  return is_used(io) || context->pos || io->position ||
         context->buf_ptr != context->buffer || ahead_left(&io->ahead) || io->transferred || io->end;
}

int32_t avs_io_restore(double handle, double position, const uint8_t *data, uint32_t size) {
  enum { MAX = 1 << 30 };
  struct io *io = find_io(handle);
  if (!io || !io->context) return AVERROR(EBADF);
  if (!is_quiet(io->channel)) return AVERROR(EBUSY);
  if (was_used(io) || !(position >= 0 && position < (double)EXACT_DOUBLE) || size > MAX) return AVERROR(EINVAL);
  int result = 0;
  bool reads_callbacks = io->kind == AVS_IO_CALLBACKS && !(io->flags & AVS_IO_WRITE);
  if (io->flags & AVS_IO_WRITE) result = restore_written(io, data, size);
  else if (reads_callbacks && !ahead_add(&io->ahead, data, size)) result = AVERROR(ENOMEM);
  if (result < 0) return result;
  io->position = io->device = io->context->pos = (int64_t)position;
  if (reads_callbacks) io->device += size;
  if (io->flags & AVS_IO_LATE_SEEK) io->go_to = io->device; /* its device is a new one, at its start */
  if (io->flags & AVS_IO_WRITE) io->end = io->position;
  return 0;
}

/* The operation that runs, or else the next one. */
static int64_t first_operation(const struct channel *channel) { return channel->operations + (channel->running ? 0 : 1); }

int32_t avs_io_begin(double handle, double size, const uint8_t *bytes, uint32_t count) {
  struct io *io = find_io(handle);
  if (!io || io->kind != AVS_IO_CALLBACKS || io->flags & AVS_IO_WRITE) return AVERROR(EBADF);
  if (count && !(io->flags & AVS_IO_LATE_SEEK)) return AVERROR(EINVAL);
  if (!is_quiet(io->channel) || was_used(io)) return AVERROR(EBUSY);
  int64_t operation = first_operation(io->channel);
  if (count && !memory_store(&io->head.bytes, 0, bytes, count)) return AVERROR(ENOMEM);
  if (count) io->go_to = 0;
  io->head.operation = operation;
  if (size >= 0 && size < (double)EXACT_DOUBLE) {
    io->size.result = (int64_t)size;
    io->size.operation = operation;
  }
  return 0;
}

/* ---------------------------------------------------------------------------------------- reading memory outputs */

/*
 * Nothing is written after an operation, or while the operation waits for this output to be closed. In a canceled session
 * the thread may still write, under the lock.
 */
static bool can_be_read(const struct io *io) {
  const struct channel *channel = io->channel;
  return !channel->running || channel->canceled || is_closing(io);
}

static double copy_memory(const struct io *io, double offset, uint8_t *out, uint32_t size) {
  const struct memory *memory = &io->memory;
  if (!can_be_read(io)) return AVERROR(EBUSY);
  if (!out) return (double)memory->size;
  if (!(offset >= 0) || offset > (double)memory->size || size > memory->size - (size_t)offset) return AVERROR(EINVAL);
  memory_fetch(memory, (size_t)offset, out, size);
  return 0;
}

static double locked_copy(double handle, double offset, uint8_t *out, uint32_t size) {
  struct io *io = find_io(handle);
  if (!io) return AVERROR(EBADF);
  channel_lock(io->channel);
  double result = copy_memory(io, offset, out, size);
  channel_unlock(io->channel);
  return result;
}

double avs_memory_size(double handle) { return locked_copy(handle, 0, NULL, 0); }

int32_t avs_memory_read(double handle, double offset, uint8_t *out, uint32_t size) {
  return out ? (int32_t)locked_copy(handle, offset, out, size) : 0;
}
