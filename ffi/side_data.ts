/**
 * Whether FFmpeg may be given side data: it reads most kinds as C structures of its own, so the shim knows for each how many
 * bytes it has and what may be in it (`shim/structures.c`).
 */
import { argumentError } from "./argument_error.ts";
import { plainView } from "./byte_views.ts";
import { library, readTextOrThrow } from "./library.ts";

const encoder = new TextEncoder();

/**
 * @param name What the item is called: "packet.sideData[0]".
 * @throws {TypeError} There is no such kind, or the data is none of it.
 */
export function checkSideDataContent({ type, data }: { type: string; data: Uint8Array }, name: string): void {
  const kind = encoder.encode(type);
  const bytes = plainView(data);
  const text = readTextOrThrow((out, capacity) =>
    library().avs_side_data_fault(kind, kind.length, bytes, bytes.length, out, capacity)
  );
  if (text === "") return;
  const [field, ...fault] = text.split(": ") as [string, ...string[]];
  throw argumentError(TypeError, `${name}.${field}`, fault.join(": "));
}
