/**
 * Turns of the event loop. Long work over settled promises or many files would block timers and signals, so it yields
 * to the event loop now and then.
 */
import { isTurnDue, turn } from "./events.ts";
import type { Operation } from "./operation.ts";

/** Waits for a turn of the event loop if one is due. */
export async function giveTurn(): Promise<void> {
  if (isTurnDue()) await turn();
}

/** The same within an operation. The sync engine does nothing. */
export function* turnStep(): Operation<void> {
  if (isTurnDue()) yield { sync: () => {}, async: turn, isNative: true };
}
