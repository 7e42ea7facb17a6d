/**
 * Media in several files: all kinds of HLS. `onopen` is called for each file, with both engines, and the packets must
 * be those of the original.
 */
import {
  assert,
  assertEquals,
  assertRejects,
  assertStrictEquals,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import {
  AVError,
  ClosedError,
  Demuxer,
  fromMap,
  IOContext,
  MemorySink,
  type OpenCallback,
  probe,
  probeSync,
  remux,
  type Source,
  withinDirectory,
  withinOrigin,
} from "@avio/avio";
import { chunksOf, readRows, rejectionOf, soon } from "./support/async.ts";
import { readerOf } from "./support/devices.ts";
import { fixtureBytes, fixturePath } from "./support/fixtures.ts";
import {
  assertReads,
  bytesOf,
  type Files,
  filesOf,
  hashes,
  inFolder,
  mp4Hashes,
  playlistOf,
  recording,
  textOf,
  tsHashes,
  tsSegments,
} from "./support/many_files.ts";
import { rowsOf } from "./support/packets.ts";

const NAMES = ["index0.ts", "index1.ts", "index2.ts"] as const;

/** The segments under other names. */
function renamed(rename: (name: string, index: number) => string): Files {
  return new Map(NAMES.map((name, i) => [rename(name, i), tsSegments().get(name)!]));
}

/** Reads a playlist in memory, its files from a Map. */
function assertPlaylist(text: string, files: Files, expected = tsHashes(), url?: string): Promise<void> {
  const options = () => ({ onopen: fromMap(files), ...(url === undefined ? {} : { url }) });
  return assertReads(() => bytesOf(text), options, expected);
}

Deno.test("HLS: a playlist in memory without a name", async () => {
  const { asked, onopen } = recording(fromMap(tsSegments()));
  assertEquals(hashes(rowsOf(tsSegments().get("index.m3u8")!, { onopen })), tsHashes());
  assertEquals(new Set(asked.map(({ url }) => url)), new Set(NAMES));
  assertEquals(new Set(asked.map(({ mode }) => mode)), new Set(["read"]));
  await assertPlaylist(playlistOf(NAMES), tsSegments());
});

for (
  const [what, url, names, asked] of [
    ["a name", "index.m3u8", "index#.ts", "index#.ts"],
    ["a folder", "media/index.m3u8", "index#.ts", "media/index#.ts"],
    ["an absolute path", "/srv/media/index.m3u8", "index#.ts", "/srv/media/index#.ts"],
    ["folders up and down", "/srv/a/b/index.m3u8", "../c/index#.ts", "/srv/a/b/../c/index#.ts"],
    ["an absolute reference", "/srv/a/index.m3u8", "/other/index#.ts", "/other/index#.ts"],
    ["an http URL", "http://example.com/a/index.m3u8", "b/index#.ts", "http://example.com/a/b/index#.ts"],
    ["an https URL from the root", "https://h.example/a/i.m3u8", "/b/#.ts", "https://h.example/b/#.ts"],
    ["absolute URLs", "index.m3u8", "https://h.example/x/#.ts", "https://h.example/x/#.ts"],
    ["other protocols' URLs", "http://a.example/i.m3u8", "https://b.example/#.ts", "https://b.example/#.ts"],
    [
      "query strings",
      "http://a.example/i.m3u8?x=1",
      "#.ts?token=a%2Fb&c=d",
      "http://a.example/#.ts?token=a%2Fb&c=d",
    ],
    ["odd extensions", "index.m3u8", "segment#.php", "segment#.php"],
    ["no extensions", "index.m3u8", "segment#", "segment#"],
    ["blanks and signs", "index.m3u8", "séq #é ü.ts", "séq #é ü.ts"],
    ["a file URL", "file:///srv/media/index.m3u8", "index#.ts", "file:///srv/media/index#.ts"],
  ] as const
) {
  Deno.test(`HLS: references, ${what}`, async () => {
    const files = renamed((_, i) => asked.replace("#", String(i)));
    const playlist = playlistOf([0, 1, 2].map((i) => names.replace("#", String(i))));
    await assertPlaylist(playlist, files, tsHashes(), url);
  });
}

Deno.test("HLS: from a path, relative to it", async () => {
  const files = new Map([...tsSegments()].map(([name, bytes]) => [
    name === "index.m3u8" ? "lists/deep/index.m3u8" : `media/${name}`,
    name === "index.m3u8" ? bytesOf(playlistOf(NAMES.map((name) => `../../media/${name}`))) : bytes,
  ]));
  await inFolder(files, async (folder) => {
    const path = `${folder}/lists/deep/index.m3u8`;
    await assertReads(() => path, () => ({ onopen: withinDirectory(folder) }), tsHashes());
    assertThrows(
      () => Demuxer.openSync(path, { onopen: withinDirectory(`${folder}/lists`) }),
      AVError,
      "media",
    );
  });
});

Deno.test("HLS: from an http server, with URLs without extensions", async () => {
  const files = renamed((_, i) => `/files/${i}`);
  files.set("/live/7", bytesOf(playlistOf([0, 1, 2].map((i) => `../files/${i}`))));
  await using server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, (request) => {
    const file = files.get(new URL(request.url).pathname);
    return file ? new Response(file) : new Response(null, { status: 404 });
  });
  const origin = `http://127.0.0.1:${server.addr.port}`;
  const { asked, onopen } = recording(withinOrigin(origin));
  assertEquals(hashes(await readRows(`${origin}/live/7`, { onopen })), tsHashes());
  assertEquals(asked[0], { url: `${origin}/files/0`, mode: "read" });
  await assertRejects(() => Demuxer.open(`${origin}/live/7`), AVError, `refused to open '${origin}/files/0'`);
  files.delete("/files/1");
  await assertRejects(() => readRows(`${origin}/live/7`, { onopen, strict: true }), Error, "404");
});

Deno.test("HLS: a master playlist with two variants and an audio rendition", async () => {
  const video = (name: string) =>
    filesOf(fixturePath("video.mp4"), {
      format: "hls",
      url: `${name}/index.m3u8`,
      streams: ({ type }) => type === "video",
      options: { hls_time: 1, hls_playlist_type: "vod" },
    });
  const audio = filesOf(fixturePath("video.mp4"), {
    format: "hls",
    url: "audio/index.m3u8",
    streams: ({ type }) => type === "audio",
    options: { hls_time: 1, hls_playlist_type: "vod" },
  });
  const master = `#EXTM3U
#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="a",NAME="sound",LANGUAGE="de",DEFAULT=YES,URI="audio/index.m3u8"
#EXT-X-STREAM-INF:BANDWIDTH=1000,AUDIO="a",RESOLUTION=160x120
low/index.m3u8
#EXT-X-STREAM-INF:BANDWIDTH=2000,AUDIO="a",RESOLUTION=160x120
high/index.m3u8
`;
  const files = new Map([...video("low"), ...video("high"), ...audio]);
  const [one, sound] = tsHashes();
  await assertPlaylist(master, files, [one!, one!, sound!]);
  const info = probeSync(bytesOf(master), { onopen: fromMap(files) });
  assertEquals(info.streams.map(({ type }) => type).toSorted(), ["audio", "video", "video"]);
  assertEquals(info.streams.find(({ type }) => type === "audio")?.metadata.language, "de");
  assertEquals(info.programs.length, 2);
  assertEquals((await probe(bytesOf(master), { onopen: fromMap(files) })).programs, info.programs);
});

Deno.test("HLS: discarded renditions are not read to their end", () => {
  const { asked, onopen } = recording(fromMap(tsSegments()));
  const master = "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\na.m3u8\n#EXT-X-STREAM-INF:BANDWIDTH=2\nb.m3u8\n";
  const playlists = new Map([
    ["a.m3u8", bytesOf(playlistOf(NAMES))],
    ["b.m3u8", bytesOf(playlistOf(NAMES.map((name) => `./${name}`)))],
  ]);
  const fromPlaylists = fromMap(playlists);
  const both: OpenCallback = (request) => fromPlaylists(request) ?? onopen(request);
  using demuxer = Demuxer.openSync(bytesOf(master), { onopen: both });
  assertEquals(demuxer.streams.length, 4);
  for (const stream of demuxer.streams.slice(2)) stream.discard = true;
  const count = [...demuxer.packetsSync()].length;
  assertEquals(count, tsHashes().flat().length);
  assert(asked.length < 6, JSON.stringify(asked));
});

/** HLS of fragmented mp4 as the muxer makes it. */
function mp4Files(flags = ""): Files {
  return filesOf(fixturePath("video.mp4"), {
    format: "hls",
    url: "a/index.m3u8",
    options: {
      hls_time: 1,
      hls_playlist_type: "vod",
      hls_segment_type: "fmp4",
      ...(flags ? { hls_flags: flags } : {}),
    },
  });
}

Deno.test("HLS: segments of fragmented mp4, with their init segment", async () => {
  const files = mp4Files();
  assertEquals(files.size, 5);
  await assertPlaylist(textOf(files.get("a/index.m3u8")), files, mp4Hashes(), "a/index.m3u8");
});

for (const type of ["mpegts", "fmp4"]) {
  Deno.test(`HLS: byte ranges of one file, ${type}`, async () => {
    const files = filesOf(fixturePath("video.mp4"), {
      format: "hls",
      url: "index.m3u8",
      options: { hls_time: 1, hls_playlist_type: "vod", hls_segment_type: type, hls_flags: "single_file" },
    });
    const playlist = textOf(files.get("index.m3u8"));
    assertStringIncludes(playlist, "#EXT-X-BYTERANGE:");
    assertEquals(files.size, 2);
    await assertPlaylist(playlist, files, type === "fmp4" ? mp4Hashes() : tsHashes());
  });
}

Deno.test("HLS: byte ranges written by hand, with junk between them", async () => {
  const parts = NAMES.map((name) => tsSegments().get(name)!);
  const junk = new Uint8Array(1000).fill(0x47);
  const file = new Uint8Array(await new Blob(parts.flatMap((part) => [junk, part])).arrayBuffer());
  let at = 0;
  const lines = parts.flatMap((part) => {
    at += junk.length + part.length;
    return ["#EXTINF:1,", `#EXT-X-BYTERANGE:${part.length}@${at - part.length}`, "all.ts"];
  });
  const playlist = playlistOf([], lines);
  await assertPlaylist(playlist, new Map([["all.ts", file]]));
  const unseekable = () => ({ onopen: () => readerOf(file, { seekable: false }) });
  await assertReads(() => bytesOf(playlist), unseekable, tsHashes());
});

Deno.test("HLS: discontinuities", async () => {
  const names = ["index0.ts", "index1.ts"];
  const playlist = playlistOf(names, []).replace(
    "#EXTINF:1,\nindex1.ts",
    "#EXT-X-DISCONTINUITY\n#EXTINF:1,\nindex0.ts",
  );
  const [video, sound] = hashes(rowsOf(tsSegments().get("index0.ts")!));
  const twice = [[...video!, ...video!], [...sound!, ...sound!]];
  await assertPlaylist(playlist, tsSegments(), twice);
});

// ------------------------------------------------------------------------------------------- seeking

Deno.test("HLS: seeks to a segment, and back to the beginning", async () => {
  const all = rowsOf(playlistBytes(), { onopen: fromMap(tsSegments()) });
  const { asked, onopen } = recording(fromMap(tsSegments()));
  using demuxer = Demuxer.openSync(playlistBytes(), { onopen });
  await using later = await Demuxer.open(playlistBytes(), { onopen: fromMap(tsSegments()) });
  const start = demuxer.startTime!;
  for (
    const [seconds, name] of [[2.1, "index2.ts"], [1.1, "index1.ts"], [0, "index0.ts"], [
      2.5,
      "index2.ts",
    ]] as const
  ) {
    asked.length = 0;
    demuxer.seekSync(start + seconds);
    const rest = [...demuxer.packetsSync()];
    assertEquals(asked[0]?.url, name);
    assert(rest.length < all.length || seconds === 0);
    assertEquals(rest.at(-1)!.pts, all.at(-1)!.pts);
    await later.seek(start + seconds);
    assertEquals((await Array.fromAsync(later)).map(({ pts }) => pts), rest.map(({ pts }) => pts));
  }
});

const playlistBytes = () => bytesOf(playlistOf(NAMES));

// ------------------------------------------------------------------------------------------- live

/** A live playlist with one more segment at each reload, and the end after the last. */
function live(ends: boolean): { asked: string[]; onopen: OpenCallback } {
  const asked: string[] = [];
  let shown = 1;
  const onopen: OpenCallback = ({ url }) => {
    asked.push(url);
    if (url !== "live.m3u8") return tsSegments().get(url) ?? null;
    const text = livePlaylist(Math.min(++shown, 3), ends && shown > 3);
    return bytesOf(text);
  };
  return { asked, onopen };
}

function livePlaylist(shown: number, ended: boolean): string {
  return playlistOf(NAMES.slice(0, shown), [], ended).replaceAll("#EXTINF:1,", "#EXTINF:0.1,");
}

Deno.test("HLS: a live playlist grows until it ends", async () => {
  for (const isAsync of [false, true]) {
    const { asked, onopen } = live(true);
    const options = { onopen, url: "live.m3u8", options: { live_start_index: 0 } };
    const source = bytesOf(livePlaylist(1, false));
    const rows = isAsync ? await readRows(source, options) : rowsOf(source, options);
    assertEquals(hashes(rows), tsHashes());
    assert(asked.includes("live.m3u8"));
  }
});

/** Reads a live playlist that no longer grows, up to its last packet. */
async function readLive(options: { signal?: AbortSignal; timeout?: number }): Promise<Demuxer> {
  const { onopen } = live(false);
  const settings = { onopen, url: "live.m3u8", options: { live_start_index: 0 }, ...options };
  const demuxer = await Demuxer.open(bytesOf(livePlaylist(1, false)), settings);
  const count = tsHashes().flat().length;
  for (let i = 0; i < count - 10; i++) assert(await demuxer.read());
  return demuxer;
}

async function drain(demuxer: Demuxer): Promise<never> {
  while (await demuxer.read());
  throw new Error("a quiet end");
}

Deno.test("HLS: a live playlist that never ends is left by abort and by close, at once", async () => {
  const controller = new AbortController();
  const reason = new Error("enough");
  await using aborted = await readLive({ signal: controller.signal });
  const reading = rejectionOf(drain(aborted));
  controller.abort(reason);
  assertStrictEquals(await soon(reading), reason);
  await using closed = await readLive({});
  const draining = rejectionOf(drain(closed));
  await soon(closed.close());
  assert(await soon(draining) instanceof ClosedError);
});

Deno.test("HLS: a live playlist whose reload takes too long ends with a TimeoutError", async () => {
  let loads = 0;
  const onopen: OpenCallback = ({ url }) =>
    url !== "live.m3u8" ? tsSegments().get(url) ?? null : loads++ === 0 ? new Promise(() => {}) : null;
  const settings = { onopen, url: "live.m3u8", timeout: 50, options: { live_start_index: 0 } };
  const error = await soon(rejectionOf(readRows(bytesOf(livePlaylist(1, false)), settings)));
  assert(error instanceof DOMException && error.name === "TimeoutError", String(error));
});

Deno.test("HLS: timeout ends FFmpeg's sleep before it reloads a live playlist", async () => {
  const playlist = bytesOf("#EXTM3U\n#EXT-X-TARGETDURATION:3600\n#EXTINF:3600,\nindex0.ts\n");
  const onopen: OpenCallback = ({ url }) => tsSegments().get(url) ?? null;
  const input = { onopen, format: "hls", url: "live.m3u8", options: { live_start_index: 0 } };
  const remuxing = () => remux(playlist, new MemorySink(), { format: "matroska", timeout: 300, input });
  for (const run of [() => readRows(playlist, { ...input, timeout: 300 }), remuxing]) {
    const error = await soon(rejectionOf(run()), 3000);
    assert(error instanceof DOMException && error.name === "TimeoutError", String(error));
  }
});

// ------------------------------------------------------------------------------------------- kinds of sources

const segment = (url: string) => tsSegments().get(url)!;
const streamOf = (url: string) =>
  new ReadableStream({
    start(controller) {
      for (const chunk of chunksOf(segment(url), 1000)) controller.enqueue(chunk);
      controller.close();
    },
  });
async function* iterate(url: string) {
  yield* chunksOf(segment(url), 777);
}

/** Results that onopen may return; `sync`: also in the sync API. */
const kinds: Record<string, { sync: boolean; open: (url: string) => Source }> = {
  "a Uint8Array": { sync: true, open: segment },
  "an ArrayBuffer": { sync: true, open: (url) => segment(url).buffer },
  "callbacks": { sync: true, open: (url) => readerOf(segment(url)) },
  "callbacks without onseek": { sync: true, open: (url) => readerOf(segment(url), { seekable: false }) },
  "an IOContext over bytes": { sync: true, open: (url) => new IOContext(segment(url)) },
  "an IOContext over callbacks": { sync: true, open: (url) => new IOContext(999, readerOf(segment(url))) },
  "a Blob": { sync: false, open: (url) => new Blob([segment(url)]) },
  "a ReadableStream": { sync: false, open: streamOf },
  "a Response": { sync: false, open: (url) => new Response(segment(url)) },
  "an async iterable": { sync: false, open: iterate },
};

for (const [what, { sync, open }] of Object.entries(kinds)) {
  Deno.test(`onopen returns ${what}`, async () => {
    const onopen: OpenCallback = ({ url }) => open(url);
    if (sync) assertEquals(hashes(rowsOf(playlistBytes(), { onopen })), tsHashes());
    else assertThrows(() => rowsOf(playlistBytes(), { onopen }), TypeError, "can't be read synchronously");
    assertEquals(hashes(await readRows(playlistBytes(), { onopen })), tsHashes());
    const later: OpenCallback = async ({ url }) => (await null, open(url));
    assertEquals(hashes(await readRows(playlistBytes(), { onopen: later })), tsHashes());
  });
}

Deno.test("onopen returns paths, file: URLs and files that stay open", async () => {
  await inFolder(tsSegments(), async (folder) => {
    const path: OpenCallback = ({ url }) => `${folder}/${url}`;
    const url: OpenCallback = (request) => new URL(`file://${folder}/${request.url}`);
    for (const onopen of [path, url]) await assertReads(playlistBytes, () => ({ onopen }), tsHashes());
    const files: Deno.FsFile[] = [];
    const open: OpenCallback = ({ url }) => (files.push(Deno.openSync(`${folder}/${url}`)), files.at(-1)!);
    await assertReads(playlistBytes, () => ({ onopen: open }), tsHashes());
    assert(files.length >= 6);
    for (const file of files) file.close(); // throws where it is closed
  });
});

Deno.test("onopen returns http URLs", async () => {
  await using server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, (request) => {
    return new Response(segment(new URL(request.url).pathname.slice(1)));
  });
  const onopen: OpenCallback = ({ url }) => `http://127.0.0.1:${server.addr.port}/${url}`;
  assertEquals(hashes(await readRows(playlistBytes(), { onopen })), tsHashes());
  assertThrows(() => rowsOf(playlistBytes(), { onopen }), TypeError, "synchronously");
});

Deno.test("the same bytes for every file", async () => {
  const bytes = fixtureBytes("video.ts");
  const [video, sound] = hashes(rowsOf(bytes));
  const playlist = playlistOf(["a.ts", "b.ts"]).replace(
    "#EXTINF:1,\nb",
    "#EXT-X-DISCONTINUITY\n#EXTINF:1,\nb",
  );
  const twice = [[...video!, ...video!], [...sound!, ...sound!]];
  await assertReads(() => bytesOf(playlist), () => ({ onopen: () => bytes }), twice);
});
