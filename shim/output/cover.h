/* floor 4 */
/*
 * cover.h - cover art in Matroska. The demuxer makes an attached picture a stream with disposition attached_pic; the muxer
 * would make such a stream a track. So the stream becomes an attachment before the header, and its packet is dropped.
 */
#ifndef AVS_OUTPUT_COVER_H
#define AVS_OUTPUT_COVER_H

#include <stdbool.h>

#include <libavformat/avformat.h>

bool is_cover_to_attach(const AVFormatContext *output, const AVStream *stream);
/* Before the header: the stream becomes an attachment of this picture. */
int attach_cover(AVStream *stream, const uint8_t *data, uint32_t size);

#endif
