/**
 * The values of APE tags: several of a name stand in one item, of which libavformat keeps the first.
 */
import { MAX_READ, nameAt, type PartReader, viewOf } from "./part_reader.ts";
import type { Parts } from "./parts.ts";
import { isWrittenAnew } from "./rewrite_losses.ts";

/** Of an item, without its name. */
const HEAD = 8;
/** Characters of a name with the zero behind it, at most. */
const MAX_NAME = 256;
/** Flags of an item: a file, which is a cover or another stream, and the address of one. */
const BINARY = 2, LINK = 4;

const utf8 = new TextDecoder("utf-8", { ignoreBOM: true });

/** Adds the values of the items between these places. */
export function addApeValues(reader: PartReader, from: number, to: number, parts: Parts): void {
  for (let at = from; at + HEAD < to;) {
    const head = reader.read(at, Math.min(HEAD + MAX_NAME, to - at)), length = head.indexOf(0, HEAD) - HEAD;
    if (length < 1) return;
    const size = viewOf(head).getUint32(0, true), flags = viewOf(head).getUint32(4, true);
    const name = nameAt(head, HEAD, length), value = at + HEAD + length + 1;
    if (value + size > to) return;
    if (!(flags & BINARY)) addItem(reader, { name, at: value, size, isLink: (flags & LINK) !== 0 }, parts);
    at = value + size;
  }
}

interface Item {
  name: string;
  /** Where its value is. */
  at: number;
  size: number;
  isLink: boolean;
}

function addItem(reader: PartReader, { name, at, size, isLink }: Item, parts: Parts): void {
  if (size === 0 || isWrittenAnew(name)) return;
  const what = isLink ? `that the tag ${name} is a link` : `a value of the tag ${name}`;
  if (size > MAX_READ) return parts.addUnsearched(`${what}, which is longer than 16 MiB`);
  const kind = `${isLink ? "link" : "text"} ${name.toLowerCase()}`;
  parts.addValue({ what, kind, names: [name], content: utf8.decode(reader.read(at, size)) });
}
