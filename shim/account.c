#include "account.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "avs.h"
#include "platform.h"

enum { ALIGNMENT = 16 }; /* of blocks: malloc()'s */
#define MAX_SIZE (SIZE_MAX / 2)

struct account {
  uint32_t id;                /* index in the table, from 1 on; the lower half of a tag */
  atomic_uint generation;     /* of the present user of this entry; the upper half of a tag */
  int64_t limit;
  bool is_limited;            /* explicitly, not by the default */
  atomic_llong taken;         /* changed by the one thread that has entered it */
  atomic_llong returned;      /* by other threads */
  atomic_bool exceeded, lacking, over;
  struct account *next;       /* in the list of free entries */
};

/* ---------------------------------------------------------------------------------------- the table */

/* Entries are never freed, so a block's tag can be looked up without a lock. */
enum { CHUNK = 256, CHUNKS = 4096 };
static _Atomic(struct account *) chunks[CHUNKS];
static mutex lock = MUTEX_INITIALIZER; /* of all below */
static struct account *unused;
static uint32_t last_id;

static struct account *at(uint32_t id) {
  if (!id || id > (uint32_t)CHUNK * CHUNKS) return NULL;
  struct account *chunk = chunks[(id - 1) / CHUNK];
  return chunk ? &chunk[(id - 1) % CHUNK] : NULL;
}

static struct account *new_place(void) {
  if (last_id == (uint32_t)CHUNK * CHUNKS) return NULL;
  if (last_id % CHUNK == 0) {
    struct account *chunk = calloc(CHUNK, sizeof(*chunk));
    if (!chunk) return NULL;
    chunks[last_id / CHUNK] = chunk;
  }
  uint32_t id = ++last_id;
  struct account *account = at(id);
  account->id = id;
  return account;
}

struct account *account_new(void) {
  mutex_lock(&lock);
  struct account *account = unused ? unused : new_place();
  if (account == unused && account) unused = account->next;
  mutex_unlock(&lock);
  if (!account) return NULL;
  account->generation++;
  account->limit = AVS_MEMORY_DEFAULT;
  account->is_limited = false;
  account->exceeded = account->lacking = false;
  account->over = false;
  account->taken = account->returned = 0;
  return account;
}

void account_free(struct account *account) {
  if (!account) return;
  account->generation++;
  mutex_lock(&lock);
  account->next = unused;
  unused = account;
  mutex_unlock(&lock);
}

/* ---------------------------------------------------------------------------------------- limits */

static _Thread_local struct account *current;

void account_limit(struct account *account, int64_t bytes) {
  if (!account->is_limited || bytes < account->limit) account->limit = bytes;
  account->is_limited = true;
}

int64_t account_limit_of(const struct account *account) { return account->limit; }
bool is_exceeded(const struct account *account) { return account->exceeded; }
bool is_lacking(const struct account *account) { return account->lacking; }
void account_end(struct account *account) { account->over = true; }

struct account *account_enter(struct account *account) {
  struct account *before = current;
  current = account;
  return before;
}

/* Whether the account may allocate `more` bytes, for a block of `size`. */
static bool may_take(struct account *account, size_t size, size_t more) {
  enum { LARGE = 64 * 1024 };
  long long used = atomic_load_explicit(&account->taken, memory_order_relaxed) -
                   atomic_load_explicit(&account->returned, memory_order_relaxed);
  int64_t would = used + (int64_t)more;
  if (would > account->limit - account->limit / 8) account->exceeded = true;
  if (size >= LARGE && (account->exceeded || account->over)) return false;
  return would <= account->limit;
}

static void take(struct account *account, int64_t bytes) {
  long long taken = atomic_load_explicit(&account->taken, memory_order_relaxed);
  atomic_store_explicit(&account->taken, taken + bytes, memory_order_relaxed);
}

/* ---------------------------------------------------------------------------------------- blocks */

/* Which account a block belongs to. */
typedef uint64_t tag;

static tag tag_of(const struct account *account) {
  return account ? (tag)account->generation << 32 | account->id : 0;
}

/* Before each block, whose size is asked for at its end again: the C library's own answer took as long as the rest (measured). */
struct head {
  _Alignas(ALIGNMENT) tag tag;
  size_t size;
};

static struct head *head_of(void *block) { return (struct head *)block - 1; }

/* What a block of that size takes, about. */
static int64_t taken_by(size_t size) { return (int64_t)(size + 2 * sizeof(struct head)); }

/* Subtracts a block of `size` bytes from the account of the tag. */
static void give_back(struct account *entered, tag tag, size_t size) {
  if (!tag) return;
  if (tag == tag_of(entered)) return take(entered, -taken_by(size));
  struct account *account = at((uint32_t)tag);
  if (account && account->generation == tag >> 32) account->returned += taken_by(size);
}

/* For MemorySanitizer: what only this allocator sets to zero counts as not filled (scripts/fuzz_shim.sh --unfilled). */
#if defined(AVIO_UNFILLED)
#include <sanitizer/msan_interface.h>
static void set_to_zero(uint8_t *bytes, size_t size) {
  memset(bytes, 0, size);
  __msan_poison(bytes, size);
}
#else
static void set_to_zero(uint8_t *bytes, size_t size) { memset(bytes, 0, size); }
#endif

/*
 * Assigns a block to the account; its bytes from `from` on are new. In a small block these are set to zero: a demuxer may fill
 * less of a structure or a header than it delivers. In packets, unfilled bytes are zero by a patch.
 */
static void *finish(struct account *entered, struct head *head, size_t from, size_t size) {
  enum { SMALL = 1024 };
  if (entered) take(entered, taken_by(size));
  head->tag = tag_of(entered);
  head->size = size;
  uint8_t *block = (uint8_t *)(head + 1);
  if (size <= SMALL && from < size) set_to_zero(block + from, size - from);
  return block;
}

/* FFmpeg's libavutil/mem.c calls these, by its MALLOC_PREFIX. */
int avio_posix_memalign(void **out, size_t align, size_t size);
void *avio_malloc(size_t size);
void *avio_realloc(void *block, size_t size);
void avio_free(void *block);

/* There is no memory, although the limit allows the block. */
static void *lack(struct account *entered) {
  if (entered) entered->exceeded = entered->lacking = true;
  return NULL;
}

void *avio_malloc(size_t size) {
  struct account *entered = current;
  if (size > MAX_SIZE || (entered && !may_take(entered, size, size))) return NULL;
  struct head *head = malloc(sizeof(*head) + size);
  return head ? finish(entered, head, 0, size) : lack(entered);
}

/* A greater alignment is for AVX, without which the embedded FFmpeg is built. */
int avio_posix_memalign(void **out, size_t align, size_t size) {
  *out = align <= ALIGNMENT ? avio_malloc(size) : NULL;
  return *out ? 0 : ENOMEM;
}

void *avio_realloc(void *block, size_t size) {
  if (!block) return avio_malloc(size);
  struct account *entered = current;
  struct head *head = head_of(block);
  struct head before = *head;
  bool grows = size > before.size;
  if (size > MAX_SIZE || (entered && grows && !may_take(entered, size, size - before.size))) return NULL;
  head = realloc(head, sizeof(*head) + size);
  if (!head) return lack(entered);
  give_back(entered, before.tag, before.size);
  return finish(entered, head, before.size, size);
}

void avio_free(void *block) {
  if (!block) return;
  struct head *head = head_of(block);
  give_back(current, head->tag, head->size);
  free(head);
}

/* ---------------------------------------------------------------------------------------- libxml2 */

#if defined(AVIO_LIBXML2)
int xmlMemSetup(void (*free)(void *), void *(*malloc)(size_t), void *(*realloc)(void *, size_t), char *(*strdup)(const char *));

static char *duplicate(const char *text) {
  size_t size = strlen(text) + 1;
  char *copy = avio_malloc(size);
  return copy ? memcpy(copy, text, size) : NULL;
}

void account_install(void) { xmlMemSetup(avio_free, avio_malloc, avio_realloc, duplicate); }
#else
void account_install(void) {}
#endif
