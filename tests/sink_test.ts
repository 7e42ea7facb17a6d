/**
 * Sinks of the async API: the output is the same as with the sync API, slow sinks cause backpressure, errors of a sink
 * are thrown, and both sides of a RemuxStream learn how the other one ended.
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
  type IOCallbacks,
  IOContext,
  MemorySink,
  Muxer,
  type MuxerOptions,
  Packet,
  probe,
  probeSync,
  remux,
  RemuxStream,
  remuxSync,
  type Sink,
} from "@avio/avio";
import {
  chunksOf,
  promising,
  rejectionOf,
  sleep,
  soon,
  WatchedSink,
  WatchedSource,
} from "./support/async.ts";
import { amounts, Collector } from "./support/devices.ts";
import { fixtureBytes, fixturePath } from "./support/fixtures.ts";
import { hashesByStream, rowsOf } from "./support/packets.ts";
import { eventually, never } from "./support/threads.ts";

const FRAGMENTED = "frag_keyframe+empty_moov+default_base_moof";

/** Writes a fixture's packets to a sink, one by one. */
async function mux(name: string, sink: Sink, options: MuxerOptions): Promise<void> {
  await using demuxer = await Demuxer.open(fixtureBytes(name));
  await using muxer = await Muxer.open(sink, {
    ...options,
    options: { fflags: "+bitexact", ...options.options },
  });
  for (const stream of demuxer.streams) muxer.addStream(stream);
  for await (const packet of demuxer) await muxer.write(packet);
  await muxer.finish();
}

function muxSync(name: string, sink: Sink, options: MuxerOptions): void {
  using demuxer = Demuxer.openSync(fixtureBytes(name));
  using muxer = Muxer.openSync(sink, { ...options, options: { fflags: "+bitexact", ...options.options } });
  for (const stream of demuxer.streams) muxer.addStream(stream);
  for (const packet of demuxer.packetsSync()) muxer.writeSync(packet);
  muxer.finishSync();
}

/** Writes to a sink by `work`; the bytes that came of it. */
type Write = (work: (sink: Sink) => Promise<void>) => Promise<Uint8Array>;

async function toFile(work: (path: string) => Promise<void>): Promise<Uint8Array> {
  const path = await Deno.makeTempFile({ prefix: "avio-test-" });
  try {
    await work(path);
    return await Deno.readFile(path);
  } finally {
    await Deno.remove(path);
  }
}

const seekable: Record<string, Write> = {
  MemorySink: async (work) => {
    const sink = new MemorySink();
    await work(sink);
    return sink.bytes();
  },
  path: toFile,
  "file: URL": (work) => toFile((path) => work(new URL(`file://${path}`))),
  FsFile: (work) =>
    toFile(async (path) => {
      using file = await Deno.open(path, { write: true });
      await work(file);
      await file.seek(0, Deno.SeekMode.Current); // still open
    }),
  "callbacks that answer numbers": async (work) => {
    const sink = new Collector();
    await work(sink);
    return sink.bytes();
  },
  "callbacks that answer promises": async (work) => {
    const sink = new Collector();
    await work(promising(sink));
    return sink.bytes();
  },
  "callbacks that promise short writes: halves": async (work) => {
    const sink = new Collector(amounts.halves);
    await work(promising(sink));
    return sink.bytes();
  },
  "callbacks that promise short writes: primes": async (work) => {
    const sink = new Collector(amounts.primes);
    await work(promising(sink));
    return sink.bytes();
  },
  IOContext: async (work) => {
    const sink = new Collector();
    using io = new IOContext(4096, promising(sink));
    await work(io);
    assert(!io.destroyed);
    return sink.bytes();
  },
};

const forward: Record<string, Write> = {
  WritableStream: async (work) => {
    const sink = new WatchedSink();
    await work(sink.stream);
    assertEquals([sink.closed, sink.aborted, sink.stream.locked], [1, [], false]);
    return sink.bytes();
  },
  "slow WritableStream": async (work) => {
    const sink = new WatchedSink(() => sleep(2));
    await work(sink.stream);
    assertEquals([sink.closed, sink.busiest], [1, 1]);
    return sink.bytes();
  },
  "TransformStream that is read meanwhile": async (work) => {
    const { writable, readable } = new TransformStream<Uint8Array, Uint8Array>();
    const [bytes] = await Promise.all([new Response(readable).bytes(), work(writable)]);
    return bytes;
  },
  "callbacks without onseek": async (work) => {
    const sink = new Collector();
    await work(promising({ onwrite: sink.onwrite } as IOCallbacks));
    return sink.bytes();
  },
};

// -------------------------------------------------------------------------------------- same files

const formats = ["mp4", "matroska", "mpegts", "flv", "avi", "mov"];

for (const format of formats) {
  Deno.test(`Muxer and remux() write the same ${format} to every sink that can seek as the sync API`, async () => {
    const expected = new MemorySink();
    muxSync("video.mp4", expected, { format });
    const remuxed = new MemorySink();
    const options = { format, options: { fflags: "+bitexact" } };
    remuxSync(fixtureBytes("video.mp4"), remuxed, options);
    for (const [how, write] of Object.entries(seekable)) {
      assertEquals(await write((sink) => mux("video.mp4", sink, { format })), expected.bytes(), how);
      const remuxing = async (sink: Sink) => void await remux(fixtureBytes("video.mp4"), sink, options);
      assertEquals(await write(remuxing), remuxed.bytes(), `remux, ${how}`);
    }
  });
}

for (const format of ["matroska", "mpegts", "mp4"]) {
  Deno.test(`Muxer writes the same ${format} to every sink that can't seek as the sync API`, async () => {
    const options = format === "mp4" ? { format, options: { movflags: FRAGMENTED } } : { format };
    const expected = new Collector();
    muxSync("video.mp4", { onwrite: expected.onwrite }, options);
    for (const [how, write] of Object.entries(forward)) {
      assertEquals(await write((sink) => mux("video.mp4", sink, options)), expected.bytes(), how);
    }
  });
}

Deno.test("a file is truncated by the first write, not by a header that fails", async () => {
  const path = await Deno.makeTempFile({ prefix: "avio-sink-" });
  try {
    const source = fixturePath("video.mp4");
    const wrong: MuxerOptions[] = [
      { options: { nope: 1 } },
      { options: { movflags: "nope" } },
      { bitstreamFilter: () => "no such filter" } as MuxerOptions,
    ];
    for (const options of wrong) {
      await Deno.writeTextFile(path, "what was there");
      await assertRejects(() => remux(source, path, { format: "mp4", ...options }));
      assertEquals(await Deno.readTextFile(path), "what was there", JSON.stringify(options));
      assertThrows(() => remuxSync(source, path, { format: "mp4", ...options }));
      assertEquals(await Deno.readTextFile(path), "what was there", JSON.stringify(options));
    }
    await Deno.writeFile(path, new Uint8Array(10_000_000).fill(0x41));
    const { bytesWritten } = await remux(source, path, { format: "matroska" });
    assertEquals((await Deno.stat(path)).size, bytesWritten);
    await Deno.writeFile(path, new Uint8Array(10_000_000).fill(0x41));
    using muxer = Muxer.openSync(path, { format: "srt" });
    muxer.addStream({ type: "subtitle", codec: "subrip" });
    muxer.finishSync();
    assertEquals((await Deno.stat(path)).size, 0, "an output of no bytes");
  } finally {
    await Deno.remove(path);
  }
});

Deno.test("a file: URL without a slash is refused: it would be in the root folder", async () => {
  const message = "sink: must be a file: URL that begins with file:/, or a path, is file:out.mkv";
  await assertRejects(
    () => remux(fixturePath("video.mp4"), "file:out.mkv", { format: "matroska" }),
    TypeError,
    message,
  );
});

Deno.test("a file: URL of another machine, or without a path, names no file of this one", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const path = `${folder}/a.txt`;
    await Deno.writeTextFile(path, "precious");
    for (const url of [`file://machine${path}`, `file://${path}%00`, `file://${path}%ff`]) {
      for (const place of [url, new URL(url)]) {
        const must = "must be the URL of a file here";
        await assertRejects(() => probe(place), TypeError, `source: ${must}`);
        const write = () => remuxSync(fixturePath("video.mp4"), place, { format: "matroska" });
        assertThrows(write, TypeError, `sink: ${must}`);
      }
    }
    assertEquals(await Deno.readTextFile(path), "precious");
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("An mp4 that must be seekable is refused by a WritableStream, which is aborted with that", async () => {
  const sink = new WatchedSink();
  const error = await rejectionOf(mux("video.mp4", sink.stream, { format: "mp4" }));
  assert(error instanceof AVError, String(error));
  assertEquals(sink.closed, 0);
  assertStrictEquals(sink.aborted[0], error);
});

Deno.test("AAC of MPEG-TS in Matroska needs a sink that can seek, and the error says so", async () => {
  const error = await rejectionOf(
    remux(fixturePath("video.ts"), new WritableStream(), { format: "matroska" }),
  );
  assert(error instanceof AVError, String(error));
  const text = "stream 1: the configuration of aac is in its packets, so that a sink that can seek is needed";
  assertStringIncludes(error.message, text);
});

// -------------------------------------------------------------------------------------- backpressure

/** A muxer with one stream of PCM; a packet has `size` bytes. */
async function pcmMuxer(
  sink: Sink,
  options: MuxerOptions = {},
): Promise<{ muxer: Muxer; packet: (index: number, size?: number) => Packet }> {
  const muxer = await Muxer.open(sink, { format: "matroska", ...options });
  muxer.addStream({ type: "audio", codec: "pcm_s16le", sampleRate: 48000, channels: 1 });
  let pts = 0;
  const packet = (_index: number, size = 65536) => {
    const data = new Uint8Array(size);
    const made = new Packet({ streamIndex: 0, data, pts, dts: pts, timeBase: { num: 1, den: 48000 } });
    pts += size / 2;
    return made;
  };
  return { muxer, packet };
}

Deno.test("bytesWritten is the size of the output, also if the muxer reads it again", async () => {
  const path = await Deno.makeTempFile({ prefix: "avio-sink-" });
  try {
    for (const format of ["mp4", "mov"]) {
      const options = { format, options: { movflags: "faststart" } };
      const { bytesWritten } = await remux(fixturePath("video.mp4"), path, options);
      assertEquals(bytesWritten, Deno.statSync(path).size);
      assertEquals(remuxSync(fixturePath("video.mp4"), path, options).bytesWritten, bytesWritten);
    }
  } finally {
    await Deno.remove(path);
  }
});

Deno.test("Awaiting write() gives backpressure from a slow sink", async () => {
  let taken = 0;
  const sink = new WatchedSink(async (chunk) => {
    await sleep(1);
    taken += chunk.length;
  });
  const { muxer, packet } = await pcmMuxer(sink.stream);
  let given = 0;
  let most = 0;
  for (let i = 0; i < 300; i++) {
    await muxer.write(packet(i));
    most = Math.max(most, (given += 65536) - taken);
  }
  await muxer.finish();
  assert(most < 6 * 1024 * 1024, `${most} bytes were under way`);
  assertEquals(sink.busiest, 1);
  assertEquals(sink.closed, 1);
  assert(taken > given);
});

Deno.test("A packet's bytes are copied when write() is called", async () => {
  const sink = new MemorySink();
  const { muxer, packet } = await pcmMuxer(sink);
  const written = packet(0);
  written.data.fill(7);
  const writing = muxer.write(written);
  written.data.fill(9);
  await writing;
  await muxer.finish();
  using demuxer = Demuxer.openSync(sink.bytes());
  assertEquals(demuxer.readSync()!.data[0], 7);
});

Deno.test("flush() passes everything written so far to the sink", async () => {
  const sink = new WatchedSink();
  const { muxer, packet } = await pcmMuxer(sink.stream);
  await muxer.write(packet(0, 1000));
  await muxer.write(packet(1, 1000)); // Matroska keeps the last packet of audio back
  await muxer.flush();
  const size = () => sink.chunks.reduce((sum, chunk) => sum + chunk.length, 0);
  assert(await eventually(() => size() >= 1000), `${size()} bytes`); // the stream has it, its sink gets it
  await muxer.finish();
});

Deno.test("Calls that are not awaited run in order", async () => {
  const sink = new MemorySink();
  const { muxer, packet } = await pcmMuxer(sink);
  const calls = [
    muxer.start(),
    muxer.write(packet(0)),
    muxer.write(packet(1)),
    muxer.flush(),
    muxer.finish(),
  ];
  await Promise.all(calls);
  assertEquals(rowsOf(sink.bytes()).reduce((sum, { size }) => sum + size, 0), 2 * 65536);
});

// -------------------------------------------------------------------------------------- errors

const brokenSinks: Record<string, (error: unknown, at: number) => Sink> = {
  "WritableStream whose write() rejects": (error, at) =>
    new WatchedSink((_chunk, index) => index >= at ? Promise.reject(error) : undefined).stream,
  "WritableStream whose write() throws": (error, at) =>
    new WatchedSink((_chunk, index) => {
      if (index >= at) throw error;
    }).stream,
  "WritableStream that errors by itself": (error, at) => {
    let calls = 0;
    return new WritableStream({
      write: (_chunk, controller) => {
        if (calls++ >= at) controller.error(error);
      },
    });
  },
  "WritableStream that errors while its write() takes forever": (error, at) => {
    let calls = 0;
    return new WritableStream({
      write: async (_chunk, controller) => {
        if (calls++ < at) return;
        await null;
        controller.error(error);
        await never();
      },
    });
  },
  "TransformStream whose reader cancels": (error, at) => {
    const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
    const reader = readable.getReader();
    (async () => {
      for (let i = 0; i < at; i++) await reader.read();
      await reader.cancel(error);
    })();
    return writable;
  },
  "callbacks that reject": (error, at) => {
    let calls = 0;
    return { onwrite: () => calls++ >= at ? Promise.reject(error) : Promise.resolve() };
  },
};

for (const [how, make] of Object.entries(brokenSinks)) {
  Deno.test(`write() and finish() reject with the same error object: ${how}`, async () => {
    for (const at of [0, 1, 5]) {
      const error = new Error("disk full");
      const { muxer, packet } = await pcmMuxer(make(error, at));
      const found: unknown[] = [];
      for (let i = 0; i < 200; i++) await muxer.write(packet(i)).catch((why) => found.push(why));
      assert(found.length > 0, `${at}: no write failed`);
      assertStrictEquals(found[0], error, `${at}: ${String(found[0])}`);
      const last = await rejectionOf(muxer.finish());
      if (at > 0) assertStrictEquals(last, error, `${at}: finish: ${String(last)}`);
      await muxer[Symbol.asyncDispose]();
    }
  });

  Deno.test(`finish() rejects with the same error object, if nothing was written before: ${how}`, async () => {
    const error = new Error("disk full");
    const { muxer, packet } = await pcmMuxer(make(error, 0));
    await muxer.write(packet(0, 100));
    assertStrictEquals(await rejectionOf(muxer.finish()), error);
    assertStrictEquals(await rejectionOf(muxer.finish()), error);
  });

  Deno.test(`remux() rejects with the same error object: ${how}`, async () => {
    for (const at of [0, 1]) {
      const error = new Error("disk full");
      const options = { format: "matroska", bufferSize: 1000 };
      assertStrictEquals(
        await rejectionOf(remux(fixtureBytes("video.mp4"), make(error, at), options)),
        error,
      );
    }
  });
}

Deno.test("finish() rejects with the error of a WritableStream's close()", async () => {
  const error = new Error("could not be closed");
  const stream = new WritableStream({ close: () => Promise.reject(error) });
  const { muxer, packet } = await pcmMuxer(stream);
  await muxer.write(packet(0, 100));
  assertStrictEquals(await rejectionOf(muxer.finish()), error);
});

Deno.test("finish() waits until a WritableStream has written everything and is closed", async () => {
  let done = false;
  const stream = new WritableStream({
    write: () => sleep(5),
    close: async () => {
      await sleep(10);
      done = true;
    },
  });
  const { muxer, packet } = await pcmMuxer(stream);
  await muxer.write(packet(0));
  await muxer.finish();
  assert(done);
});

// -------------------------------------------------------------------------------------- who closes

Deno.test("A WritableStream is aborted when the muxer is closed without finish()", async () => {
  const sink = new WatchedSink();
  {
    const { muxer, packet } = await pcmMuxer(sink.stream);
    await using _ = muxer;
    await muxer.write(packet(0));
    await muxer.flush();
  }
  assertEquals(sink.closed, 0);
  assertEquals(sink.aborted.length, 1);
  assert(sink.aborted[0] instanceof Error);
  assertEquals(sink.stream.locked, false);
});

Deno.test("A WritableStream is aborted with the reason of an abort, even while it is stalled", async () => {
  const reason = new Error("no longer");
  const controller = new AbortController();
  const reached = Promise.withResolvers<void>();
  const aborted = Promise.withResolvers<unknown>();
  const stream = new WritableStream<Uint8Array>({
    start: (sink) => sink.signal.addEventListener("abort", () => aborted.resolve(sink.signal.reason)),
    write: () => (reached.resolve(), never()),
  });
  const { muxer, packet } = await pcmMuxer(stream, { signal: controller.signal });
  const writing = rejectionOf((async () => {
    while (true) await muxer.write(packet(0));
  })());
  await soon(reached.promise);
  controller.abort(reason);
  assertStrictEquals(await soon(writing), reason);
  assertStrictEquals(await soon(aborted.promise), reason);
  assertEquals(stream.locked, false);
  await muxer[Symbol.asyncDispose](); // what waited for its events has come back
});

Deno.test("An abort ends finish(), even while closing the stream is pending", async () => {
  const reason = new Error("no longer");
  const controller = new AbortController();
  const reached = Promise.withResolvers<void>();
  const stream = new WritableStream<Uint8Array>({ close: () => (reached.resolve(), never()) });
  const { muxer, packet } = await pcmMuxer(stream, { signal: controller.signal });
  await muxer.write(packet(0, 100));
  const finishing = rejectionOf(muxer.finish());
  await soon(reached.promise);
  controller.abort(reason);
  assertStrictEquals(await soon(finishing), reason);
});

Deno.test("A WritableStream is aborted with the source's error", async () => {
  const error = new Error("broken off");
  const source = new WatchedSource(chunksOf(fixtureBytes("video.mkv").slice(0, 20000), 1000), { error });
  const sink = new WatchedSink();
  const remuxing = remux(source.stream, sink.stream, { format: "mpegts", input: { bufferSize: 1000 } });
  assertStrictEquals(await rejectionOf(remuxing), error);
  assertEquals(sink.closed, 0);
  assertEquals(sink.aborted.length, 1);
  assertStrictEquals(sink.aborted[0], error);
  assertEquals(sink.stream.locked, false);
});

Deno.test("A WritableStream is aborted with an error that occurs before the first write", async () => {
  const reason = Promise.withResolvers<unknown>();
  const stream = new WritableStream<Uint8Array>({ abort: (error) => reason.resolve(error) });
  const error = await rejectionOf(
    remux(new TextEncoder().encode("no media"), stream, { format: "matroska" }),
  );
  assertStrictEquals(await reason.promise, error);
});

Deno.test("A path is created or truncated, and its file closed when the sink's format fails", async () => {
  const bytes = await toFile(async (path) => {
    await Deno.writeFile(path, new Uint8Array(1_000_000));
    await mux("audio.wav", path, { format: "wav" });
  });
  assert(bytes.length < 100_000);
  await toFile(async (path) => {
    const muxer = await Muxer.open(path, { format: "mp4" });
    await assertRejects(() => muxer.start());
    await muxer[Symbol.asyncDispose]();
  });
});

// -------------------------------------------------------------------------------------- RemuxStream

/** A fixture's bytes as a stream that records how far it was read. */
function uploadOf(name: string, chunk = 1000): WatchedSource {
  return new WatchedSource(chunksOf(fixtureBytes(name), chunk));
}

Deno.test("RemuxStream makes fragmented mp4 that has the packets of the input", async () => {
  for (const name of ["video.mkv", "faststart.mp4", "video.flv"]) {
    const mp4 = uploadOf(name).stream.pipeThrough(new RemuxStream({ format: "mp4" }));
    const bytes = await new Response(mp4).bytes();
    if (name === "video.mkv") {
      assertEquals(hashesByStream(rowsOf(bytes)), hashesByStream(rowsOf(fixtureBytes(name))), name);
    }
    assertEquals(probeSync(bytes).format.name, "mov,mp4,m4a,3gp,3g2,mj2", name);
    assertEquals(rowsOf(bytes).length, 206, name);
  }
});

Deno.test("RemuxStream outputs the first bytes before the input has ended", async () => {
  const bytes = fixtureBytes("video.mkv");
  const { readable, writable } = new RemuxStream({
    format: "mp4",
    input: { bufferSize: 1024, probeSize: 4096 },
  });
  const writer = writable.getWriter();
  const reader = readable.getReader();
  const first = reader.read();
  const feeding = (async () => {
    for (const chunk of chunksOf(bytes.slice(0, 30000), 1000)) await writer.write(chunk);
  })();
  const { value } = await soon(first);
  assert(value!.length > 0);
  const rest = (async () => {
    let size = value!.length;
    for (let next = await reader.read(); !next.done; next = await reader.read()) size += next.value.length;
    return size;
  })();
  await feeding;
  await writer.write(bytes.slice(30000));
  await writer.close();
  assert(await rest > 20000);
});

Deno.test("RemuxStream: an error upstream is passed downstream", async () => {
  const error = new Error("broken off");
  for (const size of [0, 100, 20000]) {
    const source = new WatchedSource(chunksOf(fixtureBytes("video.mkv").slice(0, size), 1000), { error });
    const mp4 = source.stream.pipeThrough(new RemuxStream({ format: "mp4" }));
    assertStrictEquals(await soon(rejectionOf(new Response(mp4).bytes())), error, `after ${size} bytes`);
  }
});

Deno.test("RemuxStream: a cancel downstream is passed upstream", async () => {
  const reason = new Error("no longer");
  const source = new WatchedSource((function* () {
    while (true) yield* chunksOf(fixtureBytes("video.ts"), 1000);
  })());
  const mkv = source.stream.pipeThrough(new RemuxStream({ format: "mpegts" }));
  const reader = mkv.getReader();
  await reader.read();
  await reader.cancel(reason);
  await eventually(() => source.cancelled.length > 0);
  assertEquals(source.cancelled.length, 1);
  assertStrictEquals(source.cancelled[0], reason);
});

Deno.test("RemuxStream: a cancel downstream is passed upstream even while that is stalled", async () => {
  const reason = new Error("no longer");
  const { readable, writable, result } = new RemuxStream({ format: "matroska" });
  const writer = writable.getWriter();
  writer.closed.catch(() => {});
  await readable.cancel(reason);
  assertStrictEquals(await soon(rejectionOf(writer.closed), 1000), reason);
  assertStrictEquals(await soon(rejectionOf(result), 1000), reason); // by then native code was cancelled
});

for (
  const [how, options, bytes] of [
    [
      "bad input",
      { format: "mp4", input: { probeSize: 4096, bufferSize: 4096 } },
      new TextEncoder().encode("no media ".repeat(20000)),
    ],
    ["no input", { format: "mp4" }, new Uint8Array(0)],
    ["a format that is not known", { format: "nonsense" }, fixtureBytes("video.mkv")],
    ["an option that nobody knows", { format: "mp4", options: { nonsense: 1 } }, fixtureBytes("video.mkv")],
    ["no stream left", { format: "mp4", streams: () => false }, fixtureBytes("video.mkv")],
    ["a range that is none", { format: "mp4", start: 2, end: 1 }, fixtureBytes("video.mkv")],
  ] as const
) {
  Deno.test(`RemuxStream ends both sides: ${how}`, async () => {
    const { readable, writable, result } = new RemuxStream(options);
    const source = new WatchedSource(chunksOf(bytes, 1000));
    const piping = source.stream.pipeTo(writable).then(() => null, (error) => error);
    const error = await soon(rejectionOf(new Response(readable).bytes()), 2000);
    assert(error instanceof Error, String(error));
    assertStrictEquals(await soon(rejectionOf(result), 2000), error);
    const reported = await soon(piping, 2000);
    // A pipe that has been read completely is not cancelled.
    if (reported !== null || how !== "no input" && how !== "bad input") assertStrictEquals(reported, error);
  });
}

// -------------------------------------------------------------------------------------- the example

/** A port that was free a moment ago. */
function freePort(): number {
  using listener = Deno.listen({ port: 0, hostname: "127.0.0.1" });
  return listener.addr.port;
}

async function isListening(port: number): Promise<boolean> {
  try {
    (await Deno.connect({ port, hostname: "127.0.0.1" })).close();
    return true;
  } catch {
    return false;
  }
}

Deno.test("examples/serve_remux.ts responds to an upload with mp4 while it is still being uploaded", async () => {
  const port = freePort();
  const server = new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "--allow-ffi", "--allow-net", "examples/serve_remux.ts", String(port)],
    cwd: new URL("..", import.meta.url),
    stdout: "null",
    stderr: "null",
  }).spawn();
  try {
    for (let i = 0; i < 2400 && !await isListening(port); i++) await sleep(25);
    const url = `http://127.0.0.1:${port}/`;
    const { body } = await fetch(url, { method: "POST", body: fixtureBytes("video.mkv") });
    const mp4 = new Blob([await new Response(body).bytes()]);
    assertEquals((await probe(mp4)).streams.map(({ codecParameters }) => codecParameters.codec), [
      "h264",
      "aac",
    ]);

    const answered = Promise.withResolvers<void>();
    const upload = new ReadableStream<Uint8Array<ArrayBuffer>>({
      async start(controller) {
        await remux(fixturePath("video.mkv"), {
          onwrite: (chunk) => controller.enqueue(chunk),
        }, { format: "matroska" });
        await answered.promise; // the response must begin before the upload has ended
        controller.close();
      },
    });
    const answer = await soon(fetch(url, { method: "POST", body: upload }));
    answered.resolve();
    const bytes = await answer.bytes();
    assertEquals(rowsOf(bytes).length, 206);

    const refused = await fetch(url);
    assertEquals(refused.status, 400);
    await refused.body?.cancel();
  } finally {
    server.kill();
    await server.status;
  }
});
