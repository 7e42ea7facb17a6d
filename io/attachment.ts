/**
 * Attachment: an open source or sink of a session, closed with it.
 */
import type { NativeIO } from "../ffi/native_io.ts";
import type { Operation } from "../ffi/operation.ts";

/** An open source or sink. */
export interface Attachment {
  /** Its I/O context; null if the format opens its files itself. */
  readonly io: NativeIO | null;
  /** Its name, "" if it has none. */
  readonly url: string;
  /** Size in bytes of a source that can't seek, if it is known. */
  readonly size?: number | null;
  /** Closes a sink after everything was written, and waits until it has taken all of it. */
  finish?(): Operation<void>;
}
