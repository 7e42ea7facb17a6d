/**
 * split: writes a source as segments that begin with key frames, without decoding. `transfer.ts` implements it.
 */
import { argumentError } from "../ffi/errors.ts";
import type { MaybePromise } from "../ffi/operation.ts";
import {
  checkArray,
  checkBoolean,
  checkFunction,
  checkInteger,
  checkNumber,
  checkObject,
  checkString,
  type Names,
  optional,
} from "../io/arguments.ts";
import type { Sink } from "../io/sink.ts";
import type { Source } from "../io/source.ts";
import {
  checkRemuxOptions,
  type RemuxedStream,
  remuxOptionNames,
  type RemuxOptions,
  type RemuxResult,
} from "./remux_options.ts";
import { type Plan, type SplitPlaces, transfer, type Transferred, transferSync } from "./transfer.ts";

/** Options of {@linkcode splitSync}. */
export interface SplitOptions
  extends Omit<RemuxOptions, "format" | "url" | "onopen" | "chapters" | "editChapters" | "ranges"> {
  /** Format of each segment, by FFmpeg's name. */
  format: string;
  /**
   * Seconds: a new segment begins at the first key frame at or after each multiple. Give this, `at`, `count` or `size`.
   */
  every?: number;
  /**
   * Seconds, ascending: a new segment begins at the first key frame at or after each; `"chapters"`: at the start of
   * chapters. Times less than 0.1 s after the beginning of a segment are ignored.
   */
  at?: readonly number[] | "chapters";
  /** Number of segments of about the same length; fewer if there are fewer key frames. */
  count?: number;
  /** Bytes: a new segment begins at the first key frame after this many bytes of packets. */
  size?: number;
  /** Whether the timestamps of each segment begin at 0. @default {true}, but false with `timestamps: "keep"` */
  resetTimestamps?: boolean;
  /** Called when a segment begins; returns its sink, which no other segment may have: not the same MemorySink or path. */
  onsegment: (index: number) => MaybePromise<Sink>;
}

/** A written segment. */
export interface Segment {
  /** Index of the segment, from 0. */
  index: number;
  /** Time of its first key frame, in seconds of the input. */
  start: number;
  /** Time of the next segment's first key frame, or the end, in seconds of the input. */
  end: number;
  /** Duration in seconds, null if no packet had a time. */
  duration: number | null;
  /** Packets written. */
  packets: number;
  /** Size of the segment in bytes. */
  bytesWritten: number;
  /** Its streams. */
  streams: RemuxedStream[];
}

/** The result of a split; numbers are totals of all segments. */
export interface SplitResult extends RemuxResult {
  /** The segments, in order. */
  segments: Segment[];
}

const { url: _url, onopen: _onopen, chapters: _chapters, editChapters: _edit, ranges: _ranges, ...shared } =
  remuxOptionNames;

/** The names of {@linkcode SplitOptions}. */
const splitOptionNames: Names<SplitOptions> = {
  ...shared,
  every: true,
  at: true,
  count: true,
  size: true,
  resetTimestamps: true,
  onsegment: true,
};

interface Checked {
  plan: Plan;
  options: RemuxOptions;
}

function check(source: Source, given: SplitOptions): Checked {
  const { every, at, count, size, onsegment, resetTimestamps: reset, ...options } = checkRemuxOptions(
    checkObject(given, "options"),
    splitOptionNames,
  );
  const resetTimestamps = optional(checkBoolean, reset, "resetTimestamps") ?? options.timestamps !== "keep";
  checkString(options.format, "format");
  const places = checkPlaces({ every, at, count, size });
  if (resetTimestamps && options.timestamps === "keep") {
    throw argumentError(TypeError, "resetTimestamps", 'can\'t be true with timestamps: "keep"');
  }
  checkFunction(onsegment, "onsegment");
  const plan = {
    sources: [{ source, input: options.input ?? {} }],
    sink: null,
    split: { ...places, resetTimestamps, onsegment },
  };
  return { plan, options };
}

/** Checks that exactly one of the options is given; returns them. */
function checkPlaces(places: SplitPlaces): SplitPlaces {
  const { every, at, count, size } = places;
  if (every !== undefined && checkNumber(every, "every", 0) === 0) {
    throw argumentError(RangeError, "every", "must be more than 0, is 0");
  }
  optional(checkInteger, count, "count", 1);
  optional(checkInteger, size, "size", 1);
  const times = at === undefined || at === "chapters" ? at : checkTimes(at);
  const given = (["every", "at", "count", "size"] as const).filter((name) => places[name] !== undefined);
  const [first, second] = given;
  if (first === undefined) throw argumentError(TypeError, "every", "must be given, or at, count or size");
  if (second !== undefined) throw argumentError(TypeError, second, `can't be combined with ${first}`);
  return { every, at: times, count, size };
}

function checkTimes(at: readonly number[]): number[] {
  if (!Array.isArray(at)) throw argumentError(TypeError, "at", 'must be seconds in an array, or "chapters"');
  const times = checkArray(at, "at");
  times.reduce((before, time, index) => checkNumber(time, `at[${index}]`, before), 0);
  return times;
}

function resultOf({ whole, parts }: Transferred): SplitResult {
  return { ...whole, segments: parts.map((part, index) => ({ index, ...part })) };
}

/**
 * Writes a source as segments. Each is a complete file that begins with a key frame, and has the chapters of its part.
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
 * @param source The source to read.
 * @param options `format`, `onsegment` and one of `every`, `at`, `count` and `size` are required.
 * @returns What was written, and each segment.
 * @throws {AVError | TypeError | RangeError} As `remuxSync`.
 * @throws Exceptions of `onsegment` and of callbacks of the source and the sinks.
 */
export function splitSync(source: Source, options: SplitOptions): SplitResult {
  const checked = check(source, options);
  return resultOf(transferSync(checked.plan, checked.options));
}

/**
 * Asynchronous version of {@linkcode splitSync}. Sinks may be streams, and `onsegment` may return a promise.
 *
 * @param source The source to read.
 * @param options `format`, `onsegment` and one of `every`, `at`, `count` and `size` are required.
 * @returns What was written, and each segment.
 */
export async function split(source: Source, options: SplitOptions): Promise<SplitResult> {
  const checked = check(source, options);
  return resultOf(await transfer(checked.plan, checked.options));
}
