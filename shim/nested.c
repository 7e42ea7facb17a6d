/*
 * nested.c - what a playlist, a manifest or a muxer of many files opens: JavaScript is asked for each of them, and what it
 * opens becomes an I/O context of the session. Nothing is opened otherwise (contain.c).
 */
#include <libavutil/avstring.h>
#include <libavutil/dict.h>

#include "internal.h"

/* More than a playlist needs, less than a list that opens itself again would take to fill the stack. */
enum { MOST_OPEN = 100 };

static void refuse(struct session *session, const char *url) {
  if (!session->refused_url) session->refused_url = av_strdup(url);
  log_line(session, AV_LOG_ERROR, "refused to open '%.900s'", url);
}

static struct io *find_attached(struct session *session, double handle) {
  worker_lock(session);
  struct io *io = session->ios;
  while (io && io->object.handle != handle) io = io->next;
  worker_unlock(session);
  return io;
}

/* JavaScript's answer: an I/O context, AVERROR(EPERM) where it refuses. */
static int ask(struct session *session, const char *url, enum avs_open_mode mode, struct io **io) {
  if (!session->opener || session->nested_open >= MOST_OPEN) return AVERROR(EPERM);
  if (opening_exceeds(session, 0, 1)) return AVERROR(EMSGSIZE);
  drain_writes(session); /* it may be what is to be read now */
  struct request open = {.kind = AVS_REQUEST_OPEN, .written = (const uint8_t *)url, .size = (int64_t)strlen(url)};
  int64_t result = request(session->opener, open, (double)open.size, mode, session->acting);
  if (result < 0) return (int)result;
  if (mode == AVS_OPEN_CHECK || mode == AVS_OPEN_DELETE) return 0;
  *io = find_attached(session, (double)result);
  if (!*io) return AVERROR(EPERM);
  (*io)->nested = true;
  session->nested_open++;
  return 0;
}

/* A muxer goes over an output that it is writing, and that is here. */
static const struct io *memory_written(struct session *session, const char *url) {
  const struct io *output = session->output_io;
  if (output && output->kind == AVS_IO_MEMORY_OUTPUT &&
      !strcmp(url, session->output_url ? session->output_url : ""))
    return output;
  worker_lock(session);
  for (output = session->ios; output; output = output->next)
    if (output->url && !strcmp(url, output->url)) break;
  worker_unlock(session);
  return output;
}

static int open_stand_in(struct session *session, const struct io *output, struct io **io) {
  *io = io_stand_in(session, output);
  return *io ? 0 : AVERROR(ENOMEM);
}

static int delete(struct session *session, const char *url) {
  struct io *none = NULL;
  if (session->opener) ask(session, url, AVS_OPEN_DELETE, &none);
  return (int)session->failed;
}

/* What libavformat calls outputs, so that it takes them for no files of the machine's (mux.c). */
static const char *without_prefix(const char *url) {
  return av_strstart(url, AVIO_PREFIX, &url), url;
}

static const char *without_cipher(const char *url, bool *ciphered) {
  *ciphered = av_strstart(url, "crypto+", &url) || av_strstart(url, "crypto:", &url);
  return url;
}

static const char *option(AVDictionary **options, const char *name) {
  AVDictionaryEntry *entry = options ? av_dict_get(*options, name, NULL, 0) : NULL;
  return entry ? entry->value : NULL;
}

/* Positions stay those of the whole: for http the demuxer expects to be there already, for files it seeks itself. */
static int go_to_offset(struct io *io, const char *offset) {
  int64_t target = offset ? strtoll(offset, NULL, 10) : 0;
  if (target <= 0) return 0;
  int64_t position = avio_seek(io->context, target, SEEK_SET);
  return position < 0 ? (int)position : 0;
}

static int prepare_read(struct io *io, bool ciphered, AVDictionary **options) {
  if (!ciphered) return go_to_offset(io, option(options, "offset"));
  io->decipher = decipher_new(option(options, "key"), option(options, "iv"));
  io->context->seekable = 0;
  return io->decipher ? 0 : AVERROR(EINVAL);
}

static int note_memory(struct io *io, const char *url) {
  if (io->kind != AVS_IO_MEMORY_OUTPUT) return 0;
  io->url = av_strdup(url);
  if (io->url) return 0;
  close_nested(io);
  return AVERROR(ENOMEM);
}

static int open_discarded(struct session *session, bool writes, struct io **io) {
  if (!writes) return AVERROR(EPERM);
  *io = io_discard(session);
  return *io ? 0 : AVERROR(ENOMEM);
}

static int open_nested(struct session *session, const char *url, int flags, AVDictionary **options, struct io **io) {
  bool ciphered, writes = flags & AVIO_FLAG_WRITE;
  if (!session) return AVERROR(EPERM);
  if (session->discarding) return open_discarded(session, writes, io);
  url = without_prefix(without_cipher(without_prefix(url), &ciphered));
  const char *method = option(options, "method");
  if (writes && method && !av_strcasecmp(method, "DELETE")) {
    int result = delete(session, url); /* as http servers are asked to; what comes of it is closed */
    return result < 0 ? result : open_stand_in(session, NULL, io);
  }
  const struct io *written = writes ? NULL : memory_written(session, url);
  if (written) return open_stand_in(session, written, io);
  if (writes && ciphered) {
    log_line(session, AV_LOG_ERROR, "can't encrypt '%.900s': what is written can't be enciphered", url);
    return AVERROR(ENOSYS);
  }
  int result = ask(session, url, writes ? AVS_OPEN_WRITE : AVS_OPEN_READ, io);
  if (result == AVERROR(EPERM)) refuse(session, url);
  if (result < 0) return result;
  if (writes) return note_memory(*io, url);
  result = prepare_read(*io, ciphered, options);
  if (result < 0) close_nested(*io);
  return result;
}

/*
 * JavaScript frees the handle when it answers, and what it has opened. Where it can't be asked any more, or fails, the
 * I/O context goes with the session.
 */
int close_nested(struct io *io) {
  struct session *session = io->session;
  if (io->context->write_flag) avio_flush(io->context);
  int error = io->context->error;
  write_behind_drain(io);
  int64_t result = request(io, (struct request){.kind = AVS_REQUEST_CLOSE}, 0, 0, 0);
  if (result < 0) return (int)result;
  if (!io->context->write_flag) session->read_before += io->transferred;
  else session->written_before += io->end;
  worker_lock(session);
  unlink_io(io);
  session->nested_open--;
  worker_unlock(session);
  io_free(io);
  return error < 0 ? error : 0;
}

/* ---------------------------------------------------------------------------------------- as io_open, io_close2 */

/* flv goes on where it can't go over its output, with the positions that it should have got by that. */
static bool goes_over_output(const AVFormatContext *context) {
  return context->oformat && !(context->oformat->flags & AVFMT_NOFILE);
}

int nested_io_open(AVFormatContext *context, AVIOContext **pb, const char *url, int flags, AVDictionary **options) {
  struct session *session = log_session(); /* some demuxers don't hand down their context's opaque */
  struct io *io = NULL;
  int result = open_nested(session, url, flags, options, &io);
  if (result >= 0) *pb = io->context;
  if (result == AVERROR(EPERM) && session && (flags & AVIO_FLAG_WRITE || goes_over_output(context)))
    session->output_refused = true;
  return result;
}

int nested_io_close(AVFormatContext *context, AVIOContext *pb) {
  (void)context;
  if (!pb) return 0;
  struct io *io = pb->opaque;
  if (io->nested) return close_nested(io);
  if (!io->object.handle) io_free(io); /* a stand-in */
  return 0;
}

/* ---------------------------------------------------------------------------------------- as a protocol */

/* For ffmpeg/protocol_list.c: what gets around io_open in the embedded FFmpeg comes here. */
int avio_nested_open(void **nested, const char *url, int flags, int *can_seek) {
  struct io *io = NULL;
  int result = open_nested(log_session(), url, flags, NULL, &io);
  if (result < 0) return result;
  *nested = io;
  *can_seek = io->context->seekable != 0;
  return 0;
}

int avio_nested_read(void *nested, uint8_t *data, int size) { return io_read(nested, data, size); }
int avio_nested_write(void *nested, const uint8_t *data, int size) {
  struct io *io = nested;
  avio_write(io->context, data, size);
  return io->context->error < 0 ? io->context->error : size;
}
int64_t avio_nested_seek(void *nested, int64_t offset, int whence) { return io_seek(nested, offset, whence); }
int avio_nested_close(void *nested) { return close_nested(nested); }

int avio_nested_check(const char *url) {
  struct session *session = log_session();
  struct io *io = NULL;
  bool ciphered;
  return session ? ask(session, without_cipher(url, &ciphered), AVS_OPEN_CHECK, &io) : AVERROR(EPERM);
}

int avio_nested_delete(const char *url) {
  struct session *session = log_session();
  return session && !session->discarding ? delete(session, without_prefix(url)) : AVERROR(EPERM);
}
