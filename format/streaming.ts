/**
 * Options with which formats don't need to seek back in their output.
 */
import { checkString } from "../io/arguments.ts";

type Options = Readonly<Record<string, string>>;

const FRAGMENTS: Options = { movflags: "frag_keyframe+empty_moov+default_base_moof" };

/** Options by muxer. All other muxers write forward only, or can't be streamed. */
const STREAMING: ReadonlyMap<string, Options> = new Map<string, Options>([
  ...["mp4", "mov", "ipod", "3gp", "3g2", "psp", "f4v", "ismv"].map((format) => [format, FRAGMENTS] as const),
  ["flv", { flvflags: "no_duration_filesize" }],
]);

/**
 * Returns the options with which a format can be written to a sink that can't seek (a pipe, a stream, `onwrite` alone):
 * mp4, mov and the like in fragments, flv without its duration. Other formats need none. `RemuxStream` and the command
 * line use them by default.
 *
 * ```ts
 * import { remuxSync, streamingOptions } from "@avio/avio";
 *
 * const chunks: Uint8Array[] = [];
 * remuxSync("fixtures/video.mp4", { onwrite: (bytes) => void chunks.push(bytes) }, {
 *   format: "mp4",
 *   options: streamingOptions("mp4"),
 * });
 * console.log(streamingOptions("mpegts")); // {}
 * ```
 *
 * @param format The output format, by FFmpeg's name.
 * @returns The options, for `options` of a muxer; empty if none are needed.
 * @throws {TypeError} `format` is not a string.
 */
export function streamingOptions(format: string): Record<string, string> {
  return { ...STREAMING.get(checkString(format, "format").toLowerCase()) };
}
