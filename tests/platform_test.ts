/**
 * The tests to run on each platform (scripts/platforms.sh): every symbol of the ABI, both engines, files by path and
 * URL, files that others name, and the ends of workers. They need only the library and a writable folder.
 */
import { assert, assertEquals, assertRejects } from "@std/assert";
import {
  AVError,
  constants,
  Demuxer,
  fromMap,
  inputFormats,
  IOContext,
  type MapFile,
  MemorySink,
  Muxer,
  Packet,
  probe,
  probeSync,
  remux,
  remuxSync,
  versions,
  withinDirectory,
} from "@avio/avio";
import { faultOf, library } from "../ffi/library.ts";
import { symbols } from "../ffi/symbols.ts";

const isWindows = Deno.build.os === "windows";
const fixture = (name: string) => new URL(`../fixtures/${name}`, import.meta.url);

function withFolder<T>(work: (folder: string) => T): T {
  const folder = Deno.makeTempDirSync({ prefix: "avio-platform-" });
  const end = () => Deno.removeSync(folder, { recursive: true });
  const result = work(folder);
  if (result instanceof Promise) return result.finally(end) as T;
  end();
  return result;
}

Deno.test("The library has every symbol, and its versions", () => {
  const bound = library() as unknown as Record<string, unknown>;
  const own = ["avs_client", "avs_wait_events", "avs_wake_events"]; // called in a runtime's own way
  for (const name of Object.keys(symbols).filter((name) => !own.includes(name))) {
    assertEquals(typeof bound[name], "function", name);
  }
  console.log(
    `${Deno.build.target}: ${versions().build}, FFmpeg ${versions().ffmpeg}, ${versions().library}`,
  );
  assert(inputFormats().length > 20);
});

Deno.test("errno's numbers are the platform's, and all different", () => {
  const names = Object.keys(constants.error).filter((name) => /^E[A-Z0-9]+$/.test(name));
  const codes = names.map((name) => constants.error[name]!);
  assertEquals(new Set(codes).size, codes.length);
  for (const code of codes) assert(code < 0);
  const again: Record<string, number> = { linux: -11, darwin: -35, windows: -11 };
  assertEquals(constants.error.EAGAIN, again[Deno.build.os]);
});

/** Without what is by chance. */
const options = { fflags: "+bitexact" };

const formats: [file: string, format: string][] = [
  ["video.mp4", "matroska"],
  ["video.mkv", "mp4"],
  ["video.ts", "mp4"],
  ["video.mp4", "mpegts"],
  ["audio.ogg", "ogg"],
  ["audio.flac", "flac"],
  ["video.avi", "avi"],
  ["video.flv", "flv"],
];

Deno.test("Both engines remux to the same bytes, and what they write is read again", async () => {
  for (const [file, format] of formats) {
    const [sync, async] = [new MemorySink(), new MemorySink()];
    remuxSync(fixture(file), sync, { format, options });
    await remux(fixture(file), async, { format, options });
    assertEquals(sync.bytes(), async.bytes(), `${file} to ${format}`);
    const info = probeSync(sync.bytes());
    assertEquals(info.streams.length, (await probe(async.bytes())).streams.length);
    assert(info.streams.length > 0);
  }
});

Deno.test("Files by path and by URL, sync and async, overwritten and read", () =>
  withFolder(async (folder) => {
    const path = `${folder}/a b \u00fc.mkv`;
    remuxSync(fixture("video.mp4"), path);
    await remux(fixture("video.mp4"), path);
    const { streams } = await probe(path);
    const url = new URL(isWindows ? `file:///${path.replaceAll("\\", "/")}` : `file://${path}`);
    assertEquals(probeSync(url).streams.length, streams.length);
    await assertRejects(() => remux(path, path), Error);
    Deno.removeSync(path); // on Windows only if nobody has it open
  }));

Deno.test("Files that a playlist names: from a Map, from a directory, and no others", () =>
  withFolder(async (folder) => {
    const files = new Map<string, MapFile>();
    const index = new MemorySink();
    await remux(fixture("video.mp4"), index, { format: "hls", url: "index.m3u8", onopen: fromMap(files) });
    files.set("index.m3u8", index);
    assert(files.size > 1);
    for (const [name, file] of files) Deno.writeFileSync(`${folder}/${name}`, (file as MemorySink).bytes());
    const streams = (await probe(index.bytes(), { format: "hls", onopen: fromMap(files) })).streams.length;
    const inside = withinDirectory(folder);
    assertEquals((await probe(`${folder}/index.m3u8`, { onopen: inside })).streams.length, streams);

    const outside = [
      "../secret.ts",
      "NUL",
      "index0.ts:stream",
      "C:/Windows/win.ini",
      "\\\\machine\\share\\a.ts",
    ];
    for (const name of [...outside, "/etc/passwd", "file:///C:/Windows/win.ini", "file:///etc/passwd"]) {
      const opened = inside({ url: name, mode: "read", canWait: false } as Parameters<typeof inside>[0]);
      assertEquals(opened, name === "NUL" && !isWindows ? `${folder}/NUL` : null, name);
    }
    if (isWindows) {
      const shouted = inside(
        { url: "INDEX.M3U8", mode: "read", canWait: false } as Parameters<typeof inside>[0],
      );
      assert(typeof shouted === "string" && shouted.toLowerCase().endsWith("/index.m3u8"));
    }
  }));

Deno.test("Nothing is opened without permission by onopen", async () => {
  for (const url of ["/etc/hosts", "C:\\Windows\\win.ini", "file:///C:/Windows/win.ini", "NUL"]) {
    const list = new TextEncoder().encode(
      `#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n${url}\n#EXT-X-ENDLIST\n`,
    );
    await assertRejects(() => Demuxer.open(list, { format: "hls" }), Error);
  }
});

Deno.test("Packets one by one, through callbacks, with a seek between", async () => {
  const bytes = Deno.readFileSync(fixture("video.mp4"));
  await using demuxer = await Demuxer.open(bytes);
  let count = 0;
  for await (const packet of demuxer) count += packet.data.length > 0 ? 1 : 0;
  assert(count > 10);
  using sync = Demuxer.openSync(bytes);
  sync.seekSync(0.5);
  assert(sync.readSync() !== null);
});

Deno.test("A file of made packets", async () => {
  const sink = new MemorySink();
  await using muxer = await Muxer.open(sink, { format: "wav" });
  muxer.addStream({ type: "audio", codec: "pcm_s16le", sampleRate: 8000, channels: 1 });
  const timeBase = { num: 1, den: 8000 };
  await muxer.write(new Packet({ streamIndex: 0, data: new Uint8Array(16000), pts: 0, dts: 0, timeBase }));
  await muxer.finish();
  assertEquals((await probe(sink.bytes())).duration, 1);
});

Deno.test("An exception of a callback is thrown unchanged; an error of FFmpeg is an AVError", async () => {
  const mine = new Error("mine");
  const source = () => {
    throw mine;
  };
  const thrown = await assertRejects(() => Demuxer.open(new IOContext(4096, { onread: source })), Error);
  assertEquals(thrown, mine);
  await assertRejects(() => Demuxer.open(new Uint8Array([1, 2, 3])), AVError);
});

Deno.test("Terminated workers do not affect the others", async () => {
  const url = new URL("./support/remux_worker.ts", import.meta.url).href;
  for (let time = 0; time < 3; time++) {
    const worker = new Worker(url, { type: "module" });
    await new Promise<void>((resolve, reject) => {
      worker.onmessage = () => resolve();
      worker.onerror = (event) => reject(new Error(event.message));
    });
    await remux(fixture("video.mp4"), new MemorySink(), { format: "mpegts" });
    worker.terminate();
  }
  assert((await probe(fixture("video.mkv"))).streams.length > 0);
});

Deno.test("The error for a file that isn't a library of this platform says so", () =>
  withFolder((folder) => {
    const path = `${folder}/libavio.so`;
    const own = Deno.readFileSync(versions().library);
    assertEquals(faultOf(path), "not found");
    Deno.writeTextFileSync(path, "not a library");
    assert(/not a shared library/.test(faultOf(path)!));
    Deno.writeFileSync(path, own.subarray(0, own.length >> 1));
    assert(/truncated/.test(faultOf(path)!), faultOf(path)!);
  }));
