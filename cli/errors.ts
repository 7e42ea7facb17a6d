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
  return parsed.path === null ? parsed.reason : `${parsed.reason}: ${parsed.path}`;
}

/** The path in the error of a failed system call; null without one. */
export function systemErrorPath(error: Error): string | null {
  return systemError(error)?.path ?? null;
}

/** The parts of the error of a failed system call. */
interface SystemError {
  reason: string;
  path: string | null;
}

/** Parses the error of a failed system call, of Deno or Node; null for any other error. */
function systemError(error: Error): SystemError | null {
  return "syscall" in error ? nodeError(error) : denoError(error);
}

/** The operating system's texts for codes whose text is different on Node. */
const reasons: Readonly<Record<string, string>> = {
  EISDIR: "Is a directory",
  EEXIST: "File exists",
  ENOENT: "No such file or directory",
  ENOTDIR: "Not a directory",
  EACCES: "Permission denied",
};

/** `ENOENT: no such file or directory, open 'clip.mp4'` */
function nodeError(error: Error & { code?: unknown; path?: unknown }): SystemError {
  const code = String(error.code);
  const [text] = error.message.slice(`${code}: `.length).split(", ") as [string];
  const reason = reasons[code] ?? text.charAt(0).toUpperCase() + text.slice(1);
  return { reason, path: typeof error.path === "string" ? error.path : null };
}

/** `No such file or directory (os error 2): open 'clip.mp4'`. A path may contain anything; it is parsed in one pass. */
function denoError({ message }: Error): SystemError | null {
  const at = message.indexOf(" (os error ");
  const rest = at === -1 ? "" : message.slice(at);
  const [head, call] = /^ \(os error \d+\)(: \w+ ')?/.exec(rest) ?? [];
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
