/**
 * WriteQueue: packets that a Muxer has accepted but not written yet. Before the header they are kept here as copies;
 * after it they are passed to the shim at once, which makes the only copy. They are freed with the session.
 */
import type { Operation } from "./operation.ts";
import { writePackets } from "./output.ts";
import { type PacketBytes, type PacketNumbers, putPacket } from "./packets.ts";
import type { Session } from "./session.ts";

/** A packet to be written. */
export interface QueuedPacket extends PacketNumbers, PacketBytes {}

/** Cost of a packet in addition to its bytes. */
const OVERHEAD = 256;

export class WriteQueue {
  #session: Session;
  /** Packets that wait for the header. */
  #early: QueuedPacket[] = [];
  /** Whether the header has been written. */
  #isOpen = false;
  /** Number of packets in the shim that have not been written. */
  #put = 0;
  #bytes = 0;

  constructor(session: Session) {
    this.#session = session;
    const early = this.#early;
    session.defer(() => void (early.length = 0));
  }

  /** Whether a packet added now has to wait for the header. */
  get isEarly(): boolean {
    return !this.#isOpen;
  }

  /** Bytes of waiting packets, including the cost of each packet. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Packets that wait for the header, in order. */
  get early(): readonly QueuedPacket[] {
    return this.#early;
  }

  /** Adds a packet; one that waits for the header must not be shared with other code. Throws if the shim refuses it. */
  add(packet: QueuedPacket): void {
    if (this.#isOpen) this.#putPacket(packet);
    else this.#early.push(packet);
    this.#bytes += packet.data.length + OVERHEAD;
  }

  /** Called after the header was written: passes on the waiting packets; later packets don't wait. */
  open(): void {
    for (let packet; (packet = this.#early.shift());) this.#putPacket(packet);
    this.#isOpen = true;
  }

  #putPacket(packet: QueuedPacket): void {
    putPacket(this.#session, packet, packet);
    this.#put++;
  }

  /** Writes all packets in order, including those added meanwhile. */
  *write(): Operation<void> {
    while (this.#put > 0) {
      const bytes = this.#bytes;
      const put = this.#put;
      yield* writePackets(this.#session);
      this.#bytes -= bytes;
      this.#put -= put;
    }
  }
}
