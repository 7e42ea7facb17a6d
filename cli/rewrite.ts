/**
 * `avio rewrite`: changes tags, dispositions, covers and chapters of a file in place. The new file is written to a temporary
 * file, read again and compared with the old one and the requested changes, and only then replaces it. The comparisons are in
 * `rewrite_losses.ts`, `same_packets.ts` and `file_parts.ts`.
 */
import { files } from "../io/files.ts";
import * as library from "../mod.ts";
import {
  type CoverInit,
  guessFormat,
  type MediaInfo,
  type MergeOptions,
  type MergeResult,
  probe,
  type Stream,
} from "../mod.ts";
import { chaptersOf, coverOf } from "./added_files.ts";
import { FileBeside } from "./beside.ts";
import { terminal } from "./console.ts";
import { Failure, systemErrorText, UsageError } from "./errors.ts";
import { missingParts, partsOf } from "./file_parts.ts";
import { checkOutputFormat } from "./formats.ts";
import { keptOf, WITH_INDEX } from "./kept_options.ts";
import { lossesOf } from "./rewrite_losses.ts";
import { changedPackets } from "./same_packets.ts";
import { isUrl, parsePath, STANDARD, writeStderr } from "./streams.ts";
import { filePath } from "../ffi/library_paths.ts";
import { isChapterTrack, streamSelector, type Transfer, transfer, transferReport } from "./transfer.ts";
import { count, printable } from "./text.ts";
import { EXIT, isLoss } from "./warnings.ts";

/** The arguments of the command line; `output` is the file. */
export interface RewriteArguments extends Transfer {
  covers: string[];
  noCovers: boolean;
  chaptersFrom: string | undefined;
  /** The file is not replaced. */
  dryRun: boolean;
  /** The file is replaced even if something is lost. */
  allowLosses: boolean;
}

/** Runs the command; returns its exit code. */
export async function rewrite(args: RewriteArguments): Promise<number> {
  const path = pathOf(args.output);
  const state = terminal.stateOf(path);
  const before = await probe(path, args.inputOptions);
  const parts = partsOf(path, before);
  const format = formatOf(args, before);
  const kept = keptOf(path, before, format);
  checkStreams(args, before);
  const added: Pick<MergeOptions, "covers" | "chapters"> & { covers: CoverInit[] } = {
    covers: args.covers.map(coverOf),
    ...(args.chaptersFrom === undefined ? {} : { chapters: await chaptersOf(args.chaptersFrom) }),
  };
  const wanted = {
    chapters: added.chapters ?? (args.noChapters ? [] : before.chapters),
    covers: added.covers.length > 0 || args.noCovers ? added.covers : before.covers,
  };
  let losses: string[] = [];
  const done = await transfer(args, [args.output], async (shared, leftover) => {
    const { streams: _, bitstreamFilter, onstart: __, stop, signal: end, ...rest } = shared;
    // A rewritten file can't be partial, so the first Ctrl-C ends everything.
    const signal = AbortSignal.any([stop!, end!]);
    const edits = streamSelector(args, []);
    const left = new Set<number>(); // streams left out on purpose
    const source = {
      source: path,
      input: args.inputOptions,
      streams(stream: Stream, canHold: boolean) {
        if (isUnwanted(stream, args) || (!canHold && isChapterTrack(stream, before.chapters))) {
          left.add(stream.index);
          return false;
        }
        if (!canHold) refuse(args, [`stream ${stream.index} (${stream.type}, ${codecOf(stream)})`]);
        return edits(stream, canHold);
      },
      ...(bitstreamFilter ? { bitstreamFilter } : {}),
    };
    using file = new FileBeside(path, state);
    leftover.begin(file.path); // the file itself is not written to
    const options: MergeOptions = {
      timestamps: "keep",
      ...rest,
      ...added,
      format,
      metadata: { ...kept.metadata, ...rest.metadata },
      options: { ...kept.options, ...args.options },
      signal,
      onwarning(warning) {
        if (isLoss(warning)) refuse(args, [warning.message]);
      },
    };
    const result = await library.merge([source], file.path, options);
    const asBefore = { format: before.format.name, signal };
    const after = await probe(file.path, asBefore);
    losses = [
      ...(file.otherNames > 0 ? [`the tie to ${count(file.otherNames, "hard link")}`] : []),
      ...lossesOf({ args, before, result, after, ...wanted }),
      ...missingParts(parts, partsOf(file.path, after)),
      ...await changedPackets(
        { path, options: { ...args.inputOptions, signal } },
        { path: file.path, options: asBefore },
        comparedStreams(args, before, result),
      ),
    ];
    if (losses.length > 0) file.checkUnchanged(); // or another program may have caused them
    if (losses.length > 0) refuse(args, losses);
    stop!.throwIfAborted();
    if (!args.dryRun) file.replace();
    const skipped = result.skippedStreams.map(({ inputIndex }) => inputIndex);
    return { ...result, skippedStreams: skipped.filter((index) => !left.has(index)) };
  });
  const code = transferReport(args, done, [args.output]);
  for (const loss of losses) writeStderr(`warning: ${printable(loss)} is lost\n`);
  if (args.dryRun && !args.quiet) writeStderr(`${printable(args.output)} is left as it was: --dry-run\n`);
  return losses.length > 0 ? EXIT.LOSSES : code;
}

/** The path without symbolic links: the file itself is replaced, not a link to it. */
function pathOf(name: string): string {
  if (name === STANDARD || isUrl(name)) throw new UsageError("FILE: must be a file, which is replaced");
  const place = parsePath(name);
  try {
    const path = files.realPathSync(place instanceof URL ? filePath(place) : place);
    const { isFile, isDirectory } = files.statSync(path);
    if (isFile) return path;
    throw new Failure(`Cannot rewrite ${name}: ${isDirectory ? "Is a directory" : "Is no regular file"}`);
  } catch (error) {
    if (error instanceof Failure || files.is(error, "NotCapable")) throw error;
    throw new Failure(`Cannot open input: ${systemErrorText(error as Error)}`);
  }
}

/** Muxers by demuxer, for demuxers whose name isn't that of the muxer. */
const FAMILIES: Readonly<Record<string, readonly string[]>> = {
  mov: WITH_INDEX,
  ogg: ["ogg", "oga", "ogv", "opus", "spx"],
  mpeg: ["mpeg", "vob", "dvd", "svcd", "vcd"],
  aac: ["adts"],
};

/** The output format: the file's own, on which its name and its content must agree. */
function formatOf({ output, format }: RewriteArguments, { format: { name } }: MediaInfo): string {
  if (format !== undefined) checkOutputFormat(format, output);
  const chosen = format ?? guessFormat({ fileName: output })?.name;
  const names = name.split(",").flatMap((name) => FAMILIES[name] ?? [name]);
  if (chosen !== undefined && names.includes(chosen)) return chosen;
  const writable = names.filter((name) => library.outputFormats().some((format) => format.name === name));
  if (writable.length === 0) throw new Failure(`Cannot rewrite ${output}: ${name} can't be written`);
  const given = format === undefined ? "its name does not say so" : `-f is ${format}`;
  throw new UsageError(`${output} is ${name}, but ${given}: give one of -f ${writable.join(", ")}`);
}

function checkStreams({ edits, filters }: Transfer, { streams }: MediaInfo): void {
  for (const key of [...Object.keys(edits), ...Object.keys(filters)]) {
    if (Number(key) < streams.length) continue;
    if (streams.some(({ type }) => type === key)) continue;
    throw new UsageError(`There is no stream ${key} to change in it`);
  }
}

/** Streams whose packets must stay the same: without bitstream filter, and no covers, which are compared separately. */
function comparedStreams({ filters }: Transfer, before: MediaInfo, { streams }: MergeResult) {
  return streams.filter(({ inputIndex }) => {
    const { type, disposition } = before.streams[inputIndex]!;
    const isFiltered = filters[inputIndex] !== undefined || filters[type] !== undefined;
    return !isFiltered && !disposition.includes("attached_pic");
  }).map(({ inputIndex, index }) => [inputIndex, index] as const);
}

/** Whether the stream is a cover that will be removed or replaced. */
function isUnwanted({ disposition }: Stream, { covers, noCovers }: RewriteArguments): boolean {
  return disposition.includes("attached_pic") && (noCovers || covers.length > 0);
}

function codecOf({ codecParameters: { codec } }: Stream): string {
  return codec && codec !== "none" ? codec : "unknown codec";
}

/** Fails if something would be lost, unless that is allowed. */
function refuse({ output, allowLosses }: RewriteArguments, losses: readonly string[]): void {
  if (allowLosses) return;
  const many = losses.length > 1 ? "these would be lost" : "this would be lost";
  throw new Failure(`${output} is left as it was, ${many} (-y rewrites it without): ${losses.join("; ")}`);
}
