/**
 * `avio split`: writes a file as several, each of which begins with a key frame.
 */
import * as library from "../mod.ts";
import { formatOptions, guessFormat, type SplitOptions } from "../mod.ts";
import { UsageError } from "./errors.ts";
import { checkOutputFormat } from "./formats.ts";
import { inputSource } from "./input.ts";
import { besideInput } from "./nested.ts";
import { checkNew } from "./output_checks.ts";
import { isUrl, sinkOf } from "./streams.ts";
import { count } from "./text.ts";
import { type Transfer, transfer, transferReport } from "./transfer.ts";

/** The arguments of the command; `output` is a pattern of file names. */
export interface SplitArguments extends Transfer {
  input: string;
  /** Where to split: exactly one of these. */
  points: Pick<SplitOptions, "every" | "at" | "count" | "size">;
  /** Timestamps continue from segment to segment. */
  keepTimes: boolean;
  /** Throws if the file of a segment exists. */
  noOverwrite: boolean;
}

/** Runs the command and returns its exit code. */
export async function split(args: SplitArguments): Promise<number> {
  const nameOf = naming(args.output);
  const format = formatOf(args);
  checkOptionNames(args, format);
  const source = inputSource(args.input, args.inputOptions);
  const names: string[] = [];
  const done = await transfer(args, [args.input], ({ chapters: _, ...chosen }, leftover) => {
    const options = {
      ...chosen,
      format,
      ...args.points,
      ...(args.keepTimes ? { resetTimestamps: false } : {}),
      options: args.options,
      input: besideInput(args.input, args.inputOptions),
      onsegment: (index: number) => {
        const name = nameOf(index);
        if (args.noOverwrite) checkNew(name);
        names[index] = name;
        leftover.begin(name);
        return sinkOf(name);
      },
    };
    return library.split(source, options);
  });
  const name = `${names[0] ?? args.output} and following, ${count(names.length, "segment")}`;
  return transferReport(args, done, [args.input], name);
}

/** Returns a function from segment number to file name, for a pattern such as `part%03d.mp4`; `%%` is a percent sign. */
function naming(pattern: string): (index: number) => string {
  const FIELDS = /%(?:%|(?:0(\d{1,2}))?d)/g;
  const numbers = [...pattern.matchAll(FIELDS)].filter(([field]) => field !== "%%");
  if (numbers.length !== 1 || pattern.replace(FIELDS, "").includes("%") || isUrl(pattern)) {
    throw new UsageError(`OUT: must be a file name with one %d or %03d for the number, is '${pattern}'`);
  }
  return (index) =>
    pattern.replace(
      FIELDS,
      (field, width) => field === "%%" ? "%" : String(index).padStart(Number(width ?? 0), "0"),
    );
}

function formatOf({ format, output }: SplitArguments): string {
  checkOutputFormat(format, output);
  return format ?? guessFormat({ fileName: output })!.name;
}

/** Checks names of options here: the error of the segment muxer does not name the unknown one. */
function checkOptionNames({ options }: SplitArguments, format: string): void {
  const known = new Set(formatOptions(format.split(",")[0]!, "output").map(({ name }) => name));
  const unknown = Object.keys(options).find((name) => !known.has(name));
  if (unknown !== undefined) throw new UsageError(`-o ${unknown}: ${format} has no such option`);
}
