/**
 * Files as sources and sinks: paths, file: URLs, and files that the caller has opened.
 */
import { filePath } from "../ffi/library_paths.ts";
import { constants } from "../ffi/constants.ts";
import { argumentError } from "../ffi/errors.ts";
import type { Device } from "../ffi/device.ts";
import { acquire, type Operation, step } from "../ffi/operation.ts";
import type { NativeIO } from "../ffi/native_io.ts";
import type { Host, IOUse } from "../ffi/session.ts";
import { ReadSize } from "./read_size.ts";

/** The path that a string or URL names. */
export function pathOf(place: string | URL, name: string): string {
  const text = String(place);
  if (/^file:/i.test(text)) return filePath(new URL(text));
  if (place instanceof URL) {
    throw argumentError(TypeError, name, `must be a file: or an http(s): URL, is ${text}`);
  }
  if (text === "" || text.includes("\0")) {
    throw argumentError(TypeError, name, `must be a path, is ${JSON.stringify(text)}`);
  }
  return text;
}

/** Opens a file; whoever asks closes it. A directory can be opened, but its error on reading would name nothing. */
export function* openFile(path: string, options: Deno.OpenOptions): Operation<Deno.FsFile> {
  const file = yield* acquire(
    () => Deno.openSync(path, options),
    () => Deno.open(path, options),
    (file) => file.close(),
  );
  if (!options.read || !file.statSync().isDirectory) return file;
  file.close();
  throw new Deno.errors.IsADirectory(`source: ${path} is a directory`);
}

/** A file as an I/O context. */
export function attachFile(host: Host, file: Deno.FsFile, use: IOUse, bufferSize: number): NativeIO {
  return host.addDevice(fileDevice(file), { ...use, bulk: true }, bufferSize);
}

/** Pipes and terminals have no positions; what has them is used from its start. */
function fileDevice(file: Deno.FsFile): Device {
  const size = new ReadSize();
  let buffer = new Uint8Array(0);
  const device: Device = {
    transient: true,
    *read(asked) {
      const wanted = size.next(asked);
      if (buffer.length < wanted) buffer = new Uint8Array(wanted);
      const target = buffer.subarray(0, wanted);
      const read = yield* step(() => file.readSync(target), () => file.read(target));
      return read ? target.subarray(0, read) : null;
    },
    *write(bytes) {
      for (let rest = bytes; rest.length > 0;) {
        const written = yield* step(() => file.writeSync(rest), () => file.write(rest));
        if (written === 0) throw new Error(`Cannot write: the file took none of ${rest.length} bytes`);
        rest = rest.subarray(written);
      }
    },
  };
  if (!canSeek(file)) return device;
  // deno-lint-ignore require-yield
  device.seek = function* (offset, whence) {
    if (whence === constants.seek.SIZE) return sizeOf(file);
    size.reset();
    return file.seekSync(offset, whence);
  };
  return device;
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
