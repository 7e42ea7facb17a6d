/**
 * The rules for I/O callbacks: the results that they may return, the arguments that they get, and how FFmpeg's errors
 * are reported. Each test is one rule, and fails without it.
 */
import {
  assert,
  assertEquals,
  assertExists,
  assertGreater,
  assertLessOrEqual,
  assertStrictEquals,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import {
  AVError,
  constants,
  Demuxer,
  type IOCallbacks,
  IOContext,
  MemorySink,
  Muxer,
  type MuxerOptions,
  probe,
  probeSync,
  remuxSync,
} from "@avio/avio";
import { withIndexFarBehind } from "./support/chunked.ts";
import { Collector, readerOf } from "./support/devices.ts";
import { hasFFprobe } from "./support/ffprobe.ts";
import { fixtureBytes, mediaFixtures } from "./support/fixtures.ts";
import { hashesByStream, rowsOf } from "./support/packets.ts";

const { SET, END, SIZE } = constants.seek;

/** A function that returns nested thenables, up to a limit: code that awaits each would not end. */
function endlessly<A extends unknown[], R>(then: (...args: A) => R): () => unknown {
  let left = 1000;
  return () => {
    if (left-- === 0) throw new Error("called for ever");
    return { then };
  };
}

/** Results that are not numbers are TypeErrors, impossible numbers are RangeErrors. */
const nonsense: [string, () => unknown, ErrorConstructor][] = [
  ["NaN", () => NaN, RangeError],
  ["Infinity", () => Infinity, RangeError],
  ["a fraction", () => 0.5, RangeError],
  ["2^53", () => 2 ** 53, RangeError],
  ["a bigint", () => 1n, TypeError],
  ["a string", () => "1", TypeError],
  ["a boolean", () => true, TypeError],
  ["an object", () => ({}), TypeError],
  ["a symbol", () => Symbol("x"), TypeError],
  ["a promise", () => Promise.resolve(1), TypeError],
  ["a promise that rejects", () => Promise.reject(new Error("late")), TypeError],
  ["a thenable", () => ({ then() {} }), TypeError],
  ["a thenable that answers at once", endlessly((done: (n: number) => void) => done(1)), TypeError],
];

const negativeOrTooMuch: typeof nonsense = [
  ["less than nothing", () => -1, RangeError],
  ["an AVERROR", () => constants.error.EOF, RangeError],
];

/** The thrown value; fails if nothing is thrown. */
function thrownBy(use: () => unknown): unknown {
  try {
    use();
  } catch (error) {
    return error;
  }
  throw new Error("Expected function to throw");
}

function checkFault(error: unknown, Expected: ErrorConstructor, callback: string, name: string): void {
  assert(error instanceof Expected, `${callback} answering ${name}: got ${error}`);
  assertStringIncludes((error as Error).message, callback);
  if (name.startsWith("a promise") || name.startsWith("a thenable")) {
    assertStringIncludes((error as Error).message, "async");
  }
}

/** A demuxer over callbacks that can be replaced, with how often they were called. */
function watched(name: string, bufferSize = 512) {
  const reader = readerOf(fixtureBytes(name));
  const device = { onread: reader.onread!, onseek: reader.onseek!, calls: 0 };
  const demuxer = Demuxer.openSync({
    onread: (buffer, size) => (device.calls++, device.onread(buffer, size)),
    onseek: (offset, whence) => (device.calls++, device.onseek(offset, whence)),
  }, { bufferSize });
  return { device, demuxer };
}

function drain(demuxer: Demuxer): number {
  let count = 0;
  while (demuxer.readSync()) count++;
  return count;
}

/** A muxer with the streams of video.mp4 and a function that writes its packets. */
function muxing(sink: IOCallbacks, options: MuxerOptions) {
  using demuxer = Demuxer.openSync(fixtureBytes("video.mp4"));
  const packets = [...demuxer.packetsSync()];
  const muxer = Muxer.openSync(sink, options);
  for (const stream of demuxer.streams) muxer.addStream(stream);
  return {
    muxer,
    packets,
    write: () => {
      for (const packet of packets) muxer.writeSync(packet);
    },
  };
}

// ------------------------------------------------------------------------------------------- results

for (const [name, end] of [["0", 0], ["null", null], ["undefined", undefined]] as const) {
  for (const format of ["video.mkv", "video.flv", "video.avi", "audio.wav", "video.ts", "faststart.mp4"]) {
    Deno.test(`onread ends the stream of ${format} with ${name}`, () => {
      const reader = readerOf(fixtureBytes(format));
      using demuxer = Demuxer.openSync({
        ...reader,
        onread: (buffer, size) => reader.onread!(buffer, size) || end,
      }, { bufferSize: 4096 });
      assertEquals(drain(demuxer), rowsOf(fixtureBytes(format)).length);
      assertEquals(demuxer.readSync(), null);
    });
  }
}

for (const [name, answer, Expected] of [...nonsense, ...negativeOrTooMuch]) {
  Deno.test(`onread returning ${name} is a ${Expected.name}, and the last call`, () => {
    const { device, demuxer } = watched("video.mkv");
    using _ = demuxer;
    device.onread = () => answer() as number;
    const error = thrownBy(() => drain(demuxer));
    checkFault(error, Expected, "onread", name);
    const { calls } = device;
    assertStrictEquals(thrownBy(() => drain(demuxer)), error);
    assertStrictEquals(thrownBy(() => demuxer.seekSync(0)), error);
    assertStrictEquals(thrownBy(() => demuxer.readSync()), error);
    assertEquals(device.calls, calls);
  });

  Deno.test(`onread returning ${name} is a ${Expected.name} of openSync and direct reading, too`, () => {
    const onread = () => answer() as number;
    checkFault(thrownBy(() => Demuxer.openSync({ onread })), Expected, "onread", name);
    checkFault(thrownBy(() => probeSync({ onread }, { format: "mp3" })), Expected, "onread", name);
    using io = new IOContext(16, { onread });
    checkFault(thrownBy(() => io.readSync(new Uint8Array(5))), Expected, "onread", name);
  });
}

Deno.test("onread returning more than was requested is a RangeError", () => {
  for (const more of [1, 1000, 2 ** 40]) {
    const { device, demuxer } = watched("video.mkv");
    using _ = demuxer;
    device.onread = (_buffer, size) => size + more;
    const error = thrownBy(() => drain(demuxer));
    checkFault(error, RangeError, "onread", "more");
    assertStrictEquals(thrownBy(() => drain(demuxer)), error);
  }
});

Deno.test("onread is called with the length of its buffer, which may exceed the I/O buffer", () => {
  const sizes: number[] = [];
  const reader = readerOf(new Uint8Array(100_000).fill(7));
  using io = new IOContext(64, {
    onread(buffer, size) {
      assertEquals(buffer.length, size);
      sizes.push(size);
      return reader.onread!(buffer, size);
    },
  });
  const into = new Uint8Array(50_000);
  assertEquals(io.readSync(into), 50_000);
  assertEquals(into.every((byte) => byte === 7), true);
  assertGreater(Math.max(...sizes), 64);
});

for (
  const [name, answer, Expected] of [...nonsense, ...negativeOrTooMuch, [
    "none",
    () => 0,
    RangeError,
  ]] as const
) {
  Deno.test(`onwrite returning ${name} is a ${Expected.name}, and the last call`, () => {
    let calls = 0;
    const { muxer, packets, write } = muxing({ onwrite: () => (calls++, answer() as number) }, {
      format: "mpegts",
      bufferSize: 512,
    });
    const error = thrownBy(write);
    checkFault(error, Expected, "onwrite", name);
    assertEquals(calls, 1);
    assertStrictEquals(thrownBy(() => muxer.writeSync(packets[0]!)), error);
    assertStrictEquals(thrownBy(() => muxer.flushSync()), error);
    assertStrictEquals(thrownBy(() => muxer.finishSync()), error);
    assertEquals(calls, 1);
  });

  Deno.test(`onwrite returning ${name} is a ${Expected.name} of remuxSync and direct writing, too`, () => {
    const onwrite = () => answer() as number;
    for (const format of ["matroska", "mpegts", "flv"]) {
      const use = () => remuxSync(fixtureBytes("video.mp4"), { onwrite }, { format });
      checkFault(thrownBy(use), Expected, "onwrite", name);
    }
    using io = new IOContext(16, { onwrite });
    checkFault(thrownBy(() => (io.writeSync(new Uint8Array(50)), io.flushSync())), Expected, "onwrite", name);
  });
}

Deno.test("onwrite returning more than it was passed is a RangeError", () => {
  const use = () =>
    remuxSync(fixtureBytes("video.mp4"), { onwrite: (bytes) => bytes.length + 1 }, { format: "mpegts" });
  checkFault(thrownBy(use), RangeError, "onwrite", "more");
});

Deno.test("onwrite whose promise settles later is not called again", async () => {
  let calls = 0;
  const answer = Promise.withResolvers<number>();
  const onwrite = () => (calls++, answer.promise);
  const use = () => remuxSync(fixtureBytes("video.mp4"), { onwrite }, { format: "mpegts" });
  assertThrows(use, TypeError, "onwrite");
  answer.resolve(1);
  await answer.promise;
  assertEquals(calls, 1);
});

Deno.test("onwrite is called again with the rest that it did not write", () => {
  const whole = new Collector();
  remuxSync(fixtureBytes("video.mp4"), whole, { format: "matroska" });
  for (const amount of [() => 1, (wanted: number, call: number) => Math.min(wanted, 1 + call % 7)]) {
    const sink = new Collector(amount);
    remuxSync(fixtureBytes("video.mp4"), sink, { format: "matroska" });
    assertEquals(sink.bytes().length, whole.bytes().length);
    assertEquals(rowsOf(sink.bytes().slice()), rowsOf(whole.bytes().slice()));
  }
});

for (
  const [name, answer, Expected] of [
    ...nonsense,
    ["nothing", () => undefined, TypeError],
    ["null", () => null, TypeError],
  ] as const
) {
  Deno.test(`onseek returning ${name} is a ${Expected.name}, and the last call`, () => {
    const { device, demuxer } = watched("video.mp4");
    using _ = demuxer;
    drain(demuxer);
    device.onseek = () => answer() as number;
    const error = thrownBy(() => {
      demuxer.seekSync(0);
      drain(demuxer);
    });
    checkFault(error, Expected, "onseek", name);
    const { calls } = device;
    assertStrictEquals(thrownBy(() => drain(demuxer)), error);
    assertStrictEquals(thrownBy(() => demuxer.seekSync(0)), error);
    assertEquals(device.calls, calls);
  });

  Deno.test(`onseek of a sink returning ${name} is a ${Expected.name}, not a broken file`, () => {
    const onseek = () => answer() as number;
    for (const format of ["mp4", "matroska", "avi", "flv"]) {
      const use = () =>
        remuxSync(fixtureBytes("video.mp4"), { onwrite() {}, onseek }, { format, bufferSize: 512 });
      checkFault(thrownBy(use), Expected, "onseek", name);
    }
  });
}

Deno.test("onseek returning another position is a failed seek", () => {
  const { device, demuxer } = watched("video.mp4");
  using _ = demuxer;
  drain(demuxer);
  device.onseek = (offset, whence) => whence === SET ? offset + 1 : -1;
  thrownBy(() => {
    demuxer.seekSync(0);
    drain(demuxer);
  });
});

// ------------------------------------------------------------------------------------------- seeking

Deno.test("onseek gets SET, SIZE and END, and offsets that are numbers; never FORCE, never CUR", () => {
  const seen = new Set<number>();
  const watch = (callbacks: IOCallbacks): IOCallbacks => ({
    ...callbacks,
    onseek(offset, whence) {
      assert(Number.isSafeInteger(offset), String(offset));
      seen.add(whence);
      return callbacks.onseek!(offset, whence);
    },
  });
  for (const name of mediaFixtures) {
    using demuxer = Demuxer.openSync(watch(readerOf(fixtureBytes(name))), { bufferSize: 512 });
    drain(demuxer);
    try {
      demuxer.seekSync(1);
      drain(demuxer);
    } catch (error) {
      assert(error instanceof AVError);
    }
  }
  for (const format of ["mp4", "matroska", "avi", "flv", "mpegts", "nut"]) {
    const { onwrite, onseek } = new Collector();
    remuxSync(fixtureBytes("video.mp4"), watch({ onwrite, onseek }), { format, bufferSize: 512 });
  }
  assertEquals([...seen].filter((whence) => ![SET, SIZE, END].includes(whence as 0)), []);
  assert(seen.has(SET) && seen.has(SIZE));
});

Deno.test("onseek is called with SIZE once while an input is opened, whatever its result", async () => {
  for (const name of mediaFixtures) {
    for (const result of [fixtureBytes(name).length, -1]) {
      const reader = readerOf(fixtureBytes(name));
      let calls = 0;
      const io: IOCallbacks = {
        ...reader,
        onseek(offset, whence) {
          if (whence !== SIZE) return reader.onseek!(offset, whence);
          calls++;
          return result;
        },
      };
      const info = probeSync(io);
      assertEquals([calls, info.size], [1, fixtureBytes(name).length], name);
      reader.onseek!(0, SET);
      assertEquals((await probe(io)).size, info.size, name);
      assertEquals(calls, 2, name);
    }
  }
});

Deno.test("onseek is called with SIZE again by each later call, since a file may grow", () => {
  let size = 1000;
  using io = new IOContext(16, {
    onread: () => 0,
    onseek: (offset, whence) => whence === SIZE ? size : offset,
  });
  assertEquals(io.sizeSync(), 1000);
  size = 2000;
  assertEquals(io.sizeSync(), 2000);
});

Deno.test("onseek without SIZE is called with END, and back", () => {
  for (const name of ["video.mp4", "video.mkv", "video.avi", "video.ts", "audio.ogg", "audio.mp3"]) {
    const bytes = fixtureBytes(name);
    const reader = readerOf(bytes);
    let ends = 0;
    using demuxer = Demuxer.openSync({
      ...reader,
      onseek(offset, whence) {
        if (whence === SIZE) return -1;
        if (whence === END) ends++;
        return reader.onseek!(offset, whence);
      },
    }, { bufferSize: 512 });
    assertEquals(drain(demuxer), rowsOf(bytes).length);
    if (name === "video.ts") assertGreater(ends, 0); // its duration is at the end
  }
  using io = new IOContext(16, {
    onread: () => 0,
    onseek: (offset, whence) => whence === END ? 1000 + offset : whence === SET ? offset : -1,
  });
  const size = io.sizeSync();
  assertExists(size);
  assertLessOrEqual(Math.abs(size - 1000), 1); // FFmpeg goes to the last byte and adds one
});

Deno.test("A source without onseek is read from start to end", () => {
  for (const name of mediaFixtures) {
    if (name === "video.mp4") continue; // its index is at the end
    const bytes = fixtureBytes(name);
    const source = readerOf(bytes, { seekable: false });
    using demuxer = Demuxer.openSync(source, { bufferSize: 4096 });
    const data = [...demuxer.packetsSync()].reduce((sum, packet) => sum + packet.data.length, 0);
    const expected = rowsOf(bytes).reduce((sum, row) => sum + row.size, 0);
    if (name === "video.avi") assertLessOrEqual(data, expected); // interleaving is by index there
    else assertEquals(data, expected, name);
  }
});

Deno.test("A long mp4 whose index is at the end, from a source without onseek, is an error that says so", () => {
  const source = () => readerOf(withIndexFarBehind(fixtureBytes("video.mp4")), { seekable: false });
  for (
    const use of [
      () => {
        using demuxer = Demuxer.openSync(source(), { bufferSize: 512 });
        drain(demuxer);
      },
      () => remuxSync(source(), new MemorySink(), { format: "mp4", input: { bufferSize: 512 } }),
      () => remuxSync(source(), new Collector(), { format: "matroska", input: { bufferSize: 512 } }),
    ]
  ) {
    const error = assertThrows(use, AVError, "not seekable");
    assertStringIncludes(error.message, "index");
  }
});

// ------------------------------------------------------------------------------------------- exceptions

/** Callbacks that throw at their call number `fatal`, and count. */
function throwingAt(fatal: number, callbacks: IOCallbacks, thrown: unknown) {
  const state = { calls: 0 };
  const guard = <A extends unknown[], R>(callback: (...args: A) => R) => (...args: A): R => {
    if (state.calls++ === fatal) throw thrown;
    return callback(...args);
  };
  const guarded: IOCallbacks = {};
  if (callbacks.onread) guarded.onread = guard(callbacks.onread);
  if (callbacks.onwrite) guarded.onwrite = guard(callbacks.onwrite);
  if (callbacks.onseek) guarded.onseek = guard(callbacks.onseek);
  return { state, guarded };
}

for (const name of mediaFixtures) {
  Deno.test(`Demuxer throws the exception of every callback that ${name} needs`, () => {
    for (let fatal = 0;; fatal++) {
      const thrown = new Error(`call ${fatal}`);
      const { state, guarded } = throwingAt(fatal, readerOf(fixtureBytes(name)), thrown);
      let caught: unknown;
      try {
        using demuxer = Demuxer.openSync(guarded, { bufferSize: 2048 });
        try {
          drain(demuxer);
        } catch (error) {
          assertStrictEquals(thrownBy(() => demuxer.readSync()), error);
          throw error;
        }
      } catch (error) {
        caught = error;
      }
      if (state.calls <= fatal) break; // there is no such call
      assertStrictEquals(caught, thrown, `call ${fatal}`);
      assertEquals(state.calls, fatal + 1);
    }
  });
}

for (const format of ["mp4", "matroska", "mpegts", "flv", "avi", "nut", "mov"]) {
  Deno.test(`remuxSync() throws the exception of every callback that writing ${format} needs`, () => {
    for (let fatal = 0;; fatal++) {
      const thrown = new Error(`call ${fatal}`);
      const { onwrite, onseek } = new Collector();
      const { state, guarded } = throwingAt(fatal, { onwrite, onseek }, thrown);
      let caught: unknown;
      try {
        remuxSync(fixtureBytes("video.mp4"), guarded, { format, bufferSize: 2048 });
      } catch (error) {
        caught = error;
      }
      if (state.calls <= fatal) break;
      assertStrictEquals(caught, thrown, `call ${fatal}`);
      assertEquals(state.calls, fatal + 1);
    }
  });
}

Deno.test("Demuxer.readSync() delivers the packets before the one whose callback threw", () => {
  const thrown = new Error("mine");
  const reader = readerOf(fixtureBytes("video.mkv"));
  let left = Infinity;
  using demuxer = Demuxer.openSync({
    ...reader,
    onread(buffer, size) {
      if (left-- === 0) throw thrown;
      return reader.onread!(buffer, size);
    },
  }, { bufferSize: 2048 });
  left = 3;
  let count = 0;
  assertStrictEquals(
    thrownBy(() => {
      while (demuxer.readSync()) count++;
    }),
    thrown,
  );
  assertGreater(count, 10);
});

Deno.test("An exception may be anything, null and undefined too", () => {
  for (const thrown of [null, undefined, 0, "text", Symbol("x")]) {
    let caught: unknown = "nothing";
    try {
      Demuxer.openSync({
        onread() {
          throw thrown;
        },
      });
    } catch (error) {
      caught = error;
    }
    assertStrictEquals(caught, thrown);
  }
});

// ------------------------------------------------------------------------------------------- muxing

function ffmpegDecodes(bytes: Uint8Array, extension: string): string {
  const path = Deno.makeTempFileSync({ suffix: `.${extension}` });
  try {
    Deno.writeFileSync(path, bytes);
    const { stderr } = new Deno.Command("ffmpeg", {
      args: ["-v", "error", "-i", path, "-f", "null", "-"],
      stdin: "null",
      stderr: "piped",
      stdout: "null",
    }).outputSync();
    return new TextDecoder().decode(stderr);
  } finally {
    Deno.removeSync(path);
  }
}

Deno.test({
  name: "remuxSync() from mp4 to mpegts is decodable: bitstream filters are added",
  ignore: !hasFFprobe,
  fn() {
    const sink = new Collector();
    remuxSync(fixtureBytes("video.mp4"), sink, { format: "mpegts" });
    assertEquals(ffmpegDecodes(sink.bytes(), "ts"), "");
    const other = new Collector();
    const { muxer, write } = muxing(other, { format: "mpegts" });
    write();
    muxer.finishSync();
    assertEquals(ffmpegDecodes(other.bytes(), "ts"), "");
  },
});

Deno.test("Small writes are combined, unless coalesce is false", () => {
  for (const format of ["mp4", "matroska", "mpegts", "flv"]) {
    const gathered = new Collector();
    remuxSync(fixtureBytes("video.mp4"), gathered, { format });
    const direct = new Collector();
    remuxSync(fixtureBytes("video.mp4"), direct, { format, coalesce: false });
    // At most a write for each key frame and each place that the trailer goes back to.
    assertLessOrEqual(gathered.writes, 25, format);
    assertGreater(direct.writes, 50, format);
    const [ours, theirs] = [direct, gathered].map((sink) => hashesByStream(rowsOf(sink.bytes().slice())));
    assertEquals(ours, theirs, format);
  }
});

for (const bufferSize of [64, 512, 1500, 4096, 16384, 65536]) {
  for (const fragments of ["frag_keyframe+empty_moov", "empty_moov"]) {
    Deno.test(`Fragmented mp4 (${fragments}) on a sink without onseek is right or an error, at ${bufferSize}`, () => {
      const sink = new Collector();
      const options = { movflags: `${fragments}+default_base_moof`, frag_duration: 100_000_000 };
      try {
        remuxSync(fixtureBytes("video.mp4"), { onwrite: sink.onwrite }, {
          format: "mp4",
          bufferSize,
          options,
        });
      } catch (error) {
        assert(error instanceof AVError);
        assertStringIncludes(error.message, "not seekable");
        assertLessOrEqual(bufferSize, 16384);
        return;
      }
      assertEquals(
        hashesByStream(rowsOf(sink.bytes().slice())),
        hashesByStream(rowsOf(fixtureBytes("video.mp4"))),
      );
    });
  }
}

Deno.test("A format that is patched at its start is an error on a sink without onseek", () => {
  const sink = new Collector();
  const use = () => remuxSync(fixtureBytes("video.mp4"), { onwrite: sink.onwrite }, { format: "mp4" });
  const error = assertThrows(use, AVError);
  assertStringIncludes(error.message, "seekable");
});

Deno.test("Output without onseek equals seekable output, or is an error", () => {
  for (const format of ["matroska", "flv", "avi", "mpegts", "nut"]) {
    for (const bufferSize of [512, 65536]) {
      const sink = new Collector();
      try {
        remuxSync(fixtureBytes("video.mp4"), { onwrite: sink.onwrite }, { format, bufferSize });
      } catch (error) {
        assert(error instanceof AVError, `${format}: ${error}`);
        assertStringIncludes(error.message, "seekable");
        continue;
      }
      assertEquals(rowsOf(sink.bytes().slice()).length, 206, `${format} ${bufferSize}`);
    }
  }
});

// ------------------------------------------------------------------------------------------- two calls at once

Deno.test("Demuxer.readSync() inside its own onread is busy, and the outer call goes on", () => {
  const { device, demuxer } = watched("video.mkv");
  using _ = demuxer;
  const { onread } = device;
  const errors: unknown[] = [];
  device.onread = (buffer, size) => {
    for (const use of [() => demuxer.readSync(), () => demuxer.seekSync(0)]) errors.push(thrownBy(use));
    return onread(buffer, size);
  };
  assertEquals(drain(demuxer), 206);
  assertGreater(errors.length, 0);
  for (const error of errors) {
    assert(error instanceof AVError);
    assertEquals(error.codeName, "EBUSY");
    assertStringIncludes(error.message, "busy");
  }
});

Deno.test("Muxer.writeSync() inside its own onwrite is busy, and the outer call goes on", () => {
  const sink = new Collector();
  const errors: unknown[] = [];
  const { muxer, packets, write } = muxing({
    onwrite(bytes, info) {
      for (const use of [() => muxer.writeSync(packets[0]!), () => muxer.flushSync()]) {
        errors.push(thrownBy(use));
      }
      return sink.onwrite(bytes, info);
    },
  }, { format: "mpegts", bufferSize: 4096 });
  write();
  muxer.finishSync();
  assertEquals(rowsOf(sink.bytes().slice()).length, 206);
  assertGreater(errors.length, 0);
  for (const error of errors) {
    assert(error instanceof AVError, String(error));
    assertEquals(error.codeName, "EBUSY");
    assertStringIncludes(error.message, "busy");
  }
});

Deno.test("IOContext used inside its own callback is busy, and the outer call goes on", () => {
  const reader = readerOf(fixtureBytes("video.mkv"));
  const errors: unknown[] = [];
  const io: IOContext = new IOContext(64, {
    ...reader,
    onread(buffer, size) {
      errors.push(thrownBy(() => io.readSync(new Uint8Array(5))));
      errors.push(thrownBy(() => Demuxer.openSync(io)));
      return reader.onread!(buffer, size);
    },
  });
  const into = new Uint8Array(100);
  assertEquals(io.readSync(into), 100);
  assertEquals(into, fixtureBytes("video.mkv").slice(0, 100));
  for (const error of errors) assertStringIncludes(String(error), "busy");
  assertEquals(io.readSync(into), 100);
  assertEquals(into, fixtureBytes("video.mkv").slice(100, 200));
  io.destroy();
});

Deno.test("Other sessions work inside a callback, also ones with callbacks and ones that fail", () => {
  const { device, demuxer } = watched("video.mkv", 4096);
  using _ = demuxer;
  const { onread } = device;
  let inner = 0;
  device.onread = (buffer, size) => {
    const source = readerOf(fixtureBytes("video.ts"));
    inner += probeSync({
      ...source,
      onread: (deep, asked) => (probeSync(fixtureBytes("audio.mp3")), source.onread!(deep, asked)),
    }, { bufferSize: 32768 }).streams.length;
    assertThrows(() => probeSync(new Uint8Array(100)), AVError);
    const thrown = new Error("inner");
    const failing = () =>
      probeSync({
        onread() {
          throw thrown;
        },
      });
    assertStrictEquals(thrownBy(failing), thrown);
    const sink = new MemorySink();
    remuxSync(fixtureBytes("video.flv"), sink, { format: "matroska" });
    assertGreater(sink.size, 1000);
    return onread(buffer, size);
  };
  assertEquals(drain(demuxer), 206);
  assertGreater(inner, 2);
});

// deno-lint-ignore no-explicit-any
type Any = any;

Deno.test("then() of a thenable is called once: a query of some databases is made by it", async () => {
  const reader = readerOf(fixtureBytes("video.mp4"));
  let reads = 0, calls = 0;
  const lazily = <T>(work: () => T) => ({
    then(resolve: (value: T) => void) {
      calls++;
      resolve(work());
    },
  });
  const source = {
    onread: (...given: Any[]) => (reads++, lazily(() => (reader as Any).onread(...given))),
    onseek: (...given: Any[]) => (reads++, lazily(() => (reader as Any).onseek(...given))),
  };
  assertEquals((await probe(source as Any)).streams.length, 2);
  assertEquals(calls, reads);
});
