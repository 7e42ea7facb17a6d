/**
 * Programs made with `deno compile`: the library inside the executable, or beside it. Skipped where the runtime for
 * executables can't be fetched.
 */
import { assertEquals, assertStringIncludes } from "@std/assert";
import { versions } from "@avio/avio";
import { Newcomer, programOf } from "./support/newcomer.ts";

const root = new URL("..", import.meta.url).pathname;
const platform = `${Deno.build.os}-${Deno.build.arch}`;
const deno = Deno.execPath();

/** Whether this Deno has, or can fetch, the runtime for executables. */
async function canCompile(): Promise<boolean> {
  using user = new Newcomer();
  user.write("empty.ts", "");
  const { success, stderr } = await user.run(deno, ["compile", "--quiet", "empty.ts"], denoDir);
  if (!success && !stderr.includes("base binary")) throw new Error(stderr);
  return success;
}

const denoDir = Deno.env.get("DENO_DIR") ? { DENO_DIR: Deno.env.get("DENO_DIR")! } : {};
const ignore = versions().build !== "embedded" || !await canCompile();

/** Compiles a program and runs it in another folder; returns the library that it used. */
async function ran(user: Newcomer, ...flags: string[]): Promise<string> {
  Deno.mkdirSync(`${user.home}/dist`, { recursive: true });
  user.write("main.ts", programOf(`${user.home}/avio/mod.ts`));
  await user.runOk("cp", [
    "-r",
    ...["mod.ts", "ffi", "io", "format", "deno.json"].map((name) => root + name),
    "avio",
  ]);
  await user.runOk(deno, ["compile", "--allow-ffi", ...flags, "--output", "dist/main", "main.ts"], denoDir);
  Deno.renameSync(`${user.home}/avio`, `${user.home}/gone`);
  const [format, duration, library] = JSON.parse(await user.runOk("dist/main", []));
  assertEquals([format, duration], ["matroska,webm", 1]);
  return library;
}

Deno.test({
  name: "deno compile --include: the library is inside the executable",
  ignore,
  async fn() {
    using user = new Newcomer();
    await user.runOk("mkdir", ["-p", `avio/lib/${platform}`]);
    await user.runOk("cp", [versions().library, `avio/lib/${platform}`]);
    assertStringIncludes(await ran(user, "--include", "avio/lib"), `/avio/lib/${platform}/`);
  },
});

Deno.test({
  name: "deno compile: the library beside the executable",
  ignore,
  async fn() {
    using user = new Newcomer();
    await user.runOk("mkdir", ["-p", "avio", "dist"]);
    await user.runOk("cp", [versions().library, "dist"]);
    assertStringIncludes(await ran(user), "/dist/");
  },
});
