/**
 * `avio merge`: combines tracks of several files in one. A track is written as the number of its file, counted from 0, and
 * its own number or type: `1:audio`, `0:2`.
 */
import { isChapterTrack } from "../format/stream.ts";
import * as library from "../mod.ts";
import type { MergeOptions, MergeResult, MergeSource, Stream, StreamEdits } from "../mod.ts";
import { attachmentOf, chaptersOf, coverOf } from "./added_files.ts";
import { keyValues, mediaTypes } from "./arguments.ts";
import { Failure, UsageError } from "./errors.ts";
import { besideInput, besideOutput } from "./nested.ts";
import { checkNotInput, checkOutput } from "./output_checks.ts";
import { sinkOf, sourceOf, STANDARD, writeStderr } from "./streams.ts";
import { printable } from "./text.ts";
import { muxerOptions, printStart, type Transfer, transfer, transferReport } from "./transfer.ts";
import { EXIT } from "./warnings.ts";

/** The values of the flags about tracks, not parsed. */
export interface TrackFlags {
  pick: readonly string[];
  language: readonly string[];
  title: readonly string[];
  disposition: readonly string[];
  delay: readonly string[];
}

/** The arguments of the command. */
export interface MergeArguments extends Transfer {
  inputs: string[];
  tracks: TrackFlags;
  covers: string[];
  attach: string[];
  chaptersFrom: string | undefined;
}

/** A track by its number or type; without `which` all tracks of a file. */
interface Track {
  file: number;
  which: string | null;
}

/** The values of the flags about tracks, parsed and checked. */
interface Tracks {
  picked: Track[];
  edits: { track: Track; edits: StreamEdits }[];
  delays: Map<number, number>;
}

/** Runs the command and returns its exit code. */
export async function merge(args: MergeArguments): Promise<number> {
  checkOutput(args.output, args.format);
  const { inputs } = args;
  if (inputs.includes(STANDARD)) {
    throw new UsageError("IN: stdin can't be one of several inputs, name a file");
  }
  checkNotInput(args.output, {
    "the input": inputs,
    "the cover": args.covers,
    "the attachment": args.attach,
    "the file with the chapters": args.chaptersFrom === undefined ? [] : [args.chaptersFrom],
  });
  const tracks = tracksOf(args.tracks, inputs.length);
  const seen: Stream[][] = inputs.map(() => []);
  const unheld = new Set<Stream>();
  const sources = inputs.map((_, index) => mergeSource(args, tracks, index, seen[index]!, unheld));
  const added: MergeOptions = {
    covers: args.covers.map(coverOf),
    attachments: args.attach.map(attachmentOf),
    ...(args.chaptersFrom === undefined ? {} : { chapters: await chaptersOf(args.chaptersFrom) }),
  };
  let merged: MergeResult | undefined;
  const done = await transfer(args, inputs, async (chosen) => {
    const { onstart: _, streams: __, bitstreamFilter: ___, ...shared } = chosen;
    const options: MergeOptions = {
      ...shared,
      ...added,
      ...(args.format === undefined ? {} : { format: args.format }),
      options: muxerOptions(args),
      // Called when all tracks are known, before anything is written.
      editChapters: (chapters) => {
        checkEdited(tracks, seen, inputs);
        return chapters;
      },
      onstart: ({ start }) => printStart(args, start),
      ...besideOutput(args.output),
    };
    const sink = sinkOf(args.output);
    merged = await library.merge(sources, sink, options);
    return { ...merged, skippedStreams: [] };
  });
  const code = transferReport(args, done, inputs);
  if (!args.quiet) printSkipped(merged!, inputs, seen, unheld);
  checkPicked(tracks, seen, inputs);
  return code === EXIT.DONE && unheld.size > 0 ? EXIT.LOSSES : code;
}

// ------------------------------------------------------------------------------------------- tracks

function tracksOf(flags: TrackFlags, files: number): Tracks {
  const edits: Tracks["edits"] = [];
  const delays = new Map<number, number>();
  const each = (
    flag: "language" | "title" | "disposition" | "delay",
    change: (value: string) => StreamEdits,
  ) => {
    for (const [key, value] of Object.entries(keyValues(flags[flag], `--${flag}`))) {
      const track = trackOf(key, `--${flag}`, files);
      if (flag === "delay" && track.which === null) delays.set(track.file, secondsOf(value));
      else edits.push({ track, edits: change(value) });
    }
  };
  each("language", (language) => ({ metadata: { language: language || null } }));
  each("title", (title) => ({ metadata: { title: title || null } }));
  each("disposition", (roles) => ({ disposition: roles.split("+").filter((role) => role !== "") }));
  each("delay", (delay) => ({ delay: secondsOf(delay) }));
  return { picked: flags.pick.map((text) => trackOf(text, "--pick", files)), edits, delays };
}

/** `1:audio`, `0:2`, `1` */
function trackOf(text: string, flag: string, files: number): Track {
  const [, number, which = null] = /^(\d{1,9})(?::(\w+))?$/.exec(text) ?? [];
  const file = number === undefined ? NaN : Number(number);
  if (!(file < files)) {
    const range = files === 1 ? "only 0" : `0 to ${files - 1}`;
    throw new UsageError(`${flag}: must be FILE:TRACK with the number of a file (${range}), is '${text}'`);
  }
  if (which !== null && !/^\d+$/.test(which)) mediaTypes([which], flag);
  return { file, which };
}

function secondsOf(text: string): number {
  if (/^-?\d+(\.\d+)?$/.test(text)) return Number(text);
  throw new UsageError(`--delay: must be seconds, is '${text}'`);
}

function isOf({ file, which }: Track, index: number, { index: number, type }: Stream): boolean {
  return file === index && (which === null || which === type || which === String(number));
}

function mergeSource(
  args: MergeArguments,
  tracks: Tracks,
  index: number,
  seen: Stream[],
  unheld: Set<Stream>,
): MergeSource {
  const name = args.inputs[index]!;
  const isPicked = tracks.picked.some(({ file }) => file === index);
  return {
    source: sourceOf(name),
    input: besideInput(name, args.inputOptions),
    delay: tracks.delays.get(index) ?? 0,
    streams(stream, canHold) {
      seen.push(stream);
      const place = tracks.picked.findIndex((track) => isOf(track, index, stream));
      const isLost = !isPicked && !canHold && !isChapterTrack(stream, [stream]);
      if (isLost) unheld.add(stream); // what --pick leaves out is no loss
      if (isPicked ? place < 0 : !canHold) return false;
      const order = place < 0 ? tracks.picked.length : place;
      return tracks.edits.filter(({ track }) => isOf(track, index, stream))
        .reduce<StreamEdits>((all, { edits }) => joined(all, edits), { order });
    },
  };
}

function joined(a: StreamEdits, b: StreamEdits): StreamEdits {
  return { ...a, ...b, metadata: { ...a.metadata, ...b.metadata } };
}

function checkEdited({ edits }: Tracks, seen: readonly Stream[][], inputs: readonly string[]): void {
  for (const { track } of edits) {
    if (seen[track.file]!.some((stream) => isOf(track, track.file, stream))) continue;
    throw new UsageError(`There is no track ${track.which} to change in ${inputs[track.file]}`);
  }
}

function checkPicked({ picked }: Tracks, seen: readonly Stream[][], inputs: readonly string[]): void {
  const missing = picked.find((track) =>
    !seen[track.file]!.some((stream) => isOf(track, track.file, stream))
  );
  if (!missing) return;
  throw new Failure(
    `There is no track ${missing.which} in ${inputs[missing.file]}; the other tracks were written`,
  );
}

function printSkipped(
  { skippedStreams }: MergeResult,
  inputs: readonly string[],
  seen: readonly Stream[][],
  unheld: ReadonlySet<Stream>,
): void {
  for (const { sourceIndex, inputIndex } of skippedStreams) {
    const stream = seen[sourceIndex]!.find(({ index }) => index === inputIndex);
    const why = stream && unheld.has(stream) ? ": the output's format can't hold it" : "";
    writeStderr(`  skipped track ${inputIndex} of ${printable(inputs[sourceIndex]!)}${why}\n`);
  }
}
