/**
 * A release, made from a commit: reproducible, and its packages installed as users do it, with the library from the
 * release's URL, checked by the SHA-256 in the package.
 */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { versions } from "@avio/avio";
import { Newcomer, programOf } from "./support/newcomer.ts";
import { publishedFiles, serveFiles, serveJsr } from "./support/registry.ts";

const root = new URL("..", import.meta.url).pathname;
const version = versions().avio;
const library = `libavio-${Deno.build.os}-${Deno.build.arch}.so`;

/** It is the library of lib/ that is released. */
const ignore = !versions().library.endsWith(`lib/${Deno.build.os}-${Deno.build.arch}/libavio.so`);

/** A repository with one commit of what is in the checkout. */
async function repository(maker: Newcomer): Promise<string> {
  const files = [...await publishedFiles(), "scripts", ".gitignore"];
  await maker.runOk("mkdir", ["avio"]);
  await maker.runOk("bash", ["-c", `cd "$0" && cp -r --parents "$@" "$HOME/avio"`, root, ...files]);
  const git = ["-C", "avio", "-c", "user.name=a", "-c", "user.email=a@b"];
  await maker.runOk("git", ["init", "--quiet", "avio"]);
  await maker.runOk("git", [...git, "add", "."]);
  await maker.runOk("git", [...git, "commit", "--quiet", "-m", "all"]);
  return `${maker.home}/avio`;
}

Deno.test({
  name: "A release is reproducible, and its library is checked by the package's SHA-256",
  ignore,
  async fn() {
    using maker = new Newcomer();
    const checkout = await repository(maker);
    await using files = serveFiles((path) => {
      try {
        return Deno.readFileSync(`${maker.home}/first${path}`);
      } catch {
        return null;
      }
    });
    for (const folder of ["first", "second"]) {
      await maker.runOk(`${checkout}/scripts/release.sh`, [folder, "--address", files.address]);
    }
    const names = [...Deno.readDirSync(`${maker.home}/first`)].map(({ name }) => name).sort();
    const source = `avio-${version}-source.tar.gz`;
    const platform = `${Deno.build.os}-${Deno.build.arch}`;
    assertEquals(names, [
      "SHA256SUMS",
      `avio-${version}-npm-${platform}.tgz`,
      `avio-${version}-npm.tgz`,
      source,
      library,
      "sbom.json",
    ]);
    const { components } = JSON.parse(Deno.readTextFileSync(`${maker.home}/first/sbom.json`)) as {
      components: { name: string; version: string; hashes: { content: string }[] }[];
    };
    assertEquals(components.map(({ name }) => name), ["FFmpeg", "libxml2", "zlib"]);
    assertEquals(components[0]!.version, versions().ffmpeg);
    for (const { hashes } of components) assertMatch(hashes[0]!.content, /^[0-9a-f]{64}$/);
    for (const name of names) {
      const [first, second] = ["first", "second"].map((folder) =>
        Deno.readFileSync(`${maker.home}/${folder}/${name}`)
      );
      assertEquals(first, second, name);
    }
    await maker.runOk("bash", ["-c", "cd first && sha256sum --check --quiet SHA256SUMS"]);

    await maker.runOk("tar", ["-xzf", `first/${source}`]);
    await using jsr = await serveJsr(`${maker.home}/avio-${version}/`);
    using user = new Newcomer();
    user.write("main.ts", programOf("jsr:@avio/avio"));
    const env = { JSR_URL: jsr.address };
    const installed = await user.runOk(Deno.execPath(), ["run", "-A", "jsr:@avio/avio/install"], env);
    assert(!installed.includes("build_shim"), installed);
    const cached = `${user.home}/.cache/avio/${version}/libavio.so`;
    assertEquals(Deno.readFileSync(cached), Deno.readFileSync(`${maker.home}/first/${library}`));
    const run = ["run", "--no-prompt", "--allow-ffi", "--allow-env", "main.ts"];
    assertStringIncludes(await user.runOk(Deno.execPath(), run, env), cached);

    // And another library at that address is not taken.
    Deno.writeTextFileSync(`${maker.home}/first/${library}`, "another");
    const { stderr } = await user.run(
      Deno.execPath(),
      ["run", "-A", "jsr:@avio/avio/install", "--force"],
      env,
    );
    assertStringIncludes(stderr, "is not the library of the release");
    assertEquals(Deno.readFileSync(cached).length, Deno.statSync(`${maker.home}/second/${library}`).size);
  },
});

Deno.test({
  name: "A release contains what is committed",
  ignore,
  async fn() {
    using maker = new Newcomer();
    const checkout = await repository(maker);
    Deno.writeTextFileSync(`${checkout}/mod.ts`, "// a change\n", { append: true });
    const { success, stderr } = await maker.run(`${checkout}/scripts/release.sh`, ["out"]);
    assert(!success);
    assertStringIncludes(stderr, "there are uncommitted changes");
  },
});
