/**
 * Bytes that the program has, as an array and as an I/O context. They are lent to native code where nothing can take them
 * away meanwhile; else few of them are copied at once, and many piece by piece.
 */
import { isBytes, plainView } from "../ffi/byte_views.ts";
import { constants } from "../ffi/constants.ts";
import type { Device } from "../ffi/device.ts";
import { checkStillThere } from "../ffi/lent_bytes.ts";
import type { NativeIO } from "../ffi/native_io.ts";
import type { Host } from "../ffi/session.ts";
import { ReadSize } from "./read_size.ts";

/** Bytes up to here are copied at once: that takes less time than asking for them. */
const MAX_COPY = 1 << 20;

/** The same bytes as a Uint8Array, whatever view or buffer they came in. */
export function asBytes(bytes: ArrayBuffer | ArrayBufferView): Uint8Array {
  if (isBytes(bytes)) return plainView(bytes);
  return ArrayBuffer.isView(bytes)
    ? new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    : new Uint8Array(bytes);
}

/**
 * Bytes as an I/O context of a host.
 *
 * @param lend Native code reads them where they are: the sync engine, and no callback can run meanwhile.
 */
export function attachBytes(host: Host, bytes: Uint8Array, bufferSize: number, lend: boolean): NativeIO {
  if (lend) return host.addLentBytes(bytes, bufferSize);
  if (bytes.length <= MAX_COPY) return host.addCopiedBytes(bytes, bufferSize);
  return host.addDevice(bytesDevice(bytes), { use: "read" }, bufferSize);
}

/** Each piece is copied before anyone else can touch it. */
function bytesDevice(bytes: Uint8Array): Device {
  const { byteLength } = bytes;
  const size = new ReadSize();
  let position = 0;
  return {
    // deno-lint-ignore require-yield
    *read(asked) {
      checkStillThere({ bytes, byteLength });
      const chunk = bytes.subarray(position, position + size.next(asked));
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
