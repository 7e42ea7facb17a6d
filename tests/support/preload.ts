/**
 * Run before every test file: loads the library and makes its callback, which are never closed, so that the resource
 * sanitizer does not take them for a leak of the test that happens to need them first.
 */
import { MemorySink, onLog, probe, remuxSync, versions } from "@avio/avio";

versions();
onLog(null);
const file = new URL("../../fixtures/audio.wav", import.meta.url);
remuxSync(file, new MemorySink(), { format: "wav" });
await probe(file);
