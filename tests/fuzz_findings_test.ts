/**
 * Findings of the fuzzers (fuzz/README.md): each of these ended the process, or was a defect of avio.
 */
import { assert, assertEquals, assertRejects, assertStringIncludes, assertThrows } from "@std/assert";
import {
  AVError,
  ClosedError,
  Demuxer,
  IOContext,
  MemorySink,
  Muxer,
  Packet,
  probe,
  probeSync,
  remuxSync,
} from "@avio/avio";
import { isDeno } from "../ffi/runtime.ts";
import { fixtureBytes } from "./support/fixtures.ts";
import { rowsOf } from "./support/packets.ts";
import { answerOf, runScript } from "./support/script.ts";
import { isEmbedded, libavformat } from "./support/versions.ts";

function writeTo(format: string, packets: number, sink = new MemorySink()): Muxer {
  using demuxer = Demuxer.openSync(fixtureBytes("video.webm"));
  const muxer = Muxer.openSync(sink, { format });
  muxer.addStream(demuxer.bestStream("audio")!);
  const { index } = demuxer.bestStream("audio")!;
  for (const packet of demuxer.packetsSync()) {
    if (packet.streamIndex !== index) continue;
    if (packets-- <= 0) break;
    muxer.writeSync(new Packet({ ...packet, streamIndex: 0 }));
  }
  return muxer;
}

// FFmpeg 9.0 divides no more, and writes no Opus.
const dividesByPackets = { ignore: libavformat >= 63 };

for (const packets of [0, 1]) {
  Deno.test(
    `A caf of ${packets} packets of Opus is an error, not a division by zero`,
    dividesByPackets,
    () => {
      using muxer = writeTo("caf", packets);
      assertThrows(() => muxer.finishSync(), AVError, "two packets");
    },
  );
}

Deno.test("A caf of two packets of Opus is written", dividesByPackets, () => {
  using muxer = writeTo("caf", 2);
  muxer.finishSync();
});

Deno.test("A caf of no packets of FLAC, of one: an error, or written", () => {
  for (const packets of [0, 1]) {
    using demuxer = Demuxer.openSync(fixtureBytes("audio.flac"));
    using muxer = Muxer.openSync(new MemorySink(), { format: "caf" });
    muxer.addStream(demuxer.streams[0]!);
    for (let i = 0; i < packets; i++) muxer.writeSync(demuxer.readSync()!);
    if (libavformat < 63) assertThrows(() => muxer.finishSync(), AVError, "two packets");
    else muxer.finishSync();
  }
});

for (const timescale of ['timescale="0"', 'timescale="1000"', ""]) {
  Deno.test(`A DASH manifest whose segments have no length is an error, not a division by zero: ${timescale}`, () => {
    const manifest = new TextEncoder().encode(
      '<MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static" mediaPresentationDuration="PT3S" ' +
        'profiles="urn:mpeg:dash:profile:isoff-live:2011"><Period><AdaptationSet mimeType="video/mp4">' +
        `<SegmentTemplate ${timescale} media="$Number$.m4s"><SegmentTimeline>` +
        '<S t="0" d="10" r="-1"/></SegmentTimeline></SegmentTemplate><Representation id="0" bandwidth="1"/>' +
        "</AdaptationSet></Period></MPD>",
    );
    assertThrows(() => probeSync(manifest), AVError);
  });
}

for (const format of ["nut", "segment"]) {
  Deno.test(`nut: key frames that are not shown in order don't end the process, in ${format}`, () => {
    const options = format === "nut" ? {} : { segment_format: "nut", segment_time: 100_000 };
    using muxer = Muxer.openSync(new MemorySink(), {
      format,
      url: "%d",
      options,
      onopen: () => new MemorySink(),
    });
    muxer.addStream({ type: "video", codec: "mpeg4", width: 16, height: 16 });
    for (let dts = 0; dts < 20; dts++) {
      const times = { dts, pts: 100 - dts, duration: 1, timeBase: { num: 1, den: 1 } };
      muxer.writeSync(new Packet({ streamIndex: 0, data: new Uint8Array(70_000), isKey: true, ...times }));
    }
    try {
      muxer.finishSync();
    } catch (error) {
      assert(error instanceof AVError && error.message.includes("Assertion"));
    }
  });
}

function dashOf(streams: number, options: Record<string, string> = {}): Muxer {
  const muxer = Muxer.openSync(new MemorySink(), {
    format: "dash",
    options,
    url: "out",
    onopen: () => new MemorySink(),
  });
  const parameters = { width: 16, height: 16, extradata: new Uint8Array(8) };
  for (let i = 0; i < streams; i++) muxer.addStream({ type: "video", codec: "mpeg4", ...parameters });
  return muxer;
}

function writeFrames(muxer: Muxer, streamIndex: number, frames: number): void {
  for (let frame = 0; frame < frames; frame++) {
    const times = { pts: frame, dts: frame, duration: 0, timeBase: { num: 1, den: 2 } };
    muxer.writeSync(new Packet({ streamIndex, data: new Uint8Array(50), isKey: true, ...times }));
  }
}

Deno.test("A dash output without packets, of the first stream or of any, is an error, not a division by zero", () => {
  using none = dashOf(1);
  assertThrows(() => none.finishSync(), AVError, "dash needs a packet");
  using second = dashOf(2);
  writeFrames(second, 1, 10);
  assertThrows(() => second.finishSync(), AVError, "dash needs a packet");
});

Deno.test("A dash output of packets without duration is written", () => {
  for (const frames of [1, 2, 40]) {
    using muxer = dashOf(1, { seg_duration: "1" });
    writeFrames(muxer, 0, frames);
    muxer.finishSync();
  }
});

Deno.test("dash: segments of no length can't be counted", () => {
  using muxer = dashOf(1, { seg_duration: "0", index_correction: "1", use_timeline: "0" });
  assertThrows(() => muxer.startSync(), AVError, "index_correction needs a seg_duration");
});

Deno.test("Muxer.flushSync() of hls without a packet does not dereference null", () => {
  using muxer = writeTo("hls", 0);
  muxer.flushSync();
});

Deno.test("An avif of streams without pixels is an error", () => {
  using muxer = Muxer.openSync(new MemorySink(), { format: "avif" });
  for (let i = 0; i < 2; i++) muxer.addStream({ type: "video", codec: "av1", width: 16, height: 16 });
  assertThrows(() => muxer.startSync(), AVError, "pixel format");
});

Deno.test("An audio codec in a stream of video is an error", () => {
  using muxer = Muxer.openSync(new MemorySink(), { format: "mpegts" });
  muxer.addStream({ type: "video", codec: "opus", width: 16, height: 16 });
  assertThrows(() => muxer.startSync(), AVError, "another type");
});

Deno.test("MPEG-PS with a subtitle without text is finished", () => {
  const file = new TextEncoder().encode(
    "WEBVTT\n\n00:01.000 --> 00:02.000\n\n00:02.000 --> 00:03.000\nText\n",
  );
  const options = { format: "mpeg", streams: () => true }; // by default it would leave out the stream
  assert(remuxSync(file, new MemorySink(), options).bytesWritten > 0);
});

Deno.test("Muxer.addStream() names the parameter that is not a string", () => {
  using demuxer = Demuxer.openSync(fixtureBytes("video.mp4"));
  using muxer = Muxer.openSync(new MemorySink(), { format: "mp4" });
  const stream = demuxer.streams[0]!;
  const wrong = { ...stream, codecParameters: { ...stream.codecParameters, tag: 7 as unknown as string } };
  assertThrows(() => muxer.addStream(wrong), TypeError, "codecParameters.tag: must be a string");
});

Deno.test("Errors name options that are null", () => {
  const nothing = null as unknown as undefined;
  for (const name of ["metadata", "chapters", "editMetadata", "editChapters", "streams", "transform"]) {
    const options = { format: "matroska", [name]: nothing };
    assertThrows(
      () => remuxSync(fixtureBytes("audio.ogg"), new MemorySink(), options),
      TypeError,
      `${name}: `,
    );
  }
  for (const name of ["metadata", "chapters"]) {
    const options = { format: "matroska", [name]: nothing };
    assertThrows(() => Muxer.openSync(new MemorySink(), options), TypeError, `${name}: `);
  }
});

Deno.test("An IOContext that is released with pending writes drops them", async () => {
  using demuxer = Demuxer.openSync(fixtureBytes("audio.wav"));
  const { promise, resolve } = Promise.withResolvers<void>();
  const reached = Promise.withResolvers<void>();
  let late = 0, closed = false;
  using context = new IOContext(8, {
    onwrite: () => {
      reached.resolve();
      if (closed) late++;
      return promise as unknown as number;
    },
    onseek: (offset) => offset,
  });
  const muxer = await Muxer.open(context, { format: "matroska" });
  muxer.addStream(demuxer.streams[0]!);
  const started = muxer.start().then(() => null, (error: unknown) => error);
  await reached.promise;
  muxer[Symbol.dispose]();
  closed = true;
  assert(await started instanceof ClosedError);
  resolve();
  await promise;
  assertEquals(late, 0);
});

Deno.test("asf: packets of two streams that go back in time, and flushes between them, don't end the process", () => {
  const sink = new MemorySink();
  using muxer = Muxer.openSync(sink, { format: "asf" });
  const timeBase = { num: 1, den: 1000 };
  for (let i = 0; i < 2; i++) {
    muxer.addStream({ type: "audio", codec: "pcm_s16le", sampleRate: 8000, channels: 1 }, { timeBase });
  }
  const write = (streamIndex: number, dts: number) => {
    const data = new Uint8Array(1600);
    muxer.writeSync(new Packet({ streamIndex, data, timeBase, pts: dts, dts, duration: 100, isKey: true }));
  };
  for (let at = 0; at < 30_000; at += 100) write(0, at);
  muxer.flushSync();
  for (let at = 0; at < 30_000; at += 100) write(1, at);
  muxer.flushSync();
  muxer.finishSync();
  using demuxer = Demuxer.openSync(sink.bytes());
  assertEquals([...demuxer.packetsSync()].length, 600);
});

/** Pictures and sound into mp4, with a gap of so many units of their time bases. */
function writeGap(movflags: string, gap: number): void {
  using muxer = Muxer.openSync(new MemorySink(), { format: "mp4", options: { movflags } });
  const picture = { type: "video", codec: "mpeg4", width: 16, height: 16 } as const;
  const video = muxer.addStream(picture, { timeBase: { num: 1, den: 1000 } });
  const sound = { type: "audio", codec: "mp3", sampleRate: 48000, channels: 2 } as const;
  const audio = muxer.addStream(sound, { timeBase: { num: 1, den: 48000 } });
  for (
    const [streamIndex, time, duration] of [[video, 0, 40], [audio, 0, 1152], [video, 40, 0], [
      audio,
      1152,
      0,
    ]]
  ) {
    writeAt(muxer, streamIndex!, time!, duration!);
  }
  for (const streamIndex of [video, audio]) writeAt(muxer, streamIndex, gap, 40);
  muxer.finishSync();
}

function writeAt(muxer: Muxer, streamIndex: number, time: number, duration: number): void {
  const packet = { data: new Uint8Array(400), pts: time, dts: time, duration, isKey: true };
  muxer.writeSync(new Packet({ ...packet, streamIndex }));
}

// The system's FFmpeg ends the operation by an assertion, which leaks the output's memory.
Deno.test({ name: "A large gap in a fragmented mp4 does not fail an assertion", ignore: !isEmbedded }, () => {
  for (const movflags of ["frag_keyframe", "frag_keyframe+empty_moov", "dash"]) {
    for (const gap of [2 ** 31 - 1, 2 ** 31, 2 ** 32, 2 ** 40, 2 ** 44]) {
      try {
        writeGap(movflags, gap);
      } catch (error) {
        assert(error instanceof AVError && !/Assertion/.test(error.message), String(error));
      }
    }
  }
});

/** Bytes of an HLS playlist of segments of a second. */
function playlistOf(segments: readonly string[]): Uint8Array<ArrayBuffer> {
  const lines = segments.map((name) => `#EXTINF:1,\n${name}\n`);
  return new TextEncoder().encode(`#EXTM3U\n#EXT-X-TARGETDURATION:1\n${lines.join("")}#EXT-X-ENDLIST\n`);
}

/** The packets of an HLS source with so many segments of subtitles, with a limit of memory that one of them keeps. */
function readSubtitles(count: number): Packet[] {
  const master = new TextEncoder().encode(
    '#EXTM3U\n#EXT-X-MEDIA:TYPE=SUBTITLES,GROUP-ID="s",NAME="x",URI="s.m3u8"\n' +
      '#EXT-X-STREAM-INF:BANDWIDTH=1000,SUBTITLES="s"\nv.m3u8\n',
  );
  const cue = new TextEncoder().encode("WEBVTT\n\n00:00:00.000 --> 00:00:01.000\nWords\n");
  const files: Record<string, Uint8Array<ArrayBuffer>> = {
    "v.m3u8": playlistOf(["v.ts"]),
    "v.ts": fixtureBytes("video.ts"),
    "s.m3u8": playlistOf(Array<string>(count).fill("s.vtt")),
    "s.vtt": cue,
  };
  using demuxer = Demuxer.openSync(master, { maxMemory: 24 << 20, onopen: ({ url }) => files[url]! });
  for (const stream of demuxer.streams) {
    if (stream.type === "subtitle") stream.discard = false; // libavformat's demuxer discards them by default
  }
  return [...demuxer.packetsSync()];
}

// FFmpeg 7.1 reads no subtitles of HLS.
Deno.test("Segments of subtitles of an HLS source take no memory for the rest of the session", {
  ignore: !isEmbedded,
}, () => {
  assertEquals(readSubtitles(2000).length, readSubtitles(1).length);
});

// The system's FFmpeg ends the process.
Deno.test("An HLS source whose second segment alone is encrypted by SAMPLE-AES is read", {
  ignore: !isEmbedded,
}, () => {
  const playlist = new TextEncoder().encode(
    "#EXTM3U\n#EXT-X-TARGETDURATION:3\n#EXTINF:3,\na.ts\n" +
      '#EXT-X-KEY:METHOD=SAMPLE-AES,URI="k"\n#EXTINF:3,\nb.ts\n#EXT-X-ENDLIST\n',
  );
  const onopen = ({ url }: { url: string }) => url === "k" ? new Uint8Array(16) : fixtureBytes("video.ts");
  using demuxer = Demuxer.openSync(playlist, { onopen });
  assert([...demuxer.packetsSync()].length > 206, "the packets of the first segment");
});

// The system's FFmpeg ends the process.
Deno.test("HLS renditions and variants without segments are left out, at the start and after a seek", {
  ignore: !isEmbedded,
}, () => {
  const master = new TextEncoder().encode(
    '#EXTM3U\n#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="a",NAME="x",URI="empty.m3u8"\n' +
      '#EXT-X-MEDIA:TYPE=SUBTITLES,GROUP-ID="s",NAME="x",URI="empty.m3u8?s"\n' +
      '#EXT-X-STREAM-INF:BANDWIDTH=1000,AUDIO="a",SUBTITLES="s"\nv.m3u8\n' +
      "#EXT-X-STREAM-INF:BANDWIDTH=2000\nempty.m3u8?v\n",
  );
  const files: Record<string, Uint8Array<ArrayBuffer>> = {
    "v.m3u8": playlistOf(["v.ts"]),
    "v.ts": fixtureBytes("video.ts"),
  };
  using demuxer = Demuxer.openSync(master, { onopen: ({ url }) => files[url] ?? playlistOf([]) });
  const count = [...demuxer.packetsSync()].length;
  assertEquals(count, [...Demuxer.openSync(fixtureBytes("video.ts")).packetsSync()].length);
  demuxer.seekSync(0);
  assertEquals([...demuxer.packetsSync()].length, count);
});

// The system's FFmpeg has no limit of memory.
Deno.test("An HLS playlist whose init sections take all memory is an error", { ignore: !isEmbedded }, () => {
  const lines = [
    `#EXT-X-KEY:METHOD=AES-128,URI="${"k".repeat(4000)}"`,
    ...Array<string>(6000).fill('#EXT-X-MAP:URI="a"'),
  ];
  const playlist = new TextEncoder().encode(
    `#EXTM3U\n#EXT-X-TARGETDURATION:1\n${lines.join("\n")}\n#EXTINF:1,\na.m4s\n#EXT-X-ENDLIST\n`,
  );
  assertThrows(
    () => probeSync(playlist, { maxMemory: 16 << 20, onopen: () => new Uint8Array(9) }),
    AVError,
    "maxMemory",
  );
});

// The system's FFmpeg ends the process.
Deno.test(
  "A live HLS playlist that is damaged when it is loaded again does no harm",
  { ignore: !isEmbedded },
  () => {
    const head = "#EXTM3U\n#EXT-X-TARGETDURATION:0\n#EXT-X-MEDIA-SEQUENCE:";
    const playlists = [`${head}0\n#EXTINF:0,\na.ts\n`, `${head}100000\n#EXT-X-TARGETDURATION:-1\n`];
    const master = new TextEncoder().encode("#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1000\nv.m3u8\n");
    const onopen = ({ url }: { url: string }) =>
      url === "a.ts" ? fixtureBytes("video.ts") : new TextEncoder().encode(playlists.shift() ?? "");
    using demuxer = Demuxer.openSync(master, { onopen });
    assertEquals([...demuxer.packetsSync()].length, 206);
  },
);

Deno.test("A DASH segment with more streams than the first one: packets of the known ones", {
  ignore: !isEmbedded,
}, () => {
  const video = new MemorySink();
  remuxSync(fixtureBytes("video.ts"), video, { format: "mpegts", streams: ({ type }) => type === "video" });
  const manifest = new TextEncoder().encode(
    '<MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static" mediaPresentationDuration="PT6S" ' +
      'profiles="urn:mpeg:dash:profile:isoff-live:2011"><Period><AdaptationSet mimeType="video/mp4">' +
      '<Representation id="1" bandwidth="1000"><SegmentList timescale="1" duration="3"><SegmentURL media="1.m4s"/>' +
      '<SegmentURL media="2.m4s"/></SegmentList></Representation></AdaptationSet></Period></MPD>',
  );
  const onopen = ({ url }: { url: string }) => url === "1.m4s" ? video.bytes() : fixtureBytes("video.ts");
  using demuxer = Demuxer.openSync(manifest, { onopen });
  assertEquals([...demuxer.packetsSync()].map(({ streamIndex }) => streamIndex), Array<number>(150).fill(0));
});

Deno.test("dash: segments that end where the one before them ended, and packets without a duration", () => {
  const packets = [[0, 10_000e6], [6e6, 0], [12e6, 40_000], [18e6, 0]] as const;
  for (const type of ["video", "audio"] as const) {
    using muxer = Muxer.openSync(new MemorySink(), { format: "dash", onopen: () => new MemorySink() });
    const video = { type: "video", codec: "vp8", width: 64, height: 48, pixelFormat: "yuv420p" } as const;
    muxer.addStream(type === "video" ? video : { type, codec: "opus", sampleRate: 48000, channels: 2 });
    for (const [pts, duration] of packets) {
      muxer.writeSync({ streamIndex: 0, data: new Uint8Array(10), pts, dts: pts, duration, isKey: true });
    }
    muxer.finishSync();
  }
});

Deno.test("film_cpk: a packet of Cinepak without its header is an error, not a division by zero", () => {
  for (const data of [new Uint8Array(16), new Uint8Array(1), new Uint8Array(0)]) {
    using muxer = Muxer.openSync(new MemorySink(), { format: "film_cpk" });
    muxer.addStream({ type: "video", codec: "cinepak", width: 64, height: 48, pixelFormat: "rgb24" });
    assertThrows(
      () => muxer.writeSync({ streamIndex: 0, data, pts: 0, dts: 0, duration: 40_000, isKey: true }),
      AVError,
      "header of Cinepak",
    );
  }
});

/** Writes two packets, between which there is a gap that takes 12 TB of padding. */
const paddingScript = (sink: string) => `
  const sink = ${sink};
  const muxer = Muxer.openSync(sink, { format: "mpegts", options: { muxrate: "100000" } });
  muxer.addStream({ type: "audio", codec: "mp2", sampleRate: 44100, channels: 2 });
  const packet = { streamIndex: 0, data: new Uint8Array(500), isKey: true, timeBase: { num: 1, den: 1 } };
  try {
    for (const time of [0, 1e9]) muxer.writeSync({ ...packet, pts: time, dts: time });
    muxer.finishSync();
  } catch (error) {
    console.log(error.message);
    console.log((sink.size ?? sink.written) <= 2 ** 30 + 65536);
  }
`;

const fullDisk = `{ written: 0, onwrite(bytes) {
  if ((this.written += bytes.length) > 1e6) throw new Error("disk full");
  return bytes.length;
} }`;

for (const [sink, expected] of [[fullDisk, "disk full"], ["new MemorySink()", "1 GiB of padding"]] as const) {
  // The system's libavformat fills any gap, and goes on when writing fails.
  Deno.test({
    name: `Padding in MPEG-TS is limited, and ends when writing fails: ${expected}`,
    ignore: !isEmbedded,
  }, async () => {
    const { code, stdout } = await runScript(paddingScript(sink), { deadline: 180_000 });
    assertEquals(code, 0, stdout);
    assertStringIncludes(stdout, expected);
    assertStringIncludes(stdout, "\ntrue\n"); // the tables that MPEG-TS repeats count
  });
}

for (const format of ["mpeg", "vob", "dvd", "vcd", "svcd", "segment"]) {
  Deno.test(`${format}: bit rates that are too large for FFmpeg's int don't divide by zero`, async () => {
    const { code, stdout } = await runScript(`
      const output = { format: "${format}", ...("${format}" === "segment"
        ? { url: "%d.mpg", options: { segment_format: "mpeg" }, onopen: () => new MemorySink() }
        : {}) };
      const audio = { type: "audio", codec: "mp2", sampleRate: 44100, channels: 2 };
      for (const bitRates of [[2 ** 32 - 9900], [2 ** 31 - 1, 2 ** 31 - 9900 + 1], [2 ** 53 - 1], [1]]) {
        const muxer = Muxer.openSync(new MemorySink(), output);
        for (const bitRate of bitRates) muxer.addStream({ ...audio, bitRate });
        const packet = { data: new Uint8Array(3000), pts: 0, dts: 0, isKey: true };
        for (const streamIndex of bitRates.keys()) muxer.writeSync({ ...packet, streamIndex });
        muxer.finishSync();
      }
    `);
    assertEquals(code, 0, stdout);
  });
}

// Node 24 itself takes up to 140 MB where thousands of calls fail, and then no more.
Deno.test(
  { name: "A moov that can't be written leaks nothing", ignore: !isEmbedded || !isDeno },
  async () => {
    const { before, after } = await answerOf<{ before: number; after: number }>(
      `const input = Demuxer.openSync(fixtureBytes("video.mp4"));
    const picture = input.readSync();
    const options = { movflags: "frag_keyframe+delay_moov" };
    const write = () => {
      using muxer = Muxer.openSync(new MemorySink(), { format: "mp4", options });
      muxer.addStream(input.streams[picture.streamIndex]);
      muxer.addStream({ type: "audio", codec: "ac3", sampleRate: 48000, channels: 2 });
      muxer.writeSync({ ...picture, streamIndex: 0 });
      try {
        muxer.finishSync();
      } catch (error) {
        if (!error.message.includes("stream 1 has no packets")) throw error;
      }
    };
    const writeMany = async (times) => {
      for (let i = 0; i < times; i++) {
        write();
        if (i % 100 === 0) await sleep(0); // or objects wait for the garbage collector
      }
      gc();
    };
    await writeMany(1000);
    const before = residentMegabytes();
    await writeMany(8000);
    console.log(JSON.stringify({ before, after: residentMegabytes() }));`,
      { flags: ["-A", "--v8-flags=--expose-gc"] },
    );
    assert(after - before < 7, `${before} MB became ${after} MB`);
  },
);

Deno.test({
  name: "Padding of a Video CD is limited, too",
  ignore: !isEmbedded,
}, async () => {
  const { code, stdout } = await runScript(
    `
    const muxer = Muxer.openSync({ onwrite: (bytes) => bytes.length }, { format: "vcd" });
    muxer.addStream({ type: "video", codec: "mpeg1video", width: 352, height: 288, bitRate: 500_000 });
    const packet = { streamIndex: 0, data: new Uint8Array(3000), isKey: true, timeBase: { num: 1, den: 1 } };
    try {
      for (const time of [0, 1e5, 2e5]) muxer.writeSync({ ...packet, pts: time, dts: time });
      muxer.finishSync();
    } catch (error) {
      console.log(error.message);
    }
  `,
    { deadline: 60_000 },
  );
  assertEquals(code, 0, stdout);
  assertStringIncludes(stdout, "vcd"); // one of its errors: the padding of 28 hours would be 16 GB
});

/** Writes packets of these sizes, one a second, each a key frame except where `keys` has a 0; returns the sink. */
function writeSizes(
  format: string,
  parameters: Parameters<Muxer["addStream"]>[0],
  sizes: number[],
  { keys = "", ...options }: { keys?: string } & Partial<Parameters<typeof Muxer.openSync>[1]> = {},
): MemorySink {
  const sink = new MemorySink();
  const timeBase = { num: 1, den: 25 };
  using muxer = Muxer.openSync(sink, { ...options, format, onopen: () => new MemorySink() });
  muxer.addStream(parameters, { timeBase });
  for (const [i, size] of sizes.entries()) {
    const isKey = keys[i] !== "0";
    muxer.writeSync({
      streamIndex: 0,
      data: new Uint8Array(size),
      pts: i * 25,
      dts: i * 25,
      duration: 25,
      isKey,
      timeBase,
    });
  }
  muxer.finishSync();
  return sink;
}

const sizeOfPicture = { width: 64, height: 48 } as const;
const kindOfSound = { type: "audio", sampleRate: 48000, channels: 2 } as const;

Deno.test("Numbers whose products overflow an int are an error, not a division by zero, nor a loop without end", () => {
  const gsm = { type: "audio", codec: "gsm", channels: 1, frameSize: 160 } as const;
  for (const sampleRate of [2 ** 29, 2 ** 30]) { // nut divides by the eightfold
    assertThrows(() => writeSizes("nut", { ...gsm, sampleRate }, [33]), AVError, "too large a sample rate");
  }
  const png = { type: "video", codec: "png", pixelFormat: "rgba" } as const;
  for (const width of [536870912, 2 ** 31 - 1]) { // swf counts the bits of the twentyfold
    assertThrows(() => writeSizes("swf", { ...png, width, height: 48 }, [33]), AVError, "too large pictures");
  }
  const pcm = { ...kindOfSound, codec: "pcm_s16be" } as const;
  assertThrows(
    () => writeSizes("aiff", { ...pcm, blockAlign: 2 ** 30 }, [32]),
    AVError,
    "too large pictures, blocks",
  );
  assert(writeSizes("aiff", { ...pcm, channels: 1024 }, [2048]).bytes().length > 0);
});

// What is wrong in a muxer is wrong in it as well when it writes the files of `segment`.
const inSegments: [string, Parameters<Muxer["addStream"]>[0], number[], string][] = [
  ["vc1test", { type: "video", codec: "wmv3", ...sizeOfPicture }, [10], "needs extradata"],
  [
    "apng",
    { type: "video", codec: "apng", ...sizeOfPicture, pixelFormat: "rgb24" },
    [10, 50],
    "needs extradata",
  ],
  ["avif", { type: "video", codec: "av1", ...sizeOfPicture }, [10], "pixel format"],
  ["flv", { ...kindOfSound, codec: "flac" }, [10], "needs its extradata"],
  [
    "film_cpk",
    { type: "video", codec: "cinepak", ...sizeOfPicture, pixelFormat: "rgb24" },
    [1, 10],
    "header of Cinepak",
  ],
  ["rtp", { ...kindOfSound, codec: "mp2" }, [1000], "datagrams"],
];

for (const [segment_format, parameters, sizes, error] of inSegments) {
  Deno.test(`segment: ${segment_format}, whose muxer ends the process without a check, is checked`, () => {
    const write = () => writeSizes("segment", parameters, sizes, { url: "%d", options: { segment_format } });
    assertThrows(write, AVError, error);
    if (segment_format === "rtp") return; // no name leads to it
    const named = () =>
      writeSizes("segment", parameters, sizes, { url: "%d.x", options: { segment_format } });
    assertThrows(named, AVError, error);
  });
}

Deno.test("segment: files of a format that loops for ever on a packet without data", () => {
  const sound = { ...kindOfSound, codec: "mp2" } as const;
  for (const sizes of [[0], [0, 0], [100, 0, 0, 100]]) {
    writeSizes("segment", sound, sizes, { url: "%d", options: { segment_format: "vob" } });
    writeSizes("segment", sound, sizes, { url: "%d.mpg" });
  }
});

Deno.test("dvd: a key frame of a few bytes at the end does not make padding for ever", () => {
  const video = { type: "video", codec: "mpeg2video", ...sizeOfPicture } as const;
  for (let size = 1; size < 12; size++) {
    const bytes = writeSizes("dvd", video, [4000, 384, size], { keys: "101" }).bytes();
    assert(bytes.length < 20_000);
    assertEquals(rowsOf(bytes).reduce((sum, row) => sum + row.size, 0), 4384 + size);
  }
  const allKeys = { type: "video", codec: "v210", ...sizeOfPicture } as const;
  assertThrows(() => writeSizes("dvd", allKeys, [4000, 384, 3]), AVError, "a picture of 3 bytes");
});

Deno.test("dvd, vob: PCM of DVDs without its bits is an error, not a division by zero", () => {
  const pcm = { ...kindOfSound, codec: "pcm_dvd" } as const;
  for (const format of ["dvd", "vob"]) {
    assertThrows(() => writeSizes(format, pcm, [3000, 3000]), AVError, "bitsPerCodedSample");
    writeSizes(format, { ...pcm, bitsPerCodedSample: 16 }, [3000, 3000]);
  }
});

Deno.test("mxf_opatom: a frame of DV that is too short is an error, not a null pointer", () => {
  const dv = {
    type: "video",
    codec: "dvvideo",
    ...sizeOfPicture,
    pixelFormat: "yuv420p",
    frameRate: { num: 25, den: 1 },
  } as const;
  for (const format of ["mxf", "mxf_opatom"]) {
    for (const size of [0, 1, 3000]) {
      assertThrows(() => writeSizes(format, dv, [size]), AVError, "whole frame of DV");
    }
  }
});

Deno.test("Options of the format of segments are checked as the options themselves are", async () => {
  const playlist = new TextEncoder().encode(
    "#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\na.ts\n#EXT-X-ENDLIST\n",
  );
  const options = (seg_format_options: string) => ({
    options: { seg_format_options },
    onopen: () => fixtureBytes("video.ts"),
  });
  for (const size of ["0", "1", "\\0", "2-2"]) { // MPEG-TS loops for ever
    const list = `scan_all_pmts=1:resync\\_size=${size}`;
    assertThrows(() => probeSync(playlist, options(list)), AVError, "resync_size");
    await assertRejects(() => probe(playlist, options(list)), AVError, "resync_size");
  }
  assertThrows(() => probeSync(playlist, options("format_whitelist=mpegts,avisynth")), AVError, "by itself");
  assertEquals(probeSync(playlist, options("resync_size=1000")).streams.length, 2);
  // hls's own I/O context of the segment, which is no block of memory, was freed.
  for (const flags of ["0", "-all", "genpts", "+genpts-128", "0+x"]) {
    const list = `fflags=${flags}:probesize=x`;
    assertThrows(() => probeSync(playlist, options(list)), AVError);
    await assertRejects(() => probe(playlist, options(list)), AVError);
  }
  assertThrows(() => probeSync(playlist, options("fflags=+genpts:probesize=x")), AVError, "probesize");
  assertEquals(probeSync(playlist, options("fflags=+genpts")).streams.length, 2);
});

Deno.test({
  name: "Options in a concat script are checked by the format that gets them",
  ignore: !isEmbedded,
}, () => {
  const script = (size: number) =>
    new TextEncoder().encode(`ffconcat version 1.0\nfile a.ts\noption resync_size ${size}\n`);
  const options = { options: { safe: 0 }, onopen: () => fixtureBytes("video.ts") };
  for (const size of [0, 1, 187]) {
    assertThrows(() => probeSync(script(size), options), AVError, "out of range");
  }
  assertEquals(probeSync(script(188), options).streams.length, 2);
});

Deno.test({
  name:
    "Options of segments in a concat script, of which one resets flags and another is wrong: the process lives",
  ignore: !isEmbedded,
}, () => {
  const text = (...lines: string[]) => new TextEncoder().encode(lines.join("\n"));
  const playlist = text("#EXTM3U", "#EXT-X-TARGETDURATION:9", "#EXTINF:9,", "a.ts", "#EXT-X-ENDLIST");
  const probeScript = (list: string) =>
    probeSync(text("ffconcat version 1.0", "file a.m3u8", `option seg_format_options ${list}`), {
      options: { safe: 0 },
      onopen: ({ url }) => url.endsWith("m3u8") ? playlist : fixtureBytes("video.ts"),
    });
  assertThrows(() => probeScript("fflags=0:probesize=x"), AVError);
  assertEquals(probeScript("fflags=0").streams.length, 2);
});

Deno.test("Hint tracks of a live smooth stream inside segment don't end the process", () => {
  const sound = { ...kindOfSound, codec: "aac", extradata: new Uint8Array([0x11, 0x90]) } as const;
  const write = (segment_format_options: string) =>
    writeSizes("segment", sound, [100], {
      url: "%d",
      options: { segment_format: "ismv", segment_format_options },
    });
  if (isEmbedded) write("movflags=isml+rtphint");
  else assertThrows(() => write("movflags=isml+rtphint"), AVError, "rtphint");
  write("movflags=+frag_keyframe");
});

Deno.test("wsaud refuses what it can't hold with an error, also if the stream has an id", () => {
  using demuxer = Demuxer.openSync(fixtureBytes("video.mp4"));
  const [stream] = demuxer.streams;
  assert(stream!.id > 0);
  const segments = { url: "%d", onopen: () => new MemorySink(), options: { segment_format: "wsaud" } };
  for (const options of [{ format: "wsaud" }, { format: "segment", ...segments }]) {
    using muxer = Muxer.openSync(new MemorySink(), options);
    muxer.addStream(stream!);
    assertThrows(() => muxer.startSync(), AVError, "Cannot write header");
  }
});
