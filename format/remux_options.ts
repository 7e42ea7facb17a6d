/**
 * Options and results of remux, concat and split, and checks of the options.
 */
import { argumentError } from "../ffi/errors.ts";
import type { MaybePromise } from "../ffi/operation.ts";
import type { Limits } from "../ffi/session.ts";
import type { Warning } from "../ffi/warnings.ts";
import {
  checkArray,
  checkBoolean,
  checkFunction,
  checkLimit,
  checkNumber,
  checkOneOf,
  type Names,
  optional,
  readFields,
} from "../io/arguments.ts";
import type { FormatInfo } from "./formats.ts";
import { checkSelection, type StreamSelection } from "./edits.ts";
import { checkDemuxerOptions, type DemuxerOptions } from "./open_input.ts";
import { checkMuxerOptions, muxerOptionNames, type MuxerOptions } from "./open_output.ts";
import { checkSignal } from "./options.ts";
import type { Packet } from "./packet.ts";
import type { RemuxProgress } from "./progress.ts";
import type { Chapter, Stream } from "./stream.ts";

/** Options of {@linkcode remuxSync}. */
export interface RemuxOptions extends MuxerOptions {
  /**
   * Options of the input. Its `onopen` serves only the input; the `onopen` of the remux serves only the output.
   * `signal` and `timeout` here apply to the whole call, like those of the remux.
   */
  input?: DemuxerOptions;
  /** The streams to keep, in order, and their changes. @default all that the output format can hold */
  streams?: StreamSelection;
  /** Tags of the container, added to those of the input, or replacing those of the same name. */
  metadata?: Record<string, string>;
  /** Gets the tags of the output and returns those to write instead: `() => ({})` removes all. */
  editMetadata?: (tags: Record<string, string>) => Record<string, string>;
  /** Chapters of the output, in seconds; `[]` for none. @default those of the input, within the kept range */
  chapters?: Chapter[];
  /** Gets the chapters of the output, with the output's times, and returns those to write instead. */
  editChapters?: (chapters: Chapter[]) => Chapter[];
  /** Returns bitstream filters for a kept stream; see `StreamInit`. */
  bitstreamFilter?: (stream: Omit<Stream, "discard">) => string | null | undefined;
  /**
   * Start in seconds from the beginning of the media. The output begins with the last key frame at or before it, at
   * time 0. A start beyond the end is a RangeError.
   */
  start?: number;
  /** End in seconds: exactly the packets shown before it are kept, also with B-frames. @default {Infinity} */
  end?: number;
  /**
   * Several ranges instead of `start` and `end`, in ascending order, written as one output without gaps. Each begins
   * with the last key frame at or before its start; ranges that then overlap are joined. The source must be seekable.
   */
  ranges?: readonly RemuxRange[];
  /**
   * `"zero"`: the output begins at 0, as with `ffmpeg -c copy`. Packets that are decoded but not shown at the beginning
   * (encoder delay) have negative times, which mp4 stores as an edit list; formats without negative times begin with
   * them. Times of MPEG-TS continue across jumps and wraparounds. `"keep"`: the input's times are kept. MPEG-TS output
   * begins at 1.4 seconds, except with `"keep"`. @default {"zero"}
   */
  timestamps?: "zero" | "keep";
  /**
   * Called with each kept packet, with the input's stream indexes and time bases; the packet that it returns is written
   * instead, null drops the packet. Without it no packets pass through JavaScript.
   */
  transform?: (packet: Packet) => MaybePromise<Packet | null>;
  /**
   * Called once, when it is known where the output begins and which streams it has, before the sink is opened: an
   * existing file is still untouched. An exception ends the remux; the async API awaits its promise.
   */
  onstart?: (start: RemuxStart) => MaybePromise<void>;
  /**
   * Whether warnings are errors ({@linkcode StrictError}): those about a source (like `strict` of its `input`), a stream that
   * the output format can't hold and that `streams` does not leave out, corrected times. @default {false}
   */
  strict?: boolean;
  /**
   * Called for the first loss of each kind in each stream; the result has all of them. An exception ends the remux.
   */
  onwarning?: (warning: Warning) => void;
  /**
   * Stops the reading, within a tenth of a second while packets arrive, and finishes the output with what has been read, as
   * if the source ended there. `signal`, in contrast, ends everything at once. Async API only.
   */
  stop?: AbortSignal;
  /** Called about ten times a second, and when everything is written. An exception ends the remux. */
  onprogress?: (progress: RemuxProgress) => void;
}

/** A range of a source to keep. */
export interface RemuxRange {
  /** Start in seconds. @default {0} */
  start?: number;
  /** End in seconds. @default {Infinity} */
  end?: number;
}

/** An output before it is written. */
export interface RemuxStart {
  /** Seconds of the input at which the output begins: the key frame at or before `start`, 0 without `start`. */
  start: number;
  /** Expected duration in seconds, null if unknown. */
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
  /** Its index in the input; `index` is that in the output. */
  inputIndex: number;
}

/** A stream of the output, and what was written to it. */
export interface RemuxedStream {
  /** Its index in the output. */
  index: number;
  /** Its index in the input. */
  inputIndex: number;
  /** Packets written. */
  packets: number;
  /** Bytes of their data, before bitstream filters. */
  bytes: number;
  /** Seconds from its first packet to the end of its last, null if none had a time. */
  duration: number | null;
}

/** The result of a remux. */
export interface RemuxResult {
  /** Packets written. */
  packets: number;
  /** Size of the output in bytes. */
  bytesWritten: number;
  /** Seconds of the input at which the output begins: the key frame at or before `start`, 0 without `start`. */
  start: number;
  /** Duration of the output in seconds, null if no packet had a time. */
  duration: number | null;
  /** Streams of the output, in its order. */
  streams: RemuxedStream[];
  /** Streams of the input that are not in the output. */
  skippedStreams: number[];
  /** What was lost or changed; empty if the output has everything of the input, unchanged. */
  warnings: Warning[];
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
  strict: true,
  onwarning: true,
  stop: true,
  onprogress: true,
};

/** Checks options before anything is opened, returns a copy; undefined ones are ignored. `names` are the known options. */
export function checkRemuxOptions<T extends RemuxOptions>(options: T | undefined, names: Names<T>): T {
  const copy = checkMuxerOptions(options, names);
  const checked: RemuxOptions = copy;
  if (checked.input !== undefined) checked.input = checkDemuxerOptions(checked.input, "input");
  if (checked.streams !== undefined) checked.streams = checkSelection(checked.streams, "streams");
  optional(checkFunction, checked.onstart, "onstart");
  optional(checkFunction, checked.onprogress, "onprogress");
  optional(checkFunction, checked.onwarning, "onwarning");
  optional(checkBoolean, checked.strict, "strict");
  optional(checkSignal, checked.stop, "stop");
  optional(checkFunction, checked.bitstreamFilter, "bitstreamFilter");
  optional((value, name) => checkOneOf(value, ["zero", "keep"], name), checked.timestamps, "timestamps");
  optional(checkFunction, checked.transform, "transform");
  optional(checkFunction, checked.editMetadata, "editMetadata");
  optional(checkFunction, checked.editChapters, "editChapters");
  const start = optional(checkNumber, checked.start, "start", 0) ?? 0;
  const end = optional(checkLimit, checked.end, "end", 0) ?? Infinity;
  if (end <= start) throw argumentError(RangeError, "end", `must be after start (${start}), is ${end}`);
  if (checked.ranges === undefined) return copy;
  if (checked.start !== undefined || checked.end !== undefined) {
    throw argumentError(TypeError, "ranges", "can't be combined with start and end");
  }
  checked.ranges = checkRanges(checked.ranges);
  return copy;
}

const rangeNames: Names<RemuxRange> = { start: true, end: true };

function checkRanges(ranges: readonly RemuxRange[]): RemuxRange[] {
  const checked = checkArray(ranges, "ranges").map((range, index) =>
    readFields(range, rangeNames, `ranges[${index}]`, "field")
  );
  if (checked.length === 0) throw argumentError(RangeError, "ranges", "must not be empty");
  checked.reduce((before, range, index) => {
    const name = `ranges[${index}]`;
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
  return checked;
}

/** `signal` and `timeout` of the remux and of its inputs. */
export function limitsOf(options: Limits, inputs: readonly Limits[]): Limits {
  const all = [options, ...inputs];
  const signals = all.flatMap(({ signal }) => signal ?? []);
  const timeouts = all.flatMap(({ timeout }) => timeout ?? []);
  return {
    signal: signals.length > 1 ? AbortSignal.any(signals) : signals[0],
    timeout: timeouts.length > 0 ? timeouts.reduce((min, timeout) => Math.min(min, timeout)) : undefined,
  };
}
