/**
 * probe: what a source is, in one call.
 */
import { type Operation, runSync } from "../ffi/operation.ts";
import { promised, Session } from "../ffi/session.ts";
import { Direction, operations } from "../ffi/symbols.ts";
import type { Source } from "../io/source.ts";
import { demuxerOptionNames, type DemuxerOptions, openInput } from "./demuxer.ts";
import { checkOptions } from "./options.ts";
import { describe, type MediaInfo } from "./stream.ts";

function* probeOperation(source: Source, options: DemuxerOptions): Operation<MediaInfo> {
  const session = new Session();
  return yield* session.guard(options, function* () {
    const attachment = yield* openInput(session, source, options);
    session.slot.set([0, attachment.io]);
    const failure = yield* session.attempt(operations.ioSize);
    if (failure?.final) throw failure.error;
    const size = failure ? attachment.size ?? null : session.slot[1]!;
    const info = { ...describe(session, Direction.INPUT), size };
    yield* session.finish();
    return info;
  });
}

/**
 * What a source is: format, duration, streams, chapters, metadata, as plain data.
 *
 * ```ts
 * import { probeSync } from "@avio/avio";
 *
 * const info = probeSync("fixtures/video.mp4");
 * console.log(info.format.name, info.duration, info.streams.length);
 * ```
 *
 * @param source What is read.
 * @param options How it is read.
 * @returns Plain data.
 * @throws {AVError} FFmpeg can't read it.
 * @throws {TypeError | RangeError} The source or an option is wrong.
 * @throws Whatever the source's own callbacks or files threw.
 */
export function probeSync(source: Source, options?: DemuxerOptions): MediaInfo {
  return runSync(probeOperation(source, checkOptions(options, demuxerOptionNames)));
}

/**
 * As {@linkcode probeSync}; callbacks may return promises, and streams, Blobs and URLs are sources too.
 *
 * @param source What is read.
 * @param options How it is read.
 * @returns Plain data; rejected with what `probeSync` throws.
 */
export function probe(source: Source, options?: DemuxerOptions): Promise<MediaInfo> {
  return promised(() => probeOperation(source, checkOptions(options, demuxerOptionNames)));
}
