/**
 * The packets in a remux: an empty result is an error with a reason, streams without key frames are kept, and a damaged
 * packet does not end it.
 */
import { assert, assertEquals, assertThrows } from "@std/assert";
import {
  AVError,
  concatSync,
  Demuxer,
  MemorySink,
  mergeSync,
  Muxer,
  onLog,
  Packet,
  probeSync,
  type RemuxOptions,
  type RemuxResult,
  remuxSync,
  type StreamParameters,
  StrictError,
} from "@avio/avio";
import { concatBytes } from "./support/essence.ts";
import { fixtureBytes } from "./support/fixtures.ts";
import { isEmbedded } from "./support/versions.ts";

type Bytes = Uint8Array<ArrayBuffer>;

/** Remuxes, and returns the log, too. */
function remuxed(source: Bytes, options: RemuxOptions) {
  const sink = new MemorySink();
  const warnings: string[] = [];
  onLog(({ message }) => warnings.push(message));
  try {
    const result = remuxSync(source, sink, options);
    return { bytes: sink.bytes() as Bytes, result, warnings };
  } finally {
    onLog(null);
  }
}

function packetsOf(bytes: Bytes): number {
  using demuxer = Demuxer.openSync(bytes);
  return [...demuxer.packetsSync()].length;
}

function failure(run: () => void): AVError {
  try {
    run();
  } catch (error) {
    assert(error instanceof AVError, String(error));
    return error;
  }
  throw new Error("it succeeded");
}

/** Where the data of an mp4 whose index comes first begins. */
function mediaData(bytes: Bytes): number {
  for (let at = 0; at < bytes.length; at += new DataView(bytes.buffer).getUint32(at)) {
    if (String.fromCharCode(...bytes.subarray(at + 4, at + 8)) === "mdat") return at + 8;
  }
  throw new Error("no mdat");
}

const outputs = ["mp4", "matroska", "mpegts", "nut"];

Deno.test("A remux without output is an error with the reason", () => {
  const whole = fixtureBytes("faststart.mp4");
  const cut = whole.slice(0, mediaData(whole));
  for (const format of outputs) {
    const error = failure(() => remuxed(cut, { format }));
    assertEquals(error.codeName, "INVALIDDATA");
    assert(error.message.includes("cut off before the first packet"), error.message);
  }
  // The header of a fragmented mp4, without any fragment.
  const fragmented = fixtureBytes("fragmented.mp4");
  const moof = new TextDecoder("latin1").decode(fragmented).indexOf("moof") - 4;
  const error = failure(() => remuxed(fragmented.slice(0, moof), { format: "matroska" }));
  assert(error.message.includes("the source has no packets of them"), error.message);
});

Deno.test("The readable part of a truncated source is kept, with a warning", () => {
  const whole = fixtureBytes("faststart.mp4");
  const half = whole.slice(0, (mediaData(whole) + whole.length) >> 1);
  for (const format of outputs) {
    const { result, warnings } = remuxed(half, { format });
    assert(result.packets > 10, format);
    assert(
      warnings.some((line) => /stream 0: the source is cut off before \d+ of its \d+/.test(line)),
      format,
    );
  }
  const { warnings } = remuxed(whole, { format: "mp4" });
  assertEquals(warnings.filter((line) => line.includes("cut off")), []);
});

Deno.test("Empty sources are an error of concat only if all are empty", () => {
  const whole = fixtureBytes("fragmented.mp4");
  const header = whole.slice(0, new TextDecoder("latin1").decode(whole).indexOf("moof") - 4);
  assert(concatSync([whole, header], new MemorySink(), { format: "matroska" }).packets > 0);
  assert(concatSync([header, whole], new MemorySink(), { format: "matroska" }).packets > 0);
  failure(() => concatSync([header, header], new MemorySink(), { format: "matroska" }));
});

Deno.test("An empty selection of packets is no error", () => {
  const source = fixtureBytes("video.mp4");
  assertEquals(remuxed(source, { format: "matroska", transform: () => null }).result.packets, 0);
});

// ------------------------------------------------------------------------------------------- key frames

/** Packets of a codec whose encoder may not mark key frames, in nut, which keeps the marks. */
function unmarked(count: number, isKey: (index: number) => boolean, codec = "rpza"): Bytes {
  const sink = new MemorySink();
  using muxer = Muxer.openSync(sink, { format: "nut" });
  const isSound = codec === "dfpwm";
  muxer.addStream(
    isSound
      ? { type: "audio", codec, sampleRate: 48000, channels: 1 }
      : { type: "video", codec, width: 64, height: 48 },
    { timeBase: { num: 1, den: 25 } },
  );
  for (let i = 0; i < count; i++) {
    muxer.writeSync(
      new Packet({
        streamIndex: 0,
        data: new Uint8Array(100).fill(i % 200 + 1),
        pts: i,
        dts: i,
        duration: 1,
        timeBase: { num: 1, den: 25 },
        isKey: isKey(i),
      }),
    );
  }
  muxer.finishSync();
  return sink.bytes() as Bytes;
}

Deno.test("A stream without marked key frames is kept completely, with a warning", () => {
  for (const codec of ["rpza", "dirac", "dfpwm", "flv1"]) {
    for (const count of [1, 30, 301, 700]) {
      const source = unmarked(count, () => false, codec);
      for (const options of [{}, { transform: (packet: Packet) => packet }]) {
        const { bytes, result, warnings } = remuxed(source, { format: "nut", ...options });
        assertEquals(result.packets, count, codec);
        const reported = warnings.filter((line) => line.includes("no key frame among its first"));
        assertEquals(reported.length, 1, String(warnings));
        using demuxer = Demuxer.openSync(bytes);
        const packets = [...demuxer.packetsSync()];
        assertEquals(
          packets.map(({ data }) => data[0]),
          Array.from({ length: count }, (_, i) => i % 200 + 1),
        );
      }
    }
  }
});

Deno.test("Packets before the first key frame are left out, up to a limit", () => {
  const { result, warnings } = remuxed(unmarked(400, (i) => i === 299), { format: "nut" });
  assertEquals(result.packets, 101);
  assert(warnings.some((line) => line.includes("what comes before its first key frame")), String(warnings));
  assertEquals(remuxed(unmarked(400, (i) => i === 300), { format: "nut" }).result.packets, 400);
});

// ------------------------------------------------------------------------------------------- damaged packets

Deno.test("A packet that a bitstream filter can't read is left out, and the others are kept", () => {
  using demuxer = Demuxer.openSync(fixtureBytes("video.mp4"));
  demuxer.streams[1]!.discard = true;
  const packets = [...demuxer.packetsSync()];
  const damaged = packets.map((packet, i) =>
    i === 3
      ? new Packet({ ...packet, data: Uint8Array.of(0, 0, 0x7f, 0xff, ...packet.data.subarray(4)) })
      : packet
  );
  const sink = new MemorySink();
  using muxer = Muxer.openSync(sink, { format: "matroska" });
  muxer.addStream(demuxer.streams[0]!);
  for (const packet of damaged) muxer.writeSync(packet);
  muxer.finishSync();
  const source = sink.bytes() as Bytes;
  for (
    const [format, options] of [["mpegts", {}], ["avi", {}], ["vob", {}], ["h264", {}], ["matroska", {
      bitstreamFilter: () => "h264_mp4toannexb",
    }]] as const
  ) {
    const { bytes, result, warnings } = remuxed(source, { format, ...options });
    assertEquals(result.packets, packets.length - 1, format);
    assertEquals(result.streams[0]!.packets, packets.length - 1, format);
    assert(warnings.some((line) => line.includes("bitstream filter can't read")), `${format}: ${warnings}`);
    assertEquals(probeSync(bytes).streams.length, 1);
  }
  // The caller of write() gets the error.
  using writer = Muxer.openSync(new MemorySink(), { format: "mpegts" });
  writer.addStream(demuxer.streams[0]!);
  assertThrows(() => {
    for (const packet of damaged) writer.writeSync(packet);
    writer.finishSync();
  }, AVError);
});

Deno.test("What can't be read between blocks of WavPack, or behind the last one, is a warning", async () => {
  const path = Deno.makeTempFileSync({ suffix: ".wv" });
  const args = ["-v", "error", "-f", "lavfi", "-i", "sine=duration=2", "-c:a", "wavpack", "-y", path];
  assert((await new Deno.Command("ffmpeg", { args }).output()).success);
  const source = Deno.readFileSync(path);
  Deno.removeSync(path);
  const last = source.length - new TextDecoder("latin1").decode(source).lastIndexOf("wvpk");
  const noise = new Uint8Array(96).fill(0xee);
  const behind = new Uint8Array([...source, ...noise]);
  const between = new Uint8Array([...source.subarray(0, -last), ...noise, ...source.subarray(-last)]);
  const { packets } = remuxed(source as Bytes, { format: "matroska" }).result;
  for (const damaged of [behind, between]) {
    for (const format of ["matroska", "wv"]) {
      const { result } = remuxed(damaged, { format });
      assertEquals(result.packets, packets, format);
      assertEquals(result.warnings.map(({ kind }) => kind), ["damaged"], format);
      assertThrows(() => remuxed(damaged, { format, strict: true }), StrictError);
    }
  }
  // Where nothing else is read, it is what the remux ends with.
  assertThrows(() => remuxed(source.subarray(0, 40) as Bytes, { format: "matroska" }), AVError);
});

Deno.test("A damaged packet that a muxer can't write is left out, and the others are kept", () => {
  const input = "-f lavfi -i testsrc=size=64x48:duration=2 -f lavfi -i sine=duration=2 -c:v mpeg2video";
  const args = `-v error ${input} -c:a eac3 -f mpegts -`.split(" ");
  const { success, stdout } = new Deno.Command("ffmpeg", { args }).outputSync();
  assert(success);
  const damaged = stdout.slice(), soundPid = 0x101;
  for (let at = 0, n = 0; at < damaged.length; at += 188) {
    if (((damaged[at + 1]! & 0x1f) << 8 | damaged[at + 2]!) !== soundPid || ++n % 3) continue;
    damaged[at + 1]! |= 0x80; // the receiver says that there is an error in it
    for (let i = at + 4; i < at + 183; i++) {
      if (damaged[i] === 0x0b && damaged[i + 1] === 0x77) damaged[i + 5]! |= 0xf8; // an unknown bitstream
    }
  }
  const { result } = remuxed(damaged, { format: "mp4" });
  assertEquals(
    result.streams[0]!.packets,
    remuxed(stdout as Bytes, { format: "mp4" }).result.streams[0]!.packets,
  );
  assertEquals(result.warnings.map(({ kind, stream }) => [kind, stream]), [["damaged", 1], ["dropped", 1]]);
});

Deno.test("First packets that have not the headers that they should have are left out, and the others are kept", () => {
  const source = fixtureBytes("video.ts").slice() as Bytes;
  const soundPid = 0x101,
    count = (bytes: Bytes) => remuxed(bytes, { format: "nut" }).result.streams.map((s) => s.packets);
  const [pictures, sounds] = count(source);
  const begins = (at: number) => source[at] === 0xff && (source[at + 1]! & 0xf6) === 0xf0;
  let first = 0;
  for (let at = 0; !first; at += 188) {
    if (((source[at + 1]! & 0x1f) << 8 | source[at + 2]!) !== soundPid) continue;
    for (let i = at + 4; i < at + 187 && !first; i++) if (begins(i)) first = i;
  }
  source[first] = 0;
  for (const format of outputs) {
    const { result } = remuxed(source, { format });
    assertEquals(result.streams[0]!.packets, pictures, format);
    assert(result.streams[1]!.packets > sounds! * 0.7, `${format}: ${result.streams[1]!.packets}`);
    assert(result.warnings.some(({ kind, stream }) => kind === "dropped" && stream === 1), format);
    assertThrows(() => remuxed(source, { format, strict: true }), StrictError);
  }
});

Deno.test("AC-3 that begins within a frame: mp4 leaves out the rest of that frame, and says so", async () => {
  for (const codec of ["ac3", "eac3"]) {
    const args = `-v error -f lavfi -i sine=d=1:r=48000 -c:a ${codec} -f ${codec} -`.split(" ");
    const { stdout } = await new Deno.Command("ffmpeg", { args }).output();
    const [whole, cut] = [remuxed(stdout, { format: "mp4" }), remuxed(stdout.slice(100), { format: "mp4" })];
    assertEquals(whole.result.warnings, []);
    assertEquals(cut.result.packets, whole.result.packets - 1);
    assertEquals(packetsOf(cut.bytes), cut.result.packets);
    assertEquals(cut.result.warnings.map(({ kind, stream }) => [kind, stream]), [["dropped", 0]]);
    assertEquals(remuxed(stdout.slice(100), { format: "matroska" }).result.packets, whole.result.packets);
  }
});

Deno.test("fragmented mp4 without packets of a stream whose codec they describe is an error, not an unreadable file", () => {
  using demuxer = Demuxer.openSync(fixtureBytes("video.mp4"));
  const video = demuxer.streams.find(({ type }) => type === "video")!;
  const packets = [...demuxer.packetsSync()].filter(({ streamIndex }) => streamIndex === video.index);
  for (const codec of ["ac3", "eac3"]) {
    for (const movflags of ["empty_moov", "frag_keyframe+empty_moov", "cmaf"]) {
      using muxer = Muxer.openSync(new MemorySink(), { format: "mp4", options: { movflags } });
      const index = muxer.addStream(video);
      muxer.addStream({ type: "audio", codec, sampleRate: 48000, channels: 2 });
      for (const packet of packets) muxer.writeSync({ ...packet, streamIndex: index });
      const says = "stream 1 has no packets, by which fragmented mp4 describes its codec";
      assertThrows(() => muxer.finishSync(), AVError, says, `${codec} ${movflags}`);
    }
  }
});

/** The checksum of AC-3. */
function crcOf(bytes: Uint8Array): number {
  let crc = 0;
  for (const byte of bytes) {
    crc ^= byte << 8;
    for (let i = 0; i < 8; i++) crc = (crc << 1 ^ (crc & 0x8000 ? 0x8005 : 0)) & 0xffff;
  }
  return crc;
}

/** AC-3 of half the usual sample rate: the number of its bitstream is 9. */
function slowAc3(): Bytes {
  const size = 768, args = "-v error -f lavfi -i sine=d=1:r=48000 -c:a ac3 -b:a 192k -f ac3 -".split(" ");
  const bytes = new Deno.Command("ffmpeg", { args }).outputSync().stdout as Bytes;
  for (let at = 0; at < bytes.length; at += size) {
    bytes[at + 5] = 9 << 3 | bytes[at + 5]! & 7;
    new DataView(bytes.buffer).setUint16(at + size - 2, crcOf(bytes.subarray(at + 2, at + size - 2)));
  }
  return bytes;
}

Deno.test("AC-3 of a sample rate that mp4 does not define is left out, with a warning; it failed when the output ended", () => {
  const [slow, film] = [slowAc3(), new MemorySink()];
  const { streams } = probeSync(slow);
  assertEquals(streams.map(({ codecParameters }) => codecParameters.codec), ["ac3"]);
  mergeSync(
    [{ source: fixtureBytes("video.mp4"), streams: ({ type }) => type === "video" }, { source: slow }],
    film,
    {
      format: "matroska",
    },
  );
  for (const format of ["mp4", "mov"]) {
    const { result, bytes } = remuxed(film.bytes() as Bytes, { format });
    assertEquals(result.warnings.map(({ kind, stream }) => [kind, stream]), [["skipped", 1]], format);
    assertEquals(probeSync(bytes).streams.length, 1);
    assertThrows(() => remuxed(slow, { format }), TypeError, "can't hold ac3");
  }
  assertEquals(remuxed(slow, { format: "matroska" }).result.warnings, []);
});

/** The system's FFmpeg finds an error in each NUT of one stream. */
const ofStreams = ({ warnings }: RemuxResult) => warnings.filter(({ stream }) => stream !== null);

/** A NUT of these packets of sound, each of so many ticks. */
function soundOf(codecParameters: StreamParameters, packets: Uint8Array[], duration: number): Bytes {
  const sink = new MemorySink();
  using muxer = Muxer.openSync(sink, { format: "nut" });
  const timeBase = { num: 1, den: codecParameters.sampleRate! };
  muxer.addStream(codecParameters, { timeBase });
  for (const [i, data] of packets.entries()) {
    const time = i * duration;
    muxer.writeSync(
      new Packet({ streamIndex: 0, data, pts: time, dts: time, duration, timeBase, isKey: true }),
    );
  }
  muxer.finishSync();
  return sink.bytes().slice() as Bytes;
}

Deno.test("A part of a sample at the end of PCM is left out of mp4, with a warning; it ended the remux", () => {
  const pcm = {
    type: "audio",
    codec: "pcm_s16le",
    sampleRate: 8000,
    channels: 2,
    channelLayout: "stereo",
  } as const;
  const source = soundOf(pcm, [new Uint8Array(400), new Uint8Array(400), new Uint8Array(3)], 100);
  for (const format of ["mov", ...(isEmbedded ? ["mp4"] : [])]) {
    const { result } = remuxed(source, { format });
    assertEquals(ofStreams(result).map(({ kind, stream }) => [kind, stream]), [["dropped", 0]], format);
    assertEquals(result.packets, 2);
    assertThrows(() => remuxed(source, { format, strict: true }), StrictError);
  }
  assertEquals(remuxed(source, { format: "nut" }).result.packets, 3);
});

Deno.test("Packets of several frames of AMR, as phones write them, become packets of one, since mov's muxer takes no others", () => {
  const frame = (value: number) => Uint8Array.of(0x3c, ...Array(31).fill(value)),
    short = Uint8Array.of(4, ...Array(12).fill(9));
  const amr = {
    type: "audio",
    codec: "amr_nb",
    sampleRate: 8000,
    channels: 1,
    channelLayout: "mono",
  } as const;
  const second = concatBytes([frame(1), frame(2), short, frame(3)]);
  const source = soundOf(amr, [second, second], 640);
  for (const format of ["3gp", "mov"]) {
    const { result, bytes } = remuxed(source, { format });
    assertEquals([result.packets, ofStreams(result)], [8, []]);
    using demuxer = Demuxer.openSync(bytes);
    const packets = [...demuxer.packetsSync()];
    assertEquals(packets.map(({ data }) => data[1]), [1, 2, 9, 3, 1, 2, 9, 3]);
    assertEquals(
      packets.map(({ pts, timeBase: { num, den } }) => Math.round(pts! * num / den * 50e3) / 1e3),
      [
        0,
        1,
        2,
        3,
        4,
        5,
        6,
        7,
      ],
    );
  }
});

Deno.test("What is no frame at the end of a packet of AMR is left out with a warning, and the rest is remuxed to mov", () => {
  const frame = (value: number) => Uint8Array.of(0x3c, ...Array(31).fill(value));
  const amr = {
    type: "audio",
    codec: "amr_nb",
    sampleRate: 8000,
    channels: 1,
    channelLayout: "mono",
  } as const;
  const broken = concatBytes([frame(1), frame(2), Uint8Array.of(0x3c, 1, 2)]);
  const source = soundOf(amr, [broken, concatBytes([frame(3), frame(4)]), Uint8Array.of(0x70, 0)], 320);
  for (const format of ["3gp", "mov"]) {
    const { result, bytes } = remuxed(source, { format });
    assertEquals(ofStreams(result).map(({ kind, stream, count }) => [kind, stream, count]), [[
      "dropped",
      0,
      2,
    ]]);
    using demuxer = Demuxer.openSync(bytes);
    assertEquals([...demuxer.packetsSync()].map(({ data }) => data[1]), [1, 2, 3, 4]);
    assertThrows(() => remuxed(source, { format, strict: true }), StrictError);
  }
});

Deno.test("Muxer.write() takes packets of several frames of AMR apart, as remux() does", () => {
  const frame = (value: number) => Uint8Array.of(0x3c, ...Array(31).fill(value));
  const sink = new MemorySink();
  using muxer = Muxer.openSync(sink, { format: "3gp" });
  muxer.addStream({ type: "audio", codec: "amr_nb", sampleRate: 8000, channels: 1 });
  for (const time of [0, 3]) {
    const data = concatBytes([
      frame(time),
      frame(time + 1),
      frame(time + 2),
      ...(time ? [Uint8Array.of(0x3c)] : []),
    ]);
    muxer.writeSync(
      new Packet({ streamIndex: 0, data, pts: time * 160, duration: 480, timeBase: { num: 1, den: 8000 } }),
    );
  }
  muxer.finishSync();
  assertEquals(muxer.warnings.map(({ kind, stream }) => [kind, stream]), [["dropped", 0]]);
  using demuxer = Demuxer.openSync(sink.bytes());
  assertEquals(
    [...demuxer.packetsSync()].map(({ data, pts }) => [data[1], pts]),
    [0, 1, 2, 3, 4, 5].map((n) => [n, n * 160]),
  );
});

Deno.test({
  name: "The side data of a packet of many frames of AMR is not copied for each of them",
  ignore: !isEmbedded,
  fn() {
    const sink = new MemorySink();
    using muxer = Muxer.openSync(sink, { format: "3gp", maxMemory: 50e6 });
    const amr = { type: "audio", codec: "amr_nb", sampleRate: 8000, channels: 1 } as const;
    muxer.addStream(amr);
    muxer.addStream(amr); // for which packets of the other stream wait
    const sideData = [{ type: "A53 Closed Captions", data: new Uint8Array(1e6) }] as const;
    const data = new Uint8Array(400).fill(0x7c); // frames of a byte
    muxer.writeSync(
      new Packet({ streamIndex: 0, data, pts: 0, duration: 160, timeBase: { num: 1, den: 8000 }, sideData }),
    );
    muxer.finishSync();
    using demuxer = Demuxer.openSync(sink.bytes());
    assertEquals([...demuxer.packetsSync()].length, 400);
  },
});
