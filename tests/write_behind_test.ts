/**
 * The session's thread continues while a sink is slow: the sink gets the same calls as in the sync API, in the same
 * order and one at a time; queued bytes are limited, and late errors are thrown.
 */
import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import {
  ClosedError,
  constants,
  Demuxer,
  type IOCallbacks,
  MemorySink,
  Muxer,
  type MuxerOptions,
  Packet,
  remux,
  remuxSync,
  type Sink,
  type Stream,
  type WriteInfo,
} from "@avio/avio";
import { promising, rejectionOf, sleep, soon } from "./support/async.ts";
import { CountedSource, wavOf } from "./support/chunked.ts";
import { Collector } from "./support/devices.ts";
import { fixtureBytes } from "./support/fixtures.ts";
import { md5 } from "./support/packets.ts";
import { answerOf } from "./support/script.ts";
import { eventually, settled } from "./support/threads.ts";

// -------------------------------------------------------------------------------------- the same calls

/** A sink that records every call, and checks that there is one at a time. */
class Recorder implements IOCallbacks {
  readonly calls: string[] = [];
  readonly sink = new Collector();
  #underWay = 0;

  readonly pause: () => Promise<void> | void;

  constructor(pause: () => Promise<void> | void = () => {}) {
    this.pause = pause;
  }

  onwrite = (buffer: Uint8Array<ArrayBuffer>, info: WriteInfo): number | Promise<number> => {
    this.calls.push(`write ${info.position}+${buffer.length} ${info.marker} ${info.time} ${md5(buffer)}`);
    return this.#respond(() => this.sink.onwrite(buffer, info)); // which checks the position
  };

  onseek = (offset: number, whence: number): number | Promise<number> => {
    this.calls.push(`seek ${offset} ${whence}`);
    return this.#respond(() => this.sink.onseek(offset, whence));
  };

  #respond(work: () => number): number | Promise<number> {
    assertEquals(this.#underWay++, 0, "a call before the one before had answered");
    const pause = this.pause();
    const end = () => (this.#underWay--, work());
    return pause ? pause.then(end) : end();
  }
}

interface Media {
  streams: readonly Stream[];
  packets: Packet[];
}

function mediaOf(name: string): Media {
  using demuxer = Demuxer.openSync(fixtureBytes(name));
  return { streams: [...demuxer.streams], packets: [...demuxer.packetsSync()] };
}

async function mux(media: Media, sink: Sink, options: MuxerOptions): Promise<void> {
  await using muxer = await Muxer.open(sink, options);
  for (const stream of media.streams) muxer.addStream(stream);
  for (const packet of media.packets) await muxer.write(packet);
  await muxer.finish();
}

function muxSync(media: Media, sink: Sink, options: MuxerOptions): void {
  using muxer = Muxer.openSync(sink, options);
  for (const stream of media.streams) muxer.addStream(stream);
  for (const packet of media.packets) muxer.writeSync(packet);
  muxer.finishSync();
}

const outputs = {
  mp4: "video.mp4",
  matroska: "video.mp4",
  mpegts: "video.mp4",
  flv: "video.mp4",
  ogg: "audio.ogg",
  wav: "audio.wav",
};

for (const [format, name] of Object.entries(outputs)) {
  Deno.test(`A sink of ${format} gets the same calls as in the sync API, one after the other`, async () => {
    const media = mediaOf(name);
    for (const more of [{ bufferSize: 700 }, { bufferSize: 700, coalesce: false }, {}]) {
      const options = { format, options: { fflags: "+bitexact" }, ...more };
      const expected = new Recorder();
      muxSync(media, expected, options);
      const expectedOfRemux = new Recorder();
      remuxSync(fixtureBytes(name), expectedOfRemux, options);
      let pauses = 0;
      const pause = () => pauses++ % 10 === 0 ? sleep(0) : pauses % 3 === 0 ? Promise.resolve() : undefined;
      for (const how of [undefined, pause]) {
        const muxed = new Recorder(how);
        await mux(media, muxed, options);
        assertEquals(muxed.calls, expected.calls);
        const remuxed = new Recorder(how);
        await remux(fixtureBytes(name), remuxed, options);
        assertEquals(remuxed.calls, expectedOfRemux.calls);
        assertEquals(remuxed.sink.bytes(), expectedOfRemux.sink.bytes());
      }
    }
  });
}

Deno.test("A file is written in larger pieces, and is the same", async () => {
  const source = wavOf(5e6);
  const path = await Deno.makeTempFile({ prefix: "avio-test-" });
  try {
    for (const format of ["matroska", "mov", "wav"]) {
      const options = { format, bufferSize: 5000, options: { fflags: "+bitexact" } };
      const expected = new MemorySink();
      remuxSync(source, expected, options);
      await remux(source, path, options);
      assertEquals(md5(await Deno.readFile(path)), md5(expected.bytes()), format);
    }
  } finally {
    await Deno.remove(path);
  }
});

// -------------------------------------------------------------------------------------- bounds

const PACKET_BYTES = 65536;

/** A muxer of samples, and its packets. */
async function pcmMuxer(
  sink: Sink,
  options: MuxerOptions = {},
): Promise<{ muxer: Muxer; write: (bytes?: number) => Promise<void> }> {
  const muxer = await Muxer.open(sink, { format: "matroska", bufferSize: 4096, ...options });
  muxer.addStream({ type: "audio", codec: "pcm_s16le", sampleRate: 48000, channels: 1 });
  let pts = 0;
  const write = (bytes = PACKET_BYTES) => {
    const data = new Uint8Array(bytes);
    const packet = new Packet({ streamIndex: 0, data, pts, dts: pts, timeBase: { num: 1, den: 48000 } });
    pts += bytes / 2;
    return muxer.write(packet);
  };
  return { muxer, write };
}

/** A sink whose writes return on request. */
class HeldSink implements IOCallbacks {
  asked = 0;
  taken = 0;
  readonly #gate = Promise.withResolvers<void>();

  onwrite = async (buffer: Uint8Array): Promise<void> => {
    this.asked++;
    await this.#gate.promise;
    this.taken += buffer.length;
  };

  open(): void {
    this.#gate.resolve();
  }
}

Deno.test("A pending sink holds back Muxer.write() after some megabytes", async () => {
  const sink = new HeldSink();
  const { muxer, write } = await pcmMuxer(sink);
  let bytes = 0;
  const writing = (async () => {
    while (bytes < 32 << 20) {
      await write();
      bytes += PACKET_BYTES;
    }
  })();
  const ended = rejectionOf(writing);
  await eventually(settled(() => bytes));
  assert(bytes < 4 << 20, `${bytes} bytes were accepted`);
  assertEquals(sink.asked, 1);
  await soon(muxer[Symbol.asyncDispose](), 1500);
  assert(await soon(ended) instanceof ClosedError);
  assertEquals(sink.asked, 1);
});

Deno.test("remux() reads no further ahead of a slow sink than some megabytes", async () => {
  for (const coalesce of [true, false]) {
    let written = 0;
    let most = 0;
    const source = new CountedSource(wavOf(12 << 20), 1 << 20, () => {
      most = Math.max(most, source.position - written);
    });
    const onwrite = async (buffer: Uint8Array) => {
      await Promise.resolve();
      written += buffer.length;
    };
    await remux(source.callbacks, { onwrite }, { format: "matroska", coalesce });
    assert(written > 12 << 20);
    assert(most < 3 << 20, `${most} bytes ahead`);
  }
});

Deno.test("remux() stops reading while the sink is pending", async () => {
  const source = new CountedSource(wavOf(12 << 20), 1 << 20);
  const sink = new HeldSink();
  const remuxing = remux(source.callbacks, sink, { format: "matroska" });
  assert(await eventually(() => sink.asked > 0, 20_000));
  await eventually(settled(() => source.calls));
  assert(source.position < 3 << 20, `${source.position} bytes were read`);
  assertEquals(sink.asked, 1);
  sink.open();
  const { bytesWritten } = await soon(remuxing);
  assertEquals(sink.taken, bytesWritten);
});

Deno.test("flush() and finish() wait until the sink has taken everything", async () => {
  const sink = new HeldSink();
  const { muxer, write } = await pcmMuxer(sink);
  for (let i = 0; i < 5; i++) await write(8000);
  let flushed = 0;
  const flushing = muxer.flush().then(() => flushed = sink.taken);
  await eventually(() => sink.asked > 0);
  assertEquals([flushed, sink.taken, sink.asked], [0, 0, 1]);
  sink.open();
  await soon(flushing);
  assert(flushed >= 4 * 8000, `${flushed} bytes`);
  await write(8000);
  await soon(muxer.finish());
  assert(sink.taken > 6 * 8000);
});

// -------------------------------------------------------------------------------------- errors

const calls: Record<string, (muxer: Muxer, write: () => Promise<void>) => Promise<void>> = {
  "write()": async (_, write) => {
    while (true) await write(); // the first ones may be accepted before the error is known
  },
  "flush()": (muxer) => muxer.flush(),
  "finish()": (muxer) => muxer.finish(),
};

for (const [how, call] of Object.entries(calls)) {
  Deno.test(`${how} rejects with the error of a late onwrite, and nothing more is written`, async () => {
    const error = new Error("disk full");
    const gate = Promise.withResolvers<void>();
    let late = 0;
    let started = false;
    const onwrite = async () => {
      if (!started) return;
      late++;
      await gate.promise;
      throw error;
    };
    const { muxer, write } = await pcmMuxer({ onwrite });
    await muxer.start();
    started = true;
    const writes = Array.from({ length: 4 }, () => write());
    await eventually(() => late > 0);
    gate.resolve();
    await soon(Promise.allSettled(writes));
    assertStrictEquals(await soon(rejectionOf(call(muxer, write))), error);
    if (how !== "finish()") assertStrictEquals(await soon(rejectionOf(muxer.finish())), error);
    await muxer[Symbol.asyncDispose]();
    assertEquals(late, 1);
  });
}

Deno.test("remux() rejects with the error of a late onwrite, and calls neither side again", async () => {
  const error = new Error("disk full");
  const source = new CountedSource(wavOf(12 << 20), 100_000);
  let writes = 0;
  let readsThen = 0;
  const onwrite = async () => {
    if (++writes < 3) return;
    await eventually(settled(() => source.calls));
    readsThen = source.calls;
    throw error;
  };
  assertStrictEquals(
    await soon(rejectionOf(remux(source.callbacks, { onwrite }, { format: "matroska" }))),
    error,
  );
  assertEquals([writes, source.calls], [3, readsThen]);
});

Deno.test("A failed seek after pending writes is the error of finish()", async () => {
  const error = new Error("no seek");
  const { onwrite } = new Collector();
  const onseek = (_offset: number, whence: number) =>
    whence === constants.seek.SIZE ? 0 : Promise.reject(error);
  const slow = promising({ onwrite, onseek } as IOCallbacks, () => sleep(0));
  const { muxer, write } = await pcmMuxer(slow, { format: "wav" });
  for (let i = 0; i < 3; i++) await write(8000);
  assertStrictEquals(await soon(rejectionOf(muxer.finish())), error);
});

Deno.test("An IOContext can be used after a Muxer that was closed with pending writes", async () => {
  const size = await answerOf<number>(
    `const gate = Promise.withResolvers();
    const written = [];
    let held = true;
    const io = new avio.IOContext(1024, { onwrite: (bytes) => {
      written.push(bytes.length);
      if (held) return gate.promise;
    } });
    const muxer = await Muxer.open(io, { format: "mpegts" });
    const demuxer = await Demuxer.open(fixtureBytes("video.mp4"));
    for (const stream of demuxer.streams) muxer.addStream(stream);
    for await (const packet of demuxer) await muxer.write(packet);
    const flushed = rejection(muxer.flush());
    await eventually(() => written.length > 0);
    muxer[Symbol.dispose]();
    await flushed;
    held = false;
    gate.resolve(); // late: no call waits for it
    await gate.promise;
    written.length = 0;
    io.writeSync(new Uint8Array(10));
    io.flushSync();
    console.log(written.reduce((sum, size) => sum + size, 0));`,
    { deadline: 10_000 },
  );
  assert(size >= 10, `${size} bytes`);
});

// -------------------------------------------------------------------------------------- memory

Deno.test("remux() of 300 MB uses constant memory", async () => {
  const seen = await answerOf<{ megabytes: number; written: number }>(
    `import { wavHeader } from "${new URL("./support/chunked.ts", import.meta.url)}";
    const CHUNK = new Uint8Array(1 << 20);
    const through = async (chunks) => {
      let left = chunks, written = 0;
      const source = new ReadableStream({
        start: (controller) => controller.enqueue(wavHeader()),
        pull: (controller) => left-- > 0 ? controller.enqueue(CHUNK) : controller.close(),
      });
      const sink = new WritableStream({ write: (chunk) => void (written += chunk.length) });
      await remux(source, sink, { format: "matroska" });
      return written;
    };
    await through(30); // what stays: code, heaps
    const before = residentMegabytes();
    let most = 0;
    const watch = setInterval(() => most = Math.max(most, residentMegabytes()), 5);
    const written = await through(300);
    clearInterval(watch);
    console.log(JSON.stringify({ megabytes: most - before, written }));`,
  );
  assert(seen.written > 300 << 20, `${seen.written} bytes`);
  assert(seen.megabytes < 60, `${seen.megabytes} MB`);
});
