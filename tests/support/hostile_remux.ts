/**
 * A process that remuxes one to three streams of every codec, with and without extradata, into every format: what a format can
 * hold is found out by trial headers, of which no packet was seen. The process must survive.
 */
import { type CodecParametersLike, codecs, MemorySink, Muxer, outputFormats, remuxSync } from "@avio/avio";
import type { Random } from "../../fuzz/random.ts";
import { Walk } from "./hostile_child.ts";

const walk = new Walk();

/** Formats that hold nearly any codec; the first that takes the streams is the source's. */
const CONTAINERS = ["nut", "matroska", "asf", "mov", "avi"];
const common = {
  video: { width: 64, height: 48, pixelFormat: "yuv420p" },
  audio: { sampleRate: 48000, channels: 2, sampleFormat: "s16", bitsPerCodedSample: 16, blockAlign: 4 },
} as const;

function parameters(codec: string, type: string, random: Random): CodecParametersLike {
  const rest = random.chance(0.8) ? common[type as keyof typeof common] ?? {} : {};
  const size = random.pick([0, 0, 0, 2, 4, 19, 34, 300]);
  const extradata = size ? { extradata: new Uint8Array(size).fill(random.pick([0, 1, 255])) } : {};
  return { type, codec, ...rest, ...extradata } as CodecParametersLike;
}

function sourceIn(format: string, streams: readonly CodecParametersLike[]): Uint8Array {
  const sink = new MemorySink();
  using muxer = Muxer.openSync(sink, { format });
  for (const stream of streams) muxer.addStream(stream);
  for (let time = 0; time < 120_000; time += 40_000) {
    for (const streamIndex of streams.keys()) {
      const data = new Uint8Array(64).fill(1);
      muxer.writeSync({ streamIndex, data, pts: time, dts: time, duration: 40_000, isKey: true });
    }
  }
  muxer.finishSync();
  return sink.bytes().slice();
}

/** Null if no format takes them. */
function sourceOf(streams: readonly CodecParametersLike[]): Uint8Array | null {
  for (const format of CONTAINERS) {
    try {
      return sourceIn(format, streams);
    } catch {
      // the next one
    }
  }
  return null;
}

function run(name: string, format: string, streamsOf: (random: Random) => CodecParametersLike[]): void {
  const random = walk.next(() => `${name} to ${format}`);
  if (!random) return;
  const source = sourceOf(streamsOf(random));
  try {
    if (source) remuxSync(source, new MemorySink(), { format, onopen: () => new MemorySink() });
    walk.note(source ? "written" : "no source");
  } catch (error) {
    walk.note((error as Error).name);
  }
}

for (const { name, type } of codecs()) {
  const bare = { type, codec: name, ...common[type as keyof typeof common] } as CodecParametersLike;
  for (const { name: format } of outputFormats()) {
    run(`two streams of ${name} without extradata`, format, () => [bare, bare]);
    run(name, format, (random) => {
      return Array.from({ length: 1 + random.below(3) }, () => parameters(name, type, random));
    });
  }
}
walk.end();
