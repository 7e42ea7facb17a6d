#include "flac_frame.h"

#include <libavutil/crc.h>
#include <libavutil/intreadwrite.h>

uint8_t flac_crc8(const uint8_t *data, int size) { return (uint8_t)av_crc(av_crc_get_table(AV_CRC_8_ATM), 0, data, (size_t)size); }

/* The bytes of a number that is coded as UTF-8 codes characters, by its first one; 0: it is none. */
static int size_of_number(uint8_t first) {
  int ones = 0;
  while (ones < 8 && first & 0x80 >> ones) ones++;
  return !ones ? 1 : ones == 1 || ones == 8 ? 0 : ones;
}

static int64_t read_number(const uint8_t *data, int size) {
  int64_t number = size == 1 ? *data : *data & 0x7f >> size;
  for (int i = 1; i < size; i++) number = number << 6 | (data[i] & 0x3f);
  return number;
}

/* The samples of a frame whose header has that code for them, and perhaps their number behind that of the frame; 0: unknown. */
static int samples_of(int code, const uint8_t *behind) {
  switch (code) {
  case 0: return 0;
  case 1: return 192;
  case 6: return *behind + 1;
  case 7: return AV_RB16(behind) + 1;
  default: return code < 6 ? 576 << (code - 2) : 256 << (code - 8);
  }
}

bool read_flac_frame(struct flac_frame *frame, const uint8_t *data, int size) {
  enum { LEAST_BEHIND = 4 }; /* a checksum, a subframe, the footer */
  if (size < FLAC_NUMBER_AT + 1 + LEAST_BEHIND || (AV_RB16(data) & 0xfffe) != 0xfff8) return false;
  int block = data[2] >> 4, rate = data[2] & 15;
  frame->counts_samples = data[1] & 1;
  frame->number_size = size_of_number(data[FLAC_NUMBER_AT]);
  if (!frame->number_size || size < FLAC_NUMBER_AT + frame->number_size + LEAST_BEHIND) return false;
  frame->number = read_number(data + FLAC_NUMBER_AT, frame->number_size);
  frame->samples = samples_of(block, data + FLAC_NUMBER_AT + frame->number_size);
  frame->size = FLAC_NUMBER_AT + frame->number_size + (block == 6 ? 1 : block == 7 ? 2 : 0) + (rate == 12 ? 1 : rate == 13 || rate == 14 ? 2 : 0);
  return frame->samples && frame->size + 1 + FLAC_FOOTER < size && flac_crc8(data, frame->size) == data[frame->size];
}
