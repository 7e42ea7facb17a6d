/**
 * The standard streams: text to stdout and stderr, media from stdin and to stdout. Neither of the latter has
 * positions. Nothing is said here; what to say is the commands'.
 */
import { filePath } from "../ffi/library_paths.ts";
import { files } from "../io/files.ts";
import type { Sink, Source } from "../mod.ts";
import { type Output, stdoutSink, terminal } from "./console.ts";
import { Failure, systemErrorText, UsageError } from "./errors.ts";
import { harmless } from "./text.ts";

/** What stands for stdin and stdout on the command line. */
export const STANDARD = "-";

const encoder = new TextEncoder();

function writeText(stream: Output, text: string): void {
  writeAll(stream, harmless(text));
}

function writeAll(stream: Output, text: string): void {
  for (let rest = encoder.encode(text); rest.length > 0;) rest = rest.subarray(stream.writeSync(rest));
}

/** Writes lines to stdout, of which there may be any number. */
export function print(lines: string | readonly string[]): void {
  writeText(terminal.stdout, [lines].flat().map((line) => `${line}\n`).join(""));
}

/** Writes to stderr; where that is closed there is nobody to tell. */
export function tell(text: string): void {
  try {
    writeText(terminal.stderr, text);
  } catch {
    // Nobody reads it.
  }
}

/** Writes over the line of stderr that the cursor is in. */
export function overwrite(text: string): void {
  try {
    writeAll(terminal.stderr, `\r\x1b[K${harmless(text)}`);
  } catch {
    // Nobody reads it.
  }
}

/** Many lines to stdout: gathered, unless somebody may be waiting for each. */
export class LineWriter {
  #text = "";
  #max: number;

  constructor(options: { gather: boolean }) {
    this.#max = options.gather ? 32768 : 0;
  }

  write(line: string): void {
    this.#text += `${line}\n`;
    if (this.#text.length > this.#max) this.flush();
  }

  flush(): void {
    const text = this.#text;
    this.#text = "";
    writeText(terminal.stdout, text);
  }
}

/** Whether it must be fetched: such a source needs the async API. */
export function isUrl(name: string): boolean {
  return /^https?:/i.test(name);
}

/** What a file name on the command line stands for, as a source; an error that says so where it can't be one. */
export function sourceOf(name: string): Source {
  if (name === STANDARD) return terminal.stdin;
  if (isUrl(name)) return name;
  const place = placeOf(name);
  if (isDirectory(place)) throw new Failure(`Cannot open input: Is a directory: ${name}`);
  return place;
}

/** The same for a sink. */
export function sinkOf(name: string): Sink {
  if (name === STANDARD) return stdoutSink;
  if (isUrl(name)) throw new Failure("Cannot open output: URLs are not written");
  return placeOf(name);
}

/** A path, or a file: URL. One without a slash would mean the root folder, which nobody means who writes it. */
export function placeOf(name: string): string | URL {
  if (/^file:(?!\/)/i.test(name)) throw new UsageError(`${name}: a file: URL begins with file:/`);
  return /^file:/i.test(name) ? new URL(name) : name;
}

function isDirectory(place: string | URL): boolean {
  try {
    return files.statSync(place instanceof URL ? filePath(place) : place).isDirectory;
  } catch (error) {
    if (files.is(error, "NotCapable")) throw error;
    throw new Failure(`Cannot open input: ${systemErrorText(error as Error)}`);
  }
}
