/**
 * Chapters on their way from sources to an output: cut and joined. `open_output.ts` adds them.
 */
import type { Session } from "../ffi/session.ts";
import type { Chapter } from "./stream.ts";

/** Warns about chapters of a source. */
export function warnOfChapters(session: Session, source: number, words: string): void {
  session.warnings.add({ kind: "dropped", source, stream: null, count: 1, log: null }, words);
}

/** Seconds by which the times of chapters may differ from those of packets: muxers shift packets before 0, not chapters. */
const CHAPTER_GAP = 0.1;

/**
 * Seconds by which the packets of a source that begins at this second are later than its chapters. Where it begins near 0, chapters
 * count from its beginning: an mp3 begins behind the delay of its encoder, and muxers move what begins before 0, but not chapters.
 */
export function chapterLag(beginning: number): number {
  return Math.abs(beginning) < CHAPTER_GAP ? beginning : 0;
}

/** The chapters that many seconds later. */
export function laterChapters(chapters: readonly Chapter[], seconds: number): Chapter[] {
  return chapters.map((chapter) => ({
    ...chapter,
    start: chapter.start + seconds,
    end: chapter.end + seconds,
  }));
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
