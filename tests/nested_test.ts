/**
 * Errors in files that libavformat opens by itself: exceptions of callbacks are thrown unchanged, and refusals and
 * wrong results are clear errors. nested_ends_test.ts tests how such files end.
 */
import {
  assert,
  assertEquals,
  assertMatch,
  assertStrictEquals,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import {
  AVError,
  Demuxer,
  MemorySink,
  Muxer,
  type OpenCallback,
  probe,
  probeSync,
  remux,
  type RemuxOptions,
  remuxSync,
} from "@avio/avio";
import { readRows, rejectionOf, soon } from "./support/async.ts";
import { Collector, readerOf } from "./support/devices.ts";
import { type Fault, injectEverywhere, injectEverywhereAsync } from "./support/faults.ts";
import { NAMES, OUT, playlist, segment, VIDEO } from "./support/many_files.ts";
import { rowsOf } from "./support/packets.ts";

// ------------------------------------------------------------------------------------------- what is thrown

/** An opener of which the call `at` throws, or rejects. */
function throwingAt(at: number, thrown: unknown, onopen: OpenCallback, rejects = false) {
  let calls = 0;
  const late: string[] = [];
  const opener: OpenCallback = (request) => {
    const call = calls++;
    if (call > at) late.push(request.url);
    if (call !== at) return onopen(request);
    if (rejects) return Promise.reject(thrown);
    throw thrown;
  };
  return { late, opener };
}

const thrownThings = [new Error("mine"), "a string", null, undefined, 0, { code: -1 }];

Deno.test("exceptions of onopen are thrown by open, read, probe and remux: sync", () => {
  for (const thrown of thrownThings) {
    for (const at of [0, 1, 2]) {
      const calls: Record<string, (onopen: OpenCallback) => unknown> = {
        read: (onopen) => rowsOf(playlist(), { onopen }),
        "remux's input": (onopen) =>
          remuxSync(playlist(), new MemorySink(), { format: "mpegts", input: { onopen } }),
        "remux's output": (onopen) => remuxSync(VIDEO, new MemorySink(), { ...OUT, onopen }),
        ...(at === 0 ? { probe: (onopen) => probeSync(playlist(), { onopen }) } : {}),
      };
      for (const [what, call] of Object.entries(calls)) {
        const isOutput = what === "remux's output";
        const { late, opener } = throwingAt(
          at,
          thrown,
          ({ url }) => isOutput ? new MemorySink() : segment(url),
        );
        assertStrictEquals(thrownBy(() => call(opener)), thrown, what);
        assertEquals(late, [], what);
      }
    }
  }
});

function thrownBy(work: () => unknown): unknown {
  try {
    work();
  } catch (error) {
    return error;
  }
  throw new Error("nothing was thrown");
}

Deno.test("open, read, probe and remux reject with the error of onopen: async", async () => {
  for (const thrown of thrownThings) {
    for (const at of [0, 1, 2]) {
      const calls: Record<string, (onopen: OpenCallback) => Promise<unknown>> = {
        read: (onopen) => readRows(playlist(), { onopen }),
        "remux's input": (onopen) =>
          remux(playlist(), new MemorySink(), { format: "mpegts", input: { onopen } }),
        "remux's output": (onopen) => remux(VIDEO, new MemorySink(), { ...OUT, onopen }),
        ...(at === 0 ? { probe: (onopen) => probe(playlist(), { onopen }) } : {}),
      };
      for (const [what, call] of Object.entries(calls)) {
        for (const rejects of [false, true]) {
          const isOutput = what === "remux's output";
          const answer: OpenCallback = ({ url }) => isOutput ? new MemorySink() : segment(url);
          const { late, opener } = throwingAt(at, thrown, answer, rejects);
          assertStrictEquals(await soon(rejectionOf(call(opener))), thrown, `${what}, ${rejects}`);
          assertEquals(late, [], what);
        }
      }
    }
  }
});

Deno.test("exceptions of onopen are thrown by a Muxer's write or finish, and again by later calls", async () => {
  const thrown = new Error("no more");
  using input = Demuxer.openSync(VIDEO);
  const packets = [...input.packetsSync()];
  const { late, opener } = throwingAt(1, thrown, () => new MemorySink());
  using muxer = Muxer.openSync(new MemorySink(), { ...OUT, onopen: opener });
  for (const stream of input.streams) muxer.addStream(stream);
  assertStrictEquals(thrownBy(() => packets.forEach((packet) => muxer.writeSync(packet))), thrown);
  assertStrictEquals(thrownBy(() => muxer.finishSync()), thrown);
  const other = throwingAt(1, thrown, () => new MemorySink(), true);
  await using later = await Muxer.open(new MemorySink(), { ...OUT, onopen: other.opener });
  for (const stream of input.streams) later.addStream(stream);
  const writing = async () => {
    for (const packet of packets) await later.write(packet);
    await later.finish();
  };
  assertStrictEquals(await rejectionOf(writing()), thrown);
  assertEquals([...late, ...other.late], []);
});

/** Reads with nested sources whose callbacks are the fault's. */
const reading = (seekable: boolean) => (fault: Fault) => {
  const onopen: OpenCallback = ({ url }) => fault.wrap(readerOf(segment(url), { seekable }));
  using demuxer = fault.call("open", () => Demuxer.openSync(playlist(), { onopen, bufferSize: 2000 }));
  while (fault.call("read", () => demuxer.readSync()));
  fault.call("seek", () => demuxer.seekSync(demuxer.startTime! + 1.1));
  while (fault.call("read", () => demuxer.readSync()));
};

for (const seekable of [true, false]) {
  Deno.test(`exceptions of nested sources' callbacks, ${seekable ? "with" : "without"} onseek`, () => {
    injectEverywhere(reading(seekable), "hls in", { least: 15 });
  });
}

Deno.test("errors of nested sources' callbacks, async", async () => {
  for (const mode of ["throw", "reject"] as const) {
    await injectEverywhereAsync(
      async (fault) => {
        const onopen: OpenCallback = ({ url }) => fault.wrap(readerOf(segment(url)));
        await readRows(playlist(), { onopen, bufferSize: 2000 });
      },
      "hls in",
      mode,
      { least: 7 },
    );
  }
});

for (const type of ["mpegts", "fmp4"]) {
  const options: RemuxOptions = { ...OUT, options: { ...OUT.options, hls_segment_type: type } };
  Deno.test(`exceptions of callbacks of nested sinks and of the sink, ${type}`, () => {
    injectEverywhere(
      (fault) => {
        const onopen = () => fault.wrap(new Collector());
        fault.call(
          "remux",
          () => remuxSync(VIDEO, fault.wrap(new Collector()), { ...options, onopen, bufferSize: 2000 }),
        );
      },
      "hls out",
      { least: 15 },
    );
  });

  Deno.test(`errors of callbacks of nested sinks and of the sink, ${type}`, async () => {
    for (const mode of ["throw", "reject"] as const) {
      await injectEverywhereAsync(
        async (fault) => {
          const onopen = () => fault.wrap(new Collector());
          await remux(VIDEO, fault.wrap(new Collector()), { ...options, onopen, bufferSize: 2000 });
        },
        "hls out",
        mode,
        { least: 15 },
      );
    }
  });
}

// ------------------------------------------------------------------------------------------- refusals

Deno.test("null and undefined are refusals: an error that names the URL, never the end", async () => {
  for (const answer of [null, undefined]) {
    for (const missing of NAMES) {
      const onopen = (({ url }) => url === missing ? answer : segment(url)) as OpenCallback;
      const text = `refused to open '${missing}'`;
      assertStringIncludes(String(thrownBy(() => rowsOf(playlist(), { onopen }))), text);
      assertStringIncludes(String(await rejectionOf(readRows(playlist(), { onopen }))), text);
      const sink = () => new MemorySink();
      assertStringIncludes(
        String(thrownBy(() => remuxSync(playlist(), sink(), { format: "mpegts", input: { onopen } }))),
        text,
      );
      const later = remux(playlist(), sink(), { format: "mpegts", input: { onopen } });
      assertStringIncludes(String(await rejectionOf(later)), text);
    }
    const names = ["i0.ts", "i1.ts", "i2.ts"];
    for (const missing of names) {
      const onopen = (({ url }) => url === missing ? answer : new MemorySink()) as OpenCallback;
      const text = `refused to open '${missing}'`;
      assertStringIncludes(
        String(thrownBy(() => remuxSync(VIDEO, new MemorySink(), { ...OUT, onopen }))),
        text,
      );
      assertStringIncludes(
        String(await rejectionOf(remux(VIDEO, new MemorySink(), { ...OUT, onopen }))),
        text,
      );
    }
  }
});

Deno.test("without onopen nothing is opened", async () => {
  assertThrows(() => Demuxer.openSync(playlist()), AVError, "refused to open 'index0.ts'");
  assertThrows(() => remuxSync(VIDEO, new MemorySink(), OUT), AVError, "refused to open 'i0.ts'");
  const error = await rejectionOf(remux(VIDEO, new MemorySink(), OUT));
  assert(error instanceof AVError && error.codeName === "EPERM", String(error));
});

// ------------------------------------------------------------------------------------------- wrong results

const lockedReadable = () => {
  const stream = new Blob([segment("index0.ts")]).stream();
  stream.getReader();
  return stream;
};
const lockedWritable = () => {
  const stream = new WritableStream();
  stream.getWriter();
  return stream;
};

const wrong: Record<string, () => unknown> = {
  "a number": () => 5,
  "a boolean": () => true,
  "an object": () => ({}),
  "an array": () => [],
  "a symbol": () => Symbol("s"),
  "a function": () => () => null,
  "an empty string": () => "",
  "a bigint": () => 1n,
  "callbacks that are none": () => ({ onread: 1, onwrite: 1 }),
  "a locked ReadableStream": lockedReadable,
  "a locked WritableStream": lockedWritable,
};

for (const [what, answer] of Object.entries(wrong)) {
  Deno.test(`onopen returning ${what} is a TypeError`, async () => {
    const onopen = (() => answer()) as unknown as OpenCallback;
    const later = (() => Promise.resolve(answer())) as unknown as OpenCallback;
    const errors = [
      thrownBy(() => rowsOf(playlist(), { onopen })),
      thrownBy(() => remuxSync(VIDEO, new MemorySink(), { ...OUT, onopen })),
      await soon(rejectionOf(readRows(playlist(), { onopen }))),
      await soon(rejectionOf(readRows(playlist(), { onopen: later }))),
      await soon(rejectionOf(remux(VIDEO, new MemorySink(), { ...OUT, onopen }))),
      await soon(rejectionOf(remux(VIDEO, new MemorySink(), { ...OUT, onopen: later }))),
    ];
    for (const error of errors) assert(error instanceof TypeError, `${error}`);
    if (!what.includes("locked")) {
      for (const error of errors) assert(/onopen|source|sink/.test(String(error)), `${error}`);
    }
  });
}

Deno.test("onopen returning a sink for reading or a source for writing is a TypeError", async () => {
  for (const sink of [() => new MemorySink(), () => new WritableStream(), () => ({ onwrite() {} })]) {
    const onopen = (() => sink()) as OpenCallback;
    assertThrows(() => rowsOf(playlist(), { onopen }), TypeError, "source");
    assert(await rejectionOf(readRows(playlist(), { onopen })) instanceof TypeError);
  }
  for (
    const source of [() => new Uint8Array(5), () => new Blob(), () => ({
      onread: () => 0,
    }), () => "http://h/"]
  ) {
    const onopen = (() => source()) as OpenCallback;
    assertThrows(() => remuxSync(VIDEO, new MemorySink(), { ...OUT, onopen }), TypeError, "sink");
    assert(await rejectionOf(remux(VIDEO, new MemorySink(), { ...OUT, onopen })) instanceof TypeError);
  }
});

Deno.test("a promise in the sync API is a TypeError that names onopen", () => {
  const onopen = () => Promise.resolve(null);
  assertThrows(() => Demuxer.openSync(playlist(), { onopen }), TypeError, "onopen");
  assertThrows(() => remuxSync(VIDEO, new MemorySink(), { ...OUT, onopen }), TypeError, "onopen");
  const rejected = () => Promise.reject(new Error("is not reported beside it"));
  assertThrows(() => Demuxer.openSync(playlist(), { onopen: rejected }), TypeError, "onopen");
});

Deno.test("onopen and ondelete that are not functions are TypeErrors", () => {
  const options = { onopen: "here" as unknown as OpenCallback };
  assertThrows(() => Demuxer.openSync(playlist(), options), TypeError, "onopen");
  assertThrows(() => Muxer.openSync(new MemorySink(), { ...OUT, ...options }), TypeError, "onopen");
  assertThrows(
    () => remuxSync(playlist(), new MemorySink(), { format: "mpegts", input: options }),
    TypeError,
    "onopen",
  );
  const ondelete = 5 as unknown as () => void;
  assertThrows(() => Muxer.openSync(new MemorySink(), { ...OUT, ondelete }), TypeError, "ondelete");
});

Deno.test("a refused file is an error of finish, even if the errors of write were ignored", () => {
  using input = Demuxer.openSync(VIDEO);
  const packets = [...input.packetsSync()];
  for (const flags of ["", "single_file"]) {
    for (const type of ["mpegts", "fmp4"]) {
      let left = 1;
      const options = { hls_time: 1, hls_segment_type: type, ...(flags ? { hls_flags: flags } : {}) };
      const onopen = () => left-- > 0 ? new MemorySink() : null;
      using muxer = Muxer.openSync(new MemorySink(), { format: "hls", url: "i.m3u8", options, onopen });
      for (const stream of input.streams) muxer.addStream(stream);
      for (const packet of packets) {
        try {
          muxer.writeSync(packet);
        } catch (error) {
          assert(error instanceof Error, String(error));
        }
      }
      if (left < 0) {
        assertMatch(String(thrownBy(() => muxer.finishSync())), /refused to open|header could not/);
      } else muxer.finishSync();
    }
  }
});
