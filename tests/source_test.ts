/**
 * Sources of the async API: the packets are the same from every kind of source, errors are those of the source, and
 * whoever opened a source closes it.
 */
import { assert, assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import { AVError, constants, Demuxer, IOContext, probe, probeSync, type Source } from "@avio/avio";
import { files } from "../io/files.ts";
import { chunksOf, promising, readRows, rejectionOf, sleep, soon, WatchedSource } from "./support/async.ts";
import { withIndexFarBehind } from "./support/chunked.ts";
import { longMatroska, temporaryFolder } from "./support/cli.ts";
import { amounts, readerOf, shortAmounts } from "./support/devices.ts";
import { concatBytes } from "./support/essence.ts";
import { fixtureBytes, fixturePath, mediaFixtures } from "./support/fixtures.ts";
import { hashesByStream, rowsOf } from "./support/packets.ts";
import { never } from "./support/threads.ts";

type Bytes = Uint8Array<ArrayBuffer>;

/** A byte stream, for BYOB readers. */
function byteStreamOf(bytes: Bytes, size: number): ReadableStream<Bytes> {
  const chunks = chunksOf(bytes, size);
  return new ReadableStream({
    type: "bytes",
    pull(controller) {
      const { value, done } = chunks.next();
      if (done) controller.close();
      else controller.enqueue(value);
    },
  });
}

async function* generatorOf(bytes: Bytes, size: number): AsyncGenerator<Bytes> {
  for (const chunk of chunksOf(bytes, size)) {
    await Promise.resolve();
    yield chunk;
  }
}

/** An iterable that is no generator, with empty chunks and views of other types in between. */
function iterableOf(bytes: Bytes): AsyncIterable<Uint8Array> {
  return {
    [Symbol.asyncIterator]() {
      const chunks = chunksOf(bytes, 5000);
      let calls = 0;
      const next = () => {
        if (calls++ % 3 === 0) return Promise.resolve({ value: new Uint8Array(0), done: false as const });
        const { value, done } = chunks.next();
        if (done) return Promise.resolve({ value: undefined, done: true as const });
        const other = calls % 3 === 0 ? new DataView(value.buffer) : value.buffer;
        return Promise.resolve({ value: other as unknown as Uint8Array, done: false as const });
      };
      return { next };
    },
  };
}

/** Fed by pushes that wait for room. */
function pushedStreamOf(bytes: Bytes): ReadableStream<Bytes> {
  const { writable, readable } = new TransformStream<Bytes, Bytes>();
  const push = async () => {
    const writer = writable.getWriter();
    for (const chunk of chunksOf(bytes, 3000)) await writer.write(chunk);
    await writer.close();
  };
  push().catch(() => {});
  return readable;
}

/** Fed by messages, as from a worker. */
async function* messagesOf(bytes: Bytes): AsyncGenerator<Bytes> {
  const { port1, port2 } = new MessageChannel();
  const arrived: (Bytes | null)[] = [];
  let wake = () => {};
  port2.onmessage = ({ data }) => {
    arrived.push(data);
    wake();
  };
  try {
    for (const chunk of chunksOf(bytes, 4000)) port1.postMessage(chunk, [chunk.buffer]);
    port1.postMessage(null);
    while (true) {
      while (arrived.length === 0) await new Promise<void>((resolve) => wake = resolve);
      const chunk = arrived.shift()!;
      if (chunk === null) return;
      yield chunk;
    }
  } finally {
    port1.close();
    port2.close();
  }
}

const seekable: Record<string, (name: string) => Source> = {
  path: fixturePath,
  "file: URL": (name) => new URL(`file://${fixturePath(name)}`),
  bytes: (name) => fixtureBytes(name),
  "a view in a larger buffer": (name) => {
    const whole = new Uint8Array(fixtureBytes(name).length + 20);
    whole.set(fixtureBytes(name), 7);
    return whole.subarray(7, -13);
  },
  ArrayBuffer: (name) => fixtureBytes(name).slice().buffer,
  Blob: (name) => new Blob([fixtureBytes(name)]),
  File: (name) => new File([fixtureBytes(name)], name),
  "callbacks that answer numbers": (name) => readerOf(fixtureBytes(name)),
  "callbacks that answer promises": (name) => promising(readerOf(fixtureBytes(name))),
  "callbacks that take a while": (name) =>
    promising(readerOf(fixtureBytes(name), { amount: (wanted) => Math.min(wanted, 20000) }), () => sleep(1)),
  ...Object.fromEntries(
    shortAmounts.filter((amount) => amount !== "1 byte").map((amount) => [
      `callbacks that promise short reads: ${amount}`,
      (name: string) => promising(readerOf(fixtureBytes(name), { amount: amounts[amount] })),
    ]),
  ),
  "IOContext with bytes": (name) => new IOContext(fixtureBytes(name)),
  "IOContext with callbacks": (name) => new IOContext(4096, promising(readerOf(fixtureBytes(name)))),
};

const forward: Record<string, (name: string) => Source> = {
  Response: (name) => new Response(fixtureBytes(name)),
  ReadableStream: (name) => new WatchedSource(chunksOf(fixtureBytes(name), 1000)).stream,
  "ReadableStream of one chunk": (name) => new Blob([fixtureBytes(name)]).stream(),
  "byte stream": (name) => byteStreamOf(fixtureBytes(name), 777),
  "async generator": (name) => generatorOf(fixtureBytes(name), 997),
  "async iterable with empty chunks and other views": (name) => iterableOf(fixtureBytes(name)),
  "TransformStream fed by pushes": (name) => pushedStreamOf(fixtureBytes(name)),
  "generator fed by a MessagePort": (name) => messagesOf(fixtureBytes(name)),
  "callbacks without onseek": (name) => promising(readerOf(fixtureBytes(name), { seekable: false })),
};

// -------------------------------------------------------------------------------------- same packets

for (const name of mediaFixtures) {
  Deno.test(`Demuxer.read() returns the same packets of ${name} from every source that can seek`, async () => {
    const rows = rowsOf(fixtureBytes(name));
    for (const [how, make] of Object.entries(seekable)) assertEquals(await readRows(make(name)), rows, how);
    using file = await Deno.open(fixturePath(name));
    assertEquals(await readRows(file), rows, "FsFile");
    assertEquals(await readRows(file), rows, "FsFile, again from its start");
  });

  if (name === "video.mp4") continue;
  Deno.test(`Demuxer.read() returns the same packets of ${name} from every source that can't seek`, async () => {
    const rows = rowsOf(readerOf(fixtureBytes(name), { seekable: false }), { bufferSize: 1 << 17 });
    for (const [how, make] of Object.entries(forward)) assertEquals(await readRows(make(name)), rows, how);
  });
}

/** Larger than what is copied at once, and read in other places than at the start. */
const large: Record<string, () => Bytes> = {
  "an mp4 with its index far behind": () => withIndexFarBehind(fixtureBytes("video.mp4")),
  "an mp4 with its index in the middle": () =>
    concatBytes([withIndexFarBehind(fixtureBytes("video.mp4")), new Uint8Array(1 << 20)]),
  "a Matroska file": () => longMatroska() as Bytes,
};

for (const [what, make] of Object.entries(large)) {
  Deno.test(`Demuxer.read() returns the same packets of ${what} from every source of its bytes`, async () => {
    const bytes = make();
    const rows = rowsOf(bytes);
    assert(rows.length > 10);
    using folder = temporaryFolder();
    Deno.writeFileSync(folder.path("large"), bytes);
    const sources: Record<string, () => Source> = {
      bytes: () => bytes,
      Blob: () => new Blob([bytes]),
      path: () => folder.path("large"),
      IOContext: () => new IOContext(bytes),
    };
    for (const [how, open] of Object.entries(sources)) {
      assertEquals(await readRows(open()), rows, how);
      assertEquals((await probe(open())).streams, probeSync(bytes).streams, `${how}, probed`);
    }
    assertEquals(rowsOf(bytes, { onopen: () => null }), rows, "bytes that are not lent");
  });

  Deno.test(`An IOContext over ${what} that was read from begins where it is`, async () => {
    const bytes = make();
    const rows = rowsOf(bytes);
    using io = new IOContext(bytes);
    assertEquals(io.readSync(new Uint8Array(100_000)), 100_000);
    assertEquals(io.seekSync(0, constants.seek.SET), 0);
    assertEquals(await readRows(io), rows);
    const prefix = 70_000;
    using behind = new IOContext(concatBytes([new Uint8Array(prefix), bytes]));
    assertEquals(behind.readSync(new Uint8Array(prefix)), prefix);
    assertEquals(hashesByStream(await readRows(behind)), hashesByStream(rows));
  });
}

Deno.test("Demuxer.read() returns the same packets of a source of single bytes", async () => {
  for (const name of ["audio.ogg", "anamorphic.webm"]) {
    const rows = rowsOf(fixtureBytes(name));
    const source = promising(readerOf(fixtureBytes(name), { amount: amounts["1 byte"] }));
    assertEquals(await readRows(source), rows, name);
    const stream = new WatchedSource(chunksOf(fixtureBytes(name), 1)).stream;
    assertEquals((await readRows(stream)).length, rows.length, name);
  }
});

// -------------------------------------------------------------------------------------- who can seek

Deno.test("Sources with seeking can seek, and short ones without it are read completely", async () => {
  const rows = rowsOf(fixtureBytes("video.mp4"));
  for (const [how, make] of Object.entries(seekable)) {
    await using demuxer = await Demuxer.open(make("video.mp4"));
    while (await demuxer.read());
    await demuxer.seek(0);
    assertEquals((await demuxer.read())!.pos, rows[0]!.pos, how);
    assertEquals((await probe(make("video.mp4"))).size, fixtureBytes("video.mp4").length, how);
  }
  for (const [how, make] of Object.entries(forward)) {
    assertEquals((await readRows(make("video.mp4"), { bufferSize: 4096 })).length, rows.length, how);
    assertEquals((await probe(make("faststart.mp4"))).size, null, how);
  }
});

Deno.test("A pipe is a file that can't seek", async () => {
  const child = new Deno.Command("cat", { args: [fixturePath("video.mkv")], stdout: "piped" }).spawn();
  assertEquals((await readRows(child.stdout)).length, rowsOf(fixtureBytes("video.mkv")).length);
  await child.status;
});

// -------------------------------------------------------------------------------------- who closes

/** Runs with `files.open` watched; how many files it opened and closed. */
async function watchingFiles(work: () => Promise<void>): Promise<{ opened: number; closed: number }> {
  const counts = { opened: 0, closed: 0 };
  const { open } = files;
  files.open = async (...args) => {
    const file = await open(...args);
    counts.opened++;
    const close = file.close.bind(file);
    file.close = () => {
      counts.closed++;
      close();
    };
    return file;
  };
  try {
    await work();
  } finally {
    files.open = open;
  }
  return counts;
}

const endings: Record<string, (path: string) => Promise<void>> = {
  "read to its end": async (path) => void await readRows(path),
  "closed early": async (path) => await (await Demuxer.open(path)).close(),
  "closed twice": async (path) => {
    const demuxer = await Demuxer.open(path);
    await Promise.all([demuxer.close(), demuxer.close()]);
    await demuxer.close();
  },
  disposed: async (path) => {
    using demuxer = await Demuxer.open(path);
    await demuxer.read();
  },
  "disposed asynchronously": async (path) => {
    await using demuxer = await Demuxer.open(path);
    await demuxer.read();
  },
  "closed while it is read": async (path) => {
    const demuxer = await Demuxer.open(path, { bufferSize: 512 });
    const reading = Promise.allSettled([demuxer.read(), demuxer.seek(1), demuxer.read()]);
    await demuxer.close();
    await reading;
  },
  "left by break": async (path) => {
    await using demuxer = await Demuxer.open(path);
    for await (const _packet of demuxer) break;
  },
  "not readable": async () => {
    await assertRejects(() => Demuxer.open(fixturePath("cut.mp4")), AVError);
  },
  "refused options": async (path) => {
    await assertRejects(() => Demuxer.open(path, { options: { nobody_knows_it: 1 } }), TypeError);
  },
  probed: async (path) => void await probe(path),
  "aborted while it is open": async (path) => {
    const controller = new AbortController();
    await using demuxer = await Demuxer.open(path, { signal: controller.signal });
    await demuxer.read();
    controller.abort();
  },
  "aborted while it is being opened": async (path) => {
    const controller = new AbortController();
    const reason = new Error("no longer");
    const { open } = files; // the one that counts
    files.open = async (...args) => {
      const file = await open(...args);
      controller.abort(reason);
      return file;
    };
    try {
      assertStrictEquals(await rejectionOf(Demuxer.open(path, { signal: controller.signal })), reason);
    } finally {
      files.open = open;
    }
  },
};

for (const [how, end] of Object.entries(endings)) {
  Deno.test(`A file that the library opened is closed once: ${how}`, async () => {
    const { opened, closed } = await watchingFiles(() => end(fixturePath("video.mp4")));
    assertEquals({ opened, closed }, { opened: 1, closed: 1 });
  });
}

Deno.test("A file of the caller stays open, whatever happens", async () => {
  using file = await Deno.open(fixturePath("video.mp4"));
  await readRows(file);
  await (await Demuxer.open(file)).close();
  await assertRejects(() => Demuxer.open(file, { format: "matroska" }), AVError);
  const controller = new AbortController();
  const demuxer = await Demuxer.open(file, { signal: controller.signal });
  controller.abort();
  await demuxer.close();
  assertEquals(await file.seek(0, Deno.SeekMode.Start), 0);
  assertEquals(await file.read(new Uint8Array(8)), 8);
});

Deno.test("A closed file of the caller is an error of its own", async () => {
  const file = await Deno.open(fixturePath("video.mp4"));
  file.close();
  await assertRejects(() => Demuxer.open(file), Deno.errors.BadResource);
});

// -------------------------------------------------------------------------------------- streams

Deno.test("A stream that was read to its end is not cancelled, and its lock released", async () => {
  const source = new WatchedSource(chunksOf(fixtureBytes("video.mkv"), 4000));
  await readRows(source.stream);
  assertEquals(source.cancelled, []);
  assertEquals(source.stream.locked, false);
});

Deno.test("A stream is cancelled when the reader closes early, and its lock released", async () => {
  const source = new WatchedSource(chunksOf(fixtureBytes("video.mkv"), 4000));
  const demuxer = await Demuxer.open(source.stream, { bufferSize: 1024 });
  assert(source.stream.locked);
  await demuxer.close();
  assertEquals(source.cancelled, [undefined]);
  assertEquals(source.stream.locked, false);
});

Deno.test("A stream is cancelled with the reader's error", async () => {
  const noise = new Uint8Array(200000).map((_, i) => (i * 7919) >> 3);
  const source = new WatchedSource(chunksOf(noise, 1000));
  const error = await rejectionOf(Demuxer.open(source.stream, { format: "matroska" }));
  assert(error instanceof AVError, String(error));
  assertEquals(source.cancelled.length, 1);
  assertStrictEquals(source.cancelled[0], error);
  assertEquals(source.stream.locked, false);
});

Deno.test("A stream is cancelled with the reason of an abort, even while it is stalled", async () => {
  const reason = new Error("no longer");
  const controller = new AbortController();
  const cancelled: unknown[] = [];
  const reached = Promise.withResolvers<void>();
  const stream = new ReadableStream<Uint8Array>({
    pull: () => (reached.resolve(), never()),
    cancel: (why) => void cancelled.push(why),
  }, { highWaterMark: 0 });
  const opening = rejectionOf(Demuxer.open(stream, { signal: controller.signal }));
  await soon(reached.promise);
  controller.abort(reason);
  assertStrictEquals(await soon(opening), reason);
  assertEquals(cancelled.length, 1);
  assertStrictEquals(cancelled[0], reason);
});

Deno.test("A stalled stream is a TimeoutError", async () => {
  const cancelled: unknown[] = [];
  const stream = new ReadableStream<Uint8Array>({ cancel: (why) => void cancelled.push(why) });
  const error = await soon(rejectionOf(Demuxer.open(stream, { timeout: 30 })));
  assert(error instanceof DOMException && error.name === "TimeoutError", String(error));
  assertEquals(cancelled, [error]);
});

Deno.test("A stream that is locked, or a Response that was read, is a TypeError", async () => {
  const { stream } = new WatchedSource([]);
  stream.getReader();
  await assertRejects(() => Demuxer.open(stream), TypeError, "locked");
  const response = new Response(fixtureBytes("audio.wav"));
  await response.bytes();
  await assertRejects(() => Demuxer.open(response), TypeError);
  await assertRejects(() => Demuxer.open(new Response(null)), TypeError, "without a body");
});

/** Sources that return a part of a file, and then the error. */
const failing: Record<string, (bytes: Bytes, error: unknown) => Source> = {
  ReadableStream: (bytes, error) => new WatchedSource(chunksOf(bytes, 1000), { error }).stream,
  "async generator": async function* (bytes, error) {
    yield* chunksOf(bytes, 1000);
    throw error;
  },
  Response: (bytes, error) => new Response(new WatchedSource(chunksOf(bytes, 1000), { error }).stream),
  TransformStream: (bytes, error) =>
    new WatchedSource(chunksOf(bytes, 1000), { error }).stream.pipeThrough(new TransformStream()),
};

for (const name of mediaFixtures) {
  if (name === "video.mp4") continue;
  Deno.test(`A source of ${name} that fails midway: its error is thrown unchanged, never the end`, async () => {
    const bytes = fixtureBytes(name);
    for (const part of [0, 0.1, 0.5, 0.9, 1]) {
      for (const [how, make] of Object.entries(failing)) {
        const error = new Error("broken off");
        const source = make(bytes.slice(0, Math.floor(bytes.length * part)), error);
        const found = await readRows(source).then(() => "a quiet end", (why) => why);
        assertStrictEquals(found, error, `${how}, ${part}: ${String(found)}`);
      }
    }
  });
}

Deno.test("A source that ends early has the packets before its end", async () => {
  const bytes = fixtureBytes("video.mkv");
  const half = bytes.slice(0, bytes.length >> 1);
  const rows = rowsOf(readerOf(half, { seekable: false }));
  assert(rows.length > 10);
  assertEquals(await readRows(new Blob([half]).stream()), rows);
  assertEquals(await readRows(generatorOf(half, 100)), rows);
  for (const empty of [new Blob([]), new Blob([]).stream(), generatorOf(new Uint8Array(0), 1)]) {
    await assertRejects(() => Demuxer.open(empty), AVError);
  }
});

Deno.test("Chunks that are not bytes are a TypeError, and the stream is cancelled with it", async () => {
  for (const chunk of ["text", 7, null, [1, 2], { length: 3 }]) {
    const cancelled: unknown[] = [];
    const stream = new ReadableStream({
      pull: (controller) => controller.enqueue(chunk),
      cancel: (why) => void cancelled.push(why),
    });
    const error = await rejectionOf(Demuxer.open(stream));
    assert(error instanceof TypeError && error.message.startsWith("source: "), String(error));
    assertEquals(cancelled.length, 1);
    assertStrictEquals(cancelled[0], error);
  }
});

// -------------------------------------------------------------------------------------- iterables

/** A generator that records how it ended. */
function watchedGenerator(bytes: Bytes, end: () => void | Promise<void> = () => {}) {
  const counted = { returned: 0 };
  async function* generate() {
    try {
      yield* chunksOf(bytes, 2000);
    } finally {
      counted.returned++;
      await end();
    }
  }
  return { counted, generator: generate() };
}

Deno.test("An iterable's return() is called when the reader closes early or fails, and close() waits for it", async () => {
  let ended = false;
  const { counted, generator } = watchedGenerator(fixtureBytes("video.mkv"), async () => {
    await sleep(20); // less than close() gives it
    ended = true;
  });
  const demuxer = await Demuxer.open(generator, { bufferSize: 1024 });
  assertEquals(counted.returned, 0);
  await demuxer.close();
  assertEquals(counted.returned, 1);
  assert(ended);

  const wrong = watchedGenerator(fixtureBytes("video.mkv"));
  await assertRejects(() => Demuxer.open(wrong.generator, { options: { nobody_knows_it: 1 } }), TypeError);
  assertEquals(wrong.counted.returned, 1);
});

Deno.test("The return() of an iterable that was read to its end is not called", async () => {
  let returned = 0;
  const chunks = chunksOf(fixtureBytes("video.mkv"), 4000);
  const iterator = {
    next: () => Promise.resolve(chunks.next()),
    return: () => {
      returned++;
      return Promise.resolve({ value: undefined, done: true as const });
    },
  };
  await readRows({ [Symbol.asyncIterator]: () => iterator });
  assertEquals(returned, 0);
});

Deno.test("An exception of an iterable's return() is not an unhandled rejection", async () => {
  const { generator } = watchedGenerator(fixtureBytes("video.mkv"), () => {
    throw new Error("while returning");
  });
  const demuxer = await Demuxer.open(generator, { bufferSize: 1024 });
  await demuxer.close(); // an unhandled rejection would be this test's failure
});

Deno.test("A pending iterable does not block close() or an abort", async () => {
  const reached = Promise.withResolvers<void>();
  const next = () => (reached.resolve(), never<IteratorResult<Uint8Array>>());
  const silent = { [Symbol.asyncIterator]: () => ({ next }) };
  const reason = new Error("no longer");
  const controller = new AbortController();
  const opening = rejectionOf(Demuxer.open(silent, { signal: controller.signal }));
  await soon(reached.promise);
  controller.abort(reason);
  assertStrictEquals(await soon(opening), reason);
});

// -------------------------------------------------------------------------------------- IOContext

Deno.test("An IOContext can be used after the Demuxer, from where that left it", async () => {
  using io = new IOContext(4096, readerOf(fixtureBytes("video.mkv")));
  assertEquals((await readRows(io)).length, 206);
  io.seekSync(0);
  assertEquals((await readRows(io)).length, 206);
});

Deno.test("Offsets and whence of promised seeks are those of the sync API", async () => {
  const seen = new Set<number>();
  const { onread, onseek } = readerOf(fixtureBytes("video.mp4"));
  const rows = await readRows({
    onread: onread!,
    onseek: async (offset, whence) => {
      seen.add(whence);
      await Promise.resolve();
      return onseek!(offset, whence);
    },
  });
  assertEquals(rows, rowsOf(fixtureBytes("video.mp4")));
  const { SET, END, SIZE } = constants.seek;
  for (const whence of seen) assert([SET, END, SIZE].includes(whence as 0), `whence ${whence}`);
});
