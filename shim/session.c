/*
 * session.c - a session's life, the table of operations and what runs one of them.
 */
#include "internal.h"

/* ---------------------------------------------------------------------------------------- packet queues */

static bool packets_grow(struct packets *packets) {
  size_t capacity = packets->capacity ? packets->capacity * 2 : 64;
  AVPacket **ring = malloc(capacity * sizeof(*ring));
  if (!ring) return false;
  for (size_t i = 0; i < packets->capacity; i++)
    ring[i] = packets->ring[(packets->first + i) & (packets->capacity - 1)];
  for (size_t i = packets->capacity; i < capacity; i++) ring[i] = NULL;
  free(packets->ring);
  packets->ring = ring;
  packets->first = 0;
  packets->capacity = capacity;
  return true;
}

/* Moves the packet to the end of the queue; the queue's own, or NULL without memory. */
AVPacket *packets_push(struct packets *packets, AVPacket *packet) {
  if (packets->count == packets->capacity && !packets_grow(packets)) return NULL;
  AVPacket **place = &packets->ring[(packets->first + packets->count) & (packets->capacity - 1)];
  if (!*place && !(*place = av_packet_alloc())) return NULL;
  av_packet_move_ref(*place, packet);
  packets->count++;
  return *place;
}

AVPacket *packets_first(struct packets *packets) {
  return packets->count ? packets->ring[packets->first] : NULL;
}

void packets_drop_first(struct packets *packets) {
  av_packet_unref(packets->ring[packets->first]);
  packets->first = (packets->first + 1) & (packets->capacity - 1);
  packets->count--;
}

void packets_clear(struct packets *packets) {
  while (packets->count) packets_drop_first(packets);
}

void packets_free(struct packets *packets) {
  packets_clear(packets);
  for (size_t i = 0; i < packets->capacity; i++) av_packet_free(&packets->ring[i]);
  free(packets->ring);
}

/* ---------------------------------------------------------------------------------------- life */

double avs_session_new(void) {
  struct session *session = calloc(1, sizeof(*session));
  if (!session) return 0;
  session->isolate = this_isolate();
  if (!session->isolate || !handle_new(&session->object, KIND_SESSION)) {
    free(session);
    return 0;
  }
  pthread_mutex_init(&session->batches.lock, NULL);
  isolate_ref(session->isolate);
  return session->object.handle;
}

/* hls frees the segment that it has in memory with its trailer only. */
static void end_segment(struct session *session) {
  AVFormatContext *output = session->output;
  if (!output || !session->header_written || session->trailer_written || strcmp(output->oformat->name, "hls")) return;
  session->discarding = true;
  struct session *logging = log_to(session);
  av_write_trailer(output);
  log_to(logging);
}

/* Format contexts first, then the I/O contexts they read and write through. */
void session_destroy(struct session *session) {
  session_fail(session, AVERROR_EXIT); /* nobody is asked any more */
  end_segment(session);
  remux_free(session);
  batches_free(&session->batches);
  free(session->discards.wanted);
  free(session->places.list);
  packets_free(&session->queued);
  filters_free(&session->filters);
  av_packet_free(&session->scratch);
  av_packet_free(&session->outgoing);
  avformat_close_input(&session->input);
  if (session->output) avformat_free_context(session->output);
  while (session->ios) {
    struct io *io = session->ios;
    session->ios = io->next;
    io_free(io);
  }
  av_dict_free(&session->options);
  text_free(&session->log);
  text_free(&session->unused);
  av_free(session->refused_url);
  free(session->input_url);
  free(session->input_format);
  free(session->output_url);
  free(session->output_format);
  isolate_unref(session->isolate);
  free(session);
}

static void free_handles(struct session *session) {
  worker_lock(session);
  for (struct io *io = session->ios; io; io = io->next) handle_free(&io->object);
  worker_unlock(session);
  handle_free(&session->object);
}

int32_t avs_session_close(double handle) {
  struct session *session = find_session(handle);
  if (!session) return AVERROR(EBADF);
  if (session->called) return AVERROR(EBUSY);
  free_handles(session);
  if (session->worker) {
    worker_close(session);
    return 0;
  }
  struct session *logging = log_to(NULL);
  session_destroy(session);
  log_to(logging);
  return 0;
}

void note_unused(struct session *session, AVDictionary **options) {
  const AVDictionaryEntry *entry = NULL;
  while ((entry = av_dict_get(*options, "", entry, AV_DICT_IGNORE_SUFFIX))) {
    if (session->unused.size) text_append(&session->unused, ",", 1);
    text_append(&session->unused, entry->key, strlen(entry->key));
  }
  av_dict_free(options);
}

int32_t avs_unused_options(double handle, char *out, uint32_t capacity) {
  struct session *session = find_session(handle);
  if (!session) return AVERROR(EBADF);
  if (session->running) return AVERROR(EBUSY);
  if (session->unused.size > capacity) return (int32_t)session->unused.size;
  return text_deliver(&session->unused, out, capacity);
}

int32_t avs_refused_url(double handle, char *out, uint32_t capacity) {
  struct session *session = find_session(handle);
  if (!session) return AVERROR(EBADF);
  if (session->running) return AVERROR(EBUSY);
  struct text text = {0};
  if (session->refused_url) text_append(&text, session->refused_url, strlen(session->refused_url));
  return text_deliver(&text, out, capacity);
}

/* ---------------------------------------------------------------------------------------- operations */

static operation *const operations[] = {
    [AVS_OP_OPEN_INPUT] = input_op_open,   [AVS_OP_READ] = input_op_read,
    [AVS_OP_SEEK] = input_op_seek,         [AVS_OP_OPEN_OUTPUT] = output_op_open,
    [AVS_OP_HEADER] = output_op_header,    [AVS_OP_WRITE] = output_op_write,
    [AVS_OP_FLUSH] = output_op_flush,      [AVS_OP_TRAILER] = output_op_trailer,
    [AVS_OP_REMUX] = remux_op,             [AVS_OP_IO_READ] = io_op_read,
    [AVS_OP_IO_WRITE] = io_op_write,       [AVS_OP_IO_SEEK] = io_op_seek,
    [AVS_OP_IO_SIZE] = io_op_size,         [AVS_OP_IO_FLUSH] = io_op_flush,
    [AVS_OP_CUT] = remux_op_cut,           [AVS_OP_CLOSE_INPUT] = input_op_close,
    [AVS_OP_CLOSE_OUTPUT] = output_op_close,
};

static double flags_of(const struct session *session) {
  return (session->failed ? AVS_FLAG_FAILED : 0) | (session->source_seek_refused ? AVS_FLAG_SOURCE_SEEK : 0) |
         (session->sink_seek_refused ? AVS_FLAG_SINK_SEEK : 0) | (session->refused_url ? AVS_FLAG_REFUSED : 0);
}

/* libavformat swallows most errors of its I/O, and of seeks that a muxer needed. */
static int result_of(const struct session *session, int result) {
  if (session->failed) return (int)session->failed;
  if (result >= 0 && session->sink_seek_refused) return AVERROR(ESPIPE);
  if (result >= 0 && session->output_refused) return AVERROR(EPERM);
  return result;
}

static int operation_result(struct session *session, uint32_t operation, double *slot, uint8_t *data, size_t size) {
  if (operation >= sizeof(operations) / sizeof(*operations) || !operations[operation]) return AVERROR(ENOSYS);
  if (session->canceled) session_fail(session, AVERROR_EXIT);
  return session->failed ? (int)session->failed : operations[operation](session, slot, data, size);
}

void drain_writes(struct session *session) {
  for (struct io *io = session->ios; io; io = io->next) write_behind_drain(io);
}

/*
 * What libavformat was at is in no state to be used or freed: it is left as it is, and the session is over. What it has
 * logged says why.
 */
static int abandon(struct session *session) {
  session->input = session->output = NULL;
  session->filters = (struct filters){0};
  session->scratch = session->outgoing = NULL;
  session_fail(session, AVERROR_BUG);
  return AVERROR_BUG;
}

bool session_escape(void) {
  struct session *session = log_session();
  if (session) longjmp(session->escape, 1);
  return false;
}

void session_execute(struct session *session, uint32_t operation, double *slot, uint8_t *data, size_t size) {
  session->source_seek_refused = false;
  struct session *logging = log_to(session);
  int result = setjmp(session->escape) ? abandon(session) : operation_result(session, operation, slot, data, size);
  if (operation != AVS_OP_REMUX) drain_writes(session); /* which is followed by more */
  slot[0] = result_of(session, result);
  slot[AVS_SLOT_SEEK_TARGET] = (double)session->seek_target;
  slot[AVS_SLOT_FLAGS] = flags_of(session);
  slot[AVS_SLOT_LOG_BYTES] = (double)session->log.size;
  slot[AVS_SLOT_UNUSED_BYTES] = (double)session->unused.size;
  slot[AVS_SLOT_WRITTEN] = (double)(session->written_before + (session->output_io ? session->output_io->end : 0));
  log_to(logging);
}

/* That an operation of the async engine has left. */
static bool has_writes(const struct session *session) {
  for (const struct io *io = session->ios; io; io = io->next)
    if (io->behind.first) return true;
  return false;
}

void avs_run(double handle, uint32_t operation, double *slot, uint8_t *data, uint32_t data_size,
             const uint8_t *source, double source_size) {
  struct session *session = find_session(handle);
  slot[AVS_SLOT_FLAGS] = slot[AVS_SLOT_LOG_BYTES] = slot[AVS_SLOT_UNUSED_BYTES] = 0;
  if (!session) {
    slot[0] = AVERROR(EBADF);
  } else if (session->running || has_writes(session)) {
    slot[0] = AVERROR(EBUSY);
  } else {
    session->source = source;
    session->source_size = (size_t)source_size;
    session->running = session->called = true;
    session_execute(session, operation, slot, data, data_size);
    session->running = session->called = false;
    session->source = NULL;
    session->source_size = 0;
  }
}
