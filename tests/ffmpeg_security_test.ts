/**
 * Published vulnerabilities of FFmpeg, and others that were found (docs/ffmpeg-security.md has the table): each file or
 * packet is processed in its own process, which must end normally. Only with the embedded FFmpeg, since the system's
 * may lack the fixes.
 */
import { assert, assertEquals } from "@std/assert";
import { answerOf } from "./support/script.ts";
import { isEmbedded, libavformat } from "./support/versions.ts";

const root = new URL("../", import.meta.url).pathname;

const prelude = `
import * as crafted from "${root}tests/support/crafted.ts";
import { concatBytes } from "${root}tests/support/essence.ts";
import { madePackets } from "${root}tests/support/made.ts";
import { bombs } from "${root}fuzz/bombs.ts";
void [concatBytes, madePackets, bombs];
/** Reads a source to its end; returns the number of packets, or the error's code. */
function read(source, options) {
  try {
    using demuxer = Demuxer.openSync(source, options);
    return [...demuxer.packetsSync()].length;
  } catch (error) {
    if (!(error instanceof avio.AVError)) throw error;
    return error.codeName;
  }
}
/** Writes these packets; returns the number of bytes, or the error's code. */
function write(format, stream, packets, init) {
  try {
    const sink = new MemorySink();
    using muxer = Muxer.openSync(sink, { format });
    muxer.addStream(stream, init);
    for (const packet of packets) muxer.writeSync(new Packet({ streamIndex: 0, dts: 0, pts: 0, duration: 1, ...packet }));
    muxer.finishSync();
    return sink.bytes().length;
  } catch (error) {
    if (!(error instanceof avio.AVError)) throw error;
    return error.codeName;
  }
}
const answer = (value) => console.log(JSON.stringify(value ?? null));
`;

/** A test whose script must return a result within a deadline that is generous, except for endless loops. */
function security(
  name: string,
  script: string,
  check: (result: unknown) => void = () => {},
  ignore = !isEmbedded,
): void {
  Deno.test(name, { ignore }, async () => {
    check(await answerOf(prelude + script, { deadline: 120_000 }));
  });
}

// ------------------------------------------------------------------------------------------- demuxers

security(
  "CVE-2026-107677: a DASH template without a name is answered",
  `answer(read(crafted.manifest({ template: 'media="" duration="2"' })));`,
);

for (const [what, timeline] of [["no", '<S t="0" d="0"'], ["a short", '<S t="0" d="1"']] as const) {
  for (const type of ["dynamic", "static"]) {
    security(
      `DASH, ${type}: segments of ${what} duration may repeat 2^63 times`,
      `answer(read(crafted.manifest({ type: "${type}", template: 'media="$Number$.m4s" timescale="1000"',
        timeline: '${timeline} r="9223372036854775806"/>' })));`,
    );
  }
}

security(
  "CVE-2026-107678: an mp4 with 32,768 pssh boxes in a MB is read",
  `answer(read(crafted.withPssh(fixtureBytes("video.mp4"), 32768)));`,
  (packets) => assertEquals(typeof packets, "number"),
);

security(
  "CVE-2026-107695: a media playlist that names itself as a variant is loaded once",
  `let opened = 0;
  const playlist = "#EXTM3U\\n#EXT-X-TARGETDURATION:2\\n#EXT-X-STREAM-INF:BANDWIDTH=1\\nindex.m3u8\\n#EXTINF:2,\\na.ts\\n#EXT-X-ENDLIST\\n";
  const onopen = (url) => { opened++; return /m3u8/.test(url) ? new TextEncoder().encode(playlist) : null; };
  read(new TextEncoder().encode(playlist), { format: "hls", url: "index.m3u8", onopen });
  answer(opened);`,
  (opened) => assertEquals(Number(opened) <= 3, true, `${opened}`),
);

security(
  "CVE-2026-64830: an index of VobSub that changes between two streams has no more of them",
  `const files = { "a.sub": new Uint8Array(2048) };
  answer(read(new TextEncoder().encode(crafted.vobSubIndex(200)), { format: "vobsub", url: "a.idx",
    onopen: (url) => /sub$/.test(url) ? files["a.sub"] : null }));`,
);

security(
  "CVE-2026-125205: a temporal unit of AV1 that never ends is an error",
  `answer([39000, 50000].map((count) => read(crafted.endlessTemporalUnit(count), { format: "obu" })));`,
);

security(
  "An SBaGen script of blocks within blocks is an error: 40 of two each, 50,000 of one each",
  `using demuxer = Demuxer.openSync(crafted.nestedScript(2, 2));
  answer([demuxer.streams.length, read(crafted.nestedScript(40, 2)), read(crafted.nestedScript(50000, 1))]);`,
  (answers) => assertEquals(answers, [1, "INVALIDDATA", "INVALIDDATA"]),
);

security(
  "A VOC whose source says that it ends before a block without a length is read to its end",
  `const bytes = new Uint8Array(2000);
  bytes.set([...new TextEncoder().encode("Creative Voice File"), 0x1a, 26, 0, 0x0a, 1, 0x29, 0x11, 0x20]);
  let at = 0;
  const source = {
    onread: (buffer) => {
      const piece = bytes.subarray(at, at + buffer.length);
      buffer.set(piece);
      at += piece.length;
      return piece.length;
    },
    onseek: (offset, whence) => whence === 0x10000 ? 26 : at = offset,
  };
  answer(read(source, { format: "voc" }));`,
  (packets) => assertEquals(packets, 0),
);

security(
  "300,000 cues of Matroska, the last first, are read",
  `using demuxer = Demuxer.openSync(crafted.cuesBackwards(300000));
  answer(demuxer.streams.length);`,
  (streams) => assertEquals(streams, 1),
);

for (const api of ["sync", "async"]) {
  security(
    `A grid of HEIF, of whose tiles one has no size, is an error, ${api}`,
    `const bytes = bombs["heif grid of a tile without a size"](0);
    try {
      ${api === "sync" ? "avio.probeSync(bytes)" : "await probe(bytes)"};
      answer("read");
    } catch (error) {
      answer(error.codeName);
    }`,
    (answered) => assertEquals(answered, "INVALIDDATA"),
  );
}

for (
  const [name, size, expected] of [
    ["mp4 truns of a negative track", 20_000, 1],
    ["mp4 truns by fragments", 800_000, 30],
    ["mp4 chapters by names", 800_000, 1],
    ["mp4 edits by samples", 800_000, 1],
    ["mp4 references", 8_000_000, 1],
    ["mxf components by packages by sets", 500_000, "INVALIDDATA"],
    ["mp4 fragments backwards", 9_000_000, 1],
    ["nsv times backwards", 12_000_000, "EPERM"],
    ["hls renditions by variants", 15_000_000, "EPERM"],
    ["mods key frames backwards", 8_000_000, 1],
    ["heif places backwards", 6_000_000, libavformat >= 63 ? "INVALIDDATA" : 0],
    ["heif tiles by items", 6_000_000, 1],
    ["heif descriptions by items", 6_000_000, 1],
    ["heif properties by items", 6_000_000, "INVALIDDATA"],
    ["heif exif by references", 6_000_000, 1],
    ["avi positions by streams", 16_000_000, 1000],
    ["matroska tags by chapters", 16_000_000, 1],
  ] as const
) {
  security(
    `Lists that are crossed are answered without a signal: ${name}`,
    `const bytes = bombs["${name}"](${size});
    try {
      using demuxer = Demuxer.openSync(bytes, { findStreamInfo: false });
      answer(demuxer.streams.length);
    } catch (error) {
      answer(error.codeName);
    }`,
    (answered) => assertEquals(answered, expected),
  );
}

for (
  const [name, size, options, expected] of [
    ["hevc tables of pictures", 400_000, { format: "hevc" }, 3],
    ["matroska additions of a lace", 16_000_000, {}, 16 * 256],
    ["matroska sizes of blocks", 2_000_000, {}, 1],
    ["matroska pictures behind text", 600_000, {}, undefined],
    ["ogg pages of a wrong sum", 20_000_000, {}, "EOF"],
    ["asf packets stated", 1_000_000, {}, undefined],
    ["flv key frames stated", 1_000_000, {}, "EOF"],
    ["iff comments behind chunks", 160_000, { maxOpenSize: 2 ** 40 }, "INVALIDDATA"],
    ["mpegts programs swapped", 8_000_000, {}, undefined],
    ["mpegts tables gathered", 8_000_000, {}, undefined],
    ["mpegts descriptors stated", 2000, {}, undefined],
    ["id3 texts compressed", 8_000_000, {}, 20],
    ["wav id3 stated", 60_000, {}, 1],
    ["wav id3 again", 1_000_000, {}, 1],
    ["matroska tags by tracks", 100_000, {}, 1],
    ["matroska tags in languages", 20_000, {}, 1],
    ["matroska additions by mappings", 8_000_000, {}, 1],
    ["webm cues for dash", 300_000, { format: "webm_dash_manifest" }, undefined],
    ["mxf sets of one type", 8_000_000, {}, "INVALIDDATA"],
    ["mxf partitions skipped", 4_000_000, { maxOpenSize: 2 ** 40 }, "INVALIDDATA"],
    ["mxf tags by primer", 30_000_000, {}, 0],
  ] as const
) {
  security(
    `What a file states, or repeats, is not worth minutes: ${name}`,
    `answer(read(bombs["${name}"](${size}), ${JSON.stringify(options)}));`,
    (answered) => expected === undefined || assertEquals(answered, expected),
  );
}

/** `times` is the processor time of a file, compared with that of another one of its size. */
const comparison = `
function seconds(bytes) {
  const start = process.cpuUsage();
  try {
    using demuxer = Demuxer.openSync(bytes);
    for (const _ of demuxer.packetsSync());
  } catch (error) {
    if (!(error instanceof avio.AVError)) throw error;
  }
  const { user, system } = process.cpuUsage(start);
  return (user + system) / 1e6;
}
seconds(fixtureBytes("video.mkv"));
const times = (bytes, other) => seconds(bytes) / (seconds(other) + 0.05);
`;

security(
  "Packets before the first frame of FLAC, in the old mapping of Ogg, are looked at and no more",
  comparison + `const bytes = bombs["ogg packets before flac"](4_000_000);
  answer(times(bytes, bombs["ogg pages of a wrong sum"](4_000_000)));`,
  (times) => assert(times as number < 2.5, `${times} times as long`),
);

security(
  "Headers of DTS within each other are summed up once",
  comparison + `const bytes = bombs["dts headers within each other"](3_000_000);
  answer(times(bytes, bytes.map((byte) => byte === 0x64 ? 0x65 : byte)));`,
  (times) => assert(times as number < 2.5, `${times} times as long`),
);

security(
  "Objects of ASF that end before what is read of them are an error",
  `const sizes = [1_000_000, 100];
  answer(sizes.map((size) => read(bombs["asf objects of nothing"](size), { maxOpenSize: 2 ** 40 })));`,
  (answered) => assertEquals(answered, ["INVALIDDATA", 0]),
);

security(
  "Sections of MPEG-TS that end or begin in the same packet all become packets, as they are",
  `const sizes = [100, 100, 100, 100, 10, 20, 10, 300, 10, 10, 10, 400, 2, 170, 171, 172, 2];
  const bytes = crafted.tsOfEvents(sizes, 0x12);
  using demuxer = Demuxer.openSync(bytes);
  const all = () => [...demuxer.packetsSync()].map(({ data }) => [data.length - 16, data[6], data.at(-5)]);
  const first = all();
  demuxer.seekSync({ byte: 0 });
  answer([first, all().length, sizes]);`,
  (answered) => {
    const [packets, again, sizes] = answered as [number[][], number, number[]];
    assertEquals(packets, sizes.map((size, i) => [size, i, size > 2 ? i + 1 : 0x4e]));
    assertEquals(again, sizes.length);
  },
);

security(
  "Extradata of FFV1 is not read from behind its end",
  comparison + `const { ffv1Tracks } = await import("${root}fuzz/bombs.ts");
  answer(times(ffv1Tracks(1_000_000), ffv1Tracks(1_000_000, false)));`,
  (times) => assert(times as number < 9, `${times} times as long`),
  !isEmbedded || libavformat < 63, // 7.1 has no parser
);

security(
  "Comments of Vorbis are read once, whatever the other packets of their page are",
  `const { commentsOfPage } = await import("${root}fuzz/bombs.ts");
  answer(typeof read(commentsOfPage(fixtureBytes("audio.ogg"), 2_000_000)));`,
);

security(
  "A Smacker of 16 million frames, of which there is nothing, takes no memory for them",
  `answer(read(bombs["smacker frames"](1), { maxMemory: 2 ** 28 }));`,
  (answered) => assertEquals(answered, "INVALIDDATA"),
);

security(
  "Subtitles in AVI, of a format that is not allowed, are not kept behind the end",
  `const bytes = crafted.aviWithSubtitles(7000);
  const all = () => [1, 2, 3, 4, 5, 6, 7, 8, 9, 10].map(() => read(bytes, { formats: ["avi"] }));
  all();
  const before = residentMegabytes();
  all();
  answer(residentMegabytes() - before);`,
  (megabytes) => assert(megabytes as number < 5, `${megabytes} MB more`),
);

security(
  "A Matroska whose cues are another Info, of a time scale of 0, is read after a seek",
  `using demuxer = Demuxer.openSync(crafted.scaleOfZero());
  demuxer.seekSync(2);
  answer([...demuxer.packetsSync()].length > 0);`,
  (answered) => assertEquals(answered, true),
);

security(
  "A stream of MPEG-TS that gets another type with another PID, where versions are merged, is freed once",
  `answer(read(crafted.tsOfMergedStream(), { options: { merge_pmt_versions: 1 } }));`,
  (packets) => assertEquals(packets, 0),
);

security(
  "An AVI that is not interleaved, with a chunk of nearly 2 GiB behind subtitles, fails no assertion",
  `answer(read(crafted.aviWithHugeChunk()));`,
  (packets) => assertEquals(typeof packets, "number"),
);

security(
  "A HEIF of 900 tiles, each with two properties, has all of them",
  `using demuxer = Demuxer.openSync(bombs["heif grid of tiles"](900), { findStreamInfo: false });
  const sizes = new Set(demuxer.streams.map(({ codecParameters }) => codecParameters.width));
  answer([demuxer.streams.length, ...sizes]);`,
  (answered) => assertEquals(answered, [900, 16]),
);

security(
  "A packet of 4,000 frames with a megabyte of side data is no packets of four gigabytes",
  `answer(read(crafted.mp3WithAddition(4000, 1_000_000), { maxMemory: 2 ** 27 }));`,
  (packets) => assertEquals(packets, 4000),
);

security(
  "An MPEG-TS with a group of streams in which one comes twice is read: the group was used after it was freed",
  `answer(read(crafted.tsWithStreamTwice()));`,
  (packets) => assertEquals(packets, 0),
);

for (
  const [what, first, second] of [
    ["an id", "", 'id="b" dependencyId="a"'],
    ["codecs", 'id="a"', 'id="b" dependencyId="a"'],
  ] as const
) {
  security(
    `DASH: a representation that depends on another, without ${what}, is no null pointer`,
    `const representation = (attributes) => \`<Representation bandwidth="1" \${attributes}><SegmentList duration="2">\` +
      '<SegmentURL media="a.mp4"/></SegmentList></Representation>';
    const manifest = '<MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static" mediaPresentationDuration="PT3S" ' +
      'profiles="urn:mpeg:dash:profile:isoff-live:2011"><Period><AdaptationSet mimeType="video/mp4">' +
      representation(${JSON.stringify(first)}) + representation(${JSON.stringify(second)}) +
      "</AdaptationSet></Period></MPD>";
    using demuxer = Demuxer.openSync(new TextEncoder().encode(manifest), {
      format: "dash",
      onopen: () => fixtureBytes("fragmented.mp4"),
    });
    answer(demuxer.streams.length);`,
    (streams) => assertEquals(Number(streams) >= 2, true, `${streams}`),
  );
}

security(
  "Any number of keys of OpenMG are an error",
  `answer(read(bombs["oma keys"](2_000_000)));`,
  (answered) => assertEquals(answered, "EPERM"),
);

security(
  "Chunks of Musepack that name the same seek table are read",
  `answer(read(bombs["musepack seek tables"](1_000_000)));`,
  (packets) => assertEquals(packets, 1),
);

security(
  "Blocks of IAMF whose parameter has two million parts are an error",
  `answer(read(bombs["iamf parts of parameters"](1_000_000), { maxMemory: 2 ** 28 }));`,
  (answered) => assertEquals(answered, "INVALIDDATA"),
);

for (const what of ["parameters", "configurations"]) {
  security(
    `IAMF of any number of ${what}, which are looked for one by one, is an error`,
    `answer(read(bombs["iamf ${what}"](4_000_000), { format: "iamf", maxMemory: 2 ** 29 }));`,
    (answered) => assertEquals(answered, "INVALIDDATA"),
  );
}

// ------------------------------------------------------------------------------------------- seeks

const opens = `
/** Opens, seeks to this second, and reads; returns the number of packets, or the error's code. */
function sought(bytes, format, second) {
  try {
    using demuxer = Demuxer.openSync(bytes, { format });
    demuxer.seekSync(second);
    return [...demuxer.packetsSync()].length;
  } catch (error) {
    if (!(error instanceof avio.AVError)) throw error;
    return error.codeName;
  }
}
`;

security(
  "A seek in an ASF of more pictures than it may have streams writes past no array",
  opens +
    `answer([0, 100, 200, 900].map((pictures) => typeof sought(crafted.asfWithPictures(pictures), "asf", 2.5)));`,
  (answers) => assertEquals(answers, ["number", "number", "number", "number"]),
  false,
);

security(
  "A seek in an ASF whose packets have no size is no division by zero",
  opens + `answer(["asf", "asf_o"].map((format) => sought(crafted.asfWithPictures(0, 0), format, 2.5)));`,
  (answers) => assertEquals(answers, [0, "INVALIDDATA"]),
  false,
);

security(
  "A seek in an ASF that has no timestamp behind its last packet fails no assertion of asf_o",
  opens +
    `answer([0.05, 0.5, 2.5, 4.9].map((second) => sought(crafted.asfWithPictures(0), "asf_o", second)));`,
  (answers) => { // FFmpeg 7 does not open it: INVALIDDATA
    const faults = (answers as (number | string)[]).filter((answer) => typeof answer === "string");
    assert(faults.every((fault) => fault === "INVALIDDATA"), `${faults}`);
  },
);

security(
  "A seek in a Bink without a frame is no null pointer",
  opens + `answer(sought(crafted.binkWithoutFrames(), "bink", 0.1));`,
  (answer) => assertEquals(answer, 0),
  false,
);

security(
  "A seek in a BRSTM of blocks without samples, or without blocks, is no division by zero, nor reads elsewhere",
  opens +
    `answer([["pcm", 5, 0], ["adpcm", 0, 10], ["pcm", 5, 10]].map((parts) => typeof sought(crafted.brstm(...parts), "brstm", 0.001)));`,
  (answers) => assertEquals(answers, ["number", "number", "number"]),
  false,
);

security(
  "A seek by the stream of a picture is one of the whole input: in Ogg it failed an assertion",
  `const sink = new MemorySink();
  {
    using demuxer = Demuxer.openSync(fixtureBytes("audio.ogg"));
    using muxer = Muxer.openSync(sink, { format: "ogg" });
    muxer.addStream(demuxer.streams[0]);
    muxer.addCover({ data: fixtureBytes("image.png") });
    for (const packet of demuxer.packetsSync()) muxer.writeSync(packet);
    muxer.finishSync();
  }
  /** The first times after a seek to this second, by the number of a stream. */
  function firstTime(bytes, streamIndex, second) {
    using demuxer = Demuxer.openSync(bytes);
    const { timeBase } = demuxer.streams[streamIndex];
    demuxer.seekSync({ streamIndex, timestamp: Math.round(second * timeBase.den / timeBase.num) });
    for (const packet of demuxer.packetsSync()) if (packet.streamIndex === 0) return packet.pts;
  }
  answer([sink.bytes(), fixtureBytes("cover.mp3")].map((bytes) => [0, 1].map((stream) => firstTime(bytes, stream, 0.5))));`,
  (answers) => {
    const [ogg, mp3] = answers as [number[], number[]];
    assertEquals([ogg[0]! > 0, mp3[0]! > 0], [true, true]);
    assertEquals([ogg[1], mp3[1]], [ogg[0], mp3[0]]);
  },
  false,
);

security(
  "concat: a seek back after the next file could not be opened is no null pointer",
  `const sink = new MemorySink();
  {
    using muxer = Muxer.openSync(sink, { format: "wav" });
    muxer.addStream({ type: "audio", codec: "pcm_s16le", sampleRate: 8000, channels: 1 });
    muxer.writeSync(new Packet({ streamIndex: 0, dts: 0, pts: 0, duration: 24000, data: new Uint8Array(48_000) }));
    muxer.finishSync();
  }
  const script = new TextEncoder().encode("ffconcat version 1.0\\nfile a\\nduration 3\\nfile b\\nduration 3\\n");
  const onopen = ({ url }) => url.endsWith("a") ? sink.bytes() : new Uint8Array(1000);
  answer([1, { streamIndex: 0, timestamp: 8000 }].map((target) => {
    using demuxer = Demuxer.openSync(script, { format: "concat", onopen });
    const count = () => {
      let packets = 0;
      try {
        for (const _ of demuxer.packetsSync()) packets++;
      } catch (error) {
        if (error.codeName !== "INVALIDDATA") throw error;
      }
      return packets;
    };
    const all = count();
    demuxer.seekSync(target);
    const rest = count();
    return rest > 0 && rest < all;
  }));`,
  (answers) => assertEquals(answers, [true, true]),
);

security(
  "A NUT that leads back to where it was read has an end",
  `const sink = new MemorySink();
  {
    using muxer = Muxer.openSync(sink, { format: "nut" });
    muxer.addStream({ type: "audio", codec: "pcm_s16le", sampleRate: 8000, channels: 1 });
    for (let i = 0; i < 3; i++)
      muxer.writeSync(new Packet({ streamIndex: 0, dts: 100 * i, pts: 100 * i, duration: 100, data: new Uint8Array(200) }));
    muxer.finishSync();
  }
  const first = Demuxer.openSync(sink.bytes()).readSync();
  answer(read(crafted.nutThatGoesBack(sink.bytes(), first.pos + 200)));`,
  (packets) => assertEquals(packets, 3),
);

security(
  "A WTV of more streams than are allowed, whose description is as long as its chunk, has an end",
  `answer(read(crafted.wtvOfStreams(4), { format: "wtv", maxStreams: 4 }));`,
  (answered) => assertEquals(answered, "EMSGSIZE"),
);

/** What takes far longer than this would take minutes with larger files, which a signal would not end. */
const SECONDS = 15;
const timed = (script: string) =>
  `const begin = performance.now();\n${script}\nanswer((performance.now() - begin) / 1000);`;
const isFast = (seconds: unknown) => assert(typeof seconds === "number" && seconds < SECONDS, `${seconds} s`);

security(
  "Sectors of an STR that each say to be of a long picture take no time by that",
  timed(`read(crafted.strOfLongPictures(445), { format: "psxstr" });`),
  isFast,
);

security(
  "A seek in HEVC of millions of open key samples does not look through all of them, again and again",
  timed(`using demuxer = Demuxer.openSync(crafted.openKeySamples(8_000_000));
  demuxer.seekSync({ streamIndex: 0, timestamp: 8_005_000 });`),
  isFast,
);

security(
  "Samples of tracks that are not read take no time by the number of the tracks",
  timed(`using demuxer = Demuxer.openSync(crafted.samplesBetween(400, 15_000), { findStreamInfo: false });
  for (const stream of demuxer.streams) stream.discard = stream.index > 0;
  if ([...demuxer.packetsSync()].length !== 2) throw new Error("packets are missing");`),
  isFast,
);

security(
  "A seek does not look through all tracks of all fragments for each track",
  timed(
    `using demuxer = Demuxer.openSync(crafted.fragmentsOfOneTrack(500, 15_000), { findStreamInfo: false });
  demuxer.seekSync({ streamIndex: 0, timestamp: 100 });`,
  ),
  isFast,
);

security(
  "An AAX whose last segment is the bytes of its first one has an end",
  `answer(read(crafted.aaxThatReturns(), { format: "aax" }));`,
  (packets) => assertEquals(packets, 27),
);

// ------------------------------------------------------------------------------------------- IMF

const imf = `
const track = (() => {
  const sink = new MemorySink();
  using muxer = Muxer.openSync(sink, { format: "mxf_opatom" });
  muxer.addStream({ type: "audio", codec: "pcm_s16le", sampleRate: 48000, channels: 1 });
  for (let i = 0; i < 25; i++) {
    const time = i * 1920;
    muxer.writeSync(new Packet({ streamIndex: 0, pts: time, dts: time, duration: 1920, data: new Uint8Array(3840).fill(i) }));
  }
  muxer.finishSync();
  return sink.bytes();
})();
/** The packets of a package with this asset map. */
function packaged(resources, assets, more) {
  const names = [];
  const onopen = ({ url }) => {
    names.push(url);
    return url.endsWith(".xml") ? crafted.assetMap(assets, more) : track;
  };
  using demuxer = Demuxer.openSync(crafted.composition(resources), { format: "imf", onopen });
  return [[...demuxer.packetsSync()].length, ...names.slice(1)];
}
`;

security(
  "IMF: an asset map with something beside assets is read, and the first asset of a name is used",
  imf +
    `answer(packaged([{ asset: 3 }, { asset: 5, repeat: 2 }], [[5, "b.mxf"], [3, "a.mxf"], [5, "never.mxf"]], "<Other/>"));`,
  (answered) => assertEquals(answered, [75, "./a.mxf", "./b.mxf", "./b.mxf"]),
);

security(
  "IMF: any number of resources that are empty and before the one that is read take no time for each packet",
  imf +
    `answer(packaged([{ asset: 3, duration: 0, repeat: 7_000_000 }, { asset: 3, repeat: 200 }], [[3, "a.mxf"]]).length);`,
  (answered) => assertEquals(answered, 202),
);

security(
  "IMF: many resources of many assets are found",
  imf + `const assets = Array.from({ length: 60_000 }, (_, i) => [i + 1, "a"]);
  const resources = assets.map(([asset]) => ({ asset: 60_001 - asset, duration: 0 }));
  answer(packaged([...resources, { asset: 3 }], assets));`,
  (answered) => assertEquals(answered, [25, "./a", "./a"]),
);

security(
  "IMF: an asset without a path is an error",
  imf + `const text = new TextDecoder().decode(crafted.assetMap([[3, "a"]])).replace(/<Path>.*<.Path>/, "");
  answer(read(crafted.composition([{ asset: 3 }]), { format: "imf", onopen: () => new TextEncoder().encode(text) }));`,
  (answered) => assertEquals(answered, "INVALIDDATA"),
);

// What avio itself reads of headers.
security(
  "600,000 bit rates in the description of an mp4's text are left out",
  `using demuxer = Demuxer.openSync(bombs["mp4 bit rates of a text"](12_000_000));
  answer(demuxer.streams[0].codecParameters.extradata.length);`,
  (length) => assertEquals(length, 30),
);

security(
  "A first packet of AV1 whose units are longer than an int counts bits is no crash",
  `const size = 2 ** 28 + 2 ** 26, unit = 2 ** 28 + 2 ** 20; // bytes
  const head = bombs["mp4 long packet of av1"](size);
  const bytes = [0x7a, ...Array.from({ length: 5 }, (_, i) => unit / 2 ** (7 * i) & 127 | (i < 4 ? 128 : 0))];
  let at = 0;
  const io = new avio.IOContext(2 ** 20, {
    onread(buffer) {
      const count = Math.min(buffer.length, head.length + size - at);
      buffer.fill(0, 0, count);
      if (at < head.length) buffer.set(head.subarray(at, at + count));
      if (at <= head.length && head.length + bytes.length <= at + count) buffer.set(bytes, head.length - at);
      at += count;
      return count;
    },
    onseek: (offset, whence) => whence === avio.constants.seek.SIZE ? head.length + size : (at = offset),
  });
  using demuxer = Demuxer.openSync(io, { maxOpenSize: 2 ** 30, maxPacketSize: 2 ** 30 });
  answer(demuxer.streams[0].codecParameters.codec);`,
  (codec) => assertEquals(codec, "av1"),
);

for (const api of ["sync", "async"]) {
  security(
    `A DASH manifest whose frame rate is a program that never ends is answered, ${api}`,
    `const text = new TextDecoder().decode(crafted.manifest({ template: 'media="x" duration="2"' }))
      .replace("<Representation ", '<Representation frameRate="while(1,0)" ');
    if (!text.includes("while")) throw new Error("no Representation");
    const bytes = new TextEncoder().encode(text);
    try { ${api === "sync" ? "avio.probeSync(bytes)" : "await probe(bytes)"}; } catch (error) {
      if (!(error instanceof avio.AVError)) throw error;
    }
    answer(true);`,
    (answered) => assertEquals(answered, true),
  );
}

security(
  "Numbers of options that are programs are errors, a filter's too",
  `const errors = [];
  for (const use of [
    () => Demuxer.openSync(fixtureBytes("video.mp4"), { options: { probesize: "while(1,0)" } }),
    () => Demuxer.openSync(fixtureBytes("video.mp4"), { options: { probesize: "taylor(taylor(taylor(1,1),1),1)" } }),
    () => {
      using demuxer = Demuxer.openSync(fixtureBytes("video.mp4"));
      using muxer = Muxer.openSync(new MemorySink(), { format: "matroska" });
      muxer.addStream(demuxer.streams[0], { bitstreamFilter: "noise=dropamount=while(1\\\\,0)" });
    },
  ]) {
    try { use(); } catch (error) { errors.push(error.constructor.name); }
  }
  answer(errors);`,
  (errors) => assertEquals(errors, ["AVError", "AVError", "TypeError"]),
);

security(
  "Timed ID3 that calls itself a time code is written by mp4, and hint tracks have no place in a live manifest",
  `const init = { timeBase: { num: 1, den: 1000 } };
  const packets = [{ data: new Uint8Array(80), isKey: true }];
  answer([
    write("mp4", { type: "data", codec: "timed_id3", tag: "tmcd" }, packets, init) > 0,
    (avio.remuxSync(fixtureBytes("video.mp4"), new MemorySink(), { format: "mp4", options: { movflags: "rtphint+isml" } }), true),
  ]);`,
  (written) => assertEquals(written, [true, true]),
);

// ------------------------------------------------------------------------------------------- parsers and decoders

security(
  "CVE-2026-125224: the headers of Vorbis that are not valid are looked at once",
  `answer(read(crafted.vorbisWithoutSetup(1 << 20, 8000)));`,
  (packets) => assertEquals(packets, 8000),
);

security(
  "CVE-2026-125221: FLAC of 150,000 frames of a byte",
  `answer(read(crafted.tinyFlacFrames(150000)));`,
);

security(
  "CVE-2026-125183: HEVC with 20,000 PPS whose tables of depth aren't there",
  `const { data } = madePackets("hevc");
  answer(read(concatBytes([data[0].subarray(0, 0), ...data.slice(0, 1), crafted.depthTables(20000), ...data]), { format: "hevc" }));`,
);

security(
  "CVE-2026-125185: film grain with two points in one place",
  `const { data, parameters: { width, height } } = madePackets("hevc");
  answer(read(concatBytes(data.flatMap((packet) => [crafted.grainInOnePlace(width, height), packet])), { format: "hevc" }));`,
);

for (const [what, tiff] of [["lists", "listsInLists(1300)"], ["tags", "overlappingTags(4000)"]]) {
  security(
    `CVE-2026-125180: a JPEG whose ${what} of EXIF are all of the same bytes`,
    `answer(read(crafted.withExif(fixtureBytes("image.jpeg"), crafted.${tiff})));`,
    (packets) => assertEquals(packets, 1),
  );
}

for (const [count, tiles] of [[30, 1000], [60_000, 1]] as const) {
  security(
    `${count} PPS of HEVC, of a million blocks in ${tiles} columns and rows of tiles, are read`,
    `answer(read(crafted.manyPpsOfHevc(${count}, ${tiles}), { format: "hevc" }));`,
  );
}

security(
  "60,000 VPS of HEVC with 1,024 parameters of a reference decoder each are read",
  `answer(read(crafted.manyVpsOfHevc(60_000), { format: "hevc", probeSize: 20_000_000 }));`,
);

security(
  "A million PPS of VVC are read",
  `answer(read(crafted.manyPpsOfVvc(1_000_000), { format: "vvc", probeSize: 20_000_000 }));`,
);

security(
  "60,000 PPS of VVC with a thousand subpictures and slices take no time by their product",
  timed(`read(crafted.manySlicesOfVvc(60_000), { format: "vvc", probeSize: 20_000_000 });`),
  isFast,
);

for (const codec of ["h264", "hevc"]) {
  security(
    `Messages of film grain that have none take no time by what they say, ${codec}`,
    timed(`const { data } = madePackets("${codec}");
    if (read(crafted.grainWithoutValues("${codec}", 3_000_000, data), { format: "${codec}" }) < 5) throw new Error("no packets");`),
    isFast,
  );
}

security(
  "JPEG XL of 20,000 frames whose tables of contents have prefix codes takes no time by the largest table of these",
  timed(`read(crafted.permutedFramesOfJpegXl(20_000), { format: "jpegxl_pipe" });`),
  isFast,
);

security(
  "G.723.1 of 2^30 channels writes nothing behind a buffer, and has an end",
  `const packets = [[1], [0, 9, 9, 9], new Array(40).fill(0), [2, 9, 9]];
  answer([2 ** 30 - 5, 2 ** 30, 178956971, 2 ** 31 - 1].map((channels) =>
    read(crafted.g7231WithChannels(channels, [...packets, ...packets, ...packets]))));`,
  (answers) => assertEquals(answers, [0, 0, 0, 0]),
);

security(
  "Comments of Vorbis that are looked for among a thousand tags are ended by a signal",
  `const before = threads();
  const error = await rejection(Demuxer.open(crafted.flacOfComments(15_000_000), { signal: AbortSignal.timeout(1000) }));
  answer([error.name, await eventually(() => threads() <= before, 5000)]);`,
  (answers) => assertEquals(answers, ["TimeoutError", true]),
);

security(
  "Empty segments of DVB subtitles are not followed from each of them on to find out what they are",
  timed(`read(crafted.emptyDvbSegments(170_000));`),
  isFast,
);

security(
  "Frames of E-AC-3 in each other are not followed from each of them on to find out what they are",
  timed(`read(crafted.framesInEachOther(130_000));`),
  isFast,
);

security(
  "A RoQ whose picture has the size 0 with its codebook has an end",
  `answer(read(crafted.roqOfNothing(), { format: "roq" }));`,
  (answered) => assertEquals(answered, "INVALIDDATA"),
);

for (const [others, elements] of [[9000, 1], [1, 250_000]] as const) {
  security(
    `SBaGen: 90,000 events of a definition of ${elements} elements, behind ${others} others, are an error at once`,
    timed(`const answered = read(crafted.scriptOfEvents(90_000, ${others}, ${elements}), { format: "sbg" });
    if (answered !== "INVALIDDATA") throw new Error(answered);`),
    isFast,
  );
}

security(
  "Empty tags of a compressed SWF take no time by the number of streams before them",
  timed(
    `const body = new Blob([crafted.swfOfEmptyTags(990, 40_000_000)]).stream().pipeThrough(new CompressionStream("deflate"));
  const head = Uint8Array.of(0x43, 0x57, 0x53, 6, 0, 0, 0, 0);
  read(concatBytes([head, new Uint8Array(await new Response(body).arrayBuffer())]), { format: "swf" });`,
  ),
  isFast,
);

security(
  "SDNS of 128 channels has no bytes of the heap in its extradata, NIST Sphere says that it has Shorten",
  `{
    // What malloc gives next is not empty.
    using demuxer = Demuxer.openSync(concatBytes([crafted.sdnsOfChannels(128), new Uint8Array(1_000_000).fill(165)]), { format: "sdns" });
    for (const packet of demuxer.packetsSync()) void packet;
  }
  const extradata = (source, format) => {
    using demuxer = Demuxer.openSync(source, { format });
    return [...demuxer.streams[0].codecParameters.extradata];
  };
  const sdns = Array.from({ length: 20 }, () => extradata(crafted.sdnsOfChannels(128), "sdns"));
  answer([sdns.map((bytes) => bytes.reduce((sum, byte) => sum + byte, 0)), extradata(crafted.shortenInNist(), "nistsphere")]);`,
  (answers) => assertEquals(answers, [new Array(20).fill(64 + 64 * 2), [1]]),
);

const dolbyVision = `const { extradata, configuration, packet } = crafted.dolbyVisionOfOnes();
  const stream = { type: "video", codec: "hevc", width: 64, height: 64, extradata };
  const side = (profile) => [{ type: "DOVI configuration record", data: configuration.with(2, profile) }];`;

security(
  "Dolby Vision whose size is a number of ones without end is read from Matroska",
  `${dolbyVision}
  const sink = new MemorySink();
  {
    using muxer = Muxer.openSync(sink, { format: "matroska" });
    muxer.addStream(stream, { sideData: side(10) });
    muxer.writeSync(new Packet({ streamIndex: 0, dts: 0, pts: 0, duration: 1, isKey: true, data: packet }));
    muxer.finishSync();
  }
  answer(read(sink.bytes()));`,
  (packets) => assertEquals(packets, 1),
);

// ------------------------------------------------------------------------------------------- bitstream filters

security(
  "CVE-2026-125269: h264_metadata puts an orientation in the place of one, beside a message with an extension",
  `using demuxer = Demuxer.openSync(fixtureBytes("video.mp4"));
  const stream = demuxer.bestStream("video");
  const packets = [...demuxer.packetsSync()].filter(({ streamIndex }) => streamIndex === stream.index)
    .map((packet) => ({ ...packet, streamIndex: 0, data: concatBytes([crafted.seiWithExtension(), packet.data]) }));
  answer(write("mp4", stream, packets, { bitstreamFilter: "h264_metadata=display_orientation=insert:rotate=90" }));`,
  (bytes) => assertEquals(typeof bytes, "number"),
);

security(
  "CVE-2026-125186: dts2pts takes two fields of a packet of 100,000 slices",
  `answer(write("h264", { type: "video", codec: "h264", width: 16, height: 16 },
    [{ data: crafted.slicesInTurn(100000), isKey: true, timeBase: { num: 1, den: 25 } }], { bitstreamFilter: "dts2pts" }));`,
);

security(
  "dovi_rpu and a configuration record of no profile: an error, not an assertion",
  `${dolbyVision}
  const unit = { data: concatBytes([Uint8Array.of(0, 0, 1, 0x46, 1, 0x50), crafted.dolbyVisionOfNothing()]), isKey: true };
  answer([0, 8].map((profile) =>
    write("hevc", { ...stream, extradata: undefined }, [unit], { bitstreamFilter: "dovi_rpu=compression=none", sideData: side(profile) })));`,
  (results) => assertEquals(results, ["INVALIDDATA", 46]),
);

const nal = (...bytes: number[]) => `[0, 0, 1, ${bytes}]`;
for (
  const [what, codec, format, filter, packet] of [
    ["delimiters", "h264", "h264", "h264_metadata=aud=remove", `[0, 0, 1, 9, 0x10, 0, 0, 1, 12, 0x80]`],
    ["fillers", "h264", "h264", "h264_metadata=delete_filler=1", `[0, 0, 1, 9, 0x10, 0, 0, 1, 12, 0x80]`],
    ["units", "h264", "h264", "filter_units=remove_types=9", `[0, 0, 1, 9, 0x10, 0, 0, 1, 12, 0x80]`],
    ["OBU of padding", "av1", "ivf", "av1_metadata=delete_padding=1", `[0x7a, 1, 0x80, 0x4a, 0], [0x12, 0]`],
    [
      "orientations",
      "h264",
      "h264",
      "h264_metadata=display_orientation=extract",
      `[47, 1, 0xc0], ${nal(6)}, [0x80]`,
    ],
    [
      "orientations",
      "h264",
      "h264",
      "h264_metadata=display_orientation=remove",
      `[47, 1, 0xc0, 200, 0], ${nal(6)}, [0x80]`,
    ],
    [
      "messages of filler",
      "h264",
      "h264",
      "h264_metadata=delete_filler=1",
      `[3, 1, 255, 200, 0], ${nal(6)}, [0x80]`,
    ],
    ["fillers", "lcevc", "mp4", "lcevc_metadata=delete_filler=1", `[0, 0, 1, 0x79, 0xff, 0x25, 0xaa, 0x80]`],
  ] as const
) {
  security(
    `${filter}: a packet of a million ${what} takes no quadratic time`,
    `answer(write("${format}", { type: "video", codec: "${codec}", width: 64, height: 64 },
      [{ data: crafted.again(2_500_000, ${packet}), isKey: true, timeBase: { num: 1, den: 25 } }], { bitstreamFilter: "${filter}" }));`,
    undefined,
    !isEmbedded || (codec === "lcevc" && libavformat < 63),
  );
}

for (
  const [filter, format, codec, extradata, unit, count] of [
    ["h264_mp4toannexb", "h264", "h264", "crafted.h264Sets(60_000)", "[1, 0x41, 1, 0x65]", 1000],
    ["h264_mp4toannexb", "h264", "h264", "crafted.h264Sets(60_000)", "[2, 0x65, 0x80]", 1],
    ["hevc_mp4toannexb", "hevc", "hevc", "crafted.hevcSets(60_000)", "[2, 0x26, 1]", 1],
    ["vvc_mp4toannexb", "vvc", "vvc", "crafted.vvcSets(60_000)", "[2, 0, 0x39]", 1],
    ["dump_extra", "m4v", "mpeg4", "new Uint8Array(60_000)", "[0, 0, 1, 0xb6]", 1],
    [null, "mpegts", "h264", "crafted.annexB(0x67, 60_000)", "[0, 0, 0, 1, 0x65, 0x80]", 1],
    [null, "mpegts", "hevc", "crafted.annexB(0x42, 60_000)", "[0, 0, 0, 1, 0x26, 1]", 1],
    [null, "mpegts", "vvc", "crafted.annexB(0, 60_000)", "[0, 0, 0, 1, 0, 0x39]", 1],
  ] as const
) {
  security(
    `${
      filter ?? format
    }: parameter sets of ${codec} are inserted into ${count} pictures of few bytes, to a limit`,
    `let bytes = 0, time = 0;
    const stream = { type: "video", codec: "${codec}", width: 64, height: 64, extradata: ${extradata} };
    const data = crafted.again(${count} * ${unit}.length, ${unit});
    try {
      const sink = { onwrite: (piece) => void (bytes += piece.length) };
      using muxer = Muxer.openSync(sink, { format: "${format}" });
      muxer.addStream(stream, ${filter ? `{ bitstreamFilter: "${filter}" }` : "{}"});
      for (; time < 8000; time++) {
        muxer.writeSync(new Packet({ streamIndex: 0, data, dts: time, pts: time, duration: 1, isKey: true,
          timeBase: { num: 1, den: 25 } }));
      }
      muxer.finishSync();
      answer([bytes, time]);
    } catch (error) {
      answer([bytes, error.codeName]);
    }`,
    (answered) => {
      const [bytes, what] = answered as [number, string];
      assertEquals(what, "INVALIDDATA");
      assert(bytes < 100e6, `${bytes} bytes`);
    },
  );
}

security(
  "dts2pts: pictures of HEVC whose numbers fall to -2^31 leave no timestamp that is used after it was freed",
  `let time = 0;
  const sink = new MemorySink();
  using muxer = Muxer.openSync(sink, { format: "hevc" });
  muxer.addStream({ type: "video", codec: "hevc", width: 64, height: 64 }, { bitstreamFilter: "dts2pts" });
  for (const data of crafted.fallingPictures(200_000)) {
    muxer.writeSync(new Packet({ streamIndex: 0, data, dts: time, duration: 1, timeBase: { num: 1, den: 25 } }));
    time++;
  }
  muxer.finishSync();
  answer(sink.bytes().length);`,
  (bytes) => assertEquals(typeof bytes, "number"),
  !isEmbedded || libavformat < 63, // only since then for HEVC
);

security(
  "CVE-2026-125230: pcm_rechunk with 2^29 channels is an error",
  `let result;
  try {
    result = write("wav", { type: "audio", codec: "pcm_s32le", sampleRate: 48000, channels: 2 ** 29 },
      [{ data: new Uint8Array(16) }], { bitstreamFilter: "pcm_rechunk" });
  } catch (error) {
    result = error.name;
  }
  answer(result);`,
  (result) => assertEquals(typeof result, "string"),
);

security(
  "CVE-2026-125258: dovi_rpu and a frame rate of 24/0",
  `let result;
  try {
    result = write("hevc", { type: "video", codec: "hevc", width: 16, height: 16, pixelFormat: "yuv420p10le",
      frameRate: { num: 24, den: 0 } }, [{ data: Uint8Array.of(0, 0, 0, 1, 0x46, 1, 0x50) }],
      { bitstreamFilter: "dovi_rpu=compression=none", averageFrameRate: { num: 24, den: 0 } });
  } catch (error) {
    result = error.name;
  }
  answer(result);`,
);

// ------------------------------------------------------------------------------------------- muxers

for (const from of ["a tag of the input", "a field of the stream", "an option"] as const) {
  const nested = `const nested = "ambisonic 0+".repeat(86_000) + "mono";
  const stream = { type: "audio", codec: "pcm_s16le", sampleRate: 48000, channels: 1 };
  let error = "none";
  try {`;
  const scripts = {
    "a tag of the input": `
    const sink = new MemorySink();
    {
      using muxer = Muxer.openSync(sink, { format: "matroska" });
      muxer.addStream(stream, { metadata: { SA3D: nested } });
      muxer.writeSync(new Packet({ streamIndex: 0, dts: 0, pts: 0, duration: 1, isKey: true, data: new Uint8Array(64) }));
      muxer.finishSync();
    }
    avio.remuxSync(sink.bytes(), new MemorySink(), { format: "mp4" });`,
    "a field of the stream": `
    using muxer = Muxer.openSync(new MemorySink(), { format: "wav" });
    muxer.addStream({ ...stream, channelLayout: nested });
    muxer.writeSync(new Packet({ streamIndex: 0, dts: 0, pts: 0, duration: 1, data: new Uint8Array(64) }));`,
    "an option": `
    using demuxer = Demuxer.openSync(new Uint8Array(1000), { format: "s16le", options: { ch_layout: nested } });`,
  };
  security(
    `A layout of channels in another one, 86,000 times, is no end of the stack: ${from}`,
    nested + scripts[from] + `} catch ({ name }) { error = name; }
    answer(error);`,
    (error) => assert(error === "none" || error === "AVError" || error === "TypeError", `${error}`),
    false,
  );
}

security(
  "CVE-2026-75141: 70,000 NAL units of one type in the configuration of HEVC, VVC",
  `const unit = (...header) => concatBytes(Array.from({ length: 70000 }, () => Uint8Array.of(0, 0, 0, 1, ...header, 1, 0x80)));
  const { parameters } = madePackets("hevc");
  const packet = { data: Uint8Array.of(0, 0, 0, 1, 0x26, 1, 0x80), isKey: true, timeBase: { num: 1, den: 25 } };
  answer([
    write("mp4", { ...parameters, extradata: concatBytes([parameters.extradata, unit(0x4e, 1)]) }, [packet]),
    write("mp4", { type: "video", codec: "vvc", width: 16, height: 16, extradata: concatBytes([unit(0, 0xb9)]) }, [packet]),
  ]);`,
);

for (const format of ["mpeg", "vcd", "svcd", "vob", "dvd"]) {
  security(
    `CVE-2026-75142: ${format} of 100 streams`,
    `let result;
    try {
      const sink = new MemorySink();
      using muxer = Muxer.openSync(sink, { format: "${format}" });
      for (let i = 0; i < 100; i++) muxer.addStream({ type: "audio", codec: "mp2", sampleRate: 48000, channels: 2 });
      for (let i = 0; i < 300; i++) {
        muxer.writeSync(new Packet({ streamIndex: i % 100, data: new Uint8Array(3000), dts: i, pts: i, duration: 1, timeBase: { num: 1, den: 25 } }));
      }
      muxer.finishSync();
      result = sink.bytes().length;
    } catch (error) {
      result = error.name;
    }
    answer(result);`,
  );
}
