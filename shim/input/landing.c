#include "landing.h"

#include <string.h>

#include <libavcodec/avcodec.h>
#include <libavutil/avstring.h>

#include "../account.h"
#include "../streams.h"
#include "input.h"
#include "seek.h"

/* Limits of a search; beyond them the result of libavformat's own seek is used. */
enum { MAX_STEPS = 16, MAX_PACKETS = 100000, MAX_BYTES = 32 * 1024 * 1024 };

/* If a demuxer only counts or estimates times, key frames up to this offset are found by reading from the beginning. */
enum { MAX_COUNTED = 8 * 1024 * 1024 };

/* ---------------------------------------------------------------------------------------- one search */

struct search {
  struct session *session;
  int stream;
  int64_t target, beginning; /* in the time base of the stream */
  int warm_up;               /* packets of the stream, or pages, that must be read before the key frame so that its times are right */
  int64_t bytes, max_kept;   /* bytes read so far, and the maximum that is kept */
  int packets;
  bool is_ahead; /* it can't go back: it reads on, without limits */
};

/* Going to the beginning may replace the context. */
static AVFormatContext *input_of(const struct search *search) { return search->session->input->context; }

static AVStream *stream_of(const struct search *search) { return input_of(search)->streams[search->stream]; }

/* The result of one scan from one position. */
struct outcome {
  bool found, trusted; /* a key frame; and its times are the same as when the whole file is read */
  bool complete;       /* the time was reached, or the end */
  bool timeless;       /* there were packets of the stream, and none had a time */
  int64_t pos;         /* of the key frame */
  int number;          /* number of its packet, from 1 on */
  bool dropped;        /* the packets from there on were too many to be kept */
};

static int64_t time_of(const AVPacket *packet) { return packet->pts != AV_NOPTS_VALUE ? packet->pts : packet->dts; }

static bool is_cover(const AVFormatContext *input, const AVPacket *packet) {
  return is_picture(input->streams[packet->stream_index]);
}

static int64_t in_stream(const struct search *search, int64_t time) {
  return av_rescale_q(time, AV_TIME_BASE_Q, stream_of(search)->time_base);
}

/* Packets that were read and are to be delivered next. */
struct kept {
  struct packets packets;
  int64_t bytes;        /* since the key frame */
  size_t before;        /* packets read before the key frame; those that are played with it will stay */
  int64_t before_bytes; /* their bytes, including some that were dropped */
  int64_t begins;       /* time of the key frame, in the time base of its stream */
  size_t settled;       /* packets and bytes that stayed at the last settle() */
  int64_t settled_bytes;
};

struct beginning {
  const struct search *search;
  int64_t begins;
};

/* Whether the packet ends before the key frame begins, or has no time. */
static bool is_before(const struct beginning *beginning, const AVPacket *packet) {
  const struct search *search = beginning->search;
  int64_t time = time_of(packet);
  if (time == AV_NOPTS_VALUE) return true;
  AVRational base = input_of(search)->streams[packet->stream_index]->time_base;
  return av_compare_ts(av_sat_add64(time, packet->duration), base, beginning->begins, stream_of(search)->time_base) <= 0;
}

/* Whether the packet is played together with the key frame, although it may lie before it in the file. */
static bool is_played_with(const AVPacket *packet, const void *context) {
  const struct beginning *beginning = context;
  if (is_cover(input_of(beginning->search), packet)) return true;
  return packet->stream_index != beginning->search->stream && !is_before(beginning, packet);
}

/* Drops packets read before the key frame that are not played with it. */
static void settle(const struct search *search, struct kept *kept) {
  size_t after = kept->packets.count - kept->before;
  struct beginning beginning = {search, kept->begins};
  packets_filter(&kept->packets, kept->before, is_played_with, &beginning);
  kept->before = kept->settled = kept->packets.count - after;
  kept->before_bytes = 0;
  for (size_t i = 0; i < kept->before; i++) kept->before_bytes += packets_at(&kept->packets, i)->size;
  kept->settled_bytes = kept->before_bytes;
}

/*
 * Begins again with a new key frame. It calls settle() only if the packets have doubled since the last time: if another stream
 * lies far ahead in the file, all of its packets stay at each of many key frames.
 */
static void begin_with(const struct search *search, struct kept *kept, const AVPacket *key) {
  kept->begins = key->dts != AV_NOPTS_VALUE ? key->dts : time_of(key);
  kept->before = kept->packets.count;
  kept->before_bytes += kept->bytes;
  kept->bytes = 0;
  if (kept->before > 2 * kept->settled + 64 || kept->before_bytes > 2 * kept->settled_bytes + 1024 * 1024) settle(search, kept);
}

/* The kept packets are delivered next. */
static void give_back(const struct search *search, struct kept *kept) {
  settle(search, kept);
  input_give_back(search->session, &kept->packets);
}

/* False if it is too much: then none are kept. */
static bool keep(const struct search *search, struct kept *kept, AVPacket *packet) {
  kept->bytes += packet->size;
  if (kept->bytes <= search->max_kept) {
    input_keep_packet(search->session, &kept->packets, packet);
    return true;
  }
  packets_clear(&kept->packets);
  *kept = (struct kept){.packets = kept->packets, .bytes = kept->bytes};
  av_packet_unref(packet);
  return false;
}

static bool is_spent(const struct search *search) {
  bool is_far = search->bytes > MAX_BYTES || search->packets > MAX_PACKETS;
  return (is_far && !search->is_ahead) || over_error(&search->session->channel) < 0;
}

/* Whether all later packets are presented after the target. */
static bool is_beyond(const struct search *search, const AVPacket *packet) {
  if (packet->dts != AV_NOPTS_VALUE) return packet->dts > search->target;
  return packet->flags & AV_PKT_FLAG_KEY && packet->pts != AV_NOPTS_VALUE && packet->pts > search->target;
}

static int next_packet(struct search *search, AVPacket *packet) {
  int result = AVERROR(EAGAIN);
  while (result == AVERROR(EAGAIN) && !over_error(&search->session->channel)) result = input_next_packet(search->session, packet);
  if (result < 0) return result;
  search->bytes += packet->size;
  search->packets++;
  return 0;
}

/* Formats without an index: a seek lands on any packet, and the first packets after it may be incomplete. */
static bool has_no_index(const AVFormatContext *input) {
  return av_match_name(input->iformat->name, "mpegts,mpegtsraw,mpeg,ty");
}

/*
 * Formats that have packets in pages (PES, in MPEG): only the first packet of each has a position and a time. Times of the others
 * are counted; right after a seek they are counted from an earlier page.
 */
static bool has_pages(const AVFormatContext *input) { return has_no_index(input) || !strcmp(input->iformat->name, "ogg"); }

static bool begins_page(const AVFormatContext *input, const AVPacket *packet, int64_t before) {
  return !has_pages(input) || (packet->pos >= 0 && packet->pos != before);
}

/* A bit for each of the first 64 streams: whether one page, or two, have begun. */
struct begun {
  uint64_t one, two;
};

/*
 * Whether the packet is from a page before the seek, or from the first page, which may begin with the rest of another packet.
 */
static bool is_rest(const struct search *search, const AVPacket *packet, struct begun *begun) {
  if (!has_no_index(input_of(search)) || packet->stream_index >= 64) return false;
  uint64_t bit = UINT64_C(1) << packet->stream_index;
  if (packet->pos >= 0) {
    begun->two |= begun->one & bit;
    begun->one |= bit;
  }
  return !(begun->two & bit);
}

/* Reads from the demuxer's position to the target. At the beginning of the file all times are right. */
static struct outcome scan(struct search *search, bool at_beginning) {
  struct backlog *backlog = &search->session->input->backlog;
  struct outcome outcome = {.pos = -1};
  struct kept kept = {0};
  AVPacket *packet = search->session->input->packet;
  bool timed = false;
  int before = 0; /* consecutive packets of the stream, or pages, that have times */
  int64_t page = -1;
  struct begun begun = {0};
  for (int number = 1; !outcome.complete && !is_spent(search); number++) {
    int result = next_packet(search, packet);
    if (result < 0) {
      backlog->result = result;
      outcome.complete = true;
      break;
    }
    int64_t time = time_of(packet);
    if (packet->stream_index == search->stream) {
      outcome.timeless = time == AV_NOPTS_VALUE && (outcome.timeless || !timed);
      timed = timed || time != AV_NOPTS_VALUE;
      bool is_key = packet->flags & AV_PKT_FLAG_KEY && time != AV_NOPTS_VALUE;
      outcome.complete = is_beyond(search, packet);
      if (is_key && time <= search->target) {
        begin_with(search, &kept, packet);
        outcome.found = true;
        outcome.dropped = false;
        outcome.trusted = at_beginning || (packet->dts != AV_NOPTS_VALUE && before >= search->warm_up);
        outcome.pos = packet->pos;
        outcome.number = number;
      }
      before = packet->dts != AV_NOPTS_VALUE ? before + begins_page(input_of(search), packet, page) : 0;
      if (packet->pos >= 0) page = packet->pos;
    } else if (!at_beginning && is_rest(search, packet, &begun)) {
      av_packet_unref(packet);
      continue;
    }
    outcome.dropped |= !keep(search, &kept, packet);
  }
  give_back(search, &kept);
  return outcome;
}

/* Reads the same packets again, up to the key frame only: later ones need not be kept. */
static void scan_again(struct search *search, bool at_beginning, int number) {
  struct kept kept = {0};
  AVPacket *packet = search->session->input->packet;
  struct begun begun = {0};
  for (int i = 1; i <= number && next_packet(search, packet) >= 0; i++) {
    bool is_other = packet->stream_index != search->stream;
    if (i == number) begin_with(search, &kept, packet);
    if (is_other && !at_beginning && is_rest(search, packet, &begun)) av_packet_unref(packet);
    else keep(search, &kept, packet);
  }
  give_back(search, &kept);
}

/*
 * For a target after the last entry of its index, the Matroska demuxer reads to the end of the file, finds nothing, and then
 * continues in the middle of an element: packets are lost. So the target is moved before that entry.
 */
static int64_t before_last_entry(const struct search *search, int64_t place) {
  AVStream *stream = stream_of(search);
  int count = avformat_index_get_entries_count(stream);
  if (count < 2 || !av_match_name("matroska", input_of(search)->iformat->name)) return place;
  int64_t last = avformat_index_get_entry(stream, count - 1)->timestamp;
  return place >= last ? last - 1 : place;
}

static int go_to(struct search *search, int64_t place) {
  struct seek seek = {
    .stream = search->stream, .flags = AVSEEK_FLAG_BACKWARD, .min = INT64_MIN, .target = place, .max = place};
  return input_seek(search->session, &seek);
}

/* ---------------------------------------------------------------------------------------- differences of formats */

bool has_whole_index(const AVFormatContext *input, const AVStream *stream) {
  return !strncmp(input->iformat->name, "mov,", 4) && stream->nb_frames > 0 &&
         stream->nb_frames == avformat_index_get_entries_count(stream);
}

/* With reordered frames, libavformat derives dts from the previous packets, except in formats that store it. */
static int warm_up_of(const AVFormatContext *input, const AVStream *stream) {
  if (has_pages(input)) return 3;
  if (stream->codecpar->codec_type == AVMEDIA_TYPE_AUDIO) return 2;
  bool has_times = !strncmp(input->iformat->name, "mov,", 4) || av_match_name(input->iformat->name, "flv,mxf");
  return has_times || !stream->codecpar->video_delay ? 0 : stream->codecpar->video_delay + 1;
}

/* Whether all other streams are covers. */
static bool is_alone(const AVFormatContext *input, const AVStream *stream) {
  for (unsigned i = 0; i < input->nb_streams; i++)
    if (input->streams[i] != stream && !is_picture(input->streams[i])) return false;
  return true;
}

int64_t samples_of_packet(const AVFormatContext *input, const AVStream *stream) {
  const AVCodecParameters *parameters = stream->codecpar;
  const char *format = input->iformat->name;
  if (!is_alone(input, stream) || parameters->block_align <= 0 || parameters->sample_rate <= 0) return 0;
  if (av_get_exact_bits_per_sample(parameters->codec_id) <= 0 || !av_match_name(format, "wav,w64,aiff,au,caf")) return 0;
  if (LIBAVFORMAT_VERSION_MAJOR < 61 || av_match_name(format, "aiff,caf")) return 4096 / parameters->block_align;
  return 1 << av_log2(FFMAX(parameters->sample_rate / 10, 1)); /* about ten packets per second */
}

/* Whether times are counted from the first packet, while a seek uses the bit rate, or the end time of a page. */
static bool counts_times(const AVFormatContext *input, const AVStream *stream) {
  bool is_pcm = av_get_exact_bits_per_sample(stream->codecpar->codec_id) > 0;
  return av_match_name(input->iformat->name, "mp3,ogg") || (!is_pcm && av_match_name(input->iformat->name, "wav,w64,aiff,au"));
}

/* Goes to the PCM packet that contains the target, without reading. */
static int land_in_samples(struct search *search, int64_t length) {
  int64_t distance = FFMAX(av_sat_sub64(search->target, search->beginning), 0);
  int64_t duration = stream_of(search)->duration;
  if (duration > 0 && distance >= duration) distance = duration - 1;
  return go_to(search, search->beginning + distance / length * length);
}

/* Reads up to the first packet of the stream, which stays in the backlog; false if there is none. */
static bool look_at_first(struct search *search, int64_t *time, int64_t *dts) {
  struct kept kept = {0};
  AVPacket *packet = search->session->input->packet;
  bool found = false, fits = true;
  while (!found && fits && !is_spent(search) && next_packet(search, packet) >= 0) {
    found = packet->stream_index == search->stream;
    *time = time_of(packet);
    *dts = packet->dts;
    fits = keep(search, &kept, packet);
  }
  give_back(search, &kept);
  return found && fits;
}

/* Whether the index has another key frame after `dts` and at or before the target. */
static bool is_another_in_time(const struct search *search, int64_t dts) {
  AVStream *stream = stream_of(search);
  int place = av_index_search_timestamp(stream, search->target, AVSEEK_FLAG_BACKWARD);
  const AVIndexEntry *entry = place < 0 ? NULL : avformat_index_get_entry(stream, place);
  return entry && entry->timestamp > dts;
}

static bool is_first_of_all(const struct search *search, int64_t dts) {
  const AVIndexEntry *entry = avformat_index_get_entry(stream_of(search), 0);
  return entry && entry->timestamp >= dts;
}

/* mp4's index has decoding times: a key frame that is decoded before the target may be presented after it. */
static bool land_by_index(struct search *search) {
  int64_t place = search->target, time, dts;
  for (int i = 0; i < MAX_STEPS; i++) {
    if (go_to(search, place) < 0 || !look_at_first(search, &time, &dts)) return false;
    bool is_last = time <= search->target && !is_another_in_time(search, dts);
    if (is_last) return !is_first_of_all(search, dts) || seek_to_beginning(search->session, search->stream) >= 0;
    if (time <= search->target) return scan(search, false).found;
    place -= FFMAX(time - search->target, 1);
  }
  return false;
}

/* ---------------------------------------------------------------------------------------- the search backward */

/* Opening MPEG-TS again can take a second, and is not needed for the same times. */
static int begin_again(struct search *search) {
  bool is_cheap = !has_no_index(input_of(search));
  return is_cheap ? seek_to_beginning(search->session, search->stream) : search_beginning(search->session, search->stream);
}

static int land_at_beginning(struct search *search, struct outcome *outcome) {
  int result = begin_again(search);
  if (result < 0) return result;
  *outcome = scan(search, true);
  if (outcome->found && outcome->dropped && (result = begin_again(search)) >= 0)
    scan_again(search, true, outcome->number);
  return result;
}

static int land_behind(struct search *search, int64_t place, struct outcome *outcome) {
  place = before_last_entry(search, place);
  int result = go_to(search, place);
  if (result < 0) return result;
  *outcome = scan(search, false);
  if (outcome->found && outcome->dropped && (result = go_to(search, place)) >= 0) scan_again(search, false, outcome->number);
  return result;
}

/*
 * Packets that were read while the input was opened may have had other times, since less was known about the streams. So if
 * the key frame is among them, or if times are counted, everything is read from the beginning.
 */
static bool is_counted_here(const struct search *search, const struct outcome *outcome) {
  int64_t limit = has_no_index(input_of(search)) ? 0 : search->session->input->looked_at;
  if (counts_times(input_of(search), stream_of(search))) limit = FFMAX(limit, MAX_COUNTED);
  return outcome->pos >= 0 && outcome->pos < limit;
}

static int count(struct search *search, struct outcome *outcome) {
  search->bytes = search->packets = 0;
  return land_at_beginning(search, outcome);
}

static int fail_timeless(const struct search *search) {
  log_error(search->session, "%s has no times to seek by", input_of(search)->iformat->name);
  return AVERROR(ENOSYS);
}

/* The target, limited to the end: after the end libavformat may find nothing. */
static int64_t at_most_end(const struct search *search) {
  int64_t duration = stream_of(search)->duration, of_all = input_of(search)->duration;
  if (duration <= 0 && of_all > 0) duration = in_stream(search, of_all);
  return duration > 0 ? FFMIN(search->target, av_sat_add64(search->beginning, duration)) : search->target;
}

/* Goes back in growing steps until it finds a key frame whose times are right, or reaches the beginning. */
static int search_back(struct search *search) {
  int first_error = 0;
  int64_t back = has_no_index(input_of(search)) ? 2 * AV_TIME_BASE : 0, best = AV_NOPTS_VALUE;
  for (int step = 0; step < MAX_STEPS && !is_spent(search); step++) {
    int64_t place = back ? av_sat_sub64(at_most_end(search), in_stream(search, back)) : search->target;
    bool at_beginning = place <= search->beginning;
    struct outcome outcome = {0};
    int result = at_beginning ? land_at_beginning(search, &outcome) : land_behind(search, place, &outcome);
    if (result < 0 && !first_error) first_error = result;
    if (result < 0 && at_beginning) return first_error;
    bool is_behind = search->target > search->beginning;
    if (at_beginning && outcome.complete && outcome.timeless && is_behind) return fail_timeless(search);
    bool is_done = outcome.complete && (at_beginning || (outcome.found && outcome.trusted));
    if (is_done) return !at_beginning && is_counted_here(search, &outcome) ? count(search, &outcome) : 0;
    if (outcome.complete && outcome.found && best == AV_NOPTS_VALUE) best = place;
    back = back ? av_sat_add64(back, back) : AV_TIME_BASE;
  }
  int over = over_error(&search->session->channel);
  if (over < 0) return over;
  /* Too far: uses the key frame that was found, although its times may be inexact, or the result of libavformat's seek. */
  struct outcome outcome = {0};
  search->bytes = search->packets = 0;
  bool found = best != AV_NOPTS_VALUE && land_behind(search, best, &outcome) >= 0 && outcome.found;
  return found ? 0 : go_to(search, search->target);
}

/* ---------------------------------------------------------------------------------------- landing */

/* Allows for the rounding of microseconds, so that the time of a packet leads to that packet. */
int64_t to_stream(int64_t time, const AVStream *stream, enum AVRounding rounding) {
  if (time > INT64_MAX / 4 || time < INT64_MIN / 4) return av_rescale_q_rnd(time, AV_TIME_BASE_Q, stream->time_base, rounding);
  AVRational half = {1, 2 * AV_TIME_BASE};
  return av_rescale_q_rnd(2 * time + (rounding == AV_ROUND_DOWN ? 1 : -1), half, stream->time_base, rounding);
}

bool can_land(const AVFormatContext *input, const struct seek *seek) {
  int stream = seek->stream >= 0 ? seek->stream : av_find_default_stream_index((AVFormatContext *)input);
  return !(seek->flags & (AVSEEK_FLAG_BYTE | AVSEEK_FLAG_ANY)) && seek->min == INT64_MIN && seek->max == seek->target &&
         seek->max != INT64_MAX && seek->max != INT64_MIN && stream >= 0 && input->streams[stream]->discard < AVDISCARD_ALL;
}

/* If packets can't be read again, only the memory is a limit. */
static int64_t max_kept_of(struct session *session, bool is_ahead) {
  int64_t limit = account_limit_of(session->channel.account) / 8;
  return limit > 0 && (is_ahead || limit < MAX_BYTES) ? limit : MAX_BYTES;
}

static struct search begin_search(struct session *session, const struct seek *seek, bool is_ahead) {
  AVFormatContext *input = session->input->context;
  int index = seek->stream >= 0 ? seek->stream : av_find_default_stream_index(input);
  const AVStream *stream = input->streams[index];
  struct search search = {.session = session, .stream = index, .target = seek->target, .is_ahead = is_ahead};
  search.max_kept = max_kept_of(session, is_ahead);
  search.beginning = stream->start_time;
  if (search.beginning == AV_NOPTS_VALUE && input->start_time != AV_NOPTS_VALUE)
    search.beginning = in_stream(&search, input->start_time);
  if (search.beginning == AV_NOPTS_VALUE) search.beginning = 0;
  if (seek->stream < 0) search.target = to_stream(seek->target, stream, AV_ROUND_DOWN);
  search.warm_up = warm_up_of(input, stream);
  return search;
}

int land(struct session *session, const struct seek *seek) {
  AVFormatContext *input = session->input->context;
  struct search search = begin_search(session, seek, false);
  const AVStream *stream = input->streams[search.stream];
  int64_t samples = samples_of_packet(input, stream);
  if (samples > 0 && land_in_samples(&search, samples) >= 0) return 0;
  if (has_whole_index(input, stream) && land_by_index(&search)) return 0;
  return search_back(&search);
}

int land_ahead(struct session *session, const struct seek *seek) {
  struct search search = begin_search(session, seek, true);
  bool dropped = scan(&search, true).dropped;
  int over = over_error(&session->channel);
  if (over < 0 || !dropped) return over;
  log_error(session, "more than %d KB between the key frame and the start: too much for maxMemory, as the source can't seek",
            (int)(search.max_kept / 1024));
  return AVERROR(EMSGSIZE);
}
