/**
 * Files that a command adds to an output: covers, attachments, and chapters of another file.
 */
import { files } from "../io/files.ts";
import { type AttachmentInit, type Chapter, type CoverInit, probe } from "../mod.ts";
import { Failure } from "./errors.ts";
import { besideInput } from "./nested.ts";
import { sourceOf } from "./streams.ts";

function bytesOf(name: string): Uint8Array {
  const file = files.openSync(name, { read: true });
  try {
    const bytes = new Uint8Array(file.statSync().size);
    for (let at = 0, count; at < bytes.length; at += count) {
      count = file.readSync(bytes.subarray(at));
      if (count === null) return bytes.subarray(0, at);
    }
    return bytes;
  } finally {
    file.close();
  }
}

/** A picture file as a cover; its type is detected from its bytes. */
export function coverOf(name: string): CoverInit {
  return { data: bytesOf(name) };
}

const TYPES: Readonly<Record<string, string>> = {
  ttf: "font/ttf",
  otf: "font/otf",
  woff: "font/woff",
  woff2: "font/woff2",
  txt: "text/plain",
  pdf: "application/pdf",
};

/** A file as an attachment; its extension determines its MIME type. */
export function attachmentOf(name: string): AttachmentInit {
  const fileName = name.replace(/^.*[/\\]/, "");
  const extension = /\.(\w+)$/.exec(fileName)?.[1]?.toLowerCase() ?? "";
  const mimeType = Object.hasOwn(TYPES, extension) ? TYPES[extension]! : "application/octet-stream";
  return { data: bytesOf(name), fileName, mimeType };
}

/** Chapters of another file. */
export async function chaptersOf(name: string): Promise<Chapter[]> {
  const { chapters } = await probe(sourceOf(name), besideInput(name, {}));
  if (chapters.length > 0) return chapters;
  throw new Failure(`There are no chapters in ${name}`);
}
