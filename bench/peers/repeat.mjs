/**
 * The common part of the peers' programs: repeats a work WARMUP times without timing it, then COUNT times, and prints a line
 * for each time. Arguments as those of plain.c and library.ts: `WORK FILE WARMUP COUNT`. Runs on Deno and Node.
 */
import { readFileSync } from "node:fs";
import process from "node:process";

/** Counts packets and bytes, as plain.c does; reads the first byte of each packet. */
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
 * @param {Record<string, (job: { path: string, file: Uint8Array }) => unknown>} works The works by name; each returns
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

/** Loads a module from the folder into which the benchmark installs peers. */
export function peer(/** @type {string} */ path) {
  return import(new URL(`node_modules/${path}`, `file://${process.env.AVIO_BENCH_PEERS}/`).href);
}
