/**
 * The cold start: loads the library, opens a file, lists its streams. `FILE LIBRARY` are the arguments.
 */
import { Demuxer, loadLibrary } from "../mod.ts";

const [file, path] = Deno.args as [string, string];
loadLibrary(path);
using demuxer = Demuxer.openSync(file);
for (const { index, codecParameters } of demuxer.streams) console.log(index, codecParameters.codec);
