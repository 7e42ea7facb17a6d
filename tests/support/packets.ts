/**
 * Packets as rows that can be compared.
 */
import { createHash } from "node:crypto";
import { Demuxer, type DemuxerOptions, type Packet, type Source } from "@avio/avio";

/** The compared fields of a packet. */
export interface PacketRow {
  stream: number;
  pts: number | null;
  dts: number | null;
  duration: number;
  size: number;
  key: boolean;
  pos: number | null;
  md5: string;
}

/** MD5 in hexadecimal. */
export function md5(bytes: Uint8Array): string {
  return createHash("md5").update(bytes).digest("hex");
}

/** A packet as a row. */
export function rowOf(packet: Packet): PacketRow {
  return {
    stream: packet.streamIndex,
    pts: packet.pts,
    dts: packet.dts,
    duration: packet.duration,
    size: packet.data.length,
    key: packet.isKey,
    pos: packet.pos,
    md5: md5(packet.data),
  };
}

/** All packets of a source as rows. */
export function rowsOf(source: Source, options?: DemuxerOptions): PacketRow[] {
  using demuxer = Demuxer.openSync(source, options);
  return [...demuxer.packetsSync()].map(rowOf);
}

/** The rows without the fields named. */
export function without(rows: readonly PacketRow[], fields: readonly string[]): Partial<PacketRow>[] {
  return rows.map((row) =>
    Object.fromEntries(Object.entries(row).filter(([name]) => !fields.includes(name)))
  );
}

/** Hashes of the packets' data, stream by stream: they must be the same in another container. */
export function hashesByStream(rows: readonly PacketRow[]): string[][] {
  const streams: string[][] = [];
  for (const row of rows) (streams[row.stream] ??= []).push(row.md5);
  return streams;
}

/** MD5 of each stream's data in one piece, however it is cut into packets. */
export function dataByStream(source: Source): string[] {
  using demuxer = Demuxer.openSync(source);
  const hashes = demuxer.streams.map(() => createHash("md5"));
  for (const packet of demuxer.packetsSync()) hashes[packet.streamIndex]!.update(packet.data);
  return hashes.map((hash) => hash.digest("hex"));
}

/**
 * ffprobe's packets, with our duration if theirs is missing: ffprobe 5.1 does not know the frame size of AAC in fragmented
 * mp4 before it has opened the decoder, after the first packet. avio reads it from the header.
 */
export function withDurations(theirs: PacketRow[], ours: PacketRow[]): PacketRow[] {
  return theirs.map((row, i) => row.duration === 0 ? { ...row, duration: ours[i]?.duration ?? 0 } : row);
}
