/*
 * request.c - how C asks JavaScript for something and how the answer comes back. One request is open per
 * session at most. Its result is preset to an error, so an answer that never comes is never a success.
 */
#include "internal.h"

static int64_t callback_request(struct session *session, struct io *io, const struct request *request, double a,
                                double b, double c) {
  avs_callback callback = session->isolate->callback;
  if (!callback) return AVERROR(ENOSYS);
  session->request = *request;
  /* JavaScript may run other sessions meanwhile: their lines are theirs. */
  struct session *logging = log_to(NULL);
  callback(session->object.handle, io->object.handle, request->kind, a, b, c);
  log_to(logging);
  int64_t result = session->request.result;
  session->request = (struct request){0};
  return result;
}

int64_t request(struct session *session, struct io *io, struct request request, double a, double b, double c) {
  if (session->failed) return session->failed;
  request.result = AVERROR_EXTERNAL;
  session->requests++;
  int64_t result = on_worker(session) ? worker_request(session, io, &request, a, b, c)
                                      : callback_request(session, io, &request, a, b, c);
  /* A seek that can't be done is an answer; everything else below zero ends the session. */
  bool refused = request.kind == AVS_REQUEST_SEEK && result != AVERROR_EXTERNAL && result != AVERROR_EXIT;
  if (result < 0 && !refused) session->failed = result;
  return result;
}

/* What an answer does with the open request; its result. */
typedef int32_t answer(struct session *session, void *opaque);

/* Calls `answer` where a request of this kind (0: any) is open. `final`: it is the answer, and whoever waits goes on. */
static int32_t answer_request(uint32_t handle, uint32_t kind, answer *answer, void *opaque, bool final) {
  struct session *session = find_session(handle);
  if (!session) return AVERROR(EBADF);
  worker_lock(session);
  uint32_t open = session->request.kind;
  int32_t result = open && (!kind || open == kind) ? answer(session, opaque) : AVERROR(EINVAL);
  worker_unlock(session, final && result >= 0);
  return result;
}

static int32_t set_result(struct session *session, void *opaque) {
  session->request.result = *(int64_t *)opaque;
  return 0;
}

int32_t avs_reply(uint32_t handle, double result) {
  if (isnan(result)) return AVERROR(EINVAL);
  int64_t value = to_timestamp(result);
  return answer_request(handle, 0, set_result, &value, true);
}

struct piece {
  const uint8_t *in;
  uint8_t *out;
  uint32_t size;
};

static int32_t copy_in(struct session *session, void *opaque) {
  const struct piece *piece = opaque;
  if (piece->size > session->request.size) return AVERROR(EINVAL);
  if (piece->size) memcpy(session->request.read_into, piece->in, piece->size);
  session->request.result = piece->size;
  return 0;
}

int32_t avs_reply_read(uint32_t handle, const uint8_t *chunk, uint32_t size) {
  struct piece piece = {.in = chunk, .size = size};
  return answer_request(handle, AVS_REQUEST_READ, copy_in, &piece, true);
}

static int32_t copy_out(struct session *session, void *opaque) {
  const struct piece *piece = opaque;
  if (piece->size > session->request.size) return AVERROR(EINVAL);
  if (piece->size) memcpy(piece->out, session->request.written, piece->size);
  return 0;
}

int32_t avs_take_write(uint32_t handle, uint8_t *out, uint32_t size) {
  struct piece piece = {.out = out, .size = size};
  return answer_request(handle, AVS_REQUEST_WRITE, copy_out, &piece, false);
}

static int32_t get_time(struct session *session, void *opaque) {
  int64_t time = session->request.time;
  if (time != AV_NOPTS_VALUE) *(double *)opaque = (double)time / AV_TIME_BASE;
  return 0;
}

double avs_request_time(uint32_t handle) {
  double time = NAN;
  answer_request(handle, AVS_REQUEST_WRITE, get_time, &time, false);
  return time;
}
