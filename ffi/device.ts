/**
 * Device: the TypeScript end of an AVIOContext. Each of its functions is an operation, so that one implementation
 * serves both engines. `io/` implements devices; `requests.ts` calls them.
 */
import type { Operation } from "./operation.ts";

/**
 * The kind of written bytes, FFmpeg's AVIODataMarkerType. "header" is needed first by every reader. "sync" begins an
 * mp4 fragment, a Matroska or WebM cluster, or an flv tag, with a key frame if there is video: the header plus
 * everything from there on can be read. "boundary" begins one without a key frame. "unknown" continues the previous
 * chunk; MPEG-TS, ogg, and Matroska with FFmpeg 5.1 have only this kind after the header. "trailer" is written at the
 * end; in Matroska it includes the last cluster, unless `flush()` was called before.
 */
export type Marker = "header" | "sync" | "boundary" | "unknown" | "trailer" | "flush";

/** Information about the bytes passed to an `onwrite` callback. */
export interface WriteInfo {
  /** Position of the first byte in the output, in bytes. */
  position: number;
  /** Kind of the bytes (AVIODataMarkerType). */
  marker: Marker;
  /** For "sync" and "boundary": decoding time (dts) of the first packet, in seconds of the output. */
  time: number | null;
}

/** Serves the requests of an I/O context. Its exceptions end the session and are thrown by the session's calls. */
export interface Device {
  /**
   * Returns bytes, which are copied before the next call, possibly more than `size` if they are available; null at the
   * end.
   */
  read?(size: number): Operation<Uint8Array | null>;
  /** Whether the bytes passed to `write` are valid only until it returns. */
  transient?: boolean;
  /** Writes all of `bytes`. */
  write?(bytes: Uint8Array<ArrayBuffer>, info: WriteInfo): Operation<void>;
  /** Returns the new position or the size; null if it can't. */
  seek?(offset: number, whence: number): Operation<number | null>;
  /** Whether a read-only device can go to any position, so that this can be requested together with the next read. */
  seeksLate?: boolean;
  /** The size in bytes, if it is known already: opening an input does not request it. */
  size?: number | null;
  /** The first bytes, copied when the device is added: the first operation does not request them. Only with `seeksLate`. */
  head?: Uint8Array;
}
