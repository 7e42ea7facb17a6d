/**
 * Runs before every test file: binds every symbol of the library and creates its callback, which are never closed; otherwise the
 * resource sanitizer would report them as a leak of the first test that uses them.
 */
import { MemorySink, onLog, probe, remuxSync } from "@avio/avio";
import { library } from "../../ffi/library.ts";
import { symbols } from "../../ffi/symbols.ts";

const all = library() as unknown as Readonly<Record<string, unknown>>;
for (const name of Object.keys(symbols)) void all[name];
onLog(null);
const file = new URL("../../fixtures/audio.wav", import.meta.url);
remuxSync(file, new MemorySink(), { format: "wav" });
await probe(file);
