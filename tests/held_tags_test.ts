/**
 * Tags that the program sets are in the output, or a warning names them (`format/holds.ts`).
 */
import { assertEquals, assertRejects, assertStringIncludes, assertThrows } from "@std/assert";
import {
  concatSync,
  MemorySink,
  merge,
  probeSync,
  remux,
  type RemuxOptions,
  remuxSync,
  splitSync,
  StrictError,
  type Tags,
  type TagValues,
} from "@avio/avio";
import { fixturePath } from "./support/fixtures.ts";

const all = {
  title: "a title",
  artist: "an artist",
  album: "an album",
  albumArtist: "several",
  track: "3/12",
  disc: "1/2",
  date: "2024",
  genre: "Jazz",
  composer: "a composer",
  performer: "a performer",
  comment: "a comment",
  copyright: "nobody",
  publisher: "a publisher",
  lyrics: "la la",
  show: "a show",
  season: "2",
  episode: "7",
} satisfies TagValues;

/** A file that the format can hold. */
const SOURCES: Record<string, string> = {
  mp4: "video.mp4",
  ipod: "video.mp4",
  mov: "video.mp4",
  "3gp": "video.mp4",
  f4v: "video.mp4",
  ismv: "video.mp4",
  matroska: "video.mp4",
  nut: "video.mp4",
  flv: "video.mp4",
  asf: "video.avi",
  avi: "video.avi",
  mpegts: "video.ts",
  mpeg: "video.avi",
  vob: "video.avi",
  wav: "audio.wav",
  w64: "audio.wav",
  caf: "audio.wav",
  aiff: "audio.wav",
  mp3: "audio.mp3",
  flac: "audio.flac",
  ogg: "audio.ogg",
  webm: "video.webm",
  h264: "video.mp4",
  adts: "video.mp4",
  image2pipe: "image.jpeg",
  mxf: "video.mp4",
  rm: "audio.mp3",
  s16le: "audio.wav",
  latm: "video.mp4",
};

/** Raw formats get one stream only. */
const ONE: Record<string, RemuxOptions> = { h264: { streams: [0] } };

const lettersOf = (tag: string) => tag.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
/** The names that avio's warning has for a tag. */
const namesOf = (tag: string) => [lettersOf(tag), `${tag}_number`, `${tag}_sort`];

for (const [format, name] of Object.entries(SOURCES)) {
  Deno.test(`${format}: each tag that is set is stored, or a warning says that it isn't`, () => {
    for (const tag of Object.keys(all) as (keyof typeof all)[]) {
      if (format === "3gp" && tag === "date") continue; // stored as a number
      const sink = new MemorySink();
      let warnings;
      try {
        const options: RemuxOptions = { format, tags: { [tag]: all[tag] } };
        ({ warnings } = remuxSync(fixturePath(name), sink, { ...options, ...ONE[format] }));
      } catch (error) {
        if (/can't hold/.test(String(error))) return; // nor any other tag
        throw error;
      }
      const { message = "" } = warnings.find(({ message }) => message.includes("can't hold them")) ?? {};
      const isNamed = namesOf(tag).some((name) => message.endsWith(`can't hold them: ${name}`));
      const bytes = sink.bytes();
      const stored = storedIn(bytes, all[tag]);
      assertEquals(stored, !isNamed, `${tag}: ${message}`);
    }
  });
}

/** Whether the file has a tag with that text, under whatever name; FFmpeg does not read those of 3gp. */
function storedIn(bytes: Uint8Array<ArrayBuffer>, text: string): boolean {
  let info;
  try {
    info = probeSync(bytes);
  } catch {
    return false;
  }
  const records = [info, ...info.streams, ...info.programs].map(({ metadata }) => Object.values(metadata));
  const isInFile = text.length > 3 && new TextDecoder().decode(bytes).includes(`${text}\0`);
  return [...records.flat(), ...Object.values(info.tags as Tags)].includes(text) || isInFile;
}

Deno.test("A warning of tags names up to ten, is of kind dropped, and an error with `strict`", async () => {
  const source = fixturePath("video.ts");
  const metadata = Object.fromEntries(Array.from({ length: 300 }, (_, index) => [`name${index}`, "x"]));
  const { warnings } = remuxSync(source, new MemorySink(), { format: "mpegts", metadata });
  const [{ kind, count, message }, ...others] = warnings as [typeof warnings[number]];
  assertEquals([kind, count, others], ["dropped", 300, []]);
  assertStringIncludes(message, "name9 and 290 more");
  assertStringIncludes(message, "tags are left out, mpegts can't hold them: name0, name1");
  const options = { format: "mpegts", tags: { artist: "somebody" }, strict: true };
  assertThrows(() => remuxSync(source, new MemorySink(), options), StrictError, "artist");
  await assertRejects(() => remux(source, new MemorySink(), options), StrictError, "artist");
});

Deno.test("merge, concat and split report tags that are left out, once", async () => {
  const source = fixturePath("video.ts");
  const options = { format: "mpegts", metadata: { artist: "somebody", "": "nothing" } };
  const merged = await merge([source], new MemorySink(), options);
  const joined = concatSync([source, source], new MemorySink(), options);
  const split = splitSync(source, { ...options, every: 1, onsegment: () => new MemorySink() });
  for (const { warnings } of [merged, joined, split]) {
    assertEquals(warnings.map(({ message }) => message.replace(/^sources\[0\]: /, "")), [
      "tags are left out, mpegts can't hold them: artist, ",
    ]);
  }
});

Deno.test("Nothing is reported of tags that a source has, that are removed, or that an option lets the muxer store", () => {
  const source = fixturePath("video.mp4");
  const cases: [RemuxOptions][] = [
    [{ format: "mpegts" }],
    [{ format: "framecrc", tags: { artist: "somebody" } }], // no media
    [{ format: "mp4", metadata: { timecode: "01:00:00:00" } }],
    [{ format: "mpegts", tags: { artist: null } }],
    [{ format: "mpegts", metadata: { artist: "" } }],
    [{ format: "mp4", metadata: { custom: "x" }, options: { movflags: "use_metadata_tags" } }],
    [{ format: "mp4", metadata: { encoder: "x", creation_time: "2024-01-01T00:00:00Z" } }],
  ];
  for (const [options] of cases) {
    assertEquals(remuxSync(source, new MemorySink(), options).warnings, [], JSON.stringify(options));
  }
  const wav = { format: "wav", metadata: { description: "x", ISRC: "y" }, options: { write_bext: 1 } };
  assertEquals(remuxSync(fixturePath("audio.wav"), new MemorySink(), wav).warnings, []);
});
