/**
 * Muxer: an output that is open, its streams, writing packets. How it is opened is in `open_output.ts`, what the sink is made
 * of in `io/`.
 */
import { calls } from "../ffi/calls.ts";
import { argumentError, ClosedError } from "../ffi/errors.ts";
import { canWait, type Operation } from "../ffi/operation.ts";
import { flushOutput, learnStream, setMetadata, writeTrailer } from "../ffi/output.ts";
import { Session } from "../ffi/session.ts";
import { WriteQueue } from "../ffi/write_queue.ts";
import { checkObject } from "../io/arguments.ts";
import type { Attachment } from "../io/attachment.ts";
import type { Sink } from "../io/sink.ts";
import { addStreamLike, addStreamOf } from "./add_stream.ts";
import { type AttachmentInit, attachmentStream } from "./attached_file.ts";
import { checkCover, coverStream, coverTag } from "./cover.ts";
import { checkCoverPlace, isOgg } from "./cover_place.ts";
import type { CoverInit } from "./picture.ts";
import type { FormatInfo } from "./formats.ts";
import {
  addChapter,
  checkChapters,
  checkMuxerOptions,
  chooseOutput,
  muxerOptionNames,
  type MuxerOptions,
  openOutputSink,
  writeHeader,
} from "./open_output.ts";
import { asPacket, copyOf, numbersOf, Packet, type PacketInit } from "./packet.ts";
import {
  type Chapter,
  describeOutput,
  type Description,
  type Stream,
  type StreamInit,
  type StreamLike,
  type StreamParameters,
} from "./stream.ts";
import { withTagValues } from "./tags.ts";

/** Bytes of packets that wait to be written, before `write()` waits. */
const MAX_QUEUED = 1 << 20;

/** Bytes of packets that wait for the header at most, which then does without what other streams would have in it. */
const MAX_EARLY = 16 << 20;

const NOTHING = new Uint8Array(0);

/**
 * An output that is open (AVFormatContext): streams are added, then packets written.
 *
 * ```ts
 * import { Demuxer, MemorySink, Muxer } from "@avio/avio";
 *
 * using demuxer = Demuxer.openSync("fixtures/video.mp4");
 * const sink = new MemorySink();
 * using muxer = Muxer.openSync(sink, { format: "matroska" });
 * for (const stream of demuxer.streams) muxer.addStream(stream);
 * for (const packet of demuxer.packetsSync()) muxer.writeSync(packet);
 * muxer.finishSync();
 * console.log(sink.size);
 * ```
 */
export class Muxer implements Disposable, AsyncDisposable {
  #session: Session;
  #attachment: Attachment;
  #options: MuxerOptions;
  #description: Description;
  #queue: WriteQueue;
  #isStarted = false;
  /** Covers, which are written before all other packets. */
  #covers: Packet[] = [];
  /** Ogg has one, and it is there. */
  #hasTagCover = false;
  /** `finish()` was called: nothing is accepted any more. */
  #isFinishing = false;
  /** Writes the queue, where that was asked for. */
  #writing: Promise<void> | null = null;

  private constructor(session: Session, attachment: Attachment, options: MuxerOptions) {
    this.#session = session;
    this.#attachment = attachment;
    this.#options = options;
    this.#description = describeOutput(session);
    this.#queue = new WriteQueue(session);
  }

  /**
   * Opens a sink (avformat_alloc_output_context2). Nothing is written yet.
   *
   * @throws {AVError} There is no such format.
   * @throws {TypeError} The sink or an option is of the wrong type, or there is nothing to take the format from.
   */
  static openSync(sink: Sink, options?: MuxerOptions): Muxer {
    const checked = checkMuxerOptions(options, muxerOptionNames);
    return Session.openSync("Muxer", (session) => Muxer.#open(session, sink, checked));
  }

  /** As {@linkcode Muxer.openSync}; callbacks may return promises, and a WritableStream is a sink too. */
  static async open(sink: Sink, options?: MuxerOptions): Promise<Muxer> {
    const checked = checkMuxerOptions(options, muxerOptionNames);
    return await Session.open("Muxer", checked, (session) => Muxer.#open(session, sink, checked));
  }

  static *#open(session: Session, sink: Sink, options: MuxerOptions): Operation<Muxer> {
    const output = yield* chooseOutput(session, sink, options);
    return new Muxer(session, yield* openOutputSink(session, sink, output, options), options);
  }

  /** The container's format. */
  get format(): FormatInfo {
    return this.#description.format;
  }

  /** The streams added so far; with the muxer's own time bases once the header is written. */
  get streams(): readonly Stream[] {
    return this.#description.streams.map((stream) => ({ ...stream, discard: false }));
  }

  /**
   * Adds a stream like `from` (a demuxer's Stream keeps time base, metadata, disposition, side data), or of these
   * parameters; `avformat_new_stream`.
   *
   * @returns Its index, for `packet.streamIndex`.
   * @throws {TypeError} A parameter is unknown or of the wrong type.
   */
  addStream(
    from: StreamLike | StreamParameters,
    init: StreamInit = {},
  ): number {
    this.#checkNotStarted(calls.addStream.phrase);
    checkObject(from, "from");
    checkObject(init, "init");
    return this.#session.callSync(calls.addStream, () => this.#addStream(from, init));
  }

  /** Ogg has the tags of the file with its streams: those that the options give are not what the other file's were. */
  #withTags(from: StreamLike, init: StreamInit): StreamInit {
    const { tags = {} } = this.#options;
    const format = this.format.name;
    if (!isOgg(format) || init.metadata !== undefined) return init;
    return { ...init, metadata: withTagValues(checkObject(from.metadata, "from.metadata"), tags, format) };
  }

  /** Streams, chapters and the like are in the header. */
  #checkNotStarted(phrase: string): void {
    this.#checkOpen(phrase);
    if (this.#isStarted) throw new Error(`Cannot ${phrase}: the header is written`);
    if (this.#looked > 0 || this.#queue.early.length > 0) {
      throw new Error(`Cannot ${phrase}: a packet is written`);
    }
  }

  /**
   * Adds a picture that belongs to the file: of mp3, aiff, flac, mp4 (also as "ipod", not in fragments), Matroska; of Ogg one.
   * Type and size are those of the data. Streams and covers may be added in any order; the picture is written with the header.
   *
   * ```ts
   * import { Demuxer, MemorySink, Muxer, probeSync } from "@avio/avio";
   *
   * using song = Demuxer.openSync("fixtures/audio.mp3");
   * const sink = new MemorySink();
   * using muxer = Muxer.openSync(sink, { format: "mp3", tags: { title: "A song", albumArtist: "Somebody" } });
   * muxer.addStream(song.streams[0]!);
   * muxer.addCover({ data: Deno.readFileSync("fixtures/image.jpeg"), kind: "front", description: "The sleeve" });
   * for (const packet of song.packetsSync()) muxer.writeSync(packet);
   * muxer.finishSync();
   * console.log(probeSync(sink.bytes()).covers[0]?.mimeType); // image/jpeg
   * ```
   *
   * @param cover The picture; `probe` returns such.
   * @throws {TypeError} It is no picture that is known.
   * @throws {Error} The format has no place for it, or the header is written.
   */
  addCover(cover: CoverInit): void {
    this.#checkNotStarted("add cover");
    const checked = checkCover(cover, "cover");
    checkCoverPlace(this.format.name, this.#options, this.#hasTagCover ? 1 : 0);
    this.#session.callSync(calls.addStream, () => this.#addCover(checked));
  }

  // deno-lint-ignore require-yield
  *#addCover(checked: ReturnType<typeof checkCover>): Operation<void> {
    if (isOgg(this.format.name)) return this.#addTagCover(coverTag(checked));
    const { parameters, init } = coverStream(checked);
    const streamIndex = addStreamOf(this.#session, parameters, init);
    this.#description = describeOutput(this.#session);
    const { data } = checked.cover;
    this.#covers.push(new Packet({ streamIndex, data, pts: 0, dts: 0, isKey: true }));
  }

  #addTagCover(tag: Record<string, string>): void {
    setMetadata(this.#session, Object.entries(tag));
    this.#hasTagCover = true;
  }

  /**
   * Adds a file that belongs to the output, such as a font that its subtitles need; Matroska has such.
   *
   * @param attachment What it is.
   * @returns The index of its stream.
   * @throws {TypeError} A field is missing or of the wrong type.
   * @throws {Error} The format has no place for it, or the header is written.
   */
  addAttachment(attachment: AttachmentInit): number {
    this.#checkNotStarted("add attachment");
    const { parameters, init } = attachmentStream(attachment, "attachment");
    if (this.format.name !== "matroska") {
      throw new Error(`Cannot add attachment: ${this.format.name} has no place for one`);
    }
    return this.addStream(parameters, init);
  }

  /**
   * Adds chapters, beside those of the options.
   *
   * @param chapters With times in seconds.
   * @throws {TypeError | RangeError} A field is wrong.
   * @throws {Error} The header is written.
   */
  addChapters(chapters: readonly Chapter[]): void {
    this.#checkNotStarted("add chapters");
    checkChapters(chapters, "chapters");
    this.#session.callSync(calls.addStream, () => this.#addChapters(chapters));
  }

  // deno-lint-ignore require-yield
  *#addChapters(chapters: readonly Chapter[]): Operation<void> {
    for (const chapter of chapters) addChapter(this.#session, chapter);
  }

  // deno-lint-ignore require-yield
  *#addStream(from: StreamLike | StreamParameters, init: StreamInit): Operation<number> {
    const index = "codecParameters" in from
      ? addStreamLike(this.#session, from, this.#withTags(from, init))
      : addStreamOf(this.#session, from, init);
    this.#description = describeOutput(this.#session);
    return index;
  }

  /**
   * Writes the header; the first write does it where this was not called: or a later one, where streams of H.264, HEVC, AV1
   * or AAC come without extradata that the format wants in its header, and the first packets of these have it (Annex B,
   * ADTS). `avformat_write_header`.
   *
   * @throws {AVError} The format can't hold a stream, or needs a seekable sink.
   * @throws {TypeError} An option that the format does not have.
   * @throws Whatever the sink's own callbacks threw; so do the other methods that write.
   */
  startSync(): void {
    this.#checkOpen(calls.header.phrase);
    this.#session.callSync(calls.header, () => this.#start());
  }

  /** As {@linkcode Muxer.startSync}. */
  async start(): Promise<void> {
    this.#checkOpen(calls.header.phrase);
    await this.#session.call(() => this.#start());
  }

  /** Writes the header, and what has waited for it. A muxer whose header failed can do nothing more. */
  *#start(): Operation<void> {
    this.#session.checkOpen(calls.header.phrase);
    if (this.#isStarted) return;
    if (this.#covers.length > 0) {
      this.#acceptCovers();
      this.#mustWait();
    }
    try {
      yield* writeHeader(this.#session, this.#attachment, this.#options, this.format.name);
    } catch (error) {
      throw this.#session.fail(error);
    }
    this.#isStarted = true;
    this.#description = describeOutput(this.#session);
    yield* this.#drain();
  }

  /**
   * Writes a packet: one of ours, or any object with the fields of one. Packets of several streams are interleaved by dts,
   * timestamps are rescaled from `packet.timeBase`. `av_interleaved_write_frame`.
   *
   * @throws {AVError} The muxer refuses it: its dts does not grow or is after its pts (`remux` mends both, with a warning),
   * or the sink would have to seek and can't. The muxer goes on without it.
   * @throws {TypeError | RangeError} A field of the packet is wrong.
   */
  writeSync(packet: PacketInit): void {
    const checked = this.#checkWritable(packet);
    this.#session.callSync(calls.write, () => this.#writeOne(checked));
  }

  *#writeOne(packet: Packet): Operation<void> {
    this.#accept(packet);
    yield* this.#writeQueue();
  }

  /**
   * As {@linkcode Muxer.writeSync}. The packet is copied at once; the promise is settled when there is room for more, so
   * awaiting it is the backpressure. A packet that the muxer refuses, or a sink that fails, ends the Muxer: every later call
   * throws that error, `finish()` too.
   */
  async write(packet: PacketInit): Promise<void> {
    this.#accept(this.#checkWritable(packet));
    if (!this.#writing) {
      this.#writing = this.#session.call(() => this.#writeQueue());
      this.#writing.then(() => this.#writing = null, () => {}); // what it throws, the next call throws
    }
    if (this.#queue.bytes >= MAX_QUEUED) await this.#writing;
  }

  /** One that waits for the header waits longer than the program leaves its bytes alone. */
  #accept(packet: Packet): void {
    this.#acceptCovers();
    this.#queue.add(this.#queue.isEarly ? copyOf(packet) : numbersOf(packet));
  }

  #acceptCovers(): void {
    for (const cover of this.#covers.splice(0)) this.#queue.add(numbersOf(cover));
  }

  #checkWritable(packet: PacketInit): Packet {
    this.#checkOpen(calls.write.phrase);
    const checked = asPacket(packet);
    if (checked.streamIndex < this.#description.streams.length) return checked;
    throw argumentError(RangeError, "packet.streamIndex", `there is no stream ${checked.streamIndex}`);
  }

  *#writeQueue(): Operation<void> {
    this.#session.checkOpen(calls.write.phrase);
    if (this.#isStarted) yield* this.#drain();
    else if (!this.#mustWait()) yield* this.#start();
  }

  /** Writes what has been accepted. In the async API who wrote a packet that is refused can't be told any more. */
  *#drain(): Operation<void> {
    try {
      if (this.#queue.isEarly) this.#queue.open();
      yield* this.#queue.write();
    } catch (error) {
      throw (yield* canWait()) ? this.#session.fail(error) : error;
    }
  }

  /** Streams whose first packet the header waits for; null before the first one of all. */
  #unseen: Set<number> | null = null;
  /** How many packets of the queue were looked at for that. */
  #looked = 0;

  /** Whether the header has to wait for other packets than those in the queue. */
  #mustWait(): boolean {
    this.#unseen ??= new Set(
      this.#description.streams.map(({ index }) => index).filter((index) =>
        learnStream(this.#session, index, NOTHING)
      ),
    );
    const { early, bytes } = this.#queue;
    for (; this.#looked < early.length; this.#looked++) {
      const { streamIndex, data } = early[this.#looked]!;
      if (this.#unseen.delete(streamIndex)) learnStream(this.#session, streamIndex, data);
    }
    return this.#unseen.size > 0 && bytes <= MAX_EARLY;
  }

  /**
   * Writes what waits to be interleaved, and what is in the I/O buffer; ends a fragment of mp4, a cluster of Matroska.
   * Before a key frame it sees to it that a "sync" chunk begins with it, however small the cluster.
   */
  flushSync(): void {
    this.#checkOpen(calls.flush.phrase);
    this.#session.callSync(calls.flush, () => this.#flush());
  }

  /** As {@linkcode Muxer.flushSync}. */
  async flush(): Promise<void> {
    this.#checkOpen(calls.flush.phrase);
    await this.#session.call(() => this.#flush());
  }

  *#flush(): Operation<void> {
    yield* this.#start();
    yield* this.#drain();
    yield* flushOutput(this.#session);
  }

  /**
   * Writes the trailer, flushes, throws every error not yet thrown, and closes. Disposing without it discards the output's
   * end. `av_write_trailer`.
   */
  finishSync(): void {
    this.#checkOpen(calls.trailer.phrase);
    this.#session.callSync(calls.trailer, () => this.#finish());
  }

  /** As {@linkcode Muxer.finishSync}; a WritableStream is closed. Packets that were accepted are written first. */
  async finish(): Promise<void> {
    this.#checkOpen(calls.trailer.phrase);
    this.#isFinishing = true;
    await this.#session.call(() => this.#finish());
  }

  *#finish(): Operation<void> {
    try {
      yield* this.#start();
      yield* this.#drain();
      yield* writeTrailer(this.#session);
      if (this.#attachment.finish) yield* this.#attachment.finish();
      yield* this.#session.finish();
    } catch (error) {
      throw this.#session.fail(error);
    }
  }

  #checkOpen(phrase: string): void {
    this.#session.checkOpen(phrase);
    if (this.#isFinishing) throw new ClosedError(`Cannot ${phrase}: the Muxer is being finished`);
  }

  /** Frees everything, and discards what was not written yet; after `finishSync()`: does nothing. */
  [Symbol.dispose](): void {
    this.#session.close();
  }

  /** As `Symbol.dispose`, and waits until it is done. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.#session.closeAsync();
  }
}
