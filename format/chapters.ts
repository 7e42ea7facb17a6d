/**
 * Chapters on their way from sources to an output: cut and joined. `open_output.ts` adds them.
 */
import type { Session } from "../ffi/session.ts";
import type { Chapter } from "./stream.ts";

/** Warns about chapters of a source. */
export function warnOfChapters(session: Session, source: number, words: string): void {
  session.warnings.add({ kind: "dropped", source, stream: null, count: 1, log: null }, words);
}

/** The chapters within the range, shifted to an output whose times are `shift` seconds earlier; no chapter begins before 0. */
export function cutChapters(
  chapters: readonly Chapter[],
  range: { start: number; end: number },
  shift: number,
): Chapter[] {
  const inside = chapters.filter((chapter) => chapter.end > range.start && chapter.start < range.end);
  return inside.map((chapter) => ({
    ...chapter,
    start: Math.max(0, Math.max(chapter.start, range.start) - shift),
    end: Math.min(chapter.end, range.end) - shift,
  })).filter(({ start, end }) => end > start || (end === start && start > 0));
}

/** Seconds by which the times of chapters may differ from those of packets: muxers shift packets before 0, not chapters. */
const CHAPTER_GAP = 0.1;

/** Chapters of one source after those of another; one that was cut in two by `split` becomes one again. */
export function joinChapters(before: readonly Chapter[], after: readonly Chapter[]): Chapter[] {
  const last = before.at(-1);
  const [first, ...others] = after;
  const isOne = last && first && Math.abs(last.end - first.start) < CHAPTER_GAP &&
    JSON.stringify(last.metadata) === JSON.stringify(first.metadata);
  const all = isOne
    ? [...before.slice(0, -1), { ...last, end: first.end }, ...others]
    : [...before, ...after];
  return all.map((chapter, index) => ({ ...chapter, id: index + 1 }));
}
