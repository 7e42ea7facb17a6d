/**
 * Names of files for what is attached to media. What the media calls it is not to be trusted: a name may be a path, one
 * that a system keeps for itself, or the same twice.
 */
import type { Stream } from "../mod.ts";

/** Extensions of what has no name. */
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

/** Most systems allow 255 bytes. */
const MAX_BYTES = 200;

/** A name that is in no other folder and not in `taken`; it is added there. */
export function attachmentName(stream: Stream, taken: Set<string>): string {
  const tag = Object.entries(stream.metadata).find(([name]) => name.toLowerCase() === "filename")?.[1] ?? "";
  const name = safeName(tag) || defaultName(stream);
  // File systems may take "A" and "a", or two spellings of a letter, for the same.
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

/** The last part of a path, without what some system gives a meaning; "" where nothing is left. */
export function safeName(text: string): string {
  const last = text.split(/[/\\]/).at(-1)!;
  // deno-lint-ignore no-control-regex
  const plain = last.replace(/[\x00-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2066-\u2069<>:"|?*]/g, "_")
    .toWellFormed().replace(/^[.\s]+|[.\s]+$/g, "");
  const device = /^(con|prn|aux|nul|com\d|lpt\d|conin\$|conout\$)(\.|$)/i;
  return shorten(device.test(plain) ? `_${plain}` : plain);
}

function shorten(name: string): string {
  const [stem, extension] = parts(name);
  const bytes = (text: string) => new TextEncoder().encode(text).length;
  if (bytes(extension) > 20) return [...name].slice(0, 40).join("");
  const letters = [...stem];
  while (bytes(letters.join("") + extension) > MAX_BYTES) letters.pop();
  return letters.join("") + extension;
}

function numbered(name: string, number: number): string {
  const [stem, extension] = parts(name);
  return `${stem}-${number}${extension}`;
}

function parts(name: string): [stem: string, extension: string] {
  const at = name.lastIndexOf(".");
  return at > 0 ? [name.slice(0, at), name.slice(at)] : [name, ""];
}
