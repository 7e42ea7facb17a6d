/**
 * anyOf: several `onopen` functions as one.
 */
import { call, type Operation, step } from "../ffi/operation.ts";
import { checkFunction } from "./arguments.ts";
import { pathOf } from "./file.ts";
import { files } from "./files.ts";
import { isHttp } from "./http.ts";
import type { OpenCallback } from "./open_callback.ts";
import { type Opened, opener } from "./opener.ts";

/**
 * Allows what one of several openers allows. To be read, the first that has it serves it: a path that does not exist goes
 * to the next. An http(s) URL, of which only opening it tells whether it is there, is taken where none of the others has the
 * name. If none has it, the error is that of opening what the first one allowed. To be written, the first that allows it
 * serves it.
 *
 * ```ts
 * import { anyOf, fromMap, withinDirectory } from "@avio/avio";
 *
 * const onopen = anyOf(withinDirectory("fixtures"), fromMap(new Map([["intro.ts", new Uint8Array(188)]])));
 * console.log(onopen({ url: "intro.ts", mode: "read" }) instanceof Uint8Array); // true
 * ```
 *
 * The paths that openers return need read permission, to see whether they exist.
 *
 * @param openers Asked one after the other. Promises of theirs need the async API.
 * @returns An opener that returns what one of them returned, or a promise of it where it may (`canWait`).
 * @throws {TypeError} One of them is not a function.
 */
export function anyOf(...openers: OpenCallback[]): OpenCallback {
  openers.forEach((open, index) => checkFunction(open, `openers[${index}]`));
  return opener(function* (request) {
    let [online, missing]: Opened[] = [null, null];
    for (const open of openers) {
      const place = yield* call(() => open(request), "onopen");
      if (place === null || place === undefined) continue;
      if (request.mode === "write") return place;
      if (isHttp(place)) online ??= place;
      else if (yield* isMissing(place)) missing ??= place;
      else return place;
    }
    return online ?? missing;
  });
}

/** Anything but that there is no such file is told by opening it. */
function* isMissing(place: NonNullable<Opened>): Operation<boolean> {
  if (typeof place !== "string" && !(place instanceof URL)) return false;
  const path = pathOf(place, "source");
  try {
    yield* step<unknown>(() => files.statSync(path), () => files.stat(path));
    return false;
  } catch (error) {
    return files.is(error, "NotFound") || files.is(error, "NotADirectory");
  }
}
