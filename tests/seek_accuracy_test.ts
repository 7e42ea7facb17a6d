/**
 * Accuracy of seeks: they land on the last key frame at or before the time, and the packets after it are those of a
 * full read, with the same times; in seconds and in a stream's time base, forward, to any frame and within limits; and
 * no packet that was read before the seek is returned after it.
 */
import { assert, assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { AVError, Demuxer, type Packet, type SeekOptions, type Source, type Stream } from "@avio/avio";
import { promising } from "./support/async.ts";
import { readerOf } from "./support/devices.ts";
import { ffprobePackets, hasFFprobe } from "./support/ffprobe.ts";
import { fixtureBytes, fixturePath, realPath } from "./support/fixtures.ts";
import { type PacketRow, rowOf, rowsOf } from "./support/packets.ts";

/** The expected behaviour of seeks in a file. */
interface Case {
  /** Seconds after the start that are sought. */
  targets: number[];
  /** Has an index with every key frame: forward, too, it lands on the next one. */
  indexed?: boolean;
}

const targets = [0, 0.5, 1, 1.7, 2.4];

const cases: Record<string, Case> = {
  "video.mp4": { targets, indexed: true },
  "faststart.mp4": { targets, indexed: true },
  "fragmented.mp4": { targets },
  "video.mkv": { targets, indexed: true },
  "video.webm": { targets, indexed: true },
  "video.ts": { targets },
  "video.flv": { targets },
  "video.avi": { targets, indexed: true },
  "audio.ogg": { targets },
  "audio.mp3": { targets },
  "audio.wav": { targets: [0, 0.5, 1, 1.4] },
  "audio.flac": { targets: [...targets, 2.9] },
};

/** Packets that are compared after each seek. */
const COUNT = 12;

function take(demuxer: Demuxer, count: number): PacketRow[] {
  const rows: PacketRow[] = [];
  for (let packet; rows.length < count && (packet = demuxer.readSync());) rows.push(rowOf(packet));
  return rows;
}

function bestStream(demuxer: Demuxer): Stream {
  return (demuxer.bestStream("video") ?? demuxer.bestStream("audio"))!;
}

function nextOf(demuxer: Demuxer, { index }: Stream): Packet | null {
  let packet = demuxer.readSync();
  while (packet && packet.streamIndex !== index) packet = demuxer.readSync();
  return packet;
}

function byStream(rows: readonly PacketRow[]): PacketRow[][] {
  const streams: PacketRow[][] = [];
  for (const row of rows) (streams[row.stream] ??= []).push(row);
  return streams;
}

// ------------------------------------------------------------------------------------------- against a full read

const timeOf = ({ pts, dts }: PacketRow) => pts ?? dts;

/** The last key frame at or before a time of its stream, else the first one; and all of that stream after it. */
function expected(rows: readonly PacketRow[], time: number): PacketRow[] {
  let place = rows.findIndex(({ key }) => key);
  rows.forEach((row, i) => {
    if (row.key && timeOf(row)! <= time && timeOf(row)! >= timeOf(rows[place]!)!) place = i;
  });
  return rows.slice(place);
}

/** Each packet of the other streams is one of the full read. */
function checkOthers(
  whole: readonly PacketRow[],
  rest: readonly PacketRow[],
  stream: number,
  what: string,
): void {
  const known = new Set(whole.map((row) => JSON.stringify(row)));
  for (const row of rest) if (row.stream !== stream) assert(known.has(JSON.stringify(row)), what);
}

/** Times all over a file, and outside of it. */
function timesIn(from: number, to: number): number[] {
  return Array.from({ length: 31 }, (_, i) => from - 0.3 + (i * 17 % 31) / 30 * (to - from + 0.6));
}

function checkLandings(source: Source, name: string): void {
  const whole = rowsOf(source);
  using reused = Demuxer.openSync(source);
  const stream = bestStream(reused);
  const own = whole.filter((row) => row.stream === stream.index);
  const { num, den } = stream.timeBase;
  const times = own.map((row) => timeOf(row)! * num / den);
  for (const seconds of timesIn(Math.min(...times), Math.max(...times))) {
    using fresh = Demuxer.openSync(source);
    for (const [demuxer, how] of [[reused, "reused"], [fresh, "fresh"]] as const) {
      demuxer.seekSync(seconds);
      const rest = [...demuxer.packetsSync()].map(rowOf);
      const what = `${name} to ${seconds}, ${how}`;
      assertEquals(
        rest.filter((row) => row.stream === stream.index),
        expected(own, Math.floor(seconds * den / num + 1e-6)),
        what,
      );
      checkOthers(whole, rest, stream.index, what);
    }
  }
}

for (const name of Object.keys(cases)) {
  Deno.test(`Demuxer.seekSync() in ${name} is followed by the last key frame before the time and the same packets as in a full read`, () => {
    checkLandings(fixturePath(name), name);
  });
}

/** Formats that the ffmpeg command writes of a film of 64x48 with B-frames, or of a tone. */
const film =
  "-f lavfi -i testsrc=size=64x48:rate=25:duration=6 -f lavfi -i sine=duration=6:sample_rate=48000";
const mpeg2 = `${film} -c:v mpeg2video -g 15 -bf 2 -c:a mp2`;
const h264 = `${film} -c:v libx264 -g 40 -bf 2 -pix_fmt yuv420p -c:a aac`;
const tone = "-f lavfi -i sine=duration=6:sample_rate=44100";
const made: Record<string, string> = {
  "MPEG-TS": `${mpeg2} -f mpegts`,
  "MPEG-TS with H.264": `${h264} -f mpegts`,
  "MPEG-PS": `${mpeg2} -f mpeg`,
  "VOB": `${mpeg2} -f vob`,
  "MXF": `${film} -c:v mpeg2video -g 15 -bf 2 -c:a pcm_s16le -f mxf`,
  "AVI": `${film} -c:v mpeg4 -g 12 -c:a mp2 -f avi`,
  "MP4": `${h264} -f mp4`,
  "fragmented MP4": `${h264} -movflags frag_keyframe+empty_moov -f mp4`,
  "flv": `${h264} -ar 44100 -f flv`,
  "AAC": `${tone} -c:a aac -f adts`,
  "AC-3": `${tone} -c:a ac3 -f ac3`,
  "mp3 of a variable bit rate": `${tone} -c:a libmp3lame -q:a 4 -f mp3`,
  "mp3 without a header": `${tone} -c:a libmp3lame -write_xing 0 -id3v2_version 0 -f mp3`,
  "Opus": `${tone} -ar 48000 -c:a libopus -f ogg`,
  "Vorbis": `${tone} -c:a libvorbis -f ogg`,
  "WebM": `${film} -c:v libvpx -deadline realtime -g 30 -c:a libvorbis -f webm`,
  "aiff": `${tone} -f aiff`,
};

for (const [name, args] of Object.entries(made)) {
  Deno.test({
    name:
      `Demuxer.seekSync() in made ${name} is followed by the last key frame before the time and the same packets as in a full read`,
    ignore: !hasFFprobe,
    async fn() {
      const path = await Deno.makeTempFile();
      try {
        const command = ["-v", "error", "-nostdin", "-y", "-threads", "1", ...args.split(" "), path];
        const { success, stderr } = await new Deno.Command("ffmpeg", { args: command }).output();
        assert(success, new TextDecoder().decode(stderr));
        checkLandings(path, name);
      } finally {
        await Deno.remove(path);
      }
    },
  });
}

for (const name of ["sample.mp4", "sample.webm", "sample.mp3", "bbb_chapters.mp4"]) {
  const path = realPath(name);
  Deno.test({
    name: `Demuxer.seekSync() in the real file ${name} is followed by the packets that ffprobe finds`,
    ignore: !hasFFprobe || path === "",
    fn() {
      for (const seconds of [0.7, 1.9]) {
        using demuxer = Demuxer.openSync(path);
        demuxer.seekSync(seconds);
        // In other formats the first packet may be earlier than a search by libavformat finds.
        const { index } = bestStream(demuxer);
        const of = (rows: PacketRow[]) => rows.filter(({ stream }) => stream === index);
        const found = of(ffprobePackets(path, `${seconds}%+#${COUNT}`));
        assertEquals(of(take(demuxer, 2 * COUNT)).slice(0, found.length), found, `${seconds}`);
      }
    },
  });
}

// ------------------------------------------------------------------------------------------- seconds, time bases

for (const [name, { targets }] of Object.entries(cases)) {
  Deno.test(`Demuxer.seekSync() in ${name} finds the same position by seconds and by a stream's time base`, () => {
    for (const target of targets) {
      using bySeconds = Demuxer.openSync(fixtureBytes(name));
      using byTimestamp = Demuxer.openSync(fixtureBytes(name));
      const stream = bestStream(bySeconds);
      const { num, den } = stream.timeBase;
      const timestamp = Math.round((target + (bySeconds.startTime ?? 0)) * den / num);
      // A timestamp becomes seconds and back in FFmpeg, so that the two are the same but for rounding.
      bySeconds.seekSync(timestamp * num / den);
      byTimestamp.seekSync({ streamIndex: stream.index, timestamp });
      const [a, b] = [take(bySeconds, COUNT), take(byTimestamp, COUNT)];
      assertEquals(b[0], a[0], `${name} to ${target}`);
      assertEquals(b, a, `${name} to ${target}`);
    }
  });
}

// ------------------------------------------------------------------------------------------- where it lands

for (const [name, { indexed }] of Object.entries(cases)) {
  if (!indexed) continue;
  Deno.test(`Demuxer.seekSync() in ${name} lands on the key frame that the options request`, () => {
    using demuxer = Demuxer.openSync(fixtureBytes(name));
    const stream = bestStream(demuxer);
    const all = [...demuxer.packetsSync()].filter(({ streamIndex }) => streamIndex === stream.index);
    const keys = all.filter(({ isKey }) => isKey).map(({ time }) => time!);
    assertEquals(keys.length, 3);
    const [first, second, third] = keys as [number, number, number];
    const little = 0.005; // in avi much less than a unit of the time base
    const lands = (target: number, options?: Parameters<Demuxer["seekSync"]>[1]) => {
      demuxer.seekSync(target, options);
      return nextOf(demuxer, stream)?.time;
    };
    assertEquals(lands(second), second, "on a key frame");
    assertEquals(lands(second - little), first, "just before a key frame");
    assertEquals(lands(second + little), second, "just after a key frame");
    assertEquals(lands(second + little, { backward: false }), third, "forward");
    assertEquals(lands(second - little, { backward: false }), second, "forward, just before");
    assertEquals(lands(second, { backward: false }), second, "forward, on a key frame");
    assertEquals(lands(second + 0.3, { min: second - 0.1, max: second + 0.4 }), second, "in a window, back");
    assertEquals(lands(third - 0.1, { min: third - 0.2, max: third + 0.9 }), third, "in a window, on");
  });

  Deno.test(`Demuxer.seekSync() in ${name} with any goes to the frame itself, within min and max`, () => {
    using demuxer = Demuxer.openSync(fixtureBytes(name));
    const stream = bestStream(demuxer);
    const all = [...demuxer.packetsSync()].filter(({ streamIndex }) => streamIndex === stream.index);
    const frame = all[Math.floor(all.length / 2) + 3]!;
    assert(!frame.isKey);
    const half = Math.round(0.02 * stream.timeBase.den / stream.timeBase.num);
    const step = name.endsWith(".avi") ? 0 : half; // of a frame: its frames are the units of its times
    const at = (timestamp: number) => ({ streamIndex: stream.index, timestamp });
    const lands = (timestamp: number, options: SeekOptions) => {
      demuxer.seekSync(at(timestamp), { any: true, ...options });
      return nextOf(demuxer, stream)!.pts;
    };
    const pts = frame.pts!;
    for (const timestamp of [pts, pts + step]) {
      assertEquals(lands(timestamp, {}), pts);
      assertEquals(lands(timestamp, { min: pts, max: pts + 2 * step }), pts);
      assertEquals(lands(timestamp, { min: pts - 9 * step }), pts);
    }
    assertEquals(lands(pts - step, { backward: false }), pts);
    assertEquals(lands(pts - step, { min: pts - step, max: pts + 9 * step }), pts);
    if (!step) return;
    demuxer.seekSync(0);
    assertThrows(
      () => lands(pts + step, { min: pts + step, max: pts + step + 1 }),
      AVError,
      "no frame there",
    );
    assertEquals(nextOf(demuxer, stream)!.pts, all[0]!.pts); // it has changed nothing
  });
}

// ------------------------------------------------------------------------------------------- no earlier packets

/** The rows after a seek must be the end of the whole, stream by stream. */
function checkEnd(whole: readonly PacketRow[], rest: readonly PacketRow[], what: string): void {
  assert(rest.length > 0, `${what}: nothing`);
  const [before, after] = [byStream(whole), byStream(rest)];
  for (const [stream, rows] of after.entries()) {
    if (rows) assertEquals(rows, before[stream]!.slice(-rows.length), `${what}, stream ${stream}`);
  }
}

for (const name of Object.keys(cases)) {
  Deno.test(`Demuxer.seekSync() in ${name} drops packets that were read ahead`, () => {
    const whole = rowsOf(fixtureBytes(name));
    for (const source of [fixtureBytes(name), readerOf(fixtureBytes(name))]) {
      using demuxer = Demuxer.openSync(source, { bufferSize: 4096 });
      const start = demuxer.startTime ?? 0;
      for (const [read, target] of [[3, 1.2], [40, 0.3], [Infinity, 0.8], [0, 1.4], [1, 0]] as const) {
        take(demuxer, read);
        demuxer.seekSync(start + target);
        checkEnd(whole, take(demuxer, Infinity), `after ${read} packets to ${target}`);
      }
    }
  });

  Deno.test(`Demuxer.seek() in ${name} drops packets that were read ahead`, async () => {
    const whole = rowsOf(fixtureBytes(name));
    await using demuxer = await Demuxer.open(promising(readerOf(fixtureBytes(name))), { bufferSize: 4096 });
    const start = demuxer.startTime ?? 0;
    for (const [read, target] of [[3, 1.2], [40, 0.3], [1, 0]] as const) {
      for (let i = 0; i < read; i++) await demuxer.read();
      const seeking = demuxer.seek(start + target);
      const first = demuxer.read(); // called before the seek, resolved after it
      await seeking;
      const rows = [await first].filter((packet) => packet !== null).map(rowOf);
      for await (const packet of demuxer) rows.push(rowOf(packet));
      checkEnd(whole, rows, `after ${read} packets to ${target}`);
    }
  });
}

Deno.test("Demuxer.seekSync() to before the start goes to the start, to beyond the end to the last key frame", () => {
  for (const [name, { indexed }] of Object.entries(cases)) {
    if (!indexed) continue;
    using demuxer = Demuxer.openSync(fixtureBytes(name));
    const stream = bestStream(demuxer);
    const first = rowOf(nextOf(demuxer, stream)!);
    demuxer.seekSync(-10, { max: 0 });
    assertEquals(rowOf(nextOf(demuxer, stream)!).md5, first.md5, name);
    demuxer.seekSync(1000);
    const last = nextOf(demuxer, stream);
    assert(last?.isKey, name);
    assertAlmostEquals(last.time!, 2, 0.1, name);
  }
});

Deno.test({
  name: "Demuxer.seekSync() forward compares presentation times of key frames, not decoding times",
  ignore: !hasFFprobe,
  fn() {
    for (const [codec, ...more] of [["mpeg4", "-bf", "2"], ["libx264", "-bf", "3"]]) {
      const path = Deno.makeTempFileSync({ suffix: ".mp4" });
      try {
        const source = [
          "-f",
          "lavfi",
          "-i",
          "testsrc=size=64x48:rate=25:duration=4",
          "-g",
          "30",
          "-sc_threshold",
          "0",
        ];
        const args = ["-v", "error", "-y", ...source, "-c:v", codec!, ...more, path];
        assert(new Deno.Command("ffmpeg", { args }).outputSync().success);
        using demuxer = Demuxer.openSync(path);
        const keys = [...demuxer.packetsSync()].filter(({ isKey }) => isKey).map(({ time }) => time!);
        for (const key of keys) {
          for (const before of [0.001, 0.05, 0.3]) {
            demuxer.seekSync(key - before, { backward: false });
            assertAlmostEquals(demuxer.readSync()!.time!, key, 1e-6, `${codec}, ${before} before ${key}`);
          }
        }
      } finally {
        Deno.removeSync(path);
      }
    }
  },
});

// ------------------------------------------------------------------------------------------- by bytes

/** Picture and sound for six seconds, half a megabyte. */
function madeBytes(suffix: string, ...args: string[]): Uint8Array {
  const path = Deno.makeTempFileSync({ suffix: `.${suffix}` });
  const picture = ["-f", "lavfi", "-i", "testsrc=size=320x240:rate=25:duration=6"];
  const sound = ["-f", "lavfi", "-i", "sine=duration=6"];
  try {
    const all = ["-v", "error", "-y", ...picture, ...sound, ...args, path];
    assert(new Deno.Command("ffmpeg", { args: all }).outputSync().success);
    return Deno.readFileSync(path);
  } finally {
    Deno.removeSync(path);
  }
}

const MPEG2 = ["-c:v", "mpeg2video", "-b:v", "600k", "-bf", "2"];
const byteCases: Record<string, () => Uint8Array> = {
  "video.ts": () => fixtureBytes("video.ts"),
  "video.avi": () => fixtureBytes("video.avi"),
  "made MPEG-PS": () => madeBytes("mpg", ...MPEG2, "-c:a", "ac3", "-f", "vob"),
  "made MPEG-TS": () => madeBytes("ts", ...MPEG2, "-c:a", "mp2"),
  "made AVI": () => madeBytes("avi", "-c:v", "mjpeg", "-q:v", "9", "-c:a", "mp2"),
};

for (const [name, make] of Object.entries(byteCases)) {
  Deno.test({
    name:
      `Demuxer.seekSync({ byte }) in ${name} is followed by each stream's first complete packet from that position on`,
    ignore: !hasFFprobe,
    fn() {
      const bytes = make();
      using demuxer = Demuxer.openSync(bytes);
      const all = [...demuxer.packetsSync()];
      for (let i = 1; i < 24; i++) {
        const byte = Math.floor(bytes.length * i / 24) + 1;
        demuxer.seekSync({ byte });
        const rest = [...demuxer.packetsSync()];
        for (const { index } of demuxer.streams) {
          const of = (packets: Packet[]) => packets.filter(({ streamIndex }) => streamIndex === index);
          const first = of(all).find(({ pos }) => pos !== null && pos >= byte);
          const found = of(rest)[0];
          assertEquals(
            [found?.pos, found?.data],
            [first?.pos, first?.data],
            `${name}, byte ${byte}, stream ${index}`,
          );
        }
      }
    },
  });
}
