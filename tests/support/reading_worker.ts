/**
 * A worker whose source is its parent: it requests bytes and sleeps until they are there. It posts the number of packets.
 */
/// <reference lib="deno.worker" />
import { Demuxer } from "@avio/avio";

/** Shared with the parent: `state` is [1 while a request is open, its bytes], `bytes` are the requested bytes. */
export interface Shared {
  state: Int32Array;
  bytes: Uint8Array;
}

self.onmessage = ({ data: { state, bytes } }: MessageEvent<Shared>) => {
  using demuxer = Demuxer.openSync({
    onread(buffer, size) {
      Atomics.store(state, 1, size);
      Atomics.store(state, 0, 1);
      self.postMessage("read");
      Atomics.wait(state, 0, 1);
      const count = Atomics.load(state, 1);
      buffer.set(bytes.subarray(0, count));
      return count;
    },
  }, { bufferSize: 4096 });
  self.postMessage([...demuxer.packetsSync()].length);
};
