/**
 * Memory outputs: I/O contexts that write to native memory, and how that is copied out.
 */
import { check } from "./errors.ts";
import { library } from "./library.ts";
import type { NativeIO } from "./native_io.ts";

/** Sizes of single pieces cross in 32 bits. */
const MAX_PIECE = 2 ** 30;

/** Bytes that it holds; null while a write is under way. */
export function memorySize({ handle }: NativeIO): number | null {
  const size = library().avs_memory_size(handle);
  return size < 0 ? null : size;
}

/** A copy of what it holds. */
export function copyMemory({ handle }: NativeIO): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(check(library().avs_memory_size(handle), "copy what was written"));
  for (let at = 0; at < bytes.length; at += MAX_PIECE) {
    const piece = bytes.subarray(at, at + MAX_PIECE);
    check(library().avs_memory_read(handle, at, piece, piece.length), "copy what was written");
  }
  return bytes;
}
