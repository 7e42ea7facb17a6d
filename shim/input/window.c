#include "window.h"

#include "input.h"
#include "landing.h"
#include "seek.h"

/* Read at most to find a key frame. */
enum { MAX_BYTES = 32 * 1024 * 1024 };

/* Places in the time base of a stream. */
struct window {
  int stream;
  int64_t min, target, max;
};

static int stream_of(const AVFormatContext *input, const struct seek *seek) {
  return seek->stream >= 0 ? seek->stream : av_find_default_stream_index((AVFormatContext *)input);
}

bool has_window(const AVFormatContext *input, const struct seek *seek) {
  bool is_back = seek->min == INT64_MIN && seek->max == seek->target;
  int stream = stream_of(input, seek);
  return !is_back && !(seek->flags & (AVSEEK_FLAG_BYTE | AVSEEK_FLAG_ANY)) && stream >= 0 &&
         input->streams[stream]->discard < AVDISCARD_ALL;
}

static int64_t place_of(int64_t time, const AVStream *stream, enum AVRounding rounding) {
  return time == INT64_MIN || time == INT64_MAX ? time : to_stream(time, stream, rounding);
}

static struct window window_of(const AVFormatContext *input, const struct seek *seek) {
  struct window window = {stream_of(input, seek), seek->min, seek->target, seek->max};
  if (seek->stream >= 0) return window;
  const AVStream *stream = input->streams[window.stream];
  window.min = place_of(seek->min, stream, AV_ROUND_UP);
  window.max = place_of(seek->max, stream, AV_ROUND_DOWN);
  window.target = place_of(seek->target, stream, seek->min == seek->target ? AV_ROUND_UP : AV_ROUND_DOWN);
  return window;
}

static bool is_in(const struct window *window, const AVPacket *packet) {
  int64_t time = packet->pts != AV_NOPTS_VALUE ? packet->pts : packet->dts;
  return packet->flags & AV_PKT_FLAG_KEY && time != AV_NOPTS_VALUE && window->min <= time && time <= window->max;
}

static bool is_past(const struct window *window, const AVPacket *packet) {
  return packet->dts != AV_NOPTS_VALUE && packet->dts > window->max;
}

/* Nothing of it stays in front of a key frame that is found later. */
static bool is_cover(const AVPacket *packet, const void *context) {
  const AVFormatContext *input = context;
  return input->streams[packet->stream_index]->disposition & AV_DISPOSITION_ATTACHED_PIC;
}

/* Reads on to a key frame in the window, or only to the first packet of the stream: from there on packets are in the backlog. */
static bool find(struct session *session, const struct window *window, bool looks_on) {
  struct input *input = session->input;
  AVPacket *packet = input->packet;
  struct packets kept = {0};
  int64_t bytes = 0;
  bool found = false, ended = false;
  while (!found && !ended && bytes <= MAX_BYTES && over_error(&session->channel) >= 0) {
    int result = input_next_packet(session, packet);
    if (result == AVERROR(EAGAIN)) continue;
    if (result < 0) break;
    bytes += packet->size;
    bool is_own = packet->stream_index == window->stream;
    found = is_own && is_in(window, packet);
    ended = is_own && !found && (!looks_on || is_past(window, packet));
    if (is_own && !found) packets_filter(&kept, is_cover, input->context);
    if ((is_own && !found) || !packets_push(&kept, packet)) av_packet_unref(packet);
  }
  backlog_put_first(&input->backlog, &kept);
  return found;
}

/* What libavformat finds. */
static int search(struct session *session, const struct window *window) {
  struct seek seek = {.stream = window->stream, .min = window->min, .target = window->target, .max = window->max};
  int result = input_seek(session, &seek);
  return result >= 0 && !find(session, window, false) ? AVERROR(ERANGE) : result;
}

/* Back to the last key frame before the target, and from there on. */
static int read_on(struct session *session, const struct window *window) {
  struct seek back = {.stream = window->stream, .flags = AVSEEK_FLAG_BACKWARD, .min = INT64_MIN, .max = window->target};
  back.target = back.max;
  if (!can_land(session->input->context, &back)) return AVERROR(ERANGE);
  int result = land(session, &back);
  return result >= 0 && !find(session, window, true) ? AVERROR(ERANGE) : result;
}

int seek_in_window(struct session *session, const struct seek *seek) {
  struct window window = window_of(session->input->context, seek);
  int result = AVERROR(ERANGE), over;
  bool is_indexed = has_whole_index(session->input->context, session->input->context->streams[window.stream]);
  if (window.min <= window.max) result = is_indexed ? search(session, &window) : read_on(session, &window);
  if ((over = over_error(&session->channel)) < 0) return over;
  bool is_known = result >= 0 || window.min > window.max || (!is_indexed && result == AVERROR(ERANGE));
  if (!is_known) result = is_indexed ? read_on(session, &window) : search(session, &window);
  if (result < 0) log_error(session, "no key frame there");
  return result < 0 ? AVERROR(ERANGE) : 0;
}
