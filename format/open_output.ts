/**
 * Opening an output: the options that say how, its chapters, its sink and its header.
 */
import { argumentError } from "../ffi/errors.ts";
import { call, type MaybePromise, type Operation } from "../ffi/operation.ts";
import * as output from "../ffi/output.ts";
import type { Host, Session } from "../ffi/session.ts";
import {
  checkArray,
  checkBoolean,
  checkFunction,
  checkInteger,
  checkNames,
  checkNumber,
  checkObject,
  checkString,
  checkStrings,
  type Names,
  optional,
} from "../io/arguments.ts";
import type { Attachment } from "../io/attachment.ts";
import { MemorySink } from "../io/memory_sink.ts";
import { allowNestedOutput, type Own, targetOf } from "../io/nested.ts";
import { openSink, type Sink, sinkUrl } from "../io/sink.ts";
import {
  bufferSizeOf,
  checkAllUsed,
  checkOptions,
  optionPairs,
  sessionOptionNames,
  type SessionOptions,
} from "./options.ts";
import { type Chapter, describeOutput } from "./stream.ts";
import { checkTagValues, rawTags, type TagValues } from "./tags.ts";

/** Options of {@linkcode Muxer.openSync}. */
export interface MuxerOptions extends SessionOptions {
  /** Output format, by FFmpeg's name; taken from the sink's file name where there is one. */
  format?: string;
  /** Tags by one vocabulary, which become what the format calls them: `{ albumArtist: "..." }`. */
  tags?: TagValues;
  /** Tags of the container by FFmpeg's and the format's own names: "title", "album_artist", ...; they win over `tags`. */
  metadata?: Record<string, string>;
  /** Chapters, in seconds. */
  chapters?: Chapter[];
  /**
   * Gather small writes into chunks of about bufferSize. Off, for low latency: each packet reaches the sink at once, in a
   * fragment, cluster, page or PES packet of its own where the format has them; from when each stream has begun. What
   * still waits: of several streams the one that is ahead, until the others have come as far; the sound in Matroska and
   * WebM, for one packet; asf. @default {true}
   */
  coalesce?: boolean;
  /**
   * Asked to delete an old file by muxers that do so: hls with `delete_segments`, dash with `window_size` (embedded build
   * only); nothing is deleted without it.
   */
  ondelete?: (url: string) => MaybePromise<void>;
}

/** The names of {@linkcode MuxerOptions}. */
export const muxerOptionNames: Names<MuxerOptions> = {
  format: true,
  ...sessionOptionNames,
  tags: true,
  metadata: true,
  chapters: true,
  coalesce: true,
  ondelete: true,
};

/** Options of an output, checked; undefined options are none. `names`: all that there are. */
export function checkMuxerOptions<T extends MuxerOptions>(options: T | undefined, names: Names<T>): T {
  const checked = checkOptions(options, names);
  optional(checkString, checked.format, "format");
  optional(checkBoolean, checked.coalesce, "coalesce");
  optional(checkFunction, checked.ondelete, "ondelete");
  optional(checkTagValues, checked.tags, "tags");
  if (checked.metadata !== undefined) checkStrings(checked.metadata, "metadata");
  if (checked.chapters !== undefined) checkChapters(checked.chapters, "chapters");
  return checked;
}

/** An output whose format is chosen. */
export interface Output {
  url: string;
  /** The muxer opens its files by itself, the sink's too. */
  opensFiles: boolean;
}

/**
 * Chooses the format of the session's output, by the options or the sink's name. Nothing of the sink is touched: a file
 * must not be truncated for a call that can't succeed. `tagsFor`: the tags that it has in a format.
 */
export function* chooseOutput(
  session: Session,
  sink: Sink,
  options: MuxerOptions,
  tagsFor: (format: string) => Record<string, string> = (format) => tagsOfOptions(options, format),
): Operation<Output> {
  const { format, url = sinkUrl(sink), chapters = [] } = options;
  if (format === undefined && url === "") {
    throw argumentError(TypeError, "format", "must be given, the sink has no file name");
  }
  session.limitMemory(options.maxMemory);
  const { opensFiles } = yield* output.openOutput(session, { url, format });
  output.setMetadata(session, Object.entries(tagsFor(describeOutput(session).format.name)));
  for (const chapter of chapters) addChapter(session, chapter);
  return { url, opensFiles };
}

function tagsOfOptions({ tags = {}, metadata = {} }: MuxerOptions, format: string): Record<string, string> {
  return { ...rawTags(tags, format), ...metadata };
}

/** Opens the sink for the session's output, or leaves it to the muxer to do so. `host`: what it has opened goes with it. */
export function* openOutputSink(
  session: Session,
  sink: Sink,
  { url, opensFiles }: Output,
  options: MuxerOptions,
  host: Host = session,
): Operation<Attachment> {
  const { coalesce = true, onopen, ondelete } = options;
  const bufferSize = bufferSizeOf(options);
  const isKnown = opensFiles || !(sink instanceof MemorySink);
  const target = targetOf(sink);
  const own = isKnown ? { url, sink: target, isUsed: false } : undefined;
  allowNestedOutput(session, { onopen, ondelete, bufferSize, coalesce, own });
  if (!opensFiles) return yield* openSink(host, target, { bufferSize, coalesce });
  return { io: null, url, finish: () => closeUnused(own!) };
}

/** Nobody else would close a stream that the muxer had no use for: whoever reads it waits for its end. */
function* closeUnused({ sink, isUsed }: Own): Operation<void> {
  if (!isUsed && sink instanceof WritableStream) yield* call(() => sink.close(), "sink");
}

/** Writes the header of the session's output, with the format's options. */
export function* writeHeader(
  session: Session,
  { io }: Attachment,
  options: SessionOptions,
  format: string,
): Operation<void> {
  checkAllUsed(yield* output.writeHeader(session, io, optionPairs(options)), format);
}

const chapterNames: Names<Chapter> = { id: true, start: true, end: true, timeBase: true, metadata: true };

/** Checks chapters of the program's. */
export function checkChapters(chapters: readonly Chapter[], name: string): readonly Chapter[] {
  checkArray(chapters, name).forEach((chapter, index) => checkChapter(chapter, `${name}[${index}]`));
  return chapters;
}

function checkChapter(chapter: Chapter, name: string): void {
  checkNames(checkObject(chapter, name), chapterNames, name, "field");
  if (chapter.id !== undefined) checkInteger(chapter.id, `${name}.id`);
  if (chapter.metadata !== undefined) checkStrings(chapter.metadata, `${name}.metadata`);
  checkNumber(chapter.end, `${name}.end`, checkNumber(chapter.start, `${name}.start`));
}

/** Adds a chapter, which is checked, to the session's output. */
export function addChapter(session: Session, { id = 0, start, end, metadata = {} }: Chapter): void {
  output.addChapter(session, { id, start, end, metadata: Object.entries(metadata) });
}
