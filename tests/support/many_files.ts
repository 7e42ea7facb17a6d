/**
 * Media in many files: a fixture as HLS, in memory; and openers that record their requests and what happens to the devices that
 * they return.
 */
import { assert, assertEquals } from "@std/assert";
import {
  Demuxer,
  type DemuxerOptions,
  fromMap,
  type MapFile,
  MemorySink,
  type OpenCallback,
  type OpenRequest,
  type RemuxOptions,
  remuxSync,
  type Source,
} from "@avio/avio";
import { readRows } from "./async.ts";
import { ffprobePackets } from "./ffprobe.ts";
import { fixturePath } from "./fixtures.ts";
import { hashesByStream, type PacketRow, rowsOf } from "./packets.ts";

/** Files by name. */
export type Files = Map<string, Uint8Array<ArrayBuffer>>;

/** The number of files in the folder that this process has open. */
export function openFiles(folder: string): number {
  let count = 0;
  for (const { name } of Deno.readDirSync("/proc/self/fd")) {
    try {
      if (Deno.readLinkSync(`/proc/self/fd/${name}`).startsWith(folder)) count++;
    } catch {
      // the file was closed meanwhile
    }
  }
  return count;
}

/** The files that a muxer writes: the one named `url`, and those that it opens. */
export function filesOf(source: Source, options: RemuxOptions & { url: string }): Files {
  const files = new Map<string, MapFile>();
  const own = new MemorySink();
  remuxSync(source, own, { onopen: fromMap(files), ...options });
  if (own.size > 0) files.set(options.url, own);
  return contents(files);
}

/** The bytes of the files that an opener of `fromMap` has collected. */
export function contents(files: Map<string, MapFile>): Files {
  const isSink = ([, file]: [string, MapFile]) => file instanceof MemorySink;
  return new Map([...files].filter(isSink).map(([name, file]) => [name, (file as MemorySink).bytes()]));
}

let segments: Files | null = null;

/** video.mp4 as HLS with mpegts segments: index.m3u8 and index0.ts to index2.ts, of a second each. */
export function tsSegments(): Files {
  segments ??= filesOf(fixturePath("video.mp4"), {
    format: "hls",
    url: "index.m3u8",
    options: { hls_time: 1, hls_playlist_type: "vod" },
  });
  return segments;
}

/** video.mp4 in one mpegts file: the same packets as in the segments. */
export function tsWhole(): Uint8Array<ArrayBuffer> {
  if (whole) return whole;
  const sink = new MemorySink();
  remuxSync(fixturePath("video.mp4"), sink, { format: "mpegts" });
  return whole = sink.bytes();
}
let whole: Uint8Array<ArrayBuffer> | null = null;

/** Hashes of the packets by stream, video first: the order of streams in playlists may differ. */
export function hashes(rows: readonly PacketRow[]): string[][] {
  return hashesByStream(rows).toSorted((a, b) => a.length - b.length);
}

/** The expected hashes of the segments. */
export function tsHashes(): string[][] {
  return hashes(rowsOf(tsWhole()));
}

/** The expected hashes of segments in fragmented mp4. */
export function mp4Hashes(): string[][] {
  return hashes(rowsOf(fixturePath("video.mp4")));
}

/** A playlist of files of a second each, with `lines` before the first. */
export function playlistOf(names: readonly string[], lines: readonly string[] = [], end = true): string {
  return [
    "#EXTM3U",
    "#EXT-X-VERSION:7",
    "#EXT-X-TARGETDURATION:1",
    "#EXT-X-MEDIA-SEQUENCE:0",
    ...lines,
    ...names.flatMap((name) => ["#EXTINF:1,", name]),
    ...(end ? ["#EXT-X-ENDLIST"] : []),
    "",
  ].join("\n");
}

/** Text as bytes. */
export function bytesOf(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(text);
}

/** Bytes as text. */
export function textOf(bytes: Uint8Array | undefined): string {
  assert(bytes, "no such file");
  return new TextDecoder().decode(bytes);
}

/** An opener that records its requests. */
export function recording(onopen: OpenCallback): { asked: OpenRequest[]; onopen: OpenCallback } {
  const asked: OpenRequest[] = [];
  return {
    asked,
    onopen(request) {
      asked.push({ url: request.url, mode: request.mode });
      return onopen(request);
    },
  };
}

/** Reads the packets with both engines; their hashes must be those expected. */
export async function assertReads(
  source: () => Source,
  options: () => DemuxerOptions,
  expected: string[][],
): Promise<void> {
  assertEquals(hashes(rowsOf(source(), options())), expected, "sync");
  assertEquals(hashes(await readRows(source(), options())), expected, "async");
}

/** Writes the files into a temporary folder while `work` runs. */
export async function inFolder(
  files: Iterable<readonly [string, Uint8Array]>,
  work: (folder: string) => void | Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "avio-files-" });
  try {
    for (const [name, bytes] of files) {
      const path = `${folder}/${name}`;
      await Deno.mkdir(path.slice(0, path.lastIndexOf("/")), { recursive: true });
      await Deno.writeFile(path, bytes);
    }
    await work(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Checks the packets that the ffprobe command reads from the files, beginning with the one of this name. */
export async function assertProbed(files: Files, name: string, expected: string[][]): Promise<void> {
  await inFolder(files, (folder) => assertEquals(hashes(ffprobePackets(`${folder}/${name}`)), expected));
}

/** Checks that the prefix of outputs' URLs inside FFmpeg is in none of the files. */
export function assertNoPrefix(files: Files): void {
  for (const [name, bytes] of files) {
    assert(!name.includes("avio:"), name);
    assert(!new TextDecoder("latin1").decode(bytes).includes("avio:"), `${name} has avio: in it`);
  }
}

/** Reads to the end; returns the number of packets. */
export function countSync(source: Source, options: DemuxerOptions): number {
  using demuxer = Demuxer.openSync(source, options);
  return [...demuxer.packetsSync()].length;
}

// ------------------------------------------------------------------------------------------- one playlist, one output

/** The segments of `playlist`. */
export const NAMES = ["index0.ts", "index1.ts", "index2.ts"];
export const playlist = () => bytesOf(playlistOf(NAMES));
export const segment = (url: string) => tsSegments().get(url)!;

/** The source that is written as a playlist with segments. */
export const VIDEO = fixturePath("video.mp4");
export const OUT: RemuxOptions = {
  format: "hls",
  url: "i.m3u8",
  options: { hls_time: 1, hls_playlist_type: "vod" },
};
