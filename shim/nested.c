#include "nested.h"

#include <stdlib.h>
#include <string.h>

#include <libavutil/avstring.h>
#include <libavutil/dict.h>

#include "compat.h"
#include "data_url.h"
#include "decipher.h"
#include "io.h"

/*
 * Max nested opens at a time: more than a playlist needs, and few enough that one that opens itself
 * does not overflow the stack.
 */
enum { MAX_OPEN = 100 };

/* The demuxer continues after the missing part. If nothing has been read yet, `lacks` keeps it from waiting for ever. */
static void leave_out(struct channel *channel, const char *url) {
  struct endpoint *endpoint = channel->acting;
  endpoint->missing = true;
  if (!endpoint->delivered) endpoint->lacks = true;
  warn(&channel->log, AVS_WARNING_MISSING, -1, 1, "a part that the source names is missing, and left out",
       "'%.900s' is missing, and left out", url);
}

static void refuse(struct channel *channel, const char *url) {
  struct endpoint *endpoint = channel->acting;
  if (!endpoint->refused_url) endpoint->refused_url = av_strdup(url);
  if (!endpoint->refused_url) channel_fail(channel, AVERROR(ENOMEM)); /* without the name it would count as not refused */
  endpoint->refusals++;
  endpoint->lacks = true;
  log_line(&channel->log, AV_LOG_ERROR, "refused to open '%.900s'", url);
}

/*
 * The I/O context that JavaScript has created for this request. NULL if the answer is another one: an opener, one of the other
 * direction, or one in use, which would be read or freed twice.
 */
static struct io *take_offered(struct channel *channel, double handle, bool writes) {
  struct io *io = io_of(channel, handle);
  if (io && (!io->offered || io->used || io->nested || !(io->flags & AVS_IO_WRITE) == writes)) io = NULL;
  channel_lock(channel);
  for (struct io *other = channel->ios; other; other = other->next) other->offered = false;
  channel_unlock(channel);
  if (!io) log_line(&channel->log, AV_LOG_ERROR, "the answer is not an I/O context that was created for this request");
  return io;
}

/* Makes an open request to JavaScript. AVERROR(EPERM): refused; AVERROR(ENOENT): a part is missing. */
static int ask(struct channel *channel, const char *url, enum avs_open_mode mode, struct io **io) {
  channel->acting->opens++;
  if (!channel->opener || channel->nested_open >= MAX_OPEN) return AVERROR(EPERM);
  if (opening_exceeds(channel->acting, 0, 1)) return AVERROR(EMSGSIZE);
  drain_writes(channel); /* they may be what is to be read now */
  struct request open = {.kind = AVS_REQUEST_OPEN, .written = (const uint8_t *)url, .size = (int64_t)strlen(url)};
  int64_t result = request(channel->opener, open, (double)open.size, mode, channel->acting->direction + 2.0 * channel->acting->number);
  if (result < 0) return (int)result;
  if (mode == AVS_OPEN_CHECK || mode == AVS_OPEN_DELETE) return 0;
  *io = take_offered(channel, (double)result, mode == AVS_OPEN_WRITE);
  if (!*io) return AVERROR(EPERM);
  (*io)->nested = true;
  if (mode != AVS_OPEN_WRITE) io_rebase(*io, avio_tell((*io)->context)); /* its present position is its beginning */
  channel->nested_open++;
  return 0;
}

/* The memory output with this URL, if a muxer reads again what it is writing; NULL: none. Never for an input. */
static const struct io *memory_written(struct channel *channel, const char *url) {
  const struct endpoint *endpoint = channel->acting;
  if (endpoint->direction != AVS_OUTPUT) return NULL;
  const struct io *output = endpoint->io;
  if (output && output->kind == AVS_IO_MEMORY_OUTPUT && !strcmp(url, endpoint->url ? endpoint->url : "")) return output;
  channel_lock(channel);
  for (output = channel->ios; output; output = output->next)
    if (output->url && !strcmp(url, output->url)) break;
  channel_unlock(channel);
  return output;
}

static int open_stand_in(struct channel *channel, const struct io *output, struct io **io) {
  *io = io_stand_in(channel, output);
  return *io ? 0 : AVERROR(ENOMEM);
}

/* A data: URL needs no permission of JavaScript. Outside the embedded FFmpeg, hls truncates lines to so many bytes. */
static int open_data(struct channel *channel, const char *url, struct io **io) {
  enum { CUT = 4095 - 5 };
  channel->acting->opens++;
  if (opening_exceeds(channel->acting, 0, 1)) return AVERROR(EMSGSIZE);
  if (!EMBEDDED && strlen(url) == CUT) {
    log_line(&channel->log, AV_LOG_ERROR, "a data: URL in a playlist has more than 4,095 bytes: libavformat truncates it");
    channel_fail(channel, AVERROR(EMSGSIZE));
    return AVERROR(EMSGSIZE);
  }
  uint8_t *bytes;
  int size = data_url_decode(url, &bytes);
  if (size < 0) return size;
  *io = io_over_bytes(channel, bytes, (size_t)size);
  av_free(bytes);
  return *io ? 0 : AVERROR(ENOMEM);
}

static int open_discarded(struct channel *channel, bool writes, struct io **io) {
  if (!writes) return AVERROR(EPERM);
  *io = io_discard(channel);
  return *io ? 0 : AVERROR(ENOMEM);
}

static int delete(struct channel *channel, const char *url) {
  struct io *none = NULL;
  if (channel->opener) ask(channel, url, AVS_OPEN_DELETE, &none);
  return (int)channel->failed;
}

/* Removes the prefix of outputs' URLs (log.h). */
static const char *without_prefix(const char *url) {
  return av_strstart(url, AVIO_PREFIX, &url), url;
}

static const char *without_cipher(const char *url, bool *ciphered) {
  *ciphered = av_strstart(url, "crypto+", &url) || av_strstart(url, "crypto:", &url);
  return url;
}

/* The URL as JavaScript knows it. */
static const char *name_of(const char *url, bool *ciphered) {
  return without_prefix(without_cipher(without_prefix(url), ciphered));
}

static const char *option(AVDictionary **options, const char *name) {
  AVDictionaryEntry *entry = options ? av_dict_get(*options, name, NULL, 0) : NULL;
  return entry ? entry->value : NULL;
}

/* A position or a size; `otherwise` if the option is not set or not positive. */
static int64_t number_option(AVDictionary **options, const char *name, int64_t otherwise) {
  const char *value = option(options, name);
  int64_t number = value ? strtoll(value, NULL, 10) : 0;
  return number > 0 ? number : otherwise;
}

/* Positions stay those of the whole file: for http the demuxer expects to be at `offset` already, in files it seeks itself. */
static int go_to(struct io *io, int64_t offset) {
  int64_t position = offset ? avio_seek(io->context, offset, SEEK_SET) : 0;
  return position < 0 ? (int)position : 0;
}

/* Seeks without the AVIOContext, whose buffer gets decrypted bytes only. */
static int go_to_enciphered(struct io *io, int64_t offset) {
  if (io->flags & AVS_IO_SEEK || io->kind != AVS_IO_CALLBACKS) {
    int64_t position = io_seek(io, offset, SEEK_SET);
    return position < 0 ? (int)position : 0;
  }
  uint8_t skipped[4096];
  while (offset > 0) {
    int size = io_read(io, skipped, offset < (int64_t)sizeof(skipped) ? (int)offset : (int)sizeof(skipped));
    if (size < 0) return size;
    offset -= size;
  }
  return 0;
}

/*
 * As in libavformat's "crypto" over http: `offset` and `end_offset` are positions in the encrypted file, and each such range is
 * encrypted separately. Its first byte has the position `offset`, so that a demuxer that seeks there, as in a plain file, is
 * there already.
 */
static int prepare_deciphering(struct io *io, AVDictionary **options) {
  int64_t offset = number_option(options, "offset", 0), end = number_option(options, "end_offset", INT64_MAX);
  io->context->seekable = 0;
  if (end < offset) return AVERROR(EINVAL);
  int result = decipher_new(option(options, "key"), option(options, "iv"), end - offset, &io->decipher);
  if (result >= 0 && offset) result = go_to_enciphered(io, offset);
  io->context->pos += offset;
  return result;
}

static int prepare_read(struct io *io, bool ciphered, AVDictionary **options) {
  return ciphered ? prepare_deciphering(io, options) : go_to(io, number_option(options, "offset", 0));
}

static int note_memory(struct io *io, const char *url) {
  if (io->kind != AVS_IO_MEMORY_OUTPUT) return 0;
  io->url = av_strdup(url);
  if (io->url) return 0;
  close_nested(io);
  return AVERROR(ENOMEM);
}

static int open_to_read(struct channel *channel, const char *url, enum avs_open_mode mode, struct io **io) {
  const char *data;
  if (av_stristart(url, "data:", &data)) return open_data(channel, data, io);
  int result = ask(channel, url, mode, io);
  if (result == AVERROR(ENOENT) && mode == AVS_OPEN_PART) leave_out(channel, url);
  return result;
}

static int close_opened(struct io *io);

static int try_open(struct channel *channel, const char *url, int flags, enum avs_open_mode mode,
                    AVDictionary **options, struct io **io) {
  bool ciphered, writes = flags & AVIO_FLAG_WRITE;
  if (channel->acting->discards) return open_discarded(channel, writes, io);
  url = name_of(url, &ciphered);
  /* A segment that its playlist declares a gap (hls-skip-gaps-9.patch): it is not there, so nobody is asked for it. */
  if (option(options, "gap")) return leave_out(channel, url), AVERROR(ENOENT);
  const char *method = option(options, "method");
  if (writes && method && !av_strcasecmp(method, "DELETE")) {
    int result = delete(channel, url); /* as by the HTTP method; what the muxer writes is discarded */
    return result < 0 ? result : open_discarded(channel, writes, io);
  }
  const struct io *written = writes ? NULL : memory_written(channel, url);
  if (written) return open_stand_in(channel, written, io);
  if (writes && ciphered) {
    log_line(&channel->log, AV_LOG_ERROR, "can't encrypt '%.900s': outputs can't be encrypted", url);
    return AVERROR(ENOSYS);
  }
  int result = writes ? ask(channel, url, AVS_OPEN_WRITE, io) : open_to_read(channel, url, mode, io);
  if (result == AVERROR(EPERM)) refuse(channel, url);
  if (result < 0) return result;
  if (writes) return note_memory(*io, url);
  result = prepare_read(*io, ciphered, options);
  if (result < 0) close_opened(*io);
  return result;
}

/*
 * `mode`: how it is opened if it is read. libavformat goes on without a segment that can't be opened: a lack of memory is an
 * error of the session.
 */
static int open_nested(struct channel *channel, const char *url, int flags, enum avs_open_mode mode,
                       AVDictionary **options, struct io **io) {
  if (!channel) return AVERROR(EPERM);
  int result = try_open(channel, url, flags, mode, options, io);
  if (result == AVERROR(ENOMEM)) channel_fail(channel, result);
  return result;
}

/* Counts the bytes for the input or output that had opened it. */
static void note_closed(struct io *io) {
  struct endpoint *endpoint = io->channel->acting;
  bool is_output = endpoint->direction == AVS_OUTPUT, is_written = io->context->write_flag;
  /* What a muxer reads of its own output does not count. */
  if (is_output == is_written) endpoint->nested_bytes += is_written ? io->end : io->transferred;
}

/*
 * When JavaScript answers, it closes what it has opened, and the handle is freed. If no request can be made any more, or if it
 * fails, the I/O context is freed with the session.
 */
int close_nested(struct io *io) {
  struct channel *channel = io->channel;
  if (io->context->write_flag) avio_flush(io->context);
  int error = io->context->error;
  behind_drain(io);
  channel_lock(channel);
  if (io->request.ahead) request_forget(io); /* a pending prefetch is not waited for */
  channel_unlock(channel);
  int64_t result = request(io, (struct request){.kind = AVS_REQUEST_CLOSE}, 0, 0, 0);
  if (result < 0) return (int)result;
  note_closed(io);
  channel_lock(channel);
  io_unlink(io);
  channel->nested_open--;
  channel_unlock(channel);
  io_free(io);
  return error < 0 ? error : 0;
}

/* Closes only what libavformat has opened, not the I/O context that it was given. */
static int close_opened(struct io *io) {
  if (io->nested) return close_nested(io);
  if (io->stands_in) io_free(io);
  return 0;
}

/* ---------------------------------------------------------------------------------------- as io_open, io_close2 */

/* If flv can't open its output again to read it, it continues, with wrong positions in the file. */
static bool goes_over_output(const AVFormatContext *context) {
  return context->oformat && !(context->oformat->flags & AVFMT_NOFILE);
}

/* These demuxers skip a segment that can't be opened; all others end there. */
static enum avs_open_mode reading_mode(const struct channel *channel, const AVFormatContext *context) {
  bool passes = context->iformat && av_match_name(context->iformat->name, "hls,dash");
  return passes && !channel->acting->strict ? AVS_OPEN_PART : AVS_OPEN_READ;
}

int nested_io_open(AVFormatContext *context, AVIOContext **pb, const char *url, int flags, AVDictionary **options) {
  if (!url) return AVERROR(EINVAL); /* a muxer may have no name for a file */
  struct channel *channel = channel_current();
  struct io *io = NULL;
  enum avs_open_mode mode = channel ? reading_mode(channel, context) : AVS_OPEN_READ;
  int result = open_nested(channel, url, flags, mode, options, &io);
  if (result >= 0) *pb = io->context;
  if (result == AVERROR(EPERM) && channel && (flags & AVIO_FLAG_WRITE || goes_over_output(context)))
    channel->acting->open_refused = true;
  return result;
}

int nested_io_close(AVFormatContext *context, AVIOContext *pb) {
  (void)context;
  return pb ? close_opened(pb->opaque) : 0;
}

/* ---------------------------------------------------------------------------------------- as a protocol */

int avio_nested_open(void **nested, const char *url, int flags, int *can_seek) {
  struct io *io = NULL;
  int result = open_nested(channel_current(), url, flags, AVS_OPEN_READ, NULL, &io);
  if (result < 0) return result;
  *nested = io;
  *can_seek = io->context->seekable != 0;
  return 0;
}

int avio_nested_read(void *nested, uint8_t *data, int size) {
  struct io *io = nested;
  return io->context->write_flag ? AVERROR(EINVAL) : io_read(io, data, size);
}

int avio_nested_write(void *nested, const uint8_t *data, int size) {
  struct io *io = nested;
  if (!io->context->write_flag) return AVERROR(EINVAL); /* avio_write() would loop for ever */
  avio_write(io->context, data, size);
  return io->context->error < 0 ? io->context->error : size;
}

/* Flushes first: buffered bytes belong to the old position. */
int64_t avio_nested_seek(void *nested, int64_t offset, int whence) {
  struct io *io = nested;
  if (!io->context->write_flag) return io_seek(io, offset, whence);
  avio_flush(io->context);
  if (io->context->error < 0) return io->context->error;
  int64_t position = io_seek(io, offset, whence);
  if (position >= 0 && !(whence & AVSEEK_SIZE)) io->context->pos = position;
  return position;
}

int avio_nested_close(void *nested) { return close_opened(nested); }

int avio_nested_check(const char *url) {
  struct channel *channel = channel_current();
  struct io *io = NULL;
  bool ciphered;
  return channel ? ask(channel, name_of(url, &ciphered), AVS_OPEN_CHECK, &io) : AVERROR(EPERM);
}

int avio_nested_delete(const char *url) {
  struct channel *channel = channel_current();
  bool ciphered;
  return channel && !channel->acting->discards ? delete(channel, name_of(url, &ciphered)) : AVERROR(EPERM);
}
