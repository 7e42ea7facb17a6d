/**
 * What the children of hostile tests have in common: cases that are walked, the last one in a file, for whoever finds the
 * process dead. Arguments: the file, the seed, how many of how many cases ("1/20") or which one ("#5").
 */
import { Random } from "../../fuzz/random.ts";

const [journal = "/dev/null", seed = "1", share = "1/1"] = Deno.args;
const [part, whole] = share.split("/").map(Number) as [number, number];
const only = share.startsWith("#") ? Number(share.slice(1)) : null;
const file = Deno.openSync(journal, { write: true, create: true, truncate: true });
const encoder = new TextEncoder();
const WIDTH = 600;

/** Milliseconds of a case that is told of. */
const SLOW = 20_000;

/** Runs cases, so many of all; each has random numbers of its own. */
export class Walk {
  #count = 0;
  #run = 0;
  /** What came of them: how often. */
  readonly outcomes: Map<string, number> = new Map();
  #begun = 0;
  #name = "";

  /** Whether the next case is one to run; then it is told of. */
  next(name: () => string): Random | null {
    this.#tellSlow();
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

  #tellSlow(): void {
    const took = performance.now() - this.#begun;
    if (this.#begun && took > SLOW) console.log(`slow: ${Math.round(took)} ms: ${this.#name}`);
    this.#begun = 0;
  }

  /** Takes note of what came of a case. */
  note(outcome: string): void {
    this.outcomes.set(outcome, (this.outcomes.get(outcome) ?? 0) + 1);
  }

  /** Prints what was walked. */
  end(): void {
    this.#tellSlow();
    console.log(
      JSON.stringify({ cases: this.#count, run: this.#run, outcomes: Object.fromEntries(this.outcomes) }),
    );
  }
}

/** Rejections that nobody waits for are part of what is walked. */
export function ignoreRejections(): void {
  globalThis.addEventListener("unhandledrejection", (event) => event.preventDefault());
  globalThis.addEventListener("error", (event) => event.preventDefault());
}
