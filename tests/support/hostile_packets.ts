/**
 * A process that writes packets of every codec with every muxer, and with every type of side data, of streams and of packets,
 * with many sizes and contents, by both APIs. The process must survive.
 */
import {
  codecs,
  MemorySink,
  Muxer,
  type MuxerOptions,
  outputFormats,
  type PacketInit,
  type SideData,
} from "@avio/avio";
import type { Random } from "../../fuzz/random.ts";
import { Walk } from "./hostile_child.ts";

const walk = new Walk();
const formats = outputFormats().map(({ name }) => name);
const all = codecs();

// ------------------------------------------------------------------------------------------- contents

type Content = (size: number, random: Random) => Uint8Array<ArrayBuffer>;

/** 32-bit integers, all the same. */
const numbers = (value: number): Content => (size) =>
  new Uint8Array(new Int32Array(Math.ceil(size / 4)).fill(value).buffer).slice(0, size);

const contents: Record<string, Content> = {
  zeros: (size) => new Uint8Array(size),
  ff: (size) => new Uint8Array(size).fill(255),
  random: (size, random) => Uint8Array.from({ length: size }, () => random.below(256)),
  ones: numbers(1),
  large: numbers(0x7fffffff),
  min: numbers(-0x80000000),
  /** Valid fractions with invalid counts. */
  counts: (size, random) => {
    const bytes = numbers(1)(size, random);
    for (let i = 0; i < 8 && size; i++) bytes[random.below(Math.min(size, 64))] = random.below(256);
    for (let i = 0; i < 8 && size; i++) bytes[random.below(size)] = random.below(33);
    return bytes;
  },
  /** One window, and valid counts. */
  window: (size, random) => {
    const bytes = numbers(1)(size, random);
    if (size > 3) bytes[2] = 1 + random.below(3);
    return bytes;
  },
  text: (size, random) =>
    Uint8Array.from({ length: size }, (_, i) => i === size - 1 || random.chance(0.2) ? 0 : 65),
  big: (size, random) => {
    const bytes = new Uint8Array(size);
    const view = new DataView(bytes.buffer);
    for (let i = 0; i + 4 <= size; i += 4) {
      view.setUint32(i, random.chance(0.5) ? random.below(9) : 0xffffffff);
    }
    return bytes;
  },
};

/** All types of side data, from the error for an unknown one. */
function kindsOfSideData(): string[] {
  using muxer = Muxer.openSync(new MemorySink(), { format: "matroska" });
  try {
    muxer.addStream({ type: "video", codec: "vp8" }, { sideData: [{ type: "?", data: new Uint8Array(0) }] });
  } catch (error) {
    return /known types are (.*)$/s.exec((error as Error).message)![1]!.split(", ");
  }
  throw new Error("there is side data of any name");
}

/** The minimum size of this type of side data, in bytes. */
function minSizeOf(type: string): number {
  using muxer = Muxer.openSync(new MemorySink(), { format: "matroska" });
  try {
    muxer.addStream({ type: "video", codec: "vp8" }, { sideData: [{ type, data: new Uint8Array(0) }] });
  } catch (error) {
    return Number(/ (\d+) bytes?, is 0/.exec((error as Error).message)?.[1] ?? 0);
  }
  return 0;
}

const sizesOf = (min: number) =>
  [...new Set([0, 1, 2, 3, 7, 8, 9, 12, 16, 24, 36, 64, min - 1, min, min + 1, min * 2, 5000])]
    .filter((size) => size >= 0);

// ------------------------------------------------------------------------------------------- streams

const video = (random: Random) => ({
  width: 64,
  height: 64,
  pixelFormat: random.pick(["yuv420p", "yuv420p", "yuv422p", "rgb24", "pal8", "gray", "rgba", "yuv420p10le"]),
  frameRate: { num: 25, den: 1 },
});
const audio = { sampleRate: 48000, channels: 2, sampleFormat: "s16" };

function extradata(random: Random): { extradata?: Uint8Array } {
  const size = random.pick([0, 0, 1, 4, 8, 19, 23, 33, 64, 300]);
  return size ? { extradata: contents[random.pick(["zeros", "random", "ones", "ff"])]!(size, random) } : {};
}

/** Parameters, mostly of the codec's own type, and mostly with the fields that a muxer needs. */
function parameters(codec: string, type: string, random: Random) {
  const own = random.chance(0.95) ? type : random.pick(["video", "audio", "subtitle", "data", "attachment"]);
  const rest = random.chance(0.9) ? own === "video" ? video(random) : own === "audio" ? audio : {} : {};
  const blocks = random.chance(0.3)
    ? { blockAlign: random.pick([1, 2, 4, 1024]), frameSize: random.below(5000) }
    : {};
  const bits = random.chance(0.3)
    ? { bitsPerCodedSample: random.pick([0, 1, 4, 8, 12, 16, 24, 32, 64]) }
    : {};
  return { type: own, codec, ...rest, ...blocks, ...bits, ...extradata(random) };
}

const filters = [
  ...[
    "null",
    "dump_extra",
    "extract_extradata",
    "noise=amount=1",
    "setts=pts=0",
    "showinfo",
    "trace_headers",
  ],
  ...["h264_metadata=display_orientation=insert", "h264_mp4toannexb", "hevc_mp4toannexb", "hevc_metadata"],
  ...["aac_adtstoasc", "dovi_rpu", "dovi_split", "vp9_superframe", "vp9_superframe_split", "av1_frame_merge"],
  ...[
    "av1_metadata",
    "dts2pts",
    "eac3_core",
    "truehd_core",
    "mpeg2_metadata",
    "mpeg4_unpack_bframes",
    "mov2textsub",
  ],
  ...[
    "text2movsub",
    "pcm_rechunk=n=100",
    "pgs_frame_merge",
    "remove_extra",
    "opus_metadata",
    "vvc_mp4toannexb",
  ],
  ...[
    "prores_metadata",
    "media100_to_mjpegb",
    "mjpeg2jpeg",
    "mjpega_dump_header",
    "imx_dump_header",
    "dca_core",
  ],
  ...["hapqa_extract=texture=color", "evc_frame_merge", "vvc_metadata", "vp9_metadata", "vp9_raw_reorder"],
];

const options: MuxerOptions["options"][] = [
  {},
  { strict: "experimental" },
  { strict: "unofficial", movflags: "frag_keyframe+empty_moov+delay_moov" },
  { strict: "experimental", syncpoints: "timestamped" },
  { movflags: "faststart" },
  { write_tmcd: 1 },
];

/** Opens a muxer, perhaps with options; without them if the format does not know them, which is an error. */
function open(format: string, random: Random): Muxer {
  const onopen = () => new MemorySink();
  const given = random.chance(0.5) ? { options: random.pick(options)! } : {};
  try {
    return Muxer.openSync(new MemorySink(), { format, onopen, ...given });
  } catch {
    return Muxer.openSync(new MemorySink(), { format, onopen });
  }
}

function packets(random: Random, sideData: SideData[]): PacketInit[] {
  const count = 1 + random.below(3);
  return Array.from({ length: count }, (_, n) => ({
    streamIndex: 0,
    data: contents[random.pick(["zeros", "random", "ones", "ff", "text"])]!(
      random.pick([0, 1, 4, 16, 188, 384, 2000]),
      random,
    ),
    pts: n * 40000,
    dts: n * 40000,
    duration: random.pick([0, 40000]),
    isKey: n === 0 || random.chance(0.5),
    sideData: n < 2 ? sideData : [],
  }));
}

interface Case {
  format: string;
  codec: string;
  type: string;
  ofStream?: SideData[];
  ofPackets?: SideData[];
}

/** Writes a case. Refused parts are left out, and the rest continues, to reach more code. */
async function write({ format, codec, type, ofStream = [], ofPackets = [] }: Case, random: Random) {
  const isAsync = random.chance(0.02);
  using muxer = open(format, random);
  const stream = parameters(codec, type, random);
  const filter = random.chance(0.1) ? { bitstreamFilter: random.pick(filters) } : {};
  const add = (init: object) => void muxer.addStream(stream as never, init);
  try {
    add({ sideData: ofStream, ...filter });
  } catch {
    add(filter.bitstreamFilter ? {} : { sideData: [] });
  }
  for (const packet of packets(random, ofPackets)) {
    try {
      if (isAsync) await muxer.write(packet);
      else muxer.writeSync(packet);
    } catch (error) {
      if (!(error instanceof TypeError)) throw error;
      muxer.writeSync({ ...packet, sideData: [] });
    }
  }
  if (isAsync) await muxer.finish();
  else muxer.finishSync();
}

async function run(name: string, one: Case): Promise<void> {
  const random = walk.next(() => name);
  if (!random) return;
  try {
    await write(one, random);
    walk.note("written");
  } catch (error) {
    walk.note((error as Error).name);
  }
}

// ------------------------------------------------------------------------------------------- the walk

/** Codecs of which most muxers hold one, for cases with side data. */
const carriers = [
  ["vp8", "video"],
  ["hevc", "video"],
  ["h264", "video"],
  ["mpeg2video", "video"],
  ["rawvideo", "video"],
  ["png", "video"],
  ["ffv1", "video"],
  ["aac", "audio"],
  ["mp3", "audio"],
  ["opus", "audio"],
  ["flac", "audio"],
  ["pcm_s16le", "audio"],
  ["subrip", "subtitle"],
  ["webvtt", "subtitle"],
] as const;

for (const format of formats) {
  for (const { name, type } of all) await run(`${format} ${name}`, { format, codec: name, type });
}
for (const kind of kindsOfSideData()) {
  const min = minSizeOf(kind);
  for (const [content, make] of Object.entries(contents)) {
    for (const size of sizesOf(min)) {
      for (const format of formats) {
        const name = `${format}: ${kind}, ${size} bytes, ${content}`;
        const random = walk.next(() => name);
        if (!random) continue;
        const side: SideData = { type: kind, data: make(size, random) };
        const [codec, type] = random.pick(carriers);
        try {
          await write({ format, codec, type, ofStream: [side], ofPackets: [side] }, random);
          walk.note("written");
        } catch (error) {
          walk.note((error as Error).name);
        }
      }
    }
  }
}
walk.end();
