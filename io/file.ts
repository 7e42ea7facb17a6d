/**
 * Files as sources and sinks: paths, file: URLs, and files that the caller has opened.
 */
import { constants } from "../ffi/constants.ts";
import { canWait, type Operation, step } from "../ffi/operation.ts";
import type { Session } from "../ffi/session.ts";
import { deviceOf, type IOCallbacks } from "./callbacks.ts";

/** The path that a string or URL names. */
export function pathOf(place: string | URL, name: string): string {
  const text = String(place);
  if (/^file:/i.test(text)) return decodeURIComponent(new URL(text).pathname);
  if (place instanceof URL) throw new TypeError(`${name}: ${text} is neither a file: nor an http(s): URL`);
  if (text === "" || text.includes("\0")) {
    throw new TypeError(`${name}: must be a path, is ${JSON.stringify(text)}`);
  }
  return text;
}

/** Opens a file; whoever asks closes it. A directory can be opened, but its error on reading would name nothing. */
export function* openFile(path: string, options: Deno.OpenOptions): Operation<Deno.FsFile> {
  const file = yield* step(() => Deno.openSync(path, options), () => Deno.open(path, options));
  if (!options.read || !file.statSync().isDirectory) return file;
  file.close();
  throw new Deno.errors.IsADirectory(`source: ${path} is a directory`);
}

/** A file as an I/O context. Pipes and terminals have no positions; what has them is used from its start. */
export function* attachFile(
  session: Session,
  file: Deno.FsFile,
  flags: number,
  bufferSize: number,
): Operation<number> {
  const callbacks: IOCallbacks = (yield* canWait())
    ? { onread: (buffer) => file.read(buffer), onwrite: (buffer) => file.write(buffer) }
    : { onread: (buffer) => file.readSync(buffer), onwrite: (buffer) => file.writeSync(buffer) };
  if (canSeek(file)) {
    callbacks.onseek = (offset, whence) =>
      whence === constants.seek.SIZE ? sizeOf(file) : file.seekSync(offset, whence);
  }
  return session.addDevice(deviceOf(callbacks, 0), flags, bufferSize);
}

function canSeek(file: Deno.FsFile): boolean {
  try {
    file.seekSync(0, Deno.SeekMode.Start);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.BadResource) throw error; // closed
    return false;
  }
}

/** By seeking: `stat` would need read permission where only writing is allowed. */
function sizeOf(file: Deno.FsFile): number {
  const position = file.seekSync(0, Deno.SeekMode.Current);
  const size = file.seekSync(0, Deno.SeekMode.End);
  file.seekSync(position, Deno.SeekMode.Start);
  return size;
}
