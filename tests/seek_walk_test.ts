/**
 * Series of seeks in many formats: a failed seek changes nothing, a seek to the beginning is followed by what a newly
 * opened input has, and any other by the rest of that, for each stream. With the sync and the async API.
 */
import { assert, assertEquals } from "@std/assert";
import { AVError, Demuxer, type SeekOptions, type SeekTarget } from "@avio/avio";
import { promising } from "./support/async.ts";
import { readerOf } from "./support/devices.ts";
import { hasFFprobe } from "./support/ffprobe.ts";
import { fixtureBytes, mediaFixtures, otherFixtures } from "./support/fixtures.ts";
import { type PacketRow, rowOf } from "./support/packets.ts";

// ------------------------------------------------------------------------------------------- files

const picture = "-f lavfi -i testsrc=size=64x48:rate=25:duration=4";
const tone = "-f lavfi -i sine=duration=4:sample_rate=44100";
const cover = `${new URL("../fixtures/image.jpeg", import.meta.url).pathname}`;
const withCover = (args: string) =>
  `${tone} -i ${cover} -map 0 -map 1 -c:v copy -disposition:v attached_pic ${args}`;

/** Arguments of the ffmpeg command for each file, except its name. */
const recipes: Record<string, string> = {
  "m4a with an encoder's delay": `${tone} -c:a aac -f ipod`,
  "m4a with a cover": withCover("-c:a aac -f ipod"),
  "fragmented m4a": `${tone} -c:a aac -movflags frag_keyframe+empty_moov -frag_duration 500000 -f mp4`,
  "mp4 with B-frames": `${picture} ${tone} -c:v libx264 -bf 3 -g 30 -pix_fmt yuv420p -c:a aac -f mp4`,
  "mp3 of a variable bit rate": `${tone} -c:a libmp3lame -q:a 4 -f mp3`,
  "mp3 with a cover": withCover("-c:a libmp3lame -id3v2_version 3 -f mp3"),
  "mp3 without a header": `${tone} -c:a libmp3lame -write_xing 0 -id3v2_version 0 -f mp3`,
  "flac with a cover": withCover("-c:a flac -f flac"),
  "Opus": `${tone} -ar 48000 -c:a libopus -f ogg`,
  "Vorbis": `${tone} -c:a libvorbis -f ogg`,
  "FLAC in ogg": `${tone} -c:a flac -f ogg`,
  "mka of Vorbis": `${tone} -c:a libvorbis -f matroska`,
  "mkv": `${picture} ${tone} -c:v libx264 -bf 2 -g 30 -pix_fmt yuv420p -c:a libopus -ar 48000 -f matroska`,
  "WebM without an index":
    `${picture} ${tone} -c:v libvpx -deadline realtime -g 30 -c:a libopus -ar 48000 -f webm -live 1`,
  "ADPCM wav": `${tone} -c:a adpcm_ima_wav -f wav`,
  "aiff": `${tone} -f aiff`,
  "aiff with a cover": withCover("-write_id3v2 1 -f aiff"),
  "AC-3": `${tone} -c:a ac3 -f ac3`,
  "E-AC-3": `${tone} -c:a eac3 -f eac3`,
  "AAC": `${tone} -c:a aac -f adts`,
  "WavPack": `${tone} -c:a wavpack -f wv`,
  "TTA": `${tone} -c:a tta -f tta`,
  "WMA": `${tone} -c:a wmav2 -f asf`,
  "AVI": `${picture} ${tone} -c:v mpeg4 -g 12 -c:a mp2 -f avi`,
  "flv": `${picture} ${tone} -c:v libx264 -bf 2 -g 30 -pix_fmt yuv420p -c:a aac -f flv`,
  "MPEG-TS": `${picture} ${tone} -c:v libx264 -bf 2 -g 30 -pix_fmt yuv420p -c:a aac -f mpegts`,
  "MPEG-PS": `${picture} ${tone} -c:v mpeg2video -g 15 -bf 2 -c:a mp2 -f mpeg`,
  "MXF": `${picture} ${tone} -c:v mpeg2video -g 15 -bf 2 -ar 48000 -c:a pcm_s16le -f mxf`,
};

/** mp4 needs a file that can be sought in. */
function make(args: string): Uint8Array<ArrayBuffer> {
  const path = Deno.makeTempFileSync();
  try {
    const command = ["-v", "error", "-nostdin", "-y", "-threads", "1", ...args.split(" "), path];
    const { success, stderr } = new Deno.Command("ffmpeg", { args: command }).outputSync();
    assert(success, new TextDecoder().decode(stderr));
    return Deno.readFileSync(path);
  } finally {
    Deno.removeSync(path);
  }
}

function once(make: () => Uint8Array<ArrayBuffer>): () => Uint8Array<ArrayBuffer> {
  let bytes: Uint8Array<ArrayBuffer> | undefined;
  return () => bytes ??= make();
}

const text = (words: string) => new TextEncoder().encode(words);

/** Each file of the walk, by name; made when it is wanted. */
const files: Record<string, () => Uint8Array<ArrayBuffer>> = {};
for (const name of [...mediaFixtures, ...otherFixtures]) files[name] = () => fixtureBytes(name);
files["SubRip"] = () =>
  text("1\n00:00:01,000 --> 00:00:02,000\nOne\n\n2\n00:00:03,000 --> 00:00:04,000\nTwo\n\n");
files["WebVTT without cues"] = () => text("WEBVTT\n\n");
if (hasFFprobe) { for (const [name, args] of Object.entries(recipes)) files[name] = once(() => make(args)); }

// ------------------------------------------------------------------------------------------- both APIs

/** What the walk does with a demuxer, by either API. */
interface Reader extends AsyncDisposable {
  demuxer: Demuxer;
  /** At most so many rows. */
  read(count?: number): Promise<PacketRow[]>;
  seek(target: SeekTarget, options?: SeekOptions): Promise<void>;
  failsToSeek(target: SeekTarget, options?: SeekOptions): Promise<boolean>;
}

function syncReader(bytes: Uint8Array<ArrayBuffer>): Promise<Reader> {
  const demuxer = Demuxer.openSync(bytes);
  return Promise.resolve({
    demuxer,
    read(count = Infinity) {
      const rows = [];
      for (let packet; rows.length < count && (packet = demuxer.readSync());) rows.push(rowOf(packet));
      return Promise.resolve(rows);
    },
    seek: (target, options) => Promise.resolve(demuxer.seekSync(target, options)),
    failsToSeek(target, options) {
      try {
        demuxer.seekSync(target, options);
        return Promise.resolve(false);
      } catch (error) {
        assert(error instanceof AVError, `${error}`);
        return Promise.resolve(true);
      }
    },
    [Symbol.asyncDispose]: () => demuxer[Symbol.asyncDispose](),
  });
}

async function asyncReader(bytes: Uint8Array<ArrayBuffer>): Promise<Reader> {
  const demuxer = await Demuxer.open(promising(readerOf(bytes)));
  return {
    demuxer,
    async read(count = Infinity) {
      const rows = [];
      for (let packet; rows.length < count && (packet = await demuxer.read());) rows.push(rowOf(packet));
      return rows;
    },
    seek: (target, options) => demuxer.seek(target, options),
    async failsToSeek(target, options) {
      const error = await demuxer.seek(target, options).then(() => null, (error) => error);
      assert(error === null || error instanceof AVError, `${error}`);
      return error !== null;
    },
    [Symbol.asyncDispose]: () => demuxer[Symbol.asyncDispose](),
  };
}

// ------------------------------------------------------------------------------------------- the walk

/** Targets at which no file has anything. */
const nowhere: [SeekTarget, SeekOptions][] = [
  [{ streamIndex: 0, timestamp: 2 ** 50 }, { backward: false }],
  [1e7, { min: 9e6 }],
  [-1e9, { max: -1e8 }],
];

const timeOf = ({ pts, dts }: PacketRow) => pts ?? dts;

/** The contents of a newly opened input. */
interface Whole {
  whole: PacketRow[];
  start: number;
  /** The stream that a seek by seconds goes by, and the seconds of its time base. */
  stream: number;
  unit: number;
  /** Seconds from its first to its last packet, and beyond. */
  times: number[];
}

async function wholeOf(bytes: Uint8Array<ArrayBuffer>): Promise<Whole> {
  await using reader = await syncReader(bytes);
  const { demuxer } = reader;
  const whole = await reader.read();
  const { index, timeBase } =
    (demuxer.bestStream("video") ?? demuxer.bestStream("audio") ?? demuxer.streams[0])!;
  const unit = timeBase.num / timeBase.den;
  const seconds = whole.filter((row) => row.stream === index && timeOf(row) !== null).map((row) =>
    timeOf(row)! * unit
  );
  const [from, to] = [Math.min(...seconds), Math.max(...seconds)];
  const times = from < to ? [0.04, 0.3, 0.55, 0.8, 0.99, 1.3].map((part) => from + part * (to - from)) : [];
  return { whole, start: demuxer.startTime ?? 0, stream: index, unit, times };
}

function checkEnd(whole: readonly PacketRow[], rest: readonly PacketRow[], what: string): void {
  for (const stream of new Set(rest.map(({ stream }) => stream))) {
    const of = (rows: readonly PacketRow[]) => rows.filter((row) => row.stream === stream);
    assertEquals(of(rest), of(whole).slice(-of(rest).length), `${what}, stream ${stream}`);
  }
}

for (const [api, open] of [["", asyncReader], ["Sync", syncReader]] as const) {
  for (const [name, bytes] of Object.entries(files)) {
    Deno.test(`Demuxer.seek${api}() in ${name}: a failed seek changes nothing`, async () => {
      const { whole, times } = await wholeOf(bytes());
      const places = new Set([0, 1, whole.length >> 1, whole.length]);
      for (const [target, options] of nowhere) {
        for (const place of places) {
          await using reader = await open(bytes());
          await reader.read(place);
          const failed = await reader.failsToSeek(target, options);
          assert(failed || !times.length, `${JSON.stringify(target)} after ${place}: found`);
          if (!failed) continue; // pictures and texts have no end
          assertEquals(await reader.read(), whole.slice(place), `${JSON.stringify(target)} after ${place}`);
        }
        await using reader = await open(bytes());
        for (const time of times) {
          await reader.seek(time);
          const [first] = await reader.read(1);
          if (!first) continue;
          assert(await reader.failsToSeek(target, options));
          checkEnd(whole, [first, ...await reader.read()], `${JSON.stringify(target)} after ${time}`);
        }
      }
    });

    Deno.test(`Demuxer.seek${api}() in ${name} to the beginning is followed by all packets`, async () => {
      const { whole, start } = await wholeOf(bytes());
      for (const place of new Set([0, 1, whole.length >> 1, whole.length])) {
        await using reader = await open(bytes());
        await reader.read(place);
        for (const target of [start, Math.min(start, 0), -1, -1e9]) {
          await reader.seek(target);
          assertEquals(await reader.read(), whole, `${target} after ${place}`);
        }
      }
    });

    Deno.test(`Demuxer.seek${api}() in ${name} forward to a time is followed by the first key frame from there on`, async () => {
      const { whole, times, stream, unit } = await wholeOf(bytes());
      const own = whole.filter((row) => row.stream === stream);
      for (const time of times) {
        const place = own.findIndex((row) => row.key && timeOf(row)! * unit >= time - 1e-6);
        await using reader = await open(bytes());
        await reader.read(1);
        if (place < 0) assert(await reader.failsToSeek(time, { backward: false }), `${time}: found`);
        if (place < 0) continue;
        await reader.seek(time, { backward: false });
        const rest = await reader.read();
        assertEquals(rest.filter((row) => row.stream === stream), own.slice(place), `${time}`);
        checkEnd(whole, rest, `${time}`);
      }
    });

    Deno.test(`Demuxer.seek${api}() in ${name} is followed by the rest of all packets`, async () => {
      const { whole, times } = await wholeOf(bytes());
      for (const place of [0, 1, whole.length >> 1]) {
        for (const time of times) {
          await using reader = await open(bytes());
          await reader.read(place);
          await reader.seek(time);
          checkEnd(whole, await reader.read(), `${time} after ${place}`);
        }
      }
    });
  }
}

// ------------------------------------------------------------------------------------------- limits

Deno.test({
  name: "Demuxer.seekSync() lands on a key frame even if maxMemory is less than the data after it",
  ignore: !hasFFprobe,
  fn() {
    const noise = "-f lavfi -i testsrc=size=320x240:rate=25:duration=4,noise=alls=100:allf=t";
    const bytes = make(`${noise} -c:v mpeg2video -q:v 1 -g 50 -f mpegts`);
    const keys = [...Demuxer.openSync(bytes).packetsSync()].filter(({ isKey }) => isKey);
    assertEquals(keys.length, 2);
    assert(keys[1]!.pos! > 2.5e6, `${keys[1]!.pos}`); // of which an eighth of 16 MB is kept at most
    using demuxer = Demuxer.openSync(bytes, { maxMemory: 16 * 1024 * 1024 });
    for (const [key, after] of [[keys[0]!, 1.9], [keys[1]!, 1.9], [keys[0]!, 1.5]] as const) {
      demuxer.seekSync(key.time! + after);
      assertEquals(rowOf(demuxer.readSync()!), rowOf(key), `${key.time}`);
    }
  },
});
