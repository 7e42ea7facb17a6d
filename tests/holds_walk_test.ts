/**
 * What the program sets is in the output, or a warning says that it isn't: every format that avio can write and read, each
 * tag of the file, of its streams and chapters, and each disposition, alone and with each other one.
 */
import { assertEquals, assertGreater } from "@std/assert";
import {
  Demuxer,
  type Disposition,
  fromMap,
  type MapFile,
  type MediaInfo,
  MemorySink,
  Muxer,
  outputFormats,
  probeSync,
  type RemuxOptions,
  type RemuxResult,
  remuxSync,
  type StreamParameters,
  tagsOf,
  type Warning,
} from "@avio/avio";
import { fixturePath } from "./support/fixtures.ts";
import { isEmbedded, libavformat } from "./support/versions.ts";

/** Formats whose output is no media. */
const NO_MEDIA = /crc|hash|md5|null|mkvtimestamp/;
const formats = outputFormats().map(({ name }) => name.split(",")[0]!).filter((name) => !NO_MEDIA.test(name));

function tried<T>(call: () => T): T | undefined {
  try {
    return call();
  } catch {
    return undefined;
  }
}

interface Written {
  info: MediaInfo;
  result: RemuxResult;
  /** All files, as text. */
  text: string;
}

const decoder = new TextDecoder();

/** A fixture in this format, read again. */
function written(name: string, format: string, options: RemuxOptions = {}): Written {
  const sink = new MemorySink(), files = new Map<string, MapFile>();
  const nested = { url: "x", onopen: fromMap(files) };
  const result = remuxSync(fixturePath(name), sink, { ...options, format, ...nested });
  const all = [sink, ...files.values()].map((file) => decoder.decode((file as MemorySink).bytes()));
  return { info: probeSync(sink.bytes(), nested), result, text: all.join("\n") };
}

const SOURCES = [
  "subtitles.mkv",
  "video.ts",
  "video.webm",
  "audio.mp3",
  "audio.flac",
  "audio.wav",
  "image.jpeg",
];

/** Two fixtures that a format can hold, with all streams that it got. */
const sourcesOf = new Map(formats.map((format) => {
  const fitting = SOURCES.values().filter((name) => {
    const output = tried(() => written(name, format));
    return output && output.info.streams.length >= output.result.streams.length;
  });
  return [format, [...fitting.take(2)]];
}));

/** The names in warnings that begin so. */
function namesIn({ warnings }: { readonly warnings: readonly Warning[] }, words: RegExp): string[] {
  return warnings.filter(({ message }) => words.test(message)).flatMap(({ message }) =>
    message.split("can't hold them: ")[1]!.split(", ")
  );
}

/** A warning names no more. */
const TEN = 10;

/** Parts of a record that a warning has room for. */
const inTens = (record: Record<string, string>): Record<string, string>[] =>
  Object.entries(Object.groupBy(Object.entries(record), (_, index) => Math.floor(index / TEN))).map((
    [, entries],
  ) => Object.fromEntries(entries!));

// ------------------------------------------------------------------------------------------- tags

const OF_FILES: Record<string, string> = {
  title: "a title",
  artist: "an artist",
  album: "an album",
  album_artist: "several",
  composer: "a composer",
  performer: "a performer",
  date: "2024",
  genre: "Jazz",
  comment: "a comment",
  copyright: "nobody",
  publisher: "a publisher",
  lyrics: "la la",
  description: "a description",
  keywords: "some words",
  language: "a language",
  encoded_by: "a coder",
  custom: "something",
  creation_time: "2024-01-02T03:04:05.000000Z",
  location: "+10.0000+020.0000/",
  make: "a maker",
  model: "a model",
  grouping: "a group",
  synopsis: "a synopsis",
  show: "a show",
  author: "an author", // of which some have one with the artist
  track: "3/12",
  disc: "1/2",
  encoding_tool: "a tool",
  duration: "a duration",
};

/** FFmpeg before version 9. */
const isOld = libavformat < 63;

/**
 * What the files have, and FFmpeg does not read: the title of a PSP's film, and of the service in segments, the program that
 * wrote a Matroska; before version 9 times of ASF and 3gp, which are numbers.
 */
const UNREAD = new Set([
  ...["psp title", "hls title", "matroska encoding_tool", "webm encoding_tool"],
  ...isOld ? ["asf creation_time"] : [],
  ...isEmbedded ? [] : ["3gp date", "3g2 date"],
]);

const recordsOf = ({ info }: Written) =>
  [info, ...info.streams, ...info.programs].flatMap(({ metadata }) => Object.values(metadata));

/** Whether the text is there; other versions of FFmpeg read less. */
const isThere = (output: Written, value: string) =>
  recordsOf(output).includes(value) || Object.values(output.info.tags).includes(value as never) ||
  (isOld && output.text.includes(value));

Deno.test("Each tag of the file that is set can be read again, or a warning names it: every format", () => {
  const walked: string[] = [], faults: string[] = [];
  for (const format of formats) {
    for (const source of sourcesOf.get(format)!) {
      walked.push(format);
      for (const metadata of inTens(OF_FILES)) {
        const output = written(source, format, { metadata });
        const named = namesIn(output.result, /^tags are left out/);
        for (const [name, value] of Object.entries(metadata)) {
          const isStored = isThere(output, value) || UNREAD.has(`${format} ${name}`);
          if (isStored === named.includes(name)) faults.push(`${format} of ${source}: ${name}, ${isStored}`);
        }
      }
    }
  }
  assertEquals(faults, []);
  assertGreater(new Set(walked).size, 45);
});

const OF_STREAMS: Record<string, string> = {
  title: "a title",
  language: "fra",
  comment: "a comment",
  handler_name: "a handler",
  artist: "an artist",
  custom: "something",
  creation_time: "2024-01-02T03:04:05.000000Z",
  timecode: "01:02:03:04",
  reel_name: "a reel",
  vendor_id: "abcd",
  duration: "a duration",
  encoding_tool: "a tool",
  stereo_mode: "left_right",
  role: "dub",
};

/**
 * What the files have, and FFmpeg does not read: the language of pictures in DASH, and what `role` is in its description; before
 * version 9 the language of sound in HLS.
 */
const UNREAD_OF_STREAMS = isEmbedded
  ? /^dash (video language|\w+ role)$/
  : /^(dash (video language|\w+ role)|hls audio language)$/;

Deno.test("Each tag of a stream that is set can be read again, or a warning names it: every format", () => {
  const walked: string[] = [], faults: string[] = [];
  for (const format of formats) {
    for (const source of sourcesOf.get(format)!) {
      const plain = written(source, format);
      const types = probeSync(fixturePath(source)).streams.map(({ type }) => type);
      const indexes = plain.result.streams.map(({ inputIndex }) => inputIndex);
      for (const index of indexes) {
        const at = plain.info.streams.findIndex(({ type }) => type === types[index]);
        if (at < 0) continue;
        walked.push(`${format} ${types[index]}`);
        for (const metadata of inTens(OF_STREAMS)) {
          const streams = indexes.map((other) => other === index ? { index, metadata } : other);
          const output = written(source, format, { streams });
          const named = namesIn(output.result, /stream \d+: tags are left out/);
          for (const [name, value] of Object.entries(metadata)) {
            const what = `${format} ${types[index]} ${name}`;
            const isStored = isInStream(output, at, name, value) || UNREAD_OF_STREAMS.test(what);
            if (isStored === named.includes(name)) faults.push(`${what} of ${source}, ${isStored}`);
          }
        }
      }
    }
  }
  assertEquals(faults, []);
  assertGreater(new Set(walked).size, 60);
});

function isInStream(output: Written, at: number, name: string, value: string): boolean {
  const { metadata, sideData } = output.info.streams[at]!;
  if (name === "timecode") return recordsOf(output).includes(value); // a track of its own, or the file's
  if (name === "reel_name") return recordsOf(output).includes(value);
  if (name === "title" && tagsOf({ metadata }).title === value) return true;
  if (name === "stereo_mode" && sideData.some(({ type }) => type === "Stereo 3D")) return true;
  const known = name === "language" ? [value, "fre"] : [value];
  const isFound = Object.values(metadata).some((found) => known.includes(found));
  return isFound || (isOld && name === "title" && output.text.includes(value));
}

// ------------------------------------------------------------------------------------------- chapters

Deno.test("Titles and other tags of chapters that are set can be read again, or a warning says so: every format", () => {
  const chapters = [{ id: 1, start: 0, end: 1, metadata: { title: "a chapter", artist: "a singer" } }];
  const faults: string[] = [];
  for (const format of formats) {
    for (const source of sourcesOf.get(format)!) {
      const { info, result } = written(source, format, { chapters });
      const found = Object.values(info.chapters[0]?.metadata ?? {});
      const isLeftOut = result.warnings.some(({ message }) => /^the chapters are left out/.test(message));
      const named = namesIn(result, /^tags of chapters are left out/);
      const states = [found.includes("a chapter"), found.includes("a singer")];
      const expected = [!isLeftOut, !isLeftOut && !named.includes("artist")];
      if (states.join() !== expected.join()) faults.push(`${format} of ${source}: ${states}`);
    }
  }
  assertEquals(faults, []);
});

// ------------------------------------------------------------------------------------------- dispositions

const ROLES: readonly Disposition[] = [
  "default",
  "dub",
  "original",
  "comment",
  "lyrics",
  "karaoke",
  "forced",
  "hearing_impaired",
  "visual_impaired",
  "clean_effects",
  "captions",
  "descriptions",
  "dependent",
  "still_image",
  "metadata",
  "timed_thumbnails",
];

const text = (words: string) => new TextEncoder().encode(words);

const ASS = "[Script Info]\nScriptType: v4.00+\n\n[V4+ Styles]\nFormat: Name\nStyle: D\n\n[Events]\n" +
  "Format: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text\n";

/** Streams of all types. */
const STREAMS: readonly StreamParameters[] = [
  { type: "video", codec: "mpeg2video", width: 64, height: 64 },
  { type: "video", codec: "vp8", width: 64, height: 64 },
  { type: "audio", codec: "mp2", sampleRate: 48000, channels: 2 },
  { type: "audio", codec: "pcm_alaw", sampleRate: 8000, channels: 1 },
  {
    type: "audio",
    codec: "opus",
    sampleRate: 48000,
    channels: 2,
    extradata: new Uint8Array([...text("OpusHead"), 1, 2, 56, 1, 128, 187, 0, 0, 0, 0, 0]),
  },
  { type: "subtitle", codec: "webvtt" },
  { type: "subtitle", codec: "subrip" },
  { type: "subtitle", codec: "mov_text" },
  { type: "subtitle", codec: "ass", extradata: text(ASS) },
  { type: "subtitle", codec: "dvb_subtitle", extradata: new Uint8Array([0, 1, 0, 1]) },
  { type: "subtitle", codec: "dvb_subtitle", extradata: new Uint8Array([0, 1, 0, 1, 0x10]) },
  { type: "subtitle", codec: "dvb_subtitle", extradata: new Uint8Array([0, 1, 0, 1, 0x20]) },
  { type: "subtitle", codec: "dvb_teletext" },
];

/** What a file of one stream with these roles has, and which of them a warning names. */
function rolesIn(format: string, parameters: StreamParameters, disposition: Disposition[]) {
  const sink = new MemorySink();
  const nested = { url: "x", onopen: fromMap(new Map()) };
  using muxer = Muxer.openSync(sink, { format, ...nested });
  const timeBase = { num: 1, den: 1000 };
  muxer.addStream(parameters, { timeBase, disposition });
  for (const pts of [0, 1000, 2000]) {
    muxer.writeSync({
      streamIndex: 0,
      data: text("hello"),
      pts,
      dts: pts,
      duration: 900,
      timeBase,
      isKey: true,
    });
  }
  muxer.finishSync();
  const found: readonly string[] = probeSync(sink.bytes(), nested).streams[0]?.disposition ?? [];
  return { found, named: namesIn(muxer, /dispositions are left out/) };
}

Deno.test("Each disposition that is set, and each pair, can be read again, or a warning names it: every format", () => {
  const walked: string[] = [], faults: string[] = [];
  for (const format of formats) {
    for (const parameters of STREAMS) {
      if (!tried(() => rolesIn(format, parameters, []))) continue;
      walked.push(format);
      const isStored = (...roles: Disposition[]) => {
        const { found, named } = rolesIn(format, parameters, roles);
        const wrong = roles.filter((role) => found.includes(role) === named.includes(role));
        if (wrong.length > 0) faults.push(`${format} ${parameters.codec} ${roles}: ${wrong}`);
        return roles.every((role) => found.includes(role));
      };
      const stored = ROLES.filter((role) => isStored(role));
      for (const [index, role] of stored.entries()) {
        for (const other of stored.slice(index + 1)) isStored(role, other);
      }
      isStored(...ROLES.slice(0, TEN));
      isStored(...ROLES.slice(-TEN));
    }
  }
  assertEquals(faults, []);
  assertGreater(new Set(walked).size, 25);
});

Deno.test("That another stream than the first is the default one is reported where it is lost, not that the first is", () => {
  const sink = new MemorySink();
  const streams = [{ index: 1, disposition: [] }, { index: 1, disposition: ["default" as const] }];
  {
    using demuxer = Demuxer.openSync(fixturePath("video.mp4"));
    using muxer = Muxer.openSync(sink, { format: "matroska" });
    const sound = demuxer.streams[1]!;
    for (const { disposition } of streams) muxer.addStream(sound, { disposition });
    for (const packet of demuxer.packetsSync()) {
      if (packet.streamIndex !== 1) continue;
      for (const streamIndex of [0, 1]) muxer.writeSync(Object.assign(packet, { streamIndex }));
    }
    muxer.finishSync();
  }
  const keep = (format: string) =>
    remuxSync(sink.bytes(), new MemorySink(), {
      format,
      streams: ({ disposition }) => ({ disposition: [...disposition] }),
    }).warnings.map(({ message }) => message);
  for (const format of ["mpegts", "avi", "asf", "hls"]) {
    const files = { url: "x", onopen: fromMap(new Map()) };
    const options = format === "hls" ? files : {};
    const { warnings } = remuxSync(sink.bytes(), new MemorySink(), {
      format,
      ...options,
      streams: ({ disposition }) => ({ disposition: [...disposition] }),
    });
    assertEquals(warnings.map(({ message }) => message), [
      `stream 1: dispositions are left out, ${format} can't hold them: default`,
    ]);
  }
  assertEquals(keep("matroska"), []);
  assertEquals(keep("mov"), []);
});
