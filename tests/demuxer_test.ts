/**
 * Demuxer: after its end no packet that was read ahead is returned, a failed seek changes nothing, and iterators end
 * with it.
 */
import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertRejects,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import {
  AVError,
  ClosedError,
  Demuxer,
  type IOCallbacks,
  IOContext,
  type Packet,
  type Source,
} from "@avio/avio";
import { chunksOf, promising, rejectionOf } from "./support/async.ts";
import { readerOf } from "./support/devices.ts";
import { fixtureBytes, fixturePath, mediaFixtures } from "./support/fixtures.ts";
import { rowOf, rowsOf } from "./support/packets.ts";

const names = ["video.mkv", "video.mp4", "video.flv", "video.ts", "audio.mp3", "audio.ogg"];

const sources: Record<string, (name: string) => Source> = {
  bytes: fixtureBytes,
  path: fixturePath,
  callbacks: (name) => readerOf(fixtureBytes(name)),
  promises: (name) => promising(readerOf(fixtureBytes(name))),
  Blob: (name) => new Blob([fixtureBytes(name)]),
};

// ------------------------------------------------------------------------------------------- the end

const reason = new Error("enough");

const ends: Record<string, (demuxer: Demuxer, controller: AbortController) => unknown> = {
  "Symbol.dispose": (demuxer) => demuxer[Symbol.dispose](),
  "close()": (demuxer) => demuxer.close(),
  abort: (_, controller) => controller.abort(reason),
};

for (const [how, end] of Object.entries(ends)) {
  const check = (error: unknown) =>
    how === "abort" ? assertStrictEquals(error, reason) : assertInstanceOf(error as Error, ClosedError);

  Deno.test(`After ${how} no packet that was read ahead is returned`, async () => {
    for (const [what, make] of Object.entries(sources)) {
      for (const name of ["video.mkv", "video.ts"]) {
        for (const way of ["sync", "async"]) {
          if (way === "sync" && (what === "Blob" || what === "promises")) continue;
          const controller = new AbortController();
          await using demuxer = await Demuxer.open(make(name), { signal: controller.signal });
          const [iterator, iteratorSync] = [demuxer.packets(), demuxer.packetsSync()];
          if (way === "sync") iteratorSync.next();
          else for (let i = 0; i < 5; i++) await iterator.next();
          await end(demuxer, controller);
          check(assertThrows(() => demuxer.readSync()));
          check(await rejectionOf(demuxer.read()));
          check(await rejectionOf(iterator.next()));
          check(assertThrows(() => iteratorSync.next()));
          check(assertThrows(() => demuxer.seekSync(0)));
          check(await rejectionOf(demuxer.seek(0)));
          check(await rejectionOf(Array.fromAsync(demuxer)));
          assertEquals(await iterator.next(), { done: true, value: undefined });
          assert(demuxer.streams.length > 0);
        }
      }
    }
  });

  Deno.test(`Pending calls reject at ${how}, and later calls, too`, async () => {
    for (const make of [sources.promises!, sources.Blob!]) {
      const controller = new AbortController();
      const demuxer = await Demuxer.open(make("video.ts"), { signal: controller.signal, bufferSize: 512 });
      const calls: Promise<unknown>[] = [];
      for (let i = 0; i < 300; i++) calls.push(demuxer.read());
      calls.push(demuxer.seek(0));
      for (let i = 0; i < 10; i++) calls.push(demuxer.read());
      const outcomes = calls.map((call) => call.then(() => null, (error) => ({ error })));
      await end(demuxer, controller);
      const ended = (await Promise.all(outcomes)).filter((outcome) => outcome !== null);
      assert(ended.length > 5);
      for (const { error } of ended) check(error);
    }
  });
}

Deno.test("A Demuxer of the sync API throws the exception of its callback from every later call", () => {
  const mine = new Error("mine");
  let fails = false;
  const { onread, onseek } = readerOf(fixtureBytes("video.ts"), {
    amount: (wanted) => Math.min(wanted, 700),
  });
  const source: IOCallbacks = {
    onseek: onseek!,
    onread(...args) {
      if (fails) throw mine;
      return onread!(...args);
    },
  };
  using demuxer = Demuxer.openSync(source, { bufferSize: 1024, findStreamInfo: false });
  demuxer.readSync();
  fails = true;
  assertStrictEquals(assertThrows(() => [...demuxer.packetsSync()]), mine);
  fails = false;
  for (const call of [() => demuxer.readSync(), () => demuxer.seekSync(0), () => demuxer.index(0)]) {
    assertStrictEquals(assertThrows(call), mine);
  }
});

// ------------------------------------------------------------------------------------------- seeks that fail

const forward: Record<string, (name: string) => Source> = {
  "a stream": (name) => ReadableStream.from(chunksOf(fixtureBytes(name), 3000)),
  "callbacks without onseek": (name) => ({ onread: readerOf(fixtureBytes(name)).onread! }),
  "promises without onseek": (name) => ({ onread: promising(readerOf(fixtureBytes(name))).onread! }),
  "an onseek that can't": (name) => {
    const { onread } = readerOf(fixtureBytes(name));
    return { onread: onread!, onseek: () => -1 };
  },
};

/** Targets of seeks that fail: refused by the format, the source, or the index. */
const targets = [0, 1, { byte: 100 }] as const;

for (const name of names.filter((name) => name !== "video.mp4")) {
  Deno.test(`A failed seek in ${name} does not change the next packet`, async () => {
    for (const [what, make] of Object.entries(forward)) {
      for (const before of [0, 1, 7]) {
        for (const target of targets) {
          const where = `${what}, ${before} packets, ${JSON.stringify(target)}`;
          const expected = await (async () => {
            await using reference = await Demuxer.open(make(name));
            return (await Array.fromAsync(reference)).map(rowOf);
          })();
          await using demuxer = await Demuxer.open(make(name));
          const found: Packet[] = [];
          for (let i = 0; i < before; i++) found.push((await demuxer.read())!);
          const failed = await demuxer.seek(target).then(() => false, (error) => error instanceof AVError);
          if (!failed) continue; // it reads forward to the target
          found.push(...await Array.fromAsync(demuxer));
          assertEquals(found.map(rowOf), expected, where);
          assertEquals(await demuxer.read(), null, where);
        }
      }
    }
  });
}

Deno.test("A failed seek in the sync API does not change the next packet", () => {
  let failures = 0;
  for (const name of names.filter((name) => name !== "video.mp4")) {
    const make = () => ({ onread: readerOf(fixtureBytes(name)).onread! });
    const expected = rowsOf(make());
    for (const before of [0, 1, 7]) {
      for (const target of targets) {
        using demuxer = Demuxer.openSync(make());
        const found: Packet[] = [];
        for (let i = 0; i < before; i++) found.push(demuxer.readSync()!);
        try {
          demuxer.seekSync(target);
          continue;
        } catch (error) {
          assertInstanceOf(error as Error, AVError);
          failures++;
        }
        found.push(...demuxer.packetsSync());
        assertEquals(found.map(rowOf), expected, `${name}, ${before}, ${JSON.stringify(target)}`);
      }
    }
  }
  assert(failures > 10);
});

Deno.test("Wrong arguments of seek do not change the next packet", async () => {
  const expected = rowsOf(fixtureBytes("video.mkv"));
  await using demuxer = await Demuxer.open(fixtureBytes("video.mkv"));
  const found: Packet[] = [(await demuxer.read())!];
  for (const target of [NaN, { byte: -1 }, { streamIndex: 9, timestamp: 0 }, "x" as unknown as number]) {
    await rejectionOf(demuxer.seek(target));
    assertThrows(() => demuxer.seekSync(target));
  }
  found.push(...await Array.fromAsync(demuxer));
  assertEquals(found.map(rowOf), expected);
});

for (const name of mediaFixtures) {
  Deno.test(`Demuxer.batches() returns the packets of ${name} in order, and no empty array`, async () => {
    using whole = Demuxer.openSync(fixtureBytes(name));
    const expected = [...whole.packetsSync()];
    using sync = Demuxer.openSync(fixtureBytes(name));
    const batches = [...sync.batchesSync()];
    assert(batches.every(({ length }) => length >= 1 && length <= 512));
    assertEquals(batches.flat(), expected);
    await using demuxer = await Demuxer.open(new Blob([fixtureBytes(name)]));
    const asynchronous = await Array.fromAsync(demuxer.batches());
    assert(asynchronous.every(({ length }) => length >= 1 && length <= 512));
    assertEquals(asynchronous.flat(), expected);
  });
}

Deno.test("Demuxer.batches() returns the packets before an exception, then throws it", async () => {
  const bytes = fixtureBytes("video.flv");
  let position = 0;
  const io = new IOContext(4096, {
    onread(buffer) {
      if (position > bytes.length * 0.8) throw new Error("torn");
      const chunk = bytes.subarray(position, position += buffer.length);
      buffer.set(chunk);
      return chunk.length;
    },
  });
  await using demuxer = await Demuxer.open(io);
  let count = 0;
  await assertRejects(
    async () => {
      for await (const packets of demuxer.batches()) count += packets.length;
    },
    Error,
    "torn",
  );
  assert(count > 10);
});
