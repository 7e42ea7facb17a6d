/** What the benchmark compares with `ffmpeg -c copy`: asynchronously, from file to file. `IN OUT` */
import { remux } from "../mod.ts";

const [input, output] = Deno.args as [string, string];
await remux(input, output);
