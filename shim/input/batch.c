#include "batch.h"

#include <stdlib.h>
#include <string.h>

#include "../numbers.h"
#include "../packet.h"
#include "input.h"
#include "whole.h"

/* ---------------------------------------------------------------------------------------- one batch */

static void fill_row(double *row, const AVPacket *packet, const AVStream *stream, int64_t side_bytes) {
  row[AVS_ROW_STREAM] = packet->stream_index;
  row[AVS_ROW_PTS] = from_timestamp(packet->pts);
  row[AVS_ROW_DTS] = from_timestamp(packet->dts);
  row[AVS_ROW_DURATION] = (double)packet->duration;
  row[AVS_ROW_FLAGS] = packet->flags;
  row[AVS_ROW_POS] = packet->pos < 0 ? NAN : (double)packet->pos;
  row[AVS_ROW_SIZE] = packet->size;
  row[AVS_ROW_SIDE_SIZE] = (double)side_bytes;
  row[AVS_ROW_TB_NUM] = stream->time_base.num;
  row[AVS_ROW_TB_DEN] = stream->time_base.den;
}

static bool batch_reserve(struct batch *batch, size_t more) {
  if (batch->count == batch->row_capacity) {
    size_t capacity = batch->row_capacity ? batch->row_capacity * 2 : 64;
    double *rows = realloc(batch->rows, capacity * AVS_ROW_LENGTH * sizeof(*rows));
    if (!rows) return false;
    batch->rows = rows;
    batch->row_capacity = capacity;
  }
  if (batch->bytes && batch->capacity - batch->size >= more) return true;
  size_t capacity = batch->capacity + batch->capacity / 2;
  if (capacity < batch->size + more) capacity = batch->size + more + 64 * 1024;
  uint8_t *bytes = realloc(batch->bytes, capacity);
  if (!bytes) return false;
  batch->bytes = bytes;
  batch->capacity = capacity;
  return true;
}

/*
 * Each packet is copied at once and its memory freed while it is in the cache: keeping AVPackets took a quarter more time,
 * because then each packet is allocated in memory that is not in the cache.
 */
static bool batch_add(struct batch *batch, const AVPacket *packet, const AVStream *stream) {
  int64_t side_bytes = side_data_bytes(packet);
  if (!batch_reserve(batch, (size_t)(packet->size + side_bytes))) return false;
  fill_row(batch->rows + batch->count++ * AVS_ROW_LENGTH, packet, stream, side_bytes);
  uint8_t *out = batch->bytes + batch->size;
  if (packet->size) memcpy(out, packet->data, (size_t)packet->size);
  write_side_data(out + packet->size, packet);
  batch->size += (size_t)(packet->size + side_bytes);
  return true;
}

/* Keeps its memory for the next batch, unless a very large packet made it large. */
static void batch_clear(struct batch *batch) {
  enum { KEEP = 1024 * 1024 };
  batch->count = batch->size = 0;
  if (batch->capacity <= KEEP) return;
  free(batch->bytes);
  batch->bytes = NULL;
  batch->capacity = 0;
}

/* ---------------------------------------------------------------------------------------- adding */

/* With the lock held. */
static bool add(struct input *input, const AVPacket *packet) {
  return batch_add(&input->batches.ready, packet, input->context->streams[packet->stream_index]);
}

bool batches_add(struct session *session, const AVPacket *packet) {
  channel_lock(&session->channel);
  bool added = add(session->input, packet);
  channel_unlock(&session->channel);
  return added;
}

bool batches_are_full(const struct batches *batches, double max_packets, double max_bytes) {
  bool is_one_due = batches->ready.count > 0; /* whatever the limits: nobody could take packets from an empty batch */
  return is_one_due && ((double)batches->ready.count >= max_packets || (double)batches->ready.size >= max_bytes);
}

void batches_clear(struct session *session) {
  struct batches *batches = &session->input->batches;
  channel_lock(&session->channel);
  batch_clear(&batches->ready);
  batch_clear(&batches->taken);
  session->channel.packets.ready = false;
  channel_unlock(&session->channel);
}

static void batch_free(struct batch *batch) {
  free(batch->rows);
  free(batch->bytes);
}

void batches_free(struct batches *batches) {
  batch_free(&batches->ready);
  batch_free(&batches->taken);
}

/* ---------------------------------------------------------------------------------------- reading */

/*
 * Reads one packet; returns the result of av_read_frame(). A packet that came with new streams is held until the next
 * operation: JavaScript must know the streams first.
 */
static int read_next(struct session *session) {
  struct input *input = session->input;
  if (input->held) return 0;
  int result;
  do result = input_read_packet(session, input->packet);
  while (result == AVERROR(EAGAIN)); /* the demuxer wants to be called again; our I/O never returns it */
  input->held = result >= 0 && input->context->nb_streams != input->stream_count;
  return result;
}

static void let_go(struct input *input) {
  input->held = false;
  av_packet_unref(input->packet);
}

/* The sync engine: stops after the first request, so that packets already read don't wait for the user's callback. */
static int read_batch(struct session *session, const double *slot) {
  struct input *input = session->input;
  int64_t requests = session->channel.requests;
  bool was_held = input->held, was_kept = !backlog_is_empty(&input->backlog);
  while (!batches_are_full(&input->batches, slot[1], slot[2]) && session->channel.requests == requests) {
    int result = read_next(session);
    if (result < 0) return result;
    if (input->held && !was_held) return 0;
    bool added = batches_add(session, input->packet);
    let_go(input);
    was_held = false;
    if (!added) return AVERROR(ENOMEM);
    if (was_kept && backlog_is_empty(&input->backlog)) return 0;
  }
  return 0;
}

/*
 * Whether the event for packets that JavaScript waits for is due. Not for each: to wake a thread takes as long as to read dozens.
 * They don't wait for others that take long, nor for an answer to a request (see request_wait).
 */
static bool is_worth_posting(const struct channel *channel, const struct batches *batches, const double *slot) {
  enum { MAX_DELAY = 1000 * 1000 }; /* nanoseconds */
  return batches_are_full(batches, slot[1] / 2, slot[2] / 2) || time_now() - channel->packets.since >= MAX_DELAY;
}

/* Adds the packet, with an event if that is due; if the batch is full, waits until packets are taken. */
static bool add_and_wait(struct session *session, const double *slot) {
  struct channel *channel = &session->channel;
  struct batches *batches = &session->input->batches;
  channel_lock(channel);
  bool added = add(session->input, session->input->packet);
  channel->packets.ready = true;
  if (channel->packets.wanted && is_worth_posting(channel, batches, slot)) channel_post_packets(channel);
  while (batches_are_full(batches, slot[1], slot[2]) && !channel->stopping && channel_wait(channel)) continue;
  channel_unlock(channel);
  return added;
}

/* The async engine: reads packets while JavaScript works on the previous ones. */
static int read_on(struct session *session, const double *slot) {
  struct input *input = session->input;
  bool was_held = input->held;
  while (!session->channel.stopping && !session->channel.canceled) {
    int result = read_next(session);
    if (result < 0) return result;
    if (input->held && !was_held) return 0;
    bool added = add_and_wait(session, slot);
    let_go(input);
    was_held = false;
    if (!added) return AVERROR(ENOMEM);
  }
  return 0;
}

int input_op_read(struct session *session, double *slot, uint8_t *data, size_t size) {
  (void)data, (void)size;
  if (!session->input) return AVERROR(EBADF);
  int result = is_own_thread(&session->channel) ? read_on(session, slot) : read_batch(session, slot);
  if (result == AVERROR_EOF) warn_missing_at_end(session);
  slot[1] = note_streams(session);
  return result;
}

/* ---------------------------------------------------------------------------------------- taking */

/* With the lock held. */
static int32_t set_aside(struct channel *channel, struct batches *batches, double *bytes) {
  if (!batches->taken.count) {
    struct batch empty = batches->taken;
    batches->taken = batches->ready;
    batches->ready = empty;
  }
  *bytes = (double)batches->taken.size;
  channel->packets.wanted = batches->taken.count == 0;
  channel->packets.ready = false;
  if (channel->packets.wanted) channel->packets.since = time_now();
  return (int32_t)batches->taken.count;
}

int32_t avs_ready_packets(double handle, double *bytes) {
  struct session *session = find_session(handle);
  if (!session) return AVERROR(EBADF);
  *bytes = 0;
  channel_lock(&session->channel);
  int32_t count = session->input ? set_aside(&session->channel, &session->input->batches, bytes) : 0;
  if (count) channel_wake(&session->channel); /* there is room again */
  channel_unlock(&session->channel);
  return count;
}

/*
 * Moves out the packets that were set aside, so that a seek or the end of the input can't free them; false if they don't fit.
 */
static bool take_away(struct session *session, uint32_t rows, uint32_t capacity, struct batch *taken) {
  channel_lock(&session->channel);
  struct batches *batches = session->input ? &session->input->batches : NULL;
  *taken = batches ? batches->taken : (struct batch){0};
  bool fits = rows >= taken->count && capacity >= taken->size;
  if (fits && batches) batches->taken = (struct batch){0};
  channel_unlock(&session->channel);
  return fits;
}

/* Reuses its memory. */
static void give_back(struct session *session, struct batch *taken) {
  batch_clear(taken);
  channel_lock(&session->channel);
  struct batches *batches = session->input ? &session->input->batches : NULL;
  bool wanted = batches && !batches->taken.rows && !batches->taken.bytes;
  if (wanted) batches->taken = *taken;
  channel_unlock(&session->channel);
  if (!wanted) batch_free(taken);
}

int32_t avs_take_packets(double handle, double *row, uint32_t rows, uint8_t *out, uint32_t capacity) {
  struct session *session = find_session(handle);
  if (!session) return AVERROR(EBADF);
  struct batch taken;
  if (!take_away(session, rows, capacity, &taken)) return AVERROR(EINVAL);
  int32_t count = (int32_t)taken.count;
  if (count) memcpy(row, taken.rows, taken.count * AVS_ROW_LENGTH * sizeof(*row));
  if (taken.size) memcpy(out, taken.bytes, taken.size);
  give_back(session, &taken);
  return count;
}
