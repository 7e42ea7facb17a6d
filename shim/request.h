/* floor 2 */
/*
 * request.h - requests of C to JavaScript, and their answers. At most one is open per I/O context. Its result is preset to an
 * error, so a request without an answer is never a success.
 */
#ifndef AVS_REQUEST_H
#define AVS_REQUEST_H

#include <stdbool.h>
#include <stdint.h>

struct io;

struct request {
  uint32_t kind; /* 0: none */
  bool ahead;   /* a prefetch: its bytes are kept */
  uint8_t *read_into;
  const uint8_t *written;
  int64_t size;
  int64_t time; /* of a write, in AV_TIME_BASE */
  int whence;   /* of a seek */
  bool taken;   /* JavaScript has the bytes of this write */
  int64_t result;
};

/* Sends a request to JavaScript and waits for its answer. After an error, all later answers are that error. */
int64_t request(struct io *io, struct request request, double a, double b, double c);
/* With the lock held: makes it the open request. */
void request_begin(struct io *io, const struct request *request);
/* With the lock held, on the session's own thread: waits until none is pending; false if the session was canceled. */
bool request_wait(struct io *io);
/* With the lock held: prefetches as many bytes as the last read had requested. */
void request_ahead(struct io *io, int64_t size);
/* With the lock held: what was read ahead is not needed, the device goes to another position. */
void request_forget_ahead(struct io *io, int64_t position);
/* With the lock held: drops the request; a later answer is an error. */
void request_forget(struct io *io);
/* With the lock held: whether a request is open and has no answer yet. */
bool is_pending(const struct io *io);

#endif
