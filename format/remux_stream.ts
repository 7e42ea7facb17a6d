/**
 * RemuxStream: remuxing as a TransformStream.
 */
import { checkOptions } from "./options.ts";
import { remux } from "./remux.ts";
import { remuxOptionNames, type RemuxOptions, type RemuxResult } from "./remux_options.ts";
import { streamingOptions } from "./streaming.ts";

/**
 * Remuxes what is piped through it, like a CompressionStream. Neither side can seek: mp4 and mov are written in
 * fragments unless `movflags` is set, flv without its duration, and a long mp4 with its index at the end can't be read.
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
  /** The side to which the source is written. */
  readonly writable: WritableStream<Uint8Array>;
  /** The side from which the output is read. */
  readonly readable: ReadableStream<Uint8Array>;
  /** Resolves with the result when everything is written, or rejects with the error. It may be ignored. */
  readonly result: Promise<RemuxResult>;

  /**
   * Starts the remux. Errors of either side and of FFmpeg end both sides.
   *
   * @param options The options of `remux`; `format` is required.
   * @throws {TypeError | RangeError} An option is wrong. Errors that depend on the media reject `result`.
   */
  constructor(options: RemuxOptions & { format: string }) {
    const checked: RemuxOptions & { format: string } = checkOptions(options, remuxOptionNames);
    const { format } = checked;
    const ended = new AbortController();
    const signals = [ended.signal, ...(checked.signal ? [checked.signal] : [])];
    const input = new TransformStream<Uint8Array, Uint8Array>();
    const output = new TransformStream<Uint8Array, Uint8Array>({
      // Only after the stream has processed it, because ending the session aborts the other side.
      cancel: (reason) =>
        void Promise.resolve().then(() => {}).then(() => {}).then(() => ended.abort(reason)),
    } as Transformer<Uint8Array, Uint8Array>);
    this.writable = input.writable;
    this.readable = output.readable;
    this.result = remux(input.readable, output.writable, {
      ...checked,
      options: { ...streamingOptions(format), ...checked.options },
      signal: AbortSignal.any(signals),
    });
    this.result.catch((error) => {
      // An error of the session has already been reported; it may also have ended before.
      input.readable.cancel(error).catch(() => {});
      output.writable.abort(error).catch(() => {});
    });
  }
}
