#include "window.h"

#include <libavcodec/avcodec.h>

#include "../streams.h"
#include "input.h"
#include "landing.h"
#include "seek.h"

/* Limit of the bytes that are read to find a key frame. */
enum { MAX_BYTES = 32 * 1024 * 1024 };

/* Times in the time base of a stream. */
struct window {
  int stream;
  int64_t min, target, max;
  bool any; /* any frame, not only key frames */
};

static int stream_of(const AVFormatContext *input, const struct seek *seek) {
  return seek->stream >= 0 ? seek->stream : av_find_default_stream_index((AVFormatContext *)input);
}

bool has_window(const AVFormatContext *input, const struct seek *seek) {
  bool is_back = seek->min == INT64_MIN && seek->max == seek->target && !(seek->flags & AVSEEK_FLAG_ANY);
  int stream = stream_of(input, seek);
  return !is_back && !(seek->flags & AVSEEK_FLAG_BYTE) && stream >= 0 && input->streams[stream]->discard < AVDISCARD_ALL;
}

static int64_t place_of(int64_t time, const AVStream *stream, enum AVRounding rounding) {
  return time == INT64_MIN || time == INT64_MAX ? time : to_stream(time, stream, rounding);
}

static struct window window_of(const AVFormatContext *input, const struct seek *seek) {
  struct window window = {stream_of(input, seek), seek->min, seek->target, seek->max, seek->flags & AVSEEK_FLAG_ANY};
  if (seek->stream >= 0) return window;
  const AVStream *stream = input->streams[window.stream];
  window.min = place_of(seek->min, stream, AV_ROUND_UP);
  window.max = place_of(seek->max, stream, AV_ROUND_DOWN);
  window.target = place_of(seek->target, stream, seek->min == seek->target ? AV_ROUND_UP : AV_ROUND_DOWN);
  return window;
}

static int64_t time_of(const AVPacket *packet) { return packet->pts != AV_NOPTS_VALUE ? packet->pts : packet->dts; }

static bool is_in(const struct window *window, const AVPacket *packet) {
  int64_t time = time_of(packet);
  bool fits = packet->flags & AV_PKT_FLAG_KEY || window->any;
  return fits && time != AV_NOPTS_VALUE && window->min <= time && time <= window->max;
}

/* Whether all later packets are presented after the time. */
static bool is_past(int64_t time, const AVPacket *packet) { return packet->dts != AV_NOPTS_VALUE && packet->dts > time; }

/* A filter for packets_filter(): only covers stay before a key frame that is found later. */
static bool is_cover(const AVPacket *packet, const void *context) {
  const AVFormatContext *input = context;
  return is_picture(input->streams[packet->stream_index]);
}

/*
 * Reads up to a key frame in the window; without `looks_on`, only the first packet of the stream.
 * Packets from there on go into the backlog.
 */
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
    ended = is_own && !found && (!looks_on || is_past(window->max, packet));
    if (is_own && !found) packets_filter(&kept, kept.count, is_cover, input->context);
    if (is_own && !found) av_packet_unref(packet);
    else input_keep_packet(session, &kept, packet);
  }
  input_give_back(session, &kept);
  return found;
}

/* The better of two frames in the window is the later one at or before the target, otherwise the earlier one. */
static bool is_better(const struct window *window, int64_t time, int64_t best) {
  if (time <= window->target) return best > window->target || time > best;
  return time < best;
}

/* Reads up to the last frame in the window that is presented at or before the target, otherwise to the first one after it. */
static bool find_frame(struct session *session, const struct window *window) {
  struct input *input = session->input;
  AVPacket *packet = input->packet;
  struct packets kept = {0};
  int64_t bytes = 0, best = INT64_MAX;
  bool found = false, ended = false;
  while (!ended && bytes <= MAX_BYTES && over_error(&session->channel) >= 0) {
    int result = input_next_packet(session, packet);
    if (result == AVERROR(EAGAIN)) continue;
    if (result < 0) {
      input->backlog.result = result;
      break;
    }
    bytes += packet->size;
    bool is_own = packet->stream_index == window->stream;
    bool is_next = is_own && is_in(window, packet) && is_better(window, time_of(packet), best);
    if (is_next) best = time_of(packet);
    found = found || is_next;
    ended = is_own && is_past(found ? FFMAX(best, window->target) : window->max, packet);
    if (is_next || (is_own && !found)) packets_filter(&kept, kept.count, is_cover, input->context);
    if (is_own && !found) av_packet_unref(packet);
    else input_keep_packet(session, &kept, packet);
  }
  input_give_back(session, &kept);
  return found;
}

/* Goes to the last key frame before a time, if that is in the window. */
static bool search_before(struct session *session, const struct window *window, int64_t time) {
  struct seek seek = {.stream = window->stream, .flags = AVSEEK_FLAG_BACKWARD, .min = INT64_MIN, .max = time};
  if (time < INT64_MAX) seek.max--;
  seek.target = seek.max;
  return input_seek(session, &seek) >= 0 && find(session, window, false);
}

static bool is_reordered(const AVStream *stream) {
  const AVCodecDescriptor *codec = avcodec_descriptor_get(stream->codecpar->codec_id);
  return codec && codec->props & AV_CODEC_PROP_REORDER;
}

/* By the index: the first key frame at or after a time (INT64_MAX: none), and the last one before it (INT64_MIN: none). */
static int64_t key_after(AVStream *stream, int64_t time) {
  int entry = av_index_search_timestamp(stream, time, 0);
  return entry < 0 ? INT64_MAX : avformat_index_get_entry(stream, entry)->timestamp;
}

static int64_t key_before(AVStream *stream, int64_t time) {
  int entry = time == INT64_MIN ? -1 : av_index_search_timestamp(stream, time - 1, AVSEEK_FLAG_BACKWARD);
  return entry < 0 ? INT64_MIN : avformat_index_get_entry(stream, entry)->timestamp;
}

/*
 * The index may have decoding times: a key frame that is before the window in the index may be presented inside it. Goes back
 * to the first such key frame.
 */
static bool search_reordered(struct session *session, const struct window *window) {
  AVStream *stream = session->input->context->streams[window->stream];
  if (!is_reordered(stream) || window->min == INT64_MIN) return false;
  int64_t found = INT64_MIN, next = key_after(stream, window->min), key = key_before(stream, next);
  while (key != INT64_MIN && search_before(session, window, next)) {
    found = next;
    next = key;
    key = key_before(stream, key);
  }
  if (found == INT64_MIN) return false;
  return key == INT64_MIN || search_before(session, window, found);
}

/* Searches by libavformat's seek, and checks the result. */
static int search(struct session *session, const struct window *window) {
  if (search_reordered(session, window)) return 0;
  struct seek seek = {.stream = window->stream, .min = window->min, .target = window->target, .max = window->max};
  int result = input_seek(session, &seek);
  return result >= 0 && !find(session, window, false) ? AVERROR(ERANGE) : result;
}

/* Goes back to the last key frame before the target, and reads on from there. */
static int read_on(struct session *session, const struct window *window) {
  struct seek back = {.stream = window->stream, .flags = AVSEEK_FLAG_BACKWARD, .min = INT64_MIN, .max = window->target};
  back.target = back.max;
  if (!can_land(session->input->context, &back)) return AVERROR(ERANGE);
  int result = land(session, &back);
  if (result < 0) return result;
  return (window->any ? find_frame(session, window) : find(session, window, true)) ? 0 : AVERROR(ERANGE);
}

/*
 * Finds any frame by reading on from a key frame; if that is impossible, by libavformat's seek, which
 * does not keep to the limits.
 */
static int seek_to_any(struct session *session, const struct seek *seek, const struct window *window) {
  int result = window->min <= window->max ? read_on(session, window) : AVERROR(ERANGE);
  int over = over_error(&session->channel);
  if (over < 0 || result >= 0) return over < 0 ? over : result;
  if (result != AVERROR(ERANGE)) return input_seek(session, seek);
  log_error(session, "no frame there");
  return result;
}

int seek_in_window(struct session *session, const struct seek *seek) {
  struct window window = window_of(session->input->context, seek);
  if (window.any) return seek_to_any(session, seek, &window);
  int result = AVERROR(ERANGE), over;
  bool is_indexed = has_whole_index(session->input->context, session->input->context->streams[window.stream]);
  if (window.min <= window.max) result = is_indexed ? search(session, &window) : read_on(session, &window);
  if ((over = over_error(&session->channel)) < 0) return over;
  bool is_known = result >= 0 || window.min > window.max || (!is_indexed && result == AVERROR(ERANGE));
  if (!is_known) result = is_indexed ? read_on(session, &window) : search(session, &window);
  if (result < 0) log_error(session, "no key frame there");
  return result < 0 ? AVERROR(ERANGE) : 0;
}
