/**
 * Extradata that also describes the one file it was made for (`format/file_extradata.ts`): files of the same coding are joined, and
 * a part of a file does not claim to be the whole.
 */
import { assert, assertEquals, assertThrows } from "@std/assert";
import {
  concat,
  concatSync,
  Demuxer,
  MemorySink,
  merge,
  Muxer,
  type RemuxOptions,
  remuxSync,
  type Source,
  splitSync,
} from "@avio/avio";
import { fixtureBytes, fixturePath } from "./support/fixtures.ts";
import { isEmbedded } from "./support/versions.ts";

type Bytes = Uint8Array<ArrayBuffer>;

const FLAC = { samples: 13, checksum: [18, 34], sizes: [4, 10] } as const;

/** Sound of that length, by the `ffmpeg` command. */
function sound(seconds: number, ...args: string[]): Bytes {
  const source = `anoisesrc=d=${seconds}:r=44100:a=${0.1 * seconds}`;
  const { success, stdout } = new Deno.Command("ffmpeg", {
    args: ["-v", "error", "-f", "lavfi", "-i", source, ...args, "-f", "matroska", "-"],
  }).outputSync();
  assert(success);
  return stdout;
}

function remuxed(source: Source, options: RemuxOptions): Bytes {
  const sink = new MemorySink();
  remuxSync(source, sink, options);
  return sink.bytes();
}

/** Written to a sink that can't seek. */
function streamed(source: Source, options: RemuxOptions): Bytes {
  const chunks: Uint8Array[] = [];
  remuxSync(source, { onwrite: (bytes) => void chunks.push(bytes.slice()) }, options);
  return new Uint8Array(chunks.flatMap((chunk) => [...chunk]));
}

function joined(sources: Source[], format: string): Bytes {
  const sink = new MemorySink();
  concatSync(sources, sink, { format });
  return sink.bytes();
}

function seen(source: Source) {
  using demuxer = Demuxer.openSync(source);
  const sizes = [...demuxer.packetsSync()].map(({ data }) => data.length);
  return { sizes, extradata: demuxer.streams[0]!.codecParameters.extradata!, warnings: demuxer.warnings };
}

/** The stream with another extradata, in Matroska. */
function withExtradata(source: Source, change: (extradata: Bytes) => Bytes): Bytes {
  using demuxer = Demuxer.openSync(source);
  const [stream] = demuxer.streams as [typeof demuxer.streams[number]];
  const sink = new MemorySink();
  using muxer = Muxer.openSync(sink, { format: "matroska" });
  const { codecParameters: parameters } = stream;
  const extradata = change(parameters.extradata!.slice());
  const index = muxer.addStream({ ...parameters, extradata });
  for (const packet of demuxer.packetsSync()) {
    packet.streamIndex = index;
    muxer.writeSync(packet);
  }
  muxer.finishSync();
  return sink.bytes();
}

const changed = (extradata: Bytes, at: number, value: number) => {
  extradata[at] = value;
  return extradata;
};

/** In a FLAC file, numbers in the headers of frames may have become longer or shorter. */
function checkSizes(sizes: number[], expected: number[], format: string): void {
  const difference = format === "flac" ? 6 : 0;
  assertEquals(sizes.length, expected.length);
  sizes.forEach((size, at) => assert(Math.abs(size - expected[at]!) <= difference, `packet ${at}: ${size}`));
}

for (const format of ["flac", "ogg", "matroska", ...(isEmbedded ? ["mp4"] : [])]) {
  Deno.test(`concat: two songs in FLAC to ${format}`, async () => {
    const songs = [1, 2].map((seconds) => remuxed(sound(seconds, "-c:a", "flac"), { format: "flac" }));
    const expected = songs.flatMap((song) => seen(song).sizes);
    const both = seen(joined(songs, format));
    checkSizes(both.sizes, expected, format);
    assertEquals(both.warnings, []);
    assertEquals(both.extradata.slice(...FLAC.checksum), new Uint8Array(16));
    assertEquals(both.extradata.slice(...FLAC.sizes), new Uint8Array(6));
    const sink = new MemorySink();
    await concat(songs, sink, { format });
    checkSizes(seen(sink.bytes()).sizes, expected, format);
  });

  Deno.test(`split and concat restore FLAC in ${format}`, () => {
    const pieces: MemorySink[] = [];
    splitSync(fixturePath("audio.flac"), {
      format,
      every: 1,
      onsegment: (index) => pieces[index] = new MemorySink(),
    });
    assertEquals(pieces.length, 3);
    for (const piece of pieces) assertEquals(seen(piece.bytes()).warnings, []);
    const whole = joined(pieces.map((piece) => piece.bytes()), format);
    checkSizes(seen(whole).sizes, seen(fixturePath("audio.flac")).sizes, format);
    assertEquals(seen(whole).warnings, []);
  });

  Deno.test(`a part of FLAC in ${format}, to a sink that can't seek, does not claim to be the whole`, () => {
    const options = format === "mp4" ? { options: { movflags: "empty_moov+frag_keyframe" } } : {};
    for (const range of [{ start: 1 }, { end: 1 }, { start: 1, end: 2 }]) {
      const part = seen(streamed(fixturePath("audio.flac"), { format, ...options, ...range }));
      assert(part.sizes.length < seen(fixturePath("audio.flac")).sizes.length);
      assertEquals(part.warnings, []);
      assertEquals(part.extradata[FLAC.samples]! & 15, 0);
      assertEquals(part.extradata.slice(FLAC.samples + 1, 34), new Uint8Array(20));
    }
    const whole = seen(streamed(fixturePath("audio.flac"), { format, ...options }));
    assertEquals(whole.extradata, seen(fixturePath("audio.flac")).extradata);
  });
}

/** Its samples, by the `ffmpeg` command, which checks the checksums of all frames. */
function samplesOf(flac: Bytes): Bytes {
  const path = Deno.makeTempFileSync();
  try {
    Deno.writeFileSync(path, flac);
    const args = `-v error -xerror -err_detect crccheck+explode -f flac -i ${path} -map 0:a -f s16le -`.split(
      " ",
    );
    const { stdout, stderr } = new Deno.Command("ffmpeg", { args }).outputSync();
    assertEquals(new TextDecoder().decode(stderr), "");
    return stdout;
  } finally {
    Deno.removeSync(path);
  }
}

/** Checks that the times of a FLAC file begin at 0 and have no gaps, and returns its samples. */
function checkTimes(flac: Bytes): Bytes {
  using demuxer = Demuxer.openSync(flac);
  let next = 0;
  for (const { pts, duration } of demuxer.packetsSync()) {
    assertEquals(pts, next);
    next = pts! + duration;
  }
  if (isEmbedded) assertEquals(demuxer.streams[0]!.durationTs, next); // others state no length in a part, or joined files
  assertEquals(demuxer.warnings, []);
  const samples = samplesOf(flac);
  assertEquals(samples.length / 2 / demuxer.streams[0]!.codecParameters.channels, next);
  return samples;
}

const song = (seconds: number, ...args: string[]) =>
  remuxed(sound(seconds, "-c:a", "flac", ...args), { format: "flac" });

Deno.test("A FLAC file of several joined ones, or of a part of one, has times without jumps, and all samples", () => {
  // Blocks of one size, whose last one is shorter, or not; and of other sizes.
  const songs = [song(1), song(1, "-frame_size", "4410"), song(2)];
  const all = songs.map(samplesOf);
  for (const [first, second, third] of [[0, 2, 0], [1, 1, 1], [2, 2, 2]] as const) {
    const both = joined([songs[first], songs[second], songs[third]] as Bytes[], "flac");
    const expected = [all[first]!, all[second]!, all[third]!].flatMap((samples) => [...samples]);
    assertEquals(checkTimes(both), new Uint8Array(expected));
    const again = checkTimes(joined([both, songs[first]!], "flac"));
    assertEquals(again.length, expected.length + all[first]!.length);
  }
  const [whole, samples] = [songs[2]!, all[2]!];
  const part = checkTimes(remuxed(whole, { format: "flac", start: 0.7 }));
  assertEquals(part, samples.slice(-part.length));
  checkTimes(
    remuxed(whole, { format: "flac", ranges: [{ start: 0.3, end: 0.6 }, { start: 1.2, end: 1.5 }] }),
  );
  const pieces: MemorySink[] = [];
  splitSync(whole, { format: "flac", every: 0.5, onsegment: (index) => pieces[index] = new MemorySink() });
  for (const piece of pieces) checkTimes(piece.bytes());
  assertEquals(checkTimes(joined(pieces.map((piece) => piece.bytes()), "flac")), samples);
});

Deno.test("A FLAC file with an ID3v1 tag behind it is joined without it", () => {
  const tagged = new Uint8Array([...song(1), ...new TextEncoder().encode("TAG".padEnd(128, "\0"))]);
  assertEquals(checkTimes(joined([tagged, tagged], "flac")).length, 2 * samplesOf(song(1)).length);
});

Deno.test("A damaged frame of FLAC keeps its wrong checksum in a part of the file", () => {
  const damaged = song(1);
  damaged[damaged.length - 20]! ^= 0xff;
  const part = remuxed(damaged, { format: "flac", start: 0.5 });
  assertEquals(part.slice(-40), damaged.slice(-40));
});

Deno.test("FLAC that is cut keeps its times if these are to be kept", () => {
  using demuxer = Demuxer.openSync(remuxed(song(1), { format: "flac", start: 0.5, timestamps: "keep" }));
  assert(demuxer.readSync()!.time! > 0.3);
});

Deno.test("merge: FLAC that is cut does not claim to be the whole, and FLAC that is not does", async () => {
  const flac = fixtureBytes("audio.flac");
  for (const [range, isWhole] of [[{}, true], [{ end: 1 }, false], [{ start: 1 }, false]] as const) {
    const sink = new MemorySink();
    await merge([fixtureBytes("video.mp4"), flac], sink, { format: "matroska", ...range });
    using demuxer = Demuxer.openSync(sink.bytes());
    const { extradata } = demuxer.streams.find(({ codecParameters }) => codecParameters.codec === "flac")!
      .codecParameters;
    assertEquals(extradata!.slice(...FLAC.checksum).some((byte) => byte !== 0), isWhole);
  }
});

Deno.test("concat: what the extradata says of the coding must be the same", () => {
  const flac = sound(1, "-c:a", "flac");
  const alac = sound(1, "-c:a", "alac");
  const vorbis = remuxed(fixturePath("audio.ogg"), { format: "matroska" });
  /** The vendor, "Lavf...", is behind the sizes of the headers, the first of them, 7 bytes and its length. */
  const vendor = 3 + 30 + 7 + 4;
  const setup = (extradata: Bytes) => changed(extradata, extradata.length - 1, extradata.at(-1)! ^ 2);
  const longer = (extradata: Bytes) => {
    const comment = new Uint8Array([...extradata.subarray(33, vendor), ...new Uint8Array(300).fill(65)]);
    new DataView(comment.buffer).setUint32(7, 295, true);
    const sizes = [2, 30, 255, comment.length - 255];
    const rest = extradata.subarray(33 + extradata[2]!);
    return new Uint8Array([...sizes, ...extradata.subarray(3, 33), ...comment, ...rest]);
  };
  const cases: [string, Bytes, (extradata: Bytes) => Bytes, boolean][] = [
    ["flac: sizes of frames", flac, (bytes) => changed(bytes, 6, 99), true],
    ["flac: smallest block", flac, (bytes) => changed(bytes, 0, 8), true],
    ["flac: checksum", flac, (bytes) => changed(bytes, 20, 99), true],
    ["flac: largest block", flac, (bytes) => changed(bytes, 2, 0x20), false],
    ["flac: rate", flac, (bytes) => changed(bytes, 10, 0x0b), false],
    ["flac: bits", flac, (bytes) => changed(bytes, 13, bytes[13]! ^ 0x10), false],
    ["alac: largest packet", alac, (bytes) => changed(bytes, 26, 99), true],
    ["alac: bit rate", alac, (bytes) => changed(bytes, 31, 99), true],
    ["alac: length of frames", alac, (bytes) => changed(bytes, 14, 99), false],
    ["vorbis: vendor", vorbis, (bytes) => changed(bytes, vendor, 65), true],
    ["vorbis: longer comment", vorbis, longer, true],
    ["vorbis: first header", vorbis, (bytes) => changed(bytes, 3 + 28, bytes[3 + 28]! ^ 1), false],
    ["vorbis: codebooks", vorbis, setup, false],
  ];
  for (const [name, first, change, isSame] of cases) {
    const second = withExtradata(first, change);
    const join = () => joined([first, second], "matroska");
    if (isSame) assertEquals(seen(join()).sizes.length, 2 * seen(first).sizes.length, name);
    else assertThrows(join, TypeError, "sources[1]: stream 0");
  }
});

Deno.test("concat: extradata that is damaged is compared, whatever it says of its headers", () => {
  const vorbis = remuxed(fixturePath("audio.ogg"), { format: "matroska" });
  for (const begin of [[3], [2, 255], [2, ...Array(500).fill(255)], [255, 255], [0, 30, 1]]) {
    const damaged = (extradata: Bytes) => new Uint8Array([...begin, ...extradata.subarray(begin.length)]);
    let file;
    try {
      file = withExtradata(vorbis, damaged);
    } catch {
      continue; // the muxer refuses it
    }
    for (const sources of [[vorbis, file], [file, vorbis]]) {
      assertThrows(() => joined(sources, "matroska"), Error, "");
    }
  }
});

Deno.test("concat: a GIF has one header, so a second one would end it for most readers", () => {
  const { stdout: gif } = new Deno.Command("ffmpeg", {
    args: ["-v", "error", "-f", "lavfi", "-i", "testsrc=d=1:s=32x32:r=5", "-f", "gif", "-"],
  }).outputSync();
  assertEquals(seen(joined([gif], "gif")).sizes, seen(gif).sizes);
  assertEquals(seen(joined([gif, gif], "matroska")).sizes.length, 2 * seen(gif).sizes.length);
  assertThrows(
    () => joined([gif, gif], "gif"),
    TypeError,
    "sources[1]: can't be joined: a GIF has one header and palette",
  );
});

Deno.test("Opus is joined whatever rate it was encoded from: it is decoded to 48,000", () => {
  const song = remuxed(sound(0.2, "-c:a", "libopus"), { format: "webm" });
  const other = song.slice();
  const at = new TextDecoder("latin1").decode(other).indexOf("OpusHead");
  new DataView(other.buffer).setUint32(at + 12, 44100, true);
  assertEquals(seen(joined([song, other], "webm")).sizes.length, 2 * seen(song).sizes.length);
  other[at + 16] = 1; // the gain is one of the decoder
  assertThrows(() => joined([song, other], "webm"), TypeError, "other extradata");
});

/** Times of the first stream's packets in seconds, and where the last one ends. */
function timesOf(source: Source) {
  using demuxer = Demuxer.openSync(source);
  const packets = [...demuxer.packetsSync()];
  const { num, den } = demuxer.streams[0]!.timeBase;
  return packets.map(({ pts, duration }) => ({ begin: pts! * num / den, seconds: duration * num / den }));
}

Deno.test("A short Ogg of one page, whose last packet is cut, has no length of 2^32 samples", () => {
  const song = shortVorbis();
  assert(timesOf(song).every(({ seconds }) => seconds < 1));
  const { duration } = remuxSync(song, new MemorySink(), { format: "matroska" });
  assert(duration! > 0.6 && duration! < 0.8, String(duration));
  const both = timesOf(joined([song, song], "ogg"));
  assert(both.at(-1)!.begin < 1.5, String(both.at(-1)!.begin));
});

/** Vorbis of 0.7 seconds in one page. */
function shortVorbis(): Bytes {
  const { success, stdout } = new Deno.Command("ffmpeg", {
    args:
      "-v error -f lavfi -i sine=frequency=440:sample_rate=44100:duration=0.7 -ac 2 -c:a vorbis -strict -2 -f ogg -"
        .split(" "),
  }).outputSync();
  assert(success);
  return stdout;
}

/** WavPack of 0.7 seconds in Matroska that states its duration, as none does that is written to a pipe. */
function wavPack(): Bytes {
  const path = Deno.makeTempFileSync({ suffix: ".mka" });
  try {
    const source = ["-v", "error", "-y", "-f", "lavfi", "-i", "anoisesrc=d=0.7:r=48000"];
    assert(new Deno.Command("ffmpeg", { args: [...source, "-c:a", "wavpack", path] }).outputSync().success);
    return Deno.readFileSync(path);
  } finally {
    Deno.removeSync(path);
  }
}

Deno.test("Packets of WavPack in Matroska, which has no durations of them, last as long as their blocks", () => {
  const song = wavPack();
  assert(timesOf(song).every(({ seconds }) => seconds > 0));
  const own = timesOf(song).map(({ begin }) => begin);
  const begins = timesOf(joined([song, song], "matroska")).map(({ begin }) => begin);
  const second = begins.slice(own.length);
  assertEquals(second.map((begin) => begin.toFixed(2)), own.map((begin) => (begin + 0.7).toFixed(2)));
  const { duration } = remuxSync(song, new MemorySink(), { format: "matroska" });
  assertEquals(duration?.toFixed(2), "0.70");
  const part = remuxSync(sound(2.1, "-c:a", "wavpack"), new MemorySink(), { format: "matroska", end: 1.6 });
  assert(part.duration! > 1.6, String(part.duration));
});

Deno.test("merge() refuses a source twice that can be read only once", async () => {
  const once = new Blob([fixtureBytes("audio.flac")]).stream();
  const error = await merge([once, once], new MemorySink(), { format: "matroska" }).catch((error) => error);
  assertEquals(error.message, "sources[1]: is sources[0], which can be read only once");
  await once.cancel();
});
