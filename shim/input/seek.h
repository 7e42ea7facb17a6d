/* floor 4 */
/*
 * seek.h - seeking in an input, and restoring the position if that fails (places.h).
 */
#ifndef AVS_INPUT_SEEK_H
#define AVS_INPUT_SEEK_H

#include <libavformat/avformat.h>

#include "places.h"

/* Whether the format opens further files, beside or instead of the input's I/O context. */
bool opens_files(const AVFormatContext *input);
/* The seek to a key frame at or before a time in AV_TIME_BASE. */
struct seek seek_back_to(int64_t time);
/* avformat_seek_file() with workarounds; the backlog is dropped. */
int input_seek(struct session *session, const struct seek *seek);
/*
 * Seeks to the first packet of the file: by time, by the index of the stream, or by bytes. Some formats find nothing before their
 * first time, some no time at all.
 */
int search_beginning(struct session *session, int stream);
/* The same, by opening the source again if possible. */
int seek_to_beginning(struct session *session, int stream);
/* The seek operation, except that the position is lost if it fails. */
int input_go_to(struct session *session, const struct seek *seek);
operation input_op_seek;

#endif
