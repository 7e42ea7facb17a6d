/* floor 4 */
/*
 * latm.h - unpacks AAC from LATM (ISO/IEC 14496-3, 1.7), which MPEG-TS and digital television use, for formats that take raw
 * AAC only. FFmpeg has a decoder for it, but no bitstream filter. Supported is the usual layout: one program, one layer, one
 * frame in a packet, with its length (audioMuxVersion 0, frameLengthType 0).
 */
#ifndef AVS_OUTPUT_LATM_H
#define AVS_OUTPUT_LATM_H

#include <libavformat/avformat.h>

#include "../log.h"

/* The state of one stream. */
struct latm {
  bool open;  /* its packets are unpacked */
  bool known; /* a packet with a StreamMuxConfig was read */
  bool other; /* the last StreamMuxConfig is not supported, and applies to the packets after it */
  const char *rare; /* the first unsupported feature; NULL: none */
  int refused;      /* packets that were refused before a supported StreamMuxConfig was read */
};

/* Whether the stream is to be unpacked for the format: it is LATM, and its configuration is known and supported. */
bool unpacks_latm(const AVOutputFormat *format, const AVCodecParameters *parameters);
/* Before the header: the stream becomes AAC with its AudioSpecificConfig. */
int latm_open(struct latm *latm, AVCodecParameters *parameters);
/*
 * Converts a packet of LATM to AAC; AVERROR_INVALIDDATA if it is damaged or has another configuration. The first packets may be
 * damaged, too: it is an error (ENOSYS) after 100 packets that nothing can be converted.
 */
int latm_unpack(struct log *log, int stream, struct latm *latm, const AVCodecParameters *parameters, AVPacket *packet);
/* At the end: an error where none could be unpacked. */
int latm_end(struct log *log, int stream, const struct latm *latm);

#endif
