#include "request.h"

#include <math.h>
#include <string.h>

#include "escape.h"
#include "io.h"
#include "numbers.h"

bool is_pending(const struct io *io) { return io->pending; }

void request_begin(struct io *io, const struct request *request) {
  io->request = *request;
  io->request.result = AVERROR_EXTERNAL;
  io->pending = true;
}

/* On the isolate's own thread: calls the client's callback. */
static void run_callback(struct io *io, double a, double b, double c) {
  struct channel *channel = io->channel;
  avs_callback callback = channel->client->callback;
  if (!callback) return;
  if (channel->source) { /* no request while bytes are lent: JavaScript could detach them meanwhile */
    io->request.result = io->request.kind == AVS_REQUEST_OPEN ? AVERROR(EPERM) : AVERROR_BUG;
    return;
  }
  /* JavaScript may run other sessions meanwhile, which have their own logs; and no longjmp() may cross its frames. */
  struct channel *entered = channel_enter(NULL);
  jmp_buf *target = escape_to(NULL);
  channel_unlock(channel);
  callback(channel->object.handle, io->object.handle, io->request.kind, a, b, c);
  channel_lock(channel);
  escape_to(target);
  channel_enter(entered);
}

static bool is_answered(const void *opaque) { return !((const struct io *)opaque)->pending; }

void request_forget(struct io *io) {
  io->request = (struct request){0};
  io->pending = false;
}

bool request_wait(struct io *io) {
  if (io->pending) {
    channel_post_packets(io->channel);
    channel_unlock(io->channel);
    spin(is_answered, io);
    channel_lock(io->channel);
  }
  while (io->pending && channel_wait(io->channel)) continue;
  return !io->pending;
}

static int64_t make_request(struct io *io, const struct request *request, double a, double b, double c) {
  struct channel *channel = io->channel;
  bool own_thread = is_own_thread(channel);
  int64_t result = AVERROR_EXIT;
  channel_lock(channel);
  while (io->behind.first && channel_wait(channel)) continue; /* requests are made in the order of the calls */
  if (own_thread && io->request.ahead) request_wait(io);
  if (!is_pending(io) && !channel->canceled) {
    request_begin(io, request);
    if (own_thread) channel_post(channel, io->object.handle, request->kind, a, b, c);
    else run_callback(io, a, b, c);
    if (!own_thread || request_wait(io)) result = io->request.result;
    request_forget(io);
  }
  channel_unlock(channel);
  return result;
}

int64_t request(struct io *io, struct request request, double a, double b, double c) {
  struct channel *channel = io->channel;
  if (channel->failed) return channel->failed;
  channel->requests++;
  int64_t result = make_request(io, &request, a, b, c);
  /* A seek or a nested open may be refused; any other error ends the session. */
  bool can_refuse = request.kind == AVS_REQUEST_SEEK || request.kind == AVS_REQUEST_OPEN;
  bool refused = can_refuse && result != AVERROR_EXTERNAL && result != AVERROR_EXIT;
  if (result < 0 && !refused) channel_fail(channel, result);
  return result;
}

/* ---------------------------------------------------------------------------------------- prefetching */

void request_ahead(struct io *io, int64_t size) {
  enum { MAX_AHEAD = 1024 * 1024, FULL_READS = 2 };
  const struct channel *channel = io->channel;
  int64_t left = (int64_t)ahead_left(&io->ahead);
  /* Not for nested I/O contexts: prefetched bytes would be lost for the IOContext of the program behind it. */
  bool can = channel->prefetches && !io->nested && !channel->failed && !channel->canceled && !is_pending(io) && is_own_thread(channel);
  if (!can || io->full_reads < FULL_READS || io->is_over || left >= size || left >= MAX_AHEAD) return;
  if (size > MAX_AHEAD - left) size = MAX_AHEAD - left;
  struct request read = {.kind = AVS_REQUEST_READ, .ahead = true, .size = size};
  request_begin(io, &read);
  channel_post(io->channel, io->object.handle, AVS_REQUEST_READ, (double)size, -1, 0);
}

void request_forget_ahead(struct io *io, int64_t position) {
  ahead_forget(&io->ahead);
  io->is_over = false;
  io->full_reads = 0;
  io->device = position;
}

/* The end, or an error, takes effect when reading gets there. */
static void ahead_answered(struct io *io) {
  if (io->request.result <= 0) {
    io->is_over = true;
    io->over_result = io->request.result;
  }
  request_forget(io);
}

/* ---------------------------------------------------------------------------------------- answers */

/* Applies an answer to the open request; returns the result for JavaScript. */
typedef int32_t answer(struct io *io, void *opaque);

/*
 * Calls `answer` if a request of this kind (0: any) is open. `final`: this completes the request, and
 * wakes the session's thread.
 */
static int32_t answer_request(double handle, uint32_t kind, answer *answer, void *opaque, bool final) {
  struct io *io = find_io(handle);
  if (!io) return AVERROR(EBADF);
  struct channel *channel = io->channel;
  channel_lock(channel);
  bool open = io->pending && (!kind || io->request.kind == kind);
  int32_t result = open ? answer(io, opaque) : AVERROR(EINVAL);
  if (final && result >= 0) {
    io->pending = false;
    if (io->request.kind == AVS_REQUEST_CLOSE) handle_free(&channel->isolate->handles, &io->object);
    if (io->behind.first) behind_answered(io);
    else if (io->request.ahead) ahead_answered(io);
    channel_wake(channel);
  }
  channel_unlock(channel);
  return result;
}

/* JavaScript has taken the bytes of a write: the position of the device advances. */
static void note_taken(struct io *io) {
  if (!io->request.taken) io->device += io->request.size;
  io->request.taken = true;
}

/* A read is answered by avs_reply_read() instead. */
static int32_t set_result(struct io *io, void *opaque) {
  int64_t result = *(int64_t *)opaque;
  /* libavformat's errors are ints; and after EAGAIN its callers and ours try again, for ever. */
  if (result < INT32_MIN || result == AVERROR(EAGAIN)) result = AVERROR_EXTERNAL;
  struct request *request = &io->request;
  if (request->kind == AVS_REQUEST_READ && result > 0) return AVERROR(EINVAL);
  request->result = result;
  if (request->kind == AVS_REQUEST_WRITE && result >= 0) note_taken(io);
  if (request->kind == AVS_REQUEST_SEEK && request->whence != AVSEEK_SIZE && result >= 0) {
    request_forget_ahead(io, result);
  }
  return 0;
}

int32_t avs_reply(double handle, double result) {
  if (isnan(result)) return AVERROR(EINVAL);
  int64_t value = to_timestamp(result);
  return answer_request(handle, 0, set_result, &value, true);
}

struct bytes {
  const uint8_t *in;
  uint8_t *out;
  uint32_t size;
};

static int32_t copy_in(struct io *io, void *opaque) {
  const struct bytes *chunk = opaque;
  uint32_t requested = (uint32_t)io->request.size, wanted = io->request.ahead ? 0 : requested;
  uint32_t now = chunk->size < wanted ? chunk->size : wanted;
  if (!ahead_add(&io->ahead, chunk->in + now, chunk->size - now)) return AVERROR(ENOMEM);
  if (now) memcpy(io->request.read_into, chunk->in, now);
  io->request.result = io->request.ahead ? chunk->size : now;
  io->device += chunk->size;
  io->full_reads = chunk->size < requested ? 0 : io->full_reads + 1;
  return 0;
}

int32_t avs_reply_read(double handle, const uint8_t *chunk, uint32_t size) {
  struct bytes piece = {.in = chunk, .size = size};
  return answer_request(handle, AVS_REQUEST_READ, copy_in, &piece, true);
}

static int32_t copy_out(struct io *io, void *opaque) {
  const struct bytes *piece = opaque;
  if (!io->request.written || piece->size > io->request.size) return AVERROR(EINVAL);
  if (piece->size) memcpy(piece->out, io->request.written, piece->size);
  if (io->request.kind == AVS_REQUEST_WRITE) note_taken(io);
  return 0;
}

int32_t avs_take_write(double handle, uint8_t *out, uint32_t size) {
  struct bytes piece = {.out = out, .size = size};
  return answer_request(handle, 0, copy_out, &piece, false);
}

static int32_t get_time(struct io *io, void *opaque) {
  int64_t time = io->request.time;
  if (time != AV_NOPTS_VALUE) *(double *)opaque = (double)time / AV_TIME_BASE;
  return 0;
}

double avs_request_time(double handle) {
  double time = NAN;
  answer_request(handle, AVS_REQUEST_WRITE, get_time, &time, false);
  return time;
}
