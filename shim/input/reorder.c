#include "reorder.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include <libavutil/mathematics.h>

bool can_reorder(const AVFormatContext *input, const AVPacket *packet) {
  enum AVCodecID codec = input->streams[packet->stream_index]->codecpar->codec_id;
  return !strcmp(input->iformat->name, "avi") && (codec == AV_CODEC_ID_H264 || codec == AV_CODEC_ID_HEVC);
}

/* ---------------------------------------------------------------------------------------- the states */

static void free_state(struct reorder *reorder) {
  av_parser_close(reorder->parser);
  avcodec_free_context(&reorder->codec);
  free(reorder);
}

static struct reorder *open_state(const AVStream *stream) {
  struct reorder *reorder = calloc(1, sizeof(*reorder));
  if (!reorder) return NULL;
  reorder->delay = FFMIN(stream->codecpar->video_delay, MAX_REORDERED);
  reorder->max_order = INT_MIN;
  reorder->codec = avcodec_alloc_context3(NULL);
  bool is_set = reorder->codec && avcodec_parameters_to_context(reorder->codec, stream->codecpar) >= 0;
  if (is_set) reorder->parser = av_parser_init((int)stream->codecpar->codec_id);
  if (reorder->parser) {
    reorder->parser->flags |= PARSER_FLAG_COMPLETE_FRAMES;
    return reorder;
  }
  free_state(reorder);
  return NULL;
}

static struct reorder *state_of(const struct reorders *reorders, unsigned stream) {
  return stream < reorders->count ? reorders->list[stream] : NULL;
}

static bool grow(struct reorders *reorders, unsigned count) {
  struct reorder **list = realloc(reorders->list, count * sizeof(*list));
  if (!list) return false;
  for (unsigned i = reorders->count; i < count; i++) list[i] = NULL;
  reorders->list = list;
  reorders->count = count;
  return true;
}

/* NULL: no memory. */
static struct reorder *make_state(struct reorders *reorders, const AVStream *stream) {
  unsigned index = (unsigned)stream->index;
  if (index >= reorders->count && !grow(reorders, index + 1)) return NULL;
  if (!reorders->list[index]) reorders->list[index] = open_state(stream);
  return reorders->list[index];
}

void reorders_clear(struct reorders *reorders) {
  for (unsigned i = 0; i < reorders->count; i++)
    if (reorders->list[i]) free_state(reorders->list[i]);
  free(reorders->list);
  *reorders = (struct reorders){0};
}

/* ---------------------------------------------------------------------------------------- the order */

/* The picture order count; the highest so far if the picture can't be parsed. */
static int order_of(struct reorder *reorder, const AVPacket *packet) {
  uint8_t *data;
  int size;
  AVCodecParserContext *parser = reorder->parser;
  parser->output_picture_number = INT_MIN;
  parser->key_frame = 0;
  parser->pict_type = AV_PICTURE_TYPE_NONE;
  if (packet->size) av_parser_parse2(parser, reorder->codec, &data, &size, packet->data, packet->size, AV_NOPTS_VALUE, packet->dts, 0);
  return parser->output_picture_number == INT_MIN ? reorder->max_order : parser->output_picture_number;
}

/*
 * Counts are reset at key frames, except at those of open groups of pictures. If the first pictures come before a key frame,
 * counts of B-frames may be wrong until another picture comes, since they are differences to that of a picture that is missing.
 */
static void begin_sequence(struct reorder *reorder, int order) {
  const AVCodecParserContext *parser = reorder->parser;
  bool is_parsed = parser->output_picture_number != INT_MIN;
  bool is_key = is_parsed && parser->key_frame == 1;
  bool is_anchor = is_parsed && (is_key || parser->pict_type != AV_PICTURE_TYPE_B);
  bool begins = (is_anchor && !reorder->is_anchored) || (is_key && order <= reorder->max_order);
  reorder->is_anchored |= is_anchor;
  if (!begins) return;
  reorder->sequence++;
  reorder->max_order = INT_MIN;
}

static bool is_before(const struct picture *one, const struct picture *other) {
  return one->sequence != other->sequence ? one->sequence < other->sequence : one->order < other->order;
}

static int64_t take_next(struct reorder *reorder) {
  int next = 0;
  for (int i = 1; i < reorder->count; i++)
    if (is_before(&reorder->pictures[i], &reorder->pictures[next])) next = i;
  reorder->shown = reorder->pictures[next];
  reorder->has_shown = true;
  memmove(&reorder->pictures[next], &reorder->pictures[next + 1], (size_t)(--reorder->count - next) * sizeof(*reorder->pictures));
  return reorder->shown.dts;
}

/* ---------------------------------------------------------------------------------------- steps */

/* Learns how far apart pictures are, in time: the smallest distance. */
static void learn_step(struct reorder *reorder, const AVPacket *packet, bool is_first) {
  int64_t step = FFMIN(is_first ? packet->duration : av_sat_sub64(packet->dts, reorder->last_dts), INT64_MAX / 1024);
  bool is_guess = is_first || reorder->compared < 2;
  if (step > 0) reorder->step = is_guess ? step : FFMIN(reorder->step, step);
  reorder->last_dts = packet->dts;
}

/* Learns how far apart pictures are, in their order: the greatest common divisor of all distances. */
static void learn_unit(struct reorder *reorder, const struct picture *picture) {
  if (picture->order == INT_MIN) return;
  for (int i = 0; i < reorder->count; i++) {
    const struct picture *other = &reorder->pictures[i];
    if (other->sequence == picture->sequence && other->order != INT_MIN)
      reorder->unit = av_gcd(reorder->unit, FFABS((int64_t)picture->order - other->order));
  }
}

/* Until enough pictures are known, it is the usual one: H.264 counts fields. */
static int64_t unit_of(const struct reorder *reorder) {
  enum { ENOUGH = 8 };
  int64_t usual = reorder->codec->codec_id == AV_CODEC_ID_H264 ? 2 : 1;
  bool is_known = reorder->unit > 0 && (reorder->compared >= ENOUGH || reorder->unit < usual);
  return is_known ? reorder->unit : usual;
}

/* ---------------------------------------------------------------------------------------- adding, predicting */

int reorder_add(struct reorders *reorders, const AVStream *stream, const AVPacket *packet, int64_t *shown) {
  struct reorder *reorder = make_state(reorders, stream);
  if (!reorder) return AVERROR(ENOMEM);
  int order = order_of(reorder, packet);
  begin_sequence(reorder, order);
  reorder->max_order = FFMAX(reorder->max_order, order);
  struct picture picture = {.sequence = reorder->sequence, .order = order, .dts = packet->dts};
  learn_step(reorder, packet, !reorder->compared);
  learn_unit(reorder, &picture);
  reorder->compared++;
  reorder->pictures[reorder->count++] = picture;
  if (reorder->count <= reorder->delay) return 0;
  *shown = take_next(reorder);
  return 1;
}

/* How many pictures of a sequence come after one with that order count and before another, at least. */
static int64_t between(const struct reorder *reorder, int from, int to) {
  if (from == INT_MIN || to == INT_MIN) return 0;
  return FFMAX(((int64_t)to - from) / unit_of(reorder) - 1, 0);
}

/* The predicted time of the next turn. */
static int64_t next_turn(const struct reorder *reorder) {
  int64_t pictures = reorder->delay - reorder->count + 1;
  return av_sat_add64(reorder->last_dts, pictures * reorder->step);
}

/* How many turns come before that of the picture: those that wait, and those that the order counts show to be missing. */
static int64_t turns_before(const struct reorder *reorder, const struct picture *picture) {
  struct picture sorted[MAX_REORDERED + 1];
  int count = 0;
  for (int i = 0; i < reorder->count; i++) {
    int place = count++;
    for (; place && is_before(&reorder->pictures[i], &sorted[place - 1]); place--) sorted[place] = sorted[place - 1];
    sorted[place] = reorder->pictures[i];
  }
  int64_t turns = 0;
  for (int i = 0; i < count; i++) {
    const struct picture *before = i ? &sorted[i - 1] : reorder->has_shown ? &reorder->shown : NULL;
    if (before && before->sequence == sorted[i].sequence)
      turns += FFMIN(between(reorder, before->order, sorted[i].order), MAX_REORDERED);
    if (sorted[i].dts == picture->dts) break;
    turns++;
  }
  return turns;
}

int64_t reorder_predict(const struct reorders *reorders, const AVPacket *packet) {
  const struct reorder *reorder = state_of(reorders, (unsigned)packet->stream_index);
  for (int i = 0; reorder && i < reorder->count; i++) {
    const struct picture *picture = &reorder->pictures[i];
    if (picture->dts == packet->dts) return av_sat_add64(next_turn(reorder), turns_before(reorder, picture) * reorder->step);
  }
  return AV_NOPTS_VALUE;
}

bool reorder_rest(struct reorders *reorders, unsigned stream, int64_t *shown, int64_t *pts) {
  struct reorder *reorder = state_of(reorders, stream);
  if (!reorder || !reorder->count) return false;
  *pts = next_turn(reorder);
  *shown = take_next(reorder);
  return true;
}
