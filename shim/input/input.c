#include "input.h"

#include <stdlib.h>
#include <string.h>

#include <libavutil/intreadwrite.h>
#include <libavutil/mathematics.h>

#include "../io.h"
#include "../numbers.h"
#include "../packet.h"
#include "../structures.h"
#include "../unsound.h"
#include "shown.h"
#include "whole.h"

/* ---------------------------------------------------------------------------------------- life */

struct input *input_new(struct session *session, struct io *io) {
  struct channel *channel = &session->channel;
  const struct target *target = &session->targets[AVS_INPUT];
  struct input *input = calloc(1, sizeof(*input));
  if (!input) return NULL;
  input->packet = av_packet_alloc();
  if (!input->packet) {
    free(input);
    return NULL;
  }
  input->endpoint = (struct endpoint){.direction = AVS_INPUT, .number = session->part, .context = &input->context, .io = io, .opening.max_bytes = target->max_open_size,
                                       .strict = target->strict};
  input->max_packet_bytes = target->max_packet_size;
  input->behind = -1;
  channel_attach(channel, &input->endpoint);
  channel->log.exceeds_max_streams = channel->log.refuses_format = channel->log.ended_early = channel->log.past_end = channel->log.lacks_init = false;
  channel->log.errors = 0;
  input->serial = channel->log.warnings.source = channel->log.warnings.opened++;
  channel_lock(channel);
  session->input = input;
  channel_unlock(channel);
  return input;
}

/* Under the lock, so that JavaScript's thread finds the input or NULL; afterwards only this thread has it. */
static struct input *take_away(struct session *session) {
  struct channel *channel = &session->channel;
  channel_lock(channel);
  struct input *input = session->input;
  session->input = NULL;
  channel_unlock(channel);
  return input;
}

void input_free(struct session *session) {
  struct input *input = take_away(session);
  if (!input) return;
  session->channel.acting = &input->endpoint;
  avformat_close_input(&input->context);
  channel_detach(&session->channel, &input->endpoint);
  if (input->endpoint.io) io_keep_nothing(input->endpoint.io);
  if (input->endpoint.io) io_rebase(input->endpoint.io, 0);
  endpoint_free(&input->endpoint);
  batches_free(&input->batches);
  places_free(&input->places);
  backlog_free(&input->backlog);
  free(input->discards);
  av_dict_free(&input->options);
  av_packet_free(&input->packet);
  free(input);
}

void forget_held(struct input *input) {
  if (input->held) av_packet_unref(input->packet);
  input->held = false;
}

unsigned note_streams(struct session *session) {
  struct input *input = session->input;
  channel_lock(&session->channel);
  input->stream_count = input->context->nb_streams;
  channel_unlock(&session->channel);
  return input->stream_count;
}

int input_op_close(struct session *session, double *slot, uint8_t *data, size_t size) {
  (void)slot, (void)data, (void)size;
  if (!session->input) return AVERROR(EBADF);
  input_free(session);
  return 0;
}

bool can_seek_input(const struct input *input) { return !input->endpoint.io || input->endpoint.io->context->seekable; }

/* ---------------------------------------------------------------------------------------- discarding */

/* A stream that has ended stays discarded until a seek. */
static void apply_discard(struct input *input, int stream, bool discard) {
  if (discard) forget_end(&input->ended, stream);
  if (discard || !has_ended(&input->ended, stream))
    input->context->streams[stream]->discard = discard ? AVDISCARD_ALL : AVDISCARD_DEFAULT;
}

void apply_discards(struct session *session) {
  struct input *input = session->input;
  channel_lock(&session->channel);
  for (size_t i = 0; input->discards_changed && i < input->discard_count && i < input->context->nb_streams; i++)
    if (input->discards[i]) apply_discard(input, (int)i, input->discards[i] > 1);
  input->discards_changed = false;
  channel_unlock(&session->channel);
}

/* With the lock held. */
static int32_t set_discard(struct input *input, int32_t stream, bool discard) {
  if (!input || stream < 0 || (unsigned)stream >= input->stream_count) return AVERROR(EINVAL);
  if ((size_t)stream >= input->discard_count) {
    size_t count = (size_t)stream + 1;
    uint8_t *discards = realloc(input->discards, count);
    if (!discards) return AVERROR(ENOMEM);
    memset(discards + input->discard_count, 0, count - input->discard_count);
    input->discards = discards;
    input->discard_count = count;
  }
  input->discards[stream] = discard ? 2 : 1;
  input->discards_changed = true;
  return 0;
}

int32_t avs_set_discard(double handle, int32_t stream, int32_t discard) {
  struct session *session = find_session(handle);
  if (!session) return AVERROR(EBADF);
  channel_lock(&session->channel);
  int32_t result = set_discard(session->input, stream, discard);
  channel_unlock(&session->channel);
  return result;
}

/* ---------------------------------------------------------------------------------------- reading */

static int check_size(struct session *session, AVPacket *packet) {
  int64_t size = packet->size + side_data_bytes(packet), max = session->input->max_packet_bytes;
  if (!max || size <= max) return 0;
  log_error(session, "a packet of %lld bytes, more than maxPacketSize (%lld)", (long long)size, (long long)max);
  return AVERROR(EMSGSIZE);
}

/* The result of reading, or the reason behind it. */
static int explain(struct session *session, AVPacket *packet, int result) {
  const struct channel *channel = &session->channel;
  struct input *input = session->input;
  const AVIOContext *pb = input->context->pb;
  if (channel->failed) {
    av_packet_unref(packet);
    return (int)channel->failed;
  }
  if (result >= 0) {
    input->endpoint.delivered = true;
    input->endpoint.lacks = false;
    input->endpoint.opens = 0;
    input->has_given = true;
  }
  /* The size of the last box exceeds the file: with a seekable source, the demuxer takes that for the end. */
  if (result == AVERROR_INVALIDDATA && channel->log.past_end && pb && pb->eof_reached) result = AVERROR_EOF;
  /* Many demuxers return AVERROR_EOF after a failed read. */
  if (result == AVERROR_EOF && pb && pb->error < 0 && pb->error != AVERROR_EOF) return pb->error;
  if (result == AVERROR_EOF && !input->has_given && input->behind >= 0) refuse_seek(&input->endpoint, input->behind);
  if (result < 0 && input->endpoint.seek_refused && channel->log.ended_early && !input->is_sought) { /* the demuxer tried to recover by a seek */
    input->endpoint.seek_refused = false;
    return AVERROR_INVALIDDATA;
  }
  if (result < 0 && input->endpoint.seek_refused) return AVERROR(ESPIPE);
  if (result == AVERROR_EOF && input->endpoint.refused_url) return AVERROR(EPERM);
  bool nothing = result < 0 && input->endpoint.missing && (!input->endpoint.delivered || channel->log.lacks_init);
  return nothing ? AVERROR(ENOENT) : result;
}

/* After a seek, libavformat gives covers, which have no time, the time of its target. */
static void mend_cover(const AVFormatContext *input, AVPacket *packet) {
  const AVPacket *cover = &input->streams[packet->stream_index]->attached_pic;
  if (!packet->size || packet->data != cover->data) return;
  packet->pts = packet->dts = AV_NOPTS_VALUE;
  packet->duration = 0;
}

/*
 * Of the last packet of a short Ogg, which is one page, or whose last page states less than it has, the length is below 0, and is
 * given as one of 2^32 units (5.1 to 9.0).
 */
static void mend_length(const AVFormatContext *input, AVPacket *packet) {
  if (packet->duration > INT32_MAX && !strcmp(input->iformat->name, "ogg")) packet->duration = 0;
}

/*
 * Matroska has no length for blocks of WavPack, which state it themselves: without it, the last one ended where it began. DSD counts
 * otherwise.
 */
static void add_wavpack_length(const AVFormatContext *input, AVPacket *packet) {
  enum { SAMPLES = 20, FLAGS = 24, HEADER = 32, DSD = 31 };
  const AVStream *stream = input->streams[packet->stream_index];
  bool is_wavpack = stream->codecpar->codec_id == AV_CODEC_ID_WAVPACK && stream->codecpar->sample_rate > 0;
  if (!is_wavpack || packet->duration || packet->size < HEADER || memcmp(packet->data, "wvpk", 4)) return;
  if (AV_RL32(packet->data + FLAGS) >> DSD) return;
  int64_t samples = AV_RL32(packet->data + SAMPLES);
  packet->duration = av_rescale_q(samples, (AVRational){1, stream->codecpar->sample_rate}, stream->time_base);
}

/*
 * The dash demuxer counts segments by the duration of the manifest, which may be a little longer than that of one stream: it
 * opens one segment too many, which is refused if the opener allows only existing files.
 */
static bool is_behind_last(struct session *session, int refusals) {
  struct endpoint *endpoint = &session->input->endpoint;
  bool is_only_one = endpoint->delivered && endpoint->refusals == 1 && !refusals;
  if (!is_only_one) return false;
  log_line(&session->channel.log, AV_LOG_WARNING, "'%.900s' was refused: assuming that the previous segment was the last", endpoint->refused_url);
  av_freep(&endpoint->refused_url);
  endpoint->refusals = 0;
  endpoint->lacks = false;
  return true;
}

/*
 * At the end of a stream whose last segments are missing, dash may return an error; called again, it
 * continues with the others.
 */
static int read_on(struct session *session, AVPacket *packet) {
  struct input *input = session->input;
  struct log *log = &session->channel.log;
  int result = AVERROR_INVALIDDATA;
  for (unsigned i = 0; i <= input->context->nb_streams && result == AVERROR_INVALIDDATA; i++) {
    int refusals = input->endpoint.refusals;
    log->lacks_fragment = false;
    result = read_noting_ends(input->context, &input->ended, packet);
    bool goes_on = log->lacks_fragment && (input->endpoint.missing || is_behind_last(session, refusals));
    if (!goes_on) return result;
  }
  return result;
}

static int read_frame(struct session *session, AVPacket *packet) {
  AVFormatContext *input = session->input->context;
  session->channel.acting = &session->input->endpoint;
  int result = read_on(session, packet);
  if (result >= 0) {
    mend_cover(input, packet);
    mend_length(input, packet);
  }
  return explain(session, packet, result);
}

static int take_or_read(struct session *session, AVPacket *packet) {
  struct input *input = session->input;
  int result = backlog_take(&input->backlog, input->context, &input->ended, packet);
  result = result == AVERROR(EAGAIN) ? read_frame(session, packet) : explain(session, packet, result);
  if (result >= 0) add_wavpack_length(input->context, packet);
  return result;
}

int input_next_packet(struct session *session, AVPacket *packet) {
  return session->input->adds_pts ? next_shown(session, packet, take_or_read) : take_or_read(session, packet);
}

void input_keep_packet(struct session *session, struct packets *packets, AVPacket *packet) {
  if (packets_push(packets, packet)) return;
  av_packet_unref(packet);
  channel_fail(&session->channel, AVERROR(ENOMEM));
}

void input_give_back(struct session *session, struct packets *packets) {
  if (backlog_put_first(&session->input->backlog, packets) < 0) channel_fail(&session->channel, AVERROR(ENOMEM));
}

/* Checks a packet before JavaScript, filters and muxers get it. */
static int check_contents(struct session *session, AVPacket *packet) {
  const AVFormatContext *input = session->input->context;
  const AVStream *stream = input->streams[packet->stream_index];
  struct log *log = &session->channel.log;
  warn_cut_packet(session, packet);
  drop_unsound(log, packet->stream_index, packet->side_data, &packet->side_data_elems);
  int result = is_structure_codec(stream->codecpar->codec_id) ? refuse_structures(log, input) : 0;
  if (result >= 0) result = check_size(session, packet);
  if (result < 0) av_packet_unref(packet);
  return result;
}

int input_read_packet(struct session *session, AVPacket *packet) {
  const struct channel *channel = &session->channel;
  struct places *places = &session->input->places;
  apply_discards(session);
  if (places->lost) return AVERROR(EIO);
  int result = over_error(channel); /* ends loops that retry after EAGAIN */
  if (result >= 0) result = input_next_packet(session, packet);
  if (result < 0) return result;
  note_gap(session, packet);
  if (note_given(places, packet)) return check_contents(session, packet);
  av_packet_unref(packet);
  return AVERROR(ENOMEM);
}

/* ---------------------------------------------------------------------------------------- covers */

int32_t avs_cover(double handle, int32_t stream_index, uint8_t *out, uint32_t capacity) {
  struct session *session = find_session(handle);
  if (session && session->channel.running) return AVERROR(EBUSY);
  if (!session || !session->input) return AVERROR(EBADF);
  if (stream_index < 0 || stream_index >= (int32_t)session->input->context->nb_streams) return AVERROR(EINVAL);
  const AVPacket *picture = &session->input->context->streams[stream_index]->attached_pic;
  uint32_t size = picture->size > 0 ? (uint32_t)picture->size : 0;
  if (out && size && capacity) memcpy(out, picture->data, size < capacity ? size : capacity);
  return (int32_t)size;
}

/* ---------------------------------------------------------------------------------------- the container's index */

int32_t avs_index(double handle, int32_t stream_index, uint32_t first, double *out, uint32_t max) {
  struct session *session = find_session(handle);
  if (session && session->channel.running) return AVERROR(EBUSY);
  if (!session || !session->input) return AVERROR(EBADF);
  if (stream_index < 0 || stream_index >= (int32_t)session->input->context->nb_streams) return AVERROR(EINVAL);
  AVStream *stream = session->input->context->streams[stream_index];
  int count = avformat_index_get_entries_count(stream);
  for (uint32_t i = 0; i < max && (int64_t)first + i < count; i++, out += AVS_INDEX_LENGTH) {
    const AVIndexEntry *entry = avformat_index_get_entry(stream, (int)(first + i));
    out[AVS_INDEX_TIMESTAMP] = from_timestamp(entry->timestamp);
    out[AVS_INDEX_POS] = (double)entry->pos;
    out[AVS_INDEX_SIZE] = entry->size;
    out[AVS_INDEX_IS_KEY] = (entry->flags & AVINDEX_KEYFRAME) != 0;
  }
  return count;
}
