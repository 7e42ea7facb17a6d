/**
 * fromMap: an `onopen` for files in memory, by name.
 */
import { isBuffer, isBytes } from "../ffi/byte_views.ts";
import { argumentError } from "../ffi/errors.ts";
import { typeName } from "./arguments.ts";
import { MemorySink } from "./memory_sink.ts";
import type { OpenCallback } from "./open_callback.ts";
import { paths } from "./paths.ts";
import { isBlob } from "./stream.ts";

/** A file in the Map of `fromMap`. A Blob is read only in the async API. */
export type MapFile = Uint8Array | ArrayBuffer | Blob | MemorySink;

/**
 * Allows reading the files in a Map, and writing new ones: each written file becomes a MemorySink in the Map, replacing
 * an entry of that name. So an HLS muxer's files end up in the Map, and can be read again. A leading "./" in names is
 * ignored; on Windows `\\` is equal to `/`.
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
 * @param files The files by name; read and changed at each open.
 * @returns An opener that returns bytes, Blobs and new MemorySinks. It throws an Error if a MemorySink is still being
 * written, and a TypeError if a value of the Map is something else.
 * @throws {TypeError} `files` is not a Map.
 */
export function fromMap(files: Map<string, MapFile>): OpenCallback {
  if (!isMap(files)) {
    throw argumentError(TypeError, "files", `must be a Map, is ${typeName(files)}`);
  }
  return ({ url, mode }) => {
    const wanted = bare(url);
    const name = files.has(url) ? url : files.keys().find((key) => bare(key) === wanted);
    if (mode === "read") return name === undefined ? null : contentOf(files.get(name)!, name);
    return addSink(files, name ?? wanted);
  };
}

/** Also of another realm. */
function isMap(value: unknown): boolean {
  return value instanceof Map || Object.prototype.toString.call(value) === "[object Map]";
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
  if (isBytes(file) || isBuffer(file) || isBlob(file)) return file;
  throw argumentError(
    TypeError,
    "files",
    `${name} must be a Uint8Array, ArrayBuffer, Blob or MemorySink, is ${typeName(file)}`,
  );
}

/** Adds the file's name to the sink's error. */
function bytesOf(sink: MemorySink, name: string): Uint8Array {
  try {
    return sink.bytes();
  } catch (error) {
    throw new Error(`Cannot read ${name} while it is written: ${(error as Error).message}`, { cause: error });
  }
}
