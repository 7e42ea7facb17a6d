/**
 * Muxer: streams from parameters, life cycle, timestamps, metadata, and what its sink gets.
 */
import {
  assert,
  assertAlmostEquals,
  assertEquals,
  assertGreater,
  assertMatch,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import {
  AVError,
  type Chapter,
  type CodecParameters,
  Demuxer,
  MemorySink,
  Muxer,
  type MuxerOptions,
  Packet,
  probeSync,
  type Stream,
  type WriteInfo,
} from "@avio/avio";
import { Collector } from "./support/devices.ts";
import { concatBytes } from "./support/essence.ts";
import { fixtureBytes } from "./support/fixtures.ts";
import { hashesByStream, md5, rowsOf } from "./support/packets.ts";
import { runScript } from "./support/subprocess.ts";
import { isEmbedded } from "./support/versions.ts";

/** Everything of a demuxer, kept. */
function load(name: string): { streams: readonly Stream[]; packets: Packet[] } {
  using demuxer = Demuxer.openSync(fixtureBytes(name));
  return { streams: demuxer.streams, packets: [...demuxer.packetsSync()] };
}

const pcm = {
  type: "audio",
  codec: "pcm_s16le",
  sampleRate: 8000,
  channels: 1,
  sampleFormat: "s16",
} as const;

/** A muxer of one PCM stream into memory. */
function pcmMuxer(options: MuxerOptions = {}) {
  const sink = new MemorySink();
  const muxer = Muxer.openSync(sink, { format: "wav", ...options });
  muxer.addStream(pcm, { timeBase: { num: 1, den: 8000 } });
  return { sink, muxer };
}

function pcmPacket(pts: number, samples = 80): Packet {
  const data = new Uint8Array(samples * 2).fill(pts % 256);
  return new Packet({
    streamIndex: 0,
    data,
    pts,
    dts: pts,
    duration: samples,
    timeBase: { num: 1, den: 8000 },
  });
}

Deno.test("A packet can be changed before it is written", () => {
  const { sink, muxer } = pcmMuxer({ format: "matroska" });
  const packet = pcmPacket(0);
  packet.data = Uint8Array.of(...packet.data, 1, 2);
  packet.isKey = true;
  muxer.writeSync(packet);
  packet.data.fill(0); // it was copied
  muxer.finishSync();
  using demuxer = Demuxer.openSync(sink.bytes());
  const { data } = demuxer.readSync()!;
  assertEquals(data.length, 162);
  assertEquals(data.slice(-2), Uint8Array.of(1, 2));
});

// ------------------------------------------------------------------------------------------- streams from parameters

Deno.test("Muxer writes a wav from samples", () => {
  const { sink, muxer } = pcmMuxer();
  for (let pts = 0; pts < 8000; pts += 80) muxer.writeSync(pcmPacket(pts));
  muxer.finishSync();
  const info = probeSync(sink.bytes());
  assertEquals(info.format.name, "wav");
  assertEquals(info.duration, 1);
  const { codec, sampleRate, channels } = info.streams[0]!.codecParameters;
  assertEquals([codec, sampleRate, channels], ["pcm_s16le", 8000, 1]);
  assertEquals(rowsOf(sink.bytes()).reduce((sum, row) => sum + row.size, 0), 16000);
});

Deno.test("Muxer takes packets of a demuxer for a stream whose parameters are made by hand", () => {
  const cases: [
    string,
    number,
    Partial<CodecParameters> & Pick<CodecParameters, "type" | "codec">,
    string,
  ][] = [
    ["audio.mp3", 0, { type: "audio", codec: "mp3" }, "mp3"],
    ["video.mp4", 0, { type: "video", codec: "h264" }, "mp4"],
    ["video.mp4", 1, { type: "audio", codec: "aac" }, "matroska"],
  ];
  for (const [name, index, parameters, format] of cases) {
    const { streams, packets } = load(name);
    const { codecParameters: of, timeBase } = streams[index]!;
    const { extradata, width, height, sampleRate, channels, frameSize } = of;
    const sink = new MemorySink();
    using muxer = Muxer.openSync(sink, { format });
    muxer.addStream({ ...parameters, extradata, width, height, sampleRate, channels, frameSize }, {
      timeBase,
    });
    const written = packets.filter((packet) => packet.streamIndex === index);
    for (const packet of written) {
      packet.streamIndex = 0;
      muxer.writeSync(packet);
    }
    muxer.finishSync();
    assertEquals(hashesByStream(rowsOf(sink.bytes())), [written.map((packet) => md5(packet.data))], name);
    assertEquals(probeSync(sink.bytes()).streams[0]!.codecParameters.codec, parameters.codec);
  }
});

Deno.test("Muxer.addStream() that fails leaves nothing behind", () => {
  const sink = new MemorySink();
  using muxer = Muxer.openSync(sink, { format: "wav" });
  assertThrows(() => muxer.addStream({ type: "audio", codec: "nope" }), TypeError, "codec");
  assertThrows(() => muxer.addStream({ ...pcm, channelLayout: "nope" }), TypeError, "channelLayout");
  assertThrows(() => muxer.addStream(pcm, { disposition: ["nope"] }), TypeError, "disposition");
  assertEquals(muxer.streams.length, 0);
  assertEquals(muxer.addStream(pcm), 0);
  assertEquals(muxer.streams.length, 1);
  muxer.writeSync(pcmPacket(0));
  muxer.finishSync();
  assertEquals(rowsOf(sink.bytes()).length, 1);
});

Deno.test("Muxer.addStream() keeps the properties of a demuxer's stream", () => {
  const { streams } = load("video.mp4");
  using muxer = Muxer.openSync(new MemorySink(), { format: "mp4" });
  for (const stream of streams) muxer.addStream(stream);
  for (const [index, stream] of streams.entries()) {
    const copy = muxer.streams[index]!;
    assertEquals(copy.codecParameters, stream.codecParameters);
    assertEquals(copy.timeBase, stream.timeBase);
    assertEquals(copy.disposition, stream.disposition);
    assertEquals({ ...copy.metadata }, { ...stream.metadata });
    assertEquals(copy.averageFrameRate, stream.averageFrameRate);
  }
});

Deno.test("Muxer.addStream() describes the added stream, not all others again", () => {
  using muxer = Muxer.openSync(new MemorySink(), { format: "matroska" });
  const timeOf = (count: number) => {
    const start = performance.now();
    for (let i = 0; i < count; i++) {
      muxer.addStream({ ...pcm }, { metadata: { title: `${muxer.streams.length}` } });
    }
    return performance.now() - start;
  };
  const first = timeOf(50);
  for (let i = 50; i < 950; i++) muxer.addStream(pcm, { metadata: { title: `${i}` } });
  const last = timeOf(50);
  assert(last < 8 * first + 200, `the first 50 took ${first} ms, the last of a thousand ${last}`);
  const { streams } = muxer;
  assertEquals(
    streams.map(({ index, metadata: { title } }) => [index, title]),
    streams.map((_, i) => [i, `${i}`]),
  );
});

Deno.test("Muxer.addStream() says how many streams an output can have", () => {
  using muxer = Muxer.openSync(new MemorySink(), { format: "mpegts" });
  const add = () => muxer.addStream({ type: "audio", codec: "mp2", sampleRate: 48000, channels: 2 });
  for (let i = 0; i < 1000; i++) add();
  assertThrows(add, TypeError, "from: an output has at most 1000 streams");
  assertEquals(muxer.streams.length, 1000);
});

// ------------------------------------------------------------------------------------------- life cycle

Deno.test("Muxer refuses calls in the wrong order", () => {
  const { muxer } = pcmMuxer();
  muxer.startSync();
  muxer.startSync();
  assertThrows(() => muxer.addStream(pcm), Error, "header has been written");
  muxer.writeSync(pcmPacket(0));
  muxer.finishSync();
  for (
    const use of [
      () => muxer.writeSync(pcmPacket(80)),
      () => muxer.finishSync(),
      () => muxer.startSync(),
      () => muxer.flushSync(),
      () => muxer.addStream(pcm),
    ]
  ) {
    assertThrows(use, Error, "is closed");
  }
  muxer[Symbol.dispose]();
  assertEquals(muxer.streams.length, 1);
  assertEquals(muxer.format.name, "wav");
});

Deno.test("Muxer without streams is an error", () => {
  for (const use of ["startSync", "flushSync", "finishSync"] as const) {
    using muxer = Muxer.openSync(new MemorySink(), { format: "mp4" });
    assertThrows(() => muxer[use](), AVError, "No streams");
  }
});

Deno.test("Muxer.writeSync(): the error for an unknown stream names it", () => {
  const { muxer } = pcmMuxer();
  using _ = muxer;
  const packet = pcmPacket(0);
  packet.streamIndex = 1;
  assertThrows(() => muxer.writeSync(packet), RangeError, "streamIndex");
  packet.streamIndex = 0;
  muxer.writeSync(packet);
});

for (const format of ["mp4", "matroska", "mpegts", "avi", "flv", "wav"]) {
  Deno.test(`Muxer whose ${format} header failed refuses everything, and does not crash`, async () => {
    const { code, stderr, stdout } = await runScript(`
      import { MemorySink, Muxer, Packet } from "@avio/avio";
      const packet = new Packet({ streamIndex: 0, data: new Uint8Array(10), pts: 0, dts: 0 });
      for (const streams of [0, 1]) {
        for (const use of ["startSync", "writeSync", "flushSync", "finishSync"]) {
          const muxer = Muxer.openSync(new MemorySink(), { format: "${format}" });
          if (streams) muxer.addStream({ type: "subtitle", codec: "arib_caption" });
          let failed = false;
          try { muxer.startSync(); } catch { failed = true; }
          if (!failed) continue; // this format takes anything
          try { muxer[use](packet); console.log(use, "no error"); } catch (error) { console.log(error.name); }
          muxer[Symbol.dispose]();
        }
      }
    `);
    assertEquals(code, 0, `ended with ${code}: ${stdout} ${stderr}`);
    assert(!stdout.includes("no error"), stdout);
  });
}

Deno.test("Muxer that is disposed without finishing leaves the output without its end", () => {
  const { streams, packets } = load("video.mp4");
  const sink = new MemorySink();
  {
    using muxer = Muxer.openSync(sink, { format: "mp4" });
    for (const stream of streams) muxer.addStream(stream);
    for (const packet of packets) muxer.writeSync(packet);
  }
  assertThrows(() => probeSync(sink.bytes()), AVError);
});

Deno.test("Muxer that is disposed before, in the middle and at the end frees everything", async () => {
  const { code, stdout, stderr } = await runScript(`
    import { Demuxer, MemorySink, Muxer } from "@avio/avio";
    using demuxer = Demuxer.openSync("fixtures/video.mp4");
    const packets = [...demuxer.packetsSync()].slice(0, 40);
    const round = (times) => {
      for (let i = 0; i < times; i++) for (const format of ["mp4", "matroska", "mpegts", "flv", "avi"]) {
        for (const stage of [0, 1, 2, 3, 4]) {
          using muxer = Muxer.openSync(new MemorySink(), { format });
          if (stage > 0) for (const stream of demuxer.streams) muxer.addStream(stream);
          if (stage > 1) muxer.startSync();
          if (stage > 2) for (const packet of packets) muxer.writeSync(packet);
          if (stage > 3) muxer.finishSync();
        }
      }
    };
    // V8's own heap grows and shrinks when it likes.
    const resident = () => Deno.memoryUsage().rss - Deno.memoryUsage().heapTotal;
    round(40);
    const before = resident();
    round(100);
    console.log((resident() - before) / 1e6);
  `);
  assertEquals(code, 0, stderr);
  // 64 KiB of buffer for each of 2500 muxers would be 160.
  assertGreater(50, Number(stdout));
});

// ------------------------------------------------------------------------------------------- timestamps

Deno.test("Muxer.writeSync() refuses a dts that does not increase, and names both", () => {
  const { streams, packets } = load("audio.mp3");
  for (const format of ["matroska", "mp4"]) {
    using muxer = Muxer.openSync(new MemorySink(), { format });
    muxer.addStream(streams[0]!);
    const [first, second] = packets as [Packet, Packet];
    const timeBase = { num: 1, den: 1000 };
    muxer.startSync();
    const at = (dts: number, packet: Packet) =>
      Object.assign(packet, { pts: dts, dts, timeBase, duration: 26 });
    const error = assertThrows(() => {
      muxer.writeSync(at(5000, first));
      muxer.writeSync(at(4000, second));
      muxer.flushSync();
    }, AVError);
    assertEquals(error.codeName, "EINVAL");
    assertMatch(error.message, /non monotonically|monoton/i);
    const [num, den] = [muxer.streams[0]!.timeBase.num, muxer.streams[0]!.timeBase.den];
    assertStringIncludes(error.message, String(5000 * den / num / 1000));
    assertStringIncludes(error.message, String(4000 * den / num / 1000));
  }
});

Deno.test("Muxer.streams have the muxer's time base once it has started, and packets are rescaled to it", () => {
  const { streams, packets } = load("video.mp4");
  const sink = new MemorySink();
  using muxer = Muxer.openSync(sink, { format: "matroska" });
  for (const stream of streams) muxer.addStream(stream);
  assertEquals(muxer.streams[0]!.timeBase, streams[0]!.timeBase);
  muxer.startSync();
  assertEquals(muxer.streams[0]!.timeBase, { num: 1, den: 1000 });
  for (const packet of packets) {
    // A time base of its own for each: the times stay.
    if (packet.streamIndex === 0) {
      packet.pts! *= 2;
      packet.dts! *= 2;
      packet.duration *= 2;
      packet.timeBase = { num: packet.timeBase.num, den: packet.timeBase.den * 2 };
    }
    muxer.writeSync(packet);
  }
  muxer.finishSync();
  const times = (all: Packet[]) =>
    all.filter((packet) => packet.streamIndex === 0).map((packet) => packet.time!);
  using demuxer = Demuxer.openSync(sink.bytes());
  const expected = times(packets);
  const actual = times([...demuxer.packetsSync()]);
  assertEquals(actual.length, expected.length);
  // The muxer moves everything so that no dts is below 0.
  const shift = actual[0]! - expected[0]!;
  for (const [index, time] of actual.entries()) assertAlmostEquals(time - shift, expected[index]!, 0.002);
});

Deno.test("Muxer interleaves streams by dts, however they were written", () => {
  const { streams, packets } = load("video.mp4");
  const sink = new MemorySink();
  using muxer = Muxer.openSync(sink, { format: "mpegts" });
  for (const stream of streams) muxer.addStream(stream);
  // The interleaver holds packets back until each stream has one, and for 10 s at most.
  for (const packet of packets.toSorted((a, b) => a.streamIndex - b.streamIndex)) muxer.writeSync(packet);
  muxer.finishSync();
  const order = rowsOf(sink.bytes()).map((row) => row.stream);
  assertGreater(order.lastIndexOf(0), order.indexOf(1));
  assertEquals(order.length, packets.length);
});

// ------------------------------------------------------------------------------------------- metadata

Deno.test("Metadata, chapters, dispositions, languages and side data are copied from mp4 to mkv", () => {
  const { streams, packets } = load("video.mp4");
  const chapters: Chapter[] = [
    { id: 1, start: 0, end: 1.5, metadata: { title: 'Eins: äöü 日本 "q"' } },
    { id: 2, start: 1.5, end: 3, metadata: { title: "Zwei" } },
  ];
  // A rotation by 90 degrees: 3 x 3 numbers of 16.16 fixed point.
  const rotation = new Int32Array([0, 65536, 0, -65536, 0, 0, 0, 0, 1 << 30]);
  const matrix = { type: "Display Matrix", data: new Uint8Array(rotation.buffer) };
  const write = (format: string, from: readonly Stream[], init: boolean) => {
    const sink = new MemorySink();
    using muxer = Muxer.openSync(sink, { format, metadata: { title: "T\n=;#\\", artist: "A" }, chapters });
    for (const stream of from) {
      if (stream.type === "data") continue; // chapters of mp4
      const metadata = { ...stream.metadata, language: stream.type === "video" ? "deu" : "jpn" };
      if (!init) muxer.addStream(stream);
      else if (stream.type === "video") muxer.addStream(stream, { metadata, sideData: [matrix] });
      else muxer.addStream(stream, { metadata, disposition: ["default", "forced"] });
    }
    for (const packet of packets) muxer.writeSync(packet);
    muxer.finishSync();
    return sink.bytes();
  };
  const mp4 = write("mp4", streams, true);
  const fromMp4 = probeSync(mp4);
  assertEquals(fromMp4.streams[0]!.metadata.language, "deu");
  assertEquals(fromMp4.streams[0]!.sideData.find(({ type }) => /matrix/i.test(type))?.data, matrix.data);
  using demuxer = Demuxer.openSync(write("matroska", streams, true));
  assertEquals(demuxer.metadata.title, "T\n=;#\\");
  assertEquals(demuxer.metadata.ARTIST ?? demuxer.metadata.artist, "A");
  assertEquals(demuxer.chapters.map(({ start, end, metadata }) => [start, end, metadata.title]), [
    [0, 1.5, chapters[0]!.metadata.title],
    [1.5, 3, "Zwei"],
  ]);
  assertEquals(
    demuxer.streams.map(({ metadata }) => metadata.language),
    ["ger", "jpn"].map((code, index) =>
      // Matroska has the bibliographic codes, ISO 639-2/B.
      demuxer.streams[index]!.metadata.language === "deu" ? "deu" : code
    ),
  );
  assert(demuxer.streams[1]!.disposition.includes("forced"));
  using second = Demuxer.openSync(mp4);
  const again = probeSync(write("matroska", second.streams, false));
  assert(["deu", "ger"].includes(again.streams[0]!.metadata.language!));
  assertEquals(again.streams[1]!.metadata.language, "jpn");
});

Deno.test("Side data of packets is copied", () => {
  const { streams, packets } = load("audio.ogg");
  assertGreater(packets.filter((packet) => packet.sideData.length > 0).length, 0);
  const sink = new MemorySink();
  using muxer = Muxer.openSync(sink, { format: "ogg" });
  muxer.addStream(streams[0]!);
  for (const packet of packets) muxer.writeSync(structuredClone(packet) as Packet);
  muxer.finishSync();
  using demuxer = Demuxer.openSync(sink.bytes());
  const sideData = (all: Iterable<Packet>) => [...all].map((packet) => packet.sideData);
  assertEquals(sideData(demuxer.packetsSync()).flat().length, sideData(packets).flat().length);
});

// ------------------------------------------------------------------------------------------- what the sink sees

Deno.test("With coalesce: false each packet reaches the sink at once", () => {
  const { streams, packets } = load("video.ts");
  const sink = new Collector();
  using muxer = Muxer.openSync(sink, { format: "mpegts", coalesce: false });
  const video = muxer.addStream(streams.find((stream) => stream.type === "video")!);
  muxer.startSync();
  let before = sink.bytes().length;
  const index = streams.find((stream) => stream.type === "video")!.index;
  for (const packet of packets.filter(({ streamIndex }) => streamIndex === index).slice(0, 20)) {
    packet.streamIndex = video;
    muxer.writeSync(packet);
    const now = sink.bytes().length;
    assertGreater(now - before, packet.data.length - 1);
    before = now;
  }
});

Deno.test("Muxer.flushSync() passes everything that was written to the sink", () => {
  const { streams, packets } = load("video.mp4");
  const sink = new Collector();
  using muxer = Muxer.openSync(sink, { format: "mpegts" });
  for (const stream of streams) muxer.addStream(stream);
  for (const packet of packets.slice(0, 20)) muxer.writeSync(packet);
  assertEquals(sink.bytes().length, 0);
  muxer.flushSync();
  assertGreater(sink.bytes().length, packets.slice(0, 20).reduce((sum, { data }) => sum + data.length, 0));
  const { length } = sink.bytes();
  muxer.flushSync();
  assertEquals(sink.bytes().length, length);
});

Deno.test("WriteInfo has position, kind and time of the bytes", () => {
  const { streams, packets } = load("video.mp4");
  const sink = new Collector(); // throws where positions have gaps
  const infos: WriteInfo[] = [];
  const use = (format: string, options?: MuxerOptions["options"]) => {
    infos.length = 0;
    using muxer = Muxer.openSync({
      onwrite(bytes, info) {
        infos.push(info);
        return sink.onwrite(bytes, info);
      },
      onseek: sink.onseek,
    }, { format, bufferSize: 4096, ...(options ? { options } : {}) });
    for (const stream of streams) muxer.addStream(stream);
    for (const packet of packets) muxer.writeSync(packet);
    muxer.finishSync();
  };
  const markers = ["header", "sync", "boundary", "unknown", "trailer", "flush"];
  use("mp4", { movflags: "frag_keyframe+empty_moov" });
  for (const info of infos) {
    assertEquals(Object.keys(info).sort(), ["marker", "position", "time"]);
    assert(markers.includes(info.marker), info.marker);
    assert(Number.isSafeInteger(info.position));
    assert(info.time === null || Number.isFinite(info.time));
  }
  assertEquals(infos[0]!.marker, "header");
  assertEquals(infos[0]!.position, 0);
  const sync = infos.filter((info) => info.marker === "sync");
  assertGreater(sync.length, 1);
  const times = sync.map((info) => info.time).filter((time) => time !== null);
  assertGreater(times.length, 0);
  assertEquals(times, times.toSorted((a, b) => a - b));
  assert(infos.some((info) => info.marker === "trailer"));
});

Deno.test(
  { name: "flushSync() writes every packet of sound to Matroska and WebM", ignore: !isEmbedded },
  () => {
    using demuxer = Demuxer.openSync(fixtureBytes("video.webm"));
    const sound = demuxer.bestStream("audio")!;
    const packets = [...demuxer.packetsSync({ streams: [sound] })].slice(0, 20);
    for (const format of ["matroska", "webm"]) {
      const written: Uint8Array[] = [];
      using muxer = Muxer.openSync({ onwrite: (bytes) => void written.push(bytes) }, { format });
      muxer.addStream(sound);
      for (const packet of packets) muxer.writeSync({ ...packet, streamIndex: 0 });
      muxer.flushSync();
      using reader = Demuxer.openSync(concatBytes(written));
      assertEquals([...reader.packetsSync()].length, packets.length, format);
    }
  },
);
