/*
 * io.c - AVIOContext over callbacks of JavaScript, over memory lent by JavaScript, and into memory of our
 * own (memory.c); and avio_read, avio_write, avio_seek, avio_size and avio_flush on them as operations.
 */
#include "internal.h"

enum { MEMORY_COPY = 100 }; /* a kind of I/O context that JavaScript does not make */

/* ---------------------------------------------------------------------------------------- callbacks */

/* More than a playlist of playlists needs; one that names itself has no end. */
enum { MOST_OPENS = 2000 };

bool opening_exceeds(struct session *session, int64_t bytes, int opens) {
  if (!session->opening.running) return false;
  session->opening.bytes += bytes;
  session->opening.opens += opens;
  bool too_much = session->opening.most_bytes && session->opening.bytes > session->opening.most_bytes;
  if (too_much || session->opening.opens > MOST_OPENS) session->opening.exceeded = true;
  return session->opening.exceeded;
}

int io_read(struct io *io, uint8_t *buffer, int size) {
  struct request read = {.kind = AVS_REQUEST_READ, .read_into = buffer, .size = size};
  worker_lock(io->session);
  int64_t result = (int64_t)ahead_take(&io->ahead, buffer, (size_t)size);
  worker_unlock(io->session);
  if (result == 0) result = request(io, read, size, 0, 0);
  /* 0 must not reach libavformat: mkv, flv, avi and wav would ask again for ever. */
  if (result == 0) return AVERROR_EOF;
  if (result < 0) return (int)result;
  io->position += result;
  io->transferred += result;
  return opening_exceeds(io->session, result, 0) ? AVERROR(EMSGSIZE) : (int)result;
}

static int callbacks_read(void *opaque, uint8_t *buffer, int size) {
  struct io *io = opaque;
  return io->decipher ? decipher_read(io->decipher, io, buffer, size) : io_read(io, buffer, size);
}

static void note_written(struct io *io, int size) {
  io->position += size;
  if (io->position > io->end) io->end = io->position;
}

static int callbacks_write(void *opaque, avs_write_bytes *buffer, int size, enum AVIODataMarkerType type,
                           int64_t time) {
  struct io *io = opaque;
  struct request write = {.kind = AVS_REQUEST_WRITE, .written = buffer, .size = size, .time = time};
  bool waits = io->flags & AVS_IO_DIRECT || !on_worker(io->session);
  int64_t result = waits ? request(io, write, size, (double)io->position, type)
                         : write_behind(io, buffer, (size_t)size, type, time);
  if (result < 0) return (int)result;
  note_written(io, size);
  return size;
}

/* ---------------------------------------------------------------------------------------- memory */

static void note_read(struct io *io, int size) {
  worker_lock(io->session); /* for avs_io_save() */
  io->position += size;
  io->transferred += size;
  worker_unlock(io->session);
}

/* What a muxer has written, for one that goes over it again; or an input's own copy. */
static int copy_read(void *opaque, uint8_t *buffer, int size) {
  struct io *io = opaque;
  if (io->copied) size = (int)memory_fetch(&io->copied->memory, (size_t)io->position, buffer, (size_t)size);
  else size = 0;
  if (!size) return AVERROR_EOF;
  note_read(io, size);
  return opening_exceeds(io->session, size, 0) ? AVERROR(EMSGSIZE) : size;
}

static int memory_read(void *opaque, uint8_t *buffer, int size) {
  enum { MOST = 64 * 1024 }; /* libavformat may ask for 16 MB ahead, and mostly not want them */
  struct io *io = opaque;
  struct session *session = io->session;
  if (size > MOST) size = MOST;
  if (io->position >= (int64_t)session->source_size) return AVERROR_EOF;
  int64_t left = (int64_t)session->source_size - io->position;
  if (size > left) size = (int)left;
  memcpy(buffer, session->source + io->position, (size_t)size);
  note_read(io, size);
  return opening_exceeds(session, size, 0) ? AVERROR(EMSGSIZE) : size;
}

static int memory_write(void *opaque, avs_write_bytes *buffer, int size) {
  struct io *io = opaque;
  worker_lock(io->session); /* whoever has canceled it may look at what is there */
  bool stored = memory_store(&io->memory, (size_t)io->position, buffer, (size_t)size);
  if (stored) note_written(io, size);
  worker_unlock(io->session);
  if (stored) return size;
  session_fail(io->session, AVERROR(ENOMEM));
  return AVERROR(ENOMEM);
}

/* ---------------------------------------------------------------------------------------- seeking */

static int64_t memory_total(const struct io *io) {
  if (io->kind == MEMORY_COPY) return io->copied ? (int64_t)io->copied->memory.size : 0;
  return (int64_t)(io->kind == AVS_IO_MEMORY_INPUT ? io->session->source_size : io->memory.size);
}

static int64_t memory_seek(struct io *io, int64_t offset, int whence) {
  if (whence == AVSEEK_SIZE) return memory_total(io);
  int64_t target = whence == SEEK_END ? av_sat_add64(memory_total(io), offset) : offset;
  if (target < 0) return AVERROR(EINVAL);
  worker_lock(io->session);
  io->position = target;
  worker_unlock(io->session);
  return target;
}

static int64_t callbacks_seek(struct io *io, int64_t offset, int whence) {
  struct request seek = {.kind = AVS_REQUEST_SEEK, .whence = whence};
  worker_lock(io->session);
  bool inside = whence == SEEK_SET && ahead_move(&io->ahead, av_sat_sub64(offset, io->position));
  worker_unlock(io->session);
  if (inside) return io->position = offset;
  int64_t result = request(io, seek, (double)offset, whence, 0);
  if (result < 0 || whence == AVSEEK_SIZE) return result; /* and what was read ahead is still what comes next */
  return io->position = result;
}

static void note_refused_seek(struct io *io, int64_t offset) {
  struct session *session = io->session;
  bool *refused = io->context->write_flag ? &session->sink_seek_refused : &session->source_seek_refused;
  if (*refused) return;
  *refused = true;
  session->seek_target = offset;
}

/*
 * Always set, although `seekable` says whether it works: libavformat calls it when it must get back to what is
 * no longer in the buffer, and most muxers ignore that this failed. So it is noted, and the operation fails.
 */
int64_t io_seek(struct io *io, int64_t offset, int whence) {
  whence &= ~AVSEEK_FORCE;
  if (whence == SEEK_SET) offset = av_sat_add64(offset, io->base); /* a file may say any number */
  int64_t result = AVERROR(ESPIPE);
  if (io->kind != AVS_IO_CALLBACKS) result = memory_seek(io, offset, whence);
  else if (io->flags & AVS_IO_SEEK) result = callbacks_seek(io, offset, whence);
  if (result < 0 && whence == SEEK_SET) note_refused_seek(io, offset);
  return result < 0 ? result : result - io->base;
}

static int64_t seek(void *opaque, int64_t offset, int whence) { return io_seek(opaque, offset, whence); }

/*
 * libavformat takes the place where it begins to read for byte 0 of the media. So an I/O context that was read from
 * before gets its positions moved, until it is given back.
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
  int (*read)(void *, uint8_t *, int) = !memory                        ? callbacks_read
                                        : io->kind == MEMORY_COPY     ? copy_read
                                                                         : memory_read;
  int writable = (io->flags & AVS_IO_WRITE) != 0;
  AVIOContext *context = avio_alloc_context(buffer, (int)buffer_size, writable, io,
                                            read, memory ? memory_write : NULL, seek);
  if (!context) {
    av_free(buffer);
    return NULL;
  }
  if (!memory && writable) context->write_data_type = callbacks_write;
  /* Each boundary would flush: flv has one per packet. */
  context->ignore_boundary_point = !(io->flags & AVS_IO_DIRECT);
  context->seekable = io->flags & AVS_IO_SEEK ? AVIO_SEEKABLE_NORMAL : 0;
  /* The flush points that muxers set after each packet count from this fill on. */
  context->min_packet_size = io->flags & AVS_IO_DIRECT ? 0 : (int)buffer_size;
  return context;
}

static struct io *stand_in(struct session *session, const struct io *output, uint32_t flags) {
  enum { BUFFER_SIZE = 64 * 1024 };
  struct io *io = calloc(1, sizeof(*io));
  if (!io) return NULL;
  io->session = session;
  io->kind = MEMORY_COPY;
  io->copied = output;
  io->flags = flags;
  io->context = new_context(io, BUFFER_SIZE);
  if (io->context) return io;
  io_free(io);
  return NULL;
}

struct io *io_stand_in(struct session *session, const struct io *output) {
  return stand_in(session, output, AVS_IO_READ | AVS_IO_SEEK);
}

struct io *io_discard(struct session *session) { return stand_in(session, NULL, AVS_IO_WRITE | AVS_IO_SEEK); }

/* While an operation runs, only what libavformat waits to have opened. */
static bool can_add(const struct session *session) {
  if (!session->running) return true;
  const struct request *open = session->opener ? &session->opener->request : NULL;
  return open && open->kind == AVS_REQUEST_OPEN && !open->answered && !session->canceled;
}

static bool add(struct session *session, struct io *io) {
  worker_lock(session);
  bool can = can_add(session) && handle_new(&io->object, KIND_IO);
  if (can) {
    io->next = session->ios;
    session->ios = io;
    if (io->kind == AVS_IO_OPENER) session->opener = io;
    if (io->kind == AVS_IO_TRANSFORMER) session->transformer = io;
  }
  worker_unlock(session);
  return can;
}

double avs_io_new(double session_handle, uint32_t kind, uint32_t flags, uint32_t buffer_size) {
  struct session *session = find_session(session_handle);
  if (!session || buffer_size < 1 || buffer_size > INT32_MAX || kind > AVS_IO_TRANSFORMER) return 0;
  struct io *io = calloc(1, sizeof(*io));
  if (!io) return 0;
  io->session = session;
  io->kind = kind;
  io->flags = flags;
  bool has_context = kind < AVS_IO_OPENER;
  if (has_context) io->context = new_context(io, buffer_size);
  if ((io->context || !has_context) && add(session, io)) return io->object.handle;
  io_free(io);
  return 0;
}

void unlink_io(struct io *io) {
  struct io **link = &io->session->ios;
  while (*link != io) link = &(*link)->next;
  *link = io->next;
}

/* The buffer is whatever libavformat has put there since: avio_context_free() does not free it. */
void io_free(struct io *io) {
  if (io->context) av_freep(&io->context->buffer);
  avio_context_free(&io->context);
  decipher_free(io->decipher);
  av_free(io->url);
  memory_free(&io->memory);
  write_behind_free(io);
  free(io->ahead.data);
  free(io);
}

int32_t avs_io_close(double handle) {
  struct io *io = find_io(handle);
  if (!io) return AVERROR(EBADF);
  struct session *session = io->session;
  if (session->running) return AVERROR(EBUSY); /* first: its thread changes the rest */
  bool used = io == session->input_io || io == session->output_io || io->nested || !io->context;
  if (used || (io->behind.first && !session->canceled)) return AVERROR(EBUSY);
  worker_lock(session);
  unlink_io(io);
  handle_free(&io->object);
  worker_unlock(session);
  io_free(io);
  return 0;
}

double avs_io_new_copy(double session_handle, const uint8_t *bytes, uint32_t size, uint32_t buffer_size) {
  struct session *session = find_session(session_handle);
  if (!session || buffer_size < 1 || buffer_size > INT32_MAX) return 0;
  struct io *io = calloc(1, sizeof(*io));
  if (!io) return 0;
  io->session = session;
  io->kind = MEMORY_COPY;
  io->flags = AVS_IO_READ | AVS_IO_SEEK;
  io->copied = io;
  io->context = new_context(io, buffer_size);
  if (io->context && memory_store(&io->memory, 0, bytes, size) && add(session, io)) return io->object.handle;
  io_free(io);
  return 0;
}

/* ---------------------------------------------------------------------------------------- handing over */

static size_t copy_piece(uint8_t *out, size_t at, const uint8_t *data, size_t size) {
  if (out && size) memcpy(out + at, data, size);
  return at + size;
}

/*
 * What is buffered, in the order of its positions: copied where `out` is not NULL; how many bytes. While the session's
 * thread is out, the AVIOContext and its buffer are that thread's.
 */
static size_t copy_buffered(const struct io *io, bool is_out, uint8_t *out) {
  const AVIOContext *context = io->context;
  const uint8_t *end = context->buf_ptr > context->buf_ptr_max ? context->buf_ptr : context->buf_ptr_max;
  size_t size = 0;
  if (io->flags & AVS_IO_WRITE) {
    size = write_behind_copy(io, out);
    return is_out ? size : copy_piece(out, size, context->buffer, (size_t)(end - context->buffer));
  }
  if (!is_out) size = copy_piece(out, 0, context->buf_ptr, (size_t)(context->buf_end - context->buf_ptr));
  return copy_piece(out, size, io->ahead.data + io->ahead.start, ahead_left(&io->ahead));
}

static int32_t save(const struct io *io, double *state, uint8_t *out, uint32_t capacity) {
  bool is_out = worker_is_out(io->session);
  size_t size = copy_buffered(io, is_out, NULL);
  if (size > INT32_MAX) return AVERROR(ENOMEM);
  if (size <= capacity) copy_buffered(io, is_out, out);
  int64_t device = io->kind == AVS_IO_CALLBACKS ? io->device : io->position;
  int64_t position = device + (int64_t)size;
  if (!(io->flags & AVS_IO_WRITE)) position = device - (int64_t)size;
  else if (!is_out) position = avio_tell(io->context); /* which may be among what is buffered */
  state[AVS_SAVED_POSITION] = (double)position;
  state[AVS_SAVED_DEVICE] = (double)device;
  return (int32_t)size;
}

int32_t avs_io_save(double handle, double *state, uint8_t *out, uint32_t capacity) {
  struct io *io = find_io(handle);
  if (!io || !io->context) return AVERROR(EBADF);
  struct session *session = io->session;
  bool busy = session->called || io->nested || ((session->running || io->behind.first) && !session->canceled);
  if (busy) return AVERROR(EBUSY);
  worker_lock(session);
  int32_t result = save(io, state, out, capacity);
  worker_unlock(session);
  return result;
}

/* Full to the last byte, a buffer would have no room for the one that flushes it. */
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
  const struct session *session = io->session;
  return io->nested || io == session->input_io || io == session->output_io || context->pos || io->position ||
         context->buf_ptr != context->buffer || ahead_left(&io->ahead) || io->transferred || io->end;
}

int32_t avs_io_restore(double handle, double position, const uint8_t *data, uint32_t size) {
  enum { MOST = 1 << 30 };
  struct io *io = find_io(handle);
  if (!io || !io->context) return AVERROR(EBADF);
  if (io->session->running) return AVERROR(EBUSY);
  if (was_used(io) || !(position >= 0 && position < 9007199254740992.0) || size > MOST) return AVERROR(EINVAL);
  int result = 0;
  bool reads_callbacks = io->kind == AVS_IO_CALLBACKS && !(io->flags & AVS_IO_WRITE);
  if (io->flags & AVS_IO_WRITE) result = restore_written(io, data, size);
  else if (reads_callbacks && !ahead_keep(&io->ahead, data, size)) result = AVERROR(ENOMEM);
  if (result < 0) return result;
  io->position = io->device = io->context->pos = (int64_t)position;
  if (reads_callbacks) io->device += size;
  if (io->flags & AVS_IO_WRITE) io->end = io->position;
  return 0;
}

/* ---------------------------------------------------------------------------------------- operations */

struct io *io_of_slot(struct session *session, const double *slot) {
  struct io *io = session->ios; /* not find_io(): this may be the session's own thread */
  while (io && (double)io->object.handle != slot[1]) io = io->next;
  return io && io->context ? io : NULL;
}

int io_op_read(struct session *session, double *slot, uint8_t *data, size_t size) {
  struct io *io = io_of_slot(session, slot);
  if (!io) return AVERROR(EBADF);
  if (io->context->write_flag) return AVERROR(EINVAL);
  slot[1] = 0;
  int result = avio_read(io->context, data, size > INT32_MAX ? INT32_MAX : (int)size);
  if (result == AVERROR_EOF) return 0;
  if (result > 0) slot[1] = result;
  return result < 0 ? result : 0;
}

/* avio_write() tells nothing: an error is in the context. */
static int io_error(struct io *io) {
  int error = io->context->error;
  return error < 0 ? error : 0;
}

int io_op_write(struct session *session, double *slot, uint8_t *data, size_t size) {
  struct io *io = io_of_slot(session, slot);
  if (!io) return AVERROR(EBADF);
  if (size > INT32_MAX || !io->context->write_flag) return AVERROR(EINVAL);
  avio_write(io->context, data, (int)size);
  return io_error(io);
}

int io_op_seek(struct session *session, double *slot, uint8_t *data, size_t size) {
  (void)data, (void)size;
  struct io *io = io_of_slot(session, slot);
  if (!io) return AVERROR(EBADF);
  if (isnan(slot[2])) return AVERROR(EINVAL);
  int64_t position, offset = to_timestamp(slot[2]);
  if (slot[3] == SEEK_END) { /* avio_seek() does not know it */
    int64_t total = avio_size(io->context);
    position = total < 0 ? total : avio_seek(io->context, av_sat_add64(total, offset), SEEK_SET);
  } else {
    position = avio_seek(io->context, offset, to_int(slot[3]));
  }
  if (position < 0) return (int)position;
  slot[1] = (double)position;
  return 0;
}

int io_op_size(struct session *session, double *slot, uint8_t *data, size_t size) {
  (void)data, (void)size;
  struct io *io = io_of_slot(session, slot);
  if (!io) return AVERROR(EBADF);
  int64_t total = avio_size(io->context);
  if (total < 0) return (int)total;
  slot[1] = (double)total;
  return 0;
}

int io_op_flush(struct session *session, double *slot, uint8_t *data, size_t size) {
  (void)data, (void)size;
  struct io *io = io_of_slot(session, slot);
  if (!io) return AVERROR(EBADF);
  avio_flush(io->context);
  return io_error(io);
}
