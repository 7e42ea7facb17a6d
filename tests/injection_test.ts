/**
 * The sync API with a callback that throws at each single read, seek and write of a run: the API call throws the same
 * object, no further callback is called, and closing works.
 */
import { assertEquals, assertStrictEquals } from "@std/assert";
import {
  Demuxer,
  type IOCallbacks,
  IOContext,
  Muxer,
  type Packet,
  probeSync,
  remuxSync,
  type Stream,
} from "@avio/avio";
import { Collector, readerOf } from "./support/devices.ts";
import { Fault, injectEverywhere, type Run } from "./support/faults.ts";
import { fixtureBytes, formatOf, mediaFixtures } from "./support/fixtures.ts";

/** Some forty reads for the whole file. */
function bufferSizeFor(name: string): number {
  return Math.ceil(fixtureBytes(name).length / 40);
}

/** No more than that at a time, however large FFmpeg makes its buffer. */
function sourceOf(name: string, seekable = true): IOCallbacks {
  const most = bufferSizeFor(name);
  return readerOf(fixtureBytes(name), { seekable, amount: (wanted) => Math.min(wanted, most) });
}

function demuxRun(name: string, { seekable = true, throughContext = false } = {}): Run {
  const bufferSize = bufferSizeFor(name);
  return (fault) => {
    const callbacks = fault.wrap(sourceOf(name, seekable));
    using io = throughContext ? new IOContext(bufferSize, callbacks) : null;
    using demuxer = fault.call("open", () => Demuxer.openSync(io ?? callbacks, { bufferSize }));
    while (fault.call("read", () => demuxer.readSync()));
    if (!seekable) return;
    fault.call("seek", () => demuxer.seekSync(1));
    while (fault.call("read again", () => demuxer.readSync()));
    fault.call("seek back", () => demuxer.seekSync(0));
    while (fault.call("read from the beginning", () => demuxer.readSync()));
  };
}

for (const name of mediaFixtures) {
  Deno.test(`Demuxer throws what onread or onseek threw, at every callback of ${name}`, () => {
    injectEverywhere(demuxRun(name), name);
    injectEverywhere(demuxRun(name, { throughContext: true }), `${name} through an IOContext`, { step: 5 });
  });

  if (name === "video.mp4") continue;
  Deno.test(`Demuxer throws what onread threw, at every callback of ${name} without onseek`, () => {
    injectEverywhere(demuxRun(name, { seekable: false }), name);
  });
}

// ------------------------------------------------------------------------------------------- muxing

interface Media {
  streams: readonly Stream[];
  packets: Packet[];
}

function mediaOf(name: string): Media {
  using demuxer = Demuxer.openSync(fixtureBytes(name));
  return { streams: demuxer.streams, packets: [...demuxer.packetsSync()] };
}

function muxRun({ streams, packets }: Media, format: string, coalesce: boolean, bufferSize: number): Run {
  return (fault) => {
    const callbacks = fault.wrap(new Collector());
    using muxer = fault.call("open", () => Muxer.openSync(callbacks, { format, coalesce, bufferSize }));
    for (const stream of streams) fault.call("add stream", () => muxer.addStream(stream));
    fault.call("start", () => muxer.startSync());
    for (const [i, packet] of packets.entries()) fault.call(`write ${i}`, () => muxer.writeSync(packet));
    fault.call("flush", () => muxer.flushSync());
    fault.call("finish", () => muxer.finishSync());
  };
}

for (const name of mediaFixtures) {
  const format = formatOf(name);
  Deno.test(`Muxer throws what onwrite or onseek threw, at every callback of ${format} with what is in ${name}`, () => {
    const media = mediaOf(name);
    injectEverywhere(muxRun(media, format, true, bufferSizeFor(name)), `${name}, coalesced`);
    injectEverywhere(muxRun(media, format, false, 65536), `${name}, direct`, { least: 5 });
  });
}

// ------------------------------------------------------------------------------------------- remuxing

function remuxRun(name: string, format: string): Run {
  const bufferSize = bufferSizeFor(name);
  return (fault) => {
    const source = fault.wrap(sourceOf(name));
    const sink = fault.wrap(new Collector());
    fault.call("remux", () => remuxSync(source, sink, { format, bufferSize, input: { bufferSize } }));
  };
}

for (const name of mediaFixtures) {
  Deno.test(`remuxSync() throws what a callback threw, at every callback of ${name} to its own format and matroska`, () => {
    injectEverywhere(remuxRun(name, formatOf(name)), `${name} to ${formatOf(name)}`);
    injectEverywhere(remuxRun(name, "matroska"), `${name} to matroska`);
  });
}

Deno.test("remuxSync() throws what a callback threw, at every callback of a cut", () => {
  const bufferSize = bufferSizeFor("video.mp4");
  const run: Run = (fault) => {
    const source = fault.wrap(sourceOf("video.mp4"));
    const sink = fault.wrap(new Collector());
    const options = { format: "mp4", start: 1, end: 2, bufferSize, input: { bufferSize } };
    fault.call("remux", () => remuxSync(source, sink, options));
  };
  injectEverywhere(run, "cut");
});

Deno.test("remuxSync() throws what onprogress threw", () => {
  const reason = new Error("enough");
  const onprogress = () => {
    throw reason;
  };
  const fault = new Fault(-1, null);
  let thrown: unknown;
  try {
    remuxSync(fixtureBytes("video.mp4"), fault.wrap(new Collector()), { format: "matroska", onprogress });
  } catch (error) {
    thrown = error;
  }
  assertStrictEquals(thrown, reason);
});

Deno.test("probeSync() throws what a callback threw, at every callback of every format", () => {
  for (const name of mediaFixtures) {
    const run: Run = (fault) => {
      const source = fault.wrap(sourceOf(name));
      fault.call("probe", () => probeSync(source, { bufferSize: 256 }));
    };
    injectEverywhere(run, name, { least: 1 });
  }
  const cover: Run = (fault) => { // which is then read by probeSync() itself
    const source = fault.wrap(
      readerOf(fixtureBytes("cover.mp3"), { amount: (wanted) => Math.min(wanted, 100) }),
    );
    fault.call("probe", () => probeSync(source, { bufferSize: 100, findStreamInfo: false }));
  };
  injectEverywhere(cover, "cover.mp3", { least: 10 });
});

// ------------------------------------------------------------------------------------------- what is thrown

Deno.test("Any thrown value is thrown unchanged: undefined, a string, a number, null, a frozen object", () => {
  const things = [
    undefined,
    "a string",
    "",
    0,
    -541478725,
    NaN,
    null,
    false,
    Object.freeze({}),
    Symbol("thrown"),
  ];
  for (const thing of things) {
    const make = () => thing;
    for (const name of ["video.mp4", "video.mkv", "audio.mp3"]) {
      injectEverywhere(demuxRun(name), `${name}, ${String(thing)}`, { make, step: 11 });
      injectEverywhere(remuxRun(name, "matroska"), `${name}, ${String(thing)}`, { make, step: 11 });
    }
  }
});

Deno.test("Demuxer: every call after a failure throws the same object", () => {
  for (const thrown of [new Error("gone"), undefined]) {
    let broken = false;
    const { onread, onseek } = readerOf(fixtureBytes("video.mkv"));
    const guard = () => {
      if (broken) throw thrown;
    };
    using demuxer = Demuxer.openSync({
      onread: (...args) => (guard(), onread!(...args)),
      onseek: (...args) => (guard(), onseek!(...args)),
    }, { bufferSize: 1000 });
    broken = true;
    const errors: unknown[] = [];
    for (let i = 0; i < 500 && errors.length < 3; i++) collect(errors, () => demuxer.readSync());
    collect(errors, () => demuxer.seekSync(0));
    broken = false;
    collect(errors, () => demuxer.readSync());
    assertEquals(errors.length, 5);
    for (const error of errors) assertStrictEquals(error, thrown);
  }
});

function collect(errors: unknown[], work: () => void): void {
  try {
    work();
  } catch (error) {
    errors.push(error);
  }
}
