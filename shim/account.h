/* floor 1 */
/*
 * account.h - what FFmpeg and libxml2 have allocated, session by session, and where it ends: the embedded build's allocator.
 * A thread allocates for the account that it has entered; each block knows its account, so what is freed elsewhere, or
 * later, is given back to the right one.
 *
 * Above 7/8 of the limit the account is exceeded: large blocks fail, which FFmpeg is used to; the small ones that the way out
 * needs have the rest. From then on nothing is read either (io.c), so the operation is over soon.
 */
#ifndef AVS_ACCOUNT_H
#define AVS_ACCOUNT_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct account;

/* NULL without memory. */
struct account *account_new(void);
/* What it still has allocated is in no session's sum from then on. */
void account_free(struct account *account);
/* Bytes; of several limits the least counts. */
void account_limit(struct account *account, int64_t bytes);
int64_t account_limit_of(const struct account *account);
bool is_exceeded(const struct account *account);
/* Of a session that is over: large blocks fail, so that its thread ends soon. */
void account_end(struct account *account);
/* From now on this thread allocates for that one (NULL: nobody); the one before is the result. */
struct account *account_enter(struct account *account);
/* libxml2 allocates here too. Once. */
void account_install(void);

#endif
