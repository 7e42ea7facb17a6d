/**
 * Loaded before everything else if tests, or programs started by them, run on Node or Bun: resolves the imports of deno.json,
 * and replaces Deno's own functions (`globals.ts`).
 */
import { rmSync } from "node:fs";
import process from "node:process";

const { AVIO_STDIN_FILE: script } = process.env;
if (script !== undefined) {
  delete process.env["AVIO_STDIN_FILE"];
  process.on("exit", () => rmSync(script, { force: true }));
}

if (process.versions["bun"] === undefined) {
  const { registerHooks } = await import("node:module");
  const names: Record<string, string> = {
    "@avio/avio": new URL("../../../mod.ts", import.meta.url).href,
    "@std/assert": new URL("../../assert.ts", import.meta.url).href,
  };
  registerHooks({
    resolve: (specifier, context, next) => next(names[specifier] ?? specifier, context),
  });
}
await import("./globals.ts");
