/**
 * Covers: reading and writing pictures that belong to a song or a film. In FFmpeg each is a stream of one packet with
 * the disposition "attached_pic"; in Ogg it is a tag. `picture.ts` describes pictures.
 */
import { copyBytes } from "../ffi/byte_views.ts";
import { argumentError, AVError } from "../ffi/errors.ts";
import type { Operation } from "../ffi/operation.ts";
import { Reading } from "../ffi/reading.ts";
import type { Session } from "../ffi/session.ts";
import { checkBytes, checkString, MAX_ENCODED_BYTES, type Names, readFields } from "../io/arguments.ts";
import { toBase64 } from "../io/base64.ts";
import { packetOf } from "./packet.ts";
import {
  type Cover,
  type CoverInit,
  kindByComment,
  kindByFileName,
  PICTURE_TYPES,
  pictureComment,
  pictureNumber,
  type PictureType,
} from "./picture.ts";
import type { Stream, StreamInit, StreamParameters } from "./stream.ts";

// ------------------------------------------------------------------------------------------- reading

/** Maximum number of packets read to find covers, which FFmpeg returns first. */
const MAX_PACKETS = 64;

/** Whether a stream is a cover, not a thumbnail of a position in a film. */
export function isCover({ disposition }: Pick<Stream, "disposition">): boolean {
  return disposition.includes("attached_pic") && !disposition.includes("timed_thumbnails");
}

/** The covers among the streams of the session's input, from which nothing has been read yet. */
export function* readCovers(
  session: Session,
  streams: readonly Omit<Stream, "discard">[],
): Operation<Cover[]> {
  const waiting = new Map(streams.filter(isCover).map((stream) => [stream.index, stream]));
  const covers = new Map<number, Cover>();
  if (waiting.size === 0) return [];
  const reading = new Reading(session, streams.length, () => {});
  try {
    for (let count = 0; waiting.size > 0 && count < MAX_PACKETS; count++) {
      const batch = yield* reading.read();
      if (!batch) break;
      const stream = waiting.get(batch.streamIndex);
      if (!stream) continue;
      waiting.delete(stream.index);
      covers.set(stream.index, coverOf(stream, packetOf(batch).data));
    }
    reading.check(); // for exceptions of callbacks
  } catch (error) {
    // Damage after the covers is reported when packets are read.
    if (!(error instanceof AVError) || session.hasEnded) throw error;
  }
  return [...covers].toSorted(([a], [b]) => a - b).map(([, cover]) => cover);
}

/** The cover in a stream, from the data of its only packet. */
export function coverOf({ codecParameters, metadata }: Omit<Stream, "discard">, data: Uint8Array): Cover {
  const type = PICTURE_TYPES.find(({ codec }) => codec === codecParameters.codec) ??
    PICTURE_TYPES.find(({ isOne }) => isOne(data));
  const named = (name: string) =>
    Object.entries(metadata).find(([key]) => key.toLowerCase() === name)?.[1] ?? "";
  return {
    data: copyBytes(data),
    mimeType: named("mimetype") || type?.mimeType || `image/${codecParameters.codec}`,
    description: named("title"),
    kind: kindByComment(named("comment")) ?? kindByFileName(named("filename")),
  };
}

// ------------------------------------------------------------------------------------------- writing

const coverNames: Names<Cover> = { data: true, mimeType: true, description: true, kind: true };

/** A checked cover to be written, with the properties found in its data. */
export function checkCover(cover: CoverInit, name: string): { cover: Cover; type: PictureType } {
  const { data, mimeType, description = "", kind = "front" } = readFields(cover, coverNames, name, "field");
  checkBytes(data, `${name}.data`, MAX_ENCODED_BYTES);
  checkString(description, `${name}.description`);
  checkString(kind, `${name}.kind`);
  const type = mimeType === undefined
    ? PICTURE_TYPES.find(({ isOne }) => isOne(data))
    : PICTURE_TYPES.find((type) => type.mimeType === checkString(mimeType, `${name}.mimeType`).toLowerCase());
  if (!type) {
    const what = mimeType === undefined
      ? "the data is not a known picture type"
      : `${mimeType} is not a known picture type`;
    const known = PICTURE_TYPES.map(({ mimeType }) => mimeType).join(", ");
    throw argumentError(
      TypeError,
      mimeType === undefined ? `${name}.data` : `${name}.mimeType`,
      `${what}; known types are ${known}`,
    );
  }
  return { cover: { data: copyBytes(data), mimeType: type.mimeType, description, kind }, type };
}

/** The stream that holds a cover. */
export function coverStream(
  { cover, type }: { cover: Cover; type: PictureType },
): { parameters: StreamParameters; init: StreamInit } {
  const [width, height] = type.size(cover.data) ?? [0, 0];
  const name = cover.kind === "front" ? "cover" : cover.kind.replaceAll(/[^\w-]/g, "_");
  return {
    parameters: { type: "video", codec: type.codec, width, height },
    init: {
      disposition: ["attached_pic"],
      metadata: {
        comment: pictureComment(cover.kind),
        filename: `${name}.${type.extension}`,
        mimetype: type.mimeType,
        ...(cover.description === "" ? {} : { title: cover.description }),
      },
    },
  };
}

/** The tag that holds a cover in Ogg: FLAC's picture block in base64. */
export function coverTag({ cover, type }: { cover: Cover; type: PictureType }): Record<string, string> {
  const [width, height] = type.size(cover.data) ?? [0, 0];
  const text = new TextEncoder();
  const [mimeType, description] = [text.encode(cover.mimeType), text.encode(cover.description)];
  const number = (value: number) => {
    const bytes = new Uint8Array(4);
    new DataView(bytes.buffer).setUint32(0, value);
    return bytes;
  };
  const [DEPTH, NO_PALETTE] = [24, 0];
  const parts = [
    number(pictureNumber(cover.kind)),
    number(mimeType.length),
    mimeType,
    number(description.length),
    description,
    ...[width, height, DEPTH, NO_PALETTE, cover.data.length].map(number),
    cover.data,
  ];
  const block = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  parts.reduce((at, part) => (block.set(part, at), at + part.length), 0);
  return { METADATA_BLOCK_PICTURE: toBase64(block) };
}
