/**
 * The memory and time that small hostile files may cost, and `maxMemory`. `fuzz/bounds.ts` measures more precisely,
 * with larger files.
 */
import { assert, assertEquals, assertMatch, assertRejects, assertThrows } from "@std/assert";
import {
  AVError,
  concat,
  concatSync,
  Demuxer,
  IOContext,
  MemorySink,
  probe,
  probeSync,
  remux,
  remuxSync,
  type Source,
} from "@avio/avio";
import { list, table } from "../cli/table.ts";
import { bombs } from "../fuzz/bombs.ts";
import { fixtureBytes } from "./support/fixtures.ts";
import { isEmbedded, libavformat } from "./support/versions.ts";

const MIB = 1024 * 1024;
/** The system's libavformat allocates by itself. */
const ignore = !isEmbedded;

const manySamples = () => bombs["mp4 one size"]!(0);

function isTooMuch(error: unknown, bytes: number): void {
  assert(error instanceof AVError, String(error));
  assertEquals(error.codeName, "EMSGSIZE");
  assertMatch(error.message, new RegExp(`more than maxMemory \\(${bytes} bytes\\)`));
}

Deno.test("maxMemory: an index of 584 bytes that states millions of samples", { ignore }, async () => {
  const options = { maxMemory: 128 * MIB };
  isTooMuch(assertThrows(() => probeSync(manySamples(), options)), 128 * MIB);
  isTooMuch(await assertRejects(() => probe(manySamples(), options)), 128 * MIB);
  isTooMuch(
    assertThrows(() => remuxSync(manySamples(), new MemorySink(), { format: "mov", ...options })),
    128 * MIB,
  );
  const input = { ...options, maxMemory: 64 * MIB };
  const both = { format: "mov", ...options, input };
  isTooMuch(await assertRejects(() => remux(manySamples(), new MemorySink(), both)), 64 * MIB);
});

// FFmpeg 7.1 does not recognize the file.
const inflating = { ignore: ignore || libavformat < 63 };
Deno.test("maxMemory: a compressed block, and the session after it", inflating, async () => {
  const bytes = mkvOf([await deflated(100), await deflated(9 * MIB), await deflated(100)]);
  const options = { format: "matroska", maxMemory: 8 * MIB, findStreamInfo: false };
  for (const maxPacketSize of [MIB, 64 * MIB]) {
    using demuxer = Demuxer.openSync(bytes, { ...options, maxPacketSize });
    assertEquals(demuxer.readSync()!.data.length, 100);
    isTooMuch(assertThrows(() => demuxer.readSync()), 8 * MIB);
    isTooMuch(assertThrows(() => demuxer.readSync()), 8 * MIB);
    isTooMuch(assertThrows(() => demuxer.seekSync(0)), 8 * MIB);
    isTooMuch(await assertRejects(() => demuxer.read()), 8 * MIB);
  }
  await using later = await Demuxer.open(bytes, options);
  assertEquals((await later.read())!.data.length, 100);
  isTooMuch(await assertRejects(() => later.read()), 8 * MIB);
  isTooMuch(await assertRejects(() => later.read()), 8 * MIB);
  using wide = Demuxer.openSync(bytes, { ...options, maxMemory: 1024 * MIB, maxPacketSize: MIB });
  wide.readSync();
  assertMatch(assertThrows(() => wide.readSync(), AVError).message, /maxPacketSize/);
});

/** As many zeros, by zlib. */
async function deflated(size: number): Promise<Uint8Array> {
  const zeros = new Blob([new Uint8Array(size)]).stream().pipeThrough(new CompressionStream("deflate"));
  return new Uint8Array(await new Response(zeros).arrayBuffer());
}

/** A Matroska of blocks that are compressed with zlib. */
function mkvOf(blocks: Uint8Array[]): Uint8Array {
  const size = (length: number) => [1, 0, 0, 0, length >> 24, length >> 16, length >> 8, length];
  const element = (id: number[], ...parts: (number[] | Uint8Array)[]): number[] => {
    const body = parts.flatMap((part) => [...part]);
    return [...id, ...size(body.length), ...body];
  };
  const text = (text: string) => [...new TextEncoder().encode(text)];
  const encodings = element(
    [0x6d, 0x80],
    element([0x62, 0x40], element([0x50, 0x34], element([0x42, 0x54], [0]))),
  );
  const codec = element([0x86], text("V_UNCOMPRESSED"));
  const entry = element(
    [0xae],
    element([0xd7], [1]),
    element([0x73, 0xc5], [1]),
    element([0x83], [1]),
    codec,
    encodings,
  );
  return new Uint8Array([
    ...element([0x1a, 0x45, 0xdf, 0xa3], element([0x42, 0x82], text("matroska"))),
    ...element(
      [0x18, 0x53, 0x80, 0x67],
      element([0x15, 0x49, 0xa9, 0x66], element([0x2a, 0xd7, 0xb1], [0x0f, 0x42, 0x40])),
      element([0x16, 0x54, 0xae, 0x6b], entry),
      element(
        [0x1f, 0x43, 0xb6, 0x75],
        element([0xe7], [0]),
        ...blocks.map((block) => element([0xa3], [0x81, 0, 0, 0x80], block)),
      ),
    ),
  ]);
}

Deno.test("maxMemory limits the memory allocated at the same time", () => {
  const bytes = fixtureBytes("video.mkv");
  for (let turn = 0; turn < 200; turn++) {
    using demuxer = Demuxer.openSync(bytes, { maxMemory: 8 * MIB });
    while (demuxer.readSync()) continue;
  }
  using demuxer = Demuxer.openSync(bytes, { maxMemory: 8 * MIB });
  for (let turn = 0; turn < 300; turn++) {
    while (demuxer.readSync()) continue;
    demuxer.seekSync(0);
  }
});

Deno.test("maxMemory: memory freed by another thread is no longer counted", async () => {
  const bytes = fixtureBytes("video.mkv");
  await using demuxer = await Demuxer.open(new Blob([bytes]), { maxMemory: 8 * MIB });
  for (let turn = 0; turn < 100; turn++) {
    for await (const packet of demuxer.packets()) assert(packet.data.length >= 0);
    await demuxer.seek(0);
  }
  const sink = { onwrite() {} };
  await concat(Array(50).fill(bytes), sink, { format: "mpegts", maxMemory: 8 * MIB });
  concatSync(Array(50).fill(bytes), sink, { format: "mpegts", maxMemory: 8 * MIB });
});

const sources: Record<string, (bytes: Uint8Array<ArrayBuffer>) => Source> = {
  "bytes": (bytes) => bytes,
  "a Blob": (bytes) => new Blob([bytes]),
  "an IOContext over bytes": (bytes) => new IOContext(bytes),
};

for (const [name, sourceOf] of Object.entries(sources)) {
  Deno.test(`maxOpenSize also limits ${name}`, async () => {
    for (
      const file of ["video.mp4", "video.mkv", "video.ts", "audio.ogg", "audio.wav", "audio.mp3", "image.png"]
    ) {
      const bytes = fixtureBytes(file);
      const open = (maxOpenSize: number) => probe(sourceOf(bytes), { maxOpenSize });
      assertMatch((await assertRejects(() => open(100), AVError)).message, /maxOpenSize/);
      if (name !== "a Blob") {
        const openSync = () => probeSync(sourceOf(bytes), { maxOpenSize: 100 });
        assertMatch(assertThrows(openSync, AVError).message, /maxOpenSize/);
      }
      await open(MIB);
    }
  });
}

Deno.test("The numbers of tags, chapters and programs are limited", { ignore }, async () => {
  const read = (name: string, size: number) => probe(bombs[name]!(size), { findStreamInfo: false });
  assertEquals(Object.keys((await read("id3 txxx", 60_000)).metadata).length, 1000);
  assertEquals((await read("matroska chapters", 200_000)).chapters.length, 5000);
  assertEquals((await read("mpegts programs", 60_000)).programs.length, 400);
});

Deno.test("The number of playlists that one names is limited", {
  ignore: ignore || libavformat < 63,
}, async () => {
  const variants = Array.from({ length: 10_001 }, (_, i) => `#EXT-X-STREAM-INF:BANDWIDTH=1\n${i}\n`);
  const bytes = new TextEncoder().encode(`#EXTM3U\n${variants.join("")}`);
  const { message } = await assertRejects(() => probe(bytes, { onopen: () => null }), AVError);
  assertMatch(message, /more than 10000 playlists/);
});

Deno.test("The error for too many chapters says so", { ignore }, async () => {
  const chapter = "[CHAPTER]\nTIMEBASE=1/1\nSTART=0\nEND=1\n";
  const bytes = new TextEncoder().encode(`;FFMETADATA1\n${chapter.repeat(5001)}`);
  const { message } = await assertRejects(() => probe(bytes, { format: "ffmetadata" }), AVError);
  assertMatch(message, /more than 5000 chapters/);
});

Deno.test("A table may have any number of rows", () => {
  const rows = Array.from({ length: 300_000 }, () => ["a", "b"]);
  assertEquals(table([{ title: "one" }, { title: "two" }], rows).length, rows.length + 1);
  assertEquals(list(rows.map(([name, value]) => [name!, [value!]])).length, rows.length);
});

/** Runs a program of `fuzz/`; returns its output if it succeeds. */
async function program(name: string, args: string[], flags: string[] = []): Promise<string> {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "-A",
      "--quiet",
      "--no-check",
      ...flags,
      new URL(`../fuzz/${name}`, import.meta.url).href,
      ...args,
    ],
    env: { NO_COLOR: "1" },
  }).output();
  const printed = new TextDecoder().decode(stdout);
  assertEquals(
    code,
    0,
    printed.split("\n").filter((line) => !line.startsWith("  ")).join("\n") +
      new TextDecoder().decode(stderr),
  );
  return printed;
}

const isLinux = Deno.build.os === "linux";

Deno.test(
  "Small files take limited memory and time",
  { ignore: ignore || !isLinux },
  async () => {
    const printed = await program("bounds.ts", ["--size=20000", "--seconds=8"], ["--v8-flags=--expose-gc"]);
    assert(printed.split("\n").length > Object.keys(bombs).length);
  },
);

// The C library of glibc alone fills what it allocates; elsewhere there is nothing to be seen.
Deno.test("No stale heap memory is in packets or parameters", { ignore: ignore || !isLinux }, async () => {
  await program("undefined.ts", ["--cuts=2"]);
});

Deno.test(
  "No stale heap memory is in packets that are larger than the file",
  { ignore },
  () => {
    const head = [
      0x31,
      0x46,
      0x43,
      0x42,
      1,
      2,
      0x44,
      0xac,
      0,
      0x10,
      0,
      0,
      ...Array(8).fill(0),
      0,
      0,
      97,
      98,
      0xe8,
      0x0f,
    ];
    using demuxer = Demuxer.openSync(new Uint8Array([...head, 1, 2, 3, 4]), { findStreamInfo: false });
    try {
      const { data } = demuxer.readSync()!;
      assertEquals(data.subarray(8).filter((byte) => byte !== 0).length, 0);
    } catch (error) {
      assertEquals((error as AVError).codeName, "INVALIDDATA"); // FFmpeg 9.0 and newer look whether all has come
    }
  },
);

Deno.test("One long name or value does not widen a column of a table", () => {
  const long = "x".repeat(1 << 20);
  const rows = Array.from({ length: 1000 }, () => ["name", "value"] as [string, string]);
  const pairs = rows.map(([name, value]): [string, string[]] => [name, [value]]);
  const listed = list([[long, ["value"]], ...pairs]);
  const tabled = table([{ title: "a" }, { title: "b" }], [[long, "value"], ["value", long], ...rows]);
  for (const line of [...listed, ...tabled]) assert(line.length < 500 || line.includes(long));
  assertEquals(listed.slice(1, 3), ["name  value", "name  value"]);
});
