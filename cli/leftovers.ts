/**
 * Output files that were not finished, after an error or Ctrl-C: a file that can be read is kept, any other is removed, and
 * the message states which. A file that existed before and was not changed is left alone.
 */
import { filePath } from "../ffi/library_paths.ts";
import type { FileStatus } from "../io/file_system.ts";
import { files } from "../io/files.ts";
import { Demuxer } from "../mod.ts";
import { terminal } from "./console.ts";
import { besideInput } from "./nested.ts";
import { isUrl, parsePath, STANDARD } from "./streams.ts";

/** Watches the output that is being written. */
export class Leftover {
  #name = STANDARD;
  #before: FileStatus | null = null;

  /** Call it before the output is opened. */
  begin(name: string): void {
    this.#name = name;
    this.#before = statusOf(name);
  }

  /**
   * Keeps or removes an unfinished output; returns a text that says which, null if nothing had been written.
   *
   * @param isEmpty Whether no packet was written: what can be read are only titles of chapters.
   */
  settle(isEmpty = false): string | null {
    const now = statusOf(this.#name);
    if (!now?.isFile || isSame(this.#before, now)) return null;
    const outcome = keepOrRemove(this.#name, isEmpty);
    return now.size === 0 ? null : `${this.#name} is ${outcome}`;
  }
}

/** Null for stdout, a URL, a missing file and one that may not be accessed. */
function statusOf(name: string): FileStatus | null {
  if (name === STANDARD || isUrl(name)) return null;
  try {
    return files.statSync(pathOf(name));
  } catch {
    return null;
  }
}

function pathOf(name: string): string {
  const path = parsePath(name);
  return path instanceof URL ? filePath(path) : path;
}

function isSame(a: FileStatus | null, b: FileStatus): boolean {
  return a !== null && a.size === b.size && a.ino === b.ino && a.dev === b.dev;
}

function keepOrRemove(name: string, isEmpty: boolean): string {
  const path = pathOf(name);
  if (!isEmpty && !files.mayRead(path)) return "not complete";
  if (!isEmpty && isReadable(name)) return "not complete, but what was written can be read";
  try {
    terminal.removeFile(path);
    return isEmpty ? "removed, as nothing had come" : "removed, as it can't be read";
  } catch {
    return "not readable, and can't be removed";
  }
}

/** Whether it is a media file with at least one packet. */
function isReadable(name: string): boolean {
  try {
    using demuxer = Demuxer.openSync(pathOf(name), besideInput(name, {}));
    return demuxer.readSync() !== null;
  } catch {
    return false;
  }
}
