/**
 * Information without a session: formats, their options, codecs, versions.
 */
import { byteLengthOf } from "./byte_views.ts";
import { makeError } from "./errors.ts";
import { library, readText, readTextOrThrow } from "./library.ts";
import { Direction } from "./symbols.ts";

/** Whether a format is used for input or output. */
export type FormatDirection = "input" | "output";

const directions = { input: Direction.INPUT, output: Direction.OUTPUT } as const;

/** All formats, as JSON from the shim. */
export function listFormats(direction: FormatDirection): unknown {
  return JSON.parse(
    readTextOrThrow((out, capacity) => library().avs_formats(directions[direction], out, capacity)),
  );
}

/** The options of a format, as JSON from the shim. */
export function listFormatOptions(name: string, direction: FormatDirection): unknown {
  const bytes = new TextEncoder().encode(name);
  const text = readText((out, capacity) =>
    library().avs_format_options(directions[direction], bytes, byteLengthOf(bytes), out, capacity)
  );
  if (typeof text === "string") return JSON.parse(text);
  const phrase = `list the options of the ${direction} format '${name}'`;
  throw makeError({ name: "format options", phrase }, text, []);
}

/** All codecs that libavcodec knows, as JSON from the shim. */
export function listCodecs(): unknown {
  return JSON.parse(readTextOrThrow((out, capacity) => library().avs_codecs(out, capacity)));
}

/** Versions of the library's parts, as JSON from the shim. */
export function libraryInfo(): object {
  return JSON.parse(readTextOrThrow((out, capacity) => library().avs_library_info(out, capacity)));
}

/** The licence text of the FFmpeg inside the library. */
export function licenseText(): string {
  return readTextOrThrow((out, capacity) => library().avs_license_text(out, capacity));
}
