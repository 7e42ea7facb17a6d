/**
 * Side data read: the layouts of FFmpeg's structs, each a list of fields, for what containers tell of streams and packets.
 * FFmpeg keeps their first fields from version to version, and adds behind them.
 */
import { checkSideDataItem, type SideData } from "./packet.ts";
import type { Rational } from "./rational.ts";

/** What side data says: the fields of FFmpeg's struct by ffprobe's names, in camelCase. */
export type SideDataFields = Readonly<Record<string, number | string | Rational>>;

/** How a field is stored, in the machine's order of bytes; all that FFmpeg runs on today has the lowest first. */
interface Kind {
  size: number;
  read(view: DataView, at: number): number | string | Rational;
}

const u8: Kind = { size: 1, read: (view, at) => view.getUint8(at) };
const i32: Kind = { size: 4, read: (view, at) => view.getInt32(at, true) };
const u32: Kind = { size: 4, read: (view, at) => view.getUint32(at, true) };
const i64: Kind = { size: 8, read: (view, at) => Number(view.getBigInt64(at, true)) };
const fixed: Kind = { size: 4, read: (view, at) => view.getInt32(at, true) / 65536 };
const rational: Kind = {
  size: 8,
  read: (view, at) => ({ num: view.getInt32(at, true), den: view.getInt32(at + 4, true) }),
};

/** An enum's value by its place; the number where it is a newer one. */
function named(...names: string[]): Kind {
  return { size: 4, read: (view, at) => names[view.getInt32(at, true)] ?? view.getInt32(at, true) };
}

/** By FFmpeg's name of the side data, in lower case; the first fields of the struct, all that every version has. */
const layouts = new Map<string, Readonly<Record<string, Kind>>>(Object.entries({
  // AVMasteringDisplayMetadata
  "mastering display metadata": {
    redX: rational,
    redY: rational,
    greenX: rational,
    greenY: rational,
    blueX: rational,
    blueY: rational,
    whitePointX: rational,
    whitePointY: rational,
    minLuminance: rational,
    maxLuminance: rational,
    hasPrimaries: i32,
    hasLuminance: i32,
  },
  // AVContentLightMetadata
  "content light level metadata": { maxContent: u32, maxAverage: u32 },
  // AVDOVIDecoderConfigurationRecord
  "dovi configuration record": {
    dvVersionMajor: u8,
    dvVersionMinor: u8,
    dvProfile: u8,
    dvLevel: u8,
    rpuPresentFlag: u8,
    elPresentFlag: u8,
    blPresentFlag: u8,
    dvBlSignalCompatibilityId: u8,
  },
  // AVStereo3D; bit 0 of the flags is AV_STEREO3D_FLAG_INVERT
  "stereo 3d": {
    type: named(
      "2D",
      "side by side",
      "top and bottom",
      "frame alternate",
      "checkerboard",
      "side by side (quincunx subsampling)",
      "interleaved lines",
      "interleaved columns",
      "unspecified",
    ),
    inverted: { size: 4, read: (view, at) => view.getInt32(at, true) & 1 },
  },
  // AVSphericalMapping, in degrees
  "spherical mapping": {
    projection: named(
      "equirectangular",
      "cubemap",
      "tiled equirectangular",
      "half equirectangular",
      "rectilinear",
      "fisheye",
    ),
    yaw: fixed,
    pitch: fixed,
    roll: fixed,
    boundLeft: u32,
    boundTop: u32,
    boundRight: u32,
    boundBottom: u32,
    padding: u32,
  },
  // AVReplayGain: gains in microbels (10 to the -5 dB), peaks where 100000 is full scale
  "replay gain": { trackGain: i32, trackPeak: u32, albumGain: i32, albumPeak: u32 },
  // AVCPBProperties
  "cpb properties": { maxBitrate: i64, minBitrate: i64, avgBitrate: i64, bufferSize: i64, vbvDelay: i64 },
  // Not a struct: two u32 and two u8
  "skip samples": { skipSamples: u32, discardPadding: u32, skipReason: u8, discardReason: u8 },
  "audio service type": { serviceType: i32 },
  "mpegts stream id": { id: u8 },
  "active format description data": { activeFormat: u8 },
}));

/**
 * What is in the side data of a stream or a packet, for the kinds whose layout is fixed: mastering display, content light
 * level, Dolby Vision's configuration, stereo 3D, spherical mapping, replay gain, skip samples, CPB properties, ... Null
 * for the others, whose bytes are what they are (closed captions, new extradata, palettes, ICC profiles, texts).
 *
 * ```ts
 * import { type SideData, sideDataFields } from "@avio/avio";
 *
 * const side: SideData = {
 *   type: "Content light level metadata",
 *   data: new Uint8Array([0xe8, 3, 0, 0, 0x90, 1, 0, 0]),
 * };
 * console.log(sideDataFields(side)); // { maxContent: 1000, maxAverage: 400 }
 * ```
 *
 * @param sideData Of a stream or a packet.
 * @returns Null where the layout is not known, or there are too few bytes for it.
 * @throws {TypeError} It is no side data.
 */
export function sideDataFields(sideData: SideData): SideDataFields | null {
  const { type, data } = checkSideDataItem(sideData, "sideData");
  const layout = layouts.get(type.toLowerCase());
  if (!layout) return null;
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  const fields: Record<string, number | string | Rational> = {};
  let at = 0;
  for (const [name, kind] of Object.entries(layout)) {
    if (at + kind.size > data.byteLength) return null;
    fields[name] = kind.read(view, at);
    at += kind.size;
  }
  return fields;
}
