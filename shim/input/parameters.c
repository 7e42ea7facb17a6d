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
static void fill_from_decoder(AVCodecParameters *parameters) {
  const AVCodec *codec = avcodec_find_decoder(parameters->codec_id);
  AVCodecContext *context = codec ? avcodec_alloc_context3(codec) : NULL;
  AVCodecParameters *found = avcodec_parameters_alloc();
  if (context && found && avcodec_parameters_to_context(context, parameters) >= 0) {
    context->thread_count = 1;
    if (avcodec_open2(context, codec, NULL) >= 0 && avcodec_parameters_from_context(found, context) >= 0 &&
        found->format != AV_PIX_FMT_NONE) {
      found->codec_tag = parameters->codec_tag;
      found->bit_rate = parameters->bit_rate;
      keep_colors(found, parameters);
      AVRational aspect = parameters->sample_aspect_ratio;
      if (avcodec_parameters_copy(parameters, found) >= 0 && aspect.num) parameters->sample_aspect_ratio = aspect;
    }
  }
  avcodec_parameters_free(&found);
  avcodec_free_context(&context);
}

/* "mov,mp4,...": all timestamps are in the index, so that only cheap decoders need to be opened. */
static bool has_timing_in_index(const AVFormatContext *input) { return !strncmp(input->iformat->name, "mov,", 4); }

/* Makes decoders do as little as possible: they read the headers of pictures, and skip what can be skipped of the rest. */
static AVDictionary **decoder_options(const AVFormatContext *input) {
  AVDictionary **options = calloc(input->nb_streams + 1, sizeof(*options));
  for (unsigned i = 0; options && i < input->nb_streams; i++) {
    if (input->streams[i]->codecpar->codec_type != AVMEDIA_TYPE_VIDEO) continue;
    av_dict_set(&options[i], "skip_loop_filter", "all", 0);
    av_dict_set(&options[i], "skip_idct", "all", 0);
    if (input->streams[i]->codecpar->codec_id == AV_CODEC_ID_H264) av_dict_set(&options[i], "enable_er", "0", 0);
  }
  return options;
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

/* Whether the format has no times, and its rate is the one that its demuxer takes where nobody says another. */
static bool has_assumed_rate(const AVFormatContext *input, AVRational rate) {
  uint8_t *given = NULL; /* av_opt_get_video_rate() does not know the type (9.0) */
  if (!(input->iformat->flags & AVFMT_NOTIMESTAMPS) || !input->iformat->priv_class) return false;
  bool assumed = av_opt_get(input->priv_data, "framerate", 0, &given) >= 0 && given && !strcmp((char *)given, "25/1");
  av_free(given);
  return assumed && !av_cmp_q(rate, (AVRational){25, 1});
}

/* The rate that the headers of raw video say: libavformat times packets by it, but describes them by the assumed one. */
static void fill_rate(const AVFormatContext *input, AVStream *stream) {
  AVRational codec_rate = *codec_frame_rate(stream);
  if (codec_rate.num <= 0 || codec_rate.den <= 0) return;
  if (has_assumed_rate(input, stream->avg_frame_rate)) stream->avg_frame_rate = codec_rate;
}

/*
 * libavformat takes all boxes behind the description of mov_text for a part of it, and writes another box with the bit rate
 * behind them: each remux would make it longer, and no two pieces of a stream would have the same one.
 */
static void drop_bit_rates(AVCodecParameters *parameters) {
  enum { DESCRIPTION = 30, HEADER = 8, BIT_RATE = 20 };
  uint8_t *extradata = parameters->extradata;
  for (int64_t at = DESCRIPTION, size; at + HEADER <= parameters->extradata_size; at += size) {
    size = AV_RB32(extradata + at);
    if (size < HEADER || size > parameters->extradata_size - at) return;
    if (size != BIT_RATE || AV_RB32(extradata + at + 4) != MKBETAG('b', 't', 'r', 't')) continue;
    memmove(extradata + at, extradata + at + size, (size_t)(parameters->extradata_size - at - size));
    parameters->extradata_size -= (int)size;
    memset(extradata + parameters->extradata_size, 0, AV_INPUT_BUFFER_PADDING_SIZE);
    size = 0;
  }
}

/* To be called after it: fills in the rest, in the cheapest way. */
static void fill_after(struct input *input) {
  AVFormatContext *context = input->context;
  for (unsigned i = 0; i < context->nb_streams; i++) {
    AVCodecParameters *parameters = context->streams[i]->codecpar;
    bool hevc = parameters->codec_id == AV_CODEC_ID_HEVC && parameters->format == AV_PIX_FMT_NONE;
    if (hevc && parameters->extradata_size) fill_from_decoder(parameters);
    read_extradata(parameters);
    if (parameters->codec_id == AV_CODEC_ID_MOV_TEXT) drop_bit_rates(parameters);
    if (is_described_by_index(context, parameters)) read_first_packet(parameters, NULL);
    fill_rate(context, context->streams[i]);
  }
  read_early(input);
}

int find_stream_info(struct input *input) {
  AVFormatContext *context = input->context;
  if (has_timing_in_index(context) && !context->codec_whitelist)
    context->codec_whitelist = av_strdup("mjpeg,png,prores,mpeg2video,mpeg1video,mpeg4");
  fill_before(context);
  unsigned count = context->nb_streams;
  AVDictionary **options = decoder_options(context);
  if (!options) return AVERROR(ENOMEM);
  int result = avformat_find_stream_info(context, options);
  for (unsigned i = 0; i < count; i++) av_dict_free(&options[i]);
  free(options);
  fill_after(input);
  return result;
}
