#include "cues.h"

#include <libavutil/avstring.h>
#include <libavutil/mathematics.h>

#include "../compat.h"

bool has_cues(const AVStream *stream) {
  return av_match_name(avcodec_get_name(stream->codecpar->codec_id), "subrip,ass,webvtt,mov_text,text");
}

/* In mp4 there is a packet of its own, a text of no bytes, for the time between two subtitles. */
static bool is_pause(const AVStream *subtitles, const AVPacket *packet) {
  enum { EMPTY = 2 };
  return subtitles->codecpar->codec_id == AV_CODEC_ID_MOV_TEXT && packet->size <= EMPTY;
}

static void begin_at(int64_t time, AVPacket *packet) {
  int64_t rest = av_sat_sub64(av_sat_add64(packet->pts, packet->duration), time);
  if (packet->pts >= time || rest <= 0) return;
  packet->pts = packet->dts = time;
  packet->duration = rest;
}

void keep_shown(const AVStream *stream, int64_t begin, int64_t end, AVPacket *packet) {
  bool is_subtitle = stream->codecpar->codec_type == AVMEDIA_TYPE_SUBTITLE;
  if (!is_subtitle || packet->pts == AV_NOPTS_VALUE || packet->duration <= 0) return;
  if (begin != AV_NOPTS_VALUE && has_cues(stream))
    begin_at(av_rescale_q_rnd(begin, AV_TIME_BASE_Q, stream->time_base, AV_ROUND_UP), packet);
  if (end == AV_NOPTS_VALUE) return;
  int64_t rest = av_sat_sub64(av_rescale_q(end, AV_TIME_BASE_Q, stream->time_base), packet->pts);
  if (rest > 0) packet->duration = FFMIN(packet->duration, rest);
}

enum before cut_before(const AVStream *subtitles, AVPacket *packet) {
  bool pauses = is_pause(subtitles, packet);
  if (pauses && !packet->duration) return PAUSES;
  if (packet->pts == AV_NOPTS_VALUE || packet->pts >= 0 || packet->duration <= 0) return SHOWN;
  begin_at(0, packet);
  if (packet->pts >= 0) return SHOWN;
  return pauses ? PAUSES : HAS_ENDED;
}
