/**
 * Compares the packets of a rewritten file with those of the original: reads both to the end and compares the data.
 */
import { createHash } from "node:crypto";
import { Demuxer, type DemuxerOptions } from "../mod.ts";
import { count } from "./text.ts";

/** Packets of a stream. */
interface Essence {
  packets: number;
  bytes: number;
  digest: string;
}

async function essenceOf(path: string, options: DemuxerOptions): Promise<Map<number, Essence>> {
  await using demuxer = await Demuxer.open(path, options);
  const streams = demuxer.streams.map(({ index }) => ({
    index,
    packets: 0,
    bytes: 0,
    hash: createHash("md5"),
  }));
  for await (const { streamIndex, data } of demuxer) {
    const stream = streams[streamIndex];
    if (!stream) continue; // a stream that appeared later, which is not written
    stream.packets++;
    stream.bytes += data.length;
    stream.hash.update(`${data.length} `).update(data);
  }
  return new Map(
    streams.map(({ index, packets, bytes, hash }) => [index, { packets, bytes, digest: hash.digest("hex") }]),
  );
}

/** The number of packets in a file of mp4 by stream, with those that its edit lists leave out: they are not read. */
async function storedPackets({ path, options }: ReadFile): Promise<number[]> {
  const unedited = { ...options, findStreamInfo: false, options: { ...options.options, ignore_editlist: 1 } };
  await using demuxer = await Demuxer.open(path, unedited);
  return demuxer.streams.map(({ index }) => demuxer.index(index).length);
}

/** Describes the packets that only the old file has, since its edit lists leave them out: what an editor has cut away. */
export async function hiddenPackets(
  before: ReadFile,
  after: ReadFile,
  streams: readonly (readonly [before: number, after: number])[],
): Promise<string[]> {
  const was = await storedPackets(before), is = await storedPackets(after);
  return streams.flatMap(([old, now]) => {
    const stored = was[old] ?? 0, missing = stored - (is[now] ?? 0);
    if (missing <= 0) return [];
    return [`${missing} of ${count(stored, "packet")} of stream ${old}, which an edit list leaves out`];
  });
}

/** A file, and how it is read. */
export interface ReadFile {
  path: string;
  options: DemuxerOptions;
}

/**
 * Describes the differences: `2 of 300 packets of stream 0`.
 *
 * @param streams Pairs of the numbers of a stream before and after.
 */
export async function changedPackets(
  before: ReadFile,
  after: ReadFile,
  streams: readonly (readonly [before: number, after: number])[],
): Promise<string[]> {
  const was = await essenceOf(before.path, before.options), is = await essenceOf(after.path, after.options);
  return streams.flatMap(([old, now]) => {
    const [a, b] = [was.get(old), is.get(now)];
    if (!a) return [`stream ${old}`]; // another program has changed the file
    if (!b || b.packets < a.packets) {
      return [`${a.packets - (b?.packets ?? 0)} of ${count(a.packets, "packet")} of stream ${old}`];
    }
    return a.digest === b.digest ? [] : [`what is in packets of stream ${old}, unchanged`];
  });
}
