/*
 * seek.c - seeking in an input, and the way back where that fails: libavformat drops what it has read before it looks
 * whether it can seek. So the last packet of each stream that was given out is remembered. After a seek that failed the
 * input is sought to a key frame before these, and packets that come again are passed over.
 */
#include <libavutil/avstring.h>

#include "internal.h"

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

void note_given(struct session *session, const AVPacket *packet) {
  struct place *place = place_of(&session->places, packet->stream_index);
  if (!place) return;
  int64_t time = time_of(packet);
  if (!place->given) place->first = time;
  place->given = place->passed = true;
  place->time = time;
  place->end = time != AV_NOPTS_VALUE && packet->duration > 0 ? av_sat_add64(time, packet->duration) : AV_NOPTS_VALUE;
  place->pos = packet->pos;
}

void forget_places(struct session *session, const struct seek *origin) {
  struct place *list = session->places.list;
  unsigned count = session->places.count;
  for (unsigned i = 0; i < count; i++) list[i] = (struct place){0};
  session->places = (struct places){.list = list, .count = count};
  if (!origin) return;
  session->places.has_origin = true;
  session->places.origin = *origin;
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
  struct places *places = &session->places;
  unsigned index = (unsigned)packet->stream_index;
  struct place *place = places->going_back && index < places->count ? &places->list[index] : NULL;
  if (!place || !place->given || place->passed) return false;
  enum relation relation = compare(session->input, place, packet);
  bool given = relation <= LAST, is_anchor = packet->stream_index == places->anchor;
  if (is_anchor && (relation == LAST || relation == NEXT)) places->anchor = -1;
  place->passed = !given;
  bool missed = is_anchor && relation == AFTER;
  if (given || missed) av_packet_unref(packet);
  if (missed) go_back_farther(session);
  return given || missed;
}

bool is_anchor_missing(struct session *session) {
  const struct places *places = &session->places;
  bool missing = places->going_back && places->anchor >= 0 &&
                 session->input->streams[places->anchor]->discard < AVDISCARD_ALL;
  if (missing) go_back_farther(session);
  return missing;
}

/* Covers come once, before all other packets; libavformat has dropped those that were not read yet. */
bool has_lost_picture(struct session *session, AVPacket *packet) {
  struct places *places = &session->places;
  for (unsigned i = 0; places->going_back && i < session->input->nb_streams; i++) {
    const AVStream *stream = session->input->streams[i];
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

int input_seek(AVFormatContext *input, int stream, int64_t least, int64_t target, int64_t most, int flags) {
  int64_t beginning = beginning_of(input, stream);
  bool is_before = beginning != AV_NOPTS_VALUE && most <= beginning;
  if (is_before && begins_at_byte_0(input) && avformat_seek_file(input, -1, 0, 0, 0, AVSEEK_FLAG_BYTE) >= 0) return 0;
  int result = avformat_seek_file(input, stream, least, target, most, flags);
  /* hls finds nothing before its beginning. */
  if (result < 0 && is_before) return avformat_seek_file(input, stream, INT64_MIN, beginning, beginning, flags);
  return result;
}

bool can_seek_input(const struct session *session) {
  return !session->input_io || session->input_io->context->seekable;
}

/* Matroska and flv don't say that they can't, but find nothing from there (FFmpeg 5.1 and 7.1). */
static bool can_seek_by_bytes(const AVFormatContext *input) {
  const AVInputFormat *format = input->iformat;
  bool is_lost = av_match_name("matroska", format->name) || av_match_name(format->name, "flv,live_flv,kux");
  return input->pb && !(format->flags & AVFMT_NO_BYTE_SEEK) && !is_lost;
}

/* seek_frame_byte() of libavformat does not look whether it got there. */
static int seek_to_byte(struct session *session, int64_t position, bool *called) {
  AVFormatContext *input = session->input;
  if (!can_seek_by_bytes(input)) {
    log_line(session, AV_LOG_ERROR, "%s can't be sought by bytes", input->iformat->name);
    return AVERROR(ENOSYS);
  }
  if (!input->pb->seekable) return AVERROR(ESPIPE);
  *called = true;
  return avformat_seek_file(input, -1, position, position, position, AVSEEK_FLAG_BYTE);
}

static int do_seek(struct session *session, const struct seek *seek, bool *called) {
  if (seek->flags & AVSEEK_FLAG_BYTE) return seek_to_byte(session, seek->target, called);
  if (seek->min > seek->target || seek->max < seek->target) return AVERROR(EINVAL);
  *called = true;
  return input_seek(session->input, seek->stream, seek->min, seek->target, seek->max, seek->flags);
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
  struct places *places = &session->places;
  const AVFormatContext *input = session->input;
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
  log_line(session, AV_LOG_ERROR, "position lost by a seek that failed");
  session->places.lost = true;
}

static void pass_over_given(struct places *places) {
  for (unsigned i = 0; i < places->count; i++) places->list[i].passed = false;
  places->going_back = true;
}

/* To where reading began. */
static void go_to_origin(struct session *session) {
  struct places *places = &session->places;
  AVFormatContext *input = session->input;
  int64_t beginning = input->start_time == AV_NOPTS_VALUE ? 0 : input->start_time;
  bool called = false;
  places->from_origin = true;
  places->anchor = -1;
  for (unsigned i = 0; i < places->count && i < input->nb_streams && places->anchor < 0; i++)
    if (places->list[i].given && is_steady(input->streams[i])) places->anchor = (int)i;
  pass_over_given(places);
  int result = places->has_origin ? do_seek(session, &places->origin, &called)
                                  : input_seek(input, -1, INT64_MIN, beginning, beginning, AVSEEK_FLAG_BACKWARD);
  if (result < 0) lose_position(session);
}

/* The place that was gone back to was not the right one. */
static void go_back_farther(struct session *session) {
  if (session->places.from_origin) lose_position(session);
  else go_to_origin(session);
}

/* After a seek that failed: to where reading was. */
static void go_back(struct session *session) {
  struct places *places = &session->places;
  int64_t place = find_place(session);
  if (place == AV_NOPTS_VALUE) return go_to_origin(session);
  places->from_origin = false;
  pass_over_given(places);
  if (input_seek(session->input, -1, INT64_MIN, place, place, AVSEEK_FLAG_BACKWARD) < 0) go_to_origin(session);
}

/* Formats that open files of their own beside, or instead of, the input's I/O context. */
bool opens_files(const AVFormatContext *input) {
  return input->iformat->flags & AVFMT_NOFILE || av_match_name(input->iformat->name, "concat,dash,hls,imf,image2");
}

static int refuse_seek(struct session *session) {
  session->source_seek_refused = true;
  session->seek_target = -1;
  return AVERROR(ESPIPE);
}

int input_op_seek(struct session *session, double *slot, uint8_t *data, size_t size) {
  (void)data, (void)size;
  AVFormatContext *input = session->input;
  if (!input) return AVERROR(EBADF);
  if (!(slot[1] >= -1 && slot[1] < input->nb_streams)) return AVERROR(EINVAL);
  if (!can_seek_input(session) && !opens_files(input)) return refuse_seek(session);
  if (session->discards.changed) apply_discards(session); /* the default stream is one that is not discarded */
  session->acting = AVS_INPUT;
  bool called = false; /* libavformat, which has dropped what it had */
  struct seek seek = seek_of_slot(slot);
  int result = do_seek(session, &seek, &called);
  bool refused = session->source_seek_refused;
  if (result >= 0 && !refused) {
    batches_clear(&session->batches);
    forget_held(session);
    forget_places(session, &seek);
    return 0;
  }
  if (called && !session->failed) go_back(session);
  session->source_seek_refused = refused;
  if (!refused && !can_seek_input(session)) return refuse_seek(session);
  return refused ? AVERROR(ESPIPE) : result;
}
