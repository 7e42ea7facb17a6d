/**
 * A worker that remuxes until it is terminated.
 */
import { MemorySink, remux } from "@avio/avio";

(globalThis as unknown as { postMessage(message: string): void }).postMessage("ready");
for (;;) {
  await remux(new URL("../../fixtures/video.mp4", import.meta.url), new MemorySink(), { format: "matroska" });
}
