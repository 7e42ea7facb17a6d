/**
 * Reads the descriptions that the shim makes of inputs and outputs: JSON, and the bytes of which it has only the sizes.
 * `format/stream.ts` knows what is in them.
 */
import { library, readBytes } from "./library.ts";
import type { Session } from "./session.ts";
import { Direction } from "./symbols.ts";

/** What the shim says. */
export interface RawDescription {
  json: unknown;
  /** Takes the next bytes, of a size that the description has: in its order, each once. */
  take: (size: number) => Uint8Array<ArrayBuffer>;
}

const decoder = new TextDecoder();

/** Describes the session's input. */
export function describeInput(session: Session): RawDescription {
  return describe(session, Direction.INPUT);
}

/** Describes the session's output, with its streams from this one on. */
export function describeOutput(session: Session, firstStream: number): RawDescription {
  return describe(session, Direction.OUTPUT + firstStream * 256);
}

function describe(session: Session, direction: number): RawDescription {
  const all = readBytes((out, capacity) => library().avs_describe(session.handle, direction, out, capacity));
  if (typeof all === "number") throw new Error("Out of memory");
  const end = all.indexOf(0);
  let at = end + 1;
  return {
    json: JSON.parse(decoder.decode(all.subarray(0, end))),
    take: (size) => all.slice(at, at += size),
  };
}
