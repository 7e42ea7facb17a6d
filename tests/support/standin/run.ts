/**
 * Runs one file of tests on Node or Bun like `deno test`: one test after the other, with a line for each that failed.
 *
 *     node --import ./tests/support/standin/preload.ts tests/support/standin/run.ts tests/demuxer_test.ts
 */
import process from "node:process";
import { basename, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { tests } from "./deno_test.ts";
import { notBun, onlyDeno } from "./only_deno.ts";

const [file = ""] = process.argv.slice(2);
const skipped = onlyDeno[basename(file)] ?? [];
const counts = { passed: 0, failed: 0, ignored: 0, deno: 0 };
let current = "loading the file";

function report(): void {
  const { passed, failed, ignored, deno } = counts;
  const deeds = `${passed} passed, ${failed} failed, ${ignored} ignored, ${deno} for Deno only`;
  console.log(`${basename(file)}: ${skipped === "all" ? "for Deno only" : deeds}`);
}

process.on("exit", () => {
  if (current === "") return;
  counts.failed++;
  console.log(`FAILED ${basename(file)}: ${current}: the process ended meanwhile`);
  report();
  process.exitCode = 1;
});

if (skipped !== "all") {
  await import("../preload.ts");
  await import(pathToFileURL(resolve(file)).href);
}
const beside = process.versions["bun"] === undefined ? [] : notBun[basename(file)] ?? [];
const isSkipped = (name: string) =>
  skipped !== "all" && [...skipped, ...beside].some((wanted) => name.startsWith(wanted));
const filter = process.env["AVIO_TEST_FILTER"] ?? "";
for (const { name, ignore, fn } of tests) {
  if (!name.includes(filter)) continue;
  if (isSkipped(name)) {
    counts.deno++;
    continue;
  }
  if (ignore) {
    counts.ignored++;
    continue;
  }
  current = name;
  try {
    await fn();
    counts.passed++;
  } catch (error) {
    counts.failed++;
    console.log(`FAILED ${basename(file)}: ${name}`);
    console.log(error);
  }
}
current = "";
report();
process.exit(counts.failed > 0 ? 1 : 0);
