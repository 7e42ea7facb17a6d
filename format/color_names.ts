/**
 * Colours by their names and numbers: FFmpeg's names, the code points of ISO 23091-2 (CICP), and the names of WebCodecs.
 */
import type { CodecParameters } from "./stream.ts";

/** A name of FFmpeg's, its code point, and the web platform's name, where it has one. */
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

/** The fields of codec parameters that are about colour. */
export type ColorParameters = Pick<
  CodecParameters,
  "colorPrimaries" | "colorTransfer" | "colorSpace" | "colorRange"
>;

const BT709 = 1;

/** Code points; those of BT.709, the default of AV1's and VP9's codec strings, where a colour is not known. */
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

/** Whether all of it is BT.709 with the range of television, or not known. */
export function isDefaultColor(parameters: ColorParameters): boolean {
  const { primaries, transfer, matrix, range } = cicpOf(parameters);
  return primaries === BT709 && transfer === BT709 && matrix === BT709 && range === 0;
}

/**
 * Colours as WebCodecs has them (`VideoColorSpaceInit`); what is not known is not there. The types are those of TypeScript's
 * DOM library, which does not have the newer names yet: "bt2020" and "smpte432", "linear", "pq" and "hlg", "bt2020-ncl".
 */
export interface WebColorSpace {
  /** The three colours. */
  primaries?: "bt709" | "bt470bg" | "smpte170m" | null;
  /** The transfer function. */
  transfer?: "bt709" | "smpte170m" | "iec61966-2-1" | null;
  /** The matrix from RGB. */
  matrix?: "rgb" | "bt709" | "bt470bg" | "smpte170m" | null;
  /** Whether 0 is black and 255 is white; false: 16 and 235, as television has it. */
  fullRange?: boolean | null;
}

/** Colours by the names of WebCodecs; undefined where none is known. */
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

/** The same with any names, as an encoder reports them. */
export interface WebColors {
  /** The three colours. */
  primaries?: string | null;
  /** The transfer function. */
  transfer?: string | null;
  /** The matrix from RGB. */
  matrix?: string | null;
  /** Whether 0 is black and 255 is white. */
  fullRange?: boolean | null;
}

/** The other way round: FFmpeg's names, for the fields that are known. */
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
