/**
 * Chunks of WAVE, AVI and AIFF and blocks of FLAC that carry data of their own, which no muxer writes.
 */
import { nameAt, type PartReader, viewOf } from "./part_reader.ts";
import { partsOfId3 } from "./parts_of_tags.ts";

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
}

const LITTLE: Layout = { littleEndian: true };
const BIG: Layout = { littleEndian: false };

function* chunksIn(
  reader: PartReader,
  { from, to }: Pick<Chunk, "from" | "to">,
  { littleEndian, largeSize }: Layout,
): Generator<Chunk> {
  for (let at = from; at + 8 <= to;) {
    const head = reader.read(at, 8);
    if (head.length < 8) return;
    const written = viewOf(head).getUint32(4, littleEndian);
    const size = written === 0xffffffff ? largeSize ?? to - at - 8 : written;
    yield { name: nameAt(head, 0), from: at + 8, to: Math.min(at + 8 + size, to) };
    at += 8 + size + size % 2;
  }
}

/** The frames of ID3 in a chunk. */
const framesOf = (reader: PartReader, { from }: Chunk) => partsOfId3(reader, from).parts;

const chunkText = (name: string) => `the chunk ${name.trim()}`;

// ------------------------------------------------------------------------------------------- WAVE

/** Chunks that are streams, tags and padding. */
const WAVE_CHUNKS = /^(fmt |data|fact|ds64|JUNK|junk|PAD |FLLR|id3 |ID3 |cue |slnt)$/;

/** RIFF, and RF64, which has the size of its data in front. */
export function partsOfWave(reader: PartReader): string[] {
  const isLarge = /^(RF64|BW64)$/.test(reader.name(0)) && reader.name(12) === "ds64";
  const layout = isLarge
    ? { ...LITTLE, largeSize: Number(viewOf(reader.read(28, 8)).getBigUint64(0, true)) }
    : LITTLE;
  return [...chunksIn(reader, { from: 12, to: reader.size }, layout)].flatMap((chunk) => {
    const { name, from } = chunk;
    if (/^id3 $/i.test(name)) return framesOf(reader, chunk);
    if (/^list$/i.test(name)) return reader.name(from) === "INFO" ? [] : [chunkText(reader.name(from))];
    return WAVE_CHUNKS.test(name) ? [] : [chunkText(name)];
  });
}

/** Sony's Wave64: names are GUIDs, which begin with the names of RIFF, and sizes include them. */
export function partsOfWave64(reader: PartReader): string[] {
  const found: string[] = [];
  for (let at = 40; at + 24 <= reader.size;) {
    const head = reader.read(at, 24), name = nameAt(head, 0);
    const size = Number(viewOf(head).getBigUint64(16, true));
    if (/^[\w ]{4}$/.test(name) && !/^(list|levl)$/.test(name) && !WAVE_CHUNKS.test(name)) {
      found.push(chunkText(name));
    }
    if (size < 24) break;
    at += Math.ceil(size / 8) * 8;
  }
  return found;
}

// ------------------------------------------------------------------------------------------- AVI

const AVI_CHUNKS = /^(hdrl|strl|odml|INFO|movi|avih|strh|strf|strn|vprp|indx|dmlh|idx1|JUNK|junk|IDIT)$/;
const AVI_CONTAINERS = /^(hdrl|strl|odml)$/;

/** A list has its name behind its size. */
function aviChunks(reader: PartReader, within: Pick<Chunk, "from" | "to">): string[] {
  return [...chunksIn(reader, within, LITTLE)].flatMap((chunk) => {
    const isList = /^(LIST|RIFF)$/.test(chunk.name);
    const name = isList ? reader.name(chunk.from) : chunk.name,
      inner = { from: chunk.from + 4, to: chunk.to };
    if (name === "AVIX" || (isList && AVI_CONTAINERS.test(name))) return aviChunks(reader, inner);
    return AVI_CHUNKS.test(name) ? [] : [chunkText(name)];
  });
}

/** One RIFF, or several of which the first is named AVI and the others AVIX. */
export function partsOfAvi(reader: PartReader): string[] {
  const end = 8 + viewOf(reader.read(4, 4)).getUint32(0, true);
  const isWhole = end > 12 && end <= reader.size;
  return [
    ...aviChunks(reader, { from: 12, to: isWhole ? end : reader.size }),
    ...(isWhole ? aviChunks(reader, { from: end + end % 2, to: reader.size }) : []),
  ];
}

// ------------------------------------------------------------------------------------------- AIFF

const AIFF_CHUNKS = /^(COMM|SSND|FVER|NAME|AUTH|ANNO|\(c\) |CHAN|wave|ID3 )$/;

export function partsOfAiff(reader: PartReader): string[] {
  return [...chunksIn(reader, { from: 12, to: reader.size }, BIG)].flatMap((chunk) => {
    if (chunk.name === "ID3 ") return framesOf(reader, chunk);
    return AIFF_CHUNKS.test(chunk.name) ? [] : [chunkText(chunk.name)];
  });
}

// ------------------------------------------------------------------------------------------- FLAC

const FLAC_BLOCKS: Readonly<Record<number, string>> = { 2: "APPLICATION", 5: "CUESHEET" };
/** Number of the last block that FLAC defines. */
const LAST_BLOCK = 6;

/** @param start Where the file begins: behind its ID3 tags. */
export function partsOfFlac(reader: PartReader, start: number): string[] {
  const found: string[] = [];
  if (reader.name(start) !== "fLaC") return found;
  for (let at = start + 4, isLast = false; !isLast && at + 4 <= reader.size;) {
    const head = viewOf(reader.read(at, 4)), type = head.getUint8(0) & 0x7f;
    isLast = (head.getUint8(0) & 0x80) !== 0;
    if (FLAC_BLOCKS[type] || type > LAST_BLOCK) found.push(`the block ${FLAC_BLOCKS[type] ?? type}`);
    at += 4 + (head.getUint32(0) & 0xffffff);
  }
  return found;
}
