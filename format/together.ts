/**
 * Which streams a format holds together: some hold only one of each kind, or one in all. Of several, the best is kept, as
 * av_find_best_stream() would choose it.
 */
import * as remuxing from "../ffi/remux.ts";
import type { Session } from "../ffi/session.ts";
import type { Chosen } from "./edits.ts";
import { byPreference } from "./preference.ts";

/** Of streams that the output's format can hold one by one, those that it can hold together. */
export function together(session: Session, chosen: Chosen[]): Chosen[] {
  const fits = (some: readonly Chosen[]) =>
    remuxing.canHoldAll(session, some.map(({ stream }) => stream.index));
  const types = chosen.map(({ stream }) => stream.type);
  if (new Set(types).size === types.length || fits(chosen)) return chosen;
  const kept: Chosen[] = [];
  for (const one of chosen.toSorted((a, b) => byPreference(a.stream, b.stream))) {
    const others = kept.filter(({ stream }) => stream.type !== one.stream.type);
    const fitsInstead = () => fits([...others, one]) || (fits(kept) && fits([one]));
    const isTooMuch = kept.length > 0 && !fits([...kept, one]) && fitsInstead();
    if (!isTooMuch) kept.push(one);
  }
  return chosen.filter((one) => kept.includes(one));
}
