/**
 * The index that a container has of a stream: where its frames are, as far as the container says.
 */
import { library } from "../ffi/library.ts";
import { check } from "../ffi/errors.ts";
import type { Session } from "../ffi/session.ts";
import { IndexRow } from "../ffi/symbols.ts";
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
export function readIndex(session: Session, streamIndex: number, { num, den }: Rational): IndexEntry[] {
  const read = (rows: Float64Array<ArrayBuffer>) =>
    check(
      library().avs_index(session.handle, streamIndex, 0, rows, rows.length / IndexRow.LENGTH),
      "tell the index",
    );
  const count = read(new Float64Array(0));
  const rows = new Float64Array(count * IndexRow.LENGTH);
  read(rows);
  return Array.from({ length: count }, (_, index) => {
    const row = rows.subarray(index * IndexRow.LENGTH);
    const timestamp = row[IndexRow.TIMESTAMP]!;
    return {
      timestamp,
      time: timestamp * num / den,
      pos: row[IndexRow.POS]!,
      size: row[IndexRow.SIZE]!,
      isKey: row[IndexRow.IS_KEY] === 1,
    };
  });
}
