/**
 * The common part of the child processes of hostile tests: runs cases, and writes the name of the current one to a file, for the
 * parent if the process dies. Arguments: the file, the seed, which fraction of the cases ("1/20") or which one ("#5").
 */
import { Random } from "../../fuzz/random.ts";

const [journal = "/dev/null", seed = "1", share = "1/1"] = Deno.args;
const [part, whole] = share.split("/").map(Number) as [number, number];
const only = share.startsWith("#") ? Number(share.slice(1)) : null;
const file = Deno.openSync(journal, { write: true, create: true, truncate: true });
const encoder = new TextEncoder();
const WIDTH = 600;

/** Milliseconds after which a case is reported as slow. */
const SLOW = 20_000;

/** Runs a fraction of the cases; each has its own random numbers. */
export class Walk {
  #count = 0;
  #run = 0;
  /** The number of each outcome. */
  readonly outcomes: Map<string, number> = new Map();
  #begun = 0;
  #name = "";

  /** If the next case is to be run, records its name and returns its random numbers; otherwise null. */
  next(name: () => string): Random | null {
    this.#reportSlow();
    const count = this.#count++;
    const random = new Random(Number(seed), count);
    const chosen = random.next() < part / whole;
    if (only === null ? !chosen : only !== count) return null;
    this.#run++;
    this.#name = name();
    file.seekSync(0, Deno.SeekMode.Start);
    const line = encoder.encode(
      `${count}: ${this.#name}`.replaceAll("\n", " ").padEnd(WIDTH).slice(0, WIDTH),
    );
    file.writeSync(line);
    this.#begun = performance.now();
    return random;
  }

  #reportSlow(): void {
    const took = performance.now() - this.#begun;
    if (this.#begun && took > SLOW) console.log(`slow: ${Math.round(took)} ms: ${this.#name}`);
    this.#begun = 0;
  }

  /** Counts the outcome of a case. */
  note(outcome: string): void {
    this.outcomes.set(outcome, (this.outcomes.get(outcome) ?? 0) + 1);
  }

  /** Prints the outcomes. */
  end(): void {
    this.#reportSlow();
    console.log(
      JSON.stringify({ cases: this.#count, run: this.#run, outcomes: Object.fromEntries(this.outcomes) }),
    );
  }
}

/** Ignores unhandled rejections, which cases may cause. */
export function ignoreRejections(): void {
  globalThis.addEventListener("unhandledrejection", (event) => event.preventDefault());
  globalThis.addEventListener("error", (event) => event.preventDefault());
}
