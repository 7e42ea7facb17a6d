#include "places.h"

#include <stdlib.h>
#include <string.h>

#include "../streams.h"
#include "input.h"

/* ---------------------------------------------------------------------------------------- delivered packets */

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

static uint64_t beginning_of(const AVPacket *packet) {
  uint64_t bytes = 0;
  if (packet->size > 0) memcpy(&bytes, packet->data, FFMIN((size_t)packet->size, sizeof(bytes)));
  return bytes;
}

/* A parser gives what is no packet a duration of 0; it has no time of its own. */
static int64_t first_time(const struct place *place, const AVPacket *packet) {
  if (place->given) return place->first;
  return packet->pts != AV_NOPTS_VALUE && packet->duration > 0 ? packet->pts : 0;
}

static int64_t end_of(const struct place *place, const AVPacket *packet) {
  if (packet->pts != AV_NOPTS_VALUE && packet->duration > 0) return av_sat_add64(packet->pts, packet->duration);
  return place->given ? place->end : AV_NOPTS_VALUE;
}

bool note_given(struct places *places, const AVPacket *packet) {
  struct place *place = place_of(places, packet->stream_index);
  if (!place) return false;
  *place = (struct place){.given = place->given + 1,
                          .length = av_sat_add64(place->length, packet->duration),
                          .first = first_time(place, packet),
                          .end = end_of(place, packet),
                          .pts = packet->pts,
                          .dts = packet->dts,
                          .pos = packet->pos,
                          .begins = beginning_of(packet),
                          .size = packet->size};
  places->bytes += packet->size;
  return true;
}

void places_forget(struct places *places, const struct seek *origin) {
  struct place *list = places->list;
  unsigned count = places->count;
  for (unsigned i = 0; i < count; i++) list[i] = (struct place){0};
  *places = (struct places){.list = list, .count = count, .has_origin = origin != NULL};
  if (origin) places->origin = *origin;
}

void places_free(struct places *places) { free(places->list); }

static bool is_steady(const AVStream *stream) { /* its packets have no long gaps */
  return is_sound_or_motion(stream) && stream->discard < AVDISCARD_ALL;
}

int64_t time_of_places(const struct places *places, const AVFormatContext *input) {
  int64_t earliest = AV_NOPTS_VALUE;
  for (unsigned i = 0; i < input->nb_streams; i++) {
    const AVStream *stream = input->streams[i];
    const struct place *place = i < places->count ? &places->list[i] : NULL;
    if (!is_steady(stream)) continue;
    if (!place || !place->given || place->dts == AV_NOPTS_VALUE) return AV_NOPTS_VALUE;
    int64_t time = av_rescale_q(place->dts, stream->time_base, AV_TIME_BASE_Q);
    if (earliest == AV_NOPTS_VALUE || time < earliest) earliest = time;
  }
  return earliest;
}

/* ---------------------------------------------------------------------------------------- finding them again */

static bool is_same(const struct place *place, const AVPacket *packet, enum known_by known_by) {
  if (place->size != packet->size || place->pos != packet->pos || place->begins != beginning_of(packet)) return false;
  if (known_by == BY_POSITION) return place->pos >= 0;
  bool has_place = known_by == BY_NUMBER || place->pos >= 0 || place->dts != AV_NOPTS_VALUE || place->pts != AV_NOPTS_VALUE;
  return has_place && place->pts == packet->pts && place->dts == packet->dts;
}

/* Whether the packet was delivered before. */
static bool was_given(struct places *places, const AVPacket *packet, enum known_by known_by) {
  unsigned index = (unsigned)packet->stream_index;
  struct place *place = index < places->count ? &places->list[index] : NULL;
  if (!place || place->passed) return false;
  place->seen++;
  bool is_last = known_by != BY_NUMBER || place->seen >= place->given;
  place->passed = is_last && is_same(place, packet, known_by);
  return true;
}

static void begin(struct places *places, const AVFormatContext *input) {
  for (unsigned i = 0; i < places->count; i++) {
    struct place *place = &places->list[i];
    bool comes = i < input->nb_streams && input->streams[i]->discard < AVDISCARD_ALL;
    place->seen = 0;
    place->passed = !place->given || !comes;
  }
}

static bool are_passed(const struct places *places) {
  for (unsigned i = 0; i < places->count; i++)
    if (!places->list[i].passed) return false;
  return true;
}

/* Reads the next packet; below zero: the end, or too many errors in a row. */
static int next_packet(struct session *session, AVPacket *packet) {
  enum { MAX_ERRORS = 100 };
  int result = AVERROR(EAGAIN);
  for (int errors = 0; result < 0 && errors < MAX_ERRORS; errors += result < 0 && result != AVERROR(EAGAIN)) {
    int over = over_error(&session->channel);
    if (over < 0) return over;
    result = input_next_packet(session, packet);
    if (result == AVERROR_EOF) return result;
  }
  return result;
}

int pass_over_given(struct session *session, enum known_by known_by, int64_t max_bytes) {
  struct input *input = session->input;
  struct packets others = {0};
  int64_t bytes = 0;
  int result = 0;
  begin(&input->places, input->context);
  while (result >= 0 && !are_passed(&input->places)) {
    result = next_packet(session, input->packet);
    if (result < 0) break;
    bytes += input->packet->size;
    if (was_given(&input->places, input->packet, known_by)) av_packet_unref(input->packet);
    else input_keep_packet(session, &others, input->packet);
    if (bytes > max_bytes) result = AVERROR(ERANGE);
  }
  av_packet_unref(input->packet);
  input_give_back(session, &others);
  return result;
}
