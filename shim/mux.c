/*
 * mux.c - an output: choosing its format, adding streams and chapters, header, packets, trailer. Only the header
 * needs the I/O context. Fields of streams are set in describe.c.
 */
#include <libavutil/avstring.h>
#include <libavutil/opt.h>
#include <libavutil/pixdesc.h>

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

int32_t avs_add_chapter(double handle, double id, double start, double end) {
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

/* The mov muxer needs it for an atom, and without it leaves a broken one and says nothing. */
static int check_pixel_formats(struct session *session) {
  const AVFormatContext *output = session->output;
  if (!av_match_name(output->oformat->name, "mov,mp4,ismv")) return 0;
  for (unsigned i = 0; i < output->nb_streams; i++) {
    const AVCodecParameters *parameters = output->streams[i]->codecpar;
    if ((parameters->codec_id != AV_CODEC_ID_VP9 && parameters->codec_id != AV_CODEC_ID_VP8) || parameters->format >= 0)
      continue;
    log_line(session, AV_LOG_ERROR, "stream %u: %s needs its pixelFormat", i, avcodec_get_name(parameters->codec_id));
    return AVERROR(EINVAL);
  }
  return 0;
}

/* avif looks at the pixels of streams that have none, and so does mxf at FFV1's (FFmpeg 5.1 and 7.1). */
static bool lacks_pixels(const AVFormatContext *output) {
  bool avif = !strcmp(output->oformat->name, "avif"), mxf = !strncmp(output->oformat->name, "mxf", 3);
  for (unsigned i = 0; i < output->nb_streams; i++) {
    const AVCodecParameters *parameters = output->streams[i]->codecpar;
    bool pixels = parameters->codec_type == AVMEDIA_TYPE_VIDEO && av_pix_fmt_desc_get(parameters->format);
    if (!pixels && (avif || (mxf && parameters->codec_id == AV_CODEC_ID_FFV1))) return true;
  }
  return false;
}

/* apng looks for a chunk in extradata that is not there, and ends the process (FFmpeg 5.1 to 9.0). */
static bool lacks_chunks(const AVFormatContext *output) {
  return !strcmp(output->oformat->name, "apng") && output->nb_streams && !output->streams[0]->codecpar->extradata_size;
}

/* Muxers go by the codec, and divide by what a stream of another type does not have: mpegts by Opus's sample rate. */
bool is_misnamed(const AVCodecParameters *parameters) {
  enum AVMediaType own = avcodec_get_type(parameters->codec_id), said = parameters->codec_type;
  if (parameters->codec_id == AV_CODEC_ID_NONE || own == said) return false;
  return own == AVMEDIA_TYPE_AUDIO || said == AVMEDIA_TYPE_AUDIO;
}

static int check_streams(struct session *session) {
  AVFormatContext *output = session->output;
  if (lacks_chunks(output)) {
    log_line(session, AV_LOG_ERROR, "stream 0: apng needs extradata (the chunks before the first frame)");
    return AVERROR(EINVAL);
  }
  if (lacks_pixels(output)) {
    log_line(session, AV_LOG_ERROR, "%s needs to know the pixel format of its streams", output->oformat->name);
    return AVERROR(EINVAL);
  }
  for (unsigned i = 0; i < output->nb_streams; i++) {
    const AVCodecParameters *parameters = output->streams[i]->codecpar;
    if (!is_misnamed(parameters)) continue;
    log_line(session, AV_LOG_ERROR, "stream %u: %s is of another type than the stream", i,
             avcodec_get_name(parameters->codec_id));
    return AVERROR(EINVAL);
  }
  return 0;
}

/* mov has a list of languages, each by one of the two codes that ISO 639-2 has for some, and takes the other for unknown. */
static int name_languages(AVFormatContext *output) {
  static const char *const codes[][2] = {
      {"bod", "tib"}, {"cym", "wel"}, {"cze", "ces"}, {"deu", "ger"}, {"ell", "gre"}, {"eus", "baq"}, {"fas", "per"},
      {"fre", "fra"}, {"hye", "arm"}, {"isl", "ice"}, {"kat", "geo"}, {"mkd", "mac"}, {"msa", "may"}, {"mya", "bur"},
      {"nld", "dut"}, {"rum", "ron"}, {"slo", "slk"}, {"sqi", "alb"}, {"zho", "chi"}};
  if (strcmp(output->oformat->name, "mov")) return 0;
  for (unsigned i = 0; i < output->nb_streams; i++) {
    AVDictionary **metadata = &output->streams[i]->metadata;
    const AVDictionaryEntry *language = av_dict_get(*metadata, "language", NULL, 0);
    size_t k = 0, count = language ? sizeof(codes) / sizeof(*codes) : 0;
    while (k < count && strcmp(language->value, codes[k][0])) k++;
    int result = k < count ? av_dict_set(metadata, "language", codes[k][1], 0) : 0;
    if (result < 0) return result;
  }
  return 0;
}

/*
 * AAC whose frames have ADTS headers has a code of its own in the headers that come from RIFF; under that of AAC without
 * them FFmpeg 9.0 refuses it.
 */
static void mark_adts(const AVFormatContext *output) {
  enum { WAVE_FORMAT_AAC_ADTS = 0x1600 };
  if (!av_match_name(output->oformat->name, "avi,asf,asf_stream,wav,w64,wtv")) return;
  for (unsigned i = 0; i < output->nb_streams; i++) {
    AVCodecParameters *parameters = output->streams[i]->codecpar;
    if (parameters->codec_id == AV_CODEC_ID_AAC && !parameters->extradata_size && !parameters->codec_tag)
      parameters->codec_tag = WAVE_FORMAT_AAC_ADTS;
  }
}

/*
 * Ogg has chapters as tags, which libavformat writes with seconds that are rounded: 0.5 becomes 1.5 (FFmpeg 5.1 to 9.0). So
 * the tags are made here.
 */
static int tag_chapters(AVFormatContext *output) {
  if (!av_match_name(output->oformat->name, "ogg,oga,ogv,opus,spx")) return 0;
  int result = 0;
  for (unsigned i = 0; i < output->nb_chapters && result >= 0; i++) {
    const AVChapter *chapter = output->chapters[i];
    const AVDictionaryEntry *title = av_dict_get(chapter->metadata, "title", NULL, 0);
    long long time = av_rescale_q(FFMAX(chapter->start, 0), chapter->time_base, (AVRational){1, 1000});
    char name[32], value[64];
    snprintf(name, sizeof(name), "CHAPTER%03u", i);
    snprintf(value, sizeof(value), "%02lld:%02lld:%02lld.%03lld", time / 3600000, time / 60000 % 60, time / 1000 % 60,
             time % 1000);
    result = av_dict_set(&output->metadata, name, value, 0);
    snprintf(name, sizeof(name), "CHAPTER%03uNAME", i);
    if (result >= 0 && title) result = av_dict_set(&output->metadata, name, title->value, 0);
  }
  for (; output->nb_chapters; output->nb_chapters--) {
    av_dict_free(&output->chapters[output->nb_chapters - 1]->metadata);
    av_freep(&output->chapters[output->nb_chapters - 1]);
  }
  return result;
}

bool is_index_first(const struct session *session) {
  const char *name = session->output->oformat->name;
  if (!strcmp(name, "ismv")) return true;
  const AVDictionaryEntry *flags = av_dict_get(session->options, "movflags", NULL, 0);
  return flags && av_match_name(name, "mp4,mov,ipod,3gp,3g2,psp,f4v") &&
         (strstr(flags->value, "empty_moov") || strstr(flags->value, "delay_moov") || strstr(flags->value, "cmaf") ||
          strstr(flags->value, "dash"));
}

/* Where the index lacks what only packets tell, it has to wait for the first fragment. */
static int delay_index(struct session *session) {
  const AVFormatContext *output = session->output;
  if (!is_index_first(session)) return 0;
  unsigned i = 0;
  while (i < output->nb_streams && !lacks_extradata(output, output->streams[i])) i++;
  return i < output->nb_streams ? av_dict_set(&session->options, "movflags", "+delay_moov", AV_DICT_APPEND) : 0;
}

/* matroska says nothing of it. */
static void explain_header(struct session *session) {
  const AVFormatContext *output = session->output;
  if (!av_match_name(output->oformat->name, "matroska,webm")) return;
  for (unsigned i = 0; i < output->nb_streams; i++) {
    const AVStream *stream = output->streams[i];
    enum AVCodecID codec = stream->codecpar->codec_id;
    if ((codec == AV_CODEC_ID_H264 || codec == AV_CODEC_ID_HEVC) && lacks_extradata(output, stream))
      log_line(session, AV_LOG_ERROR, "stream %u: %s needs extradata, or a first packet with start codes and parameter sets",
               i, avcodec_get_name(codec));
  }
}

/* asf ends the process where the packets of all streams together go back in time (FFmpeg 5.1 and 7.1). */
static bool must_be_sorted(const AVOutputFormat *format) {
  return av_match_name(format->name, "asf,asf_stream");
}

static bool is_dash(const AVFormatContext *output) { return !strcmp(output->oformat->name, "dash"); }

/* dash counts segments by their length, which may be said to be nothing: it divides by it, which ends the process. */
static int check_segments(struct session *session) {
  const AVFormatContext *output = session->output;
  int64_t corrects = 0, length = 0;
  if (!is_dash(output) || av_opt_get_int(output->priv_data, "index_correction", 0, &corrects) < 0 || !corrects) return 0;
  if (av_opt_get_int(output->priv_data, "seg_duration", 0, &length) < 0 || length) return 0;
  log_line(session, AV_LOG_ERROR, "index_correction needs a seg_duration");
  return AVERROR(EINVAL);
}

int output_op_header(struct session *session, double *slot, uint8_t *data, size_t size) {
  (void)data, (void)size;
  AVFormatContext *output = session->output;
  struct io *io = io_of_slot(session, slot);
  if (!output || session->header_tried) return AVERROR(EINVAL);
  bool opens_files = output->oformat->flags & AVFMT_NOFILE;
  if (!io && (slot[1] || !opens_files)) return AVERROR(EBADF);
  if (io && !io->context->write_flag) return AVERROR(EINVAL); /* libavformat would try for ever */
  session->acting = AVS_OUTPUT;
  int result = check_streams(session);
  if (result < 0) return result;
  session->header_tried = true; /* a muxer whose header failed has freed what it would need for more */
  session->output_io = io;
  output->pb = io ? io->context : NULL;
  contain(session, output); /* options have been set since */
  /* avi counts frames from 0: a stream that begins later would show its first frame until the second is due. */
  if (!strcmp(output->oformat->name, "avi")) output->avoid_negative_ts = AVFMT_AVOID_NEG_TS_MAKE_ZERO;
  result = contain_output_options(session, output->oformat);
  if (result >= 0) result = check_pixel_formats(session);
  if (result >= 0) result = name_languages(output);
  if (result >= 0) result = filters_open(session);
  mark_adts(output);
  if (result >= 0) result = delay_index(session);
  if (result >= 0) result = tag_chapters(output);
  if (result >= 0) result = avformat_write_header(output, &session->options);
  if (result == AVERROR_INVALIDDATA) explain_header(session);
  note_unused(session, &session->options);
  slot[1] = output->nb_streams;
  if (result >= 0) result = check_segments(session);
  if (result < 0) return session->refused_url ? AVERROR(EPERM) : result;
  session->header_written = true;
  if (must_be_sorted(output->oformat)) output->max_interleave_delta = 0; /* it waits for every stream, however long */
  return output_error(session);
}

/* The muxers of MPEG-PS wait for the bytes of a packet that has none, for ever (FFmpeg 5.1 and 7.1). */
static bool waits_for_bytes(const AVOutputFormat *format) {
  return av_match_name(format->name, "mpeg,vob,dvd,vcd,svcd");
}

/* Some muxers have codes of their own for what could not be opened. */
static int write_error(struct session *session, int result) {
  return result < 0 && session->refused_url ? AVERROR(EPERM) : result;
}

/* hls says that it takes the packet that is none, and then looks into it (FFmpeg 5.1 and 7.1). */
static bool can_flush(const AVOutputFormat *format) { return strcmp(format->name, "hls") != 0; }

/* What the muxer itself gathers: a fragment, a cluster, a PES packet. */
static int flush_muxer(AVFormatContext *output) {
  int result = can_flush(output->oformat) ? av_write_frame(output, NULL) : 0; /* 1: nothing to flush */
  return result < 0 ? result : 0;
}

/* Before that a first fragment would have an index that lacks what only packets tell. */
static bool have_all_begun(const AVFormatContext *output) {
  for (unsigned i = 0; i < output->nb_streams; i++) {
    const AVStream *stream = output->streams[i];
    enum AVMediaType type = stream->codecpar->codec_type;
    bool is_media = type == AVMEDIA_TYPE_AUDIO || type == AVMEDIA_TYPE_VIDEO;
    if (is_media && !(stream->disposition & AV_DISPOSITION_ATTACHED_PIC) && !stream->nb_frames) return false;
  }
  return true;
}

/* Without coalescing, what has come out of the interleaver does not stay with the muxer. */
static int pass_on(struct session *session) {
  bool direct = session->output_io && session->output_io->flags & AVS_IO_DIRECT;
  return direct && have_all_begun(session->output) ? flush_muxer(session->output) : 0;
}

/* dash divides by the length of a segment, which may be that of its first packet: it is a microsecond at least. */
static void give_length(const AVFormatContext *output, AVPacket *packet) {
  const AVStream *stream = output->streams[packet->stream_index];
  if (!is_dash(output) || stream->nb_frames) return;
  int64_t least = av_rescale_q_rnd(1, AV_TIME_BASE_Q, stream->time_base, AV_ROUND_UP);
  if (packet->duration < least) packet->duration = least;
}

/* Takes the packet's reference. */
int output_write_packet(struct session *session, AVPacket *packet) {
  session->acting = AVS_OUTPUT;
  if (!packet->size && waits_for_bytes(session->output->oformat)) {
    av_packet_unref(packet);
    return 0;
  }
  give_length(session->output, packet);
  int result = filter_write(session, packet);
  if (result >= 0) result = pass_on(session);
  return result < 0 ? write_error(session, result) : output_error(session);
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
  int error = write_error(session, av_interleaved_write_frame(session->output, NULL));
  if (*result >= 0) *result = error;
}

/* dash divides what a stream without bit rate has by the length of the first stream, which ends the process. */
static bool lacks_length(struct session *session, int *result) {
  const AVFormatContext *output = session->output;
  if (!is_dash(output)) return false;
  drain_interleaver(session, result); /* what waits there counts too */
  bool has_rates = true;
  for (unsigned i = 0; i < output->nb_streams; i++) has_rates &= output->streams[i]->codecpar->bit_rate > 0;
  return !has_rates && !output->streams[0]->nb_frames;
}

/*
 * caf divides by its packets but one, where the codec's have no fixed length; and without a packet what it divides is
 * the least number there is, by -1. Either ends the process.
 */
static bool divides_by_zero(struct session *session, int *result) {
  AVFormatContext *output = session->output;
  if (!CAF_DIVIDES || strcmp(output->oformat->name, "caf")) return false;
  drain_interleaver(session, result); /* what waits there counts too */
  const AVStream *stream = output->streams[0];
  return stream->nb_frames <= 1 && !stream->codecpar->block_align &&
         av_get_audio_frame_duration2(stream->codecpar, 0) <= 0;
}

int output_op_flush(struct session *session, double *slot, uint8_t *data, size_t size) {
  int result = output_op_write(session, slot, data, size);
  if (!session->output || !session->header_written || session->trailer_written) return result;
  session->acting = AVS_OUTPUT;
  if (!must_be_sorted(session->output->oformat)) drain_interleaver(session, &result);
  int error = flush_muxer(session->output);
  if (session->output->pb) avio_flush(session->output->pb);
  if (result < 0) return result;
  return error < 0 ? error : output_error(session);
}

int output_op_trailer(struct session *session, double *slot, uint8_t *data, size_t size) {
  int result = output_op_write(session, slot, data, size);
  if (!session->output || !session->header_written || session->trailer_written) return AVERROR(EINVAL);
  session->trailer_written = true;
  session->acting = AVS_OUTPUT;
  int drained = filters_drain(session);
  if (result >= 0) result = drained;
  if (divides_by_zero(session, &result)) {
    log_line(session, AV_LOG_ERROR, "caf can't hold less than two packets of this codec");
    return result < 0 ? result : AVERROR(EINVAL);
  }
  if (lacks_length(session, &result)) {
    log_line(session, AV_LOG_ERROR, "dash needs a packet of its first stream, or the bit rates of all");
    return result < 0 ? result : AVERROR(EINVAL);
  }
  int error = write_error(session, av_write_trailer(session->output));
  if (session->output->pb) avio_flush(session->output->pb);
  if (result < 0) return result;
  return error < 0 ? error : output_error(session);
}

int output_op_close(struct session *session, double *slot, uint8_t *data, size_t size) {
  (void)slot, (void)data, (void)size;
  if (!session->output || !session->trailer_written) return AVERROR(EINVAL);
  packets_clear(&session->queued); /* that came too late for it */
  remux_forget_output(session);
  filters_free(&session->filters);
  session->filters = (struct filters){0};
  avformat_free_context(session->output);
  session->output = NULL;
  if (session->output_io) session->written_before += session->output_io->end;
  session->output_io = NULL;
  session->header_tried = session->header_written = session->trailer_written = false;
  return 0;
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
  AVRational from = {to_int(row[AVS_ROW_TB_NUM]), to_int(row[AVS_ROW_TB_DEN])};
  if (from.num <= 0 || from.den <= 0) return AVERROR(EINVAL);
  int result = av_new_packet(packet, (int)size);
  if (result < 0) return result;
  if (size) memcpy(packet->data, data, size);
  packet->stream_index = (int)row[AVS_ROW_STREAM];
  packet->pts = to_timestamp(row[AVS_ROW_PTS]);
  packet->dts = to_timestamp(row[AVS_ROW_DTS]);
  packet->duration = to_timestamp(row[AVS_ROW_DURATION]);
  /* libavformat has a flag of its own beside these, by which data is a pointer. */
  packet->flags = to_int(row[AVS_ROW_FLAGS]) & (AV_PKT_FLAG_KEY | AV_PKT_FLAG_CORRUPT | AV_PKT_FLAG_DISCARD |
                                                AV_PKT_FLAG_TRUSTED | AV_PKT_FLAG_DISPOSABLE);
  packet->pos = -1;
  av_packet_rescale_ts(packet, from, time_base);
  bool lost = (packet->pts == AV_NOPTS_VALUE && !isnan(row[AVS_ROW_PTS])) ||
              (packet->dts == AV_NOPTS_VALUE && !isnan(row[AVS_ROW_DTS]));
  return lost ? AVERROR(ERANGE) : 0;
}

int32_t avs_put_packet(double handle, const double *row, const uint8_t *data, uint32_t data_size, const uint8_t *side,
                       uint32_t side_size) {
  struct session *session = find_session(handle);
  bool transforming = session && is_transforming(session);
  if (session && session->running && !transforming) return AVERROR(EBUSY);
  if (!session || !session->output) return AVERROR(EBADF);
  const AVFormatContext *context = transforming ? session->input : session->output;
  if (data_size > INT32_MAX - AV_INPUT_BUFFER_PADDING_SIZE) return AVERROR(EINVAL);
  double stream = row[AVS_ROW_STREAM];
  if (!(stream >= 0 && stream < context->nb_streams)) return AVERROR(EINVAL);
  if (!session->outgoing && !(session->outgoing = av_packet_alloc())) return AVERROR(ENOMEM);
  AVRational time_base = context->streams[(int)stream]->time_base;
  int result = fill_packet(session->outgoing, row, data, data_size, time_base);
  if (result >= 0) result = add_side_data(session->outgoing, side, side_size);
  if (result >= 0 && !packets_push(&session->queued, session->outgoing)) result = AVERROR(ENOMEM);
  if (result < 0) av_packet_unref(session->outgoing);
  return result;
}
