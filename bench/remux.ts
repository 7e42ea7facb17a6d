/** The program that the benchmark compares with `ffmpeg -c copy`: async, from file to file. Arguments: `IN OUT`. */
import { remux } from "../mod.ts";

const [input, output] = Deno.args as [string, string];
await remux(input, output);
