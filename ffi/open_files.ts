/**
 * Which files a session reads and which it writes: no file may be both, since what is read would be overwritten. Files are
 * compared by their identity (device and inode), so links are the files that they lead to. Nothing here asks the file
 * system: `io/file_identity.ts` does.
 */
import { argumentError } from "./errors.ts";
import type { Operation } from "./operation.ts";

/** Files that are read, or that may be read later. */
export interface SourceFiles {
  /** What a file is to the session, in words ("the source"); null where it is none of these. */
  find(identity: string): Operation<string | null>;
}

/** Playlists whose names are remembered; of more, the oldest are forgotten. */
const MAX_LISTS = 64;

/** The files of one session. */
export class OpenFiles {
  #sources = new Set<SourceFiles>();
  /** How often a file is open to be written, by its identity. */
  #sinks = new Map<string, number>();
  /** By the path of the playlist that names them. */
  #listed = new Map<string, SourceFiles>();

  /** These files are sources now; the result ends that. */
  addSource(files: SourceFiles): () => void {
    this.#sources.add(files);
    return () => void this.#sources.delete(files);
  }

  /** This file is a sink now; the result ends that. */
  addSink(identity: string): () => void {
    const change = (by: number) => this.#sinks.set(identity, (this.#sinks.get(identity) ?? 0) + by);
    change(1);
    return () => {
      if (change(-1).get(identity) === 0) this.#sinks.delete(identity);
    };
  }

  /** A playlist names these files; read again, it names others. */
  list(path: string, files: SourceFiles): void {
    this.#listed.delete(path);
    this.#listed.set(path, files);
    const [oldest] = this.#listed.keys();
    if (this.#listed.size > MAX_LISTS) this.#listed.delete(oldest!);
  }

  /** Throws where a file that is to be written is a source. */
  *checkSink(identity: string, path: string): Operation<void> {
    for (const files of [...this.#sources, ...this.#listed.values()]) {
      const what = yield* files.find(identity);
      if (what === null) continue;
      throw argumentError(TypeError, "sink", `is ${what}, which it would overwrite${named(path)}`);
    }
  }

  /** Throws where a file that is to be read is being written. */
  checkSource(identity: string, path: string): void {
    if (!this.#sinks.has(identity)) return;
    throw argumentError(TypeError, "source", `is a sink that is being written${named(path)}`);
  }
}

function named(path: string): string {
  return path === "" ? "" : `: ${path}`;
}
