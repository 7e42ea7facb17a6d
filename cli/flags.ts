/**
 * Parses flags with `parseArgs` of node:util. Unknown flags and missing values are UsageErrors; the values themselves are
 * checked in `arguments.ts`.
 */
import { parseArgs, type ParseArgsConfig } from "node:util";
import { UsageError } from "./errors.ts";

/** Definitions of a command's flags, for parseArgs. */
type Flags = NonNullable<ParseArgsConfig["options"]>;

/** What parseArgs returns for these flags. */
export type Parsed<T extends Flags> = ReturnType<typeof parseArgs<{ options: T; allowPositionals: true }>>;

/** Parses the flags and the positional arguments. */
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
