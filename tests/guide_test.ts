/**
 * Custom I/O: the documented examples of bare-ffmpeg, with only the import changed, and common patterns of memory and
 * file I/O.
 */
import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertLessOrEqual,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import * as ffmpeg from "@avio/avio";
import { fixtureBytes, fixturePath } from "./support/fixtures.ts";
import { bytesOf, inFolder, openFiles } from "./support/many_files.ts";
import { rowsOf } from "./support/packets.ts";
import { runScriptOk } from "./support/subprocess.ts";

function readToEnd(io: ffmpeg.IOContext): number {
  using demuxer = ffmpeg.Demuxer.openSync(io);
  let packets = 0;
  while (demuxer.readSync()) packets++;
  return packets;
}

// ------------------------------------------------------------------------------------------- bare-ffmpeg

Deno.test("IOContext() from an image's bytes, as bare-ffmpeg documents it", () => {
  const image = Deno.readFileSync(fixturePath("image.jpeg"));
  using io = new ffmpeg.IOContext(image);
  assertEquals(readToEnd(io), 1);
});

for (const [name, packets] of [["faststart.mp4", 206], ["video.mkv", 206], ["video.ts", 206]] as const) {
  Deno.test(`IOContext() with onread over ${name}, as bare-ffmpeg documents it`, () => {
    const data = fixtureBytes(name);
    let offset = 0;

    const io = new ffmpeg.IOContext(4096, {
      onread: (buffer) => {
        const bytesToRead = Math.min(buffer.length, data.length - offset);
        if (bytesToRead === 0) return 0;

        const chunk = data.subarray(offset, offset + bytesToRead);
        buffer.set(chunk);
        offset += bytesToRead;

        return bytesToRead;
      },
    });

    assertEquals(readToEnd(io), packets);
    io.destroy();
  });
}

for (const [name, packets] of [["video.mp4", 206], ["video.avi", null], ["video.ts", 206]] as const) {
  Deno.test(`IOContext() with onread and onseek over ${name}, as bare-ffmpeg documents it`, () => {
    const data = fixtureBytes(name);
    let offset = 0;

    const io = new ffmpeg.IOContext(4096, {
      onread: (buffer) => {
        const bytesToRead = Math.min(buffer.length, data.length - offset);
        if (bytesToRead === 0) return 0;

        const chunk = data.subarray(offset, offset + bytesToRead);
        buffer.set(chunk);
        offset += bytesToRead;

        return bytesToRead;
      },
      onseek: (o, whence) => {
        switch (whence) {
          case ffmpeg.constants.seek.SIZE:
            return data.length;
          case ffmpeg.constants.seek.SET:
            offset = o;
            return offset;
          default:
            return -1;
        }
      },
    });

    assertEquals(readToEnd(io), packets ?? rowsOf(data).length);
    io.destroy();
  });
}

Deno.test("IOContext.transfer() and destroy(), as bare-ffmpeg documents them", () => {
  const io = new ffmpeg.IOContext(Deno.readFileSync(fixturePath("image.jpeg")));
  const other = io.transfer();
  assert(io.destroyed);
  assertEquals(readToEnd(other), 1);
  other.destroy();
  assert(other.destroyed);
});

// ------------------------------------------------------------------------------------------- patterns

Deno.test("Memory input: bytes are a source without callbacks", () => {
  using demuxer = ffmpeg.Demuxer.openSync(fixtureBytes("video.mp4"));
  assertEquals([...demuxer.packetsSync()].length, 206);
});

Deno.test("Memory output: the chunks passed to onwrite are the file", () => {
  const chunks: Uint8Array[] = [];
  ffmpeg.remuxSync(fixtureBytes("video.mp4"), { onwrite: (buffer) => void chunks.push(buffer) }, {
    format: "mpegts",
    bufferSize: 1024,
  });
  const bytes = new Uint8Array(chunks.reduce((sum, chunk) => sum + chunk.length, 0));
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  assertEquals(rowsOf(bytes).length, 206);
});

Deno.test("Memory output: a MemorySink returns its data, and can be reused", () => {
  const sink = new ffmpeg.MemorySink();
  assertEquals([sink.size, sink.bytes().length], [0, 0]);
  ffmpeg.remuxSync(fixtureBytes("video.mp4"), sink, { format: "mp4" });
  const first = sink.bytes();
  assertEquals(first.length, sink.size);
  assertStrictEquals(sink.bytes(), first);
  assertEquals(rowsOf(first).length, 206);
  ffmpeg.remuxSync(fixtureBytes("audio.mp3"), sink, { format: "mp3" });
  assertEquals(ffmpeg.probeSync(sink.bytes()).format.name, "mp3");
  assertEquals(rowsOf(first).length, 206);
});

Deno.test("Memory output: a MemorySink can be read while it is written", () => {
  const sink = new ffmpeg.MemorySink();
  using demuxer = ffmpeg.Demuxer.openSync(fixtureBytes("video.mp4"));
  using muxer = ffmpeg.Muxer.openSync(sink, { format: "mpegts" });
  for (const stream of demuxer.streams) muxer.addStream(stream);
  for (const packet of demuxer.packetsSync()) muxer.writeSync(packet);
  muxer.flushSync();
  const soFar = sink.bytes();
  assertEquals(soFar.length, sink.size);
  assert(soFar.length > 10_000);
  assertThrows(() => ffmpeg.Muxer.openSync(sink, { format: "wav" }), TypeError, "MemorySink");
  muxer.finishSync();
  assertEquals(sink.bytes().subarray(0, soFar.length), soFar);
});

Deno.test("RAII: disposing in any order, twice, or after an exception is no error", () => {
  const thrown = new Error("mine");
  assertStrictEquals(
    assertThrows(() => {
      using io = new ffmpeg.IOContext(fixtureBytes("video.mp4"));
      using demuxer = ffmpeg.Demuxer.openSync(io);
      using muxer = ffmpeg.Muxer.openSync(new ffmpeg.MemorySink(), { format: "mp4" });
      for (const stream of demuxer.streams) muxer.addStream(stream);
      muxer.writeSync(demuxer.readSync()!);
      throw thrown;
    }),
    thrown,
  );
  const io = new ffmpeg.IOContext(fixtureBytes("video.mp4"));
  const demuxer = ffmpeg.Demuxer.openSync(io);
  io.destroy();
  demuxer[Symbol.dispose]();
  demuxer[Symbol.dispose]();
  io.destroy();
  assertThrows(() => demuxer.readSync(), Error, "closed");
  assertThrows(() => demuxer.seekSync(0), Error, "closed");
  assertEquals(demuxer.streams.length, 2); // what is known stays known
});

Deno.test("A file that the caller opened stays open, one that was opened from a path is closed", async () => {
  using file = Deno.openSync(fixturePath("video.mp4"));
  assertEquals(ffmpeg.probeSync(file).streams.length, 2);
  assertEquals(ffmpeg.probeSync(file).streams.length, 2);
  file.statSync();
  await inFolder([["video.mp4", fixtureBytes("video.mp4")], ["not.media", bytesOf("text")]], (folder) => {
    for (let time = 0; time < 20; time++) {
      ffmpeg.probeSync(`${folder}/video.mp4`);
      assertThrows(() => ffmpeg.probeSync(`${folder}/not.media`), ffmpeg.AVError);
      assertThrows(() => ffmpeg.probeSync(`${folder}/video.mp4`, { options: { nope: 1 } }), TypeError);
      assertThrows(() => ffmpeg.probeSync(`${folder}/video.mp4`, { format: "nope" }), ffmpeg.AVError);
      assertThrows(() => ffmpeg.probeSync(`${folder}/video.mp4`, { format: "\0" }), TypeError);
    }
    if (Deno.build.os === "linux") assertEquals(openFiles(folder), 0);
    return Promise.resolve();
  });
});

Deno.test("Error mapping: the caller's error is thrown unchanged, also a system error", () => {
  class DiskError extends Error {}
  const error = assertThrows(() =>
    ffmpeg.remuxSync(fixtureBytes("video.mp4"), {
      onwrite() {
        throw new DiskError("full", { cause: 28 });
      },
    }, { format: "mpegts" })
  );
  assertInstanceOf(error, DiskError);
  assertEquals(error.cause, 28);
  const file = Deno.openSync(fixturePath("video.mp4"));
  file.close();
  assertThrows(
    () => ffmpeg.probeSync({ onread: (buffer) => file.readSync(buffer) }),
    Deno.errors.BadResource,
  );
});

Deno.test("Cleanup order: the session's own file is closed after the trailer was written", () => {
  const folder = Deno.makeTempDirSync();
  try {
    const path = `${folder}/out.mp4`;
    ffmpeg.remuxSync(fixturePath("video.mp4"), path);
    assertEquals(rowsOf(path).length, 206);
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
});

Deno.test("Cleanup after failed opens: neither memory nor handles grow", async () => {
  const output = await runScriptOk(`
    import { Demuxer, IOContext, MemorySink, Muxer, probeSync, remuxSync } from "@avio/avio";
    const broken = Deno.readFileSync("fixtures/video.mp4").subarray(0, 20000);
    const good = Deno.readFileSync("fixtures/video.mp4");
    const must = (use) => { try { use(); } catch { return; } throw new Error("did not fail"); };
    const round = (times) => {
      for (let i = 0; i < times; i++) {
        must(() => probeSync(broken));
        must(() => probeSync({ onread: () => { throw 1; } }));
        must(() => probeSync({ onread: () => 0 }));
        must(() => probeSync(good, { options: { nope: 1 } }));
        must(() => Muxer.openSync(new MemorySink(), { format: "nope" }));
        must(() => remuxSync(good, { onwrite: () => { throw 1; } }, { format: "mpegts" }));
        must(() => remuxSync(good, new MemorySink(), { format: "mp4", options: { nope: 1 } }));
        must(() => remuxSync(broken, "/nowhere/at/all.mp4"));
        must(() => remuxSync(good, "/nowhere/at/all.mp4"));
        const io = new IOContext(1024, { onread: () => 0 });
        must(() => Demuxer.openSync(io));
        io.destroy();
      }
    };
    const handles = () => [...Deno.readDirSync("/proc/self/fd")].length;
    round(150);
    const rss = Deno.memoryUsage().rss, fds = handles();
    round(450);
    console.log(JSON.stringify([(Deno.memoryUsage().rss - rss) / 1e6, handles() - fds]));
  `);
  const [megabytes, handles] = JSON.parse(output) as [number, number];
  // 64 KiB of buffer for each of 4500 failed opens would be 290; Deno's own heap grows by 25 to 65 before it settles.
  assertLessOrEqual(megabytes, 120);
  assertEquals(handles, 0);
});

Deno.test("A blocking source: a worker reads bytes from the main thread, with Atomics.wait()", async () => {
  const worker = new Worker(new URL("./support/reading_worker.ts", import.meta.url), { type: "module" });
  try {
    const state = new Int32Array(new SharedArrayBuffer(8));
    const bytes = new Uint8Array(new SharedArrayBuffer(1 << 20));
    const data = fixtureBytes("video.mkv");
    let offset = 0;
    const packets = await new Promise((resolve, reject) => {
      worker.onerror = reject;
      worker.onmessage = ({ data: message }) => {
        if (message !== "read") return resolve(message);
        const chunk = data.subarray(offset, offset + Atomics.load(state, 1));
        bytes.set(chunk);
        offset += chunk.length;
        Atomics.store(state, 1, chunk.length);
        Atomics.store(state, 0, 0);
        Atomics.notify(state, 0);
      };
      worker.postMessage({ state, bytes });
    });
    assertEquals(packets, 206);
  } finally {
    worker.terminate();
  }
});
