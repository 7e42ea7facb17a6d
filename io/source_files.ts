/**
 * Which files a source is, for those who must not overwrite it.
 */
import type { SourceFiles } from "../ffi/open_files.ts";
import { type Operation, runSync } from "../ffi/operation.ts";
import { pathOf } from "./file.ts";
import { fileAt, identitiesAt, openedFile, standardInput } from "./file_identity.ts";
import { isHttp } from "./http.ts";
import { namedBy } from "./listed_files.ts";
import type { Source } from "./source.ts";

/** The files that a source is; null where it is none, or where that can't be known. */
export function filesOf(source: Source): SourceFiles | null {
  if (isHttp(source)) return null;
  if (typeof source === "string" || source instanceof URL) return fileAt(pathOf(source, "source"));
  if (source instanceof Deno.FsFile) return openedFile(source);
  const isStdin = source === Deno.stdin ||
    (source instanceof ReadableStream && source === Deno.stdin.readable);
  return isStdin ? standardInput() : null;
}

/** The files that a source names, where its turn comes later; null where it is no file, or one without a path. */
export function filesNamedBy(source: Source): SourceFiles | null {
  if (isHttp(source) || (typeof source !== "string" && !(source instanceof URL))) return null;
  return namedBy(pathOf(source, "source"));
}

/** Whether a path or file: URL leads to a file that the source is. */
export function isFileOf(source: Source, place: string | URL): boolean {
  const files = filesOf(source);
  return files !== null && runSync(finds(files, place));
}

function* finds(files: SourceFiles, place: string | URL): Operation<boolean> {
  const [identity] = yield* identitiesAt([pathOf(place, "sink")]);
  return typeof identity === "string" && (yield* files.find(identity)) !== null;
}
