/* floor 1 */
/*
 * account.h - the allocator of the embedded build: it counts what FFmpeg and libxml2 allocate, per session, and limits it.
 * A thread allocates for the account that it has entered; each block is tagged with its account, so that a block freed on
 * another thread, or later, is subtracted from the right one.
 *
 * Above 7/8 of the limit the account is exceeded: large blocks fail, which FFmpeg handles; the rest is left for the small
 * blocks that its error paths need. From then on nothing is read either (io.c), so the operation ends soon. It is the same
 * where the system has no memory, which FFmpeg may ignore: it would leave out a tag, or an entry of an index.
 */
#ifndef AVS_ACCOUNT_H
#define AVS_ACCOUNT_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct account;

/* NULL if there is no memory. */
struct account *account_new(void);
/* Its remaining blocks are counted for no session from then on. */
void account_free(struct account *account);
/* In bytes; the smallest of several limits counts. */
void account_limit(struct account *account, int64_t bytes);
int64_t account_limit_of(const struct account *account);
bool is_exceeded(const struct account *account);
/* Whether that is because the system has no memory. */
bool is_lacking(const struct account *account);
/* The session is over: large blocks fail from now on, so that its thread ends soon. */
void account_end(struct account *account);
/* From now on this thread allocates for that account (NULL: none); returns the previous one. */
struct account *account_enter(struct account *account);
/* Makes libxml2 allocate here too. To be called once. */
void account_install(void);

#endif
