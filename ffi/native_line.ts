/**
 * NativeLine: the native side of a session. It runs operations of the shim with either engine, and frees the native
 * session. It doesn't interpret results.
 */
import { byteLengthOf, newNumbers, setNumbers } from "./byte_views.ts";
import type { Call } from "./calls.ts";
import { AVERROR } from "./constants.ts";
import { makeError } from "./errors.ts";
import { forgetEvents, nextEvent, receiveEvents } from "./events.ts";
import { checkStillThere, type LentBytes } from "./lent_bytes.ts";
import type { RunInContext } from "./binding.ts";
import { client, library } from "./library.ts";
import type { NativeIO } from "./native_io.ts";
import type { Operation } from "./operation.ts";
import type { Requests } from "./requests.ts";
import { runtime } from "./runtime.ts";
import { type OperationCode, Slot } from "./symbols.ts";

/** Lines that run on this thread, innermost last: requests come from the last. */
const running: NativeLine[] = [];

/** Answers requests of the sync engine. It never throws and returns nothing, since C would see neither. */
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
  /** Used by `events.ts`. */
  readonly requests: Requests;
  /** Used by `events.ts`: the context of the call that opened it, and not of whichever session's call receives events. */
  inContext: RunInContext = (work) => work();
  /** Numeric arguments and results of an operation. */
  readonly slot: Float64Array<ArrayBuffer> = newNumbers(Slot.SIZE);
  /** Bytes that a memory input reads in place while an operation runs. */
  #lent: (LentBytes & { io: number }) | null = null;
  #isOnStack = false;
  /** Whether an operation was started on the session's own thread and its result hasn't been taken yet. */
  #isOut = false;
  #isDone = true;
  #hasThread = false;
  #isFreed = false;

  constructor(requests: Requests) {
    this.requests = requests;
    this.handle = library().avs_session_new(client());
    if (this.handle === 0) throw new Error("Out of memory");
  }

  /** Whether an operation of the sync engine is on this thread's stack. */
  get isOnStack(): boolean {
    return this.#isOnStack;
  }

  /** Whether an operation is running, with either engine. */
  get isBusy(): boolean {
    return this.#isOnStack || this.#isOut;
  }

  /**
   * Lets a memory input of this session read `bytes` in place. Then the shim makes no requests: a callback could detach
   * them.
   */
  lend(bytes: Uint8Array, { handle }: NativeIO): void {
    this.#lent = { bytes, byteLength: bytes.byteLength, io: handle };
  }

  /** Forgets a freed I/O context. */
  takeBack({ handle }: NativeIO): void {
    if (this.#lent?.io === handle) this.#lent = null;
  }

  /** Runs an operation of the shim; returns its numbers, which are valid until the next operation. */
  *run(
    operation: OperationCode,
    inputs: readonly number[],
    data: Uint8Array | null,
  ): Operation<Float64Array> {
    setNumbers(this.slot, inputs, 1);
    yield {
      sync: () => this.runNow(operation, data),
      async: () => this.#runOnThread(operation),
      isNative: true,
    };
    return this.slot;
  }

  /** Runs an operation on this thread with the arguments in `slot`. */
  runNow(operation: OperationCode, data: Uint8Array | null): void {
    if (this.isBusy) throw busy(operation);
    if (this.requests.canReceive) installCallback();
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
    if (!this.#hasThread) {
      this.inContext = runtime.snapshot();
      receiveEvents(this);
    }
    this.#hasThread = true;
    this.#isOut = true;
    this.#isDone = false;
  }

  /** Whether the operation that was started has ended. */
  get isDone(): boolean {
    return this.#isDone;
  }

  /** Used by `events.ts`. */
  done(): void {
    this.#isDone = true;
  }

  /** Resolves when the started operation has ended, or the line is freed. */
  async untilDone(): Promise<void> {
    while (!this.#isDone && !this.#isFreed) await nextEvent(this);
  }

  /** Takes the results of the ended operation. */
  finish(slot: Float64Array<ArrayBuffer>): void {
    if (this.#isFreed) return;
    library().avs_finish(this.handle, slot);
    this.#isOut = false;
  }

  /** Asks the thread to stop reading ahead after the current packet. */
  stopReading(): void {
    library().avs_stop(this.handle);
  }

  // ---------------------------------------------------------------------------------------- its end

  /** Cancels all waits and requests of native code. */
  cancel(): void {
    if (this.#hasThread) library().avs_cancel(this.handle);
  }

  /** Frees everything. Its thread frees what it still uses when it returns; nothing waits for that. */
  free(): void {
    if (this.#isFreed) return;
    this.#isFreed = true;
    this.#isOut = false;
    this.#lent = null;
    freeHandle(this.handle);
    this.requests.clear();
  }
}

/** Frees the native part of a line that may have been garbage collected. */
export function freeHandle(handle: number): void {
  forgetEvents(handle);
  library().avs_session_close(handle);
}

/** The error for a call that would overtake another. */
export function busy(call: Call): Error {
  return makeError(call, AVERROR.EBUSY, [], "busy: another call is pending");
}
