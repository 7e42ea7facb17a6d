/**
 * probe() compared with ffprobe, for every format and with every build: differences of newer libavformats from 5.1 are
 * listed by name.
 */
import { assertEquals, assertThrows } from "@std/assert";
import {
  AVError,
  Demuxer,
  type DemuxerOptions,
  IOContext,
  keyFrames,
  type MediaInfo,
  MemorySink,
  probe,
  probeSync,
  type Rational,
  remux,
  remuxSync,
} from "@avio/avio";
import { soon } from "./support/async.ts";
import { readerOf } from "./support/devices.ts";
import { ffprobeInfo, hasFFprobe, type Probed, type ProbedStream } from "./support/ffprobe.ts";
import { fixtureBytes, fixturePath, mediaFixtures, otherFixtures, realPath } from "./support/fixtures.ts";
import { differing, libavformat } from "./support/versions.ts";

type Row = Record<string, unknown>;
type InfoStream = MediaInfo["streams"][number];

const seconds = (value: unknown) => value === null || value === undefined ? null : Number(value).toFixed(6);
const rational = ({ num, den }: Rational, sign = "/") => `${num}${sign}${den}`;
const known = (value: unknown) => value === undefined || value === "unknown" ? null : value;

/** ffprobe divides by what numerator and denominator have in common, and leaves out an unknown ratio. */
function reduced({ num, den }: Rational): string | null {
  const common = (a: number, b: number): number => b === 0 ? a : common(b, a % b);
  const divisor = common(num, den);
  return num === 0 ? null : rational({ num: num / divisor, den: den / divisor }, ":");
}

/** A stream as avio describes it, in ffprobe's words. */
function rowOfStream(stream: InfoStream): Row {
  const { codecParameters: codec, metadata } = stream;
  return {
    index: stream.index,
    codec_name: codec.codec,
    codec_type: stream.type,
    tag: codec.tag,
    extradata_size: codec.extradata?.length ?? 0,
    width: codec.width,
    height: codec.height,
    pix_fmt: codec.pixelFormat,
    sample_aspect_ratio: reduced(codec.sampleAspectRatio),
    color_range: codec.colorRange,
    color_space: codec.colorSpace,
    color_transfer: codec.colorTransfer,
    color_primaries: codec.colorPrimaries,
    chroma_location: codec.chromaLocation,
    field_order: codec.fieldOrder,
    sample_fmt: codec.sampleFormat,
    sample_rate: codec.sampleRate,
    channels: codec.channels,
    channel_layout: codec.channelLayout,
    bit_rate: codec.bitRate,
    time_base: rational(stream.timeBase),
    avg_frame_rate: rational(stream.averageFrameRate),
    r_frame_rate: rational(stream.realFrameRate),
    profile: codec.profileName,
    bits_per_sample: codec.bitsPerSample,
    bits_per_raw_sample: codec.bitsPerRawSample,
    has_b_frames: codec.videoDelay,
    level: codec.level,
    start_pts: stream.startPts,
    duration_ts: stream.durationTs,
    start_time: seconds(stream.startTime),
    duration: seconds(stream.duration),
    nb_frames: stream.frames,
    disposition: [...stream.disposition].sort(),
    tags: metadata,
  };
}

/** FF_LEVEL_UNKNOWN, in JSON. */
const UNKNOWN_LEVEL = -99;

/** A stream as ffprobe describes it, with what it leaves out. */
function rowOfProbed(stream: ProbedStream): Row {
  return {
    index: stream.index,
    codec_name: stream.codec_name ?? "none",
    codec_type: stream.codec_type,
    tag: stream.codec_tag === "0x0000" ? "" : stream.codec_tag_string,
    extradata_size: stream.extradata_size ?? 0,
    width: stream.width ?? 0,
    height: stream.height ?? 0,
    pix_fmt: known(stream.pix_fmt),
    sample_aspect_ratio: stream.sample_aspect_ratio ?? null,
    color_range: known(stream.color_range),
    color_space: known(stream.color_space),
    color_transfer: known(stream.color_transfer),
    color_primaries: known(stream.color_primaries),
    chroma_location: known(stream.chroma_location),
    field_order: known(stream.field_order),
    sample_fmt: known(stream.sample_fmt),
    sample_rate: Number(stream.sample_rate ?? 0),
    channels: stream.channels ?? 0,
    channel_layout: known(stream.channel_layout),
    bit_rate: Number(stream.bit_rate ?? 0),
    time_base: stream.time_base,
    avg_frame_rate: stream.avg_frame_rate,
    r_frame_rate: stream.r_frame_rate,
    profile: known(stream.profile),
    bits_per_sample: Number(stream.bits_per_sample ?? 0),
    bits_per_raw_sample: Number(stream.bits_per_raw_sample ?? 0),
    has_b_frames: stream.has_b_frames ?? 0,
    level: stream.level === UNKNOWN_LEVEL ? null : stream.level ?? null,
    start_pts: stream.start_pts ?? null,
    duration_ts: stream.duration_ts ?? null,
    start_time: seconds(stream.start_time),
    duration: seconds(stream.duration),
    nb_frames: Number(stream.nb_frames ?? 0),
    disposition: Object.entries(stream.disposition).filter(([, on]) => on).map(([name]) => name).sort(),
    tags: stream.tags ?? {},
  };
}

function containerOf(info: MediaInfo): Row {
  return {
    format_name: info.format.name,
    format_long_name: info.format.longName,
    duration: seconds(info.duration),
    start_time: seconds(info.startTime),
    bit_rate: info.bitRate,
    size: info.size,
    probe_score: info.probeScore,
    tags: info.metadata,
    chapters: info.chapters.map((
      { id, start, end, timeBase, metadata },
    ) => [id, seconds(start), seconds(end), rational(timeBase!), metadata]),
  };
}

function containerOfProbed({ format, chapters }: Probed): Row {
  return {
    format_name: format.format_name,
    format_long_name: format.format_long_name,
    duration: seconds(format.duration),
    start_time: seconds(format.start_time),
    bit_rate: format.bit_rate === undefined ? null : Number(format.bit_rate),
    size: Number(format.size),
    probe_score: format.probe_score,
    tags: format.tags ?? {},
    chapters: chapters.map(({ id, start_time, end_time, time_base, tags }) => [
      id,
      seconds(start_time),
      seconds(end_time),
      time_base,
      tags ?? {},
    ]),
  };
}

/** A row without these fields, these tags. */
function without({ tags, ...row }: Row, names: string[]): Row {
  const left = (of: Row) => Object.fromEntries(Object.entries(of).filter(([name]) => !names.includes(name)));
  return { ...left(row), tags: left(tags as Row) };
}

/** An option that ffprobe sets by itself. */
function optionsFor(name: string): DemuxerOptions {
  return name.endsWith(".ts") ? { options: { scan_all_pmts: true } } : {};
}

function check(name: string, path: string): void {
  const probed = ffprobeInfo(path);
  const info = probeSync(path, optionsFor(name));
  const exempt = differing(name, "files");
  for (const [i, stream] of probed.streams.entries()) {
    if (stream.id !== undefined) assertEquals(info.streams[i]!.id, Number(stream.id));
    assertEquals(
      without(rowOfStream(info.streams[i]!), exempt),
      without(rowOfProbed(stream), exempt),
      `${name}, stream ${i}`,
    );
  }
  assertEquals(info.streams.length, probed.streams.length);
  assertEquals(without(containerOf(info), exempt), without(containerOfProbed(probed), exempt));
}

for (const name of [...mediaFixtures, ...otherFixtures]) {
  Deno.test({
    name: `probeSync() describes ${name} as ffprobe does`,
    ignore: !hasFFprobe,
    fn: () => check(name, fixturePath(name)),
  });
}

for (const name of ["sample.mp4", "sample.webm", "sample.mp3", "sample.jpeg", "bbb_chapters.mp4"]) {
  const path = realPath(name);
  Deno.test({
    name: `probeSync() describes the real file ${name} as ffprobe does`,
    ignore: !hasFFprobe || path === "",
    fn: () => check(name, path),
  });
}

Deno.test("probeSync() returns the same for bytes, for callbacks and as an open Demuxer", () => {
  for (const name of mediaFixtures) {
    const info = probeSync(fixturePath(name));
    assertEquals(probeSync(fixtureBytes(name)), info, name);
    assertEquals(probeSync(readerOf(fixtureBytes(name))), info, name);
    using demuxer = Demuxer.openSync(fixtureBytes(name));
    for (
      const field of [
        "format",
        "duration",
        "startTime",
        "bitRate",
        "probeScore",
        "metadata",
        "chapters",
        "programs",
      ] as const
    ) {
      assertEquals<unknown>(demuxer[field], info[field], `${name}, ${field}`);
    }
    assertEquals(demuxer.streams.length, info.streams.length);
  }
});

Deno.test("probeSync() returns title, languages, chapters, dispositions and attachments of subtitles.mkv", () => {
  const info = probeSync(fixturePath("subtitles.mkv"));
  assertEquals(info.metadata.title, "avio test");
  assertEquals(info.streams.map(({ type }) => type), ["video", "audio", "subtitle", "attachment"]);
  assertEquals(info.streams.map(({ metadata }) => metadata.language ?? null), [null, "deu", "eng", null]);
  assertEquals(info.streams[2]!.disposition, ["forced"]);
  assertEquals(info.streams[3]!.metadata, { filename: "note.txt", mimetype: "text/plain" });
  assertEquals(new TextDecoder().decode(info.streams[3]!.codecParameters.extradata!), "Not a font.\n");
  assertEquals(info.chapters.map(({ start, end, metadata }) => [start, end, metadata.title]), [
    [0, 1.2, "One"],
    [1.2, 3, "Two"],
  ]);
});

Deno.test("probeSync() refuses files that are not media", () => {
  for (const bytes of [new Uint8Array(0), new Uint8Array(100), new Uint8Array(5000).fill(65)]) {
    assertThrows(() => probeSync(bytes), AVError, "Cannot open input");
  }
});

Deno.test("Fragmented mp4 from a source that can't seek: its duration is null or the file's, never that of the part that was read", async () => {
  const bytes = fixtureBytes("fragmented.mp4");
  const stream = (source: Uint8Array<ArrayBuffer>) => new Response(source).body!;
  const { duration, streams } = await probe(stream(bytes));
  assertEquals([duration, ...streams.map((each) => each.duration)], [null, null, null]);
  let started: number | null | undefined;
  await remux(stream(bytes), new MemorySink(), {
    format: "matroska",
    onstart: (info) => void (started = info.duration),
  });
  assertEquals(started, null);
  const said = new MemorySink();
  const movflags = "frag_keyframe+empty_moov+default_base_moof+global_sidx";
  remuxSync(bytes, said, { format: "mp4", options: { movflags } });
  const { duration: length } = await probe(stream(said.bytes().slice()));
  const whole = probeSync(said.bytes()).duration;
  assertEquals(length, libavformat < 60 ? null : whole); // 5.1 does not read it there
  assertEquals((await probe(stream(fixtureBytes("video.mp4")))).duration, 3);
});

Deno.test("probe() and keyFrames() do not wait for a source that stalls behind what they need", async () => {
  const mp3 = fixtureBytes("cover.mp3");
  const bytes = new Uint8Array([mp3, mp3, mp3, mp3].flatMap((part) => [...part]));
  for (let stall = 30_000; stall < 100_000; stall += 10_000) {
    const stalling = () => {
      let position = 0;
      return (buffer: Uint8Array) => {
        if (position > stall) return new Promise<number>(() => {});
        const chunk = bytes.subarray(position, position + buffer.length);
        buffer.set(chunk);
        position += chunk.length;
        return chunk.length;
      };
    };
    assertEquals((await soon(probe({ onread: stalling() }))).covers.length, 1);
    const io = new IOContext(4096, { onread: stalling() });
    assertEquals((await soon(probe(io))).covers.length, 1);
    await soon(keyFrames({ onread: stalling() }, { end: 0.1 }));
  }
});
