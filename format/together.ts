/**
 * Which streams a format holds together: some hold only one of each kind, or one in all. Of several, the best is kept, as
 * av_find_best_stream() would choose it; of those of several sources, each of which was named, it is an error.
 */
import { argumentError } from "../ffi/errors.ts";
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

/** Throws if the output's format can hold each of its streams, which are of several sources, but not all of them. */
export function checkTogether(
  session: Session,
  format: string,
  kept: readonly (Chosen & { sourceIndex: number })[],
): void {
  if (kept.length < 2 || remuxing.canHoldOutput(session)) return;
  const fits = ({ stream: { index }, sourceIndex }: typeof kept[number]) => {
    remuxing.selectInput(session, sourceIndex);
    return remuxing.canHoldAll(session, [index]);
  };
  if (!kept.every(fits)) return; // the header fails for another reason, and says which
  const sameKind = kept.filter(({ stream: { type } }) =>
    kept.filter(({ stream }) => stream.type === type).length > 1
  );
  const names = (sameKind.length > 0 ? sameKind : kept).map(({ stream, sourceIndex }) =>
    `stream ${stream.index} of sources[${sourceIndex}] (${stream.type}, ${stream.codecParameters.codec})`
  );
  throw argumentError(
    TypeError,
    "sources",
    `${format} can't hold these streams together: ${names.join(", ")}`,
  );
}
