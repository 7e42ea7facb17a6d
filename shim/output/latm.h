/* floor 4 */
/*
 * latm.h - AAC in LATM, as MPEG-TS and digital television have it (ISO/IEC 14496-3, 1.7), for formats that have AAC only as
 * it is. FFmpeg has a decoder for it and no bitstream filter. The ordinary kind is unpacked: one program, one layer, one
 * frame in a packet, each with its length (audioMuxVersion 0, frameLengthType 0).
 */
#ifndef AVS_OUTPUT_LATM_H
#define AVS_OUTPUT_LATM_H

#include <libavformat/avformat.h>

#include "../log.h"

/* Of a stream. */
struct latm {
  bool open;  /* its packets are unpacked */
  bool known; /* a packet has stated how they are laid out */
};

/* Whether such a stream is to be unpacked for the format: its configuration is known, and of a kind that can be. */
bool unpacks_latm(const AVOutputFormat *format, const AVCodecParameters *parameters);
/* Before the header: the stream becomes AAC with its AudioSpecificConfig. */
int latm_open(struct latm *latm, AVCodecParameters *parameters);
/* Makes a packet of LATM one of AAC; AVERROR_INVALIDDATA where it is damaged or comes before the first configuration. */
int latm_unpack(struct log *log, int stream, struct latm *latm, const AVCodecParameters *parameters, AVPacket *packet);

#endif
