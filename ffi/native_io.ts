/**
 * NativeIO: an I/O context of the shim (AVIOContext) as a value that other folders pass on without looking into it, and
 * what is kept of one between two owners.
 */
import { check } from "./errors.ts";
import { library } from "./library.ts";
import { SavedState } from "./symbols.ts";

/** An I/O context; its handle is for `ffi/` alone. */
export class NativeIO {
  readonly handle: number;

  constructor(handle: number) {
    this.handle = handle;
  }
}

/** Where an I/O context stands, with what its buffer has that its device has given or not got yet. */
export interface SavedIO {
  /** In the device: of what is buffered, and where nothing is, of the next byte that is read or written. */
  position: number;
  /** Read from the device and not used yet, or written and not handed to it. */
  buffered: Uint8Array<ArrayBuffer>;
}

/** Names in it are relative to where it was redirected to; before it is offered to native code. */
export function locateIO({ handle }: NativeIO, url: string): void {
  const bytes = new TextEncoder().encode(url);
  check(library().avs_io_locate(handle, bytes, bytes.length), "locate an I/O context");
}

const numbers = new Float64Array(SavedState.LENGTH);
const NOTHING = new Uint8Array(0);

/** What is kept of an I/O context, so that another one over the same device goes on from there. */
export function saveIO({ handle }: NativeIO, use: "read" | "write"): SavedIO {
  const size = check(library().avs_io_save(handle, numbers, NOTHING, 0), "save an I/O context");
  const buffered = new Uint8Array(size);
  if (size > 0) check(library().avs_io_save(handle, numbers, buffered, size), "save an I/O context");
  return { position: numbers[use === "read" ? SavedState.POSITION : SavedState.DEVICE]!, buffered };
}

/** Puts a new I/O context where another one stood. */
export function restoreIO({ handle }: NativeIO, { position, buffered }: SavedIO): void {
  check(library().avs_io_restore(handle, position, buffered, buffered.length), "restore an I/O context");
}
