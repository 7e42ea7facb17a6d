/* floor 4 */
/*
 * parameter_sets.h - H.264 on its way from a container that stores parameter sets once to a format that has them in packets. FFmpeg's
 * filter inserts them before IDR pictures only; a segment, or a cut, that begins with another key frame (of an open group of
 * pictures) could not be decoded, and its size would be unknown.
 */
#ifndef AVS_OUTPUT_PARAMETER_SETS_H
#define AVS_OUTPUT_PARAMETER_SETS_H

#include <stdbool.h>

#include <libavcodec/codec_par.h>
#include <libavcodec/packet.h>

/* Parameter sets with length prefixes, as in packets; no data: none are inserted. */
struct parameter_sets {
  uint8_t *data;
  int size;
  int prefix; /* bytes of a length */
};

/* Takes them from the extradata of H.264 in its form for containers (avcC). */
int parameter_sets_read(struct parameter_sets *sets, const AVCodecParameters *parameters);
/* Inserts them before a key frame that is no IDR picture and has none. */
int parameter_sets_insert(const struct parameter_sets *sets, AVPacket *packet);
void parameter_sets_free(struct parameter_sets *sets);

#endif
