/*
 * plain.c - the baseline of the benchmark: the same work in C, with libavformat directly. The file is in memory, and is
 * read through avio_alloc_context() with callbacks that memcpy().
 *
 *   plain demux FILE WARMUP COUNT BUFFER_KIB        every packet: its size is summed, its first byte is read
 *   plain demux-file FILE WARMUP COUNT BUFFER_KIB   the same, with callbacks that fread() the file
 *   plain remux FILE WARMUP COUNT                   to Matroska in growing memory
 *   plain remux-file FILE WARMUP COUNT              to FILE.plain.mkv, with callbacks that fread() and fwrite()
 *   plain open  FILE WARMUP COUNT                   open, find stream info, close
 *   plain list  FILE                                opens once and lists the streams; for timing the process
 *
 * All but the last do the work WARMUP + COUNT times. They print a line with what was seen, to be compared with that of
 * the other side, and then COUNT lines of milliseconds.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <libavformat/avformat.h>

/* The allocator of the embedded FFmpeg (shim/account.c): here that of the C library, which FFmpeg uses normally. */
int avio_posix_memalign(void **out, size_t align, size_t size) { return posix_memalign(out, align, size); }
void *avio_malloc(size_t size) { return malloc(size); }
void *avio_realloc(void *block, size_t size) { return realloc(block, size); }
void avio_free(void *block) { free(block); }

#if LIBAVFORMAT_VERSION_MAJOR >= 61
typedef const uint8_t write_bytes;
#else
typedef uint8_t write_bytes;
#endif

enum { DEFAULT_BUFFER_SIZE = 64 * 1024 };

static void check(int result, const char *doing) {
  if (result >= 0) return;
  fprintf(stderr, "plain: cannot %s: %s\n", doing, av_err2str(result));
  exit(1);
}

static void *check_memory(void *memory) {
  check(memory ? 0 : AVERROR(ENOMEM), "allocate memory");
  return memory;
}

/* ---------------------------------------------------------------------------------------- memory as a file */

struct memory {
  uint8_t *data;
  int64_t size, capacity, position;
  const char *path; /* its path */
};

static struct memory load(const char *path) {
  FILE *file = fopen(path, "rb");
  check(file ? 0 : AVERROR(ENOENT), path);
  struct memory memory = {.path = path};
  fseek(file, 0, SEEK_END);
  memory.size = ftell(file);
  rewind(file);
  memory.data = check_memory(malloc((size_t)memory.size));
  if (fread(memory.data, 1, (size_t)memory.size, file) != (size_t)memory.size) check(AVERROR(EIO), path);
  fclose(file);
  return memory;
}

static int memory_read(void *opaque, uint8_t *buffer, int size) {
  struct memory *memory = opaque;
  int64_t left = memory->size - memory->position;
  if (left <= 0) return AVERROR_EOF;
  if (size > left) size = (int)left;
  memcpy(buffer, memory->data + memory->position, (size_t)size);
  memory->position += size;
  return size;
}

static int memory_write(void *opaque, write_bytes *buffer, int size) {
  struct memory *memory = opaque;
  int64_t end = memory->position + size;
  if (end > memory->capacity) {
    memory->capacity = end + end / 2;
    memory->data = check_memory(realloc(memory->data, (size_t)memory->capacity));
  }
  memcpy(memory->data + memory->position, buffer, (size_t)size);
  memory->position = end;
  if (end > memory->size) memory->size = end;
  return size;
}

static int64_t memory_seek(void *opaque, int64_t offset, int whence) {
  struct memory *memory = opaque;
  if (whence == AVSEEK_SIZE) return memory->size;
  if (whence == SEEK_CUR) offset += memory->position;
  if (whence == SEEK_END) offset += memory->size;
  return offset < 0 ? AVERROR(EINVAL) : (memory->position = offset);
}

static AVIOContext *new_io(struct memory *memory, int buffer_size, int writable) {
  uint8_t *buffer = check_memory(av_malloc((size_t)buffer_size));
  return check_memory(avio_alloc_context(buffer, buffer_size, writable, memory, writable ? NULL : memory_read,
                                         writable ? memory_write : NULL, memory_seek));
}

/* ---------------------------------------------------------------------------------------- files */

static int file_read(void *opaque, uint8_t *buffer, int size) {
  size_t count = fread(buffer, 1, (size_t)size, opaque);
  return count ? (int)count : AVERROR_EOF;
}

static int file_write(void *opaque, write_bytes *buffer, int size) {
  return fwrite(buffer, 1, (size_t)size, opaque) == (size_t)size ? size : AVERROR(EIO);
}

static int64_t file_seek(void *opaque, int64_t offset, int whence) {
  if (whence != AVSEEK_SIZE) return fseek(opaque, offset, whence) ? AVERROR(EIO) : ftell(opaque);
  int64_t position = ftell(opaque);
  fseek(opaque, 0, SEEK_END);
  int64_t size = ftell(opaque);
  fseek(opaque, position, SEEK_SET);
  return size;
}

static AVIOContext *new_file_io(FILE *file, int buffer_size, int writable) {
  uint8_t *buffer = check_memory(av_malloc((size_t)buffer_size));
  return check_memory(avio_alloc_context(buffer, buffer_size, writable, file, writable ? NULL : file_read,
                                         writable ? file_write : NULL, file_seek));
}

static FILE *open_file(const char *path, const char *mode) {
  FILE *file = fopen(path, mode);
  check(file ? 0 : AVERROR(errno), path);
  setvbuf(file, NULL, _IONBF, 0); /* libavformat buffers already */
  return file;
}

/* ---------------------------------------------------------------------------------------- inputs */

static void free_io(AVIOContext *io) {
  av_freep(&io->buffer);
  avio_context_free(&io);
}

static AVFormatContext *open_input(AVIOContext *io) {
  AVFormatContext *input = check_memory(avformat_alloc_context());
  input->pb = io;
  check(avformat_open_input(&input, "", NULL, NULL), "open input");
  check(avformat_find_stream_info(input, NULL), "find stream info");
  return input;
}

/* ---------------------------------------------------------------------------------------- the works */

/* What was seen; it must be the same on both sides. */
struct seen {
  int64_t packets, bytes;
};

static unsigned touched; /* printed, so that the compiler does not optimize away the reads */

static struct seen demux_from(AVIOContext *io) {
  AVFormatContext *input = open_input(io);
  AVPacket *packet = check_memory(av_packet_alloc());
  struct seen seen = {0};
  int result;
  while ((result = av_read_frame(input, packet)) >= 0) {
    seen.packets++;
    seen.bytes += packet->size;
    if (packet->size) touched += packet->data[0];
    av_packet_unref(packet);
  }
  if (result != AVERROR_EOF) check(result, "read packet");
  av_packet_free(&packet);
  avformat_close_input(&input);
  free_io(io);
  return seen;
}

static struct seen demux(struct memory *file, int buffer_size) {
  file->position = 0;
  return demux_from(new_io(file, buffer_size, 0));
}

static struct seen demux_file(struct memory *file, int buffer_size) {
  FILE *input = open_file(file->path, "rb");
  struct seen seen = demux_from(new_file_io(input, buffer_size, 0));
  fclose(input);
  return seen;
}

static void copy_streams(AVFormatContext *output, const AVFormatContext *input) {
  for (unsigned i = 0; i < input->nb_streams; i++) {
    AVStream *stream = check_memory(avformat_new_stream(output, NULL));
    check(avcodec_parameters_copy(stream->codecpar, input->streams[i]->codecpar), "copy parameters");
    stream->codecpar->codec_tag = 0;
    stream->time_base = input->streams[i]->time_base;
  }
}

static struct seen remux_from_to(AVIOContext *input_io, AVIOContext *output_io) {
  AVFormatContext *input = open_input(input_io), *output = NULL;
  check(avformat_alloc_output_context2(&output, NULL, "matroska", NULL), "find muxer");
  output->pb = output_io;
  copy_streams(output, input);
  check(avformat_write_header(output, NULL), "write header");
  AVPacket *packet = check_memory(av_packet_alloc());
  struct seen seen = {0};
  while (av_read_frame(input, packet) >= 0) {
    int index = packet->stream_index;
    av_packet_rescale_ts(packet, input->streams[index]->time_base, output->streams[index]->time_base);
    seen.packets++;
    check(av_interleaved_write_frame(output, packet), "write packet");
  }
  check(av_write_trailer(output), "write trailer");
  av_packet_free(&packet);
  avformat_close_input(&input);
  avformat_free_context(output);
  free_io(input_io);
  free_io(output_io);
  return seen;
}

static struct seen remux(struct memory *file, int buffer_size) {
  file->position = 0;
  struct memory written = {0};
  struct seen seen = remux_from_to(new_io(file, buffer_size, 0), new_io(&written, buffer_size, 1));
  touched += written.data[written.size / 2];
  free(written.data);
  return seen;
}

static struct seen remux_file(struct memory *file, int buffer_size) {
  char path[4096];
  snprintf(path, sizeof(path), "%s.plain.mkv", file->path);
  FILE *input = open_file(file->path, "rb"), *output = open_file(path, "wb");
  struct seen seen = remux_from_to(new_file_io(input, buffer_size, 0), new_file_io(output, buffer_size, 1));
  fclose(input);
  fclose(output);
  remove(path);
  return seen;
}

static struct seen open_and_close(struct memory *file, int buffer_size) {
  file->position = 0;
  AVIOContext *io = new_io(file, buffer_size, 0);
  AVFormatContext *input = open_input(io);
  struct seen seen = {.packets = 0, .bytes = input->nb_streams};
  avformat_close_input(&input);
  free_io(io);
  return seen;
}

static void list(struct memory *file) {
  AVIOContext *io = new_io(file, DEFAULT_BUFFER_SIZE, 0);
  AVFormatContext *input = open_input(io);
  for (unsigned i = 0; i < input->nb_streams; i++)
    printf("%u %s\n", i, avcodec_get_name(input->streams[i]->codecpar->codec_id));
  avformat_close_input(&input);
  free_io(io);
}

/* ---------------------------------------------------------------------------------------- timing */

static double milliseconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

static void repeat(struct seen work(struct memory *, int), struct memory *file, int buffer_size, int warmup,
                   int count) {
  for (int i = -warmup; i < count; i++) {
    double start = milliseconds();
    struct seen seen = work(file, buffer_size);
    double taken = milliseconds() - start;
    if (i == -warmup) printf("%lld packets, %lld\n", (long long)seen.packets, (long long)seen.bytes);
    if (i >= 0) printf("%.4f\n", taken);
  }
  fprintf(stderr, "%u\n", touched);
}

int main(int argc, char **argv) {
  if (argc < 3) {
    fprintf(stderr, "usage: plain demux|demux-file|remux|remux-file|open|list FILE [WARMUP COUNT [BUFFER_KIB]]\n");
    return 2;
  }
  av_log_set_level(AV_LOG_ERROR);
  const char *work = argv[1];
  struct memory file = load(argv[2]);
  int warmup = argc > 3 ? atoi(argv[3]) : 0, count = argc > 4 ? atoi(argv[4]) : 1;
  int buffer_size = argc > 5 ? atoi(argv[5]) * 1024 : DEFAULT_BUFFER_SIZE;
  if (!strcmp(work, "demux")) repeat(demux, &file, buffer_size, warmup, count);
  else if (!strcmp(work, "demux-file")) repeat(demux_file, &file, buffer_size, warmup, count);
  else if (!strcmp(work, "remux-file")) repeat(remux_file, &file, buffer_size, warmup, count);
  else if (!strcmp(work, "remux")) repeat(remux, &file, buffer_size, warmup, count);
  else if (!strcmp(work, "open")) repeat(open_and_close, &file, buffer_size, warmup, count);
  else if (!strcmp(work, "list")) list(&file);
  else return 2;
  free(file.data);
  return 0;
}
