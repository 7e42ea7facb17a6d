/**
 * A session: one native line of execution with the I/O contexts attached to it, what answers their requests, and
 * how its operations end. It knows nothing of formats or of kinds of sources.
 */
import { AVERROR } from "./constants.ts";
import type { Device } from "./device.ts";
import { check, makeError } from "./errors.ts";
import { answerEvents, forget, isTurnDue, remember, told, turn } from "./events.ts";
import { encodePairs, library, readText, readTextOrThrow } from "./library.ts";
import { type LogLine, parseLog, tellLog } from "./log.ts";
import { OpenFiles } from "./open_files.ts";
import {
  call,
  canWait,
  isThenable,
  type MaybePromise,
  type Operation,
  runAsync,
  runSync,
  step,
  type Wait,
} from "./operation.ts";
import { type Opener, Requests } from "./requests.ts";
import { Flag, IOFlag, IOKind, type OperationCode, operations, Slot } from "./symbols.ts";

/** Why an operation failed. */
export interface Failure {
  /** What to throw; of a callback, it may be anything. */
  error: unknown;
  /** It was a callback: the session is over. */
  final: boolean;
}

/** Sessions that are running on this thread, the innermost last: requests come from that one. */
const running: Session[] = [];

/**
 * Answers requests of the sync engine. It never throws and returns nothing: C would see neither. Never closed:
 * native code may hold it until the process ends.
 */
function installCallback(): void {
  if (installed) return;
  const callback = new Deno.UnsafeCallback(
    { parameters: ["u32", "u32", "u32", "f64", "f64", "f64"], result: "void" },
    (_session, io, kind, a, b, c) => {
      running.at(-1)?.answerSync(io, kind, a, b, c);
    },
  );
  library().avs_set_callback(callback.pointer);
  installed = true;
}
let installed = false;

/** Closes what was forgotten. A handle that was closed in time is stale, and closing it again does nothing. */
const forgotten = new FinalizationRegistry<number>((handle) => {
  forget(handle);
  library().avs_session_close(handle);
});

/** Microseconds to wait for events at a time, where nothing else is to be done. */
const PATIENCE = 1000;
/** Milliseconds that a callback which nobody waits for is given to end. */
const GRACE = 500;
/** Microtasks in which a promise that is settled is known to be. */
const SETTLED_TURNS = 3;
const readyBytes = new Float64Array(1);

/** What came of reading, besides packets. */
export interface Reading {
  failure: Failure | null;
  /** Nothing comes after the packets. */
  ended: boolean;
  /** How many streams there are now; 0: as before. */
  streams: number;
}

/** Done when a session closes; a promise is waited for where somebody waits. */
export type Cleanup = (failure: Failure | null) => void | Promise<unknown>;

/** Where a source or a sink makes its I/O context, and says what is to be done when that is closed. */
export type Host = Pick<Session, "addDevice" | "addMemoryInput" | "addMemoryOutput" | "files"> & {
  defer(cleanup: Cleanup): void;
};

/** What ends an async session early. */
export interface Limits {
  /** Ends the session with its reason. */
  signal?: AbortSignal | undefined;
  /** Milliseconds that one callback may take. */
  timeout?: number | undefined;
}

export class Session {
  readonly handle: number;
  /** Numbers in and out of an operation; slot[0] is its result. */
  readonly slot = new Float64Array(Slot.SIZE);
  /** The files that it reads and writes: none may be both. */
  readonly files = new OpenFiles();
  /** What runs, or ran last. */
  operation: OperationCode | null = null;
  /** What a memory input reads, lent to native code while an operation runs. */
  #source: { bytes: Uint8Array; byteLength: number } | null = null;
  readonly #requests = new Requests();
  #failure: Failure | null = null;
  #running = false;
  #closed = false;
  /** Settles when the operation of the async engine that is under way is done. */
  #pending: Promise<unknown> | null = null;
  /** The session's own thread reads packets, whether or not anybody waits for them. */
  #reading = false;
  readonly #readSlot = new Float64Array(Slot.SIZE);
  /** What that thread was told to do, it has done. */
  #done = true;
  #worked = false;
  /** For `events.ts`. */
  asked = 0;
  /** Of answers that are waited for. */
  #timers = new Set<ReturnType<typeof setTimeout>>();
  /** The last answer that is waited for. */
  #answering: Promise<unknown> | null = null;
  /** The same, at the moment when the session was closed and nothing else was under way. */
  #lingering: Promise<unknown> | null = null;
  #turn: Promise<unknown> = Promise.resolve();
  #limits = { timeout: undefined as number | undefined, release: () => {} };

  constructor() {
    this.handle = library().avs_session_new();
    if (this.handle === 0) throw new Error("Out of memory");
    forgotten.register(this, this.handle, this);
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** What is to be done when the session closes, before its memory is freed; with what ended it, if anything did. */
  defer(cleanup: Cleanup): void {
    if (this.#closed && !this.#running) void Promise.resolve(cleanup(this.#failure)).catch(() => {});
    else this.#cleanups.add(cleanup);
  }
  #cleanups = new Set<Cleanup>();

  /** It is done already. */
  undefer(cleanup: Cleanup): void {
    this.#cleanups.delete(cleanup);
  }

  /**
   * Frees everything. While an operation runs, inside one of its callbacks or asynchronously: ends it, and frees when
   * native code is out; no callback is called until then.
   */
  close(): void {
    if (this.#beginClosing()) this.#finishClosing();
  }

  #beginClosing(): boolean {
    if (this.#closed) return false;
    this.#closed = true;
    this.#limits.release();
    for (const timer of this.#timers) clearTimeout(timer);
    this.#lingering = this.#running ? null : this.#answering;
    return true;
  }

  /** Ends what is under way; frees where nothing is that would. */
  #finishClosing(): void {
    if (this.#worked) library().avs_cancel(this.handle);
    if (this.#running) return;
    if (this.#reading) this.#finishReading();
    this.#free();
  }

  /** Closes at the end of an operation. */
  finish(): Operation<void> {
    return step(() => this.close(), () => this.closeAsync());
  }

  /**
   * As `close`, and waits until native code is out and what was deferred is done; for a callback that was called to
   * read ahead, whose resources the caller may be about to close, too, but not for ever.
   */
  async closeAsync(): Promise<void> {
    if (this.#beginClosing()) {
      if (this.#lingering) { // what it gives is not to be lost to whoever uses the source next
        library().avs_stop(this.handle);
        await (this.#pending = this.#linger());
      }
      this.#finishClosing();
    }
    await this.#pending;
    await this.#linger();
    await this.#closing;
  }

  /** Waits for the callback that was under way when nobody waited. */
  async #linger(): Promise<void> {
    if (this.#lingering && this.asked > 0) await within(GRACE, this.#lingering);
    this.#lingering = null;
  }

  #free(): void {
    if (this.#freed) return;
    this.#freed = true;
    const results: unknown[] = [];
    // Last deferred, first done: memory goes at the end, whatever the others throw.
    using stack = new DisposableStack();
    stack.defer(() => this.#freeNative());
    stack.defer(() => this.#closing = Promise.allSettled(results));
    for (const cleanup of this.#cleanups) stack.defer(() => void results.push(cleanup(this.#failure)));
  }
  #closing: Promise<unknown> | null = null;
  #freed = false;

  #freeNative(): void {
    forgotten.unregister(this);
    forget(this.handle);
    library().avs_session_close(this.handle);
    this.#requests.clear();
    this.#source = null;
  }

  // ---------------------------------------------------------------------------------------- I/O contexts

  /** An AVIOContext over a device. */
  addDevice(device: Device, flags: number, bufferSize: number): number {
    const io = this.#addIO(IOKind.CALLBACKS, flags | (device.seek ? IOFlag.SEEK : 0), bufferSize);
    this.#requests.attach(io, device);
    return io;
  }

  /** An AVIOContext that reads `bytes` where they are. */
  addMemoryInput(bytes: Uint8Array, bufferSize: number): number {
    this.#source = { bytes, byteLength: bytes.byteLength };
    return this.#addIO(IOKind.MEMORY_INPUT, IOFlag.READ | IOFlag.SEEK, bufferSize);
  }

  /** An AVIOContext that writes to native memory. */
  addMemoryOutput(flags: number, bufferSize: number): number {
    return this.#addIO(IOKind.MEMORY_OUTPUT, flags | IOFlag.SEEK, bufferSize);
  }

  /** Who is asked for what libavformat opens; without one it opens nothing. Another one takes its place. */
  setOpener(opener: Opener): void {
    if (!this.#requests.opener) this.#addIO(IOKind.OPENER, 0, 1);
    this.#requests.opener = opener;
  }

  /** Who is asked what becomes of packets that are remuxed. */
  setTransformer(transformer: () => Operation<void>): void {
    this.#addIO(IOKind.TRANSFORMER, 0, 1);
    this.#requests.transformer = transformer;
  }

  /** Frees an I/O context that no input or output uses any more; 0 is none. */
  closeIO(io: number): void {
    if (io === 0) return;
    check(library().avs_io_close(io), "close I/O context");
    this.#requests.detach(io);
  }

  /** What is to be done when libavformat closes a nested I/O context. */
  onClose(io: number, close: () => Operation<void>): void {
    this.#requests.onClose(io, close);
  }

  #addIO(kind: number, flags: number, bufferSize: number): number {
    this.checkOpen("open", "session"); // it may have been ended while its source was being opened
    const io = library().avs_io_new(this.handle, kind, flags, bufferSize);
    if (io === 0) throw new Error("Out of memory");
    return io;
  }

  /** Moves an I/O context, with what it has buffered, from another session to this one. */
  attach(io: number, from: Session): void {
    check(library().avs_io_attach(io, this.handle), "attach I/O context");
    const hasDevice = from.#requests.move(io, this.#requests);
    if (!hasDevice && from.#source) this.#source = from.#source;
  }

  // ---------------------------------------------------------------------------------------- operations

  /** Runs an operation of the shim; its numbers are in `slot` before and after. Throws what went wrong. */
  *run(operation: OperationCode, data: Uint8Array | null = null): Operation<void> {
    const failure = yield* this.attempt(operation, data);
    if (failure) throw failure.error;
  }

  /** As `run`, but answers what went wrong. The end of the input is no failure: see `slot`. */
  *attempt(operation: OperationCode, data: Uint8Array | null = null): Operation<Failure | null> {
    this.operation = operation;
    yield* step(() => this.#runSync(operation, data), () => this.#runAsync(operation));
    return this.#outcome(operation);
  }

  #runSync(operation: OperationCode, data: Uint8Array | null): void {
    if (this.#running) throw busy(operation);
    if (this.#requests.canBeAsked) installCallback();
    if (this.#source) checkStillThere(this.#source.bytes, this.#source.byteLength);
    const source = this.#source?.bytes;
    running.push(this);
    this.#running = true;
    try {
      library().avs_run(
        this.handle,
        operation.code,
        this.slot,
        data as Uint8Array<ArrayBuffer> | null,
        data?.byteLength ?? 0,
        (source ?? null) as Uint8Array<ArrayBuffer> | null,
        source?.byteLength ?? 0,
      );
    } finally {
      this.#running = false;
      running.pop();
      if (this.#closed) this.#free();
    }
  }

  async #runAsync(operation: OperationCode): Promise<void> {
    if (this.#running) throw busy(operation);
    this.#running = true;
    try {
      if (this.#reading) await this.#stopReading();
      if (this.#failure) throw this.#failure.error;
      if (this.#closed) return; // told by #outcome
      this.#start(operation, this.slot);
      await (this.#pending = this.#untilDone());
      library().avs_finish(this.handle, this.slot);
    } finally {
      this.#running = false;
      this.#pending = null;
      if (this.#closed) this.#free();
    }
  }

  #start(operation: OperationCode, slot: Float64Array<ArrayBuffer>): void {
    const result = library().avs_start(this.handle, operation.code, slot);
    if (result < 0) {
      throw makeError(operation, result, [], result === AVERROR.EAGAIN ? "no more threads" : undefined);
    }
    if (!this.#worked) remember(this);
    this.#worked = true;
    this.#done = false;
  }

  async #untilDone(): Promise<void> {
    while (!this.#done) await told(this);
  }

  /** For `events.ts`. */
  done(): void {
    this.#done = true;
  }

  // ---------------------------------------------------------------------------------------- reading on

  /**
   * Reads packets, at most so many and so many bytes, for `avs_ready_packets`. The async engine's thread goes on reading
   * while they are used, until another operation stops it.
   */
  *read(packets: number, bytes: number): Operation<Reading> {
    const stopped = this.#stopped;
    this.#stopped = null;
    if (stopped) return stopped;
    this.slot.set([0, packets, bytes]);
    const slot = yield* step(() => this.#readSync(), () => this.#readOn(packets, bytes));
    return slot ? this.#outcomeOfReading(slot) : { failure: null, ended: false, streams: 0 };
  }

  #outcomeOfReading(slot: Float64Array): Reading {
    const failure = this.#outcome(operations.read, slot);
    return { failure, ended: slot[Slot.RESULT] === AVERROR.EOF, streams: slot[1]! };
  }
  /** What came of reading that was stopped by another operation, for the next one that reads on from there. */
  #stopped: Reading | null = null;

  /** What was read and what came of it is of no use any more: it is read on from another place. */
  forgetReading(): void {
    this.#stopped = null;
  }

  #readSync(): Float64Array {
    this.#runSync(operations.read, null);
    return this.slot;
  }

  /** Waits until there are packets: null; or until the thread is done: its numbers. */
  async #readOn(packets: number, bytes: number): Promise<Float64Array | null> {
    if (this.#running) throw busy(operations.read);
    this.#running = true;
    try {
      if (!this.#reading) {
        this.#readSlot.set([0, packets, bytes]);
        this.#start(operations.read, this.#readSlot);
        this.#reading = true;
      }
      const ready = this.#untilReady();
      this.#pending = ready;
      if (await ready) return null;
      this.#finishReading();
      return this.#readSlot;
    } finally {
      this.#running = false;
      this.#pending = null;
      if (this.#closed) this.#free();
    }
  }

  /** Whether there are packets: else the thread is done. */
  async #untilReady(): Promise<boolean> {
    if (isTurnDue()) await turn();
    while (true) {
      answerEvents();
      const done = this.#done;
      if (this.readyPackets().count > 0 && !this.#closed) return true;
      if (done) return false;
      await told(this);
    }
  }

  /** The packets that are read, for `avs_take_packets`. Nothing is waited for. */
  readyPackets(): { count: number; bytes: number } {
    const count = library().avs_ready_packets(this.handle, readyBytes);
    return { count, bytes: readyBytes[0]! };
  }

  /** What the thread that reads on has asked, answered while nobody waits for it; false where `read` must do it. */
  answerReading(): boolean {
    if (!this.#reading || this.#running) return true;
    if (isTurnDue()) return false;
    answerEvents();
    return true;
  }

  async #stopReading(): Promise<void> {
    library().avs_stop(this.handle);
    answerEvents();
    await (this.#pending = this.#untilDone());
    this.#finishReading();
    if (!this.#closed) this.#stopped = this.#outcomeOfReading(this.#readSlot);
  }

  /** Stops it without waiting for promises. */
  #stopReadingNow(operation: OperationCode): void {
    library().avs_stop(this.handle);
    while (!this.#done && !this.#closed) { // a callback may close it
      if (this.asked > 0) throw busy(operation);
      answerEvents(PATIENCE);
    }
    if (!this.#reading) return;
    this.#finishReading();
    this.#stopped = this.#outcomeOfReading(this.#readSlot);
  }

  /** Streams of the input, as the thread that read on has left them. */
  streamCount = 0;

  #finishReading(): void {
    const result = library().avs_finish(this.handle, this.#readSlot);
    this.#reading = false;
    if (result >= 0 && !this.#failure) this.streamCount = this.#readSlot[1]!;
  }

  // ---------------------------------------------------------------------------------------- who runs what

  /** Runs an operation of the sync engine, unless another one is under way. */
  runNow<T>(name: OperationCode, operation: () => Operation<T>): T {
    if (this.#running) throw busy(name);
    if (this.#reading) this.#stopReadingNow(name);
    return runSync(operation());
  }

  /** Runs operations of the async engine in the order in which they were asked for. */
  enqueue<T>(operation: () => Operation<T>): Promise<T> {
    const result = this.#turn.then(() => runAsync(operation(), unlimited));
    this.#turn = result.catch(() => {});
    return result;
  }

  /** Opens something in this session: what goes wrong closes it, and so do the limits. */
  *guard<T>(limits: Limits, open: () => Operation<T>): Operation<T> {
    try {
      if (yield* canWait()) this.limit(limits);
      return yield* open();
    } catch (error) {
      this.fail(error); // for those who are told why it closes; the first is what ended it
      this.close();
      throw this.#failure!.error;
    }
  }

  /** From now on the signal ends the session, and so does a callback that takes too long. */
  limit({ signal, timeout }: Limits): void {
    signal?.throwIfAborted();
    const session = new WeakRef(this); // a signal that lives long must not keep what was forgotten
    const abort = () => session.deref()?.abort(signal!.reason);
    signal?.addEventListener("abort", abort, { once: true });
    this.#limits = { timeout, release: () => signal?.removeEventListener("abort", abort) };
  }

  /** Ends what is under way with this error, at once, and closes. */
  abort(reason: unknown): void {
    if (this.#closed) return;
    this.fail(reason);
    this.close();
  }

  /** The first exception of a callback as it is, else an error made of FFmpeg's. */
  #outcome(operation: OperationCode, slot: Float64Array = this.slot): Failure | null {
    const log = slot[Slot.LOG_BYTES] && !this.#closed ? this.#takeLog() : [];
    if (this.#failure) return this.#failure;
    if (this.#closed) {
      return { error: makeError(operation, AVERROR.EXIT, log, "closed while it was under way"), final: true };
    }
    const result = slot[Slot.RESULT]!;
    if (result >= 0 || (result === AVERROR.EOF && operation === operations.read)) return null;
    const error = makeError(operation, result, log, this.#explanation(slot));
    if (result === AVERROR.BUG) this.fail(error); // FFmpeg would have ended the process: the shim has let go of all it had
    return { error, final: result === AVERROR.BUG };
  }

  #takeLog(): LogLine[] {
    const text = readText((out, capacity) => library().avs_take_log(this.handle, out, capacity));
    const lines = typeof text === "string" ? parseLog(text) : [];
    tellLog(lines);
    return lines;
  }

  /** What FFmpeg's code alone doesn't tell. */
  #explanation(slot: Float64Array): string | undefined {
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
      if (target < 0) return "the source is not seekable";
      return `the source is not seekable, and the demuxer must get to byte ${target} ` +
        `(an mp4 with its index at the end, for one)`;
    }
    return undefined;
  }

  // ---------------------------------------------------------------------------------------- requests

  /** Called inside `#runSync` by native code. */
  answerSync(io: number, kind: number, a: number, b: number, c: number): void {
    try {
      if (this.#closed) return; // closed by an earlier callback: the request fails
      runSync(this.#requests.answer(io, kind, a, b, c));
    } catch (error) {
      this.fail(error);
    }
  }

  /** Called by the pump: a request of the session's own thread. A promise where the answer must be waited for. */
  answerAsync(io: number, kind: number, a: number, b: number, c: number): Promise<unknown> | null {
    if (this.#closed) return null;
    if (this.#failure) { // of the other side
      library().avs_reply(io, AVERROR.EXTERNAL);
      return null;
    }
    const answer = this.#requests.answer(io, kind, a, b, c);
    const waiting = this.asked > 0 ? this.#after(io, answer) : this.#answer(io, answer);
    this.#answering = waiting ?? this.#answering;
    return waiting && this.#inTime(waiting);
  }

  /** The promise; where it takes longer than a callback may, the session ends. */
  #inTime<T>(waiting: Promise<T>): Promise<T> {
    const { timeout } = this.#limits;
    if (timeout === undefined) return waiting;
    const timer = setTimeout(() => {
      this.abort(new DOMException(`A callback took longer than ${timeout} ms`, "TimeoutError"));
    }, timeout);
    this.#timers.add(timer);
    return waiting.finally(() => {
      clearTimeout(timer);
      this.#timers.delete(timer);
    });
  }

  /** What a callback answers between operations. The session's end ends the wait. */
  ask<T>(callback: () => MaybePromise<T>, name: string): Operation<T> {
    return step(() => runSync(call(callback, name)), () => this.#unlessEnded(callback));
  }

  async #unlessEnded<T>(callback: () => MaybePromise<T>): Promise<T> {
    const { promise: ended, reject } = Promise.withResolvers<never>();
    const end: Cleanup = (failure) => reject(failure?.error);
    this.defer(end);
    try {
      return await this.#inTime(Promise.race([callback(), ended]));
    } finally {
      this.undefer(end);
    }
  }

  /** While the other side's callback is waited for: where that one has failed already, this one is not called. */
  async #after(io: number, answer: Operation<void>): Promise<unknown> {
    for (let i = 0; i < SETTLED_TURNS; i++) await null;
    if (!this.#failure) return this.#answer(io, answer);
    library().avs_reply(io, AVERROR.EXTERNAL);
  }

  /** Runs an answer; a promise where it must be waited for. What it throws ends the session. */
  #answer(io: number, answer: Operation<void>): Promise<unknown> | null {
    const failed = (error: unknown) => {
      this.fail(error);
      library().avs_reply(io, AVERROR.EXTERNAL);
    };
    try {
      const result = runAsync(answer, unlimited);
      return isThenable(result) ? Promise.resolve(result).catch(failed) : null;
    } catch (error) {
      failed(error);
      return null;
    }
  }

  /** Throws what ended the session, or that it is closed. */
  checkOpen(doing: string, what: string): void {
    if (this.#failure) throw this.#failure.error;
    if (this.#closed) throw new Error(`Cannot ${doing}: the ${what} is closed`);
  }

  /** The first failure is kept: it is what the operation under way throws, and every later one. */
  fail(error: unknown): void {
    this.#failure ??= { error, final: true };
  }

  // ---------------------------------------------------------------------------------------- settings

  /** Sets what `avs_set` sets, from names and values. */
  set(what: number, index: number, pairs: Iterable<readonly [string, string]>): void {
    const text = encodePairs(pairs);
    if (text.length === 0) return;
    this.#checkSet(library().avs_set(this.handle, what, index, text, text.length));
  }

  /** Adds a stream of these fields to the output; its index. */
  addStream(fields: Iterable<readonly [string, string]>): number {
    const text = encodePairs(fields);
    return this.#checkSet(library().avs_add_stream(this.handle, text, text.length));
  }

  /** The shim has logged which name or value it doesn't take, and before that FFmpeg why. */
  #checkSet(result: number): number {
    if (result >= 0) return result;
    const [fault, cause] = this.#takeLog().filter((line) => line.level === "error").reverse();
    if (!fault) throw new TypeError(`cannot set (${result})`);
    throw new TypeError(cause ? `${fault.message} (${cause.message})` : fault.message);
  }

  /** Options that nobody used, after the operation that should have. */
  unusedOptions(): string[] {
    if (!this.slot[Slot.UNUSED_BYTES]) return [];
    const names = readTextOrThrow((out, capacity) =>
      library().avs_unused_options(this.handle, out, capacity)
    );
    return names.split(",");
  }

  /** `avs_describe`, parsed. */
  describe(direction: number): unknown {
    return JSON.parse(
      readTextOrThrow((out, capacity) => library().avs_describe(this.handle, direction, out, capacity)),
    );
  }
}

/** As long as it takes. */
const unlimited: Wait = (promise) => Promise.resolve(promise);

/** Runs an operation of the async engine; what is wrong before it begins rejects the promise too. */
export async function promised<T>(operation: () => Operation<T>): Promise<T> {
  return await runAsync(operation(), unlimited);
}

/** The promise, or this many milliseconds. */
async function within(milliseconds: number, promise: Promise<unknown> | null): Promise<void> {
  const { promise: over, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, milliseconds);
  await Promise.race([promise, over]);
  clearTimeout(timer);
}

/** Bytes of the caller's, who may have transferred or resized their buffer since. */
export function checkStillThere(bytes: Uint8Array, byteLength: number): void {
  if (bytes.byteLength !== byteLength) throw new TypeError("source: its bytes were detached or resized");
}

function busy(operation: OperationCode): Error {
  return makeError(operation, AVERROR.EBUSY, [], "busy: another operation of it is under way");
}
