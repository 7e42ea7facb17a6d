/**
 * fromMap: an `onopen` for files that are in memory, by name.
 */
import { argumentError } from "../ffi/errors.ts";
import { typeName } from "./arguments.ts";
import { MemorySink } from "./memory_sink.ts";
import type { OpenCallback } from "./open_callback.ts";
import { paths } from "./paths.ts";

/** A file in the Map of `fromMap`. A Blob is read only in the async API. */
export type MapFile = Uint8Array | ArrayBuffer | Blob | MemorySink;

/**
 * Allows the names in a Map, and nothing else: what is read is taken from it, what is written becomes a new
 * MemorySink in it, in place of what had the name. So the files that an HLS muxer writes are the Map. Names are
 * equal when they are the same but for a leading "./", on Windows also with `\\` for `/`; a MemorySink that has been
 * written can be read.
 *
 * ```ts
 * import { fromMap, type MapFile, MemorySink, remuxSync } from "@avio/avio";
 *
 * const files = new Map<string, MapFile>();
 * const playlist = new MemorySink();
 * remuxSync("fixtures/video.mp4", playlist, { format: "hls", url: "index.m3u8", onopen: fromMap(files) });
 * console.log([...files.keys()]); // [ "index0.ts" ]
 * ```
 *
 * @param files The files by name; asked and changed at each open.
 * @returns An opener that returns bytes, Blobs and new MemorySinks. It throws an Error where a MemorySink can't be
 * read because it is being written, and a TypeError where the Map has something else.
 * @throws {TypeError} `files` is not a Map.
 */
export function fromMap(files: Map<string, MapFile>): OpenCallback {
  if (!(files instanceof Map)) {
    throw argumentError(TypeError, "files", `must be a Map, is ${typeName(files)}`);
  }
  return ({ url, mode }) => {
    const wanted = bare(url);
    const name = files.has(url) ? url : files.keys().find((key) => bare(key) === wanted);
    if (mode === "read") return name === undefined ? null : contentOf(files.get(name)!, name);
    return addSink(files, name ?? wanted);
  };
}

function bare(name: string): string {
  return paths.plain(name).replace(/^(?:\.\/)+/, "");
}

function addSink(files: Map<string, MapFile>, name: string): MemorySink | null {
  if (name === "") return null;
  const sink = new MemorySink();
  files.set(name, sink);
  return sink;
}

function contentOf(file: MapFile, name: string): Uint8Array | ArrayBuffer | Blob {
  if (file instanceof MemorySink) return bytesOf(file, name);
  if (file instanceof Uint8Array || file instanceof ArrayBuffer || file instanceof Blob) return file;
  throw argumentError(
    TypeError,
    "files",
    `${name} must be a Uint8Array, ArrayBuffer, Blob or MemorySink, is ${typeName(file)}`,
  );
}

/** What the sink throws does not say which file it is about. */
function bytesOf(sink: MemorySink, name: string): Uint8Array {
  try {
    return sink.bytes();
  } catch (error) {
    throw new Error(`Cannot read ${name} while it is written: ${(error as Error).message}`, { cause: error });
  }
}
