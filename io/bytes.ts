/**
 * Bytes that the caller has: as an array, and as a device.
 */
import { constants } from "../ffi/constants.ts";
import type { Device } from "../ffi/device.ts";
import { checkStillThere } from "../ffi/session.ts";
import { ReadSize } from "./read_size.ts";

/** The same bytes as a Uint8Array, whatever view or buffer they came in. */
export function asBytes(bytes: ArrayBuffer | ArrayBufferView): Uint8Array {
  return ArrayBuffer.isView(bytes)
    ? new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    : new Uint8Array(bytes);
}

/** Bytes as a device: each piece is copied before anyone else can touch them. */
export function memoryDevice(bytes: Uint8Array): Device {
  const { byteLength } = bytes;
  const size = new ReadSize();
  let position = 0;
  return {
    // deno-lint-ignore require-yield
    *read(asked) {
      checkStillThere(bytes, byteLength);
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
