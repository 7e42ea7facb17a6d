/**
 * Errors of the command line as one line of text: the two classes that the commands throw themselves, and the wording of
 * errors of the library and of the runtime. `cli.ts` prints them and chooses the exit code.
 */
import { AVError, LibraryNotFoundError } from "../mod.ts";
import { printable } from "./text.ts";

/** The command line itself is wrong: exit code 2, with a hint. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/** The command failed; the message is meant for the user: exit code 1. */
export class Failure extends Error {
  override readonly name = "Failure";
}

/** An invalid argument of the library. */
export interface ArgumentFault {
  /** Its name. */
  argument: string;
  /** The error's message without the name. */
  text: string;
}

/** The argument that an error of the library is about; null for any other error. */
export function argumentFault(error: unknown): ArgumentFault | null {
  if (!(error instanceof TypeError || error instanceof RangeError)) return null;
  if (!("argument" in error) || typeof error.argument !== "string") return null;
  const { argument, message } = error;
  return { argument, text: message.slice(`${argument}: `.length) };
}

/** `No such file or directory: clip.mp4`, from Deno's `No such file or directory (os error 2): open 'clip.mp4'`. */
export function systemErrorText(error: Error): string {
  const parsed = systemError(error);
  if (parsed === null) return error.message;
  const { reason, path, position } = parsed;
  const place = [path, position === null ? null : `at byte ${position}`].filter((part) => part !== null);
  return place.length ? `${reason}: ${place.join(", ")}` : reason;
}

/** The path in the error of a failed system call, null without one; and what could not be done with the file. */
export function systemErrorPlace(error: Error): { path: string | null; action: "open" | "read" | "write" } {
  const { path = null, position = null } = systemError(error) ?? {};
  const isWritten = /\bwrite\b.* at byte \d+$/s.test(error.message);
  return { path, action: position === null ? "open" : isWritten ? "write" : "read" };
}

/** The parts of the error of a failed system call. */
interface SystemError {
  reason: string;
  path: string | null;
  /** The byte of a file that could not be read or written. */
  position: string | null;
}

/** Parses the error of a failed system call, of Deno or Node; null for any other error. */
function systemError(error: Error): SystemError | null {
  const [, message = error.message, position = null] = /^(.*) at byte (\d+)$/s.exec(error.message) ?? [];
  const parsed = "syscall" in error ? nodeError(error, message) : denoError(message);
  return parsed && { ...parsed, position };
}

/** The operating system's texts for codes whose text is different on Node. */
const reasons: Readonly<Record<string, string>> = {
  EISDIR: "Is a directory",
  EEXIST: "File exists",
  ENOENT: "No such file or directory",
  ENOTDIR: "Not a directory",
  EACCES: "Permission denied",
  EIO: "Input/output error",
};

/** `ENOENT: no such file or directory, open 'clip.mp4'` */
function nodeError(
  error: Error & { code?: unknown; path?: unknown },
  message: string,
): Omit<SystemError, "position"> {
  const code = String(error.code);
  const [text] = message.slice(`${code}: `.length).split(", ") as [string];
  const reason = reasons[code] ?? text.charAt(0).toUpperCase() + text.slice(1);
  return { reason, path: typeof error.path === "string" ? error.path : null };
}

/** `No such file or directory (os error 2): open 'clip.mp4'`. A path may contain anything; it is parsed in one pass. */
function denoError(message: string): Omit<SystemError, "position"> | null {
  const at = message.indexOf(" (os error ");
  const rest = at === -1 ? "" : message.slice(at);
  const [head, call] = /^ \(os error \d+\)(?:: \w+$|(: \w+ '))?/.exec(rest) ?? [];
  if (head === undefined) return null;
  const isWhole = call === undefined ? rest === head : rest.length > head.length && rest.endsWith("'");
  if (!isWhole) return null;
  return { reason: message.slice(0, at), path: call === undefined ? null : rest.slice(head.length, -1) };
}

/** Any error as text for the user: never a stack trace. */
export function explain(error: unknown): string {
  if (error instanceof LibraryNotFoundError) return error.message; // several lines, all of them needed
  if (error instanceof AVError || error instanceof Failure) return printable(error.message);
  return printable(error instanceof Error ? systemErrorText(error) : String(error));
}
