/*
 * request.c - how C asks JavaScript for something and how the answer comes back. One request is open per
 * session at most. Its result is preset to an error, so an answer that never comes is never a success.
 */
#include "internal.h"

int64_t request(struct session *session, struct io *io, struct request request, double a, double b, double c) {
  if (session->failed) return session->failed;
  avs_callback callback = isolate_callback();
  if (!callback) return session->failed = AVERROR(ENOSYS);

  request.result = AVERROR_EXTERNAL;
  session->request = request;
  session->requests++;
  uint32_t handle = session->object.handle;
  /* JavaScript may run other sessions meanwhile: their lines are theirs. */
  struct session *logging = log_to(NULL);
  callback(handle, io->object.handle, request.kind, a, b, c);
  log_to(logging);

  int64_t result = session->request.result;
  session->request = (struct request){0};
  /* A seek that can't be done is an answer; everything else below zero ends the session. */
  if (result < 0 && !(request.kind == AVS_REQUEST_SEEK && result != AVERROR_EXTERNAL)) session->failed = result;
  return result;
}

/* The session whose request is open, or NULL. */
static struct session *waiting(uint32_t handle, uint32_t kind) {
  struct session *session = find_session(handle);
  if (!session || !session->request.kind) return NULL;
  return !kind || session->request.kind == kind ? session : NULL;
}

int32_t avs_reply(uint32_t handle, double result) {
  struct session *session = waiting(handle, 0);
  if (!session || isnan(result)) return AVERROR(EINVAL);
  session->request.result = to_timestamp(result);
  return 0;
}

int32_t avs_reply_read(uint32_t handle, const uint8_t *chunk, uint32_t size) {
  struct session *session = waiting(handle, AVS_REQUEST_READ);
  if (!session || (int64_t)size > session->request.size) return AVERROR(EINVAL);
  if (size) memcpy(session->request.read_into, chunk, size);
  session->request.result = (int64_t)size;
  return 0;
}

int32_t avs_take_write(uint32_t handle, uint8_t *out, uint32_t size) {
  struct session *session = waiting(handle, AVS_REQUEST_WRITE);
  if (!session || (int64_t)size > session->request.size) return AVERROR(EINVAL);
  if (size) memcpy(out, session->request.written, size);
  return 0;
}

double avs_request_time(uint32_t handle) {
  struct session *session = waiting(handle, AVS_REQUEST_WRITE);
  if (!session || session->request.time == AV_NOPTS_VALUE) return NAN;
  return (double)session->request.time / AV_TIME_BASE;
}
