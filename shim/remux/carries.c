#include "carries.h"

#include <string.h>

#include <libavutil/avstring.h>
#include <libavutil/pixdesc.h>

#include "../output/quirks.h"

static bool is_one_of(enum AVCodecID codec, const char *names) { return av_match_name(avcodec_get_name(codec), names); }

/* ---------------------------------------------------------------------------------------- codecs beyond the list */

/* Whether the codec has a tag in the table, and the tag leads back to this codec: some codecs share one. */
static bool is_coded(const struct AVCodecTag *table, enum AVCodecID codec) {
  const struct AVCodecTag *const tables[] = {table, NULL};
  unsigned code = av_codec_get_tag(tables, codec);
  return code && av_codec_get_id(tables, code) == codec;
}

/* Matroska has track types for the tags of AVI, WAV and QuickTime. */
static bool is_coded_for_matroska(const AVCodecParameters *parameters) {
  enum AVCodecID codec = parameters->codec_id;
  /* qtrle and rpza need their bits per pixel, and dfpwm its bits per sample, which are not written then. */
  if (is_one_of(codec, "qtrle,rpza,dfpwm")) return false;
  if (parameters->codec_type == AVMEDIA_TYPE_AUDIO) return is_coded(avformat_get_riff_audio_tags(), codec);
  return is_coded(avformat_get_riff_video_tags(), codec) || is_coded(avformat_get_mov_video_tags(), codec);
}

/* QuickTime uses the tags of AVI and WAV if it has none of its own; of audio codecs, its demuxer finds these again. */
static bool is_coded_for_mov(const AVCodecParameters *parameters) {
  enum AVCodecID codec = parameters->codec_id;
  if (parameters->codec_type == AVMEDIA_TYPE_AUDIO) return is_one_of(codec, "vorbis,aac_latm,adpcm_yamaha,adpcm_swf");
  return is_coded(avformat_get_riff_video_tags(), codec);
}

bool carries_more(const AVOutputFormat *format, const AVCodecParameters *parameters) {
  enum AVMediaType type = parameters->codec_type;
  if (!strcmp(format->name, "amr")) return parameters->codec_id == AV_CODEC_ID_AMR_WB;
  if (type != AVMEDIA_TYPE_AUDIO && type != AVMEDIA_TYPE_VIDEO) return false;
  if (!strcmp(format->name, "matroska")) return is_coded_for_matroska(parameters);
  return !strcmp(format->name, "mov") && is_coded_for_mov(parameters);
}

/* ---------------------------------------------------------------------------------------- codecs that are lost */

/* Codecs that these formats write, but that can't be read back. */
static const struct {
  const char *formats, *codecs;
} lost[] = {
    {"flv", "pcm_s16be"}, /* read as little-endian */
    {"wav,w64", "aac,vorbis,opus,speex,sonic,dfpwm"}, /* the ends of packets are lost */
    {"caf", "flac,opus,aac"}, /* extradata is lost, or the muxer refuses it */
    {"wtv", "mjpeg,theora,utvideo,asv1,asv2,wmv2"}, /* extradata is lost; no frame of JPEG is found */
    {"swf,avm2", "png"}, /* read as JPEG */
    {"spdif", "mlp"}, /* no demuxer finds it there */
    {"mxf_opatom", "eia_608"}, /* its header can't be read back */
    /* block_align, or the bits of a sample, are lost */
    {"nut", "wmav1,wmav2,wmapro,wmavoice,wmalossless,adpcm_ms,adpcm_ima_wav,adpcm_ima_dk3,adpcm_ima_dk4,adpcm_g726"},
    {"nut", "eac3"}, /* read as AC-3, which has the same tag */
    {"matroska,webm", "atrac3,cook,ra_288,sipr,rv10,rv20,rv30"}, /* refused, although in the list */
};

/* Codecs that these formats keep; all others are written as private data, in which no demuxer finds them. */
static const struct {
  const char *formats, *codecs;
} kept[] = {
    {"mpegts",
     "mpeg1video,mpeg2video,mpeg4,h264,hevc,vvc,cavs,avs2,avs3,dirac,vc1,mp1,mp2,mp3,aac,aac_latm,ac3,eac3,dts,truehd,"
     "opus,s302m,pcm_bluray,timed_id3,klv,smpte_2038,dvb_subtitle,dvb_teletext,arib_caption,hdmv_pgs_subtitle,"
     "hdmv_text_subtitle"},
    {"gxf", "mpeg1video,mpeg2video,mjpeg,dvvideo,pcm_s16le"},
    {"mpeg,vcd,svcd,dvd,vob",
     "mpeg1video,mpeg2video,mpeg4,h264,hevc,cavs,mp1,mp2,mp3,ac3,dts,pcm_s16be,pcm_dvd,dvd_subtitle"},
};

/* These formats store block_align, and no demuxer derives it from packets. */
static bool lacks_blocks(const AVOutputFormat *format, const AVCodecParameters *parameters) {
  return av_match_name(format->name, "matroska,caf,wtv,wav,w64,avi,asf") && parameters->block_align <= 0 &&
         is_one_of(parameters->codec_id, "adpcm_ms,adpcm_ima_wav,adpcm_swf,wmav1,wmav2,wmapro,wmavoice,wmalossless");
}

/*
 * flv has codes for some sample rates, and writes that of 5512 for all others, without an error; mpeg
 * refuses others in its header.
 */
static bool has_other_rate(const AVOutputFormat *format, const AVCodecParameters *parameters) {
  static const int flv[] = {44100, 22050, 11025, 5512}, mpeg[] = {48000, 96000, 44100, 32000};
  bool of_flv = !strcmp(format->name, "flv") && is_one_of(parameters->codec_id, "pcm_u8,pcm_s16le,adpcm_swf");
  bool of_mpeg = av_match_name(format->name, "mpeg,vcd,svcd,dvd,vob") && parameters->codec_id == AV_CODEC_ID_PCM_S16BE;
  if (!strcmp(format->name, "flv") && parameters->codec_id == AV_CODEC_ID_SPEEX) return parameters->sample_rate != 16000;
  if (!of_flv && !of_mpeg) return false;
  for (int i = 0; i < 4; i++)
    if (parameters->sample_rate == (of_flv ? flv : mpeg)[i]) return false;
  return true;
}

/* AC-3 of half or a quarter of the usual sample rates (bsid 9 and 10): the muxer of mp4 refuses it, only when it writes the index. */
static bool is_slow_ac3(const AVOutputFormat *format, const AVCodecParameters *parameters) {
  enum { MIN_RATE = 32000 };
  bool is_slow = parameters->sample_rate > 0 && parameters->sample_rate < MIN_RATE;
  return parameters->codec_id == AV_CODEC_ID_AC3 && is_slow && has_quirk(format, MP4);
}

/* QuickTime has tags for packed pixel formats, and none for planar ones. */
static bool has_planes(const AVOutputFormat *format, const AVCodecParameters *parameters) {
  if (strcmp(format->name, "mov") || parameters->codec_id != AV_CODEC_ID_RAWVIDEO) return false;
  const AVPixFmtDescriptor *pixels = av_pix_fmt_desc_get(parameters->format);
  return pixels && pixels->flags & AV_PIX_FMT_FLAG_PLANAR && pixels->nb_components > 1;
}

bool loses(const AVOutputFormat *format, const AVCodecParameters *parameters) {
  enum AVCodecID codec = parameters->codec_id;
  if (!strcmp(format->name, "wtv") && codec == AV_CODEC_ID_AAC && parameters->extradata_size) return true;
  if (!strcmp(format->name, "mp3") && parameters->codec_type == AVMEDIA_TYPE_VIDEO) return true; /* it takes covers only */
  if (!strcmp(format->name, "rawvideo") && parameters->codec_type != AVMEDIA_TYPE_VIDEO) return true; /* it is mixed into the pictures */
  if (!strcmp(format->name, "aiff") && !av_get_bits_per_sample(codec)) return true; /* refused in the header */
  if (lacks_blocks(format, parameters) || has_planes(format, parameters)) return true;
  if (has_other_rate(format, parameters) || is_slow_ac3(format, parameters)) return true;
  for (size_t i = 0; i < sizeof(lost) / sizeof(*lost); i++)
    if (av_match_name(format->name, lost[i].formats) && is_one_of(codec, lost[i].codecs)) return true;
  for (size_t i = 0; i < sizeof(kept) / sizeof(*kept); i++)
    if (av_match_name(format->name, kept[i].formats)) return !is_one_of(codec, kept[i].codecs);
  return false;
}

/* ---------------------------------------------------------------------------------------- covers */

/* The picture codecs that a format takes as covers. QuickTime and the segments of playlists have no covers. */
static const struct {
  const char *formats, *pictures;
} covers[] = {
    {"matroska", "mjpeg,png,gif,tiff"},
    {"mp4,ipod,psp,f4v", "mjpeg,png,bmp"},
    {"flac", "mjpeg,png,tiff,bmp"}, /* its muxer lacks GIF */
    {"aiff,mp3", "mjpeg,png,gif,tiff,bmp"},
    {"mov,3gp,3g2,ismv,hls,dash,mpegts,mpeg,vcd,svcd,dvd,vob,webm,ogg,oga,opus,spx", ""},
};

int carries_cover(const AVOutputFormat *format, enum AVCodecID picture) {
  for (size_t i = 0; i < sizeof(covers) / sizeof(*covers); i++)
    if (av_match_name(format->name, covers[i].formats)) return is_one_of(picture, covers[i].pictures);
  return -1;
}
