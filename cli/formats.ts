/**
 * `avio formats`: lists the containers that can be read and written; and the check of an output format's name.
 */
import { type FormatInfo, guessFormat, inputFormats, outputFormats } from "../mod.ts";
import { print } from "./streams.ts";
import { indent, table, wrap } from "./table.ts";
import { UsageError } from "./errors.ts";
import { json } from "./text.ts";

/** A format, and whether it can be read and written. */
type Format = FormatInfo & { input: boolean; output: boolean };

/** Runs the command; without `inputs` and `outputs` it lists both. */
export function formats(options: { inputs: boolean; outputs: boolean; json: boolean }): void {
  const both = options.inputs === options.outputs;
  const found = merge(both || options.inputs, both || options.outputs);
  if (options.json) print(json(found, 2));
  else print(report(found));
}

/** One entry for each name: demuxers and muxers with the same name are one format. */
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

/** Unites their extensions and MIME types; everything else is of the first, which is the one that FFmpeg uses. */
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
  const longest = found.reduce((max, { name }) => Math.max(max, name.length), 0);
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

/** Cuts a list between two items, and ends it with an ellipsis. */
function shorten(items: string, max: number): string {
  if (items.length <= max) return items;
  return items.slice(0, items.lastIndexOf(",", max - 2)) + ",…";
}

/** Checks before anything is opened that the output format is known, by its name or by the file's extension. */
export function checkOutputFormat(format: string | undefined, fileName: string): void {
  const hint = "avio formats --outputs lists them";
  const known = outputFormats();
  if (format !== undefined) {
    if (known.some(({ name }) => list(name).includes(format.toLowerCase()))) return;
    throw new UsageError(`Unknown output format '${format}'; ${suggestion(format) ?? hint}`);
  }
  const extension = fileName.match(/\.([^./]+)$/)?.[1]?.toLowerCase();
  if (extension && known.some(({ extensions }) => extensions.includes(extension))) return;
  throw new UsageError(`No output format has the extension of '${fileName}', give one with -f; ${hint}`);
}

/** Where a file extension was given (`mkv`): the name of its format (`matroska`). */
function suggestion(format: string): string | null {
  const name = guessFormat({ fileName: `x.${format.replace(/^\./, "")}` })?.name;
  return name === undefined ? null : `FFmpeg calls it ${name}: -f ${name}`;
}

function list(names: string): string[] {
  return names.toLowerCase().split(",");
}
