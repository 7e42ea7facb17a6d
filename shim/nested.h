/* floor 2 */
/*
 * nested.h - files opened by a playlist, a manifest or a muxer of many files: each is opened by a request to JavaScript, and
 * becomes an I/O context of the session. There is no other way to open anything (contain.h).
 */
#ifndef AVS_NESTED_H
#define AVS_NESTED_H

#include <libavformat/avformat.h>

struct io;

/* For AVFormatContext.io_open and io_close2. */
int nested_io_open(AVFormatContext *context, AVIOContext **pb, const char *url, int flags, AVDictionary **options);
int nested_io_close(AVFormatContext *context, AVIOContext *pb);
int close_nested(struct io *io);

/* For ffmpeg/protocol_list.c: opens without io_open, in the embedded FFmpeg. */
int avio_nested_open(void **nested, const char *url, int flags, int *can_seek);
int avio_nested_read(void *nested, uint8_t *data, int size);
int avio_nested_write(void *nested, const uint8_t *data, int size);
int64_t avio_nested_seek(void *nested, int64_t offset, int whence);
int avio_nested_close(void *nested);
int avio_nested_check(const char *url);
int avio_nested_delete(const char *url);

#endif
