/**
 * Timestamps of a remux: where the output begins, and how jumps, wrong order, coarse time bases and undescribed streams
 * are handled. The reference is `ffmpeg -c copy`.
 */
import { assert, assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import {
  concatSync,
  Demuxer,
  type DemuxerOptions,
  MemorySink,
  Muxer,
  onLog,
  Packet,
  probeSync,
  remux,
  type RemuxOptions,
  type RemuxResult,
  RemuxStream,
  remuxSync,
  type Source,
  splitSync,
} from "@avio/avio";
import { avio } from "./support/cli.ts";
import { concatBytes } from "./support/essence.ts";
import { hasFFprobe } from "./support/ffprobe.ts";
import { fixtureBytes, fixturePath, realPath } from "./support/fixtures.ts";
import { box, number } from "./support/pieces.ts";
import { libavformat } from "./support/versions.ts";

type Bytes = Uint8Array<ArrayBuffer>;

/** A moving picture, made by the ffmpeg command. */
function byFFmpeg(output: string): Bytes {
  const input = "-v error -nostdin -f lavfi -i testsrc=size=128x96:rate=25:duration=4";
  const args = `${input} ${output}`.split(" ");
  const { success, stdout, stderr } = new Deno.Command("ffmpeg", { args }).outputSync();
  assert(success, new TextDecoder().decode(stderr));
  return stdout as Bytes;
}

/** The output of a remux, and the warnings in the log. */
function remuxed(
  source: Source,
  options: RemuxOptions,
): { bytes: Bytes; result: RemuxResult; warnings: string[] } {
  const sink = new MemorySink();
  const warnings: string[] = [];
  onLog(({ level, message }) => void (level === "warning" && warnings.push(message)));
  try {
    const result = remuxSync(source, sink, options);
    return { bytes: sink.bytes().slice(), result, warnings };
  } finally {
    onLog(null);
  }
}

function packetsOf(source: Source, options?: DemuxerOptions): Packet[] {
  using demuxer = Demuxer.openSync(source, options);
  return [...demuxer.packetsSync()];
}

function secondsOf({ pts, dts, timeBase: { num, den } }: Packet): number {
  return (pts ?? dts)! * num / den;
}

/** Seconds of the first packet that is shown, of any stream. */
function beginningOf(source: Source): number {
  return Math.min(...packetsOf(source).map(secondsOf));
}

/** The fixture with changed packets, for example other times. */
function changed(name: string, format: string, change: (packet: Packet) => Packet | null): Bytes {
  using demuxer = Demuxer.openSync(fixturePath(name));
  const sink = new MemorySink();
  const options = { format, options: format === "mpegts" ? { mpegts_copyts: 1 } : {} };
  using muxer = Muxer.openSync(sink, options);
  for (const stream of demuxer.streams) muxer.addStream(stream);
  for (const packet of demuxer.packetsSync()) {
    const written = change(packet);
    if (written) muxer.writeSync(written);
  }
  muxer.finishSync();
  return sink.bytes().slice();
}

const later = (seconds: number) => (packet: Packet) => {
  const shift = Math.round(seconds * packet.timeBase.den / packet.timeBase.num);
  return new Packet({
    ...packet,
    pts: packet.pts === null ? null : packet.pts + shift,
    dts: packet.dts === null ? null : packet.dts + shift,
  });
};

const atHundred = changed("video.mp4", "mpegts", later(100));

// ------------------------------------------------------------------------------------------- where it begins

/** Seconds at which the output of each format begins, of a source that begins later. */
const beginnings: Record<string, number> = {
  mp4: 0,
  mov: 0,
  matroska: 0,
  flv: 0,
  nut: 0,
  mpegts: 1.4,
};

for (const [format, expected] of Object.entries(beginnings)) {
  Deno.test(`remuxSync() to ${format} begins with 0, or keeps the source's times`, () => {
    for (const source of [atHundred, changed("video.mp4", "matroska", later(7)), fixtureBytes("video.ts")]) {
      const { startTime } = probeSync(source);
      const zero = remuxed(source, { format });
      assertAlmostEquals(probeSync(zero.bytes).startTime!, expected, 0.1, format);
      // Without its index, which the system build does not write, nut guesses.
      if (format !== "nut") assertAlmostEquals(probeSync(zero.bytes).duration!, 3, 0.2, format);
      const kept = remuxed(source, { format, timestamps: "keep" });
      assertAlmostEquals(beginningOf(kept.bytes), startTime!, 0.1, format);
      assertAlmostEquals(kept.result.duration!, zero.result.duration!, 0.01, format);
      assertEquals(kept.result.packets, zero.result.packets, format);
    }
  });
}

Deno.test("timestamps: keep writes exactly the times of the source", () => {
  const { bytes } = remuxed(atHundred, { format: "mpegts", timestamps: "keep", options: { max_delay: 0 } });
  const times = (source: Bytes) =>
    [0, 1].map((index) =>
      packetsOf(source).filter(({ streamIndex }) => streamIndex === index).map(secondsOf)
    );
  assertEquals(times(bytes), times(atHundred));
});

Deno.test("remux(), RemuxStream, concat and split begin with 0 as well, or keep times", async () => {
  const source = changed("video.mp4", "matroska", later(100));
  const all: Record<string, (timestamps: "zero" | "keep") => Bytes | Promise<Bytes>> = {
    async remux(timestamps) {
      const sink = new MemorySink();
      await remux(new Blob([source]).stream(), sink, { format: "matroska", timestamps });
      return sink.bytes().slice();
    },
    async RemuxStream(timestamps) {
      const stream = new RemuxStream({ format: "matroska", timestamps });
      const piped = new Blob([source]).stream().pipeThrough(stream);
      return new Uint8Array(await new Response(piped).arrayBuffer());
    },
    concat(timestamps) {
      const sink = new MemorySink();
      concatSync([source, source], sink, { format: "matroska", timestamps });
      return sink.bytes().slice();
    },
    split(timestamps) {
      const sinks: MemorySink[] = [];
      const onsegment = (index: number) => sinks[index] = new MemorySink();
      splitSync(source, { format: "matroska", every: 1, timestamps, onsegment });
      assert(sinks.length > 2);
      const second = beginningOf(sinks[1]!.bytes());
      assertAlmostEquals(second, timestamps === "zero" ? 0 : 101, 0.1, "the second segment");
      return sinks[0]!.bytes().slice();
    },
  };
  for (const [name, make] of Object.entries(all)) {
    assertAlmostEquals(beginningOf(await make("zero")), 0, 0.1, name);
    assertAlmostEquals(beginningOf(await make("keep")), 100, 0.1, name);
  }
});

Deno.test("split: resetTimestamps and timestamps: keep can't be both", () => {
  const onsegment = () => new MemorySink();
  const options = { format: "mp4", every: 1, onsegment, timestamps: "keep", resetTimestamps: true } as const;
  assertThrows(() => splitSync(atHundred, options), TypeError, "resetTimestamps");
});

Deno.test("A cut begins with 0, and with timestamps: keep at its time in the source", () => {
  for (const [timestamps, expected] of [["zero", 0], ["keep", 101]] as const) {
    const { bytes, result } = remuxed(atHundred, { format: "matroska", start: 1.5, end: 2.5, timestamps });
    assertAlmostEquals(beginningOf(bytes), expected, 0.1, timestamps);
    assertAlmostEquals(result.start, 1, 0.1);
    assertAlmostEquals(result.duration!, 1.5, 0.2);
  }
});

Deno.test("start: 0 is no cut: the delay of the encoder stays", () => {
  const [all, cut] = [{}, { start: 0 }].map((range) =>
    remuxed(fixturePath("audio.mp3"), { format: "mp4", ...range })
  );
  assertEquals(packetsOf(all!.bytes).map(secondsOf), packetsOf(cut!.bytes).map(secondsOf));
});

Deno.test("The encoder's delay of mp3 and AAC is an edit list in mp4: audible sound begins with 0", () => {
  const files = {
    "audio.mp3": fixturePath("audio.mp3"),
    "odd/29f5de5310f7.m4a": realPath("odd/29f5de5310f7.m4a"),
  };
  for (const [name, path] of Object.entries(files)) {
    if (!path) continue;
    const { bytes } = remuxed(path, { format: "mp4" });
    const info = probeSync(bytes);
    assertAlmostEquals(info.startTime!, 0, 0.001, name);
    const first = packetsOf(bytes)[0]!;
    assert(secondsOf(first) < -0.01, `${name}: begins at ${secondsOf(first)}`);
    assert(
      first.sideData.some(({ type }) => type.includes("skip_samples") || type.includes("Skip Samples")),
      name,
    );
  }
});

Deno.test("Chapters move with the times", () => {
  const chapters = [{ id: 1, start: 10, end: 11, metadata: { title: "a" } }, {
    id: 2,
    start: 11,
    end: 13,
    metadata: { title: "b" },
  }];
  const source = remuxed(changed("video.mp4", "matroska", later(10)), {
    format: "matroska",
    timestamps: "keep",
    chapters,
  });
  const timesOf = (options: RemuxOptions) =>
    probeSync(remuxed(source.bytes, options).bytes).chapters.map(({ start, end }) =>
      [start, end].map(Math.round)
    );
  assertEquals(timesOf({ format: "matroska" }), [[0, 1], [1, 3]]);
  assertEquals(timesOf({ format: "matroska", timestamps: "keep" }), [[10, 11], [11, 13]]);
  assertEquals(timesOf({ format: "matroska", start: 1.2 }), [[0, 2]]);
  assertEquals(timesOf({ format: "matroska", start: 1.2, timestamps: "keep" }), [[11, 13]]);
});

Deno.test("Times of a TS that wrap around continue, and no part of the output is hidden", () => {
  const rollOver = 2 ** 33 / 90000;
  const source = changed("video.mp4", "mpegts", later(rollOver - 1.5));
  const count = packetsOf(fixturePath("video.mp4")).length;
  for (const format of ["mp4", "matroska", "mpegts", "flv"]) {
    const { bytes, result } = remuxed(source, { format });
    assertEquals(result.packets, count, format);
    assertAlmostEquals(result.duration!, 3, 0.1, format);
    assertAlmostEquals(probeSync(bytes).startTime!, format === "mpegts" ? 1.4 : 0, 0.1, format);
    assertAlmostEquals(probeSync(bytes).duration!, 3, 0.1, format);
    assert(packetsOf(bytes).every(({ isDiscard }) => !isDiscard), format);
  }
});

Deno.test({
  name: "A TS that begins before a wraparound: no part of the mp4 is hidden",
  ignore: !realPath("odd/57a62341fba1.ts"),
  fn() {
    const { bytes } = remuxed(realPath("odd/57a62341fba1.ts"), { format: "mp4" });
    const packets = packetsOf(bytes);
    assert(packets.length > 0 && packets.every(({ isDiscard }) => !isDiscard));
    assertAlmostEquals(probeSync(bytes).startTime!, 0, 0.1);
  },
});

Deno.test({
  name: "The first dts of B-frames, which mkv does not store, is exact where milliseconds are not",
  ignore: !hasFFprobe,
  fn() {
    const frame = 90000 * 1001 / 24000; // two of them are the delay
    const source = byFFmpeg("-r 24000/1001 -c:v libx264 -bf 3 -f matroska -");
    for (const begin of [source, remuxed(source, { format: "matroska", start: 2 }).bytes]) {
      const { bytes, warnings } = remuxed(begin, { format: "mpegts" });
      assertEquals(warnings, []);
      const [first, ...others] = packetsOf(bytes).map(({ pts, dts }) => ({ pts: pts!, dts: dts! }));
      assertAlmostEquals(first!.pts - first!.dts, 2 * frame, 1);
      const later = others.map(({ dts }, i) => dts - (i ? others[i - 1]! : first!).dts);
      assert(later.every((step) => Math.abs(step - frame) < 91), String(later)); // a millisecond
    }
  },
});

// ------------------------------------------------------------------------------------------- jumps

/** Two recordings in one file, as if the sender had restarted. */
const jumps: Record<string, { bytes: Bytes; is: string }> = {
  back: { bytes: concatBytes([atHundred, atHundred]) as Bytes, is: "-" },
  "far ahead": {
    bytes: concatBytes([changed("video.mp4", "mpegts", later(10)), atHundred]) as Bytes,
    is: "8",
  },
};

for (const [name, { bytes, is }] of Object.entries(jumps)) {
  Deno.test(`Times of MPEG-TS that jump ${name} continue, but not with timestamps: keep`, () => {
    for (const format of ["matroska", "mp4", "mpegts"]) {
      const { bytes: mended, warnings, result } = remuxed(bytes, { format });
      assert(warnings.some((line) => line.includes(`its times jump by ${is}`)), `${format}: ${warnings}`);
      assertAlmostEquals(result.duration!, 6, 0.3, format);
      assertAlmostEquals(probeSync(mended).duration!, 6, 0.3, format);
      const steps = packetsOf(mended).filter(({ streamIndex }) => streamIndex === 0).map(({ dts }) => dts)
        .filter((dts) => dts !== null)
        .map((dts, index, all) => index > 0 ? dts! - all[index - 1]! : 1);
      assert(steps.every((step) => step > 0), format);
    }
    if (name === "back") return; // muxers can't store such times
    const kept = remuxed(bytes, { format: "matroska", timestamps: "keep" });
    assert(kept.result.duration! > 90);
  });
}

Deno.test("A cut of a source whose times jump ends at `end`", () => {
  const { result } = remuxed(jumps["far ahead"]!.bytes, { format: "matroska", end: 4 });
  assertAlmostEquals(result.duration!, 4, 0.3);
});

// ------------------------------------------------------------------------------------------- order

/** FLV whose packets of video with B-frames are shown before they are decoded: two of them. */
function shownBeforeDecoded(): Bytes {
  const bytes = fixtureBytes("video.flv").slice();
  const view = new DataView(bytes.buffer);
  let count = 0;
  for (let at = 13; at + 11 < bytes.length;) {
    const size = view.getUint32(at) & 0xffffff;
    const isFrame = bytes[at] === 9 && bytes[at + 12] === 1;
    if (isFrame && ++count >= 5 && count <= 6) bytes.set([0xff, 0xff, 0x9c], at + 13); // -100 ms
    at += 11 + size + 4;
  }
  return bytes;
}

Deno.test("A pts before its dts is corrected with a warning, and does not end the remux", () => {
  const source = shownBeforeDecoded();
  const count = packetsOf(source).length;
  assert(packetsOf(source).some(({ pts, dts }) => pts! < dts!));
  for (const format of ["mp4", "matroska", "mpegts", "flv", "avi", "nut"]) {
    for (const timestamps of ["zero", "keep"] as const) {
      const { bytes, warnings } = remuxed(source, { format, timestamps });
      assert(
        warnings.some((line) => /dts .* is after pts .*: both set to/.test(line)),
        `${format}: ${warnings}`,
      );
      const packets = packetsOf(bytes);
      assertEquals(packets.length, count, format);
      assert(packets.every(({ pts, dts }) => pts === null || dts === null || pts >= dts), format);
    }
  }
});

Deno.test("Muxer.writeSync() refuses times that remux corrects, since the program made them", () => {
  using muxer = Muxer.openSync(new MemorySink(), { format: "matroska" });
  muxer.addStream({ type: "audio", codec: "pcm_s16le", sampleRate: 8000, channels: 1 });
  const packet = { streamIndex: 0, data: new Uint8Array(16), timeBase: { num: 1, den: 8000 }, isKey: true };
  muxer.writeSync({ ...packet, pts: 0, dts: 0 });
  assertThrows(() => muxer.writeSync({ ...packet, pts: 8, dts: 16 }), Error, "pts (1) < dts (2)");
});

Deno.test({
  name: "pts before dts in mov",
  ignore: !realPath("odd/d8b8e826b5b3.mov"),
  fn() {
    const path = realPath("odd/d8b8e826b5b3.mov");
    for (const format of ["mp4", "matroska", "mpegts"]) {
      assertEquals(remuxed(path, { format }).result.packets, 12, format); // of 18: the others come before a key frame
    }
  },
});

// ------------------------------------------------------------------------------------------- precision

Deno.test("Audio with times in milliseconds is exact to the sample in formats with finer times", () => {
  const names = ["video.mkv", "video.flv", realPath("odd/acff18d2b701.mkv")].filter((name) => name);
  for (const name of names) {
    const { bytes } = remuxed(name.includes("/") ? name : fixturePath(name), { format: "mp4" });
    using demuxer = Demuxer.openSync(bytes);
    const audio = demuxer.streams.find(({ type }) => type === "audio")!;
    const samples = [...demuxer.packetsSync()].filter(({ streamIndex }) => streamIndex === audio.index)
      .map(({ pts }) => pts!);
    const odd = samples.slice(1).map((pts, index) => pts - samples[index]!).filter((step) => step !== 1024);
    assert(odd.length <= 2, `${name}: ${odd}`); // not each third
  }
});

// ------------------------------------------------------------------------------------------- MPEG-TS

const PACKET = 188;

/** PES packets of a PID that is not video's. */
function audioPes(bytes: Uint8Array): number {
  let count = 0;
  for (let at = 0; at + PACKET <= bytes.length; at += PACKET) {
    const begins = (bytes[at + 1]! & 0x40) !== 0;
    const payload = at + 4 + ((bytes[at + 3]! & 0x20) ? 1 + bytes[at + 4]! : 0);
    const isPes = begins && bytes[payload] === 0 && bytes[payload + 1] === 0 && bytes[payload + 2] === 1;
    if (isPes && (bytes[payload + 3]! & 0xe0) === 0xc0) count++;
  }
  return count;
}

Deno.test("MPEG-TS has several frames of audio in a PES packet, unless max_delay says otherwise", () => {
  const frames = (bytes: Uint8Array) =>
    packetsOf(bytes).filter(({ streamIndex }) => streamIndex === 1).length;
  const { bytes } = remuxed(fixturePath("video.mp4"), { format: "mpegts" });
  assert(audioPes(bytes) * 3 < frames(bytes), `${audioPes(bytes)} for ${frames(bytes)}`);
  const each = remuxed(fixturePath("video.mp4"), { format: "mpegts", options: { max_delay: 0 } });
  assertEquals(audioPes(each.bytes), frames(each.bytes));
  assert(bytes.length < each.bytes.length * 0.95);
  const written = changed("video.mp4", "mpegts", (packet) => packet);
  assertEquals(audioPes(written), audioPes(bytes), "a Muxer's");
});

/** MPEG-TS of the same packets, with the times they have. */
function asMpegts(source: Source): Bytes {
  using demuxer = Demuxer.openSync(source);
  const sink = new MemorySink();
  using muxer = Muxer.openSync(sink, { format: "mpegts" });
  for (const stream of demuxer.streams) muxer.addStream(stream);
  for (const packet of demuxer.packetsSync()) muxer.writeSync(packet);
  muxer.finishSync();
  return sink.bytes().slice();
}

/** Video with B-frames in formats that don't say when each picture is shown. */
function withoutPts(): Record<string, Bytes> {
  const mpeg = byFFmpeg("-c:v mpeg2video -g 12 -bf 2 -b:v 100k -f mpeg -");
  return {
    avi: byFFmpeg("-c:v mpeg4 -g 12 -bf 2 -f avi -"),
    "avi, H.264": byFFmpeg("-c:v libx264 -g 12 -bf 3 -x264-params b-adapt=0 -f avi -"),
    "avi, H.264 with open groups": byFFmpeg(
      "-c:v libx264 -g 12 -bf 3 -x264-params b-adapt=0:open-gop=1 -f avi -",
    ),
    mpeg,
    mpegts: asMpegts(mpeg),
  };
}

/** Each picture of 25 a second is shown once. */
function assertShownOnce(bytes: Bytes, count: number, what: string) {
  const packets = packetsOf(bytes).filter(({ pts }) => pts !== null);
  const times = packets.map(secondsOf).sort((a, b) => a - b);
  for (let i = 1; i < times.length; i++) {
    assertAlmostEquals(times[i]! - times[i - 1]!, 0.04, 0.0011, `${what}: picture ${i}`);
  }
  assertEquals(times.length, count, what);
}

Deno.test("remuxSync() derives missing pts from the following pictures", () => {
  for (const [from, source] of Object.entries(withoutPts())) {
    const packets = packetsOf(source);
    assert(packets.some(({ pts }) => pts === null), `${from}: a Demuxer's packets have what the file says`);
    for (const format of ["matroska", "mp4", "mpegts"]) {
      const { bytes } = remuxed(source, { format });
      assertShownOnce(bytes, packets.length, `${from} to ${format}`);
      const seen: (number | null)[] = [];
      remuxed(source, { format, transform: (packet) => (seen.push(packet.pts), packet) });
      assertEquals([seen.length, seen.includes(null)], [packets.length, false], `${from}: transform`);
    }
    assertEquals(packetsOf(remuxed(source, { format: "vob" }).bytes).length, packets.length, from);
  }
});

Deno.test("Pictures of H.264 and HEVC in AVI are shown in the order that their headers say", () => {
  const encoders = [
    "libx264 -g 12 -bf 3 -x264-params b-adapt=0",
    "libx264 -g 12 -bf 3 -x264-params b-adapt=0:open-gop=1",
    "libx265 -g 12 -x265-params b-adapt=0:log-level=none",
  ];
  for (const encoder of encoders) {
    const known = byFFmpeg(`-c:v ${encoder} -f matroska -`);
    const source = byFFmpeg(`-c:v ${encoder} -tag:v ${encoder.includes("265") ? "HEVC" : "H264"} -f avi -`);
    assert(packetsOf(source).every(({ pts }) => pts === null), encoder);
    const order = (packets: Packet[]) => {
      const first = Math.min(...packets.map(secondsOf));
      return packets.map((packet) => Math.round((secondsOf(packet) - first) * 25));
    };
    const expected = order(packetsOf(known));
    assert(expected.some((place, i) => place < (expected[i - 1] ?? 0)), encoder);
    for (const format of ["matroska", "mp4", "mpegts"]) {
      assertEquals(order(packetsOf(remuxed(source, { format }).bytes)), expected, `${encoder} to ${format}`);
    }
  }
});

Deno.test("Packets that wait for a derived pts are not lost by a split, by a cut, or if video ends before audio", () => {
  for (const [from, source] of Object.entries(withoutPts())) {
    const { length } = packetsOf(source);
    const parts: MemorySink[] = [];
    const onsegment = () => (parts.push(new MemorySink()), parts.at(-1)!);
    splitSync(source, { format: "matroska", every: 1, onsegment });
    const counts = parts.map((part) => packetsOf(part.bytes()).length);
    assertEquals([counts.length > 2, counts.reduce((a, b) => a + b)], [true, length], `${from}: ${counts}`);
    const cut = remuxed(source, { format: "matroska", start: 2 });
    assertShownOnce(cut.bytes, cut.result.packets, `${from}: from 2 s on`);
    const both = concatSync([source, source], new MemorySink(), { format: "matroska" });
    assertEquals(both.packets, 2 * length, `${from}: twice`);
  }
  const options = "-f lavfi -i sine=duration=60 -c:v mpeg2video -bf 2 -c:a mp2 -f mpeg -";
  const source = byFFmpeg(options);
  assertEquals(remuxed(source, { format: "matroska" }).result.packets, packetsOf(source).length);
});

Deno.test("scan_all_pmts is on for MPEG-TS unless the caller sets it, and not an option of other formats", () => {
  const path = fixturePath("video.ts");
  const rate = (options?: DemuxerOptions) =>
    probeSync(path, options).streams.map(({ codecParameters }) => codecParameters.bitRate);
  assertEquals(rate(), rate({ options: { scan_all_pmts: 1 } }));
  if (libavformat >= 61) assert(String(rate()) !== String(rate({ options: { scan_all_pmts: 0 } })));
  for (const name of ["video.mp4", "video.mkv", "audio.mp3"]) {
    assert(probeSync(fixturePath(name)).streams.length > 0);
    assertThrows(
      () => probeSync(fixturePath(name), { options: { scan_all_pmts: 1 } }),
      TypeError,
      "scan_all_pmts",
    );
  }
});

// ------------------------------------------------------------------------------------------- what is left out

Deno.test("Frames before the first key frame are left out, of each stream, with a warning", () => {
  for (const from of ["matroska", "mpegts", "flv"]) {
    let hadKey = false;
    const source = changed("video.mp4", from, (packet) => {
      const isFirst = packet.streamIndex === 0 && packet.isKey && !hadKey;
      hadKey ||= isFirst;
      return isFirst ? null : packet;
    });
    const before = packetsOf(source).filter(({ streamIndex }) => streamIndex === 0);
    const leading = before.findIndex(({ isKey }) => isKey);
    if (from !== "mpegts") assert(leading > 0, from); // whose demuxer drops them itself
    for (const format of ["mp4", "matroska", "mpegts"]) {
      const { bytes, warnings } = remuxed(source, { format });
      const after = packetsOf(bytes).filter(({ streamIndex }) => streamIndex === 0);
      assert(after[0]!.isKey, `${from} to ${format}`);
      assertEquals(after.length, before.length - leading, `${from} to ${format}`);
      const reported = warnings.filter((line) =>
        line.includes("stream 0: what comes before its first key frame")
      );
      assertEquals(reported.length, leading > 0 ? 1 : 0, `${from} to ${format}`);
    }
  }
});

/** FLV whose AAC lacks the packet with its configuration. */
function withoutConfiguration(): Bytes {
  const bytes = fixtureBytes("video.flv");
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const pieces = [bytes.subarray(0, 13)];
  for (let at = 13; at + 11 < bytes.length;) {
    const end = at + 11 + (view.getUint32(at) & 0xffffff) + 4;
    if (bytes[at] !== 8 || bytes[at + 12] !== 0) pieces.push(bytes.subarray(at, end));
    at = end;
  }
  return concatBytes(pieces) as Bytes;
}

Deno.test("A stream without known parameters is left out with a warning, and the others are kept", () => {
  const silent = changed("video.mp4", "mpegts", (packet) => packet.streamIndex === 1 ? null : packet);
  for (const format of ["mp4", "matroska", "mpegts", "flv", "mov", "nut"]) {
    const { result, warnings } = remuxed(silent, { format });
    assertEquals(result.skippedStreams, [1], format);
    assert(
      warnings.some((line) => line.includes("stream 1: aac of unknown sample rate")),
      `${format}: ${warnings}`,
    );
  }
  const { result, warnings } = remuxed(withoutConfiguration(), { format: "mp4" });
  assertEquals(result.skippedStreams, [1]);
  assert(warnings.some((line) => line.includes("stream 1: aac of unknown configuration")), String(warnings));
  for (const name of ["odd/76df1f136b61.ts", "odd/8d1eccee156c.ts"]) {
    const path = libavformat >= 63 ? realPath(name) : ""; // older ones don't know their other streams either
    for (const format of path ? ["mp4", "matroska", "flv"] : []) {
      assertEquals(remuxed(path, { format }).result.skippedStreams.length, 1, `${name} to ${format}`);
    }
  }
});

Deno.test("VOB to VOB: navigation packets of DVDs are left out, since no muxer writes them", () => {
  const source = byFFmpeg("-c:v mpeg2video -f dvd -");
  const { streams } = probeSync(source);
  const navigation = streams.findIndex(({ codecParameters }) => codecParameters.codec === "dvd_nav_packet");
  assert(navigation >= 0);
  for (const format of ["vob", "dvd", "mpeg"]) {
    assertEquals(remuxed(source, { format }).result.skippedStreams, [navigation], format);
  }
});

// ------------------------------------------------------------------------------------------- command line

Deno.test("avio remux --timestamps keeps times, and refuses unknown values", async () => {
  const folder = await Deno.makeTempDir();
  try {
    await Deno.writeFile(`${folder}/in.ts`, atHundred);
    const run = (...flags: string[]) => avio("remux", `${folder}/in.ts`, `${folder}/out.mkv`, "-q", ...flags);
    for (
      const [flags, expected] of [[[], 0], [["--timestamps", "zero"], 0], [
        ["--timestamps", "keep"],
        100,
      ]] as const
    ) {
      assertEquals((await run(...flags)).code, 0);
      assertAlmostEquals(probeSync(`${folder}/out.mkv`).startTime!, expected, 0.1);
    }
    const { code, stderr } = await run("--timestamps", "later");
    assert(code !== 0 && stderr.includes("--timestamps: must be zero or keep"), stderr);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

// ------------------------------------------------------------------------------------------- subtitles and data

/** Puts other times into the PES of a stream of MPEG-TS; null leaves that of the PES with this number. */
function withPts(ts: Bytes, pid: number, ptsOf: (index: number) => number | null): Bytes {
  const bytes = ts.slice();
  let seen = 0;
  for (let at = 0; at < bytes.length; at += 188) {
    const isStart = bytes[at + 1]! & 0x40, own = (bytes[at + 1]! & 0x1f) << 8 | bytes[at + 2]!;
    if (own !== pid || !isStart) continue;
    const pts = ptsOf(seen++);
    if (pts === null) continue;
    const high = Math.floor(pts / 2 ** 30), low = pts % 2 ** 30;
    const adaptation = bytes[at + 3]! & 0x20 ? 1 + bytes[at + 4]! : 0;
    bytes.set(
      [
        0x21 | high << 1,
        low >> 22 & 0xff,
        (low >> 15 & 0x7f) << 1 | 1,
        low >> 7 & 0xff,
        (low & 0x7f) << 1 | 1,
      ],
      at + 4 + adaptation + 9,
    );
  }
  return bytes;
}

Deno.test("remuxSync(): data in MPEG-TS with damaged times get those of the audio beside them", () => {
  const sink = new MemorySink();
  using muxer = Muxer.openSync(sink, { format: "mpegts" });
  muxer.addStream({ type: "audio", codec: "mp2", sampleRate: 48000, channels: 2 });
  muxer.addStream({ type: "data", codec: "klv" });
  const timeBase = { num: 1, den: 90000 };
  const word = new Uint8Array([0x20, 0, 0x0f, 0x10, 0, 1, 0, 2, 1, 0, 0xff]);
  for (let i = 0; i < 200; i++) {
    const pts = i * 2160;
    muxer.writeSync({
      streamIndex: 0,
      data: mp2Frame(),
      pts,
      dts: pts,
      isKey: true,
      duration: 2160,
      timeBase,
    });
    if (i % 40 === 0) muxer.writeSync({ streamIndex: 1, data: word, pts, dts: pts, isKey: true, timeBase });
  }
  muxer.finishSync();
  for (const seconds of [0.5, 20_000, 90_000]) {
    const damaged = withPts(sink.bytes() as Bytes, 0x101, (index) => index ? seconds * 90000 : null);
    const { bytes, result, warnings } = remuxed(damaged, { format: "mpegts" });
    assertEquals(result.streams.length, 2);
    assertEquals(warnings.some((line) => line.includes("seconds away from those around it")), seconds > 1);
    const times = packetsOf(bytes).map((packet) => packet.time!);
    assert(Math.max(...times) - Math.min(...times) < 6, `${seconds}: ${times}`);
    assertAlmostEquals(result.duration!, 4.8, 1);
  }
});

/** Two programs of MPEG-TS, each with sound in PES of a frame. */
function twoPrograms(): Bytes {
  const sound = "-f lavfi -i sine=sample_rate=48000:duration=4";
  const programs = "-map 0 -map 1 -c:a mp2 -program title=a:st=0 -program title=b:st=1 -pes_payload_size 1";
  const args = `-v error -nostdin ${sound} ${sound} ${programs} -f mpegts -`.split(" ");
  const { success, stdout, stderr } = new Deno.Command("ffmpeg", { args }).outputSync();
  assert(success, new TextDecoder().decode(stderr));
  return stdout as Bytes;
}

Deno.test({
  name: "remuxSync(): programs of MPEG-TS with clocks of their own all begin at 0",
  ignore: !hasFFprobe,
  fn() {
    const source = twoPrograms();
    for (const [first, second] of [[5, 2], [20_000, 10_000], [10_000, 20_000]] as const) {
      const at = (begin: number) => (index: number) => begin * 90000 + index * 2160;
      const both = withPts(withPts(source, 0x100, at(first)), 0x101, at(second));
      const { bytes, result } = remuxed(both, { format: "matroska" });
      assertEquals(result.streams.length, 2);
      const times = packetsOf(bytes).map((packet) => packet.time!);
      assertAlmostEquals(Math.min(...times), 0, 0.1, `${first}, ${second}`);
      assert(Math.max(...times) < 8, `${first}, ${second}: ${times}`);
      for (const stream of [0, 1]) {
        const one = remuxed(both, { format: "mp4", streams: [stream] });
        assertAlmostEquals(beginningOf(one.bytes), 0, 0.1, `${first}, ${second}: ${stream}`);
        assertAlmostEquals(one.result.duration!, 4, 0.2);
      }
    }
  },
});

/** 1152 samples of nothing at 48 kHz, 64 kbit/s, two channels. */
function mp2Frame(): Uint8Array {
  return new Uint8Array([0xff, 0xfd, 0x44, 0, ...new Uint8Array(188)]);
}

Deno.test("remuxSync(): a stream of MPEG-TS may have a PID that its muxer uses for tables", () => {
  const { bytes } = remuxed(fixturePath("video.ts"), {
    format: "mpegts",
    streams: ({ index }) => ({ id: 4096 + index }),
  });
  assertEquals(probeSync(bytes).streams.map(({ id }) => id), [4096, 4097]);
  assertEquals(packetsOf(bytes).length, packetsOf(fixturePath("video.ts")).length);
});

Deno.test({
  name: "Sound from AVI has its times in AVI, also if its packets differ in size",
  ignore: !hasFFprobe,
  fn() {
    const tone = "-f lavfi -i sine=duration=4:sample_rate=44100";
    for (const codec of ["aac", "flac", "mp2", "libmp3lame", "ac3", "libvorbis", "pcm_s16le"]) {
      const source = byFFmpeg(`${tone} -c:v mpeg4 -c:a ${codec} -f avi -`);
      const timesOf = (bytes: Bytes) =>
        packetsOf(bytes).filter(({ streamIndex }) => streamIndex === 1).map(({ time }) => time!);
      const { bytes } = remuxed(source, { format: "avi" });
      const [before, after] = [timesOf(source), timesOf(bytes)];
      assertEquals(after.length, before.length, codec);
      for (const [index, time] of after.entries()) assertAlmostEquals(time, before[index]!, 0.03, codec);
    }
  },
});

/** Sound in m4a as FAAC writes it: without an edit list; the first packet has the time of the second; the last one is short. */
function byFaac(): Bytes {
  using demuxer = Demuxer.openSync(fixturePath("video.mp4"));
  const sink = new MemorySink(), stream = demuxer.streams.find(({ type }) => type === "audio")!;
  using muxer = Muxer.openSync(sink, {
    format: "ipod",
    options: { use_editlist: 0, avoid_negative_ts: "make_zero" },
  });
  muxer.addStream(stream);
  const packets = [...demuxer.packetsSync()].filter(({ streamIndex }) => streamIndex === stream.index).slice(
    1,
    40,
  );
  for (const [i, packet] of packets.entries()) {
    const time = i * 1024, timeBase = { num: 1, den: stream.codecParameters.sampleRate! };
    const duration = i === packets.length - 1 ? 300 : 1024;
    muxer.writeSync(
      new Packet({ ...packet, streamIndex: 0, pts: time, dts: time, duration, timeBase, sideData: [] }),
    );
  }
  muxer.finishSync();
  const bytes = sink.bytes().slice() as Bytes;
  const at = new TextDecoder("latin1").decode(bytes).indexOf("sgpd") - 4; // and sbgp: 54 bytes, which FAAC does not write
  bytes.set(
    box("ctts", number(0), number(2), number(1), number(1024), number(packets.length - 1), number(0)),
    at,
  );
  bytes.set(box("free", new Uint8Array(14)), at + 32);
  return bytes;
}

Deno.test("concat: m4a of FAAC, whose first packet has the time of the second, is joined without false warnings", () => {
  const song = byFaac(), count = packetsOf(song).length;
  assertEquals(packetsOf(song).slice(0, 2).map(({ pts, dts }) => [pts, dts]), [[1024, 0], [1024, 1024]]);
  for (const format of ["ipod", "matroska", "adts"]) {
    const sink = new MemorySink();
    const { warnings, packets } = concatSync([song, song, song], sink, { format });
    assertEquals(warnings, []);
    assertEquals(packets, 3 * count - 2); // what begins a decoder is not shown, and not needed in the middle
  }
});
