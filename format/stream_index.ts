/**
 * A container's index of a stream: positions of its frames, as far as the container states them.
 */
import { readIndex } from "../ffi/input.ts";
import type { Session } from "../ffi/session.ts";
import type { Rational } from "./rational.ts";

/** An entry of a container's index (AVIndexEntry). */
export interface IndexEntry {
  /** Timestamp in units of the stream's timeBase; in most formats the decoding time. */
  timestamp: number;
  /** The same in seconds. */
  time: number;
  /** Byte position in the source. */
  pos: number;
  /** Size in bytes, 0 if the index doesn't state it. */
  size: number;
  /** Whether decoding can start here. */
  isKey: boolean;
}

/** The index of an input's stream; the session must be idle. */
export function indexOf(session: Session, streamIndex: number, { num, den }: Rational): IndexEntry[] {
  return readIndex(session, streamIndex).map(({ timestamp, pos, size, isKey }) => ({
    timestamp,
    time: timestamp * num / den,
    pos,
    size,
    isKey,
  }));
}
