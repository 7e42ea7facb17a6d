/**
 * What the commands that copy streams have in common: the library's options from the flags, the progress line, the report
 * and exit code at the end, and the library's errors in terms of the command line.
 */
import { dirname } from "node:path";
import { files } from "../io/files.ts";
import { isChapterTrack } from "../format/stream.ts";
import {
  type DemuxerOptions,
  type MediaType,
  type RemuxOptions,
  type RemuxRange,
  type RemuxResult,
  type Stream,
  type StreamEdits,
  streamingOptions,
  type Warning,
} from "../mod.ts";
import {
  type ArgumentFault,
  argumentFault,
  explain,
  Failure,
  systemErrorPlace,
  systemErrorText,
  UsageError,
} from "./errors.ts";
import { inputFlagOf } from "./input.ts";
import { ProgressLine } from "./progress.ts";
import { STANDARD, writeStderr } from "./streams.ts";
import type { StopSignal } from "./console.ts";
import { exitCodeOf, Interrupt, Interrupted, stoppedBy } from "./interrupt.ts";
import { Leftover } from "./leftovers.ts";
import { count, duration, printable, size } from "./text.ts";
import { EXIT, isLoss, printWarnings } from "./warnings.ts";

/** The arguments that these commands have in common. */
export interface Transfer {
  output: string;
  format?: string | undefined;
  /** Of the output format. */
  options: Record<string, string>;
  inputOptions: DemuxerOptions;
  start?: number | undefined;
  end?: number | undefined;
  /** Several ranges, instead of `start` and `end`. */
  ranges?: RemuxRange[] | undefined;
  timestamps?: "zero" | "keep" | undefined;
  /** Types and numbers of the streams to keep; if both are empty, all streams. */
  only: MediaType[];
  streams: number[];
  /** Changes to tags of the file; null removes a tag. */
  metadata: Record<string, string | null>;
  /** Leaves out the file tags of the input. */
  noMetadata: boolean;
  noChapters: boolean;
  /** Changes to streams, by their type or number. */
  edits: Record<string, StreamEdits>;
  /** Bitstream filters by a stream's type or number. */
  filters: Record<string, string>;
  /** Writes each packet to the output at once. */
  noCoalesce: boolean;
  quiet: boolean;
  /** Prints FFmpeg's log on stderr. */
  verbose: boolean;
  /** Does not report which streams are left out. */
  terse?: boolean;
}

/** A transfer that has ended without an error. */
export interface Done {
  result: RemuxResult;
  /** Streams of the input, if streams were selected or changed. */
  seen: Stream[];
  /** Those that are left out since the output's format can't hold them, if streams were changed: else there are warnings of them. */
  unheld: Stream[];
  seconds: number;
  /** The signal that stopped the reading; the output was finished. */
  stoppedBy: StopSignal | null;
}

/** Runs `work` with the options that all transfers have, and shows its progress. */
export async function transfer(
  args: Transfer,
  inputs: readonly string[],
  work: (options: RemuxOptions, leftover: Leftover) => Promise<RemuxResult>,
): Promise<Done> {
  const seen: Stream[] = [], unheld: Stream[] = [];
  const line = new ProgressLine(!args.quiet);
  const leftover = new Leftover();
  const interrupt = new Interrupt();
  const started = performance.now();
  leftover.begin(args.output);
  let isEmpty = false;
  try {
    const onprogress: RemuxOptions["onprogress"] = (progress) => line.show(progress);
    const onstart: RemuxOptions["onstart"] = ({ start, streams, skippedStreams }) => {
      checkEdited(args, Math.max(seen.length, streams.length + skippedStreams.length));
      printStart(args, start);
    };
    const { stop, signal } = interrupt;
    const result = await work(
      { ...libraryOptions(args, seen, unheld), onstart, onprogress, stop, signal },
      leftover,
    );
    isEmpty = result.packets === 0;
    if (interrupt.by && isEmpty) throw new Interrupted(interrupt.by);
    return { result, seen, unheld, seconds: (performance.now() - started) / 1000, stoppedBy: interrupt.by };
  } catch (error) {
    line.clear();
    const failure = interrupt.isAborted || error instanceof Interrupted
      ? new Interrupted(interrupt.by!)
      : commandLineError(error, args, inputs, seen);
    throw withLeftover(failure, leftover.settle(isEmpty));
  } finally {
    line.clear();
    interrupt.close();
  }
}

/** The error, with a text about the unfinished output. */
function withLeftover(error: unknown, leftover: string | null): unknown {
  if (leftover === null || error instanceof UsageError) return error;
  return error instanceof Interrupted
    ? new Interrupted(error.by, leftover)
    : new Failure(`${explain(error)}; ${leftover}`);
}

// ------------------------------------------------------------------------------------------- before

/** Prints where a cut begins, which is known before anything is written. */
export function printStart({ start, quiet }: Transfer, begin: number): void {
  if (start === undefined || quiet) return;
  const offset = begin - start;
  const distance = `${Math.abs(offset).toFixed(3)} s ${offset > 0 ? "after" : "before"} --start`;
  writeStderr(
    `begins at ${duration(begin)}, ${
      Math.abs(offset) < 0.0005 ? "as requested" : `a key frame ${distance}`
    }\n`,
  );
}

/** Checks, before anything is written, that streams with changes exist. `count`: the number of input streams. */
function checkEdited({ edits, filters }: Transfer, count: number): void {
  for (const key of [...Object.keys(edits), ...Object.keys(filters)]) {
    if (Number(key) >= count) throw new UsageError(`There is no stream ${key} to change: ${range(count)}`);
  }
}

function range(count: number): string {
  return `the input has ${count === 1 ? "stream 0 only" : `streams 0 to ${count - 1}`}`;
}

/** Options of the output format, with those that writing to stdout needs. */
export function muxerOptions({ output, format, options }: Transfer): Record<string, string> {
  return output === STANDARD ? { ...streamingOptions(format ?? ""), ...options } : options;
}

function libraryOptions(args: Transfer, seen: Stream[], unheld: Stream[]): RemuxOptions {
  const { start, end, timestamps, metadata, filters, edits } = args;
  const { timeout, bufferSize } = args.inputOptions;
  const hasFilters = Object.keys(filters).length > 0;
  return {
    ...(start === undefined ? {} : { start }),
    ...(end === undefined ? {} : { end }),
    ...(args.ranges === undefined ? {} : { ranges: args.ranges }),
    ...(timestamps === undefined ? {} : { timestamps }),
    ...(selectsStreams(args) || Object.keys(edits).length > 0
      ? { streams: streamSelector(args, seen, unheld) }
      : {}),
    ...(hasFilters ? { bitstreamFilter: ({ index, type }) => filters[index] ?? filters[type] } : {}),
    ...(args.noChapters ? { chapters: [] } : {}),
    ...(timeout === undefined ? {} : { timeout }),
    ...(bufferSize === undefined ? {} : { bufferSize }),
    ...(args.noCoalesce ? { coalesce: false } : {}),
    ...(args.inputOptions.strict ? { strict: true } : {}),
    metadata: setTags(metadata),
    editMetadata: (tags) => args.noMetadata ? setTags(metadata) : withoutDropped(tags, metadata),
  };
}

function setTags(edits: Record<string, string | null>): Record<string, string> {
  return Object.fromEntries(Object.entries(edits).filter(([, value]) => value !== null)) as Record<
    string,
    string
  >;
}

function withoutDropped(
  tags: Record<string, string>,
  edits: Record<string, string | null>,
): Record<string, string> {
  const dropped = new Set(
    Object.keys(edits).filter((name) => edits[name] === null).map((name) => name.toLowerCase()),
  );
  return Object.fromEntries(Object.entries(tags).filter(([name]) => !dropped.has(name.toLowerCase())));
}

function selectsStreams({ only, streams }: Transfer): boolean {
  return only.length + streams.length > 0;
}

/**
 * A `streams` callback: adds each stream to `seen`, and selects and changes streams. Those of `--streams` come first. To the
 * library, what it leaves out is left out on purpose: if the format can't hold it, it is added to `unheld`.
 */
export function streamSelector(
  args: Transfer,
  seen: Stream[],
  unheld: Stream[],
): (stream: Stream, canHold: boolean) => false | StreamEdits {
  return (stream, canHold) => {
    seen.push(stream);
    if (!selectsStreams(args) && !canHold && args.inputOptions.strict) {
      throw new Failure(`stream ${stream.index}: the output format can't hold it`);
    }
    const isLost = !selectsStreams(args) && !canHold && !isChapterTrack(stream, [stream]);
    if (isLost && !unheld.some(({ index }) => index === stream.index)) unheld.push(stream);
    if (!(selectsStreams(args) ? isSelected(args, stream) : canHold)) return false;
    const { [stream.type]: ofType, [stream.index]: own } = args.edits;
    const place = args.streams.indexOf(stream.index);
    const metadata = { ...ofType?.metadata, ...own?.metadata };
    return { ...ofType, ...own, metadata, order: place < 0 ? args.streams.length : place };
  };
}

function isSelected({ only, streams }: Transfer, { type, index }: Stream): boolean {
  return only.includes(type) || streams.includes(index);
}

// ------------------------------------------------------------------------------------------- afterwards

/** An error of the library in terms of the command line. */
function commandLineError(
  error: unknown,
  args: Transfer,
  inputs: readonly string[],
  seen: readonly Stream[],
): unknown {
  if (files.is(error, "BrokenPipe")) {
    return new Failure("Cannot write output: its reader has closed the pipe, the output is not complete");
  }
  if (!(error instanceof Error)) return error;
  const fault = argumentFault(error);
  const flagError = fault && errorOfFlag(fault, inputs);
  if (flagError) return flagError;
  const isNothingLeft = selectsStreams(args) && seen.length > 0 &&
    !seen.some((stream) => isSelected(args, stream));
  if (isNothingLeft) return nothingLeft(args, seen);
  if (fault?.argument === "streams") {
    return new Failure(`Nothing to write: ${fault.text.replace(/^[^:]+ is left to write: /, "")}`);
  }
  const { path, action } = systemErrorPlace(error);
  if (path === null) return error;
  return new Failure(`Cannot ${action} ${roleOf(path, args, inputs)}: ${systemErrorText(error)}`);
}

/** Whether a path is the input, the output, or another file, for example of a playlist. */
function roleOf(path: string, { output }: Transfer, inputs: readonly string[]): string {
  const folder = dirname(output);
  if (inputs.includes(path)) return "input";
  return path === output || dirname(path) === folder && !inputs.some((input) => dirname(input) === folder)
    ? "output"
    : "file";
}

/** Flags by the arguments of the library that they set; those about inputs are in `input.ts`. */
const FLAGS: Readonly<Record<string, string>> = {
  start: "--start",
  end: "--end",
  at: "--at",
  bitstreamFilter: "--filter",
  disposition: "--disposition",
  tag: "--codec-tag",
  id: "--stream-id",
};

/** An error about a flag or one of the inputs; null for other arguments. */
function errorOfFlag({ argument, text }: ArgumentFault, inputs: readonly string[]): Error | null {
  if (argument.startsWith("sources[")) return new Failure(withNames(`${argument}: ${text}`, inputs));
  if (argument === "sources") return new Failure(withNames(text, inputs));
  if (argument.startsWith("covers[")) return new Failure(`--cover: ${text}`);
  if (argument === "sink") {
    return new Failure(`Cannot open output: it ${text.replace("the source", "the input")}`);
  }
  if (argument.startsWith("options.")) {
    return new UsageError(`-o ${argument.slice("options.".length)}: ${text}`);
  }
  if (argument.startsWith("ranges[")) return new Failure(`--range: ${text}`);
  const flag = Object.hasOwn(FLAGS, argument) ? FLAGS[argument]! : inputFlagOf(argument);
  if (flag === null) return null;
  const isOfMedia = /^(start|end|at)$/.test(argument); // duration and chapters are known only after opening
  return isOfMedia ? new Failure(`${flag}: ${text}`) : new UsageError(`${flag}: ${text}`);
}

/** Replaces `sources[1]` by the name of the input. */
function withNames(text: string, inputs: readonly string[]): string {
  return text.replaceAll(/sources\[(\d+)\]/g, (_, index) => inputs[Number(index)] ?? "");
}

function nothingLeft({ streams }: Transfer, seen: readonly Stream[]): Failure {
  if (streams.length > 0) return new Failure(missingText(streams[0]!, seen));
  const types = [...new Set(seen.map(({ type }) => type))].join(", ");
  return new Failure(`Nothing to write: the input has ${types} only`);
}

/** `There is no stream 7: the input has streams 0 to 3` */
export function missingText(index: number, seen: readonly Stream[]): string {
  return `There is no stream ${index}: ${range(seen.length)}`;
}

/** Prints the report and warnings, and returns the exit code. Throws if a selected stream does not exist. */
export function transferReport(
  args: Transfer,
  done: Done,
  inputs: readonly string[],
  name = nameOf(args),
): number {
  const { warnings } = done.result;
  // Skipped streams of the first input are in the report.
  const others = warnings.filter(({ kind, source }) => kind !== "skipped" || source > 0);
  printWarnings(args.quiet ? warnings : others, { inputs, verbose: args.verbose });
  if (!args.quiet) writeStderr(reportText(args, done, name));
  for (const stream of done.unheld) writeStderr(`${args.quiet ? "warning:" : " "} ${unheldText(stream)}\n`);
  if (done.stoppedBy) {
    writeStderr(`${printable(name)}: ${stoppedBy(done.stoppedBy)}, and finished with what had been read\n`);
    return exitCodeOf(done.stoppedBy);
  }
  const missing = args.streams.filter((index) => !done.seen.some((stream) => stream.index === index));
  if (missing.length > 0) {
    throw new Failure(`${missingText(missing[0]!, done.seen)}; the other streams were written`);
  }
  return done.unheld.length > 0 || warnings.some(isLoss) ? EXIT.LOSSES : EXIT.DONE;
}

/** `stream 2: subtitle (ass) is left out: the output's format can't hold it` */
function unheldText({ index, type, codecParameters: { codec } }: Stream): string {
  return `stream ${index}: ${type} (${codec}) is left out: the output's format can't hold it`;
}

function nameOf({ output }: Transfer): string {
  return output === STANDARD ? "stdout" : output;
}

/** `out.mkv: 1,070 packets, 1.25 MB, 0:00:10 in 0.02 s` and the streams that are not in it. */
function reportText(args: Transfer, done: Done, name: string): string {
  const { result, seconds } = done;
  const facts = [
    count(result.packets, "packet"),
    ...(result.bytesWritten > 0 ? [size(result.bytesWritten)] : []),
    `${duration(result.duration) || "unknown duration"} in ${seconds.toFixed(seconds < 10 ? 2 : 0)} s`,
  ];
  const skipped = args.terse ? [] : result.skippedStreams.flatMap((index) => skippedText(index, args, done));
  return `${printable(name)}: ${facts.join(", ")}\n${skipped.map((text) => `  ${text}\n`).join("")}`;
}

/** Why a stream is not in the output; nothing for the track of chapter titles in mp4, as the chapters themselves are. */
function skippedText(index: number, { only, streams }: Transfer, { result, seen }: Done): string[] {
  const stream = seen.find((stream) => stream.index === index);
  if (!stream || only.length + streams.length === 0) {
    const isOf = ({ kind, source, stream }: Warning) =>
      kind === "skipped" && source === 0 && stream === index;
    return result.warnings.filter(isOf).map(({ message }) => printable(message));
  }
  const flags = [
    ...(only.length > 0 ? [`--only ${only.join(", ")}`] : []),
    ...(streams.length > 0 ? [`--streams ${streams.join(",")}`] : []),
  ];
  const what = `${stream.type}, ${stream.codecParameters.codec}`;
  return [`skipped stream ${index} (${what}): not selected by ${flags.join(" ")}`];
}
