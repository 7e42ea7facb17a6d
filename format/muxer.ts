/**
 * Muxer: an open output, its streams, and writing packets. `open_output.ts` opens it; `io/` implements sinks.
 */
import { calls } from "../ffi/calls.ts";
import { argumentError, ClosedError } from "../ffi/errors.ts";
import { canWait, type Operation } from "../ffi/operation.ts";
import { flushOutput, learnStream, setMetadata, writeTrailer } from "../ffi/output.ts";
import { Session } from "../ffi/session.ts";
import type { Warning } from "../ffi/warnings.ts";
import { WriteQueue } from "../ffi/write_queue.ts";
import { checkObject } from "../io/arguments.ts";
import type { Attachment } from "../io/attachment.ts";
import { hold } from "../io/node_stream.ts";
import type { Sink } from "../io/sink.ts";
import { addStreamLike, addStreamOf, copiedOf, type CopiedStream } from "./add_stream.ts";
import { type AttachmentInit, attachmentStream } from "./attached_file.ts";
import { checkCover, coverStream, coverTag } from "./cover.ts";
import { checkCoverPlace, isOgg } from "./cover_place.ts";
import type { Labels } from "./holds_added.ts";
import { warnOfStream } from "./holds_stream.ts";
import type { CoverInit } from "./picture.ts";
import type { FormatInfo } from "./formats.ts";
import {
  addChapters,
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
  checkStreamInit,
  describeOutput,
  type Description,
  type Stream,
  type StreamInit,
  type StreamLike,
  type StreamParameters,
} from "./stream.ts";
import { withoutNames, withTagValues } from "./tags.ts";

const NO_LABELS: Labels = { metadata: {}, disposition: [] };

/** Maximum bytes of queued packets before `write()` waits. */
const MAX_QUEUED = 1 << 20;

/**
 * Maximum bytes of packets that wait for the header; beyond it the header is written without extradata of the other
 * streams.
 */
const MAX_EARLY = 16 << 20;

const NOTHING = new Uint8Array(0);

/**
 * An open output (AVFormatContext): add streams, then write packets.
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
  /** Covers, written before all other packets. */
  #covers: Packet[] = [];
  /** Whether the one cover of Ogg has been added. */
  #hasTagCover = false;
  /** Whether `finish()` was called, so that nothing more is accepted. */
  #isFinishing = false;
  /** The pending write of the queue. */
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
   * @param sink The sink to write.
   * @param options How to write it.
   * @returns The open output.
   * @throws {AVError} There is no such format.
   * @throws {TypeError | RangeError} The sink or an option is wrong, or the format is neither given nor known from a
   * file name.
   */
  static openSync(sink: Sink, options?: MuxerOptions): Muxer {
    const checked = checkMuxerOptions(options, muxerOptionNames);
    return Session.openSync("Muxer", (session) => Muxer.#open(session, sink, checked));
  }

  /**
   * Asynchronous version of {@linkcode Muxer.openSync}. Callbacks may return promises; the sink may also be a WritableStream.
   *
   * @param sink The sink to write.
   * @param options How to write it.
   * @returns The open output; rejects with what `openSync` throws.
   */
  static async open(sink: Sink, options?: MuxerOptions): Promise<Muxer> {
    const checked = checkMuxerOptions(options, muxerOptionNames);
    const letGo = hold([sink]);
    try {
      return await Session.open("Muxer", checked, (session) => Muxer.#open(session, sink, checked));
    } finally {
      letGo();
    }
  }

  static *#open(session: Session, sink: Sink, options: MuxerOptions): Operation<Muxer> {
    const output = yield* chooseOutput(session, sink, options);
    return new Muxer(session, yield* openOutputSink(session, sink, output, options), options);
  }

  /** The container's format. */
  get format(): FormatInfo {
    return this.#description.format;
  }

  /** What the output can't hold of what the program set: tags, dispositions and chapters. */
  get warnings(): readonly Warning[] {
    return this.#session.allWarnings();
  }

  /** The streams added so far, with the muxer's own time bases once the header has been written. */
  get streams(): readonly Stream[] {
    return this.#description.streams.map((stream) => ({ ...stream, discard: false }));
  }

  /**
   * Adds a stream, like `avformat_new_stream`: a copy of `from` (with time base, metadata, disposition and side data of
   * a Demuxer's stream), or one with these parameters.
   *
   * @param from A stream, or codec parameters with at least `type` and `codec`.
   * @param init Settings of the new stream.
   * @returns Its index, for `packet.streamIndex`.
   * @throws {TypeError | RangeError} A parameter is unknown or wrong.
   * @throws {Error} The header has been written.
   */
  addStream(
    from: StreamLike | StreamParameters,
    init: StreamInit = {},
  ): number {
    this.#checkNotStarted(calls.addStream.phrase);
    checkObject(from, "from");
    const settings = checkStreamInit(init);
    return this.#session.callSync(calls.addStream, () => this.#addStream(from, settings));
  }

  /** Ogg stores the tags of the file in its streams, so tags from the options replace those of a copied stream. */
  #withTags({ fields }: CopiedStream, init: StreamInit): StreamInit {
    const { tags = {}, metadata = {} } = this.#options;
    const format = this.format.name;
    if (!isOgg(format) || init.metadata !== undefined) return init;
    const kept = withoutNames(fields.metadata, metadata);
    return { ...init, metadata: withTagValues(kept, tags, format) };
  }

  /** Streams, chapters and the like are part of the header, so they can only be added before it. */
  #checkNotStarted(phrase: string): void {
    this.#checkOpen(phrase);
    if (this.#isStarted) throw new Error(`Cannot ${phrase}: the header has been written`);
    if (this.#looked > 0 || this.#queue.early.length > 0) {
      throw new Error(`Cannot ${phrase}: a packet has been written`);
    }
  }

  /**
   * Adds a cover to mp3, aiff, flac, mp4 (also as "ipod", not fragmented), Matroska, or one to Ogg. Type and size are
   * detected from the data. Streams and covers may be added in any order; the picture is written with the header.
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
   * @param cover The picture; one returned by `probe` works, too.
   * @throws {TypeError} The picture's type is unknown.
   * @throws {Error} The format can't store it, or the header has been written.
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
    this.#describeAdded();
    const { data } = checked.cover;
    this.#covers.push(new Packet({ streamIndex, data, pts: 0, dts: 0, isKey: true }));
  }

  #addTagCover(tag: Record<string, string>): void {
    setMetadata(this.#session, Object.entries(tag));
    this.#hasTagCover = true;
  }

  /**
   * Attaches a file to the output, such as a font for its subtitles; Matroska only.
   *
   * @param attachment The file, its name and type.
   * @returns The index of its stream.
   * @throws {TypeError} A field is missing or of the wrong type.
   * @throws {Error} The format can't store it, or the header has been written.
   */
  addAttachment(attachment: AttachmentInit): number {
    this.#checkNotStarted("add attachment");
    const { parameters, init } = attachmentStream(attachment, "attachment");
    if (this.format.name !== "matroska") {
      throw new Error(`Cannot add attachment: ${this.format.name} can't store attachments`);
    }
    return this.addStream(parameters, init);
  }

  /**
   * Adds chapters to those of the options.
   *
   * @param chapters Chapters with times in seconds.
   * @throws {TypeError | RangeError} A field is wrong.
   * @throws {Error} The header has been written.
   */
  addChapters(chapters: readonly Chapter[]): void {
    this.#checkNotStarted("add chapters");
    const checked = checkChapters(chapters, "chapters");
    this.#session.callSync(calls.addStream, () => this.#addChapters(checked));
  }

  // deno-lint-ignore require-yield
  *#addChapters(chapters: readonly Chapter[]): Operation<void> {
    const { options } = this.#options;
    addChapters(this.#session, chapters, { format: this.format.name, options }, { isSet: true });
  }

  // deno-lint-ignore require-yield
  *#addStream(from: StreamLike | StreamParameters, init: StreamInit): Operation<number> {
    const copied = "codecParameters" in from ? copiedOf(from) : undefined;
    const index = copied
      ? addStreamLike(this.#session, copied.fields, this.#withTags(copied, init))
      : addStreamOf(this.#session, from, init);
    this.#describeAdded();
    this.#warnOf(index, copied, init);
    return index;
  }

  /** Warns about what of a stream is left out: not of what a source has, but of what the program made, also in `from`. */
  #warnOf(index: number, copied: CopiedStream | undefined, init: StreamInit): void {
    const { url, options } = this.#options;
    const { streams } = this.#description, added = streams[index]!;
    const { fields = NO_LABELS, had = NO_LABELS } = copied ?? {};
    const isMade = had.disposition.join() !== fields.disposition.join();
    const set = {
      metadata: init.metadata ?? fields.metadata,
      disposition: init.disposition ?? (isMade ? fields.disposition : undefined),
    };
    warnOfStream(this.#session, { format: this.format.name, url, options }, set, {
      ...added,
      from: had,
      isFirst: streams.find(({ type }) => type === added.type) === added,
      stream: index,
    });
  }

  /** The streams before don't change; all of a thousand, described again for each that is added, took seconds. */
  #describeAdded(): void {
    const { streams } = this.#description;
    for (const stream of describeOutput(this.#session, streams.length).streams) streams.push(stream);
  }

  /**
   * Writes the header, like `avformat_write_header`. If this is not called, the first write does it; or a later one, if
   * the format needs extradata of H.264, HEVC, AV1 or AAC in its header that must be taken from the first packets of
   * these streams (Annex B, ADTS).
   *
   * @throws {AVError} The format can't hold a stream, or needs a seekable sink.
   * @throws {TypeError} An option is unknown to the format.
   * @throws Exceptions of the sink's callbacks, as do the other writing methods.
   */
  startSync(): void {
    this.#checkOpen(calls.header.phrase);
    this.#session.callSync(calls.header, () => this.#start());
  }

  /** Asynchronous version of {@linkcode Muxer.startSync}. */
  async start(): Promise<void> {
    this.#checkOpen(calls.header.phrase);
    await this.#session.call(() => this.#start());
  }

  /** Writes the header and waiting packets. After a failed header the muxer is unusable. */
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
   * Writes a packet, like `av_interleaved_write_frame`. Packets of several streams are interleaved by dts; timestamps
   * are rescaled from `packet.timeBase`.
   *
   * @param packet A Packet, or any object with a packet's fields.
   * @throws {AVError} The muxer refuses it, because its dts doesn't increase or is after its pts (`remux` corrects
   * both, with a warning), or because the sink would have to seek and can't. The muxer continues without it.
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
   * Asynchronous version of {@linkcode Muxer.writeSync}. The packet is copied at once. The promise resolves when there
   * is room for more, so await it for backpressure. A refused packet or a failing sink ends the Muxer: every later call
   * throws that error, including `finish()`.
   *
   * @param packet A Packet, or any object with a packet's fields.
   */
  async write(packet: PacketInit): Promise<void> {
    this.#accept(this.#checkWritable(packet));
    if (!this.#writing) {
      this.#writing = this.#session.call(() => this.#writeQueue());
      this.#writing.then(() => this.#writing = null, () => {}); // its error is thrown by the next call
    }
    if (this.#queue.bytes >= MAX_QUEUED) await this.#writing;
  }

  /** Copies a packet that waits for the header, since the program may change its bytes meanwhile. */
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
    this.#session.checkOpen(calls.write.phrase); // a getter of the packet may have closed it
    if (checked.streamIndex < this.#description.streams.length) return checked;
    throw argumentError(RangeError, "packet.streamIndex", `there is no stream ${checked.streamIndex}`);
  }

  *#writeQueue(): Operation<void> {
    this.#session.checkOpen(calls.write.phrase);
    if (this.#isStarted) yield* this.#drain();
    else if (!this.#mustWait()) yield* this.#start();
  }

  /**
   * Writes accepted packets. In the async API a refused packet ends the Muxer, since its `write()` has already
   * returned.
   */
  *#drain(): Operation<void> {
    try {
      if (this.#queue.isEarly) this.#queue.open();
      yield* this.#queue.write();
    } catch (error) {
      throw (yield* canWait()) ? this.#session.fail(error) : error;
    }
  }

  /** Streams whose first packet the header waits for; null before the first packet. */
  #unseen: Set<number> | null = null;
  /** Number of queued packets examined for that. */
  #looked = 0;

  /** Whether the header must wait for further packets. */
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
   * Writes packets that wait for interleaving, and the I/O buffer; ends an mp4 fragment or a Matroska cluster. Called
   * before a key frame, it makes that frame begin a "sync" chunk, even if the cluster is small.
   */
  flushSync(): void {
    this.#checkOpen(calls.flush.phrase);
    this.#session.callSync(calls.flush, () => this.#flush());
  }

  /** Asynchronous version of {@linkcode Muxer.flushSync}. */
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
   * Writes the trailer, like `av_write_trailer`, flushes, reports pending errors, and closes. Without it the end of the
   * output is missing.
   */
  finishSync(): void {
    this.#checkOpen(calls.trailer.phrase);
    this.#session.callSync(calls.trailer, () => this.#finish());
  }

  /**
   * Asynchronous version of {@linkcode Muxer.finishSync}. Writes all accepted packets first, and closes a
   * WritableStream.
   */
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
    if (this.#isFinishing) throw new ClosedError(`Cannot ${phrase}: the Muxer is finishing`);
  }

  /** Frees everything and discards unwritten data. After `finishSync()` it does nothing. */
  [Symbol.dispose](): void {
    this.#session.close();
  }

  /** Like `Symbol.dispose`, and waits until it is done. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.#session.closeAsync();
  }
}
