/**
 * Reading: the packets of a session's input, in order, and the end or error that follows them. The sync engine reads
 * one batch at a time; the async engine's thread reads ahead until another operation stops it. Packets that have been
 * read but not used are kept here: a failed seek keeps them, the end of the session drops them.
 */
import { newNumbers, setNumbers } from "./byte_views.ts";
import type { Call } from "./calls.ts";
import { AVERROR } from "./constants.ts";
import { answerEvents, isTurnDue, nextEvent, turn } from "./events.ts";
import { busy } from "./native_line.ts";
import type { Operation } from "./operation.ts";
import { PacketBatch } from "./packets.ts";
import type { ReadsAhead, Session } from "./session.ts";
import { operations, Slot } from "./symbols.ts";

/** Maximum packets and bytes read ahead. */
const MAX_PACKETS = 512;
const MAX_BYTES = 256 * 1024;

/**
 * How a sync call waits for the thread that reads ahead: microseconds per wait, minimum number of waits, minimum
 * milliseconds in total.
 */
const STOP_MICROSECONDS = 1000;
const STOP_TIMES = 250;
const STOP_MILLISECONDS = 250;

/** What follows the packets that were read: not known yet, the end of the input, or an error. */
type After = null | "end" | { error: unknown; isFinal: boolean };

export class Reading implements ReadsAhead {
  #session: Session;
  #onStreams: (count: number) => void;
  #batch: PacketBatch | null = null;
  #after: After = null;
  /** Whether the session's own thread is reading, or its result hasn't been taken yet. */
  #isAhead = false;
  #slot = newNumbers(Slot.SIZE);
  #streams: number;

  /**
   * @param streams Number of streams of the input.
   * @param onStreams Called when there are more, before their packets.
   */
  constructor(session: Session, streams: number, onStreams: (count: number) => void) {
    this.#session = session;
    this.#streams = streams;
    this.#onStreams = onStreams;
    session.readAheadBy(this);
  }

  /** The next packet that is available; null if none is. Valid until the next call. */
  ready(): PacketBatch | null {
    while (this.#batch) {
      if (this.#batch.next()) return this.#batch;
      this.#batch = this.#takeReady();
    }
    return null;
  }

  /** Takes packets that have been read meanwhile. */
  #takeReady(): PacketBatch | null {
    if (this.#session.hasEnded) return null;
    if (this.#isAhead && !this.#session.native.isDone) {
      if (isTurnDue()) return null;
      answerEvents(this.#session.handle); // answers the thread's requests while no call is pending
      if (this.#session.hasEnded) return null; // a callback has ended it
    }
    return PacketBatch.take(this.#session);
  }

  /** The next packet, null at the end. Throws the error that follows the packets, if there is one. */
  *read(): Operation<PacketBatch | null> {
    while (true) {
      this.#session.checkOpen(operations.read.phrase);
      const packet = this.ready();
      if (packet) return packet;
      if (this.#after === "end") return null;
      this.check();
      yield* this.#readMore();
    }
  }

  /** Throws the error that follows the packets, if it is known. */
  check(): void {
    if (this.#after === null || this.#after === "end") return;
    const { error, isFinal } = this.#after;
    this.#after = null;
    throw isFinal ? this.#session.fail(error) : error;
  }

  /** Drops packets that were read before a seek. */
  forget(): void {
    this.#batch = null;
    this.#after = null;
  }

  *#readMore(): Operation<void> {
    yield { sync: () => this.#readNow(), async: () => this.#readAhead(), isNative: true };
    if (!this.#session.hasEnded) this.#batch ??= PacketBatch.take(this.#session);
  }

  #readNow(): void {
    const { native } = this.#session;
    setNumbers(native.slot, [MAX_PACKETS, MAX_BYTES], 1);
    native.runNow(operations.read, null);
    this.#take(native.slot);
  }

  /** Takes the result of reading. */
  #take(slot: Float64Array): void {
    const outcome = this.#session.outcome(operations.read, slot);
    if (outcome) this.#after = outcome;
    else if (slot[Slot.RESULT] === AVERROR.EOF) this.#after = "end";
    const streams = slot[1]!;
    if (this.#session.hasEnded || streams <= this.#streams) return;
    this.#streams = streams;
    this.#onStreams(streams);
  }

  // ---------------------------------------------------------------------------------------- reading ahead

  /** Waits until there are packets, or the thread has ended. */
  async #readAhead(): Promise<void> {
    const { native } = this.#session;
    if (!this.#isAhead) {
      setNumbers(this.#slot, [MAX_PACKETS, MAX_BYTES], 1);
      native.start(operations.read, this.#slot);
      this.#isAhead = true;
    }
    if (isTurnDue()) await turn();
    while (!this.#session.hasEnded) {
      answerEvents(native.handle);
      const isDone = native.isDone;
      this.#batch = this.#session.hasEnded ? null : PacketBatch.take(this.#session);
      if (this.#batch) return;
      if (isDone) return this.#finish();
      await nextEvent(native);
    }
  }

  #finish(): void {
    if (!this.#isAhead) return;
    this.#isAhead = false;
    if (this.#session.hasEnded) return;
    this.#session.native.finish(this.#slot);
    this.#take(this.#slot);
    if (!this.#session.hasEnded) this.#batch ??= PacketBatch.take(this.#session); // packets come before the end or error
  }

  *stop(): Operation<void> {
    if (!this.#isAhead) return;
    yield { sync: () => {}, async: () => this.#stopThread(), isNative: true };
    this.#finish();
  }

  async #stopThread(): Promise<void> {
    const { native } = this.#session;
    native.stopReading();
    answerEvents(native.handle);
    await native.untilDone();
  }

  stopNow(call: Call): void {
    if (!this.#isAhead) return;
    const { native } = this.#session;
    native.stopReading();
    const begin = performance.now();
    // A callback may close the session.
    for (let times = 0; !native.isDone && !this.#session.hasEnded; times++) {
      // Or the thread waits for a packet that does not arrive: from a live playlist, or a stalled source.
      const isLong = times >= STOP_TIMES && performance.now() - begin >= STOP_MILLISECONDS;
      if (isLong || native.requests.waiting > 0) throw busy(call);
      answerEvents(native.handle, STOP_MICROSECONDS);
    }
    this.#finish();
    this.#session.checkOpen(call.phrase);
  }
}
