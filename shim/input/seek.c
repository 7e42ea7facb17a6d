#include "seek.h"

#include <stdlib.h>
#include <string.h>

#include <libavutil/avstring.h>

#include "../compat.h"
#include "../io.h"
#include "../numbers.h"
#include "../streams.h"
#include "input.h"
#include "landing.h"
#include "open.h"
#include "window.h"

bool opens_files(const AVFormatContext *input) {
  return input->iformat->flags & AVFMT_NOFILE || av_match_name(input->iformat->name, "concat,dash,hls,imf,image2");
}

/* ---------------------------------------------------------------------------------------- seeking */

/* Converts a timestamp of a stream, or seconds to AV_TIME_BASE. */
static int64_t seek_timestamp(double value, bool seconds) {
  if (value == INFINITY) return INT64_MAX;
  if (value == -INFINITY) return INT64_MIN;
  return to_timestamp(seconds ? round(value * AV_TIME_BASE) : value);
}

/* The start time of the input, or of one stream of it; AV_NOPTS_VALUE: unknown. */
static int64_t beginning_of(const AVFormatContext *input, int stream) {
  return stream < 0 ? input->start_time : input->streams[stream]->start_time;
}

/* In mpegts, a seek by time would land after the first key frame. */
static bool begins_at_byte_0(const AVFormatContext *input) {
  int flags = input->iformat->flags;
  return flags & AVFMT_TS_DISCONT && !(flags & AVFMT_NO_BYTE_SEEK) && input->pb && input->pb->seekable;
}

/*
 * Ogg's demuxer counts its streams without the pictures, which come behind those that were known before: an assertion fails for a
 * stream that has a higher number.
 */
static bool is_beyond_ogg(const AVFormatContext *input, int stream) {
  int count = (int)input->nb_streams;
  for (unsigned i = 0; i < input->nb_streams; i++) count -= is_picture(input->streams[i]);
  return (stream < 0 ? av_find_default_stream_index((AVFormatContext *)input) : stream) >= count;
}

/*
 * Files in which a seek by time ends the process: asf has an array of 127 streams, to which pictures are added, bink looks at its
 * first frame, others divide by numbers of the file. Except for Ogg, the embedded FFmpeg is patched.
 */
static bool is_fatal_to_seek(const AVFormatContext *input, int stream) {
  enum { ASF_STREAMS = 127 };
  const char *name = input->iformat->name;
  if (!strcmp(name, "ogg")) return is_beyond_ogg(input, stream);
  if (EMBEDDED) return false;
  if (!strcmp(name, "asf")) return input->nb_streams > ASF_STREAMS;
  if (!strcmp(name, "bink")) return !input->nb_streams || !avformat_index_get_entries_count(input->streams[0]);
  return av_match_name(name, "asf_o,brstm,bfstm");
}

int input_seek(struct session *session, const struct seek *seek) {
  AVFormatContext *input = session->input->context;
  backlog_clear(&session->input->backlog);
  if (is_fatal_to_seek(input, seek->stream)) {
    log_error(session, "this libavformat can't seek by time in such a file (%s)", input->iformat->name);
    return AVERROR(ENOSYS);
  }
  struct ended *ended = &session->input->ended;
  int64_t beginning = beginning_of(input, seek->stream);
  bool is_before = beginning != AV_NOPTS_VALUE && seek->max <= beginning;
  if (is_before && begins_at_byte_0(input) && avformat_seek_file(input, -1, 0, 0, 0, AVSEEK_FLAG_BYTE) >= 0) return 0;
  int result = seek_wanting_all(input, ended, seek);
  struct seek first = *seek;
  first.min = INT64_MIN;
  first.target = first.max = beginning;
  /* hls finds nothing before its beginning. */
  return result < 0 && is_before ? seek_wanting_all(input, ended, &first) : result;
}

/* Matroska and flv lack AVFMT_NO_BYTE_SEEK, but their demuxers find nothing from any byte (FFmpeg 5.1 and 7.1). */
static bool can_seek_by_bytes(const AVFormatContext *input) {
  const AVInputFormat *format = input->iformat;
  bool is_lost = av_match_name("matroska", format->name) || av_match_name(format->name, "flv,live_flv,kux");
  return input->pb && !(format->flags & AVFMT_NO_BYTE_SEEK) && !is_lost;
}

/* libavformat's seek_frame_byte() does not check that its seek has succeeded. */
static int go_to_byte(struct session *session, int64_t position) {
  backlog_clear(&session->input->backlog);
  return avformat_seek_file(session->input->context, -1, position, position, position, AVSEEK_FLAG_BYTE);
}

/*
 * In these formats a packet may be split over several units: from any byte on, the first packet of a
 * stream may be incomplete.
 */
static bool divides_packets(const AVFormatContext *input) { return av_match_name(input->iformat->name, "mpegts,mpeg,avi"); }

/* For each stream, whether a packet has come that begins at the position or after it. */
struct arrivals {
  bool *arrived;
  unsigned count, waiting;
};

static bool begin_arrivals(struct arrivals *arrivals, const AVFormatContext *input) {
  *arrivals = (struct arrivals){.arrived = calloc(input->nb_streams + 1, sizeof(bool)), .count = input->nb_streams};
  for (unsigned i = 0; arrivals->arrived && i < arrivals->count; i++)
    if (input->streams[i]->discard < AVDISCARD_ALL) arrivals->waiting++;
  return arrivals->arrived;
}

/* Whether the packet comes from there on. */
static bool note_arrival(struct arrivals *arrivals, const AVPacket *packet, int64_t position) {
  unsigned stream = (unsigned)packet->stream_index;
  bool is_known = stream < arrivals->count;
  if (is_known && arrivals->arrived[stream]) return true;
  if (packet->pos < position) return false;
  if (is_known && arrivals->waiting) arrivals->waiting--;
  if (is_known) arrivals->arrived[stream] = true;
  return true;
}

/* Reads until each stream has a packet that begins there or later, up to a limit. */
static int read_to_arrivals(struct session *session, struct arrivals *arrivals, int64_t position) {
  enum { MORE = 256 * 1024 };
  struct input *input = session->input;
  struct packets kept = {0};
  int result = 0;
  while (arrivals->waiting && avio_tell(input->context->pb) < av_sat_add64(position, MORE) && over_error(&session->channel) >= 0) {
    result = input_next_packet(session, input->packet);
    if (result == AVERROR(EAGAIN)) continue;
    if (result < 0) break;
    if (note_arrival(arrivals, input->packet, position)) input_keep_packet(session, &kept, input->packet);
    else av_packet_unref(input->packet);
  }
  input_give_back(session, &kept);
  if (result < 0 && result != AVERROR(EAGAIN)) input->backlog.result = result;
  return over_error(&session->channel) < 0 ? over_error(&session->channel) : 0;
}

/* Starts a little before the position, so that each stream begins with a complete packet. */
static int go_to_whole_packets(struct session *session, int64_t position) {
  enum { BEFORE = 256 * 1024 };
  if (position <= 0 || !divides_packets(session->input->context)) return go_to_byte(session, position);
  int result = go_to_byte(session, FFMAX(position - BEFORE, 0));
  struct arrivals arrivals;
  if (result < 0) return result;
  if (!begin_arrivals(&arrivals, session->input->context)) return AVERROR(ENOMEM);
  result = read_to_arrivals(session, &arrivals, position);
  free(arrivals.arrived);
  return result;
}

int search_beginning(struct session *session, int stream) {
  AVFormatContext *input = session->input->context;
  struct seek seek = seek_back_to(input->start_time == AV_NOPTS_VALUE ? 0 : input->start_time);
  int result = input_seek(session, &seek);
  bool is_stream = stream >= 0 && (unsigned)stream < input->nb_streams; /* damaged files may have no streams */
  const AVIndexEntry *entry = is_stream ? avformat_index_get_entry(input->streams[stream], 0) : NULL;
  if (result < 0 && entry) {
    seek.stream = stream;
    seek.target = seek.max = entry->timestamp;
    if (input_seek(session, &seek) >= 0) return 0;
  }
  return result < 0 && can_seek_by_bytes(input) && go_to_byte(session, 0) >= 0 ? 0 : result;
}

int seek_to_beginning(struct session *session, int stream) {
  int result = input_reopen(session);
  return result >= 0 || is_over(&session->channel) ? result : search_beginning(session, stream);
}

struct seek seek_back_to(int64_t time) {
  return (struct seek){.stream = -1, .flags = AVSEEK_FLAG_BACKWARD, .min = INT64_MIN, .target = time, .max = time};
}

static int do_seek(struct session *session, const struct seek *seek) {
  if (seek->flags & AVSEEK_FLAG_BYTE) return go_to_whole_packets(session, seek->target);
  if (can_land(session->input->context, seek)) return land(session, seek);
  return has_window(session->input->context, seek) ? seek_in_window(session, seek) : input_seek(session, seek);
}

static struct seek seek_of_slot(const double *slot) {
  bool seconds = slot[1] < 0;
  struct seek seek = {.stream = (int)slot[1], .flags = to_int(slot[5])};
  if (seek.flags & AVSEEK_FLAG_BYTE) {
    seek.target = to_timestamp(slot[2]);
  } else {
    seek.min = seek_timestamp(slot[3], seconds);
    seek.target = seek_timestamp(slot[2], seconds);
    seek.max = seek_timestamp(slot[4], seconds);
  }
  return seek;
}

static int64_t in_microseconds(int64_t time, const AVStream *stream) {
  return time == INT64_MIN || time == INT64_MAX ? time : av_rescale_q(time, stream->time_base, AV_TIME_BASE_Q);
}

/* A picture has no times: a seek by its stream is one of the whole input. */
static void seek_without_picture(const AVFormatContext *input, struct seek *seek) {
  bool is_by_stream = !(seek->flags & AVSEEK_FLAG_BYTE) && seek->stream >= 0 && (unsigned)seek->stream < input->nb_streams;
  const AVStream *stream = is_by_stream ? input->streams[seek->stream] : NULL;
  if (!stream || !is_picture(stream)) return;
  seek->stream = -1;
  seek->min = in_microseconds(seek->min, stream);
  seek->target = in_microseconds(seek->target, stream);
  seek->max = in_microseconds(seek->max, stream);
}

/* Whether the seek leads to the beginning. */
static bool is_to_beginning(const AVFormatContext *input, const struct seek *seek) {
  int64_t beginning = beginning_of(input, seek->stream);
  bool is_back = !(seek->flags & (AVSEEK_FLAG_BYTE | AVSEEK_FLAG_ANY)) && seek->min == INT64_MIN;
  bool is_before = beginning != AV_NOPTS_VALUE && seek->target <= beginning;
  return is_back && is_before && (seek->max == seek->target || seek->max >= beginning);
}

/* ---------------------------------------------------------------------------------------- restoring the position */

/* Goes to where reading began. */
static int go_to_origin(struct session *session, const struct seek *origin) {
  int result = seek_to_beginning(session, av_find_default_stream_index(session->input->context));
  return origin ? do_seek(session, origin) : result;
}

/* If much has been read since reading began: goes to shortly before the last delivered packets. */
static bool go_back_a_little(struct session *session) {
  enum { NEAR = 8 * 1024 * 1024, MAX_BYTES = 64 * 1024 * 1024 };
  const struct input *input = session->input;
  int64_t time = input->places.bytes > NEAR ? time_of_places(&input->places, input->context) : AV_NOPTS_VALUE;
  if (time == AV_NOPTS_VALUE) return false;
  struct seek back = seek_back_to(av_sat_sub64(time, 2 * AV_TIME_BASE)); /* streams are not interleaved exactly */
  return input_seek(session, &back) >= 0 && pass_over_given(session, BY_TIMES, MAX_BYTES) >= 0;
}

/*
 * Restores the position after a failed seek. If reading began with a seek, the same seek may lead elsewhere now, and times may
 * differ from those of the whole file.
 */
static void go_back(struct session *session) {
  struct places *places = &session->input->places;
  const struct seek *origin = places->has_origin ? &places->origin : NULL;
  if (go_back_a_little(session)) return;
  if (go_to_origin(session, origin) >= 0 && pass_over_given(session, BY_NUMBER, INT64_MAX) >= 0) return;
  for (enum known_by known_by = BY_TIMES; known_by <= BY_POSITION && !is_over(&session->channel); known_by++)
    if (go_to_origin(session, NULL) >= 0 && pass_over_given(session, known_by, INT64_MAX) >= 0) return;
  if (is_over(&session->channel)) return;
  log_error(session, "the position was lost by a failed seek");
  places->lost = true;
}

/* ---------------------------------------------------------------------------------------- the operation */

static int fail_not_seekable(struct input *input) {
  refuse_seek(&input->endpoint, -1);
  return AVERROR(ESPIPE);
}

/* Checks that libavformat can do it. */
static int check(struct session *session, const struct seek *seek) {
  struct input *input = session->input;
  const AVFormatContext *context = input->context;
  bool by_bytes = seek->flags & AVSEEK_FLAG_BYTE;
  if (!context->nb_streams) {
    log_error(session, "it has no streams");
    return AVERROR(ENOSYS);
  }
  if (!can_seek_input(input) && !opens_files(context)) return fail_not_seekable(input);
  if (by_bytes && !can_seek_by_bytes(context)) {
    log_error(session, "%s can't be sought by bytes", context->iformat->name);
    return AVERROR(ENOSYS);
  }
  if (by_bytes && !context->pb->seekable) return AVERROR(ESPIPE);
  return by_bytes || (seek->min <= seek->target && seek->target <= seek->max) ? 0 : AVERROR(EINVAL);
}

/* If nothing comes before the target, opens the input again, so that the same packets are read as after opening. */
int input_go_to(struct session *session, const struct seek *seek) {
  struct input *input = session->input;
  if (!can_seek_input(input) && !opens_files(input->context)) return AVERROR(ESPIPE);
  input->is_sought = true;
  bool began = is_to_beginning(input->context, seek) && input_reopen(session) >= 0;
  int result = began ? 0 : do_seek(session, seek);
  input->is_sought = false;
  if (result < 0 || input->endpoint.seek_refused) return result < 0 ? result : AVERROR(ESPIPE);
  batches_clear(session);
  places_forget(&input->places, began ? NULL : seek);
  return 0;
}

static int seek_or_go_back(struct session *session, const struct seek *seek) {
  struct input *input = session->input;
  int result = input_go_to(session, seek);
  if (result >= 0) return 0;
  struct endpoint before = input->endpoint; /* seeks refused while the position is restored don't count */
  if (!session->channel.failed) go_back(session);
  input->endpoint.seek_refused = before.seek_refused;
  input->endpoint.seek_target = before.seek_target;
  if (!before.seek_refused && !can_seek_input(input)) return fail_not_seekable(input);
  return before.seek_refused ? AVERROR(ESPIPE) : result;
}

int input_op_seek(struct session *session, double *slot, uint8_t *data, size_t size) {
  (void)data, (void)size;
  struct input *input = session->input;
  if (!input) return AVERROR(EBADF);
  if (!(slot[1] >= -1 && slot[1] < FFMAX(input->context->nb_streams, 1))) return AVERROR(EINVAL);
  struct seek seek = seek_of_slot(slot);
  seek_without_picture(input->context, &seek);
  int result = check(session, &seek);
  if (result < 0) return result;
  AVPacket *held = input->held ? av_packet_clone(input->packet) : NULL;
  if (input->held && !held) return AVERROR(ENOMEM);
  want_ended(input->context, &input->ended);
  apply_discards(session); /* the default stream is one that is not discarded */
  session->channel.acting = &input->endpoint;
  forget_held(input);
  result = seek_or_go_back(session, &seek);
  if (held && result < 0) {
    av_packet_move_ref(input->packet, held);
    input->held = true;
  }
  av_packet_free(&held);
  return result;
}
