/**
 * AAC in LATM, which MPEG-TS may contain, for formats that need raw AAC: unpacked, refused if it is a rare kind,
 * damaged.
 */
import { assert, assertEquals, assertThrows } from "@std/assert";
import {
  AVError,
  Demuxer,
  fromMap,
  MemorySink,
  mergeSync,
  Muxer,
  Packet,
  probeSync,
  remuxSync,
  type StreamParameters,
} from "@avio/avio";
import { BitWriter } from "./support/bits.ts";
import { concatBytes } from "./support/essence.ts";
import { fixtureBytes } from "./support/fixtures.ts";

/** The film of the fixtures in MPEG-TS, its sound in LATM. */
function film(): Uint8Array<ArrayBuffer> {
  const sink = new MemorySink();
  remuxSync(fixtureBytes("video.mp4"), sink, { format: "mpegts", options: { mpegts_flags: "latm" } });
  return sink.bytes();
}

/** Data of the packets of sound. */
function soundOf(demuxer: Demuxer): Uint8Array[] {
  const { index } = demuxer.bestStream("audio")!;
  return [...demuxer.packetsSync()].filter(({ streamIndex }) => streamIndex === index).map(({ data }) =>
    data
  );
}

function soundIn(bytes: Uint8Array): Uint8Array[] {
  using demuxer = Demuxer.openSync(bytes);
  return soundOf(demuxer);
}

const SOUND = soundIn(fixtureBytes("video.mp4"));

Deno.test("LATM in MPEG-TS becomes AAC in every format with raw AAC", () => {
  const source = film();
  const outputs: [string, Record<string, string>][] = [
    ["mp4", {}],
    ["mp4", { movflags: "frag_keyframe+empty_moov+default_base_moof" }],
    ["mp4", { movflags: "cmaf+delay_moov" }],
    ["ipod", {}],
    ["mov", {}],
    ["flv", {}],
    ["matroska", {}],
  ];
  for (const [format, options] of outputs) {
    for (
      const run of [remuxSync, (one: Uint8Array, ...rest: [MemorySink, object]) => mergeSync([one], ...rest)]
    ) {
      const sink = new MemorySink();
      const { warnings } = run(source, sink, { format, options });
      assertEquals(warnings.map(({ message }) => message), [], format);
      const { codecParameters } = probeSync(sink.bytes()).streams.find(({ type }) => type === "audio")!;
      assertEquals(
        [codecParameters.codec, codecParameters.extradata],
        ["aac", new Uint8Array([0x12, 0x10])],
        format,
      );
      assertEquals(soundIn(sink.bytes()), SOUND, format);
    }
  }
});

Deno.test("LATM in MPEG-TS becomes AAC in HLS of fragmented mp4, and in DASH", () => {
  for (
    const [format, url, options] of [
      ["hls", "index.m3u8", { hls_segment_type: "fmp4", hls_time: 1, hls_playlist_type: "vod" }],
      ["dash", "manifest.mpd", {}],
    ] as const
  ) {
    const files = new Map<string, MemorySink>();
    const sink = new MemorySink();
    const { skippedStreams } = remuxSync(film(), sink, { format, url, options, onopen: fromMap(files) });
    assertEquals(skippedStreams, []);
    if (format === "dash") { // the system's build does not read it
      const init = [...files].filter(([name]) => /init/.test(name)).map(([, file]) => file.bytes());
      assert(init.some((bytes) => new TextDecoder("latin1").decode(bytes).includes("mp4a")));
      continue;
    }
    using demuxer = Demuxer.openSync(sink.bytes(), { url, onopen: fromMap(files) });
    assertEquals(soundOf(demuxer), SOUND);
  }
});

Deno.test("LATM is kept in MPEG-TS, and with a bitstream filter", () => {
  const sink = new MemorySink();
  remuxSync(film(), sink, { format: "mpegts" });
  using before = Demuxer.openSync(film());
  using after = Demuxer.openSync(sink.bytes());
  assertEquals(after.bestStream("audio")!.codecParameters.codec, "aac_latm");
  assertEquals(soundOf(after), soundOf(before));
});

Deno.test("A cut of LATM has a part of the audio, without gaps", () => {
  const sink = new MemorySink();
  remuxSync(film(), sink, { format: "mp4", start: 1, end: 2 });
  const sound = soundIn(sink.bytes()).map(String);
  const all = SOUND.map(String);
  const first = all.indexOf(sound[0]!);
  assert(sound.length > 40);
  assertEquals(sound, all.slice(first, first + sound.length));
});

const LATM: StreamParameters = {
  type: "audio",
  codec: "aac_latm",
  sampleRate: 44100,
  channels: 2,
  channelLayout: "stereo",
  frameSize: 1024,
  extradata: new Uint8Array([0x12, 0x10]),
};

/** What is written of packets of LATM into an mp4. */
function written(packets: readonly Uint8Array[]): Uint8Array[] {
  const sink = new MemorySink();
  const muxer = Muxer.openSync(sink, { format: "mp4" });
  const timeBase = { num: 1, den: 44100 };
  const streamIndex = muxer.addStream(LATM, { timeBase });
  packets.forEach((data, index) =>
    muxer.writeSync(
      new Packet({ streamIndex, data, pts: index * 1024, dts: index * 1024, duration: 1024, timeBase }),
    )
  );
  muxer.finishSync();
  return soundIn(sink.bytes());
}

interface Layout {
  version?: number;
  sameFraming?: number;
  subFrames?: number;
  programs?: number;
  layers?: number;
  config?: [bits: number, value: number][];
  lengthType?: number;
  otherData?: number;
  crc?: number;
}

const CONFIG: [number, number][] = [[5, 2], [4, 4], [4, 2], [3, 0]];

/** A packet of LATM; null: with the configuration of the one before. */
function latm(frame: readonly number[], layout: Layout | null = {}): Uint8Array {
  const body = new BitWriter();
  body.u(1, layout ? 0 : 1);
  if (layout) {
    const { version = 0, sameFraming = 1, subFrames = 0, programs = 0, layers = 0 } = layout;
    const { config = CONFIG, lengthType = 0, otherData, crc } = layout;
    const fields = [[1, version], [1, sameFraming], [6, subFrames], [4, programs], [3, layers], ...config, [
      3,
      lengthType,
    ], [8, 255]];
    for (const [bits, value] of fields) body.u(bits!, value!);
    body.u(1, otherData === undefined ? 0 : 1);
    if (otherData !== undefined) body.u(9, otherData);
    body.u(1, crc === undefined ? 0 : 1);
    if (crc !== undefined) body.u(8, crc);
  }
  for (let rest = frame.length;; rest -= 255) {
    body.u(8, Math.min(rest, 255));
    if (rest < 255) break;
  }
  for (const byte of frame) body.u(8, byte);
  const bytes = body.bytes();
  const head = new BitWriter();
  head.u(11, 0x2b7);
  head.u(13, bytes.length);
  return new Uint8Array([...head.bytes(), ...bytes]);
}

Deno.test("Packets of LATM with other data, a checksum, long frames or no configuration are unpacked", () => {
  const long = Array.from({ length: 600 }, (_, index) => index & 255);
  const frames = [[1, 2, 3], [4, 5], long, Array(255).fill(7)];
  const packets = [
    latm(frames[0]!, { otherData: 16, crc: 0x55 }),
    latm(frames[1]!, null),
    latm(frames[2]!),
    latm(frames[3]!, null),
  ];
  assertEquals(written(packets), frames.map((frame) => new Uint8Array(frame)));
});

Deno.test("LATM of rare kinds is refused, and the error names the kind", () => {
  const kinds: [Layout, string][] = [
    [{ version: 1 }, "audioMuxVersion 1"],
    [{ sameFraming: 0 }, "streams whose frames differ in length"],
    [{ subFrames: 1 }, "several frames in a packet"],
    [{ programs: 1 }, "several programs"],
    [{ layers: 1 }, "several layers"],
    [{ config: [[5, 2], [4, 4], [4, 0], [3, 0]] }, "an unsupported AudioSpecificConfig"],
    [{ config: [[5, 2], [4, 3], [4, 2], [3, 0]] }, "another AudioSpecificConfig than at the beginning"],
    [{ lengthType: 1 }, "frames without a length"],
  ];
  for (const [layout, kind] of kinds) {
    const { message } = assertThrows(() => written([latm([1, 2, 3], layout)]), AVError);
    assert(message.includes(`stream 0: LATM with ${kind} can't be unpacked`), message);
  }
});

Deno.test("Damaged packets of LATM are errors of a Muxer, which continues", () => {
  const good = latm(Array.from({ length: 300 }, (_, index) => index * 7 & 255), { otherData: 3, crc: 1 });
  let seed = 14;
  const random = (below: number) => (seed = (seed * 1103515245 + 12345) % 2 ** 31) % below;
  let refused = 0;
  for (let run = 0; run < 400; run++) {
    const bad = good.slice(0, run % 3 === 0 ? random(good.length) + 1 : good.length);
    for (let times = random(4); times >= 0; times--) bad[random(Math.min(bad.length, 24))] = random(256);
    try {
      written([good, bad]);
    } catch (error) {
      assert(error instanceof AVError, String(error));
      refused++;
    }
  }
  assert(refused > 100, String(refused));
});

Deno.test("Damaged packets of LATM in MPEG-TS are left out with a warning", () => {
  const source = film();
  let damaged = 0;
  for (let at = 0; at + 188 <= source.length && damaged < 20; at += 188) {
    const sync = source.subarray(at, at + 188).findIndex((byte, index, part) =>
      byte === 0x56 && (part[index + 1]! & 0xe0) === 0xe0
    );
    if (at < source.length / 2 || sync < 0 || sync > 150) continue;
    source[at + sync + 4]! ^= 0xff; // in StreamMuxConfig
    damaged++;
  }
  assert(damaged > 5);
  const sink = new MemorySink();
  const { warnings } = remuxSync(source, sink, { format: "mp4" });
  assert(warnings.some(({ kind, message }) => kind === "dropped" && /can't read/.test(message)));
  assert(soundIn(sink.bytes()).length > SOUND.length / 2);
});

const STEREO = CONFIG, MONO: [number, number][] = [[5, 2], [4, 4], [4, 1], [3, 0]];

/** Packets of LATM as a stream of LOAS, which states its configuration in every fourth of them. */
function loas(frames: readonly number[][], config: [number, number][], layout: Layout = {}): Uint8Array[] {
  return frames.map((frame, index) => latm(frame, index % 4 === 0 ? { ...layout, config } : null));
}

const FRAMES = SOUND.slice(20, 60).map((data) => [...data]);

function unpacked(packets: readonly Uint8Array[]) {
  const sink = new MemorySink();
  const source = concatBytes(packets);
  const { warnings } = remuxSync(source, sink, { format: "mp4", input: { format: "loas" } });
  return {
    frames: soundIn(sink.bytes()).map((data) => [...data]),
    warnings: warnings.map(({ kind, count }) => `${kind} ${count}`),
  };
}

Deno.test("Of LATM with another configuration in the middle no packet of that is taken for one of the first", () => {
  const [first, second, third] = [FRAMES.slice(0, 16), FRAMES.slice(16, 24), FRAMES.slice(24)];
  const packets = [...loas(first, STEREO), ...loas(second, MONO), ...loas(third, STEREO)];
  assertEquals(unpacked(packets), { frames: [...first, ...third], warnings: ["dropped 8"] });
});

Deno.test("LATM that begins between two configurations loses no packet, and a damaged first one is no end", () => {
  const packets = loas(FRAMES, STEREO);
  const behind = packets.slice(1);
  // What describes the stream comes of a later packet.
  assertEquals(unpacked(behind), { frames: FRAMES.slice(1), warnings: [] });
  for (const layout of [{ programs: 3 }, { subFrames: 5 }, { version: 1 }]) {
    const damaged = [latm(FRAMES[0]!, layout), ...packets.slice(4)];
    assertEquals(
      unpacked(damaged),
      { frames: FRAMES.slice(4), warnings: ["dropped 1"] },
      JSON.stringify(layout),
    );
  }
});
