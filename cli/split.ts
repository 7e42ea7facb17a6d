/**
 * `avio split`: one file as several, each of which begins with a key frame.
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

/** What the command line says; `output` is a pattern of names. */
export interface SplitArguments extends Transfer {
  input: string;
  /** Where: one of these. */
  places: Pick<SplitOptions, "every" | "at" | "count" | "size">;
  /** Timestamps go on from segment to segment. */
  keepTimes: boolean;
  /** A segment whose file is there already is an error. */
  noOverwrite: boolean;
}

/** Runs the command; its exit code. */
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
      ...args.places,
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
  const name = `${names[0] ?? args.output} and on, ${count(names.length, "segment")}`;
  return transferReport(args, done, [args.input], name);
}

/** Names by number, from a pattern such as `part%03d.mp4`; `%%` is a percent sign. */
function naming(pattern: string): (index: number) => string {
  const PLACES = /%(?:%|(?:0(\d{1,2}))?d)/g;
  const numbers = [...pattern.matchAll(PLACES)].filter(([place]) => place !== "%%");
  if (numbers.length !== 1 || pattern.replace(PLACES, "").includes("%") || isUrl(pattern)) {
    throw new UsageError(`OUT: must be a name with one %d or %03d for the number, is '${pattern}'`);
  }
  return (index) =>
    pattern.replace(
      PLACES,
      (place, width) => place === "%%" ? "%" : String(index).padStart(Number(width ?? 0), "0"),
    );
}

function formatOf({ format, output }: SplitArguments): string {
  checkOutputFormat(format, output);
  return format ?? guessFormat({ fileName: output })!.name;
}

/** The segment muxer only says that some option is not known. */
function checkOptionNames({ options }: SplitArguments, format: string): void {
  const known = new Set(formatOptions(format.split(",")[0]!, "output").map(({ name }) => name));
  const unknown = Object.keys(options).find((name) => !known.has(name));
  if (unknown !== undefined) throw new UsageError(`-o ${unknown}: ${format} has no such option`);
}
