/**
 * Parses and checks the values of flags, with a function for each kind of value. An invalid one is a UsageError that
 * names the flag. The flags themselves are defined in `cli.ts`.
 */
import type { MediaType, StreamEdits } from "../mod.ts";
import { UsageError } from "./errors.ts";
import { parseTime } from "./text.ts";

/** Checks that exactly the files that `names` names are given. */
export function checkFiles(given: readonly string[], names: readonly string[]): string[] {
  const missing = names[given.length];
  if (missing) throw new UsageError(`${missing} is missing`);
  const extra = given[names.length];
  if (extra !== undefined) throw new UsageError(`Unexpected argument '${extra}'`);
  const empty = names.find((_, index) => given[index] === "");
  if (empty) throw new UsageError(`${empty} is empty`);
  return [...given];
}

/** Checks that one or more input files are given. */
export function checkFilesGiven(given: readonly string[]): string[] {
  if (given.length === 0 || given.includes("")) return checkFiles(given.slice(0, 1), ["FILE"]);
  return [...given];
}

/** Checks that one or more input files and then an output file are given. */
export function checkManyFiles(given: readonly string[]): { inputs: string[]; output: string } {
  if (given.length < 2) checkFiles(given, ["IN", "OUT"]);
  const at = given.indexOf("");
  if (at >= 0) throw new UsageError(`${at === given.length - 1 ? "OUT" : "IN"} is empty`);
  return { inputs: given.slice(0, -1), output: given.at(-1)! };
}

/** Seconds, or `h:mm:ss.mmm`. */
export function timeOf(text: string | undefined, flag: string): number | undefined {
  if (text === undefined) return undefined;
  const seconds = parseTime(text);
  if (seconds !== null) return seconds;
  throw new UsageError(`${flag}: must be seconds or h:mm:ss(.mmm), is '${text}'`);
}

/** The start and the end of a cut. */
export function rangeOf(
  startText: string | undefined,
  endText: string | undefined,
  startFlag = "--start",
  endFlag = "--end",
): { start: number | undefined; end: number | undefined } {
  const start = timeOf(startText, startFlag);
  const end = timeOf(endText, endFlag);
  if (end !== undefined && end <= (start ?? 0)) {
    throw new UsageError(`${endFlag}: must be after ${startText ?? 0}, is '${endText}'`);
  }
  return { start, end };
}

/** Ranges to keep: `0:10-0:20`, or to the end: `0:10-`. */
export function rangesOf(texts: readonly string[], flag: string): { start?: number; end?: number }[] {
  return texts.map((text) => {
    const [, from, to] = /^([^-]*)-([^-]*)$/.exec(text) ?? [];
    if (from === undefined || to === undefined || from + to === "") {
      throw new UsageError(`${flag}: must be START-END, is '${text}'`);
    }
    const { start, end } = rangeOf(from || undefined, to || undefined, flag, flag);
    return { ...(start === undefined ? {} : { start }), ...(end === undefined ? {} : { end }) };
  });
}

/** Where `split` begins a new file: exactly one of its flags must be given. */
export function splitPoints(values: {
  every?: string | undefined;
  at?: string | undefined;
  count?: string | undefined;
  size?: string | undefined;
}): { every?: number; at?: number[] | "chapters"; count?: number; size?: number } {
  const every = timeOf(values.every, "--every");
  const count = integerOf(values.count, "--count", 1);
  const size = integerOf(values.size, "--size", 1);
  if (every === 0) throw new UsageError("--every: must be more than 0");
  const all = [
    ...(every === undefined ? [] : [{ every }]),
    ...(values.at === undefined ? [] : [{ at: timesOf(values.at) }]),
    ...(count === undefined ? [] : [{ count }]),
    ...(size === undefined ? [] : [{ size }]),
  ];
  const [points] = all;
  if (!points) throw new UsageError("One of --every, --at, --count and --size is missing");
  if (all.length > 1) throw new UsageError("Give one of --every, --at, --count and --size");
  return points;
}

function timesOf(text: string): number[] | "chapters" {
  if (text === "chapters") return text;
  const times = text.split(",").map((time) => timeOf(time, "--at")!);
  if (times.every((time, index) => index === 0 || time > times[index - 1]!)) return times;
  throw new UsageError(`--at: times must ascend, is '${text}'`);
}

/** The value of `--timestamps`. */
export function timestampsOf(value: string | undefined): "zero" | "keep" | undefined {
  if (value === undefined || value === "zero" || value === "keep") return value;
  throw new UsageError(`--timestamps: must be zero or keep, is '${value}'`);
}

const TYPES: readonly MediaType[] = ["video", "audio", "subtitle", "data", "attachment"];

/** Types of streams, by name. */
export function mediaTypes(names: readonly string[], flag: string): MediaType[] {
  return names.map((name) => {
    const type = TYPES.find((type) => type === name);
    if (type) return type;
    throw new UsageError(`${flag}: must be one of ${TYPES.join(", ")}, is '${name}'`);
  });
}

/** `key=value`, any number of times; the last value of a key is used. */
export function keyValues(texts: readonly string[], flag: string): Record<string, string> {
  return Object.fromEntries(texts.map((text) => {
    const at = text.indexOf("=");
    if (at > 0) return [text.slice(0, at), text.slice(at + 1)];
    throw new UsageError(`${flag}: must be key=value, is '${text}'`);
  }));
}

/** A number that is not less than `min`. */
export function numberOf(text: string | undefined, flag: string, min: number): number | undefined {
  if (text === undefined) return undefined;
  const number = /^\d+(\.\d+)?$/.test(text) ? Number(text) : NaN;
  if (number >= min) return number;
  throw new UsageError(`${flag}: must be a number of at least ${min}, is '${text}'`);
}

/** A whole number that is not less than `min`. */
export function integerOf(text: string | undefined, flag: string, min: number): number | undefined {
  if (text === undefined) return undefined;
  if (/^\d{1,15}$/.test(text) && Number(text) >= min) return Number(text);
  throw new UsageError(`${flag}: must be a whole number of at least ${min}, is '${text}'`);
}

/** Stream indexes: `0,2`, any number of times. */
export function streamIndexes(texts: readonly string[], flag: string): number[] {
  return texts.flatMap((text) => text.split(",")).map((text) => {
    if (/^\d{1,9}$/.test(text)) return Number(text);
    throw new UsageError(`${flag}: must be numbers of streams, like 0,2, is '${text}'`);
  });
}

/** Bitstream filters by the type or the number of a stream: `video=h264_metadata=level=4.1`. */
export function streamFilters(texts: readonly string[], flag: string): Record<string, string> {
  const filters = perStream(texts, flag);
  for (const [key, filter] of Object.entries(filters)) {
    if (filter === "") throw new UsageError(`${flag} ${key}: the filter is missing`);
  }
  return filters;
}

/** Values by the type or the number of a stream: `1=hvc1`. */
function perStream(texts: readonly string[], flag: string): Record<string, string> {
  const values = keyValues(texts, flag);
  for (const key of Object.keys(values)) checkStreamKey(key, flag);
  return values;
}

function checkStreamKey(key: string, flag: string): void {
  if (!/^\d{1,9}$/.test(key)) mediaTypes([key], flag);
}

/** Tags; null for an empty value, which removes the tag. */
export function tagsOf(texts: readonly string[], flag: string): Record<string, string | null> {
  const tags = Object.entries(keyValues(texts, flag));
  return Object.fromEntries(tags.map(([key, value]) => [key, value === "" ? null : value]));
}

/** Changes to streams, by type or number. */
export function streamEdits(values: {
  "stream-metadata": readonly string[];
  disposition: readonly string[];
  "codec-tag": readonly string[];
  "stream-id": readonly string[];
}): Record<string, StreamEdits> {
  const edits: Record<string, StreamEdits> = {};
  const add = (key: string, more: StreamEdits) => edits[key] = { ...edits[key], ...more };
  for (const [key, tags] of Object.entries(streamTags(values["stream-metadata"], "--stream-metadata"))) {
    add(key, { metadata: tags });
  }
  for (const [key, roles] of Object.entries(perStream(values.disposition, "--disposition"))) {
    add(key, { disposition: roles.split("+").filter((role) => role !== "") });
  }
  for (const [key, tag] of Object.entries(perStream(values["codec-tag"], "--codec-tag"))) add(key, { tag });
  for (const [key, id] of Object.entries(perStream(values["stream-id"], "--stream-id"))) {
    const number = /^(0x[\da-f]{1,8}|\d{1,10})$/i.test(id) ? Number(id) : NaN;
    if (!(number < 2 ** 31)) throw new UsageError(`--stream-id ${key}: must be a whole number, is '${id}'`);
    add(key, { id: number });
  }
  return edits;
}

/** `1:language=deu` */
function streamTags(
  texts: readonly string[],
  flag: string,
): Record<string, Record<string, string | null>> {
  const tags: Record<string, Record<string, string | null>> = {};
  for (const text of texts) {
    const at = text.indexOf(":");
    if (at < 1) throw new UsageError(`${flag}: must be N:KEY=VALUE or TYPE:KEY=VALUE, is '${text}'`);
    const key = text.slice(0, at);
    checkStreamKey(key, flag);
    tags[key] = { ...tags[key], ...tagsOf([text.slice(at + 1)], flag) };
  }
  return tags;
}

/** HTTP headers: `Name: value`. */
export function headersOf(texts: readonly string[], flag: string): [string, string][] {
  return texts.map((text) => {
    const [, name, value] = text.match(/^([^\s:]+):\s*(.*)$/) ?? [];
    if (name !== undefined && value !== undefined && isHeader(name, value)) return [name, value];
    throw new UsageError(`${flag}: must be 'Name: value', is '${text}'`);
  });
}

function isHeader(name: string, value: string): boolean {
  try {
    return new Headers([[name, value]]).has(name);
  } catch {
    return false;
  }
}

/** What `extract` copies out of the input. */
export type ExtractTarget =
  | { stream: number }
  | { attachment: number }
  | { cover: true }
  | { all: true };

/** What `extract` copies: exactly one of its flags must be given. */
export function targetOf(values: {
  stream?: string | undefined;
  attachment?: string | undefined;
  cover: boolean;
  all: boolean;
}): ExtractTarget {
  const stream = integerOf(values.stream, "--stream", 0);
  const attachment = integerOf(values.attachment, "--attachment", 0);
  const given: ExtractTarget[] = [
    ...(stream === undefined ? [] : [{ stream }]),
    ...(attachment === undefined ? [] : [{ attachment }]),
    ...(values.cover ? [{ cover: true } as const] : []),
    ...(values.all ? [{ all: true } as const] : []),
  ];
  const [target] = given;
  if (target && given.length === 1) return target;
  throw new UsageError("Give one of --stream N, --attachment N, --cover and --all");
}
