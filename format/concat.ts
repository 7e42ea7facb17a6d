/**
 * concat: several sources one after the other in one output, without decoding. How is in `transfer.ts`.
 */
import { argumentError } from "../ffi/errors.ts";
import { checkArray } from "../io/arguments.ts";
import { files } from "../io/files.ts";
import type { Sink } from "../io/sink.ts";
import type { Source } from "../io/source.ts";
import { checkDemuxerOptions, type DemuxerOptions } from "./open_input.ts";
import { checkRemuxOptions, remuxOptionNames, type RemuxOptions, type RemuxResult } from "./remux_options.ts";
import { type Plan, transfer, transferSync } from "./transfer.ts";

/** A source of {@linkcode concat} with options of its own, instead of the common ones: what it may open, for one. */
export interface ConcatSource {
  /** What is read. */
  source: Source;
  /** How it is read. */
  input: DemuxerOptions;
}

function planOf(
  sources: readonly (Source | ConcatSource)[],
  sink: Sink,
  { input: common = {}, ranges }: RemuxOptions,
): Plan {
  if (ranges !== undefined) {
    throw argumentError(TypeError, "ranges", "is for one source: name it once for each range");
  }
  checkArray(sources, "sources");
  if (sources.length === 0) throw argumentError(TypeError, "sources", "there is none");
  const planned = sources.map((item, index) => {
    if (!hasOptions(item)) return { source: item, input: common };
    return { source: item.source, input: checkDemuxerOptions(item.input, `sources[${index}].input`) };
  });
  refuseTwice(planned.map(({ source }) => source));
  return { sources: planned, sink };
}

/** What is at its end when it has been read once can't come again. */
function refuseTwice(sources: readonly Source[]): void {
  for (const [index, source] of sources.entries()) {
    const first = sources.indexOf(source);
    if (first === index || !isReadOnce(source)) continue;
    throw argumentError(TypeError, `sources[${index}]`, `is sources[${first}], which can be read only once`);
  }
}

/** All but names, bytes and open files, which are read from their beginning each time. */
function isReadOnce(source: Source): boolean {
  const isNamed = typeof source === "string" || source instanceof URL;
  const isBytes = source instanceof ArrayBuffer || ArrayBuffer.isView(source) || source instanceof Blob;
  return !isNamed && !isBytes && !files.opened(source);
}

function hasOptions(item: Source | ConcatSource): item is ConcatSource {
  return typeof item === "object" && item !== null && Object.getPrototypeOf(item) === Object.prototype &&
    "source" in item;
}

/**
 * Writes several sources one after the other into one output. They have the same streams, coded the same way: the number,
 * codec, extradata, size of pictures, sample rate and channels of those that are kept are compared as each is opened.
 * Each source's times go on where the one before has ended; `start` and `end` count from the beginning of the first; its
 * tags and chapters are the output's. `input` holds for each source that has no options of its own.
 *
 * ```ts
 * import { concatSync, MemorySink } from "@avio/avio";
 *
 * const twice = new MemorySink();
 * const result = concatSync(["fixtures/video.mp4", "fixtures/video.mp4"], twice, { format: "mp4" });
 * console.log(result.duration?.toFixed(1)); // 6.0
 * ```
 *
 * @param sources What is read, one or more.
 * @param sink What is written.
 * @param options As those of `remux`.
 * @returns What was done.
 * @throws {AVError | TypeError | RangeError} As `remuxSync`; a TypeError that names the source where it can't be joined.
 */
export function concatSync(
  sources: readonly (Source | ConcatSource)[],
  sink: Sink,
  options?: RemuxOptions,
): RemuxResult {
  const checked = checkRemuxOptions(options, remuxOptionNames);
  return transferSync(planOf(sources, sink, checked), checked).whole;
}

/**
 * As {@linkcode concatSync}; sources and sink may be streams.
 *
 * @param sources What is read, one or more.
 * @param sink What is written.
 * @param options As those of `remux`.
 * @returns What was done.
 */
export async function concat(
  sources: readonly (Source | ConcatSource)[],
  sink: Sink,
  options?: RemuxOptions,
): Promise<RemuxResult> {
  const checked = checkRemuxOptions(options, remuxOptionNames);
  return (await transfer(planOf(sources, sink, checked), checked)).whole;
}
