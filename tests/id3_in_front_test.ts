/**
 * ID3v2 in front of media: of any length, several times, with a footer, and longer than the source.
 */
import { assert, assertEquals, assertThrows } from "@std/assert";
import {
  AVError,
  constants,
  Demuxer,
  type DemuxerOptions,
  MemorySink,
  type RemuxOptions,
  remuxSync,
  type Source,
} from "@avio/avio";
import { readerOf } from "./support/devices.ts";
import { fixtureBytes, fixturePath } from "./support/fixtures.ts";
import { type Bytes, frame, id3, joined, sync7 } from "./support/pieces.ts";
import { isEmbedded } from "./support/versions.ts";

const title = frame("TIT2", [3, ...new TextEncoder().encode("Song")]);
/** A tag with a title and so many zeros. */
const padded = (size: number) => id3(4, 0, title, new Uint8Array(size));

/** A tag with a footer, which is not counted in its length. */
function withFooter(size: number): Bytes {
  const tag = padded(size);
  tag[5] = 0x10;
  return joined(tag, "3DI", tag.subarray(3, 10));
}

/** A tag that states so many bytes more than it has. */
function overlong(more: number): Bytes {
  const tag = padded(0);
  tag.set(sync7(tag.length - 10 + more), 6);
  return tag;
}

const bothWays = (bytes: Bytes): Source[] => [bytes, readerOf(bytes, { seekable: false })];

function remuxedTo(source: Source, options: RemuxOptions): Bytes {
  const sink = new MemorySink();
  remuxSync(source, sink, options);
  return sink.bytes();
}

function contents(source: Source, options: DemuxerOptions = {}) {
  using demuxer = Demuxer.openSync(source, options);
  const packets = [...demuxer.packetsSync()].map(({ streamIndex, data, pts }) => ({
    streamIndex,
    data,
    pts,
  }));
  return { format: demuxer.format.name, packets, warnings: demuxer.warnings };
}

const FILES: [string, () => Bytes][] = [
  ["mp4", () => fixtureBytes("video.mp4")],
  ["mp4, index first", () => fixtureBytes("faststart.mp4")],
  ["mp4 in fragments", () => fixtureBytes("fragmented.mp4")],
  [
    "mp4 in fragments with positions of the file",
    () =>
      remuxedTo(fixturePath("video.mp4"), {
        format: "mp4",
        options: { movflags: "frag_keyframe+empty_moov" },
      }),
  ],
  ["matroska", () => fixtureBytes("video.mkv")],
  ["avi", () => fixtureBytes("video.avi")],
  ["flv", () => fixtureBytes("video.flv")],
  ["mpegts", () => fixtureBytes("video.ts")],
  ["wav", () => fixtureBytes("audio.wav")],
  ["ogg", () => fixtureBytes("audio.ogg")],
  ["flac", () => fixtureBytes("audio.flac")],
  ["mp3", () => fixtureBytes("audio.mp3")],
  ["png", () => fixtureBytes("image.png")],
];

for (const [name, made] of FILES) {
  Deno.test({
    name: `Media behind ID3v2 of any length is read as without it: ${name}`,
    ignore: !isEmbedded,
    fn() {
      const bytes = made();
      const fronts = [
        padded(20),
        padded(5000),
        padded(1_100_000),
        joined(padded(700_000), withFooter(900_000), padded(0)),
      ];
      for (const front of fronts) {
        for (const index of [0, 1]) {
          const source = bothWays(joined(front, bytes))[index]!;
          assertEquals(
            contents(source),
            contents(bothWays(bytes)[index]!),
            `${front.length} bytes in front, ${index}`,
          );
        }
      }
    },
  });
}

Deno.test({
  name: "ID3v2 longer than what is kept of a stream is not kept in memory, and its title is read",
  ignore: !isEmbedded,
  fn() {
    for (const name of ["video.mkv", "audio.mp3", "fragmented.mp4"]) {
      const bytes = fixtureBytes(name);
      for (const source of bothWays(joined(padded(6_000_000), bytes))) {
        assertEquals(contents(source), contents(bytes));
      }
    }
    using demuxer = Demuxer.openSync(
      readerOf(joined(padded(6_000_000), fixtureBytes("audio.mp3")), { seekable: false }),
    );
    assertEquals(demuxer.metadata.title, "Song");
  },
});

Deno.test({
  name: "A source that can seek is not asked for the padding of ID3v2",
  ignore: !isEmbedded,
  fn() {
    const SIZE = 200_000_000, tag = overlong(SIZE), media = fixtureBytes("audio.flac");
    const start = tag.length + SIZE, end = start + media.length;
    let position = 0;
    const source: Source = {
      onread(buffer) {
        const size = Math.min(buffer.length, end - position);
        for (let i = 0; i < size; i++, position++) {
          buffer[i] = position < tag.length
            ? tag[position]!
            : position < start
            ? 0
            : media[position - start]!;
        }
        return size;
      },
      onseek: (offset, whence) =>
        whence === constants.seek.SIZE
          ? end
          : position = whence === constants.seek.END ? end + offset : offset,
    };
    assertEquals(contents(source, { maxOpenSize: 1_000_000 }), contents(media));
  },
});

Deno.test({
  name: "Positions in mp4, FLV and AVI behind ID3v2 are found, too",
  ignore: !isEmbedded,
  fn() {
    const keyed = remuxedTo(fixturePath("video.flv"), {
      format: "flv",
      options: { flvflags: "add_keyframe_index" },
    });
    const files = [
      fixtureBytes("faststart.mp4"),
      fixtureBytes("fragmented.mp4"),
      fixtureBytes("video.ts"),
      keyed,
      remuxedTo(fixturePath("video.avi"), { format: "avi" }),
    ];
    const sought = (bytes: Bytes) => {
      using demuxer = Demuxer.openSync(bytes);
      const places = [2, 0, 1].map((time) => {
        demuxer.seekSync(time);
        return [...demuxer.packetsSync()].map(({ data, pts }) => ({ data, pts }));
      });
      return { places, warnings: demuxer.warnings };
    };
    for (const bytes of files) assertEquals(sought(joined(padded(3001), bytes)), sought(bytes));
  },
});

Deno.test({
  name: "ID3v2 that is longer than the source is reported",
  ignore: !isEmbedded,
  fn() {
    const words = /ended prematurely, within ID3v2 or right behind it/;
    for (const name of ["audio.mp3", "audio.wav", "video.ts", "video.mp4"]) {
      for (const source of bothWays(joined(overlong(200_000_000), fixtureBytes(name)))) {
        const error = assertThrows(() => Demuxer.openSync(source), AVError);
        assert(words.test(error.message), error.message);
      }
    }
    for (
      const source of bothWays(
        joined(overlong(200_000_000), remuxedTo(fixturePath("audio.mp3"), { format: "mp3" })),
      )
    ) {
      using demuxer = Demuxer.openSync(source, { format: "ac3" });
      assertEquals([...demuxer.packetsSync()], []);
      assertEquals(demuxer.warnings.map(({ kind }) => kind), ["truncated"]);
    }
  },
});
