/**
 * The event queue of this copy of avio. One native call waits for events while any session has a pending call, and none
 * otherwise, so that the event loop can end. `session.ts` handles the events of a session.
 */
import type { RunInContext } from "./binding.ts";
import { copyNumbers, newNumbers } from "./byte_views.ts";
import { client, library } from "./library.ts";
import { Event } from "./symbols.ts";

/** A session whose operation runs on its own thread. */
interface Receiver {
  readonly handle: number;
  readonly requests: {
    /** Answers a request; returns a promise if the answer is asynchronous. */
    answer(io: number, kind: number, a: number, b: number, c: number): Promise<unknown> | null;
    /** The number of pending answers. */
    readonly waiting: number;
  };
  /** Runs a function in the session's asynchronous context. */
  readonly inContext: RunInContext;
  /** The operation has ended. */
  done(): void;
}

interface Waiter {
  receiver: Receiver;
  resolve: () => void;
}

const MAX_EVENTS = 64;
/**
 * Microseconds for which this thread itself waits for the next event while a session's thread is working: most
 * operations are shorter than a switch to a thread of Deno's pool and back.
 */
const PATIENCE_MICROSECONDS = 100;
/** Milliseconds of such waiting before a turn of the event loop. */
const MAX_TURN = 4;
/** Maximum milliseconds of one wait on a thread of Deno's pool. */
const MAX_POOL_WAIT = 250;

/** Events that have not been dispatched yet. */
const taken: Float64Array[] = [];
const rows = newNumbers(MAX_EVENTS * Event.LENGTH);
/**
 * Sessions that receive events, whether or not a call is pending. They are held weakly, so that they can be garbage
 * collected.
 */
const receivers = new Map<number, WeakRef<Receiver>>();
const waiting = new Map<number, Waiter>();
let pumping = false;
/** The current wait on a thread of Deno's pool. */
const poolWaits = new Set<Promise<number>>();
let lastTurn = -Infinity; // time of the last turn of the event loop

/** Starts delivering events to the session. */
export function receiveEvents(receiver: Receiver): void {
  receivers.set(receiver.handle, new WeakRef(receiver));
}

/** Stops delivering events to the session, and resolves the waits for it. */
export function forgetEvents(handle: number): void {
  receivers.delete(handle);
  wake(handle);
}

/** Resolves when the session's operation has ended, when it has packets ready, or when it has been removed. */
export function nextEvent(receiver: Receiver): Promise<void> {
  if (!receivers.has(receiver.handle)) return Promise.resolve(); // a callback has ended it
  return new Promise((resolve) => {
    waiting.set(receiver.handle, { receiver, resolve });
    if (!pumping) pump(receiver.handle);
  });
}

function wake(handle: number): void {
  const waiter = waiting.get(handle);
  if (!waiter) return;
  waiting.delete(handle);
  waiter.resolve();
  if (poolWaits.size > 0 && waiting.size === 0) library().wakeEvents(client());
}

/** Resolves when an unneeded wait on a thread of Deno's pool has ended; null if there is none. */
export function quiet(): Promise<unknown> | null {
  return poolWaits.size > 0 && waiting.size === 0 ? Promise.all(poolWaits) : null;
}

/** Whether a session with a pending call is running native code, not waiting for a promise. */
function isAnyAtWork(): boolean {
  for (const { receiver } of waiting.values()) if (receiver.requests.waiting === 0) return true;
  return false;
}

/** Whether a turn of the event loop is due. */
export function isTurnDue(): boolean {
  return performance.now() - lastTurn >= MAX_TURN;
}

/** Waits for a turn of the event loop. */
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

/**
 * Dispatches the events that are there, or that arrive within the given microseconds; returns their number.
 *
 * @param caller The handle of the session whose call this is.
 */
export function answerEvents(caller: number, patience = 0): number {
  // A receiver may call this again, and wait for an event that was taken before.
  const left = taken.length;
  const count = library().avs_take_events(client(), rows, MAX_EVENTS, left > 0 ? 0 : patience);
  for (let row = 0; row < count * Event.LENGTH; row += Event.LENGTH) {
    taken.push(copyNumbers(rows, row, Event.LENGTH));
  }
  for (let event; (event = taken.shift());) dispatch(event, caller);
  return left + count;
}

async function pump(caller: number): Promise<void> {
  pumping = true;
  await null; // the operation is about to start
  while (waiting.size > 0) {
    const patient = !isTurnDue() && isAnyAtWork();
    if (!patient || answerEvents(caller, PATIENCE_MICROSECONDS) === 0) {
      if (await waitInPool(MAX_POOL_WAIT) < 0) break; // this thread has ended
      answerEvents(caller);
    }
    await null; // lets callers continue, which may start new operations
    await null;
    await null;
  }
  pumping = false;
}

function dispatch(event: Float64Array, caller: number): void {
  const handle = event[Event.SESSION]!;
  const kind = event[Event.KIND]!;
  const receiver = receivers.get(handle)?.deref();
  if (!receiver) return;
  if (kind === Event.DONE) receiver.done();
  if (kind === Event.DONE || kind === Event.READY) return wake(handle);
  const answer = () =>
    void receiver.requests.answer(event[Event.IO]!, kind, event[Event.A]!, event[Event.B]!, event[Event.C]!);
  receiver.inContext(answer, handle === caller);
}
