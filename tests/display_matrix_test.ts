/**
 * How pictures are shown, mirrored, rotated or scaled: formats store it as it is, or a warning says what is left out.
 */
import { assert, assertEquals, assertGreater } from "@std/assert";
import {
  Demuxer,
  fromMap,
  type MapFile,
  MemorySink,
  Muxer,
  type MuxerOptions,
  outputFormats,
  probeSync,
  remuxSync,
} from "@avio/avio";
import { concatBytes } from "./support/essence.ts";
import { fixturePath } from "./support/fixtures.ts";
import { isEmbedded, libavformat } from "./support/versions.ts";

const ONE = 65536, WHOLE = 1 << 30;

/** Four numbers that count, and perhaps where the picture is put. */
const matrixOf = ([a, b, c, d]: readonly number[], [x, y]: readonly number[] = [0, 0], [u, v] = [0, 0]) =>
  new Int32Array([a!, b!, u!, c!, d!, v!, x!, y!, WHOLE]);

/** Matrices, and what they do to pictures in words. */
const MATRICES: readonly [words: string, matrix: Int32Array][] = [
  ["", matrixOf([ONE, 0, 0, ONE])],
  ["", matrixOf([ONE, 0, 0, ONE], [10 * ONE, 20 * ONE])],
  ["rotated by 90 degrees", matrixOf([0, ONE, -ONE, 0])],
  ["rotated by 90 degrees", matrixOf([0, ONE, -ONE, 0], [64 * ONE, 0])],
  ["rotated by 180 degrees", matrixOf([-ONE, 0, 0, -ONE])],
  ["rotated by 270 degrees", matrixOf([0, -ONE, ONE, 0])],
  ["rotated by 45 degrees", matrixOf([46341, 46341, -46341, 46341])],
  ["rotated by 30 degrees", matrixOf([56756, 32768, -32768, 56755])], // two numbers differ
  ["mirrored left to right", matrixOf([-ONE, 0, 0, ONE])],
  ["mirrored top to bottom", matrixOf([ONE, 0, 0, -ONE])],
  ["mirrored left to right and rotated by 90 degrees", matrixOf([0, -ONE, -ONE, 0])],
  ["mirrored left to right and rotated by 270 degrees", matrixOf([0, ONE, ONE, 0])],
  ["mirrored left to right and rotated by 30 degrees", matrixOf([-56756, -32768, -32768, 56756])],
  ["scaled by 2", matrixOf([2 * ONE, 0, 0, 2 * ONE])],
  ["scaled by 2 x 1", matrixOf([2 * ONE, 0, 0, ONE])],
  ["rotated by 90 degrees and scaled by 0.5", matrixOf([0, ONE / 2, -ONE / 2, 0])],
  ["mirrored top to bottom and scaled by 2", matrixOf([2 * ONE, 0, 0, -2 * ONE])],
  ["scaled by 1.414 x 1 and distorted", matrixOf([ONE, ONE, 0, ONE])],
  ["distorted", matrixOf([ONE, 0, 0, ONE], [0, 0], [1000, 0])],
  ["without an area", new Int32Array(9)],
  ["without an area", matrixOf([ONE, 0, 0, 0])],
];

/** A film in this format that is shown as the matrix says. */
function filmOf(name: string, matrix: Int32Array, options: MuxerOptions) {
  const sink = new MemorySink();
  using demuxer = Demuxer.openSync(fixturePath(name));
  using muxer = Muxer.openSync(sink, options);
  const stream = demuxer.streams.find(({ type }) => type === "video")!;
  muxer.addStream(stream, { sideData: [{ type: "Display Matrix", data: new Uint8Array(matrix.buffer) }] });
  const packets = Iterator.from(demuxer.packetsSync()).filter(({ streamIndex }) =>
    streamIndex === stream.index
  ).take(5);
  for (const packet of packets) muxer.writeSync(Object.assign(packet, { streamIndex: 0 }));
  muxer.finishSync();
  return { bytes: sink.bytes(), messages: muxer.warnings.map(({ message }) => message) };
}

/** The matrix of the first picture that has one. */
function matrixIn(bytes: Uint8Array<ArrayBuffer>, options = {}): Int32Array | null {
  const all = probeSync(bytes, options).streams.flatMap(({ sideData }) => sideData);
  const data = all.find(({ type }) => type === "Display Matrix")?.data;
  return data ? new Int32Array(data.slice().buffer) : null;
}

const cornersOf = (matrix: Int32Array | null) => matrix ? [0, 1, 3, 4].map((at) => matrix[at]!) : null;

const isSame = (one: number[], other: number[], rounding: number) =>
  one.every((number, at) => Math.abs(number - other[at]!) <= rounding);

/** What the warning calls it. */
const named = (words: string) =>
  /^rotated by \d+ degrees$/.test(words)
    ? words.replace("rotated", "the rotation")
    : `the display matrix (${words})`;

/** Formats whose output is no media. */
const NO_MEDIA = /crc|hash|md5|null|mkvtimestamp/;

Deno.test("Every format stores how pictures are shown, or a warning says in words what it leaves out", () => {
  const walked: string[] = [], holding = new Set<string>();
  for (const { name: format } of outputFormats().filter(({ name }) => !NO_MEDIA.test(name))) {
    const written = (source: string, matrix: Int32Array) =>
      tried(() => {
        const nested = { url: "x", onopen: fromMap(new Map<string, MapFile>()) };
        const { bytes, messages } = filmOf(source, matrix, { format, ...nested });
        return { messages, found: matrixIn(bytes, nested) };
      });
    // One that the format can hold, and avio can read.
    const source = ["video.mp4", "video.avi", "video.webm", "image.jpeg"].find((name) =>
      written(name, MATRICES[0]![1])
    );
    if (source === undefined) continue;
    walked.push(format);
    for (const [words, matrix] of MATRICES) {
      const { messages, found } = written(source, matrix)!;
      const isWhole = isSame(cornersOf(found) ?? [ONE, 0, 0, ONE], cornersOf(matrix)!, 1);
      const isKept = isWhole && (found !== null || !words.includes("distorted"));
      if (isKept && words !== "") holding.add(format);
      const lost = isKept
        ? ""
        : found && words.includes(" and scaled")
        ? words.split(" and ").at(-1)!
        : words;
      const message = `stream 0: ${named(lost)} is left out: ${format} can't hold it`;
      assertEquals(messages, lost === "" ? [] : [message], `${format}: ${words}`);
    }
  }
  assertGreater(walked.length, 25);
  assert(["mp4", "mov", "3gp", ...isEmbedded ? ["dash"] : []].every((format) => holding.has(format)));
  assertEquals(holding.has("matroska"), libavformat > 60);
});

function tried<T>(call: () => T): T | undefined {
  try {
    return call();
  } catch {
    return undefined;
  }
}

Deno.test("A matrix that mp4 has, and Matroska has not, is reported by a remux", () => {
  for (const [words, matrix] of MATRICES) {
    const { bytes } = filmOf("video.mp4", matrix, { format: "mp4" });
    const sink = new MemorySink();
    const { warnings } = remuxSync(bytes, sink, { format: "mpegts" });
    assertEquals(
      warnings.map(({ message }) => message),
      words === "" ? [] : [
        `stream 0: ${named(words)} is left out: mpegts can't hold it`,
      ],
    );
    const mp4 = new MemorySink();
    assertEquals(remuxSync(bytes, mp4, { format: "mp4" }).warnings, []);
    assertEquals(matrixIn(mp4.bytes()), matrixIn(bytes));
  }
});

Deno.test("HLS and DASH have in their segments how pictures are shown, or a warning says that they don't", () => {
  const filmed = (name: string) => filmOf(name, matrixOf([0, ONE, -ONE, 0]), { format: "mp4" }).bytes;
  const cases: [format: string, options: Record<string, string>, isLater: boolean, source?: string][] = [
    ["hls", { hls_segment_type: "fmp4" }, true],
    ["dash", {}, true],
    ["dash", {}, true, "video.webm"],
    ["segment", { segment_format: "mp4" }, false],
    ["segment", { segment_format: "matroska" }, true],
    ["segment", { segment_format: "mpegts" }, false],
  ];
  for (const [format, options, isLater, source = "video.mp4"] of cases) {
    const files = new Map<string, MapFile>(), url = format === "segment" ? "%d" : "x";
    const nested = { url, onopen: fromMap(files) };
    const { warnings } = remuxSync(filmed(source), new MemorySink(), { format, options, ...nested });
    const media = [...files].filter(([name]) => !name.endsWith("x")).map(([, file]) => file as MemorySink);
    const found = matrixIn(concatBytes(media.map((file) => file.bytes())));
    const what = `${format} ${JSON.stringify(options)}`;
    const isKept = options.segment_format !== "mpegts" && (!isLater || libavformat > 60);
    assertEquals(found !== null, isKept, what);
    const words = `stream 0: the rotation by 90 degrees is left out: ${format} can't hold it`;
    assertEquals(warnings.map(({ message }) => message), isKept ? [] : [words], what);
  }
});

Deno.test("AVIF has a matrix for a sequence of pictures only, which is not what a viewer shows first", () => {
  const sequence = new Uint8Array([10, 11, 0, 0, 0, 36, 206, 63, 143, 251, 192, 0, 16]);
  const picture = new Uint8Array([18, 0, ...sequence, 50, 4, 16, 0, 128, 1]);
  const sink = new MemorySink();
  if (!outputFormats().some(({ name }) => name === "avif")) return; // FFmpeg 5.1 has it not
  using muxer = Muxer.openSync(sink, { format: "avif" });
  const data = new Uint8Array(matrixOf([0, ONE, -ONE, 0]).buffer);
  muxer.addStream({
    type: "video",
    codec: "av1",
    width: 64,
    height: 64,
    pixelFormat: "yuv420p",
    extradata: new Uint8Array([129, 0, 12, 0, ...sequence]),
  }, { timeBase: { num: 1, den: 25 }, sideData: [{ type: "Display Matrix", data }] });
  muxer.writeSync({ streamIndex: 0, data: picture, pts: 0, dts: 0, isKey: true });
  muxer.finishSync();
  assertEquals(matrixIn(sink.bytes()), null);
  assertEquals(muxer.warnings.map(({ message }) => message), [
    "stream 0: the rotation by 90 degrees is left out: avif can't hold it",
  ]);
});
