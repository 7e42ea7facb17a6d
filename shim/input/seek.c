#include "seek.h"

#include <stdlib.h>
#include <string.h>

#include <libavutil/avstring.h>

#include "../numbers.h"
#include "../io.h"
#include "input.h"
#include "landing.h"

/* ---------------------------------------------------------------------------------------- how far reading has come */

static struct place *place_of(struct places *places, int stream) {
  unsigned index = (unsigned)stream;
  if (index >= places->count) {
    struct place *list = realloc(places->list, (index + 1) * sizeof(*list));
    if (!list) return NULL;
    places->list = list;
    for (; places->count <= index; places->count++) list[places->count] = (struct place){0};
  }
  return &places->list[index];
}

static int64_t time_of(const AVPacket *packet) { return packet->dts != AV_NOPTS_VALUE ? packet->dts : packet->pts; }

void note_given(struct places *places, const AVPacket *packet) {
  struct place *place = place_of(places, packet->stream_index);
  if (!place) return;
  int64_t time = time_of(packet);
  if (!place->given) place->first = time;
  place->given = place->passed = true;
  place->time = time;
  place->end = time != AV_NOPTS_VALUE && packet->duration > 0 ? av_sat_add64(time, packet->duration) : AV_NOPTS_VALUE;
  place->pos = packet->pos;
}

void places_forget(struct places *places, const struct seek *origin) {
  struct place *list = places->list;
  unsigned count = places->count;
  for (unsigned i = 0; i < count; i++) list[i] = (struct place){0};
  *places = (struct places){.list = list, .count = count, .has_origin = origin != NULL};
  if (origin) places->origin = *origin;
}

void places_free(struct places *places) { free(places->list); }

/* Formats that open files of their own beside, or instead of, the input's I/O context. */
static bool opens_files(const AVFormatContext *input) {
  return input->iformat->flags & AVFMT_NOFILE || av_match_name(input->iformat->name, "concat,dash,hls,imf,image2");
}

/* Packets of a stream have growing positions: not where they are of several files, or found by mp4's index. */
static bool is_in_file_order(const AVFormatContext *input) {
  return input->pb && !opens_files(input) && strncmp(input->iformat->name, "mov,", 4);
}

enum relation { BEFORE, LAST, NEXT, AFTER };

/*
 * What a packet of a stream that is gone through again is to the last one that was given out: NEXT is one that begins where
 * that ended.
 */
static enum relation compare(const AVFormatContext *input, const struct place *place, const AVPacket *packet) {
  int64_t time = time_of(packet), tolerance = packet->duration / 2; /* where times are counted on from another packet */
  bool is_next = time != AV_NOPTS_VALUE && time == place->end;
  if (is_in_file_order(input) && place->pos >= 0 && packet->pos >= 0 && packet->pos != place->pos)
    return packet->pos < place->pos ? BEFORE : is_next ? NEXT : AFTER;
  if (is_next) return NEXT;
  if (time == AV_NOPTS_VALUE || place->time == AV_NOPTS_VALUE) return packet->pos == place->pos ? LAST : AFTER;
  if (time < av_sat_sub64(place->time, tolerance)) return BEFORE;
  return time <= av_sat_add64(place->time, tolerance) ? LAST : AFTER;
}

static void go_back_farther(struct session *session);

bool is_passed_over(struct session *session, AVPacket *packet) {
  struct places *places = &session->input->places;
  unsigned index = (unsigned)packet->stream_index;
  struct place *place = places->going_back && index < places->count ? &places->list[index] : NULL;
  if (!place || !place->given || place->passed) return false;
  enum relation relation = compare(session->input->context, place, packet);
  bool given = relation <= LAST, is_anchor = packet->stream_index == places->anchor;
  if (is_anchor && (relation == LAST || relation == NEXT)) places->anchor = -1;
  place->passed = !given;
  bool missed = is_anchor && relation == AFTER;
  if (given || missed) av_packet_unref(packet);
  if (missed) go_back_farther(session);
  return given || missed;
}

bool is_anchor_missing(struct session *session) {
  const struct places *places = &session->input->places;
  bool missing = places->going_back && places->anchor >= 0 &&
                 session->input->context->streams[places->anchor]->discard < AVDISCARD_ALL;
  if (missing) go_back_farther(session);
  return missing;
}

/* Covers come once, before all other packets; libavformat has dropped those that were not read yet. */
bool has_lost_picture(struct session *session, AVPacket *packet) {
  struct places *places = &session->input->places;
  for (unsigned i = 0; places->going_back && i < session->input->context->nb_streams; i++) {
    const AVStream *stream = session->input->context->streams[i];
    struct place *place = stream->attached_pic.size ? place_of(places, (int)i) : NULL;
    if (!place || place->given || stream->discard >= AVDISCARD_ALL) continue;
    place->given = place->passed = true;
    if (av_packet_ref(packet, &stream->attached_pic) < 0) continue;
    packet->stream_index = (int)i;
    return true;
  }
  return false;
}

/* ---------------------------------------------------------------------------------------- seeking */

/* In the time base of the seek: a stream's, or AV_TIME_BASE for seconds. */
static int64_t seek_timestamp(double value, bool seconds) {
  if (value == INFINITY) return INT64_MAX;
  if (value == -INFINITY) return INT64_MIN;
  return to_timestamp(seconds ? round(value * AV_TIME_BASE) : value);
}

/* Where the input, or one stream of it, begins; AV_NOPTS_VALUE where that is not known. */
static int64_t beginning_of(const AVFormatContext *input, int stream) {
  return stream < 0 ? input->start_time : input->streams[stream]->start_time;
}

/* A search by time in mpegts would land behind the first key frame. */
static bool begins_at_byte_0(const AVFormatContext *input) {
  int flags = input->iformat->flags;
  return flags & AVFMT_TS_DISCONT && !(flags & AVFMT_NO_BYTE_SEEK) && input->pb && input->pb->seekable;
}

int input_seek(AVFormatContext *input, const struct seek *seek) {
  int64_t beginning = beginning_of(input, seek->stream);
  bool is_before = beginning != AV_NOPTS_VALUE && seek->max <= beginning;
  if (is_before && begins_at_byte_0(input) && avformat_seek_file(input, -1, 0, 0, 0, AVSEEK_FLAG_BYTE) >= 0) return 0;
  int result = avformat_seek_file(input, seek->stream, seek->min, seek->target, seek->max, seek->flags);
  /* hls finds nothing before its beginning. */
  if (result < 0 && is_before) return avformat_seek_file(input, seek->stream, INT64_MIN, beginning, beginning, seek->flags);
  return result;
}

/* Matroska and flv don't say that they can't, but find nothing from there (FFmpeg 5.1 and 7.1). */
static bool can_seek_by_bytes(const AVFormatContext *input) {
  const AVInputFormat *format = input->iformat;
  bool is_lost = av_match_name("matroska", format->name) || av_match_name(format->name, "flv,live_flv,kux");
  return input->pb && !(format->flags & AVFMT_NO_BYTE_SEEK) && !is_lost;
}

/* seek_frame_byte() of libavformat does not look whether it got there. */
int seek_to_beginning(AVFormatContext *input, int stream) {
  struct seek seek = seek_back_to(input->start_time == AV_NOPTS_VALUE ? 0 : input->start_time);
  int result = input_seek(input, &seek);
  bool is_stream = stream >= 0 && (unsigned)stream < input->nb_streams; /* damaged files have none at all */
  const AVIndexEntry *entry = is_stream ? avformat_index_get_entry(input->streams[stream], 0) : NULL;
  if (result < 0 && entry) {
    seek.stream = stream;
    seek.target = seek.max = entry->timestamp;
    if (input_seek(input, &seek) >= 0) return 0;
  }
  if (result < 0 && can_seek_by_bytes(input) && avformat_seek_file(input, -1, 0, 0, 0, AVSEEK_FLAG_BYTE) >= 0) return 0;
  return result;
}

static int seek_to_byte(struct session *session, int64_t position, bool *called) {
  AVFormatContext *input = session->input->context;
  if (!can_seek_by_bytes(input)) {
    log_error(session, "%s can't be sought by bytes", input->iformat->name);
    return AVERROR(ENOSYS);
  }
  if (!input->pb->seekable) return AVERROR(ESPIPE);
  *called = true;
  backlog_clear(&session->input->backlog);
  return avformat_seek_file(input, -1, position, position, position, AVSEEK_FLAG_BYTE);
}

struct seek seek_back_to(int64_t time) {
  return (struct seek){.stream = -1, .flags = AVSEEK_FLAG_BACKWARD, .min = INT64_MIN, .target = time, .max = time};
}

/* On to a time: libavformat would round it to the nearest of the stream, which may be before. */
static struct seek not_before(AVFormatContext *input, const struct seek *seek) {
  int stream = seek->stream < 0 ? av_find_default_stream_index(input) : -1;
  struct seek own = *seek;
  bool is_forward = seek->min == seek->target && seek->max == INT64_MAX && seek->min != INT64_MIN;
  if (stream < 0 || !is_forward || opens_files(input)) return own;
  own.stream = stream;
  own.min = own.target = to_stream(seek->target, input->streams[stream], AV_ROUND_UP);
  return own;
}

static int do_seek(struct session *session, const struct seek *seek, bool *called) {
  if (seek->flags & AVSEEK_FLAG_BYTE) return seek_to_byte(session, seek->target, called);
  if (seek->min > seek->target || seek->max < seek->target) return AVERROR(EINVAL);
  *called = true;
  backlog_clear(&session->input->backlog);
  if (can_land(session->input->context, seek)) return land(session, seek);
  struct seek own = not_before(session->input->context, seek);
  return input_seek(session->input->context, &own);
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

/* ---------------------------------------------------------------------------------------- the way back */

static bool is_steady(const AVStream *stream) { /* packets come all the time */
  enum AVMediaType type = stream->codecpar->codec_type;
  return (type == AVMEDIA_TYPE_VIDEO || type == AVMEDIA_TYPE_AUDIO) && stream->discard < AVDISCARD_ALL &&
         !(stream->disposition & AV_DISPOSITION_ATTACHED_PIC);
}

/*
 * Finds a place to go back to that is before what comes next of each stream, and not before where reading began: there
 * what was not given out could not be told from what was never to be. Streams are not interleaved exactly, so that it is
 * before the last packet of the one that is farthest behind, the anchor. AV_NOPTS_VALUE: there is none.
 */
static int64_t find_place(struct session *session) {
  struct places *places = &session->input->places;
  const AVFormatContext *input = session->input->context;
  int64_t earliest = INT64_MAX, began = INT64_MIN, end = AV_NOPTS_VALUE;
  int steady = 0;
  for (unsigned i = 0; i < input->nb_streams; i++) {
    const AVStream *stream = input->streams[i];
    const struct place *place = i < places->count ? &places->list[i] : NULL;
    if (!is_steady(stream)) continue;
    if (!place || !place->given || place->first == AV_NOPTS_VALUE || place->time == AV_NOPTS_VALUE) return AV_NOPTS_VALUE;
    int64_t time = av_rescale_q(place->time, stream->time_base, AV_TIME_BASE_Q);
    began = FFMAX(began, av_rescale_q(place->first, stream->time_base, AV_TIME_BASE_Q));
    if (place->end != AV_NOPTS_VALUE) end = av_rescale_q(place->end, stream->time_base, AV_TIME_BASE_Q);
    if (time < earliest) earliest = time, places->anchor = (int)i;
    steady++;
  }
  if (!steady) return AV_NOPTS_VALUE;
  /* Alone, a stream can go on where its last packet ends: PCM has packets of any length. */
  if (steady == 1 && input->nb_streams == 1) return end;
  int64_t skew = input->iformat->flags & AVFMT_TS_DISCONT ? 2 * AV_TIME_BASE : AV_TIME_BASE;
  int64_t place = av_sat_sub64(earliest, skew);
  return place >= began ? place : AV_NOPTS_VALUE;
}

static void lose_position(struct session *session) {
  log_error(session, "position lost by a seek that failed");
  session->input->places.lost = true;
}

static void pass_over_given(struct places *places) {
  for (unsigned i = 0; i < places->count; i++) places->list[i].passed = false;
  places->going_back = true;
}

/* To where reading began. */
static void go_to_origin(struct session *session) {
  struct places *places = &session->input->places;
  AVFormatContext *input = session->input->context;
  int stream = av_find_default_stream_index(input);
  bool called = false;
  places->from_origin = true;
  places->anchor = -1;
  for (unsigned i = 0; i < places->count && i < input->nb_streams && places->anchor < 0; i++)
    if (places->list[i].given && is_steady(input->streams[i])) places->anchor = (int)i;
  pass_over_given(places);
  backlog_clear(&session->input->backlog);
  int result = places->has_origin ? do_seek(session, &places->origin, &called) : seek_to_beginning(input, stream);
  if (result < 0) lose_position(session);
}

/* The place that was gone back to was not the right one. */
static void go_back_farther(struct session *session) {
  if (session->input->places.from_origin) lose_position(session);
  else go_to_origin(session);
}

/* After a seek that failed: to where reading was. */
static void go_back(struct session *session) {
  struct places *places = &session->input->places;
  int64_t place = find_place(session);
  if (place == AV_NOPTS_VALUE) return go_to_origin(session);
  places->from_origin = false;
  pass_over_given(places);
  backlog_clear(&session->input->backlog);
  struct seek back = seek_back_to(place);
  if (input_seek(session->input->context, &back) < 0) go_to_origin(session);
}

static int say_not_seekable(struct input *input) {
  refuse_seek(&input->endpoint, -1);
  return AVERROR(ESPIPE);
}

static int say_no_streams(struct session *session) {
  log_error(session, "it has no streams");
  return AVERROR(ENOSYS);
}

int input_op_seek(struct session *session, double *slot, uint8_t *data, size_t size) {
  (void)data, (void)size;
  struct input *input = session->input;
  if (!input) return AVERROR(EBADF);
  if (!(slot[1] >= -1 && slot[1] < input->context->nb_streams)) return AVERROR(EINVAL);
  if (!input->context->nb_streams) return say_no_streams(session);
  if (!can_seek_input(input) && !opens_files(input->context)) return say_not_seekable(input);
  apply_discards(session); /* the default stream is one that is not discarded */
  session->channel.acting = &input->endpoint;
  bool called = false; /* libavformat, which has dropped what it had */
  struct seek seek = seek_of_slot(slot);
  int result = do_seek(session, &seek, &called);
  if (result >= 0 && !input->endpoint.seek_refused) {
    batches_clear(session);
    forget_held(input);
    places_forget(&input->places, &seek);
    return 0;
  }
  struct endpoint before = input->endpoint; /* what the way back is refused is nobody's matter */
  if (called && !session->channel.failed) go_back(session);
  input->endpoint.seek_refused = before.seek_refused;
  input->endpoint.seek_target = before.seek_target;
  if (!before.seek_refused && !can_seek_input(input)) return say_not_seekable(input);
  return before.seek_refused ? AVERROR(ESPIPE) : result;
}
