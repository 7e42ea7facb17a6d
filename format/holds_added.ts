/**
 * A stream that is added to an output, as far as it counts for what the output's format can store of it.
 */
import type { Written } from "./holds.ts";
import type { SideDataInit } from "./packet.ts";
import type { CodecParametersLike, Stream } from "./stream.ts";

/** What a stream has beside its packets and codec. */
export interface Labels {
  metadata: Readonly<Record<string, string>>;
  disposition: readonly string[];
}

/** What the program sets of it. */
export type SetLabels = { [Name in keyof Labels]?: Labels[Name] | undefined };

/** A stream that is added to an output. */
export interface AddedStream extends Pick<Stream, "type"> {
  codecParameters: Pick<CodecParametersLike, "codec" | "extradata">;
  sideData: readonly SideDataInit[];
  /** What the source has of it, of which no loss is reported. */
  from: Labels;
  /** Whether it is the output's first stream of its type. */
  isFirst: boolean;
  /** For the warning. */
  source?: number;
  stream: number;
}

/** A copy of a source's stream. */
export function addedLike(stream: Omit<Stream, "discard">, isFirst: boolean): AddedStream {
  const { type, codecParameters, sideData, index } = stream;
  return { type, codecParameters, sideData, from: stream, isFirst, stream: index };
}

/** Codecs of which DASH's segments are WebM. */
const IN_WEBM = new Set(["opus", "vorbis", "vp8", "vp9"]);

/** The format of the segments that DASH has of a stream. */
export function dashSegments({ options = {} }: Written, { codecParameters }: AddedStream): "webm" | "mp4" {
  const type = String(options.dash_segment_type ?? "auto");
  const isWebm = /^(auto|0)$/.test(type) ? IN_WEBM.has(codecParameters.codec) : /^(webm|2)$/.test(type);
  return isWebm ? "webm" : "mp4";
}
