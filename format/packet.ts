/**
 * Packet: a piece of one stream's coded data, an ordinary value. How batches of them cross the boundary is in `ffi/`.
 */
import { copyBytes, isBytes, isShared } from "../ffi/byte_views.ts";
import type { PacketBatch } from "../ffi/packets.ts";
import { checkSideDataContent } from "../ffi/side_data.ts";
import type { QueuedPacket } from "../ffi/write_queue.ts";
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
import { checkChunk, chunkData, type EncodedChunk, type EncodedChunkInit } from "./encoded_chunk.ts";
import type { SideDataType } from "./known_names.ts";
import { checkTimeBase, type Rational } from "./rational.ts";

/** Data beside the coded data: of a packet or of a stream (AVPacketSideData). */
export interface SideData {
  /** FFmpeg's name (av_packet_side_data_name): "Display Matrix", "New Extradata", "Skip Samples", ... */
  type: SideDataType;
  /** As FFmpeg lays it out: the struct of that name, or bytes. {@linkcode sideDataFields} reads the structs. */
  data: Uint8Array<ArrayBuffer>;
}

/** Side data that a program makes: bytes in any memory. */
export type SideDataInit = Omit<SideData, "data"> & { data: Uint8Array };

/** What a packet is made of: its stream, its data, and whatever else is known. */
export type PacketInit =
  & Partial<Omit<Packet, "time" | "toEncodedChunkInit" | "data" | "sideData">>
  & { streamIndex: number; data: Uint8Array; sideData?: readonly SideDataInit[] };

const sideDataNames: Names<SideData> = { type: true, data: true };

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

/** What a packet from FFmpeg is made of before its fields are filled in. */
const EMPTY: PacketInit & { data: Uint8Array<ArrayBuffer> } = { streamIndex: 0, data: new Uint8Array(0) };

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
  data: Uint8Array<ArrayBuffer>;
  /** When it is shown, in units of timeBase; null where the file does not say it. */
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
   * Makes a packet; the data is not copied, unless it is in memory that is shared between threads.
   *
   * @throws {TypeError} A field is missing or of the wrong type.
   * @throws {RangeError} A field is out of range.
   */
  constructor(init: PacketInit) {
    if (init !== EMPTY) checkNames(checkObject(init, "packet"), packetNames, "packet", "field");
    this.streamIndex = init.streamIndex;
    this.data = init === EMPTY ? EMPTY.data : unshared(init.data);
    this.pts = init.pts ?? null;
    this.dts = init.dts ?? null;
    this.duration = init.duration ?? 0;
    this.timeBase = init.timeBase ?? DEFAULT_TIME_BASE;
    this.isKey = init.isKey ?? false;
    this.isCorrupt = init.isCorrupt ?? false;
    this.isDiscard = init.isDiscard ?? false;
    this.pos = init.pos ?? null;
    this.sideData = (init.sideData ?? []) as SideData[];
    if (init !== EMPTY) checkPacket(this);
  }

  /**
   * A packet of a chunk of WebCodecs: an `EncodedVideoChunk`, an `EncodedAudioChunk`, or their fields with the data beside
   * them. Its dts is its pts, as encoders of browsers give their chunks; where pictures are reordered, set `dts`.
   * {@linkcode codecParametersOf} makes the stream.
   *
   * ```ts
   * import { Packet } from "@avio/avio";
   *
   * const chunk = { type: "key", timestamp: 40_000, duration: 40_000, data: new Uint8Array(3) } as const;
   * console.log(Packet.fromEncodedChunk(chunk, { streamIndex: 0 }).time); // 0.04
   * ```
   *
   * @param chunk Its data is copied out of a chunk of WebCodecs; where it is beside the fields it is not copied.
   * @param options.streamIndex Index of the stream that it is of.
   * @returns A packet in microseconds.
   * @throws {TypeError | RangeError} It is no chunk, or a field of it is wrong.
   */
  static fromEncodedChunk(chunk: EncodedChunk, options: { streamIndex: number }): Packet {
    const { type, timestamp, duration } = checkChunk(chunk);
    const { streamIndex } = checkNames(checkObject(options, "options"), { streamIndex: true });
    checkInteger(timestamp, "chunk.timestamp");
    return new Packet({
      streamIndex: checkInteger(streamIndex, "streamIndex", 0, MAX_INT32),
      data: chunkData(chunk),
      pts: timestamp,
      dts: timestamp,
      duration: duration === undefined || duration === null ? 0 : checkInteger(duration, "chunk.duration", 0),
      isKey: type === "key",
    });
  }

  /** pts in seconds, null where unknown. */
  get time(): number | null {
    return this.pts === null ? null : this.pts * this.timeBase.num / this.timeBase.den;
  }

  /**
   * What `new EncodedVideoChunk()` and `new EncodedAudioChunk()` take: microseconds, the same data, not copied. Decoders
   * want packets as a Demuxer gives them, in the order of decoding; {@linkcode decoderConfig} makes what they are configured
   * with.
   *
   * @returns Plain data.
   * @throws {Error} It has no time.
   */
  toEncodedChunkInit(): EncodedChunkInit {
    const time = this.pts ?? this.dts;
    if (time === null) throw new Error("Cannot make a chunk: the packet has no time");
    const microseconds = (units: number) => Math.round(units * this.timeBase.num * 1e6 / this.timeBase.den);
    return {
      type: this.isKey ? "key" : "delta",
      timestamp: microseconds(time),
      ...(this.duration > 0 ? { duration: microseconds(this.duration) } : {}),
      data: this.data,
    };
  }
}

/** The same bytes in memory of this thread's own. */
function unshared(data: Uint8Array): Uint8Array<ArrayBuffer> {
  return isBytes(data) && isShared(data) ? copyBytes(data) : data as Uint8Array<ArrayBuffer>;
}

/**
 * Checks a value that is to be written as a packet: one of ours, whose fields are plain and may have been changed since, or
 * any object with a packet's fields; what it leaves out has its default.
 */
export function asPacket(packet: PacketInit): Packet {
  const checked = packet instanceof Packet ? packet : new Packet(packet);
  if (checked === packet) checkPacket(checked);
  checkContents(checked.sideData, "packet.sideData");
  return checked;
}

/** Whether FFmpeg may be given it, which the library knows. */
export function checkContents(sideData: readonly SideDataInit[], name: string): void {
  sideData.forEach((item, index) => checkSideDataContent(item, `${name}[${index}]`));
}

function checkPacket(packet: Packet): void {
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

/** Side data of a packet or a stream, checked. */
export function checkSideData(sideData: readonly SideDataInit[], name: string): readonly SideDataInit[] {
  checkArray(sideData, name).forEach((item, index) => checkSideDataItem(item, `${name}[${index}]`));
  return sideData;
}

/** One item of side data, checked. */
export function checkSideDataItem(item: SideDataInit, name: string): SideDataInit {
  checkNames(checkObject(item, name), sideDataNames, name, "field");
  checkString(item.type, `${name}.type`);
  checkBytes(item.data, `${name}.data`);
  return item;
}

/**
 * The packet that a batch is at. What FFmpeg says needs no checks, and they would cost more than the rest.
 *
 * @param known The time base that packets of its stream have, so that they share one object.
 */
export function packetOf(batch: PacketBatch, known?: Rational): Packet {
  const packet = new Packet(EMPTY);
  batch.fill(packet);
  packet.timeBase = known && batch.isTimeBase(known) ? known : batch.timeBase;
  return packet;
}

/** A packet of the program's as it is put into the shim. */
export function numbersOf(packet: Packet): QueuedPacket {
  return {
    streamIndex: packet.streamIndex,
    pts: packet.pts ?? NaN,
    dts: packet.dts ?? NaN,
    duration: packet.duration,
    num: packet.timeBase.num,
    den: packet.timeBase.den,
    isKey: packet.isKey,
    isCorrupt: packet.isCorrupt,
    isDiscard: packet.isDiscard,
    pos: NaN,
    data: packet.data,
    sideData: packet.sideData,
  };
}

/** The same, with bytes that the program can't change any more. */
export function copyOf(packet: Packet): QueuedPacket {
  return {
    ...numbersOf(packet),
    data: copyBytes(packet.data),
    sideData: packet.sideData.map(({ type, data }) => ({ type, data: copyBytes(data) })),
  };
}
