/**
 * The command line's `split`, `concat`, `extract`, `merge` and `formats NAME`, the further flags of `remux`, and `probe
 * --json` compared with the ffprobe command.
 */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { attachmentName, safeName } from "../cli/attachment_name.ts";
import { progressText, stalledText } from "../cli/progress.ts";
import { MemorySink, Muxer, Packet, probeSync } from "../mod.ts";
import { avio, type Outcome, packetSizes, shell, temporaryFolder } from "./support/cli.ts";
import { hasFFprobe } from "./support/ffprobe.ts";
import { dolbyVision, hdr, places, withSideData } from "./support/side_data.ts";
import { fixtureBytes, fixturePath, mediaFixtures, otherFixtures } from "./support/fixtures.ts";
import { differing, isEmbedded } from "./support/versions.ts";

const video = fixturePath("video.mp4");
const subtitles = fixturePath("subtitles.mkv");
const avi = fixturePath("video.avi");

function assertDone(outcome: Outcome): Outcome {
  assertEquals(outcome.code, 0, outcome.stderr);
  return outcome;
}

type Failing = [args: string[], code: 1 | 2, message: string];

/** Two at a time: a process each, and the machine has other work. */
async function assertAllFail(
  cases: readonly Failing[],
): Promise<void> {
  for (let i = 0; i < cases.length; i += 2) {
    await Promise.all(
      cases.slice(i, i + 2).map(async ([args, code, message]) => {
        const outcome = await avio(...args);
        assertStringIncludes(outcome.stderr, message);
        assertEquals([outcome.code, outcome.stdout], [code, ""], outcome.stderr);
        assertEquals(outcome.stderr.trimEnd().split("\n").length, code, outcome.stderr);
      }),
    );
  }
}

function filesOf(folder: string): string[] {
  return [...Deno.readDirSync(folder)].map(({ name }) => name).sort();
}

// ------------------------------------------------------------------------------------------- formats NAME

Deno.test("cli: formats NAME describes a format and its options, within 80 columns", async () => {
  const [mp4, written, mpegts, all, wav] = await Promise.all([
    avio("formats", "mp4"),
    avio("formats", "MP4", "--outputs"),
    avio("formats", "mpegts"),
    avio("formats", "mpegts", "--inputs", "--all"),
    avio("formats", "wav"),
  ]);
  for (const { code, stdout, stderr } of [mp4, written, mpegts, all, wav]) {
    assertEquals([code, stderr], [0, ""]);
    for (const line of stdout.split("\n")) {
      assert(line.length <= 80 && !line.endsWith(" "), `wide, or with blanks behind: ${line}`);
    }
  }
  assertMatch(mp4.stdout, /^Read \(demuxer\): QuickTime \/ MOV\n {2}name {8}mov,mp4,m4a,3gp,3g2,mj2\n/);
  assertMatch(mp4.stdout, /^Written \(muxer\): MP4 \(MPEG-4 Part 14\)\n {2}name {8}mp4\n/m);
  assertStringIncludes(mp4.stdout, "  MIME types  video/mp4\n");
  assertMatch(mp4.stdout, /^ {4}movflags \(flags, default 0\)$/m);
  assertMatch(mp4.stdout, /^ {10}faststart +Run a second pass to put the index/m);
  assertMatch(mp4.stdout, /^ {4}use_editlist \(boolean, default auto\)$/m);
  assert(!written.stdout.includes("demuxer"));
  assert(!mpegts.stdout.includes("analyzeduration"));
  assertStringIncludes(all.stdout, "  Options of all demuxers\n");
  assertStringIncludes(all.stdout, "    analyzeduration (");
});

Deno.test("cli: formats NAME --json has both directions and their options", async () => {
  const { stdout } = assertDone(await avio("formats", "mp4", "--json"));
  const { name, input, output } = JSON.parse(stdout);
  assertEquals([name, input.name, output.name], ["mp4", "mov,mp4,m4a,3gp,3g2,mj2", "mp4"]);
  const movflags = output.options.find(({ name }: { name: string }) => name === "movflags");
  assertEquals(movflags.type, "flags");
  assert(movflags.constants.some(({ name }: { name: string }) => name === "faststart"));
  assert(output.options.every(({ generic }: { generic: boolean }) => !generic));
  const { input: none } = JSON.parse((await avio("formats", "mp4", "--json", "--outputs")).stdout);
  assertEquals(none, null);
});

Deno.test("cli: formats NAME with an unknown name is an error", async () => {
  await assertAllFail([
    [["formats", "nope"], 2, "Unknown format 'nope'; avio formats lists them"],
    [["formats", "null", "--inputs"], 2, "Unknown input format 'null'"],
    [["formats", ""], 2, "NAME is empty"],
    [["formats", "--all"], 2, "--all needs the NAME of a format"],
  ]);
});

// ------------------------------------------------------------------------------------------- split, concat

Deno.test(
  "cli: split writes segments, concat joins them again",
  { ignore: !hasFFprobe },
  async () => {
    using folder = temporaryFolder();
    const split = assertDone(await avio("split", video, folder.path("part%03d.mp4"), "--every", "1"));
    assertMatch(split.stderr, /part000\.mp4 and following, 3 segments: 206 packets, .* in [\d.]+ s\n$/);
    const names = ["part000.mp4", "part001.mp4", "part002.mp4"];
    assertEquals(filesOf(folder.path(".")), names);
    for (const name of names) assert(probeSync(folder.path(name)).startTime! < 0.1, "times go on");
    const whole = folder.path("whole.mkv");
    assertDone(await avio("concat", ...names.map(folder.path), whole, "-q"));
    assertEquals(packetSizes(whole), packetSizes(video));
  },
);

Deno.test("cli: split takes a format, its options, and which streams to keep", async () => {
  using folder = temporaryFolder();
  const pattern = folder.path("100%%-%d.seg");
  const flags = ["--every", "0:01", "-f", "mp4", "-o", "movflags=frag_keyframe+empty_moov"];
  assertDone(await avio("split", video, pattern, ...flags, "--only", "video", "--keep-times", "-q"));
  assertEquals(filesOf(folder.path(".")), ["100%-0.seg", "100%-1.seg", "100%-2.seg"]);
  const bytes = Deno.readFileSync(folder.path("100%-1.seg"));
  assertStringIncludes(new TextDecoder("latin1").decode(bytes), "moof");
  const { streams } = probeSync(bytes);
  assertEquals(streams.map(({ type }) => type), ["video"]);
});

Deno.test(
  "cli: concat to stdout writes fragments",
  { ignore: !hasFFprobe },
  async () => {
    using folder = temporaryFolder();
    const out = folder.path("twice.mp4");
    assertDone(await shell(`avio concat "$1" "$1" - -q -f mp4 > "$2"`, video, out));
    const [pictures, sound] = packetSizes(video).map(({ length }) => length);
    assertEquals(packetSizes(out).map(({ length }) => length), [2 * pictures!, 2 * sound! - 1]);
  },
);

Deno.test("cli: errors of split and concat", async () => {
  using folder = temporaryFolder();
  const copy = folder.path("0.mp4"), out = folder.path("o%d.mp4");
  Deno.copyFileSync(video, copy);
  await assertAllFail([
    [["split", video, out], 2, "One of --every, --at, --count and --size is missing"],
    [["split", video, out, "--every", "0"], 2, "--every: must be more than 0"],
    [["split", video, out, "--every", "x"], 2, "--every: must be seconds or h:mm:ss(.mmm), is 'x'"],
    [["split", video, copy, "--every", "1"], 2, "OUT: must be a file name with one %d or %03d"],
    [["split", video, folder.path("%d%d.mp4"), "--every", "1"], 2, "OUT: must be a file name with one %d"],
    [["split", video, folder.path("%d%s.mp4"), "--every", "1"], 2, "OUT: must be a file name with one %d"],
    [["split", video, folder.path("%d.nope"), "--every", "1"], 2, "No output format has the extension of"],
    [["split", video, out, "--every", "1", "-o", "nope=1"], 2, "-o nope: mp4 has no such option"],
    [["split", copy, folder.path("%d.mp4"), "--every", "1"], 1, "it is the input, which it would overwrite"],
    [["split", video, folder.path("none/%d.mp4"), "--every", "1"], 1, "Cannot open output: No such file"],
    [["concat", video], 2, "OUT is missing"],
    [["concat", video, video, folder.path("a.mkv"), "--start", "7"], 1, "--start: must be before the end of"],
    [["concat", video, avi, folder.path("a.mkv")], 1, `${avi}: stream 0 has another codec than in ${video}`],
    [["concat", video, "", out], 2, "IN is empty"],
    [["concat", video, "-", folder.path("a.mkv")], 2, "stdin can't be one of several inputs"],
    [["concat", video, copy, copy], 1, "it is the input, which it would overwrite"],
    [["concat", video, folder.path("none"), folder.path("b.mkv")], 1, "No such file"],
  ]);
  assertEquals(Deno.readFileSync(copy), fixtureBytes("video.mp4"));
  // The codec of a later IN is known only after OUT was begun, which is kept if it can be read: FFmpeg 5.1 wrote only its header.
  assertEquals(filesOf(folder.path(".")), isEmbedded ? ["0.mp4", "a.mkv"] : ["0.mp4"]);
});

Deno.test("cli: concat has flags for cuts, the order of streams and options of the inputs", async () => {
  using folder = temporaryFolder();
  const out = folder.path("a.mkv"), raw = folder.path("raw.bin"), wav = folder.path("a.wav");
  assertDone(await avio("concat", video, video, out, "--start", "4", "--end", "5", "--streams", "1,0"));
  const { duration, streams } = probeSync(out);
  assertEquals(streams.map(({ type }) => type), ["audio", "video"]);
  assert(Math.abs(duration! - 1) < 0.05, `${duration}`);
  Deno.writeFileSync(raw, new Uint8Array(16000));
  assertDone(await avio("concat", raw, raw, wav, "--input-format", "s16le", "-i", "sample_rate=8000"));
  assertEquals(probeSync(wav).duration, 2);
});

// ------------------------------------------------------------------------------------------- extract

Deno.test(
  "cli: extract --stream writes a stream in the format of the file name",
  { ignore: !hasFFprobe },
  async () => {
    using folder = temporaryFolder();
    const extract = async (file: string, stream: number, name: string, ...flags: string[]) => {
      const out = folder.path(name);
      assertDone(await avio("extract", file, out, "--stream", String(stream), "-q", ...flags));
      return out;
    };
    const [h264, aac, srt, mka, raw] = await Promise.all([
      extract(video, 0, "v.h264"),
      extract(video, 1, "a.aac"),
      extract(subtitles, 2, "s.srt"),
      extract(subtitles, 1, "a.mka"),
      extract(video, 1, "a.bin", "-f", "data"),
    ]);
    assertEquals(Deno.readFileSync(h264).slice(0, 4), new Uint8Array([0, 0, 0, 1]));
    assertEquals(packetSizes(h264)[0]!.length, packetSizes(video)[0]!.length);
    assertEquals(packetSizes(aac)[0]!.length, packetSizes(video)[1]!.length);
    assertStringIncludes(Deno.readTextFileSync(srt), "1\n00:00:00,523 --> 00:00:01,523\nFirst words\n");
    assertEquals(packetSizes(mka)[0], packetSizes(subtitles)[1]);
    assertEquals(Deno.statSync(raw).size, packetSizes(video)[1]!.reduce((sum, size) => sum + size));
  },
);

Deno.test("cli: extract copies attachments and covers byte for byte", async () => {
  using folder = temporaryFolder();
  const cover = folder.path("cover.jpg"), all = folder.path("all");
  const [picture, text, first] = await Promise.all([
    avio("extract", fixturePath("cover.mp3"), cover, "--cover"),
    avio("extract", subtitles, "-", "--attachment", "3"),
    avio("extract", subtitles, all, "--all"),
  ]);
  assertMatch(assertDone(picture).stderr, /cover\.jpg: 2\.44 kB\n$/);
  const jpeg = Deno.readFileSync(cover);
  assertEquals([jpeg.slice(0, 3), jpeg.slice(-2)], [
    new Uint8Array([255, 216, 255]),
    new Uint8Array([255, 217]),
  ]);
  assertStringIncludes(fixtureBytes("cover.mp3").toHex(), jpeg.toHex());
  assertEquals([text.code, text.stdout, text.stderr], [0, "Not a font.\n", "stdout: 12 bytes\n"]);
  assertDone(first);
  assertDone(await avio("extract", fixturePath("cover.mp3"), all, "--all", "-q"));
  assertEquals(filesOf(all), ["cover-1.jpg", "note.txt"]);
  await assertAllFail([[["extract", subtitles, all, "--all"], 1, "Cannot open output: File exists"]]);
});

/** A Matroska file with attachments of these names. */
function withAttachments(...names: string[]): Uint8Array {
  const sink = new MemorySink();
  const muxer = Muxer.openSync(sink, { format: "matroska" });
  const timeBase = { num: 1, den: 1000 };
  muxer.addStream({ type: "audio", codec: "pcm_s16le", sampleRate: 8000, channels: 1 }, { timeBase });
  for (const filename of names) {
    const extradata = new TextEncoder().encode(`bytes of ${filename}`);
    const metadata = { filename, mimetype: "application/octet-stream" };
    muxer.addStream({ type: "attachment", codec: "none", extradata }, { metadata });
  }
  const data = new Uint8Array(160);
  muxer.writeSync(new Packet({ streamIndex: 0, data, pts: 0, dts: 0, duration: 10, timeBase, isKey: true }));
  muxer.finishSync();
  return sink.bytes();
}

Deno.test("cli: extract --all writes nothing outside its folder, whatever the attachments' names are", async () => {
  using folder = temporaryFolder();
  const file = folder.path("evil.mkv"), inner = folder.path("inner");
  const names = [
    "../../up.txt",
    "/etc/cron.d/x",
    "..",
    "C:\\Windows\\a.dll",
    "same.ttf",
    "SAME.ttf",
    "link",
    "con.txt",
  ];
  Deno.writeFileSync(file, withAttachments(...names));
  const first = assertDone(await avio("extract", file, inner, "--all"));
  const expected = ["up.txt", "x", "attachment-3.bin", "a.dll", "same.ttf", "SAME-6.ttf", "link", "_con.txt"];
  assertEquals(filesOf(inner), [...expected].sort());
  assertEquals(filesOf(folder.path(".")), ["evil.mkv", "inner"]);
  assertEquals(Deno.readTextFileSync(`${inner}/up.txt`), "bytes of ../../up.txt");
  assertEquals(first.stderr.trimEnd().split("\n").length, names.length);
  // A link that was there before is not followed.
  const linked = folder.path("linked"), precious = folder.path("precious");
  Deno.mkdirSync(linked);
  Deno.symlinkSync(precious, `${linked}/link`);
  assertEquals((await avio("extract", file, linked, "--all", "-q")).code, 1);
  assertEquals(filesOf(folder.path(".")), ["evil.mkv", "inner", "linked"]);
});

Deno.test("cli: extract leaves no half of a cover where there is no room for all of it", async () => {
  using folder = temporaryFolder();
  // A shell that limits the size of files, and a signal that would end the program, which is ignored: the write fails.
  const script = `trap "" XFSZ; ulimit -f 1; avio extract "$1" "$2" --cover`;
  const out = folder.path("cover.jpeg");
  const { code, stderr } = await shell(script, fixturePath("cover.mp3"), out);
  assertEquals([code, stderr], [1, `avio: Cannot write output: File too large: ${out}\n`]);
  assertEquals([...Deno.readDirSync(folder.path("."))], []);
});

Deno.test("cli: file names for attachments are valid", () => {
  const cases: [string, string][] = [
    ["DejaVu Sans.ttf", "DejaVu Sans.ttf"],
    ["schöne Schrift.otf", "schöne Schrift.otf"],
    ["a/b\\c.ttf", "c.ttf"],
    ["a/..", ""],
    ["...", ""],
    [".bashrc", "bashrc"],
    ["a.txt. .", "a.txt"],
    ["a\0b\x1b[2J\u202egnp.exe", "a_b_[2J_gnp.exe"],
    ["NUL", "_NUL"],
    ["lpt1.txt", "_lpt1.txt"],
    ["a:b?.txt", "a_b_.txt"],
    ["\ud800.txt", "\ufffd.txt"],
    ["x".repeat(300) + ".ttf", "x".repeat(196) + ".ttf"],
    ["é".repeat(300), "é".repeat(100)],
    ["a." + "x".repeat(300), "a." + "x".repeat(38)],
  ];
  for (const [name, expected] of cases) assertEquals(safeName(name), expected, name);
  const [stream] = probeSync(subtitles).streams.slice(3) as [Parameters<typeof attachmentName>[0]];
  const taken = new Set<string>();
  const names = [1, 2, 3].map(() => attachmentName(stream, taken));
  assertEquals(names, ["note.txt", "note-3.txt", "note-4.txt"]);
});

Deno.test("cli: errors of extract", async () => {
  using folder = temporaryFolder();
  const out = folder.path("o.aac"), copy = folder.path("copy.mkv");
  Deno.copyFileSync(subtitles, copy);
  await assertAllFail([
    [["extract", video, out], 2, "Give one of --stream N, --attachment N, --cover and --all"],
    [["extract", video, out, "--cover", "--stream", "1"], 2, "Give one of --stream N"],
    [["extract", subtitles, "-", "--all"], 2, "--all: OUT must be a folder"],
    [["extract", video, out, "--stream", "x"], 2, "--stream: must be a whole number of at least 0, is 'x'"],
    [["extract", video, out, "--cover", "-f", "mp4"], 2, "-f and -o need --stream"],
    [["extract", video, folder.path("o.nope"), "--stream", "1"], 2, "No output format has the extension of"],
    [["extract", video, out, "--stream", "7"], 1, "There is no stream 7: the input has streams 0 to 1"],
    [["extract", video, out, "--attachment", "7"], 1, "There is no stream 7: the input has streams 0 to 1"],
    [["extract", video, out, "--attachment", "1"], 1, "Stream 1 is not an attachment but audio"],
    [["extract", video, out, "--cover"], 1, "The input has no cover"],
    [["extract", video, out, "--all"], 1, "The input has no attachments and no cover"],
    [["extract", copy, copy, "--attachment", "3"], 1, "it is the input, which it would overwrite"],
    [
      ["extract", subtitles, folder.path("no/a.txt"), "--attachment", "3"],
      1,
      "Cannot open output: No such file",
    ],
  ]);
  assertEquals(filesOf(folder.path(".")), ["copy.mkv"]);
});

// ------------------------------------------------------------------------------------------- remux

interface Found {
  metadata: Record<string, string>;
  chapters: unknown[];
  streams: {
    type: string;
    disposition: string[];
    metadata: Record<string, string>;
    codecParameters: { level: number; codec: string; tag: string };
    id: number;
  }[];
}

/** probe() of what `avio remux IN OUT flags` wrote. */
async function remuxed(input: string, out: string, ...flags: string[]): Promise<Found> {
  assertDone(await avio("remux", input, out, "-q", ...flags));
  return probeSync(out) as unknown as Found;
}

Deno.test("cli: remux has flags for tags, chapters, streams by number and bitstream filters", async () => {
  using folder = temporaryFolder();
  const [tagged, bare, chosen, both, filtered, one] = await Promise.all([
    remuxed(video, folder.path("a.mp4"), "--metadata", "title=New = one", "--metadata", "artist=Me"),
    remuxed(subtitles, folder.path("b.mkv"), "--no-chapters"),
    remuxed(subtitles, folder.path("c.mkv"), "--streams", "0,2"),
    remuxed(subtitles, folder.path("d.mkv"), "--streams", "2", "--only", "audio"),
    remuxed(video, folder.path("e.mp4"), "--filter", "video=h264_metadata=level=4.1"),
    remuxed(video, folder.path("f.mp4"), "--filter", "0=h264_metadata=level=3"),
  ]);
  assertEquals([tagged.metadata["title"], tagged.metadata["artist"]], ["New = one", "Me"]);
  assertEquals([bare.chapters.length, probeSync(subtitles).chapters.length], [0, 2]);
  assertEquals(chosen.streams.map(({ type }) => type), ["video", "subtitle"]);
  assertEquals(both.streams.map(({ type }) => type), ["subtitle", "audio"]);
  assertEquals([filtered, one].map(({ streams }) => streams[0]!.codecParameters.level), [41, 30]);
});

Deno.test("cli: remux changes streams and removes tags", async () => {
  using folder = temporaryFolder();
  const language = ["--stream-metadata", "audio:language=fra", "--stream-metadata", "2:language="];
  const title = [
    "--stream-metadata",
    "1:title=a:b=c",
    "--disposition",
    "1=default+dub",
    "--disposition",
    "0=",
  ];
  const [edited, bare, less, tagged, numbered] = await Promise.all([
    remuxed(subtitles, folder.path("a.mkv"), ...language, ...title),
    remuxed(subtitles, folder.path("b.mkv"), "--no-metadata", "--metadata", "album=x", "--no-coalesce"),
    remuxed(subtitles, folder.path("c.mkv"), "--metadata", "TITLE=", "--max-open-size", "10000000"),
    remuxed(video, folder.path("d.mp4"), "--codec-tag", "video=avc3", "--streams", "1,0"),
    remuxed(video, folder.path("e.ts"), "--stream-id", "0=0x200", "--stream-id", "1=300"),
  ]);
  const [pictures, sound, text, attached] = edited.streams;
  assertEquals(attached!.type, "attachment", "what is not changed is kept");
  assertEquals([sound!.metadata["language"], sound!.metadata["title"]], ["fra", "a:b=c"]);
  assertEquals([sound!.disposition, pictures!.disposition], [["default", "dub"], []]);
  assertEquals(text!.metadata["language"], undefined);
  assertEquals([bare.metadata["title"], bare.metadata["ALBUM"]], [undefined, "x"]);
  assertEquals([less.metadata["title"], less.metadata["ARTIST"]], [undefined, "nobody"]);
  assertEquals(tagged.streams.map(({ codecParameters: { tag } }) => tag), ["mp4a", "avc3"]);
  assertEquals(numbered.streams.map(({ id }) => id), [0x200, 300]);
});

Deno.test("cli: remux shows its speed and remaining time", () => {
  const progress = { packets: 1, bytesRead: 1, bytesWritten: 12_300_000, time: 42, elapsed: 1.2 };
  const known = { ...progress, duration: 100, rate: 35, remaining: 1.66 };
  assertEquals(progressText(known), " 42 %  0:00:42 of 0:01:40  12.3 MB  35x  0:00:02 left");
  const unknown = { ...progress, duration: null, rate: 3.5, remaining: null };
  assertEquals(progressText(unknown), "0:00:42  12.3 MB  3.5x");
});

Deno.test("cli: remux shows how long it has been waiting for the input", () => {
  const progress = { packets: 1, bytesRead: 1, bytesWritten: 12_300_000, time: 42, elapsed: 1.2 };
  const known = { ...progress, duration: 100, rate: 35, remaining: 1.66 };
  assertEquals(stalledText(known, 5.2), " 42 %  0:00:42 of 0:01:40  12.3 MB  waiting for the input, 5 s");
  assertEquals(
    stalledText({ ...known, time: 100 }, 5),
    "100 %  0:01:40 of 0:01:40  12.3 MB  finishing the output, 5 s",
  );
  assertEquals(stalledText(null, 3), "waiting for the input, 3 s");
});

Deno.test("cli: remux has flags for the options of the input", async () => {
  using folder = temporaryFolder();
  const raw = folder.path("raw.bin"), wav = folder.path("a.wav");
  Deno.writeFileSync(raw, new Uint8Array(32000));
  const layout = ["-i", "sample_rate=16000", "-i", "ch_layout=stereo"];
  await remuxed(raw, wav, "--input-format", "s16le", ...layout);
  const [sound] = probeSync(wav).streams;
  assertEquals([sound!.codecParameters.channels, sound!.duration], [2, 0.5]);
  const numbers = ["--probe-size", "100000", "--analyze-duration", "1.5", "--max-streams", "8"];
  const sizes = ["--max-packet-size", "1000000", "--buffer-size", "4096", "--timeout", "20"];
  await remuxed(video, folder.path("b.mkv"), ...numbers, ...sizes, "--no-stream-info");
  await assertAllFail([
    [["remux", video, folder.path("c.mkv"), "-q", "--max-packet-size", "10"], 1, "avio: "],
    [["remux", video, folder.path("c.mkv"), "-q", "--streams", "0,9"], 1, "There is no stream 9"],
  ]);
});

Deno.test("cli: changes to missing tracks are usage errors, and nothing is written", async () => {
  using folder = temporaryFolder();
  const out = folder.path("a.mkv");
  const song = fixturePath("audio.mp3");
  const remux = [
    ["--stream-metadata", "9:language=fra"],
    ["--disposition", "9=default"],
    ["--codec-tag", "9=avc1"],
    ["--stream-id", "9=5"],
    ["--filter", "9=null"],
  ];
  const merge = [["--language", "0:9=fra"], ["--title", "1:9=x"], ["--delay", "0:9=1"], [
    "--disposition",
    "0:9=default",
  ]];
  await assertAllFail([
    ...remux.map((flags): Failing => [["remux", video, out, ...flags], 2, "There is no stream 9 to change"]),
    ...merge.map((
      flags,
    ): Failing => [["merge", video, song, out, ...flags], 2, "There is no track 9 to change in"]),
  ]);
  assertEquals([...Deno.readDirSync(folder.path("."))], []);
});

Deno.test("cli: --experimental lets a format hold what FFmpeg calls experimental", async () => {
  using folder = temporaryFolder();
  const made = "-v error -f lavfi -i sine=duration=0.2:sample_rate=48000 -c:a truehd -strict -2 -f truehd";
  const input = folder.path("a.thd"), out = folder.path("a.mp4");
  const { success } = new Deno.Command("ffmpeg", { args: [...made.split(" "), input] }).outputSync();
  assert(success);
  await assertAllFail([[["remux", input, out, "-q"], 1, "Nothing to write: mp4 can't hold truehd"]]);
  await remuxed(input, out, "--experimental");
  assertEquals(probeSync(out).streams[0]!.codecParameters.codec, "truehd");
});

Deno.test("cli: --strict makes a missing segment an error", async () => {
  using folder = temporaryFolder();
  const path = folder.path("a.m3u8");
  assertDone(await avio("remux", video, path, "-q", "-o", "hls_time=1", "-o", "hls_playlist_type=vod"));
  Deno.removeSync(folder.path("a1.ts"));
  const { code, stderr } = await avio("remux", path, folder.path("b.mkv"), "-q");
  assertEquals(code, 3);
  assertStringIncludes(stderr, "warning: a part that the source names is missing, and left out");
  const missing = `Cannot open file: No such file or directory: ${folder.path("a1.ts")}`;
  await assertAllFail([[["remux", path, folder.path("c.mkv"), "-q", "--strict"], 1, missing]]);
});

Deno.test("cli: remux --timeout ends a read that takes too long", async () => {
  using folder = temporaryFolder();
  const script = `mkfifo "$2"; sleep 600 > "$2" & avio remux - "$1" --timeout 0.3 < "$2"; kill $!`;
  const { stderr } = await shell(script, folder.path("a.mkv"), folder.path("fifo"));
  assertStringIncludes(stderr, "avio: remux: nothing came within the timeout of 300 ms");
  const piped = `cat "$1" | avio remux - "$2" --timeout 20 -q`;
  assertDone(await shell(piped, fixturePath("video.ts"), folder.path("b.mkv")));
});

Deno.test("cli: --header is sent with http requests of remux, probe and packets", async () => {
  using folder = temporaryFolder();
  const server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen: () => {} }, ({ headers }) => {
    const isKnown = headers.get("x-key") === "a: b" && headers.get("x-more") === "2";
    return isKnown ? new Response(fixtureBytes("faststart.mp4")) : new Response("no", { status: 403 });
  });
  try {
    const url = `http://127.0.0.1:${server.addr.port}/a.mp4`;
    const headers = ["--header", "X-Key: a: b", "--header", "x-more:2"];
    await remuxed(url, folder.path("a.mkv"), ...headers);
    const probed = assertDone(await avio("probe", url, "--json", ...headers));
    assertEquals(JSON.parse(probed.stdout).format.filename, url);
    assertDone(await avio("packets", url, ...headers));
    await assertAllFail([[["probe", url, "--retries", "0"], 1, `Cannot read ${url}: 403 Forbidden`]]);
  } finally {
    await server.shutdown();
  }
});

Deno.test("cli: errors name the flag", async () => {
  using folder = temporaryFolder();
  const out = folder.path("o.mkv");
  const cases: [string[], string][] = [
    [["--streams", "a"], "--streams: must be numbers of streams, like 0,2, is 'a'"],
    [["--metadata", "title"], "--metadata: must be key=value, is 'title'"],
    [["--filter", "pictures=x"], "--filter: must be one of video, audio"],
    [["--filter", "video="], "--filter video: the filter is missing"],
    [["--filter", "video=nope"], "--filter: bad value 'nope'"],
    [["--probe-size", "1"], "--probe-size: must be a whole number of at least 32, is '1'"],
    [["--stream-metadata", "0=x"], "--stream-metadata: must be N:KEY=VALUE or TYPE:KEY=VALUE, is '0=x'"],
    [["--stream-metadata", "0:x"], "--stream-metadata: must be key=value, is 'x'"],
    [["--disposition", "all=default"], "--disposition: must be one of video, audio"],
    [["--disposition", "0=nope"], "--disposition: bad value 'nope'"],
    [["--codec-tag", "0=toolong"], "--codec-tag: bad value 'toolong'"],
    [["--stream-id", "0=x"], "--stream-id 0: must be a whole number, is 'x'"],
    [["--timeout", "soon"], "--timeout: must be a number of at least 0, is 'soon'"],
    [["--header", "X"], "--header: must be 'Name: value', is 'X'"],
    [["--header", "X: a\nb"], "--header: must be 'Name: value'"],
    [["-i", "nope=1"], "-i nope: the input format has no such option"],
    [["-i", "protocol_whitelist=file"], "-i protocol_whitelist: "],
    [["-i", "nope=1", "-o", "nope=1"], "-i nope: the input format has no such option"],
    [["--max-streams", "2000000"], "--max-streams: must be from 1 to 1000000, is 2000000"],
    [["--buffer-size", "2000000000"], "--buffer-size: must be from 1 to 1073741824, is 2000000000"],
  ];
  await assertAllFail(cases.map(([flags, message]) => [["remux", video, out, ...flags], 2, message]));
  await assertAllFail([
    [["remux", video, out, "--input-format", "nope"], 1, "no input format is called 'nope'"],
    [["remux", video, out, "--streams", "9"], 1, "There is no stream 9: the input has streams 0 to 1"],
    [["probe", video, "-i", "nope=1"], 2, "-i nope: the input format has no such option"],
    [["probe", video, "--max-streams", "2000000"], 2, "--max-streams: must be from 1 to 1000000"],
    [["packets", video, "-i", "nope=1"], 2, "-i nope: the input format has no such option"],
    [["extract", subtitles, out, "--attachment", "3", "-i", "nope=1"], 2, "-i nope: the input format has no"],
    [["probe", video, "--json", "--media-info"], 2, "--json can't be combined with --media-info"],
  ]);
});

// ------------------------------------------------------------------------------------------- probe

Deno.test("cli: probe prints codec strings and other technical parameters", async () => {
  const [text, odd] = await Promise.all([avio("probe", video), avio("probe", fixturePath("video.ts"))]);
  assertMatch(text.stdout, /^ {2}0 {2}avc1\.64000c {3}avc1 {2}1\.2 {4}1\/12800 {8}75$/m);
  assertMatch(text.stdout, /^ {2}1 {2}mp4a\.40\.2 {5}mp4a {9}1\/44100 {7}131$/m);
  assertMatch(
    odd.stdout,
    /^Programs\n {2}id {2}streams {2}PMT {3}PCR {2}name\n {2}1 {3}0,1 {6}4096 {2}256 {2}avio test$/m,
  );
});

type Json = Record<string, unknown>;

/** Fields of ffprobe that the library does not have: from decoders, or private to FFmpeg. */
const ONLY_FFPROBE = new Set([
  "closed_captions",
  "coded_height",
  "coded_width",
  "divx_packed",
  "film_grain",
  "is_avc",
  "nal_length_size",
  "quarter_sample",
  "refs",
  "ts_id",
  "ts_packetsize",
  "view_ids_available",
  "view_pos_available",
  "mime_codec_string",
  "nb_stream_groups",
  "stream_groups",
]);

/** Fields that the ffprobe of Debian 12 (FFmpeg 5.1), or every ffprobe, lacks. */
const ONLY_OURS = new Set(["codec_string", "initial_padding", "multilayer", "non_diegetic"]);

/** Values that differ, and why. */
const DIFFERENT: Readonly<Record<string, string>> = {
  "video.ts bit_rate": "of AAC from ADTS: FFmpeg 7 estimates it differently from 5.1",
  "video.avi id": "the library returns the id for every container, ffprobe for some",
};

function differences(file: string, ours: unknown, theirs: unknown, name: string): string[] {
  if (typeof ours === "object" && typeof theirs === "object" && ours && theirs) {
    return [...new Set([...Object.keys(ours), ...Object.keys(theirs)])].flatMap((key) => {
      const isIndex = Array.isArray(ours);
      const [a, b] = [(ours as Json)[key], (theirs as Json)[key]];
      if (a === undefined && ONLY_FFPROBE.has(key) || b === undefined && ONLY_OURS.has(key)) return [];
      return differences(file, a, b, isIndex ? name : key);
    });
  }
  if (ours === theirs || `${file} ${name}` in DIFFERENT || differing(file, "files").includes(name)) return [];
  return [`${file} ${name}: ${JSON.stringify(ours)}, ffprobe says ${JSON.stringify(theirs)}`];
}

function fullFFprobe(path: string): unknown {
  const args = ["-v", "error", "-of", "json", "-show_format", "-show_streams", "-show_chapters"];
  const { stdout } = new Deno.Command("ffprobe", { args: [...args, "-show_programs", path] }).outputSync();
  return JSON.parse(new TextDecoder().decode(stdout));
}

Deno.test(
  "cli: probe --json prints what ffprobe prints, with the same names",
  { ignore: !hasFFprobe },
  async () => {
    const files = [...mediaFixtures, ...otherFixtures];
    const found: string[] = [];
    for (let i = 0; i < files.length; i += 2) {
      await Promise.all(
        files.slice(i, i + 2).map(async (file) => {
          const path = fixturePath(file);
          const { stdout } = assertDone(await avio("probe", "--json", path));
          found.push(...differences(file, JSON.parse(stdout), fullFFprobe(path), ""));
        }),
      );
    }
    assertEquals(found, []);
  },
);

Deno.test("cli: probe prints a rotation, in JSON as ffprobe does", { ignore: !hasFFprobe }, async () => {
  using folder = temporaryFolder();
  const file = folder.path("turned.mp4");
  const matrix = new Int32Array([0, 65536, 0, -65536, 0, 0, 0, 0, 1073741824]);
  const stream = probeSync(video).streams[0]!;
  const muxer = Muxer.openSync(file, { format: "mp4" });
  const { codecParameters, timeBase } = stream;
  const sideData = [{ type: "Display Matrix", data: new Uint8Array(matrix.buffer) }];
  muxer.addStream(codecParameters, { timeBase, sideData });
  const data = new Uint8Array([0, 0, 0, 2, 9, 16]);
  muxer.writeSync(new Packet({ streamIndex: 0, data, pts: 0, dts: 0, duration: 512, timeBase, isKey: true }));
  muxer.finishSync();
  const [text, json] = await Promise.all([avio("probe", file), avio("probe", "--json", file)]);
  assertMatch(text.stdout, /^ {2}0 {2}video .*\n {7}.* yuv420p rotated 90°/m);
  assertMatch(text.stdout, /^ {2}0 {2}avc1\.64000c .*\n {7}side data: Display Matrix$/m);
  const [ours] = JSON.parse(json.stdout).streams;
  const [theirs] = (fullFFprobe(file) as { streams: Json[] }).streams as [Json];
  assertEquals(ours.side_data_list, theirs["side_data_list"]);
  assertEquals(ours.side_data_list[0].rotation, -90);
});

Deno.test("cli: probe says whether pictures are mirrored, which their rotation does not tell", async () => {
  using folder = temporaryFolder();
  const file = folder.path("mirrored.mp4");
  const matrix = new Int32Array([65536, 0, 0, 0, -65536, 0, 0, 0, 1073741824]);
  const { codecParameters, timeBase } = probeSync(video).streams[0]!;
  using muxer = Muxer.openSync(file, { format: "mp4" });
  const sideData = [{ type: "Display Matrix", data: new Uint8Array(matrix.buffer) }];
  muxer.addStream(codecParameters, { timeBase, sideData });
  muxer.writeSync({ streamIndex: 0, data: new Uint8Array([0, 0, 0, 2, 9, 16]), pts: 0, dts: 0, timeBase });
  muxer.finishSync();
  assertMatch((await avio("probe", file)).stdout, /yuv420p mirrored top to bottom$/m);
});

Deno.test("cli: probe prints side data, in JSON as ffprobe does", { ignore: !hasFFprobe }, async () => {
  using folder = temporaryFolder();
  const path = folder.path("sides.mkv");
  Deno.writeFileSync(path, withSideData("matroska", [...hdr, ...places, dolbyVision]));
  const readable = assertDone(await avio("probe", path)).stdout;
  assertMatch(readable, /^ {2}0 Content light level metadata {2}max content 1000\n +max average 400$/m);
  assertMatch(readable, / red x 0\.708$/m);
  const sides = (info: Json) =>
    ((info.streams as Json[])[0]!.side_data_list as Json[])
      .toSorted((a, b) => String(a.side_data_type).localeCompare(String(b.side_data_type)));
  const ours = sides(JSON.parse(assertDone(await avio("probe", "--json", path)).stdout));
  const theirs = sides(fullFFprobe(path) as Json);
  assertEquals(ours.length, 5);
  assertEquals(ours.map((side, i) => ({ ...side, ...theirs[i] })), ours); // newer ones have more fields of Dolby Vision
});

Deno.test("cli: merge combines tracks of several files, subtitles, a cover and chapters", async () => {
  using folder = temporaryFolder();
  const words = folder.path("words.srt");
  Deno.writeTextFileSync(words, "1\n00:00:01,000 --> 00:00:01,500\nHi\n");
  const chapters = folder.path("chapters.txt");
  Deno.writeTextFileSync(
    chapters,
    ";FFMETADATA1\n[CHAPTER]\nTIMEBASE=1/1000\nSTART=0\nEND=1500\ntitle=One\n",
  );
  const out = folder.path("out.mkv");
  const inputs = [fixturePath("video.mp4"), fixturePath("audio.mp3"), words];
  const { code, stderr } = await avio(
    ...["merge", ...inputs, out],
    ...[
      "--pick",
      "1:audio",
      "--pick",
      "0:0",
      "--pick",
      "2",
      "--language",
      "1:audio=fra",
      "--title",
      "2:0=Words",
    ],
    ...["--disposition", "1:0=default+forced", "--delay", "2=0.5", "--cover", fixturePath("image.png")],
    ...["--chapters", chapters, "--metadata", "title=Both"],
  );
  assertEquals(code, 0, stderr);
  assertStringIncludes(stderr, "skipped track 1 of ");
  const { streams, metadata, chapters: written } = probeSync(out);
  assertEquals(streams.map(({ type }) => type), ["audio", "video", "subtitle", "video"]);
  assertEquals([streams[0]!.metadata["language"], streams[2]!.metadata["title"]], ["fra", "Words"]);
  assertEquals(streams[0]!.disposition, ["default", "forced"]);
  assertEquals([metadata["title"], written[0]!.metadata["title"]], ["Both", "One"]);
  const wrong: [string[], number, string][] = [
    [["--pick", "3:0"], 2, "--pick: must be FILE:TRACK with the number of a file (0 to 2)"],
    [["--pick", "0:picture"], 2, "--pick: must be one of video, audio"],
    [["--delay", "0=long"], 2, "--delay: must be seconds, is 'long'"],
    [["--cover", words], 1, "--cover: the data is not a known picture type"],
    [["--chapters", words], 1, "There are no chapters in"],
    [["--pick", "1:7"], 1, "none of its streams is selected"],
    [["--pick", "0:0", "--pick", "0:7"], 1, "There is no track 7 in"],
  ];
  for (const [flags, code, text] of wrong) {
    const result = await avio("merge", ...inputs, out, ...flags);
    assertEquals([result.code, result.stderr.includes(text)], [code, true], result.stderr);
  }
});

Deno.test("cli: remux prints where a cut begins", async () => {
  using folder = temporaryFolder();
  const out = folder.path("out.mkv");
  const { stderr } = await avio("remux", fixturePath("video.mp4"), out, "--start", "1.5");
  assertStringIncludes(stderr, "begins at 0:00:01, a key frame 0.500 s before --start\n");
  assertEquals((await avio("remux", fixturePath("video.mp4"), out, "--start", "1.5", "-q")).stderr, "");
});

Deno.test("cli: remux keeps ranges, split splits at times, at chapters, by count and by size", async () => {
  using folder = temporaryFolder();
  const out = folder.path("out.mp4");
  assertDone(await avio("remux", video, out, "--range", "0-0.8", "--range", "0:02.2-3"));
  assertEquals(Math.round(probeSync(out).duration! * 10), 18);
  const part = folder.path("part%d.mp4");
  const segments = async (...flags: string[]) => {
    const { stderr } = assertDone(await avio("split", video, part, ...flags));
    return Number(/(\d+) segment/.exec(stderr)?.[1]);
  };
  assertEquals(await segments("--at", "0:01.5"), 2);
  assertEquals(await segments("--count", "3"), 3);
  assertEquals(await segments("--size", "1"), 3);
  await assertAllFail([
    [["remux", video, out, "--range", "2-1"], 2, "--range: must be after 2, is '1'"],
    [["remux", video, out, "--range", "2"], 2, "--range: must be START-END, is '2'"],
    [
      ["remux", video, out, "--range", "0-1", "--start", "1"],
      2,
      "--range can't be combined with --start and --end",
    ],
    [
      ["split", video, part, "--every", "1", "--count", "2"],
      2,
      "Give one of --every, --at, --count and --size",
    ],
    [["split", video, part, "--at", "2,1"], 2, "--at: times must ascend, is '2,1'"],
    [["split", video, part, "--at", "chapters"], 1, "avio: --at: the source has no chapters"],
  ]);
});

Deno.test("cli: a stream that the format can't hold is said to be left out, and the exit code is 3, also with edits of others", async () => {
  using folder = temporaryFolder();
  const film = fixturePath("subtitles.mkv"), out = folder.path("out.avi");
  for (
    const args of [
      ["remux", film, out, "--no-chapters"],
      ["remux", film, out, "--no-chapters", "-y", "--stream-metadata", "0:title=x"],
      ["remux", film, out, "--no-chapters", "-y", "-q", "--stream-metadata", "0:title=x"],
      ["concat", film, film, out, "--no-chapters", "-y", "--stream-metadata", "0:title=x"],
    ]
  ) {
    const { code, stderr } = await avio(...args);
    assertEquals(code, 3, stderr);
    assertMatch(stderr, /stream 2: subtitle \(subrip\) is left out: .* can't hold it/);
    assertEquals(stderr.split("stream 2:").length, 2, stderr);
  }
  const merged = await avio("merge", film, out, "-y", "--no-chapters");
  assertEquals(merged.code, 3, merged.stderr);
  assertStringIncludes(merged.stderr, "skipped track 2");
  const picked = await avio("merge", film, out, "-y", "--no-chapters", "--pick", "0:video");
  assertEquals([picked.code, picked.stderr.includes("skipped track 2")], [0, true], picked.stderr);
});

Deno.test("cli: rewrite -y says which stream is lost, with exit code 3", async () => {
  using folder = temporaryFolder();
  const song = folder.path("in.flv");

  assertDone(await avio("remux", fixturePath("video.mp4"), song, "-q"));
  const bytes = Deno.readFileSync(song); // the sound's header is made a packet, so that it has none
  for (let at = 13; at < bytes.length;) {
    const size = bytes[at + 1]! << 16 | bytes[at + 2]! << 8 | bytes[at + 3]!;
    if (bytes[at] === 8 && bytes[at + 12] === 0) bytes[at + 12] = 1;
    at += 11 + size + 4;
  }
  Deno.writeFileSync(song, bytes);
  const refused = await avio("rewrite", song, "--metadata", "title=x");
  assertEquals(refused.code, 1, refused.stderr);
  assertMatch(refused.stderr, /would be lost .*stream \d \(audio, aac\)/);
  const { code, stderr } = await avio("rewrite", song, "--metadata", "title=x", "-y");
  assertMatch(stderr, /stream \d \(audio, aac\) is lost/);
  assertEquals(code, 3);
});
