/**
 * Warnings: losses and changes that do not end an operation, in results, in `onwarning`, and with `strict`.
 */
import {
  assert,
  assertEquals,
  assertGreater,
  assertMatch,
  assertRejects,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import {
  concatSync,
  Demuxer,
  fromMap,
  MemorySink,
  mergeSync,
  Muxer,
  outputFormats,
  Packet,
  probe,
  probeSync,
  remux,
  type RemuxOptions,
  RemuxStream,
  remuxSync,
  splitSync,
  StrictError,
  type Warning,
} from "@avio/avio";
import { avio } from "./support/cli.ts";
import { fixtureBytes, fixturePath, formatOf, mediaFixtures } from "./support/fixtures.ts";
import { isEmbedded } from "./support/versions.ts";

/** Kind, source, stream and count of each. */
const brief = (warnings: readonly Warning[]) =>
  warnings.map(({ kind, source, stream, count }) => [kind, source, stream, count] as const);

const kindsOf = (warnings: readonly Warning[]) => [...new Set(warnings.map(({ kind }) => kind))];

/** Outputs that are no media, and have neither chapters nor a warning. */
const NO_MEDIA = /crc|hash|md5|null|mkvtimestamp/;

/** The number of chapters; 0 if avio can't read the bytes. */
function chaptersOf(bytes: Uint8Array): number {
  try {
    return probeSync(bytes).chapters.length;
  } catch {
    return 0;
  }
}

const cutOff = (name: string, share = 0.7) =>
  fixtureBytes(name).subarray(0, Math.floor(fixtureBytes(name).length * share));

Deno.test("remux() warns of encrypted packets, which nothing can decrypt afterwards", async () => {
  const key = "76a6c65c5ea762046bd749a2e632ccbb";
  const args = [
    "-v",
    "error",
    "-i",
    fixturePath("video.mp4"),
    "-c",
    "copy",
    "-encryption_scheme",
    "cenc-aes-ctr",
  ];
  const keys = ["-encryption_key", key, "-encryption_kid", "a7e61c373e219033c21091fa607bf3b8"];
  const path = Deno.makeTempFileSync({ suffix: ".mp4" });
  try {
    const command = new Deno.Command("ffmpeg", { args: [...args, ...keys, "-y", path] });
    assert((await command.output()).success);
    const bytes = Deno.readFileSync(path);
    for (const format of ["mp4", "matroska"]) {
      const { warnings, streams } = await remux(bytes, new MemorySink(), { format });
      assertEquals(warnings.map(({ kind }) => kind), streams.map(() => "dropped"), format);
      assertMatch(warnings[0]!.message, /encrypted/);
      const decrypted = { format, input: { options: { decryption_key: key } } };
      assertEquals(remuxSync(bytes, new MemorySink(), decrypted).warnings, []);
      assertThrows(
        () => remuxSync(bytes, new MemorySink(), { format, strict: true }),
        StrictError,
        "encrypted",
      );
    }
  } finally {
    Deno.removeSync(path);
  }
});

Deno.test("Complete manifests and playlists have no warnings, and no error with strict", () => {
  for (const format of ["dash", "hls"]) {
    for (const name of ["video.mp4", "video.ts"]) {
      const options = { format, url: "out.mpd", onopen: () => new MemorySink(), strict: true } as const;
      assertEquals(
        remuxSync(fixtureBytes(name), new MemorySink(), options).warnings,
        [],
        `${name} to ${format}`,
      );
    }
  }
});

Deno.test("Complete sources have no warnings, in every format", () => {
  for (const name of mediaFixtures) {
    const bytes = fixtureBytes(name);
    assertEquals(probeSync(bytes).warnings, [], name);
    using demuxer = Demuxer.openSync(bytes);
    for (const _ of demuxer.packetsSync());
    assertEquals(demuxer.warnings, [], name);
    const { warnings } = remuxSync(bytes, new MemorySink(), { format: formatOf(name), strict: true });
    assertEquals(warnings, [], name);
  }
});

Deno.test("A source that ends too early is `truncated`: in the result, for onwarning, and an error with strict", async () => {
  // FLAC and mp3 without a Xing header don't state their length; Ogg and MPEG-TS state that of pages and packets.
  for (
    const name of [
      "faststart.mp4",
      "fragmented.mp4",
      "video.mkv",
      "video.webm",
      "video.flv",
      "video.avi",
      "audio.wav",
      ...(isEmbedded ? ["audio.ogg", "video.ts"] : []),
    ]
  ) {
    const bytes = cutOff(name);
    const reported: Warning[] = [];
    const options = { format: "matroska", onwarning: (warning: Warning) => void reported.push(warning) };
    const { warnings } = remuxSync(bytes, new MemorySink(), options);
    assert(kindsOf(warnings).includes("truncated"), `${name}: ${JSON.stringify(warnings)}`);
    assertEquals(reported.map(({ message }) => message), warnings.map(({ message }) => message), name);
    assertEquals((await remux(bytes, new MemorySink(), { format: "matroska" })).warnings, warnings, name);
    for (const strict of [{ strict: true }, { input: { strict: true } }]) {
      const error = assertThrows(
        () => remuxSync(bytes, new MemorySink(), { format: "matroska", ...strict }),
        StrictError,
      );
      assert(["truncated", "damaged"].includes(error.warning.kind), name);
      await assertRejects(
        () => remux(bytes, new MemorySink(), { format: "matroska", ...strict }),
        StrictError,
      );
    }
  }
});

Deno.test("A warning has avio's message, and FFmpeg's log line", () => {
  const { warnings } = remuxSync(cutOff("video.mkv"), new MemorySink(), { format: "matroska" });
  const [{ message, log, source, stream }] = warnings as [Warning];
  assertEquals([message, source, stream], [
    "the source ends too early: it is cut off, or not written to its end",
    0,
    null,
  ]);
  assertMatch(log!, /^File ended prematurely/);
});

Deno.test("probe detects that an mp4 with its index at the front is truncated", async () => {
  const bytes = cutOff("faststart.mp4");
  const { warnings } = probeSync(bytes);
  const truncated = warnings.filter(({ kind, stream }) => kind === "truncated" && stream !== null);
  assertEquals(truncated.map(({ stream }) => stream), [0, 1]);
  assert(truncated.every(({ count }) => count > 1));
  assertEquals((await probe(bytes)).warnings, warnings);
  assertThrows(() => probeSync(bytes, { strict: true }), StrictError);
});

Deno.test("Demuxer: warnings are reported with the packets, and strict ends it after them", async () => {
  const bytes = cutOff("video.mkv");
  const reported: string[] = [];
  using demuxer = Demuxer.openSync(bytes, { onwarning: ({ kind }) => reported.push(kind) });
  assertEquals(reported, []);
  const packets = [...demuxer.packetsSync()].length;
  assertEquals(reported, ["truncated"]);
  assertEquals(kindsOf(demuxer.warnings), ["truncated"]);
  await using strict = await Demuxer.open(bytes, { strict: true });
  let count = 0;
  const error = await assertRejects(async () => {
    for await (const _ of strict) count++;
  }, StrictError);
  assertEquals([error.warning.kind, count], ["truncated", packets]);
  assert(strict.closed);
});

Deno.test("Errors after which a demuxer continues are `damaged`", () => {
  const bytes = fixtureBytes("audio.ogg").slice();
  bytes[bytes.length - 1000]! ^= 0xff; // a page's checksum is wrong
  const { warnings } = remuxSync(bytes, new MemorySink(), { format: "ogg" });
  assertEquals(kindsOf(warnings), ["damaged"]);
  assertMatch(warnings[0]!.log!, /CRC mismatch/);
  assertThrows(() => remuxSync(bytes, new MemorySink(), { format: "ogg", strict: true }), StrictError);
});

Deno.test("Times that do not increase are corrected and counted", () => {
  let count = 0;
  const { warnings } = remuxSync(fixtureBytes("audio.mp3"), new MemorySink(), {
    format: "matroska",
    transform: (packet) =>
      ++count === 10 || count === 11
        ? new Packet({ streamIndex: 0, data: packet.data, pts: 0, dts: 0 })
        : packet,
  });
  assertEquals(brief(warnings), [["corrected", 0, 0, 2]]);
});

Deno.test("Times of MPEG-TS that jump are corrected", () => {
  const twice = new Uint8Array(2 * fixtureBytes("video.ts").length);
  twice.set(fixtureBytes("video.ts"));
  twice.set(fixtureBytes("video.ts"), fixtureBytes("video.ts").length);
  const { warnings } = remuxSync(twice, new MemorySink(), { format: "matroska" });
  assert(kindsOf(warnings).includes("corrected"), JSON.stringify(warnings));
});

Deno.test("Packets before the first key frame are dropped and counted", () => {
  const sink = new MemorySink();
  using source = Demuxer.openSync(fixturePath("video.mp4"));
  const packets = [...source.packetsSync({ streams: [0] })];
  const muxer = Muxer.openSync(sink, { format: "matroska" });
  muxer.addStream(source.streams[0]!);
  for (const packet of packets.slice(1)) muxer.writeSync({ ...packet, streamIndex: 0 });
  muxer.finishSync();
  const second = packets.findIndex(({ isKey }, index) => index > 0 && isKey);
  const { warnings } = remuxSync(sink.bytes(), new MemorySink(), { format: "mp4" });
  const dropped = warnings.filter(({ kind }) => kind === "dropped");
  assertEquals(brief(dropped), [["dropped", 0, 0, second - 1]]);
});

Deno.test("A stream that the format can't hold is skipped with a warning, one that was not selected without", () => {
  const options: RemuxOptions = { format: "mp4" };
  const { warnings, skippedStreams } = remuxSync(fixtureBytes("subtitles.mkv"), new MemorySink(), options);
  const skipped = warnings.filter(({ kind }) => kind === "skipped");
  assertEquals(skipped.map(({ stream }) => stream), skippedStreams);
  assert(skipped.length > 0);
  assertMatch(skipped[0]!.message, /^stream \d: \w+ \([\w ]+\) is left out: mp4 can't hold it$/);
  assertThrows(
    () => remuxSync(fixtureBytes("subtitles.mkv"), new MemorySink(), { ...options, strict: true }),
    StrictError,
  );
  const chosen = remuxSync(fixtureBytes("subtitles.mkv"), new MemorySink(), { ...options, streams: [0, 1] });
  assertEquals(chosen.warnings.filter(({ kind }) => kind === "skipped"), []);
  const byFunction = remuxSync(fixtureBytes("subtitles.mkv"), new MemorySink(), {
    ...options,
    streams: ({ type }) => type === "audio",
    strict: true,
  });
  assertEquals(byFunction.warnings, []);
});

Deno.test("the chapter track of an mp4 is left out without a warning, since its chapters are kept", () => {
  const book = new MemorySink();
  const chapters = [{ id: 0, start: 0, end: 1, metadata: { title: "one" } }, {
    id: 1,
    start: 1,
    end: 2,
    metadata: { title: "two" },
  }];
  remuxSync(fixtureBytes("video.mp4"), book, { format: "mov", chapters });
  const bytes = book.bytes();
  assertEquals(probeSync(bytes).streams.map(({ type }) => type), ["video", "audio", "data"]);
  const mkv = new MemorySink();
  assertEquals(remuxSync(bytes, mkv, { format: "matroska" }).warnings, []);
  assertEquals(probeSync(mkv.bytes()).chapters.length, 2);
  assertEquals(mergeSync([bytes], new MemorySink(), { format: "matroska" }).warnings, []);
});

Deno.test("Chapters are in the output, or there is a warning: every format", () => {
  const chapters = [0, 0.5].map((start, id) => ({
    id,
    start,
    end: start + 0.5,
    metadata: { title: `${id}` },
  }));
  const sources = [
    "video.mp4",
    "video.webm",
    "audio.flac",
    "audio.mp3",
    "audio.ogg",
    "audio.wav",
    "image.jpeg",
  ];
  const made = new Set<string>();
  for (const { name } of outputFormats()) {
    for (const source of sources) {
      const sink = new MemorySink();
      const options = { format: name, url: "x", onopen: fromMap(new Map()), editChapters: () => chapters };
      let warnings: Warning[];
      try {
        ({ warnings } = remuxSync(fixtureBytes(source), sink, options));
      } catch {
        continue; // the format has none of the source's codecs
      }
      if (warnings.some(({ kind }) => kind === "skipped")) continue; // only a part of the source is kept
      const warned = warnings.some(({ message }) =>
        message === `the chapters are left out: ${name} can't hold them`
      );
      const found = chaptersOf(sink.bytes());
      if (found > 0 || warned) made.add(name);
      assertEquals([name, source, warned], [name, source, found === 0 && !NO_MEDIA.test(name)]);
    }
  }
  assertGreater(made.size, 40);
});

Deno.test("Chapters that MPEG-TS can't hold: merge, split and concat warn, split at chapters and a choice of streams don't", () => {
  const source = new MemorySink();
  const chapters = [0, 1].map((start, id) => ({ id, start, end: start + 1, metadata: {} }));
  remuxSync(fixtureBytes("video.mp4"), source, { format: "matroska", chapters });
  const bytes = source.bytes();
  const messages = ({ warnings }: { warnings: Warning[] }) => warnings.map(({ message }) => message);
  const words = "the chapters are left out: mpegts can't hold them";
  const format = "mpegts", onsegment = () => new MemorySink();
  assertEquals(messages(mergeSync([{ source: bytes }], new MemorySink(), { format })), [words]);
  assertEquals(messages(splitSync(bytes, { format, onsegment, at: [2] })), [words]);
  assertEquals(messages(splitSync(bytes, { format, onsegment, at: "chapters" })), []);
  assertStringIncludes(messages(concatSync([bytes, bytes], new MemorySink(), { format })).join(), words);
  assertEquals(messages(remuxSync(bytes, new MemorySink(), { format, editChapters: () => [] })), []);
  const streams = ({ type }: { type: string }) => type === "audio";
  assertEquals(messages(remuxSync(bytes, new MemorySink(), { format, streams })), []);
});

Deno.test("concat: a cover of only the second source is skipped with a warning", () => {
  const plain = new MemorySink(), covered = fixtureBytes("cover.mp3");
  remuxSync(covered, plain, { format: "mp3", streams: ({ type }) => type === "audio" });
  const { warnings } = concatSync([plain.bytes(), covered], new MemorySink(), { format: "mp3" });
  assertEquals(brief(warnings), [["skipped", 1, 1, 1]]);
  assertMatch(
    warnings[0]!.message,
    /^sources\[1\], stream 1: cover \(\w+\) is left out, as the first source has no stream 1$/,
  );
  assertThrows(
    () => concatSync([plain.bytes(), covered], new MemorySink(), { format: "mp3", strict: true }),
    StrictError,
  );
});

Deno.test("concat and merge: a warning names its source", () => {
  const whole = fixtureBytes("video.mkv"), cut = cutOff("video.mkv");
  const joined = concatSync([whole, cut], new MemorySink(), { format: "matroska" });
  assertEquals(joined.warnings.map(({ kind, source }) => [kind, source]), [["truncated", 1]]);
  const merged = mergeSync(
    [{ source: whole, streams: [0] }, { source: cut, streams: [1] }],
    new MemorySink(),
    { format: "matroska", chapters: [] },
  );
  assertEquals(merged.warnings.map(({ kind, source }) => [kind, source]), [["truncated", 1]]);
  assertMatch(merged.warnings[0]!.message, /^sources\[1\]: the source ends too early/);
});

Deno.test("split and RemuxStream have warnings in their results", async () => {
  const { warnings } = splitSync(cutOff("video.mkv"), {
    format: "matroska",
    every: 1,
    onsegment: () => new MemorySink(),
  });
  assertEquals(kindsOf(warnings), ["truncated"]);
  const stream = new RemuxStream({ format: "matroska" });
  const bytes = new Response(new Blob([cutOff("audio.wav")]).stream().pipeThrough(stream)).bytes();
  assert((await bytes).length > 0);
  assertEquals(kindsOf((await stream.result).warnings).includes("truncated"), true);
});

Deno.test("A missing part of a playlist is a warning, and its exception is thrown with strict", () => {
  const list = "#EXTM3U\n#EXT-X-TARGETDURATION:3\n#EXTINF:3,\na.ts\n#EXTINF:3,\nb.ts\n#EXT-X-ENDLIST\n";
  const onopen = ({ url }: { url: string }) => {
    if (url.endsWith("a.ts")) return fixtureBytes("video.ts");
    return "/no/such/folder/b.ts";
  };
  const input = { format: "hls", url: "list.m3u8", onopen };
  const source = new TextEncoder().encode(list);
  const { warnings } = remuxSync(source, new MemorySink(), { format: "matroska", input });
  assertEquals(kindsOf(warnings), ["missing"]);
  assertMatch(warnings[0]!.log!, /'b\.ts' is missing/);
  assertThrows(
    () => remuxSync(source, new MemorySink(), { format: "matroska", input, strict: true }),
    Deno.errors.NotFound,
  );
});

Deno.test("An exception of onwarning ends the operation", async () => {
  const thrown = new Error("enough");
  const onwarning = () => {
    throw thrown;
  };
  const bytes = cutOff("video.mkv");
  const options = { format: "matroska", onwarning };
  assertEquals(assertThrows(() => remuxSync(bytes, new MemorySink(), options)), thrown);
  assertEquals(await assertRejects(() => remux(bytes, new MemorySink(), options)), thrown);
  assertThrows(() => remuxSync(bytes, new MemorySink(), { onwarning: 1 as never }), TypeError, "onwarning");
  assertThrows(() => remuxSync(bytes, new MemorySink(), { strict: 1 as never }), TypeError, "strict");
});

Deno.test("avio remux: a line for each warning, the log's line with -v, and exit code 3", async () => {
  const folder = Deno.makeTempDirSync();
  try {
    Deno.writeFileSync(`${folder}/cut.mkv`, cutOff("video.mkv"));
    const plain = await avio("remux", `${folder}/cut.mkv`, `${folder}/out.mp4`);
    assertEquals(plain.code, 3);
    assertMatch(plain.stderr, /^warning: the source ends too early: it is cut off/m);
    assert(!plain.stderr.includes("prematurely"));
    const verbose = await avio("remux", "-v", `${folder}/cut.mkv`, `${folder}/out.mp4`);
    assertMatch(verbose.stderr, /^ {2}File ended prematurely/m);
    const quiet = await avio("remux", "-q", `${folder}/cut.mkv`, `${folder}/out.mp4`);
    assertEquals(quiet.stderr.trim().split("\n").length, 1);
    const strict = await avio("remux", "--strict", `${folder}/cut.mkv`, `${folder}/out.mp4`);
    assertEquals(strict.code, 1);
    assertMatch(strict.stderr, /^avio: the source ends too early/m);
    const skipping = await avio("remux", fixturePath("subtitles.mkv"), `${folder}/out.mp4`);
    assertEquals(skipping.code, 3);
    const chosen = await avio("remux", fixturePath("subtitles.mkv"), `${folder}/out.mp4`, "--streams", "0,1");
    assertEquals(chosen.code, 0);
    const whole = await avio("remux", fixturePath("video.mkv"), `${folder}/out.mp4`, "--strict");
    assertEquals(whole.code, 0);
    const edited = ["--stream-metadata", "0:title=x", "--strict"];
    assertEquals((await avio("remux", fixturePath("subtitles.mkv"), `${folder}/out.mp4`, ...edited)).code, 1);
    Deno.writeFileSync(`${folder}/cut.mp4`, cutOff("faststart.mp4"));
    const probed = await avio("probe", `${folder}/cut.mp4`);
    assertEquals(probed.code, 0);
    assertMatch(
      probed.stderr,
      /^warning: stream 0: the source is cut off before the last of its packets \(\d+ times\)/m,
    );
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
});

Deno.test("Beyond 1,000 warnings those of a kind share one that counts them", () => {
  const cut = fixtureBytes("audio.wav").subarray(0, 2001); // its last packet is damaged, too
  const kinds = ["damaged", "truncated"] as const;
  const reported: Warning[] = [];
  const onwarning = (warning: Warning) => void reported.push(warning);
  const { warnings } = concatSync(new Array(550).fill(cut), new MemorySink(), { format: "wav", onwarning });
  assertEquals(
    brief(warnings.slice(0, 1000)),
    Array.from({ length: 1000 }, (_, index) => [kinds[index % 2]!, Math.floor(index / 2), 0, 1] as const),
  );
  assertEquals(brief(warnings.slice(1000)), kinds.map((kind) => [kind, 500, null, 50] as const));
  for (const { message } of warnings.slice(1000)) assertMatch(message, /only counted/);
  assertEquals(reported.length, 1002);
});
