/**
 * What remux, concat and split have in common: packets from sources, one after the other, to sinks, one after the other,
 * in one session and without leaving C. `remux` has one of each.
 */
import { check } from "../ffi/errors.ts";
import { library } from "../ffi/library.ts";
import { call, canWait, type MaybePromise, type Operation } from "../ffi/operation.ts";
import { Session } from "../ffi/session.ts";
import {
  Direction,
  type OperationCode,
  operations,
  RemuxState,
  Route,
  SetWhat,
  Slot,
} from "../ffi/symbols.ts";
import {
  checkArray,
  checkFunction,
  checkInteger,
  checkNumber,
  checkStrings,
  optional,
} from "../io/arguments.ts";
import type { Attachment } from "../io/attachment.ts";
import { pathOf } from "../io/file.ts";
import { httpOrigin, isHttp } from "../io/http.ts";
import { MemorySink } from "../io/memory_sink.ts";
import { Scope } from "../io/nested.ts";
import { type Sink, sinkUrl } from "../io/sink.ts";
import type { Source } from "../io/source.ts";
import { openInput } from "./demuxer.ts";
import { checkSelection, choose, type Chosen, editTags, initOf } from "./edits.ts";
import { addChapter, addStreamLike, checkChapter, makeOutput, openOutputSink, writeHeader } from "./muxer.ts";
import { checkOptions } from "./options.ts";
import { checkPacket, PacketBatch, putPacket } from "./packet.ts";
import { ProgressMeter } from "./progress.ts";
import type { RemuxedStream, RemuxOptions } from "./remux.ts";
import { checkSameStreams, isLasting } from "./same_streams.ts";
import { type Chapter, DemuxerStream, describe, type Description } from "./stream.ts";

/** From where to where. */
export interface Plan {
  /** Joined, where there are several. */
  sources: readonly Source[];
  /** Null: there are several, asked of `split`. */
  sink: Sink | null;
  split?: Split;
}

/** Several outputs. */
interface Split {
  /** Seconds after which a new one begins, with the next key frame. */
  every: number;
  resetTimestamps: boolean;
  onsegment: (index: number) => MaybePromise<Sink>;
}

/** One output, when it is done. */
export interface Part {
  /** Seconds of the input. */
  start: number;
  /** Seconds of the input. */
  end: number;
  packets: number;
  bytesWritten: number;
  duration: number | null;
  streams: RemuxedStream[];
}

/** What was done. */
export interface Transferred {
  parts: Part[];
  skippedStreams: number[];
}

const PROGRESS_INTERVAL = 100; // milliseconds

/** Tags that tell of the container that was, not of the media. */
const CONTAINER_TAGS = new Set(["major_brand", "minor_version", "compatible_brands", "encoder"]);

/** A part of the joined sources, in seconds. */
interface Range {
  start: number | undefined;
  end: number | undefined;
}

/** Runs the plan. */
export function* transfer(plan: Plan, options: RemuxOptions): Operation<Transferred> {
  const range = rangeOf(options);
  optional(checkSelection, options.streams, "streams");
  optional(checkFunction, options.onprogress, "onprogress");
  optional(checkFunction, options.bitstreamFilter, "bitstreamFilter");
  optional(checkFunction, options.transform, "transform");
  optional(checkFunction, options.editMetadata, "editMetadata");
  optional(checkFunction, options.editChapters, "editChapters");
  const { metadata = {} } = options;
  checkStrings(metadata, "metadata");
  optional(checkArray<Chapter>, options.chapters, "chapters");
  checkOptions(options.input, "input");
  if (plan.sink !== null) checkNotASource(plan.sources, plan.sink);
  const session = new Session();
  const transfer = new Transfer(session, plan, options, range);
  try {
    const result = yield* session.guard(options, () => transfer.run());
    yield* cancelUnused(plan.sources.slice(transfer.opened));
    return result;
  } catch (error) {
    if (transfer.sink instanceof WritableStream) yield* abortUnused(transfer.sink, error);
    yield* cancelUnused(plan.sources.slice(transfer.opened), error);
    throw error;
  }
}

function rangeOf(options: RemuxOptions): Range {
  const start = optional(checkNumber, options.start, "start", 0);
  const end = optional(checkNumber, options.end, "end", 0);
  if (end !== undefined && end <= (start ?? 0)) {
    throw new RangeError(`end: must be after start (${start ?? 0}), is ${end}`);
  }
  return { start, end };
}

/** A stream that was not written to learns of the failure too, as by `pipeTo`. */
function* abortUnused(sink: WritableStream, error: unknown): Operation<void> {
  if (!sink.locked && (yield* canWait())) sink.abort(error).catch(() => {});
}

/** Nor are streams left open whose turn did not come. */
function* cancelUnused(sources: readonly Source[], reason?: unknown): Operation<void> {
  if (!(yield* canWait())) return;
  for (const source of sources) {
    const stream = source instanceof Response ? source.body : source;
    if (stream instanceof ReadableStream && !stream.locked) stream.cancel(reason).catch(() => {});
  }
}

/** A file that is written over while it is read is lost. */
function checkNotASource(sources: readonly Source[], sink: Sink): void {
  const isPath = (place: unknown) => (typeof place === "string" || place instanceof URL) && !isHttp(place);
  if (!isPath(sink)) return;
  const isIt = (source: Source) => isSameFile(pathOf(source as string, "source"), sinkUrl(sink));
  if (sources.filter(isPath).some(isIt)) {
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

/** An output that is being written. */
interface Output {
  attachment: Attachment;
  /** What it has opened; null: the session itself. */
  scope: Scope | null;
  /** Seconds of the input. */
  start: number;
}

class Transfer {
  /** That is being written. */
  sink: Sink | null;
  /** How many of the sources it has turned to. */
  opened = 0;
  #session: Session;
  #plan: Plan;
  #options: RemuxOptions;
  #range: Range;
  #meter: ProgressMeter;
  #input!: Description;
  /** Streams of the first source. */
  #streams: Description["streams"] = [];
  /** Those that are kept, in the order of the output; null before the first output. */
  #chosen: Chosen[] | null = null;
  #output: Output | null = null;
  #format = "";
  #parts: Part[] = [];
  /** Seconds of the joined sources before this one. */
  #joined = 0;
  /** Seconds that are taken from the times of this one. */
  #shifted = 0;
  #counted = { packets: 0, bytesRead: 0 };
  /** Bytes of the outputs before this one. */
  #written = 0;

  constructor(session: Session, plan: Plan, options: RemuxOptions, range: Range) {
    this.sink = plan.sink;
    this.#session = session;
    this.#plan = plan;
    this.#options = options;
    this.#range = range;
    this.#meter = new ProgressMeter(options.onprogress);
  }

  *run(): Operation<Transferred> {
    const { sources } = this.#plan;
    for (const [index, source] of sources.entries()) {
      if (index > 0 && this.#joined >= (this.#range.end ?? Infinity)) break;
      const isLast = index === sources.length - 1;
      const close = yield* this.#openSource(source, index);
      if (isLast || !this.#isBeforeStart()) yield* this.#write(index);
      else this.#joined += this.#input.duration!;
      if (close && !isLast) yield* close();
    }
    yield* this.#endOutput(this.#joined);
    this.#tell(0, true);
    yield* this.#session.finish();
    const kept = new Set(this.#chosen!.map(({ stream }) => stream.index));
    const skippedStreams = this.#streams.map(({ index }) => index).filter((index) => !kept.has(index));
    return { parts: this.#parts, skippedStreams };
  }

  // ---------------------------------------------------------------------------------------- sources

  /** Opens a source; how to close it, where it is not the only one. */
  *#openSource(source: Source, index: number): Operation<(() => Operation<void>) | null> {
    const { input = {}, onopen: openOutput, transform, ondelete } = this.#options;
    const { onopen = openOutput } = input;
    const scope = this.#plan.sources.length > 1 ? new Scope(this.#session) : null;
    this.opened++;
    const attachment = yield* openInput(this.#session, source, { ...input, ...(onopen ? { onopen } : {}) }, {
      // What callbacks do to the bytes of the source must not be done while they are lent to native code.
      lend: this.#plan.sink instanceof MemorySink && !ondelete && !transform,
      host: scope ?? this.#session,
      nested: index === 0,
    });
    this.#input = withSongTags(describe(this.#session, Direction.INPUT));
    if (index === 0) this.#streams = this.#input.streams;
    return scope && (() => this.#close(operations.closeInput, attachment, scope));
  }

  *#close(operation: OperationCode, attachment: Attachment, scope: Scope): Operation<void> {
    yield* this.#session.run(operation);
    yield* scope.close(attachment);
    this.#session.closeIO(attachment.io);
  }

  /** Where its own times begin, in seconds. */
  get #origin(): number {
    return this.#input.startTime ?? 0;
  }

  /** Nothing of the source is wanted. */
  #isBeforeStart(): boolean {
    const { start = 0 } = this.#range;
    const { duration } = this.#input;
    return !this.#output && duration !== null && start > 0 && start >= this.#joined + duration;
  }

  /** All that is wanted of the source, to one output or to several. */
  *#write(index: number): Operation<void> {
    if (this.#output) this.#continue(index);
    else yield* this.#begin();
    const { every = Infinity, resetTimestamps = false } = this.#plan.split ?? {};
    const beginning = this.#output!.start;
    for (let start = beginning;;) {
      const pieces = Math.floor((start - beginning) / every + 1e-9) + 1;
      const brokenAt = yield* this.#copy(beginning + pieces * every + this.#origin);
      if (brokenAt === null) break;
      start = brokenAt - this.#origin;
      yield* this.#endOutput(start);
      yield* this.#makeOutput();
      if (resetTimestamps) this.#shift(brokenAt, NaN);
      yield* this.#openOutput(start, []);
    }
    const { last } = this.#seconds();
    this.#joined += last === null ? this.#input.duration ?? 0 : last + this.#shifted - this.#origin;
  }

  /** The first output, with the first source that is wanted. */
  *#begin(): Operation<void> {
    yield* this.#makeOutput();
    this.#setRange();
    const start = yield* this.#cut();
    const end = (this.#range.end ?? Infinity) - this.#joined;
    if (this.#options.transform) this.#transformWith(this.#options.transform);
    yield* this.#openOutput(this.#joined + start, cutChapters(this.#input.chapters, start, end));
  }

  /**
   * A source behind another: its times go on where the other's have ended, so that no stream overlaps with itself and one
   * at least has no gap. What `split` has taken apart is so joined as it was.
   */
  #continue(index: number): void {
    checkSameStreams(this.#chosen!, this.#input.streams, index, this.#format);
    this.#setRange();
    const shifts = this.#chosen!.flatMap(({ stream }) => {
      const { startTime = null, disposition = [] } = this.#input.streams[stream.index] ?? {};
      const lasts = isLasting(stream) && !disposition.includes("attached_pic");
      const last = this.#route(stream.index)[Route.LAST]!;
      return lasts && !Number.isNaN(last) ? [(startTime ?? this.#origin) - last] : [];
    });
    const shift = shifts.length > 0 ? Math.min(...shifts) : this.#origin - (this.#seconds().last ?? 0);
    this.#shift(shift, this.#origin);
  }

  #shift(seconds: number, least: number): void {
    check(library().avs_set_shift(this.#session.handle, seconds, least), "set shift");
    this.#shifted = seconds;
  }

  /** The range counts from the beginning of the media, its timestamps may not. */
  #setRange(): void {
    const { start, end } = this.#range;
    const timestamp = (time: number | undefined) =>
      time === undefined ? NaN : Math.max(0, time - this.#joined) + this.#origin;
    check(library().avs_set_range(this.#session.handle, timestamp(start), timestamp(end)), "set range");
  }

  /** Goes to the key frame that the range begins with; its seconds in the source. */
  *#cut(): Operation<number> {
    const { start } = this.#range;
    if (start === undefined) return 0;
    yield* this.#session.run(operations.cut);
    const { 1: found, 2: isPastEnd } = this.#session.slot as unknown as [number, number, number];
    if (isPastEnd) {
      const end = this.#joined + this.#input.duration!;
      throw new RangeError(`start: must be before the end of the media (${end}), is ${start}`);
    }
    if (Number.isNaN(found)) return start - this.#joined;
    this.#shifted = found;
    return found - this.#origin;
  }

  /** Packets, until there are no more: null; or until a key frame at or after this time: its time. */
  *#copy(until: number): Operation<number | null> {
    const { slot } = this.#session;
    while (true) {
      const interval = this.#meter.listens ? PROGRESS_INTERVAL : 0;
      slot.set([0, Infinity, interval, Number.isFinite(until) ? until : NaN]);
      yield* this.#session.run(operations.remux);
      const [, state, packets, seconds, bytesRead, brokenAt] = slot as unknown as number[];
      this.#counted = { packets: packets!, bytesRead: bytesRead! };
      if (state === RemuxState.END) return null;
      if (state === RemuxState.BREAK) return brokenAt!;
      this.#tell(seconds || 0);
    }
  }

  #transformWith(transform: NonNullable<RemuxOptions["transform"]>): void {
    const timeBaseOf = (_stream: number, num: number, den: number) => ({ num, den });
    const streams = this.#streams.length;
    const session = this.#session;
    session.setTransformer(function* () {
      const batch = PacketBatch.take(session);
      for (let packet; (packet = batch?.next(timeBaseOf) ?? null);) {
        const result = yield* call(() => transform(packet), "transform");
        if (result === null || result === undefined) continue;
        checkPacket(result);
        checkInteger(result.streamIndex, "packet.streamIndex", 0, streams - 1);
        putPacket(session, result);
      }
    });
  }

  // ---------------------------------------------------------------------------------------- outputs

  /** The next output with its streams; nothing of the sink is touched. */
  *#makeOutput(): Operation<void> {
    const { split, sources } = this.#plan;
    if (split) {
      this.sink = yield* this.#session.ask(() => split.onsegment(this.#parts.length), "onsegment");
      checkNotASource(sources, this.sink);
    }
    const options = { ...this.#options, metadata: this.#metadata(), chapters: [] };
    this.#made = yield* makeOutput(this.#session, this.sink!, options);
    this.#format = describe(this.#session, Direction.OUTPUT).format.name;
    this.#chosen ??= this.#choose();
    for (const chosen of this.#chosen) this.#map(chosen);
  }
  #made!: Parameters<typeof openOutputSink>[2];

  /** Opens the sink and writes the header. */
  *#openOutput(start: number, ofInput: Chapter[]): Operation<void> {
    const options = this.#options;
    const { chapters = ofInput, editChapters = (chapters) => chapters } = options;
    const edited = checkArray<Chapter>(editChapters(chapters), "editChapters");
    for (const chapter of edited.map(checkChapter)) addChapter(this.#session, chapter);
    const scope = this.#plan.split ? new Scope(this.#session) : null;
    const attachment = yield* openOutputSink(this.#session, this.sink!, this.#made, options, {
      host: scope ?? this.#session,
      input: { ...options.input, origin: httpOrigin(this.#plan.sources[0], options.input?.url) },
    });
    yield* writeHeader(this.#session, attachment, options, this.#format);
    this.#output = { attachment, scope, start };
  }

  /** `end`: seconds of the input. */
  *#endOutput(end: number): Operation<void> {
    const { attachment, scope, start } = this.#output!;
    yield* this.#session.run(operations.trailer);
    const written = this.#session.slot[Slot.WRITTEN]!;
    const { first, last } = this.#seconds();
    const streams = this.#chosen!.map(({ stream }, index) => this.#remuxed(index, stream.index));
    this.#parts.push({
      start,
      end,
      packets: streams.reduce((sum, { packets }) => sum + packets, 0),
      bytesWritten: written - this.#written,
      duration: last === null ? null : last - first!,
      streams,
    });
    this.#written = written;
    if (scope) yield* this.#close(operations.closeOutput, attachment, scope);
    else if (attachment.finish) yield* attachment.finish();
  }

  #metadata(): Record<string, string> {
    const { metadata = {}, editMetadata = (tags) => tags } = this.#options;
    const tags = Object.entries(this.#input.metadata).filter(([name]) =>
      !CONTAINER_TAGS.has(name.toLowerCase())
    );
    const merged = editTags(Object.fromEntries(tags), metadata, "metadata");
    return editTags(merged, editMetadata, "editMetadata");
  }

  #choose(): Chosen[] {
    const { streams: selection } = this.#options;
    const chosen = choose(
      this.#input.streams,
      typeof selection === "object" ? selection : (stream) => {
        const asked = library().avs_can_hold(this.#session.handle, stream.index);
        const canHold = check(asked, "ask the output format") === 1;
        return selection ? selection(new DemuxerStream(this.#session, stream), canHold) : canHold;
      },
    );
    if (chosen.length > 0) return chosen;
    throw new TypeError(
      "streams: none is left to write" + (selection ? "" : ": the output format holds none"),
    );
  }

  #map(chosen: Chosen): void {
    const { stream, edits: { tag } } = chosen;
    const filter = this.#options.bitstreamFilter?.(stream);
    const init = { ...initOf(chosen), ...(filter ? { bitstreamFilter: filter } : {}) };
    const index = addStreamLike(this.#session, stream, init);
    if (tag !== undefined) this.#session.set(SetWhat.STREAM, index, [["tag", tag]]);
    check(library().avs_map_stream(this.#session.handle, stream.index, index), "map stream");
  }

  // ---------------------------------------------------------------------------------------- counting

  /** What has gone the way of a stream of the input. */
  #route(inputIndex: number): Float64Array {
    const route = new Float64Array(Route.LENGTH);
    check(library().avs_route(this.#session.handle, inputIndex, route), "count packets");
    return route;
  }

  #remuxed(index: number, inputIndex: number): RemuxedStream {
    const route = this.#route(inputIndex);
    const duration = route[Route.LAST]! - route[Route.FIRST]!;
    return {
      index,
      inputIndex,
      packets: route[Route.PACKETS]!,
      bytes: route[Route.BYTES]!,
      duration: Number.isNaN(duration) ? null : duration,
    };
  }

  /** The output's seconds so far, null where no packet had a time. */
  #seconds(): { first: number | null; last: number | null } {
    const routes = this.#chosen!.map(({ stream }) => this.#route(stream.index));
    const timed = routes.filter((route) => !Number.isNaN(route[Route.LAST]!));
    if (timed.length === 0) return { first: null, last: null };
    return {
      first: Math.min(...timed.map((route) => route[Route.FIRST]!)),
      last: Math.max(...timed.map((route) => route[Route.LAST]!)),
    };
  }

  /** `seconds`: of the output that is being written. */
  #tell(seconds: number, isOver = false): void {
    const time = this.#parts.reduce((sum, { duration }) => sum + (duration ?? 0), seconds);
    const bytesWritten = isOver ? this.#written : this.#session.slot[Slot.WRITTEN]!;
    this.#meter.tell({ ...this.#counted, bytesWritten, time }, this.#duration, isOver);
  }

  /** Seconds that there will be; of several sources known with the last. */
  get #duration(): number | null {
    const { start = 0, end = Infinity } = this.#range;
    const last = Math.min(end, this.#plan.sources.length === 1 ? this.#input.duration ?? Infinity : Infinity);
    return Number.isFinite(last) ? Math.max(0, last - start) : null;
  }
}

/** Ogg has the tags of a song with its only stream, where most other formats would not have them. */
function withSongTags(input: Description): Description {
  const [only] = input.streams;
  if (input.format.name !== "ogg" || input.streams.length !== 1) return input;
  const { language, ...tags } = only!.metadata;
  const metadata: Record<string, string> = language === undefined ? {} : { language };
  return { ...input, metadata: { ...tags, ...input.metadata }, streams: [{ ...only!, metadata }] };
}

/** The chapters inside the range, with the times they have in an output that begins with `start`. */
function cutChapters(chapters: readonly Chapter[], start: number, end: number): Chapter[] {
  return chapters.filter((chapter) => chapter.end > start && chapter.start < end).map((chapter) => ({
    ...chapter,
    start: Math.max(chapter.start, start) - start,
    end: Math.min(chapter.end, end) - start,
  }));
}
