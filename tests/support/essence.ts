/**
 * Coded data without its framing: packets without length fields or start codes, parameter sets between frames, delimiters,
 * and ADTS headers.
 */

/** The data of a packet that is the same in all containers. */
export function essence(codec: string, data: Uint8Array): Uint8Array {
  if (codec === "h264") return concatBytes(nalUnits(data).filter((unit) => !isSet(unit)));
  if (codec === "hevc") {
    return concatBytes(nalUnits(data).filter((unit) => !isSetOfHevc(unit)).map(withoutZeros));
  }
  if (codec === "aac") return withoutAdts(data);
  if (codec === "av1" && data[0] === 0x12 && data[1] === 0) return data.subarray(2); // a temporal delimiter
  return data;
}

/** Joins pieces. */
export function concatBytes(pieces: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(pieces.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}

/** Whether it is a parameter set or an access unit delimiter, which muxers add and remove. */
function isSet(unit: Uint8Array): boolean {
  return [7, 8, 9].includes((unit[0] ?? 0) & 31);
}

/** The same for HEVC. */
function isSetOfHevc(unit: Uint8Array): boolean {
  return [32, 33, 34, 35].includes((unit[0] ?? 0) >> 1 & 63);
}

/** The unit without trailing zeros, which FFmpeg 5.1 takes from the next start code. */
function withoutZeros(unit: Uint8Array): Uint8Array {
  return unit.subarray(0, unit.findLastIndex((byte) => byte !== 0) + 1);
}

/** Data of H.264 with start codes (Annex B) or with lengths in 4 bytes (AVCC), in pieces. */
export function nalUnits(data: Uint8Array): Uint8Array[] {
  return byLengths(data) ?? byStartCodes(data);
}

/** Null if the lengths don't add up: 00 00 01 is a start code, but may also be the beginning of a length. */
function byLengths(data: Uint8Array): Uint8Array[] | null {
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  const units: Uint8Array[] = [];
  for (let at = 0; at + 4 <= data.length;) {
    const length = view.getUint32(at);
    units.push(data.subarray(at + 4, at + 4 + length));
    at += 4 + length;
    if (at > data.length || length === 0) return null;
    if (at === data.length) return units;
  }
  return null;
}

function byStartCodes(data: Uint8Array): Uint8Array[] {
  const starts: number[] = [];
  for (let at = 0; at + 3 <= data.length; at++) {
    if (data[at] === 0 && data[at + 1] === 0 && data[at + 2] === 1) starts.push(at);
  }
  return starts.map((start, i) => {
    let end = starts[i + 1] ?? data.length;
    while (end > start + 3 && data[end - 1] === 0) end--;
    return data.subarray(start + 3, end);
  });
}

/** AAC without the ADTS header that each frame has outside of containers. */
export function withoutAdts(data: Uint8Array): Uint8Array {
  if (!hasAdts(data)) return data;
  return data.subarray(data[1]! & 1 ? 7 : 9);
}

/** Whether the data begins with an ADTS header that has the data's length. */
export function hasAdts(data: Uint8Array): boolean {
  if (data.length < 7 || data[0] !== 0xff || (data[1]! & 0xf6) !== 0xf0) return false;
  return ((data[3]! & 3) << 11 | data[4]! << 3 | data[5]! >> 5) === data.length;
}
