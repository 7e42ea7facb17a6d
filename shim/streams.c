#include "streams.h"

bool is_picture(const AVStream *stream) { return stream->disposition & AV_DISPOSITION_ATTACHED_PIC; }

bool is_sound_or_motion(const AVStream *stream) {
  enum AVMediaType type = stream->codecpar->codec_type;
  return type == AVMEDIA_TYPE_AUDIO || (type == AVMEDIA_TYPE_VIDEO && !is_picture(stream));
}
