/**
 * Edits during remuxing: of streams, tags, chapters and packets; valid and invalid ones, and by callbacks that throw or
 * return promises.
 */
import {
  type Chapter,
  Packet,
  type RemuxOptions,
  type SideData,
  type Stream,
  type StreamEdits,
  type StreamSelection,
} from "../mod.ts";
import type { World } from "./callbacks.ts";
import { oddNumbers, type Random } from "./random.ts";

/** Types of side data whose fields are known, and some whose fields are not. */
export const sideDataTypes: readonly string[] = [
  "Mastering display metadata",
  "Content light level metadata",
  "DOVI configuration record",
  "Stereo 3D",
  "Spherical Mapping",
  "Replay Gain",
  "CPB properties",
  "Skip Samples",
  "Audio Service Type",
  "MPEGTS Stream ID",
  "Active Format Description data",
  "Palette",
  "New Extradata",
  "Display Matrix",
  "ICC Profile",
  "A53 Closed Captions",
  "unknown",
  "",
];

/** Random bytes as one of them. */
export function randomSideData(random: Random): SideData {
  const bytes = new Uint8Array(random.small(120)).map(() => random.below(256));
  const from = random.below(bytes.length), to = from + random.below(bytes.length - from + 1);
  const type = random.pick(sideDataTypes);
  return { type: random.chance(0.2) ? type.toUpperCase() : type, data: bytes.subarray(from, to) };
}

/** A value that is valid for something else, or for nothing. */
function wrong(random: Random): unknown {
  return random.pick<() => unknown>([
    () => undefined,
    () => null,
    () => 7,
    () => "x",
    () => "\0",
    () => ({}),
    () => [],
    () => [null],
    () => ({ x: 1 }),
    () => Symbol("wrong"),
    () => () => {},
    () => Promise.resolve({}),
    () => random.pick(oddNumbers),
  ])();
}

function tags(random: Random): Record<string, string> {
  const names = ["title", "language", "TITLE", "", "=;#\\", "\u{1f600}", "rotate", "handler_name"];
  const values = ["", "eng", "deu", "x\ny", "\u{1f600}", "x".repeat(random.small(5000))];
  const pairs = Array.from({ length: random.below(4) }, () => [random.pick(names), random.pick(values)]);
  return Object.fromEntries(pairs);
}

function streamEdits(random: Random, world: World): StreamEdits {
  const disposition = Array.from(
    { length: random.below(3) },
    () => random.pick(["default", "forced", "attached_pic", "x", ""]),
  );
  const edits: Record<string, unknown> = {
    ...(random.chance(0.3)
      ? { metadata: { ...tags(random), ...(random.chance(0.3) ? { title: null } : {}) } }
      : {}),
    ...(random.chance(0.2)
      ? { metadata: (old: object) => random.chance(0.1) ? world.fail() : { ...old, ...tags(random) } }
      : {}),
    ...(random.chance(0.3) ? { disposition } : {}),
    ...(random.chance(0.2)
      ? { tag: random.pick(["hvc1", "avc1", "mp4a", "[0][0][0][1]", "", "toolong", "0x31"]) }
      : {}),
    ...(random.chance(0.2) ? { id: random.chance(0.7) ? random.below(9000) : random.pick(oddNumbers) } : {}),
    ...(random.chance(0.2)
      ? { order: random.chance(0.7) ? random.next() * 4 - 2 : random.pick(oddNumbers) }
      : {}),
  };
  if (random.chance(0.1)) {
    edits[random.pick(["metadata", "disposition", "tag", "id", "order", "x"])] = wrong(random);
  }
  return edits as StreamEdits;
}

function selection(random: Random, world: World): StreamSelection {
  if (random.chance(0.6)) {
    return (stream: Stream, canHold: boolean) => {
      if (random.chance(0.05)) stream.discard = true;
      if (random.chance(0.03)) world.fail();
      if (random.chance(0.03)) return wrong(random) as boolean;
      return canHold || random.chance(0.2) ? random.chance(0.5) || streamEdits(random, world) : false;
    };
  }
  const choice = () => {
    const index = random.chance(0.95) ? random.below(3) : random.pick(oddNumbers);
    return random.chance(0.5) ? index : { index, ...streamEdits(random, world) };
  };
  return random.chance(0.9)
    ? Array.from({ length: random.small(3) }, choice)
    : wrong(random) as StreamSelection;
}

function chapters(random: Random): Chapter[] {
  const number = () => random.chance(0.8) ? random.next() * 5 : random.pick(oddNumbers);
  return Array.from({ length: random.below(4) }, (_, id) => {
    const start = number();
    return {
      id: random.chance(0.9) ? id : number(),
      start,
      end: random.chance(0.8) ? start + 1 : number(),
      metadata: tags(random),
    };
  });
}

/** Returns the packet, another one, none, or an invalid value. */
function transformed(random: Random, world: World, packet: Packet): Packet | null | Promise<Packet | null> {
  const kind = random.below(60);
  if (kind === 0) world.fail();
  if (kind === 1) return wrong(random) as Packet;
  if (kind === 2) return new Promise((resolve) => setTimeout(() => resolve(packet), random.below(3)));
  if (kind < 6) return null;
  const copy = new Packet(packet);
  if (kind < 9) copy.data = packet.data.slice(0, random.small(100) - 1);
  if (kind === 9) copy.streamIndex = random.below(3);
  if (kind === 10) copy.dts = random.chance(0.5) ? random.below(1e6) : random.pick(oddNumbers);
  if (kind === 11) copy.sideData = [randomSideData(random)];
  if (kind === 12) copy.isKey = random.chance(0.5);
  return copy;
}

const filters = [
  "null",
  "h264_mp4toannexb",
  "extract_extradata",
  "noise=drop=1",
  "setts=pts=0",
  "x",
  "a=b=c,",
  "",
];

/** Options of a remux, mostly few. */
export function remuxEdits(random: Random, world: World): RemuxOptions {
  const may = <T>(work: () => T) => () => random.chance(0.05) ? world.fail() : work();
  const options: Record<string, unknown> = {
    ...(random.chance(0.4) ? { streams: selection(random, world) } : {}),
    ...(random.chance(0.15) ? { metadata: tags(random) } : {}),
    ...(random.chance(0.1)
      ? { editMetadata: may(() => random.chance(0.9) ? tags(random) : wrong(random)) }
      : {}),
    ...(random.chance(0.1) ? { chapters: chapters(random) } : {}),
    ...(random.chance(0.1)
      ? { editChapters: may(() => random.chance(0.9) ? chapters(random) : wrong(random)) }
      : {}),
    ...(random.chance(0.1)
      ? { bitstreamFilter: may(() => random.chance(0.9) ? random.pick(filters) : wrong(random)) }
      : {}),
    ...(random.chance(0.15) ? { transform: (packet: Packet) => transformed(random, world, packet) } : {}),
  };
  if (random.chance(0.03)) {
    const names = [
      "streams",
      "metadata",
      "editMetadata",
      "chapters",
      "editChapters",
      "bitstreamFilter",
      "transform",
    ];
    options[random.pick(names)] = wrong(random);
  }
  return options as RemuxOptions;
}
