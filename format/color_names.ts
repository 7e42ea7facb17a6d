/**
 * Names and numbers of colours: FFmpeg's names, the code points of ISO 23091-2 (CICP), and the names of WebCodecs.
 */
import type { CodecParameters } from "./stream.ts";

/** FFmpeg's name, the code point, and the web platform's name, if there is one. */
type Row = readonly [ffmpeg: string, code: number, web?: string];

const PRIMARIES: readonly Row[] = [
  ["bt709", 1, "bt709"],
  ["bt470m", 4],
  ["bt470bg", 5, "bt470bg"],
  ["smpte170m", 6, "smpte170m"],
  ["smpte240m", 7],
  ["film", 8],
  ["bt2020", 9, "bt2020"],
  ["smpte428", 10],
  ["smpte431", 11],
  ["smpte432", 12, "smpte432"],
  ["ebu3213", 22],
];

const TRANSFERS: readonly Row[] = [
  ["bt709", 1, "bt709"],
  ["bt470m", 4],
  ["bt470bg", 5],
  ["smpte170m", 6, "smpte170m"],
  ["smpte240m", 7],
  ["linear", 8, "linear"],
  ["log100", 9],
  ["log316", 10],
  ["iec61966-2-4", 11],
  ["bt1361e", 12],
  ["iec61966-2-1", 13, "iec61966-2-1"],
  ["bt2020-10", 14],
  ["bt2020-12", 15],
  ["smpte2084", 16, "pq"],
  ["smpte428", 17],
  ["arib-std-b67", 18, "hlg"],
];

const MATRICES: readonly Row[] = [
  ["gbr", 0, "rgb"],
  ["bt709", 1, "bt709"],
  ["fcc", 4],
  ["bt470bg", 5, "bt470bg"],
  ["smpte170m", 6, "smpte170m"],
  ["smpte240m", 7],
  ["ycgco", 8],
  ["bt2020nc", 9, "bt2020-ncl"],
  ["bt2020c", 10],
  ["smpte2085", 11],
  ["chroma-derived-nc", 12],
  ["chroma-derived-c", 13],
  ["ictcp", 14],
];

/** The colour fields of codec parameters. */
export type ColorParameters = Pick<
  CodecParameters,
  "colorPrimaries" | "colorTransfer" | "colorSpace" | "colorRange"
>;

const BT709 = 1;

/** Code points; BT.709, the default of AV1's and VP9's codec strings, if unknown. */
export function cicpOf(parameters: ColorParameters): {
  primaries: number;
  transfer: number;
  matrix: number;
  range: number;
} {
  const code = (rows: readonly Row[], name: string | null) =>
    rows.find(([ffmpeg]) => ffmpeg === name)?.[1] ?? BT709;
  return {
    primaries: code(PRIMARIES, parameters.colorPrimaries),
    transfer: code(TRANSFERS, parameters.colorTransfer),
    matrix: code(MATRICES, parameters.colorSpace),
    range: parameters.colorRange === "pc" ? 1 : 0,
  };
}

/** Whether all colour fields are BT.709 with limited range, or unknown. */
export function isDefaultColor(parameters: ColorParameters): boolean {
  const { primaries, transfer, matrix, range } = cicpOf(parameters);
  return primaries === BT709 && transfer === BT709 && matrix === BT709 && range === 0;
}

/**
 * Colours as in WebCodecs' `VideoColorSpaceInit`; unknown fields are missing. The types are those of TypeScript's DOM
 * library, which lacks the newer names: "bt2020" and "smpte432", "linear", "pq" and "hlg", "bt2020-ncl".
 */
export interface WebColorSpace {
  /** Colour primaries. */
  primaries?: "bt709" | "bt470bg" | "smpte170m" | null;
  /** Transfer characteristics. */
  transfer?: "bt709" | "smpte170m" | "iec61966-2-1" | null;
  /** Matrix coefficients. */
  matrix?: "rgb" | "bt709" | "bt470bg" | "smpte170m" | null;
  /** Whether the range is full (0 to 255) or limited (16 to 235). */
  fullRange?: boolean | null;
}

/** Converts colours to WebCodecs' names; undefined if none is known. */
export function webColorSpace(parameters: ColorParameters): WebColorSpace | undefined {
  const web = (rows: readonly Row[], name: string | null) => rows.find(([ffmpeg]) => ffmpeg === name)?.[2];
  const { colorPrimaries, colorTransfer, colorSpace, colorRange } = parameters;
  const [primaries, transfer, matrix] = [
    web(PRIMARIES, colorPrimaries),
    web(TRANSFERS, colorTransfer),
    web(MATRICES, colorSpace),
  ];
  const space = {
    ...(primaries ? { primaries } : {}),
    ...(transfer ? { transfer } : {}),
    ...(matrix ? { matrix } : {}),
    ...(colorRange ? { fullRange: colorRange === "pc" } : {}),
  };
  return Object.keys(space).length > 0 ? space as WebColorSpace : undefined;
}

/** The same with any names, as encoders report them. */
export interface WebColors {
  /** Colour primaries. */
  primaries?: string | null;
  /** Transfer characteristics. */
  transfer?: string | null;
  /** Matrix coefficients. */
  matrix?: string | null;
  /** Whether the range is full (0 to 255). */
  fullRange?: boolean | null;
}

/** Converts WebCodecs' names to FFmpeg's, for known fields. */
export function colorParametersOf(space: WebColors): Partial<ColorParameters> {
  const { primaries, transfer, matrix, fullRange } = space;
  const ffmpeg = (rows: readonly Row[], name: string | null | undefined) =>
    rows.find(([, , web]) => web !== undefined && web === name)?.[0];
  const [colorPrimaries, colorTransfer, colorSpace] = [
    ffmpeg(PRIMARIES, primaries),
    ffmpeg(TRANSFERS, transfer),
    ffmpeg(MATRICES, matrix),
  ];
  return {
    ...(colorPrimaries ? { colorPrimaries } : {}),
    ...(colorTransfer ? { colorTransfer } : {}),
    ...(colorSpace ? { colorSpace } : {}),
    ...(typeof fullRange === "boolean" ? { colorRange: fullRange ? "pc" : "tv" } : {}),
  };
}
