/**
 * Chapters as muxers need them, and the track of their titles in mp4 and mov.
 */
import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import {
  type Chapter,
  concatSync,
  Demuxer,
  MemorySink,
  mergeSync,
  Muxer,
  probeSync,
  remuxSync,
  splitSync,
} from "@avio/avio";
import { element } from "./support/crafted.ts";
import { fixturePath } from "./support/fixtures.ts";
import { joined, number } from "./support/pieces.ts";
import { isEmbedded } from "./support/versions.ts";

const video = fixturePath("video.mp4");

/** Chapters from their start, end and title. */
function chapters(...rows: [start: number, end: number, title?: string][]): Chapter[] {
  return rows.map(([start, end, title], index) => ({
    id: index + 1,
    start,
    end,
    metadata: title === undefined ? {} : { title },
  }));
}

function film(format: string, list: Chapter[]): Uint8Array {
  const sink = new MemorySink();
  remuxSync(video, sink, { format, chapters: list });
  return sink.bytes();
}

function read(source: Uint8Array): [number, number, string | undefined][] {
  return probeSync(source).chapters.map(({ start, end, metadata }) => [start, end, metadata.title]);
}

for (const format of ["mp4", "mov", "matroska"]) {
  Deno.test(`Chapters in any order are written in the order of their times, in ${format}`, () => {
    const list = chapters([2, 3, "Three"], [0, 1, "One"], [1, 2, "Two"]);
    const expected = [[0, 1, "One"], [1, 2, "Two"], [2, 3, "Three"]];
    assertEquals(read(film(format, list)) as unknown[], expected);
    const sink = new MemorySink();
    mergeSync([video], sink, { format, chapters: list });
    assertEquals(read(sink.bytes()) as unknown[], expected);
    const own = new MemorySink();
    using demuxer = Demuxer.openSync(video);
    using muxer = Muxer.openSync(own, { format });
    for (const stream of demuxer.streams) muxer.addStream(stream);
    muxer.addChapters(list.slice(0, 1));
    muxer.addChapters(list.slice(1));
    for (const packet of demuxer.packetsSync()) muxer.writeSync(packet);
    muxer.finishSync();
    assertEquals(read(own.bytes()) as unknown[], expected);
  });
}

for (const format of ["mp4", "mov"]) {
  Deno.test(`The first chapter begins with the media, and a chapter needs no title, in ${format}`, () => {
    assertEquals(read(film(format, chapters([1, 2, "One"]))), [[0, 2, "One"]]);
    const list = chapters([0, 1], [1, 2, "Two"], [2, 3]);
    assertEquals(read(film(format, list)), [[0, 1, ""], [1, 2, "Two"], [2, 3, ""]]);
  });

  Deno.test(`The chapters of pieces whose times go on are where they were, in ${format}`, () => {
    const source = film("mp4", chapters([0, 1.4, "One"], [1.4, 3, "Two"]));
    const sinks: MemorySink[] = [];
    const onsegment = (index: number) => sinks[index] = new MemorySink();
    splitSync(source, { format, every: 1, resetTimestamps: false, onsegment });
    const last = read(sinks[2]!.bytes());
    assertEquals(last.map(([, , title]) => title), ["Two"]);
    assertAlmostEquals(last[0]![1], 3, 0.1);
    const whole = new MemorySink();
    concatSync(sinks.map((sink) => sink.bytes()), whole, { format });
    const joined = read(whole.bytes());
    assertEquals(joined.map(([, , title]) => title), ["One", "Two"]);
    assertAlmostEquals(joined[1]![0], 1.4, 0.1);
    assertAlmostEquals(joined[1]![1], 3, 0.1);
  });

  Deno.test(`The track of titles is no stream to copy, in ${format}`, () => {
    const source = film(format, chapters([0, 1.2, "One"], [1.2, 3, "A title that is longer"]));
    const { streams } = probeSync(source);
    assertEquals(streams.map(({ type }) => type), ["video", "audio", "data"]);
    const copy = new MemorySink();
    const result = remuxSync(source, copy, { format, streams: (_, canHold) => canHold });
    assertEquals(result.streams.map(({ inputIndex }) => inputIndex), [0, 1]);
    assertEquals(result.skippedStreams, [2]);
    assertEquals(result.warnings, []);
    assertEquals(read(copy.bytes()), read(source));
    const sinks: MemorySink[] = [];
    const onsegment = (index: number) => sinks[index] = new MemorySink();
    splitSync(source, { format, every: 1, onsegment });
    assertEquals(sinks.map((sink) => read(sink.bytes()).length), [1, 2, 1]);
    const whole = new MemorySink();
    const { warnings } = concatSync(sinks.map((sink) => sink.bytes()), whole, { format });
    assertEquals(warnings, []);
    assertEquals(read(whole.bytes()).map(([, , title]) => title), ["One", "A title that is longer"]);
  });
}

Deno.test("concat: chapters that only a later source has are kept, and their track is not missed", () => {
  const bare = film("mp4", []);
  const sink = new MemorySink();
  const sources = [bare, film("mp4", chapters([0, 1, "One"], [1, 3, "Two"]))];
  assertEquals(concatSync(sources, sink, { format: "mp4" }).warnings, []);
  assertEquals(read(sink.bytes()).map(([, , title]) => title), ["One", "Two"]);
});

Deno.test("More chapters than Ogg has room for as tags are left out with a warning, and are no lack of memory", () => {
  const sink = new MemorySink();
  const list = chapters(
    ...Array.from({ length: 900 }, (_, i) => [i, i + 1, `chapter ${i}`] as [number, number, string]),
  );
  const { warnings } = remuxSync(fixturePath("audio.flac"), sink, { format: "ogg", chapters: list });
  const kept = probeSync(sink.bytes()).chapters;
  assertEquals(kept.map(({ start }) => start), Array.from(kept, (_, i) => i));
  if (kept.length === list.length) return; // the system's libavformat takes any number
  assertEquals(kept.length >= 440 && kept.length < 500, true);
  assertEquals(warnings.map(({ count }) => count), [list.length - kept.length]);
});

/** An mp3 that states an encoder's delay of 1105 samples, behind which it begins; with chapters. */
function song(list: Chapter[]): Uint8Array {
  const sink = new MemorySink();
  remuxSync(fixturePath("audio.mp3"), sink, { format: "mp3", chapters: list });
  return sink.bytes().slice();
}

const startsOf = (source: Uint8Array) => probeSync(source).chapters.map(({ start }) => start);

Deno.test("Chapters of an mp3, which begins behind its encoder's delay, stay where they are with each remux", () => {
  let source = song(chapters([0, 1, "One"], [1, 2.5, "Two"]));
  const delay = probeSync(source).startTime!;
  assert(delay > 0.02 && delay < 0.03);
  for (const format of ["matroska", "mp4", "nut"]) {
    const sink = new MemorySink();
    remuxSync(source, sink, { format });
    assertEquals(startsOf(sink.bytes()), [0, 1], format);
    const merged = new MemorySink();
    mergeSync([source], merged, { format });
    assertEquals(startsOf(merged.bytes()), [0, 1], `merge, ${format}`);
    remuxSync(sink.bytes(), sink, { format });
    assertEquals(startsOf(sink.bytes()), [0, 1], `${format} again`);
  }
  for (const timestamps of ["zero", "keep", "zero"] as const) {
    const sink = new MemorySink();
    remuxSync(source, sink, { format: "mp3", timestamps });
    source = sink.bytes().slice();
    assertEquals(startsOf(source), [0, 1], timestamps);
  }
  const sink = new MemorySink();
  concatSync([source, source], sink, { format: "matroska" });
  const [, second, third, fourth] = startsOf(sink.bytes());
  assertEquals(second, 1);
  assertAlmostEquals(fourth! - third!, 1, 0.001);
  assertAlmostEquals(third!, probeSync(source).duration!, 0.03);
});

for (const format of ["nut", "asf", "matroska"]) {
  Deno.test(`Chapters stay where they are where the muxer of ${format} moves packets before 0`, () => {
    let source = film(format, chapters([0, 1, "One"], [1, 3, "Two"]));
    for (let times = 0; times < 3; times++) {
      const sink = new MemorySink();
      remuxSync(source, sink, { format });
      source = sink.bytes().slice();
      assertEquals(startsOf(source), [0, 1]);
    }
  });
}

Deno.test("Chapters of Opus in Matroska stay where they are", () => {
  const sink = new MemorySink();
  remuxSync(fixturePath("video.webm"), sink, {
    format: "webm",
    chapters: chapters([0, 1, "One"], [1, 2, "Two"]),
  });
  const again = new MemorySink();
  remuxSync(sink.bytes(), again, { format: "webm" });
  assertEquals(startsOf(again.bytes()), startsOf(sink.bytes()));
});

/** Matroska with such editions; the chapters' starts are seconds. */
function withEditions(...editions: { isDefault?: boolean; starts: number[] }[]): Uint8Array {
  const text = (value: string) => new TextEncoder().encode(value);
  let uid = 0;
  const chapter = (start: number) =>
    element(
      "b6",
      element("73c4", [++uid]),
      element("91", number(start * 1e9, 8)),
      element("80", element("85", text(`${uid}: ${start}`))),
    );
  const entries = editions.map(({ isDefault, starts }) =>
    element("45b9", element("45db", [isDefault ? 1 : 0]), ...starts.map(chapter))
  );
  const track = element(
    "ae",
    element("d7", [1]),
    element("73c5", [1]),
    element("83", [17]),
    element("86", text("S_TEXT/UTF8")),
  );
  return joined(
    element("1a45dfa3", element("4282", text("matroska"))),
    element(
      "18538067",
      element("1549a966", element("2ad7b1", [0x0f, 0x42, 0x40]), element("4489", [0x46, 0x1c, 0x40, 0])), // 10 s
      element("1043a770", ...entries),
      element("1654ae6b", track),
      element("1f43b675", element("e7", [0]), element("a3", [0x81, 0, 0, 0x80], text("Words"))),
    ),
  );
}

Deno.test({
  name: "Chapters of Matroska may be in any order; those of further editions are left out",
  ignore: !isEmbedded,
  fn() {
    const titles = (...editions: Parameters<typeof withEditions>) =>
      read(withEditions(...editions)).map(([, , title]) => title);
    const once = ["1: 0", "2: 2", "3: 4"];
    assertEquals(titles({ starts: [0, 2, 4] }), once);
    assertEquals(titles({ starts: [4, 0, 2] }), ["2: 0", "3: 2", "1: 4"]);
    assertEquals(titles({ starts: [0, 2, 2, 0] }), ["1: 0", "4: 0", "2: 2", "3: 2"]);
    for (const isDefault of [false, true]) {
      assertEquals(titles({ isDefault, starts: [0, 2, 4] }, { isDefault, starts: [0, 1, 5, 6] }), once);
    }
    assertEquals(titles({ starts: [] }, { starts: [3, 2] }), ["2: 2", "1: 3"]);
    assertEquals(titles({ starts: [0, 5] }, { isDefault: true, starts: [0, 3] }), ["3: 0", "4: 3"]);
    assertEquals(read(withEditions({ starts: [4, 0] })).map(([start, end]) => [start, end]), [[0, 4], [
      4,
      10,
    ]]);
  },
});
