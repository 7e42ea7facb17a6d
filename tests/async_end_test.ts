/**
 * Workers that are terminated, processes that exit, and programs that simply end, while the async engine is working.
 */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { isDeno } from "../ffi/runtime.ts";
import { answerOf, runScript } from "./support/script.ts";

/** Works endlessly; the name chooses what it does: `demux`, `mux`, `remux`, `wait`, `sync`, `stuck` or `idle`. */
const worker = `
const what = self.name;
const bytes = fixtureBytes("video.mkv");
const input = await Demuxer.open(slowReaderOf(bytes));
const packets = await Array.fromAsync(input);
const slowSink = () => {
  const { onwrite, onseek } = new Collector();
  return {
    onwrite: async (chunk, info) => { await sleep(0); return onwrite(chunk, info); },
    onseek: async (offset, whence) => onseek(offset, whence),
  };
};
const works = {
  async demux() {
    await using demuxer = await Demuxer.open(slowReaderOf(bytes), { bufferSize: 4096 });
    for await (const _ of demuxer);
    await demuxer.seek(0);
  },
  async mux() {
    await using muxer = await Muxer.open(slowSink(), { format: "mp4", bufferSize: 4096 });
    for (const stream of input.streams) muxer.addStream(stream);
    for (const packet of packets) await muxer.write(packet);
    await muxer.finish();
  },
  async remux() {
    await remux(slowReaderOf(bytes), slowSink(), { format: "mp4", bufferSize: 4096 });
  },
  async wait() {
    await Promise.all(Array.from({ length: 20 }, () => Demuxer.open({ onread: () => never() })));
  },
  async sync() { // by the sync engine, in callbacks most of the time
    avio.remuxSync(readerOf(bytes), new Collector(), { format: "mp4", bufferSize: 4096 });
    await sleep(0);
  },
  async stuck() { // in one
    avio.probeSync({ onread: () => { while (true); } });
  },
  async idle() { // nothing is pending, and much is open
    const open = [input, await Demuxer.open(slowReaderOf(bytes)), await Muxer.open(slowSink(), { format: "mp4" })];
    await open[1].read();
    await new Promise((resolve) => setTimeout(resolve, 1e6, open));
  },
};
self.postMessage("ready");
if (what === "self") {
  works.wait();
  await sleep(50);
  self.close();
} else {
  while (true) await works[what]();
}
`;

/** `start(name)`: starts a working worker. */
const startWorker = `
async function start(name) {
  const worker = new Worker(new URL("worker.ts", import.meta.url), { type: "module", name });
  await new Promise((resolve, reject) => { worker.onmessage = resolve; worker.onerror = reject; });
  return worker;
}
`;

interface Threads {
  before: number;
  after: number;
}

for (
  const [what, times] of [
    ["demux", 20],
    ["mux", 15],
    ["remux", 15],
    ["wait", 5],
    ["sync", 10],
    ["stuck", 5],
    ["idle", 5],
  ] as const
) {
  // Deno can't terminate a worker inside an UnsafeCallback that does not return, independent of avio.
  const ignore = what === "stuck" && isDeno;
  Deno.test({ name: `${what}: a worker terminated at random moments, ${times} times`, ignore }, async () => {
    const { before, after } = await answerOf<Threads>(
      `${startWorker}
      const before = threads();
      for (let i = 0; i < ${times}; i++) {
        const worker = await start("${what}");
        await sleep(Math.random() * 60);
        worker.terminate();
      }
      await eventually(() => threads() <= before, 2000);
      console.log(JSON.stringify({ before, after: threads() }));`,
      { workers: { "worker.ts": worker }, deadline: 180_000 },
    );
    assert(after <= before, `${after - before} threads are left`);
  });
}

Deno.test("several workers at once, terminated while they work", async () => {
  const { before, after } = await answerOf<Threads>(
    `${startWorker}
    const before = threads();
    for (let round = 0; round < 3; round++) {
      const workers = await Promise.all(["demux", "mux", "remux", "wait", "demux", "remux"].map(start));
      await sleep(Math.random() * 100);
      const rest = workers.splice(3);
      for (const worker of workers) worker.terminate();
      await sleep(Math.random() * 20);
      for (const worker of rest) worker.terminate();
    }
    await eventually(() => threads() <= before, 2000);
    console.log(JSON.stringify({ before, after: threads() }));`,
    { workers: { "worker.ts": worker }, deadline: 180_000 },
  );
  assert(after <= before, `${after - before} threads are left`);
});

Deno.test("a terminated worker does not disturb the sessions of the main thread", async () => {
  const counts = await answerOf<number[]>(
    `${startWorker}
    const bytes = fixtureBytes("video.mkv");
    const count = async () => {
      await using demuxer = await Demuxer.open(slowReaderOf(bytes), { bufferSize: 2048 });
      return (await Array.fromAsync(demuxer)).length;
    };
    const counts = [await count()];
    for (let i = 0; i < 5; i++) {
      const worker = await start("remux");
      const counting = count();
      await sleep(Math.random() * 30);
      worker.terminate();
      counts.push(await counting);
    }
    console.log(JSON.stringify(counts));`,
    { workers: { "worker.ts": worker } },
  );
  assert(counts[0]! > 0);
  assertEquals(counts, counts.map(() => counts[0]));
});

Deno.test("a worker that closes itself ends its sessions", async () => {
  const { before, after } = await answerOf<Threads>(
    `${startWorker}
    const before = threads();
    for (let i = 0; i < 3; i++) await start("self");
    await sleep(300);
    await eventually(() => threads() <= before, 2000);
    console.log(JSON.stringify({ before, after: threads() }));`,
    { workers: { "worker.ts": worker } },
  );
  assert(after <= before, `${after - before} threads are left`);
});

/** Every kind of operation, pending. */
const busy = `
const bytes = fixtureBytes("video.mkv");
for (let i = 0; i < 4; i++) {
  Demuxer.open({ onread: () => never() });
  remux(slowReaderOf(bytes), { onwrite: () => never() }, { format: "matroska" });
  remux(slowReaderOf(bytes), new MemorySink(), { format: "matroska" });
}
const idle = await Demuxer.open(slowReaderOf(bytes));
await sleep(30);
`;

Deno.test("Deno.exit with operations pending", async () => {
  for (let i = 0; i < 3; i++) {
    const { code, signal, stderr } = await runScript(`${busy} Deno.exit(3);`, { deadline: 60_000 });
    assertEquals({ code, signal, stderr }, { code: 3, signal: null, stderr: "" });
  }
});

Deno.test("Deno.exit while native threads are working", async () => {
  for (let i = 0; i < 3; i++) {
    const { code, signal, stderr } = await runScript(
      `const bytes = fixtureBytes("video.mp4");
      for (let i = 0; i < 16; i++) (async () => { while (true) await remux(bytes, new MemorySink(), { format: "mp4" }) })();
      await sleep(${20 + i * 17});
      Deno.exit(3);`,
      { deadline: 60_000 },
    );
    assertEquals({ code, signal, stderr }, { code: 3, signal: null, stderr: "" });
  }
});

const exits = {
  "onread of the sync engine": `avio.probeSync({ onread: exit });`,
  "onseek of the sync engine": `avio.probeSync({ ...readerOf(bytes), onseek: exit });`,
  "onwrite of the sync engine": `avio.remuxSync(bytes, { onwrite: exit }, { format: "matroska" });`,
  "onread": `await probe({ onread: exit });`,
  "onread, later": `await probe({ onread: async () => { await sleep(1); exit(); } });`,
  "onwrite": `await remux(bytes, { onwrite: exit }, { format: "matroska" });`,
  "onLog": `avio.setLogLevel("debug"); avio.onLog(exit); await probe(bytes);`,
  "onprogress": `await remux(bytes, new MemorySink(), { format: "matroska", onprogress: exit });`,
  "transform": `await remux(bytes, new MemorySink(), { format: "matroska", transform: exit });`,
};

for (const [where, work] of Object.entries(exits)) {
  Deno.test(`Deno.exit in a callback: ${where}`, async () => {
    const script = `const bytes = fixtureBytes("video.mkv"); const exit = () => Deno.exit(3); ${work}`;
    const { code, signal, stderr } = await runScript(script, { deadline: 60_000 });
    assertEquals({ code, signal, stderr }, { code: 3, signal: null, stderr: "" });
  });
}

Deno.test("a timer fires although there is always another event", async () => {
  const { code, signal, stderr } = await runScript(
    `const bytes = fixtureBytes("video.mp4");
    for (let i = 0; i < 128; i++) (async () => { while (true) await remux(bytes, new MemorySink(), { format: "mp4" }) })();
    await sleep(20);
    Deno.exit(3);`,
    { deadline: 60_000 },
  );
  assertEquals({ code, signal, stderr }, { code: 3, signal: null, stderr: "" });
});

Deno.test("an uncaught error ends the process at once, with sessions open", async () => {
  const outcome = await runScript(`${busy} throw new Error("uncaught on purpose");`, { deadline: 60_000 });
  assertEquals(outcome.code, 1, JSON.stringify(outcome));
  assertStringIncludes(outcome.stderr, "uncaught on purpose");
});

Deno.test("an unhandled error of a callback ends the process with exit code 1", async () => {
  const outcome = await runScript(
    `Demuxer.open({ onread: () => Promise.reject(new Error("unhandled on purpose")) });`,
    { deadline: 60_000 },
  );
  assertEquals(outcome.code, 1, JSON.stringify(outcome));
  assertStringIncludes(outcome.stderr, "unhandled on purpose");
});

const idle = {
  "a Demuxer": `globalThis.kept = await Demuxer.open(slowReaderOf(fixtureBytes("video.mkv")));`,
  "a Demuxer in the middle": `
    globalThis.kept = await Demuxer.open(slowReaderOf(fixtureBytes("video.mkv")), { bufferSize: 2048 });
    await kept.read();`,
  "a Muxer": `globalThis.kept = await Muxer.open(new Collector(), { format: "matroska" });`,
  "a Muxer with its header written": `
    globalThis.kept = await Muxer.open(new Collector(), { format: "wav" });
    kept.addStream({ type: "audio", codec: "pcm_s16le", sampleRate: 8000, channels: 1 });
    await kept.start();`,
};

for (const [what, script] of Object.entries(idle)) {
  Deno.test(`the program exits by itself with an idle ${what.slice(2)}`, async () => {
    const outcome = await runScript(
      `${script}
      addEventListener("unload", () => console.log(performance.now()));
      const end = performance.now();
      console.log(end);`,
      { deadline: 60_000 },
    );
    assertEquals(outcome.code, 0, JSON.stringify(outcome));
    const [end, unload] = outcome.stdout.trim().split("\n").map(Number);
    assert(unload! - end! < 400, `the event loop stayed for ${unload! - end!} ms`);
  });
}
