/**
 * remux: packets from a source to a sink in another container, without leaving C.
 */
import { library } from "../ffi/library.ts";
import { canWait, type Operation, promised, runSync } from "../ffi/operation.ts";
import { check } from "../ffi/errors.ts";
import { Session } from "../ffi/session.ts";
import { Direction, operations, Slot } from "../ffi/symbols.ts";
import { MemorySink } from "../io/memory_sink.ts";
import { type Sink, sinkUrl } from "../io/sink.ts";
import { pathOf } from "../io/file.ts";
import { isHttp } from "../io/http.ts";
import type { Source } from "../io/source.ts";
import { type DemuxerOptions, openInput } from "./demuxer.ts";
import {
  addChapter,
  addStreamLike,
  checkChapter,
  makeOutput,
  type MuxerOptions,
  openOutputSink,
  writeHeader,
} from "./muxer.ts";
import {
  checkArray,
  checkFunction,
  checkInteger,
  checkNumber,
  checkStrings,
  optional,
} from "../io/arguments.ts";
import { type MaybePromise, settled } from "../ffi/device.ts";
import { checkPacket, type Packet, PacketBatch, putPacket } from "./packet.ts";
import { checkOptions } from "./options.ts";
import { type Chapter, DemuxerStream, describe, type Description, type Stream } from "./stream.ts";

/** How far a remux has got. */
export interface RemuxProgress {
  /** Packets written. */
  packets: number;
  /** Bytes read from the source. */
  bytesRead: number;
  /** Bytes written to the sink. */
  bytesWritten: number;
  /** Seconds of the output. */
  time: number;
  /** Seconds that there will be, null where unknown. */
  duration: number | null;
}

/** Options of {@linkcode remuxSync}. */
export interface RemuxOptions extends MuxerOptions {
  /** Options of the input. */
  input?: DemuxerOptions;
  /** Which streams to keep; with whether the output format can hold it. @default all that it can hold */
  streams?: (stream: Stream, canHold: boolean) => boolean;
  /** Bitstream filters for a stream that is kept; see `StreamInit`. */
  bitstreamFilter?: (stream: Omit<Stream, "discard">) => string | null | undefined;
  /** Seconds; the output begins with the last key frame at or before it, and its time with 0. */
  start?: number;
  /** Seconds; packets from there on are left out. */
  end?: number;
  /**
   * Called with each packet that is kept, of the input's streams and in their time bases; what it answers is written
   * instead of it, null leaves it out. Without it no packet comes to JavaScript.
   */
  transform?: (packet: Packet) => MaybePromise<Packet | null>;
  /** Called some ten times a second, and at the end. What it throws ends the remux. */
  onprogress?: (progress: RemuxProgress) => void;
}

/** What a remux has done. */
export interface RemuxResult {
  /** Packets written. */
  packets: number;
  /** Bytes of the output. */
  bytesWritten: number;
  /** Seconds of the input that the output begins with: the key frame at or before `start`, 0 without one. */
  start: number;
  /** Seconds of the output, null where no packet had a time. */
  duration: number | null;
  /** Streams of the input that are not in the output. */
  skippedStreams: number[];
}

const PROGRESS_INTERVAL = 100; // milliseconds

/** Tags that tell of the container that was, not of the media. */
const CONTAINER_TAGS = new Set(["major_brand", "minor_version", "compatible_brands", "encoder"]);

/** A part of the input, in seconds. */
interface Range {
  start: number | undefined;
  end: number | undefined;
}

function rangeOf(options: RemuxOptions): Range {
  const start = optional(checkNumber, options.start, "start", 0);
  const end = optional(checkNumber, options.end, "end", 0);
  if (start !== undefined && end !== undefined && end <= start) {
    throw new RangeError(`end: must be after start (${start}), is ${end}`);
  }
  return { start, end };
}

function* remuxOperation(source: Source, sink: Sink, options: RemuxOptions): Operation<RemuxResult> {
  const range = rangeOf(options);
  optional(checkFunction, options.streams, "streams");
  optional(checkFunction, options.onprogress, "onprogress");
  optional(checkFunction, options.bitstreamFilter, "bitstreamFilter");
  optional(checkFunction, options.transform, "transform");
  checkStrings(options.metadata ?? {}, "metadata");
  if (options.chapters !== undefined) checkArray(options.chapters, "chapters");
  checkNotTheSame(source, sink);
  const session = new Session();
  try {
    return yield* session.guard(options, () => remuxIn(session, source, sink, options, range));
  } catch (error) {
    if (sink instanceof WritableStream) yield* abortUnused(sink, error);
    throw error;
  }
}

/** A stream that was not written to learns of the failure too, as by `pipeTo`. */
function* abortUnused(sink: WritableStream, error: unknown): Operation<void> {
  if (!sink.locked && (yield* canWait())) sink.abort(error).catch(() => {});
}

function* remuxIn(
  session: Session,
  source: Source,
  sink: Sink,
  options: RemuxOptions,
  range: Range,
): Operation<RemuxResult> {
  // What a sink's callbacks do to the bytes of the source must not be done while they are lent to native code.
  const lend = sink instanceof MemorySink && !options.ondelete && !options.transform;
  const inputOptions = checkOptions(options.input, "input");
  const { onopen = options.onopen } = inputOptions;
  yield* openInput(session, source, { ...inputOptions, ...(onopen ? { onopen } : {}) }, lend);
  const input = describe(session, Direction.INPUT);
  const made = yield* makeOutput(session, sink, {
    ...options,
    metadata: metadataOf(input, options),
    chapters: [],
  });
  const skippedStreams = mapStreams(session, input, options);
  const start = yield* cutTo(session, range, input.startTime ?? 0);
  const chapters = options.chapters?.map(checkChapter) ?? cutChapters(input.chapters, start, range.end);
  for (const chapter of chapters) addChapter(session, chapter);
  const output = yield* openOutputSink(session, sink, made, options, onopen);
  yield* writeHeader(session, output, options, describe(session, Direction.OUTPUT).format.name);
  if (options.transform) transformWith(session, input.streams.length, options.transform);
  const { packets, time } = yield* loop(session, durationOf(input, range), options.onprogress);
  yield* session.run(operations.trailer);
  const bytesWritten = session.slot[Slot.WRITTEN]!;
  if (output.finish) yield* output.finish();
  yield* session.finish();
  return { packets, bytesWritten, start, duration: Number.isNaN(time) ? null : time, skippedStreams };
}

/** A file that is written over while it is read is lost. */
function checkNotTheSame(source: Source, sink: Sink): void {
  const isPath = (place: unknown) => (typeof place === "string" || place instanceof URL) && !isHttp(place);
  if (isPath(source) && isPath(sink) && isSameFile(pathOf(source as string, "source"), sinkUrl(sink))) {
    throw new TypeError("sink: is the source, which it would overwrite");
  }
}

function isSameFile(a: string, b: string): boolean {
  if (a === b) return true;
  try {
    return Deno.realPathSync(a) === Deno.realPathSync(b);
  } catch {
    return false; // not there yet, or not to be asked about
  }
}

function metadataOf(input: Description, options: RemuxOptions): Record<string, string> {
  const kept = Object.entries(input.metadata).filter(([name]) => !CONTAINER_TAGS.has(name.toLowerCase()));
  return { ...Object.fromEntries(kept), ...options.metadata };
}

/** Adds the chosen streams to the output; the ones left out. */
function mapStreams(session: Session, input: Description, options: RemuxOptions): number[] {
  const skipped: number[] = [];
  for (const stream of input.streams) {
    if (!isWanted(session, stream, options)) {
      skipped.push(stream.index);
      continue;
    }
    const filter = options.bitstreamFilter?.(stream);
    const index = addStreamLike(session, stream, filter ? { bitstreamFilter: filter } : {});
    check(library().avs_map_stream(session.handle, stream.index, index), "map stream");
  }
  if (skipped.length === input.streams.length) {
    throw new TypeError(
      "streams: none is left to write" + (options.streams ? "" : ": the output format holds none"),
    );
  }
  return skipped;
}

function isWanted(session: Session, stream: Omit<Stream, "discard">, options: RemuxOptions): boolean {
  const canHold = check(library().avs_can_hold(session.handle, stream.index), "ask the output format") === 1;
  return options.streams ? options.streams(new DemuxerStream(session, stream), canHold) : canHold;
}

/**
 * Goes to the key frame that the range begins with; its seconds. The range counts from the beginning of the media, its timestamps
 * may not.
 */
function* cutTo(session: Session, { start, end }: Range, origin: number): Operation<number> {
  const native = [start, end].map((time) => time === undefined ? NaN : time + origin) as [number, number];
  check(library().avs_set_range(session.handle, ...native), "set range");
  if (start === undefined) return 0;
  yield* session.run(operations.cut);
  const found = session.slot[1]!;
  return Number.isNaN(found) ? start : found - origin;
}

/** The chapters inside the range, with the times they have in an output that begins with `start`. */
function cutChapters(chapters: readonly Chapter[], start: number, end = Infinity): Chapter[] {
  return chapters.filter((chapter) => chapter.end > start && chapter.start < end).map((chapter) => ({
    ...chapter,
    start: Math.max(chapter.start, start) - start,
    end: Math.min(chapter.end, end) - start,
  }));
}

function transformWith(
  session: Session,
  streams: number,
  transform: NonNullable<RemuxOptions["transform"]>,
): void {
  const timeBaseOf = (_stream: number, num: number, den: number) => ({ num, den });
  session.setTransformer(function* () {
    const batch = PacketBatch.take(session);
    for (let packet; (packet = batch?.next(timeBaseOf) ?? null);) {
      const result = yield* settled(transform(packet));
      if (result === null || result === undefined) continue;
      checkPacket(result);
      checkInteger(result.streamIndex, "packet.streamIndex", 0, streams - 1);
      putPacket(session, result);
    }
  });
}

function durationOf(input: Description, { start = 0, end = Infinity }: Range): number | null {
  const last = Math.min(end, input.duration ?? Infinity);
  return Number.isFinite(last) ? Math.max(0, last - start) : null;
}

function* loop(
  session: Session,
  duration: number | null,
  onprogress: RemuxOptions["onprogress"],
): Operation<{ packets: number; time: number }> {
  while (true) {
    session.slot.set([0, Infinity, onprogress ? PROGRESS_INTERVAL : 0]);
    yield* session.run(operations.remux);
    const [, ended, packets, time, bytesRead] = session.slot as unknown as [
      number,
      number,
      number,
      number,
      number,
    ];
    const bytesWritten = session.slot[Slot.WRITTEN]!;
    onprogress?.({ packets, bytesRead, bytesWritten, time: Number.isNaN(time) ? 0 : time, duration });
    if (ended) return { packets, time };
  }
}

/**
 * Writes the packets of a source to a sink in another container, without decoding. Timestamps that are missing or
 * don't grow are mended; metadata, chapters, dispositions and side data are kept.
 *
 * ```ts
 * import { MemorySink, remuxSync } from "@avio/avio";
 *
 * const sink = new MemorySink();
 * const result = remuxSync("fixtures/video.mp4", sink, { format: "matroska" });
 * console.log(result.packets, sink.size);
 * ```
 *
 * @throws {AVError} FFmpeg can't read the source, or the output format can't hold the streams.
 * @throws {TypeError | RangeError} An argument is wrong.
 * @throws Whatever callbacks of the source, the sink or `onprogress` threw.
 */
export function remuxSync(source: Source, sink: Sink, options?: RemuxOptions): RemuxResult {
  return runSync(remuxOperation(source, sink, checkOptions(options)));
}

/** As {@linkcode remuxSync}; callbacks may answer promises, streams, Blobs and URLs are sources, streams are sinks. */
export function remux(source: Source, sink: Sink, options?: RemuxOptions): Promise<RemuxResult> {
  return promised(() => remuxOperation(source, sink, checkOptions(options)));
}
