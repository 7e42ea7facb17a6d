/**
 * remux(), apart from packets: choosing streams, tags, chapters, progress, results.
 */
import { assert, assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { MemorySink, probeSync, type RemuxOptions, type RemuxProgress, remuxSync } from "@avio/avio";
import { fixtureBytes, fixturePath, mediaFixtures } from "./support/fixtures.ts";
import { hashesByStream, rowsOf } from "./support/packets.ts";
import { remuxed } from "./support/remuxed.ts";

// ------------------------------------------------------------------------------------------- result

Deno.test("remuxSync() returns packets, bytes and duration", () => {
  for (const name of mediaFixtures) {
    const { result } = remuxed(name, { format: "matroska" });
    assertEquals(result.packets, rowsOf(fixturePath(name)).length, name);
    assertEquals(result.skippedStreams, []);
    assertAlmostEquals(result.duration!, name === "audio.wav" ? 1.5 : 3, 0.11, `${name}: ${result.duration}`);
  }
});

Deno.test("remuxSync() keeps the selected streams, and returns the skipped ones", () => {
  const video = remuxed("video.mp4", { format: "matroska", streams: ({ type }) => type === "video" });
  assertEquals(video.result.skippedStreams, [1]);
  assertEquals(probeSync(video.bytes).streams.map(({ type }) => type), ["video"]);
  const audio = remuxed("video.mp4", { format: "adts", streams: ({ index }) => index === 1 });
  assertEquals(audio.result.skippedStreams, [0]);
  assertEquals(probeSync(audio.bytes).streams.map(({ type }) => type), ["audio"]);
  assertThrows(
    () => remuxed("video.mp4", { format: "matroska", streams: () => false }),
    TypeError,
    "streams",
  );
});

Deno.test("remuxSync() skips streams that the format can't hold", () => {
  assertEquals(remuxed("subtitles.mkv", { format: "mp4" }).result.skippedStreams, [2, 3]);
  assertEquals(remuxed("subtitles.mkv", { format: "matroska" }).result.skippedStreams, []);
  assertThrows(() => remuxed("audio.ogg", { format: "flv" }), TypeError, "flv can't hold vorbis");
});

Deno.test("remuxSync() calls `streams` once for each stream, and throws its exception", () => {
  const asked: number[] = [];
  remuxed("subtitles.mkv", { format: "matroska", streams: ({ index }) => asked.push(index) > 0 });
  assertEquals(asked, [0, 1, 2, 3]);
  const reason = new Error("no idea");
  const thrown = assertThrows(() =>
    remuxed("video.mp4", {
      format: "matroska",
      streams() {
        throw reason;
      },
    })
  );
  assertEquals(thrown, reason);
});

Deno.test("remuxSync() returns input index, packets, bytes and duration of each stream", () => {
  const { result, bytes } = remuxed("subtitles.mkv", { format: "matroska", streams: [2, 0, 1] });
  const rows = rowsOf(fixturePath("subtitles.mkv"));
  assertEquals(
    result.streams.map(({ index, inputIndex, packets, bytes }) => [index, inputIndex, packets, bytes]),
    [2, 0, 1].map((inputIndex, index) => {
      const own = rows.filter(({ stream }) => stream === inputIndex);
      return [index, inputIndex, own.length, own.reduce((sum, { size }) => sum + size, 0)];
    }),
  );
  assertEquals(result.skippedStreams, [3]);
  assertEquals(result.packets, result.streams.reduce((sum, { packets }) => sum + packets, 0));
  assertAlmostEquals(result.streams[1]!.duration!, 3, 0.01);
  const [, , attached] = remuxed("subtitles.mkv", { format: "matroska", streams: [0, 1, 3] }).result.streams;
  assertEquals([attached!.packets, attached!.duration], [0, null], "an attachment has no packets");
  assertEquals(probeSync(bytes).streams.map(({ type }) => type), ["subtitle", "video", "audio"]);
});

// ------------------------------------------------------------------------------------------- streams, edited

Deno.test("remuxSync() puts streams in the order of a list, or of `order`", () => {
  const types = (streams: RemuxOptions["streams"]) =>
    probeSync(remuxed("subtitles.mkv", { format: "matroska", streams: streams! }).bytes).streams
      .map(({ type }) => type);
  assertEquals(types([1, 0]), ["audio", "video"]);
  assertEquals(types([2, { index: 1 }, 0]), ["subtitle", "audio", "video"]);
  assertEquals(types(({ type }) => ({ order: type === "video" ? 1 : 0 })), [
    "audio",
    "subtitle",
    "video",
    "attachment", // which are always last in Matroska
  ]);
  const hashes = hashesByStream(rowsOf(fixturePath("video.mp4")));
  const { bytes } = remuxed("video.mp4", { format: "matroska", streams: [1, 0] });
  assertEquals(hashesByStream(rowsOf(bytes)), hashes.toReversed());
});

Deno.test("remuxSync() changes tags and dispositions of a stream, and keeps the others", () => {
  const { bytes } = remuxed("subtitles.mkv", {
    format: "matroska",
    streams: ({ type }) => {
      if (type === "audio") {
        return { metadata: { Language: "fra", title: "Son" }, disposition: ["default", "dub"] };
      }
      return type === "subtitle" ? { metadata: { language: null }, disposition: [] } : true;
    },
  });
  const before = probeSync(fixturePath("subtitles.mkv")).streams;
  const [video, audio, subtitle, attachment] = probeSync(bytes).streams;
  assertEquals(audio!.metadata.language, "fra");
  assertEquals(audio!.metadata.title, "Son");
  assertEquals(audio!.disposition, ["default", "dub"]);
  assert(before[2]!.metadata.language !== undefined);
  assertEquals(subtitle!.metadata.language, undefined);
  assertEquals(subtitle!.disposition, []);
  assertEquals(video!.disposition, before[0]!.disposition);
  assertEquals(attachment!.metadata.filename, before[3]!.metadata.filename);
  const renamed = remuxed("subtitles.mkv", {
    format: "matroska",
    streams: [{ index: 2, metadata: ({ language }) => ({ title: `in ${language}` }) }],
  });
  const { title, language } = probeSync(renamed.bytes).streams[0]!.metadata;
  assertEquals([title, language], [`in ${before[2]!.metadata.language}`, undefined]);
});

Deno.test("remuxSync() changes the fourcc and the id of a stream", () => {
  const tagged = remuxed("video.mp4", { format: "mp4", streams: [{ index: 0, tag: "avc3" }, 1] });
  assertEquals(probeSync(tagged.bytes).streams.map(({ codecParameters: { tag } }) => tag), ["avc3", "mp4a"]);
  const numbered = remuxed("video.mp4", { format: "mpegts", streams: [{ index: 1, id: 0x234 }, 0] });
  assertEquals(probeSync(numbered.bytes).streams.map(({ type, id }) => [type, id]), [["audio", 0x234], [
    "video",
    0x101,
  ]]);
});

Deno.test("remuxSync() refuses invalid streams and changes", () => {
  const cases: [unknown, typeof TypeError | typeof RangeError, string][] = [
    ["video", TypeError, "streams"],
    [[7], RangeError, "streams: there is no stream 7, the input has 2"],
    [[-1], RangeError, "streams[0]"],
    [[0, 0], RangeError, "streams: has stream 0 twice"],
    [[0, { index: 1, nope: 1 }], TypeError, "streams[1].nope: there is no such change"],
    [[0, { index: 1, order: 1 }], TypeError, "streams[1].order: there is no such change"],
    [[null], TypeError, "streams[0]"],
    [[{ index: 0, tag: 5 }], TypeError, "streams[0].tag"],
    [[{ index: 0, tag: "toolong" }], TypeError, "tag"],
    [[{ index: 0, id: 1.5 }], RangeError, "streams[0].id"],
    [[{ index: 0, disposition: ["nope"] }], TypeError, "disposition"],
    [[{ index: 0, disposition: "default" }], TypeError, "streams[0].disposition"],
    [[{ index: 0, metadata: { title: 5 } }], TypeError, "streams[0].metadata.title"],
    [[{ index: 0, metadata: () => ({ title: 5 }) }], TypeError, "streams.metadata.title"],
    [() => ({ nope: 1 }), TypeError, "streams.nope"],
    [() => Promise.resolve(true), TypeError, "streams returned a promise"],
    [[], TypeError, "streams: none is left to write"],
  ];
  for (const [streams, kind, message] of cases) {
    assertThrows(() => remuxed("video.mp4", { format: "mp4", streams: streams as never }), kind, message);
  }
});

// ------------------------------------------------------------------------------------------- tags and chapters

Deno.test("remuxSync() removes tags, and edits chapters in the output's times", () => {
  const tags = (options: RemuxOptions) =>
    probeSync(remuxed("subtitles.mkv", { format: "matroska", ...options }).bytes).metadata;
  assertEquals(Object.keys(tags({ editMetadata: () => ({}) })).filter((name) => !/encoder/i.test(name)), []);
  const without = tags({ metadata: { comment: "c" }, editMetadata: ({ title: _, ...rest }) => rest });
  assertEquals([without.title, without.ARTIST, without.COMMENT], [undefined, "nobody", "c"]);
  assertEquals(
    tags({ metadata: { artist: "me" } }).ARTIST,
    "me",
    "names are the same in upper and lower case",
  );
  const { bytes, result } = remuxed("subtitles.mkv", {
    format: "matroska",
    start: 1,
    editChapters: ([first, ...rest]) => {
      assertEquals(first!.start, 0);
      return [{ ...first!, metadata: { title: "Edited" } }, ...rest];
    },
  });
  assert(result.start < 1);
  assertEquals(probeSync(bytes).chapters.map(({ metadata }) => metadata.title), ["Edited", "Two"]);
  for (const name of ["editMetadata", "editChapters"] as const) {
    assertThrows(() => tags({ [name]: () => 5 as never }), TypeError, name);
    assertThrows(() => tags({ [name]: 5 as never }), TypeError, name);
  }
});

Deno.test("remuxSync() keeps tags, languages, dispositions, chapters and attachments", () => {
  const { bytes } = remuxed("subtitles.mkv", { format: "matroska" });
  const before = probeSync(fixturePath("subtitles.mkv"));
  const after = probeSync(bytes);
  assertEquals(after.metadata.title, "avio test");
  assertEquals(after.metadata.ARTIST, "nobody");
  for (const [i, stream] of before.streams.entries()) {
    assertEquals(after.streams[i]!.type, stream.type);
    assertEquals(after.streams[i]!.disposition, stream.disposition);
    assertEquals(after.streams[i]!.metadata.language, stream.metadata.language);
    assertEquals(after.streams[i]!.codecParameters.extradata, stream.codecParameters.extradata);
  }
  assertEquals(after.streams[3]!.metadata, before.streams[3]!.metadata);
  assertEquals(
    after.chapters.map(({ start, end, metadata }) => [start, end, metadata]),
    before.chapters.map(({ start, end, metadata }) => [start, end, metadata]),
  );
});

Deno.test("remuxSync() adds and replaces tags, and replaces chapters", () => {
  const chapters = [{ id: 7, start: 0.5, end: 2, metadata: { title: "Middle" } }];
  const { bytes } = remuxed("subtitles.mkv", { format: "matroska", metadata: { title: "new" }, chapters });
  const info = probeSync(bytes);
  assertEquals(info.metadata.title, "new");
  assertEquals(info.metadata.ARTIST, "nobody");
  assertEquals(info.chapters.map(({ start, end, metadata }) => [start, end, metadata.title]), [[
    0.5,
    2,
    "Middle",
  ]]);
  assertEquals(probeSync(remuxed("subtitles.mkv", { format: "matroska", chapters: [] }).bytes).chapters, []);
});

Deno.test("remuxSync() moves chapters with a cut", () => {
  const { bytes, result } = remuxed("subtitles.mkv", { format: "matroska", start: 1, end: 2.5 });
  const begin = result.start; // the key frame
  const chapters = probeSync(bytes).chapters.map(({ start, end, metadata }) => [start, end, metadata.title]);
  assertEquals(chapters.length, 2);
  assertEquals(chapters.map(([, , title]) => title), ["One", "Two"]);
  const [one, two] = chapters as [number, number, string][];
  assertAlmostEquals(one![0], 0, 0.03);
  assertAlmostEquals(one![1], 1.2 - begin, 0.03);
  assertAlmostEquals(two![0], 1.2 - begin, 0.03);
  assertAlmostEquals(two![1], 2.5 - begin, 0.03);
});

Deno.test("remuxSync() keeps the tags of a song, wherever its format stores them", () => {
  const tags = { title: "A song", artist: "Somebody", album: "All of them" };
  const kept = (bytes: Uint8Array) => {
    const { metadata, streams } = probeSync(bytes);
    const found = Object.entries({ ...streams[0]!.metadata, ...metadata });
    const values = new Map(found.map(([name, value]) => [name.toLowerCase(), value]));
    return Object.keys(tags).map((name) => values.get(name));
  };
  const ogg = remuxed("audio.ogg", { format: "ogg", metadata: tags }).bytes;
  assertEquals(kept(ogg), Object.values(tags));
  for (const format of ["mp4", "matroska", "ogg"]) {
    const sink = new MemorySink();
    remuxSync(ogg, sink, { format });
    assertEquals(kept(sink.bytes()), Object.values(tags), format);
    if (format !== "ogg") assertEquals(probeSync(sink.bytes()).metadata.title, tags.title, format);
  }
});

Deno.test("remuxSync() keeps languages, in mov those that it has codes for", () => {
  const languages = (format: string, language: string) =>
    probeSync(
      remuxed("video.mp4", { format, streams: [0, 1].map((index) => ({ index, metadata: { language } })) })
        .bytes,
    )
      .streams.map(({ metadata }) => metadata.language);
  for (const [language, ofMov] of [["deu", "ger"], ["fre", "fra"], ["eng", "eng"], ["ger", "ger"]] as const) {
    assertEquals(languages("mov", language), [ofMov, ofMov]);
    assertEquals(languages("mp4", language), [language, language]);
  }
});

Deno.test("remuxSync() leaves out streams that a muxer accepts but does not store: covers in mov, AAC in wav", () => {
  assertEquals(remuxed("cover.mp3", { format: "mov" }).result.skippedStreams, [1]);
  assertEquals(remuxed("cover.mp3", { format: "mp4" }).result.skippedStreams, []);
  for (const format of ["wav", "w64"]) {
    assertThrows(() => remuxed("video.mp4", { format }), TypeError, "can't hold");
    assertEquals(remuxed("audio.wav", { format }).result.skippedStreams, []);
  }
});

Deno.test("remuxSync() keeps the cover of cover.mp3", () => {
  const { bytes } = remuxed("cover.mp3", { format: "mp3" });
  const { streams } = probeSync(bytes);
  assertEquals(streams.map(({ type }) => type), ["audio", "video"]);
  assert(streams[1]!.disposition.includes("attached_pic"));
  assertEquals(hashesByStream(rowsOf(bytes))[1], hashesByStream(rowsOf(fixturePath("image.jpeg")))[0]);
});

Deno.test("remuxSync() keeps a pixel aspect ratio that only the container has", () => {
  const { bytes } = remuxed("anamorphic.webm", { format: "matroska" });
  const before = probeSync(fixturePath("anamorphic.webm")).streams[0]!.codecParameters.sampleAspectRatio;
  const after = probeSync(bytes).streams[0]!.codecParameters.sampleAspectRatio;
  assertAlmostEquals(before.num / before.den, 4 / 3, 0.01);
  assertEquals(after, before);
});

// ------------------------------------------------------------------------------------------- progress

Deno.test("remuxSync() calls onprogress with increasing numbers, the last time at the end", () => {
  for (const name of mediaFixtures) {
    const calls: RemuxProgress[] = [];
    const { result } = remuxed(name, { format: "matroska", onprogress: (progress) => calls.push(progress) });
    assert(calls.length > 0);
    for (const [i, progress] of calls.entries()) {
      const previous = calls[i - 1];
      if (!previous) continue;
      for (const field of ["packets", "bytesRead", "bytesWritten", "time"] as const) {
        assert(
          progress[field] >= previous[field],
          `${name}: ${field} ${previous[field]}, then ${progress[field]}`,
        );
      }
    }
    const last = calls.at(-1)!;
    assertEquals(last.packets, result.packets);
    assertEquals(last.bytesWritten, result.bytesWritten, "the trailer is among them");
    assertEquals(last.time, result.duration!);
    assertEquals(last.remaining, 0);
    assertAlmostEquals(last.rate, last.time / last.elapsed, 1e-9);
    assertEquals(last.duration, probeSync(fixturePath(name)).duration);
  }
});

Deno.test("remuxSync() calls onprogress some ten times a second while a slow source delivers", () => {
  const bytes = fixtureBytes("video.ts");
  let position = 0;
  const calls: RemuxProgress[] = [];
  const onread = (buffer: Uint8Array) => {
    const until = performance.now() + 5;
    while (performance.now() < until);
    const piece = bytes.subarray(position, position + Math.min(buffer.length, 500));
    buffer.set(piece);
    position += piece.length;
    return piece.length;
  };
  remuxSync({ onread }, new MemorySink(), {
    format: "matroska",
    input: { probeSize: 5000, bufferSize: 500 },
    onprogress: (progress) => calls.push(progress),
  });
  assert(calls.length >= 3 && calls.length <= 12, `${calls.length} calls`);
  for (const { time, duration, elapsed, rate, remaining } of calls.slice(0, -1)) {
    assertAlmostEquals(rate, time / elapsed, 1e-9);
    if (duration === null || rate === 0) assertEquals(remaining, null);
    else assertAlmostEquals(remaining!, Math.max(0, duration - time) / rate, 1e-9);
  }
  assert(calls[0]!.bytesRead < calls.at(-1)!.bytesRead);
});
