/**
 * The package, installed by package managers from a registry into an empty folder: the README's first example runs on
 * each runtime, imported and required, and the command line with npx and bunx.
 */
import { assertEquals, assertMatch } from "@std/assert";
import { versions } from "@avio/avio";
import { Newcomer } from "./support/newcomer.ts";
import { pack, platform } from "./support/packages.ts";
import { serveNpm } from "./support/registry.ts";
import { managers, runtimes } from "./support/runtimes.ts";

const root = new URL("..", import.meta.url).pathname;
const hasPackage = versions().library.endsWith(`lib/${platform}/libavio.so`);

/** The README's first example. */
const example = /^```ts\n([^]*?)^```$/m.exec(Deno.readTextFileSync(`${root}README.md`))![1]!;
const printed = `mov,mp4,m4a,3gp,3g2,mj2 3\n0 h264\n1 aac`;

/** The same for a program that requires it. */
const required = `
const { probe } = require("@avio/avio");
probe("fixtures/video.mp4").then((info) => {
  console.log(info.format.name, info.duration);
  for (const { index, codecParameters } of info.streams) console.log(index, codecParameters.codec);
});
`;

/** How a manager is called, and what it calls by the program's name. */
interface Manager {
  program: string | null;
  add: string[];
  /** Runs a command of the package. */
  execute: string[];
  /** Runs Node, where the package is found by it only. */
  node?: string[];
  config?: (registry: string) => [file: string, text: string];
}

const yarnConfig = (linker: string) => (registry: string): [string, string] => [
  ".yarnrc.yml",
  `npmRegistryServer: "${registry}"\nunsafeHttpWhitelist: ["127.0.0.1"]\nenableTelemetry: false\nnodeLinker: ${linker}\n` +
  "enableGlobalCache: false\n",
];

const npmConfig = (registry: string): [string, string] => [".npmrc", `registry=${registry}/\n`];

const all: Record<string, Manager> = {
  "npm": {
    program: "npm",
    add: ["install", "--no-audit", "--no-fund"],
    execute: ["exec", "--", "avio"],
    config: npmConfig,
  },
  "pnpm": { program: managers.pnpm, add: ["add"], execute: ["exec", "avio"], config: npmConfig },
  "yarn 1": { program: managers.yarn1, add: ["add"], execute: ["--silent", "avio"], config: npmConfig },
  "yarn 4": {
    program: managers.yarn4,
    add: ["add"],
    execute: ["avio"],
    config: yarnConfig("node-modules"),
  },
  "yarn 4, Plug'n'Play": {
    program: managers.yarn4,
    add: ["add"],
    execute: ["avio"],
    node: ["node"],
    config: yarnConfig("pnp"),
  },
  "bun": { program: runtimes.bun, add: ["add"], execute: ["x", "--bun", "avio"], config: npmConfig },
};

const node = runtimes.node24;

for (const [name, { program, add, execute, node: ownNode, config }] of Object.entries(all)) {
  Deno.test({
    name: `${name}: from an empty folder to the README's first example`,
    ignore: !hasPackage || program === null || node === null,
    fn: async () => {
      await using registry = await serveNpm(await pack());
      using user = new Newcomer();
      // As root yarn 1 has a cache that is not in the home.
      const env = {
        YARN_CACHE_FOLDER: `${user.home}/.yarn-cache`,
        PATH: `${node!.replace(/\/[^/]*$/, "")}:${Deno.env.get("PATH")}`,
      };
      user.write("package.json", `{ "name": "newcomer", "private": true }`);
      Deno.mkdirSync(`${user.home}/fixtures`);
      Deno.copyFileSync(`${root}fixtures/video.mp4`, `${user.home}/fixtures/video.mp4`);
      if (config) user.write(...config(registry.address));
      user.write("main.mjs", example);
      user.write("main.cjs", required);

      await user.runOk(program!, [...add, "@avio/avio"], env);
      const run = (runtime: string, file: string) =>
        ownNode ? user.runOk(program!, [...ownNode, file], env) : user.runOk(runtime, [file], env);
      assertEquals(await run(node!, "main.mjs"), printed);
      assertEquals(await run(node!, "main.cjs"), printed);
      if (!ownNode) {
        for (const other of [runtimes.node26, runtimes.bun]) {
          if (other !== null) {
            for (const file of ["main.mjs", "main.cjs"]) assertEquals(await run(other, file), printed);
          }
        }
      }
      assertMatch(await user.runOk(program!, [...execute, "probe", "fixtures/video.mp4"], env), /h264/);
    },
  });
}
