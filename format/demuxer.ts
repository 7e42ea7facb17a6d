/**
 * Demuxer: an input that is open, its streams, its packets, seeking. How it is opened is in `open_input.ts`, what the source
 * is made of in `io/`.
 */
import { calls } from "../ffi/calls.ts";
import { argumentError } from "../ffi/errors.ts";
import { seekInput, type SeekPlace } from "../ffi/input.ts";
import { sizeIO } from "../ffi/plain_io.ts";
import type { Operation } from "../ffi/operation.ts";
import { Reading } from "../ffi/reading.ts";
import { Session } from "../ffi/session.ts";
import {
  checkArray,
  checkBoolean,
  checkInteger,
  checkLimit,
  checkNames,
  checkNumber,
  checkObject,
  type Names,
  optional,
} from "../io/arguments.ts";
import type { Source } from "../io/source.ts";
import type { FormatInfo } from "./formats.ts";
import { checkMediaType, type MediaType } from "./media_type.ts";
import { checkDemuxerOptions, type DemuxerOptions, openInput } from "./open_input.ts";
import { type Packet, packetOf } from "./packet.ts";
import { PacketSearch } from "./packet_search.ts";
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
 * Where to seek to: seconds, a timestamp in the time base of a stream, or a byte of the source.
 */
export type SeekTarget = number | { streamIndex: number; timestamp: number } | { byte: number };

/** Options of {@linkcode Demuxer.seekSync}. */
export interface SeekOptions {
  /** To a key frame at or before the target, otherwise at or after it. @default {true} */
  backward?: boolean;
  /** To any frame, not only key frames (AVSEEK_FLAG_ANY). @default {false} */
  any?: boolean;
  /** Earliest place that will do, in the unit of the target; -Infinity: any. */
  min?: number;
  /** Latest place that will do, in the unit of the target; Infinity: any. */
  max?: number;
}

const seekOptionNames: Names<SeekOptions> = { backward: true, any: true, min: true, max: true };

/** Options of {@linkcode Demuxer.packets}. */
export interface PacketsOptions {
  /** The streams whose packets are wanted, or their indexes. @default all */
  streams?: readonly (Stream | number)[];
}

const packetsOptionNames: Names<PacketsOptions> = { streams: true };

/** Options of {@linkcode Demuxer.getPacket}. */
export interface PacketAtOptions {
  /** The stream, or its index. @default the video that a player would choose, else the audio */
  stream?: Stream | number;
}

/**
 * An input that is open (AVFormatContext): the streams of a container and their packets.
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
   * @throws {AVError} FFmpeg can't read it.
   * @throws {TypeError} The source or an option is of the wrong type, or an option is one that nobody knows.
   * @throws Whatever the source's own callbacks or files threw.
   */
  static openSync(source: Source, options?: DemuxerOptions): Demuxer {
    const checked = checkDemuxerOptions(options);
    return Session.openSync("Demuxer", (session) => Demuxer.#open(session, source, checked));
  }

  /** As {@linkcode Demuxer.openSync}; callbacks may return promises, and streams, Blobs and URLs are sources too. */
  static async open(source: Source, options?: DemuxerOptions): Promise<Demuxer> {
    const checked = checkDemuxerOptions(options);
    return await Session.open("Demuxer", checked, (session) => Demuxer.#open(session, source, checked));
  }

  static *#open(session: Session, source: Source, options: DemuxerOptions): Operation<Demuxer> {
    const { io, size = null } = yield* openInput(session, source, options);
    return new Demuxer(session, (io && (yield* sizeIO(session, io))) ?? size);
  }

  /** Bytes of the source, null where unknown. */
  get size(): number | null {
    return this.#size;
  }

  /** Whether the source can seek; where it can't, {@linkcode seek} is an error, but within what is kept of it. */
  get seekable(): boolean {
    return this.#description.seekable;
  }

  /** Whether it is closed, or has failed for good: every call that reads throws. */
  get closed(): boolean {
    return this.#session.hasEnded;
  }

  /** Streams found so far; some formats have new ones later. */
  get streams(): readonly Stream[] {
    return this.#streams;
  }

  /** Seconds, null where unknown. */
  get duration(): number | null {
    return this.#description.duration;
  }

  /** Seconds, null where unknown. */
  get startTime(): number | null {
    return this.#description.startTime;
  }

  /** Bits per second, null where unknown. */
  get bitRate(): number | null {
    return this.#description.bitRate;
  }

  /** How sure FFmpeg is of the format, 100 at most (AVPROBE_SCORE_MAX). */
  get probeScore(): number {
    return this.#description.probeScore;
  }

  /** Tags of the file, by one vocabulary whatever the format calls them. */
  get tags(): Tags {
    return tagsOf(this.#description);
  }

  /** Tags of the container, as its format has them. */
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
   * The container's index of a stream, as far as it is known; `avformat_index_get_entry`. mp4 and mov have every frame,
   * Matroska its cues, avi and flv what was read of theirs, most others nothing until packets have been read.
   *
   * @throws {Error} The Demuxer is closed, or reading at the moment (an AVError, EBUSY).
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
   * The stream of this type that a player would choose, null where there is none. With `related`, one of the program that
   * this stream is in, if it has any: the sound that belongs to a picture. `av_find_best_stream`.
   *
   * @param options.related A stream of this Demuxer, or its index.
   */
  bestStream(type: MediaType, options: { related?: Stream | number } = {}): Stream | null {
    checkMediaType(type, "type");
    const { related } = checkNames(checkObject(options, "options"), { related: true });
    const candidates = this.#streams.filter((stream) => stream.type === type);
    const program = related === undefined ? undefined : this.#programOf(related);
    const together = candidates.filter(({ index }) => program?.streamIndexes.includes(index));
    return (together.length > 0 ? together : candidates).toSorted(byPreference)[0] ?? null;
  }

  /** The first program that has the stream. */
  #programOf(stream: Stream | number): Program | undefined {
    const index = this.#indexOf(stream, "related");
    return this.programs.find(({ streamIndexes }) => streamIndexes.includes(index));
  }

  /**
   * The next packet, null at the end; `av_read_frame`. Packets are read ahead in batches, but not beyond one for
   * which a callback of the source had to be called.
   *
   * @throws {AVError} FFmpeg can't read on. After damaged data (INVALIDDATA) the next call may succeed.
   * @throws Whatever the source's own callbacks threw; from then on every call throws it again.
   */
  readSync(): Packet | null {
    this.#session.checkOpen(calls.read.phrase);
    return this.#readyNow() ?? this.#session.callSync(calls.read, () => this.#read());
  }

  /** As {@linkcode Demuxer.readSync}. Calls are answered in the order in which they were made. */
  async read(): Promise<Packet | null> {
    this.#session.checkOpen(calls.read.phrase);
    return this.#readyNow() ?? await this.#session.call(() => this.#read());
  }

  /** A packet that is there, and that no earlier call waits for. */
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
   * The packets that are left, one after the other; of some streams, where `streams` says so: the others are read and
   * passed over (`stream.discard` keeps them from being read at all).
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
   * @throws {TypeError | RangeError} There is no such stream.
   */
  packets(options: PacketsOptions = {}): AsyncIterableIterator<Packet> {
    const wanted = this.#wantedStreams(options);
    if (!wanted) return new PacketIterator(() => this.#readyNow(), () => this.read());
    return new PacketIterator(() => null, async () => {
      let packet = await this.read();
      while (packet && !wanted.has(packet.streamIndex)) packet = await this.read();
      return packet;
    });
  }

  /** Indexes; null where all are. */
  #wantedStreams(options: PacketsOptions): Set<number> | null {
    const { streams } = checkNames(checkObject(options, "options"), packetsOptionNames);
    if (streams === undefined) return null;
    return new Set(
      checkArray(streams, "streams").map((stream, at) => this.#indexOf(stream, `streams[${at}]`)),
    );
  }

  #indexOf(stream: Stream | number, name: string): number {
    const index = typeof stream === "object" ? stream?.index : stream;
    return checkInteger(index, name, 0, this.#streams.length - 1);
  }

  /** The same as {@linkcode packets}. */
  [Symbol.asyncIterator](): AsyncIterator<Packet> {
    return this.packets();
  }

  /** As {@linkcode Demuxer.packets}. */
  packetsSync(options: PacketsOptions = {}): IterableIterator<Packet> {
    return this.#packetsSync(this.#wantedStreams(options));
  }

  *#packetsSync(wanted: Set<number> | null): IterableIterator<Packet> {
    for (let packet = this.readSync(); packet; packet = this.readSync()) {
      if (!wanted || wanted.has(packet.streamIndex)) yield packet;
    }
  }

  /**
   * The packet that is shown at a time: of the stream, the last one whose `pts` (where it has none, as in avi, whose `dts`) is
   * not after it. The Demuxer seeks for it, and goes on from somewhere behind it.
   *
   * ```ts
   * import { Demuxer } from "@avio/avio";
   *
   * using demuxer = Demuxer.openSync("fixtures/video.mp4");
   * console.log(demuxer.getPacketSync(1.5)?.time, demuxer.getKeyPacketSync(1.5)?.time); // 1.48 1
   * ```
   *
   * @param time Seconds, as `packet.time` has them.
   * @param options.stream Of which stream. @default the video that a player would choose, else the audio
   * @returns The packet; null where the stream begins later.
   * @throws {AVError} The format or the source can't seek.
   */
  getPacketSync(time: number, options: PacketAtOptions = {}): Packet | null {
    const stream = this.#streamAt(time, options);
    return this.#session.callSync(calls.seek, () => this.#packetAt(time, stream, false));
  }

  /** As {@linkcode Demuxer.getPacketSync}. */
  async getPacket(time: number, options: PacketAtOptions = {}): Promise<Packet | null> {
    const stream = this.#streamAt(time, options);
    return await this.#session.call(() => this.#packetAt(time, stream, false));
  }

  /**
   * The packet from which decoding has to begin to show what is shown at a time: of the stream, the last key frame whose time
   * (`pts`, else `dts`) is not after it. The packets after it are what comes next.
   *
   * @param time Seconds, as `packet.time` has them.
   * @param options.stream Of which stream. @default the video that a player would choose, else the audio
   * @returns The packet; null where the stream begins later.
   * @throws {AVError} The format or the source can't seek.
   */
  getKeyPacketSync(time: number, options: PacketAtOptions = {}): Packet | null {
    const stream = this.#streamAt(time, options);
    return this.#session.callSync(calls.seek, () => this.#packetAt(time, stream, true));
  }

  /** As {@linkcode Demuxer.getKeyPacketSync}. */
  async getKeyPacket(time: number, options: PacketAtOptions = {}): Promise<Packet | null> {
    const stream = this.#streamAt(time, options);
    return await this.#session.call(() => this.#packetAt(time, stream, true));
  }

  #streamAt(time: number, options: PacketAtOptions): DemuxerStream {
    this.#session.checkOpen(calls.seek.phrase);
    checkNumber(time, "time");
    const { stream } = checkNames(checkObject(options, "options"), { stream: true });
    if (stream !== undefined) return this.#streams[this.#indexOf(stream, "stream")]!;
    const best = this.bestStream("video") ?? this.bestStream("audio");
    if (best) return this.#streams[best.index]!;
    throw argumentError(TypeError, "stream", "must be given, there is neither video nor audio");
  }

  *#packetAt(time: number, stream: DemuxerStream, isKey: boolean): Operation<Packet | null> {
    this.#session.checkOpen(calls.seek.phrase);
    const { index, timeBase, startTime, codecParameters } = stream;
    // A time that was a timestamp before is that timestamp again.
    const timestamp = Math.floor(time * timeBase.den / timeBase.num + 1e-6);
    const place = this.#seekPlace({ streamIndex: index, timestamp });
    yield* this.#seek(place);
    const search = new PacketSearch(timestamp, isKey, codecParameters);
    // Behind the beginning a seek goes to the last key frame; at the beginning it goes to the first of all.
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
   * The packets that are left, in arrays of those that are there already, in order: one promise for some hundred packets
   * instead of one for each, for programs that read as fast as they can.
   *
   * @returns Arrays of 1 to 512 packets.
   * @throws What {@linkcode read} throws; packets before come first.
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

  /** As {@linkcode Demuxer.batches}. */
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
   * Goes to another place; `avformat_seek_file`. Where nothing else is said, the next packet of the stream (in seconds: of
   * the one that a player would choose) is the last key frame at or before the target, and what comes after it has the times
   * that it has where the whole file is read; before the first key frame it is the beginning. Packets of other streams come
   * from about there on. Where a format has no complete index, avio reads on to the target, and keeps what it has read from the
   * key frame on: at most 32 MB. Where that is not enough, it is where FFmpeg lands, in MPEG-TS mostly between key
   * frames. With `any` FFmpeg's own search decides.
   *
   * A target at or before the start is followed by exactly what a Demuxer has that was opened just now. On
   * (`backward: false`), and with `min` or `max`, it is a key frame that lies between these; where there is none the seek
   * fails. A seek that fails changes nothing: reading goes on where it was.
   *
   * A byte (AVSEEK_FLAG_BYTE) is for formats that can be read from anywhere, such as MPEG-TS, MPEG-PS, mp3, ogg and avi:
   * of each stream the next packet is the first one that begins there or later. Where packets are no more than what lies
   * between two places (mp3, flac, wav) it begins at that very byte: a packet's `pos` is a good one. Timestamps that the
   * format does not write down, but FFmpeg counts, are not to be trusted after it. `options` mean nothing then.
   *
   * @param target Seconds, a timestamp in the time base of a stream, or a byte.
   * @throws {AVError} The format or the source can't.
   */
  seekSync(target: SeekTarget, options?: SeekOptions): void {
    this.#session.checkOpen(calls.seek.phrase);
    const place = this.#seekPlace(target, options);
    this.#session.callSync(calls.seek, () => this.#seek(place));
  }

  /** As {@linkcode Demuxer.seekSync}. */
  async seek(target: SeekTarget, options?: SeekOptions): Promise<void> {
    this.#session.checkOpen(calls.seek.phrase);
    const place = this.#seekPlace(target, options);
    await this.#session.call(() => this.#seek(place));
  }

  *#seek(place: SeekPlace): Operation<void> {
    yield* seekInput(this.#session, place);
    this.#reading.forget();
  }

  #seekPlace(target: SeekTarget, options: SeekOptions = {}): SeekPlace {
    checkNames(checkObject(options, "options"), seekOptionNames);
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
      checkNames(target, { byte: true }, "target", "field");
      return { unit: "bytes", position: checkInteger(target.byte, "target.byte", 0) };
    }
    checkNames(target, { streamIndex: true, timestamp: true }, "target", "field");
    const stream = checkInteger(target.streamIndex, "target.streamIndex", 0, this.#streams.length - 1);
    return { unit: { stream }, position: checkInteger(target.timestamp, "target.timestamp") };
  }

  /**
   * Closes the input, frees everything, and waits until that is done; what is under way ends with an error.
   * Again: does nothing.
   */
  close(): Promise<void> {
    return this.#session.closeAsync();
  }

  /** Closes the input and frees everything; again: does nothing. `avformat_close_input`. */
  [Symbol.dispose](): void {
    this.#session.close();
  }

  /** The same as {@linkcode close}. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

/** Packets in an array of `batches()`. */
const MAX_BATCH = 512;

/** Streams for everybody before those for some, those marked as default first, covers last; then the largest. */
function byPreference(a: Stream, b: Stream): number {
  const rank = ({ disposition }: Stream) =>
    (disposition.includes("attached_pic") ? -4 : 0) + (disposition.includes("default") ? 2 : 0) -
    (disposition.some((role) => role === "hearing_impaired" || role === "visual_impaired") ? 1 : 0);
  const size = ({ codecParameters: { width, height, channels } }: Stream) => width * height + channels;
  return rank(b) - rank(a) || size(b) - size(a) || a.index - b.index;
}

/** What an async generator does, without what that costs for each packet. */
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
