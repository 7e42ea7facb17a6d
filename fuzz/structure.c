#include "structure.h"

#include <stdbool.h>
#include <string.h>

enum { MAX_PARTS = 2048, MAX_DEPTH = 16, MAX_PIECE = 4096, TS_PACKET = 188 };

enum kind { BOXES, ELEMENTS, CHUNKS, PACKETS, TEXT };

/* A part of the file: its header, whose last bytes are the size, and its body. */
struct part {
  size_t start, body, end;
  int parent; /* -1: the file */
};

static struct {
  uint8_t *data;
  size_t size, max;
  unsigned random;
  enum kind kind;
  struct part parts[MAX_PARTS];
  int count;
} file;

static unsigned next_random(void) {
  file.random ^= file.random << 13;
  file.random ^= file.random >> 17;
  return file.random ^= file.random << 5;
}

static size_t below(size_t limit) { return limit ? next_random() % limit : 0; }

/* ---------------------------------------------------------------------------------------- numbers */

static uint64_t read_big(size_t at, int bytes) {
  uint64_t value = 0;
  for (int i = 0; i < bytes; i++) value = value << 8 | file.data[at + (size_t)i];
  return value;
}

static void write_big(size_t at, int bytes, uint64_t value) {
  for (int i = bytes; i-- > 0; value >>= 8) file.data[at + (size_t)i] = (uint8_t)value;
}

static uint32_t read_little(size_t at) {
  const uint8_t *bytes = file.data + at;
  return bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 | (uint32_t)bytes[3] << 24;
}

static void write_little(size_t at, uint32_t value) {
  for (size_t i = 0; i < 4; i++) file.data[at + i] = (uint8_t)(value >> 8 * i);
}

/* Size of an EBML number in bytes, by its first byte; 0: invalid. */
static int ebml_length(uint8_t first, int max) {
  for (int i = 0; i < max; i++)
    if (first & 0x80 >> i) return i + 1;
  return 0;
}

/* ---------------------------------------------------------------------------------------- finding parts */

static bool is_name(size_t at) {
  for (size_t i = at; i < at + 4; i++)
    if (file.data[i] < 0x20 || (file.data[i] > 0x7e && file.data[i] != 0xa9)) return false;
  return true;
}

/* Reads the part at `at`; false if there is none that ends before `end`. */
static bool read_box(size_t at, size_t end, struct part *part) {
  if (end - at < 8 || !is_name(at + 4)) return false;
  uint64_t size = read_big(at, 4);
  if (size < 8 || size > end - at) return false;
  *part = (struct part){.start = at, .body = at + 8, .end = at + (size_t)size};
  return true;
}

static bool read_chunk(size_t at, size_t end, struct part *part) {
  if (end - at < 8 || !is_name(at)) return false;
  uint32_t size = read_little(at + 4);
  if (end == file.size && size > end - at - 8) size = (uint32_t)(end - at - 8); /* cut off */
  if (size > end - at - 8) return false;
  size_t padded = at + 8 + size + (size & 1);
  *part = (struct part){.start = at, .body = at + 8, .end = padded < end ? padded : end};
  return true;
}

static bool read_element(size_t at, size_t end, struct part *part) {
  int name = end - at < 2 ? 0 : ebml_length(file.data[at], 4);
  if (!name || (size_t)name >= end - at) return false;
  size_t place = at + (size_t)name;
  int bytes = ebml_length(file.data[place], 8);
  if (!bytes || (size_t)bytes > end - place) return false;
  uint64_t max = (UINT64_C(1) << 7 * bytes) - 1, size = read_big(place, bytes) & max;
  size_t body = place + (size_t)bytes;
  if (size == max || size > end - body) size = end - body; /* of unknown size, or cut off */
  *part = (struct part){.start = at, .body = body, .end = body + (size_t)size};
  return true;
}

static bool read_packet(size_t at, size_t end, struct part *part) {
  if (end - at < TS_PACKET || file.data[at] != 0x47) return false;
  *part = (struct part){.start = at, .body = at + 4, .end = at + TS_PACKET};
  return true;
}

/* A line, or a tag with the text after it. */
static bool read_line(size_t at, size_t end, struct part *part) {
  size_t to = at + 1;
  while (to < end && file.data[to] != '<' && file.data[to - 1] != '\n') to++;
  *part = (struct part){.start = at, .body = at, .end = to};
  return true;
}

static bool read_part(size_t at, size_t end, struct part *part) {
  switch (file.kind) {
  case BOXES: return read_box(at, end, part);
  case ELEMENTS: return read_element(at, end, part);
  case CHUNKS: return read_chunk(at, end, part);
  case PACKETS: return read_packet(at, end, part);
  default: return read_line(at, end, part);
  }
}

/* Adds the parts from `at` to `end`; false, and none, if they don't fill that range. */
static bool find_parts(size_t at, size_t end, int parent, int depth) {
  int before = file.count;
  while (at < end && file.count < MAX_PARTS) {
    struct part *part = &file.parts[file.count];
    if (!read_part(at, end, part)) break;
    part->parent = parent;
    at = part->end;
    int own = file.count++;
    bool may_nest = file.kind <= CHUNKS && depth < MAX_DEPTH && part->end - part->body >= 8;
    if (!may_nest) continue;
    static const size_t skipped[] = {0, 4, 8}; /* a version, the name of a list, a count of entries */
    for (size_t i = 0; i < (file.kind == ELEMENTS ? 1 : 3); i++)
      if (find_parts(file.parts[own].body + skipped[i], file.parts[own].end, own, depth + 1)) break;
  }
  if (at >= end || parent < 0) return file.count > before;
  file.count = before;
  return false;
}

static bool is_text(void) {
  size_t look = file.size < 200 ? file.size : 200;
  for (size_t i = 0; i < look; i++)
    if (file.data[i] < 9 || (file.data[i] > 13 && file.data[i] < 32)) return false;
  return look > 8;
}

static bool find_structure(void) {
  struct part first;
  file.count = 0;
  if (file.size < 16) return false;
  if (read_big(0, 4) == 0x1a45dfa3) file.kind = ELEMENTS;
  else if (!memcmp(file.data, "RIFF", 4) || !memcmp(file.data, "RF64", 4)) file.kind = CHUNKS;
  else if (is_text()) file.kind = TEXT;
  else if (read_packet(0, file.size, &first) && (file.size < TS_PACKET * 2 || file.data[TS_PACKET] == 0x47)) file.kind = PACKETS;
  else file.kind = BOXES;
  return find_parts(0, file.size, -1, 0) && file.count > 1;
}

/* ---------------------------------------------------------------------------------------- changing */

/* Changes the sizes of a part and of those around it. */
static void resize_part(const struct part *part, int64_t by) {
  if (file.kind == BOXES) write_big(part->start, 4, read_big(part->start, 4) + (uint64_t)by);
  if (file.kind == CHUNKS) write_little(part->start + 4, read_little(part->start + 4) + (uint32_t)by);
  if (file.kind != ELEMENTS) return;
  size_t place = part->start + (size_t)ebml_length(file.data[part->start], 4);
  int bytes = (int)(part->body - place);
  uint64_t max = (UINT64_C(1) << 7 * bytes) - 1, size = read_big(place, bytes) & max;
  if (size != max) size += (uint64_t)by; /* otherwise it is unknown */
  write_big(place, bytes, (max + 1) | (size < max ? size : max));
}

/* Replaces bytes at an offset inside the part `parent`. */
static bool replace(size_t at, size_t removed, const uint8_t *bytes, size_t added, int parent) {
  if (file.size - removed + added > file.max) return false;
  bool is_right = below(12) != 0;
  for (int i = parent; is_right && i >= 0; i = file.parts[i].parent)
    resize_part(&file.parts[i], (int64_t)added - (int64_t)removed);
  memmove(file.data + at + added, file.data + at + removed, file.size - at - removed);
  memcpy(file.data + at, bytes, added);
  file.size += added - removed;
  return true;
}

static const struct part *any_part(void) { return &file.parts[below((size_t)file.count)]; }

/* A copy of a part, or of its beginning. */
static uint8_t piece[MAX_PIECE];
static size_t copy_part(const struct part *part) {
  size_t size = part->end - part->start;
  if (size > MAX_PIECE) size = MAX_PIECE;
  memcpy(piece, file.data + part->start, size);
  return size;
}

static void remove_part(const struct part *part) { replace(part->start, part->end - part->start, piece, 0, part->parent); }

static void repeat_part(const struct part *part) {
  size_t size = copy_part(part);
  for (size_t n = 1 + below(below(4) ? 3 : 60); n-- > 0;)
    if (!replace(part->start, 0, piece, size, part->parent)) return;
}

/* Inserts the copy before a part, or replaces the part by it. */
static void copy_to(const struct part *part) {
  size_t size = copy_part(any_part());
  replace(part->start, below(2) ? part->end - part->start : 0, piece, size, part->parent);
}

static void cut_body(const struct part *part) {
  size_t size = part->end - part->body, left = below(size + 1);
  replace(part->body + left, size - left, piece, 0, (int)(part - file.parts));
}

static void fill_body(const struct part *part) {
  size_t size = below(below(8) ? 40 : MAX_PIECE);
  memset(piece, below(2) ? 0 : (int)below(256), size);
  size_t at = part->body + below(part->end - part->body + 1);
  replace(at, 0, piece, size, (int)(part - file.parts));
}

static void take_name(const struct part *part) {
  const struct part *other = any_part();
  if (file.kind == BOXES) memmove(file.data + part->start + 4, file.data + other->start + 4, 4);
  else if (file.kind == CHUNKS) memmove(file.data + part->start, file.data + other->start, 4);
  else if (file.kind == PACKETS) memmove(file.data + part->start + 1, file.data + other->start + 1, 3);
  else if (file.kind == ELEMENTS && ebml_length(file.data[part->start], 4) == ebml_length(file.data[other->start], 4))
    memmove(file.data + part->start, file.data + other->start, (size_t)ebml_length(file.data[part->start], 4));
}

static const uint64_t odd[] = {0, 1, 2, 3, 4, 7, 8, 16, 0x7f, 0x80, 0xff, 0x100, 0x7fff, 0x8000, 0xffff, 0xffffff,
                               0x7fffffff, 0x80000000, 0xfffffff0, 0xffffffff, INT64_MAX, UINT64_MAX};
enum { ODD = sizeof(odd) / sizeof(*odd) };

/* Changes one of the numbers in a body, or the size itself. */
static void set_number(const struct part *part) {
  static const int widths[] = {1, 2, 3, 4, 4, 8};
  size_t from = below(4) ? part->body : part->start, size = part->end - from;
  int width = widths[below(6)];
  if ((size_t)width > size) return;
  size_t near = size - (size_t)width + 1 < 48 ? size - (size_t)width + 1 : 48;
  size_t at = from + below(below(3) ? near : size - (size_t)width + 1);
  uint64_t value = below(4) ? odd[below(ODD)] : read_big(at, width) + below(9) - 4;
  if (file.kind == CHUNKS && width == 4) write_little(at, (uint32_t)value);
  else write_big(at, width, value);
}

/* ---------------------------------------------------------------------------------------- text */

static const char *const words[] = {
  "#EXTM3U\n", "#EXTINF:0,\n", "#EXTINF:1e300,\n", "#EXT-X-TARGETDURATION:0\n", "#EXT-X-ENDLIST\n", "#EXT-X-GAP\n",
  "#EXT-X-MEDIA-SEQUENCE:9223372036854775807\n", "#EXT-X-KEY:METHOD=AES-128,URI=\"k\",IV=0x0\n", "#EXT-X-KEY:METHOD=NONE\n",
  "#EXT-X-KEY:METHOD=SAMPLE-AES,URI=\"data:;base64,AAAAAAAAAAAAAAAAAAAAAA==\"\n", "#EXT-X-BYTERANGE:10@0\n",
  "#EXT-X-BYTERANGE:9223372036854775807@9223372036854775807\n", "#EXT-X-MAP:URI=\"m\",BYTERANGE=\"9@0\"\n", "#EXT-X-VERSION:9\n",
  "#EXT-X-STREAM-INF:BANDWIDTH=1,AUDIO=\"a\"\nv.m3u8\n", "#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"a\",NAME=\"a\",URI=\"a\"\n",
  "#EXT-X-START:TIME-OFFSET=-1e9\n", "#EXT-X-DISCONTINUITY\n", "#EXT-X-PLAYLIST-TYPE:EVENT\n", "#EXT-X-I-FRAME-STREAM-INF:URI=\"i\"\n",
  "data:video/mp4;base64,AAAA\n",
  "<SegmentTemplate media=\"$Number$\" startNumber=\"0\" duration=\"0\" timescale=\"0\"/>", "<SegmentTemplate media=\"\"/>",
  "<SegmentTemplate media=\"$Time%099d$\" initialization=\"$RepresentationID$\">", "<SegmentTimeline>",
  "<S t=\"0\" d=\"0\" r=\"-1\"/>", "<S t=\"-9223372036854775808\" d=\"9223372036854775807\" r=\"2147483647\"/>",
  "<SegmentBase indexRange=\"0-9223372036854775807\"><Initialization range=\"0-1\"/></SegmentBase>", "<BaseURL>x</BaseURL>",
  "<SegmentList duration=\"1\"><SegmentURL media=\"x\" mediaRange=\"0-9\"/></SegmentList>", "<Period duration=\"PT0S\" start=\"PT-1S\">",
  "<AdaptationSet contentType=\"audio\">", "<Representation id=\"1\" bandwidth=\"1\">", "</Representation>", "</AdaptationSet>",
  "</Period>", "<MPD type=\"dynamic\" minimumUpdatePeriod=\"PT0S\" availabilityStartTime=\"1970-01-01T00:00:00Z\">",
  "<ContentProtection cenc:default_KID=\"0\"><cenc:pssh>AA==</cenc:pssh></ContentProtection>", "&lt;", "<![CDATA[", "<!--",
  "ffconcat version 1.0\n", "file x\n", "duration 0\n", "duration -1\n", "inpoint 1\n", "outpoint -1\n", "stream\n",
  "exact_stream_id 0x1\n", "file_packet_meta a b\n", "stream_codec h264\n", "stream_extradata 00\n", "option a b\n", "chapter 1 0 1\n",
  "[Events]\n", "Dialogue: 0,0:00:00.00,9:59:59.99,a,b,0,0,0,,x\n", "00:00:00,000 --> 99:59:59,999\n", "WEBVTT\n", "STYLE\n",
  "NOTE\n", "m=video 0 RTP/AVP 96\n", "a=rtpmap:96 H264/90000\n", "a=fmtp:96 sprop-parameter-sets=AA,AA\n", ";FFMETADATA1\n",
  "[CHAPTER]\nTIMEBASE=0/0\nSTART=9\nEND=0\n", "[STREAM]\n", "{0}{9}x\n", "\n", "\r", "\xef\xbb\xbf", "\xff\xfe"};
enum { WORDS = sizeof(words) / sizeof(*words) };

static const char *const values[] = {"0", "-1", "1e300", "nan", "9223372036854775807", "-9223372036854775808", "4294967296",
                                     "0/0", "", "$Number%0999999999d$", "../../x", "PT1e9H", "99:99:99.999"};
enum { VALUES = sizeof(values) / sizeof(*values) };

static void add_words(const struct part *part) {
  const char *added = words[below(WORDS)];
  replace(below(2) ? part->start : part->end, 0, (const uint8_t *)added, strlen(added), -1);
}

static bool ends_value(uint8_t byte) { return byte < 0x21 || strchr("=\":,<>", byte); }

/* Changes a word or a number in a line. */
static void set_value(const struct part *part) {
  size_t at = part->start + below(part->end - part->start), to = at;
  while (at > part->start && !ends_value(file.data[at - 1])) at--;
  while (to < part->end && !ends_value(file.data[to])) to++;
  const char *value = values[below(VALUES)];
  replace(at, to - at, (const uint8_t *)value, strlen(value), -1);
}

static void change_text(const struct part *part) {
  switch (below(6)) {
  case 0: return remove_part(part);
  case 1: return repeat_part(part);
  case 2: return copy_to(part);
  case 3: return add_words(part);
  default: return set_value(part);
  }
}

static void change_part(const struct part *part) {
  switch (below(9)) {
  case 0: return remove_part(part);
  case 1: return repeat_part(part);
  case 2: return copy_to(part);
  case 3: return cut_body(part);
  case 4: return fill_body(part);
  case 5: return take_name(part);
  default: return set_number(part);
  }
}

size_t change_structure(uint8_t *data, size_t size, size_t max, unsigned seed) {
  file.data = data;
  file.size = size;
  file.max = max;
  file.random = seed | 1;
  if (size > max || !find_structure()) return 0;
  for (size_t n = 1 + below(3); n-- > 0 && find_structure();) {
    if (file.kind == TEXT) change_text(any_part());
    else change_part(any_part());
  }
  return file.size;
}
