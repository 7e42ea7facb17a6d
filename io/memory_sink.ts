/**
 * MemorySink: an output collected in memory. While a muxer is open the bytes are native memory; they are copied
 * into JavaScript's when it closes.
 */
import { argumentError } from "../ffi/errors.ts";
import { copyMemory, memorySize } from "../ffi/memory_output.ts";
import type { NativeIO } from "../ffi/native_io.ts";
import type { Host, IOUse } from "../ffi/session.ts";

/** Makes the sink an I/O context of the session, until that closes; what it held before is dropped. */
export let openMemorySink: (sink: MemorySink, host: Host, use: IOUse, bufferSize: number) => NativeIO;

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
  /** I/O context of the muxer that writes here, null where none does. */
  #io: NativeIO | null = null;

  /** What `size` was when nothing was being written. */
  #size = 0;

  /** Bytes written so far; while a write is under way, those before it. */
  get size(): number {
    if (!this.#io) return this.#bytes.byteLength;
    return this.#size = memorySize(this.#io) ?? this.#size;
  }

  /**
   * What has been written, as one array: a copy while a muxer still writes here, and afterwards the sink's own,
   * the same each time.
   *
   * @throws {AVError} A write is under way (EBUSY).
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
        sink.#io = null; // whatever comes of copying
        sink.#bytes = copyMemory(io);
      });
      return io;
    };
  }
}
