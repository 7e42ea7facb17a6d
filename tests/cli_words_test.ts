/**
 * The command line: width of its output, several files, -n and -y, help topics, completions.
 */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { help, overview, topics } from "../cli/help.ts";
import { Muxer } from "../mod.ts";
import { avio, shell, temporaryFolder } from "./support/cli.ts";
import { fixturePath, mediaFixtures, otherFixtures } from "./support/fixtures.ts";

const video = fixturePath("video.mp4");

Deno.test("cli: output of probe and formats fits 80 columns, with line breaks between words", async () => {
  const files = [...mediaFixtures, ...otherFixtures].map(fixturePath);
  const [probed, formats] = await Promise.all([avio("probe", ...files), avio("formats")]);
  for (const { code, stdout } of [probed, formats]) {
    assertEquals(code, 0);
    for (const line of stdout.split("\n")) {
      assert([...line].length <= 80 && !line.endsWith(" ") || line.startsWith("/"), `wide: ${line}`);
    }
  }
  assertMatch(probed.stdout, /^ {2}0 {2}video {2}h264 \(High\) .*\n {7}320x180 25 fps yuv420p$/m);
});

Deno.test("cli: lines of packets fit 80 columns, far behind in a large file, too", async () => {
  using folder = temporaryFolder();
  const file = folder.path("long.nut");
  const timeBase = { num: 1, den: 1000 };
  using muxer = Muxer.openSync(file, { format: "nut" });
  const streamIndex = muxer.addStream({ type: "audio", codec: "pcm_u8", sampleRate: 900_000, channels: 1 }, {
    timeBase,
  });
  for (const pts of [0, 7_200_000]) {
    muxer.writeSync({
      streamIndex,
      data: new Uint8Array(900_000),
      pts,
      dts: pts,
      duration: 40,
      timeBase,
      isKey: true,
    });
  }
  muxer.finishSync();
  const lines = (await avio("packets", file)).stdout.trim().split("\n");
  assertMatch(lines.at(-1)!, /^0 {2}pts 7200\.000000 .* pos 9\d{5}$/);
  for (const line of lines) assert(line.replace(/\d+$/, "1234567890").length <= 80, `wide: ${line}`);
});

Deno.test("cli: probe prints several files, and continues after one that can't be read", async () => {
  const other = fixturePath("audio.mp3");
  const [text, json, some] = await Promise.all([
    avio("probe", video, other),
    avio("probe", "--json", video, other),
    avio("probe", video, "/nowhere/x.mp4", other),
  ]);
  assertEquals([text.code, text.stderr], [0, ""]);
  assertEquals(text.stdout.split("\n").filter((line) => line.startsWith("/")), [video, other]);
  const printed = JSON.parse(json.stdout);
  assertEquals(printed.map((one: { format: { nb_streams: number } }) => one.format.nb_streams), [2, 1]);
  assertEquals(some.code, 1);
  assertEquals(some.stdout, text.stdout);
  assertMatch(some.stderr, /^avio: \/nowhere\/x\.mp4: .*No such file.*\navio: 1 of 3 files can't be read\n$/);
});

Deno.test("cli: probe of several files ends without an error when its reader has read enough", async () => {
  const script = `avio probe $(yes "$1" | head -n 200) | head -c 10 > /dev/null; exit "\${PIPESTATUS[0]}"`;
  const done = await shell(script, video);
  assertEquals([done.code, done.stderr], [0, ""]);
  const { code, stderr } = await shell('avio probe "$1" "$1" > /dev/full', video);
  assertEquals([code, stderr], [1, "avio: No space left on device\n"]);
});

Deno.test("cli: -n does not overwrite a file, -y does", async () => {
  using folder = temporaryFolder();
  const out = folder.path("a.mkv");
  const remux = (...flags: string[]) => avio("remux", video, out, "-q", ...flags);
  assertEquals(await remux("-n"), { code: 0, stdout: "", stderr: "" });
  const { size, mtime } = Deno.statSync(out);
  const refused = await remux("-n");
  assertEquals([refused.code, refused.stderr], [
    1,
    `avio: ${out} already exists, and -n does not overwrite it\n`,
  ]);
  assertEquals([Deno.statSync(out).size, Deno.statSync(out).mtime], [size, mtime]);
  assertEquals((await remux("-y")).code, 0);
  const both = await remux("-y", "-n");
  assertEquals([both.code, both.stderr.split("\n")[0]], [2, "avio: -n can't be combined with -y"]);
  const split = () => avio("split", video, folder.path("%d.mkv"), "--count", "2", "-n", "-q");
  assertEquals((await split()).code, 0);
  const again = await split();
  assertEquals(again.code, 1);
  assertStringIncludes(again.stderr, `${folder.path("0.mkv")} already exists, and -n does not overwrite it`);
});

Deno.test("cli: a file extension given as format is an error that names FFmpeg's format", async () => {
  const names = { mkv: "matroska", ts: "mpegts", m4a: "ipod", m3u8: "hls" };
  const outcomes = await Promise.all(
    Object.entries(names).map(async ([given, name]) =>
      [name, await avio("remux", video, "-", "-f", given)] as const
    ),
  );
  for (const [name, { code, stderr }] of outcomes) {
    assertEquals(code, 2);
    assertStringIncludes(stderr, `; FFmpeg calls it ${name}: -f ${name}\n`);
  }
});

Deno.test("cli: formats that are text may be written to a terminal, other formats not", async () => {
  const onTerminal = (format: string) =>
    shell(`script -qec "$DENO run -A cli.ts remux $1 - -q -f ${format}" /dev/null </dev/null`, video);
  const [text, media] = await Promise.all([onTerminal("md5"), onTerminal("matroska")]);
  assertMatch(text.stdout, /MD5=[0-9a-f]{32}/);
  assertStringIncludes(media.stdout, "stdout is a terminal");
});

Deno.test("cli: help TOPIC explains commands and what they have in common", async () => {
  const [none, again, completions, remux, remuxHelp, streams, codes, unknown] = await Promise.all([
    avio("help"),
    avio("help", "--help"),
    avio("completions", "--help"),
    avio("help", "remux"),
    avio("remux", "--help"),
    avio("help", "streams"),
    avio("help", "exit-codes"),
    avio("help", "everything"),
  ]);
  assertStringIncludes(none.stdout, "Usage: avio COMMAND");
  assertEquals(again, none);
  assertStringIncludes(completions.stdout, "avio completions zsh >");
  assertEquals(remux, remuxHelp);
  assertStringIncludes(streams.stdout, "--only TYPE");
  assertStringIncludes(codes.stdout, "2  wrong usage");
  assertEquals(unknown.code, 2);
  assertStringIncludes(unknown.stderr, "Unknown topic 'everything'; the topics are probe, packets,");
});

Deno.test("cli: completions are scripts that complete commands and flags", async () => {
  const completed = (words: string, current: number) =>
    shell(`
      source <(avio completions bash)
      COMP_WORDS=(${words}) COMP_CWORD=${current}
      _avio
      echo "\${COMPREPLY[@]}"
    `);
  const [commands, flags, topics, zsh, fish, none] = await Promise.all([
    completed("avio rem", 1),
    completed("avio remux --st", 2),
    completed("avio help str", 2),
    avio("completions", "zsh"),
    avio("completions", "fish"),
    avio("completions", "tcsh"),
  ]);
  assertEquals(commands.stdout, "remux\n");
  const expected = ["--start", "--stream-id", "--stream-metadata", "--streams", "--strict"];
  assertEquals(flags.stdout.trim().split(" "), expected);
  assertEquals(topics.stdout, "streams\n");
  assertMatch(zsh.stdout, /^#compdef avio\n/);
  assertStringIncludes(fish.stdout, `complete -c avio -n "__fish_seen_subcommand_from remux" -l start\n`);
  assertEquals([none.code, none.stderr.split("\n")[0]], [
    2,
    "avio: SHELL: must be one of bash, zsh, fish, is 'tcsh'",
  ]);
});

Deno.test("cli: every text of help fits 80 columns", () => {
  for (const [name, text] of Object.entries({ overview, ...help, ...topics })) {
    for (const line of text.split("\n")) assert([...line].length <= 80, `${name}: ${line}`);
  }
});
