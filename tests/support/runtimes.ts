/**
 * The other runtimes, as installed by `scripts/setup.sh --tests` from npm, in a folder of their own.
 */
const home = Deno.env.get("HOME") ?? "";
const folder = Deno.env.get("AVIO_RUNTIMES_DIR") ??
  `${Deno.env.get("AVIO_CACHE_DIR") ?? `${home}/.cache/avio`}/runtimes`;
const arch = Deno.build.arch === "aarch64" ? "arm64" : "x64";

/** The path of a program that npm has installed; null if it is not installed. */
function installed(path: string): string | null {
  try {
    return Deno.statSync(`${folder}/${path}`).isFile ? `${folder}/${path}` : null;
  } catch {
    return null;
  }
}

/** The paths of Node and Bun; null: not installed. */
export const runtimes: Readonly<Record<"node24" | "node26" | "bun", string | null>> = {
  node24: installed(`node24/node_modules/node-linux-${arch}/bin/node`),
  node26: installed(`node26/node_modules/node-linux-${arch}/bin/node`),
  bun: installed(`bun/node_modules/@oven/bun-linux-${arch === "x64" ? arch : "aarch64"}/bin/bun`),
};

/** The bundler, with which the npm package is made. */
export const esbuild: string = Deno.env.get("ESBUILD") ??
  `${Deno.env.get("AVIO_CACHE_DIR") ?? `${home}/.cache/avio`}/esbuild/node_modules/.bin/esbuild`;

/** The folder of packages to check TypeScript for Node; null if they are not installed. */
export const typesFolder: string | null = installed("types/node_modules/typescript/bin/tsc") &&
  `${folder}/types/node_modules`;

/** Package managers other than npm, each a program for Node; null: not installed. */
export const managers: Readonly<Record<"pnpm" | "yarn1" | "yarn4", string | null>> = {
  pnpm: installed("managers/node_modules/pnpm/bin/pnpm.cjs"),
  yarn1: installed("managers/node_modules/yarn/bin/yarn.js"),
  yarn4: installed("managers/node_modules/@yarnpkg/cli-dist/bin/yarn.js"),
};
