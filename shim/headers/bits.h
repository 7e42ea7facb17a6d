/* floor 4 */
/*
 * bits.h - reads the fields of a header: bits, codes, and numbers at an offset in bytes. Past the end all bits are zero, so
 * readers need no checks: a truncated header does no harm.
 */
#ifndef AVS_HEADERS_BITS_H
#define AVS_HEADERS_BITS_H

#include <stdbool.h>
#include <stdint.h>

struct bits {
  const uint8_t *data;
  int size, position; /* bytes, bits */
};

struct bits bits_of(const uint8_t *data, int size);
unsigned read_bits(struct bits *bits, int count);
static inline bool read_bit(struct bits *bits) { return read_bits(bits, 1); }
void skip_bits(struct bits *bits, int count);
/* Exp-Golomb codes, without and with a sign. */
unsigned read_ue(struct bits *bits);
int read_se(struct bits *bits);
bool overrun(const struct bits *bits);

/* Copies a NAL unit without its emulation prevention bytes; returns the number of bytes. */
int unescape_nal(uint8_t *out, int capacity, const uint8_t *nal, int size);

/* Numbers at an offset in bytes, big-endian and little-endian. */
unsigned be16_at(const struct bits *bits, int place);
unsigned be32_at(const struct bits *bits, int place);
unsigned le16_at(const struct bits *bits, int place);
unsigned le32_at(const struct bits *bits, int place);
static inline unsigned byte_at(const struct bits *bits, int place) {
  return place >= 0 && place < bits->size ? bits->data[place] : 0;
}
/* Whether this text is at that offset. */
bool has_text(const struct bits *bits, int place, const char *text);

#endif
