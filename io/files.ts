/**
 * The file system of this runtime.
 */
import { isDeno } from "../ffi/runtime.ts";
import { denoFiles } from "./deno_file_system.ts";
import type { FileSystem } from "./file_system.ts";
import { nodeFiles } from "./node_file_system.ts";

/** The implementation for this runtime. */
export const files: FileSystem = isDeno ? denoFiles : nodeFiles;
