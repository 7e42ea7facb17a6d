/**
 * Web streams whose chunks have a position, as those of FileSystemWritableFileStream: sinks that can seek.
 */
import { constants } from "../ffi/constants.ts";
import { argumentError } from "../ffi/errors.ts";
import type { Device, WriteInfo } from "../ffi/device.ts";
import type { Operation } from "../ffi/operation.ts";
import type { Host } from "../ffi/session.ts";
import { typeName } from "./arguments.ts";
import { isWritable, StreamSink } from "./stream.ts";

/** A chunk with its position in the output. */
export interface PositionedChunk {
  /** The command: chunks are only written. */
  type: "write";
  /** Position of the first byte of `data` in the output. */
  position: number;
  /** The bytes. */
  data: Uint8Array<ArrayBuffer>;
}

/**
 * A seekable sink of the web platform: a stream of chunks `{ type: "write", position, data }`, as
 * `FileSystemWritableFileStream` takes. Muxers go back in it, so that an mp4 need not be fragmented. Async API only. A
 * `FileSystemWritableFileStream` itself is such a sink without this.
 *
 * ```ts
 * import { PositionedSink, remux } from "@avio/avio";
 *
 * let file = new Uint8Array(0);
 * const stream = new WritableStream({
 *   write({ position, data }) {
 *     if (file.length < position + data.length) {
 *       const longer = new Uint8Array(position + data.length);
 *       longer.set(file);
 *       file = longer;
 *     }
 *     file.set(data, position);
 *   },
 * });
 * await remux("fixtures/video.mkv", new PositionedSink(stream), { format: "mp4" });
 * console.log(file.length > 0); // true
 * ```
 */
export class PositionedSink {
  /** The stream that gets the chunks. */
  readonly stream: WritableStream<PositionedChunk>;

  /**
   * Makes a sink of a stream.
   *
   * @param stream Locked while a muxer writes to it, then closed, or aborted with the error.
   * @throws {TypeError} It isn't a WritableStream.
   */
  constructor(stream: WritableStream<PositionedChunk>) {
    if (!isWritable(stream)) {
      throw argumentError(TypeError, "stream", `must be a WritableStream, is ${typeName(stream)}`);
    }
    this.stream = stream;
  }
}

/** The stream of a sink whose chunks have positions; null for other sinks. */
export function positionedStream(sink: unknown): WritableStream<PositionedChunk> | null {
  if (sink instanceof PositionedSink) return sink.stream;
  if (!isWritable(sink)) return null;
  const { seek, truncate } = sink as { seek?: unknown; truncate?: unknown };
  return typeof seek === "function" && typeof truncate === "function" ? sink : null;
}

/** Such a stream as a device. */
export class PositionedDevice implements Device {
  #stream: StreamSink<PositionedChunk>;
  #size = 0;

  constructor(host: Host, stream: WritableStream<PositionedChunk>) {
    this.#stream = new StreamSink(host, stream);
  }

  *write(data: Uint8Array<ArrayBuffer>, { position }: WriteInfo): Operation<void> {
    this.#size = Math.max(this.#size, position + data.length);
    yield* this.#stream.put({ type: "write", position, data });
  }

  // deno-lint-ignore require-yield
  *seek(offset: number, whence: number): Operation<number> {
    if (whence === constants.seek.SIZE) return this.#size;
    return whence === constants.seek.END ? this.#size + offset : offset;
  }

  /** Closes the stream, and waits until it has taken everything. */
  *finish(): Operation<void> {
    yield* this.#stream.finish();
  }
}
