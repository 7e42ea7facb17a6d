/**
 * merge: combines tracks of several sources in one output, without decoding. `merging.ts` implements it.
 */
import { argumentError } from "../ffi/errors.ts";
import type { MaybePromise } from "../ffi/operation.ts";
import {
  checkArray,
  checkFunction,
  checkInteger,
  checkNumber,
  MAX_SECONDS,
  type Names,
  optional,
  readFields,
} from "../io/arguments.ts";
import type { Sink } from "../io/sink.ts";
import type { Source } from "../io/source.ts";
import { type AttachmentInit, attachmentStream } from "./attached_file.ts";
import { checkCover } from "./cover.ts";
import { checkSelection, type StreamSelection } from "./edits.ts";
import {
  type MergedSource,
  type MergePlan,
  type MergeResult,
  type MergeStart,
  merging,
  mergingSync,
} from "./merging.ts";
import { checkDemuxerOptions, type DemuxerOptions } from "./open_input.ts";
import type { CoverInit } from "./picture.ts";
import { checkRemuxOptions, remuxOptionNames, type RemuxOptions } from "./remux_options.ts";
import { hasOptions, refuseTwice } from "./source_options.ts";

/** A source of {@linkcode merge}, and which of its streams to keep. */
export interface MergeSource {
  /** The source. */
  source: Source;
  /** Options of the source. `signal` and `timeout` apply to the whole call. */
  input?: DemuxerOptions;
  /**
   * Which of its streams to keep, and their changes: language and title are in `metadata`, `delay` is in seconds,
   * `order` is the position among all streams of the output. With `start` or `end` all kept streams of a source must have
   * the same delay: give the source twice where they don't. @default all that the output format can hold
   */
  streams?: StreamSelection;
  /** Delay of all its streams in seconds; negative means earlier. @default {0} */
  delay?: number;
  /** Returns bitstream filters for a kept stream; see `StreamInit`. */
  bitstreamFilter?: RemuxOptions["bitstreamFilter"];
}

/**
 * Options of {@linkcode merge}. Those shared with `remux` have the same meaning. There is no `transform`: a packet's
 * stream index means something else in each source; remux a source with it first, or use Demuxers and a Muxer. Instead
 * of `ranges`, merge first, then cut.
 */
export interface MergeOptions extends
  Omit<
    RemuxOptions,
    "input" | "streams" | "bitstreamFilter" | "start" | "ranges" | "transform" | "onstart"
  > {
  /**
   * Start in seconds of the merged sources, `delay` included. The output begins with the last key frame at or before
   * it, at time 0; sound and subtitles begin with it. The sources must be seekable, or be read forward to it.
   */
  start?: number;
  /** Like `onstart` of `remux`: called once, before the sink is opened. An exception ends the merge. */
  onstart?: (start: MergeStart) => MaybePromise<void>;
  /** Index of the source whose tags are kept, in addition to `metadata` and `tags`; null for none. @default {0} */
  tagsFrom?: number | null;
  /** Pictures that belong to the file, as `Muxer.addCover` takes them, for the same formats; in Ogg only one. */
  covers?: readonly CoverInit[];
  /** Files to attach, such as fonts; Matroska only. */
  attachments?: readonly AttachmentInit[];
}

const {
  input: _input,
  streams: _streams,
  bitstreamFilter: _filter,
  ranges: _ranges,
  transform: _transform,
  onstart: _onstart,
  ...shared
} = remuxOptionNames;

/** The names of {@linkcode MergeOptions}. */
const mergeOptionNames: Names<MergeOptions> = {
  onstart: true,
  ...shared,
  tagsFrom: true,
  covers: true,
  attachments: true,
};

const mergeSourceNames: Names<MergeSource> = {
  source: true,
  input: true,
  streams: true,
  delay: true,
  bitstreamFilter: true,
};

function sourceOf(item: Source | MergeSource, index: number): MergedSource {
  const name = `sources[${index}]`;
  const given: MergeSource = hasOptions<MergeSource>(item) ? item : { source: item };
  const { source, input, streams, delay, bitstreamFilter } = readFields(given, mergeSourceNames, name);
  optional(checkFunction, bitstreamFilter, `${name}.bitstreamFilter`);
  return {
    source,
    input: checkDemuxerOptions(input, `${name}.input`),
    streams: optional(checkSelection, streams, `${name}.streams`),
    bitstreamFilter,
    delay: delay === undefined ? 0 : checkNumber(delay, `${name}.delay`, -MAX_SECONDS, MAX_SECONDS),
  };
}

interface Checked {
  plan: MergePlan;
  options: RemuxOptions;
}

function check(sources: readonly (Source | MergeSource)[], sink: Sink, given: MergeOptions = {}): Checked {
  const items = checkArray(sources, "sources");
  if (items.length === 0) throw argumentError(TypeError, "sources", "must not be empty");
  const { onstart, ...others } = readFields(given, mergeOptionNames);
  optional(checkFunction, onstart, "onstart");
  const { tagsFrom = 0, covers = [], attachments = [], ...options } = checkRemuxOptions<
    Omit<MergeOptions, "onstart">
  >(others, mergeOptionNames);
  if (tagsFrom !== null) checkInteger(tagsFrom, "tagsFrom", 0, items.length - 1);
  const planned = items.map(sourceOf);
  refuseTwice(planned.map(({ source }) => source));
  const plan = {
    sources: planned,
    sink,
    tagsOf: tagsFrom,
    covers: checkArray(covers, "covers").map((cover, index) => checkCover(cover, `covers[${index}]`)),
    onstart,
    attachments: checkArray(attachments, "attachments")
      .map((attachment, index) => attachmentStream(attachment, `attachments[${index}]`)),
  };
  return { plan, options };
}

/**
 * Combines streams of several sources in one output: for example video of one, audio of another, subtitles of a third.
 * Each source is shifted to begin at 0 plus its `delay`, except if only its subtitles are kept: these keep their times.
 * Chapters are taken from the options, else from the first source that has any.
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
 * @param sources One or more sources, optionally with the streams to keep.
 * @param sink The sink to write.
 * @param options Options of the output, and what to add.
 * @returns What was written.
 * @throws {AVError | TypeError | RangeError} As `remuxSync`; errors of a source name it.
 * @throws Exceptions of callbacks of the sources, the sink and `onprogress`.
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
 * Asynchronous version of {@linkcode mergeSync}. Sources and sink may be streams.
 *
 * @param sources One or more sources, optionally with the streams to keep.
 * @param sink The sink to write.
 * @param options Options of the output, and what to add.
 * @returns What was written; rejects with what `mergeSync` throws.
 */
export async function merge(
  sources: readonly (Source | MergeSource)[],
  sink: Sink,
  options?: MergeOptions,
): Promise<MergeResult> {
  const checked = check(sources, sink, options);
  return await merging(checked.plan, checked.options);
}
