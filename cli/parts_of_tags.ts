/**
 * Tags that stand before and behind the media of a file: ID3 (version 1 and 2), APE and Lyrics3.
 */
import { addApeValues } from "./ape_values.ts";
import { valuesOfFrame } from "./id3_values.ts";
import { MAX_READ, nameAt, type PartReader, viewOf } from "./part_reader.ts";
import { CHAPTERS, COVERS, type Parts } from "./parts.ts";

/** Frames whose values are compared. */
const FRAMES_OF_TEXT = /^(T..|T...|COM|COMM|ULT|USLT)$/;
/** Frames that are covers and chapters, of which those that are read are compared as what they are. */
const CHANGES: Readonly<Record<string, string>> = {
  PIC: COVERS,
  APIC: COVERS,
  CHAP: CHAPTERS,
  CTOC: CHAPTERS,
};
/** Frames that are of no use in another file. */
const DESCRIBED_FRAMES = /^(SEEK|ASPI)$/;
const FRAME = /^[A-Z][A-Z0-9]{2,3}$/;

const HEAD = 10;

/** Four bytes of seven bits each. */
function sync7(bytes: Uint8Array, at: number): number {
  return bytes.subarray(at, at + 4).reduce((value, byte) => value * 128 + (byte & 127), 0);
}

/** Without the zeros that stand behind each 0xFF. */
function synchronized(bytes: Uint8Array): Uint8Array {
  return bytes.filter((byte, at) => !(byte === 0 && bytes[at - 1] === 0xff));
}

/** The bytes of an ID3 tag behind its head. */
interface Body {
  size: number;
  read(at: number, size: number): Uint8Array;
}

/** Null if it would have to be read at once, and is too large for that. */
function bodyOf(reader: PartReader, from: number, size: number, isUnsynchronized: boolean): Body | null {
  if (!isUnsynchronized) {
    return { size, read: (at, count) => reader.read(from + at, Math.max(0, Math.min(count, size - at))) };
  }
  if (size > MAX_READ) return null;
  const bytes = synchronized(reader.read(from, size));
  return { size: bytes.length, read: (at, count) => bytes.subarray(at, at + count) };
}

/** Some programs write the sizes of version 4 as in version 3: it is so where only then another frame comes behind. */
function frameSize(body: Body, at: number, version: number, head: Uint8Array): number {
  const view = viewOf(head);
  if (version === 2) return view.getUint32(2) & 0xffffff;
  const plain = view.getUint32(4), size = sync7(head, 4);
  if (version === 3) return plain;
  const isEnd = (end: number) => {
    const name = nameAt(body.read(end, 4), 0);
    return end === body.size || name.startsWith("\0") || FRAME.test(name);
  };
  return !isEnd(at + head.length + size) && isEnd(at + head.length + plain) ? plain : size;
}

/** Where the first frame is: behind the extended head, if there is one. */
function firstFrame(body: Body, version: number, flags: number): number {
  const size = body.read(0, 4);
  if (!(flags & 0x40) || version < 3 || size.length < 4) return 0;
  return version === 4 ? sync7(size, 0) : viewOf(size).getUint32(0) + 4;
}

interface Frame {
  name: string;
  /** Where its data is. */
  at: number;
  size: number;
  /** The second byte of its flags. */
  bits: number;
}

function* framesIn(body: Body, version: number, from: number): Generator<Frame> {
  const [nameSize, headSize] = version === 2 ? [3, 6] : [4, 10];
  for (let at = from; at + headSize <= body.size;) {
    const head = body.read(at, headSize), name = nameAt(head, 0, nameSize);
    if (head.length < headSize || !FRAME.test(name)) return;
    const size = frameSize(body, at, version, head);
    yield { name, at: at + headSize, size, bits: head[9] ?? 0 };
    at += headSize + size;
  }
}

/** The version of a tag, and its flags. */
interface Kind {
  version: number;
  flags: number;
}

function addFrames(body: Body, kind: Kind, parts: Parts): void {
  for (const frame of framesIn(body, kind.version, firstFrame(body, kind.version, kind.flags))) {
    const { name } = frame, change = CHANGES[name];
    if (change) parts.addChangeable(`the ID3 frame ${name.replace(/^PIC$/, "APIC")}`, [change]);
    if (FRAMES_OF_TEXT.test(name) || change) addContent(body, frame, kind, parts);
    else if (!DESCRIBED_FRAMES.test(name)) parts.add(`the ID3 frame ${name}`);
  }
}

/** Bits of a frame's flags, by version: it is compressed, encrypted, or one of a group. */
const SPECIAL: Readonly<Record<number, number>> = { 3: 0xe0, 4: 0x4c };
/** Of version 4: a zero stands behind each 0xFF, and the size of the data in front of it. */
const UNSYNCHRONIZED = 2, WITH_LENGTH = 1;

/** Adds what is compared of a frame: values of text, and what is in a chapter. */
function addContent(
  body: Body,
  { name, at, size, bits }: Frame,
  { version, flags }: Kind,
  parts: Parts,
): void {
  if (bits & (SPECIAL[version] ?? 0)) {
    return parts.add(`the ID3 frame ${name}, which is compressed, encrypted or one of a group`);
  }
  if (CHANGES[name] && name !== "CHAP") return;
  if (size > MAX_READ) return parts.addUnsearched(`what is in an ID3 frame ${name} of more than 16 MiB`);
  const data = body.read(at, size), isNew = version > 3;
  const plain = isNew && (bits & UNSYNCHRONIZED || flags & 0x80) ? synchronized(data) : data;
  const content = isNew && bits & WITH_LENGTH ? plain.subarray(4) : plain;
  if (name === "CHAP") addChapter(content, version, parts);
  else for (const value of valuesOfFrame(name, content)) parts.addValue(value);
}

/** Times and places of a chapter, behind its name. */
const TIMES = 16;

/** Adds the frames in a chapter: of these, too, only those of text are read. */
function addChapter(data: Uint8Array, version: number, parts: Parts): void {
  const body: Body = { size: data.length, read: (at, count) => data.subarray(at, at + count) };
  for (const { name, at, size } of framesIn(body, version, data.indexOf(0) + 1 + TIMES)) {
    const what = `the ID3 frame ${name}`;
    const values = FRAMES_OF_TEXT.test(name)
      ? valuesOfFrame(name, body.read(at, size))
      : [{ what, kind: what, content: "" }];
    for (const { what, kind, content } of values) {
      parts.addValue({ what: `${what} of a chapter`, kind: `chapter ${kind}`, names: [CHAPTERS], content });
    }
  }
}

/** Where ID3 tags end, as there may be several, and the version of the last one. */
interface Id3 {
  end: number;
  version: number;
}

/** Adds the frames that carry data of their own. */
export function partsOfId3(reader: PartReader, parts: Parts, from = 0, to = reader.size): Id3 {
  let end = from, version = 0;
  for (;;) {
    const head = reader.read(end, HEAD);
    if (end + HEAD > to || head.length < HEAD || nameAt(head, 0, 3) !== "ID3" || head[3] === 0xff) break;
    const flags = head[5]!, size = sync7(head, 6), hasFooter = (flags & 0x10) !== 0;
    version = head[3]!;
    const isUnsynchronized = (flags & 0x80) !== 0 && version < 4;
    const body = bodyOf(reader, end + HEAD, Math.min(size, to - end - HEAD), isUnsynchronized);
    if (body) addFrames(body, { version, flags }, parts);
    else parts.addUnsearched("what is in an unsynchronized ID3 tag of more than 16 MiB");
    end += HEAD + size + (hasFooter ? HEAD : 0);
  }
  return { end, version };
}

const ID3V1_SIZE = 128;

/** Whether there is an ID3 tag of version 1 at the end. */
export function hasId3v1(reader: PartReader): boolean {
  return reader.size >= ID3V1_SIZE && reader.name(reader.size - ID3V1_SIZE, 3) === "TAG";
}

const APE_FOOTER = 32, LYRICS_FOOTER = 15;

interface TagBehind {
  name: string;
  /** Where the items of an APE tag are. */
  items?: { from: number; to: number };
  /** At least one byte; infinite where it can't be known. */
  size: number;
}

/** The tag that ends here. */
function tagBefore(reader: PartReader, end: number): TagBehind | null {
  if (end <= 0) return null;
  const size = Math.min(end, APE_FOOTER), foot = reader.read(end - size, size);
  const text = nameAt(foot, 0, size);
  if (size === APE_FOOTER && text.startsWith("APETAGEX")) {
    const view = viewOf(foot), hasHeader = view.getUint32(20, true) >>> 31;
    const written = Math.max(view.getUint32(12, true), APE_FOOTER);
    const items = { from: Math.max(0, end - written), to: end - APE_FOOTER };
    return { name: "the APE tag", size: written + (hasHeader ? APE_FOOTER : 0), items };
  }
  if (!/LYRICS(END|200)$/.test(text)) return null;
  const lyrics = /(\d{6})LYRICS200$/.exec(text);
  return { name: "the Lyrics3 tag", size: lyrics ? LYRICS_FOOTER + Number(lyrics[1]) : Infinity };
}

/** Adds the tags at the end of a file; of those of APE, if these are read as tags, their values. */
export function partsBehind(reader: PartReader, parts: Parts, readsApe: boolean): void {
  const isOld = hasId3v1(reader);
  if (isOld) parts.add("the ID3 tag of version 1");
  let end = reader.size - (isOld ? ID3V1_SIZE : 0);
  for (let tag; (tag = tagBefore(reader, end)); end -= tag.size) {
    if (readsApe && tag.items) addApeValues(reader, tag.items.from, tag.items.to, parts);
    else parts.add(tag.name);
  }
}
