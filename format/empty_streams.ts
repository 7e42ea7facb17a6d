/**
 * Streams without a packet, which some formats do not describe.
 */
import { isFragmented } from "./cover_place.ts";
import type { MuxerOptions } from "./open_output.ts";

/** mp4 and its kin, whose index has what was written. */
const INDEXED = new Set(["mp4", "mov", "ipod", "3gp", "3g2", "psp", "f4v"]);
/** Formats of which packets tell what the streams are. */
const HEADLESS = new Set(["mpegts", "mpeg", "vob", "dvd", "vcd", "svcd"]);

/** Whether a reader of the output does not find a stream, or does not learn what it is, if there is no packet of it. */
export function leavesOutEmpty(format: string, options: Pick<MuxerOptions, "options">): boolean {
  return HEADLESS.has(format) || (INDEXED.has(format) && !isFragmented(options));
}
