/**
 * Attachment: a source or a sink that is open in a session, and goes with it.
 */
import type { NativeIO } from "../ffi/native_io.ts";
import type { Operation } from "../ffi/operation.ts";

/** A source or sink that is open. */
export interface Attachment {
  /** Its I/O context; null where the format opens its files itself. */
  readonly io: NativeIO | null;
  /** What it is called, "" where it has no name. */
  readonly url: string;
  /** Bytes of a source, where that is known although it can't seek. */
  readonly size?: number | null;
  /** Tells a sink that all is written, and waits until it has taken it. */
  finish?(): Operation<void>;
}
