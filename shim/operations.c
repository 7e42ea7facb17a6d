/* floor 5 */
/*
 * operations.c - the table of a session's operations, and freeing the parts of a session.
 */
#include "input/batch.h"
#include "input/input.h"
#include "input/open.h"
#include "input/seek.h"
#include "input/whole.h"
#include "output/header.h"
#include "output/output.h"
#include "output/write.h"
#include "plain.h"
#include "remux/cut.h"
#include "remux/merge.h"
#include "remux/remux.h"
#include "remux/starts.h"

/* What the remux keeps of an input or an output is dropped: it does not apply to the next one. */
static int close_input(struct session *session, double *slot, uint8_t *data, size_t size) {
  int result = input_op_close(session, slot, data, size);
  if (result >= 0 && session->remux) remux_forget_input(session->remux);
  return result;
}

static int close_output(struct session *session, double *slot, uint8_t *data, size_t size) {
  int result = output_op_close(session, slot, data, size);
  if (result >= 0) parts_forget_output(session);
  return result;
}

static operation *const operations[] = {
    [AVS_OP_OPEN_INPUT] = input_op_open,  [AVS_OP_READ] = input_op_read,
    [AVS_OP_SEEK] = input_op_seek,        [AVS_OP_OPEN_OUTPUT] = output_op_open,
    [AVS_OP_HEADER] = output_op_header,   [AVS_OP_WRITE] = output_op_write,
    [AVS_OP_FLUSH] = output_op_flush,     [AVS_OP_TRAILER] = output_op_trailer,
    [AVS_OP_REMUX] = remux_op,            [AVS_OP_IO_READ] = plain_op_read,
    [AVS_OP_IO_WRITE] = plain_op_write,   [AVS_OP_IO_SEEK] = plain_op_seek,
    [AVS_OP_IO_SIZE] = plain_op_size,     [AVS_OP_IO_FLUSH] = plain_op_flush,
    [AVS_OP_CUT] = remux_op_cut,          [AVS_OP_CLOSE_INPUT] = close_input,
    [AVS_OP_CLOSE_OUTPUT] = close_output, [AVS_OP_STARTS] = remux_op_starts,
};

operation *session_operation(uint32_t number) {
  return number < sizeof(operations) / sizeof(*operations) ? operations[number] : NULL;
}

void session_free_parts(struct session *session) {
  output_free(session);
  parts_free(session);
  remux_free(session);
  input_free(session);
}

void session_abandon_parts(struct session *session) {
  parts_abandon(session);
  channel_lock(&session->channel);
  session->input = NULL;
  session->output = NULL;
  channel_unlock(&session->channel);
  remux_free(session);
}
