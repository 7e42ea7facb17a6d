/**
 * remux: copies packets from a source to a sink in another container, within C. `transfer.ts` implements it.
 */
import type { Sink } from "../io/sink.ts";
import type { Source } from "../io/source.ts";
import { checkRemuxOptions, remuxOptionNames, type RemuxOptions, type RemuxResult } from "./remux_options.ts";
import { type Plan, transfer, transferSync } from "./transfer.ts";

function planOf(source: Source, sink: Sink, { input = {} }: RemuxOptions): Plan {
  return { sources: [{ source, input }], sink };
}

/**
 * Writes the packets of a source to a sink in another container, without decoding. Missing or non-increasing timestamps
 * are corrected; metadata, chapters, dispositions and side data are kept.
 *
 * ```ts
 * import { MemorySink, remuxSync } from "@avio/avio";
 *
 * const sink = new MemorySink();
 * const result = remuxSync("fixtures/video.mp4", sink, {
 *   format: "matroska",
 *   streams: [{ index: 1, metadata: { language: "eng" } }, 0], // audio first
 *   metadata: { title: "A title" },
 * });
 * console.log(result.packets, result.streams.map(({ inputIndex }) => inputIndex)); // 206 [1, 0]
 * ```
 *
 * @param source The source to read.
 * @param sink The sink to write.
 * @param options Options of input and output, and changes.
 * @returns What was written.
 * @throws {AVError} FFmpeg can't read the source, or the output format can't hold the streams.
 * @throws {TypeError | RangeError} An argument is wrong.
 * @throws Exceptions of callbacks of the source, the sink and `onprogress`.
 */
export function remuxSync(source: Source, sink: Sink, options?: RemuxOptions): RemuxResult {
  const checked = checkRemuxOptions(options, remuxOptionNames);
  return transferSync(planOf(source, sink, checked), checked).whole;
}

/**
 * Asynchronous version of {@linkcode remuxSync}. Callbacks may return promises; sources may also be streams, Blobs and
 * URLs, and sinks streams.
 *
 * @param source The source to read.
 * @param sink The sink to write.
 * @param options Options of input and output, and changes.
 * @returns What was written; rejects with what `remuxSync` throws.
 */
export async function remux(source: Source, sink: Sink, options?: RemuxOptions): Promise<RemuxResult> {
  const checked = checkRemuxOptions(options, remuxOptionNames);
  return (await transfer(planOf(source, sink, checked), checked)).whole;
}
