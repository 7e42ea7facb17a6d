/**
 * Which of several streams of one kind is the best.
 */
import type { Stream } from "./stream.ts";

type Ranked = Pick<Stream, "index" | "disposition" | "codecParameters">;

/**
 * Ranks streams: those for everybody before those for special audiences, default ones first, covers last; then by size.
 */
export function byPreference(a: Ranked, b: Ranked): number {
  const rank = ({ disposition }: Ranked) =>
    (disposition.includes("attached_pic") ? -4 : 0) + (disposition.includes("default") ? 2 : 0) -
    (disposition.some((role) => role === "hearing_impaired" || role === "visual_impaired") ? 1 : 0);
  const size = ({ codecParameters: { width, height, channels } }: Ranked) => width * height + channels;
  return rank(b) - rank(a) || size(b) - size(a) || a.index - b.index;
}
