/*
 * structure.h - changes files by their structure: boxes of mp4, elements of Matroska, chunks of RIFF, packets of MPEG-TS,
 * lines and tags of text. The sizes of what surrounds a changed part mostly stay valid, so that demuxers read on.
 */
#ifndef FUZZ_STRUCTURE_H
#define FUZZ_STRUCTURE_H

#include <stddef.h>
#include <stdint.h>

/* Returns the new size, at most `max`; 0 if the structure of the data is unknown. */
size_t change_structure(uint8_t *data, size_t size, size_t max, unsigned seed);

#endif
