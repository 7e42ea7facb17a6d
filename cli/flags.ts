/**
 * Flags as `parseArgs` has them, and what can be wrong with them before their values are looked at: an error here is a
 * UsageError in the words of the command line.
 */
import { parseArgs, type ParseArgsConfig } from "node:util";
import { UsageError } from "./errors.ts";

/** The flags of a command, for parseArgs. */
type Flags = NonNullable<ParseArgsConfig["options"]>;

/** What parseArgs makes of a command line with these flags. */
export type Parsed<T extends Flags> = ReturnType<typeof parseArgs<{ options: T; allowPositionals: true }>>;

/** The values of flags, and what else is on the command line. */
export function parseFlags<T extends Flags>(args: string[], flags: T): Parsed<T> {
  const config = { args, options: flags, allowPositionals: true } as const;
  for (const token of parseArgs({ ...config, strict: false, tokens: true }).tokens) {
    if (token.kind === "option") checkFlag(token, flags[token.name]?.type);
  }
  return parseArgs(config);
}

function checkFlag(
  { rawName, value, inlineValue }: {
    rawName: string;
    value?: string | undefined;
    inlineValue?: boolean | undefined;
  },
  type: "boolean" | "string" | undefined,
): void {
  if (type === undefined) throw new UsageError(`Unknown option '${rawName}'`);
  if (type === "boolean" && value !== undefined) throw new UsageError(`${rawName}: takes no value`);
  const isNext = !inlineValue && value !== undefined && /^-./.test(value); // an option, not a value
  if (type === "string" && (value === undefined || isNext)) {
    throw new UsageError(`${rawName}: the value is missing`);
  }
}
