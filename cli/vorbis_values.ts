/**
 * The values of Vorbis comments: several of a name are several for other programs, but libavformat joins them.
 */
import { MAX_READ, nameAt, viewOf } from "./part_reader.ts";
import type { Parts } from "./parts.ts";
import { isWrittenAnew } from "./rewrite_losses.ts";

/** Where comments stand. */
export interface Comments {
  size: number;
  /** Bytes from a place on: fewer at the end. */
  read(at: number, size: number): Uint8Array;
}

/** Names that libavformat reads and writes as others. */
const TAGS: Readonly<Record<string, string>> = {
  albumartist: "album_artist",
  tracknumber: "track",
  discnumber: "disc",
  discsubtitle: "disc_subtitle",
  description: "comment",
};
/** Comments that are covers and chapters, which are compared as what they are, or that describe the sound. */
const DESCRIBED = /^(metadata_block_picture|chapter\d{3}(name)?|waveformatextensible_channel_mask)$/i;

/** Characters of a name, at most. */
const MAX_NAME = 1000;

const utf8 = new TextDecoder("utf-8", { ignoreBOM: true });

/** Adds the values of all comments: behind the name of the program, and each, stands its size in front. */
export function addComments(comments: Comments, parts: Parts): void {
  const sizeAt = (at: number) => {
    const bytes = comments.read(at, 4);
    return bytes.length < 4 ? Infinity : viewOf(bytes).getUint32(0, true);
  };
  const listed = 4 + sizeAt(0);
  let left = sizeAt(listed);
  if (left === Infinity) return;
  for (let at = listed + 4; left > 0 && at + 4 <= comments.size; left--) {
    const size = sizeAt(at), end = at + 4 + size;
    if (end > comments.size) return;
    addComment(comments, at + 4, size, parts);
    at = end;
  }
}

function addComment(comments: Comments, at: number, size: number, parts: Parts): void {
  const head = nameAt(comments.read(at, Math.min(size, MAX_NAME)), 0, MAX_NAME), end = head.indexOf("=");
  const name = head.slice(0, Math.max(end, 0));
  if (end < 0 || end + 1 === size || DESCRIBED.test(name) || isWrittenAnew(name)) return;
  const what = `a value of the tag ${name}`, tag = TAGS[name.toLowerCase()] ?? name.toLowerCase();
  if (size > MAX_READ) return parts.addUnsearched(`${what}, which is longer than 16 MiB`);
  const content = utf8.decode(comments.read(at + end + 1, size - end - 1));
  parts.addValue({ what, kind: tag, names: [name, tag], content });
}
