/**
 * The other runtimes, as `scripts/setup.sh --tests` has installed them: from npm, into a folder of their own.
 */
const home = Deno.env.get("HOME") ?? "";
const folder = Deno.env.get("AVIO_RUNTIMES_DIR") ??
  `${Deno.env.get("AVIO_CACHE_DIR") ?? `${home}/.cache/avio`}/runtimes`;
const arch = Deno.build.arch === "aarch64" ? "arm64" : "x64";

/** A program, by the path that npm has put it at; null where it is not installed. */
function installed(path: string): string | null {
  try {
    return Deno.statSync(`${folder}/${path}`).isFile ? `${folder}/${path}` : null;
  } catch {
    return null;
  }
}

/** Where Node and Bun are; null: not installed here. */
export const runtimes: Readonly<Record<"node24" | "node26" | "bun", string | null>> = {
  node24: installed(`node24/node_modules/node-linux-${arch}/bin/node`),
  node26: installed(`node26/node_modules/node-linux-${arch}/bin/node`),
  bun: installed(`bun/node_modules/@oven/bun-linux-${arch === "x64" ? arch : "aarch64"}/bin/bun`),
};

/** The folder of packages that TypeScript for Node is checked with; null where they are not installed. */
export const typesFolder: string | null = installed("types/node_modules/typescript/bin/tsc") &&
  `${folder}/types/node_modules`;

/** Package managers other than npm, each a program for Node; null: not installed here. */
export const managers: Readonly<Record<"pnpm" | "yarn1" | "yarn4", string | null>> = {
  pnpm: installed("managers/node_modules/pnpm/bin/pnpm.cjs"),
  yarn1: installed("managers/node_modules/yarn/bin/yarn.js"),
  yarn4: installed("managers/node_modules/@yarnpkg/cli-dist/bin/yarn.js"),
};
