/**
 * Parses codec strings into FFmpeg's codec and parameters. `codec_string.ts` writes them.
 */
import type { MediaType } from "./media_type.ts";
import type { CodecParameters } from "./stream.ts";

/** The codec parameters in a codec string. */
type CodecFields =
  & { type: MediaType; codec: string }
  & Partial<Pick<CodecParameters, "profile" | "level" | "pixelFormat" | "bitsPerCodedSample">>;

/** Parses the fields after the name, split at dots. */
type Reader = (fields: string[]) => CodecFields;

const audio = (codec: string): Reader => () => ({ type: "audio", codec });
const pcm = (codec: string, bitsPerCodedSample: number): Reader => () => ({
  type: "audio",
  codec,
  bitsPerCodedSample,
});

/** Parses "64001f": profile, constraints, level. */
const avc: Reader = ([bytes = ""]) => ({
  type: "video",
  codec: "h264",
  ...(/^[0-9a-f]{6}$/i.test(bytes)
    ? { profile: parseInt(bytes.slice(0, 2), 16), level: parseInt(bytes.slice(4), 16) }
    : {}),
});

/** Parses "1.6.L93.b0". */
const hevc: Reader = ([profile = "", , level = ""]) => ({
  type: "video",
  codec: "hevc",
  ...(/^[A-C]?\d+$/.test(profile) ? { profile: Number(profile.replace(/^[A-C]/, "")) } : {}),
  ...(/^[LH]\d+$/.test(level) ? { level: Number(level.slice(1)) } : {}),
});

/** Chroma subsampling by the number in VP9's string. */
const VP9_CHROMA = ["420", "420", "422", "444"];

/** Parses "00.10.08.01". */
const vp9: Reader = ([profile, level, depth, chroma = "01"]) => ({
  type: "video",
  codec: "vp9",
  profile: Number(profile ?? 0) || 0,
  ...(level ? { level: Number(level) || 0 } : {}),
  pixelFormat: planar(VP9_CHROMA[Number(chroma)] ?? "420", Number(depth)),
});

/** Parses "0.04M.08.0.110". */
const av1: Reader = ([profile, level, depth, monochrome = "0", chroma = "110"]) => ({
  type: "video",
  codec: "av1",
  profile: Number(profile ?? 0) || 0,
  ...(level ? { level: parseInt(level) || 0 } : {}),
  pixelFormat: monochrome === "1"
    ? (Number(depth) > 8 ? `gray${Number(depth)}le` : "gray")
    : planar(chroma.startsWith("11") ? "420" : chroma.startsWith("10") ? "422" : "444", Number(depth)),
});

function planar(chroma: string, depth: number): string {
  return `yuv${chroma}p${depth > 8 ? `${depth}le` : ""}`;
}

/** MPEG-4's object type indications: MPEG-4 audio with its own object types, AAC of MPEG-2, MP3. */
const mp4a: Reader = ([indication = "40", type]) => {
  const isMp3 = /^6[9b]$/i.test(indication) || type === "34";
  if (isMp3) return { type: "audio", codec: "mp3" };
  if (type === "33") return { type: "audio", codec: "mp2" };
  return { type: "audio", codec: "aac", ...(Number(type) > 0 ? { profile: Number(type) - 1 } : {}) };
};

const mp4v: Reader = ([indication, profile]) => ({
  type: "video",
  codec: indication === "20" ? "mpeg4" : indication?.toLowerCase() === "6a" ? "mpeg1video" : "mpeg2video",
  ...(indication === "20" && Number(profile) > 0
    ? { profile: Number(profile) >> 4, level: Number(profile) & 15 }
    : {}),
});

const dts = (profile?: number): Reader => () => ({
  type: "audio",
  codec: "dts",
  ...(profile === undefined ? {} : { profile }),
});

const vp8: Reader = () => ({ type: "video", codec: "vp8", pixelFormat: "yuv420p" });

const readers: Readonly<Record<string, Reader>> = {
  avc1: avc,
  avc3: avc,
  hvc1: hevc,
  hev1: hevc,
  vp8,
  vp08: vp8,
  vp9,
  vp09: vp9,
  av1,
  av01: av1,
  mp4a,
  mp4v,
  s263: () => ({ type: "video", codec: "h263" }),
  theora: () => ({ type: "video", codec: "theora" }),
  aac: audio("aac"),
  mp3: audio("mp3"),
  opus: audio("opus"),
  vorbis: audio("vorbis"),
  flac: audio("flac"),
  alac: audio("alac"),
  "ac-3": audio("ac3"),
  "ec-3": audio("eac3"),
  mlpa: audio("truehd"),
  dtsc: dts(),
  dtsh: dts(50),
  dtsl: dts(60),
  dtse: dts(70),
  alaw: pcm("pcm_alaw", 8),
  ulaw: pcm("pcm_mulaw", 8),
  "pcm-u8": pcm("pcm_u8", 8),
  "pcm-s16": pcm("pcm_s16le", 16),
  "pcm-s24": pcm("pcm_s24le", 24),
  "pcm-s32": pcm("pcm_s32le", 32),
  "pcm-f32": pcm("pcm_f32le", 32),
};

/** Parses a codec string, case-insensitively; null if it is unknown. */
export function webCodecOf(codec: string): CodecFields | null {
  const [name = "", ...fields] = codec.split(".");
  const reader = Object.hasOwn(readers, name.toLowerCase()) ? readers[name.toLowerCase()] : undefined;
  return reader?.(fields) ?? null;
}
