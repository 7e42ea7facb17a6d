/**
 * Node and Bun: loads the library as a Node-API addon (`shim/node_api.c`); `bun_calls.ts` has faster calls for Bun. Their
 * modules aren't imported statically, since Deno loads this file, too.
 */
import type { AnswerRequest, Library, RunInContext, Runtime } from "./binding.ts";
import { directCalls, isAtLeast } from "./bun_calls.ts";
import { batchAllocator } from "./bun_memory.ts";
import { type BareAddon, throughRegisters } from "./registers.ts";

/** The used parts of `process`. */
interface Process {
  readonly platform: string;
  readonly arch: string;
  readonly versions: Readonly<Record<string, string | undefined>>;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly report?: { excludeNetwork: boolean; getReport(): { header: { glibcVersionRuntime?: string } } };
  cwd(): string;
  dlopen(module: { exports: unknown }, place: string): void;
  getBuiltinModule?(name: "node:fs"): FileSystem;
  getBuiltinModule?(name: "node:async_hooks"): { AsyncLocalStorage: { snapshot(): RunInContext } };
  getBuiltinModule?(name: "node:module"): { createRequire(from: string): Require };
  readonly execPath: string;
}

/** The used parts of `node:fs`. */
interface FileSystem {
  existsSync(path: string): boolean;
  openSync(path: string, flags: "r"): number;
  readSync(file: number, bytes: Uint8Array): number;
  fstatSync(file: number): { size: number };
  closeSync(file: number): void;
}

/** The used part of `require`. */
interface Require {
  resolve(name: string): string;
}

/** The addon's functions. */
interface Addon extends Omit<Library, "newBatch" | "answerRequests" | "waitForEvents" | "wakeEvents"> {
  answerRequests(answer: () => void): void;
  receiveEvents(arrived: () => void): void;
  watchEvents(): number;
  unwatchEvents(): void;
}

/** Loaded on first use: on Deno, which loads this file too, `process` takes 20 ms. */
const globals = globalThis as unknown as {
  process?: Process;
  Bun?: { readonly main: string };
  setImmediate(resolve: (value: number) => void, value: number): void;
};

const MIN_NODE = 24;
const MIN_BUN = [1, 3] as const;

/** The Node or Bun runtime. */
export const nodeRuntime: Runtime = {
  get os() {
    return globals.process?.platform === "win32" ? "windows" : globals.process?.platform ?? "unknown";
  },
  get arch() {
    return { x64: "x86_64", arm64: "aarch64" }[globals.process?.arch ?? ""] ?? globals.process?.arch ??
      "unknown";
  },
  get isMusl() {
    const { process } = globals;
    return process?.platform === "linux" && isMusl(process);
  },
  get fault() {
    return faultOf(globals.process?.versions ?? {});
  },
  get standalone() {
    const { Bun, process } = globals;
    return Bun && /^(\/\$bunfs|[A-Z]:[\\/]~BUN)[\\/]/.test(Bun.main) ? process!.execPath : null;
  },
  snapshot: () => globals.process!.getBuiltinModule!("node:async_hooks").AsyncLocalStorage.snapshot(),
  resolve(name, url) {
    try {
      return resolvedFrom(url, name);
    } catch {
      return null;
    }
  },
  environment: (variable) => globals.process?.env[variable] || undefined,
  currentFolder: () => globals.process!.cwd(),
  readHead(path, bytes) {
    try {
      const files = globals.process!.getBuiltinModule!("node:fs");
      const file = files.openSync(path, "r");
      try {
        const head = new Uint8Array(bytes);
        return { head: head.subarray(0, files.readSync(file, head)), size: files.fstatSync(file).size };
      } finally {
        files.closeSync(file);
      }
    } catch {
      return null;
    }
  },
  mayLoad: () => true,
  load(place, version) {
    const loaded = addonAt(place);
    if (typeof loaded === "string") return loaded;
    const { functions, numbers } = throughRegisters(loaded);
    const addon = functions as Addon;
    const found = addon.avs_abi_version();
    if (found !== version) return `has ABI ${found}, this avio needs ABI ${version}`;
    return Object.assign(libraryOf(addon, numbers), { newBatch: batchAllocator(place) }, directCalls(place));
  },
};

/**
 * Where packages are not side by side but linked, as pnpm lays them, a bundle finds what the program depends on, which finds
 * what that depends on.
 */
function resolvedFrom(url: string, name: string): string {
  const { createRequire } = globals.process!.getBuiltinModule!("node:module");
  const require = createRequire(url);
  try {
    return require.resolve(name);
  } catch {
    return createRequire(require.resolve("@avio/avio")).resolve(name);
  }
}

/** Whether the C library is musl: a process report has glibc's version. */
function isMusl({ report }: Process): boolean {
  if (!report) return false;
  report.excludeNetwork = true; // avoids DNS lookups
  return report.getReport().header.glibcVersionRuntime === undefined;
}

/** Why the runtime's version is too old; null if it isn't. */
export function faultOf({ bun, node }: Readonly<Record<string, string | undefined>>): string | null {
  if (bun !== undefined) {
    return isAtLeast(bun, MIN_BUN) ? null : `avio needs Bun ${MIN_BUN.join(".")} or newer, this is ${bun}`;
  }
  if (node === undefined) return "avio needs Deno, Node or Bun; this is neither of them";
  return parseInt(node) >= MIN_NODE ? null : `avio needs Node ${MIN_NODE} or newer, this is ${node}`;
}

function addonAt(place: string): BareAddon | string {
  const module = { exports: {} as Partial<BareAddon> };
  try {
    globals.process!.dlopen(module, place);
  } catch (error) {
    const { code } = error as { code?: unknown };
    if (code === "ERR_DLOPEN_DISABLED") throw blocked(error);
    return globals.process!.getBuiltinModule!("node:fs").existsSync(place)
      ? reasonOf(error, place)
      : "not found";
  }
  if (module.exports.registers) return module.exports as BareAddon;
  return "not a library of this avio, or this runtime lacks functions of Node-API that it needs";
}

function blocked(cause: unknown): Error {
  return Object.assign(
    new Error(
      "Cannot load avio's shared library: this process may not load addons. Start it without --no-addons; " +
        "with --permission it needs --allow-addons",
      { cause },
    ),
    { code: "ERR_DLOPEN_DISABLED" },
  );
}

function reasonOf(error: unknown, place: string): string {
  const message = (error instanceof Error ? error.message : String(error)).replace(`${place}: `, "");
  return /symbol|register/.test(message) ? `not a library of this avio (${message})` : message;
}

/** Resolves after a turn of the event loop. */
const turn = () => new Promise<number>((resolve) => globals.setImmediate(resolve, 0));

/** The addon as a Library: requests are read from the registers; waiting for events keeps the process alive. */
function libraryOf(addon: Addon, numbers: Float64Array): Omit<Library, "newBatch"> {
  const { answerRequests } = addon;
  const answerFromRegisters = (_client: number, answer: AnswerRequest) => {
    answerRequests(() =>
      answer(numbers[0]!, numbers[1]!, numbers[2]!, numbers[3]!, numbers[4]!, numbers[5]!)
    );
  };
  let resolve: ((count: number) => void) | null = null;
  const wakeEvents = () => {
    if (!resolve) return;
    addon.unwatchEvents();
    resolve(0);
    resolve = null;
  };
  let isReceiving = false;
  const waitForEvents = (_client: number, milliseconds: number): Promise<number> => {
    if (milliseconds === 0) return turn();
    if (!isReceiving) addon.receiveEvents(wakeEvents);
    isReceiving = true;
    if (addon.watchEvents() === 0) return turn(); // there are events already; a turn lets timers run even if that never ends
    return new Promise((arrived) => resolve = arrived);
  };
  return Object.assign(addon, { answerRequests: answerFromRegisters, waitForEvents, wakeEvents });
}
