/**
 * Checks side data before FFmpeg gets it: FFmpeg reads most types as C structures, so the shim checks size and contents
 * of each type (`shim/structures.c`).
 */
import { argumentError } from "./argument_error.ts";
import { byteLengthOf, plainView } from "./byte_views.ts";
import { library, readTextOrThrow } from "./library.ts";

const encoder = new TextEncoder();

/**
 * @param name The item's name: "packet.sideData[0]".
 * @throws {TypeError} The type is unknown, or the data is invalid for it.
 */
export function checkSideDataContent({ type, data }: { type: string; data: Uint8Array }, name: string): void {
  const kind = encoder.encode(type);
  const bytes = plainView(data);
  const text = readTextOrThrow((out, capacity) =>
    library().avs_side_data_fault(kind, byteLengthOf(kind), bytes, byteLengthOf(bytes), out, capacity)
  );
  if (text === "") return;
  const [field, ...fault] = text.split(": ") as [string, ...string[]];
  throw argumentError(TypeError, `${name}.${field}`, fault.join(": "));
}
