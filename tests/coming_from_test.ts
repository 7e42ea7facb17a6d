/**
 * Runs every line of the tables of docs/from-fluent-ffmpeg.md and docs/from-the-ffmpeg-command.md, and the commands of
 * docs/command-line.md: without an error, and the files that they name exist afterwards.
 */
import { assert, assertEquals, assertGreater } from "@std/assert";
import * as avio from "@avio/avio";
import { fixtureBytes } from "./support/fixtures.ts";

const root = new URL("../", import.meta.url).pathname;
const inputs = {
  "in.mp4": "video.mp4",
  "a.mp4": "video.mp4",
  "b.mp4": "video.mp4",
  "in.mkv": "subtitles.mkv",
  "song.mp3": "cover.mp3",
} as const;

/** A folder with the files that the lines name, for running one of them. */
class Workplace implements Disposable {
  readonly folder = Deno.makeTempDirSync({ prefix: "avio-coming-" });

  constructor() {
    for (const [name, fixture] of Object.entries(inputs)) {
      Deno.writeFileSync(`${this.folder}/${name}`, fixtureBytes(fixture));
    }
  }

  async run(args: string[]): Promise<void> {
    const command = new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", "--no-check", "--config", `${root}deno.json`, ...args],
      cwd: this.folder,
      env: { NO_COLOR: "1" },
    });
    const { code, stderr } = await command.output();
    assertEquals(code, 0, `${args.join(" ")}: ${new TextDecoder().decode(stderr)}`);
  }

  /** Checks that the outputs that a line names exist and are not empty. */
  check(line: string): void {
    for (const [name] of line.matchAll(/\bout(?:\.\w+|%d\.mp4)?(?=["\s]|$)(?!" \+)/g)) {
      const path = `${this.folder}/${name.replace("%d", "0")}`;
      assertGreater(Deno.statSync(path).size, 0, `${line}: ${name}`);
    }
  }

  [Symbol.dispose](): void {
    Deno.removeSync(this.folder, { recursive: true });
  }
}

/** The code in each cell of each row. */
function rowsOf(page: string): string[][] {
  const text = Deno.readTextFileSync(`${root}docs/${page}`);
  return text.split("\n").filter((line) => line.startsWith("|")).slice(2).map((line) =>
    line.split("|").slice(1, -1).map((cell) => cell.trim().replace(/^`(.*)`$/, "$1"))
  );
}

/** A program with each line in a block of its own; it defines the two streams of fluent-ffmpeg's examples. */
function programOf(lines: readonly string[]): string {
  const names = Object.keys(avio).join(", ");
  const blocks = lines.map((line, index) =>
    `{
      const file = new Blob([await readFile("in.mp4")]);
      const readable = file.stream();
      const writable = new WritableStream();
      void readable, writable;
      try { ${line} } catch (error) { throw new Error(${JSON.stringify(line)}, { cause: error }); }
      console.log(${index});
    }`
  );
  return `import { ${names} } from "@avio/avio";\nimport { readFile } from "node:fs/promises";\n${
    blocks.join("\n")
  }`;
}

for (const page of ["from-fluent-ffmpeg.md", "from-the-ffmpeg-command.md"]) {
  Deno.test(`docs/${page}: every line of TypeScript runs`, async () => {
    using place = new Workplace();
    const lines = rowsOf(page).map((row) => row.at(-1)!).filter((line) => line.endsWith(";"));
    assert(lines.length >= 20);
    Deno.writeTextFileSync(`${place.folder}/main.ts`, programOf(lines));
    await place.run(["main.ts"]);
    for (const line of lines) place.check(line);
  });
}

Deno.test("docs/from-the-ffmpeg-command.md: every command runs", async () => {
  const commands = rowsOf("from-the-ffmpeg-command.md").map(([, command]) => command!);
  assert(commands.length >= 20);
  for (const command of commands) {
    using place = new Workplace();
    const [name, ...args] = command.split(" ");
    assertEquals(name, "avio");
    await place.run([`${root}cli.ts`, ...args]);
    place.check(command);
  }
});

Deno.test("docs/command-line.md: every command runs, in the page's order", async () => {
  using place = new Workplace();
  const text = Deno.readTextFileSync(`${root}docs/command-line.md`);
  const lines = [...text.matchAll(/^```sh\n([^]*?)^```$/gm)].flatMap(([, block]) =>
    block!.trim().split("\n")
  );
  assertGreater(lines.length, 20);
  const script = `avio() { "${Deno.execPath()}" run -A --no-check "${root}cli.ts" "$@"; }
    set -e -o pipefail
    ${lines.map((line) => `echo ${JSON.stringify(`+ ${line}`)} >&2; ${line}`).join("\n")}`;
  const { code, stderr } = await new Deno.Command("bash", {
    args: ["-c", script],
    cwd: place.folder,
    stdout: "null",
  }).output();
  assertEquals(code, 0, new TextDecoder().decode(stderr));
});
