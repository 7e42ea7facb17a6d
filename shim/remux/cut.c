#include "cut.h"

#include <math.h>

#include "../input/input.h"
#include "../input/landing.h"
#include "../input/seek.h"
#include "../numbers.h"
#include "../streams.h"
#include "cues.h"
#include "remux.h"
#include "times.h"

/* The first video stream that is not discarded: a cut begins at one of its key frames. -1: there is none. */
static int video_stream_of(const AVFormatContext *input) {
  for (unsigned i = 0; i < input->nb_streams; i++) {
    const AVStream *stream = input->streams[i];
    bool is_video = stream->codecpar->codec_type == AVMEDIA_TYPE_VIDEO && !is_picture(stream);
    if (is_video && stream->discard < AVDISCARD_ALL) return (int)i;
  }
  return -1;
}

/* Only libavformat's seek, which is exact to the sample in PCM. */
static int search_back(struct session *session, const struct seek *seek) {
  places_forget(&session->input->places, seek);
  int result = input_seek(session, seek);
  if (result >= 0 || over_error(&session->channel) < 0) return result;
  struct seek either_way = *seek;
  either_way.max = INT64_MAX;
  places_forget(&session->input->places, &either_way);
  return input_seek(session, &either_way);
}

/* Removes the samples before the time from the next packet of PCM, as if libavformat had sought to the sample. */
static void drop_samples(struct input *input, int64_t time) {
  AVPacket *packet = packets_first(&input->backlog.packets);
  const AVStream *stream = input->context->streams[0];
  if (!packet || packet->pts == AV_NOPTS_VALUE) return;
  int64_t ticks = av_sat_sub64(to_stream(time, stream, AV_ROUND_DOWN), packet->pts);
  int64_t samples = av_rescale_q(ticks, stream->time_base, (AVRational){1, stream->codecpar->sample_rate});
  int block = stream->codecpar->block_align;
  if (samples <= 0 || samples >= packet->size / block) return;
  int bytes = (int)samples * block;
  packet->data += bytes;
  packet->size -= bytes;
  packet->pts += ticks;
  if (packet->dts != AV_NOPTS_VALUE) packet->dts += ticks;
  if (packet->duration > ticks) packet->duration -= ticks;
  if (packet->pos >= 0) packet->pos += bytes;
}

/* In an input that can't seek: reads on to the time; the input must be at its beginning. */
static int read_to(struct session *session, const struct seek *seek, bool is_pcm, int64_t time) {
  if (!can_land(session->input->context, seek)) return search_back(session, seek) < 0 ? AVERROR(ESPIPE) : 0;
  int result = land_ahead(session, seek);
  if (result >= 0 && is_pcm) drop_samples(session->input, time);
  return result;
}

/* Goes to the last key frame at or before the time; if that fails, to any that libavformat finds. */
static int go_back(struct session *session, int64_t time) {
  const AVFormatContext *input = session->input->context;
  bool is_pcm = input->nb_streams == 1 && samples_of_packet(input, input->streams[0]);
  struct seek seek = seek_back_to(time);
  bool can_seek = can_seek_input(session->input) || opens_files(input);
  seek.stream = is_pcm ? 0 : video_stream_of(input);
  if (seek.stream >= 0) seek.target = seek.max = to_stream(time, input->streams[seek.stream], AV_ROUND_DOWN);
  if (is_pcm && can_seek) return search_back(session, &seek);
  if (!can_seek) return read_to(session, &seek, is_pcm, time);
  int result = input_go_to(session, &seek);
  return result >= 0 || over_error(&session->channel) < 0 ? result : search_back(session, &seek);
}

/* Finds the time of the first packet with which a cut can begin; AV_NOPTS_VALUE: none. All packets stay in the backlog. */
static int find_first(struct session *session, int64_t *time) {
  enum { MAX_BYTES = 32 * 1024 * 1024 };
  AVPacket *packet = session->input->packet;
  struct packets read = {0};
  int64_t bytes = 0;
  int result = 0;
  *time = AV_NOPTS_VALUE;
  bool has_video = has_mapped_video(session);
  while (*time == AV_NOPTS_VALUE && bytes <= MAX_BYTES && over_error(&session->channel) >= 0) {
    result = input_next_packet(session, packet);
    if (result == AVERROR(EAGAIN)) continue;
    if (result < 0) break;
    bytes += packet->size;
    if (can_begin(session, has_video, packet))
      *time = packet_time(packet, session->input->context->streams[packet->stream_index]->time_base);
    input_keep_packet(session, &read, packet);
  }
  input_give_back(session, &read);
  if (result == AVERROR_EOF) session->input->backlog.result = result;
  bool is_error = result < 0 && result != AVERROR_EOF && result != AVERROR(EAGAIN);
  return is_error ? result : over_error(&session->channel);
}

/*
 * Only if the container has a duration, and it was not estimated from the bit rate. Of a source that can't seek, the duration
 * may be that of the fragments read so far.
 */
static bool is_past_end(const AVFormatContext *input, int64_t beginning, int64_t start) {
  bool is_whole = !input->pb || input->pb->seekable;
  return is_whole && input->duration > 0 && input->duration_estimation_method != AVFMT_DURATION_FROM_BITRATE &&
         start >= av_sat_add64(beginning, input->duration);
}

/* A subtitle that is shown at the start may come before many others: a file of nothing else is read from its beginning. */
static bool is_of_cues(const AVFormatContext *input) {
  unsigned i = 0;
  while (i < input->nb_streams && has_cues(input->streams[i])) i++;
  return i == input->nb_streams;
}

int remux_op_cut(struct session *session, double *slot, uint8_t *data, size_t size) {
  (void)data, (void)size;
  struct remux *remux = session->remux;
  if (!session->input || !remux || isnan(remux->start)) return AVERROR(EINVAL);
  struct input *input = session->input;
  forget_held(input);
  input->adds_pts = true;
  session->channel.acting = &input->endpoint;
  want_ended(input->context, &input->ended);
  discard_unmapped(session);
  int64_t start = from_seconds(remux->start);
  int64_t beginning = input->context->start_time == AV_NOPTS_VALUE ? 0 : input->context->start_time;
  slot[2] = is_past_end(input->context, beginning, start);
  if (slot[2]) return 0;
  int result = go_back(session, is_of_cues(input->context) ? beginning : FFMAX(start, beginning));
  if (result >= 0) result = find_first(session, &remux->min_time);
  if (result < 0) return input->endpoint.seek_refused ? AVERROR(ESPIPE) : result;
  if (has_only_cues(session)) remux->min_time = start;
  remux->shift = remux->min_time != AV_NOPTS_VALUE ? remux->min_time : 0;
  slot[1] = remux->min_time == AV_NOPTS_VALUE ? NAN : (double)remux->min_time / AV_TIME_BASE;
  return 0;
}
