/**
 * Detects the runtime, once.
 */
import type { Runtime } from "./binding.ts";
import { denoRuntime } from "./deno_runtime.ts";
import { nodeRuntime } from "./node_runtime.ts";

/** Whether this is really Deno, not an emulation of its API. */
export const isDeno: boolean =
  typeof (globalThis as { Deno?: { dlopen?: unknown } }).Deno?.dlopen === "function";

/** The runtime. */
export const runtime: Runtime = isDeno ? denoRuntime : nodeRuntime;
