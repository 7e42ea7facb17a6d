/**
 * Muxing from nothing: streams and packets that the program makes, each codec in every format that holds it, read back by
 * Demuxer and by ffprobe; what belongs to a stream and to the file; and the errors of what can't be written.
 */
import {
  assert,
  assertAlmostEquals,
  assertEquals,
  assertInstanceOf,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import { AVError, Demuxer, MemorySink, Muxer, type MuxerOptions, probeSync } from "@avio/avio";
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
  "H.264 Annex B": ["mp4", "mov", "mpegts", "flv", "avi"],
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

/** What is not the same as what was written, by name. */
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
  ...(is9
    ? [{
      name: "FLAC and Opus in flv begin with a packet of nothing",
      formats: ["flv"],
      made: ["FLAC", "Opus"],
      what: "cutting" as const,
    }]
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

/** Packets by the Demuxer are what was written, and what ffprobe finds. */
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
    name: `Muxer writes ${name} of nothing into every format that holds it, and refuses the others`,
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
  name: "The table of differences of what is muxed from nothing has no name that nothing needs",
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
  name: "Muxer writes tags, chapters, roles, languages, an attachment and side data of nothing into Matroska",
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
  name: "Muxer writes a cover of nothing into mp4, mp3 and flac",
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
  name: "Muxer.writeSync() of a dts that does not grow names the stream and both values",
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
  name: "Muxer moves times that begin below 0 where the format has none, all streams by the same",
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
  name: "Muxer tells what is missing: extradata, a pixel format, a codec that the format holds",
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
    fails("flac", without("FLAC"), /INVALIDDATA/, "Cannot write header");
    fails("ogg", without("Opus"), /INVALIDDATA/, "No extradata present");
    fails("mp4", without("Opus"), /INVALIDDATA/, "invalid extradata size");
    fails("matroska", made["H.264 Annex B"]!, /INVALIDDATA/, "Cannot write header");
    fails("matroska", without("AAC without ADTS"), /EINVAL/, "Error parsing AAC extradata");
    fails("mpegts", without("H.264 AVCC"), /INVALIDDATA/, "no startcode found");
    fails("webm", made["H.264 AVCC"]!, /EINVAL/, "Only VP8 or VP9 or AV1");
    fails("flv", made["GIF"]!, /./, "Cannot write header");
    fails("mp4", made["SubRip"]!, /EINVAL/, "Could not find tag for codec subrip");
    fails("mp3", made["VP9"]!, /EINVAL/, "mp3");
    const { parameters: { pixelFormat: _, ...parameters }, ...rest } = made["VP9"]!;
    fails("mp4", { ...rest, parameters } as Made, /EINVAL/, "pixelFormat");
  },
});

Deno.test({
  name: "Muxer makes up the times that are missing: dts of pts, pts of dts, both of the durations",
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
      assertEquals(times({ pts: null, dts: null }).length, 10, format);
    }
  },
});
