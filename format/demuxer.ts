/**
 * Demuxer: an open input with its streams and packets, and seeking. `open_input.ts` opens it; `io/` implements sources.
 */
import { calls } from "../ffi/calls.ts";
import { argumentError } from "../ffi/errors.ts";
import { seekInput, type SeekPlace } from "../ffi/input.ts";
import type { Operation } from "../ffi/operation.ts";
import { Reading } from "../ffi/reading.ts";
import { Session } from "../ffi/session.ts";
import type { Warning } from "../ffi/warnings.ts";
import {
  checkArray,
  checkBoolean,
  checkInteger,
  checkLimit,
  checkNumber,
  type Names,
  optional,
  readFields,
} from "../io/arguments.ts";
import type { Source } from "../io/source.ts";
import type { FormatInfo } from "./formats.ts";
import { checkMediaType, type MediaType } from "./media_type.ts";
import { checkDemuxerOptions, type DemuxerOptions, openInput } from "./open_input.ts";
import { type Packet, packetOf } from "./packet.ts";
import { PacketSearch } from "./packet_search.ts";
import { byPreference } from "./preference.ts";
import {
  type Chapter,
  DemuxerStream,
  describeInput,
  type Description,
  type Program,
  type Stream,
} from "./stream.ts";
import { type Tags, tagsOf } from "./tags.ts";
import { type IndexEntry, indexOf } from "./stream_index.ts";

/**
 * The target of a seek: seconds, a timestamp in the time base of a stream, or a byte position in the source.
 */
export type SeekTarget = number | { streamIndex: number; timestamp: number } | { byte: number };

/** Options of {@linkcode Demuxer.seekSync}. */
export interface SeekOptions {
  /** Seek to a key frame at or before the target; false: at or after it. @default {true} */
  backward?: boolean;
  /** Seek to any frame, not only key frames (AVSEEK_FLAG_ANY). @default {false} */
  any?: boolean;
  /** Earliest acceptable position, in the unit of the target; -Infinity: any. */
  min?: number;
  /** Latest acceptable position, in the unit of the target; Infinity: any. */
  max?: number;
}

const seekOptionNames: Names<SeekOptions> = { backward: true, any: true, min: true, max: true };

/** Options of {@linkcode Demuxer.packets}. */
export interface PacketsOptions {
  /** The streams to read, or their indexes. @default all */
  streams?: readonly (Stream | number)[];
}

const packetsOptionNames: Names<PacketsOptions> = { streams: true };

/** Options of {@linkcode Demuxer.getPacket}. */
export interface PacketAtOptions {
  /** The stream, or its index. @default the best video stream, else the best audio stream (av_find_best_stream) */
  stream?: Stream | number;
}

/**
 * An open input (AVFormatContext): the streams of a container and their packets.
 *
 * ```ts
 * import { Demuxer } from "@avio/avio";
 *
 * using demuxer = Demuxer.openSync("fixtures/video.mp4");
 * console.log(demuxer.streams.map((stream) => stream.codecParameters.codec)); // ["h264", "aac"]
 * for (const packet of demuxer.packetsSync()) {
 *   console.log(packet.streamIndex, packet.time, packet.data.length);
 * }
 * ```
 */
export class Demuxer implements Disposable, AsyncDisposable, AsyncIterable<Packet> {
  /** The container's format. */
  readonly format: FormatInfo;
  #session: Session;
  #description: Description;
  #streams: DemuxerStream[];
  #reading: Reading;

  #size: number | null;

  private constructor(session: Session, size: number | null) {
    this.#session = session;
    this.#size = size;
    this.#description = describeInput(session);
    this.format = this.#description.format;
    this.#streams = this.#description.streams.map((stream) => new DemuxerStream(session, stream));
    this.#reading = new Reading(session, this.#streams.length, () => this.#addNewStreams());
  }

  /**
   * Opens a source (avformat_open_input, avformat_find_stream_info).
   *
   * @param source The source to read.
   * @param options How to read it.
   * @returns The open input.
   * @throws {AVError} FFmpeg can't read it.
   * @throws {TypeError | RangeError} The source or an option is wrong, or an option is unknown.
   * @throws Exceptions of the source's callbacks, and errors of opening files.
   */
  static openSync(source: Source, options?: DemuxerOptions): Demuxer {
    const checked = checkDemuxerOptions(options);
    return Session.openSync("Demuxer", (session) => Demuxer.#open(session, source, checked));
  }

  /**
   * Asynchronous version of {@linkcode Demuxer.openSync}. Callbacks may return promises; sources may also be streams, Blobs
   * and URLs.
   *
   * @param source The source to read.
   * @param options How to read it.
   * @returns The open input; rejects with what `openSync` throws.
   */
  static async open(source: Source, options?: DemuxerOptions): Promise<Demuxer> {
    const checked = checkDemuxerOptions(options);
    return await Session.open("Demuxer", checked, (session) => Demuxer.#open(session, source, checked));
  }

  static *#open(session: Session, source: Source, options: DemuxerOptions): Operation<Demuxer> {
    const { size = null } = yield* openInput(session, source, options);
    return new Demuxer(session, size);
  }

  /** Size of the source in bytes, null if unknown. */
  get size(): number | null {
    return this.#size;
  }

  /** Whether the source can seek. If not, {@linkcode seek} works only within what avio has buffered. */
  get seekable(): boolean {
    return this.#description.seekable;
  }

  /** Whether it is closed or has failed, so that every reading call throws. */
  get closed(): boolean {
    return this.#session.hasEnded;
  }

  /** What was lost so far: the source is damaged, or ended too early, or packets or side data of it were left out. */
  get warnings(): readonly Warning[] {
    return this.#session.allWarnings();
  }

  /** Streams found so far; in some formats more may follow. */
  get streams(): readonly Stream[] {
    return this.#streams;
  }

  /** Duration in seconds, null if unknown. */
  get duration(): number | null {
    return this.#description.duration;
  }

  /** Start time in seconds, null if unknown. */
  get startTime(): number | null {
    return this.#description.startTime;
  }

  /** Bits per second, null if unknown. */
  get bitRate(): number | null {
    return this.#description.bitRate;
  }

  /** FFmpeg's confidence in the detected format, up to 100 (AVPROBE_SCORE_MAX). */
  get probeScore(): number {
    return this.#description.probeScore;
  }

  /** Tags of the file under common names, independent of the format. */
  get tags(): Tags {
    return tagsOf(this.#description);
  }

  /** Tags of the container, under the format's own names. */
  get metadata(): Readonly<Record<string, string>> {
    return this.#description.metadata;
  }

  /** Chapters of the container. */
  get chapters(): readonly Chapter[] {
    return this.#description.chapters;
  }

  /** Programs of the container. */
  get programs(): readonly Program[] {
    return this.#description.programs;
  }

  /**
   * The container's index of a stream as far as it is known, from `avformat_index_get_entry`. mp4 and mov list every
   * frame, Matroska its cues, avi and flv the part of their index that has been read, most others nothing until packets
   * have been read.
   *
   * @param streamIndex Index of the stream.
   * @returns The entries.
   * @throws {Error} The Demuxer is closed, or busy reading (an AVError, EBUSY).
   */
  index(streamIndex: number): IndexEntry[] {
    checkInteger(streamIndex, "streamIndex", 0, this.#streams.length - 1);
    const { timeBase } = this.#streams[streamIndex]!;
    const session = this.#session;
    // deno-lint-ignore require-yield
    return session.callSync(calls.readIndex, function* () {
      return indexOf(session, streamIndex, timeBase);
    });
  }

  /**
   * The best stream of a type, as `av_find_best_stream` chooses it. With `related`, it is taken from the same program
   * as that stream if possible: the audio that belongs to a video.
   *
   * @param type Kind of stream.
   * @param options.related A stream of this Demuxer, or its index.
   * @returns The stream, null if there is none.
   */
  bestStream(type: MediaType, options: { related?: Stream | number } = {}): Stream | null {
    checkMediaType(type, "type");
    const { related } = readFields(options, { related: true });
    const candidates = this.#streams.filter((stream) => stream.type === type);
    const program = related === undefined ? undefined : this.#programOf(related);
    const together = candidates.filter(({ index }) => program?.streamIndexes.includes(index));
    return (together.length > 0 ? together : candidates).toSorted(byPreference)[0] ?? null;
  }

  /** The first program that contains the stream. */
  #programOf(stream: Stream | number): Program | undefined {
    const index = this.#indexOf(stream, "related");
    return this.programs.find(({ streamIndexes }) => streamIndexes.includes(index));
  }

  /**
   * Reads the next packet, like `av_read_frame`. Packets are read ahead in batches, but only while no callback of the
   * source must be called.
   *
   * @returns The packet, null at the end.
   * @throws {AVError} Reading failed. After damaged data (INVALIDDATA) the next call may succeed.
   * @throws Exceptions of the source's callbacks; then every later call throws the same.
   */
  readSync(): Packet | null {
    this.#session.checkOpen(calls.read.phrase);
    return this.#readyNow() ?? this.#session.callSync(calls.read, () => this.#read());
  }

  /**
   * Asynchronous version of {@linkcode Demuxer.readSync}. Calls run in the order in which they were made.
   *
   * @returns The packet, null at the end; rejects with what `readSync` throws.
   */
  async read(): Promise<Packet | null> {
    this.#session.checkOpen(calls.read.phrase);
    return this.#readyNow() ?? await this.#session.call(() => this.#read());
  }

  /** A packet that has been read already, unless an earlier call is pending. */
  #readyNow(): Packet | null {
    return this.#session.isIdle && !this.#session.hasEnded ? this.#ready() : null;
  }

  #ready(): Packet | null {
    for (let batch; (batch = this.#reading.ready());) {
      const stream = this.#streams[batch.streamIndex]!;
      if (!stream.discard) return packetOf(batch, stream.timeBase);
    }
    return null;
  }

  *#read(): Operation<Packet | null> {
    for (let batch; (batch = yield* this.#reading.read());) {
      const stream = this.#streams[batch.streamIndex]!;
      if (!stream.discard) return packetOf(batch, stream.timeBase);
    }
    return null;
  }

  /**
   * Iterates over the remaining packets, or over those of the given streams: packets of other streams are read and
   * skipped (to not read them at all, set `stream.discard`).
   *
   * ```ts
   * import { Demuxer } from "@avio/avio";
   *
   * await using demuxer = await Demuxer.open("fixtures/video.mp4");
   * const audio = demuxer.bestStream("audio")!;
   * for await (const packet of demuxer.packets({ streams: [audio] })) console.log(packet.time);
   * ```
   *
   * @param options.streams The streams, or their indexes.
   * @returns An iterator of packets; throws what {@linkcode read} throws.
   * @throws {TypeError | RangeError} There is no such stream.
   */
  packets(options: PacketsOptions = {}): AsyncIterableIterator<Packet> {
    const wanted = this.#wantedStreams(options);
    if (!wanted) return new PacketIterator(() => this.#readyNow(), () => this.read());
    const find = async () => {
      let packet = await this.read();
      while (packet && !wanted.has(packet.streamIndex)) packet = await this.read();
      return packet;
    };
    // Each looks for its packet when the one before has found its own: their reads would overtake each other.
    let last: Promise<unknown> = Promise.resolve();
    return new PacketIterator(() => null, () => {
      const packet = last.then(find, find);
      last = packet.catch(() => {}); // is reported to its caller
      return packet;
    });
  }

  /** Indexes of the given streams; null for all. */
  #wantedStreams(options: PacketsOptions): Set<number> | null {
    const { streams } = readFields(options, packetsOptionNames);
    if (streams === undefined) return null;
    return new Set(
      checkArray(streams, "streams").map((stream, at) => this.#indexOf(stream, `streams[${at}]`)),
    );
  }

  #indexOf(stream: Stream | number, name: string): number {
    const index = typeof stream === "object" ? stream?.index : stream;
    return checkInteger(index, name, 0, this.#streams.length - 1);
  }

  /**
   * The same as {@linkcode packets}, of all streams.
   *
   * @returns An iterator of packets.
   */
  [Symbol.asyncIterator](): AsyncIterator<Packet> {
    return this.packets();
  }

  /**
   * Synchronous version of {@linkcode Demuxer.packets}.
   *
   * @param options.streams The streams, or their indexes.
   * @returns An iterator of packets.
   */
  packetsSync(options: PacketsOptions = {}): IterableIterator<Packet> {
    return this.#packetsSync(this.#wantedStreams(options));
  }

  *#packetsSync(wanted: Set<number> | null): IterableIterator<Packet> {
    for (let packet = this.readSync(); packet; packet = this.readSync()) {
      if (!wanted || wanted.has(packet.streamIndex)) yield packet;
    }
  }

  /**
   * Finds the packet that is shown at a time: the last packet of the stream whose `pts` (or `dts` if it has no `pts`,
   * as in avi) is not later. This seeks; afterwards reading continues from an unspecified position after that packet.
   *
   * ```ts
   * import { Demuxer } from "@avio/avio";
   *
   * using demuxer = Demuxer.openSync("fixtures/video.mp4");
   * console.log(demuxer.getPacketSync(1.5)?.time, demuxer.getKeyPacketSync(1.5)?.time); // 1.48 1
   * ```
   *
   * @param time Seconds, as in `packet.time`.
   * @param options.stream The stream. @default the best video stream, else the best audio stream
   * @returns The packet, null if the stream begins later.
   * @throws {AVError} The format or the source can't seek.
   */
  getPacketSync(time: number, options: PacketAtOptions = {}): Packet | null {
    const stream = this.#streamAt(time, options);
    return this.#session.callSync(calls.seek, () => this.#packetAt(time, stream, false));
  }

  /**
   * Asynchronous version of {@linkcode Demuxer.getPacketSync}.
   *
   * @param time Seconds, as in `packet.time`.
   * @param options.stream The stream. @default the best video stream, else the best audio stream
   * @returns The packet, null if the stream begins later.
   */
  async getPacket(time: number, options: PacketAtOptions = {}): Promise<Packet | null> {
    const stream = this.#streamAt(time, options);
    return await this.#session.call(() => this.#packetAt(time, stream, false));
  }

  /**
   * Finds the packet from which decoding must begin to show the picture at a time: the last key frame of the stream
   * whose time (`pts`, else `dts`) is not later. This seeks; afterwards reading continues with the packets after that
   * key frame.
   *
   * @param time Seconds, as in `packet.time`.
   * @param options.stream The stream. @default the best video stream, else the best audio stream
   * @returns The packet, null if the stream begins later.
   * @throws {AVError} The format or the source can't seek.
   */
  getKeyPacketSync(time: number, options: PacketAtOptions = {}): Packet | null {
    const stream = this.#streamAt(time, options);
    return this.#session.callSync(calls.seek, () => this.#packetAt(time, stream, true));
  }

  /**
   * Asynchronous version of {@linkcode Demuxer.getKeyPacketSync}.
   *
   * @param time Seconds, as in `packet.time`.
   * @param options.stream The stream. @default the best video stream, else the best audio stream
   * @returns The packet, null if the stream begins later.
   */
  async getKeyPacket(time: number, options: PacketAtOptions = {}): Promise<Packet | null> {
    const stream = this.#streamAt(time, options);
    return await this.#session.call(() => this.#packetAt(time, stream, true));
  }

  #streamAt(time: number, options: PacketAtOptions): DemuxerStream {
    this.#session.checkOpen(calls.seek.phrase);
    checkNumber(time, "time");
    const { stream } = readFields(options, { stream: true });
    if (stream !== undefined) return this.#streams[this.#indexOf(stream, "stream")]!;
    const best = this.bestStream("video") ?? this.bestStream("audio");
    if (best) return this.#streams[best.index]!;
    throw argumentError(TypeError, "stream", "must be given, because there is neither video nor audio");
  }

  *#packetAt(time: number, stream: DemuxerStream, isKey: boolean): Operation<Packet | null> {
    this.#session.checkOpen(calls.seek.phrase);
    const { index, timeBase, startTime, codecParameters } = stream;
    // Rounds, so that a time made of a timestamp gives the same timestamp.
    const exact = Math.floor(time * timeBase.den / timeBase.num + 1e-6), max = Number.MAX_SAFE_INTEGER;
    const timestamp = Math.max(-max, Math.min(exact, max)); // as for seek(): any time behind the end is the end
    const place = this.#seekPlace({ streamIndex: index, timestamp });
    yield* this.#seek(place);
    const search = new PacketSearch(timestamp, isKey, codecParameters);
    // A seek goes to the last key frame before the time, at the beginning to the first packet.
    const isFirst = isKey && startTime !== null && time > startTime;
    for (let packet; (packet = yield* this.#readOf(index));) {
      if (!search.look(packet) || (isFirst && search.found)) break;
    }
    if (!isKey || isFirst || !search.found) return search.found?.packet ?? null;
    // The packets after it are what comes next.
    yield* this.#seek(place);
    for (let number = 1; number < search.found.number; number++) yield* this.#readOf(index);
    return yield* this.#readOf(index);
  }

  *#readOf(index: number): Operation<Packet | null> {
    let packet = yield* this.#read();
    while (packet && packet.streamIndex !== index) packet = yield* this.#read();
    return packet;
  }

  /**
   * Iterates over the remaining packets in arrays, each with the packets that have been read already: one promise for
   * some hundred packets instead of one per packet, for programs that read at full speed.
   *
   * @returns An iterator of arrays with 1 to 512 packets.
   * @throws What {@linkcode read} throws, after the packets before.
   * @example
   * ```ts
   * import { Demuxer } from "@avio/avio";
   *
   * await using demuxer = await Demuxer.open("fixtures/video.mp4");
   * let bytes = 0;
   * for await (const packets of demuxer.batches()) {
   *   for (const { data } of packets) bytes += data.length;
   * }
   * console.log(bytes);
   * ```
   */
  async *batches(): AsyncIterableIterator<Packet[]> {
    for (let packet = await this.read(); packet; packet = await this.read()) yield this.#batchFrom(packet);
  }

  /**
   * Synchronous version of {@linkcode Demuxer.batches}.
   *
   * @returns An iterator of arrays with 1 to 512 packets.
   */
  *batchesSync(): IterableIterator<Packet[]> {
    for (let packet = this.readSync(); packet; packet = this.readSync()) yield this.#batchFrom(packet);
  }

  #batchFrom(first: Packet): Packet[] {
    const packets = [first];
    while (packets.length < MAX_BATCH) {
      const packet = this.#readyNow();
      if (!packet) break;
      packets.push(packet);
    }
    return packets;
  }

  #addNewStreams(): void {
    this.#description = describeInput(this.#session);
    for (const stream of this.#description.streams.slice(this.#streams.length)) {
      this.#streams.push(new DemuxerStream(this.#session, stream));
    }
  }

  /**
   * Seeks, based on `avformat_seek_file`. By default the next packet of the stream (for seconds: of the best stream) is
   * the last key frame at or before the target, or the first packet if there is none, and all packets have the same
   * times as when the whole file is read. Packets of other streams begin near that position. If a format has no
   * complete index, avio reads forward to the target and keeps what it has read since the last key frame, at most 32
   * MB. If that is not enough, it stays where FFmpeg lands, in MPEG-TS mostly between key frames. With `any` it is
   * the last frame at or before the target, key frame or not.
   *
   * After a seek to or before the start, packets are exactly those of a newly opened Demuxer. With `backward: false`,
   * `min` or `max`, a key frame within these limits is chosen (with `any` a frame: the last one at or before the target,
   * or else the first one after it); if there is none, the seek fails. A failed seek changes
   * nothing: reading continues where it was.
   *
   * A byte position (AVSEEK_FLAG_BYTE) works for formats that can be read from anywhere, such as MPEG-TS, MPEG-PS, mp3,
   * ogg and avi: the next packet of each stream is the first one that begins there or later. In formats without packet
   * headers (mp3, flac, wav) it begins at exactly that byte, so use a packet's `pos`. Timestamps that the format does
   * not store, but FFmpeg counts, are unreliable afterwards. `options` are ignored.
   *
   * @param target Seconds, a timestamp in the time base of a stream, or a byte position.
   * @param options Direction and limits.
   * @throws {AVError} The format or the source can't seek there.
   * @throws {TypeError | RangeError} An argument is wrong.
   */
  seekSync(target: SeekTarget, options?: SeekOptions): void {
    this.#session.checkOpen(calls.seek.phrase);
    const place = this.#seekPlace(target, options);
    this.#session.callSync(calls.seek, () => this.#seek(place));
  }

  /**
   * Asynchronous version of {@linkcode Demuxer.seekSync}.
   *
   * @param target Seconds, a timestamp in the time base of a stream, or a byte position.
   * @param options Direction and limits.
   */
  async seek(target: SeekTarget, options?: SeekOptions): Promise<void> {
    this.#session.checkOpen(calls.seek.phrase);
    const place = this.#seekPlace(target, options);
    await this.#session.call(() => this.#seek(place));
  }

  *#seek(place: SeekPlace): Operation<void> {
    yield* seekInput(this.#session, place);
    this.#reading.forget();
  }

  #seekPlace(target: SeekTarget, given: SeekOptions = {}): SeekPlace {
    const options = readFields(given, seekOptionNames);
    const { unit, position } = this.#seekTarget(target);
    const backward = optional(checkBoolean, options.backward, "backward") ?? true;
    const any = optional(checkBoolean, options.any, "any") ?? false;
    const min = optional(checkLimit, options.min, "min") ?? (backward ? -Infinity : position);
    const max = optional(checkLimit, options.max, "max") ?? (backward ? position : Infinity);
    if (min > position) {
      throw argumentError(RangeError, "min", `must be the target ${position} or less, is ${min}`);
    }
    if (max < position) {
      throw argumentError(RangeError, "max", `must be the target ${position} or more, is ${max}`);
    }
    return { unit, position, min, max, backward, any };
  }

  #seekTarget(target: SeekTarget): Pick<SeekPlace, "unit" | "position"> {
    if (typeof target === "number") return { unit: "seconds", position: checkNumber(target, "target") };
    if (typeof target !== "object" || target === null) {
      throw argumentError(TypeError, "target", "must be seconds, { streamIndex, timestamp } or { byte }");
    }
    if ("byte" in target) {
      const { byte } = readFields(target, { byte: true }, "target", "field");
      return { unit: "bytes", position: checkInteger(byte, "target.byte", 0) };
    }
    const names = { streamIndex: true, timestamp: true } as const;
    const { streamIndex, timestamp } = readFields(target, names, "target", "field");
    const stream = checkInteger(streamIndex, "target.streamIndex", 0, this.#streams.length - 1);
    return { unit: { stream }, position: checkInteger(timestamp, "target.timestamp") };
  }

  /**
   * Closes the input, frees everything, and waits for that (half a second for pending callbacks). Pending calls reject
   * with a ClosedError. Calling it again does nothing.
   */
  close(): Promise<void> {
    return this.#session.closeAsync();
  }

  /** Closes the input and frees everything, like `avformat_close_input`. Calling it again does nothing. */
  [Symbol.dispose](): void {
    this.#session.close();
  }

  /** The same as {@linkcode close}. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

/** Maximum packets in an array of `batches()`. */
const MAX_BATCH = 512;

/** Like an async generator, without its cost per packet. */
class PacketIterator implements AsyncIterableIterator<Packet> {
  #ready: () => Packet | null;
  #read: () => Promise<Packet | null>;
  #over = false;

  constructor(ready: () => Packet | null, read: () => Promise<Packet | null>) {
    this.#ready = ready;
    this.#read = read;
  }

  next(): Promise<IteratorResult<Packet>> {
    const packet = this.#over ? null : this.#ready();
    return packet ? Promise.resolve({ done: false, value: packet }) : this.#wait();
  }

  async #wait(): Promise<IteratorResult<Packet>> {
    if (this.#over) return { done: true, value: undefined };
    try {
      const packet = await this.#read();
      this.#over = packet === null;
      return packet ? { done: false, value: packet } : { done: true, value: undefined };
    } catch (error) {
      this.#over = true;
      throw error;
    }
  }

  return(): Promise<IteratorResult<Packet>> {
    this.#over = true;
    return Promise.resolve({ done: true, value: undefined });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}
