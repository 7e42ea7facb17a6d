/**
 * Ends of files that libavformat opens by itself: a pending callback can be cancelled, everything that was opened is
 * closed once and soon, sessions are independent, and many files leak nothing.
 */
import { assert, assertEquals, assertStrictEquals, assertStringIncludes, assertThrows } from "@std/assert";
import {
  AVError,
  Demuxer,
  fromMap,
  MemorySink,
  Muxer,
  type OpenCallback,
  remux,
  RemuxStream,
  remuxSync,
  type Source,
} from "@avio/avio";
import { chunksOf, readRows, rejectionOf, soon, WatchedSink, WatchedSource } from "./support/async.ts";
import { readerOf } from "./support/devices.ts";
import {
  bytesOf,
  countSync,
  hashes,
  inFolder,
  openFiles,
  OUT,
  playlist,
  playlistOf,
  segment,
  tsHashes,
  tsSegments,
  VIDEO,
} from "./support/many_files.ts";
import { rowsOf } from "./support/packets.ts";
import { answerOf } from "./support/script.ts";
import { eventually, never } from "./support/threads.ts";

function thrownBy(work: () => unknown): unknown {
  try {
    work();
  } catch (error) {
    return error;
  }
  throw new Error("nothing was thrown");
}

// ------------------------------------------------------------------------------------------- pending callbacks

/** Openers that call `silent`, which is pending for ever, in different places. */
const stuckAnywhere: Record<string, (silent: () => Promise<never>) => OpenCallback> = {
  "onopen at once": (silent) => silent,
  "onopen later": (silent) => ({ url, mode }) =>
    /[12]\.ts$/.test(url) ? silent() : mode === "read" ? segment(url) : new MemorySink(),
  "a nested callback": (silent) => ({ mode }) => mode === "read" ? { onread: silent } : { onwrite: silent },
  "a nested stream": (silent) => ({ mode }) =>
    mode === "read"
      ? new ReadableStream({ pull: silent })
      : new WritableStream({ write: silent }, { highWaterMark: 1 }),
};

for (const [what, openerOf] of Object.entries(stuckAnywhere)) {
  Deno.test(`abort and timeout while ${what} is pending for ever`, async () => {
    let reached = Promise.withResolvers<void>();
    const onopen = openerOf(() => (reached.resolve(), never()));
    const works: ((limits: { signal?: AbortSignal; timeout?: number }) => Promise<unknown>)[] = [
      (limits) => readRows(playlist(), { onopen, ...limits }),
      (limits) => remux(VIDEO, new MemorySink(), { ...OUT, onopen, ...limits }),
    ];
    for (const work of works) {
      const reason = new Error("enough");
      const controller = new AbortController();
      reached = Promise.withResolvers<void>();
      const working = rejectionOf(work({ signal: controller.signal }));
      await soon(reached.promise);
      controller.abort(reason);
      assertStrictEquals(await soon(working), reason);
      const error = await soon(rejectionOf(work({ timeout: 20 })));
      assert(error instanceof DOMException && error.name === "TimeoutError", String(error));
    }
  });
}

Deno.test("late results of onopen are cancelled or left alone", async () => {
  const answer = Promise.withResolvers<Source>();
  const asked = Promise.withResolvers<void>();
  const controller = new AbortController();
  const onopen = () => (asked.resolve(), answer.promise);
  const reading = rejectionOf(readRows(playlist(), { onopen, signal: controller.signal }));
  await soon(asked.promise);
  controller.abort(new Error("enough"));
  await soon(reading);
  const watched = new WatchedSource(chunksOf(segment("index0.ts"), 1000));
  answer.resolve(watched.stream);
  await answer.promise;
  assertEquals(watched.pulls, 0);
});

// ------------------------------------------------------------------------------------------- what is closed

Deno.test("nested streams that were not read to their end are cancelled with the error that ended the session", async () => {
  const watched: WatchedSource[] = [];
  const onopen: OpenCallback = ({ url }) => {
    watched.push(new WatchedSource(chunksOf(segment(url), 500)));
    return watched.at(-1)!.stream;
  };
  const reason = new Error("enough");
  const controller = new AbortController();
  await using demuxer = await Demuxer.open(playlist(), {
    onopen,
    signal: controller.signal,
    probeSize: 2000,
  });
  await demuxer.read();
  controller.abort(reason);
  assertStrictEquals(
    await rejectionOf((async () => {
      while (await demuxer.read());
    })()),
    reason,
  );
  await demuxer.close();
  assert(watched.flatMap(({ cancelled }) => cancelled).every((why) => why === reason || why === undefined));
  for (const { stream } of watched) assert(!stream.locked);
});

Deno.test("nested streams are closed when they are complete, and aborted when the muxer is closed early", async () => {
  const sinks: WatchedSink[] = [];
  const onopen = () => (sinks.push(new WatchedSink()), sinks.at(-1)!.stream);
  await using input = await Demuxer.open(VIDEO);
  const muxer = await Muxer.open(new MemorySink(), { ...OUT, onopen });
  for (const stream of input.streams) muxer.addStream(stream);
  const packets = await Array.fromAsync(input);
  for (const packet of packets.slice(0, 150)) await muxer.write(packet);
  await muxer.flush(); // hls ignores it
  await muxer[Symbol.asyncDispose]();
  assert(sinks.length >= 1, String(sinks.length));
  for (const { closed, aborted, stream } of sinks) {
    assertEquals(closed + aborted.length, 1);
    assert(!stream.locked);
  }
});

Deno.test("closing in the middle closes every nested file: sync and async", async () => {
  await inFolder(tsSegments(), async (folder) => {
    const onopen: OpenCallback = ({ url }) => `${folder}/${url}`;
    const open = openFiles(folder);
    for (const packets of [0, 1, 60, 120, 500]) {
      const demuxer = Demuxer.openSync(playlist(), { onopen });
      for (let i = 0; i < packets; i++) demuxer.readSync();
      demuxer[Symbol.dispose]();
      const later = await Demuxer.open(playlist(), { onopen });
      for (let i = 0; i < packets; i++) await later.read();
      await later.close();
    }
    assertEquals(openFiles(folder), open);
  });
});

Deno.test("close inside onopen ends the pending operation, and closes what onopen returns", async () => {
  let demuxer: Demuxer | null = null;
  let calls = 0;
  await inFolder(tsSegments(), async (folder) => {
    const onopen: OpenCallback = ({ url }) => {
      if (calls++ === 1) demuxer![Symbol.dispose]();
      return `${folder}/${url}`;
    };
    demuxer = Demuxer.openSync(playlist(), { onopen });
    assertStringIncludes(String(thrownBy(() => [...demuxer!.packetsSync()])), "closed");
    calls = 0;
    demuxer = await Demuxer.open(playlist(), { onopen });
    assertStringIncludes(String(await soon(rejectionOf(Array.fromAsync(demuxer)))), "closed");
    assert(await eventually(() => openFiles(folder) === 0)); // one was being opened
  });
});

// ------------------------------------------------------------------------------------------- sessions and sessions

Deno.test("onopen uses other sessions, also with onopen, in both engines", async () => {
  const repacked = (url: string) => {
    const sink = new MemorySink();
    remuxSync(bytesOf(playlistOf([url])), sink, { format: "mpegts", input: { onopen: () => segment(url) } });
    return sink.bytes();
  };
  assertEquals(hashes(rowsOf(playlist(), { onopen: ({ url }) => repacked(url) })), tsHashes());
  assertEquals(hashes(await readRows(playlist(), { onopen: ({ url }) => repacked(url) })), tsHashes());
  const later: OpenCallback = async ({ url }) => {
    const sink = new MemorySink();
    await remux(bytesOf(playlistOf([url])), sink, {
      format: "mpegts",
      input: { onopen: () => Promise.resolve(segment(url)) },
    });
    return sink.bytes();
  };
  assertEquals(hashes(await readRows(playlist(), { onopen: later })), tsHashes());
});

Deno.test("onopen that calls its own session is an error, not a deadlock", () => {
  let error: unknown = null;
  let demuxer: Demuxer | null = null;
  const onopen: OpenCallback = ({ url }) => {
    if (demuxer) error ??= thrownBy(() => demuxer!.seekSync(0));
    return segment(url);
  };
  demuxer = Demuxer.openSync(playlist(), { onopen });
  using opened = demuxer;
  assertEquals(
    hashes([...opened.packetsSync()].length > 0 ? rowsOf(playlist(), { onopen }) : []),
    tsHashes(),
  );
  assertStringIncludes(String(error), "busy");
});

Deno.test("many sessions at once", async () => {
  const onopen: OpenCallback = async ({ url }) => {
    await new Promise((resolve) => setTimeout(resolve, Math.random() * 3));
    return new Blob([segment(url)]);
  };
  const all = await Promise.all(Array.from({ length: 12 }, () => readRows(playlist(), { onopen })));
  for (const rows of all) assertEquals(hashes(rows), tsHashes());
});

Deno.test("two demuxers in the sync engine, in turn", () => {
  const options = { onopen: ({ url }: { url: string }) => readerOf(segment(url)) };
  using one = Demuxer.openSync(playlist(), options);
  using other = Demuxer.openSync(playlist(), options);
  let count = 0;
  while (one.readSync()) count += other.readSync() ? 1 : 0;
  assertEquals(count, tsHashes().flat().length);
});

Deno.test("RemuxStream with onopen", async () => {
  const options = { format: "mpegts", input: { onopen: fromMap(tsSegments()), format: "hls" } };
  const output = new Blob([playlist()]).stream().pipeThrough(new RemuxStream(options));
  assertEquals(hashes(rowsOf(await new Response(output).bytes())), tsHashes());
});

// ------------------------------------------------------------------------------------------- many files

Deno.test("200 segments: each file is closed once it is complete", async () => {
  const names = Array.from({ length: 200 }, (_, i) => `s${i}.ts`);
  const text = bytesOf(playlistOf(names).replaceAll("#EXTINF", "#EXT-X-DISCONTINUITY\n#EXTINF"));
  const bytes = segment("index0.ts");
  await inFolder(names.map((name) => [name, bytes] as const), async (folder) => {
    let most = 0;
    const onopen: OpenCallback = ({ url }) => {
      most = Math.max(most, openFiles(folder));
      return `${folder}/${url}`;
    };
    const count = countSync(bytes, {});
    assertEquals(countSync(text, { onopen }), 200 * count);
    assertEquals((await readRows(text, { onopen })).length, 200 * count);
    assert(most <= 2, `${most} open at once`);
    assertEquals(openFiles(folder), 0);
  });
});

Deno.test("200 segments again and again: memory does not grow", async () => {
  const { before, after } = await answerOf<{ before: number; after: number }>(
    `const bytes = fixtureBytes("video.ts");
    const names = Array.from({ length: 200 }, (_, i) => "#EXT-X-DISCONTINUITY\\n#EXTINF:3,\\ns" + i + ".ts\\n").join("");
    const list = new TextEncoder().encode("#EXTM3U\\n#EXT-X-TARGETDURATION:3\\n" + names + "#EXT-X-ENDLIST\\n");
    const round = async () => {
      const sink = new MemorySink();
      avio.remuxSync(list, sink, { format: "hls", url: "o.m3u8", options: { hls_time: 3, hls_list_size: 3 },
        streams: (stream) => stream.type === "audio", input: { onopen: () => bytes }, onopen: () => new MemorySink() });
      await using demuxer = await Demuxer.open(list, { onopen: () => new Blob([bytes]) });
      for await (const _ of demuxer);
      gc();
    };
    for (let i = 0; i < 3; i++) await round();
    const before = residentMegabytes();
    for (let i = 0; i < 4; i++) await round();
    console.log(JSON.stringify({ before, after: residentMegabytes() }));`,
    { flags: ["-A", "--v8-flags=--expose-gc"] },
  );
  assert(after - before < 25, `${before} MB became ${after} MB`);
});

Deno.test("a playlist that names itself ends in an error", async () => {
  const master = "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\nself.m3u8\n";
  const media = "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nself.m3u8\n#EXT-X-ENDLIST\n";
  for (const text of [master, media]) {
    const options = { url: "self.m3u8", onopen: () => bytesOf(text) };
    assertThrows(() => Demuxer.openSync(bytesOf(text), options), AVError);
    assert(await soon(rejectionOf(Demuxer.open(bytesOf(text), options))) instanceof AVError);
  }
});

Deno.test("a segment that is empty is skipped", async () => {
  const onopen: OpenCallback = ({ url }) => segment(url).subarray(0, url === "index1.ts" ? 0 : undefined);
  const expected = rowsOf(playlist(), { onopen });
  assert(expected.length < tsHashes().flat().length);
  assertEquals(hashes(await readRows(playlist(), { onopen })), hashes(expected));
});

Deno.test("hls muxers that are flushed, and closed early, leak nothing", async () => {
  const { before, after } = await answerOf<{ before: number; after: number }>(
    `const input = Demuxer.openSync(fixtureBytes("video.mp4"));
    const packets = [...input.packetsSync()].slice(0, 60);
    const big = packets.map((packet) => ({ ...packet, data: new Uint8Array(packet.data.length + 20000) }));
    for (const [i, packet] of big.entries()) packet.data.set(packets[i].data);
    const round = () => {
      for (const type of ["mpegts", "fmp4"]) {
        for (let i = 0; i < 10; i++) {
          const options = { hls_time: 9, hls_segment_type: type };
          using muxer = Muxer.openSync(new MemorySink(), { format: "hls", url: "i.m3u8", options, onopen: () => new MemorySink() });
          for (const stream of input.streams) muxer.addStream(stream);
          for (const packet of type === "fmp4" ? big : packets) muxer.writeSync(packet);
          muxer.flushSync();
        }
      }
      gc();
    };
    round();
    const before = residentMegabytes();
    for (let i = 0; i < 5; i++) round();
    console.log(JSON.stringify({ before, after: residentMegabytes() }));`,
    { flags: ["-A", "--v8-flags=--expose-gc"] },
  );
  assert(after - before < 20, `${before} MB became ${after} MB`);
});
