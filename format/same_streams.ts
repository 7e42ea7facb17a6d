/**
 * Whether sources can be joined: an output says once how each of its streams is coded, so a source whose streams are
 * coded otherwise would be written as something that can't be played.
 */
import type { Chosen } from "./edits.ts";
import { argumentError } from "../ffi/errors.ts";
import type { MediaType } from "./media_type.ts";
import type { CodecParameters, Stream } from "./stream.ts";

/** What must be the same, where both say it. */
const FIELDS = ["type", "codec", "width", "height", "pixelFormat", "sampleRate", "channels"] as const;

/** Muxers whose packets bring their own parameter sets, with start codes. */
const TAKES_START_CODES = new Set([
  "mpegts",
  "h264",
  "hevc",
  "vvc",
  "mpeg",
  "vob",
  "dvd",
  "vcd",
  "svcd",
  "avi",
]);
const HAS_PARAMETER_SETS = new Set(["h264", "hevc", "vvc"]);

/** Throws what makes the source another kind of thing than the first; `number`: its place among the sources. */
export function checkSameStreams(
  chosen: readonly Chosen[],
  streams: readonly Omit<Stream, "discard">[],
  number: number,
  format: string,
): void {
  const name = `sources[${number}]`;
  for (const { stream: { index, codecParameters: first } } of chosen) {
    const next = streams[index]?.codecParameters;
    if (!next && !isLasting(first)) continue;
    if (!next) throw argumentError(TypeError, name, `has no stream ${index}, which sources[0] has`);
    for (const field of FIELDS) {
      if (!next[field] || !first[field] || next[field] === first[field]) continue;
      const difference = `${next[field]}, not ${first[field]}`;
      throw argumentError(
        TypeError,
        name,
        `stream ${index} has another ${field} than in sources[0]: ${difference}`,
      );
    }
    if (isCodedAlike(first, next, format)) continue;
    throw argumentError(
      TypeError,
      name,
      `stream ${index} is ${next.codec} with other extradata than in sources[0], ` +
        `and ${format} says once how a stream is coded`,
    );
  }
}

/** Whether it goes on from a source's beginning to its end; the others may have nothing to say in one of them. */
export function isLasting({ type }: { type: MediaType }): boolean {
  return type === "video" || type === "audio";
}

function isCodedAlike(first: CodecParameters, next: CodecParameters, format: string): boolean {
  const [a, b] = [first.extradata, next.extradata];
  if (isSame(a, b)) return true;
  // Behind the first two bytes of an AudioSpecificConfig is only what can be told in another way, too.
  if (first.codec === "aac") return a !== null && b !== null && isSame(a.subarray(0, 2), b.subarray(0, 2));
  return HAS_PARAMETER_SETS.has(first.codec) && TAKES_START_CODES.has(format) && hasStartCodes(a) &&
    hasStartCodes(b);
}

function hasStartCodes(extradata: Uint8Array | null): boolean {
  return extradata === null || (extradata[0] === 0 && extradata[1] === 0);
}

function isSame(a: Uint8Array | null, b: Uint8Array | null): boolean {
  if (a === null || b === null) return a === b;
  return a.length === b.length && a.every((byte, index) => byte === b[index]);
}
