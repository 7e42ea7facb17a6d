/**
 * The reading side of `pushed_source.ts`: demuxes the bytes in the channel of the first message, and posts how many
 * packets there were.
 */
/// <reference no-default-lib="true" />
/// <reference lib="deno.worker" />
import { Demuxer } from "@avio/avio";
import type { Channel } from "./pushed_source.ts";

/** Blocks until there are bytes; returns as many as fit, the rest stays for the next call. */
function reader({ state, buffer }: Channel): (into: Uint8Array) => number {
  let position = 0;
  return (into) => {
    Atomics.wait(state, 0, 0);
    const filled = Atomics.load(state, 0);
    if (filled < 0) return 0;
    const chunk = buffer.subarray(position, Math.min(filled, position + into.length));
    into.set(chunk);
    position += chunk.length;
    if (position === filled) {
      position = 0;
      Atomics.store(state, 0, 0);
      Atomics.notify(state, 0);
    }
    return chunk.length;
  };
}

self.onmessage = ({ data }: MessageEvent<Channel>) => {
  using demuxer = Demuxer.openSync({ onread: reader(data) });
  let packets = 0;
  for (const _packet of demuxer.packetsSync()) packets++;
  self.postMessage(packets);
};
