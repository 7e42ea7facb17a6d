/**
 * Sources and sinks of the web platform: streams, iterables, Blobs. Only Blobs can seek.
 */
import { isMemory } from "../ffi/byte_views.ts";
import { constants } from "../ffi/constants.ts";
import { argumentError } from "../ffi/errors.ts";
import type { Device } from "../ffi/device.ts";
import { call, type Operation } from "../ffi/operation.ts";
import type { Failure } from "../ffi/resource_scope.ts";
import type { Host } from "../ffi/session.ts";
import { giveTurn } from "../ffi/turns.ts";
import { bytesOf, typeName } from "./arguments.ts";
import { maxPiece, ReadSize } from "./read_size.ts";

/** Whether a value is of a class of the web platform: this one's, or that of another realm or another implementation. */
function isOf(value: unknown, name: string, ...methods: string[]): boolean {
  if (typeof value !== "object" || value === null) return false;
  if (Object.prototype.toString.call(value) !== `[object ${name}]`) return false;
  return methods.every((method) => typeof (value as Record<string, unknown>)[method] === "function");
}

/** Whether a value is a Blob. */
export function isBlob(value: unknown): value is Blob {
  if (value instanceof Blob) return true;
  return ["Blob", "File"].some((name) => isOf(value, name, "slice", "arrayBuffer"));
}

/** Whether a value is a ReadableStream. */
export function isStream(value: unknown): value is ReadableStream<Uint8Array> {
  return value instanceof ReadableStream || isOf(value, "ReadableStream", "getReader", "cancel");
}

/** Whether a value is a WritableStream. */
export function isWritable(value: unknown): value is WritableStream {
  return value instanceof WritableStream || isOf(value, "WritableStream", "getWriter", "abort", "close");
}

/** Whether a value is a Response. */
export function isResponse(value: unknown): value is Response {
  return value instanceof Response || (isOf(value, "Response") && "body" in (value as object));
}

/** Returns the next chunk, null at the end. */
export type NextChunk = () => Promise<Uint8Array | null>;

/** Serves chunks as they arrive, piece by piece. */
export function chunkReader(next: NextChunk): NonNullable<Device["read"]> {
  let chunk: Uint8Array | null = new Uint8Array(0);
  return function* (size) {
    if (chunk?.length === 0) chunk = yield* call(() => filledChunk(next), "source");
    if (chunk === null) return null;
    const piece = chunk.subarray(0, maxPiece(size));
    chunk = chunk.subarray(piece.length);
    return piece;
  };
}

/** The next chunk that isn't empty. This is a single wait: empty chunks don't restart the timeout. */
export async function filledChunk(next: NextChunk): Promise<Uint8Array | null> {
  let chunk = await next();
  while (chunk?.length === 0) {
    await giveTurn();
    chunk = await next();
  }
  return chunk;
}

/** Checks that a chunk of a source is bytes. */
export function checkChunk(chunk: unknown): Uint8Array {
  if (isMemory(chunk)) return bytesOf(chunk, "source");
  throw argumentError(TypeError, "source", `its chunks must be bytes, one is ${typeName(chunk)}`);
}

/** A ReadableStream: cancelled if the reader closes before its end, with the error that ended it. */
export function streamDevice(host: Host, stream: ReadableStream<Uint8Array>): Device {
  const reader = stream.getReader();
  let ended = false;
  host.defer((failure) => {
    const cancelled = ended ? undefined : reader.cancel(failure?.error);
    cancelled?.catch(() => {});
    reader.releaseLock();
    return failure ? undefined : cancelled; // after a failure nothing is waited for
  });
  return {
    read: chunkReader(async () => {
      const { value, done } = await reader.read();
      ended = done;
      return done ? null : checkChunk(value);
    }),
  };
}

/** An iterable: its `return()` is called if the reader closes before its end, as in `for await`. */
export function iterableDevice(host: Host, iterable: AsyncIterable<Uint8Array>): Device {
  const iterator = iterable[Symbol.asyncIterator]();
  let ended = false;
  let isPending = false;
  host.defer(() => {
    if (ended) return;
    ended = true; // ignores what it still returns
    const returned = (async () => void await iterator.return?.())();
    returned.catch(() => {}); // the session's own error is more useful
    return isPending ? undefined : returned; // a generator with a pending `next()` may never return
  });
  return {
    read: chunkReader(async () => {
      if (ended) return null;
      isPending = true;
      try {
        const { value, done } = await iterator.next();
        ended ||= done === true;
        return ended ? null : checkChunk(value);
      } finally {
        isPending = false;
      }
    }),
  };
}

/** A Blob, read in slices. */
export function blobDevice(blob: Blob): Device {
  const size = new ReadSize();
  let position = 0;
  return {
    seeksLate: true,
    size: blob.size,
    *read(requested) {
      const slice = blob.slice(position, position + size.next(requested));
      if (slice.size === 0) return null;
      const bytes = checkChunk(yield* call(() => slice.arrayBuffer(), "source"));
      position += bytes.length;
      return bytes;
    },
    // deno-lint-ignore require-yield
    *seek(offset, whence) {
      if (whence === constants.seek.SIZE) return blob.size;
      size.reset();
      return position = whence === constants.seek.END ? blob.size + offset : offset;
    },
  };
}

/** A WritableStream: closed after the trailer, or aborted with the error that ended the session. */
export class StreamSink<Chunk = Uint8Array> {
  #writer: WritableStreamDefaultWriter<Chunk>;
  #finished = false;

  constructor(host: Host, stream: WritableStream<Chunk>) {
    this.#writer = stream.getWriter();
    this.#writer.closed.catch(() => {}); // reported by the next write
    host.defer((failure) => this.#release(failure));
  }

  /** Writes a chunk when the stream is ready for it. */
  *put(chunk: Chunk): Operation<void> {
    yield* call(() => this.#writer.ready, "sink");
    const written = this.#writer.write(chunk);
    written.catch(() => {}); // reported by `ready` before the next write, or on closing
    if (this.#writer.desiredSize === null) yield* call(() => written, "sink");
  }

  /** Closes the stream, and waits until it has written everything. */
  *finish(): Operation<void> {
    yield* call(() => this.#close(), "sink");
  }

  async #close(): Promise<void> {
    await this.#writer.ready; // throws the error of a failed stream, which `close` would not report
    await this.#writer.close();
    this.#finished = true;
  }

  #release(failure: Failure | null): Promise<void> | void {
    if (this.#finished) return this.#writer.releaseLock();
    const reason = failure ? failure.error : new Error("The Muxer was closed before it was finished");
    const aborted = this.#writer.abort(reason).catch(() => {});
    this.#writer.releaseLock();
    if (!failure) return aborted; // after a failure nothing is waited for
  }
}
