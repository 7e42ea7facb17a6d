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
/** Names of tags behind a copyright sign that libavformat reads. */
const SIGNED =
  "ART|PRD|alb|aut|chp|cmt|com|cpy|day|dir|dis|ed1|enc|fmt|gen|grp|hst|inf|lyr|mak|mod|nam|ope|prd|prf|req|src|st3|swr|too|trk|url|wrn|wrt|xyz";
/** Boxes of `udta` that are tags, chapters, names and padding, which are compared as what they are. */
const DESCRIBED = new RegExp(`^(meta|chpl|name|free|skip|wide|hnti|hinf|\\0{4}|\xa9(${SIGNED}))$`);
/** Boxes of `ilst` that libavformat reads as tags and covers; those of QuickTime have numbers for names. */
const DESCRIBED_TAGS = new RegExp(
  `^(----|aART|apID|akID|catg|covr|cpil|cprt|desc|disk|egid|free|gnre|hdvd|HMMT|keyw|ldes|loci|manu|modl|name|pcst|pgap|purd|rtng|so(aa|al|ar|co|nm|sn)|stik|trkn|tv(en|es|nn|sh|sn)|\\0[^]{3}|\xa9(${SIGNED}))$`,
);

/** Boxes of `ilst` of which each has a value of its own, and those that a muxer writes itself. */
const SINGLE = /^(----|covr|free|\xa9too)$/;
/** Tags by box of `ilst`, as libavformat calls them, where text is common. */
const TAGS: Readonly<Record<string, string>> = {
  "\xa9ART": "artist",
  "\xa9alb": "album",
  "\xa9cmt": "comment",
  "\xa9day": "date",
  "\xa9gen": "genre",
  "\xa9grp": "grouping",
  "\xa9lyr": "lyrics",
  "\xa9nam": "title",
  "\xa9wrt": "composer",
  aART: "album_artist",
  catg: "category",
  cprt: "copyright",
  desc: "description",
  disk: "disc",
  gnre: "genre",
  keyw: "keywords",
  ldes: "synopsis",
  soaa: "sort_album_artist",
  soal: "sort_album",
  soar: "sort_artist",
  soco: "sort_composer",
  sonm: "sort_name",
  sosn: "sort_show",
  trkn: "track",
  tvsh: "show",
};

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

/** Names of boxes whose values are counted, at most. */
const MAX_COUNTED = 1000;

/** How many values the boxes of an `ilst` have, each in a box of its own. */
class ValueCounts {
  readonly #counts = new Map<string, number>();

  add(reader: PartReader, { name, from, to }: Box, parts: Parts): void {
    if (SINGLE.test(name)) return;
    const before = this.#counts.get(name) ?? 0;
    if (before === 0 && this.#counts.size >= MAX_COUNTED) {
      return parts.addUnsearched(`what is in more than ${MAX_COUNTED} kinds of tags`);
    }
    let values = before;
    for (const { name } of boxesIn(reader, from, to)) if (name === "data") values++;
    this.#counts.set(name, values);
  }

  /** Several values of a tag would be joined: the file that is written has one of each. */
  addSeveral(parts: Parts): void {
    for (const [name, values] of this.#counts) {
      const what = `the values of the box ${name}`, tag = TAGS[name];
      if (values > 1) parts.addValue({ what, kind: what, names: [tag ?? name], content: `${values}` });
    }
  }
}

function search(
  reader: PartReader,
  { from, to, name: parent }: Omit<Box, "isCut">,
  parts: Parts,
  depth: number,
): void {
  if (!parts.isSearched(depth)) return;
  let end = from, indexes = 0;
  const values = new ValueCounts();
  for (const box of boxesIn(reader, from, to)) {
    const { name } = box;
    if (depth === 0 && !NAME.test(name)) break;
    end = box.to;
    if (depth === 0 && box.isCut) parts.add(`the end of the box ${name}, which is cut off`);
    if (isPart(name, parent)) parts.add(`the box ${name}`);
    if (depth === 0 && name === "moov" && indexes++ > 0) parts.add("another box moov");
    if (parent === "ilst" && DESCRIBED_TAGS.test(name)) values.add(reader, box, parts);
    if (CONTAINERS.has(name)) search(reader, { ...box, from: bodyOf(reader, box) }, parts, depth + 1);
    if (name === "stsd" && reader.includes(box.from, box.to, ENCRYPTED)) parts.add("the encryption");
  }
  values.addSeveral(parts);
  if (depth === 0) parts.addBehind(reader, end);
}

/** `the box uuid`, `the encryption` */
export function partsOfMp4(reader: PartReader, parts: Parts): void {
  search(reader, { name: "", from: 0, to: reader.size }, parts, 0);
}
