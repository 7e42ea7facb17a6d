/**
 * Packet: a piece of one stream's coded data, an ordinary object. `ffi/` transfers batches of them.
 */
import { byteLengthOf, copyBytes, isBytes, isShared } from "../ffi/byte_views.ts";
import { argumentError } from "../ffi/errors.ts";
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
  MAX_BYTES,
  MAX_INT32,
  type Names,
  readFields,
} from "../io/arguments.ts";
import { checkChunk, chunkData, type EncodedChunk, type EncodedChunkInit } from "./encoded_chunk.ts";
import type { SideDataType } from "./known_names.ts";
import { checkTimeBase, type Rational } from "./rational.ts";

/** Additional data of a packet or a stream (AVPacketSideData). */
export interface SideData {
  /** FFmpeg's name (av_packet_side_data_name): "Display Matrix", "New Extradata", "Skip Samples", ... */
  type: SideDataType;
  /** FFmpeg's C structure for that type, or plain bytes. {@linkcode sideDataFields} reads the structures. */
  data: Uint8Array<ArrayBuffer>;
}

/** Side data made by a program; its bytes may be in any kind of buffer. */
export type SideDataInit = Omit<SideData, "data"> & { data: Uint8Array };

/** Fields of a new packet. */
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

/** Initial fields of a packet from FFmpeg, before they are filled in. */
const EMPTY: PacketInit & { data: Uint8Array<ArrayBuffer> } = { streamIndex: 0, data: new Uint8Array(0) };

/** Microseconds, FFmpeg's AV_TIME_BASE. */
const DEFAULT_TIME_BASE: Rational = Object.freeze({ num: 1, den: 1_000_000 });

/**
 * A piece of one stream's coded data (AVPacket): mostly one video frame or a few audio frames. It is an ordinary
 * object: keep it, clone it, post it to a worker, or make one yourself. There is nothing to free. Packets that were
 * read together share one ArrayBuffer of some hundred KB: cloning or posting one copies all of it, transferring one
 * detaches the data of the others. `packet.data = packet.data.slice()` gives a packet its own buffer.
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
  /** Presentation time, in units of timeBase; null if the file doesn't state it. */
  pts: number | null;
  /** Decoding time, in units of timeBase; null if unknown. */
  dts: number | null;
  /** Duration, in units of timeBase; 0 if unknown. */
  duration: number;
  /** Length of one unit of the timestamps in seconds. @default {{ num: 1, den: 1000000 }} */
  timeBase: Rational;
  /** Whether decoding can start here. */
  isKey: boolean;
  /** Whether the demuxer found the data damaged. */
  isCorrupt: boolean;
  /** Whether it is only for the decoder and must not be shown. */
  isDiscard: boolean;
  /** Byte position in the input, null if unknown. */
  pos: number | null;
  /** Side data, usually none. */
  sideData: SideData[];

  /**
   * Makes a packet. Its data is not copied, unless it is in a SharedArrayBuffer.
   *
   * @param fields At least `streamIndex` and `data`.
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
   * Makes a packet from a WebCodecs chunk: an `EncodedVideoChunk`, an `EncodedAudioChunk`, or their fields with `data`.
   * Its dts is its pts, since browsers' encoders output chunks in presentation order; if pictures are reordered, set
   * `dts` to null and the stream's `videoDelay`. {@linkcode codecParametersOf} makes the parameters of the stream.
   *
   * ```ts
   * import { Packet } from "@avio/avio";
   *
   * const chunk = { type: "key", timestamp: 40_000, duration: 40_000, data: new Uint8Array(3) } as const;
   * console.log(Packet.fromEncodedChunk(chunk, { streamIndex: 0 }).time); // 0.04
   * ```
   *
   * @param chunk The chunk. The data of WebCodecs objects is copied, a `data` field is not.
   * @param options.streamIndex Index of its stream.
   * @returns A packet with times in microseconds.
   * @throws {TypeError | RangeError} It isn't a chunk, or one of its fields is wrong.
   */
  static fromEncodedChunk(chunk: EncodedChunk, options: { streamIndex: number }): Packet {
    const { type, timestamp, duration } = checkChunk(chunk);
    const { streamIndex } = readFields(options, { streamIndex: true });
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

  /** pts in seconds, null if unknown. */
  get time(): number | null {
    return this.pts === null ? null : this.pts * this.timeBase.num / this.timeBase.den;
  }

  /**
   * Converts the packet to the argument of `new EncodedVideoChunk()` and `new EncodedAudioChunk()`: times in
   * microseconds, data not copied. Decoders expect chunks in decoding order, which is the order of a Demuxer;
   * {@linkcode decoderConfig} makes their configuration.
   *
   * @returns Plain data.
   * @throws {Error} The packet has no time.
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

/** Copies bytes out of a SharedArrayBuffer. */
function unshared(data: Uint8Array): Uint8Array<ArrayBuffer> {
  return isBytes(data) && isShared(data) ? copyBytes(data) : data as Uint8Array<ArrayBuffer>;
}

/**
 * Checks a packet to be written: a Packet, whose fields may have been changed, or any object with a packet's fields;
 * missing fields get their defaults.
 */
export function asPacket(packet: PacketInit): Packet {
  const checked = packet instanceof Packet ? packet : new Packet(packet);
  if (checked === packet) checkPacket(checked);
  checkContents(checked.sideData, "packet.sideData");
  return checked;
}

/** Checks whether side data is valid for FFmpeg. */
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

/** Checks side data of a packet or a stream, each item with at most `max` bytes; returns copies without their bytes. */
export function checkSideData(
  sideData: readonly SideDataInit[],
  name: string,
  max?: number,
): readonly SideDataInit[] {
  const checked = checkArray(sideData, name).map((item, index) =>
    checkSideDataItem(item, `${name}[${index}]`, max)
  );
  const size = checked.reduce((sum, { data }) => sum + byteLengthOf(data), 0);
  if (size <= MAX_BYTES) return checked;
  throw argumentError(RangeError, name, `must have at most ${MAX_BYTES} bytes, has ${size}`);
}

/** Checks one item of side data; returns a copy without its bytes. */
export function checkSideDataItem(item: SideDataInit, name: string, max?: number): SideDataInit {
  const { type, data } = readFields(item, sideDataNames, name, "field");
  checkString(type, `${name}.type`);
  checkBytes(data, `${name}.data`, max);
  return { type, data };
}

/**
 * Makes the current packet of a batch. Values from FFmpeg need no checks, which would cost more than the rest.
 *
 * @param known The usual time base of its stream, so that packets share one object.
 */
export function packetOf(batch: PacketBatch, known?: Rational): Packet {
  const packet = new Packet(EMPTY);
  batch.fill(packet);
  packet.timeBase = known && batch.isTimeBase(known) ? known : batch.timeBase;
  return packet;
}

/** Converts a program's packet for the shim. */
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

/** The same, with a private copy of its bytes. */
export function copyOf(packet: Packet): QueuedPacket {
  return {
    ...numbersOf(packet),
    data: copyBytes(packet.data),
    sideData: packet.sideData.map(({ type, data }) => ({ type, data: copyBytes(data) })),
  };
}
