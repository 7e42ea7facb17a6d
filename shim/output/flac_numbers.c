#include "flac_numbers.h"

#include <stdbool.h>
#include <string.h>

#include <libavutil/common.h>
#include <libavutil/crc.h>
#include <libavutil/intreadwrite.h>

#include "../headers/flac_frame.h"

enum { STREAMINFO = 34, SMALLEST_BLOCK = 16 };

/* libavutil has it with its bytes swapped. */
static uint32_t crc16(const uint8_t *data, int size) { return av_crc(av_crc_get_table(AV_CRC_16_ANSI), 0, data, (size_t)size); }

/* Returns its size. */
static int write_number(uint8_t *out, int64_t number) {
  if (number < 0x80) return *out = (uint8_t)number, 1;
  int size = 2;
  while (size < 7 && number >> (5 * size + 1)) size++;
  for (int i = size - 1; i > 0; i--, number >>= 6) out[i] = (uint8_t)(0x80 | (number & 0x3f));
  *out = (uint8_t)(0xff00 >> size | number);
  return size;
}

/* ---------------------------------------------------------------------------------------- new numbers */

static int replace_number(AVPacket *packet, const struct flac_frame *frame, int64_t number, bool counts_samples) {
  uint8_t coded[7];
  int number_size = write_number(coded, number), header = frame->size - frame->number_size + number_size;
  int size = packet->size - frame->number_size + number_size, behind = FLAC_NUMBER_AT + number_size;
  AVBufferRef *buffer = av_buffer_allocz((size_t)size + AV_INPUT_BUFFER_PADDING_SIZE);
  if (!buffer) return AVERROR(ENOMEM);
  uint8_t *data = buffer->data;
  memcpy(data, packet->data, FLAC_NUMBER_AT);
  data[1] = (uint8_t)((data[1] & 0xfe) | counts_samples);
  memcpy(data + FLAC_NUMBER_AT, coded, (size_t)number_size);
  memcpy(data + behind, packet->data + FLAC_NUMBER_AT + frame->number_size, (size_t)(size - behind));
  data[header] = flac_crc8(data, header);
  AV_WL16(data + size - FLAC_FOOTER, crc16(data, size - FLAC_FOOTER));
  av_buffer_unref(&packet->buf);
  packet->buf = buffer;
  packet->data = data;
  packet->size = size;
  return 0;
}

static bool is_zero(const uint8_t *data, int size) {
  while (size > 0 && !*data) data++, size--;
  return !size;
}

/* `format/file_extradata.ts` clears the sizes of frames and the checksum, and for joined files sets the smallest block. */
static int mode_of(const AVStream *stream, const AVPacket *packet, const struct flac_frame *first) {
  const AVCodecParameters *parameters = stream->codecpar;
  const uint8_t *info = parameters->extradata;
  if (parameters->codec_id != AV_CODEC_ID_FLAC || parameters->extradata_size != STREAMINFO) return FLAC_KEPT;
  if (!is_zero(info + 4, 6) || !is_zero(info + 18, 16)) return FLAC_KEPT;
  AVRational samples = {1, FFMAX(parameters->sample_rate, 1)};
  int64_t begin = packet->pts == AV_NOPTS_VALUE ? 0 : av_rescale_q(packet->pts, stream->time_base, samples);
  if (begin >= first->samples) return FLAC_KEPT; /* the times of the source are kept */
  if (AV_RB16(info) == SMALLEST_BLOCK || first->counts_samples) return FLAC_COUNTS_SAMPLES;
  return AV_RB16(info) == AV_RB16(info + 2) ? FLAC_COUNTS_FRAMES : FLAC_KEPT; /* else old files count samples and don't say so */
}

/* Removes an ID3v1 tag behind the last frame, which raw FLAC's demuxer delivers as a part of it. False if the frame is damaged. */
static bool cut_to_frame(AVPacket *packet) {
  enum { TAG = 128 };
  if (!crc16(packet->data, packet->size)) return true;
  int size = packet->size - TAG;
  if (size <= 0 || memcmp(packet->data + size, "TAG", 3) || crc16(packet->data, size)) return false;
  av_shrink_packet(packet, size);
  return true;
}

int flac_renumber(struct flac_numbers *numbers, const AVStream *stream, AVPacket *packet) {
  struct flac_frame frame;
  if (numbers->mode == FLAC_KEPT || !read_flac_frame(&frame, packet->data, packet->size)) return 0;
  if (numbers->mode == FLAC_UNDECIDED) numbers->mode = mode_of(stream, packet, &frame);
  if (numbers->mode == FLAC_KEPT) return 0;
  bool counts_samples = numbers->mode == FLAC_COUNTS_SAMPLES;
  int64_t number = numbers->next;
  numbers->next += counts_samples ? frame.samples : 1;
  bool is_right = frame.number == number && frame.counts_samples == counts_samples;
  if (!cut_to_frame(packet) || is_right) return 0; /* with another checksum, damage could not be found any more */
  return replace_number(packet, &frame, number, counts_samples);
}
