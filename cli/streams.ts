/**
 * The standard streams, for text and for media, and file names of the command line as sources and sinks. Everything that is
 * printed passes through here, so that control characters are removed.
 */
import { filePath } from "../ffi/library_paths.ts";
import { files } from "../io/files.ts";
import type { Sink, Source } from "../mod.ts";
import { type Output, stdoutSink, terminal } from "./console.ts";
import { Failure, systemErrorText, UsageError } from "./errors.ts";
import { harmless } from "../ffi/harmless.ts";

/** The file name that means stdin or stdout. */
export const STANDARD = "-";

const encoder = new TextEncoder();

function writeText(stream: Output, text: string): void {
  writeBytes(stream, encoder.encode(harmless(text)));
}

/** Writes all bytes to a stream or a file. */
export function writeBytes(output: Pick<Output, "writeSync">, bytes: Uint8Array): void {
  for (let rest = bytes; rest.length > 0;) rest = rest.subarray(output.writeSync(rest));
}

/** Prints lines to stdout. */
export function print(lines: string | readonly string[]): void {
  writeText(terminal.stdout, [lines].flat().map((line) => `${line}\n`).join(""));
}

/** Writes text to stderr; errors are ignored, as stderr may be closed. */
export function writeStderr(text: string): void {
  try {
    writeText(terminal.stderr, text);
  } catch {
    // It is closed.
  }
}

/** Replaces the current line of the terminal on stderr. */
export function overwriteLine(text: string): void {
  try {
    writeBytes(terminal.stderr, encoder.encode(`\r\x1b[K${harmless(text)}`));
  } catch {
    // It is closed.
  }
}

/** Writes many lines to stdout, buffered or one by one. */
export class LineWriter {
  #text = "";
  #max: number;

  constructor(options: { isBuffered: boolean }) {
    this.#max = options.isBuffered ? 32768 : 0;
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

/** Whether it is an http(s) URL: such a source needs the async API. */
export function isUrl(name: string): boolean {
  return /^https?:/i.test(name);
}

/** A file name of the command line as a source; throws if it can't be read. */
export function sourceOf(name: string): Source {
  if (name === STANDARD) return terminal.stdin;
  if (isUrl(name)) return name;
  const path = parsePath(name);
  if (isDirectory(path)) throw new Failure(`Cannot open input: Is a directory: ${name}`);
  return path;
}

/** A file name of the command line as a sink. */
export function sinkOf(name: string): Sink {
  if (name === STANDARD) return stdoutSink;
  if (isUrl(name)) throw new Failure("Cannot open output: writing to URLs is not supported");
  return parsePath(name);
}

/** A path or a `file:` URL. One without a slash is refused: it would be resolved against the root folder. */
export function parsePath(name: string): string | URL {
  if (/^file:(?!\/)/i.test(name)) throw new UsageError(`${name}: a file: URL must begin with file:/`);
  if (!/^file:/i.test(name)) return name;
  try {
    const url = new URL(name);
    filePath(url); // throws for one of another machine
    return url;
  } catch (error) {
    throw new UsageError(`${name}: must be the URL of a file here: ${(error as Error).message}`);
  }
}

function isDirectory(path: string | URL): boolean {
  try {
    return files.statSync(path instanceof URL ? filePath(path) : path).isDirectory;
  } catch (error) {
    if (files.is(error, "NotCapable")) throw error;
    throw new Failure(`Cannot open input: ${systemErrorText(error as Error)}`);
  }
}
