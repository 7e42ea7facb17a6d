/**
 * The flags about inputs, which all commands that read have, and the library's options that they set.
 */
import { type DemuxerOptions, type Source, uploadFormats } from "../mod.ts";
import { terminal } from "./console.ts";
import { headersOf, integerOf, keyValues, numberOf } from "./arguments.ts";
import { isUrl, sourceOf, STANDARD } from "./streams.ts";

const text = { type: "string" } as const;
const texts = { type: "string", multiple: true, default: [] as string[] } as const;

/** The flags, for parseArgs. */
export const inputFlags = {
  "input-format": text,
  formats: text,
  "input-option": { ...texts, short: "i" },
  "probe-size": text,
  "analyze-duration": text,
  "max-streams": text,
  "max-packet-size": text,
  "max-open-size": text,
  "max-memory": text,
  "no-stream-info": { type: "boolean", default: false },
  strict: { type: "boolean", default: false },
  "buffer-size": text,
  header: texts,
  retries: text,
  timeout: text,
} as const;

/** Their values, as parseArgs returns them. */
export type InputValues = {
  "input-option": string[];
  "no-stream-info": boolean;
  strict: boolean;
  header: string[];
} & Partial<Record<InputText, string>>;
type InputText =
  | "input-format"
  | "formats"
  | "probe-size"
  | "analyze-duration"
  | "max-streams"
  | "max-packet-size"
  | "max-open-size"
  | "max-memory"
  | "buffer-size"
  | "retries"
  | "timeout";

/** The options that these flags set; only those that were given. */
export function inputOptions(values: InputValues): DemuxerOptions {
  const timeout = numberOf(values.timeout, "--timeout", 0);
  const http = given({
    headers: values.header.length > 0 ? headersOf(values.header, "--header") : undefined,
    retries: integerOf(values.retries, "--retries", 0),
  });
  return given({
    format: values["input-format"],
    formats: formatsOf(values.formats),
    options: keyValues(values["input-option"], "-i"),
    probeSize: integerOf(values["probe-size"], "--probe-size", 32),
    analyzeDuration: numberOf(values["analyze-duration"], "--analyze-duration", 0),
    maxStreams: integerOf(values["max-streams"], "--max-streams", 1),
    maxPacketSize: integerOf(values["max-packet-size"], "--max-packet-size", 1),
    maxOpenSize: integerOf(values["max-open-size"], "--max-open-size", 1),
    maxMemory: integerOf(values["max-memory"], "--max-memory", 4194304),
    findStreamInfo: values["no-stream-info"] ? false : undefined,
    strict: values.strict ? true : undefined,
    bufferSize: integerOf(values["buffer-size"], "--buffer-size", 1),
    http: Object.keys(http).length > 0 ? http : undefined,
    timeout: timeout === undefined ? undefined : timeout * 1000,
  });
}

function formatsOf(list: string | undefined): readonly string[] | undefined {
  return list === "upload" ? uploadFormats : list?.split(",");
}

/** Flags whose names differ from the library's, by the library's. */
const FLAGS: Readonly<Record<string, keyof typeof inputFlags>> = {
  format: "input-format",
  findStreamInfo: "no-stream-info",
  "http.headers": "header",
  "http.retries": "retries",
};

/** The flag that sets an argument of the library, `-i nope` for an AVOption; null if no flag sets it. */
export function inputFlagOf(argument: string): string | null {
  const name = argument.replace(/^input\./, "");
  if (name.startsWith("options.")) return `-i ${name.slice("options.".length)}`;
  const flag = FLAGS[name] ?? name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
  return Object.hasOwn(inputFlags, flag) ? `--${flag}` : null;
}

/** The object without undefined values. */
export function given<T extends object>(values: T): { [Name in keyof T]?: Exclude<T[Name], undefined> } {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as {
    [Name in keyof T]?: Exclude<T[Name], undefined>;
  };
}

/** Whether the async API is needed: for URLs and for time limits. */
export function needsAsync(name: string, { timeout }: DemuxerOptions): boolean {
  return isUrl(name) || timeout !== undefined;
}

/** The input as a source; stdin is an async stream if its reads have a time limit. */
export function inputSource(name: string, options: DemuxerOptions): Source {
  return name === STANDARD && needsAsync(name, options) ? terminal.stdinStream : sourceOf(name);
}
