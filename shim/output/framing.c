#include "framing.h"

#include <string.h>

#include <libavcodec/ac3_parser.h>
#include <libavcodec/bsf.h>
#include <libavutil/avstring.h>

#include "../escape.h"
#include "cover.h"
#include "output.h"
#include "quirks.h"
#include "segments.h"

/* ---------------------------------------------------------------------------------------- parsing packets */

static bool has_adts(const uint8_t *data, int size) { return size >= 7 && data[0] == 0xff && (data[1] & 0xf6) == 0xf0; }

/* Whether the data consists of units with length prefixes of `bytes` bytes, up to the last byte. */
static bool has_lengths(const uint8_t *data, int size, int bytes) {
  while (size > bytes) {
    uint32_t length = 0;
    for (int i = 0; i < bytes; i++) length = length << 8 | data[i];
    if (!length || length > (uint32_t)(size - bytes)) return false;
    data += bytes + length;
    size -= bytes + (int)length;
  }
  return !size;
}

/* The offset of the first start code; below zero if there is none. */
static int find_start_code(const uint8_t *data, int size) {
  for (int i = 0; i + 3 <= size; i++)
    if (!data[i] && !data[i + 1] && data[i + 2] == 1) return i;
  return -1;
}

bool has_headers(const AVCodecParameters *parameters, const AVPacket *packet) {
  const uint8_t *data = packet->data, *end = data + packet->size;
  for (int start; (start = find_start_code(data, (int)(end - data))) >= 0 && end - data > start + 3;) {
    data += start + 3;
    switch (parameters->codec_id) {
    case AV_CODEC_ID_H264:
      if ((data[0] & 0x1f) == 7) return true; /* a sequence parameter set */
      break;
    case AV_CODEC_ID_HEVC:
      if ((data[0] >> 1 & 0x3f) == 33) return true;
      break;
    case AV_CODEC_ID_MPEG4:
      if ((data[0] & 0xf0) == 0x20) return true; /* a video object layer */
      break;
    default: return false;
    }
  }
  return false;
}

/* Size of the length prefixes according to avcC or hvcC; 0 if extradata is neither. */
static int length_size(const AVCodecParameters *parameters) {
  int place = parameters->codec_id == AV_CODEC_ID_HEVC ? 21 : 4;
  if (parameters->extradata_size <= place + 1 || parameters->extradata[0] != 1) return 0;
  return (parameters->extradata[place] & 3) + 1;
}

/* ---------------------------------------------------------------------------------------- the first packet */

/* Whether packets reach the muxer unchanged, and it would write headers or extradata twice. */
static bool takes_one(const AVOutputFormat *format, const AVBSFContext *filter) {
  return !filter && av_match_name(format->name, "adts,matroska,webm");
}

static int check_aac(struct session *session, const AVStream *stream, const AVBSFContext *filter, const AVPacket *packet) {
  const AVCodecParameters *parameters = filter ? filter->par_in : stream->codecpar;
  bool adts = has_adts(packet->data, packet->size), config = parameters->extradata_size > 0;
  if (adts && config && takes_one(session->output->context->oformat, filter)) {
    log_error(session, "stream %d: packets of aac with ADTS headers, and extradata, which is only for packets without",
             stream->index);
    return AVERROR(EINVAL);
  }
  if (adts || config) return 0;
  log_error(session, "stream %d: packets of aac without ADTS headers need extradata (AudioSpecificConfig)",
           stream->index);
  return AVERROR(EINVAL);
}

static int check_nal_units(struct session *session, const AVStream *stream, const AVBSFContext *filter,
                           const AVPacket *packet) {
  const AVCodecParameters *parameters = filter ? filter->par_in : stream->codecpar;
  const char *codec = avcodec_get_name(parameters->codec_id);
  const char *config = parameters->codec_id == AV_CODEC_ID_HEVC ? "hvcC" : "avcC";
  bool matters = session->output->context->oformat->flags & AVFMT_GLOBALHEADER; /* other muxers look at the packets only */
  int bytes = length_size(parameters), start = find_start_code(packet->data, packet->size);
  bool lengths = has_lengths(packet->data, packet->size, bytes ? bytes : 4);
  if (bytes && matters && !lengths && (start == 0 || (start == 1 && !packet->data[0]))) {
    log_error(session, "stream %d: packets of %s with start codes, and extradata (%s) for those with lengths",
             stream->index, codec, config);
    return AVERROR(EINVAL);
  }
  if (bytes || (!lengths && start >= 0)) return 0;
  log_error(session, "stream %d: packets of %s without start codes need extradata (%s)", stream->index, codec,
           config);
  return AVERROR(EINVAL);
}

/* mp4's muxer leaves out what comes before the first whole frame, and reports success: a raw stream may begin within one. */
static int check_ac3(struct session *session, const AVStream *stream, const AVPacket *packet) {
  const AVOutputFormat *format = segment_format(session, stream->codecpar);
  uint8_t bitstream_id;
  uint16_t frame_size;
  if (!has_quirk(format, MP4)) return 0;
  if (av_ac3_parse_header(packet->data, (size_t)packet->size, &bitstream_id, &frame_size) >= 0) return 0;
  log_error(session, "stream %d: packets of %s must begin with the header of a frame", stream->index,
            avcodec_get_name(stream->codecpar->codec_id));
  return AVERROR(EINVAL);
}

int check_framing(struct session *session, const AVStream *stream, const AVBSFContext *filter, const AVPacket *packet) {
  if (!packet->size || av_packet_get_side_data(packet, AV_PKT_DATA_NEW_EXTRADATA, NULL)) return 0;
  switch (stream->codecpar->codec_id) {
  case AV_CODEC_ID_AAC: return check_aac(session, stream, filter, packet);
  case AV_CODEC_ID_AC3:
  case AV_CODEC_ID_EAC3: return check_ac3(session, stream, packet);
  case AV_CODEC_ID_H264:
  case AV_CODEC_ID_HEVC: return check_nal_units(session, stream, filter, packet);
  default: return 0;
  }
}

/* ---------------------------------------------------------------------------------------- extradata */

static void drop_side_data(AVPacket *packet, int index) {
  av_freep(&packet->side_data[index].data);
  packet->side_data[index] = packet->side_data[--packet->side_data_elems];
}

/* matroska would write it again, in a place where there is no room for it. */
void drop_known_extradata(const AVCodecParameters *parameters, AVPacket *packet) {
  for (int i = 0; i < packet->side_data_elems; i++) {
    const AVPacketSideData *side = &packet->side_data[i];
    if (side->type != AV_PKT_DATA_NEW_EXTRADATA || side->size != (size_t)parameters->extradata_size ||
        (side->size && memcmp(side->data, parameters->extradata, side->size)))
      continue;
    drop_side_data(packet, i);
    return;
  }
}

void drop_new_tags(const AVOutputFormat *format, AVPacket *packet) {
  if (!has_quirk(format, CHAPTER_TAGS)) return; /* all kinds of Ogg */
  for (int i = packet->side_data_elems - 1; i >= 0; i--)
    if (packet->side_data[i].type == AV_PKT_DATA_STRINGS_METADATA) drop_side_data(packet, i);
}

bool is_index_first(const struct session *session) {
  const AVOutputFormat *format = session->output->context->oformat;
  if (!strcmp(format->name, "ismv")) return true;
  const AVDictionaryEntry *flags = av_dict_get(session->options, "movflags", NULL, 0);
  return flags && has_quirk(format, FIRST_INDEX) &&
         (strstr(flags->value, "empty_moov") || strstr(flags->value, "delay_moov") || strstr(flags->value, "cmaf") ||
          strstr(flags->value, "dash"));
}

/* Whether options request fragments, which some do implicitly. */
bool is_fragmented(const struct session *session) {
  const AVOutputFormat *format = session->output->context->oformat;
  if (!has_quirk(format, FIRST_INDEX)) return !strcmp(format->name, "ismv");
  const AVDictionaryEntry *flags = av_dict_get(session->options, "movflags", NULL, 0);
  return is_index_first(session) || (flags && (strstr(flags->value, "frag") || strstr(flags->value, "isml"))) ||
         av_dict_get(session->options, "frag_duration", NULL, 0) || av_dict_get(session->options, "frag_size", NULL, 0);
}

bool lacks_extradata(const AVFormatContext *output, const AVStream *stream) {
  if (!(output->oformat->flags & AVFMT_GLOBALHEADER) || stream->codecpar->extradata_size) return false;
  switch (stream->codecpar->codec_id) {
  case AV_CODEC_ID_AAC:
  case AV_CODEC_ID_H264:
  case AV_CODEC_ID_HEVC:
  case AV_CODEC_ID_AV1: return true;
  default: return false;
  }
}

int set_extradata(AVCodecParameters *parameters, const uint8_t *data, size_t size) {
  if (size > INT32_MAX - AV_INPUT_BUFFER_PADDING_SIZE) return AVERROR(EINVAL);
  uint8_t *extradata = av_mallocz(size + AV_INPUT_BUFFER_PADDING_SIZE);
  if (!extradata) return AVERROR(ENOMEM);
  memcpy(extradata, data, size);
  av_free(parameters->extradata);
  parameters->extradata = extradata;
  parameters->extradata_size = (int)size;
  return 0;
}

static int take_extradata(AVCodecParameters *parameters, const AVPacket *packet) {
  size_t size = 0;
  const uint8_t *found = av_packet_get_side_data(packet, AV_PKT_DATA_NEW_EXTRADATA, &size);
  return found && size ? set_extradata(parameters, found, size) : 0;
}

/* Extracts extradata from a packet by a filter; if that finds none, there is none. */
static int find_extradata(AVStream *stream, const char *filter, AVPacket *packet) {
  AVBSFContext *context = NULL;
  int result = av_bsf_list_parse_str(filter, &context);
  if (result >= 0) result = avcodec_parameters_copy(context->par_in, stream->codecpar);
  if (result >= 0) {
    context->time_base_in = stream->time_base;
    result = av_bsf_init(context);
  }
  int found = result >= 0 ? av_bsf_send_packet(context, packet) : result;
  if (found >= 0) found = av_bsf_receive_packet(context, packet);
  if (found >= 0 || found == AVERROR(ENOMEM)) result = found;
  if (found >= 0) result = take_extradata(stream->codecpar, packet);
  av_bsf_free(&context);
  return result;
}

static int learn(struct session *session, AVStream *stream, const uint8_t *data, uint32_t size) {
  bool aac = stream->codecpar->codec_id == AV_CODEC_ID_AAC;
  if (aac && !has_adts(data, (int)size)) return 0;
  AVPacket *packet = av_packet_alloc();
  int result = packet ? av_new_packet(packet, (int)size) : AVERROR(ENOMEM);
  if (result >= 0) {
    memcpy(packet->data, data, size);
    result = find_extradata(stream, aac ? "aac_adtstoasc" : "extract_extradata", packet);
  }
  av_packet_free(&packet);
  unsigned index = (unsigned)stream->index;
  bool chosen = index < session->output->filters.count && session->output->filters.list[index].context;
  if (result >= 0 && aac && stream->codecpar->extradata_size && !chosen)
    result = filter_set(session, stream->index, "aac_adtstoasc");
  return result;
}

static bool is_waited_for(const AVFormatContext *output, const AVStream *stream) {
  return lacks_extradata(output, stream) || is_cover_to_attach(output, stream);
}

/* The arguments and the result of learning from a packet. */
struct lesson {
  struct session *session;
  AVStream *stream;
  const uint8_t *data;
  uint32_t size;
  int result;
};

static void learn_guarded(void *opaque) {
  struct lesson *lesson = opaque;
  bool is_cover = is_cover_to_attach(lesson->session->output->context, lesson->stream);
  lesson->result = is_cover ? attach_cover(lesson->stream, lesson->data, lesson->size)
                            : learn(lesson->session, lesson->stream, lesson->data, lesson->size);
}

int32_t avs_learn_stream(double handle, int32_t index, const uint8_t *data, uint32_t size) {
  struct session *session = find_session(handle);
  if (session && session->channel.running) return AVERROR(EBUSY);
  if (!session || !session->output || session->output->header_tried) return AVERROR(EBADF);
  if (index < 0 || index >= (int32_t)session->output->context->nb_streams) return AVERROR(EINVAL);
  if (size > INT32_MAX - AV_INPUT_BUFFER_PADDING_SIZE) return AVERROR(EINVAL);
  AVStream *stream = session->output->context->streams[index];
  if (!size || !is_waited_for(session->output->context, stream)) return is_waited_for(session->output->context, stream);
  struct lesson lesson = {.session = session, .stream = stream, .data = data, .size = size, .result = AVERROR_BUG};
  struct channel *entered = channel_enter(&session->channel);
  if (!run_guarded(learn_guarded, &lesson)) channel_fail(&session->channel, AVERROR_BUG);
  channel_enter(entered);
  return lesson.result < 0 ? lesson.result : is_waited_for(session->output->context, stream);
}
