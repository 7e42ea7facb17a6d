/**
 * MemorySink: an output collected in memory. While a muxer is open the bytes are native memory; they are copied
 * into JavaScript's when it closes.
 */
import { library } from "../ffi/library.ts";
import { argumentError, check } from "../ffi/errors.ts";
import type { Host } from "../ffi/session.ts";

/** Makes the sink an I/O context of the session, until that closes; what it held before is dropped. */
export let openMemorySink: (sink: MemorySink, host: Host, flags: number, bufferSize: number) => number;

/**
 * Collects an output in memory; seekable, so any format can be written to it.
 *
 * ```ts
 * import { MemorySink, remuxSync } from "@avio/avio";
 *
 * const sink = new MemorySink();
 * remuxSync("fixtures/video.mp4", sink, { format: "matroska" });
 * console.log(sink.bytes().length === sink.size); // true
 * ```
 */
export class MemorySink {
  #bytes: Uint8Array<ArrayBuffer> = new Uint8Array(0);
  /** I/O context of the muxer that writes here, 0 where none does. */
  #io = 0;

  /** What `size` was when nothing was being written. */
  #size = 0;

  /** Bytes written so far; while a write is under way, those before it. */
  get size(): number {
    if (!this.#io) return this.#bytes.byteLength;
    const size = library().avs_memory_size(this.#io);
    return size < 0 ? this.#size : this.#size = size;
  }

  /**
   * What has been written, as one array: a copy while a muxer still writes here, and afterwards the sink's own,
   * the same each time.
   *
   * @throws {AVError} A write is under way (EBUSY).
   */
  bytes(): Uint8Array<ArrayBuffer> {
    return this.#io ? copyOut(this.#io) : this.#bytes;
  }

  static {
    openMemorySink = (sink, host, flags, bufferSize) => {
      if (sink.#io) throw argumentError(TypeError, "sink", "a MemorySink that another muxer is writing to");
      sink.#bytes = new Uint8Array(0);
      sink.#size = 0;
      sink.#io = host.addMemoryOutput(flags, bufferSize);
      host.defer(() => {
        sink.#bytes = copyOut(sink.#io);
        sink.#io = 0;
      });
      return sink.#io;
    };
  }
}

/** Sizes of single pieces cross in 32 bits. */
const MAX_PIECE = 2 ** 30;

function copyOut(io: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(check(library().avs_memory_size(io), "copy what was written"));
  for (let at = 0; at < bytes.length; at += MAX_PIECE) {
    const piece = bytes.subarray(at, at + MAX_PIECE);
    check(library().avs_memory_read(io, at, piece, piece.length), "read memory output");
  }
  return bytes;
}
