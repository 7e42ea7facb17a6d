/**
 * Operations on a session's output: format, streams, chapters, header, packets, trailer.
 */
import { byteLengthOf } from "./byte_views.ts";
import { calls } from "./calls.ts";
import { check } from "./errors.ts";
import { encodePairs, library, readTextOrThrow } from "./library.ts";
import type { NativeIO } from "./native_io.ts";
import type { Operation } from "./operation.ts";
import type { Session } from "./session.ts";
import { operations, SetWhat, Slot } from "./symbols.ts";

/** Names and values for the shim. */
export type Pairs = Iterable<readonly [string, string]>;

/**
 * Sets the format; writes nothing. `opensFiles`: whether the muxer opens all its files itself, including the sink's.
 */
export function* openOutput(
  session: Session,
  { url, format }: { url: string; format: string | undefined },
): Operation<{ opensFiles: boolean }> {
  session.set(SetWhat.OUTPUT, 0, [
    ["url", url],
    ...(format === undefined ? [] : [["format", format] as const]),
  ]);
  const slot = yield* session.run(operations.openOutput);
  const opensFiles = slot[1] === 1;
  return { opensFiles };
}

/** Closes the output after its trailer, so that another one can be opened; keeps its I/O context. */
export function* closeOutput(session: Session): Operation<void> {
  yield* session.run(operations.closeOutput);
}

/** A new stream of the output. */
export interface StreamSettings {
  /** Values by the names of the shim's fields. */
  fields: Pairs;
  metadata: Pairs;
  extradata: Uint8Array<ArrayBuffer> | null;
  /** Types and data. */
  sideData: Iterable<readonly [string, Uint8Array<ArrayBuffer>]>;
  bitstreamFilter: string | undefined;
}

/** Adds a stream; returns its index. */
export function addStream(session: Session, settings: StreamSettings): number {
  const { fields, metadata, extradata, sideData, bitstreamFilter } = settings;
  session.checkOpen(calls.addStream.phrase); // a getter by which the settings were read may have closed it
  const filters = bitstreamFilter === undefined ? [] : [["bitstreamFilter", bitstreamFilter] as const];
  session.set(SetWhat.OUTPUT, 0, filters); // checked first, because a stream can't be removed again
  const text = encodePairs(fields);
  const index = session.checkSet(library().avs_add_stream(session.handle, text, byteLengthOf(text)));
  session.set(SetWhat.STREAM, index, filters);
  session.set(SetWhat.STREAM_METADATA, index, metadata);
  if (extradata) setBytes(session, index, "extradata", extradata);
  for (const [type, data] of sideData) setBytes(session, index, type, data);
  return index;
}

function setBytes(session: Session, index: number, name: string, data: Uint8Array<ArrayBuffer>): void {
  const text = encoder.encode(name);
  const { handle } = session;
  session.checkSet(
    library().avs_set_bytes(handle, index, text, byteLengthOf(text), data, byteLengthOf(data)),
  );
}
const encoder = new TextEncoder();

/** Sets tags of the output, before its header. */
export function setMetadata(session: Session, metadata: Pairs): void {
  session.set(SetWhat.METADATA, 0, metadata);
}

/** Sets fields of an added stream. */
export function setStream(session: Session, index: number, fields: Pairs): void {
  session.set(SetWhat.STREAM, index, fields);
}

/** A settable field of streams but extradata, and its allowed values. */
export interface StreamField {
  name: string;
  kind: "integer" | "rational" | "name" | "names";
  /** Limit of an integer. */
  min: number;
  /** Limit of an integer. */
  max: number;
}

/** The settable fields of streams but extradata, by name. */
export function streamFields(): ReadonlyMap<string, StreamField> {
  return known ??= new Map(
    (JSON.parse(
      readTextOrThrow((out, capacity) => library().avs_stream_fields(out, capacity)),
    ) as StreamField[])
      .map((field) => [field.name, field]),
  );
}
let known: ReadonlyMap<string, StreamField> | undefined;

/** Adds a chapter; times in seconds. */
export function addChapter(
  session: Session,
  { id, start, end, metadata }: { id: number; start: number; end: number; metadata: Pairs },
): void {
  const index = check(library().avs_add_chapter(session.handle, id, start, end), "add chapter");
  session.set(SetWhat.CHAPTER_METADATA, index, metadata);
}

/**
 * Before the header: returns whether it must wait for the first packet of the stream. With the data of that packet, takes
 * from it what the header needs (extradata).
 */
export function learnStream(session: Session, stream: number, data: Uint8Array): boolean {
  const bytes = data as Uint8Array<ArrayBuffer>;
  return check(
    library().avs_learn_stream(session.handle, stream, bytes, byteLengthOf(bytes)),
    "learn of a stream",
  ) ===
    1;
}

/** Sets the options of the header in advance, for formats that need them earlier. */
export function setOptions(session: Session, options: Pairs): void {
  session.set(SetWhat.OPTIONS, 0, options);
}

/** Writes the header with AVOptions; returns the names of unused ones. `io` is null if the muxer opens its files. */
export function* writeHeader(session: Session, io: NativeIO | null, options: Pairs): Operation<string[]> {
  setOptions(session, options);
  const slot = yield* session.run(operations.header, [io?.handle ?? 0]);
  return unusedOptions(session, slot);
}

/** Writes the queued packets (see `packets.ts`). */
export function* writePackets(session: Session): Operation<void> {
  yield* session.run(operations.write);
}

/** Writes packets buffered in the muxer, and the I/O buffer. */
export function* flushOutput(session: Session): Operation<void> {
  yield* session.run(operations.flush);
}

/** Writes the trailer; returns the bytes of all outputs of the session so far. */
export function* writeTrailer(session: Session): Operation<number> {
  const slot = yield* session.run(operations.trailer);
  return slot[Slot.WRITTEN]!;
}

/** Returns options that were not used by the preceding operation. */
export function unusedOptions(session: Session, slot: Float64Array): string[] {
  if (!slot[Slot.UNUSED_BYTES]) return [];
  const names = readTextOrThrow((out, capacity) =>
    library().avs_unused_options(session.handle, out, capacity)
  );
  return names.split(",");
}
