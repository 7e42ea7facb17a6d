/**
 * Callbacks that throw at a chosen call, and what must come of it: the same object, from the call that was running,
 * and no callback after it.
 */
import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import type { IOCallbacks } from "@avio/avio";

/** Counts all callbacks of a run, and throws at one of them. */
export class Fault {
  /** Callbacks called so far. */
  calls = 0;
  /** Callbacks called after the one that threw. */
  late: string[] = [];
  /** The API call that was running when it threw. */
  thrownIn: string | null = null;
  /** The API call that is running. */
  #running = "";

  /** @param at The call that throws, counted from 0. */
  constructor(readonly at: number, readonly thrown: unknown) {}

  /** The same callbacks, counted. */
  wrap(callbacks: IOCallbacks): IOCallbacks {
    const wrapped: IOCallbacks = {};
    for (const name of ["onread", "onwrite", "onseek"] as const) {
      const callback = callbacks[name] as ((...args: unknown[]) => number) | undefined;
      if (!callback) continue;
      Object.assign(wrapped, {
        [name]: (...args: unknown[]) => {
          this.#count(name);
          return callback(...args);
        },
      });
    }
    return wrapped;
  }

  #count(name: string): void {
    if (this.thrownIn !== null) this.late.push(`${name} in ${this.#running}`);
    if (this.calls++ !== this.at) return;
    this.thrownIn = this.#running;
    throw this.thrown;
  }

  /** Runs an API call under a name. What it throws must be the fault's own, and thrown while this name ran. */
  call<T>(name: string, work: () => T): T {
    this.#running = name;
    try {
      return work();
    } catch (error) {
      throw new Surfaced(name, error);
    }
  }
}

/** An API call threw. */
class Surfaced {
  constructor(readonly from: string, readonly error: unknown) {}
}

/** A run of API calls, each inside `fault.call`; its sources and sinks wrapped by `fault.wrap`. */
export type Run = (fault: Fault) => void;

/** Does the run once without a fault; how many callbacks it has. */
export function countCalls(run: Run): number {
  const fault = new Fault(-1, null);
  try {
    run(fault);
  } catch (error) {
    throw error instanceof Surfaced ? error.error : error;
  }
  return fault.calls;
}

/** Throws at each call of the run in turn (or at every `step`th); how many faults there were. */
export function injectEverywhere(
  run: Run,
  what: string,
  { least = 20, step = 1, make = (at: number): unknown => new Error(`fault ${at}`) } = {},
): number {
  const calls = countCalls(run);
  assert(calls >= least, `${what}: only ${calls} callbacks`);
  for (let at = 0; at < calls; at += step) injectAt(run, new Fault(at, make(at)), `${what}, callback ${at}`);
  return calls;
}

function injectAt(run: Run, fault: Fault, where: string): void {
  let surfaced: unknown;
  try {
    run(fault);
  } catch (error) {
    surfaced = error;
  }
  assert(fault.thrownIn !== null, `${where}: was not reached`);
  assert(surfaced instanceof Surfaced, `${where}: thrown in ${fault.thrownIn}, lost (${String(surfaced)})`);
  assertStrictEquals(surfaced.error, fault.thrown, `${where}: ${String(surfaced.error)} is another object`);
  assertEquals(
    surfaced.from,
    fault.thrownIn,
    `${where}: thrown in ${fault.thrownIn}, came from ${surfaced.from}`,
  );
  assertEquals(fault.late, [], `${where}: callbacks after the throw`);
}
