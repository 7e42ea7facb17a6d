/**
 * Where sound ends: what the last packet has beyond its duration is cut off in another container, too, and no more than that.
 * The number of samples is the one that the ffmpeg command decodes.
 */
import { assert, assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { concatSync, Demuxer, MemorySink, Muxer, probeSync, remuxSync, type Source } from "@avio/avio";
import type { Bytes } from "./support/pieces.ts";
import { isEmbedded, libavformat } from "./support/versions.ts";

const EXTENSIONS: Record<string, string> = { matroska: "mkv", ipod: "m4a" };

/** Works with a file of a temporary folder, which the ffmpeg command reads or writes. */
function withFile<T>(format: string, work: (path: string) => T): T {
  const path = Deno.makeTempFileSync({ suffix: `.${EXTENSIONS[format] ?? format}` });
  try {
    return work(path);
  } finally {
    Deno.removeSync(path);
  }
}

function ffmpeg(...args: string[]): Uint8Array {
  const { success, stdout, stderr } = new Deno.Command("ffmpeg", {
    args: ["-v", "error", "-nostdin", "-y", ...args],
  }).outputSync();
  const words = new TextDecoder().decode(stderr);
  assert(success && words === "", words);
  return stdout;
}

/** So many samples of noise of one channel, encoded. */
function noise(format: string, codec: string, samples: number, rate = 48000): Bytes {
  const input = `anoisesrc=r=${rate}:seed=1:a=0.3,atrim=end_sample=${samples}`;
  return withFile(format, (path) => {
    ffmpeg("-f", "lavfi", "-i", input, "-strict", "-2", "-c:a", codec, path);
    return Deno.readFileSync(path);
  });
}

/** The number of samples that it decodes to; an error in decoding fails the test. */
function samplesOf(bytes: Bytes, format: string): number {
  return withFile(format, (path) => {
    Deno.writeFileSync(path, bytes);
    return ffmpeg("-i", path, "-f", "s16le", "-").length / 2;
  });
}

function remuxed(source: Source, format: string, options = {}): Bytes {
  const sink = new MemorySink();
  assertEquals(remuxSync(source, sink, { format, ...options }).warnings, []);
  return sink.bytes().slice();
}

function joined(sources: Source[], format: string): Bytes {
  const sink = new MemorySink();
  concatSync(sources, sink, { format });
  return sink.bytes().slice();
}

/** The same mp4, with a last packet that lasts so many samples less. */
function endedEarlier(mp4: Bytes, samples: number): Bytes {
  const sink = new MemorySink();
  using demuxer = Demuxer.openSync(mp4);
  using muxer = Muxer.openSync(sink, { format: "mp4" });
  muxer.addStream(demuxer.streams[0]!);
  const packets = [...demuxer.packetsSync()];
  packets.at(-1)!.duration -= samples;
  for (const packet of packets) muxer.writeSync(packet);
  muxer.finishSync();
  return sink.bytes().slice();
}

// ------------------------------------------------------------------------------------------- trims

Deno.test("the short last packet of ALAC and FLAC is whole in Matroska", () => {
  const samples = 3 * 4608 + 1500;
  const flac = libavformat >= 60 ? [["mp4", "flac"] as const] : []; // before, it was experimental
  const sources = [["mov", "alac"] as const, ["mp4", "alac"] as const, ...flac];
  for (const [format, codec] of sources) {
    const source = noise(format, codec, samples);
    const inMatroska = remuxed(source, "matroska");
    assertEquals(samplesOf(inMatroska, "matroska"), samples, codec);
    const back = remuxed(inMatroska, "mp4");
    assertEquals(samplesOf(back, "mp4"), samples, codec);
    assertEquals(samplesOf(remuxed(back, "matroska"), "matroska"), samples, codec);
  }
});

Deno.test({
  name: "the end that mp4 cuts off Opus and Vorbis is cut off in Matroska, too",
  ignore: !isEmbedded || libavformat < 62,
  fn() {
    for (const [container, codec] of [["opus", "libopus"], ["ogg", "libvorbis"]] as const) {
      const mp4 = remuxed(noise(container, codec, 20_000), "mp4");
      const samples = samplesOf(remuxed(mp4, "matroska"), "matroska");
      if (codec === "libopus") assertEquals(samples, 20_000); // that encoder of Vorbis fills up its last packet
      for (const less of [0, 1, 50]) {
        const cut = less ? endedEarlier(mp4, less) : mp4;
        const matroska = remuxed(cut, "matroska");
        assertEquals(samplesOf(matroska, "matroska"), samples - less, codec);
        assertEquals(samplesOf(remuxed(matroska, "matroska"), "matroska"), samples - less, codec);
        assertEquals(samplesOf(remuxed(remuxed(cut, "mp4"), "matroska"), "matroska"), samples - less, codec);
        const back = samplesOf(remuxed(matroska, container), container);
        assertAlmostEquals(back, samples - less, 48, codec); // durations of Matroska are of whole milliseconds
      }
    }
  },
});

// ------------------------------------------------------------------------------------------- WavPack

Deno.test("WavPack of Matroska has lengths, also the last block", () => {
  const seconds = 3.35;
  const source = noise("wv", "wavpack", seconds * 44100, 44100);
  let bytes = remuxed(source, "matroska");
  for (let copies = 0; copies < 3; copies++) {
    assertAlmostEquals(probeSync(bytes).duration!, seconds, 0.001);
    bytes = remuxed(bytes, "matroska");
  }
  const twice = joined([bytes, bytes], "matroska");
  assertAlmostEquals(probeSync(twice).duration!, 2 * seconds, 0.002);
  assertEquals(samplesOf(twice, "matroska"), 2 * seconds * 44100);
});

// ------------------------------------------------------------------------------------------- TTA

const FRAME = 46080; // samples of TTA at 44,100 Hz

Deno.test({
  name: "the last frame of TTA can be decoded in Matroska",
  ignore: !isEmbedded,
  fn() {
    for (const samples of [100001, 2 * FRAME, 2 * FRAME + 1, FRAME - 7, 200003]) {
      const source = noise("tta", "tta", samples, 44100);
      const bytes = remuxed(source, "matroska");
      assertEquals(samplesOf(bytes, "matroska"), samples);
      assertEquals(samplesOf(remuxed(bytes, "matroska"), "matroska"), samples);
    }
    const whole = noise("tta", "tta", 2 * FRAME, 44100),
      source = noise("tta", "tta", 4 * FRAME + 1000, 44100);
    assertEquals(samplesOf(joined([whole, source], "matroska"), "matroska"), 6 * FRAME + 1000);
    assertEquals(samplesOf(remuxed(source, "matroska", { end: 2 }), "matroska"), 2 * FRAME);
    assertEquals(samplesOf(remuxed(source, "matroska", { start: 2 }), "matroska") % FRAME, 1000);
  },
});

Deno.test("TTA whose last frame would be in the middle is an error in Matroska, as in tta", () => {
  const short = noise("tta", "tta", 2 * FRAME + 1000, 44100), whole = noise("tta", "tta", 2 * FRAME, 44100);
  for (const format of ["matroska", "tta"]) {
    assertThrows(
      () => joined([short, whole], format),
      Error,
      "a frame of TTA before the last one is shorter",
    );
    assert(joined([whole, whole], format).length > 0);
  }
  assertThrows(
    () => joined([short, whole], "matroska"),
    Error,
    "a frame of TTA before the last one is shorter",
  );
});

Deno.test("a file .mka holds all kinds of sound that Matroska holds", () => {
  const sources = [["tta", "tta"], ["wv", "wavpack"], ["mov", "alac"], ["ogg", "libvorbis"]] as const;
  for (const [format, codec] of sources) {
    const path = Deno.makeTempFileSync({ suffix: ".mka" });
    try {
      const { skippedStreams } = remuxSync(noise(format, codec, 2 * FRAME, 44100), path);
      assertEquals(skippedStreams, [], codec);
      assertEquals(probeSync(path).streams.length, 1);
    } finally {
      Deno.removeSync(path);
    }
  }
});
