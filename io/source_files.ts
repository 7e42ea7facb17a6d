/**
 * Which files a source consists of, so that sinks don't overwrite them.
 */
import type { SourceFiles } from "../ffi/open_files.ts";
import { type Operation, runSync } from "../ffi/operation.ts";
import { pathIn, pathOf } from "./file.ts";
import { fileAt, identitiesAt, identityOfStdout, openedFile, standardInput } from "./file_identity.ts";
import { files } from "./files.ts";
import { isHttp } from "./http.ts";
import { namedBy } from "./listed_files.ts";
import type { Source } from "./source.ts";

/** The files of a source; null if it isn't a file, or that can't be known. */
export function filesOf(source: Source): SourceFiles | null {
  if (isHttp(source)) return null;
  const path = pathIn(source, "source");
  if (path !== null) return fileAt(path);
  const file = files.opened(source);
  if (file) return openedFile(file);
  return files.isStdin(source) || files.isStdinStream(source) ? standardInput() : null;
}

/** The files named by a source that will be opened later; null if it isn't a file with a path. */
export function filesNamedBy(source: Source): SourceFiles | null {
  const path = isHttp(source) ? null : pathIn(source, "source");
  return path === null ? null : namedBy(path);
}

/**
 * What an output is for a source, whose file it would overwrite: "the source", "a file that the source ... names"; null if
 * it is another file.
 *
 * @param place Path or file: URL of the output; null is standard output.
 */
export function roleOf(source: Source, place: string | URL | null): string | null {
  return runSync(roleIn([filesOf(source), filesNamedBy(source)], place));
}

function* roleIn(all: readonly (SourceFiles | null)[], place: string | URL | null): Operation<string | null> {
  const identity = place === null ? identityOfStdout() : (yield* identitiesAt([pathOf(place, "sink")]))[0];
  if (typeof identity !== "string") return null;
  for (const files of all) {
    const role = files && (yield* files.find(identity));
    if (role) return role;
  }
  return null;
}
