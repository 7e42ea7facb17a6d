/**
 * The isolate's queue of events: one call waits for them while operations are pending, and none otherwise, so that
 * the event loop is free to end. What an event means to a session is in `session.ts`.
 */
import { library } from "./library.ts";
import { Event } from "./symbols.ts";

/** A session whose operation runs on its own thread. */
export interface Pending {
  readonly handle: number;
  /** A promise where the answer must be waited for. */
  answerAsync(io: number, kind: number, a: number, b: number, c: number): Promise<unknown> | null;
}

interface Entry {
  session: Pending;
  resolve: () => void;
  /** The thread waits for an answer of ours. */
  asked: boolean;
}

const MAX_EVENTS = 64;
/**
 * Microseconds for which this thread waits for the next event itself, while a session's thread is at work: going to wait
 * on a thread of Deno's pool and back takes longer than most of what they do.
 */
const PATIENCE = 100;
/** Milliseconds that may go on for before the event loop has its turn. */
const MOST_AT_ONCE = 4;

const rows = new Float64Array(MAX_EVENTS * Event.LENGTH);
const pending = new Map<number, Entry>();
let atWork = 0; // entries that are not asked
let pumping = false;
let lastTurn = -Infinity; // of the event loop, between the pump's own and those of all before

/** Resolves when the operation that the session is about to start is done. */
export function untilDone(session: Pending): Promise<void> {
  return new Promise((resolve) => {
    pending.set(session.handle, { session, resolve, asked: false });
    atWork++;
    if (!pumping) pump();
  });
}

/** The operation was not started after all. */
export function forget(session: Pending): void {
  remove(pending.get(session.handle));
}

function remove(entry: Entry | undefined): void {
  if (!entry) return;
  pending.delete(entry.session.handle);
  if (!entry.asked) atWork--;
}

async function pump(): Promise<void> {
  pumping = true;
  const isolate = library().avs_isolate();
  await null; // the operation is about to start
  while (pending.size > 0) {
    const patient = atWork > 0 && performance.now() - lastTurn < MOST_AT_ONCE;
    let count = patient ? library().avs_take_events(rows, MAX_EVENTS, PATIENCE) : 0;
    if (count === 0) {
      // Below zero this thread has ended, and there is nobody left to tell.
      if (await library().avs_wait_events(isolate) < 0) break;
      lastTurn = performance.now();
      count = library().avs_take_events(rows, MAX_EVENTS, 0);
    }
    for (let i = 0; i < count; i++) dispatch(i * Event.LENGTH);
    await null; // whoever waits for what is done goes on, and asks for more
    await null;
    await null;
  }
  pumping = false;
}

function dispatch(row: number): void {
  const handle = rows[row + Event.SESSION]!;
  const kind = rows[row + Event.KIND]!;
  const entry = pending.get(handle);
  if (!entry) return;
  if (kind === Event.DONE) {
    remove(entry);
    entry.resolve();
    return;
  }
  const { session } = entry;
  const waiting = session.answerAsync(
    rows[row + Event.IO]!,
    kind,
    rows[row + Event.A]!,
    rows[row + Event.B]!,
    rows[row + Event.C]!,
  );
  if (waiting) ask(entry, waiting);
}

function ask(entry: Entry, waiting: Promise<unknown>): void {
  entry.asked = true;
  atWork--;
  waiting.finally(() => {
    if (pending.get(entry.session.handle) !== entry || !entry.asked) return;
    entry.asked = false;
    atWork++;
  });
}
