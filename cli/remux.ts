/**
 * `avio remux`: from one container into another. How it was written is `arguments.ts`, what is shown meanwhile
 * `progress.ts`, what becomes options of the library `transfer.ts`.
 */
import * as library from "../mod.ts";
import { inputSource } from "./input.ts";
import { besideInput, besideOutput } from "./nested.ts";
import { checkPlaces } from "./output_checks.ts";
import { sinkOf } from "./streams.ts";
import { muxerOptions, type Transfer, transfer, transferReport } from "./transfer.ts";

/** What the command line says. */
export interface RemuxArguments extends Transfer {
  input: string;
}

/** Runs the command; its exit code. */
export async function remux(args: RemuxArguments): Promise<number> {
  checkPlaces(args.output, args.format);
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
