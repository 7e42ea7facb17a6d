/**
 * Muxer: an output that is open, its streams, writing packets. What the sink is made of is in `io/`.
 */
import { library } from "../ffi/library.ts";
import { type MaybePromise, type Operation, runSync, step } from "../ffi/operation.ts";
import { check } from "../ffi/errors.ts";
import { type Host, promised, Session } from "../ffi/session.ts";
import { Direction, operations, SetWhat } from "../ffi/symbols.ts";
import type { HttpOptions } from "../io/http.ts";
import { MemorySink } from "../io/memory_sink.ts";
import { allowNested, type Own, targetOf } from "../io/nested.ts";
import type { OpenCallback } from "../io/open_callback.ts";
import { openSink, type Sink, sinkUrl } from "../io/sink.ts";
import type { Attachment } from "../io/source.ts";
import type { FormatInfo } from "./formats.ts";
import { bufferSizeOf, checkAllUsed, checkOptions, type SessionOptions, setOptions } from "./options.ts";
import {
  checkArray,
  checkBoolean,
  checkFunction,
  checkInteger,
  checkNumber,
  checkObject,
  checkString,
  checkStrings,
  optional,
} from "../io/arguments.ts";
import { checkPacket, type Packet, putPacket } from "./packet.ts";
import { addStream, type Chapter, type CodecParameters, describe } from "./stream.ts";
import type { MediaType, Stream, StreamInit, StreamLike } from "./stream.ts";

/** Options of {@linkcode Muxer.openSync}. */
export interface MuxerOptions extends SessionOptions {
  /** Output format, by FFmpeg's name; taken from the sink's file name where there is one. */
  format?: string;
  /** Tags of the container: "title", ... */
  metadata?: Record<string, string>;
  /** Chapters, in seconds. */
  chapters?: Chapter[];
  /**
   * Gather small writes into chunks of about bufferSize. Off, for low latency: each packet reaches the sink at once, in a
   * fragment, cluster, page or PES packet of its own where the format has them; from when each stream has begun. What
   * still waits: of several streams the one that is ahead, until the others have come as far; the sound in Matroska and
   * WebM, for one packet; asf. @default {true}
   */
  coalesce?: boolean;
  /**
   * Asked to delete an old file by muxers that do so: hls with `delete_segments`, dash with `window_size` (embedded build
   * only); nothing is deleted without it.
   */
  ondelete?: (url: string) => MaybePromise<void>;
}

/**
 * Makes the session's output, of the format that the options or the sink's name say. Nothing of the sink is touched:
 * a file must not be truncated for a call that can't succeed.
 */
export function* makeOutput(session: Session, sink: Sink, options: MuxerOptions): Operation<Output> {
  const { format, url = sinkUrl(sink), metadata: tags = {}, chapters: marks = [] } = options;
  optional(checkString, format, "format");
  optional(checkBoolean, options.coalesce, "coalesce");
  optional(checkFunction, options.ondelete, "ondelete");
  const metadata = checkStrings(tags, "metadata");
  const chapters = checkArray(marks, "chapters").map(checkChapter);
  if (format === undefined && url === "") {
    throw new TypeError("format: must be given, the sink has no file name");
  }
  session.set(SetWhat.OUTPUT, 0, [
    ["url", url],
    ...(format === undefined ? [] : [["format", format] as const]),
  ]);
  yield* session.run(operations.openOutput);
  session.set(SetWhat.METADATA, 0, metadata);
  const output = { url, opensFiles: session.slot[1] === 1 };
  for (const chapter of chapters) addChapter(session, chapter);
  return output;
}

/** What a session's output is. */
interface Output {
  url: string;
  /** The muxer opens its files by itself, the sink's too. */
  opensFiles: boolean;
}

/** Bytes of packets that wait to be written at most, and what a packet counts beside its data. */
const QUEUE_BYTES = 1 << 20;
const QUEUE_OVERHEAD = 256;

/** Bytes of packets that wait for the header at most, which then does without what other streams would tell. */
const EARLY_BYTES = 16 << 20;

const NOTHING = new Uint8Array(0);

/** The packet with bytes that the caller can't change any more. */
function copyOf(packet: Packet): Packet {
  return { ...packet, data: packet.data.slice() } as Packet;
}

/** Where an output is opened. */
interface Opening {
  /** What its sink has opened goes with it, else with the session. */
  host?: Host;
  /** The session's input: what that opens goes on being asked of these. */
  input?: { onopen?: OpenCallback; http?: HttpOptions } | undefined;
}

/** Opens the sink for the session's output, or leaves it to the muxer to do so. */
export function* openOutputSink(
  session: Session,
  sink: Sink,
  { url, opensFiles }: Output,
  options: MuxerOptions,
  { host = session, input = {} }: Opening = {},
): Operation<Attachment> {
  const { coalesce = true, onopen, ondelete } = options;
  const { onopen: onopenInput = onopen, http } = input;
  const bufferSize = bufferSizeOf(options);
  const isKnown = opensFiles || !(sink instanceof MemorySink);
  const target = targetOf(sink);
  const own = isKnown ? { url, sink: target, isUsed: false } : undefined;
  allowNested(session, { onopen, onopenInput, ondelete, bufferSize, coalesce, http, own });
  if (!opensFiles) return yield* openSink(host, target, { bufferSize, coalesce });
  return { io: 0, url, finish: () => closeUnused(own!) };
}

/** Nobody else would close a stream that the muxer had no use for: whoever reads it waits for its end. */
function* closeUnused({ sink, isUsed }: Own): Operation<void> {
  if (!isUsed && sink instanceof WritableStream) yield* step(() => {}, () => sink.close());
}

/** Checks a chapter of the caller's. */
export function checkChapter(chapter: Chapter): Chapter {
  checkObject(chapter, "chapters");
  const { id = 0, metadata = {} } = chapter;
  checkInteger(id, "chapters.id");
  checkStrings(metadata, "chapters.metadata");
  const start = checkNumber(chapter.start, "chapters.start");
  const end = checkNumber(chapter.end, "chapters.end", start);
  return { id, start, end, metadata };
}

/** Adds a chapter to the session's output. */
export function addChapter(session: Session, { id, start, end, metadata }: Chapter): void {
  const index = check(library().avs_add_chapter(session.handle, id, start, end), "add chapter");
  session.set(SetWhat.CHAPTER_METADATA, index, Object.entries(metadata));
}

/** The settings that a stream like `from` starts with. */
function initLike(from: StreamLike): StreamInit {
  const { timeBase, metadata, disposition, id, sideData, averageFrameRate } = from;
  return { timeBase, metadata, disposition: [...disposition], id, sideData: [...sideData], averageFrameRate };
}

/** What avi and wav call the block of these is no packet's size, but muxers that are told of it write all packets so. */
const VARIES_ALL_THE_SAME = new Set(["mp3", "ac3"]);

/** Adds a stream like `from` to the session's output; its index. */
export function addStreamLike(
  session: Session,
  from: StreamLike,
  init: StreamInit = {},
): number {
  const { tag, ...parameters } = checkObject(from.codecParameters, "from.codecParameters");
  checkObject(init, "init");
  const blocks = VARIES_ALL_THE_SAME.has(parameters.codec) ? { blockAlign: 0 } : {};
  const index = addStream(session, { ...parameters, ...blocks }, { ...initLike(from), ...init });
  // The input's fourcc is kept where the output's format knows it for this codec.
  if (checkString(tag, "from.codecParameters.tag") !== "") {
    session.set(SetWhat.STREAM, index, [["sourceTag", tag]]);
  }
  return index;
}

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
  #description: ReturnType<typeof describe>;
  #stage: "adding streams" | "starting" | "writing" | "failed" | "finished" = "adding streams";

  private constructor(session: Session, attachment: Attachment, options: MuxerOptions) {
    this.#session = session;
    this.#attachment = attachment;
    this.#options = options;
    this.#description = describe(session, Direction.OUTPUT);
  }

  /**
   * Opens a sink (avformat_alloc_output_context2). Nothing is written yet.
   *
   * @throws {AVError} There is no such format.
   * @throws {TypeError} The sink or an option is of the wrong type, or there is nothing to take the format from.
   */
  static openSync(sink: Sink, options?: MuxerOptions): Muxer {
    return runSync(Muxer.#open(sink, checkOptions(options)));
  }

  /** As {@linkcode Muxer.openSync}; callbacks may answer promises, and a WritableStream is a sink too. */
  static open(sink: Sink, options?: MuxerOptions): Promise<Muxer> {
    return promised(() => Muxer.#open(sink, checkOptions(options)));
  }

  static *#open(sink: Sink, options: MuxerOptions): Operation<Muxer> {
    const session = new Session();
    return yield* session.guard(options, function* () {
      const output = yield* makeOutput(session, sink, options);
      return new Muxer(session, yield* openOutputSink(session, sink, output, options), options);
    });
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
    from: StreamLike | (Partial<CodecParameters> & { type: MediaType; codec: string }),
    init?: StreamInit,
  ): number {
    this.#checkOpen("add stream");
    if (this.#stage !== "adding streams") throw new Error("Cannot add stream: the header is written");
    if (this.#untold) throw new Error("Cannot add stream: a packet is written");
    checkObject(from, "from");
    if (init !== undefined) checkObject(init, "init");
    const index = "codecParameters" in from
      ? addStreamLike(this.#session, from, init)
      : addStream(this.#session, from, init === undefined ? {} : init);
    this.#description = describe(this.#session, Direction.OUTPUT);
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
    this.#session.runNow(operations.header, () => this.#start());
  }

  /** As {@linkcode Muxer.startSync}. */
  start(): Promise<void> {
    return this.#session.enqueue(() => this.#start());
  }

  *#start(): Operation<void> {
    this.#checkOpen("write header");
    if (this.#stage !== "adding streams") return;
    this.#stage = "starting";
    try {
      yield* writeHeader(this.#session, this.#attachment, this.#options, this.format.name);
    } catch (error) {
      this.#stage = "failed"; // a muxer without its header can do nothing more
      this.#session.fail(error);
      throw error;
    }
    this.#stage = "writing";
    this.#description = describe(this.#session, Direction.OUTPUT);
    yield* this.#put(this.#early.splice(0));
  }

  /**
   * Writes a packet. Packets of several streams are interleaved by dts, timestamps are rescaled from
   * `packet.timeBase`. `av_interleaved_write_frame`.
   *
   * @throws {AVError} The muxer refuses it: its dts does not grow, or the sink would have to seek and can't.
   * @throws {TypeError | RangeError} A field of the packet is wrong.
   */
  writeSync(packet: Packet): void {
    this.#checkWritable(packet);
    this.#session.runNow(operations.write, () => this.#write([packet]));
  }

  /**
   * As {@linkcode Muxer.writeSync}. The packet's bytes are copied at once; the promise is settled when there is room
   * for more, so awaiting it is the backpressure. Errors surface at the next call, and at `finish()`.
   */
  async write(packet: Packet): Promise<void> {
    this.#throwQueued();
    this.#checkWritable(packet);
    this.#queue.push(copyOf(packet));
    this.#queued += packet.data.byteLength + QUEUE_OVERHEAD;
    this.#writing ??= this.#session.enqueue(() => this.#writeQueue());
    if (this.#queued < QUEUE_BYTES) return;
    await this.#writing;
    this.#throwQueued();
  }

  #queue: Packet[] = [];
  #queued = 0;
  #writing: Promise<void> | null = null;
  #queueError: { error: unknown } | null = null;

  *#writeQueue(): Operation<void> {
    try {
      while (this.#queue.length > 0) {
        const packets = this.#queue;
        this.#queue = [];
        this.#queued = 0;
        yield* this.#write(packets);
      }
    } catch (error) {
      this.#queueError ??= { error };
    } finally {
      this.#writing = null;
    }
  }

  #throwQueued(): void {
    const failure = this.#queueError;
    this.#queueError = null;
    if (failure) throw failure.error;
  }

  #checkWritable(packet: Packet): void {
    this.#checkOpen("write packet");
    checkPacket(packet);
    if (packet.streamIndex >= this.#description.streams.length) {
      throw new RangeError(`packet.streamIndex: there is no stream ${packet.streamIndex}`);
    }
  }

  *#write(packets: readonly Packet[]): Operation<void> {
    this.#checkOpen("write packet");
    if (this.#stage === "adding streams") {
      if (this.#mustWait(packets)) return;
      yield* this.#start();
    }
    yield* this.#put(packets);
  }

  *#put(packets: readonly Packet[]): Operation<void> {
    if (packets.length === 0) return;
    for (const packet of packets) putPacket(this.#session, packet);
    yield* this.#session.run(operations.write);
  }

  /** Packets that were written before the header, which says what those of other streams will tell. */
  #early: Packet[] = [];
  #earlyBytes = 0;
  /** Streams whose first packet it waits for; null before the first one of all. */
  #untold: Set<number> | null = null;

  /** Whether the header has to wait for other packets than these, which are kept then. */
  #mustWait(packets: readonly Packet[]): boolean {
    const learn = (index: number, data: Uint8Array<ArrayBuffer>) =>
      check(library().avs_learn_stream(this.#session.handle, index, data, data.length), "learn of a stream");
    this.#untold ??= new Set(
      this.#description.streams.map(({ index }) => index).filter((index) => learn(index, NOTHING)),
    );
    for (const { streamIndex, data } of packets) {
      if (this.#untold.delete(streamIndex)) learn(streamIndex, data as Uint8Array<ArrayBuffer>);
    }
    if (this.#untold.size === 0 || this.#earlyBytes > EARLY_BYTES) return false;
    this.#early.push(...packets.map(copyOf));
    this.#earlyBytes += packets.reduce((sum, { data }) => sum + data.byteLength + QUEUE_OVERHEAD, 0);
    return true;
  }

  /**
   * Writes what waits to be interleaved, and what is in the I/O buffer; ends a fragment of mp4, a cluster of Matroska.
   * Before a key frame it sees to it that a "sync" chunk begins with it, however small the cluster.
   */
  flushSync(): void {
    this.#session.runNow(operations.flush, () => this.#flush());
  }

  /** As {@linkcode Muxer.flushSync}. */
  flush(): Promise<void> {
    return this.#session.enqueue(() => this.#flush());
  }

  *#flush(): Operation<void> {
    this.#throwQueued();
    this.#checkOpen("flush output");
    yield* this.#start();
    yield* this.#session.run(operations.flush);
  }

  /**
   * Trailer, flush, and every error not yet thrown; then closes. Disposing without it discards the output's end.
   * `av_write_trailer`.
   */
  finishSync(): void {
    this.#session.runNow(operations.trailer, () => this.#finish());
  }

  /** As {@linkcode Muxer.finishSync}; a WritableStream is closed. */
  finish(): Promise<void> {
    return this.#session.enqueue(() => this.#finish());
  }

  *#finish(): Operation<void> {
    if (this.#stage === "finished") this.#checkOpen("write trailer");
    try {
      this.#throwQueued();
      this.#checkOpen("write trailer");
      yield* this.#start();
      yield* this.#session.run(operations.trailer);
      if (this.#attachment.finish) yield* this.#attachment.finish();
    } catch (error) {
      this.#session.fail(error);
      throw error;
    } finally {
      this.#stage = "finished";
      yield* this.#session.finish();
    }
  }

  #checkOpen(doing: string): void {
    if (this.#stage === "finished") throw new Error(`Cannot ${doing}: the Muxer is finished or closed`);
    if (this.#stage === "failed") throw new Error(`Cannot ${doing}: the header could not be written`);
    this.#session.checkOpen(doing, "Muxer");
  }

  /** Frees everything, and discards what was not written yet; after `finishSync()`: does nothing. */
  [Symbol.dispose](): void {
    this.#stage = "finished";
    this.#session.close();
  }

  /** As `Symbol.dispose`, and waits until it is done. */
  [Symbol.asyncDispose](): Promise<void> {
    this.#stage = "finished";
    return this.#session.closeAsync();
  }
}

/** The header of the session's output, with the format's options. */
export function* writeHeader(
  session: Session,
  attachment: Attachment,
  options: SessionOptions,
  format: string,
): Operation<void> {
  setOptions(session, options);
  session.slot.set([0, attachment.io]);
  yield* session.run(operations.header);
  checkAllUsed(session, format);
}
