/**
 * Runs before every test file: loads the library and creates its callback, which are never closed; otherwise the resource
 * sanitizer would report them as a leak of the first test that uses them.
 */
import { MemorySink, onLog, probe, remuxSync, versions } from "@avio/avio";

versions();
onLog(null);
const file = new URL("../../fixtures/audio.wav", import.meta.url);
remuxSync(file, new MemorySink(), { format: "wav" });
await probe(file);
