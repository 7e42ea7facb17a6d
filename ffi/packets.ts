/**
 * Packets at the boundary: numbers in rows, payloads in one array. `format/packet.ts` has the public Packet.
 */
import { byteLengthOf, newBytes, newNumbers, plainView } from "./byte_views.ts";
import { AVERROR } from "./constants.ts";
import { argumentError, check } from "./errors.ts";
import { library } from "./library.ts";
import type { Session } from "./session.ts";
import { Row } from "./symbols.ts";

/** AV_PKT_FLAG_* */
const KEY = 1;
const CORRUPT = 2;
const DISCARD = 4;

/** Additional data of a packet or stream, by FFmpeg's name (AVPacketSideData). */
export interface RawSideData {
  type: string;
  data: Uint8Array<ArrayBuffer>;
}

/** A packet's numbers; times are in units of `num / den` seconds, NaN if unknown. */
export interface PacketNumbers {
  streamIndex: number;
  pts: number;
  dts: number;
  duration: number;
  num: number;
  den: number;
  isKey: boolean;
  isCorrupt: boolean;
  isDiscard: boolean;
  pos: number;
}

// ------------------------------------------------------------------------------------------- out of C

/** The object that a packet from C is copied to; times are null if unknown. */
export interface PacketFields {
  streamIndex: number;
  data: Uint8Array<ArrayBuffer>;
  pts: number | null;
  dts: number | null;
  duration: number;
  isKey: boolean;
  isCorrupt: boolean;
  isDiscard: boolean;
  pos: number | null;
  sideData: RawSideData[];
}

/** A batch of packets, iterated one by one. */
export class PacketBatch {
  #rows: Float64Array;
  #slab: Uint8Array<ArrayBuffer>;
  #count: number;
  #next = 0;
  /** Offset of the current packet's row. */
  #row = 0;
  /** Offset of the current packet's bytes. */
  #offset = 0;
  #end = 0;

  /** Takes the packets that are ready in the session; null if there are none. */
  static take(session: Session): PacketBatch | null {
    const count = check(library().avs_ready_packets(session.handle, readyBytes), "take packets");
    return count > 0 ? new PacketBatch(session, count, readyBytes[0]!) : null;
  }

  private constructor(session: Session, count: number, bytes: number) {
    this.#rows = newNumbers(count * Row.LENGTH);
    this.#slab = library().newBatch(bytes);
    this.#count = check(
      library().avs_take_packets(session.handle, this.#rows, count, this.#slab, bytes),
      "take packets",
    );
  }

  /** Moves to the next packet; returns false if there is none. */
  next(): boolean {
    if (this.#next === this.#count) return false;
    const rows = this.#rows;
    const row = this.#row = this.#next++ * Row.LENGTH;
    this.#offset = this.#end;
    this.#end += rows[row + Row.SIZE]! + rows[row + Row.SIDE_SIZE]!;
    return true;
  }

  /** Stream index of the current packet. */
  get streamIndex(): number {
    return this.#rows[this.#row + Row.STREAM]!;
  }

  /** Time base of the current packet, in seconds. */
  get timeBase(): { num: number; den: number } {
    return { num: this.#rows[this.#row + Row.TB_NUM]!, den: this.#rows[this.#row + Row.TB_DEN]! };
  }

  /** Whether this is the time base of the current packet. */
  isTimeBase({ num, den }: { num: number; den: number }): boolean {
    return this.#rows[this.#row + Row.TB_NUM] === num && this.#rows[this.#row + Row.TB_DEN] === den;
  }

  /** Copies the current packet to `packet`. */
  fill(packet: PacketFields): void {
    const rows = this.#rows;
    const row = this.#row;
    const flags = rows[row + Row.FLAGS]!;
    const size = rows[row + Row.SIZE]!;
    packet.streamIndex = rows[row + Row.STREAM]!;
    packet.data = new Uint8Array(this.#slab.buffer, this.#offset, size);
    packet.pts = nullable(rows[row + Row.PTS]!);
    packet.dts = nullable(rows[row + Row.DTS]!);
    packet.duration = rows[row + Row.DURATION]!;
    packet.isKey = (flags & KEY) !== 0;
    packet.isCorrupt = (flags & CORRUPT) !== 0;
    packet.isDiscard = (flags & DISCARD) !== 0;
    packet.pos = nullable(rows[row + Row.POS]!);
    const sideSize = rows[row + Row.SIDE_SIZE]!;
    packet.sideData = sideSize === 0 ? [] : this.#sideData(this.#offset + size, sideSize);
  }

  #sideData(offset: number, size: number): RawSideData[] {
    return decodeSideData(new Uint8Array(this.#slab.buffer, offset, size));
  }
}

function nullable(value: number): number | null {
  return value === value ? value : null; // NaN is AV_NOPTS_VALUE
}

const readyBytes = newNumbers(1);

const decoder = new TextDecoder();
const encoder = new TextEncoder();

/** Parses side data: for each item name, NUL, size in 4 bytes, data. */
function decodeSideData(bytes: Uint8Array<ArrayBuffer>): RawSideData[] {
  const result: RawSideData[] = [];
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = 0; at < bytes.length;) {
    const nameEnd = bytes.indexOf(0, at);
    const size = view.getUint32(nameEnd + 1, true);
    const start = nameEnd + 5;
    result.push({
      type: decoder.decode(bytes.subarray(at, nameEnd)),
      data: bytes.slice(start, start + size),
    });
    at = start + size;
  }
  return result;
}

// ------------------------------------------------------------------------------------------- into C

/** A packet to be passed to the shim. */
export interface PacketBytes {
  data: Uint8Array;
  sideData: readonly { type: string; data: Uint8Array }[];
}

const NOTHING = newBytes(0);
const row = newNumbers(Row.LENGTH);

function encodeSideData(sideData: PacketBytes["sideData"]): Uint8Array<ArrayBuffer> {
  if (sideData.length === 0) return NOTHING;
  const parts = sideData.map(({ type, data }) => ({
    name: encoder.encode(`${type}\0`),
    data: plainView(data),
  }));
  const bytes = new Uint8Array(parts.reduce((sum, { name, data }) => sum + name.length + 4 + data.length, 0));
  const view = new DataView(bytes.buffer);
  let at = 0;
  for (const { name, data } of parts) {
    bytes.set(name, at);
    view.setUint32(at + name.length, data.length, true);
    bytes.set(data, at + name.length + 4);
    at += name.length + 4 + data.length;
  }
  return bytes;
}

/**
 * Adds a packet to the session's queue, copying its bytes.
 *
 * @throws {RangeError} One of its times exceeds the range of its stream.
 */
export function putPacket(
  session: Session,
  numbers: PacketNumbers,
  { data, sideData }: PacketBytes,
): void {
  row[Row.STREAM] = numbers.streamIndex;
  row[Row.PTS] = numbers.pts;
  row[Row.DTS] = numbers.dts;
  row[Row.DURATION] = numbers.duration;
  row[Row.FLAGS] = (numbers.isKey ? KEY : 0) | (numbers.isCorrupt ? CORRUPT : 0) |
    (numbers.isDiscard ? DISCARD : 0);
  row[Row.POS] = numbers.pos;
  row[Row.TB_NUM] = numbers.num;
  row[Row.TB_DEN] = numbers.den;
  const side = encodeSideData(sideData);
  const bytes = data as Uint8Array<ArrayBuffer>;
  const size = byteLengthOf(bytes); // after everything that may call the program's getters
  const result = library().avs_put_packet(session.handle, row, bytes, size, side, byteLengthOf(side));
  if (result < 0 && result === AVERROR.ERANGE) throw beyondRange(numbers);
  check(result, "put packet");
}

function beyondRange({ streamIndex, pts, dts, num, den }: PacketNumbers): RangeError {
  const [name, time] = Math.abs(pts || 0) >= Math.abs(dts || 0) ? ["pts", pts] : ["dts", dts];
  const fault = `${time} in units of ${num}/${den} s is more than stream ${streamIndex} can count`;
  return argumentError(RangeError, `packet.${name}`, fault);
}
