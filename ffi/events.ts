/**
 * This copy's queue of events: one call waits for them while somebody waits for a session, and none otherwise, so
 * that the event loop is free to end. What an event means to a session is in `session.ts`.
 */
import { client, library } from "./library.ts";
import { Event } from "./symbols.ts";

/** A session whose operation runs on its own thread. */
interface Receiver {
  readonly handle: number;
  readonly requests: {
    /** Answers a request; a promise where the answer has to be waited for. */
    answer(io: number, kind: number, a: number, b: number, c: number): Promise<unknown> | null;
    /** How many answers are waited for. */
    readonly waiting: number;
  };
  /** The operation has ended. */
  done(): void;
}

interface Waiter {
  receiver: Receiver;
  resolve: () => void;
}

const MAX_EVENTS = 64;
/**
 * Microseconds for which this thread waits for the next event itself, while a session's thread is at work: going to wait
 * on a thread of Deno's pool and back takes longer than most of what they do.
 */
const PATIENCE_MICROSECONDS = 100;
/** Milliseconds that may go on for before the event loop has its turn. */
const MAX_TURN = 4;
/** Milliseconds on a thread of Deno's pool. */
const MAX_POOL_WAIT = 250;

/** Events that are not dispatched yet. */
const taken: Float64Array[] = [];
const rows = new Float64Array(MAX_EVENTS * Event.LENGTH);
/** Sessions that have events, whether or not anybody waits for them; one that was forgotten can go. */
const receivers = new Map<number, WeakRef<Receiver>>();
const waiting = new Map<number, Waiter>();
let pumping = false;
/** What waits on threads of Deno's pool. */
const poolWaits = new Set<Promise<number>>();
let lastTurn = -Infinity; // of the event loop, between the pump's own and those of all before

/** The session gets its events from now on. */
export function receiveEvents(receiver: Receiver): void {
  receivers.set(receiver.handle, new WeakRef(receiver));
}

/** Nobody is to hear of the session any more; who waits for it goes on. */
export function forgetEvents(handle: number): void {
  receivers.delete(handle);
  wake(handle);
}

/** Resolves when the session's operation has ended, when it has packets ready, or when it is forgotten. */
export function nextEvent(receiver: Receiver): Promise<void> {
  if (!receivers.has(receiver.handle)) return Promise.resolve(); // what was called has ended it
  return new Promise((resolve) => {
    waiting.set(receiver.handle, { receiver, resolve });
    if (!pumping) pump();
  });
}

function wake(handle: number): void {
  const waiter = waiting.get(handle);
  if (!waiter) return;
  waiting.delete(handle);
  waiter.resolve();
  if (poolWaits.size > 0 && waiting.size === 0) library().wakeEvents(client());
}

/** Resolves when nobody waits on a thread of Deno's pool in vain; null where that is so. */
export function quiet(): Promise<unknown> | null {
  return poolWaits.size > 0 && waiting.size === 0 ? Promise.all(poolWaits) : null;
}

/** Whether one of the sessions that are waited for is at work itself, and does not wait for a promise. */
function isAnyAtWork(): boolean {
  for (const { receiver } of waiting.values()) if (receiver.requests.waiting === 0) return true;
  return false;
}

/** Whether the event loop should have its turn before more is done. */
export function isTurnDue(): boolean {
  return performance.now() - lastTurn >= MAX_TURN;
}

/** Gives the event loop its turn. */
export async function turn(): Promise<void> {
  await waitInPool(0);
}

async function waitInPool(milliseconds: number): Promise<number> {
  const wait = library().waitForEvents(client(), milliseconds);
  poolWaits.add(wait);
  const result = await wait;
  poolWaits.delete(wait);
  lastTurn = performance.now();
  return result;
}

/** Answers the events that are there, or that come within so many microseconds; how many. */
export function answerEvents(patience = 0): number {
  // What is called may come here again, and wait for an event that was taken before it was called.
  const left = taken.length;
  const count = library().avs_take_events(client(), rows, MAX_EVENTS, left > 0 ? 0 : patience);
  for (let row = 0; row < count * Event.LENGTH; row += Event.LENGTH) {
    taken.push(rows.slice(row, row + Event.LENGTH));
  }
  for (let event; (event = taken.shift());) dispatch(event);
  return left + count;
}

async function pump(): Promise<void> {
  pumping = true;
  await null; // the operation is about to start
  while (waiting.size > 0) {
    const patient = !isTurnDue() && isAnyAtWork();
    if (!patient || answerEvents(PATIENCE_MICROSECONDS) === 0) {
      if (await waitInPool(MAX_POOL_WAIT) < 0) break; // this thread has ended, and there is nobody left to tell
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
  const receiver = receivers.get(handle)?.deref();
  if (!receiver) return;
  if (kind === Event.DONE) receiver.done();
  if (kind === Event.DONE || kind === Event.READY) return wake(handle);
  receiver.requests.answer(event[Event.IO]!, kind, event[Event.A]!, event[Event.B]!, event[Event.C]!);
}
