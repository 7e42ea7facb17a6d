/**
 * anyOf: combines several `onopen` functions.
 */
import { call, type Operation, step } from "../ffi/operation.ts";
import { checkFunction } from "./arguments.ts";
import { pathOf } from "./file.ts";
import { files } from "./files.ts";
import { isHttp } from "./http.ts";
import type { OpenCallback } from "./open_callback.ts";
import { type Opened, opener } from "./opener.ts";

/**
 * Allows what any of several openers allows. For reading, the first opener whose file exists is used. An http(s) URL,
 * whose existence is only known by requesting it, is used if no other opener has the name. If none has it, the error is
 * that of opening what the first one allowed. For writing, the first opener that allows it is used.
 *
 * ```ts
 * import { anyOf, fromMap, withinDirectory } from "@avio/avio";
 *
 * const onopen = anyOf(withinDirectory("fixtures"), fromMap(new Map([["intro.ts", new Uint8Array(188)]])));
 * console.log(onopen({ url: "intro.ts", mode: "read" }) instanceof Uint8Array); // true
 * ```
 *
 * Paths that openers return need read permission, to check whether they exist.
 *
 * @param openers Called one after the other. They may return promises in the async API.
 * @returns An opener that returns what one of them returned, or a promise for it if that is allowed (`canWait`).
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

/** Whether the file exists; any other problem is reported when it is opened. */
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
