/**
 * Helpers of the ready-made openers: one implementation for both APIs. They open nothing themselves: source.ts and
 * sink.ts open what they return.
 */
import { type Operation, runAsync, runSync, type Wait } from "../ffi/operation.ts";
import type { OpenCallback, OpenRequest } from "./open_callback.ts";

const untilSettled: Wait = (promise) => Promise.resolve(promise);

/** What an opener returns, awaited. */
export type Opened = Awaited<ReturnType<OpenCallback>>;

/** Makes an `onopen` that accesses files asynchronously if a promise may be returned. */
export function opener<T extends Opened>(open: (request: OpenRequest) => Operation<T>): OpenCallback {
  return (request) => request.canWait ? runAsync(open(request), untilSettled) : runSync(open(request));
}
