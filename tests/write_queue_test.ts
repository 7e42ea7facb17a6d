/**
 * Packets that a Muxer has accepted: each is in the output when `finish()` resolves, or it rejects; in the order of the
 * calls of both APIs; as they were when they were accepted.
 */
import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertMatch,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import {
  AVError,
  ClosedError,
  Demuxer,
  type IOCallbacks,
  MemorySink,
  Muxer,
  outputFormats,
  type Packet,
  type PacketInit,
  remux,
  remuxSync,
} from "@avio/avio";
import { rejectionOf, soon } from "./support/async.ts";
import { Collector } from "./support/devices.ts";
import { fixtureBytes } from "./support/fixtures.ts";
import { Gate } from "./support/gate.ts";

const formats = ["mpegts", "matroska", "mp4", "nut"];
const timeBase = { num: 1152, den: 44100 };
const parameters = { type: "audio", codec: "mp3", sampleRate: 44100, channels: 2 } as const;

/** The coded data of mp3 frames. */
const frames: Uint8Array[] = (() => {
  using demuxer = Demuxer.openSync(fixtureBytes("audio.mp3"));
  return [...demuxer.packetsSync()].map(({ data }) => data);
})();

function packet(at: number, init: Partial<PacketInit> = {}): PacketInit {
  return { streamIndex: 0, data: frames[at]!, pts: at, dts: at, timeBase, isKey: true, ...init };
}

/** The frames in an output, as numbers. */
function framesIn(bytes: Uint8Array): number[] {
  using demuxer = Demuxer.openSync(bytes as Uint8Array<ArrayBuffer>);
  const text = (data: Uint8Array) => data.join();
  const known = frames.map(text);
  return [...demuxer.packetsSync()].map(({ data }) => known.indexOf(text(data)));
}

const counted = (count: number) => Array.from({ length: count }, (_, i) => i);

async function openMuxer(sink: MemorySink | IOCallbacks, format: string): Promise<Muxer> {
  const muxer = await Muxer.open(sink, { format });
  muxer.addStream(parameters);
  return muxer;
}

// ------------------------------------------------------------------------------------------- nothing is lost

for (const format of formats) {
  Deno.test(`${format}: a refused packet ends the Muxer, even if others were accepted after it`, async () => {
    for (const refused of [1, 5, 20]) {
      for (const isAwaited of [true, false]) {
        await using muxer = await openMuxer(new MemorySink(), format);
        const errors = new Set<unknown>();
        const write = async (at: number, init?: Partial<PacketInit>) => {
          const writing = muxer.write(packet(at, init)).catch((error) => void errors.add(error));
          if (isAwaited) await writing;
        };
        for (const at of counted(refused)) await write(at);
        await write(refused, { pts: 0, dts: 0 - (refused > 1 ? 0 : 1) }); // not later than the one before
        for (const at of [21, 22, 23]) await write(at);
        const error = await rejectionOf(muxer.finish());
        assertInstanceOf(error as Error, AVError);
        for (const thrown of errors) assertStrictEquals(thrown, error);
        const later = [
          () => muxer.write(packet(24)),
          () => muxer.flush(),
          () => muxer.start(),
          () => muxer.finish(),
        ];
        for (const call of later) assertStrictEquals(await rejectionOf(call()), error);
        for (const call of [() => muxer.writeSync(packet(25)), () => muxer.finishSync()]) {
          assertStrictEquals(assertThrows(call), error);
        }
      }
    }
  });

  Deno.test(`${format}: write() after finish() is a ClosedError, and earlier packets are in the output`, async () => {
    for (const isAwaited of [true, false]) {
      const sink = new MemorySink();
      await using muxer = await openMuxer(sink, format);
      for (const at of counted(20)) {
        const writing = muxer.write(packet(at));
        if (isAwaited) await writing;
      }
      const finishing = muxer.finish();
      assertInstanceOf(await rejectionOf(muxer.write(packet(20))) as Error, ClosedError);
      assertInstanceOf(await rejectionOf(muxer.flush()) as Error, ClosedError);
      assertThrows(() => muxer.writeSync(packet(20)), ClosedError);
      await finishing;
      assertEquals(framesIn(sink.bytes()), counted(20));
    }
  });

  Deno.test(`${format}: sync calls after writes that are not awaited are busy, and nothing is lost`, async () => {
    const sink = new MemorySink();
    await using muxer = await openMuxer(sink, format);
    for (const at of counted(20)) muxer.write(packet(at));
    const calls = [
      () => muxer.finishSync(),
      () => muxer.flushSync(),
      () => muxer.startSync(),
      () => muxer.writeSync(packet(30)),
    ];
    for (const call of calls) assertEquals(assertThrows(call, AVError).codeName, "EBUSY");
    await muxer.finish();
    assertEquals(framesIn(sink.bytes()), counted(20));
  });

  Deno.test(`${format}: writes of both APIs are in the order of the calls`, async () => {
    const sink = new MemorySink();
    await using muxer = await openMuxer(sink, format);
    for (const at of counted(20)) {
      if (at % 3 === 0) muxer.writeSync(packet(at));
      else muxer.write(packet(at));
      if (at % 3 === 2) await muxer.flush();
    }
    await muxer.finish();
    assertEquals(framesIn(sink.bytes()), counted(20));
  });
}

for (const format of ["mpegts", "nut"]) {
  Deno.test(`${format}: a write() in a callback of a sync call is written after that call's packets`, async () => {
    const sink = new Collector();
    const gate = new Gate();
    using muxer = Muxer.openSync(gate.wrap(sink), { format, coalesce: false });
    muxer.addStream(parameters);
    muxer.startSync();
    let writing: Promise<void> | null = null;
    gate.within(() => writing = muxer.write(packet(1)));
    muxer.writeSync(packet(0));
    assert(writing);
    await writing;
    for (const at of [2, 3]) await muxer.write(packet(at));
    await muxer.finish();
    assertEquals(framesIn(sink.bytes().slice()), counted(4));
  });
}

Deno.test("finish() waits for packets that a slow sink has not taken, and they are in order", async () => {
  const sink = new Collector();
  const gate = new Gate();
  const muxer = await Muxer.open(gate.wrap(sink), { format: "nut", coalesce: false, bufferSize: 512 });
  muxer.addStream(parameters);
  gate.close();
  for (const at of counted(40)) muxer.write(packet(at));
  let isFinished = false;
  const finishing = muxer.finish().then(() => isFinished = true);
  await soon(gate.reached);
  assert(!isFinished);
  gate.open();
  await soon(finishing);
  assertEquals(framesIn(sink.bytes().slice()), counted(40));
});

Deno.test("Packets accepted while another write is pending are written without a further call", async () => {
  const gate = new Gate();
  let written = 0;
  const all = Promise.withResolvers<void>();
  const onwrite = ({ length }: Uint8Array) => {
    written += length;
    if (written === 4000) all.resolve();
    return length;
  };
  await using muxer = await Muxer.open(gate.wrap({ onwrite }), { format: "s16le", coalesce: false });
  muxer.addStream({ type: "audio", codec: "pcm_s16le", sampleRate: 48000, channels: 1 });
  const write = (pts: number) => muxer.write({ streamIndex: 0, data: new Uint8Array(1000), pts, dts: pts });
  gate.close();
  await write(0);
  await soon(gate.reached);
  for (const pts of [1, 2, 3]) await write(pts);
  gate.open();
  await soon(all.promise);
});

Deno.test("readSync() does not overtake a read() that is not awaited", async () => {
  for (const source of [fixtureBytes("audio.mp3"), new Blob([fixtureBytes("audio.mp3")])]) {
    await using demuxer = await Demuxer.open(source);
    const reading = [demuxer.read(), demuxer.read()];
    try {
      const third = demuxer.readSync()!;
      assertEquals(third.data, frames[2]); // what was there already is given at once
    } catch (error) {
      assertEquals((error as AVError).codeName, "EBUSY");
    }
    const [first, second] = await Promise.all(reading);
    assertEquals([first!.data, second!.data], [frames[0], frames[1]]);
  }
});

// ------------------------------------------------------------------------------------------- the error of the header

const ways = ["sync", "async"] as const;

for (const way of ways) {
  for (const name of ["onwrite", "onseek"] as const) {
    Deno.test(`After a header that failed (${way}) every call throws the exception of ${name}`, async () => {
      const mine = new Error("mine");
      const fail = () => {
        throw mine;
      };
      const sink = { ...new Collector(), [name]: fail } as IOCallbacks;
      const options = { format: name === "onseek" ? "mp4" : "matroska", bufferSize: 64 };
      await using muxer = way === "sync" ? Muxer.openSync(sink, options) : await Muxer.open(sink, options);
      muxer.addStream(parameters);
      const calls = way === "sync"
        ? [
          () => muxer.startSync(),
          () => muxer.writeSync(packet(0)),
          () => muxer.flushSync(),
          () => muxer.finishSync(),
        ]
        : [
          () => muxer.start(),
          () => muxer.write(packet(0)),
          () => muxer.flush(),
          () => muxer.finish(),
        ];
      let first: unknown;
      try {
        await calls[0]!();
        if (name === "onwrite") await (way === "sync" ? muxer.flushSync() : muxer.flush());
        await (way === "sync" ? muxer.finishSync() : muxer.finish());
      } catch (error) {
        first = error;
      }
      assertStrictEquals(first, mine);
      for (const call of calls) assertStrictEquals(await rejectionOf((async () => await call())()), mine);
    });
  }
}

for (const way of ways) {
  Deno.test(`After a header that FFmpeg refused (${way}) every call throws the same error, and it is not retried`, async () => {
    for (const options of [{}, { options: { no_such_option: 1 } }]) {
      const onwrite = ({ length }: Uint8Array) => length;
      await using muxer = await Muxer.open({ onwrite }, { format: "mp4", ...options }); // which must be seekable
      muxer.addStream(parameters);
      const call = async (name: "start" | "write" | "flush" | "finish") => {
        if (name === "write") {
          return await (way === "sync" ? muxer.writeSync(packet(0)) : muxer.write(packet(0)));
        }
        return await (way === "sync" ? muxer[`${name}Sync`]() : muxer[name]());
      };
      const error = await rejectionOf(call("start"));
      assert(error instanceof AVError || error instanceof TypeError);
      for (const name of ["start", "write", "flush", "finish"] as const) {
        assertStrictEquals(await rejectionOf(call(name)), error, name);
      }
    }
  });
}

// ------------------------------------------------------------------------------------------- copies

/** Changes all that can be changed of a packet. */
function spoil(packet: Packet | PacketInit): void {
  packet.data.fill(0xff);
  Object.assign(packet, { pts: 1e6, dts: 1e6, streamIndex: 7, isKey: false });
  (packet.timeBase as { num: number }).num = 1;
  (packet.timeBase as { den: number }).den = 1;
  for (const { data } of packet.sideData ?? []) data.fill(0);
}

Deno.test("A packet may be changed as soon as write() or writeSync() has returned, before the header too", async () => {
  for (const format of formats) {
    for (const way of [...ways, "header"] as const) {
      const sink = new MemorySink();
      await using muxer = await openMuxer(sink, format);
      // aac without extradata keeps the header waiting
      if (way === "header") muxer.addStream({ type: "audio", codec: "aac", sampleRate: 48000, channels: 2 });
      for (const at of counted(5)) {
        const mine = {
          ...packet(at),
          data: frames[at]!.slice(),
          timeBase: { ...timeBase },
          sideData: [{ type: "Skip Samples", data: new Uint8Array(10) }],
        };
        if (way === "async") muxer.write(mine);
        else muxer.writeSync(mine);
        spoil(mine);
      }
      if (way !== "header") await muxer.finish();
      else if (format !== "mp4") await muxer.finish();
      else continue;
      assertEquals(framesIn(sink.bytes()), counted(5), `${format}, ${way}`);
    }
  }
});

Deno.test("A packet may be any object with a packet's fields", () => {
  const sink = new MemorySink();
  using muxer = Muxer.openSync(sink, { format: "matroska" });
  muxer.addStream(parameters);
  class Mine {
    streamIndex = 0;
    timeBase = timeBase;
    isKey = true;
    readonly at: number;

    constructor(at: number) {
      this.at = at;
    }
    get data(): Uint8Array {
      return frames[this.at]!;
    }
    get pts(): number {
      return this.at;
    }
    get dts(): number {
      return this.at;
    }
  }
  muxer.writeSync({ streamIndex: 0, data: frames[0]!, pts: 0, dts: 0, timeBase });
  muxer.writeSync(new Mine(1) as unknown as PacketInit);
  muxer.writeSync(Object.freeze(packet(2)));
  muxer.finishSync();
  assertEquals(framesIn(sink.bytes()), counted(3));
});

// ------------------------------------------------------------------------------------------- bounds

const MiB = 1 << 20;

for (const way of ways) {
  Deno.test(`At most 16 MiB of packets wait for the header (${way})`, async () => {
    await using muxer = await Muxer.open(new MemorySink(), { format: "matroska" });
    muxer.addStream(parameters);
    muxer.addStream({ type: "video", codec: "h264", width: 64, height: 48 }); // none of its packets comes
    let count = 0;
    const data = new Uint8Array(MiB);
    const error = await rejectionOf((async () => {
      for (; count < 40; count++) {
        const big = packet(count, { data });
        if (way === "sync") muxer.writeSync(big);
        else await muxer.write(big);
      }
    })());
    assertEquals((error as AVError).operation, "write header"); // which needs it, but was written at last
    assert(count >= 15 && count <= 18, `${count} MiB before the header`);
  });
}

Deno.test("write() waits when more than 1 MiB is queued, and not before", async () => {
  const gate = new Gate();
  const muxer = await Muxer.open(gate.wrap({ onwrite: ({ length }) => length }), {
    format: "nut",
    coalesce: false,
  });
  muxer.addStream(parameters);
  await muxer.start();
  gate.close();
  let count = 0;
  const data = new Uint8Array(MiB / 8);
  let waits: Promise<void> | null = null;
  for (; count < 400 && !waits; count++) {
    const writing = muxer.write(packet(count, { data }));
    const turn = new Promise((resolve) => setTimeout(resolve, 20, "waits"));
    if (await Promise.race([writing, turn]) === "waits") waits = writing;
  }
  assert(count >= 8, `${count} packets of 128 KiB`);
  assert(count < 200, `${count} packets of 128 KiB`);
  gate.open();
  await soon(waits!);
  await muxer.finish();
});

// ------------------------------------------------------------------------------------------- isDiscard

/** What a muxer got, packet by packet, with flags and side data. */
async function crcsOf(write: (sink: MemorySink) => unknown): Promise<string[]> {
  const sink = new MemorySink();
  await write(sink);
  return new TextDecoder().decode(sink.bytes()).split("\n").filter((line) => /^\d/.test(line));
}

Deno.test({
  name: "Flags and side data are kept by transform, write() and writeSync(): isKey, isDiscard, isCorrupt",
  ignore: !outputFormats().some(({ name }) => name === "framecrc"),
  async fn() {
    const source = fixtureBytes("video.mp4");
    const format = "framecrc";
    const expected = await crcsOf((sink) => remuxSync(source, sink, { format }));
    assert(expected.some((line) => line.includes("F=0x5, S=1")), "none is to be discarded");
    const same = (packet: Packet) => packet;
    assertEquals(await crcsOf((sink) => remuxSync(source, sink, { format, transform: same })), expected);
    assertEquals(await crcsOf((sink) => remux(source, sink, { format, transform: same })), expected);
    for (const way of ways) {
      const copied = await crcsOf(async (sink) => {
        using demuxer = Demuxer.openSync(source);
        await using muxer = await Muxer.open(sink, { format });
        for (const stream of demuxer.streams) muxer.addStream(stream);
        for (const packet of demuxer.packetsSync()) {
          if (way === "sync") muxer.writeSync(packet);
          else await muxer.write(packet);
        }
        await muxer.finish();
      });
      assertEquals(copied, expected, way);
    }
    const flags = { isKey: false, isCorrupt: true, isDiscard: true };
    for (const transform of [true, false]) {
      const changed = await crcsOf(async (sink) => {
        const change = (packet: Packet) => Object.assign(packet, flags);
        if (transform) return await remux(source, sink, { format, transform: change });
        using demuxer = Demuxer.openSync(source);
        await using muxer = await Muxer.open(sink, { format });
        for (const stream of demuxer.streams) muxer.addStream(stream);
        for (const packet of demuxer.packetsSync()) await muxer.write(change(packet));
        await muxer.finish();
      });
      // FFmpeg 5.1 takes every AAC packet for a key one.
      for (const line of changed) assertMatch(line, line.startsWith("0,") ? /F=0x6/ : /F=0x[67]/);
    }
  },
});

Deno.test({
  name: "Side data may be changed as soon as write() has returned, and before the header after writeSync()",
  ignore: !outputFormats().some(({ name }) => name === "framemd5"),
  async fn() {
    for (const way of ways) {
      const written = (isSpoiled: boolean) =>
        crcsOf(async (sink) => {
          await using muxer = await Muxer.open(sink, { format: "framemd5" });
          muxer.addStream(parameters);
          for (const at of counted(5)) {
            const sideData = [{ type: "Skip Samples", data: new Uint8Array(10).fill(at) }];
            const mine = { ...packet(at), data: frames[at]!.slice(), timeBase: { ...timeBase }, sideData };
            if (way === "async") muxer.write(mine);
            else muxer.writeSync(mine);
            if (isSpoiled) spoil(mine);
          }
          await muxer.finish();
        });
      const expected = await written(false);
      assert(new Set(expected.map((line) => line.split("S=1")[1])).size === 5, expected.join());
      assertEquals(await written(true), expected);
    }
  },
});
