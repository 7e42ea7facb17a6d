#include "parameters.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <libavutil/channel_layout.h>

#include "../compat.h"

/* ---------------------------------------------------------------------------------------- audio */

/* What a decoder would give out, and how many samples at a time. */
static const struct {
  enum AVCodecID codec;
  enum AVSampleFormat format;
  int frame_size;
} audio_codecs[] = {
    {AV_CODEC_ID_AAC, AV_SAMPLE_FMT_FLTP, 1024},    {AV_CODEC_ID_AAC_LATM, AV_SAMPLE_FMT_FLTP, 1024},
    {AV_CODEC_ID_MP3, AV_SAMPLE_FMT_FLTP, 1152},    {AV_CODEC_ID_MP2, AV_SAMPLE_FMT_S16P, 1152},
    {AV_CODEC_ID_MP1, AV_SAMPLE_FMT_FLTP, 384},     {AV_CODEC_ID_OPUS, AV_SAMPLE_FMT_FLTP, 0},
    {AV_CODEC_ID_VORBIS, AV_SAMPLE_FMT_FLTP, 0},    {AV_CODEC_ID_AC3, AV_SAMPLE_FMT_FLTP, 0},
    {AV_CODEC_ID_EAC3, AV_SAMPLE_FMT_FLTP, 0},      {AV_CODEC_ID_DTS, AV_SAMPLE_FMT_FLTP, 0},
    {AV_CODEC_ID_ADPCM_IMA_WAV, AV_SAMPLE_FMT_S16P, 0}, {AV_CODEC_ID_ADPCM_MS, AV_SAMPLE_FMT_S16, 0},
    {AV_CODEC_ID_PCM_U8, AV_SAMPLE_FMT_U8, 0},      {AV_CODEC_ID_PCM_S8, AV_SAMPLE_FMT_U8, 0},
    {AV_CODEC_ID_PCM_S16LE, AV_SAMPLE_FMT_S16, 0},  {AV_CODEC_ID_PCM_S16BE, AV_SAMPLE_FMT_S16, 0},
    {AV_CODEC_ID_PCM_S24LE, AV_SAMPLE_FMT_S32, 0},  {AV_CODEC_ID_PCM_S24BE, AV_SAMPLE_FMT_S32, 0},
    {AV_CODEC_ID_PCM_S32LE, AV_SAMPLE_FMT_S32, 0},  {AV_CODEC_ID_PCM_S32BE, AV_SAMPLE_FMT_S32, 0},
    {AV_CODEC_ID_PCM_F32LE, AV_SAMPLE_FMT_FLT, 0},  {AV_CODEC_ID_PCM_F32BE, AV_SAMPLE_FMT_FLT, 0},
    {AV_CODEC_ID_PCM_F64LE, AV_SAMPLE_FMT_DBL, 0},  {AV_CODEC_ID_PCM_F64BE, AV_SAMPLE_FMT_DBL, 0},
    {AV_CODEC_ID_PCM_ALAW, AV_SAMPLE_FMT_S16, 0},   {AV_CODEC_ID_PCM_MULAW, AV_SAMPLE_FMT_S16, 0},
    {AV_CODEC_ID_PCM_S16LE_PLANAR, AV_SAMPLE_FMT_S16P, 0}, {AV_CODEC_ID_PCM_S24LE_PLANAR, AV_SAMPLE_FMT_S32P, 0},
    {AV_CODEC_ID_PCM_S32LE_PLANAR, AV_SAMPLE_FMT_S32P, 0}, {AV_CODEC_ID_PCM_BLURAY, AV_SAMPLE_FMT_S16, 0},
};

static void fill_from_table(AVCodecParameters *parameters) {
  for (size_t i = 0; i < sizeof(audio_codecs) / sizeof(*audio_codecs); i++) {
    if (audio_codecs[i].codec != parameters->codec_id) continue;
    parameters->format = audio_codecs[i].format;
    if (!parameters->frame_size) parameters->frame_size = audio_codecs[i].frame_size;
  }
}

static void fill_pcm(AVCodecParameters *parameters) {
  int bits = av_get_exact_bits_per_sample(parameters->codec_id);
  if (!parameters->bits_per_raw_sample && bits > 16) parameters->bits_per_raw_sample = bits;
  if (!parameters->bit_rate)
    parameters->bit_rate = (int64_t)bits * parameters->sample_rate * parameters->ch_layout.nb_channels;
}

/* AudioSpecificConfig, its first fields: object type, sample rate, channels, frame length. */
static void fill_aac(AVCodecParameters *parameters) {
  enum { SBR = 5, PS = 29, ESCAPE = 31, EXPLICIT_RATE = 15 };
  if (parameters->extradata_size < 2) return;
  const uint8_t *config = parameters->extradata;
  int object_type = config[0] >> 3, rate_index = (config[0] & 7) << 1 | config[1] >> 7;
  if (object_type == ESCAPE || rate_index == EXPLICIT_RATE) return;
  bool short_frames = config[1] & 4;
  if (parameters->profile == PROFILE_UNKNOWN) parameters->profile = object_type - 1;
  if (parameters->frame_size) return;
  bool doubled = object_type == SBR || object_type == PS;
  parameters->frame_size = doubled ? 2048 : short_frames ? 960 : 1024;
}

/* Bits of a sample are in STREAMINFO, and in the ALAC atom. */
static void fill_lossless(AVCodecParameters *parameters) {
  const uint8_t *data = parameters->extradata;
  bool flac = parameters->codec_id == AV_CODEC_ID_FLAC;
  int bits = 0;
  if (flac && parameters->extradata_size >= 34) bits = ((data[12] & 1) << 4 | data[13] >> 4) + 1;
  if (!flac && parameters->extradata_size >= 36) bits = data[17];
  if (!bits) return;
  if (flac) parameters->format = bits <= 16 ? AV_SAMPLE_FMT_S16 : AV_SAMPLE_FMT_S32;
  else parameters->format = bits <= 16 ? AV_SAMPLE_FMT_S16P : AV_SAMPLE_FMT_S32P;
  if (!parameters->bits_per_raw_sample) parameters->bits_per_raw_sample = bits;
}

static void fill_layout(AVChannelLayout *layout) {
  if (layout->order != AV_CHANNEL_ORDER_UNSPEC || layout->nb_channels < 1) return;
  int channels = layout->nb_channels;
  av_channel_layout_uninit(layout);
  av_channel_layout_default(layout, channels);
}

static void fill_audio(AVCodecParameters *parameters) {
  if (parameters->codec_id == AV_CODEC_ID_AAC) fill_aac(parameters);
  if (parameters->format != AV_SAMPLE_FMT_NONE) return;
  if (parameters->codec_id == AV_CODEC_ID_OPUS && !parameters->sample_rate) parameters->sample_rate = 48000;
  if (parameters->codec_id == AV_CODEC_ID_FLAC || parameters->codec_id == AV_CODEC_ID_ALAC) fill_lossless(parameters);
  else fill_from_table(parameters);
  if (av_get_exact_bits_per_sample(parameters->codec_id)) fill_pcm(parameters);
  else if (parameters->format != AV_SAMPLE_FMT_NONE) fill_layout(&parameters->ch_layout);
}

/* ---------------------------------------------------------------------------------------- H.264 */

/* Bits of a parameter set. Past the end there are only zeros, and `left` below zero. */
struct bits {
  uint8_t data[1024];
  int size, position;
};

/* Copies a NAL unit without its header and its emulation prevention bytes. */
static void bits_of_nal(struct bits *bits, const uint8_t *nal, int size) {
  *bits = (struct bits){0};
  int zeros = 0;
  for (int i = 1; i < size && bits->size < (int)sizeof(bits->data); i++) {
    if (zeros >= 2 && nal[i] == 3) {
      zeros = 0;
      continue;
    }
    zeros = nal[i] ? 0 : zeros + 1;
    bits->data[bits->size++] = nal[i];
  }
}

static unsigned read_bits(struct bits *bits, int count) {
  unsigned value = 0;
  for (; count > 0; count--, bits->position++) {
    int byte = bits->position >> 3;
    unsigned bit = byte < bits->size ? bits->data[byte] >> (7 - (bits->position & 7)) & 1 : 0;
    value = value << 1 | bit;
  }
  return value;
}

/* Exp-Golomb code. */
static unsigned read_ue(struct bits *bits) {
  int zeros = 0;
  while (zeros < 31 && bits->position < bits->size * 8 && !read_bits(bits, 1)) zeros++;
  return (1u << zeros) - 1 + read_bits(bits, zeros);
}

static int read_se(struct bits *bits) {
  unsigned code = read_ue(bits);
  return code & 1 ? (int)(code / 2 + 1) : -(int)(code / 2);
}

static bool overrun(const struct bits *bits) { return bits->position > bits->size * 8; }

static void skip_scaling_list(struct bits *bits, int size) {
  int last = 8, next = 8;
  for (int i = 0; i < size && !overrun(bits); i++) {
    if (next) next = (int)(((unsigned)last + (unsigned)read_se(bits)) & 0xff);
    last = next ? next : last;
  }
}

static void skip_scaling_matrix(struct bits *bits, unsigned chroma) {
  if (!read_bits(bits, 1)) return;
  for (int i = 0; i < (chroma == 3 ? 12 : 8); i++)
    if (read_bits(bits, 1)) skip_scaling_list(bits, i < 6 ? 16 : 64);
}

static void skip_picture_order(struct bits *bits) {
  unsigned type = read_ue(bits);
  if (type == 0) read_ue(bits);
  if (type != 1) return;
  read_bits(bits, 1);
  read_se(bits);
  read_se(bits);
  for (unsigned i = read_ue(bits); i > 0 && !overrun(bits); i--) read_se(bits);
}

static void skip_picture_size(struct bits *bits) {
  read_ue(bits);                              /* reference frames */
  read_bits(bits, 1);                         /* gaps in frame numbers */
  read_ue(bits);                              /* width */
  read_ue(bits);                              /* height */
  if (!read_bits(bits, 1)) read_bits(bits, 1); /* fields */
  read_bits(bits, 1);                         /* direct 8x8 inference */
  if (read_bits(bits, 1))
    for (int i = 0; i < 4; i++) read_ue(bits); /* cropping */
}

static bool skip_hrd(struct bits *bits) {
  if (!read_bits(bits, 1)) return false;
  unsigned count = read_ue(bits) + 1;
  read_bits(bits, 8);
  for (; count > 0 && !overrun(bits); count--) {
    read_ue(bits);
    read_ue(bits);
    read_bits(bits, 1);
  }
  read_bits(bits, 20);
  return true;
}

/* What this file wants of a sequence parameter set. */
struct sps {
  unsigned chroma, depth;
  AVRational aspect;
  enum AVColorRange range;
  unsigned primaries, transfer, matrix;
  enum AVChromaLocation location;
  int reorder; /* frames; -1: not said */
};

static AVRational read_aspect(struct bits *bits) {
  static const uint8_t ratios[][2] = {{0, 1},   {1, 1},   {12, 11}, {10, 11}, {16, 11}, {40, 33},
                                      {24, 11}, {20, 11}, {32, 11}, {80, 33}, {18, 11}, {15, 11},
                                      {64, 33}, {160, 99}, {4, 3},  {3, 2},   {2, 1}};
  enum { EXTENDED = 255, KNOWN = sizeof(ratios) / sizeof(*ratios) };
  unsigned index = read_bits(bits, 8);
  if (index < KNOWN) return (AVRational){ratios[index][0], ratios[index][1]};
  if (index != EXTENDED) return (AVRational){0, 1};
  int num = (int)read_bits(bits, 16), den = (int)read_bits(bits, 16);
  return (AVRational){num, den ? den : 1};
}

static void read_color(struct bits *bits, struct sps *sps) {
  read_bits(bits, 3);
  sps->range = read_bits(bits, 1) ? AVCOL_RANGE_JPEG : AVCOL_RANGE_MPEG;
  if (!read_bits(bits, 1)) return;
  sps->primaries = read_bits(bits, 8);
  sps->transfer = read_bits(bits, 8);
  sps->matrix = read_bits(bits, 8);
}

static void read_usability(struct bits *bits, struct sps *sps) {
  if (read_bits(bits, 1)) sps->aspect = read_aspect(bits);
  if (read_bits(bits, 1)) read_bits(bits, 1); /* overscan */
  if (read_bits(bits, 1)) read_color(bits, sps);
  if (read_bits(bits, 1)) {
    sps->location = (enum AVChromaLocation)(read_ue(bits) + 1);
    read_ue(bits);
  }
  if (read_bits(bits, 1)) read_bits(bits, 32), read_bits(bits, 32), read_bits(bits, 1); /* timing */
  bool nal = skip_hrd(bits), vcl = skip_hrd(bits);
  if (nal || vcl) read_bits(bits, 1);
  read_bits(bits, 1);
  if (!read_bits(bits, 1)) return;
  read_bits(bits, 1);
  for (int i = 0; i < 4; i++) read_ue(bits);
  sps->reorder = (int)read_ue(bits);
}

static bool has_chroma_fields(unsigned profile) {
  static const uint8_t profiles[] = {100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135};
  return memchr(profiles, (int)profile, sizeof(profiles)) != NULL;
}

static bool read_sps(const uint8_t *nal, int size, struct sps *sps) {
  struct bits bits;
  bits_of_nal(&bits, nal, size);
  *sps = (struct sps){.chroma = 1, .depth = 8, .aspect = {0, 1}, .primaries = 2, .transfer = 2, .matrix = 2,
                      .location = AVCHROMA_LOC_LEFT, .reorder = -1};
  unsigned profile = read_bits(&bits, 8);
  read_bits(&bits, 16);
  read_ue(&bits);
  if (has_chroma_fields(profile)) {
    sps->chroma = read_ue(&bits);
    if (sps->chroma == 3) read_bits(&bits, 1);
    sps->depth = read_ue(&bits) + 8;
    read_ue(&bits);
    read_bits(&bits, 1);
    skip_scaling_matrix(&bits, sps->chroma);
  }
  read_ue(&bits);
  skip_picture_order(&bits);
  skip_picture_size(&bits);
  if (read_bits(&bits, 1)) read_usability(&bits, sps);
  return !overrun(&bits) && sps->chroma <= 3;
}

static enum AVPixelFormat pixel_format_of(const struct sps *sps) {
  bool full = sps->range == AVCOL_RANGE_JPEG, rgb = sps->matrix == AVCOL_SPC_RGB;
  bool wide = sps->chroma == 2, whole = sps->chroma == 3;
  switch (sps->depth) {
  case 8:
    if (whole) return rgb ? AV_PIX_FMT_GBRP : full ? AV_PIX_FMT_YUVJ444P : AV_PIX_FMT_YUV444P;
    if (wide) return full ? AV_PIX_FMT_YUVJ422P : AV_PIX_FMT_YUV422P;
    return full ? AV_PIX_FMT_YUVJ420P : AV_PIX_FMT_YUV420P;
  case 9:
    if (whole) return rgb ? AV_PIX_FMT_GBRP9 : AV_PIX_FMT_YUV444P9;
    return wide ? AV_PIX_FMT_YUV422P9 : AV_PIX_FMT_YUV420P9;
  case 10:
    if (whole) return rgb ? AV_PIX_FMT_GBRP10 : AV_PIX_FMT_YUV444P10;
    return wide ? AV_PIX_FMT_YUV422P10 : AV_PIX_FMT_YUV420P10;
  case 12:
    if (whole) return rgb ? AV_PIX_FMT_GBRP12 : AV_PIX_FMT_YUV444P12;
    return wide ? AV_PIX_FMT_YUV422P12 : AV_PIX_FMT_YUV420P12;
  case 14:
    if (whole) return rgb ? AV_PIX_FMT_GBRP14 : AV_PIX_FMT_YUV444P14;
    return wide ? AV_PIX_FMT_YUV422P14 : AV_PIX_FMT_YUV420P14;
  }
  return AV_PIX_FMT_NONE;
}

/* The first sequence parameter set of an avcC box. */
static bool find_sps(const AVCodecParameters *parameters, struct sps *sps) {
  const uint8_t *data = parameters->extradata;
  if (parameters->extradata_size < 8 || data[0] != 1 || !(data[5] & 0x1f)) return false;
  int size = data[6] << 8 | data[7];
  return size > 4 && size <= parameters->extradata_size - 8 && read_sps(data + 8, size, sps);
}

static void fill_h264(AVCodecParameters *parameters) {
  struct sps sps;
  if (!find_sps(parameters, &sps)) return;
  parameters->format = pixel_format_of(&sps);
  parameters->bits_per_raw_sample = (int)sps.depth;
  parameters->chroma_location = sps.location;
  if (sps.reorder > parameters->video_delay && sps.reorder <= 16) parameters->video_delay = sps.reorder;
  if (!parameters->sample_aspect_ratio.num) parameters->sample_aspect_ratio = sps.aspect;
  if (parameters->color_range == AVCOL_RANGE_UNSPECIFIED) parameters->color_range = sps.range;
  if (parameters->color_primaries == AVCOL_PRI_UNSPECIFIED) parameters->color_primaries = sps.primaries;
  if (parameters->color_trc == AVCOL_TRC_UNSPECIFIED) parameters->color_trc = sps.transfer;
  if (parameters->color_space == AVCOL_SPC_UNSPECIFIED) parameters->color_space = sps.matrix;
}

/* ---------------------------------------------------------------------------------------- other video */

/* av1C: the bits that say how samples are stored. */
static void fill_av1(AVCodecParameters *parameters) {
  if (parameters->extradata_size < 4 || parameters->extradata[0] != 0x81) return;
  unsigned bits = parameters->extradata[2];
  bool high = bits & 0x40, twelve = bits & 0x20, gray = bits & 0x10, half_width = bits & 8, half_height = bits & 4;
  static const enum AVPixelFormat formats[3][4] = {
      {AV_PIX_FMT_YUV444P, AV_PIX_FMT_YUV422P, AV_PIX_FMT_YUV420P, AV_PIX_FMT_GRAY8},
      {AV_PIX_FMT_YUV444P10, AV_PIX_FMT_YUV422P10, AV_PIX_FMT_YUV420P10, AV_PIX_FMT_GRAY10},
      {AV_PIX_FMT_YUV444P12, AV_PIX_FMT_YUV422P12, AV_PIX_FMT_YUV420P12, AV_PIX_FMT_GRAY12}};
  parameters->format = formats[high ? 1 + twelve : 0][gray ? 3 : half_width + half_height];
}

/* The profile of VP9 names bit depths, not one: 10 bits are all that is met. */
static void fill_vp9(AVCodecParameters *parameters) {
  if (parameters->profile == 0 || parameters->profile == PROFILE_UNKNOWN) parameters->format = AV_PIX_FMT_YUV420P;
  if (parameters->profile == 2) parameters->format = AV_PIX_FMT_YUV420P10;
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
      AVRational aspect = parameters->sample_aspect_ratio;
      if (avcodec_parameters_copy(parameters, told) >= 0 && aspect.num) parameters->sample_aspect_ratio = aspect;
    }
  }
  avcodec_parameters_free(&told);
  avcodec_free_context(&context);
}

static void fill_video(AVCodecParameters *parameters) {
  switch (parameters->codec_id) {
  case AV_CODEC_ID_H264: fill_h264(parameters); break;
  case AV_CODEC_ID_AV1: fill_av1(parameters); break;
  case AV_CODEC_ID_VP9: fill_vp9(parameters); break;
  case AV_CODEC_ID_VP8:
  case AV_CODEC_ID_MPEG4:
  case AV_CODEC_ID_MPEG1VIDEO: parameters->format = AV_PIX_FMT_YUV420P; break;
  case AV_CODEC_ID_HEVC:
    if (parameters->extradata_size) fill_from_decoder(parameters);
    break;
  default: break;
  }
}

/* ---------------------------------------------------------------------------------------- the whole */

/* "mov,mp4,...": timestamps are all in the index, so only cheap decoders may be opened there. */
static bool tells_its_timing(const AVFormatContext *input) { return !strncmp(input->iformat->name, "mov,", 4); }

/* Decoders that are asked at all: header and key frame of the first picture, no more. */
static AVDictionary **decoder_options(const AVFormatContext *input) {
  AVDictionary **options = calloc(input->nb_streams + 1, sizeof(*options));
  for (unsigned i = 0; options && i < input->nb_streams; i++) {
    if (input->streams[i]->codecpar->codec_type != AVMEDIA_TYPE_VIDEO) continue;
    av_dict_set(&options[i], "skip_loop_filter", "all", 0);
    av_dict_set(&options[i], "skip_idct", "all", 0);
  }
  return options;
}

/* Before: durations of AAC packets are made from the frame size. After: all that is left. */
static void fill_parameters(AVFormatContext *input, bool video) {
  for (unsigned i = 0; i < input->nb_streams; i++) {
    AVCodecParameters *parameters = input->streams[i]->codecpar;
    if (parameters->codec_type == AVMEDIA_TYPE_AUDIO) fill_audio(parameters);
    if (video && parameters->codec_type == AVMEDIA_TYPE_VIDEO && parameters->format == AV_PIX_FMT_NONE)
      fill_video(parameters);
  }
}

int find_stream_info(AVFormatContext *input) {
  if (tells_its_timing(input)) {
    if (!input->codec_whitelist) input->codec_whitelist = av_strdup("mjpeg,png,prores,mpeg2video,mpeg1video,mpeg4");
    fill_parameters(input, false);
  }
  unsigned count = input->nb_streams;
  AVDictionary **options = decoder_options(input);
  if (!options) return AVERROR(ENOMEM);
  int result = avformat_find_stream_info(input, options);
  for (unsigned i = 0; i < count; i++) av_dict_free(&options[i]);
  free(options);
  fill_parameters(input, true);
  return result;
}
