#include "whole.h"

#include <string.h>

#include <libavformat/avformat.h>
#include <libavutil/avstring.h>

#include "input.h"

int64_t source_size(AVIOContext *pb) {
  if (!pb) return -1;
  int64_t size = pb->seekable ? avio_size(pb) : pb->eof_reached ? avio_tell(pb) : -1;
  return size < 0 ? -1 : size;
}

/* Only the index of mp4 and mov has all packets. */
static bool has_all_in_index(const AVFormatContext *input) { return !strncmp(input->iformat->name, "mov,", 4); }

int missing_packets(const AVFormatContext *input, AVStream *stream, int64_t size) {
  int missing = 0, count = size >= 0 && has_all_in_index(input) ? avformat_index_get_entries_count(stream) : 0;
  for (int i = 0; i < count; i++) {
    const AVIndexEntry *entry = avformat_index_get_entry(stream, i);
    missing += entry->pos > size - entry->size;
  }
  return missing;
}

void warn_missing_packets(struct session *session, unsigned index, int64_t size) {
  AVStream *stream = session->input->context->streams[index];
  int missing = missing_packets(session->input->context, stream, size);
  if (!missing) return;
  session->input->is_cut_reported = true;
  warn(&session->channel.log, AVS_WARNING_TRUNCATED, (int)index, missing, "the source is cut off before the last of its packets",
       "stream %u: the source is cut off before %d of its %d packets", index, missing,
       avformat_index_get_entries_count(stream));
}

/* Whether the header of the format states how long the sound is, and did. */
static bool states_length(const AVFormatContext *input) {
  static const char formats[] = "flac,mp3,wv,au,ape,mpc,mpc8,tak,tta,nistsphere,wve,sox,avr";
  return input->nb_streams && av_match_name(input->iformat->name, formats) && input->streams[0]->duration > 0 &&
         input->duration_estimation_method != AVFMT_DURATION_FROM_BITRATE;
}

/* What lacks of a stream that was read from its beginning, by the packets' lengths: an encoder's delay counts for mp3, times don't. */
static int64_t missing_of_all(const struct input *input, const AVStream *stream, const struct place *place) {
  int64_t known = av_sat_add64(place->first, input->gaps.missing);
  return av_sat_sub64(av_sat_sub64(stream->duration, place->length), known);
}

/* Where reading ended: behind the last packet, or, if there was none, at the time for which one was searched. */
static int64_t reached(const struct places *places, const AVStream *stream, const struct place *place) {
  const struct seek *origin = &places->origin;
  if (place->given) return place->end;
  if (origin->flags & AVSEEK_FLAG_BYTE || origin->min >= origin->target) return AV_NOPTS_VALUE; /* the next one behind it is no loss */
  return origin->stream < 0 ? av_rescale_q(origin->target, AV_TIME_BASE_Q, stream->time_base) : origin->target;
}

/*
 * What lacks behind the end of a stream that was read from elsewhere on: its times begin at 0, also where it was cut without new
 * encoding. Times of mp3 are estimated after a seek.
 */
static int64_t missing_at_end(const struct input *input, const AVStream *stream, const struct place *place) {
  int64_t end = reached(&input->places, stream, place);
  if (end == AV_NOPTS_VALUE || !strcmp(input->context->iformat->name, "mp3")) return 0;
  return av_sat_sub64(stream->duration, end);
}

/*
 * These formats end without a word when they are cut off, but state a length; it is without the samples that encoders add to mp3.
 * What was cut from a flac without new encoding keeps its times, and often the header: it lacks nothing before its first packet.
 */
static void warn_missing_sound(struct session *session) {
  const struct input *input = session->input;
  const struct places *places = &input->places;
  if (!states_length(input->context)) return;
  const AVStream *stream = input->context->streams[0];
  if (stream->discard >= AVDISCARD_ALL) return;
  static const struct place none = {0};
  const struct place *place = places->count ? &places->list[0] : &none;
  if (place->given && !place->length) return; /* FFmpeg 5.1 does not say how long packets of Monkey's Audio are */
  int64_t missing = places->has_origin ? missing_at_end(input, stream, place) : missing_of_all(input, stream, place);
  if (missing <= 0) return;
  warn(&session->channel.log, AVS_WARNING_TRUNCATED, 0, 1, "there is less sound than the header says: the source is cut off or damaged",
       "stream 0: %.3f seconds of %.3f are missing", (double)missing * av_q2d(stream->time_base),
       (double)stream->duration * av_q2d(stream->time_base));
}

/* The time from one picture to the next, in units; of a single one it is unknown, and may be a second where units are short. */
static int64_t step_of(const AVStream *stream, const struct place *place) {
  enum { MAX_RATE = 240 };
  if (place->given > 1) return av_sat_sub64(place->pts, place->first) / (place->given - 1);
  int64_t second = stream->time_base.den / FFMAX(stream->time_base.num, 1);
  return second > MAX_RATE ? second : 1;
}

/* Whether the number is the time at which the last of the packets ends; where each lasts a unit, it is that of the packets. */
static bool is_time_of_given(const AVStream *stream, const struct place *place, int64_t number) {
  int64_t step = step_of(stream, place);
  return step > 1 && number > place->pts && av_sat_sub64(number, place->pts) <= 2 * step;
}

/*
 * IVF states the number of its packets. FFmpeg before 9.0 stated their time instead; and what a pipe wrote has a number that
 * means nothing.
 */
static void warn_missing_frames(struct session *session) {
  const struct input *input = session->input;
  const struct places *places = &input->places;
  if (places->has_origin || strcmp(input->context->iformat->name, "ivf") || !input->context->nb_streams || !places->count) return;
  const AVStream *stream = input->context->streams[0];
  const struct place *place = &places->list[0];
  int64_t stated = stream->duration, missing = av_sat_sub64(stated, place->given);
  bool is_stated = stated > 0 && stated < INT32_MAX && stream->discard < AVDISCARD_ALL;
  if (!is_stated || missing <= 0 || is_time_of_given(stream, place, stated)) return;
  warn(&session->channel.log, AVS_WARNING_TRUNCATED, 0, 1, "there are fewer pictures than the header says: the source is cut off or damaged",
       "stream 0: %lld of %lld pictures are missing", (long long)missing, (long long)stated);
}

void warn_less_than_stated(struct session *session) {
  warn_missing_sound(session);
  warn_missing_frames(session);
}

/* Whether packets of a stream that is read may be missing: not all in the index have been delivered. */
static bool may_lack_packets(const struct input *input, unsigned index) {
  AVStream *stream = input->context->streams[index];
  int64_t given = index < input->places.count ? input->places.list[index].given : 0;
  return stream->discard < AVDISCARD_ALL && given < avformat_index_get_entries_count(stream);
}

void warn_missing_at_end(struct session *session) {
  const struct input *input = session->input;
  warn_less_than_stated(session);
  if (input->is_cut_reported || !has_all_in_index(input->context)) return;
  int64_t size = -1; /* to ask for it may take a request */
  for (unsigned i = 0; i < input->context->nb_streams; i++) {
    if (!may_lack_packets(input, i)) continue;
    if (size < 0) size = source_size(input->context->pb);
    warn_missing_packets(session, i, size);
  }
}

void warn_cut_packet(struct session *session, const AVPacket *packet) {
  const AVIOContext *pb = session->input->context->pb;
  if (!(packet->flags & AV_PKT_FLAG_CORRUPT) || !pb || !pb->eof_reached) return;
  warn(&session->channel.log, AVS_WARNING_TRUNCATED, packet->stream_index, 1, "the source ends within a packet",
       "stream %d: the source ends within a packet of %d bytes", packet->stream_index, packet->size);
}

void warn_late_streams(struct session *session) {
  const struct input *input = session->input;
  for (unsigned i = input->stream_count; i < input->context->nb_streams; i++)
    warn(&session->channel.log, AVS_WARNING_SKIPPED, (int)i, 1, "it appears only after the output has begun, and is left out",
         "stream %u: it appears after the output has begun", i);
}
