/**
 * Sources and sinks that take their time: chunked streams, callbacks that answer promises; and reading all packets
 * with the async API.
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

/** The bytes in chunks; the last may be shorter. */
export function* chunksOf(bytes: Uint8Array<ArrayBuffer>, size: number): Generator<Uint8Array<ArrayBuffer>> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.slice(at, at + size);
}

/** The callbacks with answers that are promises; `pause` passes before each. */
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

/** What a stream is told while it is read. */
export class WatchedSource {
  /** Reasons that it was cancelled with. */
  readonly cancelled: unknown[] = [];
  /** Chunks that were taken. */
  pulls = 0;
  readonly stream: ReadableStream<Uint8Array<ArrayBuffer>>;

  /** @param end What comes after the chunks: null ends the stream, anything else is its error. */
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

/** A stream that collects, and counts what is under way. */
export class WatchedSink {
  readonly chunks: Uint8Array[] = [];
  /** Reasons that it was aborted with. */
  readonly aborted: unknown[] = [];
  closed = 0;
  /** Most bytes that were offered and not taken yet, at one time. */
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

/** What a promise was rejected with. */
export async function rejectionOf(promise: Promise<unknown>): Promise<unknown> {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  throw new Error("it was not rejected");
}

/** The promise, or an error when it takes too long. */
export async function soon<T>(promise: Promise<T>, milliseconds = 5000): Promise<T> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error(`took longer than ${milliseconds} ms`)), milliseconds);
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Waits. */
export function sleep(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
