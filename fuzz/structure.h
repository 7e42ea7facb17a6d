/*
 * structure.h - changes files by what they are made of: boxes of mp4, elements of Matroska, chunks of RIFF, packets of
 * MPEG-TS, lines and tags of text. What is around a changed part mostly stays right: sizes fit, so that demuxers read on.
 */
#ifndef FUZZ_STRUCTURE_H
#define FUZZ_STRUCTURE_H

#include <stddef.h>
#include <stdint.h>

/* The new size, at most `max`; 0 where the data has no structure that is known here. */
size_t change_structure(uint8_t *data, size_t size, size_t max, unsigned seed);

#endif
