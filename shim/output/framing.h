/* floor 4 */
/*
 * framing.h - how coded data is framed inside packets: H.264 and HEVC with start codes (Annex B) or lengths, AAC with ADTS
 * headers or without, AC-3 in whole frames. Extradata shows which it is; if the packets differ from it, most muxers write files
 * that can't be played, without an error. Also finds extradata in the first packet of a stream that has none.
 */
#ifndef AVS_OUTPUT_FRAMING_H
#define AVS_OUTPUT_FRAMING_H

#include <libavformat/avformat.h>

#include "../session.h"

struct AVBSFContext;

/* Checks that a stream's first packet is framed as its extradata implies; `filter`: its filter, or NULL. */
int check_framing(struct session *session, const AVStream *stream, const struct AVBSFContext *filter,
                  const AVPacket *packet);
/* Whether a packet with start codes has in it what decoders need first: of H.264, HEVC and MPEG-4. */
bool has_headers(const AVCodecParameters *parameters, const AVPacket *packet);
/* Sets a copy, with the padding that FFmpeg requires. */
int set_extradata(AVCodecParameters *parameters, const uint8_t *data, size_t size);
/* Removes the packet's side data of new extradata if the stream has the same already. */
void drop_known_extradata(const AVCodecParameters *parameters, AVPacket *packet);
/*
 * Takes tags away that come with a packet, for which Ogg would begin another file behind the first (9.0): its times would not
 * begin anew, as readers expect, and what comes behind would be that much later.
 */
void drop_new_tags(const AVOutputFormat *format, AVPacket *packet);
/* Whether the output's header needs extradata that the stream lacks and its packets contain. */
bool lacks_extradata(const AVFormatContext *output, const AVStream *stream);
/* Whether the output is fragmented mp4 with the index first, by its options; before the header. */
bool is_index_first(const struct session *session);
/* Whether the output is fragmented mp4 at all, by its options; before the header. */
bool is_fragmented(const struct session *session);

#endif
