/* floor 4 */
/*
 * order.h - times of packets in an output's time base, so that the muxer takes them: as the ffmpeg command makes them.
 */
#ifndef AVS_REMUX_ORDER_H
#define AVS_REMUX_ORDER_H

#include <libavformat/avformat.h>

struct log;

/* Of a stream of the output, AV_NOPTS_VALUE where not known yet. */
struct order {
  int stream;          /* of the input, of whose packets it is warned */
  int64_t last_dts;    /* output time base */
  int64_t next_sample; /* audio: where the last packet has ended */
};

void order_forget(struct order *order);
/* The dts is known. What had to be changed gets a line of the log. */
void order_packet(struct order *order, const AVOutputFormat *format, const AVStream *stream, AVRational from,
                  AVPacket *packet, struct log *log);

#endif
