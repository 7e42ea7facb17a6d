/**
 * Sources that are cut off or damaged at many places, in every common format: where bytes of packets are lost, there is
 * a warning or an error; and whole sources, with what may stand behind them, have none. `warnings_test.ts` has what a
 * warning looks like.
 */
import { assert, assertEquals, assertGreater, assertLess, assertThrows } from "@std/assert";
import {
  AVError,
  concatSync,
  constants,
  Demuxer,
  type DemuxerOptions,
  fromMap,
  type MapFile,
  MemorySink,
  outputFormats,
  probeSync,
  type RemuxOptions,
  remuxSync,
  type Source,
} from "@avio/avio";
import { readerOf } from "./support/devices.ts";
import { fixtureBytes, fixturePath } from "./support/fixtures.ts";
import { contents, filesOf } from "./support/many_files.ts";
import { element } from "./support/crafted.ts";
import { apeTag, box, type Bytes, joined, little, number, sync7 } from "./support/pieces.ts";
import { isEmbedded, libavformat } from "./support/versions.ts";

/** What was read of a source. */
interface Read {
  /** Bytes of packets, of each stream. */
  bytes: number[];
  /** Each warning's line; or the error's message. */
  reports: string[];
}

function read(source: Source, options: DemuxerOptions = {}): Read {
  const bytes: number[] = [];
  try {
    using demuxer = Demuxer.openSync(source, options);
    for (const { streamIndex, data } of demuxer.packetsSync()) {
      bytes[streamIndex] = (bytes[streamIndex] ?? 0) + data.length;
    }
    return { bytes, reports: demuxer.warnings.map(({ log, message }) => log ?? message) };
  } catch (error) {
    return { bytes, reports: [(error as Error).message] };
  }
}

const text = (bytes: Bytes) => new TextDecoder("latin1").decode(bytes);
const total = ({ bytes }: Read) => bytes.reduce((sum, size) => sum + (size ?? 0), 0);

/** The source by itself and as a stream, which can't seek. */
const bothWays = (bytes: Bytes): Source[] => [bytes, readerOf(bytes, { seekable: false })];

function remuxedTo(source: Source, options: RemuxOptions): Bytes {
  const sink = new MemorySink();
  remuxSync(source, sink, options);
  return sink.bytes();
}

/** The `ffmpeg` command makes a file on its standard output, which can't seek; or null if it can't. */
function piped(...args: string[]): Bytes | null {
  const { success, stdout } = new Deno.Command("ffmpeg", { args: ["-v", "error", ...args, "-"] })
    .outputSync();
  return success ? stdout : null;
}

/** The sound of audio.wav, encoded anew, in Matroska. */
function encoded(codec: string, ...options: string[]): Bytes {
  const bytes = piped("-i", fixturePath("audio.wav"), "-c:a", codec, ...options, "-f", "matroska");
  assert(bytes);
  return bytes;
}

const onlyVideo = { streams: ({ type }: { type: string }) => type === "video" };

/** Half a second of 8 kHz, one channel, behind a header that states the number of its samples. */
const [SAMPLES, RATE] = [4000, 8000];
const RATE_AS_DOUBLE = [...new Uint8Array(new Float64Array([RATE]).buffer)];
const sphere = joined(
  joined("NIST_1A\n   1024\n", `sample_count -i ${SAMPLES}\nsample_n_bytes -i 2\nchannel_count -i 1\n`),
  `sample_byte_format -s2 01\nsample_rate -i ${RATE}\nsample_coding -s3 pcm\nend_head\n`,
);
const soundOf: Record<string, (stated: number, channels?: number) => Bytes> = {
  nistsphere: () => joined(sphere, new Uint8Array(1024 - sphere.length), new Uint8Array(2 * SAMPLES)),
  wve: (stated) =>
    joined(
      "ALawSoundFile**",
      [0, 15, 16],
      number(stated),
      [0, 0, 0, 1],
      Array(6).fill(0),
      new Uint8Array(SAMPLES),
    ),
  sox: (stated, channels = 1) =>
    joined(
      ".SoX",
      little(28),
      little(stated * channels, 8),
      RATE_AS_DOUBLE,
      little(channels),
      little(0),
      new Uint8Array(4 * channels * SAMPLES),
    ),
  avr: (stated, channels = 1) =>
    joined(
      joined(
        "2BIT",
        new Uint8Array(8),
        number(channels > 1 ? 0xffff : 0, 2),
        number(16, 2),
        number(0xffff, 2),
      ),
      joined([0, 0, 0, 0, 0], number(RATE, 3), number(stated), new Uint8Array(98)),
      new Uint8Array(2 * channels * SAMPLES),
    ),
};

/** Two seconds of pictures and sound, by the `ffmpeg` command, which goes back in what it writes. */
function encodedFilm(format: string, video: string, audio: string): Bytes {
  const directory = Deno.makeTempDirSync();
  try {
    const sources = [
      "-f",
      "lavfi",
      "-i",
      "testsrc=d=2:s=160x120:r=25",
      "-f",
      "lavfi",
      "-i",
      "sine=d=2:r=44100",
    ];
    assert(piped(...sources, "-c:v", video, "-c:a", audio, "-f", format, `${directory}/film`, "-f", "null"));
    return Deno.readFileSync(`${directory}/film`);
  } finally {
    Deno.removeSync(directory, { recursive: true });
  }
}

function rawDV(): Bytes {
  const bytes = piped("-f", "lavfi", "-i", "testsrc=d=0.4:s=720x576:r=25", "-pix_fmt", "yuv420p", "-f", "dv");
  assert(bytes);
  return bytes;
}

/** Whole files of many formats. Raw formats have nothing that tells where they end. */
const FILES: [string, () => Bytes][] = [
  ["mp4", () => fixtureBytes("video.mp4")],
  ["mp4, index first", () => fixtureBytes("faststart.mp4")],
  ["mp4 in fragments", () => fixtureBytes("fragmented.mp4")],
  ["mov", () => remuxedTo(fixturePath("video.mp4"), { format: "mov" })],
  ["matroska", () => fixtureBytes("video.mkv")],
  ["webm", () => fixtureBytes("video.webm")],
  ["avi", () => fixtureBytes("video.avi")],
  ["flv", () => fixtureBytes("video.flv")],
  ["mpegts", () => fixtureBytes("video.ts")],
  ["asf", () => remuxedTo(fixturePath("video.mp4"), { format: "asf" })],
  ["mxf", () => remuxedTo(fixturePath("video.mp4"), { format: "mxf", ...onlyVideo })],
  ["ogg", () => fixtureBytes("audio.ogg")],
  ["flac", () => fixtureBytes("audio.flac")],
  ["mp3", () => fixtureBytes("audio.mp3")],
  ["mp3 with a cover", () => fixtureBytes("cover.mp3")],
  ["wav", () => fixtureBytes("audio.wav")],
  ["aiff", () => remuxedTo(fixturePath("audio.wav"), { format: "aiff" })],
  ["caf", () => remuxedTo(fixturePath("audio.wav"), { format: "caf" })],
  ["wv", () => remuxedTo(encoded("wavpack"), { format: "wv" })],
  ["au", () => remuxedTo(encoded("pcm_s16be"), { format: "au" })],
  ["w64", () => remuxedTo(fixturePath("audio.wav"), { format: "w64" })],
  ...Object.entries(soundOf).map(([name, made]): [string, () => Bytes] => [name, () => made(SAMPLES)]),
  ["gif", () => piped("-f", "lavfi", "-i", "testsrc=d=2:s=64x64:r=10", "-f", "gif")!],
  ["swf", () => encodedFilm("swf", "flv", "libmp3lame")],
  ["dv", rawDV],
];

for (const [name, made] of FILES) {
  Deno.test({
    name: `A source that is cut off is reported, wherever that is: ${name}`,
    ignore: !isEmbedded,
    fn() {
      const whole = made();
      for (const index of [0, 1]) {
        const all = read(bothWays(whole)[index]!);
        assertEquals(all.reports, [], "the whole source");
        const PLACES = 37; // so that none is the end of a packet of MPEG-TS, or of a fragment
        for (let k = 1; k < PLACES; k++) {
          const end = Math.floor(whole.length * k / PLACES);
          const part = read(bothWays(whole.slice(0, end))[index]!);
          if (total(part) < total(all)) assertGreater(part.reports.length, 0, `${end} of ${whole.length}`);
        }
      }
    },
  });
}

/** A Monkey's Audio file of such frames, with its table of them. */
function monkeysAudio(frames: readonly Uint8Array[]): Bytes {
  const [DESCRIPTOR, HEADER, VERSION, RATE] = [52, 24, 3990, 44_100];
  const first = DESCRIPTOR + HEADER + 4 * frames.length;
  const bytes = joined(new Uint8Array(first), ...frames), view = new DataView(bytes.buffer);
  const put = (at: number, size: 2 | 4, ...values: number[]) =>
    values.forEach((value, i) =>
      size === 2 ? view.setUint16(at + 2 * i, value, true) : view.setUint32(at + 4 * i, value, true)
    );
  bytes.set(new TextEncoder().encode("MAC "));
  put(4, 2, VERSION);
  put(8, 4, DESCRIPTOR, HEADER, 4 * frames.length, 0, bytes.length - first);
  put(DESCRIPTOR, 2, 2000, 0); // the kind of compression
  put(DESCRIPTOR + 4, 4, 73_728, 1000, frames.length); // samples in a frame, in the last one
  put(DESCRIPTOR + 16, 2, 16, 2);
  put(DESCRIPTOR + 20, 4, RATE);
  frames.reduce((at, frame, i) => (put(DESCRIPTOR + HEADER + 4 * i, 4, at), at + frame.length), first);
  return bytes;
}

/** ID3v2 with a title. */
function id3(title: string): Bytes {
  const text = new TextEncoder().encode(`\u0003${title}`),
    frame = [...new TextEncoder().encode("TIT2"), 0, 0, 0, text.length, 0, 0];
  return Uint8Array.from([
    ...new TextEncoder().encode("ID3"),
    4,
    0,
    0,
    0,
    0,
    0,
    frame.length + text.length,
    ...frame,
    ...text,
  ]);
}

/** Formats that taggers write ID3v2 in front of. */
const BEHIND_ID3: [string, () => Bytes][] = [
  ["ape", () => monkeysAudio([1, 2, 3, 4].map((value) => new Uint8Array(400).fill(value)))],
  ["tta", () => piped("-i", fixturePath("audio.wav"), "-c:a", "tta", "-f", "tta")!],
  ["ac3", () => remuxedTo(encoded("ac3"), { format: "ac3" })],
  ["eac3", () => remuxedTo(encoded("eac3"), { format: "eac3" })],
  ["wv", () => remuxedTo(encoded("wavpack"), { format: "wv" })],
];

for (const [name, made] of BEHIND_ID3) {
  Deno.test(`Sound behind ID3v2 is read without it: ${name}`, () => {
    const whole = made();
    const packets = (source: Bytes) => {
      using demuxer = Demuxer.openSync(source);
      return { title: demuxer.metadata.title, packets: [...demuxer.packetsSync()].map(({ data }) => data) };
    };
    const own = packets(whole);
    assertEquals(packets(joined(id3("Song"), whole)), { ...own, title: own.title ?? "Song" });
  });
}

/** Sound in formats whose header states its length. */
const OF_STATED_LENGTH: [string, () => Bytes][] = [
  ["ape", () => monkeysAudio([1, 2, 3, 4].map((value) => new Uint8Array(400).fill(value)))],
  ["tta", () => piped("-i", fixturePath("audio.wav"), "-c:a", "tta", "-f", "tta")!],
];

for (const [name, made] of OF_STATED_LENGTH) {
  Deno.test(`A source that is cut off between two packets is reported, since its header states its length: ${name}`, () => {
    const whole = made();
    assertEquals(read(whole).reports, []);
    using demuxer = Demuxer.openSync(whole);
    const places = demuxer.index(0).map(({ pos }) => pos).slice(1);
    assertGreater(places.length, 0);
    for (const pos of places) {
      for (const source of bothWays(whole.slice(0, pos))) {
        const { reports } = read(source);
        if (name === "ape" && !isEmbedded) continue; // 5.1 gives its packets no duration
        assertEquals(reports.length, 1, `${pos} of ${whole.length}: ${reports}`);
        assert(/^stream 0: \d+\.\d+ seconds of \d+\.\d+ are missing$/.test(reports[0]!), reports[0]);
      }
    }
  });
}

/** Ten pictures in IVF, with these times, whose header states that number. */
function ivf(stated: number, step = 1): Bytes {
  const picture = (i: number) =>
    joined(little(40), little(i * step, 8), [0x10, 2, 0, 0x9d, 1, 0x2a, 16, 0, 16, 0], Array(30).fill(i));
  const header = joined(
    "DKIF",
    little(0, 2),
    little(32, 2),
    "VP80",
    little(16, 2),
    little(16, 2),
    little(25 * step),
    little(1),
  );
  return joined(header, little(stated), little(0), ...Array.from({ length: 10 }, (_, i) => picture(i)));
}

Deno.test("IVF that is cut off between two packets is reported, since its header states their number", () => {
  const HEADER = 32, PACKET = 52;
  for (const [whole, counts] of [[ivf(10), [1, 5, 9]], [ivf(10, 40), [5, 9]]] as const) {
    for (const source of bothWays(whole)) assertEquals(read(source).reports, []);
    for (const count of counts) {
      for (const source of bothWays(whole.slice(0, HEADER + count * PACKET))) {
        const { bytes, reports } = read(source);
        assertEquals(bytes[0], count * 40);
        assertEquals(reports, [`stream 0: ${10 - count} of 10 pictures are missing`]);
      }
    }
  }
});

Deno.test("IVF of a pipe, and of an FFmpeg that states its time instead of the number of packets, is whole", () => {
  for (const whole of [ivf(0xffff_ffff), ivf(0), ivf(9), ivf(400, 40)]) {
    for (const source of bothWays(whole)) assertEquals(read(source).reports, []);
    for (const source of bothWays(whole)) {
      assertEquals(remuxSync(source, new MemorySink(), { format: "matroska" }).warnings, []);
    }
  }
  const half = ivf(400, 40).slice(0, 32 + 5 * 52);
  assertEquals(read(half).reports.length, 1);
  assertEquals(remuxSync(half, new MemorySink(), { format: "matroska", end: 0.1 }).warnings, []);
  assertEquals(remuxSync(half, new MemorySink(), { format: "matroska" }).warnings.map(({ kind }) => kind), [
    "truncated",
  ]);
});

for (const [name, made] of FILES) {
  Deno.test({
    name: `A range of a source that is cut off is reported: ${name}`,
    ignore: !isEmbedded || name === "swf", // which states no duration
    fn() {
      const whole = made(), duration = probeSync(whole).duration!;
      for (const [begin, end] of [[0.3, 1], [0.2, 0.8], [0.7, 0.9]] as const) {
        const range = { start: duration * begin, end: duration * end, format: "matroska" };
        const partOf = (bytes: Bytes) => {
          try {
            const { packets, warnings } = remuxSync(bytes, new MemorySink(), range);
            return { packets, reports: warnings.length };
          } catch {
            return { packets: 0, reports: 1 };
          }
        };
        const all = partOf(whole);
        assertEquals(all.reports, 0, "the whole source");
        for (let k = 1; k < 17; k++) {
          const at = Math.floor(whole.length * k / 17), part = partOf(whole.slice(0, at));
          if (part.packets < all.packets) assertGreater(part.reports, 0, `${begin} to ${end} of ${at} bytes`);
        }
      }
    },
  });
}
Deno.test({
  name: "IVF that ends within the header of a picture is reported, if its own header states no number, too",
  ignore: !isEmbedded,
  fn() {
    for (let size = 1; size < 12; size++) {
      for (const source of bothWays(ivf(0).slice(0, 32 + 5 * 52 + size))) {
        assertEquals(read(source), { bytes: [200], reports: ["The last header ended prematurely"] });
      }
    }
  },
});

Deno.test({
  name: "A damaged size of a picture in IVF is invalid data, not a lack of memory",
  ignore: !isEmbedded,
  fn() {
    for (const size of [0x8000_0000, 0xffff_ffff]) {
      const damaged = ivf(10);
      damaged.set(little(size), 32 + 5 * 52);
      for (const source of bothWays(damaged)) assert(/Invalid data found/.test(read(source).reports[0]!));
    }
  },
});

Deno.test({
  name: "WavPack with tags behind its sound is whole, also from a long source that can't seek",
  ignore: !isEmbedded,
  fn() {
    const sound = remuxedTo(encoded("wavpack"), { format: "wv" }), whole = read(sound); // the muxer writes an APE tag
    assertEquals(whole.reports, []);
    const LENGTH = 5_000_000, long = joined("ID3", [4, 0, 0], sync7(LENGTH), new Uint8Array(LENGTH));
    const id3v1 = joined("TAG", new Uint8Array(125)), bare = sound.slice(0, text(sound).lastIndexOf("wvpk"));
    const last = sound.slice(bare.length), end = text(last).indexOf("APETAGEX");
    const untagged = joined(bare, end < 0 ? last : last.slice(0, end));
    for (const tags of [[id3v1], [apeTag()], [apeTag(), id3v1]]) {
      for (const source of bothWays(joined(untagged, ...tags))) assertEquals(read(source), whole);
      for (const source of bothWays(joined(long, untagged, ...tags))) assertEquals(read(source), whole);
    }
  },
});

/** Formats whose packets have headers of their own; where the packets are, and how many bytes to damage. */
const FRAMED: [string, () => Bytes, from: number, to: number, size: number][] = [
  ["avi", () => fixtureBytes("video.avi"), 0.2, 0.9, 64],
  ["mpegts", () => fixtureBytes("video.ts"), 0.05, 0.95, 600],
  ["ogg", () => fixtureBytes("audio.ogg"), 0.5, 1, 64],
  ["swf", () => encodedFilm("swf", "flv", "libmp3lame"), 0.1, 0.95, 400],
];

for (const [name, made, from, to, size] of FRAMED) {
  Deno.test({
    name: `Damage that loses packets is reported: ${name}`,
    ignore: !isEmbedded,
    fn() {
      const whole = made(), all = read(whole);
      let lost = 0;
      for (const value of [0, 255]) {
        for (let at = Math.floor(whole.length * from); at < whole.length * to - size; at += 211) {
          const part = read(whole.slice().fill(value, at, at + size));
          if (total(part) >= total(all)) continue;
          lost++;
          assertGreater(part.reports.length, 0, `${value} at ${at}`);
        }
      }
      assertGreater(lost, 3);
    },
  });
}

Deno.test({
  name: "A damaged length of a chunk of WTV is reported",
  ignore: !isEmbedded,
  fn() {
    const whole = encodedFilm("wtv", "mpeg2video", "mp2"), all = read(whole);
    assertEquals(all.reports, []);
    const DATA = "95c3d2c27e9ada118bf70007e95ead8d"; // the id of a chunk
    const chunks = [...whole.toHex().matchAll(new RegExp(DATA, "g"))].map(({ index }) => index / 2);
    assertGreater(chunks.length, 50);
    for (const at of chunks.slice(30, 50)) {
      for (const length of [0, 31, 0x7fff_0000, 0xffff_ffff]) {
        const damaged = whole.slice();
        damaged.set(little(length), at + 16);
        const part = read(damaged);
        assertLess(total(part), total(all));
        assertGreater(part.reports.length, 0, `${length} at ${at}`);
      }
    }
  },
});

Deno.test({
  name:
    "Packets of MPEG-PS that are lost because a part is missing or overwritten are reported, nearly always",
  ignore: !isEmbedded,
  fn() {
    const whole = encodedFilm("mpeg", "mpeg2video", "mp2"), all = read(whole);
    assertEquals(all.reports, []);
    let lost = 0, silent = 0; // where chance makes a valid header
    for (let at = 10_000; at < whole.length - 10_000; at += 3001) {
      for (const damaged of [withoutPart(whole, at, 777), whole.slice().fill(0, at, at + 600)]) {
        const part = read(damaged);
        if (total(part) >= total(all)) continue;
        lost++;
        if (part.reports.length === 0) silent++;
      }
    }
    assertGreater(lost, 50);
    assertLess(silent, lost / 20);
  },
});

Deno.test("Sound whose header states no number of samples, or fewer than there are, is whole", () => {
  for (const [name, made] of Object.entries(soundOf)) {
    for (const stated of [0, 3000, SAMPLES]) {
      const sources = [made(stated)];
      if (name === "sox" || name === "avr") sources.push(made(stated, 2));
      if (name === "avr") sources.push(made(0xffff_ffff));
      for (const source of sources.flatMap(bothWays)) {
        assertEquals(read(source).reports, [], `${name} ${stated}`);
      }
    }
  }
});

/** Matroska of one track of sound, whose blocks are compressed by zlib. */
function compressedBlocks(packets: Uint8Array[][], track: (block: number) => number): Bytes {
  const compression = element("5034", element("4254", [0]));
  const encoding = element(
    "6240",
    element("5031", [0]),
    element("5032", [1]),
    element("5033", [0]),
    compression,
  );
  const sound = element("e1", element("b5", [0x45, 0xfa, 0, 0]), element("9f", [1]), element("6264", [16]));
  const codec = element("86", new TextEncoder().encode("A_PCM/INT/LIT"));
  const entry = element(
    "ae",
    element("d7", [1]),
    element("73c5", [1]),
    element("83", [2]),
    codec,
    sound,
    element("6d80", encoding),
  );
  let count = 0;
  const clusters = packets.map((blocks, i) =>
    element(
      "1f43b675",
      element("e7", [i]),
      ...blocks.map((data) => element("a3", [0x80 | track(count++), 0, 0, 0x80], data)),
    )
  );
  return joined(
    element("1a45dfa3", element("4282", new TextEncoder().encode("matroska"))),
    element(
      "18538067",
      element("1549a966", element("2ad7b1", [0x0f, 0x42, 0x40])),
      element("1654ae6b", entry),
      ...clusters,
    ),
  );
}

async function deflated(data: Uint8Array<ArrayBuffer>): Promise<Uint8Array> {
  return new Uint8Array(
    await new Response(new Blob([data]).stream().pipeThrough(new CompressionStream("deflate"))).arrayBuffer(),
  );
}

Deno.test({
  name: "A compressed block of Matroska that is damaged is reported, and those behind it are read",
  ignore: !isEmbedded,
  async fn() {
    const clusters: Uint8Array[][] = [];
    for (let i = 0; i < 3; i++) {
      clusters.push(
        await Promise.all([1, 2, 3, 4, 5].map((j) => deflated(new Uint8Array(200).fill(5 * i + j)))),
      );
    }
    const valuesOf = (source: Source) => {
      using demuxer = Demuxer.openSync(source);
      const values = [...demuxer.packetsSync()].map(({ data }) => data[0]);
      return { values, kinds: demuxer.warnings.map(({ kind, count }) => [kind, count]) };
    };
    const all = Array.from({ length: 15 }, (_, i) => i + 1), track = () => 1;
    const whole = compressedBlocks(clusters, track);
    for (const source of bothWays(whole)) assertEquals(valuesOf(source), { values: all, kinds: [] });
    const damaged = compressedBlocks(
      clusters.map((blocks, i) =>
        blocks.map((data, j) => i === 1 && j === 1 ? data.map((byte) => byte ^ 255) : data)
      ),
      track,
    );
    const otherTrack = compressedBlocks(clusters, (block) => block === 6 ? 9 : 1);
    for (const source of [damaged, otherTrack].flatMap(bothWays)) {
      assertEquals(valuesOf(source), { values: all.filter((value) => value !== 7), kinds: [["damaged", 1]] });
    }
    const { packets, warnings } = remuxSync(damaged, new MemorySink(), { format: "matroska" });
    assertEquals([packets, warnings.map(({ kind }) => kind)], [14, ["damaged"]]);
  },
});

/** A FLAC file without the bytes from `at` on: within frames, so that a reader finds the next one. */
const withoutPart = (whole: Bytes, at: number, size: number) =>
  joined(whole.slice(0, at), whole.slice(at + size));

/** WavPack without the blocks from the third to the fifth. */
function withoutBlocks(whole: Bytes): Bytes {
  const text = new TextDecoder("latin1").decode(whole);
  const starts = [...text.matchAll(/wvpk/g)].map(({ index }) => index);
  return joined(whole.slice(0, starts[2]), whole.slice(starts[5]));
}

function assertGapReported(whole: Bytes, damaged: Bytes, words: string) {
  const { duration } = probeSync(whole), range = { start: duration! * 0.1, end: duration! * 0.9 };
  const packetsOf = (bytes: Bytes) => remuxSync(bytes, new MemorySink(), { format: "matroska", ...range });
  const all = packetsOf(whole), part = packetsOf(damaged);
  assertEquals(all.warnings, []);
  assertLess(part.packets, all.packets);
  assertEquals(part.warnings.map(({ kind }) => kind), ["damaged"], words);
  const { reports } = read(damaged); // once, not again at the end as a source that is cut off
  assertEquals(reports.filter((line) => line.includes("missing")).length, 1, reports.join("\n"));
}

Deno.test({
  name: "Sound that is missing within a range is reported, and once: FLAC and WavPack",
  ignore: !isEmbedded,
  fn() {
    const flac = fixtureBytes("audio.flac"), size = flac.length / 10;
    for (let at = Math.floor(flac.length * 0.42); at < flac.length * 0.7; at += 777) {
      assertGapReported(flac, withoutPart(flac, at, size), `at ${at}`);
    }
    const wv = remuxedTo(encoded("wavpack", "-af", "aloop=8:66150"), { format: "wv" });
    assertGapReported(wv, withoutBlocks(wv), "wv");
  },
});

Deno.test({
  name:
    "An mp4 whose index is cut off, or has atoms of wrong sizes or no track, is not taken for a short one",
  ignore: !isEmbedded,
  fn() {
    const bytes = fixtureBytes("video.mp4"),
      at = bytes.length - new TextDecoder("latin1").decode(bytes).indexOf("moov");
    const moov = bytes.length - at - 4;
    for (let end = moov + 8; end < bytes.length - 100; end += 50) {
      const { reports } = read(bytes.slice(0, end));
      assertGreater(reports.length, 0, `cut off at ${end - moov} of the index`);
    }
    for (const name of ["mvhd", "trak", "mdia", "minf", "stbl", "stsd"]) {
      for (const size of [0, 0x7fffffff]) {
        const start = new TextDecoder("latin1").decode(bytes).indexOf(name) - 4;
        const damaged = bytes.slice();
        new DataView(damaged.buffer).setUint32(start, size);
        assertGreater(read(damaged).reports.length, 0, `${name} of ${size} bytes`);
      }
    }
    const empty = joined(bytes.slice(0, moov), box("moov", bytes.slice(moov + 8, moov + 8 + 108)));
    assertEquals(read(empty).reports, ["no tracks"]);
  },
});

Deno.test({
  name: "Fragmented mp4: damage loses what follows it, and is reported, also from a source that can seek",
  ignore: !isEmbedded,
  fn() {
    const bytes = fixtureBytes("fragmented.mp4"), all = read(bytes);
    const second = new TextDecoder("latin1").decode(bytes).indexOf("moof", 2000) - 4;
    const damaged = bytes.slice().fill(0x41, second, second + 64);
    for (const source of bothWays(damaged)) {
      const part = read(source);
      assertLess(total(part), total(all));
      assertGreater(part.reports.length, 0);
    }
  },
});

Deno.test("A Demuxer reports packets behind the end of a fragmented mp4 that is cut off behind the header of an mdat", () => {
  const bytes = fixtureBytes("fragmented.mp4");
  const last = new TextDecoder("latin1").decode(bytes).lastIndexOf("mdat") + 4;
  using demuxer = Demuxer.openSync(bytes.slice(0, last));
  for (const _ of demuxer.packetsSync());
  const missing = demuxer.warnings.filter(({ stream }) => stream !== null);
  assertEquals(missing.map(({ kind, stream }) => [kind, stream]), [["truncated", 0], ["truncated", 1]]);
  for (const { log } of missing) assert(/is cut off before \d+ of its \d+ packets/.test(log!), log!);
});

Deno.test({
  name: "HLS in fragmented mp4 whose last segment is cut off behind the header of its mdat",
  ignore: !isEmbedded,
  fn() {
    const options = { hls_time: 1, hls_playlist_type: "vod", hls_segment_type: "fmp4" };
    const files = filesOf(fixturePath("video.mp4"), { format: "hls", options, url: "index.m3u8" });
    const name = [...files.keys()].filter((file) => file.endsWith(".m4s")).toSorted().at(-1)!;
    const segment = files.get(name)!, end = new TextDecoder("latin1").decode(segment).lastIndexOf("mdat") + 4;
    files.set(name, segment.slice(0, end));
    assertGreater(
      read(files.get("index.m3u8")!, { format: "hls", onopen: fromMap(files) }).reports.length,
      0,
    );
  },
});

Deno.test({
  name: "What may stand behind a whole source is no damage",
  ignore: !isEmbedded,
  fn() {
    const fragmented = fixtureBytes("fragmented.mp4");
    const open = (name: string, body: number) => joined(number(0), name, new Uint8Array(body));
    const ts = fixtureBytes("video.ts"), parity = new Uint8Array(16).fill(0xa5);
    const withParity = joined(
      ...Array.from({ length: ts.length / 188 }, (_, i) => [ts.slice(188 * i, 188 * (i + 1)), parity]).flat(),
    );
    const toEnd = fixtureBytes("faststart.mp4").slice();
    new DataView(toEnd.buffer).setUint32(new TextDecoder("latin1").decode(toEnd).indexOf("mdat") - 4, 0);
    const behind: [string, Bytes][] = [
      ["mdat to the end", toEnd],
      ["skip to the end", joined(fragmented, open("skip", 1000))],
      ["an unknown atom to the end", joined(fragmented, open("abcd", 1000))],
      ["mfra to the end", joined(fragmented, open("mfra", 24))],
      ["zeros behind mp4", joined(fragmented, new Uint8Array(1000))],
      ["8 zeros behind mp4", joined(fragmented, new Uint8Array(8))],
      ["zeros behind MPEG-TS", joined(ts, new Uint8Array(1000))],
      ["packets of 204 bytes", withParity],
      ["zeros behind packets of 204 bytes", joined(withParity, new Uint8Array(1000))],
      ["something behind Ogg", joined(fixtureBytes("audio.ogg"), "TAG", new Uint8Array(125).fill(32))],
      ["an ID3 tag behind mp3", joined(fixtureBytes("audio.mp3"), "TAG", new Uint8Array(125).fill(32))],
    ];
    for (const [name, bytes] of behind) {
      for (const source of bothWays(bytes)) assertEquals(read(source).reports, [], name);
    }
  },
});

Deno.test("An mp4 in a file that was enlarged in advance is opened without reading all of it", () => {
  for (const name of ["fragmented.mp4", "faststart.mp4"]) {
    const bytes = fixtureBytes(name), size = 2 ** 31;
    let position = 0, count = 0;
    const sparse = {
      onread(buffer: Uint8Array) {
        const piece = bytes.subarray(position, position + buffer.length);
        buffer.fill(0).set(piece);
        const length = Math.min(buffer.length, size - position);
        count += length;
        position += length;
        return length;
      },
      onseek(offset: number, whence: number) {
        if (whence === constants.seek.SIZE) return size;
        return position = whence === constants.seek.END ? size + offset : offset;
      },
    };
    const all = read(bytes), part = read(sparse);
    assertEquals([part.reports, total(part)], [[], total(all)], name);
    assertLess(count, 2 ** 21);
  }
});

Deno.test({
  name: "Sources of which the writer could not state the size are whole",
  ignore: !isEmbedded,
  fn() {
    const sound = ["-i", fixturePath("audio.wav")], film = ["-i", fixturePath("video.mp4")];
    const made = [
      piped(...sound, "-f", "wav"),
      piped(...sound, "-f", "caf"),
      piped(...sound, "-f", "au"),
      piped(...film, "-c", "copy", "-f", "avi"),
      piped(...film, "-c", "copy", "-f", "flv"),
      piped(...film, "-c", "copy", "-f", "asf"),
      piped(...film, "-c", "copy", "-f", "mpegts"),
      piped(...film, "-c", "copy", "-f", "matroska"),
      piped(...film, "-c", "copy", "-movflags", "frag_keyframe+empty_moov", "-f", "mp4"),
    ];
    for (const [index, bytes] of made.entries()) {
      assert(bytes);
      for (const source of bothWays(bytes)) assertEquals(read(source).reports, [], `${index}`);
    }
  },
});

Deno.test({
  name: "ADX is whole, however many blocks are left behind those that are read at once",
  ignore: !isEmbedded,
  fn() {
    for (const [channels, seconds] of [["1", "0.3"], ["2", "0.3"], ["2", "0.5"], ["1", "1.1"]] as const) {
      const adx = piped(
        "-f",
        "lavfi",
        "-i",
        `sine=d=${seconds}`,
        "-ac",
        channels,
        "-c:a",
        "adpcm_adx",
        "-f",
        "adx",
      )!;
      assertEquals(read(adx).reports, [], `${channels} channels, ${seconds} s`);
    }
  },
});

Deno.test({
  name: "WAV, RF64 and AIFF of which other programs could not state the size are whole",
  ignore: !isEmbedded,
  fn() {
    const wav = fixtureBytes("audio.wav"), aiff = remuxedTo(wav, { format: "aiff" });
    const withSize = (bytes: Bytes, name: string, size: number, isLittle: boolean) => {
      const copy = bytes.slice(), at = new TextDecoder("latin1").decode(bytes).indexOf(name) + 4;
      new DataView(copy.buffer).setUint32(at, size, isLittle);
      return copy;
    };
    const sox = 0x7f000000, all = read(wav);
    const made: Bytes[] = [
      // sox, arecord, and others
      ...[0x7ffff000, 0x7fffff00, 0x7fffffff, 0x80000000, 0xffffffff - 36].map((size) =>
        withSize(wav, "data", size, true)
      ),
      withSize(withSize(aiff, "SSND", sox + 8, false), "FORM", sox + 54, false),
      piped("-i", fixturePath("audio.wav"), "-rf64", "always", "-f", "wav")!,
    ];
    for (const [index, bytes] of made.entries()) {
      for (const source of bothWays(bytes)) {
        const part = read(source);
        assertEquals([part.reports, total(part)], [[], total(all)], `${index}`);
      }
    }
    const mp3 = piped("-i", fixturePath("audio.mp3"), "-c", "copy", "-f", "wav")!;
    for (const source of bothWays(mp3)) assertEquals(read(source).reports, []);
  },
});

Deno.test({
  name: "MPEG-TS whose sound is encrypted is not damaged",
  ignore: !isEmbedded,
  fn() {
    const bytes = fixtureBytes("video.ts").slice();
    let count = 0;
    for (let at = 0; at < bytes.length; at += 188) {
      if ((bytes[at + 1]! & 0x1f) !== 1 || bytes[at + 2] !== 1) continue; // PID 257
      const start = at + 4 + (bytes[at + 3]! & 0x20 ? 1 + bytes[at + 4]! : 0);
      bytes[at + 3]! |= 0x80;
      for (let i = start; i < at + 188; i++) bytes[i]! ^= 0xa5;
      count++;
    }
    assertGreater(count, 3);
    for (const source of bothWays(bytes)) assertEquals(read(source).reports, []);
  },
});

Deno.test({
  name: "A playlist of WebVTT has no segment that is something else",
  ignore: !isEmbedded,
  fn() {
    const list = "#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\n0.vtt\n#EXTINF:9,\n1.vtt\n#EXT-X-ENDLIST\n";
    const text = (second: number) =>
      new TextEncoder().encode(
        `WEBVTT\n\n00:0${second}.000 --> 00:0${second + 1}.000\nhello, this is text\n`,
      );
    const files = new Map([["0.vtt", text(1)], ["1.vtt", text(3)]]);
    const options = { format: "hls", onopen: fromMap(files) };
    assertEquals(read(new TextEncoder().encode(list), options).reports, []);
  },
});

for (const name of ["audio.flac", "audio.mp3"]) {
  Deno.test(`A range of a whole source lacks nothing: ${name}`, () => {
    const bytes = fixtureBytes(name), { duration } = probeSync(bytes);
    const half = duration! / 2;
    for (const range of [{ end: half }, { start: half }, { start: half / 2, end: half }]) {
      for (const source of bothWays(bytes)) {
        const { warnings } = remuxSync(source, new MemorySink(), { format: "matroska", ...range });
        assertEquals(warnings, [], JSON.stringify(range));
      }
    }
  });
}

Deno.test({
  name: "FLAC that is cut, joined or split has the length of what it holds",
  ignore: !isEmbedded,
  fn() {
    const bytes = piped("-f", "lavfi", "-i", "sine=d=3:r=44100", "-f", "matroska", "-c:a", "flac")!;
    const flac = remuxedTo(bytes, { format: "flac" });
    const samplesOf = (file: Bytes) =>
      Number(new DataView(file.buffer, file.byteOffset).getBigUint64(18) & 0xfffffffffn);
    const lengthOf = (file: Bytes) => {
      using demuxer = Demuxer.openSync(file);
      const length = [...demuxer.packetsSync()].reduce(
        (sum, { duration }) => sum + duration!,
        0,
      );
      assertEquals(demuxer.warnings, []);
      return length;
    };
    assertEquals(samplesOf(flac), 3 * 44100);
    for (const range of [{ end: 1 }, { start: 1 }, { start: 0.7, end: 1.5 }]) {
      const part = remuxedTo(flac, { format: "flac", ...range });
      assertEquals(samplesOf(part), lengthOf(part), JSON.stringify(range));
      assertLess(samplesOf(part), 3 * 44100);
      assertEquals(part.slice(26, 42), new Uint8Array(16), "the checksum of all samples");
    }
    const both = new MemorySink();
    concatSync([flac, flac], both, { format: "flac" });
    assertEquals(samplesOf(both.bytes()), 2 * 3 * 44100);
    const files = new Map<string, MapFile>();
    const options = { segment_format: "flac", segment_time: 1 };
    remuxSync(flac, new MemorySink(), { format: "segment", url: "%d.flac", options, onopen: fromMap(files) });
    assertEquals([...contents(files).values()].reduce((sum, part) => sum + lengthOf(part), 0), 3 * 44100);
    assertEquals(
      remuxedTo(flac, { format: "flac" }).slice(8, 42),
      flac.slice(8, 42),
      "a whole copy keeps its checksum",
    );
  },
});

Deno.test({
  name: "An Ogg page whose beginning is damaged is reported; a seek near the end reports nothing",
  ignore: !isEmbedded,
  fn() {
    const bytes = remuxedTo(fixturePath("audio.ogg"), { format: "ogg", options: { page_duration: 200_000 } });
    const all = read(bytes);
    const pages = [...new TextDecoder("latin1").decode(bytes).matchAll(/OggS/g)].map(({ index }) => index);
    assertGreater(pages.length, 6);
    for (const page of pages.slice(3)) {
      const damaged = bytes.slice();
      damaged[page]! ^= 0xff;
      const part = read(damaged);
      assertLess(total(part), total(all));
      assertGreater(part.reports.length, 0, `${page}`);
    }
    using demuxer = Demuxer.openSync(bytes);
    for (const seconds of [demuxer.duration! - 0.01, demuxer.duration! - 0.001, 0]) {
      demuxer.seekSync(seconds);
      for (const _ of demuxer.packetsSync());
    }
    assertEquals(demuxer.warnings, []);
  },
});

Deno.test("The times of an FLV that follows another one, which is cut off, go on from there", () => {
  const film = fixtureBytes("video.flv");
  using demuxer = Demuxer.openSync(joined(film.subarray(0, -37), film));
  const times = [...demuxer.packetsSync()].filter(({ streamIndex }) => streamIndex < 2).map(({ dts }) =>
    dts!
  );
  assertEquals(times.length, 411);
  assertEquals(times.toSorted((a, b) => a - b).at(-1), 6128);
  assert(times.every((time, i) => i === 0 || time >= times[i - 1]! - 100));
});

Deno.test("A seek in Ogg with VP8 finds no damage", () => {
  const bytes = piped("-f", "lavfi", "-i", "testsrc=d=2:s=64x64", "-c:v", "libvpx", "-f", "ogg");
  assert(bytes);
  const { warnings } = remuxSync(bytes, new MemorySink(), { format: "webm", start: 1 });
  assertEquals(warnings, []);
});

Deno.test({
  name: "An mp3 that can't seek has the duration of its header",
  ignore: !isEmbedded,
  fn() {
    const bytes = fixtureBytes("audio.mp3");
    using demuxer = Demuxer.openSync(readerOf(bytes, { seekable: false }));
    assertEquals(demuxer.duration, probeSync(bytes).duration);
  },
});

Deno.test("Raw DV has the rate of its pictures, and can be written where that counts", () => {
  const args = [
    "-f",
    "lavfi",
    "-i",
    "testsrc=d=0.4:s=720x576:r=25",
    "-pix_fmt",
    "yuv420p",
    "-c:v",
    "dvvideo",
  ];
  const bytes = piped(...args, "-f", "dv");
  assert(bytes);
  assertEquals(probeSync(bytes).streams[0]!.averageFrameRate, { num: 25, den: 1 });
  for (const format of ["mov", "mxf", "matroska"]) {
    const { streams } = probeSync(remuxedTo(bytes, { format, ...onlyVideo }));
    assertEquals(streams[0]!.averageFrameRate, { num: 25, den: 1 }, format);
  }
});

for (const codec of ["libmp3lame", "alac", "pcm_alaw"]) {
  Deno.test({
    name: `segment: each file of caf can be read, with ${codec}`,
    ignore: !isEmbedded || libavformat < 63, // others are refused
    fn() {
      const sound = piped("-f", "lavfi", "-i", "sine=d=3:r=44100", "-c:a", codec, "-f", "matroska");
      assert(sound);
      const files = new Map<string, MapFile>();
      const options = { segment_format: "caf", segment_time: 1 };
      remuxSync(sound, new MemorySink(), {
        format: "segment",
        url: "%d.caf",
        options,
        onopen: fromMap(files),
      });
      const parts = [...contents(files).values()].map((bytes) => read(bytes));
      assertGreater(parts.length, 2);
      assertEquals(parts.flatMap(({ reports }) => reports), []);
      assertEquals(parts.reduce((sum, part) => sum + total(part), 0), total(read(sound)));
    },
  });
}

Deno.test("Formats whose files can't be read without their sizes need a sink that can seek", () => {
  const unreadable: string[] = [];
  for (const { name: format } of outputFormats()) {
    for (const source of ["video.mp4", "audio.wav", "audio.flac", "audio.mp3", "video.webm"]) {
      const options = () => ({ format, url: "x", onopen: fromMap(new Map()) });
      const chunks: Uint8Array[] = [];
      const sink = { onwrite: (bytes: Uint8Array) => chunks.push(bytes.slice()) && bytes.length };
      try {
        const whole = read(remuxedTo(fixturePath(source), options()));
        if (total(whole) === 0) continue;
        remuxSync(fixturePath(source), sink, options());
        if (total(read(joined(...chunks))) < total(whole)) unreadable.push(`${format} of ${source}`);
      } catch {
        // the format has none of the codecs, or refuses the sink
      }
    }
  }
  assertEquals(unreadable, []);
  for (const format of ["aiff", "w64"]) {
    const sink = { onwrite: (bytes: Uint8Array) => bytes.length };
    assertThrows(
      () => remuxSync(fixturePath("audio.wav"), sink, { format }),
      AVError,
      `${format} needs a sink that can seek`,
    );
  }
});

Deno.test("FLAC that was cut without new encoding, and has its header and its times, lacks nothing behind a seek", () => {
  const whole = fixtureBytes("audio.flac");
  using demuxer = Demuxer.openSync(whole);
  const packets = [...demuxer.packetsSync()], header = whole.slice(0, packets[0]!.pos!);
  const part = joined(header, ...packets.slice(3).map(({ data }) => data));
  const { time } = packets.at(-2)!;
  for (const range of [{}, { start: time! }]) {
    assertEquals(remuxSync(part, new MemorySink(), { format: "matroska", ...range }).warnings, []);
  }
  const cut = part.slice(0, -packets.at(-1)!.data.length);
  for (const range of [{}, { start: time! }]) {
    const { warnings } = remuxSync(cut, new MemorySink(), { format: "matroska", ...range });
    assertEquals(warnings.map(({ kind }) => kind), ["truncated"]);
  }
});
