/**
 * Finds the packet that is shown at a time, among a stream's packets in decoding order.
 */
import type { Packet } from "./packet.ts";
import type { CodecParameters } from "./stream.ts";

/** Maximum number of pictures by which any codec reorders (the DPB of H.264 and HEVC has 16). */
const MAX_REORDERED = 16;

/** Presentation time; else decoding time, since formats such as avi store only that. */
function timeOf({ pts, dts }: Packet): number | null {
  return pts ?? dts;
}

/** Examines the packets of one stream, beginning with a key frame. */
export class PacketSearch {
  /** The latest packet (or key frame) not after the time so far, and its number, counted from 1. */
  found: { packet: Packet; number: number } | null = null;
  #timestamp: number;
  #isKey: boolean;
  /** Whether dts is never after pts, so that no packet decoded after the time is shown before it. */
  #isInOrder: boolean;
  #number = 0;
  /** Number of consecutive packets that are shown after the time. */
  #later = 0;

  /** @param timestamp In the stream's time base. */
  constructor(timestamp: number, isKey: boolean, { videoDelay }: Pick<CodecParameters, "videoDelay">) {
    this.#timestamp = timestamp;
    this.#isKey = isKey;
    this.#isInOrder = videoDelay === 0;
  }

  /** Examines the stream's next packet; returns false if no later packet can be a better match. */
  look(packet: Packet): boolean {
    this.#number++;
    const time = timeOf(packet);
    if (time === null) return true;
    const isInTime = time <= this.#timestamp;
    if (
      isInTime && (packet.isKey || !this.#isKey) &&
      time >= (this.found ? timeOf(this.found.packet)! : -Infinity)
    ) {
      this.found = { packet, number: this.#number };
    }
    this.#later = isInTime ? 0 : this.#later + 1;
    return !this.#isEnd(packet);
  }

  /**
   * The search ends at a packet that is decoded after the time, if dts are reliable: key frames have a dts before their pts
   * if pictures are reordered. Otherwise it ends after as many later packets as can be reordered.
   */
  #isEnd({ pts, dts, isKey }: Packet): boolean {
    if (pts !== null && dts !== null) {
      if (isKey && dts < pts) this.#isInOrder = true;
      if (dts > pts) this.#isInOrder = false;
    }
    const isDecodedLater = dts !== null && dts > this.#timestamp;
    return (isDecodedLater && this.#isInOrder) || this.#later > MAX_REORDERED;
  }
}
