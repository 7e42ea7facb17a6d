#include "remux.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <libavutil/avstring.h>
#include <libavutil/time.h>

#include "../input/input.h"
#include "../input/whole.h"
#include "../io.h"
#include "../numbers.h"
#include "../output/cover.h"
#include "../output/frames.h"
#include "../output/output.h"
#include "../output/quirks.h"
#include "../output/write.h"
#include "../streams.h"
#include "cues.h"
#include "merge.h"
#include "result.h"
#include "starts.h"
#include "times.h"

static struct remux *remux_of(struct session *session) {
  if (!session->remux && (session->remux = calloc(1, sizeof(struct remux)))) {
    session->remux->start = NAN;
    session->remux->reached = INT64_MIN;
    clock_forget(&session->remux->clock);
    session->remux->end = session->remux->until = session->remux->min_time = AV_NOPTS_VALUE;
  }
  return session->remux;
}

void remux_free(struct session *session) {
  if (!session->remux) return;
  av_packet_free(&session->remux->held);
  for (unsigned i = 0; i < session->remux->count; i++) packets_free(&session->remux->routes[i].leading.packets);
  free(session->remux->routes);
  free(session->remux);
  session->remux = NULL;
}

/* ---------------------------------------------------------------------------------------- preparation */

/* Drops what is known about an input stream, since another input's stream comes next. */
static void forget_times(struct route *route) {
  route->missing = (struct missing){.next_dts = AV_NOPTS_VALUE, .earliest = AV_NOPTS_VALUE};
  route->is_searched = false;
  stream_clock_forget(&route->clock);
  route->start = AV_NOPTS_VALUE;
}

static struct route route_to(int output_stream) {
  struct route route = {.output_stream = output_stream, .first = NAN, .last = NAN, .latest = NAN};
  forget_times(&route);
  order_forget(&route.order);
  return route;
}

static void drop_held(struct remux *remux) {
  if (remux->holds) av_packet_unref(remux->held);
  remux->holds = false;
}

void remux_forget_input(struct remux *remux) {
  if (!remux) return;
  drop_held(remux);
  remux->finished = false;
  clock_forget(&remux->clock);
  for (unsigned i = 0; i < remux->count; i++) {
    forget_times(&remux->routes[i]);
    leading_clear(&remux->routes[i].leading);
  }
}

void remux_forget_output(struct remux *remux) {
  for (unsigned i = 0; remux && i < remux->count; i++) remux->routes[i].output_stream = -1;
}

static struct route *route_of(struct remux *remux, unsigned stream) {
  if (stream >= remux->count) {
    struct route *routes = realloc(remux->routes, (stream + 1) * sizeof(*routes));
    if (!routes) return NULL;
    remux->routes = routes;
    for (; remux->count <= stream; remux->count++) routes[remux->count] = route_to(-1);
  }
  return &remux->routes[stream];
}

/* The route of an input stream; NULL: its packets are dropped. */
static struct route *mapped_route(const struct session *session, struct remux *remux, int stream) {
  unsigned index = (unsigned)stream;
  bool is_there = index < remux->count && index < session->input->context->nb_streams;
  return is_there && remux->routes[index].output_stream >= 0 ? &remux->routes[index] : NULL;
}

/*
 * AVI counts packets of coded sound, by their length in samples: its demuxer has that as the time base, and the size of a block that
 * has no meaning for these codecs. With it the muxer counts bytes, and the sound is played in a fraction of its time.
 */
static void set_frame_size(const struct session *session, const AVStream *source, AVCodecParameters *parameters) {
  enum { MIN = 64, MAX = 16384 };
  const char *codec = avcodec_get_name(parameters->codec_id);
  AVRational unit = source->time_base;
  bool is_copied = !strcmp(session->input->context->iformat->name, "avi") && !strcmp(session->output->context->oformat->name, "avi");
  if (!is_copied || !av_match_name(codec, "aac,mp1,mp2,mp3,ac3,eac3,dts,flac,vorbis,opus")) return;
  int64_t samples = av_rescale(parameters->sample_rate, unit.num, unit.den);
  bool is_exact = samples * unit.den == (int64_t)parameters->sample_rate * unit.num;
  if (!parameters->frame_size && is_exact && samples >= MIN && samples <= MAX) parameters->frame_size = (int)samples;
  if (parameters->frame_size) parameters->block_align = 0;
}

int32_t avs_map_stream(double handle, int32_t input_stream, int32_t output_stream) {
  struct session *session = find_session(handle);
  if (session && session->channel.running) return AVERROR(EBUSY);
  if (!session || !session->input || !session->output) return AVERROR(EBADF);
  if (input_stream < 0 || input_stream >= (int32_t)session->input->context->nb_streams || output_stream < 0 ||
      output_stream >= (int32_t)session->output->context->nb_streams)
    return AVERROR(EINVAL);
  struct remux *remux = remux_of(session);
  struct route *route = remux ? route_of(remux, (unsigned)input_stream) : NULL;
  if (!route) return AVERROR(ENOMEM);
  struct route before = *route;
  *route = route_to(output_stream);
  route->missing = before.missing; /* the input continues where it is */
  route->is_searched = before.is_searched;
  route->clock = before.clock;
  route->begun = before.begun;
  route->leading = before.leading;
  route->damaged = before.damaged;
  const AVStream *source = session->input->context->streams[input_stream];
  AVStream *stream = session->output->context->streams[output_stream];
  stream->r_frame_rate = source->r_frame_rate; /* Matroska derives the duration of a frame from it if there is no average */
  set_frame_size(session, source, stream->codecpar);
  /* mxf counts frames by the average rate only. */
  if (!strncmp(session->output->context->oformat->name, "mxf", 3) && !stream->avg_frame_rate.num)
    stream->avg_frame_rate = source->r_frame_rate;
  const AVPacket *picture = &source->attached_pic;
  bool cover = picture->size && is_cover_to_attach(session->output->context, stream);
  return cover ? attach_cover(stream, picture->data, (uint32_t)picture->size) : 0;
}

int32_t avs_swap_routes(double handle, int32_t input_stream, int32_t other) {
  struct session *session = find_session(handle);
  if (session && session->channel.running) return AVERROR(EBUSY);
  if (!session || !session->remux || !session->input) return AVERROR(EBADF);
  struct remux *remux = session->remux;
  int32_t count = (int32_t)session->input->context->nb_streams;
  if (input_stream < 0 || other < 0 || input_stream >= count || other >= count) return AVERROR(EINVAL);
  if (!route_of(remux, (unsigned)FFMAX(input_stream, other))) return AVERROR(ENOMEM);
  struct route route = remux->routes[input_stream];
  remux->routes[input_stream] = remux->routes[other];
  remux->routes[other] = route;
  return 0;
}

int32_t avs_route(double handle, int32_t input_stream, double *out) {
  struct session *session = find_session(handle);
  if (session && session->channel.running) return AVERROR(EBUSY);
  if (!session || !session->remux) return AVERROR(EBADF);
  if (input_stream < 0 || input_stream >= (int32_t)session->remux->count) return AVERROR(EINVAL);
  const struct route *route = &session->remux->routes[input_stream];
  out[AVS_ROUTE_PACKETS] = (double)route->packets;
  out[AVS_ROUTE_BYTES] = (double)route->bytes;
  out[AVS_ROUTE_FIRST] = route->first;
  out[AVS_ROUTE_LAST] = route->last;
  out[AVS_ROUTE_START] = route->start == AV_NOPTS_VALUE ? NAN : (double)route->start / AV_TIME_BASE;
  return 0;
}

/* The remux of a session in which no operation runs. */
static int remux_to_set(double handle, struct remux **remux) {
  struct session *session = find_session(handle);
  if (!session) return AVERROR(EBADF);
  if (session->channel.running) return AVERROR(EBUSY);
  *remux = remux_of(session);
  return *remux ? 0 : AVERROR(ENOMEM);
}

int32_t avs_set_range(double handle, double start, double end) {
  struct remux *remux = NULL;
  int result = remux_to_set(handle, &remux);
  if (result < 0) return result;
  remux->start = start;
  remux->end = from_seconds(end);
  remux->finished = false;
  clock_forget(&remux->clock);
  for (unsigned i = 0; i < remux->count; i++) {
    remux->routes[i].ended = false;
    forget_times(&remux->routes[i]);
  }
  return 0;
}

int32_t avs_set_shift(double handle, double shift, double min) {
  struct remux *remux = NULL;
  int result = remux_to_set(handle, &remux);
  if (result < 0) return result;
  remux->shift = isnan(shift) ? 0 : from_seconds(shift);
  remux->min_time = from_seconds(min);
  return 0;
}

int32_t avs_set_delay(double handle, int32_t input_stream, double seconds) {
  struct remux *remux = NULL;
  int result = remux_to_set(handle, &remux);
  if (result < 0) return result;
  if (input_stream < 0 || input_stream >= (int32_t)remux->count || isnan(seconds)) return AVERROR(EINVAL);
  remux->routes[input_stream].delay = from_seconds(seconds);
  return 0;
}

int32_t avs_keep_times(double handle, int32_t keep) {
  struct remux *remux = NULL;
  int result = remux_to_set(handle, &remux);
  if (result < 0) return result;
  remux->keeps_times = keep;
  return 0;
}

/* ---------------------------------------------------------------------------------------- one packet */

/*
 * Whether the packet comes after the end of its stream in the previous source, where that may have
 * been shorter than the others.
 */
static bool fills_gap(const struct remux *remux, const struct route *route, const AVStream *stream,
                      const AVPacket *packet, int64_t time) {
  double shown = (double)av_sat_sub64(time, remux->shift) / AV_TIME_BASE;
  return shown >= route->last - packet_duration(stream, packet) / 2;
}

/*
 * Sound is written at its dts. An mp4 of FAAC shows its first packet, which only begins the decoder, at the time of the second:
 * behind another source it is before the end of that one.
 */
static int64_t written_time(const AVStream *stream, const AVPacket *packet) {
  bool is_sound = stream->codecpar->codec_type == AVMEDIA_TYPE_AUDIO;
  bool is_earlier = packet->dts != AV_NOPTS_VALUE && packet->pts != AV_NOPTS_VALUE && packet->dts < packet->pts;
  return is_sound && is_earlier ? av_rescale_q(packet->dts, stream->time_base, AV_TIME_BASE_Q) : packet_time(packet, stream->time_base);
}

static int64_t min_time_of(const struct remux *remux, const struct route *route) {
  return route->start == AV_NOPTS_VALUE ? remux->min_time : route->start;
}

/* Whether the packet is inside the range. */
static bool in_range(struct remux *remux, struct route *route, const AVStream *stream, const AVPacket *packet) {
  AVRational time_base = stream->time_base;
  int64_t time = written_time(stream, packet);
  if (route->ended) return false;
  if (remux->end != AV_NOPTS_VALUE && time != AV_NOPTS_VALUE && time >= remux->end) {
    /* With B-frames, packets with an earlier pts may follow. */
    int64_t dts = packet->dts == AV_NOPTS_VALUE ? time : av_rescale_q(packet->dts, time_base, AV_TIME_BASE_Q);
    route->ended = dts >= remux->end;
    return false;
  }
  /* Packets presented before the key frame of the cut can't be decoded, or are not wanted. */
  int64_t min = min_time_of(remux, route);
  return min == AV_NOPTS_VALUE || time == AV_NOPTS_VALUE || time >= min || fills_gap(remux, route, stream, packet, time);
}

static bool all_ended(const struct remux *remux) {
  if (remux->end == AV_NOPTS_VALUE) return false;
  for (unsigned i = 0; i < remux->count; i++)
    if (remux->routes[i].output_stream >= 0 && !remux->routes[i].ended) return false;
  return true;
}

static void note_packet(struct route *route, const AVStream *stream, const AVPacket *packet) {
  route->packets++;
  route->bytes += packet->size;
  if (is_picture(stream)) return; /* it has no time */
  int64_t time = packet->pts != AV_NOPTS_VALUE ? packet->pts : packet->dts;
  double length = packet_duration(stream, packet), first = (double)time * av_q2d(stream->time_base), last = first + length;
  bool is_latest = !(route->latest >= first);
  double before = is_latest && first > route->latest ? first - route->latest : 0;
  if (is_latest) route->lacks_length = !length && is_sound_or_motion(stream);
  if (is_latest && route->lacks_length) last += before;
  if (!(route->first <= first)) route->first = first;
  if (!(route->last >= last)) route->last = last;
  if (is_latest) route->latest = first;
}

/*
 * A last packet without a duration, as of WavPack in Matroska, was taken for as long as the one before it. Where the container states
 * when the input ends, it lasts until then: what is joined to it would else begin too early, or leave a gap.
 */
static void end_last_packets(const struct session *session, struct remux *remux) {
  const AVFormatContext *input = session->input->context;
  if (input->duration <= 0 || input->duration_estimation_method == AVFMT_DURATION_FROM_BITRATE) return;
  int64_t begin = input->start_time == AV_NOPTS_VALUE ? 0 : input->start_time;
  int64_t end = av_sat_sub64(av_sat_add64(begin, input->duration), remux->shift);
  for (unsigned i = 0; i < remux->count; i++) {
    struct route *route = &remux->routes[i];
    double last = (double)av_sat_add64(end, route->delay) / AV_TIME_BASE;
    if (route->lacks_length && last > route->latest) route->last = last;
    route->lacks_length = false;
  }
}

enum { NONE = -2, SEVERAL = -1 };

/* The only stream that has had damaged packets; SEVERAL or NONE. */
static int damaged_stream(const struct remux *remux) {
  int stream = NONE;
  for (unsigned i = 0; i < remux->count; i++)
    if (remux->routes[i].damaged) stream = stream == NONE ? (int)i : SEVERAL;
  return stream;
}

/* The muxer refuses a packet of any stream when it comes out of the interleaver, not the one that goes in. */
static void warn_refused(struct log *log, int stream) {
  const char *words = "damaged packets that the output's format can't hold are left out";
  if (stream == SEVERAL) warn(log, AVS_WARNING_DROPPED, stream, 1, words, "a packet that its format can't hold is left out");
  else warn(log, AVS_WARNING_DROPPED, stream, 1, words, "stream %d: a packet that its format can't hold is left out", stream);
}

/*
 * Whether a packet is left out, whose error would otherwise end the remux: it is damaged, so that a bitstream filter or the
 * muxer has refused it, or the first packets of the stream are not framed as its codec requires.
 */
static bool is_unfit(struct session *session, const struct remux *remux, int stream, int result) {
  struct log *log = &session->channel.log;
  bool is_unread = result == AVERROR_INVALIDDATA || result == AVERROR_PATCHWELCOME;
  if (result >= 0 || session->channel.failed) return false;
  if (log->unframed)
    warn(log, AVS_WARNING_DROPPED, stream, 1, "packets that are not framed as its codec's are in this format are left out",
         "stream %d: a packet that is not framed as it should be is left out", stream);
  else if (is_unread && log->filter_failed)
    warn(log, AVS_WARNING_DROPPED, stream, 1, "packets that the output's bitstream filter can't read are left out",
         "stream %d: a packet that its bitstream filter can't read is left out", stream);
  else if (result == AVERROR_INVALIDDATA && damaged_stream(remux) != NONE)
    warn_refused(log, damaged_stream(remux));
  else
    return false;
  return true;
}

static int write_packet(struct session *session, struct remux *remux, struct route *route, const AVStream *source,
                        AVPacket *packet) {
  int size = packet->size;
  session->channel.log.filter_failed = session->channel.log.unframed = false;
  int result = output_write_packet(session, packet);
  if (is_unfit(session, remux, source->index, result)) {
    route->packets--;
    route->bytes -= size;
    return 0;
  }
  remux->packets++;
  remux->media += is_sound_or_motion(source);
  return result;
}

/* Whether subtitles must not begin before the output does: ass has no times before 0, mp4 has them only where all times are kept. */
static bool begins_with_output(const struct remux *remux, const AVOutputFormat *format, const AVStream *source) {
  if (source->codecpar->codec_type != AVMEDIA_TYPE_SUBTITLE) return false;
  return !strcmp(format->name, "ass") || (!remux->keeps_times && has_quirk(format, MP4));
}

/* The muxers of mp4 refuse a packet of PCM that holds no whole sample, as a file whose last sample is cut off ends with. */
static bool is_part_of_sample(const AVOutputFormat *format, const AVStream *source, const AVPacket *packet) {
  const AVCodecParameters *parameters = source->codecpar;
  if (parameters->codec_type != AVMEDIA_TYPE_AUDIO || !has_quirk(format, MP4)) return false;
  int sample = av_get_exact_bits_per_sample(parameters->codec_id) / 8 * parameters->ch_layout.nb_channels;
  return packet->size && packet->size < sample;
}

static bool is_shown(struct session *session, const AVStream *source, AVPacket *packet) {
  enum before before = cut_before(source, packet);
  if (before == HAS_ENDED)
    warn(&session->channel.log, AVS_WARNING_DROPPED, source->index, 1, "subtitles that end before the output begins are left out",
         "stream %d: a subtitle that ends before the output begins is left out", source->index);
  return before == SHOWN;
}

/*
 * Matroska finds out by TTA's header how long the last frame is, which is the last one of the last source. What else the header
 * states is the same in all of them.
 */
static void set_tta_length(const AVCodecParameters *source, AVCodecParameters *parameters) {
  enum { SAMPLES = 14, SIZE = 22 };
  bool is_tta = source->codec_id == AV_CODEC_ID_TTA && parameters->codec_id == AV_CODEC_ID_TTA;
  if (!is_tta || source->extradata_size < SIZE || parameters->extradata_size < SIZE) return;
  memcpy(parameters->extradata + SAMPLES, source->extradata + SAMPLES, SIZE - SAMPLES);
}

static int pass_on_one(struct session *session, struct remux *remux, struct route *route, AVPacket *packet) {
  const AVStream *source = session->input->context->streams[packet->stream_index];
  AVRational from = source->time_base;
  AVStream *stream = session->output->context->streams[route->output_stream];
  const AVOutputFormat *format = session->output->context->oformat;
  mend_missing_times(source, &route->missing, has_quirk(format, SPARSE_PTS), packet);
  if (is_part_of_sample(format, source, packet)) {
    warn(&session->channel.log, AVS_WARNING_DROPPED, source->index, 1, "a part of a sample is left out",
         "stream %d: %d bytes, which are no whole sample, are left out", source->index, packet->size);
    return 0;
  }
  if (!is_picture(source)) {
    int64_t shift = av_rescale_q(av_sat_sub64(remux->shift, route->delay), AV_TIME_BASE_Q, from);
    if (packet->pts != AV_NOPTS_VALUE) packet->pts = av_sat_sub64(packet->pts, shift);
    packet->dts = av_sat_sub64(packet->dts, shift);
    if (begins_with_output(remux, format, source) && !is_shown(session, source, packet)) return 0;
  } else if (route->packets) {
    return 0; /* the cover of a previous source was written already */
  }
  note_packet(route, source, packet);
  packet->stream_index = route->output_stream;
  packet->pos = -1;
  route->order.stream = source->index;
  set_tta_length(source->codecpar, stream->codecpar);
  route->order.rest = route->missing.rest;
  order_packet(&route->order, format, stream, from, packet, &session->channel.log);
  return write_packet(session, remux, route, source, packet);
}

static int pass_on_frame(struct session *session, void *route, AVPacket *frame) {
  return pass_on_one(session, session->remux, route, frame);
}

static int pass_on(struct session *session, struct remux *remux, struct route *route, AVPacket *packet) {
  const AVStream *source = session->input->context->streams[packet->stream_index];
  int count = frames_to_part(session->output->context->oformat, source->codecpar, packet, &session->channel.log);
  if (count < 0) return pass_on_one(session, remux, route, packet);
  return part_frames(session, packet, count, source->time_base, pass_on_frame, route);
}

/* ---------------------------------------------------------------------------------------- transforming in JavaScript */

/* Lets JavaScript transform the gathered packets, and writes the results. */
static int transform(struct session *session, struct remux *remux) {
  struct packets *queued = &session->output->queued;
  if (!session->input->batches.ready.count) return 0;
  int64_t answer = request(session->channel.transformer, (struct request){.kind = AVS_REQUEST_TRANSFORM}, 0, 0, 0);
  int result = answer < 0 ? (int)answer : 0;
  for (AVPacket *packet; result >= 0 && (packet = packets_first(queued));) {
    struct route *route = mapped_route(session, remux, packet->stream_index);
    if (route) result = pass_on(session, remux, route, packet);
    packets_drop_first(queued);
  }
  packets_clear(queued); /* they refer to streams of the input: AVS_OP_WRITE must not find any */
  return result;
}

/* Gathers packets, to be transformed together; but packets that were read don't wait for a further request to the source. */
static int gather(struct session *session, struct remux *remux, AVPacket *packet) {
  enum { PACKETS = 512, BYTES = 256 * 1024 };
  if (!batches_add(session, packet)) return AVERROR(ENOMEM);
  av_packet_unref(packet); /* it is used for JavaScript's packets, too */
  bool has_requested = session->channel.requests != remux->requests;
  if (!has_requested && !batches_are_full(&session->input->batches, PACKETS, BYTES)) return 0;
  int result = transform(session, remux);
  remux->requests = session->channel.requests;
  return result;
}

/* ---------------------------------------------------------------------------------------- packets to begin with */

void discard_unmapped(struct session *session) {
  const struct remux *remux = session->remux;
  for (unsigned i = 0; i < session->input->context->nb_streams; i++)
    if (i >= remux->count || remux->routes[i].output_stream < 0) session->input->context->streams[i]->discard = AVDISCARD_ALL;
}

static bool is_mapped_video(const struct session *session, unsigned index) {
  const struct remux *remux = session->remux;
  const AVStream *stream = session->input->context->streams[index];
  return index < remux->count && remux->routes[index].output_stream >= 0 &&
         stream->codecpar->codec_type == AVMEDIA_TYPE_VIDEO && !is_picture(stream);
}

bool has_mapped_video(const struct session *session) {
  for (unsigned i = 0; i < session->input->context->nb_streams; i++)
    if (is_mapped_video(session, i)) return true;
  return false;
}

bool has_only_cues(const struct session *session) {
  const struct remux *remux = session->remux;
  bool has_any = false;
  for (unsigned i = 0; i < session->input->context->nb_streams && i < remux->count; i++) {
    if (remux->routes[i].output_stream < 0) continue;
    if (!has_cues(session->input->context->streams[i])) return false;
    has_any = true;
  }
  return has_any;
}

bool can_begin(const struct session *session, bool has_video, const AVPacket *packet) {
  return packet->flags & AV_PKT_FLAG_KEY && (!has_video || is_mapped_video(session, (unsigned)packet->stream_index));
}

/* ---------------------------------------------------------------------------------------- breaks, leading packets */

enum { HELD = 1 }; /* a result */

static bool is_full(const struct remux *remux) {
  int64_t bytes = 0;
  for (unsigned i = 0; i < remux->count; i++)
    if (remux->routes[i].output_stream >= 0) bytes += remux->routes[i].bytes;
  return remux->max_bytes > 0 && bytes >= remux->max_bytes;
}

/* Whether the packet is a key frame at or after the end of this output. */
static bool is_break(const struct session *session, const struct remux *remux, const AVPacket *packet) {
  bool ends = remux->until != AV_NOPTS_VALUE || remux->max_bytes > 0;
  if (!ends || !can_begin(session, has_mapped_video(session), packet)) return false;
  int64_t time = packet_time(packet, session->input->context->streams[packet->stream_index]->time_base);
  if (time == AV_NOPTS_VALUE) return false;
  return (remux->until != AV_NOPTS_VALUE && time >= remux->until) || is_full(remux);
}

static double time_of_held(const struct session *session, const struct remux *remux) {
  AVRational time_base = session->input->context->streams[remux->held->stream_index]->time_base;
  return (double)packet_time(remux->held, time_base) / AV_TIME_BASE;
}

/* A packet that waited may have no route any more: routes can be exchanged between operations. */
static int write_or_gather(struct session *session, struct remux *remux, AVPacket *packet) {
  struct route *route = mapped_route(session, remux, packet->stream_index);
  if (!route) return 0;
  return session->channel.transformer ? gather(session, remux, packet) : pass_on(session, remux, route, packet);
}

/* Keeps the packet for the next output, which begins with it. */
static int hold(struct remux *remux, AVPacket *packet) {
  if (!remux->held && !(remux->held = av_packet_alloc())) return AVERROR(ENOMEM);
  av_packet_move_ref(remux->held, packet);
  remux->holds = true;
  return HELD;
}

/* The stream has no key frame, or marks none: its waiting packets are written. */
static int begin_without_key(struct session *session, struct remux *remux, struct route *route) {
  AVPacket *packet = session->input->packet;
  int result = 0;
  log_line(&session->channel.log, AV_LOG_WARNING, "stream %d: no key frame among its first %d packets, which are kept",
           packets_first(&route->leading.packets)->stream_index, (int)route->leading.packets.count);
  route->begun = true;
  while (result >= 0 && leading_take(&route->leading, packet)) {
    result = write_or_gather(session, remux, packet);
    av_packet_unref(packet);
  }
  leading_clear(&route->leading);
  return result;
}

static int begin_all(struct session *session, struct remux *remux) {
  int result = 0;
  for (unsigned i = 0; i < remux->count && result >= 0; i++)
    if (remux->routes[i].leading.packets.count && remux->routes[i].output_stream >= 0)
      result = begin_without_key(session, remux, &remux->routes[i]);
  return result;
}

/* Without -copyinkf the ffmpeg command drops packets before a key frame, and thus all of a stream that has none. */
static int wait_for_key(struct session *session, struct remux *remux, struct route *route, AVPacket *packet) {
  int result = leading_add(&route->leading, packet);
  return result >= 0 && leading_is_long(&route->leading) ? begin_without_key(session, remux, route) : result;
}

static void begin(struct session *session, struct route *route, int stream) {
  route->begun = true;
  if (route->leading.packets.count)
    warn(&session->channel.log, AVS_WARNING_DROPPED, stream, (int64_t)route->leading.packets.count,
         "what comes before its first key frame is left out", "stream %d: what comes before its first key frame is left out: %d packets", stream,
         (int)route->leading.packets.count);
  leading_clear(&route->leading);
}

static void note_reached(struct remux *remux, const struct route *route, const AVStream *stream, const AVPacket *packet) {
  int64_t time = packet->dts != AV_NOPTS_VALUE ? packet->dts : packet->pts;
  if (time == AV_NOPTS_VALUE || is_picture(stream)) return;
  time = av_sat_add64(av_sat_sub64(av_rescale_q(time, stream->time_base, AV_TIME_BASE_Q), remux->shift), route->delay);
  if (time > remux->reached) remux->reached = time;
}

/* Encrypted packets are copied as they are, and no muxer writes what is needed to decrypt them. */
static void warn_encrypted(struct session *session, const AVPacket *packet) {
  if (!av_packet_get_side_data(packet, AV_PKT_DATA_ENCRYPTION_INFO, NULL)) return;
  warn(&session->channel.log, AVS_WARNING_DROPPED, packet->stream_index, 1,
       "it is encrypted, and the output does not keep what is needed to decrypt it", "stream %d: packets stay encrypted; their initialization vectors are left out",
       packet->stream_index);
}

/*
 * Damage between packets, or after the last one, does not fail the remux: for the ffmpeg command it is the end of the input.
 * Demuxers that can continue after it do so on the next call.
 */
static int read_over_damage(struct session *session, const struct remux *remux, AVPacket *packet) {
  enum { MAX_ERRORS = 16 }; /* in a row */
  for (int errors = 0; errors < MAX_ERRORS; errors++) {
    int logged = session->channel.log.errors;
    int result = input_read_packet(session, packet);
    if (result != AVERROR_INVALIDDATA || !remux->read || session->channel.failed) return result;
    if (session->channel.log.errors > logged) continue; /* which is a warning already */
    warn(&session->channel.log, AVS_WARNING_DAMAGED, -1, 1, "what is between two packets, or behind the last one, can't be read",
         "something that is no packet is left out");
  }
  return AVERROR_EOF;
}

/* When the first of the mapped streams begins, in AV_TIME_BASE; AV_NOPTS_VALUE: unknown. */
static int64_t earliest_start(const struct session *session, struct remux *remux) {
  const AVFormatContext *input = session->input->context;
  int64_t earliest = AV_NOPTS_VALUE;
  for (unsigned i = 0; i < input->nb_streams; i++) {
    const AVStream *stream = input->streams[i];
    if (stream->start_time == AV_NOPTS_VALUE || !mapped_route(session, remux, (int)i)) continue;
    int64_t start = av_rescale_q(stream->start_time, stream->time_base, AV_TIME_BASE_Q);
    if (earliest == AV_NOPTS_VALUE || start < earliest) earliest = start;
  }
  return earliest;
}

/* A cover is one packet, that of the first source; demuxers deliver it again after a seek. */
static bool is_further_cover(const struct route *route, const AVStream *stream) {
  return route->packets && is_picture(stream) && !(stream->disposition & AV_DISPOSITION_TIMED_THUMBNAILS);
}

static int remux_packet(struct session *session, struct remux *remux, AVPacket *packet) {
  int result = read_over_damage(session, remux, packet);
  if (result < 0) return result;
  struct route *route = mapped_route(session, remux, packet->stream_index);
  if (!route || is_further_cover(route, session->input->context->streams[packet->stream_index])) return 0;
  if ((result = find_first_dts(session, route, packet)) < 0) return result;
  remux->read += is_sound_or_motion(session->input->context->streams[packet->stream_index]);
  route->damaged |= packet->flags & AV_PKT_FLAG_CORRUPT;
  const AVFormatContext *input = session->input->context;
  if (!remux->keeps_times) {
    if (isnan(remux->start)) clock_begin(&remux->clock, earliest_start(session, remux));
    clock_correct(&remux->clock, &route->clock, input, packet, &session->channel.log);
  }
  const AVStream *stream = input->streams[packet->stream_index];
  note_reached(remux, route, stream, packet);
  keep_shown(stream, min_time_of(remux, route), remux->end, packet);
  if (!in_range(remux, route, stream, packet)) return 0;
  if (!route->begun && !can_be_first(stream->codecpar, packet)) return wait_for_key(session, remux, route, packet);
  if (!route->begun) begin(session, route, packet->stream_index);
  warn_encrypted(session, packet);
  return is_break(session, remux, packet) ? hold(remux, packet) : write_or_gather(session, remux, packet);
}

/* ---------------------------------------------------------------------------------------- the loop */

/* Writes the covers to a further output: the demuxer delivers them only once. */
static int repeat_pictures(struct session *session, struct remux *remux) {
  AVPacket *packet = session->input->packet;
  int result = 0;
  for (unsigned i = 0; i < remux->count && i < session->input->context->nb_streams && result >= 0; i++) {
    const AVStream *stream = session->input->context->streams[i];
    const struct route *route = &remux->routes[i];
    if (route->output_stream < 0 || route->packets || !is_picture(stream) || !stream->attached_pic.size) continue;
    result = av_packet_ref(packet, &stream->attached_pic);
    packet->stream_index = (int)i;
    if (result >= 0) result = write_or_gather(session, remux, packet);
    av_packet_unref(packet);
  }
  return result;
}

static int write_held(struct session *session, struct remux *remux) {
  int result = repeat_pictures(session, remux);
  bool wanted = mapped_route(session, remux, remux->held->stream_index); /* it may not be in this output */
  if (result >= 0 && wanted) result = write_or_gather(session, remux, remux->held);
  drop_held(remux);
  return result;
}

/* Processes the next packet of the input with the earliest time; AVERROR_EOF if all have ended. */
static int remux_next(struct session *session) {
  if (!select_next_part(session)) return AVERROR_EOF;
  struct remux *remux = session->remux;
  AVPacket *packet = session->input->packet;
  bool has_range_ended = all_ended(remux);
  int result = has_range_ended ? AVERROR_EOF : remux_packet(session, remux, packet);
  av_packet_unref(packet);
  if (result != AVERROR_EOF) return result == AVERROR(EAGAIN) ? 0 : result;
  remux->finished = true;
  if (!has_range_ended) end_last_packets(session, remux);
  warn_cut_off(session);
  if (!has_range_ended) warn_less_than_stated(session); /* what is behind the range was not read */
  warn_late_streams(session);
  return begin_all(session, remux);
}

static int remux_loop(struct session *session, struct remux *remux, double *slot) {
  enum { PACKETS_PER_CLOCK = 64 };
  double max = slot[1];
  int64_t until = slot[2] > 0 ? av_gettime_relative() + to_timestamp(slot[2] * 1000) : 0;
  if (remux->holds) {
    int result = write_held(session, remux);
    if (result < 0) return result;
  }
  for (int64_t n = 0; (double)n < max; n++) {
    if (until && n % PACKETS_PER_CLOCK == 0 && n && av_gettime_relative() >= until) return 0;
    int result = remux_next(session);
    if (result) return result;
  }
  return 0;
}

/* Calls `act` for each input, until one fails. */
static int with_each(struct session *session, int (*act)(struct session *session)) {
  if (!session->part_count) return act(session);
  int result = 0;
  for (unsigned i = 0; i < session->part_count && result >= 0; i++) {
    select_part(session, i);
    result = act(session);
  }
  return result;
}

static int prepare(struct session *session) {
  if (!session->input || !session->remux) return AVERROR(EINVAL);
  session->remux->until = AV_NOPTS_VALUE;
  session->remux->max_bytes = 0;
  forget_held(session->input);
  session->input->adds_pts = true;
  discard_unmapped(session);
  return 0;
}

int remux_op(struct session *session, double *slot, uint8_t *data, size_t size) {
  (void)data, (void)size;
  if (!is_written(session->output)) return AVERROR(EINVAL);
  if (is_merged(session) && session->channel.transformer) return AVERROR(EINVAL); /* stream indexes would be ambiguous */
  begin_parts(session);
  int result = with_each(session, prepare);
  if (result < 0) return result;
  if (!is_merged(session)) {
    session->remux->until = from_seconds(slot[3]);
    session->remux->max_bytes = slot[5] > 0 ? to_timestamp(slot[5]) : 0;
  }
  bool is_last = slot[4];
  result = remux_loop(session, session->remux, slot);
  if (session->channel.transformer) {
    int rest = result >= 0 || result == AVERROR_EOF ? transform(session, session->remux) : result;
    if (rest < 0) result = rest;
    batches_clear(session); /* after a failure, AVS_OP_READ must not find any */
  }
  if (result == AVERROR_EOF) {
    int checked = is_last ? with_each(session, check_result) : 0;
    if (checked < 0) result = checked;
  }
  slot[1] = result == HELD ? AVS_REMUX_BREAK : result == AVERROR_EOF ? AVS_REMUX_END : AVS_REMUX_GOES_ON;
  count_parts(session, slot);
  slot[5] = result == HELD ? time_of_held(session, session->remux) : NAN;
  return result == AVERROR_EOF ? 0 : result < 0 ? result : 0;
}
