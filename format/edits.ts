/**
 * What remuxing changes on the way: which streams go into the output, in which order and as what; and its tags.
 * Here is how that is said and checked; `transfer.ts` does it.
 */
import { argumentError, callbackError } from "../ffi/errors.ts";
import { isThenable } from "../ffi/operation.ts";
import {
  checkArray,
  checkFunction,
  checkInteger,
  checkNames,
  checkNumber,
  checkObject,
  checkString,
  checkStrings,
  type Names,
} from "../io/arguments.ts";
import type { Disposition } from "./known_names.ts";
import type { Stream, StreamInit } from "./stream.ts";

/**
 * Changes to tags. By name: a string sets a tag, null takes it away, the others stay; names are the same in upper and
 * lower case. A function gets the input's tags and returns all that the output has: `() => ({})` takes all away.
 */
export type TagEdits =
  | Readonly<Record<string, string | null>>
  | ((tags: Readonly<Record<string, string>>) => Record<string, string>);

/** How a stream that is kept differs from the input's; what is not said stays as it is. */
export interface StreamEdits {
  /** Its tags: "language", "title", ... */
  metadata?: TagEdits;
  /** What it is for, instead of what it was: "default", "forced", ... */
  disposition?: readonly Disposition[];
  /** Its fourcc, whether or not the output's format knows it: "hvc1", ... */
  tag?: string;
  /** The container's own number of it, where it has one: in MPEG-TS the PID. */
  id?: number;
  /** Seconds by which it comes later than in the input; below 0: earlier. @default {0} */
  delay?: number;
  /** Its place among the output's streams, which are in ascending order of it; else in the input's. @default {0} */
  order?: number;
}

/** A stream by its number in the input, with its changes. */
export interface StreamChoice extends Omit<StreamEdits, "order"> {
  /** Of the input. */
  index: number;
}

/**
 * Which streams to keep. A function is asked about each, with whether the output's format can hold it: false leaves it
 * out, changes keep it. A list has them in the order of the output.
 */
export type StreamSelection =
  | ((stream: Stream, canHold: boolean) => boolean | StreamEdits)
  | readonly (number | StreamChoice)[];

/** The edits of a stream that is kept. */
export interface Chosen {
  stream: Omit<Stream, "discard">;
  edits: StreamEdits;
}

/** What can be known to be wrong before anything is opened. */
export function checkSelection(selection: StreamSelection): StreamSelection {
  if (!Array.isArray(selection)) return checkFunction(selection, "streams");
  const indexes = selection.map((choice: number | StreamChoice, at) => {
    if (typeof choice === "number") return checkInteger(choice, `streams[${at}]`, 0);
    checkEdits(choice, `streams[${at}]`, choiceNames);
    return checkInteger(choice.index, `streams[${at}].index`, 0);
  });
  const twice = indexes.find((index, at) => indexes.indexOf(index) < at);
  if (twice !== undefined) throw argumentError(RangeError, "streams", `has stream ${twice} twice`);
  return selection;
}

/** The streams that are kept, in the order of the output. `ask`: the function's question. */
export function choose(
  streams: readonly Omit<Stream, "discard">[],
  selection: readonly (number | StreamChoice)[] | ((stream: Omit<Stream, "discard">) => unknown),
): Chosen[] {
  if (typeof selection !== "function") return selection.map((choice) => chosenOf(streams, choice));
  const chosen = streams.flatMap((stream) => {
    const edits = selection(stream);
    if (isThenable(edits)) throw callbackError(TypeError, "streams", "returned a promise; it must not");
    if (typeof edits !== "object" || edits === null) return edits ? [{ stream, edits: {} }] : [];
    checkEdits(edits, "streams", editNames);
    return [{ stream, edits }];
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

const checks: { [Name in keyof StreamEdits]-?: (value: unknown, name: string) => unknown } = {
  metadata: (value, name) => checkTagEdits(value as TagEdits, name),
  disposition: (value, name) =>
    checkArray(value as string[], name).forEach((role) => checkString(role, name)),
  tag: checkString,
  id: (value, name) => checkInteger(value, name),
  delay: (value, name) => checkNumber(value as number, name),
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
): void {
  checkNames(checkObject(edits, argument), names, argument, "change");
  for (const [name, check] of Object.entries(checks)) {
    const value = edits[name as keyof StreamEdits];
    if (value !== undefined) check(value, `${argument}.${name}`);
  }
}

/** The settings of the output's stream that the edits stand for; the fourcc is not among them. */
export function initOf({ stream, edits }: Chosen): StreamInit {
  const { metadata, disposition, id } = edits;
  return {
    ...(metadata === undefined ? {} : { metadata: editTags(stream.metadata, metadata, "streams.metadata") }),
    ...(disposition === undefined ? {} : { disposition: [...disposition] }),
    ...(id === undefined ? {} : { id }),
  };
}

/** What can be known to be wrong with changes to tags. */
function checkTagEdits(edits: TagEdits, name: string): TagEdits {
  if (typeof edits === "function") return edits;
  checkStrings(setBy(checkObject(edits, name)), name);
  return edits;
}

function setBy(edits: Readonly<Record<string, string | null>>): Record<string, string> {
  return Object.fromEntries(Object.entries(edits).filter(([, value]) => value !== null)) as Record<
    string,
    string
  >;
}

/** Tags with the changes. */
export function editTags(
  tags: Readonly<Record<string, string>>,
  edits: TagEdits,
  name: string,
): Record<string, string> {
  if (typeof edits === "function") return Object.fromEntries(checkStrings(edits({ ...tags }), name));
  const edited = new Set(Object.keys(edits).map((key) => key.toLowerCase()));
  const kept = Object.entries(tags).filter(([key]) => !edited.has(key.toLowerCase()));
  return { ...Object.fromEntries(kept), ...setBy(edits) };
}
