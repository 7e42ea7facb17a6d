/* floor 4 */
/*
 * flac_frame.h - the header of a frame of FLAC: which one it is, and how many samples are in it.
 */
#ifndef AVS_HEADERS_FLAC_FRAME_H
#define AVS_HEADERS_FLAC_FRAME_H

#include <stdbool.h>
#include <stdint.h>

enum { FLAC_NUMBER_AT = 4, FLAC_FOOTER = 2 };

/* `size` is that of the header without its checksum. */
struct flac_frame {
  bool counts_samples; /* otherwise frames */
  int64_t number;
  int number_size;
  int size;
  int samples;
};

/* The checksum of a header. */
uint8_t flac_crc8(const uint8_t *data, int size);
/* False if the data doesn't begin with the header of a frame, without damage. */
bool read_flac_frame(struct flac_frame *frame, const uint8_t *data, int size);

#endif
