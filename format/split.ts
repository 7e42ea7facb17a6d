/**
 * Splitting and joining without decoding: one source into segments at key frames, several sources into one output.
 */
import { checkArray, checkFunction, checkNumber, checkString, optional } from "../io/arguments.ts";
import type { MaybePromise } from "../ffi/device.ts";
import { MemorySink } from "../io/memory_sink.ts";
import type { OpenCallback } from "../io/open_callback.ts";
import type { Sink } from "../io/sink.ts";
import type { Source } from "../io/source.ts";
import { checkOptions } from "./options.ts";
import { remux, type RemuxOptions, type RemuxResult, remuxSync } from "./remux.ts";

/** Options of {@linkcode split}. */
export interface SplitOptions extends Omit<RemuxOptions, "format" | "url" | "onopen"> {
  /** Format of each segment, by FFmpeg's name. */
  format: string;
  /** Seconds after which a new segment begins, with the next key frame. */
  every: number;
  /** Timestamps of each segment begin with 0. @default {true} */
  resetTimestamps?: boolean;
  /** The sink of a segment, asked when it begins. */
  onsegment: (index: number) => MaybePromise<Sink>;
}

function segmenting(options: SplitOptions): RemuxOptions {
  const { format, every, resetTimestamps = true, onsegment, options: own, ...rest } = checkOptions(options);
  checkString(format, "format");
  checkNumber(every, "every", 0);
  checkFunction(onsegment, "onsegment");
  // Names within FFmpeg only: what is opened is the caller's sinks.
  const onopen: OpenCallback = ({ url, mode }) => mode === "write" ? onsegment(Number(url)) : null;
  return {
    ...rest,
    format: "segment",
    url: "%d",
    onopen,
    options: {
      segment_format: format,
      segment_time: every,
      reset_timestamps: resetTimestamps,
      ...(own && Object.keys(own).length > 0 ? { segment_format_options: joined(own) } : {}),
    },
  };
}

/** As FFmpeg writes options within an option: `a=1:b=2`, with what separates them escaped. */
function joined(options: Record<string, string | number | boolean>): string {
  const escaped = (value: unknown) => String(value).replace(/[\\\\':=]/g, (character) => `\\${character}`);
  return Object.entries(options).map(([name, value]) =>
    `${name}=${escaped(typeof value === "boolean" ? Number(value) : value)}`
  ).join(":");
}

/**
 * Writes a source as segments, each a file of its own that begins with a key frame; FFmpeg's segment muxer.
 *
 * ```ts
 * import { MemorySink, splitSync } from "@avio/avio";
 *
 * const segments: MemorySink[] = [];
 * splitSync("fixtures/video.mp4", {
 *   format: "mp4",
 *   every: 1,
 *   onsegment: (index) => segments[index] = new MemorySink(),
 * });
 * console.log(segments.length); // 3
 * ```
 *
 * @throws {AVError | TypeError | RangeError} As `remuxSync`.
 */
export function splitSync(source: Source, options: SplitOptions): RemuxResult {
  return remuxSync(source, new MemorySink(), segmenting(options));
}

/** As {@linkcode splitSync}; sinks may be streams, and promised. */
export async function split(source: Source, options: SplitOptions): Promise<RemuxResult> {
  return await remux(source, new MemorySink(), segmenting(options));
}

/** What the sources are to FFmpeg: a script that names them by number. */
function script(
  sources: readonly Source[],
  options: RemuxOptions,
): { source: Uint8Array; options: RemuxOptions } {
  checkArray(sources, "sources");
  if (sources.length === 0) throw new TypeError("sources: there is none");
  const lines = sources.map((_, index) => `file ${index}`);
  const { input = {}, ...rest } = checkOptions(options);
  optional(checkFunction, input.onopen, "input.onopen");
  const onopen: OpenCallback = (request) => {
    const isOurs = request.mode === "read" && /^\d+$/.test(request.url);
    return (isOurs && sources[Number(request.url)]) || input.onopen?.(request) || null;
  };
  return {
    source: new TextEncoder().encode(["ffconcat version 1.0", ...lines, ""].join("\n")),
    options: { ...rest, input: { ...input, format: "concat", onopen } },
  };
}

/**
 * Writes several sources one after the other into one output; they have the same streams, coded the same way. FFmpeg's
 * concat demuxer; with the embedded build only.
 *
 * ```ts ignore
 * import { concatSync, MemorySink } from "@avio/avio";
 *
 * const twice = new MemorySink();
 * concatSync(["fixtures/video.mp4", "fixtures/video.mp4"], twice, { format: "mp4" });
 * ```
 *
 * @throws {AVError | TypeError | RangeError} As `remuxSync`.
 */
export function concatSync(sources: readonly Source[], sink: Sink, options: RemuxOptions = {}): RemuxResult {
  const { source, options: joining } = script(sources, options);
  return remuxSync(source, sink, joining);
}

/** As {@linkcode concatSync}; sources and sink may be streams. */
export async function concat(
  sources: readonly Source[],
  sink: Sink,
  options: RemuxOptions = {},
): Promise<RemuxResult> {
  const { source, options: joining } = script(sources, options);
  return await remux(source, sink, joining);
}
