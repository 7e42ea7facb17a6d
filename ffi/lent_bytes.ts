/**
 * Bytes of the program's that are read where they are. The program may detach or resize them at any time, so that they
 * are looked at again before each use.
 */
import { argumentError } from "./argument_error.ts";

/** Bytes, with how many there were when they were given. */
export interface LentBytes {
  readonly bytes: Uint8Array;
  readonly byteLength: number;
}

/** Throws where their buffer was detached or resized since. */
export function checkStillThere({ bytes, byteLength }: LentBytes): void {
  if (bytes.byteLength === byteLength) return;
  throw argumentError(TypeError, "source", "its bytes were detached or resized");
}
