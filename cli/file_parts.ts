/**
 * What a file holds that no stream, tag, chapter or cover of it shows: names of boxes of mp4, elements of Matroska, frames of
 * ID3, blocks of FLAC, chunks of WAVE, AVI and AIFF, PIDs of MPEG-TS that carry data of their own, and what stands behind the
 * last part. A muxer writes none of them, so that rewriting would lose them.
 */
import { files } from "../io/files.ts";
import type { MediaInfo } from "../mod.ts";
import { PartReader, TooManyParts } from "./part_reader.ts";
import { Parts } from "./parts.ts";
import { partsOfAiff, partsOfAvi, partsOfFlac, partsOfWave, partsOfWave64 } from "./parts_of_chunks.ts";
import { partsOfMatroska } from "./parts_of_matroska.ts";
import { partsOfMp4 } from "./parts_of_mp4.ts";
import { partsOfMpegTs } from "./parts_of_mpegts.ts";
import { partsOfOgg } from "./parts_of_ogg.ts";
import { partsBehind, partsOfId3 } from "./parts_of_tags.ts";

/** What of the description of a file is needed to search it. */
export type Searched = Pick<MediaInfo, "streams" | "programs"> & {
  format: Pick<MediaInfo["format"], "name">;
};

/** How a file is searched. */
interface How {
  info: Searched;
  /** Where the file begins: behind its ID3 tags. */
  start: number;
  signal: AbortSignal | undefined;
}

type Search = (reader: PartReader, parts: Parts, how: How) => void | Promise<void>;

const SEARCHES: Readonly<Record<string, Search>> = {
  "mov,mp4,m4a,3gp,3g2,mj2": partsOfMp4,
  "matroska,webm": partsOfMatroska,
  flac: (reader, parts, { start }) => partsOfFlac(reader, parts, start),
  ogg: (reader, parts, { start }) => partsOfOgg(reader, parts, start),
  wav: partsOfWave,
  w64: partsOfWave64,
  avi: partsOfAvi,
  aiff: partsOfAiff,
  mpegts: (reader, parts, { info, signal }) => partsOfMpegTs(reader, parts, info, signal),
};

/** Formats whose APE tag at the end is read, and written, as tags. */
const WITH_APE_TAGS = /^(ape|mpc8?|tak|tta|wv)$/;

/** Calls it with a reader of the file. */
export function readParts<T>(path: string, read: (reader: PartReader) => T): T {
  const file = files.openSync(path, { read: true });
  try {
    return read(new PartReader(file));
  } finally {
    file.close();
  }
}

/** The parts of a file. */
export async function partsOf(path: string, info: Searched, signal?: AbortSignal): Promise<Parts> {
  const file = files.openSync(path, { read: true });
  try {
    return await partsIn(new PartReader(file), info, signal);
  } finally {
    file.close();
  }
}

/** The same of an open file. */
export async function partsIn(reader: PartReader, info: Searched, signal?: AbortSignal): Promise<Parts> {
  const parts = new Parts(), { name } = info.format;
  try {
    const { end } = partsOfId3(reader, parts);
    partsBehind(reader, parts, WITH_APE_TAGS.test(name));
    await SEARCHES[name]?.(reader, parts, { info, start: end, signal });
  } catch (error) {
    if (!(error instanceof TooManyParts)) throw error;
    parts.addUnsearched("what is behind the first millions of parts");
  }
  return parts;
}
