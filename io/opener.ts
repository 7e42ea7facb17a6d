/**
 * What ready-made openers have in common: one text for both APIs. They open nothing: what they return is opened as any other
 * Source or Sink, by source.ts and sink.ts.
 */
import { type Operation, runAsync, runSync, type Wait } from "../ffi/operation.ts";
import type { OpenCallback, OpenRequest } from "./open_callback.ts";

const untilSettled: Wait = (promise) => Promise.resolve(promise);

/** What an opener returns, when it is there. */
export type Opened = Awaited<ReturnType<OpenCallback>>;

/** An `onopen` that looks at files without stalling the program where a promise may be returned. */
export function opener<T extends Opened>(open: (request: OpenRequest) => Operation<T>): OpenCallback {
  return (request) => request.canWait ? runAsync(open(request), untilSettled) : runSync(open(request));
}
