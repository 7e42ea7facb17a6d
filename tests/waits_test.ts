/**
 * Waits: every wait for something outside the library ends with `timeout`, with `signal` and with `close()`; and a
 * timer keeps the process alive only while it is needed.
 */
import { assert, assertEquals, assertStrictEquals, assertStringIncludes } from "@std/assert";
import {
  concat,
  Demuxer,
  MemorySink,
  Muxer,
  probe,
  remux,
  type RemuxOptions,
  type Source,
  split,
} from "@avio/avio";
import { promising, rejectionOf, sleep, soon } from "./support/async.ts";
import { readerOf } from "./support/devices.ts";
import { fixtureBytes } from "./support/fixtures.ts";
import { runScript } from "./support/script.ts";
import { never } from "./support/threads.ts";

interface Limits {
  signal?: AbortSignal;
  timeout?: number;
}

/** Called when a wait has begun. */
type Begun = () => void;

const media = fixtureBytes("video.mkv");

/** A promise that never settles; calls `begun`. */
function stuckAt<T>(begun: Begun): Promise<T> {
  begun();
  return never<T>();
}

class StuckBlob extends Blob {
  readonly begun: Begun;

  constructor(begun: Begun) {
    super([media]);
    this.begun = begun;
  }
  override slice(): Blob {
    return Object.assign(new Blob([media]), { arrayBuffer: () => stuckAt<ArrayBuffer>(this.begun) });
  }
}

function stuckStream(begun: Begun): ReadableStream<Uint8Array> {
  return new ReadableStream({ pull: () => stuckAt<void>(begun) }, { highWaterMark: 0 });
}

/** A server that never responds, or stops in the middle. */
async function withServer(
  answer: () => Response | Promise<Response>,
  work: (url: string) => Promise<unknown>,
) {
  const server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen: () => {} }, answer);
  try {
    return await work(`http://127.0.0.1:${server.addr.port}/x.mkv`);
  } finally {
    await server.shutdown();
  }
}

const sink = () => new MemorySink();
const copy = (options: RemuxOptions = {}): RemuxOptions => ({ format: "matroska", ...options });

/** Every place where the library waits for what is outside of it. */
const places: Record<string, (limits: Limits, begun: Begun) => Promise<unknown>> = {
  "onread of probe": (limits, begun) => probe({ onread: () => stuckAt(begun) }, limits),
  "onread of Demuxer.open": (limits, begun) => Demuxer.open({ onread: () => stuckAt(begun) }, limits),
  "onseek of Demuxer.open": (limits, begun) =>
    Demuxer.open({ ...readerOf(fixtureBytes("video.mp4")), onseek: () => stuckAt(begun) }, limits),
  "onread of Demuxer.read": async (limits, begun) => {
    let isOpen = false;
    const { onread } = readerOf(fixtureBytes("video.ts"), { amount: (wanted) => Math.min(wanted, 700) });
    const source = {
      onread: (...args: Parameters<NonNullable<typeof onread>>) =>
        isOpen ? stuckAt<number>(begun) : onread!(...args),
    };
    await using demuxer = await Demuxer.open(source, { ...limits, findStreamInfo: false, bufferSize: 1024 });
    isOpen = true;
    return await Array.fromAsync(demuxer);
  },
  "a stream's pull": (limits, begun) => probe(stuckStream(begun), limits),
  "a Response's body": (limits, begun) => probe(new Response(stuckStream(begun)), limits),
  "an iterable's next": (limits, begun) =>
    probe(
      { [Symbol.asyncIterator]: () => ({ next: () => stuckAt<IteratorResult<Uint8Array>>(begun) }) },
      limits,
    ),
  "a Blob's slice": (limits, begun) => probe(new StuckBlob(begun), limits),
  "onopen of an input": (limits, begun) =>
    probe(new TextEncoder().encode("#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\na.ts\n#EXT-X-ENDLIST\n"), {
      ...limits,
      format: "hls",
      url: "x.m3u8",
      onopen: () => stuckAt(begun),
    }),
  "onopen of an output": (limits, begun) =>
    remux(media, sink(), { ...limits, format: "hls", url: "x.m3u8", onopen: () => stuckAt(begun) }),
  "onwrite of remux": (limits, begun) =>
    remux(media, { onwrite: () => stuckAt<number>(begun) }, copy(limits)),
  "onwrite of Muxer.finish": async (limits, begun) => {
    await using muxer = await Muxer.open({ onwrite: () => stuckAt<number>(begun) }, {
      ...limits,
      format: "s16le",
    });
    muxer.addStream({ type: "audio", codec: "pcm_s16le", sampleRate: 48000, channels: 1 });
    await muxer.write({ streamIndex: 0, data: new Uint8Array(100), pts: 0, dts: 0 });
    await muxer.finish();
  },
  "a WritableStream's write": (limits, begun) =>
    remux(media, new WritableStream({ write: () => stuckAt<void>(begun) }), copy(limits)),
  "a WritableStream's start": (limits, begun) =>
    remux(media, new WritableStream({ start: () => stuckAt<void>(begun) }), copy(limits)),
  "a WritableStream's close": (limits, begun) =>
    remux(media, new WritableStream({ close: () => stuckAt<void>(begun) }), copy(limits)),
  "a WritableStream's close in Muxer.finish": async (limits, begun) => {
    await using muxer = await Muxer.open(new WritableStream({ close: () => stuckAt<void>(begun) }), {
      ...limits,
      format: "s16le",
    });
    muxer.addStream({ type: "audio", codec: "pcm_s16le", sampleRate: 48000, channels: 1 });
    await muxer.finish();
  },
  transform: (limits, begun) => remux(media, sink(), copy({ ...limits, transform: () => stuckAt(begun) })),
  onsegment: (limits, begun) =>
    split(media, { ...limits, format: "matroska", every: 1, onsegment: () => stuckAt(begun) }),
  "the second onsegment": (limits, begun) =>
    split(media, {
      ...limits,
      format: "matroska",
      every: 1,
      onsegment: (index) => index === 0 ? sink() : stuckAt(begun),
    }),
  "the second source of concat": (limits, begun) =>
    concat([media, { onread: () => stuckAt(begun) }], sink(), copy(limits)),
  "input of remux": (limits, begun) =>
    remux({ onread: () => stuckAt(begun) }, sink(), copy({ input: limits })),
  "input of split": (limits, begun) =>
    split({ onread: () => stuckAt(begun) }, { format: "matroska", every: 1, onsegment: sink, input: limits }),
  "input of concat": (limits, begun) => concat([media, stuckStream(begun)], sink(), copy({ input: limits })),
  "input of one source of concat": (limits, begun) =>
    concat([media, { source: stuckStream(begun), input: limits }], sink(), copy()),
  "the first http request": (limits, begun) =>
    withServer(async () => {
      begun();
      await new Promise((resolve) => setTimeout(resolve, 300));
      return new Response("too late");
    }, (url) => probe(url, limits)),
  "the body of an http response": (limits, begun) =>
    withServer(() => new Response(stuckStream(begun)), (url) => probe(url, limits)),
};

for (const [place, wait] of Object.entries(places)) {
  Deno.test(`timeout ends the wait for ${place}`, async () => {
    const error = await soon(rejectionOf(wait({ timeout: 40 }, () => {}))) as Error;
    assert(error instanceof DOMException && error.name === "TimeoutError", String(error));
    assertStringIncludes(error.message, "nothing came within the timeout of 40 ms");
  });

  Deno.test(`signal ends the wait for ${place}, with its reason`, async () => {
    const controller = new AbortController();
    const reason = new Error("enough");
    const begun = Promise.withResolvers<void>();
    const ended = rejectionOf(wait({ signal: controller.signal }, begun.resolve));
    await soon(begun.promise);
    controller.abort(reason);
    assertStrictEquals(await soon(ended, 2000), reason);
  });

  Deno.test(`signal ends the wait for ${place} from within it`, async () => {
    const controller = new AbortController();
    const reason = new Error("at once");
    const ended = rejectionOf(wait({ signal: controller.signal }, () => controller.abort(reason)));
    assertStrictEquals(await soon(ended, 2000), reason);
  });
}

Deno.test("A callback that aborts the signal and then throws: the reason is thrown", async () => {
  const reason = new Error("first");
  const controllerOf = () => {
    const controller = new AbortController();
    const fail = () => {
      controller.abort(reason);
      throw new Error("second");
    };
    return { signal: controller.signal, fail };
  };
  const runs: ((fail: () => never, signal: AbortSignal) => Promise<unknown>)[] = [
    (onread, signal) => probe({ onread }, { signal }),
    (onwrite, signal) => remux(media, { onwrite }, copy({ signal })),
    (transform, signal) => remux(media, sink(), copy({ signal, transform })),
    (editMetadata, signal) => remux(media, sink(), copy({ signal, editMetadata })),
    (bitstreamFilter, signal) => remux(media, sink(), copy({ signal, bitstreamFilter })),
    (onprogress, signal) => remux(media, sink(), copy({ signal, onprogress })),
    (onopen, signal) => remux(media, sink(), { signal, format: "hls", url: "x.m3u8", onopen }),
    (onsegment, signal) => split(media, { signal, format: "matroska", every: 1, onsegment }),
  ];
  for (const run of runs) {
    const { fail, signal } = controllerOf();
    assertStrictEquals(await soon(rejectionOf(run(fail, signal))), reason, String(run));
  }
});

Deno.test("After a timeout every call throws the same error", async () => {
  let isStuck = false;
  const { onread } = readerOf(fixtureBytes("video.ts"), { amount: (wanted) => Math.min(wanted, 700) });
  const demuxer = await Demuxer.open({
    onread: (...args) => isStuck ? never<number>() : onread!(...args),
  }, { timeout: 40, findStreamInfo: false, bufferSize: 1024 });
  isStuck = true;
  const error = await soon(rejectionOf(Array.fromAsync(demuxer)));
  assertEquals((error as Error).name, "TimeoutError");
  assertStringIncludes((error as Error).message, "Demuxer: ");
  for (const call of [() => demuxer.read(), () => demuxer.seek(0)]) {
    assertStrictEquals(await rejectionOf(call()), error);
  }
  await demuxer.close();
});

for (const timeout of [2 ** 31 - 1, 2 ** 31, 2 ** 32 + 1, Number.MAX_SAFE_INTEGER, Infinity]) {
  Deno.test(`timeout: ${timeout} does not end what takes some turns of the event loop`, async () => {
    const slow = () => promising(readerOf(media), () => new Promise((resolve) => setTimeout(resolve, 5)));
    assertEquals((await probe(slow(), { timeout })).format.name, "matroska,webm");
    await remux(slow(), sink(), copy({ timeout, end: Infinity, input: { timeout } }));
  });
}

// ------------------------------------------------------------------------------------------- cleanups

const stubborn: Record<string, () => Source> = {
  "a stream whose cancel never settles": () => {
    let at = 0;
    return new ReadableStream<Uint8Array>({
      pull: (controller) => controller.enqueue(media.slice(at, at += 5000)),
      cancel: () => never(),
    });
  },
  "an iterable whose return never settles": () => {
    let at = 0;
    return {
      [Symbol.asyncIterator]: () => ({
        next: () => Promise.resolve({ done: false, value: media.slice(at, at += 5000) }),
        return: () => never<IteratorResult<Uint8Array>>(),
      }),
    };
  },
};

for (const [what, make] of Object.entries(stubborn)) {
  Deno.test(`${what} does not block probe() or close() for ever`, async () => {
    const begin = performance.now();
    await soon(probe(make(), { maxOpenSize: 1e6 }), 3000);
    await soon(probe(make(), { signal: new AbortController().signal }), 3000);
    const demuxer = await Demuxer.open(make(), { bufferSize: 1024 });
    await demuxer.read();
    await soon(demuxer.close(), 3000);
    await soon((await Demuxer.open(make()))[Symbol.asyncDispose](), 3000);
    assert(performance.now() - begin < 5000);
  });
}

Deno.test("A completed call waits for slow cleanups", async () => {
  let isCancelled = false;
  const stream = () => {
    isCancelled = false;
    let at = 0;
    return new ReadableStream<Uint8Array>({
      pull: (controller) => controller.enqueue(fixtureBytes("video.ts").slice(at, at += 1000)),
      cancel: async () => {
        await new Promise((resolve) => setTimeout(resolve, 20));
        isCancelled = true;
      },
    }, { highWaterMark: 0 });
  };
  await probe(stream(), { findStreamInfo: false, bufferSize: 1024 });
  assert(isCancelled, "probe()");
  await (await Demuxer.open(stream(), { findStreamInfo: false, bufferSize: 1024 })).close();
  assert(isCancelled, "close()");
});

Deno.test("timeout does not apply to work of the library itself", async () => {
  const bytes = new MemorySink();
  await concat(Array.from({ length: 30 }, () => media), bytes, copy());
  for (let i = 0; i < 5; i++) await remux(bytes.bytes(), sink(), copy({ timeout: 1 }));
});

Deno.test("close() over a generator whose next() never settles", async () => {
  const asked = Promise.withResolvers<void>();
  async function* chunks(): AsyncGenerator<Uint8Array> {
    yield fixtureBytes("video.ts").slice(0, 20_000);
    asked.resolve();
    await never();
  }
  const demuxer = await Demuxer.open(chunks(), { findStreamInfo: false, bufferSize: 1024 });
  const reading = rejectionOf(Array.fromAsync(demuxer));
  await soon(asked.promise);
  await sleep(50); // now it is what the iteration waits for, and is not read ahead
  const begin = performance.now();
  await soon(demuxer.close(), 2000);
  assert((await soon(reading)) instanceof Error);
  assert(performance.now() - begin < 400, "its return() was waited for");
});

// ------------------------------------------------------------------------------------------- timers

const scripts: Record<string, string> = {
  "a probe with a long timeout that is done": `
    const { onread, onseek } = readerOf(fixtureBytes("video.mp4"));
    await probe({ onread: async (...a) => onread(...a), onseek: async (...a) => onseek(...a) }, { timeout: 60_000 });`,
  "a probe that has timed out": `
    await probe({ onread: () => never() }, { timeout: 50 }).catch(() => {});`,
  "a remux with a long timeout that was aborted": `
    const controller = new AbortController();
    await remux(fixtureBytes("video.mp4"), { onwrite: () => (setTimeout(() => controller.abort()), never()) },
      { format: "mpegts", timeout: 60_000, signal: controller.signal }).catch(() => {});`,
  "a Demuxer with a long timeout that is closed while it waits": `
    const { onread } = readerOf(fixtureBytes("video.ts"), { amount: (wanted) => Math.min(wanted, 700) });
    let begin = null;
    const source = { onread: (...a) => begin ? (begin(), never()) : onread(...a) };
    const demuxer = await Demuxer.open(source, { timeout: 60_000, findStreamInfo: false, bufferSize: 1024 });
    const begun = new Promise((resolve) => begin = resolve);
    const reading = Array.fromAsync(demuxer).catch(() => {});
    await begun;
    await new Promise((resolve) => setTimeout(resolve));
    demuxer[Symbol.dispose]();
    await reading;`,
  "a Muxer with a long timeout that is finished": `
    const sink = new Collector();
    const muxer = await Muxer.open({ onwrite: async (...a) => sink.onwrite(...a) }, { format: "s16le", timeout: 60_000 });
    muxer.addStream({ type: "audio", codec: "pcm_s16le", sampleRate: 48000, channels: 1 });
    for (let pts = 0; pts < 10; pts++) await muxer.write({ streamIndex: 0, data: new Uint8Array(1e5), pts, dts: pts });
    await muxer.finish();`,
  "a close() whose cleanup has settled": `
    const stream = new ReadableStream({ pull: (c) => c.enqueue(fixtureBytes("video.ts").slice()), cancel: async () => {} });
    await (await Demuxer.open(stream)).close();`,
};

for (const [what, script] of Object.entries(scripts)) {
  Deno.test(`No timer keeps the process alive: ${what}`, async () => {
    const outcome = await runScript(
      `${script}\nconsole.log(performance.now());
      const end = performance.now();
      globalThis.addEventListener("unload", () => console.log(performance.now() - end));`,
      { deadline: 20_000 },
    );
    assertEquals(outcome.code, 0, JSON.stringify(outcome));
    const idle = Number(outcome.stdout.trim().split("\n").at(-1));
    assert(idle < 450, `the process went on for ${idle} ms`);
  });
}

Deno.test("A wait with a long timeout ends with its process", async () => {
  const outcome = await runScript(
    `const controller = new AbortController();
    const opening = Demuxer.open({ onread: () => never() }, { timeout: 60_000, signal: controller.signal });
    queueMicrotask(() => controller.abort());
    await opening.catch(() => {});`,
    { deadline: 20_000 },
  );
  assertEquals(outcome.code, 0, JSON.stringify(outcome));
});

// ------------------------------------------------------------------------------------------- work without pending promises

const emptySources: Record<string, string> = {
  iterable: "(async function* () { while (true) yield empty(); })()",
  "iterable without return()":
    "{ [Symbol.asyncIterator]: () => ({ next: async () => ({ value: empty() }) }) }",
  stream: "new ReadableStream({ pull(controller) { controller.enqueue(empty()); } })",
  Response: "new Response(new ReadableStream({ pull(controller) { controller.enqueue(empty()); } }))",
  "http: source": "'http://localhost/x'",
};

for (const [name, source] of Object.entries(emptySources)) {
  Deno.test(`Endless empty chunks count as no data: signal and timeout end it (${name})`, async () => {
    const { code, stdout } = await runScript(`
      let count = 0;
      const empty = () => (count++, new Uint8Array(0));
      const body = () => new ReadableStream({ pull(controller) { controller.enqueue(empty()); } });
      const http = { fetch: async () => new Response(body()) };
      for (const limits of [{ signal: AbortSignal.timeout(100) }, { timeout: 100 }]) {
        try {
          await probe(${source}, { ...limits, http });
        } catch (error) {
          console.log(error.name);
        }
        const asked = count;
        await sleep(50);
        if (count > asked + 1) console.log("asked for more");
      }
    `);
    assertEquals([code, stdout], [0, "TimeoutError\nTimeoutError\n"]);
  });
}

Deno.test("A fetch that always fails at once does not block signals", async () => {
  const { code, stdout } = await runScript(`
    const http = { fetch: async () => { throw new TypeError("none"); }, retries: 1e9, retryDelay: 0 };
    const signal = AbortSignal.timeout(100);
    console.log((await rejection(probe("http://localhost/x", { http, signal }))).name);
  `);
  assertEquals([code, stdout], [0, "TimeoutError\n"]);
});

Deno.test("Examining many names of a playlist does not block signals", async () => {
  const { code, stdout } = await runScript(`
    const folder = Deno.makeTempDirSync();
    const names = Array.from({ length: 50_000 }, (_, index) => index.toString(36)).join("\\n");
    Deno.writeTextFileSync(folder + "/list.m3u8", "#EXTM3U\\n" + names);
    Deno.copyFileSync(fixturePath("video.mkv"), folder + "/out.mkv");
    const sources = [fixturePath("video.mkv"), folder + "/list.m3u8"];
    const controller = new AbortController();
    setTimeout(() => controller.abort(new Error("stopped")), 100);
    const concatenation = avio.concat(sources, folder + "/out.mkv", { signal: controller.signal });
    console.log((await rejection(concatenation)).message);
    Deno.removeSync(folder, { recursive: true });
  `);
  assertEquals([code, stdout], [0, "stopped\n"]);
});

/** Endless work in which every awaited promise is settled already. */
const goingOn: Record<string, string> = {
  "read()":
    "const demuxer = await Demuxer.open(endless(), { ...mp3, signal }); while (true) await demuxer.read();",
  "write()": `
    const demuxer = Demuxer.openSync(bytes);
    const packet = demuxer.readSync();
    const muxer = await Muxer.open(new MemorySink(), { ...mp3, signal });
    muxer.addStream(demuxer.streams[0]);
    while (true) await muxer.write(packet);
  `,
  "remux()": `
    const transform = () => null;
    await remux(endless(), new MemorySink(), { ...mp3, input: mp3, transform, signal });
  `,
  "split()": `
    const onsegment = () => new MemorySink();
    await avio.split(endless(), { ...mp3, every: 0.1, input: mp3, onsegment, signal });
  `,
  "RemuxStream": `
    const stream = new RemuxStream({ ...mp3, input: mp3, signal });
    await ReadableStream.from(endless()).pipeThrough(stream).pipeTo(new WritableStream());
  `,
};

for (const [name, program] of Object.entries(goingOn)) {
  Deno.test(`An endless source without pending promises does not block signals: ${name}`, async () => {
    const { code, stdout } = await runScript(`
      const bytes = fixtureBytes("audio.mp3");
      const mp3 = { format: "mp3" };
      const endless = async function* () { while (true) yield bytes; };
      const signal = AbortSignal.timeout(100);
      console.log((await rejection((async () => { ${program} })())).name);
    `);
    assertEquals([code, stdout], [0, "TimeoutError\n"]);
  });
}
