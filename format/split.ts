/**
 * split: one source as segments that begin with key frames, without decoding. How is in `transfer.ts`.
 */
import { argumentError } from "../ffi/errors.ts";
import type { MaybePromise } from "../ffi/operation.ts";
import {
  checkBoolean,
  checkFunction,
  checkInteger,
  checkNumber,
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
  /** Seconds: a segment ends with the first key frame at or after each multiple of them. This, `at`, `count` or `size`. */
  every?: number;
  /**
   * Seconds, ascending: a segment ends with the first key frame at or after each of them; `"chapters"`: where chapters begin.
   * What is less than 0.1 s behind the beginning of a segment begins with it.
   */
  at?: readonly number[] | "chapters";
  /** So many segments, of about the same length; fewer where there are fewer key frames. */
  count?: number;
  /** Bytes: a segment ends with the first key frame after so many bytes of packets. */
  size?: number;
  /** Timestamps of each segment begin with 0. @default {true}, but false with `timestamps: "keep"` */
  resetTimestamps?: boolean;
  /** The sink of a segment, asked when it begins. */
  onsegment: (index: number) => MaybePromise<Sink>;
}

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
  const { every, at, count, size, onsegment, ...options } = checkRemuxOptions(given, splitOptionNames);
  const { resetTimestamps = options.timestamps !== "keep" } = given;
  checkString(options.format, "format");
  checkPlaces({ every, at, count, size });
  optional(checkBoolean, given.resetTimestamps, "resetTimestamps");
  if (resetTimestamps && options.timestamps === "keep") {
    throw argumentError(TypeError, "resetTimestamps", 'can\'t be true with timestamps: "keep"');
  }
  checkFunction(onsegment, "onsegment");
  const plan = {
    sources: [{ source, input: options.input ?? {} }],
    sink: null,
    split: { every, at, count, size, resetTimestamps, onsegment },
  };
  return { plan, options };
}

/** One of them says where. */
function checkPlaces(places: SplitPlaces): void {
  const { every, at, count, size } = places;
  if (every !== undefined && checkNumber(every, "every", 0) === 0) {
    throw argumentError(RangeError, "every", "must be more than 0, is 0");
  }
  optional(checkInteger, count, "count", 1);
  optional(checkInteger, size, "size", 1);
  if (at !== undefined && at !== "chapters") checkTimes(at);
  const given = (["every", "at", "count", "size"] as const).filter((name) => places[name] !== undefined);
  const [first, second] = given;
  if (first === undefined) throw argumentError(TypeError, "every", "must be given, or at, count or size");
  if (second !== undefined) throw argumentError(TypeError, second, `can't be beside ${first}`);
}

function checkTimes(at: readonly number[]): void {
  if (!Array.isArray(at)) throw argumentError(TypeError, "at", 'must be seconds in an array, or "chapters"');
  at.reduce((before, time, index) => checkNumber(time, `at[${index}]`, before), 0);
}

function resultOf({ whole, parts }: Transferred): SplitResult {
  return { ...whole, segments: parts.map((part, index) => ({ index, ...part })) };
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
 * @param options `format`, `onsegment` and one of `every`, `at`, `count` and `size` are needed.
 * @returns What was done, and each segment.
 * @throws {AVError | TypeError | RangeError} As `remuxSync`.
 * @throws Whatever `onsegment` and callbacks of the source and the sinks threw.
 */
export function splitSync(source: Source, options: SplitOptions): SplitResult {
  const checked = check(source, options);
  return resultOf(transferSync(checked.plan, checked.options));
}

/**
 * As {@linkcode splitSync}; sinks may be streams, and promised.
 *
 * @param source What is read.
 * @param options `format`, `onsegment` and one of `every`, `at`, `count` and `size` are needed.
 * @returns What was done, and each segment.
 */
export async function split(source: Source, options: SplitOptions): Promise<SplitResult> {
  const checked = check(source, options);
  return resultOf(await transfer(checked.plan, checked.options));
}
