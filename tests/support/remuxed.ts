/**
 * Remuxing a fixture to memory, the same bytes each time.
 */
import { assertEquals } from "@std/assert";
import { MemorySink, type RemuxOptions, type RemuxResult, remuxSync } from "@avio/avio";
import { fixturePath } from "./fixtures.ts";

/** What a fixture becomes, without random numbers and dates. */
export function remuxed(name: string, options: RemuxOptions): { bytes: Uint8Array; result: RemuxResult } {
  const sink = new MemorySink();
  const result = remuxSync(fixturePath(name), sink, { ...options, options: { fflags: "+bitexact" } });
  assertEquals(result.bytesWritten, sink.size);
  return { bytes: sink.bytes(), result };
}
