/* floor 3 */
/*
 * worker.h - the async engine: a session's own thread, which runs the operations that JavaScript starts. When one wants
 * something of JavaScript, the thread puts an event into its client's queue and waits for the answer; nothing here calls
 * into JavaScript. The thread lives from the first operation that is started to the session's end.
 */
#ifndef AVS_WORKER_H
#define AVS_WORKER_H

struct session;

/* Ends the thread, and with it the session: now, or when its operation is over. */
void worker_close(struct session *session);

#endif
