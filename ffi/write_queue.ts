/**
 * WriteQueue: packets that a Muxer has accepted and that are not written yet. Before the header they wait here, as copies;
 * then they are put into the shim at once, which is the only copy. They go with the session.
 */
import type { Operation } from "./operation.ts";
import { writePackets } from "./output.ts";
import { type PacketBytes, type PacketNumbers, putPacket } from "./packets.ts";
import type { Session } from "./session.ts";

/** A packet on its way to the muxer. */
export interface QueuedPacket extends PacketNumbers, PacketBytes {}

/** What a packet counts beside its bytes. */
const OVERHEAD = 256;

export class WriteQueue {
  #session: Session;
  /** Those that wait for the header. */
  #early: QueuedPacket[] = [];
  /** The header is written. */
  #isOpen = false;
  /** Packets in the shim that no operation has written. */
  #put = 0;
  #bytes = 0;

  constructor(session: Session) {
    this.#session = session;
    const early = this.#early;
    session.defer(() => void (early.length = 0));
  }

  /** Whether a packet that is added now has to wait for the header. */
  get isEarly(): boolean {
    return !this.#isOpen;
  }

  /** Bytes that wait, with what each packet costs. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Packets that wait for the header, in the order in which they came. */
  get early(): readonly QueuedPacket[] {
    return this.#early;
  }

  /** Adds a packet; one that waits for the header must be nobody else's any more. Throws where the shim can't take it. */
  add(packet: QueuedPacket): void {
    if (this.#isOpen) this.#putPacket(packet);
    else this.#early.push(packet);
    this.#bytes += packet.data.length + OVERHEAD;
  }

  /** The header is written: what has waited for it goes on, and what comes from now on does not wait. */
  open(): void {
    for (let packet; (packet = this.#early.shift());) this.#putPacket(packet);
    this.#isOpen = true;
  }

  #putPacket(packet: QueuedPacket): void {
    putPacket(this.#session, packet, packet);
    this.#put++;
  }

  /** Writes all of it, in order, what comes meanwhile too. */
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
