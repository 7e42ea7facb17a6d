/**
 * A process that sets muxers' own options to unreasonable numbers, and fields of streams to values that no file has. The
 * process must survive.
 */
import { codecs, type FormatOption, formatOptions, Muxer, outputFormats } from "@avio/avio";
import type { Random } from "../../fuzz/random.ts";
import { Walk } from "./hostile_child.ts";

const walk = new Walk();
const types = new Map(codecs().map(({ name, type }) => [name, type]));
const MAX_BYTES = 1 << 20;

/** A sink that throws after more bytes than are needed here. */
function sink() {
  let bytes = 0;
  return {
    onwrite(chunk: Uint8Array) {
      if ((bytes += chunk.length) > MAX_BYTES) throw new Error("enough");
      return chunk.length;
    },
    onseek: (offset: number) => offset,
  };
}

const fields: Record<string, object> = {
  video: { width: 64, height: 64, pixelFormat: "yuv420p", frameRate: { num: 25, den: 1 } },
  audio: { sampleRate: 8000, channels: 1 },
};

const oddFields: Record<string, object[]> = {
  audio: [
    { channels: 0 },
    { channels: 1024 },
    { sampleRate: 0 },
    { sampleRate: 2 ** 31 - 1 },
    { sampleRate: 2 ** 29, frameSize: 160 },
    { sampleRate: 2 ** 30 },
    { channelLayout: "268435456C" },
    { blockAlign: 2 ** 30 },
    { blockAlign: 2 ** 31 - 1 },
    { frameSize: 2 ** 31 - 1 },
    { bitsPerCodedSample: 1024, channels: 1024 },
  ],
  video: [{ width: 0, height: 0 }, { width: 2 ** 29 }, { width: 2 ** 31 - 1, height: 2 ** 31 - 1 }, {
    frameRate: { num: 0, den: 1 },
  }],
};

function muxed(
  format: string,
  codec: string,
  more: object,
  options: Record<string, string>,
  random: Random,
): void {
  const type = types.get(codec)!;
  using muxer = Muxer.openSync(sink(), { format, url: "%d", options, onopen: () => sink() });
  muxer.addStream({ type, codec, ...fields[type], ...more } as never);
  for (let n = 0; n < 4; n++) {
    const data = Uint8Array.from({ length: random.pick([1, 38, 200, 3000]) }, () => random.below(256));
    muxer.writeSync({
      streamIndex: 0,
      data,
      pts: n * 40000,
      dts: n * 40000,
      duration: 40000,
      isKey: n % 2 === 0,
    });
  }
  muxer.finishSync();
}

function valuesOf({ type, min, max, constants }: FormatOption): string[] {
  const numbers = [min, max, -1, 0, 1, 2, 13, 40, 2147483647].filter((value) => value !== null).map(String);
  if (type === "flags") {
    return [
      ...constants.map(({ name }) => name),
      constants.map(({ name }) => name).join("+"),
    ];
  }
  return ["integer", "number", "boolean", "duration"].includes(type) ? numbers : ["", "0", "while(1,0)"];
}

function tried(name: string, work: (random: Random) => void): void {
  const random = walk.next(() => name);
  if (!random) return;
  try {
    work(random);
    walk.note("written");
  } catch (error) {
    walk.note((error as Error).name);
  }
}

for (const { name: format, defaultCodecs } of outputFormats()) {
  for (const codec of Object.values(defaultCodecs ?? {})) {
    for (const more of oddFields[types.get(codec)!] ?? []) {
      tried(`${format} ${codec} ${JSON.stringify(more)}`, (random) => muxed(format, codec, more, {}, random));
    }
    tried(`segments of ${format} ${codec}`, (random) => {
      muxed("segment", codec, {}, { segment_format: format }, random);
    });
    for (const option of formatOptions(format, "output").filter(({ generic }) => !generic)) {
      for (const value of valuesOf(option)) {
        const said = `${format} ${codec} ${option.name}=${value}`;
        tried(said, (random) => muxed(format, codec, {}, { [option.name]: value }, random));
      }
    }
  }
}
walk.end();
