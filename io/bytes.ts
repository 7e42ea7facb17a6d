/**
 * The program's bytes as an I/O context. They are lent to native code if no callback can detach them
 * meanwhile; otherwise small sources are copied at once, large ones piece by piece.
 */
import { constants } from "../ffi/constants.ts";
import type { Device } from "../ffi/device.ts";
import { checkStillThere } from "../ffi/lent_bytes.ts";
import type { NativeIO } from "../ffi/native_io.ts";
import type { Host } from "../ffi/session.ts";
import { ReadSize } from "./read_size.ts";

/**
 * Sources up to this many bytes are copied at once, of larger ones the first half of that: it takes less time than requests do,
 * as long as the memory for it is no block of its own that the system provides anew.
 */
const MAX_COPY = 1 << 17;

/**
 * Adds bytes to a host as an I/O context.
 *
 * @param lend Native code may read them in place: only in the sync engine, if no callback can run meanwhile.
 * @param isFresh They are read from their start.
 */
export function attachBytes(
  host: Host,
  bytes: Uint8Array,
  bufferSize: number,
  { lend, isFresh = true }: { lend: boolean; isFresh?: boolean },
): NativeIO {
  if (lend) return host.addLentBytes(bytes, bufferSize);
  if (bytes.length <= MAX_COPY) return host.addCopiedBytes(bytes, bufferSize);
  return host.addDevice(bytesDevice(bytes, isFresh ? MAX_COPY / 2 : 0), { use: "read" }, bufferSize);
}

/** Each piece is copied before other code can change it. */
function bytesDevice(bytes: Uint8Array, headSize: number): Device {
  const { byteLength } = bytes;
  const size = new ReadSize();
  let position = 0;
  return {
    seeksLate: true,
    size: byteLength,
    head: bytes.subarray(0, headSize),
    // deno-lint-ignore require-yield
    *read(requested) {
      checkStillThere({ bytes, byteLength });
      const chunk = bytes.subarray(position, position + size.next(requested));
      position += chunk.length;
      return chunk.length === 0 ? null : chunk;
    },
    // deno-lint-ignore require-yield
    *seek(offset, whence) {
      if (whence === constants.seek.SIZE) return byteLength;
      size.reset();
      return position = whence === constants.seek.END ? byteLength + offset : offset;
    },
  };
}
