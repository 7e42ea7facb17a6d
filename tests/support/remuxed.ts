/**
 * Remuxes a fixture to memory, with the same bytes each time.
 */
import { assertEquals } from "@std/assert";
import { MemorySink, type RemuxOptions, type RemuxResult, remuxSync } from "@avio/avio";
import { fixturePath } from "./fixtures.ts";

/** The remuxed fixture, without random numbers and dates. */
export function remuxed(name: string, options: RemuxOptions): { bytes: Uint8Array; result: RemuxResult } {
  const sink = new MemorySink();
  const result = remuxSync(fixturePath(name), sink, { ...options, options: { fflags: "+bitexact" } });
  assertEquals(result.bytesWritten, sink.size);
  return { bytes: sink.bytes(), result };
}
