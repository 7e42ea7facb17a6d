/**
 * remux: packets from a source to a sink in another container, without leaving C. How is in `transfer.ts`.
 */
import { type MaybePromise, type Operation, runSync } from "../ffi/operation.ts";
import { promised } from "../ffi/session.ts";
import type { Names } from "../io/arguments.ts";
import type { Sink } from "../io/sink.ts";
import type { Source } from "../io/source.ts";
import type { DemuxerOptions } from "./demuxer.ts";
import type { StreamSelection } from "./edits.ts";
import { muxerOptionNames, type MuxerOptions } from "./muxer.ts";
import { checkOptions } from "./options.ts";
import type { Packet } from "./packet.ts";
import type { RemuxProgress } from "./progress.ts";
import type { Chapter, Stream } from "./stream.ts";
import { type Plan, transfer } from "./transfer.ts";

/** Options of {@linkcode remuxSync}. */
export interface RemuxOptions extends MuxerOptions {
  /** Options of the input. */
  input?: DemuxerOptions;
  /** Which streams to keep, in which order and with which changes. @default all that the output format can hold */
  streams?: StreamSelection;
  /** Tags of the container, beside those of the input and instead of those of the same name. */
  metadata?: Record<string, string>;
  /** Gets the tags that the container would have, and answers those that it has: `() => ({})` takes all away. */
  editMetadata?: (tags: Record<string, string>) => Record<string, string>;
  /** Chapters of the output, in seconds; `[]` for none. @default those of the input, cut as it is */
  chapters?: Chapter[];
  /** Gets the chapters that the output would have, with its times, and answers those that it has. */
  editChapters?: (chapters: Chapter[]) => Chapter[];
  /** Bitstream filters for a stream that is kept; see `StreamInit`. */
  bitstreamFilter?: (stream: Omit<Stream, "discard">) => string | null | undefined;
  /**
   * Seconds; the output begins with the last key frame at or before it, and its time with 0. A RangeError where the media
   * has ended by then.
   */
  start?: number;
  /** Seconds; packets that are shown from there on are left out, and with B-frames no others. @default {Infinity} */
  end?: number;
  /**
   * Called with each packet that is kept, of the input's streams and in their time bases; what it answers is written
   * instead of it, null leaves it out. Without it no packet comes to JavaScript.
   */
  transform?: (packet: Packet) => MaybePromise<Packet | null>;
  /** Called some ten times a second, and when all is written. What it throws ends the remux. */
  onprogress?: (progress: RemuxProgress) => void;
}

/** The names of {@linkcode RemuxOptions}. */
export const remuxOptionNames: Names<RemuxOptions> = {
  ...muxerOptionNames,
  input: true,
  streams: true,
  editMetadata: true,
  editChapters: true,
  bitstreamFilter: true,
  start: true,
  end: true,
  transform: true,
  onprogress: true,
};

/** A stream of the output, and what was written of it. */
export interface RemuxedStream {
  /** Its place in the output. */
  index: number;
  /** Its place in the input. */
  inputIndex: number;
  /** Packets written. */
  packets: number;
  /** Bytes of their data, before bitstream filters. */
  bytes: number;
  /** Seconds from its first packet to the end of its last, null where none had a time. */
  duration: number | null;
}

/** What a remux has done. */
export interface RemuxResult {
  /** Packets written. */
  packets: number;
  /** Bytes of the output. */
  bytesWritten: number;
  /** Seconds of the input that the output begins with: the key frame at or before `start`, 0 without one. */
  start: number;
  /** Seconds of the output, null where no packet had a time. */
  duration: number | null;
  /** Streams of the output, in its order. */
  streams: RemuxedStream[];
  /** Streams of the input that are not in the output. */
  skippedStreams: number[];
}

/** Runs a plan with one sink. */
export function* remuxOperation(plan: Plan, options: RemuxOptions): Operation<RemuxResult> {
  const { parts, skippedStreams } = yield* transfer(plan, options);
  const { end: _, ...result } = parts[0]!;
  return { ...result, skippedStreams };
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
  return runSync(remuxOperation({ sources: [source], sink }, checkOptions(options, remuxOptionNames)));
}

/** As {@linkcode remuxSync}; callbacks may answer promises, streams, Blobs and URLs are sources, streams are sinks. */
export function remux(source: Source, sink: Sink, options?: RemuxOptions): Promise<RemuxResult> {
  return promised(() => remuxOperation({ sources: [source], sink }, checkOptions(options, remuxOptionNames)));
}
