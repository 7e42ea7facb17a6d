/**
 * Operations on a session's input: open, seek, close, index. `reading.ts` reads its packets.
 */
import { byteLengthOf, newBytes, newNumbers } from "./byte_views.ts";
import { check } from "./errors.ts";
import { library } from "./library.ts";
import type { NativeIO } from "./native_io.ts";
import type { Operation } from "./operation.ts";
import { unusedOptions } from "./output.ts";
import type { Session } from "./session.ts";
import { IndexRow, operations, SetWhat } from "./symbols.ts";

/** How an input is opened. */
export interface InputSettings {
  /** Its I/O context; null for a format that opens its files itself. */
  io: NativeIO | null;
  url: string;
  /** Name of the format, to skip probing. */
  format: string | undefined;
  /** Demuxers that may be tried. */
  formats: readonly string[] | undefined;
  maxPacketSize: number;
  maxOpenSize: number;
  /** Whether a missing segment of a playlist is an error. */
  strict: boolean;
  /** Whether to call avformat_find_stream_info. */
  findStreamInfo: boolean;
  /** Whether to warn if the source ends before what its index names (mp4 and its kin). */
  checkSize: boolean;
  /** AVOptions. */
  options: Iterable<readonly [string, string]>;
}

/** An input that has been opened. */
export interface OpenedInput {
  /** Names of options that it did not use. */
  unused: string[];
  /** Bytes of the source, null if unknown. */
  size: number | null;
}

/** Opens the input. */
export function* openInput(session: Session, settings: InputSettings): Operation<OpenedInput> {
  const { io, url, format, formats, maxPacketSize, maxOpenSize, strict, findStreamInfo, checkSize, options } =
    settings;
  session.set(SetWhat.INPUT, 0, [
    ["url", url],
    ["maxPacketSize", String(maxPacketSize)],
    ["maxOpenSize", String(maxOpenSize)],
    ["strict", strict ? "1" : "0"],
    ["format", format ?? ""], // an empty name clears that of a previous input
    ["formats", formats?.join(",") ?? ""],
  ]);
  session.set(SetWhat.OPTIONS, 0, options);
  const slot = yield* session.run(operations.openInput, [
    io?.handle ?? 0,
    findStreamInfo ? 1 : 0,
    checkSize ? 1 : 0,
  ]);
  const size = slot[2]!;
  return { unused: unusedOptions(session, slot), size: size < 0 ? null : size };
}

/** Closes the input, so that another one can be opened; keeps its I/O context. */
export function* closeInput(session: Session): Operation<void> {
  yield* session.run(operations.closeInput);
}

const SEEK_BACKWARD = 1;
const SEEK_BYTE = 2;
const SEEK_ANY = 4;

/** The target of a seek. */
export interface SeekPlace {
  /** Unit of the position: bytes, seconds, or the time base of this stream. */
  unit: "bytes" | "seconds" | { stream: number };
  position: number;
  min: number;
  max: number;
  backward: boolean;
  any: boolean;
}

/** Seeks; changes nothing if it fails. */
export function* seekInput(session: Session, place: SeekPlace): Operation<void> {
  const { unit, position, min, max, backward, any } = place;
  const stream = typeof unit === "object" ? unit.stream : -1;
  const flags = (unit === "bytes" ? SEEK_BYTE : 0) | (any ? SEEK_ANY : 0) | (backward ? SEEK_BACKWARD : 0);
  yield* session.run(operations.seek, [stream, position, min, max, flags]);
}

/** Sets whether packets of a stream are delivered; does nothing if the session has ended. */
export function setDiscard(session: Session, stream: number, discard: boolean): void {
  if (session.hasEnded) return;
  check(library().avs_set_discard(session.handle, stream, discard ? 1 : 0), "discard a stream");
}

/** The picture of a stream that is a cover; null for other streams. */
export function readCover(session: Session, stream: number): Uint8Array<ArrayBuffer> | null {
  const read = (bytes: Uint8Array<ArrayBuffer>) =>
    check(library().avs_cover(session.handle, stream, bytes, byteLengthOf(bytes)), "read the cover");
  const bytes = newBytes(read(newBytes(0)));
  read(bytes);
  return bytes.length > 0 ? bytes : null;
}

/** An entry of the container's index; the timestamp is in the stream's time base. */
export interface RawIndexEntry {
  timestamp: number;
  pos: number;
  size: number;
  isKey: boolean;
}

/** The container's index of a stream. */
export function readIndex(session: Session, stream: number): RawIndexEntry[] {
  const read = (rows: Float64Array<ArrayBuffer>, max: number) =>
    check(library().avs_index(session.handle, stream, 0, rows, max), "read the index");
  const count = read(newNumbers(0), 0);
  const rows = newNumbers(count * IndexRow.LENGTH);
  read(rows, count);
  return Array.from({ length: count }, (_, index) => {
    const row = rows.subarray(index * IndexRow.LENGTH);
    return {
      timestamp: row[IndexRow.TIMESTAMP]!,
      pos: row[IndexRow.POS]!,
      size: row[IndexRow.SIZE]!,
      isKey: row[IndexRow.IS_KEY] === 1,
    };
  });
}
