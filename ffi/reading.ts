/**
 * Reading: the packets of a session's input, in order, with what follows them. The sync engine reads a batch at a time;
 * the async engine's thread goes on reading while they are used, until another operation stops it. What was read and not
 * used yet is kept here: a seek that fails leaves it, an end of the session drops it.
 */
import type { Call } from "./calls.ts";
import { AVERROR } from "./constants.ts";
import { answerEvents, isTurnDue, nextEvent, turn } from "./events.ts";
import { busy } from "./native_line.ts";
import type { Operation } from "./operation.ts";
import { PacketBatch } from "./packets.ts";
import type { ReadsAhead, Session } from "./session.ts";
import { operations, Slot } from "./symbols.ts";

/** Packets and bytes that are read ahead at most. */
const MAX_PACKETS = 512;
const MAX_BYTES = 256 * 1024;

/** Microseconds for which a sync call waits at a time for the thread that reads ahead; how often, and milliseconds, at least. */
const STOP_MICROSECONDS = 1000;
const STOP_TIMES = 250;
const STOP_MILLISECONDS = 250;

/** What follows the packets that were read: nothing is known yet, the input's end, or an error. */
type After = null | "end" | { error: unknown; isFinal: boolean };

export class Reading implements ReadsAhead {
  #session: Session;
  #onStreams: (count: number) => void;
  #batch: PacketBatch | null = null;
  #after: After = null;
  /** The session's own thread reads, or what came of it was not taken yet. */
  #isAhead = false;
  #slot = new Float64Array(Slot.SIZE);
  #streams: number;

  /**
   * @param streams How many streams the input has.
   * @param onStreams Told when there are more; packets of new streams come after.
   */
  constructor(session: Session, streams: number, onStreams: (count: number) => void) {
    this.#session = session;
    this.#streams = streams;
    this.#onStreams = onStreams;
    session.readAheadBy(this);
  }

  /** The next packet that is there; null where one has to be waited for, or none comes. Good until the next call. */
  ready(): PacketBatch | null {
    while (this.#batch) {
      if (this.#batch.next()) return this.#batch;
      this.#batch = this.#takeReady();
    }
    return null;
  }

  /** What has been read meanwhile. */
  #takeReady(): PacketBatch | null {
    if (this.#session.hasEnded) return null;
    if (this.#isAhead && !this.#session.native.isDone) {
      if (isTurnDue()) return null;
      answerEvents(); // what the thread asks while nobody waits for it
      if (this.#session.hasEnded) return null; // by what was called
    }
    return PacketBatch.take(this.#session);
  }

  /** The next packet, null at the end. Throws what follows the packets where that is an error. */
  *read(): Operation<PacketBatch | null> {
    while (true) {
      this.#session.checkOpen(operations.read.phrase);
      const packet = this.ready();
      if (packet) return packet;
      if (this.#after === "end") return null;
      this.#throwAfter();
      yield* this.#readMore();
    }
  }

  #throwAfter(): void {
    if (this.#after === null || this.#after === "end") return;
    const { error, isFinal } = this.#after;
    this.#after = null;
    throw isFinal ? this.#session.fail(error) : error;
  }

  /** What was read before a seek is of no use any more. */
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
    native.slot.set([MAX_PACKETS, MAX_BYTES], 1);
    native.runNow(operations.read, null);
    this.#take(native.slot);
  }

  /** What came of reading, besides packets. */
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
      this.#slot.set([MAX_PACKETS, MAX_BYTES], 1);
      native.start(operations.read, this.#slot);
      this.#isAhead = true;
    }
    if (isTurnDue()) await turn();
    while (!this.#session.hasEnded) {
      answerEvents();
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
    if (!this.#session.hasEnded) this.#batch ??= PacketBatch.take(this.#session); // they come before what follows
  }

  *stop(): Operation<void> {
    if (!this.#isAhead) return;
    yield { sync: () => {}, async: () => this.#stopThread(), isNative: true };
    this.#finish();
  }

  async #stopThread(): Promise<void> {
    this.#session.native.stopReading();
    answerEvents();
    await this.#session.native.untilDone();
  }

  stopNow(call: Call): void {
    if (!this.#isAhead) return;
    const { native } = this.#session;
    native.stopReading();
    const begin = performance.now();
    // A callback may close it.
    for (let times = 0; !native.isDone && !this.#session.hasEnded; times++) {
      // Or it is within a packet that does not come: of a live playlist, or of a source that never has one.
      const isLong = times >= STOP_TIMES && performance.now() - begin >= STOP_MILLISECONDS;
      if (isLong || native.requests.waiting > 0) throw busy(call);
      answerEvents(STOP_MICROSECONDS);
    }
    this.#finish();
    this.#session.checkOpen(call.phrase);
  }
}
