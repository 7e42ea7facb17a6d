/**
 * Bun: calls of the library that bypass Node-API. From version 1.4 on, `bun:ffi` compiles them to machine code; they take a
 * sixth of the time of an addon's function. Only the functions that are called most often are bound here, and none that
 * calls back into JavaScript; everything else stays in the addon, which is the same file.
 */
import type { Library } from "./binding.ts";
import { symbols } from "./symbols.ts";

/** The used parts of `bun:ffi`. */
export interface BunFFI {
  dlopen<Symbols>(
    place: string,
    functions: Record<string, { args: readonly string[]; returns: string }>,
  ): { symbols: Symbols };
  toArrayBuffer(start: number, offset: number, bytes: number, context: number, free: number): ArrayBuffer;
}

/** The used parts of `process` on Bun. */
interface Process {
  readonly versions: { readonly bun?: string };
  getBuiltinModule(name: "bun:ffi"): BunFFI;
}

/** Each takes 0.08 ms to bind. */
const direct = [
  "avs_describe",
  "avs_put_packet",
  "avs_ready_packets",
  "avs_reply",
  "avs_reply_read",
  "avs_set",
  "avs_take_events",
  "avs_take_packets",
  "avs_take_write",
] as const satisfies readonly (keyof typeof symbols & keyof Library)[];

/** The oldest version whose `bun:ffi` checks the types of arguments, and is faster than Node-API. */
const MIN_VERSION = [1, 4] as const;

/** `bun:ffi`; null on Node and older versions of Bun. */
export function bunFFI(): BunFFI | null {
  const { process } = globalThis as unknown as { process: Process };
  const isThere = isAtLeast(process.versions.bun ?? "0.0", MIN_VERSION);
  return isThere ? process.getBuiltinModule("bun:ffi") : null;
}

/** The functions of the library at `place` that can be called directly; none on Node and older versions of Bun. */
export function directCalls(place: string): Partial<Library> {
  try {
    const functions = Object.fromEntries(direct.map(typesOf));
    return { ...bunFFI()?.dlopen<Partial<Library>>(place, functions).symbols };
  } catch {
    return {}; // Bun for this platform is built without it
  }
}

/** Whether a version of Bun is that one or a newer one. */
export function isAtLeast(version: string, [wantedMajor, wantedMinor]: readonly [number, number]): boolean {
  const [major, minor] = version.split(".").map(Number) as [number, number];
  return major > wantedMajor || (major === wantedMajor && minor >= wantedMinor);
}

function typesOf(name: typeof direct[number]) {
  const { parameters, result } = symbols[name];
  return [name, {
    args: parameters.map((type) => type === "buffer" ? "ptr" : type),
    returns: result,
  }] as const;
}
