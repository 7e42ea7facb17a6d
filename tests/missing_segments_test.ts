/**
 * Missing segments of playlists: left out with a warning, an error with `strict` or if nothing can be read without
 * them. Also "data:" URLs as segments and keys.
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
  Demuxer,
  type DemuxerOptions,
  fromMap,
  HttpError,
  MemorySink,
  onLog,
  type OpenCallback,
  probe,
  probeSync,
  remux,
  type RemuxOptions,
  remuxSync,
  StrictError,
  withinDirectory,
  withinOrigin,
} from "@avio/avio";
import { createCipheriv } from "node:crypto";
import { readRows, rejectionOf } from "./support/async.ts";
import {
  bytesOf,
  filesOf,
  hashes,
  inFolder,
  NAMES,
  playlist,
  playlistOf,
  recording,
  segment,
  textOf,
  tsHashes,
  tsSegments,
  VIDEO,
} from "./support/many_files.ts";
import { rowsOf } from "./support/packets.ts";
import { isEmbedded } from "./support/versions.ts";

/** All segments except these. */
function without(...missing: string[]): [string, Uint8Array<ArrayBuffer>][] {
  return NAMES.filter((name) => !missing.includes(name)).map((name) => [name, segment(name)]);
}

/** The packets of the remaining segments. */
function hashesOf(names: readonly string[]): string[][] {
  const files = new Map(names.map((name) => [name, segment(name)]));
  return hashes(rowsOf(bytesOf(playlistOf(names)), { onopen: fromMap(files) }));
}

/** The warnings that a call leaves in the log. */
async function warningsOf(work: () => unknown): Promise<string[]> {
  const lines: string[] = [];
  onLog(({ level, message }) => void (level === "warning" && lines.push(message)));
  try {
    await work();
  } finally {
    onLog(null);
  }
  return lines.filter((line) => line.includes("is missing, and left out"));
}

for (const missing of NAMES) {
  Deno.test(`HLS: ${missing} does not exist: it is left out with a warning, strict makes it an error`, async () => {
    await inFolder(without(missing), async (folder) => {
      const onopen = withinDirectory(folder);
      const rest = NAMES.filter((name) => name !== missing);
      const expected = hashesOf(rest);
      const warnings = [
        await warningsOf(() => assertEquals(hashes(rowsOf(playlist(), { onopen })), expected, "sync")),
        await warningsOf(async () =>
          assertEquals(hashes(await readRows(playlist(), { onopen })), expected, "async")
        ),
      ];
      for (const lines of warnings) {
        assertEquals(lines.length, 1);
        assertStringIncludes(lines[0]!, `'${missing}' is missing, and left out`);
      }
      const strict = { onopen, strict: true };
      assertThrows(() => rowsOf(playlist(), strict), Deno.errors.NotFound);
      await assertRejects(() => readRows(playlist(), strict), Deno.errors.NotFound);
      const out = { format: "matroska", input: { onopen } };
      assertEquals(remuxSync(playlist(), new MemorySink(), out).streams.length, 2);
      assertEquals((await remux(playlist(), new MemorySink(), out)).streams.length, 2);
      const strictly = { format: "matroska", input: strict };
      assertThrows(() => remuxSync(playlist(), new MemorySink(), strictly), Deno.errors.NotFound);
      await assertRejects(() => remux(playlist(), new MemorySink(), strictly), Deno.errors.NotFound);
    });
  });
}

Deno.test("HLS: a gap that the playlist declares is left out", async () => {
  const text = playlistOf(NAMES).replace("#EXTINF:1,\nindex1", "#EXT-X-GAP\n#EXTINF:1,\nindex1");
  await inFolder(without("index1.ts"), async (folder) => {
    const onopen = withinDirectory(folder);
    const expected = hashesOf(["index0.ts", "index2.ts"]);
    assertEquals(hashes(rowsOf(bytesOf(text), { onopen })), expected);
    assertEquals(hashes(await readRows(bytesOf(text), { onopen })), expected);
  });
});

/** HLS with segments in fragmented mp4. */
const FRAGMENTED: RemuxOptions = {
  format: "hls",
  options: { hls_time: 1, hls_playlist_type: "vod", hls_segment_type: "fmp4" },
};

Deno.test("HLS: a live source that disappears, or that is no playlist any more, does not just end", async () => {
  const live = bytesOf(playlistOf(["index0.ts"], [], false));
  await inFolder(without(), async (folder) => {
    const opened = (reloaded: () => string | Uint8Array<ArrayBuffer>): DemuxerOptions => ({
      url: "live.m3u8",
      timeout: 10_000,
      onopen: ({ url }) => url === "live.m3u8" ? reloaded() : `${folder}/${url}`,
    });
    const gone = opened(() => `${folder}/live.m3u8`);
    await assertRejects(() => readRows(live, gone), Deno.errors.NotFound, "live.m3u8");
    for (const text of ["<html>Please log in</html>", ""]) {
      const options = opened(() => bytesOf(text));
      await using demuxer = await Demuxer.open(live, options);
      while (await demuxer.read());
      assertEquals(demuxer.warnings.map(({ kind, log }) => [kind, log]), [
        ["truncated", "Failed to reload playlist 0"],
      ]);
      await assertRejects(() => readRows(live, { ...options, strict: true }), StrictError);
    }
  });
});

/** What a server may send in the place of a segment. */
const NO_SEGMENTS: [string, (segment: Uint8Array<ArrayBuffer>) => Uint8Array<ArrayBuffer>][] = [
  ["a page", () => bytesOf(`<html><body>${"Not found. ".repeat(100)}</body></html>`)],
  ["a short page", () => bytesOf("<html>\r\n<head><title>404 Not Found</title></head></html>\r\n")],
  ["a line", () => bytesOf("404 page not found\n")],
  ["zeros", () => new Uint8Array(70_000)],
  ["a few zeros", () => new Uint8Array(150)],
  ["nothing", () => new Uint8Array(0)],
  ["its first half", (segment) => segment.slice(0, segment.length / 2 - 100)],
];

for (const [what, made] of NO_SEGMENTS) {
  Deno.test({
    name: `HLS: ${what} in the place of a segment is a warning, whichever it is and in both formats`,
    ignore: !isEmbedded,
    fn() {
      for (const type of ["mpegts", "fmp4"]) {
        const options = { hls_time: 1, hls_playlist_type: "vod", hls_segment_type: type };
        const files = filesOf(VIDEO, { format: "hls", options, url: "index.m3u8" });
        const names = [...files.keys()].filter((name) => /\d\.(ts|m4s)$/.test(name));
        assertEquals(names.length, 3);
        for (const name of names) {
          const damaged = new Map(files).set(name, made(files.get(name)!));
          using demuxer = Demuxer.openSync(files.get("index.m3u8")!, {
            format: "hls",
            onopen: fromMap(damaged),
          });
          for (const _ of demuxer.packetsSync());
          assert(demuxer.warnings.length > 0, `${type} ${name}`);
        }
      }
    },
  });
}

Deno.test({
  name: "HLS: a live playlist that has no segment any more, while the first one is still looked at",
  ignore: !isEmbedded,
  fn() {
    const options: DemuxerOptions = {
      url: "live.m3u8",
      onopen: ({ url }) =>
        url === "live.m3u8" ? bytesOf(playlistOf([])) : segment("index0.ts").subarray(0, 1880),
    };
    const live = playlistOf(["index0.ts"], [], false).replaceAll(/:1\b/g, ":0");
    using demuxer = Demuxer.openSync(bytesOf(live), options);
    assertEquals(demuxer.streams.map(({ codecParameters }) => codecParameters.codec), ["h264", "aac"]);
  },
});

Deno.test({
  name: "HLS: what the playlist declares a gap is not asked for, nor are its key and initialization section",
  ignore: !isEmbedded,
  async fn() {
    const all = filesOf(VIDEO, { ...FRAGMENTED, url: "index.m3u8" });
    for (const missing of ["index0.m4s", "index1.m4s", "index2.m4s"]) {
      const rest = new Map([...all].filter(([name]) => name !== missing));
      const text = textOf(all.get("index.m3u8"));
      const [key, none] = ['#EXT-X-KEY:METHOD=AES-128,URI="no.key"', "#EXT-X-KEY:METHOD=NONE"];
      const own = '#EXT-X-MAP:URI="init.mp4"';
      const declared = [
        text.replace(`#EXTINF:1.000000,\n${missing}`, `#EXT-X-GAP\n$&`),
        text.replace(`#EXTINF:1.000000,\n${missing}`, `#EXTINF:1.000000,\n#EXT-X-GAP\n${missing}`),
        text.replace(
          `#EXTINF:1.000000,\n${missing}`,
          `${key}\n#EXT-X-MAP:URI="no.mp4"\n#EXT-X-GAP\n$&\n${none}\n${own}`,
        ),
      ];
      let expected: string[][] = [];
      await inFolder(rest, (folder) => {
        expected = hashes(rowsOf(bytesOf(text), { onopen: withinDirectory(folder) }));
      });
      for (const gap of declared) {
        const { onopen, asked } = recording(fromMap(new Map(rest)));
        const [lines, ...others] = [
          await warningsOf(() => assertEquals(hashes(rowsOf(bytesOf(gap), { onopen })), expected)),
          await warningsOf(async () =>
            assertEquals(hashes(await readRows(bytesOf(gap), { onopen })), expected)
          ),
        ];
        assertEquals(lines.length, 1);
        assertStringIncludes(lines[0]!, `'${missing}' is missing, and left out`);
        assertEquals(others, [lines]);
        assertEquals(asked.filter(({ url }) => url === missing || url.startsWith("no.")), []);
        const strict = { onopen, strict: true };
        assertThrows(() => rowsOf(bytesOf(gap), strict), StrictError, "missing");
        await assertRejects(() => readRows(bytesOf(gap), strict), StrictError, "missing");
      }
    }
  },
});

Deno.test({
  name: "HLS: byte ranges around a gap, and gaps only",
  ignore: !isEmbedded,
  async fn() {
    const [one, gap, other] = NAMES.map(segment) as [Uint8Array, Uint8Array, Uint8Array];
    const whole = new Uint8Array([...one, ...gap, ...other]);
    const ranges = [one, gap, other].map(({ length }, i) =>
      `${i === 1 ? "#EXT-X-GAP\n" : ""}#EXTINF:1,\n#EXT-X-BYTERANGE:${length}${i ? "" : "@0"}\nall.ts\n`
    );
    const text = `#EXTM3U\n#EXT-X-VERSION:8\n#EXT-X-TARGETDURATION:1\n${ranges.join("")}#EXT-X-ENDLIST\n`;
    const onopen = fromMap(new Map([["all.ts", whole]]));
    assertEquals(hashes(rowsOf(bytesOf(text), { onopen })), hashesOf(["index0.ts", "index2.ts"]));
    assertEquals(hashes(await readRows(bytesOf(text), { onopen })), hashesOf(["index0.ts", "index2.ts"]));
    const only = bytesOf(playlistOf(NAMES).replaceAll("#EXTINF", "#EXT-X-GAP\n#EXTINF"));
    for (const findStreamInfo of [true, false]) {
      const error = assertThrows(() => rowsOf(only, { onopen, findStreamInfo }), AVError);
      assertEquals(error.codeName, "ENOENT");
      assertStringIncludes(error.message, "index0.ts");
      await assertRejects(() => readRows(only, { onopen, findStreamInfo }), AVError, "index0.ts");
    }
  },
});

Deno.test("HLS: if every segment is missing, the error is that of the first", async () => {
  await inFolder([], async (folder) => {
    const onopen = withinDirectory(folder);
    for (const options of [{ onopen }, { onopen, findStreamInfo: false }]) {
      const error = assertThrows(() => rowsOf(playlist(), options), Deno.errors.NotFound);
      assertStringIncludes(error.message, "index0.ts");
      await assertRejects(() => readRows(playlist(), options), Deno.errors.NotFound, "index0.ts");
    }
    assertThrows(() => probeSync(playlist(), { onopen }), Deno.errors.NotFound);
    await assertRejects(() => probe(playlist(), { onopen }), Deno.errors.NotFound);
  });
});

Deno.test("HLS: a master whose renditions are missing is an error, one of several is left out", async () => {
  const master = (...names: string[]) =>
    bytesOf(
      ["#EXTM3U", ...names.flatMap((name) => ["#EXT-X-STREAM-INF:BANDWIDTH=1000", name]), ""].join("\n"),
    );
  await inFolder([...without(), ["a.m3u8", playlist()]], (folder) => {
    const onopen = withinDirectory(folder);
    assertThrows(() => probeSync(master("b.m3u8"), { onopen }), Deno.errors.NotFound);
    assertEquals(hashes(rowsOf(master("a.m3u8", "b.m3u8"), { onopen })), tsHashes());
    assertThrows(() => probeSync(master("a.m3u8", "b.m3u8"), { onopen, strict: true }), Deno.errors.NotFound);
  });
});

Deno.test("HLS: status 404 and 410 are missing segments, others are errors", async () => {
  for (const status of [404, 410, 403]) {
    const server = Deno.serve({ port: 0, onListen() {} }, (request) => {
      const name = new URL(request.url).pathname.slice(1);
      return name === "index1.ts" ? new Response(null, { status }) : new Response(segment(name));
    });
    try {
      const onopen = withinOrigin(`http://localhost:${server.addr.port}`);
      const failing: DemuxerOptions[] = [{ onopen, strict: true }];
      if (status === 403) failing.push({ onopen });
      else assertEquals(hashes(await readRows(playlist(), { onopen })), hashesOf(["index0.ts", "index2.ts"]));
      for (const options of failing) {
        const error = await rejectionOf(readRows(playlist(), options));
        assert(error instanceof HttpError && error.status === status, String(error));
      }
    } finally {
      await server.shutdown();
    }
  }
});

Deno.test("HLS: an exception of onopen is thrown unchanged; null refuses, which is not a missing segment", async () => {
  const thrown = new Deno.errors.NotFound("mine");
  const throws: OpenCallback = ({ url }) => {
    if (url === "index1.ts") throw thrown;
    return segment(url);
  };
  const error = await rejectionOf(Promise.resolve().then(() => rowsOf(playlist(), { onopen: throws })));
  assertStrictEquals(error, thrown);
  assertStrictEquals(await rejectionOf(readRows(playlist(), { onopen: throws })), thrown);
  const refuses = fromMap(new Map(without("index1.ts")));
  assertThrows(() => rowsOf(playlist(), { onopen: refuses }), AVError, "refused to open 'index1.ts'");
});

Deno.test("HLS: a live playlist that disappears is an error, not a gap", async () => {
  const live = bytesOf(playlistOf(["index0.ts"], [], false));
  await inFolder(without(), async (folder) => {
    let loaded = 0;
    const onopen: OpenCallback = ({ url }) =>
      url === "live.m3u8" && ++loaded === 1 ? live : `${folder}/${url}`;
    const master = bytesOf("#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1000\nlive.m3u8\n");
    await assertRejects(
      () => readRows(master, { onopen, timeout: 10_000 }),
      Deno.errors.NotFound,
      "live.m3u8",
    );
  });
});

Deno.test({
  name: "concat scripts end where a file is missing",
  ignore: !isEmbedded,
  async fn() {
    await inFolder(without("index1.ts"), (folder) => {
      const script = bytesOf(`ffconcat version 1.0\n${NAMES.map((name) => `file ${name}\n`).join("")}`);
      assertThrows(() => rowsOf(script, { onopen: withinDirectory(folder) }), Deno.errors.NotFound);
    });
  },
});

// ------------------------------------------------------------------------------------------- "data:"

const KEY = Uint8Array.from({ length: 16 }, (_, i) => i * 13 + 1);

function encrypted(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const cipher = createCipheriv("aes-128-cbc", KEY, new Uint8Array(16));
  return new Uint8Array([...cipher.update(bytes), ...cipher.final()]);
}

Deno.test("HLS: keys in data: URLs, without calling onopen", async () => {
  const files = new Map([...tsSegments()].map(([name, bytes]) => [name, encrypted(bytes)] as const));
  const percents = [...KEY].map((byte) => `%${byte.toString(16).padStart(2, "0")}`).join("");
  const base64 = KEY.toBase64();
  const urls = [
    `data:application/octet-stream;base64,${base64}`,
    `data:;base64,${base64.replaceAll("=", "%3D")}`,
    `data:text/plain,${percents}`,
    `data:text/plain;charset=x,${percents.toUpperCase()}`,
  ];
  for (const url of urls) {
    const line = `#EXT-X-KEY:METHOD=AES-128,URI="${url}",IV=0x${"0".repeat(32)}`;
    const text = bytesOf(playlistOf(NAMES, [line]));
    const { onopen, asked } = recording(fromMap(new Map(files)));
    assertEquals(hashes(rowsOf(text, { onopen })), tsHashes(), url);
    assertEquals(hashes(await readRows(text, { onopen })), tsHashes(), url);
    assertEquals(asked.filter((request) => !request.url.startsWith("index")), [], url);
  }
});

Deno.test("HLS: invalid data: URLs are empty, without a crash", () => {
  const files = new Map(without());
  for (
    const url of [
      "data:",
      "data:,",
      "data:;base64",
      "data:;base64,!!",
      "data:;base64,",
      "data:,%",
      "data:,%4",
    ]
  ) {
    const options: DemuxerOptions = { onopen: fromMap(files) };
    const keyed = bytesOf(
      playlistOf(NAMES, [`#EXT-X-KEY:METHOD=AES-128,URI="${url}",IV=0x${"0".repeat(32)}`]),
    );
    for (const text of [keyed, bytesOf(playlistOf([url]))]) {
      assertThrows(() => rowsOf(text, options), AVError);
    }
  }
});

Deno.test("HLS: segments in data: URLs need no onopen", () => {
  const small = new Uint8Array(segment("index0.ts").subarray(0, 188 * 12));
  const urls = [`data:video/mp2t;base64,${small.toBase64()}`];
  using demuxer = Demuxer.openSync(bytesOf(playlistOf(urls)));
  assert(demuxer.streams.length > 0);
});
