/**
 * What the command line lets a playlist open: what is in its own folder, or on its own http origin. And a muxer of
 * several files: what is in the folder of its output.
 */
import { dirname } from "node:path";
import { type OpenCallback, withinDirectory, withinOrigin } from "../mod.ts";
import { isUrl, placeOf, STANDARD } from "./streams.ts";

/** What may be read beside the input; what comes on stdin opens nothing. */
export function besideInput(name: string): { onopen?: OpenCallback } {
  if (name === STANDARD) return {};
  if (isUrl(name)) return { onopen: withinOrigin(new URL(name).origin) };
  return { onopen: beside(name, {}) };
}

/** What may be read beside any of the inputs. */
export function besideInputs(names: readonly string[]): { onopen?: OpenCallback } {
  const openers = names.flatMap((name) => besideInput(name).onopen ?? []);
  const onopen: OpenCallback = (request) => {
    for (const opener of openers) {
      const place = opener(request);
      if (place !== null) return place;
    }
    return null;
  };
  return { onopen };
}

/** What may be written, and read again, beside the output. */
export function besideOutput(name: string): { onopen?: OpenCallback } {
  return name === STANDARD ? {} : { onopen: beside(name, { write: true }) };
}

/** The folder is looked at when something is to be opened: most files open nothing. */
function beside(name: string, options: { write?: boolean }): OpenCallback {
  let opener: OpenCallback | undefined;
  return (request) => (opener ??= withinDirectory(folderOf(placeOf(name)), options))(request);
}

function folderOf(place: string | URL): string | URL {
  return place instanceof URL ? new URL(".", place) : dirname(place);
}
