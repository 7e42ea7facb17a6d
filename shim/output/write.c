#include "write.h"

#include <string.h>

#include "../compat.h"
#include "../io.h"
#include "../streams.h"
#include "chapters.h"
#include "filter.h"
#include "frames.h"
#include "header.h"
#include "output.h"
#include "quirks.h"

/* Some muxers return another error if a file could not be opened. */
static int write_error(struct session *session, int result) {
  return result < 0 && session->output->endpoint.refused_url ? AVERROR(EPERM) : result;
}

/* Flushes what the muxer has buffered: a fragment, a cluster, a PES packet. */
static int flush_muxer(AVFormatContext *output) {
  int result = !has_quirk(output->oformat, NO_FLUSH) ? av_write_frame(output, NULL) : 0; /* 1: nothing to flush */
  return result < 0 ? result : 0;
}

/* Whether all streams have had a packet: before that, the index of a first fragment would lack data from packets. */
static bool have_all_begun(const AVFormatContext *output) {
  for (unsigned i = 0; i < output->nb_streams; i++) {
    const AVStream *stream = output->streams[i];
    if (is_sound_or_motion(stream) && !stream->nb_frames) return false;
  }
  return true;
}

/* Without coalescing, packets from the interleaver are flushed through the muxer at once. */
static int pass_on(struct session *session) {
  const struct io *io = session->output->endpoint.io;
  bool direct = io && io->flags & AVS_IO_DIRECT;
  return direct && have_all_begun(session->output->context) ? flush_muxer(session->output->context) : 0;
}

static int write_frame(struct session *session, void *taker, AVPacket *frame) {
  (void)taker;
  return filter_write(session, frame);
}

/* Takes the packet's reference. */
static int write_parted(struct session *session, AVPacket *packet) {
  const AVFormatContext *output = session->output->context;
  bool is_known = (unsigned)packet->stream_index < output->nb_streams;
  const AVStream *stream = is_known ? output->streams[packet->stream_index] : NULL;
  int count = stream ? frames_to_part(output->oformat, stream->codecpar, packet, &session->channel.log) : -1;
  if (count < 0) return filter_write(session, packet);
  int result = part_frames(session, packet, count, stream->time_base, write_frame, NULL);
  av_packet_unref(packet);
  return result;
}

/* Takes the packet's reference. */
int output_write_packet(struct session *session, AVPacket *packet) {
  act_for_output(session);
  if (!packet->size && has_quirk(session->output->files, NO_EMPTY_PACKETS)) {
    av_packet_unref(packet);
    return 0;
  }
  int result = write_parted(session, packet);
  if (result >= 0) result = pass_on(session);
  return result < 0 ? write_error(session, result) : output_error(session);
}

/* Takes the first packet of the queue, to which JavaScript may add packets meanwhile. */
static bool take_queued(struct session *session, AVPacket *packet) {
  struct packets *queued = &session->output->queued;
  channel_lock(&session->channel);
  AVPacket *first = packets_first(queued);
  if (first) {
    av_packet_move_ref(packet, first);
    packets_drop_first(queued);
  }
  channel_unlock(&session->channel);
  return first;
}

int output_op_write(struct session *session, double *slot, uint8_t *data, size_t size) {
  (void)slot, (void)data, (void)size;
  if (!is_written(session->output)) return AVERROR(EINVAL);
  int result = 0;
  AVPacket *packet = session->output->outgoing;
  while (result >= 0 && take_queued(session, packet)) result = output_write_packet(session, packet);
  return result;
}

static void drain_interleaver(struct session *session, int *result) {
  int error = write_error(session, av_interleaved_write_frame(session->output->context, NULL));
  if (*result >= 0) *result = error;
}

/* For a stream without bit rate, dash divides by the length of the first stream; a length of 0 ends the process. */
static bool lacks_length(struct session *session, int *result) {
  const AVFormatContext *output = session->output->context;
  if (!has_quirk(output->oformat, DIVIDES)) return false;
  drain_interleaver(session, result); /* packets waiting there count too */
  bool has_rates = true;
  for (unsigned i = 0; i < output->nb_streams; i++) has_rates &= output->streams[i]->codecpar->bit_rate > 0;
  return !has_rates && !output->streams[0]->nb_frames;
}

/*
 * caf divides by the number of packets minus one if packets have no fixed length; without a packet it divides INT64_MIN by -1.
 * Either ends the process.
 */
static bool divides_by_zero(struct session *session, int *result) {
  AVFormatContext *output = session->output->context;
  if (!CAF_DIVIDES || strcmp(output->oformat->name, "caf")) return false;
  drain_interleaver(session, result); /* packets waiting there count too */
  const AVStream *stream = output->streams[0];
  return stream->nb_frames <= 1 && !stream->codecpar->block_align &&
         av_get_audio_frame_duration2(stream->codecpar, 0) <= 0;
}

int output_op_flush(struct session *session, double *slot, uint8_t *data, size_t size) {
  int result = output_op_write(session, slot, data, size);
  if (!is_written(session->output)) return result;
  act_for_output(session);
  if (!has_quirk(session->output->files, SORTED) && !has_quirk(session->output->files, DROPS))
    drain_interleaver(session, &result);
  int error = flush_muxer(session->output->context);
  if (session->output->context->pb) avio_flush(session->output->context->pb);
  if (result < 0) return result;
  return error < 0 ? error : output_error(session);
}

int output_op_trailer(struct session *session, double *slot, uint8_t *data, size_t size) {
  if (is_written(session->output)) output_accept(session, false); /* the queue is written now */
  int result = output_op_write(session, slot, data, size);
  if (!is_written(session->output)) return AVERROR(EINVAL);
  session->output->trailer_written = true;
  act_for_output(session);
  int drained = filters_drain(session);
  if (result >= 0) result = drained;
  if (divides_by_zero(session, &result)) {
    log_error(session, "caf can't hold fewer than two packets of this codec");
    return result < 0 ? result : AVERROR(EINVAL);
  }
  if (lacks_length(session, &result)) {
    log_error(session, "dash needs a packet of its first stream, or the bit rates of all streams");
    return result < 0 ? result : AVERROR(EINVAL);
  }
  int arranged = arrange_chapters(session);
  if (result >= 0) result = arranged;
  int error = write_error(session, av_write_trailer(session->output->context));
  if (error == AVERROR_INVALIDDATA) explain_invalid(session);
  if (session->output->context->pb) avio_flush(session->output->context->pb);
  if (result < 0) return result;
  int stream = undescribed_stream(session->output);
  if (stream < 0) return error < 0 ? error : output_error(session);
  log_error(session, "stream %d has no packets, by which fragmented mp4 describes its codec: the output can't be read", stream);
  return AVERROR_INVALIDDATA;
}
