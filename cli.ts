/**
 * The command line: `avio probe`, `packets`, `remux`, `split`, `concat`, `merge`, `extract`, `rewrite`, `formats`, `help`
 * and `completions`. This file defines the flags of each command, calls the command, and turns errors into a line on stderr
 * and an exit code; the commands are in `cli/`.
 *
 * ```sh
 * deno run --allow-ffi --allow-read --allow-write cli.ts remux in.mp4 out.mkv
 * npx avio remux in.mp4 out.mkv
 * ```
 *
 * On Deno it needs `--allow-ffi` and `--allow-read`, to remux into a file `--allow-write` too, and for URLs `--allow-net`.
 * With `--allow-env=AVIO_SHIM_PATH` that variable can name the shared library.
 *
 * @module
 */
import {
  checkFiles,
  checkFilesGiven,
  checkManyFiles,
  keyValues,
  mediaTypes,
  rangeOf,
  rangesOf,
  splitPoints,
  streamEdits,
  streamFilters,
  streamIndexes,
  tagsOf,
  targetOf,
  timestampsOf,
} from "./cli/arguments.ts";
import { completions } from "./cli/completions.ts";
import { concat } from "./cli/concat.ts";
import { terminal } from "./cli/console.ts";
import { argumentFault, explain, UsageError } from "./cli/errors.ts";
import { extract } from "./cli/extract.ts";
import { describeFormat } from "./cli/format.ts";
import { type Parsed, parseFlags } from "./cli/flags.ts";
import { formats } from "./cli/formats.ts";
import { type CommandName, help, overview, topics, versionText } from "./cli/help.ts";
import { inputFlagOf, inputFlags, inputOptions } from "./cli/input.ts";
import { Interrupted } from "./cli/interrupt.ts";
import { merge } from "./cli/merge.ts";
import { checkNew } from "./cli/output_checks.ts";
import { packets } from "./cli/packets.ts";
import { probe } from "./cli/probe.ts";
import { remux } from "./cli/remux.ts";
import { rewrite } from "./cli/rewrite.ts";
import { split } from "./cli/split.ts";
import { print, writeStderr } from "./cli/streams.ts";
import { printable } from "./cli/text.ts";
import type { Transfer } from "./cli/transfer.ts";
import { EXIT } from "./cli/warnings.ts";
import { files } from "./io/files.ts";
import { setLogLevel } from "./mod.ts";

const flag = { type: "boolean", default: false } as const;
const text = { type: "string" } as const;
const texts = { type: "string", multiple: true, default: [] as string[] } as const;

/** Flags about the output format, and about what is printed meanwhile. */
const formatFlags = {
  format: { ...text, short: "f" },
  option: { ...texts, short: "o" },
  experimental: flag,
  quiet: { ...flag, short: "q" },
  verbose: { ...flag, short: "v" },
} as const;

/** Flags of the commands that write media. */
const outputFlags = {
  ...formatFlags,
  "no-coalesce": flag,
  "no-overwrite": { ...flag, short: "n" },
  overwrite: { ...flag, short: "y" },
} as const;

/** Flags that change tags and streams. */
const editFlags = {
  filter: texts,
  metadata: texts,
  "no-metadata": flag,
  "stream-metadata": texts,
  disposition: texts,
  "codec-tag": texts,
  "stream-id": texts,
} as const;

/** Flags of the commands that copy streams. */
const transferFlags = {
  ...inputFlags,
  ...outputFlags,
  start: text,
  end: text,
  timestamps: text,
  only: texts,
  streams: texts,
  ...editFlags,
  "no-chapters": flag,
} as const;

/** Options of the output format; `--experimental` is FFmpeg's `-strict experimental`. */
function outputOptions(values: { option: string[]; experimental: boolean }): Record<string, string> {
  return { ...(values.experimental ? { strict: "experimental" } : {}), ...keyValues(values.option, "-o") };
}

type TransferValues = Parsed<typeof transferFlags>["values"];

function transferArguments(output: string, values: TransferValues): Transfer {
  if (values["no-overwrite"] && values.overwrite) throw new UsageError("-n can't be combined with -y");
  if (values["no-overwrite"]) checkNew(output);
  if (values.quiet && values.verbose) throw new UsageError("-q can't be combined with -v");
  if (values.verbose) setLogLevel("info");
  return {
    output,
    format: values.format,
    options: outputOptions(values),
    inputOptions: inputOptions(values),
    ...rangeOf(values.start, values.end),
    timestamps: timestampsOf(values.timestamps),
    only: mediaTypes(values.only, "--only"),
    streams: streamIndexes(values.streams, "--streams"),
    filters: streamFilters(values.filter, "--filter"),
    metadata: tagsOf(values.metadata, "--metadata"),
    noMetadata: values["no-metadata"],
    noChapters: values["no-chapters"],
    edits: streamEdits(values),
    noCoalesce: values["no-coalesce"],
    quiet: values.quiet,
    verbose: values.verbose,
  };
}

/** The exit code of a command; none is 0. */
type ExitCode = number | void;

const commands: Readonly<Record<CommandName, (args: string[]) => ExitCode | Promise<ExitCode>>> = {
  probe(args) {
    const verbose = { ...flag, short: "v" } as const;
    const options = { ...inputFlags, json: flag, "media-info": flag, verbose } as const;
    const { values, positionals } = parseFlags(args, options);
    if (values.verbose) setLogLevel("info");
    const files = checkFilesGiven(positionals);
    if (values.json && values["media-info"]) {
      throw new UsageError("--json can't be combined with --media-info");
    }
    return probe(files, values, inputOptions(values));
  },

  packets(args) {
    const options = { ...inputFlags, json: flag } as const;
    const { values, positionals } = parseFlags(args, options);
    const [file] = checkFiles(positionals, ["FILE"]) as [string];
    return packets(file, values, inputOptions(values));
  },

  remux(args) {
    const { values, positionals } = parseFlags(args, { ...transferFlags, range: texts });
    const [input, output] = checkFiles(positionals, ["IN", "OUT"]) as [string, string];
    const ranges = rangesOf(values.range, "--range");
    if (ranges.length > 0 && (values.start ?? values.end) !== undefined) {
      throw new UsageError("--range can't be combined with --start and --end");
    }
    return remux({ input, ...transferArguments(output, values), ...(ranges.length > 0 ? { ranges } : {}) });
  },

  split(args) {
    const { "no-chapters": _, ...shared } = transferFlags; // segments have none
    const points = { every: text, at: text, count: text, size: text } as const;
    const { values, positionals } = parseFlags(args, { ...shared, ...points, "keep-times": flag });
    const [input, output] = checkFiles(positionals, ["IN", "OUT"]) as [string, string];
    const transfer = transferArguments(output, { ...values, "no-chapters": false });
    const { "keep-times": keepTimes, "no-overwrite": noOverwrite } = values;
    return split({ input, points: splitPoints(values), keepTimes, noOverwrite, ...transfer });
  },

  concat(args) {
    const { values, positionals } = parseFlags(args, transferFlags);
    const { inputs, output } = checkManyFiles(positionals);
    return concat({ inputs, ...transferArguments(output, values) });
  },

  merge(args) {
    const options = {
      ...inputFlags,
      ...outputFlags,
      start: text,
      end: text,
      timestamps: text,
      metadata: texts,
      "no-metadata": flag,
      "no-chapters": flag,
      pick: texts,
      language: texts,
      title: texts,
      disposition: texts,
      delay: texts,
      cover: texts,
      attach: texts,
      chapters: text,
    } as const;
    const { values, positionals } = parseFlags(args, options);
    const { inputs, output } = checkManyFiles(positionals);
    if (values.chapters !== undefined && values["no-chapters"]) {
      throw new UsageError("--chapters can't be combined with --no-chapters");
    }
    const noTrackFlags = {
      streams: [],
      only: [],
      filter: [],
      "stream-metadata": [],
      "codec-tag": [],
      "stream-id": [],
    };
    return merge({
      inputs,
      ...transferArguments(output, { ...values, ...noTrackFlags, disposition: [] }),
      tracks: values,
      covers: values.cover,
      attach: values.attach,
      chaptersFrom: values.chapters,
    });
  },

  extract(args) {
    const options = {
      ...inputFlags,
      ...outputFlags,
      stream: text,
      attachment: text,
      cover: flag,
      all: flag,
    } as const;
    const { values, positionals } = parseFlags(args, options);
    const [input, output] = checkFiles(positionals, ["IN", "OUT"]) as [string, string];
    const target = targetOf(values);
    if (!("stream" in target) && (values.format !== undefined || values.option.length > 0)) {
      throw new UsageError("-f and -o need --stream: attachments and covers are copied unchanged");
    }
    const rest = {
      streams: [],
      only: [],
      filter: [],
      metadata: [],
      "no-metadata": false,
      "stream-metadata": [],
      disposition: [],
      "codec-tag": [],
      "stream-id": [],
      "no-chapters": false,
    };
    return extract({ input, ...transferArguments(output, { ...values, ...rest }) }, target);
  },

  rewrite(args) {
    const options = {
      ...inputFlags,
      ...formatFlags,
      ...editFlags,
      cover: texts,
      "no-cover": flag,
      chapters: text,
      "no-chapters": flag,
      "dry-run": { ...flag, short: "n" },
      yes: { ...flag, short: "y" },
    } as const;
    const { values, positionals } = parseFlags(args, options);
    const [file] = checkFiles(positionals, ["FILE"]) as [string];
    if (values.cover.length > 0 && values["no-cover"]) {
      throw new UsageError("--cover can't be combined with --no-cover");
    }
    if (values.chapters !== undefined && values["no-chapters"]) {
      throw new UsageError("--chapters can't be combined with --no-chapters");
    }
    const rest = { streams: [], only: [], "no-coalesce": false, "no-overwrite": false, overwrite: false };
    return rewrite({
      ...transferArguments(file, { ...values, ...rest }),
      covers: values.cover,
      noCovers: values["no-cover"],
      chaptersFrom: values.chapters,
      dryRun: values["dry-run"],
      allowLosses: values.yes,
    });
  },

  formats(args) {
    const options = { inputs: flag, outputs: flag, all: flag, json: flag } as const;
    const { values, positionals } = parseFlags(args, options);
    if (positionals.length > 0) return describeFormat(checkFiles(positionals, ["NAME"])[0]!, values);
    if (values.all) throw new UsageError("--all needs the NAME of a format");
    formats(values);
  },
};

/**
 * Runs a command line.
 *
 * @param args The arguments, without the name of the program.
 * @returns The exit code.
 */
export async function main(args: string[]): Promise<number> {
  const [name, ...rest] = args;
  if (name === undefined) {
    writeStderr(`${overview}\n`);
    return EXIT.USAGE;
  }
  try {
    return await run(name, rest) ?? EXIT.DONE;
  } catch (error) {
    // The reader of stdout has closed it, like `head`: no error.
    if (files.is(error, "BrokenPipe")) return EXIT.DONE;
    const text = usageText(error);
    if (text !== null) return usage(text, name);
    writeStderr(`avio: ${explain(error)}\n`);
    return error instanceof Interrupted ? error.exitCode : EXIT.FAILED;
  }
}

async function run(name: string, args: string[]): Promise<ExitCode> {
  if (name === "help") return printHelp(args);
  if (name === "completions" && !args.some(isHelpFlag)) return completions(checkFiles(args, ["SHELL"])[0]!);
  if (name === "completions") return print(topics.completions!);
  if (isHelpFlag(name)) return print(overview);
  if (name === "-V" || name === "--version") return print(versionText());
  if (!isCommand(name)) {
    throw new UsageError(name.startsWith("-") ? `Unknown option '${name}'` : `Unknown command '${name}'`);
  }
  if (args.some(isHelpFlag)) return print(help[name]);
  return await commands[name](args);
}

/** `avio help`, `avio help remux`, `avio help streams` */
function printHelp(args: string[]): void {
  const [topic, ...more] = args;
  if (topic === undefined || isHelpFlag(topic)) return print(overview);
  if (more.length > 0) throw new UsageError(`Unexpected argument '${more[0]}'`);
  if (isCommand(topic)) return print(help[topic]);
  if (Object.hasOwn(topics, topic)) return print(topics[topic]!);
  const known = [...Object.keys(help), ...Object.keys(topics)].join(", ");
  throw new UsageError(`Unknown topic '${topic}'; the topics are ${known}`);
}

function isHelpFlag(word: string): boolean {
  return word === "-h" || word === "--help";
}

function isCommand(name: string): name is CommandName {
  return Object.hasOwn(commands, name);
}

/** The message of an error in the command line; null for any other error. */
function usageText(error: unknown): string | null {
  if (error instanceof UsageError) return error.message;
  const fault = argumentFault(error);
  const flag = fault && inputFlagOf(fault.argument);
  return flag ? `${flag}: ${fault.text}` : null;
}

function usage(message: string, command: string): number {
  const hint = isCommand(command) ? `avio ${command} --help` : "avio --help";
  writeStderr(`avio: ${printable(message)}\nTry: ${hint}\n`);
  return EXIT.USAGE;
}

if (import.meta.main) terminal.exit(await main(terminal.args()));
