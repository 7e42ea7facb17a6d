#include "cover.h"

#include <string.h>

#include "../streams.h"
#include "framing.h"

static const struct {
  enum AVCodecID codec;
  const char *file, *mime_type;
} pictures[] = {{AV_CODEC_ID_MJPEG, "cover.jpg", "image/jpeg"},
                {AV_CODEC_ID_PNG, "cover.png", "image/png"},
                {AV_CODEC_ID_GIF, "cover.gif", "image/gif"},
                {AV_CODEC_ID_TIFF, "cover.tiff", "image/tiff"}};
enum { PICTURES = sizeof(pictures) / sizeof(*pictures) };

static int picture_of(enum AVCodecID codec) {
  int i = 0;
  while (i < PICTURES && pictures[i].codec != codec) i++;
  return i;
}

bool is_cover_to_attach(const AVFormatContext *output, const AVStream *stream) {
  return !strcmp(output->oformat->name, "matroska") && stream->codecpar->codec_type == AVMEDIA_TYPE_VIDEO &&
         is_picture(stream) && picture_of(stream->codecpar->codec_id) < PICTURES;
}

int attach_cover(AVStream *stream, const uint8_t *data, uint32_t size) {
  AVCodecParameters *parameters = stream->codecpar;
  int picture = picture_of(parameters->codec_id);
  int result = av_dict_set(&stream->metadata, "filename", pictures[picture].file, AV_DICT_DONT_OVERWRITE);
  if (result >= 0) result = av_dict_set(&stream->metadata, "mimetype", pictures[picture].mime_type, AV_DICT_DONT_OVERWRITE);
  if (result >= 0) result = set_extradata(parameters, data, size);
  if (result < 0) return result;
  parameters->codec_type = AVMEDIA_TYPE_ATTACHMENT;
  parameters->codec_tag = 0;
  return 0;
}
