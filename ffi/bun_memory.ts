/**
 * Bun: memory for the bytes of packets, from the C library's allocator. Bun's own gives freed memory back to the kernel, which
 * has to clear the pages of each new batch: a quarter of the time of a demux. The memory is JavaScript's like any other: the
 * garbage collector frees it.
 */
import { bytesAt, newBytes } from "./byte_views.ts";
import { bunFFI } from "./bun_calls.ts";

/** The C library's functions; native code calls `free` with what it frees and an argument that it ignores. */
interface Allocator {
  malloc(bytes: number): number | null;
  free: { readonly ptr?: number };
}

/** Smaller blocks are not worth it: Bun keeps them. */
const MIN_BYTES = 64 * 1024;

/** How the bytes of a batch of packets are allocated: as JavaScript does, but on newer versions of Bun. */
export function batchAllocator(place: string): (bytes: number) => Uint8Array<ArrayBuffer> {
  try {
    return allocatorOf(place);
  } catch {
    return newBytes; // Bun for this platform is built without it, or the library is not linked to the C library by name
  }
}

function allocatorOf(place: string): typeof newBytes {
  const ffi = bunFFI();
  if (!ffi) return newBytes;
  const { malloc, free: { ptr: free } } = ffi.dlopen<Allocator>(place, {
    malloc: { args: ["usize"], returns: "ptr" },
    free: { args: ["ptr"], returns: "void" },
  }).symbols;
  if (typeof free !== "number") return newBytes;
  return (bytes) => {
    const start = bytes >= MIN_BYTES ? malloc(bytes) : null;
    return start ? bytesAt(ffi.toArrayBuffer(start, 0, bytes, start, free))! : newBytes(bytes);
  };
}
