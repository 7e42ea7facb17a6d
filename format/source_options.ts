/**
 * The lists of sources of concat and merge: tells a source from an object that has a source and its options, and refuses one that
 * is given twice.
 */
import { isMemory } from "../ffi/byte_views.ts";
import { argumentError } from "../ffi/errors.ts";
import { isPlain } from "../io/arguments.ts";
import { files } from "../io/files.ts";
import type { Source } from "../io/source.ts";
import { isBlob } from "../io/stream.ts";

/** Whether an item has a source and its options. A class may keep a `source` for itself and be one, with callbacks or chunks. */
export function hasOptions<T extends { source: unknown }>(item: unknown): item is T {
  if (typeof item !== "object" || item === null || !("source" in item)) return false;
  return isPlain(item) || !("onread" in item || Symbol.asyncIterator in item);
}

/** Refuses a source that can be read only once but is given twice. */
export function refuseTwice(sources: readonly Source[]): void {
  for (const [index, source] of sources.entries()) {
    const first = sources.indexOf(source);
    if (first === index || !isReadOnce(source)) continue;
    throw argumentError(TypeError, `sources[${index}]`, `is sources[${first}], which can be read only once`);
  }
}

/** Whether a source can be read only once: all but names, bytes and open files. */
function isReadOnce(source: Source): boolean {
  const isNamed = typeof source === "string" || source instanceof URL;
  return !isNamed && !isMemory(source) && !isBlob(source) && !files.opened(source);
}
