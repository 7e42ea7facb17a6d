/**
 * Limits of memory: how much a session holds while a callback is pending, maxPacketSize, and what remains of segments
 * after they are closed.
 */
import { assert, assertEquals } from "@std/assert";
import {
  AVError,
  concat,
  concatSync,
  Demuxer,
  MemorySink,
  Muxer,
  remux,
  type RemuxProgress,
} from "@avio/avio";
import { rejectionOf } from "./support/async.ts";
import { promising } from "./support/async.ts";
import { readerOf } from "./support/devices.ts";
import { fixtureBytes } from "./support/fixtures.ts";
import { answerOf } from "./support/script.ts";

const chunked = new URL("./support/chunked.ts", import.meta.url);
const manyFiles = new URL("./support/many_files.ts", import.meta.url);
const gc = { flags: ["-A", "--v8-flags=--expose-gc"], deadline: 90_000 };

// ------------------------------------------------------------------------------------------- pending sinks

interface Held {
  /** Bytes of the source that were read. */
  read: number;
  megabytes: number;
}

for (const bufferSize of [4096, 65536, 1 << 20, 8 << 20]) {
  Deno.test(`A pending onwrite holds back remux() and Muxer.write() (bufferSize ${bufferSize})`, async () => {
    const held = await answerOf<Record<string, Held>>(
      `import { wavOf } from "${chunked}";
      const bytes = wavOf(1 << 20);
      const total = 400 << 20;
      const samples = bytes.subarray(44);
      const source = () => {
        const seen = { read: 0, onread(buffer) {
          if (seen.read > total) return 0;
          const from = seen.read === 0 ? bytes.subarray(0, 44) : samples;
          const size = Math.min(from.length, buffer.length);
          buffer.set(from.subarray(0, size));
          seen.read += size;
          return size;
        } };
        return seen;
      };
      const settles = async (seen) => {
        for (let before = -1; before !== seen.read;) {
          before = seen.read;
          await sleep(400);
        }
      };
      const controller = new AbortController();
      const { signal } = controller;
      const options = { format: "s16le", bufferSize: ${bufferSize}, signal };
      const parameters = { type: "audio", codec: "pcm_s16le", sampleRate: 48000, channels: 2 };
      const works = {
        remux: (seen) => remux(seen, { onwrite: () => never() }, options),
        direct: (seen) => remux(seen, { onwrite: () => never() }, { ...options, coalesce: false }),
        async write(seen) {
          const muxer = await Muxer.open({ onwrite: () => never() }, options);
          muxer.addStream(parameters);
          const data = new Uint8Array(1 << 18);
          for (let pts = 0; seen.read < total; pts++) {
            seen.read += data.length;
            await muxer.write({ streamIndex: 0, data, pts, dts: pts });
          }
        },
        stream: (seen) => remux(seen, new WritableStream({ write: () => never() }), options),
      };
      const held = {};
      for (const [name, work] of Object.entries(works)) {
        gc();
        const before = Deno.memoryUsage().rss;
        const seen = source();
        const done = work(seen).catch(() => {});
        await settles(seen);
        held[name] = { read: seen.read, megabytes: (Deno.memoryUsage().rss - before) / 1e6 };
      }
      console.log(JSON.stringify(held));
      Deno.exit(0);`,
      gc,
    );
    const most = 8 * Math.max(bufferSize, 1 << 20);
    for (const [name, { read, megabytes }] of Object.entries(held)) {
      assert(read < most + (8 << 20), `${name}: ${read} bytes were read`);
      assert(megabytes < 2 * most / 1e6 + 40, `${name}: ${megabytes} MB`);
    }
  });
}

// ------------------------------------------------------------------------------------------- the size of a packet

for (const name of ["video.mkv", "video.mp4", "image.jpeg", "audio.wav"]) {
  Deno.test(`maxPacketSize is exact to the byte for the largest packet of ${name}`, async () => {
    const bytes = fixtureBytes(name);
    using reference = Demuxer.openSync(bytes);
    const sizes = [...reference.packetsSync()].map(({ data, sideData }) =>
      data.length + sideData.reduce((sum, { data }) => sum + data.length, 0)
    );
    const largest = Math.max(...sizes);
    const read = {
      sync: (maxPacketSize: number) => {
        using demuxer = Demuxer.openSync(bytes, { maxPacketSize });
        return Promise.resolve([...demuxer.packetsSync()].length);
      },
      async: async (maxPacketSize: number) => {
        await using demuxer = await Demuxer.open(promising(readerOf(bytes)), { maxPacketSize });
        return (await Array.fromAsync(demuxer)).length;
      },
      remux: async (maxPacketSize: number) =>
        (await remux(bytes, new MemorySink(), { format: "nut", input: { maxPacketSize } })).packets,
    };
    for (const [way, count] of Object.entries(read)) {
      assertEquals(await count(largest), sizes.length, way);
      const error = await rejectionOf((async () => await count(largest - 1))());
      assertEquals((error as AVError).codeName, "EMSGSIZE", `${way}: ${error}`);
    }
  });
}

Deno.test("A packet larger than a batch: the next packet is right after successful and failed seeks", async () => {
  const sink = new MemorySink();
  using muxer = Muxer.openSync(sink, { format: "matroska" });
  muxer.addStream({ type: "audio", codec: "pcm_s16le", sampleRate: 48000, channels: 1 });
  const samples = 180_000;
  const timeBase = { num: samples, den: 48000 };
  for (let pts = 0; pts < 12; pts++) {
    const data = new Uint8Array(2 * samples).fill(pts);
    muxer.writeSync({ streamIndex: 0, data, pts, dts: pts, timeBase, isKey: true });
  }
  muxer.finishSync();
  const bytes = sink.bytes();
  const number = ({ data }: { data: Uint8Array }) => data[0];
  for (const before of [0, 1, 2, 5]) {
    const numbers: unknown[] = [];
    using demuxer = Demuxer.openSync(bytes);
    for (let i = 0; i < before; i++) demuxer.readSync();
    demuxer.seekSync(0);
    for (const packet of demuxer.packetsSync()) numbers.push(number(packet));
    assertEquals(numbers, Array.from({ length: 12 }, (_, i) => i));
    await using other = await Demuxer.open(promising(readerOf(bytes)));
    for (let i = 0; i < before; i++) await other.read();
    await other.seek(0);
    assertEquals((await Array.fromAsync(other)).map(number), numbers);
    await using stream = await Demuxer.open(new Blob([bytes]).stream());
    for (let i = 0; i < before; i++) await stream.read();
    assert(await rejectionOf(stream.seek(0)) instanceof AVError);
    assertEquals((await Array.fromAsync(stream)).map(number), numbers.slice(before));
  }
});

// ------------------------------------------------------------------------------------------- counters

Deno.test("concat counts packets and bytes over all of its sources", async () => {
  const bytes = fixtureBytes("video.ts");
  const run = async (count: number, way: "sync" | "async") => {
    const reported: RemuxProgress[] = [];
    const sink = new MemorySink();
    const options = {
      format: "mpegts",
      onprogress: (progress: RemuxProgress) => void reported.push(progress),
    };
    const sources = Array.from({ length: count }, () => bytes);
    const result = way === "sync" ? concatSync(sources, sink, options) : await concat(sources, sink, options);
    assertEquals(result.bytesWritten, sink.size);
    assertEquals(result.packets, result.streams.reduce((sum, { packets }) => sum + packets, 0));
    for (const [i, { packets, bytesRead, bytesWritten, time }] of reported.entries()) {
      const before = reported[i - 1] ?? { packets: 0, bytesRead: 0, bytesWritten: 0, time: 0 };
      assert(packets >= before.packets && bytesRead >= before.bytesRead, "it went back");
      assert(bytesWritten >= before.bytesWritten && time >= before.time, "it went back");
    }
    return { result, last: reported.at(-1)! };
  };
  for (const way of ["sync", "async"] as const) {
    const once = await run(1, way);
    const thrice = await run(3, way);
    assertEquals(thrice.result.packets, 3 * once.result.packets);
    assertEquals(thrice.last.packets, 3 * once.last.packets);
    assertEquals(thrice.last.bytesRead, 3 * once.last.bytesRead);
    assertEquals(thrice.last.bytesWritten, thrice.result.bytesWritten);
    assertEquals(
      thrice.result.streams.map(({ bytes, packets }) => [bytes, packets]),
      once.result.streams.map(({ bytes, packets }) => [3 * bytes, 3 * packets]),
    );
  }
});

// ------------------------------------------------------------------------------------------- long sessions

for (const way of ["sync", "async"] as const) {
  Deno.test(`Of 600 segments, those that were read are freed (${way})`, async () => {
    const { opened, alive } = await answerOf<{ opened: number; alive: number }>(
      `import { tsSegments, playlistOf, bytesOf } from "${manyFiles}";
      const bytes = tsSegments().get("index0.ts");
      const playlist = playlistOf(Array.from({ length: 600 }, (_, i) => i + ".ts"));
      const opened = [];
      const onopen = () => {
        const source = readerOf(bytes);
        opened.push(new WeakRef(source));
        return source;
      };
      const options = { format: "hls", url: "x.m3u8", onopen };
      const demuxer = ${
        way === "sync"
          ? "Demuxer.openSync(bytesOf(playlist), options)"
          : "await Demuxer.open(bytesOf(playlist), options)"
      };
      while (opened.length < 550) ${way === "sync" ? "demuxer.readSync()" : "await demuxer.read()"};
      await sleep(0);
      gc();
      await sleep(0);
      gc();
      console.log(JSON.stringify({ opened: opened.length, alive: opened.filter((ref) => ref.deref()).length }));
      demuxer[Symbol.dispose]();`,
      gc,
    );
    assert(opened >= 550);
    assert(alive < 30, `${alive} of ${opened} are held`);
  });

  Deno.test(`Of 600 segments, those that were written are freed (${way})`, async () => {
    const { opened, alive } = await answerOf<{ opened: number; alive: number }>(
      `const opened = [];
      const onopen = () => {
        const sink = { onwrite: ${way === "sync" ? "" : "async "}({ length }) => length };
        opened.push(new WeakRef(sink));
        return sink;
      };
      const options = { format: "hls", url: "x.m3u8", onopen, ondelete: () => {},
        options: { hls_time: 0.1, hls_list_size: 3, hls_flags: "delete_segments" } };
      const muxer = ${way === "sync" ? "Muxer.openSync" : "await Muxer.open"}(new MemorySink(), options);
      muxer.addStream({ type: "audio", codec: "mp3", sampleRate: 44100, channels: 2 });
      using demuxer = Demuxer.openSync(fixtureBytes("audio.mp3"));
      const { data } = demuxer.readSync();
      const timeBase = { num: 1152, den: 44100 };
      for (let pts = 0; opened.length < 1100; pts++) {
        const packet = { streamIndex: 0, data, pts, dts: pts, timeBase, isKey: true };
        ${way === "sync" ? "muxer.writeSync(packet)" : "await muxer.write(packet); await muxer.flush()"};
      }
      await sleep(0);
      gc();
      await sleep(0);
      gc();
      console.log(JSON.stringify({ opened: opened.length, alive: opened.filter((ref) => ref.deref()).length }));
      muxer[Symbol.dispose]();`,
      gc,
    );
    assert(opened >= 1100);
    assert(alive < 30, `${alive} of ${opened} are held`);
  });

  Deno.test(`3,000 files that a playlist names leave nothing in the heap (${way})`, async () => {
    const grown = await answerOf<number>(
      `import { tsSegments, playlistOf, bytesOf } from "${manyFiles}";
      const folder = await Deno.makeTempDir();
      await Deno.writeFile(folder + "/a.ts", tsSegments().get("index0.ts").slice(0, 188 * 40));
      const playlist = playlistOf(Array.from({ length: 3000 }, (_, i) => "a.ts"));
      let count = 0, before = 0, after = 0;
      const onopen = () => (count++, folder + "/a.ts");
      const options = { format: "hls", url: "x.m3u8", onopen };
      const open = () => ${
        way === "sync"
          ? "Demuxer.openSync(bytesOf(playlist), options)"
          : "Demuxer.open(bytesOf(playlist), options)"
      };
      const demuxer = await open();
      const until = async (limit) => {
        while (count < limit) if (!(${way === "sync" ? "demuxer.readSync()" : "await demuxer.read()"})) break;
        await sleep(0);
        gc();
        gc();
        return Deno.memoryUsage().heapUsed;
      };
      await until(300);
      before = await until(600);
      after = await until(2600);
      demuxer[Symbol.dispose]();
      await Deno.remove(folder, { recursive: true });
      console.log(JSON.stringify(after - before));`,
      gc,
    );
    assert(grown < 300_000, `${grown} bytes for 2,000 files`);
  });
}

const waits: Record<string, string> = {
  "promised reads": `
    const source = { async onread(buffer) { calls++; buffer.fill(1); return buffer.length; } };
    const demuxer = await Demuxer.open(source, { format: "s16le", findStreamInfo: false, bufferSize: 512 });
    const work = async () => { await demuxer.read(); };`,
  "promised writes": `
    const muxer = await Muxer.open({ async onwrite({ length }) { calls++; return length; } },
      { format: "s16le", coalesce: false });
    muxer.addStream({ type: "audio", codec: "pcm_s16le", sampleRate: 48000, channels: 1 });
    const data = new Uint8Array(512);
    let pts = 0;
    const work = async () => {
      await muxer.write({ streamIndex: 0, data, pts, dts: pts++, timeBase: { num: 256, den: 48000 } });
      if (pts % 20 === 0) await muxer.flush();
    };`,
  "writes to a WritableStream": `
    const muxer = await Muxer.open(new WritableStream({ async write() { calls++; } }),
      { format: "s16le", coalesce: false, signal: new AbortController().signal, timeout: 1e6 });
    muxer.addStream({ type: "audio", codec: "pcm_s16le", sampleRate: 48000, channels: 1 });
    const data = new Uint8Array(512);
    let pts = 0;
    const work = async () => {
      await muxer.write({ streamIndex: 0, data, pts, dts: pts++, timeBase: { num: 256, den: 48000 } });
      if (pts % 20 === 0) await muxer.flush();
    };`,
};

for (const [what, script] of Object.entries(waits)) {
  Deno.test(`A long session keeps no memory for 15,000 ${what}`, async () => {
    const grown = await answerOf<number>(
      `let calls = 0;
      ${script}
      const until = async (limit) => {
        while (calls < limit) await work();
        await sleep(0);
        gc();
        gc();
        return Deno.memoryUsage().heapUsed;
      };
      await until(3000);
      const before = await until(5000);
      const after = await until(20_000);
      console.log(JSON.stringify(after - before));
      Deno.exit(0);`,
      gc,
    );
    assert(grown < 500_000, `${grown} bytes`);
  });
}
