/**
 * The npm packages of this checkout, for tests that install them.
 */
import { Newcomer } from "./newcomer.ts";

const root = new URL("../../", import.meta.url).pathname;

/** This platform, as its package is called. */
export const platform = `${Deno.build.os}-${Deno.build.arch}`;

/** A package. */
export type Tarball = Uint8Array<ArrayBuffer>;

/** The package of modules, and that of this platform's library; made now. */
export async function packed(): Promise<[Tarball, Tarball]> {
  using packer = new Newcomer();
  await packer.runOk(`${root}scripts/pack_npm.sh`, [`${packer.home}/avio.tgz`]);
  const read = (name: string) => Deno.readFileSync(`${packer.home}/${name}`);
  return [read("avio.tgz"), read(`avio-${platform}.tgz`)];
}

let tarballs: Promise<[Tarball, Tarball]> | undefined;

/** The same, made once. */
export const pack = (): Promise<[Tarball, Tarball]> => tarballs ??= packed();
