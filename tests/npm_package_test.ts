/**
 * The npm package: what is in it, and that a program runs with it, by npm's folder and by Deno's own way.
 */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { versions } from "@avio/avio";
import { Newcomer, programOf } from "./support/newcomer.ts";
import { serveNpm } from "./support/registry.ts";

const root = new URL("..", import.meta.url).pathname;
const platform = `${Deno.build.os}-${Deno.build.arch}`;

/** The package has the library of lib/ in it, whichever these tests run on. */
const ignore = !versions().library.endsWith(`lib/${platform}/libavio.so`);

function test(name: string, fn: () => Promise<void>): void {
  Deno.test({ name, ignore, fn });
}

async function packed(): Promise<Uint8Array<ArrayBuffer>> {
  using packer = new Newcomer();
  await packer.runOk(`${root}scripts/pack_npm.sh`, [`${packer.home}/avio.tgz`]);
  return Deno.readFileSync(`${packer.home}/avio.tgz`);
}

let tarball: Promise<Uint8Array<ArrayBuffer>> | undefined;
const pack = () => tarball ??= packed();

/** A folder with the package installed by npm, and a program. */
async function installed(): Promise<Newcomer> {
  const user = new Newcomer();
  user.write("avio.tgz", await pack());
  user.write("main.ts", programOf("@avio/avio"));
  await user.runOk("npm", ["install", "--offline", "--no-audit", "--no-fund", "./avio.tgz"]);
  return user;
}

function assertRan(stdout: string, library: RegExp): void {
  const [format, duration, path] = JSON.parse(stdout) as [string, number, string];
  assertEquals([format, duration], ["matroska,webm", 1]);
  assertMatch(path, library);
}

const withinPackage = new RegExp(`/@avio/avio/.*lib/${platform}/libavio\\.so$`);

test("npm install TARBALL, then deno run --allow-ffi: no other permission, no network, no compiler", async () => {
  using user = await installed();
  const run = ["run", "--no-prompt", "--cached-only", "--allow-ffi"];
  assertRan(await user.runOk(Deno.execPath(), [...run, "main.ts"]), withinPackage);
  assertEquals(await user.runOk(Deno.execPath(), ["check", "main.ts"]), "");
});

test("The library's own path as the only permission", async () => {
  using user = await installed();
  const library = `node_modules/@avio/avio/lib/${platform}/libavio.so`;
  assertRan(
    await user.runOk(Deno.execPath(), ["run", "--no-prompt", `--allow-ffi=${library}`, "main.ts"]),
    withinPackage,
  );
});

test("npm:@avio/avio, from a registry", async () => {
  using user = new Newcomer();
  await using registry = serveNpm(await pack());
  user.write("main.ts", programOf("npm:@avio/avio"));
  const output = await user.runOk(Deno.execPath(), ["run", "--no-prompt", "--allow-ffi", "main.ts"], {
    NPM_CONFIG_REGISTRY: registry.address,
  });
  assertRan(output, /\/@avio\/avio\/\d.*\/lib\/.*\/libavio\.so$/);
});

test("The command line, from the package", async () => {
  using user = await installed();
  Deno.copyFileSync(`${root}fixtures/video.mp4`, `${user.home}/video.mp4`);
  const cli = ["run", "--no-prompt", "--allow-ffi", "--allow-read=."];
  assertMatch(
    await user.runOk(Deno.execPath(), [...cli, "npm:@avio/avio/cli", "probe", "video.mp4"]),
    /h264/,
  );
});

test("There is nothing in the package that its users do not need", async () => {
  using user = await installed();
  const names = [...Deno.readDirSync(`${user.home}/node_modules/@avio/avio`)].map(({ name }) => name);
  assertEquals(names.sort(), [
    "CHANGELOG.md",
    "LICENSE",
    "README.md",
    "cli",
    "cli.d.ts",
    "cli.js",
    "deno.json",
    "ffi",
    "format",
    "io",
    "lib",
    "mod.d.ts",
    "mod.js",
    "needs_deno.js",
    "package.json",
  ]);
  const libraries = [...Deno.readDirSync(`${user.home}/node_modules/@avio/avio/lib`)];
  assertEquals(libraries.map(({ name }) => name).sort(), ["LICENSES.txt", platform]);
});

test("The licences go with it: both texts, where the sources are, how it was built", async () => {
  using user = await installed();
  const text = Deno.readTextFileSync(`${user.home}/node_modules/@avio/avio/lib/LICENSES.txt`);
  for (const part of ["MIT License", "GNU LESSER GENERAL PUBLIC LICENSE", versions().configuration]) {
    assertStringIncludes(text, part);
  }
  assertStringIncludes(text, `ffmpeg-${versions().ffmpeg}.tar.xz`);
});

test("Packed twice, it is the same bytes", async () => {
  assertEquals(await packed(), await pack());
});

test("Libraries of several platforms lie side by side", async () => {
  using packer = new Newcomer();
  packer.write("libavio-darwin-aarch64.dylib", "a library");
  const own = `${platform}=${root}lib/${platform}/libavio.so`;
  const other = `darwin-aarch64=${packer.home}/libavio-darwin-aarch64.dylib`;
  await packer.runOk(`${root}scripts/pack_npm.sh`, [`${packer.home}/avio.tgz`, own, other]);
  const listing = await packer.runOk("tar", ["-tzf", "avio.tgz"]);
  assertStringIncludes(listing, `package/lib/${platform}/libavio.so\n`);
  assertStringIncludes(listing, "package/lib/darwin-aarch64/libavio.dylib\n");
});

test("Without a library for the platform the error says where it looked and what mends it", async () => {
  using user = await installed();
  const folder = `${user.home}/node_modules/@avio/avio/lib/${platform}`;
  Deno.removeSync(folder, { recursive: true });
  const { success, stderr } = await user.run(Deno.execPath(), [
    "run",
    "--allow-ffi",
    "--allow-env",
    "main.ts",
  ]);
  assert(!success);
  assertStringIncludes(stderr, `${folder}/libavio.so: not found`);
  assertMatch(stderr, /\n +deno run -A jsr:@avio\/avio@\d+\.\d+\.\d+\/install\n/);
});

test("Under Node the import says what is needed", async () => {
  using user = await installed();
  for (const program of [`import { remux } from "@avio/avio"; remux`, `import "@avio/avio/cli"`]) {
    user.write("main.mjs", program);
    const { success, stderr } = await user.run("node", ["main.mjs"]);
    assert(!success);
    assertStringIncludes(stderr, "@avio/avio needs Deno");
    assertStringIncludes(stderr, "deno run --allow-ffi main.ts");
  }
});
