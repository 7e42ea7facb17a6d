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
  type MergeSource,
  probe,
  type RemuxOptions,
  type RemuxResult,
  type Stream,
} from "../mod.ts";
import { isOfTags } from "../format/holds.ts";
import { isChapterTrack } from "../format/stream.ts";
import { chaptersOf, coverOf } from "./added_files.ts";
import { FileBeside } from "./beside.ts";
import { type FileState, terminal } from "./console.ts";
import { Failure, systemErrorText, UsageError } from "./errors.ts";
import { partsOf } from "./file_parts.ts";
import { checkOutputFormat } from "./formats.ts";
import { type Kept, keptOf, WITH_INDEX } from "./kept_options.ts";
import type { Leftover } from "./leftovers.ts";
import { CHAPTERS, COVERS, type IsChanged, type Parts } from "./parts.ts";
import { lossesOf } from "./rewrite_losses.ts";
import { changedPackets, hiddenPackets } from "./same_packets.ts";
import { isUrl, parsePath, STANDARD, writeStderr } from "./streams.ts";
import { filePath } from "../ffi/library_paths.ts";
import { streamSelector, type Transfer, transfer, transferReport } from "./transfer.ts";
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
  const job = await prepare(args);
  let losses: string[] = [];
  const done = await transfer(args, [args.output], async (shared, leftover) => {
    const rewritten = await replace(job, shared, leftover);
    losses = rewritten.losses;
    return rewritten.result;
  });
  const code = transferReport(args, done, [args.output]);
  for (const loss of some(losses)) writeStderr(`warning: ${printable(loss)} is lost\n`);
  if (args.dryRun && !args.quiet) writeStderr(`${printable(args.output)} is left as it was: --dry-run\n`);
  return losses.length > 0 ? EXIT.LOSSES : code;
}

/** A file as it is before, and how it is rewritten. */
interface Job {
  args: RewriteArguments;
  path: string;
  state: FileState;
  before: MediaInfo;
  parts: Parts;
  format: string;
  kept: Kept;
  added: Pick<MergeOptions, "covers" | "chapters"> & { covers: CoverInit[] };
}

async function prepare(args: RewriteArguments): Promise<Job> {
  const path = pathOf(args.output);
  const state = terminal.stateOf(path);
  const before = await probe(path, args.inputOptions);
  const parts = await partsOf(path, before);
  const format = formatOf(args, before);
  const kept = keptOf(path, before, format);
  checkStreams(args, before);
  const added = {
    covers: args.covers.map(coverOf),
    ...(args.chaptersFrom === undefined ? {} : { chapters: await chaptersOf(args.chaptersFrom) }),
  };
  return { args, path, state, before, parts, format, kept, added };
}

/** Writes the file beside the old one, compares the two, and replaces it. */
async function replace(
  job: Job,
  shared: RemuxOptions,
  leftover: Leftover,
): Promise<{ result: RemuxResult; losses: string[] }> {
  const { args, path, state } = job, { stop } = shared;
  // A rewritten file can't be partial, so the first Ctrl-C ends everything.
  const signal = AbortSignal.any([stop!, shared.signal!]);
  const left = new Set<number>(); // streams left out on purpose
  using file = new FileBeside(path, state);
  leftover.begin(file.path); // the file itself is not written to
  const unheld: Stream[] = [];
  const source = sourceOf(job, shared, left, unheld);
  const result = await library.merge([source], file.path, optionsOf(job, shared, signal));
  const losses = [...unheld.map(nameOfStream), ...await lossesIn(job, file, result, signal)];
  if (losses.length > 0) file.checkUnchanged(); // or another program may have caused them
  if (losses.length > 0) refuse(args, losses);
  stop!.throwIfAborted();
  if (!args.dryRun) file.replace();
  const skipped = result.skippedStreams.map(({ inputIndex }) => inputIndex);
  const skippedStreams = skipped.filter((index) => !left.has(index));
  const warnings = result.warnings.filter((warning) => !isOfTags(warning));
  return { result: { ...result, skippedStreams, warnings }, losses };
}

/** The old file, of which streams that are left out on purpose are added to `left`, those that the format can't hold to `unheld`. */
function sourceOf(
  { args, path, before }: Job,
  { bitstreamFilter }: RemuxOptions,
  left: Set<number>,
  unheld: Stream[],
): MergeSource {
  const edits = streamSelector(args, [], []);
  return {
    source: path,
    input: args.inputOptions,
    streams(stream, canHold) {
      if (isUnwanted(stream, args) || (!canHold && isChapterTrack(stream, before.chapters))) {
        left.add(stream.index);
        return false;
      }
      if (!canHold) refuse(args, [nameOfStream(stream)]);
      if (!canHold) unheld.push(stream);
      return edits(stream, canHold);
    },
    ...(bitstreamFilter ? { bitstreamFilter } : {}),
  };
}

function optionsOf(
  { args, format, kept, added }: Job,
  shared: RemuxOptions,
  signal: AbortSignal,
): MergeOptions {
  const { streams: _, bitstreamFilter: __, onstart: ___, stop: ____, ...rest } = shared;
  return {
    timestamps: "keep",
    ...rest,
    ...added,
    format,
    metadata: { ...kept.metadata, ...rest.metadata },
    options: { ...kept.options, ...args.options },
    signal,
    onwarning(warning) {
      if (isOfTags(warning)) return; // the new file is read, to see which are missing
      // Changed times are no loss of a remux, but a rewrite is to change nothing that it was not asked for.
      if (isLoss(warning) || warning.kind === "corrected") refuse(args, [warning.message]);
    },
  };
}

/** Reads the new file, and describes what it has lost. */
async function lossesIn(
  { args, path, before, parts, added, format }: Job,
  file: FileBeside,
  result: MergeResult,
  signal: AbortSignal,
): Promise<string[]> {
  const chapters = added.chapters ?? (args.noChapters ? [] : before.chapters);
  const covers = added.covers.length > 0 || args.noCovers ? added.covers : before.covers;
  const asBefore = { format: before.format.name, signal };
  const after = await probe(file.path, asBefore);
  const old = { path, options: { ...args.inputOptions, signal } },
    now = { path: file.path, options: asBefore };
  const compared = comparedStreams(args, before, result);
  return [
    ...(file.otherNames > 0 ? [`the tie to ${count(file.otherNames, "hard link")}`] : []),
    ...lossesOf({ args, before, result, after, chapters, covers }),
    ...parts.missingIn(await partsOf(file.path, after, signal), changedBy(args)),
    ...await changedPackets(old, now, compared),
    ...(WITH_INDEX.includes(format) ? await hiddenPackets(old, now, compared) : []),
  ];
}

/** Which tags, covers and chapters were to be changed. */
function changedBy(
  { noMetadata, metadata, edits, noCovers, covers, noChapters, chaptersFrom }: RewriteArguments,
): IsChanged {
  const ofStreams = Object.values(edits).flatMap(({ metadata }) => Object.keys(metadata ?? {}));
  const changed = new Set([...Object.keys(metadata), ...ofStreams].map((name) => name.toLowerCase()));
  if (noCovers || covers.length > 0) changed.add(COVERS);
  if (noChapters || chaptersFrom !== undefined) changed.add(CHAPTERS);
  const isChanged = (name: string) =>
    changed.has(name.toLowerCase()) || (noMetadata && name !== COVERS && name !== CHAPTERS);
  return (names) => names.some(isChanged);
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

/** Brands of pictures, which are read like films: AVIF and HEIF. */
const PICTURES = /^(avi[fs]|hei[cfmsx]|hev[cmsx]|mif1|msf1)$/;

/** The output format: the file's own, on which its name and its content must agree. */
function formatOf(
  { output, format }: RewriteArguments,
  { format: { name }, metadata: { major_brand = "" } }: MediaInfo,
): string {
  if (PICTURES.test(major_brand)) throw new Failure(`Cannot rewrite ${output}: it is a picture`);
  if (format !== undefined) checkOutputFormat(format, output);
  const chosen = format ?? guessFormat({ fileName: output })?.name;
  const names = [...new Set(name.split(",").flatMap((name) => FAMILIES[name] ?? [name]))];
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

/** `stream 1 (data, unknown codec)` */
function nameOfStream(stream: Stream): string {
  return `stream ${stream.index} (${stream.type}, ${codecOf(stream)})`;
}

function codecOf({ codecParameters: { codec } }: Stream): string {
  return codec && codec !== "none" ? codec : "unknown codec";
}

/** Fails if something would be lost, unless that is allowed. */
function refuse({ output, allowLosses }: RewriteArguments, losses: readonly string[]): void {
  if (allowLosses) return;
  const many = losses.length > 1 ? "these would be lost" : "this would be lost";
  const list = some(losses).join("; ");
  throw new Failure(`${output} is left as it was, ${many} (-y rewrites it without): ${list}`);
}

/** Losses that are listed, at most, and characters of each: a hostile file may have a million tags, or one of a million. */
const MAX_LISTED = 100, MAX_LENGTH = 200;

function some(losses: readonly string[]): string[] {
  const listed = losses.slice(0, MAX_LISTED).map((loss) =>
    loss.length > MAX_LENGTH ? `${loss.slice(0, MAX_LENGTH)}…` : loss
  );
  const more = losses.length - listed.length;
  return more > 0 ? [...listed, `${count(more, "other item")}`] : listed;
}
