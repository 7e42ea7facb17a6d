/**
 * Uint8Arrays whose class or properties report a wrong size: native code must use the real one. Each case runs in its
 * own process, since reading past the end may end it.
 */
import { assertEquals } from "@std/assert";
import { runScriptOk } from "./support/subprocess.ts";

const LIARS = `
  import { Demuxer, IOContext, MemorySink, Muxer, probe, probeSync, remux, remuxSync } from "@avio/avio";
  const HUGE = 2e9;
  class Liar extends Uint8Array {
    get length() { return HUGE; }
    get byteLength() { return HUGE; }
    slice() { return this; }
    subarray() { return this; }
    toBase64() { return "AAAA".repeat(1000); }
  }
  const lie = (bytes) => {
    for (const name of ["length", "byteLength"]) Object.defineProperty(bytes, name, { value: HUGE });
    return bytes;
  };
  const liars = (...content) => [new Liar(content), lie(new Uint8Array(content)), lie(new Uint8Array(content).subarray())];
  const say = (value) => console.log(JSON.stringify(value));
`;

async function said(script: string): Promise<unknown[]> {
  return (await runScriptOk(LIARS + script)).split("\n").map((line) => JSON.parse(line));
}

Deno.test("Packets: bytes with a wrong length", async () => {
  const lines = await said(`
    for (const isAsync of [false, true]) {
      for (const data of liars(1, 2, 3)) {
        const sink = new MemorySink();
        const muxer = Muxer.openSync(sink, { format: "data" });
        muxer.addStream({ type: "data", codec: "bin_data" });
        const write = (data, pts) => {
          const packet = { streamIndex: 0, data, pts, dts: pts };
          return isAsync ? muxer.write(packet) : muxer.writeSync(packet);
        };
        await write(data, 0); // copied by JavaScript, before there is a header
        await (isAsync ? muxer.start() : muxer.startSync());
        for (const data of liars(4, 5)) await write(data, 1);
        await (isAsync ? muxer.finish() : muxer.finishSync());
        say([...sink.bytes()]);
      }
    }
  `);
  assertEquals(lines, new Array(6).fill([1, 2, 3, 4, 5, 4, 5, 4, 5]));
});

Deno.test("Extradata and side data: bytes with a wrong length", async () => {
  const lines = await said(`
    for (const [index, data] of liars(...new Array(36).fill(0)).entries()) {
      const muxer = Muxer.openSync(new MemorySink(), { format: "matroska" });
      const sideData = [{ type: "Display Matrix", data }];
      muxer.addStream({ type: "video", codec: "vp8", width: 16, height: 16, extradata: liars(7, 8)[index] }, { sideData });
      const { codecParameters, sideData: [side] } = muxer.streams[0];
      say([[...codecParameters.extradata], side.data.length]);
      muxer.writeSync({ streamIndex: 0, data: new Uint8Array(4), pts: 0, dts: 0, sideData });
    }
  `);
  assertEquals(lines, new Array(3).fill([[7, 8], 36]));
});

Deno.test("Sources: bytes with a wrong length", async () => {
  const lines = await said(`
    const { length } = Deno.readFileSync("fixtures/audio.wav");
    for (let i = 0; i < 3; i++) {
      const one = () => liars(...Deno.readFileSync("fixtures/audio.wav"))[i];
      const sources = [one, () => new IOContext(one())];
      for (const source of sources) say([probeSync(source()).size === length, (await probe(source())).size === length]);
      for await (const chunk of [one()]) {
        const sink = new MemorySink();
        await remux(ReadableStream.from([chunk]), sink, { format: "wav" });
        say([sink.size > length / 2, sink.size < 2 * length]);
      }
    }
  `);
  assertEquals(lines, new Array(9).fill([true, true]));
});

Deno.test("IOContext: bytes with a wrong length", async () => {
  const lines = await said(`
    for (const into of liars(0, 0, 0)) {
      const io = new IOContext(new Uint8Array([1, 2, 3, 4, 5]));
      say([io.readSync(into), ...new Uint8Array(into.buffer)]);
    }
    for (const into of liars(0, 0)) {
      const io = new IOContext(16, { onread: (buffer) => buffer.fill(9).length });
      say([io.readSync(into), ...new Uint8Array(into.buffer)]);
    }
    for (const bytes of liars(1, 2)) {
      const written = [];
      const io = new IOContext(16, { onwrite: (piece) => void written.push(...piece) });
      say([io.writeSync(bytes), (io.flushSync(), written)]);
    }
  `);
  const read = [...new Array(3).fill([3, 1, 2, 3]), ...new Array(3).fill([2, 9, 9])];
  assertEquals(lines, [...read, ...new Array(3).fill([2, [1, 2]])]);
});

Deno.test("onread and onwrite may redefine properties of their buffers, without effect", async () => {
  const lines = await said(`
    for (const spoil of [lie, (buffer) => Object.setPrototypeOf(buffer, Liar.prototype)]) {
      const source = { onread: (buffer) => (spoil(buffer), 1) };
      let calls = 0;
      try {
        remuxSync({ onread: (buffer) => ++calls > 9 ? 0 : (spoil(buffer), 1) }, new MemorySink(), { format: "wav" });
      } catch (error) {
        say(error.name !== "");
      }
      try {
        remuxSync("fixtures/audio.wav", { onwrite: (piece) => (spoil(piece), 1000) }, { format: "wav" });
        say(true);
      } catch (error) {
        say(error.name !== "");
      }
    }
  `);
  assertEquals(lines, new Array(4).fill(true));
});

Deno.test("A Uint8Array of another realm is accepted, an imitation is not", async () => {
  const lines = await said(`
    const vm = await import("node:vm");
    const foreign = vm.runInNewContext("new Uint8Array([1, 2])");
    const sink = new MemorySink();
    const muxer = Muxer.openSync(sink, { format: "data" });
    muxer.addStream({ type: "data", codec: "bin_data" });
    muxer.writeSync({ streamIndex: 0, data: foreign, pts: 0, dts: 0 });
    const none = [
      Object.create(Uint8Array.prototype),
      new Proxy(new Uint8Array(2), {}),
      { [Symbol.toStringTag]: "Uint8Array", length: 2, byteLength: 2 },
      new Uint8ClampedArray(2),
    ];
    for (const data of none) {
      try {
        muxer.writeSync({ streamIndex: 0, data, pts: 1, dts: 1 });
      } catch (error) {
        say(error.argument);
      }
    }
    muxer.finishSync();
    say([...sink.bytes()]);
  `);
  assertEquals(lines, [...new Array(4).fill("packet.data"), [1, 2]]);
});

Deno.test("Methods and properties of the engine's own arrays, replaced by the program: the process lives", async () => {
  const [isAll] = await said(`
    const original = Deno.readFileSync("fixtures/video.mp4");
    const { apply, ownKeys } = Reflect;
    const transfer = ArrayBuffer.prototype.transfer, TypedArray = Object.getPrototypeOf(Uint8Array.prototype);
    const bufferOf = Object.getOwnPropertyDescriptor(TypedArray, "buffer").get, { slice } = TypedArray;
    const detach = (array) => {
      try { apply(transfer, apply(bufferOf, array, []), []); } catch { /* it is no array, or gone already */ }
    };
    const replacements = [
      (original) => function (...values) { const result = apply(original, this, values); detach(this); return result; },
      () => () => 1e9,
      () => () => new Uint8Array(1),
    ];
    const use = () => {
      const file = apply(slice, original, []), onwrite = (buffer) => buffer.length;
      const demuxer = Demuxer.openSync(file), sink = new MemorySink();
      const muxer = Muxer.openSync(new IOContext(4096, { onwrite }), { format: "matroska", metadata: { title: "A" } });
      demuxer.index(0);
      muxer.addStream({ type: "audio", codec: "mp3", sampleRate: 44100, channels: 1, extradata: new Uint8Array(4) });
      let pts = 0;
      for (const { data } of demuxer.packetsSync({ streams: [1] })) muxer.writeSync({ data, pts: pts += 100_000, streamIndex: 0 });
      muxer.finishSync();
      remuxSync(file, sink, { format: "matroska" });
      sink.bytes();
      demuxer.close();
    };
    let count = 0;
    const tryWithout = (prototype, key) => {
      const descriptor = Object.getOwnPropertyDescriptor(prototype, key);
      for (const replace of replacements) {
        const other = { ...descriptor };
        for (const kind of ["value", "get"]) if (typeof descriptor[kind] === "function") other[kind] = replace(descriptor[kind]);
        for (let i = 0; i < 2; i++) {
          Object.defineProperty(prototype, key, other);
          try { use(); } catch { /* whatever error */ }
          Object.defineProperty(prototype, key, descriptor);
        }
        count++;
      }
    };
    use();
    for (const prototype of [TypedArray, ArrayBuffer.prototype, TextEncoder.prototype, TextDecoder.prototype]) {
      for (const key of ownKeys(prototype)) {
        if (key !== "constructor" && Object.getOwnPropertyDescriptor(prototype, key).configurable) tryWithout(prototype, key);
      }
    }
    use();
    say(count > 100);
  `);
  assertEquals(isAll, true);
});
