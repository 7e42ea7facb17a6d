/**
 * What in a file of Ogg is in no page: libavformat passes over it without a word, also over a last page that is cut off.
 */
import type { PartReader } from "./part_reader.ts";
import type { Parts } from "./parts.ts";

/** The head of a page without its table of segments, each of which has a byte there: its size. */
const HEAD = 27, SEGMENTS = 26;

/** The size of a page, 0 where none begins. */
function pageSize(reader: PartReader, at: number): number {
  if (reader.name(at) !== "OggS") return 0;
  const table = reader.read(at + HEAD, reader.read(at + SEGMENTS, 1)[0] ?? 0);
  return table.reduce((size, segment) => size + segment, HEAD + table.length);
}

/** @param start Where the file begins: behind its ID3 tags. */
export function partsOfOgg(reader: PartReader, parts: Parts, start: number): void {
  let at = start;
  for (let size; (size = pageSize(reader, at)) && at + size <= reader.size;) at += size;
  parts.addBehind(reader, at);
}
