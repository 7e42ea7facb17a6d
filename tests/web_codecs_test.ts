/**
 * WebCodecs' types without a browser: configurations from streams and streams from configurations, chunks from packets
 * and packets from chunks. `browser_test.ts` uses them in a browser.
 */
import { assert, assertEquals, assertThrows } from "@std/assert";
import {
  type AudioConfig,
  codecParametersOf,
  codecs,
  decoderConfig,
  Demuxer,
  type EncodedChunk,
  MemorySink,
  Muxer,
  Packet,
  probeSync,
  type Stream,
  type VideoConfig,
} from "@avio/avio";
import { fixturePath } from "./support/fixtures.ts";
import { madePackets } from "./support/made.ts";
import { libavformat } from "./support/versions.ts";

function streamOf(name: string, type: "video" | "audio"): Stream {
  using demuxer = Demuxer.openSync(fixturePath(name));
  return demuxer.bestStream(type)!;
}

const hexOf = (config: { description?: Uint8Array } | null, length = 4) =>
  config?.description?.subarray(0, length).toHex();

// ------------------------------------------------------------------------------------------- decoderConfig

Deno.test("decoderConfig() is null if the source lacks what a decoder needs", () => {
  const missing = {
    video: [{ width: 0 }, { height: 0 }],
    audio: [{ sampleRate: 0 }, { channels: 0 }],
  };
  for (const type of ["video", "audio"] as const) {
    const { codecParameters } = streamOf("video.mp4", type);
    assert(decoderConfig({ type, codecParameters }));
    for (const none of missing[type]) {
      assertEquals(decoderConfig({ type, codecParameters: { ...codecParameters, ...none } }), null);
    }
  }
});

Deno.test("codecParametersOf() knows every codec of decoderConfig(), and returns its extradata", () => {
  const video = streamOf("video.mp4", "video").codecParameters;
  const audio = streamOf("video.mp4", "audio").codecParameters;
  const extradata = Uint8Array.of(0, 0, 1, 0xb0, 1, 0, 0, 1, 0xb5, 0x89, 0x13);
  for (const { name, type } of codecs()) {
    if (type !== "video" && type !== "audio") continue;
    const keepsExtradata = ["mpeg4", "theora"].includes(name);
    const parameters = {
      ...(type === "video" ? video : audio),
      codec: name,
      extradata: keepsExtradata ? extradata : null,
    };
    const config = name === "h264" || name === "hevc"
      ? null
      : decoderConfig({ type, codecParameters: parameters });
    if (!config) continue;
    const back = codecParametersOf(config);
    assertEquals([back.codec, back.type], [name, type], config.codec);
    if (keepsExtradata) assertEquals(back.extradata, extradata, name);
  }
});

Deno.test("decoderConfig() has avcC as description for H.264, and none for MPEG-TS", () => {
  const { description, ...rest } = decoderConfig(streamOf("video.mp4", "video")) as VideoConfig;
  assertEquals(rest, { codec: "avc1.64000c", codedWidth: 320, codedHeight: 180 });
  assertEquals(description![0], 1);
  const annexB = decoderConfig(streamOf("video.ts", "video")) as VideoConfig;
  assertEquals([annexB.codec, annexB.description], ["avc1.64000c", undefined]);
});

Deno.test("decoderConfig() describes audio as in the WebCodecs registrations", () => {
  const of = (name: string) => decoderConfig(streamOf(name, "audio")) as AudioConfig;
  assertEquals(of("video.mp4").codec, "mp4a.40.2");
  assertEquals(of("video.mp4").description!.length >= 2, true);
  assertEquals(of("video.ts").description, undefined); // ADTS
  assertEquals(of("audio.mp3"), { codec: "mp3", sampleRate: 44100, numberOfChannels: 2 });
  const flac = of("audio.flac");
  assertEquals([hexOf(flac, 8), flac.description!.length], ["664c614380000022", 42]);
  assertEquals(new TextDecoder().decode(of("video.webm").description!.subarray(0, 8)), "OpusHead");
  const vorbis = of("audio.ogg");
  assertEquals([hexOf(vorbis, 2), vorbis.codec], ["021e", "vorbis"]);
  assertEquals(of("audio.wav").codec, "pcm-s16");
  assertEquals(of("audio.wav").description, undefined);
});

Deno.test("decoderConfig() laces Vorbis headers whose sizes are stored as two bytes", () => {
  const headers = [new Uint8Array(30).fill(1), new Uint8Array(300).fill(3), new Uint8Array(10).fill(5)];
  const extradata = new Uint8Array(
    headers.flatMap((bytes) => [bytes.length >> 8, bytes.length & 255, ...bytes]),
  );
  const { codecParameters } = streamOf("audio.ogg", "audio");
  const config = decoderConfig({ type: "audio", codecParameters: { ...codecParameters, extradata } });
  assertEquals(hexOf(config, 5), "021eff2d01");
  assertEquals(config!.description!.length, 4 + 340);
});

Deno.test("decoderConfig() has what mirrors pictures, which WebCodecs does after it has rotated them", () => {
  const { codecParameters } = streamOf("video.mp4", "video");
  const one = 65536, whole = 1 << 30;
  for (
    const [numbers, rotation, flip] of [
      [[one, 0, 0, 0, one, 0, 0, 0, whole], undefined, undefined],
      [[0, one, 0, -one, 0, 0, 0, 0, whole], 90, undefined],
      [[-one, 0, 0, 0, one, 0, 0, 0, whole], undefined, true], // left to right
      [[one, 0, 0, 0, -one, 0, 0, 0, whole], 180, true], // top to bottom
      [[0, -one, 0, -one, 0, 0, 0, 0, whole], 270, true], // mirrored, then rotated by 90 degrees
    ] as const
  ) {
    const sink = new MemorySink();
    using muxer = Muxer.openSync(sink, { format: "mp4" });
    const sideData = [{ type: "Display Matrix", data: new Uint8Array(new Int32Array(numbers).buffer) }];
    muxer.addStream(codecParameters, { sideData });
    muxer.writeSync({
      streamIndex: 0,
      data: new Uint8Array([0, 0, 0, 2, 9, 16]),
      pts: 0,
      dts: 0,
      isKey: true,
    });
    muxer.finishSync();
    const [stream] = probeSync(sink.bytes()).streams;
    const config = decoderConfig(stream!) as VideoConfig;
    assertEquals([config.rotation, config.flip], [rotation, flip]);
  }
});

Deno.test("decoderConfig() has colours, non-square pixels and rotation; null for codecs without a name", () => {
  const { codecParameters } = streamOf("video.mp4", "video");
  const video = (fields: Partial<typeof codecParameters>, rotation = 0) =>
    decoderConfig({ type: "video", rotation, codecParameters: { ...codecParameters, ...fields } });
  const config = video({
    colorPrimaries: "bt2020",
    colorTransfer: "smpte2084",
    colorSpace: "bt2020nc",
    colorRange: "tv",
    sampleAspectRatio: { num: 4, den: 3 },
  }, 90) as VideoConfig;
  assertEquals(JSON.parse(JSON.stringify(config.colorSpace)), {
    primaries: "bt2020",
    transfer: "pq",
    matrix: "bt2020-ncl",
    fullRange: false,
  });
  assertEquals([config.displayAspectWidth, config.displayAspectHeight, config.rotation], [1280, 540, 90]);
  assertEquals(video({ codec: "msmpeg4v3" }), null);
  assertEquals(
    decoderConfig({ type: "subtitle", codecParameters: { ...codecParameters, codec: "webvtt" } }),
    null,
  );
});

// ------------------------------------------------------------------------------------------- codecParametersOf

Deno.test("codecParametersOf() reads what decoderConfig() writes", () => {
  const files = {
    "video.mp4": 2,
    "video.webm": 2,
    "audio.flac": 1,
    "audio.ogg": 1,
    "audio.mp3": 1,
    "audio.wav": 1,
  };
  for (const [name, count] of Object.entries(files)) {
    using demuxer = Demuxer.openSync(fixturePath(name));
    assertEquals(demuxer.streams.length, count, name);
    for (const stream of demuxer.streams) {
      const config = decoderConfig(stream)!;
      const { codecParameters: before } = stream;
      const after = codecParametersOf(config);
      assertEquals(decoderConfig({ ...stream, codecParameters: { ...before, ...after } }), config, name);
      assertEquals(
        [after.type, after.codec, after.extradata],
        [before.type, before.codec, config.description ? before.extradata : null],
        name,
      );
    }
  }
});

Deno.test("codecParametersOf() knows each name that WebCodecs has", () => {
  const video = { codedWidth: 64, codedHeight: 48 };
  const audio = { sampleRate: 48000, numberOfChannels: 2 };
  const names: Record<string, Partial<Stream["codecParameters"]>> = {
    "avc1.64001F": { codec: "h264", profile: 100, level: 31 },
    "hvc1.1.6.L93.b0": { codec: "hevc", profile: 1, level: 93 },
    vp8: { codec: "vp8", pixelFormat: "yuv420p" },
    "vp09.02.41.10.03": { codec: "vp9", profile: 2, level: 41, pixelFormat: "yuv444p10le" },
    "av01.0.04M.10": { codec: "av1", profile: 0, level: 4, pixelFormat: "yuv420p10le" },
    "av01.0.04M.08.1.110.01.01.01.0": { codec: "av1", pixelFormat: "gray" },
    "mp4v.20.245": { codec: "mpeg4", profile: 15, level: 5 },
    "mp4a.40.5": { codec: "aac", profile: 4, frameSize: 1024 },
    "mp4a.6B": { codec: "mp3" },
    "mp4a.67": { codec: "aac" },
    opus: { codec: "opus" },
    "pcm-s16": { codec: "pcm_s16le", blockAlign: 4, bitsPerCodedSample: 16 },
    ulaw: { codec: "pcm_mulaw", blockAlign: 2 },
    "ec-3": { codec: "eac3" },
  };
  for (const [codec, expected] of Object.entries(names)) {
    const found = codecParametersOf({ codec, ...video, ...audio });
    for (const [name, value] of Object.entries(expected)) {
      assertEquals(found[name as keyof typeof found], value, `${codec} ${name}`);
    }
  }
  const opus = codecParametersOf({ codec: "opus", ...audio });
  assertEquals(opus.extradata!.toHex(), "4f707573486561640102000080bb0000000000");
});

Deno.test("codecParametersOf() names the wrong field", () => {
  const size = { codedWidth: 64, codedHeight: 48 };
  // deno-lint-ignore no-explicit-any
  const of = (config: any) => () => codecParametersOf(config);
  assertThrows(of(null), TypeError, "config: must be an object");
  assertThrows(of({}), TypeError, "config.codec: must be a string");
  assertThrows(of({ codec: "h266" }), TypeError, "config.codec: there is no codec");
  assertThrows(of({ codec: "toString" }), TypeError, "config.codec: there is no codec");
  assertThrows(of({ codec: "vp8" }), TypeError, "config.codedWidth: must be a number");
  assertThrows(of({ codec: "vp8", ...size, codedHeight: 0 }), RangeError, "config.codedHeight");
  assertThrows(of({ codec: "opus", sampleRate: 48000 }), TypeError, "config.numberOfChannels");
  assertThrows(of({ codec: "vp8", ...size, description: "x" }), TypeError, "config.description");
  assertThrows(of({ codec: "vp8", ...size, colorSpace: 5 }), TypeError, "config.colorSpace");
});

// ------------------------------------------------------------------------------------------- chunks

Deno.test("packet.toEncodedChunkInit() has microseconds, and Packet.fromEncodedChunk() reverses it", () => {
  using demuxer = Demuxer.openSync(fixturePath("video.mkv"));
  for (const packet of demuxer.packetsSync()) {
    const init = packet.toEncodedChunkInit();
    assertEquals(init.timestamp, Math.round(packet.time! * 1e6));
    assertEquals(init.type, packet.isKey ? "key" : "delta");
    assert(init.data === packet.data);
    const again = Packet.fromEncodedChunk(init, packet);
    assertEquals(
      [again.pts, again.dts, again.duration, again.isKey, again.streamIndex],
      [init.timestamp, init.timestamp, init.duration ?? 0, packet.isKey, packet.streamIndex],
    );
  }
  const untimed = new Packet({ streamIndex: 0, data: new Uint8Array(1) });
  assertThrows(() => untimed.toEncodedChunkInit(), Error, "the packet has no time");
  assertEquals(new Packet({ ...untimed, dts: 7 }).toEncodedChunkInit().timestamp, 7);
  assertEquals("duration" in new Packet({ ...untimed, dts: 7 }).toEncodedChunkInit(), false);
});

Deno.test("Packet.fromEncodedChunk() takes chunks whose bytes are copied out, and bytes of any kind", () => {
  const chunk = {
    type: "delta",
    timestamp: -40,
    duration: null,
    byteLength: 3,
    copyTo: (into: Uint8Array) => into.set([1, 2, 3]),
  } as const;
  const packet = Packet.fromEncodedChunk(chunk, { streamIndex: 2 });
  assertEquals([packet.pts, packet.duration, packet.isKey, packet.streamIndex], [-40, 0, false, 2]);
  assertEquals(packet.data, Uint8Array.of(1, 2, 3));
  const plain = { type: "key", timestamp: 0 } as const;
  const { buffer } = Uint8Array.of(0, 1, 2, 3);
  assertEquals(
    Packet.fromEncodedChunk({ ...plain, data: buffer }, { streamIndex: 0 }).data,
    Uint8Array.of(0, 1, 2, 3),
  );
  const wrong: [unknown, unknown, string][] = [
    [null, {}, "chunk: must be an object"],
    [{ ...plain, type: "B", data: buffer }, { streamIndex: 0 }, "chunk.type: must be one of"],
    [
      { ...plain, timestamp: 0.5, data: buffer },
      { streamIndex: 0 },
      "chunk.timestamp: must be a whole number",
    ],
    [{ ...plain, duration: -1, data: buffer }, { streamIndex: 0 }, "chunk.duration"],
    [{ ...plain, data: "text" }, { streamIndex: 0 }, "chunk.data: must be bytes"],
    [plain, { streamIndex: 0 }, "chunk: must have data"],
    [{ ...plain, data: buffer }, {}, "streamIndex: must be a number"],
    [{ ...plain, data: buffer }, { streamIndex: 0, dts: 5 }, "dts: there is no such option"],
  ];
  for (const [value, options, message] of wrong) {
    assertThrows(
      () => Packet.fromEncodedChunk(value as EncodedChunk, options as { streamIndex: number }),
      Error,
      message,
    );
  }
});

Deno.test("The configuration and chunks of encoders become a file, for each codec and format", () => {
  const cases: [recipe: string, format: string, codec: string][] = [
    ["h264", "mp4", "avc1.42c01e"],
    ["h264", "matroska", "avc1.42c01e"],
    ["hevc", "mp4", "hev1.1.6.L30.90"],
    ["vp8", "webm", "vp8"],
    ["vp9", "webm", "vp09.00.10.08"],
    ["vp9", "mp4", "vp09.00.10.08"],
    ["av1", "webm", "av01.0.00M.08"],
    ["av1", "mp4", "av01.0.00M.08"],
    ["aac", "mp4", "mp4a.40.2"],
    ["opus", "webm", "opus"],
    ["opus", "mp4", "opus"],
    ["opus", "ogg", "opus"],
    ["mp3", "mp4", "mp3"],
    ...(libavformat > 59 ? [["flac", "mp4", "flac"] as [string, string, string]] : []), // experimental before
    ["flac", "matroska", "flac"],
  ];
  for (const [recipe, format, codec] of cases) {
    const { data, keys, parameters } = madePackets(recipe);
    const isVideo = parameters.type === "video";
    const description = recipe === "flac"
      ? decoderConfig({ type: "audio", codecParameters: parameters as Stream["codecParameters"] })!
        .description
      : undefined;
    const config = isVideo
      ? { codec, codedWidth: 64, codedHeight: 48 }
      : { codec, sampleRate: 48000, numberOfChannels: 1, ...(description ? { description } : {}) };
    const sink = new MemorySink();
    using muxer = Muxer.openSync(sink, { format });
    const streamIndex = muxer.addStream(codecParametersOf(config));
    data.forEach((bytes, at) => {
      const type = keys![at]! ? "key" : "delta";
      muxer.writeSync(
        Packet.fromEncodedChunk({ type, timestamp: at * 20_000, duration: 20_000, data: bytes }, {
          streamIndex,
        }),
      );
    });
    muxer.finishSync();
    using again = Demuxer.openSync(sink.bytes());
    const label = `${codec} in ${format}`;
    assertEquals(again.streams[0]!.codecParameters.codec, parameters.codec, label);
    const packets = [...again.packetsSync()];
    assertEquals(packets.length, data.length, label);
    assertEquals(packets.at(-1)!.time! - packets[0]!.time! > 0, true, label);
  }
});
