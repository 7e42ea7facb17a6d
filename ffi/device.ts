/**
 * Device: the TypeScript end of an AVIOContext. Each of its functions is an operation, so that one text serves both
 * engines. What a device reads from or writes to is in `io/`; who asks it is `requests.ts`.
 */
import type { Operation } from "./operation.ts";

/**
 * What FFmpeg says that written bytes are (AVIODataMarkerType). "header" is what every reader needs first. "sync" begins
 * a fragment of mp4, a cluster of Matroska or WebM, a tag of flv, with a key frame of the video where there is one:
 * header and all from there on can be read. "boundary" begins one without. "unknown" goes on with what came before, and
 * is all there is of MPEG-TS and ogg, and of Matroska with FFmpeg 5.1. "trailer" is what the end adds; in Matroska the last
 * cluster, too, without a `flush()` before.
 */
export type Marker = "header" | "sync" | "boundary" | "unknown" | "trailer" | "flush";

/** What comes with the bytes for an `onwrite` callback. */
export interface WriteInfo {
  /** Position of the first byte in the output. */
  position: number;
  /** What FFmpeg says the bytes are (AVIODataMarkerType). */
  marker: Marker;
  /** Seconds, of a "sync" or "boundary": when its first packet is to be decoded (dts), as the muxer counts. */
  time: number | null;
}

/** What serves the requests of an I/O context. Its exceptions end the session, and are what the session's calls throw. */
export interface Device {
  /** Bytes, copied before the next call; more than `size` where they are at hand; null at the end. */
  read?(size: number): Operation<Uint8Array | null>;
  /** What `write` is given is good only until it returns. */
  transient?: boolean;
  /** Takes all of `bytes`. */
  write?(bytes: Uint8Array<ArrayBuffer>, info: WriteInfo): Operation<void>;
  /** The new position or the size; null: can't. */
  seek?(offset: number, whence: number): Operation<number | null>;
}
