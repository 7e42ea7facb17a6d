/**
 * Node's streams as sources and sinks. They are used by their events: an iterator of a Readable begins to listen with its first
 * read, and destroys a socket at the end of what it has received; `Writable.toWeb` waits for the end of the other side of a
 * socket, and for the response to a request.
 */
import type { Device } from "../ffi/device.ts";
import { argumentError } from "../ffi/errors.ts";
import { call, type Operation } from "../ffi/operation.ts";
import type { Failure } from "../ffi/resource_scope.ts";
import type { Host } from "../ffi/session.ts";
import { checkChunk, chunkReader } from "./stream.ts";

interface Emitter {
  on(event: string, listener: (error: Error) => void): unknown;
  removeListener(event: string, listener: (error: Error) => void): unknown;
  destroy(error?: Error): unknown;
  readonly destroyed?: boolean;
  readonly closed?: boolean;
  readonly errored?: unknown;
}

/** The used parts of `Readable`. */
interface Readable extends Emitter {
  read(): unknown;
  resume(): unknown;
  readonly readable: boolean;
  readonly readableEnded: boolean;
}

/** The used parts of `Writable`, `ServerResponse` and `ClientRequest`. */
interface Writable extends Emitter {
  write(chunk: Uint8Array | string, done?: (error?: unknown) => void): boolean;
  end(): unknown;
  readonly writableEnded?: boolean;
}

function has(value: unknown, ...methods: string[]): boolean {
  return typeof value === "object" && value !== null &&
    methods.every((method) => typeof (value as Record<string, unknown>)[method] === "function");
}

/** Whether a value is a Readable: also one that is a Writable, too. */
export function isNodeReadable(value: unknown): value is Readable {
  return has(value, "read", "resume", "on", "removeListener", "destroy") &&
    typeof (value as Readable).readableEnded === "boolean";
}

/** Whether a value is a Writable. */
export function isNodeWritable(value: unknown): value is Writable {
  return has(value, "write", "end", "on", "removeListener", "destroy");
}

/** An error like that of `stream.finished`. */
function prematureClose(): Error {
  return Object.assign(new Error("Premature close: the stream was closed before its end"), {
    code: "ERR_STREAM_PREMATURE_CLOSE",
  });
}

/** Whether a destroyed stream will emit "close". */
function willClose(stream: Emitter): boolean {
  const { _readableState: reading, _writableState: writing } = stream as {
    _readableState?: { emitClose?: boolean };
    _writableState?: { emitClose?: boolean };
  };
  return stream.closed === false && (reading ?? writing)?.emitClose !== false;
}

function ignore(): void {}

/** Listens to a stream: what has ended it, and when something has changed. */
class Watch {
  /** Why it can't be used further. */
  failure: Failure | null = null;
  #stream: Emitter;
  #events = new Map<string, (error: Error) => void>();
  #wake = () => {};

  constructor(stream: Emitter) {
    this.#stream = stream;
    if (stream.errored) this.failure = { error: stream.errored };
    this.on("error", (error) => this.failure ??= { error });
  }

  /** Adds a listener, after which a wait ends. */
  on(event: string, listener: (error: Error) => void = ignore): void {
    const wakes = (error: Error) => {
      listener(error);
      this.#wake();
    };
    this.#events.set(event, wakes);
    this.#stream.on(event, wakes);
  }

  /** Resolves with the next event. */
  change(): Promise<void> {
    return new Promise((resolve) => this.#wake = resolve);
  }

  /** Removes the listeners. */
  stop(): void {
    for (const [event, listener] of this.#events) this.#stream.removeListener(event, listener);
  }

  /** The same for a stream that is destroyed: its error is no news, but would end the process if nobody listened. */
  stopAndDestroy(destroy: () => void): void {
    this.#stream.on("error", ignore);
    this.stop();
    destroy();
  }
}

// ------------------------------------------------------------------------------------------- sources

/** A Readable: destroyed if the reader closes before its end. */
export function nodeReadableDevice(host: Host, stream: Readable): Device {
  const watch = new Watch(stream);
  let ended = stream.readableEnded;
  watch.on("end", () => ended = true);
  watch.on("close", () => {
    if (!ended) watch.failure ??= { error: prematureClose() };
  });
  watch.on("readable");
  host.defer(() => {
    if (ended) watch.stop();
    else watch.stopAndDestroy(() => discard(stream));
  });
  return {
    read: chunkReader(async () => {
      for (;;) {
        const chunk = stream.destroyed ? null : stream.read();
        if (chunk !== null) return checkChunk(chunk);
        if (ended) return null;
        if (watch.failure) throw watch.failure.error;
        if (stream.destroyed && !willClose(stream)) throw stream.errored ?? prematureClose();
        if (!stream.destroyed && !stream.readable) return null; // a Duplex that only writes
        await watch.change();
      }
    }),
  };
}

/** Ends a stream that isn't read further. */
function discard(stream: Readable): void {
  if (isServerRequest(stream)) stream.resume();
  else stream.destroy();
}

/** Whether a stream is a request that a server has received: destroying it would close the connection of the response. */
function isServerRequest(stream: Emitter): boolean {
  const { httpVersion, method, statusCode } = stream as {
    httpVersion?: string;
    method?: string;
    statusCode?: number;
  };
  return typeof httpVersion === "string" && typeof method === "string" && typeof statusCode !== "number";
}

// ------------------------------------------------------------------------------------------- sinks

/** A Writable: ended after the trailer, or destroyed with the error that ended the session. */
export class NodeSink {
  #stream: Writable;
  #watch: Watch;
  #isFull = false;
  #hasFinished = false;

  constructor(host: Host, stream: Writable) {
    const watch = new Watch(stream);
    this.#stream = stream;
    this.#watch = watch;
    const fault = stream.writableEnded ? "has ended" : stream.destroyed ? "was destroyed" : null;
    if (fault !== null) {
      watch.stopAndDestroy(ignore); // its error may be still to come
      throw watch.failure?.error ?? argumentError(TypeError, "sink", `is a Writable that ${fault}`);
    }
    watch.on("drain", () => this.#isFull = false);
    watch.on("finish", () => this.#hasFinished = true);
    watch.on("close", () => {
      if (!this.#hasFinished) watch.failure ??= { error: prematureClose() };
    });
    host.defer((failure) => this.#release(failure));
  }

  /** Writes a chunk when there is room for it. */
  *put(chunk: Uint8Array): Operation<void> {
    yield* call(() => this.#until(() => !this.#isFull), "sink");
    this.#isFull = !this.#stream.write(chunk);
  }

  /** Ends the stream, and waits until it has written everything. */
  *finish(): Operation<void> {
    yield* call(() => this.#end(), "sink");
  }

  async #end(): Promise<void> {
    await this.#until(() => !this.#isFull);
    const stream = this.#stream;
    // Like pipe(), for which standard output is still there afterwards.
    if (isStandard(stream)) await written(stream);
    else stream.end();
    await this.#until(() => this.#hasFinished ||= isStandard(stream));
    await this.#until(() => !stream.destroyed || !willClose(stream)); // a file; a socket stays open for what it receives
  }

  async #until(condition: () => boolean): Promise<void> {
    for (;;) {
      if (this.#watch.failure) throw this.#watch.failure.error;
      if (condition()) return;
      await this.#watch.change();
    }
  }

  #release(failure: Failure | null): void {
    if (this.#hasFinished) return this.#watch.stop();
    const reason = failure ? failure.error : new Error("The Muxer was closed before it was finished");
    this.#watch.stopAndDestroy(() => abandon(this.#stream, reason));
  }
}

/** Resolves when all that was written to a stream has left it. */
function written(stream: Writable): Promise<void> {
  return new Promise((resolve, reject) => stream.write("", (error) => error ? reject(error) : resolve()));
}

/** Destroys a stream that was not written to its end, unless somebody else can go on with it. */
function abandon(stream: Writable, reason: unknown): void {
  if (stream.destroyed || isStandard(stream) || isUnsent(stream)) return;
  stream.destroy(reason instanceof Error ? reason : new Error(String(reason), { cause: reason }));
}

/** Whether a stream is the response of a server that can still become an error page. */
function isUnsent(stream: Writable): boolean {
  const { headersSent, statusCode } = stream as { headersSent?: boolean; statusCode?: number };
  return headersSent === false && typeof statusCode === "number";
}

function isStandard(stream: Writable): boolean {
  const { process } = globalThis as { process?: { stdout: unknown; stderr: unknown } };
  return stream === process?.stdout || stream === process?.stderr;
}

/** Ends a stream that no muxer writes to. */
export function endUnused(stream: Writable): void {
  if (!isStandard(stream)) stream.end();
}

// ------------------------------------------------------------------------------------------- not yet used

/**
 * Listens to streams that a call will use, or not: without a listener an early error would end the process, and Node would
 * throw away what a child process has written when that exits.
 *
 * @returns How to stop that.
 */
export function hold(values: readonly unknown[]): () => void {
  const watches = values.map((value) => {
    const isReadable = isNodeReadable(value);
    if (!isReadable && !isNodeWritable(value)) return null;
    const watch = new Watch(value);
    if (isReadable) watch.on("readable");
    return watch;
  });
  return () => {
    for (const watch of watches) watch?.stop();
  };
}

/** Destroys a source that was not read. */
export function dropSource(source: unknown): void {
  if (!isNodeReadable(source) || source.destroyed || source.readableEnded) return;
  source.on("error", ignore);
  discard(source);
}

/** Destroys a sink that was not written, with the error that ended the session. */
export function dropSink(sink: unknown, { error }: Failure): void {
  if (!isNodeWritable(sink) || sink.writableEnded) return;
  sink.on("error", ignore);
  abandon(sink, error);
}
