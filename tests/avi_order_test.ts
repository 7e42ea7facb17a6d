/**
 * H.264 and HEVC in AVI, which has no presentation times: a remux finds the times that the encoder meant, as a container that has
 * them says. With damaged, sparse, early-ending and several streams.
 */
import { assert, assertEquals } from "@std/assert";
import {
  AVError,
  concatSync,
  Demuxer,
  MemorySink,
  type RemuxOptions,
  remuxSync,
  splitSync,
} from "@avio/avio";

type Bytes = Uint8Array<ArrayBuffer>;

const made = new Map<string, Bytes>();

/** What the ffmpeg command writes. */
function ffmpeg(line: string): Bytes {
  const known = made.get(line);
  if (known) return known;
  const args = `-v error -nostdin ${line}`.split(" ").filter(Boolean);
  const { success, stdout, stderr } = new Deno.Command("ffmpeg", { args }).outputSync();
  assert(success, new TextDecoder().decode(stderr));
  made.set(line, stdout as Bytes);
  return stdout as Bytes;
}

const PICTURES = "-f lavfi -i testsrc=size=64x64:rate=25:duration=6";
const TONE = "-f lavfi -i sine=sample_rate=48000:duration=";

const ENCODERS = {
  "H.264": "-c:v libx264 -g 25 -bf 3 -x264-params b-adapt=0 -tag:v H264",
  "H.264, open groups": "-c:v libx264 -g 25 -bf 3 -x264-params b-adapt=0:open-gop=1 -tag:v H264",
  "H.264, no pyramid": "-c:v libx264 -g 25 -bf 2 -x264-params b-adapt=0:b-pyramid=none -tag:v H264",
  "HEVC": "-c:v libx265 -x265-params keyint=25:bframes=4:b-adapt=0:log-level=none -tag:v HEVC",
};

/** The pts and dts of each picture of each video stream, in seconds, in decoding order. */
function timesOf(bytes: Bytes): { pts: number; dts: number }[][] {
  using demuxer = Demuxer.openSync(bytes);
  const streams = demuxer.streams.filter(({ type }) => type === "video");
  const times = streams.map(() => [] as { pts: number; dts: number }[]);
  for (const { streamIndex, pts, dts, timeBase: { num, den } } of demuxer.packetsSync()) {
    const stream = streams.findIndex(({ index }) => index === streamIndex);
    if (stream >= 0) times[stream]!.push({ pts: pts! * num / den, dts: dts! * num / den });
  }
  return times;
}

/** Checks one stream: all pts are those expected, but for a constant; the last one is compared with the last one. */
function assertShown(found: { pts: number; dts: number }[], expected: { pts: number }[], what: string) {
  const pictures = expected.slice(expected.length - found.length);
  assert(found.length > 0 && pictures.length === found.length, `${what}: ${found.length} pictures`);
  const offset = found[0]!.pts - pictures[0]!.pts;
  const wrong = found.filter(({ pts }, i) => Math.abs(pts - pictures[i]!.pts - offset) > 0.002);
  assertEquals(wrong.length, 0, `${what}: wrong times`);
  assert(found.every(({ pts, dts }) => pts >= dts - 0.0001), `${what}: shown before it is decoded`);
}

/** Checks that what is shown later is later; where pictures are missing, steps may differ. */
function assertInOrder(found: { pts: number; dts: number }[], expected: { pts: number }[], what: string) {
  const pictures = expected.slice(expected.length - found.length);
  const order = found.map((_, i) => i).sort((a, b) => pictures[a]!.pts - pictures[b]!.pts);
  const times = order.map((i) => found[i]!.pts);
  const back = times.filter((time, i) => i > 0 && time <= times[i - 1]! + 0.0001);
  assertEquals(back.length, 0, `${what}: not in order`);
  assert(found.every(({ pts, dts }) => pts >= dts - 0.0001), `${what}: shown before it is decoded`);
}

function remuxed(source: Bytes, options: RemuxOptions = {}): Bytes {
  const sink = new MemorySink();
  remuxSync(source, sink, { format: "mp4", ...options });
  return sink.bytes().slice();
}

for (const [name, encoder] of Object.entries(ENCODERS)) {
  Deno.test(`AVI, ${name}: times to the last picture, also if audio goes on for long`, () => {
    const [expected] = timesOf(ffmpeg(`${PICTURES} ${encoder} -tag:v 0 -f matroska -`));
    for (const seconds of [0, 6, 60]) {
      const audio = seconds ? `${TONE}${seconds} -c:a mp2` : "";
      const source = ffmpeg(`${PICTURES} ${audio} ${encoder} -f avi -`);
      for (const format of ["mp4", "matroska"]) {
        const [found] = timesOf(remuxed(source, { format }));
        assertEquals(found!.length, expected!.length, name);
        assertShown(found!, expected!, `${name} with ${seconds} s of audio to ${format}`);
      }
    }
  });

  Deno.test(`AVI, ${name}: times after a start, of parts and of sources in a row`, () => {
    const [expected] = timesOf(ffmpeg(`${PICTURES} ${encoder} -tag:v 0 -f matroska -`));
    const source = ffmpeg(`${PICTURES} ${TONE}6 -c:a mp2 ${encoder} -f avi -`);
    for (const start of [1.1, 2.5, 4.9]) {
      const [found] = timesOf(remuxed(source, { start }));
      assert(found!.length < expected!.length);
      const shown = expected!.slice(expected!.length - found!.length + 1);
      assertShown(found!.slice(1), shown, `${name} from ${start} s on`); // after the key frame leading pictures may be left out
    }
    const parts: MemorySink[] = [];
    splitSync(source, {
      format: "mp4",
      every: 2,
      onsegment: () => (parts.push(new MemorySink()), parts.at(-1)!),
    });
    const found = parts.map((part) => timesOf(part.bytes().slice())[0]!);
    assertEquals(found.flat().length, expected!.length);
    let end = 0;
    for (const part of found) assertShown(part, expected!.slice(end, end += part.length), `${name}: part`);
    const both = new MemorySink();
    concatSync([source, source], both, { format: "mp4" });
    const twice = timesOf(both.bytes().slice())[0]!;
    assertShown(twice.slice(0, expected!.length), expected!, `${name}: first`);
    assertShown(twice.slice(expected!.length), expected!, `${name}: second`);
  });
}

const ENDLESS = {
  "H.264": "-c:v libx264 -g 999 -bf 3 -x264-params b-adapt=0:scenecut=0 -tag:v H264",
  "H.264, intra refresh":
    "-c:v libx264 -g 40 -bf 3 -x264-params b-adapt=0:scenecut=0:intra-refresh=1 -tag:v H264",
  "HEVC": "-c:v libx265 -x265-params keyint=999:bframes=4:b-adapt=0:log-level=none -tag:v HEVC",
};

Deno.test("AVI that begins behind its key frame: pictures are shown in order", () => {
  for (const [name, encoder] of Object.entries(ENDLESS)) {
    const [expected] = timesOf(ffmpeg(`${PICTURES} ${encoder} -tag:v 0 -f matroska -`));
    for (const missing of [1, 3, 5, 16, 17, 48]) {
      const source = ffmpeg(
        `${PICTURES} ${encoder} -flags +global_header -bsf:v noise=drop=lt(n\\,${missing}) -f avi -`,
      );
      const [found] = timesOf(remuxed(source, { format: "matroska" }));
      assert(found!.length > 60, `${name} without ${missing}`);
      assertInOrder(found!, expected!, `${name} without ${missing}`);
    }
  }
});

Deno.test("AVI that begins with pictures before a key frame: times from the key frame on", () => {
  for (const [name, encoder] of Object.entries(ENCODERS)) {
    const [expected] = timesOf(ffmpeg(`${PICTURES} ${encoder} -tag:v 0 -f matroska -`));
    for (const missing of [1, 3, 30]) {
      const source = ffmpeg(
        `${PICTURES} ${encoder} -flags +global_header -bsf:v noise=drop=lt(n\\,${missing}) -f avi -`,
      );
      const [found] = timesOf(remuxed(source));
      assertShown(found!, expected!, `${name} without ${missing}`);
    }
  }
});

Deno.test("AVI with a thousand packets of other streams between two pictures", () => {
  const sparse = "-f lavfi -i testsrc=size=64x64:rate=1/10:duration=120";
  const audio = `${TONE}120 -map 0:v${" -map 1:a".repeat(3)} -c:a mp2 -max_interleave_delta 0`;
  for (const [name, encoder] of Object.entries(ENCODERS)) {
    const [expected] = timesOf(ffmpeg(`${sparse} ${encoder} -tag:v 0 -f matroska -`));
    const [found] = timesOf(
      remuxed(ffmpeg(`${sparse} ${audio} ${encoder} -f avi -`), { format: "matroska" }),
    );
    assertEquals(found!.length, expected!.length, name);
    assertShown(found!, expected!, name);
  }
});

Deno.test("AVI with several streams of H.264 and HEVC: the pictures of each", () => {
  const encoders = Object.values(ENCODERS);
  const expected = encoders.map((encoder) =>
    timesOf(ffmpeg(`${PICTURES} ${encoder} -tag:v 0 -f matroska -`))[0]!
  );
  const each = encoders.map((encoder, i) =>
    encoder.replaceAll(":v", `:v:${i}`).replace(/-(g|bf|x26.-params) /g, `-$1:v:${i} `)
  );
  const source = ffmpeg(`${PICTURES}${" -map 0:v".repeat(encoders.length)} ${each.join(" ")} -f avi -`);
  const found = timesOf(remuxed(source, { format: "matroska", streams: () => true }));
  assertEquals(found.length, encoders.length);
  found.forEach((times, i) => assertShown(times, expected[i]!, `stream ${i}`));
});

/** Changes some bytes, the same ones each time. */
function damaged(bytes: Bytes, seed: number): Bytes {
  const changed = bytes.slice();
  let state = seed;
  const next = () => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) / 2 ** 32;
  for (let i = 0; i < 40; i++) {
    changed[300 + Math.floor(next() ** 2 * (changed.length - 300))] = Math.floor(next() * 256);
  }
  return changed;
}

Deno.test("AVI with damaged headers of pictures: a result or an error, and nothing is shown before it is decoded", () => {
  for (const encoder of [ENCODERS["H.264"], ENCODERS.HEVC]) {
    const source = ffmpeg(`${PICTURES} ${TONE}6 -c:a mp2 ${encoder} -f avi -`);
    for (let seed = 1; seed <= 40; seed++) {
      try {
        for (const times of timesOf(remuxed(damaged(source, seed), { format: "matroska" }))) {
          assert(times.every(({ pts, dts }) => pts >= dts - 0.0001), `seed ${seed}`);
        }
      } catch (error) {
        assert(error instanceof AVError, String(error));
      }
    }
  }
});
