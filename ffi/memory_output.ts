/**
 * Memory outputs: I/O contexts that write to native memory, and copying that to JavaScript.
 */
import { newBytes, partOf } from "./byte_views.ts";
import { check } from "./errors.ts";
import { library } from "./library.ts";
import type { NativeIO } from "./native_io.ts";

/** Maximum size of one copy: sizes cross as 32-bit numbers. */
const MAX_PIECE = 2 ** 30;

/** Its size in bytes; null while a write is running. */
export function memorySize({ handle }: NativeIO): number | null {
  const size = library().avs_memory_size(handle);
  return size < 0 ? null : size;
}

/** A copy of its contents. */
export function copyMemory({ handle }: NativeIO): Uint8Array<ArrayBuffer> {
  const size = check(library().avs_memory_size(handle), "copy what was written");
  const bytes = newBytes(size);
  for (let at = 0; at < size; at += MAX_PIECE) {
    const length = Math.min(size - at, MAX_PIECE);
    check(library().avs_memory_read(handle, at, partOf(bytes, at, length), length), "copy what was written");
  }
  return bytes;
}
