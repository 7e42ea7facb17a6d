/**
 * Operations that bring packets from a session's input to its output without leaving C.
 */
import { check } from "./errors.ts";
import { library } from "./library.ts";
import type { Operation } from "./operation.ts";
import type { Session } from "./session.ts";
import { Holds, operations, RemuxState, Route, Slot } from "./symbols.ts";

/** Whether the output's format can hold a stream of the input; "undescribed": it could, if more were known of the stream. */
export function holds(session: Session, inputStream: number): "yes" | "no" | "undescribed" {
  const answer = check(library().avs_can_hold(session.handle, inputStream), "ask the output format");
  return answer === Holds.IT ? "yes" : answer === Holds.DESCRIBED ? "undescribed" : "no";
}

/** The same, without the reason. */
export function canHold(session: Session, inputStream: number): boolean {
  return holds(session, inputStream) === "yes";
}

/** Packets of a stream of the input go to this stream of the output. */
export function mapStream(session: Session, inputStream: number, outputStream: number): void {
  check(library().avs_map_stream(session.handle, inputStream, outputStream), "map stream");
}

/** What is wanted of the input, in its own seconds; NaN: from the start, to the end. */
export function setRange(session: Session, start: number, end: number): void {
  check(library().avs_set_range(session.handle, start, end), "set range");
}

/** Seconds that are taken from the input's times; what is shown before `min` is left out, NaN: nothing. */
export function setShift(session: Session, seconds: number, min: number): void {
  check(library().avs_set_shift(session.handle, seconds, min), "set shift");
}

/** Seconds by which packets of a stream of the input, which is mapped, come later. */
export function setDelay(session: Session, inputStream: number, seconds: number): void {
  check(library().avs_set_delay(session.handle, inputStream, seconds), "set delay");
}

/**
 * One of several inputs is the session's from now on, with all that was set for remuxing it; each one more than there are is
 * added, and can be opened.
 */
export function selectInput(session: Session, index: number): void {
  check(library().avs_select_input(session.handle, index), "select input");
  session.inputNumber = index;
}

/** The input's times stay as they are where they jump; else they go on as if they did not. */
export function keepTimes(session: Session): void {
  check(library().avs_keep_times(session.handle, 1), "keep times");
}

/** What has gone from a stream of the input to the present output. */
export interface Routed {
  packets: number;
  bytes: number;
  /** Seconds of the output, NaN before the first packet. */
  first: number;
  /** Seconds of the output, NaN before the first packet. */
  last: number;
}

/** What has gone that way. */
export function routed(session: Session, inputStream: number): Routed {
  check(library().avs_route(session.handle, inputStream, route), "count packets");
  return {
    packets: route[Route.PACKETS]!,
    bytes: route[Route.BYTES]!,
    first: route[Route.FIRST]!,
    last: route[Route.LAST]!,
  };
}
const route = new Float64Array(Route.LENGTH);

/** Goes to the key frame that the range begins with: its seconds, NaN where none has a time; or the range is behind the end. */
export function* cutInput(session: Session): Operation<{ start: number; isPastEnd: boolean }> {
  const slot = yield* session.run(operations.cut);
  return { start: slot[1]!, isPastEnd: slot[2] === 1 };
}

/** When a step ends, beside the end of the input. */
export interface StepLimits {
  /** Milliseconds; 0: none. */
  milliseconds: number;
  /** Seconds of the input: a key frame from there on ends it, and is kept for the next output; NaN: none does. */
  until: number;
  /** Bytes of packets: a key frame after so many ends it, too; 0: none does. */
  maxBytes?: number;
  /** No other input comes behind this one: where nothing has come out by its end, that is an error. */
  isLast: boolean;
}

/** What a step has done; counts are from the beginning. */
export interface RemuxStep {
  state: "going on" | "end" | "break";
  packets: number;
  /** Seconds of the output. */
  seconds: number;
  bytesRead: number;
  bytesWritten: number;
  /** Seconds of the input: the key frame that ended it. */
  breakAt: number;
}

/** Packets from the input to the output, until a limit. */
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
