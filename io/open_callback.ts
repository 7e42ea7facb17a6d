/**
 * OpenCallback: the type of `onopen`, which decides what a playlist, a manifest or a segmenting muxer may open.
 * Ready-made ones are in within_directory.ts, within_origin.ts, from_map.ts and any_of.ts; nested.ts calls them.
 */
import type { MaybePromise } from "../ffi/operation.ts";
import type { Sink } from "./sink.ts";
import type { Source } from "./source.ts";

/** A request to open a file. */
export interface OpenRequest {
  /**
   * The name as FFmpeg requests it. It comes from the media file, so it can be anything. A relative reference in a
   * playlist has been resolved against the playlist's own URL if that has a folder: "seg0.ts" in
   * "/srv/media/index.m3u8" arrives as "/srv/media/seg0.ts", in "index.m3u8" as "seg0.ts".
   */
  url: string;
  /** "read" expects a Source, "write" a Sink. */
  mode: "read" | "write";
  /**
   * Whether a promise may be returned: true in the async API. Missing, as when a program calls an opener itself, means
   * false. If true, the ready-made openers that access files return promises.
   */
  canWait?: boolean;
}

/**
 * Decides what a playlist, a manifest or a segmenting muxer may open: it is called for each nested open and returns
 * what to open for the URL, or null (or nothing) to refuse. Without it, all are refused. It may return a promise in the
 * async API.
 *
 * ```ts
 * import type { OpenCallback } from "@avio/avio";
 *
 * const onopen: OpenCallback = ({ url, mode }) =>
 *   mode === "read" && /^seg\d+\.ts$/.test(url) ? `fixtures/${url}` : null;
 * ```
 *
 * @param request The URL, and whether it is read or written.
 * @returns A Source to read or a Sink to write, null or undefined to refuse.
 */
export type OpenCallback = (request: OpenRequest) => MaybePromise<Source | Sink | null | undefined | void>;
