/**
 * What every peer's program does: a work so often without being timed, then so often with a line for each time. It is
 * called as plain.c and library.ts are: `WORK FILE WARMUP COUNT`. No peer is named here; it runs on Deno and on Node.
 */
import { readFileSync } from "node:fs";
import process from "node:process";

/** Packets and bytes, as plain.c counts them; the first byte of each is looked at. */
export class Seen {
  packets = 0;
  bytes = 0;
  touched = 0;

  /** @param {Uint8Array} data */
  add(data) {
    this.packets++;
    this.bytes += data.length;
    this.touched += data[0] ?? 0;
  }

  toString() {
    return `${this.packets} packets, ${this.bytes}`;
  }
}

/**
 * @param {Record<string, (job: { path: string, file: Uint8Array }) => unknown>} works What can be done; its result is
 * what was seen.
 */
export async function repeat(works) {
  const [name = "", path = "", warmup = "0", count = "1"] = process.argv.slice(2);
  const work = works[name];
  if (!work) throw new TypeError(`work: must be one of ${Object.keys(works).join(", ")}, is '${name}'`);
  const job = { path, file: new Uint8Array(readFileSync(path)) };
  for (let i = -Number(warmup); i < Number(count); i++) {
    const start = performance.now();
    const seen = await work(job);
    const taken = performance.now() - start;
    if (i === -Number(warmup)) console.log(String(seen));
    if (i >= 0) console.log(taken.toFixed(4));
  }
}

/** From the folder that the benchmark installs peers into. */
export function peer(/** @type {string} */ path) {
  return import(new URL(`node_modules/${path}`, `file://${process.env.AVIO_BENCH_PEERS}/`).href);
}
