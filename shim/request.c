/*
 * request.c - how C asks JavaScript for something and how the answer comes back. One request is open per
 * I/O context at most. Its result is preset to an error, so an answer that never comes is never a success.
 */
#include "internal.h"

/* On the isolate's own thread. */
static void ask_callback(struct io *io, double a, double b, double c) {
  struct session *session = io->session;
  avs_callback callback = session->isolate->callback;
  if (!callback) return;
  /* JavaScript may run other sessions meanwhile: their lines are theirs. */
  struct session *logging = log_to(NULL);
  callback(session->object.handle, io->object.handle, io->request.kind, a, b, c);
  log_to(logging);
}

static bool is_answered(const void *opaque) { return ((const struct io *)opaque)->request.answered; }

/* On the session's own: an event, and a wait for its answer. */
static void ask_by_event(struct io *io, double a, double b, double c) {
  worker_tell(io->session, io->object.handle, io->request.kind, a, b, c);
  worker_unlock(io->session);
  spin(is_answered, io);
  worker_lock(io->session);
  while (!io->request.answered && worker_wait(io->session)) continue;
  if (!io->request.answered) io->request.result = AVERROR_EXIT;
}

static int64_t ask(struct io *io, const struct request *request, double a, double b, double c) {
  struct session *session = io->session;
  bool own_thread = on_worker(session);
  int64_t result = AVERROR_EXIT;
  if (own_thread) worker_lock(session);
  while (io->behind.first && worker_wait(session)) continue; /* in the order of the calls */
  if (!io->behind.first) {
    io->request = *request;
    if (own_thread) ask_by_event(io, a, b, c);
    else ask_callback(io, a, b, c);
    result = io->request.result;
    io->request = (struct request){0}; /* late answers find nothing */
  }
  if (own_thread) worker_unlock(session);
  return result;
}

void session_fail(struct session *session, int64_t error) {
  long long none = 0;
  atomic_compare_exchange_strong(&session->failed, &none, error);
}

int64_t request(struct io *io, struct request request, double a, double b, double c) {
  struct session *session = io->session;
  if (session->failed) return session->failed;
  request.result = AVERROR_EXTERNAL;
  session->requests++;
  int64_t result = ask(io, &request, a, b, c);
  /* What can't be done is an answer for a seek or a nested open; everything else below zero ends the session. */
  bool can_refuse = request.kind == AVS_REQUEST_SEEK || request.kind == AVS_REQUEST_OPEN;
  bool refused = can_refuse && result != AVERROR_EXTERNAL && result != AVERROR_EXIT;
  if (result < 0 && !refused) session_fail(session, result);
  return result;
}

/* What an answer does with the open request; its result. */
typedef int32_t answer(struct io *io, void *opaque);

/* Calls `answer` where a request of this kind (0: any) is open. `final`: it is the answer, and whoever waits goes on. */
static int32_t answer_request(double handle, uint32_t kind, answer *answer, void *opaque, bool final) {
  struct io *io = find_io(handle);
  if (!io) return AVERROR(EBADF);
  worker_lock(io->session);
  bool open = io->request.kind && !io->request.answered && (!kind || io->request.kind == kind);
  int32_t result = open ? answer(io, opaque) : AVERROR(EINVAL);
  if (final && result >= 0) {
    io->request.answered = true;
    if (io->request.kind == AVS_REQUEST_CLOSE) handle_free(&io->object);
    if (io->behind.first) write_behind_answered(io);
    worker_wake(io->session);
  }
  worker_unlock(io->session);
  return result;
}

/* The bytes of a write are the device's now. */
static void note_taken(struct io *io) {
  if (!io->request.taken) io->device += io->request.size;
  io->request.taken = true;
}

/* Bytes that were read come with avs_reply_read(). */
static int32_t set_result(struct io *io, void *opaque) {
  int64_t result = *(int64_t *)opaque;
  struct request *request = &io->request;
  if (request->kind == AVS_REQUEST_READ && result > 0) return AVERROR(EINVAL);
  request->result = result;
  if (request->kind == AVS_REQUEST_WRITE && result >= 0) note_taken(io);
  if (request->kind == AVS_REQUEST_SEEK && request->whence != AVSEEK_SIZE && result >= 0) {
    ahead_forget(&io->ahead);
    io->device = result;
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
  uint32_t asked = (uint32_t)io->request.size;
  uint32_t now = chunk->size < asked ? chunk->size : asked;
  if (!ahead_keep(&io->ahead, chunk->in + now, chunk->size - now)) return AVERROR(ENOMEM);
  if (now) memcpy(io->request.read_into, chunk->in, now);
  io->request.result = now;
  io->device += chunk->size;
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
