/**
 * PositionedSink: streams of chunks with positions.
 */
import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { MemorySink, type PositionedChunk, PositionedSink, probeSync, remux, remuxSync } from "@avio/avio";
import { fixturePath } from "./support/fixtures.ts";

/** A stream of chunks with positions, and the file that they make. */
function positionedFile() {
  let file = new Uint8Array(0);
  const done: string[] = [];
  const stream = new WritableStream<PositionedChunk>({
    write({ type, position, data }) {
      assertEquals(type, "write");
      if (file.length < position + data.length) {
        const longer = new Uint8Array(position + data.length);
        longer.set(file);
        file = longer;
      }
      file.set(data, position);
    },
    close: () => void done.push("closed"),
    abort: (error) => void done.push(`aborted: ${error.message}`),
  });
  return { stream, done, bytes: () => file };
}

Deno.test("PositionedSink: an mp4 without fragments, the same as in a MemorySink", async () => {
  const { stream, done, bytes } = positionedFile();
  const { bytesWritten } = await remux(fixturePath("video.mkv"), new PositionedSink(stream), {
    format: "mp4",
  });
  const memory = new MemorySink();
  await remux(fixturePath("video.mkv"), memory, { format: "mp4" });
  assertEquals(bytes(), memory.bytes());
  assertEquals([done, bytesWritten], [["closed"], memory.size]);
  assert(!stream.locked);
});

Deno.test("A FileSystemWritableFileStream is seekable as it is", async () => {
  const { stream, bytes } = positionedFile();
  const file = Object.assign(stream, { seek: () => {}, truncate: () => {} }) as unknown as WritableStream<
    Uint8Array
  >;
  await remux(fixturePath("video.mkv"), file, { format: "mp4" });
  assertEquals(probeSync(bytes()).streams.length, 2);
});

Deno.test("PositionedSink: aborted with the error; async only; takes only a WritableStream", async () => {
  const { stream, done } = positionedFile();
  await assertRejects(
    () => remux(fixturePath("video.mp4"), new PositionedSink(stream), { format: "webm" }),
    TypeError,
  );
  assertEquals(done.map((word) => word.split(":")[0]), ["aborted"]);
  const { stream: other } = positionedFile();
  assertThrows(
    () => remuxSync(fixturePath("video.mp4"), new PositionedSink(other), { format: "mp4" }),
    TypeError,
    "synchronously",
  );
  assertThrows(() => new PositionedSink({} as never), TypeError, "must be a WritableStream");
});
