/**
 * Device: the TypeScript end of an AVIOContext. Its answers are generators that yield what must be waited for, so that
 * one text serves both engines; the sync engine can't wait, and throws.
 */

import { type Operation, runAsync, runSync } from "./operation.ts";

/** A value or a promise of one; promises need the async engine. */
export type MaybePromise<T> = T | Promise<T>;

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

/** An answer under way; what it yields is waited for, and given back to it. */
export type Answer<T> = Generator<PromiseLike<unknown>, T, unknown>;

/** What answers the requests of an I/O context. Exceptions end the session and are kept. */
export interface Device {
  /** Bytes, copied before the next call; more than `size` where they are at hand; null at the end. */
  read?(size: number): Answer<Uint8Array | null>;
  /** What `write` is given is good only until it has answered. */
  transient?: boolean;
  /** Takes all of `bytes`. */
  write?(bytes: Uint8Array<ArrayBuffer>, info: WriteInfo): Answer<void>;
  /** The new position or the size; null: can't. */
  seek?(offset: number, whence: number): Answer<number | null>;
}

/** The value itself, or what the promise will be. */
export function* settled<T>(value: MaybePromise<T>): Answer<T> {
  return isThenable(value) ? (yield value) as T : value;
}

/** An operation as a part of an answer, by the engine that asked. */
export function* perform<T>(operation: Operation<T>, waits: boolean): Answer<T> {
  return waits ? yield* settled(runAsync(operation)) : runSync(operation);
}

/** The answer of a device that must have it now. `callback` is what the user knows it by. */
export function answerNow<T>(answer: Answer<T>, callback: string): T {
  const { done, value } = answer.next();
  if (done) return value;
  if (value instanceof Promise) value.catch(() => {}); // it would be reported beside the error thrown here
  throw new TypeError(`${callback} returned a promise: the sync API can't wait, use the async one`);
}

function isThenable<T>(value: MaybePromise<T>): value is Promise<T> {
  return typeof (value as Promise<T> | null | undefined)?.then === "function";
}
