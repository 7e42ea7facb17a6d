/**
 * concat: joins several sources in one output, without decoding. `transfer.ts` implements it.
 */
import { argumentError } from "../ffi/errors.ts";
import { checkArray, type Names, readFields } from "../io/arguments.ts";
import type { Sink } from "../io/sink.ts";
import type { Source } from "../io/source.ts";
import { checkDemuxerOptions, type DemuxerOptions } from "./open_input.ts";
import { checkRemuxOptions, remuxOptionNames, type RemuxOptions, type RemuxResult } from "./remux_options.ts";
import { hasOptions, refuseTwice } from "./source_options.ts";
import { type Plan, transfer, transferSync } from "./transfer.ts";

/** A source of {@linkcode concat} with its own options instead of the common ones, for example its own `onopen`. */
export interface ConcatSource {
  /** The source. */
  source: Source;
  /** Options of the source. */
  input: DemuxerOptions;
}

const concatSourceNames: Names<ConcatSource> = { source: true, input: true };

function planOf(
  sources: readonly (Source | ConcatSource)[],
  sink: Sink,
  { input: common = {}, ranges }: RemuxOptions,
): Plan {
  if (ranges !== undefined) {
    throw argumentError(TypeError, "ranges", "needs a single source; give a source once per range instead");
  }
  const items = checkArray(sources, "sources");
  if (items.length === 0) throw argumentError(TypeError, "sources", "must not be empty");
  const planned = items.map((item, index) => {
    if (!hasOptions<ConcatSource>(item)) return { source: item, input: common };
    const name = `sources[${index}]`;
    const { source, input } = readFields(item, concatSourceNames, name);
    return { source, input: checkDemuxerOptions(input, `${name}.input`) };
  });
  refuseTwice(planned.map(({ source }) => source));
  return { sources: planned, sink };
}

/**
 * Joins several sources in one output. They must have the same streams with the same coding: number, codec, extradata
 * (but for lengths, checksums and tags in it), picture size, sample rate and channels of the kept streams are compared
 * when each source is opened. The times of each source continue where the previous one ended. `start` and `end` count from
 * the beginning of the first source, whose tags and covers are kept. mp4, mov and Matroska get the chapters of all
 * sources, unless they are written to a stream; other formats, which have them in their header, those of the first one,
 * with a warning if others have any. `input` applies to each source without its own options.
 *
 * ```ts
 * import { concatSync, MemorySink } from "@avio/avio";
 *
 * const twice = new MemorySink();
 * const result = concatSync(["fixtures/video.mp4", "fixtures/video.mp4"], twice, { format: "mp4" });
 * console.log(result.duration?.toFixed(1)); // 6.0
 * ```
 *
 * @param sources One or more sources.
 * @param sink The sink to write.
 * @param options The options of `remux`.
 * @returns What was written.
 * @throws {AVError | TypeError | RangeError} As `remuxSync`; a TypeError that names a source that can't be joined.
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
 * Asynchronous version of {@linkcode concatSync}. Sources and sink may be streams.
 *
 * @param sources One or more sources.
 * @param sink The sink to write.
 * @param options The options of `remux`.
 * @returns What was written.
 */
export async function concat(
  sources: readonly (Source | ConcatSource)[],
  sink: Sink,
  options?: RemuxOptions,
): Promise<RemuxResult> {
  const checked = checkRemuxOptions(options, remuxOptionNames);
  return (await transfer(planOf(sources, sink, checked), checked)).whole;
}
