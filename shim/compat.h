/* floor 0 */
/*
 * compat.h - all differences between libavformat 59 (FFmpeg 5.1) and 63 (9.0). The other files are written for
 * the newest of them.
 */
#ifndef AVS_COMPAT_H
#define AVS_COMPAT_H

#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>

#if LIBAVFORMAT_VERSION_MAJOR < 59
#error "avio needs libavformat 59 (FFmpeg 5.1) or newer"
#endif

#ifndef AVS_BUILD
#define AVS_BUILD "system"
#endif
/* The build with FFmpeg inside: it has our protocol and our patches. */
#define EMBEDDED (AVS_BUILD[0] == 'e')

/* write_packet takes const bytes since 61. */
#if LIBAVFORMAT_VERSION_MAJOR >= 61
typedef const uint8_t avs_write_bytes;
#else
typedef uint8_t avs_write_bytes;
#endif

/* Since 61 a stream's side data is in its codec parameters, before it was in the stream. */
#if LIBAVFORMAT_VERSION_MAJOR >= 61
#define STREAM_SIDE_DATA(stream) ((stream)->codecpar->coded_side_data)
#define STREAM_SIDE_DATA_COUNT(stream) ((stream)->codecpar->nb_coded_side_data)
#else
#define STREAM_SIDE_DATA(stream) ((stream)->side_data)
#define STREAM_SIDE_DATA_COUNT(stream) ((stream)->nb_side_data)
#endif

/* Takes over `data`. */
static inline int stream_add_side_data(AVStream *stream, enum AVPacketSideDataType type, uint8_t *data, size_t size) {
#if LIBAVFORMAT_VERSION_MAJOR >= 61
  return av_packet_side_data_add(&stream->codecpar->coded_side_data, &stream->codecpar->nb_coded_side_data, type, data,
                                 size, 0)
             ? 0
             : AVERROR(ENOMEM);
#else
  return av_stream_add_side_data(stream, type, data, size);
#endif
}

/* AVCodecParameters has a frame rate of its own since 60.11. */
static inline AVRational *codec_frame_rate(AVStream *stream) {
#if LIBAVCODEC_VERSION_INT >= AV_VERSION_INT(60, 11, 100)
  return &stream->codecpar->framerate;
#else
  return &stream->avg_frame_rate;
#endif
}

/* Until 60 the dash muxer opened the single file of a stream without io_open. */
#define DASH_OPENS_PAST_IO_OPEN (LIBAVFORMAT_VERSION_MAJOR < 60)

/* Until 63 the dash demuxer divides by a segment length that may be zero, which ends the process. */
#define DASH_DIVIDES (LIBAVFORMAT_VERSION_MAJOR < 63)

/* Until 63 the caf muxer wrote one packet length for packets of different lengths. */
#define CAF_DIVIDES (LIBAVFORMAT_VERSION_MAJOR < 63)

/* Until 61 the mpegts muxer inserted no headers into H.264 packets that begin with an access unit delimiter. */
#define TS_LACKS_HEADERS (LIBAVFORMAT_VERSION_MAJOR < 61)

/* Named AV_PROFILE_UNKNOWN, AV_LEVEL_UNKNOWN since 60.23. */
enum { PROFILE_UNKNOWN = -99, LEVEL_UNKNOWN = -99 };

#endif
