/**
 * Chunks of WAVE, AVI and AIFF and blocks of FLAC that carry data of their own, which no muxer writes.
 */
import { nameAt, type PartReader, viewOf } from "./part_reader.ts";
import { Parts } from "./parts.ts";
import { partsOfId3 } from "./parts_of_tags.ts";
import { addComments, type Comments } from "./vorbis_values.ts";

interface Chunk {
  name: string;
  /** Where its data is. */
  from: number;
  to: number;
}

/** How chunks are laid out. */
interface Layout {
  littleEndian: boolean;
  /** Of data whose size does not fit in 32 bits. */
  largeSize?: number;
  /** Whether a size of 0 in front of data says that it goes to the end: it was written as a stream. */
  isStream?: boolean;
}

const LITTLE: Layout = { littleEndian: true };
const BIG: Layout = { littleEndian: false };

function* chunksIn(
  reader: PartReader,
  { from, to }: Pick<Chunk, "from" | "to">,
  layout: Layout,
): Generator<Chunk> {
  for (let at = from; at + 8 <= to;) {
    const head = reader.read(at, 8);
    if (head.length < 8) return;
    const name = nameAt(head, 0), rest = to - at - 8;
    const size = sizeOf(name, viewOf(head).getUint32(4, layout.littleEndian), layout) ?? rest;
    yield { name, from: at + 8, to: at + 8 + Math.min(size, rest) };
    at += 8 + size + size % 2;
  }
}

/** Undefined for what goes to the end. */
function sizeOf(name: string, written: number, { largeSize, isStream }: Layout): number | undefined {
  if (written === 0xffffffff) return largeSize;
  return isStream && name === "data" && written === 0 ? undefined : written;
}

/** Adds the frames of ID3 in a chunk. */
const addFramesOf = (reader: PartReader, parts: Parts, { from, to }: Chunk) =>
  partsOfId3(reader, parts, from, to);

const chunkText = (name: string) => `the chunk ${name.trim()}`;

/** Adds a chunk that is none of these and no padding. */
function addUnless(known: RegExp, name: string, parts: Parts): void {
  if (!known.test(name) && name !== "\0\0\0\0") parts.add(chunkText(name));
}

// ------------------------------------------------------------------------------------------- WAVE

/** Chunks that are streams, tags and padding. */
const WAVE_CHUNKS = /^(fmt |data|fact|ds64|JUNK|junk|PAD |FLLR|id3 |ID3 |cue |slnt)$/;

/** RIFF, and RF64, which has the size of its data in front. */
export function partsOfWave(reader: PartReader, parts: Parts): void {
  const large = /^(RF64|BW64)$/.test(reader.name(0)) && reader.name(12) === "ds64" ? reader.read(28, 8) : [];
  const layout = large instanceof Uint8Array && large.length === 8
    ? { ...LITTLE, largeSize: Number(viewOf(large).getBigUint64(0, true)) }
    : { ...LITTLE, isStream: true };
  for (const chunk of chunksIn(reader, { from: 12, to: reader.size }, layout)) {
    const { name, from } = chunk;
    if (/^id3 $/i.test(name)) addFramesOf(reader, parts, chunk);
    else if (!/^list$/i.test(name)) addUnless(WAVE_CHUNKS, name, parts);
    else if (reader.name(from) !== "INFO") parts.add(chunkText(reader.name(from)));
  }
}

/** Sony's Wave64: names are GUIDs, which begin with the names of RIFF, and sizes include them. */
export function partsOfWave64(reader: PartReader, parts: Parts): void {
  for (let at = 40; at + 24 <= reader.size;) {
    const head = reader.read(at, 24), name = nameAt(head, 0);
    const size = head.length < 24 ? 0 : Number(viewOf(head).getBigUint64(16, true));
    if (/^[\w ]{4}$/.test(name) && !/^(list|levl)$/.test(name)) addUnless(WAVE_CHUNKS, name, parts);
    if (size < 24) return;
    at += Math.ceil(size / 8) * 8;
  }
}

// ------------------------------------------------------------------------------------------- AVI

const AVI_CHUNKS = /^(hdrl|strl|odml|INFO|movi|avih|strh|strf|strn|vprp|indx|dmlh|idx1|JUNK|junk|IDIT)$/;
const AVI_CONTAINERS = /^(hdrl|strl|odml)$/;

/** A list has its name behind its size. */
function searchAvi(
  reader: PartReader,
  within: Pick<Chunk, "from" | "to">,
  parts: Parts,
  depth: number,
): void {
  if (!parts.isSearched(depth)) return;
  for (const chunk of chunksIn(reader, within, LITTLE)) {
    const isList = /^(LIST|RIFF)$/.test(chunk.name), name = isList ? reader.name(chunk.from) : chunk.name;
    if (name === "AVIX" || (isList && AVI_CONTAINERS.test(name))) {
      searchAvi(reader, { from: chunk.from + 4, to: chunk.to }, parts, depth + 1);
    } else addUnless(AVI_CHUNKS, name, parts);
  }
}

/** One RIFF, or several of which the first is named AVI and the others AVIX. */
export function partsOfAvi(reader: PartReader, parts: Parts): void {
  const size = reader.read(4, 4);
  const end = size.length < 4 ? 0 : 8 + viewOf(size).getUint32(0, true);
  const isWhole = end > 12 && end <= reader.size;
  searchAvi(reader, { from: 12, to: isWhole ? end : reader.size }, parts, 0);
  if (isWhole) searchAvi(reader, { from: end + end % 2, to: reader.size }, parts, 0);
}

// ------------------------------------------------------------------------------------------- AIFF

const AIFF_CHUNKS = /^(COMM|SSND|FVER|NAME|AUTH|ANNO|\(c\) |CHAN|wave|ID3 )$/;

export function partsOfAiff(reader: PartReader, parts: Parts): void {
  for (const chunk of chunksIn(reader, { from: 12, to: reader.size }, BIG)) {
    if (chunk.name === "ID3 ") addFramesOf(reader, parts, chunk);
    else addUnless(AIFF_CHUNKS, chunk.name, parts);
  }
}

/** Version of the ID3 tag in AIFF, 0 if there is none. */
export function id3VersionOfAiff(reader: PartReader): number {
  for (const { name, from, to } of chunksIn(reader, { from: 12, to: reader.size }, BIG)) {
    if (name === "ID3 ") return partsOfId3(reader, new Parts(), from, to).version;
  }
  return 0;
}

// ------------------------------------------------------------------------------------------- FLAC

const FLAC_BLOCKS: Readonly<Record<number, string>> = { 2: "APPLICATION", 5: "CUESHEET" };
/** Number of the block of Vorbis comments. */
const COMMENTS = 4;
/** Number of the last block that FLAC defines. */
const LAST_BLOCK = 6;

/** What is between these places of a file. */
function within(reader: PartReader, from: number, to: number): Comments {
  return {
    size: to - from,
    read: (at, size) => reader.read(from + at, Math.max(0, Math.min(size, to - from - at))),
  };
}

/** @param start Where the file begins: behind its ID3 tags. */
export function partsOfFlac(reader: PartReader, parts: Parts, start: number): void {
  if (reader.name(start) !== "fLaC") return;
  for (let at = start + 4, isLast = false; !isLast;) {
    const head = reader.read(at, 4);
    if (head.length < 4) return;
    const type = head[0]! & 0x7f;
    isLast = (head[0]! & 0x80) !== 0;
    const from = at + head.length, size = viewOf(head).getUint32(0) & 0xffffff;
    if (type === COMMENTS) addComments(within(reader, from, Math.min(from + size, reader.size)), parts);
    if (FLAC_BLOCKS[type] || type > LAST_BLOCK) parts.add(`the block ${FLAC_BLOCKS[type] ?? type}`);
    at = from + size;
  }
}
