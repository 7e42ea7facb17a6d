/**
 * MemorySink: an output collected in memory. The bytes are native memory until the muxer is closed and somebody
 * asks for them.
 */
import { library } from "../ffi/library.ts";
import { check, type Session } from "../ffi/session.ts";

/** Makes the sink an I/O context of the session; what it held before is dropped. */
export let openMemorySink: (sink: MemorySink, session: Session, bufferSize: number) => number;

/** Nothing more comes. */
export let closeMemorySink: (sink: MemorySink) => void;

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
  /** Native memory, until its bytes have been taken. */
  #memory = 0;
  #open = false;
  #bytes: Uint8Array<ArrayBuffer> = new Uint8Array(0);

  /** Bytes written so far. */
  get size(): number {
    return this.#memory ? library().avs_memory_size(this.#memory) : this.#bytes.byteLength;
  }

  /**
   * What has been written, as one array: a copy while a muxer still writes here, and afterwards the sink's own,
   * the same each time.
   */
  bytes(): Uint8Array<ArrayBuffer> {
    if (!this.#memory) return this.#bytes;
    const bytes = copyOut(this.#memory);
    if (!this.#open) {
      this.#free();
      this.#bytes = bytes;
    }
    return bytes;
  }

  #free(): void {
    if (!this.#memory) return;
    forgotten.unregister(this);
    library().avs_memory_free(this.#memory);
    this.#memory = 0;
  }

  static {
    openMemorySink = (sink, session, bufferSize) => {
      if (sink.#open) throw new TypeError("sink: a MemorySink that another muxer is writing to");
      sink.#free();
      const memory = library().avs_memory_new();
      if (memory === 0) throw new Error("Out of memory");
      sink.#memory = memory;
      forgotten.register(sink, memory, sink);
      const io = session.addMemoryOutput(memory, bufferSize);
      sink.#bytes = new Uint8Array(0);
      sink.#open = true;
      return io;
    };
    closeMemorySink = (sink) => sink.#open = false;
  }
}

/** Frees what nobody asked for. */
const forgotten = new FinalizationRegistry<number>((memory) => void library().avs_memory_free(memory));

/** Sizes of single pieces cross in 32 bits. */
const MAX_PIECE = 2 ** 30;

function copyOut(memory: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(library().avs_memory_size(memory));
  for (let at = 0; at < bytes.length; at += MAX_PIECE) {
    const piece = bytes.subarray(at, at + MAX_PIECE);
    check(library().avs_memory_read(memory, at, piece, piece.length), "read memory output");
  }
  return bytes;
}
