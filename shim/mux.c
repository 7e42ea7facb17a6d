/*
 * mux.c - an output: choosing its format, adding streams and chapters, header, packets, trailer. Only the header
 * needs the I/O context. Fields of streams are set in describe.c.
 */
#include <libavutil/avstring.h>

#include "internal.h"

int output_op_open(struct session *session, double *slot, uint8_t *data, size_t size) {
  (void)data, (void)size;
  if (session->output) return AVERROR(EBUSY);
  char *url = av_asprintf(AVIO_PREFIX "%s", session->output_url ? session->output_url : "");
  if (!url) return AVERROR(ENOMEM);
  int result = avformat_alloc_output_context2(&session->output, NULL, session->output_format, url);
  av_free(url);
  if (result < 0 && session->output_format) {
    log_line(session, AV_LOG_ERROR, "no output format is called '%.200s'", session->output_format);
    return AVERROR_MUXER_NOT_FOUND;
  }
  if (result >= 0) result = contain_output_format(session, session->output->oformat);
  if (result < 0) return result;
  contain(session, session->output);
  slot[1] = (session->output->oformat->flags & AVFMT_NOFILE) != 0;
  return 0;
}

int32_t avs_add_chapter(uint32_t handle, double id, double start, double end) {
  struct session *session = find_session(handle);
  if (session && session->running) return AVERROR(EBUSY);
  if (!session || !session->output) return AVERROR(EBADF);
  AVFormatContext *output = session->output;
  AVChapter **chapters = av_realloc_array(output->chapters, output->nb_chapters + 1, sizeof(*chapters));
  if (!chapters) return AVERROR(ENOMEM);
  output->chapters = chapters;
  AVChapter *chapter = av_mallocz(sizeof(*chapter));
  if (!chapter) return AVERROR(ENOMEM);
  chapter->id = to_timestamp(id);
  chapter->time_base = AV_TIME_BASE_Q;
  chapter->start = to_timestamp(round(start * AV_TIME_BASE));
  chapter->end = to_timestamp(round(end * AV_TIME_BASE));
  chapters[output->nb_chapters] = chapter;
  return (int32_t)output->nb_chapters++;
}

/* ---------------------------------------------------------------------------------------- writing */

/* Muxers report many of the errors of their I/O only here. */
static int output_error(struct session *session) {
  AVIOContext *pb = session->output->pb;
  return pb && pb->error < 0 ? pb->error : 0;
}

int output_op_header(struct session *session, double *slot, uint8_t *data, size_t size) {
  (void)data, (void)size;
  AVFormatContext *output = session->output;
  struct io *io = io_of_slot(session, slot);
  if (!output || session->header_tried) return AVERROR(EINVAL);
  bool opens_files = output->oformat->flags & AVFMT_NOFILE;
  if (slot[1] && !io) return AVERROR(EBADF);
  if (!io && !opens_files) return AVERROR(EBADF);
  session->header_tried = true; /* a muxer whose header failed has freed what it would need for more */
  session->output_io = io;
  output->pb = io ? io->context : NULL;
  contain(session, output); /* options have been set since */
  int result = contain_output_options(session, output->oformat);
  if (result >= 0) result = filters_open(session);
  if (result >= 0) result = avformat_write_header(output, &session->options);
  note_unused(session, &session->options);
  slot[1] = output->nb_streams;
  if (result < 0) return session->refused_url ? AVERROR(EPERM) : result;
  session->header_written = true;
  return output_error(session);
}

/* Takes the packet's reference. */
int output_write_packet(struct session *session, AVPacket *packet) {
  int result = filter_write(session, packet);
  return result < 0 ? result : output_error(session);
}

int output_op_write(struct session *session, double *slot, uint8_t *data, size_t size) {
  (void)slot, (void)data, (void)size;
  if (!session->output || !session->header_written || session->trailer_written) return AVERROR(EINVAL);
  struct packets *queued = &session->queued;
  int result = 0;
  for (AVPacket *packet; result >= 0 && (packet = packets_first(queued));) {
    result = output_write_packet(session, packet);
    packets_drop_first(queued);
  }
  return result;
}

static void drain_interleaver(struct session *session, int *result) {
  int error = av_interleaved_write_frame(session->output, NULL);
  if (*result >= 0) *result = error;
}

/* hls says that it takes flushes, and then looks into the packet that is none. */
static int flush_muxer(AVFormatContext *output) {
  return strcmp(output->oformat->name, "hls") ? av_write_frame(output, NULL) : 0;
}

int output_op_flush(struct session *session, double *slot, uint8_t *data, size_t size) {
  int result = output_op_write(session, slot, data, size);
  if (!session->output || !session->header_written || session->trailer_written) return result;
  drain_interleaver(session, &result);
  int error = flush_muxer(session->output); /* 1: there was nothing to flush */
  if (session->output->pb) avio_flush(session->output->pb);
  if (result < 0) return result;
  return error < 0 ? error : output_error(session);
}

int output_op_trailer(struct session *session, double *slot, uint8_t *data, size_t size) {
  int result = output_op_write(session, slot, data, size);
  if (!session->output || !session->header_written || session->trailer_written) return AVERROR(EINVAL);
  session->trailer_written = true;
  int drained = filters_drain(session);
  if (result >= 0) result = drained;
  int error = av_write_trailer(session->output);
  if (session->output->pb) avio_flush(session->output->pb);
  if (result < 0) return result;
  return error < 0 ? error : output_error(session);
}

/* ---------------------------------------------------------------------------------------- packets from JavaScript */

static uint32_t read_length(const uint8_t *bytes) {
  return bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 | (uint32_t)bytes[3] << 24;
}

/* Each: name NUL, size in 4 bytes, data. Types that this FFmpeg does not know are left out. */
static int add_side_data(AVPacket *packet, const uint8_t *side, size_t size) {
  const uint8_t *end = side + size;
  while (side < end) {
    const uint8_t *name_end = memchr(side, 0, (size_t)(end - side));
    if (!name_end || end - name_end < 5) return AVERROR(EINVAL);
    enum AVPacketSideDataType type = side_data_type((const char *)side);
    uint32_t length = read_length(name_end + 1);
    side = name_end + 5;
    if (length > (size_t)(end - side)) return AVERROR(EINVAL);
    if (type != AV_PKT_DATA_NB) {
      uint8_t *data = av_packet_new_side_data(packet, type, length);
      if (!data) return AVERROR(ENOMEM);
      if (length) memcpy(data, side, length);
    }
    side += length;
  }
  return 0;
}

static int fill_packet(AVPacket *packet, const double *row, const uint8_t *data, size_t size, AVRational time_base) {
  int result = av_new_packet(packet, (int)size);
  if (result < 0) return result;
  if (size) memcpy(packet->data, data, size);
  packet->stream_index = (int)row[AVS_ROW_STREAM];
  packet->pts = to_timestamp(row[AVS_ROW_PTS]);
  packet->dts = to_timestamp(row[AVS_ROW_DTS]);
  packet->duration = to_timestamp(row[AVS_ROW_DURATION]);
  packet->flags = to_int(row[AVS_ROW_FLAGS]);
  packet->pos = -1;
  AVRational from = {to_int(row[AVS_ROW_TB_NUM]), to_int(row[AVS_ROW_TB_DEN])};
  av_packet_rescale_ts(packet, from, time_base);
  return 0;
}

int32_t avs_put_packet(uint32_t handle, const double *row, const uint8_t *data, uint32_t data_size, const uint8_t *side,
                       uint32_t side_size) {
  struct session *session = find_session(handle);
  bool transforming = session && is_transforming(session);
  if (session && session->running && !transforming) return AVERROR(EBUSY);
  if (!session || !session->output) return AVERROR(EBADF);
  const AVFormatContext *context = transforming ? session->input : session->output;
  if (data_size > INT32_MAX - AV_INPUT_BUFFER_PADDING_SIZE) return AVERROR(EINVAL);
  double stream = row[AVS_ROW_STREAM];
  if (!(stream >= 0 && stream < context->nb_streams)) return AVERROR(EINVAL);
  if (!session->scratch && !(session->scratch = av_packet_alloc())) return AVERROR(ENOMEM);
  AVRational time_base = context->streams[(int)stream]->time_base;
  int result = fill_packet(session->scratch, row, data, data_size, time_base);
  if (result >= 0) result = add_side_data(session->scratch, side, side_size);
  if (result >= 0 && !packets_push(&session->queued, session->scratch)) result = AVERROR(ENOMEM);
  if (result < 0) av_packet_unref(session->scratch);
  return result;
}
