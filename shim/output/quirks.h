/* floor 4 */
/*
 * quirks.h - special requirements and faults of FFmpeg's muxers, by their names.
 */
#ifndef AVS_OUTPUT_QUIRKS_H
#define AVS_OUTPUT_QUIRKS_H

#include <stdbool.h>

#include <libavformat/avformat.h>

enum quirk {
  SORTED = 1,           /* ends the process if times decrease across all streams */
  NO_EMPTY_PACKETS = 2, /* loops for ever on a packet without data */
  NO_FLUSH = 4,         /* declares AVFMT_ALLOW_FLUSH, but dereferences the NULL packet */
  ADTS_TAG = 8,         /* AAC with ADTS headers has its own codec tag, without which FFmpeg 9.0 refuses it */
  CHAPTER_TAGS = 16,    /* writes chapters as tags with wrongly rounded seconds: 0.5 becomes 1.5 */
  LANGUAGE_CODES = 32,  /* knows only one of the two codes that ISO 639-2 has for some languages */
  FROM_ZERO = 64,       /* counts frames from 0: the first frame of a stream that begins later would be shown from 0 on */
  NEEDS_PIXELS = 128,   /* needs the pixel format of VP8 and VP9 for an atom, and writes a broken atom without it */
  DIVIDES = 256,        /* divides by lengths of segments, which may be 0 */
  FIRST_INDEX = 512,    /* if fragmented, its index may come first, and is not updated later */
  SPARSE_PTS = 1024,    /* not every frame needs a pts: decoders count on from the last one */
  LATE_CHAPTERS = 2048, /* writes chapters that are added after its header */
  SUMS_RATES = 4096,    /* adds the bit rates of all streams in an int, and divides by the sum: it may overflow, and become 0 */
  ALIGNED = 8192,       /* begins a unit with each key frame, and pads for ever before one of a few bytes */
  NEEDS_BITS = 16384,   /* divides by the bytes of a sample of PCM of DVDs */
  NEEDS_SEEKING = 32768, /* states sizes when it ends: without them its files can't be read */
  DROPS = 65536,        /* drops packets that wait for ones of other streams when its queue is emptied */
  MP4 = 131072,         /* mp4 and its kin: one muxer under many names */
  LOGS_STREAM = 262144, /* logs an error for its stream: without a class of its own, its index and id are taken for the address of one */
};

bool has_quirk(const AVOutputFormat *format, enum quirk quirk);

#endif
