/**
 * Resources that are closed with a session: at its end, on failure, during opening, and after garbage collection; and
 * exceptions of cleanups.
 */
import { assert, assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import {
  AVError,
  Demuxer,
  MemorySink,
  Muxer,
  probe,
  remux,
  remuxSync,
  type Sink,
  type Source,
  withinDirectory,
} from "@avio/avio";
import type { OpenFile } from "../io/file_system.ts";
import { files } from "../io/files.ts";
import { rejectionOf, soon } from "./support/async.ts";
import { fixtureBytes } from "./support/fixtures.ts";
import { bytesOf, openFiles, playlistOf, tsSegments } from "./support/many_files.ts";
import { answerOf } from "./support/script.ts";

const media = fixtureBytes("video.mkv");

// ------------------------------------------------------------------------------------------- cleanups that throw

const boom = () => {
  throw new Error("of a cleanup");
};

const sources: Record<string, () => Source> = {
  "a stream whose cancel throws": () =>
    new ReadableStream<Uint8Array>({ pull: (controller) => controller.enqueue(media.slice()), cancel: boom }),
  "an iterable whose return throws": () => ({
    [Symbol.asyncIterator]: () => ({
      next: () => Promise.resolve({ done: false, value: media.slice() }),
      return: boom,
    }),
  }),
  "an iterable whose return rejects": () => ({
    [Symbol.asyncIterator]: () => ({
      next: () => Promise.resolve({ done: false, value: media.slice() }),
      return: () => Promise.reject(new Error("of a cleanup")),
    }),
  }),
};

for (const [what, make] of Object.entries(sources)) {
  Deno.test(`A cleanup does not replace the original error: ${what}`, async () => {
    const mine = new Error("mine");
    const failing = () => {
      throw mine;
    };
    const controller = new AbortController();
    const onwrite = () => {
      controller.abort(mine);
      return 1;
    };
    const { signal } = controller;
    const calls = [
      () => remux(make(), { onwrite: failing }, { format: "matroska" }),
      () => remux(make(), new MemorySink(), { format: "matroska", transform: failing }),
      () => remux(make(), { onwrite }, { format: "matroska", signal }),
      () => remux(make(), new MemorySink(), { format: "hls", url: "x.m3u8", onopen: failing }),
    ];
    for (const call of calls) assertStrictEquals(await soon(rejectionOf(call())), mine);
    await probe(make());
    await (await Demuxer.open(make())).close();
  });
}

const sinks: Record<string, () => Sink> = {
  "a stream whose abort throws": () => new WritableStream({ abort: boom }),
  "a stream whose abort rejects": () =>
    new WritableStream({ abort: () => Promise.reject(new Error("of it")) }),
};

for (const [what, make] of Object.entries(sinks)) {
  Deno.test(`A cleanup does not replace the original error: ${what}`, async () => {
    const mine = new Error("mine");
    const transform = () => {
      throw mine;
    };
    assertStrictEquals(await rejectionOf(remux(media, make(), { format: "matroska", transform })), mine);
    const muxer = await Muxer.open(make(), { format: "s16le" });
    await muxer[Symbol.asyncDispose]();
  });
}

for (const format of ["flv", "mp4"]) {
  Deno.test(`A WritableStream that can't be patched is aborted with the error that finish() rejects with: ${format}`, async () => {
    const abortedBy = async (work: (sink: WritableStream) => Promise<unknown>) => {
      const aborted: unknown[] = [];
      const sink = new WritableStream({ abort: (reason) => void aborted.push(reason) });
      const error = await soon(rejectionOf(work(sink)));
      assert(error instanceof AVError && /no[nt] seekable/.test(error.message), String(error));
      assertEquals(aborted.length, 1);
      assertStrictEquals(aborted[0], error);
    };
    await abortedBy((sink) => remux(fixtureBytes("audio.mp3"), sink, { format }));
    await abortedBy(async (sink) => {
      await using muxer = await Muxer.open(sink, { format });
      muxer.addStream({ type: "audio", codec: "mp3", sampleRate: 44100, channels: 2 });
      using demuxer = Demuxer.openSync(fixtureBytes("audio.mp3"));
      for (const packet of demuxer.packetsSync()) await muxer.write(packet);
      await muxer.finish();
    });
  });
}

/** Runs with files whose `close` closes them and then throws. */
async function withFailingClose(work: (error: Error) => Promise<void>): Promise<void> {
  const { open, openSync } = files;
  const error = new Error("of close()");
  const failing = (file: OpenFile) => {
    const close = file.close.bind(file);
    file.close = () => {
      close();
      throw error;
    };
    return file;
  };
  files.open = async (...args) => failing(await open(...args));
  files.openSync = (...args) => failing(openSync(...args));
  try {
    await work(error);
  } finally {
    Object.assign(files, { open, openSync });
  }
}

Deno.test("A cleanup that throws neither replaces the original error nor prevents other cleanups", async () => {
  const folder = await Deno.makeTempDir({ prefix: "avio-test-" });
  const path = `${folder}/in.mkv`;
  try {
    await Deno.writeFile(path, media);
    await withFailingClose(async (error) => {
      const mine = new Error("mine");
      const transform = () => {
        throw mine;
      };
      assertStrictEquals(await rejectionOf(remux(path, `${folder}/a.mkv`, { transform })), mine);
      assertStrictEquals(assertThrows(() => remuxSync(path, `${folder}/b.mkv`, { transform })), mine);
      assertEquals(openFiles(folder), 0);
      // Without another error it is thrown.
      assertStrictEquals(assertThrows(() => Demuxer.openSync(path)[Symbol.dispose]()), error);
      const demuxer = await Demuxer.open(path);
      assertStrictEquals(await rejectionOf(demuxer.close()), error);
      await demuxer.close();
      assertStrictEquals(await rejectionOf(remux(path, `${folder}/c.mkv`)), error);
      assertEquals(openFiles(folder), 0);
      const sink = new MemorySink();
      assertStrictEquals(assertThrows(() => remuxSync(path, sink, { format: "nut" })), error);
      Muxer.openSync(sink, { format: "nut" })[Symbol.dispose](); // it is free again
    });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

// ------------------------------------------------------------------------------------------- resources that are opened late

/** Runs with `files.open` held back; `until` resolves when it has been called for a name like this. */
async function withSlowOpen(
  pattern: RegExp,
  work: (until: Promise<void>, release: () => void) => Promise<void>,
): Promise<void> {
  const { open } = files;
  const called = Promise.withResolvers<void>();
  const released = Promise.withResolvers<void>();
  const opening: Promise<unknown>[] = [];
  files.open = (path, options) => {
    const opened = (async () => {
      if (pattern.test(String(path))) {
        called.resolve();
        await released.promise;
      }
      return await open(path, options);
    })();
    opening.push(opened);
    return opened;
  };
  try {
    await work(called.promise, released.resolve);
  } finally {
    released.resolve();
    await Promise.allSettled(opening);
    files.open = open;
  }
}

const ends: Record<string, (controller: AbortController) => void> = {
  signal: (controller) => controller.abort(new Error("enough")),
  timeout: () => {},
};

for (const [how, end] of Object.entries(ends)) {
  const limits = (signal: AbortSignal) => ({ signal, ...(how === "timeout" ? { timeout: 1000 } : {}) });
  const folderTest = (
    name: string,
    work: (folder: string, signal: AbortSignal) => Promise<unknown>,
    late: RegExp,
  ) =>
    Deno.test(`A file that was being opened when the session ended (${how}) is closed: ${name}`, async () => {
      const folder = await Deno.makeTempDir({ prefix: "avio-test-" });
      try {
        for (const [file, bytes] of tsSegments()) await Deno.writeFile(`${folder}/${file}`, bytes);
        await Deno.writeFile(`${folder}/x.m3u8`, bytesOf(playlistOf(["index0.ts", "index1.ts"])));
        await withSlowOpen(late, async (called, release) => {
          const controller = new AbortController();
          const ended = rejectionOf(work(folder, controller.signal));
          await soon(called);
          end(controller);
          await soon(ended);
          release();
        });
        await new Promise((resolve) => setTimeout(resolve, 0));
        assertEquals(openFiles(folder), 0);
      } finally {
        await Deno.remove(folder, { recursive: true });
      }
    });

  folderTest(
    "a nested source",
    (folder, signal) => probe(`${folder}/x.m3u8`, { ...limits(signal), onopen: withinDirectory(folder) }),
    /index0/,
  );
  folderTest("the source", (folder, signal) => probe(`${folder}/index0.ts`, limits(signal)), /index0/);
  folderTest(
    "the sink",
    (folder, signal) => remux(media, `${folder}/out.mkv`, limits(signal)),
    /out\.mkv/,
  );
  folderTest(
    "a nested sink",
    (folder, signal) =>
      remux(media, `${folder}/y.m3u8`, {
        ...limits(signal),
        onopen: withinDirectory(folder, { write: true }),
        options: { hls_time: 1 },
      }),
    /y\d\.ts/,
  );
}

// ------------------------------------------------------------------------------------------- garbage collection

const gc = { flags: ["-A", "--v8-flags=--expose-gc"], deadline: 60_000 };

const forgotten: Record<string, string> = {
  "Demuxer.openSync": `avio.Demuxer.openSync(path).readSync()`,
  "Demuxer.open": `await (await avio.Demuxer.open(path)).read()`,
  "Muxer.openSync": `avio.Muxer.openSync(out, { format: "s16le" })`,
  "Muxer.open": `await avio.Muxer.open(out, { format: "s16le" })`,
};

for (const [what, make] of Object.entries(forgotten)) {
  Deno.test(`Unreferenced sessions are closed, with their files: ${what}`, async () => {
    const left = await answerOf<number[]>(
      `const folder = await Deno.makeTempDir();
      const [path, out] = [folder + "/in.mkv", folder + "/out"];
      await Deno.writeFile(path, fixtureBytes("video.mkv"));
      const open = () => [...Deno.readDirSync("/proc/self/fd")].filter(({ name }) => {
        try { return Deno.readLinkSync("/proc/self/fd/" + name).startsWith(folder); } catch { return false; }
      }).length;
      await (async () => { for (let i = 0; i < 20; i++) { ${make}; } })();
      const before = open();
      await eventually(() => (gc(), open() === 0), 5000);
      const after = open();
      await Deno.remove(folder, { recursive: true });
      console.log(JSON.stringify([before, after]));`,
      gc,
    );
    assert(left[0]! > 0, `${left}`);
    assertEquals(left[1], 0);
  });
}

/** One of each kind; a session that anything of it holds is never closed. */
const kinds: Record<string, string> = {
  "bytes": `Demuxer.open(bytes)`,
  "a path": `Demuxer.open(path)`,
  "a file: URL": `Demuxer.open(new URL("file://" + path))`,
  "an open file": `Demuxer.open(file)`,
  "callbacks": `Demuxer.open(readerOf(bytes))`,
  "an IOContext": `Demuxer.open(new avio.IOContext(4096, readerOf(bytes)))`,
  "a Blob": `Demuxer.open(new Blob([bytes]))`,
  "a stream": `Demuxer.open(new Blob([bytes]).stream())`,
  "a Response": `Demuxer.open(new Response(bytes))`,
  "an iterable": `Demuxer.open((async function* () { yield bytes; })())`,
  "http": `Demuxer.open(address)`,
  "a playlist": `Demuxer.open(new TextEncoder().encode(playlist), { onopen: () => ts, format: "hls" })`,
  "a path as a sink": `Muxer.open(folder + "/out", wav)`,
  "callbacks as a sink": `Muxer.open(new Collector(), wav)`,
  "a MemorySink": `Muxer.open(new MemorySink(), wav)`,
  "a stream as a sink": `Muxer.open(new WritableStream(), wav)`,
  "a sink's playlist":
    `segmented(await Muxer.open(new MemorySink(), { format: "hls", onopen: () => new MemorySink() }))`,
};

for (const [kind, make] of Object.entries(kinds)) {
  Deno.test(`Unreferenced sessions are garbage collected, whatever they read or write: ${kind}`, async () => {
    const [collected, count] = await answerOf<[number, number]>(
      `const folder = await Deno.makeTempDir();
      const path = fixturePath("video.mkv"), bytes = fixtureBytes("video.mkv"), ts = fixtureBytes("video.ts");
      const wav = { format: "wav" };
      const playlist = "#EXTM3U\\n#EXT-X-TARGETDURATION:4\\n#EXTINF:3,\\na.ts\\n#EXT-X-ENDLIST\\n";
      const file = await Deno.open(path);
      const server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, () => new Response(bytes));
      const address = "http://127.0.0.1:" + server.addr.port + "/video.mkv";
      const segmented = async (muxer) => {
        muxer.addStream({ type: "audio", codec: "mp2", sampleRate: 48000, channels: 2 });
        await muxer.write({ streamIndex: 0, data: new Uint8Array(1000), pts: 0, dts: 0 });
        await muxer.flush();
        return muxer;
      };
      let collected = 0;
      const registry = new FinalizationRegistry(() => collected++);
      const COUNT = 10;
      await (async () => { for (let i = 0; i < COUNT; i++) registry.register(await ${make}, i); })();
      await eventually(() => (gc(), collected >= COUNT - 1), 10_000); // a stack may still have the last one's address
      await Deno.remove(folder, { recursive: true });
      console.log(JSON.stringify([collected, COUNT]));
      Deno.exit();`,
      gc,
    );
    assert(collected >= count - 1, `${collected} of ${count}`);
  });
}

Deno.test("A MemorySink can be used again after its unreferenced Muxer was collected, with the written bytes", async () => {
  const sizes = await answerOf<number[]>(
    `const sinks = Array.from({ length: 10 }, () => new MemorySink());
    const parameters = { type: "audio", codec: "pcm_s16le", sampleRate: 48000, channels: 1 };
    await (async () => {
      for (const [i, sink] of sinks.entries()) {
        const muxer = i % 2 ? Muxer.openSync(sink, { format: "s16le" }) : await Muxer.open(sink, { format: "s16le" });
        muxer.addStream(parameters);
        muxer.writeSync({ streamIndex: 0, data: new Uint8Array(1000), pts: 0, dts: 0 });
        muxer.flushSync();
      }
    })();
    const isFree = (sink) => { try { Muxer.openSync(sink, { format: "s16le" })[Symbol.dispose](); return true; } catch { return false; } };
    await eventually(() => (gc(), sinks.every((sink) => sink.bytes() === sink.bytes())), 5000);
    const sizes = sinks.map(({ size }) => size);
    console.log(JSON.stringify([...sizes, sinks.every(isFree) ? 1 : 0]));`,
    gc,
  );
  assertEquals(sizes, [...Array.from({ length: 10 }, () => 1000), 1]);
});

Deno.test("4,000 unreferenced IOContexts in a loop without a turn of the event loop keep no native memory", async () => {
  const grown = await answerOf<Record<string, number>>(
    `const bytes = fixtureBytes("video.mkv");
    const uses = {
      plain: () => new avio.IOContext(65536, readerOf(bytes)).readSync(new Uint8Array(10)),
      written: () => new avio.IOContext(65536, new Collector()).writeSync(new Uint8Array(10)),
      demuxed: () => { using demuxer = Demuxer.openSync(new avio.IOContext(65536, readerOf(bytes)), { findStreamInfo: false }); },
      bytes: () => new avio.IOContext(bytes).readSync(new Uint8Array(10)),
    };
    const grown = {};
    for (const [name, use] of Object.entries(uses)) {
      for (let i = 0; i < 2000; i++) use(); // so that the allocator has grown
      gc();
      const before = residentMegabytes();
      for (let i = 0; i < 4000; i++) use();
      gc();
      grown[name] = residentMegabytes() - before;
    }
    console.log(JSON.stringify(grown));`,
    gc,
  );
  for (const [name, megabytes] of Object.entries(grown)) {
    assert(megabytes < 130, `${name}: ${megabytes} MB`); // their buffers alone would be 262
  }
});
