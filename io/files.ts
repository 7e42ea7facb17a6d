/**
 * The files of this runtime.
 */
import { isDeno } from "../ffi/runtime.ts";
import { denoFiles } from "./deno_file_system.ts";
import type { FileSystem } from "./file_system.ts";
import { nodeFiles } from "./node_file_system.ts";

/** Whose they are. */
export const files: FileSystem = isDeno ? denoFiles : nodeFiles;
