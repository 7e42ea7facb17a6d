/* floor 4 */
/*
 * quirks.h - what muxers of FFmpeg want of whoever uses them, or get wrong, by their names.
 */
#ifndef AVS_OUTPUT_QUIRKS_H
#define AVS_OUTPUT_QUIRKS_H

#include <stdbool.h>

#include <libavformat/avformat.h>

enum quirk {
  SORTED = 1,           /* ends the process where the packets of all streams together go back in time */
  NO_EMPTY_PACKETS = 2, /* waits for the bytes of a packet that has none, for ever */
  NO_FLUSH = 4,         /* claims to accept the NULL packet that flushes, and then reads it */
  ADTS_TAG = 8,         /* AAC whose frames have ADTS headers has a code of its own, without which FFmpeg 9.0 refuses it */
  CHAPTER_TAGS = 16,    /* has chapters as tags, whose seconds are rounded: 0.5 becomes 1.5 */
  LANGUAGE_CODES = 32,  /* has one of the two codes that ISO 639-2 has for some languages, and takes the other for unknown */
  FROM_ZERO = 64,       /* counts frames from 0: a stream that begins later would show its first frame until the second is due */
  NEEDS_PIXELS = 128,   /* needs the pixel format of VP8 and VP9 for an atom, and without it writes a broken one without an error */
  DIVIDES = 256,        /* by lengths of segments, which may be nothing */
  FIRST_INDEX = 512,    /* in fragments its index is first, and nothing is added to it later */
  SPARSE_PTS = 1024,    /* not every frame needs a pts: a decoder counts on from the last one */
};

bool has_quirk(const AVOutputFormat *format, enum quirk quirk);

#endif
