/**
 * `avio remux`: from one container into another. What the command line says becomes options of the library here;
 * how it was written is `arguments.ts`, what is shown meanwhile `progress.ts`.
 */
import {
  type MediaType,
  remux as remuxAsync,
  type RemuxOptions,
  type RemuxResult,
  remuxSync,
  type Stream,
} from "../mod.ts";
import { Failure, systemErrorPath, systemErrorText, UsageError } from "./errors.ts";
import { checkOutputFormat } from "./formats.ts";
import { besideInput, besideOutput } from "./nested.ts";
import { ProgressLine } from "./progress.ts";
import { isUrl, placeOf, sinkOf, sourceOf, STANDARD, tell } from "./streams.ts";
import { count, duration, printable, size } from "./text.ts";

/** What the command line says. */
export interface RemuxArguments {
  input: string;
  output: string;
  format?: string | undefined;
  options: Record<string, string>;
  start?: number | undefined;
  end?: number | undefined;
  only: MediaType[];
  quiet: boolean;
}

/** Formats of the mp4 family: they want to seek back, unless they are written in fragments. */
const MP4_FAMILY = new Set(["mp4", "mov", "ipod", "psp", "3gp", "3g2", "f4v"]);
const FRAGMENTED = "frag_keyframe+empty_moov+default_base_moof";

/** Runs the command. */
export async function remux(args: RemuxArguments): Promise<void> {
  checkPlaces(args);
  const source = sourceOf(args.input);
  const seen: Stream[] = [];
  const line = new ProgressLine(!args.quiet);
  const started = performance.now();
  let result: RemuxResult;
  try {
    const options: RemuxOptions = {
      ...libraryOptions(args, seen),
      onprogress: (progress) => line.show(progress),
    };
    const sink = sinkOf(args.output);
    result = isUrl(args.input) ? await remuxAsync(source, sink, options) : remuxSync(source, sink, options);
  } catch (error) {
    throw inTheUsersWords(error, args, seen);
  } finally {
    line.clear();
  }
  if (!args.quiet) tell(report(args, result, seen, (performance.now() - started) / 1000));
}

// ------------------------------------------------------------------------------------------- before

/** All that can be known to be wrong before anything is opened, and an output overwritten. */
function checkPlaces({ input, output, format }: RemuxArguments): void {
  if (output === STANDARD && format === undefined) {
    throw new UsageError("Writing to stdout needs a format: -f matroska, for one");
  }
  if (output === STANDARD && Deno.stdout.isTerminal()) {
    throw new UsageError("stdout is a terminal, and media is no text: send it to a file or a pipe");
  }
  if (isSameFile(input, output)) {
    throw new Failure(`Cannot open output: it is the input, which it would overwrite: ${output}`);
  }
  checkOutputFormat(format, output);
}

/** By name, or by what the file system says where it may be asked. */
function isSameFile(input: string, output: string): boolean {
  if (input === STANDARD || output === STANDARD) return false;
  if (input === output) return true;
  const [a, b] = [input, output].map(identityOf);
  return a !== null && a === b;
}

function identityOf(name: string): string | null {
  const path = placeOf(name);
  if (Deno.permissions.querySync({ name: "read", path }).state !== "granted") return null;
  try {
    const { isFile, dev, ino } = Deno.statSync(path);
    return isFile && ino !== null ? `${dev}:${ino}` : null;
  } catch {
    return null; // whoever opens it says it better
  }
}

function libraryOptions(args: RemuxArguments, seen: Stream[]): RemuxOptions {
  const { format, start, end, only } = args;
  return {
    ...(format === undefined ? {} : { format }),
    ...(start === undefined ? {} : { start }),
    ...(end === undefined ? {} : { end }),
    ...(only.length === 0 ? {} : { streams: chooser(only, seen) }),
    options: muxerOptions(args),
    ...besideOutput(args.output),
    input: besideInput(args.input),
  };
}

/** Notes the streams it sees: the library tells their numbers only. */
function chooser(only: readonly MediaType[], seen: Stream[]): (stream: Stream) => boolean {
  return (stream) => {
    seen.push(stream);
    return only.includes(stream.type);
  };
}

function muxerOptions({ output, format, options }: RemuxArguments): Record<string, string> {
  const needsFragments = output === STANDARD && MP4_FAMILY.has(format?.toLowerCase() ?? "");
  return needsFragments ? { movflags: FRAGMENTED, ...options } : options;
}

// ------------------------------------------------------------------------------------------- afterwards

/** What the library says in its own words, in those of the command line. */
function inTheUsersWords(error: unknown, args: RemuxArguments, seen: readonly Stream[]): unknown {
  if (error instanceof Deno.errors.BrokenPipe) {
    return new Failure("Cannot write output: its reader is gone, and the output is not complete");
  }
  if (!(error instanceof Error)) return error;
  const option = error instanceof TypeError && error.message.match(/^options\.([^:]*): (.*)$/s);
  if (option) return new UsageError(`-o ${option[1]}: ${option[2]}`);
  if (args.only.length > 0 && !seen.some(({ type }) => args.only.includes(type))) {
    const types = [...new Set(seen.map(({ type }) => type))].join(", ");
    if (seen.length > 0) return new Failure(`Nothing to write: the input has ${types} only`);
  }
  if (error instanceof TypeError && error.message.startsWith("streams:")) {
    return new Failure("Nothing to write: the output format can't hold any stream of the input");
  }
  const path = systemErrorPath(error);
  if (path === null) return error;
  const side = path === args.input ? "input" : "output";
  return new Failure(`Cannot open ${side}: ${systemErrorText(error)}`);
}

/** `out.mkv: 1,070 packets, 1.25 MB, 0:00:10 in 0.02 s` and the streams that are not in it. */
function report(args: RemuxArguments, result: RemuxResult, seen: readonly Stream[], seconds: number): string {
  const name = args.output === STANDARD ? "stdout" : printable(args.output);
  const facts = [
    count(result.packets, "packet"),
    size(result.bytesWritten),
    `${duration(result.duration) || "unknown duration"} in ${seconds.toFixed(seconds < 10 ? 2 : 0)} s`,
  ];
  const skipped = result.skippedStreams.map((index) => `  skipped ${skippedText(index, args, seen)}\n`);
  return `${name}: ${facts.join(", ")}\n${skipped.join("")}`;
}

function skippedText(index: number, { only }: RemuxArguments, seen: readonly Stream[]): string {
  const stream = seen.find((stream) => stream.index === index);
  if (!stream) return `stream ${index}: the output format can't hold it`;
  return `stream ${index} (${stream.type}, ${stream.codecParameters.codec}): not asked for, --only ${
    only.join(", ")
  }`;
}
