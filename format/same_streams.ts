/**
 * Checks whether sources can be joined: an output stores the coding of each stream once, so a source with other coding
 * would be unplayable in it.
 */
import type { Chosen } from "./edits.ts";
import { argumentError } from "../ffi/errors.ts";
import { isCover } from "./cover.ts";
import { codingOf } from "./file_extradata.ts";
import type { MediaType } from "./media_type.ts";
import type { CodecParameters, Stream } from "./stream.ts";

/** Fields that must be equal if both sources have them. */
const FIELDS = ["type", "codec", "width", "height", "pixelFormat", "sampleRate", "channels"] as const;

/** Muxers whose packets contain parameter sets, with start codes. */
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

type Streams = readonly Omit<Stream, "discard">[];

/**
 * For each chosen stream of the first source the index of the same one in a later source. It is at the same place, or, if
 * another stream is there, has the same id: MPEG-PS has no header, and its streams are in the order of their first packets.
 */
export function findStreams(chosen: readonly Chosen[], streams: Streams): number[] {
  const places = chosen.map(({ stream: { index } }) => index);
  const isLike = ({ stream }: Chosen, other: Streams[number] | undefined) =>
    other?.type === stream.type && other.codecParameters.codec === stream.codecParameters.codec;
  if (chosen.every((one, i) => isCover(one.stream) || isLike(one, streams[places[i]!]))) return places;
  const byId = chosen.map((one) => {
    const same = streams.filter((other) => other.id === one.stream.id && isLike(one, other));
    return same.length === 1 ? same[0]!.index : -1;
  });
  return byId.every((index, i) => index >= 0 && byId.indexOf(index) === i) ? byId : places;
}

/** Throws if the source differs from the first; `number` is its index among the sources, `places` are as above. */
export function checkSameStreams(
  chosen: readonly Chosen[],
  streams: Streams,
  places: readonly number[],
  number: number,
  format: string,
): void {
  const name = `sources[${number}]`;
  if (format === "gif") {
    throw argumentError(TypeError, name, "can't be joined: a GIF has one header and palette");
  }
  for (const [i, { stream }] of chosen.entries()) {
    const index = places[i]!;
    if (isCover(stream) && (!streams[index] || isCover(streams[index]))) continue; // it is that of the first source
    const { codecParameters: first } = stream;
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
        `and ${format} stores extradata once per stream`,
    );
  }
}

/** Whether a stream is continuous; other streams may have no packets in a source. */
export function isLasting({ type }: { type: MediaType }): boolean {
  return type === "video" || type === "audio";
}

function isCodedAlike(first: CodecParameters, next: CodecParameters, format: string): boolean {
  const [a, b] = [first.extradata, next.extradata];
  if (isSame(first.codec, a, b)) return true;
  return HAS_PARAMETER_SETS.has(first.codec) && TAKES_START_CODES.has(format) && hasStartCodes(a) &&
    hasStartCodes(b);
}

function hasStartCodes(extradata: Uint8Array | null): boolean {
  return extradata === null || (extradata[0] === 0 && extradata[1] === 0);
}

function isSame(codec: string, a: Uint8Array | null, b: Uint8Array | null): boolean {
  if (a === null || b === null) return a === b;
  const others = codingOf(codec, b);
  return codingOf(codec, a).every((part, index) => {
    const other = others[index]!;
    return part.length === other.length && part.every((byte, at) => byte === other[at]);
  });
}
