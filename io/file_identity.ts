/**
 * The identity of a file, independent of its name: device and inode as text. Only regular files have one: pipes,
 * terminals and devices store nothing that could be overwritten. Also sources that are files, as `OpenFiles` compares
 * them.
 */
import type { SourceFiles } from "../ffi/open_files.ts";
import { type Operation, step } from "../ffi/operation.ts";
import { turnStep } from "../ffi/turns.ts";
import type { FileStatus, OpenFile } from "./file_system.ts";
import { files } from "./files.ts";

/** The identity of a file from its `stat`; null if it has none. */
export function identityOf(
  { isFile, dev, ino }: FileStatus,
): string | null {
  return isFile && ino !== null ? `${dev}:${ino}` : null;
}

/** Whether a path may be read without a permission prompt. */
export function mayRead(path: string): boolean {
  return files.mayRead(path);
}

/** Paths examined per turn of the event loop: a playlist may name tens of thousands. */
const AT_A_TIME = 256;

/** The identities of the files at these paths. */
export function* identitiesAt(paths: readonly string[]): Operation<(string | null)[]> {
  const identities: (string | null)[] = [];
  for (let at = 0; at < paths.length; at += AT_A_TIME) {
    const some = paths.slice(at, at + AT_A_TIME);
    const looked = yield* step(() => some.map(identitySync), () => Promise.all(some.map(identity)));
    for (const identity of looked) identities.push(identity);
    yield* turnStep();
  }
  return identities;
}

function identitySync(path: string): string | null {
  try {
    return mayRead(path) ? identityOf(files.statSync(path)) : null;
  } catch {
    return null; // opening it reports a better error
  }
}

async function identity(path: string): Promise<string | null> {
  try {
    return mayRead(path) ? identityOf(await files.stat(path)) : null;
  } catch {
    return null;
  }
}

function* identityOfStdin(): Operation<string | null> {
  try {
    return identityOf(yield* step(() => files.stdin.statSync(), () => files.stdin.stat()));
  } catch {
    return null; // closed
  }
}

/** The identity of the file that standard output is redirected to; null for a pipe or terminal. */
export function identityOfStdout(): string | null {
  try {
    return identityOf(files.stdoutStatus());
  } catch {
    return null; // closed
  }
}

// ------------------------------------------------------------------------------------------- as sources

function sourceFile(identity: () => Operation<string | null>): SourceFiles {
  return {
    *find(wanted) {
      return (yield* identity()) === wanted ? "the source" : null;
    },
  };
}

/** A source whose identity is known. */
export function knownFile(identity: string): SourceFiles {
  return sourceFile(() => step(() => identity));
}

/** A source by path, examined when a sink is opened. */
export function fileAt(path: string): SourceFiles {
  return sourceFile(function* () {
    const [identity] = yield* identitiesAt([path]);
    return identity!;
  });
}

/** A source file that the caller has opened. */
export function openedFile(file: OpenFile): SourceFiles {
  return sourceFile(function* () {
    try {
      return identityOf(yield* step(() => file.statSync(), () => file.stat()));
    } catch {
      return null; // closed meanwhile
    }
  });
}

/** Standard input, which the shell may have redirected from a file. */
export function standardInput(): SourceFiles {
  return sourceFile(identityOfStdin);
}
