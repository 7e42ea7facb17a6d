/**
 * Where formats store covers: Ogg stores one as a tag, made from the cover's stream in another format; other formats store
 * covers as streams.
 */
import { argumentError } from "../ffi/errors.ts";
import { readCover } from "../ffi/input.ts";
import type { Session } from "../ffi/session.ts";
import { checkCover, coverOf, coverTag, isCover } from "./cover.ts";
import { type Chosen, initOf } from "./edits.ts";
import type { MuxerOptions } from "./open_output.ts";
import { PICTURE_TYPES } from "./picture.ts";

const WITH_STREAMS: ReadonlySet<string> = new Set(["mp3", "aiff", "flac", "mp4", "ipod", "matroska"]);
const WITH_TAGS: ReadonlySet<string> = new Set(["ogg", "oga", "ogv", "opus", "spx"]);

/** Whether the format is Ogg, under any of its names: it stores the file's tags with its streams, and a cover as a tag. */
export function isOgg(format: string): boolean {
  return WITH_TAGS.has(format);
}

/** Whether the options of an mp4 or mov make it fragmented. */
export function isFragmented({ options }: Pick<MuxerOptions, "options">): boolean {
  return /frag_|empty_moov|dash|cmaf/.test(String(options?.movflags ?? ""));
}

/**
 * Checks that the format can store one more cover.
 *
 * @param count Covers that the output has already.
 */
export function checkCoverPlace(
  format: string,
  options: Pick<MuxerOptions, "options">,
  count: number,
): void {
  if (!isOgg(format) && !WITH_STREAMS.has(format)) {
    throw new Error(`Cannot add cover: ${format} can't store covers`);
  }
  if (isOgg(format) && count > 0) throw new Error(`Cannot add cover: ${format} can store only one`);
  if (isFragmented(options)) {
    throw new Error(`Cannot add cover: fragmented ${format} can't store covers`);
  }
}

/** The cover that an Ogg output takes from its sources; does nothing for other formats. */
export class TagCover {
  /** The tag; empty without a cover. */
  tag: Record<string, string> = {};
  /** Index of its stream in the source; null without a cover. */
  index: number | null = null;
  #session: Session;
  #format: string;
  #hasPlace: boolean;
  /** Index of the stream that was offered as the cover. */
  #offered: number | null = null;

  /** `isTaken`: the output has a cover already. */
  constructor(session: Session, format: string, isTaken = false) {
    this.#session = session;
    this.#format = format;
    this.#hasPlace = isOgg(format) && !isTaken;
  }

  /** Whether a stream of the session's current input can be the cover: the first one that can. */
  canHold(stream: Chosen["stream"]): boolean {
    if (!this.#hasPlace || !isCover(stream) || (this.#offered ?? stream.index) !== stream.index) return false;
    if (this.#tagOf({ stream, edits: {} }) === null) return false;
    this.#offered = stream.index;
    return true;
  }

  /** Takes the cover out of the chosen streams of the session's current input; returns the others. */
  take(chosen: readonly Chosen[]): Chosen[] {
    this.#offered = null;
    if (!isOgg(this.#format)) return [...chosen];
    const covers = chosen.filter(({ stream }) => isCover(stream));
    for (const cover of covers) {
      if (!this.#hasPlace) {
        throw argumentError(TypeError, "streams", `${this.#format} can store only one cover`);
      }
      const tag = this.#tagOf(cover);
      if (!tag) {
        throw argumentError(
          TypeError,
          "streams",
          `stream ${cover.stream.index} is not a picture of a known type`,
        );
      }
      this.tag = tag;
      this.index = cover.stream.index;
      this.#hasPlace = false;
    }
    return chosen.filter((one) => !covers.includes(one));
  }

  /** The tag for a stream; null if it has no picture of a known type. */
  #tagOf(chosen: Chosen): Record<string, string> | null {
    const { stream } = chosen;
    const data = readCover(this.#session, stream.index);
    if (!data || !PICTURE_TYPES.some(({ isOne }) => isOne(data))) return null;
    const { kind, description } = coverOf(
      { ...stream, metadata: initOf(chosen).metadata ?? stream.metadata },
      data,
    );
    return coverTag(checkCover({ data, kind, description }, "cover"));
  }
}
