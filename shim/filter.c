/*
 * filter.c - bitstream filters of an output's streams: what a packet goes through between whoever writes it and the muxer.
 * Those of the caller's, and start codes for muxers that neither put them in nor ask libavformat to.
 */
#include <libavcodec/bsf.h>
#include <libavutil/avstring.h>

#include "internal.h"

static bool reserve(struct filters *filters, unsigned count) {
  if (count <= filters->count) return true;
  struct filter *list = realloc(filters->list, count * sizeof(*list));
  if (!list) return false;
  memset(list + filters->count, 0, (count - filters->count) * sizeof(*list));
  filters->list = list;
  filters->count = count;
  return true;
}

int filter_set(struct session *session, int stream, const char *description) {
  AVBSFContext *context = NULL;
  int result = av_bsf_list_parse_str(description, &context);
  if (result >= 0 && stream >= 0 && !reserve(&session->filters, (unsigned)stream + 1)) result = AVERROR(ENOMEM);
  if (result < 0 || stream < 0) {
    av_bsf_free(&context);
    return result;
  }
  av_bsf_free(&session->filters.list[stream].context);
  session->filters.list[stream].context = context;
  return 0;
}

static int open_filter(struct session *session, AVBSFContext *context, AVStream *stream) {
  int result = avcodec_parameters_copy(context->par_in, stream->codecpar);
  context->time_base_in = stream->time_base;
  if (result >= 0) result = av_bsf_init(context);
  if (result >= 0) result = avcodec_parameters_copy(stream->codecpar, context->par_out);
  if (result < 0) log_line(session, AV_LOG_ERROR, "bitstreamFilter: stream %d can't go through it", stream->index);
  return result;
}

/* What puts start codes in for the muxers that want them and don't do it themselves; NULL where they are there. */
static const char *start_codes_for(const AVOutputFormat *format, const AVCodecParameters *parameters) {
  bool h264 = parameters->codec_id == AV_CODEC_ID_H264, hevc = parameters->codec_id == AV_CODEC_ID_HEVC;
  bool has_lengths = parameters->extradata_size > 6 && parameters->extradata[0] == 1;
  uint32_t tag = parameters->codec_tag;
  if (!has_lengths || !(h264 || hevc)) return NULL;
  if (!strcmp(format->name, "avi")) return h264 && (!tag || tag == MKTAG('H', '2', '6', '4')) ? "h264_mp4toannexb" : NULL;
  if (!av_match_name(format->name, "wtv,mpeg,vcd,svcd,dvd,vob")) return NULL;
  return h264 ? "h264_mp4toannexb" : "hevc_mp4toannexb";
}

static int add_needed(struct session *session) {
  int result = 0;
  for (unsigned i = 0; i < session->output->nb_streams && result >= 0; i++) {
    bool chosen = i < session->filters.count && session->filters.list[i].context;
    const char *needed = start_codes_for(session->output->oformat, session->output->streams[i]->codecpar);
    if (!chosen && needed) result = filter_set(session, (int)i, needed);
  }
  return result;
}

/* What comes out of them is what the header says. */
int filters_open(struct session *session) {
  int needed = add_needed(session);
  if (needed < 0) return needed;
  for (unsigned i = 0; i < session->filters.count; i++) {
    AVBSFContext *context = session->filters.list[i].context;
    int result = context ? open_filter(session, context, session->output->streams[i]) : 0;
    if (result < 0) return result;
  }
  return 0;
}

static int write_filtered(struct session *session, AVBSFContext *context, AVPacket *packet) {
  int stream = packet->stream_index;
  int result = av_bsf_send_packet(context, packet);
  while (result >= 0) {
    result = av_bsf_receive_packet(context, packet);
    if (result < 0) break;
    packet->stream_index = stream;
    result = av_interleaved_write_frame(session->output, packet);
  }
  return result == AVERROR(EAGAIN) || result == AVERROR_EOF ? 0 : result;
}

int filter_write(struct session *session, AVPacket *packet) {
  unsigned stream = (unsigned)packet->stream_index;
  AVBSFContext *context = stream < session->filters.count ? session->filters.list[stream].context : NULL;
  return context ? write_filtered(session, context, packet) : av_interleaved_write_frame(session->output, packet);
}

int filters_drain(struct session *session) {
  if (!session->scratch && !(session->scratch = av_packet_alloc())) return AVERROR(ENOMEM);
  int first = 0;
  for (unsigned i = 0; i < session->filters.count; i++) {
    AVBSFContext *context = session->filters.list[i].context;
    if (!context) continue;
    session->scratch->stream_index = (int)i;
    int result = write_filtered(session, context, session->scratch);
    if (result < 0 && first >= 0) first = result;
  }
  return first;
}

void filters_free(struct filters *filters) {
  for (unsigned i = 0; i < filters->count; i++) av_bsf_free(&filters->list[i].context);
  free(filters->list);
}
