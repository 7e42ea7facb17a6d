/**
 * Long texts from files, servers and URLs take little time on JavaScript's thread. Backtracking (in a regular
 * expression) would take hours for a few hundred KB, and neither a timer nor a signal could end it.
 */
import { assertEquals, assertStringIncludes } from "@std/assert";
import { onLog, probe } from "@avio/avio";
import { isDeno } from "../ffi/runtime.ts";
import { answerOf } from "./support/script.ts";

const root = new URL("../", import.meta.url).pathname;

/** Maximum milliseconds for everything, on a busy machine. */
const PATIENCE = 600_000;

Deno.test("Long texts of files, servers and URLs are processed quickly", async () => {
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

Deno.test("A tag of more than a MiB is left out, with a line in the log; others are kept", async () => {
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

Deno.test("Tags of more than 16 MiB in all are left out, with a line in the log: the file's, then those of streams", async () => {
  const MIB = 1024 * 1024, text = "\x01".repeat(MIB - 100); // each letter is six in JSON
  const tags = Array.from({ length: 20 }, (_, i) => `tag${i}=${text}\n`).join("");
  const file = `;FFMETADATA1\n${tags}[CHAPTER]\nTIMEBASE=1/1\nSTART=0\nEND=1\ntitle=${text}\nartist=short\n`;
  const lines: string[] = [];
  onLog(({ message }) => lines.push(message));
  try {
    const { metadata, chapters } = await probe(new TextEncoder().encode(file), { format: "ffmetadata" });
    assertEquals(Object.keys(metadata), Array.from({ length: 16 }, (_, i) => `tag${i}`));
    assertEquals(chapters.map(({ metadata }) => metadata), [{ artist: "short" }]);
  } finally {
    onLog(null);
  }
  const left = lines.filter((line) => line.includes("left out"));
  assertEquals(left.length, 5);
  assertEquals(left[0], "tag 'tag16' of file 0 is left out: all tags have more than 16 MiB");
});

Deno.test("The text of a long description is not kept", { ignore: !isDeno }, async () => {
  const MIB = 1 << 20;
  const kept = await answerOf<number>(
    `
    import { vorbisWithoutSetup } from "${root}tests/support/crafted.ts";
    const read = async (size) => (await probe(vorbisWithoutSetup(size, 1))).streams.length;
    const collect = async () => {
      for (let i = 0; i < 10; i++) await new Promise((done) => setTimeout(() => done(gc())));
    };
    await read(1000);
    await collect();
    const before = Deno.memoryUsage().external;
    await read(${30 * MIB});
    await collect();
    console.log(Deno.memoryUsage().external - before);
  `,
    { flags: ["-A", "--v8-flags=--expose-gc"] },
  );
  assertEquals(kept < 20 * MIB, true, `${kept} bytes`);
});
