#include "hidden.h"

#include <string.h>

#include <libavcodec/avcodec.h>
#include <libavutil/avstring.h>
#include <libavutil/intreadwrite.h>

#include "../io.h"
#include "../streams.h"

static bool is_mp4(const AVFormatContext *context) { return !strncmp(context->iformat->name, "mov,", 4); }

int64_t first_behind(const AVFormatContext *context) {
  if (!context->pb || context->pb->seekable || !is_mp4(context)) return -1;
  for (unsigned i = 0; i < context->nb_streams; i++) {
    const AVIndexEntry *first = avformat_index_get_entry(context->streams[i], 0);
    if (first && first->pos < avio_tell(context->pb)) return first->pos;
  }
  return -1;
}

/*
 * If no parser can find the end of a picture, the demuxer reads as many bytes as the source's size,
 * which needs a seekable one.
 */
static bool is_read_by_size(const AVFormatContext *context) {
  if (context->nb_streams != 1) return false;
  if (!strcmp(context->iformat->name, "image2")) return true; /* opened by the name of a picture */
  const char *kind = strrchr(context->iformat->name, '_');
  if (!kind || strcmp(kind, "_pipe")) return false;
  AVCodecParserContext *parser = av_parser_init((int)context->streams[0]->codecpar->codec_id);
  av_parser_close(parser);
  return !parser;
}

/* Formats with tags or tables at the end, or whose headers are searched first; they are not used for live streams. */
static bool is_read_from_both_ends(const AVFormatContext *context) {
  return av_match_name(context->iformat->name, "aa,ape,ico,iff,wv,dsf,mpc,mpc8,tak,tta,mxf");
}

/* For example Matroska whose tracks come after its packets. */
static bool lacks_streams(const AVFormatContext *context) {
  return !context->nb_streams && !(context->ctx_flags & AVFMTCTX_NOHEADER);
}

/* ---------------------------------------------------------------------------------------- mp4 */

/* The end of the last packet in the index, -1 if there is none. */
static int64_t end_of_index(const AVFormatContext *context) {
  int64_t end = -1;
  for (unsigned i = 0; i < context->nb_streams; i++) {
    int count = avformat_index_get_entries_count(context->streams[i]);
    for (int n = 0; n < count && end <= MAX_KEPT; n++) {
      const AVIndexEntry *entry = avformat_index_get_entry(context->streams[i], n);
      end = FFMAX(end, av_sat_add64(entry->pos, entry->size));
    }
  }
  return end;
}

static bool has_chapter_track(const AVFormatContext *context) {
  for (unsigned i = 0; i < context->nb_streams; i++)
    if (context->streams[i]->codecpar->codec_id == AV_CODEC_ID_MOV_TEXT) return true;
  return false;
}

static int64_t time_of(const AVStream *stream, const AVIndexEntry *entry) {
  return av_rescale_q(entry->timestamp, stream->time_base, AV_TIME_BASE_Q);
}

/*
 * The mov demuxer delivers packets in the order of the file, but from a seekable source it jumps to another stream that is
 * more than a second behind. Whether there are no such jumps.
 */
static bool is_interleaved(const AVFormatContext *context) {
  enum { STREAMS = 64, PACKETS = 100000 }; /* limits: the time is the product of both */
  int next[STREAMS] = {0};
  if (context->nb_streams > STREAMS) return false;
  for (int packets = 0; packets < PACKETS; packets++) {
    int first = -1;
    const AVIndexEntry *nearest = NULL;
    int64_t earliest = INT64_MAX;
    for (unsigned i = 0; i < context->nb_streams; i++) {
      const AVIndexEntry *entry = avformat_index_get_entry(context->streams[i], next[i]);
      if (!entry) continue;
      earliest = FFMIN(earliest, time_of(context->streams[i], entry));
      if (nearest && nearest->pos <= entry->pos) continue;
      nearest = entry;
      first = (int)i;
    }
    if (!nearest) return true;
    if (av_sat_sub64(time_of(context->streams[first], nearest), earliest) > AV_TIME_BASE) return false;
    next[first]++;
  }
  return false;
}

static bool is_other_mp4(const AVFormatContext *context) {
  int64_t end = is_mp4(context) ? end_of_index(context) : -1;
  return end > 0 && end <= MAX_KEPT && (has_chapter_track(context) || !is_interleaved(context));
}

/* ---------------------------------------------------------------------------------------- tags and covers at the end */

/* Whether a WAV or AIFF file has chunks after the samples. */
static bool has_chunks_behind(const struct input *input) {
  const uint8_t *bytes = input->first;
  bool is_wav = !strcmp(input->context->iformat->name, "wav") && !memcmp(bytes, "RIFF", 4);
  bool is_aiff = !strcmp(input->context->iformat->name, "aiff") && !memcmp(bytes, "FORM", 4);
  if (!is_wav && !is_aiff) return false;
  int64_t whole = (int64_t)(is_wav ? AV_RL32(bytes + 4) : AV_RB32(bytes + 4)) + 8;
  for (int64_t at = 12; at + 8 <= (int64_t)input->first_size;) {
    int64_t size = is_wav ? AV_RL32(bytes + at + 4) : AV_RB32(bytes + at + 4), end = at + 8 + size + (size & 1);
    if (!memcmp(bytes + at, is_wav ? "data" : "SSND", 4)) return whole <= MAX_KEPT && end + 8 < whole;
    at = end;
  }
  return false;
}

/* Whether Matroska's SeekHead lists attachments, and none has been read. */
static bool lacks_attachments(const struct input *input) {
  static const uint8_t name[] = {0x53, 0xab, 0x84, 0x19, 0x41, 0xa4, 0x69};
  const AVFormatContext *context = input->context;
  if (strncmp(context->iformat->name, "matroska", 8)) return false;
  for (unsigned i = 0; i < context->nb_streams; i++) {
    const AVStream *stream = context->streams[i];
    if (stream->codecpar->codec_type == AVMEDIA_TYPE_ATTACHMENT || is_picture(stream)) return false;
  }
  for (size_t at = 0; at + sizeof(name) <= input->first_size; at++)
    if (!memcmp(input->first + at, name, sizeof(name))) return true;
  return false;
}

/* Where the first cluster begins, or where reading has come if none has been read. */
static int64_t first_cluster(const AVFormatContext *context) {
  int64_t first = avio_tell(context->pb);
  for (unsigned i = 0; i < context->nb_streams; i++) {
    const AVIndexEntry *entry = avformat_index_get_entry(context->streams[i], 0);
    if (entry && entry->pos >= 0) first = FFMIN(first, entry->pos);
  }
  return first;
}

/* A number of so many bytes; -1: it is cut off. */
static int64_t number_of(const uint8_t *bytes, const uint8_t *end, int length) {
  int64_t value = 0;
  if (length < 1 || length > 7 || end - bytes < length) return -1;
  for (int i = 0; i < length; i++) value = value << 8 | bytes[i];
  return value;
}

/* Where the element with this ID is in the segment, by an entry of the SeekHead; -1: it is in none. */
static int64_t listed_place(const struct input *input, const uint8_t *id) {
  enum { ID = 4, ENTRY = 3 + ID + 3 };
  const uint8_t *end = input->first + input->first_size;
  for (const uint8_t *at = input->first; end - at > ENTRY; at++) {
    bool is_entry = at[0] == 0x53 && at[1] == 0xab && at[2] == 0x84 && !memcmp(at + 3, id, ID) && at[7] == 0x53 && at[8] == 0xac;
    if (is_entry) return number_of(at + ENTRY, end, at[9] & 0x7f);
  }
  return -1;
}

/* Where the content of Matroska's segment begins, and how long it is; false: that is not stated, as in live streams. */
static bool find_segment(const struct input *input, int64_t *begin, int64_t *size) {
  static const uint8_t id[] = {0x18, 0x53, 0x80, 0x67};
  const uint8_t *end = input->first + input->first_size;
  for (const uint8_t *at = input->first; end - at > 12; at++) {
    if (memcmp(at, id, sizeof(id))) continue;
    int length = 1;
    while (length < 8 && !(at[4] & 0x80 >> (length - 1))) length++;
    uint64_t unknown = (UINT64_C(1) << 7 * length) - 1, value = AV_RB64(at + 4) >> (64 - 8 * length) & unknown;
    *begin = at + 4 + length - input->first;
    *size = (int64_t)value;
    return value != unknown;
  }
  return false;
}

/* Whether Matroska's SeekHead lists tags or chapters behind its packets. They are read of short files, as those of WAV are. */
static bool has_tags_behind(const struct input *input) {
  static const uint8_t ids[][4] = {{0x12, 0x54, 0xc3, 0x67}, {0x10, 0x43, 0xa7, 0x70}};
  const AVFormatContext *context = input->context;
  int64_t begin = 0, size = 0;
  if (strncmp(context->iformat->name, "matroska", 8) || !find_segment(input, &begin, &size) || size > MAX_KEPT) return false;
  for (size_t i = 0; i < sizeof(ids) / sizeof(*ids); i++) {
    int64_t place = listed_place(input, ids[i]);
    if (place >= 0 && place < size && begin + place > first_cluster(context)) return true;
  }
  return false;
}

bool hides_something(const struct input *input) {
  const AVFormatContext *context = input->context;
  return first_behind(context) >= 0 || is_read_by_size(context) || is_read_from_both_ends(context) || lacks_streams(context) ||
         is_other_mp4(context) || has_chunks_behind(input) || lacks_attachments(input) || has_tags_behind(input);
}
