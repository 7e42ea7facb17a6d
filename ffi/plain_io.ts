/**
 * Direct operations on an I/O context: avio_read, avio_write, avio_seek, avio_size, avio_flush.
 */
import type { NativeIO } from "./native_io.ts";
import type { Operation } from "./operation.ts";
import type { Session } from "./session.ts";
import { type OperationCode, operations } from "./symbols.ts";

/** Reads until `into` is full or the source ends; returns the number of bytes, 0 at the end. */
export function readIO(session: Session, io: NativeIO, into: Uint8Array): number {
  return run(session, operations.ioRead, [io.handle], into)[1]!;
}

/** Appends `bytes` to the buffer, which is written when it is full. */
export function writeIO(session: Session, io: NativeIO, bytes: Uint8Array): void {
  run(session, operations.ioWrite, [io.handle], bytes);
}

/** Seeks; returns the new position. */
export function seekIO(session: Session, io: NativeIO, offset: number, whence: number): number {
  return run(session, operations.ioSeek, [io.handle, offset, whence], null)[1]!;
}

/** The size in bytes, null if it is unknown. */
export function* sizeIO(session: Session, io: NativeIO): Operation<number | null> {
  const slot = yield* session.native.run(operations.ioSize, [io.handle], null);
  const outcome = session.outcome(operations.ioSize, slot);
  if (outcome?.isFinal) throw session.fail(outcome.error);
  return outcome ? null : slot[1]!;
}

/** The same, synchronously. */
export function sizeIONow(session: Session, io: NativeIO): number | null {
  return session.callSync(operations.ioSize, () => sizeIO(session, io));
}

/** Writes the buffer. */
export function flushIO(session: Session, io: NativeIO): void {
  run(session, operations.ioFlush, [io.handle], null);
}

function run(
  session: Session,
  operation: OperationCode,
  inputs: readonly number[],
  data: Uint8Array | null,
): Float64Array {
  return session.callSync(operation, () => session.run(operation, inputs, data));
}
