/**
 * `avio formats`: the containers that can be read and written.
 */
import { type FormatInfo, guessFormat, inputFormats, outputFormats } from "../mod.ts";
import { print } from "./streams.ts";
import { indent, table, wrap } from "./table.ts";
import { UsageError } from "./errors.ts";
import { json } from "./text.ts";

/** A format, and what can be done with it. */
type Format = FormatInfo & { input: boolean; output: boolean };

/** Runs the command; without `inputs` and `outputs` it is both. */
export function formats(options: { inputs: boolean; outputs: boolean; json: boolean }): void {
  const all = options.inputs === options.outputs;
  const found = merge(all || options.inputs, all || options.outputs);
  if (options.json) print(json(found, 2));
  else print(report(found));
}

/** One entry for each name: a demuxer and a muxer of the same name are one format, and so are two muxers. */
function merge(inputs: boolean, outputs: boolean): Format[] {
  const byName = new Map<string, Format>();
  const add = (format: FormatInfo, direction: { input: boolean; output: boolean }) => {
    const known = byName.get(format.name);
    byName.set(format.name, known ? combine(known, format, direction) : { ...format, ...direction });
  };
  if (inputs) inputFormats().forEach((format) => add(format, { input: true, output: false }));
  if (outputs) outputFormats().forEach((format) => add(format, { input: false, output: true }));
  return [...byName.values()].sort((a, b) => a.name < b.name ? -1 : 1);
}

/** Each may know extensions and types that the other does not; FFmpeg means the first of a name. */
function combine(known: Format, other: FormatInfo, direction: { input: boolean; output: boolean }): Format {
  const union = (a: string[], b: string[]) => [...new Set([...a, ...b])];
  return {
    ...known,
    extensions: union(known.extensions, other.extensions),
    mimeTypes: union(known.mimeTypes, other.mimeTypes),
    input: known.input || direction.input,
    output: known.output || direction.output,
  };
}

const MAX_EXTENSIONS = 16;
const WIDTH = 80;

function report(found: readonly Format[]): string[] {
  const titles = ["DE", "name", "extensions", "long name"];
  const longest = found.reduce((most, { name }) => Math.max(most, name.length), 0);
  const width = WIDTH - "  DE".length - 3 * "  ".length - longest - MAX_EXTENSIONS;
  const rows = found.flatMap((format) => {
    const [first = "", ...rest] = wrap(format.longName, width);
    const extensions = shorten(format.extensions.join(","), MAX_EXTENSIONS);
    const can = (format.input ? "D" : ".") + (format.output ? "E" : ".");
    return [[can, format.name, extensions, first], ...rest.map((line) => ["", "", "", line])];
  });
  return ["D: can be read (demuxer)   E: can be written (muxer)", ""].concat(
    indent(table(titles.map((title) => ({ title })), rows)),
  );
}

/** Whole items only, and a sign that there are more. */
function shorten(items: string, max: number): string {
  if (items.length <= max) return items;
  return items.slice(0, items.lastIndexOf(",", max - 2)) + ",…";
}

/** Checks the name of an output format, or that a file's name tells it, before anything is opened. */
export function checkOutputFormat(format: string | undefined, fileName: string): void {
  const hint = "avio formats --outputs lists what there is";
  const known = outputFormats();
  if (format !== undefined) {
    if (known.some(({ name }) => list(name).includes(format.toLowerCase()))) return;
    throw new UsageError(`Unknown output format '${format}'; ${likely(format) ?? hint}`);
  }
  const extension = fileName.match(/\.([^./]+)$/)?.[1]?.toLowerCase();
  if (extension && known.some(({ extensions }) => extensions.includes(extension))) return;
  throw new UsageError(`The name '${fileName}' tells no output format, give one with -f; ${hint}`);
}

/** Who writes what files are called means the format that FFmpeg has for these. */
function likely(format: string): string | null {
  const name = guessFormat({ fileName: `x.${format.replace(/^\./, "")}` })?.name;
  return name === undefined ? null : `FFmpeg calls it ${name}: -f ${name}`;
}

function list(names: string): string[] {
  return names.toLowerCase().split(",");
}
