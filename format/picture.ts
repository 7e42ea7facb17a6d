/**
 * Pictures that belong to a file: covers, the kinds of ID3 and FLAC, picture types.
 */

/** What a picture shows. */
export type CoverKind =
  | "front"
  | "back"
  | "icon"
  | "leaflet"
  | "media"
  | "artist"
  | "band"
  | "composer"
  | "conductor"
  | "location"
  | "recording"
  | "performance"
  | "screen"
  | "illustration"
  | "logo"
  | "other"
  | (string & Record<never, never>);

/** A picture that belongs to a file, such as the cover of a song. */
export interface Cover {
  /** The picture file. */
  data: Uint8Array<ArrayBuffer>;
  /** "image/jpeg", "image/png", ... */
  mimeType: string;
  /** Description, "" if there is none. */
  description: string;
  /** What it shows; "front" if the format doesn't state it. */
  kind: CoverKind;
}

/** A cover to be written. The type is detected from the data by default; `kind` is "front", `description` empty. */
export type CoverInit = { data: Uint8Array } & Partial<Omit<Cover, "data">>;

/** The kinds by ID3's and FLAC's number, with the text that FFmpeg uses in the stream's tag "comment". */
const KINDS: readonly [ffmpeg: string, kind: CoverKind][] = [
  ["Other", "other"],
  ["32x32 pixels 'file icon'", "icon"],
  ["Other file icon", "icon"],
  ["Cover (front)", "front"],
  ["Cover (back)", "back"],
  ["Leaflet page", "leaflet"],
  ["Media (e.g. label side of CD)", "media"],
  ["Lead artist/lead performer/soloist", "artist"],
  ["Artist/performer", "artist"],
  ["Conductor", "conductor"],
  ["Band/Orchestra", "band"],
  ["Composer", "composer"],
  ["Lyricist/text writer", "writer"],
  ["Recording Location", "location"],
  ["During recording", "recording"],
  ["During performance", "performance"],
  ["Movie/video screen capture", "screen"],
  ["A bright coloured fish", "fish"],
  ["Illustration", "illustration"],
  ["Band/artist logotype", "logo"],
  ["Publisher/Studio logotype", "publisher"],
];

const OTHER = 0;

/** The number to write for kinds with several numbers. */
const NUMBERS: Readonly<Record<string, number>> = { icon: 2, artist: 8 };

/** ID3's and FLAC's number of a kind. */
export function pictureNumber(kind: CoverKind): number {
  const number = Object.hasOwn(NUMBERS, kind)
    ? NUMBERS[kind]!
    : KINDS.findIndex(([, known]) => known === kind);
  return number < 0 ? OTHER : number;
}

/** FFmpeg's tag "comment" for a kind. */
export function pictureComment(kind: CoverKind): string {
  return KINDS[pictureNumber(kind)]![0];
}

/** The kind for a tag "comment". */
export function kindByComment(comment: string): CoverKind | undefined {
  return KINDS.find(([ffmpeg]) => ffmpeg === comment)?.[1];
}

/** The kind for a file name in Matroska: "cover.jpg" (its own convention), "back.jpg"; "front" for others. */
export function kindByFileName(fileName: string): CoverKind {
  const name = fileName.replace(/\.[^.]*$/, "").toLowerCase();
  return KINDS.find(([, kind]) => kind === name)?.[1] ?? "front";
}

/** A picture type: FFmpeg's codec, file extension and signature, and how to read the size. */
export interface PictureType {
  codec: string;
  mimeType: string;
  extension: string;
  isOne(bytes: Uint8Array): boolean;
  size(bytes: Uint8Array): [width: number, height: number] | null;
}

const viewOf = ({ buffer, byteOffset, byteLength }: Uint8Array) =>
  new DataView(buffer, byteOffset, byteLength);
const startsWith = (bytes: Uint8Array, ...start: number[]) => start.every((byte, at) => bytes[at] === byte);

/** The known picture types. */
export const PICTURE_TYPES: readonly PictureType[] = [
  {
    codec: "mjpeg",
    mimeType: "image/jpeg",
    extension: "jpg",
    isOne: (bytes) => startsWith(bytes, 0xff, 0xd8, 0xff),
    size: jpegSize,
  },
  {
    codec: "png",
    mimeType: "image/png",
    extension: "png",
    isOne: (bytes) => startsWith(bytes, 0x89, 0x50, 0x4e, 0x47),
    size: (bytes) => bytes.length < 24 ? null : [viewOf(bytes).getUint32(16), viewOf(bytes).getUint32(20)],
  },
  {
    codec: "gif",
    mimeType: "image/gif",
    extension: "gif",
    isOne: (bytes) => startsWith(bytes, 0x47, 0x49, 0x46, 0x38),
    size: (bytes) =>
      bytes.length < 10 ? null : [viewOf(bytes).getUint16(6, true), viewOf(bytes).getUint16(8, true)],
  },
  {
    codec: "webp",
    mimeType: "image/webp",
    extension: "webp",
    isOne: (bytes) => startsWith(bytes, 0x52, 0x49, 0x46, 0x46) && bytes[8] === 0x57,
    size: () => null,
  },
  {
    codec: "bmp",
    mimeType: "image/bmp",
    extension: "bmp",
    isOne: (bytes) => startsWith(bytes, 0x42, 0x4d),
    size: (bytes) =>
      bytes.length < 26 ? null : [viewOf(bytes).getUint32(18, true), viewOf(bytes).getUint32(22, true)],
  },
  {
    codec: "tiff",
    mimeType: "image/tiff",
    extension: "tiff",
    isOne: (bytes) => startsWith(bytes, 0x49, 0x49, 0x2a) || startsWith(bytes, 0x4d, 0x4d, 0),
    size: () => null,
  },
];

/** Reads the size from the start of frame (SOF), skipping the segments before it. */
function jpegSize(bytes: Uint8Array): [number, number] | null {
  const view = viewOf(bytes);
  for (let at = 2; at + 9 <= bytes.length && bytes[at] === 0xff; at += 2 + view.getUint16(at + 2)) {
    const marker = bytes[at + 1]!;
    const isFrame = marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker);
    if (isFrame) return [view.getUint16(at + 7), view.getUint16(at + 5)];
  }
  return null;
}
