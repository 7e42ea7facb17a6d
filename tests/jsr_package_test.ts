/**
 * The JSR package: served over http as JSR does it, imported by a program, first without a library and then with the
 * one that the command in the error has installed. Also the installer: prebuilt libraries, and concurrent installs.
 */
import { createHash } from "node:crypto";
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { versions } from "@avio/avio";
import { buildFiles } from "../scripts/list_sources.ts";
import { Newcomer, type Outcome, programOf } from "./support/newcomer.ts";
import { publishedFiles, type Registry, serveFiles, serveJsr } from "./support/registry.ts";

const root = new URL("..", import.meta.url).pathname;
const isLinux = Deno.build.os === "linux";
const deno = Deno.execPath();
const NAME = `libavio-${Deno.build.os}-${Deno.build.arch}.so`;

function test(name: string, fn: () => Promise<void>): void {
  Deno.test({ name, ignore: !isLinux, fn });
}

/** What `avio/<version>/libavio.so` is in a user's home. */
function cachedLibrary(user: Newcomer): string {
  return `${user.home}/.cache/avio/${versions().avio}/libavio.so`;
}

function assertInstalled(user: Newcomer): void {
  const folder = cachedLibrary(user).replace(/[^/]*$/, "");
  assertEquals([...Deno.readDirSync(folder)].map(({ name }) => name), ["libavio.so"]);
}

/** The installer of the checkout. */
function install(user: Newcomer, args: string[], env?: Record<string, string>): Promise<Outcome> {
  return user.run(deno, ["run", "-A", `${root}install.ts`, ...args], env);
}

// ------------------------------------------------------------------------------------------------ the way in

const program = [
  "run",
  "--no-prompt",
  "--allow-ffi",
  "--allow-env=HOME,XDG_CACHE_HOME,AVIO_SHIM_PATH",
  "main.ts",
];

test("jsr:@avio/avio: the error's own command mends what is missing", async () => {
  using user = new Newcomer();
  await using jsr = await serveJsr();
  const env = { JSR_URL: jsr.address };
  user.write("main.ts", programOf("jsr:@avio/avio"));
  const first = await user.run(deno, program, env);
  assert(!first.success);
  assertStringIncludes(first.stderr, `${cachedLibrary(user)}: not found`);
  const command = first.stderr.match(/^ +(deno run -A jsr:\S+)$/m)![1]!;
  await user.runOk("bash", ["-c", command], env);
  assertInstalled(user);
  const second = JSON.parse(await user.runOk(deno, program, env));
  assertEquals(second, ["matroska,webm", 1, cachedLibrary(user)]);
});

test("From any other http server it is that server's installer", async () => {
  using user = new Newcomer();
  await using server = serveFiles((path) => {
    try {
      return Deno.readTextFileSync(`${root}${path.slice(1)}`);
    } catch {
      return null;
    }
  });
  user.write("main.ts", programOf(`${server.address}/mod.ts`));
  const env = ["--allow-env=HOME,XDG_CACHE_HOME,AVIO_SHIM_PATH"];
  const run = ["run", "--no-prompt", "--allow-ffi", "--allow-import", ...env, "main.ts"];
  const { stderr } = await user.run(deno, run);
  assertStringIncludes(stderr, `deno run -A ${server.address}/install.ts\n`);
});

test("All that the library is built from comes with the package, and with the installer", async () => {
  const files = buildFiles();
  const { sources } = await import("../install/sources.ts");
  assertEquals(Object.keys(sources), files);
  for (const [path, text] of Object.entries(sources)) assertEquals(text, Deno.readTextFileSync(root + path));
  const published = await publishedFiles();
  assertEquals(files.filter((file) => !published.includes(file)), []);
  assertEquals(published.filter((file) => /^(tests|bench|fuzz|fixtures|lib|\.ci)\//.test(file)), []);
});

// ------------------------------------------------------------------------------------------------ the installer

test("install --embedded builds the library with FFmpeg inside", async () => {
  using user = new Newcomer();
  const { success, stdout, stderr } = await install(user, ["--embedded", "--output", "here/libavio.so"]);
  assert(success, stderr);
  assertStringIncludes(stdout, `${user.home}/here/libavio.so is there now`);
  const script = `import { loadLibrary, versions } from "${root}mod.ts"; loadLibrary("here/libavio.so");
    console.log(versions().build);`;
  user.write("which.ts", script);
  assertEquals(await user.runOk(deno, ["run", "-A", "which.ts"]), "embedded");
});

test("A library that fits is left as it is, one that does not is replaced", async () => {
  using user = new Newcomer();
  const place = cachedLibrary(user);
  Deno.mkdirSync(place.replace(/[^/]*$/, ""), { recursive: true });
  Deno.writeTextFileSync(place, "half of a library");
  const first = await install(user, []);
  assertMatch(first.stdout, /libavio\.so: .*; it is replaced\n/);
  assertInstalled(user);
  const { ino } = Deno.statSync(place);
  const second = await install(user, []);
  assertStringIncludes(second.stdout, "is there already");
  assertEquals(Deno.statSync(place).ino, ino);
  assert((await install(user, ["--force"])).success);
  assert(Deno.statSync(place).ino !== ino);
});

test("A library of another ABI is stale: the error says so, and the installer replaces it", async () => {
  using user = new Newcomer();
  const place = cachedLibrary(user);
  Deno.mkdirSync(place.replace(/[^/]*$/, ""), { recursive: true });
  // The sources of this one, but for the number.
  const folder = `${user.home}/shim`;
  await user.runOk("cp", ["-r", `${root}shim`, folder]);
  const header = Deno.readTextFileSync(`${folder}/avs.h`);
  Deno.writeTextFileSync(`${folder}/avs.h`, header.replace(/(#define AVS_ABI_VERSION) \d+/, "$1 1"));
  const build = [`--system`, "--output", place];
  await user.runOk(`${root}scripts/build_shim.sh`, build, { AVIO_SHIM_DIR: folder });
  Deno.removeSync(`${place}.stamp`);
  user.write("load.ts", `import { loadLibrary } from "${root}mod.ts"; loadLibrary("${place}");`);
  const { stderr } = await user.run(deno, ["run", "-A", "load.ts"]);
  assertMatch(stderr, /libavio\.so: has ABI 1, this avio needs ABI \d+/);
  const { stdout } = await install(user, []);
  assertMatch(stdout, /has ABI 1, this avio needs ABI \d+; it is replaced/);
  await user.runOk(deno, ["run", "-A", "load.ts"]);
  assertInstalled(user);
});

test("Several install at once, while programs load it: it is whole at any time", async () => {
  using user = new Newcomer();
  await using release = releaseOf(versions().library);
  const env = { AVIO_RELEASE_URL: release.address };
  assert((await install(user, [], env)).success);
  user.write(
    "load.ts",
    `import { loadLibrary } from "${root}mod.ts"; loadLibrary("${cachedLibrary(user)}");`,
  );
  const installs = Array.from({ length: 4 }, () => install(user, ["--force"], env));
  const loads = Array.from({ length: 6 }, () => user.run(deno, ["run", "-A", "load.ts"]));
  for (const { success, stderr } of await Promise.all([...installs, ...loads])) assert(success, stderr);
  assertInstalled(user);
});

// ------------------------------------------------------------------------------------------------ releases

/** A release with this library in it; its list has the right sum, or another. */
function releaseOf(library: string, sum?: string): Registry {
  const bytes = Deno.readFileSync(library);
  const found = sum ?? createHash("sha256").update(bytes).digest("hex");
  return serveFiles((path) =>
    path === `/${NAME}`
      ? bytes
      : path === "/SHA256SUMS"
      ? `${"0".repeat(64)}  other.so\n${found}  ${NAME}\n`
      : null
  );
}

test("A library of a release is fetched, checked and used", async () => {
  using user = new Newcomer();
  await using release = releaseOf(versions().library);
  const { success, stdout, stderr } = await install(user, [], { AVIO_RELEASE_URL: release.address });
  assert(success, stderr);
  assert(!stdout.includes("build_shim"), stdout);
  assertInstalled(user);
  assertEquals(Deno.readFileSync(cachedLibrary(user)), Deno.readFileSync(versions().library));
});

test("A library that is not the release's is refused, and nothing is left", async () => {
  using user = new Newcomer();
  await using release = releaseOf(versions().library, "1".repeat(64));
  const { success, stderr } = await install(user, [], { AVIO_RELEASE_URL: release.address });
  assert(!success);
  assertMatch(stderr, /is not the library of the release: its SHA-256 is [0-9a-f]{64}, not 1{64}/);
  assertEquals([...Deno.readDirSync(cachedLibrary(user).replace(/[^/]*$/, ""))], []);
});

test("A release without a library for this platform: it is built", async () => {
  using user = new Newcomer();
  await using release = serveFiles(() => null);
  const { success, stdout } = await install(user, [], { AVIO_RELEASE_URL: release.address });
  assert(success);
  assertStringIncludes(stdout, "build_shim");
  assertInstalled(user);
});

test("A release that can't be reached is an error that names it", async () => {
  using user = new Newcomer();
  await using release = serveFiles(() => null);
  await release[Symbol.asyncDispose]();
  const { success, stderr } = await install(user, [], { AVIO_RELEASE_URL: release.address });
  assert(!success);
  assertStringIncludes(stderr, `Cannot fetch ${release.address}/SHA256SUMS: `);
});
