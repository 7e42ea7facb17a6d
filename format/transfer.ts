/**
 * Implements remux, concat and split: packets are copied within C, in one session, from one or more sources in sequence
 * to one or more sinks in sequence.
 */
import { argumentError, callbackError } from "../ffi/errors.ts";
import { closeInput } from "../ffi/input.ts";
import { call, type MaybePromise, type Operation } from "../ffi/operation.ts";
import * as output from "../ffi/output.ts";
import { PacketBatch, putPacket } from "../ffi/packets.ts";
import * as remuxing from "../ffi/remux.ts";
import type { Cleanup } from "../ffi/resource_scope.ts";
import { Session } from "../ffi/session.ts";
import { checkInteger } from "../io/arguments.ts";
import type { Attachment } from "../io/attachment.ts";
import { files } from "../io/files.ts";
import { MemorySink } from "../io/memory_sink.ts";
import { Scope } from "../io/nested.ts";
import { dropSink, dropSource, hold } from "../io/node_stream.ts";
import { PositionedSink } from "../io/positioned_sink.ts";
import { paths } from "../io/paths.ts";
import { type Sink, sinkUrl } from "../io/sink.ts";
import type { Source } from "../io/source.ts";
import { filesNamedBy, filesOf } from "../io/source_files.ts";
import { isResponse, isStream, isWritable } from "../io/stream.ts";
import { addStreamLike, type Extent } from "./add_stream.ts";
import { chapterLag, cutChapters, joinChapters, laterChapters, warnOfChapters } from "./chapters.ts";
import { isFragmented, isOgg, TagCover } from "./cover_place.ts";
import { choose, type Chosen, editTags, initOf } from "./edits.ts";
import { leavesOutEmpty } from "./empty_streams.ts";
import { versions } from "./formats.ts";
import { canHoldChapters } from "./holds.ts";
import { addedLike } from "./holds_added.ts";
import { warnOfStream } from "./holds_stream.ts";
import { type DemuxerOptions, openInput } from "./open_input.ts";
import {
  addChapters,
  checkChapters,
  chooseOutput,
  openOutputSink,
  type Output as ChosenOutput,
  type TagsToWrite,
  writeHeader,
} from "./open_output.ts";
import { optionPairs } from "./options.ts";
import { asPacket, numbersOf, packetOf } from "./packet.ts";
import { ProgressMeter } from "./progress.ts";
import {
  limitsOf,
  type RemuxedStream,
  type RemuxOptions,
  type RemuxResult,
  type RemuxStart,
} from "./remux_options.ts";
import { checkSameStreams, findStreams, isLasting } from "./same_streams.ts";
import {
  type Chapter,
  DemuxerStream,
  describeInput,
  describeOutput,
  type Description,
  isChapterTrack,
  outputFormat,
  type Stream,
  type StreamInit,
} from "./stream.ts";
import { rawTags, tagsToKeep, withoutNames, withTagValues } from "./tags.ts";
import { together } from "./together.ts";

/** A checked transfer. */
export interface Plan {
  /** The sources, joined if there are several. */
  sources: readonly { source: Source; input: DemuxerOptions }[];
  /** The sink; null for `split`, whose `onsegment` returns several. */
  sink: Sink | null;
  split?: Split;
}

/** When a new output begins, at the next key frame: one of these. */
export interface SplitPlaces {
  /** At multiples of this many seconds. */
  every?: number | undefined;
  /** At these times in seconds, or at the start of chapters. */
  at?: readonly number[] | "chapters" | undefined;
  /** This many outputs of about the same length. */
  count?: number | undefined;
  /** After this many bytes of packets. */
  size?: number | undefined;
}

/** Several outputs. */
interface Split extends SplitPlaces {
  resetTimestamps: boolean;
  onsegment: (index: number) => MaybePromise<Sink>;
}

/** A finished output. */
export interface Part {
  /** In seconds of the input. */
  start: number;
  /** In seconds of the input. */
  end: number;
  packets: number;
  bytesWritten: number;
  duration: number | null;
  streams: RemuxedStream[];
}

/** The result of a transfer. */
export interface Transferred {
  parts: Part[];
  /** Totals of all outputs. */
  whole: RemuxResult;
}

/** Milliseconds. */
export const PROGRESS_INTERVAL = 100;

/** Seconds: split times this close after the beginning of an output are ignored. */
const AT_ONCE = 0.1;

/**
 * Seconds between two multiples of `every`, at least: less than a packet takes. The key frame that begins an output is at or
 * after the next multiple where they are closer than its time is exact: it would begin another output, and leave that one empty.
 */
const MIN_LENGTH = 0.001;

/**
 * Formats whose muxers write chapters with the trailer: mp4 and its kin as a track, which has to begin with the others;
 * Matroska's are found there if the sink can seek.
 */
const MOV = new Set(["mp4", "mov", "ipod"]);
const MATROSKA = new Set(["matroska", "webm"]);
/** Seconds: what times of Matroska are rounded to. */
const MILLISECOND = 0.001;

/** Tags that describe the input's container, not the media. */
const CONTAINER_TAGS = new Set(["major_brand", "minor_version", "compatible_brands", "encoder"]);

/** Runs a checked plan. */
export function transferSync(plan: Plan, options: RemuxOptions): Transferred {
  return Session.openSync("remux", (session) => new Transfer(session, plan, options).run());
}

/** The same, asynchronously. */
export async function transfer(plan: Plan, options: RemuxOptions): Promise<Transferred> {
  const limits = limitsOf(options, plan.sources.map(({ input }) => input));
  const places = { ...plan, opened: 0, sink: plan.sink };
  const letGo = hold([...plan.sources.map(({ source }) => source), plan.sink]);
  try {
    return await Session.open("remux", limits, (session) => {
      session.defer(closeUntouched(places));
      return new Transfer(session, plan, options, places).run();
    });
  } catch (error) {
    closeUntouched(places)({ error }); // if the signal was aborted before there was a session
    throw error;
  } finally {
    letGo();
  }
}

/** Which sources and sinks of a plan have been used. */
export interface Places {
  sources: Plan["sources"];
  /** Number of sources that were opened. */
  opened: number;
  /** The current sink. */
  sink: Sink | null;
}

/** Cancels source streams that were not opened, and aborts a sink that was not written, with the failure. */
export function closeUntouched(places: Places): Cleanup {
  return (failure) => {
    const { sources, opened, sink } = places;
    const written = sink instanceof PositionedSink ? sink.stream : sink;
    if (failure && isWritable(written) && !written.locked) {
      written.abort(failure.error).catch(() => {});
    }
    if (failure) dropSink(sink, failure);
    for (const { source } of sources.slice(opened)) {
      const stream = isResponse(source) ? source.body : source;
      const isUntouched = isStream(stream) && !stream.locked;
      if (isUntouched) stream.cancel(failure?.error).catch(() => {});
      dropSource(source);
    }
  };
}

/** Protects all sources from being overwritten: later ones, with files that they name, and earlier ones, too. */
export function protect({ sources }: Pick<Plan, "sources">, session: Session): void {
  for (const [index, { source }] of sources.entries()) {
    const named = index > 0 ? filesNamedBy(source) : null; // the first one's are known when a sink is opened
    for (const files of [filesOf(source), named]) if (files) session.files.addSource(files);
  }
}

/** The current output. */
interface Written {
  attachment: Attachment;
  /** Owner of its resources; null: the session. */
  scope: Scope | null;
  /** In seconds of the input. */
  start: number;
}

class Transfer {
  #session: Session;
  #plan: Plan;
  #options: RemuxOptions;
  #places: Places;
  #meter: ProgressMeter;
  #input!: Description;
  /** Streams of the first source. */
  #streams: Description["streams"] = [];
  /** The kept streams in the order of the output; null before the first output. */
  #chosen: Chosen[] | null = null;
  /** The indices in the current source of streams that have another one in the first source. */
  #moved = new Map<number, number>();
  /** The cover, which in Ogg is not a stream. */
  #cover!: TagCover;
  #chosenOutput!: ChosenOutput;
  #output: Written | null = null;
  #format = "";
  #parts: Part[] = [];
  /** Chapters of the sources so far, with the output's times. */
  #chapters: Chapter[] = [];
  /** Sinks of segments, those with a name as their paths. */
  #used = new Set<Sink | string>();
  /** Stops listening to the sink of a segment that is not opened yet. */
  #letGo = () => {};
  /** Total seconds of the sources before this one. */
  #joined = 0;
  /** The ranges to keep, in seconds of the joined sources; several only for one source. */
  #ranges: { start: number; end: number }[];
  /** Index of the current range. */
  #range = 0;
  /** Whether the source is no longer at its beginning. */
  #hasSought = false;
  /** Seconds subtracted from the times of this source. */
  #shifted = 0;
  #counted = { packets: 0, bytesRead: 0, bytesWritten: 0 };

  constructor(
    session: Session,
    plan: Plan,
    options: RemuxOptions,
    places: Places = { ...plan, opened: 0 },
  ) {
    this.#session = session;
    this.#plan = plan;
    this.#options = options;
    this.#places = places;
    this.#meter = new ProgressMeter(options.onprogress);
    const {
      start,
      end,
      ranges = [{ ...(start === undefined ? {} : { start }), ...(end === undefined ? {} : { end }) }],
    } = options;
    this.#ranges = ranges.map(({ start = 0, end = Infinity }) => ({ start, end }));
  }

  *run(): Operation<Transferred> {
    const { sources } = this.#plan;
    protect(this.#plan, this.#session);
    this.#session.warnings.watch(this.#options);
    for (let index = 0; index < sources.length; index++) {
      if (index > 0 && (this.#joined >= this.#end || this.#isStopped)) break;
      const isLast = index === sources.length - 1;
      const close = yield* this.#openSource(index);
      if (isLast || !this.#isBeforeStart()) yield* this.#write(index);
      else this.#joined += this.#input.duration!;
      if (close && !isLast) yield* close();
    }
    yield* this.#endOutput(this.#joined);
    this.#reportProgress(0, true);
    const done = { parts: this.#parts, whole: this.#whole() };
    yield* this.#session.finish();
    return done;
  }

  get #start(): number {
    return this.#ranges[this.#range]!.start;
  }

  get #keepsTimes(): boolean {
    return this.#options.timestamps === "keep";
  }

  get #end(): number {
    return this.#ranges[this.#range]!.end;
  }

  // ---------------------------------------------------------------------------------------- sources

  /** Opens a source; returns how to close it if it isn't the only one. */
  *#openSource(index: number): Operation<(() => Operation<void>) | null> {
    const { source, input } = this.#plan.sources[index]!;
    const { onopen, transform, ondelete, url, strict } = this.#options;
    const scope = this.#plan.sources.length > 1 ? new Scope(this.#session) : null;
    this.#places.opened++;
    const attachment = yield* openInput(this.#session, source, input, {
      // Bytes are lent to native code only if no callback can run meanwhile and detach them: also none that opens files
      // for a muxer.
      lend: this.#plan.sink instanceof MemorySink && !onopen && !ondelete && !transform && url === undefined,
      host: scope ?? this.#session,
      prefix: this.#plan.sources.length > 1 ? `sources[${index}].input` : "input",
      ...(strict === undefined ? {} : { strict }),
    });
    this.#input = withSongTags(describeInput(this.#session));
    if (index === 0) this.#streams = this.#input.streams;
    return scope && (() => this.#close(closeInput, attachment, scope));
  }

  *#close(
    operation: (session: Session) => Operation<void>,
    attachment: Attachment,
    scope: Scope,
  ): Operation<void> {
    yield* operation(this.#session);
    yield* scope.close(attachment);
    if (attachment.io) this.#session.closeIO(attachment.io);
  }

  /** Start of its own times, in seconds. */
  get #origin(): number {
    return this.#input.startTime ?? 0;
  }

  /** The start of the kept streams, for formats whose times may jump, as in the ffmpeg command. */
  get #beginning(): number {
    const starts = this.#chosen!.flatMap(({ stream }) => stream.startTime ?? []);
    const mayJump = this.#input.format.flags.includes("discontinuous");
    return mayJump && starts.length > 0 ? smallest(starts) : this.#origin;
  }

  /** Whether nothing of the source is kept. */
  #isBeforeStart(): boolean {
    const { duration } = this.#input;
    return !this.#output && duration !== null && this.#start > 0 && this.#start >= this.#joined + duration;
  }

  /** Writes the kept part of the source to one or more outputs. */
  *#write(index: number): Operation<void> {
    if (this.#output) yield* this.#continue(index);
    else yield* this.#begin();
    const { resetTimestamps = false, size = 0 } = this.#plan.split ?? {};
    const beginning = this.#output!.start;
    for (let start = beginning;;) {
      const brokenAt = yield* this.#copy(this.#placeAfter(start, beginning) + this.#origin, size);
      if (brokenAt === null || this.#isStopped) break;
      start = brokenAt - this.#origin;
      yield* this.#endOutput(start);
      yield* this.#chooseOutput();
      if (resetTimestamps) this.#shift(brokenAt, NaN);
      const chapters = this.#chaptersFrom(brokenAt, this.#nearEnd(start, beginning));
      yield* this.#openOutput(start, chapters);
    }
    while (++this.#range < this.#ranges.length && !this.#isStopped) {
      yield* this.#goOn();
      yield* this.#copy(Infinity);
    }
    this.#range = this.#ranges.length - 1;
    const { last } = this.#seconds();
    this.#joined += last === null ? this.#input.duration ?? 0 : last + this.#shifted - this.#origin;
  }

  /** Time from which on a key frame begins a new output, in seconds; Infinity: none, or not by time. */
  #placeAfter(start: number, beginning: number): number {
    const { every, at, count } = this.#plan.split ?? {};
    if (at !== undefined) return this.#placesOf(at).find((place) => place > start + AT_ONCE) ?? Infinity;
    if (count !== undefined && this.#parts.length >= count - 1) return Infinity;
    const wanted = count === undefined ? every : this.#lengthFrom(beginning) / count;
    if (wanted === undefined) return Infinity;
    const length = Math.max(wanted, MIN_LENGTH);
    return beginning + (Math.floor((start - beginning) / length + 1e-9) + 1) * length;
  }

  /**
   * Second before which an output's chapters begin. For a segment whose header has to contain them it is about where it
   * ends: the key frame that begins the next one has not been read yet.
   */
  #nearEnd(start: number, beginning: number): number {
    const { size } = this.#plan.split ?? {};
    if (size === undefined) return this.#placeAfter(start, beginning);
    const { bitRate } = this.#input;
    return start + (bitRate ? size * 8 / bitRate : AT_ONCE);
  }

  #placesOf(at: NonNullable<SplitPlaces["at"]>): readonly number[] {
    if (at !== "chapters") return at;
    const { chapters } = this.#input;
    if (chapters.length === 0) throw argumentError(TypeError, "at", "the source has no chapters");
    return laterChapters(chapters, chapterLag(this.#origin) - this.#origin).map(({ start }) => start)
      .toSorted((a, b) => a - b);
  }

  #lengthFrom(beginning: number): number {
    const last = this.#lastSecond;
    if (Number.isFinite(last)) return last - beginning;
    throw argumentError(TypeError, "count", "the source does not state its duration");
  }

  /** Begins the first output, with the first source of which anything is kept. */
  *#begin(): Operation<void> {
    yield* this.#chooseOutput();
    if (this.#keepsTimes) remuxing.keepTimes(this.#session);
    if (this.#ranges.length > 1) yield* this.#findRanges();
    this.#setRange();
    const start = yield* this.#cut();
    if (this.#start > 0) this.#shift(this.#keepsTimes ? 0 : start, start);
    else this.#shift(this.#keepsTimes ? 0 : this.#beginning, NaN);
    if (this.#options.transform) this.#transformWith(this.#options.transform);
    // Encoder delay before the beginning does not count as time of the input.
    const beginning = Math.max(this.#joined + start - this.#origin, 0);
    const chapters = this.#chaptersFrom(start, this.#nearEnd(beginning, beginning));
    yield* this.#openOutput(beginning, chapters);
  }

  /** Finds the key frames at which ranges begin. Ranges that then overlap are joined, so nothing is written twice. */
  *#findRanges(): Operation<void> {
    const found: { start: number; end: number }[] = [];
    for (const { end } of this.#ranges) {
      this.#setRange();
      const start = (yield* this.#cut()) - this.#origin;
      const before = found.at(-1);
      if (before && start <= before.end) before.end = end;
      else found.push({ start, end });
      this.#range = Math.min(this.#range + 1, this.#ranges.length - 1);
    }
    this.#ranges = found;
    this.#range = 0;
  }

  /** Begins the next range of the source; its times continue where the previous range ended. */
  *#goOn(): Operation<void> {
    this.#setRange();
    const start = yield* this.#cut();
    const media = this.#chosen!.filter(({ stream }) => isSoundOrMotion(stream));
    const { last } = media.length > 0 ? this.#seconds(media) : { last: this.#lengthBefore };
    this.#shift(this.#keepsTimes ? 0 : start - (last ?? 0), start);
  }

  /** Seconds of the ranges before this one: the last of several subtitles may end long before its range does. */
  get #lengthBefore(): number | null {
    const length = this.#ranges.slice(0, this.#range).reduce((sum, { start, end }) => sum + end - start, 0);
    return Number.isFinite(length) ? length : this.#seconds().last;
  }

  /**
   * Chapters of the kept ranges with the output's times; the first range begins at that second of the source, and the
   * output ends before `end`.
   */
  #chaptersFrom(start: number, end: number): Chapter[] {
    const lag = chapterLag(this.#origin);
    const all = laterChapters(this.#input.chapters, lag);
    let shift = this.#shifted + (this.#keepsTimes ? lag : 0);
    return this.#ranges.flatMap((own, index) => {
      const range = {
        start: index === 0 ? start : own.start + this.#origin,
        end: Math.min(own.end - this.#joined, end) + this.#origin,
      };
      const chapters = cutChapters(all, range, shift);
      const next = this.#ranges[index + 1];
      if (next && !this.#keepsTimes) shift += next.start + this.#origin - range.end;
      return chapters;
    });
  }

  /**
   * Continues with another source: its times begin where the previous ones ended, such that no stream overlaps with
   * itself and at least one has no gap. This restores the original times of pieces made by `split`.
   */
  *#continue(index: number): Operation<void> {
    const places = findStreams(this.#chosen!, this.#input.streams);
    checkSameStreams(this.#chosen!, this.#input.streams, places, index, this.#format);
    this.#moveTo(places);
    this.#warnOfOthers(index);
    this.#setRange();
    yield* remuxing.findStarts(this.#session);
    const seams = this.#chosen!.flatMap(({ stream }, i) => {
      const next = this.#input.streams[places[i]!];
      const lasts = next && isLasting(stream) && !next.disposition.includes("attached_pic");
      const { last, start } = this.#routed(stream);
      if (!lasts || Number.isNaN(last)) return [];
      const begin = (Number.isNaN(start) ? next.startTime ?? this.#origin : start) - this.#delayOf(next);
      return [{ begin, shift: begin - last }];
    });
    const [begin, shift] = seams.length > 0
      ? [smallest(seams.map(({ begin }) => begin)), smallest(seams.map(({ shift }) => shift))]
      : [this.#origin, this.#origin - (this.#seconds().last ?? 0)];
    const delay = this.#input.streams.reduce((longest, next) => Math.max(longest, this.#delayOf(next)), 0);
    this.#shift(shift, this.#origin - (delay && delay + MILLISECOND));
    this.#continueChapters(index, begin);
  }

  /**
   * Seconds of a stream's packets before its start time. Opus in Ogg and Matroska has a delay in the codec's header, which every
   * segment of `split` has, though what it begins with is sound. In Matroska a start before 0 is that of the first packet, and
   * so is every start before libavformat 63.
   */
  #delayOf({ startTime, codecParameters }: Description["streams"][number]): number {
    const { codec, initialPadding, sampleRate } = codecParameters;
    const { name } = this.#input.format;
    const isBehind = name === "ogg" || (name === "matroska,webm" && parseInt(versions().libavformat) >= 63);
    return codec === "opus" && isBehind && startTime !== null && startTime >= 0
      ? initialPadding / sampleRate
      : 0;
  }

  /** Lets the kept streams come from these places of the current source. */
  #moveTo(places: readonly number[]): void {
    const indexes = this.#chosen!.map(({ stream }) => this.#indexOf(stream));
    for (const [i, { stream }] of this.#chosen!.entries()) {
      const [from, to] = [indexes[i]!, places[i]!];
      this.#moved.set(stream.index, to);
      if (from === to) continue;
      remuxing.swapStreams(this.#session, from, to);
      const other = indexes.indexOf(to);
      if (other >= 0) indexes[other] = from;
      indexes[i] = to;
    }
  }

  /** The index in the current source of a stream of the first one. */
  #indexOf({ index }: { index: number }): number {
    return this.#moved.get(index) ?? index;
  }

  #routed(stream: { index: number }): remuxing.Routed {
    return remuxing.routed(this.#session, this.#indexOf(stream));
  }

  /**
   * Keeps the chapters of another source, whose streams begin then, or warns that they are left out because the header has been
   * written. In mp4 and mov the chapters always begin with 0.
   */
  #continueChapters(source: number, begin: number): void {
    const chapters = this.#chaptersFrom(begin, Infinity);
    if (this.#endsWithChapters) {
      this.#chapters = joinChapters(this.#chapters, chapters);
    } else if (chapters.length > 0 && !this.#options.chapters) {
      warnOfChapters(this.#session, source, "its chapters are left out");
    }
  }

  #shift(seconds: number, min: number): void {
    remuxing.setShift(this.#session, seconds, min);
    this.#shifted = seconds;
  }

  /** Ranges count from the beginning of the media, whose timestamps may not begin at 0. */
  #setRange(): void {
    const timestamp = (time: number) => Math.max(0, time - this.#joined) + this.#origin;
    const start = this.#mustSeek ? timestamp(this.#start) : NaN;
    remuxing.setRange(this.#session, start, this.#end === Infinity ? NaN : timestamp(this.#end));
  }

  /** Whether the range begins elsewhere than at the source's current position. */
  get #mustSeek(): boolean {
    return this.#start > 0 || this.#hasSought;
  }

  /** Seeks to the key frame at which the range begins; returns its time in the source. */
  *#cut(): Operation<number> {
    const start = this.#start;
    if (!this.#mustSeek) return this.#origin;
    this.#hasSought = true;
    const found = yield* remuxing.cutInput(this.#session);
    if (start === 0) return this.#origin;
    if (found.isPastEnd) {
      const end = this.#joined + this.#input.duration!;
      const name = this.#options.ranges ? `ranges[${this.#range}].start` : "start";
      throw argumentError(RangeError, name, `must be before the end of the media (${end}), is ${start}`);
    }
    return Number.isNaN(found.start) ? start - this.#joined + this.#origin : found.start;
  }

  /**
   * Copies packets to the end (returns null), or to a key frame after this time or this many bytes (returns its time).
   */
  *#copy(until: number, maxBytes = 0): Operation<number | null> {
    const milliseconds = this.#meter.listens || this.#options.stop ? PROGRESS_INTERVAL : 0;
    do {
      const step = yield* remuxing.remuxStep(this.#session, {
        milliseconds,
        until: Number.isFinite(until) ? until : NaN,
        maxBytes,
        isLast: this.#places.opened === this.#plan.sources.length,
      });
      this.#counted = step;
      if (step.state === "end") return null;
      if (step.state === "break") return step.breakAt;
      this.#reportProgress(step.seconds || 0);
    } while (!this.#isStopped); // each output must have at least one step
    return null;
  }

  /** Whether `stop` was aborted. */
  get #isStopped(): boolean {
    return this.#options.stop?.aborted ?? false;
  }

  #transformWith(transform: NonNullable<RemuxOptions["transform"]>): void {
    const streams = this.#streams.length;
    const session = this.#session;
    session.setTransformer(function* () {
      const batch = PacketBatch.take(session);
      while (batch?.next()) {
        const packet = packetOf(batch);
        const result = yield* call(() => transform(packet), "transform");
        if (result === null) continue;
        if (result === undefined) {
          const fault = "returned undefined; it must return the packet, or null to leave it out";
          throw callbackError(TypeError, "transform", fault);
        }
        const queued = numbersOf(asPacket(result));
        checkInteger(queued.streamIndex, "packet.streamIndex", 0, streams - 1);
        putPacket(session, queued, queued);
      }
    });
  }

  // ---------------------------------------------------------------------------------------- outputs

  /** Sets up the next output with its streams; does not touch the sink. */
  *#chooseOutput(): Operation<void> {
    const { split } = this.#plan;
    if (split) {
      const sink = yield* call(() => split.onsegment(this.#parts.length), "onsegment");
      this.#checkNew(sink);
      this.#places.sink = sink;
      this.#letGo = hold([sink]);
      this.#session.defer(this.#letGo);
    }
    const options = { ...this.#options, chapters: [] };
    const tagsFor = (format: string) => outputTags(this.#input, this.#options, format);
    this.#chosenOutput = yield* chooseOutput(this.#session, this.#places.sink!, options, tagsFor);
    this.#format = outputFormat(this.#session).name;
    output.setOptions(this.#session, optionPairs(this.#muxerOptions)); // they affect which streams it can hold
    this.#chosen ??= this.#choose();
    output.setMetadata(this.#session, Object.entries(this.#cover.tag));
    for (const chosen of this.#chosen) this.#map(chosen);
  }

  /** Refuses the sink of an earlier segment, which would be overwritten. */
  #checkNew(sink: Sink): void {
    const path = sinkUrl(sink);
    const isWhole = sink instanceof MemorySink || files.opened(sink) !== null;
    const key = path === "" ? isWhole ? sink : null : paths.join(path);
    if (key === null) return;
    if (this.#used.has(key)) {
      throw callbackError(TypeError, "onsegment", "returned the sink of another segment");
    }
    this.#used.add(key);
  }

  /** Opens the sink and writes the header. */
  *#openOutput(start: number, ofInput: Chapter[]): Operation<void> {
    const options = this.#options;
    this.#chapters = ofInput;
    if (!this.#endsWithChapters) this.#addChapters(options.chapters ?? ofInput);
    if (this.#parts.length === 0) yield* this.#reportStart(start);
    const scope = this.#plan.split ? new Scope(this.#session) : null;
    const sink = this.#places.sink!;
    const host = scope ?? this.#session;
    const attachment = yield* openOutputSink(this.#session, sink, this.#chosenOutput, options, host);
    this.#session.undefer(this.#letGo);
    this.#letGo();
    yield* writeHeader(this.#session, attachment, this.#muxerOptions, this.#format);
    this.#output = { attachment, scope, start };
  }

  /** `start` is in seconds of the input. */
  *#reportStart(start: number): Operation<void> {
    const { onstart } = this.#options;
    if (!onstart) return;
    const { format, streams } = describeOutput(this.#session);
    const report: RemuxStart = {
      start,
      duration: this.#secondsFrom(start),
      streams: streams.map((stream, index) => ({
        ...stream,
        inputIndex: this.#chosen![index]!.stream.index,
      })),
      skippedStreams: this.#skippedStreams,
      format,
    };
    yield* call(() => onstart(report), "onstart");
  }

  get #muxerOptions(): RemuxOptions {
    return muxerOptionsOf(this.#options, this.#format);
  }

  /** Adds chapters, as edited, to the output. */
  #addChapters(chapters: readonly Chapter[]): void {
    const { editChapters = (chapters) => chapters } = this.#options;
    const edited = checkChapters(editChapters([...chapters]), "editChapters");
    const written = { format: this.#format, options: this.#options.options };
    if (canHoldChapters(written) || this.#options.chapters || this.#lacksChapters) {
      addChapters(this.#session, edited, written, { isSet: this.#options.chapters !== undefined });
    }
  }

  /** Whether the source's chapters are missed in an output without any: not if only a part is kept, or each is a segment. */
  get #lacksChapters(): boolean {
    const kept = new Set(this.#chosen!.map(({ stream }) => stream.index));
    const isPart = this.#input.streams.some((stream) => isSoundOrMotion(stream) && !kept.has(stream.index));
    return !isPart && this.#plan.split?.at !== "chapters";
  }

  /** Whether the chapters of a segment, or of joined sources, are written after the packets, when all of them are known. */
  get #endsWithChapters(): boolean {
    const { split, sources } = this.#plan;
    if (!split && sources.length === 1 || this.#options.chapters) return false;
    const startsWithZero = split ? split.resetTimestamps : !this.#keepsTimes;
    if (MOV.has(this.#format)) return startsWithZero && !isFragmented(this.#options);
    const sink = this.#places.sink!;
    return MATROSKA.has(this.#format) &&
      (typeof sink === "string" || sink instanceof URL || sink instanceof MemorySink);
  }

  /** `end` is in seconds of the input. */
  *#endOutput(end: number): Operation<void> {
    const { attachment, scope, start } = this.#output!;
    if (this.#endsWithChapters) {
      this.#addChapters(this.#plan.split ? this.#chaptersFrom(start + this.#origin, end) : this.#chapters);
    }
    const bytesWritten = yield* output.writeTrailer(this.#session);
    const { first, last } = this.#seconds();
    const streams = this.#chosen!.map(({ stream }, index) => this.#remuxed(index, stream));
    const written = {
      format: this.#format,
      options: this.#options,
      ...(this.#plan.split ? { segment: this.#parts.length } : {}),
    };
    for (const [index, { stream }] of this.#chosen!.entries()) {
      if (streams[index]!.packets === 0) warnOfEmpty(this.#session, written, 0, stream);
    }
    this.#parts.push({
      start,
      end,
      packets: streams.reduce((sum, { packets }) => sum + packets, 0),
      bytesWritten: bytesWritten - this.#parts.reduce((sum, part) => sum + part.bytesWritten, 0),
      duration: last === null ? null : last - first!,
      streams,
    });
    this.#counted = { ...this.#counted, bytesWritten };
    if (scope) yield* this.#close(output.closeOutput, attachment, scope);
    else if (attachment.finish) yield* attachment.finish();
  }

  #choose(): Chosen[] {
    const { streams: selection } = this.#options;
    const cover = this.#cover = new TagCover(this.#session, this.#format);
    const all = cover.take(choose(
      this.#input.streams,
      typeof selection === "object" ? selection : (stream) => {
        const canHold = cover.canHold(stream) || remuxing.canHold(this.#session, stream.index);
        return selection ? selection(new DemuxerStream(this.#session, stream), canHold) : canHold;
      },
    ));
    const chosen = selection ? all : together(this.#session, this.#picture(all));
    if (chosen.length > 0) {
      if (!selection) {
        this.#refuseLeftovers(chosen);
        warnOfLeftOut(this.#session, 0, this.#input, chosen, cover.index);
      }
      return this.#isWhole ? chosen : chosen.map((one) => ({ ...one, stream: withoutExtent(one.stream) }));
    }
    const why = selection ? "" : `: ${this.#whyNot(this.#input.streams) || "the source has none"}`;
    throw argumentError(TypeError, "streams", `none is left to write${why}`);
  }

  /** Why the output can't hold these: `matroska can't hold dvb_teletext; the size, sample rate or header of h264 is unknown`. */
  #whyNot(streams: Description["streams"]): string {
    const { name } = outputFormat(this.#session);
    const codecs = { no: new Set<string>(), undescribed: new Set<string>() };
    for (const { index, codecParameters: { codec } } of streams) {
      const result = remuxing.holds(this.#session, index);
      if (result !== "yes") codecs[result].add(codec && codec !== "none" ? codec : "an unknown codec");
    }
    const { no, undescribed } = codecs;
    return [
      ...(no.size > 0 ? [`${name} can't hold ${[...no].join(", ")}`] : []),
      ...(undescribed.size > 0
        ? [`the size, sample rate or header of ${[...undescribed].join(", ")} is unknown`]
        : []),
    ].join("; ");
  }

  /** AVIF holds one picture, still or animated, and its alpha: chooses the longest of several, or the first. */
  #picture(chosen: Chosen[]): Chosen[] {
    if (chosen.length < 3 || outputFormat(this.#session).name !== "avif") return chosen;
    const lengthOf = ({ stream }: Chosen) => stream.duration ?? 0;
    return [chosen.reduce((longest, one) => lengthOf(one) > lengthOf(longest) ? one : longest)];
  }

  /** Warns of streams of a later source that the first one does not have. */
  #warnOfOthers(index: number): void {
    if (this.#options.streams) return;
    for (const stream of this.#input.streams.slice(this.#streams.length)) {
      if (isChapterTrack(stream, this.#input.chapters)) continue;
      const words = `is left out, as the first source has no stream ${stream.index}`;
      warnOfSkipped(this.#session, index, stream, words);
    }
  }

  /** Which of a stream's packets the output contains. */
  get #extent(): Extent {
    if (this.#isWhole && !this.#options.transform) return "whole";
    return this.#plan.sources.length > 1 && this.#format === "flac" ? "joined" : "part";
  }

  /** Whether the output contains exactly one whole source. */
  get #isWhole(): boolean {
    const [{ start, end }, ...others] = this.#ranges as [{ start: number; end: number }];
    const isOne = this.#plan.sources.length === 1 && !this.#plan.split && others.length === 0;
    return isOne && start === 0 && end === Infinity;
  }

  /** Refuses to keep only covers or subtitles of a film or song in a format for films or songs. */
  #refuseLeftovers(chosen: readonly Chosen[]): void {
    const { defaultCodecs = {} } = outputFormat(this.#session);
    const wanted = this.#streams.filter((stream) =>
      isSoundOrMotion(stream) && defaultCodecs[stream.type as "audio" | "video"] !== undefined
    );
    if (wanted.length === 0 || chosen.some(({ stream }) => isSoundOrMotion(stream))) return;
    const why = this.#whyNot(wanted);
    throw argumentError(TypeError, "streams", `neither audio nor video is left to write: ${why}`);
  }

  #map(chosen: Chosen): void {
    const { stream, edits: { tag } } = chosen;
    const filter = this.#options.bitstreamFilter?.(stream);
    const edited = initOf(chosen);
    const written = { format: this.#format, url: this.#chosenOutput.url, options: this.#options.options };
    const isFirst = this.#chosen!.find((other) => other.stream.type === stream.type) === chosen;
    warnOfStream(this.#session, written, edited, addedLike(stream, isFirst));
    const init = {
      ...edited,
      ...songTags(chosen, this.#options, this.#format, this.#chosen!.length),
      ...(filter ? { bitstreamFilter: filter } : {}),
    };
    const index = addStreamLike(this.#session, stream, init, this.#extent);
    if (tag !== undefined) output.setStream(this.#session, index, [["tag", tag]]);
    remuxing.mapStream(this.#session, stream.index, index);
    if (chosen.edits.delay) remuxing.setDelay(this.#session, stream.index, chosen.edits.delay);
  }

  // ---------------------------------------------------------------------------------------- counting

  #remuxed(index: number, stream: { index: number }): RemuxedStream {
    const { packets, bytes, first, last } = this.#routed(stream);
    const duration = last - first;
    return {
      index,
      inputIndex: stream.index,
      packets,
      bytes,
      duration: Number.isNaN(duration) ? null : duration,
    };
  }

  /** Duration of the output so far in seconds, null if no packet had a time. */
  #seconds(streams = this.#chosen!): { first: number | null; last: number | null } {
    const routes = streams.map(({ stream }) => this.#routed(stream));
    const timed = routes.filter(({ last }) => !Number.isNaN(last));
    if (timed.length === 0) return { first: null, last: null };
    return {
      first: smallest(timed.map(({ first }) => first)),
      last: -smallest(timed.map(({ last }) => -last)),
    };
  }

  /** Totals of all outputs. */
  #whole(): RemuxResult {
    const [first, ...others] = this.#parts as [Part, ...Part[]];
    const { start, end: _, ...counts } = others.reduce(joinParts, first);
    return {
      ...counts,
      start,
      skippedStreams: this.#skippedStreams,
      warnings: this.#session.allWarnings(),
    };
  }

  /** Streams of the first source that no output contains. */
  get #skippedStreams(): number[] {
    const kept = new Set([...this.#chosen!.map(({ stream }) => stream.index), this.#cover.index]);
    return this.#streams.map(({ index }) => index).filter((index) => !kept.has(index));
  }

  /** `seconds` is the position in the current output. */
  #reportProgress(seconds: number, isOver = false): void {
    const time = this.#parts.reduce((sum, { duration }) => sum + (duration ?? 0), seconds);
    this.#meter.report({ ...this.#counted, time }, this.#duration, isOver);
  }

  /** Expected duration in seconds; for several sources known when the last is opened. */
  get #duration(): number | null {
    return this.#secondsFrom(this.#ranges[0]!.start);
  }

  /** The same for an output that begins at this second. */
  #secondsFrom(start: number): number | null {
    const lengths = this.#ranges.map((range, index) =>
      Math.max(0, Math.min(range.end, this.#lengthOfInput) - (index === 0 ? start : range.start))
    );
    const length = lengths.reduce((sum, length) => sum + length);
    return Number.isFinite(length) ? length : null;
  }

  /** Duration of a single source in seconds, Infinity if unknown. */
  get #lengthOfInput(): number {
    return this.#plan.sources.length === 1 ? this.#input.duration ?? Infinity : Infinity;
  }

  /** The second of the input at which it ends, Infinity if not known yet. */
  get #lastSecond(): number {
    return Math.min(this.#end, this.#lengthOfInput);
  }
}

/** Tags of the output's container: those of the input, with the changes of the options. */
export function outputTags(input: Description, options: RemuxOptions, format: string): TagsToWrite {
  const { tags: changes = {}, metadata = {}, editMetadata = (tags) => tags } = options;
  const tags = Object.entries(input.metadata).filter(([name]) => !CONTAINER_TAGS.has(name.toLowerCase()));
  const kept = tagsToKeep(Object.fromEntries(tags), format);
  const merged = editTags(withTagValues(kept, changes, format), metadata, "metadata");
  const edited = editTags(merged, editMetadata, "editMetadata");
  const names = [...Object.keys(rawTags(changes, format)), ...Object.keys(metadata)];
  const named = new Set(names.map((name) => name.toLowerCase()));
  const set = Object.entries(edited).filter(([name, value]) =>
    named.has(name.toLowerCase()) || merged[name] !== value
  );
  return { tags: edited, set: Object.fromEntries(set) };
}

/** Ogg stores the tags of a song with its only stream: changes to the file's tags are made there. */
export function songTags(
  { stream, edits }: Chosen,
  { tags = {}, metadata = {} }: RemuxOptions,
  format: string,
  count: number,
): Pick<StreamInit, "metadata"> {
  if (!isOgg(format) || count !== 1 || edits.metadata !== undefined) return {};
  return { metadata: withTagValues(withoutNames(stream.metadata, metadata), tags, format) };
}

/**
 * Adds the options without which muxers change times: the MPEG-TS muxer adds an offset to all of them, and another one
 * if the first packet is decoded before 0; the muxer of fragmented mp4 begins with 0.
 */
export function muxerOptionsOf(options: RemuxOptions, format: string): RemuxOptions {
  if (options.timestamps !== "keep") return options;
  if (format === "mpegts") {
    const kept = { mpegts_copyts: 1, avoid_negative_ts: "disabled" };
    return { ...options, options: { ...kept, ...options.options } };
  }
  const { movflags } = options.options ?? {};
  const isFragmented = MP4.test(format) && typeof movflags === "string" &&
    /frag_|empty_moov|cmaf|dash/.test(movflags);
  if (!isFragmented) return options;
  const missing = ["delay_moov", "frag_discont"].filter((flag) => !movflags.includes(flag));
  return { ...options, options: { ...options.options, movflags: [movflags, ...missing].join("+") } };
}

/** Formats of the mp4 and mov muxers. */
const MP4 = /^(mp4|mov|ipod|3gp|3g2|psp|f4v|ismv)$/;

/** Adds up the results of two outputs. */
function joinParts(a: Part, b: Part): Part {
  return {
    start: a.start,
    end: b.end,
    packets: a.packets + b.packets,
    bytesWritten: a.bytesWritten + b.bytesWritten,
    duration: sum(a.duration, b.duration),
    streams: a.streams.map((stream, index) => {
      const { packets, bytes, duration } = b.streams[index]!;
      return {
        ...stream,
        packets: stream.packets + packets,
        bytes: stream.bytes + bytes,
        duration: sum(stream.duration, duration),
      };
    }),
  };
}

function sum(a: number | null, b: number | null): number | null {
  return a === null || b === null ? a ?? b : a + b;
}

/** Moves tags that Ogg stores in its only stream, besides covers, to the container, where other formats store them. */
export function withSongTags(input: Description): Description {
  const [only, ...others] = input.streams.filter(({ disposition }) => !disposition.includes("attached_pic"));
  if (input.format.name !== "ogg" || !only || others.length > 0) return input;
  const { language, ...tags } = only.metadata;
  const metadata: Record<string, string> = language === undefined ? {} : { language };
  const streams = input.streams.map((stream) => stream === only ? { ...only, metadata } : stream);
  return { ...input, metadata: { ...tags, ...input.metadata }, streams };
}

/** Matroska's tags with sizes of a stream. From DURATION its muxer takes the header's duration if it can't seek. */
const EXTENT = /^(DURATION|NUMBER_OF_FRAMES|NUMBER_OF_BYTES|BPS|_STATISTICS_\w+)(-\w+)?$/i;

/** A stream without the tags that state its size, which are wrong for a part of it. */
function withoutExtent(stream: Chosen["stream"]): Chosen["stream"] {
  const kept = Object.entries(stream.metadata).filter(([name]) => !EXTENT.test(name));
  return { ...stream, metadata: Object.fromEntries(kept) };
}

/** `stream 2: subtitle (ass) is left out: mp4 can't hold it` */
function warnOfSkipped(
  session: Session,
  source: number,
  { index, type, codecParameters: { codec }, disposition }: Description["streams"][number],
  words: string,
): void {
  const what = disposition.includes("attached_pic") ? "cover" : type;
  const warning = { kind: "skipped", source, stream: index, count: 1, log: null } as const;
  session.warnings.add(warning, `${what} (${codec && codec !== "none" ? codec : "unknown codec"}) ${words}`);
}

/** Warns of a stream of which an output, or that segment of it, has no packets, if its format then leaves the stream out. */
export function warnOfEmpty(
  session: Session,
  { format, options, segment }: { format: string; options: RemuxOptions; segment?: number },
  source: number,
  stream: Description["streams"][number],
): void {
  if (!isSoundOrMotion(stream) || !leavesOutEmpty(format, options)) return;
  const where = segment === undefined ? "" : ` of segment ${segment}`;
  const why = `it has no packets there, and ${format} describes no stream without packets`;
  warnOfSkipped(session, source, stream, `is left out${where}: ${why}`);
}

/** Warns of the streams of the session's current input that the format can't hold; `cover` is in the output as a tag. */
export function warnOfLeftOut(
  session: Session,
  source: number,
  input: Description,
  chosen: readonly Chosen[],
  cover: number | null,
): void {
  const kept = new Set([...chosen.map(({ stream }) => stream.index), cover]);
  for (const stream of input.streams) {
    if (kept.has(stream.index) || isChapterTrack(stream, input.chapters)) continue;
    warnOfSkipped(session, source, stream, skippedWords(session, stream));
  }
}

/** Why a format can't hold a stream, for a warning. */
function skippedWords(session: Session, { index }: Description["streams"][number]): string {
  const { name } = outputFormat(session);
  const why = {
    yes: `${name} can't hold it together with the others`,
    no: `${name} can't hold it`,
    undescribed: "its size, sample rate or header is unknown",
  };
  return `is left out: ${why[remuxing.holds(session, index)]}`;
}

export function isSoundOrMotion({ type, disposition }: Pick<Stream, "type" | "disposition">): boolean {
  return type === "audio" || (type === "video" && !disposition.includes("attached_pic"));
}

/** The minimum of values that may be too many for the arguments of Math.min(). */
export function smallest(values: readonly number[]): number {
  return values.reduce((min, value) => Math.min(min, value));
}
