#include "limits.h"

#include <string.h>

#include <libavutil/avstring.h>
#include <libavutil/channel_layout.h>
#include <libavutil/dict.h>
#include <libavutil/imgutils.h>
#include <libavutil/intreadwrite.h>
#include <libavutil/mathematics.h>
#include <libavutil/opt.h>
#include <libavutil/pixdesc.h>

#include "../compat.h"
#include "output.h"
#include "quirks.h"

/* ---------------------------------------------------------------------------------------- streams */

/*
 * Muxers multiply ints: if a product overflows to 0 they divide by it (nut), or count its bits for ever (swf). The system's
 * libchromaprint makes filters as long as the sample rate, and never returns.
 */
static bool is_too_fast(const AVOutputFormat *format, const AVCodecParameters *parameters) {
  enum { MAX_RATE = 1 << 27, MAX_SAMPLES = 1 << 28 }; /* a second of all channels has at most so many: 64 bits each fit in 2 GiB */
  int channels = FFMAX(parameters->ch_layout.nb_channels, 1), rate = parameters->sample_rate;
  return rate > MAX_RATE || (int64_t)rate * channels > MAX_SAMPLES || (!strcmp(format->name, "chromaprint") && rate > 1000000);
}

/* The same for pictures, and for the blocks and frames of sound. image2 reads planes beyond a packet if their sizes overflow. */
static bool is_too_large(const AVCodecParameters *parameters) {
  enum { MAX_SIDE = 1 << 24, MAX_BLOCK = 1 << 27 };
  int width = parameters->width, height = parameters->height;
  bool has_area = (int64_t)width * height <= INT32_MAX;
  bool is_raw = parameters->codec_id == AV_CODEC_ID_RAWVIDEO && av_pix_fmt_desc_get(parameters->format) && width > 0 && height > 0;
  if (is_raw && av_image_get_buffer_size(parameters->format, width, height, 1) < 0) return true;
  return width > MAX_SIDE || height > MAX_SIDE || !has_area || parameters->block_align > MAX_BLOCK || parameters->frame_size > MAX_BLOCK;
}

static bool is_rate(AVRational rate) { return rate.num > 0 && rate.den > 0; }

/* mxf divides by the time of a frame (5.1 refuses it, 9.0 does not in all of its modes). */
static bool lacks_rate(const AVOutputFormat *files, const AVStream *stream) {
  if (!av_match_name(files->name, "mxf,mxf_d10,mxf_opatom")) return false;
  if (stream->codecpar->codec_type != AVMEDIA_TYPE_VIDEO) return false;
  return !is_rate(stream->avg_frame_rate) && !is_rate(stream->r_frame_rate);
}

/* mxf_d10 reads samples of two or three bytes of each channel, of other ones beyond the packet (7.1 and 9.0). */
static bool is_no_d10_sound(const AVOutputFormat *files, const AVCodecParameters *parameters) {
  enum { MAX_CHANNELS_OF_D10 = 8 };
  bool is_pcm = parameters->codec_id == AV_CODEC_ID_PCM_S16LE || parameters->codec_id == AV_CODEC_ID_PCM_S24LE;
  if (strcmp(files->name, "mxf_d10") || parameters->codec_type != AVMEDIA_TYPE_AUDIO) return false;
  return !is_pcm || parameters->ch_layout.nb_channels > MAX_CHANNELS_OF_D10;
}

/* pcm_dvd is written in whole samples: of so many channels that none fits into a pack, nothing but packs is written, for ever (5.1 to 9.0). */
static bool has_wide_samples(const AVOutputFormat *files, const AVCodecParameters *parameters) {
  enum { MAX_CHANNELS_OF_DVD = 8 };
  return parameters->codec_id == AV_CODEC_ID_PCM_DVD && has_quirk(files, NEEDS_BITS) &&
         parameters->ch_layout.nb_channels > MAX_CHANNELS_OF_DVD;
}

/* Streams of timed ID3 have no track in mp4: the system's muxer takes the numbers of streams and tracks for the same (6.1 to 9.0). */
static bool has_no_track(const AVOutputFormat *files, const AVCodecParameters *parameters) {
  bool is_timed_id3 = !strcmp(avcodec_get_name(parameters->codec_id), "timed_id3");
  return !EMBEDDED && is_timed_id3 && has_quirk(files, MP4);
}

const char *beyond_limits(const AVOutputFormat *files, const AVStream *stream) {
  const AVCodecParameters *parameters = stream->codecpar;
  if (has_no_track(files, parameters)) return "can't be written to mp4 with this libavformat";
  if (has_wide_samples(files, parameters)) return "has more than 8 channels";
  if (is_too_fast(files, parameters)) return "has too large a sample rate";
  if (is_too_large(parameters)) return "has too large pictures, blocks or frames";
  if (lacks_rate(files, stream)) return "needs its frame rate";
  if (is_no_d10_sound(files, parameters)) return "is not what mxf_d10 holds: pcm_s16le or pcm_s24le of at most 8 channels";
  return NULL;
}

/*
 * nut has lengths of packets that are near to this one in its table of codes, and divides by this one and two, in 16 bits (5.1 to
 * 9.0). It does not write it.
 */
static void keep_nut_divisor(AVCodecParameters *parameters) {
  if (parameters->codec_type != AVMEDIA_TYPE_AUDIO || parameters->sample_rate <= 0) return;
  int64_t bytes = parameters->block_align, rate = parameters->bit_rate;
  bool is_computed = bytes <= 0, overflows = is_computed && (rate < 0 || rate > INT32_MAX);
  if (is_computed && !overflows) bytes = av_get_audio_frame_duration2(parameters, 0) * rate / (8 * (int64_t)parameters->sample_rate);
  if (overflows || !((uint64_t)(bytes + 2) & 0xffff)) parameters->block_align = 1;
}

/* A palette has a colour for each value of so many bits: of 30 bits it is a header of 4 GiB (5.1 to 9.0). */
static void keep_palette_small(AVCodecParameters *parameters) {
  enum { MAX_BITS = 8 };
  int format = parameters->format, *bits = &parameters->bits_per_coded_sample;
  bool has_palette = format == AV_PIX_FMT_PAL8 || format == AV_PIX_FMT_MONOWHITE || format == AV_PIX_FMT_MONOBLACK;
  if (parameters->codec_type == AVMEDIA_TYPE_VIDEO && has_palette) *bits = av_clip(*bits, 0, MAX_BITS);
}

/* The system's headers of RIFF take the pointer of a layout that lists its channels for a mask, and write half of it (5.1 to 9.0). */
static void keep_layout_secret(AVCodecParameters *parameters, bool is_riff) {
  enum AVCodecID codec = parameters->codec_id;
  is_riff |= codec == AV_CODEC_ID_ADPCM_MS || codec == AV_CODEC_ID_ADPCM_IMA_WAV || codec == AV_CODEC_ID_WMAPRO; /* in mov */
  AVChannelLayout *layout = &parameters->ch_layout;
  if (EMBEDDED || !is_riff || layout->order != AV_CHANNEL_ORDER_CUSTOM) return;
  int channels = layout->nb_channels;
  av_channel_layout_uninit(layout);
  *layout = (AVChannelLayout){.order = AV_CHANNEL_ORDER_UNSPEC, .nb_channels = channels};
}

void keep_limits(const AVFormatContext *output, const AVOutputFormat *files) {
  bool divides = !strcmp(files->name, "nut"), has_palettes = av_match_name(files->name, "avi,matroska");
  bool is_riff = av_match_name(files->name, "wav,w64,avi,asf,asf_stream,wtv,matroska");
  for (unsigned i = 0; i < output->nb_streams; i++) {
    keep_layout_secret(output->streams[i]->codecpar, is_riff);
    if (divides) keep_nut_divisor(output->streams[i]->codecpar);
    if (has_palettes) keep_palette_small(output->streams[i]->codecpar);
  }
}

/* ---------------------------------------------------------------------------------------- options */

static int64_t number_of(const AVFormatContext *output, const char *option) {
  int64_t number = 0;
  return av_opt_get_int(output->priv_data, option, 0, &number) < 0 ? 0 : number;
}

/* Between two packets there would be infinitely many segments without a length (5.1 to 9.0). */
static int check_empty_segments(struct session *session) {
  const AVFormatContext *output = session->output->context;
  if (!av_match_name(output->oformat->name, "segment,stream_segment,ssegment")) return 0;
  if (!number_of(output, "write_empty_segments") || number_of(output, "segment_time") > 0) return 0;
  log_error(session, "write_empty_segments needs a segment_time");
  return AVERROR(EINVAL);
}

/*
 * dash divides by the length of segments, which may be set to 0: that ends the process. And the sum of its two window sizes
 * overflows an int.
 */
static int check_dash(struct session *session) {
  const AVFormatContext *output = session->output->context;
  if (!has_quirk(output->oformat, DIVIDES)) return 0;
  bool divides = number_of(output, "index_correction") && !number_of(output, "seg_duration");
  bool adds = number_of(output, "window_size") + number_of(output, "extra_window_size") > INT32_MAX;
  if (divides) log_error(session, "index_correction needs a seg_duration");
  if (adds) log_error(session, "the sum of window_size and extra_window_size is too large");
  return divides || adds ? AVERROR(EINVAL) : 0;
}

int check_segments(struct session *session) {
  int result = check_empty_segments(session);
  return result < 0 ? result : check_dash(session);
}

static bool has_type(const AVFormatContext *output, enum AVMediaType type) {
  for (unsigned i = 0; i < output->nb_streams; i++)
    if (output->streams[i]->codecpar->codec_type == type) return true;
  return false;
}

/*
 * Without video, a packet of subtitles may end a segment of sound: the system's hls frees what is not its own. And files of a size
 * have no names for their subtitles: null pointers (5.1 to 9.0).
 */
int check_hls(struct session *session) {
  const AVFormatContext *output = session->output->context;
  if (strcmp(output->oformat->name, "hls") || !has_type(output, AVMEDIA_TYPE_SUBTITLE)) return 0;
  const AVDictionaryEntry *size = av_dict_get(session->options, "hls_segment_size", NULL, 0);
  bool has_no_names = size && strcmp(size->value, "0"), frees = !EMBEDDED && !has_type(output, AVMEDIA_TYPE_VIDEO);
  if (has_no_names) log_error(session, "hls_segment_size can't be used with subtitles");
  else if (frees) log_error(session, "hls with subtitles needs video with this libavformat");
  return has_no_names || frees ? AVERROR(EINVAL) : 0;
}

/* ---------------------------------------------------------------------------------------- packets */

/* film_cpk divides by the size that a packet of Cinepak begins with, and copies the 10 bytes before the picture (5.1 to 9.0). */
static bool lacks_cinepak_header(const AVPacket *packet) {
  enum { HEADER = 10 };
  return packet->size < HEADER || !AV_RB24(packet->data + 1);
}

/* mxf does not notice that its own check of a frame of DV has failed, and describes it by a null pointer (5.1 to 9.0). */
static bool lacks_dv_frame(const AVPacket *packet) {
  enum { SMALLEST = 120000 };
  return packet->size < SMALLEST;
}

/* webp skips this chunk by the length that it states, and writes what is in memory before or behind the packet (5.1 to 9.0). */
static bool lacks_whole_chunk(const AVPacket *packet) {
  enum { RIFF_HEADER = 12, CHUNK_HEADER = 8 };
  int at = packet->size >= RIFF_HEADER && !memcmp(packet->data, "RIFF", 4) ? RIFF_HEADER : 0;
  if (packet->size < at + CHUNK_HEADER || memcmp(packet->data + at, "VP8X", 4)) return false;
  return AV_RL32(packet->data + at + 4) > (uint32_t)(packet->size - at - CHUNK_HEADER);
}

static const struct {
  enum AVCodecID codec;
  const char *formats;
  bool (*lacks)(const AVPacket *packet);
  const char *what;
} needed_headers[] = {
    {AV_CODEC_ID_CINEPAK, "film_cpk", lacks_cinepak_header, "the header of Cinepak"},
    {AV_CODEC_ID_DVVIDEO, "mxf,mxf_d10,mxf_opatom", lacks_dv_frame, "a whole frame of DV"},
    {AV_CODEC_ID_WEBP, "webp", lacks_whole_chunk, "a whole VP8X chunk"},
};

/*
 * The times that formats can state, in milliseconds, and how far a pts may be from its dts. asf has an entry in its index for each
 * second up to the last key frame: without memory for them, it has lost the index when the file ends. flv and ass write what is left
 * of another time without an error (5.1 to 9.0).
 */
static const struct clock_of_format {
  const char *format;
  int64_t first, last, offset;
  const char *what;
} clocks[] = {
    {"asf", INT64_MIN, UINT32_MAX, INT64_MAX, "a time that asf can state"},
    {"flv", INT64_MIN, INT32_MAX, 0x7fffff, "a time that flv can state (at most 2147483647 ms, and 8388607 ms from pts to dts)"},
    {"ass", 0, INT64_MAX, INT64_MAX, "a time that ass can state (from 0 on)"},
};

static bool can_state(const struct clock_of_format *clock, const AVStream *stream, const AVPacket *packet) {
  const AVRational unit = {1, 1000};
  int64_t pts = packet->pts, dts = packet->dts, last = FFMAX(pts, dts); /* without times: the least number */
  if (last == AV_NOPTS_VALUE) return true;
  int64_t time = av_rescale_q(last, stream->time_base, unit);
  if (time < clock->first || time > clock->last) return false;
  if (pts == AV_NOPTS_VALUE || dts == AV_NOPTS_VALUE) return true;
  return av_rescale_q(av_sat_sub64(pts, dts), stream->time_base, unit) <= clock->offset; /* a pts before the dts is refused */
}

const char *lacking_in_packet(const AVOutputFormat *files, const AVStream *stream, const AVPacket *packet) {
  for (size_t i = 0; i < sizeof(needed_headers) / sizeof(*needed_headers); i++) {
    if (stream->codecpar->codec_id != needed_headers[i].codec || !av_match_name(files->name, needed_headers[i].formats)) continue;
    if (needed_headers[i].lacks(packet)) return needed_headers[i].what;
  }
  for (size_t i = 0; i < sizeof(clocks) / sizeof(*clocks); i++)
    if (!strcmp(files->name, clocks[i].format) && !can_state(&clocks[i], stream, packet)) return clocks[i].what;
  return NULL;
}

int check_gap(struct session *session, const AVStream *stream, int64_t last, int64_t dts) {
  const AVOutputFormat *files = session->output->files;
  bool has_times = last != AV_NOPTS_VALUE && dts != AV_NOPTS_VALUE;
  if (EMBEDDED || !has_times || !has_quirk(files, MP4) || av_sat_sub64(dts, last) < INT32_MAX) return 0;
  double unit = av_q2d(stream->time_base);
  log_error(session, "stream %d: the packet at %.3f s comes %.3f s after the one before it; of this track, %s can state at most %.3f s",
            stream->index, (double)dts * unit, (double)av_sat_sub64(dts, last) * unit, files->name, INT32_MAX * unit);
  return AVERROR(ERANGE);
}
