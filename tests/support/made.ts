/**
 * Generated coded media: samples, subtitles and pictures by this module, the rest by the ffmpeg command as raw streams, which
 * are cut into packets here. Times are generated, too, from 0 on.
 */
import { Demuxer, Packet, type Rational, type StreamParameters } from "@avio/avio";
import { concatBytes, nalUnits, withoutAdts } from "./essence.ts";
import { fixtureBytes } from "./fixtures.ts";

/** A stream before it is written. */
export interface Made {
  parameters: StreamParameters;
  /** Coded data of each packet. */
  data: Uint8Array[];
  /** Which are key frames; if missing, all are. */
  keys?: boolean[];
  timeBase: Rational;
  /** Units of the time base from one packet to the next. */
  step: number;
}

const PICTURE = ["-f", "lavfi", "-i", "testsrc=size=64x48:rate=10:duration=1"];
const TONE = ["-f", "lavfi", "-i", "sine=duration=1:sample_rate=48000"];

/** The arguments of the ffmpeg command for each file. */
const recipes: Record<string, string[]> = {
  h264: [...PICTURE, "-c:v", "libx264", "-bf", "0", "-g", "5", "-pix_fmt", "yuv420p", "-f", "h264"],
  hevc: [
    ...PICTURE,
    "-c:v",
    "libx265",
    "-x265-params",
    "bframes=0:keyint=5:info=0:log-level=none",
    "-pix_fmt",
    "yuv420p",
    "-f",
    "hevc",
  ],
  vp8: [...PICTURE, "-c:v", "libvpx", "-deadline", "realtime", "-g", "5", "-f", "ivf"],
  vp9: [...PICTURE, "-c:v", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8", "-g", "5", "-f", "ivf"],
  av1: [
    ...PICTURE,
    "-c:v",
    "libaom-av1",
    "-cpu-used",
    "8",
    "-usage",
    "realtime",
    "-frames:v",
    "4",
    "-f",
    "ivf",
  ],
  gif: [...PICTURE, "-f", "gif"],
  apng: [...PICTURE, "-f", "apng"],
  aac: [...TONE, "-c:a", "aac", "-f", "adts"],
  opus: [...TONE, "-c:a", "libopus", "-f", "ogg"],
  mp3: [...TONE, "-f", "mp3", "-write_xing", "0", "-id3v2_version", "0"],
  flac: [...TONE, "-f", "flac"],
};

/** The raw stream from the ffmpeg command. */
export const madeFile = (name: string) => madeBy("-threads", "1", ...recipes[name]!);

/** What the ffmpeg command writes with these arguments. */
export function madeBy(...given: string[]): Uint8Array<ArrayBuffer> {
  const args = ["-v", "error", "-nostdin", ...given, "-"];
  const { success, stdout, stderr } = new Deno.Command("ffmpeg", { args }).outputSync();
  if (!success) throw new Error(`ffmpeg: ${new TextDecoder().decode(stderr)}`);
  return stdout as Uint8Array<ArrayBuffer>;
}

const tenths = { num: 1, den: 10 };
const samples48 = { num: 1, den: 48000 };

/** The packets of the only stream, and its parameters. */
export function madePackets(name: string): Pick<Made, "data" | "keys" | "parameters"> {
  using demuxer = Demuxer.openSync(madeFile(name));
  const packets = [...demuxer.packetsSync()];
  const { codec, type, extradata, width, height, pixelFormat, sampleRate, channels, frameSize } =
    demuxer.streams[0]!.codecParameters;
  return {
    parameters: type === "video"
      ? {
        type,
        codec,
        extradata,
        width,
        height,
        ...(codec.startsWith("vp") ? { pixelFormat: pixelFormat ?? "yuv420p" } : {}),
      }
      : { type, codec, extradata, sampleRate, channels, frameSize },
    data: packets.map(({ data }) => data),
    keys: packets.map(({ isKey }) => isKey),
  };
}

/** avcC: the decoder configuration of H.264 with length prefixes. */
function avcConfiguration(sps: Uint8Array, pps: Uint8Array): Uint8Array {
  return concatBytes([
    Uint8Array.of(1, sps[1]!, sps[2]!, sps[3]!, 0xff, 0xe1, sps.length >> 8, sps.length & 255),
    sps,
    Uint8Array.of(1, pps.length >> 8, pps.length & 255),
    pps,
  ]);
}

function withLengths(data: Uint8Array): Uint8Array {
  return concatBytes(
    nalUnits(data).filter((unit) => ![7, 8].includes(unit[0]! & 31)).flatMap((unit) => {
      const length = new Uint8Array(4);
      new DataView(length.buffer).setUint32(0, unit.length);
      return [length, unit];
    }),
  );
}

/** AudioSpecificConfig, from an ADTS header. */
function audioConfiguration(header: Uint8Array): Uint8Array {
  const profile = header[2]! >> 6;
  const rate = header[2]! >> 2 & 15;
  const channels = (header[2]! & 1) << 2 | header[3]! >> 6;
  return Uint8Array.of((profile + 1) << 3 | rate >> 1, (rate & 1) << 7 | channels << 3);
}

function sine(bigEndian: boolean): Uint8Array[] {
  return Array.from({ length: 10 }, (_, block) => {
    const bytes = new Uint8Array(4410 * 2);
    const view = new DataView(bytes.buffer);
    for (let i = 0; i < 4410; i++) {
      view.setInt16(i * 2, 8000 * Math.sin((block * 4410 + i) / 16), !bigEndian);
    }
    return bytes;
  });
}

/** All generated streams, by name. */
export function madeStreams(): Record<string, Made> {
  const h264 = madePackets("h264");
  const units = nalUnits(h264.data[0]!);
  const unit = (type: number) => units.find((bytes) => (bytes[0]! & 31) === type)!;
  const video = { width: 64, height: 48 };
  const aac = madePackets("aac");
  const tone = { type: "audio", sampleRate: 48000, channels: 1 } as const;
  const pictures = (name: string): Made => ({ ...madePackets(name), timeBase: tenths, step: 1 });
  return {
    "H.264 Annex B": {
      ...h264,
      parameters: { type: "video", codec: "h264", ...video },
      timeBase: tenths,
      step: 1,
    },
    "H.264 AVCC": {
      parameters: { type: "video", codec: "h264", ...video, extradata: avcConfiguration(unit(7), unit(8)) },
      data: h264.data.map(withLengths),
      keys: h264.keys!,
      timeBase: tenths,
      step: 1,
    },
    "HEVC Annex B": {
      ...madePackets("hevc"),
      parameters: { type: "video", codec: "hevc", ...video },
      timeBase: tenths,
      step: 1,
    },
    "AAC with ADTS": {
      parameters: { ...tone, codec: "aac", frameSize: 1024 },
      data: aac.data,
      timeBase: samples48,
      step: 1024,
    },
    "AAC without ADTS": {
      parameters: { ...tone, codec: "aac", frameSize: 1024, extradata: audioConfiguration(aac.data[0]!) },
      data: aac.data.map(withoutAdts),
      timeBase: samples48,
      step: 1024,
    },
    Opus: { ...madePackets("opus"), timeBase: samples48, step: 960 },
    MP3: { ...madePackets("mp3"), timeBase: samples48, step: 1152 },
    FLAC: { ...madePackets("flac"), timeBase: samples48, step: 4608 },
    VP8: pictures("vp8"),
    VP9: pictures("vp9"),
    AV1: pictures("av1"),
    GIF: pictures("gif"),
    APNG: pictures("apng"),
    "PCM little": {
      parameters: { type: "audio", codec: "pcm_s16le", sampleRate: 44100, channels: 1 },
      data: sine(false),
      timeBase: { num: 1, den: 44100 },
      step: 4410,
    },
    "PCM big": {
      parameters: { type: "audio", codec: "pcm_s16be", sampleRate: 44100, channels: 1 },
      data: sine(true),
      timeBase: { num: 1, den: 44100 },
      step: 4410,
    },
    SubRip: {
      parameters: { type: "subtitle", codec: "subrip" },
      data: ["One", "<i>Two</i>", "Drei: äöü 日本"].map((words) => new TextEncoder().encode(words)),
      timeBase: { num: 1, den: 1000 },
      step: 500,
    },
    JPEG: {
      parameters: { type: "video", codec: "mjpeg", width: 160, height: 90 },
      data: [0, 1, 2, 3].map(() => fixtureBytes("image.jpeg")),
      timeBase: tenths,
      step: 1,
    },
  };
}

/** The packets of a generated stream, with this stream index, beginning at a time. */
export function packetsOf({ data, keys, timeBase, step }: Made, streamIndex: number, first = 0): Packet[] {
  return data.map((bytes, i) =>
    new Packet({
      streamIndex,
      data: bytes,
      pts: first + i * step,
      dts: first + i * step,
      duration: step,
      timeBase,
      isKey: keys?.[i] ?? true,
    })
  );
}
