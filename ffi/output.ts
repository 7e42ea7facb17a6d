/**
 * Operations on a session's output: choosing its format, adding streams and chapters, header, packets, trailer.
 */
import { byteLengthOf } from "./byte_views.ts";
import { check } from "./errors.ts";
import { encodePairs, library, readTextOrThrow } from "./library.ts";
import type { NativeIO } from "./native_io.ts";
import type { Operation } from "./operation.ts";
import type { Session } from "./session.ts";
import { Direction, operations, SetWhat, Slot } from "./symbols.ts";

/** Names and values, as the shim takes them. */
export type Pairs = Iterable<readonly [string, string]>;

/** Chooses the format. Nothing is written. `opensFiles`: the muxer opens its files itself, the sink's too. */
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

/** Closes the output after its trailer, so that another one can be opened; its I/O context stays. */
export function* closeOutput(session: Session): Operation<void> {
  yield* session.run(operations.closeOutput);
}

/** What the output is, as the shim describes it. */
export function describeOutput(session: Session): unknown {
  return JSON.parse(
    readTextOrThrow((out, capacity) =>
      library().avs_describe(session.handle, Direction.OUTPUT, out, capacity)
    ),
  );
}

/** A new stream of the output. */
export interface StreamSettings {
  /** By the names of the shim's fields. */
  fields: Pairs;
  metadata: Pairs;
  /** Type and base64. */
  sideData: Pairs;
  bitstreamFilter: string | undefined;
}

/** Adds a stream; its index. */
export function addStream(session: Session, settings: StreamSettings): number {
  const { fields, metadata, sideData, bitstreamFilter } = settings;
  const filters = bitstreamFilter === undefined ? [] : [["bitstreamFilter", bitstreamFilter] as const];
  session.set(SetWhat.OUTPUT, 0, filters); // looked at first: there is no way to take a stream back
  const text = encodePairs(fields);
  const index = session.checkSet(library().avs_add_stream(session.handle, text, text.length));
  session.set(SetWhat.STREAM, index, filters);
  session.set(SetWhat.STREAM_METADATA, index, metadata);
  session.set(SetWhat.SIDE_DATA, index, sideData);
  return index;
}

/** Sets tags of the output, before its header. */
export function setMetadata(session: Session, metadata: Pairs): void {
  session.set(SetWhat.METADATA, 0, metadata);
}

/** Sets fields of a stream that was added. */
export function setStream(session: Session, index: number, fields: Pairs): void {
  session.set(SetWhat.STREAM, index, fields);
}

/** A field of streams that can be set, and what it may be. */
export interface StreamField {
  name: string;
  kind: "integer" | "rational" | "name" | "bytes" | "names";
  /** Of an integer. */
  min: number;
  /** Of an integer. */
  max: number;
}

/** The fields of streams that can be set, by name. */
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
 * Before the header: whether it has to wait for the first packet of the stream; with the data of that, learns from it
 * what the header has to say.
 */
export function learnStream(session: Session, stream: number, data: Uint8Array): boolean {
  const bytes = data as Uint8Array<ArrayBuffer>;
  return check(
    library().avs_learn_stream(session.handle, stream, bytes, byteLengthOf(bytes)),
    "learn of a stream",
  ) ===
    1;
}

/** The options that the header is written with, where they are to be known before. */
export function setOptions(session: Session, options: Pairs): void {
  session.set(SetWhat.OPTIONS, 0, options);
}

/** Writes the header, with AVOptions; names of options that it did not use. `io`: null where the muxer opens its files. */
export function* writeHeader(session: Session, io: NativeIO | null, options: Pairs): Operation<string[]> {
  setOptions(session, options);
  const slot = yield* session.run(operations.header, [io?.handle ?? 0]);
  return unusedOptions(session, slot);
}

/** Writes the packets that were put (`packets.ts`). */
export function* writePackets(session: Session): Operation<void> {
  yield* session.run(operations.write);
}

/** Writes what waits in the muxer and in the I/O buffer. */
export function* flushOutput(session: Session): Operation<void> {
  yield* session.run(operations.flush);
}

/** Writes the trailer; bytes of the session's outputs so far. */
export function* writeTrailer(session: Session): Operation<number> {
  const slot = yield* session.run(operations.trailer);
  return slot[Slot.WRITTEN]!;
}

/** Options that nobody used, after the operation that should have. */
export function unusedOptions(session: Session, slot: Float64Array): string[] {
  if (!slot[Slot.UNUSED_BYTES]) return [];
  const names = readTextOrThrow((out, capacity) =>
    library().avs_unused_options(session.handle, out, capacity)
  );
  return names.split(",");
}
