/**
 * NativeIO: an I/O context of the shim (AVIOContext) as an opaque value for other folders, and the state that is saved
 * between two owners.
 */
import { byteLengthOf, newBytes, newNumbers } from "./byte_views.ts";
import type { Device } from "./device.ts";
import { check } from "./errors.ts";
import { library } from "./library.ts";
import { SavedState } from "./symbols.ts";

const NOTHING = newBytes(0);

/** An I/O context; only `ffi/` uses its handle. */
export class NativeIO {
  readonly handle: number;

  constructor(handle: number) {
    this.handle = handle;
  }
}

/** Position and buffered bytes of an I/O context. */
export interface SavedIO {
  /** Position in the device of the first buffered byte, or else of the next byte to read or write. */
  position: number;
  /** Bytes read from the device but not consumed, or written but not passed to it. */
  buffered: Uint8Array<ArrayBuffer>;
}

/** Sets the final URL after redirects, against which names resolve; call before native code uses it. */
export function locateIO({ handle }: NativeIO, url: string): void {
  const bytes = new TextEncoder().encode(url);
  check(library().avs_io_locate(handle, bytes, byteLengthOf(bytes)), "locate an I/O context");
}

/** Passes on what is known of an input's device before anything is requested of it. */
export function beginIO({ handle }: NativeIO, { size = null, head = NOTHING }: Device): void {
  if (size === null && head === NOTHING) return;
  const bytes = head as Uint8Array<ArrayBuffer>;
  check(library().avs_io_begin(handle, size ?? NaN, bytes, byteLengthOf(bytes)), "add an I/O context");
}

const numbers = newNumbers(SavedState.LENGTH);

/** Saves the state of an I/O context, so that another one over the same device can continue. */
export function saveIO({ handle }: NativeIO, use: "read" | "write"): SavedIO {
  const size = check(library().avs_io_save(handle, numbers, NOTHING, 0), "save an I/O context");
  const buffered = newBytes(size);
  if (size > 0) check(library().avs_io_save(handle, numbers, buffered, size), "save an I/O context");
  return { position: numbers[use === "read" ? SavedState.POSITION : SavedState.DEVICE]!, buffered };
}

/** Restores saved state in a new I/O context. */
export function restoreIO({ handle }: NativeIO, { position, buffered }: SavedIO): void {
  check(
    library().avs_io_restore(handle, position, buffered, byteLengthOf(buffered)),
    "restore an I/O context",
  );
}
