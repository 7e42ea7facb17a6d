/**
 * WebCodecs' chunks as plain data: what an encoder hands out, and what `new EncodedVideoChunk(...)` takes. How packets become
 * chunks and chunks packets is in `packet.ts`.
 */
import { isBytes } from "../ffi/byte_views.ts";
import { argumentError } from "../ffi/errors.ts";
import { checkObject, checkOneOf, typeName } from "../io/arguments.ts";

/** What `new EncodedVideoChunk(init)` and `new EncodedAudioChunk(init)` take. */
export interface EncodedChunkInit {
  /** Whether decoding can start here. */
  type: "key" | "delta";
  /** When it is shown, in microseconds. */
  timestamp: number;
  /** How long it is shown, in microseconds; not there where it is not known. */
  duration?: number;
  /** The coded data. */
  data: Uint8Array<ArrayBuffer>;
}

/**
 * A chunk as WebCodecs has it: an `EncodedVideoChunk`, an `EncodedAudioChunk`, or their fields with the data beside them, as
 * they come out of a worker or over a WebSocket.
 */
export type EncodedChunk =
  & {
    /** Whether decoding can start here. */
    readonly type: "key" | "delta";
    /** When it is shown, in microseconds. */
    readonly timestamp: number;
    /** How long it is shown, in microseconds; null where it is not known. */
    readonly duration?: number | null;
  }
  & (
    | { readonly data: Uint8Array | ArrayBuffer }
    | { readonly byteLength: number; copyTo(destination: Uint8Array<ArrayBuffer>): void }
  );

/** Checks that there is a chunk; what its fields are is checked as that of a packet. */
export function checkChunk(chunk: EncodedChunk): EncodedChunk {
  checkObject(chunk, "chunk");
  checkOneOf(chunk.type, ["key", "delta"], "chunk.type");
  return chunk;
}

/** The data of a chunk: copied out of it, or what is beside it as it is. */
export function chunkData(chunk: EncodedChunk): Uint8Array {
  if ("data" in chunk) return checkBufferSource(chunk.data, "chunk.data");
  if (typeof chunk.copyTo !== "function") {
    throw argumentError(TypeError, "chunk", "must have data, or byteLength and copyTo()");
  }
  const bytes = new Uint8Array(chunk.byteLength);
  chunk.copyTo(bytes);
  return bytes;
}

/** Bytes as the web platform gives them: an ArrayBuffer or any view of one; not copied. */
export function checkBufferSource(value: unknown, name: string): Uint8Array {
  if (isBytes(value)) return value;
  if (ArrayBuffer.isView(value)) return new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
  if (value instanceof ArrayBuffer || value instanceof SharedArrayBuffer) return new Uint8Array(value);
  throw argumentError(TypeError, name, `must be bytes or an ArrayBuffer, is ${typeName(value)}`);
}
