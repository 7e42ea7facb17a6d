/**
 * What a file holds that no stream, tag, chapter or cover of it shows: names of boxes of mp4, frames of ID3, blocks of FLAC
 * and chunks of WAVE that carry data of their own. A muxer writes none of them, so that rewriting would lose them.
 */
import { files } from "../io/files.ts";
import { From, type OpenFile } from "../io/file_system.ts";

/** Bytes of a box or tag that is searched. */
const MAX_SIZE = 64 * 1024 * 1024;

const latin = new TextDecoder("latin1");

/** Reads a file at any place; what lies behind its end is missing. */
class Reader {
  readonly #file: OpenFile;
  readonly size: number;

  constructor(file: OpenFile) {
    this.#file = file;
    this.size = file.statSync().size;
  }

  read(position: number, size: number): Uint8Array {
    const bytes = new Uint8Array(Math.max(0, Math.min(size, this.size - position, MAX_SIZE)));
    this.#file.seekSync(position, From.START);
    let read = 0;
    for (let count; read < bytes.length && (count = this.#file.readSync(bytes.subarray(read)));) {
      read += count;
    }
    return bytes.subarray(0, read);
  }
}

const viewOf = (bytes: Uint8Array) => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
const nameAt = (bytes: Uint8Array, at: number, size = 4) => latin.decode(bytes.subarray(at, at + size));

// ------------------------------------------------------------------------------------------- mp4

/** Boxes whose boxes are searched; those of `udta` are counted, whatever their names are. */
const CONTAINERS = new Set(["moov", "trak", "mdia", "minf", "stbl", "moof", "traf", "udta"]);
const OWN_BOXES = new Set(["uuid", "senc", "saiz", "saio", "pssh", "xml ", "bxml", "emsg"]);
/** A sample entry that holds one is encrypted; it stands in the description of samples, behind fields of its codec. */
const ENCRYPTED = "sinf";
/** Boxes of `udta` that are tags, chapters, names and padding, which are compared as what they are. */
const DESCRIBED = /^(meta|chpl|name|free|hnti|hinf|\0{4}|\xa9...)$/s;

interface Box {
  name: string;
  from: number;
  to: number;
}

function* boxesIn(bytes: Uint8Array): Generator<Box> {
  const view = viewOf(bytes);
  for (let at = 0; at + 8 <= bytes.length;) {
    const size = view.getUint32(at) || bytes.length - at;
    if (size < 8 || at + size > bytes.length) return;
    yield { name: nameAt(bytes, at + 4), from: at + 8, to: at + size };
    at += size;
  }
}

function searchBoxes(bytes: Uint8Array, parent: string, found: string[]): void {
  for (const { name, from, to } of boxesIn(bytes)) {
    const body = bytes.subarray(from, to);
    if (OWN_BOXES.has(name) || (parent === "udta" && !DESCRIBED.test(name))) found.push(`the box ${name}`);
    if (CONTAINERS.has(name)) searchBoxes(body, name, found);
    if (name === "stsd" && latin.decode(body).includes(ENCRYPTED)) found.push("the encryption");
  }
}

function partsOfMp4(reader: Reader): string[] {
  const found: string[] = [];
  for (let at = 0; at + 8 <= reader.size;) {
    const head = reader.read(at, 16), view = viewOf(head);
    if (head.length < 8) break;
    const small = view.getUint32(0), name = nameAt(head, 4);
    const size = small === 1 && head.length === 16 ? Number(view.getBigUint64(8)) : small || reader.size - at;
    if (size < 8) break;
    if (OWN_BOXES.has(name)) found.push(`the box ${name}`);
    if (CONTAINERS.has(name)) searchBoxes(reader.read(at + 8, size - 8), name, found);
    at += size;
  }
  return found;
}

// ------------------------------------------------------------------------------------------- ID3, FLAC, WAVE

/** Frames that are tags, covers and chapters, which are compared as what they are. */
const DESCRIBED_FRAMES = /^(T..|T...|COM|COMM|ULT|USLT|PIC|APIC|CHAP|CTOC|SEEK|ASPI)$/;

function partsOfId3(reader: Reader): string[] {
  const head = reader.read(0, 10);
  if (nameAt(head, 0, 3) !== "ID3") return [];
  const [version, flags] = [head[3]!, head[5]!];
  const sync7 = (bytes: Uint8Array, at: number) =>
    bytes.subarray(at, at + 4).reduce((value, byte) => value * 128 + (byte & 127), 0);
  const bytes = reader.read(10, sync7(head, 6)), view = viewOf(bytes);
  const [nameSize, headSize] = version === 2 ? [3, 6] : [4, 10];
  const found: string[] = [];
  let at = flags & 0x40 && bytes.length >= 4 ? version === 4 ? sync7(bytes, 0) : view.getUint32(0) + 4 : 0;
  while (at + headSize <= bytes.length && bytes[at] !== 0) {
    const name = nameAt(bytes, at, nameSize);
    const size = version === 2
      ? view.getUint32(at + 2) & 0xffffff
      : version === 3
      ? view.getUint32(at + 4)
      : sync7(bytes, at + 4);
    if (!DESCRIBED_FRAMES.test(name)) found.push(`the ID3 frame ${name}`);
    at += headSize + size;
  }
  return found;
}

const FLAC_BLOCKS: Readonly<Record<number, string>> = { 2: "APPLICATION", 5: "CUESHEET" };

function partsOfFlac(reader: Reader): string[] {
  const found: string[] = [];
  for (let at = 4, isLast = false; !isLast && at + 4 <= reader.size;) {
    const head = viewOf(reader.read(at, 4)), type = head.getUint8(0) & 0x7f;
    isLast = (head.getUint8(0) & 0x80) !== 0;
    if (FLAC_BLOCKS[type]) found.push(`the block ${FLAC_BLOCKS[type]}`);
    at += 4 + (head.getUint32(0) & 0xffffff);
  }
  return found;
}

/** Chunks that are streams, tags and padding. */
const DESCRIBED_CHUNKS = /^(fmt |data|LIST|fact|ds64|JUNK|junk|PAD |FLLR|id3 |ID3 |cue |slnt)$/;

function partsOfWave(reader: Reader): string[] {
  const found: string[] = [];
  for (let at = 12; at + 8 <= reader.size;) {
    const head = reader.read(at, 8), name = nameAt(head, 0), size = viewOf(head).getUint32(4, true);
    if (!DESCRIBED_CHUNKS.test(name)) found.push(`the chunk ${name.trim()}`);
    at += 8 + size + size % 2;
  }
  return found;
}

const READERS: Readonly<Record<string, (reader: Reader) => string[]>> = {
  "mov,mp4,m4a,3gp,3g2,mj2": partsOfMp4,
  mp3: partsOfId3,
  flac: partsOfFlac,
  wav: partsOfWave,
};

/**
 * The parts of a file, each as often as it is there.
 *
 * @param format The name of its format, as probe returns it.
 */
export function partsOf(path: string, format: string): string[] {
  const read = READERS[format];
  if (!read) return [];
  const file = files.openSync(path, { read: true });
  try {
    return read(new Reader(file));
  } finally {
    file.close();
  }
}

/** What the second list has less often than the first, each once. */
export function missingParts(before: readonly string[], after: readonly string[]): string[] {
  const count = (parts: readonly string[], name: string) => parts.filter((part) => part === name).length;
  return [...new Set(before)].filter((name) => count(after, name) < count(before, name));
}
