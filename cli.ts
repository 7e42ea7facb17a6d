/**
 * The command line: `avio probe`, `packets`, `remux` and `formats`. This file knows which flags there are, calls
 * the command, and turns errors into a line on stderr and an exit code; the commands are in `cli/`.
 *
 * ```sh
 * deno run --allow-ffi --allow-read --allow-write cli.ts remux in.mp4 out.mkv
 * ```
 *
 * It needs `--allow-ffi` and `--allow-read`, to remux into a file `--allow-write` too, and for URLs `--allow-net`.
 * With `--allow-env=AVIO_SHIM_PATH` that variable can name the shared library.
 *
 * @module
 */
import { parseArgs } from "node:util";
import { checkFiles, keyValues, mediaTypes, rangeOf } from "./cli/arguments.ts";
import { explain, isParseError, parseErrorText, UsageError } from "./cli/errors.ts";
import { formats } from "./cli/formats.ts";
import { type CommandName, help, overview, versionText } from "./cli/help.ts";
import { packets } from "./cli/packets.ts";
import { probe } from "./cli/probe.ts";
import { remux } from "./cli/remux.ts";
import { print, tell } from "./cli/streams.ts";

const flag = { type: "boolean", default: false } as const;
const text = { type: "string" } as const;
const texts = { type: "string", multiple: true, default: [] as string[] } as const;

const commands: Readonly<Record<CommandName, (args: string[]) => void | Promise<void>>> = {
  probe(args) {
    const { values, positionals } = parseArgs({ args, options: { json: flag }, allowPositionals: true });
    const [file] = checkFiles(positionals, ["FILE"]) as [string];
    return probe(file, values);
  },

  packets(args) {
    const { values, positionals } = parseArgs({ args, options: { json: flag }, allowPositionals: true });
    const [file] = checkFiles(positionals, ["FILE"]) as [string];
    return packets(file, values);
  },

  remux(args) {
    const options = {
      format: { ...text, short: "f" },
      option: { ...texts, short: "o" },
      start: text,
      end: text,
      only: texts,
      quiet: { ...flag, short: "q" },
    } as const;
    const { values, positionals } = parseArgs({ args, options, allowPositionals: true });
    const [input, output] = checkFiles(positionals, ["IN", "OUT"]) as [string, string];
    return remux({
      input,
      output,
      format: values.format,
      options: keyValues(values.option, "-o"),
      ...rangeOf(values.start, values.end),
      only: mediaTypes(values.only, "--only"),
      quiet: values.quiet,
    });
  },

  formats(args) {
    const options = { inputs: flag, outputs: flag, json: flag };
    const { values, positionals } = parseArgs({ args, options, allowPositionals: true });
    checkFiles(positionals, []);
    formats(values);
  },
};

/** Runs a command line; its exit code. */
async function main(args: string[]): Promise<number> {
  const [name, ...rest] = args;
  if (name === undefined) {
    tell(`${overview}\n`);
    return 2;
  }
  try {
    await run(name, rest);
    return 0;
  } catch (error) {
    // Whoever reads stdout has enough of it.
    if (error instanceof Deno.errors.BrokenPipe) return 0;
    if (isParseError(error)) return usage(parseErrorText(error), name);
    if (error instanceof UsageError) return usage(error.message, name);
    tell(`avio: ${explain(error)}\n`);
    return 1;
  }
}

async function run(name: string, args: string[]): Promise<void> {
  if (name === "-h" || name === "--help") return print(overview);
  if (name === "-V" || name === "--version") return print(...versionText());
  if (!isCommand(name)) {
    throw new UsageError(name.startsWith("-") ? `Unknown option '${name}'` : `Unknown command '${name}'`);
  }
  if (args.includes("-h") || args.includes("--help")) return print(help[name]);
  await commands[name](args);
}

function isCommand(name: string): name is CommandName {
  return Object.hasOwn(commands, name);
}

function usage(message: string, command: string): number {
  const hint = isCommand(command) ? `avio ${command} --help` : "avio --help";
  tell(`avio: ${message}\nTry: ${hint}\n`);
  return 2;
}

if (import.meta.main) Deno.exit(await main(Deno.args));
