/**
 * Session: the common part of everything that a program holds (a Demuxer, a Muxer, a running remux, an IOContext in
 * use): one queue of calls, one wait, one end. It is independent of formats and kinds of sources. `native_line.ts` runs
 * native code, `requests.ts` answers its requests, `resource_scope.ts` closes resources at the end.
 */
import { byteLengthOf } from "./byte_views.ts";
import { AVERROR } from "./constants.ts";
import type { Call } from "./calls.ts";
import type { Device } from "./device.ts";
import { check, ClosedError, makeError, settingError } from "./errors.ts";
import { quiet } from "./events.ts";
import { encodePairs, library, readText, readTextOrThrow } from "./library.ts";
import { deliverLog, type LogLine, parseLog } from "./log.ts";
import { OpenFiles } from "./open_files.ts";
import { beginIO, NativeIO } from "./native_io.ts";
import { busy, freeHandle, NativeLine } from "./native_line.ts";
import { type MaybePromise, type Operation, runAsync, runSync, step, type Wait } from "./operation.ts";
import { type Opener, Requests, type Side } from "./requests.ts";
import { type Cleanup, type Failure, ResourceScope } from "./resource_scope.ts";
import { Flag, IOFlag, IOKind, type OperationCode, operations, SetWhat, Slot } from "./symbols.ts";
import { GRACE, Waits, within } from "./waits.ts";
import { type Warning, WarningList } from "./warnings.ts";

/** Open, until it fails (with the error that every later call throws) or is closed. */
type State = { kind: "open" } | { kind: "failed"; error: unknown } | { kind: "closed" };

/** What ends a session of the async engine early. */
export interface Limits {
  /** Ends the session with its reason. */
  signal?: AbortSignal | undefined;
  /** Maximum milliseconds of each wait for something outside the library. */
  timeout?: number | undefined;
}

/** How an I/O context is used. */
export interface IOUse {
  use: "read" | "write";
  /** Small writes are not combined. */
  direct?: boolean;
  /** Pending writes are combined into large ones. */
  bulk?: boolean;
}

/** Creates the I/O contexts of sources and sinks, and closes their resources. */
export interface Host {
  /** The files that the session reads and writes; none may be both. */
  readonly files: OpenFiles;
  /** Adds an I/O context over a device. */
  addDevice(device: Device, use: IOUse, bufferSize: number): NativeIO;
  /** Adds an I/O context that reads the program's bytes in place; only with the sync engine. */
  addLentBytes(bytes: Uint8Array, bufferSize: number): NativeIO;
  /** Adds an I/O context that reads a native copy of the bytes. */
  addCopiedBytes(bytes: Uint8Array, bufferSize: number): NativeIO;
  /** Adds an I/O context that writes to native memory. */
  addMemoryOutput(use: IOUse, bufferSize: number): NativeIO;
  /** Adds a cleanup for when it closes; must not reference the host. */
  defer(cleanup: Cleanup): void;
}

/** The parts of a garbage collected session that must be closed. */
interface Remains {
  handle: number;
  resources: ResourceScope;
}

const forgotten = new FinalizationRegistry<Remains>(({ handle, resources }) => {
  resources.release(null); // first, because it copies what was written to native memory
  freeHandle(handle);
});

/** Reads packets ahead on the session's own thread, also while no call is pending. */
export interface ReadsAhead {
  /** Stops it for another operation. */
  stop(): Operation<void>;
  /** Stops it synchronously; throws "busy" if it would have to wait for a promise. */
  stopNow(call: Call): void;
}

/** Milliseconds of waiting for native code after which it is checked whether that sleeps. */
const SLEEP_CHECK = 100;

const OPEN: State = { kind: "open" };
const CLOSED: State = { kind: "closed" };

export class Session implements Host {
  readonly files = new OpenFiles();
  /** What was lost or changed. */
  readonly warnings = new WarningList();
  readonly #label: string;
  readonly #native: NativeLine;
  readonly #requests: Requests;
  readonly #resources = new ResourceScope();
  readonly #waits = new Waits();
  #state: State = OPEN;
  /** Settles with the last call. */
  #turn: Promise<unknown> = Promise.resolve();
  /** Number of pending calls of the async engine. */
  #calls = 0;
  #readsAhead: ReadsAhead | null = null;
  #timeout: number | undefined;
  /** Number of the current one of several inputs, whose opener is set. */
  inputNumber = 0;
  /** The last wait for something outside the library. */
  #outside: PromiseLike<unknown> | null = null;
  #releaseSignal = () => {};
  /** The session itself while a call is under way: for the signal's listener, which holds this and not the session. */
  readonly #kept: { session: Session | null } = { session: null };

  /** @param label Its name in messages. */
  constructor(label: string) {
    this.#label = label;
    this.#requests = new Requests(this.wait, () => this.#state !== OPEN);
    this.#native = new NativeLine(this.#requests);
    forgotten.register(this, { handle: this.#native.handle, resources: this.#resources }, this);
  }

  /** Its handle, only for `ffi/`. */
  get handle(): number {
    return this.#native.handle;
  }

  /** Its native side, only for `ffi/`. */
  get native(): NativeLine {
    return this.#native;
  }

  // ---------------------------------------------------------------------------------------- one queue of calls

  /** Opens something in a new session, synchronously; closes the session on failure. */
  static openSync<T>(label: string, open: (session: Session) => Operation<T>): T {
    const session = new Session(label);
    return runSync(session.#opening(open));
  }

  /** The same, asynchronously and with limits. */
  static async open<T>(
    label: string,
    { signal, timeout }: Limits,
    open: (session: Session) => Operation<T>,
  ): Promise<T> {
    signal?.throwIfAborted();
    const session = new Session(label);
    session.#limit(signal, timeout);
    return await session.call(() => session.#opening(open));
  }

  *#opening<T>(open: (session: Session) => Operation<T>): Operation<T> {
    try {
      return yield* open(this);
    } catch (error) {
      throw this.fail(error);
    }
  }

  /**
   * From now on the signal ends the session. A signal that lives long must not keep a session that was forgotten, but it
   * must keep one with a call under way: nothing else may, while a promise of the program is pending.
   */
  #limit(signal: AbortSignal | undefined, timeout: number | undefined): void {
    this.#timeout = timeout;
    if (!signal) return;
    const session = new WeakRef(this);
    const kept = this.#kept;
    const abort = () => void (kept.session ?? session.deref())?.fail(signal.reason);
    signal.addEventListener("abort", abort, { once: true });
    this.#releaseSignal = () => signal.removeEventListener("abort", abort);
  }

  /** Whether no call is pending. */
  get isIdle(): boolean {
    return this.#calls === 0 && !this.#native.isOnStack;
  }

  /**
   * Makes a call of the async API. Calls run in the order in which they are made. A call from a callback of a sync call
   * waits until that has returned.
   *
   * @param operation Starts when the calls before it have finished.
   */
  async call<T>(operation: () => Operation<T>): Promise<T> {
    const run = () => runAsync(operation(), this.wait);
    const { isIdle } = this;
    this.#calls++;
    this.#kept.session = this;
    const result = isIdle ? startNow(run) : this.#turn.then(run);
    this.#turn = result.then(() => {}, () => {});
    try {
      return await result;
    } finally {
      if (--this.#calls === 0) this.#kept.session = null;
      if (this.#state !== OPEN) await quiet();
    }
  }

  /** Makes a call of the sync API. It never overtakes: while another call is pending it throws "busy". */
  callSync<T>(name: Call, operation: () => Operation<T>): T {
    this.checkOpen(name.phrase);
    if (!this.isIdle) throw busy(name);
    this.#readsAhead?.stopNow(name);
    return runSync(operation());
  }

  // ---------------------------------------------------------------------------------------- one wait

  /** Waits for a step of the async engine. */
  readonly wait: Wait = (promise, { isNative, late }) => {
    if (isNative) return this.#waits.until(promise, this.#timeout === undefined ? {} : this.#nativeLimits);
    this.#outside = promise;
    return this.#waits.until(promise, { milliseconds: this.#timeout, onTimeout: this.#timeOut, late });
  };

  /** `timeout` does not apply to native code, except while it sleeps. */
  #nativeLimits = {
    milliseconds: SLEEP_CHECK,
    onTimeout: () => {
      if (library().avs_slept(this.handle) >= this.#timeout!) this.#timeOut();
    },
  };

  #timeOut = () => {
    const message = `${this.#label}: nothing came within the timeout of ${this.#timeout} ms`;
    this.fail(new DOMException(message, "TimeoutError"));
  };

  /** Sets the reader that is stopped before another operation runs. */
  readAheadBy(reader: ReadsAhead): void {
    this.#readsAhead = reader;
  }

  // ---------------------------------------------------------------------------------------- one end

  /** Whether it has failed or was closed. */
  get hasEnded(): boolean {
    return this.#state !== OPEN;
  }

  /** Throws the session's error, or a ClosedError, if it has ended. Every call begins with this. */
  checkOpen(phrase: string): void {
    if (this.#state !== OPEN) throw this.#endError(phrase);
  }

  #endError(phrase: string): unknown {
    if (this.#state.kind === "failed") return this.#state.error;
    return new ClosedError(`Cannot ${phrase}: the ${this.#label} is closed`);
  }

  /** Ends it with an error that every later call throws. Returns the first such error. */
  fail(error: unknown): unknown {
    this.#end({ kind: "failed", error });
    return this.#state.kind === "failed" ? this.#state.error : error;
  }

  /** Closes it and rejects pending calls. Within one of its own callbacks, memory is freed when native code returns. */
  close(): void {
    if (this.#state !== OPEN) return;
    this.#end(CLOSED);
    this.#throwOfCleanups();
  }

  /** Like `close`, but waits a limited time for cleanups and for a callback that reads ahead. */
  closeAsync(): Promise<void> {
    if (this.#closing) return this.#closing.catch(() => {}); // its error was reported once
    return this.#closing = this.#closeGently();
  }
  #closing: Promise<void> | null = null;

  async #closeGently(): Promise<void> {
    const wasOpen = this.#state === OPEN;
    const reading = wasOpen && this.#calls === 0 && this.#requests.waiting > 0 ? this.#outside : null;
    this.#end(CLOSED);
    const { settled } = this.#resources.release(null);
    await within(GRACE, reading || settled ? Promise.allSettled([reading, settled]) : null);
    await quiet();
    if (wasOpen) this.#throwOfCleanups();
  }

  /** The last step of a completed operation: ends reading ahead, waits for cleanups, then closes the session. */
  *finish(): Operation<void> {
    if (this.#readsAhead) this.#native.cancel(); // not stop(), which would wait for the source
    const { settled } = this.#resources.release(null);
    if (settled) yield* step(() => {}, () => within(GRACE, settled));
    this.close();
  }

  #end(state: State): void {
    if (this.#state !== OPEN) return;
    this.#state = state;
    this.#releaseSignal();
    this.#native.cancel();
    const closed = new ClosedError(`The ${this.#label} was closed while this call was pending`);
    this.#waits.end(state.kind === "failed" ? state.error : closed);
    if (!this.#native.isOnStack) this.#free();
  }

  #free(): void {
    this.#resources.release(this.#state.kind === "failed" ? { error: this.#state.error } : null);
    forgotten.unregister(this);
    this.#native.free();
  }

  #throwOfCleanups(): void {
    if (this.#native.isOnStack) return;
    const { failure } = this.#resources.release(null);
    if (failure) throw failure.error;
  }

  // ---------------------------------------------------------------------------------------- I/O contexts

  defer(cleanup: Cleanup): void {
    this.#resources.defer(cleanup);
  }

  /** It was done already. */
  undefer(cleanup: Cleanup): void {
    this.#resources.undefer(cleanup);
  }

  addDevice(device: Device, use: IOUse, bufferSize: number): NativeIO {
    const seek = (device.seek ? IOFlag.SEEK : 0) | (device.seeksLate ? IOFlag.LATE_SEEK : 0);
    const io = this.#addIO(IOKind.CALLBACKS, flagsOf(use) | seek, bufferSize);
    if (device.read) beginIO(io, device);
    this.#requests.attach(io, device);
    return io;
  }

  addLentBytes(bytes: Uint8Array, bufferSize: number): NativeIO {
    const io = this.#addIO(IOKind.MEMORY_INPUT, IOFlag.READ | IOFlag.SEEK, bufferSize);
    this.#native.lend(bytes, io);
    return io;
  }

  addCopiedBytes(bytes: Uint8Array, bufferSize: number): NativeIO {
    this.checkOpen("open");
    const data = bytes as Uint8Array<ArrayBuffer>;
    return newIO(library().avs_io_new_copy(this.handle, data, byteLengthOf(data), bufferSize));
  }

  addMemoryOutput(use: IOUse, bufferSize: number): NativeIO {
    return this.#addIO(IOKind.MEMORY_OUTPUT, flagsOf(use) | IOFlag.SEEK, bufferSize);
  }

  /** Sets who opens the files that the input or output names; without an opener nothing is opened. */
  setOpener(side: Side, opener: Opener | undefined): void {
    if (opener && !this.#requests.hasOpener) this.#addIO(IOKind.OPENER, 0, 1);
    if (opener || this.#requests.hasOpener) this.#requests.setOpener(side, opener, this.inputNumber);
  }

  /**
   * Sets why a part of the input could not be opened, which is reported if nothing can be read without it. Null for a
   * new input.
   */
  setMissing(missing: Failure | null): void {
    this.#requests.missing = missing && (this.#requests.missing ?? missing);
  }

  /** Sets who transforms packets that are remuxed. */
  setTransformer(transformer: () => Operation<void>): void {
    this.#addIO(IOKind.TRANSFORMER, 0, 1);
    this.#requests.setTransformer(transformer);
  }

  /** Frees an I/O context that no input or output uses. */
  closeIO(io: NativeIO): void {
    check(library().avs_io_close(io.handle), "close I/O context");
    this.#requests.detach(io);
    this.#native.takeBack(io);
  }

  /** Sets what to do when libavformat closes a nested I/O context. */
  onClose(io: NativeIO, close: () => Operation<void>): void {
    this.#requests.onClose(io, close);
  }

  #addIO(kind: number, flags: number, bufferSize: number): NativeIO {
    this.checkOpen("open"); // it may have ended while its source was being opened
    return newIO(library().avs_io_new(this.handle, kind, flags, bufferSize));
  }

  // ---------------------------------------------------------------------------------------- operations of the shim

  /** Runs an operation of the shim; returns its numbers, valid until the next operation. Throws its error. */
  *run(
    operation: OperationCode,
    inputs: readonly number[] = [],
    data: Uint8Array | null = null,
  ): Operation<Float64Array> {
    this.checkOpen(operation.phrase);
    if (this.#readsAhead) yield* this.#readsAhead.stop();
    const slot = yield* this.#native.run(operation, inputs, data);
    const outcome = this.outcome(operation, slot);
    if (outcome) throw outcome.isFinal ? this.fail(outcome.error) : outcome.error;
    return slot;
  }

  /**
   * The error of an ended operation: the first exception of a callback unchanged, else one made of FFmpeg's code and
   * log; null if it succeeded or reached the end of the input. `isFinal`: the session can't continue.
   */
  outcome(operation: OperationCode, slot: Float64Array): Failure & { isFinal: boolean } | null {
    if (this.#state !== OPEN) {
      if (!this.#native.isOnStack) this.#free(); // closed by one of its own callbacks
      return { error: this.#endError(operation.phrase), isFinal: true };
    }
    const log = slot[Slot.LOG_BYTES] ? this.#takeLog() : [];
    if (this.#requests.thrown) return { error: this.#requests.thrown.error, isFinal: true };
    const result = slot[Slot.RESULT]!;
    const { missing } = this.#requests;
    if (missing && result === AVERROR.ENOENT) return { error: missing.error, isFinal: true };
    if (result >= 0 || (result === AVERROR.EOF && operation === operations.read)) return this.#warned(slot);
    const error = makeError(operation, result, log, this.#explanation(operation, slot));
    // A failed assertion in FFmpeg, after which its memory is abandoned; or the memory limit was exceeded.
    const isFinal = result === AVERROR.BUG || (slot[Slot.FLAGS]! & Flag.MEMORY) !== 0;
    return { error, isFinal };
  }

  /** Reports new warnings; returns the exception of a listener, or the StrictError. */
  #warned(slot: Float64Array): Failure & { isFinal: boolean } | null {
    try {
      this.warnings.note(this.handle, slot[Slot.WARNINGS]!);
      return null;
    } catch (error) {
      return { error, isFinal: true };
    }
  }

  /** All warnings so far. */
  allWarnings(): Warning[] {
    return this.warnings.all(this.#state === OPEN ? this.handle : null);
  }

  #takeLog(): LogLine[] {
    const text = readText((out, capacity) => library().avs_take_log(this.handle, out, capacity));
    const lines = typeof text === "string" ? parseLog(text) : [];
    deliverLog(lines);
    return lines;
  }

  /** The explanation of an error that FFmpeg's code alone does not give. */
  #explanation(operation: OperationCode, slot: Float64Array): string | undefined {
    const flags = slot[Slot.FLAGS]!;
    const target = slot[Slot.SEEK_TARGET]!;
    if (flags & Flag.REFUSED && slot[Slot.RESULT] === AVERROR.EPERM) {
      const url = readTextOrThrow((out, capacity) => library().avs_refused_url(this.handle, out, capacity));
      return `refused to open '${url}'`;
    }
    if (flags & Flag.SINK_SEEK) {
      return `the sink is not seekable, and the muxer must get back to byte ${target}`;
    }
    if (flags & Flag.SOURCE_SEEK) {
      const isAsked = operation === operations.seek || operation === operations.cut;
      if (target < 0 || isAsked) return "the source is not seekable";
      return `the source is not seekable, and the demuxer must get to byte ${target} ` +
        `(an mp4 with its index at the end, for one)`;
    }
    const goesBack = operation === operations.cut || operation === operations.read;
    return goesBack && slot[Slot.RESULT] === AVERROR.ESPIPE ? "the source is not seekable" : undefined;
  }

  // ---------------------------------------------------------------------------------------- settings

  /** Limits the bytes that libavformat may allocate for it; the lowest limit applies. */
  limitMemory(bytes: number | undefined): void {
    if (bytes !== undefined) this.set(SetWhat.INPUT, 0, [["maxMemory", String(bytes)]]);
  }

  /** Calls `avs_set` with names and values. */
  set(what: number, index: number, pairs: Iterable<readonly [string, string]>): void {
    const text = encodePairs(pairs);
    const size = byteLengthOf(text);
    if (size > 0) this.checkSet(library().avs_set(this.handle, what, index, text, size));
  }

  /** Throws if setting failed: the shim has logged the refused name or value, and before that FFmpeg the cause. */
  checkSet(result: number): number {
    if (result >= 0) return result;
    const [fault, cause] = this.#takeLog().filter((line) => line.level === "error").reverse();
    if (!fault) throw makeError({ name: "set", phrase: "set" }, result, []);
    throw settingError(fault.message, cause?.message);
  }
}

/** Always returns a promise, also if something is thrown before the first wait. */
async function startNow<T>(run: () => MaybePromise<T>): Promise<T> {
  return await run();
}

function flagsOf({ use, direct = false, bulk = false }: IOUse): number {
  return (use === "read" ? IOFlag.READ : IOFlag.WRITE) | (direct ? IOFlag.DIRECT : 0) |
    (bulk ? IOFlag.BULK : 0);
}

function newIO(handle: number): NativeIO {
  if (handle === 0) throw new Error("Out of memory");
  return new NativeIO(handle);
}
