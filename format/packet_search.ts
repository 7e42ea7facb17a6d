/**
 * Which of a stream's packets is shown at a time, when packets come in the order of their decoding.
 */
import type { Packet } from "./packet.ts";
import type { CodecParameters } from "./stream.ts";

/** Pictures that come later than they are decoded, at most, in any codec (H.264's and HEVC's DPB has 16). */
const MAX_REORDERED = 16;

/** When it is shown: files such as avi write down only when pictures are decoded. */
function timeOf({ pts, dts }: Packet): number | null {
  return pts ?? dts;
}

/** Looks at the packets of one stream, from a key frame on. */
export class PacketSearch {
  /** The last one in time so far: of all packets, or of the key frames; and its number, from 1 on. */
  found: { packet: Packet; number: number } | null = null;
  #timestamp: number;
  #isKey: boolean;
  /** Nothing that is decoded later than the time is shown earlier: decoding times are never after those of showing. */
  #isInOrder: boolean;
  #number = 0;
  /** Packets in a row that are shown later. */
  #later = 0;

  /** `timestamp`: in the stream's time base. */
  constructor(timestamp: number, isKey: boolean, { videoDelay }: Pick<CodecParameters, "videoDelay">) {
    this.#timestamp = timestamp;
    this.#isKey = isKey;
    this.#isInOrder = videoDelay === 0;
  }

  /** Takes the stream's next packet; false: none that comes behind it will be better. */
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
   * Decoding times tell, where they are known and those of key frames are before those of showing, as pictures that change
   * places need it; else as many later packets as can change places.
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
