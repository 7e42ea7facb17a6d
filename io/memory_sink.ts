/**
 * MemorySink: an output collected in memory. While a muxer is open its bytes are in native memory; they are copied to
 * JavaScript when it closes.
 */
import { argumentError } from "../ffi/errors.ts";
import { copyMemory, memorySize } from "../ffi/memory_output.ts";
import type { NativeIO } from "../ffi/native_io.ts";
import type { Host, IOUse } from "../ffi/session.ts";

/** Makes the sink an I/O context of the session until that closes, dropping earlier contents. */
export let openMemorySink: (sink: MemorySink, host: Host, use: IOUse, bufferSize: number) => NativeIO;

/**
 * Collects an output in memory. It is seekable, so any format can be written to it.
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
  /** I/O context of the muxer that is writing to it, null if there is none. */
  #io: NativeIO | null = null;

  /** The last known `size`, while a write is pending. */
  #size = 0;

  /** Number of bytes written so far, without a write that is still pending. */
  get size(): number {
    if (!this.#io) return this.#bytes.byteLength;
    return this.#size = memorySize(this.#io) ?? this.#size;
  }

  /**
   * Returns what has been written as one array: a copy while a muxer is still writing, afterwards the sink's own array,
   * the same each time.
   *
   * @returns The bytes.
   * @throws {AVError} A write is pending (EBUSY).
   */
  bytes(): Uint8Array<ArrayBuffer> {
    return this.#io ? copyMemory(this.#io) : this.#bytes;
  }

  static {
    openMemorySink = (sink, host, use, bufferSize) => {
      if (sink.#io) {
        throw argumentError(TypeError, "sink", "is a MemorySink that another muxer is writing to");
      }
      const io = host.addMemoryOutput(use, bufferSize);
      sink.#bytes = new Uint8Array(0);
      sink.#size = 0;
      sink.#io = io;
      host.defer(() => {
        sink.#io = null; // even if copying fails
        sink.#bytes = copyMemory(io);
      });
      return io;
    };
  }
}
