/**
 * Bun: memory for the bytes of packets, from the C library's allocator. Bun's own gives freed memory back to the kernel, which
 * has to clear the pages of each new batch: a quarter of the time of a demux. The memory is JavaScript's like any other: the
 * garbage collector frees it.
 */
import { bytesAt, newBytes } from "./byte_views.ts";
import { isAtLeast, MIN_VERSION } from "./bun_calls.ts";

type Pointer = number;

/** The C library's functions; native code calls `free` with what it frees and an argument that it ignores. */
interface Allocator {
  malloc(bytes: number): Pointer | null;
  free: { readonly ptr?: Pointer };
}

/** The used part of `bun:ffi`. */
interface BunFFI {
  dlopen(
    place: string,
    functions: Record<keyof Allocator, { args: readonly string[]; returns: string }>,
  ): { symbols: Allocator };
  toArrayBuffer(start: Pointer, offset: number, bytes: number, context: Pointer, free: Pointer): ArrayBuffer;
}

/** Smaller blocks are not worth it: Bun keeps them. */
const MIN_BYTES = 64 * 1024;

/** How the bytes of a batch of packets are allocated: as JavaScript does, but on newer versions of Bun. */
export function batchAllocator(place: string): (bytes: number) => Uint8Array<ArrayBuffer> {
  const { process } = globalThis as unknown as {
    process: { versions: { bun?: string }; getBuiltinModule(name: "bun:ffi"): BunFFI };
  };
  if (!isAtLeast(process.versions.bun ?? "0.0", MIN_VERSION)) return newBytes;
  try {
    return allocatorOf(process.getBuiltinModule("bun:ffi"), place);
  } catch {
    return newBytes; // Bun for this platform is built without it, or the library is not linked to the C library by name
  }
}

function allocatorOf({ dlopen, toArrayBuffer }: BunFFI, place: string): typeof newBytes {
  const { malloc, free: { ptr: free } } = dlopen(place, {
    malloc: { args: ["usize"], returns: "ptr" },
    free: { args: ["ptr"], returns: "void" },
  }).symbols;
  if (typeof free !== "number") return newBytes;
  return (bytes) => {
    const start = bytes >= MIN_BYTES ? malloc(bytes) : null;
    return start ? bytesAt(toArrayBuffer(start, 0, bytes, start, free))! : newBytes(bytes);
  };
}
