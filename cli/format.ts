/**
 * `avio formats NAME`: describes a format's demuxer and muxer, with their options.
 */
import { type FormatInfo, type FormatOption, formatOptions, inputFormats, outputFormats } from "../mod.ts";
import { UsageError } from "./errors.ts";
import { print } from "./streams.ts";
import { indent, list, wrap } from "./table.ts";
import { json } from "./text.ts";

/** A demuxer or a muxer, with its options. */
type Described = FormatInfo & { options: FormatOption[] };

/** Runs the command; without `inputs` and `outputs` it describes both. */
export function describeFormat(
  name: string,
  flags: { inputs: boolean; outputs: boolean; all: boolean; json: boolean },
): void {
  const both = flags.inputs === flags.outputs;
  const input = both || flags.inputs ? find(name, "input", flags.all) : null;
  const output = both || flags.outputs ? find(name, "output", flags.all) : null;
  if (!input && !output) {
    throw new UsageError(
      `Unknown ${both ? "" : flags.inputs ? "input " : "output "}format '${name}'; ${HINT}`,
    );
  }
  if (flags.json) print(json({ name, input, output }, 2));
  else print(report(input, output));
}

const HINT = "avio formats lists them";

/** Finds a format by any of its names; like FFmpeg, the first of several with the same name. */
function find(name: string, direction: "input" | "output", all: boolean): Described | null {
  const known = direction === "input" ? inputFormats() : outputFormats();
  const wanted = name.toLowerCase();
  const isNamed = (format: FormatInfo) => [format.name, ...format.name.split(",")].includes(wanted);
  const format = known.find(isNamed);
  if (!format) return null;
  const options = formatOptions(format.name.split(",")[0]!, direction);
  return { ...format, options: options.filter(({ generic }) => all || !generic) };
}

// ------------------------------------------------------------------------------------------- as text

const WIDTH = 80;

function report(input: Described | null, output: Described | null): string[] {
  const sections = [
    ...(input ? [section("Read (demuxer)", "demuxer", input)] : []),
    ...(output ? [section("Written (muxer)", "muxer", output)] : []),
  ];
  return sections.flatMap((lines, index) => index > 0 ? ["", ...lines] : lines);
}

function section(title: string, what: string, format: Described): string[] {
  const own = format.options.filter(({ generic }) => !generic);
  const generic = format.options.filter(({ generic }) => generic);
  return [
    `${title}: ${format.longName || format.name}`,
    ...indent(facts(format)),
    ...options(`Options of this ${what}`, own),
    ...options(`Options of all ${what}s`, generic),
    ...(own.length === 0 ? ["", ...indent([`This ${what} has no options of its own.`])] : []),
  ];
}

function facts({ name, extensions, mimeTypes, flags, defaultCodecs = {} }: Described): string[] {
  const codecs = Object.entries(defaultCodecs).map(([type, codec]) => `${codec} (${type})`);
  const pairs: [string, string][] = [
    ["name", name],
    ["extensions", extensions.join(", ")],
    ["MIME types", mimeTypes.join(", ")],
    ["flags", flags.join(", ")],
    ["codecs", codecs.join(", ")],
  ];
  const column = "extensions".length + 4;
  return list(
    pairs.filter(([, value]) => value !== "").map(([title, value]) => [title, wrap(value, WIDTH - column)]),
  );
}

function options(title: string, options: readonly FormatOption[]): string[] {
  if (options.length === 0) return [];
  return ["", ...indent([title, ...indent(options.flatMap(optionLines))])];
}

/** `movflags (flags, default 0)`, its help, and its named values. */
function optionLines(option: FormatOption): string[] {
  const text = (words: string, depth: number) => wrap(words, WIDTH - depth);
  return [
    ...text(`${option.name} (${kind(option)})`, 4),
    ...indent(indent(text(option.help, 8))),
    ...indent(indent(constants(option))),
  ];
}

function kind(option: FormatOption): string {
  return [option.type, range(option), defaultText(option)].filter((words) => words !== "").join(", ");
}

/** The limits of an option; limits that are only those of its type are left out. */
function range({ type, min, max }: FormatOption): string {
  if (type === "flags" || type === "boolean") return "";
  const HUGE = 2 ** 31 - 1;
  const from = min !== null && min > -HUGE ? min : null;
  const to = max !== null && max < HUGE ? max : null;
  if (from !== null && to !== null) return `${from} to ${to}`;
  if (from !== null) return `from ${from}`;
  return to === null ? "" : `to ${to}`;
}

function defaultText({ type, default: value, constants }: FormatOption): string {
  if (value === null && type === "boolean") return "default auto";
  if (value === null || value === "") return "";
  if (typeof value === "boolean") return `default ${value}`;
  if (type === "flags" && typeof value === "number") return `default ${flagNames(value, constants)}`;
  const name = constants.find((constant) => constant.value === value)?.name;
  return `default ${name ?? value}`;
}

/** `faststart+rtphint`, as it is written. */
function flagNames(value: number, constants: FormatOption["constants"]): string {
  const names = constants.filter((constant) => constant.value !== 0 && isSet(value, constant.value));
  const sum = names.reduce((sum, { value }) => sum + value, 0);
  return names.length > 0 && sum === value ? names.map(({ name }) => name).join("+") : String(value);
}

/** Flags may exceed the 32 bits of JavaScript's bitwise operators. */
function isSet(value: number, flag: number): boolean {
  return flag > 0 && value > 0 && (BigInt(value) & BigInt(flag)) === BigInt(flag);
}

/** Two columns: the names of values, and their help. */
function constants({ constants }: FormatOption): string[] {
  if (constants.length === 0) return [];
  const MAX_WIDTH = 24;
  const width = Math.min(MAX_WIDTH, constants.reduce((max, { name }) => Math.max(max, name.length), 0));
  const depth = 8 + 2 + width + 2;
  return indent(constants.flatMap(({ name, help }) => {
    const [first = "", ...rest] = wrap(help, WIDTH - depth);
    const gap = " ".repeat(width + 2);
    if (name.length > width) {
      return [
        name,
        ...[first, ...rest].filter((line) => line !== "").map((line) => gap + line),
      ];
    }
    return [`${name.padEnd(width)}  ${first}`.trimEnd(), ...rest.map((line) => gap + line)];
  }));
}
