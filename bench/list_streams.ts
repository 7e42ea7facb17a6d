/**
 * The cold start: loads the library, opens a file, lists its streams. Arguments: `FILE LIBRARY`.
 */
import { Demuxer, loadLibrary } from "../mod.ts";

const [file, path] = Deno.args as [string, string];
loadLibrary(path);
using demuxer = Demuxer.openSync(file);
for (const { index, codecParameters } of demuxer.streams) console.log(index, codecParameters.codec);
