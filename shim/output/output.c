#include "output.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <libavutil/avstring.h>

#include "../contain.h"
#include "../input/input.h"
#include "../io.h"
#include "../numbers.h"
#include "../packet.h"
#include "quirks.h"

/* ---------------------------------------------------------------------------------------- life */

static struct output *output_new(struct session *session) {
  struct output *output = calloc(1, sizeof(*output));
  if (!output) return NULL;
  const char *url = session->targets[AVS_OUTPUT].url;
  output->endpoint = (struct endpoint){.direction = AVS_OUTPUT, .url = av_strdup(url)}; /* that of the target may be set again */
  output->incoming = av_packet_alloc();
  output->outgoing = av_packet_alloc();
  session->output = output;
  channel_attach(&session->channel, &output->endpoint);
  if (output->incoming && output->outgoing && (output->endpoint.url || !url)) return output;
  output_free(session);
  return NULL;
}

/* hls frees the segment that it has in memory only when the trailer is written. */
static void end_segment(struct session *session) {
  struct output *output = session->output;
  if (!is_written(output) || strcmp(output->context->oformat->name, "hls")) return;
  output->endpoint.discards = true;
  act_for_output(session);
  struct channel *entered = channel_enter(&session->channel);
  av_write_trailer(output->context);
  channel_enter(entered);
}

void output_free(struct session *session) {
  struct output *output = session->output;
  if (!output) return;
  end_segment(session);
  channel_lock(&session->channel);
  session->output = NULL;
  channel_unlock(&session->channel);
  packets_free(&output->queued);
  filters_free(&output->filters);
  avformat_free_context(output->context);
  channel_detach(&session->channel, &output->endpoint);
  endpoint_free(&output->endpoint);
  av_packet_free(&output->incoming);
  av_packet_free(&output->outgoing);
  free(output);
}

void output_accept(struct session *session, bool accepts) {
  channel_lock(&session->channel);
  session->output->accepts = accepts;
  channel_unlock(&session->channel);
}

bool is_written(const struct output *output) { return output && output->header_written && !output->trailer_written; }

void act_for_output(struct session *session) { session->channel.acting = &session->output->endpoint; }

int output_error(const struct session *session) {
  const AVIOContext *pb = session->output->context->pb;
  return pb && pb->error < 0 ? pb->error : 0;
}

/*
 * The max_delay of the ffmpeg command: without it, each frame of audio gets its own PES packet in MPEG-TS, and files are up to
 * five times as large.
 */
enum { MAX_DELAY = AV_TIME_BASE * 7 / 10 };

static int choose_format(struct session *session) {
  const struct target *target = &session->targets[AVS_OUTPUT];
  struct output *output = session->output;
  char *url = av_asprintf(AVIO_PREFIX "%s", target->url ? target->url : "");
  if (!url) return AVERROR(ENOMEM);
  int result = avformat_alloc_output_context2(&output->context, NULL, target->format, url);
  av_free(url);
  if (result == AVERROR(EINVAL) && target->format) {
    log_error(session, "no output format is called '%.200s'", target->format);
    return AVERROR_MUXER_NOT_FOUND;
  }
  if (result >= 0) result = contain_output_format(session, output->context->oformat);
  if (result >= 0) result = contain(session, output->context);
  if (result < 0) return result;
  output->context->max_delay = MAX_DELAY;
  output->files = output->context->oformat; /* until its options are known */
  return result;
}

int output_op_open(struct session *session, double *slot, uint8_t *data, size_t size) {
  (void)data, (void)size;
  if (session->output) return AVERROR(EBUSY);
  if (!output_new(session)) return AVERROR(ENOMEM);
  int result = choose_format(session);
  if (result >= 0) slot[1] = (session->output->context->oformat->flags & AVFMT_NOFILE) != 0;
  else output_free(session);
  return result < 0 ? result : 0;
}

int output_op_close(struct session *session, double *slot, uint8_t *data, size_t size) {
  (void)slot, (void)data, (void)size;
  if (!session->output || !session->output->trailer_written) return AVERROR(EINVAL);
  output_free(session);
  return 0;
}

int32_t avs_add_chapter(double handle, double id, double start, double end) {
  struct session *session = find_session(handle);
  if (session && session->channel.running) return AVERROR(EBUSY);
  if (!session || !session->output) return AVERROR(EBADF);
  AVFormatContext *output = session->output->context;
  /* Others have counted them: nut reads past its list if there are more at its end. */
  if (session->output->header_tried && !has_quirk(output->oformat, LATE_CHAPTERS)) return AVERROR(EINVAL);
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

/* ---------------------------------------------------------------------------------------- packets from JavaScript */

bool is_transforming(const struct session *session) {
  const struct channel *channel = &session->channel;
  const struct io *transformer = channel->transformer;
  return transformer && is_pending(transformer) && transformer->request.kind == AVS_REQUEST_TRANSFORM && !channel->canceled;
}

static int fill_packet(AVPacket *packet, const double *row, const uint8_t *data, size_t size, AVRational time_base) {
  AVRational from = {to_int(row[AVS_ROW_TB_NUM]), to_int(row[AVS_ROW_TB_DEN])};
  if (from.num <= 0 || from.den <= 0) return AVERROR(EINVAL);
  int result = av_new_packet(packet, (int)size);
  if (result < 0) return result;
  if (size) memcpy(packet->data, data, size);
  packet->stream_index = (int)row[AVS_ROW_STREAM];
  packet->pts = to_timestamp(row[AVS_ROW_PTS]);
  packet->dts = to_timestamp(row[AVS_ROW_DTS]);
  packet->duration = to_timestamp(row[AVS_ROW_DURATION]);
  packet->flags = to_int(row[AVS_ROW_FLAGS]);
  packet->pos = -1;
  av_packet_rescale_ts(packet, from, time_base);
  bool lost = (packet->pts == AV_NOPTS_VALUE && !isnan(row[AVS_ROW_PTS])) ||
              (packet->dts == AV_NOPTS_VALUE && !isnan(row[AVS_ROW_DTS]));
  return lost ? AVERROR(ERANGE) : 0;
}

/* With the lock held: whether a packet may be put now. A running remux takes none but transformed ones. */
static int check_put(const struct session *session) {
  if (!session->channel.running || is_transforming(session)) return session->output ? 0 : AVERROR(EBADF);
  bool accepts = !session->remux && session->output && session->output->accepts;
  return accepts ? 0 : AVERROR(EBUSY);
}

/*
 * The time base of a stream: of the input if packets are transformed, otherwise of the output; and the packet to be filled. Both are
 * looked up at once: if an operation that runs fails an assertion, its thread abandons the output, which is not freed then.
 */
static int find_places(struct session *session, double stream, AVRational *time_base, AVPacket **packet) {
  channel_lock(&session->channel);
  int result = check_put(session);
  if (result >= 0) {
    const AVFormatContext *context = is_transforming(session) ? session->input->context : session->output->context;
    *packet = session->output->incoming;
    if (stream >= 0 && stream < context->nb_streams) *time_base = context->streams[(int)stream]->time_base;
    else result = AVERROR(EINVAL);
  }
  channel_unlock(&session->channel);
  return result;
}

/* Checks again: the session may have been canceled meanwhile, and then its thread frees the queue. */
static int queue_packet(struct session *session, AVPacket *packet) {
  channel_lock(&session->channel);
  int result = check_put(session);
  if (result >= 0 && !packets_push(&session->output->queued, packet)) result = AVERROR(ENOMEM);
  channel_unlock(&session->channel);
  return result;
}

int32_t avs_put_packet(double handle, const double *row, const uint8_t *data, uint32_t data_size, const uint8_t *side,
                       uint32_t side_size) {
  struct session *session = find_session(handle);
  if (!session) return AVERROR(EBADF);
  if (data_size > INT32_MAX - AV_INPUT_BUFFER_PADDING_SIZE) return AVERROR(EINVAL);
  AVRational time_base = {0, 1};
  AVPacket *packet = NULL;
  int result = find_places(session, row[AVS_ROW_STREAM], &time_base, &packet);
  if (result < 0) return result;
  result = fill_packet(packet, row, data, data_size, time_base);
  if (result >= 0) result = read_side_data(packet, side, side_size);
  if (result >= 0) result = queue_packet(session, packet);
  if (result < 0) av_packet_unref(packet);
  return result;
}
