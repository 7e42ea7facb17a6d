/**
 * PIDs of MPEG-TS that no stream has: tables of programmes (EPG), of networks, and what is not described.
 */
import type { MediaInfo } from "../mod.ts";
import { type PartReader, viewOf } from "./part_reader.ts";

const SYNC = 0x47;
/** PAT, SDT and stuffing, of which each muxer writes its own. */
const OWN = [0, 0x11, 0x1fff];
/** Bytes that are read at once. */
const BLOCK = 1 << 20;

/** Sizes of packets: with a time in front on Blu-ray and of camcorders, with check bytes behind. */
interface Packets {
  size: number;
  /** Where the first one begins. */
  start: number;
}

function packetsOf(reader: PartReader): Packets | null {
  const head = reader.read(0, 1024);
  for (const size of [188, 192, 204]) {
    for (let start = 0; start < size && start + 4 * size < head.length; start++) {
      if ([0, 1, 2, 3, 4].every((n) => head[start + n * size] === SYNC)) return { size, start };
    }
  }
  return null;
}

/** Whether each packet has a time in front, as on Blu-ray. */
export function hasTimesInFront(reader: PartReader): boolean {
  return packetsOf(reader)?.size === 192;
}

/** `the packets of PID 0x12` */
export function partsOfMpegTs(reader: PartReader, { streams, programs }: MediaInfo): string[] {
  const packets = packetsOf(reader);
  if (!packets) return [];
  const known = new Set([
    ...OWN,
    ...streams.map(({ id }) => id),
    ...programs.flatMap(({ pmtPid, pcrPid }) => [pmtPid, pcrPid]),
  ]);
  const found = new Set<number>(), step = Math.floor(BLOCK / packets.size) * packets.size;
  for (let at = packets.start; at + 188 <= reader.size; at += step) {
    const bytes = reader.read(at, step), view = viewOf(bytes);
    for (let place = 0; place + 188 <= bytes.length; place += packets.size) {
      const pid = view.getUint16(place + 1) & 0x1fff;
      if (bytes[place] === SYNC && !known.has(pid)) found.add(pid);
    }
  }
  return [...found].toSorted((a, b) => a - b).map((pid) => `the packets of PID 0x${pid.toString(16)}`);
}
