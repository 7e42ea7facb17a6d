/**
 * WebCodecs' chunks as plain data: what encoders output and `new EncodedVideoChunk(...)` takes. `packet.ts` converts
 * packets from and to chunks.
 */
import { isBytes, isMemory, isSharedBuffer } from "../ffi/byte_views.ts";
import { argumentError } from "../ffi/errors.ts";
import { bytesOf, checkInteger, checkObject, checkOneOf, MAX_BYTES, typeName } from "../io/arguments.ts";

/** The argument of `new EncodedVideoChunk(init)` and `new EncodedAudioChunk(init)`. */
export interface EncodedChunkInit {
  /** "key" if decoding can start here, else "delta". */
  type: "key" | "delta";
  /** Presentation time in microseconds. */
  timestamp: number;
  /** Duration in microseconds; missing if unknown. */
  duration?: number;
  /** The coded data. */
  data: Uint8Array<ArrayBuffer>;
}

/**
 * A WebCodecs chunk: an `EncodedVideoChunk`, an `EncodedAudioChunk`, or their fields with `data`, for example received
 * from a worker or over a WebSocket.
 */
export type EncodedChunk =
  & {
    /** "key" if decoding can start here, else "delta". */
    readonly type: "key" | "delta";
    /** Presentation time in microseconds. */
    readonly timestamp: number;
    /** Duration in microseconds; null if unknown. */
    readonly duration?: number | null;
  }
  & (
    | { readonly data: Uint8Array | ArrayBuffer }
    | { readonly byteLength: number; copyTo(destination: Uint8Array<ArrayBuffer>): void }
  );

/** Checks that a value is a chunk; returns its fields but the data, which are checked as those of the packet. */
export function checkChunk(
  chunk: EncodedChunk,
): Omit<EncodedChunkInit, "data" | "duration"> & { duration: unknown } {
  const { type, timestamp, duration } = checkObject(chunk, "chunk");
  return { type: checkOneOf(type, ["key", "delta"], "chunk.type"), timestamp, duration };
}

/** The data of a chunk: copied from a WebCodecs object, or the `data` field itself. */
export function chunkData(chunk: EncodedChunk): Uint8Array {
  if ("data" in chunk) return checkBufferSource(chunk.data, "chunk.data");
  if (typeof chunk.copyTo !== "function") {
    throw argumentError(TypeError, "chunk", "must have data, or byteLength and copyTo()");
  }
  const bytes = new Uint8Array(checkInteger(chunk.byteLength, "chunk.byteLength", 0, MAX_BYTES));
  chunk.copyTo(bytes);
  return bytes;
}

/** An ArrayBuffer or any view as bytes, not copied. */
export function checkBufferSource(value: unknown, name: string): Uint8Array {
  if (isMemory(value) || isSharedBuffer(value)) {
    const bytes = bytesOf(value, name);
    return isBytes(value) ? value : bytes;
  }
  throw argumentError(TypeError, name, `must be bytes or an ArrayBuffer, is ${typeName(value)}`);
}
