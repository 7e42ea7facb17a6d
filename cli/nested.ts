/**
 * The `onopen` callbacks of the command line: a playlist may open files in its own folder or on its HTTP origin, a muxer
 * of several files may open files in the folder of its output.
 */
import { dirname } from "node:path";
import { anyOf, type DemuxerOptions, type OpenCallback, withinDirectory, withinOrigin } from "../mod.ts";
import { isUrl, parsePath, STANDARD } from "./streams.ts";

/** The options of an input, with an `onopen` for files beside it; stdin can open nothing. */
export function besideInput(name: string, options: DemuxerOptions): DemuxerOptions {
  if (name === STANDARD) return options;
  return isUrl(name) ? besideUrl(options) : { ...options, onopen: beside(name, {}) };
}

/** Allows the URL's origin and those of its redirects: relative URLs are resolved against the last of them. */
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

/** An `onopen` that writes files beside the output, and reads them again. */
export function besideOutput(name: string): { onopen?: OpenCallback } {
  return name === STANDARD ? {} : { onopen: beside(name, { write: true }) };
}

/** Resolves the folder at the first call: most files open nothing. */
function beside(name: string, options: { write?: boolean }): OpenCallback {
  let opener: OpenCallback | undefined;
  return (request) => (opener ??= withinDirectory(folderOf(parsePath(name)), options))(request);
}

function folderOf(path: string | URL): string | URL {
  return path instanceof URL ? new URL(".", path) : dirname(path);
}
