/**
 * Which files a source consists of, so that sinks don't overwrite them.
 */
import type { SourceFiles } from "../ffi/open_files.ts";
import { type Operation, runSync } from "../ffi/operation.ts";
import { pathIn, pathOf } from "./file.ts";
import { fileAt, identitiesAt, openedFile, standardInput } from "./file_identity.ts";
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

/** Whether a path or file: URL leads to a file of the source. */
export function isFileOf(source: Source, place: string | URL): boolean {
  const files = filesOf(source);
  return files !== null && runSync(finds(files, place));
}

function* finds(files: SourceFiles, place: string | URL): Operation<boolean> {
  const [identity] = yield* identitiesAt([pathOf(place, "sink")]);
  return typeof identity === "string" && (yield* files.find(identity)) !== null;
}
