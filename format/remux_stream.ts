/**
 * RemuxStream: remuxing as a TransformStream.
 */
import { checkOptions } from "./options.ts";
import { remux } from "./remux.ts";
import { remuxOptionNames, type RemuxOptions, type RemuxResult } from "./remux_options.ts";
import { streamingOptions } from "./streaming.ts";

/**
 * Remuxes what is piped through it, like CompressionStream. Neither end can seek: mp4 and mov are written in fragments
 * unless `movflags` says otherwise, flv without its duration, and an mp4 with its index at the end can't be read.
 *
 * ```ts
 * import { RemuxStream } from "@avio/avio";
 *
 * const file = await Deno.open("fixtures/video.mkv");
 * const remuxing = new RemuxStream({ format: "mp4" });
 * const mp4 = file.readable.pipeThrough(remuxing);
 * console.log((await new Response(mp4).bytes()).length > 0); // true
 * console.log((await remuxing.result).packets); // 206
 * ```
 */
export class RemuxStream implements TransformStream<Uint8Array, Uint8Array> {
  /** Takes the media. */
  readonly writable: WritableStream<Uint8Array>;
  /** Gives it in the other container. */
  readonly readable: ReadableStream<Uint8Array>;
  /** What was done, when all is written; rejected with what ended it. Nobody needs to look at it. */
  readonly result: Promise<RemuxResult>;

  /**
   * Starts at once; errors of either side and of FFmpeg end both.
   *
   * @param options As of `remux`; the format is needed.
   * @throws {TypeError | RangeError} An option is wrong. Those that are about the media reject `result`.
   */
  constructor(options: RemuxOptions & { format: string }) {
    const { format, options: given } = checkOptions(options, remuxOptionNames);
    const ended = new AbortController();
    const signals = [ended.signal, ...(options.signal ? [options.signal] : [])];
    const input = new TransformStream<Uint8Array, Uint8Array>();
    const output = new TransformStream<Uint8Array, Uint8Array>({
      // Not before the stream has taken note of it: ending the session aborts its other side.
      cancel: (reason) =>
        void Promise.resolve().then(() => {}).then(() => {}).then(() => ended.abort(reason)),
    } as Transformer<Uint8Array, Uint8Array>);
    this.writable = input.writable;
    this.readable = output.readable;
    this.result = remux(input.readable, output.writable, {
      ...options,
      options: { ...streamingOptions(format), ...given },
      signal: AbortSignal.any(signals),
    });
    this.result.catch((error) => {
      // What the session took it has told already; it may have ended before that.
      input.readable.cancel(error).catch(() => {});
      output.writable.abort(error).catch(() => {});
    });
  }
}
