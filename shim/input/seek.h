/* floor 4 */
/*
 * seek.h - seeking in an input, and the way back where that fails (places.h).
 */
#ifndef AVS_INPUT_SEEK_H
#define AVS_INPUT_SEEK_H

#include <libavformat/avformat.h>

#include "places.h"

/* Formats that open files of their own beside, or instead of, the input's I/O context. */
bool opens_files(const AVFormatContext *input);
/* To a key frame at or before a time, AV_TIME_BASE. */
struct seek seek_back_to(int64_t time);
/* avformat_seek_file(), mended; the backlog is dropped. */
int input_seek(struct session *session, const struct seek *seek);
/* To the first packet of all, by time, the index of the stream, or bytes: some formats find no time before their first, some none at all. */
int search_beginning(struct session *session, int stream);
/* The same by opening the source again, where that can be done. */
int seek_to_beginning(struct session *session, int stream);
/* As the operation does it, with the options of the seek; but where it fails the position is lost. */
int input_go_to(struct session *session, const struct seek *seek);
operation input_op_seek;

#endif
