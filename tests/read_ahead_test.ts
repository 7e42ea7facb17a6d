/**
 * Reading ahead while JavaScript works: packets that are ready are delivered at once, none is lost or returned twice,
 * whatever is called in between, and its memory is limited. Also when sources are read, and what ends that.
 */
import { assert, assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import {
  ClosedError,
  Demuxer,
  type DemuxerOptions,
  type IOCallbacks,
  IOContext,
  type Packet,
  type Source,
} from "@avio/avio";
import { chunksOf, promising, readRows, rejectionOf, sleep, soon, WatchedSource } from "./support/async.ts";
import { CountedSource, wavOf, withLateSound } from "./support/chunked.ts";
import { readerOf } from "./support/devices.ts";
import { fixtureBytes, fixturePath } from "./support/fixtures.ts";
import { type PacketRow, rowOf, rowsOf } from "./support/packets.ts";
import { answerOf } from "./support/script.ts";
import { eventually, never, settled } from "./support/threads.ts";

/** The first bytes are enough to open them. */
const live: DemuxerOptions = { findStreamInfo: false, bufferSize: 1024 };
const liveFixtures = ["video.ts", "video.mkv", "video.webm", "video.flv", "audio.mp3"];
const NO_LIMIT = 1 << 30;

function rows(packets: readonly (Packet | null)[]): (PacketRow | null)[] {
  return packets.map((packet) => packet && rowOf(packet));
}

/** The packets that the sync engine returns before the source throws. */
function rowsBeforeTheEnd(callbacks: IOCallbacks, options: DemuxerOptions): PacketRow[] {
  const found: PacketRow[] = [];
  using demuxer = Demuxer.openSync(callbacks, options);
  try {
    for (const packet of demuxer.packetsSync()) found.push(rowOf(packet));
  } catch {
    // that is the end
  }
  return found;
}

async function readSome(demuxer: Demuxer, count: number): Promise<PacketRow[]> {
  const found: PacketRow[] = [];
  while (found.length < count) found.push(rowOf((await soon(demuxer.read()))!));
  return found;
}

/** A source that returns at once, and after `limit` bytes the result of `after`. */
function limited(bytes: Uint8Array, limit: number, after: () => Promise<never>, chunk = 700): CountedSource {
  return new CountedSource(bytes.subarray(0, limit), chunk, (source) => {
    if (source.position >= limit) return after();
  });
}

function throwing(error: unknown): () => never {
  return () => {
    throw error;
  };
}

/** A demuxer without pending calls, with a pending callback that returns when `open` is called. */
interface Idle {
  demuxer: Demuxer;
  source: CountedSource;
  /** Packets that were read. */
  count: number;
  open: () => void;
}

/** A chunk is larger than what is read ahead at once, so the next one is read while there are packets. */
async function idleReader(
  options: DemuxerOptions,
  wrap = (source: CountedSource): Source => source.seekable,
): Promise<Idle> {
  const source = new CountedSource(samples, CHUNK, () => Promise.resolve());
  const demuxer = await Demuxer.open(wrap(source), { bufferSize: 400_000, ...options });
  await soon(demuxer.read());
  let { promise, resolve: open } = Promise.withResolvers<void>();
  source.before = () => promise;
  for (let count = 2;; count++) {
    const reading = demuxer.read();
    const waits = await soon(reading, 50).then(() => false, () => true);
    if (!waits && source.underWay > 0) return { demuxer, source, count, open };
    if (waits) { // on a busy machine the thread may have read too late: another chunk
      source.before = () => Promise.resolve();
      open();
    }
    assert(await soon(reading), "nothing was read ahead");
    if (waits) ({ promise, resolve: open } = Promise.withResolvers<void>());
    source.before = () => promise;
    compute(0.5);
  }
}
const CHUNK = 300_000;
const samples = wavOf(3 << 20);

/** Keeps this thread busy for some milliseconds. */
function compute(milliseconds: number): void {
  for (const end = performance.now() + milliseconds; performance.now() < end;) continue;
}

/** As that, of a WAV. */
function idleDemuxer(): Promise<Idle> {
  return idleReader({ findStreamInfo: false });
}

// -------------------------------------------------------------------------------------- no delay

for (const name of liveFixtures) {
  Deno.test(`Every complete packet of ${name} is delivered, although its source is pending for ever`, async () => {
    const bytes = fixtureBytes(name);
    for (const share of [0.3, 0.6, 0.9]) {
      const limit = Math.floor(bytes.length * share);
      const expected = rowsBeforeTheEnd(limited(bytes, limit, throwing("end")).callbacks, live);
      assert(expected.length > 10);
      const demuxer = await Demuxer.open(limited(bytes, limit, never).callbacks, live);
      assertEquals(await readSome(demuxer, expected.length), expected);
      const next = rejectionOf(demuxer.read());
      demuxer[Symbol.dispose]();
      assert(await next instanceof ClosedError, "there was one more");
    }
  });
}

// -------------------------------------------------------------------------------------- bounds

/** Sources of 16 MB, and how much of them was taken. */
const longSources: Record<
  string,
  (bytes: Uint8Array<ArrayBuffer>) => { source: Source; taken: () => number }
> = {
  "callbacks that answer numbers": (bytes) => {
    const source = new CountedSource(bytes, NO_LIMIT);
    return { source: source.callbacks, taken: () => source.position };
  },
  "callbacks that answer promises": (bytes) => {
    const source = new CountedSource(bytes, NO_LIMIT, () => Promise.resolve());
    return { source: source.callbacks, taken: () => source.position };
  },
  "a ReadableStream": (bytes) => {
    const source = new WatchedSource(chunksOf(bytes, 20000));
    return { source: source.stream, taken: () => source.pulls * 20000 };
  },
};

for (const [how, make] of Object.entries(longSources)) {
  Deno.test(`Reading ahead is limited: ${how}`, async () => {
    const { source, taken } = make(wavOf(16e6));
    const demuxer = await Demuxer.open(source);
    await demuxer.read();
    await eventually(settled(taken));
    assert(taken() < 1 << 20, `${taken()} bytes were taken for one packet, though nobody reads`);
    let size = 0;
    while (size < 1 << 20) size += (await demuxer.read())!.data.length;
    assert(taken() < 3 << 20, `${taken()} bytes were taken for a megabyte`);
    await demuxer.close();
  });
}

Deno.test("Reading ahead is limited for small packets, too", async () => {
  const mp3 = fixtureBytes("audio.mp3");
  const bytes = new Uint8Array(mp3.length * 100);
  for (let i = 0; i < 100; i++) bytes.set(mp3, i * mp3.length);
  const source = new CountedSource(bytes, 4096);
  await using demuxer = await Demuxer.open(source.callbacks, { format: "mp3", ...live });
  for (let i = 0; i < 2000; i++) {
    const packet = await demuxer.read();
    assert(source.position - packet!.pos! < 1 << 19, `${source.position} at ${packet!.pos}`);
  }
});

// -------------------------------------------------------------------------------------- overlap

/** The number of calls of the source up to each packet, without reading ahead. */
function callsNeeded(bytes: Uint8Array, options: DemuxerOptions): number[] {
  const source = new CountedSource(bytes, CHUNK);
  using demuxer = Demuxer.openSync(source.callbacks, options);
  return Array.from(demuxer.packetsSync(), () => source.calls);
}

const consumers: Record<string, () => Promise<void> | void> = {
  "that waits for something else": () => sleep(8),
  "that computes": () => compute(2),
};

for (const [which, work] of Object.entries(consumers)) {
  Deno.test(`The next chunk is read while a consumer works on the previous one: one ${which}`, async () => {
    const options = { findStreamInfo: false, bufferSize: 400_000 };
    const needed = callsNeeded(samples, options);
    const source = new CountedSource(samples, CHUNK, () => sleep(5));
    await using demuxer = await Demuxer.open(source.callbacks, options);
    const aheadIn = new Set<number>();
    let index = 0;
    for await (const _packet of demuxer) {
      const chunk = needed[index++]!;
      if (source.calls > chunk) aheadIn.add(chunk);
      if (chunk !== needed[index - 2]) await work(); // once for each
    }
    assertEquals(index, needed.length);
    const chunks = new Set(needed).size;
    // Usually in nearly all of them, on a busy machine in fewer.
    assert(aheadIn.size >= 2, `in ${aheadIn.size} of ${chunks} chunks`);
    assertEquals(source.busiest, 1, "it was called before it had answered");
  });
}

Deno.test("Reading a source without pending promises lets timers and other work run", async () => {
  let turns = 0;
  const timer = setInterval(() => turns++, 0);
  const source = new CountedSource(wavOf(20e6), NO_LIMIT);
  await using demuxer = await Demuxer.open(source.callbacks);
  let size = 0;
  for await (const packet of demuxer) size += packet.data.length;
  clearInterval(timer);
  assertEquals(size, 20e6);
  assert(turns > 0, "no timer had its turn");
});

// -------------------------------------------------------------------------------------- seeking

/** Packets after a seek, of a demuxer that has done nothing else. */
function rowsAfterSeek(name: string, target: number): PacketRow[] {
  using demuxer = Demuxer.openSync(fixtureBytes(name));
  demuxer.readSync();
  demuxer.seekSync(target);
  return [...demuxer.packetsSync()].map(rowOf);
}

const seekSources: Record<string, (name: string) => Source> = {
  bytes: fixtureBytes,
  path: fixturePath,
  Blob: (name) => new Blob([fixtureBytes(name)]),
  "callbacks that answer numbers": (name) => readerOf(fixtureBytes(name)),
  "callbacks that answer promises": (name) => promising(readerOf(fixtureBytes(name))),
};

const seekFixtures = [
  "video.mp4",
  "fragmented.mp4",
  "video.mkv",
  "video.ts",
  "video.flv",
  "audio.ogg",
  "audio.mp3",
  "audio.wav",
];

for (const name of seekFixtures) {
  Deno.test(`No packet that was read ahead is returned after a seek in ${name}`, async () => {
    const targets = [1, 0, 0.5];
    const expected = targets.map((target) => rowsAfterSeek(name, target));
    for (const [how, make] of Object.entries(seekSources)) {
      await using demuxer = await Demuxer.open(make(name), { bufferSize: 2048 });
      for (const before of [1, 7, 30]) {
        for (const [i, target] of targets.entries()) {
          for (let count = 0; count < before; count++) await demuxer.read();
          await demuxer.seek(target);
          const found = await readSome(demuxer, 5);
          assertEquals(found, expected[i]!.slice(0, 5), `${how}, to ${target} after ${before}`);
        }
      }
      const rest = (await Array.fromAsync(demuxer)).map(rowOf);
      assertEquals(rest, expected[2]!.slice(5), how);
    }
  });
}

Deno.test("A read after a seek that is not awaited reads from the new position", async () => {
  const expected = rowsAfterSeek("video.mkv", 0);
  await using demuxer = await Demuxer.open(fixturePath("video.mkv"));
  await readSome(demuxer, 100);
  const [, first, second] = await Promise.all([demuxer.seek(0), demuxer.read(), demuxer.read()]);
  assertEquals(rows([first, second]), expected.slice(0, 2));
});

Deno.test("A seek waits for a pending callback, and then works", async () => {
  const { demuxer, source, open } = await idleDemuxer();
  await using _ = demuxer;
  let sought = false;
  const seeking = demuxer.seek(0).then(() => sought = true);
  assertEquals([sought, source.underWay], [false, 1]);
  open();
  await soon(seeking);
  assertEquals(await readSome(demuxer, 5), rowsOf(samples).slice(0, 5));
  assertEquals(source.busiest, 1);
});

Deno.test("Sources that return more than requested are right after seeks back and forth", async () => {
  const bytes = samples;
  const path = await Deno.makeTempFile({ prefix: "avio-test-" });
  try {
    await Deno.writeFile(path, bytes);
    for (const source of [bytes, new Blob([bytes]), path]) {
      using reference = Demuxer.openSync(bytes);
      await using demuxer = await Demuxer.open(source);
      for (const target of [9, 2, 2.01, 1.99, 12, 0, 8, 8.5, 3]) {
        reference.seekSync(target);
        await demuxer.seek(target);
        const expected = Array.from({ length: 20 }, () => rowOf(reference.readSync()!));
        assertEquals(await readSome(demuxer, 20), expected, `to ${target}`);
      }
    }
  } finally {
    await Deno.remove(path);
  }
});

Deno.test("After seeks back from its end a file has the right bytes", async () => {
  const path = await Deno.makeTempFile({ prefix: "avio-test-" });
  try {
    for (const size of [200_000, 230_000, 255_000]) {
      const bytes = samples.subarray(0, size);
      await Deno.writeFile(path, bytes);
      using demuxer = Demuxer.openSync(path, { bufferSize: 65536 });
      for (let i = 0; i < 500; i++) {
        demuxer.seekSync({ byte: 44 + (i * 7919 % 997) * ((size - 44) / 997 & ~3) }); // whole samples
        for (let count = i * 31 % 100; count >= 0; count--) {
          const packet = demuxer.readSync();
          if (!packet) break;
          assertEquals(
            packet.data,
            bytes.slice(packet.pos!, packet.pos! + packet.data.length),
            `${size}, ${i}`,
          );
        }
      }
    }
  } finally {
    await Deno.remove(path);
  }
});

Deno.test("Chunks of a stream may have any size: megabytes, a byte, none", async () => {
  const bytes = samples;
  const expected = rowsOf(bytes);
  const cuts = [0, 1, 1, 2, 44, 45, 45, 100_000, 3_000_000, 3_000_001, bytes.length];
  const uneven = cuts.map((cut, i) => bytes.slice(cuts[i - 1] ?? 0, cut));
  for (const chunks of [[bytes], uneven]) {
    const rows = await readRows(new WatchedSource(chunks).stream);
    assertEquals(rows.map(({ pos: _, ...row }) => row), expected.map(({ pos: _, ...row }) => row));
  }
});

// -------------------------------------------------------------------------------------- discard

Deno.test("stream.discard takes effect in the middle of a loop, and can be reset", async () => {
  for (const source of [fixturePath("video.mkv"), promising(readerOf(fixtureBytes("video.mkv")))]) {
    await using demuxer = await Demuxer.open(source, { bufferSize: 1024 });
    const [video] = demuxer.streams;
    let count = 0;
    for await (const packet of demuxer) {
      assert(count < 20 || packet.streamIndex !== video!.index, `packet ${count}`);
      video!.discard = ++count >= 20;
      if (count === 40) break;
    }
    assertEquals(count, 40);
    video!.discard = false;
    await demuxer.seek(0);
    assertEquals((await Array.fromAsync(demuxer)).map(rowOf), rowsAfterSeek("video.mkv", 0));
  }
});

for (const name of ["video.mp4", "video.flv", "audio.mp3"]) {
  Deno.test(`A stream of ${name} that is no longer discarded can be used for seeking`, async () => {
    const expected = rowsAfterSeek(name, 2);
    await using demuxer = await Demuxer.open(fixtureBytes(name));
    const stream = demuxer.streams[0]!;
    stream.discard = true;
    await demuxer.read();
    stream.discard = false;
    await demuxer.seek(2);
    assertEquals((await Array.fromAsync(demuxer)).map(rowOf), expected);
    stream.discard = true;
    demuxer.seekSync(2);
    demuxer.readSync();
    stream.discard = false;
    demuxer.seekSync(2);
    assertEquals([...demuxer.packetsSync()].map(rowOf), expected);
  });
}

// -------------------------------------------------------------------------------------- new streams

const late: Record<string, Uint8Array<ArrayBuffer>> = {
  "flv whose sound begins late": withLateSound(fixtureBytes("video.flv"), 1500),
  "flv of which nothing is known": fixtureBytes("video.flv"),
  "mpegts of which nothing is known": fixtureBytes("video.ts"),
};

for (const [what, bytes] of Object.entries(late)) {
  Deno.test(`Streams are listed before their first packet: ${what}`, async () => {
    const expected = rowsOf(bytes, live);
    const sources: Source[] = [
      bytes,
      readerOf(bytes),
      promising(readerOf(bytes, { amount: (wanted) => Math.min(wanted, 300) })),
      new WatchedSource(chunksOf(bytes, 999)).stream,
    ];
    for (const source of sources) {
      await using demuxer = await Demuxer.open(source, live);
      const found: PacketRow[] = [];
      for await (const packet of demuxer) {
        assert(packet.streamIndex < demuxer.streams.length);
        found.push(rowOf(packet));
      }
      assertEquals(demuxer.streams.map(({ type }) => type).toSorted(), ["audio", "video"]);
      assertEquals(found, expected);
    }
  });

  Deno.test(`Streams are listed before their first packet, for every reader: ${what}`, async () => {
    const expected = rowsOf(bytes, live);
    await using demuxer = await Demuxer.open(readerOf(bytes), live);
    const found = Array.from(expected, () => null as PacketRow | null);
    for (const [i] of expected.entries()) {
      found[i] = rowOf((i % 7 === 0 ? demuxer.readSync() : await demuxer.read())!);
    }
    assertEquals(found, expected);
    assertEquals([demuxer.readSync(), await demuxer.read()], [null, null]);
  });
}

// -------------------------------------------------------------------------------------- sync calls in between

Deno.test("Sync calls continue where async ones ended, and vice versa", async () => {
  const expected = rowsOf(fixtureBytes("video.mkv"));
  const again = rowsAfterSeek("video.mkv", 0);
  await using demuxer = await Demuxer.open(readerOf(fixtureBytes("video.mkv")), { bufferSize: 1024 });
  const found: PacketRow[] = [];
  while (found.length < 100) {
    found.push(rowOf((await demuxer.read())!));
    found.push(rowOf(demuxer.readSync()!));
    for (const packet of demuxer.packetsSync()) {
      found.push(rowOf(packet));
      if (found.length % 5 === 0) break;
    }
  }
  for await (const packet of demuxer) found.push(rowOf(packet));
  assertEquals(found, expected);
  demuxer.seekSync(0);
  assertEquals(rows([demuxer.readSync(), await demuxer.read()]), again.slice(0, 2));
  await demuxer.seek(0);
  assertEquals([...demuxer.packetsSync()].map(rowOf), again);
});

Deno.test("A sync call is busy while a callback that reads ahead is pending, without harm", async () => {
  const expected = rowsOf(samples);
  const { demuxer, count, open } = await idleDemuxer();
  await using _ = demuxer;
  assertThrows(() => demuxer.seekSync(0), Error, "busy");
  let more = 0;
  assertThrows(
    () => {
      for (; demuxer.readSync(); more++) continue;
    },
    Error,
    "busy",
  );
  open();
  assertEquals((await Array.fromAsync(demuxer)).map(rowOf), expected.slice(count + more));
});

/** Calls of the sync API that stop a thread which reads ahead. */
const stopping: Record<string, string> = {
  "index()": "demuxer.index(0)",
  "seekSync()": "demuxer.seekSync(0)",
};

/** Runs a sync call while the thread does not return by itself: it must return soon, or be busy. */
const trying = `
  function attempt(call) {
    const begin = performance.now();
    let result = "done";
    try {
      call();
    } catch (error) {
      result = error.codeName;
    }
    return { result, isSoon: performance.now() - begin < 3000 };
  }
`;

Deno.test("A sync call is busy while the thread waits for a stalled live playlist, and nothing is lost", async () => {
  const answer = await answerOf<{ result: string; isSoon: boolean; count: number; whole: number }>(`
    ${trying}
    const encoder = new TextEncoder();
    const playlistOf = (count, end) => encoder.encode(
      "#EXTM3U\\n#EXT-X-TARGETDURATION:1\\n#EXT-X-MEDIA-SEQUENCE:1\\n" +
      "#EXTINF:1,\\nseg.ts\\n".repeat(count) + end);
    const options = (files) => ({ format: "hls", url: "live.m3u8", onopen: avio.fromMap(files) });
    const seg = ["seg.ts", fixtureBytes("video.ts")];
    const countOf = (playlist) => {
      using demuxer = Demuxer.openSync(playlist, options(new Map([seg])));
      return [...demuxer.packetsSync()].length;
    };
    const [once, whole] = [1, 2].map((count) => countOf(playlistOf(count, "#EXT-X-ENDLIST\\n")));
    const files = new Map([seg, ["live.m3u8", playlistOf(1, "")]]);
    const demuxer = await Demuxer.open(playlistOf(1, ""), options(files));
    let count = 0;
    for (; count < once - 10; count++) await demuxer.read();
    await sleep(300); // in which the thread has come to the end of what there is
    const outcome = attempt(() => demuxer.index(0));
    files.set("live.m3u8", playlistOf(2, "#EXT-X-ENDLIST\\n"));
    while (await demuxer.read()) count++;
    demuxer.close();
    console.log(JSON.stringify({ ...outcome, count, whole }));
  `);
  assert(answer.isSoon && ["EBUSY", "done"].includes(answer.result), JSON.stringify(answer));
  assertEquals(answer.count, answer.whole);
});

for (const [name, call] of Object.entries(stopping)) {
  Deno.test(`A sync call does not wait for ever for a packet that never arrives: ${name}`, async () => {
    const answer = await answerOf<{ result: string; isSoon: boolean }>(`
      ${trying}
      const bytes = fixtureBytes("audio.mp3");
      let position = 0;
      const onread = (buffer) => {
        const some = bytes.subarray(position, position + buffer.length);
        buffer.fill(0);
        buffer.set(some);
        position += buffer.length;
        return buffer.length;
      };
      const count = Demuxer.openSync(bytes).packetsSync().toArray().length;
      const demuxer = await Demuxer.open({ onread }, { format: "mp3" });
      for (let read = 0; read < count - 20; read++) await demuxer.read();
      console.log(JSON.stringify(attempt(() => ${call})));
      demuxer.close();
    `);
    assert(answer.isSoon, JSON.stringify(answer));
  });
}

Deno.test("Sync calls of other sessions inside a callback serve the requests of their threads", async () => {
  const count = await answerOf<number>(
    `const bytes = fixtureBytes("video.ts");
    const options = { bufferSize: 1024, findStreamInfo: false };
    const source = (hook) => {
      const { onread, onseek } = readerOf(bytes, { amount: (wanted) => Math.min(wanted, 1000) });
      return { onseek, onread: (...args) => (hook(), onread(...args)) };
    };
    let count = 0;
    for (let round = 0; round < 20; round++) {
      let armed = false;
      await using first = await Demuxer.open(source(() => {}), options);
      await using second = await Demuxer.open(source(() => {
        if (!armed) return;
        armed = false;
        count++;
        try {
          first.readSync();
        } catch (error) {
          if (!/busy/.test(error.message)) throw error; // it is being read
        }
      }), options);
      await first.read();
      await second.read();
      for (const end = performance.now() + 3; performance.now() < end;) continue; // both threads make requests meanwhile
      armed = true;
      for (let i = 0; i < 20; i++) await (i % 2 ? first : second).read();
    }
    console.log(count);`,
    { deadline: 10_000 },
  );
  assertEquals(count, 20);
});

// -------------------------------------------------------------------------------------- ends

Deno.test("The end of the input comes after every packet, again and again", async () => {
  const expected = rowsOf(fixtureBytes("video.flv"));
  await using demuxer = await Demuxer.open(fixturePath("video.flv"));
  const reads = await Promise.all(Array.from({ length: expected.length + 2 }, () => demuxer.read()));
  assertEquals(rows(reads), [...expected, null, null]);
  assertEquals([await demuxer.read(), demuxer.readSync(), await demuxer.read()], [null, null, null]);
});

for (const how of ["throws", "rejects"]) {
  Deno.test(`A callback that ${how} while packets are read ahead: packets before it are returned first`, async () => {
    const bytes = fixtureBytes("video.ts");
    const limit = bytes.length >> 1;
    const expected = rowsBeforeTheEnd(limited(bytes, limit, throwing("end")).callbacks, live);
    const error = new Error("from onread");
    const fail = how === "throws" ? throwing(error) : () => Promise.reject(error);
    for (const chunk of [700, NO_LIMIT]) {
      const source = limited(bytes, limit, fail, chunk);
      await using demuxer = await Demuxer.open(source.callbacks, live);
      const found: PacketRow[] = [];
      const surfaced = await rejectionOf((async () => {
        for await (const packet of demuxer) found.push(rowOf(packet));
      })());
      assertEquals(found, expected);
      const { calls } = source;
      const later = [() => demuxer.read(), () => demuxer.seek(0), () => demuxer.read()];
      for (const call of later) assertStrictEquals(await rejectionOf(call()), error);
      assertStrictEquals(surfaced, error);
      assertEquals(source.calls, calls, "it was called again");
    }
  });
}

Deno.test("Damaged data in the middle: the packets and errors of the sync API", async () => {
  for (const name of ["video.mkv", "video.flv", "video.ts", "audio.ogg"]) {
    const bytes = fixtureBytes(name).slice();
    bytes.fill(0x5a, bytes.length >> 1, (bytes.length >> 1) + 3000);
    const expected: unknown[] = [];
    const found: unknown[] = [];
    const note = (list: unknown[], result: Packet | null | Error) => {
      list.push(result instanceof Error ? result.message : result && rowOf(result));
      return result !== null && list.length < 1000;
    };
    using reference = Demuxer.openSync(readerOf(bytes), { bufferSize: 1024 });
    const readSync = () => {
      try {
        return reference.readSync();
      } catch (error) {
        return error as Error;
      }
    };
    while (note(expected, readSync())) continue;
    await using demuxer = await Demuxer.open(bytes, { bufferSize: 1024 });
    while (note(found, await demuxer.read().catch((error: Error) => error))) continue;
    assertEquals(found, expected, name);
  }
});

// -------------------------------------------------------------------------------------- closing

Deno.test("close() waits for a callback that reads ahead", async () => {
  const { demuxer, source, open } = await idleDemuxer();
  const closed = Promise.all([demuxer.close(), demuxer.close()]).then(() => source.underWay);
  assertEquals(source.underWay, 1);
  open();
  assertEquals(await soon(closed), 0);
  await demuxer.close();
});

Deno.test("close() does not wait for ever for a callback that reads ahead", async () => {
  const { demuxer, source } = await idleDemuxer();
  await soon(Promise.all([demuxer.close(), demuxer.close()]), 1500);
  assertEquals(source.underWay, 1);
  await soon(demuxer.close(), 100);
  assert(await rejectionOf(demuxer.seek(0)) instanceof ClosedError);
});

Deno.test("Disposing does not wait at all", async () => {
  const { demuxer, source, open } = await idleDemuxer();
  demuxer[Symbol.dispose]();
  assertEquals(source.underWay, 1);
  const { calls } = source;
  open();
  await eventually(() => source.underWay === 0);
  assertEquals(source.calls, calls, "it was called again");
});

/** A source that calls `hook` in its call `at` after that is set. */
function hooked(
  hook: () => void,
): { callbacks: IOCallbacks; arm: (at: number) => void; calls: () => number } {
  let countdown = NaN;
  let calls = 0;
  const { onread } = readerOf(fixtureBytes("video.ts"), { amount: (wanted) => Math.min(wanted, 1500) });
  return {
    callbacks: {
      onread: (...args) => {
        calls++;
        if (countdown-- === 0) hook();
        return onread!(...args);
      },
    },
    arm: (at) => void (countdown = at),
    calls: () => calls,
  };
}

const closers: Record<string, (demuxer: Demuxer, controller: AbortController) => void> = {
  close: (demuxer) => void demuxer.close(),
  dispose: (demuxer) => demuxer[Symbol.dispose](),
  abort: (_, controller) => controller.abort(new Error("enough")),
};

for (const [how, end] of Object.entries(closers)) {
  Deno.test(`A demuxer that is ended inside its callback, while it is read: ${how}`, async () => {
    for (const at of [0, 1, 4, 9]) {
      const controller = new AbortController();
      let demuxer: Demuxer | null = null;
      const { callbacks, arm, calls } = hooked(() => end(demuxer!, controller));
      demuxer = await Demuxer.open(callbacks, { ...live, signal: controller.signal });
      arm(at);
      const before = calls();
      assert(await soon(rejectionOf(Array.fromAsync(demuxer))) instanceof Error);
      assertEquals(calls() - before, at + 1, "it was called again");
      await demuxer.close();
    }
  });
}

Deno.test("A demuxer that is ended inside its callback, by a sync call that follows reading ahead", async () => {
  const messages = await answerOf<string[]>(
    `const { onread, onseek } = readerOf(fixtureBytes("video.ts"), { amount: (wanted) => Math.min(wanted, 1500) });
    const messages = [];
    for (const call of [(demuxer) => demuxer.seekSync(1), (demuxer) => [...demuxer.packetsSync()]]) {
      let demuxer = null, armed = false;
      const source = { onseek, onread: (...args) => {
        if (armed) demuxer[Symbol.dispose]();
        return onread(...args);
      } };
      demuxer = await Demuxer.open(source, { bufferSize: 1024, findStreamInfo: false });
      await demuxer.read();
      armed = true;
      try {
        call(demuxer);
      } catch (error) {
        messages.push(error.message);
      }
    }
    console.log(JSON.stringify(messages));`,
    { deadline: 10_000 },
  );
  assertEquals(messages.length, 2);
  for (const message of messages) assert(/closed/.test(message), message);
});

Deno.test("close() during a read that waits", async () => {
  const bytes = fixtureBytes("video.ts");
  const source = limited(bytes, 20000, never);
  const demuxer = await Demuxer.open(source.callbacks, live);
  const reading = rejectionOf(Array.fromAsync(demuxer));
  await eventually(() => source.underWay > 0);
  await soon(Promise.all([demuxer.close(), demuxer.close()]), 300);
  assert(await soon(reading) instanceof ClosedError);
});

Deno.test("An IOContext does not keep the error of a Demuxer that was closed while it read ahead", async () => {
  let io: IOContext | null = null;
  const raw = { format: "s16le", findStreamInfo: false };
  const { demuxer, source, open } = await idleReader(
    raw,
    ({ callbacks }) => io = new IOContext(400_000, callbacks),
  );
  const closing = demuxer.close();
  open();
  await closing;
  source.before = () => Promise.resolve();
  await using second = await Demuxer.open(io!, raw);
  assert((await Array.fromAsync(second)).length > 50);
  assertEquals(source.busiest, 1);
  io![Symbol.dispose]();
});

// -------------------------------------------------------------------------------------- garbage, workers

Deno.test("Unreferenced demuxers are freed while their threads wait with packets that were read ahead", async () => {
  const seen = await answerOf<{ open: number; left: number }>(
    `import { wavOf } from "${new URL("./support/chunked.ts", import.meta.url)}";
    const before = threads();
    const bytes = wavOf(4e6);
    await (async () => {
      for (let i = 0; i < 20; i++) await (await Demuxer.open(bytes)).read();
    })();
    const open = threads() - before;
    await eventually(() => (gc(), threads() <= before), 5000);
    console.log(JSON.stringify({ open, left: threads() - before }));`,
    { flags: ["-A", "--v8-flags=--expose-gc"] },
  );
  assert(seen.open > 0, `${seen.open} threads`);
  assert(seen.left === 0, `${seen.left} threads are left`);
});

Deno.test("Two demuxers and a remux side by side in each of two workers", async () => {
  const worker = `
    const count = async (name) => {
      await using demuxer = await Demuxer.open(slowReaderOf(fixtureBytes(name)), { bufferSize: 2048 });
      return (await Array.fromAsync(demuxer)).length;
    };
    const sink = new Collector();
    const slow = { onwrite: async (...args) => { await sleep(0); return sink.onwrite(...args); }, onseek: sink.onseek };
    const [first, second, { packets }] = await Promise.all([
      count("video.mkv"),
      count("video.ts"),
      remux(slowReaderOf(fixtureBytes("video.mp4")), slow, { format: "matroska", bufferSize: 2048 }),
    ]);
    postMessage([first, second, packets]);`;
  const counts = await answerOf<number[][]>(
    `const answers = Array.from({ length: 2 }, () => new Promise((resolve, reject) => {
      const worker = new Worker(new URL("./worker.ts", import.meta.url), { type: "module" });
      worker.onmessage = ({ data }) => (worker.terminate(), resolve(data));
      worker.onerror = reject;
    }));
    console.log(JSON.stringify(await Promise.all(answers)));`,
    { workers: { "worker.ts": worker } },
  );
  const expected = ["video.mkv", "video.ts", "video.mp4"].map((name) => rowsOf(fixtureBytes(name)).length);
  assertEquals(counts, [expected, expected]);
});
