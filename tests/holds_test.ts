/**
 * What containers can hold: a stream for which `canHold` is true can be read back from the output, covers stay covers,
 * and files that nothing could open are not written.
 */
import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import {
  type CodecParameters,
  Demuxer,
  MemorySink,
  Muxer,
  Packet,
  probeSync,
  type RemuxOptions,
  type RemuxResult,
  RemuxStream,
  remuxSync,
  streamingOptions,
  type StreamParameters,
} from "@avio/avio";
import { concatBytes, nalUnits } from "./support/essence.ts";
import { fixtureBytes, realPath } from "./support/fixtures.ts";
import { rowsOf } from "./support/packets.ts";
import { libavformat } from "./support/versions.ts";

type Bytes = Uint8Array<ArrayBuffer>;

function remuxed(source: Bytes | string, options: RemuxOptions): { bytes: Bytes; result: RemuxResult } {
  const sink = new MemorySink();
  const result = remuxSync(source, sink, options);
  return { bytes: sink.bytes() as Bytes, result };
}

function hex(bytes: Uint8Array): string {
  return bytes.toHex();
}

/** The first byte of packets, for codecs whose demuxers examine it. */
const beginnings: Record<string, number> = { amr_nb: 0x3c, amr_wb: 0x44 };

/** Random data without start codes and zeros, in place of coded data. */
function noise(size: number, seed: number): Uint8Array {
  return Uint8Array.from({ length: size }, (_, i) => (i * 37 + seed * 101 + (i >> 3)) % 254 + 1);
}

// ------------------------------------------------------------------------------------------- covers

/** Pictures with the signature of the codec. */
const pictures: Record<string, Uint8Array> = {
  mjpeg: fixtureBytes("image.jpeg"),
  png: fixtureBytes("image.png"),
};

/** A song with a cover, by the muxer. */
function songWithCover(format: string, codec: string): Bytes {
  using song = Demuxer.openSync(fixtureBytes(format === "flac" ? "audio.flac" : "audio.mp3"));
  const sink = new MemorySink();
  using muxer = Muxer.openSync(sink, { format });
  muxer.addStream(song.streams[0]!);
  muxer.addStream({ type: "video", codec, width: 64, height: 48 }, {
    timeBase: { num: 1, den: 90000 },
    disposition: ["attached_pic"],
  });
  muxer.writeSync({
    streamIndex: 1,
    data: pictures[codec]!,
    pts: 0,
    dts: 0,
    timeBase: { num: 1, den: 90000 },
    isKey: true,
  });
  for (const packet of song.packetsSync()) muxer.writeSync(packet);
  muxer.finishSync();
  return sink.bytes() as Bytes;
}

/** The covers, as bytes; and what there is beside them. */
function contentOf(bytes: Bytes): { covers: string[]; types: string[] } {
  using demuxer = Demuxer.openSync(bytes);
  const isCover = (index: number) => demuxer.streams[index]!.disposition.includes("attached_pic");
  const covers = [...demuxer.packetsSync()].filter(({ streamIndex }) => isCover(streamIndex));
  return {
    covers: covers.map(({ data }) => hex(data)),
    types: demuxer.streams.filter(({ index }) => !isCover(index)).map(({ type }) => type),
  };
}

Deno.test("remuxSync() keeps JPEG and PNG covers in every format that can store them", () => {
  for (const codec of ["mjpeg", "png"]) {
    for (
      const [from, formats] of [["flac", ["flac", "matroska", ...(libavformat > 59 ? ["mp4"] : [])]], [
        "mp3",
        [
          "mp3",
          "matroska",
          "mp4",
        ],
      ]] as const
    ) {
      const song = songWithCover(from, codec);
      for (const format of formats) {
        const { bytes, result } = remuxed(song, { format });
        assertEquals(result.skippedStreams, [], `${codec} from ${from} to ${format}`);
        assertEquals(contentOf(bytes), { covers: [hex(pictures[codec]!)], types: ["audio"] }, format);
      }
    }
  }
  const m4a = remuxed(remuxed(fixtureBytes("video.mp4"), { format: "mp4", streams: [1] }).bytes, {
    format: "ipod",
  });
  assertEquals(contentOf(m4a.bytes).types, ["audio"]);
});

/** 8,000 bytes of sound, and a cover. */
function soundWithCover(format: string, codec: string, samples: number): Bytes {
  const sink = new MemorySink();
  using muxer = Muxer.openSync(sink, { format });
  const rate = { num: 1, den: 8000 };
  muxer.addStream({ type: "audio", codec, sampleRate: 8000, channels: 1 }, { timeBase: rate });
  muxer.addStream({ type: "video", codec: "mjpeg", width: 64, height: 48 }, {
    disposition: ["attached_pic"],
  });
  muxer.writeSync({
    streamIndex: 1,
    data: pictures.mjpeg!,
    pts: 0,
    dts: 0,
    timeBase: { num: 1, den: 90000 },
    isKey: true,
  });
  muxer.writeSync({
    streamIndex: 0,
    data: noise(8000, 1),
    pts: 0,
    dts: 0,
    duration: samples,
    timeBase: rate,
    isKey: true,
  });
  muxer.finishSync();
  return sink.bytes() as Bytes;
}

Deno.test("remuxSync(): a cover that is no picture is left out where its size is needed, the sound stays", () => {
  const bytes = fixtureBytes("cover.mp3").slice();
  const at = bytes.findIndex((byte, i) => byte === 0xff && bytes[i + 1] === 0xd8 && bytes[i + 2] === 0xff);
  bytes.fill(0x20, at + 3, at + 1000);
  assertEquals(probeSync(bytes).streams[1]!.codecParameters.width, 0);
  for (const format of ["mp4", "mp3", "matroska"]) {
    const { result, bytes: output } = remuxed(bytes, { format });
    const isKept = format === "matroska"; // there it is a file
    assertEquals(result.streams.length, isKept ? 2 : 1, format);
    assertEquals(result.skippedStreams.length, isKept ? 0 : 1, format);
    assertEquals(result.warnings.some(({ kind }) => kind === "skipped"), !isKept, format);
    assertEquals(
      rowsOf(output).filter(({ stream }) => stream === 0).length,
      rowsOf(bytes).length - 1,
      format,
    );
  }
});

Deno.test("remuxSync() keeps the cover of aiff in aiff", () => {
  const source = soundWithCover("aiff", "pcm_s16be", 4000);
  const { bytes, result } = remuxed(source, { format: "aiff" });
  assertEquals(result.skippedStreams, []);
  assertEquals(contentOf(bytes), { covers: [hex(pictures.mjpeg!)], types: ["audio"] });
});

Deno.test("A fragmented mp4 can't store covers: remux leaves them out, and selecting one is an error", async () => {
  const source = fixtureBytes("cover.mp3");
  for (
    const movflags of ["frag_keyframe+empty_moov", "frag_keyframe", "frag_every_frame", "delay_moov", "cmaf"]
  ) {
    const { bytes, result } = remuxed(source, { format: "mp4", options: { movflags } });
    assertEquals(result.skippedStreams, [1], movflags);
    assertEquals(probeSync(bytes).streams.map(({ type }) => type), ["audio"], movflags);
  }
  assertEquals(
    remuxed(source, { format: "mp4", options: { frag_duration: 1000000 } }).result.skippedStreams,
    [1],
  );
  const remuxing = new RemuxStream({ format: "mp4" });
  const read = new Response(new Blob([source]).stream().pipeThrough(remuxing)).bytes();
  assertEquals(probeSync(await read as Bytes).streams.map(({ type }) => type), ["audio"]);
  assertEquals((await remuxing.result).skippedStreams, [1]);
  const options = streamingOptions("mp4");
  const message = "stream 1: mp4 in fragments has no place for a cover";
  assertThrows(() => remuxed(source, { format: "mp4", streams: [0, 1], options }), Error, message);
  using demuxer = Demuxer.openSync(source);
  using muxer = Muxer.openSync(new MemorySink(), { format: "mp4", options });
  for (const stream of demuxer.streams) muxer.addStream(stream);
  assertThrows(
    () => {
      for (const packet of demuxer.packetsSync()) muxer.writeSync(packet);
      muxer.finishSync();
    },
    Error,
    message,
  );
});

Deno.test("A remux that would keep neither audio nor video of a source that has some is an error", async () => {
  const source = soundWithCover("matroska", "pcm_alaw", 8000);
  const message = "neither audio nor video is left to write: mp4 can't hold pcm_alaw";
  assertThrows(() => remuxed(source, { format: "mp4" }), TypeError, message);
  const remuxing = new RemuxStream({ format: "mp4" });
  const reading = new Blob([source]).stream().pipeThrough(remuxing).pipeTo(new WritableStream()).catch(
    () => {},
  );
  await assertRejects(() => remuxing.result, TypeError);
  await reading;
  // The cover can be selected, and formats only for subtitles or pictures may take them alone.
  assertEquals(remuxed(source, { format: "mp4", streams: [1] }).result.streams.length, 1);
  assertEquals(remuxed(fixtureBytes("subtitles.mkv"), { format: "srt" }).result.streams.length, 1);
  assertEquals(remuxed(fixtureBytes("cover.mp3"), { format: "image2pipe" }).result.streams.length, 1);
});

// ------------------------------------------------------------------------------------------- codecs

/** A header of Speex: 8000 Hz, mono, frames of 160 samples. */
function speexHeader(): Uint8Array {
  const header = new Uint8Array(80);
  header.set(new TextEncoder().encode("Speex   1.2"));
  const view = new DataView(header.buffer);
  for (
    const [place, value] of [[28, 1], [32, 80], [36, 8000], [44, 4], [48, 1], [52, -1], [56, 160], [
      64,
      1,
    ]] as const
  ) {
    view.setInt32(place, value, true);
  }
  return header;
}

type Sample = {
  parameters: StreamParameters & { type: "audio" | "video" };
  packet: number;
};

const tone = { type: "audio", sampleRate: 8000, channels: 1, sampleFormat: "s16" } as const;
const picture = { type: "video", width: 64, height: 48, pixelFormat: "yuv420p" } as const;
const sound = (
  codec: string,
  packet: number,
  more: Omit<StreamParameters, "type" | "codec"> = {},
): Sample => ({
  parameters: { ...tone, codec, ...more },
  packet,
});
const motion = (codec: string): Sample => ({ parameters: { ...picture, codec }, packet: 300 });

/** Codecs whose packets are not parsed by muxers and demuxers. */
const samples: Sample[] = [
  ...["pcm_alaw", "pcm_mulaw", "pcm_u8", "pcm_s8"].map((codec) => sound(codec, 160)),
  ...["pcm_s16le", "pcm_s16be", "pcm_s24le", "pcm_s32le", "pcm_f32le", "pcm_f64le"].map((codec) =>
    sound(codec, 960)
  ),
  sound("pcm_s16le", 960, { sampleRate: 11025 }),
  sound("adpcm_ms", 256, { blockAlign: 256, frameSize: 500 }),
  sound("adpcm_ima_wav", 256, { blockAlign: 256, frameSize: 505 }),
  sound("adpcm_ms", 256),
  sound("adpcm_ima_wav", 256),
  sound("adpcm_yamaha", 256, { blockAlign: 256, frameSize: 512 }),
  sound("gsm_ms", 65, { blockAlign: 65, frameSize: 320 }),
  sound("gsm", 33, { blockAlign: 33, frameSize: 160 }),
  sound("amr_nb", 32, { frameSize: 160 }),
  sound("amr_wb", 61, { frameSize: 320, sampleRate: 16000 }),
  sound("speex", 38, { frameSize: 160, extradata: speexHeader() }),
  sound("wmav1", 128, { blockAlign: 128, sampleRate: 44100, extradata: noise(4, 1) }),
  sound("wmav2", 128, { blockAlign: 128, sampleRate: 44100, extradata: noise(10, 1) }),
  sound("alac", 200, { frameSize: 4096, extradata: noise(36, 1) }),
  ...[
    "flv1",
    "h261",
    "svq1",
    "cinepak",
    "msvideo1",
    "huffyuv",
    "ffvhuff",
    "utvideo",
    "magicyuv",
    "flashsv",
    "zmbv",
  ]
    .map(motion),
  ...["wmv1", "wmv2", "msmpeg4v2", "msmpeg4v3", "dvvideo", "asv1", "cljr", "r210", "v210", "snow", "amv"].map(
    motion,
  ),
  ...["gif", "targa", "sgi", "dpx", "exr", "hap", "qtrle", "rv10", "flashsv2"].map(
    motion,
  ),
];

const containers = [
  ...[
    "matroska",
    "webm",
    "mp4",
    "mov",
    "ipod",
    "3gp",
    "avi",
    "nut",
    "asf",
    "flv",
    "wav",
    "w64",
    "caf",
    "aiff",
    "au",
  ],
  ...["mpegts", "mpeg", "ogg", "wtv", "mxf", "amr", "tta", "mp3", "flac"],
];

/** A source with one stream, in the first container that can be written and read back unchanged. */
function sourceOf({ parameters, packet }: Sample): { bytes: Bytes; data: string } | null {
  const data = [0, 1, 2, 3].map((seed) => noise(packet, seed));
  const beginning = beginnings[parameters.codec];
  if (beginning !== undefined) { for (const bytes of data) bytes[0] = beginning; }
  const whole = data.map(hex).join("");
  const rate = parameters.sampleRate ?? 25;
  const timeBase = { num: 1, den: rate };
  const bits = Number(/^pcm_[a-z](\d+)/.exec(parameters.codec)?.[1] ?? 8);
  const samplesPerPacket = parameters.frameSize ?? packet * 8 / bits;
  const step = parameters.type === "video" ? 1 : samplesPerPacket;
  for (const format of ["nut", "asf", "avi", "caf", "mov", "wav"]) {
    const sink = new MemorySink();
    try {
      using muxer = Muxer.openSync(sink, { format });
      muxer.addStream(parameters, { timeBase, averageFrameRate: { num: 25, den: 1 } });
      for (const [i, bytes] of data.entries()) {
        muxer.writeSync(
          new Packet({
            streamIndex: 0,
            data: bytes,
            pts: i * step,
            dts: i * step,
            duration: step,
            timeBase,
            isKey: true,
          }),
        );
      }
      muxer.finishSync();
      const found = contentsOf(sink.bytes() as Bytes);
      const blocks = found.parameters.blockAlign === (parameters.blockAlign ?? found.parameters.blockAlign);
      if (found.parameters.codec === parameters.codec && found.data === whole && blocks) {
        return { bytes: sink.bytes() as Bytes, data: whole };
      }
    } catch { /* another may hold it */ }
  }
  return null;
}

function contentsOf(bytes: Bytes): { parameters: CodecParameters; data: string; packets: number } {
  using demuxer = Demuxer.openSync(bytes, { findStreamInfo: false });
  const packets = [...demuxer.packetsSync()];
  const { codecParameters } = demuxer.streams[0]!;
  return {
    parameters: codecParameters,
    data: packets.map(({ data }) => hex(data)).join(""),
    packets: packets.length,
  };
}

/** How the output differs from what `canHold` returned. */
function faultOf(
  sample: Sample,
  source: { bytes: Bytes; data: string },
  format: string,
  can: () => void,
): string {
  let canBeHeld = false;
  const sink = new MemorySink();
  const streams = (_: unknown, canHold: boolean) => canBeHeld = canHold;
  try {
    remuxSync(source.bytes, sink, { format, streams });
  } catch (error) {
    return canBeHeld ? (error as Error).message : "";
  }
  can();
  const { codec, type, sampleRate } = sample.parameters;
  try {
    const { parameters, data } = contentsOf(sink.bytes() as Bytes);
    if (parameters.type !== type || parameters.codec !== codec) return `it is ${parameters.codec}`;
    if (type === "audio" && parameters.sampleRate !== sampleRate) {
      return `its rate is ${parameters.sampleRate}`;
    }
    // mp4 truncates the last packet if its duration is unknown.
    const isCut = source.data.startsWith(data) && data.length >= source.data.length * 0.75;
    return isCut || data.startsWith(source.data) ? "" : "its data is another";
  } catch (error) {
    return `it can't be read: ${(error as Error).message}`;
  }
}

Deno.test("A stream for which canHold is true can be read back with the same codec and data", () => {
  const held: string[] = [], faults: string[] = [];
  for (const sample of samples) {
    const source = sourceOf(sample);
    if (!source) continue; // no container of this FFmpeg's carries it
    for (const format of containers) {
      if (format === "mxf" && sample.parameters.codec === "dvvideo") continue; // its muxer looks into the frames
      const name = `${sample.parameters.codec} in ${format}`;
      const fault = faultOf(sample, source, format, () => held.push(name));
      if (fault) faults.push(`${name}: ${fault}`);
    }
  }
  assertEquals(faults, []);
  const inMatroska = [
    ...[
      "pcm_alaw",
      "pcm_mulaw",
      "adpcm_ms",
      "adpcm_ima_wav",
      "adpcm_yamaha",
      "gsm_ms",
      "amr_nb",
      "amr_wb",
      "speex",
    ],
    ...["wmav2", "flv1", "svq1", "cinepak", "wmv2", "dvvideo", "targa", "gif"],
  ];
  assertEquals(inMatroska.filter((codec) => !held.includes(`${codec} in matroska`)), []);
  assert(held.includes("amr_wb in amr"));
});

// ------------------------------------------------------------------------------------------- files that nothing could open

Deno.test("remuxSync() writes MPEG-4's headers into the packets for formats without extradata", () => {
  const extradata = Uint8Array.of(
    0,
    0,
    1,
    0xb0,
    1,
    0,
    0,
    1,
    0xb5,
    9,
    0,
    0,
    1,
    0,
    0,
    0,
    1,
    0x20,
    0,
    0xc8,
    0x88,
  );
  const frame = concatBytes([Uint8Array.of(0, 0, 1, 0xb6, 0x10), noise(400, 3)]);
  const timeBase = { num: 1, den: 25 };
  const sink = new MemorySink();
  using muxer = Muxer.openSync(sink, { format: "matroska" });
  muxer.addStream({ ...picture, codec: "mpeg4", extradata }, { timeBase });
  for (let i = 0; i < 40; i++) {
    muxer.writeSync({ streamIndex: 0, data: frame, pts: i, dts: i, duration: 1, timeBase, isKey: true });
  }
  muxer.finishSync();
  for (const format of ["mpegts", "mpeg"]) {
    const { bytes } = remuxed(sink.bytes() as Bytes, { format });
    assert(hex(bytes).includes(hex(extradata)), format);
  }
  const { bytes } = remuxed(sink.bytes() as Bytes, { format: "mpegts" });
  using demuxer = Demuxer.openSync(bytes, { findStreamInfo: false });
  for (const packet of demuxer.packetsSync()) {
    assertEquals(hex(packet.data.subarray(0, extradata.length + 5)), hex(extradata) + "000001b610");
  }
});

Deno.test("remuxSync() writes H.264's headers into the packets if only the container has them", () => {
  using demuxer = Demuxer.openSync(fixtureBytes("video.ts"));
  const stream = demuxer.streams.find(({ type }) => type === "video")!;
  const { extradata } = stream.codecParameters;
  const sink = new MemorySink();
  using muxer = Muxer.openSync(sink, { format: "nut" });
  muxer.addStream(stream);
  for (const packet of demuxer.packetsSync()) {
    if (packet.streamIndex !== stream.index) continue;
    const units = nalUnits(packet.data).filter((unit) => ![7, 8].includes(unit[0]! & 31));
    packet.streamIndex = 0;
    packet.data = concatBytes(units.flatMap((unit) => [Uint8Array.of(0, 0, 0, 1), unit]));
    muxer.writeSync(packet);
  }
  muxer.finishSync();
  const source = sink.bytes() as Bytes;
  for (const format of ["mpegts", "mpeg", "h264", "wtv"]) {
    const { bytes } = remuxed(source, { format });
    if (format === "h264") assert(hex(bytes).includes(hex(extradata!)), format);
    const [found] = probeSync(bytes).streams;
    assertEquals([found!.codecParameters.codec, found!.codecParameters.width], [
      "h264",
      stream.codecParameters.width,
    ], format);
  }
});

/** A file of TTA, of one frame of noise. */
function tta(): Bytes {
  const frame = noise(200, 5);
  const bytes = new Uint8Array(22 + 8 + frame.length + 4);
  const view = new DataView(bytes.buffer);
  bytes.set(new TextEncoder().encode("TTA1"));
  for (const [place, value] of [[4, 1], [6, 1], [8, 16]] as const) view.setUint16(place, value, true);
  view.setUint32(10, 8000, true);
  view.setUint32(14, 4000, true);
  view.setUint32(18, crc32(bytes.subarray(0, 18)), true);
  view.setUint32(22, frame.length + 4, true);
  view.setUint32(26, crc32(bytes.subarray(22, 26)), true);
  bytes.set(frame, 30);
  view.setUint32(30 + frame.length, crc32(frame), true);
  return bytes;
}

/** The 22 bytes that the file has after its ID3 tag, where it has one. */
function headerOf(bytes: Uint8Array): Uint8Array {
  const start = hex(bytes).indexOf(hex(new TextEncoder().encode("TTA1"))) / 2;
  return bytes.subarray(start, start + 22);
}

function crc32(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? crc >>> 1 ^ 0xedb88320 : crc >>> 1;
  }
  return ~crc >>> 0;
}

Deno.test("remuxSync() of tta to tta keeps the bits per sample", () => {
  const odd = realPath("odd/1677a7edfbca.tta");
  for (const source of [tta(), ...(odd ? [odd] : [])]) {
    const { bytes } = remuxed(source, { format: "tta" });
    const before = typeof source === "string" ? Deno.readFileSync(source) : source;
    assertEquals(hex(headerOf(bytes)), hex(headerOf(before)));
    const packets = (source: Bytes | string) =>
      contentsOf(typeof source === "string" ? Deno.readFileSync(source) : source);
    assertEquals(packets(bytes).data, packets(source).data);
  }
});

const odd = (name: string) => ({ ignore: !realPath(`odd/${name}`), path: realPath(`odd/${name}`) });

{
  const { path, ignore } = odd("bfb99c951422.made-caf");
  Deno.test({
    name: "remuxSync() of FLAC to caf is an error: nothing could read it",
    ignore,
    fn() {
      assertThrows(() => remuxed(path, { format: "caf" }), TypeError, "caf can't hold flac");
    },
  });
}

Deno.test("remuxSync() of audio.flac to caf is an error: caf can't store its extradata", () => {
  assertThrows(
    () => remuxed(fixtureBytes("audio.flac"), { format: "caf" }),
    TypeError,
    "caf can't hold flac",
  );
});

const kept: [name: string, format: string, types: string[]][] = [
  ["7f08b94d2cdd.wma", "matroska", ["video", "audio"]],
  ["3a60122af491.flac", "flac", ["audio", "video"]],
  ["18c6139106bc.aif", "matroska", ["audio"]],
  ["0d5eba2c9028.mp3", "mp4", ["audio", "video"]],
];
for (const [name, format, types] of kept) {
  const { path, ignore } = odd(name);
  Deno.test({
    name: `remuxSync() keeps all of ${name} in ${format}`,
    ignore,
    fn() {
      const { bytes, result } = remuxed(path, { format });
      assertEquals(result.skippedStreams, []);
      assertEquals(probeSync(bytes).streams.map(({ type }) => type).toSorted(), types.toSorted());
    },
  });
}

Deno.test("ALAC from any container can be read again in caf", () => {
  const path = Deno.makeTempFileSync({ suffix: ".m4a" });
  try {
    const args = [
      "-v",
      "error",
      "-nostdin",
      "-y",
      "-f",
      "lavfi",
      "-i",
      "sine=duration=1",
      "-c:a",
      "alac",
      path,
    ];
    assert(new Deno.Command("ffmpeg", { args }).outputSync().success);
    const { bytes: mkv, result: { packets } } = remuxed(path, { format: "matroska" });
    for (const source of [path, mkv]) {
      const { bytes } = remuxed(source, { format: "caf" });
      using demuxer = Demuxer.openSync(bytes);
      assertEquals(demuxer.streams[0]!.codecParameters.codec, "alac");
      assertEquals([...demuxer.packetsSync()].length, packets);
      assert(Math.abs(demuxer.duration! - 1) < 0.1, String(demuxer.duration));
    }
  } finally {
    Deno.removeSync(path);
  }
});

Deno.test("remuxSync() of MPEG-H in mp4, which has objects and 0 channels", () => {
  const made = new MemorySink();
  const muxer = Muxer.openSync(made, { format: "mp4" });
  muxer.addStream({ type: "audio", codec: "mpegh_3d_audio", sampleRate: 48000, tag: "mhm1" });
  for (let pts = 0; pts < 5 * 1024; pts += 1024) {
    const data = new Uint8Array(500);
    muxer.writeSync({
      streamIndex: 0,
      data,
      pts,
      dts: pts,
      duration: 1024,
      isKey: true,
      timeBase: { num: 1, den: 48000 },
    });
  }
  muxer.finishSync();
  assertEquals(remuxed(made.bytes(), { format: "mp4" }).result.packets, 5);
});

/** A file of frames alone, with an APE tag of something binary behind it. */
function withApeTag(frames: Bytes, name: string): Bytes {
  const encode = (value: string) => new TextEncoder().encode(value);
  const le32 = (value: number) => new Uint8Array(Uint32Array.of(value).buffer);
  const value = encode(`${name}\0something`), key = encode("Cover Art (Front)\0");
  const item = concatBytes([le32(value.length), le32(2), key, value]);
  const footer = [encode("APETAGEX"), ...[2000, item.length + 32, 1, 0, 0, 0].map(le32)];
  return concatBytes([frames, item, ...footer]);
}

Deno.test("remuxSync() to Matroska leaves out an attachment without a type", () => {
  const tagged = withApeTag(tta(), "front");
  assertEquals(probeSync(tagged).streams.map(({ type }) => type), ["audio", "attachment"]);
  assertEquals(remuxed(tagged, { format: "matroska" }).result.skippedStreams, [1]);
});

Deno.test("remuxSync() of a codec that FFmpeg does not know is an error that says so", () => {
  const film = remuxed(fixtureBytes("video.mp4"), { format: "mp4", streams: [0] }).bytes.slice();
  film.set(new TextEncoder().encode("zzzz"), new TextDecoder("latin1").decode(film).lastIndexOf("avc1"));
  const convert = () => remuxed(film, { format: "matroska" });
  assertThrows(convert, TypeError, "streams: none is left to write: matroska can't hold an unknown codec");
});
