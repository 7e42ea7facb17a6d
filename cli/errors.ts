/**
 * What can go wrong on the command line, and how it is said in one line: the two kinds of errors that the commands
 * throw themselves, and the words for everybody else's. Printing it and the exit code are `cli.ts`'s.
 */
import { AVError, LibraryNotFoundError } from "../mod.ts";
import { printable } from "./text.ts";

/** The command line itself is wrong: exit code 2, with a hint. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/** The work can't be done, in words for the user: exit code 1. */
export class Failure extends Error {
  override readonly name = "Failure";
}

/** What is wrong with an argument of the library: its name, and what the error's message says behind it. */
export interface ArgumentFault {
  argument: string;
  fault: string;
}

/** What an error says of an argument; null where it is about something else. */
export function argumentFault(error: unknown): ArgumentFault | null {
  if (!(error instanceof TypeError || error instanceof RangeError)) return null;
  if (!("argument" in error) || typeof error.argument !== "string") return null;
  const { argument, message } = error;
  return { argument, fault: message.slice(`${argument}: `.length) };
}

/** `No such file or directory: clip.mp4`, from Deno's `No such file or directory (os error 2): open 'clip.mp4'`. */
export function systemErrorText(error: Error): string {
  const said = systemError(error);
  if (said === null) return error.message;
  return said.path === null ? said.reason : `${said.reason}: ${said.path}`;
}

/** The path that a failed call of Deno was about, null where it doesn't say. */
export function systemErrorPath(error: Error): string | null {
  return systemError(error)?.path ?? null;
}

/** What is said of a failed call of the system. */
interface SystemError {
  reason: string;
  path: string | null;
}

/** What Deno or Node says of a failed call; null of another error. */
function systemError(error: Error): SystemError | null {
  return "syscall" in error ? nodeError(error) : denoError(error);
}

/** The system's words, where Node has its own. */
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
  const [said] = error.message.slice(`${code}: `.length).split(", ") as [string];
  const reason = reasons[code] ?? said.charAt(0).toUpperCase() + said.slice(1);
  return { reason, path: typeof error.path === "string" ? error.path : null };
}

/** `No such file or directory (os error 2): open 'clip.mp4'`. A path may be anything, and is read once. */
function denoError({ message }: Error): SystemError | null {
  const at = message.indexOf(" (os error ");
  const rest = at === -1 ? "" : message.slice(at);
  const [head, call] = /^ \(os error \d+\)(: \w+ ')?/.exec(rest) ?? [];
  if (head === undefined) return null;
  const isWhole = call === undefined ? rest === head : rest.length > head.length && rest.endsWith("'");
  if (!isWhole) return null;
  return { reason: message.slice(0, at), path: call === undefined ? null : rest.slice(head.length, -1) };
}

/** Any error, for people: never a stack trace. */
export function explain(error: unknown): string {
  if (error instanceof LibraryNotFoundError) return error.message; // several lines, all of them needed
  if (error instanceof AVError || error instanceof Failure) return printable(error.message);
  return printable(error instanceof Error ? systemErrorText(error) : String(error));
}
