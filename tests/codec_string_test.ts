/**
 * codecString() and mimeType(): each field by parameters made by hand, and the strings of files, which browsers know.
 */
import { assertEquals, assertThrows } from "@std/assert";
import {
  codecString,
  type CodecStringParameters,
  Demuxer,
  MemorySink,
  mimeType,
  type MimeTypeInfo,
  Muxer,
  probeSync,
} from "@avio/avio";
import { fixturePath } from "./support/fixtures.ts";

const nothing: CodecStringParameters = {
  codec: "",
  profile: null,
  level: null,
  extradata: null,
  tag: "",
  pixelFormat: null,
  width: 160,
  height: 90,
  frameRate: { num: 25, den: 1 },
  colorPrimaries: null,
  colorTransfer: null,
  colorSpace: null,
  colorRange: null,
};
const hdr = { colorPrimaries: "bt2020", colorTransfer: "smpte2084", colorSpace: "bt2020nc" };
const bytes = (text: string) => Uint8Array.fromHex(text.replaceAll(" ", ""));

/** The codec string for these parameters. */
const table: [string | null, Partial<CodecStringParameters> & { codec: string }][] = [
  // H.264: of avcC, of Annex B, of profile and level alone; constrained baseline; parameter sets in the packets
  ["avc1.64001f", { codec: "h264", extradata: bytes("01 64 00 1f ff e1") }],
  ["avc1.42c01e", { codec: "h264", extradata: bytes("00000001 67 42c01e 8c") }],
  ["avc1.64001f", { codec: "h264", profile: 100, level: 31 }],
  ["avc1.42401e", { codec: "h264", profile: 66 | 0x200, level: 30 }],
  ["avc3.64001f", { codec: "h264", tag: "avc3", extradata: bytes("01 64 00 1f ff e1") }],
  [null, { codec: "h264" }],
  // HEVC: profile space, compatibility turned round, tier, constraint bytes without the zeros at the end
  ["hvc1.1.6.L93.b0", { codec: "hevc", extradata: bytes("01 01 60000000 b00000000000 5d") }],
  ["hvc1.2.4.H150.90", { codec: "hevc", extradata: bytes("01 22 20000000 900000000000 96") }],
  ["hev1.A4.10.L120.9d.8", {
    codec: "hevc",
    tag: "hev1",
    extradata: bytes("01 44 08000000 9d0800000000 78"),
  }],
  [null, { codec: "hevc" }],
  // AV1: tier and depth of av1C; the rest where it is not the default
  ["av01.0.04M.08", { codec: "av1", extradata: bytes("81 04 0c 00") }],
  ["av01.0.13H.10", { codec: "av1", extradata: bytes("81 0d cc 00") }],
  ["av01.0.08M.10.0.110.09.16.09.0", { codec: "av1", extradata: bytes("81 08 4c 00"), ...hdr }],
  ["av01.0.04M.08.0.112.01.01.01.0", { codec: "av1", extradata: bytes("81 04 0e 00") }],
  ["av01.1.04M.08.0.000.01.01.01.0", { codec: "av1", extradata: bytes("81 24 00 00") }],
  ["av01.0.04M.08.1.110.01.01.01.0", { codec: "av1", extradata: bytes("81 04 1c 00") }],
  ["av01.0.01M.10", { codec: "av1", profile: 0, level: 1, pixelFormat: "yuv420p10le" }],
  ["av01.2.05M.12.0.100.01.01.01.1", {
    codec: "av1",
    profile: 2,
    level: 5,
    pixelFormat: "yuv422p12le",
    colorRange: "pc",
  }],
  [null, { codec: "av1" }],
  // VP9
  ["vp09.00.10.08", { codec: "vp9" }],
  ["vp09.00.41.08", { codec: "vp9", profile: 0, level: 41, pixelFormat: "yuv420p", colorRange: "tv" }],
  ["vp09.02.10.10.01.09.16.09.00", { codec: "vp9", profile: 2, pixelFormat: "yuv420p10le", ...hdr }],
  ["vp09.01.10.08.03.01.01.01.01", { codec: "vp9", profile: 1, pixelFormat: "yuv444p", colorRange: "pc" }],
  ["vp09.01.10.08.02.01.01.01.00", { codec: "vp9", profile: 1, pixelFormat: "yuv422p" }],
  // AAC: Low Complexity; HE-AAC, explicit, with parametric stereo, and at the end for old decoders; xHE-AAC; no extradata
  ["mp4a.40.2", { codec: "aac", extradata: bytes("1190") }],
  ["mp4a.40.5", { codec: "aac", extradata: bytes("2b098800") }],
  ["mp4a.40.29", { codec: "aac", extradata: bytes("eb098800") }],
  ["mp4a.40.5", { codec: "aac", extradata: bytes("1310 56e5 9d80") }],
  ["mp4a.40.29", { codec: "aac", extradata: bytes("1308 56e5 9d48 80") }],
  ["mp4a.40.2", { codec: "aac", extradata: bytes("1190 56e5 00") }],
  ["mp4a.40.42", { codec: "aac", extradata: bytes("f946 4000") }],
  ["mp4a.40.2", { codec: "aac" }],
  ["mp4a.40.5", { codec: "aac", profile: 4 }],
  ["mp4a.40.29", { codec: "aac", profile: 28 }],
  ["mp4a.67", { codec: "aac", profile: 128 }],
  // MPEG-4 part 2: of its header, of profile and level
  ["mp4v.20.1", { codec: "mpeg4", extradata: bytes("000001b0 01 000001b5 89"), profile: 0, level: 1 }],
  ["mp4v.20.245", { codec: "mpeg4", profile: 15, level: 5 }],
  ["mp4v.20", { codec: "mpeg4" }],
  // MPEG-2: Main, 4:2:2; DTS
  ["mp4v.61", { codec: "mpeg2video", profile: 4 }],
  ["mp4v.65", { codec: "mpeg2video", profile: 0 }],
  ["dtsc", { codec: "dts", profile: 20 }],
  ["dtsl", { codec: "dts", profile: 60 }],
  // without fields
  ["mp3", { codec: "mp3" }],
  ["opus", { codec: "opus" }],
  ["flac", { codec: "flac" }],
  ["alac", { codec: "alac" }],
  ["ac-3", { codec: "ac3" }],
  ["ec-3", { codec: "eac3" }],
  ["vorbis", { codec: "vorbis" }],
  ["pcm-s16", { codec: "pcm_s16le" }],
  ["pcm-f32", { codec: "pcm_f32le" }],
  ["ulaw", { codec: "pcm_mulaw" }],
  ["vp8", { codec: "vp8" }],
  ["wvtt", { codec: "webvtt" }],
  // without a name
  [null, { codec: "subrip" }],
  [null, { codec: "ass" }],
  [null, { codec: "pcm_s16be" }],
  [null, { codec: "msmpeg4v3" }],
  [null, { codec: "constructor" }],
];

Deno.test("codecString() of each codec", () => {
  for (const [expected, parameters] of table) {
    assertEquals(codecString({ ...nothing, ...parameters }), expected, JSON.stringify(parameters));
  }
});

Deno.test("codecString() terminates with any extradata", () => {
  for (const codec of ["h264", "hevc", "av1", "aac", "mpeg4"]) {
    for (const first of [0, 1, 0x81, 0xff]) {
      for (let size = 0; size < 24; size++) {
        codecString({ ...nothing, codec, extradata: new Uint8Array(size).fill(first) });
      }
    }
  }
});

Deno.test("mimeType() of files", () => {
  const types: Record<string, string> = {
    "video.mp4": 'video/mp4; codecs="avc1.64000c, mp4a.40.2"',
    "video.webm": 'video/webm; codecs="vp09.00.10.08, opus"',
    "video.mkv": 'video/x-matroska; codecs="avc1.64000c, mp4a.40.2"',
    "video.ts": 'video/mp2t; codecs="avc1.64000c, mp4a.40.2"',
    "audio.mp3": "audio/mpeg",
    "cover.mp3": "audio/mpeg",
    "audio.ogg": 'audio/ogg; codecs="vorbis"',
    "audio.wav": "audio/wav",
    "audio.flac": "audio/flac",
    "video.avi": "video/x-msvideo",
    "video.flv": "video/x-flv",
    "image.jpeg": "image/jpeg",
    "image.png": "image/png",
  };
  for (const [name, expected] of Object.entries(types)) {
    assertEquals(mimeType(probeSync(fixturePath(name))), expected, name);
  }
});

Deno.test("mimeType() takes a Demuxer, or a Muxer with streams, and distinguishes brands of mp4", () => {
  using demuxer = Demuxer.openSync(fixturePath("video.mp4"));
  assertEquals(mimeType(demuxer), 'video/mp4; codecs="avc1.64000c, mp4a.40.2"');
  using muxer = Muxer.openSync(new MemorySink(), { format: "mp4" });
  muxer.addStream(demuxer.bestStream("audio")!);
  assertEquals(mimeType(muxer), 'audio/mp4; codecs="mp4a.40.2"');
  const { format, streams } = demuxer;
  const branded = (major_brand: string) => mimeType({ format, streams, metadata: { major_brand } });
  assertEquals(branded("qt  "), 'video/quicktime; codecs="avc1.64000c, mp4a.40.2"');
  assertEquals(branded("3gp4"), 'video/3gpp; codecs="avc1.64000c, mp4a.40.2"');
});

Deno.test("mimeType() with an output format is the type of a remux to it", () => {
  const mkv = probeSync(fixturePath("video.mkv"));
  assertEquals(mimeType(mkv, { format: "mp4" }), 'video/mp4; codecs="avc1.64000c, mp4a.40.2"');
  assertEquals(mimeType(mkv, { format: "mov" }), 'video/quicktime; codecs="avc1.64000c, mp4a.40.2"');
  assertEquals(mimeType(mkv, {}), mimeType(mkv));
  const heic = { ...mkv, metadata: { major_brand: "heic" } };
  assertEquals(mimeType(heic, { format: "mpegts" }), 'video/mp2t; codecs="avc1.64000c, mp4a.40.2"');
  assertEquals(mimeType(mkv, { format: "no such format" }), null);
  assertThrows(() => mimeType(mkv, { format: 5 as never }), TypeError, "options.format");
  assertThrows(() => mimeType(mkv, null as never), TypeError, "options");
});

Deno.test("mimeType() leaves out streams that are not played, and uses FFmpeg's codec name if there is no codec string", () => {
  using demuxer = Demuxer.openSync(fixturePath("video.mkv"));
  const [video, audio] = demuxer.streams as MimeTypeInfo["streams"];
  const like = (type: "subtitle" | "video", codec: string, disposition: string[] = []) => ({
    type,
    disposition,
    codecParameters: { ...video!.codecParameters, codec, extradata: null },
  });
  const of = (...streams: MimeTypeInfo["streams"]) => mimeType({ format: demuxer.format, streams });
  assertEquals(of(audio!, audio!), 'audio/x-matroska; codecs="mp4a.40.2"');
  assertEquals(of(audio!, like("video", "mjpeg", ["attached_pic"])), 'audio/x-matroska; codecs="mp4a.40.2"');
  assertEquals(of(like("video", "vp8"), like("subtitle", "subrip")), 'video/x-matroska; codecs="vp8"');
  assertEquals(of(like("video", "vp8"), like("subtitle", "webvtt")), 'video/webm; codecs="vp8, wvtt"');
  assertEquals(of(like("video", "msmpeg4v3")), 'video/x-matroska; codecs="msmpeg4v3"');
  assertEquals(mimeType({ format: { name: "nothing", mimeTypes: [] }, streams: [] }), null);
});
