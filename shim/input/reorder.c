#include "reorder.h"

#include <limits.h>
#include <string.h>

bool can_reorder(const struct reorder *reorder, const AVFormatContext *input, const AVPacket *packet) {
  enum AVCodecID codec = input->streams[packet->stream_index]->codecpar->codec_id;
  if (strcmp(input->iformat->name, "avi") || (codec != AV_CODEC_ID_H264 && codec != AV_CODEC_ID_HEVC)) return false;
  return !reorder->parser || reorder->stream == packet->stream_index;
}

static bool open_parser(struct reorder *reorder, const AVStream *stream) {
  if (reorder->parser) return true;
  reorder->codec = avcodec_alloc_context3(NULL);
  if (!reorder->codec || avcodec_parameters_to_context(reorder->codec, stream->codecpar) < 0) return false;
  reorder->parser = av_parser_init((int)stream->codecpar->codec_id);
  if (!reorder->parser) return false;
  reorder->parser->flags |= PARSER_FLAG_COMPLETE_FRAMES;
  reorder->stream = stream->index;
  reorder->delay = FFMIN(stream->codecpar->video_delay, MAX_REORDERED);
  reorder->max_order = INT_MIN;
  return true;
}

/* The picture order count; the highest so far if the picture can't be parsed. */
static int order_of(struct reorder *reorder, const AVPacket *packet) {
  uint8_t *data;
  int size;
  reorder->parser->output_picture_number = INT_MIN;
  reorder->parser->key_frame = 0;
  if (packet->size)
    av_parser_parse2(reorder->parser, reorder->codec, &data, &size, packet->data, packet->size, AV_NOPTS_VALUE, packet->dts, 0);
  int order = reorder->parser->output_picture_number;
  return order == INT_MIN ? reorder->max_order : order;
}

/* Counts are reset at key frames, except at those of open groups of pictures. */
static void begin_sequence(struct reorder *reorder, const AVPacket *packet, int order) {
  bool is_key = packet->flags & AV_PKT_FLAG_KEY || reorder->parser->key_frame == 1;
  if (!is_key || order > reorder->max_order) return;
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
  int64_t dts = reorder->pictures[next].dts;
  memmove(&reorder->pictures[next], &reorder->pictures[next + 1], (size_t)(--reorder->count - next) * sizeof(*reorder->pictures));
  return dts;
}

bool reorder_add(struct reorder *reorder, const AVStream *stream, const AVPacket *packet, int64_t *shown) {
  if (!open_parser(reorder, stream)) return false;
  int order = order_of(reorder, packet);
  begin_sequence(reorder, packet, order);
  reorder->max_order = FFMAX(reorder->max_order, order);
  reorder->pictures[reorder->count++] = (struct picture){.sequence = reorder->sequence, .order = order, .dts = packet->dts};
  if (reorder->count <= reorder->delay) return false;
  *shown = take_next(reorder);
  return true;
}

bool reorder_rest(struct reorder *reorder, int64_t *shown) {
  if (!reorder->count) return false;
  *shown = take_next(reorder);
  return true;
}

void reorder_clear(struct reorder *reorder) {
  av_parser_close(reorder->parser);
  avcodec_free_context(&reorder->codec);
  *reorder = (struct reorder){0};
}
