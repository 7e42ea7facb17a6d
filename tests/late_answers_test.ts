/**
 * Callbacks that are pending when the Demuxer or Muxer over an IOContext ends: the next owner gets their late result,
 * in order, neither lost nor twice, and the first owner's error does not affect the next one.
 */
import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import { ClosedError, constants, Demuxer, IOContext, Muxer } from "@avio/avio";
import { rejectionOf, soon } from "./support/async.ts";
import { Gate } from "./support/gate.ts";

const raw = { format: "s16le", findStreamInfo: false, bufferSize: 4096 };
const SIZE = 400_000;

/** Bytes that show their position: each pair contains its index. */
const samples = new Uint8Array(new Uint16Array(SIZE / 2).map((_, i) => i % 65_521).buffer);

type Answer = (read: number) => number;

/** Returns `samples` once, in order; a call that is held back has not taken its bytes yet. */
function oneWay(gate: Gate, chunk: number, answer: Answer = (read) => read) {
  let position = 0;
  let underWay = 0;
  const source = {
    busiest: 0,
    onread(buffer: Uint8Array): number {
      const piece = samples.subarray(position, position + Math.min(chunk, buffer.length));
      buffer.set(piece);
      position += piece.length;
      return answer(piece.length);
    },
  };
  const { onread } = gate.wrap({ onread: source.onread });
  return {
    source,
    callbacks: {
      async onread(buffer: Uint8Array<ArrayBuffer>, size: number) {
        source.busiest = Math.max(source.busiest, ++underWay);
        try {
          return await onread!(buffer, size);
        } finally {
          underWay--;
        }
      },
    },
    at: () => position,
  };
}

/** Reads until a callback is held back; returns what was read, and the pending read. */
async function readUntilHeld(
  demuxer: Demuxer,
  gate: Gate,
): Promise<{ bytes: Uint8Array[]; waiting: Promise<unknown> }> {
  const bytes: Uint8Array[] = [];
  gate.close();
  let isHeld = false;
  const held = gate.reached.then(() => isHeld = true);
  while (true) {
    const reading = demuxer.read();
    await Promise.race([held, reading]);
    if (isHeld) {
      const turn = new Promise((resolve) => setTimeout(resolve, 0, null)); // packets that are there come first
      const packet = await Promise.race([reading, turn]);
      if (packet === null) return { bytes, waiting: rejectionOf(reading) };
    }
    bytes.push((await reading)!.data);
  }
}

async function readAll(demuxer: Demuxer): Promise<Uint8Array[]> {
  const bytes: Uint8Array[] = [];
  for await (const { data } of demuxer) bytes.push(data);
  return bytes;
}

async function joined(pieces: Uint8Array[]): Promise<Uint8Array> {
  return await new Blob(pieces as Uint8Array<ArrayBuffer>[]).bytes();
}

/**
 * Checks that the second owner reads the end of the samples, with all bytes of the held call (from `heldAt` on). Bytes that the
 * first owner read ahead and did not return are lost with it.
 */
async function assertGoesOn(first: Uint8Array[], second: Uint8Array[], heldAt: number): Promise<void> {
  const before = await joined(first);
  const after = await joined(second);
  assertEquals(before, samples.subarray(0, before.length));
  assertEquals(after, samples.subarray(samples.length - after.length), "out of order");
  assert(after.length >= samples.length - heldAt, `${samples.length - heldAt - after.length} bytes are lost`);
  assert(before.length + after.length <= samples.length, "doubled");
}

const reason = new Error("enough");
const ends: Record<string, (demuxer: Demuxer, controller: AbortController) => unknown> = {
  abort: (_, controller) => controller.abort(reason),
  dispose: (demuxer) => demuxer[Symbol.dispose](),
  "close()": (demuxer) => demuxer.close(),
  timeout: () => {},
};

for (const [how, end] of Object.entries(ends)) {
  for (const isLate of [true, false]) {
    const when = isLate ? "after the next owner has begun" : "before the next owner begins";
    Deno.test(`Bytes of an onread that returns after its Demuxer has ended (${how}), ${when}, go to the next one`, async () => {
      for (const chunk of [1000, 4096]) {
        const gate = new Gate();
        const { callbacks, source, at } = oneWay(gate, chunk);
        using io = new IOContext(4096, callbacks);
        const controller = new AbortController();
        const timeout = how === "timeout" ? { timeout: 30 } : {};
        const demuxer = await Demuxer.open(io, { ...raw, signal: controller.signal, ...timeout });
        const { bytes, waiting } = await readUntilHeld(demuxer, gate);
        const heldAt = at();
        await soon(Promise.resolve(end(demuxer, controller)));
        const error = await soon(waiting) as Error;
        if (how === "abort") assertStrictEquals(error, reason);
        else if (how === "timeout") assertEquals(error.name, "TimeoutError");
        else assert(error instanceof ClosedError);
        if (!isLate) gate.open();
        const opening = Demuxer.open(io, raw);
        if (isLate) gate.open();
        await using second = await soon(opening);
        await assertGoesOn(bytes, await soon(readAll(second)), heldAt);
        assertEquals(source.busiest, 1, "it was called while it was under way");
      }
    });
  }
}

Deno.test("Bytes of a late onread remain available after two owners have ended", async () => {
  const gate = new Gate();
  const { callbacks, source, at } = oneWay(gate, 1000);
  using io = new IOContext(4096, callbacks);
  const first = await Demuxer.open(io, raw);
  const { bytes, waiting } = await readUntilHeld(first, gate);
  const heldAt = at();
  first[Symbol.dispose]();
  await soon(waiting);
  for (let i = 0; i < 2; i++) {
    const controller = new AbortController();
    const { signal } = controller;
    const reading = rejectionOf(Demuxer.open(io, { ...raw, signal }).then((next) => next.read()));
    await Promise.race([reading, new Promise((resolve) => setTimeout(resolve, 0))]);
    controller.abort(reason);
    assertStrictEquals(await soon(reading), reason);
  }
  gate.open();
  await using last = await Demuxer.open(io, raw);
  await assertGoesOn(bytes, await soon(readAll(last)), heldAt);
  assertEquals(source.busiest, 1);
});

Deno.test("Bytes of a late onread are read by the IOContext itself, once it has returned", async () => {
  const gate = new Gate();
  let isPromised = true;
  const { callbacks, source, at } = oneWay(gate, 1000);
  const onread = (buffer: Uint8Array<ArrayBuffer>, size: number) =>
    isPromised ? callbacks.onread(buffer, size) : source.onread(buffer);
  using io = new IOContext(4096, { onread });
  const demuxer = await Demuxer.open(io, raw);
  const { bytes, waiting } = await readUntilHeld(demuxer, gate);
  const heldAt = at();
  demuxer[Symbol.dispose]();
  await soon(waiting);
  isPromised = false;
  gate.open();
  await new Promise((resolve) => setTimeout(resolve, 0));
  const rest = new Uint8Array(SIZE);
  const read = io.readSync(rest)!;
  await assertGoesOn(bytes, [rest.subarray(0, read)], heldAt);
});

Deno.test("Bytes of a late onread are dropped if the next owner seeks first", async () => {
  const gate = new Gate();
  let position = 0;
  let isPromised = true;
  const read = (buffer: Uint8Array) => {
    const piece = samples.subarray(position, position + Math.min(1000, buffer.length));
    buffer.set(piece);
    position += piece.length;
    return piece.length;
  };
  const { onread } = gate.wrap({ onread: read });
  using io = new IOContext(4096, {
    onread: (buffer, size) => isPromised ? Promise.resolve(onread!(buffer, size)) : read(buffer),
    onseek: (offset, whence) => whence === constants.seek.SIZE ? SIZE : position = offset,
  });
  const demuxer = await Demuxer.open(io, raw);
  const { waiting } = await readUntilHeld(demuxer, gate);
  demuxer[Symbol.dispose]();
  await soon(waiting);
  isPromised = false;
  gate.open();
  await new Promise((resolve) => setTimeout(resolve, 0));
  const target = 200_000;
  assertEquals(io.seekSync(target), target);
  const found = new Uint8Array(3000);
  assertEquals(io.readSync(found), found.length);
  assertEquals(found, samples.slice(target, target + found.length));
});

Deno.test("The rejection of a callback after its Demuxer has ended is ignored", async () => {
  const gate = new Gate();
  let fails = true;
  const { callbacks } = oneWay(gate, 1000, (read) => {
    if (!fails || gate.calls < 3) return read;
    throw new Error("too late");
  });
  using io = new IOContext(4096, callbacks);
  const demuxer = await Demuxer.open(io, raw);
  const { waiting } = await readUntilHeld(demuxer, gate);
  demuxer[Symbol.dispose]();
  await soon(waiting);
  gate.open();
  const opening = Demuxer.open(io, raw);
  await new Promise((resolve) => setTimeout(resolve, 0));
  fails = false;
  await using second = await soon(opening);
  assert((await soon(readAll(second))).length > 0);
});

Deno.test("The result of a late onread is checked like any other", async () => {
  const gate = new Gate();
  let answer = (read: number) => read;
  const { callbacks } = oneWay(gate, 1000, (read) => answer(read));
  using io = new IOContext(4096, callbacks);
  const demuxer = await Demuxer.open(io, raw);
  const { waiting } = await readUntilHeld(demuxer, gate);
  demuxer[Symbol.dispose]();
  await soon(waiting);
  answer = () => 1e6;
  gate.open();
  const error = await soon(rejectionOf((async () => {
    await using second = await Demuxer.open(io, raw);
    await second.read();
  })())) as Error;
  assert(error instanceof RangeError && error.message.startsWith("onread returned 1000000"), String(error));
});

for (const [how, end] of Object.entries(ends).slice(0, 2)) {
  Deno.test(`An onwrite that is pending when its Muxer ends (${how}) returns before the next Muxer calls it`, async () => {
    const gate = new Gate();
    let [underWay, busiest, calls] = [0, 0, 0];
    const { onwrite } = gate.wrap({ onwrite: ({ length }) => length });
    using io = new IOContext(512, {
      async onwrite(bytes, info) {
        calls++;
        busiest = Math.max(busiest, ++underWay);
        try {
          return await onwrite!(bytes, info);
        } finally {
          underWay--;
        }
      },
    });
    const open = async (signal?: AbortSignal) => {
      const muxer = await Muxer.open(io, {
        format: "s16le",
        coalesce: false,
        ...(signal ? { signal } : {}),
      });
      muxer.addStream({ type: "audio", codec: "pcm_s16le", sampleRate: 48000, channels: 1 });
      return muxer;
    };
    const packet = (pts: number) => ({
      streamIndex: 0,
      data: new Uint8Array(2000),
      pts,
      dts: pts,
      timeBase: { num: 1000, den: 48000 },
    });
    const controller = new AbortController();
    const first = await open(controller.signal);
    gate.close();
    await first.write(packet(0));
    const finishing = rejectionOf(first.finish());
    await soon(gate.reached);
    await end(first as unknown as Demuxer, controller);
    await soon(finishing);
    const before = calls;
    const second = await open();
    for (let pts = 0; pts < 5; pts++) await second.write(packet(pts));
    const finished = second.finish();
    gate.open();
    await soon(finished);
    assertEquals(busiest, 1);
    assert(calls > before);
  });
}

Deno.test("An IOContext can be used again after each way of ending its Demuxer, without its error", async () => {
  const gate = new Gate();
  using io = new IOContext(4096, gate.wrap({ onread: (buffer) => (buffer.fill(1), buffer.length) }));
  for (const [how, end] of Object.entries(ends)) {
    const controller = new AbortController();
    const timeout = how === "timeout" ? { timeout: 20 } : {};
    const demuxer = await Demuxer.open(io, { ...raw, signal: controller.signal, ...timeout });
    if (how === "timeout") gate.close();
    else await demuxer.read();
    if (how === "timeout") {
      const failed = rejectionOf((async () => {
        while (true) await demuxer.read();
      })());
      assertEquals((await soon(failed) as Error).name, "TimeoutError");
      gate.open();
      await new Promise((resolve) => setTimeout(resolve, 0));
    } else await end(demuxer, controller);
    assert(io.readSync(new Uint8Array(10))! > 0, how);
    using next = Demuxer.openSync(io, raw);
    assert(next.readSync(), how);
  }
});
