/**
 * OpenCallback: the type of `onopen`, which decides what a playlist, a manifest or a segmenting muxer may open.
 * Ready-made ones are in within_directory.ts, within_origin.ts, from_map.ts and any_of.ts; who asks it, and what becomes
 * of what it returns, is not here.
 */
import type { MaybePromise } from "../ffi/operation.ts";
import type { Sink } from "./sink.ts";
import type { Source } from "./source.ts";

/** What is to be opened. */
export interface OpenRequest {
  /**
   * The name as FFmpeg has it. Media wrote it, so it can be anything. A relative reference in a playlist has been
   * resolved against the playlist's own URL where that has a folder: "seg0.ts" in "/srv/media/index.m3u8" arrives
   * as "/srv/media/seg0.ts", in "index.m3u8" as "seg0.ts".
   */
  url: string;
  /** "read" wants a Source, "write" a Sink. */
  mode: "read" | "write";
  /**
   * Whether a promise may be returned: true in the async API. Absent, as where a program calls an opener itself, is
   * false. Where it is true, the ready-made openers that look at files return promises.
   */
  canWait?: boolean;
}

/**
 * Decides what a playlist, a manifest or a segmenting muxer may open: asked for each nested open, it returns what is
 * opened instead of the URL, or null (or nothing) to refuse. Nothing is opened without it. Promises need the async API.
 *
 * ```ts
 * import type { OpenCallback } from "@avio/avio";
 *
 * const onopen: OpenCallback = ({ url, mode }) =>
 *   mode === "read" && /^seg\d+\.ts$/.test(url) ? `fixtures/${url}` : null;
 * ```
 *
 * @param request What is to be opened, and for what.
 * @returns A Source to read or a Sink to write, null or undefined to refuse.
 */
export type OpenCallback = (request: OpenRequest) => MaybePromise<Source | Sink | null | undefined | void>;
