/**
 * The files that a session reads and writes. No file may be both, since the source would be overwritten. Files are
 * compared by identity (device and inode), so links count as their targets. `io/file_identity.ts` accesses the file
 * system; nothing here does.
 */
import { argumentError } from "./errors.ts";
import type { Operation } from "./operation.ts";

/** A set of files that are read, or may be read later. */
export interface SourceFiles {
  /** Describes the role of a file for messages ("the source"); null if it isn't in the set. */
  find(identity: string): Operation<string | null>;
}

/** Maximum number of playlists whose names are kept; the oldest are dropped. */
const MAX_LISTS = 64;

/** The files of one session. */
export class OpenFiles {
  #sources = new Set<SourceFiles>();
  /** How often a file is open for writing, by identity. */
  #sinks = new Map<string, number>();
  /** Named files, by path of the playlist. */
  #listed = new Map<string, SourceFiles>();

  /** Adds source files; returns a function that removes them. */
  addSource(files: SourceFiles): () => void {
    this.#sources.add(files);
    return () => void this.#sources.delete(files);
  }

  /** Adds a sink file; returns a function that removes it. */
  addSink(identity: string): () => void {
    const change = (by: number) => this.#sinks.set(identity, (this.#sinks.get(identity) ?? 0) + by);
    change(1);
    return () => {
      if (change(-1).get(identity) === 0) this.#sinks.delete(identity);
    };
  }

  /** Sets the files that a playlist names, replacing those of an earlier read. */
  list(path: string, files: SourceFiles): void {
    this.#listed.delete(path);
    this.#listed.set(path, files);
    const [oldest] = this.#listed.keys();
    if (this.#listed.size > MAX_LISTS) this.#listed.delete(oldest!);
  }

  /** Throws if a file to be written is a source. */
  *checkSink(identity: string, path: string): Operation<void> {
    for (const files of [...this.#sources, ...this.#listed.values()]) {
      const what = yield* files.find(identity);
      if (what === null) continue;
      throw argumentError(TypeError, "sink", `is ${what}, which it would overwrite${named(path)}`);
    }
  }

  /** Throws if a file to be read is being written. */
  checkSource(identity: string, path: string): void {
    if (!this.#sinks.has(identity)) return;
    throw argumentError(TypeError, "source", `is a sink that is being written${named(path)}`);
  }
}

function named(path: string): string {
  return path === "" ? "" : `: ${path}`;
}
