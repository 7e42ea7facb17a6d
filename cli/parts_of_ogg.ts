/**
 * What in a file of Ogg is in no page: libavformat passes over it without a word, also over a last page that is cut off; and
 * the comments of its streams.
 */
import { MAX_READ, nameAt, type PartReader, viewOf } from "./part_reader.ts";
import type { Parts } from "./parts.ts";
import { addComments } from "./vorbis_values.ts";

/** The head of a page without its table of segments, each of which has a byte there: its size. */
const HEAD = 27, SERIAL = 14, SEGMENTS = 26;

/** The size of a full segment: its packet goes on in the next one. */
const FULL = 255;

/** Streams whose comments are searched, at most. */
const MAX_STREAMS = 1000;

/** What stands in front of comments. */
const FRONTS = ["\x03vorbis", "\x81theora", "OpusTags", "OVP80\x02 "];
/** Bytes in front of them where nothing says what they are, by the first packet of the stream: the head of a block in FLAC. */
const SIZES: Readonly<Record<string, number>> = { "Speex": 0, "\x7fFLAC": 4 };

/** Where comments begin in the second packet of a stream, undefined if it has none. */
function startOf(packet: Uint8Array, kind: string): number | undefined {
  return SIZES[kind] ?? FRONTS.find((front) => nameAt(packet, 0, front.length) === front)?.length;
}

interface Page {
  size: number;
  serial: number;
  table: Uint8Array;
}

/** Null where none begins. */
function pageAt(reader: PartReader, at: number): Page | null {
  const head = reader.read(at, HEAD);
  if (head.length < HEAD || nameAt(head, 0) !== "OggS") return null;
  const serial = viewOf(head).getUint32(SERIAL, true), table = reader.read(at + HEAD, head[SEGMENTS]!);
  return { size: table.reduce((size, segment) => size + segment, HEAD + table.length), serial, table };
}

/** The second packet of a stream, which has its comments. */
class SecondPacket {
  #packet = 0;
  #size = 0;
  readonly #pieces: Uint8Array[] = [];
  readonly #kind: string;

  /** @param kind The beginning of the first packet. */
  constructor(kind: string) {
    this.#kind = kind;
  }

  /** Adds what a page has of it; then, if it is whole, its comments to the parts. */
  read(reader: PartReader, at: number, { table }: Page, parts: Parts): void {
    let place = at + HEAD + table.length;
    for (const segment of table) {
      if (this.#packet > 1) return;
      if (this.#packet === 1) this.#add(reader.read(place, segment), parts);
      if (segment < FULL) this.#packet++;
      if (this.#packet > 1) this.#addComments(parts);
      place += segment;
    }
  }

  #add(piece: Uint8Array, parts: Parts): void {
    this.#size += piece.length;
    if (this.#size <= MAX_READ) return void this.#pieces.push(piece.slice());
    parts.addUnsearched("what is in Vorbis comments of more than 16 MiB");
    this.#packet = 2;
    this.#pieces.length = 0;
  }

  #addComments(parts: Parts): void {
    const bytes = new Uint8Array(this.#size);
    let at = 0;
    for (const piece of this.#pieces.splice(0)) {
      bytes.set(piece, at);
      at += piece.length;
    }
    const start = startOf(bytes, this.#kind);
    if (start === undefined) return;
    const size = bytes.length - start;
    addComments({ size, read: (at, count) => bytes.subarray(start + at, start + at + count) }, parts);
  }
}

/** @param start Where the file begins: behind its ID3 tags. */
export function partsOfOgg(reader: PartReader, parts: Parts, start: number): void {
  const streams = new Map<number, SecondPacket>();
  let at = start;
  for (let page; (page = pageAt(reader, at)) && at + page.size <= reader.size;) {
    const { size, serial, table } = page;
    if (!streams.has(serial) && streams.size < MAX_STREAMS) {
      streams.set(serial, new SecondPacket(reader.name(at + HEAD + table.length, 5)));
    }
    const stream = streams.get(serial);
    if (stream) stream.read(reader, at, page, parts);
    else parts.addUnsearched(`what is in more than ${MAX_STREAMS} streams`);
    at += size;
  }
  parts.addBehind(reader, at);
}
