/**
 * What the command line lets a playlist open: what is in its own folder, or on its http origin. And a muxer of
 * several files: what is in the folder of its output.
 */
import { dirname } from "node:path";
import { anyOf, type DemuxerOptions, type OpenCallback, withinDirectory, withinOrigin } from "../mod.ts";
import { isUrl, placeOf, STANDARD } from "./streams.ts";

/** The options of an input, and what may be read beside it; what comes on stdin opens nothing. */
export function besideInput(name: string, options: DemuxerOptions): DemuxerOptions {
  if (name === STANDARD) return options;
  return isUrl(name) ? besideUrl(options) : { ...options, onopen: beside(name, {}) };
}

/** Its own origin, and those that its redirects went through: what it names is where they led. */
function besideUrl(options: DemuxerOptions): DemuxerOptions {
  const ownFetch = options.http?.fetch ?? fetch;
  const origins = new Set<string>();
  let opener: OpenCallback | undefined;
  return {
    ...options,
    http: {
      ...options.http,
      fetch: (input, init) => {
        if (!opener) origins.add(new URL(input instanceof Request ? input.url : input).origin);
        return ownFetch(input, init);
      },
    },
    onopen: (request) => (opener ??= anyOf(...[...origins].map((origin) => withinOrigin(origin))))(request),
  };
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
