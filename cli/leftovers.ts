/**
 * What becomes of an output that was not finished: after an error, or Ctrl-C. What can be read is kept, what can't is
 * removed, and which of them it was is said. A file that was there and has not been touched stays as it was.
 */
import { filePath } from "../ffi/library_paths.ts";
import type { FileStatus } from "../io/file_system.ts";
import { files } from "../io/files.ts";
import { Demuxer } from "../mod.ts";
import { terminal } from "./console.ts";
import { besideInput } from "./nested.ts";
import { isUrl, placeOf, STANDARD } from "./streams.ts";

/** The output that is being written. */
export class Leftover {
  #name = STANDARD;
  #before: FileStatus | null = null;

  /** It is about to be opened. */
  begin(name: string): void {
    this.#name = name;
    this.#before = statusOf(name);
  }

  /** Its work has ended early: keeps or removes what is there, and returns which; null where nothing had been written. */
  settle(): string | null {
    const now = statusOf(this.#name);
    if (!now?.isFile || isSame(this.#before, now)) return null;
    const what = settled(this.#name);
    return now.size === 0 ? null : `${this.#name} is ${what}`;
  }
}

/** Nothing is there of stdout, of a URL, and where nothing may be known. */
function statusOf(name: string): FileStatus | null {
  if (name === STANDARD || isUrl(name)) return null;
  try {
    return files.statSync(pathOf(name));
  } catch {
    return null;
  }
}

function pathOf(name: string): string {
  const place = placeOf(name);
  return place instanceof URL ? filePath(place) : place;
}

function isSame(a: FileStatus | null, b: FileStatus): boolean {
  return a !== null && a.size === b.size && a.ino === b.ino && a.dev === b.dev;
}

function settled(name: string): string {
  const path = pathOf(name);
  if (!files.mayRead(path)) return "not complete";
  if (isReadable(name)) return "not complete, but what was written can be read";
  try {
    terminal.removeFile(path);
    return "removed, as nothing of it can be read";
  } catch {
    return "not readable, and can't be removed";
  }
}

/** Whether it is a file of media, with a packet in it. */
function isReadable(name: string): boolean {
  try {
    using demuxer = Demuxer.openSync(pathOf(name), besideInput(name, {}));
    return demuxer.readSync() !== null;
  } catch {
    return false;
  }
}
