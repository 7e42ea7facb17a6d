/**
 * Boxes of mp4 and mov that carry data of their own, which no muxer writes.
 */
import { nameAt, type PartReader, viewOf } from "./part_reader.ts";
import type { Parts } from "./parts.ts";

/** Boxes of a file and of `moov` that muxers write themselves, or that are streams, tags and padding. */
const DESCRIBED_IN: Readonly<Record<string, RegExp>> = {
  "": /^(ftyp|styp|moov|mdat|free|skip|wide|moof|mfra|sidx|ssix|prft|pdin|udta|meta)$/,
  moov: /^(mvhd|trak|udta|meta|mvex|iods|cmov|free|skip|wide|\0{4})$/,
};
/** Boxes whose boxes are searched; those of `udta` are counted, whatever their names are. */
const CONTAINERS = new Set(["moov", "trak", "mdia", "minf", "stbl", "moof", "traf", "udta", "meta", "ilst"]);
const OWN_BOXES = new Set(["uuid", "senc", "saiz", "saio", "pssh", "xml ", "bxml", "emsg"]);
/** A sample entry that holds one is encrypted; it stands in the description of samples, behind fields of its codec. */
const ENCRYPTED = "sinf";
/** Boxes of `udta` that are tags, chapters, names and padding, which are compared as what they are. */
const DESCRIBED = /^(meta|chpl|name|free|skip|wide|hnti|hinf|\0{4}|\xa9...)$/s;
/** Boxes of `ilst` that libavformat reads as tags and covers; those of QuickTime have numbers for names. */
const DESCRIBED_TAGS =
  /^(----|aART|apID|akID|catg|covr|cpil|cprt|desc|disk|egid|free|gnre|hdvd|HMMT|keyw|ldes|loci|manu|modl|name|pcst|pgap|purd|rtng|so(aa|al|ar|co|nm|sn)|stik|tmpo|trkn|tv(en|es|nn|sh|sn)|\0...|\xa9...)$/s;

/** Names of boxes; what has none at the end of a file is no box. */
const NAME = /^[\x20-\x7e\xa9]{4}$/;

interface Box {
  name: string;
  from: number;
  to: number;
  /** Whether it is longer than what it is in. */
  isCut: boolean;
}

/**
 * A size of 0 goes to the end, one of 1 stands behind the name in 64 bits; a box that is larger than what it is in ends there,
 * as for libavformat.
 */
function* boxesIn(reader: PartReader, from: number, to: number): Generator<Box> {
  for (let at = from; at + 8 <= to;) {
    const head = reader.read(at, 16), view = viewOf(head);
    if (head.length < 8) return;
    const small = view.getUint32(0), isLarge = small === 1 && head.length === 16;
    const size = isLarge ? Number(view.getBigUint64(8)) : small || to - at;
    if (size < (isLarge ? 16 : 8)) return;
    const end = Math.min(at + size, to);
    yield { name: nameAt(head, 4), from: at + (isLarge ? 16 : 8), to: end, isCut: at + size > to };
    at = end;
  }
}

/** In mp4 `meta` has a version and flags in front of its boxes, in mov it may have none. */
function bodyOf(reader: PartReader, { name, from }: Box): number {
  return name === "meta" && reader.name(from) === "\0\0\0\0" ? from + 4 : from;
}

function isPart(name: string, parent: string): boolean {
  const described = DESCRIBED_IN[parent];
  if (described) return !described.test(name);
  if (parent === "udta") return !DESCRIBED.test(name) || OWN_BOXES.has(name);
  if (parent === "ilst") return !DESCRIBED_TAGS.test(name);
  return OWN_BOXES.has(name);
}

function search(
  reader: PartReader,
  { from, to, name: parent }: Omit<Box, "isCut">,
  parts: Parts,
  depth: number,
): void {
  if (!parts.isSearched(depth)) return;
  let end = from, indexes = 0;
  for (const box of boxesIn(reader, from, to)) {
    const { name } = box;
    if (depth === 0 && !NAME.test(name)) break;
    end = box.to;
    if (depth === 0 && box.isCut) parts.add(`the end of the box ${name}, which is cut off`);
    if (isPart(name, parent)) parts.add(`the box ${name}`);
    if (depth === 0 && name === "moov" && indexes++ > 0) parts.add("another box moov");
    if (CONTAINERS.has(name)) search(reader, { ...box, from: bodyOf(reader, box) }, parts, depth + 1);
    if (name === "stsd" && reader.includes(box.from, box.to, ENCRYPTED)) parts.add("the encryption");
  }
  if (depth === 0) parts.addBehind(reader, end);
}

/** `the box uuid`, `the encryption` */
export function partsOfMp4(reader: PartReader, parts: Parts): void {
  search(reader, { name: "", from: 0, to: reader.size }, parts, 0);
}
