/**
 * Splitting and joining without decoding: one source into segments at key frames, several sources into one output. How is
 * in `transfer.ts`.
 */
import { type MaybePromise, type Operation, runSync } from "../ffi/operation.ts";
import { argumentError } from "../ffi/errors.ts";
import { promised } from "../ffi/session.ts";
import {
  checkArray,
  checkBoolean,
  checkFunction,
  checkNumber,
  checkString,
  type Names,
  optional,
} from "../io/arguments.ts";
import type { Sink } from "../io/sink.ts";
import type { Source } from "../io/source.ts";
import { checkOptions } from "./options.ts";
import {
  type RemuxedStream,
  remuxOperation,
  remuxOptionNames,
  type RemuxOptions,
  type RemuxResult,
} from "./remux.ts";
import { type Part, transfer } from "./transfer.ts";

/** Options of {@linkcode splitSync}. */
export interface SplitOptions
  extends Omit<RemuxOptions, "format" | "url" | "onopen" | "chapters" | "editChapters"> {
  /** Format of each segment, by FFmpeg's name. */
  format: string;
  /** Seconds: a segment ends with the first key frame at or after each multiple of them. */
  every: number;
  /** Timestamps of each segment begin with 0. @default {true} */
  resetTimestamps?: boolean;
  /** The sink of a segment, asked when it begins. */
  onsegment: (index: number) => MaybePromise<Sink>;
}

const { url: _url, onopen: _onopen, chapters: _chapters, editChapters: _edit, ...shared } = remuxOptionNames;

/** The names of {@linkcode SplitOptions}. */
export const splitOptionNames: Names<SplitOptions> = {
  ...shared,
  every: true,
  resetTimestamps: true,
  onsegment: true,
};

/** A segment, when it is written. */
export interface Segment {
  /** The first is 0. */
  index: number;
  /** Seconds of the input: the key frame that it begins with. */
  start: number;
  /** Seconds of the input: the key frame that the next one begins with, or the end. */
  end: number;
  /** Seconds of what is in it, null where no packet had a time. */
  duration: number | null;
  /** Packets written. */
  packets: number;
  /** Bytes of the segment. */
  bytesWritten: number;
  /** Its streams. */
  streams: RemuxedStream[];
}

/** What a split has done; numbers are those of all segments together. */
export interface SplitResult extends RemuxResult {
  /** In order. */
  segments: Segment[];
}

function* splitOperation(source: Source, options: SplitOptions): Operation<SplitResult> {
  const { every, resetTimestamps = true, onsegment, ...rest } = checkOptions(options, splitOptionNames);
  checkString(rest.format, "format");
  if (checkNumber(every, "every", 0) === 0) {
    throw argumentError(RangeError, "every", "must be more than 0, is 0");
  }
  optional(checkBoolean, options.resetTimestamps, "resetTimestamps");
  checkFunction(onsegment, "onsegment");
  const split = { every, resetTimestamps, onsegment };
  const { parts, skippedStreams } = yield* transfer({ sources: [source], sink: null, split }, rest);
  const segments = parts.map((part, index) => ({ index, ...part }));
  const [{ start }] = segments as [Segment];
  return { ...totalOf(parts), start, skippedStreams, segments };
}

type Total = Pick<RemuxResult, "packets" | "bytesWritten" | "duration" | "streams">;

function totalOf(parts: readonly Part[]): Total {
  return parts.slice(1).reduce<Total>((total, part) => ({
    packets: total.packets + part.packets,
    bytesWritten: total.bytesWritten + part.bytesWritten,
    duration: sum(total.duration, part.duration),
    streams: total.streams.map((stream, index) => {
      const { packets, bytes, duration } = part.streams[index]!;
      return {
        ...stream,
        packets: stream.packets + packets,
        bytes: stream.bytes + bytes,
        duration: sum(stream.duration, duration),
      };
    }),
  }), parts[0]!);
}

function sum(a: number | null, b: number | null): number | null {
  return a === null || b === null ? a ?? b : a + b;
}

/**
 * Writes a source as segments, each a file of its own that begins with a key frame.
 *
 * ```ts
 * import { MemorySink, splitSync } from "@avio/avio";
 *
 * const sinks: MemorySink[] = [];
 * const { segments } = splitSync("fixtures/video.mp4", {
 *   format: "mp4",
 *   every: 1,
 *   onsegment: (index) => sinks[index] = new MemorySink(),
 * });
 * console.log(segments.map(({ start, bytesWritten }) => [start, bytesWritten]));
 * ```
 *
 * @param source What is read.
 * @param options `format`, `every` and `onsegment` are needed.
 * @returns What was done, and each segment.
 * @throws {AVError | TypeError | RangeError} As `remuxSync`.
 * @throws Whatever `onsegment` and callbacks of the source and the sinks threw.
 */
export function splitSync(source: Source, options: SplitOptions): SplitResult {
  return runSync(splitOperation(source, options));
}

/**
 * As {@linkcode splitSync}; sinks may be streams, and promised.
 *
 * @param source What is read.
 * @param options `format`, `every` and `onsegment` are needed.
 * @returns What was done, and each segment.
 */
export function split(source: Source, options: SplitOptions): Promise<SplitResult> {
  return promised(() => splitOperation(source, options));
}

function* concatOperation(
  sources: readonly Source[],
  sink: Sink,
  options: RemuxOptions | undefined,
): Operation<RemuxResult> {
  checkArray(sources, "sources");
  if (sources.length === 0) throw argumentError(TypeError, "sources", "there is none");
  return yield* remuxOperation({ sources, sink }, checkOptions(options, remuxOptionNames));
}

/**
 * Writes several sources one after the other into one output. They have the same streams, coded the same way: the number,
 * codec, extradata, size of pictures, sample rate and channels of those that are kept are compared as each is opened.
 * Each source's times go on where the one before has ended; `start` and `end` count from the beginning of the first; its
 * tags and chapters are the output's. `input` holds for each source.
 *
 * ```ts
 * import { concatSync, MemorySink } from "@avio/avio";
 *
 * const twice = new MemorySink();
 * const result = concatSync(["fixtures/video.mp4", "fixtures/video.mp4"], twice, { format: "mp4" });
 * console.log(result.duration?.toFixed(1)); // 6.0
 * ```
 *
 * @param sources What is read, one or more.
 * @param sink What is written.
 * @param options As those of `remux`.
 * @returns What was done.
 * @throws {AVError | TypeError | RangeError} As `remuxSync`; a TypeError that names the source where it can't be joined.
 */
export function concatSync(sources: readonly Source[], sink: Sink, options?: RemuxOptions): RemuxResult {
  return runSync(concatOperation(sources, sink, options));
}

/**
 * As {@linkcode concatSync}; sources and sink may be streams.
 *
 * @param sources What is read, one or more.
 * @param sink What is written.
 * @param options As those of `remux`.
 * @returns What was done.
 */
export function concat(
  sources: readonly Source[],
  sink: Sink,
  options?: RemuxOptions,
): Promise<RemuxResult> {
  return promised(() => concatOperation(sources, sink, options));
}
