/**
 * split: one source as segments that begin with key frames, without decoding. How is in `transfer.ts`.
 */
import { argumentError } from "../ffi/errors.ts";
import type { MaybePromise } from "../ffi/operation.ts";
import {
  checkBoolean,
  checkFunction,
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
import { type Plan, transfer, type Transferred, transferSync } from "./transfer.ts";

/** Options of {@linkcode splitSync}. */
export interface SplitOptions
  extends Omit<RemuxOptions, "format" | "url" | "onopen" | "chapters" | "editChapters"> {
  /** Format of each segment, by FFmpeg's name. */
  format: string;
  /** Seconds: a segment ends with the first key frame at or after each multiple of them. */
  every: number;
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

const { url: _url, onopen: _onopen, chapters: _chapters, editChapters: _edit, ...shared } = remuxOptionNames;

/** The names of {@linkcode SplitOptions}. */
const splitOptionNames: Names<SplitOptions> = {
  ...shared,
  every: true,
  resetTimestamps: true,
  onsegment: true,
};

interface Checked {
  plan: Plan;
  options: RemuxOptions;
}

function check(source: Source, given: SplitOptions): Checked {
  const { every, onsegment, ...options } = checkRemuxOptions(given, splitOptionNames);
  const { resetTimestamps = options.timestamps !== "keep" } = given;
  checkString(options.format, "format");
  if (checkNumber(every, "every", 0) === 0) {
    throw argumentError(RangeError, "every", "must be more than 0, is 0");
  }
  optional(checkBoolean, given.resetTimestamps, "resetTimestamps");
  if (resetTimestamps && options.timestamps === "keep") {
    throw argumentError(TypeError, "resetTimestamps", 'can\'t be true with timestamps: "keep"');
  }
  checkFunction(onsegment, "onsegment");
  const plan = {
    sources: [{ source, input: options.input ?? {} }],
    sink: null,
    split: { every, resetTimestamps, onsegment },
  };
  return { plan, options };
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
 * @param options `format`, `every` and `onsegment` are needed.
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
 * @param options `format`, `every` and `onsegment` are needed.
 * @returns What was done, and each segment.
 */
export async function split(source: Source, options: SplitOptions): Promise<SplitResult> {
  const checked = check(source, options);
  return resultOf(await transfer(checked.plan, checked.options));
}
