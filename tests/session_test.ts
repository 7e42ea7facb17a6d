/**
 * Sessions of the async engine: many at once, callbacks that never return, the order of calls, what ends a session, and
 * its state afterwards.
 */
import { assert, assertEquals, assertRejects, assertStrictEquals, assertThrows } from "@std/assert";
import {
  AVError,
  ClosedError,
  Demuxer,
  type IOCallbacks,
  MemorySink,
  Muxer,
  Packet,
  probe,
  remux,
  RemuxStream,
  type SessionOptions,
} from "@avio/avio";
import { promising, sleep } from "./support/async.ts";
import { Collector, readerOf } from "./support/devices.ts";
import { fixtureBytes, fixturePath } from "./support/fixtures.ts";
import { rowOf, rowsOf } from "./support/packets.ts";
import { answerOf, runScript } from "./support/script.ts";
import {
  haveEnded,
  never,
  rejection,
  sessionThreads,
  slowReaderOf,
  type Stuck,
  stuck,
  threadsSince,
} from "./support/threads.ts";

const mkv = fixtureBytes("video.mkv");

// ------------------------------------------------------------------------------------------------ many at once

Deno.test("1,000 demuxers wait for pending reads; everything else continues", async () => {
  const seen = await answerOf<{
    threads: number;
    packets: number;
    working: number;
    ended: number;
    left: number;
    megabytes: number;
  }>(
    `const bytes = fixtureBytes("video.mkv");
    const round = async () => {
      const before = threads(), memory = residentMegabytes();
      const controller = new AbortController();
      const { signal } = controller;
      const opening = Array.from({ length: 1000 },
        () => Demuxer.open({ onread: () => never() }, { signal }).catch((error) => error));
      await eventually(() => threads() - before >= 1000, 10_000);
      const waiting = threads() - before;
      const begin = performance.now();
      await Promise.all(Array.from({ length: 100 }, () => Deno.readFile(fixturePath("video.mkv"))));
      const demuxer = await Demuxer.open(slowReaderOf(bytes));
      const packets = (await Array.fromAsync(demuxer)).length;
      await demuxer.close();
      const working = performance.now() - begin;
      const reason = new Error("enough");
      const end = performance.now();
      controller.abort(reason);
      const errors = await Promise.all(opening);
      if (!errors.every((error) => error === reason)) throw new Error("another error");
      await eventually(() => threads() <= before, 5000);
      const ended = performance.now() - end;
      opening.length = errors.length = 0;
      for (let i = 0; i < 5; i++) { gc(); await sleep(50); }
      const megabytes = residentMegabytes() - memory;
      return { threads: waiting, packets, working, ended, left: threads() - before, megabytes };
    };
    for (let i = 0; i < 3; i++) await round(); // what stays from the first ones on: code, stacks, heaps
    // A leak would show in each; what else grows meanwhile does not.
    const rounds = [await round(), await round(), await round()];
    console.log(JSON.stringify(rounds.sort((a, b) => a.megabytes - b.megabytes)[0]));`,
    { flags: ["-A", "--v8-flags=--expose-gc"], deadline: 60_000 },
  );
  assert(seen.threads >= 1000 && seen.threads <= 1000, `${seen.threads} threads`);
  assertEquals(seen.packets, rowsOf(mkv).length);
  assert(seen.left === 0, `${seen.left} threads are left`);
  assert(seen.working < 10_000, `others worked for ${seen.working} ms`);
  assert(seen.ended < 5000, `it took ${seen.ended} ms to end them`);
  assert(seen.megabytes < 20, `${seen.megabytes} MB are left`);
});

Deno.test("64 demuxers at the same time, each with its own file", async () => {
  const expected = rowsOf(fixturePath("video.mp4"));
  await Promise.all(Array.from({ length: 64 }, async () => {
    using file = await Deno.open(fixturePath("video.mp4"));
    await using demuxer = await Demuxer.open(file);
    assertEquals((await Array.fromAsync(demuxer)).map(rowOf), expected);
  }));
});

Deno.test("two sessions don't disturb each other", async () => {
  const broken = stuck(readerOf(mkv), "onread", 1);
  const controller = new AbortController();
  const opening = Demuxer.open(broken, { signal: controller.signal, bufferSize: 1024 });
  await broken.reached;
  await using other = await Demuxer.open(slowReaderOf(mkv), { bufferSize: 1024 });
  const first = await other.read();
  controller.abort("the other one");
  assertEquals(await rejection(opening), "the other one");
  const rest = await Array.fromAsync(other);
  assertEquals([first!, ...rest].map(rowOf), rowsOf(mkv));
});

// ------------------------------------------------------------------------------------------------ ends

/** A place where a callback is pending: starts the call that waits for it, and has a further call for afterwards. */
interface Place {
  callbacks: IOCallbacks;
  name: keyof IOCallbacks;
  at: number;
  start: (callbacks: IOCallbacks, options: SessionLimits) => Promise<Started>;
}

type SessionLimits = SessionOptions & { signal?: AbortSignal; timeout?: number };

interface Started {
  pending: Promise<unknown>;
  /** A call that must fail now; null if there is none. */
  again: (() => Promise<unknown>) | null;
}

const small = { bufferSize: 512 };
const packets = (() => {
  using demuxer = Demuxer.openSync(mkv);
  return { streams: [...demuxer.streams], all: [...demuxer.packetsSync()] };
})();

const opening: Place["start"] = (callbacks, options) =>
  Promise.resolve({ pending: Demuxer.open(callbacks, { ...small, ...options }), again: null });

const muxing = (during: "write" | "finish"): Place["start"] => async (callbacks, options) => {
  const muxer = await Muxer.open(callbacks, { format: "mp4", ...small, ...options });
  for (const stream of packets.streams) muxer.addStream(stream);
  const pending = (async () => {
    for (const packet of packets.all) {
      await muxer.write(packet);
      if (during === "write") await muxer.flush();
    }
    await muxer.finish();
  })();
  return { pending, again: () => muxer.finish() };
};

const remuxing = (input: "source" | "sink"): Place["start"] => (callbacks, options) => {
  const format = { format: "mp4", ...small, ...options };
  const pending = input === "source"
    ? remux(callbacks, new MemorySink(), { ...format, input: small })
    : remux(slowReaderOf(mkv), callbacks, format);
  return Promise.resolve({ pending, again: null });
};

function writer(): IOCallbacks {
  const { onwrite, onseek } = new Collector();
  return { onwrite, onseek };
}

const places: Record<string, () => Place> = {
  "onread in open": () => ({ callbacks: readerOf(mkv), name: "onread", at: 1, start: opening }),
  "onseek in open": () => ({
    callbacks: readerOf(fixtureBytes("video.mp4")),
    name: "onseek",
    at: 0,
    start: opening,
  }),
  "onread in read": () => ({
    callbacks: readerOf(mkv),
    name: "onread",
    at: NaN, // from the moment it is open
    start: async (callbacks, options) => {
      const demuxer = await Demuxer.open(callbacks, { ...small, findStreamInfo: false, ...options });
      (callbacks as { stop?: () => void }).stop?.();
      const pending = Array.fromAsync(demuxer);
      return { pending, again: () => demuxer.read() };
    },
  }),
  "onwrite in write": () => ({ callbacks: writer(), name: "onwrite", at: 3, start: muxing("write") }),
  "onwrite in finish": () => ({ callbacks: writer(), name: "onwrite", at: 1, start: muxing("finish") }),
  "onseek in finish": () => ({ callbacks: writer(), name: "onseek", at: 0, start: muxing("finish") }),
  "onread in remux": () => ({ callbacks: readerOf(mkv), name: "onread", at: 20, start: remuxing("source") }),
  "onwrite in remux": () => ({ callbacks: writer(), name: "onwrite", at: 2, start: remuxing("sink") }),
  "onseek in remux": () => ({ callbacks: writer(), name: "onseek", at: 0, start: remuxing("sink") }),
};

/** Like `stuck`; callbacks without a call number become pending on request. */
function stuckAt({ callbacks, name, at }: Place): IOCallbacks & Stuck {
  if (!Number.isNaN(at)) return stuck(callbacks, name, at);
  const silent = stuck(callbacks, name, 0);
  const { [name]: never } = silent;
  let current = callbacks[name];
  const call = (...args: unknown[]) => (current as (...args: unknown[]) => unknown)(...args);
  const stop = () => void (current = never);
  return Object.assign(silent, { [name]: call, stop });
}

for (const [where, place] of Object.entries(places)) {
  for (const late of ["never", "resolve", "reject"] as const) {
    Deno.test(`${where} is pending (${late}): abort`, async () => {
      const { start, ...rest } = place();
      const silent = stuckAt({ start, ...rest });
      const controller = new AbortController();
      const before = sessionThreads();
      const { pending, again } = await start(silent, { signal: controller.signal });
      const ended = rejection(pending);
      await Promise.race([silent.reached, pending]);
      const started = threadsSince(before);
      const reason = { because: "of the test" };
      controller.abort(reason);
      if (late === "resolve") silent.resolve(1);
      if (late === "reject") silent.reject(new Error("too late"));
      assertStrictEquals(await ended, reason);
      if (again) assertStrictEquals(await rejection(again()), reason);
      if (late === "resolve") silent.resolve(1);
      assert(await haveEnded(started), "its thread is still there");
    });
  }

  Deno.test(`${where} is pending: timeout`, async () => {
    const { start, ...rest } = place();
    const silent = stuckAt({ start, ...rest });
    const { pending, again } = await start(silent, { timeout: 50 });
    const begin = performance.now();
    const error = await rejection(pending);
    assert(error instanceof DOMException, String(error));
    assertEquals(error.name, "TimeoutError");
    assert(performance.now() - begin < 2000);
    silent.resolve(1);
    if (again) assertStrictEquals(await rejection(again()), error);
  });
}

Deno.test("a signal that is aborted already", async () => {
  const reason = new Error("before");
  const signal = AbortSignal.abort(reason);
  let calls = 0;
  const source = { onread: () => calls++ };
  const sink = { onwrite: () => void calls++ };
  assertStrictEquals(await rejection(Demuxer.open(source, { signal })), reason);
  assertStrictEquals(await rejection(Muxer.open(sink, { signal, format: "matroska" })), reason);
  assertStrictEquals(await rejection(remux(source, sink, { signal, format: "matroska" })), reason);
  assertStrictEquals(await rejection(probe(source, { signal })), reason);
  assertEquals(calls, 0);
});

Deno.test("a signal ends an idle session, too", async () => {
  const controller = new AbortController();
  await using demuxer = await Demuxer.open(slowReaderOf(mkv), { signal: controller.signal, ...small });
  await demuxer.read();
  const reason = new Error("while idle");
  controller.abort(reason);
  assertStrictEquals(await rejection(Array.fromAsync(demuxer)), reason);
  assertStrictEquals(await rejection(demuxer.seek(0)), reason);
  await sleep(20); // reading ahead ends by itself
});

Deno.test("a timeout applies to each callback, not to all together", async () => {
  const { onread, onseek } = readerOf(mkv);
  const source: IOCallbacks = {
    onread: async (buffer, size) => {
      await sleep(5);
      return onread!(buffer, size);
    },
    onseek: onseek!,
  };
  await using demuxer = await Demuxer.open(source, { timeout: 200, bufferSize: 512 });
  assertEquals((await Array.fromAsync(demuxer)).length, rowsOf(mkv).length);
});

Deno.test("a stream is cancelled with the reason", async () => {
  const cancelled = Promise.withResolvers<unknown>();
  const reached = Promise.withResolvers<void>();
  const stream = new ReadableStream<Uint8Array>({
    pull: () => {
      reached.resolve();
      return never();
    },
    cancel: (reason) => cancelled.resolve(reason),
  });
  const controller = new AbortController();
  const pending = Demuxer.open(stream, { signal: controller.signal });
  await reached.promise;
  const reason = new Error("cancel it");
  controller.abort(reason);
  assertStrictEquals(await rejection(pending), reason);
  assertStrictEquals(await cancelled.promise, reason);
});

Deno.test("a signal in the first moments of opening a stream", async () => {
  for (let turns = 0; turns < 8; turns++) {
    const stream = new ReadableStream<Uint8Array>({ pull: () => never() });
    const controller = new AbortController();
    const pending = Demuxer.open(stream, { signal: controller.signal });
    for (let i = 0; i < turns; i++) await null;
    const reason = new Error("early");
    controller.abort(reason);
    assertStrictEquals(await rejection(pending), reason, `after ${turns} turns`);
    assert(!stream.locked, `locked after ${turns} turns`);
  }
});

Deno.test("a signal in the first moments of opening a path: the file is closed", async () => {
  for (let turns = 0; turns < 8; turns++) {
    const controller = new AbortController();
    const pending = Demuxer.open(fixturePath("video.mkv"), { signal: controller.signal });
    for (let i = 0; i < turns; i++) await null;
    const reason = new Error("early");
    controller.abort(reason);
    assertStrictEquals(await rejection(pending), reason, `after ${turns} turns`);
  }
  await sleep(20); // by then the file has been opened and closed
});

Deno.test("RemuxStream: a source that FFmpeg can't read is an error of its readable side", async () => {
  const garbage = new Blob([new Uint8Array(5000).fill(7)]).stream();
  const remuxing = new RemuxStream({ format: "matroska" });
  const error = await rejection(new Response(garbage.pipeThrough(remuxing)).bytes(), 2000);
  assert(error instanceof Error);
  assertStrictEquals(await rejection(remuxing.result), error);
});

Deno.test("RemuxStream: its result resolves when everything is written, and may be ignored", async () => {
  const remuxing = new RemuxStream({ format: "matroska" });
  const bytes = await new Response(new Blob([mkv]).stream().pipeThrough(remuxing)).bytes();
  const { packets, bytesWritten, streams } = await remuxing.result;
  assertEquals(bytesWritten, bytes.length);
  assertEquals(packets, streams.reduce((sum, { packets }) => sum + packets, 0));
  assert(packets > 0);
  // An unhandled rejection would be this test's failure.
  const reason = new Error("not wanted any more");
  const unwatched = new RemuxStream({ format: "matroska" });
  await unwatched.readable.cancel(reason);
  assertStrictEquals(await rejection(unwatched.result), reason);
});

Deno.test("a sink's stream is aborted with the reason, its source cancelled", async () => {
  const aborted = Promise.withResolvers<unknown>();
  const reached = Promise.withResolvers<void>();
  const sink = new WritableStream<Uint8Array>({
    write: (_chunk, controller) => {
      reached.resolve();
      return new Promise((_, reject) =>
        controller.signal.addEventListener("abort", () => reject(controller.signal.reason))
      );
    },
    abort: (reason) => aborted.resolve(reason),
  });
  const controller = new AbortController();
  const pending = remux(slowReaderOf(mkv), sink, { format: "matroska", signal: controller.signal, ...small });
  const ended = rejection(pending);
  await reached.promise;
  const reason = new Error("abort it");
  controller.abort(reason);
  assertStrictEquals(await ended, reason);
  assertStrictEquals(await aborted.promise, reason);
});

Deno.test("RemuxStream: a signal ends both sides", async () => {
  const controller = new AbortController();
  const { readable, writable } = new RemuxStream({ format: "matroska", signal: controller.signal });
  const writer = writable.getWriter();
  writer.closed.catch(() => {});
  writer.write(mkv.slice(0, 1000)).catch(() => {});
  const reading = rejection(readable.getReader().read());
  const reason = new Error("both");
  controller.abort(reason);
  assertStrictEquals(await reading, reason);
  assertStrictEquals(await rejection(writer.closed), reason);
});

Deno.test("an aborted signal keeps nothing alive", async () => {
  const { signal } = new AbortController();
  let listeners = 0;
  const add = signal.addEventListener.bind(signal), remove = signal.removeEventListener.bind(signal);
  signal.addEventListener = (...args: Parameters<typeof add>) => (listeners++, add(...args));
  signal.removeEventListener = (...args: Parameters<typeof remove>) => (listeners--, remove(...args));
  await (await Demuxer.open(mkv, { signal })).close();
  await remux(mkv, new MemorySink(), { format: "matroska", signal });
  await probe(mkv, { signal });
  await rejection(Demuxer.open(new Uint8Array(10), { signal }));
  assertEquals(listeners, 0);
});

Deno.test("close() ends pending calls, and waits for native code", async () => {
  const before = sessionThreads();
  const silent = stuckAt(places["onread in read"]!());
  const demuxer = await Demuxer.open(silent, { ...small, findStreamInfo: false });
  (silent as unknown as { stop: () => void }).stop();
  const reading = rejection(Array.fromAsync(demuxer));
  await silent.reached;
  const started = threadsSince(before);
  await demuxer.close();
  assert(await reading instanceof ClosedError);
  assert(await haveEnded(started), "its thread is still there");
  silent.resolve(1);
  await demuxer.close();
  assert(await rejection(demuxer.read()) instanceof ClosedError);
});

Deno.test("await using, left while a write waits", async () => {
  const before = sessionThreads();
  const silent = stuck(writer(), "onwrite", 0);
  let writing: Promise<unknown>;
  let started: Set<string>;
  {
    await using muxer = await Muxer.open(silent, { format: "matroska", ...small });
    for (const stream of packets.streams) muxer.addStream(stream);
    for (const packet of packets.all) muxer.write(packet).catch(() => {});
    writing = rejection(muxer.flush());
    await silent.reached;
    started = threadsSince(before);
  }
  assert(await writing instanceof ClosedError);
  assert(await haveEnded(started), "its thread is still there");
});

// ------------------------------------------------------------------------------------------------ order

function assertBusy(call: () => unknown): void {
  const error = assertThrows(call, AVError, "busy");
  assertEquals(error.codeName, "EBUSY");
}

Deno.test("concurrent reads resolve in order", async () => {
  await using demuxer = await Demuxer.open(slowReaderOf(mkv), small);
  const expected = rowsOf(mkv);
  const reads = await Promise.all(Array.from({ length: expected.length + 3 }, () => demuxer.read()));
  assertEquals(reads.filter((packet) => packet !== null).map((packet) => rowOf(packet)), expected);
  assertEquals(reads.slice(expected.length), [null, null, null]);
});

Deno.test("concurrent reads and seeks", async () => {
  await using demuxer = await Demuxer.open(slowReaderOf(mkv), small);
  const [first, , again] = await Promise.all([demuxer.read(), demuxer.seek(0), demuxer.read()]);
  assertEquals(rowOf(again!), rowOf(first!));
});

Deno.test("a sync call while an async one is pending is busy, without harm", async () => {
  await using demuxer = await Demuxer.open(slowReaderOf(mkv), small);
  const reading = demuxer.read();
  assertBusy(() => demuxer.readSync());
  assertBusy(() => demuxer.seekSync(0));
  assertBusy(() => demuxer.index(0));
  const first = await reading;
  assertEquals([first!, ...await Array.fromAsync(demuxer)].map(rowOf), rowsOf(mkv));
});

Deno.test("a sync call after queued async ones is busy, too, and does not overtake them", async () => {
  await using demuxer = await Demuxer.open(slowReaderOf(mkv), small);
  const expected = rowsOf(mkv);
  const reading = [demuxer.read(), demuxer.read(), demuxer.read()];
  assertBusy(() => demuxer.readSync());
  await reading[0];
  assertBusy(() => demuxer.readSync());
  const packets = await Promise.all(reading);
  packets.push(demuxer.readSync());
  assertEquals(packets.map((packet) => rowOf(packet!)), expected.slice(0, 4));
});

Deno.test("a sync call of a Muxer while an async one is pending is busy, without harm", async () => {
  const sink = new Collector();
  await using muxer = await Muxer.open(promising(sink), { format: "matroska", ...small });
  for (const stream of packets.streams) muxer.addStream(stream);
  const half = packets.all.length >> 1;
  for (const packet of packets.all.slice(0, half)) await muxer.write(packet);
  const flushing = muxer.flush();
  assertBusy(() => muxer.writeSync(packets.all[half]!));
  assertBusy(() => muxer.flushSync());
  assertBusy(() => muxer.startSync());
  await flushing;
  for (const packet of packets.all.slice(half)) await muxer.write(packet);
  await muxer.finish();
  assertEquals(rowsOf(sink.bytes()).length, packets.all.length);
});

Deno.test("finishSync while an async call is pending is busy, and does not close", async () => {
  const sink = new Collector();
  await using muxer = await Muxer.open(promising(sink), { format: "matroska", ...small });
  for (const stream of packets.streams) muxer.addStream(stream);
  for (const packet of packets.all) await muxer.write(packet);
  const flushing = muxer.flush();
  assertBusy(() => muxer.finishSync());
  await flushing;
  await muxer.finish();
  assertEquals(rowsOf(sink.bytes()).length, packets.all.length);
});

Deno.test("finishSync after writes that were not awaited is busy; finish() writes them all", async () => {
  const sink = new MemorySink();
  await using muxer = await Muxer.open(sink, { format: "matroska" });
  for (const stream of packets.streams) muxer.addStream(stream);
  const writing = packets.all.slice(0, 20).map((packet) => muxer.write(packet));
  assertBusy(() => muxer.finishSync());
  assertBusy(() => muxer.writeSync(packets.all[20]!));
  const finishing = muxer.finish();
  await assertRejects(() => muxer.write(packets.all[20]!), ClosedError);
  await Promise.all([...writing, finishing]);
  assertEquals(rowsOf(sink.bytes()).length, 20);
});

Deno.test("written packets are copied at once", async () => {
  const sink = new MemorySink();
  await using muxer = await Muxer.open(sink, { format: "wav" });
  muxer.addStream({
    type: "audio",
    codec: "pcm_s16le",
    sampleRate: 8000,
    channels: 1,
    bitsPerCodedSample: 16,
  });
  const data = new Uint8Array(100).fill(7);
  const timeBase = { num: 1, den: 8000 };
  const writing = muxer.write(new Packet({ data, pts: 0, dts: 0, duration: 50, timeBase, streamIndex: 0 }));
  data.fill(0);
  await writing;
  await muxer.finish();
  assertEquals(sink.bytes().slice(-100), new Uint8Array(100).fill(7));
});

// ------------------------------------------------------------------------------------------------ garbage

Deno.test("garbage collection during pending operations, which frees unreferenced sessions", async () => {
  const seen = await answerOf<{ packets: number; expected: number; open: number; left: number }>(
    `const bytes = fixtureBytes("video.mkv");
    const before = threads();
    const count = async () => {
      const demuxer = await Demuxer.open(slowReaderOf(bytes), { bufferSize: 512 });
      const packets = (await Array.fromAsync(demuxer)).length;
      await demuxer.close();
      return packets;
    };
    const expected = await count();
    const collecting = setInterval(gc, 1);
    const packets = await count();
    clearInterval(collecting);
    await (async () => {
      for (let i = 0; i < 20; i++) await (await Demuxer.open(slowReaderOf(bytes), { bufferSize: 512 })).read();
      for (let i = 0; i < 20; i++) {
        const muxer = await Muxer.open(new Collector(), { format: "wav" });
        muxer.addStream({ type: "audio", codec: "pcm_s16le", sampleRate: 8000, channels: 1 });
        await muxer.start();
      }
    })();
    const open = threads() - before;
    await eventually(() => (gc(), threads() <= before), 5000);
    console.log(JSON.stringify({ packets, expected, open, left: threads() - before }));`,
    { flags: ["-A", "--v8-flags=--expose-gc"] },
  );
  assertEquals(seen.packets, seen.expected);
  assert(seen.open > 0 && seen.open <= 40, `${seen.open} threads`);
  assert(seen.left === 0, `${seen.left} threads are left`);
});

Deno.test("unreferenced sessions are freed although their signal is still referenced", async () => {
  const left = await answerOf<number>(
    `const bytes = fixtureBytes("video.mkv");
    const before = threads();
    globalThis.controller = new AbortController();
    const { signal } = controller;
    await (async () => {
      for (let i = 0; i < 20; i++) await Demuxer.open(slowReaderOf(bytes), { signal });
    })();
    await eventually(() => (gc(), threads() <= before), 3000);
    console.log(JSON.stringify(threads() - before));`,
    { flags: ["-A", "--v8-flags=--expose-gc"] },
  );
  assert(left === 0, `${left} threads are left`);
});

Deno.test("a signal ends the wait for a promise that only the program could settle, after garbage collection", async () => {
  const ends = await answerOf<string[]>(
    `const bytes = fixtureBytes("video.mkv");
    const { split } = avio;
    const forget = () => (setTimeout(gc, 1), setTimeout(gc, 10), new Promise(() => {}));
    const calls = {
      onstart: (signal) => remux(bytes, new MemorySink(), { format: "matroska", signal, onstart: forget }),
      onsegment: (signal) => split(bytes, { format: "matroska", every: 1, signal, onsegment: forget }),
      transform: (signal) => remux(bytes, new MemorySink(), { format: "matroska", signal, transform: forget }),
      onread: (signal) => probe({ onread: forget }, { signal }),
    };
    const ends = [];
    for (const call of Object.values(calls)) {
      const controller = new AbortController();
      setTimeout(() => controller.abort(new Error("on purpose")), 30);
      const late = new Promise((resolve) => setTimeout(resolve, 5000, "late"));
      ends.push(await Promise.race([call(controller.signal).then(String, (error) => error.message), late]));
    }
    console.log(JSON.stringify(ends));
    Deno.exit();`,
    { flags: ["-A", "--v8-flags=--expose-gc"] },
  );
  assertEquals(ends, Array(4).fill("on purpose"));
});

// ------------------------------------------------------------------------------------------------ permissions

for (const what of ["demux", "mux", "remux"] as const) {
  Deno.test(`${what} with promises, under --allow-ffi=<library>`, async () => {
    const root = new URL("../", import.meta.url).pathname;
    const scripts = {
      demux: `
        await using demuxer = await Demuxer.open(slowReaderOf(bytes));
        console.log((await Array.fromAsync(demuxer)).length);`,
      mux: `
        const sink = new Collector();
        const slow = { onwrite: async (...args) => { await 0; return sink.onwrite(...args); } };
        await using muxer = await Muxer.open(slow, { format: "wav" });
        muxer.addStream({ type: "audio", codec: "pcm_s16le", sampleRate: 8000, channels: 1 });
        await muxer.write(new Packet({ streamIndex: 0, data: new Uint8Array(100), pts: 0, dts: 0 }));
        await muxer.finish();
        console.log(sink.bytes().length);`,
      remux: `
        const sink = new Collector();
        const slow = { onwrite: async (...args) => { await 0; return sink.onwrite(...args); } };
        console.log((await remux(slowReaderOf(bytes), slow, { format: "mpegts" })).packets);`,
    };
    const library = Deno.env.get("AVIO_SHIM_PATH") ??
      `${root}lib/${Deno.build.os}-${Deno.build.arch}/libavio.so`;
    const outcome = await runScript(`const bytes = fixtureBytes("video.mkv");\n${scripts[what]}`, {
      flags: [`--allow-ffi=${library}`, `--allow-read=${root}fixtures`, "--allow-env=AVIO_SHIM_PATH"],
    });
    assertEquals(outcome.code, 0, outcome.stderr);
    assert(Number(outcome.stdout) > 0, outcome.stdout);
  });
}

Deno.test("wrong results of callbacks reject, and end the session", async () => {
  const boom = new Error("boom");
  await assertRejects(() => Demuxer.open({ onread: () => Promise.reject(boom) }), Error, "boom");
  await assertRejects(() => Demuxer.open({ onread: () => Promise.resolve(NaN) }), RangeError, "onread");
  await assertRejects(
    () => Demuxer.open({ onread: () => Promise.resolve("7" as unknown as number) }),
    TypeError,
    "onread",
  );
});
