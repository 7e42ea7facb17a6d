/* floor 3 */
/*
 * worker.h - the async engine: a session's own thread, which runs the operations that JavaScript starts. For a request to
 * JavaScript, the thread puts an event into its client's queue and waits for the answer; nothing here calls into JavaScript.
 * The thread runs from the first operation to the session's end.
 */
#ifndef AVS_WORKER_H
#define AVS_WORKER_H

struct session;

/* Ends the thread, and with it the session: now, or when its operation is over. */
void worker_close(struct session *session);

#endif
