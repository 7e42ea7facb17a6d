#include "contain.h"

#include <stdlib.h>
#include <string.h>

#include <libavutil/avstring.h>
#include <libavutil/bprint.h>

#include "compat.h"
#include "nested.h"

/* These make sockets, folders or files without io_open, or wrap a format that does. */
static const char REFUSED_OUTPUTS[] = "fifo,fifo_test,hds,rtsp,sap,smoothstreaming,tee,whip";
/* These write past the end of a datagram's buffer if that is smaller than their header (FFmpeg 5.1 to 9.0). */
static const char DATAGRAMS[] = "rtp,rtp_mpegts";
#define REFUSED_INPUTS "avisynth,dvdvideo,rdt,rtp,rtsp,sap,vapoursynth"

/* Outside the embedded FFmpeg dash can open nothing; refusing it also avoids its division by zero. */
static const char *refused_inputs(void) { return DASH_DIVIDES && !EMBEDDED ? REFUSED_INPUTS ",dash" : REFUSED_INPUTS; }

/*
 * All others: the format_whitelist. libavformat chooses avisynth for any name that ends in .avs, whatever format was
 * requested, and runs the script. Nested contexts inherit the list.
 */
static char *list_allowed_inputs(void) {
  AVBPrint list;
  char *allowed = NULL;
  av_bprint_init(&list, 0, AV_BPRINT_SIZE_UNLIMITED);
  void *at = NULL;
  for (const AVInputFormat *format; (format = av_demuxer_iterate(&at));)
    if (!av_match_list(format->name, refused_inputs(), ',')) av_bprintf(&list, "%s%s", list.len ? "," : "", format->name);
  bool is_whole = av_bprint_is_complete(&list);
  if (av_bprint_finalize(&list, &allowed) >= 0 && is_whole) return allowed;
  av_free(allowed);
  return NULL;
}

/* NULL: no memory. */
static char *copy_of_allowed_inputs(void) {
  static mutex lock = MUTEX_INITIALIZER;
  static char *list;
  mutex_lock(&lock);
  if (!list) list = list_allowed_inputs();
  char *copy = list ? av_strdup(list) : NULL;
  mutex_unlock(&lock);
  return copy;
}

/* In the embedded FFmpeg all of these are our protocol, which makes requests to JavaScript; elsewhere no protocol is "none". */
#define PROTOCOLS (EMBEDDED ? "file,http,https,data" : "none")

/*
 * A demuxer reloads a live playlist or manifest again and again, and sleeps in between. This stops it if nothing of the
 * playlist could be opened, and, on the program's own thread, where the program could not cancel it, if it takes long. It is
 * a failure of the session, since a mere error would be the end of the file to the demuxer.
 */
static void end_waiting(struct channel *channel) {
  const int64_t max_wait = 1000000000; /* nanoseconds */
  const struct endpoint *endpoint = channel->acting;
  bool sleeps = channel->sleeping.duration > 0, opens = endpoint->opens > MAX_OPENS;
  if (endpoint->direction != AVS_INPUT || channel->failed) return;
  if (endpoint->lacks && (sleeps || opens)) {
    channel_fail(channel, endpoint->refused_url ? AVERROR(EPERM) : AVERROR(ENOENT));
  } else if (endpoint->opening.running && opens) {
    return; /* opening has its own limit of opens */
  } else if (channel_stops_program(channel) && (channel->sleeping.total > max_wait || opens)) {
    log_line(&channel->log, AV_LOG_ERROR, "it is live, and its next part takes longer than the synchronous API waits");
    channel_fail(channel, AVERROR(ETIMEDOUT));
  }
}

/* Whether its demuxer sleeps, or a nested one does. In others, a pause means that the thread was not scheduled. */
static bool may_sleep(const struct endpoint *endpoint) {
  const AVFormatContext *context = endpoint->context ? *endpoint->context : NULL;
  return context && context->iformat && av_match_name(context->iformat->name, "hls,dash,concat");
}

/* Ends loops inside libavformat that would retry after the first error. */
static int interrupted(void *opaque) {
  struct channel *channel = opaque;
  if (may_sleep(channel->acting)) channel_note_sleep(channel);
  end_waiting(channel);
  return is_over(channel) || channel->acting->opening.exceeded;
}

int contain(struct session *session, AVFormatContext *context) {
  av_freep(&context->protocol_whitelist);
  context->opaque = &session->channel;
  context->io_open = nested_io_open;
  context->io_close2 = nested_io_close;
  context->protocol_whitelist = av_strdup(PROTOCOLS);
  if (!EMBEDDED && !context->oformat && !context->format_whitelist) context->format_whitelist = copy_of_allowed_inputs();
  context->interrupt_callback = (AVIOInterruptCB){interrupted, &session->channel};
  context->flags |= AVFMT_FLAG_CUSTOM_IO;
  bool has_formats = EMBEDDED || context->oformat || context->format_whitelist;
  if (!context->protocol_whitelist || !has_formats) return AVERROR(ENOMEM);
  return av_dict_set(&session->options, "protocol_whitelist", PROTOCOLS, 0); /* overrides the caller's options */
}

/* ---------------------------------------------------------------------------------------- formats */

static int refuse_format(struct session *session, const char *name, const char *refused, const char *why) {
  if (!av_match_list(name, refused, ',')) return 0;
  log_error(session, "%s %s", name, why);
  return AVERROR(EPERM);
}

static const char OPENS[] = "opens files or sockets by itself";

int contain_output_format(struct session *session, const AVOutputFormat *format) {
  int result = refuse_format(session, format->name, REFUSED_OUTPUTS, OPENS);
  if (result < 0) return result;
  return refuse_format(session, format->name, DATAGRAMS, "writes datagrams, and a sink takes bytes");
}

/* IMF sets a whitelist of its own for its tracks, mxf. */
static bool can_be_listed(const char *name, const char *list) {
  return !av_match_list(name, refused_inputs(), ',') && (strcmp(name, "imf") || av_match_list("mxf", list, ','));
}

int contain_formats(const struct session *session, AVFormatContext *context) {
  const char *list = session->targets[AVS_INPUT].formats;
  if (!list) return 0;
  AVBPrint allowed;
  av_bprint_init(&allowed, 0, AV_BPRINT_SIZE_UNLIMITED);
  for (const char *name = list; *name; name += strspn(name, ",")) {
    char word[64];
    size_t length = strcspn(name, ",");
    av_strlcpy(word, name, FFMIN(length + 1, sizeof(word)));
    if (can_be_listed(word, list)) av_bprintf(&allowed, "%s%s", allowed.len ? "," : "", word);
    name += length;
  }
  if (!allowed.len) av_bprintf(&allowed, "none");
  bool is_whole = av_bprint_is_complete(&allowed);
  av_freep(&context->format_whitelist);
  int result = av_bprint_finalize(&allowed, &context->format_whitelist);
  return result < 0 ? result : is_whole ? 0 : AVERROR(ENOMEM);
}

int contain_input_format(struct session *session, const AVInputFormat *format) {
  return format ? refuse_format(session, format->name, refused_inputs(), OPENS) : 0;
}

/* ---------------------------------------------------------------------------------------- options */

/* The only value that an option may have; any other value of the caller is an error. */
struct fixed {
  const char *name, *value;
  bool quiet; /* its default is another one, so it is always set */
};

static const struct fixed input_options[] = {
    {"http_persistent", "0", true}, /* hls would try to reuse a connection that does not exist, and abort */
    {"http_multiple", "0", true},
    {"ts_from_file", "0", false}, /* image2 would stat() */
};

static const struct fixed output_options[] = {
    {"atomic_writing", "0", false}, /* image2 would rename */
    {"strftime_mkdir", "0", false}, /* hls would make folders */
    {"ignore_io_errors", "0", false}, /* hls would continue with an output that was not opened, and crash */
    {"http_persistent", "0", false},
    {"hls_enc", "0", false}, /* outputs can't be encrypted */
};

static bool is_same(const char *value, const char *only) {
  return !strcmp(value, only) || (!strcmp(only, "0") && (!strcmp(value, "false") || !strcmp(value, "none")));
}

static int fix_option(struct session *session, const struct fixed *fixed, bool *added) {
  AVDictionaryEntry *entry = av_dict_get(session->options, fixed->name, NULL, 0);
  *added = !entry && fixed->quiet;
  if (*added) return av_dict_set(&session->options, fixed->name, fixed->value, 0);
  if (!entry || is_same(entry->value, fixed->value)) return 0;
  log_error(session, "option %s: can only be %s here", fixed->name, fixed->value);
  return AVERROR(EPERM);
}

/* Whether it begins with "while(", "taylor(" or "root(", with any white space inside. */
static bool begins_loop(const char *text) {
  static const char *const loops[] = {"while(", "taylor(", "root("};
  for (size_t i = 0; i < sizeof(loops) / sizeof(*loops); i++) {
    const char *left = loops[i];
    for (const char *at = text; *at && *left && (*at == *left || strchr(" \t\n\v\f\r\\", *at)); at++) left += *at == *left;
    if (!*left) return true;
  }
  return false;
}

bool has_nested_layout(const char *text) {
  static const char name[] = "ambisonic ";
  const char *first = strstr(text, name);
  return first && strstr(first + strlen(name), name);
}

int contain_text(struct session *session, const char *name, const char *text) {
  if (!EMBEDDED && has_nested_layout(text)) { /* the embedded FFmpeg is patched */
    log_error(session, "%s: layouts of channels in others are not allowed", name);
    return AVERROR(EINVAL);
  }
  for (const char *at = text; !EMBEDDED && *at; at++) {
    if (!begins_loop(at)) continue;
    log_error(session, "%s: expressions with loops are not allowed", name);
    return AVERROR(EINVAL);
  }
  return 0;
}

static int contain_texts(struct session *session) {
  const AVDictionaryEntry *entry = NULL;
  int result = 0;
  while (result >= 0 && (entry = av_dict_get(session->options, "", entry, AV_DICT_IGNORE_SUFFIX)))
    result = contain_text(session, entry->key, entry->value);
  return result;
}

/* Options that are lists of options, for the format of segments. */
static const char *const lists_of_options[] = {"seg_format_options", "format_options", "hls_segment_options", "segment_format_options"};
enum { LISTS = sizeof(lists_of_options) / sizeof(*lists_of_options) };

/* Checks the session's options, or those of such a list. */
typedef int check_options(struct session *session, const AVDictionary *options);

static int check_list(struct session *session, const char *list, check_options *check) {
  AVDictionary *options = NULL;
  int result = av_dict_parse_string(&options, list, "=", ":", 0);
  if (result != AVERROR(ENOMEM)) result = check(session, options); /* what is wrong in another way, libavformat refuses */
  av_dict_free(&options);
  return result;
}

static int check_all_options(struct session *session, check_options *check) {
  int result = check(session, session->options);
  for (int i = 0; i < LISTS && result >= 0; i++) {
    const AVDictionaryEntry *entry = av_dict_get(session->options, lists_of_options[i], NULL, 0);
    if (entry) result = check_list(session, entry->value, check);
  }
  return result;
}

static int check_whitelist(struct session *session, const AVDictionary *options) {
  const AVDictionaryEntry *formats = av_dict_get(options, "format_whitelist", NULL, 0);
  return formats ? refuse_format(session, formats->value, refused_inputs(), OPENS) : 0;
}

/* With a resync_size of less than one packet, the MPEG-TS demuxer never finds the next packet, and loops for ever. */
static int check_resync(struct session *session, const AVDictionary *options) {
  enum { TS_PACKET = 188 };
  const AVDictionaryEntry *entry = av_dict_get(options, "resync_size", NULL, 0);
  char *end = NULL;
  if (!entry || (strtoll(entry->value, &end, 10) >= TS_PACKET && !*end)) return 0; /* an expression is rejected: its value may be less */
  log_error(session, "option resync_size: must be a number, at least %d", TS_PACKET);
  return AVERROR(EINVAL);
}

/*
 * hls opens each segment over an AVIOContext that is a part of its own state, and marks that by one of these flags. Without it,
 * libavformat frees the AVIOContext if another option is wrong, which ends the process (5.1 to 9.0). So flags can only be added;
 * the embedded FFmpeg is patched.
 */
static int check_flags(struct session *session, const AVDictionary *options) {
  const AVDictionaryEntry *flags = av_dict_get(options, "fflags", NULL, 0);
  if (!flags || (flags->value[0] == '+' && !strchr(flags->value, '-'))) return 0;
  log_error(session, "option seg_format_options: fflags can only add flags, as in +genpts");
  return AVERROR(EINVAL);
}

static int check_segment_flags(struct session *session) {
  const AVDictionaryEntry *list = av_dict_get(session->options, "seg_format_options", NULL, 0);
  return list ? check_list(session, list->value, check_flags) : 0;
}

/*
 * Defaults that the caller may change. Demuxers of playlists may request any name: the caller's opener decides. scan_all_pmts
 * is what FFmpeg's commands set: otherwise MPEG-TS with several program maps lacks streams, or their times.
 */
static const struct fixed input_defaults[] = {
    {"allowed_extensions", "ALL", true},
    {"extension_picky", "0", true},
    {"scan_all_pmts", "1", true},
};

enum { INPUT_OPTIONS = sizeof(input_options) / sizeof(*input_options) };
enum { INPUT_DEFAULTS = sizeof(input_defaults) / sizeof(*input_defaults) };

int contain_input_options(struct session *session, bool is_sequence, struct added_options *added) {
  added->count = 0;
  int result = check_all_options(session, check_whitelist);
  for (int i = 0; i < INPUT_OPTIONS && result >= 0; i++) {
    bool is_new;
    result = fix_option(session, &input_options[i], &is_new);
    if (is_new) added->names[added->count++] = input_options[i].name;
  }
  for (int i = 0; i < INPUT_DEFAULTS && result >= 0; i++) {
    if (av_dict_get(session->options, input_defaults[i].name, NULL, 0)) continue;
    result = av_dict_set(&session->options, input_defaults[i].name, input_defaults[i].value, 0);
    added->names[added->count++] = input_defaults[i].name;
  }
  /* image2 would list a folder, or search for files. */
  struct fixed pattern = {"pattern_type", is_sequence ? "sequence" : "none", is_sequence};
  bool is_new;
  if (result >= 0) result = fix_option(session, &pattern, &is_new);
  /* A concat script could set the protocols that its files may use. */
  struct fixed safe = {"safe", "1", false};
  if (result >= 0 && !EMBEDDED) result = fix_option(session, &safe, &is_new);
  if (result >= 0) result = contain_texts(session);
  if (result >= 0 && !EMBEDDED) result = check_segment_flags(session);
  return result < 0 ? result : check_all_options(session, check_resync);
}

int drop_added_options(struct session *session, const struct added_options *added) {
  int result = 0;
  for (int i = 0; i < added->count && result >= 0; i++) result = av_dict_set(&session->options, added->names[i], NULL, 0);
  return result;
}

/* So that hls makes a request to delete a file, instead of deleting it. */
static int request_deletes(struct session *session, const AVOutputFormat *format) {
  if (strcmp(format->name, "hls") || av_dict_get(session->options, "method", NULL, 0)) return 0;
  return av_dict_set(&session->options, "method", "PUT", 0);
}

/* Options that are names of files: they get the same prefix as the output's URL. */
static const char *const file_options[] = {"hls_segment_filename", "hls_subtitle_path", "segment_list",
                                           "segment_header_filename"};

static int refuse_encryption(struct session *session) {
  if (!av_dict_get(session->options, "hls_key_info_file", NULL, 0)) return 0;
  log_error(session, "option hls_key_info_file: outputs can't be encrypted here");
  return AVERROR(EPERM);
}

/* With method DELETE, everything that hls and dash open to write would be deleted. hls sets it itself where it deletes. */
static int refuse_deleting(struct session *session) {
  const AVDictionaryEntry *method = av_dict_get(session->options, "method", NULL, 0);
  const AVDictionaryEntry *more = av_dict_get(session->options, "http_opts", NULL, 0);
  bool deletes = (method && !av_strcasecmp(method->value, "DELETE")) || (more && av_stristr(more->value, "method"));
  if (!deletes) return 0;
  log_error(session, "option %s: can't be DELETE", method ? "method" : "http_opts: method");
  return AVERROR(EPERM);
}

static int prefix_option(struct session *session, const char *name) {
  AVDictionaryEntry *entry = av_dict_get(session->options, name, NULL, 0);
  if (!entry || av_strstart(entry->value, AVIO_PREFIX, NULL)) return 0;
  char *value = av_asprintf(AVIO_PREFIX "%s", entry->value);
  return value ? av_dict_set(&session->options, name, value, AV_DICT_DONT_STRDUP_VAL) : AVERROR(ENOMEM);
}

static int refuse_single_file(struct session *session) {
  struct fixed single = {"single_file", "0", false};
  bool is_new;
  if (av_dict_get(session->options, "single_file_name", NULL, 0)) {
    log_error(session, "option single_file_name: the file would be opened without the opener");
    return AVERROR(EPERM);
  }
  return fix_option(session, &single, &is_new);
}

/*
 * If key frames are not presented in order, writing nut's index fails an assertion, which only the
 * embedded build survives (sealed.c).
 */
static int leave_out_index(struct session *session) {
  struct fixed index = {"write_index", "0", true};
  bool is_new;
  return fix_option(session, &index, &is_new);
}

static int check_index(struct session *session, const AVDictionary *options) {
  const AVDictionaryEntry *index = av_dict_get(options, "write_index", NULL, 0);
  if (!index || is_same(index->value, "0")) return 0;
  log_error(session, "option write_index: can only be 0 here");
  return AVERROR(EPERM);
}

/* The same for segments. */
static int leave_out_indexes(struct session *session) {
  int result = check_all_options(session, check_index);
  const char *separator = av_dict_get(session->options, "segment_format_options", NULL, 0) ? ":" : "";
  char *more = result >= 0 ? av_asprintf("%swrite_index=0", separator) : NULL;
  if (!more) return result < 0 ? result : AVERROR(ENOMEM);
  return av_dict_set(&session->options, "segment_format_options", more, AV_DICT_APPEND | AV_DICT_DONT_STRDUP_VAL);
}

/* Hint tracks in the manifest of a live smooth stream end the process; the embedded FFmpeg is patched. */
static int refuse_hints(struct session *session, const AVDictionary *options) {
  const AVDictionaryEntry *flags = av_dict_get(options, "movflags", NULL, 0);
  if (!flags || !strcmp(flags->value, "0")) return 0;
  if (!strstr(flags->value, "rtphint") && !strpbrk(flags->value, "0123456789")) return 0;
  log_error(session, "option movflags: must be names of flags, without rtphint");
  return AVERROR(EPERM);
}

/* In packs with no room for data, the mpeg muxers write headers for ever, or fail an assertion (5.1 to 9.0). */
static int check_packs(struct session *session, const AVDictionary *options) {
  enum { SMALLEST = 256 }; /* up to 180 bytes of headers, and a sample of each channel */
  const AVDictionaryEntry *entry = av_dict_get(options, "packetsize", NULL, 0);
  char *end = NULL;
  long long size = entry ? strtoll(entry->value, &end, 10) : 0;
  if (!entry || ((!size || size >= SMALLEST) && end != entry->value && !*end)) return 0; /* an expression may result in less */
  log_error(session, "option packetsize: must be a number, at least %d", SMALLEST);
  return AVERROR(EINVAL);
}

/* dash goes on with a type of fragments that it does not know, and writes before its list; the embedded FFmpeg is patched. */
static int check_fragment_types(struct session *session) {
  const AVDictionaryEntry *sets = av_dict_get(session->options, "adaptation_sets", NULL, 0);
  for (const char *at = sets ? sets->value : ""; (at = strstr(at, "frag_type=")); at++) {
    const char *type = at + strlen("frag_type=");
    size_t length = strcspn(type, ", ");
    char name[16] = "";
    if (length < sizeof(name)) memcpy(name, type, length);
    if (*name && av_match_name(name, "none,every_frame,duration,pframes")) continue;
    log_error(session, "option adaptation_sets: frag_type can't be %.*s", (int)FFMIN(length, 100), type);
    return AVERROR(EINVAL);
  }
  return 0;
}

int contain_output_options(struct session *session, const AVOutputFormat *format, const AVOutputFormat *files) {
  int result = refuse_deleting(session);
  if (result >= 0) result = contain_texts(session);
  if (result >= 0 && !EMBEDDED) result = check_all_options(session, refuse_hints);
  if (result >= 0 && !EMBEDDED) result = check_fragment_types(session);
  if (result >= 0 && av_match_name(files->name, "mpeg,vob,dvd,vcd,svcd")) result = check_all_options(session, check_packs);
  if (result >= 0) result = request_deletes(session, format);
  if (result >= 0) result = refuse_encryption(session);
  for (size_t i = 0; i < sizeof(output_options) / sizeof(*output_options) && result >= 0; i++) {
    bool is_new;
    result = fix_option(session, &output_options[i], &is_new);
  }
  for (size_t i = 0; i < sizeof(file_options) / sizeof(*file_options) && result >= 0; i++)
    result = prefix_option(session, file_options[i]);
  if (result >= 0 && !strcmp(format->name, "webm_chunk")) result = prefix_option(session, "header");
  if (result >= 0 && !EMBEDDED && !strcmp(files->name, "nut")) result = format == files ? leave_out_index(session) : leave_out_indexes(session);
  if (result >= 0 && DASH_OPENS_PAST_IO_OPEN && !strcmp(format->name, "dash")) result = refuse_single_file(session);
  return result;
}
