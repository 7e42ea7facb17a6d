/**
 * The program's bytes that are read in place. The program may detach or resize them at any time, so they are checked
 * again before each use.
 */
import { argumentError } from "./argument_error.ts";

/** Bytes with their original length. */
export interface LentBytes {
  readonly bytes: Uint8Array;
  readonly byteLength: number;
}

/** Throws if their buffer was detached or resized since. */
export function checkStillThere({ bytes, byteLength }: LentBytes): void {
  if (bytes.byteLength === byteLength) return;
  throw argumentError(TypeError, "source", "its bytes were detached or resized");
}
