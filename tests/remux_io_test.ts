/**
 * Remuxing: the output is the same however many bytes the sink takes at a time, and everything in the input is in the
 * output, in every format that can hold it.
 */
import { assertEquals } from "@std/assert";
import { MemorySink, remuxSync } from "@avio/avio";
import { amounts, Collector, readerOf } from "./support/devices.ts";
import { ffprobePackets, hasFFprobe, withCopyByFFmpeg } from "./support/ffprobe.ts";
import { fixtureBytes, fixturePath, mediaFixtures } from "./support/fixtures.ts";
import { dataByStream, hashesByStream, rowsOf } from "./support/packets.ts";

const outputs: Record<string, string[]> = {
  avi: ["avi", "matroska", "mp4", "mov", "mpegts", "nut", "asf"],
  webm: ["webm", "matroska", "mp4", "nut"],
  ogg: ["ogg", "matroska", "webm", "mp4", "nut"],
  mp3: ["mp3", "matroska", "mp4", "mov", "mpegts", "flv", "avi", "wav", "nut"],
  wav: ["wav", "matroska", "mov", "avi", "caf", "aiff", "nut"],
  flac: ["flac", "ogg", "matroska", "nut"],
};
const outputsOfH264 = ["matroska", "mp4", "mov", "mpegts", "flv", "nut", "asf"];

function outputsOf(name: string): string[] {
  return outputs[name.split(".")[1]!] ?? outputsOfH264;
}

/** H.264 and AAC are written otherwise in MPEG-TS: their packets change on the way there and back. */
function isRewritten(name: string, format: string): boolean {
  if (name === "video.ts") return !["mpegts", "nut", "asf"].includes(format);
  return format === "mpegts" && outputs[name.split(".")[1]!] === undefined;
}

/** The same bytes each time: no random numbers, no dates. */
const options = { fflags: "+bitexact" };

function remuxed(name: string, format: string, coalesce = true): Uint8Array {
  const sink = new MemorySink();
  remuxSync(fixtureBytes(name), sink, { format, coalesce, options });
  return sink.bytes();
}

for (const name of mediaFixtures) {
  for (const format of outputsOf(name)) {
    Deno.test(`remuxSync() of ${name} to ${format} writes the same file however many bytes onwrite takes`, () => {
      for (const coalesce of [true, false]) {
        const expected = remuxed(name, format, coalesce);
        for (const [amountName, amount] of Object.entries(amounts)) {
          const sink = new Collector(amount);
          const source = readerOf(fixtureBytes(name), { amount });
          const result = remuxSync(source, sink, { format, coalesce, options });
          assertEquals(result.bytesWritten, expected.length);
          assertEquals(dataOf(sink.bytes()), dataOf(expected), `${amountName}, coalesce ${coalesce}`);
        }
      }
    });

    if (isRewritten(name, format)) continue;
    Deno.test(`remuxSync() of ${name} to ${format} keeps every packet's data`, () => {
      const before = rowsOf(fixtureBytes(name));
      const output = remuxed(name, format);
      // Sound without frames may be cut into other pieces.
      if (name === "audio.wav") assertEquals(dataByStream(output), dataByStream(fixtureBytes(name)));
      else assertEquals(hashesByStream(rowsOf(output)), hashesByStream(before));
      assertEquals(hashesByStream(rowsOf(remuxed(name, format, false))), hashesByStream(rowsOf(output)));
    });
  }
}

/** Compared as text: a difference of two arrays of bytes takes minutes to print. */
function dataOf(bytes: Uint8Array): string {
  return new TextDecoder("latin1").decode(bytes);
}

for (const name of mediaFixtures) {
  for (const format of outputsOf(name).filter((format) => isRewritten(name, format))) {
    Deno.test({
      name: `remuxSync() of ${name} to ${format} rewrites the data as the ffmpeg command does`,
      ignore: !hasFFprobe,
      fn() {
        withCopyByFFmpeg(fixturePath(name), format, (copy) => {
          assertEquals(hashesByStream(rowsOf(remuxed(name, format))), hashesByStream(ffprobePackets(copy)));
        });
      },
    });
  }
}

Deno.test("remuxSync() to another format and back keeps every packet's data", () => {
  for (
    const [name, format] of [["video.mp4", "matroska"], ["video.mkv", "mp4"], ["video.flv", "mov"]] as const
  ) {
    const there = remuxed(name, format);
    const sink = new MemorySink();
    remuxSync(there, sink, { format: name.split(".")[1]!.replace("mkv", "matroska"), options });
    assertEquals(hashesByStream(rowsOf(sink.bytes())), hashesByStream(rowsOf(fixtureBytes(name))), name);
  }
});

Deno.test("remuxSync() combines small writes by default, and writes each packet at once without coalesce", () => {
  const gathered = new Collector();
  const direct = new Collector();
  remuxSync(fixtureBytes("video.mp4"), gathered, { format: "mp4", options });
  remuxSync(fixtureBytes("video.mp4"), direct, { format: "mp4", options, coalesce: false });
  assertEquals(dataOf(gathered.bytes()), dataOf(direct.bytes()));
  assertEquals(gathered.writes <= 5, true, `gathered: ${gathered.writes} writes`);
  assertEquals(direct.writes >= 100, true, `direct: ${direct.writes} writes`);
});
