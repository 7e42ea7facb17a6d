/**
 * Damages files by their structure: boxes of mp4, elements of Matroska, chunks of RIFF, packets of MPEG-TS, lines and tags of
 * text. The sizes of what surrounds a changed part mostly stay valid, so that demuxers read on. The other fuzzer has
 * `structure.c` for it.
 */
import { concatBytes } from "../tests/support/essence.ts";
import type { Random } from "./random.ts";

type Bytes = Uint8Array<ArrayBuffer>;

/** A part of a file: its name, and its bytes, or the bytes before its own parts. */
export interface Part {
  name: Bytes;
  body: Bytes;
  parts: Part[];
}

/** How a kind of file is read and written. */
export interface Kind {
  /** The part at `at`, and where it ends; null if there is none that ends before `end`. */
  read(bytes: Bytes, at: number, end: number): { name: Bytes; from: number; to: number; end: number } | null;
  /** The header of a body of so many bytes. */
  head(name: Bytes, size: number): number[];
  /** Possible numbers of bytes before the parts of a part: a version, a name, a count. */
  skipped: readonly number[];
}

const encoder = new TextEncoder(), latin = new TextDecoder("latin1");
const be = (value: number, bytes: number): number[] =>
  Array.from({ length: bytes }, (_, i) => Math.floor(value / 256 ** (bytes - 1 - i)) % 256);
const read32 = (bytes: Bytes, at: number, little: boolean) =>
  new DataView(bytes.buffer, bytes.byteOffset).getUint32(at, little);
const isName = (name: Bytes) => name.every((byte) => (byte >= 0x20 && byte < 0x7f) || byte === 0xa9);

const boxes: Kind = {
  read(bytes, at, end) {
    if (end - at < 8) return null;
    const size = read32(bytes, at, false), name = bytes.slice(at + 4, at + 8);
    return size < 8 || size > end - at || !isName(name)
      ? null
      : { name, from: at + 8, to: at + size, end: at + size };
  },
  head: (name, size) => [...be(size + 8, 4), ...name],
  skipped: [0, 4, 8],
};

const chunks: Kind = {
  read(bytes, at, end) {
    if (end - at < 8) return null;
    const name = bytes.slice(at, at + 4), to = at + 8 + read32(bytes, at + 4, true);
    return to > end || !isName(name) ? null : { name, from: at + 8, to, end: Math.min(to + to % 2, end) };
  },
  head: (name, size) => [...name, ...be(size, 4).reverse()],
  skipped: [0, 4],
};

const elements: Kind = {
  read(bytes, at, end) {
    const nameBytes = end - at < 2 ? 9 : Math.clz32(bytes[at]!) - 23;
    const sizeAt = at + nameBytes, sizeBytes = sizeAt < end ? Math.clz32(bytes[sizeAt]!) - 23 : 9;
    if (nameBytes > 4 || sizeBytes > 8 || sizeAt + sizeBytes > end) return null;
    let size = bytes[sizeAt]! & (0xff >> sizeBytes);
    for (let i = 1; i < sizeBytes; i++) size = size * 256 + bytes[sizeAt + i]!;
    const from = sizeAt + sizeBytes, to = size >= 2 ** (7 * sizeBytes) - 1 ? end : from + size;
    return to > end ? null : { name: bytes.slice(at, sizeAt), from, to, end: to };
  },
  head: (name, size) => [...name, 1, ...be(size, 7)],
  skipped: [0],
};

const packets: Kind = {
  read: (bytes, at, end) =>
    end - at < 188 || bytes[at] !== 0x47
      ? null
      : { name: bytes.slice(at, at + 4), from: at + 4, to: at + 188, end: at + 188 },
  head: (name) => [...name],
  skipped: [],
};

const lines: Kind = {
  read(bytes, at, end) {
    let to = at + 1;
    while (to < end && bytes[to] !== 0x3c && bytes[to - 1] !== 0x0a) to++;
    return { name: new Uint8Array(), from: at, to, end: to };
  },
  head: () => [],
  skipped: [],
};

export function kindOf(bytes: Bytes): Kind {
  if (bytes[0] === 0x1a && bytes[1] === 0x45) return elements;
  if (/^(RIFF|RF64)/.test(latin.decode(bytes.subarray(0, 4)))) return chunks;
  if (bytes.subarray(0, 200).every((byte) => byte >= 32 || (byte >= 9 && byte <= 13))) return lines;
  return bytes[0] === 0x47 && (bytes[188] ?? 0x47) === 0x47 ? packets : boxes;
}

// ---------------------------------------------------------------------------------------- reading and writing

const MAX_PARTS = 20_000, MAX_DEPTH = 16;

/** The parts from `at` to `end`, and the bytes after the last one that can be read. */
export function parse(
  kind: Kind,
  bytes: Bytes,
  at: number,
  end: number,
  depth = 0,
): { parts: Part[]; rest: Bytes } {
  const parts: Part[] = [];
  for (
    let found;
    at < end && parts.length < MAX_PARTS && (found = kind.read(bytes, at, end));
    at = found.end
  ) {
    parts.push(parsePart(kind, bytes, found, depth));
  }
  return { parts, rest: bytes.slice(at, end) };
}

function parsePart(
  kind: Kind,
  bytes: Bytes,
  { name, from, to }: { name: Bytes; from: number; to: number },
  depth: number,
): Part {
  if (depth < MAX_DEPTH) {
    for (const skipped of kind.skipped) {
      if (to - from - skipped < 8) continue;
      const { parts, rest } = parse(kind, bytes, from + skipped, to, depth + 1);
      if (parts.length > 0 && rest.length === 0) {
        return { name, body: bytes.slice(from, from + skipped), parts };
      }
    }
  }
  return { name, body: bytes.slice(from, to), parts: [] };
}

function write(kind: Kind, parts: readonly Part[], out: Uint8Array[], random: Random): void {
  for (const { name, body, parts: own } of parts) {
    const inner: Uint8Array[] = [body];
    write(kind, own, inner, random);
    const size = inner.reduce((sum, { length }) => sum + length, 0);
    const isWrong = random.chance(0.003);
    out.push(Uint8Array.from(kind.head(name, isWrong ? Math.max(0, size + random.pick(wrongSizes)) : size)));
    for (const piece of inner) out.push(piece);
    if (kind === chunks && size % 2 === 1) out.push(new Uint8Array(1));
  }
}

const wrongSizes = [-8, -4, -1, 1, 4, 8, 1000, 0x7ffffff0];

// ---------------------------------------------------------------------------------------- changing

/** A list of parts, and an index in it. */
interface Place {
  list: Part[];
  index: number;
}

function places(list: Part[], found: Place[] = []): Place[] {
  list.forEach((part, index) => {
    found.push({ list, index });
    places(part.parts, found);
  });
  return found;
}

type Change = (place: Place, other: Place, random: Random) => void;

const partOf = ({ list, index }: Place): Part => list[index]!;
const copy = (part: Part): Part => structuredClone(part);

const changes: Readonly<Record<string, Change>> = {
  remove: ({ list, index }) => void list.splice(index, 1),
  repeat({ list, index }, _, random) {
    const copies = Array.from({ length: random.small(60) }, () => copy(list[index]!));
    list.splice(index, 0, ...copies);
  },
  insert: ({ list, index }, other) => void list.splice(index, 0, copy(partOf(other))),
  replace: ({ list, index }, other) => void list.splice(index, 1, copy(partOf(other))),
  swap(place, other) {
    const first = partOf(place);
    place.list[place.index] = copy(partOf(other));
    other.list[other.index] = first;
  },
  rename: (place, other) => void (partOf(place).name = partOf(other).name.slice()),
  nest: (place, other) => void partOf(place).parts.push(copy(partOf(other))),
  empty: (place) => Object.assign(partOf(place), { body: new Uint8Array(), parts: [] }),
  cut(place, _, random) {
    const part = partOf(place);
    part.body = part.body.slice(0, random.below(part.body.length + 1));
  },
  grow(place, _, random) {
    const part = partOf(place), at = random.below(part.body.length + 1);
    const more = new Uint8Array(random.small(5000)).fill(random.pick([0, 0xff, random.below(256)]));
    part.body = concatBytes([part.body.subarray(0, at), more, part.body.subarray(at)]);
  },
  number(place, _, random) {
    const { body } = partOf(place), width = random.pick([1, 2, 3, 4, 4, 8]);
    if (body.length < width) return;
    const near = Math.min(body.length - width + 1, random.chance(0.7) ? 48 : body.length);
    const value = random.pick([
      0,
      1,
      2,
      7,
      0x7f,
      0xff,
      0x7fff,
      0xffff,
      0x7fffffff,
      0x80000000,
      0xffffffff,
      2 ** 63,
    ]);
    body.set(be(value, width), random.below(near));
  },
};

/** Lines and tags of playlists, manifests, scripts and subtitles. */
const words = [
  "#EXTM3U\n",
  "#EXTINF:0,\n",
  "#EXTINF:1e300,\n",
  "#EXT-X-TARGETDURATION:0\n",
  "#EXT-X-ENDLIST\n",
  "#EXT-X-GAP\n",
  "#EXT-X-DISCONTINUITY\n",
  "#EXT-X-MEDIA-SEQUENCE:9223372036854775807\n",
  '#EXT-X-KEY:METHOD=AES-128,URI="k",IV=0x0\n',
  "#EXT-X-BYTERANGE:10@0\n",
  '#EXT-X-MAP:URI="m",BYTERANGE="9@0"\n',
  '#EXT-X-STREAM-INF:BANDWIDTH=1,AUDIO="a"\nv.m3u8\n',
  '#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="a",NAME="a",URI="a"\n',
  "#EXT-X-START:TIME-OFFSET=-1e9\n",
  '<SegmentTemplate media="$Number$" startNumber="0" duration="0" timescale="0"/>',
  '<SegmentTemplate media=""/>',
  '<SegmentTemplate media="$Time%099d$" initialization="$RepresentationID$">',
  "<SegmentTimeline>",
  '<S t="0" d="0" r="-1"/>',
  '<S t="-9223372036854775808" d="9223372036854775807" r="2147483647"/>',
  '<SegmentList duration="1"><SegmentURL media="x" mediaRange="0-9"/></SegmentList>',
  '<SegmentBase indexRange="0-9223372036854775807"/>',
  "<BaseURL>x</BaseURL>",
  '<Period duration="PT0S" start="PT-1S">',
  '<AdaptationSet contentType="audio">',
  '<Representation id="1" bandwidth="1">',
  "</Representation>",
  "ffconcat version 1.0\n",
  "file x\n",
  "duration -1\n",
  "inpoint 1\n",
  "outpoint -1\n",
  "stream\n",
  "stream_codec h264\n",
  "chapter 1 0 1\n",
  "[CHAPTER]\nTIMEBASE=0/0\nSTART=9\nEND=0\n",
  "Dialogue: 0,0:00:00.00,9:59:59.99,a,b,0,0,0,,x\n",
  "00:00:00,000 --> 99:59:59,999\n",
  "WEBVTT\n",
  "\n",
  "\r",
];
const values = ["0", "-1", "1e300", "9223372036854775807", "4294967296", "0/0", "", "../../x", "PT1e9H"];

const textChanges: Readonly<Record<string, Change>> = {
  remove: changes.remove!,
  repeat: changes.repeat!,
  insert: changes.insert!,
  swap: changes.swap!,
  words({ list, index }, _, random) {
    list.splice(index, 0, { name: new Uint8Array(), body: encoder.encode(random.pick(words)), parts: [] });
  },
  value(place, _, random) {
    const part = partOf(place), text = latin.decode(part.body);
    const found = [...text.matchAll(/[^\s"=:,<>]+/g)];
    if (found.length === 0) return;
    const { index, 0: old } = random.pick(found);
    part.body = encoder.encode(text.slice(0, index) + random.pick(values) + text.slice(index + old.length));
  },
};

/** A copy with some parts changed; the same bytes if the structure is unknown. */
export function changeStructure(bytes: Bytes, random: Random): Bytes {
  const kind = kindOf(bytes), { parts, rest } = parse(kind, bytes, 0, bytes.length);
  const known = kind === lines ? textChanges : changes;
  for (let n = random.small(4); n > 0; n--) {
    const all = places(parts);
    if (all.length < 2) return bytes;
    known[random.pick(Object.keys(known))]!(random.pick(all), random.pick(all), random);
  }
  const out: Uint8Array[] = [];
  write(kind, parts, out, random);
  return concatBytes([...out, rest]);
}
