/**
 * Extradata in which a codec describes not only its coding, but also the one file that it was made for: its length, a checksum,
 * the sizes of its packets, tags.
 */

/** Ranges of bytes that describe the file. */
const OF_FILE: Readonly<Record<string, readonly (readonly [from: number, to: number])[]>> = {
  flac: [[4, 10], [18, 34]], // sizes of frames, checksum
  alac: [[24, 32]], // largest packet, bit rate
};

/** The number of samples in FLAC's STREAMINFO: half of a byte, and four more. */
const FLAC_LENGTH = 13;

/** The least number of samples in a block of FLAC but the last one. */
const FLAC_SMALLEST_BLOCK = 16;

/** The number of samples in TTA's header, and the checksum behind it. A part keeps them: they tell how long its last frame is. */
const TTA_LENGTH = [14, 22] as const;

/** The extradata for a file that has a part of the packets, or those of several files: zero means unknown in these fields. */
export function extradataOfPart(codec: string, extradata: Uint8Array): Uint8Array {
  const result = extradata.slice();
  for (const [from, to] of OF_FILE[codec] ?? []) result.fill(0, from, to);
  if (codec === "flac" && result.length > FLAC_LENGTH) {
    result[FLAC_LENGTH]! &= 0xf0;
    result.fill(0, FLAC_LENGTH + 1, FLAC_LENGTH + 5);
  }
  return result;
}

/**
 * The extradata for a FLAC file of several files: where they are joined there is a block of another size, so that its frames count
 * samples (`shim/output/flac_numbers.c`).
 */
export function extradataOfJoined(codec: string, extradata: Uint8Array): Uint8Array {
  const result = extradataOfPart(codec, extradata);
  if (codec === "flac") result.set([0, FLAC_SMALLEST_BLOCK]);
  return result;
}

/** The parts that describe the coding alone: packets of two files in which they are the same can be decoded as one stream. */
export function codingOf(codec: string, extradata: Uint8Array): Uint8Array[] {
  if (codec === "aac") return [extradata.subarray(0, 2)]; // what follows may also be signalled differently
  if (codec === "vorbis" || codec === "theora") return withoutComment(extradata);
  const result = extradataOfPart(codec, extradata);
  if (codec === "flac") result.fill(0, 0, 2); // the smallest block
  if (codec === "tta") result.fill(0, ...TTA_LENGTH);
  if (codec === "opus") result.fill(0, 12, 16); // the rate before encoding: it is always decoded to 48,000
  return [result];
}

/** The first and the third of the three headers; the second has the tags. */
function withoutComment(extradata: Uint8Array): Uint8Array[] {
  const { begin, sizes: [first, second] } = extradata[0] === 2 ? laced(extradata) : counted(extradata);
  return [extradata.subarray(begin, begin + first), extradata.subarray(begin + first + second)];
}

/** Where the first header begins, and the sizes of the first two. */
interface Headers {
  begin: number;
  sizes: readonly [first: number, second: number];
}

/** As in Matroska: the sizes come first, in units of 255. */
function laced(extradata: Uint8Array): Headers {
  let begin = 1;
  const size = () => {
    let sum = 0, byte;
    do sum += byte = extradata[begin++] ?? 0; while (byte === 255);
    return sum;
  };
  const sizes = [size(), size()] as const;
  return { begin, sizes };
}

/** As from Ogg: each header comes behind its size. */
function counted(extradata: Uint8Array): Headers {
  const sizeAt = (at: number) => (extradata[at] ?? 0) << 8 | (extradata[at + 1] ?? 0);
  const first = sizeAt(0);
  return { begin: 2, sizes: [first, 2 + sizeAt(2 + first)] };
}
