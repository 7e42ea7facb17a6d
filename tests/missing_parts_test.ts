/**
 * Manifests and playlists whose last segments, init sections or others are missing; and data: URLs that are cut off.
 */
import { assert, assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import {
  AVError,
  Demuxer,
  fromMap,
  MemorySink,
  type OpenCallback,
  remuxSync,
  withinDirectory,
} from "@avio/avio";
import { fixtureBytes, fixturePath } from "./support/fixtures.ts";
import { hashesByStream, rowsOf } from "./support/packets.ts";
import { isEmbedded } from "./support/versions.ts";

/** video.mp4 in a folder, as a muxer of many files writes it; what was written. */
function inFolder(url: string, options: Record<string, string | number>, work: (path: string) => void): void {
  const sink = new MemorySink();
  const files = new Map();
  const format = url.endsWith(".mpd") ? "dash" : "hls";
  remuxSync(fixturePath("video.mp4"), sink, { format, url, onopen: fromMap(files), options });
  const folder = Deno.makeTempDirSync();
  try {
    for (const [name, file] of files) Deno.writeFileSync(`${folder}/${name}`, file.bytes());
    Deno.writeFileSync(`${folder}/${url}`, sink.bytes());
    work(folder);
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
}

function count(path: string, strict = false): number {
  const onopen = withinDirectory(path.slice(0, path.lastIndexOf("/")));
  using demuxer = Demuxer.openSync(path, { onopen, strict });
  return [...demuxer.packetsSync()].length;
}

for (const use_timeline of [0, 1]) {
  Deno.test({
    name:
      `DASH: a last segment that is missing is left out (use_timeline ${use_timeline}), strict makes it an error`,
    ignore: !isEmbedded,
    fn: () =>
      inFolder("index.mpd", { seg_duration: 1, use_timeline }, (folder) => {
        const path = `${folder}/index.mpd`;
        assertEquals(count(path), 206); // of one stream there are fewer than the manifest counts without a timeline
        for (const name of ["chunk-stream0-00003.m4s", "chunk-stream1-00004.m4s"]) {
          const bytes = Deno.readFileSync(`${folder}/${name}`);
          Deno.removeSync(`${folder}/${name}`);
          const packets = count(path);
          assert(packets > 150 && packets < 206, `${name}: ${packets}`);
          assertThrows(() => count(path, true), Deno.errors.NotFound);
          Deno.writeFileSync(`${folder}/${name}`, bytes);
        }
      }),
  });
}

Deno.test({
  name:
    "DASH: a SegmentList has all of its segments, whatever the number of the first is, and ends without an error",
  ignore: !isEmbedded,
  fn: () =>
    inFolder("index.mpd", { seg_duration: 1, use_timeline: 0 }, (folder) => {
      const path = `${folder}/index.mpd`;
      const onopen = withinDirectory(folder);
      const whole = hashesByStream(rowsOf(path, { onopen }));
      const template = Deno.readTextFileSync(path);
      for (const startNumber of [null, 0, 1, 2, 100]) {
        const first = startNumber === null ? "" : ` startNumber="${startNumber}"`;
        const list = (stream: string) => {
          const names = [...Deno.readDirSync(folder)].map(({ name }) => name)
            .filter((name) => name.startsWith(`chunk-stream${stream}-`)).sort();
          return `<SegmentList timescale="1" duration="1"${first}>` +
            `<Initialization sourceURL="init-stream${stream}.m4s"/>` +
            names.map((name) => `<SegmentURL media="${name}"/>`).join("") + "</SegmentList>";
        };
        const text = template.replaceAll(
          /(<Representation id="(\d)"[^]*?)<SegmentTemplate[^]*?(?:\/>|<\/SegmentTemplate>)/g,
          (_, before: string, stream: string) => before + list(stream),
        );
        assert(text.includes("<SegmentList"), text);
        Deno.writeTextFileSync(`${folder}/list.mpd`, text);
        assertEquals(hashesByStream(rowsOf(`${folder}/list.mpd`, { onopen })), whole, first);
        using demuxer = Demuxer.openSync(`${folder}/list.mpd`, { onopen });
        demuxer.seekSync(2.1);
        assertAlmostEquals(demuxer.readSync()!.time!, 2, 0.2, first);
      }
    }),
});

Deno.test("HLS: a missing EXT-X-MAP is an error, not the end", () => {
  inFolder("index.m3u8", { hls_time: 1, hls_segment_type: "fmp4", hls_playlist_type: "vod" }, (folder) => {
    const path = `${folder}/index.m3u8`;
    const whole = count(path);
    assertEquals(whole, 206);
    const text = Deno.readTextFileSync(path);
    Deno.writeTextFileSync(path, text.replace(/(#EXTINF:\S+\nindex1)/, '#EXT-X-MAP:URI="none.mp4"\n$1'));
    using demuxer = Demuxer.openSync(path, { onopen: withinDirectory(folder) });
    let packets = 0;
    assertThrows(
      () => {
        for (const _ of demuxer.packetsSync()) packets++;
      },
      Deno.errors.NotFound,
      "none.mp4",
    );
    assert(packets > 30 && packets < whole, String(packets));
  });
});

/** The playlist of a folder, with all that it names inside of it. */
function inlined(folder: string, encode: (bytes: Uint8Array) => string): Uint8Array<ArrayBuffer> {
  const url = (name: string) => `data:video/mp4${encode(Deno.readFileSync(`${folder}/${name}`))}`;
  const text = Deno.readTextFileSync(`${folder}/index.m3u8`);
  return new TextEncoder().encode(
    text.replace(/(?<=URI=").+(?=")/, url).replaceAll(/^[^#].+$/gm, url),
  );
}

const asBase64 = (bytes: Uint8Array) => `;base64,${bytes.toBase64()}`;
const asPercents = (bytes: Uint8Array) => `,${bytes.toHex().replaceAll(/../g, "%$&")}`;

Deno.test({
  name: "HLS: segments and an EXT-X-MAP in data: URLs of any length are read",
  ignore: !isEmbedded,
  fn: () => {
    for (const hls_segment_type of ["mpegts", "fmp4"]) {
      const options = { hls_time: 1, hls_segment_type, hls_playlist_type: "vod" };
      inFolder("index.m3u8", options, (folder) => {
        const whole = hashesByStream(
          rowsOf(`${folder}/index.m3u8`, { onopen: withinDirectory(folder) }),
        );
        for (const encode of [asBase64, asPercents]) {
          assertEquals(hashesByStream(rowsOf(inlined(folder, encode), { url: "index.m3u8" })), whole);
        }
      });
    }
  },
});

Deno.test({
  name: "HLS: long names of segments are read, lines up to maxOpenSize",
  ignore: !isEmbedded,
  fn: () => {
    const playlist = (name: string) =>
      new TextEncoder().encode(
        `#EXTM3U\n#EXT-X-TARGETDURATION:3\n#EXTINF:3,\n${name}\n#EXT-X-ENDLIST\n`,
      );
    for (const length of [4000, 4086, 4087, 4088, 4095, 4096, 20_000]) {
      const name = `video.ts?${"x".repeat(length)}`;
      const asked: string[] = [];
      const onopen: OpenCallback = ({ url }) => {
        asked.push(url);
        return fixtureBytes("video.ts");
      };
      using demuxer = Demuxer.openSync(playlist(name), { url: "index.m3u8", onopen });
      assert(demuxer.streams.length > 0);
      assertEquals(asked, [name]);
    }
    const long = playlist(`data:,${"x".repeat(2_000_000)}`);
    const error = assertThrows(
      () => Demuxer.openSync(long, { url: "index.m3u8", maxOpenSize: 100_000 }),
      AVError,
    );
    assertEquals(error.codeName, "EMSGSIZE");
  },
});

Deno.test({
  name: "HLS: with an FFmpeg that cuts long lines, a data: URL that was cut is a clear error",
  ignore: isEmbedded,
  fn: () => {
    const playlist = (bytes: Uint8Array) =>
      new TextEncoder().encode(
        `#EXTM3U\n#EXT-X-TARGETDURATION:3\n#EXTINF:3,\ndata:video/mp2t;base64,${bytes.toBase64()}\n#EXT-X-ENDLIST\n`,
      );
    const ts = fixtureBytes("video.ts");
    const error = assertThrows(() => {
      using demuxer = Demuxer.openSync(playlist(ts), { url: "index.m3u8" });
      assertEquals(demuxer.readSync(), null);
    }, AVError);
    assertEquals(error.codeName, "EMSGSIZE");
    assert(error.log.some((line) => line.includes("4,095 bytes")), String(error.log));
  },
});
