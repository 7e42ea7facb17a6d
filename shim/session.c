#include "session.h"

#include <stdlib.h>
#include <string.h>

#include <libavutil/error.h>
#include <libavutil/mem.h>

#include "escape.h"
#include "io.h"
#include "numbers.h"
#include "worker.h"
#include "xml.h"

/* ---------------------------------------------------------------------------------------- life */

double avs_session_new(uint32_t client) {
  struct session *session = calloc(1, sizeof(*session));
  if (session && channel_init(&session->channel, isolate_client(client))) return session->channel.object.handle;
  free(session);
  return 0;
}

struct session *find_session(double handle) { return (struct session *)find_channel(handle); }

static void free_parts(void *session) { session_free_parts(session); }

/* Format contexts first, then the I/O contexts they read and write through. */
void session_destroy(struct session *session) {
  channel_fail(&session->channel, AVERROR_EXIT); /* no more requests */
  if (!run_guarded(free_parts, session)) return; /* parts of it may be freed */
  av_dict_free(&session->options);
  text_free(&session->unused);
  av_free(session->refused_url);
  for (int direction = 0; direction < 2; direction++) {
    free(session->targets[direction].url);
    free(session->targets[direction].format);
    free(session->targets[direction].formats);
  }
  channel_free(&session->channel);
  free(session);
}

int32_t avs_session_close(double handle) {
  struct session *session = find_session(handle);
  if (!session) return AVERROR(EBADF);
  if (session->channel.called) return AVERROR(EBUSY);
  channel_cancel(&session->channel);
  channel_free_handles(&session->channel);
  if (session->channel.threaded) {
    worker_close(session);
    return 0;
  }
  struct channel *entered = channel_enter(NULL);
  session_destroy(session);
  channel_enter(entered);
  return 0;
}

/* ---------------------------------------------------------------------------------------- results of an operation */

void note_unused(struct session *session) {
  const AVDictionaryEntry *entry = NULL;
  while ((entry = av_dict_get(session->options, "", entry, AV_DICT_IGNORE_SUFFIX))) {
    if (session->unused.size) text_append(&session->unused, ",", 1);
    text_append(&session->unused, entry->key, strlen(entry->key));
  }
  if (session->unused.failed) channel_fail(&session->channel, AVERROR(ENOMEM));
  av_dict_free(&session->options);
}

int32_t avs_unused_options(double handle, char *out, uint32_t capacity) {
  struct session *session = find_session(handle);
  if (!session) return AVERROR(EBADF);
  if (session->channel.running) return AVERROR(EBUSY);
  if (session->unused.size > capacity) return (int32_t)session->unused.size;
  return text_deliver(&session->unused, out, capacity);
}

void note_refused(struct session *session, const struct endpoint *endpoint) {
  struct endpoint *plain = &session->channel.plain;
  if (endpoint->refused_url && !session->refused_url) {
    session->refused_url = av_strdup(endpoint->refused_url);
    if (!session->refused_url) channel_fail(&session->channel, AVERROR(ENOMEM));
  }
  if (!endpoint->seek_refused || plain->seek_refused) return;
  plain->direction = endpoint->direction;
  refuse_seek(plain, endpoint->seek_target);
}

int32_t avs_refused_url(double handle, char *out, uint32_t capacity) {
  struct session *session = find_session(handle);
  if (!session) return AVERROR(EBADF);
  if (session->channel.running) return AVERROR(EBUSY);
  struct text text = {0};
  if (session->refused_url) text_append(&text, session->refused_url, strlen(session->refused_url));
  return text_deliver(&text, out, capacity);
}

static int flags_of(const struct endpoint *endpoint, double *target) {
  if (!endpoint || !endpoint->seek_refused) return 0;
  *target = (double)endpoint->seek_target;
  return endpoint->direction == AVS_INPUT ? AVS_FLAG_SOURCE_SEEK : AVS_FLAG_SINK_SEEK;
}

/* libavformat ignores most errors of its I/O, and of seeks that a muxer needs. */
static int result_of(const struct session *session, int result) {
  const struct channel *channel = &session->channel;
  const struct endpoint *output = channel->endpoints[AVS_OUTPUT];
  if (channel->failed) return (int)channel->failed;
  if (result >= 0 && output && output->seek_refused) return AVERROR(ESPIPE);
  if (result >= 0 && output && output->open_refused) return AVERROR(EPERM);
  return result;
}

static void report(struct session *session, int result, double *slot) {
  struct channel *channel = &session->channel;
  if (channel->log.warnings.lost) channel_fail(channel, AVERROR(ENOMEM));
  double *target = &slot[AVS_SLOT_SEEK_TARGET];
  *target = 0;
  int flags = (channel->failed ? AVS_FLAG_FAILED : 0) | flags_of(&channel->plain, target);
  for (int direction = 0; direction < 2; direction++) {
    const struct endpoint *endpoint = channel->endpoints[direction];
    flags |= flags_of(endpoint, target);
    if (endpoint) note_refused(session, endpoint);
  }
  if (session->refused_url) flags |= AVS_FLAG_REFUSED;
  if (is_exceeded(channel->account)) flags |= AVS_FLAG_MEMORY;
  slot[0] = result_of(session, result); /* after what may still fail */
  slot[AVS_SLOT_FLAGS] = flags;
  slot[AVS_SLOT_LOG_BYTES] = (double)channel->log.text.size;
  slot[AVS_SLOT_UNUSED_BYTES] = (double)session->unused.size;
  slot[AVS_SLOT_WARNINGS] = (double)channel->log.warnings.count;
  slot[AVS_SLOT_WRITTEN] = (double)channel_bytes(channel, AVS_OUTPUT);
}

/* ---------------------------------------------------------------------------------------- operations */

static int memory_error(const struct account *account) { return is_lacking(account) ? AVERROR(ENOMEM) : AVERROR(EMSGSIZE); }

/* Exceeding the memory limit is an error, whatever libavformat has returned; it ends the session. So is a lack of memory. */
static int check_memory(struct session *session, int result) {
  struct channel *channel = &session->channel;
  if (!is_exceeded(channel->account) || channel->failed) return result;
  if (!is_lacking(channel->account))
    log_error(session, "more than maxMemory (%lld bytes)", (long long)account_limit_of(channel->account));
  return memory_error(channel->account);
}

static void begin(struct session *session) {
  struct channel *channel = &session->channel;
  struct endpoint *input = channel->endpoints[AVS_INPUT];
  channel->acting = &channel->plain;
  channel->operations++;
  channel->plain.seek_refused = false;
  channel->sleeping.total = 0;
  if (input) input->seek_refused = false;
  av_freep(&session->refused_url);
}

static int run(struct session *session, operation *run, double *slot, uint8_t *data, size_t size) {
  struct channel *channel = &session->channel;
  if (!run) return AVERROR(ENOSYS);
  if (channel->canceled) channel_fail(channel, AVERROR_EXIT);
  if (channel->failed) return (int)channel->failed;
  return is_exceeded(channel->account) ? memory_error(channel->account) : run(session, slot, data, size);
}

/*
 * An assertion of libavformat has failed, which would end the process. Its objects are in an inconsistent state: they are neither
 * used nor freed, and the session is over. The log has the reason.
 */
static int abandon(struct session *session, double *slot) {
  struct channel *channel = &session->channel;
  memset(slot, 0, AVS_SLOT_SIZE * sizeof(*slot)); /* what it holds now are arguments */
  for (int direction = 0; direction < 2; direction++)
    if (channel->endpoints[direction]) channel_detach(channel, channel->endpoints[direction]);
  session_abandon_parts(session);
  channel_fail(channel, AVERROR_BUG);
  return AVERROR_BUG;
}

struct execution {
  struct session *session;
  operation *run;
  double *slot;
  uint8_t *data;
  size_t size;
  int result;
};

static void execute(void *opaque) {
  struct execution *execution = opaque;
  execution->result = run(execution->session, execution->run, execution->slot, execution->data, execution->size);
}

void session_execute(struct session *session, uint32_t operation, double *slot, uint8_t *data, size_t size) {
  struct channel *channel = &session->channel;
  struct channel *entered = channel_enter(channel);
  begin(session);
  xml_log_here();
  struct execution execution = {session, session_operation(operation), slot, data, size, 0};
  int result = run_guarded(execute, &execution) ? execution.result : abandon(session, slot);
  result = check_memory(session, result);
  if (operation != AVS_OP_REMUX) drain_writes(channel); /* more of these follow */
  report(session, result, slot);
  channel_enter(entered);
}

static void run_lending(struct session *session, uint32_t operation, double *slot, uint8_t *data, size_t size) {
  struct channel *channel = &session->channel;
  channel->running = channel->called = true;
  session_execute(session, operation, slot, data, size);
  channel->running = channel->called = false;
  channel->source = NULL;
  channel->source_size = 0;
}

void avs_run(double handle, uint32_t operation, double *slot, uint8_t *data, uint32_t data_size, const uint8_t *source,
             double source_size) {
  struct channel *channel = find_channel(handle);
  slot[AVS_SLOT_FLAGS] = slot[AVS_SLOT_LOG_BYTES] = slot[AVS_SLOT_UNUSED_BYTES] = slot[AVS_SLOT_WARNINGS] = 0;
  if (!channel) {
    slot[0] = AVERROR(EBADF);
  } else if (channel->running || has_pending_request(channel)) { /* a request that an operation of the async engine has left open */
    slot[0] = AVERROR(EBUSY);
  } else {
    channel->source = source;
    channel->source_size = source_size > 0 && source_size < (double)EXACT_DOUBLE ? (size_t)source_size : 0;
    run_lending((struct session *)channel, operation, slot, data, data_size);
  }
}
