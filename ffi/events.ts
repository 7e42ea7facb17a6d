/**
 * The isolate's queue of events: one call waits for them while operations are pending, and none otherwise, so that
 * the event loop is free to end. What an event means to a session is in `session.ts`.
 */
import { library } from "./library.ts";
import { Event } from "./symbols.ts";

/** A session whose operation runs on its own thread. */
export interface Pending {
  readonly handle: number;
  answerAsync(io: number, kind: number, a: number, b: number, c: number): void;
}

const MAX_EVENTS = 64;
const rows = new Float64Array(MAX_EVENTS * Event.LENGTH);
const pending = new Map<number, { session: Pending; resolve: () => void }>();
let pumping = false;

/** Resolves when the operation that the session is about to start is done. */
export function untilDone(session: Pending): Promise<void> {
  return new Promise((resolve) => {
    pending.set(session.handle, { session, resolve });
    if (!pumping) pump();
  });
}

/** The operation was not started after all. */
export function forget(session: Pending): void {
  pending.delete(session.handle);
}

async function pump(): Promise<void> {
  pumping = true;
  const isolate = library().avs_isolate();
  while (pending.size > 0) {
    // Where the engine can't wait there is nobody left to tell: this thread has ended.
    if (await library().avs_wait_events(isolate) < 0) break;
    const count = library().avs_take_events(rows, MAX_EVENTS);
    for (let i = 0; i < count; i++) dispatch(i * Event.LENGTH);
  }
  pumping = false;
}

function dispatch(row: number): void {
  const [handle, io, kind, a, b, c] = rows.subarray(row, row + Event.LENGTH) as unknown as number[];
  const entry = pending.get(handle!);
  if (!entry) return;
  if (kind !== Event.DONE) {
    entry.session.answerAsync(io!, kind!, a!, b!, c!);
    return;
  }
  pending.delete(handle!);
  entry.resolve();
}
