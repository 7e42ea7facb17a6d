/**
 * The index that a container has of a stream: where its frames are, as far as the container says.
 */
import { readIndex } from "../ffi/input.ts";
import type { Session } from "../ffi/session.ts";
import type { Rational } from "./rational.ts";

/** A place in a stream that its container's index names (AVIndexEntry). */
export interface IndexEntry {
  /** In units of the stream's timeBase; decoding time in most formats. */
  timestamp: number;
  /** The same in seconds. */
  time: number;
  /** Byte position in the source. */
  pos: number;
  /** Bytes, 0 where the index doesn't say. */
  size: number;
  /** Decoding can start here. */
  isKey: boolean;
}

/** The index of an input's stream; of a session that runs nothing. */
export function indexOf(session: Session, streamIndex: number, { num, den }: Rational): IndexEntry[] {
  return readIndex(session, streamIndex).map(({ timestamp, pos, size, isKey }) => ({
    timestamp,
    time: timestamp * num / den,
    pos,
    size,
    isKey,
  }));
}
