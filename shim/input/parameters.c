#include "parameters.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "../headers/headers.h"
#include "early.h"
#include "input.h"

/* Colours that the container says, of which the codec says nothing. */
static void keep_colors(AVCodecParameters *told, const AVCodecParameters *container) {
  if (told->color_primaries == AVCOL_PRI_UNSPECIFIED) told->color_primaries = container->color_primaries;
  if (told->color_trc == AVCOL_TRC_UNSPECIFIED) told->color_trc = container->color_trc;
  if (told->color_space == AVCOL_SPC_UNSPECIFIED) told->color_space = container->color_space;
  if (told->color_range == AVCOL_RANGE_UNSPECIFIED) told->color_range = container->color_range;
}

/* HEVC's decoder tells all it knows of its extradata when it is opened, in 30 us, and decodes nothing for it. */
static void fill_from_decoder(AVCodecParameters *parameters) {
  const AVCodec *codec = avcodec_find_decoder(parameters->codec_id);
  AVCodecContext *context = codec ? avcodec_alloc_context3(codec) : NULL;
  AVCodecParameters *told = avcodec_parameters_alloc();
  if (context && told && avcodec_parameters_to_context(context, parameters) >= 0) {
    context->thread_count = 1;
    if (avcodec_open2(context, codec, NULL) >= 0 && avcodec_parameters_from_context(told, context) >= 0 &&
        told->format != AV_PIX_FMT_NONE) {
      told->codec_tag = parameters->codec_tag;
      told->bit_rate = parameters->bit_rate;
      keep_colors(told, parameters);
      AVRational aspect = parameters->sample_aspect_ratio;
      if (avcodec_parameters_copy(parameters, told) >= 0 && aspect.num) parameters->sample_aspect_ratio = aspect;
    }
  }
  avcodec_parameters_free(&told);
  avcodec_free_context(&context);
}

/* "mov,mp4,...": timestamps are all in the index, so only cheap decoders may be opened there. */
static bool tells_its_timing(const AVFormatContext *input) { return !strncmp(input->iformat->name, "mov,", 4); }

/* What decoders that are opened read: headers of pictures, and as few samples as they let themselves be kept to. */
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

/* VP9 of the first profile, in a file that says its range: nothing is left that matters, and the packet may be far away. */
static bool is_told_by_index(const AVFormatContext *input, const AVCodecParameters *parameters) {
  return tells_its_timing(input) && parameters->codec_id == AV_CODEC_ID_VP9 && parameters->profile == 0 &&
         parameters->color_range != AVCOL_RANGE_UNSPECIFIED;
}

/* Before: libavformat makes times of the sample rate and the frame size, in copies that it takes then. */
static void fill_before(AVFormatContext *input) {
  for (unsigned i = 0; i < input->nb_streams; i++) {
    AVCodecParameters *parameters = input->streams[i]->codecpar;
    bool needed = tells_its_timing(input) || parameters->codec_id == AV_CODEC_ID_OPUS || parameters->codec_id == AV_CODEC_ID_ALAC;
    if (needed && parameters->codec_type == AVMEDIA_TYPE_AUDIO) read_extradata(parameters);
  }
}

/* After: all that is left, by what costs least. */
static void fill_after(struct input *input) {
  AVFormatContext *context = input->context;
  for (unsigned i = 0; i < context->nb_streams; i++) {
    AVCodecParameters *parameters = context->streams[i]->codecpar;
    bool hevc = parameters->codec_id == AV_CODEC_ID_HEVC && parameters->format == AV_PIX_FMT_NONE;
    if (hevc && parameters->extradata_size) fill_from_decoder(parameters);
    read_extradata(parameters);
    if (is_told_by_index(context, parameters)) read_first_packet(parameters, NULL);
  }
  read_early(input);
}

int find_stream_info(struct input *input) {
  AVFormatContext *context = input->context;
  if (tells_its_timing(context) && !context->codec_whitelist)
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
