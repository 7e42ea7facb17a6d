/**
 * The async API with a callback that throws or rejects at each single read, seek and write of a run: the call rejects
 * with the same object, no further callback is called, and closing works. `injection_test.ts` does this for the sync
 * API.
 */
import { assertEquals, assertStrictEquals } from "@std/assert";
import {
  Demuxer,
  type IOCallbacks,
  IOContext,
  Muxer,
  type Packet,
  probe,
  remux,
  type Stream,
} from "@avio/avio";
import { promising, rejectionOf } from "./support/async.ts";
import { Collector, readerOf } from "./support/devices.ts";
import { type AsyncRun, injectEverywhereAsync } from "./support/faults.ts";
import { fixtureBytes, formatOf, mediaFixtures } from "./support/fixtures.ts";

const modes = ["throw", "reject"] as const;

/** Some twenty reads for the whole file. */
function bufferSizeFor(name: string): number {
  return Math.ceil(fixtureBytes(name).length / 20);
}

function sourceOf(name: string, seekable = true): IOCallbacks {
  const most = bufferSizeFor(name);
  return readerOf(fixtureBytes(name), { seekable, amount: (wanted) => Math.min(wanted, most) });
}

function demuxRun(name: string, { seekable = true, throughContext = false } = {}): AsyncRun {
  const bufferSize = bufferSizeFor(name);
  return async (fault) => {
    const callbacks = fault.wrap(sourceOf(name, seekable));
    using io = throughContext ? new IOContext(bufferSize, callbacks) : null;
    await using demuxer = await Demuxer.open(io ?? callbacks, { bufferSize });
    while (await demuxer.read());
    if (!seekable) return;
    await demuxer.seek(1);
    while (await demuxer.read());
    await demuxer.seek(0);
    while (await demuxer.read());
  };
}

for (const mode of modes) {
  for (const name of mediaFixtures) {
    Deno.test(`Demuxer.read() rejects with the error of onread or onseek (${mode}), at every callback of ${name}`, async () => {
      await injectEverywhereAsync(demuxRun(name), name, mode);
      const through = demuxRun(name, { throughContext: true });
      await injectEverywhereAsync(through, `${name} through an IOContext`, mode, { step: 5 });
    });

    if (name === "video.mp4") continue;
    Deno.test(`Demuxer.read() rejects with the error of onread (${mode}), at every callback of ${name} without onseek`, async () => {
      await injectEverywhereAsync(demuxRun(name, { seekable: false }), name, mode);
    });
  }
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

function muxRun(
  { streams, packets }: Media,
  format: string,
  coalesce: boolean,
  bufferSize: number,
): AsyncRun {
  return async (fault) => {
    const callbacks = fault.wrap(new Collector());
    await using muxer = await Muxer.open(callbacks, { format, coalesce, bufferSize });
    for (const stream of streams) muxer.addStream(stream);
    await muxer.start();
    for (const packet of packets) await muxer.write(packet);
    await muxer.flush();
    await muxer.finish();
  };
}

for (const mode of modes) {
  for (const name of mediaFixtures) {
    const format = formatOf(name);
    Deno.test(`Muxer rejects with the error of onwrite or onseek (${mode}), at every callback of ${format} with what is in ${name}`, async () => {
      const media = mediaOf(name);
      await injectEverywhereAsync(
        muxRun(media, format, true, bufferSizeFor(name)),
        `${name}, coalesced`,
        mode,
        { least: 10 },
      );
      await injectEverywhereAsync(muxRun(media, format, false, 65536), `${name}, direct`, mode, {
        least: 5,
        step: 3,
      });
    });
  }
}

// ------------------------------------------------------------------------------------------- remuxing

function remuxRun(name: string, format: string): AsyncRun {
  const bufferSize = bufferSizeFor(name);
  return async (fault) => {
    const source = fault.wrap(sourceOf(name));
    const sink = fault.wrap(new Collector());
    await remux(source, sink, { format, bufferSize, input: { bufferSize } });
  };
}

for (const mode of modes) {
  for (const name of mediaFixtures) {
    Deno.test(`remux() rejects with the error of a callback (${mode}), at every callback of ${name} to its own format and matroska`, async () => {
      await injectEverywhereAsync(remuxRun(name, formatOf(name)), `${name} to ${formatOf(name)}`, mode);
      await injectEverywhereAsync(remuxRun(name, "matroska"), `${name} to matroska`, mode);
    });
  }

  Deno.test(`remux() rejects with the error of a callback (${mode}), at every callback of a cut`, async () => {
    const bufferSize = bufferSizeFor("video.mp4");
    const run: AsyncRun = async (fault) => {
      const source = fault.wrap(sourceOf("video.mp4"));
      const sink = fault.wrap(new Collector());
      await remux(source, sink, { format: "mp4", start: 1, end: 2, bufferSize, input: { bufferSize } });
    };
    await injectEverywhereAsync(run, "cut", mode);
  });

  Deno.test(`probe() rejects with the error of a callback (${mode}), at every callback of every format`, async () => {
    for (const name of mediaFixtures) {
      const run: AsyncRun = async (fault) => {
        await probe(fault.wrap(sourceOf(name)), { bufferSize: 1024 });
      };
      await injectEverywhereAsync(run, name, mode, { least: 1 });
    }
  });
}

Deno.test("remux() rejects with the error of onprogress", async () => {
  const reason = new Error("enough");
  const onprogress = () => {
    throw reason;
  };
  const options = { format: "matroska", onprogress };
  assertStrictEquals(await rejectionOf(remux(fixtureBytes("video.mp4"), new Collector(), options)), reason);
});

// ------------------------------------------------------------------------------------------- what is thrown

Deno.test("Any thrown value or rejection reason is passed on unchanged", async () => {
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
    for (const mode of modes) {
      for (const name of ["video.mp4", "video.mkv", "audio.mp3"]) {
        const what = `${name}, ${String(thing)}`;
        await injectEverywhereAsync(demuxRun(name), what, mode, { make, step: 11 });
        await injectEverywhereAsync(remuxRun(name, "matroska"), what, mode, { make, step: 11 });
      }
    }
  }
});

Deno.test("Demuxer: every call after a failure rejects with the same object", async () => {
  for (const thrown of [new Error("gone"), undefined]) {
    let broken = false;
    const { onread, onseek } = promising(readerOf(fixtureBytes("video.mkv")), () => {
      return broken ? Promise.reject(thrown) : Promise.resolve();
    });
    await using demuxer = await Demuxer.open({ onread: onread!, onseek: onseek! }, { bufferSize: 1000 });
    broken = true;
    const errors: unknown[] = [];
    for (let i = 0; i < 500 && errors.length < 3; i++) await collect(errors, demuxer.read());
    await collect(errors, demuxer.seek(0));
    broken = false;
    await collect(errors, demuxer.read());
    assertEquals(errors.length, 5);
    for (const error of errors) assertStrictEquals(error, thrown);
  }
});

async function collect(errors: unknown[], work: Promise<unknown>): Promise<void> {
  await work.catch((error) => errors.push(error));
}
