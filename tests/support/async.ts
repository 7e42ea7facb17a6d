/**
 * Asynchronous sources and sinks: chunked streams, callbacks that return promises; and reading all packets with the async
 * API.
 */
import { Demuxer, type DemuxerOptions, type IOCallbacks, type Source } from "@avio/avio";
import { type PacketRow, rowOf } from "./packets.ts";

/** All packets of a source as rows, read with the async API. */
export async function readRows(source: Source, options?: DemuxerOptions): Promise<PacketRow[]> {
  await using demuxer = await Demuxer.open(source, options);
  const rows: PacketRow[] = [];
  for await (const packet of demuxer) rows.push(rowOf(packet));
  return rows;
}

/** The bytes in chunks of `size`; the last may be shorter. */
export function* chunksOf(bytes: Uint8Array<ArrayBuffer>, size: number): Generator<Uint8Array<ArrayBuffer>> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.slice(at, at + size);
}

/** The callbacks, returning promises; each waits for `pause` first. */
export function promising(
  callbacks: IOCallbacks,
  pause = (): Promise<void> => Promise.resolve(),
): IOCallbacks {
  const answers: IOCallbacks = {};
  for (const name of ["onread", "onwrite", "onseek"] as const) {
    const callback = callbacks[name] as ((...args: unknown[]) => unknown) | undefined;
    if (!callback) continue;
    Object.assign(answers, {
      [name]: async (...args: unknown[]) => {
        await pause();
        return callback(...args);
      },
    });
  }
  return answers;
}

/** A stream that records how it is read and cancelled. */
export class WatchedSource {
  /** Reasons with which it was cancelled. */
  readonly cancelled: unknown[] = [];
  /** Number of chunks that were taken. */
  pulls = 0;
  readonly stream: ReadableStream<Uint8Array<ArrayBuffer>>;

  /** @param end After the chunks: null ends the stream, anything else is its error. */
  constructor(chunks: Iterable<Uint8Array<ArrayBuffer>>, end: { error: unknown } | null = null) {
    const iterator = chunks[Symbol.iterator]();
    this.stream = new ReadableStream({
      pull: (controller) => {
        this.pulls++;
        const { value, done } = iterator.next();
        if (!done) controller.enqueue(value);
        else if (end) controller.error(end.error);
        else controller.close();
      },
      cancel: (reason) => void this.cancelled.push(reason),
    }, { highWaterMark: 0 });
  }
}

/** A stream that collects what is written, and counts pending bytes. */
export class WatchedSink {
  readonly chunks: Uint8Array[] = [];
  /** Reasons with which it was aborted. */
  readonly aborted: unknown[] = [];
  closed = 0;
  /** Maximum of bytes that were pending at one time. */
  busiest = 0;
  readonly stream: WritableStream<Uint8Array>;

  constructor(work: (chunk: Uint8Array, index: number) => void | Promise<void> = () => {}) {
    let busy = 0;
    this.stream = new WritableStream({
      write: async (chunk) => {
        this.busiest = Math.max(this.busiest, ++busy);
        await work(chunk, this.chunks.length);
        busy--;
        this.chunks.push(chunk);
      },
      close: () => void this.closed++,
      abort: (reason) => void this.aborted.push(reason),
    });
  }

  bytes(): Promise<Uint8Array<ArrayBuffer>> {
    return new Blob(this.chunks as Uint8Array<ArrayBuffer>[]).bytes();
  }
}

/** The reason with which a promise was rejected. */
export async function rejectionOf(promise: Promise<unknown>): Promise<unknown> {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  throw new Error("it was not rejected");
}

/** The promise, or an error if it takes too long. */
export async function soon<T>(promise: Promise<T>, milliseconds = 5000): Promise<T> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error(`took longer than ${milliseconds} ms`)), milliseconds);
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Resolves after some milliseconds. */
export function sleep(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
