#include "starts.h"

#include <stdlib.h>

#include <libavcodec/avcodec.h>

#include "../input/input.h"
#include "../numbers.h"
#include "../streams.h"

/* The search for one stream; times in its time base. */
struct search {
  bool is_open;     /* pictures that are shown earlier may follow */
  int64_t earliest; /* AV_NOPTS_VALUE before the first packet with a pts */
  int packets;
};

static bool is_reordered(const AVStream *stream) {
  const AVCodecDescriptor *codec = avcodec_descriptor_get(stream->codecpar->codec_id);
  return stream->codecpar->codec_type == AVMEDIA_TYPE_VIDEO && !is_picture(stream) && codec && codec->props & AV_CODEC_PROP_REORDER;
}

static bool is_searched(const struct session *session, unsigned index) {
  const struct remux *remux = session->remux;
  return index < remux->count && remux->routes[index].output_stream >= 0 && is_reordered(session->input->context->streams[index]);
}

/* What is decoded at that time or later is not shown before it. */
static void note(struct search *search, const AVPacket *packet) {
  if (!search->is_open) return;
  bool is_earlier = search->earliest == AV_NOPTS_VALUE || packet->pts < search->earliest;
  if (packet->pts != AV_NOPTS_VALUE && is_earlier) search->earliest = packet->pts;
  bool is_over = packet->dts != AV_NOPTS_VALUE && search->earliest != AV_NOPTS_VALUE && packet->dts >= search->earliest;
  if (is_over || ++search->packets > MAX_REORDERED) search->is_open = false;
}

static bool is_any_open(const struct search *searches, unsigned count) {
  unsigned i = 0;
  while (i < count && !searches[i].is_open) i++;
  return i < count;
}

/* All packets stay in the backlog, with the result after them. */
static int read_ahead(struct session *session, struct search *searches, unsigned count) {
  enum { MAX_PACKETS = 1000, MAX_BYTES = 32 * 1024 * 1024 };
  AVPacket *packet = av_packet_alloc();
  if (!packet) return AVERROR(ENOMEM);
  struct packets read = {0};
  int64_t bytes = 0;
  int result = 0;
  while (is_any_open(searches, count) && read.count < MAX_PACKETS && bytes <= MAX_BYTES && over_error(&session->channel) >= 0) {
    result = input_next_packet(session, packet);
    if (result == AVERROR(EAGAIN)) continue;
    if (result < 0) break;
    bytes += packet->size;
    if (packet->stream_index < (int)count) note(&searches[packet->stream_index], packet);
    input_keep_packet(session, &read, packet);
  }
  av_packet_free(&packet);
  input_give_back(session, &read);
  if (result < 0 && result != AVERROR(EAGAIN)) session->input->backlog.result = result;
  return over_error(&session->channel);
}

static int64_t in_time_base(int64_t time, const AVStream *stream) { return av_rescale_q(time, stream->time_base, AV_TIME_BASE_Q); }

/* What is presented before the range is left out. */
static int64_t earliest_in_range(const struct search *search, const AVStream *stream, int64_t min) {
  bool is_known = search->earliest != AV_NOPTS_VALUE;
  bool is_before = is_known && min != AV_NOPTS_VALUE && in_time_base(search->earliest, stream) < min;
  return is_before ? AV_NOPTS_VALUE : search->earliest;
}

/* Searches in all mapped streams, after the first packet, if one was read. */
static int find_all(struct session *session, const AVPacket *first) {
  struct remux *remux = session->remux;
  const AVFormatContext *input = session->input->context;
  unsigned count = FFMIN(input->nb_streams, remux->count);
  struct search *searches = calloc(count + 1, sizeof(*searches));
  if (!searches) return AVERROR(ENOMEM);
  for (unsigned i = 0; i < count; i++) searches[i] = (struct search){.is_open = is_searched(session, i), .earliest = AV_NOPTS_VALUE};
  if (first) note(&searches[first->stream_index], first);
  int result = read_ahead(session, searches, count);
  for (unsigned i = 0; i < count; i++) {
    remux->routes[i].missing.earliest = earliest_in_range(&searches[i], input->streams[i], first ? remux->min_time : AV_NOPTS_VALUE);
    remux->routes[i].is_searched = true;
  }
  free(searches);
  return result;
}

int find_first_dts(struct session *session, const struct route *route, const AVPacket *packet) {
  bool is_known = packet->dts != AV_NOPTS_VALUE || route->missing.next_dts != AV_NOPTS_VALUE;
  bool is_wanted = !is_known && !route->is_searched && is_searched(session, (unsigned)packet->stream_index);
  return is_wanted ? find_all(session, packet) : 0;
}

/* Unknown if it is not in the same clock as libavformat's start time, where a file begins before a wrap of timestamps. */
static int64_t start_of(int64_t earliest, const AVStream *stream) {
  enum { MAX_DISTANCE = 10 * AV_TIME_BASE };
  if (earliest == AV_NOPTS_VALUE) return AV_NOPTS_VALUE;
  int64_t start = in_time_base(earliest, stream);
  if (stream->start_time == AV_NOPTS_VALUE) return start;
  int64_t distance = av_sat_sub64(start, in_time_base(stream->start_time, stream));
  return distance > MAX_DISTANCE || distance < -MAX_DISTANCE ? AV_NOPTS_VALUE : start;
}

int remux_op_starts(struct session *session, double *slot, uint8_t *data, size_t size) {
  (void)slot, (void)data, (void)size;
  struct remux *remux = session->remux;
  struct input *input = session->input;
  if (!input || !remux) return AVERROR(EINVAL);
  forget_held(input);
  input->adds_pts = true;
  session->channel.acting = &input->endpoint;
  discard_unmapped(session);
  int result = find_all(session, NULL);
  for (unsigned i = 0; i < remux->count && i < input->context->nb_streams; i++)
    remux->routes[i].start = start_of(remux->routes[i].missing.earliest, input->context->streams[i]);
  return result;
}
