/**
 * What remux, concat and split are asked for and what they report: their options and results, and how options are checked.
 */
import { argumentError } from "../ffi/errors.ts";
import type { MaybePromise } from "../ffi/operation.ts";
import type { Limits } from "../ffi/session.ts";
import {
  checkArray,
  checkFunction,
  checkLimit,
  checkNames,
  checkNumber,
  checkObject,
  checkOneOf,
  type Names,
  optional,
} from "../io/arguments.ts";
import type { FormatInfo } from "./formats.ts";
import { checkSelection, type StreamSelection } from "./edits.ts";
import { checkDemuxerOptions, type DemuxerOptions } from "./open_input.ts";
import { checkMuxerOptions, muxerOptionNames, type MuxerOptions } from "./open_output.ts";
import type { Packet } from "./packet.ts";
import type { RemuxProgress } from "./progress.ts";
import type { Chapter, Stream } from "./stream.ts";

/** Options of {@linkcode remuxSync}. */
export interface RemuxOptions extends MuxerOptions {
  /**
   * Options of the input. Its `onopen` serves the input alone, and the `onopen` beside it the output alone. A `signal` or a
   * `timeout` here ends the whole, as one beside it does.
   */
  input?: DemuxerOptions;
  /** Which streams to keep, in which order and with which changes. @default all that the output format can hold */
  streams?: StreamSelection;
  /** Tags of the container, beside those of the input and instead of those of the same name. */
  metadata?: Record<string, string>;
  /** Gets the tags that the container would have, and answers those that it has: `() => ({})` takes all away. */
  editMetadata?: (tags: Record<string, string>) => Record<string, string>;
  /** Chapters of the output, in seconds; `[]` for none. @default those of the input, cut as it is */
  chapters?: Chapter[];
  /** Gets the chapters that the output would have, with its times, and answers those that it has. */
  editChapters?: (chapters: Chapter[]) => Chapter[];
  /** Bitstream filters for a stream that is kept; see `StreamInit`. */
  bitstreamFilter?: (stream: Omit<Stream, "discard">) => string | null | undefined;
  /**
   * Seconds; the output begins with the last key frame at or before it, whose time is 0. A RangeError where the media
   * has ended by then.
   */
  start?: number;
  /** Seconds; packets that are shown from there on are left out, and with B-frames no others. @default {Infinity} */
  end?: number;
  /**
   * Several ranges instead of `start` and `end`, in their order: what is kept of them is one output without gaps. Each begins
   * with the last key frame at or before its start; ranges that meet so are one. The source must be seekable.
   */
  ranges?: readonly RemuxRange[];
  /**
   * `"zero"`: the output begins with 0, as that of `ffmpeg -c copy`. What is decoded but not shown at the beginning (the
   * delay of an encoder) has times below 0, which mp4 has as an edit list; formats without such times begin with it.
   * Where the times of MPEG-TS jump or roll over they go on instead. `"keep"`: times are those of the input.
   * MPEG-TS itself begins 1.4 seconds after 0, except with `"keep"`. @default {"zero"}
   */
  timestamps?: "zero" | "keep";
  /**
   * Called with each packet that is kept, of the input's streams and in their time bases; what it answers is written
   * instead of it, null leaves it out. Without it no packet comes to JavaScript.
   */
  transform?: (packet: Packet) => MaybePromise<Packet | null>;
  /**
   * Called once, when it is known where the output begins and which streams it has, and before the sink is opened: a file
   * that is there is still as it was. What it throws ends the remux; the async API waits for its promise.
   */
  onstart?: (start: RemuxStart) => MaybePromise<void>;
  /** Called some ten times a second, and when all is written. What it throws ends the remux. */
  onprogress?: (progress: RemuxProgress) => void;
}

/** A part of a source that is kept. */
export interface RemuxRange {
  /** Seconds. @default {0} */
  start?: number;
  /** Seconds. @default {Infinity} */
  end?: number;
}

/** An output before anything of it is written. */
export interface RemuxStart {
  /** Seconds of the input that the output begins with: the key frame at or before `start`, 0 without one. */
  start: number;
  /** Seconds that the output will have, null where unknown. */
  duration: number | null;
  /** Streams of the output, in its order. */
  streams: StartingStream[];
  /** Streams of the input that will not be in the output. */
  skippedStreams: number[];
  /** Format of the output. */
  format: FormatInfo;
}

/** A stream of an output, before its header is written: the muxer may choose another time base. */
export interface StartingStream extends Omit<Stream, "discard"> {
  /** Its place in the input; `index` is that in the output. */
  inputIndex: number;
}

/** A stream of the output, and what was written of it. */
export interface RemuxedStream {
  /** Its place in the output. */
  index: number;
  /** Its place in the input. */
  inputIndex: number;
  /** Packets written. */
  packets: number;
  /** Bytes of their data, before bitstream filters. */
  bytes: number;
  /** Seconds from its first packet to the end of its last, null where none had a time. */
  duration: number | null;
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
  /** Streams of the output, in its order. */
  streams: RemuxedStream[];
  /** Streams of the input that are not in the output. */
  skippedStreams: number[];
}

/** The names of {@linkcode RemuxOptions}. */
export const remuxOptionNames: Names<RemuxOptions> = {
  ...muxerOptionNames,
  input: true,
  streams: true,
  editMetadata: true,
  editChapters: true,
  bitstreamFilter: true,
  start: true,
  end: true,
  ranges: true,
  timestamps: true,
  transform: true,
  onstart: true,
  onprogress: true,
};

/** Options checked, before anything is touched; undefined options are none. `names`: all that there are. */
export function checkRemuxOptions<T extends RemuxOptions>(options: T | undefined, names: Names<T>): T {
  const checked = checkMuxerOptions(options, names);
  checkDemuxerOptions(checked.input, "input");
  optional(checkSelection, checked.streams, "streams");
  optional(checkFunction, checked.onstart, "onstart");
  optional(checkFunction, checked.onprogress, "onprogress");
  optional(checkFunction, checked.bitstreamFilter, "bitstreamFilter");
  optional((value, name) => checkOneOf(value, ["zero", "keep"], name), checked.timestamps, "timestamps");
  optional(checkFunction, checked.transform, "transform");
  optional(checkFunction, checked.editMetadata, "editMetadata");
  optional(checkFunction, checked.editChapters, "editChapters");
  const start = optional(checkNumber, checked.start, "start", 0) ?? 0;
  const end = optional(checkLimit, checked.end, "end", 0) ?? Infinity;
  if (end <= start) throw argumentError(RangeError, "end", `must be after start (${start}), is ${end}`);
  if (checked.ranges === undefined) return checked;
  if (checked.start !== undefined || checked.end !== undefined) {
    throw argumentError(TypeError, "ranges", "can't be beside start and end");
  }
  checkRanges(checked.ranges);
  return checked;
}

const rangeNames: Names<RemuxRange> = { start: true, end: true };

function checkRanges(ranges: readonly RemuxRange[]): void {
  if (checkArray(ranges, "ranges").length === 0) {
    throw argumentError(RangeError, "ranges", "must not be empty");
  }
  ranges.reduce((before, range, index) => {
    const name = `ranges[${index}]`;
    checkNames(checkObject(range, name), rangeNames, name, "field");
    const start = optional(checkNumber, range.start, `${name}.start`, 0) ?? 0;
    const end = optional(checkLimit, range.end, `${name}.end`, 0) ?? Infinity;
    if (start < before) {
      const problem = `must not be before the end of the range before (${before}), is ${start}`;
      throw argumentError(RangeError, `${name}.start`, problem);
    }
    if (end <= start) {
      throw argumentError(RangeError, `${name}.end`, `must be after start (${start}), is ${end}`);
    }
    return end;
  }, 0);
}

/** What ends a remux early: the limits of the whole, and of each input. */
export function limitsOf(options: Limits, inputs: readonly Limits[]): Limits {
  const all = [options, ...inputs];
  const signals = all.flatMap(({ signal }) => signal ?? []);
  const timeouts = all.flatMap(({ timeout }) => timeout ?? []);
  return {
    signal: signals.length > 1 ? AbortSignal.any(signals) : signals[0],
    timeout: timeouts.length > 0 ? timeouts.reduce((least, timeout) => Math.min(least, timeout)) : undefined,
  };
}
