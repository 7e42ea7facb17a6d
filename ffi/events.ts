/**
 * The isolate's queue of events: one call waits for them while somebody waits for a session, and none otherwise, so
 * that the event loop is free to end. What an event means to a session is in `session.ts`.
 */
import { library } from "./library.ts";
import { Event } from "./symbols.ts";

/** A session whose operation runs on its own thread. */
export interface Worked {
  readonly handle: number;
  /** A promise where the answer must be waited for. */
  answerAsync(io: number, kind: number, a: number, b: number, c: number): Promise<unknown> | null;
  /** The operation is over. */
  done(): void;
  /** Promises that are waited for, kept here. */
  asked: number;
}

interface Waiter {
  session: Worked;
  resolve: () => void;
}

const MAX_EVENTS = 64;
/**
 * Microseconds for which this thread waits for the next event itself, while a session's thread is at work: going to wait
 * on a thread of Deno's pool and back takes longer than most of what they do.
 */
const PATIENCE = 100;
/** Milliseconds that may go on for before the event loop has its turn. */
const MOST_AT_ONCE = 4;
/** Milliseconds on a thread of Deno's pool. */
const LONGEST_WAIT = 250;

const rows = new Float64Array(MAX_EVENTS * Event.LENGTH);
/** Sessions that have events, whether or not anybody waits for them; one that was forgotten can go. */
const active = new Map<number, WeakRef<Worked>>();
const waiting = new Map<number, Waiter>();
let atWork = 0; // of those that are waited for, sessions that wait for no promise
let pumping = false;
let inPool = false; // the pump waits there
let lastTurn = -Infinity; // of the event loop, between the pump's own and those of all before

/** The session gets its events from now on. */
export function remember(session: Worked): void {
  active.set(session.handle, new WeakRef(session));
}

/** Nobody is to hear of the session any more. */
export function forget(handle: number): void {
  active.delete(handle);
  tell(handle);
}

/** Resolves when the session's operation is done, or has packets ready. */
export function told(session: Worked): Promise<void> {
  return new Promise((resolve) => {
    waiting.set(session.handle, { session, resolve });
    if (session.asked === 0) atWork++;
    if (!pumping) pump();
  });
}

function tell(handle: number): void {
  const waiter = waiting.get(handle);
  if (!waiter) return;
  waiting.delete(handle);
  if (waiter.session.asked === 0) atWork--;
  waiter.resolve();
  if (inPool && waiting.size === 0) library().avs_wake_events();
}

/** Whether the event loop should have its turn before more is done. */
export function isTurnDue(): boolean {
  return performance.now() - lastTurn >= MOST_AT_ONCE;
}

/** Gives the event loop its turn. */
export async function turn(): Promise<void> {
  await library().avs_wait_events(library().avs_isolate(), 0);
  lastTurn = performance.now();
}

/** Answers the events that are there, or that come within so many microseconds; how many. */
export function answerEvents(patience = 0): number {
  // What is called may come here again, and wait for an event that was taken before it was called.
  const left = taken.length;
  const count = library().avs_take_events(rows, MAX_EVENTS, left > 0 ? 0 : patience);
  for (let row = 0; row < count * Event.LENGTH; row += Event.LENGTH) {
    taken.push(rows.slice(row, row + Event.LENGTH));
  }
  for (let event; (event = taken.shift());) dispatch(event);
  return left + count;
}
/** Events that are not dispatched yet. */
const taken: Float64Array[] = [];

async function pump(): Promise<void> {
  pumping = true;
  const isolate = library().avs_isolate();
  await null; // the operation is about to start
  while (waiting.size > 0) {
    const patient = atWork > 0 && !isTurnDue();
    if (!patient || answerEvents(PATIENCE) === 0) {
      inPool = true;
      const result = await library().avs_wait_events(isolate, LONGEST_WAIT);
      inPool = false;
      if (result < 0) break; // this thread has ended, and there is nobody left to tell
      lastTurn = performance.now();
      answerEvents();
    }
    await null; // whoever waits for what is done goes on, and asks for more
    await null;
    await null;
  }
  pumping = false;
}

function dispatch(event: Float64Array): void {
  const handle = event[Event.SESSION]!;
  const kind = event[Event.KIND]!;
  const session = active.get(handle)?.deref();
  if (!session) return;
  if (kind === Event.DONE) session.done();
  if (kind === Event.DONE || kind === Event.READY) return tell(handle);
  const answer = session.answerAsync(
    event[Event.IO]!,
    kind,
    event[Event.A]!,
    event[Event.B]!,
    event[Event.C]!,
  );
  if (answer) ask(session, answer);
}

function ask(session: Worked, answer: Promise<unknown>): void {
  if (session.asked++ === 0 && waiting.has(session.handle)) atWork--;
  answer.finally(() => {
    if (--session.asked === 0 && waiting.has(session.handle)) atWork++;
  });
}
