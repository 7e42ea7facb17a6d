/**
 * PIDs of MPEG-TS that no stream has: tables of programmes (EPG), of networks, and what is not described.
 */
import type { MediaInfo } from "../mod.ts";
import type { PartReader } from "./part_reader.ts";
import type { Parts } from "./parts.ts";

const SYNC = 0x47;
/** PAT, SDT and stuffing, of which each muxer writes its own. */
const OWN = [0, 0x11, 0x1fff];
/** Bytes of a packet that count. */
const PACKET = 188;
/** Bytes in which the first packet is looked for. */
const FRONT = 1 << 16;
/** Bytes that are read at once; after each, a signal is heeded, as the whole file is read. */
const BLOCK = 1 << 20;

/** Sizes of packets: with a time in front on Blu-ray and of camcorders, with check bytes behind. */
interface Packets {
  size: number;
  /** Where the first one begins. */
  start: number;
}

function packetsOf(reader: PartReader): Packets | null {
  const head = reader.read(0, FRONT);
  for (const size of [PACKET, 192, 204]) {
    for (let start = 0; start + 4 * size < head.length; start++) {
      if ([0, 1, 2, 3, 4].every((n) => head[start + n * size] === SYNC)) return { size, start };
    }
  }
  return null;
}

/** Whether each packet has a time in front, as on Blu-ray. */
export function hasTimesInFront(reader: PartReader): boolean {
  return packetsOf(reader)?.size === 192;
}

/** What was found in packets. */
interface Found {
  pids: Set<number>;
  /** Whether there is anything but zeros between them. */
  hasOthers: boolean;
}

/** Adds the PIDs in these bytes; returns how many of them it has searched. Behind a damage, two packets are looked for. */
function addPids(bytes: Uint8Array, size: number, found: Found): number {
  let place = 0;
  for (let isLost = false; place + PACKET <= bytes.length;) {
    isLost = bytes[place] !== SYNC || (isLost && (bytes[place + size] ?? SYNC) !== SYNC);
    if (!isLost) found.pids.add((bytes[place + 1]! << 8 | bytes[place + 2]!) & 0x1fff);
    else if (bytes[place] !== 0) found.hasOthers = true;
    place += isLost ? 1 : size;
  }
  return place;
}

/** `the packets of PID 0x12` */
export async function partsOfMpegTs(
  reader: PartReader,
  parts: Parts,
  { streams, programs }: Pick<MediaInfo, "streams" | "programs">,
  signal?: AbortSignal,
): Promise<void> {
  const packets = packetsOf(reader);
  if (!packets) return parts.addUnsearched("packets of PIDs that no stream has, if there are any");
  const found: Found = { pids: new Set(), hasOthers: false };
  for (let at = packets.start, searched = 1; searched > 0; at += searched) {
    const bytes = reader.read(at, BLOCK);
    searched = addPids(bytes, packets.size, found);
    if (bytes.length === BLOCK) await new Promise((resolve) => setTimeout(resolve));
    signal?.throwIfAborted();
  }
  if (found.hasOthers) parts.add("what is between its packets, or behind them");
  const known = [
    ...OWN,
    ...streams.map(({ id }) => id),
    ...programs.flatMap(({ pmtPid, pcrPid }) => [pmtPid, pcrPid]),
  ];
  for (const pid of known) found.pids.delete(pid);
  for (const pid of [...found.pids].toSorted((a, b) => a - b)) {
    parts.add(`the packets of PID 0x${pid.toString(16)}`);
  }
}
