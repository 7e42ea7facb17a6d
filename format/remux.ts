/**
 * remux: packets from a source to a sink in another container, without leaving C. How is in `transfer.ts`.
 */
import type { Sink } from "../io/sink.ts";
import type { Source } from "../io/source.ts";
import { checkRemuxOptions, remuxOptionNames, type RemuxOptions, type RemuxResult } from "./remux_options.ts";
import { type Plan, transfer, transferSync } from "./transfer.ts";

function planOf(source: Source, sink: Sink, { input = {} }: RemuxOptions): Plan {
  return { sources: [{ source, input }], sink };
}

/**
 * Writes the packets of a source to a sink in another container, without decoding. Timestamps that are missing or
 * don't grow are mended; metadata, chapters, dispositions and side data are kept.
 *
 * ```ts
 * import { MemorySink, remuxSync } from "@avio/avio";
 *
 * const sink = new MemorySink();
 * const result = remuxSync("fixtures/video.mp4", sink, {
 *   format: "matroska",
 *   streams: [{ index: 1, metadata: { language: "eng" } }, 0], // sound first
 *   metadata: { title: "A title" },
 * });
 * console.log(result.packets, result.streams.map(({ inputIndex }) => inputIndex)); // 206 [1, 0]
 * ```
 *
 * @throws {AVError} FFmpeg can't read the source, or the output format can't hold the streams.
 * @throws {TypeError | RangeError} An argument is wrong.
 * @throws Whatever callbacks of the source, the sink or `onprogress` threw.
 */
export function remuxSync(source: Source, sink: Sink, options?: RemuxOptions): RemuxResult {
  const checked = checkRemuxOptions(options, remuxOptionNames);
  return transferSync(planOf(source, sink, checked), checked).whole;
}

/** As {@linkcode remuxSync}; callbacks may return promises, streams, Blobs and URLs are sources, streams are sinks. */
export async function remux(source: Source, sink: Sink, options?: RemuxOptions): Promise<RemuxResult> {
  const checked = checkRemuxOptions(options, remuxOptionNames);
  return (await transfer(planOf(source, sink, checked), checked)).whole;
}
