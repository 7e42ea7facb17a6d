/**
 * The option `formats`: which demuxers may be tried, for a source and for files that it names.
 */
import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import {
  AVError,
  concatSync,
  Demuxer,
  type DemuxerOptions,
  fromMap,
  inputFormats,
  MemorySink,
  probe,
  probeSync,
  remuxSync,
  uploadFormats,
} from "@avio/avio";
import { avio } from "./support/cli.ts";
import { fixtureBytes, fixturePath, mediaFixtures } from "./support/fixtures.ts";
import { bytesOf, filesOf, hashes, NAMES, playlist, tsHashes, tsSegments } from "./support/many_files.ts";
import { rowsOf } from "./support/packets.ts";
import { isEmbedded } from "./support/versions.ts";

/** Checks that it can't be opened, in both APIs, since its format or a nested one is not allowed. */
async function assertRefused(
  source: Uint8Array<ArrayBuffer> | string,
  options: DemuxerOptions,
): Promise<void> {
  const check = (error: AVError) => assertEquals(error.codeName, "DEMUXER_NOT_FOUND", error.message);
  check(assertThrows(() => probeSync(source, options), AVError, "not among the formats that may be tried"));
  check(
    await assertRejects(() => probe(source, options), AVError, "not among the formats that may be tried"),
  );
}

Deno.test("formats: an allowed format is read, by any of its names", async () => {
  for (const formats of [["mov"], ["mp4"], ["MP4", "wav"], ["mj2", "matroska"]]) {
    assertEquals(probeSync(fixturePath("video.mp4"), { formats }).streams.length, 2);
    assertEquals((await probe(fixturePath("video.mp4"), { formats })).streams.length, 2);
    assertEquals(probeSync(fixturePath("video.mp4"), { formats, format: "mov" }).streams.length, 2);
  }
});

Deno.test("formats: other formats are refused, and the error names the format", async () => {
  await assertRefused(fixturePath("video.mkv"), { formats: ["mov"] });
  await assertRefused(playlist(), { formats: ["mpegts"], onopen: fromMap(tsSegments()) });
  assertThrows(() => probeSync(playlist(), { formats: ["mpegts"] }), AVError, "(hls: not among");
});

Deno.test("formats: applies to files of a playlist, too", async () => {
  const onopen = fromMap(tsSegments());
  assertEquals(hashes(rowsOf(playlist(), { onopen, formats: ["hls", "mpegts"] })), tsHashes());
  const error = await assertRejects(() => probe(playlist(), { onopen, formats: ["hls", "mov"] }), AVError);
  assert(error.log.some((line) => line.includes("not among the formats")), JSON.stringify(error.log));
  const mp4 = filesOf(fixturePath("video.mp4"), {
    format: "hls",
    url: "index.m3u8",
    options: { hls_segment_type: "fmp4" },
  });
  const inside = { onopen: fromMap(mp4) };
  probeSync(mp4.get("index.m3u8")!, { ...inside, formats: ["hls", "mov"] });
  assertThrows(() => probeSync(mp4.get("index.m3u8")!, { ...inside, formats: ["hls", "mpegts"] }), AVError);
});

Deno.test("formats: applies to manifests and scripts, too", { ignore: !isEmbedded }, async () => {
  const dash = filesOf(fixturePath("video.mp4"), { format: "dash", url: "index.mpd" });
  const manifest = dash.get("index.mpd")!, onopen = fromMap(dash);
  assertEquals(probeSync(manifest, { onopen, formats: ["dash", "mov"] }).streams.length, 2);
  assertThrows(() => probeSync(manifest, { onopen, formats: ["dash", "mpegts"] }), AVError);
  const script = bytesOf(`ffconcat version 1.0\nfile ${NAMES[0]}\n`);
  const files = { onopen: fromMap(tsSegments()) };
  probeSync(script, { ...files, formats: ["concat", "mpegts"] });
  const error = await assertRejects(() => probe(script, { ...files, formats: ["concat", "mov"] }), AVError);
  assert(error.log.some((line) => line.includes("not among the formats")), JSON.stringify(error.log));
});

Deno.test("formats: unknown names are RangeErrors, and so is a `format` that isn't in the list", async () => {
  const cases: [unknown, string, string][] = [
    [["mov", "nope"], "formats", "there is no input format 'nope'"],
    [["mov,mp4"], "formats", "there is no input format 'mov,mp4'"],
    [[], "formats", "must not be empty"],
  ];
  for (const [formats, argument, message] of cases) {
    const options = { formats } as DemuxerOptions;
    const thrown = [
      assertThrows(() => Demuxer.openSync("none", options), RangeError, message),
      assertThrows(() => probeSync("none", options), RangeError, message),
      await assertRejects(() => probe("none", options), RangeError, message),
    ];
    for (const error of thrown) assertEquals((error as { argument?: string }).argument, argument);
    const error = assertThrows(
      () => remuxSync("none", new MemorySink(), { format: "wav", input: options }),
      RangeError,
    );
    assertEquals((error as { argument?: string }).argument, `input.${argument}`);
  }
  const other = assertThrows(
    () => probeSync("none", { formats: ["mov"], format: "wav" }),
    RangeError,
    "'wav'",
  );
  assertEquals((other as { argument?: string }).argument, "format");
  for (const wrong of ["mov", [1], {}, null]) {
    assertThrows(
      () => probeSync("none", { formats: wrong } as unknown as DemuxerOptions),
      TypeError,
      "formats",
    );
  }
  assertThrows(
    () => probeSync("none", { formats: ["mov"], options: { format_whitelist: "wav" } }),
    TypeError,
  );
});

Deno.test("formats: the list of one source does not apply to the next", () => {
  const wav = fixtureBytes("audio.wav");
  const sink = new MemorySink();
  const options = { formats: ["wav"], format: "wav" };
  const sources = [{ source: wav, input: options }, fixturePath("audio.flac")];
  assertThrows(() => concatSync(sources, sink, { format: "matroska" }), Error, "flac"); // another codec, not: no wav
});

Deno.test("uploadFormats: every build has all of them, and none opens other files", () => {
  const known = new Map(
    inputFormats().flatMap((format) => format.name.split(",").map((name) => [name, format])),
  );
  for (const name of uploadFormats) {
    assert(known.has(name), name);
    assert(!known.get(name)!.flags.includes("opensFiles"), name);
  }
  for (
    const name of [
      "hls",
      "dash",
      "concat",
      "imf",
      "image2",
      "sdp",
      "vobsub",
      "mlv",
      "ffmetadata",
      "webm_dash_manifest",
    ]
  ) {
    assert(!uploadFormats.includes(name), name);
  }
  for (const file of mediaFixtures) {
    assert(probeSync(fixturePath(file), { formats: uploadFormats }).streams.length > 0, file);
  }
});

Deno.test("cli: --formats", async () => {
  assertEquals((await avio("probe", "--formats", "upload", fixturePath("video.mp4"))).code, 0);
  const refused = await avio("probe", "--formats", "wav,mp3", fixturePath("video.mp4"));
  assertEquals(refused.code, 1);
  assert(refused.stderr.includes("not among the formats that may be tried"), refused.stderr);
  const wrong = await avio("probe", "--formats=nope", fixturePath("video.mp4"));
  assertEquals([wrong.code, wrong.stderr.split("\n")[0]], [
    2,
    "avio: --formats: there is no input format 'nope'",
  ]);
});

Deno.test("uploadFormats: a lean library (--formats=upload) is built with the same", () => {
  const script = Deno.readTextFileSync(new URL("../scripts/build/formats.sh", import.meta.url));
  const names = /UPLOAD_DEMUXERS='([^']*)'/.exec(script)![1]!.split(/\s+/);
  // FFmpeg's configure has other names for some of them.
  const built = names.map((name) => name === "mpegps" ? "mpeg" : name.replace(/^image_/, ""));
  assertEquals(built.toSorted(), uploadFormats.toSorted());
});
