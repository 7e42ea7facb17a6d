/**
 * Which runtime this is, chosen once.
 */
import type { Runtime } from "./binding.ts";
import { denoRuntime } from "./deno_runtime.ts";
import { nodeRuntime } from "./node_runtime.ts";

/** Whether this is Deno, and not something that has its name for tests or for programs written for it. */
export const isDeno: boolean =
  typeof (globalThis as { Deno?: { dlopen?: unknown } }).Deno?.dlopen === "function";

/** The runtime. */
export const runtime: Runtime = isDeno ? denoRuntime : nodeRuntime;
