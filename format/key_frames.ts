/**
 * keyFrames: finds where a source can be cut, without writing anything.
 */
import { argumentError, AVError } from "../ffi/errors.ts";
import { seekInput, setDiscard } from "../ffi/input.ts";
import type { Operation } from "../ffi/operation.ts";
import { Reading } from "../ffi/reading.ts";
import { Session } from "../ffi/session.ts";
import { checkInteger, checkLimit, checkNumber, type Names, optional, readFields } from "../io/arguments.ts";
import type { Source } from "../io/source.ts";
import { checkDemuxerOptions, type DemuxerOptions, openInput } from "./open_input.ts";
import { packetOf } from "./packet.ts";
import { describeInput, type Description } from "./stream.ts";

/** Options of {@linkcode keyFrames}. */
export interface KeyFrameOptions {
  /** Seconds: returns only the last key frame at or before this time and the first one after it. */
  around?: number;
  /** Seconds: returns key frames from this time on. @default {0} */
  start?: number;
  /** Seconds: returns key frames before this time. @default {Infinity} */
  end?: number;
  /** The stream to search. @default the first video stream, else the first audio stream */
  streamIndex?: number;
  /** Options of the source. `signal` and `timeout` apply to the whole call. */
  input?: DemuxerOptions;
}

const keyFrameOptionNames: Names<KeyFrameOptions> = {
  around: true,
  start: true,
  end: true,
  streamIndex: true,
  input: true,
};

/** Checks the options. */
interface Wanted {
  around: number | null;
  start: number;
  end: number;
  streamIndex: number | undefined;
  input: DemuxerOptions;
}

/** Tolerance in seconds: libavformat rounds times to microseconds. */
const ROUNDING = 1e-6;

function check(given: KeyFrameOptions = {}): Wanted {
  const options = readFields(given, keyFrameOptionNames);
  const around = optional(checkNumber, options.around, "around", 0) ?? null;
  const start = optional(checkNumber, options.start, "start", 0) ?? 0;
  const end = optional(checkLimit, options.end, "end", 0) ?? Infinity;
  if (around !== null && (options.start !== undefined || options.end !== undefined)) {
    throw argumentError(TypeError, "around", "can't be combined with start and end");
  }
  if (end <= start) throw argumentError(RangeError, "end", `must be after start (${start}), is ${end}`);
  const streamIndex = optional(checkInteger, options.streamIndex, "streamIndex", 0);
  return { around, start, end, streamIndex, input: checkDemuxerOptions(options.input, "input") };
}

/** The stream to search, at whose key frames cuts begin. */
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
  /** Start time of the media, from which times count. */
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

  /** Seeks back in growing steps until it finds a key frame at or before the time, or the beginning. */
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

  /** Seeks to a time; stays at the beginning if the source can't seek. */
  *#goTo(time: number): Operation<boolean> {
    const { index, timeBase } = this.#stream;
    const timestamp = (time + this.#origin + ROUNDING / 2) * timeBase.den / timeBase.num;
    const position = Math.floor(timestamp);
    const place = { unit: { stream: index }, position, min: -Infinity, max: position };
    try {
      yield* seekInput(this.#session, { ...place, backward: true, any: false });
    } catch (error) {
      if (!(error instanceof AVError)) throw error;
      return false; // a failed seek changes nothing
    }
    this.#reading.forget();
    return true;
  }

  /** The next key frame's seconds, null at the end. Packets before the beginning (encoder delay) belong to a cut at 0. */
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
 * Finds where a source can be cut: the times of its key frames, in seconds from the beginning of the media, like
 * `start` of {@linkcode remuxSync}. A cut begins at the last key frame at or before its `start`.
 *
 * ```ts
 * import { keyFramesSync } from "@avio/avio";
 *
 * console.log(keyFramesSync("fixtures/video.mp4")); // [0, 1, 2]
 * console.log(keyFramesSync("fixtures/video.mp4", { around: 1.5 })); // [1, 2]
 * ```
 *
 * @param source The source to read. Without `around` and `end` all of it is read; one that can't seek is read from its
 * beginning.
 * @param options Range and stream.
 * @returns Seconds, ascending. With `around` at most two; only one if there is none before or after it.
 * @throws {AVError} FFmpeg can't read the source.
 * @throws {TypeError | RangeError} An argument is wrong.
 */
export function keyFramesSync(source: Source, options?: KeyFrameOptions): number[] {
  const wanted = check(options);
  return Session.openSync("keyFrames", (session) => findKeyFrames(session, source, wanted));
}

/**
 * Asynchronous version of {@linkcode keyFramesSync}. Callbacks may return promises; sources may also be streams, Blobs
 * and URLs.
 *
 * @param source The source to read.
 * @param options Range and stream.
 * @returns Seconds, ascending; rejects with what `keyFramesSync` throws.
 */
export async function keyFrames(source: Source, options?: KeyFrameOptions): Promise<number[]> {
  const wanted = check(options);
  return await Session.open("keyFrames", wanted.input, (session) => findKeyFrames(session, source, wanted));
}
