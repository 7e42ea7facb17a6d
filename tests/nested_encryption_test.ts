/**
 * HLS with AES-128: segments encrypted separately, in files of their own or as byte ranges of one. The packets must be
 * those of the unencrypted segments.
 */
import { assert, assertEquals } from "@std/assert";
import { AVError, fromMap, type OpenCallback, withinDirectory, withinOrigin } from "@avio/avio";
import { createCipheriv } from "node:crypto";
import { amounts, readerOf } from "./support/devices.ts";
import { readRows } from "./support/async.ts";
import { rangeOf } from "./support/file_server.ts";
import { fixturePath } from "./support/fixtures.ts";
import {
  assertReads,
  bytesOf,
  type Files,
  filesOf,
  hashes,
  inFolder,
  mp4Hashes,
  NAMES,
  playlistOf,
  tsHashes,
  tsSegments,
} from "./support/many_files.ts";
import { rowsOf } from "./support/packets.ts";
import { libavformat } from "./support/versions.ts";

/** Reads a playlist in memory, its files from a Map. */
function assertPlaylist(text: string, files: Files, expected = tsHashes()): Promise<void> {
  return assertReads(() => bytesOf(text), () => ({ onopen: fromMap(files) }), expected);
}

const KEY = Uint8Array.from({ length: 16 }, (_, i) => i * 13 + 1);

function encrypt(bytes: Uint8Array, vector: Uint8Array, key = KEY): Uint8Array<ArrayBuffer> {
  const cipher = createCipheriv("aes-128-cbc", key, vector);
  return new Uint8Array([...cipher.update(bytes), ...cipher.final()]);
}

function vectorOf(sequence: number): Uint8Array {
  const vector = new Uint8Array(16);
  new DataView(vector.buffer).setUint32(12, sequence);
  return vector;
}

/** With zeros after it: of any length, as the ts demuxer skips what is no packet. */
function padTo(bytes: Uint8Array, remainder: number): Uint8Array<ArrayBuffer> {
  const padding = (remainder - bytes.length % 16 + 16) % 16;
  return new Uint8Array([...bytes, ...new Uint8Array(padding)]);
}

for (const remainder of [0, 1, 15]) {
  Deno.test(`HLS: AES-128 with an explicit IV, segments of 16 n + ${remainder} bytes`, async () => {
    const vector = Uint8Array.from({ length: 16 }, (_, i) => 255 - i);
    const files: Files = new Map(NAMES.map((name) => [name, tsSegments().get(name)!]));
    for (const [name, bytes] of files) files.set(name, encrypt(padTo(bytes, remainder), vector));
    files.set("k/key.bin", KEY);
    const hex = [...vector].map((byte) => byte.toString(16).padStart(2, "0")).join("");
    const line = `#EXT-X-KEY:METHOD=AES-128,URI="k/key.bin",IV=0x${hex}`;
    await assertPlaylist(playlistOf(NAMES, [line]), files);
  });
}

Deno.test("HLS: AES-128 with IVs by sequence number, keys that change, and segments in the clear", async () => {
  const other = KEY.toReversed();
  const files: Files = new Map([
    ["index0.ts", tsSegments().get("index0.ts")!],
    ["index1.ts", encrypt(tsSegments().get("index1.ts")!, vectorOf(8))],
    ["index2.ts", encrypt(tsSegments().get("index2.ts")!, vectorOf(9), other)],
    ["a.key", KEY],
    ["b.key", other],
  ]);
  const playlist = playlistOf(NAMES).replace("SEQUENCE:0", "SEQUENCE:7")
    .replace("#EXTINF:1,\nindex1", '#EXT-X-KEY:METHOD=AES-128,URI="a.key"\n#EXTINF:1,\nindex1')
    .replace("#EXTINF:1,\nindex2", '#EXT-X-KEY:METHOD=AES-128,URI="b.key"\n#EXTINF:1,\nindex2');
  await assertPlaylist(playlist, files);
  const small = () => ({ onopen: fromMap(files), bufferSize: 100 });
  await assertReads(() => bytesOf(playlist), small, tsHashes());
});

Deno.test("HLS: AES-128 with a damaged key or segment: no packets of the original, and no crash", () => {
  const segment = encrypt(tsSegments().get("index0.ts")!, vectorOf(0));
  const playlist = bytesOf(playlistOf(["s.ts"], ['#EXT-X-KEY:METHOD=AES-128,URI="key"']));
  const read = (key: Uint8Array<ArrayBuffer>, bytes: Uint8Array<ArrayBuffer>) => {
    try {
      return rowsOf(playlist, { onopen: fromMap(new Map([["key", key], ["s.ts", bytes]])) });
    } catch (error) {
      assert(error instanceof AVError, String(error));
      return [];
    }
  };
  const expected = read(KEY, segment).length;
  assert(expected > 50);
  assert(read(KEY.toReversed(), segment).length < expected);
  for (const size of [0, 1, 15]) assert(read(KEY.slice(0, size), segment).length < expected);
  for (const size of [0, 1, 15, 16, 17, 1000, 1007]) {
    assert(read(KEY, segment.slice(0, size)).length < expected);
  }
});

// ------------------------------------------------------------------------------------------- byte ranges

/** FFmpeg 5 takes the key from where the segment's range begins in its file. */
const ignore = libavformat < 61;

interface Part {
  bytes: Uint8Array;
  /** What stands before `#EXTINF`, or in place of it and the range for an init section. */
  line?: (range: string) => string;
  vector: Uint8Array;
}

/** A file of separately encrypted parts with junk between them, and its playlist. */
function encrypted(
  parts: readonly Part[],
  lines: readonly string[],
  name = "all.bin",
  junk = 1001,
): [string, Files] {
  const noise = new Uint8Array(junk).fill(0x47);
  const pieces = parts.map(({ bytes, vector }) => encrypt(bytes, vector));
  const file = new Uint8Array(
    [noise, ...pieces.flatMap((piece) => [...[piece], noise])].flatMap((piece) => [...piece]),
  );
  let at = junk;
  const entries = pieces.flatMap((piece, i) => {
    const range = `${piece.length}@${at}`;
    at += piece.length + junk;
    const line = parts[i]!.line?.(range);
    return line === undefined ? ["#EXTINF:1,", `#EXT-X-BYTERANGE:${range}`, name] : [line];
  });
  return [playlistOf([], [...lines, ...entries]), new Map([[name, file], ["k.key", KEY]])];
}

const hexOf = (vector: Uint8Array) => [...vector].map((byte) => byte.toString(16).padStart(2, "0")).join("");
const KEY_LINE = '#EXT-X-KEY:METHOD=AES-128,URI="k.key"';
const VECTOR = Uint8Array.from({ length: 16 }, (_, i) => 255 - i);

/** Segments of mpegts whose IV is their number. */
const numbered = () =>
  NAMES.map((name, i): Part => ({ bytes: tsSegments().get(name)!, vector: vectorOf(i) }));
const byNumber = (junk?: number) => encrypted(numbered(), [KEY_LINE], "all.bin", junk);

/** Fragmented mp4 with its init section, all in one file and with one IV. */
function fragmented(): [string, Files] {
  const files = filesOf(fixturePath("video.mp4"), {
    format: "hls",
    url: "index.m3u8",
    options: { hls_time: 1, hls_playlist_type: "vod", hls_segment_type: "fmp4" },
  });
  const map = (range: string) => `#EXT-X-MAP:URI="all.bin",BYTERANGE="${range}"`;
  const init: Part = { bytes: files.get("init.mp4")!, vector: VECTOR, line: map };
  const segments = [...files].filter(([name]) => name.endsWith(".m4s"));
  const parts = segments.map(([, bytes]): Part => ({ bytes, vector: VECTOR }));
  return encrypted([init, ...parts], [`${KEY_LINE},IV=0x${hexOf(VECTOR)}`]);
}

for (const junk of [0, 1001]) {
  Deno.test(
    `HLS: AES-128 and byte ranges, IVs by sequence number, ${junk} bytes between them`,
    { ignore },
    async () => {
      await assertPlaylist(...byNumber(junk));
    },
  );
}

Deno.test("HLS: AES-128 and byte ranges, one IV for all", { ignore }, async () => {
  const parts = numbered().map(({ bytes }) => ({ bytes, vector: VECTOR }));
  await assertPlaylist(...encrypted(parts, [`${KEY_LINE},IV=0x${hexOf(VECTOR)}`]));
});

for (const remainder of [0, 1, 15]) {
  Deno.test(`HLS: AES-128 and byte ranges of 16 n + ${remainder} bytes`, { ignore }, async () => {
    const parts = numbered().map(({ bytes, vector }) => ({ bytes: padTo(bytes, remainder), vector }));
    await assertPlaylist(...encrypted(parts, [KEY_LINE]));
  });
}

Deno.test("HLS: AES-128 and byte ranges that follow each other without an offset", { ignore }, async () => {
  const [text, files] = byNumber(0);
  const lines = text.split("\n");
  const [first, ...rest] = lines.filter((line) => line.startsWith("#EXT-X-BYTERANGE"));
  assert(first!.endsWith("@0"));
  await assertPlaylist(rest.reduce((all, line) => all.replace(line, line.replace(/@.*/, "")), text), files);
});

Deno.test("HLS: AES-128 and byte ranges, fragmented mp4 with its init section", { ignore }, async () => {
  await assertPlaylist(...fragmented(), mp4Hashes());
});

Deno.test("HLS: AES-128 and byte ranges, an init section in the clear", { ignore }, async () => {
  const files = filesOf(fixturePath("video.mp4"), {
    format: "hls",
    url: "index.m3u8",
    options: { hls_time: 1, hls_playlist_type: "vod", hls_segment_type: "fmp4" },
  });
  const segments = [...files].filter(([name]) => name.endsWith(".m4s"));
  const parts = segments.map(([, bytes], i): Part => ({ bytes, vector: vectorOf(i) }));
  const [text, all] = encrypted(parts, ['#EXT-X-MAP:URI="init.mp4"', KEY_LINE]);
  all.set("init.mp4", files.get("init.mp4")!);
  await assertPlaylist(text, all, mp4Hashes());
});

Deno.test("HLS: AES-128 and byte ranges, from callbacks with and without onseek, a few bytes at a time", {
  ignore,
}, async () => {
  for (const [text, files] of [byNumber(), fragmented()]) {
    const expected = text.includes("MAP") ? mp4Hashes() : tsHashes();
    for (const seekable of [true, false]) {
      for (const amount of [amounts.all, amounts.primes]) {
        const onopen: OpenCallback = ({ url }) =>
          url === "k.key" ? KEY.slice() : readerOf(files.get(url)!, { seekable, amount });
        await assertReads(() => bytesOf(text), () => ({ onopen, bufferSize: 500 }), expected);
      }
    }
  }
});

Deno.test("HLS: AES-128 and byte ranges, from streams and from a folder", { ignore }, async () => {
  const [text, files] = byNumber();
  const onopen: OpenCallback = ({ url }) => new Blob([files.get(url)!]).stream();
  assertEquals(hashes(await readRows(bytesOf(text), { onopen })), tsHashes());
  files.set("index.m3u8", bytesOf(text));
  await inFolder(files, async (folder) => {
    const options = () => ({ onopen: withinDirectory(folder) });
    await assertReads(() => `${folder}/index.m3u8`, options, tsHashes());
  });
});

Deno.test(
  "HLS: AES-128 and byte ranges, from an http server with ranges and one without",
  { ignore },
  async () => {
    const [text, files] = byNumber();
    files.set("index.m3u8", bytesOf(text));
    for (const ranges of [true, false]) {
      await using server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, (request) => {
        const file = files.get(new URL(request.url).pathname.slice(1));
        if (!file) return new Response(null, { status: 404 });
        if (!ranges || !request.headers.has("range")) return new Response(file);
        const [from, end] = rangeOf(request, file.length);
        const headers = { "content-range": `bytes ${from}-${end - 1}/${file.length}` };
        return new Response(file.subarray(from, end), { status: 206, headers });
      });
      const origin = `http://127.0.0.1:${server.addr.port}`;
      assertEquals(
        hashes(await readRows(`${origin}/index.m3u8`, { onopen: withinOrigin(origin) })),
        tsHashes(),
      );
    }
  },
);

Deno.test("HLS: AES-128 and byte ranges that go beyond the file, or are no multiple of a block: no crash", {
  ignore,
}, () => {
  const [text, files] = byNumber();
  const count = (text: string) => {
    try {
      return rowsOf(bytesOf(text), { onopen: fromMap(files) }).length;
    } catch (error) {
      assert(error instanceof AVError, String(error));
      return 0;
    }
  };
  const expected = count(text);
  for (
    const range of [
      "0@0",
      "1@0",
      "15@3",
      "16@1001",
      "99999999999@1001",
      "1000@99999999",
      "9223372036854775807@1",
    ]
  ) {
    assert(count(text.replaceAll(/RANGE:.*/g, `RANGE:${range}`)) < expected, range);
  }
});
