#include "bits.h"

#include <string.h>

/* Headers lie at the beginning. The position of a bit behind so many bytes, of a packet of hundreds of megabytes, is no int. */
struct bits bits_of(const uint8_t *data, int size) {
  enum { LOOKED_AT = 1 << 26 };
  return (struct bits){.data = data, .size = !data ? 0 : size < LOOKED_AT ? size : LOOKED_AT};
}

/* Keeps the position from overflowing. */
static void step(struct bits *bits, int count) {
  enum { FAR = 1 << 30 };
  bits->position = bits->position > FAR - count ? FAR : bits->position + count;
}

unsigned read_bits(struct bits *bits, int count) {
  unsigned value = 0;
  for (; count > 0; count--) {
    int place = bits->position >> 3;
    unsigned bit = place < bits->size ? bits->data[place] >> (7 - (bits->position & 7)) & 1 : 0;
    value = value << 1 | bit;
    step(bits, 1);
  }
  return value;
}

void skip_bits(struct bits *bits, int count) { step(bits, count); }

bool overrun(const struct bits *bits) { return bits->position >> 3 > bits->size || bits->position > (int64_t)bits->size * 8; }

unsigned read_ue(struct bits *bits) {
  int zeros = 0;
  while (zeros < 31 && !overrun(bits) && !read_bit(bits)) zeros++;
  return (1u << zeros) - 1 + read_bits(bits, zeros);
}

int read_se(struct bits *bits) {
  unsigned code = read_ue(bits);
  return code & 1 ? (int)(code / 2 + 1) : -(int)(code / 2);
}

int unescape_nal(uint8_t *out, int capacity, const uint8_t *nal, int size) {
  int zeros = 0, count = 0;
  for (int i = 0; i < size && count < capacity; i++) {
    if (zeros >= 2 && nal[i] == 3) {
      zeros = 0;
      continue;
    }
    zeros = nal[i] ? 0 : zeros + 1;
    out[count++] = nal[i];
  }
  return count;
}

unsigned be16_at(const struct bits *bits, int place) { return byte_at(bits, place) << 8 | byte_at(bits, place + 1); }
unsigned be32_at(const struct bits *bits, int place) { return be16_at(bits, place) << 16 | be16_at(bits, place + 2); }
unsigned le16_at(const struct bits *bits, int place) { return byte_at(bits, place) | byte_at(bits, place + 1) << 8; }
unsigned le32_at(const struct bits *bits, int place) { return le16_at(bits, place) | le16_at(bits, place + 2) << 16; }

bool has_text(const struct bits *bits, int place, const char *text) {
  int length = (int)strlen(text);
  return place >= 0 && place <= bits->size - length && !memcmp(bits->data + place, text, (size_t)length);
}
