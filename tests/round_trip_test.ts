/**
 * Round trips: every file into every output format that can hold any of it, and back into its own format. Packets,
 * times, tags, chapters, dispositions and side data are compared; what a format can't keep is in a table of differences
 * by name, and an unneeded name fails.
 */
import { assert, assertEquals, assertInstanceOf } from "@std/assert";
import {
  AVError,
  Demuxer,
  MemorySink,
  Muxer,
  Packet,
  remux,
  type RemuxResult,
  remuxSync,
  type Stream,
} from "@avio/avio";
import { fixtureBytes, mediaFixtures, otherFixtures, realPath } from "./support/fixtures.ts";
import { concatBytes, essence } from "./support/essence.ts";
import { md5 } from "./support/packets.ts";
import { isEmbedded, libavformat } from "./support/versions.ts";

// ------------------------------------------------------------------------------------------- what can differ

/** What a round trip can change, of a stream or of the file. */
type Fact =
  | "unreadable"
  | "stream"
  | "framing"
  | "cutting"
  | "padding"
  | "data"
  | "start"
  | "pts"
  | "dts"
  | "no pts"
  | "no dts"
  | "more pts"
  | "more dts"
  | "duration"
  | "key"
  | "packet side data"
  | "stream side data"
  | "disposition"
  | "language"
  | "extradata"
  | "parameters"
  | "title"
  | "chapters";

/** A change that was found: what, and of which codec ("" of the file). */
interface Change {
  fact: Fact;
  codec: string;
  detail: string;
}

/** A change that a format causes. */
interface Difference {
  /** What the format does. */
  name: string;
  /** The formats that do it. */
  formats: string[];
  facts: Fact[];
  /** Only to streams of these codecs. */
  codecs?: string[];
  /** Only in libavformats from this one on, only in those before. */
  since?: number;
  before?: number;
  /** A patch of the embedded build mends it. */
  mended?: true;
  /** Only a real file shows it, which may not be there. */
  real?: true;
  /** Only a file of this name shows it. */
  files?: string[];
}

const MOV = ["mp4", "mov", "ipod", "3gp", "3g2"];
const RAW = ["h264", "m4v", "mjpeg", "image2pipe", "ivf", "adts", "mp3", "srt"];
const WITHOUT_ROLES = [
  "flv",
  "avi",
  "asf",
  "mpegts",
  "mpeg",
  "wtv",
  "wav",
  "w64",
  "adts",
  "h264",
  "m4v",
  "mjpeg",
  "srt",
];

/** The formats that files are sent through. */
const formats = [
  ...MOV,
  "matroska",
  "webm",
  "mpegts",
  "mpeg",
  "flv",
  "avi",
  "ogg",
  "oga",
  "opus",
  "wav",
  "w64",
]
  .concat(["flac", "nut", "asf", "caf", "aiff", "au", "wtv"], RAW);

const differences: Difference[] = [
  // Timestamps.
  {
    name: "mkv, nut, flv, avi, asf, ts, ps, wtv: no time below 0; all of it begins later instead",
    formats: ["matroska", "webm", "nut", "flv", "avi", "asf", "mpegts", "mpeg", "wtv"],
    facts: ["start"],
  },
  {
    name: "raw: times are counted from 0, or there are none",
    formats: [...RAW, "wav", "w64"],
    facts: ["start", "no pts", "no dts", "pts", "dts"],
  },
  {
    name: "matroska, nut, wtv: no dts, so that the first ones with B-frames are unknown",
    formats: ["matroska", "nut", "wtv"],
    facts: ["no dts"],
    codecs: ["h264"],
  },
  {
    name: "a dts that the input does not state is made",
    formats: [...MOV, "flv", "avi", "asf", "mpegts", "mpeg", "matroska"],
    facts: ["more dts", "dts"],
    codecs: ["h264"],
    files: ["video.mkv", "subtitles.mkv"],
  },
  {
    name: "avi, asf: no pts, decoding order only",
    formats: ["avi", "asf"],
    facts: ["no pts", "pts", "dts"],
    codecs: ["h264"],
  },
  { name: "mp4 and its like: an edit list counts milliseconds", formats: MOV, facts: ["start"], before: 63 },
  {
    name: "an output begins with 0 where its source begins later",
    formats: MOV,
    facts: ["start"],
    files: ["video.ts", "video.flv", "audio.mp3", "cover.mp3", "sample.mp3"],
    since: 63,
  },
  {
    name: "ogg: begins with 0",
    formats: ["ogg", "oga", "opus"],
    facts: ["start"],
    codecs: ["opus"],
    before: 63, // which puts the skipped samples before 0
  },
  {
    name: "mpegts: frames of audio in a PES packet follow each other without gaps",
    formats: ["mpegts"],
    facts: ["pts", "dts"],
    codecs: ["aac"],
    files: ["fragmented.mp4"],
  },
  {
    name: "mpegts: of the frames of Opus in a PES packet only the first has a time",
    formats: ["mpegts"],
    facts: ["no pts", "no dts", "pts", "dts"],
    codecs: ["opus"],
    since: 61,
    before: 63,
    mended: true,
  },
  {
    name: "avi, adts, mp3: packets follow each other without gaps",
    formats: ["avi", "adts", "mp3"],
    facts: ["pts", "dts", "start"],
    codecs: ["aac", "mp3", "vorbis"],
  },
  { name: "avi: times are numbers of frames", formats: ["avi"], facts: ["pts", "dts", "duration"] },
  {
    name: "asf, wtv: flac is not parsed, so that its times go by the bytes",
    formats: ["asf", "wtv"],
    facts: ["pts", "dts"],
    codecs: ["flac"],
    mended: true,
  },
  {
    name: "mpeg: a time for each pack, not for each frame",
    formats: ["mpeg"],
    facts: ["no pts", "no dts", "pts", "dts"],
  },
  {
    name: "a duration that the format does not write is that of a whole frame, or unknown",
    formats: ["matroska", "webm", "nut", "flv", "asf", "mpegts", "caf", "wtv", "ivf", "adts", "mp3", "mpeg"],
    facts: ["duration"],
  },
  {
    name: "mov: a packet lasts until the next begins",
    formats: MOV,
    facts: ["duration"],
    codecs: ["aac", "mp3"],
    before: 63,
  },
  // Data.
  {
    name: "ts, ps, avi, wtv, raw: H.264 with start codes",
    formats: ["mpegts", "mpeg", "avi", "wtv", "h264"],
    facts: ["framing", "extradata"],
    codecs: ["h264"],
  },
  {
    name: "mp4 and its like, mkv, flv: H.264 with lengths, AAC without headers",
    formats: [...MOV, "matroska", "flv"],
    facts: ["framing", "extradata"],
    files: ["video.ts"],
  },
  {
    name: "mpegts: the header of Opus is made up again",
    formats: ["mpegts"],
    facts: ["extradata"],
    codecs: ["opus"],
  },
  {
    name: "wtv: which frames of PNG are key frames is not stated",
    formats: ["wtv"],
    facts: ["key"],
    codecs: ["png"],
  },
  {
    name: "ts, adts: AAC with a header for each frame, and no extradata",
    formats: ["mpegts", "adts"],
    facts: ["framing", "extradata"],
    codecs: ["aac"],
  },
  {
    name: "mp4 and its like, wav, aiff, caf, avi: samples and frames without boundaries are cut anew",
    formats: [...MOV, "wav", "w64", "aiff", "caf", "avi", "au"],
    facts: ["cutting"],
  },
  { name: "w64: data is filled up to 8 bytes", formats: ["w64"], facts: ["padding"], mended: true },
  {
    name: "avi, asf, wav, wtv: mp3 gets a WAVEFORMATEX",
    formats: ["avi", "asf", "wav", "w64", "wtv"],
    facts: ["extradata"],
    codecs: ["mp3"],
  },
  {
    name: "mp4, ts, ps, caf, raw: the WAVEFORMATEX of mp3 is left out",
    formats: ["mp4", "mpegts", "mpeg", "caf", "mp3"],
    facts: ["extradata"],
    codecs: ["mp3"],
  },
  // Streams.
  {
    name: "only the mov family and Matroska have roles: default",
    formats: [...MOV, ...WITHOUT_ROLES],
    facts: ["disposition"],
  },
  {
    name: "elsewhere a cover is a stream of one frame that has a time",
    formats: ["matroska", "nut", "avi", "asf", "mjpeg", "image2pipe", "wtv"],
    facts: ["disposition", "more pts", "more dts"],
    codecs: ["mjpeg"],
  },
  {
    name: "no languages, or by other codes",
    formats: ["mov", "avi", "asf", "flv", "wav", "w64", "wtv", "srt", "adts"],
    facts: ["language"],
  },
  {
    name: "samples to skip are lost, or an edit list, or stated in another way",
    formats: [...formats],
    facts: ["packet side data"],
  },
  {
    name: "flv, ivf, wtv: no shape of pixels; flv: no size without a decoder",
    formats: ["flv", "ivf", "wtv"],
    facts: ["parameters", "extradata"],
    codecs: ["vp9"],
  },
  // The file.
  { name: "no title", formats: ["3gp", "3g2", "mpegts", "mpeg", "w64", ...RAW], facts: ["title"] },
  {
    name: "no chapters",
    formats: ["flv", "avi", "wav", "w64", "mpegts", "mpeg", "wtv", ...RAW],
    facts: ["chapters"],
  },
  {
    name: "3gp, asf: the last chapter ends with the file",
    formats: ["3gp", "3g2", "asf"],
    facts: ["chapters"],
  },
];

const used = new Set<Difference>();

/** Whether it is one of the libavformat that is tested. */
function isOurs({ since = 0, before = Infinity, mended }: Difference): boolean {
  return since <= libavformat && libavformat < before && !(mended && isEmbedded);
}

/** The difference that explains a change, undefined if there is none. */
function explanation(change: Change, format: string, file: string): Difference | undefined {
  return differences.find((difference) =>
    isOurs(difference) &&
    difference.formats.includes(format) &&
    difference.facts.includes(change.fact) &&
    (difference.codecs?.includes(change.codec) ?? true) &&
    (difference.files?.includes(file) ?? true)
  );
}

// ------------------------------------------------------------------------------------------- what is compared

/** All of a file. */
interface Content {
  streams: readonly Stream[];
  packets: Packet[];
  title: string | undefined;
  chapters: string;
}

function contentOf(bytes: Uint8Array): Content {
  using demuxer = Demuxer.openSync(bytes);
  const packets = [...demuxer.packetsSync()];
  const { streams, metadata } = demuxer;
  const title = [metadata, ...streams.map((stream) => stream.metadata)]
    .map((tags) => tags.title ?? tags.TITLE).find((value) => value !== undefined);
  const chapters = demuxer.chapters.map(({ start, end, metadata }) =>
    `${Math.round(start * 100)}-${Math.round(end * 100)} ${metadata.title}`
  );
  return { streams, packets, title, chapters: chapters.join() };
}

/** Null where FFmpeg can't read what it wrote. */
function readable(bytes: Uint8Array): Content | null {
  try {
    return contentOf(bytes);
  } catch (error) {
    assertInstanceOf(error, AVError);
    return null;
  }
}

function secondsOf({ timeBase: { num, den } }: { timeBase: { num: number; den: number } }): number {
  return num / den;
}

/** The stream of `content` that a kept stream has become. */
function counterparts(kept: readonly Stream[], content: Content): (Stream | undefined)[] {
  const free = [...content.streams];
  return kept.map(({ type }) => {
    const at = free.findIndex((stream) => stream.type === type);
    return at < 0 ? undefined : free.splice(at, 1)[0];
  });
}

/** Changes of the kept streams and of the file's properties. */
function changes(before: Content, after: Content, kept: readonly Stream[], coarsest = 0): Change[] {
  const found: Change[] = [];
  const mates = counterparts(kept, after);
  for (const [i, stream] of kept.entries()) {
    const mate = mates[i];
    const note = (fact: Fact, detail: unknown = "") =>
      void found.push({ fact, codec: stream.codecParameters.codec, detail: String(detail) });
    const of = (content: Content, index: number) =>
      content.packets.filter(({ streamIndex }) => streamIndex === index);
    if (!mate) {
      if (of(before, stream.index).length > 0) note("stream");
      continue;
    }
    compareStreams(stream, mate, note);
    comparePackets(of(before, stream.index), of(after, mate.index), { stream, mate, coarsest }, note);
  }
  if (before.title !== after.title) {
    found.push({ fact: "title", codec: "", detail: `${before.title} -> ${after.title}` });
  }
  if (before.chapters !== after.chapters) {
    found.push({ fact: "chapters", codec: "", detail: `${before.chapters} -> ${after.chapters}` });
  }
  return found;
}

/** The same of what may be unreadable. */
function changesTo(after: Content | null, before: Content, kept: readonly Stream[], coarsest = 0): Change[] {
  if (after) return changes(before, after, kept, coarsest);
  return [{ fact: "unreadable", codec: kept[0]!.codecParameters.codec, detail: "" }];
}

type Note = (fact: Fact, detail?: unknown) => void;

/** Compares streams, except for fields that the container determines (bit rate, tag, profile, bits per sample). */
function compareStreams(before: Stream, after: Stream, note: Note): void {
  const shape = ({ codecParameters: of }: Stream) => {
    const { codec, width, height, sampleRate, channels, sampleAspectRatio: { num, den } } = of;
    const aspect = num && Math.abs(num / den - 1) > 0.01 ? (num / den).toFixed(1) : "1";
    return `${codec} ${width}x${height} ${aspect} ${sampleRate} ${channels}`;
  };
  const language = ({ metadata }: Stream) => metadata.language ?? "und";
  const sides = ({ sideData }: Stream) =>
    sideData.map(({ type, data }) => `${type}:${md5(data)}`).sort().join();
  const roles = ({ disposition }: Stream) => [...disposition].sort().join();
  const extradata = ({ codecParameters: { extradata } }: Stream) => extradata ? md5(extradata) : "";
  const pairs: [Fact, (stream: Stream) => string][] = [
    ["parameters", shape],
    ["language", language],
    ["stream side data", sides],
    ["disposition", roles],
    ["extradata", extradata],
  ];
  for (const [fact, of] of pairs) {
    if (of(before) !== of(after)) note(fact, `${of(before)} -> ${of(after)}`);
  }
}

function comparePackets(
  before: Packet[],
  after: Packet[],
  { stream: from, mate: to, coarsest }: { stream: Stream; mate: Stream; coarsest: number },
  note: Note,
): void {
  const hash = (packet: Packet) => md5(packet.data);
  const same = before.length === after.length;
  if (!same || before.some((packet, i) => hash(packet) !== hash(after[i]!))) {
    const { codec } = from.codecParameters;
    const [a, b] = [before, after].map((packets) => packets.map(({ data }) => essence(codec, data))) as [
      Uint8Array[],
      Uint8Array[],
    ];
    if (same && a.every((data, i) => md5(data) === md5(b[i]!))) note("framing");
    else {
      const [whole, cut] = [concatBytes(a), concatBytes(b)];
      const length = Math.min(whole.length, cut.length);
      if (md5(whole) === md5(cut)) note("cutting", `${before.length} -> ${after.length}`);
      else if (md5(whole.subarray(0, length)) === md5(cut.subarray(0, length)) && cut.length > length) {
        note("padding", `${whole.length} -> ${cut.length}`);
      } else {note(
          "data",
          `${before.length} -> ${after.length} packets, ${whole.length} -> ${cut.length} bytes`,
        );}
      return;
    }
  }
  const precision = Math.max(secondsOf(from), secondsOf(to), coarsest) * 1.01;
  const start = compareTimes(before, after, precision, note);
  if (Math.abs(start) > precision) note("start", start);
  const longer = before.map((packet, i) =>
    Math.abs(packet.duration * secondsOf(packet) - after[i]!.duration * secondsOf(after[i]!))
  );
  if (longer.some((difference) => difference > precision)) note("duration", Math.max(...longer));
  if (before.some((packet, i) => packet.isKey !== after[i]!.isKey)) note("key");
  const sides = ({ sideData }: Packet) => sideData.map(({ type, data }) => type + md5(data)).sort().join();
  const changed = before.findIndex((packet, i) => sides(packet) !== sides(after[i]!));
  if (changed >= 0) {
    const names = (packets: Packet[]) => [...new Set(packets.flatMap((p) => p.sideData.map((s) => s.type)))];
    note("packet side data", `${names(before)} -> ${names(after)}`);
  }
}

/** Compares pts and dts, allowing the same shift for all; returns the shift. */
function compareTimes(before: Packet[], after: Packet[], precision: number, note: Note): number {
  let shift: number | null = null;
  for (const field of ["pts", "dts"] as const) {
    const moved: number[] = [];
    const lost = before.filter((packet, i) => packet[field] !== null && after[i]![field] === null).length;
    const made = before.filter((packet, i) => packet[field] === null && after[i]![field] !== null).length;
    if (lost > 0) note(`no ${field}`, lost);
    if (made > 0) note(`more ${field}`, made);
    for (const [i, packet] of before.entries()) {
      const [a, b] = [packet[field], after[i]![field]];
      if (a !== null && b !== null) moved.push(b * secondsOf(after[i]!) - a * secondsOf(packet));
    }
    if (moved.length === 0) continue;
    const [least, most] = [Math.min(...moved), Math.max(...moved)];
    if (most - least > 2 * precision) note(field, `${least} to ${most}`);
    else if (shift !== null && Math.abs(least - shift) > 2 * precision) note(field, `${shift}, ${least}`);
    shift ??= least;
  }
  return shift ?? 0;
}

// ------------------------------------------------------------------------------------------- the files

/** A file, and the format that its way back leads to. */
interface Input {
  name: string;
  bytes: Uint8Array<ArrayBuffer>;
}

const BACK: Record<string, string> = {
  mp4: "mp4",
  mkv: "matroska",
  webm: "webm",
  ts: "mpegts",
  flv: "flv",
  avi: "avi",
  ogg: "ogg",
  mp3: "mp3",
  wav: "wav",
  flac: "flac",
  jpeg: "mjpeg",
  png: "image2pipe",
  au: "au",
};

/** Big-endian samples, which no file of fixtures/ has. */
function samples(): Uint8Array<ArrayBuffer> {
  const sink = new MemorySink();
  using muxer = Muxer.openSync(sink, { format: "au", metadata: { title: "avio test" } });
  const timeBase = { num: 1, den: 8000 };
  muxer.addStream({ type: "audio", codec: "pcm_s16be", sampleRate: 8000, channels: 2 }, { timeBase });
  for (let pts = 0; pts < 8000; pts += 1024) {
    const data = Uint8Array.from({ length: 4096 }, (_, i) => (i * 7 + pts) % 251);
    muxer.writeSync(
      new Packet({ streamIndex: 0, data, pts, dts: pts, duration: 1024, timeBase, isKey: true }),
    );
  }
  muxer.finishSync();
  return sink.bytes().slice();
}

function inputs(): Input[] {
  const own = [...mediaFixtures, ...otherFixtures].map((name) => ({ name, bytes: fixtureBytes(name) }));
  const real = ["sample.mp4", "sample.webm", "sample.mp3", "sample.jpeg", "bbb_chapters.mp4"]
    .map((name) => ({ name, path: realPath(name) })).filter(({ path }) => path !== "")
    .map(({ name, path }) => ({ name, bytes: Deno.readFileSync(path) }));
  return [...own, ...real, { name: "samples.au", bytes: samples() }];
}

/** The output of a remux, null if the format can hold nothing of it. */
function through(bytes: Uint8Array, format: string): { bytes: Uint8Array; result: RemuxResult } | null {
  const sink = new MemorySink();
  try {
    const result = remuxSync(bytes, sink, { format, options: { fflags: "+bitexact" } });
    return { bytes: sink.bytes().slice(), result };
  } catch (error) {
    if (isRefusal(error)) return null;
    throw new Error(`to ${format}: ${(error as Error).message}`, { cause: error });
  }
}

/** Whether an error says that the format can't hold the streams. */
function isRefusal(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  return error instanceof TypeError && error.message.includes("left to write") ||
    error.message.startsWith("Cannot write header");
}

/** The changes that no difference explains. */
function check(found: Change[], way: string[], file: string): string[] {
  const unexplained: string[] = [];
  for (const change of found) {
    const known = way.map((format) => explanation(change, format, file)).find((found) => found);
    if (known) used.add(known);
    else unexplained.push(`${way.join(" and back to ")}: ${change.codec} ${change.fact} ${change.detail}`);
  }
  return unexplained;
}

for (const { name, bytes } of inputs()) {
  Deno.test(`remuxSync() keeps ${name}, through every format and back`, () => {
    const before = contentOf(bytes);
    const back = BACK[name.split(".").at(-1)!]!;
    const problems: string[] = [];
    let ways = 0;
    for (const format of formats) {
      const there = through(bytes, format);
      if (!there) continue;
      ways++;
      const kept = before.streams.filter(({ index }) => !there.result.skippedStreams.includes(index));
      const after = readable(there.bytes);
      problems.push(...check(changesTo(after, before, kept), [format], name));
      if (!after) continue;
      const again = through(there.bytes, back);
      if (!again) continue;
      const left = counterparts(kept, after);
      const returned = kept.filter((_, i) =>
        left[i] && !again.result.skippedStreams.includes(left[i]!.index)
      );
      const coarsest = Math.max(...after.streams.map(secondsOf));
      const found = changesTo(readable(again.bytes), before, returned, coarsest);
      problems.push(...check(found, [format, back], name));
    }
    assert(ways >= 3, `${ways} formats`);
    assertEquals(problems, []);
  });
}

Deno.test("remux() writes the same bytes as remuxSync(), also from a source that can't seek", async () => {
  for (
    const [name, format] of [["video.mp4", "matroska"], ["video.mkv", "mp4"], ["video.ts", "avi"]] as const
  ) {
    const expected = through(fixtureBytes(name), format)!;
    const sink = new MemorySink();
    const stream = name === "video.mp4" ? fixtureBytes(name) : new Blob([fixtureBytes(name)]).stream();
    const result = await remux(stream, sink, { format, options: { fflags: "+bitexact" } });
    assertEquals(result.packets, expected.result.packets, name);
    const [a, b] = [contentOf(expected.bytes), contentOf(sink.bytes())];
    assertEquals(changes(a, b, a.streams), [], name);
  }
});

Deno.test("The table of differences has no unneeded name", () => {
  const stale = differences.filter((difference) =>
    !used.has(difference) && isOurs(difference) &&
    (realPath("sample.webm") !== "" || !difference.real)
  );
  assertEquals(stale.map(({ name }) => name), []);
  assertEquals(new Set(differences.map(({ name }) => name)).size, differences.length);
});
