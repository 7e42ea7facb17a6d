/**
 * Layout of text: tables, lists, indentation, line breaks. A cell of a table is a single line.
 */

/** A column of a table. */
export interface Column {
  title: string;
  align?: "left" | "right";
}

const GAP = "  ";

/** Longer cells do not count for the width of their column. */
const MAX_WIDTH = 200;

/** The width of a column. There may be too many cells for the arguments of Math.max(). */
const widest = (lengths: readonly number[]) =>
  lengths.reduce((max, length) => length > MAX_WIDTH ? max : Math.max(max, length), 0);

/** Lines of a table: titles and rows. Empty columns are left out. */
export function table(columns: readonly Column[], rows: readonly string[][]): string[] {
  const used = columns.map((column, index) => ({ column, index }))
    .filter(({ index }) => rows.some((row) => row[index] !== ""));
  const cells = [
    used.map(({ column }) => column.title),
    ...rows.map((row) => used.map((u) => row[u.index]!)),
  ];
  const widths = used.map((_, index) => widest(cells.map((row) => row[index]!.length)));
  const align = (text: string, index: number) =>
    used[index]!.column.align === "right" ? text.padStart(widths[index]!) : text.padEnd(widths[index]!);
  return cells.map((row) => row.map(align).join(GAP).trimEnd());
}

/** Lines of names and values; all lines of a value stay in its column. */
export function list(pairs: readonly (readonly [string, string[]])[]): string[] {
  const width = widest(pairs.map(([name]) => name.length));
  return pairs.flatMap(([name, lines]) =>
    lines.map((line, index) => ((index === 0 ? name : "").padEnd(width) + GAP + line).trimEnd())
  );
}

/** Indents lines. */
export function indent(lines: readonly string[]): string[] {
  return lines.map((line) => line === "" ? line : GAP + line);
}

/** Breaks text into lines of at most `width` characters, between words; longer words are cut. */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ").filter((word) => word !== "").flatMap((word) => pieces(word, width))) {
    if (line !== "" && line.length + 1 + word.length > width) {
      lines.push(line);
      line = "";
    }
    line += line === "" ? word : ` ${word}`;
  }
  return line === "" ? lines : [...lines, line];
}

function pieces(word: string, width: number): string[] {
  return word.match(new RegExp(`.{1,${width}}`, "gsu")) ?? [];
}
