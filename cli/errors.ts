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

/** Whether an error is one of parseArgs. */
export function isParseError(error: unknown): error is Error {
  return error instanceof Error && String((error as { code?: unknown }).code).startsWith("ERR_PARSE_ARGS");
}

/** `Option '--start <value>' argument missing`: what parseArgs says, without the advice behind it. */
export function parseErrorText(error: Error): string {
  const [sentence] = error.message.split(/\.\s/) as [string];
  return sentence.replace(/\.$/, "").replace("argument is ambiguous", "argument missing");
}

/** What the library says of an option that no input has, in the words of the command line; null for another error. */
export function inputOptionText(error: unknown): string | null {
  const [, name, text] = error instanceof TypeError && error.message.match(/^options\.([^:]*): (.*)$/s) || [];
  return name === undefined ? null : `-i ${name}: ${text}`;
}

/** `No such file or directory: clip.mp4`, from Deno's `No such file or directory (os error 2): open 'clip.mp4'`. */
export function systemErrorText(error: Error): string {
  const [, reason, path] = error.message.match(/^(.*?) \(os error \d+\)(?:: \w+ '(.*)')?$/s) ?? [];
  if (reason === undefined) return error.message;
  return path === undefined ? reason : `${reason}: ${path}`;
}

/** The path that a failed call of Deno was about, null where it doesn't say. */
export function systemErrorPath(error: Error): string | null {
  return error.message.match(/\(os error \d+\): \w+ '(.*)'$/s)?.[1] ?? null;
}

/** Any error, for people: never a stack trace. */
export function explain(error: unknown): string {
  if (error instanceof LibraryNotFoundError) return error.message; // several lines, all of them needed
  if (error instanceof AVError || error instanceof Failure) return printable(error.message);
  return printable(error instanceof Error ? systemErrorText(error) : String(error));
}
