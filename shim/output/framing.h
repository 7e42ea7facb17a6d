/* floor 4 */
/*
 * framing.h - how coded data is framed inside packets: H.264 and HEVC with start codes (Annex B) or lengths, AAC with ADTS
 * headers or without. Extradata shows which it is; if packets differ, most muxers write what nobody can play, without
 * an error. And extradata for headers, out of the first packet of a stream that comes without.
 */
#ifndef AVS_OUTPUT_FRAMING_H
#define AVS_OUTPUT_FRAMING_H

#include <libavformat/avformat.h>

#include "../session.h"

struct AVBSFContext;

/* Whether a stream's first packet is framed as its extradata states; `filter`: what it goes through next, or NULL. */
int check_framing(struct session *session, const AVStream *stream, const struct AVBSFContext *filter,
                  const AVPacket *packet);
/* A copy, with the padding that FFmpeg wants behind it. */
int set_extradata(AVCodecParameters *parameters, const uint8_t *data, size_t size);
/* Takes extradata away that comes with a packet and is the stream's already. */
void drop_known_extradata(const AVCodecParameters *parameters, AVPacket *packet);
/* Whether it has no extradata and the output's header wants to say what its packets alone tell. */
bool lacks_extradata(const AVFormatContext *output, const AVStream *stream);
/* Does it begin with an index that nothing is added to later: an mp4 in fragments? By its options, before the header. */
bool is_index_first(const struct session *session);
/* Is it an mp4 in fragments, wherever its index is? By its options, before the header. */
bool is_fragmented(const struct session *session);

#endif
