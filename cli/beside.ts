/**
 * A temporary file in the folder of another, which it replaces when it is complete, so that the other one is complete at any
 * time. A lock file exists during the replacement, so that two such programs can't overwrite each other's work.
 */
import { dirname, join } from "node:path";
import { files } from "../io/files.ts";
import { type FileState, terminal } from "./console.ts";
import { Failure, systemErrorText } from "./errors.ts";

/** An empty temporary file; it is deleted at the end of the scope, unless it has replaced the other file. */
export class FileBeside implements Disposable {
  /** Its path. */
  readonly path: string;
  #replaced: string;
  #state: FileState;

  /**
   * @param replaced Path of the file that it will replace, without symbolic links.
   * @param state State of that file before it was first read.
   * @throws {Failure} There is no permission to write the file or its folder.
   */
  constructor(replaced: string, state: FileState) {
    const number = crypto.getRandomValues(new Uint32Array(1))[0]!.toString(36);
    this.#replaced = replaced;
    this.#state = state;
    this.path = join(dirname(replaced), `.avio-${number}.tmp`);
    attempt(`Cannot write ${replaced}`, () => files.openSync(replaced, { read: true, write: true }).close());
    attempt(
      `Cannot write into the folder ${dirname(replaced)}`,
      () => terminal.createLike(replaced, this.path),
    );
  }

  /** The number of other hard links to the file, which will keep the old content. */
  get otherNames(): number {
    return this.#state.links - 1;
  }

  /** @throws {Failure} The file has changed since it was first read. */
  checkUnchanged(): void {
    if (isSame(terminal.stateOf(this.#replaced), this.#state)) return;
    throw new Failure(`${this.#replaced} was changed by another program meanwhile: that version is kept`);
  }

  /**
   * Replaces the file.
   *
   * @throws {Failure} The file has changed, or can't be replaced.
   */
  replace(): void {
    const replaced = this.#replaced, what = `Cannot replace ${replaced}`;
    attempt(what, () => terminal.syncFile(this.path));
    const lock = join(dirname(replaced), `.avio-${this.#state.ino.toString(36)}.lock`);
    attempt(
      `${replaced} is being replaced by another program, if there is ${lock}`,
      () => terminal.writeFile(lock, new Uint8Array(), { createNew: true }),
    );
    try {
      this.checkUnchanged();
      attempt(what, () => terminal.renameFile(this.path, replaced));
    } finally {
      terminal.removeFile(lock);
    }
  }

  [Symbol.dispose](): void {
    try {
      terminal.removeFile(this.path);
    } catch {
      // It has replaced the file.
    }
  }
}

function isSame(a: FileState, b: FileState): boolean {
  return a.ino === b.ino && a.size === b.size && a.modified === b.modified;
}

function attempt(what: string, action: () => void): void {
  try {
    action();
  } catch (error) {
    throw new Failure(`${what}: ${reasonOf(error)}`);
  }
}

/** Without the path, which the user may not have named. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return systemErrorText(error).replace(/: [^:]*$/, "");
}
