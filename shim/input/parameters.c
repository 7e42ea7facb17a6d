#include "parameters.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <libavutil/intreadwrite.h>
#include <libavutil/opt.h>

#include "../compat.h"
#include "../headers/headers.h"
#include "early.h"
#include "input.h"

/* Colours that the codec leaves unspecified are taken from the container. */
static void keep_colors(AVCodecParameters *found, const AVCodecParameters *container) {
  if (found->color_primaries == AVCOL_PRI_UNSPECIFIED) found->color_primaries = container->color_primaries;
  if (found->color_trc == AVCOL_TRC_UNSPECIFIED) found->color_trc = container->color_trc;
  if (found->color_space == AVCOL_SPC_UNSPECIFIED) found->color_space = container->color_space;
  if (found->color_range == AVCOL_RANGE_UNSPECIFIED) found->color_range = container->color_range;
}

/* When HEVC's decoder is opened, it reads all of its extradata, in 30 us, without decoding anything. */
static int ask_decoder(AVCodecContext *context, const AVCodec *codec, AVCodecParameters *found, const AVCodecParameters *parameters) {
  int result = avcodec_parameters_to_context(context, parameters);
  context->thread_count = 1;
  if (result >= 0) result = avcodec_open2(context, codec, NULL);
  return result < 0 ? result : avcodec_parameters_from_context(found, context);
}

/* If it fails, the parameters are lost. */
static int take_found(AVCodecParameters *parameters, AVCodecParameters *found) {
  found->codec_tag = parameters->codec_tag;
  found->bit_rate = parameters->bit_rate;
  keep_colors(found, parameters);
  if (parameters->sample_aspect_ratio.num) found->sample_aspect_ratio = parameters->sample_aspect_ratio;
  return avcodec_parameters_copy(parameters, found);
}

static int fill_from_decoder(AVCodecParameters *parameters) {
  const AVCodec *codec = avcodec_find_decoder(parameters->codec_id);
  if (!codec) return 0;
  AVCodecContext *context = avcodec_alloc_context3(codec);
  AVCodecParameters *found = avcodec_parameters_alloc();
  int result = context && found ? ask_decoder(context, codec, found, parameters) : AVERROR(ENOMEM);
  if (result >= 0 && found->format != AV_PIX_FMT_NONE) result = take_found(parameters, found);
  avcodec_parameters_free(&found);
  avcodec_free_context(&context);
  return result == AVERROR(ENOMEM) ? result : 0; /* other errors: it can't read them */
}

/* "mov,mp4,...": all timestamps are in the index, so that only cheap decoders need to be opened. */
static bool has_timing_in_index(const AVFormatContext *input) { return !strncmp(input->iformat->name, "mov,", 4); }

/* Makes decoders do as little as possible: they read the headers of pictures, and skip what can be skipped of the rest. */
static int set_decoder_options(const AVFormatContext *input, AVDictionary **options) {
  int result = 0;
  for (unsigned i = 0; i < input->nb_streams && result >= 0; i++) {
    if (input->streams[i]->codecpar->codec_type != AVMEDIA_TYPE_VIDEO) continue;
    bool h264 = input->streams[i]->codecpar->codec_id == AV_CODEC_ID_H264;
    result = av_dict_set(&options[i], "skip_loop_filter", "all", 0);
    if (result >= 0) result = av_dict_set(&options[i], "skip_idct", "all", 0);
    if (result >= 0 && h264) result = av_dict_set(&options[i], "enable_er", "0", 0);
  }
  return result;
}

/* VP9 of profile 0, in a file with a colour range: nothing else is needed of its first packet, which may be far away. */
static bool is_described_by_index(const AVFormatContext *input, const AVCodecParameters *parameters) {
  return has_timing_in_index(input) && parameters->codec_id == AV_CODEC_ID_VP9 && parameters->profile == 0 &&
         parameters->color_range != AVCOL_RANGE_UNSPECIFIED;
}

/* To be called before avformat_find_stream_info(), which copies sample rate and frame size and derives times from them. */
static void fill_before(AVFormatContext *input) {
  for (unsigned i = 0; i < input->nb_streams; i++) {
    AVCodecParameters *parameters = input->streams[i]->codecpar;
    bool needed = has_timing_in_index(input) || parameters->codec_id == AV_CODEC_ID_OPUS || parameters->codec_id == AV_CODEC_ID_ALAC;
    if (needed && parameters->codec_type == AVMEDIA_TYPE_AUDIO) read_extradata(parameters);
  }
}

/* Whether the format has no times, and its rate is the one that its demuxer takes where nobody says another; or an error. */
static int has_assumed_rate(const AVFormatContext *input, AVRational rate) {
  uint8_t *given = NULL; /* av_opt_get_video_rate() does not know the type (9.0) */
  if (!(input->iformat->flags & AVFMT_NOTIMESTAMPS) || !input->iformat->priv_class) return false;
  int result = av_opt_get(input->priv_data, "framerate", 0, &given);
  bool assumed = result >= 0 && given && !strcmp((char *)given, "25/1");
  av_free(given);
  return result == AVERROR(ENOMEM) ? result : assumed && !av_cmp_q(rate, (AVRational){25, 1});
}

/* The rate that the headers of raw video say: libavformat times packets by it, but describes them by the assumed one. */
static int fill_rate(const AVFormatContext *input, AVStream *stream) {
  AVRational codec_rate = *codec_frame_rate(stream);
  if (codec_rate.num <= 0 || codec_rate.den <= 0) return 0;
  int assumed = has_assumed_rate(input, stream->avg_frame_rate);
  if (assumed > 0) stream->avg_frame_rate = codec_rate;
  return assumed;
}

/*
 * libavformat takes all boxes behind the description of mov_text for a part of it, and writes another box with the bit rate
 * behind them: each remux would make it longer, and no two pieces of a stream would have the same one. A file may hold millions of
 * them, so each byte is moved once.
 */
static void drop_bit_rates(AVCodecParameters *parameters) {
  enum { DESCRIPTION = 30, HEADER = 8, BIT_RATE = 20 };
  uint8_t *extradata = parameters->extradata;
  int64_t end = parameters->extradata_size, at = DESCRIPTION, kept = at;
  for (int64_t size; at + HEADER <= end; at += size) {
    size = AV_RB32(extradata + at);
    if (size < HEADER || size > end - at) break;
    if (size == BIT_RATE && AV_RB32(extradata + at + 4) == MKBETAG('b', 't', 'r', 't')) continue;
    memmove(extradata + kept, extradata + at, (size_t)size);
    kept += size;
  }
  if (kept == at) return;
  memmove(extradata + kept, extradata + at, (size_t)(end - at));
  parameters->extradata_size = (int)(kept + end - at);
  memset(extradata + parameters->extradata_size, 0, AV_INPUT_BUFFER_PADDING_SIZE);
}

/* To be called after it: fills in the rest, in the cheapest way. Its only error is a lack of memory. */
static int fill_after(struct input *input) {
  AVFormatContext *context = input->context;
  int result = 0;
  for (unsigned i = 0; i < context->nb_streams && result >= 0; i++) {
    AVCodecParameters *parameters = context->streams[i]->codecpar;
    bool hevc = parameters->codec_id == AV_CODEC_ID_HEVC && parameters->format == AV_PIX_FMT_NONE;
    if (hevc && parameters->extradata_size) result = fill_from_decoder(parameters);
    if (result < 0) break;
    read_extradata(parameters);
    if (parameters->codec_id == AV_CODEC_ID_MOV_TEXT) drop_bit_rates(parameters);
    if (is_described_by_index(context, parameters)) read_first_packet(parameters, NULL);
    result = fill_rate(context, context->streams[i]);
  }
  return result < 0 ? result : read_early(input);
}

int find_stream_info(struct input *input) {
  AVFormatContext *context = input->context;
  if (has_timing_in_index(context) && !context->codec_whitelist)
    context->codec_whitelist = av_strdup("mjpeg,png,prores,mpeg2video,mpeg1video,mpeg4");
  if (has_timing_in_index(context) && !context->codec_whitelist) return AVERROR(ENOMEM);
  fill_before(context);
  unsigned count = context->nb_streams;
  AVDictionary **options = calloc(count + 1, sizeof(*options));
  if (!options) return AVERROR(ENOMEM);
  int result = set_decoder_options(context, options);
  if (result >= 0) result = avformat_find_stream_info(context, options);
  for (unsigned i = 0; i < count; i++) av_dict_free(&options[i]);
  free(options);
  int filled = fill_after(input);
  return result < 0 ? result : filled;
}
