/**
 * Texts that a file, a server or a URL holds: however they are made, JavaScript's thread has soon done with them. What
 * goes back and forth in a text (a regular expression that backtracks) would take hours for a few hundred KB, and nothing
 * could end it: no timer, no signal.
 */
import { assertEquals, assertStringIncludes } from "@std/assert";
import { onLog, probe } from "@avio/avio";

const root = new URL("../", import.meta.url).pathname;

/** Milliseconds that all of it may take, on a machine that does much else. */
const PATIENCE = 600_000;

Deno.test("Whatever looks at long texts of files, servers and URLs has soon done with them", async () => {
  const { signal, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-check", "--no-prompt", "--quiet", "-A", "tests/support/long_texts.ts"],
    cwd: root,
    env: { NO_COLOR: "1" },
    stdout: "piped",
    stderr: "piped",
    signal: AbortSignal.timeout(PATIENCE),
  }).output();
  const [said, complaint] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes).trim());
  const lines = said!.split("\n");
  assertEquals(signal, null, `did not end with: ${lines.at(-1)}`);
  assertEquals(complaint, "");
  assertEquals(lines.filter((line) => line.startsWith("slow: ")), []);
  assertStringIncludes(said!, " expressions");
});

Deno.test("A tag of more than a MiB is left out, with a line in the log; others beside it are there", async () => {
  const long = "x".repeat(1024 * 1024 + 1);
  const file = `;FFMETADATA1\ntitle=${long}\nartist=${
    long.slice(1)
  }\nalbum=short\n[CHAPTER]\nTIMEBASE=1/1\nSTART=0\nEND=1\ntitle=${long}\n`;
  const lines: string[] = [];
  onLog(({ message }) => lines.push(message));
  try {
    const { metadata, chapters } = await probe(new TextEncoder().encode(file), { format: "ffmetadata" });
    assertEquals(Object.keys(metadata), ["artist", "album"]);
    assertEquals(chapters.map(({ metadata }) => metadata), [{}]);
  } finally {
    onLog(null);
  }
  assertEquals(lines.filter((line) => line.includes("left out")), [
    "tag 'title' of file 0 has more than a MiB: it is left out",
    "tag 'title' of chapter 0 has more than a MiB: it is left out",
  ]);
});
