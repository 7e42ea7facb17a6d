/*
 * protocol_list.c - the protocols of the embedded FFmpeg, in the place of the file of this name that its configure makes.
 * They are one, which asks the shim (nested.c), and the shim asks JavaScript: no code in the library opens a file or a
 * socket. It has several names because demuxers of playlists look whether a URL's protocol is known before they ask.
 */
#include "libavutil/error.h"
#include "libavformat/url.h"

/* Weak, so that this libavformat can be linked to other programs too. */
extern int avio_nested_open(void **nested, const char *url, int flags, int *can_seek) __attribute__((weak));
extern int avio_nested_read(void *nested, uint8_t *data, int size) __attribute__((weak));
extern int avio_nested_write(void *nested, const uint8_t *data, int size) __attribute__((weak));
extern int64_t avio_nested_seek(void *nested, int64_t offset, int whence) __attribute__((weak));
extern int avio_nested_close(void *nested) __attribute__((weak));
extern int avio_nested_check(const char *url) __attribute__((weak));
extern int avio_nested_delete(const char *url) __attribute__((weak));

struct nested {
  void *io;
};

static int nested_open(URLContext *context, const char *url, int flags, AVDictionary **options) {
  int can_seek = 0;
  int result = avio_nested_open ? avio_nested_open(&((struct nested *)context->priv_data)->io, url, flags, &can_seek)
                                : AVERROR(EPERM);
  context->is_streamed = !can_seek;
  return result;
}

static int nested_read(URLContext *context, unsigned char *data, int size) {
  return avio_nested_read(((struct nested *)context->priv_data)->io, data, size);
}

static int nested_write(URLContext *context, const unsigned char *data, int size) {
  return avio_nested_write(((struct nested *)context->priv_data)->io, data, size);
}

static int64_t nested_seek(URLContext *context, int64_t offset, int whence) {
  return avio_nested_seek(((struct nested *)context->priv_data)->io, offset, whence);
}

static int nested_close(URLContext *context) {
  return avio_nested_close(((struct nested *)context->priv_data)->io);
}

static int nested_check(URLContext *context, int mask) {
  int result = avio_nested_check ? avio_nested_check(context->filename) : AVERROR(EPERM);
  return result < 0 ? result : mask & AVIO_FLAG_READ;
}

static int nested_delete(URLContext *context) {
  return avio_nested_delete ? avio_nested_delete(context->filename) : AVERROR(EPERM);
}

#define NESTED(protocol)                                                                                        \
  {                                                                                                             \
    .name = protocol, .url_open2 = nested_open, .url_read = nested_read, .url_write = nested_write,             \
    .url_seek = nested_seek, .url_close = nested_close, .url_check = nested_check,                              \
    .url_delete = nested_delete, .priv_data_size = sizeof(struct nested),                                       \
  }

static const URLProtocol nested_file = NESTED("file");
static const URLProtocol nested_http = NESTED("http");
static const URLProtocol nested_https = NESTED("https");
static const URLProtocol nested_data = NESTED("data");
static const URLProtocol nested_output = NESTED("avio"); /* AVIO_PREFIX, what outputs are called: dash deletes by it */

static const URLProtocol *const url_protocols[] = {&nested_file, &nested_http,   &nested_https,
                                                   &nested_data, &nested_output, NULL};
