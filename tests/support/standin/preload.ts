/**
 * Loaded before everything else where tests, or a program of theirs, run on Node or Bun: the names of deno.json's imports,
 * and what stands in for Deno's own functions (`deno.ts`).
 */
import process from "node:process";

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
