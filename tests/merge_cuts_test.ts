/**
 * merge with `start`, `end` and delays in every place; chapters that would begin before the output; pieces of Ogg joined
 * again; iterators whose calls overlap.
 */
import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import {
  concatSync,
  Demuxer,
  MemorySink,
  type MergeOptions,
  type MergeSource,
  mergeSync,
  probeSync,
  remuxSync,
  splitSync,
  type Stream,
} from "@avio/avio";
import { fixtureBytes } from "./support/fixtures.ts";

const ALL = { start: 0, end: 3, metadata: { title: "All" } };

function merged(sources: MergeSource[], options: Omit<MergeOptions, "format"> = {}) {
  const sink = new MemorySink();
  const { start } = mergeSync(sources, sink, { format: "matroska", ...options });
  using demuxer = Demuxer.openSync(sink.bytes());
  return {
    start,
    packets: [...demuxer.packetsSync()].map(({ streamIndex, time }) => [streamIndex, time]),
  };
}

const only = (type: string, delay: number) => (stream: Stream) => stream.type === type && { delay };
const film = () => fixtureBytes("video.mp4");

Deno.test("merge cuts at the same places whether a source is delayed, or its streams", () => {
  for (const start of [0.5, 1.5, 2.5]) {
    for (const delay of [-1.2, 0.7]) {
      for (const [first, second] of [["video", "audio"], ["audio", "video"]] as const) {
        const other = { source: film(), streams: only(second, 0) };
        const bySource = merged([{ source: film(), delay, streams: only(first, 0) }, other], {
          start,
          end: start + 1,
        });
        const byStream = merged([{ source: film(), streams: only(first, delay) }, other], {
          start,
          end: start + 1,
        });
        assertEquals(byStream, bySource, `${start} ${delay} ${first}`);
      }
    }
  }
});

Deno.test("merge says where the output begins, also before the first source does", () => {
  const sources = [{ source: film(), delay: -1.25, streams: only("video", 0) }, {
    source: film(),
    streams: only("audio", 0),
  }];
  const { start, packets } = merged(sources, { start: 0.5 });
  assert(Math.abs(start - -0.25) < 0.001, String(start));
  const first = (index: number) => packets.find(([stream]) => stream === index)![1]!;
  assertEquals([first(0), Math.abs(first(1) - 0.25) < 0.03], [0, true]);
});

Deno.test("merge refuses to cut streams of one source with different delays", () => {
  const source = { source: film(), streams: [{ index: 0, delay: 0.5 }, { index: 1 }] };
  for (const options of [{ start: 1 }, { end: 1 }]) {
    const { message } = assertThrows(() => merged([source], options), TypeError);
    assertStringIncludes(message, "sources[0].streams: streams with different delays can't be cut together");
  }
  assert(merged([source]).packets.length > 200);
});

Deno.test("Chapters that begin before the first packet, or by a negative delay, begin with the output", () => {
  const song = new MemorySink();
  remuxSync(fixtureBytes("audio.mp3"), song, { format: "mp3", chapters: [{ id: 0, ...ALL }] });
  for (const format of ["matroska", "mp3"]) { // in mp4 the first one begins at 0
    for (const delay of [0, -0.5, 0.5]) {
      const sink = new MemorySink();
      mergeSync([{ source: song.bytes(), delay, streams: [0] }], sink, { format });
      const [chapter] = probeSync(sink.bytes()).chapters;
      assertEquals([format, delay, chapter?.metadata.title], [format, delay, "All"]);
      assert(
        chapter!.start >= 0 && Math.abs(chapter!.start - Math.max(0, delay)) < 0.03,
        `${format} ${delay} ${chapter!.start}`,
      );
    }
  }
  const early = [{ id: 0, start: 0, end: 0.5, metadata: { title: "A" } }, {
    id: 1,
    start: 0.5,
    end: 2,
    metadata: { title: "B" },
  }];
  const film = new MemorySink();
  remuxSync(fixtureBytes("video.mp4"), film, { format: "mp4", chapters: early });
  const sink = new MemorySink();
  mergeSync([{ source: film.bytes(), delay: -1 }], sink, { format: "matroska" });
  assertEquals(probeSync(sink.bytes()).chapters.map(({ start, metadata }) => [start, metadata.title]), [[
    0,
    "B",
  ]]);
});

Deno.test("Pieces of Ogg are joined to one file whose times go on", () => {
  const parts: MemorySink[] = [];
  splitSync(fixtureBytes("audio.ogg"), {
    format: "ogg",
    every: 0.5,
    onsegment: () => parts[parts.push(new MemorySink()) - 1]!,
  });
  assert(parts.length > 3);
  const sink = new MemorySink();
  const { packets, duration } = concatSync(parts.map((part) => part.bytes()), sink, { format: "ogg" });
  using demuxer = Demuxer.openSync(sink.bytes());
  const times = [...demuxer.packetsSync()].map(({ time }) => time!);
  assertEquals(times.length, packets);
  assert(Math.abs(times.at(-1)! - duration!) < 0.1, `${times.at(-1)} ${duration}`);
  const pages = new TextDecoder("latin1").decode(sink.bytes()).split("OggS\0");
  assertEquals(pages.filter((page) => page.charCodeAt(0) === 2).length, 1, "pages that begin a file");
});

Deno.test("Calls of next() that overlap get packets in order, of some streams or of all", async () => {
  for (const streams of [undefined, [0], [1], [0, 1]]) {
    await using demuxer = await Demuxer.open(film());
    const packets = demuxer.packets(streams ? { streams } : {});
    const results = await Promise.all(Array.from({ length: 300 }, () => packets.next()));
    const found = results.flatMap(({ value }) => value ? [`${value.streamIndex} ${value.dts}`] : []);
    using other = Demuxer.openSync(film());
    const expected = [...other.packetsSync(streams ? { streams } : {})].map(({ streamIndex, dts }) =>
      `${streamIndex} ${dts}`
    );
    assertEquals(found, expected);
    assertEquals(results.findIndex(({ done }) => done), expected.length);
  }
});
