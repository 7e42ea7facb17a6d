/**
 * Columns of text, aligned. It knows nothing of what is in the cells; they are one line each.
 */

/** A column: its title, and on which side its cells are flush. */
export interface Column {
  title: string;
  align?: "left" | "right";
}

const GAP = "  ";

/** Letters of the widest column; a cell that is longer is not what the others have to make room for. */
const MAX_WIDTH = 200;

/** The width of a column. A file decides how many cells there are, so they are no arguments of Math.max(). */
const widest = (lengths: readonly number[]) =>
  lengths.reduce((most, length) => length > MAX_WIDTH ? most : Math.max(most, length), 0);

/** Lines of a table: titles and rows. A column with nothing in it is left out. */
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

/** Lines of names and values; values of several lines stay in their column. */
export function list(pairs: readonly (readonly [string, string[]])[]): string[] {
  const width = widest(pairs.map(([name]) => name.length));
  return pairs.flatMap(([name, lines]) =>
    lines.map((line, index) => ((index === 0 ? name : "").padEnd(width) + GAP + line).trimEnd())
  );
}

/** The same lines, further to the right. */
export function indent(lines: readonly string[]): string[] {
  return lines.map((line) => line === "" ? line : GAP + line);
}

/** Lines of at most `width` letters, broken between words; a word that is longer is cut. */
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
