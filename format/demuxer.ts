/**
 * Demuxer: an input that is open, its streams, its packets, seeking. What the source is made of is in `io/`.
 */
import { type Operation, runSync, step } from "../ffi/operation.ts";
import { type Host, promised, Session } from "../ffi/session.ts";
import { Direction, operations, SetWhat } from "../ffi/symbols.ts";
import type { Attachment } from "../io/attachment.ts";
import { type HttpOptions, httpOrigin } from "../io/http.ts";
import { allowNested } from "../io/nested.ts";
import { openSource, type Source } from "../io/source.ts";
import type { FormatInfo } from "./formats.ts";
import { bufferSizeOf, checkAllUsed, checkOptions, type SessionOptions, setOptions } from "./options.ts";
import {
  checkBoolean,
  checkInteger,
  checkNumber,
  checkObject,
  checkString,
  optional,
} from "../io/arguments.ts";
import { type Packet, PacketBatch } from "./packet.ts";
import type { Rational } from "./rational.ts";
import {
  type Chapter,
  checkMediaType,
  DemuxerStream,
  describe,
  type MediaType,
  type Program,
  type Stream,
} from "./stream.ts";
import { type IndexEntry, readIndex } from "./stream_index.ts";

/** Options of {@linkcode Demuxer.open} and {@linkcode Demuxer.openSync}. */
export interface DemuxerOptions extends SessionOptions {
  /** Forces the input format, by FFmpeg's name. */
  format?: string;
  /** Read ahead until the streams' parameters are known (avformat_find_stream_info). @default {true} */
  findStreamInfo?: boolean;
  /** Bytes that are read to find out what the source is. @default {5000000} */
  probeSize?: number;
  /** Seconds of media that are read to find out what its streams are. @default {5} */
  analyzeDuration?: number;
  /** Streams that a source may have; more are an error, or left out. @default {1000} */
  maxStreams?: number;
  /** Bytes that one packet may have with its side data; a larger one is an AVError (EMSGSIZE). @default {268435456} */
  maxPacketSize?: number;
  /**
   * Bytes that opening may read, what a playlist names included; more are an AVError (EMSGSIZE). `probeSize` alone does
   * not bound it: headers may be of any length. @default {268435456}
   */
  maxOpenSize?: number;
  /** How an http(s): URL is read. */
  http?: HttpOptions;
}

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
  /** Earliest place that will do, in the unit of the target. */
  min?: number;
  /** Latest place that will do, in the unit of the target. */
  max?: number;
}

/** Packets and bytes that are read ahead at most. */
const BATCH_PACKETS = 512;
const BATCH_BYTES = 256 * 1024;

const MAX_PACKET_SIZE = 256 * 1024 * 1024;
const MAX_OPEN_SIZE = 256 * 1024 * 1024;

const SEEK_BACKWARD = 1;
const SEEK_BYTE = 2;
const SEEK_ANY = 4;

/** Where and how an input is opened. */
interface Opening {
  /** Nothing but native code runs while bytes are read. */
  lend?: boolean;
  /** What its source has opened goes with it, else with the session. */
  host?: Host;
  /** What it opens is asked of its options; else of those of the input before. */
  nested?: boolean;
}

/** Opens a source as the input of a session. */
export function* openInput(
  session: Session,
  source: Source,
  options: DemuxerOptions,
  { lend = true, host = session, nested = true }: Opening = {},
): Operation<Attachment> {
  checkDemuxerOptions(options);
  const { format, url, findStreamInfo = true, http, onopen } = options;
  const { maxPacketSize = MAX_PACKET_SIZE, maxOpenSize = MAX_OPEN_SIZE } = options;
  const bufferSize = bufferSizeOf(options);
  if (nested) allowNested(session, { onopen, bufferSize, http, origin: httpOrigin(source, url) });
  const attachment = isSequence(source, format)
    ? { io: 0, url: String(source) }
    : yield* openSource(host, source, { bufferSize, lend: lend && !onopen, http });
  session.set(SetWhat.INPUT, 0, [
    ["url", url ?? attachment.url],
    ["maxPacketSize", String(maxPacketSize)],
    ["maxOpenSize", String(maxOpenSize)],
    ...(format === undefined ? [] : [["format", format] as const]),
  ]);
  setOptions(session, { options: { ...probing(options), ...options.options } });
  session.slot.set([0, attachment.io, findStreamInfo ? 1 : 0]);
  yield* session.run(operations.openInput);
  checkAllUsed(session, "the input format");
  return attachment;
}

/** Images by the number in their name; the demuxer opens them one by one. */
function isSequence(source: Source, format: string | undefined): source is string | URL {
  return format === "image2" && (typeof source === "string" || source instanceof URL) &&
    /%0?\d*d/.test(String(source));
}

function checkDemuxerOptions(options: DemuxerOptions): void {
  const exact = Number.MAX_SAFE_INTEGER;
  optional(checkString, options.format, "format");
  optional(checkBoolean, options.findStreamInfo, "findStreamInfo");
  optional(checkInteger, options.maxStreams, "maxStreams", 1, 1e6);
  optional(checkInteger, options.maxPacketSize, "maxPacketSize", 1);
  optional(checkInteger, options.maxOpenSize, "maxOpenSize", 1);
  optional(checkNumber, options.probeSize, "probeSize", 32, exact);
  optional(checkNumber, options.analyzeDuration, "analyzeDuration", 0, exact / 1e6);
}

/** AVOptions of the same meaning. */
function probing({ probeSize, analyzeDuration, maxStreams }: DemuxerOptions): Record<string, number> {
  return {
    ...(maxStreams === undefined ? {} : { max_streams: maxStreams }),
    ...(probeSize === undefined ? {} : { probesize: Math.round(probeSize) }),
    ...(analyzeDuration === undefined ? {} : { analyzeduration: Math.round(analyzeDuration * 1e6) }),
  };
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
  #description: ReturnType<typeof describe>;
  #streams: DemuxerStream[];
  #batch: PacketBatch | null = null;
  /** What follows the packets of the batch: nothing known yet, the end, or an error not thrown yet. */
  #after: null | "end" | { error: unknown } = null;

  private constructor(session: Session) {
    this.#session = session;
    this.#description = describe(session, Direction.INPUT);
    this.format = this.#description.format;
    this.#streams = this.#description.streams.map((stream) => new DemuxerStream(session, stream));
  }

  /**
   * Opens a source (avformat_open_input, avformat_find_stream_info).
   *
   * @throws {AVError} FFmpeg can't read it.
   * @throws {TypeError} The source or an option is of the wrong type, or an option is one that nobody knows.
   * @throws Whatever the source's own callbacks or files threw.
   */
  static openSync(source: Source, options?: DemuxerOptions): Demuxer {
    return runSync(Demuxer.#open(source, checkOptions(options)));
  }

  /** As {@linkcode Demuxer.openSync}; callbacks may answer promises, and streams, Blobs and URLs are sources too. */
  static open(source: Source, options?: DemuxerOptions): Promise<Demuxer> {
    return promised(() => Demuxer.#open(source, checkOptions(options)));
  }

  static *#open(source: Source, options: DemuxerOptions): Operation<Demuxer> {
    const session = new Session();
    return yield* session.guard(options, function* () {
      yield* openInput(session, source, options);
      return new Demuxer(session);
    });
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

  /** Tags of the container. */
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
    this.#checkOpen("tell the index");
    const { timeBase } = this.#streams[streamIndex]!;
    return this.#session.runNow(
      operations.read,
      () => step(() => readIndex(this.#session, streamIndex, timeBase)),
    );
  }

  /**
   * The stream of this type that a player would choose, null where there is none. With `related`, one of the program that
   * this stream is in, if it has any: the sound that belongs to a picture. `av_find_best_stream`.
   *
   * @param options.related A stream of this Demuxer, or its index.
   */
  bestStream(type: MediaType, options: { related?: Stream | number } = {}): Stream | null {
    checkMediaType(type, "type");
    const { related } = checkObject(options, "options");
    const candidates = this.#streams.filter((stream) => stream.type === type);
    const program = related === undefined ? undefined : this.#programOf(related);
    const together = candidates.filter(({ index }) => program?.streamIndexes.includes(index));
    return (together.length > 0 ? together : candidates).toSorted(byPreference)[0] ?? null;
  }

  /** The first program that has the stream. */
  #programOf(stream: Stream | number): Program | undefined {
    const index = typeof stream === "object" ? stream?.index : stream;
    checkInteger(index, "options.related", 0, this.#streams.length - 1);
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
    return this.#readyNow() ?? this.#session.runNow(operations.read, () => this.#read());
  }

  /** As {@linkcode Demuxer.readSync}. Calls are answered in the order in which they were made. */
  async read(): Promise<Packet | null> {
    const ready = this.#readyNow();
    if (ready) return ready;
    return await this.#enqueue(() => this.#read());
  }

  async #enqueue<T>(operation: () => Operation<T>): Promise<T> {
    this.#waiting++;
    try {
      return await this.#session.enqueue(operation);
    } finally {
      this.#waiting--;
    }
  }
  /** Reads and seeks that were made and not answered yet. */
  #waiting = 0;

  /** A packet that is there, and that no earlier read waits for. */
  #readyNow(): Packet | null {
    return this.#waiting === 0 ? this.#nextReady() : null;
  }

  *#read(): Operation<Packet | null> {
    while (true) {
      const packet = this.#nextReady();
      if (packet) return packet;
      if (this.#after === "end") return null;
      this.#throwAfter();
      this.#checkOpen("read packet");
      yield* this.#readAhead();
    }
  }

  /** The packets that are left, one after the other. */
  packets(): AsyncIterableIterator<Packet> {
    return new PacketIterator(() => this.#readyNow(), () => this.read());
  }

  /** The same as {@linkcode packets}. */
  [Symbol.asyncIterator](): AsyncIterator<Packet> {
    return this.packets();
  }

  /** The packets that are left, one after the other. */
  *packetsSync(): IterableIterator<Packet> {
    for (let packet = this.readSync(); packet; packet = this.readSync()) yield packet;
  }

  #nextReady(): Packet | null {
    while (this.#batch) {
      for (let packet; (packet = this.#batch.next(this.#timeBaseOf));) {
        if (!this.#streams[packet.streamIndex]!.discard) return packet;
      }
      this.#batch = this.#takeReady();
    }
    return null;
  }

  /** What has been read meanwhile; null where it must be waited for. */
  #takeReady(): PacketBatch | null {
    if (this.#after !== null || this.#session.closed) return null;
    return this.#session.answerReading() ? PacketBatch.take(this.#session) : null;
  }

  /** One object for all packets of a stream. */
  #timeBaseOf = (streamIndex: number, num: number, den: number): Rational => {
    const known = this.#streams[streamIndex]!.timeBase;
    return known.num === num && known.den === den ? known : { num, den };
  };

  #throwAfter(): void {
    if (this.#after === null || this.#after === "end") return;
    const { error } = this.#after;
    this.#after = null;
    throw error;
  }

  *#readAhead(): Operation<void> {
    if (this.#session.streamCount > this.#streams.length) this.#addNewStreams(); // found before it was stopped
    const { failure, ended, streams } = yield* this.#session.read(BATCH_PACKETS, BATCH_BYTES);
    if (failure) this.#after = failure;
    else if (ended) this.#after = "end";
    if (this.#session.closed) return;
    if (streams > this.#streams.length) this.#addNewStreams();
    this.#batch = PacketBatch.take(this.#session);
  }

  #addNewStreams(): void {
    this.#description = describe(this.#session, Direction.INPUT);
    for (const stream of this.#description.streams.slice(this.#streams.length)) {
      this.#streams.push(new DemuxerStream(this.#session, stream));
    }
  }

  /**
   * Goes to another place; `avformat_seek_file`. The next packet read is from there. Where nothing else is said, it
   * is the last key frame at or before the target, by decoding time in formats that index by it (flv, fragmented
   * mp4). In MPEG-TS and MPEG-PS, which have no index, it is the place itself, mostly between key frames.
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
    this.#checkOpen("seek");
    const checked = options === undefined ? {} : checkObject(options, "options");
    this.#session.runNow(operations.seek, () => this.#seek(target, checked));
  }

  /** As {@linkcode Demuxer.seekSync}. */
  seek(target: SeekTarget, options?: SeekOptions): Promise<void> {
    return promised(() => {
      this.#checkOpen("seek");
      const checked = options === undefined ? {} : checkObject(options, "options");
      return step(() => {}, () => this.#enqueue(() => this.#seek(target, checked)));
    });
  }

  *#seek(target: SeekTarget, options: SeekOptions): Operation<void> {
    const { stream, position, flags: unit } = this.#seekTarget(target);
    const backward = optional(checkBoolean, options.backward, "backward") ?? true;
    const any = optional(checkBoolean, options.any, "any") ?? false;
    const least = optional(checkNumber, options.min, "min") ?? (backward ? -Infinity : position);
    const most = optional(checkNumber, options.max, "max") ?? (backward ? position : Infinity);
    if (least > position || most < position) {
      throw new RangeError(
        `min, max: must have the target ${position} between them, are ${least} and ${most}`,
      );
    }
    const flags = unit | (any ? SEEK_ANY : 0) | (backward ? SEEK_BACKWARD : 0);
    this.#batch = null;
    this.#after = null;
    this.#session.slot.set([0, stream, position, least, most, flags]);
    yield* this.#session.run(operations.seek);
    this.#session.forgetReading();
  }

  #seekTarget(target: SeekTarget): { stream: number; position: number; flags: number } {
    if (typeof target === "number") return { stream: -1, position: checkNumber(target, "target"), flags: 0 };
    if (typeof target !== "object" || target === null) {
      throw new TypeError("target: must be seconds, { streamIndex, timestamp } or { byte }");
    }
    if ("byte" in target) {
      return { stream: -1, position: checkInteger(target.byte, "target.byte", 0), flags: SEEK_BYTE };
    }
    const stream = checkInteger(target.streamIndex, "target.streamIndex", 0, this.#streams.length - 1);
    return { stream, position: checkInteger(target.timestamp, "target.timestamp"), flags: 0 };
  }

  #checkOpen(doing: string): void {
    this.#session.checkOpen(doing, "Demuxer");
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
