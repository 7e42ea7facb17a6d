/**
 * IOContext: construction, properties, transfer, destroy, and direct I/O without a container.
 */
import {
  assert,
  assertEquals,
  assertGreater,
  assertInstanceOf,
  assertNotEquals,
  assertStrictEquals,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import {
  AVError,
  ClosedError,
  concat,
  concatSync,
  constants,
  Demuxer,
  type IOCallbacks,
  IOContext,
  keyFrames,
  MemorySink,
  Muxer,
  type Packet,
  probe,
  probeSync,
  remux,
  remuxSync,
} from "@avio/avio";
import { Collector, readerOf } from "./support/devices.ts";
import { wavOf } from "./support/file_server.ts";
import { fixtureBytes } from "./support/fixtures.ts";
import { bytesOf } from "./support/many_files.ts";

const { SET, CUR, END, SIZE, FORCE } = constants.seek;

/** Too far for FFmpeg to read forward instead of seeking. */
const FAR = 1e6;

/** 0, 1, 2, ... */
function counting(length: number): Uint8Array<ArrayBuffer> {
  return Uint8Array.from({ length }, (_, index) => index);
}

function readAll(io: IOContext, piece = 1000): Uint8Array {
  const parts: Uint8Array[] = [];
  const into = new Uint8Array(piece);
  for (let size; (size = io.readSync(into)) !== null;) parts.push(into.slice(0, size));
  return new Uint8Array(parts.flatMap((part) => [...part]));
}

function countPackets(demuxer: Demuxer): number {
  return [...demuxer.packetsSync()].length;
}

// ------------------------------------------------------------------------------------------- construction

Deno.test("IOContext() over bytes is readable and seekable, not writable", () => {
  using io = new IOContext(counting(10));
  assertEquals([io.readable, io.writable, io.seekable, io.destroyed], [true, false, true, false]);
  assertEquals(io.bufferSize, 65536);
});

Deno.test("IOContext() over callbacks has the abilities of its callbacks", () => {
  const onread = () => 0;
  const onwrite = () => {};
  const onseek = () => -1;
  const cases: [IOCallbacks, [boolean, boolean, boolean]][] = [
    [{}, [false, false, false]],
    [{ onread }, [true, false, false]],
    [{ onwrite }, [false, true, false]],
    [{ onread, onseek }, [true, false, true]],
    [{ onread, onwrite, onseek }, [true, true, true]],
  ];
  for (const [callbacks, expected] of cases) {
    using io = new IOContext(123, callbacks);
    assertEquals([io.readable, io.writable, io.seekable], expected);
    assertEquals(io.bufferSize, 123);
  }
});

Deno.test("IOContext() reads only a view's part of its buffer", () => {
  const bytes = counting(100);
  using view = new IOContext(bytes.subarray(10, 20));
  assertEquals(readAll(view), bytes.slice(10, 20));
  using whole = new IOContext(bytes.buffer);
  assertEquals(readAll(whole), bytes);
  using empty = new IOContext(new Uint8Array(0));
  assertEquals(empty.readSync(new Uint8Array(5)), null);
  assertEquals(empty.sizeSync(), 0);
});

Deno.test("IOContext() takes shared memory", () => {
  const shared = new Uint8Array(new SharedArrayBuffer(5));
  shared.set([1, 2, 3, 4, 5]);
  using io = new IOContext(shared);
  assertEquals(readAll(io), Uint8Array.of(1, 2, 3, 4, 5));
});

Deno.test("IOContext() sees bytes that are changed before they are read", () => {
  const bytes = counting(5);
  using io = new IOContext(bytes);
  bytes[0] = 99;
  assertEquals(readAll(io)[0], 99);
});

Deno.test("IOContext() calls the callbacks as methods of the object they came in", () => {
  const callbacks = {
    left: 3,
    onread(buffer: Uint8Array) {
      if (this.left === 0) return 0;
      buffer[0] = this.left--;
      return 1;
    },
  };
  using io = new IOContext(16, callbacks);
  assertEquals(readAll(io), Uint8Array.of(3, 2, 1));
});

Deno.test("IOContext() with a buffer of one byte works", () => {
  using io = new IOContext(1, readerOf(counting(300)));
  assertEquals(readAll(io, 7), counting(300));
  using demuxed = new IOContext(1, readerOf(fixtureBytes("audio.wav").subarray(0, 3000)));
  using demuxer = Demuxer.openSync(demuxed);
  assert(countPackets(demuxer) > 0);
});

// ------------------------------------------------------------------------------------------- transfer

Deno.test("IOContext.transfer() moves callbacks that were not used yet", () => {
  const io = new IOContext(100, readerOf(counting(50)));
  using other = io.transfer();
  assertEquals([io.destroyed, other.destroyed, other.bufferSize], [true, false, 100]);
  assertEquals([other.readable, other.writable, other.seekable], [true, false, true]);
  assertEquals(readAll(other), counting(50));
});

Deno.test("IOContext.transfer() moves buffered bytes and the position", () => {
  let calls = 0;
  const reader = readerOf(counting(50), { seekable: false });
  const io = new IOContext(50, { onread: (buffer, size) => (calls++, reader.onread!(buffer, size)) });
  io.readSync(new Uint8Array(10));
  assertEquals(calls, 1);
  using other = io.transfer();
  const into = new Uint8Array(10);
  assertEquals(other.readSync(into), 10);
  assertEquals(into, counting(50).slice(10, 20));
  assertEquals(calls, 1);
});

Deno.test("IOContext.transfer() moves bytes that were written and not flushed", () => {
  const sink = new Collector();
  const io = new IOContext(64, sink);
  io.writeSync(counting(10));
  assertEquals(sink.writes, 0);
  using other = io.transfer();
  io.destroy();
  other.flushSync();
  assertEquals(sink.bytes(), counting(10));
});

Deno.test("IOContext.transfer() moves bytes, and can be repeated", () => {
  using io = new IOContext(fixtureBytes("video.mp4")).transfer().transfer();
  assertEquals(probeSync(io).streams.length, 2);
});

Deno.test("IOContext.transfer() destroys the old context", () => {
  const io = new IOContext(100, { ...readerOf(counting(50)), onwrite() {} });
  using _other = io.transfer();
  for (
    const use of [
      () => io.transfer(),
      () => io.readSync(new Uint8Array(1)),
      () => io.writeSync(new Uint8Array(1)),
      () => io.seekSync(0),
      () => io.sizeSync(),
      () => io.flushSync(),
      () => Demuxer.openSync(io),
      () => Muxer.openSync(io, { format: "wav" }),
    ]
  ) {
    assertThrows(use, Error, "destroyed");
  }
});

Deno.test("IOContext.transfer() is refused while a Demuxer uses it", () => {
  using io = new IOContext(fixtureBytes("video.mp4"));
  using demuxer = Demuxer.openSync(io);
  assertThrows(() => io.transfer(), Error, "in use");
  assertEquals(io.destroyed, false);
  assertEquals(countPackets(demuxer), 206);
});

Deno.test("IOContext.transfer() of one whose Demuxer is closed goes on from there", () => {
  const io = new IOContext(fixtureBytes("video.mp4"));
  Demuxer.openSync(io)[Symbol.dispose]();
  using other = io.transfer();
  other.seekSync(0);
  assertEquals(probeSync(other).streams.length, 2);
});

// ------------------------------------------------------------------------------------------- destroy

Deno.test("IOContext.destroy() again does nothing", () => {
  const io = new IOContext(counting(5));
  io.readSync(new Uint8Array(2));
  io.destroy();
  io.destroy();
  io[Symbol.dispose]();
  assert(io.destroyed);
  assertThrows(() => io.readSync(new Uint8Array(2)), Error, "destroyed");
});

Deno.test("IOContext is destroyed by using", () => {
  let kept;
  {
    using io = new IOContext(counting(5));
    kept = io;
  }
  assert(kept.destroyed);
  const thrown = new Error("mine");
  assertStrictEquals(
    assertThrows(() => {
      using io = kept = new IOContext(counting(5));
      io.readSync(new Uint8Array(1));
      throw thrown;
    }),
    thrown,
  );
  assert(kept.destroyed);
});

Deno.test("IOContext.destroy() in use by a Demuxer waits until that closes", () => {
  const io = new IOContext(512, readerOf(fixtureBytes("video.mp4")));
  {
    using demuxer = Demuxer.openSync(io);
    io.destroy();
    assertEquals(countPackets(demuxer), 206);
    assertThrows(() => io.readSync(new Uint8Array(1)), Error);
  }
  assert(io.destroyed);
  assertThrows(() => io.readSync(new Uint8Array(1)), Error, "destroyed");
  assertThrows(() => Demuxer.openSync(io), Error, "destroyed");
});

Deno.test("IOContext.destroy() in use by a Muxer waits until that finishes", () => {
  const sink = new Collector();
  const io = new IOContext(512, sink);
  using muxer = Muxer.openSync(io, { format: "matroska" });
  using demuxer = Demuxer.openSync(fixtureBytes("video.mp4"));
  for (const stream of demuxer.streams) muxer.addStream(stream);
  io.destroy();
  for (const packet of demuxer.packetsSync()) muxer.writeSync(packet);
  muxer.finishSync();
  assertEquals(probeSync(sink.bytes().slice()).streams.length, 2);
  assertThrows(() => io.flushSync(), Error, "destroyed");
});

Deno.test("IOContext.destroy() inside its own onread ends the read with an error, no crash", () => {
  let calls = 0;
  const io: IOContext = new IOContext(64, {
    onread(buffer) {
      calls++;
      io.destroy();
      return buffer.length;
    },
  });
  const error = assertThrows(() => io.readSync(new Uint8Array(1000)), ClosedError);
  assertStringIncludes(error.message, "closed");
  assertEquals(calls, 1);
  assert(io.destroyed);
  assertThrows(() => io.readSync(new Uint8Array(1)), Error, "destroyed");
});

Deno.test("IOContext.destroy() inside its own onwrite and onseek is no crash either", () => {
  const writing: IOContext = new IOContext(16, { onwrite: () => writing.destroy() });
  assertThrows(() => writing.writeSync(counting(100)), Error, "closed");
  const seeking: IOContext = new IOContext(16, {
    onread: () => 0,
    onseek: (offset) => (seeking.destroy(), offset),
  });
  assertThrows(() => seeking.seekSync(FAR), Error, "closed");
  assert(writing.destroyed && seeking.destroyed);
});

Deno.test("IOContext.destroy() inside its onread during Demuxer.openSync() waits for the Demuxer", () => {
  const reader = readerOf(fixtureBytes("video.mp4"));
  const io: IOContext = new IOContext(512, {
    ...reader,
    onread(buffer, size) {
      io.destroy();
      return reader.onread!(buffer, size);
    },
  });
  {
    using demuxer = Demuxer.openSync(io);
    assertEquals(countPackets(demuxer), 206);
  }
  assertThrows(() => io.readSync(new Uint8Array(1)), Error, "destroyed");
});

Deno.test("IOContext.destroy() inside its onread during a failing Demuxer.openSync() is no crash", () => {
  const thrown = new Error("mine");
  const io: IOContext = new IOContext(512, {
    onread() {
      io.destroy();
      throw thrown;
    },
  });
  assertStrictEquals(assertThrows(() => Demuxer.openSync(io)), thrown);
  assertThrows(() => Demuxer.openSync(io), Error, "destroyed");
});

Deno.test("IOContext.destroy() inside its onread during Demuxer.readSync() waits for the Demuxer", () => {
  const reader = readerOf(fixtureBytes("video.mkv"));
  let destroying = false;
  const io: IOContext = new IOContext(512, {
    ...reader,
    onread(buffer, size) {
      if (destroying) io.destroy();
      return reader.onread!(buffer, size);
    },
  });
  {
    using demuxer = Demuxer.openSync(io);
    destroying = true;
    assertEquals(countPackets(demuxer), 206);
  }
  assert(io.destroyed);
});

Deno.test("Demuxer disposed inside its own onread ends the read with an error, no crash", () => {
  const reader = readerOf(fixtureBytes("video.mkv"));
  const opened: Demuxer[] = [];
  const demuxer = Demuxer.openSync({
    ...reader,
    onread(buffer, size) {
      opened[0]?.[Symbol.dispose]();
      return reader.onread!(buffer, size);
    },
  }, { bufferSize: 512 });
  opened.push(demuxer);
  assertThrows(() => countPackets(demuxer), Error, "closed");
  assertThrows(() => demuxer.readSync(), Error, "closed");
});

// ------------------------------------------------------------------------------------------- reading

Deno.test("IOContext.readSync() fills the array, up to the end of the source", () => {
  using io = new IOContext(16, readerOf(counting(50), { amount: () => 3 }));
  const into = new Uint8Array(20);
  assertEquals(io.readSync(into), 20);
  assertEquals(into, counting(20));
  assertEquals(io.readSync(into), 20);
  assertEquals(io.readSync(into), 10);
  assertEquals(io.readSync(into), null);
  assertEquals(io.readSync(into), null);
  assertEquals(io.readSync(new Uint8Array(0)), 0);
});

Deno.test("IOContext.readSync() into a view leaves what is around it alone", () => {
  using io = new IOContext(counting(50));
  const buffer = new Uint8Array(30).fill(255);
  assertEquals(io.readSync(buffer.subarray(10, 20)), 10);
  assertEquals(buffer.subarray(0, 10), new Uint8Array(10).fill(255));
  assertEquals(buffer.subarray(10, 20), counting(10));
  assertEquals(buffer.subarray(20), new Uint8Array(10).fill(255));
});

Deno.test("IOContext.readSync() throws the onread exception, then and later", () => {
  const thrown = { not: "an Error" };
  let calls = 0;
  using io = new IOContext(16, {
    onread() {
      calls++;
      throw thrown;
    },
  });
  for (let time = 0; time < 2; time++) {
    let caught: unknown;
    try {
      io.readSync(new Uint8Array(5));
    } catch (error) {
      caught = error;
    }
    assertStrictEquals(caught, thrown);
  }
  assertEquals(calls, 1);
});

Deno.test("IOContext.readSync() without onread, writeSync() without onwrite are clear errors", () => {
  using sink = new IOContext(16, { onwrite() {} });
  assertThrows(() => sink.readSync(new Uint8Array(1)), TypeError, "onread");
  using source = new IOContext(16, { onread: () => 0 });
  assertThrows(() => source.writeSync(new Uint8Array(1)), TypeError, "onwrite");
  using bytes = new IOContext(counting(5));
  assertThrows(() => bytes.writeSync(new Uint8Array(1)), TypeError);
  using nothing = new IOContext(16);
  for (const use of [() => nothing.seekSync(0), () => nothing.flushSync()]) assertThrows(use, Error);
  assertEquals(nothing.sizeSync(), null);
});

// ------------------------------------------------------------------------------------------- seeking

for (
  const [name, make] of [
    ["bytes", () => new IOContext(counting(100))],
    ["callbacks", () => new IOContext(16, readerOf(counting(100)))],
  ] as const
) {
  Deno.test(`IOContext.seekSync() over ${name} goes from the start, the position and the end`, () => {
    using io = make();
    const one = new Uint8Array(1);
    const byte = () => io.readSync(one) === null ? null : one[0];
    assertEquals(io.seekSync(50), 50);
    assertEquals(byte(), 50);
    assertEquals(io.seekSync(10, SET), 10);
    assertEquals(byte(), 10);
    assertEquals(io.seekSync(5, CUR), 16);
    assertEquals(byte(), 16);
    assertEquals(io.seekSync(-7, CUR), 10);
    assertEquals(byte(), 10);
    assertEquals(io.seekSync(-1, END), 99);
    assertEquals(byte(), 99);
    assertEquals(byte(), null);
    assertEquals(io.seekSync(0, END), 100);
    assertEquals(byte(), null);
    assertEquals(io.seekSync(3, SET | FORCE), 3);
    assertEquals(byte(), 3);
    assertEquals(io.seekSync(0, SIZE), 100);
    assertEquals(byte(), 4);
    assertEquals(io.sizeSync(), 100);
    assertEquals(byte(), 5);
  });
}

Deno.test("IOContext.seekSync() before the start fails, and the position stays", () => {
  using io = new IOContext(counting(100));
  io.seekSync(10);
  assertThrows(() => io.seekSync(-1), AVError, "seek");
  assertThrows(() => io.seekSync(-11, CUR), AVError);
  assertThrows(() => io.seekSync(-101, END), AVError);
  const one = new Uint8Array(1);
  io.readSync(one);
  assertEquals(one[0], 10);
});

Deno.test("IOContext.seekSync() throws the onseek exception", () => {
  const thrown = new Error("mine");
  using io = new IOContext(16, {
    onread: (buffer) => buffer.length,
    onseek() {
      throw thrown;
    },
  });
  assertStrictEquals(assertThrows(() => io.seekSync(FAR)), thrown);
  assertStrictEquals(assertThrows(() => io.readSync(new Uint8Array(1))), thrown);
});

Deno.test("IOContext.seekSync() fails where onseek can't, and reading continues", () => {
  using io = new IOContext(16, { ...readerOf(counting(100)), onseek: () => -1 });
  const one = new Uint8Array(1);
  io.readSync(one);
  assertThrows(() => io.seekSync(FAR), AVError, "seek");
  assertEquals(io.readSync(one), 1);
  assertEquals(one[0], 1);
});

Deno.test("IOContext.seekSync() reads forward to a near position", () => {
  const seeks: number[] = [];
  using io = new IOContext(16, { ...readerOf(counting(100)), onseek: (offset) => (seeks.push(offset), -1) });
  assertEquals(io.seekSync(50), 50);
  const one = new Uint8Array(1);
  io.readSync(one);
  assertEquals(one[0], 50);
  assertEquals(seeks, []);
});

Deno.test("IOContext.seekSync() beyond the end is an error or that position, nothing else", () => {
  using io = new IOContext(16, readerOf(counting(100), { seekable: false }));
  let position: number | undefined;
  try {
    position = io.seekSync(1000);
  } catch (error) {
    assertInstanceOf(error, AVError);
    assertEquals(error.codeName, "EOF");
    return;
  }
  assertEquals(position, 1000);
});

Deno.test("IOContext.sizeSync() is null if the size is unknown", () => {
  using io = new IOContext(16, readerOf(counting(100), { seekable: false }));
  assertEquals(io.sizeSync(), null);
  assertEquals(readAll(io), counting(100));
});

Deno.test("IOContext.sizeSync() is null where onseek can do neither SIZE nor END", () => {
  using io = new IOContext(16, {
    ...readerOf(counting(100)),
    onseek: (offset, whence) => whence === SET ? offset : -1,
  });
  assertEquals(io.sizeSync(), null);
});

// ------------------------------------------------------------------------------------------- writing

Deno.test("IOContext.writeSync() collects bytes in the buffer, flushSync() writes them", () => {
  const sink = new Collector();
  using io = new IOContext(64, sink);
  assertEquals(io.writeSync(counting(10)), 10);
  assertEquals(io.writeSync(counting(10)), 10);
  assertEquals(sink.writes, 0);
  io.flushSync();
  assertEquals(sink.bytes(), Uint8Array.of(...counting(10), ...counting(10)));
  assertEquals(sink.writes, 1);
  io.flushSync();
  assertEquals(sink.writes, 1);
});

Deno.test("IOContext.writeSync() writes more than the buffer, and after seeking back", () => {
  const sink = new Collector();
  using io = new IOContext(16, sink);
  io.writeSync(counting(200));
  io.seekSync(5);
  io.writeSync(Uint8Array.of(99));
  assertEquals(io.seekSync(0, END), 200);
  io.writeSync(Uint8Array.of(98));
  io.flushSync();
  const expected = Uint8Array.of(...counting(200), 98);
  expected[5] = 99;
  assertEquals(sink.bytes(), expected);
  assertEquals(io.sizeSync(), 201);
});

Deno.test("IOContext.writeSync() throws the onwrite exception at the latest when flushing", () => {
  const thrown = new Error("mine");
  using io = new IOContext(64, {
    onwrite() {
      throw thrown;
    },
  });
  io.writeSync(counting(10));
  assertStrictEquals(assertThrows(() => io.flushSync()), thrown);
  assertStrictEquals(assertThrows(() => io.writeSync(counting(10))), thrown);
});

Deno.test("IOContext.destroy() drops what was not flushed", () => {
  const sink = new Collector();
  const io = new IOContext(64, sink);
  io.writeSync(counting(10));
  io.destroy();
  assertEquals(sink.bytes().length, 0);
});

/** A file in memory, to be read and written. */
function file(): { content: number[]; callbacks: IOCallbacks } {
  const content: number[] = [];
  let position = 0;
  return {
    content,
    callbacks: {
      onread(buffer) {
        const size = Math.max(0, Math.min(buffer.length, content.length - position));
        for (let i = 0; i < size; i++) buffer[i] = content[position++]!;
        return size;
      },
      onwrite(buffer) {
        for (const byte of buffer) content[position++] = byte;
      },
      onseek(offset, whence) {
        return whence === SIZE
          ? content.length
          : position = whence === END ? content.length + offset : offset;
      },
    },
  };
}

Deno.test("IOContext for both directions keeps the first one used, and refuses the other", () => {
  const { content, callbacks } = file();
  using io = new IOContext(16, callbacks);
  io.writeSync(counting(40));
  const error = assertThrows(() => io.readSync(new Uint8Array(4)), TypeError);
  assertStringIncludes(error.message, "write");
  io.flushSync();
  assertEquals(content, [...counting(40)]);
  callbacks.onseek!(0, SET);
  using reading = new IOContext(16, callbacks);
  assertEquals(readAll(reading), counting(40));
  assertThrows(() => reading.writeSync(counting(1)), TypeError);
});

// ------------------------------------------------------------------------------------------- with a container

Deno.test("IOContext serves a second Demuxer after the first one closed", () => {
  for (
    const make of [
      () => new IOContext(fixtureBytes("video.mp4")),
      () => new IOContext(512, readerOf(fixtureBytes("video.mp4"))),
    ]
  ) {
    using io = make();
    for (let time = 0; time < 3; time++) {
      {
        using demuxer = Demuxer.openSync(io);
        assertEquals(countPackets(demuxer), 206);
      }
      assertEquals(io.seekSync(0), 0);
    }
    assertEquals(io.sizeSync(), fixtureBytes("video.mp4").length);
  }
});

for (const bufferSize of [64, 4096, 65536]) {
  Deno.test(`IOContext of ${bufferSize} bytes serves a Demuxer from its current position`, () => {
    const wav = fixtureBytes("audio.wav");
    const bytes = Uint8Array.of(...counting(100), ...wav);
    using io = new IOContext(bufferSize, readerOf(bytes, { seekable: false }));
    assertEquals(io.readSync(new Uint8Array(100)), 100);
    using demuxer = Demuxer.openSync(io);
    using expected = Demuxer.openSync(wav);
    assertEquals(demuxer.format.name, "wav");
    const data = (packets: Iterable<Packet>) => [...packets].flatMap((packet) => [...packet.data]);
    assertEquals(data(demuxer.packetsSync()), data(expected.packetsSync()));
  });
}

Deno.test("IOContext serves one Demuxer at a time", () => {
  using io = new IOContext(fixtureBytes("video.mp4"));
  using demuxer = Demuxer.openSync(io);
  assertThrows(() => Demuxer.openSync(io), Error, "in use");
  assertThrows(() => probeSync(io), Error, "in use");
  assertThrows(() => io.readSync(new Uint8Array(1)), Error, "in use");
  assertThrows(() => io.seekSync(0), Error, "in use");
  assertThrows(() => io.sizeSync(), Error, "in use");
  assertEquals(countPackets(demuxer), 206);
});

Deno.test("IOContext can't be source and sink of one remux", () => {
  const { content, callbacks } = file();
  content.push(...fixtureBytes("video.mp4"));
  using io = new IOContext(512, callbacks);
  assertThrows(() => remuxSync(io, io, { format: "matroska" }), Error, "in use");
  assertEquals(content.length, fixtureBytes("video.mp4").length);
});

Deno.test("IOContext can be used again after a Demuxer failed to open", () => {
  using io = new IOContext(bytesOf("no media. ".repeat(10)));
  const error = assertThrows(() => Demuxer.openSync(io));
  assertInstanceOf(error, AVError);
  assertEquals(io.destroyed, false);
  assertEquals(io.seekSync(0), 0);
  assertEquals(io.sizeSync(), 100);
});

for (const size of [100_000, 2_000_000]) { // copied at once, and piece by piece
  Deno.test(`IOContext over ${size} bytes goes on where it was read to, with a Demuxer and by itself`, async () => {
    const wav = wavOf(size);
    const bytes = new Uint8Array(1000 + size);
    bytes.set(wav, 1000);
    const io = new IOContext(bytes);
    assertEquals(io.readSync(new Uint8Array(1000)), 1000);
    {
      await using demuxer = await Demuxer.open(io);
      const first = (await demuxer.read())!;
      assertEquals(first.data, wav.subarray(44, 44 + first.data.length));
      await demuxer.seek(0);
      assertEquals((await demuxer.read())!.data, first.data);
    }
    const position = io.seekSync(0, CUR);
    const next = new Uint8Array(100);
    const count = io.readSync(next) ?? 0;
    assertEquals(next.subarray(0, count), bytes.subarray(position, position + 100));
  });
}

Deno.test("IOContext that was written to can't be read by a Demuxer", () => {
  const { callbacks } = file();
  using io = new IOContext(16, callbacks);
  io.writeSync(counting(5));
  assertThrows(() => Demuxer.openSync(io), TypeError, "write");
  using sink = new IOContext(16, { onwrite() {} });
  assertThrows(() => Demuxer.openSync(sink), TypeError, "onread");
  using source = new IOContext(16, { onread: () => 0 });
  assertThrows(() => Muxer.openSync(source, { format: "wav" }), TypeError, "onwrite");
});

Deno.test("IOContext gives a Muxer its buffer size, and continues after it", () => {
  const sink = new Collector();
  using io = new IOContext(4096, sink);
  remuxSync(fixtureBytes("video.mp4"), io, { format: "mpegts" });
  const size = sink.bytes().length;
  assertNotEquals(size, 0);
  io.writeSync(counting(3));
  io.flushSync();
  assertEquals(sink.bytes().subarray(size), counting(3));
});

// ------------------------------------------------------------------------------------------- used again

const usedBefore: Record<string, (io: IOContext) => unknown> = {
  "read by itself": (io) => (io.readSync(new Uint8Array(100)), io.seekSync(0)),
  "asked its size": (io) => io.sizeSync(),
  "demuxed": (io) => {
    Demuxer.openSync(io)[Symbol.dispose]();
    io.seekSync(0);
  },
  "demuxed, asynchronously": async (io) => {
    await (await Demuxer.open(io)).close();
    io.seekSync(0);
  },
  "handed on": (io) => (io.readSync(new Uint8Array(10)), io.seekSync(0)),
};

for (const [what, use] of Object.entries(usedBefore)) {
  Deno.test(`IOContext that was used before (${what}) is a source of concat, remux, split and probe`, async () => {
    const bytes = fixtureBytes("video.ts");
    for (const make of [() => new IOContext(bytes), () => new IOContext(4096, readerOf(bytes))]) {
      const used = async () => {
        const io = make();
        await use(io);
        return what === "handed on" ? io.transfer() : io;
      };
      const expected = new MemorySink();
      const { packets } = concatSync([bytes, bytes, bytes], expected, { format: "mpegts" });
      for (const run of [concatSync, concat]) {
        const sink = new MemorySink();
        const sources = [await used(), bytes, await used()];
        const result = await run(sources, sink, { format: "mpegts" });
        assertEquals([result.packets, sink.bytes()], [packets, expected.bytes()]);
        for (const io of [sources[0], sources[2]] as IOContext[]) {
          assertEquals(io.seekSync(0), 0); // theirs again
          io.destroy();
        }
      }
      using other = await used();
      assertEquals((await remux(other, new MemorySink(), { format: "mpegts" })).packets * 3, packets);
      using third = await used();
      assertEquals((await probe(third)).streams.length, 2);
    }
  });
}

for (const kind of ["bytes", "callbacks"]) {
  Deno.test(`IOContext over ${kind} can be used again after probe() has read a cover, and after keyFrames()`, async () => {
    const bytes = fixtureBytes("cover.mp3");
    const io = kind === "bytes" ? new IOContext(bytes) : new IOContext(4096, readerOf(bytes));
    for (let i = 0; i < 2; i++) {
      assertEquals((await probe(io)).covers.length, 1);
      io.seekSync(0, SET);
      assertGreater((await keyFrames(io, { end: 0.5 })).length, 0);
      io.seekSync(0, SET);
    }
  });
}
