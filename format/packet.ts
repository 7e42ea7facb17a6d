/**
 * Packet: a piece of one stream's coded data, an ordinary value; and how batches of them cross the boundary.
 */
import { library } from "../ffi/library.ts";
import { codeName } from "../ffi/constants.ts";
import { argumentError, check } from "../ffi/errors.ts";
import type { Session } from "../ffi/session.ts";
import { Row } from "../ffi/symbols.ts";
import {
  checkArray,
  checkBoolean,
  checkBytes,
  checkInteger,
  checkNames,
  checkObject,
  checkString,
  MAX_INT32,
  type Names,
} from "../io/arguments.ts";
import { checkTimeBase, type Rational } from "./rational.ts";

/** Data beside the coded data: of a packet or of a stream (AVPacketSideData). */
export interface SideData {
  /** FFmpeg's name (av_packet_side_data_name): "Display Matrix", "New Extradata", "Skip Samples", ... */
  type: string;
  /** As FFmpeg lays it out: the struct of that name, or bytes. {@linkcode sideDataFields} reads the structs. */
  data: Uint8Array;
}

const sideDataNames: Names<SideData> = { type: true, data: true };

/** What a packet is made of: its stream, its data, and whatever else is known. */
export type PacketInit = Partial<Omit<Packet, "time">> & { streamIndex: number; data: Uint8Array };

const packetNames: Names<PacketInit> = {
  streamIndex: true,
  data: true,
  pts: true,
  dts: true,
  duration: true,
  timeBase: true,
  isKey: true,
  isCorrupt: true,
  isDiscard: true,
  pos: true,
  sideData: true,
};

/** AV_PKT_FLAG_* */
const KEY = 1;
const CORRUPT = 2;
const DISCARD = 4;

/** What a packet from FFmpeg is made of before its fields are filled in. */
const EMPTY: PacketInit = { streamIndex: 0, data: new Uint8Array(0) };

/** Microseconds, FFmpeg's AV_TIME_BASE. */
const DEFAULT_TIME_BASE: Rational = Object.freeze({ num: 1, den: 1_000_000 });

/**
 * A piece of one stream's coded data (AVPacket): mostly one video frame or a few audio frames. It is an ordinary
 * value: keep it, clone it, post it to a worker, build one yourself. There is nothing to free. Packets that were read
 * together share one ArrayBuffer of some hundred KB: cloning or posting one copies all of it, transferring it takes
 * the others' data away. `packet.data = packet.data.slice()` makes one stand alone.
 *
 * ```ts
 * import { Packet } from "@avio/avio";
 *
 * const packet = new Packet({ streamIndex: 0, data: new Uint8Array(3), pts: 90, timeBase: { num: 1, den: 90 } });
 * console.log(packet.time); // 1
 * ```
 */
export class Packet {
  /** Index of its stream. */
  streamIndex: number;
  /** The coded data. */
  data: Uint8Array;
  /** When it is shown, in units of timeBase; null where unknown. */
  pts: number | null;
  /** When it is decoded, in units of timeBase; null where unknown. */
  dts: number | null;
  /** How long it is shown, in units of timeBase; 0 where unknown. */
  duration: number;
  /** Seconds in one unit of the timestamps. @default {{ num: 1, den: 1000000 }} */
  timeBase: Rational;
  /** Decoding can start here. */
  isKey: boolean;
  /** The demuxer found the data damaged. */
  isCorrupt: boolean;
  /** For the decoder only: not to be shown. */
  isDiscard: boolean;
  /** Byte position in the input, null where unknown. */
  pos: number | null;
  /** Side data, mostly none. */
  sideData: SideData[];

  /**
   * Makes a packet; the data is not copied.
   *
   * @throws {TypeError} A field is missing or of the wrong type.
   * @throws {RangeError} A field is out of range.
   */
  constructor(init: PacketInit) {
    if (init !== EMPTY) checkFieldNames(init);
    this.streamIndex = init.streamIndex;
    this.data = init.data;
    this.pts = init.pts ?? null;
    this.dts = init.dts ?? null;
    this.duration = init.duration ?? 0;
    this.timeBase = init.timeBase ?? DEFAULT_TIME_BASE;
    this.isKey = init.isKey ?? false;
    this.isCorrupt = init.isCorrupt ?? false;
    this.isDiscard = init.isDiscard ?? false;
    this.pos = init.pos ?? null;
    this.sideData = init.sideData ?? [];
    if (init !== EMPTY) checkPacket(this);
  }

  /** pts in seconds, null where unknown. */
  get time(): number | null {
    return this.pts === null ? null : this.pts * this.timeBase.num / this.timeBase.den;
  }
}

/** Whether a value can be written as a packet; fields are plain and may have been changed since. */
export function checkPacket(packet: Packet): void {
  checkFieldNames(packet);
  checkInteger(packet.streamIndex, "packet.streamIndex", 0, MAX_INT32);
  checkBytes(packet.data, "packet.data");
  if (packet.pts !== null) checkInteger(packet.pts, "packet.pts");
  if (packet.dts !== null) checkInteger(packet.dts, "packet.dts");
  if (packet.pos !== null) checkInteger(packet.pos, "packet.pos");
  checkInteger(packet.duration, "packet.duration");
  checkTimeBase(packet.timeBase, "packet.timeBase");
  checkBoolean(packet.isKey, "packet.isKey");
  checkBoolean(packet.isCorrupt, "packet.isCorrupt");
  checkBoolean(packet.isDiscard, "packet.isDiscard");
  checkSideData(packet.sideData, "packet.sideData");
}

function checkFieldNames(packet: PacketInit): void {
  checkNames(checkObject(packet, "packet"), packetNames, "packet", "field");
}

/** Side data of a packet or a stream, checked. */
export function checkSideData(sideData: readonly SideData[], name: string): readonly SideData[] {
  checkArray(sideData, name).forEach((item, index) => checkSideDataItem(item, `${name}[${index}]`));
  return sideData;
}

/** One item of side data, checked. */
export function checkSideDataItem(item: SideData, name: string): SideData {
  checkNames(checkObject(item, name), sideDataNames, name, "field");
  checkString(item.type, `${name}.type`);
  checkBytes(item.data, `${name}.data`);
  return item;
}

// ------------------------------------------------------------------------------------------- out of C

/** Packets that crossed together: their numbers in rows, their bytes in one slab. */
export class PacketBatch {
  #rows: Float64Array;
  #slab: Uint8Array<ArrayBuffer>;
  #count: number;
  #next = 0;
  #offset = 0;

  /** The packets that are ready in the session; null where there are none. */
  static take(session: Session): PacketBatch | null {
    const { count, bytes } = session.readyPackets();
    return count > 0 ? new PacketBatch(session, count, bytes) : null;
  }

  private constructor(session: Session, count: number, bytes: number) {
    this.#rows = new Float64Array(count * Row.LENGTH);
    this.#slab = new Uint8Array(bytes);
    this.#count = check(
      library().avs_take_packets(session.handle, this.#rows, count, this.#slab, bytes),
      "take packets",
    );
  }

  /** The next packet, null when there is none left. */
  next(timeBaseOf: (streamIndex: number, num: number, den: number) => Rational): Packet | null {
    if (this.#next === this.#count) return null;
    const rows = this.#rows;
    const row = this.#next++ * Row.LENGTH;
    const streamIndex = rows[row + Row.STREAM]!;
    const flags = rows[row + Row.FLAGS]!;
    const size = rows[row + Row.SIZE]!;
    const data = new Uint8Array(this.#slab.buffer, this.#offset, size);
    this.#offset += size;
    const sideSize = rows[row + Row.SIDE_SIZE]!;
    const sideData = sideSize === 0 ? [] : this.#sideData(sideSize);
    // What FFmpeg says needs no checks, and they would cost more than the rest of this function.
    const packet = new Packet(EMPTY);
    packet.streamIndex = streamIndex;
    packet.data = data;
    packet.pts = nullable(rows[row + Row.PTS]!);
    packet.dts = nullable(rows[row + Row.DTS]!);
    packet.duration = rows[row + Row.DURATION]!;
    packet.timeBase = timeBaseOf(streamIndex, rows[row + Row.TB_NUM]!, rows[row + Row.TB_DEN]!);
    packet.isKey = (flags & KEY) !== 0;
    packet.isCorrupt = (flags & CORRUPT) !== 0;
    packet.isDiscard = (flags & DISCARD) !== 0;
    packet.pos = nullable(rows[row + Row.POS]!);
    packet.sideData = sideData;
    return packet;
  }

  #sideData(size: number): SideData[] {
    const side = new Uint8Array(this.#slab.buffer, this.#offset, size);
    this.#offset += size;
    return decodeSideData(side);
  }
}

function nullable(value: number): number | null {
  return value === value ? value : null; // NaN is AV_NOPTS_VALUE
}

const decoder = new TextDecoder();
const encoder = new TextEncoder();

/** For each: name, NUL, size in 4 bytes, data. */
function decodeSideData(bytes: Uint8Array<ArrayBuffer>): SideData[] {
  const result: SideData[] = [];
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

const NOTHING = new Uint8Array(0);
const row = new Float64Array(Row.LENGTH);

function encodeSideData(sideData: readonly SideData[]): Uint8Array<ArrayBuffer> {
  if (sideData.length === 0) return NOTHING;
  const parts = sideData.map(({ type, data }) => ({ name: encoder.encode(`${type}\0`), data }));
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

/** Puts a packet into the session's write queue; its bytes are copied. */
export function putPacket(session: Session, packet: Packet): void {
  row[Row.STREAM] = packet.streamIndex;
  row[Row.PTS] = packet.pts ?? NaN;
  row[Row.DTS] = packet.dts ?? NaN;
  row[Row.DURATION] = packet.duration;
  row[Row.FLAGS] = (packet.isKey ? KEY : 0) | (packet.isCorrupt ? CORRUPT : 0) |
    (packet.isDiscard ? DISCARD : 0);
  row[Row.POS] = NaN;
  row[Row.TB_NUM] = packet.timeBase.num;
  row[Row.TB_DEN] = packet.timeBase.den;
  const side = encodeSideData(packet.sideData);
  const data = packet.data as Uint8Array<ArrayBuffer>;
  const result = library().avs_put_packet(session.handle, row, data, data.byteLength, side, side.byteLength);
  if (codeName(result) === "ERANGE") throw beyondRange(packet);
  check(result, "put packet");
}

function beyondRange({ streamIndex, pts, dts, timeBase: { num, den } }: Packet): RangeError {
  const [name, time] = Math.abs(pts ?? 0) >= Math.abs(dts ?? 0) ? ["pts", pts] : ["dts", dts];
  return argumentError(
    RangeError,
    `packet.${name}`,
    `${time} in units of ${num}/${den} s is more than stream ${streamIndex} can count`,
  );
}
