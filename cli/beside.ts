/**
 * A file that is written beside another and then takes its place, so that the other is whole all the time.
 */
import { dirname, join } from "node:path";
import type { FileStatus } from "../io/file_system.ts";
import { files } from "../io/files.ts";
import { terminal } from "./console.ts";
import { Failure, systemErrorText } from "./errors.ts";

/** An empty file beside another; it is removed at the end of the scope, unless it has replaced the other. */
export class FileBeside implements Disposable {
  /** Its path. */
  readonly path: string;
  #replaced: string;
  #status: FileStatus;

  /**
   * @param replaced Path of the file that it is to replace, without symbolic links.
   * @throws {Failure} The other may not be written, or nothing beside it.
   */
  constructor(replaced: string) {
    const number = crypto.getRandomValues(new Uint32Array(1))[0]!.toString(36);
    this.#replaced = replaced;
    this.#status = files.statSync(replaced);
    this.path = join(dirname(replaced), `.avio-${number}.tmp`);
    attempt(`Cannot write ${replaced}`, () => files.openSync(replaced, { read: true, write: true }).close());
    attempt(
      `Cannot write into the folder ${dirname(replaced)}`,
      () => terminal.createLike(replaced, this.path),
    );
  }

  /**
   * Puts it in the place of the other.
   *
   * @throws {Failure} The other is no longer the file that it was, or can't be replaced.
   */
  replace(): void {
    const { dev, ino, size } = files.statSync(this.#replaced), before = this.#status;
    if (dev !== before.dev || ino !== before.ino || size !== before.size) {
      throw new Failure(
        `${this.#replaced} was changed by another program meanwhile: it is left as that left it`,
      );
    }
    attempt(`Cannot replace ${this.#replaced}`, () => terminal.replaceFile(this.path, this.#replaced));
  }

  [Symbol.dispose](): void {
    try {
      terminal.removeFile(this.path);
    } catch {
      // It has replaced the other.
    }
  }
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
