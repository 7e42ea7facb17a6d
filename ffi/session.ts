/**
 * Session: what everything that a program holds has in common (a Demuxer, a Muxer, a remux under way, an IOContext in use):
 * one line of calls, one wait, one end. It knows nothing of formats or of kinds of sources. How native code is run is in
 * `native_line.ts`, who answers its requests in `requests.ts`, what is closed at the end in `resource_scope.ts`.
 */
import { byteLengthOf } from "./byte_views.ts";
import { AVERROR } from "./constants.ts";
import type { Call } from "./calls.ts";
import type { Device } from "./device.ts";
import { check, ClosedError, makeError, settingError } from "./errors.ts";
import { quiet } from "./events.ts";
import { encodePairs, library, readText, readTextOrThrow } from "./library.ts";
import { type LogLine, parseLog, tellLog } from "./log.ts";
import { OpenFiles } from "./open_files.ts";
import { NativeIO } from "./native_io.ts";
import { busy, freeHandle, NativeLine } from "./native_line.ts";
import { type MaybePromise, type Operation, runAsync, runSync, step, type Wait } from "./operation.ts";
import { type Opener, Requests, type Side } from "./requests.ts";
import { type Cleanup, type Failure, ResourceScope } from "./resource_scope.ts";
import { Flag, IOFlag, IOKind, type OperationCode, operations, SetWhat, Slot } from "./symbols.ts";
import { GRACE, Waits, within } from "./waits.ts";
import { type Warning, WarningList } from "./warnings.ts";

/** Open, until the first of these: it failed, with what every later call throws; or it was closed. */
type State = { kind: "open" } | { kind: "failed"; error: unknown } | { kind: "closed" };

/** What ends a session of the async engine early. */
export interface Limits {
  /** Ends the session with its reason. */
  signal?: AbortSignal | undefined;
  /** Milliseconds that may be waited for whatever is outside the library. */
  timeout?: number | undefined;
}

/** How an I/O context is used. */
export interface IOUse {
  use: "read" | "write";
  /** Small writes are not gathered. */
  direct?: boolean;
  /** Writes that wait become large ones. */
  bulk?: boolean;
}

/** Where a source or a sink makes its I/O context, and says what is to be done when that is closed. */
export interface Host {
  /** The files that the session reads and writes: none may be both. */
  readonly files: OpenFiles;
  /** An I/O context over a device. */
  addDevice(device: Device, use: IOUse, bufferSize: number): NativeIO;
  /** An I/O context that reads bytes of the program's where they are; of the sync engine only. */
  addLentBytes(bytes: Uint8Array, bufferSize: number): NativeIO;
  /** An I/O context that reads a copy of the bytes, without asking anybody. */
  addCopiedBytes(bytes: Uint8Array, bufferSize: number): NativeIO;
  /** An I/O context that writes to native memory. */
  addMemoryOutput(use: IOUse, bufferSize: number): NativeIO;
  /** What is to be done when it closes; must not hold the host. */
  defer(cleanup: Cleanup): void;
}

/** What stays of a session that was forgotten, to be closed. */
interface Remains {
  handle: number;
  resources: ResourceScope;
}

const forgotten = new FinalizationRegistry<Remains>(({ handle, resources }) => {
  resources.release(null); // first: what was written to native memory is copied
  freeHandle(handle);
});

/** What reads packets ahead on the session's own thread, whether or not anybody waits for them. */
export interface ReadsAhead {
  /** Stops, for another operation. */
  stop(): Operation<void>;
  /** Stops without waiting for promises: where one would have to be waited for, it is busy. */
  stopNow(call: Call): void;
}

/** Milliseconds after which native code that is waited for is asked whether it sleeps. */
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
  /** Settles with the last call that was made. */
  #turn: Promise<unknown> = Promise.resolve();
  /** Calls of the async engine that have not returned. */
  #calls = 0;
  #readsAhead: ReadsAhead | null = null;
  #timeout: number | undefined;
  /** Which of several inputs is meant: the one whose opener is set. */
  inputNumber = 0;
  /** What was waited for last outside the library. */
  #outside: PromiseLike<unknown> | null = null;
  #releaseSignal = () => {};
  /** The session itself while a call is under way: for the signal's listener, which holds this and not the session. */
  readonly #kept: { session: Session | null } = { session: null };

  /** @param label What the program calls it, in messages. */
  constructor(label: string) {
    this.#label = label;
    this.#requests = new Requests(this.wait, () => this.#state !== OPEN);
    this.#native = new NativeLine(this.#requests);
    forgotten.register(this, { handle: this.#native.handle, resources: this.#resources }, this);
  }

  /** Its handle, for `ffi/` alone. */
  get handle(): number {
    return this.#native.handle;
  }

  /** Its native side, for `ffi/` alone. */
  get native(): NativeLine {
    return this.#native;
  }

  // ---------------------------------------------------------------------------------------- one line of calls

  /** Opens something in a new session, synchronously; what goes wrong closes it. */
  static openSync<T>(label: string, open: (session: Session) => Operation<T>): T {
    const session = new Session(label);
    return runSync(session.#opening(open));
  }

  /** The same, asynchronously and within limits. */
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

  /** Whether every call that was made has returned. */
  get isIdle(): boolean {
    return this.#calls === 0 && !this.#native.isOnStack;
  }

  /**
   * Makes a call of the async API: calls are answered in the order in which they are made. One that is made by a callback
   * of a sync call waits until that has returned.
   *
   * @param operation Begins when its turn has come.
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

  /** Makes a call of the sync API. It never overtakes: while another one is under way it is busy. */
  callSync<T>(name: Call, operation: () => Operation<T>): T {
    this.checkOpen(name.phrase);
    if (!this.isIdle) throw busy(name);
    this.#readsAhead?.stopNow(name);
    return runSync(operation());
  }

  // ---------------------------------------------------------------------------------------- one wait

  /** How a step of the async engine is waited for. */
  readonly wait: Wait = (promise, { isNative, late }) => {
    if (isNative) return this.#waits.until(promise, this.#timeout === undefined ? {} : this.#nativeLimits);
    this.#outside = promise;
    return this.#waits.until(promise, { milliseconds: this.#timeout, onTimeout: this.#timeOut, late });
  };

  /** Native code itself has no limit, but for what it sleeps. */
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

  /** Who is stopped before another operation runs. */
  readAheadBy(reader: ReadsAhead): void {
    this.#readsAhead = reader;
  }

  // ---------------------------------------------------------------------------------------- one end

  /** It has failed, or was closed. */
  get hasEnded(): boolean {
    return this.#state !== OPEN;
  }

  /** Throws what the session has failed with, or that it is closed. Every call begins with this. */
  checkOpen(phrase: string): void {
    if (this.#state !== OPEN) throw this.#endError(phrase);
  }

  #endError(phrase: string): unknown {
    if (this.#state.kind === "failed") return this.#state.error;
    return new ClosedError(`Cannot ${phrase}: the ${this.#label} is closed`);
  }

  /** Ends it with an error, which is what every later call throws; the first one, which is returned. */
  fail(error: unknown): unknown {
    this.#end({ kind: "failed", error });
    return this.#state.kind === "failed" ? this.#state.error : error;
  }

  /** Closes it, and ends what is under way; inside one of its own callbacks, memory goes when native code is out. */
  close(): void {
    if (this.#state !== OPEN) return;
    this.#end(CLOSED);
    this.#throwOfCleanups();
  }

  /** As `close`, and waits for cleanups and for a callback that reads ahead, but not for ever. */
  closeAsync(): Promise<void> {
    if (this.#closing) return this.#closing.catch(() => {}); // it was told once
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

  /** The last step of something that has done its work: cleanups are waited for, then it is closed. */
  *finish(): Operation<void> {
    const { settled } = this.#resources.release(null);
    if (settled) yield* step(() => {}, () => within(GRACE, settled));
    this.close();
  }

  #end(state: State): void {
    if (this.#state !== OPEN) return;
    this.#state = state;
    this.#releaseSignal();
    this.#native.cancel();
    const closed = new ClosedError(`The ${this.#label} was closed while this was under way`);
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
    const io = this.#addIO(IOKind.CALLBACKS, flagsOf(use) | (device.seek ? IOFlag.SEEK : 0), bufferSize);
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

  /** Who opens what libavformat names on behalf of the input or the output; without one nothing is opened. */
  setOpener(side: Side, opener: Opener | undefined): void {
    if (opener && !this.#requests.hasOpener) this.#addIO(IOKind.OPENER, 0, 1);
    if (opener || this.#requests.hasOpener) this.#requests.setOpener(side, opener, this.inputNumber);
  }

  /** Why a part of the input could not be opened: what is told where nothing comes without it. Null: a new input. */
  noteMissing(missing: Failure | null): void {
    this.#requests.missing = missing && (this.#requests.missing ?? missing);
  }

  /** Who is asked what becomes of packets that are remuxed. */
  setTransformer(transformer: () => Operation<void>): void {
    this.#addIO(IOKind.TRANSFORMER, 0, 1);
    this.#requests.setTransformer(transformer);
  }

  /** Frees an I/O context that no input or output uses any more. */
  closeIO(io: NativeIO): void {
    check(library().avs_io_close(io.handle), "close I/O context");
    this.#requests.detach(io);
    this.#native.takeBack(io);
  }

  /** What is to be done when libavformat closes a nested I/O context. */
  onClose(io: NativeIO, close: () => Operation<void>): void {
    this.#requests.onClose(io, close);
  }

  #addIO(kind: number, flags: number, bufferSize: number): NativeIO {
    this.checkOpen("open"); // it may have been ended while its source was being opened
    return newIO(library().avs_io_new(this.handle, kind, flags, bufferSize));
  }

  // ---------------------------------------------------------------------------------------- operations of the shim

  /** Runs an operation of the shim; its numbers, good until the next one. Throws what went wrong. */
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
   * What went wrong with an operation that has ended: the first exception of a callback as it is, else an error made of
   * FFmpeg's; null where nothing did, or where reading has come to the end. `isFinal`: the session can't go on.
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
    // FFmpeg would have ended the process: all it had is let go. Or it has taken more memory than it may.
    const isFinal = result === AVERROR.BUG || (slot[Slot.FLAGS]! & Flag.MEMORY) !== 0;
    return { error, isFinal };
  }

  /** What whoever is told of warnings threw; or that they are errors. */
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
    tellLog(lines);
    return lines;
  }

  /** What FFmpeg's code alone doesn't say. */
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
    const isCut = operation === operations.cut;
    return isCut && slot[Slot.RESULT] === AVERROR.ESPIPE ? "the source is not seekable" : undefined;
  }

  // ---------------------------------------------------------------------------------------- settings

  /** Bytes that libavformat may allocate for it; of several limits the least counts. */
  limitMemory(bytes: number | undefined): void {
    if (bytes !== undefined) this.set(SetWhat.INPUT, 0, [["maxMemory", String(bytes)]]);
  }

  /** Sets what `avs_set` sets, from names and values. */
  set(what: number, index: number, pairs: Iterable<readonly [string, string]>): void {
    const text = encodePairs(pairs);
    if (text.length === 0) return;
    this.checkSet(library().avs_set(this.handle, what, index, text, text.length));
  }

  /** The result; the shim has logged which name or value it doesn't take, and before that FFmpeg why. */
  checkSet(result: number): number {
    if (result >= 0) return result;
    const [fault, cause] = this.#takeLog().filter((line) => line.level === "error").reverse();
    if (!fault) throw makeError({ name: "set", phrase: "set" }, result, []);
    throw settingError(fault.message, cause?.message);
  }
}

/** A promise in any case; what is thrown before the first wait rejects it. */
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
