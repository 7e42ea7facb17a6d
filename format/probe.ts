/**
 * probe: describes a source in one call.
 */
import type { Operation } from "../ffi/operation.ts";
import { Session } from "../ffi/session.ts";
import type { Source } from "../io/source.ts";
import { readCovers } from "./cover.ts";
import { checkDemuxerOptions, type DemuxerOptions, openInput } from "./open_input.ts";
import { describeInput, type MediaInfo } from "./stream.ts";
import { tagsOf } from "./tags.ts";

function* probeIn(session: Session, source: Source, options: DemuxerOptions): Operation<MediaInfo> {
  const { size = null } = yield* openInput(session, source, options, { checkSize: true });
  const described = describeInput(session);
  const { format, duration, startTime, bitRate, probeScore, metadata, streams, chapters, programs } =
    described;
  const covers = yield* readCovers(session, streams);
  const warnings = session.allWarnings();
  yield* session.finish();
  return {
    format,
    duration,
    startTime,
    bitRate,
    size,
    probeScore,
    metadata,
    tags: tagsOf(described),
    covers,
    streams,
    chapters,
    programs,
    warnings,
  };
}

/**
 * Describes a source as plain data: format, duration, streams, chapters, tags, covers.
 *
 * ```ts
 * import { probeSync } from "@avio/avio";
 *
 * const info = probeSync("fixtures/video.mp4");
 * console.log(info.format.name, info.duration, info.streams.length);
 * ```
 *
 * @param source The source to read.
 * @param options How to read it.
 * @returns The description.
 * @throws {AVError} FFmpeg can't read it.
 * @throws {TypeError | RangeError} The source or an option is wrong.
 * @throws Exceptions of the source's callbacks, and errors of opening files.
 */
export function probeSync(source: Source, options?: DemuxerOptions): MediaInfo {
  const checked = checkDemuxerOptions(options);
  return Session.openSync("probe", (session) => probeIn(session, source, checked));
}

/**
 * Asynchronous version of {@linkcode probeSync}. Callbacks may return promises; sources may also be streams, Blobs and
 * URLs.
 *
 * @param source The source to read.
 * @param options How to read it.
 * @returns The description; rejects with what `probeSync` throws.
 */
export async function probe(source: Source, options?: DemuxerOptions): Promise<MediaInfo> {
  const checked = checkDemuxerOptions(options);
  return await Session.open("probe", checked, (session) => probeIn(session, source, checked));
}
