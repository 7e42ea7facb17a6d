/**
 * RemuxStream: ranges of a source that can't seek, and how its result and both sides end.
 */
import { assert, assertEquals, assertInstanceOf, assertMatch, assertStrictEquals } from "@std/assert";
import { AVError, MemorySink, Muxer, remux, RemuxStream, streamingOptions } from "@avio/avio";
import { withIndexFarBehind } from "./support/chunked.ts";
import { chunksOf, rejectionOf, soon } from "./support/async.ts";
import { fixtureBytes } from "./support/fixtures.ts";
import { dataByStream, hashesByStream, rowsOf } from "./support/packets.ts";

function streamOf(name: string): ReadableStream<Uint8Array> {
  return ReadableStream.from(chunksOf(fixtureBytes(name), 5000));
}

/** A source that can't seek is read forward to the range, and cut where a file is. */
for (
  const name of [
    "video.mkv",
    "faststart.mp4",
    "fragmented.mp4",
    "video.webm",
    "video.flv",
    "audio.ogg",
  ]
) {
  for (const range of [{ start: 1 }, { start: 0 }, { start: 2 }, { end: 1 }, { start: 0.5, end: 1.5 }]) {
    Deno.test(`RemuxStream(${JSON.stringify(range)}) of ${name} writes what remux() writes from a file`, async () => {
      const format = "matroska";
      const file = new MemorySink();
      await remux(fixtureBytes(name), file, { format, options: streamingOptions(format), ...range });
      const remuxing = new RemuxStream({ format, ...range });
      const bytes = await soon(new Response(streamOf(name).pipeThrough(remuxing)).bytes());
      const rows = rowsOf(bytes);
      assertEquals(rows.length, (await remuxing.result).packets);
      assert(rows.length > 0);
      assertEquals(hashesByStream(rows), hashesByStream(rowsOf(file.bytes())));
    });
  }
}

Deno.test("RemuxStream of an mp4 whose index is at the end: the error says why it can't be read", async () => {
  const far = new Blob([withIndexFarBehind(fixtureBytes("video.mp4"))]);
  for (const range of [{}, { start: 1 }]) {
    const remuxing = new RemuxStream({ format: "matroska", input: { bufferSize: 4096 }, ...range });
    const error = await soon(rejectionOf(new Response(far.stream().pipeThrough(remuxing)).bytes()));
    assertInstanceOf(error as Error, AVError);
    assertMatch((error as Error).message, /not seekable/);
    assertStrictEquals(await rejectionOf(remuxing.result), error);
  }
});

Deno.test("RemuxStream({ start }) reads forward to the start, and keeps no more than it needs", async () => {
  const film = new MemorySink();
  const muxer = Muxer.openSync(film, { format: "matroska" });
  muxer.addStream({ type: "video", codec: "vp8", width: 320, height: 240 });
  const [key, delta] = [0, 1].map((first) => new Uint8Array(50_000).fill(first)); // the first bit of VP8: 0 for key frames
  for (let pts = 0; pts < 1000; pts++) {
    const isKey = pts % 50 === 0;
    const data = isKey ? key! : delta!;
    muxer.writeSync({ streamIndex: 0, data, pts, dts: pts, isKey, timeBase: { num: 1, den: 25 } });
  }
  muxer.finishSync();
  const bytes = film.bytes();
  for (const start of [1, 31, 39]) {
    const remuxing = new RemuxStream({ format: "matroska", start, input: { maxMemory: 16 * 1024 * 1024 } });
    const stream = ReadableStream.from(chunksOf(bytes, 1_000_000)).pipeThrough(remuxing);
    await soon(stream.pipeTo(new WritableStream()));
    const result = await remuxing.result;
    assertEquals([result.start, result.packets], [start - start % 2, 1000 - 25 * (start - start % 2)]);
  }
});

Deno.test("RemuxStream({ start }): too much data between a key frame and the start is a clear error", async () => {
  const film = new MemorySink();
  const muxer = Muxer.openSync(film, { format: "matroska" });
  muxer.addStream({ type: "video", codec: "vp8", width: 320, height: 240 });
  const [key, delta] = [0, 1].map((first) => new Uint8Array(100_000).fill(first));
  for (let pts = 0; pts < 150; pts++) {
    const isKey = pts % 50 === 0;
    muxer.writeSync({
      streamIndex: 0,
      data: isKey ? key! : delta!,
      pts,
      dts: pts,
      isKey,
      timeBase: { num: 1, den: 25 },
    });
  }
  muxer.finishSync();
  const cut = async (maxMemory: number) => {
    const remuxing = new RemuxStream({ format: "matroska", start: 3.9, input: { maxMemory } });
    const stream = ReadableStream.from(chunksOf(film.bytes(), 100_000)).pipeThrough(remuxing);
    await soon(stream.pipeTo(new WritableStream()).catch(() => {}));
    return remuxing.result;
  };
  const error = await rejectionOf(cut(16 * 1024 * 1024));
  assertInstanceOf(error as Error, AVError);
  assertEquals((error as AVError).codeName, "EMSGSIZE");
  assertMatch(
    (error as Error).message,
    /more than 2048 KB between the key frame and the start: too much for maxMemory/,
  );
  assertEquals((await cut(64 * 1024 * 1024)).packets, 100);
});

Deno.test("RemuxStream({ start }) of PCM begins with the exact sample, as remux() of a file does", async () => {
  const wav = fixtureBytes("audio.wav");
  for (const format of ["wav", "w64", "aiff", "caf"]) {
    const whole = new MemorySink();
    await remux(wav, whole, { format });
    for (const range of [{ start: 0.3333 }, { start: 0.01 }, { start: 0.5, end: 0.9 }]) {
      const file = new MemorySink();
      const { start } = await remux(whole.bytes(), file, { format: "wav", ...range });
      const remuxing = new RemuxStream({ format: "wav", ...range });
      const stream = ReadableStream.from(chunksOf(whole.bytes(), 1000)).pipeThrough(remuxing);
      const bytes = await soon(new Response(stream).bytes());
      assertEquals((await remuxing.result).start, start, format);
      const [expected] = dataByStream(file.bytes());
      if (range.end === undefined) assertEquals(dataByStream(bytes), [expected], format);
    }
  }
});
