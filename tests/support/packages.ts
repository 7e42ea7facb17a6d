/**
 * The npm packages of this checkout, for tests that install them.
 */
import { Newcomer } from "./newcomer.ts";

const root = new URL("../../", import.meta.url).pathname;

/** This platform's name in its package. */
export const platform = `${Deno.build.os}-${Deno.build.arch}`;

/** A package. */
export type Tarball = Uint8Array<ArrayBuffer>;

/** Makes the package of modules, and that of this platform's library. */
export async function packed(): Promise<[Tarball, Tarball]> {
  using packer = new Newcomer();
  await packer.runOk(`${root}scripts/pack_npm.sh`, [`${packer.home}/avio.tgz`]);
  const read = (name: string) => Deno.readFileSync(`${packer.home}/${name}`);
  return [read("avio.tgz"), read(`avio-${platform}.tgz`)];
}

let tarballs: Promise<[Tarball, Tarball]> | undefined;

/** The same packages, made only once. */
export const pack = (): Promise<[Tarball, Tarball]> => tarballs ??= packed();
