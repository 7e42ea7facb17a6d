/**
 * Covers that are written into each format that supports them, from sources and from the program.
 */
import { assertEquals, assertGreater, assertThrows } from "@std/assert";
import {
  concat,
  concatSync,
  MemorySink,
  mergeSync,
  Muxer,
  probeSync,
  type RemuxOptions,
  remuxSync,
  splitSync,
} from "@avio/avio";
import { fixtureBytes, fixturePath } from "./support/fixtures.ts";

const data = fixtureBytes("image.jpeg");
const back = { data, kind: "back", description: "Rück" } as const;
const png = { data: fixtureBytes("image.png"), kind: "front" } as const;

type Bytes = Uint8Array<ArrayBuffer>;

function merged(source: Bytes | string, options: Parameters<typeof mergeSync>[2]): Bytes {
  const sink = new MemorySink();
  mergeSync([source], sink, options);
  return sink.bytes();
}

function remuxed(source: Bytes, options: RemuxOptions): { bytes: Bytes; skipped: number[] } {
  const sink = new MemorySink();
  const { skippedStreams } = remuxSync(source, sink, options);
  return { bytes: sink.bytes(), skipped: skippedStreams };
}

function coversOf(bytes: Bytes): unknown[] {
  return probeSync(bytes).covers.map(({ kind, description, data }) => ({ kind, description, data }));
}

/** A song with two covers. */
const song = () => merged(fixturePath("audio.flac"), { format: "flac", covers: [back, png] });
const oggSong = () => merged(fixturePath("audio.ogg"), { format: "ogg", covers: [back] });

Deno.test("merge({ covers }) into Ogg writes one cover, more are an error", () => {
  assertEquals(coversOf(oggSong()), [back]);
  assertThrows(
    () => merged(fixturePath("audio.ogg"), { format: "ogg", covers: [back, png] }),
    Error,
    "Cannot add cover: ogg can store only one",
  );
  const both = merged(oggSong(), { format: "ogg", covers: [{ data, description: "new" }] });
  assertEquals(coversOf(both), [{ kind: "front", description: "new", data }]); // that of the options
});

Deno.test("remux() into Ogg keeps the first cover of the source, from FLAC and from Ogg", () => {
  const fromFlac = remuxed(song(), { format: "ogg" });
  assertEquals([coversOf(fromFlac.bytes), fromFlac.skipped], [[back], [2]]);
  const fromOgg = remuxed(oggSong(), { format: "ogg", tags: { title: "T" } });
  assertEquals([coversOf(fromOgg.bytes), fromOgg.skipped], [[back], []]);
  assertEquals(probeSync(fromOgg.bytes).tags.title, "T");
  assertEquals(coversOf(remuxed(fromOgg.bytes, { format: "matroska" }).bytes), [back]);
});

Deno.test("remux({ streams }) into Ogg writes the chosen cover, with its changes, or none", () => {
  assertEquals(coversOf(remuxed(song(), { format: "ogg", streams: [0, 2] }).bytes), [{
    ...png,
    description: "",
  }]);
  const edited = remuxed(song(), {
    format: "ogg",
    streams: ({ type }, canHold) => canHold && (type === "audio" || { metadata: { title: "other" } }),
  });
  assertEquals(coversOf(edited.bytes), [{ ...back, description: "other" }]);
  const none = remuxed(song(), { format: "ogg", streams: ({ type }) => type === "audio" });
  assertEquals([coversOf(none.bytes), none.skipped], [[], [1, 2]]);
  assertThrows(
    () => remuxed(song(), { format: "ogg", streams: [0, 1, 2] }),
    TypeError,
    "streams: ogg can store only one cover",
  );
});

Deno.test("concat(), split() and merge() of sources with covers into Ogg have one in each output", () => {
  const sink = new MemorySink();
  concatSync([song(), song()], sink, { format: "ogg" });
  assertEquals(coversOf(sink.bytes()), [back]);
  const sinks: MemorySink[] = [];
  splitSync(song(), { format: "ogg", every: 0.5, onsegment: () => sinks[sinks.length] = new MemorySink() });
  assertEquals(sinks.map((sink) => coversOf(sink.bytes())), sinks.map(() => [back]));
  const both = new MemorySink();
  const { skippedStreams } = mergeSync([fixturePath("audio.flac"), song(), oggSong()], both, {
    format: "ogg",
  });
  assertEquals(coversOf(both.bytes())[0], back);
  assertEquals(skippedStreams, [{ sourceIndex: 1, inputIndex: 2 }, { sourceIndex: 2, inputIndex: 1 }]);
});

Deno.test("merge({ covers }) and Muxer.addCover() refuse the same formats with the same message", () => {
  const sources = { webm: "video.webm", wav: "audio.wav", caf: "audio.wav" } as Record<string, string>;
  for (const format of ["asf", "nut", "avi", "mov", "mpegts", "flv", "webm", "wav", "caf"]) {
    const words = `Cannot add cover: ${format} can't store covers`;
    using muxer = Muxer.openSync(new MemorySink(), { format });
    assertThrows(() => muxer.addCover({ data }), Error, words);
    const sink = new MemorySink();
    const source = fixturePath(sources[format] ?? "video.mp4");
    assertThrows(() => mergeSync([source], sink, { format, covers: [{ data }] }), Error, words);
    assertEquals(sink.size, 0, format);
  }
  const options = { movflags: "frag_keyframe+empty_moov" };
  assertThrows(
    () => merged(fixturePath("video.mp4"), { format: "mp4", options, covers: [{ data }] }),
    Error,
    "Cannot add cover: fragmented mp4 can't store covers",
  );
});

for (const [name, format] of [["audio.mp3", "mp3"], ["audio.flac", "flac"], ["audio.ogg", "ogg"]] as const) {
  Deno.test(`concat: ${format} gets the cover of the first song, whatever those of the others`, async () => {
    const [jpeg, png] = [fixtureBytes("image.jpeg"), fixtureBytes("image.png")];
    const songWith = (cover: Uint8Array | null) => {
      const sink = new MemorySink();
      mergeSync([fixturePath(name)], sink, { format, covers: cover ? [{ data: cover }] : [] });
      return sink.bytes();
    };
    const [withJpeg, withPng, without] = [songWith(jpeg), songWith(png), songWith(null)];
    for (const others of [[withJpeg], [withPng], [without], [without, withPng, withJpeg]]) {
      const sink = new MemorySink();
      const { streams, warnings } = await concat([withJpeg, ...others], sink, { format });
      const { covers: [cover, ...more] } = probeSync(sink.bytes());
      assertEquals([cover!.data, more.length, warnings], [jpeg, 0, []]);
      const isStream = format !== "ogg"; // where it is a tag
      assertEquals(streams.slice(1).map(({ packets }) => packets), isStream ? [1] : []);
      assertGreater(streams[0]!.duration!, 2.9 * (1 + others.length));
    }
  });
}
