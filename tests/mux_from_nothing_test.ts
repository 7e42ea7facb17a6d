/**
 * Muxing streams and packets that the program makes itself: each codec in every format that can hold it, read back with
 * Demuxer and ffprobe; properties of streams and files; and errors for what can't be written.
 */
import {
  assert,
  assertAlmostEquals,
  assertEquals,
  assertInstanceOf,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import { AVError, Demuxer, MemorySink, Muxer, type MuxerOptions, probeSync, remuxSync } from "@avio/avio";
import { concatBytes, essence } from "./support/essence.ts";
import { ffprobeInfo, ffprobePackets, hasFFprobe } from "./support/ffprobe.ts";
import { fixtureBytes } from "./support/fixtures.ts";
import { type Made, madeStreams, packetsOf } from "./support/made.ts";
import { md5 } from "./support/packets.ts";
import { libavformat } from "./support/versions.ts";

/** FFmpeg 7.1, 9.0, or newer. */
const [is7, is9] = [libavformat >= 61, libavformat >= 63];

/** Made once, by the ffmpeg command: there where ffprobe is. */
const made: Record<string, Made> = hasFFprobe ? madeStreams() : {};

/** Which formats hold what. */
const holds: Record<string, string[]> = {
  "H.264 Annex B": ["mp4", "mov", "matroska", "mpegts", "flv", "avi"],
  "H.264 AVCC": ["mp4", "mov", "matroska", "mpegts", "flv", "avi"],
  "AAC with ADTS": ["mp4", "mov", "matroska", "mpegts", "flv", "avi", "wav", "adts"],
  "AAC without ADTS": ["mp4", "mov", "matroska", "mpegts", "flv", "avi", "wav", "adts"],
  Opus: ["mp4", "matroska", "webm", "mpegts", "ogg", ...(is9 ? ["flv"] : [])],
  MP3: ["mp4", "mov", "matroska", "mpegts", "flv", "avi", "mp3", "wav"],
  FLAC: ["matroska", "ogg", "avi", "wav", "flac", ...(is7 ? ["mp4"] : []), ...(is9 ? ["flv"] : [])],
  VP8: ["matroska", "webm", "avi", "ogg"],
  VP9: ["mp4", "matroska", "webm", "avi", ...(is7 ? ["flv"] : [])],
  AV1: ["mp4", "matroska", "webm", "avi", ...(is7 ? ["flv"] : [])],
  GIF: ["gif", "mov", "matroska", "avi"],
  APNG: ["apng", "avi"],
  "PCM little": ["mov", "matroska", "flv", "avi", "wav", ...(is7 ? ["mp4"] : [])],
  "PCM big": ["mov", "matroska", "flv", ...(is7 ? ["mp4"] : [])],
  SubRip: ["matroska"],
  JPEG: ["mp4", "mov", "matroska", "avi"],
};

const formats = "mp4 mov matroska webm mpegts flv avi ogg mp3 wav flac adts gif apng".split(" ");

/** Differences from what was written, by name. */
interface Difference {
  name: string;
  formats: string[];
  made: string[];
  what: "cutting" | "codec" | "key" | "ffprobe";
}

const differences: Difference[] = [
  {
    name: "samples are cut anew",
    formats: ["mp4", "mov", "avi", "wav"],
    made: ["PCM little", "PCM big"],
    what: "cutting",
  },
  {
    name: "all frames of a gif are key frames to who parses them",
    formats: ["matroska"],
    made: ["GIF"],
    what: "key",
  },
  {
    name: "AAC in wav has no boundaries",
    formats: ["wav"],
    made: ["AAC without ADTS", "AAC with ADTS"],
    what: "cutting",
  },
  {
    name: "avi has no code for animations, they are read as something else",
    formats: ["avi"],
    made: ["GIF", "APNG"],
    what: "codec",
  },
  {
    name: "flv takes big-endian samples for little-endian ones",
    formats: ["flv"],
    made: ["PCM big"],
    what: "codec",
  },
  ...(is7
    ? [
      {
        name: "ffprobe 5.1 knows no new codecs in flv",
        formats: ["flv"],
        made: ["VP9", "AV1", ...(is9 ? ["Opus", "FLAC"] : [])],
        what: "ffprobe" as const,
      },
      {
        name: "ffprobe 5.1 cuts samples and the end of a gif otherwise",
        formats: ["wav", "gif"],
        made: ["PCM little", "GIF"],
        what: "ffprobe" as const,
      },
    ]
    : []),
];

const used = new Set<Difference>();

/** Writes what was made into a format. */
function write(streams: Made[], options: MuxerOptions & { format: string }): Uint8Array<ArrayBuffer> {
  const sink = new MemorySink();
  using muxer = Muxer.openSync(sink, options);
  for (const { parameters, timeBase } of streams) muxer.addStream(parameters, { timeBase });
  for (const [i, stream] of streams.entries()) {
    for (const packet of packetsOf(stream, i)) muxer.writeSync(packet);
  }
  muxer.finishSync();
  return sink.bytes().slice();
}

/** Runs `work` with a file of these bytes. */
function withFile<T>(bytes: Uint8Array, work: (path: string) => T): T {
  const path = Deno.makeTempFileSync({ prefix: "avio-test-" });
  try {
    Deno.writeFileSync(path, bytes);
    return work(path);
  } finally {
    Deno.removeSync(path);
  }
}

function differs(name: string, format: string, what: Difference["what"]): boolean {
  const found = differences.find((difference) =>
    difference.formats.includes(format) && difference.made.includes(name) && difference.what === what
  );
  if (found) used.add(found);
  return found !== undefined;
}

/** Whether a stream is of a codec that is known. */
function isCoded({ codecParameters: { codec } }: { codecParameters: { codec: string } }): boolean {
  return !["none", "bin_data"].includes(codec);
}

/** Checks that the Demuxer's packets are those written, and those that ffprobe finds. */
function checkBack(name: string, format: string, bytes: Uint8Array<ArrayBuffer>): void {
  const stream = made[name]!;
  const { codec } = stream.parameters;
  using demuxer = Demuxer.openSync(bytes);
  const packets = [...demuxer.packetsSync()];
  const found = demuxer.streams[0]!;
  if (differs(name, format, "codec")) return void assert(found.codecParameters.codec !== codec);
  assertEquals(found.codecParameters.codec, codec);
  assertEquals(found.type, stream.parameters.type);
  if (!differs(name, format, "ffprobe")) {
    const theirs = withFile(bytes, (path) => ffprobePackets(path));
    assertEquals(packets.map(({ data }) => md5(data)), theirs.map((row) => row.md5), "ffprobe");
  }
  const [before, after] = [stream.data, packets.map(({ data }) => data)].map((pieces) =>
    pieces.map((data) => essence(codec, data))
  ) as [Uint8Array[], Uint8Array[]];
  if (differs(name, format, "cutting")) {
    const [whole, cut] = [concatBytes(before), concatBytes(after)];
    assert(cut.length > whole.length * 0.99, `${cut.length} of ${whole.length} bytes`);
    if (!name.startsWith("AAC")) assertEquals(md5(cut), md5(whole));
    return;
  }
  assertEquals(after.map(md5), before.map(md5));
  if (!differs(name, format, "key")) {
    assertEquals(packets.map(({ isKey }) => isKey), stream.keys ?? packets.map(() => true), "key frames");
  }
  const { num, den } = stream.timeBase;
  const precision = Math.max(num / den, found.timeBase.num / found.timeBase.den, 0.001);
  const times = packets.map((packet) =>
    (packet.pts ?? packet.dts!) * packet.timeBase.num / packet.timeBase.den
  );
  for (const [i, time] of times.entries()) {
    assertAlmostEquals(time - times[0]!, i * stream.step * num / den, precision * 1.01, `packet ${i}`);
  }
}

for (const name of Object.keys(holds)) {
  Deno.test({
    name: `Muxer writes ${name} from made packets into every format that can hold it, and refuses the others`,
    ignore: !hasFFprobe,
    fn() {
      const problems: string[] = [];
      for (const format of formats) {
        const expected = holds[name]!.includes(format);
        try {
          const bytes = write([made[name]!], { format });
          if (expected) checkBack(name, format, bytes);
          else if (format !== "mpegts") problems.push(`${format}: it was taken`);
          else assertEquals(probeSync(bytes).streams.filter(isCoded), [], "private data was found"); // written all the same
        } catch (error) {
          const { message } = error as Error;
          if (expected) problems.push(`${format}: ${message}`);
          else if (!(error instanceof AVError)) problems.push(`${format}: ${error}`);
          else if (!/Cannot write (header|packet)/.test(message)) problems.push(`${format}: ${message}`);
        }
      }
      assertEquals(problems, []);
    },
  });
}

Deno.test({
  name: "The table of differences of muxing made packets has no unneeded name",
  ignore: !hasFFprobe,
  fn: () =>
    assertEquals(differences.filter((difference) => !used.has(difference)).map(({ name }) => name), []),
});

// ------------------------------------------------------------------------------------------- all at once

const CHAPTERS = [
  { id: 1, start: 0, end: 0.4, metadata: { title: "Eins" } },
  { id: 2, start: 0.4, end: 1, metadata: { title: "二" } },
];

Deno.test({
  name: "Muxer writes tags, chapters, dispositions, languages, an attachment and side data into Matroska",
  ignore: !hasFFprobe,
  fn() {
    const streams = [made["H.264 AVCC"]!, made["AAC without ADTS"]!, made["SubRip"]!];
    const sink = new MemorySink();
    using muxer = Muxer.openSync(sink, {
      format: "matroska",
      metadata: { title: "All", comment: "one\ntwo" },
      chapters: CHAPTERS,
    });
    const matrix = new Uint8Array(new Int32Array([0, 65536, 0, -65536, 0, 0, 0, 0, 1 << 30]).buffer);
    const inits = [
      { metadata: { title: "Picture" }, disposition: ["default"] },
      { metadata: { language: "jpn" }, disposition: ["default", "original"] },
      { metadata: { language: "eng", title: "Words" }, disposition: ["forced", "hearing_impaired"] },
    ];
    for (const [i, { parameters, timeBase }] of streams.entries()) {
      muxer.addStream(parameters, { timeBase, ...inits[i] });
    }
    muxer.addStream({ type: "attachment", codec: "none", extradata: fixtureBytes("image.jpeg") }, {
      metadata: { filename: "cover.jpg", mimetype: "image/jpeg" },
    });
    assertEquals(matrix.length, 36);
    for (const [i, stream] of streams.entries()) {
      for (const packet of packetsOf(stream, i)) muxer.writeSync(packet);
    }
    muxer.finishSync();
    const info = probeSync(sink.bytes());
    assertEquals([info.metadata.title, info.metadata.COMMENT ?? info.metadata.comment], ["All", "one\ntwo"]);
    assertEquals(info.chapters.map(({ start, end, metadata }) => [start, end, metadata.title]), [
      [0, 0.4, "Eins"],
      [0.4, 1, "二"],
    ]);
    const [video, audio, words, cover] = info.streams;
    assertEquals(video!.metadata.title, "Picture");
    assertEquals([audio!.metadata.language, audio!.disposition], ["jpn", ["default", "original"]]);
    assertEquals([words!.metadata.language, words!.disposition], ["eng", ["forced", "hearing_impaired"]]);
    // A picture that is attached is a cover to whoever reads it.
    assertEquals(cover!.disposition, ["attached_pic"]);
    assertEquals(cover!.metadata.filename, "cover.jpg");
    using demuxer = Demuxer.openSync(sink.bytes());
    const pictures = [...demuxer.packetsSync()].filter(({ streamIndex }) => streamIndex === 3);
    assertEquals(pictures.map(({ data }) => md5(data)), [md5(fixtureBytes("image.jpeg"))]);
    const theirs = withFile(sink.bytes(), ffprobeInfo);
    assertEquals(theirs.streams.map(({ codec_type }) => codec_type), ["video", "audio", "subtitle", "video"]);
    assertEquals(theirs.chapters.length, 2);
  },
});

Deno.test({
  name: "Muxer writes a cover into mp4, mp3 and flac",
  ignore: !hasFFprobe,
  fn() {
    for (const [format, name] of [["mp4", "AAC without ADTS"], ["mp3", "MP3"], ["flac", "FLAC"]] as const) {
      const sink = new MemorySink();
      using muxer = Muxer.openSync(sink, { format, metadata: { title: "Cover" } });
      const { parameters, timeBase } = made[name]!;
      muxer.addStream(parameters, { timeBase });
      muxer.addStream(made["JPEG"]!.parameters, {
        timeBase: { num: 1, den: 90000 },
        disposition: ["attached_pic"],
      });
      muxer.writeSync(packetsOf(made["JPEG"]!, 1)[0]!);
      for (const packet of packetsOf(made[name]!, 0)) muxer.writeSync(packet);
      muxer.finishSync();
      using demuxer = Demuxer.openSync(sink.bytes());
      assertEquals(demuxer.metadata.title, "Cover", format);
      const cover = demuxer.streams.find(({ type }) => type === "video")!;
      assert(cover.disposition.includes("attached_pic"), format);
      const data = [...demuxer.packetsSync()].filter(({ streamIndex }) => streamIndex === cover.index);
      assertEquals(data.map((packet) => md5(packet.data)), [md5(fixtureBytes("image.jpeg"))], format);
    }
  },
});

Deno.test({
  name: "Muxer writes ids and languages of streams into MPEG-TS, and the display matrix into mp4",
  ignore: !hasFFprobe,
  fn() {
    const ts = new MemorySink();
    using muxer = Muxer.openSync(ts, { format: "mpegts" });
    const streams = [made["H.264 Annex B"]!, made["AAC with ADTS"]!];
    const languages = ["deu", "fra"];
    for (const [i, { parameters, timeBase }] of streams.entries()) {
      muxer.addStream(parameters, { timeBase, id: 0x321 + i, metadata: { language: languages[i]! } });
    }
    for (const [i, stream] of streams.entries()) {
      for (const packet of packetsOf(stream, i)) muxer.writeSync(packet);
    }
    muxer.finishSync();
    const info = probeSync(ts.bytes());
    assertEquals(info.streams.map(({ id }) => id), [0x321, 0x322]);
    assertEquals(info.streams[1]!.metadata.language, "fra");
    assertEquals(info.programs[0]!.streamIndexes, [0, 1]);
    const mp4 = new MemorySink();
    using turned = Muxer.openSync(mp4, { format: "mp4" });
    const data = new Uint8Array(new Int32Array([0, 65536, 0, -65536, 0, 0, 0, 0, 1 << 30]).buffer);
    const { parameters, timeBase } = made["H.264 AVCC"]!;
    turned.addStream(parameters, { timeBase, sideData: [{ type: "Display Matrix", data }] });
    for (const packet of packetsOf(made["H.264 AVCC"]!, 0)) turned.writeSync(packet);
    turned.finishSync();
    const [stream] = probeSync(mp4.bytes()).streams;
    assertEquals(stream!.rotation, 90);
    const theirs = withFile(mp4.bytes(), ffprobeInfo).streams[0] as unknown as {
      side_data_list: { rotation: number }[];
    };
    assertEquals(theirs.side_data_list[0]!.rotation, -90); // counter-clockwise
  },
});

// ------------------------------------------------------------------------------------------- times, and errors

/** A muxer of these streams that were made, with its header written. */
function started(format: string, ...names: string[]): { muxer: Muxer; sink: MemorySink } {
  const sink = new MemorySink();
  const muxer = Muxer.openSync(sink, { format });
  for (const name of names) muxer.addStream(made[name]!.parameters, { timeBase: made[name]!.timeBase });
  muxer.startSync();
  return { muxer, sink };
}

Deno.test({
  name: "Muxer.writeSync() of a dts that does not increase: the error names the stream and both values",
  ignore: !hasFFprobe,
  fn() {
    for (const format of ["mp4", "matroska", "mpegts", "flv", "avi"]) {
      const { muxer } = started(format, "H.264 AVCC", "AAC without ADTS");
      const { num, den } = muxer.streams[1]!.timeBase;
      const packets = packetsOf(made["AAC without ADTS"]!, 1);
      [packets[0]!.dts, packets[1]!.dts] = [96000, 48000];
      [packets[0]!.pts, packets[1]!.pts] = [96000, 48000];
      const error = assertThrows(() => {
        for (const packet of packets.slice(0, 2)) muxer.writeSync(packet);
        muxer.flushSync();
      }, AVError);
      for (const part of ["stream 1", ...[2, 1].map((seconds) => String(Math.round(seconds * den / num)))]) {
        assertStringIncludes(error.message, part, format);
      }
      muxer[Symbol.dispose]();
    }
  },
});

Deno.test({
  name: "Muxer shifts times that begin below 0 if the format has no negative times, all streams by the same",
  ignore: !hasFFprobe,
  fn() {
    for (const format of ["mp4", "matroska", "flv", "mpegts"]) {
      const { muxer, sink } = started(format, "H.264 AVCC", "AAC without ADTS");
      for (const packet of packetsOf(made["H.264 AVCC"]!, 0, -2)) muxer.writeSync(packet);
      for (const packet of packetsOf(made["AAC without ADTS"]!, 1, -4800)) muxer.writeSync(packet);
      muxer.finishSync();
      using demuxer = Demuxer.openSync(sink.bytes());
      const packets = [...demuxer.packetsSync()];
      const first = (index: number) => packets.find(({ streamIndex }) => streamIndex === index)!.time!;
      assertAlmostEquals(first(1) - first(0), 0.1, 0.03, format);
      muxer[Symbol.dispose]();
    }
  },
});

Deno.test({
  name: "Muxer errors name what is missing: extradata, a pixel format, a codec that the format can hold",
  ignore: !hasFFprobe,
  fn() {
    const fails = (format: string, stream: Made, code: RegExp, words: string) => {
      const sink = new MemorySink();
      using muxer = Muxer.openSync(sink, { format });
      muxer.addStream(stream.parameters, { timeBase: stream.timeBase });
      const error = assertThrows(() => {
        for (const packet of packetsOf(stream, 0)) muxer.writeSync(packet);
        muxer.finishSync();
      });
      assertInstanceOf(error, AVError, `${format}: ${error}`);
      assert(code.test(error.codeName), `${format}: ${error.codeName} ${error.message}`);
      assertStringIncludes(error.message, words, format);
    };
    const without = (name: string) => {
      const { parameters: { extradata: _, ...parameters }, ...rest } = made[name]!;
      return { ...rest, parameters } as Made;
    };
    fails("apng", without("APNG"), /EINVAL/, "apng needs extradata"); // FFmpeg's muxer would end the process
    fails("flac", without("FLAC"), /INVALIDDATA/, "Cannot write header");
    fails("ogg", without("Opus"), /INVALIDDATA/, "No extradata present");
    fails("mp4", without("Opus"), /INVALIDDATA/, "invalid extradata size");
    fails("matroska", without("H.264 AVCC"), /INVALIDDATA/, "stream 0: h264 needs extradata");
    for (const format of ["mp4", "mov", "mpegts", "flv", "avi", "h264"]) {
      const words = "stream 0: packets of h264 without start codes need extradata (avcC)";
      fails(format, without("H.264 AVCC"), /EINVAL/, words);
    }
    for (const format of ["mp4", "matroska", "mpegts", "flv", "avi", "adts", "wav", "latm"]) {
      const words = "stream 0: packets of aac without ADTS headers need extradata (AudioSpecificConfig)";
      fails(format, without("AAC without ADTS"), /EINVAL/, words);
    }
    const mixed = (parameters: string, data: string) =>
      ({ ...made[data]!, parameters: made[parameters]!.parameters }) as Made;
    for (const format of ["mp4", "matroska", "flv"]) {
      const words = "stream 0: packets of h264 with start codes, and extradata (avcC) for those with lengths";
      fails(format, mixed("H.264 AVCC", "H.264 Annex B"), /EINVAL/, words);
    }
    for (const format of ["matroska", "adts"]) {
      const words = "stream 0: packets of aac with ADTS headers, and extradata";
      fails(format, mixed("AAC without ADTS", "AAC with ADTS"), /EINVAL/, words);
    }
    fails("webm", made["H.264 AVCC"]!, /EINVAL/, "Only VP8 or VP9 or AV1");
    fails("flv", made["GIF"]!, /./, "Cannot write header");
    fails("mp4", made["SubRip"]!, /EINVAL/, "Could not find tag for codec subrip");
    fails("mp3", made["VP9"]!, /EINVAL/, "mp3");
    const { parameters: { pixelFormat: _, ...parameters }, ...rest } = made["VP9"]!;
    fails("mp4", { ...rest, parameters } as Made, /EINVAL/, "pixelFormat");
  },
});

// ------------------------------------------------------------------------------------------- extradata of packets

/** A sink that can't seek, and what it got. */
function forward(): { sink: { onwrite(bytes: Uint8Array): number }; bytes(): Uint8Array<ArrayBuffer> } {
  const chunks: Uint8Array[] = [];
  const onwrite = (bytes: Uint8Array) => chunks.push(bytes.slice()) && bytes.length;
  return { sink: { onwrite }, bytes: () => concatBytes(chunks) as Uint8Array<ArrayBuffer> };
}

/** Streams whose extradata is in their first packets only. */
function bare(name: string): Made {
  const { parameters: { extradata: _, ...parameters }, ...rest } = made[name]!;
  return { ...rest, parameters } as Made;
}

const FRAGMENTS = { movflags: "frag_keyframe+empty_moov" };

const headersOfPackets: [string[], MuxerOptions & { format: string }][] = [
  [["H.264 Annex B", "AAC with ADTS"], { format: "matroska" }],
  [["H.264 Annex B", "AAC with ADTS"], { format: "mp4", options: FRAGMENTS }],
  [["H.264 Annex B", "AAC with ADTS"], { format: "ismv" }],
  [["HEVC Annex B"], { format: "matroska" }],
  [["HEVC Annex B", "AAC with ADTS"], { format: "mp4", options: FRAGMENTS }],
  [["AV1", "Opus"], { format: "webm" }],
  [["AV1", "AAC with ADTS"], { format: "mp4", options: FRAGMENTS }],
  [["AAC with ADTS"], { format: "matroska" }],
];

for (const [names, options] of headersOfPackets) {
  Deno.test({
    name: `Muxer takes the extradata of ${
      names.join(" and ")
    } for the header of ${options.format} out of packets`,
    ignore: !hasFFprobe,
    async fn() {
      const streams = names.map((name) => name === "Opus" ? made[name]! : bare(name));
      const packets = streams.flatMap((stream, i) => packetsOf(stream, i)).sort((a, b) => a.time! - b.time!);
      const late = packets.toSorted((a, b) => b.streamIndex - a.streamIndex); // the first stream comes last
      for (const order of [packets, late]) {
        const [sync, async] = [forward(), forward()];
        using muxer = Muxer.openSync(sync.sink, options);
        await using other = await Muxer.open(async.sink, options);
        for (const { parameters, timeBase } of streams) {
          muxer.addStream(parameters, { timeBase });
          other.addStream(parameters, { timeBase });
        }
        for (const packet of order) {
          const mine = Object.assign(structuredClone(packet), { data: packet.data.slice() });
          muxer.writeSync(mine as typeof packet);
          mine.data.fill(0); // it was copied
          await other.write(packet);
        }
        muxer.finishSync();
        await other.finish();
        assertEquals(async.bytes().length, sync.bytes().length);
        using demuxer = Demuxer.openSync(sync.bytes());
        const found = [...demuxer.packetsSync()];
        for (const [i, { parameters: { codec }, data }] of streams.entries()) {
          assert(demuxer.streams[i]!.codecParameters.extradata, `extradata of ${codec}`);
          const mine = found.filter(({ streamIndex }) => streamIndex === i);
          const of = (pieces: Uint8Array[]) => pieces.map((piece) => md5(essence(codec, piece)));
          assertEquals(of(mine.map(({ data }) => data)), of(data), codec);
        }
        assertEquals(decodingErrors(sync.bytes()), "");
      }
    },
  });
}

/** The errors of the ffmpeg command when it decodes everything. */
function decodingErrors(bytes: Uint8Array): string {
  return withFile(bytes, (path) => {
    const args = ["-v", "error", "-nostdin", "-i", path, "-f", "null", "-"];
    return new TextDecoder().decode(new Deno.Command("ffmpeg", { args }).outputSync().stderr);
  });
}

Deno.test({
  name: "Muxer whose header waits for a packet writes it at start(), flush() and finish() at the latest",
  ignore: !hasFFprobe,
  fn() {
    const streams = [bare("H.264 Annex B"), made["AAC without ADTS"]!];
    for (const use of ["startSync", "flushSync", "finishSync"] as const) {
      const sink = new MemorySink();
      using muxer = Muxer.openSync(sink, { format: "mp4" });
      for (const { parameters, timeBase } of streams) muxer.addStream(parameters, { timeBase });
      for (const packet of packetsOf(streams[1]!, 1)) muxer.writeSync(packet);
      assertEquals(sink.size, 0);
      muxer[use]();
      if (use !== "finishSync") {
        for (const packet of packetsOf(streams[0]!, 0)) muxer.writeSync(packet);
        muxer.finishSync();
      }
      const hashes = packetsOf(streams[1]!, 1).map(({ data }) => md5(data));
      using demuxer = Demuxer.openSync(sink.bytes());
      const audio = demuxer.bestStream("audio")!.index;
      const found = [...demuxer.packetsSync()].filter(({ streamIndex }) => streamIndex === audio);
      assertEquals(found.map(({ data }) => md5(data)), hashes, use);
    }
    const late = () => {
      using muxer = Muxer.openSync(new MemorySink(), { format: "mp4" });
      for (const { parameters } of streams) muxer.addStream(parameters);
      muxer.writeSync(packetsOf(streams[1]!, 1)[0]!);
      muxer.addStream(streams[0]!.parameters);
    };
    assertThrows(late, Error, "Cannot add stream: a packet has been written");
    const none = () => {
      using muxer = Muxer.openSync(new MemorySink(), { format: "matroska", options: { nope: 1, no: 2 } });
      muxer.addStream(streams[0]!.parameters);
      for (const packet of packetsOf(streams[0]!, 0)) muxer.writeSync(packet);
    };
    const { message } = assertThrows(none, TypeError, "matroska has no such option");
    for (const name of ["options.nope", "options.no"]) assertStringIncludes(message, name);
  },
});

Deno.test({
  name: "remuxSync() of MPEG-TS into fragments of mp4 has the extradata of AAC, whatever the sink",
  ignore: !hasFFprobe,
  fn() {
    for (const format of ["mp4", "ismv"]) {
      const { sink, bytes } = forward();
      const options = format === "mp4" ? FRAGMENTS : {};
      remuxSync(fixtureBytes("video.ts"), sink, { format, options });
      assertEquals(decodingErrors(bytes()), "", format);
      using demuxer = Demuxer.openSync(bytes());
      assert(demuxer.bestStream("audio")!.codecParameters.extradata);
    }
  },
});

Deno.test("remuxSync() leaves raw AAC out of wtv, which does not store where packets end", () => {
  const { skippedStreams } = remuxSync(fixtureBytes("video.mp4"), new MemorySink(), { format: "wtv" });
  assertEquals(skippedStreams, [1]);
  assertEquals(
    remuxSync(fixtureBytes("video.ts"), new MemorySink(), { format: "wtv" }).skippedStreams,
    [],
  );
});

// ------------------------------------------------------------------------------------------- covers

Deno.test("A cover in Matroska is an attachment, from remuxSync(), from Muxer, and back", () => {
  const isCover = ({ disposition }: { disposition: readonly string[] }) =>
    disposition.includes("attached_pic");
  const pictureOf = (bytes: Uint8Array<ArrayBuffer>) => {
    using demuxer = Demuxer.openSync(bytes);
    const cover = demuxer.streams.find(isCover);
    assert(cover, "there is a cover");
    const packets = [...demuxer.packetsSync()].filter(({ streamIndex }) => streamIndex === cover.index);
    return { cover, hashes: packets.map(({ data }) => md5(data)), count: demuxer.streams.length };
  };
  const source = fixtureBytes("cover.mp3");
  const { hashes } = pictureOf(source);
  const remuxed = new MemorySink();
  assertEquals(remuxSync(source, remuxed, { format: "matroska" }).skippedStreams, []);
  const muxed = new MemorySink();
  using demuxer = Demuxer.openSync(source);
  using muxer = Muxer.openSync(muxed, { format: "matroska" });
  for (const stream of demuxer.streams) muxer.addStream(stream);
  for (const packet of [...demuxer.packetsSync()].reverse()) { // the cover is the last
    packet.pts = packet.dts = null;
    muxer.writeSync(packet);
  }
  muxer.finishSync();
  for (const sink of [remuxed, muxed]) {
    const found = pictureOf(sink.bytes());
    assertEquals(found.hashes, hashes);
    assertEquals(found.count, 2);
    assertEquals(found.cover.metadata.filename, "cover.jpg");
    assertEquals(found.cover.metadata.mimetype, "image/jpeg");
    for (const format of ["mp3", "mp4", "matroska"]) {
      const back = new MemorySink();
      remuxSync(sink.bytes(), back, { format });
      assertEquals(pictureOf(back.bytes()).hashes, hashes, format);
    }
  }
});

// ------------------------------------------------------------------------------------------- properties of streams

/** What each format keeps of the same file; of each stream its id, title, language, roles and kinds of side data. */
const belongings: Record<
  string,
  { of: [string, string]; tags: string; chapters: boolean; streams: [Kept, Kept] }
> = {
  mp4: {
    of: ["H.264 AVCC", "AAC without ADTS"],
    tags: "title artist comment date",
    chapters: true,
    streams: [{ language: "ger", roles: "default", sides: 3 }, { language: "jpn", roles: "default forced" }],
  },
  mov: {
    of: ["H.264 AVCC", "AAC without ADTS"],
    tags: "title artist comment date",
    chapters: true,
    streams: [{ language: "ger", roles: "default", sides: 3 }, { language: "jpn", roles: "default" }],
  },
  matroska: {
    of: ["H.264 Annex B", "AAC with ADTS"],
    tags: "title artist comment date",
    chapters: true,
    streams: [
      { title: true, language: "ger", roles: "default", sides: is7 ? 3 : 2 },
      { title: true, language: "jpn", roles: "forced original" },
    ],
  },
  webm: {
    of: ["VP9", "Opus"],
    tags: "title artist comment date",
    chapters: true,
    streams: [
      { title: true, language: "ger", roles: "default", sides: is7 ? 3 : 2 },
      { title: true, language: "jpn", roles: "forced" },
    ],
  },
  mpegts: {
    of: ["H.264 Annex B", "AAC with ADTS"],
    tags: "",
    chapters: false,
    streams: [{ id: true }, { id: true, language: "jpn" }],
  },
  flv: {
    of: ["H.264 AVCC", "AAC without ADTS"],
    tags: "title artist comment date",
    chapters: false,
    streams: [{}, {}],
  },
  avi: {
    of: ["H.264 AVCC", "MP3"],
    tags: "title artist comment date",
    chapters: false,
    streams: [{ title: true }, { title: true }],
  },
  nut: {
    of: ["H.264 AVCC", "AAC without ADTS"],
    tags: "title artist comment date",
    chapters: true,
    streams: [
      { title: true, language: "ger", roles: "default" },
      { title: true, language: "jpn", roles: "original" },
    ],
  },
  ogg: {
    of: ["VP8", "Opus"],
    tags: "",
    chapters: true,
    streams: [{ title: true, language: "ger" }, { title: true, language: "jpn" }],
  },
};

interface Kept {
  id?: true;
  title?: true;
  language?: string;
  roles?: string;
  sides?: number;
}

/** Side data of a whole stream: turned by 90 degrees, BT.2020 up to 1000 cd/m2. */
function sideDataOfStream() {
  const matrix = new Int32Array([0, 65536, 0, -65536, 0, 0, 0, 0, 1 << 30]);
  const chromaticities = [34000, 16000, 13250, 34500, 7500, 3000, 15635, 16450].flatMap((
    value,
  ) => [value, 50000]);
  const mastering = new Int32Array([...chromaticities, 50, 10000, 10000000, 10000, 1, 1]);
  return [
    { type: "Display Matrix", data: new Uint8Array(matrix.buffer) },
    { type: "Mastering display metadata", data: new Uint8Array(mastering.buffer) },
    { type: "Content light level metadata", data: new Uint8Array(new Uint32Array([1000, 400]).buffer) },
  ];
}

for (const [format, { of: names, tags, chapters, streams: kept }] of Object.entries(belongings)) {
  Deno.test({
    name:
      `Muxer writes tags, chapters, ids, titles, languages, dispositions and side data, as far as ${format} supports them`,
    ignore: !hasFFprobe,
    fn() {
      const metadata: Record<string, string> = { title: "T", artist: "A", comment: "C", date: "2020" };
      const sink = new MemorySink();
      using muxer = Muxer.openSync(sink, {
        format,
        metadata,
        chapters: [{ id: 1, start: 0, end: 0.5, metadata: { title: "Eins" } }, {
          id: 2,
          start: 0.5,
          end: 1,
          metadata: { title: "二" },
        }],
      });
      const sides = sideDataOfStream();
      const inits = [
        {
          id: 300,
          metadata: { language: "ger", title: "Picture" },
          disposition: ["default"],
          sideData: sides,
        },
        { id: 301, metadata: { language: "jpn", title: "Sound" }, disposition: ["forced", "original"] },
      ];
      const streams = names.map((name) => made[name]!);
      for (const [i, { parameters, timeBase }] of streams.entries()) {
        muxer.addStream(parameters, { timeBase, ...inits[i]! });
      }
      for (const [i, stream] of streams.entries()) {
        for (const packet of packetsOf(stream, i)) muxer.writeSync(packet);
      }
      muxer.finishSync();
      const info = probeSync(sink.bytes());
      const theirs = withFile(sink.bytes(), ffprobeInfo) as unknown as {
        streams: { tags?: Record<string, string>; disposition: Record<string, number> }[];
        chapters: unknown[];
      };
      const lower = Object.fromEntries(
        Object.entries(info.metadata).map(([name, value]) => [name.toLowerCase(), value]),
      );
      const found = Object.keys(metadata).filter((name) => lower[name] === metadata[name]);
      assertEquals(found.join(" "), tags);
      assertEquals(
        info.chapters.map(({ start, metadata }) => [start, metadata.title]),
        chapters ? [[0, "Eins"], [0.5, "二"]] : [],
      );
      assertEquals(theirs.chapters.length, info.chapters.length);
      for (const [i, { id, title, language, roles = "", sides: count = 0 }] of kept.entries()) {
        const stream = info.streams[i]!;
        if (id) assertEquals(stream.id, inits[i]!.id);
        assertEquals(stream.metadata.title, title && inits[i]!.metadata.title);
        assertEquals(stream.metadata.language, language);
        assertEquals(stream.disposition.toSorted().join(" "), roles);
        const theirRoles = Object.entries(theirs.streams[i]!.disposition).filter(([, is]) => is === 1);
        assertEquals(theirRoles.map(([role]) => role).sort().join(" "), roles, "ffprobe");
        assertEquals(theirs.streams[i]!.tags?.language, language, "ffprobe");
        const kinds = sides.filter(({ type }) => stream.sideData.some((side) => side.type === type));
        assertEquals(kinds.length, count, stream.sideData.map(({ type }) => type).join());
        assertEquals(stream.rotation, count === 3 ? 90 : 0); // FFmpeg 5.1 has none in Matroska
      }
    },
  });
}

Deno.test({
  name: "Muxer writes sequences of pictures: JPEG and PNG, and in files",
  ignore: !hasFFprobe,
  async fn() {
    const png: Made = {
      ...made["JPEG"]!,
      parameters: { type: "video", codec: "png", width: 160, height: 90 },
      data: [fixtureBytes("image.png"), fixtureBytes("image.png")],
    };
    const jpeg = made["JPEG"]!;
    const cases: [string, Made][] = [["mjpeg", jpeg], ["image2pipe", jpeg], ["image2pipe", png]];
    for (const [format, stream] of cases) {
      const bytes = write([stream], { format });
      using demuxer = Demuxer.openSync(bytes);
      const found = [...demuxer.packetsSync()].map(({ data }) => md5(data));
      assertEquals(found, stream.data.map(md5), `${stream.parameters.codec} in ${format}`);
    }
    const files = new Map<string, MemorySink>();
    await using muxer = await Muxer.open(new MemorySink(), {
      format: "image2",
      url: "picture-%02d.jpg",
      onopen({ url }) {
        files.set(url, new MemorySink());
        return files.get(url)!;
      },
    });
    muxer.addStream(jpeg.parameters, { timeBase: jpeg.timeBase });
    for (const packet of packetsOf(jpeg, 0)) await muxer.write(packet);
    await muxer.finish();
    assertEquals([...files.keys()], ["01", "02", "03", "04"].map((number) => `picture-${number}.jpg`));
    for (const sink of files.values()) assertEquals(md5(sink.bytes()), md5(fixtureBytes("image.jpeg")));
  },
});

// ------------------------------------------------------------------------------------------- times that are missing

Deno.test({
  name: "Muxer derives missing times: dts from pts, pts from dts, both from durations",
  ignore: !hasFFprobe,
  fn() {
    for (const format of ["mp4", "matroska", "flv"]) {
      const times = (change: Partial<Record<"pts" | "dts", null>>) => {
        const { muxer, sink } = started(format, "H.264 AVCC");
        for (const packet of packetsOf(made["H.264 AVCC"]!, 0)) {
          muxer.writeSync(Object.assign(packet, change));
        }
        muxer.finishSync();
        muxer[Symbol.dispose]();
        using demuxer = Demuxer.openSync(sink.bytes());
        return [...demuxer.packetsSync()].map(({ time }) => time);
      };
      const expected = times({});
      assertEquals(expected.length, 10);
      assertEquals(times({ dts: null }), expected, format);
      assertEquals(times({ pts: null }), expected, format);
      assertEquals(times({ pts: null, dts: null }), expected, format);
    }
  },
});

Deno.test({
  name: "Muxer derives the dts of B-frames from their pts and videoDelay",
  ignore: !hasFFprobe,
  fn() {
    const { parameters, timeBase } = made["H.264 AVCC"]!;
    const order = [0, 3, 1, 2, 6, 4, 5, 9, 7, 8];
    const write = (format: string, videoDelay: number) => {
      const sink = new MemorySink();
      using muxer = Muxer.openSync(sink, { format });
      muxer.addStream({ ...parameters, videoDelay }, { timeBase });
      for (const [i, packet] of packetsOf(made["H.264 AVCC"]!, 0).entries()) {
        muxer.writeSync(Object.assign(packet, { pts: order[i]!, dts: null }));
      }
      muxer.finishSync();
      using demuxer = Demuxer.openSync(sink.bytes());
      return [...demuxer.packetsSync()];
    };
    for (const format of ["mp4", "matroska", "mpegts", "flv"]) {
      const untimed = () => {
        const sink = new MemorySink();
        using muxer = Muxer.openSync(sink, { format });
        muxer.addStream({ ...parameters, videoDelay: 2 }, { timeBase });
        const [packet] = packetsOf(made["H.264 AVCC"]!, 0);
        muxer.writeSync(Object.assign(packet!, { pts: null, dts: null }));
      };
      const words = "stream 0: a packet has neither pts nor dts";
      assertStringIncludes(assertThrows(untimed, AVError).message, words);
      const packets = write(format, 2);
      const first = packets[0]!.time!;
      const shown = packets.map(({ time }) => Math.round((time! - first) * 10));
      assertEquals(shown, order, format);
      assertStringIncludes(assertThrows(() => write(format, 0), AVError).message, "stream 0");
      if (format === "matroska") continue; // has no dts
      const decoded = packets.flatMap(({ dts }) => dts === null ? [] : [dts]);
      assertEquals(decoded, decoded.toSorted((a, b) => a - b), format);
    }
  },
});

Deno.test({
  name: "Muxer.writeSync() of times that stay at 0 or decrease: the error names the stream and both values",
  ignore: !hasFFprobe,
  fn() {
    for (const format of ["mp4", "matroska", "mpegts", "flv", "avi", "ogg", "wav"]) {
      const name = { ogg: "Opus", wav: "PCM little" }[format] ?? "H.264 AVCC";
      const { muxer } = started(format, name);
      using _ = muxer;
      const [first, second] = packetsOf(made[name]!, 0);
      second!.pts = second!.dts = -made[name]!.step;
      const { message } = assertThrows(() => {
        muxer.writeSync(first!);
        muxer.writeSync(second!);
        muxer.flushSync();
      }, AVError);
      assertStringIncludes(message, "in stream 0: 0 >= -", format);
    }
  },
});

Deno.test({
  name:
    "Muxer.writeSync() of a time that exceeds the format's range: the error names the stream and the time",
  ignore: !hasFFprobe,
  fn() {
    for (const format of ["mp4", "mpegts"]) {
      const { muxer } = started(format, "AAC without ADTS");
      using _ = muxer;
      const [packet] = packetsOf(made["AAC without ADTS"]!, 0);
      packet!.pts = packet!.dts = 2 ** 53 - 1;
      packet!.timeBase = { num: 1, den: 1 };
      const { message } = assertThrows(() => muxer.writeSync(packet!), RangeError);
      for (const part of ["stream 0", String(2 ** 53 - 1), "1/1 s"]) assertStringIncludes(message, part);
    }
  },
});
