/**
 * Elements of Matroska that carry data of their own, which no muxer writes.
 */
import type { PartReader } from "./part_reader.ts";
import type { Parts } from "./parts.ts";

const SEGMENT = 0x18538067, CLUSTER = 0x1f43b675;

/** Elements of a file, and those that stand beside it where sizes are not known: of a segment and of clusters. */
const OF_FILES = new Set([
  ...[0x1a45dfa3, SEGMENT, CLUSTER, 0xec, 0xbf, 0x114d9b74, 0x1549a966, 0x1654ae6b, 0x1c53bb6b, 0x1941a469],
  ...[0x1043a770, 0x1254c367, 0xe7, 0xa3, 0xa0, 0xa7, 0xab, 0x5854, 0xaf],
]);

/** Elements whose elements are searched. */
const CONTAINERS = new Set([
  ...[SEGMENT, 0x1549a966, 0x1654ae6b, 0xae, 0x6d80, 0x6240, 0x1043a770, 0x45b9, 0xb6, 0x1254c367, 0x7373],
  ...[0x67c8, 0x1941a469, 0x61a7],
]);

/** Those that are lost with whatever is in them. */
const LOST: Readonly<Record<number, string>> = {
  0x4444: "SegmentFamily",
  0x3cb923: "PrevUUID",
  0x3eb923: "NextUUID",
  0x3c83ab: "PrevFilename",
  0x3e83bb: "NextFilename",
  0x7384: "SegmentFilename",
  0x6924: "ChapterTranslate",
  0xe2: "TrackOperation",
  0x6624: "TrackTranslate",
  0x7446: "AttachmentLink",
  0x5035: "ContentEncryption",
  0x6e67: "ChapterSegmentUUID",
  0x6944: "ChapProcess",
  0x8f: "ChapterTrack",
  0x4485: "TagBinary",
};

/** Flags that are lost where they are set. */
const LOST_FLAGS: Readonly<Record<number, string>> = {
  0x45dd: "EditionFlagOrdered",
  0x45bd: "EditionFlagHidden",
  0x98: "ChapterFlagHidden",
};

/** Elements of which the second one in the same element is lost, or the first one in another of its kind. */
const EDITION = 0x45b9, CHAPTER = 0xb6, CHAPTER_TITLE = 0x80, SIMPLE_TAG = 0x67c8;
/** Names of languages are shorter. */
const LANGUAGE = 0x22b59d, MAX_LANGUAGE = 64;

/** Bytes of a number, at most. */
const MAX_LENGTH = 8;

interface Element {
  id: number;
  from: number;
  to: number;
}

/** A number of one to eight bytes: the first one bit that is set tells how many. Null where there is none. */
function numberAt(bytes: Uint8Array, at: number, keepMarker: boolean) {
  const first = bytes[at] ?? 0, length = Math.clz32(first) - 23;
  if (length > MAX_LENGTH || at + length > bytes.length) return null;
  let value = keepMarker ? first : first & (0xff >> length);
  let isUnknown = (first | (0xff << (8 - length) & 0xff)) === 0xff;
  for (const byte of bytes.subarray(at + 1, at + length)) {
    value = value * 256 + byte;
    isUnknown &&= byte === 0xff;
  }
  return { value, length, isUnknown };
}

/** Of a size that is not known (live streams) is the rest; there the elements inside follow as if they were beside it. */
function* elementsIn(reader: PartReader, from: number, to: number): Generator<Element> {
  for (let at = from; at < to;) {
    const head = reader.read(at, 2 * MAX_LENGTH),
      id = numberAt(head, 0, true),
      size = id && numberAt(head, id.length, false);
    if (!id || !size) return;
    const begin = at + id.length + size.length;
    if (size.isUnknown && (id.value === SEGMENT || id.value === CLUSTER)) {
      at = begin;
      continue;
    }
    const end = size.isUnknown ? to : Math.min(begin + size.value, to);
    yield { id: id.value, from: begin, to: end };
    at = end;
  }
}

/** Whether a flag is set; one that is longer than a number can be is taken for set. */
function isSet(reader: PartReader, { from, to }: Element): boolean {
  return to - from > MAX_LENGTH || reader.read(from, to - from).some((byte) => byte !== 0);
}

function search(reader: PartReader, { id: parent, from, to }: Element, parts: Parts, depth: number): void {
  if (!parts.isSearched(depth)) return;
  let editions = 0, titles = 0, end = from;
  for (const element of elementsIn(reader, from, to)) {
    if (depth > 0 || OF_FILES.has(element.id)) end = element.to;
    const { id } = element, size = element.to - element.from;
    const lost = (name: string) => parts.add(`the element ${name}`);
    if (LOST[id]) lost(LOST[id]);
    if (LOST_FLAGS[id] && isSet(reader, element)) lost(LOST_FLAGS[id]);
    if (id === EDITION && editions++ > 0) lost("EditionEntry");
    if (id === CHAPTER && parent === CHAPTER) lost("ChapterAtom in another");
    if (id === CHAPTER_TITLE && parent === CHAPTER && titles++ > 0) lost("ChapterDisplay");
    if (id === SIMPLE_TAG && parent === SIMPLE_TAG) lost("SimpleTag in another");
    if (id === LANGUAGE && size < MAX_LANGUAGE) {
      const language = reader.name(element.from, size);
      if (language.includes("-")) parts.add(`the language ${language}`); // the other ones are a tag as well
    }
    if (CONTAINERS.has(id)) search(reader, element, parts, depth + 1);
  }
  if (depth === 0) parts.addBehind(reader, end);
}

/** `the element EditionFlagOrdered`, `the language fr-CA` */
export function partsOfMatroska(reader: PartReader, parts: Parts): void {
  search(reader, { id: 0, from: 0, to: reader.size }, parts, 0);
}
