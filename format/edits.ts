/**
 * Changes of a remux: which streams are kept, in which order, with which properties; and tags. This file defines and
 * checks them; `transfer.ts` applies them.
 */
import { argumentError, callbackError } from "../ffi/errors.ts";
import { isThenable } from "../ffi/operation.ts";
import {
  checkArray,
  checkFunction,
  checkInteger,
  checkList,
  checkNumber,
  checkRecord,
  checkString,
  checkStrings,
  MAX_SECONDS,
  type Names,
  readFields,
} from "../io/arguments.ts";
import type { Disposition } from "./known_names.ts";
import type { Stream, StreamInit } from "./stream.ts";

/**
 * Changes to tags. An object: a string sets a tag, null removes it, other tags are kept; names are case-insensitive. A
 * function gets the input's tags and returns those of the output: `() => ({})` removes all.
 */
export type TagEdits =
  | Readonly<Record<string, string | null>>
  | ((tags: Readonly<Record<string, string>>) => Record<string, string>);

/** Changes to a kept stream. */
export interface StreamEdits {
  /** Changes to its tags: "language", "title", ... */
  metadata?: TagEdits;
  /** Its new disposition: "default", "forced", ... */
  disposition?: readonly Disposition[];
  /** Its new fourcc, even if the output's format doesn't know it: "hvc1", ... */
  tag?: string;
  /** Its new id in the container, if that has ids: in MPEG-TS the PID. */
  id?: number;
  /** Delay in seconds; negative means earlier. @default {0} */
  delay?: number;
  /** Streams are sorted by this number; those with the same keep the input's order. @default {0} */
  order?: number;
}

/** A stream by its index in the input, with changes. */
export interface StreamChoice extends Omit<StreamEdits, "order"> {
  /** Index in the input. */
  index: number;
}

/**
 * Which streams to keep. A function is called for each stream, with whether the output's format can hold it, and
 * returns whether to keep it, or changes to keep it with. A list gives streams in the order of the output.
 */
export type StreamSelection =
  | ((stream: Stream, canHold: boolean) => boolean | StreamEdits)
  | readonly (number | StreamChoice)[];

/** The changes of a kept stream. */
export interface Chosen {
  stream: Omit<Stream, "discard">;
  edits: StreamEdits;
}

/** Checks a selection as far as possible before anything is opened; returns a copy of a list. */
export function checkSelection(selection: StreamSelection, name: string): StreamSelection {
  if (!Array.isArray(selection)) return checkFunction(selection, name);
  const checked = checkArray(selection as readonly (number | StreamChoice)[], name).map((choice, at) =>
    checkChoice(choice, `${name}[${at}]`)
  );
  const indexes = checked.map((choice) => typeof choice === "number" ? choice : choice.index);
  const twice = indexes.find((index, at) => indexes.indexOf(index) < at);
  if (twice !== undefined) throw argumentError(RangeError, name, `has stream ${twice} twice`);
  return checked;
}

function checkChoice(choice: number | StreamChoice, name: string): number | StreamChoice {
  if (typeof choice === "number") return checkInteger(choice, name, 0);
  const checked = checkEdits(choice, name, choiceNames) as StreamChoice;
  checkInteger(checked.index, `${name}.index`, 0);
  return checked;
}

/** The kept streams in the order of the output. `ask` calls the function. */
export function choose(
  streams: readonly Omit<Stream, "discard">[],
  selection: readonly (number | StreamChoice)[] | ((stream: Omit<Stream, "discard">) => unknown),
): Chosen[] {
  if (typeof selection !== "function") return selection.map((choice) => chosenOf(streams, choice));
  const chosen = streams.flatMap((stream) => {
    const edits = selection(stream);
    if (isThenable(edits)) throw callbackError(TypeError, "streams", "returned a promise; it must not");
    if (typeof edits !== "object" || edits === null) return edits ? [{ stream, edits: {} }] : [];
    return [{ stream, edits: checkEdits(edits, "streams", editNames) }];
  });
  return chosen.toSorted((a, b) => orderOf(a) - orderOf(b));
}

function orderOf({ edits }: Chosen): number {
  return edits.order ?? 0;
}

function chosenOf(streams: readonly Omit<Stream, "discard">[], choice: number | StreamChoice): Chosen {
  const { index, ...edits } = typeof choice === "number" ? { index: choice } : choice;
  const stream = streams[index];
  if (stream) return { stream, edits };
  throw argumentError(RangeError, "streams", `there is no stream ${index}, the input has ${streams.length}`);
}

/** Checks of the changes, which return what is kept of them. */
const checks: { [Name in keyof StreamEdits]-?: (value: unknown, name: string) => unknown } = {
  metadata: (value, name) => checkTagEdits(value as TagEdits, name),
  disposition: (value, name) => checkList(value as string[], name),
  tag: checkString,
  id: (value, name) => checkInteger(value, name),
  delay: (value, name) => checkNumber(value, name, -MAX_SECONDS, MAX_SECONDS),
  order: (value, name) => checkNumber(value, name),
};

const editNames: Names<StreamEdits> = {
  metadata: true,
  disposition: true,
  tag: true,
  id: true,
  delay: true,
  order: true,
};
const { order: _, ...choiceEditNames } = editNames;
const choiceNames: Names<StreamChoice> = { index: true, ...choiceEditNames };

function checkEdits(
  edits: StreamEdits,
  argument: string,
  names: Names<StreamEdits> | Names<StreamChoice>,
): StreamEdits {
  const fields: Record<string, unknown> = { ...readFields(edits, names, argument, "change") };
  for (const [name, check] of Object.entries(checks)) {
    if (fields[name] !== undefined) fields[name] = check(fields[name], `${argument}.${name}`);
  }
  return fields;
}

/** The settings of the output's stream for these changes, without the fourcc. */
export function initOf({ stream, edits }: Chosen): StreamInit {
  const { metadata, disposition, id } = edits;
  return {
    ...(metadata === undefined ? {} : { metadata: editTags(stream.metadata, metadata, "streams.metadata") }),
    ...(disposition === undefined ? {} : { disposition: [...disposition] }),
    ...(id === undefined ? {} : { id }),
  };
}

/** Checks changes to tags. */
function checkTagEdits(edits: TagEdits, name: string): TagEdits {
  if (typeof edits === "function") return edits;
  const checked = checkRecord(edits, name);
  checkStrings(setBy(checked), name);
  return checked;
}

function setBy(edits: Readonly<Record<string, string | null>>): Record<string, string> {
  return Object.fromEntries(Object.entries(edits).filter(([, value]) => value !== null)) as Record<
    string,
    string
  >;
}

/** Applies changes to tags. */
export function editTags(
  tags: Readonly<Record<string, string>>,
  edits: TagEdits,
  name: string,
): Record<string, string> {
  if (typeof edits === "function") return checkStrings(edits({ ...tags }), name);
  const edited = new Set(Object.keys(edits).map((key) => key.toLowerCase()));
  const kept = Object.entries(tags).filter(([key]) => !edited.has(key.toLowerCase()));
  return { ...Object.fromEntries(kept), ...setBy(edits) };
}
