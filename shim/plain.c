#include "plain.h"

#include <math.h>

#include "io.h"
#include "numbers.h"

/* The I/O context in slot[1]; NULL: none. */
static struct io *begin(struct session *session, const double *slot) {
  struct io *io = io_of(&session->channel, slot[1]);
  session->channel.acting = &session->channel.plain;
  return io;
}

int plain_op_read(struct session *session, double *slot, uint8_t *data, size_t size) {
  struct io *io = begin(session, slot);
  if (!io) return AVERROR(EBADF);
  if (io->context->write_flag) return AVERROR(EINVAL);
  slot[1] = 0;
  int result = avio_read(io->context, data, size > INT32_MAX ? INT32_MAX : (int)size);
  if (result == AVERROR_EOF) return 0;
  if (result > 0) slot[1] = result;
  return result < 0 ? result : 0;
}

/* avio_write() returns nothing: an error is in the context. */
static int io_error(struct io *io) {
  int error = io->context->error;
  return error < 0 ? error : 0;
}

int plain_op_write(struct session *session, double *slot, uint8_t *data, size_t size) {
  struct io *io = begin(session, slot);
  if (!io) return AVERROR(EBADF);
  if (size > INT32_MAX || !io->context->write_flag) return AVERROR(EINVAL);
  avio_write(io->context, data, (int)size);
  return io_error(io);
}

int plain_op_seek(struct session *session, double *slot, uint8_t *data, size_t size) {
  (void)data, (void)size;
  struct io *io = begin(session, slot);
  if (!io) return AVERROR(EBADF);
  if (isnan(slot[2])) return AVERROR(EINVAL);
  int64_t position, offset = to_timestamp(slot[2]);
  if (slot[3] == SEEK_END) { /* avio_seek() does not support it */
    int64_t total = avio_size(io->context);
    position = total < 0 ? total : avio_seek(io->context, av_sat_add64(total, offset), SEEK_SET);
  } else {
    position = avio_seek(io->context, offset, to_int(slot[3]));
  }
  if (position < 0) return (int)position;
  slot[1] = (double)position;
  return 0;
}

int plain_op_size(struct session *session, double *slot, uint8_t *data, size_t size) {
  (void)data, (void)size;
  struct io *io = begin(session, slot);
  if (!io) return AVERROR(EBADF);
  int64_t total = avio_size(io->context);
  if (total < 0) return (int)total;
  slot[1] = (double)total;
  return 0;
}

int plain_op_flush(struct session *session, double *slot, uint8_t *data, size_t size) {
  (void)data, (void)size;
  struct io *io = begin(session, slot);
  if (!io) return AVERROR(EBADF);
  avio_flush(io->context);
  return io_error(io);
}
