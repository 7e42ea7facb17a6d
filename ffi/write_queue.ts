/**
 * WriteQueue: packets that a Muxer has accepted and that are not with the muxer yet. They are copies, and go with the
 * session.
 */
import type { Operation } from "./operation.ts";
import { writePackets } from "./output.ts";
import { type PacketBytes, type PacketNumbers, putPacket } from "./packets.ts";
import type { Session } from "./session.ts";

/** A packet that waits. */
export interface QueuedPacket extends PacketNumbers, PacketBytes {}

/** What a packet counts beside its bytes. */
const OVERHEAD = 256;

export class WriteQueue {
  #session: Session;
  #packets: QueuedPacket[] = [];
  #bytes = 0;

  constructor(session: Session) {
    this.#session = session;
    const packets = this.#packets;
    session.defer(() => void (packets.length = 0));
  }

  /** Bytes that wait, with what each packet costs. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Packets that wait, in the order in which they came. */
  get packets(): readonly QueuedPacket[] {
    return this.#packets;
  }

  /** Adds a packet that nobody else can change any more. */
  add(packet: QueuedPacket): void {
    this.#packets.push(packet);
    this.#bytes += packet.data.length + OVERHEAD;
  }

  /**
   * Writes all of it, in order, what comes meanwhile too.
   *
   * @param onTooLarge Makes the error for a packet whose time is more than its stream can count.
   */
  *write(onTooLarge: (packet: QueuedPacket) => Error): Operation<void> {
    while (this.#packets.length > 0) {
      this.#bytes = 0;
      for (let packet; (packet = this.#packets.shift());) {
        if (!putPacket(this.#session, packet, packet)) throw onTooLarge(packet);
      }
      yield* writePackets(this.#session);
    }
  }
}
