/**
 * Attachment: what opening a source or a sink gives.
 */
import type { Operation } from "../ffi/operation.ts";

/** A source or sink that is open in a session, and goes with it. */
export interface Attachment {
  /** Handle of its I/O context. */
  readonly io: number;
  /** Its path, or its URL where redirects led to; "" where it has no name. Relative references resolve against it. */
  readonly url: string;
  /** Bytes of a source, where that is known although it can't seek. */
  readonly size?: number | null;
  /** Tells a sink that all is written, and waits until it has taken it. */
  finish?(): Operation<void>;
}
