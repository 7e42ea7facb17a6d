/**
 * Tells a source from an object that has a source and its options, in the lists of concat and merge.
 */
import { isPlain } from "../io/arguments.ts";

/** Whether an item has a source and its options. A class may keep a `source` for itself and be one, with callbacks or chunks. */
export function hasOptions<T extends { source: unknown }>(item: unknown): item is T {
  if (typeof item !== "object" || item === null || !("source" in item)) return false;
  return isPlain(item) || !("onread" in item || Symbol.asyncIterator in item);
}
