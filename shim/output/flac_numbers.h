/* floor 4 */
/*
 * flac_numbers.h - the numbers in the headers of FLAC's frames. In a FLAC file they are the only times: of a part of a file, or of
 * joined files, a reader takes what they say for jumps, and leaves out frames there.
 */
#ifndef AVS_OUTPUT_FLAC_NUMBERS_H
#define AVS_OUTPUT_FLAC_NUMBERS_H

#include <stdint.h>

#include <libavformat/avformat.h>

/* The state of one stream. */
struct flac_numbers {
  enum { FLAC_UNDECIDED, FLAC_KEPT, FLAC_COUNTS_FRAMES, FLAC_COUNTS_SAMPLES } mode;
  int64_t next; /* number of the next frame */
};

/*
 * Gives a packet of FLAC on its way into a FLAC file the number that follows those before it, if its stream is a part of a file or
 * several joined ones, as its STREAMINFO shows, and its times begin at 0. A damaged frame is left as it is.
 */
int flac_renumber(struct flac_numbers *numbers, const AVStream *stream, AVPacket *packet);

#endif
