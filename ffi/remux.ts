/**
 * Operations that copy packets from a session's input to its output within C.
 */
import { byteLengthOf } from "./byte_views.ts";
import { check } from "./errors.ts";
import { library } from "./library.ts";
import type { Operation } from "./operation.ts";
import type { Session } from "./session.ts";
import { Holds, operations, RemuxState, Route, Slot } from "./symbols.ts";

/**
 * Whether the output's format can hold a stream of the input; "undescribed": only if the stream's parameters were
 * known.
 */
export function holds(session: Session, inputStream: number): "yes" | "no" | "undescribed" {
  const result = check(library().avs_can_hold(session.handle, inputStream), "query the output format");
  return result === Holds.IT ? "yes" : result === Holds.DESCRIBED ? "undescribed" : "no";
}

/** The same, without the reason. */
export function canHold(session: Session, inputStream: number): boolean {
  return holds(session, inputStream) === "yes";
}

/** Whether the output's format can hold these streams of the input together, each of which it can hold. */
export function canHoldAll(session: Session, inputStreams: readonly number[]): boolean {
  const wanted = new Uint8Array(inputStreams.reduce((most, index) => Math.max(most, index)) + 1);
  for (const index of inputStreams) wanted[index] = 1;
  const { handle } = session;
  return check(library().avs_can_hold_all(handle, wanted, byteLengthOf(wanted)), "query the output format") >
    0;
}

/** Whether the output's format can hold the streams that were added to the output together. */
export function canHoldOutput(session: Session): boolean {
  return check(library().avs_can_hold_all(session.handle, null, 0), "query the output format") > 0;
}

/** Maps a stream of the input to a stream of the output. */
export function mapStream(session: Session, inputStream: number, outputStream: number): void {
  check(library().avs_map_stream(session.handle, inputStream, outputStream), "map stream");
}

/** Exchanges the outputs of two streams, if the input that was just opened has them in the other order than the one before. */
export function swapStreams(session: Session, inputStream: number, other: number): void {
  check(library().avs_swap_routes(session.handle, inputStream, other), "swap streams");
}

/** Sets the range of the input in its own seconds; NaN means from the start, to the end. */
export function setRange(session: Session, start: number, end: number): void {
  check(library().avs_set_range(session.handle, start, end), "set range");
}

/** Sets the seconds subtracted from the input's times; packets shown before `min` are dropped (NaN: none). */
export function setShift(session: Session, seconds: number, min: number): void {
  check(library().avs_set_shift(session.handle, seconds, min), "set shift");
}

/** Sets the delay of a mapped stream of the input, in seconds. */
export function setDelay(session: Session, inputStream: number, seconds: number): void {
  check(library().avs_set_delay(session.handle, inputStream, seconds), "set delay");
}

/**
 * Selects the current one of several inputs, with its remux settings. The number after the last one adds an input,
 * which can be opened.
 */
export function selectInput(session: Session, index: number): void {
  check(library().avs_select_input(session.handle, index), "select input");
  session.inputNumber = index;
}

/** Sets whether jumps in the input's times are kept or smoothed. */
export function keepTimes(session: Session): void {
  check(library().avs_keep_times(session.handle, 1), "keep times");
}

/** What was copied from a stream of the input to the current output. */
export interface Routed {
  packets: number;
  bytes: number;
  /** Seconds of the output, NaN before the first packet. */
  first: number;
  /** Seconds of the output, NaN before the first packet. */
  last: number;
  /** Seconds of the input at which its pictures begin, as `findStarts` found; NaN: not searched, or not found. */
  start: number;
}

/** Returns what was copied from a stream. */
export function routed(session: Session, inputStream: number): Routed {
  check(library().avs_route(session.handle, inputStream, route), "count packets");
  return {
    packets: route[Route.PACKETS]!,
    bytes: route[Route.BYTES]!,
    first: route[Route.FIRST]!,
    last: route[Route.LAST]!,
    start: route[Route.START]!,
  };
}
const route = new Float64Array(Route.LENGTH);

/**
 * Seeks to the key frame at which the range begins; returns its seconds, NaN if it has no time, or that the range is
 * beyond the end.
 */
export function* cutInput(session: Session): Operation<{ start: number; isPastEnd: boolean }> {
  const slot = yield* session.run(operations.cut);
  return { start: slot[1]!, isPastEnd: slot[2] === 1 };
}

/** Finds when the pictures of an input that was just opened begin: some are shown before its first key frame. */
export function* findStarts(session: Session): Operation<void> {
  yield* session.run(operations.starts);
}

/** When a step ends, besides at the end of the input. */
export interface StepLimits {
  /** Milliseconds; 0: no limit. */
  milliseconds: number;
  /**
   * Seconds of the input: the first key frame from there on ends the step and is kept for the next output; NaN: none.
   */
  until: number;
  /** Bytes of packets: the first key frame after this many ends the step, too; 0: none. */
  maxBytes?: number;
  /** Whether this is the last input: if nothing was written by its end, that is an error. */
  isLast: boolean;
}

/** The result of a step; counts are totals since the beginning. */
export interface RemuxStep {
  state: "going on" | "end" | "break";
  packets: number;
  /** Seconds of the output. */
  seconds: number;
  bytesRead: number;
  bytesWritten: number;
  /** Time of the key frame that ended the step, in seconds of the input. */
  breakAt: number;
}

/** Copies packets from the input to the output, up to a limit. */
export function* remuxStep(
  session: Session,
  { milliseconds, until, maxBytes = 0, isLast }: StepLimits,
): Operation<RemuxStep> {
  const slot = yield* session.run(operations.remux, [
    Infinity,
    milliseconds,
    until,
    isLast ? 1 : 0,
    maxBytes,
  ]);
  const [, state, packets, seconds, bytesRead, breakAt] = slot as unknown as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  return {
    state: state === RemuxState.END ? "end" : state === RemuxState.BREAK ? "break" : "going on",
    packets,
    seconds,
    bytesRead,
    bytesWritten: slot[Slot.WRITTEN]!,
    breakAt,
  };
}
