/**
 * The files that tests read: those in fixtures/, and real files outside of the repository, which may be missing.
 */

/** Files with packets to compare: one of every tested format, of some two. */
export const mediaFixtures = [
  "video.mp4",
  "faststart.mp4",
  "fragmented.mp4",
  "video.mkv",
  "video.ts",
  "video.flv",
  "video.avi",
  "audio.ogg",
  "audio.mp3",
  "audio.wav",
  "audio.flac",
  "video.webm",
] as const;

/** The rest: subtitles, chapters and an attachment; a cover; odd pixels; pictures. */
export const otherFixtures = [
  "subtitles.mkv",
  "cover.mp3",
  "anamorphic.webm",
  "image.jpeg",
  "image.png",
] as const;

/** Path of a file in fixtures/. */
export function fixturePath(name: string): string {
  return new URL(`../../fixtures/${name}`, import.meta.url).pathname;
}

/** Bytes of a file in fixtures/; read once. */
export function fixtureBytes(name: string): Uint8Array<ArrayBuffer> {
  let bytes = cache.get(name);
  if (!bytes) cache.set(name, bytes = Deno.readFileSync(fixturePath(name)));
  return bytes;
}
const cache = new Map<string, Uint8Array<ArrayBuffer>>();

/** Path of a real file; "" if the folder is missing. */
export function realPath(name: string): string {
  const path = new URL(`../../../shared/media/${name}`, import.meta.url).pathname;
  try {
    return Deno.statSync(path).isFile ? path : "";
  } catch {
    return "";
  }
}

/** Names of muxers by file extension, if they differ. */
const formats: Record<string, string> = { mkv: "matroska", ts: "mpegts" };

/** The muxer for a fixture's own format. */
export function formatOf(name: string): string {
  const extension = name.split(".")[1]!;
  return formats[extension] ?? extension;
}
