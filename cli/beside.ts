/**
 * A file that is written beside another and then takes its place, so that the other is whole all the time. A lock file that
 * exists for that moment keeps two such programs from replacing each other's work.
 */
import { dirname, join } from "node:path";
import { files } from "../io/files.ts";
import { type FileState, terminal } from "./console.ts";
import { Failure, systemErrorText } from "./errors.ts";

/** An empty file beside another; it is removed at the end of the scope, unless it has replaced the other. */
export class FileBeside implements Disposable {
  /** Its path. */
  readonly path: string;
  #replaced: string;
  #state: FileState;

  /**
   * @param replaced Path of the file that it is to replace, without symbolic links.
   * @throws {Failure} The other may not be written, or nothing beside it.
   */
  constructor(replaced: string) {
    const number = crypto.getRandomValues(new Uint32Array(1))[0]!.toString(36);
    this.#replaced = replaced;
    this.#state = terminal.stateOf(replaced);
    this.path = join(dirname(replaced), `.avio-${number}.tmp`);
    attempt(`Cannot write ${replaced}`, () => files.openSync(replaced, { read: true, write: true }).close());
    attempt(
      `Cannot write into the folder ${dirname(replaced)}`,
      () => terminal.createLike(replaced, this.path),
    );
  }

  /** Other names of the file that it is to replace: these keep that. */
  get otherNames(): number {
    return this.#state.links - 1;
  }

  /**
   * Puts it in the place of the other.
   *
   * @throws {Failure} The other is no longer the file that it was, or can't be replaced.
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
      if (!isSame(terminal.stateOf(replaced), this.#state)) {
        throw new Failure(`${replaced} was changed by another program meanwhile: it is left as that left it`);
      }
      attempt(what, () => terminal.renameFile(this.path, replaced));
    } finally {
      terminal.removeFile(lock);
    }
  }

  [Symbol.dispose](): void {
    try {
      terminal.removeFile(this.path);
    } catch {
      // It has replaced the other.
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
