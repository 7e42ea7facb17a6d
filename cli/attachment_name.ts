/**
 * File names for attachments and covers. The names in the media are not trusted: they may be paths, names that an operating
 * system reserves, or duplicates.
 */
import type { Stream } from "../mod.ts";

/** Extensions by codec, for attachments without a name. */
const EXTENSIONS: Readonly<Record<string, string>> = {
  mjpeg: "jpg",
  png: "png",
  gif: "gif",
  bmp: "bmp",
  webp: "webp",
  tiff: "tiff",
  ttf: "ttf",
  otf: "otf",
  text: "txt",
};

/** Of a whole name; most file systems allow 255 bytes. */
const MAX_BYTES = 200;
/** Of an extension with its dot. */
const MAX_EXTENSION_BYTES = 20;

/** A name without a folder, and not one of `taken`, to which it is added. */
export function attachmentName(stream: Stream, taken: Set<string>): string {
  const tag = Object.entries(stream.metadata).find(([name]) => name.toLowerCase() === "filename")?.[1] ?? "";
  const name = safeName(tag) || defaultName(stream);
  // File systems may treat "A" and "a", or two Unicode forms of a letter, as the same.
  const key = (text: string) => text.normalize("NFC").toLowerCase();
  let free = name;
  for (let number = stream.index; taken.has(key(free)); number++) free = numbered(name, number);
  taken.add(key(free));
  return free;
}

function defaultName({ index, codecParameters: { codec }, disposition }: Stream): string {
  const extension = EXTENSIONS[codec] ?? "bin";
  return `${disposition.includes("attached_pic") ? "cover" : "attachment"}-${index}.${extension}`;
}

/** The last part of a path, without characters and names that are special on some system; "" where nothing is left. */
export function safeName(text: string): string {
  const last = text.split(/[/\\]/).at(-1)!;
  // deno-lint-ignore no-control-regex
  const special = /[\x00-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2066-\u2069<>:"|?*]/g;
  const plain = withoutEnds(last.replace(special, "_").toWellFormed());
  const device = /^(con|prn|aux|nul|(?:com|lpt)[\d\u00b9\u00b2\u00b3]|conin\$|conout\$) *(\.|$)/i;
  return shorten(device.test(plain) ? `_${plain}` : plain);
}

/** Without dots and spaces at both ends: some systems drop them, or hide the file. */
function withoutEnds(text: string): string {
  const isEnd = (letter: string) => letter === "." || letter.trim() === "";
  let [start, end] = [0, text.length];
  while (start < end && isEnd(text[start]!)) start++;
  while (end > start && isEnd(text[end - 1]!)) end--;
  return text.slice(start, end);
}

const bytes = (text: string) => new TextEncoder().encode(text).length;

function shorten(name: string): string {
  const [stem, extension] = parts(name);
  if (bytes(extension) > MAX_EXTENSION_BYTES) return [...name].slice(0, 40).join("");
  return beginning(stem, MAX_BYTES - bytes(extension)) + extension;
}

/** As many whole characters as fit into `maxBytes`. */
function beginning(text: string, maxBytes: number): string {
  let kept = "";
  let left = maxBytes;
  for (const letter of text) {
    left -= bytes(letter);
    if (left < 0) break;
    kept += letter;
  }
  return kept;
}

function numbered(name: string, number: number): string {
  const [stem, extension] = parts(name);
  return `${stem}-${number}${extension}`;
}

function parts(name: string): [stem: string, extension: string] {
  const at = name.lastIndexOf(".");
  return at > 0 ? [name.slice(0, at), name.slice(at)] : [name, ""];
}
