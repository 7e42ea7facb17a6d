#include "early.h"

#include <libavutil/avstring.h>

#include "../headers/headers.h"
#include "../structures.h"
#include "input.h"

/* These demuxers describe streams without reading packets, which may differ from what the codec's header has. */
static bool is_doubted(const AVFormatContext *context) {
  return av_match_name("mov", context->iformat->name) || av_match_name("matroska", context->iformat->name);
}

/* Whether the description of a stream needs its first packet. */
static bool is_wanted(const AVFormatContext *context, const AVStream *stream) {
  const AVCodecParameters *parameters = stream->codecpar;
  bool media = parameters->codec_type == AVMEDIA_TYPE_AUDIO || parameters->codec_type == AVMEDIA_TYPE_VIDEO ||
               parameters->codec_type == AVMEDIA_TYPE_SUBTITLE;
  bool can_be_read = media && stream->discard < AVDISCARD_ALL && !is_structure_codec(parameters->codec_id);
  return can_be_read && wants_packet(parameters, is_doubted(context));
}

/* For the first streams: whether a packet is wanted and has not come yet. */
enum { MAX_STREAMS = 64 };

static int list_wanted(const AVFormatContext *context, bool *wanted) {
  int count = 0;
  for (unsigned i = 0; i < context->nb_streams && i < MAX_STREAMS; i++) count += wanted[i] = is_wanted(context, context->streams[i]);
  return count;
}

/* Reads until the first packet of each wanted stream, within limits: a stream may have no packets at all. */
static int read_until_seen(struct input *input, bool *wanted, int count) {
  enum { PACKETS = 200, BYTES = 1024 * 1024 };
  AVFormatContext *context = input->context;
  int bytes = 0;
  for (int i = 0; i < PACKETS && count && bytes < BYTES; i++) {
    int result = av_read_frame(context, input->packet);
    if (result == AVERROR(EAGAIN)) continue;
    if (result < 0) return result;
    unsigned stream = (unsigned)input->packet->stream_index;
    bytes += input->packet->size < BYTES ? input->packet->size : BYTES;
    if (stream < MAX_STREAMS && wanted[stream]) {
      read_first_packet(context->streams[stream]->codecpar, input->packet);
      wanted[stream] = false;
      count--;
    }
    result = backlog_add(&input->backlog, input->packet);
    if (result < 0) return result;
  }
  return 0;
}

int read_early(struct input *input) {
  bool wanted[MAX_STREAMS] = {false};
  int count = list_wanted(input->context, wanted);
  if (count) input->backlog.result = read_until_seen(input, wanted, count);
  av_packet_unref(input->packet);
  for (unsigned i = 0; i < input->context->nb_streams; i++)
    if (is_wanted(input->context, input->context->streams[i])) read_first_packet(input->context->streams[i]->codecpar, NULL);
  return input->backlog.result == AVERROR(ENOMEM) ? input->backlog.result : 0;
}
