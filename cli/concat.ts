/**
 * `avio concat`: several files one after the other in one.
 */
import * as library from "../mod.ts";
import { UsageError } from "./errors.ts";
import { besideInput, besideOutput } from "./nested.ts";
import { checkNotInput, checkOutput } from "./output_checks.ts";
import { sinkOf, sourceOf, STANDARD } from "./streams.ts";
import { muxerOptions, type Transfer, transfer, transferReport } from "./transfer.ts";

/** The arguments of the command. */
export interface ConcatArguments extends Transfer {
  inputs: string[];
}

/** Runs the command and returns its exit code. */
export async function concat(args: ConcatArguments): Promise<number> {
  checkOutput(args.output, args.format);
  checkNotInput(args.output, { "the input": args.inputs });
  if (args.inputs.includes(STANDARD)) {
    throw new UsageError("IN: stdin can't be one of several inputs, name a file");
  }
  const sources = args.inputs.map((input) => ({
    source: sourceOf(input),
    input: besideInput(input, args.inputOptions),
  }));
  const done = await transfer(args, args.inputs, (chosen) => {
    const options = {
      ...chosen,
      ...(args.format === undefined ? {} : { format: args.format }),
      options: muxerOptions(args),
      ...besideOutput(args.output),
    };
    const sink = sinkOf(args.output);
    return library.concat(sources, sink, options);
  });
  return transferReport(args, done, args.inputs);
}
