/**
 * Bun: calls of the library that bypass Node-API. From version 1.4 on, `bun:ffi` compiles them to machine code; they take a
 * sixth of the time of an addon's function. Only the functions that are called most often are bound here, and none that
 * calls back into JavaScript; everything else stays in the addon, which is the same file.
 */
import type { Library } from "./binding.ts";
import { symbols } from "./symbols.ts";

/** The used part of `bun:ffi`. */
interface BunFFI {
  dlopen(
    place: string,
    functions: Record<string, { args: readonly string[]; returns: string }>,
  ): { symbols: Partial<Library> };
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
export const MIN_VERSION = [1, 4] as const;

/** The functions of the library at `place` that can be called directly; none on Node and older versions of Bun. */
export function directCalls(place: string): Partial<Library> {
  const { process } = globalThis as unknown as { process: Process };
  if (!isAtLeast(process.versions.bun ?? "0.0", MIN_VERSION)) return {};
  try {
    return {
      ...process.getBuiltinModule("bun:ffi").dlopen(place, Object.fromEntries(direct.map(typesOf))).symbols,
    };
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
