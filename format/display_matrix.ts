/**
 * What a display matrix does to the pictures of a stream: they may be shown mirrored, rotated, scaled or distorted. It is side
 * data of 3 by 3 numbers in three rows: `[x, y, 1]` times it is where a point of the picture is shown.
 */
import type { SideDataInit } from "./packet.ts";

const DISPLAY_MATRIX = "display matrix";
/** Bytes. */
const SIZE = 36;

/** The numbers of the display matrix among side data, row by row; null if there is none. */
export function displayMatrix(sideData: readonly SideDataInit[]): Int32Array | null {
  const data = sideData.find(({ type }) => type.toLowerCase() === DISPLAY_MATRIX)?.data;
  if (!data || data.byteLength < SIZE) return null;
  const view = new DataView(data.buffer, data.byteOffset, SIZE);
  return Int32Array.from({ length: 9 }, (_, index) => view.getInt32(index * 4, true));
}

const degrees = (radians: number) => (Math.round(radians * 180 / Math.PI * 1000) / 1000 + 360) % 360;

/** Clockwise rotation; av_display_rotation_get with the sign reversed, which does not tell mirrored pictures from others. */
export function rotationOf(matrix: Int32Array | null): number {
  const [a, b, , c, d] = matrix ?? [1, 0, 0, 0, 1];
  const rotation = degrees(Math.atan2(b! / Math.hypot(b!, d!), a! / Math.hypot(a!, c!)));
  return Number.isNaN(rotation) ? 0 : rotation;
}

/** How pictures are shown: what is done to them, in this order. */
export interface Shown {
  /** From left to right. */
  isMirrored: boolean;
  /** Clockwise degrees, 0 to below 360, to a tenth: the numbers are rounded. */
  rotation: number;
  /** Of the picture's width and height. */
  scale: readonly [number, number];
  /** Its sides are no longer at right angles, or it is tilted. */
  isDistorted: boolean;
  /** Nothing of it can be seen. */
  isNothing: boolean;
}

/** 1 in numbers with 16 bits for the fraction; the third column has 30. */
const ONE = 65536;

/**
 * What the matrix does. Without where the picture is put: that counts only beside others, and cameras that turn one by 90 degrees
 * move it back to where it was.
 */
export function shownBy(matrix: Int32Array): Shown {
  const [a, b, u, c, d, v] = matrix as unknown as [number, number, number, number, number, number];
  const scale = [Math.hypot(a, b) / ONE, Math.hypot(c, d) / ONE] as const;
  const area = Math.abs(a * d - b * c) / ONE ** 2;
  const isRight = Math.abs(a * c + b * d) / ONE ** 2 < CLOSE * scale[0] * scale[1];
  return {
    isMirrored: a * d - b * c < 0,
    rotation: Math.round(degrees(Math.atan2(-c, d)) * 10) / 10 % 360,
    scale,
    isDistorted: !isRight || u !== 0 || v !== 0,
    isNothing: area < CLOSE ** 2,
  };
}

/** Whether it mirrors and rotates without any distortion, also of a rounded number: Matroska's muxer takes no other. */
export function isExact(matrix: Int32Array): boolean {
  const [a, b, u, c, d, v] = matrix as unknown as [number, number, number, number, number, number];
  const isRotation = a === d && b === -c, isMirroring = a === -d && b === c;
  return (isRotation || isMirroring) && u === 0 && v === 0 && (a !== 0 || b !== 0);
}

/** The numbers of a rotation by 45 degrees are rounded, too. */
const CLOSE = 0.001;

const rounded = (value: number, digits: number) => String(Math.round(value * 10 ** digits) / 10 ** digits);

/** The scaling in words, "" if there is none. */
export function scalingOf({ scale: [x, y] }: Shown): string {
  if (Math.abs(x - 1) < CLOSE && Math.abs(y - 1) < CLOSE) return "";
  return Math.abs(x / y - 1) < CLOSE ? rounded(x, 3) : `${rounded(x, 3)} x ${rounded(y, 3)}`;
}

/** What is done to pictures, in words: "mirrored left to right and rotated by 90 degrees"; "" if they are shown as they are. */
export function inWords(shown: Shown): string {
  if (shown.isNothing) return "without an area";
  const scaling = scalingOf(shown);
  return [
    turnedInWords(shown),
    scaling && `scaled by ${scaling}`,
    shown.isDistorted ? "distorted" : "",
  ].filter(Boolean).join(" and ");
}

function turnedInWords({ isMirrored, rotation }: Shown): string {
  if (isMirrored && rotation === 180) return "mirrored top to bottom";
  const rotated = rotation === 0 ? "" : `rotated by ${rounded(rotation, 1)} degrees`;
  return [isMirrored ? "mirrored left to right" : "", rotated].filter(Boolean).join(" and ");
}
