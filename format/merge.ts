/**
 * merge: tracks of several sources beside each other in one output, without decoding. How is in `merging.ts`.
 */
import { argumentError } from "../ffi/errors.ts";
import {
  checkArray,
  checkFunction,
  checkInteger,
  checkNames,
  checkNumber,
  checkObject,
  type Names,
  optional,
} from "../io/arguments.ts";
import type { Sink } from "../io/sink.ts";
import type { Source } from "../io/source.ts";
import { type AttachmentInit, attachmentStream } from "./attached_file.ts";
import { checkCover } from "./cover.ts";
import { checkSelection, type StreamSelection } from "./edits.ts";
import { type MergedSource, type MergePlan, type MergeResult, merging, mergingSync } from "./merging.ts";
import { checkDemuxerOptions, type DemuxerOptions } from "./open_input.ts";
import type { CoverInit } from "./picture.ts";
import { checkRemuxOptions, remuxOptionNames, type RemuxOptions } from "./remux_options.ts";

/** A source of {@linkcode merge}, and what is taken of it. */
export interface MergeSource {
  /** What is read. */
  source: Source;
  /** How it is read. A `signal` or a `timeout` here ends the whole. */
  input?: DemuxerOptions;
  /**
   * Which of its streams to keep, and with which changes: language and title are in `metadata`, `delay` is seconds, `order`
   * its place among all streams of the output. @default all that the output format can hold
   */
  streams?: StreamSelection;
  /** Seconds by which all of it comes later than in the source; below 0: earlier. @default {0} */
  delay?: number;
  /** Bitstream filters for a stream that is kept; see `StreamInit`. */
  bitstreamFilter?: RemuxOptions["bitstreamFilter"];
}

/** Options of {@linkcode merge}. Those that it shares with `remux` mean the same. */
export interface MergeOptions extends
  Omit<
    RemuxOptions,
    "input" | "streams" | "bitstreamFilter" | "start" | "ranges" | "transform" | "onstart"
  > {
  /** Which source's tags the output has beside those of `metadata` and `tags`; null: none's. @default {0} */
  tagsFrom?: number | null;
  /** Pictures that belong to the file, as `Muxer.addCover` takes them, for the same formats; of Ogg they are the file's one cover. */
  covers?: readonly CoverInit[];
  /** Files that belong to it, such as fonts; Matroska has them. */
  attachments?: readonly AttachmentInit[];
}

const {
  input: _input,
  streams: _streams,
  bitstreamFilter: _filter,
  start: _start,
  ranges: _ranges,
  transform: _transform,
  onstart: _onstart,
  ...shared
} = remuxOptionNames;

/** The names of {@linkcode MergeOptions}. */
const mergeOptionNames: Names<MergeOptions> = { ...shared, tagsFrom: true, covers: true, attachments: true };

const mergeSourceNames: Names<MergeSource> = {
  source: true,
  input: true,
  streams: true,
  delay: true,
  bitstreamFilter: true,
};

function hasOptions(item: Source | MergeSource): item is MergeSource {
  return typeof item === "object" && item !== null && Object.getPrototypeOf(item) === Object.prototype &&
    "source" in item;
}

function sourceOf(item: Source | MergeSource, index: number): MergedSource {
  const name = `sources[${index}]`;
  const given: MergeSource = hasOptions(item) ? item : { source: item };
  const { source, input, streams, delay, bitstreamFilter } = checkNames(
    checkObject(given, name),
    mergeSourceNames,
    name,
  );
  optional(checkSelection, streams, `${name}.streams`);
  optional(checkFunction, bitstreamFilter, `${name}.bitstreamFilter`);
  return {
    source,
    input: checkDemuxerOptions(input, `${name}.input`),
    streams,
    bitstreamFilter,
    delay: optional(checkNumber, delay, `${name}.delay`) ?? 0,
  };
}

interface Checked {
  plan: MergePlan;
  options: RemuxOptions;
}

function check(sources: readonly (Source | MergeSource)[], sink: Sink, given: MergeOptions = {}): Checked {
  checkArray(sources, "sources");
  if (sources.length === 0) throw argumentError(TypeError, "sources", "there is none");
  const { tagsFrom = 0, covers = [], attachments = [], ...options } = checkRemuxOptions(
    given,
    mergeOptionNames,
  );
  if (tagsFrom !== null) checkInteger(tagsFrom, "tagsFrom", 0, sources.length - 1);
  const plan = {
    sources: sources.map(sourceOf),
    sink,
    tagsOf: tagsFrom,
    covers: checkArray(covers, "covers").map((cover, index) => checkCover(cover, `covers[${index}]`)),
    attachments: checkArray(attachments, "attachments")
      .map((attachment, index) => attachmentStream(attachment, `attachments[${index}]`)),
  };
  return { plan, options };
}

/**
 * Writes streams of several sources beside each other into one output: the picture of one, the sound of another, subtitles of
 * a third. Each source begins with 0 and its own `delay`, but one of which only subtitles are kept: these have the times
 * that they had. Chapters are those of the options, else those of the first source that has any.
 *
 * ```ts
 * import { MemorySink, mergeSync } from "@avio/avio";
 *
 * const sink = new MemorySink();
 * const { streams } = mergeSync([
 *   { source: "fixtures/video.mp4", streams: [0] },
 *   { source: "fixtures/audio.mp3", delay: 0.5, streams: [{ index: 0, metadata: { language: "fra", title: "Son" } }] },
 * ], sink, { format: "matroska", metadata: { title: "Both" }, chapters: [] });
 * console.log(streams.map(({ sourceIndex, packets }) => [sourceIndex, packets > 0])); // [[0, true], [1, true]]
 * ```
 *
 * @param sources What is read, one or more: sources, or sources with which streams are taken of them.
 * @param sink What is written.
 * @param options How, and what else comes in.
 * @returns What was done.
 * @throws {AVError | TypeError | RangeError} As `remuxSync`; one that is about a source names it.
 * @throws Whatever callbacks of the sources, the sink or `onprogress` threw.
 */
export function mergeSync(
  sources: readonly (Source | MergeSource)[],
  sink: Sink,
  options?: MergeOptions,
): MergeResult {
  const checked = check(sources, sink, options);
  return mergingSync(checked.plan, checked.options);
}

/**
 * As {@linkcode mergeSync}; sources and sink may be streams.
 *
 * @param sources What is read, one or more: sources, or sources with which streams are taken of them.
 * @param sink What is written.
 * @param options How, and what else comes in.
 * @returns What was done; rejected with what `mergeSync` throws.
 */
export async function merge(
  sources: readonly (Source | MergeSource)[],
  sink: Sink,
  options?: MergeOptions,
): Promise<MergeResult> {
  const checked = check(sources, sink, options);
  return await merging(checked.plan, checked.options);
}
