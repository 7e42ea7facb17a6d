/**
 * Parsing side data: the layouts of FFmpeg's structures as lists of fields. FFmpeg keeps the first fields between
 * versions and adds new ones at the end.
 */
import { plainView } from "../ffi/byte_views.ts";
import { checkSideDataItem, type SideDataInit } from "./packet.ts";
import type { Rational } from "./rational.ts";

/** Fields of side data, by ffprobe's names in camelCase; null if FFmpeg has "unknown". */
export type SideDataFields = Readonly<Record<string, number | string | Rational | null>>;

/** How a field is stored, in the machine's byte order, which is little-endian on all supported platforms. */
interface Kind {
  size: number;
  /** Only newer versions of FFmpeg have it; it is omitted if the bytes end before it. */
  isNewer?: boolean;
  read(view: DataView, at: number): number | string | Rational | null;
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

/** A gain; the lowest integer means unknown. */
const gain: Kind = {
  size: 4,
  read: (view, at) => view.getInt32(at, true) === -(2 ** 31) ? null : view.getInt32(at, true),
};

/** A peak; 0 means unknown. */
const peak: Kind = { size: 4, read: (view, at) => view.getUint32(at, true) || null };

const newer = (kind: Kind): Kind => ({ ...kind, isNewer: true });

/** The name of an enum's value, or its number if it is newer. */
function named(...names: string[]): Kind {
  return { size: 4, read: (view, at) => names[view.getInt32(at, true)] ?? view.getInt32(at, true) };
}

/** Fields by FFmpeg's name of the side data, in lower case; those of every version come first. */
const layouts = new Map(Object.entries<Readonly<Record<string, Kind>>>({
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
    view: newer(named("packed", "left", "right", "unspecified")),
    primaryEye: newer(named("none", "left", "right")),
    baseline: newer(u32),
    horizontalDisparityAdjustment: newer(rational),
    horizontalFieldOfView: newer(rational),
  },
  // AVAmbientViewingEnvironment
  "ambient viewing environment": {
    ambientIlluminance: rational,
    ambientLightX: rational,
    ambientLightY: rational,
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
  "replay gain": { trackGain: gain, trackPeak: peak, albumGain: gain, albumPeak: peak },
  // AVCPBProperties
  "cpb properties": { maxBitrate: i64, minBitrate: i64, avgBitrate: i64, bufferSize: i64, vbvDelay: i64 },
  // Not a struct: two u32 and two u8
  "skip samples": { skipSamples: u32, discardPadding: u32, skipReason: u8, discardReason: u8 },
  "audio service type": { serviceType: i32 },
  "mpegts stream id": { id: u8 },
  "active format description data": { activeFormat: u8 },
}));

/**
 * Parses side data of a stream or a packet, for types with a fixed layout: mastering display, content light level,
 * ambient viewing environment, Dolby Vision's configuration, stereo 3D, spherical mapping, replay gain, skip samples,
 * CPB properties, ... Returns null for types that are plain bytes (closed captions, new extradata, palettes, ICC
 * profiles, texts).
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
 * @param sideData Side data of a stream or a packet.
 * @returns The fields; null if the layout is unknown, or there are too few bytes.
 * @throws {TypeError} It isn't side data.
 */
export function sideDataFields(sideData: SideDataInit): SideDataFields | null {
  const { type, data } = checkSideDataItem(sideData, "sideData");
  const layout = layouts.get(type.toLowerCase());
  if (!layout) return null;
  const bytes = plainView(data);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const fields: Record<string, number | string | Rational | null> = {};
  let at = 0;
  for (const [name, kind] of Object.entries(layout)) {
    if (at + kind.size > bytes.byteLength) return kind.isNewer ? fields : null;
    fields[name] = kind.read(view, at);
    at += kind.size;
  }
  return fields;
}
