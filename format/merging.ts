/**
 * Implements merge: one session with several inputs and one output. The shim always reads the input that is furthest
 * behind.
 */
import { argumentError } from "../ffi/errors.ts";
import { call, type MaybePromise, type Operation } from "../ffi/operation.ts";
import * as output from "../ffi/output.ts";
import { putPacket } from "../ffi/packets.ts";
import * as remuxing from "../ffi/remux.ts";
import { Session } from "../ffi/session.ts";
import type { Warning } from "../ffi/warnings.ts";
import { hold } from "../io/node_stream.ts";
import type { Sink } from "../io/sink.ts";
import type { Source } from "../io/source.ts";
import { addStreamLike, addStreamOf } from "./add_stream.ts";
import type { AttachmentStream } from "./attached_file.ts";
import { chapterLag, cutChapters, laterChapters } from "./chapters.ts";
import { type checkCover, coverStream, coverTag } from "./cover.ts";
import { checkCoverPlace, isOgg, TagCover } from "./cover_place.ts";
import { choose, type Chosen, initOf, type StreamSelection } from "./edits.ts";
import type { FormatInfo } from "./formats.ts";
import { type DemuxerOptions, openInput } from "./open_input.ts";
import { addedLike } from "./holds_added.ts";
import { warnOfStream } from "./holds_stream.ts";
import { addChapters, checkChapters, chooseOutput, openOutputSink, writeHeader } from "./open_output.ts";
import { optionPairs } from "./options.ts";
import { numbersOf, Packet } from "./packet.ts";
import { ProgressMeter } from "./progress.ts";
import { limitsOf, type RemuxedStream, type RemuxOptions, type StartingStream } from "./remux_options.ts";
import {
  type Chapter,
  DemuxerStream,
  describeInput,
  describeOutput,
  type Description,
  outputFormat,
} from "./stream.ts";
import { checkTogether } from "./together.ts";
import {
  closeUntouched,
  isSoundOrMotion,
  muxerOptionsOf,
  outputTags,
  type Places,
  PROGRESS_INTERVAL,
  protect,
  smallest,
  songTags,
  warnOfEmpty,
  warnOfLeftOut,
  withSongTags,
} from "./transfer.ts";

/** A checked source. */
export interface MergedSource {
  source: Source;
  input: DemuxerOptions;
  streams: StreamSelection | undefined;
  bitstreamFilter: RemuxOptions["bitstreamFilter"];
  /** Seconds. */
  delay: number;
}

/** A checked merge. */
export interface MergePlan {
  sources: readonly MergedSource[];
  sink: Sink;
  /** Index of the source whose tags are kept; null for none. */
  tagsOf: number | null;
  covers: readonly ReturnType<typeof checkCover>[];
  attachments: readonly AttachmentStream[];
  onstart: ((start: MergeStart) => MaybePromise<void>) | undefined;
}

/** A stream of a merge's output, and what was written to it. */
export interface MergedStream extends RemuxedStream {
  /** Index of its source. */
  sourceIndex: number;
}

/** A merge before its output is written. */
export interface MergeStart {
  /** Seconds at which the output begins: the key frame at or before `start`, 0 without `start`. */
  start: number;
  /** Expected duration in seconds, null if unknown. */
  duration: number | null;
  /** Streams from sources, in the order of the output. */
  streams: MergeStartingStream[];
  /** Streams of the sources that will not be in the output. */
  skippedStreams: { sourceIndex: number; inputIndex: number }[];
  /** Format of the output. */
  format: FormatInfo;
}

/** A stream of a merge's output, before its header is written. */
export interface MergeStartingStream extends StartingStream {
  /** Index of its source. */
  sourceIndex: number;
}

/** The result of a merge. */
export interface MergeResult {
  /** Packets written. */
  packets: number;
  /** Size of the output in bytes. */
  bytesWritten: number;
  /** Seconds at which the output begins: the key frame at or before `start`, 0 without `start`. */
  start: number;
  /** Duration of the output in seconds, null if no packet had a time. */
  duration: number | null;
  /** Streams from sources, in the order of the output. Attachments and covers of the options follow them. */
  streams: MergedStream[];
  /** Streams of the sources that are not in the output. */
  skippedStreams: { sourceIndex: number; inputIndex: number }[];
  /** What was lost or changed; empty if the output has everything of the sources, unchanged. */
  warnings: Warning[];
}

/** Runs a checked plan. */
export function mergingSync(plan: MergePlan, options: RemuxOptions): MergeResult {
  return Session.openSync("merge", (session) => new Merge(session, plan, options).run());
}

/** The same, asynchronously. */
export async function merging(plan: MergePlan, options: RemuxOptions): Promise<MergeResult> {
  const limits = limitsOf(options, plan.sources.map(({ input }) => input));
  const places: Places = { sources: plan.sources, opened: 0, sink: plan.sink };
  const letGo = hold([...plan.sources.map(({ source }) => source), plan.sink]);
  try {
    return await Session.open("merge", limits, (session) => {
      session.defer(closeUntouched(places));
      return new Merge(session, plan, options, places).run();
    });
  } catch (error) {
    closeUntouched(places)({ error }); // if the signal was aborted before there was a session
    throw error;
  } finally {
    letGo();
  }
}

/** A kept stream of one of the sources. */
interface Kept extends Chosen {
  sourceIndex: number;
}

class Merge {
  #session: Session;
  #plan: MergePlan;
  #options: RemuxOptions;
  #places: Places | undefined;
  #meter: ProgressMeter;
  #inputs: Description[] = [];
  #kept: Kept[] = [];
  /** The cover, which in Ogg is not a stream. */
  #cover!: TagCover;
  /** Index of the source of the cover. */
  #coverSource: number | null = null;
  /** Seconds subtracted from the times of each source. */
  #shifts: number[] = [];
  /** Seconds of the merged sources at which the output begins. */
  #start = 0;

  constructor(session: Session, plan: MergePlan, options: RemuxOptions, places?: Places) {
    this.#session = session;
    this.#plan = plan;
    this.#options = options;
    this.#places = places;
    this.#meter = new ProgressMeter(options.onprogress);
  }

  *run(): Operation<MergeResult> {
    const session = this.#session;
    protect(this.#plan, session);
    session.warnings.watch(this.#options);
    for (let index = 0; index < this.#plan.sources.length; index++) yield* this.#openSource(index);
    const { tagsOf, sink, covers } = this.#plan;
    const input = tagsOf === null ? { ...this.#inputs[0]!, metadata: {} } : this.#inputs[tagsOf]!;
    const tagsFor = (format: string) => outputTags(input, this.#options, format);
    const chosen = yield* chooseOutput(session, sink, { ...this.#options, chapters: [] }, tagsFor);
    this.#url = chosen.url;
    const format = outputFormat(session).name;
    const options = muxerOptionsOf(this.#options, format);
    output.setOptions(session, optionPairs(options)); // they affect which streams it can hold
    for (const [index] of covers.entries()) checkCoverPlace(format, options, index);
    this.#cover = new TagCover(session, format, covers.length > 0);
    this.#keepStreams();
    this.#checkDelays();
    yield* this.#findStart();
    for (const [index] of this.#inputs.entries()) this.#setTimes(index);
    this.#addChapters();
    const described = describeOutput(session);
    const pictures = this.#addFiles(covers, format);
    yield* this.#reportStart(described);
    const attachment = yield* openOutputSink(session, sink, chosen, this.#options);
    yield* writeHeader(session, attachment, options, format);
    for (const picture of pictures) putPacket(session, numbersOf(picture), numbersOf(picture));
    if (pictures.length > 0) yield* output.writePackets(session);
    yield* this.#copy();
    const bytesWritten = yield* output.writeTrailer(session);
    if (attachment.finish) yield* attachment.finish();
    const result = this.#result(bytesWritten);
    yield* session.finish();
    return result;
  }

  *#openSource(index: number): Operation<void> {
    const { source, input } = this.#plan.sources[index]!;
    remuxing.selectInput(this.#session, index);
    if (this.#places) this.#places.opened++;
    const { strict } = this.#options;
    const prefix = `sources[${index}].input`;
    yield* openInput(this.#session, source, input, {
      lend: false,
      prefix,
      ...(strict === undefined ? {} : { strict }),
    });
    this.#inputs.push(withSongTags(describeInput(this.#session)));
  }

  // ---------------------------------------------------------------------------------------- streams

  #keepStreams(): void {
    const kept = this.#plan.sources.flatMap((_, index) => this.#choose(index));
    this.#kept = kept.toSorted((a, b) => (a.edits.order ?? 0) - (b.edits.order ?? 0));
    for (const stream of this.#kept) this.#map(stream);
    checkTogether(this.#session, outputFormat(this.#session).name, this.#kept);
    output.setMetadata(this.#session, Object.entries(this.#cover.tag));
  }

  #choose(sourceIndex: number): Kept[] {
    const session = this.#session;
    remuxing.selectInput(session, sourceIndex);
    const { streams: selection } = this.#plan.sources[sourceIndex]!;
    const { streams } = this.#inputs[sourceIndex]!;
    const name = `sources[${sourceIndex}]`;
    const hadCover = this.#cover.index !== null;
    const chosen = this.#cover.take(choose(
      streams,
      typeof selection === "object" ? selection : (stream) => {
        const canHold = this.#cover.canHold(stream) || remuxing.canHold(session, stream.index);
        return selection ? selection(new DemuxerStream(session, stream), canHold) : canHold;
      },
    ));
    if (!hadCover && this.#cover.index !== null) this.#coverSource = sourceIndex;
    if (chosen.length > 0) {
      const cover = this.#coverSource === sourceIndex ? this.#cover.index : null;
      if (!selection) warnOfLeftOut(session, sourceIndex, this.#inputs[sourceIndex]!, chosen, cover);
      return chosen.map((one) => ({ ...one, sourceIndex }));
    }
    const why = selection
      ? "none of its streams is selected"
      : "the output format can hold none of its streams";
    throw argumentError(TypeError, name, why);
  }

  /** The name of the output. */
  #url = "";

  #map(kept: Kept): void {
    const { stream, sourceIndex, edits: { tag, delay = 0 } } = kept;
    const { bitstreamFilter, delay: common } = this.#plan.sources[sourceIndex]!;
    remuxing.selectInput(this.#session, sourceIndex);
    const filter = bitstreamFilter?.(stream);
    const edited = initOf(kept);
    const format = outputFormat(this.#session).name;
    const written = { format, url: this.#url, options: this.#options.options };
    const isFirst = this.#kept.find((other) => other.stream.type === stream.type) === kept;
    warnOfStream(this.#session, written, edited, { ...addedLike(stream, isFirst), source: sourceIndex });
    const init = {
      ...(this.#inputs.length > 1 ? { id: 0 } : {}), // ids (such as PIDs) of two sources may collide
      ...edited,
      ...songTags(kept, this.#options, format, this.#kept.length),
      ...(filter ? { bitstreamFilter: filter } : {}),
    };
    const isWhole = !this.#isCut && (this.#options.end ?? Infinity) === Infinity;
    const index = addStreamLike(this.#session, stream, init, isWhole ? "whole" : "part");
    if (tag !== undefined) output.setStream(this.#session, index, [["tag", tag]]);
    remuxing.mapStream(this.#session, stream.index, index);
    if (delay + common !== 0) remuxing.setDelay(this.#session, stream.index, delay + common);
  }

  // ---------------------------------------------------------------------------------------- times

  /**
   * Goes to `start` in all sources. The output begins with the last key frame at or before it of any source with
   * pictures; where no source has pictures, or all of those have ended, with the first packet of the source that begins
   * first.
   */
  *#findStart(): Operation<void> {
    const { start = 0 } = this.#options;
    if (start === 0) return;
    const withPictures = this.#inputs.flatMap((_, index) => this.#hasPictures(index) ? [index] : []);
    const others = [...this.#inputs.keys()].filter((index) => !withPictures.includes(index));
    const leading = withPictures.length > 0 ? withPictures : others;
    let found = yield* this.#cutAll(leading, start);
    if (found.length === 0 && leading !== others) found = yield* this.#cutAll(others, start);
    if (found.length === 0) {
      throw argumentError(RangeError, "start", `must be before the end of the sources, is ${start}`);
    }
    // What a source has before its beginning is not shown, unless a delay lets it begin earlier.
    this.#start = Math.max(
      smallest([0, ...this.#inputs.map((_, index) => this.#delayOf(index))]),
      smallest(found),
    );
    for (const [index] of this.#inputs.entries()) {
      if (this.#hasMedia(index)) yield* this.#cut(index, this.#start); // packets of subtitles before the start are skipped
    }
  }

  /** Where each of these sources can begin; without those that have ended by then. */
  *#cutAll(indexes: readonly number[], second: number): Operation<number[]> {
    const found: number[] = [];
    for (const index of indexes) {
      const start = yield* this.#cut(index, second);
      if (start !== null) found.push(start);
    }
    return found;
  }

  #hasMedia(index: number): boolean {
    return this.#kept.some(({ sourceIndex, stream }) => sourceIndex === index && isSoundOrMotion(stream));
  }

  #hasPictures(index: number): boolean {
    return this.#kept.some(({ sourceIndex, stream }) =>
      sourceIndex === index && stream.type === "video" && isSoundOrMotion(stream)
    );
  }

  /** Seeks a source to the last key frame at or before a second of the output; returns its second, null past the end. */
  *#cut(index: number, second: number): Operation<number | null> {
    remuxing.selectInput(this.#session, index);
    const offset = this.#offsetOf(index);
    remuxing.setRange(this.#session, Math.max(0, second + offset), NaN);
    const { start, isPastEnd } = yield* remuxing.cutInput(this.#session);
    if (isPastEnd) return null;
    return Number.isNaN(start) ? second : start - offset;
  }

  /** The difference between seconds of one source and seconds of the merged sources. */
  #offsetOf(index: number): number {
    return this.#beginningOf(index) - this.#delayOf(index);
  }

  /** Whether the output begins later than the sources do. */
  get #isCut(): boolean {
    return (this.#options.start ?? 0) > 0;
  }

  /** Delay of a source: its own, and that of its streams if they have the same. */
  #delayOf(index: number): number {
    const own = this.#kept.filter(({ sourceIndex }) => sourceIndex === index).map(({ edits }) =>
      edits.delay ?? 0
    );
    const isCommon = own.length > 0 && own.every((delay) => delay === own[0]);
    return this.#plan.sources[index]!.delay + (isCommon ? own[0]! : 0);
  }

  /** A source is cut as a whole, at one time. */
  #checkDelays(): void {
    const { start = 0, end = Infinity } = this.#options;
    if (start === 0 && end === Infinity) return;
    for (const [index, { delay }] of this.#plan.sources.entries()) {
      const kept = this.#kept.filter(({ sourceIndex }) => sourceIndex === index);
      if (kept.every(({ edits }) => (edits.delay ?? 0) === this.#delayOf(index) - delay)) continue;
      const name = `sources[${index}].streams`;
      const way = "give the source a second time, with the delay of the others";
      throw argumentError(TypeError, name, `streams with different delays can't be cut together: ${way}`);
    }
  }

  /** Each source is shifted to 0, unless only its subtitles are kept: their times refer to another source. */
  #setTimes(index: number): void {
    const session = this.#session;
    remuxing.selectInput(session, index);
    const { end = Infinity, timestamps } = this.#options;
    const offset = this.#offsetOf(index);
    const isCut = this.#isCut;
    const begin = this.#start + offset;
    if (timestamps === "keep") remuxing.keepTimes(session);
    // The delay of a source is added to its times elsewhere.
    const shift = timestamps === "keep" ? 0 : this.#beginningOf(index) + this.#start;
    remuxing.setRange(session, isCut ? Math.max(0, begin) : NaN, end === Infinity ? NaN : end + offset);
    remuxing.setShift(session, shift, isCut ? begin : NaN);
    this.#shifts.push(shift);
  }

  #beginningOf(index: number): number {
    const input = this.#inputs[index]!;
    const media = this.#kept.filter(({ sourceIndex, stream }) =>
      sourceIndex === index && isSoundOrMotion(stream)
    );
    if (media.length === 0) return 0;
    const starts = media.flatMap(({ stream }) => stream.startTime ?? []);
    const mayJump = input.format.flags.includes("discontinuous");
    return mayJump && starts.length > 0 ? smallest(starts) : input.startTime ?? 0;
  }

  /** Chapters of the options, else of the first source that has any. */
  #addChapters(): void {
    const source = this.#inputs.findIndex(({ chapters }) => chapters.length > 0);
    const { chapters = this.#chaptersOf(source), editChapters = (chapters) => chapters } = this.#options;
    const edited = checkChapters(editChapters(chapters), "editChapters");
    const { name } = outputFormat(this.#session);
    const written = { format: name, options: this.#options.options };
    const isSet = this.#options.chapters !== undefined;
    addChapters(this.#session, edited, written, { source: Math.max(0, source), isSet });
  }

  #chaptersOf(index: number): Chapter[] {
    if (index < 0) return [];
    const offset = this.#offsetOf(index);
    const lag = chapterLag(this.#beginningOf(index));
    const shift = this.#shifts[index]! + (this.#options.timestamps === "keep" ? lag : 0);
    return cutChapters(laterChapters(this.#inputs[index]!.chapters, lag), {
      start: this.#isCut ? this.#start + offset : -Infinity,
      end: (this.#options.end ?? Infinity) + offset,
    }, shift - this.#delayOf(index));
  }

  /** Covers and attachments of the options are not among the streams yet. */
  *#reportStart({ format, streams }: Description): Operation<void> {
    const { onstart } = this.#plan;
    if (!onstart) return;
    const report: MergeStart = {
      start: this.#start,
      duration: this.#duration,
      streams: this.#kept.map(({ stream, sourceIndex }, index) => ({
        ...streams[index]!,
        sourceIndex,
        inputIndex: stream.index,
      })),
      skippedStreams: this.#skippedStreams,
      format,
    };
    yield* call(() => onstart(report), "onstart");
  }

  // ---------------------------------------------------------------------------------------- attachments and covers

  /** Adds attachments and covers of the options; returns the pictures to be written as packets. */
  #addFiles(covers: MergePlan["covers"], format: string): Packet[] {
    const session = this.#session;
    for (const { parameters, init } of this.#plan.attachments) addStreamOf(session, parameters, init);
    return covers.flatMap((checked) => {
      if (isOgg(format)) {
        output.setMetadata(session, Object.entries(coverTag(checked)));
        return [];
      }
      const { parameters, init } = coverStream(checked);
      const { data } = checked.cover;
      const streamIndex = addStreamOf(session, parameters, init);
      if (format !== "matroska") return [new Packet({ streamIndex, data, pts: 0, dts: 0, isKey: true })];
      output.learnStream(session, streamIndex, data); // stored in the header
      return [];
    });
  }

  // ---------------------------------------------------------------------------------------- packets

  *#copy(): Operation<void> {
    const { stop } = this.#options;
    const milliseconds = this.#meter.listens || stop ? PROGRESS_INTERVAL : 0;
    for (let isOver = false; !isOver && !stop?.aborted;) {
      const step = yield* remuxing.remuxStep(this.#session, { milliseconds, until: NaN, isLast: true });
      isOver = step.state === "end";
      this.#meter.report({ ...step, time: step.seconds || 0 }, this.#duration, isOver);
    }
  }

  /** Expected duration in seconds, null if unknown. */
  get #duration(): number | null {
    const ends = this.#inputs.map(({ duration }, index) =>
      duration === null ? null : duration + this.#delayOf(index)
    );
    const known = ends.filter((end) => end !== null);
    const last = known.length < ends.length ? Infinity : -smallest(known.map((end) => -end));
    const end = Math.min(last, this.#options.end ?? Infinity);
    return Number.isFinite(end) ? Math.max(0, end - this.#start) : null;
  }

  #result(bytesWritten: number): MergeResult {
    const routes = this.#kept.map(({ stream, sourceIndex }) => {
      remuxing.selectInput(this.#session, sourceIndex);
      return remuxing.routed(this.#session, stream.index);
    });
    const streams = this.#kept.map(({ stream, sourceIndex }, index) => {
      const { packets, bytes, first, last } = routes[index]!;
      const duration = Number.isNaN(last - first) ? null : last - first;
      return { index, sourceIndex, inputIndex: stream.index, packets, bytes, duration };
    });
    const format = outputFormat(this.#session).name;
    for (const [index, { stream, sourceIndex }] of this.#kept.entries()) {
      const written = { format, options: this.#options };
      if (streams[index]!.packets === 0) warnOfEmpty(this.#session, written, sourceIndex, stream);
    }
    const timed = routes.filter(({ last }) => !Number.isNaN(last));
    return {
      packets: streams.reduce((sum, { packets }) => sum + packets, 0),
      bytesWritten,
      start: this.#start,
      duration: timed.length === 0
        ? null
        : -smallest(timed.map(({ last }) => -last)) - smallest(timed.map(({ first }) => first)),
      streams,
      skippedStreams: this.#skippedStreams,
      warnings: this.#session.allWarnings(),
    };
  }

  get #skippedStreams(): MergeResult["skippedStreams"] {
    return this.#inputs.flatMap(({ streams }, sourceIndex) =>
      streams.filter(({ index }) => !this.#keeps(sourceIndex, index))
        .map(({ index }) => ({ sourceIndex, inputIndex: index }))
    );
  }

  #keeps(source: number, index: number): boolean {
    if (source === this.#coverSource && index === this.#cover.index) return true;
    return this.#kept.some(({ sourceIndex, stream }) => sourceIndex === source && stream.index === index);
  }
}
