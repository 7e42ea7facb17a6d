/**
 * Text of files and servers on a terminal.
 */

/** Control characters, which move the cursor or begin a terminal command, and marks that change the direction of text. */
// deno-lint-ignore no-control-regex
export const COMMANDS = /[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g;

/** Replaces control characters other than line feeds. */
export function harmless(text: string): string {
  return text.replace(COMMANDS, (sign) => sign === "\n" ? sign : "\ufffd");
}
