/**
 * The event loop's turns. What goes on with nothing but promises that are settled already, or looks at many files, would
 * leave timers and signals no time; so it gives the loop its turn now and then.
 */
import { isTurnDue, turn } from "./events.ts";
import type { Operation } from "./operation.ts";

/** Gives the event loop its turn where that is due. */
export async function giveTurn(): Promise<void> {
  if (isTurnDue()) await turn();
}

/** The same within an operation. The sync engine has no event loop to think of. */
export function* turnStep(): Operation<void> {
  if (isTurnDue()) yield { sync: () => {}, async: turn, isNative: true };
}
