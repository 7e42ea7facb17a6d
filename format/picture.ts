/**
 * Pictures that belong to a file: what a cover is, the kinds that ID3 and FLAC know, the types of pictures.
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

/** A picture that belongs to a file: of a song, its album's cover. */
export interface Cover {
  /** A file of that type. */
  data: Uint8Array<ArrayBuffer>;
  /** "image/jpeg", "image/png", ... */
  mimeType: string;
  /** Words beside it, "" where there are none. */
  description: string;
  /** What it shows; "front" where the format doesn't say. */
  kind: CoverKind;
}

/** A cover to be written: what is left out follows from the data, or is "front" without a description. */
export type CoverInit = { data: Uint8Array } & Partial<Omit<Cover, "data">>;

/** What ID3 and FLAC call the kinds, and FFmpeg a tag "comment" of the stream; their place is ID3's and FLAC's number. */
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

/** Kinds that several numbers stand for: the one that is written. */
const NUMBERS: Readonly<Record<string, number>> = { icon: 2, artist: 8 };

/** ID3's and FLAC's number of a kind. */
export function pictureNumber(kind: CoverKind): number {
  const number = NUMBERS[kind] ?? KINDS.findIndex(([, known]) => known === kind);
  return number < 0 ? OTHER : number;
}

/** What FFmpeg has in a tag "comment" for a kind. */
export function pictureComment(kind: CoverKind): string {
  return KINDS[pictureNumber(kind)]![0];
}

/** The kind that a tag "comment" says. */
export function kindByComment(comment: string): CoverKind | undefined {
  return KINDS.find(([ffmpeg]) => ffmpeg === comment)?.[1];
}

/** Matroska has a file name: "cover.jpg" by its own rules, "back.jpg"; "front" where that says nothing. */
export function kindByFileName(fileName: string): CoverKind {
  const name = fileName.replace(/\.[^.]*$/, "").toLowerCase();
  return KINDS.find(([, kind]) => kind === name)?.[1] ?? "front";
}

/** A type of pictures: FFmpeg's codec, how its files end and begin, and where their size is. */
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

/** The types of pictures that are known. */
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

/** Of the start of a frame (SOF), which follows segments that say how long they are. */
function jpegSize(bytes: Uint8Array): [number, number] | null {
  const view = viewOf(bytes);
  for (let at = 2; at + 9 <= bytes.length && bytes[at] === 0xff; at += 2 + view.getUint16(at + 2)) {
    const marker = bytes[at + 1]!;
    const isFrame = marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker);
    if (isFrame) return [view.getUint16(at + 7), view.getUint16(at + 5)];
  }
  return null;
}
