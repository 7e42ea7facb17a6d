/**
 * Files as sources and sinks: which file functions are called by each engine, files of the caller that a muxer reads
 * back, and files that are overwritten.
 */
import {
  assert,
  assertEquals,
  assertMatch,
  assertRejects,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import {
  Demuxer,
  MemorySink,
  merge,
  Muxer,
  type MuxerOptions,
  Packet,
  probe,
  probeSync,
  remux,
  type RemuxOptions,
  remuxSync,
  withinDirectory,
} from "@avio/avio";
import { rejectionOf } from "./support/async.ts";
import { temporaryFolder } from "./support/cli.ts";
import { fixtureBytes, fixturePath } from "./support/fixtures.ts";
import { hashes } from "./support/many_files.ts";
import { rowsOf } from "./support/packets.ts";
import { runScriptOk } from "./support/subprocess.ts";

const VIDEO = fixturePath("video.mp4");
const BOTH = { read: true, write: true, create: true, truncate: true };

// ------------------------------------------------------------------------------------------- which calls

/** Records Deno's synchronous file calls, which block the event loop, and forwards them. */
const NOTING = `
  const called = new Set();
  const note = (object, names) => {
    for (const name of names) {
      const original = object[name];
      object[name] = function (...parameters) {
        called.add(name);
        return original.apply(this, parameters);
      };
    }
  };
  const isSync = (name) => name.endsWith("Sync");
  note(Deno, Object.keys(Deno).filter((name) => isSync(name) && typeof Deno[name] === "function"));
  note(Deno.FsFile.prototype, Object.getOwnPropertyNames(Deno.FsFile.prototype).filter(isSync));
`;

/** Work on files in both engines; `run` is remux or remuxSync. */
const WORK = `
  async function work(folder, run, open) {
    const onopen = ({ url }) => url.startsWith("/") ? url : folder + "/" + url;
    await run("fixtures/video.mp4", folder + "/a.mkv");
    await run("fixtures/video.mp4", folder + "/a.mkv");
    await run("fixtures/video.mp4", folder + "/fast.mp4", { options: { movflags: "faststart" } });
    const file = await open(folder + "/file.mp4", { read: true, write: true, create: true });
    await run("fixtures/video.mp4", file, { format: "mp4", options: { movflags: "faststart" } });
    await run(file, folder + "/b.ts");
    file.close();
    const hls = { format: "hls", options: { hls_time: 1 }, onopen };
    await run("fixtures/video.mp4", folder + "/index.m3u8", hls);
    await run("fixtures/video.mp4", folder + "/index.m3u8", hls);
    await run(folder + "/index.m3u8", folder + "/b.ts", { input: { onopen } });
    const playlist = await open(folder + "/list", { read: true, write: true, create: true });
    await run("fixtures/video.mp4", playlist, { ...hls, url: "list" });
    playlist.close();
    try {
      await run(folder + "/index.m3u8", folder + "/index1.ts", { input: { onopen } });
      throw new Error("it was written over");
    } catch (error) {
      if (!error.message.includes("would overwrite")) throw error;
    }
    await run(folder + "/none", folder + "/b.ts").catch?.(() => {});
  }
`;

Deno.test("The async engine makes no synchronous calls of files that could wait", async () => {
  using folder = temporaryFolder();
  const printed = await runScriptOk(`
    import { loadLibrary, remux } from "@avio/avio";
    loadLibrary?.();
    ${NOTING}
    ${WORK}
    const run = (source, sink, options) => remux(source, sink, options);
    await work(${JSON.stringify(folder.path("."))}, run, (path, options) => Deno.open(path, options));
    console.log([...called].join());
  `);
  const atOnce = ["", "seekSync"]; // which sets a number in the system; on Node avio keeps the position itself
  assert(atOnce.includes(printed), printed);
});

Deno.test("The sync engine makes synchronous calls of files", async () => {
  using folder = temporaryFolder();
  const printed = await runScriptOk(`
    import { remuxSync } from "@avio/avio";
    ${NOTING}
    ${WORK}
    const run = (source, sink, options) => {
      try { return remuxSync(source, sink, options) } catch (error) { if (/none/.test(error.message)) return {}; throw error }
    };
    await work(${JSON.stringify(folder.path("."))}, run, (path, options) => Deno.open(path, options));
    console.log([...called].sort().join());
  `);
  for (const name of ["openSync", "readSync", "writeSync", "seekSync", "statSync", "truncateSync"]) {
    assertStringIncludes(printed, name);
  }
});

Deno.test("A directory as a source is an error that says so", async () => {
  using folder = temporaryFolder();
  const path = folder.path("."), message = `source: ${path} is a directory`;
  assertThrows(() => Demuxer.openSync(path), Deno.errors.IsADirectory, message);
  await assertRejects(() => Demuxer.open(path), Deno.errors.IsADirectory, message);
  using file = Deno.openSync(path);
  assertThrows(() => Demuxer.openSync(file), Deno.errors.IsADirectory, "the open file is a directory");
});

// ------------------------------------------------------------------------------------------- read back

/** Muxers that reread their output at the end. */
const rewriting: Record<string, RemuxOptions> = {
  "mp4, faststart": { format: "mp4", options: { movflags: "faststart" } },
  "mov, faststart": { format: "mov", options: { movflags: "faststart" } },
  "matroska, cues in front": { format: "matroska", options: { cues_to_front: 1, fflags: "+bitexact" } },
  "flv, key frames in front": { format: "flv", options: { flvflags: "add_keyframe_index" } },
};

for (const [what, options] of Object.entries(rewriting)) {
  Deno.test(`A muxer rereads what it has written to a Deno.FsFile: ${what}`, async () => {
    using folder = temporaryFolder();
    const path = folder.path("path");
    remuxSync(VIDEO, path, options);
    for (const run of [remuxSync, remux]) {
      for (const bufferSize of [512, 65536]) {
        using file = Deno.openSync(folder.path("file"), BOTH);
        await run(VIDEO, file, { ...options, bufferSize });
        const bytes = Deno.readFileSync(folder.path("file")), expected = Deno.readFileSync(path);
        assert(bytes.length === expected.length && bytes.every((byte, at) => byte === expected[at]), what);
        assertEquals(hashes(rowsOf(file)), hashes(rowsOf(VIDEO)));
      }
    }
  });
}

/** The packets of a source. */
async function packetsOf(source: Deno.FsFile, count = Infinity): Promise<string[]> {
  await using demuxer = await Demuxer.open(source, { bufferSize: 1024 });
  const packets: string[] = [];
  for await (const packet of demuxer) if (packets.push(`${packet.streamIndex} ${packet.dts}`) >= count) break;
  assertEquals(demuxer.warnings, []);
  return packets;
}

for (const name of ["video.ts", "video.mp4", "video.mkv"]) {
  Deno.test(`Several calls may read one open file at once: ${name}`, async () => {
    using file = await Deno.open(fixturePath(name));
    const alone = await packetsOf(file);
    for (const packets of await Promise.all([packetsOf(file), packetsOf(file), packetsOf(file, 20)])) {
      assertEquals(packets, alone.slice(0, packets.length));
    }
    assertEquals(await packetsOf(file), alone);
    const merged = await Promise.all([0, 1].map(async () => {
      const sink = new MemorySink();
      const sources = [{ source: file, streams: [0] }, { source: file, streams: [1] }];
      const { warnings } = await merge(sources, sink, { format: "matroska", bufferSize: 1024 });
      assertEquals(warnings, []);
      return rowsOf(sink.bytes()).length;
    }));
    assertEquals(merged, [alone.length, alone.length]);
  });
}

Deno.test("A call on an open file that is aborted while it reads does not disturb the others", async () => {
  using file = await Deno.open(fixturePath("video.mp4"));
  const alone = await packetsOf(file);
  const readUntil = async (last: number) => {
    const aborting = new AbortController();
    await using demuxer = await Demuxer.open(file, { bufferSize: 1024, signal: aborting.signal });
    let count = 0;
    for await (const _ of demuxer) if (++count === last) aborting.abort();
  };
  for (let last = 1; last < alone.length; last += 4) {
    const [others, result] = await Promise.allSettled([packetsOf(file), readUntil(last)]);
    assertEquals(others, { status: "fulfilled", value: alone });
    assertEquals(result.status, "rejected");
  }
});

Deno.test("A program may use its open file between sync calls that read or write it", () => {
  using folder = temporaryFolder();
  const meddle = (file: Deno.FsFile) => {
    file.seekSync(7, Deno.SeekMode.Start);
    file.readSync(new Uint8Array(100));
  };
  using source = Deno.openSync(fixturePath("video.mkv")), sink = Deno.openSync(folder.path("out.ts"), BOTH);
  using demuxer = Demuxer.openSync(source, { bufferSize: 1024 });
  using muxer = Muxer.openSync(sink, { format: "mpegts", bufferSize: 1024 });
  for (const stream of demuxer.streams) muxer.addStream(stream);
  const rows: string[] = [];
  for (let packet; (packet = demuxer.readSync());) {
    rows.push(`${packet.streamIndex} ${packet.dts} ${packet.data.length}`);
    muxer.writeSync(packet);
    meddle(source);
    meddle(sink);
  }
  muxer.finishSync();
  using alone = Demuxer.openSync(fixturePath("video.mkv"));
  assertEquals(rows, [...alone.packetsSync()].map((p) => `${p.streamIndex} ${p.dts} ${p.data.length}`));
  const expected = new MemorySink();
  remuxSync(fixturePath("video.mkv"), expected, { format: "mpegts", timestamps: "keep" });
  assertEquals(Deno.readFileSync(folder.path("out.ts")).length, expected.size);
  assertEquals(hashes(rowsOf(folder.path("out.ts"))), hashes(rowsOf(expected.bytes())));
});

Deno.test("A sync call on an open file that an async call is reading is an error, or reads it right", async () => {
  using file = await Deno.open(fixturePath("video.ts"));
  const alone = probeSync(file).streams.length;
  const reading = packetsOf(file);
  for (let turns = 0; turns < 20; turns++) {
    try {
      assertEquals(probeSync(file).streams.length, alone);
    } catch (error) {
      assertMatch((error as Error).message, /in use by another call/);
    }
    await new Promise((resolve) => setTimeout(resolve));
  }
  assertEquals((await reading).length, (await packetsOf(file)).length);
});

Deno.test("A Deno.FsFile that can't be reread is an error with the reason", async () => {
  using folder = temporaryFolder();
  const options = rewriting["mp4, faststart"]!;
  const writeOnly = "sink: was opened without { read: true }, and the muxer reads back what it has written";
  for (const run of [remuxSync, remux]) {
    using file = Deno.openSync(folder.path("file"), { write: true, create: true });
    const error = await assertRejects(async () => await run(VIDEO, file, options), TypeError, writeOnly);
    assertEquals((error as { argument?: string }).argument, "sink");
  }
});

Deno.test("A Deno.FsFile that can't be reread is an error with onopen, too", async () => {
  using folder = temporaryFolder();
  const path = folder.path("file");
  for (const run of [remuxSync, remux]) {
    using file = Deno.openSync(path, { write: true, create: true, truncate: true });
    const options = { ...rewriting["mp4, faststart"]!, url: "mine", onopen: () => path };
    await run(VIDEO, file, options);
    assertEquals(hashes(rowsOf(path)), hashes(rowsOf(VIDEO)));
  }
});

// ------------------------------------------------------------------------------------------- a second time

/** Writes a playlist whose second version is shorter: each names one segment, and the first has a long duration. */
function* growingPlaylist(options: MuxerOptions, sink: () => Parameters<typeof Muxer.openSync>[0]) {
  const muxer = Muxer.openSync(sink(), options);
  const timeBase = { num: 1, den: 1000 };
  const streamIndex = muxer.addStream({ type: "audio", codec: "mp2", sampleRate: 48000, channels: 2 }, {
    timeBase,
  });
  const data = new Uint8Array(192).fill(0xff);
  for (const pts of [0, 1_234_567, 1_235_567, 1_236_567, 1_237_567]) {
    muxer.writeSync(new Packet({ streamIndex, data, pts, dts: pts, duration: 1000, timeBase, isKey: true }));
    yield;
  }
  muxer.finishSync();
  yield;
}

for (const kind of ["path", "Deno.FsFile"]) {
  Deno.test(`A file that a muxer rewrites shorter is truncated: a playlist, ${kind}`, () => {
    using folder = temporaryFolder();
    const path = folder.path("index.m3u8");
    const onopen = withinDirectory(folder.path("."), { write: true });
    const options: MuxerOptions = {
      format: "hls",
      url: path,
      onopen,
      options: { hls_time: 1, hls_list_size: 1, hls_segment_filename: folder.path("s%d.ts") },
    };
    using file = Deno.openSync(path, BOTH);
    const sizes: number[] = [];
    for (const _ of growingPlaylist(options, () => kind === "path" ? path : file)) {
      const text = Deno.readTextFileSync(path);
      if (text === "") continue;
      sizes.push(text.length);
      assertEquals(text.match(/#EXTM3U/g)?.length, 1, text);
      assertEquals(text.match(/\.ts/g)?.length, 1, text);
      assert(/\.ts\n(?:#EXT-X-ENDLIST\n)?$/.test(text), text);
    }
    assert(sizes.some((size, index) => index > 0 && size < sizes[index - 1]!), `${sizes}`);
  });
}

Deno.test("A file that a muxer rewrites shorter is truncated: an image", async () => {
  using folder = temporaryFolder();
  const path = folder.path("now.png"), short = fixtureBytes("image.png");
  const long = new Uint8Array(short.length + 5000);
  long.set(short);
  const timeBase = { num: 1, den: 25 };
  const onopen = withinDirectory(folder.path("."), { write: true });
  for (const isAsync of [false, true]) {
    const options: MuxerOptions = { format: "image2", options: { update: 1 }, onopen };
    await using muxer = isAsync ? await Muxer.open(path, options) : Muxer.openSync(path, options);
    muxer.addStream({ type: "video", codec: "png", width: 64, height: 64 }, { timeBase });
    for (const [pts, data] of [long, short].entries()) {
      const packet = new Packet({ streamIndex: 0, data, pts, dts: pts, duration: 1, timeBase, isKey: true });
      if (isAsync) await muxer.write(packet);
      else muxer.writeSync(packet);
    }
    if (isAsync) await muxer.finish();
    else muxer.finishSync();
    assertEquals(Deno.statSync(path).size, short.length);
  }
});

Deno.test("A file that was longer is truncated, one of the caller's is written from its start", async () => {
  using folder = temporaryFolder();
  const path = folder.path("out.mkv"), expected = new MemorySink();
  remuxSync(VIDEO, expected, { format: "matroska" });
  for (const run of [remuxSync, remux]) {
    Deno.writeFileSync(path, new Uint8Array(expected.size + 1000));
    await run(VIDEO, path, { format: "matroska" });
    assertEquals(Deno.statSync(path).size, expected.size);
    Deno.writeFileSync(path, new Uint8Array(expected.size + 1000));
    using file = Deno.openSync(path, { write: true });
    await run(VIDEO, file, { format: "matroska" });
    assertEquals(Deno.statSync(path).size, expected.size + 1000);
  }
});

Deno.test("A file that was opened for appending is a TypeError where something in it would be replaced", async () => {
  using folder = temporaryFolder();
  const path = folder.path("out");
  for (const run of [remuxSync, remux]) {
    for (const [format, before] of [["mp4", 0], ["matroska", 0], ["mpegts", 10]] as const) {
      Deno.writeFileSync(path, new Uint8Array(before));
      using file = Deno.openSync(path, { append: true, create: true });
      const error = await rejectionOf(Promise.try(() => run(VIDEO, file, { format }))) as Error;
      assertEquals([format, error.name, error.message], [
        format,
        "TypeError",
        'sink: was opened for appending ("a"), so that nothing in it can be replaced',
      ]);
    }
    Deno.writeFileSync(path, new Uint8Array(0));
    using file = Deno.openSync(path, { append: true, create: true });
    const { bytesWritten } = await run(VIDEO, file, { format: "mpegts" });
    assertEquals(Deno.statSync(path).size, bytesWritten);
  }
});

// ------------------------------------------------------------------------------------------- errors of the system

const hasDevFull = Deno.build.os === "linux";

Deno.test({
  name: "An error of writing names the file and the byte",
  ignore: !hasDevFull,
  async fn() {
    const [source, full, options] = [fixturePath("video.mp4"), "/dev/full", { format: "mpegts" }];
    const named = assertThrows(() => remuxSync(source, full, options), Error);
    const open = () => Deno.openSync(full, { write: true });
    for (const sink of [full, new URL(`file://${full}`)]) {
      assertEquals((await rejectionOf(remux(source, sink, options)) as Error).message, named.message);
    }
    assertMatch(named.message, /no space left on device.*\bwrite '\/dev\/full' at byte 0$/i);
    assertStringIncludes(named.stack!, named.message);
    assertEquals((named as Error & { code?: string }).code, "ENOSPC");
    {
      using file = open();
      assertMatch(
        assertThrows(() => remuxSync(source, file, options), Error).message,
        /no space left on device.*\bwrite at byte 0$/i,
      );
    }
  },
});

Deno.test({
  name: "An error of reading names the file and the byte",
  ignore: !hasDevFull,
  async fn() {
    const source = "/proc/self/mem"; // nothing is at its beginning
    const expected = /(input\/output|i\/o) error.*\bread '\/proc\/self\/mem' at byte 0$/i;
    assertMatch(assertThrows(() => probeSync(source), Error).message, expected);
    assertMatch((await rejectionOf(probe(source)) as Error).message, expected);
  },
});
