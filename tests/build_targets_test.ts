/**
 * scripts/build_shim.sh --target: its messages when it can't build.
 */
import { assert, assertStringIncludes } from "@std/assert";
import { PLATFORMS } from "../ffi/library_paths.ts";
import { Newcomer } from "./support/newcomer.ts";

const root = new URL("../", import.meta.url).pathname;
const ignore = Deno.build.os !== "linux";

async function errorOf(target: string, env: Record<string, string>): Promise<string> {
  using user = new Newcomer();
  for (const [name, version] of [["old", "0.11.0"], ["none", ""]]) {
    user.write(name!, version === "" ? "#!/bin/sh\nexit 1\n" : `#!/bin/sh\necho ${version}\n`);
    Deno.chmodSync(`${user.home}/${name}`, 0o755);
  }
  const args = [`--target=${target}`];
  const { success, stderr } = await user.run(`${root}scripts/build_shim.sh`, args, env);
  assert(!success);
  return stderr;
}

Deno.test({
  name: "build_shim.sh --target: the error for an unknown target lists the known ones",
  ignore,
  async fn() {
    for (const target of ["linux", "x86_64-linux-gnu", "windows-aarch64"]) {
      const stderr = await errorOf(target, {});
      assertStringIncludes(stderr, `unknown target ${target}`);
      for (const known of PLATFORMS) assertStringIncludes(stderr, known);
    }
  },
});

Deno.test({
  name:
    "build_shim.sh --target: without zig, or with one that is too old, the line that installs it is printed",
  ignore,
  async fn() {
    const cases: [zig: string, words: string][] = [
      ["/no/such/zig", "ZIG=/no/such/zig is not a program"],
      ["./old", "zig 0.11.0 is too old"],
      ["./none", "is not zig"],
    ];
    for (const [zig, words] of cases) {
      const stderr = await errorOf("linux-aarch64", { ZIG: zig });
      assertStringIncludes(stderr, words);
      assertStringIncludes(stderr, "\n  python3 -m pip install --target ");
    }
  },
});
