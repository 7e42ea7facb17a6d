#include "open.h"

#include <string.h>

#include <libavcodec/avcodec.h>
#include <libavutil/avstring.h>

#include "../contain.h"
#include "../io.h"
#include "../tags.h"
#include "../unsound.h"
#include "guess.h"
#include "hidden.h"
#include "input.h"
#include "parameters.h"
#include "whole.h"

static int find_input_format(struct session *session, const AVInputFormat **format) {
  const char *name = session->targets[AVS_INPUT].format;
  *format = name ? av_find_input_format(name) : NULL;
  if (*format || !name) return 0;
  log_error(session, "no input format is called '%.200s'", name);
  return AVERROR_DEMUXER_NOT_FOUND;
}

static bool contains(const uint8_t *text, size_t size, const char *sign) {
  size_t length = strlen(sign);
  for (size_t i = 0; i + length <= size; i++)
    if (!memcmp(text + i, sign, length)) return true;
  return false;
}

/*
 * The bytes of the first read, with their number; NULL if there are none. They stay in the buffer: a seek back could fail.
 * If avio_r8() has not moved, at the end of the source or after an error, there is nothing to step back over.
 */
static const uint8_t *peek(AVIOContext *pb, size_t *size) {
  int64_t position = avio_tell(pb);
  avio_r8(pb);
  if (avio_tell(pb) == position || pb->buf_ptr <= pb->buffer) return NULL;
  const uint8_t *bytes = --pb->buf_ptr;
  *size = (size_t)(pb->buf_end - bytes);
  return bytes;
}

/* Since 7.1 a playlist is not recognized without a matching name or MIME type: this goes by its text. */
static const AVInputFormat *recognize_playlist(AVIOContext *pb) {
  static const char *const signs[] = {"#EXT-X-STREAM-INF:", "#EXT-X-TARGETDURATION:", "#EXT-X-MEDIA-SEQUENCE:"};
  size_t size;
  const uint8_t *text = peek(pb, &size);
  if (!text || !contains(text, size < 7 ? size : 7, "#EXTM3U")) return NULL;
  for (size_t i = 0; i < sizeof(signs) / sizeof(*signs); i++)
    if (contains(text, size, signs[i])) return av_find_input_format("hls");
  return NULL;
}

static bool is_script(AVIOContext *pb) {
  size_t size;
  const uint8_t *text = peek(pb, &size);
  return text && contains(text, size < 20 ? size : 20, "ffconcat version 1.0");
}

/* Outside the embedded FFmpeg, a concat script opens its files by name. */
static int refuse_script(struct session *session, const AVInputFormat *format, struct io *io) {
  bool refused = !EMBEDDED && (format ? !strcmp(format->name, "concat") : io && is_script(io->context));
  if (!refused) return 0;
  log_error(session, "concat scripts can't be contained with this libavformat, only with the embedded one");
  return AVERROR(ENOSYS);
}

/* Formats that open their files themselves have no I/O context: image2 with a pattern of numbered names. */
static bool is_sequence(const AVInputFormat *format, const struct io *io) {
  return !io && format && format->flags & AVFMT_NOFILE;
}

/*
 * A source may return a few bytes at a time: what is found out must not depend on that. Without a format, libavformat reads as many
 * bytes before it chooses one, so a slow source waits no longer; with one, the first read has to do.
 */
static void read_first(struct input *input, struct io *io, const AVInputFormat *format) {
  size_t size;
  if (peek(io->context, &size) && !format) io_fill(io, sizeof(input->first));
}

static void note_first(struct input *input, AVIOContext *pb) {
  size_t size;
  const uint8_t *bytes = peek(pb, &size);
  if (!bytes) return;
  input->first_size = FFMIN(size, sizeof(input->first) - 1);
  memcpy(input->first, bytes, input->first_size);
}

static int choose_input(struct session *session, const AVInputFormat **format, struct io *io) {
  int result = find_input_format(session, format);
  if (result >= 0) result = contain_input_format(session, *format);
  if (result < 0) return result;
  if (!io && !is_sequence(*format, io)) return AVERROR(EBADF);
  if (!io && !EMBEDDED) {
    log_error(session, "image sequences can't be contained with this libavformat, only with the embedded one");
    return AVERROR(ENOSYS);
  }
  if (io) read_first(session->input, io, *format);
  result = refuse_script(session, *format, io);
  if (result < 0) return result;
  if (io) note_first(session->input, io->context);
  if (io && !*format) *format = recognize_playlist(io->context);
  return 0;
}

/* mp4 begins with a zero byte, of the size of its first box; text does not. */
static bool begins_with_zero(AVIOContext *pb) {
  size_t size;
  const uint8_t *bytes = peek(pb, &size);
  return bytes && !bytes[0];
}

/*
 * hls takes an empty name for a lack of memory. And the mp4 demuxer enlarges its buffer to suit the interleaving, but not if the
 * name looks like a file's: reading 88 MB then takes 22,000 callbacks instead of 2,000.
 */
static char *url_of_input(const struct session *session, const struct io *io) {
  const char *url = session->targets[AVS_INPUT].url;
  if (!url || !*url) url = "media";
  return av_asprintf("%s%s", io && begins_with_zero(io->context) ? AVIO_PREFIX : "", url);
}

static int open_context(struct session *session, const AVInputFormat *format, struct io *io) {
  AVFormatContext *context = avformat_alloc_context();
  if (!context) return AVERROR(ENOMEM);
  int result = contain(session, context);
  context->pb = io ? io->context : NULL;
  if (io) io->context->update_checksum = NULL; /* set by the previous demuxer, and it would use a freed buffer */
  struct added_options added = {0};
  if (result >= 0) result = contain_input_options(session, !io, &added);
  if (result >= 0) result = contain_formats(session, context);
  char *url = url_of_input(session, io);
  if (!url) result = AVERROR(ENOMEM);
  if (result < 0) {
    context->pb = NULL;
    avformat_free_context(context);
    av_free(url);
    return result;
  }
  session->input->context = context; /* already while it opens: may_sleep() in contain.c looks at its format */
  /* Frees the context if it fails; the I/O context stays the session's. */
  result = avformat_open_input(&session->input->context, url, format, &session->options);
  av_free(url);
  int dropped = drop_added_options(session, &added);
  if (result >= 0) ended_begin(&session->input->ended, session->input->context);
  return result < 0 ? result : dropped;
}

/* For these formats avformat_find_stream_info() may read up to the end of a short source, and then needs to go back. */
static bool is_searched_to_end(const struct input *input) {
  const AVFormatContext *context = input->context;
  return context && input->endpoint.io && av_match_name(context->iformat->name, "mpegts,mpeg");
}

/* The position of the I/O context becomes byte 0 of the media. */
static int choose_and_open(struct session *session) {
  struct io *io = session->input->endpoint.io;
  const AVInputFormat *format;
  int result = choose_input(session, &format, io);
  return result < 0 ? result : open_context(session, format, io);
}

/* Takes more of the first bytes than the first read, which may have returned a few bytes only. */
static void note_kept(struct input *input) {
  size_t size = memory_fetch(&input->endpoint.io->kept.memory, 0, input->first, sizeof(input->first) - 1);
  if (size > input->first_size) input->first_size = size;
  else input->first[input->first_size] = 0;
}

/* The errors of demuxers that have not found what they need; AVERROR(EPERM) is the plain -1 that some return. */
static bool is_unreadable(int result) { return result == AVERROR_INVALIDDATA || result == AVERROR_EOF || result == AVERROR(EPERM); }

/* FFmpeg has not implemented HEIF and AVIF images of several tiles for sources that can't seek. */
static bool may_need_seeking(int result) { return is_unreadable(result) || result == AVERROR_PATCHWELCOME; }

/* Drops the lines that libavformat logs meanwhile. */
static bool begins_like_media(struct session *session) {
  struct log_mark mark = log_mark(&session->channel.log);
  bool result = looks_like_media(session->input->first, session->input->first_size);
  log_rewind(&session->channel.log, mark);
  return result;
}

/* Whether more would be read, or in another order, if the source could seek. */
static bool needs_seeking(struct session *session, int result) {
  struct input *input = session->input;
  if (session->channel.failed || !input->endpoint.io || input->endpoint.opening.exceeded || input->endpoint.refused_url) return false;
  note_kept(input);
  if (result < 0) return input->endpoint.seek_refused || (may_need_seeking(result) && begins_like_media(session));
  const AVFormatContext *context = input->context;
  if (!context->pb || context->pb->seekable) return false;
  input->behind = first_behind(context);
  return hides_something(input);
}

/* Opens again, from the bytes that were kept of the source. */
static int open_whole(struct session *session, struct log_mark mark) {
  struct input *input = session->input;
  avformat_close_input(&input->context);
  backlog_clear(&input->backlog);
  io_restart(input->endpoint.io);
  log_rewind(&session->channel.log, mark);
  av_dict_free(&session->options);
  int result = av_dict_copy(&session->options, input->options, 0);
  input->endpoint.seek_refused = false;
  input->behind = -1;
  return result < 0 ? result : choose_and_open(session);
}

/*
 * A short source that can't seek is read to its end and opened again if otherwise it could not be read, or not completely:
 * the result must not depend on the sizes of the chunks.
 */
static int open_short(struct session *session, struct log_mark mark) {
  struct io *io = session->input->endpoint.io;
  if (!io) return choose_and_open(session);
  io_rebase(io, avio_tell(io->context));
  io_keep(io);
  int result = choose_and_open(session);
  if (needs_seeking(session, result) && io_keep_rest(io)) return open_whole(session, mark);
  bool goes_on = session->input->is_looked_at && is_searched_to_end(session->input);
  if (!goes_on && !io->kept.again) io_keep_nothing(io);
  return result;
}

static int describe(struct session *session, struct log_mark mark) {
  struct input *input = session->input;
  int result = find_stream_info(input);
  if (!is_searched_to_end(input) || input->endpoint.io->kept.again) return result;
  if (result >= 0 && !session->channel.failed && !input->context->pb->seekable && io_has_kept_all(input->endpoint.io)) {
    result = open_whole(session, mark);
    return result < 0 ? result : find_stream_info(input);
  }
  if (!input->endpoint.io->kept.whole) io_keep_nothing(input->endpoint.io);
  return result;
}

static int open_and_describe(struct session *session) {
  struct input *input = session->input;
  struct endpoint *endpoint = &input->endpoint;
  struct log_mark mark = log_mark(&session->channel.log);
  int result = open_short(session, mark);
  bool lists = session->targets[AVS_INPUT].formats;
  if (result == AVERROR(EINVAL) && lists && session->channel.log.refuses_format) return AVERROR_DEMUXER_NOT_FOUND;
  if (result < 0 && endpoint->seek_refused) return AVERROR(ESPIPE);
  if (result < 0) return endpoint->refused_url ? AVERROR(EPERM) : endpoint->missing ? AVERROR(ENOENT) : result;
  /* mlv always tries to open a second file, and continues without it. */
  if (!strcmp(input->context->iformat->name, "mlv")) av_freep(&endpoint->refused_url);
  result = refuse_structures(&session->channel.log, input->context); /* a concat script may name any codec */
  if (result < 0) return result;
  if (input->is_looked_at) result = describe(session, mark);
  if (result >= 0) result = refuse_structures(&session->channel.log, input->context);
  return result;
}

/* Whether it was opened although the source is empty. */
static bool is_empty(const struct input *input) {
  const struct io *io = input->endpoint.io;
  return io && !input->first_size && io->context->eof_reached && !avio_tell(io->context);
}

static int try_open(struct session *session, double *slot) {
  struct input *input = session->input;
  const struct endpoint *endpoint = &input->endpoint;
  int result = av_dict_copy(&input->options, session->options, 0);
  input->is_looked_at = slot[2];
  if (result >= 0) result = open_and_describe(session);
  note_unused(session);
  if (!input->context) return result;
  bool is_guessed = !session->targets[AVS_INPUT].format;
  if (result >= 0 && is_guessed && is_empty(input)) return AVERROR_EOF; /* recognized by its name */
  /* A playlist of playlists opens without these, and has no streams. */
  if (!input->context->nb_streams && (endpoint->refused_url || endpoint->missing))
    return endpoint->refused_url ? AVERROR(EPERM) : AVERROR(ENOENT);
  return result;
}

/* Whether the only error in the log is "error reading header", without a reason. */
static bool is_vague(const struct log *log) {
  static const char vague[] = "error reading header\n";
  const size_t size = sizeof(vague) - 1;
  return log->errors == 1 && log->text.size >= size && !memcmp(log->text.data + log->text.size - size, vague, size);
}

/* Logs a reason if libavformat has logged none, or a misleading one because the format was chosen by the name. */
static void log_reason(struct session *session, int result) {
  const struct input *input = session->input;
  const struct log *log = &session->channel.log;
  const char *format = session->targets[AVS_INPUT].format;
  bool is_known = session->channel.failed || input->endpoint.seek_refused || input->endpoint.refused_url;
  if (is_known || !input->endpoint.io) return;
  if (result == AVERROR_PATCHWELCOME && !log->errors && !input->endpoint.io->context->seekable)
    return log_error(session, "FFmpeg reads such a file only from a source that can seek");
  bool has_nothing = !input->first_size && result != AVERROR(EPERM); /* that comes from formats that don't read the source */
  bool ended = has_nothing && result == AVERROR(EINVAL) && input->endpoint.io->context->eof_reached;
  if (!is_unreadable(result) && !ended) return;
  if (has_nothing || !log->errors || is_vague(log)) log_guess(session, result, format, input->first, input->first_size);
  else if (!format && result != AVERROR(EPERM)) log_misnamed(session, input->first, input->first_size);
}

/* The Matroska demuxer returns EIO if the file ends too early. */
static int without_false_error(struct session *session, int result) {
  const struct input *input = session->input;
  const struct io *io = input->endpoint.io;
  if (result != AVERROR(EIO) || !io || io->context->error < 0 || session->channel.failed) return result;
  log_guess(session, AVERROR_EOF, session->targets[AVS_INPUT].format, input->first, input->first_size);
  return AVERROR_INVALIDDATA;
}

/* The limit that was exceeded, whatever error libavformat has returned; NULL: none. */
static const char *limit_of(const struct session *session, int result) {
  if (session->channel.failed) return NULL;
  if (session->input->endpoint.opening.exceeded)
    return "finding out what is in it reads more than maxOpenSize, or opens too many files";
  return result < 0 && session->channel.log.exceeds_max_streams ? "more streams than maxStreams" : NULL;
}

/* Whether the stream has fragments, and its duration is only that of the fragments read so far. */
static bool has_length_of_fragments(AVStream *stream) {
  int count = avformat_index_get_entries_count(stream);
  if (count <= stream->nb_frames || stream->duration <= 0) return false;
  int64_t first = avformat_index_get_entry(stream, 0)->timestamp, last = avformat_index_get_entry(stream, count - 1)->timestamp;
  int64_t step = count > 1 ? av_sat_sub64(last, first) / (count - 1) : stream->duration;
  return stream->duration <= av_sat_add64(last, av_sat_add64(step, step));
}

/* Of fragmented mp4 from a source that can't seek, the duration is that of the fragments read so far: it is set to unknown. */
static void forget_length_so_far(AVFormatContext *context) {
  if (strncmp(context->iformat->name, "mov,", 4) || !context->pb || context->pb->seekable) return;
  bool is_partial = false;
  for (unsigned i = 0; i < context->nb_streams; i++) {
    AVStream *stream = context->streams[i];
    if (stream->duration > 0 && !has_length_of_fragments(stream) && avformat_index_get_entries_count(stream)) return;
    is_partial |= has_length_of_fragments(stream);
  }
  if (!is_partial) return;
  context->duration = AV_NOPTS_VALUE;
  for (unsigned i = 0; i < context->nb_streams; i++) context->streams[i]->duration = AV_NOPTS_VALUE;
}

int input_op_open(struct session *session, double *slot, uint8_t *data, size_t size) {
  (void)data, (void)size;
  struct io *io = io_of(&session->channel, slot[1]);
  if (session->input) return AVERROR(EBUSY);
  if (!io && slot[1]) return AVERROR(EBADF);
  if (io && (io->used || io->nested || io->context->write_flag)) return AVERROR(EINVAL);
  struct input *input = input_new(session, io);
  if (!input) return AVERROR(ENOMEM);
  input->endpoint.opening.running = true;
  int result = without_false_error(session, try_open(session, slot));
  int64_t bytes = result < 0 ? -1 : source_size(input->context->pb);
  input->endpoint.opening.running = false;
  const char *limit = limit_of(session, result);
  if (limit) {
    log_error(session, "%s", limit);
    result = AVERROR(EMSGSIZE);
  }
  if (result < 0) {
    log_reason(session, result);
    note_refused(session, &input->endpoint);
    input_free(session);
    return result;
  }
  log_long_tags(&session->channel.log, input->context);
  forget_length_so_far(input->context);
  input->looked_at = input->context->pb ? avio_tell(input->context->pb) : 0;
  if (slot[3])
    for (unsigned i = 0; i < input->context->nb_streams; i++) warn_missing_packets(session, i, bytes);
  slot[1] = note_streams(session);
  slot[2] = (double)(input->context->pb && input->context->pb->seekable ? bytes : -1);
  return 0;
}

/* ---------------------------------------------------------------------------------------- opening again */

/* Not formats that open further files: they would open all of them again, and these may have changed. */
static bool can_reopen(const struct input *input) {
  const struct io *io = input->endpoint.io;
  return io && io->context->seekable && !av_match_name(input->context->iformat->name, "concat,dash,hls,imf");
}

/*
 * With the same format: the session's target may be that of another input by now. Lines of the log are
 * dropped: they are there already.
 */
static int open_again(struct session *session, const AVInputFormat *format) {
  struct input *input = session->input;
  struct target *target = &session->targets[AVS_INPUT];
  char *formats = target->formats;
  struct log *log = &session->channel.log;
  size_t logged = log->text.size;
  log->warnings.paused = true;
  AVDictionary *others = session->options; /* they are those of an output */
  session->options = NULL;
  int result = av_dict_copy(&session->options, input->options, 0);
  target->formats = NULL;
  if (result >= 0) result = open_context(session, format, input->endpoint.io);
  target->formats = formats;
  av_dict_free(&session->options);
  session->options = others;
  if (result >= 0 && input->is_looked_at) result = find_stream_info(input);
  log->text.size = logged;
  log->warnings.paused = false;
  return result;
}

/* Copies the streams that the caller has discarded meanwhile. */
static void copy_discards(const AVFormatContext *before, AVFormatContext *now) {
  for (unsigned i = 0; i < now->nb_streams; i++) now->streams[i]->discard = before->streams[i]->discard;
}

int input_reopen(struct session *session) {
  struct input *input = session->input;
  AVFormatContext *before = input->context, *unused;
  struct opening *opening = &input->endpoint.opening;
  if (!can_reopen(input)) return AVERROR(ENOSYS);
  int64_t position = avio_tell(before->pb);
  int64_t result = avio_seek(before->pb, 0, SEEK_SET);
  if (result < 0) return (int)result;
  before->pb->eof_reached = before->pb->error = 0;
  backlog_clear(&input->backlog);
  *opening = (struct opening){.running = true, .max_bytes = opening->max_bytes};
  input->context = NULL; /* what fails early leaves it as it is */
  result = open_again(session, before->iformat);
  bool is_same = result >= 0 && input->context->nb_streams == before->nb_streams;
  opening->running = opening->exceeded = false;
  if (is_same) {
    copy_discards(before, input->context);
    unused = before;
  } else {
    backlog_clear(&input->backlog);
    unused = input->context;
    input->context = before;
  }
  avformat_close_input(&unused);
  if (!is_same) avio_seek(before->pb, position, SEEK_SET);
  if (result == AVERROR(ENOMEM)) channel_fail(&session->channel, result); /* another way may lead elsewhere */
  return is_same ? 0 : result < 0 ? (int)result : AVERROR(EAGAIN);
}
