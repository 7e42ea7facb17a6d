#include "segments.h"

#include <string.h>

#include <libavutil/avstring.h>
#include <libavutil/dict.h>

#include "output.h"

/* Whether an option has one of these values, separated by commas. */
static bool is_set(const struct session *session, const char *name, const char *values) {
  const AVDictionaryEntry *entry = av_dict_get(session->options, name, NULL, 0);
  return entry && av_match_name(entry->value, values);
}

/* dash chooses the segment format by the codec, unless an option sets it. */
static const char *dash_segment(const struct session *session, enum AVCodecID codec) {
  if (is_set(session, "dash_segment_type", "mp4,1")) return "mp4";
  bool of_webm = codec == AV_CODEC_ID_OPUS || codec == AV_CODEC_ID_VORBIS || codec == AV_CODEC_ID_VP8 || codec == AV_CODEC_ID_VP9;
  return of_webm || is_set(session, "dash_segment_type", "webm,2") ? "webm" : "mp4";
}

const AVOutputFormat *segment_format(const struct session *session, const AVCodecParameters *parameters) {
  const AVOutputFormat *output = session->output->context->oformat;
  bool media = parameters->codec_type == AVMEDIA_TYPE_AUDIO || parameters->codec_type == AVMEDIA_TYPE_VIDEO;
  const char *name = NULL;
  if (media && !strcmp(output->name, "dash")) name = dash_segment(session, parameters->codec_id);
  if (media && !strcmp(output->name, "hls")) name = is_set(session, "hls_segment_type", "fmp4,1") ? "mp4" : "mpegts";
  const AVOutputFormat *format = name ? av_guess_format(name, NULL, NULL) : NULL;
  return format ? format : output;
}

const AVOutputFormat *file_format(const struct session *session) {
  const AVFormatContext *output = session->output->context;
  if (!av_match_name(output->oformat->name, "segment,stream_segment,ssegment")) return output->oformat;
  const AVDictionaryEntry *name = av_dict_get(session->options, "segment_format", NULL, 0);
  const AVOutputFormat *format = av_guess_format(name ? name->value : NULL, output->url, NULL);
  return format ? format : output->oformat;
}
