/**
 * What a manifest or playlist names and is not there at its end, or before its segments; and data: URLs that are cut.
 */
import { assert, assertEquals, assertThrows } from "@std/assert";
import { AVError, Demuxer, fromMap, MemorySink, remuxSync, withinDirectory } from "@avio/avio";
import { fixtureBytes, fixturePath } from "./support/fixtures.ts";
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

Deno.test("HLS: what comes behind an EXT-X-MAP that is missing is an error, not the end", () => {
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

Deno.test("HLS: a data: URL that libavformat cuts is an error that says so", () => {
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
});
