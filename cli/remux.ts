/**
 * `avio remux`: copies the streams of a file into another container. Arguments are parsed in `arguments.ts`; progress,
 * errors and the report are in `transfer.ts`.
 */
import * as library from "../mod.ts";
import { inputSource } from "./input.ts";
import { besideInput, besideOutput } from "./nested.ts";
import { checkNotInput, checkOutput } from "./output_checks.ts";
import { sinkOf } from "./streams.ts";
import { muxerOptions, type Transfer, transfer, transferReport } from "./transfer.ts";

/** The arguments of the command. */
export interface RemuxArguments extends Transfer {
  input: string;
}

/** Runs the command and returns its exit code. */
export async function remux(args: RemuxArguments): Promise<number> {
  checkOutput(args.output, args.format);
  checkNotInput(args.output, { "the input": [args.input] });
  const source = inputSource(args.input, args.inputOptions);
  const done = await transfer(args, [args.input], (chosen) => {
    const options = {
      ...chosen,
      ...(args.format === undefined ? {} : { format: args.format }),
      options: muxerOptions(args),
      ...besideOutput(args.output),
      input: besideInput(args.input, args.inputOptions),
    };
    const sink = sinkOf(args.output);
    return library.remux(source, sink, options);
  });
  return transferReport(args, done, [args.input]);
}
