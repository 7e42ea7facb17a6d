/**
 * Callbacks that throw at a chosen call, and checks of the result: the same object is thrown by the API call that was
 * running, and no callback is called after it.
 */
import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import type { IOCallbacks } from "@avio/avio";

/** Counts all callbacks of a run, and throws at one of them. */
export class Fault {
  /** Callbacks called so far. */
  calls = 0;
  readonly at: number;
  readonly thrown: unknown;
  readonly mode: "sync" | "throw" | "reject";
  /** Callbacks called after the one that threw. */
  late: string[] = [];
  /** The API call that was running when it threw. */
  thrownIn: string | null = null;
  /** The API call that is running. */
  #running = "";

  /**
   * @param at The call that throws, counted from 0.
   * @param mode "reject": the callbacks return promises, and this call rejects; "throw": they do, but this call throws.
   */
  constructor(at: number, thrown: unknown, mode: "sync" | "throw" | "reject" = "sync") {
    this.at = at;
    this.thrown = thrown;
    this.mode = mode;
  }

  /** The same callbacks, counted. */
  wrap(callbacks: IOCallbacks): IOCallbacks {
    const wrapped: IOCallbacks = {};
    for (const name of ["onread", "onwrite", "onseek"] as const) {
      const callback = callbacks[name] as ((...args: unknown[]) => number) | undefined;
      if (!callback) continue;
      Object.assign(wrapped, {
        [name]: (...args: unknown[]) => {
          if (this.mode === "reject") return this.#later(() => this.#called(name, callback, args));
          const answer = this.#called(name, callback, args);
          return this.mode === "throw" ? Promise.resolve(answer) : answer;
        },
      });
    }
    return wrapped;
  }

  #called(name: string, callback: (...args: unknown[]) => number, args: unknown[]): number {
    this.#count(name);
    return callback(...args);
  }

  async #later<T>(work: () => T): Promise<T> {
    await Promise.resolve();
    return work();
  }

  #count(name: string): void {
    if (this.thrownIn !== null) this.late.push(`${name} in ${this.#running}`);
    if (this.calls++ !== this.at) return;
    this.thrownIn = this.#running;
    throw this.thrown;
  }

  /** Runs an API call under a name. If it throws, it must be the fault's exception, thrown during this call. */
  call<T>(name: string, work: () => T): T {
    this.#running = name;
    try {
      return work();
    } catch (error) {
      throw new Surfaced(name, error);
    }
  }
}

/** Marks that an API call has thrown. */
class Surfaced {
  readonly from: string;
  readonly error: unknown;

  constructor(from: string, error: unknown) {
    this.from = from;
    this.error = error;
  }
}

/** A run of API calls, each inside `fault.call`, with sources and sinks wrapped by `fault.wrap`. */
export type Run = (fault: Fault) => void;

/** Does the run once without a fault; returns the number of callbacks. */
export function countCalls(run: Run): number {
  const fault = new Fault(-1, null);
  try {
    run(fault);
  } catch (error) {
    throw error instanceof Surfaced ? error.error : error;
  }
  return fault.calls;
}

/** Throws at each call of the run in turn (or at every `step`th); returns the number of faults. */
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

/** A run of the async API, whose sources and sinks are wrapped by `fault.wrap`. */
export type AsyncRun = (fault: Fault) => Promise<void>;

/**
 * Throws or rejects at each call of the run in turn (or at every `step`th). The run must reject with the same object, by any
 * of its calls: packets are read ahead, and writes are queued.
 */
export async function injectEverywhereAsync(
  run: AsyncRun,
  what: string,
  mode: "throw" | "reject",
  { least = 20, step = 1, make = (at: number): unknown => new Error(`fault ${at}`) } = {},
): Promise<number> {
  const counting = new Fault(-1, null, mode);
  await run(counting);
  assert(counting.calls >= least, `${what}: only ${counting.calls} callbacks`);
  for (let at = 0; at < counting.calls; at += step) {
    const fault = new Fault(at, make(at), mode);
    const where = `${what}, ${mode} in callback ${at}`;
    const failure = await run(fault).then(() => null, (error: unknown) => ({ error }));
    assert(fault.thrownIn !== null, `${where}: was not reached`);
    assert(failure !== null, `${where}: lost`);
    assertStrictEquals(failure.error, fault.thrown, `${where}: ${String(failure.error)} is another object`);
    assertEquals(fault.late, [], `${where}: callbacks after it`);
  }
  return counting.calls;
}
