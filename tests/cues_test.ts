/**
 * Subtitles at the ends of what is kept: what is shown of them is cut there.
 */
import { assertAlmostEquals, assertEquals } from "@std/assert";
import {
  Demuxer,
  MemorySink,
  merge,
  mergeSync,
  Muxer,
  probeSync,
  remux,
  type RemuxOptions,
  remuxSync,
} from "@avio/avio";
import { fixturePath } from "./support/fixtures.ts";

const VIDEO = fixturePath("video.mp4"); // three seconds, with a key frame in each

type Cue = [start: number, end: number, text: string];

/** "First" is shown over both others. */
const CUES: Cue[] = [[0.2, 2.6, "First"], [1, 1.5, "Second"], [2.7, 2.9, "Last"]];

function srt(cues: readonly Cue[]): Uint8Array<ArrayBuffer> {
  const stamp = (time: number) => `00:00:0${time.toFixed(3).replace(".", ",")}`;
  const rows = cues.map(([start, end, text], index) =>
    `${index + 1}\n${stamp(start)} --> ${stamp(end)}\n${text}\n`
  );
  return new TextEncoder().encode(rows.join("\n"));
}

const SRT = { source: srt(CUES), input: { format: "srt" } };

function film(cues = CUES): Uint8Array {
  const sink = new MemorySink();
  mergeSync([VIDEO, { ...SRT, source: srt(cues) }], sink, { format: "matroska" });
  return sink.bytes();
}

function cuesOf(source: Uint8Array, format?: string): Cue[] {
  using demuxer = Demuxer.openSync(source, format ? { format } : {});
  const texts = demuxer.streams.filter(({ type }) => type === "subtitle");
  return [...demuxer.packetsSync({ streams: texts })].filter(({ data }) => data.length > 2).map((packet) => {
    const length = packet.duration * packet.timeBase.num / packet.timeBase.den;
    const text = new TextDecoder().decode(
      texts[0]!.codecParameters.codec === "mov_text" ? packet.data.subarray(2) : packet.data,
    );
    return [packet.time!, packet.time! + length, text.trim()];
  });
}

/** The muxer of Matroska of FFmpeg 5.1 moves all packets behind the sound's, which begin before 0. */
function assertCues(found: readonly Cue[], expected: readonly Cue[], tolerance = 0.03): void {
  const what = JSON.stringify(found);
  assertEquals(found.map(([, , text]) => text), expected.map(([, , text]) => text), what);
  for (const [index, [start, end]] of expected.entries()) {
    assertAlmostEquals(found[index]![0], start, tolerance, what);
    assertAlmostEquals(found[index]![1], end, tolerance, what);
  }
}

function cut(source: Uint8Array, options: RemuxOptions) {
  const sink = new MemorySink();
  const result = remuxSync(source, sink, { format: "matroska", ...options });
  return { result, bytes: sink.bytes() };
}

for (const timestamps of ["zero", "keep"] as const) {
  Deno.test(`remuxSync() ends a subtitle at the end of the part, with the times "${timestamps}"`, () => {
    const { result, bytes } = cut(film(), { end: 1, timestamps });
    assertCues(cuesOf(bytes), [[0.2, 1, "First"]]);
    assertAlmostEquals(result.duration!, 1, 0.06);
    assertAlmostEquals(probeSync(bytes).duration!, 1, 0.06);
  });
}

Deno.test("remuxSync() keeps what is shown after the cut of a subtitle that has begun before it", () => {
  const { bytes } = cut(film(), { start: 1.2 });
  assertCues(cuesOf(bytes), [[0, 1.6, "First"], [0, 0.5, "Second"], [1.7, 1.9, "Last"]]);
  assertCues(cuesOf(cut(film(), { start: 1.7, end: 1.9 }).bytes), [[0, 0.9, "First"], [0, 0.5, "Second"]]);
});

Deno.test("remuxSync() cuts subtitles at the ends of ranges", async () => {
  const ranges = [{ end: 0.8 }, { start: 1.7, end: 1.9 }, { start: 2.9 }];
  const { bytes, result } = cut(film(), { ranges });
  const expected: Cue[] = [[0.2, 0.8, "First"], [0.8, 1.7, "First"], [0.8, 1.3, "Second"], [
    2.4,
    2.6,
    "Last",
  ]];
  assertCues(cuesOf(bytes), expected, 0.06); // a range may end with a part of a packet of sound
  assertAlmostEquals(result.duration!, 2.7, 0.06);
  const sink = new MemorySink();
  await remux(film(), sink, { format: "matroska", ranges });
  assertEquals(cuesOf(sink.bytes()), cuesOf(bytes));
});

/** The same cues alone. */
function alone(format: string): Uint8Array {
  const sink = new MemorySink();
  remuxSync(SRT.source, sink, { format, input: SRT.input });
  return sink.bytes();
}

for (const format of ["srt", "matroska"]) {
  Deno.test(`A part of subtitles alone begins and ends with its range: ${format}`, () => {
    const input = { format: format === "srt" ? "srt" : "matroska" };
    const part = (options: RemuxOptions) =>
      cuesOf(cut(alone(format), { format, input, ...options }).bytes, input.format);
    assertCues(part({ end: 1.2 }), [[0.2, 1.2, "First"], [1, 1.2, "Second"]]);
    assertCues(part({ start: 1.2 }), [[0, 1.4, "First"], [0, 0.3, "Second"], [1.5, 1.7, "Last"]]);
    assertCues(part({ start: 1.7, timestamps: "keep" }), [[1.7, 2.6, "First"], [2.7, 2.9, "Last"]]);
    // The first range ends where it was to end, not with its last subtitle.
    const ranges = [{ end: 0.8 }, { start: 1.7, end: 2.65 }, { start: 2.8 }];
    assertCues(part({ ranges }), [[0.2, 0.8, "First"], [0.8, 1.7, "First"], [1.75, 1.85, "Last"]]);
  });
}

/** As mov_text, of which no two are shown at once. */
function words(cues: readonly Cue[]): Uint8Array {
  const sink = new MemorySink();
  using muxer = Muxer.openSync(sink, { format: "mp4" });
  const streamIndex = muxer.addStream({ type: "subtitle", codec: "mov_text" });
  for (const [start, end, text] of cues) {
    const data = new Uint8Array([0, text.length, ...new TextEncoder().encode(text)]);
    const times = { pts: Math.round(start * 1000), duration: Math.round((end - start) * 1000) };
    muxer.writeSync({
      streamIndex,
      data,
      isKey: true,
      dts: times.pts,
      ...times,
      timeBase: { num: 1, den: 1000 },
    });
  }
  muxer.finishSync();
  return sink.bytes();
}

const WORDS: Cue[] = [[0.5, 2, "First"], [2, 3, "Second"], [5, 5.9, "Last"]];

for (const delay of [-0.4, -1, -2.2, -3, -5]) {
  Deno.test(`merge() ends the last subtitle of mp4 with a delay of ${delay} s where it was to end`, async () => {
    const expected = WORDS.map(([start, end, text]): Cue => [Math.max(0, start + delay), end + delay, text])
      .filter(([, end]) => end > 0);
    const sink = new MemorySink();
    const { warnings } = await merge([VIDEO, { source: words(WORDS), delay }], sink, { format: "mp4" });
    assertCues(cuesOf(sink.bytes()), expected);
    const dropped = WORDS.length - expected.length;
    const message = "sources[1], stream 0: subtitles that end before the output begins are left out";
    assertEquals(
      warnings.map(({ kind, message, count }) => [kind, message, count]),
      dropped ? [["dropped", message, dropped]] : [],
    );
  });
}

Deno.test("remuxSync() cuts subtitles of mp4, and the pauses between them, at the ends of ranges", () => {
  const sink = new MemorySink();
  mergeSync([VIDEO, words([[0.5, 1.8, "First"], [2.2, 2.9, "Last"]])], sink, { format: "mp4" });
  const part = (...ranges: { start?: number; end: number }[]) => {
    const { bytes, result } = cut(sink.bytes(), { format: "mp4", ranges });
    assertEquals(result.warnings.filter(({ stream }) => stream === 2), []);
    return cuesOf(bytes);
  };
  assertCues(part({ end: 0.9 }, { start: 2, end: 2.6 }), [[0.5, 0.9, "First"], [1.1, 1.5, "Last"]], 0.06);
  assertCues(part({ end: 0.9 }, { start: 2, end: 2.1 }), [[0.5, 0.9, "First"]]);
});
