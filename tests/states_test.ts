/**
 * What every public method does in every state: each cell of the tables in docs/states.md, which are parsed. States are
 * produced deterministically, not by timing.
 */
import { assert, assertEquals, assertInstanceOf, assertStrictEquals } from "@std/assert";
import {
  type AVError,
  ClosedError,
  Demuxer,
  type IOCallbacks,
  IOContext,
  MemorySink,
  Muxer,
  Packet,
  RemuxStream,
} from "@avio/avio";
import { promising, rejectionOf, soon } from "./support/async.ts";
import { wavOf } from "./support/chunked.ts";
import { Collector, readerOf } from "./support/devices.ts";
import { fixtureBytes } from "./support/fixtures.ts";
import { Gate } from "./support/gate.ts";

// ------------------------------------------------------------------------------------------- tables

type Table = Map<string, Map<string, string>>;

/** Tables by the heading above them: rows by method, words by state. */
function readTables(text: string): Map<string, Table> {
  const tables = new Map<string, Table>();
  for (const section of text.split(/^## /m).slice(1)) {
    const lines = section.split("\n").filter((line) => line.startsWith("|"));
    const [head, , ...rows] = lines.map((line) => line.split("|").slice(1, -1).map((cell) => cell.trim()));
    const states = head!.slice(1);
    tables.set(
      section.split("\n")[0]!,
      new Map(rows.map(([method, ...words]) => [
        method!.replaceAll("`", ""),
        new Map(states.map((state, i) => [state, words[i]!])),
      ])),
    );
  }
  return tables;
}

const tables = readTables(Deno.readTextFileSync(new URL("../docs/states.md", import.meta.url)));

/** The names that a class shows, as the table has them. */
function namesOf(prototype: object): string[] {
  const properties = Object.getOwnPropertyDescriptors(prototype) as Record<PropertyKey, PropertyDescriptor>;
  return Reflect.ownKeys(properties).filter((key) => key !== "constructor" && key !== Symbol.toStringTag)
    .map((key) => {
      const name = typeof key === "symbol" ? `[${key.description}]` : key;
      return typeof properties[key]!.value === "function" ? `${name}()` : name;
    }).toSorted();
}

const classes: Record<string, { prototype: object; own?: string[] }> = {
  Demuxer: { prototype: Demuxer.prototype, own: ["format"] },
  Muxer: { prototype: Muxer.prototype },
  IOContext: { prototype: IOContext.prototype },
  MemorySink: { prototype: MemorySink.prototype },
  RemuxStream: { prototype: RemuxStream.prototype, own: ["writable", "readable", "result"] },
};

for (const [name, { prototype, own = [] }] of Object.entries(classes)) {
  Deno.test(`docs/states.md has every method and property of ${name}`, () => {
    assertEquals([...tables.get(name)!.keys()].toSorted(), [...namesOf(prototype), ...own].toSorted());
  });
}

// ------------------------------------------------------------------------------------------- results

/** An object in a state. */
interface InState<T> {
  subject: T;
  /** Calls that were made before and have not returned. */
  pending: Promise<unknown>[];
  /** Lets callbacks go on. */
  release: () => void;
  /** What ended it. */
  error?: unknown;
  /** Calls the method within a callback of the object; what the outer call has thrown. */
  within?: (call: () => void) => { thrown: unknown };
  dispose: () => void;
}

/** Tries one cell. */
async function assertCell<T>(
  word: string,
  { subject, pending, release, error, within }: InState<T>,
  call: (subject: T) => unknown,
): Promise<void> {
  const settled: number[] = [];
  const before = pending.map((promise, i) =>
    promise.then(() => void settled.push(i), (error: unknown) => {
      settled.push(i);
      throw error;
    })
  );
  for (const promise of before) promise.catch(() => {});
  const call1 = (): { value: unknown } | { thrown: unknown } => {
    try {
      return { value: call(subject) };
    } catch (thrown) {
      return { thrown };
    }
  };
  let outcome!: ReturnType<typeof call1>;
  const outer = within?.(() => outcome = call1());
  if (!within) outcome = call1();
  const promise = "value" in outcome ? Promise.resolve(outcome.value) : Promise.reject(outcome.thrown);
  switch (word) {
    case "done":
      await soon(promise);
      assertEquals(settled, [], "it waited");
      break;
    case "waits": {
      const finished = promise.then(() => settled.length);
      release();
      assertEquals(await soon(finished), pending.length, "it overtook");
      break;
    }
    case "ends": {
      await soon(promise);
      for (const ended of before) assertInstanceOf(await rejectionOf(soon(ended)), ClosedError);
      if (outer) assertInstanceOf(outer.thrown as Error, ClosedError);
      return;
    }
    case "busy":
      assertEquals((await rejectionOf(soon(promise)) as AVError).codeName, "EBUSY");
      break;
    case "error":
      assertStrictEquals(await rejectionOf(soon(promise)), error);
      break;
    case "closed":
      assertInstanceOf(await rejectionOf(soon(promise)) as Error, ClosedError);
      break;
    default: {
      const thrown = await rejectionOf(soon(promise)) as Error;
      assertEquals(thrown.constructor, Error);
      assert(messages[word]!.test(thrown.message), thrown.message);
    }
  }
  release();
  for (const earlier of before) await soon(earlier); // nothing was harmed
  if (outer) assertEquals(outer.thrown, null);
}

const messages: Record<string, RegExp> = {
  "too late": /the header has been written/,
  "in use": /is in use by a Demuxer or Muxer/,
  destroyed: /is destroyed/,
};

/** Every cell of a class's table. `ways`: how the states can be made, by name. */
function testTable<T extends object>(
  name: string,
  ways: Record<string, Record<string, (method: string) => Promise<InState<T>> | InState<T>>>,
  calls: Record<string, (subject: T) => unknown>,
): void {
  const table = tables.get(name)!;
  for (const [way, states] of Object.entries(ways)) {
    for (const [state, make] of Object.entries(states)) {
      Deno.test(`${name}, ${state} (${way}): what each method does`, async () => {
        const done: string[] = [];
        for (const [method, words] of table) {
          const word = words.get(state);
          assert(word, `the table has no state ${state}`);
          const inState = await make(method);
          const call = calls[method] ?? ((subject) => subject[method as keyof T]);
          try {
            await assertCell(word, inState, call);
          } catch (error) {
            throw new Error(`${method} when ${state}: ${word}`, { cause: error });
          } finally {
            inState.release();
            inState.dispose();
          }
          done.push(method);
        }
        assertEquals(done, [...table.keys()]);
      });
    }
  }
  Deno.test(`${name}: every state of the table is tested`, () => {
    const made = new Set(Object.values(ways).flatMap((states) => Object.keys(states)));
    assertEquals([...made].toSorted(), [...table.values().next().value!.keys()].toSorted());
  });
}

function caught(work: () => void): { thrown: unknown } {
  try {
    work();
    return { thrown: null };
  } catch (thrown) {
    return { thrown };
  }
}

const nothing = () => {};

// ------------------------------------------------------------------------------------------- Demuxer

const live = { bufferSize: 1024, findStreamInfo: false, format: "mpegts" };

/** A small source behind a gate, that is not read to its end by opening it. */
function gatedSource(): { gate: Gate; source: IOCallbacks } {
  const gate = new Gate();
  const amount = (wanted: number) => Math.min(wanted, 700);
  return { gate, source: gate.wrap(readerOf(fixtureBytes("video.ts"), { amount })) };
}

async function openDemuxer(signal?: AbortSignal): Promise<InState<Demuxer> & { gate: Gate }> {
  const { gate, source } = gatedSource();
  const subject = await Demuxer.open(source, { ...live, ...(signal ? { signal } : {}) });
  return { subject, gate, pending: [], release: () => gate.open(), dispose: () => subject[Symbol.dispose]() };
}

/** Starts a read that waits for a callback. */
async function startRead({ subject, gate, pending }: Awaited<ReturnType<typeof openDemuxer>>): Promise<void> {
  gate.close();
  let isReached = false;
  const reached = gate.reached.then(() => isReached = true);
  while (true) {
    const reading = subject.read();
    await Promise.race([reached, reading]);
    if (isReached) return void pending.push(reading);
  }
}

/** There are packets, and the next read of the source is pending. */
async function readingAhead(): Promise<InState<Demuxer>> {
  const CHUNK = 300_000;
  const gate = new Gate();
  let given = 0;
  const amount = (wanted: number) => Math.min(wanted, CHUNK);
  const { onread, onseek } = promising(readerOf(wavOf(3 << 20), { amount }));
  const counting = {
    onseek,
    onread: async (...args: Parameters<NonNullable<typeof onread>>) => {
      const count = await onread!(...args);
      given += count ?? 0;
      return count;
    },
  } as IOCallbacks;
  const subject = await Demuxer.open(gate.wrap(counting), { bufferSize: 400_000, findStreamInfo: false });
  const first = await subject.read();
  const packetSize = first!.data.length;
  let taken = packetSize;
  while (true) {
    gate.close();
    let isHeld = false;
    const held = gate.reached.then(() => isHeld = true);
    const reading = subject.read().then(() => taken += packetSize);
    await Promise.race([held, reading]);
    await null;
    if (isHeld && given - taken > 3 * packetSize) {
      await soon(reading);
      return { subject, pending: [], release: () => gate.open(), dispose: () => subject[Symbol.dispose]() };
    }
    if (isHeld) gate.open();
    await soon(reading);
    compute(0.5); // so that the thread has read further before the next call
  }
}

/** Keeps this thread busy for some milliseconds. */
function compute(milliseconds: number): void {
  for (const end = performance.now() + milliseconds; performance.now() < end;) continue;
}

const failure = new Error("of a callback");

testTable<Demuxer>("Demuxer", {
  "opened by open()": {
    idle: () => openDemuxer(),
    async running() {
      const state = await openDemuxer();
      await startRead(state);
      return state;
    },
    async queued() {
      const state = await openDemuxer();
      await startRead(state);
      state.pending.push(state.subject.read());
      return state;
    },
    "reading ahead": () => readingAhead(),
    async failed() {
      const state = await openDemuxer();
      state.gate.failWith(failure);
      await rejectionOf(Array.fromAsync(state.subject));
      return { ...state, error: failure };
    },
    async aborted() {
      const controller = new AbortController();
      const state = await openDemuxer(controller.signal);
      await state.subject.read();
      controller.abort(failure);
      return { ...state, error: failure };
    },
    async closed() {
      const state = await openDemuxer();
      await state.subject.read();
      await state.subject.close();
      return state;
    },
  },
  "opened by openSync()": {
    idle: () => openDemuxerSync(),
    "in a callback"() {
      const state = openDemuxerSync();
      const within = (call: () => void) => {
        let isCalled = false;
        state.gate.within(() => {
          isCalled = true;
          call();
        });
        return caught(() => {
          while (!isCalled) state.subject.readSync();
        });
      };
      return { ...state, within };
    },
    failed() {
      const state = openDemuxerSync();
      state.gate.failWith(failure);
      caught(() => [...state.subject.packetsSync()]);
      return { ...state, error: failure };
    },
    closed() {
      const state = openDemuxerSync();
      state.subject.readSync();
      state.subject[Symbol.dispose]();
      return state;
    },
  },
}, {
  "read()": (demuxer) => demuxer.read(),
  "readSync()": (demuxer) => demuxer.readSync(),
  "packets()": (demuxer) => demuxer.packets().next(),
  "[Symbol.asyncIterator]()": (demuxer) => demuxer[Symbol.asyncIterator]().next(),
  "packetsSync()": (demuxer) => demuxer.packetsSync().next(),
  "batches()": (demuxer) => demuxer.batches().next(),
  "batchesSync()": (demuxer) => demuxer.batchesSync().next(),
  "seek()": (demuxer) => demuxer.seek(1),
  "seekSync()": (demuxer) => demuxer.seekSync(1),
  "getPacket()": (demuxer) => demuxer.getPacket(1),
  "getPacketSync()": (demuxer) => demuxer.getPacketSync(1),
  "getKeyPacket()": (demuxer) => demuxer.getKeyPacket(1),
  "getKeyPacketSync()": (demuxer) => demuxer.getKeyPacketSync(1),
  "index()": (demuxer) => demuxer.index(0),
  "bestStream()": (demuxer) => demuxer.bestStream("video"),
  "close()": (demuxer) => demuxer.close(),
  "[Symbol.asyncDispose]()": (demuxer) => demuxer[Symbol.asyncDispose](),
  "[Symbol.dispose]()": (demuxer) => demuxer[Symbol.dispose](),
});

function openDemuxerSync(): InState<Demuxer> & { gate: Gate } {
  const { gate, source } = gatedSource();
  const subject = Demuxer.openSync(source, live);
  return { subject, gate, pending: [], release: nothing, dispose: () => subject[Symbol.dispose]() };
}

// ------------------------------------------------------------------------------------------- Muxer

const parameters = {
  type: "audio",
  codec: "mp3",
  sampleRate: 44100,
  channels: 2,
} as const;

/** The packets of a stream of mp3, one after the other. */
function packetMaker(): () => Packet {
  using demuxer = Demuxer.openSync(fixtureBytes("audio.mp3"));
  const [first] = demuxer.packetsSync();
  let count = 0;
  const timeBase = { num: 1152, den: 44100 };
  return () =>
    new Packet({ streamIndex: 0, data: first!.data, pts: count, dts: count++, timeBase, isKey: true });
}

const muxerOptions = { format: "mpegts", coalesce: false };

/** MPEG-TS has neither covers nor attachments: ignores that error. */
function wherePossible(add: () => void): void {
  try {
    add();
  } catch (error) {
    if (!/mpegts can't store (covers|attachments)$/.test((error as Error).message)) throw error;
  }
}

interface MuxerState extends InState<Muxer> {
  gate: Gate;
  packet: () => Packet;
}

async function openMuxer(signal?: AbortSignal): Promise<MuxerState> {
  const gate = new Gate();
  const { onwrite } = new Collector();
  const subject = await Muxer.open(
    gate.wrap({ onwrite }),
    { ...muxerOptions, ...(signal ? { signal } : {}) },
  );
  subject.addStream(parameters);
  const dispose = () => subject[Symbol.dispose]();
  return { subject, gate, packet: nextPacket, pending: [], release: () => gate.open(), dispose };
}

function openMuxerSync(): MuxerState {
  const gate = new Gate();
  const subject = Muxer.openSync(gate.wrap(new Collector()), muxerOptions);
  subject.addStream(parameters);
  const dispose = () => subject[Symbol.dispose]();
  return { subject, gate, packet: nextPacket, pending: [], release: nothing, dispose };
}

const nextPacket = packetMaker();

/** A write to the sink is pending, though `write()` has returned. */
async function writeBehind(state: MuxerState): Promise<MuxerState> {
  await state.subject.start();
  state.gate.close();
  await state.subject.write(state.packet());
  await soon(state.gate.reached);
  return state;
}

testTable<Muxer>("Muxer", {
  "opened by open()": {
    idle: () => openMuxer(),
    async started() {
      const state = await openMuxer();
      await state.subject.start();
      return state;
    },
    async running() {
      const state = await writeBehind(await openMuxer());
      state.pending.push(state.subject.flush());
      return state;
    },
    async queued() {
      const state = await writeBehind(await openMuxer());
      state.pending.push(state.subject.flush(), state.subject.flush());
      return state;
    },
    async finishing() {
      const state = await writeBehind(await openMuxer());
      state.pending.push(state.subject.finish());
      return state;
    },
    async failed() {
      const state = await openMuxer();
      await state.subject.start();
      state.gate.failWith(failure);
      await state.subject.write(state.packet());
      await rejectionOf(state.subject.flush());
      return { ...state, error: failure };
    },
    async aborted() {
      const controller = new AbortController();
      const state = await openMuxer(controller.signal);
      await state.subject.start();
      controller.abort(failure);
      return { ...state, error: failure };
    },
    async closed() {
      const state = await openMuxer();
      await state.subject.finish();
      return state;
    },
  },
  "opened by openSync()": {
    idle: openMuxerSync,
    started() {
      const state = openMuxerSync();
      state.subject.startSync();
      return state;
    },
    "in a callback"() {
      const state = openMuxerSync();
      state.subject.startSync();
      const within = (call: () => void) => {
        state.gate.within(call);
        return caught(() => state.subject.writeSync(state.packet()));
      };
      return { ...state, within };
    },
    failed() {
      const state = openMuxerSync();
      state.gate.failWith(failure);
      caught(() => (state.subject.writeSync(state.packet()), state.subject.flushSync()));
      return { ...state, error: failure };
    },
    closed() {
      const state = openMuxerSync();
      state.subject[Symbol.dispose]();
      return state;
    },
  },
}, {
  "addStream()": (muxer) => muxer.addStream(parameters),
  "addCover()": (muxer) => wherePossible(() => muxer.addCover({ data: fixtureBytes("image.png") })),
  "addAttachment()": (muxer) => {
    const file = { data: new Uint8Array(1), fileName: "a.ttf", mimeType: "font/ttf" };
    wherePossible(() => muxer.addAttachment(file));
  },
  "addChapters()": (muxer) => muxer.addChapters([{ id: 0, start: 0, end: 1, metadata: {} }]),
  "start()": (muxer) => muxer.start(),
  "startSync()": (muxer) => muxer.startSync(),
  "write()": (muxer) => muxer.write(nextPacket()),
  "writeSync()": (muxer) => muxer.writeSync(nextPacket()),
  "flush()": (muxer) => muxer.flush(),
  "flushSync()": (muxer) => muxer.flushSync(),
  "finish()": (muxer) => muxer.finish(),
  "finishSync()": (muxer) => muxer.finishSync(),
  "[Symbol.asyncDispose]()": (muxer) => muxer[Symbol.asyncDispose](),
  "[Symbol.dispose]()": (muxer) => muxer[Symbol.dispose](),
});

// ------------------------------------------------------------------------------------------- IOContext

const isWriting = (method: string) => method === "writeSync()" || method === "flushSync()";

function makeIO(method: string): InState<IOContext> & { gate: Gate } {
  const gate = new Gate();
  const { onwrite, onseek } = {
    onwrite: ({ length }: Uint8Array) => length,
    onseek: (offset: number) => offset,
  };
  const callbacks = isWriting(method) ? { onwrite, onseek } : readerOf(fixtureBytes("video.ts"));
  const subject = new IOContext(1024, gate.wrap(callbacks));
  return { subject, gate, pending: [], release: () => gate.open(), dispose: () => subject.destroy() };
}

/** A call that needs a callback. */
function use(method: string, io: IOContext): void {
  if (!isWriting(method)) return void io.readSync(new Uint8Array(5000));
  io.writeSync(new Uint8Array(5000));
  io.flushSync();
}

async function useBy(method: string, { subject }: InState<IOContext>, signal?: AbortSignal) {
  const limits = signal ? { signal } : {};
  if (!isWriting(method)) return await Demuxer.open(subject, { ...live, ...limits });
  const muxer = await Muxer.open(subject, { ...muxerOptions, ...limits });
  muxer.addStream(parameters);
  return muxer;
}

testTable<IOContext>("IOContext", {
  "by itself": {
    idle: makeIO,
    "in a callback"(method) {
      const state = makeIO(method);
      const within = (call: () => void) => {
        state.gate.within(call);
        return caught(() => use(method, state.subject));
      };
      return { ...state, within };
    },
    failed(method) {
      const state = makeIO(method);
      state.gate.failWith(failure);
      caught(() => use(method, state.subject));
      return { ...state, error: failure };
    },
    destroyed(method) {
      const state = makeIO(method);
      use(method, state.subject);
      state.subject.destroy();
      return state;
    },
  },
  "used before, then handed on": {
    destroyed(method) {
      const state = makeIO(method);
      use(method, state.subject);
      const successor = state.subject.transfer();
      return { ...state, dispose: () => successor.destroy() };
    },
  },
  "by a Demuxer or a Muxer": {
    async "in use"(method) {
      const state = makeIO(method);
      const user = await useBy(method, state);
      return { ...state, dispose: () => (user[Symbol.dispose](), state.dispose()) };
    },
    async released(method) {
      const state = makeIO(method);
      (await useBy(method, state))[Symbol.dispose]();
      return state;
    },
  },
  "by one that was aborted": {
    async released(method) {
      const state = makeIO(method);
      const controller = new AbortController();
      await useBy(method, state, controller.signal);
      controller.abort(failure);
      return state;
    },
  },
  "by one that has failed": {
    async released(method) {
      const state = makeIO(method);
      const user = await useBy(method, state);
      const boom = () => {
        throw failure;
      };
      state.gate.within(boom);
      const work = user instanceof Demuxer
        ? Array.fromAsync(user)
        : user.write(nextPacket()).then(() => user.flush());
      assertStrictEquals(await rejectionOf(work), failure);
      return state;
    },
  },
}, {
  "readSync()": (io) => io.readSync(new Uint8Array(5000)),
  "writeSync()": (io) => io.writeSync(new Uint8Array(5000)),
  "seekSync()": (io) => io.seekSync(10),
  "sizeSync()": (io) => io.sizeSync(),
  "flushSync()": (io) => io.flushSync(),
  "transfer()": (io) => io.transfer().destroy(),
  "destroy()": (io) => io.destroy(),
  "[Symbol.dispose]()": (io) => io[Symbol.dispose](),
});

// ------------------------------------------------------------------------------------------- MemorySink

async function sinkOf(end: (muxer: Muxer, controller: AbortController) => unknown): Promise<
  InState<MemorySink>
> {
  const subject = new MemorySink();
  const controller = new AbortController();
  const muxer = await Muxer.open(subject, { ...muxerOptions, signal: controller.signal });
  muxer.addStream(parameters);
  await muxer.write(nextPacket());
  await muxer.flush();
  await end(muxer, controller);
  assert(subject.size > 0);
  assertEquals(subject.bytes().length, subject.size);
  return { subject, pending: [], release: nothing, dispose: () => muxer[Symbol.dispose]() };
}

testTable<MemorySink>("MemorySink", {
  "of a Muxer": {
    idle: () => ({ subject: new MemorySink(), pending: [], release: nothing, dispose: nothing }),
    "in use": () => sinkOf(nothing),
    failed: () =>
      sinkOf(async (muxer) => {
        const packet = nextPacket();
        packet.pts = packet.dts = -1;
        await muxer.write(packet);
        await rejectionOf(muxer.flush());
      }),
    aborted: () => sinkOf((_, controller) => controller.abort()),
    closed: () => sinkOf((muxer) => muxer.finish()),
  },
}, { "bytes()": (sink) => sink.bytes() });

// ------------------------------------------------------------------------------------------- RemuxStream

const remuxStates: Record<
  string,
  (stream: RemuxStream, controller: AbortController) => Promise<unknown>
> = {
  running: () => Promise.resolve(),
  async finished(stream) {
    new Blob([fixtureBytes("video.mkv")]).stream().pipeTo(stream.writable);
    await new Response(stream.readable).bytes();
  },
  failed: (stream) => stream.writable.abort(failure),
  aborted: (_, controller) => (controller.abort(failure), Promise.resolve()),
  cancelled: (stream) => stream.readable.cancel(failure),
};

Deno.test("RemuxStream: what each property does in each state", async () => {
  const table = tables.get("RemuxStream")!;
  assertEquals(Object.keys(remuxStates), [...table.get("result")!.keys()]);
  for (const [state, end] of Object.entries(remuxStates)) {
    const controller = new AbortController();
    const stream = new RemuxStream({ format: "matroska", signal: controller.signal });
    await end(stream, controller);
    const wordOf = (property: string) => table.get(property)!.get(state)!;
    await assertPromise(wordOf("result"), stream.result);
    if (state !== "finished") {
      const reader = stream.readable.getReader();
      await assertPromise(wordOf("readable"), reader.read());
    }
    const writer = stream.writable.getWriter();
    if (wordOf("writable") === "closed") await soon(writer.closed);
    else await assertPromise(wordOf("writable"), writer.ready);
    controller.abort(failure);
    await rejectionOf(stream.result).catch(nothing);
    writer.closed.catch(nothing);
  }
});

async function assertPromise(word: string, promise: Promise<unknown>): Promise<void> {
  if (word === "error") return assertStrictEquals(await rejectionOf(soon(promise)), failure);
  if (word === "done") return void await soon(promise);
  assertEquals(word, "pending");
  const turn = new Promise<string>((resolve) => setTimeout(resolve, 0, "pending"));
  assertEquals(await Promise.race([promise.then(() => "done"), turn]), "pending");
  promise.catch(nothing);
}
