#include "decipher.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <libavutil/aes.h>
#include <libavutil/error.h>
#include <libavutil/mem.h>

#include "io.h"

enum { BLOCK = 16, BUFFER = 32 * 1024 };

struct decipher {
  struct AVAES *aes;
  uint8_t vector[BLOCK];
  uint8_t raw[BUFFER], plain[BUFFER];
  size_t raw_size, plain_start, plain_size;
  int64_t left; /* bytes to take from the device */
  bool ended;
};

static int hex_digit(char digit) {
  if (digit >= '0' && digit <= '9') return digit - '0';
  digit |= 0x20;
  return digit >= 'a' && digit <= 'f' ? digit - 'a' + 10 : -1;
}

static bool from_hex(const char *text, uint8_t out[BLOCK]) {
  if (!text || strlen(text) != 2 * BLOCK) return false;
  for (int i = 0; i < BLOCK; i++) {
    int high = hex_digit(text[2 * i]), low = hex_digit(text[2 * i + 1]);
    if (high < 0 || low < 0) return false;
    out[i] = (uint8_t)(high << 4 | low);
  }
  return true;
}

int decipher_new(const char *key, const char *vector, int64_t size, struct decipher **decipher) {
  uint8_t bytes[BLOCK], start[BLOCK];
  if (!from_hex(key, bytes) || !from_hex(vector, start)) return AVERROR(EINVAL);
  struct decipher *made = *decipher = calloc(1, sizeof(*made));
  if (!made) return AVERROR(ENOMEM);
  made->left = size;
  memcpy(made->vector, start, sizeof(start));
  made->aes = av_aes_alloc();
  return made->aes ? av_aes_init(made->aes, bytes, 8 * BLOCK, 1) : AVERROR(ENOMEM);
}

void decipher_free(struct decipher *decipher) {
  if (!decipher) return;
  av_free(decipher->aes);
  free(decipher);
}

/* The last block has the padding: it is kept back until it is known to be the last. */
static void decipher_blocks(struct decipher *decipher) {
  size_t usable = decipher->ended || !decipher->raw_size ? decipher->raw_size : decipher->raw_size - 1;
  size_t blocks = usable / BLOCK, size = blocks * BLOCK;
  av_aes_crypt(decipher->aes, decipher->plain, decipher->raw, (int)blocks, decipher->vector, 1);
  decipher->raw_size -= size;
  memmove(decipher->raw, decipher->raw + size, decipher->raw_size);
  decipher->plain_start = 0;
  decipher->plain_size = size;
  if (!decipher->ended || !size) return;
  size_t padding = decipher->plain[size - 1];
  if (padding >= 1 && padding <= BLOCK) decipher->plain_size -= padding;
}

/* The encrypted part ends after its size, or at the end of the device. */
static int fill(struct decipher *decipher, struct io *io) {
  int64_t size = (int64_t)(BUFFER - decipher->raw_size);
  if (size > decipher->left) size = decipher->left;
  int result = size > 0 ? io_read(io, decipher->raw + decipher->raw_size, (int)size) : AVERROR_EOF;
  if (result < 0 && result != AVERROR_EOF) return result;
  if (result > 0) {
    decipher->raw_size += (size_t)result;
    decipher->left -= result;
  }
  decipher->ended = result == AVERROR_EOF || !decipher->left;
  return 0;
}

int decipher_read(struct decipher *decipher, struct io *io, uint8_t *out, int size) {
  while (decipher->plain_start == decipher->plain_size) {
    if (decipher->ended) return AVERROR_EOF;
    int result = fill(decipher, io);
    if (result < 0) return result;
    decipher_blocks(decipher);
  }
  size_t left = decipher->plain_size - decipher->plain_start;
  if ((size_t)size > left) size = (int)left;
  memcpy(out, decipher->plain + decipher->plain_start, (size_t)size);
  decipher->plain_start += (size_t)size;
  return size;
}
