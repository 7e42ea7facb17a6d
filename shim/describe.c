/* floor 5 */
/*
 * describe.c - streams, chapters, programs and metadata as JSON, followed by the bytes that it gives the sizes of.
 */
#include <math.h>
#include <string.h>

#include <libavutil/channel_layout.h>

#include "compat.h"
#include "fields.h"
#include "formats.h"
#include "input/input.h"
#include "numbers.h"
#include "output/output.h"
#include "packet.h"
#include "structures.h"
#include "tags.h"
#include "text.h"

static void describe_fourcc(struct text *text, uint32_t tag) {
  char name[AV_FOURCC_MAX_STRING_SIZE] = "";
  if (tag) av_fourcc_make_string(name, tag);
  json_string(text, name);
}

static void describe_layout(struct text *text, const AVChannelLayout *layout) {
  char name[256];
  if (!layout->nb_channels || layout->order == AV_CHANNEL_ORDER_UNSPEC ||
      av_channel_layout_describe(layout, name, sizeof(name)) < 0)
    json_null(text);
  else
    json_string(text, name);
}

static void describe_rational(struct text *text, AVRational value) {
  text_format(text, "{\"num\":%d,\"den\":%d}", value.num, value.den);
}

static void describe_disposition(struct text *text, int disposition) {
  text_append(text, "[", 1);
  for (int bit = 0; bit < 31; bit++) {
    const char *name = disposition >> bit & 1 ? av_disposition_to_string(1 << bit) : NULL;
    if (!name) continue;
    json_item(text);
    json_string(text, name);
  }
  text_append(text, "]", 1);
}

static void describe_extradata(struct text *text, const AVCodecParameters *parameters) {
  if (parameters->extradata_size > 0) text_format(text, "%d", parameters->extradata_size);
  else json_null(text);
}

/* Guessed from an input's packets; of an output, what was set. */
static AVRational frame_rate_of(AVFormatContext *context, AVStream *stream) {
  AVRational rate = av_guess_frame_rate(context, stream, NULL);
  if (!rate.num) rate = *codec_frame_rate(stream);
  return rate.num ? rate : stream->avg_frame_rate;
}

static void describe_seconds(struct text *text, int64_t timestamp, AVRational time_base) {
  json_number(text, timestamp == AV_NOPTS_VALUE ? NAN : (double)timestamp * time_base.num / time_base.den);
}

/* Impossible numbers, from damaged files, count as unknown (0). */
static int64_t sound_number(const struct field *field, int64_t value) {
  bool outside = field->read_only ? value < 0 : value < field->min || value > field->max;
  return outside ? 0 : value;
}

static void describe_field(struct text *text, AVFormatContext *context, AVStream *stream, const struct field *field) {
  const AVCodecParameters *parameters = stream->codecpar;
  void *place = field_address(stream, field);
  json_key(text, field->name);
  if (!field_applies(stream, field)) return json_null(text);
  switch (field->type) {
  case INT: text_format(text, "%d", (int)sound_number(field, *(int *)place)); break;
  case INT64: text_format(text, "%lld", (long long)sound_number(field, *(int64_t *)place)); break;
  case OPTIONAL:
    if (*(int *)place == PROFILE_UNKNOWN) json_null(text);
    else text_format(text, "%d", *(int *)place);
    break;
  case TIMESTAMP: json_number(text, from_timestamp(*(int64_t *)place)); break;
  case SECONDS: describe_seconds(text, *(int64_t *)place, stream->time_base); break;
  case RATIONAL: describe_rational(text, *(AVRational *)place); break;
  case ASPECT: describe_rational(text, av_guess_sample_aspect_ratio(context, stream, NULL)); break;
  case FRAME_RATE: describe_rational(text, frame_rate_of(context, stream)); break;
  case NAME: json_string_or_null(text, field->naming->name(*(int *)place)); break;
  case FOURCC: describe_fourcc(text, *(uint32_t *)place); break;
  case EXTRADATA: describe_extradata(text, parameters); break;
  case LAYOUT: describe_layout(text, place); break;
  case CHANNELS: text_format(text, "%d", (int)sound_number(field, ((AVChannelLayout *)place)->nb_channels)); break;
  case DISPOSITION: describe_disposition(text, *(int *)place); break;
  case PROFILE_NAME: json_string_or_null(text, avcodec_profile_name(parameters->codec_id, parameters->profile)); break;
  case SAMPLE_BITS: text_format(text, "%d", av_get_bits_per_sample(parameters->codec_id)); break;
  }
}

static void describe_metadata(struct text *text, struct tag_sum *sum, const AVDictionary *metadata) {
  json_key(text, "metadata");
  text_append(text, "{", 1);
  const AVDictionaryEntry *entry = NULL;
  while ((entry = av_dict_get(metadata, "", entry, AV_DICT_IGNORE_SUFFIX))) {
    if (next_tag(sum, entry) != TAG_IS_REPORTED) continue;
    json_key(text, entry->key);
    json_string(text, entry->value);
  }
  text_append(text, "}", 1);
}

static void describe_side_data(struct text *text, const AVStream *stream) {
  json_key(text, "sideData");
  text_append(text, "[", 1);
  for (int i = 0; i < (int)STREAM_SIDE_DATA_COUNT(stream); i++) {
    const AVPacketSideData *side = &STREAM_SIDE_DATA(stream)[i];
    if (!is_sound_side_data(side->type, side->data, side->size, NULL)) continue;
    json_item(text);
    text_append(text, "{", 1);
    json_key(text, "type");
    json_string(text, side_data_name(side->type));
    json_key(text, "data");
    text_format(text, "%zu", side->size);
    text_append(text, "}", 1);
  }
  text_append(text, "]", 1);
}

static void describe_fields(struct text *text, AVFormatContext *context, AVStream *stream, enum base base) {
  for (int i = 0; i < field_count; i++)
    if (fields[i].base == base) describe_field(text, context, stream, &fields[i]);
}

static void describe_stream(struct text *text, struct tag_sum *sum, AVFormatContext *context, AVStream *stream) {
  json_item(text);
  text_format(text, "{\"index\":%d", stream->index);
  json_key(text, "type");
  json_string(text, media_type_name(stream->codecpar->codec_type));
  json_key(text, "codecParameters");
  text_append(text, "{", 1);
  describe_fields(text, context, stream, OF_PARAMETERS);
  text_append(text, "}", 1);
  describe_fields(text, context, stream, OF_STREAM);
  describe_metadata(text, sum, stream->metadata);
  describe_side_data(text, stream);
  text_append(text, "}", 1);
}

static void describe_chapter(struct text *text, struct tag_sum *sum, const AVChapter *chapter) {
  json_item(text);
  text_format(text, "{\"id\":%lld", (long long)chapter->id);
  json_key(text, "timeBase");
  describe_rational(text, chapter->time_base);
  json_key(text, "start");
  describe_seconds(text, chapter->start, chapter->time_base);
  json_key(text, "end");
  describe_seconds(text, chapter->end, chapter->time_base);
  describe_metadata(text, sum, chapter->metadata);
  text_append(text, "}", 1);
}

static void describe_program(struct text *text, struct tag_sum *sum, const AVProgram *program) {
  json_item(text);
  text_format(text, "{\"id\":%d,\"number\":%d,\"pmtPid\":%d,\"pcrPid\":%d,\"streamIndexes\":[", program->id,
              program->program_num, program->pmt_pid, program->pcr_pid);
  for (unsigned i = 0; i < program->nb_stream_indexes; i++)
    text_format(text, i ? ",%u" : "%u", program->stream_index[i]);
  text_append(text, "]", 1);
  describe_metadata(text, sum, program->metadata);
  text_append(text, "}", 1);
}

static void describe_lists(struct text *text, struct tag_sum *sum, AVFormatContext *context, unsigned first_stream) {
  json_key(text, "streams");
  text_append(text, "[", 1);
  for (unsigned i = first_stream; i < context->nb_streams; i++)
    describe_stream(text, sum, context, context->streams[i]);
  text_append(text, "]", 1);
  json_key(text, "chapters");
  text_append(text, "[", 1);
  for (unsigned i = 0; i < context->nb_chapters; i++) describe_chapter(text, sum, context->chapters[i]);
  text_append(text, "]", 1);
  json_key(text, "programs");
  text_append(text, "[", 1);
  for (unsigned i = 0; i < context->nb_programs; i++) describe_program(text, sum, context->programs[i]);
  text_append(text, "]", 1);
}

static void describe_format(struct text *text, const AVFormatContext *context) {
  json_key(text, "format");
  if (context->iformat) json_input_format(text, context->iformat);
  else json_output_format(text, context->oformat);
}

/* The caller's memory; `size` counts what did not fit, too. */
struct out {
  char *data;
  size_t capacity, size;
};

static void put(struct out *out, const void *data, size_t size) {
  size_t left = out->size < out->capacity ? out->capacity - out->size : 0, count = size < left ? size : left;
  if (count) memcpy(out->data + out->size, data, count);
  out->size += size;
}

/* Not by way of the text: attachments have hundreds of megabytes. In the order in which describe_stream() gives the sizes. */
static void put_bytes(struct out *out, const AVStream *stream) {
  const AVCodecParameters *parameters = stream->codecpar;
  if (parameters->extradata_size > 0) put(out, parameters->extradata, (size_t)parameters->extradata_size);
  for (int i = 0; i < (int)STREAM_SIDE_DATA_COUNT(stream); i++) {
    const AVPacketSideData *side = &STREAM_SIDE_DATA(stream)[i];
    if (is_sound_side_data(side->type, side->data, side->size, NULL)) put(out, side->data, side->size);
  }
}

/* The JSON, a NUL, and the bytes; frees the text. */
static int32_t deliver(struct text *text, AVFormatContext *context, unsigned first_stream, struct out out) {
  bool failed = text->failed || text->size > MAX_STRING;
  put(&out, text->data, text->size);
  put(&out, "", 1);
  text_free(text);
  for (unsigned i = first_stream; i < context->nb_streams; i++) put_bytes(&out, context->streams[i]);
  return failed || out.size > INT32_MAX ? AVERROR(ENOMEM) : (int32_t)out.size;
}

static AVFormatContext *context_of(const struct session *session, uint32_t direction) {
  if (direction == AVS_INPUT) return session->input ? session->input->context : NULL;
  return session->output ? session->output->context : NULL;
}

int32_t avs_describe(double handle, uint32_t direction, char *out, uint32_t capacity) {
  struct session *session = find_session(handle);
  if (!session) return AVERROR(EBADF);
  if (session->channel.running) return AVERROR(EBUSY);
  AVFormatContext *context = context_of(session, direction & 0xff);
  if (!context) return AVERROR(EBADF);
  struct text text = {0};
  struct tag_sum sum = {0};
  text_append(&text, "{", 1);
  describe_format(&text, context);
  json_key(&text, "duration");
  describe_seconds(&text, context->duration, AV_TIME_BASE_Q);
  json_key(&text, "startTime");
  describe_seconds(&text, context->start_time, AV_TIME_BASE_Q);
  json_key(&text, "bitRate");
  json_number(&text, context->bit_rate > 0 ? (double)context->bit_rate : NAN);
  json_key(&text, "probeScore");
  text_format(&text, "%d", context->probe_score);
  json_key(&text, "seekable");
  text_format(&text, "%s", context->pb && context->pb->seekable & AVIO_SEEKABLE_NORMAL ? "true" : "false");
  describe_metadata(&text, &sum, context->metadata);
  describe_lists(&text, &sum, context, direction >> 8);
  text_append(&text, "}", 1);
  return deliver(&text, context, direction >> 8, (struct out){out, capacity, 0});
}
