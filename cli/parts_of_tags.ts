/**
 * Tags that stand before and behind the media of a file: ID3 (version 1 and 2), APE and Lyrics3.
 */
import { nameAt, type PartReader, viewOf } from "./part_reader.ts";

/** Frames that are tags, covers and chapters, which are compared as what they are. */
const DESCRIBED_FRAMES = /^(T..|T...|COM|COMM|ULT|USLT|PIC|APIC|CHAP|CTOC|SEEK|ASPI)$/;
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

/** Some programs write the sizes of version 4 as in version 3: it is so where only then another frame comes behind. */
function frameSize(bytes: Uint8Array, at: number, version: number, headSize: number): number {
  const view = viewOf(bytes);
  if (version === 2) return view.getUint32(at + 2) & 0xffffff;
  const plain = view.getUint32(at + 4), size = sync7(bytes, at + 4);
  if (version === 3) return plain;
  const isEnd = (end: number) =>
    end === bytes.length || (end < bytes.length && (bytes[end] === 0 || FRAME.test(nameAt(bytes, end))));
  return !isEnd(at + headSize + size) && isEnd(at + headSize + plain) ? plain : size;
}

function framesIn(bytes: Uint8Array, version: number, flags: number): string[] {
  const [nameSize, headSize] = version === 2 ? [3, 6] : [4, 10];
  const isExtended = (flags & 0x40) !== 0 && version > 2 && bytes.length >= 4;
  const found: string[] = [];
  let at = !isExtended ? 0 : version === 4 ? sync7(bytes, 0) : viewOf(bytes).getUint32(0) + 4;
  while (at + headSize <= bytes.length && bytes[at] !== 0) {
    const name = nameAt(bytes, at, nameSize);
    if (!FRAME.test(name)) break;
    if (!DESCRIBED_FRAMES.test(name)) found.push(`the ID3 frame ${name}`);
    at += headSize + frameSize(bytes, at, version, headSize);
  }
  return found;
}

/** Where the ID3 tags at this place end, as there may be several; the frames that carry data of their own. */
export function partsOfId3(reader: PartReader, from = 0): { parts: string[]; end: number; version: number } {
  const parts: string[] = [];
  let end = from, version = 0;
  for (;;) {
    const head = reader.read(end, HEAD);
    if (head.length < HEAD || nameAt(head, 0, 3) !== "ID3" || head[3] === 0xff) break;
    const flags = head[5]!, size = sync7(head, 6), hasFooter = (flags & 0x10) !== 0;
    version = head[3]!;
    const bytes = reader.read(end + HEAD, size);
    const frames = framesIn(flags & 0x80 && version < 4 ? synchronized(bytes) : bytes, version, flags);
    for (const part of frames) parts.push(part);
    end += HEAD + size + (hasFooter ? HEAD : 0);
  }
  return { parts, end, version };
}

const ID3V1_SIZE = 128;

/** Whether there is an ID3 tag of version 1 at the end. */
export function hasId3v1(reader: PartReader): boolean {
  return reader.size >= ID3V1_SIZE && reader.name(reader.size - ID3V1_SIZE, 3) === "TAG";
}

/** The tags at the end of a file. */
export function partsBehind(reader: PartReader): string[] {
  const parts: string[] = [];
  let end = reader.size;
  if (hasId3v1(reader)) {
    parts.push("the ID3 tag of version 1");
    end -= ID3V1_SIZE;
  }
  for (;;) {
    if (end >= 32 && reader.name(end - 32, 8) === "APETAGEX") {
      parts.push("the APE tag");
      const footer = viewOf(reader.read(end - 32, 32)), hasHeader = footer.getUint32(20, true) >>> 31;
      end -= footer.getUint32(12, true) + (hasHeader ? 32 : 0);
    } else if (end >= 15 && reader.name(end - 9, 9) === "LYRICS200") {
      parts.push("the Lyrics3 tag");
      end -= 15 + Number(reader.name(end - 15, 6)) || end;
    } else if (end >= 9 && reader.name(end - 9, 9) === "LYRICSEND") {
      return [...parts, "the Lyrics3 tag"];
    } else return parts;
  }
}
