/*
 * demux.c - an input: opening it, reading packets ahead, handing them out in batches, seeking.
 */
#include <libavutil/avstring.h>

#include "internal.h"

static int find_input_format(struct session *session, const AVInputFormat **format) {
  const char *name = session->input_format;
  *format = name ? av_find_input_format(name) : NULL;
  if (*format || !name) return 0;
  log_line(session, AV_LOG_ERROR, "no input format is called '%.200s'", name);
  return AVERROR_DEMUXER_NOT_FOUND;
}

static bool contains(const uint8_t *text, size_t size, const char *sign) {
  size_t length = strlen(sign);
  for (size_t i = 0; i + length <= size; i++)
    if (!memcmp(text + i, sign, length)) return true;
  return false;
}

/*
 * What the first read brings, with its size; NULL where nothing comes. It stays in the buffer: a seek back to it could
 * fail. Where avio_r8() has not moved, by the source's end or its error, there is nothing to step back over.
 */
static const uint8_t *peek(AVIOContext *pb, size_t *size) {
  int64_t position = avio_tell(pb);
  avio_r8(pb);
  if (avio_tell(pb) == position || pb->buf_ptr <= pb->buffer) return NULL;
  const uint8_t *bytes = --pb->buf_ptr;
  *size = (size_t)(pb->buf_end - bytes);
  return bytes;
}

/* A playlist without a name that says so is not recognized since 7.1: its text must do. */
static const AVInputFormat *recognize_playlist(AVIOContext *pb) {
  static const char *const signs[] = {"#EXT-X-STREAM-INF:", "#EXT-X-TARGETDURATION:", "#EXT-X-MEDIA-SEQUENCE:"};
  size_t size;
  const uint8_t *text = peek(pb, &size);
  if (!text || !contains(text, size < 7 ? size : 7, "#EXTM3U")) return NULL;
  for (size_t i = 0; i < sizeof(signs) / sizeof(*signs); i++)
    if (contains(text, size, signs[i])) return av_find_input_format("hls");
  return NULL;
}

static bool is_script(AVIOContext *pb) {
  size_t size;
  const uint8_t *text = peek(pb, &size);
  return text && contains(text, size < 20 ? size : 20, "ffconcat version 1.0");
}

/* A concat script opens its files by name in a libavformat that is not ours. */
static int refuse_script(struct session *session, const AVInputFormat *format, struct io *io) {
  bool refused = !EMBEDDED && (format ? !strcmp(format->name, "concat") : io && is_script(io->context));
  if (!refused) return 0;
  log_line(session, AV_LOG_ERROR, "concat scripts can't be contained with this libavformat, only with the embedded one");
  return AVERROR(ENOSYS);
}

/* Formats that open their files themselves have no I/O context: names with numbers, of image2. */
static bool is_sequence(const AVInputFormat *format, const struct io *io) {
  return !io && format && format->flags & AVFMT_NOFILE;
}

static int choose_input(struct session *session, const AVInputFormat **format, struct io *io) {
  int result = find_input_format(session, format);
  if (result >= 0) result = contain_input_format(session, *format);
  if (result < 0) return result;
  if (!io && !is_sequence(*format, io)) return AVERROR(EBADF);
  if (!io && !EMBEDDED) {
    log_line(session, AV_LOG_ERROR, "image sequences can't be contained with this libavformat, only with the embedded one");
    return AVERROR(ENOSYS);
  }
  if (io) io_rebase(io, avio_tell(io->context));
  result = refuse_script(session, *format, io);
  if (result < 0) return result;
  if (io && !*format) *format = recognize_playlist(io->context);
  return 0;
}

/* What mp4 begins with, and no text: the size of its first box. */
static bool begins_with_zero(AVIOContext *pb) {
  size_t size;
  const uint8_t *bytes = peek(pb, &size);
  return bytes && !bytes[0];
}

/*
 * hls takes an empty name for a lack of memory. And mp4's demuxer makes its buffer as large as the interleaving of the
 * streams wants, but not for what is called like a file: 22,000 callbacks for 88 MB then, where 2,000 do.
 */
static char *url_of_input(const struct session *session, const struct io *io) {
  const char *url = session->input_url && *session->input_url ? session->input_url : "media";
  return av_asprintf("%s%s", io && begins_with_zero(io->context) ? AVIO_PREFIX : "", url);
}

static int open_input(struct session *session, const AVInputFormat *format, struct io *io) {
  session->acting = AVS_INPUT;
  AVFormatContext *input = avformat_alloc_context();
  if (!input) return AVERROR(ENOMEM);
  contain(session, input);
  input->pb = io ? io->context : NULL;
  struct added_options added;
  int result = contain_input_options(session, !io, &added);
  char *url = url_of_input(session, io);
  if (!url) result = AVERROR(ENOMEM);
  if (result < 0) {
    input->pb = NULL;
    avformat_free_context(input);
    av_free(url);
    return result;
  }
  /* Frees the context where it fails; the I/O context stays the session's. */
  result = avformat_open_input(&input, url, format, &session->options);
  av_free(url);
  drop_added_options(session, &added);
  if (result < 0) return result;
  session->input = input;
  session->input_io = io;
  return 0;
}

static int try_open(struct session *session, double *slot) {
  struct io *io = io_of_slot(session, slot);
  if (!io && slot[1]) return AVERROR(EBADF);
  if (io && io->context->write_flag) return AVERROR(EINVAL);
  if (session->input) return AVERROR(EBUSY);
  const AVInputFormat *format;
  int result = choose_input(session, &format, io);
  if (result >= 0) result = open_input(session, format, io);
  note_unused(session, &session->options);
  if (result < 0 && session->source_seek_refused) return AVERROR(ESPIPE);
  if (result < 0) return session->refused_url ? AVERROR(EPERM) : result;
  /* It always looks for a second file beside its own, and does without. */
  if (!strcmp(session->input->iformat->name, "mlv")) av_freep(&session->refused_url);
  if (slot[2]) result = find_stream_info(session->input);
  session->stream_count = session->input->nb_streams;
  slot[1] = session->input->nb_streams;
  /* A playlist of playlists opens without them, and has nothing. */
  if (session->refused_url && !session->input->nb_streams) return AVERROR(EPERM);
  return result < 0 ? result : 0;
}

/* What went beyond a limit, whatever libavformat made of it. */
static const char *limit_of(const struct session *session, int result) {
  if (session->opening.exceeded) return "reading until all is known takes more than maxOpenSize, or opens too much";
  if (result < 0 && session->opening.too_many_streams) return "more streams than maxStreams";
  return NULL;
}

int input_op_open(struct session *session, double *slot, uint8_t *data, size_t size) {
  (void)data, (void)size;
  session->opening.running = true;
  int result = try_open(session, slot);
  session->opening.running = false;
  const char *limit = session->failed ? NULL : limit_of(session, result);
  if (!limit) return result;
  log_line(session, AV_LOG_ERROR, "%s", limit);
  return AVERROR(EMSGSIZE);
}

static void forget_discards(struct session *session) {
  pthread_mutex_lock(&session->batches.lock);
  session->discards.changed = false;
  session->discards.count = 0;
  pthread_mutex_unlock(&session->batches.lock);
}

/* Its packets have numbers of streams that the next one may not have. */
int input_op_close(struct session *session, double *slot, uint8_t *data, size_t size) {
  (void)slot, (void)data, (void)size;
  if (!session->input) return AVERROR(EBADF);
  batches_clear(&session->batches);
  forget_held(session);
  forget_discards(session);
  remux_forget_input(session);
  forget_places(session, NULL);
  avformat_close_input(&session->input);
  session->stream_count = 0;
  if (session->input_io) session->read_before += session->input_io->transferred;
  session->input_io = NULL;
  session->opening.bytes = session->opening.opens = 0;
  return 0;
}

void apply_discards(struct session *session) {
  struct discards *discards = &session->discards;
  pthread_mutex_lock(&session->batches.lock);
  discards->changed = false;
  for (size_t i = 0; i < discards->count && i < session->input->nb_streams; i++)
    if (discards->wanted[i])
      session->input->streams[i]->discard = discards->wanted[i] > 1 ? AVDISCARD_ALL : AVDISCARD_DEFAULT;
  pthread_mutex_unlock(&session->batches.lock);
}

static int64_t side_data_bytes(const AVPacket *packet) {
  int64_t bytes = 0;
  for (int i = 0; i < packet->side_data_elems; i++)
    bytes += (int64_t)(strlen(side_data_name(packet->side_data[i].type)) + 1 + 4 + packet->side_data[i].size);
  return bytes;
}

static int check_size(struct session *session, AVPacket *packet) {
  int64_t size = packet->size + side_data_bytes(packet), most = session->most_packet_bytes;
  if (!most || size <= most) return 0;
  log_line(session, AV_LOG_ERROR, "a packet of %lld bytes, more than maxPacketSize (%lld)", (long long)size, (long long)most);
  av_packet_unref(packet);
  return AVERROR(EMSGSIZE);
}

/* What av_read_frame() says, or why it says that. */
static int read_frame(struct session *session, AVPacket *packet) {
  AVIOContext *pb = session->input->pb;
  session->acting = AVS_INPUT;
  int result = av_read_frame(session->input, packet);
  if (session->failed) {
    av_packet_unref(packet);
    return (int)session->failed;
  }
  /* Many demuxers call a broken read the end of the file. */
  if (result == AVERROR_EOF && pb && pb->error < 0 && pb->error != AVERROR_EOF) return pb->error;
  if (result < 0 && session->source_seek_refused) return AVERROR(ESPIPE);
  return result == AVERROR_EOF && session->refused_url ? AVERROR(EPERM) : result;
}

int input_read_packet(struct session *session, AVPacket *packet) {
  if (session->discards.changed) apply_discards(session);
  int result;
  do {
    if (session->places.lost) return AVERROR(EIO);
    result = has_lost_picture(session, packet) ? 0 : read_frame(session, packet);
  } while (result == AVERROR_EOF ? is_anchor_missing(session) : result >= 0 && is_passed_over(session, packet));
  if (result < 0) return result;
  note_given(session, packet);
  return check_size(session, packet);
}

/* ---------------------------------------------------------------------------------------- one packet as it crosses */

static uint8_t *copy_out(uint8_t *out, const void *data, size_t size) {
  if (size) memcpy(out, data, size);
  return out + size;
}

static uint8_t *copy_side_data(uint8_t *out, const AVPacket *packet) {
  for (int i = 0; i < packet->side_data_elems; i++) {
    const AVPacketSideData *side = &packet->side_data[i];
    const char *name = side_data_name(side->type);
    uint32_t size = (uint32_t)side->size;
    uint8_t length[4] = {size & 0xff, size >> 8 & 0xff, size >> 16 & 0xff, size >> 24};
    out = copy_out(out, name, strlen(name) + 1);
    out = copy_out(out, length, sizeof(length));
    out = copy_out(out, side->data, side->size);
  }
  return out;
}

static void fill_row(double *row, const AVPacket *packet, const AVStream *stream, int64_t side_bytes) {
  row[AVS_ROW_STREAM] = packet->stream_index;
  row[AVS_ROW_PTS] = from_timestamp(packet->pts);
  row[AVS_ROW_DTS] = from_timestamp(packet->dts);
  row[AVS_ROW_DURATION] = (double)packet->duration;
  row[AVS_ROW_FLAGS] = packet->flags;
  row[AVS_ROW_POS] = packet->pos < 0 ? NAN : (double)packet->pos;
  row[AVS_ROW_SIZE] = packet->size;
  row[AVS_ROW_SIDE_SIZE] = (double)side_bytes;
  row[AVS_ROW_TB_NUM] = stream->time_base.num;
  row[AVS_ROW_TB_DEN] = stream->time_base.den;
}

/* ---------------------------------------------------------------------------------------- reading ahead */

static bool batch_reserve(struct batch *batch, size_t more) {
  if (batch->count == batch->row_capacity) {
    size_t capacity = batch->row_capacity ? batch->row_capacity * 2 : 64;
    double *rows = realloc(batch->rows, capacity * AVS_ROW_LENGTH * sizeof(*rows));
    if (!rows) return false;
    batch->rows = rows;
    batch->row_capacity = capacity;
  }
  if (batch->bytes && batch->capacity - batch->size >= more) return true;
  size_t capacity = batch->capacity + batch->capacity / 2;
  if (capacity < batch->size + more) capacity = batch->size + more + 64 * 1024;
  uint8_t *bytes = realloc(batch->bytes, capacity);
  if (!bytes) return false;
  batch->bytes = bytes;
  batch->capacity = capacity;
  return true;
}

/*
 * Each packet is copied at once and its memory freed while it is hot: a batch of AVPackets took a quarter more time,
 * because the allocator then gives each packet cold memory.
 */
static bool batch_add(struct batch *batch, const AVPacket *packet, const AVStream *stream) {
  int64_t side_bytes = side_data_bytes(packet);
  if (!batch_reserve(batch, (size_t)(packet->size + side_bytes))) return false;
  fill_row(batch->rows + batch->count++ * AVS_ROW_LENGTH, packet, stream, side_bytes);
  copy_side_data(copy_out(batch->bytes + batch->size, packet->data, (size_t)packet->size), packet);
  batch->size += (size_t)(packet->size + side_bytes);
  return true;
}

/* Kept for the next one, unless a giant packet made it large. */
static void batch_clear(struct batch *batch) {
  enum { KEEP = 1024 * 1024 };
  batch->count = batch->size = 0;
  if (batch->capacity <= KEEP) return;
  free(batch->bytes);
  batch->bytes = NULL;
  batch->capacity = 0;
}

bool batches_add(struct session *session, const AVPacket *packet) {
  pthread_mutex_lock(&session->batches.lock);
  bool added = batch_add(&session->batches.ready, packet, session->input->streams[packet->stream_index]);
  pthread_mutex_unlock(&session->batches.lock);
  return added;
}

/* The packet into the batch. */
static int add_to_batch(struct session *session) {
  bool added = batches_add(session, session->scratch);
  session->held = false;
  av_packet_unref(session->scratch);
  return added ? 0 : AVERROR(ENOMEM);
}

/*
 * One packet into the batch; what av_read_frame() says. The one that came with new streams is held until the next
 * operation: JavaScript must know them first.
 */
static int read_into_batch(struct session *session) {
  if (session->held) return add_to_batch(session);
  int result;
  do result = input_read_packet(session, session->scratch);
  while (result == AVERROR(EAGAIN) && !session->canceled); /* it wants another turn; our I/O never says it */
  if (result < 0) return result;
  session->held = session->input->nb_streams != session->stream_count;
  return session->held ? 0 : add_to_batch(session);
}

bool batches_are_full(const struct batches *batches, double most, double most_bytes) {
  return (double)batches->ready.count >= most || (double)batches->ready.size >= most_bytes;
}

/* The sync engine: what is there already must not wait for what the user's callback would have to fetch. */
static int read_batch(struct session *session, const double *slot) {
  int64_t requests = session->requests;
  int result = 0;
  while (result >= 0 && !batches_are_full(&session->batches, slot[1], slot[2]) && session->requests == requests)
    if ((result = read_into_batch(session)) >= 0 && session->held) break;
  return result;
}

/* Tells JavaScript that there are packets, where it waits for them; whether there are enough. */
static bool tell_ready(struct session *session, const double *slot) {
  struct batches *batches = &session->batches;
  pthread_mutex_lock(&batches->lock);
  bool wanted = batches->wanted;
  batches->wanted = false;
  bool full = batches_are_full(batches, slot[1], slot[2]);
  batches->full = full;
  pthread_mutex_unlock(&batches->lock);
  if (wanted) {
    worker_lock(session);
    worker_tell(session, 0, AVS_EVENT_READY, 0, 0, 0);
    worker_unlock(session);
  }
  return full;
}

static void wait_until_taken(struct session *session) {
  struct batches *batches = &session->batches;
  worker_lock(session);
  while (batches->full && !batches->stopping && worker_wait(session)) continue;
  worker_unlock(session);
}

/* The async engine: packets are read while JavaScript works on those before. */
static int read_on(struct session *session, const double *slot) {
  while (!session->batches.stopping && !session->canceled) {
    int result = read_into_batch(session);
    if (result < 0 || session->held) return result;
    if (tell_ready(session, slot)) wait_until_taken(session);
  }
  return 0;
}

int input_op_read(struct session *session, double *slot, uint8_t *data, size_t size) {
  (void)data, (void)size;
  if (!session->input) return AVERROR(EBADF);
  if (!session->scratch && !(session->scratch = av_packet_alloc())) return AVERROR(ENOMEM);
  int result = on_worker(session) ? read_on(session, slot) : read_batch(session, slot);
  session->stream_count = session->input->nb_streams;
  slot[1] = session->input->nb_streams;
  return result;
}

int32_t avs_ready_packets(double handle, double *bytes) {
  struct session *session = find_session(handle);
  if (!session) return AVERROR(EBADF);
  struct batches *batches = &session->batches;
  pthread_mutex_lock(&batches->lock);
  if (!batches->taken.count) {
    struct batch empty = batches->taken;
    batches->taken = batches->ready;
    batches->ready = empty;
  }
  int32_t count = (int32_t)batches->taken.count;
  *bytes = (double)batches->taken.size;
  batches->wanted = count == 0;
  pthread_mutex_unlock(&batches->lock);
  if (count && atomic_exchange(&batches->full, false)) {
    worker_lock(session);
    worker_wake(session);
    worker_unlock(session);
  }
  return count;
}

int32_t avs_take_packets(double handle, double *row, uint32_t rows, uint8_t *out, uint32_t capacity) {
  struct session *session = find_session(handle);
  if (!session) return AVERROR(EBADF);
  struct batches *batches = &session->batches;
  pthread_mutex_lock(&batches->lock);
  struct batch taken = batches->taken; /* out of reach of a seek, while it is copied */
  bool fits = rows >= taken.count && capacity >= taken.size;
  if (fits) batches->taken = (struct batch){0};
  pthread_mutex_unlock(&batches->lock);
  if (!fits) return AVERROR(EINVAL);
  int32_t count = (int32_t)taken.count;
  if (count) memcpy(row, taken.rows, taken.count * AVS_ROW_LENGTH * sizeof(*row));
  copy_out(out, taken.bytes, taken.size);
  batch_clear(&taken);
  pthread_mutex_lock(&batches->lock);
  batches->taken = taken;
  pthread_mutex_unlock(&batches->lock);
  return count;
}

void batches_clear(struct batches *batches) {
  pthread_mutex_lock(&batches->lock);
  batch_clear(&batches->ready);
  batch_clear(&batches->taken);
  pthread_mutex_unlock(&batches->lock);
}

void forget_held(struct session *session) {
  if (session->held) av_packet_unref(session->scratch);
  session->held = false;
}

void batches_free(struct batches *batches) {
  free(batches->ready.rows);
  free(batches->ready.bytes);
  free(batches->taken.rows);
  free(batches->taken.bytes);
  pthread_mutex_destroy(&batches->lock);
}

/* ---------------------------------------------------------------------------------------- discarding */

int32_t avs_set_discard(double handle, int32_t stream, int32_t discard) {
  struct session *session = find_session(handle);
  if (!session) return AVERROR(EBADF);
  if (stream < 0 || (unsigned)stream >= session->stream_count) return AVERROR(EINVAL);
  struct discards *discards = &session->discards;
  int32_t result = 0;
  pthread_mutex_lock(&session->batches.lock);
  if ((size_t)stream >= discards->count) {
    size_t count = (size_t)stream + 1;
    uint8_t *wanted = realloc(discards->wanted, count);
    if (wanted) {
      memset(wanted + discards->count, 0, count - discards->count);
      discards->wanted = wanted;
      discards->count = count;
    } else {
      result = AVERROR(ENOMEM);
    }
  }
  if (result >= 0) discards->wanted[stream] = discard ? 2 : 1;
  discards->changed = true;
  pthread_mutex_unlock(&session->batches.lock);
  return result;
}

/* ---------------------------------------------------------------------------------------- the container's index */

int32_t avs_index(double handle, int32_t stream_index, uint32_t first, double *out, uint32_t most) {
  struct session *session = find_session(handle);
  if (session && session->running) return AVERROR(EBUSY);
  if (!session || !session->input) return AVERROR(EBADF);
  if (stream_index < 0 || stream_index >= (int32_t)session->input->nb_streams) return AVERROR(EINVAL);
  AVStream *stream = session->input->streams[stream_index];
  int count = avformat_index_get_entries_count(stream);
  for (uint32_t i = 0; i < most && (int64_t)first + i < count; i++, out += AVS_INDEX_LENGTH) {
    const AVIndexEntry *entry = avformat_index_get_entry(stream, (int)(first + i));
    out[AVS_INDEX_TIMESTAMP] = from_timestamp(entry->timestamp);
    out[AVS_INDEX_POS] = (double)entry->pos;
    out[AVS_INDEX_SIZE] = entry->size;
    out[AVS_INDEX_IS_KEY] = (entry->flags & AVINDEX_KEYFRAME) != 0;
  }
  return count;
}
