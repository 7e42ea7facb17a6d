/**
 * The npm packages, one with the modules and one with the library for each platform: their contents, and that a program
 * runs with them, with npm's folder and with Deno's own resolution.
 */
import { assert, assertEquals, assertGreater, assertMatch, assertStringIncludes } from "@std/assert";
import { versions } from "@avio/avio";
import { fileNameOn, PLATFORMS } from "../ffi/library_paths.ts";
import { faultOf } from "../ffi/node_runtime.ts";
import { Newcomer, programOf } from "./support/newcomer.ts";
import { pack, packed, platform, type Tarball } from "./support/packages.ts";
import { manifestOf, serveNpm } from "./support/registry.ts";
import { esbuild, runtimes, typesFolder } from "./support/runtimes.ts";

const root = new URL("..", import.meta.url).pathname;

/** The package has the library of lib/ in it, whichever these tests run on. */
const ignore = !versions().library.endsWith(`lib/${platform}/libavio.so`);

function test(name: string, fn: () => Promise<void>): void {
  Deno.test({ name, ignore, fn });
}

async function installedByNpm(): Promise<Newcomer> {
  const user = new Newcomer();
  globalThis.addEventListener("unload", () => user[Symbol.dispose]());
  const [modules, library] = await pack();
  user.write("avio.tgz", modules);
  user.write("library.tgz", library);
  const options = ["--offline", "--no-audit", "--no-fund"];
  await user.runOk("npm", ["install", ...options, "./library.tgz", "./avio.tgz"]);
  return user;
}

let first: Promise<Newcomer> | undefined;

/** A folder with the package as npm has installed it, and a program. */
async function installed(): Promise<Newcomer> {
  const { home } = await (first ??= installedByNpm());
  const user = new Newcomer();
  user.write("main.ts", programOf("@avio/avio"));
  await user.runOk("cp", ["-R", `${home}/package.json`, `${home}/node_modules`, "."]);
  return user;
}

function assertRan(stdout: string, library: RegExp): void {
  const [format, duration, path] = JSON.parse(stdout) as [string, number, string];
  assertEquals([format, duration], ["matroska,webm", 1]);
  assertMatch(path, library);
}

const withinPackage = new RegExp(`/@avio/${platform}/(?:\\d[^/]*/)?libavio\\.so$`);

test("npm install TARBALL, then deno run --allow-ffi: no other permission, no network, no compiler", async () => {
  using user = await installed();
  const run = ["run", "--no-prompt", "--cached-only", "--allow-ffi"];
  assertRan(await user.runOk(Deno.execPath(), [...run, "main.ts"]), withinPackage);
  assertEquals(await user.runOk(Deno.execPath(), ["check", "main.ts"]), "");
});

test("The library's own path as the only permission", async () => {
  using user = await installed();
  const library = `node_modules/@avio/${platform}/libavio.so`;
  assertRan(
    await user.runOk(Deno.execPath(), ["run", "--no-prompt", `--allow-ffi=${library}`, "main.ts"]),
    withinPackage,
  );
});

test("npm:@avio/avio, from a registry", async () => {
  using user = new Newcomer();
  await using registry = await serveNpm(await pack());
  user.write("main.ts", programOf("npm:@avio/avio"));
  const output = await user.runOk(Deno.execPath(), ["run", "--no-prompt", "--allow-ffi", "main.ts"], {
    NPM_CONFIG_REGISTRY: registry.address,
  });
  assertRan(output, withinPackage);
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
  const all = [...Deno.readDirSync(`${user.home}/node_modules/@avio/avio`)].map(({ name }) => name);
  const names = all.filter((name) => !/^chunk-\w+\.js(\.map)?$/.test(name));
  assertEquals(all.length - names.length, 4); // what mod.js and cli.js share, and bin.js with them; and their source maps
  assertEquals(names.sort(), [
    "CHANGELOG.md",
    "LICENSE",
    "README.md",
    "bin.js",
    "cli.d.ts",
    "cli.js",
    "cli.js.map",
    "ffi",
    "format",
    "io",
    "mod.d.ts",
    "mod.js",
    "mod.js.map",
    "package.json",
  ]);
  const library = [...Deno.readDirSync(`${user.home}/node_modules/@avio/${platform}`)];
  assertEquals(library.map(({ name }) => name).sort(), ["LICENSES.txt", "libavio.so", "package.json"]);
  assert((await pack())[0].length < 400_000);
});

test("The licences go with it: both texts, where the sources are, how it was built", async () => {
  using user = await installed();
  const text = Deno.readTextFileSync(`${user.home}/node_modules/@avio/${platform}/LICENSES.txt`);
  for (const part of ["MIT License", "GNU LESSER GENERAL PUBLIC LICENSE", versions().configuration]) {
    assertStringIncludes(text, part);
  }
  assertStringIncludes(text, `ffmpeg-${versions().ffmpeg}.tar.xz`);
});

test("Packed twice, it is the same bytes", async () => {
  assertEquals(await packed(), await pack());
});

/** All packages: those of the release in the folder AVIO_RELEASE, or packed here, with dummy files for other platforms. */
async function packedForAll(): Promise<Tarball[]> {
  const release = Deno.env.get("AVIO_RELEASE");
  if (release) {
    const prefix = `${release}/avio-${versions().avio}-npm`;
    return ["", ...PLATFORMS.map((name) => `-${name}`)].map((name) =>
      Deno.readFileSync(`${prefix}${name}.tgz`)
    );
  }
  using packer = new Newcomer();
  const libraries = PLATFORMS.map((name) => {
    const file = `${packer.home}/${name}-${fileNameOn(name)}`;
    if (name === platform) Deno.copyFileSync(`${root}lib/${platform}/libavio.so`, file);
    else Deno.writeTextFileSync(file, `a library for ${name}`);
    return `${name}=${file}`;
  });
  await packer.runOk(`${root}scripts/pack_npm.sh`, [`${packer.home}/avio.tgz`, ...libraries]);
  const files = ["avio.tgz", ...PLATFORMS.map((name) => `avio-${name}.tgz`)];
  return files.map((file) => Deno.readFileSync(`${packer.home}/${file}`));
}

test("npm install from a registry brings the one library that the machine needs, and runs nothing", async () => {
  const all = await packedForAll();
  const manifests = await Promise.all(all.map(manifestOf));
  for (const { scripts } of manifests) assertEquals(scripts, undefined);
  const systems = manifests.slice(1).map(({ name, os, cpu, libc }) => [name, os, cpu, libc]);
  assertEquals(systems, [
    ["@avio/linux-x86_64", ["linux"], ["x64"], ["glibc"]],
    ["@avio/linux-aarch64", ["linux"], ["arm64"], ["glibc"]],
    ["@avio/linux-x86_64-musl", ["linux"], ["x64"], ["musl"]],
    ["@avio/linux-aarch64-musl", ["linux"], ["arm64"], ["musl"]],
    ["@avio/darwin-aarch64", ["darwin"], ["arm64"], undefined],
    ["@avio/darwin-x86_64", ["darwin"], ["x64"], undefined],
    ["@avio/windows-x86_64", ["win32"], ["x64"], undefined],
  ]);
  const asked: string[] = [];
  await using registry = await serveNpm(all, asked);
  using user = new Newcomer();
  const options = ["--no-audit", "--no-fund", `--registry=${registry.address}`];
  await user.runOk("npm", ["install", ...options, "@avio/avio"]);
  const installed = [...Deno.readDirSync(`${user.home}/node_modules/@avio`)].map(({ name }) => name);
  assertEquals(installed.sort(), ["avio", platform]);
  const fetched = asked.filter((path) => path.endsWith(".tgz"));
  assertEquals(fetched.length, 2, fetched.join(" "));
  user.write("main.ts", programOf("@avio/avio"));
  const run = ["run", "--no-prompt", "--cached-only", "--allow-ffi", "main.ts"];
  assertRan(await user.runOk(Deno.execPath(), run), withinPackage);
});

test("npm install --os, --cpu, --libc brings the one library of each platform", async () => {
  const all = await packedForAll();
  for (const { name, os, cpu, libc } of (await Promise.all(all.map(manifestOf))).slice(1)) {
    const asked: string[] = [];
    await using registry = await serveNpm(all, asked);
    using user = new Newcomer();
    const options = [
      "--no-audit",
      "--no-fund",
      `--registry=${registry.address}`,
      `--os=${os}`,
      `--cpu=${cpu}`,
    ];
    if (libc) options.push(`--libc=${libc}`);
    await user.runOk("npm", ["install", ...options, "@avio/avio"]);
    const installed = [...Deno.readDirSync(`${user.home}/node_modules/@avio`)];
    assertEquals(installed.map(({ name }) => `@avio/${name}`).sort(), ["@avio/avio", name]);
    const fetched = asked.filter((path) => path.endsWith(".tgz"));
    assertEquals(fetched.map((path) => path.split("/-/")[0]).sort(), ["/@avio/avio", `/${name}`]);
  }
});

test("Where packages are not side by side but linked, as pnpm lays them, the library is found too", async () => {
  using user = await installed();
  // node_modules/.pnpm/NAME@VERSION/node_modules has a package and what it depends on; all else is links.
  const script = `
    set -e
    cd node_modules
    mkdir -p .pnpm/avio/node_modules/@avio .pnpm/library/node_modules/@avio
    mv @avio/${platform} .pnpm/library/node_modules/@avio/
    mv @avio/avio .pnpm/avio/node_modules/@avio/
    ln -s ../../../library/node_modules/@avio/${platform} .pnpm/avio/node_modules/@avio/${platform}
    ln -s ../.pnpm/avio/node_modules/@avio/avio @avio/avio`;
  await user.runOk("bash", ["-c", script]);
  const run = ["run", "--no-prompt", "--cached-only", "--allow-ffi", "main.ts"];
  assertRan(await user.runOk(Deno.execPath(), run), withinPackage);
  for (const runtime of Object.values(runtimes)) {
    user.write("main.mjs", programOf("@avio/avio"));
    if (runtime !== null) assertRan(await user.runOk(runtime, ["main.mjs"]), withinPackage);
  }
});

test("Without a library for the platform the error says where it looked and what mends it", async () => {
  using user = await installed();
  Deno.removeSync(`${user.home}/node_modules/@avio/${platform}`, { recursive: true });
  const folder = `${user.home}/node_modules/@avio/avio`;
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

// ------------------------------------------------------------------------------------------- Node and Bun

for (const [name, runtime] of Object.entries(runtimes)) {
  const testOn = (what: string, fn: (user: Newcomer, runtime: string) => Promise<void>) =>
    Deno.test({
      name: `${name}: ${what}`,
      ignore: ignore || runtime === null,
      fn: async () => {
        using user = await installed();
        await fn(user, runtime!);
      },
    });

  testOn("import and require, with the library of the package", async (user, runtime) => {
    user.write("main.mjs", programOf("@avio/avio"));
    user.write(
      "main.cjs",
      `const { probeSync, versions } = require("@avio/avio");
      console.log(typeof probeSync, versions().avio === require("@avio/avio/package.json").version);`,
    );
    assertRan(await user.runOk(runtime, ["main.mjs"]), withinPackage);
    assertEquals(await user.runOk(runtime, ["main.cjs"]), "function true");
  });

  testOn("the command line", async (user, runtime) => {
    Deno.copyFileSync(`${root}fixtures/video.mp4`, `${user.home}/video.mp4`);
    const cli = "node_modules/.bin/avio";
    assertMatch(await user.runOk(runtime, [cli, "probe", "video.mp4"]), /h264/);
    await user.runOk(runtime, [cli, "remux", "--quiet", "video.mp4", "video.mkv"]);
    assertMatch(await user.runOk(runtime, [cli, "probe", "video.mkv"]), /Matroska/);
    const { success, stderr } = await user.run(runtime, [cli, "probe", "missing.mp4"]);
    assertEquals([success, stderr], [
      false,
      "avio: Cannot open input: No such file or directory: missing.mp4",
    ]);
  });

  testOn("files of its own are sources and sinks: FileHandle, Readable, Writable, standard input", async (
    user,
    runtime,
  ) => {
    Deno.copyFileSync(`${root}fixtures/video.mp4`, `${user.home}/video.mp4`);
    user.write(
      "main.mjs",
      `
      import { probe, probeSync, remux, remuxSync } from "@avio/avio";
      import { createReadStream, createWriteStream, readFileSync } from "node:fs";
      import { open } from "node:fs/promises";
      const count = async (work) => (await work).packets;
      const source = await open("video.mp4");
      const sink = await open("handle.mkv", "w+");
      console.log(await count(remux(source, sink, { format: "matroska" })));
      console.log(probeSync(source).streams.length, probeSync(sink).streams.length);
      await sink.close();
      try { probeSync(sink); } catch (error) { console.log(error.code); }
      console.log(remuxSync(source, "sync.mkv").packets);
      await source.close();
      const [from, to] = [createReadStream("video.mp4"), createWriteStream("stream.ts")];
      console.log(await count(remux(from, to, { format: "mpegts" })), to.writableFinished);
      try { remuxSync("video.mp4", createWriteStream("never.ts"), { format: "mpegts" }); } catch (error) {
        console.log(error.message);
      }
      console.log((await probe("stream.ts")).streams.length, (await probe(process.stdin)).streams.length);
      if (globalThis.Bun) {
        console.log(probeSync(Bun.file("video.mp4")).streams.length);
        remuxSync(Bun.file("video.mp4"), Bun.file("bun.mkv"));
        console.log(probeSync("bun.mkv").streams.length);
      }
      for (const path of ["missing.mp4", ".", "video.mp4/x"]) {
        for (const work of [() => probeSync(path), () => probe(path)]) {
          try { await work(); } catch (error) { console.log(error.code); }
        }
      }
      `,
    );
    const output = await user.runOk("sh", ["-c", `"${runtime}" main.mjs < video.mp4`]);
    assertEquals(output.split("\n"), [
      "206",
      "2 2",
      "EBADF",
      "206",
      "206 true",
      "sink: a Writable can't be written synchronously, use open",
      "2 2",
      ...(name === "bun" ? ["2", "2"] : []),
      ...["ENOENT", "ENOENT", "EISDIR", "EISDIR", "ENOTDIR", "ENOTDIR"],
    ]);
  });

  testOn(
    "a bundle, of ES modules or of CommonJS, has the library of the package, or the one beside it",
    async (
      user,
      runtime,
    ) => {
      // The package as pnpm lays it: the program sees what it depends on, and not what that depends on.
      const packages = `${user.home}/node_modules`;
      Deno.mkdirSync(`${packages}/.pnpm/node_modules`, { recursive: true });
      Deno.renameSync(`${packages}/@avio`, `${packages}/.pnpm/node_modules/@avio`);
      Deno.mkdirSync(`${packages}/@avio`);
      Deno.symlinkSync("../.pnpm/node_modules/@avio/avio", `${packages}/@avio/avio`);
      const [, imports, program] = /^(\s*import .*)\n([^]*)$/.exec(programOf("@avio/avio"))!;
      user.write("main.mjs", `${imports}\n(async () => {${program}})();`); // CommonJS has no await outside of functions
      for (
        const [format, file] of [["esm", "dist %41/bundle.mjs"], ["cjs", "dist %41/bundle.cjs"]] as const
      ) {
        const options = ["--bundle", "--platform=node", `--format=${format}`, "--log-level=error"];
        await user.runOk(esbuild, ["main.mjs", ...options, `--outfile=${file}`]);
        assertRan(await user.runOk(runtime, [file]), withinPackage);
      }
      Deno.renameSync(packages, `${user.home}/elsewhere`);
      for (const file of ["dist %41/bundle.mjs", "dist %41/bundle.cjs"]) {
        const { success, stderr } = await user.run(runtime, [file]);
        assert(!success);
        assertStringIncludes(stderr, `\n  npm install @avio/${platform}@${versions().avio}\n`);
      }
      const library = `${user.home}/elsewhere/.pnpm/node_modules/@avio/${platform}/libavio.so`;
      Deno.copyFileSync(library, `${user.home}/dist %41/libavio.so`);
      for (const file of ["dist %41/bundle.mjs", "dist %41/bundle.cjs"]) {
        assertRan(await user.runOk(runtime, [file]), /dist %41\/libavio\.so$/);
      }
    },
  );

  testOn("a library that is missing, or is none, is a LibraryNotFoundError", async (user, runtime) => {
    user.write(
      "main.mjs",
      `import { versions } from "@avio/avio"; try { versions(); } catch (error) { console.log(error.name, error.message); }`,
    );
    const missing = await user.runOk(runtime, ["main.mjs"], { AVIO_SHIM_PATH: "/no/such.so" });
    assertStringIncludes(
      missing,
      "LibraryNotFoundError Cannot load avio's shared library. Tried:\n  /no/such.so: not found\n",
    );
    assertStringIncludes(missing, `npm install --force @avio/avio@${versions().avio}\n`);
    const none = await user.runOk(runtime, ["main.mjs"], { AVIO_SHIM_PATH: `${user.home}/main.mjs` });
    assertMatch(none, /^LibraryNotFoundError [^]*main\.mjs: /);
  });
}

Deno.test({
  name: "bun: a program compiled into one executable has the library beside it",
  ignore: ignore || runtimes.bun === null,
  fn: async () => {
    using user = await installed();
    user.write("main.mjs", programOf("@avio/avio"));
    Deno.mkdirSync(`${user.home}/dist`);
    await user.runOk(runtimes.bun!, ["build", "main.mjs", "--compile", "--outfile=dist/program"]);
    Deno.renameSync(`${user.home}/node_modules/@avio/${platform}/libavio.so`, `${user.home}/dist/libavio.so`);
    assertRan(await user.runOk(`${user.home}/dist/program`, []), /\/dist\/libavio\.so$/);
  },
});

Deno.test({
  name: "Node without addons says what to change",
  ignore: ignore || runtimes.node24 === null,
  fn: async () => {
    using user = await installed();
    user.write("main.mjs", `import { versions } from "@avio/avio"; versions();`);
    for (const flags of [["--no-addons"], ["--permission", "--allow-fs-read=*"]]) {
      const { success, stderr } = await user.run(runtimes.node24!, [...flags, "main.mjs"]);
      assert(!success);
      assertStringIncludes(stderr, "this process may not load addons. Start it without --no-addons");
      assertStringIncludes(stderr, "--allow-addons");
    }
    const allowed = ["--permission", "--allow-fs-read=*", "--allow-addons", "main.mjs"];
    await user.runOk(runtimes.node24!, allowed);
  },
});

test("A version of Node that can't parse `using` gets to the error that it is too old", async () => {
  using user = await installed();
  const folder = `${user.home}/node_modules/@avio/avio`;
  const loaded = ["ffi/runtime.js"]; // and all that it imports
  for (const path of loaded) {
    const code = Deno.readTextFileSync(`${folder}/${path}`);
    assert(!/^\s*(await )?using \w+ = /m.test(code), path);
    for (const [, name] of code.matchAll(/from "\.{1,2}\/([^"]+)"/g)) loaded.push(name!);
  }
  assertEquals(loaded.length, 2);
});

test("Modules are packed into few, and classes and functions keep their names", async () => {
  using user = await installed();
  user.write(
    "main.ts",
    `
    import * as avio from "@avio/avio";
    const named = Object.entries(avio).filter(([, value]) => typeof value === "function");
    console.log(JSON.stringify(named.map(([name, value]) => [name, value.name])));
  `,
  );
  const names: [string, string][] = JSON.parse(await user.runOk(Deno.execPath(), ["run", "main.ts"]));
  assertGreater(names.length, 40);
  assertEquals(names.filter(([exported, own]) => exported !== own), []);
});

Deno.test("Errors for runtimes that are too old or unknown", () => {
  assertEquals(faultOf({ node: "24.0.0" }), null);
  assertEquals(faultOf({ node: "26.1.0" }), null);
  assertEquals(faultOf({ node: "22.3.0" }), "avio needs Node 24 or newer, this is 22.3.0");
  assertEquals(faultOf({ node: "24.3.0", bun: "1.3.0" }), null);
  assertEquals(faultOf({ node: "24.3.0", bun: "2.0.1" }), null);
  assertEquals(faultOf({ node: "24.3.0", bun: "1.2.20" }), "avio needs Bun 1.3 or newer, this is 1.2.20");
  assertEquals(faultOf({}), "avio needs Deno, Node or Bun; this is neither of them");
});

Deno.test({
  name: "The error for an unsupported platform lists the supported ones",
  ignore: runtimes.node24 === null,
  fn: async () => {
    using user = new Newcomer();
    user.write(
      "main.mjs",
      `Object.defineProperty(process, "arch", { value: "riscv64" });
       const { loadLibrary } = await import("${root}mod.ts");
       try { loadLibrary(); } catch (error) { console.log(error.name, error.message); }`,
    );
    const flags = ["--no-warnings", "--import", `${root}tests/support/standin/preload.ts`];
    const printed = await user.runOk(runtimes.node24!, [...flags, "main.mjs"]);
    assertStringIncludes(printed, "LibraryNotFoundError Cannot load avio's shared library");
    const expected = `${Deno.build.os}-riscv64: avio has no library for it, only for ${PLATFORMS.join(", ")}`;
    assertStringIncludes(printed, expected);
  },
});

const typed = `
  import { Demuxer, MemorySink, probe, remux, type Sink, type Source } from "@avio/avio";
  using demuxer = Demuxer.openSync("x.mp4");
  for (const { data } of demuxer.packetsSync()) data.byteLength;
  await remux({ onread: () => 0 } satisfies Source, new MemorySink() satisfies Sink, { signal: AbortSignal.timeout(10) });
  await probe("https://localhost/x", { http: { headers: { a: "b" } } });
`;

const typedForNode = `${typed}
  import { createReadStream, createWriteStream } from "node:fs";
  import { open } from "node:fs/promises";

  const handle = await open("x");
  const sources: Source[] = ["x", new URL("file:///x"), handle, createReadStream("x"), process.stdin];
  sources.push(new Uint8Array(1), Buffer.alloc(1), new Blob([]), { onread: () => 0 });
  const sinks: Sink[] = [createWriteStream("x"), handle, new MemorySink(), process.stdout];
  await remux(sources[0]!, sinks[0]!);
`;

Deno.test({
  name:
    "Its types check under TypeScript's nodenext and bundler, with ES2024 and the types of Node, or the DOM's alone",
  ignore: ignore || typesFolder === null || runtimes.node24 === null,
  fn: async () => {
    using user = await installed();
    user.write("main.mts", typed);
    user.write("node.mts", typedForNode);
    Deno.symlinkSync(`${typesFolder}/@types`, `${user.home}/node_modules/@types`);
    const kinds = [
      { lib: ["ES2024"], types: ["node"], file: "node.mts" },
      { lib: ["ES2024", "DOM"], types: [], file: "main.mts" },
    ];
    for (const { file, ...kind } of kinds) {
      for (const [moduleResolution, module] of [["nodenext", "nodenext"], ["bundler", "esnext"]]) {
        const strict = { strict: true, exactOptionalPropertyTypes: true, skipLibCheck: false, noEmit: true };
        const compilerOptions = { ...kind, ...strict, target: "es2024", moduleResolution, module };
        user.write("tsconfig.json", JSON.stringify({ compilerOptions, files: [file] }));
        await user.runOk(runtimes.node24!, [`${typesFolder}/typescript/bin/tsc`, "--project", "."]);
      }
    }
  },
});
