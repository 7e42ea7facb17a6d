/**
 * What the library knows without a session: its formats, their options, its codecs, itself.
 */
import { makeError } from "./errors.ts";
import { library, readText, readTextOrThrow } from "./library.ts";
import { Direction } from "./symbols.ts";

/** Which way a format is used. */
export type FormatDirection = "input" | "output";

const directions = { input: Direction.INPUT, output: Direction.OUTPUT } as const;

/** All formats, as the shim describes them. */
export function listFormats(direction: FormatDirection): unknown {
  return JSON.parse(
    readTextOrThrow((out, capacity) => library().avs_formats(directions[direction], out, capacity)),
  );
}

/** The options of a format, as the shim describes them. */
export function listFormatOptions(name: string, direction: FormatDirection): unknown {
  const bytes = new TextEncoder().encode(name);
  const text = readText((out, capacity) =>
    library().avs_format_options(directions[direction], bytes, bytes.length, out, capacity)
  );
  if (typeof text === "string") return JSON.parse(text);
  const phrase = `list the options of the ${direction} format '${name}'`;
  throw makeError({ name: "format options", phrase }, text, []);
}

/** All codecs that there are names for, as the shim describes them. */
export function listCodecs(): unknown {
  return JSON.parse(readTextOrThrow((out, capacity) => library().avs_codecs(out, capacity)));
}

/** Versions of the library's parts, as the shim describes them. */
export function libraryInfo(): object {
  return JSON.parse(readTextOrThrow((out, capacity) => library().avs_library_info(out, capacity)));
}

/** Text of the licence that the FFmpeg inside the library is under. */
export function licenseText(): string {
  return readTextOrThrow((out, capacity) => library().avs_license_text(out, capacity));
}
