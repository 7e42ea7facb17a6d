/**
 * What a file holds that no stream, tag, chapter or cover of it shows: names of boxes of mp4, elements of Matroska, frames of
 * ID3, blocks of FLAC, chunks of WAVE, AVI and AIFF, PIDs of MPEG-TS that carry data of their own. A muxer writes none of
 * them, so that rewriting would lose them.
 */
import { files } from "../io/files.ts";
import type { MediaInfo } from "../mod.ts";
import { PartReader } from "./part_reader.ts";
import { partsOfAiff, partsOfAvi, partsOfFlac, partsOfWave, partsOfWave64 } from "./parts_of_chunks.ts";
import { partsOfMatroska } from "./parts_of_matroska.ts";
import { partsOfMp4 } from "./parts_of_mp4.ts";
import { partsOfMpegTs } from "./parts_of_mpegts.ts";
import { partsBehind, partsOfId3 } from "./parts_of_tags.ts";

type Search = (reader: PartReader, info: MediaInfo, start: number) => string[];

const SEARCHES: Readonly<Record<string, Search>> = {
  "mov,mp4,m4a,3gp,3g2,mj2": partsOfMp4,
  "matroska,webm": partsOfMatroska,
  flac: (reader, _, start) => partsOfFlac(reader, start),
  wav: partsOfWave,
  w64: partsOfWave64,
  avi: partsOfAvi,
  aiff: partsOfAiff,
  mpegts: partsOfMpegTs,
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

/** The parts of a file, each as often as it is there. */
export function partsOf(path: string, info: MediaInfo): string[] {
  const { name } = info.format;
  return readParts(path, (reader) => {
    const front = partsOfId3(reader);
    const behind = partsBehind(reader).filter((part) =>
      !(part === "the APE tag" && WITH_APE_TAGS.test(name))
    );
    return [...front.parts, ...behind, ...SEARCHES[name]?.(reader, info, front.end) ?? []];
  });
}

/** What the second list has less often than the first, each once. */
export function missingParts(before: readonly string[], after: readonly string[]): string[] {
  const count = (parts: readonly string[], name: string) => parts.filter((part) => part === name).length;
  return [...new Set(before)].filter((name) => count(after, name) < count(before, name));
}
