#include "cut.h"

#include <math.h>

#include "../input/input.h"
#include "../input/landing.h"
#include "../input/seek.h"
#include "../numbers.h"
#include "remux.h"
#include "times.h"

static int seek_back(struct session *session, int64_t target) {
  struct seek seek = seek_back_to(target);
  int result = input_seek(session, &seek);
  if (result >= 0) return result;
  seek.max = INT64_MAX;
  return input_seek(session, &seek);
}

/*
 * Reads on for the last place at or before `start` that a cut can begin with; AV_NOPTS_VALUE in `found` where the
 * first one is later. `first` is that first one.
 */
static int scan(struct session *session, bool has_video, int64_t start, int64_t *found, int64_t *first) {
  const AVFormatContext *input = session->input->context;
  AVPacket *packet = session->input->packet;
  *found = *first = AV_NOPTS_VALUE;
  for (int result; (result = input_read_packet(session, packet)) != AVERROR_EOF; av_packet_unref(packet)) {
    if (result == AVERROR(EAGAIN)) continue;
    if (result < 0) return result;
    if (!can_begin(session, has_video, packet)) continue;
    const AVStream *stream = input->streams[packet->stream_index];
    int64_t time = packet_time(packet, stream->time_base);
    if (time == AV_NOPTS_VALUE) continue;
    if (*first == AV_NOPTS_VALUE) *first = time;
    if (time <= start) *found = time;
    /* A search by an index that is not whole, or without any, lands before the place. */
    if (time > start || has_whole_index(input, stream)) break;
  }
  av_packet_unref(packet);
  return 0;
}

/* Where the container says how long it is, not where that was guessed from the bit rate. */
static bool is_past_end(const AVFormatContext *input, int64_t beginning, int64_t start) {
  return input->duration > 0 && input->duration_estimation_method != AVFMT_DURATION_FROM_BITRATE &&
         start >= av_sat_add64(beginning, input->duration);
}

/* Goes back in growing steps until a place to begin with is at or before the start, or the media begins later. */
int remux_op_cut(struct session *session, double *slot, uint8_t *data, size_t size) {
  (void)data, (void)size;
  struct remux *remux = session->remux;
  if (!session->input || !remux || isnan(remux->start)) return AVERROR(EINVAL);
  struct input *input = session->input;
  forget_held(input);
  places_forget(&input->places, NULL);
  session->channel.acting = &input->endpoint;
  discard_unmapped(session);
  bool has_video = has_mapped_video(session);
  int64_t start = from_seconds(remux->start);
  int64_t found = AV_NOPTS_VALUE, first = AV_NOPTS_VALUE;
  int64_t beginning = session->input->context->start_time == AV_NOPTS_VALUE ? 0 : session->input->context->start_time;
  slot[2] = is_past_end(input->context, beginning, start);
  if (slot[2]) return 0;
  for (int64_t back = 0;; back = back ? av_sat_add64(back, back) : AV_TIME_BASE) {
    int64_t earlier = av_sat_sub64(start, back), target = earlier > beginning ? earlier : beginning;
    int result = seek_back(session, target);
    if (result >= 0) result = scan(session, has_video, start, &found, &first);
    if (result >= 0 && found == AV_NOPTS_VALUE && target > beginning) continue;
    if (result >= 0) result = seek_back(session, target);
    struct seek origin = seek_back_to(target);
    places_forget(&input->places, &origin);
    if (result < 0) return input->endpoint.seek_refused || !can_seek_input(input) ? AVERROR(ESPIPE) : result;
    remux->min_time = found != AV_NOPTS_VALUE ? found : first;
    remux->shift = remux->min_time != AV_NOPTS_VALUE ? remux->min_time : 0;
    slot[1] = remux->min_time == AV_NOPTS_VALUE ? NAN : (double)remux->min_time / AV_TIME_BASE;
    return 0;
  }
}
