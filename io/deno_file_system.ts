/**
 * The files of Deno.
 */
import type { FileStatus, FileSystem } from "./file_system.ts";

const STDIN = 0, STDOUT = 1;

/** For file information that Deno lacks for its standard streams; loaded only when needed, since it takes 20 ms. */
interface NodeFiles {
  fstatSync(descriptor: number): NodeStats;
  fstat(descriptor: number, done: (error: unknown, stats: NodeStats) => void): void;
}

interface NodeStats {
  dev: number;
  ino: number;
  size: number;
  isFile(): boolean;
  isDirectory(): boolean;
}

function nodeFiles(): NodeFiles {
  const { process } = globalThis as unknown as {
    process: { getBuiltinModule(name: "node:fs"): NodeFiles };
  };
  return process.getBuiltinModule("node:fs");
}

function statusOf(stats: NodeStats): FileStatus {
  const { dev, ino, size } = stats;
  return { dev, ino, size, isFile: stats.isFile(), isDirectory: stats.isDirectory() };
}

/** Deno's file system. */
export const denoFiles: FileSystem = {
  open: (path, options) => Deno.open(path, options),
  openSync: (path, options) => Deno.openSync(path, options),
  stat: (path) => Deno.stat(path),
  statSync: (path) => Deno.statSync(path),
  lstat: (path) => Deno.lstat(path),
  lstatSync: (path) => Deno.lstatSync(path),
  realPath: (path) => Deno.realPath(path),
  realPathSync: (path) => Deno.realPathSync(path),
  list: async (folder) => (await Array.fromAsync(Deno.readDir(folder))).map(({ name }) => name),
  listSync: (folder) => [...Deno.readDirSync(folder)].map(({ name }) => name),
  currentFolder: () => Deno.cwd(),
  mayRead(path) {
    const descriptor = path === undefined ? { name: "read" as const } : { name: "read" as const, path };
    return Deno.permissions.querySync(descriptor).state === "granted";
  },
  stdin: {
    read: (target) => Deno.stdin.read(target),
    readSync: (target) => Deno.stdin.readSync(target),
    async stat() {
      const { promise, resolve, reject } = Promise.withResolvers<NodeStats>();
      nodeFiles().fstat(STDIN, (error, stats) => error ? reject(error) : resolve(stats));
      return statusOf(await promise);
    },
    statSync: () => statusOf(nodeFiles().fstatSync(STDIN)),
  },
  stdoutStatus: () => statusOf(nodeFiles().fstatSync(STDOUT)),
  isStdin: (value) => value === Deno.stdin,
  isStdinStream: (value) => value instanceof ReadableStream && value === Deno.stdin.readable,
  opened: (value) => value instanceof Deno.FsFile ? value : null,
  named: () => null,
  is: (error, fault) => error instanceof Deno.errors[fault],
  error: (fault, message) => new Deno.errors[fault](message),
};
