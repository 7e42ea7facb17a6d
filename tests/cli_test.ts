/**
 * The command line in general, `probe`, `packets`, `remux` and `formats`. cli_more_test.ts tests the other commands.
 */
import { assert, assertAlmostEquals, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { withIndexFarBehind } from "./support/chunked.ts";
import { fixtureBytes } from "./support/fixtures.ts";
import {
  avio,
  avioWith,
  ffprobeStdin,
  longMatroska,
  type Outcome,
  packetSizes,
  parseSizes,
  shell,
  temporaryFolder,
} from "./support/cli.ts";
import { remuxSync } from "../mod.ts";
import { hasFFprobe } from "./support/ffprobe.ts";
import { fixturePath, realPath } from "./support/fixtures.ts";

const fixture = fixturePath("video.mp4");
const chapters = realPath("bbb_chapters.mp4");
const hasChapters = chapters !== "";

/** Exit code, nothing on stdout, and on stderr one message of avio's and never a stack trace. */
function assertFails({ code, stdout, stderr }: Outcome, expectedCode: 1 | 2, message: string | RegExp): void {
  assertMatch(stderr, /^avio: /);
  if (typeof message === "string") assertStringIncludes(stderr, message);
  else assertMatch(stderr, message);
  assert(!/^\s+at /m.test(stderr), `a stack trace: ${stderr}`);
  assertEquals(code, expectedCode, stderr);
  assertEquals(stdout, "");
  const lines = stderr.trimEnd().split("\n");
  assertEquals(lines.length, expectedCode === 2 ? 2 : 1, stderr);
  if (expectedCode === 2) assertMatch(lines[1]!, /^Try: avio .*--help$/);
}

function assertDone(outcome: Outcome): void {
  assertEquals(outcome.code, 0, outcome.stderr);
}

// ------------------------------------------------------------------------------------------- in general

Deno.test("cli: --help and --version print to stdout; no command prints to stderr, exit code 2", async () => {
  const [help, version, nothing, ...commands] = await Promise.all([
    avio("--help"),
    avio("--version"),
    avio(),
    ...["probe", "packets", "remux", "split", "concat", "extract", "formats"].map((command) =>
      avio(command, "--help")
    ),
  ]);
  assertDone(help);
  assertStringIncludes(help.stdout, "Usage: avio COMMAND");
  assertDone(version);
  assertMatch(version.stdout, /^avio \d+\.\d+\.\d+\nFFmpeg \S+ \((embedded|system), .*\)\nlibavformat \d/);
  assertEquals(nothing, { code: 2, stdout: "", stderr: help.stdout });
  for (const { code, stdout, stderr } of commands) {
    assertEquals([code, stderr], [0, ""]);
    assertMatch(
      stdout,
      /^Usage: avio (probe FILE|packets FILE|(remux|split|extract) IN OUT|concat IN|formats)/,
    );
  }
  for (const { stdout } of [help, ...commands]) {
    for (const line of stdout.split("\n")) assert(line.length <= 80, `wider than a terminal: ${line}`);
  }
});

Deno.test("cli: the error for a wrong command line names the fault, exit code 2", async () => {
  using folder = temporaryFolder();
  const out = folder.path("out.mkv");
  const cases: [string[], string][] = [
    [["prob"], "Unknown command 'prob'"],
    [["constructor"], "Unknown command 'constructor'"],
    [["--jsn"], "Unknown option '--jsn'"],
    [["probe"], "FILE is missing"],
    [["packets", fixture, "more"], "Unexpected argument 'more'"],
    [["probe", fixture, "--jsn"], "Unknown option '--jsn'"],
    [["packets", "--json=1", fixture], "--json: takes no value"],
    [["formats", "mp4", "more"], "Unexpected argument 'more'"],
    [["remux", fixture], "OUT is missing"],
    [["remux", fixture, ""], "OUT is empty"],
    [["remux", fixture, out, "--start"], "--start: the value is missing"],
    [["remux", fixture, out, "--start", "--quiet"], "--start: the value is missing"],
    [["remux", fixture, out, "--start", "abc"], "--start: must be seconds or h:mm:ss(.mmm), is 'abc'"],
    [["remux", fixture, out, "--end", "0:99:00"], "--end: must be seconds or h:mm:ss(.mmm), is '0:99:00'"],
    [["remux", fixture, out, "--start", "2", "--end", "1"], "--end: must be after 2, is '1'"],
    [["remux", fixture, out, "--only", "pictures"], "--only: must be one of video, audio"],
    [["remux", fixture, out, "-o", "movflags"], "-o: must be key=value, is 'movflags'"],
    [["remux", fixture, out, "-o", "nope=1"], "-o nope: matroska has no such option"],
    [["remux", fixture, out, "-f", "nope"], "Unknown output format 'nope'"],
    [["remux", fixture, folder.path("out.nope")], "No output format has the extension of"],
    [["remux", fixture, "-"], "stdout needs a format"],
  ];
  // Two at a time: a process each, and the machine has other work.
  for (let i = 0; i < cases.length; i += 2) {
    await Promise.all(
      cases.slice(i, i + 2).map(async ([args, message]) => {
        assertFails(await avio(...args), 2, message);
      }),
    );
  }
});

Deno.test("cli: an error of reading or writing is one line, exit code 1", async () => {
  using folder = temporaryFolder();
  const cut = folder.path("cut.mp4");
  const text = folder.path("text.mp4");
  const out = folder.path("out.mkv");
  // The index of the fixture is at its end.
  Deno.writeFileSync(cut, Deno.readFileSync(fixture).subarray(0, 20000));
  Deno.writeTextFileSync(text, "no media");
  const cases: [string[], string | RegExp][] = [
    [["probe", cut], "avio: Cannot open input: Invalid data found (mov,mp4: moov atom not found)\n"],
    [["packets", text], "avio: Cannot open input: Invalid data found"],
    [["probe", folder.path("none")], /^avio: Cannot open input: No such file or directory: .*none\n$/],
    [["remux", folder.path("none"), out], /^avio: Cannot open input: No such file or directory: .*none\n$/],
    [["probe", folder.path("")], "avio: Cannot open input: Is a directory: "],
    [["probe", "http://127.0.0.1:1/a.mp4"], "avio: Cannot read http://127.0.0.1:1/a.mp4: "],
    [["remux", fixture, folder.path(""), "-f", "mp4"], "avio: Cannot open output: Is a directory: "],
    [
      ["remux", fixture, folder.path("none/a.mkv")],
      /^avio: Cannot open output: No such file or directory: .*none\/a\.mkv\n$/,
    ],
    [["remux", fixture, out, "-o", "cluster_time_limit=abc"], "avio: Cannot write header: Invalid argument"],
    [["remux", fixture, out, "--only", "subtitle"], "Nothing to write: the input has video, audio only"],
    [["remux", fixture, folder.path("a.srt")], /^avio: (Nothing to write|Cannot write header): .*\n$/],
  ];
  for (let i = 0; i < cases.length; i += 2) {
    await Promise.all(
      cases.slice(i, i + 2).map(async ([args, message]) => {
        assertFails(await avio(...args), 1, message);
      }),
    );
  }
});

Deno.test("cli: needs the permissions in the documentation of cli.ts, and no others", async () => {
  using folder = temporaryFolder();
  const out = folder.path("out.mkv");
  const [enough, noRead, noWrite] = await Promise.all([
    avioWith({ flags: ["--allow-ffi", "--allow-read", "--allow-write"] }, "remux", fixture, out),
    avioWith({ flags: ["--allow-ffi"] }, "probe", fixture),
    avioWith({ flags: ["--allow-ffi", "--allow-read"] }, "remux", fixture, folder.path("other.mkv")),
  ]);
  assertDone(enough);
  assertFails(noRead, 1, "--allow-read");
  assertFails(noWrite, 1, "--allow-write");
});

Deno.test("cli: without the shared library it prints where it searched, exit code 1", async () => {
  const missing = await avioWith({ env: { AVIO_SHIM_PATH: "/nowhere/libavio.so" } }, "probe", fixture);
  assertEquals([missing.code, missing.stdout], [1, ""]);
  assertMatch(
    missing.stderr,
    /^avio: Cannot load avio's shared library\. Tried:\n {2}\/nowhere\/libavio\.so: /,
  );
  assert(!/^\s+at /m.test(missing.stderr));
  const help = await avioWith({ env: { AVIO_SHIM_PATH: "/nowhere/libavio.so" } }, "--help");
  assertDone(help);
});

Deno.test("cli: a full disk behind stdout is one line, exit code 1", async () => {
  const [packets, remux] = await Promise.all([
    shell(`avio packets "$1" > /dev/full`, fixture),
    shell(`avio remux "$1" - -f matroska > /dev/full`, fixture),
  ]);
  assertFails(packets, 1, "avio: No space left on device\n");
  assertFails(remux, 1, "avio: No space left on device\n");
});

Deno.test("cli: a file that can't be written or read further is named, with the byte", async () => {
  using folder = temporaryFolder();
  const script = `trap "" XFSZ; ulimit -f 16; avio remux "$1" "$2" -f matroska`;
  const [full, limited, unread] = await Promise.all([
    shell(`avio remux "$1" /dev/full -f mpegts -y`, fixture),
    shell(script, fixture, `${folder.path("out.mkv")}`),
    shell("avio remux /proc/self/mem /dev/null -f mpegts -y"),
  ]);
  assertFails(full, 1, "avio: Cannot write output: No space left on device: /dev/full, at byte 0\n");
  assertFails(
    limited,
    1,
    `avio: Cannot write output: File too large: ${folder.path("out.mkv")}, at byte 16384`,
  );
  assertFails(unread, 1, "avio: Cannot read input: Input/output error: /proc/self/mem, at byte 0\n");
});

// ------------------------------------------------------------------------------------------- probe

Deno.test("cli: probe prints format, duration, size, bit rate and a table of streams", async () => {
  const { code, stdout, stderr } = await avio("probe", fixture);
  assertEquals([code, stderr], [0, ""]);
  const lines = stdout.split("\n");
  assertEquals(lines[0], fixture);
  assertStringIncludes(stdout, "  format    QuickTime / MOV (mov,mp4,m4a,3gp,3g2,mj2)\n");
  assertMatch(stdout, /^ {2}duration {2}0:00:03/m);
  const bytes = Deno.statSync(fixture).size.toLocaleString("en-US");
  assertMatch(stdout, new RegExp(`^ {2}size {6}[\\d.]+ kB \\(${bytes} bytes\\)$`, "m"));
  assertMatch(stdout, /^ {2}bit rate {2}[\d.]+ kb\/s$/m);
  assertMatch(stdout, /^ {2}0 {2}video {2}h264 \(.*\n {7}\d+x\d+ 25 fps/m);
  assertMatch(stdout, /^ {2}1 {2}audio {2}aac .*\n {7}\d+ Hz (mono|stereo)/m);
  assertEquals(lines.filter((line) => line.endsWith(" ")), [], "blanks at the end of a line");
});

Deno.test("cli: probe prints tags, chapters and data streams", { ignore: !hasChapters }, async () => {
  const { stdout } = await avio("probe", chapters);
  assertStringIncludes(stdout, "  title              Test Movie\n");
  assertStringIncludes(stdout, "Chapters\n  #  start    end      title\n  1  0:00:00  0:00:03  Chapter 1\n");
  assertMatch(
    stdout,
    /^ {2}0 {2}video {2}h264 \(High\) .*866 kb\/s {2}0:00:10 {3}default\n {7}1280x720 60 fps .*$/m,
  );
  assertMatch(stdout, /^ {2}2 {2}data {3}bin_data .* eng /m);
  for (const line of stdout.split("\n")) assert(line.length <= 80, `wide: ${line}`);
});

Deno.test(
  "cli: probe --media-info is the MediaInfo, with bytes as base64",
  { ignore: !hasChapters },
  async () => {
    const { code, stdout } = await avio("probe", "--media-info", chapters);
    assertEquals(code, 0);
    const info = JSON.parse(stdout);
    assertEquals(info.format.name, "mov,mp4,m4a,3gp,3g2,mj2");
    assertEquals(info.size, Deno.statSync(chapters).size);
    assertEquals(info.chapters.length, 3);
    assertEquals(info.streams.map(({ type }: { type: string }) => type), ["video", "audio", "data"]);
    const extradata = info.streams[0].codecParameters.extradata;
    assertEquals(typeof extradata, "string");
    assertEquals(Uint8Array.fromBase64(extradata)[0], 1); // the version of avcC
  },
);

Deno.test("cli: probe - reads stdin", async () => {
  const { code, stdout } = await shell(`avio remux "$1" - -q -f matroska | avio probe -`, fixture);
  assertEquals(code, 0);
  assertMatch(stdout, /^stdin\n {2}format {4}Matroska \/ WebM/);
  assertStringIncludes(stdout, "  size      unknown\n");
});

/** Control characters except line feeds. */
// deno-lint-ignore no-control-regex
const COMMANDS = /[\x00-\x09\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/;

Deno.test("cli: no command prints control characters from a file, a name or an argument", async () => {
  using folder = temporaryFolder();
  const evil = "a\x1b[2Jb\x7f\x85\x9bc\u061c\u200e\u200f\u2028\u202e\u2066d";
  const file = folder.path(`${evil}.mkv`), other = folder.path("other.mkv");
  const title = `${evil}\nsecond line`;
  remuxSync(fixture, file, {
    metadata: { title, [evil]: "tag" },
    streams: () => ({ metadata: { language: evil, title } }),
  });
  const silent = (...args: string[]) => [args, 0] as const, fails = (...args: string[]) => [args, 1] as const;
  const wrong = (...args: string[]) => [args, 2] as const;
  const runs = [
    silent("probe", file),
    silent("probe", "--json", file),
    silent("probe", "--media-info", file),
    silent("packets", "--json", file),
    silent("packets", file),
    silent("remux", file, other),
    silent("extract", file, folder.path(`${evil}.aac`), "--stream", "1"),
    fails("probe", folder.path(`${evil}.none`)),
    fails("remux", file, folder.path(`${evil}/none.mkv`)),
    wrong("probe", "-i", `${evil}=1`, file),
    wrong("remux", file, folder.path(`none.${evil}`)),
    wrong("remux", file, other, "-f", evil),
    wrong("formats", evil),
    wrong(evil),
    wrong("probe", `--${evil}`),
  ];
  for (const [args, expected] of runs) {
    const { code, stdout, stderr } = await avio(...args);
    assertEquals(code, expected, `${args}: ${stderr}`);
    assert(!COMMANDS.test(stdout), `${args}: ${JSON.stringify(stdout)}`);
    assert(!COMMANDS.test(stderr), `${args}: ${JSON.stringify(stderr)}`);
    if (!args.includes("--media-info")) continue;
    const info = JSON.parse(stdout);
    assertEquals(info.metadata.title, title);
  }
  const { stdout } = await avio("probe", file);
  assertMatch(stdout, /^ {2}title +a\ufffd\[2Jb\ufffd\ufffd\ufffdc.*\n +second line$/m);
});

// ------------------------------------------------------------------------------------------- packets

Deno.test(
  "cli: packets prints a line for each packet that ffprobe has",
  { ignore: !hasFFprobe },
  async () => {
    const file = hasChapters ? chapters : fixture;
    const [text, json, sizes] = await Promise.all([
      avio("packets", file),
      avio("packets", file, "--json"),
      packetSizes(file),
    ]);
    const lines = text.stdout.trimEnd().split("\n");
    assertEquals(lines.length, sizes.flat().length);
    const line =
      /^\d+ {2}pts +(-|-?[\d.]+) {2}dts +(-|-?[\d.]+) {2}dur [\d.]+ {2} *\d+ B {2}[K_][D_][C_] {2}pos (\d+|-)$/;
    for (const each of lines) assertMatch(each, line);
    const objects = json.stdout.trimEnd().split("\n").map((each) => JSON.parse(each));
    const found: number[][] = [];
    for (const { streamIndex, size } of objects) (found[streamIndex] ??= []).push(size);
    assertEquals(found, sizes);
    const names = "streamIndex pts dts duration timeBase time size isKey isCorrupt isDiscard pos sideData";
    assertEquals(Object.keys(objects[0]), names.split(" "));
  },
);

Deno.test("cli: packets into a closed pipe ends without an error, exit code 0", async () => {
  // Enough lines to fill the pipe several times, whatever it holds.
  using folder = temporaryFolder();
  const file = folder.path("long.mkv");
  Deno.writeFileSync(file, longMatroska());
  const { stdout, stderr } = await shell(`avio packets "$1" | head -1; echo "\${PIPESTATUS[0]}"`, file);
  assertEquals(stderr, "");
  assertMatch(stdout, /^0 {2}pts .*\n0\n$/);
});

// ------------------------------------------------------------------------------------------- remux

Deno.test("cli: remux mp4 -> mkv keeps every packet", { ignore: !hasFFprobe }, async () => {
  using folder = temporaryFolder();
  const out = folder.path("out.mkv");
  const outcome = await avio("remux", fixture, out);
  assertDone(outcome);
  assertEquals(packetSizes(out), packetSizes(fixture));
  assertEquals(outcome.stdout, "");
  assertMatch(outcome.stderr, /^\S+out\.mkv: \d+ packets, [\d.]+ kB, 0:00:03\S* in [\d.]+ s\n$/);
  assertEquals((await avio("remux", fixture, out, "--quiet")).stderr, "", "again, over the same file");
});

Deno.test("cli: remux reports the streams that it leaves out", { ignore: !hasChapters }, async () => {
  using folder = temporaryFolder();
  const [whole, sound, video] = await Promise.all([
    avio("remux", chapters, folder.path("all.mkv")),
    avio("remux", chapters, folder.path("sound.aac")),
    avio("remux", chapters, folder.path("video.mkv"), "--only", "video"),
  ]);
  assertEquals(whole.code, 0, "the track of chapter titles is not lost: there are the chapters");
  assert(!whole.stderr.includes("stream"), whole.stderr);
  assertEquals(sound.code, 3);
  assertMatch(sound.stderr, /\n {2}stream 0: video \(h264\) is left out: adts can't hold it\n$/);
  assertMatch(
    video.stderr,
    /\n {2}skipped stream 1 \(audio, aac\): not selected by --only video\n {2}skipped stream 2 /,
  );
});

Deno.test("cli: remux --only keeps streams of these types", async () => {
  using folder = temporaryFolder();
  const kinds = async (...only: string[]) => {
    const out = folder.path(`${only.join("")}.mkv`);
    assertDone(await avio("remux", fixture, out, ...only.flatMap((type) => ["--only", type])));
    const info = JSON.parse((await avio("probe", "--media-info", out)).stdout);
    return info.streams.map(({ type }: { type: string }) => type);
  };
  const [audio, both] = await Promise.all([kinds("audio"), kinds("audio", "video", "data")]);
  assertEquals(audio, ["audio"]);
  assertEquals(both, ["video", "audio"]);
});

Deno.test("cli: remux --start and --end cut at key frames", async () => {
  using folder = temporaryFolder();
  const cut = async (name: string, ...range: string[]) => {
    const out = folder.path(name);
    assertDone(await avio("remux", fixture, out, ...range));
    return JSON.parse((await avio("probe", "--media-info", out)).stdout) as {
      duration: number;
      startTime: number;
    };
  };
  const [seconds, clock, tail] = await Promise.all([
    cut("a.mkv", "--start", "1", "--end", "2.0"),
    cut("b.mkv", "--start", "0:00:01.000", "--end=0:02"),
    cut("c.mkv", "--start", "2"),
  ]);
  assertAlmostEquals(seconds.duration, 1, 0.15);
  assertEquals(clock.duration, seconds.duration);
  assertAlmostEquals(tail.duration, 1, 0.15);
});

Deno.test("cli: remux -o sets options of the output format", async () => {
  using folder = temporaryFolder();
  const out = folder.path("out.mp4");
  assertDone(
    await avio("remux", fixture, out, "-o", "movflags=frag_keyframe+empty_moov", "-o", "brand=iso6"),
  );
  const head = new TextDecoder("latin1").decode(Deno.readFileSync(out));
  assertEquals(head.slice(4, 12), "ftypiso6");
  assertStringIncludes(head, "moof");
});

Deno.test("cli: remux - - writes only media to stdout", { ignore: !hasFFprobe }, async () => {
  const script = `cat "$1" | avio remux - - -f matroska`;
  const expected = packetSizes(fixture);
  const [media, piped] = await Promise.all([
    shell(`${script} | head -c 4 | od -An -tx1`, fixture),
    shell(`${script} | ${ffprobeStdin}`, fixture),
  ]);
  assertEquals(media.stdout.trim(), "1a 45 df a3");
  assertEquals(parseSizes(piped.stdout), expected);
  assertMatch(piped.stderr, /^stdout: \d+ packets, [\d.]+ kB, 0:00:03\S* in [\d.]+ s\n$/);
});

Deno.test(
  "cli: remux to stdout writes fragmented mp4 and mov, unless movflags is given",
  { ignore: !hasFFprobe },
  async () => {
    const expected = packetSizes(fixture);
    const [mp4, mov, reported, refused] = await Promise.all([
      shell(`avio remux "$1" - -q -f mp4 | ${ffprobeStdin}`, fixture),
      shell(`avio remux "$1" - -q -f mov -o brand=qt | ${ffprobeStdin}`, fixture),
      shell(`avio remux "$1" - -q -f mp4 -o movflags=frag_every_frame+empty_moov | grep -ac moof`, fixture),
      shell(`avio remux "$1" - -q -f mp4 -o movflags=0 > /dev/null`, fixture),
      packetSizes(fixture),
    ]);
    assertEquals([mp4.stderr, mov.stderr], ["", ""]);
    assertEquals(parseSizes(mp4.stdout), expected);
    assertEquals(parseSizes(mov.stdout), expected);
    assert(Number(reported.stdout) > 5);
    assertFails(refused, 1, /no[nt] seekable/);
  },
);

Deno.test("cli: remux from a pipe of a file with its index at the end: the error says that it can't seek", async () => {
  using folder = temporaryFolder();
  const file = folder.path("far.mp4");
  Deno.writeFileSync(file, withIndexFarBehind(fixtureBytes("video.mp4")));
  const { code, stderr } = await shell(`cat "$1" | avio remux - - -f matroska > /dev/null`, file);
  assertEquals(code, 1);
  assertMatch(stderr, /^avio: .*the source is not seekable/);
});

Deno.test("cli: remux into a pipe that is closed is an error without a stack trace", async () => {
  using folder = temporaryFolder();
  const file = folder.path("long.mkv");
  Deno.writeFileSync(file, longMatroska());
  const script = `avio remux "$1" - -f matroska | head -c 4 > /dev/null; exit "\${PIPESTATUS[0]}"`;
  assertFails(await shell(script, file), 1, "avio: Cannot write output: its reader has closed the pipe");
});

Deno.test("cli: remux does not write over its input, under any name", async () => {
  using folder = temporaryFolder();
  const file = folder.path("a.mp4");
  Deno.copyFileSync(fixture, file);
  Deno.linkSync(file, folder.path("hard.mp4"));
  Deno.symlinkSync(file, folder.path("soft.mp4"));
  const names = [
    file,
    folder.path("./a.mp4"),
    folder.path("hard.mp4"),
    folder.path("soft.mp4"),
    `file://${file}`,
  ];
  for (const name of names) {
    const path = name.replace(/^file:\/\//, "");
    assertFails(await avio("remux", file, name), 1, `it is the input, which it would overwrite: ${path}\n`);
  }
  assertEquals(Deno.readFileSync(file), Deno.readFileSync(fixture));
});

Deno.test("cli: probe and packets do not print into a file that they read, under any name", async () => {
  using folder = temporaryFolder();
  const file = folder.path("a.mp4"), list = folder.path("a.m3u8");
  Deno.copyFileSync(fixture, file);
  Deno.linkSync(file, folder.path("hard.mp4"));
  Deno.writeTextFileSync(list, "#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\na.mp4\n#EXT-X-ENDLIST\n");
  const commands = [
    'avio probe "$1" >> "$1"',
    'avio probe --json "$1" >> "$1"',
    'avio probe --media-info "$2/hard.mp4" >> "$1"',
    'avio probe /dev/null "file://$1" >> "$1"',
    'avio probe - < "$1" >> "$1"',
    'avio probe "$2/a.m3u8" >> "$1"',
    'avio packets "$1" >> "$1"',
    'avio packets --json - < "$1" 1<> "$1"',
    'avio extract --cover "$1" - >> "$1"',
    'avio remux "$1" - -f matroska >> "$1"',
  ];
  for (const command of commands) {
    const outcome = await shell(command, file, folder.path("."));
    const named = command.includes("m3u8")
      ? `a file that the input ${folder.path("./a.m3u8")} names`
      : "the input";
    assertFails(outcome, 1, `avio: Cannot open output: it is ${named}, which it would overwrite: stdout\n`);
  }
  assertEquals(Deno.readFileSync(file), Deno.readFileSync(fixture));
  const missing = await shell('avio probe file:x "$1" >> "$2/other"; cat "$2/other"', file, folder.path("."));
  assertStringIncludes(missing.stdout, "mov,mp4"); // a name that is none is reported, and the others are read
  const onlyThis = await shell(
    '"$DENO" run --allow-ffi --allow-read="$1,lib" cli.ts probe "$1" > "$2/other"',
    file,
    folder.path("."),
  );
  assertEquals(onlyThis.stderr, "");
});

Deno.test("cli: remux with a wrong command line leaves an existing output as it was", async () => {
  using folder = temporaryFolder();
  const out = folder.path("out.xyz");
  Deno.writeTextFileSync(out, "precious");
  for (const flags of [["-f", "nope"], [], ["-f", "mp4", "--end", "x"]]) {
    assertEquals((await avio("remux", fixture, out, ...flags)).code, 2);
  }
  assertEquals(Deno.readTextFileSync(out), "precious");
});

/** Whether there are pseudo-terminals (not in a chroot without /dev/pts). */
const hasScript = new Deno.Command("sh", { args: ["-c", "script -qec true /dev/null"] }).outputSync().success;
/** Slow enough for the progress line; all of its output goes to a terminal. */
const SLOW = `(head -c 8000 "$1"; sleep 1.5; tail -c +8001 "$1") | avio remux - "$2"`;

Deno.test("cli: remux shows no progress where stderr is a pipe", async () => {
  using folder = temporaryFolder();
  const file = folder.path("in.mkv");
  assertDone(await avio("remux", fixture, file));
  const { code, stderr } = await shell(SLOW, file, folder.path("out.mkv"));
  assertEquals(code, 0);
  assertMatch(stderr, /^\S+: \d+ packets, .*\n$/);
});

Deno.test("cli: remux shows progress on a terminal, and removes it", { ignore: !hasScript }, async () => {
  using folder = temporaryFolder();
  const file = folder.path("in.mkv");
  assertDone(await avio("remux", fixture, file));
  const log = folder.path("log");
  // Each piece of the file is written when the line has been seen; the log begins with the command itself.
  const waiting = (line: string) =>
    `for i in $(seq 300); do grep -Eq "${line}" ${log} 2>/dev/null && break; sleep 0.1; done`;
  const command = `(head -c 8000 ${file}; ${waiting("input, [1-9] s")}; ` +
    `tail -c +8001 ${file} | head -c 12000; ${waiting("[0-9] %")}; tail -c +20001 ${file}) | ` +
    `"$DENO" run -A cli.ts remux - ${folder.path("out.mkv")}`;
  const { stdout } = await shell(`script -qefc "$1" "$2"`, command, log);
  // deno-lint-ignore no-control-regex
  assertMatch(stdout, /\r\x1b\[K *\d+ % {2}0:00:0\d of 0:00:03 {2}\S+ \S+ {2}[\d.]+x/);
  // deno-lint-ignore no-control-regex
  assertMatch(stdout, /\r\x1b\[K\S+out\.mkv: \d+ packets.*\r\n$/);
});

Deno.test(
  "cli: the progress line is updated while a FIFO is stalled",
  { ignore: !hasScript },
  async () => {
    using folder = temporaryFolder();
    const [file, fifo, log] = ["in.mkv", "fifo.mkv", "log"].map(folder.path) as [string, string, string];
    assertDone(await avio("remux", fixture, file));
    // Each piece of the file is written when the line shows such a waiting time; on a busy machine a second may be left out.
    const { stdout } = await shell(
      `mkfifo "$2"
    waiting() { until grep -Eq "$1" "$2"; do sleep 0.1; done; }
    (
      head -c 8000 "$1"; waiting "input, [0-9]+ s" "$3"
      tail -c +8001 "$1" | head -c 12000; waiting "%.*input, ([4-9]|[0-9]{2,}) s" "$3"
      tail -c +20001 "$1"
    ) > "$2" &
    script -qefc "$DENO run -A cli.ts remux $2 $4" "$3" < /dev/null`,
      file,
      fifo,
      log,
      folder.path("out.mkv"),
    );
    const waiting = /\[K *\d+ % {2}0:00:0\d of 0:00:03 {2}\S+ \S+ {2}waiting for the input, (\d+) s/g;
    const seconds = [...stdout.matchAll(waiting)].map(([, seconds]) => Number(seconds));
    assert(seconds.length >= 2, stdout);
    assertEquals(seconds, [...new Set(seconds)].toSorted((a, b) => a - b));
    assertMatch(stdout, /\[K\S+out\.mkv: 206 packets.*\r\n/);
  },
);

// ------------------------------------------------------------------------------------------- formats

Deno.test("cli: formats lists names, directions, extensions", async () => {
  const [text, json, inputs, outputs] = await Promise.all([
    avio("formats"),
    avio("formats", "--json"),
    avio("formats", "--inputs", "--json"),
    avio("formats", "--outputs"),
  ]);
  assertMatch(text.stdout, /^ {2}D\. {2}mov,mp4,m4a,3gp,3g2,mj2 {2}.*QuickTime \/ MOV$/m);
  assertMatch(text.stdout, /^ {2}\.E {2}matroska +mkv\S* +Matroska$/m);
  assertMatch(text.stdout, /^ {2}DE {2}flv +flv /m);
  for (const line of text.stdout.split("\n")) assert(line.length <= 130, `wide: ${line}`);
  const all = JSON.parse(json.stdout) as { name: string; input: boolean; output: boolean }[];
  assertEquals(all.find(({ name }) => name === "mp4")?.output, true);
  assertEquals(new Set(all.map(({ name }) => name)).size, all.length);
  assert(JSON.parse(inputs.stdout).every(({ input }: { input: boolean }) => input));
  assert(!/^ {2}D\./m.test(outputs.stdout));
});

// ------------------------------------------------------------------------------------------- playlists

Deno.test("cli: hls is written beside its playlist, and read again from there", async () => {
  using folder = temporaryFolder();
  const playlist = folder.path("index.m3u8"), back = folder.path("back.mkv");
  assertDone(await avio("remux", fixture, playlist, "-o", "hls_time=1", "-o", "hls_playlist_type=vod"));
  const names = [...Deno.readDirSync(folder.path("."))].map(({ name }) => name);
  assert(names.includes("index0.ts") && names.includes("index.m3u8"), names.join());
  assertDone(await avio("remux", playlist, back));
  assertEquals(
    packetSizes(back).map((sizes) => sizes.length),
    packetSizes(fixture).map((sizes) => sizes.length),
  );
  const probed = await avio("probe", playlist);
  assertStringIncludes(probed.stdout, "Apple HTTP Live Streaming");
});

Deno.test("cli: a playlist may not open files outside of its folder; the error names the file", async () => {
  using folder = temporaryFolder();
  const playlist = folder.path("evil.m3u8");
  Deno.writeTextFileSync(
    playlist,
    "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nfile:///etc/passwd\n#EXT-X-ENDLIST\n",
  );
  assertFails(await avio("probe", playlist), 1, "refused to open 'file:///etc/passwd'");
});
