/**
 * keyFrames: where a source can be cut, without writing anything.
 */
import { argumentError, AVError } from "../ffi/errors.ts";
import { seekInput, setDiscard } from "../ffi/input.ts";
import type { Operation } from "../ffi/operation.ts";
import { Reading } from "../ffi/reading.ts";
import { Session } from "../ffi/session.ts";
import {
  checkInteger,
  checkLimit,
  checkNames,
  checkNumber,
  checkObject,
  type Names,
  optional,
} from "../io/arguments.ts";
import type { Source } from "../io/source.ts";
import { checkDemuxerOptions, type DemuxerOptions, openInput } from "./open_input.ts";
import { packetOf } from "./packet.ts";
import { describeInput, type Description } from "./stream.ts";

/** Options of {@linkcode keyFrames}. */
export interface KeyFrameOptions {
  /** Seconds: the last key frame at or before it and the first one after it, and no others. */
  around?: number;
  /** Seconds: key frames from there on. @default {0} */
  start?: number;
  /** Seconds: key frames before it. @default {Infinity} */
  end?: number;
  /** The stream that is looked at. @default the first with moving pictures, else the first with sound */
  streamIndex?: number;
  /** How the source is read. A `signal` or a `timeout` here ends the whole. */
  input?: DemuxerOptions;
}

const keyFrameOptionNames: Names<KeyFrameOptions> = {
  around: true,
  start: true,
  end: true,
  streamIndex: true,
  input: true,
};

/** The options, checked. */
interface Wanted {
  around: number | null;
  start: number;
  end: number;
  streamIndex: number | undefined;
  input: DemuxerOptions;
}

/** Times in seconds are rounded to microseconds by libavformat. */
const ROUNDING = 1e-6;

function check(options: KeyFrameOptions = {}): Wanted {
  checkNames(checkObject(options, "options"), keyFrameOptionNames);
  const around = optional(checkNumber, options.around, "around", 0) ?? null;
  const start = optional(checkNumber, options.start, "start", 0) ?? 0;
  const end = optional(checkLimit, options.end, "end", 0) ?? Infinity;
  if (around !== null && (options.start !== undefined || options.end !== undefined)) {
    throw argumentError(TypeError, "around", "can't be beside start and end");
  }
  if (end <= start) throw argumentError(RangeError, "end", `must be after start (${start}), is ${end}`);
  const streamIndex = optional(checkInteger, options.streamIndex, "streamIndex", 0);
  return { around, start, end, streamIndex, input: checkDemuxerOptions(options.input, "input") };
}

/** The stream that is looked at: what a cut begins with. */
function streamOf({ streams }: Description, { streamIndex }: Wanted): Description["streams"][number] {
  if (streamIndex !== undefined && streamIndex >= streams.length) {
    const problem = `there is no stream ${streamIndex}, the source has ${streams.length}`;
    throw argumentError(RangeError, "streamIndex", problem);
  }
  const chosen = streamIndex === undefined
    ? streams.find(({ type, disposition }) => type === "video" && !disposition.includes("attached_pic")) ??
      streams.find(({ type }) => type === "audio") ?? streams[0]
    : streams[streamIndex];
  if (!chosen) throw argumentError(TypeError, "source", "has no streams");
  return chosen;
}

function* findKeyFrames(session: Session, source: Source, wanted: Wanted): Operation<number[]> {
  yield* openInput(session, source, wanted.input);
  const description = describeInput(session);
  const stream = streamOf(description, wanted);
  for (const { index } of description.streams) if (index !== stream.index) setDiscard(session, index, true);
  const search = new Search(session, stream, description);
  const found = wanted.around === null
    ? yield* search.between(wanted.start, wanted.end)
    : yield* search.around(wanted.around);
  yield* session.finish();
  return found;
}

class Search {
  #session: Session;
  #stream: Description["streams"][number];
  #reading: Reading;
  /** Where the media begins: times count from there. */
  #origin: number;

  constructor(session: Session, stream: Description["streams"][number], description: Description) {
    this.#session = session;
    this.#stream = stream;
    this.#origin = description.startTime ?? 0;
    this.#reading = new Reading(session, description.streams.length, () => {});
  }

  *between(start: number, end: number): Operation<number[]> {
    if (start > 0) yield* this.#goTo(start);
    const found: number[] = [];
    for (let time; (time = yield* this.#next()) !== null;) {
      if (time >= end - ROUNDING) break;
      if (time >= start - ROUNDING && time !== found.at(-1)) found.push(time);
    }
    return found;
  }

  /** Goes back in growing steps until a key frame is at or before the time, or the media begins. */
  *around(time: number): Operation<number[]> {
    for (let back = 0;; back = back * 2 || 1) {
      const place = Math.max(0, time - back);
      const isSought = yield* this.#goTo(place);
      const found: number[] = [];
      for (let next; (next = yield* this.#next()) !== null;) {
        if (next > time + ROUNDING) {
          found.push(next);
          break;
        }
        found[0] = next;
      }
      if (!isSought || place === 0 || (found[0] ?? Infinity) <= time + ROUNDING) return found;
    }
  }

  /** Goes to what is shown at a time; where the source can't seek it stays at the beginning. */
  *#goTo(time: number): Operation<boolean> {
    const { index, timeBase } = this.#stream;
    const timestamp = (time + this.#origin + ROUNDING / 2) * timeBase.den / timeBase.num;
    const position = Math.floor(timestamp);
    const place = { unit: { stream: index }, position, min: -Infinity, max: position };
    try {
      yield* seekInput(this.#session, { ...place, backward: true, any: false });
    } catch (error) {
      if (!(error instanceof AVError)) throw error;
      return false; // nothing has changed
    }
    this.#reading.forget();
    return true;
  }

  /** The next key frame's seconds, null at the end. What comes before the beginning, as an encoder's delay, a cut at 0 has. */
  *#next(): Operation<number | null> {
    for (let batch; (batch = yield* this.#reading.read());) {
      if (batch.streamIndex !== this.#stream.index) continue;
      const { isKey, time } = packetOf(batch, this.#stream.timeBase);
      if (isKey && time !== null) return Math.max(0, time - this.#origin);
    }
    return null;
  }
}

/**
 * Where a source can be cut: the times of its key frames, in seconds from the beginning of the media, as `start` of
 * {@linkcode remuxSync} counts them. A cut begins with the last one at or before its `start`.
 *
 * ```ts
 * import { keyFramesSync } from "@avio/avio";
 *
 * console.log(keyFramesSync("fixtures/video.mp4")); // [0, 1, 2]
 * console.log(keyFramesSync("fixtures/video.mp4", { around: 1.5 })); // [1, 2]
 * ```
 *
 * @param source What is read. All of it, without `around` and `end`; what can't seek is read from its beginning.
 * @param options Which of them, and of which stream.
 * @returns Seconds, ascending. With `around` two at most; one where nothing comes before or after it.
 * @throws {AVError} FFmpeg can't read the source.
 * @throws {TypeError | RangeError} An argument is wrong.
 */
export function keyFramesSync(source: Source, options?: KeyFrameOptions): number[] {
  const wanted = check(options);
  return Session.openSync("keyFrames", (session) => findKeyFrames(session, source, wanted));
}

/**
 * As {@linkcode keyFramesSync}; callbacks may return promises, and streams, Blobs and URLs are sources too.
 *
 * @param source What is read.
 * @param options Which of them, and of which stream.
 * @returns Seconds, ascending; rejected with what `keyFramesSync` throws.
 */
export async function keyFrames(source: Source, options?: KeyFrameOptions): Promise<number[]> {
  const wanted = check(options);
  return await Session.open("keyFrames", wanted.input, (session) => findKeyFrames(session, source, wanted));
}
