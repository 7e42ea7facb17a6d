/**
 * A source that gets its bytes from another thread: a Worker demuxes with a blocking `onread` that waits with
 * `Atomics.wait` on shared memory, while this thread passes chunks on as they arrive. `pushed_source.ts FILE` prints how
 * many packets the file has. Needs --allow-ffi --allow-read.
 */
const CAPACITY = 65536;

/** `state[0]`: number of bytes in the buffer, 0 when the reader has taken them, -1 at the end. */
export interface Channel {
  state: Int32Array;
  buffer: Uint8Array<SharedArrayBuffer>;
}

function newChannel(): Channel {
  return {
    state: new Int32Array(new SharedArrayBuffer(4)),
    buffer: new Uint8Array(new SharedArrayBuffer(CAPACITY)),
  };
}

/** Passes a chunk to the reader. Waits until it has taken the previous bytes: backpressure for the caller. */
async function push({ state, buffer }: Channel, chunk: Uint8Array): Promise<void> {
  for (let at = 0; at < chunk.length; at += CAPACITY) {
    const piece = chunk.subarray(at, at + CAPACITY);
    await taken(state);
    buffer.set(piece);
    Atomics.store(state, 0, piece.length);
    Atomics.notify(state, 0);
  }
}

async function end({ state }: Channel): Promise<void> {
  await taken(state);
  Atomics.store(state, 0, -1);
  Atomics.notify(state, 0);
}

async function taken(state: Int32Array): Promise<void> {
  for (let filled; (filled = Atomics.load(state, 0)) !== 0;) await Atomics.waitAsync(state, 0, filled).value;
}

if (import.meta.main) {
  const channel = newChannel();
  const worker = new Worker(new URL("./pushed_source_worker.ts", import.meta.url), { type: "module" });
  const packets = new Promise<number>((resolve, reject) => {
    worker.onmessage = (event) => resolve(event.data);
    worker.onerror = (event) => reject(new Error(event.message));
  });
  worker.postMessage(channel);
  using file = await Deno.open(Deno.args[0]!);
  for await (const chunk of file.readable) await push(channel, chunk);
  await end(channel);
  console.log(await packets);
  worker.terminate();
}
