/* floor 4 */
/*
 * order.h - converts times of packets to an output's time base, and corrects those that a muxer would refuse, as the ffmpeg
 * command does.
 */
#ifndef AVS_REMUX_ORDER_H
#define AVS_REMUX_ORDER_H

#include <libavformat/avformat.h>

struct log;

/* The state of one output stream; AV_NOPTS_VALUE: not known yet. */
struct order {
  int stream;          /* index in the input, for warnings */
  int64_t last_dts;    /* output time base */
  int64_t next_sample; /* audio: end of the last packet */
  int64_t rest;        /* in AV_TIME_BASE: how much earlier than its dts the next packet is decoded */
};

void order_forget(struct order *order);
/* The packet must have a dts. Corrections are logged. */
void order_packet(struct order *order, const AVOutputFormat *format, const AVStream *stream, AVRational from,
                  AVPacket *packet, struct log *log);

#endif
