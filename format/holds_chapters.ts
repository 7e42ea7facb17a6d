/**
 * What muxers can store of chapters: names, tags and times that don't fit are left out or corrected, with a warning. `holds.ts`
 * knows which muxers have chapters at all.
 */
import type { Session } from "../ffi/session.ts";
import {
  canHoldChapters,
  holdsMedia,
  isOver,
  MAX_BYTES,
  MAX_UNITS,
  setOf,
  warnOf,
  type Written,
} from "./holds.ts";
import type { Chapter } from "./stream.ts";

const encoder = new TextEncoder();

/** Muxers that store all tags of chapters; the others store titles. */
const HOLD_CHAPTER_TAGS = setOf("adts aiff ffmetadata matroska mp3 nut");

/** The most bytes that a title can have. */
const TITLE_BYTES: Readonly<Record<string, number>> = {
  "3g2": 255,
  "3gp": 255,
  asf: MAX_UNITS - 12,
  f4v: 255,
  ipod: MAX_BYTES,
  ismv: 255,
  mov: MAX_BYTES,
  mp4: MAX_BYTES,
};

/** Chapters as the muxer can store them, with warnings of what that changes. `isSet`: not copied from a source. */
export function fitChapters(
  session: Session,
  output: Written,
  chapters: readonly Chapter[],
  isSet: boolean,
): readonly Chapter[] {
  const { format } = output;
  if (!holdsMedia(format) || !canHoldChapters(output)) return chapters;
  const names = chapters.flatMap(({ metadata = {} }) =>
    Object.keys(metadata).filter((name) => !isTitle(name) && metadata[name] !== "")
  );
  if (isSet && names.length > 0 && !HOLD_CHAPTER_TAGS.has(format)) {
    warnOf(session, [...new Set(names)], `tags of chapters are left out, ${format} can't hold them`);
  }
  return withShortTitles(session, format, fromZero(session, chapters));
}

/** Formats have no times before 0: muxers write them as very large ones, others leave such a chapter out. */
function fromZero(session: Session, chapters: readonly Chapter[]): readonly Chapter[] {
  const count = chapters.filter(({ start }) => start < 0).length;
  if (count === 0) return chapters;
  const warning = { kind: "corrected", source: 0, stream: null, count, log: null } as const;
  session.warnings.add(warning, "chapters that begin before 0 begin at 0");
  return chapters.map((chapter) => ({
    ...chapter,
    start: Math.max(0, chapter.start),
    end: Math.max(0, chapter.end),
  }));
}

function withShortTitles(
  session: Session,
  format: string,
  chapters: readonly Chapter[],
): readonly Chapter[] {
  const { [format]: most } = TITLE_BYTES;
  if (most === undefined) return chapters;
  const fitted = chapters.map((chapter) => withShortTitle(chapter, most));
  const count = fitted.filter((chapter, index) => chapter !== chapters[index]).length;
  if (count > 0) {
    const warning = { kind: "dropped", source: 0, stream: null, count, log: null } as const;
    session.warnings.add(warning, `titles of chapters are cut: ${format} has room for ${most} bytes`);
  }
  return fitted;
}

const isTitle = (name: string) => name.toLowerCase() === "title";

function withShortTitle(chapter: Chapter, most: number): Chapter {
  const title = Object.entries(chapter.metadata ?? {}).find(([name]) => isTitle(name));
  if (!title || !isOver(most, title[1])) return chapter;
  const [name, text] = title;
  const { read } = encoder.encodeInto(text, new Uint8Array(most)); // whole characters
  return { ...chapter, metadata: { ...chapter.metadata, [name]: text.slice(0, read) } };
}
