/**
 * Opening an output: its options, chapters, sink and header.
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
  checkNumber,
  checkString,
  checkStrings,
  MAX_SECONDS,
  type Names,
  optional,
  readFields,
} from "../io/arguments.ts";
import type { Attachment } from "../io/attachment.ts";
import { MemorySink } from "../io/memory_sink.ts";
import { allowNestedOutput, type Own, targetOf } from "../io/nested.ts";
import { endUnused, isNodeWritable } from "../io/node_stream.ts";
import { openSink, type Sink, sinkUrl } from "../io/sink.ts";
import { isWritable } from "../io/stream.ts";
import { warnOfChapters } from "./chapters.ts";
import { canHoldChapters, holdsMedia, warnOfTags, withoutSpoiled, type Written } from "./holds.ts";
import { fitChapters } from "./holds_chapters.ts";
import {
  bufferSizeOf,
  checkAllUsed,
  checkOptions,
  optionPairs,
  sessionOptionNames,
  type SessionOptions,
} from "./options.ts";
import { type Chapter, outputFormat } from "./stream.ts";
import { checkTagValues, rawTags, type TagValues } from "./tags.ts";

/** Options of {@linkcode Muxer.openSync}. */
export interface MuxerOptions extends SessionOptions {
  /** FFmpeg's name of the output format; by default determined by the sink's file name. */
  format?: string;
  /**
   * Tags under common names, which are converted to the format's names: `{ albumArtist: "..." }`. Those that the format can't
   * store are left out; results name them in `warnings`.
   */
  tags?: TagValues;
  /**
   * Tags of the container under FFmpeg's or the format's own names ("title", "album_artist", ...); they override
   * `tags`.
   */
  metadata?: Record<string, string>;
  /** Chapters, in seconds. */
  chapters?: Chapter[];
  /**
   * Whether to combine small writes into chunks of about bufferSize. false is for low latency: once every stream has
   * begun, each packet reaches the sink at once, in its own fragment, cluster, page or PES packet if the format has
   * them. Delayed are still: with several streams, packets of the one that is ahead, until the others have caught up;
   * audio in Matroska and WebM of the system's FFmpeg, by one packet; asf. @default {true}
   */
  coalesce?: boolean;
  /**
   * Called to delete an old file by hls with `delete_segments` and dash with `window_size` (embedded build only).
   * Without it nothing is deleted.
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

/** Checks options of an output, returns a copy; undefined ones are ignored. `names` are the known options. */
export function checkMuxerOptions<T extends MuxerOptions>(options: T | undefined, names: Names<T>): T {
  const checked = checkOptions(options, names);
  const fields: MuxerOptions = checked;
  optional(checkString, fields.format, "format");
  optional(checkBoolean, fields.coalesce, "coalesce");
  optional(checkFunction, fields.ondelete, "ondelete");
  if (fields.tags !== undefined) fields.tags = checkTagValues(fields.tags, "tags");
  if (fields.metadata !== undefined) fields.metadata = checkStrings(fields.metadata, "metadata");
  if (fields.chapters !== undefined) fields.chapters = checkChapters(fields.chapters, "chapters");
  return checked;
}

/** An output with its format. */
export interface Output {
  url: string;
  /** Whether the muxer opens all its files itself, including the sink's. */
  opensFiles: boolean;
}

/**
 * Sets the format of the session's output, from the options or the sink's name. The sink isn't touched: a file must not
 * be truncated by a call that can't succeed. `tagsFor` returns the tags for a format.
 */
export function* chooseOutput(
  session: Session,
  sink: Sink,
  options: MuxerOptions,
  tagsFor: (format: string) => TagsToWrite = (format) => tagsOfOptions(options, format),
): Operation<Output> {
  const { format, url = sinkUrl(sink), chapters = [] } = options;
  if (format === undefined && url === "") {
    throw argumentError(TypeError, "format", "must be given, the sink has no file name");
  }
  session.limitMemory(options.maxMemory);
  const { opensFiles } = yield* output.openOutput(session, { url, format });
  const { name } = outputFormat(session);
  const { tags, set } = tagsFor(name);
  const written = { format: name, url, options: options.options };
  output.setMetadata(session, withoutSpoiled(written, tags));
  warnOfTags(session, written, set);
  addChapters(session, chapters, written, { isSet: true });
  return { url, opensFiles };
}

/**
 * Adds chapters to the session's output; if its format has none, warns that they are left out. `source`: where they come from,
 * if they are not set by the program.
 */
export function addChapters(
  session: Session,
  chapters: readonly Chapter[],
  written: Written,
  { source = 0, isSet }: { source?: number; isSet: boolean },
): void {
  for (const chapter of fitChapters(session, written, chapters, isSet)) addChapter(session, chapter);
  if (chapters.length > 0 && !canHoldChapters(written) && holdsMedia(written.format)) {
    warnOfChapters(session, source, `the chapters are left out: ${written.format} can't hold them`);
  }
}

/** Tags of an output. */
export interface TagsToWrite {
  tags: Record<string, string>;
  /** Those of them that the program sets. */
  set: Record<string, string>;
}

function tagsOfOptions({ tags = {}, metadata = {} }: MuxerOptions, format: string): TagsToWrite {
  const all = { ...rawTags(tags, format), ...metadata };
  return { tags: all, set: all };
}

/** Opens the sink of the session's output, unless the muxer does so. `host` owns what is opened. */
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

/** Closes a stream that the muxer did not use, so that its reader does not wait forever. */
function* closeUnused({ sink, isUsed }: Own): Operation<void> {
  if (isUsed) return;
  if (isWritable(sink)) yield* call(() => sink.close(), "sink");
  if (isNodeWritable(sink)) endUnused(sink);
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

/** Checks chapters from the program; returns copies. */
export function checkChapters(chapters: readonly Chapter[], name: string): Chapter[] {
  return checkArray(chapters, name).map((chapter, index) => checkChapter(chapter, `${name}[${index}]`));
}

function checkChapter(chapter: Chapter, name: string): Chapter {
  const fields = readFields(chapter, chapterNames, name, "field");
  if (fields.id !== undefined) checkInteger(fields.id, `${name}.id`);
  if (fields.metadata !== undefined) fields.metadata = checkStrings(fields.metadata, `${name}.metadata`);
  const start = checkNumber(fields.start, `${name}.start`, -MAX_SECONDS, MAX_SECONDS);
  // An end before the start is told without the limit.
  checkNumber(checkNumber(fields.end, `${name}.end`, start), `${name}.end`, start, MAX_SECONDS);
  return fields;
}

/** Adds a checked chapter to the session's output. */
export function addChapter(session: Session, { id = 0, start, end, metadata = {} }: Chapter): void {
  output.addChapter(session, { id, start, end, metadata: Object.entries(metadata) });
}
