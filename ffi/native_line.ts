/**
 * NativeLine: the native side of a session, one line of execution: how an operation of the shim is run by either engine,
 * and how the line is let go. It knows nothing of what comes of an operation.
 */
import { byteLengthOf } from "./byte_views.ts";
import type { Call } from "./calls.ts";
import { AVERROR } from "./constants.ts";
import { makeError } from "./errors.ts";
import { forgetEvents, nextEvent, receiveEvents } from "./events.ts";
import { checkStillThere, type LentBytes } from "./lent_bytes.ts";
import { client, library } from "./library.ts";
import type { NativeIO } from "./native_io.ts";
import type { Operation } from "./operation.ts";
import type { Requests } from "./requests.ts";
import { type OperationCode, Slot } from "./symbols.ts";

/** Lines that run on this thread, the innermost last: requests come from that one. */
const running: NativeLine[] = [];

/** Answers requests of the sync engine. It never throws and returns nothing: C would see neither. */
function installCallback(): void {
  if (installed) return;
  library().answerRequests(client(), (_session, io, kind, a, b, c) => {
    running.at(-1)?.requests.answerNow(io, kind, a, b, c);
  });
  installed = true;
}
let installed = false;

export class NativeLine {
  readonly handle: number;
  /** For `events.ts`. */
  readonly requests: Requests;
  /** Numbers in and out of an operation. */
  readonly slot: Float64Array<ArrayBuffer> = new Float64Array(Slot.SIZE);
  /** Bytes that a memory input reads where they are, while an operation runs. */
  #lent: (LentBytes & { io: number }) | null = null;
  #isOnStack = false;
  /** An operation was started on the session's own thread, and its end was not taken note of. */
  #isOut = false;
  #isDone = true;
  #hasThread = false;
  #isFreed = false;

  constructor(requests: Requests) {
    this.requests = requests;
    this.handle = library().avs_session_new(client());
    if (this.handle === 0) throw new Error("Out of memory");
  }

  /** An operation of the sync engine is on this thread's stack. */
  get isOnStack(): boolean {
    return this.#isOnStack;
  }

  /** An operation is under way, of either engine. */
  get isBusy(): boolean {
    return this.#isOnStack || this.#isOut;
  }

  /**
   * A memory input of this session reads `bytes` where they are. While it does the shim asks nobody anything: a callback
   * could take them away.
   */
  lend(bytes: Uint8Array, { handle }: NativeIO): void {
    this.#lent = { bytes, byteLength: bytes.byteLength, io: handle };
  }

  /** The I/O context is no more. */
  takeBack({ handle }: NativeIO): void {
    if (this.#lent?.io === handle) this.#lent = null;
  }

  /** Runs an operation of the shim; its numbers, good until the next one. */
  *run(
    operation: OperationCode,
    inputs: readonly number[],
    data: Uint8Array | null,
  ): Operation<Float64Array> {
    this.slot.set(inputs, 1);
    yield {
      sync: () => this.runNow(operation, data),
      async: () => this.#runOnThread(operation),
      isNative: true,
    };
    return this.slot;
  }

  /** Runs an operation on this thread, with the numbers in `slot`. */
  runNow(operation: OperationCode, data: Uint8Array | null): void {
    if (this.isBusy) throw busy(operation);
    if (this.requests.canBeAsked) installCallback();
    if (this.#lent) checkStillThere(this.#lent);
    const source = this.#lent?.bytes ?? null;
    running.push(this);
    this.#isOnStack = true;
    try {
      library().avs_run(
        this.handle,
        operation.code,
        this.slot,
        data as Uint8Array<ArrayBuffer> | null,
        data ? byteLengthOf(data) : 0,
        source as Uint8Array<ArrayBuffer> | null,
        source ? byteLengthOf(source) : 0,
      );
    } finally {
      this.#isOnStack = false;
      running.pop();
    }
  }

  async #runOnThread(operation: OperationCode): Promise<void> {
    this.start(operation, this.slot);
    await this.untilDone();
    this.finish(this.slot);
  }

  // ---------------------------------------------------------------------------------------- its own thread

  /** Starts an operation on the session's own thread. */
  start(operation: OperationCode, slot: Float64Array<ArrayBuffer>): void {
    if (this.isBusy) throw busy(operation);
    const result = library().avs_start(this.handle, operation.code, slot);
    if (result < 0) {
      throw makeError(operation, result, [], result === AVERROR.EAGAIN ? "no more threads" : undefined);
    }
    if (!this.#hasThread) receiveEvents(this);
    this.#hasThread = true;
    this.#isOut = true;
    this.#isDone = false;
  }

  /** Whether the operation that was started has ended. */
  get isDone(): boolean {
    return this.#isDone;
  }

  /** For `events.ts`. */
  done(): void {
    this.#isDone = true;
  }

  /** Resolves when the operation that was started has ended, or the line is let go. */
  async untilDone(): Promise<void> {
    while (!this.#isDone && !this.#isFreed) await nextEvent(this);
  }

  /** Takes the numbers of the operation that has ended. */
  finish(slot: Float64Array<ArrayBuffer>): void {
    if (this.#isFreed) return;
    library().avs_finish(this.handle, slot);
    this.#isOut = false;
  }

  /** Asks the thread to stop reading ahead, after the packet that it is at. */
  stopReading(): void {
    library().avs_stop(this.handle);
  }

  // ---------------------------------------------------------------------------------------- its end

  /** Nothing is waited for by native code any more, and nobody is asked. */
  cancel(): void {
    if (this.#hasThread) library().avs_cancel(this.handle);
  }

  /** Frees everything; what its thread still uses goes when that comes back, which nobody waits for. */
  free(): void {
    if (this.#isFreed) return;
    this.#isFreed = true;
    this.#isOut = false;
    this.#lent = null;
    freeHandle(this.handle);
    this.requests.clear();
  }
}

/** Frees what is native of a line, which may have been forgotten. */
export function freeHandle(handle: number): void {
  forgetEvents(handle);
  library().avs_session_close(handle);
}

/** The error of a call that would overtake another one. */
export function busy(call: Call): Error {
  return makeError(call, AVERROR.EBUSY, [], "busy: another call of it is under way");
}
